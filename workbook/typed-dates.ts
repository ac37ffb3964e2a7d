import { momentOf } from './calendar.ts'
import type { CellValue } from './cell-value.ts'
import type { FieldFormat } from './fields.ts'
import { fold, latinDigits, no, ok, type Parsed, quote } from './typed-text.ts'
import { dateFormat, foldName, type ValueFormats, WALL_CLOCK } from './value-formats.ts'

interface Day {
  readonly year: number
  readonly month: number
  readonly day: number
}

const two = (n: number): string => String(n).padStart(2, '0')
const isoDay = ({ year, month, day }: Day): string => `${String(year).padStart(4, '0')}-${two(month)}-${two(day)}`

/** A typed day: `tomorrow`, `fri`, `in 3 days`, the locale's own figures, a day with its month's name, or ISO. */
export function parseDate(text: string, formats: ValueFormats): Parsed {
  const day = readDay(text, formats)
  return typeof day === 'string' ? no(day) : ok(isoDay(day))
}

/** The day a text means, or what is wrong with it. */
function readDay(text: string, formats: ValueFormats): Day | string {
  const bare = latinDigits(fold(text))
  const today = wallClockOf(formats.now(), formats)
  const shift = shiftOf(bare, weekdayOf(today), formats)
  if (shift !== undefined) {
    const day = dayOf(new Date(utc(today.year, today.month, today.day + shift)))
    return isWithinCalendar(day) ? day : `${quote(text)} is beyond the calendar.`
  }
  const numeric = /^(\d{1,4})\s*[./-]\s*(\d{1,2})(?:\s*[./-]\s*(\d{1,4}))?\.?$/u.exec(bare)
  const found = numeric
    ? numericDay([numeric[1] ?? '', numeric[2] ?? '', numeric[3]], formats, today.year)
    : namedDay(bare, formats, today.year)
  if (found === undefined) return `${quote(text)} is not a date. Write it like ${exampleDay(formats)}.`
  if (typeof found === 'string') return found
  const back = dayOf(new Date(utc(found.year, found.month, found.day)))
  const isReal = back.year === found.year && back.month === found.month && back.day === found.day
  if (isReal && isWithinCalendar(found)) return found
  // 31.12. where the month comes first: the other order is offered, never taken.
  const isSwapped = numeric !== null && found.month > 12 && found.day <= 12
  const hint = isSwapped ? ` Here the ${formats.dateOrder.find((part) => part !== 'year')} comes first: ${swapped(bare)}?` : ''
  return `${quote(text)} is not a day of the calendar.${hint}`
}

const swapped = (text: string): string => text.replace(/^(\d+)([^\d]+)(\d+)/u, '$3$2$1')

/** Milliseconds of a day and a time that are read as UTC; unlike `Date.UTC` also of the years 0–99. */
function utc(year: number, month: number, day: number, hour = 0, minute = 0, second = 0, milli = 0): number {
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  date.setUTCHours(hour, minute, second, milli)
  return date.getTime()
}

const isWithinCalendar = ({ year }: Pick<Day, 'year'>): boolean => year >= 1 && year <= 9999

const weekdayOf = ({ year, month, day }: Day): number => new Date(utc(year, month, day)).getUTCDay()

const SHIFTS: Readonly<Record<string, number>> = { today: 0, now: 0, tomorrow: 1, tmr: 1, yesterday: -1 }
const UNITS: Readonly<Record<string, number>> = { d: 1, day: 1, days: 1, w: 7, week: 7, weeks: 7 }

