/** What the last searches found, so that their next pages go on in it; of the oldest nothing is known any more. */
export class RecentSearches<Found> {
  readonly #kept = new Map<string, Found>()
  readonly #max: number

  constructor(max: number) {
    this.#max = max
  }

  get(key: string): Found | undefined {
    return this.#kept.get(key)
  }

  set(key: string, value: Found): void {
    this.#kept.delete(key)
    this.#kept.set(key, value)
    for (const old of [...this.#kept.keys()].slice(0, Math.max(0, this.#kept.size - this.#max))) this.#kept.delete(old)
  }
}
