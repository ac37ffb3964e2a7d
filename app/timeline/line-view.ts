import type { CellStatusKind } from '../../workbook/cell-status.ts'
import type { GridLine, GroupLine } from '../../workbook/view-lines.ts'
import { marksOf, peerElements } from '../grid/cell-view.ts'
import type { PeerMark } from '../grid/scene.ts'
import { DRAWING_TEXTS } from '../texts/drawing.ts'
import { TIMELINE_TEXTS as T } from '../texts/timeline.ts'
import { barBox, barDays, type Grip } from './bars.ts'
import type { RowPicture } from './picture.ts'
import type { Scale } from './scale.ts'

/** From this width on a bar holds as much of its name as fits; a narrower one only where all of it does. Pixels. */
const NAMED_WIDTH = 160
/** How wide a letter is reckoned, and what stands around the name in a bar. Pixels. */
const LETTER_WIDTH = 7
const NAME_ROOM = 26

/** What of the axis is in sight: pixels of the axis at the left edge of the bars, and how wide they are drawn. */
export interface AxisView {
  readonly scale: Scale
  readonly left: number
  readonly width: number
}

/** One line of the pool: an element that shows this line now and another one later, and is touched only where they differ. */
export class LineView {
  readonly element = part('div', 'tl-row')
  readonly name = part('div', 'tl-name')
  /** The part over the axis; it takes the focus. */
  readonly lane = part('div', 'tl-lane')
  readonly #key = part('span', 'tl-key')
  readonly #title = part('span', 'tl-title')
  readonly #rowMark = part('span', 'tl-marks')
  readonly #bar = part('div', 'tl-bar chip')
  readonly #text = part('span', 'tl-text')
  readonly #grips = { left: part('span', 'tl-grip left'), right: part('span', 'tl-grip right') }
  readonly #marks = { start: part('span', 'tl-marks left'), end: part('span', 'tl-marks right') }
  readonly #beside = part('span', 'tl-beside')
  readonly #note = part('span', 'tl-note')
  readonly #toBar = part('button', 'tl-to-bar')
  line = -1
  #content: GridLine | undefined
  #picture: RowPicture | undefined
  #isStale = true
  /** Of the bar's name. */
  #letters = 0
  #y = Number.NaN
  #height = -1
  #peers: readonly PeerMark[] = []
  #peerElements: readonly Element[] = []

