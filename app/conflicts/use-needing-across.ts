import { useCallback, useEffect, useRef } from 'react'
import { callApi } from '../api-client.ts'
import type { CellId } from '../grid/sheet-handle.ts'
import type { NeedingCell, Survey } from '../sync-panel/survey.ts'
import { TEXTS } from '../texts.ts'
import { nextSheetOf } from './next-sheet.ts'

export interface NeedingAcrossParts {
  readonly workbook: string
  readonly sheets: readonly { readonly id: string; readonly name: string }[]
  readonly open: string
  /** The open sheet has it: what the survey found of another sheet is not shown yet. */
  readonly hasCell: (cell: CellId) => boolean
  readonly survey: Survey
  readonly openSheet: (id: string) => void
  readonly goTo: (cell: CellId) => void
  readonly say: (text: string) => void
}

/**
 * Leads from the last cell of this sheet that needs a person to the first one of the next sheet that has some, round the end.
 * `onNone`: no other sheet has any, or nobody can be asked.
 */
export function useNeedingAcross(parts: NeedingAcrossParts): (direction: 1 | -1, onNone: () => void) => void {
  const { survey, open, hasCell, goTo } = parts
  const awaited = useRef<{ readonly sheet: string; readonly direction: 1 | -1 }>(undefined)
  useEffect(() => {
    const wanted = awaited.current
    if (wanted?.sheet !== open) return
    const found: NeedingCell | undefined = wanted.direction === 1 ? survey.needing[0] : survey.needing.at(-1)
    if (found === undefined || !hasCell(found)) return
    awaited.current = undefined
    goTo({ row: found.row, field: found.field })
  }, [survey, open, hasCell, goTo])
  const latest = useRef(parts)
  latest.current = parts
  return useCallback((direction, onNone) => {
    const { workbook, sheets, open: from } = latest.current
    if (sheets.length < 2) {
      onNone()
      return
    }
    callApi('listNeeding', { params: { id: workbook } }).then(
      ({ sheets: counted }) => {
        const next = nextSheetOf(sheets, counted, from, direction)
        if (next === undefined || latest.current.open !== from) {
          onNone()
          return
        }
        awaited.current = { sheet: next.sheet, direction }
        latest.current.openSheet(next.sheet)
        latest.current.say(TEXTS.conflicts.across(next.cells, next.name))
      },
      // Without the server this sheet is what there is.
      onNone,
    )
  }, [])
}
