import type { CellStatusKind } from '../../workbook/cell-status.ts'
import { inkOn } from '../collab/presence.ts'
import { TEXTS } from '../texts.ts'
import { type CellDisplay, isRightAligned } from './cell-display.ts'
import type { GridColumn } from './columns.ts'
import type { PeerMark } from './scene.ts'

/** Everything one cell shows besides its place. Optional attributes are left out where they are `undefined`. */
export interface CellPicture {
  readonly display: CellDisplay
  readonly state: CellStatusKind
  readonly description: string
  readonly isSelected: boolean
  readonly isActive: boolean
  readonly isTinted: boolean
  /** The sides of selected ranges that run along this cell: some of `t r b l`. */
  readonly edges: string
  readonly copiedEdges: string
  readonly fillEdges: string
  readonly hasHandle: boolean
  readonly tint: string | undefined
  readonly peers: readonly PeerMark[]
  readonly areaColor: string | undefined
  /** A record or address that the cell leads to, offered where the pointer or the focus is. */
  readonly link: () => { readonly href: string; readonly label: string } | undefined
  /** Somebody has said something about it. */
  readonly hasComment: boolean
}

/** The head of a group, in the column that names it. */
export interface GroupPicture {
  readonly key: string
  readonly label: string
  readonly count: number
  readonly isOpen: boolean
  readonly depth: number
}

/** One of several texts in a cell. */
interface Part {
  readonly className: string
  readonly text: string
  readonly color?: string
}

const ATTRIBUTES = [
  'aria-selected',
  'aria-readonly',
  'aria-invalid',
  'aria-description',
  'aria-expanded',
  'tabindex',
  'data-state',
  'data-active',
  'data-range',
  'data-edges',
  'data-copied',
  'data-fill',
  'data-tint',
  'data-group',
  'data-editing',
  'data-comment',
] as const
type Attribute = (typeof ATTRIBUTES)[number]

const NO_PEERS: readonly PeerMark[] = []
/** On both sides, with the line between two columns, px. */
const CELL_PADDING = 24

/** One cell of the pool: an element that shows this cell now and another one later, and is touched only where they differ. */
export class CellView {
  readonly element: HTMLDivElement
  readonly #content: HTMLSpanElement
  readonly #letters: Text
  readonly #set: Partial<Record<Attribute, string>> = {}
  #column: GridColumn | undefined
  #line = -1
  #className = ''
  #contentClass = 'text'
  #text = ''
  #chipColor = ''
  #parts: readonly HTMLSpanElement[] = []
  #mark: CellStatusKind = 'agreed'
  #marks: readonly Element[] = []
  #peers = NO_PEERS
  #peerElements: readonly Element[] = []
  #areaColor: string | undefined
  #handle: Element | undefined
  #link: HTMLAnchorElement | undefined
  #lock: Element | undefined
  #isEditing = false
  #isHovered = false
  #picture: CellPicture | undefined

  constructor() {
    this.element = document.createElement('div')
    this.element.setAttribute('role', 'gridcell')
    this.#letters = document.createTextNode('')
    this.#content = document.createElement('span')
    this.#content.className = 'text'
    this.#content.append(this.#letters)
    this.element.append(this.#content)
  }

  get column(): GridColumn | undefined {
    return this.#column
  }

  /** Puts the cell where it belongs. */
  place(line: number, column: GridColumn): void {
    if (line !== this.#line) {
      this.#line = line
      this.element.dataset.row = String(line)
      this.hover(false)
    }
    const before = this.#column
    if (before === column) return
    this.#column = column
    const { style, dataset } = this.element
    if (before?.index !== column.index) {
      dataset.column = String(column.index)
      this.element.setAttribute('aria-colindex', String(column.index + 2))
    }
    if (before?.left !== column.left) style.left = `${column.left}px`
    if (before?.width !== column.width) style.width = `${column.width}px`
  }

  paint(picture: CellPicture): void {
    const column = this.#column
    this.#picture = picture
    this.#setClass(column === undefined ? 'grid-cell' : classOf(column))
    const { state } = picture
    this.#attribute('aria-selected', picture.isSelected ? 'true' : 'false')
    this.#attribute('aria-readonly', state === 'read-only' ? 'true' : undefined)
    this.#attribute('aria-invalid', state === 'refused' || state === 'invalid' ? 'true' : undefined)
    this.#attribute('aria-description', picture.description || undefined)
    this.#attribute('aria-expanded', undefined)
    this.#attribute('tabindex', picture.isActive && !this.#isEditing ? '0' : '-1')
    this.#attribute('data-state', state === 'agreed' ? undefined : state)
    this.#attribute('data-active', picture.isActive ? 'true' : undefined)
    this.#attribute('data-range', picture.isTinted ? 'true' : undefined)
    this.#attribute('data-edges', picture.edges || undefined)
    this.#attribute('data-copied', picture.copiedEdges || undefined)
    this.#attribute('data-fill', picture.fillEdges || undefined)
    this.#attribute('data-tint', picture.tint)
    this.#attribute('data-comment', picture.hasComment ? 'true' : undefined)
    this.#attribute('data-group', undefined)
    this.#paintArea(picture.areaColor)
    this.#paintDisplay(picture.display)
    if (this.#isEditing) return
    this.#paintMark(state)
    this.#paintPeers(picture.peers)
    this.#paintHandle(picture.hasHandle)
    this.#paintOffers()
  }

  /** The head of a group, or under another column what its rows come to. */
  paintGroup(group: GroupPicture | undefined, figure: string, isActive: boolean): void {
    this.#picture = undefined
    this.#setClass(group === undefined ? 'grid-cell group-figure' : 'grid-cell group-head')
    this.#attribute('aria-selected', isActive ? 'true' : 'false')
    for (const name of UNUSED_BY_GROUPS) this.#attribute(name, undefined)
    this.#attribute('tabindex', isActive ? '0' : '-1')
    this.#attribute('data-active', isActive ? 'true' : undefined)
    this.#attribute('aria-expanded', group === undefined ? undefined : String(group.isOpen))
    this.#attribute('data-group', group?.key)
    if (group !== undefined) this.element.style.setProperty('--depth', String(group.depth))
    this.#paintArea(undefined)
    this.#paintMark('agreed')
    this.#paintPeers(NO_PEERS)
    this.#paintHandle(false)
    this.#paintOffers()
    if (group === undefined) this.#paintDisplay({ kind: 'text', text: figure })
    else
      this.#paintParts('group', [
        { className: 'group-name', text: group.label },
        { className: 'group-count', text: TEXTS.drawing.groupCount(group.count) },
      ])
  }

