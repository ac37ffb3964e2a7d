import type { RowId } from './ids.ts'

/** Names a row by a small number within one open sheet, so that columns and orders are typed arrays. Never used again for another row. */
export type RowNumber = number

/** What the index asks of the sheet. */
export interface RowSource {
  /** The fractional key that orders a row; `undefined` where the row is not shown (deleted, or not there yet). */
  keyOf(row: RowId): string | undefined
}

/** Rows that were typed here are in no shard. */
export const NO_SHARD = -1

/**
 * The rows of one sheet by number, and their order.
 *
 * Rows may come in any order, a shard at a time. What changed since the order was last asked for is sorted by itself and merged, so that a
 * row that is inserted, moved or deleted never sorts the others again.
 */
export class RowIndex {
  readonly #source: RowSource
  readonly #ids: RowId[] = []
  readonly #numbers = new Map<RowId, RowNumber>()
  readonly #shards: number[] = []
  readonly #keys: (string | undefined)[] = []
  readonly #dirty = new Set<RowNumber>()
  #inBase = 0
  #order: Uint32Array = new Uint32Array(0)
  #rows: readonly RowId[] | undefined

  constructor(source: RowSource) {
    this.#source = source
  }

  /** Every row that was ever seen, deleted ones too; numbers are below it. */
  get size(): number {
    return this.#ids.length
  }

  /** Rows that a base shard holds. */
  get inBase(): number {
    return this.#inBase
  }

  numberOf(row: RowId): RowNumber | undefined {
    return this.#numbers.get(row)
  }

  idOf(number: RowNumber): RowId {
    const id = this.#ids[number]
    if (id === undefined) throw new Error(`There is no row ${number}`)
    return id
  }

  isShown(number: RowNumber): boolean {
    return this.#keys[number] !== undefined
  }

  /** Which shard holds a row; `undefined` where none does. */
  shardOf(row: RowId): number | undefined {
    const number = this.#numbers.get(row)
    const shard = number === undefined ? NO_SHARD : (this.#shards[number] ?? NO_SHARD)
    return shard === NO_SHARD ? undefined : shard
  }

  /** All rows of the base shards, deleted ones too. */
  *baseRows(): IterableIterator<RowId> {
    for (const [number, row] of this.#ids.entries()) if (this.#shards[number] !== NO_SHARD) yield row
  }

  /** Takes in that a row came, or that its place or its being shown may have changed. Answers whether it did. */
  touch(row: RowId, shard?: number): boolean {
    const number = this.#take(row, shard)
    return this.#setKey(number, this.#source.keyOf(row))
  }

  /** Takes in a row of a shard whose key is known; `undefined` where it is not shown. */
  arrive(row: RowId, shard: number, key: string | undefined): void {
    this.#setKey(this.#take(row, shard), key)
  }

  #take(row: RowId, shard: number | undefined): RowNumber {
    let number = this.#numbers.get(row)
    if (number === undefined) {
      number = this.#ids.push(row) - 1
      this.#numbers.set(row, number)
      this.#shards.push(NO_SHARD)
      this.#keys.push(undefined)
    }
    if (shard !== undefined) {
      if (this.#shards[number] === NO_SHARD) this.#inBase++
      this.#shards[number] = shard
    }
    return number
  }

  #setKey(number: RowNumber, key: string | undefined): boolean {
    if (key === this.#keys[number]) return false
    this.#keys[number] = key
    this.#dirty.add(number)
    this.#rows = undefined
    return true
  }

  /** The rows that are shown, in order. */
  rows(): readonly RowId[] {
    this.#rows ??= this.#named(this.order())
    return this.#rows
  }

  #named(order: Uint32Array): readonly RowId[] {
    const rows: RowId[] = new Array(order.length)
    for (let i = 0; i < order.length; i++) rows[i] = this.#ids[order[i] ?? 0] as RowId
    return rows
  }

  /** The numbers of the rows that are shown, in order. A new array after each change. */
  order(): Uint32Array {
    if (this.#dirty.size > 0) {
      this.#order = mergeOrder({
        order: this.#order,
        size: this.size,
        dirty: this.#dirty,
        isIn: (number) => this.#keys[number] !== undefined,
        compare: this.compare,
      })
      this.#dirty.clear()
    }
    return this.#order
  }

  /** Where a row stands among those that are shown, by bisection; −1 where it is not shown. */
  placeOf(row: RowId): number {
    const number = this.#numbers.get(row)
    if (number === undefined || this.#keys[number] === undefined) return -1
    const order = this.order()
    const place = lowerBound(order, number, this.compare)
    return order[place] === number ? place : -1
  }

  /** Which of two rows stands first. Rows that share a key are ordered by id, alike on every device. */
  readonly compare = (a: RowNumber, b: RowNumber): number =>
    compareText(this.#keys[a] ?? '', this.#keys[b] ?? '') || compareText(this.#ids[a] ?? '', this.#ids[b] ?? '')
}

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

export interface OrderRepair {
  /** In order, but for the rows that are dirty. */
  readonly order: Uint32Array
  /** All numbers are below it. */
  readonly size: number
  /** Rows that may have come, gone or moved. */
  readonly dirty: ReadonlySet<RowNumber>
  readonly isIn: (number: RowNumber) => boolean
  readonly compare: (a: RowNumber, b: RowNumber) => number
}

/** The order with its dirty rows sorted and put where they belong: one pass over the rest, and a bisection for each of them. */
export function mergeOrder({ order, size, dirty, isIn, compare }: OrderRepair): Uint32Array {
  const coming = [...dirty].filter(isIn).sort(compare)
  const isDirty = new Uint8Array(size)
  for (const number of dirty) isDirty[number] = 1
  const rest = withoutDirty(order, isDirty)
  const merged = new Uint32Array(rest.length + coming.length)
  let from = 0
  let to = 0
  for (const number of coming) {
    const place = lowerBound(rest, number, compare, from)
    merged.set(rest.subarray(from, place), to)
    to += place - from
    merged[to++] = number
    from = place
  }
  merged.set(rest.subarray(from), to)
  return merged
}

function withoutDirty(order: Uint32Array, isDirty: Uint8Array): Uint32Array {
  const rest = new Uint32Array(order.length)
  let length = 0
  for (let i = 0; i < order.length; i++) {
    const number = order[i] ?? 0
    if (isDirty[number] === 0) rest[length++] = number
  }
  return length === order.length ? rest : rest.slice(0, length)
}

/** The first place whose row does not stand before `number`. */
export function lowerBound(order: Uint32Array, number: RowNumber, compare: (a: RowNumber, b: RowNumber) => number, from = 0): number {
  let low = from
  let high = order.length
  // Most come at the end, or one behind the other.
  const last = order[high - 1]
  if (high > low && last !== undefined && compare(last, number) < 0) return high
  while (low < high) {
    const middle = (low + high) >>> 1
    if (compare(order[middle] ?? 0, number) < 0) low = middle + 1
    else high = middle
  }
  return low
}
