import type { Marks } from '../workbook/annotations.ts'
import type { RowId } from '../workbook/ids.ts'
import type { AppRecord } from './connectors/connector.ts'
import type { Receipt, RunCell, Settlement, SheetView } from './ports.ts'
import {
  appValue,
  askedFields,
  distinct,
  distinctChanges,
  goneMarks,
  landed,
  mergeWrites,
  peopleOf,
  type Run,
  receiptLine,
  reconciled,
} from './run-context.ts'

/** How long a run waits before it looks again at a pushed value that reads as before. */
const LONGEST_SECOND_LOOK_MS = 2_000

export async function pull(run: Run, trigger: 'person' | 'schedule', pushed: readonly Receipt[]): Promise<void> {
  const { ports, signal, description } = run
  await ports.transition('pulling')
  const linked = await ports.linked()
  const ids = distinct(linked.map((l) => l.recordId))
  const pushedIds = distinct(pushed.map((r) => r.recordId))
  const isPulling = run.pullable.size > 0
  const changed = isPulling && trigger === 'schedule' ? await changedSince(run, new Set(ids)) : undefined
  const wanted = changed ? distinct([...changed.ids, ...pushedIds]) : isPulling ? ids : pushedIds
  const byRecord = Map.groupBy(pushed, (receipt) => receipt.recordId)
  const absent: string[] = []
  for (let start = 0; start < wanted.length; start += description.readBatch) {
    signal.throwIfAborted()
    ports.progress({ step: 'pulling', done: start, total: wanted.length })
    const batch = wanted.slice(start, start + description.readBatch)
    const receipts = batch.flatMap((id) => byRecord.get(id) ?? [])
    const answer = await readSettled(run, batch, receipts)
    absent.push(...answer.absent)
    await settleRecords(run, answer.records, receipts, isPulling ? { pulled: answer.records.length } : {})
  }
  await ports.transition('reconciling')
  const gone = absent.length ? await ports.connector('pull').proveGone(absent, signal) : []
  const at = ports.clock.now()
  const unread = pushed.filter((r) => absent.includes(r.recordId))
  const ended = unread.filter((r) => gone.includes(r.recordId))
  await ports.settle((view) => ({
    recordMarks: gone.flatMap((record) => goneMarks(view, ports, record)),
    receipts: ended.map((r) => ({ idempotencyKey: r.idempotencyKey, state: 'gone' })),
    // Saved, and then not to be read: open until a later run can read them.
    counts: { pushed: ended.length, unknown: unread.length - ended.length },
    ...(isPulling && { latestPull: { at, records: wanted.length - absent.length } }),
    ...(changed && { cursor: changed.next }),
  }))
}

async function changedSince(run: Run, linked: ReadonlySet<string>): Promise<{ ids: string[]; next: string }> {
  const { ports, signal } = run
  const { records, next } = await ports.connector('pull').changedSince(ports.cursor, ports.filter, [], signal)
  return { ids: distinct(records.map((r) => r.id)).filter((id) => linked.has(id)), next }
}

/** A read for the pull. Where a pushed cell still shows its old value, the app may lag: it is read once more first (CELLS 8). */
async function readSettled(run: Run, ids: readonly string[], pushed: readonly Receipt[]) {
  const { ports, signal, description } = run
  const fields = askedFields(run)
  const reader = ports.connector('pull')
  const answer = await reader.read(ids, fields, signal)
  const lagging = answer.records.filter((record) =>
    pushed.some((r) => r.recordId === record.id && r.sent !== r.base && appValue(record, r.external) === r.base),
  )
  if (lagging.length === 0 || description.indexDelayMs === 0) return answer
  await ports.clock.sleep(Math.min(description.indexDelayMs, LONGEST_SECOND_LOOK_MS), signal)
  const again = await reader.read(
    lagging.map((r) => r.id),
    fields,
    signal,
  )
  const fresh = new Map(again.records.map((r) => [r.id, r]))
  return { records: answer.records.map((r) => fresh.get(r.id) ?? r), absent: answer.absent }
}

/** Reconciles every cell of the rows that hold these records, closes the receipts of what was pushed, and charges; one commit. */
async function settleRecords(
  run: Run,
  records: readonly AppRecord[],
  pushed: readonly Receipt[],
  credits: Settlement['credits'],
): Promise<void> {
  const { ports } = run
  await ports.settle((view) => {
    const cells: { writes: Settlement; isChanged: boolean; line?: RunCell }[] = []
    const closed: Receipt[] = []
    for (const record of records) {
      for (const row of view.rowsOf(record.id)) cells.push(...reconcileRow(run, view, row, record, pushed))
      closed.push(...pushed.filter((r) => r.recordId === record.id))
    }
    const merged = mergeWrites(cells.map((c) => c.writes))
    return {
      ...merged,
      recordMarks: records.flatMap((record) =>
        view.rowsOf(record.id).flatMap((row) => (view.isGone(row) ? [{ row, connection: ports.setup.id, mark: undefined }] : [])),
      ),
      people: peopleOf(run, records),
      receipts: closed.map((r) => ({ idempotencyKey: r.idempotencyKey, state: 'settled' as const })),
      credits: { ...credits, pushed: distinctChanges(closed) },
      counts: {
        pulled: records.length,
        pushed: closed.length,
        changed: cells.filter((c) => c.isChanged).length,
        differs: newMarks(view, merged.cells, 'differs'),
        conflicts: newMarks(view, merged.cells, 'conflict'),
      },
      runCells: cells.flatMap((c) => (c.line ? [c.line] : [])),
    }
  })
}

function reconcileRow(run: Run, view: SheetView, row: RowId, record: AppRecord, pushed: readonly Receipt[]) {
  const cells: { writes: Settlement; isChanged: boolean; line?: RunCell }[] = []
  for (const [field, external] of run.externalOf) {
    const receipt = pushed.find((r) => r.row === row && r.field === field)
    if (receipt === undefined && !run.pullable.has(field)) continue
    const found = external === run.description.keyField ? record.key : appValue(record, external)
    const before = view.state(row, field).baseline
    const writes = reconciled(view, { row, field }, found, receipt && landed(run, receipt))
    const isChanged = before !== found && receipt === undefined
    const line = receipt
      ? {
          ...receiptLine(receipt),
          got: found,
          outcome: 'pushed' as const,
          note: found === receipt.sent ? null : `Saved as ${JSON.stringify(found)}.`,
        }
      : isChanged
        ? {
            row,
            field,
            recordId: record.id,
            recordKey: record.key,
            base: before,
            value: found,
            got: found,
            outcome: 'pulled' as const,
            note: null,
            author: '',
          }
        : undefined
    cells.push({ writes, isChanged, ...(line && { line }) })
  }
  return cells
}

/** How many cells get a mark of this kind that they did not have. */
const newMarks = (view: SheetView, cells: Settlement['cells'], kind: keyof Marks): number =>
  (cells ?? []).filter((c) => c.marks[kind] !== undefined && c.marks[kind]?.id !== view.state(c.row, c.field).marks[kind]?.id).length
