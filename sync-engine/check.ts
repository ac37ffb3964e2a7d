import type { CellValue } from '../workbook/cell-value.ts'
import type { AppRecord } from './connectors/connector.ts'
import type { PushCell } from './plan.ts'
import type { SheetView } from './ports.ts'
import { newMarks, type PullScope, type ReconciledField, readsAll, reconcileField } from './pull.ts'
import { appValue, distinct, goneMarks, landed, lineOf, mergeWrites, peopleOf, type Run, reconciled } from './run-context.ts'

interface Checked {
  readonly cell: PushCell
  readonly found: CellValue
  /** Absent where the app did not answer for it. */
  readonly record?: AppRecord
  readonly outcome: 'held' | 'already-there'
  readonly note: string
}

/**
 * Reads what is about to be overwritten (B1) and leaves out what must not go: changed there, there already, or gone (CELLS 12, 13, 18).
 * `scope`: of the pull of this run, which judges what is left out where it reads every record.
 */
export async function check(run: Run, cells: readonly PushCell[], scope: PullScope): Promise<readonly PushCell[]> {
  if (cells.length === 0) return []
  const { ports, signal } = run
  await ports.transition('checking')
  const ids = distinct(cells.map((c) => c.recordId))
  const { records, absent } = await ports.connector('check').read(ids, distinct(cells.map((c) => c.external)), signal)
  const byId = new Map(records.map((r) => [r.id, r]))
  const gone = absent.length ? await ports.connector('check').proveGone(absent, signal) : []
  const go: PushCell[] = []
  const out: Checked[] = []
  for (const cell of cells) {
    const record = byId.get(cell.recordId)
    const found = record && appValue(run, record, cell.external)
    if (record === undefined || found === undefined) {
      const note = gone.includes(cell.recordId) ? 'The record was deleted.' : 'The record could not be read.'
      out.push({ cell, found: null, outcome: 'held', note })
    } else if (found === cell.base) go.push(cell)
    else if (found === cell.sent) out.push({ cell, found, record, outcome: 'already-there', note: 'The app holds this value already.' })
    else if (ports.setup.onConflict === 'workbook-wins') go.push(cell)
    else out.push({ cell, found, record, outcome: 'held', note: 'Changed in the app since the last pull.' })
  }
  if (out.length === 0) return go
  const isPulled = readsAll(run, scope)
  await ports.settle((view) => {
    const judged = out.map((o) => checkedField(run, view, o, isPulled))
    const merged = mergeWrites(judged.map((j) => j.writes))
    return {
      ...merged,
      recordMarks: gone.flatMap((record) => goneMarks(view, ports, record)),
      people: peopleOf(run, isPulled ? [] : out.flatMap((o) => o.record ?? [])),
      counts: {
        skipped: out.length,
        changed: judged.filter((j) => j.isChanged).length,
        conflicts: newMarks(view, merged.cells, 'conflict'),
      },
      runCells: [
        ...out.map(({ cell, found, outcome, note }) => ({ ...lineOf(cell), got: found, outcome, note })),
        ...judged.flatMap((j) => j.line ?? []),
      ],
    }
  })
  return go
}

/**
 * What the check itself may write. A push-only cell is never pulled, so its conflict and its agreement are settled here; so is a value that
 * the app holds in another spelling of the same option. Others are judged here where the pull of this run may not read them: what an app
 * says has changed comes from a search, which may not know yet what a read by id has just found.
 */
function checkedField(run: Run, view: SheetView, { cell, found, record, outcome }: Checked, isPulled: boolean): ReconciledField {
  const isPushOnly = !run.pullable.has(cell.field)
  const state = view.state(cell.row, cell.field)
  const isSame = state.live?.item === cell.item
  if (isSame && outcome === 'already-there' && (isPushOnly || cell.sent !== cell.value)) {
    return { writes: reconciled(view, cell, found, landed(run, { ...cell, idempotencyKey: '', state: 'saved' })), isChanged: false }
  }
  if (record !== undefined && !isPushOnly && !isPulled) return reconcileField(run, view, cell, record)
  if (record === undefined || !isSame || !isPushOnly || outcome !== 'held') return { writes: {}, isChanged: false }
  const conflict = view.stamp<'conflict'>({
    kind: 'conflict',
    base: cell.base,
    yours: cell.value,
    theirs: found,
    by: cell.author,
    cause: 'changed-in-both',
    isFromCheck: true,
  })
  const marks = { ...state.marks, conflict }
  return { writes: { cells: [{ row: cell.row, field: cell.field, entry: { kind: 'keep' }, marks }] }, isChanged: false }
}
