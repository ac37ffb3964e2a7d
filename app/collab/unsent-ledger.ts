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
 * reloaded offline still says how much is unsent. Each window keeps its own count under `<prefix>|<document>|<window>`.
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

  /** Takes up a document before its local copy is read: what other windows left unsent is in that copy. */
  open(document: string): void {
    const carried: DocumentLedger['carried'] = new Map()
    const lead = `${this.#prefix}|${document}|`
    for (let i = 0; i < this.#storage.length; i++) {
      const key = this.#storage.key(i)
      const count = key?.startsWith(lead) && key !== this.#ownKey(document) ? Number(this.#storage.getItem(key)) : 0
      if (key !== null && count > 0) carried.set(key, { count, coveredBy: 1 })
    }
    this.#documents.set(document, { pending: new Map(), carried, nextBarrier: 1 })
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

  /** The server has everything that barrier `n` covers, on disk. */
  confirm(document: string, n: number): void {
    const ledger = this.#documents.get(document)
    if (ledger === undefined) return
    for (const [key, coveredBy] of ledger.pending) if (coveredBy <= n) ledger.pending.delete(key)
    for (const [key, { count, coveredBy }] of ledger.carried) {
      if (coveredBy > n) continue
      // A window that is still open may have counted further meanwhile: then the rest is its own to confirm.
      if (Number(this.#storage.getItem(key)) === count) this.#storage.removeItem(key)
      ledger.carried.delete(key)
    }
    this.#keep(document, ledger)
  }

  /** Changes that the server has not confirmed, in all open documents. */
  total(): number {
    let total = 0
    for (const ledger of this.#documents.values()) total += countOf(ledger)
    return total
  }

  #ownKey(document: string): string {
    return `${this.#prefix}|${document}|${this.#window}`
  }

  #keep(document: string, ledger: DocumentLedger): void {
    if (ledger.pending.size === 0) this.#storage.removeItem(this.#ownKey(document))
    else this.#storage.setItem(this.#ownKey(document), String(ledger.pending.size))
  }
}

function countOf({ pending, carried }: DocumentLedger): number {
  let count = pending.size
  for (const left of carried.values()) count += left.count
  return count
}
