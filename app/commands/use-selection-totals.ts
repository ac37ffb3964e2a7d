import { useEffect, useState } from 'react'
import { showValue, type ValueFormats } from '../../workbook/field-values.ts'
import { isAwaited } from '../../workbook/row-index.ts'
import type { Sheet } from '../../workbook/sheet.ts'
import type { GridLine } from '../../workbook/view-lines.ts'
import { cellsIn, type Range, type Selection } from '../grid/grid-model.ts'
import type { GridArea } from '../grid/use-sheet-editing.ts'
import { TEXTS } from '../texts.ts'
import { runInSteps } from './in-steps.ts'
import { NO_TOTALS, type Totals, totalsOf } from './selection-stats.ts'

export type NamedTotals = readonly (readonly [name: string, text: string])[]

const isAwaitedLine = (line: GridLine): boolean => line.kind === 'row' && isAwaited(line.row)

/** Edits within this time are added up together, ms. */
const QUIET_MS = 150

const NOTHING: { readonly totals: Totals; readonly isDone: boolean } = { totals: NO_TOTALS, isDone: true }

/** The totals of what is selected, counted between frames; none for a single cell. */
export function useSelectionTotals(
  sheet: Sheet,
  formats: ValueFormats,
  selected: { readonly selection: Selection; readonly area: GridArea } | undefined,
): { readonly totals: NamedTotals; readonly isCounting: boolean } {
  const [counted, setCounted] = useState(NOTHING)
  useEffect(() => {
    const cells = selected?.selection.ranges.reduce((sum, range) => sum + cellsIn(range), 0) ?? 0
    if (selected === undefined || cells < 2) {
      setCounted(NOTHING)
      return
    }
    let stop: () => void = () => undefined
    const count = (): void => {
      stop()
      const isAway = ({ top, bottom }: Range): boolean => selected.area.lines.slice(top, bottom + 1).some(isAwaitedLine)
      if (sheet.index.awaited > 0 && selected.selection.ranges.some(isAway)) {
        sheet.wantAll()
        setCounted({ totals: NO_TOTALS, isDone: false })
        return
      }
      const work = totalsOf(selected.area, selected.selection.ranges, (row, field) => sheet.cell(row, field.id).value)
      let latest = NO_TOTALS
      const told: Iterator<unknown> = {
        next: () => {
          const { value, done } = work.next()
          latest = value
          return { value, done: done === true }
        },
      }
      stop = runInSteps(told, (isDone) => setCounted({ totals: latest, isDone }))
    }
    count()
    let timer: ReturnType<typeof setTimeout> | undefined
    const unsubscribe = sheet.onChange(() => {
      timer ??= setTimeout(() => {
        timer = undefined
        count()
      }, QUIET_MS)
    })
    return () => {
      stop()
      clearTimeout(timer)
      unsubscribe()
    }
  }, [sheet, selected])
  return { totals: namedTotals(counted.totals, formats), isCounting: !counted.isDone }
}

/** As the status bar says it: the figures of numbers, the span of days, and how many cells are filled. */
export function namedTotals(totals: Totals, formats: ValueFormats): NamedTotals {
  const T = TEXTS.commands.stats
  const { count, numbers, sum, min, max, numberField, dateField, firstDate, lastDate } = totals
  if (count === 0) return []
  const shown: [string, string][] = []
  if (numbers > 0 && numberField !== undefined && min !== undefined && max !== undefined) {
    const figure = (value: number): string => showValue(numberField, Number(value.toPrecision(12)), formats)
    shown.push(
      [T.sum, figure(sum)],
      [T.average, figure(Number((sum / numbers).toPrecision(6)))],
      [T.min, figure(min)],
      [T.max, figure(max)],
    )
  } else if (dateField !== undefined && firstDate !== undefined && lastDate !== undefined) {
    shown.push([T.min, showValue(dateField, firstDate, formats)], [T.max, showValue(dateField, lastDate, formats)])
  }
  return [...shown, [T.count, formats.number.format(count)]]
}
