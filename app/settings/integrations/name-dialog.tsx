import { type FormEvent, useState } from 'react'
import { Button } from '../../kit/button.tsx'
import { Failure } from '../../kit/message.tsx'
import { Modal } from '../../kit/modal.tsx'
import { TEXTS } from '../../texts.ts'

const PAGE = TEXTS.integrations.page

export interface NameDialogProps {
  readonly title: string
  readonly name: string
  readonly onSave: (name: string) => Promise<void>
  readonly onClose: () => void
}

/** Gives an integration or an object another name. */
export function NameDialog({ title, name, onSave, onClose }: NameDialogProps) {
  const [text, setText] = useState(name)
  const [error, setError] = useState<unknown>()
  const [isBusy, setBusy] = useState(false)
  const save = async (event: FormEvent): Promise<void> => {
    event.preventDefault()
    if (isBusy || text.trim() === '') return
    setBusy(true)
    setError(undefined)
    try {
      await onSave(text.trim())
      onClose()
    } catch (failure) {
      setError(failure)
    } finally {
      setBusy(false)
    }
  }
  return (
    <Modal isOpen onClose={onClose} title={title} width={420}>
      <form className="grid gap-3" onSubmit={(event) => void save(event)}>
        <label className="block">
          <span className="label">{PAGE.nameLabel}</span>
          <input
            className="input"
            // biome-ignore lint/a11y/noAutofocus: the dialog is opened to type here
            autoFocus
            required
            maxLength={120}
            value={text}
            onFocus={(event) => event.target.select()}
            onChange={(event) => setText(event.target.value)}
          />
        </label>
        <Failure error={error} />
        <span className="flex gap-2">
          <Button type="submit" look="primary" isDisabled={text.trim() === ''}>
            {PAGE.save}
          </Button>
          <Button look="ghost" onPress={onClose}>
            {TEXTS.cancel}
          </Button>
        </span>
      </form>
    </Modal>
  )
}
