import type { RowId } from '../../workbook/ids.ts'
import type { GridLine } from '../../workbook/view-lines.ts'
import type { CellView } from './cell-view.ts'
import { type DrawnColumns, drawnColumns, frozenEdge, type GridColumn, NUMBER_WIDTH } from './columns.ts'
import { type Place, scrollInto } from './grid-model.ts'
import { putInOrder, RowView } from './row-view.ts'
import type { Scene } from './scene.ts'
import { hasDrifted, lineWindow, makeScrollMap, type ScrollMap, type ScrollPlace, scrolledTo } from './viewport.ts'

/** The elements that the frame of the grid gives to its painter. */
export interface BodyElements {
  /** What is scrolled. */
  readonly scroller: HTMLElement
  /** Is as tall and wide as the sheet, so that there is something to scroll. */
  readonly spacer: HTMLElement
  /** Stays in sight above the spacer; everything is drawn in it, so that no frame can show rows that are not drawn yet. */
  readonly stage: HTMLElement
  /** Holds the rows, moved against the scroll. */
  readonly rows: HTMLElement
}

/** What of the sheet is in sight, in pixels of the sheet. */
export interface BodyView {
  readonly top: number
  readonly left: number
  readonly width: number
  /** Without the head. */
  readonly height: number
  readonly columns: readonly GridColumn[]
  readonly frozenWidth: number
}

export interface BodyOptions {
  readonly headHeight: number
  /** After the view has moved or was resized, in the same frame: for what is drawn beside the rows. */
  readonly onView: (view: BodyView) => void
}

const OVERSCAN = 2
/** Rows are placed from a line near the view, so that their places stay small numbers in a sheet of any height. */
const BASE_STEP = 100_000
/**
 * After so long without a scroll event the rows are put into the order of the sheet for those who read them in their order, and the scrollbar
 * is set right in a sheet taller than what a browser scrolls. ms
 */
const REST = 160
/** Rows further out of sight than this are not left standing. */
const NEAR = 6

/**
 * Draws the grid's rows: a pool of elements that are moved and filled anew while the sheet is scrolled. It reads no layout while it draws,
 * and has drawn when a scroll event ends, before the browser shows the frame.
 */
export class GridBody {
  readonly #elements: BodyElements
  readonly #options: BodyOptions
  readonly #byLine = new Map<number, RowView>()
  readonly #stops: (() => void)[] = []
  #scene: Scene | undefined
  #map: ScrollMap = makeScrollMap(0, 0)
  #place: ScrollPlace = { scrolled: 0, top: 0 }
  #left = 0
  #width = 0
  #height = 0
  #base = 0
  #frozenWidth = NUMBER_WIDTH
  #drawn: DrawnColumns = { frozen: [], scrolled: [] }
  #editing: CellView | undefined
  #editingRow: RowView | undefined
  #hovered: CellView | undefined
  #frame = 0
  #rest = 0
  #moved = ''
  readonly #spare: RowView[] = []

