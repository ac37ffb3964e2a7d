import { CalendarDays, Ellipsis, MessageSquare, StickyNote, User } from 'lucide-react'
import { type MouseEvent, memo } from 'react'
import { useDrag } from 'react-aria-components'
import type { CellStatusKind } from '../../workbook/cell-status.ts'
import type { Field } from '../../workbook/fields.ts'
import type { FieldId, RowId } from '../../workbook/ids.ts'
import { inkOn } from '../collab/presence.ts'
import { useRowVersion } from '../drawer/row-fields.tsx'
import type { Painter, PeerMark } from '../grid/scene.ts'
import { TEXTS } from '../texts.ts'
import { rowNameOf } from '../workbook/row-name.ts'
import { type CardPart, type CardShape, cardPicture } from './card-parts.ts'

const T = TEXTS.board

/** What is dragged from lane to lane: no other page and no other drop takes it. */
export const CARD_TYPE = 'application/x-tidebook-card'

/** What all cards of a board have in common. */
export interface CardGround {
  readonly painter: Painter
  /** The fields the view shows. */
  readonly fields: readonly Field[]
  /** The field of the lanes. */
  readonly lanes: Field
  readonly shape: CardShape
  /** Names of tints, as the view's rules have them at this moment. */
  readonly tintOf: { readonly row: (row: RowId) => string | undefined; readonly cell: (row: RowId, field: FieldId) => string | undefined }
  readonly does: {
    readonly choose: (row: RowId) => void
    readonly open: (row: RowId) => void
    /** Pixels of the window. */
    readonly menu: (row: RowId, at: { readonly x: number; readonly y: number }) => void
    readonly drag: (row: RowId | undefined) => void
  }
}

export interface CardProps {
  readonly row: RowId
  readonly ground: CardGround
  /** From the lane's top, px. */
  readonly top: number
  /** Counted from one. */
  readonly index: number
  readonly isChosen: boolean
  readonly isTabStop: boolean
  /** It leaves, or goes elsewhere, once nobody is in it any more. */
  readonly isMoving: boolean
  readonly peers: readonly PeerMark[] | undefined
}

/** A row as a card. */
export const Card = memo(function Card({ row, ground, top, index, isChosen, isTabStop, isMoving, peers }: CardProps) {
  const { painter, fields, lanes, shape, tintOf, does } = ground
  const { sheet, marks } = painter
  useRowVersion(sheet, row)
  sheet.want(row)
  const picture = cardPicture(row, lanes, fields, { shape, painter })
  const name = rowNameOf(sheet.fields(), (field) => sheet.cell(row, field.id).value, index - 1)
  const comments = marks?.rows.get(row) ?? 0
  const hasNote = marks?.notes.has(row) === true
  const [peer] = peers ?? []
  const { dragProps, isDragging } = useDrag({
    getItems: () => [{ 'text/plain': picture.title || name, [CARD_TYPE]: row }],
    getAllowedDropOperations: () => ['move'],
    // By keyboard a card is moved by keys of its own, and from its menu.
    hasDragButton: true,
    onDragStart: () => does.drag(row),
    onDragEnd: () => does.drag(undefined),
  })
  const openMenu = (event: MouseEvent): void => {
    event.preventDefault()
    event.stopPropagation()
    const box = event.currentTarget.getBoundingClientRect()
    does.menu(row, event.type === 'contextmenu' ? { x: event.clientX, y: event.clientY } : { x: box.left, y: box.bottom })
  }
  const said = [
    picture.description,
    comments > 0 ? TEXTS.talk.onCell(comments) : '',
    hasNote ? T.note : '',
    ...(peers ?? []).map((one) => TEXTS.grid.peerHere(one.name)),
    isMoving ? `${TEXTS.views.moving}.` : '',
  ].filter(Boolean)
  return (
    // biome-ignore lint/a11y/useSemanticElements: a table cannot leave out the rows that are not seen
    // biome-ignore lint/a11y/useKeyWithClickEvents: the board answers the keys of its cards
    <div
      {...dragProps}
      role="row"
      aria-rowindex={index}
      aria-label={picture.key !== '' && picture.title !== '' ? `${picture.key} ${picture.title}` : picture.title || name}
      aria-description={said.join(' ')}
      aria-selected={isChosen}
      tabIndex={isTabStop ? 0 : -1}
      data-card={row}
      data-state={picture.state === 'agreed' || picture.state === 'read-only' ? undefined : picture.state}
      data-tint={tintOf.row(row)}
      data-moving={isMoving || undefined}
      data-dragging={isDragging || undefined}
      data-peer={peer === undefined ? undefined : true}
      className="board-card"
      style={{ top, height: shape.height, ...(peer !== undefined && { '--peer': peer.color }) }}
      onFocus={(event) => event.target === event.currentTarget && does.choose(row)}
      onClick={() => does.open(row)}
      onContextMenu={(event) => {
        // A finger that rests on a card takes it up; the menu has a button of its own there.
        if (!isByTouch(event.nativeEvent)) openMenu(event)
      }}
    >
      {/* biome-ignore lint/a11y/useSemanticElements: as above */}
      {/* biome-ignore lint/a11y/useFocusableInteractive: the row around it takes the focus */}
      <div role="gridcell" className="board-card-body">
        {shape.key !== undefined && (
          <span className="board-card-key">
            {picture.key}
            <Marks state={picture.state} comments={comments} hasNote={hasNote} />
          </span>
        )}
        <span className="board-card-title">
          {picture.title || (shape.key === undefined || picture.key === '' ? <span className="text-ink-3">{name}</span> : null)}
          {shape.key === undefined && <Marks state={picture.state} comments={comments} hasNote={hasNote} />}
        </span>
        {picture.parts.length > 0 && (
          <span className="board-card-parts">
            {picture.parts.map((part) => (
              <Part key={part.field.id} part={part} tint={tintOf.cell(row, part.field.id)} />
            ))}
          </span>
        )}
        {/* By keyboard the menu opens from the card itself: no second stop for each. */}
        <button type="button" tabIndex={-1} aria-label={T.more(name)} aria-haspopup="menu" className="board-card-more" onClick={openMenu}>
          <Ellipsis size={14} aria-hidden />
        </button>
      </div>
      {peer !== undefined && (
        <span aria-hidden className="board-card-peer" style={{ color: inkOn(peer.color) }}>
          {(peers ?? []).map((one) => one.name).join(', ')}
        </span>
      )}
    </div>
  )
})