  /** Empties the cell for an editor, or takes its content back. */
  edit(isEditing: boolean): void {
    if (this.#isEditing === isEditing) return
    this.#isEditing = isEditing
    this.#attribute('data-editing', isEditing ? 'true' : undefined)
    this.#attribute('tabindex', isEditing ? '-1' : '0')
    if (!isEditing) {
      this.element.prepend(this.#content)
      return
    }
    this.#content.remove()
    this.#paintMark('agreed')
    this.#paintPeers(NO_PEERS)
    this.#paintHandle(false)
    this.#paintOffers()
  }

  /** How wide the cell would have to be for all of its content. Reads the layout: not for the way of a scroll. */
  contentWidth(): number {
    return this.#content.scrollWidth + CELL_PADDING
  }

  hover(isHovered: boolean): void {
    if (this.#isHovered === isHovered) return
    this.#isHovered = isHovered
    this.#paintOffers()
  }

  #attribute(name: Attribute, value: string | undefined): void {
    if (this.#set[name] === value) return
    if (value === undefined) {
      delete this.#set[name]
      this.element.removeAttribute(name)
    } else {
      this.#set[name] = value
      this.element.setAttribute(name, value)
    }
  }

  #setClass(name: string): void {
    if (this.#className === name) return
    this.#className = name
    this.element.className = name
  }

  #paintDisplay(display: CellDisplay): void {
    switch (display.kind) {
      case 'text':
        this.#paintSingle('text', display.text, '')
        return
      case 'tick':
        this.#paintSingle('tick', display.text, display.isOn ? 'on' : 'off')
        return
      case 'chips': {
        const [first, ...others] = display.chips
        if (first === undefined) this.#paintSingle('text', '', '')
        else if (others.length === 0) this.#paintSingle('chip', first.text, first.color)
        else
          this.#paintParts(
            'chips',
            display.chips.map(({ text, color }) => ({ className: 'chip', text, color })),
          )
      }
    }
  }

  /** One element, one text: nearly every cell, and nothing is made or thrown away for it. */
  #paintSingle(className: string, text: string, color: string): void {
    if (this.#parts.length > 0) {
      this.#parts = []
      this.#content.replaceChildren(this.#letters)
    }
    if (this.#contentClass !== className) {
      this.#contentClass = className
      this.#content.className = className
    }
    if (this.#chipColor !== color) {
      this.#chipColor = color
      if (color === '') delete this.#content.dataset.color
      else this.#content.dataset.color = color
    }
    if (this.#text !== text) {
      this.#text = text
      this.#letters.data = text
    }
  }