  constructor(elements: BodyElements, options: BodyOptions) {
    this.#elements = elements
    this.#options = options
    const { scroller, rows } = elements
    const onScroll = (): void => this.#scrolled()
    const onOver = (event: PointerEvent): void => this.#hover(event.pointerType === 'touch' ? null : event.target)
    const onLeave = (): void => this.#hover(null)
    scroller.addEventListener('scroll', onScroll, { passive: true })
    rows.addEventListener('pointerover', onOver, { passive: true })
    rows.addEventListener('pointerleave', onLeave, { passive: true })
    const observer = new ResizeObserver(() => this.#resized())
    observer.observe(scroller)
    this.#stops.push(
      () => scroller.removeEventListener('scroll', onScroll),
      () => rows.removeEventListener('pointerover', onOver),
      () => rows.removeEventListener('pointerleave', onLeave),
      () => observer.disconnect(),
      () => cancelAnimationFrame(this.#frame),
      () => clearTimeout(this.#rest),
    )
    this.#measure()
  }

  close(): void {
    for (const stop of this.#stops.splice(0)) stop()
    this.#elements.rows.replaceChildren()
    this.#byLine.clear()
  }

  get view(): BodyView {
    const { columns = [] } = this.#scene ?? {}
    return { top: this.#place.top, left: this.#left, width: this.#width, height: this.#height, columns, frozenWidth: this.#frozenWidth }
  }

  get activeColumn(): number | undefined {
    return this.#scene?.active?.column
  }

  /** Draws what a scene shows; parts of it that are the same object as before are not looked at. */
  show(scene: Scene): void {
    const before = this.#scene
    const focused = this.#focusedCell()
    this.#scene = scene
    if (before?.lines !== scene.lines) this.#rekey(scene)
    if (before?.space !== scene.space) this.#setSpace()
    if (before?.columns !== scene.columns) this.#setWidth()
    if (before === undefined || isPaintedOtherwise(before, scene)) this.#spoilAll()
    this.#draw()
    // The focus goes where its cell went, and to the next one where that is gone.
    if (focused !== undefined && scene.active !== undefined && focused !== this.cellAt(scene.active)) this.focus(scene.active)
  }

  /** Rows whose cells changed; they are drawn before the next frame is shown. */
  spoil(rows: ReadonlySet<RowId>): void {
    for (const view of this.#byLine.values()) {
      if (view.content?.kind === 'row' && rows.has(view.content.row)) view.spoil()
    }
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0
      this.#draw()
    })
  }

  /** Scrolls no further than it takes to bring a cell wholly into sight, and draws it there. */
  reveal({ row, column }: Place, isSideways = true): void {
    const scene = this.#scene
    const target = scene?.columns[column]
    if (scene === undefined || target === undefined) return
    const item = { start: scene.space.topOf(row), size: scene.space.heightOf(row) }
    const top = scrollInto({ offset: this.#place.top, size: this.#height }, item)
    if (top !== this.#place.top) this.#scrollTo(top)
    if (target.isFrozen || !isSideways) {
      this.#draw()
      return
    }
    const { frozenWidth } = this.view
    const room = this.#width - frozenWidth
    this.scrollLeftTo(
      scrollInto({ offset: this.#left, size: room }, { start: target.left - frozenWidth, size: Math.min(target.width, room) }),
    )
  }

  scrollLeftTo(left: number): void {
    if (left !== this.#left) {
      this.#elements.scroller.scrollLeft = left
      this.#left = this.#elements.scroller.scrollLeft
    }
    this.#draw()
  }

  /** Scrolls by so many pixels, as far as the sheet goes. */
  scrollBy(x: number, y: number): void {
    if (y !== 0) this.#scrollTo(this.#place.top + y)
    this.scrollLeftTo(Math.max(0, this.#left + x))
  }

  /** The cell's element, where it is drawn. */
  cellAt({ row, column }: Place): HTMLElement | undefined {
    return this.#byLine.get(row)?.cell(column)?.element
  }

  focus(place: Place): void {
    this.cellAt(place)?.focus({ preventScroll: true })
  }

  /** Makes room for an editor in a cell, which then stays with its row until the editor is closed. */
  openEditor({ row, column }: Place): HTMLElement | undefined {
    this.closeEditor()
    this.#draw()
    this.#editingRow = this.#byLine.get(row)
    this.#editing = this.#editingRow?.cell(column)
    this.#editing?.edit(true)
    return this.#editing?.element
  }

  closeEditor(): void {
    this.#editing?.edit(false)
    this.#editingRow?.spoil()
    this.#editing = undefined
    this.#editingRow = undefined
  }

  /** The width at which the drawn cells of a column show all they hold. */
  widestOf(column: number): number | undefined {
    const widths = [...this.#byLine.values()].flatMap((view) => view.cell(column)?.contentWidth() ?? [])
    return widths.length === 0 ? undefined : Math.max(...widths)
  }

  /** Which cell stands at a place of the window; beyond the edge the nearest one. Column −1 is the row's number. */
  placeAt(clientX: number, clientY: number): Place | undefined {
    const scene = this.#scene
    if (scene === undefined || scene.lines.length === 0) return undefined
    const stage = this.#elements.stage.getBoundingClientRect()
    const row = scene.space.lineAt(this.#place.top + clientY - stage.top)
    const x = clientX - stage.left
    if (x < NUMBER_WIDTH) return { row, column: -1 }
    const inSheet = x < this.view.frozenWidth ? x : x + this.#left
    const column = scene.columns.find(({ left, width }) => inSheet < left + width)
    return { row, column: column?.index ?? scene.columns.length - 1 }
  }

  /** How far a place of the window lies outside the cells that scroll, in pixels: negative to the left and above. */
  outside(clientX: number, clientY: number): { readonly x: number; readonly y: number } {
    const stage = this.#elements.stage.getBoundingClientRect()
    const beyond = (at: number, low: number, high: number): number => (at < low ? at - low : at > high ? at - high : 0)
    return {
      x: beyond(clientX, stage.left + this.view.frozenWidth, stage.left + this.#width),
      y: beyond(clientY, stage.top, stage.top + this.#height),
    }
  }

  /** Where a cell stands in the stage, for what is laid over it. */
  boxOf({
    row,
    column,
  }: Place): { readonly left: number; readonly top: number; readonly width: number; readonly height: number } | undefined {
    const target = this.#scene?.columns[column]
    if (this.#scene === undefined || target === undefined) return undefined
    const { space } = this.#scene
    return {
      left: target.isFrozen ? target.left : target.left - this.#left,
      top: space.topOf(row) - this.#place.top,
      width: target.width,
      height: space.heightOf(row),
    }
  }

  #focusedCell(): Element | undefined {
    const focused = document.activeElement
    return focused?.getAttribute('role') === 'gridcell' && this.#elements.rows.contains(focused) ? focused : undefined
  }

  #measure(): boolean {
    const { scroller, stage } = this.#elements
    const [width, height] = [scroller.clientWidth, Math.max(0, scroller.clientHeight - this.#options.headHeight)]
    if (width === this.#width && height === this.#height) return false
    this.#width = width
    this.#height = height
    stage.style.width = `${width}px`
    stage.style.height = `${height}px`
    stage.style.marginBottom = `${-height}px`
    return true
  }

  #resized(): void {
    if (!this.#measure()) return
    this.#setSpace()
    this.#draw()
  }

  #setSpace(): void {
    if (this.#scene === undefined) return
    this.#map = makeScrollMap(this.#scene.space.total, this.#height)
    this.#elements.spacer.style.height = `${this.#map.height}px`
    const { scroller } = this.#elements
    // A sheet that became shorter may have been scrolled by the browser.
    this.#place = scrolledTo(this.#map, this.#place, scroller.scrollTop)
    for (const view of this.#byLine.values()) view.spoil()
  }

  #setWidth(): void {
    const { columns = [] } = this.#scene ?? {}
    const last = columns.at(-1)
    this.#frozenWidth = frozenEdge(columns)
    const width = `${last === undefined ? NUMBER_WIDTH : last.left + last.width}px`
    this.#elements.spacer.style.width = width
    this.#elements.rows.style.width = width
    this.#left = this.#elements.scroller.scrollLeft
  }

  #scrolled(): void {
    const { scroller } = this.#elements
    this.#left = scroller.scrollLeft
    this.#place = scrolledTo(this.#map, this.#place, scroller.scrollTop)
    this.#draw()
    clearTimeout(this.#rest)
    this.#rest = window.setTimeout(() => this.#settle(), REST)
  }

  #scrollTo(top: number): void {
    const { scroller } = this.#elements
    const within = Math.max(0, Math.min(top, this.#scene?.space.total ?? 0))
    scroller.scrollTop = this.#map.scrolledOf(within)
    const scrolled = scroller.scrollTop
    this.#place = { scrolled, top: this.#map.isWhole ? scrolled : within }
  }

  /** The scroll has come to rest: what was left undone for its sake. */
  #settle(): void {
    const views = [...this.#byLine.values()].sort((a, b) => a.line - b.line)
    putInOrder(
      this.#elements.rows,
      views.map(({ element }) => element),
    )
    for (const view of views) view.putInOrder()
    if (!hasDrifted(this.#map, this.#place)) return
    this.#elements.scroller.scrollTop = this.#map.scrolledOf(this.#place.top)
    this.#place = { scrolled: this.#elements.scroller.scrollTop, top: this.#place.top }
  }

  #spoilAll(): void {
    for (const view of this.#byLine.values()) view.spoil()
  }

  /** Rows keep their elements where other lines came or went around them: the focus stays, and only what is new is painted. */
  #rekey(scene: Scene): void {
    const views = [...this.#byLine.values()]
    this.#byLine.clear()
    for (const view of views) {
      const line = lineNow(scene, view.content)
      if (scene.lines[line] !== undefined && !this.#byLine.has(line)) this.#byLine.set(line, view)
      else if (view === this.#editingRow) this.#dropEditor(view)
      else this.#spare.push(view)
    }
  }

  /** The row of an open editor is gone: its element leaves with what stands in it. */
  #dropEditor(view: RowView): void {
    view.element.remove()
    this.#editing = undefined
    this.#editingRow = undefined
  }

  #draw(): void {
    const scene = this.#scene
    if (scene === undefined) return
    this.#setDrawnColumns(scene)
    const { top } = this.#place
    const lines = lineWindow(scene.space, { top, height: this.#height }, OVERSCAN)
    const active = scene.active?.row
    const isKept = (line: number): boolean => (line >= lines.first && line < lines.end) || line === active
    for (const [line, view] of this.#byLine) {
      if (isKept(line) || view === this.#editingRow) continue
      this.#byLine.delete(line)
      this.#spare.push(view)
    }
    this.#setBase(top)
    for (let line = lines.first; line < lines.end; line++) this.#drawLine(scene, line)
    if (active !== undefined && active < scene.lines.length && (active < lines.first || active >= lines.end)) this.#drawLine(scene, active)
    for (const [line, view] of this.#byLine) if (!isKept(line)) this.#drawLine(scene, line, view)
    this.#dropSpare()
    this.#move()
    this.#options.onView(this.view)
  }

  #drawLine(scene: Scene, line: number, known = this.#byLine.get(line)): void {
    let view = known
    if (view === undefined) {
      view = this.#spare.pop() ?? new RowView()
      this.#byLine.set(line, view)
    }
    view.show(scene, line, this.#drawn)
    view.moveTo(scene.space.topOf(line) - this.#base)
    view.holdAt(this.#left)
    if (view.element.parentElement === null) this.#elements.rows.append(view.element)
  }

  #dropSpare(): void {
    for (const view of this.#spare) view.element.remove()
    this.#spare.length = Math.min(this.#spare.length, NEAR)
  }

  #setBase(top: number): void {
    this.#base = Math.floor(top / BASE_STEP) * BASE_STEP
  }

  #move(): void {
    const moved = `translate(${-this.#left}px, ${this.#base - this.#place.top}px)`
    if (moved === this.#moved) return
    this.#moved = moved
    this.#elements.rows.style.transform = moved
  }

  #setDrawnColumns(scene: Scene): void {
    const next = drawnColumns(scene.columns, { left: this.#left, width: this.#width }, scene.active?.column)
    if (!isSame(next.frozen, this.#drawn.frozen) || !isSame(next.scrolled, this.#drawn.scrolled)) this.#drawn = next
  }

  #hover(target: EventTarget | null): void {
    const element = target instanceof Element ? target.closest<HTMLElement>('.grid-cell[data-row][data-column]') : null
    const cell = element === null ? undefined : this.#byLine.get(Number(element.dataset.row))?.cell(Number(element.dataset.column))
    if (cell === this.#hovered) return
    this.#hovered?.hover(false)
    this.#hovered = cell
    cell?.hover(true)
  }
}

/** Where a line stands now; −1 where it is gone. */
function lineNow(scene: Scene, line: GridLine | undefined): number {
  if (line === undefined) return -1
  return line.kind === 'row' ? scene.lineOf(line.row) : scene.lines.findIndex((other) => other.kind === 'group' && other.key === line.key)
}

const isSame = (a: readonly number[], b: readonly number[]): boolean => a.length === b.length && a.every((n, i) => n === b[i])

/** Anything but lines, columns and heights, which rows compare by themselves. */
const isPaintedOtherwise = (before: Scene, after: Scene): boolean =>
  before.painter !== after.painter ||
  before.active !== after.active ||
  before.ranges !== after.ranges ||
  before.copied !== after.copied ||
  before.filling !== after.filling ||
  before.canFill !== after.canFill ||
  before.canMoveRows !== after.canMoveRows ||
  before.peers !== after.peers ||
  before.areas !== after.areas ||
  before.rowTint !== after.rowTint ||
  before.cellTint !== after.cellTint ||
  before.isMoving !== after.isMoving
