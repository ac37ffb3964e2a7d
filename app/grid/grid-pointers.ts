import type { MouseEvent, PointerEvent } from 'react'
import type { RowId } from '../../workbook/ids.ts'
import type { GridLine } from '../../workbook/view-lines.ts'
import { watchFinger } from '../kit/resting-finger.ts'
import type { GridBody } from './body.ts'
import { filledRange, trackOverCells } from './drag.ts'
import {
  type Adding,
  at,
  extendTo,
  isSelected,
  type Place,
  type Range,
  rangeOf,
  rowsIn,
  type Selection,
  type Size,
  selectRows,
  toggleAt,
} from './grid-model.ts'

/** Rows are dragged by this much of their numbers' left, px. */
const GRIP_WIDTH = 16
/** What pointers need of the grid as it is drawn at this moment. */
export interface PointerParts {
  readonly selection: Selection | undefined
  readonly lines: readonly GridLine[]
  readonly size: Size
  readonly body: () => GridBody | undefined
  /** What is true when a pointer moves: it is followed beyond a single drawing. */
  readonly now: () => {
    readonly selection: Selection | undefined
    readonly select: (selection: Selection, isShown?: boolean) => void
    readonly onFill: ((from: Range, to: Range, isCopy: boolean) => void) | undefined
    readonly onMoveRows: ((rows: readonly RowId[], before: RowId | undefined) => void) | undefined
  }
  readonly select: (selection: Selection, isShown?: boolean) => void
  readonly toggleGroup: (key: string) => void
  /** The element that holds the open editor, while there is one. */
  readonly editor: HTMLElement | undefined
  readonly startEditing: (typed: string | undefined) => void
  /** Ends an open editor before something else is done; answers whether it could. */
  readonly endEditing: () => boolean
  readonly openLinkOf: (place: Place) => boolean
  readonly isMain: (event: { readonly ctrlKey: boolean; readonly metaKey: boolean }) => boolean
  readonly canMoveRows: boolean
  readonly onMenu: ((place: { readonly x: number; readonly y: number }) => void) | undefined
  readonly setFilling: (range: Range | undefined) => void
  readonly setDropLine: (line: number | undefined) => void
  /** The menu takes the focus, and gives it back when it closes. */
  readonly keepFocusAway: () => void
}

export interface GridPointers {
  readonly onPointerDown: (event: PointerEvent) => void
  readonly onTap: (event: MouseEvent) => void
  readonly onContextMenu: (event: MouseEvent) => void
  readonly onDoubleClick: (event: MouseEvent) => void
}

/** What a press with Shift or Ctrl makes of a selection. */
export const addingOf = (event: { readonly shiftKey: boolean; readonly isMain: boolean }): Adding =>
  event.shiftKey ? 'extend' : event.isMain ? 'add' : 'alone'

