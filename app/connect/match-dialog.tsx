import { useMemo, useState } from 'react'
import type { AnswerOf, ConnectionInfo } from '../../server/api/contract.ts'
import type { ConnectionId, RowId } from '../../workbook/ids.ts'
import { callApi } from '../api-client.ts'
import { Button } from '../kit/button.tsx'
import { Failure } from '../kit/message.tsx'
import { Modal } from '../kit/modal.tsx'
import { TEXTS } from '../texts.ts'
import type { DialogsProps } from '../workbook/open-dialog.ts'
import { FilterField, languageOf, nameOfConnection } from './filter-field.tsx'
import { useAsk } from './use-ask.ts'

const T = TEXTS.connect.match
const SHOWN = 100
/** What one page of a list holds where the app does not say. */
const USUAL_PAGE = 100

type Matches = AnswerOf<'matchRows'>

/** Ties rows to records by equal values of two fields: first compared, counted and listed, then linked. */
export function MatchDialog(props: DialogsProps & { readonly connection: ConnectionInfo; readonly rows: readonly RowId[] | undefined }) {
  const { session, state, connection, painter, onClose } = props
  const { description, integration } = connection
  const { sheet } = painter
  const own = sheet.fields().filter((field) => field.binding?.connection !== connection.id)
  const theirs = useMemo(
    () => (description?.fields ?? []).filter((field) => field.type !== 'long-text' && field.type !== 'multi-select'),
    [description],
  )
  const [field, setField] = useState<string>(own[0]?.id ?? '')
  const [external, setExternal] = useState(description?.nameField ?? '')
  const [filter, setFilter] = useState(connection.filter)
  const [found, setFound] = useState<Matches>()
  const [picked, setPicked] = useState<ReadonlyMap<string, string>>(new Map())
  const { isBusy, error, ask } = useAsk()
  const isOnline = state.link.kind === 'online'
  const free = (row: RowId): boolean => sheet.recordOf(row, connection.id as ConnectionId) === undefined
  const rows = props.rows?.filter(free)

  const compare = (): void => {
    setFound(undefined)
    setPicked(new Map())
    const body = { field, external, filter, ...(rows !== undefined && { rows: [...rows] }) }
    void ask(async (signal) => {
      await session.flush()
      const answer = await callApi('matchRows', { params: { id: connection.id }, body }, { signal })
      void session.refresh()
      return answer
    }, setFound)
  }
  const links = [
    ...(found?.matched.map(({ row, hit }) => ({ row, recordId: hit.id })) ?? []),
    ...[...picked].map(([row, recordId]) => ({ row, recordId })),
  ]
  const apply = (): void =>
    void ask(async () => {
      await callApi('link', { params: { id: connection.id }, body: { links } })
      await session.fetchRuns()
    }, onClose)
  const pick = (row: string, recordId: string): void => {
    const next = new Map(picked)
    // One record goes to one row.
    for (const [other, id] of next) if (id === recordId) next.delete(other)
    if (recordId === '') next.delete(row)
    else next.set(row, recordId)
    setPicked(next)
  }
  const reset =
    <Value,>(set: (value: Value) => void) =>
    (value: Value) => {
      set(value)
      setFound(undefined)
    }

  return (
    <Modal
      isOpen
      onClose={onClose}
      title={T.title(nameOfConnection(connection))}
      width={640}
      foot={
        <>
          {found !== undefined && (
            <Button look="primary" isDisabled={links.length === 0 || isBusy || !isOnline} onPress={apply}>
              {T.apply(links.length)}
            </Button>
          )}
          <Button
            look={found === undefined ? 'primary' : 'plain'}
            isDisabled={isBusy || !isOnline || field === '' || external === ''}
            onPress={compare}
          >
            {isBusy && found === undefined ? T.comparing : T.button}
          </Button>
          <Button look="ghost" onPress={onClose}>
            {TEXTS.cancel}
          </Button>
          {found !== undefined && <span className="hint ml-auto">{TEXTS.link.charged(found.credits)}</span>}
        </>
      }
    >
      <div className="grid gap-3">
        {!isOnline && <p className="m-0 text-ink-2">{TEXTS.connect.needsServer}</p>}
        <p className="m-0 text-ink-2">{T.intro}</p>
        <div className="grid gap-3 sm:grid-cols-2">
          <label className="block">
            <span className="label">{T.field}</span>
            <select className="input" value={field} onChange={(event) => reset(setField)(event.target.value)}>
              {own.map(({ id, name }) => (
                <option key={id} value={id}>
                  {name}
                </option>
              ))}
            </select>
          </label>
          <label className="block">
            <span className="label">{T.external(integration.appName)}</span>
            <select className="input" value={external} onChange={(event) => reset(setExternal)(event.target.value)}>
              {theirs.map(({ id, name }) => (
                <option key={id} value={id}>
                  {name}
                </option>
              ))}
            </select>
          </label>
        </div>
        <FilterField
          label={T.filter(languageOf(description))}
          description={description}
          value={filter}
          onChange={reset(setFilter)}
          hint={T.price(integration.appName, description?.listPage ?? USUAL_PAGE)}
        />
        {found !== undefined && (
          <Found
            found={found}
            appName={integration.appName}
            picked={picked}
            onPick={pick}
            rowName={(row) => rowNumber(sheet.rows(), row)}
          />
        )}
      </div>
      <Failure error={error} />
    </Modal>
  )
}

