import {
  type KeyboardEvent,
  type ReactNode,
  type Ref,
  useCallback,
  useEffect,
  useImperativeHandle,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from 'react'
import { createPortal, flushSync } from 'react-dom'
import type { Field } from '../../workbook/fields.ts'
import type { FieldId, RowId } from '../../workbook/ids.ts'
import type { GridLine } from '../../workbook/view-lines.ts'
import type { Peer } from '../collab/presence.ts'
import { TEXTS } from '../texts.ts'
import { type BodyView, GridBody } from './body.ts'
import { CellCard, type CellCardHandle } from './cell-card.tsx'
import { linkOfCell } from './cell-display.ts'
import { type Band, type DrawnColumns, drawnColumns, type GridColumn } from './columns.ts'
import { CellEditor } from './editors.tsx'
import { type CommandGround, runGridCommand } from './grid-commands.ts'
import { type ColumnAction, GridHead, type GridHeadHandle } from './grid-head.tsx'
import { type GridCommand, gridCommand } from './grid-keys.ts'
import {
  at,
  cornerOf,
  extendTo,
  isMany,
  type KeptSelection,
  keepSelection,
  type Move,
  moveSelection,
  type Place,
  placeSelection,
  type Range,
  rangeOf,
  type Selection,
  selectColumns,
} from './grid-model.ts'
import { addingOf, gridPointers } from './grid-pointers.ts'
import { areasOf, marksOf } from './peer-marks.ts'
import { HEADER_ROWS, type Painter, type Scene, type ShownView } from './scene.ts'
import type { CellId, SheetHandle } from './sheet-handle.ts'
import { useColumns, WIDTH_STEP, widthWithin } from './use-columns.ts'
import type { SheetEditing } from './use-sheet-editing.ts'
import { groupPlaces, makeLineSpace } from './viewport.ts'

const HEAD_HEIGHT = 54
/** Heads of groups are so tall in every height of rows. */
const GROUP_HEIGHT = 32

/** A selected rectangle by what stands at two of its corners. */
export type KeptRange = KeptSelection<RowId, FieldId>['ranges'][number]

/** Where a menu was asked for, in pixels of the window. The selection holds what it is for. */
export interface MenuPlace {
  readonly x: number
  readonly y: number
}

/** What is selected in a sheet and where it is scrolled to, for when it is looked at again. Pixels of the sheet. */
export interface GridPlace {
  readonly chosen: KeptSelection<LineKey, FieldId> | undefined
  readonly top: number
  readonly left: number
}

export interface GridProps {
  readonly ref: Ref<SheetHandle>
  readonly label: string
  readonly view: ShownView
  readonly painter: Painter
  readonly editing: SheetEditing
  readonly peers: readonly Peer[]
  readonly isMac: boolean
  readonly isLoaded: boolean
  readonly bandText: (band: Band) => { readonly text: string; readonly color: string | undefined }
  readonly onActive: (cell: CellId | undefined, isEditing: boolean) => void
  /** All that is selected; parts that begin or end at the head of a group are left out. */
  readonly onRanges?: (ranges: readonly KeptRange[]) => void
  readonly onResized: (field: FieldId, width: number) => void
  /** Lines of a column's menu, besides those for its width. */
  readonly columnActions?: (field: Field) => readonly ColumnAction[]
  /** `before` is undefined behind the last field. Absent: fields stay where they are. */
  readonly onMoveField?: (field: FieldId, before: FieldId | undefined) => void
  /** Makes so many fields from the left stay in sight. Absent: which do is not for this person to say. */
  readonly onFreeze?: (count: number) => void
  /** Absent: rows stay where they are. */
  readonly onMoveRows?: (rows: readonly RowId[], before: RowId | undefined) => void
  /** The range whose corner was dragged, and what it was dragged to; with Ctrl it is copied. Absent: the selection has no handle. */
  readonly onFill?: (from: Range, to: Range, isCopy: boolean) => void
  readonly onMenu?: (place: MenuPlace) => void
  /** A command that the screen around the grid carries out. */
  readonly onCommand: (command: GridCommand) => void
  /** Shows a cell, of this sheet or another. */
  readonly onGoTo: (cell: { readonly row: RowId; readonly field: FieldId; readonly sheet?: string }) => void
  readonly say: (text: string) => void
  /** Where the sheet was when it was left; a grid is made anew for each sheet. */
  readonly place?: GridPlace | undefined
  /** The grid leaves the screen. */
  readonly onLeave?: (place: GridPlace) => void
  /** Stands below the rows: adding one, or what to do where there is none. */
  readonly foot: ReactNode
  /** Stands beside the focused cell where that needs a person. */
  readonly card: ReactNode
}

/** A line by what it shows, so that a selection stays with it: a row's id, or a group's key behind a sign no row's id has. */
type LineKey = RowId | `:${string}`
type Chosen = KeptSelection<LineKey, FieldId>

interface Editing extends CellId {
  readonly typed: string | undefined
  /** The cell's element, which holds the editor. */
  readonly host: HTMLElement
}

const lineKey = (line: GridLine | undefined): LineKey | undefined =>
  line === undefined ? undefined : line.kind === 'row' ? line.row : `:${line.key}`

/** The sheet as a grid of cells: only what is seen is drawn, one cell has the focus, and one may be edited. */
export function Grid(props: GridProps) {
  const { ref, label, view, painter, editing, peers, isMac, isLoaded, bandText, onActive, onRanges, onResized, foot, card } = props
  const { columnActions, onMoveField, onFreeze, onMoveRows, onFill, onMenu, onCommand, onGoTo, say, place, onLeave } = props
  const { sheet } = painter
  const { lines } = view
  const scroller = useRef<HTMLDivElement>(null)
  const spacer = useRef<HTMLDivElement>(null)
  const stage = useRef<HTMLDivElement>(null)
  const rowsElement = useRef<HTMLDivElement>(null)
  const head = useRef<GridHeadHandle>(null)
  const cardHandle = useRef<CellCardHandle>(null)
  const bodyRef = useRef<GridBody>(undefined)
  const [viewWidth, setViewWidth] = useState(1200)
  const [drawn, setDrawn] = useState<DrawnColumns>(NOTHING_DRAWN)
  const [chosen, setChosen] = useState<Chosen | undefined>(place?.chosen)
  const [edited, setEdited] = useState<Editing>()
  const [filling, setFilling] = useState<Range>()
  const [dropLine, setDropLine] = useState<number>()
  const [menu, setMenu] = useState<FieldId>()
  const [copiedCells, setCopiedCells] = useState<Chosen>()
  const commitRef = useRef<() => boolean>(undefined)
  const wantsFocus = useRef(false)
  const awaited = useRef<CellId>(undefined)
  const lastPlace = useRef<Place>({ row: 0, column: 0 })

  const { columns, bands, resizing, showWidth, keepWidth } = useColumns({ fields: view.fields, frozen: view.frozen, viewWidth, onResized })
  const columnIndex = useMemo(() => new Map(columns.map((column) => [column.field.id, column.index])), [columns])
  const groups = useMemo(() => groupPlaces(lines), [lines])
  const space = useMemo(
    () => makeLineSpace(lines.length, view.rowHeight, [...groups.values()], GROUP_HEIGHT),
    [lines.length, view.rowHeight, groups],
  )
  const size = useMemo(() => ({ rows: lines.length, columns: columns.length }), [lines.length, columns.length])
  const indexes = useMemo(() => {
    const lineOf = (key: LineKey): number | undefined => {
      const line = key.startsWith(':') ? (groups.get(key.slice(1)) ?? -1) : view.lineOf(key as RowId)
      return line < 0 ? undefined : line
    }
    return { rowOf: lineOf, columnOf: (field: FieldId) => columnIndex.get(field), size }
  }, [view, groups, columnIndex, size])
  const selection = useMemo(
    () => (chosen === undefined ? undefined : placeSelection(chosen, indexes, lastPlace.current)),
    [chosen, indexes],
  )
  const copied = useMemo(() => {
    const placed = copiedCells && placeSelection(copiedCells, indexes, { row: 0, column: 0 })
    return placed && rangeOf(placed)
  }, [copiedCells, indexes])
  if (selection !== undefined) lastPlace.current = selection.active
  const activeLine = selection === undefined ? undefined : lines[selection.active.row]
  const activeRow = activeLine?.kind === 'row' ? activeLine.row : undefined
  const activeColumn = selection === undefined ? undefined : columns[selection.active.column]
  const activeField = activeColumn?.field.id

  const peerMarks = useMemo(() => marksOf(peers, sheet.id), [peers, sheet])
  const areas = useMemo(
    () => areasOf(peers, sheet.id, view, (field) => columnIndex.get(field as FieldId)),
    [peers, sheet, view, columnIndex],
  )
  const isOwnRowsOnly = onMoveRows !== undefined
  const scene = useMemo(
    (): Scene => ({
      lines,
      lineOf: view.lineOf,
      space,
      columns,
      painter,
      active: selection?.active,
      ranges: selection?.ranges ?? NO_RANGES,
      copied,
      filling,
      canFill: onFill !== undefined && edited === undefined,
      canMoveRows: isOwnRowsOnly,
      peers: peerMarks,
      areas,
      rowTint: view.rowColor,
      cellTint: view.cellColor,
      isMoving: view.isMoving,
    }),
    [lines, view, space, columns, painter, selection, copied, filling, onFill, edited, isOwnRowsOnly, peerMarks, areas],
  )

  // What is drawn beside the rows follows them in the same frame.
  const onView = useRef<(seen: BodyView) => void>(undefined)
  onView.current = (seen) => {
    head.current?.follow(seen)
    cardHandle.current?.follow()
    const next = drawnColumns(seen.columns, seen, bodyRef.current?.activeColumn)
    const isOther = !isSameDrawn(next, drawn)
    if (seen.width !== viewWidth) setViewWidth(seen.width)
    if (!isOther) return
    if (isInEffect.current) setDrawn(next)
    else flushSync(() => setDrawn(next))
  }
  // React draws by itself once its effects have run: only a scroll has to ask for it.
  const isInEffect = useRef(false)
  const leave = useRef<() => void>(undefined)
  leave.current = () => {
    const seen = bodyRef.current?.view
    onLeave?.({ chosen, top: seen?.top ?? 0, left: seen?.left ?? 0 })
  }
  // Before the body goes, which knows where the sheet is scrolled to.
  useLayoutEffect(() => () => leave.current?.(), [])
  useLayoutEffect(() => {
    const [scrolled, tall, still, rows] = [scroller.current, spacer.current, stage.current, rowsElement.current]
    if (scrolled === null || tall === null || still === null || rows === null) return
    isInEffect.current = true
    const body = new GridBody(
      { scroller: scrolled, spacer: tall, stage: still, rows },
      { headHeight: HEAD_HEIGHT, onView: (seen) => onView.current?.(seen) },
    )
    bodyRef.current = body
    setViewWidth(body.view.width)
    isInEffect.current = false
    return () => {
      body.close()
      bodyRef.current = undefined
    }
  }, [])
  useLayoutEffect(() => {
    isInEffect.current = true
    bodyRef.current?.show(scene)
    isInEffect.current = false
  }, [scene])
  useEffect(() => sheet.onChange(({ rows }) => bodyRef.current?.spoil(rows)), [sheet])

  // Back to where the sheet was, as soon as so many of its lines are there again.
  const due = useRef(place)
  useLayoutEffect(() => {
    const { current: to } = due
    if (to === undefined || space.total < to.top || lines.length === 0) return
    due.current = undefined
    isInEffect.current = true
    bodyRef.current?.scrollBy(to.left, to.top)
    isInEffect.current = false
  }, [space, lines])

  const select = (next: Selection, isShown = true): void => {
    awaited.current = undefined
    const kept = keepSelection(
      next,
      (line) => lineKey(lines[line]),
      (column) => columns[column]?.field.id,
    )
    if (kept === undefined) return
    wantsFocus.current = true
    setChosen(kept)
    if (isShown) bodyRef.current?.reveal(isMany(next) ? cornerOf(next) : next.active)
  }

  const move = (how: Move, isExtending: boolean): void => {
    const pageRows = Math.floor((bodyRef.current?.view.height ?? 0) / view.rowHeight) - 1
    select(moveSelection(selection ?? at({ row: 0, column: 0 }), how, { size, pageRows, isExtending }))
    // The first column may be a frozen one, which is in sight wherever the others are scrolled to.
    if (how.kind === 'row-start' || how.kind === 'first') bodyRef.current?.scrollLeftTo(0)
  }

  const startEditing = (typed: string | undefined): void => {
    if (activeRow === undefined || activeColumn === undefined || selection === undefined) return
    const { field } = activeColumn
    if (editing.refuseEdit(field)) return
    if (field.type === 'checkbox') {
      editing.toggle(activeRow, field)
      return
    }
    bodyRef.current?.reveal(selection.active)
    const host = bodyRef.current?.openEditor(selection.active)
    if (host !== undefined) setEdited({ row: activeRow, field: field.id, typed, host })
  }

  const stopEditing = useCallback((): void => {
    wantsFocus.current = true
    setEdited(undefined)
  }, [])
  const hasEditor = edited !== undefined
  useLayoutEffect(() => {
    if (!hasEditor) bodyRef.current?.closeEditor()
  }, [hasEditor])

  useImperativeHandle(ref, () => ({
    show: (cell) => {
      goNow(cell)
      wantsFocus.current = false
    },
    run: (command) => run(command, selection ?? at({ row: 0, column: 0 })),
    ground: () => (selection === undefined ? undefined : groundOf(selection)),
    focus: () => (selection === undefined ? select(at({ row: 0, column: 0 })) : bodyRef.current?.focus(selection.active)),
    goTo: (cell) => {
      if (!goNow(cell)) awaited.current = cell
    },
    reveal: (cell) => {
      const [row, column] = [view.lineOf(cell.row), columnIndex.get(cell.field)]
      if (row >= 0 && column !== undefined) bodyRef.current?.reveal({ row, column })
    },
  }))

  const goNow = (cell: CellId): boolean => {
    const [row, column] = [view.lineOf(cell.row), columnIndex.get(cell.field)]
    const line = lines[row]
    // Where a row stands may be known before the lines that are shown have it.
    if (line?.kind !== 'row' || line.row !== cell.row || column === undefined) return false
    select(at({ row, column }))
    return true
  }

  // A row that was made a moment ago is gone to once it is drawn.
  useLayoutEffect(() => {
    isInEffect.current = true
    if (awaited.current !== undefined && goNow(awaited.current)) awaited.current = undefined
    isInEffect.current = false
  })

  // The focus follows the active cell; never away from an editor or from outside the grid.
  useLayoutEffect(() => {
    if (!wantsFocus.current || edited !== undefined || selection === undefined) return
    wantsFocus.current = false
    bodyRef.current?.focus(selection.active)
  })

  // Somebody may delete the row, or the field, of the cell that is being edited here.
  const isEditedGone = edited !== undefined && (view.lineOf(edited.row) < 0 || !columnIndex.has(edited.field))
  useEffect(() => {
    if (isEditedGone) stopEditing()
  }, [isEditedGone, stopEditing])

  useEffect(() => {
    const cell = activeRow === undefined || activeField === undefined ? undefined : { row: activeRow, field: activeField }
    onActive(cell, hasEditor)
  }, [activeRow, activeField, hasEditor, onActive])

  const chosenRanges = chosen?.ranges
  useEffect(() => onRanges?.(chosenRanges?.filter(isOfRows) ?? NO_KEPT), [chosenRanges, onRanges])

  const resizeActive = (by: number): void => {
    if (activeColumn !== undefined) onResized(activeColumn.field.id, widthWithin(activeColumn.width + by))
  }

  /** Keys of a group's head. */
  const ownKey = (event: KeyboardEvent): boolean => {
    const isAlt = isMac ? event.ctrlKey && event.altKey : event.altKey && !event.ctrlKey
    const { key } = event
    if (activeLine?.kind !== 'group') return false
    if (isAlt || event.ctrlKey || event.metaKey || event.shiftKey) return false
    const isOpening = key === 'ArrowRight' && !activeLine.isOpen
    const isClosing = key === 'ArrowLeft' && activeLine.isOpen
    if (key !== 'Enter' && key !== ' ' && !(activeColumn?.index === 0 && (isOpening || isClosing))) return false
    view.toggleGroup(activeLine.key)
    return true
  }

  // The browser tells of Ctrl+V and Ctrl+Shift+V by the same event.
  const isPlainPaste = useRef(false)
  const onKeyDown = (event: KeyboardEvent): void => {
    isPlainPaste.current = event.shiftKey
    if (edited !== undefined || event.defaultPrevented || selection === undefined || !isOnCell(event.target)) return
    if (ownKey(event)) {
      event.preventDefault()
      return
    }
    const command = gridCommand(event.nativeEvent, isMac)
    if (command === undefined) return
    // A letter that opens an editor must not be typed into it a second time.
    event.preventDefault()
    run(command, selection)
  }

  const run = (command: GridCommand, selected: Selection) => {
    if (command.do === 'menu') return openMenuOf(selected.active)
    if (command.do === 'resize-column') return resizeActive(command.direction * WIDTH_STEP)
    if (command.do === 'column-menu') return setMenu(activeField)
    if (command.do === 'collapse') setCopiedCells(undefined)
    runGridCommand(command, groundOf(selected), {
      select: (next, isShown) => {
        select(next, isShown)
        // The first column may be a frozen one, which is in sight wherever the others are scrolled to.
        if (command.do === 'move' && (command.move.kind === 'row-start' || command.move.kind === 'first')) bodyRef.current?.scrollLeftTo(0)
      },
      startEditing,
      openLink: openLinkOf,
      goTo: onGoTo,
      screen: onCommand,
      say,
    })
  }

  const groundOf = (selected: Selection): CommandGround => ({
    selection: selected,
    lines,
    fields: columns.map((column) => column.field),
    sheet,
    editing,
    isSorted: view.isSorted,
    valuesForNewRow: view.valuesForNewRow,
    pageRows: Math.floor((bodyRef.current?.view.height ?? 0) / view.rowHeight) - 1,
  })

  const openMenuOf = (place: Place): void => {
    const box = scroller.current?.querySelector('[role=gridcell]:focus')?.getBoundingClientRect()
    if (box !== undefined && onMenu !== undefined) onMenu({ x: box.left + 12, y: box.bottom })
    else bodyRef.current?.reveal(place)
  }

  const selectEverything = (): void => {
    if (size.rows > 0) select(extendTo(at({ row: 0, column: 0 }), { row: size.rows - 1, column: size.columns - 1 }), false)
  }

  const linkAt = ({ row, column }: Place): string | undefined => {
    const [line, target] = [lines[row], columns[column]]
    if (line?.kind !== 'row' || target === undefined) return undefined
    return linkOfCell(sheet, line.row, target.field, sheet.cell(line.row, target.field.id).value)
  }
  const openLinkOf = (place: Place): boolean => {
    const href = linkAt(place)
    if (href !== undefined) window.open(href, '_blank', 'noopener,noreferrer')
    return href !== undefined
  }

  /** Ends an open editor before something else is done; answers whether it could. */
  const endEditing = (): boolean => edited === undefined || commitRef.current?.() !== false

  const now = useRef({ selection, select, onFill, onMoveRows })
  now.current = { selection, select, onFill, onMoveRows }
  const isMain = (event: { readonly ctrlKey: boolean; readonly metaKey: boolean }): boolean => (isMac ? event.metaKey : event.ctrlKey)
  const pointers = gridPointers({
    selection,
    lines,
    size,
    body: () => bodyRef.current,
    now: () => now.current,
    select,
    toggleGroup: view.toggleGroup,
    editor: edited?.host,
    startEditing,
    endEditing,
    openLinkOf,
    isMain,
    canMoveRows: onMoveRows !== undefined,
    onMenu,
    setFilling,
    setDropLine,
    keepFocusAway: () => {
      wantsFocus.current = false
    },
  })

  const onCopy = (clipboard: DataTransfer, isCut: boolean): void => {
    if (selection === undefined) return
    const clip = editing.copy(groundOf(selection), selection.ranges, isCut)
    if (clip === undefined) return
    clipboard.setData('text/plain', clip.text)
    clipboard.setData('text/html', clip.html)
    setCopiedCells(chosen)
  }
  const onPaste = (clipboard: DataTransfer): void => {
    if (selection === undefined) return
    setCopiedCells(undefined)
    const html = isPlainPaste.current ? '' : clipboard.getData('text/html')
    editing.paste(groundOf(selection), selection.ranges, { text: clipboard.getData('text/plain'), html })
  }
  // Firefox tells the page, not the focused cell, of a copy where no text is marked.
  const onClipboard = useRef<(event: globalThis.ClipboardEvent) => void>(undefined)
  useEffect(() => {
    onClipboard.current = (event) => {
      const focused = document.activeElement
      const isHere = focused !== null && isOnCell(focused) && scroller.current?.contains(focused) === true
      if (!isHere || edited !== undefined || selection === undefined || event.clipboardData === null) return
      event.preventDefault()
      if (event.type === 'paste') onPaste(event.clipboardData)
      else onCopy(event.clipboardData, event.type === 'cut')
    }
  })
  useEffect(() => {
    const listen = (event: globalThis.ClipboardEvent): void => {
      if (!event.defaultPrevented) onClipboard.current?.(event)
    }
    for (const name of CLIPBOARD) document.addEventListener(name, listen)
    return () => {
      for (const name of CLIPBOARD) document.removeEventListener(name, listen)
    }
  }, [])

  const actionsOf = (field: Field): readonly ColumnAction[] => {
    const column = columns.find((c) => c.field.id === field.id)
    return [...(columnActions?.(field) ?? []), ...(column === undefined ? [] : placeActions(column))]
  }
  const placeActions = (column: GridColumn): readonly ColumnAction[] => {
    const { field, index, width } = column
    const moveTo = (before: number) => (): void => onMoveField?.(field.id, columns[before]?.field.id)
    const place: readonly ColumnAction[] = [
      { id: 'move-left', label: TEXTS.drawing.moveLeft, section: 'place', isDisabled: index === 0, run: moveTo(index - 1) },
      {
        id: 'move-right',
        label: TEXTS.drawing.moveRight,
        section: 'place',
        isDisabled: index === columns.length - 1,
        run: moveTo(index + 2),
      },
    ]
    const isLastFrozen = view.frozen === index + 1
    const freeze: ColumnAction = isLastFrozen
      ? { id: 'unfreeze', label: TEXTS.drawing.unfreeze, section: 'place', run: () => onFreeze?.(0) }
      : { id: 'freeze', label: TEXTS.drawing.freezeTo, section: 'place', run: () => onFreeze?.(index + 1) }
    return [
      ...(onMoveField === undefined ? [] : place),
      ...(onFreeze === undefined ? [] : [freeze]),
      {
        id: 'wider',
        label: TEXTS.drawing.wider,
        keys: isMac ? '⌃⌥⇧→' : 'Alt+Shift+→',
        section: 'place',
        run: () => onResized(field.id, widthWithin(width + WIDTH_STEP)),
      },
      {
        id: 'narrower',
        label: TEXTS.drawing.narrower,
        keys: isMac ? '⌃⌥⇧←' : 'Alt+Shift+←',
        section: 'place',
        run: () => onResized(field.id, widthWithin(width - WIDTH_STEP)),
      },
      { id: 'fit', label: TEXTS.drawing.fit, section: 'place', run: () => fit(column) },
    ]
  }
  const fit = (column: GridColumn): void => {
    const width = bodyRef.current?.widestOf(column.index)
    if (width !== undefined) onResized(column.field.id, widthWithin(width))
  }

  const isWhole = (column: number): boolean =>
    selection?.ranges.some((r) => r.left <= column && r.right >= column && r.top === 0 && r.bottom === size.rows - 1) ?? false
  const isAllSelected = columns.length > 0 && columns.every(({ index }) => isWhole(index))
  const dropTop = dropLine === undefined ? undefined : space.topOf(dropLine) - (bodyRef.current?.view.top ?? 0)

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: what is pressed here comes from the cells of the grid within
    <div
      ref={scroller}
      className="grid-scroll"
      data-lines={view.rowHeight > GROUP_HEIGHT ? 'many' : undefined}
      onKeyDown={onKeyDown}
      onClick={pointers.onTap}
      onPointerDown={pointers.onPointerDown}
      onDoubleClick={pointers.onDoubleClick}
      onContextMenu={pointers.onContextMenu}
    >
      {/* Laid over the cells and not among them: a grid holds rows alone. */}
      <div className="grid-over">
        {card !== null && selection !== undefined && activeRow !== undefined && activeColumn !== undefined && !hasEditor && (
          <CellCard ref={cardHandle} body={() => bodyRef.current} place={selection.active}>
            {card}
          </CellCard>
        )}
      </div>
      {/* biome-ignore lint/a11y/useSemanticElements: a table cannot leave out the rows that are not seen */}
      <div
        role="grid"
        aria-label={label}
        aria-describedby="grid-hint"
        aria-rowcount={lines.length + HEADER_ROWS}
        aria-colcount={columns.length + 1}
        aria-multiselectable
        aria-busy={!isLoaded}
        tabIndex={selection === undefined ? 0 : -1}
        className="grid-table"
        onFocus={(event) => {
          if (event.target === event.currentTarget) select(selection ?? at({ row: 0, column: 0 }))
        }}
      >
        <span id="grid-hint" hidden>
          {TEXTS.grid.hint}
        </span>
        <GridHead
          ref={head}
          bands={bands}
          bandText={bandText}
          columns={columns}
          drawn={drawn}
          resizing={resizing}
          activeColumn={selection?.active.column}
          isSelected={isWhole}
          isAllSelected={isAllSelected}
          actionsOf={actionsOf}
          menu={menu}
          onMenu={(field) => {
            setMenu(field)
            if (field === undefined && selection !== undefined) wantsFocus.current = true
          }}
          onSelect={(column, event) => {
            if (endEditing() && size.rows > 0) select(selectColumns(selection, column, addingOf(event), size), false)
          }}
          onSelectAll={() => {
            if (endEditing()) selectEverything()
          }}
          onWidth={showWidth}
          onWidthEnd={keepWidth}
          onFit={fit}
          onDrop={onMoveField && ((column, before) => onMoveField(column.field.id, columns[before]?.field.id))}
          isMain={isMain}
        />
        {/* biome-ignore lint/a11y/useSemanticElements: as above */}
        <div ref={spacer} role="rowgroup" className="grid-body">
          <div ref={stage} role="presentation" className="grid-stage">
            <div ref={rowsElement} role="presentation" className="grid-rows" />
            {dropTop !== undefined && <div aria-hidden className="drop-line row" style={{ top: dropTop }} />}
          </div>
        </div>
      </div>
      <div className="sticky left-0 w-max">{foot}</div>
      {edited !== undefined && createPortal(editorOf(edited), edited.host)}
    </div>
  )

  function editorOf({ row, field: id, typed }: Editing): ReactNode {
    const field = columns[columnIndex.get(id) ?? -1]?.field
    if (field === undefined) return null
    return (
      <CellEditor
        key={`${row}:${id}`}
        field={field}
        value={sheet.cell(row, id).value}
        typed={typed}
        formats={painter.formats}
        commitRef={commitRef}
        onCancel={stopEditing}
        onCommit={(value, then) => {
          if (value !== undefined) editing.write([{ row, field: id, value }])
          stopEditing()
          if (then !== undefined) move(then, false)
        }}
      />
    )
  }
}

const CLIPBOARD = ['copy', 'cut', 'paste'] as const
const NO_KEPT: readonly KeptRange[] = []
const isRowKey = (key: LineKey): key is RowId => !key.startsWith(':')
const isOfRows = (range: Chosen['ranges'][number]): range is KeptRange => isRowKey(range.from[0]) && isRowKey(range.to[0])

const NOTHING_DRAWN: DrawnColumns = { frozen: [], scrolled: [] }
const NO_RANGES: readonly Range[] = []

const isSameDrawn = (a: DrawnColumns, b: DrawnColumns): boolean => `${a.frozen}|${a.scrolled}` === `${b.frozen}|${b.scrolled}`

/** The grid's keys are those of its cells: buttons that stand among them, beside a cell or below the rows, keep their own. */
const isOnCell = (target: EventTarget): boolean => target instanceof Element && target.matches('[role=grid], [role=gridcell]')
