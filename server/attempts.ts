/** How often something may fail before it has to wait. */
export interface AttemptLimits {
  /** Failures of one address, and of all together, within `windowMs`. */
  readonly perAddress: number
  readonly inAll: number
  readonly windowMs: number
}

/** Counts failures by address in windows of fixed length: who guesses has to wait for the next one. */
export class Attempts {
  readonly #limits: AttemptLimits
  readonly #now: () => number
  readonly #failed = new Map<string, number>()
  #inAll = 0
  #since = 0

  constructor(limits: AttemptLimits, now: () => number) {
    this.#limits = limits
    this.#now = now
  }

  /** How long an address has to wait; 0 where it need not. ms */
  waitOf(address: string): number {
    this.#turn()
    const isOver = (this.#failed.get(address) ?? 0) >= this.#limits.perAddress || this.#inAll >= this.#limits.inAll
    return isOver ? this.#since + this.#limits.windowMs - this.#now() : 0
  }

  fail(address: string): void {
    this.#turn()
    this.#failed.set(address, (this.#failed.get(address) ?? 0) + 1)
    this.#inAll++
  }

  #turn(): void {
    if (this.#now() - this.#since < this.#limits.windowMs) return
    this.#since = this.#now()
    this.#failed.clear()
    this.#inAll = 0
  }
}