const rowNumber = (rows: readonly RowId[], row: string): string => `Row ${rows.indexOf(row as RowId) + 1}`

function Found({
  found,
  appName,
  picked,
  onPick,
  rowName,
}: {
  found: Matches
  appName: string
  picked: ReadonlyMap<string, string>
  onPick: (row: string, recordId: string) => void
  rowName: (row: string) => string
}) {
  const { matched, ambiguous, taken, unmatched, empty, records, isListed, isComplete } = found
  const compared = matched.length + ambiguous.length + taken.length + unmatched.length
  const line = (row: string, value: string, rest: React.ReactNode) => (
    <li key={row} className="grid min-h-7 grid-cols-[4.5rem_minmax(0,1fr)_minmax(0,1.2fr)] items-center gap-2 px-2 py-0.5">
      <span className="hint">{rowName(row)}</span>
      <span className="truncate">{value}</span>
      <span className="min-w-0 truncate">{rest}</span>
    </li>
  )
  const record = (hit: { key: string; name: string }) => (
    <>
      <b className="font-semibold text-tide-ink">{hit.key}</b> {hit.name}
    </>
  )
  return (
    <div className="grid gap-2.5" role="status">
      <p className="m-0 font-medium">{compared === 0 ? T.nothing : T.result(compared, records)}</p>
      {compared > 0 && isComplete && <p className="hint m-0">{isListed ? T.listed : T.asked(appName)}</p>}
      {!isComplete && <p className="m-0 font-medium text-warn">{T.tooMany(records)}</p>}
      <Part title={T.matched(matched.length)} isOpen count={matched.length}>
        {matched.slice(0, SHOWN).map(({ row, value, hit }) => line(row, value, record(hit)))}
      </Part>
      <Part title={T.ambiguous(ambiguous.length)} isOpen hint={T.ambiguousHint} count={ambiguous.length}>
        {ambiguous.slice(0, SHOWN).map(({ row, value, hits }) =>
          line(
            row,
            value,
            <select
              className="input"
              aria-label={T.choose(value)}
              value={picked.get(row) ?? ''}
              onChange={(event) => onPick(row, event.target.value)}
            >
              <option value="">{T.leave}</option>
              {hits
                .filter((hit) => hit.linkedRow === null)
                .map((hit) => (
                  <option key={hit.id} value={hit.id}>
                    {hit.key} {hit.name}
                  </option>
                ))}
            </select>,
          ),
        )}
      </Part>
      <Part title={T.taken(taken.length)} hint={T.takenHint} count={taken.length}>
        {taken.slice(0, SHOWN).map(({ row, value, hit }) =>
          line(
            row,
            value,
            <>
              {record(hit)} · {hit.linkedRow === null ? '' : rowName(hit.linkedRow)}
            </>,
          ),
        )}
      </Part>
      <Part title={T.unmatched(unmatched.length)} count={unmatched.length}>
        {unmatched.slice(0, SHOWN).map(({ row, value }) => line(row, value, null))}
      </Part>
      {empty > 0 && <p className="hint m-0">{T.empty(empty)}</p>}
    </div>
  )
}

function Part({
  title,
  hint,
  count,
  isOpen = false,
  children,
}: {
  title: string
  hint?: string
  count: number
  isOpen?: boolean
  children: React.ReactNode
}) {
  if (count === 0) return null
  return (
    <details open={isOpen} className="rounded-md border border-line">
      <summary className="cursor-pointer px-2.5 py-1.5 font-semibold">{title}</summary>
      {hint !== undefined && <p className="hint m-0 px-2.5 pb-1">{hint}</p>}
      <ul className="m-0 max-h-56 list-none overflow-auto border-t border-line p-1">{children}</ul>
      {count > SHOWN && <p className="hint m-0 px-2.5 py-1">{T.more(count - SHOWN)}</p>}
    </details>
  )
}
