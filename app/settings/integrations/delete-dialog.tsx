import { type FormEvent, useEffect, useRef, useState } from 'react'
import type { AnswerOf } from '../../../server/api/contract.ts'
import { Button } from '../../kit/button.tsx'
import { Failure } from '../../kit/message.tsx'
import { Modal } from '../../kit/modal.tsx'
import { TEXTS } from '../../texts.ts'

const WORDS = TEXTS.integrations.remove

type Removal = AnswerOf<'previewDeleteIntegration'>

export interface DeleteDialogProps {
  readonly name: string
  readonly appName: string
  /** The whole integration, not one object of it. */
  readonly isWhole: boolean
  readonly count: () => Promise<Removal>
  readonly remove: (confirm: string) => Promise<unknown>
  readonly onDone: () => void
  readonly onClose: () => void
}

/** Says what goes and what stays, and deletes for good once the name is typed (C21). */
export function DeleteDialog({ name, appName, isWhole, count, remove, onDone, onClose }: DeleteDialogProps) {
  const [removal, setRemoval] = useState<Removal>()
  const [typed, setTyped] = useState('')
  const [error, setError] = useState<unknown>()
  const [isBusy, setBusy] = useState(false)
  const ask = useRef(count)
  useEffect(() => {
    ask.current().then(setRemoval, setError)
  }, [])
  const isTyped = typed.trim() === name
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault()
    if (!isTyped || isBusy || removal === undefined) return
    setBusy(true)
    setError(undefined)
    try {
      await remove(typed.trim())
      onDone()
    } catch (failure) {
      setError(failure)
      setBusy(false)
    }
  }
  return (
    <Modal isOpen onClose={onClose} title={WORDS.title(name)} width={560}>
      <form className="grid gap-3" onSubmit={(event) => void submit(event)}>
        <p className="m-0">{WORDS.forGood}</p>
        {removal === undefined && error === undefined && <p className="m-0 text-ink-3">{WORDS.counting}</p>}
        {removal !== undefined && (
          <>
            <List title={WORDS.goes} items={goes(removal, isWhole)} />
            <List title={WORDS.stays} items={stays(removal, appName)} />
          </>
        )}
        <label className="block">
          <span className="label">{WORDS.type(name)}</span>
          <input
            className="input"
            // biome-ignore lint/a11y/noAutofocus: the dialog is opened to type here
            autoFocus
            autoComplete="off"
            spellCheck={false}
            value={typed}
            onChange={(event) => setTyped(event.target.value)}
          />
        </label>
        <Failure error={error} />
        <span className="flex flex-wrap items-center gap-2">
          <Button type="submit" isDisabled={!isTyped || removal === undefined} className="border-bad text-bad data-[disabled]:text-ink-3">
            {WORDS.button}
          </Button>
          <Button look="ghost" onPress={onClose}>
            {TEXTS.cancel}
          </Button>
          <span role="status" className="text-ink-2">
            {isBusy ? WORDS.deleting : ''}
          </span>
        </span>
      </form>
    </Modal>
  )
}

function List({ title, items }: { title: string; items: readonly string[] }) {
  return (
    <section aria-label={title}>
      <h3 className="label m-0 mb-1">{title}</h3>
      <ul className="m-0 grid list-disc gap-1 pl-5">
        {items.map((item) => (
          <li key={item}>{item}</li>
        ))}
      </ul>
    </section>
  )
}

function goes(removal: Removal, isWhole: boolean): readonly string[] {
  const { objects, mappings, connections, links, staged, runs } = removal
  return [
    ...(isWhole ? [WORDS.signIn, WORDS.objects(objects)] : []),
    WORDS.mappings(mappings),
    ...(connections > 0 ? [WORDS.connections(connections)] : []),
    ...(links > 0 ? [WORDS.links(links)] : []),
    ...(staged > 0 ? [WORDS.staged(staged)] : []),
    ...(runs > 0 ? [WORDS.runs(runs)] : []),
  ]
}

const stays = ({ workbooks }: Removal, appName: string): readonly string[] => [
  ...(workbooks.length === 0 ? [WORDS.noWorkbook] : workbooks.map((w) => WORDS.workbook(w.name, w.rows, w.fields))),
  WORDS.records(appName),
  WORDS.log,
  WORDS.others,
]
