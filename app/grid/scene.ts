import type { CellStatus } from '../../workbook/cell-status.ts'
import type { CellValue } from '../../workbook/cell-value.ts'
import type { ValueFormats } from '../../workbook/field-values.ts'
import type { Field } from '../../workbook/fields.ts'
import type { FieldId, RowId } from '../../workbook/ids.ts'
import type { Cell, Sheet } from '../../workbook/sheet.ts'
import type { GridLine } from '../../workbook/view-lines.ts'
import type { GridColumn } from './columns.ts'
import type { Place, Range } from './grid-model.ts'
import type { LineSpace } from './viewport.ts'

/** What cells need besides themselves; a new object makes every cell be looked at again. */
export interface Painter {
  readonly sheet: Sheet
  readonly formats: ValueFormats
  readonly statusOf: (row: RowId, field: Field, cell: Cell) => CellStatus
  /** Open comments and notes; absent where nobody has said anything. */
  readonly marks?: TalkMarks
}

/** Counts of open comments by cell (`row:field`) and by row, and the rows that have a note. */
export interface TalkMarks {
  readonly cells: ReadonlyMap<string, number>
  readonly rows: ReadonlyMap<string, number>
  readonly notes: ReadonlySet<RowId>
}

/** What of a sheet the grid shows: lines from top to bottom and fields from left to right. New parts are new objects. */
export interface ShownView {
  readonly lines: readonly GridLine[]
  /** Where a row stands among the lines; −1 where it is not shown. */
  lineOf(row: RowId): number
  readonly fields: readonly Field[]
  /** So many fields from the left stay when the sheet is scrolled sideways. */
  readonly frozen: number
  /** Pixels. */
  readonly rowHeight: number
  /** A name of the palette of tints (`data-tint`). */
  rowColor(row: RowId): string | undefined
  cellColor(row: RowId, field: FieldId): string | undefined
  /** The row will be placed anew, or leave, once it is no longer the active one. */
  isMoving(row: RowId): boolean
  toggleGroup(key: string): void
  /** Rows stand where a sorting puts them, and cannot be moved by hand. */
  readonly isSorted?: boolean
  /** What the view wants of a row that is made beside another. */
  valuesForNewRow?(beside: RowId | undefined): readonly { readonly field: FieldId; readonly value: CellValue }[]
}

/** Someone else's place in a row. */
export interface PeerMark {
  readonly name: string
  readonly color: string
  readonly field: string
  readonly isEditing: boolean
  /** What they are typing there. */
  readonly liveText: string | undefined
}

/** What somebody else has selected, by today's places. */
export interface PeerArea {
  readonly color: string
  readonly range: Range
}

/** All that a grid's body draws. The painter compares it with what it drew before, part by part. */
export interface Scene {
  readonly lines: readonly GridLine[]
  lineOf(row: RowId): number
  readonly space: LineSpace
  readonly columns: readonly GridColumn[]
  readonly painter: Painter
  readonly active: Place | undefined
  readonly ranges: readonly Range[]
  /** Framed as copied. */
  readonly copied: Range | undefined
  /** Framed as about to be filled. */
  readonly filling: Range | undefined
  /** The corner of the selection can be dragged to fill. */
  readonly canFill: boolean
  readonly canMoveRows: boolean
  readonly peers: ReadonlyMap<string, readonly PeerMark[]>
  readonly areas: readonly PeerArea[]
  rowTint(row: RowId): string | undefined
  cellTint(row: RowId, field: FieldId): string | undefined
  isMoving(row: RowId): boolean
}

/** Header rows of the grid: lines are counted behind them. */
export const HEADER_ROWS = 2
