import type { CellValue } from '../../workbook/cell-value.ts'
import { cellKey } from '../../workbook/ids.ts'
import { isAwaited } from '../../workbook/row-index.ts'
import type { GridLine, GroupLine, RowLine } from '../../workbook/view-lines.ts'
import { TEXTS } from '../texts.ts'
import { displayOf, linkOfCell } from './cell-display.ts'
import { CellView } from './cell-view.ts'
import { type DrawnColumns, type GridColumn, NUMBER_WIDTH } from './columns.ts'
import type { Range } from './grid-model.ts'
import { HEADER_ROWS, type PeerMark, type Scene } from './scene.ts'

/** Digits of a row's number that fit at its usual size. */
const WIDE_NUMBER = 4
const NO_PEERS: readonly PeerMark[] = []

/** One row of the pool: an element that shows this line now and another one later. */
export class RowView {
  readonly element: HTMLDivElement
  line = -1
  /** What the line was when it was painted; another object is painted anew. */
  #content: GridLine | undefined
  readonly #frozen: HTMLDivElement
  readonly #number: HTMLDivElement
  readonly #letters: Text
  readonly #cells = new Map<number, CellView>()
  readonly #free: CellView[] = []
  #columns: readonly GridColumn[] | undefined
  #drawn: DrawnColumns | undefined
  #y = Number.NaN
  #x = 0
  #height = -1
  #frozenWidth = -1
  #isGroup = false
  #isActive = false
  #isStale = true
  #tint: string | undefined
  #isMoving = false
  #isAwaited = false
  #grip: Element | undefined
  /** What of notes and comments the number says. */
  #talk = 'false 0'

