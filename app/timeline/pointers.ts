import type { MouseEvent, PointerEvent } from 'react'
import type { RowId } from '../../workbook/ids.ts'
import type { GridLine } from '../../workbook/view-lines.ts'
import { trackDrag, trackOverCells } from '../grid/drag.ts'
import { watchFinger } from '../kit/resting-finger.ts'
import type { DateChange, Grip } from './bars.ts'
import type { TimelineBody } from './body.ts'
import type { DateMoves } from './date-moves.ts'
import { dayWidthOf } from './scale.ts'

/** A press that moves no further than this is none. Pixels. */
const SLACK = 4
/** A bar that is pointed at for so long says its dates. ms */
const TIP_MS = 250

/** What pointers need of the timeline as it is at this moment. */
export interface PointerParts {
  readonly body: () => TimelineBody | undefined
  readonly lines: readonly GridLine[]
  readonly active: number | undefined
  readonly select: (line: number) => void
  readonly toggleGroup: (key: string) => void
  readonly openRow: (row: RowId) => void
  readonly openMenu: (row: RowId, at: { readonly x: number; readonly y: number }) => void
  readonly moves: DateMoves
  /** Shows what a drag would make of a row; without a change the row is as it is again. */
  readonly preview: (row: RowId, change: DateChange | undefined, grip?: Grip) => void
  readonly tip: (row: RowId | undefined) => void
}

export interface TimelinePointers {
  readonly onPointerDown: (event: PointerEvent) => void
  readonly onPointerMove: (event: PointerEvent) => void
  readonly onPointerLeave: () => void
  readonly onClick: (event: MouseEvent) => void
  readonly onDoubleClick: (event: MouseEvent) => void
  readonly onContextMenu: (event: MouseEvent) => void
}