/** How many days from today a text means; a bare day of the week is the next one to come. */
function shiftOf(bare: string, today: number, formats: ValueFormats): number | undefined {
  const named = SHIFTS[bare] ?? formats.relativeDays.get(bare)
  if (named !== undefined) return named
  const counted = /^(?:in\s+|\+\s*)(\d{1,5})\s*([a-z]+)$/u.exec(bare) ?? /^(\d{1,5})\s*([a-z]+)\s+(?:ago)$/u.exec(bare)
  const unit = UNITS[counted?.[2] ?? '']
  if (counted !== null && unit !== undefined) return Number(counted[1]) * unit * (bare.endsWith('ago') ? -1 : 1)
  const [, which, name = ''] = /^(?:(next|this|last)\s+)?(\S+)$/u.exec(bare) ?? []
  if (name === 'week' && which !== undefined) return which === 'next' ? 7 : which === 'last' ? -7 : undefined
  const weekday = formats.weekdays.get(foldName(name))
  if (weekday === undefined) return undefined
  const ahead = ((weekday - today + 6) % 7) + 1
  if (which === 'last') return ahead - 7 === 0 ? -7 : ahead - 7
  // *Next Friday* is the Friday of next week; weeks begin on Monday.
  const untilMonday = 8 - (today || 7)
  return which === 'next' ? untilMonday + ((weekday + 6) % 7) : ahead
}

const dayOf = (date: Date): Day => ({ year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate() })

const exampleDay = (formats: ValueFormats): string => `${formats.dateWithYear.format(Date.UTC(2026, 11, 2))} or 2026-12-02`

function numericDay(parts: readonly (string | undefined)[], { dateOrder }: ValueFormats, thisYear: number): Day | string | undefined {
  const [first = '', second = '', third] = parts
  if (first.length > 2) {
    return first.length === 4 && third !== undefined && third.length <= 2
      ? { year: Number(first), month: Number(second), day: Number(third) }
      : undefined
  }
  if (third !== undefined && third.length !== 4) return 'Write the year with four digits.'
  const isDayFirst = dateOrder.indexOf('day') < dateOrder.indexOf('month')
  const [day, month] = isDayFirst ? [first, second] : [second, first]
  return { year: third === undefined ? thisYear : Number(third), month: Number(month), day: Number(day) }
}

function namedDay(text: string, { months }: ValueFormats, thisYear: number): Day | string | undefined {
  let month: number | undefined
  const numbers: string[] = []
  for (const token of text.split(/[\s,]+/u).filter(Boolean)) {
    const digits = /^(\d{1,4})(?:\.|st|nd|rd|th)?$/u.exec(token)?.[1]
    const named = months.get(foldName(token))
    if (digits !== undefined) numbers.push(digits)
    else if (named !== undefined && month === undefined) month = named
    // “de” and the like stand between the parts in several languages.
    else if (!/^(?:de|del|d’|of)$/u.test(token)) return undefined
  }
  const years = numbers.filter((n) => n.length > 2)
  const days = numbers.filter((n) => n.length <= 2)
  if (month === undefined || years.length > 1) return undefined
  if (days.length === 2) return 'Write the year with four digits.'
  const day = days[0]
  return day === undefined || days.length > 1
    ? undefined
    : { year: years[0] === undefined ? thisYear : Number(years[0]), month, day: Number(day) }
}

const TIME = /^(.*?)[\s,t]+(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,3}))?)?\s*([ap]\.?m\.?)?\s*(z|[+-]\d{2}:?\d{2})?$/u

/** A day and a time of the person's own clock (or with an offset written out), kept as an instant. */
export function parseDateTime(text: string, formats: ValueFormats): Parsed {
  const match = TIME.exec(latinDigits(fold(text)))
  if (!match) {
    const isDay = typeof readDay(text, formats) !== 'string'
    const example = `${exampleDay(formats).split(' or ')[1]} 14:30`
    return no(isDay ? `Add a time, like ${example}.` : `${quote(text)} is not a date with a time. Write it like ${example}.`)
  }
  const [, dayText = '', hourText = '', minuteText = '', secondText = '0', fraction = '0', half, offset] = match
  const day = readDay(dayText, formats)
  if (typeof day === 'string') return no(day)
  const hour = hourOf(Number(hourText), half)
  const [minute, second, milli] = [Number(minuteText), Number(secondText), Number(fraction.padEnd(3, '0'))]
  if (hour === undefined || minute > 59 || second > 59) return no(`${quote(text)} is not a time of the day.`)
  const wall = utc(day.year, day.month, day.day, hour, minute, second, milli)
  if (offset !== undefined) return ok(new Date(wall - offsetOf(offset)).toISOString())
  const instant = instantOf(wall, formats)
  return instant === undefined
    ? no(`There is no ${two(hour)}:${two(minute)} on that day here: the clocks go forward. Choose another time.`)
    : ok(new Date(instant).toISOString())
}

