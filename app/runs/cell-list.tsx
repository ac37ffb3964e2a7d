import { useState } from 'react'
import type { Run } from '../../server/api/contract.ts'
import type { CellValue } from '../../workbook/cell-value.ts'
import { callApi } from '../api-client.ts'
import { Button } from '../kit/button.tsx'
import { DataTable, Switches } from '../kit/facts.tsx'
import { Failure } from '../kit/message.tsx'
import { TEXTS } from '../texts.ts'
import { type CellClass, type CellFilter, cellFilters, classesOf } from './receipt.ts'
import { cellAddress } from './run-words.ts'

/** Drawn at once; the rest when it is asked for. */
const PAGE = 200

export interface CellListProps {
  readonly run: Run
  readonly shown: (field: string, value: CellValue) => string
  readonly filter: CellFilter
  readonly onFilter: (filter: CellFilter) => void
}

const NAMES: Readonly<Record<CellFilter, string>> = {
  all: TEXTS.log.cells.all,
  pushed: TEXTS.log.receipt.pushed,
  refused: TEXTS.log.receipt.refused,
  skipped: TEXTS.log.receipt.skipped,
  unknown: TEXTS.log.receipt.unknown,
  held: TEXTS.runs.outcome['not-planned'],
  pulled: TEXTS.runs.outcome.pulled,
}

const TONE: Partial<Record<CellClass, string>> = { refused: 'text-bad', unknown: 'text-warn', skipped: 'text-staged', held: 'text-staged' }

/** Whether the run saw what the app holds: of a cell that never went out, or that the app did not take, it saw nothing. */
const isGotKnown = ({ got, outcome }: Run['cells'][number], kind: CellClass): boolean =>
  got !== null || kind === 'pushed' || kind === 'pulled' || outcome === 'already-there' || outcome === 'held'

/** What a run did to each cell: base, what was sent, what the app has, and why. */
export function CellList({ run, shown, filter, onFilter }: CellListProps) {
  const [most, setMost] = useState(PAGE)
  const { column } = TEXTS.runs
  if (run.cells.length === 0) return <p className="m-0 text-ink-2">{TEXTS.runs.noCells}</p>
  const classes = classesOf(run.cells)
  const filters = cellFilters(classes)
  const lines = run.cells.map((cell, i) => ({ cell, kind: classes[i] ?? 'held', key: `${cell.row}:${cell.field}:${i}` }))
  // A link may ask for cells that are not there any more, or are none in this run.
  const current = filters.some(({ filter: key }) => key === filter) ? filter : 'all'
  const found = lines.filter(({ kind }) => current === 'all' || kind === current)
  return (
    <div className="grid gap-2">
      {filters.length > 2 && (
        <Switches
          label={TEXTS.log.cells.filter}
          value={current}
          options={filters.map(({ filter: key, count }) => ({ key, text: `${NAMES[key]} · ${count.toLocaleString('en')}` }))}
          onChange={onFilter}
        />
      )}
      <DataTable
        caption={TEXTS.log.cells.caption}
        heads={[column.record, column.field, column.was, column.sent, column.got, column.outcome, column.author]}
      >
        {found.slice(0, most).map(({ cell, kind, key }) => (
          <tr key={key}>
            <th scope="row" className="whitespace-nowrap">
              <CellLink run={run} cell={cell} />
            </th>
            <td>{cell.fieldName}</td>
            <td className="max-w-60 break-words">{shown(cell.field, cell.base)}</td>
            <td className="max-w-60 break-words">{kind === 'pulled' ? '' : shown(cell.field, cell.value)}</td>
            <td className="max-w-60 break-words">{isGotKnown(cell, kind) ? shown(cell.field, cell.got) : ''}</td>
            <td className={TONE[kind]}>
              {TEXTS.runs.outcome[cell.outcome]}
              {cell.note !== null && <span className="block text-xs text-ink-2">{cell.note}</span>}
              {cell.canDecide === true && <NotThere run={run.id} row={cell.row} />}
            </td>
            <td className="whitespace-nowrap">{cell.author}</td>
          </tr>
        ))}
      </DataTable>
      {found.length > most && (
        <p className="m-0">
          <Button onPress={() => setMost(most + PAGE)}>{TEXTS.log.more(Math.min(PAGE, found.length - most))}</Button>
        </p>
      )}
    </div>
  )
}

function CellLink({ run, cell }: { readonly run: Run; readonly cell: Run['cells'][number] }) {
  if (run.about === undefined) return <>{cell.recordKey}</>
  return (
    <a
      className="font-medium"
      href={cellAddress(run.about, cell)}
      aria-label={TEXTS.log.cells.goTo(cell.recordKey, cell.fieldName)}
      title={TEXTS.log.cells.goTo(cell.recordKey, cell.fieldName)}
    >
      {cell.recordKey}
    </a>
  )
}

/** A record whose creation nobody answered for: only somebody who looked can say that it may be made again. */
function NotThere({ run, row }: { readonly run: string; readonly row: string }) {
  const [isSaid, setSaid] = useState(false)
  const [error, setError] = useState<unknown>()
  const say = (): void => {
    callApi('decideCreate', { params: { id: run, row }, body: { choice: 'not-there' } }).then(() => setSaid(true), setError)
  }
  if (isSaid) return null
  return (
    <span className="mt-1 block">
      <Button isSmall onPress={say}>
        {TEXTS.log.cells.notThere}
      </Button>
      <span className="hint block">{TEXTS.log.cells.notThereHint}</span>
      <Failure error={error} />
    </span>
  )
}
