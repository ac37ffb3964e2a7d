import { useEffect, useReducer, useRef } from 'react'
import type { RowId } from '../../workbook/ids.ts'
import type { Sheet } from '../../workbook/sheet.ts'

/**
 * Draws the component again after changes of a sheet, at most once a frame, over one subscription. The answer gives each row's version,
 * which grows with every change of that row.
 */
export function useSheetVersions(sheet: Sheet): (row: RowId) => number {
  const versions = useRef(new Map<RowId, number>())
  const [, redraw] = useReducer((tick: number) => tick + 1, 0)
  useEffect(() => {
    let frame = 0
    const stop = sheet.onChange(({ rows }) => {
      for (const row of rows) versions.current.set(row, (versions.current.get(row) ?? 0) + 1)
      frame ||= requestAnimationFrame(() => {
        frame = 0
        redraw()
      })
    })
    redraw()
    return () => {
      stop()
      cancelAnimationFrame(frame)
    }
  }, [sheet])
  return (row) => versions.current.get(row) ?? 0
}
