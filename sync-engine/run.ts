import type { AnnotationOf, Marks } from '../workbook/annotations.ts'
import { type CellValue, emptyToNull } from '../workbook/cell-value.ts'
import type { FieldId, RowId } from '../workbook/ids.ts'
import type { AppRecord, ObjectDescription, PlannedCall, PushOutcome } from './connectors/connector.ts'
import { effectiveDirection } from './direction.ts'
import { type DeltaCell, type HeldCell, type Plan, type PushCell, planCallsOf, planSync, type RunMode, recordDeltas } from './plan.ts'
import {
  type EnginePorts,
  type FrozenPlan,
  OPEN_RECEIPT_STATES,
  type Receipt,
  type RunCell,
  type RunOrder,
  type Settlement,
  type SheetView,
} from './ports.ts'
import { type LandedPush, reconcileCell } from './reconcile.ts'
import { SyncError } from './sync-error.ts'

/** Most rounds of pushing in one run: the first, and one for what was proven not to have landed. */
const PUSH_ROUNDS = 2

/** How long a run waits before it looks again at a pushed value that reads as before. */
const LONGEST_SECOND_LOOK_MS = 2_000

/** How a run ended by itself: `partial` where something it should have sent was refused or is still unknown. */
export type RunEnd = 'settled' | 'partial'

interface Run {
  readonly ports: EnginePorts
  readonly signal: AbortSignal
  readonly description: ObjectDescription
  /** External field of each workbook field of the connection. */
  readonly externalOf: ReadonlyMap<FieldId, string>
  readonly pullable: ReadonlySet<FieldId>
}

/**
 * One run of one connection: the main path.
 *
 * Always in this order: what earlier runs left open is settled by reading; then plan, check, push, pull with reconcile. Each effect is
 * preceded by its intent on disk and followed by its receipt, so that a crash anywhere leaves something the next run can read back.
 *
 * @throws SyncError when it cannot go on; everything done until then stands in its receipts.
 */
export async function runOrder(order: RunOrder, ports: EnginePorts, signal: AbortSignal): Promise<RunEnd> {
  if (!ports.setup.isOn) throw new SyncError('paused', `${ports.setup.appName} is switched off.`)
  const run = await prepare(order, ports, signal)
  await settleOpenReceipts(run)
  switch (order.kind) {
    case 'sync':
      return sync(run, order.mode, order.trigger, order.frozen)
    case 'import':
      return importRecords(run, order.filter)
    case 'link':
      await answerLinkRequests(run)
      return link(run, order.links)
    case 'fill':
      return fill(run)
    case 'refresh':
      return 'settled'
  }
}

async function prepare(order: RunOrder, ports: EnginePorts, signal: AbortSignal): Promise<Run> {
  let { description } = ports
  if (order.kind === 'refresh' || description === undefined) {
    await ports.transition('refreshing')
    const before = description
    description = await ports.connector('refresh').describe(signal)
    await ports.describe(description)
    const open = before === undefined ? [] : await refusedUnderOtherOptions(ports, before, description)
    await ports.settle((view) => ({ credits: { refreshed: 1 }, cells: open.flatMap((cell) => withoutRefusal(view, cell)) }))
  }
  const { fields, isOn, objectDirection } = ports.setup
  const pullable = fields.filter((f) => effectiveDirection(isOn, objectDirection, f.direction).canPull)
  return {
    ports,
    signal,
    description,
    externalOf: new Map(fields.map((f) => [f.field, f.external])),
    pullable: new Set(pullable.map((f) => f.field)),
  }
}

/** Refused cells of fields whose options are others now: their values may be sent again (CELLS 14). */
async function refusedUnderOtherOptions(
  ports: EnginePorts,
  before: ObjectDescription,
  now: ObjectDescription,
): Promise<readonly DeltaCell[]> {
  const optionsIn = (description: ObjectDescription, external: string): string =>
    JSON.stringify(description.fields.find((f) => f.id === external)?.options ?? [])
  const changed = ports.setup.fields.filter((f) => optionsIn(before, f.external) !== optionsIn(now, f.external)).map((f) => f.field)
  return changed.length === 0
    ? []
    : (await ports.delta()).filter((cell) => cell.marks.refused !== undefined && changed.includes(cell.field))
}