  constructor() {
    this.element = document.createElement('div')
    this.element.setAttribute('role', 'row')
    this.element.className = 'grid-row'
    this.#frozen = document.createElement('div')
    this.#frozen.setAttribute('role', 'presentation')
    this.#frozen.className = 'grid-frozen'
    this.#number = document.createElement('div')
    this.#number.setAttribute('role', 'rowheader')
    this.#number.setAttribute('aria-colindex', '1')
    this.#number.className = 'grid-cell number'
    this.#number.style.width = `${NUMBER_WIDTH}px`
    this.#letters = document.createTextNode('')
    this.#number.append(this.#letters)
    this.#frozen.append(this.#number)
    this.element.append(this.#frozen)
  }

  get content(): GridLine | undefined {
    return this.#content
  }

  cell(column: number): CellView | undefined {
    return this.#cells.get(column)
  }

  /** Something of the row may have changed: the next `show` looks at every cell. */
  spoil(): void {
    this.#isStale = true
  }

  moveTo(y: number): void {
    if (this.#y === y) return
    this.#y = y
    this.element.style.transform = `translateY(${y}px)`
  }

  /** Holds the columns that stay against the sideways scroll. */
  holdAt(x: number): void {
    if (this.#x === x) return
    this.#x = x
    this.#frozen.style.transform = x === 0 ? '' : `translateX(${x}px)`
  }

  /** The cells stand in the order of the columns, as they are read one after another. */
  putInOrder(): void {
    const order = (indexes: readonly number[]): readonly Element[] =>
      [...indexes].sort((a, b) => a - b).flatMap((index) => this.#cells.get(index)?.element ?? [])
    putInOrder(this.#frozen, order(this.#drawn?.frozen ?? []))
    putInOrder(this.element, order(this.#drawn?.scrolled ?? []))
  }

  show(scene: Scene, line: number, drawn: DrawnColumns): void {
    const content = scene.lines[line]
    if (content === undefined) return
    const isMoved = this.line !== line
    if (!isMoved && this.#content === content && this.#drawn === drawn && this.#columns === scene.columns && !this.#isStale) return
    this.#isStale = false
    this.line = line
    this.#content = content
    if (isMoved) {
      this.element.setAttribute('aria-rowindex', String(line + 1 + HEADER_ROWS))
      this.#number.dataset.row = String(line)
    }
    this.#setHeight(scene.space.heightOf(line))
    this.#setColumns(scene, drawn)
    const isActive = scene.active?.row === line
    if (this.#isActive !== isActive) {
      this.#isActive = isActive
      setFlag(this.element, 'active', isActive)
    }
    if (content.kind === 'row') this.#paintRow(scene, content)
    else this.#paintGroup(scene, content)
  }

  #setHeight(height: number): void {
    if (this.#height === height) return
    this.#height = height
    this.element.style.height = `${height}px`
  }

  #setColumns(scene: Scene, drawn: DrawnColumns): void {
    if (this.#drawn === drawn && this.#columns === scene.columns) return
    if (this.#columns !== scene.columns) {
      const frozenWidth = drawn.frozen.reduce((sum, index) => sum + (scene.columns[index]?.width ?? 0), NUMBER_WIDTH)
      if (frozenWidth !== this.#frozenWidth) {
        this.#frozenWidth = frozenWidth
        this.#frozen.style.width = `${frozenWidth}px`
      }
    }
    this.#drawn = drawn
    this.#columns = scene.columns
    const wanted = new Set([...drawn.frozen, ...drawn.scrolled])
    for (const [index, cell] of this.#cells) {
      if (wanted.has(index)) continue
      this.#cells.delete(index)
      this.#free.push(cell)
    }
    for (const index of drawn.frozen) this.#hold(index, this.#frozen)
    for (const index of drawn.scrolled) this.#hold(index, this.element)
    for (const cell of this.#free.splice(0)) cell.element.remove()
  }

  #hold(index: number, parent: HTMLElement): void {
    const known = this.#cells.get(index)
    const cell = known ?? this.#free.pop() ?? new CellView()
    if (known === undefined) this.#cells.set(index, cell)
    if (cell.element.parentElement !== parent) parent.append(cell.element)
  }

  #paintRow(scene: Scene, { row }: RowLine): void {
    this.#setGroup(false)
    const { line } = this
    const { sheet, formats, statusOf, marks } = scene.painter
    sheet.want(row)
    this.#setAwaited(isAwaited(row))
    const number = String(line + 1 - scene.space.lowAbove(line))
    if (this.#letters.data !== number) {
      this.#letters.data = number
      setFlag(this.#number, 'long', number.length > WIDE_NUMBER)
    }
    const tint = scene.rowTint(row)
    if (tint !== this.#tint) {
      this.#tint = tint
      if (tint === undefined) delete this.element.dataset.tint
      else this.element.dataset.tint = tint
    }
    const isMoving = scene.isMoving(row)
    if (isMoving !== this.#isMoving) {
      this.#isMoving = isMoving
      setFlag(this.element, 'moving', isMoving)
    }
    this.#setGrip(scene.canMoveRows)
    this.#setTalk(marks?.notes.has(row) === true, marks?.rows.get(row) ?? 0)
    const peers = scene.peers.get(row) ?? NO_PEERS
    for (const [index, view] of this.#cells) {
      const column = scene.columns[index]
      if (column === undefined) continue
      const { field } = column
      const cell = sheet.cell(row, field.id)
      const status = statusOf(row, field, cell)
      const here = peers.length === 0 ? NO_PEERS : peers.filter((peer) => peer.field === field.id)
      const said = descriptionOf(status.text, here)
      const comments = marks === undefined || marks.cells.size === 0 ? 0 : (marks.cells.get(cellKey(row, field.id)) ?? 0)
      const isActive = scene.active?.row === line && scene.active.column === index
      const selected = selectionAt(scene.ranges, line, index)
      view.place(line, column)
      view.paint({
        display: displayOf(field, cell.value, formats),
        state: status.kind,
        description: comments === 0 ? said : [said, talkText(comments)].filter(Boolean).join(' '),
        isSelected: isActive || selected.isIn,
        isActive,
        isTinted: selected.isIn && !isActive && selected.isLarge,
        edges: selected.edges,
        copiedEdges: edgesAt(scene.copied, line, index),
        fillEdges: edgesAt(scene.filling, line, index),
        hasHandle: scene.canFill && isCornerOf(scene, line, index),
        tint: scene.cellTint(row, field.id),
        peers: here,
        areaColor: scene.areas.find(({ range }) => isIn(range, line, index))?.color,
        link: () => linkTo(linkOfCell(sheet, row, field, cell.value), cell.value),
        hasComment: comments > 0,
      })
    }
  }

  /** The row's number says whether the row has a note and open comments of its own. */
  #setTalk(hasNote: boolean, comments: number): void {
    const talk = `${hasNote} ${comments}`
    if (talk === this.#talk) return
    this.#talk = talk
    setFlag(this.#number, 'note', hasNote)
    setFlag(this.#number, 'comment', comments > 0)
    const said = [hasNote ? TEXTS.drawer.hasNote : '', talkText(comments)].filter(Boolean).join(', ')
    if (said === '') this.#number.removeAttribute('aria-description')
    else this.#number.setAttribute('aria-description', said)
  }

  /** A row that has not come says so until it is there. */
  #setAwaited(is: boolean): void {
    if (this.#isAwaited === is) return
    this.#isAwaited = is
    setFlag(this.element, 'awaited', is)
    if (is) this.element.setAttribute('aria-busy', 'true')
    else this.element.removeAttribute('aria-busy')
  }

  #setGrip(hasGrip: boolean): void {
    if ((this.#grip !== undefined) === hasGrip) return
    this.#grip?.remove()
    this.#grip = hasGrip ? makeGrip() : undefined
    if (this.#grip !== undefined) this.#number.prepend(this.#grip)
  }

  #paintGroup(scene: Scene, group: GroupLine): void {
    this.#setGroup(true)
    this.#setAwaited(false)
    if (this.#letters.data !== '') this.#letters.data = ''
    this.#setGrip(false)
    this.#setTalk(false, 0)
    for (const [index, view] of this.#cells) {
      const column = scene.columns[index]
      if (column === undefined) continue
      view.place(this.line, column)
      const isActive = scene.active?.row === this.line && scene.active.column === index
      const figure = group.aggregates.find(({ field }) => field === column.field.id)?.text ?? ''
      view.paintGroup(index === 0 ? group : undefined, figure, isActive)
    }
  }

  #setGroup(isGroup: boolean): void {
    if (this.#isGroup === isGroup) return
    this.#isGroup = isGroup
    setFlag(this.element, 'group', isGroup)
    if (isGroup) {
      this.#tint = undefined
      delete this.element.dataset.tint
      this.#number.setAttribute('aria-label', TEXTS.drawing.groupNumber)
    } else {
      this.#number.removeAttribute('aria-label')
    }
  }
}

/** Puts elements behind each other, the last of their parent. They are moved around the one with the focus, which would lose it if it were moved. */
export function putInOrder(parent: Element, wanted: readonly Element[]): void {
  if (wanted.every((element, i) => i === 0 || wanted[i - 1]?.nextElementSibling === element)) return
  const focused = wanted.findIndex((element) => element.contains(document.activeElement))
  const still = wanted[focused]
  for (const element of wanted.slice(0, Math.max(0, focused))) parent.insertBefore(element, still ?? null)
  parent.append(...wanted.slice(focused + 1))
}

const linkTo = (href: string | undefined, value: CellValue): { readonly href: string; readonly label: string } | undefined =>
  href === undefined ? undefined : { href, label: String(value) }

const talkText = (count: number | undefined): string => (count === undefined || count === 0 ? '' : TEXTS.talk.onCell(count))

function setFlag(element: HTMLElement, name: string, isSet: boolean): void {
  if (isSet) element.dataset[name] = 'true'
  else delete element.dataset[name]
}

/** What a row is moved by. */
function makeGrip(): Element {
  const grip = document.createElement('span')
  grip.className = 'row-grip'
  grip.setAttribute('aria-hidden', 'true')
  return grip
}

function descriptionOf(state: string, peers: readonly PeerMark[]): string {
  if (peers.length === 0) return state
  const here = peers.map((peer) => TEXTS.grid.peerHere(peer.name))
  return state === '' ? here.join(' ') : [state, ...here].join(' ')
}

const isIn = ({ top, bottom, left, right }: Range, line: number, column: number): boolean =>
  line >= top && line <= bottom && column >= left && column <= right

/** The sides of a range that run along a cell. */
export function edgesAt(range: Range | undefined, line: number, column: number): string {
  if (range === undefined || !isIn(range, line, column)) return ''
  const { top, bottom, left, right } = range
  return `${line === top ? 't' : ''}${column === right ? 'r' : ''}${line === bottom ? 'b' : ''}${column === left ? 'l' : ''}`
}

const NOT_SELECTED = { isIn: false, isLarge: false, edges: '' }

/** What the selected ranges mean for one cell: `isLarge` where it is one of several cells that are selected. */
export function selectionAt(ranges: readonly Range[], line: number, column: number): typeof NOT_SELECTED {
  let found = NOT_SELECTED
  for (const range of ranges) {
    if (!isIn(range, line, column)) continue
    const isLarge = ranges.length > 1 || range.top !== range.bottom || range.left !== range.right
    if (!isLarge) return { isIn: true, isLarge, edges: '' }
    found = { isIn: true, isLarge, edges: found.edges + edgesAt(range, line, column) }
  }
  return found
}

/** The one selected range ends here: from this corner it can be dragged on. */
function isCornerOf(scene: Scene, line: number, column: number): boolean {
  const [range, ...others] = scene.ranges
  return range !== undefined && others.length === 0 && range.bottom === line && range.right === column
}
