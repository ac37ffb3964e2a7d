import type { CellValue } from '../../workbook/cell-value.ts'
import type { FieldId, RowId } from '../../workbook/ids.ts'
import type { Sheet } from '../../workbook/sheet.ts'

interface Column {
  readonly values: Map<RowId, CellValue>
  readonly counts: Map<CellValue, number>
}

/** Counts the values of fields that should hold each value once; a column is counted when it is first asked for, then kept up to date. */
export class UniqueValues {
  readonly #sheet: Sheet
  readonly #columns = new Map<FieldId, Column>()
  readonly #onChange: () => void
  #stop: (() => void) | undefined

  /** `onChange` is told when a value came to stand twice, or no longer does. */
  constructor(sheet: Sheet, onChange: () => void) {
    this.#sheet = sheet
    this.#onChange = onChange
  }

  start(): () => void {
    this.#stop = this.#sheet.onChange(({ rows, isOrder }) => {
      // Rows that came or went are counted anew with the next question: whole sheets arrive in few such changes.
      if (isOrder) this.#columns.clear()
      else if (this.#columns.size > 0 && this.#update(rows)) this.#onChange()
    })
    return () => this.#stop?.()
  }

  isTwice(field: FieldId, value: CellValue): boolean {
    return (this.#column(field).counts.get(value) ?? 0) > 1
  }

  #column(field: FieldId): Column {
    const known = this.#columns.get(field)
    if (known !== undefined) return known
    const column: Column = { values: new Map(), counts: new Map() }
    this.#sheet.wantAll()
    for (const row of this.#sheet.rows()) this.#count(column, row, this.#sheet.cell(row, field).value)
    this.#columns.set(field, column)
    return column
  }

  #count(column: Column, row: RowId, value: CellValue): boolean {
    const { values, counts } = column
    const before = values.get(row) ?? null
    if (before === value) return false
    values.set(row, value)
    const fewer = (counts.get(before) ?? 0) - 1
    const more = (counts.get(value) ?? 0) + 1
    if (before !== null && before !== '') counts.set(before, fewer)
    if (value !== null && value !== '') counts.set(value, more)
    return fewer === 1 || more === 2
  }

  #update(rows: ReadonlySet<RowId>): boolean {
    let isChanged = false
    for (const [field, column] of this.#columns) {
      for (const row of rows) {
        if (this.#count(column, row, this.#sheet.cell(row, field).value)) isChanged = true
      }
    }
    return isChanged
  }
}