function withoutRefusal(view: SheetView, { row, field, marks }: DeltaCell): NonNullable<Settlement['cells']> {
  const state = view.state(row, field)
  if (state.marks.refused?.id !== marks.refused?.id) return []
  return [{ row, field, entry: { kind: 'keep' }, marks: { ...state.marks, refused: undefined } }]
}

async function sync(run: Run, mode: RunMode, trigger: 'person' | 'schedule', frozen: FrozenPlan | undefined): Promise<RunEnd> {
  const { ports } = run
  await answerLinkRequests(run)
  const pushed: Receipt[] = []
  let isPartial = false
  if (mode === 'two-way') {
    await ports.transition('planning')
    const plan = await makePlan(run, frozen)
    try {
      await settleHeld(run, plan)
      const cells = await check(run, plan.push)
      const pushing = await push(run, cells)
      pushed.push(...pushing.saved)
      isPartial = pushing.isPartial
      await pull(run, trigger, pushed)
    } catch (error) {
      await balanceReceipt(run, error)
      throw error
    }
    return isPartial ? 'partial' : 'settled'
  }
  await pull(run, trigger, pushed)
  return 'settled'
}

/** A run that ends early says of each planned cell what became of it: sent and not read back yet, or not sent. */
async function balanceReceipt({ ports }: Run, error: unknown): Promise<void> {
  if (error instanceof SyncError && (error.code === 'lease-lost' || error.code === 'commit-failed')) return
  const open = (await ports.receiptsOfRun()).filter((r) => OPEN_RECEIPT_STATES.includes(r.state))
  const { planned, pushed, refused, skipped, unknown } = ports.counts
  const left = planned - pushed - refused - skipped - unknown
  const owed = Math.min(left, Math.max(0, open.length - unknown))
  await ports.settle(() => ({ counts: { unknown: owed, skipped: left - owed } }))
}

// Plan -----------------------------------------------------------------------------------------------------------------------------------

/** The setup a frozen plan must still find: directions, rights, mappings. */
export function setupFingerprint(setup: EnginePorts['setup'], description: ObjectDescription): string {
  const writable = description.fields.map((f) => [f.id, f.writable === true])
  return JSON.stringify([setup.isOn, setup.objectDirection, setup.onConflict, setup.fields, writable])
}

async function makePlan({ ports, description }: Run, frozen: FrozenPlan | undefined): Promise<Plan> {
  const { setup } = ports
  const linked = await ports.linked()
  const delta = await ports.delta()
  const plan = planSync({ setup, description, mode: 'two-way', delta, linkedRecords: new Set(linked.map((l) => l.recordId)).size })
  if (frozen === undefined) {
    await ports.settle(() => ({ counts: { planned: plan.push.length, held: plan.held.length } }))
    return plan
  }
  if (frozen.setup !== setupFingerprint(setup, description)) {
    throw new SyncError('plan-changed', 'A direction, a right or a mapping changed since the preview. Nothing was sent.')
  }
  const done = await ports.receiptsOfRun()
  const cells = frozen.cells.filter((f) => !done.some((r) => r.row === f.row && r.field === f.field && r.item === f.item))
  const same = (a: FrozenPlan['cells'][number], b: PushCell): boolean =>
    a.row === b.row && a.field === b.field && a.item === b.item && a.baseline === b.baseline && a.sent === b.sent
  const push = plan.push.filter((cell) => frozen.cells.some((f) => same(f, cell)))
  const movedOn = cells.filter((f) => !push.some((cell) => same(f, cell)))
  await ports.settle(() => ({
    counts: { planned: push.length + movedOn.length, skipped: movedOn.length, held: plan.held.length },
    runCells: movedOn.map((f) => movedOnLine(f, delta)),
  }))
  return { ...plan, push }
}

