import { check } from './check.ts'
import type { PlannedCall, PushOutcome } from './connectors/connector.ts'
import { type PushCell, planCallsOf, planSync, recordDeltas } from './plan.ts'
import type { EnginePorts, Receipt } from './ports.ts'
import type { PullScope } from './pull.ts'
import { resolveReceipts } from './receipts.ts'
import { appValue, distinct, goneMarks, type Run, receiptLine } from './run-context.ts'
import { SyncError } from './sync-error.ts'
import { toWorkbook } from './value-map.ts'

/** Most rounds of pushing in one run: the first, and one for what was proven not to have landed. */
const PUSH_ROUNDS = 2

interface Pushing {
  readonly saved: readonly Receipt[]
  readonly isPartial: boolean
}

/** From the look at a record to the last write of it, no other connection of the same object writes there. */
export async function checkAndPush(run: Run, cells: readonly PushCell[], scope: PullScope): Promise<Pushing> {
  const release = await run.ports.takeTurns(distinct(cells.map((c) => c.recordId)), run.signal)
  try {
    return await push(run, await check(run, cells, scope))
  } finally {
    release()
  }
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
    ports.goOn()
    const call = calls[done] as PlannedCall
    ports.progress({ step: 'pushing', done, total: calls.length })
    const intents = intentsOf(ports, call, byRecord)
    await ports.recordIntents(intents)
    const byId = Map.groupBy(intents, (r) => r.recordId)
    const outcomes = await sendCall(run, call, intents)
    const stopped = await noteNotSent(run, outcomes, byId)
    // One commit for all that one answer confirms.
    saved.push(...(await noteSaved(run, outcomes, byId)))
    unknown.push(...(await noteUnknown(run, outcomes, byId)))
    await noteGone(
      run,
      outcomes.flatMap((outcome) => (outcome.kind === 'gone' ? (byId.get(outcome.recordId) ?? []) : [])),
    )
    for (const outcome of outcomes) {
      if (outcome.kind === 'refused') {
        const mine = byId.get(outcome.recordId) ?? []
        const left = await noteRefused(run, mine, outcome)
        refused += mine.length - left.length
        // One bad field refuses the whole record: the rest goes again without it.
        if (left.length > 0 && left.length < mine.length) {
          const rest = cells.filter((c) => left.some((r) => r.row === c.row && r.field === c.field))
          calls.push(...planCallsOf(description, recordDeltas(rest)))
        }
      }
    }
    if (stopped !== undefined) throw stopped
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

type Intents = ReadonlyMap<string, readonly Receipt[]>

async function noteSaved(run: Run, outcomes: readonly PushOutcome[], byId: Intents): Promise<Receipt[]> {
  const saved = outcomes.flatMap((outcome) => {
    if (outcome.kind !== 'saved') return []
    const { record } = outcome
    return (byId.get(outcome.recordId) ?? []).map((receipt): Receipt => {
      const answered = record && receipt.external in record.values ? appValue(run, record, receipt.external) : undefined
      return { ...receipt, state: 'saved', ...(answered !== undefined && { answered }) }
    })
  })
  if (saved.length === 0) return []
  await run.ports.recordAnswers(
    saved.map(({ idempotencyKey, state, answered }) => ({ idempotencyKey, state, ...(answered !== undefined && { answered }) })),
  )
  return saved
}

/** What the app no longer took stays staged; the run ends with the error this gives once the rest of the answer is noted. */
async function noteNotSent({ ports }: Run, outcomes: readonly PushOutcome[], byId: Intents): Promise<SyncError | undefined> {
  const left = outcomes.flatMap((outcome) => (outcome.kind === 'not-sent' ? [outcome] : []))
  if (left.length === 0) return undefined
  const mine = left.flatMap(({ recordId }) => byId.get(recordId) ?? [])
  await ports.recordAnswers(mine.map((r) => ({ idempotencyKey: r.idempotencyKey, state: 'not-landed' })))
  return left[0]?.error
}

async function noteUnknown({ ports }: Run, outcomes: readonly PushOutcome[], byId: Intents): Promise<Receipt[]> {
  const lost = outcomes.flatMap((outcome) => (outcome.kind === 'outcome-unknown' ? [outcome] : []))
  const [first] = lost
  if (first === undefined) return []
  const note = `No answer (${first.reason}). Checking whether it was saved before trying again.`
  ports.progress({ step: 'pushing', done: 0, total: 0, note })
  const mine = lost.flatMap((outcome) => byId.get(outcome.recordId) ?? [])
  await ports.recordAnswers(mine.map((r) => ({ idempotencyKey: r.idempotencyKey, state: 'unknown' })))
  return mine.map((r) => ({ ...r, state: 'unknown' }))
}

async function noteGone(run: Run, mine: readonly Receipt[]): Promise<void> {
  const { ports } = run
  if (mine.length === 0) return
  const records = distinct(mine.map((r) => r.recordId))
  await ports.settle((view) => ({
    recordMarks: records.flatMap((record) => goneMarks(view, ports, record)),
    receipts: mine.map((r) => ({ idempotencyKey: r.idempotencyKey, state: 'gone' })),
    counts: { skipped: mine.length },
    runCells: mine.map((r) => ({ ...receiptLine(r), got: null, outcome: 'held', note: 'The record was deleted.' })),
  }))
}

/** Marks the refused cells and returns the receipts that were refused only because of their neighbours. */
async function noteRefused(
  { ports, valueMaps }: Run,
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
        ...(refusal?.nearest !== undefined && { nearest: String(toWorkbook(valueMaps.get(r.external), refusal.nearest)) }),
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
