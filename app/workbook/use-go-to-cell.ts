import { type RefObject, useCallback, useEffect, useRef } from 'react'
import type { FieldId, RowId } from '../../workbook/ids.ts'
import type { Sheet } from '../../workbook/sheet.ts'
import type { CellId, GridHandle } from '../grid/grid.tsx'

/** Shows a cell of any sheet of the workbook and gives it the focus. */
export type GoToCell = (sheet: string, row: string, field: string) => void

export interface GoToCellParts {
  /** The sheet that is shown. */
  readonly sheet: Sheet
  readonly grid: RefObject<GridHandle | null>
  readonly openSheet: (id: string) => void
  /** Brings a row into the lines that a filter or a closed group holds back. */
  readonly reveal: (row: RowId) => void
}

/**
 * Goes to a cell, of this sheet at once and of another as soon as that is open and the row is there: a sheet that is opened for the first
 * time comes in parts.
 */
export function useGoToCell({ sheet, grid, openSheet, reveal }: GoToCellParts): GoToCell {
  const awaited = useRef<CellId & { readonly sheet: string }>(undefined)

  const arrive = useCallback((): void => {
    const cell = awaited.current
    if (cell === undefined || cell.sheet !== sheet.id || !sheet.hasRow(cell.row)) return
    awaited.current = undefined
    reveal(cell.row)
    // The grid may be behind a dialog that is closing: wait until it can take the focus.
    requestAnimationFrame(() => grid.current?.goTo(cell))
  }, [sheet, grid, reveal])

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
