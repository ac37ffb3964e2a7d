import type { Connector } from '../sync-engine/connectors/connector.ts'
import { NO_COUNTS } from '../sync-engine/ports.ts'
import { SyncError } from '../sync-engine/sync-error.ts'
import { makeRunId, type RandomBytes } from '../workbook/ids.ts'
import type { RunQueue } from './queue.ts'
import type { Caller } from './session.ts'
import type { FullConnection } from './storage/catalog.ts'
import { callOp, creditsOp, endRunOp, insertRunOp, leaseOp, type RunRow, transitionOps } from './storage/runs.ts'
import type { UpdateLog } from './update-log.ts'

/** Longest a person waits for an app's next answer; a question of many calls goes on as long as they are answered. ms */
const PATIENCE_MS = 60_000

/** Questions that people ask of an app outside a sync: each is a run of its own, logged and charged like any other. */
export interface Searches {
  /**
   * Asks, and charges what `use` says it cost once the answer is here; a question that fails costs nothing. Where the month's allowance
   * blocks and has less left than `leastPrice`, nothing is asked. `gone`: nobody waits for the answer any more, and no further call is made.
   * @throws SyncError `over-allowance`, `app-unavailable` where no answer came in time, or as the connector does
   */
  ask<T>(
    full: FullConnection,
    caller: Caller,
    o: { readonly note: string | null; readonly leastPrice: number; readonly gone?: AbortSignal },
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
    ask: async (full, caller, { note, leastPrice, gone }, use) => {
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
      const patience = new Patience()
      const connector = queue.connectorFor(full, (call) => {
        log.execute([callOp(run.id, call, now())])
        patience.renew()
      })
      const signal = gone === undefined ? patience.signal : AbortSignal.any([patience.signal, gone])
      const { answer, credits } = await use(connector, signal)
        .catch((error: unknown) => Promise.reject(patience.signal.aborted ? patience.signal.reason : error))
        .finally(() => patience.end())
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

/** Ends a question whose app has not answered for a while. */
class Patience {
  readonly #abort = new AbortController()
  #timer: NodeJS.Timeout | undefined

  constructor() {
    this.renew()
  }

  get signal(): AbortSignal {
    return this.#abort.signal
  }

  renew(): void {
    clearTimeout(this.#timer)
    const seconds = PATIENCE_MS / 1_000
    const none = new SyncError('app-unavailable', `The app did not answer for ${seconds} s. The question was given up; it cost nothing.`)
    this.#timer = setTimeout(() => this.#abort.abort(none), PATIENCE_MS)
  }

  end(): void {
    clearTimeout(this.#timer)
  }
}
