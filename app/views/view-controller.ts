import type { CellValue } from '../../workbook/cell-value.ts'
import { rowHasState } from '../../workbook/column-store.ts'
import type { Field } from '../../workbook/fields.ts'
import type { FieldId, RowId } from '../../workbook/ids.ts'
import type { Sheet } from '../../workbook/sheet.ts'
import { type ColorRule, groupsOf, isSameAttribute, ROW_HEIGHTS, type Tint, type ViewConfig } from '../../workbook/view.ts'
import {
  compileFilter,
  type Filter,
  type FilterContext,
  filterContext,
  type Ignored,
  matches,
  valuesToMatch,
} from '../../workbook/view-filter.ts'
import { ViewIndex, type ViewQuery, type ViewResult } from '../../workbook/view-index.ts'
import type { AggregateFigure, GridLine } from '../../workbook/view-lines.ts'
import { TEXTS } from '../texts.ts'
import { shownInView } from './shown-fields.ts'

/** What a grid shows of a sheet: which lines and fields, in which order and colour. Parts that did not change are the same objects. */
export interface GridView {
  readonly lines: readonly GridLine[]
  /** Where a row stands among the lines; −1 where it is not shown. */
  lineOf(row: RowId): number
  /** The fields that are shown, in their order. */
  readonly fields: readonly Field[]
  /** So many fields from the left stay when the sheet is scrolled sideways. */
  readonly frozen: number
  /** Pixels. */
  readonly rowHeight: number
  /** A name of the palette of tints (`data-tint`). */
  rowColor(row: RowId): Tint | undefined
  cellColor(row: RowId, field: FieldId): Tint | undefined
  /** Another object wherever rows and cells may be coloured by other rules than before. */
  readonly colorRules: object
  /** The row was changed here and will be placed anew, or leave, once it is no longer the active one. */
  isMoving(row: RowId): boolean
  toggleGroup(key: string): void
  /** Rows stand where a sorting puts them. */
  readonly isSorted: boolean
  /** What makes a new row match the filter, and what puts it into the groups of the row it is made beside. */
  valuesForNewRow(beside: RowId | undefined): readonly { readonly field: FieldId; readonly value: CellValue }[]
  readonly stats: ViewStats
}

export interface ViewStats {
  readonly shown: number
  readonly total: number
  readonly isFiltered: boolean
  /** A part of the sheet is still being looked through. */
  readonly isBuilding: boolean
  readonly totals: readonly AggregateFigure[]
  readonly ignored: readonly Ignored[]
}

export interface ViewControllerOptions {
  readonly sheet: Sheet
  readonly formats: FilterContext['formats']
  readonly me: string
  readonly now: () => number
  readonly onToggle: (key: string) => void
}

/** Shards that come within this time of each other are taken in together. ms. */
const SHARDS_MS = 150
/** After lines that took so long to make, the next ones wait so many times longer, and so long at most. ms. */
const BUSY_SHARE = 5
const BUSY_MS = 1_000
/** Longest time a frame is given to reading columns. ms. */
const FRAME_WORK_MS = 6

interface Colors {
  readonly target: ColorRule['target']
  readonly tint: Tint
  readonly filter: Filter | undefined
}

/** Keeps what a grid shows up to date: works between frames, never for long, and tells the screen what came of it. */
export class ViewController {
  readonly #options: ViewControllerOptions
  readonly #index: ViewIndex
  readonly #listeners = new Set<() => void>()
  #stop: (() => void) | undefined
  #context: FilterContext
  #config: ViewConfig
  #query: ViewQuery
  #colors: readonly Colors[] = []
  #fields: readonly Field[] = []
  #frame = 0
  #workedAt = 0
  #lastWorkMs = 0
  #active: RowId | undefined
  #kept: RowId | undefined
  #later: ReturnType<typeof setTimeout> | undefined
  #midnight: ReturnType<typeof setTimeout> | undefined
  #result: ViewResult | undefined
  #view: GridView | undefined

