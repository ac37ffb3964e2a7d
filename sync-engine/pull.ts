import type { AnnotationOf, Marks } from '../workbook/annotations.ts'
import type { FieldId, RowId } from '../workbook/ids.ts'
import type { AppRecord } from './connectors/connector.ts'
import { inParts } from './parts.ts'
import type { Receipt, RunCell, Settlement, SheetView, WaitingCounts } from './ports.ts'
import {
  appValue,
  askedFields,
  distinct,
  distinctChanges,
  goneLine,
  goneMarks,
  landed,
  mergeWrites,
  peopleOf,
  type Run,
  receiptLine,
  reconciled,
  SETTLE_RECORDS,
} from './run-context.ts'

/** How long a run waits before it looks again at a pushed value that reads as before. */
const LONGEST_SECOND_LOOK_MS = 2_000
/** A scheduled pull that would change more rows than this, and more than this share of the linked ones, waits for a person. */
const MASS_ROWS = 50
const MASS_SHARE = 0.2
/** Pages of a filter that are looked through for records which may have left it. */
const MATCH_PAGES = 20
/** Kept answers settled in one commit. */
const APPLY_BATCH = 100

/** `all`: every linked record (a person's run) · `changed`: since the cursor, and what was pushed (a scheduled one) · `pushed`: those alone. */
export type PullScope = 'all' | 'changed' | 'pushed'

/** Whether a pull of this scope reads every linked record, whatever the app says has changed. */
export const readsAll = ({ ports }: Run, scope: PullScope): boolean => scope === 'all' || (scope === 'changed' && ports.cursor === null)

/** What a pull has met so far. */
interface Reading {
  readonly total: number
  /** Ids the app did not answer for. */
  readonly absent: string[]
  /** Records whose values here changed by it. */
  readonly moved: string[]
  /** The app's own stamp of each record as it was read. */
  readonly stamps: Map<string, string>
}

/** Fetches, reconciles, settles. `waiting`: a scheduled pull would change so much that its answers are kept for a person to confirm. */
export async function pull(run: Run, scope: PullScope, pushed: readonly Receipt[]): Promise<'done' | 'waiting'> {
  const { ports } = run
  await ports.transition('pulling')
  const rows = await ports.linked()
  const linked = distinct(rows.map((l) => l.recordId))
  const pushedIds = distinct(pushed.map((r) => r.recordId))
  const isPulling = run.pullable.size > 0
  const isWhole = isPulling && scope !== 'pushed'
  const changed =
    isWhole && scope === 'changed' && ports.cursor !== null ? await changedSince(run, ports.cursor, new Set(linked)) : undefined
  // Taken before anything is read, so that the next scheduled pull misses nothing. Without one there is no point to go on from: all is read.
  const next = changed?.next ?? (isWhole && (scope === 'changed' || ports.isScheduled) ? await pointInTime(run) : undefined)
  // What a lost answer, or an attempt that died, left to be read back is settled by now; it is pulled with the rest of what was pushed.
  const before = scope === 'pushed' ? (await ports.receiptsOfRun()).filter((r) => r.state === 'settled').map((r) => r.recordId) : []
  const wanted = distinct(isWhole ? (changed ? [...changed.ids, ...pushedIds] : linked) : [...pushedIds, ...before])
  // What the app's answer calls deleted is asked for by id as well before it is believed.
  const reading: Reading = { total: wanted.length, absent: [...(changed?.deleted ?? [])], moved: [], stamps: new Map() }
  const unread = (): number => {
    const absent = new Set(reading.absent)
    return wanted.filter((id) => absent.has(id)).length
  }
  if (changed === undefined) await readAndSettle(run, wanted, pushed, reading)
  else {
    await readAndSettle(run, pushedIds, pushed, reading)
    const isPushed = new Set(pushedIds)
    const answers = await readAll(
      run,
      wanted.filter((id) => !isPushed.has(id)),
      reading,
    )
    const size = await sizeOf(run, answers)
    if (size.rows > MASS_ROWS && size.rows > rows.length * MASS_SHARE) {
      const kept = {
        linked: rows.length,
        ...size,
        cursor: changed.next,
        at: ports.clock.now(),
        records: wanted.length - reading.absent.length,
      }
      await endPull(run, pushed, reading, {})
      await ports.keepWaiting(kept, answers, { pulled: answers.length }, { pulled: answers.length })
      return 'waiting'
    }
    for (const page of inParts(answers, SETTLE_RECORDS)) {
      reading.moved.push(...(await settleRecords(run, page, [], { pulled: page.length }, page.length)))
    }
  }
  await endPull(run, pushed, reading, {
    ...(isWhole && { latestPull: { at: ports.clock.now(), records: wanted.length - unread() } }),
    ...(next !== undefined && { cursor: next }),
  })
  if (isPulling && ports.filter !== '')
    await markMatches(run, changed ? distinct([...changed.ids, ...pushedIds]) : await movedInApp(run, reading), reading, changed?.told)
  return 'done'
}

