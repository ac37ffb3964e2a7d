import { useMemo, useSyncExternalStore } from 'react'
import type { Field } from '../../workbook/fields.ts'
import type { FieldId, RowId } from '../../workbook/ids.ts'
import type { Sheet } from '../../workbook/sheet.ts'
import type { AggregateFigure, GridLine } from '../../workbook/view-lines.ts'

/** What a grid shows of a sheet: which lines and fields, in which order and colour. New parts are new objects, others stay the same. */
export interface GridView {
  readonly lines: readonly GridLine[]
  /** Where a row stands among the lines; −1 where it is not shown. */
  lineOf(row: RowId): number
  /** The fields that are shown, in their order. */
  readonly fields: readonly Field[]
  /** So many fields from the left stay when the sheet is scrolled sideways. */
  readonly frozen: number
  /** Pixels. */
  readonly rowHeight: number
  /** A name of the palette of tints (`data-tint`). */
  rowColor(row: RowId): string | undefined
  cellColor(row: RowId, field: FieldId): string | undefined
  /** The row was changed here and will be placed anew, or leave, once it is no longer the active one. */
  isMoving(row: RowId): boolean
  toggleGroup(key: string): void
  readonly stats: {
    readonly shown: number
    readonly total: number
    readonly isFiltered: boolean
    /** A part of the sheet is still being looked through. */
    readonly isBuilding: boolean
    readonly totals: readonly AggregateFigure[]
  }
}

const NO_TOTALS: readonly AggregateFigure[] = []

/** What the grid shows of a sheet in the view that is chosen. */
export function useView(sheet: Sheet): GridView {
  const rows = useSyncExternalStore(
    (listener) => sheet.onChange(listener),
    () => sheet.rows(),
  )
  const fields = useSyncExternalStore(
    (listener) => sheet.onChange(listener),
    () => sheet.fields(),
  )
  return useMemo((): GridView => {
    const places = new Map(rows.map((row, index) => [row, index]))
    return {
      lines: rows.map((row) => ({ kind: 'row', row })),
      lineOf: (row) => places.get(row) ?? -1,
      fields: fields.filter((field) => !field.isHidden),
      frozen: fields[0]?.binding?.isConnectionField === true ? 1 : 0,
      rowHeight: 32,
      rowColor: () => undefined,
      cellColor: () => undefined,
      isMoving: () => false,
      toggleGroup: () => undefined,
      stats: { shown: rows.length, total: rows.length, isFiltered: false, isBuilding: false, totals: NO_TOTALS },
    }
  }, [rows, fields])
}
