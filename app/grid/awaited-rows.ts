import type { RowId } from '../../workbook/ids.ts'
import { isAwaited } from '../../workbook/row-index.ts'
import type { Sheet } from '../../workbook/sheet.ts'
import { TEXTS } from '../texts.ts'
import type { Range } from './grid-model.ts'
import type { GridArea, SheetEditing } from './use-sheet-editing.ts'

/**
 * Editing of a sheet so large that only the rows that were looked at are here. What touches a row that has not come is not done in part: the
 * rows are fetched, and the person is told. A paste or a fill may reach anywhere, so they wait for all.
 */
export function wholeSheetEditing(editing: SheetEditing, sheet: Sheet, say: (text: string) => void): SheetEditing {
  const isHere = (isNeeded: boolean): boolean => {
    if (!isNeeded || sheet.index.awaited === 0) return true
    sheet.wantAll()
    say(TEXTS.delivery.rowsFirst)
    return false
  }
  const isAway = ({ lines }: GridArea, ranges: readonly Range[]): boolean =>
    sheet.index.awaited > 0 &&
    ranges.some(({ top, bottom }) => lines.slice(top, bottom + 1).some((line) => line.kind === 'row' && isAwaited(line.row)))
  const someAway = (rows: readonly RowId[]): boolean => rows.some(isAwaited)
  return {
    ...editing,
    write: (cells) => {
      if (isHere(cells.some(({ row }) => isAwaited(row)))) editing.write(cells)
    },
    toggle: (row, field) => {
      if (isHere(isAwaited(row))) editing.toggle(row, field)
    },
    clear: (area, ranges) => {
      if (isHere(isAway(area, ranges))) editing.clear(area, ranges)
    },
    copy: (area, ranges, isCut) => (isHere(isAway(area, ranges)) ? editing.copy(area, ranges, isCut) : undefined),
    paste: (area, ranges, clip) => {
      if (isHere(true)) editing.paste(area, ranges, clip)
    },
    fill: (area, from, to, isCopy) => {
      if (isHere(true)) editing.fill(area, from, to, isCopy)
    },
    fillFrom: (area, range, direction) => {
      if (isHere(true)) editing.fillFrom(area, range, direction)
    },
    replace: (cells) => {
      if (isHere(true)) editing.replace(cells)
    },
    duplicateRows: (rows) => (isHere(someAway(rows)) ? editing.duplicateRows(rows) : []),
    deleteRows: (rows) => {
      if (isHere(someAway(rows))) editing.deleteRows(rows)
    },
    moveRows: (rows, place, given) => {
      if (isHere(place !== undefined || someAway(rows))) editing.moveRows(rows, place, given)
    },
  }
}
