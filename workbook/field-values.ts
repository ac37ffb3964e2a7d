import { type CellValue, MAX_TEXT_LENGTH } from './cell-value.ts'
import type { Field, Option } from './fields.ts'
import { nearestOption } from './nearest-option.ts'

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
}

/** The part of a field that decides how its values are read and shown. */
export type ValueField = Pick<Field, 'type' | 'options'> & { readonly binding?: Pick<NonNullable<Field['binding']>, 'maxLength'> }

/** A typed or pasted text as a value, or why it is none, in words a person reads. */
export type Parsed = { readonly ok: true; readonly value: CellValue } | { readonly ok: false; readonly error: string }

const ok = (value: CellValue): Parsed => ({ ok: true, value })
const no = (error: string): Parsed => ({ ok: false, error })

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
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    }),
    collator: new Intl.Collator(locale, { numeric: true }),
    decimal: part('decimal', '.'),
    group: part('group', ','),
    dateOrder: order,
    months: monthNames(locale),
  }
}

function monthNames(locale: string): ReadonlyMap<string, number> {
  const names = new Map<string, number>()
  for (const language of ['en', locale]) {
    for (const style of ['long', 'short'] as const) {
      const format = new Intl.DateTimeFormat(language, { month: style, day: 'numeric', timeZone: 'UTC' })
      for (let month = 0; month < 12; month++) {
        const name = format.formatToParts(Date.UTC(2026, month, 1)).find((p) => p.type === 'month')?.value
        if (name !== undefined) names.set(foldMonth(name), month + 1)
      }
    }
  }
  return names
}

const fold = (text: string): string => text.normalize('NFKC').trim().toLowerCase()
const foldMonth = (text: string): string => fold(text).replace(/\.$/u, '')

/**
 * Reads what a person typed or pasted into a field. Nothing is coerced in silence: what does not fit is an error that says what would.
 * The empty text is the empty cell.
 */
export function parseTyped(field: ValueField, text: string, formats: ValueFormats): Parsed {
  if (text === '') return ok(null)
  switch (field.type) {
    case 'text':
      return /[\r\n]/u.test(text) ? no('This field holds one line. Remove the line breaks.') : parseText(field, text)
    case 'long-text':
      return parseText(field, text.replace(/\r\n?/gu, '\n'))
    case 'number':
      return parseNumber(text, formats)
    case 'checkbox':
      return parseCheckbox(text)
    case 'date':
      return parseDate(text, formats)
    case 'date-time':
      return parseDateTime(text, formats)
    case 'single-select':
      return parseOption(field, text, 'option')
    case 'person':
      return parseOption(field, text, 'person')
    case 'url':
      return parseUrl(field, text)
    case 'record-key':
      return no('The record’s key is the app’s. Link another record instead.')
  }
}

function parseText(field: ValueField, text: string): Parsed {
  const limit = Math.min(field.binding?.maxLength ?? MAX_TEXT_LENGTH, MAX_TEXT_LENGTH)
  return text.length > limit
    ? no(`At most ${limit} characters fit here; this has ${text.length}. Shorten it by ${text.length - limit}.`)
    : ok(text)
}

const DIGITS = '٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹०१२३४५६७८९'
const latinDigits = (text: string): string =>
  text.replace(/[\u0660-\u0669\u06f0-\u06f9\u0966-\u096f]/gu, (digit) => String(DIGITS.indexOf(digit) % 10))

