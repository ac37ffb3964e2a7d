import { type FormEvent, useId, useState } from 'react'
import { Button } from '../kit/button.tsx'
import { Modal } from '../kit/modal.tsx'
import { TEXTS } from '../texts.ts'

const T = TEXTS.views

export interface ViewDialogProps {
  readonly title: string
  readonly name: string
  /** Asks who sees the view; absent where only its name is asked for. */
  readonly canShare?: boolean
  readonly button: string
  readonly onDone: (name: string, isPersonal: boolean) => void
  readonly onClose: () => void
}

/** Asks for a view's name, and of a new one who sees it. */
export function ViewDialog({ title, name: given, canShare, button, onDone, onClose }: ViewDialogProps) {
  const [name, setName] = useState(given)
  const [isPersonal, setPersonal] = useState(canShare === false)
  const form = useId()
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    if (name.trim() === '') return
    onDone(name.trim(), isPersonal)
    onClose()
  }
  return (
    <Modal
      isOpen
      onClose={onClose}
      title={title}
      width={420}
      foot={
        <>
          <Button look="primary" type="submit" form={form} isDisabled={name.trim() === ''}>
            {button}
          </Button>
          <Button onPress={onClose}>{TEXTS.cancel}</Button>
        </>
      }
    >
      <form id={form} onSubmit={submit} className="grid gap-3">
        {canShare !== undefined && <p className="hint m-0">{T.createLead}</p>}
        <label>
          <span className="label">{T.name}</span>
          {/* biome-ignore lint/a11y/noAutofocus: a dialog of one field, opened to be typed into */}
          <input autoFocus className="input" maxLength={120} value={name} onChange={(event) => setName(event.target.value)} />
        </label>
        {canShare !== undefined && (
          <fieldset className="m-0 grid gap-1 border-0 p-0">
            <legend className="label">{T.createFor}</legend>
            {canShare && (
              <label className="flex min-h-7 items-center gap-2">
                <input type="radio" name="who" checked={!isPersonal} onChange={() => setPersonal(false)} /> {T.forEverybody}
              </label>
            )}
            <label className="flex min-h-7 items-center gap-2">
              <input type="radio" name="who" checked={isPersonal} onChange={() => setPersonal(true)} /> {T.forMe}
            </label>
          </fieldset>
        )}
      </form>
    </Modal>
  )
}