function movedOnLine(frozen: FrozenPlan['cells'][number], delta: readonly DeltaCell[]): RunCell {
  const today = delta.find((d) => d.row === frozen.row && d.field === frozen.field)
  return {
    row: frozen.row,
    field: frozen.field,
    recordId: today?.recordId ?? '',
    recordKey: today?.recordKey ?? '',
    base: frozen.baseline,
    value: frozen.sent,
    got: today?.value ?? null,
    outcome: 'moved-on',
    note: 'Changed since the preview; it stays staged for the next sync.',
    author: today?.author ?? '',
  }
}

/** Marks what the plan itself stopped: values that are no option (C14), and two rows that want different values of one record. */
async function settleHeld({ ports }: Run, plan: Plan): Promise<void> {
  const own = plan.held.filter((h) => h.reason === 'not-an-option' || h.reason === 'linked-twice')
  if (plan.held.length === 0) return
  await ports.settle((view) => ({
    cells: own.flatMap((held) => heldMark(view, held)),
    runCells: plan.held.map(({ cell, text }) => ({ ...lineOf(cell), got: null, outcome: 'held' as const, note: text })),
  }))
}

function heldMark(view: SheetView, { cell, reason, text, nearest }: HeldCell): NonNullable<Settlement['cells']> {
  const state = view.state(cell.row, cell.field)
  if (state.live?.item !== cell.item) return []
  const { marks } = state
  if (reason === 'not-an-option') {
    if (marks.refused?.value === cell.value) return []
    const refused = view.stamp<'refused'>({ kind: 'refused', value: cell.value, reason: text, ...(nearest !== undefined && { nearest }) })
    return [{ row: cell.row, field: cell.field, entry: { kind: 'keep' }, marks: { ...marks, refused } }]
  }
  if (marks.conflict !== undefined) return []
  const conflict = view.stamp<'conflict'>({
    kind: 'conflict',
    base: cell.base,
    yours: cell.value,
    theirs: state.baseline,
    by: cell.author,
    cause: 'linked-twice',
  })
  return [{ row: cell.row, field: cell.field, entry: { kind: 'keep' }, marks: { ...marks, conflict } }]
}

const lineOf = (cell: DeltaCell): Pick<RunCell, 'row' | 'field' | 'recordId' | 'recordKey' | 'base' | 'value' | 'author'> => ({
  row: cell.row,
  field: cell.field,
  recordId: cell.recordId,
  recordKey: cell.recordKey,
  base: cell.base,
  value: cell.value,
  author: cell.author,
})

// Check ----------------------------------------------------------------------------------------------------------------------------------