/** What mouse and finger do to bars: move them, drag their ends, draw them where there is none, pan the axis. */
export function timelinePointers(parts: PointerParts, timer: { current: number }): TimelinePointers {
  const { lines, select, toggleGroup, openRow, moves, preview, tip } = parts
  const rowAt = (line: number): RowId | undefined => {
    const found = lines[line]
    return found?.kind === 'row' ? found.row : undefined
  }

  const canFill = (line: number): boolean => parts.body()?.pictureAt(line)?.canFill === true

  const dragBar = (row: RowId, grip: Grip | 'still', fromX: number): void => {
    const body = parts.body()
    if (body === undefined) return
    const from = body.placeAt(fromX)
    const over = { placeAt: (x: number) => body.placeAt(x), outside: (x: number) => body.outside(x), scrollBy: body.scrollBy.bind(body) }
    let change: DateChange | undefined
    let isRefused = false
    trackOverCells(over, {
      onPlace: (place) => {
        if (isRefused || (change === undefined && Math.abs(place - from) < SLACK)) return
        isRefused = change === undefined && moves.refuse(row, grip === 'still' ? 'whole' : grip)
        if (isRefused || grip === 'still') return
        change = moves.plan(row, grip, Math.round((place - from) / dayWidthOf(body.view.scale)))
        preview(row, change, grip)
      },
      onEnd: (isKept) => {
        preview(row, undefined)
        if (isKept && change !== undefined) moves.commit(row, change)
      },
    })
  }

  const drawNew = (row: RowId, line: number, fromX: number): void => {
    const body = parts.body()
    if (body === undefined) return
    const from = body.dayAt(fromX)
    let to = from
    const over = { placeAt: (x: number) => body.dayAt(x), outside: (x: number) => body.outside(x), scrollBy: body.scrollBy.bind(body) }
    body.ghost(line, from)
    trackOverCells(over, {
      onPlace: (day) => {
        to = day
        preview(row, moves.planNew([from, to]), 'end')
        body.ghost(undefined)
      },
      onEnd: (isKept) => {
        body.ghost(undefined)
        preview(row, undefined)
        if (isKept) moves.commit(row, moves.planNew([from, to]))
      },
    })
  }

  const pan = (fromX: number): void => {
    const body = parts.body()
    if (body === undefined) return
    let last = fromX
    const stop = trackDrag({
      onMove: ({ clientX }) => {
        body.scrollBy(last - clientX, 0)
        last = clientX
      },
      onEnd: () => stop(),
    })
  }

  const hideTip = (): void => {
    clearTimeout(timer.current)
    tip(undefined)
  }

  const openMenuOf = (
    line: number,
    row: RowId,
    { clientX: x, clientY: y }: { readonly clientX: number; readonly clientY: number },
  ): void => {
    select(line)
    parts.openMenu(row, { x, y })
  }

  const onPointerDown = (event: PointerEvent): void => {
    const target = targetOf(event.target)
    if (target === undefined || event.button !== 0) return
    hideTip()
    if (event.pointerType === 'touch') {
      // A finger that comes down scrolls, unless it is on the bar that was tapped before.
      if (target.part === 'axis') return
      const { line } = target
      const row = rowAt(line)
      if (row === undefined) return
      if (target.part === 'bar' && line === parts.active) dragBar(row, target.grip, event.clientX)
      else watchFinger(event, () => openMenuOf(line, row, event))
      return
    }
    event.preventDefault()
    if (target.part === 'axis') {
      pan(event.clientX)
      return
    }
    const { line } = target
    const content = lines[line]
    select(line)
    if (content?.kind === 'group') toggleGroup(content.key)
    else if (content === undefined || target.part === 'name') return
    else if (target.part === 'bar') dragBar(content.row, target.grip, event.clientX)
    else if (canFill(line)) drawNew(content.row, line, event.clientX)
    else pan(event.clientX)
  }

  /** A tap selects; a tap on the line that is selected and has no dates gives it that day. */
  const onClick = (event: MouseEvent): void => {
    const toBar = event.target instanceof Element ? event.target.closest('.tl-to-bar') : null
    if (toBar !== null) {
      const line = lineOfElement(toBar)
      select(line)
      parts.body()?.revealBar(parts.body()?.pictureAt(line)?.bar)
      return
    }
    if ((event.nativeEvent as globalThis.PointerEvent).pointerType !== 'touch') return
    const target = targetOf(event.target)
    if (target === undefined || target.part === 'axis') return
    const content = lines[target.line]
    const isActive = target.line === parts.active
    select(target.line)
    if (content?.kind === 'group') toggleGroup(content.key)
    else if (content !== undefined && isActive && target.part === 'lane' && canFill(target.line)) {
      const day = parts.body()?.dayAt(event.clientX)
      if (day !== undefined) moves.commit(content.row, moves.planNew([day, day]))
    }
  }

  const onDoubleClick = (event: MouseEvent): void => {
    const target = targetOf(event.target)
    const row = target === undefined || target.part === 'axis' ? undefined : rowAt(target.line)
    if (row !== undefined) openRow(row)
  }

  const onPointerMove = (event: PointerEvent): void => {
    if (event.pointerType === 'touch' || event.buttons !== 0) return
    const body = parts.body()
    const target = targetOf(event.target)
    const row = target === undefined || target.part === 'axis' ? undefined : rowAt(target.line)
    const isEmpty = target?.part === 'lane' && row !== undefined && canFill(target.line)
    body?.ghost(isEmpty ? target.line : undefined, isEmpty ? body.dayAt(event.clientX) : 0)
    clearTimeout(timer.current)
    if (target?.part === 'bar' && row !== undefined) timer.current = window.setTimeout(() => tip(row), TIP_MS)
    else tip(undefined)
  }

  const onPointerLeave = (): void => {
    hideTip()
    parts.body()?.ghost(undefined)
  }

  const onContextMenu = (event: MouseEvent): void => {
    const target = targetOf(event.target)
    const row = target === undefined || target.part === 'axis' ? undefined : rowAt(target.line)
    if (target === undefined || target.part === 'axis' || row === undefined) return
    event.preventDefault()
    hideTip()
    openMenuOf(target.line, row, event)
  }

  return { onPointerDown, onPointerMove, onPointerLeave, onClick, onDoubleClick, onContextMenu }
}

type Target =
  | { readonly part: 'axis' }
  | { readonly part: 'name' | 'lane'; readonly line: number }
  | { readonly part: 'bar'; readonly line: number; readonly grip: Grip | 'still' }

const lineOfElement = (element: Element): number => Number(element.closest<HTMLElement>('[data-line]')?.dataset.line ?? -1)

function targetOf(target: EventTarget | null): Target | undefined {
  if (!(target instanceof Element) || target.closest('button, a') !== null) return undefined
  if (target.closest('.tl-axis') !== null) return { part: 'axis' }
  const line = lineOfElement(target)
  if (line < 0) return undefined
  const grip = target.closest<HTMLElement>('[data-grip]')?.dataset.grip
  if (grip !== undefined) return { part: 'bar', line, grip: isGrip(grip) ? grip : 'still' }
  return { part: target.closest('.tl-name') === null ? 'lane' : 'name', line }
}

const isGrip = (text: string): text is Grip => text === 'whole' || text === 'start' || text === 'end'
