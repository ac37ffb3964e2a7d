import type { Connector } from '../sync-engine/connectors/connector.ts'
import { NO_COUNTS } from '../sync-engine/ports.ts'
import { SyncError } from '../sync-engine/sync-error.ts'
import { makeRunId, type RandomBytes } from '../workbook/ids.ts'
import type { RunQueue } from './queue.ts'
import type { Caller } from './session.ts'
import type { FullConnection } from './storage/catalog.ts'
import { callOp, creditsOp, endRunOp, insertRunOp, leaseOp, type RunRow, transitionOps } from './storage/runs.ts'
import type { UpdateLog } from './update-log.ts'

/** Longest a person waits for an app's answer to a question. ms */
const PATIENCE_MS = 60_000

/** Questions that people ask of an app outside a sync: each is a run of its own, logged and charged like any other. */
export interface Searches {
  /**
   * Asks, and charges what `use` says it cost once the answer is here; a question that fails costs nothing. Where the month's allowance
   * blocks and has less left than `leastPrice`, nothing is asked.
   * @throws SyncError `over-allowance`, or as the connector does
   */
  ask<T>(
    full: FullConnection,
    caller: Caller,
    o: { readonly note: string | null; readonly leastPrice: number },
    use: (connector: Connector, signal: AbortSignal) => Promise<{ readonly answer: T; readonly credits: number }>,
  ): Promise<T>
}

export function makeSearches(parts: {
  readonly queue: Pick<RunQueue, 'connectorFor' | 'aboutOf'>
  readonly log: UpdateLog
  readonly now: () => number
  readonly random: RandomBytes
  /** Credits this month has left, where its allowance blocks. */
  readonly creditsLeft: () => number | undefined
}): Searches {
  const { queue, log, now, random, creditsLeft } = parts
  return {
    ask: async (full, caller, { note, leastPrice }, use) => {
      await log.durable()
      const left = creditsLeft()
      if (left !== undefined && leastPrice > left)
        throw new SyncError(
          'over-allowance',
          `This costs at least ${leastPrice}; of this month’s sync credits ${left} are left. Nothing was asked.`,
        )
      const run: RunRow = {
        id: makeRunId(random),
        connection: full.connection.id,
        kind: 'search',
        mode: 'one-way',
        trigger: caller.kind === 'script' ? 'api' : 'person',
        state: 'settled',
        actor: caller.actor.id,
        order: { kind: 'refresh' },
        priority: 0,
        fence: 0,
        createdAt: now(),
        startedAt: now(),
        endedAt: now(),
        counts: NO_COUNTS,
        error: null,
        about: await queue.aboutOf(full),
      }
      const connector = queue.connectorFor(full, (call) => log.execute([callOp(run.id, call, now())]))
      const { answer, credits } = await use(connector, AbortSignal.timeout(PATIENCE_MS))
      log.execute([
        insertRunOp(run),
        leaseOp(run.id, 0, run.createdAt, run.createdAt),
        ...transitionOps(run.id, 'settled', now(), note),
        endRunOp(run.id, now(), null),
        ...(credits === 0 ? [] : [creditsOp(run.id, full.connection.id, { searched: credits }, now())]),
      ])
      await log.durable()
      return answer
    },
  }
}
