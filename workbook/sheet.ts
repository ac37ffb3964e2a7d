import type * as Y from 'yjs'
import { type Annotation, type AnnotationOf, annotationKey, CELL_MARKS, type Marks, parseAnnotation } from './annotations.ts'
import { isStaged, shownValue } from './cell-rules.ts'
import type { CellValue } from './cell-value.ts'
import {
  annotationsMap,
  baseEpochs,
  bookFields,
  currentEpoch,
  editCellsMap,
  editLinksMap,
  editOrderMap,
  editRowsMap,
  packedRows,
  readEntry,
  type SheetDocs,
  sysAccepted,
  sysBindings,
  sysSlots,
} from './documents.ts'
import { fieldOf } from './field-reader.ts'
import type { Binding, Field } from './fields.ts'
import { type CellKey, type ConnectionId, cellKey, type FieldId, type ItemId, parseCellKey, type RowId, type SheetId } from './ids.ts'
import { isAwaited, RowIndex } from './row-index.ts'
import { type BaseRow, type Entry, isOrderKey, orderKeyOf, ordOfPacked, parseBaseRow, SHARD_ROWS } from './schema.ts'

/** One cell as a person sees it and as the rules see it. */
export interface Cell {
  /** What is shown: the entry where it is edited, else the baseline. */
  readonly value: CellValue
  /** The app's last known value; for a custom field what an import or compaction settled. */
  readonly baseline: CellValue
  readonly entry?: Entry
  readonly item?: ItemId
  readonly isStaged: boolean
  readonly marks: Marks
}

/** What changed in a sheet since the last call, for a screen to redraw. */
export interface SheetChange {
  readonly rows: ReadonlySet<RowId>
  /** Rows came, went or moved. */
  readonly isOrder: boolean
  /** Fields or their bindings changed. */
  readonly isFields: boolean
}

/** What may be a row's id; a foreign client may write anything. */
const ROW_ID = /^[0-9A-Za-z]{1,32}$/
/** Most rows kept decoded at once. */
const DECODED_ROWS = 5_000

