import './board.css'
import { type KeyboardEvent, type RefObject, useEffect, useImperativeHandle, useLayoutEffect, useMemo, useRef, useState } from 'react'
import { hasLanes, type Lane, lanesOf, placeInLanes, rowInLane, shownIn } from '../../workbook/board.ts'
import type { RowPlace } from '../../workbook/edit.ts'
import type { Field } from '../../workbook/fields.ts'
import type { RowId } from '../../workbook/ids.ts'
import type { GridCommand } from '../grid/grid-keys.ts'
import { marksOf } from '../grid/peer-marks.ts'
import type { CellId } from '../grid/sheet-handle.ts'
import { readOnlyReason } from '../grid/use-sheet-editing.ts'
import { TEXTS } from '../texts.ts'
import { groundOfRow, linkOfRow, openLinkOf, refusesInRows, runOnRow } from '../views/row-commands.ts'
import { doRowAction, type RowHands } from '../views/row-menu.tsx'
import type { SheetLayoutProps } from '../views/sheet-layout.ts'
import { rowNameOf } from '../workbook/row-name.ts'
import { type CardCommand, cardCommand } from './board-keys.ts'
import type { CardGround } from './card.tsx'
import { CardMenu } from './card-menu.tsx'
import { cardPicture, cardShape } from './card-parts.ts'
import { CARD_GAP, LaneView, laneName } from './lane.tsx'
import { LaneChooser } from './lane-chooser.tsx'
import { useDragScroll } from './use-drag-scroll.ts'

const T = TEXTS.board

/** The rows of a view as cards, in lanes of one value each. */
export default function Board(props: SheetLayoutProps) {
  const { lanes } = props.used.state.current.config
  const field = lanes && props.painter.sheet.field(lanes)
  const isAsking = field === undefined || !hasLanes(field)
  const wasAsked = useRef(false)
  const { isLoaded } = props
  useEffect(() => {
    if (isAsking) wasAsked.current = isLoaded
  }, [isAsking, isLoaded])
  return isAsking ? <LaneChooser {...props} /> : <Lanes {...props} field={field} wasAsked={wasAsked} />
}

interface AskedMenu {
  readonly row: RowId
  readonly x: number
  readonly y: number
  readonly isMoving: boolean
}

interface LanesProps extends SheetLayoutProps {
  readonly field: Field
  /** Somebody was asked for the lanes a moment ago, and pressed what is gone now. */
  readonly wasAsked: RefObject<boolean>
}

