/** A day of the calendar, `2026-11-21`; days compare as texts. */
export type Day = string

/** Which days and weeks a person means: their place, their week's first day, and the day it is. */
export interface Calendar {
  readonly timeZone: string
  /** 1 Monday … 7 Sunday. */
  readonly firstWeekday: number
  readonly today: Day
}

/** From the first day to the last, both included. */
export interface DaySpan {
  readonly from: Day
  readonly to: Day
}

export const DAY_MS = 86_400_000
const ISO_DAY = /^\d{4}-\d{2}-\d{2}$/u

export const isDay = (value: unknown): value is Day =>
  typeof value === 'string' && ISO_DAY.test(value) && new Date(utcOf(value)).toISOString().startsWith(value)

const utcOf = (day: Day): number => {
  const ms = Date.parse(`${day}T00:00:00.000Z`)
  return Number.isNaN(ms) ? 0 : ms
}
const dayAt = (utc: number): Day => new Date(Math.min(Math.max(utc, MIN_UTC), MAX_UTC)).toISOString().slice(0, 10)
const MIN_UTC = Date.parse('0001-01-01T00:00:00.000Z')
const MAX_UTC = Date.UTC(9999, 11, 31)

/** The moment a cell's value stands for; `undefined` where it is none, or one that no clock has within the years 1 to 9999. */
export function momentOf(value: unknown): number | undefined {
  const instant = typeof value === 'string' && value !== '' ? Date.parse(value) : Number.NaN
  return instant > MIN_UTC - DAY_MS && instant < MAX_UTC + 2 * DAY_MS ? instant : undefined
}

export const addDays = (day: Day, days: number): Day => dayAt(utcOf(day) + days * DAY_MS)

/** The same day of another month, or that month's last day. */
export function addMonths(day: Day, months: number): Day {
  const date = new Date(utcOf(day))
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth() + months]
  const last = new Date(Date.UTC(year, month + 1, 0)).getUTCDate()
  return dayAt(Date.UTC(year, month, Math.min(date.getUTCDate(), last)))
}

/** 1 Monday … 7 Sunday. */
const weekdayOf = (day: Day): number => new Date(utcOf(day)).getUTCDay() || 7

export type Period = 'today' | 'yesterday' | 'tomorrow' | 'this-week' | 'this-month' | 'this-year'

/** The days a period names, today. */
export function spanOf(period: Period, { today, firstWeekday }: Calendar): DaySpan {
  switch (period) {
    case 'today':
      return { from: today, to: today }
    case 'yesterday':
      return { from: addDays(today, -1), to: addDays(today, -1) }
    case 'tomorrow':
      return { from: addDays(today, 1), to: addDays(today, 1) }
    case 'this-week': {
      const from = addDays(today, -((weekdayOf(today) - firstWeekday + 7) % 7))
      return { from, to: addDays(from, 6) }
    }
    case 'this-month': {
      const from = `${today.slice(0, 8)}01`
      return { from, to: addDays(addMonths(from, 1), -1) }
    }
    case 'this-year':
      return { from: `${today.slice(0, 5)}01-01`, to: `${today.slice(0, 5)}12-31` }
  }
}

export const SPAN_UNITS = ['days', 'weeks', 'months'] as const
export type SpanUnit = (typeof SPAN_UNITS)[number]

/** The last or next so many days, weeks or months, today included. */
export function spanAround(direction: 'last' | 'next', count: number, unit: SpanUnit, { today }: Calendar): DaySpan {
  const sign = direction === 'last' ? -1 : 1
  const other = unit === 'months' ? addMonths(today, sign * count) : addDays(today, sign * count * (unit === 'weeks' ? 7 : 1))
  return direction === 'last' ? { from: other, to: today } : { from: today, to: other }
}

/** The first day of the week where a language is spoken. */
export function firstWeekdayOf(locale: string): number {
  const info = new Intl.Locale(locale) as Intl.Locale & { getWeekInfo?: () => { firstDay: number } }
  return info.getWeekInfo?.().firstDay ?? 1
}

/** The wall clock of a place, fast for many instants: a zone's distance from UTC is asked for once a day, twice where it changes. */
export class ZoneClock {
  readonly #format: Intl.DateTimeFormat
  readonly #offsets = new Map<number, number | undefined>()

  constructor(timeZone: string) {
    this.#format = new Intl.DateTimeFormat('en-US', {
      timeZone,
      hourCycle: 'h23',
      era: 'short',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    })
  }

  /** The day it is at an instant; the first or last of all for one that is before or behind them. */
  dayOf(instant: number): Day {
    const within = Math.min(Math.max(instant, MIN_UTC), MAX_UTC + DAY_MS)
    return dayAt(Math.floor((within + this.#offsetAt(within)) / DAY_MS) * DAY_MS)
  }

  /** The first instant of a day, as the server writes instants. */
  startOf(day: Day): string {
    const utc = utcOf(day)
    const candidates = [utc - DAY_MS, utc + DAY_MS].map((near) => utc - this.#offset(near))
    const fitting = candidates.filter((instant) => this.dayOf(instant) === day)
    // Where the clocks jump over midnight the day begins later.
    const start = fitting.length > 0 ? Math.min(...fitting) : Math.max(...candidates)
    return new Date(start).toISOString()
  }

  #offsetAt(instant: number): number {
    const day = Math.floor(instant / DAY_MS)
    if (!this.#offsets.has(day)) {
      const [first, last] = [this.#offset(day * DAY_MS), this.#offset((day + 1) * DAY_MS - 1)]
      this.#offsets.set(day, first === last ? first : undefined)
    }
    return this.#offsets.get(day) ?? this.#offset(instant)
  }

  #offset(instant: number): number {
    const parts: Partial<Record<Intl.DateTimeFormatPartTypes, string>> = {}
    for (const { type, value } of this.#format.formatToParts(instant)) parts[type] = value
    const n = (type: Intl.DateTimeFormatPartTypes): number => Number(parts[type] ?? 0)
    const year = parts.era?.startsWith('B') ? 1 - n('year') : n('year')
    const wall = new Date(0)
    wall.setUTCFullYear(year, n('month') - 1, n('day'))
    wall.setUTCHours(n('hour'), n('minute'), n('second'))
    return wall.getTime() - Math.floor(instant / 1000) * 1000
  }
}
