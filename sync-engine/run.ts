import { check } from './check.ts'
import type { ObjectDescription } from './connectors/connector.ts'
import { effectiveDirection } from './direction.ts'
import { answerLinkRequests, fill, importRecords, link } from './links.ts'
import type { DeltaCell, RunMode } from './plan.ts'
import {
  type EnginePorts,
  type FrozenPlan,
  OPEN_RECEIPT_STATES,
  type Receipt,
  type RunOrder,
  type Settlement,
  type SheetView,
} from './ports.ts'
import { pull } from './pull.ts'
import { push } from './push.ts'
import { settleOpenReceipts } from './receipts.ts'
import type { Run, RunEnd } from './run-context.ts'
import { makePlan, settleHeld } from './run-plan.ts'
import { SyncError } from './sync-error.ts'

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
    case 'create':
    case 'undo':
      throw new SyncError('bad-request', `${order.kind} is not known to this version.`)
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