/** What mouse and finger do to the cells: select, edit, fill, move rows, ask for the menu. */
export function gridPointers(parts: PointerParts): GridPointers {
  const { selection, lines, size, select, toggleGroup, editor, startEditing, endEditing, openLinkOf, isMain } = parts
  const { canMoveRows, onMenu, setFilling, setDropLine, keepFocusAway } = parts

  const dragSelection = (extend: (selected: Selection, place: Place) => Selection): void => {
    const body = parts.body()
    if (body === undefined) return
    let before: Place | undefined
    trackOverCells(body, {
      onPlace: (place) => {
        const { selection: selected, select: choose } = parts.now()
        if (selected === undefined || (before?.row === place.row && before.column === place.column)) return
        before = place
        choose(extend(selected, place), false)
      },
      onEnd: () => undefined,
    })
  }

  const dragFill = (from: Range): void => {
    const body = parts.body()
    if (body === undefined) return
    let to = from
    let isCopy = false
    const onUp = (event: globalThis.PointerEvent): void => {
      isCopy = event.ctrlKey || event.metaKey
    }
    window.addEventListener('pointerup', onUp, { capture: true, once: true })
    trackOverCells(body, {
      onPlace: (place) => {
        to = filledRange(from, { row: place.row, column: Math.max(0, place.column) })
        setFilling(to)
      },
      onEnd: (isKept) => {
        setFilling(undefined)
        window.removeEventListener('pointerup', onUp, { capture: true })
        if (isKept && to !== from) parts.now().onFill?.(from, to, isCopy)
      },
    })
  }

  const dragRows = (line: number): void => {
    const body = parts.body()
    if (body === undefined) return
    const isPart =
      selection !== undefined && rangeOf(selection).left === 0 && isSelected(selection, { row: line, column: size.columns - 1 })
    const picked = isPart ? rowIdsIn(lines, selection) : rowIdsIn(lines, at({ row: line, column: 0 }))
    let before: number | undefined
    trackOverCells(body, {
      onPlace: ({ row }) => {
        before = row > line ? row + 1 : row
        setDropLine(before)
      },
      onEnd: (isKept) => {
        setDropLine(undefined)
        if (!isKept || before === undefined || before === line || before === line + 1) return
        parts.now().onMoveRows?.(picked, rowFrom(lines, before))
      },
    })
  }

  const onPointerDown = (event: PointerEvent): void => {
    // A finger that comes down may be about to scroll: what it taps is known at the end.
    if (event.pointerType === 'touch') {
      const { clientX, clientY, target } = event
      watchFinger(event, () => openMenu(target, clientX, clientY))
      return
    }
    const target = targetOf(event.target)
    if (target === undefined || event.button !== 0) return
    if (editor !== undefined) {
      if (target.kind === 'cell' && editor.contains(event.target as Node)) return
      if (!endEditing()) {
        event.preventDefault()
        return
      }
    }
    event.preventDefault()
    if (target.kind === 'handle') {
      if (selection !== undefined) dragFill(rangeOf(selection))
      return
    }
    const adding = addingOf({ shiftKey: event.shiftKey, isMain: isMain(event) })
    if (target.kind === 'number') {
      if (canMoveRows && target.x < GRIP_WIDTH && lines[target.row]?.kind === 'row') {
        if (selection === undefined || !isSelected(selection, { row: target.row, column: size.columns - 1 })) {
          select(selectRows(selection, target.row, 'alone', size), false)
        }
        dragRows(target.row)
        return
      }
      select(selectRows(selection, target.row, adding, size), false)
      dragSelection((selected, place) => selectRows(selected, place.row, 'extend', size))
      return
    }
    const { place } = target
    const line = lines[place.row]
    if (line?.kind === 'group' && place.column === 0) {
      select(at(place))
      toggleGroup(line.key)
      return
    }
    if (adding === 'add' && openLinkOf(place)) return
    if (adding === 'extend' && selection !== undefined) select(extendTo(selection, place))
    else if (adding === 'add' && selection !== undefined) select(toggleAt(selection, place))
    else select(at(place))
    dragSelection((selected, to) => extendTo(selected, { row: to.row, column: Math.max(0, to.column) }))
  }

  /** A tap selects; a tap on the selected cell edits it. */
  const onTap = (event: MouseEvent): void => {
    if ((event.nativeEvent as globalThis.PointerEvent).pointerType !== 'touch') return
    const target = targetOf(event.target)
    if (target === undefined || target.kind === 'handle' || (editor?.contains(event.target as Node) ?? false) || !endEditing()) return
    if (target.kind === 'number') {
      select(selectRows(selection, target.row, 'alone', size), false)
      return
    }
    const { place } = target
    const line = lines[place.row]
    const isActive = selection?.active.row === place.row && selection.active.column === place.column
    if (line?.kind === 'group' && place.column === 0) {
      select(at(place))
      toggleGroup(line.key)
    } else if (isActive && editor === undefined) startEditing(undefined)
    else select(at(place))
  }

  const openMenu = (on: EventTarget, x: number, y: number): void => {
    const target = targetOf(on)
    if (onMenu === undefined || target === undefined || target.kind === 'handle' || !endEditing()) return
    if (target.kind === 'number') {
      const isPart = selection !== undefined && isSelected(selection, { row: target.row, column: size.columns - 1 })
      if (!isPart) select(selectRows(selection, target.row, 'alone', size), false)
    } else if (selection === undefined || !isSelected(selection, target.place)) select(at(target.place), false)
    keepFocusAway()
    onMenu({ x, y })
  }
  const onContextMenu = (event: MouseEvent): void => {
    if (onMenu === undefined || (editor?.contains(event.target as Node) ?? false)) return
    event.preventDefault()
    openMenu(event.target, event.clientX, event.clientY)
  }

  const onDoubleClick = (event: MouseEvent): void => {
    const target = targetOf(event.target)
    if (target?.kind === 'cell' && editor === undefined && lines[target.place.row]?.kind === 'row') startEditing(undefined)
  }

  return { onPointerDown, onTap, onContextMenu, onDoubleClick }
}

type Target =
  | { readonly kind: 'cell'; readonly place: Place }
  | { readonly kind: 'number'; readonly row: number; readonly x: number }
  | { readonly kind: 'handle' }

/** What of the cells a pointer is on; nothing where it is on a link, or on something of an editor's. */
function targetOf(target: EventTarget | null): Target | undefined {
  if (!(target instanceof Element) || target.closest('a, input, textarea, button') !== null) return undefined
  if (target.closest('.fill-handle') !== null) return { kind: 'handle' }
  const cell = target.closest<HTMLElement>('[data-row]')
  if (cell === null) return undefined
  const row = Number(cell.dataset.row)
  if (cell.dataset.column !== undefined) return { kind: 'cell', place: { row, column: Number(cell.dataset.column) } }
  return { kind: 'number', row, x: target.closest('.row-grip') === null ? Number.POSITIVE_INFINITY : 0 }
}
const rowIdsIn = (lines: readonly GridLine[], selection: Selection): readonly RowId[] =>
  rowsIn(selection).flatMap((line) => {
    const found = lines[line]
    return found?.kind === 'row' ? [found.row] : []
  })

/** The first row from a line on. */
function rowFrom(lines: readonly GridLine[], line: number): RowId | undefined {
  for (let i = line; i < lines.length; i++) {
    const found = lines[i]
    if (found?.kind === 'row') return found.row
  }
  return undefined
}
