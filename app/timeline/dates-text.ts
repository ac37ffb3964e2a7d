import { TIMELINE_TEXTS as T } from '../texts/timeline.ts'
import type { Bar, RowDates, SpanFields } from './bars.ts'
import type { DateReader } from './days.ts'

/** From when to when, in words; the two dates of a row that ends before it starts are both named. */
export function datesText(reader: DateReader, { start, end }: SpanFields, dates: RowDates, bar: Bar): string {
  const from = reader.text(start, dates.start)
  const to = end === undefined ? '' : reader.text(end, dates.end)
  switch (bar.kind) {
    case 'none':
      return from === '' && to === '' ? T.noDates : T.notDates
    case 'outside':
      return T.outside([from, to].filter(Boolean).join(' – '))
    case 'mark':
      return from
    case 'open-end':
      return T.from(from)
    case 'open-start':
      return T.until(to)
    case 'wrong':
      return T.wrong(from, to)
    case 'bar':
      return from === to ? from : T.span(from, to)
  }
}

/** How long a bar is, for whoever drags it; empty where it is no length. */
export const lengthText = (bar: Bar): string => (bar.kind === 'bar' ? T.days(bar.to - bar.from + 1) : '')
