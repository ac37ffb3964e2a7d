import type { RunRow } from './storage/runs.ts'

/** Runs under way at once, over all connections; one connection never has two. */
export const PARALLEL_RUNS = 4
/** Of these, one integration never has all, and a clock never starts all: somebody else's run begins at once. */
const MOST_OF_ONE_INTEGRATION = PARALLEL_RUNS - 1
const MOST_BY_CLOCK = PARALLEL_RUNS - 1

/** What the order of the queue depends on. */
export type QueuedRun = Pick<RunRow, 'id' | 'connection' | 'priority' | 'trigger' | 'createdAt' | 'about'>
export type RunUnderWay = Pick<RunRow, 'connection' | 'trigger' | 'about'>

const integrationOf = ({ about, connection }: Pick<QueuedRun, 'about' | 'connection'>): string => about?.integration ?? connection
export const isByClock = ({ trigger }: Pick<RunRow, 'trigger'>): boolean => trigger === 'schedule' || trigger === 'nightly'

/**
 * The order in which queued runs are taken: by priority; within one, integrations take turns, the one with the fewest runs under way first;
 * within an integration the oldest first. `served`: when an integration was last given a run, in any rising number.
 */
export function queueOrder<Run extends QueuedRun>(
  queued: readonly Run[],
  underWay: readonly RunUnderWay[],
  served: ReadonlyMap<string, number>,
): readonly Run[] {
  const taken = new Map<string, number>()
  for (const run of underWay) taken.set(integrationOf(run), (taken.get(integrationOf(run)) ?? 0) + 1)
  const byAge = [...queued].sort((a, b) => b.priority - a.priority || a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1))
  const lanes = new Map<string, Run[]>()
  for (const run of byAge) lanes.set(integrationOf(run), [...(lanes.get(integrationOf(run)) ?? []), run])
  const order: Run[] = []
  while (lanes.size > 0) {
    const highest = Math.max(...[...lanes.values()].map(([first]) => first?.priority ?? 0))
    const heads = [...lanes].flatMap(([lane, [head]]) => (head?.priority === highest ? [{ lane, head }] : []))
    heads.sort(
      (a, b) =>
        (taken.get(a.lane) ?? 0) - (taken.get(b.lane) ?? 0) ||
        (served.get(a.lane) ?? 0) - (served.get(b.lane) ?? 0) ||
        a.head.createdAt - b.head.createdAt ||
        (a.head.id < b.head.id ? -1 : 1),
    )
    const next = heads[0]
    if (next === undefined) break
    order.push(next.head)
    taken.set(next.lane, (taken.get(next.lane) ?? 0) + 1)
    const rest = lanes.get(next.lane)?.slice(1) ?? []
    if (rest.length === 0) lanes.delete(next.lane)
    else lanes.set(next.lane, rest)
  }
  return order
}

/** Whether a queued run may begin beside those under way. */
export function mayBegin(run: QueuedRun, underWay: readonly RunUnderWay[]): boolean {
  if (underWay.length >= PARALLEL_RUNS || underWay.some((other) => other.connection === run.connection)) return false
  if (underWay.filter((other) => integrationOf(other) === integrationOf(run)).length >= MOST_OF_ONE_INTEGRATION) return false
  return !isByClock(run) || underWay.filter(isByClock).length < MOST_BY_CLOCK
}
