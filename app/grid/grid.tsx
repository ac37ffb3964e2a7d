import {
  type KeyboardEvent,
  type MouseEvent,
  type PointerEvent,
  type ReactNode,
  type Ref,
  type RefObject,
  useCallback,
  useEffect,
  useImperativeHandle,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from 'react'
import { flushSync } from 'react-dom'
import type { FieldId, RowId } from '../../workbook/ids.ts'
import type { Peer } from '../collab/presence.ts'
import { TEXTS } from '../texts.ts'
import { linkOf } from './cell-content.tsx'
import { type Band, type GridColumn, NUMBER_WIDTH, type Piece, piecesOf, totalWidth } from './columns.ts'
import { CellEditor } from './editors.tsx'
import { gridCommand } from './grid-keys.ts'
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
  rowWindow,
  type Selection,
  scrollInto,
  spansOf,
} from './grid-model.ts'
import { GridRow, HEADER_ROWS, isRightAligned, type Painter, type PeerMark } from './grid-row.tsx'
import { type ColumnHeader, useColumns } from './use-columns.ts'
import { useSheetVersions } from './use-sheet.ts'
import type { SheetEditing } from './use-sheet-editing.ts'

const ROW_HEIGHT = 32
const HEAD_HEIGHT = 54
const OVERSCAN = 12

export interface CellId {
  readonly row: RowId
  readonly field: FieldId
}

/** What the page may ask of the grid. */
export type KeptRange = KeptSelection<RowId, FieldId>['ranges'][number]

export interface GridHandle {
  focus(): void
  goTo(cell: CellId): void
  /** Scrolls a cell into sight and leaves the selection where it is. */
  reveal(cell: CellId): void
}

export interface GridProps {
  readonly ref: Ref<GridHandle>
  readonly label: string
  readonly painter: Painter
  readonly editing: SheetEditing
  readonly peers: readonly Peer[]
  readonly isMac: boolean
  readonly isLoaded: boolean
  readonly bandText: (band: Band) => { readonly text: string; readonly color: string | undefined }
  readonly onActive: (cell: CellId | undefined, isEditing: boolean) => void
  /** All that is selected, by the rows and fields at two corners of each part. */
  readonly onRanges?: (ranges: readonly KeptRange[]) => void
  readonly onResized: (field: FieldId, width: number) => void
  /** Stands below the rows: adding one, or what to do where there is none. */
  readonly foot: ReactNode
  /** Stands beside the focused cell where that needs a person. */
  readonly card: ReactNode
}

type Chosen = KeptSelection<RowId, FieldId>

interface Editing extends CellId {
  readonly typed: string | undefined
}

interface View {
  readonly top: number
  readonly left: number
  readonly width: number
  readonly height: number
}

