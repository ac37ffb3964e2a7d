import type { RowId } from './ids.ts'
import { orderKeyOf } from './schema.ts'

/** Names a row by a small number within one open sheet, so that columns and orders are typed arrays. Never used again for another row. */
export type RowNumber = number

/** What the index asks of the sheet. */
export interface RowSource {
  /** The fractional key that orders a row; `undefined` where the row is not shown (deleted, or not there yet). */
  keyOf(row: RowId): string | undefined
}

/** Rows that were typed here are in no shard. */
export const NO_SHARD = -1
/** How a place says which shard will bring its row: no number of a shard, and there and back the same. */
const comingFrom = (shard: number): number => -2 - shard

/** What stands before the number of a row that is known to be there and has not come yet; no row's own id begins so. */
const AWAITED = '?'

/** Whether this names a row that has not come yet: it has a place, and nothing of it is known. */
export const isAwaited = (row: RowId): boolean => row.startsWith(AWAITED)

/** The places that are kept for the rows of a shard which has not come. */
interface Kept {
  /** The number of its first row; the others follow. */
  readonly start: RowNumber
  /** The arrival order of its first row. */
  readonly ord: number
  readonly count: number
}

/**
 * The rows of one sheet by number, and their order.
 *
 * Rows may come in any order, a shard at a time. For a shard that is not asked for yet places can be kept: its rows then have numbers and
 * stand in the order, and take these numbers when they come. What changed since the order was last asked for is sorted by itself and merged, so that a
 * row that is inserted, moved or deleted never sorts the others again.
 */
export class RowIndex {
  readonly #source: RowSource
  /** A row that has not come yet has a number and no id. */
  readonly #ids: (RowId | undefined)[] = []
  readonly #numbers = new Map<RowId, RowNumber>()
  readonly #shards: number[] = []
  readonly #keys: (string | undefined)[] = []
  readonly #dirty = new Set<RowNumber>()
  readonly #kept = new Map<number, Kept>()
  #awaited = 0
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

  /** Rows that have a place and have not come yet. */
  get awaited(): number {
    return this.#awaited
  }

  /** Also of the name that a row had before it came. */
  numberOf(row: RowId): RowNumber | undefined {
    return isAwaited(row) ? Number(row.slice(AWAITED.length)) : this.#numbers.get(row)
  }