function Lanes(props: LanesProps) {
  const { ref, field, wasAsked, label, used, painter, editing, peers, refusal, isMac, isLoaded, active } = props
  const { onActive, onOpenRow, onCommand, onGoTo, onAddRow, say, notice } = props
  const { view, views, state } = used
  const { sheet, formats } = painter
  const { lines } = view
  const { collapsed } = state
  const lanes = useMemo(() => lanesOf({ field, lines, collapsed, formats }), [field, lines, collapsed, formats])
  const shape = useMemo(() => cardShape(view.fields, field.id), [view.fields, field.id])
  const peerMarks = useMemo(() => marksOf(peers, sheet.id), [peers, sheet])
  const [chosen, setChosen] = useState<CellId | undefined>(active)
  const [dragged, setDragged] = useState<RowId>()
  const [menu, setMenu] = useState<AskedMenu>()
  const root = useRef<HTMLDivElement>(null)
  useDragScroll(root, dragged !== undefined)
  const wantsFocus = useRef(false)
  const awaited = useRef<CellId>(undefined)
  const lastPlace = useRef({ lane: 0, place: 0 })

  const pitch = shape.height + CARD_GAP
  const placeOf = (row: RowId) => placeInLanes(lanes, view.lineOf(row))
  const chosenPlace = chosen === undefined ? undefined : placeOf(chosen.row)
  if (chosenPlace !== undefined) lastPlace.current = chosenPlace
  const rowAt = (lane: number, place: number): RowId | undefined => {
    const found = lanes[lane]
    return found && rowInLane(found, place, lines)
  }
  const nameOf = (row: RowId): string =>
    rowNameOf(sheet.fields(), ({ id }) => sheet.cell(row, id).value, Math.max(0, sheet.rows().indexOf(row)))
  const cellOf = (row: RowId): CellId => ({ row, field: cardPicture(row, field, view.fields, { shape, painter }).field })

  const laneElement = (lane: number): HTMLElement | null => root.current?.querySelector<HTMLElement>(`[data-lane="${lane}"]`) ?? null
  const cardElement = (row: RowId): HTMLElement | null =>
    root.current?.querySelector<HTMLElement>(`[data-card="${CSS.escape(row)}"]`) ?? null

  /** Scrolls a card into sight. Where it stands is arithmetic: it need not be drawn. */
  const reveal = (row: RowId): void => {
    const found = placeOf(row)
    const lane = found && laneElement(found.lane)
    if (found === undefined || lane === undefined || lane === null) return
    lane.scrollIntoView({ block: 'nearest', inline: 'nearest' })
    const scroller = lane.querySelector('.board-lane-scroll')
    if (scroller === null) return
    const top = found.place * pitch
    const bottom = top + pitch + CARD_GAP
    if (top < scroller.scrollTop) scroller.scrollTop = top
    else if (bottom > scroller.scrollTop + scroller.clientHeight) scroller.scrollTop = bottom - scroller.clientHeight
  }
  const choose = (cell: CellId, hasFocus: boolean): void => {
    awaited.current = undefined
    wantsFocus.current = hasFocus
    // Another object each time: whoever asks for the focus gets it, also where that card was chosen before.
    setChosen({ ...cell })
    reveal(cell.row)
  }
  const goTo = (cell: CellId, hasFocus: boolean): void => {
    if (placeOf(cell.row) === undefined) {
      awaited.current = cell
      wantsFocus.current = hasFocus
    } else choose(cell, hasFocus)
  }
  const chooseRow = (row: RowId | undefined): void => {
    if (row !== undefined) choose(cellOf(row), true)
  }

  // A row that was made a moment ago, or that a filter held back, is gone to once it has its card.
  useLayoutEffect(() => {
    const { current: cell } = awaited
    if (cell !== undefined && placeOf(cell.row) !== undefined) choose(cell, wantsFocus.current)
  })
  // Whose row is gone stays where they are: with the card that stands there now.
  const isLost = chosen !== undefined && chosenPlace === undefined && !view.stats.isBuilding && awaited.current === undefined
  useEffect(() => {
    if (!isLost) return
    const { lane, place } = lastPlace.current
    const here = lanes[lane]
    const row = here && rowInLane(here, Math.min(place, shownIn(here) - 1), lines)
    setChosen(row === undefined ? undefined : cellOf(row))
  })
  // The focus follows the chosen card, also when it is drawn anew in another lane; never away from outside the board.
  const hadFocus = useRef(false)
  useEffect(() => {
    const follow = ({ target }: Event): void => {
      hadFocus.current = target instanceof Element && root.current?.contains(target) === true && target.closest('[data-card]') !== null
    }
    document.addEventListener('focusin', follow)
    document.addEventListener('pointerdown', follow)
    return () => {
      document.removeEventListener('focusin', follow)
      document.removeEventListener('pointerdown', follow)
    }
  }, [])
  useLayoutEffect(() => {
    if (!wantsFocus.current && !(hadFocus.current && document.activeElement === document.body)) return
    const element = chosen && cardElement(chosen.row)
    if (element === undefined || element === null) return
    wantsFocus.current = false
    element.focus({ preventScroll: true })
  })

  const { row: activeRow, field: activeField } = chosen ?? {}
  useEffect(() => {
    onActive(activeRow === undefined || activeField === undefined ? undefined : { row: activeRow, field: activeField }, false)
  }, [activeRow, activeField, onActive])

  const focus = (): void => {
    const first = rowAt(
      lanes.findIndex((lane) => shownIn(lane) > 0),
      0,
    )
    if (chosen !== undefined && chosenPlace !== undefined) choose(chosen, true)
    else if (first === undefined) root.current?.querySelector('button')?.focus()
    else chooseRow(first)
  }

  useLayoutEffect(() => {
    if (!wasAsked.current || !lanes.some((lane) => shownIn(lane) > 0)) return
    wasAsked.current = false
    if (document.activeElement === document.body) focus()
  })

  const rowGround = { view, sheet, editing }
  const openLink = (): void => openLinkOf(chosen?.row, { sheet, fields: view.fields, say })
  const run = (command: GridCommand): void =>
    runOnRow(command, groundOfRow(chosen, rowGround), rowGround, { goTo: onGoTo, screen: onCommand, say, openLink })
  useImperativeHandle(ref, () => ({
    focus,
    goTo: (cell) => goTo(cell, true),
    show: (cell) => goTo(cell, false),
    reveal: (cell) => reveal(cell.row),
    run,
    ground: () => groundOfRow(chosen, rowGround),
    refuses: refusesInRows,
  }))

  /** Why a card cannot be put into a lane. */
  const refusalOf = (lane: Lane): string | undefined => refusal ?? readOnlyReason(field) ?? lane.refusal

  const moveTo = (row: RowId, lane: Lane, place?: RowPlace) => {
    const here = placeOf(row)
    const isSame = here !== undefined && lanes[here.lane] === lane
    const reason = isSame ? refusal : refusalOf(lane)
    if (reason !== undefined) return say(reason)
    if (isSame && place === undefined) return
    editing.moveRows([row], place, isSame ? [] : [{ field: field.id, value: lane.value }])
    if (!isSame) say(T.moved(nameOf(row), laneName(lane)))
    // Into a closed lane a card goes out of sight: its neighbour has the focus then.
    wantsFocus.current = true
    if (lane.isOpen || isSame) setChosen({ row, field: field.id })
  }

  /** Beside the card that stands one up or down in the same lane. */
  const moveWithin = (row: RowId, by: number): void => {
    const here = placeOf(row)
    const lane = here && lanes[here.lane]
    const beside = here && rowAt(here.lane, here.place + by)
    if (lane === undefined) return
    if (view.isSorted) say(refusal ?? TEXTS.commands.sortedView)
    else if (beside === undefined) say(TEXTS.commands.notMovable)
    else moveTo(row, lane, by < 0 ? { before: beside } : { after: beside })
  }

  const drop = (lane: Lane, place: number | undefined) => {
    if (dragged === undefined) return
    const here = placeOf(dragged)
    const isSame = here !== undefined && lanes[here.lane] === lane
    // Beside itself it stands already.
    if (isSame && place !== undefined && (place === here.place || place === here.place + 1)) return chooseRow(dragged)
    const before = place === undefined ? undefined : rowInLane(lane, place, lines)
    const last = place === undefined ? undefined : rowInLane(lane, place - 1, lines)
    moveTo(dragged, lane, before !== undefined ? { before } : last !== undefined ? { after: last } : undefined)
  }

  const add = (lane: Lane) => {
    const reason = refusalOf(lane)
    if (reason !== undefined) return say(reason)
    const row = onAddRow([{ field: field.id, value: lane.value }])
    if (!lane.isOpen) toggle(lane)
    goTo({ row, field: field.id }, false)
    onOpenRow(row)
  }

  const toggle = (lane: Lane): void => {
    for (const key of lane.keys) if (collapsed.has(key) === !lane.isOpen) views.toggleGroup(key)
  }

  const step = ({ lane, place }: { lane: number; place: number }, by: 1 | -1) => {
    for (let next = lane + by; next >= 0 && next < lanes.length; next += by) {
      const there = lanes[next]
      const count = there === undefined ? 0 : shownIn(there)
      if (count > 0) return chooseRow(rowAt(next, Math.min(place, count - 1)))
    }
  }

  const openMenu = (row: RowId, isMoving: boolean): void => {
    const box = cardElement(row)?.getBoundingClientRect()
    if (box !== undefined) setMenu({ row, isMoving, x: box.left + 12, y: Math.min(box.bottom, window.innerHeight) - 12 })
  }

  const runKey = (command: CardCommand, row: RowId, here: { lane: number; place: number }) => {
    const lane = lanes[here.lane]
    if (lane === undefined) return
    const last = shownIn(lane) - 1
    switch (command.do) {
      case 'step':
        if (command.lanes === 0) chooseRow(rowAt(here.lane, Math.max(0, Math.min(last, here.place + command.places))))
        else step(here, command.lanes)
        return
      case 'end':
        return chooseRow(rowAt(here.lane, command.isLast ? last : 0))
      case 'page': {
        const height = laneElement(here.lane)?.querySelector('.board-lane-scroll')?.clientHeight ?? pitch
        const cards = Math.max(1, Math.floor(height / pitch) - 1)
        return chooseRow(rowAt(here.lane, Math.max(0, Math.min(last, here.place + cards * command.direction))))
      }
      case 'move': {
        if (command.lanes === 0) return moveWithin(row, command.places)
        const target = lanes[here.lane + command.lanes]
        return target === undefined ? say(T.noLane) : moveTo(row, target)
      }
      case 'open':
        return onOpenRow(row)
      case 'menu':
        return openMenu(row, false)
      case 'move-to':
        return openMenu(row, true)
      case 'add':
        return add(lane)
      case 'link':
        return openLink()
    }
  }
  const onKeyDown = (event: KeyboardEvent): void => {
    const row = event.target instanceof HTMLElement ? (event.target.dataset.card as RowId | undefined) : undefined
    const here = row === undefined ? undefined : placeOf(row)
    if (row === undefined || here === undefined || event.defaultPrevented) return
    const command = cardCommand(event.nativeEvent, isMac)
    if (command === undefined) return
    event.preventDefault()
    runKey(command, row, here)
  }

  // What cards call is looked up when it is called: they are drawn anew for what they show, not for this.
  const now = useRef({ view, cellOf, chosen, openRow: onOpenRow, add, toggle, drop, refusal, say })
  now.current = { view, cellOf, chosen, openRow: onOpenRow, add, toggle, drop, refusal: refusal ?? readOnlyReason(field), say }
  const does = useMemo(
    () => ({
      choose: (row: RowId) => {
        const { chosen: before } = now.current
        if (before?.row !== row) setChosen(now.current.cellOf(row))
      },
      open: (row: RowId) => now.current.openRow(row),
      menu: (row: RowId, at: { readonly x: number; readonly y: number }) => {
        setChosen(now.current.cellOf(row))
        setMenu({ row, isMoving: false, ...at })
      },
      drag: (row: RowId | undefined) => {
        if (row !== undefined && now.current.refusal !== undefined) now.current.say(now.current.refusal)
        setDragged(row)
      },
      toggle: (lane: Lane) => now.current.toggle(lane),
      add: (lane: Lane) => now.current.add(lane),
      drop: (lane: Lane, place: number | undefined) => now.current.drop(lane, place),
    }),
    [],
  )
  // biome-ignore lint/correctness/useExhaustiveDependencies: under other rules every card is looked at again
  const tintOf = useMemo(
    (): CardGround['tintOf'] => ({
      row: (row) => now.current.view.rowColor(row),
      cell: (row, id) => now.current.view.cellColor(row, id),
    }),
    [view.colorRules],
  )
  const ground = useMemo(
    (): CardGround => ({ painter, fields: view.fields, lanes: field, shape, tintOf, does }),
    [painter, view.fields, field, shape, tintOf, does],
  )
  const mayMove = refusal === undefined && readOnlyReason(field) === undefined
  const isWaiting = view.stats.isBuilding && lanes.every(({ count }) => count === 0)
  const menuPlace = menu && placeOf(menu.row)
  const hands = (row: RowId): RowHands => ({
    openRow: onOpenRow,
    openLink,
    move: (by) => moveWithin(row, by),
    screen: onCommand,
    run,
    say,
  })

  return (
    <div className="board-frame">
      {notice}
      {isWaiting && (
        <p className="pill absolute top-16 left-1/2 z-10 m-0 -translate-x-1/2" role="status">
          {TEXTS.views.building}
        </p>
      )}
      {/* biome-ignore lint/a11y/useSemanticElements: a fieldset is for forms */}
      <div
        ref={root}
        role="group"
        aria-label={T.label(label)}
        aria-busy={!isLoaded || view.stats.isBuilding}
        className="board"
        data-dragging={dragged !== undefined || undefined}
        onKeyDown={onKeyDown}
      >
        <span id="board-hint" hidden>
          {T.hint}
        </span>
        {lanes.map((lane, index) => (
          <LaneView
            key={lane.keys[0]}
            lane={lane}
            index={index}
            view={view}
            ground={ground}
            chosen={chosen?.row}
            dragged={dragged}
            hasOrder={!view.isSorted}
            canDrop={mayMove && lane.refusal === undefined}
            canAdd={mayMove && lane.refusal === undefined}
            peers={peerMarks}
            onToggle={does.toggle}
            onAdd={does.add}
            onDrop={does.drop}
          />
        ))}
      </div>
      {menu !== undefined && menuPlace !== undefined && (
        <CardMenu
          at={menu}
          name={nameOf(menu.row)}
          isMoving={menu.isMoving}
          lanes={lanes}
          isOfPeople={field.type === 'person'}
          here={lanes[menuPlace.lane]}
          link={linkOfRow(menu.row, sheet, view.fields)?.label}
          isReadOnly={refusal !== undefined}
          hasOrder={!view.isSorted}
          isMac={isMac}
          onClose={() => {
            setMenu(undefined)
            wantsFocus.current = true
          }}
          onAction={(action) => doRowAction(menu.row, action, hands(menu.row))}
          onMoveTo={(lane) => requestAnimationFrame(() => moveTo(menu.row, lane))}
        />
      )}
    </div>
  )
}
