import type { Logger } from './logger.ts'
import { pruneOps, type RunLog } from './storage/run-log.ts'
import type { Settings } from './storage/settings.ts'
import type { UpdateLog } from './update-log.ts'

/** How often old details are looked for. ms */
const EVERY_MS = 60 * 60_000
const DAY_MS = 86_400_000

export interface RetentionParts {
  readonly runLog: RunLog
  readonly settings: () => Settings
  readonly log: UpdateLog
  readonly logger: Logger
  readonly now: () => number
}

/** Deletes calls and cells of runs that are older than the workspace keeps them; what is owed, the counts and the ledger stay. */
export class Retention {
  readonly #parts: RetentionParts
  #timer: NodeJS.Timeout | undefined
  #pruning: Promise<void> = Promise.resolve()

  constructor(parts: RetentionParts) {
    this.#parts = parts
  }

  start(): void {
    void this.prune()
    this.#timer = setInterval(() => void this.prune(), EVERY_MS)
    this.#timer.unref()
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    await this.#pruning
  }

  /** A few runs a commit, so that nobody waits for it. Never throws. */
  prune(): Promise<void> {
    this.#pruning = this.#pruning
      .then(() => this.#prune())
      .catch((error: unknown) => this.#parts.logger.error({ err: error }, 'old runs could not be pruned'))
    return this.#pruning
  }

  async #prune(): Promise<void> {
    const { runLog, settings, log, now } = this.#parts
    const { logRetentionDays } = settings()
    if (logRetentionDays === null) return
    const before = now() - logRetentionDays * DAY_MS
    for (;;) {
      const runs = runLog.prunable(before)
      if (runs.length === 0) return
      log.execute(pruneOps(runs))
      await log.durable()
    }
  }
}
