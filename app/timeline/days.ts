import { type CalendarDate, fromAbsolute, GregorianCalendar, parseDate } from '@internationalized/date'
import { DAY_MS, isDay, momentOf, ZoneClock } from '../../workbook/calendar.ts'
import type { CellValue } from '../../workbook/cell-value.ts'
import type { ValueFormats } from '../../workbook/field-values.ts'
import type { Field } from '../../workbook/fields.ts'
import { onClock } from '../../workbook/typed-dates.ts'
import { dateFormat } from '../../workbook/value-formats.ts'

/** A day of the calendar by its Julian number, so that days are told apart, counted and placed by arithmetic alone. */
export type DayNumber = number

const GREGORIAN = new GregorianCalendar()

export const dateOf = (day: DayNumber): CalendarDate => GREGORIAN.fromJulianDay(day)
export const numberOf = (date: CalendarDate): DayNumber => GREGORIAN.toJulianDay(date)
/** `2026-11-21` of a day from the year 1 to 9999. */
export const isoOf = (day: DayNumber): string => dateOf(day).toString()
const numberOfIso = (iso: string): DayNumber => numberOf(parseDate(iso))

/** The first and the last day that a timeline has a place for. */
export const FIRST_DAY = numberOfIso('1900-01-01')
export const LAST_DAY = numberOfIso('9999-12-31')

export const withinDays = (day: DayNumber): DayNumber => Math.max(FIRST_DAY, Math.min(LAST_DAY, day))

/** What of a field decides how its dates are read. */
export type DateField = Pick<Field, 'type' | 'format'>

export const isDateField = (field: Pick<Field, 'type'>): boolean => field.type === 'date' || field.type === 'date-time'

/** Reads and moves the dates of cells: a day is a day of the calendar anywhere, an instant falls on a day of its field's clock. */
export interface DateReader {
  readonly formats: ValueFormats
  today(): DayNumber
  /** The day a value falls on; `undefined` where it is empty or no date. */
  dayOf(field: DateField, value: CellValue): DayNumber | undefined
  /** The same so many days later; an instant keeps its time of the day. */
  moved(field: DateField, value: CellValue, days: number): CellValue
  /** A value on a day: an instant at the time of the day that `like` has, else at the day's beginning. */
  on(field: DateField, day: DayNumber, like?: CellValue): CellValue
  /** As a person reads it, always with its year. */
  text(field: DateField, value: CellValue): string
}

/** For a person's language, place and clock; a field with a clock of its own is read by that. */
export function makeDateReader(formats: ValueFormats): DateReader {
  const clocks = new Map<string, ZoneClock>()
  const zoneOf = (field: DateField): string => onClock(formats, field.format?.timeZone).timeZone
  const clockOf = (timeZone: string): ZoneClock => {
    const known = clocks.get(timeZone) ?? new ZoneClock(timeZone)
    clocks.set(timeZone, known)
    return known
  }
  const dayAt = (instant: number, timeZone: string): DayNumber => numberOfIso(clockOf(timeZone).dayOf(instant))
  /** By the calendar of the field's place: where the clocks jump, a day has 23 or 25 hours and the time of the day is the same. */
  const shifted = (field: DateField, value: CellValue, days: number): CellValue => {
    const instant = momentOf(value) ?? 0
    const wall = fromAbsolute(instant, zoneOf(field))
    // The calendar ends with 9999: behind it, where *no end* is often kept, it would answer with the year before.
    const isWithin = wall.toDate().getTime() === instant
    return (isWithin ? wall.add({ days }).toDate() : new Date(instant + days * DAY_MS)).toISOString()
  }
  const reader: DateReader = {
    formats,
    today: () => dayAt(formats.now(), formats.timeZone),
    dayOf: (field, value) => {
      if (field.type === 'date') return isDay(value) ? numberOfIso(value) : undefined
      const instant = momentOf(value)
      return instant === undefined ? undefined : dayAt(instant, zoneOf(field))
    },
    moved: (field, value, days) => {
      const day = reader.dayOf(field, value)
      if (day === undefined || days === 0) return value
      return field.type === 'date' ? isoOf(day + days) : shifted(field, value, days)
    },
    on: (field, day, like = null) => {
      if (field.type === 'date') return isoOf(day)
      const from = isInstant(like) ? reader.dayOf(field, like) : undefined
      return from === undefined ? clockOf(zoneOf(field)).startOf(isoOf(day)) : shifted(field, like, day - from)
    },
    text: (field, value) => {
      const day = reader.dayOf(field, value)
      if (day === undefined) return value === null ? '' : String(value)
      if (field.type === 'date') return formats.dateWithYear.format(dateOf(day).toDate('UTC'))
      const timeZone = zoneOf(field)
      const isOwn = timeZone === formats.timeZone
      const format = isOwn ? formats.dateTimeWithYear : dateFormat(formats, formats.locale, { ...FULL, timeZone })
      return format.format(momentOf(value))
    },
  }
  return reader
}

const FULL = { day: 'numeric', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit', timeZoneName: 'short' } as const
const DAY_ALONE = /^\d{4}-\d{2}-\d{2}$/u

/** A day alone has no time that another value could take over. */
const isInstant = (value: CellValue): boolean => momentOf(value) !== undefined && !DAY_ALONE.test(String(value))