/** The sheet as a grid of cells: only what is seen is drawn, one cell has the focus, and one may be edited. */
export function Grid(props: GridProps) {
  const { ref, label, painter, editing, peers, isMac, isLoaded, bandText, onActive, onRanges, onResized, foot, card } = props
  const { sheet } = painter
  const versionOf = useSheetVersions(sheet)
  const rows = sheet.rows()
  const { columns, bands, headers, resizing } = useColumns(sheet.fields(), onResized)
  const scroller = useRef<HTMLDivElement>(null)
  const view = useView(scroller)
  const [chosen, setChosen] = useState<Chosen>()
  const [edited, setEdited] = useState<Editing>()
  const commitRef = useRef<() => boolean>(undefined)
  const wantsFocus = useRef(false)
  const awaited = useRef<CellId>(undefined)
  const lastPlace = useRef<Place>({ row: 0, column: 0 })

  const rowIndex = useMemo(() => indexOf(rows), [rows])
  const columnIndex = useMemo(() => new Map(columns.map((column) => [column.field.id, column.index])), [columns])
  const size = { rows: rows.length, columns: columns.length }
  const indexes = { rowOf: (row: RowId) => rowIndex.get(row), columnOf: (field: FieldId) => columnIndex.get(field), size }
  const selection = chosen === undefined ? undefined : placeSelection(chosen, indexes, lastPlace.current)
  if (selection !== undefined) lastPlace.current = selection.active
  const activeRow = selection === undefined ? undefined : rows[selection.active.row]
  const activeColumn = selection === undefined ? undefined : columns[selection.active.column]
  const activeField = activeColumn?.field.id

  const select = (next: Selection, isShown = true): void => {
    awaited.current = undefined
    const kept = keepSelection(
      next,
      (row) => rows[row],
      (column) => columns[column]?.field.id,
    )
    if (kept === undefined) return
    wantsFocus.current = true
    setChosen(kept)
    if (isShown) scrollTo(isMany(next) ? cornerOf(next) : next.active)
  }

  const scrollTo = ({ row, column }: Place): void => {
    const element = scroller.current
    const target = columns[column]
    if (element === null || target === undefined) return
    const frozen = columns[0]?.isFrozen ? columns[0].left + columns[0].width : NUMBER_WIDTH
    const rowsView = { offset: element.scrollTop, size: element.clientHeight - HEAD_HEIGHT }
    element.scrollTop = scrollInto(rowsView, { start: row * ROW_HEIGHT, size: ROW_HEIGHT })
    if (target.isFrozen) return
    const columnsView = { offset: element.scrollLeft, size: element.clientWidth - frozen }
    element.scrollLeft = scrollInto(columnsView, { start: target.left - frozen, size: Math.min(target.width, columnsView.size) })
  }

  const move = (how: Move, isExtending: boolean): void => {
    const pageRows = Math.floor((view.height - HEAD_HEIGHT) / ROW_HEIGHT) - 1
    select(moveSelection(selection ?? at({ row: 0, column: 0 }), how, { size, pageRows, isExtending }))
    // The first column may be a frozen one, which is in sight wherever the others are scrolled to.
    if ((how.kind === 'row-start' || how.kind === 'first') && scroller.current !== null) scroller.current.scrollLeft = 0
  }

  const startEditing = (typed: string | undefined): void => {
    if (activeRow === undefined || activeColumn === undefined || selection === undefined) return
    const { field } = activeColumn
    if (editing.refuseEdit(field)) return
    if (field.type === 'checkbox') {
      editing.toggle(activeRow, field)
      return
    }
    scrollTo(selection.active)
    setEdited({ row: activeRow, field: field.id, typed })
  }

  const stopEditing = useCallback((): void => {
    wantsFocus.current = true
    setEdited(undefined)
  }, [])

  useImperativeHandle(ref, () => ({
    focus: () => (selection === undefined ? select(at({ row: 0, column: 0 })) : focusActive(scroller.current)),
    goTo: (cell) => {
      if (!goNow(cell)) awaited.current = cell
    },
    reveal: (cell) => {
      const [row, column] = [rowIndex.get(cell.row), columnIndex.get(cell.field)]
      if (row !== undefined && column !== undefined) scrollTo({ row, column })
    },
  }))

  const goNow = (cell: CellId): boolean => {
    const [row, column] = [rowIndex.get(cell.row), columnIndex.get(cell.field)]
    if (row === undefined || column === undefined) return false
    select(at({ row, column }))
    return true
  }

  // A row that was made a moment ago is gone to once it is drawn.
  useLayoutEffect(() => {
    if (awaited.current !== undefined && goNow(awaited.current)) awaited.current = undefined
  })

  // The focus follows the active cell, also when it was drawn anew; never away from an editor or from outside the grid.
  useLayoutEffect(() => {
    if (!wantsFocus.current || edited !== undefined) return
    wantsFocus.current = false
    focusActive(scroller.current)
  })

  // Somebody may delete the row, or the field, of the cell that is being edited here.
  const isEditedGone = edited !== undefined && (!rowIndex.has(edited.row) || !columnIndex.has(edited.field))
  useEffect(() => {
    if (isEditedGone) stopEditing()
  }, [isEditedGone, stopEditing])

  const hasEditor = edited !== undefined
  useEffect(() => {
    const cell = activeRow === undefined || activeField === undefined ? undefined : { row: activeRow, field: activeField }
    onActive(cell, hasEditor)
  }, [activeRow, activeField, hasEditor, onActive])

  const chosenRanges = chosen?.ranges
  useEffect(() => onRanges?.(chosenRanges ?? []), [chosenRanges, onRanges])

  const onKeyDown = (event: KeyboardEvent): void => {
    if (edited !== undefined || event.defaultPrevented || selection === undefined || !isOnCell(event.target)) return
    const command = gridCommand(event.nativeEvent, isMac)
    if (command === undefined) return
    const range = rangeOf(selection)
    // A letter that opens an editor must not be typed into it a second time.
    event.preventDefault()
    switch (command.do) {
      case 'move':
        move(command.move, command.isExtending)
        return
      case 'edit':
        startEditing(command.text)
        return
      case 'clear':
        editing.clear(rows.slice(range.top, range.bottom + 1), fieldsIn(columns, range))
        return
      case 'undo':
        editing.undo()
        return
      case 'redo':
        editing.redo()
        return
      case 'toggle':
        if (activeRow !== undefined && activeColumn?.field.type === 'checkbox') editing.toggle(activeRow, activeColumn.field)
        return
      case 'select-all':
        select(extendTo(at({ row: 0, column: 0 }), last(size)), false)
        return
      case 'collapse':
        select(at(selection.active))
        return
      case 'open-link':
        openActive()
        return
      default:
        return
    }
  }

  const openActive = (): void => {
    if (activeRow === undefined || activeColumn === undefined) return
    const href = linkOf(activeColumn.field, sheet.cell(activeRow, activeColumn.field.id).value)
    if (href !== undefined) window.open(href, '_blank', 'noopener,noreferrer')
  }

  const placeAt = (target: EventTarget | null): Place | undefined => {
    const cell = target instanceof Element ? target.closest<HTMLElement>('[data-row][data-column]') : null
    return cell === null ? undefined : { row: Number(cell.dataset.row), column: Number(cell.dataset.column) }
  }

  const isDragging = useRef(false)
  const onPointerDown = (event: PointerEvent): void => {
    // A finger that comes down may be about to scroll: what it taps is known at the end.
    if (event.pointerType === 'touch') return
    const place = placeAt(event.target)
    if (place === undefined || event.button !== 0 || (event.target as Element).closest('a, input, textarea')) return
    if (edited !== undefined) {
      if (rows[place.row] === edited.row && columns[place.column]?.field.id === edited.field) return
      if (commitRef.current?.() === false) {
        event.preventDefault()
        return
      }
    }
    if (event.ctrlKey || event.metaKey) {
      const column = columns[place.column]
      const row = rows[place.row]
      const href = column && row && linkOf(column.field, sheet.cell(row, column.field.id).value)
      if (href !== undefined) {
        window.open(href, '_blank', 'noopener,noreferrer')
        event.preventDefault()
        return
      }
    }
    event.preventDefault()
    if (event.shiftKey && selection !== undefined) select(extendTo(selection, place))
    else select(at(place))
    isDragging.current = true
  }

  /** A tap selects; a tap on the selected cell edits it. */
  const onTap = (event: MouseEvent): void => {
    const place = (event.nativeEvent as globalThis.PointerEvent).pointerType === 'touch' ? placeAt(event.target) : undefined
    if (place === undefined || (event.target as Element).closest('a, input, textarea')) return
    if (edited !== undefined && commitRef.current?.() === false) return
    const isActive = selection?.active.row === place.row && selection.active.column === place.column
    if (isActive && edited === undefined) startEditing(undefined)
    else select(at(place))
  }
  const onPointerMove = (event: PointerEvent): void => {
    if (!isDragging.current || selection === undefined) return
    if (event.buttons === 0) {
      isDragging.current = false
      return
    }
    const place = placeAt(document.elementFromPoint(event.clientX, event.clientY))
    const corner = cornerOf(selection)
    if (place !== undefined && (place.row !== corner.row || place.column !== corner.column)) select(extendTo(selection, place))
  }

  const onCopy = (event: React.ClipboardEvent, isCut: boolean): void => {
    if (edited !== undefined || selection === undefined || !isOnCell(event.target)) return
    event.preventDefault()
    const range = rangeOf(selection)
    const [pickedRows, pickedFields] = [rows.slice(range.top, range.bottom + 1), fieldsIn(columns, range)]
    event.clipboardData.setData('text/plain', editing.copy(pickedRows, pickedFields))
    if (isCut) editing.clear(pickedRows, pickedFields)
  }
  const onPaste = (event: React.ClipboardEvent): void => {
    if (edited !== undefined || selection === undefined || !isOnCell(event.target)) return
    event.preventDefault()
    const range = rangeOf(selection)
    const target = { top: range.top, left: range.left, rows: range.bottom - range.top + 1, columns: range.right - range.left + 1 }
    editing.paste(
      event.clipboardData.getData('text/plain'),
      target,
      columns.map((column) => column.field),
    )
  }

  const window_ = rowWindow({ top: view.top, height: view.height, rowHeight: ROW_HEIGHT, rows: rows.length, overscan: OVERSCAN })
  const { left, width: viewWidth } = view
  const activeIndex = selection?.active.column ?? -1
  const pieces = useMemo(() => piecesOf(columns, { left, width: viewWidth }, activeIndex), [columns, left, viewWidth, activeIndex])
  const width = totalWidth(columns)
  const manySelected = selection !== undefined && isMany(selection) ? selection : undefined
  const peersByRow = useMemo(() => marksOf(peers, sheet.id), [peers, sheet])
  const drawn = drawnRows(window_, selection?.active.row, rows.length)

  const editorOf = (row: RowId): { field: FieldId; node: ReactNode } | undefined => {
    const column = edited?.row === row ? columns.find((c) => c.field.id === edited.field) : undefined
    if (edited === undefined || column === undefined) return undefined
    const node = (
      <CellEditor
        field={column.field}
        value={sheet.cell(row, column.field.id).value}
        typed={edited.typed}
        formats={painter.formats}
        commitRef={commitRef}
        onCancel={stopEditing}
        onCommit={(value, then) => {
          editing.write([{ row, field: column.field.id, value }])
          stopEditing()
          if (then !== undefined) move(then, false)
        }}
      />
    )
    return { field: column.field.id, node }
  }

  return (
    // biome-ignore lint/a11y/useSemanticElements: a table cannot leave out the rows that are not seen
    <div
      ref={scroller}
      role="grid"
      aria-label={label}
      aria-describedby="grid-hint"
      aria-rowcount={rows.length + HEADER_ROWS}
      aria-colcount={columns.length + 1}
      aria-multiselectable
      aria-busy={!isLoaded}
      tabIndex={selection === undefined ? 0 : -1}
      className="grid-scroll"
      onFocus={(event) => {
        if (event.target === scroller.current) select(selection ?? at({ row: 0, column: 0 }))
      }}
      onKeyDown={onKeyDown}
      onClick={onTap}
      onPointerDown={onPointerDown}
      onPointerMove={onPointerMove}
      onPointerUp={() => {
        isDragging.current = false
      }}
      onDoubleClick={(event) => {
        if (placeAt(event.target) !== undefined && edited === undefined) startEditing(undefined)
      }}
      onCopy={(event) => onCopy(event, false)}
      onCut={(event) => onCopy(event, true)}
      onPaste={onPaste}
    >
      <span id="grid-hint" hidden>
        {TEXTS.grid.hint}
      </span>
      <GridHead bands={bands} bandText={bandText} columns={columns} pieces={pieces} headers={headers} resizing={resizing} width={width} />
      {/* biome-ignore lint/a11y/useSemanticElements: as above */}
      <div role="rowgroup" className="grid-body" style={{ height: rows.length * ROW_HEIGHT, width, minWidth: '100%' }}>
        {drawn.map((index) => {
          const row = rows[index]
          if (row === undefined) return null
          const isActive = selection?.active.row === index
          return (
            <GridRow
              key={row}
              row={row}
              index={index}
              version={versionOf(row)}
              top={index * ROW_HEIGHT}
              width={width}
              pieces={pieces}
              painter={painter}
              activeField={isActive ? activeField : undefined}
              ranges={manySelected === undefined ? NO_RANGES : spansOf(manySelected, index)}
              peers={peersByRow.get(row) ?? NO_PEERS}
              editor={editorOf(row)}
            />
          )
        })}
        {card !== null && selection !== undefined && activeColumn !== undefined && !hasEditor && (
          <CellCard place={selection.active} column={activeColumn} view={view} rowCount={rows.length}>
            {card}
          </CellCard>
        )}
      </div>
      <div className="sticky left-0 w-max">{foot}</div>
    </div>
  )
}

