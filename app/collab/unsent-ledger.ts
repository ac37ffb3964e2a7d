/** What the ledger needs of the browser's storage. */
export type LedgerStorage = Pick<Storage, 'getItem' | 'setItem' | 'removeItem' | 'key' | 'length'>

interface DocumentLedger {
  /** Changed key → the barrier that will cover it. */
  readonly pending: Map<string, number>
  /** Counts that closed windows left, by their storage key, and the barrier that covers them. */
  readonly carried: Map<string, { readonly count: number; coveredBy: number }>
  nextBarrier: number
}

/**
 * Counts what people changed here and the server has not confirmed, for each document, and keeps the count on the device: a page that is
 * reloaded offline still says how much is unsent. Each window keeps its own count under `<prefix>|<document>|<window>`. What a closed
 * window left is taken up by those that are open; what an open one counts is its own to confirm.
 */
export class UnsentLedger {
  readonly #storage: LedgerStorage
  readonly #prefix: string
  readonly #window: string
  readonly #documents = new Map<string, DocumentLedger>()

  constructor(storage: LedgerStorage, prefix: string, window: string) {
    this.#storage = storage
    this.#prefix = prefix
    this.#window = window
  }

  /** Takes up a document before its local copy is read: what closed windows left unsent is in that copy. */
  open(document: string, openWindows: ReadonlySet<string> = new Set()): void {
    const carried: DocumentLedger['carried'] = new Map()
    for (const { key, window, count } of this.#others(document)) if (!openWindows.has(window)) carried.set(key, { count, coveredBy: 1 })
    this.#documents.set(document, { pending: new Map(), carried, nextBarrier: 1 })
  }

  /** Takes up what a window left that was open until now: the next barrier covers it. */
  adopt(document: string, window: string): void {
    const ledger = this.#documents.get(document)
    if (ledger === undefined) return
    const left = this.#others(document).find((other) => other.window === window)
    if (left !== undefined) ledger.carried.set(left.key, { count: left.count, coveredBy: ledger.nextBarrier })
  }

  /** A document is no longer open here; what it left unsent stays noted on this device. */
  close(document: string): void {
    this.#documents.delete(document)
  }

  /** Notes keys that were changed here. */
  add(document: string, keys: Iterable<string>): void {
    const ledger = this.#documents.get(document)
    if (ledger === undefined) return
    for (const key of keys) ledger.pending.set(key, ledger.nextBarrier)
    this.#keep(document, ledger)
  }

  /** The number of the barrier to send now: it covers all that was noted before. `undefined` where nothing is unsent. */
  barrier(document: string): number | undefined {
    const ledger = this.#documents.get(document)
    if (ledger === undefined || countOf(ledger) === 0) return undefined
    return ledger.nextBarrier++
  }

  /** The server has everything that barrier `n` covers, on disk. Answers which closed windows have nothing unsent any more. */
  confirm(document: string, n: number): readonly string[] {
    const ledger = this.#documents.get(document)
    const confirmed: string[] = []
    if (ledger === undefined) return confirmed
    for (const [key, coveredBy] of ledger.pending) if (coveredBy <= n) ledger.pending.delete(key)
    for (const [key, { count, coveredBy }] of ledger.carried) {
      if (coveredBy > n) continue
      // A window that is still open may have counted further meanwhile: then the rest is its own to confirm.
      if (Number(this.#storage.getItem(key)) === count) {
        this.#storage.removeItem(key)
        confirmed.push(key.slice(this.#lead(document).length))
      }
      ledger.carried.delete(key)
    }
    this.#keep(document, ledger)
    return confirmed
  }

  /** Writes the counts once more, after the browser's storage was emptied. */
  keepAgain(): void {
    for (const [document, ledger] of this.#documents) this.#keep(document, ledger)
  }

  /** Changes of the other open windows that the server has not confirmed, in all open documents. */
  ofOthers(): number {
    let total = 0
    for (const [document, { carried }] of this.#documents) {
      for (const { key, count } of this.#others(document)) if (!carried.has(key)) total += count
    }
    return total
  }

  /** Changes that the server has not confirmed, in all open documents: this window's, and what closed ones left. */
  total(): number {
    let total = 0
    for (const ledger of this.#documents.values()) total += countOf(ledger)
    return total
  }

  #lead(document: string): string {
    return `${this.#prefix}|${document}|`
  }

  #ownKey(document: string): string {
    return this.#lead(document) + this.#window
  }

  #others(document: string): readonly { readonly key: string; readonly window: string; readonly count: number }[] {
    const lead = this.#lead(document)
    const found: { key: string; window: string; count: number }[] = []
    for (let i = 0; i < this.#storage.length; i++) {
      const key = this.#storage.key(i)
      if (key === null || !key.startsWith(lead) || key === this.#ownKey(document)) continue
      const count = Number(this.#storage.getItem(key))
      if (count > 0) found.push({ key, window: key.slice(lead.length), count })
    }
    return found
  }

  #keep(document: string, ledger: DocumentLedger): void {
    try {
      if (ledger.pending.size === 0) this.#storage.removeItem(this.#ownKey(document))
      else this.#storage.setItem(this.#ownKey(document), String(ledger.pending.size))
    } catch {
      // No room for the number: it is right in this window, and what it counts is kept elsewhere.
      return
    }
  }
}

/** What every window of this browser left unsent in a document, by the counts they keep. */
export function unsentOnDevice(storage: LedgerStorage, prefix: string, document: string): number {
  const lead = `${prefix}|${document}|`
  let total = 0
  for (let i = 0; i < storage.length; i++) {
    const key = storage.key(i)
    if (key?.startsWith(lead)) total += Number(storage.getItem(key)) || 0
  }
  return total
}

function countOf({ pending, carried }: DocumentLedger): number {
  let count = pending.size
  for (const left of carried.values()) count += left.count
  return count
}