const isByTouch = (event: Event): boolean => event instanceof PointerEvent && event.pointerType === 'touch'

function Part({ part, tint }: { readonly part: CardPart; readonly tint: string | undefined }) {
  const { field, display, text, state } = part
  const title = TEXTS.views.stateOf(field.name, text)
  const shared = { title, 'data-tint': tint, 'data-state': state === 'agreed' || state === 'read-only' ? undefined : state }
  if (text === '') {
    return (
      <span {...shared} className="board-part">
        <span className="text-ink-3">{field.name}</span> <s>{T.empty}</s>
      </span>
    )
  }
  if (display.kind === 'chips') {
    return (
      <span {...shared} className="board-part">
        {display.chips.map((chip) => (
          <span key={chip.text} className="chip" data-color={chip.color}>
            {chip.text}
          </span>
        ))}
      </span>
    )
  }
  return (
    <span {...shared} className="board-part">
      <PartName field={field} />
      <span className="truncate">{display.kind === 'tick' ? '✓' : display.text}</span>
    </span>
  )
}

/** What a value is of: a sign where that is known by it, else the field's name. */
function PartName({ field }: { readonly field: Field }) {
  if (field.type === 'person') return <User size={12} aria-hidden className="flex-none text-ink-3" />
  if (field.type === 'date' || field.type === 'date-time') return <CalendarDays size={12} aria-hidden className="flex-none text-ink-3" />
  if (field.type === 'text' || field.type === 'long-text' || field.type === 'rating') return null
  return <span className="max-w-24 flex-none truncate text-ink-3">{field.name}</span>
}

/** The most urgent state, comments and note; each has a shape of its own, as in the grid. */
function Marks({ state, comments, hasNote }: { readonly state: CellStatusKind; readonly comments: number; readonly hasNote: boolean }) {
  return (
    <span aria-hidden className="board-card-marks">
      {hasNote && <StickyNote size={12} />}
      {comments > 0 && (
        <span className="flex items-center gap-0.5">
          <MessageSquare size={12} /> {comments}
        </span>
      )}
      <StateMark state={state} />
    </span>
  )
}

const SIGNS: Partial<Record<CellStatusKind, readonly [className: string, sign: string]>> = {
  staged: ['mark-staged', ''],
  held: ['mark-held', ''],
  sending: ['mark-sending', ''],
  differs: ['mark-badge', '!'],
  refused: ['mark-badge refused', '×'],
  invalid: ['mark-badge invalid', '!'],
  concurrent: ['mark-badge concurrent', '↔'],
}

function StateMark({ state }: { readonly state: CellStatusKind }) {
  if (state === 'conflict') {
    return (
      <span className="board-mark">
        <span className="mark mark-conflict" />
        <span className="mark mark-conflict second" />
      </span>
    )
  }
  const sign = SIGNS[state]
  if (sign === undefined) return null
  return (
    <span className="board-mark">
      <span className={`mark ${sign[0]}`}>{sign[1]}</span>
    </span>
  )
}
