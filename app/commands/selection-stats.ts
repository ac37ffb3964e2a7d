import type { CellValue } from '../../workbook/cell-value.ts'
import type { Field } from '../../workbook/fields.ts'
import type { RowId } from '../../workbook/ids.ts'
import type { Range } from '../grid/grid-model.ts'
import type { GridArea } from '../grid/use-sheet-editing.ts'

/** What is told of a selection. */
export interface Totals {
  /** Filled cells. */
  readonly count: number
  readonly numbers: number
  readonly sum: number
  /** Field of the first number: its format is that of the totals. */
  readonly numberField: Field | undefined
  readonly min: number | undefined
  readonly max: number | undefined
  readonly dateField: Field | undefined
  readonly firstDate: string | undefined
  readonly lastDate: string | undefined
}

export const NO_TOTALS: Totals = {
  count: 0,
  numbers: 0,
  sum: 0,
  numberField: undefined,
  min: undefined,
  max: undefined,
  dateField: undefined,
  firstDate: undefined,
  lastDate: undefined,
}

/** Cells looked at between two looks at the clock. */
const CELLS_A_STEP = 500

/** Adds up the selected cells, each once; gives what it has so far after every few hundred. */
export function* totalsOf(
  { lines, fields }: GridArea,
  ranges: readonly Range[],
  valueAt: (row: RowId, field: Field) => CellValue,
): Generator<Totals, Totals, void> {
  let [count, numbers, sum, lost, looked] = [0, 0, 0, 0, 0]
  let numberField: Field | undefined
  let dateField: Field | undefined
  let min: number | undefined
  let max: number | undefined
  let firstDate: string | undefined
  let lastDate: string | undefined
  const soFar = (): Totals => ({ count, numbers, sum: sum + lost, numberField, min, max, dateField, firstDate, lastDate })
  for (const [i, range] of ranges.entries()) {
    for (let line = range.top; line <= range.bottom; line++) {
      const found = lines[line]
      if (found?.kind !== 'row') continue
      for (let column = range.left; column <= range.right; column++) {
        if (++looked % CELLS_A_STEP === 0) yield soFar()
        const field = fields[column]
        if (field === undefined || isInOne(ranges, i, line, column)) continue
        const value = valueAt(found.row, field)
        if (value === null || value === '') continue
        count++
        if (typeof value === 'number') {
          numbers++
          numberField ??= field
          // What a large sum swallows of a small number is added at the end (Neumaier).
          const next = sum + value
          lost += Math.abs(sum) >= Math.abs(value) ? sum - next + value : value - next + sum
          sum = next
          if (min === undefined || value < min) min = value
          if (max === undefined || value > max) max = value
        } else if (typeof value === 'string' && (field.type === 'date' || field.type === 'date-time')) {
          dateField ??= field
          if (firstDate === undefined || value < firstDate) firstDate = value
          if (lastDate === undefined || value > lastDate) lastDate = value
        }
      }
    }
  }
  return soFar()
}

/** Whether one of the ranges before holds the cell already. */
function isInOne(ranges: readonly Range[], end: number, row: number, column: number): boolean {
  for (let i = 0; i < end; i++) {
    const range = ranges[i]
    if (range !== undefined && row >= range.top && row <= range.bottom && column >= range.left && column <= range.right) return true
  }
  return false
}
