import { useCallback, useEffect, useRef } from 'react'
import type { FieldId, RowId } from '../../workbook/ids.ts'
import type { Sheet } from '../../workbook/sheet.ts'
import type { CellId } from '../grid/sheet-handle.ts'

/** Shows a cell of any sheet of the workbook and gives it the focus. */
export type GoToCell = (sheet: string, row: string, field: string) => void

export interface GoToCellParts {
  /** The sheet that is shown. */
  readonly sheet: Sheet
  /** Gives a cell of that sheet the focus. */
  readonly arriveAt: (cell: CellId) => void
  readonly openSheet: (id: string) => void
  /** Brings a row into the lines that a filter or a closed group holds back. */
  readonly reveal: (row: RowId) => void
}

/**
 * Goes to a cell, of this sheet at once and of another as soon as that is open and the row is there: a sheet that is opened for the first
 * time comes in parts.
 */
export function useGoToCell({ sheet, arriveAt, openSheet, reveal }: GoToCellParts): GoToCell {
  const awaited = useRef<CellId & { readonly sheet: string }>(undefined)

  const arrive = useCallback((): void => {
    const cell = awaited.current
    if (cell === undefined || cell.sheet !== sheet.id || !sheet.hasRow(cell.row)) return
    awaited.current = undefined
    reveal(cell.row)
    arriveAt(cell)
  }, [sheet, arriveAt, reveal])

  useEffect(() => {
    arrive()
    return sheet.onChange(() => {
      if (awaited.current !== undefined) arrive()
    })
  }, [sheet, arrive])

  return useCallback(
    (id, row, field) => {
      awaited.current = { sheet: id, row: row as RowId, field: field as FieldId }
      if (id === sheet.id) arrive()
      else openSheet(id)
    },
    [sheet, arrive, openSheet],
  )
}