/** Reads one sheet over its documents; keeps an index of rows, decodes a row when it is asked for. */
export class Sheet {
  readonly id: SheetId
  readonly docs: Omit<SheetDocs, 'base'>
  /** The rows by number and in order, for views. */
  /** Brings a shard, or all of them; set by whoever brings shards only when they are wanted. */
  onWanted: ((shard: number | 'all') => void) | undefined
  readonly index = new RowIndex({ keyOf: (row) => (this.#isShown(row) ? this.orderKey(row) : undefined) })
  /** By shard; one that has not arrived leaves a hole. */
  readonly #base: Y.Doc[] = []
  readonly #leaveShard = new Map<number, () => void>()
  readonly #decoded = new Map<RowId, BaseRow>()
  readonly #listeners = new Set<(change: SheetChange) => void>()
  readonly #unobserve: (() => void)[] = []
  /** Record → rows, and each row's own records to take it out again; made when first asked for (the server asks, a screen never does). */
  #byRecord: { readonly rows: Map<string, Set<RowId>>; readonly keys: Map<RowId, readonly string[]> } | undefined
  #fields: readonly Field[] | undefined
  #slots: ReadonlyMap<FieldId, number> | undefined
  #isClosed = false

  constructor(id: SheetId, docs: SheetDocs) {
    this.id = id
    const { base, ...rest } = docs
    this.docs = rest
    for (const [shard, doc] of base.entries()) this.addShard(doc, shard)
    this.#touchEdited(editRowsMap(docs.edits).keys())
    this.#watch(editCellsMap(docs.edits), (keys) => this.#emit({ rows: rowsOf(keys), isOrder: false, isFields: false }))
    this.#watch(annotationsMap(docs.annotations), (keys) => this.#emit({ rows: rowsOf(keys), isOrder: false, isFields: false }))
    const onOrder = (keys: ReadonlySet<string>): void => {
      this.#touchEdited(keys)
      this.#emit({ rows: rowsOf(keys), isOrder: true, isFields: false })
    }
    this.#watch(editRowsMap(docs.edits), onOrder)
    this.#watch(editOrderMap(docs.edits), onOrder)
    this.#watch(editLinksMap(docs.edits), (keys) => this.#emit({ rows: rowsOf(keys), isOrder: false, isFields: false }))
    const onFields = (): void => {
      this.#fields = undefined
      this.#slots = undefined
      this.#emit({ rows: new Set(), isOrder: false, isFields: true })
    }
    this.#watch(bookFields(docs.book), onFields)
    this.#watch(sysBindings(docs.sys), onFields)
    this.#watch(sysAccepted(docs.sys), onFields)
    this.#watch(sysSlots(docs.sys), onFields)
  }

  get base(): readonly Y.Doc[] {
    return this.#base
  }

  /** Adds a shard, the next one where `shard` does not say which; shards may arrive in any order, and one may be replaced. */
  addShard(doc: Y.Doc, shard = this.#base.length): void {
    this.#leaveShard.get(shard)?.()
    this.#base[shard] = doc
    this.#byRecord = undefined
    this.#decoded.clear()
    const rows = new Set<RowId>()
    const isAwaited = this.index.awaited > 0
    for (const [row, packed] of packedRows(doc)) {
      this.index.arrive(row, shard, this.#keyOnArrival(row, packed), ordOfPacked(packed))
      if (isAwaited) rows.add(row)
    }
    this.index.arrived(shard)
    const onChange = (events: Y.YEvent<Y.AbstractType<unknown>>[]): void => this.#onBase(doc, shard, events)
    baseEpochs(doc).observeDeep(onChange as never)
    this.#leaveShard.set(shard, () => baseEpochs(doc).unobserveDeep(onChange as never))
    // Rows that had a place already have changed; others are new.
    this.#emit({ rows, isOrder: true, isFields: false })
  }

  /** Keeps places for the rows of these shards, which are fetched when somebody wants them. */
  keepPlaces(shards: readonly number[]): void {
    this.index.keep(shards, SHARD_ROWS)
    this.#emit({ rows: new Set(), isOrder: true, isFields: false })
  }

  /** Asks for a row that has not come. Nothing happens where it is here, or on its way. */
  want(row: RowId): void {
    const shard = this.index.awaitedIn(row)
    if (shard !== undefined) this.onWanted?.(shard)
  }

  /** Asks for every row: what looks through the whole sheet cannot do without one. */
  wantAll(): void {
    if (this.index.awaited > 0) this.onWanted?.('all')
  }

  /** Resolves once every row has come. */
  async whole(): Promise<void> {
    this.wantAll()
    while (this.index.awaited > 0) {
      await new Promise<void>((resolve) => {
        const stop = this.onChange(() => {
          stop()
          resolve()
        })
      })
    }
  }

  /** Calls `listener` after each transaction that changed what this sheet shows. Returns the way to stop. */
  onChange(listener: (change: SheetChange) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  close(): void {
    this.#isClosed = true
    for (const stop of this.#unobserve.splice(0)) stop()
    for (const leave of this.#leaveShard.values()) leave()
    this.#leaveShard.clear()
    this.#listeners.clear()
  }

  /** The sheet's fields, in their order. */
  fields(): readonly Field[] {
    this.#fields ??= readFields(this.docs.book, this.docs.sys, this.id)
    return this.#fields
  }

  field(id: FieldId): Field | undefined {
    return this.fields().find((f) => f.id === id)
  }

  /** The rows that are shown, in order; deleted ones are left out. */
  rows(): readonly RowId[] {
    return this.index.rows()
  }

  hasRow(row: RowId): boolean {
    return this.shardOf(row) !== undefined || editRowsMap(this.docs.edits).get(`${row}.added`) !== undefined
  }

  isDeleted(row: RowId): boolean {
    return editRowsMap(this.docs.edits).get(`${row}.deleted`) === true
  }

  /** The row as the base shards hold it; `undefined` for a row that was only typed. */
  baseRow(row: RowId): BaseRow | undefined {
    const known = this.#decoded.get(row)
    if (known) return known
    const packed = this.#packed(row)
    if (packed === undefined) return undefined
    const parsed = parseBaseRow(packed)
    // Decoded rows cost several times their packed size: those on the screen and in a run are kept, never a whole large sheet.
    if (this.#decoded.size >= DECODED_ROWS) this.#decoded.clear()
    this.#decoded.set(row, parsed)
    return parsed
  }

  /** Which shard holds a row. */
  shardOf(row: RowId): number | undefined {
    return this.index.shardOf(row)
  }

  /** The arrival order the next pulled or imported row gets: rows never leave the base. */
  nextOrd(): number {
    return this.index.inBase
  }

  /** All rows of the base shards, deleted ones too. */
  baseRowIds(): IterableIterator<RowId> {
    return this.index.baseRows()
  }

  slotOf(field: FieldId): number | undefined {
    if (this.#slots === undefined) {
      const slots = new Map<FieldId, number>()
      for (const [key, slot] of sysSlots(this.docs.sys).entries()) {
        const [sheet, id] = key.split(':')
        if (sheet === this.id) slots.set(id as FieldId, slot)
      }
      this.#slots = slots
    }
    return this.#slots.get(field)
  }

  baseline(row: RowId, field: FieldId): CellValue {
    const slot = this.slotOf(field)
    return slot === undefined ? null : (this.baseRow(row)?.values[slot] ?? null)
  }

  /** What a cell shows, without its marks. */
  value(row: RowId, field: FieldId): CellValue {
    return shownValue(this.baseline(row, field), readEntry(this.docs.edits, cellKey(row, field))?.entry)
  }

  /** A row as its shard holds it, packed; `undefined` for a row that was only typed. */
  packedRow(row: RowId): string | undefined {
    return this.#packed(row)
  }

  cell(row: RowId, field: FieldId): Cell {
    const baseline = this.baseline(row, field)
    const stored = readEntry(this.docs.edits, cellKey(row, field))
    const marks = this.marks(row, field)
    if (stored === undefined) return { value: baseline, baseline, isStaged: false, marks }
    const { entry, item } = stored
    return { value: shownValue(baseline, entry), baseline, entry, item, isStaged: isStaged(baseline, entry), marks }
  }

  /** The open annotations of one cell. */
  marks(row: RowId, field: FieldId): Marks {
    const map = annotationsMap(this.docs.annotations)
    if (map.size === 0) return NO_MARKS
    let marks: Record<string, Annotation> | undefined
    for (const kind of CELL_MARKS) {
      const annotation = parseAnnotation(map.get(annotationKey(row, field, kind)))
      if (annotation) marks = { ...marks, [kind]: annotation }
    }
    return marks ?? NO_MARKS
  }

  /** Gone or out of filter, where the row's record is. */
  recordMark(row: RowId, connection: ConnectionId): AnnotationOf<'gone'> | AnnotationOf<'unmatched'> | undefined {
    const map = annotationsMap(this.docs.annotations)
    const stored = map.get(annotationKey(row, connection, 'gone')) ?? map.get(annotationKey(row, connection, 'unmatched'))
    const annotation = parseAnnotation(stored)
    return annotation?.kind === 'gone' || annotation?.kind === 'unmatched' ? annotation : undefined
  }

  /** The record a row is tied to in a connection. A link that a person asked for is none until the server has filled it. */
  recordOf(row: RowId, connection: ConnectionId): string | undefined {
    return this.baseRow(row)?.records[connection]
  }

  /** The rows tied to a record: one, or several that were linked offline; deleted rows count. */
  rowsOf(connection: ConnectionId, record: string): readonly RowId[] {
    if (this.#byRecord === undefined) {
      this.#byRecord = { rows: new Map(), keys: new Map() }
      for (const row of this.baseRowIds()) this.#indexRecords(row)
    }
    return [...(this.#byRecord.rows.get(`${connection}\u0000${record}`) ?? [])]
  }

  /** Every cell with an entry, in no order. */
  *entries(): Generator<{ key: CellKey; row: RowId; field: FieldId }> {
    for (const key of editCellsMap(this.docs.edits).keys()) {
      const parsed = parseCellKey(key)
      if (parsed && !isAwaited(parsed.row)) yield { key: key as CellKey, ...parsed }
    }
  }

  /** Every open annotation, in no order. */
  *annotations(): Generator<{ row: RowId; place: FieldId | ConnectionId; annotation: Annotation }> {
    for (const [key, stored] of annotationsMap(this.docs.annotations).entries()) {
      const [row, place] = key.split(':')
      const annotation = parseAnnotation(stored)
      if (row && place && annotation) yield { row: row as RowId, place: place as FieldId, annotation }
    }
  }

  /** The fractional key that orders a row. */
  orderKey(row: RowId): string {
    const moved = editOrderMap(this.docs.edits).get(row)
    if (isOrderKey(moved)) return moved
    const packed = this.#packed(row)
    if (packed !== undefined) return orderKeyOf(ordOfPacked(packed))
    const added = editRowsMap(this.docs.edits).get(`${row}.added`)
    return isOrderKey(added) ? added : orderKeyOf(0)
  }

  /** As `orderKey` of a row whose packed form is at hand: a shard brings thousands, and few of them were ever moved or deleted. */
  #keyOnArrival(row: RowId, packed: string): string | undefined {
    const { edits } = this.docs
    if (editRowsMap(edits)._map.size > 0 && this.isDeleted(row)) return undefined
    const moved = editOrderMap(edits)._map.size > 0 ? editOrderMap(edits).get(row) : undefined
    return isOrderKey(moved) ? moved : orderKeyOf(ordOfPacked(packed))
  }

  #isShown(row: RowId): boolean {
    return this.hasRow(row) && !this.isDeleted(row)
  }

  /** Rows that were typed, deleted or moved: `<row>.added`, `<row>.deleted`, `<row>`. */
  #touchEdited(keys: Iterable<string>): void {
    for (const row of rowsOf(keys)) {
      // What was said of a row that is not here yet is read when it comes.
      if (ROW_ID.test(row) && (this.index.numberOf(row) !== undefined || this.hasRow(row))) this.index.touch(row)
    }
  }

  #onBase(doc: Y.Doc, shard: number, events: readonly Y.YEvent<Y.AbstractType<unknown>>[]): void {
    const rows = new Set<RowId>()
    let isOrder = false
    const touch = (row: RowId): void => {
      rows.add(row)
      this.#decoded.delete(row)
      if (this.index.touch(row, shard)) isOrder = true
      this.#indexRecords(row)
    }
    for (const event of events) {
      if (event.target !== (baseEpochs(doc) as unknown)) for (const key of (event as Y.YMapEvent<unknown>).keysChanged) touch(key as RowId)
      else for (const [row] of packedRows(doc)) touch(row)
    }
    this.#emit({ rows, isOrder, isFields: false })
  }

  #packed(row: RowId): string | undefined {
    const shard = this.index.shardOf(row)
    const doc = shard === undefined ? undefined : this.#base[shard]
    return doc && currentEpoch(doc)?.get(row)
  }

  #indexRecords(row: RowId): void {
    if (this.#byRecord === undefined) return
    const { rows, keys } = this.#byRecord
    for (const key of keys.get(row) ?? []) rows.get(key)?.delete(row)
    const now = Object.entries(this.baseRow(row)?.records ?? {}).map(([connection, record]) => `${connection}\u0000${record}`)
    keys.set(row, now)
    for (const key of now) rows.set(key, (rows.get(key) ?? new Set<RowId>()).add(row))
  }

  #watch<V>(map: Y.Map<V>, onKeys: (keys: ReadonlySet<string>) => void): void {
    const observer = (event: Y.YMapEvent<V>): void => onKeys(event.keysChanged)
    map.observe(observer)
    this.#unobserve.push(() => map.unobserve(observer))
  }

  #emit(change: SheetChange): void {
    if (!this.#isClosed) for (const listener of this.#listeners) listener(change)
  }
}

const NO_MARKS: Marks = {}

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

function rowsOf(keys: Iterable<string>): Set<RowId> {
  const rows = new Set<RowId>()
  for (const key of keys) rows.add(key.split(/[:.]/, 1)[0] as RowId)
  return rows
}

function readFields(book: Y.Doc, sys: Y.Doc, sheet: SheetId): readonly Field[] {
  const attributes = new Map<FieldId, Map<string, unknown>>()
  for (const [key, value] of bookFields(book).entries()) {
    const dot = key.indexOf('.')
    const id = key.slice(0, dot) as FieldId
    const known = attributes.get(id) ?? new Map<string, unknown>()
    attributes.set(id, known.set(key.slice(dot + 1), value))
  }
  const fields: Field[] = []
  for (const [id, values] of attributes) {
    if (values.get('sheet') === sheet && values.get('removed') !== true) fields.push(fieldOf(id, values, bindingOf(sys, id)))
  }
  return fields.sort((a, b) => compareText(a.order, b.order) || compareText(a.id, b.id))
}

/** A field's binding; written by the server, so it is trusted once it is an object. */
export function bindingOf(sys: Y.Doc, field: FieldId): Binding | undefined {
  const stored = sysBindings(sys).get(field)
  return typeof stored === 'object' && stored !== null ? (stored as Binding) : undefined
}