/** Reads what is about to be overwritten (B1) and leaves out what must not go: changed there, there already, or gone (CELLS 12, 13, 18). */
async function check(run: Run, cells: readonly PushCell[]): Promise<readonly PushCell[]> {
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
    const found = record && appValue(record, cell.external)
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

// Push -----------------------------------------------------------------------------------------------------------------------------------

interface Pushing {
  readonly saved: readonly Receipt[]
  readonly isPartial: boolean
}

async function push(run: Run, cells: readonly PushCell[]): Promise<Pushing> {
  const saved: Receipt[] = []
  let isPartial = false
  let todo = cells
  for (let round = 1; round <= PUSH_ROUNDS && todo.length > 0; round++) {
    if (round === 1) await run.ports.transition('pushing')
    const sent = await pushRound(run, todo)
    saved.push(...sent.saved)
    isPartial ||= sent.refused > 0
    if (sent.unknown.length === 0) return { saved, isPartial }
    const { notLanded, open } = await resolveReceipts(run, sent.unknown, 'this-run')
    todo = round < PUSH_ROUNDS ? await planAgain(run, notLanded) : []
    isPartial ||= open.length > 0 || todo.length < notLanded.length
    const skipped = notLanded.length - todo.length
    await run.ports.settle(() => ({ counts: { unknown: open.length, skipped } }))
  }
  return { saved, isPartial }
}

/** What did not land is planned anew from today's entries (CELLS 15). */
async function planAgain(run: Run, notLanded: readonly Receipt[]): Promise<readonly PushCell[]> {
  if (notLanded.length === 0) return []
  const { ports, description } = run
  const delta = await ports.delta()
  const again = delta.filter((d) => notLanded.some((r) => r.row === d.row && r.field === d.field))
  return planSync({ setup: ports.setup, description, mode: 'two-way', delta: again, linkedRecords: 0 }).push
}

async function pushRound(run: Run, cells: readonly PushCell[]): Promise<{ saved: Receipt[]; unknown: Receipt[]; refused: number }> {
  const { ports, signal, description } = run
  const calls: PlannedCall[] = [...planCallsOf(description, recordDeltas(cells))]
  const byRecord = Map.groupBy(cells, (cell) => cell.recordId)
  const saved: Receipt[] = []
  const unknown: Receipt[] = []
  let refused = 0
  for (let done = 0; done < calls.length; done++) {
    signal.throwIfAborted()
    const call = calls[done] as PlannedCall
    ports.progress({ step: 'pushing', done, total: calls.length })
    const intents = intentsOf(ports, call, byRecord)
    await ports.recordIntents(intents)
    for (const outcome of await sendCall(run, call, intents)) {
      const mine = intents.filter((r) => r.recordId === outcome.recordId)
      if (outcome.kind === 'saved') saved.push(...(await noteSaved(run, mine, outcome.record)))
      else if (outcome.kind === 'outcome-unknown') unknown.push(...(await noteUnknown(run, mine, outcome.reason)))
      else if (outcome.kind === 'gone') await noteGone(run, mine)
      else {
        const left = await noteRefused(run, mine, outcome)
        refused += mine.length - left.length
        // One bad field refuses the whole record: the rest goes again without it.
        if (left.length > 0 && left.length < mine.length) {
          const rest = cells.filter((c) => left.some((r) => r.row === c.row && r.field === c.field))
          calls.push(...planCallsOf(description, recordDeltas(rest)))
        }
      }
    }
  }
  return { saved, unknown, refused }
}

/** @throws SyncError after noting that nothing of this call was saved. */
async function sendCall({ ports, signal }: Run, call: PlannedCall, intents: readonly Receipt[]): Promise<readonly PushOutcome[]> {
  try {
    return await ports.connector('write').update(call, signal)
  } catch (error) {
    if (error instanceof SyncError)
      await ports.recordAnswers(intents.map((r) => ({ idempotencyKey: r.idempotencyKey, state: 'not-landed' })))
    throw error
  }
}

function intentsOf({ setup }: EnginePorts, call: PlannedCall, byRecord: ReadonlyMap<string, readonly PushCell[]>): Receipt[] {
  const cells = call.deltas.flatMap(({ recordId, changes }) =>
    (byRecord.get(recordId) ?? []).filter((cell) => changes.some((change) => change.field === cell.external)),
  )
  return cells.map((cell) => ({
    idempotencyKey: `${setup.id}:${cell.row}:${cell.field}:${cell.item}`,
    row: cell.row,
    field: cell.field,
    external: cell.external,
    recordId: cell.recordId,
    recordKey: cell.recordKey,
    sent: cell.sent,
    base: cell.base,
    item: cell.item,
    author: cell.author,
    state: 'sent',
  }))
}

async function noteSaved({ ports }: Run, mine: readonly Receipt[], record: AppRecord | undefined): Promise<Receipt[]> {
  const saved = mine.map((receipt): Receipt => {
    const answered = record && receipt.external in record.values ? appValue(record, receipt.external) : undefined
    return { ...receipt, state: 'saved', ...(answered !== undefined && { answered }) }
  })
  await ports.recordAnswers(
    saved.map(({ idempotencyKey, state, answered }) => ({ idempotencyKey, state, ...(answered !== undefined && { answered }) })),
  )
  return saved
}

async function noteUnknown({ ports }: Run, mine: readonly Receipt[], reason: string): Promise<Receipt[]> {
  ports.progress({ step: 'pushing', done: 0, total: 0, note: `No answer (${reason}). Checking whether it was saved before trying again.` })
  await ports.recordAnswers(mine.map((r) => ({ idempotencyKey: r.idempotencyKey, state: 'unknown' })))
  return mine.map((r) => ({ ...r, state: 'unknown' }))
}

async function noteGone(run: Run, mine: readonly Receipt[]): Promise<void> {
  const { ports, signal } = run
  const proven = await ports.connector('read-back').proveGone(distinct(mine.map((r) => r.recordId)), signal)
  await ports.settle((view) => ({
    recordMarks: proven.flatMap((record) => goneMarks(view, ports, record)),
    receipts: mine.map((r) => ({ idempotencyKey: r.idempotencyKey, state: 'gone' })),
    counts: { skipped: mine.length },
    runCells: mine.map((r) => ({ ...receiptLine(r), got: null, outcome: 'held', note: 'The record was deleted.' })),
  }))
}

/** Marks the refused cells and returns the receipts that were refused only because of their neighbours. */
async function noteRefused(
  { ports }: Run,
  mine: readonly Receipt[],
  outcome: PushOutcome & { kind: 'refused' },
): Promise<readonly Receipt[]> {
  const reasonOf = (r: Receipt) => outcome.refusals.find((x) => x.field === r.external)
  const named = mine.filter((r) => reasonOf(r) !== undefined)
  const refused = named.length > 0 ? named : mine
  const left = mine.filter((r) => !refused.includes(r))
  await ports.settle((view) => ({
    cells: refused.flatMap((r) => {
      const state = view.state(r.row, r.field)
      // A refusal that arrives after something else was typed is only logged (CELLS 35).
      if (state.live?.item !== r.item) return []
      const refusal = reasonOf(r) ?? outcome.refusals[0]
      const mark = view.stamp<'refused'>({
        kind: 'refused',
        value: state.live.value,
        reason: refusal?.reason ?? 'The app did not say why.',
        ...(refusal?.nearest !== undefined && { nearest: refusal.nearest }),
      })
      return [{ row: r.row, field: r.field, entry: { kind: 'keep' as const }, marks: { ...state.marks, refused: mark } }]
    }),
    receipts: [
      ...refused.map((r) => ({ idempotencyKey: r.idempotencyKey, state: 'refused' as const })),
      ...left.map((r) => ({ idempotencyKey: r.idempotencyKey, state: 'not-landed' as const })),
    ],
    counts: { refused: refused.length },
    runCells: refused.map((r) => ({
      ...receiptLine(r),
      got: null,
      outcome: 'refused',
      note: (reasonOf(r) ?? outcome.refusals[0])?.reason ?? null,
    })),
  }))
  return left
}

const receiptLine = (r: Receipt): Pick<RunCell, 'row' | 'field' | 'recordId' | 'recordKey' | 'base' | 'value' | 'author'> => ({
  row: r.row,
  field: r.field,
  recordId: r.recordId,
  recordKey: r.recordKey,
  base: r.base,
  value: r.sent,
  author: r.author,
})

// Receipts -------------------------------------------------------------------------------------------------------------------------------

async function settleOpenReceipts(run: Run): Promise<void> {
  const open = await run.ports.openReceipts()
  if (open.length > 0) await resolveReceipts(run, open, 'earlier-run')
}

/**
 * Reads back what was sent without a settled answer (CELLS 15): landed → settled like any push; the old value → not landed; anything else
 * is a conflict that says so. A record that cannot be read leaves its receipts open.
 */
async function resolveReceipts(
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
  const skipped = sorted.lost.length + sorted.gone.length
  await ports.settle((view) => ({
    ...mergeWrites([
      ...sorted.landed.map((r) => {
        const record = byId.get(r.recordId)
        return record ? reconciled(view, r, appValue(record, r.external), landed(run, r)) : {}
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
    credits: { pushed: distinctChanges(sorted.landed) },
    counts: {
      // What an earlier run sent was planned there; here it is counted where it ends, so that this receipt balances too.
      planned: sentBy === 'earlier-run' ? sorted.landed.length + skipped : 0,
      pushed: sorted.landed.length,
      skipped,
      conflicts: sorted.lost.length,
    },
    runCells: [
      ...sorted.landed.map((r) => ({
        ...receiptLine(r),
        got: foundOf(byId, r),
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
        got: foundOf(byId, r),
        outcome: 'held' as const,
        note: 'Sent, answer lost; the app now holds another value.',
      })),
    ],
  }))
  return { notLanded: sorted.notLanded, open: sorted.open }
}

const foundOf = (byId: ReadonlyMap<string, AppRecord>, r: Receipt): CellValue => {
  const record = byId.get(r.recordId)
  return record ? appValue(record, r.external) : null
}

function fateOf(
  run: Run,
  receipt: Receipt,
  record: AppRecord | undefined,
  gone: readonly string[],
): 'landed' | 'notLanded' | 'lost' | 'gone' | 'open' {
  if (record === undefined) return gone.includes(receipt.recordId) ? 'gone' : 'open'
  const found = appValue(record, receipt.external)
  if (receipt.state === 'saved' || found === receipt.sent || knownFormsOf(run, receipt).includes(found)) return 'landed'
  return found === receipt.base ? 'notLanded' : 'lost'
}

/** Sent, no answer, and the app holds neither value: a person must say what is meant. */
function lostWrites(run: Run, view: SheetView, r: Receipt, record: AppRecord | undefined): Settlement {
  const state = view.state(r.row, r.field)
  const { live } = state
  if (record === undefined || live === undefined || live.value === live.base) return {}
  const theirs = appValue(record, r.external)
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

const knownFormsOf = ({ ports }: Run, r: Receipt): readonly CellValue[] => [
  emptyToNull(ports.connector('read-back').normalise(r.external, r.sent)),
  ...(r.answered === undefined ? [] : [r.answered]),
]

const landed = (run: Run, r: Receipt): LandedPush => ({
  value: r.sent,
  item: r.item,
  base: r.base,
  author: r.author,
  knownForms: knownFormsOf(run, r),
})

// Pull -----------------------------------------------------------------------------------------------------------------------------------

async function pull(run: Run, trigger: 'person' | 'schedule', pushed: readonly Receipt[]): Promise<void> {
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

/** The writes that reconcile one cell with what the app holds; empty where nothing changes. */
function reconciled(
  view: SheetView,
  { row, field }: { row: RowId; field: FieldId },
  pulled: CellValue,
  push: LandedPush | undefined,
): Settlement {
  const state = { ...view.state(row, field), isConnected: true }
  const relation = push ? view.relationTo(row, field, push.item) : state.live ? 'unseen' : 'none'
  const result = reconcileCell({ state, pulled, pushed: push, relation, acceptedKinds: view.acceptedKinds(field) }, view.stamp)
  const isMarked = !sameIds(state.marks, result.marks)
  return {
    rows: state.baseline === pulled ? [] : [{ row, values: new Map([[field, pulled]]) }],
    cells: result.entry.kind === 'keep' && !isMarked ? [] : [{ row, field, entry: result.entry, marks: result.marks }],
    settled: result.settled ? [{ row, field, push: result.settled }] : [],
  }
}

const sameIds = (a: Marks, b: Marks): boolean =>
  a.differs?.id === b.differs?.id &&
  a.conflict?.id === b.conflict?.id &&
  a.concurrent?.id === b.concurrent?.id &&
  a.refused?.id === b.refused?.id

/** How many cells get a mark of this kind that they did not have. */
const newMarks = (view: SheetView, cells: Settlement['cells'], kind: keyof Marks): number =>
  (cells ?? []).filter((c) => c.marks[kind] !== undefined && c.marks[kind]?.id !== view.state(c.row, c.field).marks[kind]?.id).length

// Link, import, fill ---------------------------------------------------------------------------------------------------------------------

/** Ties rows to records and fills them (V17); entries that stood there already are judged like any other (CELLS 27). */
async function link(run: Run, links: readonly { row: RowId | null; recordId: string }[]): Promise<RunEnd> {
  const { ports, signal, description } = run
  await ports.transition('pulling')
  let isPartial = false
  for (let start = 0; start < links.length; start += description.readBatch) {
    const batch = links.slice(start, start + description.readBatch)
    const { records } = await ports.connector('pull').read(distinct(batch.map((l) => l.recordId)), askedFields(run), signal)
    isPartial ||= records.length < distinct(batch.map((l) => l.recordId)).length
    await settleLinks(run, batch, records)
  }
  return isPartial ? 'partial' : 'settled'
}

async function settleLinks(
  run: Run,
  links: readonly { row: RowId | null; recordId: string; request?: string }[],
  records: readonly AppRecord[],
): Promise<void> {
  const { ports } = run
  await ports.settle((view) => {
    const writes: Settlement[] = []
    const newlyLinked: AppRecord[] = []
    let created = 0
    for (const { row: asked, recordId, request } of links) {
      const record = records.find((r) => r.id === recordId)
      if (record === undefined) continue
      const holders = view.rowsOf(recordId)
      // A request made offline may tie a second row to a record (CELLS 28, 29); here, with the sheet before us, the row there is keeps it.
      if (holders.length > 0 && (asked === null || holders.includes(asked) || request === undefined)) {
        writes.push({ restored: holders.filter((row) => view.isDeleted(row)) })
        continue
      }
      const row = asked ?? view.newRowFor(recordId)
      if (asked === null) created++
      writes.push(filledRow(run, view, row, record))
      newlyLinked.push(record)
    }
    return {
      ...mergeWrites(writes),
      answeredLinks: links.flatMap((l) => (l.request === undefined ? [] : [l.request])),
      people: peopleOf(run, newlyLinked),
      credits: { linked: newlyLinked.length },
      counts: { linked: newlyLinked.length, created },
    }
  })
}

/** A row newly tied to a record: the tie and every connected field, whatever the field's direction, in one packed row. */
function filledRow(run: Run, view: SheetView, row: RowId, record: AppRecord): Settlement {
  const values = new Map<FieldId, CellValue>()
  const parts: Settlement[] = []
  for (const [field, external] of run.externalOf) {
    const found = external === run.description.keyField ? record.key : appValue(record, external)
    values.set(field, found)
    parts.push({ cells: reconciled(view, { row, field }, found, undefined).cells ?? [] })
  }
  return {
    ...mergeWrites(parts),
    rows: [{ row, records: { [run.ports.setup.id]: record.id }, values }],
    recordMarks: [{ row, connection: run.ports.setup.id, mark: undefined }],
  }
}

/** Link requests that people wrote, perhaps offline: one search run a read call, then as any link. */
async function answerLinkRequests(run: Run): Promise<void> {
  const { ports, signal, description } = run
  const requests = await ports.linkRequests()
  if (requests.length === 0) return
  const unlink = requests.filter((r) => r.recordKey === null)
  if (unlink.length > 0) {
    await ports.settle(() => ({
      rows: unlink.map(({ row }) => ({ row, records: { [ports.setup.id]: null }, values: new Map() })),
      answeredLinks: unlink.map((r) => r.key),
    }))
  }
  const keys = distinct(requests.flatMap((r) => (r.recordKey === null ? [] : [r.recordKey])))
  for (let start = 0; start < keys.length; start += description.readBatch) {
    const batch = keys.slice(start, start + description.readBatch)
    const hits = await ports.connector('search').findByKeys(batch, signal)
    const found = new Set(hits.map((hit) => hit.key.toUpperCase()))
    const missing = requests.filter((r) => r.recordKey !== null && batch.includes(r.recordKey) && !found.has(r.recordKey.toUpperCase()))
    await ports.settle((view) => ({ credits: { searched: 1 }, ...unknownKeys(run, view, missing) }))
    const links = requests.flatMap((r) => {
      const found = hits.find((h) => h.key.toUpperCase() === r.recordKey?.toUpperCase())
      return found ? [{ row: r.row, recordId: found.id, request: r.key }] : []
    })
    if (links.length === 0) continue
    const { records } = await ports.connector('pull').read(distinct(links.map((l) => l.recordId)), askedFields(run), signal)
    await settleLinks(run, links, records)
  }
}

/** A key that no record has: said on the row's connection field, once, instead of being searched for (and paid) at every sync. */
function unknownKeys(run: Run, view: SheetView, requests: readonly { key: string; row: RowId; recordKey: string | null }[]): Settlement {
  const keyField = [...run.externalOf].find(([, external]) => external === run.description.keyField)?.[0]
  if (keyField === undefined || requests.length === 0) return {}
  return {
    answeredLinks: requests.map((r) => r.key),
    cells: requests.map(({ row, recordKey }) => {
      const reason = `There is no ${recordKey} in ${run.ports.setup.appName}, or this account may not see it.`
      const refused = view.stamp<'refused'>({ kind: 'refused', value: recordKey, reason })
      return { row, field: keyField, entry: { kind: 'keep' as const }, marks: { refused } }
    }),
  }
}

/** Brings in what the app's own query finds; a record that is here already is not made twice, its deleted row comes back. */
async function importRecords(run: Run, filter: string): Promise<RunEnd> {
  const { ports, signal } = run
  await ports.transition('pulling')
  let cursor: string | null = null
  let done = 0
  do {
    signal.throwIfAborted()
    const page = await ports.connector('pull').list(filter, askedFields(run), cursor, signal)
    await settleLinks(
      run,
      page.records.map((r) => ({ row: null, recordId: r.id })),
      page.records,
    )
    done += page.records.length
    ports.progress({ step: 'pulling', done, total: done })
    cursor = page.next
  } while (cursor !== null)
  const at = ports.clock.now()
  await ports.settle(() => ({ latestPull: { at, records: done } }))
  return 'settled'
}

/** Fills fields that were added to a connection: a pull of every linked record (V12–V16). */
async function fill(run: Run): Promise<RunEnd> {
  await pull(run, 'person', [])
  return 'settled'
}

// Small helpers --------------------------------------------------------------------------------------------------------------------------

const appValue = (record: AppRecord, external: string): CellValue => emptyToNull(record.values[external] ?? null)

/** The external fields of the connection; a record's key comes with every record. */
const askedFields = (run: Run): string[] => distinct([...run.externalOf.values()]).filter((f) => f !== run.description.keyField)

const distinct = <T>(values: readonly T[]): T[] => [...new Set(values)]

/** Two rows that hold one record and agree are one change, and one credit (CELLS 28). */
const distinctChanges = (receipts: readonly Receipt[]): number => new Set(receipts.map((r) => `${r.recordId}\u0000${r.external}`)).size

function goneMarks(view: SheetView, { setup, clock }: EnginePorts, record: string): NonNullable<Settlement['recordMarks']> {
  return view.rowsOf(record).flatMap((row) => {
    if (view.isGone(row)) return []
    const mark: AnnotationOf<'gone'> = { ...view.stamp<'gone'>({ kind: 'gone', record }), at: clock.now() }
    return [{ row, connection: setup.id, mark }]
  })
}

function peopleOf(run: Run, records: readonly AppRecord[]): ReadonlyMap<FieldId, Readonly<Record<string, string>>> {
  const types = new Map(run.description.fields.map((f) => [f.id, f.type]))
  const names: Record<string, string> = Object.assign({}, ...records.map((r) => r.people ?? {}))
  if (Object.keys(names).length === 0) return new Map()
  return new Map([...run.externalOf].filter(([, external]) => types.get(external) === 'person').map(([field]) => [field, names]))
}

/** Puts the writes of several cells together; a row's values become one packed row. */
function mergeWrites(parts: readonly Settlement[]): Pick<Settlement, 'rows' | 'cells' | 'settled' | 'restored' | 'recordMarks'> {
  const rows = new Map<RowId, { row: RowId; records: Record<string, string | null>; values: Map<FieldId, CellValue> }>()
  for (const { row, records, values } of parts.flatMap((p) => p.rows ?? [])) {
    const merged = rows.get(row) ?? { row, records: {}, values: new Map<FieldId, CellValue>() }
    Object.assign(merged.records, records)
    for (const [field, value] of values) merged.values.set(field, value)
    rows.set(row, merged)
  }
  return {
    rows: [...rows.values()],
    cells: parts.flatMap((p) => p.cells ?? []),
    settled: parts.flatMap((p) => p.settled ?? []),
    restored: parts.flatMap((p) => p.restored ?? []),
    recordMarks: parts.flatMap((p) => p.recordMarks ?? []),
  }
}