function hourOf(hour: number, half: string | undefined): number | undefined {
  if (half === undefined) return hour <= 23 ? hour : undefined
  if (hour < 1 || hour > 12) return undefined
  return (hour % 12) + (half.startsWith('p') ? 12 : 0)
}

function offsetOf(offset: string): number {
  if (offset === 'z') return 0
  const sign = offset.startsWith('-') ? -1 : 1
  const digits = offset.replace(/\D/gu, '')
  return sign * (Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2))) * 60_000
}

interface WallClock extends Day {
  readonly hour: number
  readonly minute: number
  readonly second: number
}

function wallClockOf(instant: number, formats: ValueFormats): WallClock {
  const wall = new Date(wallOf(instant, formats))
  return { ...dayOf(wall), hour: wall.getUTCHours(), minute: wall.getUTCMinutes(), second: wall.getUTCSeconds() }
}

/** No clock on earth is further from UTC. ms */
const FURTHEST_ZONE = 15 * 3_600_000

/** The year of an instant on a clock. Splitting an instant into its parts is slow, and few instants are near a turn of the year. */
function yearOf(instant: number, formats: ValueFormats): number {
  const year = new Date(instant - FURTHEST_ZONE).getUTCFullYear()
  return year === new Date(instant + FURTHEST_ZONE).getUTCFullYear() ? year : wallClockOf(instant, formats).year
}

const thisYear = (formats: ValueFormats): number => yearOf(formats.now(), formats)

const DAY_MS = 86_400_000
/** How far each clock is from UTC on a UTC day, in ms; `undefined` on days on which it changes. Splitting instants one by one is slow. */
const offsets = new WeakMap<Intl.DateTimeFormat, Map<number, number | undefined>>()
/** Days kept of one clock. */
const MOST_DAYS = 10_000

/** The wall clock of `instant`, as if it were UTC. */
function wallOf(instant: number, { wallClock }: ValueFormats): number {
  const days = offsets.get(wallClock) ?? new Map<number, number | undefined>()
  const day = Math.floor(instant / DAY_MS)
  if (!days.has(day)) {
    if (days.size >= MOST_DAYS) days.clear()
    const [from, to] = [day * DAY_MS, (day + 1) * DAY_MS].map((at) => splitWall(at, wallClock) - at)
    days.set(day, from === to ? from : undefined)
    offsets.set(wallClock, days)
  }
  const offset = days.get(day)
  return offset === undefined ? splitWall(instant, wallClock) : instant + offset
}

function splitWall(instant: number, wallClock: Intl.DateTimeFormat): number {
  const parts: Partial<Record<Intl.DateTimeFormatPartTypes, string>> = {}
  for (const { type, value } of wallClock.formatToParts(instant)) parts[type] = value
  const n = (type: Intl.DateTimeFormatPartTypes): number => Number(parts[type] ?? 0)
  const year = parts.era?.startsWith('B') === true ? 1 - n('year') : n('year')
  const whole = utc(year, n('month'), n('day'), n('hour'), n('minute'), n('second'))
  return whole + (((instant % 1000) + 1000) % 1000)
}

/** The first instant whose wall clock reads `wall`; `undefined` where the clocks jump over it. */
function instantOf(wall: number, formats: ValueFormats): number | undefined {
  const near = [wall - DAY_MS, wall + DAY_MS].map((instant) => wallOf(instant, formats) - instant)
  const candidates = near.map((offset) => wall - offset).filter((instant) => wallOf(instant, formats) === wall)
  return candidates.length === 0 ? undefined : Math.min(...candidates)
}

