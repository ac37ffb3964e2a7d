import type { CellValue } from '../workbook/cell-value.ts'
import type { PushCell } from './plan.ts'
import type { Settlement, SheetView } from './ports.ts'
import { appValue, distinct, goneMarks, landed, lineOf, mergeWrites, type Run, reconciled } from './run-context.ts'

/** Reads what is about to be overwritten (B1) and leaves out what must not go: changed there, there already, or gone (CELLS 12, 13, 18). */
export async function check(run: Run, cells: readonly PushCell[]): Promise<readonly PushCell[]> {
  if (cells.length === 0) return []
  const { ports, signal } = run
  await ports.transition('checking')
  const ids = distinct(cells.map((c) => c.recordId))
  const { records, absent } = await ports.connector('check').read(ids, distinct(cells.map((c) => c.external)), signal)
  const byId = new Map(records.map((r) => [r.id, r]))
  const gone = absent.length ? await ports.connector('check').proveGone(absent, signal) : []
  const go: PushCell[] = []
  const out: { cell: PushCell; found: CellValue; outcome: 'held' | 'already-there'; note: string }[] = []
  for (const cell of cells) {
    const record = byId.get(cell.recordId)
    const found = record && appValue(run, record, cell.external)
    if (found === undefined) {
      const note = gone.includes(cell.recordId) ? 'The record was deleted.' : 'The record could not be read.'
      out.push({ cell, found: null, outcome: 'held', note })
    } else if (found === cell.base) go.push(cell)
    else if (found === cell.sent) out.push({ cell, found, outcome: 'already-there', note: 'The app holds this value already.' })
    else if (ports.setup.onConflict === 'workbook-wins') go.push(cell)
    else out.push({ cell, found, outcome: 'held', note: 'Changed in the app since the last pull.' })
  }
  if (out.length === 0) return go
  await ports.settle((view) => ({
    ...mergeWrites(out.map(({ cell, found, outcome }) => checkedWrites(run, view, cell, found, outcome))),
    recordMarks: gone.flatMap((record) => goneMarks(view, ports, record)),
    // What is pulled too becomes a conflict there, and is counted there.
    counts: {
      skipped: out.length,
      conflicts: out.filter((o) => o.outcome === 'held' && byId.has(o.cell.recordId) && !run.pullable.has(o.cell.field)).length,
    },
    runCells: out.map(({ cell, found, outcome, note }) => ({ ...lineOf(cell), got: found, outcome, note })),
  }))
  return go
}

/**
 * What the check itself may write: a push-only cell is never pulled, so its conflict and its agreement are settled here; so is a value that
 * the app holds in another spelling of the same option.
 */
function checkedWrites(run: Run, view: SheetView, cell: PushCell, found: CellValue, outcome: 'held' | 'already-there'): Settlement {
  const isPushOnly = !run.pullable.has(cell.field)
  const state = view.state(cell.row, cell.field)
  if (state.live?.item !== cell.item) return {}
  if (outcome === 'already-there' && (isPushOnly || cell.sent !== cell.value)) {
    return reconciled(view, cell, found, landed(run, { ...cell, idempotencyKey: '', state: 'saved' }))
  }
  if (!isPushOnly || outcome !== 'held' || view.isGone(cell.row)) return {}
  const conflict = view.stamp<'conflict'>({
    kind: 'conflict',
    base: cell.base,
    yours: cell.value,
    theirs: found,
    by: cell.author,
    cause: 'changed-in-both',
    isFromCheck: true,
  })
  return { cells: [{ row: cell.row, field: cell.field, entry: { kind: 'keep' }, marks: { ...state.marks, conflict } }] }
}
