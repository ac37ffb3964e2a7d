import type { CellValue } from './cell-value.ts'
import { ColumnStore, type Needs } from './column-store.ts'
import { type Column, EMPTY } from './columns.ts'
import { showValue } from './field-values.ts'
import type { FieldId, RowId } from './ids.ts'
import { isAwaited, mergeOrder, type RowNumber } from './row-index.ts'
import type { Sheet, SheetChange } from './sheet.ts'
import type { Aggregate, FilterGroup, SortKey } from './view.ts'
import { type CompiledFilter, compileFilter, type Filter, type FilterContext, type Ignored } from './view-filter.ts'
import { type AggregateFigure, type GridLine, type GroupLine, groupKeyIn, PATH_END, type RowLine } from './view-lines.ts'

/** What a view asks of the rows. */
export interface ViewQuery {
  readonly filter: FilterGroup
  readonly sorts: readonly SortKey[]
  readonly groups: readonly SortKey[]
  readonly aggregates: Readonly<Record<string, Aggregate>>
  /** Keys of groups that are closed. */
  readonly collapsed: ReadonlySet<string>
  /** Held rows go where they belong at once, and are only kept in sight; absent: they keep their place, as a line under a cursor should. */
  readonly movesHeld?: boolean
}

/** Words of the figures, and of the group without a value. */
export interface ViewWords {
  readonly figure: (aggregate: Aggregate, shown: string) => string
  readonly emptyGroup: string
}

/** What a view shows. Parts that did not change are the same objects as before. */
export interface ViewResult {
  readonly lines: readonly GridLine[]
  readonly shown: number
  readonly total: number
  readonly isFiltered: boolean
  /** The lines are those from before the last change of the view, or of all rows: columns are still being read. */
  readonly isBuilding: boolean
  readonly totals: readonly AggregateFigure[]
  readonly ignored: readonly Ignored[]
}

interface Key {
  readonly column: Column
  readonly sign: 1 | -1
}

const NO_LINES: GridLine[] = []
const NO_ROWS = { rows: new Uint32Array(0), lines: NO_LINES }
const NO_BUCKETS: readonly number[] = []
const NO_FIGURES: readonly AggregateFigure[] = []
const YES = 1
const NO = 2
/** Beyond this share of the rows, placing them one by one costs more than sorting all. */
const FULL_SHARE = 0.2

/**
 * Which rows a view shows, in which order and groups, kept up to date: a change of some rows moves those rows alone.
 *
 * `work` does what there is to do, in steps that a screen fits between its frames; `result` is what stands so far. Held rows keep their
 * place while a person is in them, whatever becomes of their values.
 */
export class ViewIndex {
  readonly #sheet: Sheet
  readonly #store: ColumnStore
  readonly #words: ViewWords
  #stop: (() => void) | undefined
  #context: FilterContext
  #query: ViewQuery | undefined
  #compiled: CompiledFilter | undefined
  #task: Generator<void, void, void> | undefined
  #taskNeeds: Needs | undefined
  /** Rows to be placed anew, and those of them whose values are still to be read: several steps may lie between the two. */
  readonly #changed = new Set<RowNumber>()
  readonly #unread = new Set<RowNumber>()
  #isOrderChanged = false
  #isFieldsChanged = false
  #mustSort = true
  #mustGroup = false
  #mustPlace = false
  #wasClosed = false
  #order: Uint32Array = new Uint32Array(0)
  #seen = 0
  #groupKeys: readonly Key[] = []
  #sortKeys: readonly Key[] = []
  #test: (row: RowNumber) => boolean = () => true
  /** Held rows and the groups they stood in when they were taken hold of. */
  readonly #held = new Map<RowNumber, readonly number[]>()
  readonly #unplaced = new Set<RowNumber>()
  readonly #moving = new Set<RowNumber>()
  readonly #rowLines: RowLine[] = []
  readonly #drawn = new Map<string, DrawnGroup>()
  #figures = new Map<string, readonly AggregateFigure[]>()
  #lineAt: Int32Array | undefined
  /** Groups that rows left and came to when they were let go of. */
  readonly #left: string[] = []
  /** What was drawn without groups, the last time. */
  #plain: DrawnRows | undefined
  /** A row is drawn by another name than before: no line is taken over unseen. */
  #isRenamed = false
  #result: ViewResult = { lines: [], shown: 0, total: 0, isFiltered: false, isBuilding: true, totals: NO_FIGURES, ignored: [] }