  constructor() {
    this.element.setAttribute('role', 'row')
    this.name.setAttribute('role', 'rowheader')
    this.name.setAttribute('aria-colindex', '1')
    this.lane.setAttribute('role', 'gridcell')
    this.lane.setAttribute('aria-colindex', '2')
    this.lane.tabIndex = -1
    for (const hidden of [this.#bar, this.#beside, this.#note]) hidden.setAttribute('aria-hidden', 'true')
    this.#toBar.tabIndex = -1
    this.#toBar.setAttribute('type', 'button')
    this.name.append(this.#key, ' ', this.#title, this.#rowMark)
    this.#bar.append(this.#grips.left, this.#text, this.#grips.right, this.#marks.start, this.#marks.end)
    this.lane.append(this.#bar, this.#beside, this.#note, this.#toBar)
    this.element.append(this.name, this.lane)
  }

  get content(): GridLine | undefined {
    return this.#content
  }

  get picture(): RowPicture | undefined {
    return this.#picture
  }

  spoil(): void {
    this.#isStale = true
  }

  /** Whether the line, or something of it, is not what was painted here last. */
  isOther(line: number, content: GridLine): boolean {
    return this.#isStale || this.line !== line || this.#content !== content
  }

  moveTo(y: number, height: number): void {
    if (this.#y !== y) {
      this.#y = y
      this.element.style.transform = `translateY(${y}px)`
    }
    if (this.#height === height) return
    this.#height = height
    this.element.style.height = `${height}px`
  }

  setActive(isActive: boolean): void {
    set(this.element, 'data-active', isActive ? 'true' : undefined)
    set(this.lane, 'tabindex', isActive ? '0' : '-1')
    set(this.lane, 'aria-selected', String(isActive))
  }

  #begin(line: number, content: GridLine, headerRows: number): void {
    this.#isStale = false
    this.line = line
    this.#content = content
    set(this.element, 'data-line', String(line))
    set(this.element, 'aria-rowindex', String(line + 1 + headerRows))
  }

  paintRow(line: number, content: GridLine, picture: RowPicture, headerRows: number): void {
    this.#begin(line, content, headerRows)
    this.#picture = picture
    const { bar, states } = picture
    set(this.element, 'data-group', undefined)
    set(this.element, 'data-tint', picture.tint)
    set(this.element, 'data-moving', picture.isMoving ? 'true' : undefined)
    set(this.element, 'data-awaited', picture.isAwaited ? 'true' : undefined)
    set(this.element, 'aria-busy', picture.isAwaited ? 'true' : undefined)
    set(this.element, 'data-state', states.row === 'gone' || states.row === 'unmatched' ? states.row : undefined)
    write(this.#key, picture.name)
    write(this.#title, picture.title)
    this.#paintMarks(this.#rowMark, states.row)
    this.#paintPeers(picture.peers)
    set(this.name, 'data-note', picture.hasNote ? 'true' : undefined)
    set(this.name, 'data-comment', picture.comments > 0 ? 'true' : undefined)
    set(this.lane, 'aria-expanded', undefined)
    set(this.lane, 'aria-label', picture.label)
    set(this.lane, 'aria-description', picture.description || undefined)
    const isLocked = !picture.grips.whole && !picture.grips.start && !picture.grips.end
    set(this.lane, 'aria-readonly', isLocked && !picture.canFill ? 'true' : undefined)
    set(this.lane, 'aria-invalid', bar.kind === 'wrong' || isMisfit(states.start) || isMisfit(states.end) ? 'true' : undefined)
    set(this.lane, 'data-empty', picture.canFill ? 'true' : undefined)
    set(this.#bar, 'data-kind', bar.kind)
    set(this.#bar, 'data-color', picture.color)
    set(this.#bar, 'data-grip', picture.grips.whole ? 'whole' : 'still')
    // A row that ends before it starts has its end on the left.
    const [left, right]: readonly [Grip, Grip] = bar.kind === 'wrong' ? ['end', 'start'] : ['start', 'end']
    set(this.#grips.left, 'data-grip', picture.grips[left] ? left : undefined)
    set(this.#grips.right, 'data-grip', picture.grips[right] ? right : undefined)
    this.#paintMarks(this.#marks.start, states[left])
    this.#paintMarks(this.#marks.end, bar.kind === 'mark' ? 'agreed' : states[right])
    const text = picture.title || picture.name
    this.#letters = text.length
    write(this.#text, text)
    write(this.#beside, text)
    write(this.#note, bar.kind === 'none' || bar.kind === 'outside' ? picture.dates : '')
    set(this.#toBar, 'aria-label', T.showBar(picture.name))
  }

  paintGroup(line: number, group: GroupLine, headerRows: number): void {
    this.#begin(line, group, headerRows)
    this.#picture = undefined
    for (const name of ['data-moving', 'data-awaited', 'data-tint', 'aria-busy', 'data-state'] as const) set(this.element, name, undefined)
    for (const name of ['aria-description', 'aria-readonly', 'aria-invalid', 'data-empty'] as const) set(this.lane, name, undefined)
    set(this.element, 'data-group', group.key)
    this.element.style.setProperty('--depth', String(group.depth))
    write(this.#key, group.label)
    write(this.#title, DRAWING_TEXTS.groupCount(group.count))
    this.#paintMarks(this.#rowMark, 'agreed')
    this.#paintPeers([])
    for (const name of ['data-note', 'data-comment'] as const) set(this.name, name, undefined)
    set(this.lane, 'aria-expanded', String(group.isOpen))
    set(this.lane, 'aria-label', T.group(group.label, group.count))
    write(this.#note, group.aggregates.map(({ text }) => text).join(' · '))
  }

  /** Puts the bar where its days are in sight; where they are not, shows the way to them. Writes places and reads none. */
  placeBar(view: AxisView): void {
    const days = barDays(this.#picture?.bar)
    const box = days && barBox(days, view.scale, view.left, view.width)
    const isSeen = box !== undefined && 'width' in box
    const isNamed = isSeen && box.width >= Math.min(NAMED_WIDTH, this.#letters * LETTER_WIDTH + NAME_ROOM)
    set(this.#bar, 'hidden', isSeen ? undefined : '')
    set(this.#text, 'hidden', isNamed ? undefined : '')
    set(this.#beside, 'hidden', isSeen && !isNamed ? undefined : '')
    set(this.#toBar, 'hidden', box !== undefined && !isSeen ? undefined : '')
    set(this.#toBar, 'data-side', box !== undefined && !isSeen ? box.isOut : undefined)
    if (!isSeen) return
    this.#bar.style.transform = `translateX(${box.x}px)`
    this.#bar.style.width = `${box.width}px`
    // The name begins where the view does.
    this.#text.style.marginLeft = box.x < 0 ? `${-box.x}px` : ''
    if (!isNamed) this.#beside.style.transform = `translateX(${box.x + box.width + 6}px)`
  }

  #paintMarks(holder: HTMLElement, kind: CellStatusKind): void {
    if (holder.dataset.kind === kind) return
    holder.dataset.kind = kind
    holder.replaceChildren(...marksOf(kind))
  }

  #paintPeers(peers: readonly PeerMark[]): void {
    if (this.#peers === peers || (this.#peers.length === 0 && peers.length === 0)) return
    this.#peers = peers
    for (const element of this.#peerElements) element.remove()
    this.#peerElements = peerElements(peers)
    this.name.append(...this.#peerElements)
  }
}

const isMisfit = (kind: CellStatusKind): boolean => kind === 'refused' || kind === 'invalid'

function part(tag: 'div' | 'span' | 'button', className: string): HTMLElement {
  const element = document.createElement(tag)
  element.className = className
  return element
}

/** Sets an attribute where it is not so already. */
function set(element: Element, name: string, value: string | undefined): void {
  if ((element.getAttribute(name) ?? undefined) === value) return
  if (value === undefined) element.removeAttribute(name)
  else element.setAttribute(name, value)
}

function write(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text
}
