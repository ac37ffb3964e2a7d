/** Lets a few through at a time, so that many who come back at once do not hold up those who are at work. */
export class UpgradeGate {
  readonly #perTick: number
  readonly #tickMs: number
  readonly #maxWaiting: number
  readonly #waiting: (() => void)[] = []
  #left: number
  #timer: NodeJS.Timeout | undefined

  constructor({ perTick, tickMs, maxWaiting }: { perTick: number; tickMs: number; maxWaiting: number }) {
    this.#perTick = perTick
    this.#tickMs = tickMs
    this.#maxWaiting = maxWaiting
    this.#left = perTick
  }

  /** Calls `enter` now or in a later tick; `false` where too many wait already. */
  pass(enter: () => void): boolean {
    if (this.#waiting.length >= this.#maxWaiting) return false
    this.#waiting.push(enter)
    this.#admit()
    return true
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#waiting.length = 0
  }

  #admit(): void {
    while (this.#left > 0) {
      const enter = this.#waiting.shift()
      if (enter === undefined) break
      this.#left--
      enter()
    }
    if (this.#left < this.#perTick) this.#timer ??= setTimeout(() => this.#tick(), this.#tickMs)
  }

  #tick(): void {
    this.#timer = undefined
    this.#left = this.#perTick
    this.#admit()
  }
}