/** The grid's keys are those of its cells: buttons that stand among them, beside a cell or below the rows, keep their own. */
const isOnCell = (target: EventTarget): boolean => target instanceof Element && target.matches('[role=grid], [role=gridcell]')

const NO_PEERS: readonly PeerMark[] = []
const NO_RANGES: readonly Range[] = []
const last = (size: { rows: number; columns: number }): Place => ({ row: size.rows - 1, column: size.columns - 1 })

const indexOf = (rows: readonly RowId[]): ReadonlyMap<RowId, number> => new Map(rows.map((row, index) => [row, index]))

const fieldsIn = (columns: readonly GridColumn[], range: { left: number; right: number }) =>
  columns.slice(range.left, range.right + 1).map((column) => column.field)

/** The rows to draw: those in the window, and the active one wherever it is, so that it keeps the focus. */
function drawnRows(view: { first: number; end: number }, active: number | undefined, count: number): readonly number[] {
  const drawn = Array.from({ length: view.end - view.first }, (_, i) => view.first + i)
  if (active === undefined || active >= count || (active >= view.first && active < view.end)) return drawn
  return active < view.first ? [active, ...drawn] : [...drawn, active]
}

function focusActive(scroller: HTMLElement | null): void {
  scroller?.querySelector<HTMLElement>('[role=gridcell][data-active]')?.focus({ preventScroll: true })
}