  /** A row that has not come yet is named by its number. */
  idOf(number: RowNumber): RowId {
    if (number >= this.#ids.length) throw new Error(`There is no row ${number}`)
    return this.#ids[number] ?? (`${AWAITED}${number}` as RowId)
  }

  isShown(number: RowNumber): boolean {
    return this.#keyAt(number) !== undefined
  }

  /** A row that has not come stands where it arrived; its key is worked out where it is asked for, for there may be a million. */
  #keyAt(number: RowNumber): string | undefined {
    const from = this.#shards[number] ?? NO_SHARD
    if (from >= NO_SHARD || this.#ids[number] !== undefined) return this.#keys[number]
    const kept = this.#kept.get(comingFrom(from))
    return kept && orderKeyOf(kept.ord + number - kept.start)
  }

  /** Which shard holds a row; `undefined` where none does. */
  shardOf(row: RowId): number | undefined {
    const number = this.#numbers.get(row)
    const shard = number === undefined ? NO_SHARD : (this.#shards[number] ?? NO_SHARD)
    return shard < 0 ? undefined : shard
  }

  /** The shard that will bring a row which has not come yet; `undefined` where it is here. */
  awaitedIn(row: RowId): number | undefined {
    if (!isAwaited(row)) return undefined
    const shard = this.#shards[this.numberOf(row) ?? -1] ?? NO_SHARD
    return shard < NO_SHARD ? comingFrom(shard) : undefined
  }

  /** All rows of the base shards that have come, deleted ones too. */
  *baseRows(): IterableIterator<RowId> {
    for (const [number, row] of this.#ids.entries()) if (row !== undefined && (this.#shards[number] ?? NO_SHARD) >= 0) yield row
  }

  /** Keeps places for the rows of shards that follow one another and have not come: `count` rows each, in their order of arrival. */
  keep(shards: readonly number[], count: number): void {
    const order = this.order()
    const start = this.#ids.length
    for (const [at, shard] of shards.entries()) {
      this.#kept.set(shard, { start: start + at * count, ord: shard * count, count })
      for (let i = 0; i < count; i++) {
        this.#ids.push(undefined)
        this.#shards.push(comingFrom(shard))
        this.#keys.push(undefined)
      }
    }
    const added = this.#ids.length - start
    if (added === 0) return
    this.#awaited += added
    // They are in order among themselves: they are put in as one piece, and what stands between them is placed anew.
    const from = lowerBound(order, start, this.compare)
    const to = lowerBound(order, this.#ids.length - 1, this.compare, from)
    for (const number of order.subarray(from, to)) this.#dirty.add(number)
    const all = new Uint32Array(order.length + added)
    all.set(order.subarray(0, from))
    for (let i = 0; i < added; i++) all[from + i] = start + i
    all.set(order.subarray(from), from + added)
    this.#order = all
    this.#rows = undefined
  }

  /** Takes in that a row came, or that its place or its being shown may have changed. Answers whether it did. */
  touch(row: RowId, shard?: number): boolean {
    const number = this.#take(row, shard)
    return this.#setKey(number, this.#source.keyOf(row))
  }

  /** Takes in a row of a shard whose key and order of arrival are known; the key is `undefined` where it is not shown. */
  arrive(row: RowId, shard: number, key: string | undefined, ord: number): void {
    this.#fillPlace(row, shard, ord)
    this.#setKey(this.#take(row, shard), key)
  }

  /** All rows of a shard have come: places that were kept for it and that none of them took are given up. */
  arrived(shard: number): void {
    const kept = this.#kept.get(shard)
    if (kept === undefined) return
    this.#kept.delete(shard)
    for (let number = kept.start; number < kept.start + kept.count; number++) {
      if (this.#ids[number] !== undefined) continue
      this.#awaited--
      this.#shards[number] = NO_SHARD
      this.#dirty.add(number)
      this.#rows = undefined
    }
  }

  #fillPlace(row: RowId, shard: number, ord: number): void {
    const kept = this.#kept.get(shard)
    if (kept === undefined || this.#numbers.has(row) || ord < kept.ord || ord >= kept.ord + kept.count) return
    const number = kept.start + ord - kept.ord
    if (this.#ids[number] !== undefined) return
    this.#keys[number] = this.#keyAt(number)
    this.#ids[number] = row
    this.#numbers.set(row, number)
    this.#awaited--
    this.#rows = undefined
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
      if ((this.#shards[number] ?? NO_SHARD) < 0) this.#inBase++
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

  /** The rows that are shown and have come, in order. */
  rows(): readonly RowId[] {
    this.#rows ??= this.#named(this.order())
    return this.#rows
  }

  #named(order: Uint32Array): readonly RowId[] {
    const rows: RowId[] = new Array(order.length - this.#awaited)
    let count = 0
    for (let i = 0; i < order.length; i++) {
      const id = this.#ids[order[i] ?? 0]
      if (id !== undefined) rows[count++] = id
    }
    return rows
  }

  /** The numbers of the rows that are shown, in order, those that have not come among them. A new array after each change. */
  order(): Uint32Array {
    if (this.#dirty.size > 0) {
      this.#order = mergeOrder({
        order: this.#order,
        size: this.size,
        dirty: this.#dirty,
        isIn: (number) => this.isShown(number),
        compare: this.compare,
      })
      this.#dirty.clear()
    }
    return this.#order
  }

  /** Where a row stands among those that are shown, by bisection; −1 where it is not shown. */
  placeOf(row: RowId): number {
    const number = this.numberOf(row)
    if (number === undefined || !this.isShown(number)) return -1
    const order = this.order()
    const place = lowerBound(order, number, this.compare)
    return order[place] === number ? place : -1
  }

  /** Which of two rows stands first. Rows that share a key are ordered by id, alike on every device. */
  readonly compare = (a: RowNumber, b: RowNumber): number =>
    compareText(this.#keyAt(a) ?? '', this.#keyAt(b) ?? '') || compareText(this.#ids[a] ?? '', this.#ids[b] ?? '')
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
  const rest = dirty.size <= FEW ? withoutFew(order, dirty) : withoutDirty(order, dirty, size)
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

/** So few rows are looked for one by one, which a processor does many at a time; more are marked and passed over. */
const FEW = 16

function withoutFew(order: Uint32Array, dirty: ReadonlySet<RowNumber>): Uint32Array {
  const places = [...dirty].map((number) => order.indexOf(number)).filter((place) => place >= 0)
  if (places.length === 0) return order
  const rest = new Uint32Array(order.length - places.length)
  let from = 0
  let to = 0
  for (const place of places.sort((a, b) => a - b)) {
    rest.set(order.subarray(from, place), to)
    to += place - from
    from = place + 1
  }
  rest.set(order.subarray(from), to)
  return rest
}

function withoutDirty(order: Uint32Array, dirty: ReadonlySet<RowNumber>, size: number): Uint32Array {
  const isDirty = new Uint8Array(size)
  for (const number of dirty) isDirty[number] = 1
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
