/** What became of the issues of a bulk operation. */
export interface TaskOutcome {
  readonly processed: readonly number[]
  readonly failed: Readonly<Record<string, readonly string[]>>
}

export interface Task {
  readonly id: string
  readonly createdMs: number
  readonly dueMs: number
  readonly totalCount: number
  readonly invalidCount: number
  readonly outcome: TaskOutcome | undefined
}

const KEPT_TASKS = 1000

/**
 * The queue of bulk operations: accepted at once, carried out a moment later, kept so that their progress can be read.
 *
 * A task is carried out when its time has come by the sandbox's clock, at the next look or by a timer, whichever is first.
 */
export class Tasks {
  readonly #now: () => number
  readonly #delayMs: () => number
  readonly #tasks = new Map<string, { task: Task; run: (() => TaskOutcome) | undefined }>()
  readonly #timers = new Set<NodeJS.Timeout>()

  constructor(options: { readonly now: () => number; readonly delayMs: () => number }) {
    this.#now = options.now
    this.#delayMs = options.delayMs
  }

  submit(id: string, counts: { readonly total: number; readonly invalid: number }, run: () => TaskOutcome): Task {
    const createdMs = this.#now()
    const dueMs = createdMs + this.#delayMs()
    const task: Task = { id, createdMs, dueMs, totalCount: counts.total, invalidCount: counts.invalid, outcome: undefined }
    this.#tasks.set(id, { task, run })
    for (const old of [...this.#tasks.keys()].slice(0, Math.max(0, this.#tasks.size - KEPT_TASKS))) this.#tasks.delete(old)
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      this.settle()
    }, this.#delayMs())
    this.#timers.add(timer)
    return task
  }

  get(id: string): Task | undefined {
    return this.#tasks.get(id)?.task
  }

  /** Carries out what is due; with `everything` also what is not. Says whether anything was. */
  settle(everything = false): boolean {
    let isAny = false
    for (const [id, { task, run }] of this.#tasks) {
      if (!run || (!everything && task.dueMs > this.#now())) continue
      this.#tasks.set(id, { task: { ...task, outcome: run() }, run: undefined })
      isAny = true
    }
    return isAny
  }

  stop(): void {
    for (const timer of this.#timers) clearTimeout(timer)
    this.#timers.clear()
    this.settle(true)
  }
}