  constructor(options: ViewControllerOptions, config: ViewConfig, collapsed: ReadonlySet<string>) {
    const { sheet, formats, me, now } = options
    this.#options = options
    this.#context = filterContext(formats, me, now())
    this.#index = new ViewIndex(sheet, this.#context, {
      figure: (aggregate, shown) => `${TEXTS.views.aggregate[aggregate]} ${shown}`,
      emptyGroup: TEXTS.views.emptyGroup,
    })
    this.#config = config
    this.#query = { ...config, groups: groupsOf(config), collapsed, movesHeld: config.layout !== 'grid' }
    this.#index.setQuery(this.#query)
    this.#readFields()
    this.open()
  }

  /** Follows the sheet; also after it was closed. */
  open(): void {
    if (this.#stop !== undefined) return
    this.#index.open()
    this.#stop = this.#options.sheet.onChange(({ isFields, isOrder, rows }) => {
      if (isFields) this.#readFields()
      if (!isOrder || this.#index.result().lines.length === 0) this.#schedule()
      else {
        // A shard came: those behind it are on their way, and the screen is drawn once for several. The first rows are shown at once, and
        // so are those that somebody looks at, as long as the sheet is not so large that its lines take the window's time.
        const wait = rows.size === 0 ? SHARDS_MS : Math.min(this.#lastWorkMs * BUSY_SHARE, BUSY_MS) - (performance.now() - this.#workedAt)
        if (wait <= 0) this.#schedule()
        else this.#later ??= setTimeout(() => this.#schedule(), wait)
      }
    })
    this.#work()
    this.#awaitMidnight()
  }

  close(): void {
    this.#stop?.()
    this.#stop = undefined
    this.#index.close()
    clearTimeout(this.#midnight)
    clearTimeout(this.#later)
    this.#later = undefined
    if (this.#frame !== 0) cancelAnimationFrame(this.#frame)
    this.#frame = 0
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  readonly view = (): GridView => {
    this.#view ??= this.#makeView()
    return this.#view
  }

  /** Shows something else of the sheet. */
  show(config: ViewConfig, collapsed: ReadonlySet<string>): void {
    const before = this.#config
    this.#config = config
    const kept = <Value>(value: Value, known: Value): Value => (isSameAttribute(value, known) ? known : value)
    const query: ViewQuery = {
      filter: kept(config.filter, this.#query.filter),
      sorts: kept(config.sorts, this.#query.sorts),
      groups: kept(groupsOf(config), this.#query.groups),
      aggregates: kept(config.aggregates, this.#query.aggregates),
      collapsed: isSameSet(collapsed, this.#query.collapsed) ? this.#query.collapsed : collapsed,
      movesHeld: config.layout !== 'grid',
    }
    const isSame = (Object.keys(query) as (keyof ViewQuery)[]).every((key) => query[key] === this.#query[key])
    if (!isSame) {
      this.#query = query
      this.#index.setQuery(query)
    }
    if (!isSame || !isSameAttribute(before, config)) {
      this.#readFields()
      this.#work()
    }
  }

  /** The row a person is in stays where it is until they leave it. */
  hold(row: RowId | undefined): void {
    if (this.#active === this.#kept && row !== this.#kept) this.#kept = undefined
    this.#active = row
    this.#hold()
  }

  /** A row that was just made is shown, whether it matches or not, until somebody has been in it and left. */
  keep(row: RowId): void {
    this.#kept = row
    this.#hold()
    this.#work()
  }

  #valuesForNewRow(beside: RowId | undefined): readonly { readonly field: FieldId; readonly value: CellValue }[] {
    const { sheet } = this.#options
    const values = new Map(valuesToMatch(this.#config.filter, sheet.fields(), this.#context).map(({ field, value }) => [field, value]))
    // The group a person works in says more than a filter, which has several ways to be matched.
    if (beside !== undefined) for (const { field } of this.#query.groups) values.set(field, sheet.value(beside, field))
    return [...values].map(([field, value]) => ({ field, value }))
  }

  #hold(): void {
    this.#index.hold([this.#active, this.#kept].filter((row) => row !== undefined))
    if (this.#index.hasWork) this.#schedule()
  }

  #readFields(): void {
    const { sheet } = this.#options
    const fields = shownInView(sheet.fields(), this.#config)
    if (fields.length !== this.#fields.length || fields.some((field, i) => field !== this.#fields[i])) this.#fields = fields
    this.#colors = this.#config.colors.map(({ when, tint, target }) => ({
      tint,
      target,
      filter: compileFilter(when, sheet.fields(), this.#context).filter,
    }))
    this.#view = undefined
  }

  #schedule(): void {
    if (this.#frame !== 0) return
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0
      clearTimeout(this.#later)
      this.#later = undefined
      this.#work()
    })
  }

  #work(): void {
    const { now, sheet } = this.#options
    // Who sorts, filters, groups or adds up asks for every row.
    const { filter, sorts, groups, aggregates } = this.#query
    if (filter.parts.length + sorts.length + groups.length + Object.keys(aggregates).length > 0) sheet.wantAll()
    const start = performance.now()
    const end = start + FRAME_WORK_MS
    if (!this.#index.work(() => performance.now() >= end)) this.#schedule()
    this.#workedAt = performance.now()
    this.#lastWorkMs = this.#workedAt - start
    const result = this.#index.result()
    if (result === this.#result && this.#view !== undefined) return
    this.#result = result
    this.#view = undefined
    this.#today(now())
    for (const listener of this.#listeners) listener()
  }

  #makeView(): GridView {
    const { sheet, onToggle } = this.#options
    const index = this.#index
    const { lines, shown, total, isFiltered, isBuilding, totals, ignored } = index.result()
    const first = this.#fields[0]
    return {
      lines,
      lineOf: (row) => index.lineOf(row),
      fields: this.#fields,
      frozen: this.#config.frozen ?? (first?.binding?.isConnectionField === true ? 1 : 0),
      rowHeight: ROW_HEIGHTS[this.#config.rowHeight],
      rowColor: (row) => this.#tintOf(sheet, row, 'row'),
      cellColor: (row, field) => this.#tintOf(sheet, row, field),
      colorRules: this.#colors,
      isMoving: (row) => index.isMoving(row),
      toggleGroup: onToggle,
      isSorted: this.#config.sorts.length > 0,
      valuesForNewRow: (beside) => this.#valuesForNewRow(beside),
      stats: { shown, total, isFiltered, isBuilding, totals, ignored },
    }
  }

  /** The first rule that holds colours; a rule without a condition that has an effect colours nothing. */
  #tintOf(sheet: Sheet, row: RowId, target: ColorRule['target']): Tint | undefined {
    for (const rule of this.#colors) {
      if (rule.target !== target || rule.filter === undefined) continue
      const hasState = (state: Parameters<typeof rowHasState>[2]): boolean => rowHasState(sheet, row, state, this.#options)
      if (matches(rule.filter, (field) => sheet.value(row, field), hasState)) return rule.tint
    }
    return undefined
  }

  #today(now: number): void {
    const today = this.#context.clock.dayOf(now)
    if (today === this.#context.calendar.today) return
    this.#context = filterContext(this.#options.formats, this.#options.me, now)
    this.#index.setContext(this.#context)
    this.#readFields()
    this.#schedule()
  }

  /** “Today” is another day after midnight; looked for now and then, since a machine may sleep through it. */
  #awaitMidnight(): void {
    this.#midnight = setTimeout(() => {
      this.#today(this.#options.now())
      this.#awaitMidnight()
    }, DAY_CHECK_MS)
  }
}

const DAY_CHECK_MS = 60_000

const isSameSet = (a: ReadonlySet<unknown>, b: ReadonlySet<unknown>): boolean => a.size === b.size && [...a].every((item) => b.has(item))
