import type { CellValue } from '../workbook/cell-value.ts'
import type { AppRecord } from './connectors/connector.ts'
import type { Receipt, Settlement, SheetView } from './ports.ts'
import {
  appValue,
  distinct,
  distinctChanges,
  goneLine,
  goneMarks,
  knownFormsOf,
  landed,
  mergeWrites,
  type Run,
  receiptLine,
  reconciled,
} from './run-context.ts'

export async function settleOpenReceipts(run: Run): Promise<void> {
  const open = await run.ports.openReceipts()
  if (open.length > 0) await resolveReceipts(run, open, 'earlier-run')
}

/**
 * Reads back what was sent without a settled answer (CELLS 15): landed → settled like any push; the old value → not landed; anything else
 * is a conflict that says so. A record that cannot be read leaves its receipts open.
 */
export async function resolveReceipts(
  run: Run,
  receipts: readonly Receipt[],
  sentBy: 'this-run' | 'earlier-run',
): Promise<{ notLanded: readonly Receipt[]; open: readonly Receipt[] }> {
  const { ports, signal } = run
  const ids = distinct(receipts.map((r) => r.recordId))
  const reader = ports.connector('read-back')
  const { records, absent } = await reader.read(ids, distinct(receipts.map((r) => r.external)), signal)
  const gone = absent.length ? await reader.proveGone(absent, signal) : []
  const byId = new Map(records.map((r) => [r.id, r]))
  const sorted = {
    landed: [] as Receipt[],
    notLanded: [] as Receipt[],
    lost: [] as Receipt[],
    gone: [] as Receipt[],
    open: [] as Receipt[],
  }
  for (const receipt of receipts) sorted[fateOf(run, receipt, byId.get(receipt.recordId), gone)].push(receipt)
  // What the app had confirmed was pushed, whatever became of its record since.
  const pushed = [...sorted.landed, ...sorted.gone.filter((r) => r.state === 'saved')]
  const skipped = sorted.lost.length + sorted.landed.length + sorted.gone.length - pushed.length
  await ports.settle((view) => ({
    ...mergeWrites([
      ...sorted.landed.map((r) => {
        const record = byId.get(r.recordId)
        return record ? reconciled(view, r, appValue(run, record, r.external), landed(run, r)) : {}
      }),
      ...sorted.lost.map((r) => lostWrites(run, view, r, byId.get(r.recordId))),
    ]),
    recordMarks: gone.flatMap((record) => goneMarks(view, ports, record)),
    receipts: [
      ...sorted.landed.map((r) => ({ idempotencyKey: r.idempotencyKey, state: 'settled' as const })),
      ...sorted.notLanded.map((r) => ({ idempotencyKey: r.idempotencyKey, state: 'not-landed' as const })),
      ...sorted.lost.map((r) => ({ idempotencyKey: r.idempotencyKey, state: 'lost' as const })),
      ...sorted.gone.map((r) => ({ idempotencyKey: r.idempotencyKey, state: 'gone' as const })),
    ],
    credits: { pushed: distinctChanges(pushed) },
    counts: {
      // What an earlier run sent was planned there; here it is counted where it ends, so that this receipt balances too.
      planned: sentBy === 'earlier-run' ? pushed.length + skipped : 0,
      pushed: pushed.length,
      skipped,
      conflicts: sorted.lost.length,
    },
    runCells: [
      ...sorted.gone.map(goneLine),
      ...sorted.landed.map((r) => ({
        ...receiptLine(r),
        got: foundOf(run, byId, r),
        outcome: 'pushed' as const,
        note: r.state === 'saved' ? null : 'No answer came; read back, already saved.',
      })),
      ...sorted.notLanded.map((r) => ({
        ...receiptLine(r),
        got: r.base,
        outcome: 'not-landed' as const,
        note: 'No answer came; read back, not saved.',
      })),
      ...sorted.lost.map((r) => ({
        ...receiptLine(r),
        got: foundOf(run, byId, r),
        outcome: 'held' as const,
        note: 'Sent, answer lost; the app now holds another value.',
      })),
    ],
  }))
  return { notLanded: sorted.notLanded, open: sorted.open }
}

const foundOf = (run: Run, byId: ReadonlyMap<string, AppRecord>, r: Receipt): CellValue => {
  const record = byId.get(r.recordId)
  return record ? appValue(run, record, r.external) : null
}

function fateOf(
  run: Run,
  receipt: Receipt,
  record: AppRecord | undefined,
  gone: readonly string[],
): 'landed' | 'notLanded' | 'lost' | 'gone' | 'open' {
  if (record === undefined) return gone.includes(receipt.recordId) ? 'gone' : 'open'
  const found = appValue(run, record, receipt.external)
  if (receipt.state === 'saved' || found === receipt.sent || knownFormsOf(run, receipt).includes(found)) return 'landed'
  return found === receipt.base ? 'notLanded' : 'lost'
}

/** Sent, no answer, and the app holds neither value: a person must say what is meant. */
function lostWrites(run: Run, view: SheetView, r: Receipt, record: AppRecord | undefined): Settlement {
  const state = view.state(r.row, r.field)
  const { live } = state
  if (record === undefined || live === undefined || live.value === live.base || live.value === state.baseline) return {}
  const theirs = appValue(run, record, r.external)
  const isPushOnly = !run.pullable.has(r.field)
  const conflict = view.stamp<'conflict'>({
    kind: 'conflict',
    base: live.base,
    yours: live.value,
    theirs,
    by: live.author,
    cause: 'answer-lost',
    ...(isPushOnly && { isFromCheck: true }),
  })
  // The pull of this run is to find the very conflict that is set here, not one of another base.
  const values = new Map(isPushOnly ? [] : [[r.field, theirs] as const])
  return {
    rows: values.size ? [{ row: r.row, values }] : [],
    cells: [{ row: r.row, field: r.field, entry: { kind: 'keep' }, marks: { ...state.marks, conflict } }],
  }
}
