const HOUR_MS = 3_600_000

/** Counts the calls of a rolling day, by the hour. */
export class DailyCalls {
  readonly #hours = new Map<number, number>()

  count(nowMs: number): void {
    const hour = Math.floor(nowMs / HOUR_MS)
    this.#hours.set(hour, (this.#hours.get(hour) ?? 0) + 1)
  }

  used(nowMs: number): number {
    const hour = Math.floor(nowMs / HOUR_MS)
    let used = 0
    for (const [at, calls] of this.#hours) {
      if (at <= hour - 24) this.#hours.delete(at)
      else used += calls
    }
    return used
  }
}