function marksOf(peers: readonly Peer[], sheet: string): ReadonlyMap<string, readonly PeerMark[]> {
  const marks = new Map<string, PeerMark[]>()
  for (const { client, name, color, cursor } of peers) {
    if (cursor?.sheet !== sheet) continue
    const mark = { client, name, color, field: cursor.field, isEditing: cursor.isEditing }
    marks.set(cursor.row, [...(marks.get(cursor.row) ?? []), mark])
  }
  return marks
}

/** What of the rows is in sight. Drawn before the next frame, so that a fast scroll shows no empty band. */
function useView(scroller: RefObject<HTMLDivElement | null>): View {
  const [view, setView] = useState<View>({ top: 0, left: 0, width: 1200, height: 800 })
  useLayoutEffect(() => {
    const element = scroller.current
    if (element === null) return
    const read = (): View => ({
      top: element.scrollTop,
      left: element.scrollLeft,
      width: element.clientWidth,
      height: element.clientHeight,
    })
    setView(read())
    const onScroll = (): void => flushSync(() => setView(read()))
    const observer = new ResizeObserver(() => setView(read()))
    element.addEventListener('scroll', onScroll, { passive: true })
    observer.observe(element)
    return () => {
      element.removeEventListener('scroll', onScroll)
      observer.disconnect()
    }
  }, [scroller])
  return view
}

