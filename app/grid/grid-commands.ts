import { isCellValue } from '../../workbook/cell-value.ts'
import type { RowPlace } from '../../workbook/edit.ts'
import type { FieldId, RowId } from '../../workbook/ids.ts'
import type { Sheet } from '../../workbook/sheet.ts'
import { TEXTS } from '../texts.ts'
import type { GridCommand } from './grid-keys.ts'
import { at, growTo, isMany, moveSelection, type Place, rangeOf, rowsIn, type Selection, selectAll } from './grid-model.ts'
import type { GridArea, NewRowValues, SheetEditing } from './use-sheet-editing.ts'

/** What a command is about. */
export interface CommandGround extends GridArea {
  readonly selection: Selection
  readonly sheet: Sheet
  readonly editing: SheetEditing
  /** Rows that a screen shows. */
  readonly pageRows: number
  /** Rows stand where a sorting puts them. */
  readonly isSorted?: boolean | undefined
  /** What the view wants of a row that is made beside another. */
  readonly valuesForNewRow?: ((beside: RowId) => NewRowValues) | undefined
}

/** What a command does besides editing: the grid's and the screen's part. */
export interface CommandHands {
  select(selection: Selection, isShown?: boolean): void
  /** Opens the editor of the active cell; `typed` replaces what is there. */
  startEditing(typed: string | undefined): void
  /** Opens the link that a cell holds, where it holds one. */
  openLink(place: Place): void
  goTo(cell: { readonly row: RowId; readonly field: FieldId; readonly sheet?: string }): void
  /** What the screen around the grid does: dialogs, menus, the find bar, the panel. */
  screen(command: GridCommand): void
  say(text: string): void
}

/** The rows that a selection lies in, each once, in their order; heads of groups are none. */
export function selectedRows({ lines }: Pick<GridArea, 'lines'>, selection: Selection): readonly RowId[] {
  return rowsIn(selection).flatMap((line) => {
    const found = lines[line]
    return found?.kind === 'row' ? [found.row] : []
  })
}

/** Whether nothing is in a cell; the head of a group counts as nothing. */
const emptyAt =
  ({ lines, fields, sheet }: CommandGround) =>
  (row: number, column: number): boolean => {
    const [line, field] = [lines[row], fields[column]]
    if (line?.kind !== 'row' || field === undefined) return true
    const { value } = sheet.cell(line.row, field.id)
    return !isCellValue(value) || value === null || value === ''
  }

/** Does what a key, a menu or the palette asks for. */
export function runGridCommand(command: GridCommand, ground: CommandGround, hands: CommandHands) {
  const { selection, lines, fields, sheet, editing, pageRows } = ground
  const size = { rows: lines.length, columns: fields.length }
  const activeLine = lines[selection.active.row]
  const activeRow = activeLine?.kind === 'row' ? activeLine.row : undefined
  const activeField = fields[selection.active.column]
  switch (command.do) {
    case 'move':
      // Enter edits one cell, and walks through several.
      if (command.move.kind === 'enter' && command.move.direction === 1 && !isMany(selection)) return hands.startEditing(undefined)
      return hands.select(
        moveSelection(selection, command.move, { size, pageRows, isExtending: command.isExtending, isEmpty: emptyAt(ground) }),
      )
    case 'edit':
      return hands.startEditing(command.text)
    case 'clear':
      return editing.clear(ground, selection.ranges)
    case 'look':
      if (activeRow === undefined || activeField === undefined) return
      return activeField.type === 'checkbox' ? editing.toggle(activeRow, activeField) : hands.screen(command)
    case 'undo':
    case 'redo': {
      const place = command.do === 'undo' ? editing.undo() : editing.redo()
      if (place !== undefined && (place.sheet !== sheet.id || !sheet.isDeleted(place.row))) hands.goTo(place)
      return
    }
    case 'open-link':
      return hands.openLink(selection.active)
    case 'collapse':
      editing.endCut()
      return hands.select(at(selection.active))
    case 'select':
      return hands.select(
        command.what === 'all' ? selectAll(selection, size, emptyAt(ground)) : growTo(selection, command.what, size),
        false,
      )
    case 'fill':
      return editing.fillFrom(ground, rangeOf(selection), command.direction)
    case 'insert-rows':
    case 'duplicate-rows':
    case 'delete-rows':
    case 'move-rows':
      return runRowCommand(command, ground, hands)
    case 'copy':
    case 'cut':
    case 'paste':
    case 'find':
    case 'find-next':
    case 'menu':
    case 'preview':
    case 'story':
    case 'open-row':
    case 'comment':
    case 'put-back':
    case 'keys':
    case 'palette':
    case 'next-needing':
    case 'leave':
    case 'next-sheet':
    case 'sheets':
    // A column's drawing is the grid's own.
    case 'resize-column':
    case 'column-menu':
      return hands.screen(command)
  }
}

type RowCommand = Extract<GridCommand, { do: 'insert-rows' | 'duplicate-rows' | 'delete-rows' | 'move-rows' }>

function runRowCommand(command: RowCommand, ground: CommandGround, hands: CommandHands) {
  const { selection, lines, fields, editing } = ground
  const rows = selectedRows(ground, selection)
  const field = fields[selection.active.column]
  const [first, last] = [rows[0], rows.at(-1)]
  if (first === undefined || last === undefined || field === undefined) return
  const goTo = (row: RowId | undefined): void => {
    if (row !== undefined) hands.goTo({ row, field: field.id })
  }
  switch (command.do) {
    case 'insert-rows':
      return goTo(
        command.where === 'above'
          ? editing.insertRows(rows.length, { before: first }, ground.valuesForNewRow?.(first))?.[0]
          : editing.insertRows(rows.length, { after: last }, ground.valuesForNewRow?.(last))?.[0],
      )
    case 'duplicate-rows':
      return goTo(editing.duplicateRows(rows)?.[0])
    case 'delete-rows': {
      const bounds = rowsIn(selection)
      const next = lines.slice((bounds.at(-1) ?? 0) + 1).find((line) => line.kind === 'row')
      const before = lines.slice(0, bounds[0] ?? 0).findLast((line) => line.kind === 'row')
      editing.deleteRows(rows)
      const neighbour = next ?? before
      return goTo(neighbour?.kind === 'row' ? neighbour.row : undefined)
    }
    case 'move-rows': {
      if (ground.isSorted === true) return hands.say(TEXTS.commands.sortedView)
      const place = placeBeside(ground, command.direction)
      return place === undefined ? hands.say(TEXTS.commands.notMovable) : editing.moveRows(rows, place)
    }
  }
}

/** Where the selected rows go when they move by one: past the next row that is shown. */
function placeBeside({ lines, selection }: CommandGround, direction: 1 | -1): RowPlace | undefined {
  const picked = new Set(rowsIn(selection))
  const bounds = [...picked]
  let line = direction === 1 ? Math.max(...bounds) + 1 : Math.min(...bounds) - 1
  while (line >= 0 && line < lines.length && (picked.has(line) || lines[line]?.kind !== 'row')) line += direction
  const found = lines[line]
  if (found?.kind !== 'row') return undefined
  return direction === 1 ? { after: found.row } : { before: found.row }
}
