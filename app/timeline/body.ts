import type { RowId } from '../../workbook/ids.ts'
import type { GridLine } from '../../workbook/view-lines.ts'
import { scrollInto } from '../grid/grid-model.ts'
import { putInOrder } from '../grid/row-view.ts'
import { hasDrifted, type LineSpace, lineWindow, makeScrollMap, type ScrollMap, type ScrollPlace, scrolledTo } from '../grid/viewport.ts'
import { type AxisWindow, isNearEnd, leftInScale, leftOfDay, leftWithin, windowAround } from './axis-window.ts'
import { type Bar, barBox, barDays } from './bars.ts'
import type { DayNumber } from './days.ts'
import { type AxisView, LineView } from './line-view.ts'
import type { RowPicture } from './picture.ts'
import { dayAt, placeOf, type Scale } from './scale.ts'

/** Rows of the timeline's head: lines are counted behind them. */
export const HEADER_ROWS = 1

/** The elements that the frame of the timeline gives to its painter. */
export interface TimelineElements {
  readonly scroller: HTMLElement
  /** Is as tall as the lines and some screens wide, so that there is something to scroll. */
  readonly spacer: HTMLElement
  /** Stays in sight above the spacer; everything is drawn in it, so that no frame can show lines that are not drawn yet. */
  readonly stage: HTMLElement
  readonly rows: HTMLElement
  /** Says the dates of the bar that is pointed at or dragged. */
  readonly tip: HTMLElement
  /** The day that a press on an empty line would give its row. */
  readonly ghost: HTMLElement
}

/** All that is drawn. Parts that did not change are the same objects. */
export interface TimelineScene {
  readonly lines: readonly GridLine[]
  lineOf(row: RowId): number
  readonly space: LineSpace
  readonly scale: Scale
  /** Of the column of names, in pixels. */
  readonly nameWidth: number
  readonly active: number | undefined
  /** Another function paints every line anew. */
  readonly pictureOf: (row: RowId, line: number) => RowPicture
}

export interface TimelineView extends AxisView {
  readonly top: number
  readonly height: number
  /** With the names. */
  readonly fullWidth: number
}

const OVERSCAN = 2
/** Lines are placed from a line near the view, so that their places stay small numbers in a sheet of any height. */
const BASE_STEP = 100_000
/** After so long without a scroll event the lines are put into order and the scrollbars are set right. ms */
const REST = 160
const SPARE = 6

/** Draws the lines of a timeline from a pool of elements, within the scroll event, and reads no layout while it does. */
export class TimelineBody {
  readonly #elements: TimelineElements
  readonly #headHeight: number
  readonly #onView: (view: TimelineView) => void
  readonly #byLine = new Map<number, LineView>()
  readonly #spare: LineView[] = []
  readonly #stops: (() => void)[] = []
  #scene: TimelineScene | undefined
  #map: ScrollMap = makeScrollMap(0, 0)
  #place: ScrollPlace = { scrolled: 0, top: 0 }
  #window: AxisWindow = { offset: 0, width: 0 }
  #left = 0
  #width = 0
  #height = 0
  #base = 0
  #frame = 0
  #rest = 0
  #tipped: RowId | undefined
  /** The pixel of the view whose moment stays where it is when the scale changes; its middle where nobody points at one. */
  anchor: number | undefined

