import { isWeekend, startOfMonth, startOfWeek, startOfYear } from '@internationalized/date'
import type { ValueFormats } from '../../workbook/field-values.ts'
import { dateFormat } from '../../workbook/value-formats.ts'
import { TIMELINE_TEXTS as T } from '../texts/timeline.ts'
import { type DayNumber, dateOf, FIRST_DAY, LAST_DAY, numberOf, withinDays } from './days.ts'

/** From the finest to the coarsest. */
export const SCALES = ['day', 'week', 'month', 'quarter'] as const
export type Scale = (typeof SCALES)[number]

export const isScale = (value: unknown): value is Scale => SCALES.some((scale) => scale === value)

type Unit = Scale | 'month-of-year' | 'year'

/** How wide a day is in a scale, in pixels, and what its two lines of names tell. Sums of eighths of a pixel are exact. */
const LOOKS: Readonly<Record<Scale, { readonly dayWidth: number; readonly upper: Unit; readonly lower: Unit; readonly hasDays: boolean }>> =
  {
    day: { dayWidth: 52, upper: 'month-of-year', lower: 'day', hasDays: true },
    week: { dayWidth: 18, upper: 'month-of-year', lower: 'week', hasDays: true },
    month: { dayWidth: 5, upper: 'year', lower: 'month', hasDays: false },
    quarter: { dayWidth: 1.75, upper: 'year', lower: 'quarter', hasDays: false },
  }

export const dayWidthOf = (scale: Scale): number => LOOKS[scale].dayWidth
/** Weekends and single days are told apart. */
export const showsDays = (scale: Scale): boolean => LOOKS[scale].hasDays

/** The next finer (−1) or coarser (1) scale; the same one at the ends. */
export const scaleBeside = (scale: Scale, by: -1 | 1): Scale =>
  SCALES[Math.max(0, Math.min(SCALES.length - 1, SCALES.indexOf(scale) + by))] ?? scale

/** Where a day begins on the axis of a scale, in pixels from the first day of all; the end of one is the beginning of the next. */
export const placeOf = (scale: Scale, day: DayNumber): number => (day - FIRST_DAY) * dayWidthOf(scale)

/** The day that covers a place; beyond the ends the first or last of all. */
export const dayAt = (scale: Scale, place: number): DayNumber => withinDays(FIRST_DAY + Math.floor(place / dayWidthOf(scale)))

/** All days there are, in pixels. */
export const axisLength = (scale: Scale): number => placeOf(scale, LAST_DAY + 1)

/** A part of the axis that has a name of its own. `end` is the day behind it. */
export interface Tick {
  readonly from: DayNumber
  readonly end: DayNumber
  readonly label: string
}

export interface AxisTicks {
  readonly upper: readonly Tick[]
  readonly lower: readonly Tick[]
  /** Days off work where the language is spoken; none in scales that show no days. */
  readonly weekend: readonly DayNumber[]
}

/** The names of the axis between two days, in a person's language; a part that begins before `from` is named too. */
export function ticksOf(scale: Scale, from: DayNumber, to: DayNumber, formats: ValueFormats): AxisTicks {
  const { upper, lower, hasDays } = LOOKS[scale]
  return {
    upper: parts(upper, from, to, formats),
    lower: parts(lower, from, to, formats),
    weekend: hasDays ? daysBetween(from, to).filter((day) => isWeekend(dateOf(day), formats.locale)) : [],
  }
}

const daysBetween = (from: DayNumber, to: DayNumber): readonly DayNumber[] => Array.from({ length: to - from + 1 }, (_, i) => from + i)

function parts(unit: Unit, from: DayNumber, to: DayNumber, formats: ValueFormats): readonly Tick[] {
  const ticks: Tick[] = []
  const last = Math.min(to, LAST_DAY)
  for (let day = beginOf(unit, withinDays(from), formats.locale); day <= last; ) {
    const next = nextOf(unit, day)
    // Behind the last day of all the calendar counts no further: it answers that day, which begins no other part.
    const end = next > day && beginOf(unit, next, formats.locale) === next ? next : LAST_DAY + 1
    ticks.push({ from: day, end, label: labelOf(unit, day, end, formats) })
    day = end
  }
  return ticks
}

/** The first day of the day, week, month, quarter or year that a day is in. */
export function beginOf(unit: Unit, day: DayNumber, locale: string): DayNumber {
  const date = dateOf(day)
  switch (unit) {
    case 'day':
      return day
    case 'week':
      return numberOf(startOfWeek(date, locale))
    case 'month':
    case 'month-of-year':
      return numberOf(startOfMonth(date))
    case 'quarter':
      return numberOf(startOfMonth(date.set({ day: 1, month: quarterOf(day) * 3 - 2 })))
    case 'year':
      return numberOf(startOfYear(date))
  }
}

const NEXT = {
  day: { days: 1 },
  week: { weeks: 1 },
  month: { months: 1 },
  'month-of-year': { months: 1 },
  quarter: { months: 3 },
  year: { years: 1 },
} as const satisfies Record<Unit, object>

const nextOf = (unit: Unit, day: DayNumber): DayNumber => numberOf(dateOf(day).add(NEXT[unit]))

const quarterOf = (day: DayNumber): number => Math.ceil(dateOf(day).month / 3)

/** How the parts of the axis are named, in any language. */
const NAMES = {
  weekday: { weekday: 'short' },
  day: { day: 'numeric' },
  month: { month: 'long' },
  'month-of-year': { month: 'long', year: 'numeric' },
  year: { year: 'numeric' },
} as const

function labelOf(unit: Unit, from: DayNumber, end: DayNumber, formats: ValueFormats): string {
  const named = (name: keyof typeof NAMES, day: DayNumber): string =>
    dateFormat(formats, formats.locale, { ...NAMES[name], timeZone: 'UTC' }).format(dateOf(day).toDate('UTC'))
  switch (unit) {
    case 'day':
      return `${named('weekday', from)} ${named('day', from)}`
    case 'week':
      return T.daysOfWeek(named('day', from), named('day', end - 1))
    case 'quarter':
      return T.quarter(quarterOf(from))
    case 'month':
    case 'month-of-year':
    case 'year':
      return named(unit, from)
  }
}
