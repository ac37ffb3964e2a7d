import { type FormEvent, useState } from 'react'
import { callApi } from '../api-client.ts'
import { Tick } from '../files/choices.tsx'
import { Button } from '../kit/button.tsx'
import { Failure } from '../kit/message.tsx'
import { Modal } from '../kit/modal.tsx'
import { TEXTS } from '../texts.ts'
import { useAsk } from './use-ask.ts'

const T = TEXTS.connect.duplicate

/** Copies a workbook whole, then opens the copy. */
export function DuplicateDialog({
  workbook,
  onClose,
}: {
  readonly workbook: { readonly id: string; readonly name: string }
  readonly onClose: () => void
}) {
  const [name, setName] = useState<string>(T.copyOf(workbook.name).slice(0, 120))
  const [hasComments, setComments] = useState(false)
  const { isBusy, error, ask } = useAsk()
  const start = (event: FormEvent): void => {
    event.preventDefault()
    void ask(
      () => callApi('duplicateWorkbook', { params: { id: workbook.id }, body: { name: name.trim(), hasComments } }),
      ({ id }) => window.location.assign(`/w/${id}`),
    )
  }
  return (
    <Modal isOpen onClose={onClose} title={T.title(workbook.name)} width={480}>
      <form onSubmit={start} className="grid gap-3">
        <label className="block">
          <span className="label">{T.name}</span>
          <input
            className="input"
            // biome-ignore lint/a11y/noAutofocus: the dialog is opened to type here
            autoFocus
            value={name}
            maxLength={120}
            onChange={(event) => setName(event.target.value)}
          />
        </label>
        <Tick label={T.comments} isOn={hasComments} onChange={setComments} />
        <p className="m-0 text-ink-2">{T.body}</p>
        <p className="m-0 text-ink-2">{T.paused}</p>
        <span className="flex gap-2">
          <Button type="submit" look="primary" isDisabled={isBusy || name.trim() === ''}>
            {isBusy ? T.working : T.button}
          </Button>
          <Button look="ghost" onPress={onClose}>
            {TEXTS.cancel}
          </Button>
        </span>
      </form>
      <Failure error={error} />
    </Modal>
  )
}
