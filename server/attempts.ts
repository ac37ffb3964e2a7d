/** How often something may happen (a wrong guess, a costly wish) before it has to wait. */
export interface AttemptLimits {
  /** Times from one address, and from all together, within `windowMs`. */
  readonly perAddress: number
  readonly inAll: number
  readonly windowMs: number
}

/** Counts by address in windows of fixed length: who is over has to wait for the next one. */
export class Attempts {
  readonly #limits: AttemptLimits
  readonly #now: () => number
  readonly #counted = new Map<string, number>()
  #inAll = 0
  #since = 0

  constructor(limits: AttemptLimits, now: () => number) {
    this.#limits = limits
    this.#now = now
  }

  /** How long an address has to wait; 0 where it need not. ms */
  waitOf(address: string): number {
    this.#turn()
    const isOver = (this.#counted.get(address) ?? 0) >= this.#limits.perAddress || this.#inAll >= this.#limits.inAll
    return isOver ? this.#since + this.#limits.windowMs - this.#now() : 0
  }

  count(address: string): void {
    this.#turn()
    this.#counted.set(address, (this.#counted.get(address) ?? 0) + 1)
    this.#inAll++
  }

  #turn(): void {
    if (this.#now() - this.#since < this.#limits.windowMs) return
    this.#since = this.#now()
    this.#counted.clear()
    this.#inAll = 0
  }
}
