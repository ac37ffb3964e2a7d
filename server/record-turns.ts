interface Waiting {
  readonly keys: readonly string[]
  readonly begin: () => void
}

/**
 * Who may write which records now: several connections of one integration and object may hold the same record. All that somebody asks for
 * is given at once or not yet, in the order of asking, so that nobody waits for one who waits for them.
 */
export class RecordTurns {
  readonly #taken = new Set<string>()
  readonly #waiting: Waiting[] = []

  /** Resolves with the way to let go. @throws the signal's reason */
  take(keys: readonly string[], signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted()
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(waiting), 1)
        reject(signal.reason)
        this.#next()
      }
      const waiting: Waiting = {
        keys,
        begin: () => {
          signal.removeEventListener('abort', onAbort)
          resolve(this.#release(keys))
        },
      }
      signal.addEventListener('abort', onAbort, { once: true })
      this.#waiting.push(waiting)
      this.#next()
    })
  }

  #release(keys: readonly string[]): () => void {
    let isOver = false
    return () => {
      if (isOver) return
      isOver = true
      for (const key of keys) this.#taken.delete(key)
      this.#next()
    }
  }

  #next(): void {
    // Whoever came first keeps their place: later ones pass them only where they want nothing of what they wait for.
    const wanted = new Set(this.#taken)
    for (const waiting of [...this.#waiting]) {
      if (!waiting.keys.some((key) => wanted.has(key))) {
        this.#waiting.splice(this.#waiting.indexOf(waiting), 1)
        for (const key of waiting.keys) this.#taken.add(key)
        waiting.begin()
      }
      for (const key of waiting.keys) wanted.add(key)
    }
  }
}
