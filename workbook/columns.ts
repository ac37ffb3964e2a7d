import type { CellValue } from './cell-value.ts'
import type { ValueFormats } from './field-values.ts'
import type { Field } from './fields.ts'
import type { RowNumber } from './row-index.ts'
import { type BucketOf, bucketOf, orderOf, type ValueOrder } from './value-order.ts'

/** The empty cell has no code: it is in no dictionary, and comes last whichever way a column is sorted. */
export const EMPTY = -1

/** Codes sorted between two looks at the clock. */
const SORT_STEP = 2_000
const FIRST_RUN = 256

/**
 * One field's values by row number: a dictionary of the values that occur, and each row's place in it. What is asked of many rows (does it
 * match, which comes first, which group) is answered once a value.
 */
export class Column {
  readonly field: Field
  readonly #compareValues: ValueOrder
  readonly #bucketOf: BucketOf
  #codes = new Int32Array(1024).fill(EMPTY)
  readonly #values: CellValue[] = []
  readonly #codeOf = new Map<CellValue, number>()
  /** Codes in the order of their values; those that came since are merged when it is asked for. */
  #sorted: Int32Array | undefined
  #ranks = new Float64Array(0)
  #buckets = new Int32Array(64)
  #bucketed = 0
  #numbers = new Float64Array(0)
  #numbered = 0
  readonly #bucketLabels: string[] = []
  /** By bucket, the first of its codes: values of one bucket stand together, so any of them tells where it stands. */
  readonly #bucketCodes: number[] = []
  readonly #bucketByLabel = new Map<string, number>()

  constructor(field: Field, formats: ValueFormats) {
    this.field = field
    this.#compareValues = orderOf(field, formats)
    this.#bucketOf = bucketOf(field, formats)
  }

  /** How many values the dictionary holds; codes are below it. */
  get size(): number {
    return this.#values.length
  }

  /** By row number; `EMPTY` where the cell is empty. */
  get codes(): Int32Array {
    return this.#codes
  }

  codeAt(row: RowNumber): number {
    return this.#codes[row] ?? EMPTY
  }

  valueOf(code: number): CellValue {
    return this.#values[code] ?? null
  }

  valueAt(row: RowNumber): CellValue {
    return this.valueOf(this.codeAt(row))
  }

