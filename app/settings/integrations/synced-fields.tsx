import { X } from 'lucide-react'
import { useRef, useState } from 'react'
import type { ConnectionInfo } from '../../../server/api/contract.ts'
import { callApi } from '../../api-client.ts'
import { Button, IconButton } from '../../kit/button.tsx'
import { Failure } from '../../kit/message.tsx'
import { TEXTS } from '../../texts.ts'

const WORDS = TEXTS.integrations.window

export interface SyncedFieldsProps {
  readonly connection: ConnectionInfo
  readonly isOff: boolean
  readonly onRun: (run: string) => void
  readonly onChanged: () => Promise<void>
}

/** Which fields of the app a sheet holds: one more is filled and charged, one less becomes a field of the workbook. */
export function SyncedFields({ connection, isOff, onRun, onChanged }: SyncedFieldsProps) {
  const [external, setExternal] = useState('')
  const [leaving, setLeaving] = useState<string>()
  const [said, setSaid] = useState<{ readonly text: string; readonly field: string }>()
  const [error, setError] = useState<unknown>()
  const [isBusy, setBusy] = useState(false)
  /** Where the focus goes back to. */
  const opener = useRef<HTMLButtonElement>(null)
  const params = { id: connection.id }
  const described = connection.description?.fields ?? []
  const nameOf = (id: string): string => described.find((f) => f.id === id)?.name ?? id
  const synced = connection.fields.filter((f) => f.field !== connection.keyField)
  const used = new Set(connection.fields.map((f) => f.external))
  const free = described.filter((f) => !used.has(f.id))
  const during = async (work: () => Promise<void>): Promise<void> => {
    if (isBusy) return
    setBusy(true)
    setError(undefined)
    try {
      await work()
      // The next press need not wait until all is drawn anew.
      onChanged().catch(setError)
    } catch (failure) {
      setError(failure)
    } finally {
      setBusy(false)
    }
  }
  const add = (): Promise<void> =>
    during(async () => {
      onRun((await callApi('addConnectedField', { params, body: { external } })).run)
      setExternal('')
      setSaid(undefined)
    })
  const remove = (field: string, name: string): Promise<void> =>
    during(async () => {
      const { staged } = await callApi('removeConnectedField', { params: { ...params, field } })
      setSaid({ text: WORDS.removed(name, staged), field })
      setLeaving(undefined)
    })
  const undo = (field: string): Promise<void> =>
    during(async () => {
      await callApi('restoreConnectedField', { params: { ...params, field } })
      setSaid(undefined)
    })
  return (
    <div className="grid grid-cols-[minmax(0,1fr)] gap-2">
      <p className="m-0 text-ink-2">
        {WORDS.chosen(synced.length)}. {WORDS.fill(connection.linkedRecords)}
      </p>
      <ul className="m-0 flex list-none flex-wrap gap-1.5 p-0" aria-label={WORDS.chosen(synced.length)}>
        {synced.map(({ field, external: id }) => (
          <li key={field} className="pill pr-0.5">
            {nameOf(id)}
            <IconButton
              label={WORDS.removeField(nameOf(id))}
              isSmall
              onPress={({ target }) => {
                opener.current = target as HTMLButtonElement
                setLeaving(field)
              }}
            >
              <X size={12} aria-hidden />
            </IconButton>
          </li>
        ))}
      </ul>
      {synced
        .filter(({ field }) => field === leaving)
        .map(({ field, external: id }) => (
          <div
            key={field}
            role="alertdialog"
            aria-label={WORDS.removeTitle(nameOf(id))}
            className="grid gap-2 rounded-md border border-line bg-wash px-3 py-2"
          >
            <p className="m-0">
              <b className="font-semibold">{WORDS.removeTitle(nameOf(id))}</b> {WORDS.removeText}
            </p>
            <span className="flex gap-2">
              <Button autoFocus onPress={() => void remove(field, nameOf(id))}>
                {WORDS.removeGo}
              </Button>
              <Button
                look="ghost"
                onPress={() => {
                  opener.current?.focus()
                  setLeaving(undefined)
                }}
              >
                {TEXTS.cancel}
              </Button>
            </span>
          </div>
        ))}
      <span role="status" className="flex flex-wrap items-center gap-2 text-ink-2">
        {said?.text}
        {said !== undefined && (
          <Button look="link" autoFocus onPress={() => void undo(said.field)}>
            {WORDS.undo}
          </Button>
        )}
      </span>
      {free.length === 0 ? (
        <p className="hint m-0">{described.length === 0 ? WORDS.noFields : WORDS.addFieldNone}</p>
      ) : (
        <span className="flex flex-wrap items-center gap-2">
          <select
            className="input w-auto min-w-40 max-w-full"
            aria-label={WORDS.addFieldLabel}
            value={external}
            onChange={(event) => setExternal(event.target.value)}
          >
            <option value="">{WORDS.addFieldChoose}</option>
            {free.map((field) => (
              <option key={field.id} value={field.id}>
                {field.name}
              </option>
            ))}
          </select>
          {external !== '' && (
            <Button isDisabled={isOff} onPress={() => void add()}>
              {WORDS.addField(nameOf(external), connection.linkedRecords)}
            </Button>
          )}
        </span>
      )}
      <Failure error={error} />
    </div>
  )
}