interface GridHeadProps {
  readonly bands: readonly Band[]
  readonly bandText: GridProps['bandText']
  readonly columns: readonly GridColumn[]
  readonly pieces: readonly Piece[]
  readonly headers: ReadonlyMap<string, ColumnHeader>
  readonly resizing: string | undefined
  readonly width: number
}

function GridHead({ bands, bandText, columns, pieces, headers, resizing, width }: GridHeadProps) {
  const widthOf = new Map(columns.map((column) => [column.field.id, column.width]))
  let column = 2
  return (
    // biome-ignore lint/a11y/useSemanticElements: as the grid
    <div role="rowgroup" className="grid-head" style={{ width, minWidth: '100%' }}>
      {/* biome-ignore lint/a11y/useSemanticElements: as the grid */}
      {/* biome-ignore lint/a11y/useFocusableInteractive: the focus is on the cells */}
      <div role="row" aria-rowindex={1} className="grid-line band">
        <div role="presentation" className="grid-band frozen" style={{ left: 0, width: NUMBER_WIDTH, zIndex: 4 }} />
        {bands.map((band) => {
          const { text, color } = bandText(band)
          const from = column
          column += band.fields.length
          return (
            // biome-ignore lint/a11y/useSemanticElements: as the grid
            // biome-ignore lint/a11y/useFocusableInteractive: as above
            <div
              key={band.key}
              role="columnheader"
              aria-colindex={from}
              aria-colspan={band.fields.length}
              className="grid-band"
              style={{ width: band.fields.reduce((sum, field) => sum + (widthOf.get(field.id) ?? 0), 0) }}
            >
              <span>
                {color !== undefined && <i className="swatch" style={{ background: color }} />}
                {text}
              </span>
            </div>
          )
        })}
      </div>
      {/* biome-ignore lint/a11y/useSemanticElements: as the grid */}
      {/* biome-ignore lint/a11y/useFocusableInteractive: as above */}
      <div role="row" aria-rowindex={2} className="grid-line names">
        {/* biome-ignore lint/a11y/useSemanticElements: as the grid */}
        {/* biome-ignore lint/a11y/useFocusableInteractive: as above */}
        <div
          role="columnheader"
          aria-colindex={1}
          aria-label={TEXTS.grid.rowNumber}
          className="grid-name right frozen"
          style={{ left: 0, width: NUMBER_WIDTH, zIndex: 5 }}
        >
          #
        </div>
        {pieces.map((piece) =>
          piece.kind === 'gap' ? (
            <div key={piece.key} role="presentation" style={{ flex: 'none', width: piece.width }} />
          ) : (
            <ColumnName key={piece.column.field.id} column={piece.column} header={headers.get(piece.column.field.id)} resizing={resizing} />
          ),
        )}
      </div>
    </div>
  )
}

