import { fold } from './typed-text.ts'

/** What reading and showing a value depend on besides the value: the person's language, place and clock. */
export interface ValueFormats {
  readonly locale: string
  readonly timeZone: string
  /** ms since 1970: a date without a year means this year. */
  readonly now: () => number
  readonly number: Intl.NumberFormat
  readonly date: Intl.DateTimeFormat
  readonly dateWithYear: Intl.DateTimeFormat
  readonly dateTime: Intl.DateTimeFormat
  readonly dateTimeWithYear: Intl.DateTimeFormat
  /** Splits an instant into the wall clock of `timeZone`. */
  readonly wallClock: Intl.DateTimeFormat
  readonly collator: Intl.Collator
  readonly decimal: string
  readonly group: string
  /** In which order the locale writes day, month and year. */
  readonly dateOrder: readonly ('day' | 'month' | 'year')[]
  /** Folded month names, long and short, in the locale and in English → 1–12. */
  readonly months: ReadonlyMap<string, number>
  /** Folded names of the days of the week, long and short, in the locale and in English → 0 Sunday … 6 Saturday. */
  readonly weekdays: ReadonlyMap<string, number>
  /** Folded words for days near today in the locale (`morgen`) → days from today. */
  readonly relativeDays: ReadonlyMap<string, number>
  /** Formatters of single fields, made when they are first needed. */
  readonly made: Map<string, Intl.NumberFormat | Intl.DateTimeFormat>
}
/** The parts of a wall clock, in figures. */
export const WALL_CLOCK = {
  hourCycle: 'h23',
  era: 'short',
  year: 'numeric',
  month: 'numeric',
  day: 'numeric',
  hour: 'numeric',
  minute: 'numeric',
  second: 'numeric',
} as const

/** Makes the formatters once for a screen: constructing them costs far more than using them. */
export function makeValueFormats(options: { locale: string; timeZone: string; now: () => number }): ValueFormats {
  const { locale, timeZone, now } = options
  const number = new Intl.NumberFormat(locale, { maximumFractionDigits: 20 })
  const parts = number.formatToParts(12345.6)
  const part = (type: Intl.NumberFormatPartTypes, otherwise: string): string => parts.find((p) => p.type === type)?.value ?? otherwise
  const order = new Intl.DateTimeFormat(locale, { year: 'numeric', month: '2-digit', day: '2-digit' })
    .formatToParts(0)
    .map((p) => p.type)
    .filter((type) => type === 'day' || type === 'month' || type === 'year')
  const date = (zone: string, format: Intl.DateTimeFormatOptions): Intl.DateTimeFormat =>
    new Intl.DateTimeFormat(locale, { timeZone: zone, ...format })
  const day = { day: 'numeric', month: 'short' } as const
  const time = { hour: '2-digit', minute: '2-digit' } as const
  return {
    locale,
    timeZone,
    now,
    number,
    date: date('UTC', day),
    dateWithYear: date('UTC', { ...day, year: 'numeric' }),
    dateTime: date(timeZone, { ...day, ...time }),
    dateTimeWithYear: date(timeZone, { ...day, year: 'numeric', ...time }),
    wallClock: new Intl.DateTimeFormat('en-US', {
      timeZone,
      ...WALL_CLOCK,
    }),
    collator: new Intl.Collator(locale, { numeric: true }),
    decimal: part('decimal', '.'),
    group: part('group', ','),
    dateOrder: order,
    months: monthNames(locale),
    weekdays: weekdayNames(locale),
    relativeDays: relativeDays(locale),
    made: new Map(),
  }
}

function monthNames(locale: string): ReadonlyMap<string, number> {
  const names = new Map<string, number>()
  for (const language of ['en', locale]) {
    for (const style of ['long', 'short'] as const) {
      const format = new Intl.DateTimeFormat(language, { month: style, day: 'numeric', timeZone: 'UTC' })
      for (let month = 0; month < 12; month++) {
        const name = format.formatToParts(Date.UTC(2026, month, 1)).find((p) => p.type === 'month')?.value
        if (name !== undefined) names.set(foldName(name), month + 1)
      }
    }
  }
  return names
}

/** A name of a month or a day of the week, with or without its stop. */
export const foldName = (text: string): string => fold(text).replace(/\.$/u, '')

function weekdayNames(locale: string): ReadonlyMap<string, number> {
  const names = new Map<string, number>()
  for (const language of ['en', locale]) {
    for (const style of ['long', 'short'] as const) {
      const format = new Intl.DateTimeFormat(language, { weekday: style, timeZone: 'UTC' })
      // 1 February 2026 is a Sunday.
      for (let day = 0; day < 7; day++) names.set(foldName(format.format(Date.UTC(2026, 1, 1 + day))), day)
    }
  }
  return names
}

/** A number formatter of some fields, made once. */
export function numberFormat(formats: ValueFormats, options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const key = `n${JSON.stringify(options)}`
  const known = formats.made.get(key)
  if (known instanceof Intl.NumberFormat) return known
  const made = new Intl.NumberFormat(formats.locale, options)
  formats.made.set(key, made)
  return made
}

/** A date formatter of some fields, made once. */
export function dateFormat(formats: ValueFormats, locale: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `d${locale}${JSON.stringify(options)}`
  const known = formats.made.get(key)
  if (known instanceof Intl.DateTimeFormat) return known
  const made = new Intl.DateTimeFormat(locale, options)
  formats.made.set(key, made)
  return made
}

function relativeDays(locale: string): ReadonlyMap<string, number> {
  const format = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' })
  return new Map([-2, -1, 0, 1, 2].map((days) => [fold(format.format(days, 'day')), days]))
}
