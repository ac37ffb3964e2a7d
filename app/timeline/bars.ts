import type { CellValue } from '../../workbook/cell-value.ts'
import type { CellInput } from '../../workbook/edit.ts'
import type { Field } from '../../workbook/fields.ts'
import type { FieldId, RowId } from '../../workbook/ids.ts'
import type { Span } from '../../workbook/view.ts'
import { type DateReader, type DayNumber, FIRST_DAY, isDateField, LAST_DAY, withinDays } from './days.ts'
import { placeOf, type Scale } from './scale.ts'

/** The fields that say from when to when a row is. Without an end each row is one day. */
export interface SpanFields {
  readonly start: Field
  readonly end: Field | undefined
}

/** What a row holds in them. */
export interface RowDates {
  readonly start: CellValue
  /** Empty where no field says the end. */
  readonly end: CellValue
}

/**
 * What a row is on the axis, both days included.
 * `bar`: from its start to its end. `mark`: the one day of a sheet without a field of ends. `open-end`, `open-start`: one of two dates is
 * missing. `wrong`: it ends before it starts; `from` is then its end. `none`: no date. `outside`: all of it before or behind the axis.
 */
export type Bar =
  | ({ readonly kind: 'bar' | 'mark' | 'open-end' | 'open-start' | 'wrong' } & BarDays)
  | { readonly kind: 'none' | 'outside' }

/** The days a bar is drawn over. */
export interface BarDays {
  readonly from: DayNumber
  readonly to: DayNumber
}

export const barDays = (bar: Bar | undefined): BarDays | undefined => (bar !== undefined && 'from' in bar ? bar : undefined)

export function barOf(reader: DateReader, { start, end }: SpanFields, dates: RowDates): Bar {
  const from = reader.dayOf(start, dates.start)
  const to = end === undefined ? from : reader.dayOf(end, dates.end)
  if (from === undefined && to === undefined) return { kind: 'none' }
  const [first, last] = [Math.min(from ?? to ?? 0, to ?? from ?? 0), Math.max(from ?? to ?? 0, to ?? from ?? 0)]
  if (last < FIRST_DAY || first > LAST_DAY) return { kind: 'outside' }
  const days = { from: first, to: last }
  if (end === undefined) return { kind: 'mark', ...days }
  if (to === undefined) return { kind: 'open-end', ...days }
  if (from === undefined) return { kind: 'open-start', ...days }
  return { kind: to < from ? 'wrong' : 'bar', ...days }
}

/** What of a bar is taken hold of: all of it, or the date at one of its ends. */
export type Grip = 'whole' | 'start' | 'end'

/** New values of a row's dates; one that is absent stays. */
export interface DateChange {
  readonly start?: CellValue
  readonly end?: CellValue
}

/**
 * What dragging a grip by so many days makes of a row's dates. The whole keeps its length and stays on the axis; an end stops at the other
 * one, a missing date begins at the one that is there. Where the end stands before the start each goes where it is put.
 */
export function planDrag(reader: DateReader, span: SpanFields, dates: RowDates, grip: Grip, days: number): DateChange {
  const from = reader.dayOf(span.start, dates.start)
  const to = span.end === undefined ? undefined : reader.dayOf(span.end, dates.end)
  if (grip === 'whole') {
    const [first, last] = [Math.min(from ?? to ?? 0, to ?? from ?? 0), Math.max(from ?? to ?? 0, to ?? from ?? 0)]
    // What stands outside the axis already is not pulled onto it.
    const by = Math.max(Math.min(0, FIRST_DAY - first), Math.min(Math.max(0, LAST_DAY - last), days))
    if ((from === undefined && to === undefined) || by === 0) return {}
    return {
      ...(from !== undefined && { start: reader.moved(span.start, dates.start, by) }),
      ...(to !== undefined && span.end !== undefined && { end: reader.moved(span.end, dates.end, by) }),
    }
  }
  const isWrong = from !== undefined && to !== undefined && to < from
  const [here, there] = grip === 'start' ? [from, to] : [to, from]
  const field = grip === 'start' ? span.start : span.end
  const at = here ?? there
  if (field === undefined || at === undefined) return {}
  const wanted = withinDays(at + days)
  const target = there === undefined || isWrong ? wanted : grip === 'start' ? Math.min(wanted, there) : Math.max(wanted, there)
  if (target === here) return {}
  const [own, other] = grip === 'start' ? [dates.start, dates.end] : [dates.end, dates.start]
  const value = here === undefined ? reader.on(field, target, other) : reader.moved(field, own, target - here)
  return grip === 'start' ? { start: value } : { end: value }
}

