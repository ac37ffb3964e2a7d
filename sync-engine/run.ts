import type { ObjectDescription } from './connectors/connector.ts'
import { createRecords, settleOpenCreates } from './creates.ts'
import { effectiveDirection, whyOff } from './direction.ts'
import { answerLinkRequests, fill, importRecords, link } from './links.ts'
import type { DeltaCell, RunMode } from './plan.ts'
import { type EnginePorts, type FrozenPlan, OPEN_RECEIPT_STATES, type RunOrder, type Settlement, type SheetView } from './ports.ts'
import { applyWaiting, pull } from './pull.ts'
import { checkAndPush } from './push.ts'
import { settleOpenReceipts } from './receipts.ts'
import type { Run, RunEnd } from './run-context.ts'
import { makePlan, settleHeld } from './run-plan.ts'
import { SyncError } from './sync-error.ts'
import { undo } from './undo.ts'

/**
 * One run of one connection: the main path.
 *
 * Always in this order: what earlier runs left open is settled by reading; then plan, check, push, pull with reconcile. Each effect is
 * preceded by its intent on disk and followed by its receipt, so that a crash anywhere leaves something the next run can read back.
 *
 * @throws SyncError when it cannot go on; everything done until then stands in its receipts.
 */
export async function runOrder(order: RunOrder, ports: EnginePorts, signal: AbortSignal): Promise<RunEnd> {
  if (!ports.setup.isOn) throw new SyncError('paused', whyOff(ports.setup))
  const run = await prepare(order, ports, signal)
  await settleOpenReceipts(run)
  await settleOpenCreates(run)
  if (ports.waiting !== undefined) {
    await applyWaiting(run, ports.waiting)
    return 'settled'
  }
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
    case 'create':
      return createRecords(run, order.rows, order.duplicates)
    case 'undo':
      return balanced(run, () => undo(run, order.run, order.frozen))
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
    valueMaps: new Map(fields.flatMap((f) => (f.valueMap === undefined ? [] : [[f.external, f.valueMap]]))),
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
  const scope = trigger === 'person' ? 'all' : 'changed'
  if (mode === 'one-way') return (await pull(run, scope, [])) === 'waiting' ? 'waiting' : 'settled'
  await ports.transition('planning')
  const plan = await makePlan(run, frozen)
  return balanced(run, async () => {
    await settleHeld(run, plan)
    const { saved, isPartial } = await checkAndPush(run, plan.push, scope)
    const pulled = await pull(run, scope, saved)
    return pulled === 'waiting' ? 'waiting' : isPartial ? 'partial' : 'settled'
  })
}

async function balanced(run: Run, work: () => Promise<RunEnd>): Promise<RunEnd> {
  try {
    return await work()
  } catch (error) {
    await balanceReceipt(run, error)
    throw error
  }
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
