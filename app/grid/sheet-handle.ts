import type { FieldId, RowId } from '../../workbook/ids.ts'
import type { CommandGround } from './grid-commands.ts'
import type { GridCommand } from './grid-keys.ts'

export interface CellId {
  readonly row: RowId
  readonly field: FieldId
}

/** What the page may ask of whatever shows a sheet: a grid of cells, or a layout of whole rows. */
export interface SheetHandle {
  focus(): void
  /** Gives a cell the focus, in a layout of rows the row that it is in. */
  goTo(cell: CellId): void
  /** Scrolls a cell into sight and leaves the selection where it is. */
  reveal(cell: CellId): void
  /** Selects a cell and scrolls to it without taking the focus. */
  show(cell: CellId): void
  /** Does what a menu or the palette asks for, to what is selected. */
  run(command: GridCommand): void
  /** What is selected, and what its places stand for: in a layout of rows one row in all its fields. */
  ground(): CommandGround | undefined
  /** Why a command has no effect here; `undefined` where it has one. Absent: every command has. */
  refuses?(command: GridCommand): string | undefined
}