/** The dates of a row that had none, from the day a drag began on to the one it ended on. `may` says which field a person can write. */
export function planNew(
  reader: DateReader,
  span: SpanFields,
  [a, b]: readonly [DayNumber, DayNumber],
  may: { readonly start: boolean; readonly end: boolean },
): DateChange {
  const [from, to] = [withinDays(Math.min(a, b)), withinDays(Math.max(a, b))]
  return {
    ...(may.start && { start: reader.on(span.start, from) }),
    ...(may.end && span.end !== undefined && { end: reader.on(span.end, to) }),
  }
}

export const isNoChange = (change: DateChange): boolean => change.start === undefined && change.end === undefined

export const datesAfter = (dates: RowDates, change: DateChange): RowDates => ({ ...dates, ...change })

/** The cells that a change writes, both in one step. */
export function inputsOf(row: RowId, { start, end }: SpanFields, change: DateChange): readonly CellInput[] {
  return [
    ...(change.start === undefined ? [] : [{ row, field: start.id, value: change.start }]),
    ...(change.end === undefined || end === undefined ? [] : [{ row, field: end.id, value: change.end }]),
  ]
}

/** Narrower than this a bar is neither seen nor taken hold of. Pixels. */
export const LEAST_WIDTH = 10
/** How far bars are drawn beyond the edges of the view. */
const BEYOND = 12

/** Where of the view a bar is drawn, cut a little beyond its edges; or on which side it is out of sight. */
export type BarBox = { readonly x: number; readonly width: number } | { readonly isOut: 'left' | 'right' }

export function barBox({ from, to }: BarDays, scale: Scale, left: number, viewWidth: number): BarBox {
  const start = placeOf(scale, Math.max(from, FIRST_DAY)) - left
  const end = Math.max(placeOf(scale, Math.min(to, LAST_DAY) + 1) - left, start + LEAST_WIDTH)
  if (end <= 0) return { isOut: 'left' }
  if (start >= viewWidth) return { isOut: 'right' }
  const x = Math.max(-BEYOND, start)
  return { x, width: Math.min(viewWidth + BEYOND, end) - x }
}

/** The fields a view's timeline is made of, as far as the sheet has them. */
export function spanOf(span: Span | undefined, fields: readonly Field[]): SpanFields | undefined {
  const find = (id: FieldId | undefined): Field | undefined => fields.find((field) => field.id === id && isDateField(field))
  const start = find(span?.start)
  return start && { start, end: find(span?.end) }
}

const STARTS = /\b(?:start\w*|begin\w*|planned|kick-?off|opened|created)\b|^from$/iu
const ENDS = /\b(?:due|end\w*|until|finish\w*|deadline|target|deliver\w*|clos\w+|renewal)\b|^to$/iu

/** The fields that may be a timeline's dates, and what their names speak for. */
export function proposedSpan(fields: readonly Field[]): SpanFields | undefined {
  const dates = fields.filter(isDateField)
  const end = dates.find(({ name }) => ENDS.test(name))
  const others = dates.filter((field) => field !== end)
  const start = others.find(({ name }) => STARTS.test(name)) ?? (end === undefined ? others[0] : undefined)
  // One date alone is the day of a row, whatever it is called.
  if (start === undefined) return end === undefined ? undefined : { start: end, end: undefined }
  return { start, end }
}

/**
 * The day a timeline shows first: today, where one of the bars is in sight then; else the end of the bar nearest to it, so that nobody
 * begins before an empty axis.
 */
export function firstDayShown(bars: readonly Bar[], today: DayNumber, daysInView: number): DayNumber {
  const spans = bars.flatMap((bar) => barDays(bar) ?? [])
  const distance = ({ from, to }: BarDays): number => Math.max(0, from - today, today - to)
  const nearest = spans.reduce<BarDays | undefined>(
    (best, bar) => (best === undefined || distance(bar) < distance(best) ? bar : best),
    undefined,
  )
  if (nearest === undefined || distance(nearest) < daysInView / 4) return today
  return nearest.from > today ? nearest.from : nearest.to
}
