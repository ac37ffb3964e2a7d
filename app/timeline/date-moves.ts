import type { Field } from '../../workbook/fields.ts'
import type { RowId } from '../../workbook/ids.ts'
import { isAwaited } from '../../workbook/row-index.ts'
import type { Sheet } from '../../workbook/sheet.ts'
import { readOnlyReason, type SheetEditing } from '../grid/use-sheet-editing.ts'
import { TIMELINE_TEXTS as T } from '../texts/timeline.ts'
import { TEXTS } from '../texts.ts'
import {
  type Bar,
  barOf,
  type DateChange,
  datesAfter,
  type Grip,
  inputsOf,
  isNoChange,
  planDrag,
  planNew,
  type RowDates,
  type SpanFields,
} from './bars.ts'
import { datesText, lengthText } from './dates-text.ts'
import type { DateReader, DayNumber } from './days.ts'

export interface DateMovesGround {
  readonly sheet: Pick<Sheet, 'value' | 'field' | 'isDeleted'>
  readonly editing: Pick<SheetEditing, 'write'>
  readonly reader: DateReader
  readonly span: SpanFields
  /** Why nothing can be edited, where nothing can. */
  readonly refusal: string | undefined
  readonly nameOf: (row: RowId) => string
  readonly say: (text: string) => void
}

/** How the dates of rows are moved: by pointer, finger or key it is the same, through the grid's own way of writing cells. */
export interface DateMoves {
  barOf(row: RowId, change?: DateChange): Bar
  /** What a row's dates are, or would be, with how long that is. */
  text(row: RowId, change?: DateChange): string
  /** Says why a grip of a row does not move; answers whether it does not. */
  refuse(row: RowId, grip: Grip): boolean
  plan(row: RowId, grip: Grip, days: number): DateChange
  planNew(days: readonly [DayNumber, DayNumber]): DateChange
  /** Writes both dates as one step and says what they are. */
  commit(row: RowId, change: DateChange): void
}

export function makeDateMoves({ sheet, editing, reader, span, refusal, nameOf, say }: DateMovesGround): DateMoves {
  const { start, end } = span
  const datesOf = (row: RowId): RowDates => datesIn(sheet, span, row)
  const may = { start: mayWrite(start), end: mayWrite(end) }
  const because = (text: string): true => {
    say(text)
    return true
  }
  const refuseField = (field: Field | undefined): boolean => {
    if (field === undefined) return because(T.noEnd)
    const reason = readOnlyReason(field)
    return reason === undefined ? false : because(T.refused(field.name, reason))
  }
  const moves: DateMoves = {
    barOf: (row, change = {}) => barOf(reader, span, datesAfter(datesOf(row), change)),
    text: (row, change = {}) => {
      const bar = moves.barOf(row, change)
      return [datesText(reader, span, datesAfter(datesOf(row), change), bar), lengthText(bar)].filter(Boolean).join(' · ')
    },
    refuse: (row, grip) => {
      if (refusal !== undefined) return because(refusal)
      if (isAwaited(row)) return because(TEXTS.delivery.rowsFirst)
      const dates = datesOf(row)
      const held = [
        ...(reader.dayOf(start, dates.start) === undefined ? [] : [start]),
        ...(end === undefined || reader.dayOf(end, dates.end) === undefined ? [] : [end]),
      ]
      if (held.length === 0) return because(T.nothingToMove(nameOf(row)))
      if (grip !== 'whole') return refuseField(grip === 'start' ? start : end)
      const locked = held.find((field) => !mayWrite(field))
      if (locked === undefined) return false
      return held.length > 1 ? because(T.bothNeeded(locked.name, readOnlyReason(locked) ?? '')) : refuseField(locked)
    },
    plan: (row, grip, days) => planDrag(reader, span, datesOf(row), grip, days),
    planNew: (days) => planNew(reader, span, days, may),
    commit: (row, change) => {
      if (isNoChange(change)) return
      // While somebody drags, others may delete the row, or make something else of a field.
      const isThere = [start, end].every((field) => field === undefined || sheet.field(field.id)?.type === field.type)
      if (!isThere || sheet.isDeleted(row)) {
        say(T.goneMeanwhile)
        return
      }
      editing.write(inputsOf(row, span, change))
      say(T.moved(nameOf(row), moves.text(row, change)))
    },
  }
  return moves
}

export const mayWrite = (field: Field | undefined): boolean => field !== undefined && readOnlyReason(field) === undefined

/** Whether a press on the line may give a row its dates: what is there and is no date is somebody's value, and is not drawn over. */
export const canFill = ({ start, end }: SpanFields, dates: RowDates): boolean =>
  dates.start === null && dates.end === null && (mayWrite(start) || mayWrite(end))

/** What a row's cells hold. */
export const datesIn = (sheet: Pick<Sheet, 'value'>, { start, end }: SpanFields, row: RowId): RowDates => ({
  start: sheet.value(row, start.id),
  end: end === undefined ? null : sheet.value(row, end.id),
})
