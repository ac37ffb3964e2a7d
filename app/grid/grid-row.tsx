import { type CSSProperties, memo, type ReactNode } from 'react'
import type { CellStatus } from '../../workbook/cell-status.ts'
import type { ValueFormats } from '../../workbook/field-values.ts'
import type { Field } from '../../workbook/fields.ts'
import type { FieldId, RowId } from '../../workbook/ids.ts'
import type { Cell, Sheet } from '../../workbook/sheet.ts'
import { inkOn } from '../collab/presence.ts'
import { TEXTS } from '../texts.ts'
import { CellContent, linkOf, OpenLink, StatusMark } from './cell-content.tsx'
import { type GridColumn, NUMBER_WIDTH, type Piece } from './columns.ts'
import type { Range } from './grid-model.ts'

/** Someone else's place in a row. */
export interface PeerMark {
  readonly client: number
  readonly name: string
  readonly color: string
  readonly field: string
  readonly isEditing: boolean
}

/** What rows need besides themselves; a new object makes every row draw again. */
export interface Painter {
  readonly sheet: Sheet
  readonly formats: ValueFormats
  readonly statusOf: (row: RowId, field: Field, cell: Cell) => CellStatus
}

export interface GridRowProps {
  readonly row: RowId
  readonly index: number
  /** Grows with every change of the row, so that an unchanged one is not drawn again. */
  readonly version: number
  readonly top: number
  readonly width: number
  readonly pieces: readonly Piece[]
  readonly painter: Painter
  readonly activeField: FieldId | undefined
  /** The selected ranges that lie across this row. */
  readonly ranges: readonly Range[]
  readonly peers: readonly PeerMark[]
  /** The editor, where one is open in this row. */
  readonly editor: { readonly field: FieldId; readonly node: ReactNode } | undefined
}

/** Header rows of the grid: rows of data are counted behind them. */
export const HEADER_ROWS = 2

export const GridRow = memo(function GridRow(props: GridRowProps) {
  const { row, index, top, width, pieces, activeField } = props
  return (
    // biome-ignore lint/a11y/useFocusableInteractive: the focus is on the cells
    // biome-ignore lint/a11y/useSemanticElements: rows are placed one by one while the sheet scrolls
    <div
      role="row"
      aria-rowindex={index + 1 + HEADER_ROWS}
      className="grid-row"
      data-active={activeField !== undefined || undefined}
      style={{ transform: `translateY(${top}px)`, width }}
    >
      {/* biome-ignore lint/a11y/useSemanticElements: as above */}
      {/* biome-ignore lint/a11y/useFocusableInteractive: as above */}
      <div role="rowheader" aria-colindex={1} className="grid-cell number frozen" style={{ left: 0, width: NUMBER_WIDTH }}>
        {index + 1}
      </div>
      {pieces.map((piece) =>
        piece.kind === 'gap' ? (
          <div key={piece.key} role="presentation" style={{ flex: 'none', width: piece.width }} />
        ) : (
          <GridCell key={piece.column.field.id} {...props} row={row} column={piece.column} />
        ),
      )}
    </div>
  )
})

const RIGHT: ReadonlySet<Field['type']> = new Set(['number'])
export const isRightAligned = (field: Field): boolean => RIGHT.has(field.type)

function GridCell({ row, index, column, painter, activeField, ranges, peers, editor }: GridRowProps & { column: GridColumn }) {
  const { field } = column
  const cell = painter.sheet.cell(row, field.id)
  const status = painter.statusOf(row, field, cell)
  const isActive = activeField === field.id
  const isInRange = ranges.some(({ left, right }) => column.index >= left && column.index <= right)
  const isEditing = editor?.field === field.id
  const href = linkOf(field, cell.value)
  const peer = peers.find((p) => p.field === field.id)
  return (
    // biome-ignore lint/a11y/useSemanticElements: cells are placed one by one while the sheet scrolls
    <div
      role="gridcell"
      aria-colindex={column.index + 2}
      aria-selected={isActive || isInRange}
      aria-readonly={status.kind === 'read-only' || undefined}
      aria-invalid={status.kind === 'refused' || undefined}
      aria-description={[status.text, peer && TEXTS.grid.peerHere(peer.name)].filter(Boolean).join(' ') || undefined}
      tabIndex={isActive && !isEditing ? 0 : -1}
      data-row={index}
      data-column={column.index}
      data-state={status.kind === 'agreed' ? undefined : status.kind}
      data-active={isActive || undefined}
      data-range={(isInRange && !isActive) || undefined}
      data-editing={isEditing || undefined}
      className={cellClass(field, column)}
      style={column.isFrozen ? { left: NUMBER_WIDTH, width: column.width } : { width: column.width }}
    >
      {isEditing ? (
        editor.node
      ) : (
        <>
          <CellContent field={field} value={cell.value} formats={painter.formats} />
          <StatusMark kind={status.kind} />
          {href !== undefined && <OpenLink href={href} label={String(cell.value)} />}
          {peer !== undefined && <PeerFrame peer={peer} />}
        </>
      )}
    </div>
  )
}

function cellClass(field: Field, column: GridColumn): string {
  const kind = field.binding?.isConnectionField ? ' key' : field.type === 'long-text' ? ' long' : ''
  return `grid-cell${kind}${isRightAligned(field) ? ' right' : ''}${column.isFrozen ? ' frozen edge' : ''}`
}

function PeerFrame({ peer }: { peer: PeerMark }) {
  const style = { '--peer': peer.color } as CSSProperties
  return (
    <span className="peer" style={style} aria-hidden>
      <span style={{ color: inkOn(peer.color) }}>
        {peer.name}
        {peer.isEditing ? ' …' : ''}
      </span>
    </span>
  )
}