function ColumnName({ column, header, resizing }: { column: GridColumn; header: ColumnHeader | undefined; resizing: string | undefined }) {
  const { field, isFrozen, width, index } = column
  const resize = header?.getResizeHandler()
  return (
    // biome-ignore lint/a11y/useSemanticElements: as the grid
    // biome-ignore lint/a11y/useFocusableInteractive: as above
    <div
      role="columnheader"
      aria-colindex={index + 2}
      className={`grid-name${isRightAligned(field) ? ' right' : ''}${isFrozen ? ' frozen edge' : ''}`}
      style={isFrozen ? { left: NUMBER_WIDTH, width, zIndex: 4 } : { width }}
      title={field.name}
    >
      <span className="text">{field.name}</span>
      <span aria-hidden className="resizer" data-resizing={resizing === field.id || undefined} onMouseDown={resize} onTouchStart={resize} />
    </div>
  )
}

const CARD_WIDTH = 356

/** Stands below the focused cell, above it where there is no room, and never covers it. */
function CellCard({
  place,
  column,
  view,
  rowCount,
  children,
}: {
  place: Place
  column: GridColumn
  view: View
  rowCount: number
  children: ReactNode
}) {
  const below = (place.row + 1) * ROW_HEIGHT + 6
  const isAbove = below + 170 > view.top + view.height - HEAD_HEIGHT && place.row * ROW_HEIGHT - view.top > 180
  const cellLeft = column.isFrozen ? column.left + view.left : column.left
  const left = Math.max(view.left + NUMBER_WIDTH, Math.min(cellLeft, view.left + view.width - CARD_WIDTH - 12))
  const bottom = (rowCount - place.row) * ROW_HEIGHT + 6
  return (
    <div
      className="popover arrives absolute z-[7] hidden p-3 whitespace-normal md:block"
      style={{ left, width: CARD_WIDTH, ...(isAbove ? { bottom } : { top: below }) }}
      onPointerDown={(event) => event.stopPropagation()}
    >
      {children}
    </div>
  )
}
