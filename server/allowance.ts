import { totalCredits } from '../sync-engine/credits.ts'
import { planSync } from '../sync-engine/plan.ts'
import type { EnginePorts, RunOrder } from '../sync-engine/ports.ts'
import { SyncError } from '../sync-engine/sync-error.ts'
import type { RunStore } from './storage/runs.ts'
import type { Allowance, Settings } from './storage/settings.ts'
import { monthIn } from './time-zone.ts'

/** How this month stands against the allowance. */
export interface AllowanceState extends Allowance {
  readonly used: number
  /** `null`: no allowance is set. */
  readonly left: number | null
  readonly state: 'none' | 'fine' | 'warning' | 'used-up'
  readonly resetsAt: number
}

export function allowanceState({ timeZone, allowance }: Settings, runs: RunStore, now: number): AllowanceState {
  const month = monthIn(timeZone, now)
  const used = runs.creditsBetween(month.from, month.to)
  const { monthly, warnAtPercent } = allowance
  if (monthly === null) return { ...allowance, used, left: null, state: 'none', resetsAt: month.to }
  const state = used >= monthly ? 'used-up' : used * 100 >= monthly * warnAtPercent ? 'warning' : 'fine'
  return { ...allowance, used, left: Math.max(0, monthly - used), state, resetsAt: month.to }
}

/** What is left for a run, where the allowance blocks; `undefined` where nothing does. */
export const blockingLeft = ({ whenUsed, left }: AllowanceState): number | undefined =>
  whenUsed === 'block' && left !== null ? left : undefined

/**
 * Refuses a run before its first call where its price is more than the month has left. A run that has begun is never stopped for its price.
 * @throws SyncError `over-allowance`
 */
export async function assertAffordable(order: RunOrder, ports: EnginePorts, state: AllowanceState): Promise<void> {
  const left = blockingLeft(state)
  if (left === undefined || ports.waiting !== undefined) return
  const price = await leastPrice(order, ports)
  if (price <= left) return
  const uses = price === 1 ? 'costs at least 1 credit' : `costs at least ${price} credits`
  throw new SyncError('over-allowance', `This run ${uses}; of this month’s ${state.monthly} are ${left} left. No call was made.`)
}

/** The least a run costs: exact for a person's sync; where only the app knows how much comes (imports, scheduled pulls) at least 1. */
async function leastPrice(order: RunOrder, ports: EnginePorts): Promise<number> {
  const { setup, description } = ports
  const linked = new Set((await ports.linked()).map((l) => l.recordId)).size
  switch (order.kind) {
    case 'sync': {
      if (description === undefined) return 1 + linked
      const delta = await ports.delta()
      const plan = planSync({ setup, description, mode: order.mode, delta, linkedRecords: linked })
      const pushed = order.frozen === undefined ? plan.credits.pushed : Math.min(order.frozen.cells.length, plan.credits.pushed)
      const whole = totalCredits({ ...plan.credits, pushed })
      return order.trigger === 'person' ? whole : Math.max(1, pushed)
    }
    case 'fill':
      return linked
    case 'link':
      return order.links.length
    case 'create':
      return order.rows.reduce((sum, r) => sum + r.changes.length + 1, 0)
    case 'undo':
      return order.frozen.cells.length
    case 'import':
    case 'refresh':
      return 1
  }
}