/** Digits with the locale's own separators; groups must stand where groups stand, so that `1,5` is never read as 15. */
function parseNumber(text: string, { decimal, group }: ValueFormats): Parsed {
  const bare = latinDigits(text.trim())
    .replace(/[\u2212\u2013]/gu, '-')
    .replace(/[\u00a0\u202f]/gu, ' ')
    .replace(/[’']/gu, '’')
  const groupSign = /\s/u.test(group) ? ' ' : group.replace(/[’']/gu, '’')
  const g = escapeRegExp(groupSign)
  const d = escapeRegExp(latinDigits(decimal))
  const shape = new RegExp(`^[+-]?(?:\\d{1,3}(?:${g}\\d{2,3})*${g}\\d{3}|\\d+)?(?:${d}\\d*)?(?:[eE][+-]?\\d+)?$`, 'u')
  if (!shape.test(bare) || !/\d/u.test(bare)) {
    const other = Number(bare.replace(/ /gu, '').replace(',', '.'))
    const hint = Number.isFinite(other) && bare !== '' ? ` Did you mean ${String(other).replace('.', decimal)}?` : ''
    return no(`“${text.trim()}” is not a number.${hint}`)
  }
  const plain = bare.replaceAll(groupSign, '').replace(latinDigits(decimal), '.')
  const value = Number(plain)
  if (!Number.isFinite(value)) return no(`“${text.trim()}” is not a number that can be kept.`)
  const significant = plain
    .replace(/[eE].*$/u, '')
    .replace(/\D/gu, '')
    .replace(/^0+/u, '')
    .replace(/0+$/u, '')
  if (significant.length > 15 && !isExact(significant, value)) {
    return no(`“${text.trim()}” has more digits than a number keeps. Use a text field for it.`)
  }
  return ok(value === 0 ? 0 : value)
}

/** Whether a number's shortest text holds the same digits as were typed. */
const isExact = (significant: string, value: number): boolean =>
  String(Math.abs(value)).replace(/e.*$/u, '').replace(/\D/gu, '').replace(/^0+/u, '').replace(/0+$/u, '') === significant

const escapeRegExp = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/gu, '\\$&')

const YES: ReadonlySet<string> = new Set(['true', 'yes', 'y', '1', 'x', 'on', '✓', '☑'])
const NO: ReadonlySet<string> = new Set(['false', 'no', 'n', '0', 'off', '☐'])

function parseCheckbox(text: string): Parsed {
  const folded = fold(text)
  if (YES.has(folded)) return ok(true)
  return NO.has(folded) ? ok(false) : no(`“${text.trim()}” is neither yes nor no.`)
}

interface Day {
  readonly year: number
  readonly month: number
  readonly day: number
}

const two = (n: number): string => String(n).padStart(2, '0')
const isoDay = ({ year, month, day }: Day): string => `${String(year).padStart(4, '0')}-${two(month)}-${two(day)}`

function parseDate(text: string, formats: ValueFormats): Parsed {
  const day = readDay(text, formats)
  return typeof day === 'string' ? no(day) : ok(isoDay(day))
}

/** The day a text means, or what is wrong with it. */
function readDay(text: string, formats: ValueFormats): Day | string {
  const bare = latinDigits(fold(text))
  const today = wallClockOf(formats.now(), formats)
  const shift = { today: 0, tomorrow: 1, yesterday: -1 }[bare]
  if (shift !== undefined) return dayOf(new Date(Date.UTC(today.year, today.month - 1, today.day + shift)))
  const numeric = /^(\d{1,4})\s*[./-]\s*(\d{1,2})(?:\s*[./-]\s*(\d{1,4}))?\.?$/u.exec(bare)
  const found = numeric
    ? numericDay([numeric[1] ?? '', numeric[2] ?? '', numeric[3]], formats, today.year)
    : namedDay(bare, formats, today.year)
  if (found === undefined) return `“${text.trim()}” is not a date. Write it like ${exampleDay(formats)}.`
  if (typeof found === 'string') return found
  const back = dayOf(new Date(Date.UTC(found.year, found.month - 1, found.day)))
  const isReal = back.year === found.year && back.month === found.month && back.day === found.day
  return isReal ? found : `“${text.trim()}” is not a day of the calendar.`
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
    const named = months.get(foldMonth(token))
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
function parseDateTime(text: string, formats: ValueFormats): Parsed {
  const match = TIME.exec(latinDigits(fold(text)))
  if (!match) {
    const isDay = typeof readDay(text, formats) !== 'string'
    const example = `${exampleDay(formats).split(' or ')[1]} 14:30`
    return no(isDay ? `Add a time, like ${example}.` : `“${text.trim()}” is not a date with a time. Write it like ${example}.`)
  }
  const [, dayText = '', hourText = '', minuteText = '', secondText = '0', fraction = '0', half, offset] = match
  const day = readDay(dayText, formats)
  if (typeof day === 'string') return no(day)
  const hour = hourOf(Number(hourText), half)
  const [minute, second, milli] = [Number(minuteText), Number(secondText), Number(fraction.padEnd(3, '0'))]
  if (hour === undefined || minute > 59 || second > 59) return no(`“${text.trim()}” is not a time of the day.`)
  const wall = Date.UTC(day.year, day.month - 1, day.day, hour, minute, second, milli)
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

function wallClockOf(instant: number, { wallClock }: ValueFormats): WallClock {
  const parts: Partial<Record<Intl.DateTimeFormatPartTypes, string>> = {}
  for (const { type, value } of wallClock.formatToParts(instant)) parts[type] = value
  const n = (type: Intl.DateTimeFormatPartTypes): number => Number(parts[type] ?? 0)
  return { year: n('year'), month: n('month'), day: n('day'), hour: n('hour'), minute: n('minute'), second: n('second') }
}

/** The wall clock of `instant`, as if it were UTC. */
function wallOf(instant: number, formats: ValueFormats): number {
  const w = wallClockOf(instant, formats)
  const whole = Date.UTC(w.year, w.month - 1, w.day, w.hour, w.minute, w.second)
  return whole + (((instant % 1000) + 1000) % 1000)
}

/** The first instant whose wall clock reads `wall`; `undefined` where the clocks jump over it. */
function instantOf(wall: number, formats: ValueFormats): number | undefined {
  const day = 86_400_000
  const offsets = [wall - day, wall + day].map((near) => wallOf(near, formats) - near)
  const candidates = offsets.map((offset) => wall - offset).filter((instant) => wallOf(instant, formats) === wall)
  return candidates.length === 0 ? undefined : Math.min(...candidates)
}

/** What a cell of this field holds for an option: the app's text where the field is connected, else the option's id. */
const heldFor = (field: ValueField, option: Option): string =>
  field.type === 'single-select' && field.binding !== undefined ? option.name : option.id

function parseOption(field: ValueField, text: string, what: 'option' | 'person'): Parsed {
  const offered = field.options.filter((option) => !option.retired)
  const exact = offered.filter((option) => option.name === text || option.id === text)
  const folded = exact.length > 0 ? exact : offered.filter((option) => fold(option.name) === fold(text))
  const [only, second] = folded
  if (only !== undefined && second === undefined) return ok(heldFor(field, only))
  if (second !== undefined) return no(`More than one ${what} is called “${text.trim()}”. Choose from the list.`)
  if (offered.length === 0 && field.binding !== undefined) return ok(text.trim())
  const near = nearestOption(offered, text)
  const hint = near === undefined ? ' Choose from the list.' : ` Did you mean “${near}”?`
  return no(`“${text.trim()}” is not ${what === 'option' ? 'an option' : 'a person'} of this field.${hint}`)
}

const SAFE_SCHEMES: ReadonlySet<string> = new Set(['http:', 'https:', 'mailto:'])

/** An address that may be opened; `undefined` for any other text (scripts, data, files). */
export function safeUrl(text: CellValue | undefined): string | undefined {
  if (typeof text !== 'string' || !URL.canParse(text)) return undefined
  const url = new URL(text)
  return SAFE_SCHEMES.has(url.protocol) ? url.href : undefined
}

function parseUrl(field: ValueField, text: string): Parsed {
  const trimmed = text.trim()
  if (safeUrl(trimmed) !== undefined) return parseText(field, trimmed)
  const hint = safeUrl(`https://${trimmed}`) && /^[^\s:/]+\.[^\s]+$/u.test(trimmed) ? `https://${trimmed}` : 'https://example.com'
  return no(`“${trimmed}” is not a whole address. Write it like ${hint}.`)
}

/** The option a cell's value stands for, by the text or the id it holds. */
export const optionOf = (field: Pick<ValueField, 'options'>, value: CellValue): Option | undefined =>
  typeof value === 'string' ? (field.options.find((o) => o.id === value) ?? field.options.find((o) => o.name === value)) : undefined

/** A value as a person reads it; the empty text for the empty cell. A value of another type than the field's is shown as it is. */
export function showValue(field: ValueField, value: CellValue, formats: ValueFormats): string {
  if (value === null) return ''
  switch (field.type) {
    case 'number':
      return typeof value === 'number' ? formats.number.format(value) : String(value)
    case 'checkbox':
      return value === true ? 'Yes' : value === false ? 'No' : String(value)
    case 'date':
      return showDay(value, formats)
    case 'date-time':
      return showInstant(value, formats)
    case 'person':
    case 'single-select':
      return shownOption(field, value)
    case 'text':
    case 'long-text':
    case 'url':
    case 'record-key':
      return String(value)
  }
}

/** A connected select is shown under the option it means, whatever capitals the app wrote (C14); a person under their name. */
function shownOption(field: ValueField, value: CellValue): string {
  const option = optionOf(field, value)
  if (option !== undefined) return option.name
  const folded = field.options.filter((o) => fold(o.name) === fold(String(value)))
  return folded.length === 1 && folded[0] ? folded[0].name : String(value)
}

const ISO_DAY = /^(\d{4})-(\d{2})-(\d{2})$/u

function showDay(value: CellValue, formats: ValueFormats): string {
  const match = typeof value === 'string' ? ISO_DAY.exec(value) : null
  if (!match) return String(value)
  const day = Date.UTC(Number(match[1]), Number(match[2]) - 1, Number(match[3]))
  const isThisYear = Number(match[1]) === wallClockOf(formats.now(), formats).year
  return (isThisYear ? formats.date : formats.dateWithYear).format(day)
}

function showInstant(value: CellValue, formats: ValueFormats): string {
  const instant = typeof value === 'string' ? Date.parse(value) : Number.NaN
  if (Number.isNaN(instant)) return String(value)
  const isThisYear = wallClockOf(instant, formats).year === wallClockOf(formats.now(), formats).year
  return (isThisYear ? formats.dateTime : formats.dateTimeWithYear).format(instant)
}

/** The text an editor starts with and a copy carries: read back by `parseTyped` it is the same value. */
export function editTextOf(field: ValueField, value: CellValue, formats: ValueFormats): string {
  if (value === null) return ''
  switch (field.type) {
    case 'number':
      return typeof value === 'number' ? numberText(value, formats) : String(value)
    case 'checkbox':
      return typeof value === 'boolean' ? String(value).toUpperCase() : String(value)
    case 'date-time':
      return instantText(value, formats)
    case 'person':
    case 'single-select':
      return optionOf(field, value)?.name ?? String(value)
    case 'date':
    case 'text':
    case 'long-text':
    case 'url':
    case 'record-key':
      return String(value)
  }
}

const numberText = (value: number, { decimal }: ValueFormats): string => String(value).replace('.', decimal)

function instantText(value: CellValue, formats: ValueFormats): string {
  const instant = typeof value === 'string' ? Date.parse(value) : Number.NaN
  if (Number.isNaN(instant)) return String(value)
  const w = wallClockOf(instant, formats)
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

/** Whether two values of a field are the same to a person: instants are compared as instants, the empty text is the empty cell. */
export function sameFieldValue(field: Pick<ValueField, 'type'>, a: CellValue, b: CellValue): boolean {
  if (a === b || (isEmpty(a) && isEmpty(b))) return true
  if (field.type !== 'date-time' || typeof a !== 'string' || typeof b !== 'string') return false
  return Date.parse(a) === Date.parse(b)
}

const isEmpty = (value: CellValue): boolean => value === null || value === ''

/** Sort order of a field's values; empty cells come last. */
export function compareValues(field: ValueField, a: CellValue, b: CellValue, formats: ValueFormats): number {
  if (isEmpty(a) || isEmpty(b)) return Number(isEmpty(a)) - Number(isEmpty(b))
  switch (field.type) {
    case 'number':
      return typeof a === 'number' && typeof b === 'number' ? a - b : byText(a, b, formats)
    case 'checkbox':
      return Number(a === true) - Number(b === true)
    case 'date':
      return a === b ? 0 : String(a) < String(b) ? -1 : 1
    case 'date-time':
      return Date.parse(String(a)) - Date.parse(String(b)) || byText(a, b, formats)
    case 'single-select':
      return rankOf(field, a) - rankOf(field, b) || byText(showValue(field, a, formats), showValue(field, b, formats), formats)
    case 'person':
      return byText(showValue(field, a, formats), showValue(field, b, formats), formats)
    case 'text':
    case 'long-text':
    case 'url':
    case 'record-key':
      return byText(a, b, formats)
  }
}

const byText = (a: CellValue, b: CellValue, { collator }: ValueFormats): number => collator.compare(String(a), String(b))

/** Options sort in the order the field lists them, unknown values after them. */
function rankOf(field: ValueField, value: CellValue): number {
  const option = optionOf(field, value)
  return option === undefined ? field.options.length : field.options.indexOf(option)
}
