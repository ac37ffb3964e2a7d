import { type FormEvent, useState } from 'react'
import type { AnswerOf, ConnectionInfo } from '../../server/api/contract.ts'
import type { ConnectionId } from '../../workbook/ids.ts'
import { callApi } from '../api-client.ts'
import { Tick } from '../files/choices.tsx'
import { Button } from '../kit/button.tsx'
import { Failure } from '../kit/message.tsx'
import { Modal } from '../kit/modal.tsx'
import { TEXTS } from '../texts.ts'
import type { DialogsProps } from '../workbook/open-dialog.ts'
import { rowNameOf } from '../workbook/row-name.ts'
import { nameOfConnection } from './filter-field.tsx'
import { useAsk } from './use-ask.ts'

type Found = AnswerOf<'search'>
type Way = 'name' | 'keys'
/** What a look-up by key takes in one call where the app does not say. */
const USUAL_BATCH = 100

const keysIn = (text: string): readonly string[] => [...new Set(text.split(/[\s,;]+/u).filter(Boolean))]

/** Ties rows to records: found by a part of their name, or by their keys; or hands on to matching by values. */
export function LinkDialog(props: DialogsProps & { readonly connection: ConnectionInfo }) {
  const { session, state, connection, painter, active, onClose, onDialog, onGoTo } = props
  const { sheet } = painter
  const { integration, object, description } = connection
  const isSearchable = description?.isSearchable !== false
  const [way, setWay] = useState<Way>(isSearchable ? 'name' : 'keys')
  const [name, setName] = useState('')
  const [keys, setKeys] = useState('')
  const [asked, setAsked] = useState('')
  const [found, setFound] = useState<Found>()
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set())
  const { isBusy, error, ask } = useAsk()
  const isOnline = state.link.kind === 'online'
  // A row that is selected and tied to nothing takes the record; else each record gets a row of its own.
  const freeRow = active !== undefined && sheet.recordOf(active.row, connection.id as ConnectionId) === undefined ? active.row : undefined
  const rowName = freeRow && rowNameOf(sheet.fields(), (field) => sheet.cell(freeRow, field.id).value, sheet.rows().indexOf(freeRow))
  const batch = description?.readBatch ?? USUAL_BATCH
  const list = keysIn(keys)

  const search = (event: FormEvent): void => {
    event.preventDefault()
    if (!isOnline || (way === 'name' ? name.trim() === '' : list.length === 0)) return
    const body = way === 'name' ? { name: name.trim() } : { keys: [...list] }
    void ask(
      async () => {
        const answer = await callApi('search', { params: { id: connection.id }, body })
        void session.refresh()
        return answer
      },
      (answer) => {
        setFound(answer)
        setAsked(way === 'name' ? name.trim() : list.join(', '))
        const free = answer.hits.filter((hit) => hit.linkedRow === null)
        setChosen(new Set(way === 'keys' ? free.map((hit) => hit.id) : free.length === 1 ? [free[0]?.id ?? ''] : []))
      },
    )
  }
  const link = (): void => {
    const links = [...chosen].map((recordId, i) => ({ row: i === 0 && freeRow !== undefined ? freeRow : null, recordId }))
    void ask(async () => {
      await session.flush()
      await callApi('link', { params: { id: connection.id }, body: { links } })
      await session.fetchRuns()
    }, onClose)
  }
  const toggle = (id: string, isOn: boolean): void => {
    const next = new Set(chosen)
    if (isOn) next.add(id)
    else next.delete(id)
    setChosen(next)
  }

  return (
    <Modal
      isOpen
      onClose={onClose}
      title={TEXTS.link.title(nameOfConnection(connection))}
      width={600}
      foot={
        <>
          <Button look="primary" isDisabled={chosen.size === 0 || isBusy || !isOnline} onPress={link}>
            {TEXTS.link.linkButton(chosen.size)}
          </Button>
          <Button look="ghost" onPress={onClose}>
            {TEXTS.cancel}
          </Button>
          {found !== undefined && <span className="hint ml-auto">{TEXTS.link.charged(found.credits)}</span>}
        </>
      }
    >
      {!isOnline && <p className="m-0 mb-3 text-ink-2">{TEXTS.connect.link.offline}</p>}
      <p className="m-0 mb-3 text-ink-2">{rowName === undefined ? TEXTS.link.newRows : TEXTS.link.toRow(rowName)}</p>
      <div className="mb-3 flex flex-wrap items-center gap-1">
        <div role="radiogroup" aria-label={TEXTS.link.byName} className="flex gap-1">
          {(['name', 'keys'] as const).map((option) => (
            <label
              key={option}
              className="rounded-md px-2.5 py-1 has-[:checked]:bg-tide-wash has-[:checked]:font-semibold has-[:checked]:text-tide-ink has-[:disabled]:opacity-60 has-[:focus-visible]:outline-2 has-[:focus-visible]:outline-tide"
            >
              <input
                type="radio"
                name="way"
                className="sr-only"
                disabled={option === 'name' && !isSearchable}
                checked={way === option}
                onChange={() => setWay(option)}
              />
              {option === 'name' ? TEXTS.link.byName : TEXTS.link.byKeys}
            </label>
          ))}
        </div>
        <Button look="link" className="ml-auto" onPress={() => onDialog({ kind: 'match', connection: connection.id })}>
          {TEXTS.connect.match.way}…
        </Button>
      </div>
      {!isSearchable && (
        <p className="m-0 mb-3 text-ink-2">
          {description?.searchNote ?? TEXTS.connect.link.notSearchable(integration.appName, object.name)}
        </p>
      )}
      <form onSubmit={search} className="grid gap-2">
        {way === 'name' ? (
          <label className="block">
            <span className="label">{TEXTS.link.nameLabel}</span>
            {/* biome-ignore lint/a11y/noAutofocus: the dialog is opened to type here */}
            <input className="input" autoFocus value={name} maxLength={200} onChange={(event) => setName(event.target.value)} />
            {description?.searchNote !== undefined && <span className="hint">{description.searchNote}</span>}
          </label>
        ) : (
          <label className="block">
            <span className="label">{TEXTS.link.keysLabel}</span>
            {/* biome-ignore lint/a11y/noAutofocus: as above */}
            <textarea className="input" autoFocus rows={4} value={keys} onChange={(event) => setKeys(event.target.value)} />
            <span className="hint">{TEXTS.connect.link.keysHint(description?.keyExample ?? 'KEY-1', batch)}</span>
          </label>
        )}
        <span>
          <Button type="submit" isDisabled={isBusy || !isOnline}>
            {isBusy
              ? TEXTS.link.searching
              : way === 'name'
                ? TEXTS.link.searchButton
                : list.length === 0
                  ? TEXTS.link.findButton
                  : TEXTS.connect.link.findButton(Math.ceil(list.length / batch))}
          </Button>
        </span>
      </form>
      <Failure error={error} />
      {found !== undefined && (
        <div className="mt-4" aria-live="polite">
          {found.hits.length > 0 && <h3 className="m-0 mb-1 text-xs font-semibold text-ink-2">{TEXTS.link.results}</h3>}
          {found.hits.map(({ id, key, name: title, linkedRow }) => (
            <span key={id} className="flex min-h-7 items-center gap-2">
              {linkedRow === null ? (
                <span className="min-w-0 flex-1 truncate">
                  <Tick label={`${key} ${title}`} isOn={chosen.has(id)} onChange={(isOn) => toggle(id, isOn)} />
                </span>
              ) : (
                <>
                  <span className="min-w-0 flex-1 truncate text-ink-2">
                    {key} {title}
                  </span>
                  <Button
                    look="link"
                    className="flex-none"
                    onPress={() => {
                      onClose()
                      const [field] = sheet.fields()
                      if (field !== undefined) onGoTo({ row: linkedRow as never, field: field.id })
                    }}
                  >
                    {TEXTS.link.alreadyLinked}
                  </Button>
                </>
              )}
            </span>
          ))}
          {found.hits.length === 0 && way === 'name' && (
            <p className="m-0 text-ink-2">{found.note ?? TEXTS.link.nothing(integration.appName, asked)}</p>
          )}
          {found.missing.length > 0 && (
            <p className="m-0 mt-2 text-ink-2">{TEXTS.connect.link.missing(integration.appName, found.missing)}</p>
          )}
          {found.note !== null && found.hits.length > 0 && <p className="hint m-0 mt-2">{found.note}</p>}
        </div>
      )}
    </Modal>
  )
}
