import { type ReactNode, useId, useState } from 'react'
import { TEXTS } from '../texts.ts'
import { Button } from './button.tsx'
import { Failure } from './message.tsx'
import { Modal } from './modal.tsx'

export interface SettingDialogProps {
  readonly title: string
  /** Stands beside the title. */
  readonly note?: ReactNode
  /** What the button that saves is called. */
  readonly action: string
  /** What is entered can be saved. */
  readonly isRight: boolean
  /** Keeps what is entered; where it fails, the dialog stays and says why. */
  readonly save: () => Promise<void>
  readonly onClose: () => void
  readonly children: ReactNode
}

/** A dialog that asks for a setting, saves it and closes. */
export function SettingDialog({ title, note, action, isRight, save, onClose, children }: SettingDialogProps) {
  const form = useId()
  const [error, setError] = useState<unknown>()
  const [isSaving, setSaving] = useState(false)
  const submit = async (): Promise<void> => {
    if (!isRight || isSaving) return
    setSaving(true)
    try {
      await save()
      onClose()
    } catch (failure) {
      setError(failure)
      setSaving(false)
    }
  }
  return (
    <Modal
      isOpen
      onClose={onClose}
      title={title}
      note={note}
      foot={
        <>
          <Button look="primary" type="submit" form={form} isDisabled={!isRight || isSaving}>
            {action}
          </Button>
          <Button look="ghost" onPress={onClose}>
            {TEXTS.cancel}
          </Button>
        </>
      }
    >
      <form
        id={form}
        className="grid gap-3"
        onSubmit={(event) => {
          event.preventDefault()
          void submit()
        }}
      >
        {children}
        <Failure error={error} />
      </form>
    </Modal>
  )
}