  /** Answers whether the row had another value. */
  set(row: RowNumber, value: CellValue): boolean {
    if (row >= this.#codes.length) this.#grow(row + 1)
    const code = value === null || value === '' ? EMPTY : this.#coded(value)
    if (this.#codes[row] === code) return false
    this.#codes[row] = code
    return true
  }

  get isSorted(): boolean {
    return this.#sorted !== undefined
  }

  /** The dictionary holds far more values than are in use: the column had better be made anew. */
  isWorn(rows: number): boolean {
    return this.#values.length > 2 * rows + 1_000
  }

  /**
   * Sorts the dictionary, a step between two `yield`s. Values that came while it was sorted are merged at the end: they are few.
   */
  *sortInSteps(): Generator<void, void, void> {
    const count = this.#values.length
    let runs = new Int32Array(count).map((_, code) => code)
    for (let start = 0; start < count; start += FIRST_RUN) {
      const run = Array.from(runs.subarray(start, start + FIRST_RUN)).sort(this.#compareCodes)
      runs.set(run, start)
      if ((start / FIRST_RUN) % 4 === 3) yield
    }
    let other = new Int32Array(count)
    for (let width = FIRST_RUN; width < count; width *= 2) {
      for (let start = 0; start < count; start += 2 * width) {
        yield* this.#mergeRuns(runs, other, { start, middle: Math.min(start + width, count), end: Math.min(start + 2 * width, count) })
      }
      ;[runs, other] = [other, runs]
    }
    this.#keepSorted(runs)
  }

  /** Rises with the values' order, equal where they sort as one. Changes only where values came. */
  rankOf(code: number): number {
    this.#mergeNew()
    return this.#ranks[code] ?? 0
  }

  /** By code, the places 0, 1, 2 … of the values' order; `count` of them. */
  places(): Places {
    this.#mergeNew()
    return placesOf(this.#sorted ?? NO_CODES, (code) => this.#ranks[code] ?? 0)
  }

  /** By bucket, their places in the values' order. */
  bucketPlaces(): Places {
    this.buckets()
    this.#mergeNew()
    const order = Int32Array.from(this.#bucketCodes.keys()).sort(this.#compareBuckets)
    return placesOf(order, (bucket) => bucket)
  }

  /** Which group of like values a row belongs to: an option, a day, a text. `EMPTY` for the empty cell. */
  bucketAt(row: RowNumber): number {
    const code = this.codeAt(row)
    return code === EMPTY ? EMPTY : this.bucket(code)
  }

  bucket(code: number): number {
    if (code >= this.#bucketed) this.buckets()
    return this.#buckets[code] ?? 0
  }

  /** By code, the group its values belong to. */
  buckets(): Int32Array {
    if (this.#buckets.length < this.size) this.#buckets = enlarged(this.#buckets, this.size)
    for (; this.#bucketed < this.size; this.#bucketed++) {
      const label = this.#bucketOf(this.valueOf(this.#bucketed))
      let bucket = this.#bucketByLabel.get(label)
      if (bucket === undefined) {
        bucket = this.#bucketLabels.push(label) - 1
        this.#bucketByLabel.set(label, bucket)
        this.#bucketCodes.push(this.#bucketed)
      }
      this.#buckets[this.#bucketed] = bucket
    }
    return this.#buckets
  }

  /** By code, the values that are numbers; not a number for the others. */
  numbers(): Float64Array {
    if (this.#numbers.length < this.size) {
      const numbers = new Float64Array(this.size * 1.25).fill(Number.NaN)
      numbers.set(this.#numbers)
      this.#numbers = numbers
    }
    for (; this.#numbered < this.size; this.#numbered++) {
      const value = this.valueOf(this.#numbered)
      this.#numbers[this.#numbered] = typeof value === 'number' ? value : Number.NaN
    }
    return this.#numbers
  }

  get bucketCount(): number {
    return this.#bucketLabels.length
  }

  bucketLabel(bucket: number): string {
    return this.#bucketLabels[bucket] ?? ''
  }

  /** Which of two rows comes first by this column; empty cells last, `sign` −1 turns the others round. */
  compareRows(a: RowNumber, b: RowNumber, sign: 1 | -1): number {
    const [codeA, codeB] = [this.codeAt(a), this.codeAt(b)]
    if (codeA === codeB) return 0
    if (codeA === EMPTY || codeB === EMPTY) return codeA === EMPTY ? 1 : -1
    return sign * (this.rankOf(codeA) - this.rankOf(codeB))
  }

  /** The same by the groups the rows belong to. */
  compareBuckets(a: RowNumber, b: RowNumber, sign: 1 | -1): number {
    const [bucketA, bucketB] = [this.bucketAt(a), this.bucketAt(b)]
    if (bucketA === bucketB) return 0
    if (bucketA === EMPTY || bucketB === EMPTY) return bucketA === EMPTY ? 1 : -1
    return sign * this.#compareBuckets(bucketA, bucketB)
  }

  readonly #compareBuckets = (a: number, b: number): number =>
    this.rankOf(this.#bucketCodes[a] ?? 0) - this.rankOf(this.#bucketCodes[b] ?? 0) || a - b

  readonly #compareCodes = (a: number, b: number): number => this.#compareValues(this.valueOf(a), this.valueOf(b)) || a - b

  #coded(value: CellValue): number {
    const known = this.#codeOf.get(value)
    if (known !== undefined) return known
    const code = this.#values.push(value) - 1
    this.#codeOf.set(value, code)
    return code
  }

  #grow(rows: number): void {
    const grown = new Int32Array(Math.max(rows, this.#codes.length * 2)).fill(EMPTY)
    grown.set(this.#codes)
    this.#codes = grown
  }

  *#mergeRuns(from: Int32Array, to: Int32Array, run: { start: number; middle: number; end: number }): Generator<void, void, void> {
    let left = run.start
    let right = run.middle
    for (let at = run.start; at < run.end; at++) {
      const isLeft = left < run.middle && (right >= run.end || this.#compareCodes(from[left] ?? 0, from[right] ?? 0) <= 0)
      to[at] = (isLeft ? from[left++] : from[right++]) ?? 0
      if (at % SORT_STEP === SORT_STEP - 1) yield
    }
  }

  #keepSorted(sorted: Int32Array): void {
    this.#sorted = sorted
    this.#ranks = new Float64Array(Math.max(16, this.#values.length * 1.25))
    let rank = 0
    for (const [i, code] of sorted.entries()) {
      const before = sorted[i - 1]
      if (before !== undefined && !this.#isSameRank(before, code)) rank++
      this.#ranks[code] = rank
    }
  }

  #isSameRank(a: number, b: number): boolean {
    return this.#compareValues(this.valueOf(a), this.valueOf(b)) === 0
  }

  /** Puts values that came since the dictionary was sorted between those that were there, each with a rank between its neighbours'. */
  #mergeNew(): void {
    if (this.#sorted === undefined) {
      // Asked for before the steps were run: all at once, for sheets that are small.
      for (const _ of this.sortInSteps());
    }
    const sorted = this.#sorted ?? NO_CODES
    if (sorted.length === this.#values.length) return
    const fresh = Array.from({ length: this.#values.length - sorted.length }, (_, i) => sorted.length + i).sort(this.#compareCodes)
    const merged = new Int32Array(this.#values.length)
    if (merged.length > this.#ranks.length) {
      const ranks = new Float64Array(merged.length * 1.25)
      ranks.set(this.#ranks)
      this.#ranks = ranks
    }
    let from = 0
    let to = 0
    let hasRoom = true
    for (let start = 0; start < fresh.length; ) {
      const place = this.#placeAmong(sorted, fresh[start] ?? 0, from)
      const after = sorted[place]
      let end = start + 1
      while (end < fresh.length && (after === undefined || this.#compareCodes(fresh[end] ?? 0, after) < 0)) end++
      const between = fresh.slice(start, end)
      hasRoom = this.#rankBetween(sorted[place - 1], between, after) && hasRoom
      merged.set(sorted.subarray(from, place), to)
      merged.set(between, to + place - from)
      to += place - from + between.length
      from = place
      start = end
    }
    merged.set(sorted.subarray(from), to)
    if (hasRoom) this.#sorted = merged
    else this.#keepSorted(merged)
  }

  /**
   * Ranks values that stand between two others, evenly, so that many may come to one place; `false` where there is no number left. One that
   * sorts as the value before it has its rank; none sorts as the one after, which then would be before it.
   */
  #rankBetween(before: number | undefined, codes: readonly number[], after: number | undefined): boolean {
    let last = before
    let count = 0
    const steps = codes.map((code) => {
      if (last === undefined || !this.#isSameRank(last, code)) count++
      last = code
      return count
    })
    const low = before === undefined ? undefined : (this.#ranks[before] ?? 0)
    const high = after === undefined ? undefined : (this.#ranks[after] ?? 0)
    const rankAt = (step: number): number => {
      if (low === undefined) return (high ?? count + 1) - (count + 1 - step)
      return high === undefined ? low + step : low + ((high - low) * step) / (count + 1)
    }
    for (const [i, code] of codes.entries()) this.#ranks[code] = rankAt(steps[i] ?? 0)
    const distinct = Array.from({ length: count + 2 }, (_, step) => rankAt(step))
    return distinct.every((rank, step) => step === 0 || rank > (distinct[step - 1] ?? 0))
  }

  #placeAmong(sorted: Int32Array, code: number, from: number): number {
    let low = from
    let high = sorted.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#compareCodes(sorted[middle] ?? 0, code) < 0) low = middle + 1
      else high = middle
    }
    return low
  }
}

/** Places 0, 1, 2 … by code (or bucket). */
export interface Places {
  readonly places: Int32Array
  readonly count: number
}

const NO_CODES = new Int32Array(0)

function enlarged(codes: Int32Array<ArrayBuffer>, size: number): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(Math.max(size, codes.length * 2))
  larger.set(codes)
  return larger
}

function placesOf(sorted: Int32Array, rankOf: (code: number) => number): Places {
  const places = new Int32Array(sorted.length)
  let place = -1
  let before = Number.NaN
  for (const code of sorted) {
    const rank = rankOf(code)
    if (rank !== before) place++
    before = rank
    places[code] = place
  }
  return { places, count: place + 1 }
}