  constructor(elements: TimelineElements, options: { readonly headHeight: number; readonly onView: (view: TimelineView) => void }) {
    this.#elements = elements
    this.#headHeight = options.headHeight
    this.#onView = options.onView
    const { scroller } = elements
    const onScroll = (): void => this.#scrolled()
    scroller.addEventListener('scroll', onScroll, { passive: true })
    const observer = new ResizeObserver(() => this.#resized())
    observer.observe(scroller)
    this.#stops.push(
      () => scroller.removeEventListener('scroll', onScroll),
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

  get view(): TimelineView {
    const { scale = 'week' } = this.#scene ?? {}
    return { scale, left: this.#left, width: this.#laneWidth, top: this.#place.top, height: this.#height, fullWidth: this.#width }
  }

  get #laneWidth(): number {
    return Math.max(0, this.#width - (this.#scene?.nameWidth ?? 0))
  }

  show(scene: TimelineScene): void {
    const before = this.#scene
    const focused = this.#focusedLane()
    this.#scene = scene
    if (before?.lines !== scene.lines) this.#rekey(scene)
    if (before?.space !== scene.space) this.#setSpace()
    if (before?.pictureOf !== scene.pictureOf) for (const view of this.#byLine.values()) view.spoil()
    if (before !== undefined && before.scale !== scene.scale) {
      const at = this.anchor ?? this.#laneWidth / 2
      this.anchor = undefined
      this.#setLeft(leftInScale(before.scale, scene.scale, this.#left, at, this.#laneWidth))
    } else if (before?.nameWidth !== scene.nameWidth) this.#setLeft(this.#left)
    this.#draw()
    // The focus goes where its line went, and to the next one where that is gone.
    if (focused !== undefined && scene.active !== undefined && focused !== this.laneAt(scene.active)) this.focus(scene.active)
  }

  /** Rows whose cells changed; they are drawn before the next frame is shown. */
  spoil(rows: ReadonlySet<RowId>): void {
    for (const view of this.#byLine.values()) if (view.content?.kind === 'row' && rows.has(view.content.row)) view.spoil()
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0
      this.#draw()
    })
  }

  /** Keeps the middle of a line's bar where it is when the scale changes, as far as the bar is in sight. */
  anchorTo(line: number): void {
    const days = barDays(this.pictureAt(line)?.bar)
    const { scale, left, width } = this.view
    const box = days && barBox(days, scale, left, width)
    this.anchor = box !== undefined && 'width' in box ? Math.max(0, Math.min(width, box.x + box.width / 2)) : undefined
  }

  laneAt(line: number): HTMLElement | undefined {
    return this.#byLine.get(line)?.lane
  }

  pictureAt(line: number): RowPicture | undefined {
    return this.#byLine.get(line)?.picture
  }

  focus(line: number): void {
    this.laneAt(line)?.focus({ preventScroll: true })
  }

  /** Scrolls no further than it takes to bring a line wholly into sight. */
  revealLine(line: number): void {
    const { space } = this.#scene ?? {}
    if (space === undefined) return
    const top = scrollInto({ offset: this.#place.top, size: this.#height }, { start: space.topOf(line), size: space.heightOf(line) })
    if (top !== this.#place.top) this.#scrollTo(top)
    this.#draw()
  }

  /** Brings a bar into sight: where none of it is seen its beginning stands at a quarter of the view; `side` asks for one of its ends. */
  revealBar(bar: Bar | undefined, side?: 'start' | 'end'): void {
    const days = barDays(bar)
    if (days === undefined) return
    const { scale, left, width } = this.view
    const box = barBox(days, scale, left, width)
    const isSeen = 'width' in box && box.x + box.width > SEEN && box.x < width - SEEN
    if (side !== undefined) this.goToDay(side === 'start' ? days.from : days.to, side === 'start' ? 0.25 : 0.75)
    else if (!isSeen) this.goToDay(days.from, 0.25)
  }

  /** Scrolls a day to a share of the view: 0 is its left edge, 1 its right one. */
  goToDay(day: DayNumber, share: number): void {
    this.#setLeft(leftOfDay(this.view.scale, day, share, this.#laneWidth))
    this.#draw()
  }

  /** Scrolls as far as lines and axis go. */
  scrollBy(x: number, y: number): void {
    if (y !== 0) this.#scrollTo(this.#place.top + y)
    if (x !== 0) this.#setLeft(this.#left + x)
    this.#draw()
  }

  /** Which pixel of the axis is at a place of the window, also beyond the edges of the view. */
  placeAt(clientX: number): number {
    return this.#left + this.laneX(clientX)
  }

  /** Pixels from the left edge of the bars. */
  laneX(clientX: number): number {
    return clientX - this.#elements.stage.getBoundingClientRect().left - (this.#scene?.nameWidth ?? 0)
  }

  dayAt(clientX: number): DayNumber {
    return dayAt(this.view.scale, this.placeAt(clientX))
  }

  /** How far a place of the window lies beside the bars, in pixels; up and down nothing is scrolled for it. */
  outside(clientX: number): { readonly x: number; readonly y: number } {
    const x = this.laneX(clientX)
    return { x: x < 0 ? x : Math.max(0, x - this.#laneWidth), y: 0 }
  }

  /** Shows a text over a row's bar, for as long as the row is drawn; without one it goes. */
  tip(row: RowId | undefined, text = ''): void {
    this.#tipped = row
    const { tip } = this.#elements
    if (row !== undefined && tip.textContent !== text) tip.textContent = text
    this.#placeTip()
  }

  /** Shows which days a press would give to a line. */
  ghost(line: number | undefined, from: DayNumber = 0, to: DayNumber = from): void {
    const { ghost } = this.#elements
    const { space, scale, nameWidth } = this.#scene ?? {}
    ghost.hidden = line === undefined
    if (line === undefined || space === undefined || scale === undefined) return
    const x = (nameWidth ?? 0) + placeOf(scale, Math.min(from, to)) - this.#left
    ghost.style.width = `${placeOf(scale, Math.max(from, to) + 1) - placeOf(scale, Math.min(from, to))}px`
    ghost.style.transform = `translate(${x}px, ${space.topOf(line) - this.#place.top}px)`
  }

  #placeTip(): void {
    const { tip } = this.#elements
    const scene = this.#scene
    const line = this.#tipped === undefined ? -1 : (scene?.lineOf(this.#tipped) ?? -1)
    const days = barDays(this.#byLine.get(line)?.picture?.bar)
    const { scale, left, width } = this.view
    const box = days && barBox(days, scale, left, width)
    tip.hidden = box === undefined || !('width' in box)
    if (scene === undefined || box === undefined || !('width' in box)) return
    const y = scene.space.topOf(line) - this.#place.top
    const isBelow = y < TIP_ROOM
    const x = scene.nameWidth + Math.max(4, Math.min(box.x, width - TIP_WIDTH))
    tip.style.transform = `translate(${x}px, ${isBelow ? y + scene.space.heightOf(line) : y}px)${isBelow ? '' : ' translateY(-100%)'}`
  }

  #focusedLane(): Element | undefined {
    const focused = document.activeElement
    return focused?.classList.contains('tl-lane') && this.#elements.rows.contains(focused) ? focused : undefined
  }

  #measure(): boolean {
    const { scroller, stage } = this.#elements
    const [width, height] = [scroller.clientWidth, Math.max(0, scroller.clientHeight - this.#headHeight)]
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
    this.#setLeft(this.#left)
    this.#draw()
  }

  #setSpace(): void {
    if (this.#scene === undefined) return
    this.#map = makeScrollMap(this.#scene.space.total, this.#height)
    this.#elements.spacer.style.height = `${this.#map.height}px`
    // A sheet that became shorter may have been scrolled by the browser.
    this.#place = scrolledTo(this.#map, this.#place, this.#elements.scroller.scrollTop)
  }

  /** Lays the scrolled element around a place of the axis and scrolls there. */
  #setLeft(wanted: number): void {
    const { scroller, spacer } = this.#elements
    const { scale } = this.view
    const left = leftWithin(scale, wanted, this.#laneWidth)
    this.#window = windowAround(scale, left, this.#laneWidth)
    spacer.style.width = `${(this.#scene?.nameWidth ?? 0) + this.#window.width}px`
    scroller.scrollLeft = left - this.#window.offset
    this.#left = left
  }

  #scrolled(): void {
    const { scroller } = this.#elements
    this.ghost(undefined)
    this.#left = this.#window.offset + Math.round(scroller.scrollLeft)
    this.#place = scrolledTo(this.#map, this.#place, scroller.scrollTop)
    if (isNearEnd(this.view.scale, this.#window, this.#left, this.#laneWidth)) this.#setLeft(this.#left)
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
    if (!hasDrifted(this.#map, this.#place)) return
    this.#elements.scroller.scrollTop = this.#map.scrolledOf(this.#place.top)
    this.#place = { scrolled: this.#elements.scroller.scrollTop, top: this.#place.top }
  }

  /** Lines keep their elements where others came or went around them: the focus stays, and only what is new is painted. */
  #rekey(scene: TimelineScene): void {
    const views = [...this.#byLine.values()]
    this.#byLine.clear()
    for (const view of views) {
      const line = lineNow(scene, view.content)
      if (scene.lines[line] !== undefined && !this.#byLine.has(line)) this.#byLine.set(line, view)
      else this.#spare.push(view)
    }
  }

  #draw(): void {
    const scene = this.#scene
    if (scene === undefined) return
    const { top } = this.#place
    const lines = lineWindow(scene.space, { top, height: this.#height }, OVERSCAN)
    const { active } = scene
    const isKept = (line: number): boolean => (line >= lines.first && line < lines.end) || line === active
    for (const [line, view] of this.#byLine) {
      if (isKept(line)) continue
      this.#byLine.delete(line)
      this.#spare.push(view)
    }
    this.#base = Math.floor(top / BASE_STEP) * BASE_STEP
    for (let line = lines.first; line < lines.end; line++) this.#drawLine(scene, line)
    if (active !== undefined && (active < lines.first || active >= lines.end)) this.#drawLine(scene, active)
    for (const view of this.#spare) view.element.remove()
    this.#spare.length = Math.min(this.#spare.length, SPARE)
    this.#elements.rows.style.transform = `translateY(${this.#base - top}px)`
    this.#placeTip()
    this.#onView(this.view)
  }

  #drawLine(scene: TimelineScene, line: number): void {
    const content = scene.lines[line]
    if (content === undefined) return
    let view = this.#byLine.get(line)
    if (view === undefined) {
      view = this.#spare.pop() ?? new LineView()
      this.#byLine.set(line, view)
    }
    if (view.isOther(line, content)) {
      if (content.kind === 'group') view.paintGroup(line, content, HEADER_ROWS)
      else view.paintRow(line, content, scene.pictureOf(content.row, line - scene.space.lowAbove(line)), HEADER_ROWS)
    }
    view.setActive(scene.active === line)
    view.moveTo(scene.space.topOf(line) - this.#base, scene.space.heightOf(line))
    view.placeBar(this.view)
    if (view.element.parentElement === null) this.#elements.rows.append(view.element)
  }
}

/** Less of a bar than this is as good as none, px. */
const SEEN = 24
/** Room above a bar for its dates, and how wide they are reckoned, px. */
const TIP_ROOM = 44
const TIP_WIDTH = 260

/** Where a line stands now; −1 where it is gone. */
function lineNow(scene: TimelineScene, line: GridLine | undefined): number {
  if (line === undefined) return -1
  return line.kind === 'row' ? scene.lineOf(line.row) : scene.lines.findIndex((other) => other.kind === 'group' && other.key === line.key)
}