  #paintParts(className: string, parts: readonly Part[]): void {
    if (this.#contentClass !== className || this.#parts.length !== parts.length) {
      this.#paintSingle(className, '', '')
      this.#parts = parts.map(() => document.createElement('span'))
      this.#content.replaceChildren(...this.#parts)
    }
    parts.forEach(({ className: name, text, color }, i) => {
      const part = this.#parts[i]
      if (part === undefined) return
      if (part.textContent !== text) part.textContent = text
      if (part.className !== name) part.className = name
      if (color !== undefined && part.dataset.color !== color) part.dataset.color = color
    })
  }

  #paintMark(kind: CellStatusKind): void {
    if (this.#mark === kind) return
    this.#mark = kind
    for (const mark of this.#marks) mark.remove()
    this.#marks = marksOf(kind)
    this.element.append(...this.#marks)
  }

  #paintPeers(peers: readonly PeerMark[]): void {
    if (this.#peers === peers || (this.#peers.length === 0 && peers.length === 0)) return
    this.#peers = peers
    for (const element of this.#peerElements) element.remove()
    this.#peerElements = peerElements(peers)
    this.element.append(...this.#peerElements)
  }

  #paintArea(color: string | undefined): void {
    if (this.#areaColor === color) return
    this.#areaColor = color
    if (color === undefined) {
      delete this.element.dataset.area
      this.element.style.removeProperty('--area')
    } else {
      this.element.dataset.area = 'true'
      this.element.style.setProperty('--area', color)
    }
  }

  #paintHandle(hasHandle: boolean): void {
    if ((this.#handle !== undefined) === hasHandle) return
    this.#handle?.remove()
    this.#handle = hasHandle ? plain('fill-handle') : undefined
    if (this.#handle !== undefined) this.element.append(this.#handle)
  }

  /** What a cell offers where the pointer or the focus is: the way to its record, and that it cannot be typed into. */
  #paintOffers(): void {
    const picture = this.#picture
    const isOffering = picture !== undefined && !this.#isEditing && (this.#isHovered || picture.isActive)
    const hasLock = isOffering && picture.state === 'read-only'
    if ((this.#lock !== undefined) !== hasLock) {
      this.#lock?.remove()
      this.#lock = hasLock ? plain('mark mark-lock') : undefined
      if (this.#lock !== undefined) this.element.append(this.#lock)
    }
    const link = isOffering ? picture.link() : undefined
    if (link === undefined) {
      this.#link?.remove()
      this.#link = undefined
      return
    }
    this.#link ??= this.element.appendChild(openLink())
    if (this.#link.getAttribute('href') === link.href) return
    this.#link.href = link.href
    this.#link.setAttribute('aria-label', TEXTS.drawing.openLink(link.label))
  }
}

const UNUSED_BY_GROUPS = [
  'aria-readonly',
  'aria-invalid',
  'aria-description',
  'data-state',
  'data-range',
  'data-edges',
  'data-copied',
  'data-fill',
  'data-tint',
  'data-comment',
] as const satisfies readonly Attribute[]

/** Of a column's cells; kept, since it is asked for with every cell that is drawn. */
const CLASSES = new WeakMap<GridColumn, string>()

function classOf(column: GridColumn): string {
  const known = CLASSES.get(column)
  if (known !== undefined) return known
  const { field, isFrozen } = column
  const kind = field.binding?.isConnectionField ? ' key' : field.type === 'long-text' ? ' long' : ''
  const made = `grid-cell${kind}${isRightAligned(field) ? ' right' : ''}${isFrozen ? ' frozen' : ''}`
  CLASSES.set(column, made)
  return made
}

function plain(className: string, text = ''): HTMLSpanElement {
  const element = document.createElement('span')
  element.className = className
  element.textContent = text
  element.setAttribute('aria-hidden', 'true')
  return element
}

/** The mark of a cell's state: each has a shape of its own, since colours are not seen by everybody. */
export function marksOf(kind: CellStatusKind): readonly Element[] {
  switch (kind) {
    case 'staged':
    case 'held':
    case 'sending':
      return [plain(`mark mark-${kind}`)]
    case 'differs':
      return [plain('mark mark-badge', '!')]
    case 'refused':
      return [plain('mark mark-badge refused', '×')]
    case 'invalid':
      return [plain('mark mark-badge invalid', '!')]
    case 'concurrent':
      return [plain('mark mark-badge concurrent', '↔')]
    case 'conflict':
      return [plain('mark mark-conflict'), plain('mark mark-conflict second')]
    case 'agreed':
    case 'gone':
    case 'unmatched':
    case 'read-only':
      return []
  }
}

/** One frame for all who are in the cell, in the colour of the first; what is being typed stands over the value. */
export function peerElements(peers: readonly PeerMark[]): readonly Element[] {
  const [first] = peers
  if (first === undefined) return []
  const frame = plain('peer')
  frame.style.setProperty('--peer', first.color)
  const typing = peers.find((peer) => peer.liveText !== undefined)
  if (typing?.liveText !== undefined) frame.append(plain('peer-text', typing.liveText))
  const names = peers.map((peer) => (peer.isEditing ? `${peer.name} …` : peer.name)).join(', ')
  const flag = plain('peer-name', names)
  flag.style.color = inkOn(first.color)
  frame.append(flag)
  return [frame]
}

function openLink(): HTMLAnchorElement {
  const link = document.createElement('a')
  link.className = 'open-link'
  link.target = '_blank'
  link.rel = 'noopener noreferrer'
  link.tabIndex = -1
  return link
}