/** Applies what a waiting run kept, now that a person has said yes: no call is made. */
export async function applyWaiting(run: Run, waiting: WaitingCounts): Promise<void> {
  const { ports } = run
  await ports.transition('reconciling')
  let after = ''
  for (;;) {
    const records = await ports.waitingRecords(after, APPLY_BATCH)
    const last = records.at(-1)
    if (last === undefined) break
    await settleRecords(run, records, [], {}, 0)
    after = last.id
    ports.progress({ step: 'reconciling', done: 0, total: waiting.records })
  }
  await ports.settle(() => ({ latestPull: { at: waiting.at, records: waiting.records }, cursor: waiting.cursor }))
}

/** Reads a batch, settles it, reads the next: memory stays that of one batch. */
async function readAndSettle(run: Run, ids: readonly string[], pushed: readonly Receipt[], reading: Reading): Promise<void> {
  const byRecord = Map.groupBy(pushed, (receipt) => receipt.recordId)
  for (const [done, batch] of inParts(ids, run.description.readBatch).entries()) {
    const receipts = batch.flatMap((id) => byRecord.get(id) ?? [])
    const answer = await readBatch(run, batch, receipts, done * run.description.readBatch, reading)
    for (const page of inParts(answer.records, SETTLE_RECORDS)) {
      const credits = run.pullable.size > 0 ? { pulled: page.length } : {}
      const mine = receipts.length === 0 ? [] : page.flatMap((record) => byRecord.get(record.id) ?? [])
      reading.moved.push(...(await settleRecords(run, page, mine, credits, page.length)))
    }
  }
}

async function readAll(run: Run, ids: readonly string[], reading: Reading): Promise<AppRecord[]> {
  const records: AppRecord[] = []
  for (const [done, batch] of inParts(ids, run.description.readBatch).entries()) {
    records.push(...(await readBatch(run, batch, [], done * run.description.readBatch, reading)).records)
  }
  return records
}

async function readBatch(run: Run, batch: readonly string[], receipts: readonly Receipt[], done: number, reading: Reading) {
  const { ports, signal } = run
  signal.throwIfAborted()
  ports.goOn()
  ports.progress({ step: 'pulling', done, total: reading.total })
  const answer = await readSettled(run, batch, receipts)
  reading.absent.push(...answer.absent)
  for (const { id, updated } of answer.records) reading.stamps.set(id, updated)
  return answer
}

/** What became of the pushed records that were not to be read, and what the whole pull leaves behind. */
async function endPull(run: Run, pushed: readonly Receipt[], { absent }: Reading, leaves: Settlement): Promise<void> {
  const { ports, signal } = run
  await ports.transition('reconciling')
  const gone = absent.length ? await ports.connector('pull').proveGone(absent, signal) : []
  const unread = pushed.filter((r) => absent.includes(r.recordId))
  const ended = unread.filter((r) => gone.includes(r.recordId))
  await ports.settle((view) => ({
    recordMarks: gone.flatMap((record) => goneMarks(view, ports, record)),
    receipts: ended.map((r) => ({ idempotencyKey: r.idempotencyKey, state: 'gone' })),
    credits: { pushed: distinctChanges(ended) },
    // Saved, and then not to be read: open until a later run can read them.
    counts: { pushed: ended.length, unknown: unread.length - ended.length },
    runCells: ended.map(goneLine),
    ...leaves,
  }))
}