  constructor(sheet: Sheet, context: FilterContext, words: ViewWords) {
    this.#sheet = sheet
    this.#context = context
    this.#words = words
    this.#store = new ColumnStore(sheet, context.formats, context.me)
    this.open()
  }

  /** Follows the sheet; after it was closed, everything is worked out anew. */
  open(): void {
    if (this.#stop !== undefined) return
    this.#stop = this.#sheet.onChange((change) => this.#onChange(change))
    if (!this.#wasClosed) return
    this.#store.forget()
    this.#mustSort = true
  }

  close(): void {
    this.#stop?.()
    this.#stop = undefined
    this.#wasClosed = true
  }

  /** Asks something else of the rows. Rows are held no longer: who asks for another order wants to see it. */
  setQuery(query: ViewQuery): void {
    const before = this.#query
    this.#query = query
    const isAlike = (['filter', 'sorts', 'groups', 'movesHeld'] as const).every((key) => before?.[key] === query[key])
    if (before === undefined || !isAlike) {
      this.#mustSort = true
      this.#compiled = undefined
    }
    if (before?.aggregates !== query.aggregates) this.#figures.clear()
    for (const drawn of this.#drawn.values()) drawn.isClean = false
    this.#mustGroup = true
  }

  /** Another day, or another person. */
  setContext(context: FilterContext): void {
    this.#context = context
    this.#mustSort = true
    this.#compiled = undefined
  }

  /** Takes hold of these rows and lets go of all others, which then go where they belong. */
  hold(rows: Iterable<RowId>): void {
    const numbers = new Set<RowNumber>()
    for (const row of rows) {
      const number = this.#sheet.index.numberOf(row)
      if (number !== undefined) numbers.add(number)
    }
    for (const number of this.#held.keys()) {
      if (numbers.has(number)) continue
      // It may have stood in a group that its value is no longer of: it leaves that one for its own.
      this.#left.push(this.#pathOf(number))
      this.#held.delete(number)
      this.#left.push(this.#pathOf(number))
    }
    for (const number of numbers) {
      if (this.#held.has(number)) continue
      this.#held.set(number, this.#bucketsOf(number))
      // A row that was made a moment ago, and does not match: it is shown while somebody is in it.
      if (this.#sheet.index.isShown(number) && this.#order.indexOf(number) < 0) {
        this.#unplaced.add(number)
        this.#changed.add(number)
        this.#mustPlace = true
      }
    }
    for (const number of this.#unplaced) {
      if (this.#held.has(number)) continue
      this.#unplaced.delete(number)
      this.#moving.delete(number)
      this.#changed.add(number)
      this.#mustPlace = true
    }
  }

  /** The row will be placed anew, or leave, once it is let go of. */
  isMoving(row: RowId): boolean {
    const number = this.#sheet.index.numberOf(row)
    return number !== undefined && this.#moving.has(number)
  }

  get hasWork(): boolean {
    return (
      this.#query !== undefined &&
      (this.#mustSort || this.#mustGroup || this.#isOrderChanged || this.#isFieldsChanged || this.#changed.size > 0)
    )
  }

  /** Does what there is to do until `isOver` says that the time is up. Answers whether all of it is done. */
  work(isOver: () => boolean = () => false): boolean {
    if (!this.hasWork || this.#query === undefined) return true
    this.#takeIn()
    const compiled = this.#compile(this.#query)
    const needs = this.#needsOf(this.#query, compiled)
    if (!this.#isPrepared(needs, isOver)) {
      if (!this.#result.isBuilding) this.#result = { ...this.#result, isBuilding: true }
      return false
    }
    if (this.#mustSort) this.#sortAll(this.#query, compiled)
    else if (this.#mustPlace) this.#place()
    // What changed may be none of what is filtered, sorted, grouped or summed by: then nothing is drawn anew.
    if (this.#mustSort || this.#mustPlace || this.#mustGroup || this.#result.isBuilding) this.#draw(this.#query, compiled)
    this.#isOrderChanged = false
    this.#mustSort = false
    this.#mustGroup = false
    this.#mustPlace = false
    this.#changed.clear()
    return true
  }

  result(): ViewResult {
    return this.#result
  }

  /** Where a row stands among the lines; −1 where it is not shown. */
  lineOf(row: RowId): number {
    const { lines } = this.#result
    if (this.#lineAt === undefined) {
      this.#lineAt = new Int32Array(this.#sheet.index.size).fill(-1)
      if (this.#groupKeys.length === 0) for (let i = 0; i < this.#order.length; i++) this.#lineAt[this.#order[i] ?? 0] = i
      else {
        // Lines of open groups stand in the rows' order; those of a closed one are passed over.
        let at = 0
        for (const [i, line] of lines.entries()) {
          if (line.kind === 'row') this.#lineAt[this.#order[at++] ?? 0] = i
          else if (!line.isOpen) at += line.count
        }
      }
    }
    const number = this.#sheet.index.numberOf(row)
    return number === undefined ? -1 : (this.#lineAt[number] ?? -1)
  }

  #onChange({ rows, isOrder, isFields }: SheetChange): void {
    for (const row of rows) {
      const number = this.#sheet.index.numberOf(row)
      if (number === undefined) continue
      this.#changed.add(number)
      this.#unread.add(number)
      this.#rename(number, row)
    }
    if (isOrder) this.#isOrderChanged = true
    if (isFields) this.#isFieldsChanged = true
  }

  /** A row that had a place before it came is drawn by its own name now. */
  #rename(number: RowNumber, row: RowId): void {
    const line = this.#rowLines[number]
    if (line === undefined || line.row === row || isAwaited(row)) return
    this.#rowLines[number] = { kind: 'row', row }
    this.#isRenamed = true
    this.#mustGroup = true
  }

  #takeIn(): void {
    if (this.#isFieldsChanged) {
      this.#isFieldsChanged = false
      // A field that was renamed or widened sorts nothing anew.
      if (this.#store.followFields() || this.#compiled === undefined || this.#compiled.ignored.length > 0) this.#mustSort = true
      else this.#mustGroup = true
      this.#compiled = undefined
      this.#figures.clear()
      for (const drawn of this.#drawn.values()) drawn.isClean = false
    }
    // The groups these rows leave, and what they counted for, are known by the values they had.
    const before = new Map(Array.from(this.#unread, (number) => [number, this.#standingOf(number)] as const))
    const { isChanged, isDropped } = this.#store.update(this.#unread)
    this.#unread.clear()
    if (isChanged) this.#mustPlace = true
    // A column that is made anew leaves the keys of today's order behind.
    if (isDropped) this.#mustSort = true
    const { size } = this.#sheet.index
    for (let number = this.#seen; number < size; number++) this.#changed.add(number)
    if (this.#seen < size || this.#isOrderChanged) this.#mustPlace = true
    this.#seen = size
    if (!this.#mustPlace) return
    for (const [number, { path, counts }] of before) {
      this.#redrawGroup(path)
      const now = this.#standingOf(number)
      if (!this.#isOrderChanged && path === now.path && counts === now.counts) continue
      this.#forgetFigures(path)
      this.#forgetFigures(now.path)
    }
    for (const path of this.#left.splice(0)) {
      this.#redrawGroup(path)
      this.#forgetFigures(path)
    }
  }

  /** Where a row stands and what it counts for: which group, whether it is shown, and the values that figures are made of. */
  #standingOf(number: RowNumber): { readonly path: string; readonly counts: string } {
    const isIn = this.#test(number) || this.#unplaced.has(number)
    const summed = Object.keys(this.#query?.aggregates ?? {}).map((field) => this.#store.column(field as FieldId)?.codeAt(number))
    return { path: this.#pathOf(number), counts: `${isIn} ${summed}` }
  }

  #redrawGroup(leaf: string): void {
    for (const path of pathsAround(leaf)) {
      const drawn = this.#drawn.get(path)
      if (drawn !== undefined) drawn.isClean = false
    }
  }

  /** A row counts in every group around it, and in the whole. */
  #forgetFigures(leaf: string): void {
    this.#figures.delete('')
    for (const path of pathsAround(leaf)) this.#figures.delete(path)
  }

  #compile(query: ViewQuery): CompiledFilter {
    this.#compiled ??= compileFilter(query.filter, this.#sheet.fields(), this.#context)
    return this.#compiled
  }

  #needsOf(query: ViewQuery, compiled: CompiledFilter): Needs {
    const known = (field: FieldId): boolean => this.#sheet.field(field) !== undefined
    const sorted = [...query.groups, ...query.sorts].map((key) => key.field).filter(known)
    const summed = Object.keys(query.aggregates).filter((field) => known(field as FieldId)) as FieldId[]
    const extremes = summed.filter((field) => ['min', 'max'].includes(query.aggregates[field] ?? ''))
    return {
      fields: new Set([...compiled.fields, ...sorted, ...summed]),
      sorted: new Set([...sorted, ...extremes]),
      hasStates: compiled.asksState,
      hasInvalid: compiled.filter !== undefined && asksInvalid(compiled.filter),
    }
  }

  #isPrepared(needs: Needs, isOver: () => boolean): boolean {
    while (!this.#store.isReady(needs)) {
      if (this.#task === undefined || !isSameNeeds(this.#taskNeeds, needs)) {
        this.#task = this.#store.prepare(needs)
        this.#taskNeeds = needs
      }
      let isDone = this.#task.next().done
      while (isDone !== true && !isOver()) isDone = this.#task.next().done
      if (isDone !== true) return false
      this.#task = undefined
    }
    this.#task = undefined
    return true
  }

  #sortAll(query: ViewQuery, compiled: CompiledFilter): void {
    this.#groupKeys = this.#keysOf(query.groups)
    this.#sortKeys = this.#keysOf(query.sorts)
    this.#test = compiled.filter === undefined ? () => true : this.#testOf(compiled.filter)
    this.#unplaced.clear()
    this.#moving.clear()
    const all = this.#sheet.index.order()
    let rows = all
    if (compiled.filter !== undefined) {
      const found = new Uint32Array(all.length)
      let count = 0
      for (let i = 0; i < all.length; i++) {
        const row = all[i] ?? 0
        if (this.#test(row)) found[count++] = row
      }
      rows = found.slice(0, count)
    }
    // Sorted by the last key first: each pass keeps the order of those before it where values are alike.
    for (const { column, sign } of this.#sortKeys.toReversed()) {
      const { places, count } = column.places()
      rows = countingSort(rows, column.codes, { placeOf: places, count, sign })
    }
    for (const { column, sign } of this.#groupKeys.toReversed()) {
      const { places, count } = column.bucketPlaces()
      const placeOf = column.buckets().map((bucket) => places[bucket] ?? 0)
      rows = countingSort(rows, column.codes, { placeOf, count, sign })
    }
    this.#order = rows
    this.#figures.clear()
    this.#drawn.clear()
    for (const number of this.#held.keys()) this.#held.set(number, this.#bucketsOf(number))
  }

  #keysOf(keys: readonly SortKey[]): readonly Key[] {
    return keys.flatMap(({ field, direction }) => {
      const column = this.#store.column(field)
      return column === undefined ? [] : [{ column, sign: direction === 'ascending' ? 1 : -1 } as const]
    })
  }

  /** A filter over the columns: each value is tested once, however many rows have it. */
  #testOf(filter: Filter): (row: RowNumber) => boolean {
    switch (filter.kind) {
      case 'value': {
        const column = this.#store.column(filter.field)
        if (column === undefined) return () => true
        const ofEmpty = filter.test(null)
        let known = new Uint8Array(column.size)
        return (row) => {
          const code = column.codes[row] ?? EMPTY
          if (code === EMPTY) return ofEmpty
          if (code >= known.length) known = grown(known, column.size)
          if (known[code] === 0) known[code] = filter.test(column.valueOf(code)) ? YES : NO
          return known[code] === YES
        }
      }
      case 'state': {
        const states = [...filter.states]
        return (row) => states.some((state) => this.#store.hasState(row, state)) !== filter.isNegated
      }
      case 'group': {
        const parts = filter.parts.map((part) => this.#testOf(part))
        return filter.join === 'and' ? (row) => parts.every((part) => part(row)) : (row) => parts.some((part) => part(row))
      }
    }
  }

  /** Puts the rows that changed where they belong; held ones stay where they are. */
  #place(): void {
    const { index } = this.#sheet
    // Rows whose order in the sheet changed are among those that changed; the sheet's own order is merged first.
    index.order()
    const dirty = new Set(this.#changed)
    const inView = [...this.#held.keys()].filter((number) => index.isShown(number) && this.#order.indexOf(number) >= 0)
    for (const number of inView) if (dirty.has(number)) this.#unplaced.add(number)
    const staying = this.#pinned(inView)
    for (const { number } of staying) dirty.add(number)
    const isStaying = new Set(staying.map(({ number }) => number))
    if (dirty.size > FULL_SHARE * index.size && dirty.size > 1_000 && this.#query !== undefined && inView.length === 0) {
      this.#sortAll(this.#query, this.#compile(this.#query))
      return
    }
    const isIn = (number: RowNumber): boolean =>
      !isStaying.has(number) && index.isShown(number) && (this.#test(number) || this.#unplaced.has(number))
    const merged = mergeOrder({ order: this.#order, size: index.size, dirty, isIn, compare: this.#compare })
    const order = staying.length === 0 ? merged : withPinned(merged, staying)
    if (!isSameOrder(order, this.#order)) this.#order = order
    this.#noteMoving()
  }

  /**
   * Held rows whose values changed, each with the row it stands behind. In the sheet's own order no value moves a row: there it stands where
   * people put it, and so do rows that are put beside it.
   */
  #pinned(inView: readonly RowNumber[]): readonly Pinned[] {
    if (this.#query?.movesHeld === true || this.#sortKeys.length + this.#groupKeys.length === 0) return []
    const places = inView.filter((number) => this.#unplaced.has(number)).map((number) => ({ number, at: this.#order.indexOf(number) }))
    return places.sort((a, b) => a.at - b.at).map(({ number, at }) => ({ number, behind: this.#order[at - 1] }))
  }

  #noteMoving(): void {
    this.#moving.clear()
    for (const number of this.#unplaced) {
      const at = this.#order.indexOf(number)
      const [before, after] = [this.#order[at - 1], this.#order[at + 1]]
      const isPlaced =
        at >= 0 &&
        this.#test(number) &&
        (before === undefined || this.#compare(before, number) <= 0) &&
        (after === undefined || this.#compare(number, after) <= 0)
      if (!isPlaced) this.#moving.add(number)
    }
  }

  readonly #compare = (a: RowNumber, b: RowNumber): number => {
    for (const { column, sign } of this.#groupKeys) {
      const order = column.compareBuckets(a, b, sign)
      if (order !== 0) return order
    }
    for (const { column, sign } of this.#sortKeys) {
      const order = column.compareRows(a, b, sign)
      if (order !== 0) return order
    }
    return this.#sheet.index.compare(a, b)
  }

  #bucketsOf(number: RowNumber): readonly number[] {
    if (this.#query?.movesHeld === true) return NO_BUCKETS
    return this.#groupKeys.map(({ column }) => column.bucketAt(number))
  }

  #draw(query: ViewQuery, compiled: CompiledFilter): void {
    const lines = this.#groupKeys.length > 0 ? this.#groupedLines(query) : this.#plainLines()
    if (lines !== this.#result.lines) this.#lineAt = undefined
    const totals = this.#figuresOf(query, '', 0, this.#order.length)
    this.#isRenamed = false
    this.#result = {
      lines,
      shown: this.#order.length,
      total: this.#sheet.index.order().length,
      isFiltered: compiled.filter !== undefined,
      isBuilding: false,
      totals: isSameFigures(totals, this.#result.totals) ? this.#result.totals : totals,
      ignored: compiled.ignored,
    }
  }

  #plainLines(): readonly GridLine[] {
    this.#drawn.clear()
    const [rows, before] = [this.#order, this.#plain]
    if (before?.rows !== rows || this.#isRenamed) this.#plain = { rows, lines: this.#rowLinesOf(rows, NO_LINES, before) }
    return this.#plain?.lines ?? NO_LINES
  }

  /** The lines of rows below a head. Those that stand where they stood, counted from either end, are taken over: reading them by number is slow. */
  #rowLinesOf(rows: Uint32Array, head: readonly GridLine[], before: DrawnRows | undefined): GridLine[] {
    const first = head.length
    const lines: GridLine[] = new Array(first + rows.length)
    for (const [i, line] of head.entries()) lines[i] = line
    const known = before === undefined || this.#isRenamed ? NO_ROWS : before
    const start = alikeFromStart(rows, known.rows)
    const end = rows.length - alikeFromEnd(rows, known.rows, start)
    const moved = known.rows.length - rows.length
    const put = (i: number, line: GridLine | undefined): void => {
      lines[first + i] = line ?? this.#rowLine(rows[i] ?? 0)
    }
    for (let i = 0; i < start; i++) put(i, known.lines[first + i])
    for (let i = start; i < end; i++) put(i, this.#rowLines[rows[i] ?? 0])
    for (let i = end; i < rows.length; i++) put(i, known.lines[first + i + moved])
    return lines
  }

  #rowLine(number: RowNumber): RowLine {
    const line: RowLine = { kind: 'row', row: this.#sheet.index.idOf(number) }
    // Filled from the front, so that the list stays a dense one.
    for (let next = this.#rowLines.length; next < number; next++) this.#rowLines.push({ kind: 'row', row: this.#sheet.index.idOf(next) })
    this.#rowLines[number] = line
    return line
  }

  /** Groups in which no row came, went or changed are taken over as they were drawn. */
  #groupedLines(query: ViewQuery): readonly GridLine[] {
    this.#plain = undefined
    for (const number of this.#changed) this.#redrawGroup(this.#pathOf(number))
    const chunks: (readonly GridLine[])[] = []
    this.#drawGroups({ query, chunks, depth: 0, from: 0, to: this.#order.length, path: '' })
    return NO_LINES.concat(...chunks)
  }

  #pathOf(number: RowNumber): string {
    const held = this.#held.get(number)
    return this.#groupKeys.reduce((path, { column }, depth) => pathIn(path, column, held?.[depth] ?? column.bucketAt(number)), '')
  }

  #drawGroups(part: GroupPart): void {
    const { depth, from, to, chunks } = part
    const column = this.#groupKeys[depth]?.column
    if (column === undefined) return
    const isInnermost = depth === this.#groupKeys.length - 1
    const [order, codes, buckets, held] = [this.#order, column.codes, column.buckets(), this.#held]
    const bucketAt = (i: number): number => {
      const number = order[i] ?? 0
      const kept = held.size === 0 ? undefined : held.get(number)?.[depth]
      if (kept !== undefined) return kept
      const code = codes[number] ?? EMPTY
      return code === EMPTY ? EMPTY : (buckets[code] ?? 0)
    }
    for (let start = from; start < to; ) {
      const bucket = bucketAt(start)
      const path = pathIn(part.path, column, bucket)
      const before = this.#drawn.get(path)
      if (before?.isClean === true) {
        chunks.push(before.lines)
        start += before.head.count
        continue
      }
      const end = endOfRun(start, to, (i) => bucketAt(i) === bucket)
      const head: GroupLine = {
        kind: 'group',
        key: path,
        field: column.field.id,
        label: bucket === EMPTY ? this.#words.emptyGroup : column.bucketLabel(bucket),
        count: end - start,
        aggregates: this.#figuresOf(part.query, path, start, end),
        isOpen: !part.query.collapsed.has(path),
        depth,
      }
      const kept = before !== undefined && isSameGroup(before.head, head) ? before.head : head
      const rows = order.subarray(start, end)
      let lines: GridLine[] = [kept]
      if (head.isOpen && isInnermost) lines = this.#rowLinesOf(rows, lines, before?.head.isOpen === true ? before : undefined)
      else if (head.isOpen) {
        const inner: (readonly GridLine[])[] = []
        this.#drawGroups({ ...part, chunks: inner, depth: depth + 1, from: start, to: end, path })
        lines = lines.concat(...inner)
      }
      this.#drawn.set(path, { head: kept, rows, lines, isClean: true })
      chunks.push(lines)
      start = end
    }
  }

  #figuresOf({ aggregates }: ViewQuery, path: string, from: number, to: number): readonly AggregateFigure[] {
    const known = this.#figures.get(path)
    if (known !== undefined) return known
    const figures: AggregateFigure[] = []
    for (const [id, aggregate] of Object.entries(aggregates)) {
      const column = this.#store.column(id as FieldId)
      if (column === undefined) continue
      const shown = figureOf(column, aggregate, this.#order.subarray(from, to), this.#context)
      figures.push({ field: id as FieldId, text: this.#words.figure(aggregate, shown) })
    }
    const kept = figures.length === 0 ? NO_FIGURES : figures
    this.#figures.set(path, kept)
    return kept
  }
}

interface DrawnRows {
  readonly rows: Uint32Array
  /** They may have a head. */
  readonly lines: readonly GridLine[]
}

interface DrawnGroup extends DrawnRows {
  readonly head: GroupLine
  /** The head and, where it is open, all below it. */
  readonly lines: readonly GridLine[]
  /** No row in it came, went or changed since. */
  isClean: boolean
}

interface GroupPart {
  readonly query: ViewQuery
  readonly chunks: (readonly GridLine[])[]
  readonly depth: number
  readonly from: number
  readonly to: number
  readonly path: string
}

/** A group's path and those of the groups around it. */
function* pathsAround(leaf: string): Generator<string> {
  for (let end = leaf.indexOf(PATH_END); end >= 0; end = leaf.indexOf(PATH_END, end + 1)) yield leaf.slice(0, end + 1)
}

const pathIn = (path: string, column: Column, bucket: number): string =>
  groupKeyIn(path, column.field.id, bucket === EMPTY ? undefined : column.bucketLabel(bucket))

interface Pinned {
  readonly number: RowNumber
  /** `undefined`: it stands first. */
  readonly behind: RowNumber | undefined
}

/** Puts pinned rows back behind the rows they stood behind; where such a row has left, where it would be nearest. */
function withPinned(order: Uint32Array, pinned: readonly Pinned[]): Uint32Array {
  let rows = order
  for (const { number, behind } of pinned) {
    const found = behind === undefined ? -1 : rows.indexOf(behind)
    const at = behind !== undefined && found < 0 ? rows.length : found + 1
    const next = new Uint32Array(rows.length + 1)
    next.set(rows.subarray(0, at))
    next[at] = number
    next.set(rows.subarray(at), at + 1)
    rows = next
  }
  return rows
}

function grown(known: Uint8Array<ArrayBuffer>, size: number): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(Math.max(size, known.length * 2, 64))
  larger.set(known)
  return larger
}

/** Where a run that begins at `start` ends: the rows of a group stand together, so it is found by bisection. */
function endOfRun(start: number, to: number, isIn: (at: number) => boolean): number {
  let low = start + 1
  let high = to
  while (low < high) {
    const middle = (low + high) >>> 1
    if (isIn(middle)) low = middle + 1
    else high = middle
  }
  return low
}

/** Sorts rows by the place of their code, stably; empty cells last, whichever way the others go. */
function countingSort(
  rows: Uint32Array,
  codes: Int32Array,
  { placeOf, count, sign }: { placeOf: Int32Array; count: number; sign: 1 | -1 },
): Uint32Array {
  const starts = new Uint32Array(count + 2)
  const slotOf = (row: RowNumber): number => {
    const code = codes[row] ?? EMPTY
    if (code === EMPTY) return count
    const place = placeOf[code] ?? 0
    return sign === 1 ? place : count - 1 - place
  }
  for (const row of rows) {
    const next = slotOf(row) + 1
    starts[next] = (starts[next] ?? 0) + 1
  }
  for (let i = 1; i < starts.length; i++) starts[i] = (starts[i] ?? 0) + (starts[i - 1] ?? 0)
  const sorted = new Uint32Array(rows.length)
  for (const row of rows) {
    const slot = slotOf(row)
    const at = starts[slot] ?? 0
    sorted[at] = row
    starts[slot] = at + 1
  }
  return sorted
}

function figureOf(column: Column, aggregate: Aggregate, rows: Uint32Array, { formats }: FilterContext): string {
  const { codes, field } = column
  const number = (value: number): string => formats.number.format(Number(value.toPrecision(12)))
  switch (aggregate) {
    case 'count':
      return number(rows.length)
    case 'filled':
      return number(filledOf(codes, rows))
    case 'empty':
      return number(rows.length - filledOf(codes, rows))
    case 'unique':
      return number(uniqueOf(column, rows))
    case 'checked': {
      let checked = 0
      for (const row of rows) if (column.valueAt(row) === true) checked++
      return `${number(rows.length === 0 ? 0 : Math.round((checked / rows.length) * 100))} %`
    }
    case 'min':
    case 'max':
      return extreme(column, rows, aggregate, formats)
    case 'sum':
    case 'average': {
      const numbers = column.numbers()
      let sum = 0
      let count = 0
      for (let i = 0; i < rows.length; i++) {
        const value = numbers[codes[rows[i] ?? 0] ?? EMPTY]
        if (value === undefined || Number.isNaN(value)) continue
        sum += value
        count++
      }
      if (aggregate === 'average' && count === 0) return '–'
      return showFigure(field, aggregate === 'sum' ? sum : sum / count, formats)
    }
  }
}

function filledOf(codes: Int32Array, rows: Uint32Array): number {
  let filled = 0
  for (const row of rows) if ((codes[row] ?? EMPTY) !== EMPTY) filled++
  return filled
}

function uniqueOf(column: Column, rows: Uint32Array): number {
  const buckets = column.buckets()
  const isSeen = new Uint8Array(column.bucketCount)
  let unique = 0
  for (const row of rows) {
    const code = column.codes[row] ?? EMPTY
    if (code === EMPTY) continue
    const bucket = buckets[code] ?? 0
    if (isSeen[bucket] === 0) unique++
    isSeen[bucket] = 1
  }
  return unique
}

/** A figure in the field's own format, without the digits that adding floating numbers leaves. */
const showFigure = (field: Column['field'], value: number, formats: FilterContext['formats']): string =>
  showValue(field, Number(value.toPrecision(12)), formats)

function extreme(column: Column, rows: Uint32Array, which: 'min' | 'max', formats: FilterContext['formats']): string {
  let found: CellValue = null
  let best = 0
  for (const row of rows) {
    const code = column.codeAt(row)
    if (code === EMPTY) continue
    const rank = column.rankOf(code)
    if (found !== null && (which === 'min' ? rank >= best : rank <= best)) continue
    best = rank
    found = column.valueOf(code)
  }
  return found === null ? '–' : showValue(column.field, found, formats)
}

const asksInvalid = (filter: Filter): boolean =>
  filter.kind === 'state' ? filter.states.has('invalid') : filter.kind === 'group' && filter.parts.some(asksInvalid)

const isSameSet = (a: ReadonlySet<unknown>, b: ReadonlySet<unknown>): boolean => a.size === b.size && [...a].every((item) => b.has(item))

const isSameNeeds = (a: Needs | undefined, b: Needs): boolean =>
  a !== undefined &&
  a.hasStates === b.hasStates &&
  a.hasInvalid === b.hasInvalid &&
  isSameSet(a.fields, b.fields) &&
  isSameSet(a.sorted, b.sorted)

/** How many rows are the same ones from the start. */
function alikeFromStart(a: Uint32Array, b: Uint32Array): number {
  const most = Math.min(a.length, b.length)
  let count = 0
  while (count < most && a[count] === b[count]) count++
  return count
}

/** How many are the same ones from the end, but for `taken` ones at the start. */
function alikeFromEnd(a: Uint32Array, b: Uint32Array, taken: number): number {
  const most = Math.min(a.length, b.length) - taken
  let count = 0
  while (count < most && a[a.length - 1 - count] === b[b.length - 1 - count]) count++
  return count
}

const isSameOrder = (a: Uint32Array, b: Uint32Array): boolean => a.length === b.length && alikeFromStart(a, b) === a.length

const isSameFigures = (a: readonly AggregateFigure[], b: readonly AggregateFigure[]): boolean =>
  a.length === b.length && a.every((figure, i) => figure.field === b[i]?.field && figure.text === b[i].text)

const isSameGroup = (a: GroupLine, b: GroupLine): boolean =>
  a.count === b.count && a.isOpen === b.isOpen && a.label === b.label && a.depth === b.depth && isSameFigures(a.aggregates, b.aggregates)