const ISO_DAY = /^(\d{4})-(\d{2})-(\d{2})$/u

/** A day in the field's own form: in the locale's short or usual one, or as ISO. */
export function showDay(value: CellValue, format: FieldFormat | undefined, formats: ValueFormats): string {
  const match = typeof value === 'string' ? ISO_DAY.exec(value) : null
  if (!match) return String(value)
  if (format?.date === 'iso') return String(value)
  const day = utc(Number(match[1]), Number(match[2]), Number(match[3]))
  if (format?.date === 'short') return dateFormat(formats, formats.locale, { ...SHORT_DAY, timeZone: 'UTC' }).format(day)
  const isThisYear = Number(match[1]) === thisYear(formats)
  return (isThisYear ? formats.date : formats.dateWithYear).format(day)
}

const SHORT_DAY = { year: 'numeric', month: '2-digit', day: '2-digit' } as const

/** The same formats on another clock; the person's own where the zone is none that this machine knows. */
export function onClock(formats: ValueFormats, timeZone: string | undefined): ValueFormats {
  if (timeZone === undefined || timeZone === formats.timeZone || !isTimeZone(timeZone)) return formats
  return { ...formats, timeZone, wallClock: dateFormat(formats, 'en-US', { ...WALL_CLOCK, timeZone }) }
}

function isTimeZone(timeZone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone })
    return true
  } catch (error) {
    if (error instanceof RangeError) return false
    throw error
  }
}

/** An instant on the field's clock, which is each person's own where the field names none; a named one is shown. */
export function showInstant(value: CellValue, format: FieldFormat | undefined, person: ValueFormats): string {
  const instant = momentOf(value)
  if (instant === undefined) return String(value)
  const formats = onClock(person, format?.timeZone)
  const year = yearOf(instant, formats)
  if (!isWithinCalendar({ year })) return String(value)
  const isOwn = formats === person
  if (format?.date === 'iso') {
    const w = wallClockOf(instant, formats)
    return `${isoDay(w)} ${two(w.hour)}:${two(w.minute)}${isOwn ? '' : ` ${formats.timeZone}`}`
  }
  const isThisYear = year === thisYear(formats)
  if (isOwn && format?.date !== 'short' && format?.clock === undefined) {
    return (isThisYear ? formats.dateTime : formats.dateTimeWithYear).format(instant)
  }
  const day: Intl.DateTimeFormatOptions =
    format?.date === 'short' ? SHORT_DAY : { day: 'numeric', month: 'short', ...(!isThisYear && { year: 'numeric' }) }
  return dateFormat(formats, formats.locale, {
    ...day,
    hour: '2-digit',
    minute: '2-digit',
    timeZone: formats.timeZone,
    ...(format?.clock !== undefined && { hour12: format.clock === '12' }),
    ...(!isOwn && { timeZoneName: 'short' }),
  }).format(instant)
}

/** The text an editor starts with: ISO on the field's clock. */
export function instantText(value: CellValue, formats: ValueFormats): string {
  const instant = momentOf(value)
  if (instant === undefined) return String(value)
  const w = wallClockOf(instant, formats)
  if (!isWithinCalendar(w)) return String(value)
  // In the hour that the clocks repeat, only the offset tells the two apart.
  const isPlain = instantOf(wallOf(instant, formats), formats) === instant
  const milli = new Date(instant).getUTCMilliseconds()
  const seconds = w.second === 0 && milli === 0 ? '' : `:${two(w.second)}${milli === 0 ? '' : `.${String(milli).padStart(3, '0')}`}`
  const text = `${isoDay(w)} ${two(w.hour)}:${two(w.minute)}${seconds}`
  return isPlain ? text : `${text}${offsetText(wallOf(instant, formats) - instant)}`
}

function offsetText(offsetMs: number): string {
  const minutes = Math.abs(offsetMs) / 60_000
  return `${offsetMs < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`
}