/** Linked records changed since the cursor, in the filter or out of it: a record that left the filter has changed too. */
async function changedSince(
  run: Run,
  cursor: string,
  linked: ReadonlySet<string>,
): Promise<{ ids: string[]; deleted: string[]; next: string; told: Told }> {
  const { records, deleted = [], next } = await run.ports.connector('pull').changedSince(cursor, '', [], run.signal)
  const ofOurs = (ids: readonly string[]): string[] => distinct(ids).filter((id) => linked.has(id))
  return { ids: ofOurs(records.map((r) => r.id)), deleted: ofOurs(deleted), next, told: stampsOf(records) }
}

/** The records an app tells to have changed, with its stamp of each as its search knows it. */
type Told = ReadonlyMap<string, string>
const stampsOf = (records: readonly AppRecord[]): Told => new Map(records.map((r) => [r.id, r.updated]))

const pointInTime = async ({ ports, signal }: Run): Promise<string> =>
  (await ports.connector('pull').changedSince(null, '', [], signal)).next

/** How many rows and cells these answers would change. */
async function sizeOf(run: Run, records: readonly AppRecord[]): Promise<{ rows: number; cells: number }> {
  const size = { rows: 0, cells: 0 }
  if (records.length === 0) return size
  await run.ports.settle((view) => {
    for (const record of records) {
      for (const row of view.rowsOf(record.id)) {
        const cells = changedCells(run, view, row, record).length
        size.cells += cells
        if (cells > 0) size.rows++
      }
    }
    return {}
  })
  return size
}

function changedCells(run: Run, view: SheetView, row: RowId, record: AppRecord): readonly string[] {
  return [...run.externalOf].flatMap(([field, external]) =>
    run.pullable.has(field) && view.state(row, field).baseline !== heldValue(run, record, external) ? [field] : [],
  )
}

const heldValue = (run: Run, record: AppRecord, external: string) =>
  external === run.description.keyField ? record.key : appValue(run, record, external)

/**
 * Marks the rows whose records have left the connection's filter, and those that are back (V30). Only records that changed can have.
 * Asked in the app's own query language, so that what a filter means is the app's to say.
 */
async function markMatches(run: Run, candidates: readonly string[], reading: Reading, told: Told | undefined): Promise<void> {
  const { ports } = run
  if (candidates.length === 0) return
  const matching = await matchesAmong(run, candidates, reading, told)
  await ports.settle((view) => ({
    recordMarks: [...matching].flatMap(([record, isIn]) =>
      view.rowsOf(record).flatMap((row) => {
        if (view.isGone(row) || view.isUnmatched(row) === !isIn) return []
        const mark: AnnotationOf<'unmatched'> | undefined = isIn ? undefined : view.stamp({ kind: 'unmatched', record })
        return [{ row, connection: ports.setup.id, mark }]
      }),
    ),
  }))
}

/** A person's sync asks only about what the app itself had changed: what was merely pushed costs no further call. */
async function movedInApp({ ports }: Run, { moved }: Reading): Promise<readonly string[]> {
  if (moved.length === 0) return []
  const sent = await ports.receiptsOfRun()
  return moved.filter((id) => !sent.some((r) => r.recordId === id))
}

/**
 * Whether each of these records is in the filter; those that cannot be told are left out: where the filter holds more than is worth looking
 * through, and where the app's search does not know yet what was read (it comes again with the next scheduled pull).
 */
async function matchesAmong(
  { ports, signal }: Run,
  candidates: readonly string[],
  { stamps }: Reading,
  told: Told | undefined,
): Promise<ReadonlyMap<string, boolean>> {
  const connector = ports.connector('pull')
  if (ports.cursor !== null) {
    const { records } = await connector.changedSince(ports.cursor, ports.filter, [], signal)
    const inFilter = stampsOf(records)
    if (candidates.every((id) => inFilter.has(id))) return new Map(candidates.map((id) => [id, true]))
    const known = told ?? stampsOf((await connector.changedSince(ports.cursor, '', [], signal)).records)
    return new Map(
      candidates
        .filter((id) => inFilter.has(id) || (known.has(id) && known.get(id) === stamps.get(id)))
        .map((id) => [id, inFilter.has(id)]),
    )
  }
  const found = new Set<string>()
  let cursor: string | null = null
  for (let page = 0; page < MATCH_PAGES; page++) {
    const answer = await connector.list(ports.filter, [], cursor, signal)
    for (const { id } of answer.records) found.add(id)
    cursor = answer.next
    if (cursor === null || candidates.every((id) => found.has(id))) return new Map(candidates.map((id) => [id, found.has(id)]))
    ports.goOn()
  }
  return new Map()
}

/** A read for the pull. Where a pushed cell still shows its old value, the app may lag: it is read once more first (CELLS 8). */
async function readSettled(run: Run, ids: readonly string[], pushed: readonly Receipt[]) {
  const { ports, signal, description } = run
  const fields = askedFields(run)
  const reader = ports.connector('pull')
  const answer = await reader.read(ids, fields, signal)
  const sent = Map.groupBy(pushed, (r) => r.recordId)
  const lagging = answer.records.filter((record) =>
    sent.get(record.id)?.some((r) => r.sent !== r.base && appValue(run, record, r.external) === r.base),
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

/**
 * Reconciles every cell of the rows that hold these records, closes the receipts of what was pushed, and charges; one commit.
 * Gives the records whose values here changed. `pulled`: how many of them this run counts as read.
 */
async function settleRecords(
  run: Run,
  records: readonly AppRecord[],
  pushed: readonly Receipt[],
  credits: Settlement['credits'],
  pulled: number,
): Promise<readonly string[]> {
  const { ports } = run
  const moved = new Set<string>()
  await ports.settle((view) => {
    const cells: ReconciledField[] = []
    const closed: Receipt[] = []
    for (const record of records) {
      const before = cells.length
      for (const row of view.rowsOf(record.id)) cells.push(...reconcileRow(run, view, row, record, pushed))
      if (cells.slice(before).some((c) => c.isChanged)) moved.add(record.id)
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
      refreshed: records.map((r) => r.id),
      credits: { ...credits, pushed: distinctChanges(closed) },
      counts: {
        pulled,
        pushed: closed.length,
        changed: cells.filter((c) => c.isChanged).length,
        differs: newMarks(view, merged.cells, 'differs'),
        conflicts: newMarks(view, merged.cells, 'conflict'),
      },
      runCells: cells.flatMap((c) => (c.line ? [c.line] : [])),
    }
  })
  return [...moved]
}

function reconcileRow(run: Run, view: SheetView, row: RowId, record: AppRecord, pushed: readonly Receipt[]): ReconciledField[] {
  const cells: ReconciledField[] = []
  for (const [field, external] of run.externalOf) {
    const receipt = pushed.find((r) => r.row === row && r.field === field)
    if (receipt === undefined && !run.pullable.has(field)) continue
    cells.push(reconcileField(run, view, { row, field, external }, record, receipt))
  }
  return cells
}

/** What one answer of the app makes of one cell, with its line of the run's log. */
export interface ReconciledField {
  readonly writes: Settlement
  /** The app holds another value than was known here, and not because of this run. */
  readonly isChanged: boolean
  readonly line?: RunCell
}

export function reconcileField(
  run: Run,
  view: SheetView,
  { row, field, external }: { readonly row: RowId; readonly field: FieldId; readonly external: string },
  record: AppRecord,
  receipt?: Receipt,
): ReconciledField {
  const found = heldValue(run, record, external)
  const before = view.state(row, field).baseline
  const writes = reconciled(view, { row, field }, found, receipt && landed(run, receipt), record)
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
          note: unmappedNote(run, external, record),
          author: '',
        }
      : undefined
  return { writes, isChanged, ...(line && { line }) }
}

/** Says that a value came as it is because the field's value map does not name it. */
function unmappedNote({ valueMaps, ports }: Run, external: string, record: AppRecord): string | null {
  const map = valueMaps.get(external)
  const value = record.values[external] ?? null
  if (map === undefined || value === null || map.some((pair) => pair.app === value)) return null
  return `The value map has no name for ${ports.setup.appName}’s ${JSON.stringify(value)}; it came as it is.`
}

/** How many cells get a mark of this kind that they did not have. */
export const newMarks = (view: SheetView, cells: Settlement['cells'], kind: keyof Marks): number =>
  (cells ?? []).filter((c) => c.marks[kind] !== undefined && c.marks[kind]?.id !== view.state(c.row, c.field).marks[kind]?.id).length
