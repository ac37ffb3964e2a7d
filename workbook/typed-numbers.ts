import type { CellValue } from './cell-value.ts'
import type { FieldFormat } from './fields.ts'
import { escapeRegExp, fold, latinDigits, no, ok, type Parsed, quote } from './typed-text.ts'
import { numberFormat, type ValueFormats } from './value-formats.ts'

/** A number's text with a point and no groups, or what is wrong with it. */
type Plain = { readonly plain: string } | { readonly error: string }

/** Digits with the locale's own separators; groups must stand where groups stand, so that `1,5` is never read as 15. */
function plainNumber(text: string, { decimal, group }: ValueFormats): Plain {
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
    return { error: `${quote(text)} is not a number.${hint}` }
  }
  return { plain: bare.replaceAll(groupSign, '').replace(latinDigits(decimal), '.') }
}

/** The number a plain text stands for, with its point moved; never one that keeps fewer digits than were typed. */
function numberOf(plain: string, text: string, shift = 0): Parsed {
  const value = Number(movePoint(plain, shift))
  if (!Number.isFinite(value)) return no(`${quote(text)} is not a number that can be kept.`)
  const significant = plain
    .replace(/[eE].*$/u, '')
    .replace(/\D/gu, '')
    .replace(/^0+/u, '')
    .replace(/0+$/u, '')
  if (significant.length > 15 && !isExact(significant, value)) {
    return no(`${quote(text)} has more digits than a number keeps. Use a text field for it.`)
  }
  return ok(value === 0 ? 0 : value)
}

/** Multiplies a number's text by a power of ten without computing: 0.07 is 7 %, not 7.000000000000001 %. */
function movePoint(plain: string, places: number): string {
  const [mantissa = '', exponent = '0'] = plain.toLowerCase().split('e')
  return places === 0 ? plain : `${mantissa}e${Number(exponent) + places}`
}

/** The digits of a number's shortest text that are not only its size. */
const digitsOf = (value: number): string =>
  String(Math.abs(value)).replace(/e.*$/u, '').replace(/\D/gu, '').replace(/^0+/u, '').replace(/0+$/u, '')

/** Whether a number's shortest text holds the same digits as were typed. */
const isExact = (significant: string, value: number): boolean => digitsOf(value) === significant

export function parseNumber(text: string, formats: ValueFormats): Parsed {
  const read = plainNumber(text, formats)
  return 'error' in read ? no(read.error) : numberOf(read.plain, text)
}

/** `25` and `25 %` are both a quarter, which is kept as 0.25. */
export function parsePercent(text: string, formats: ValueFormats): Parsed {
  const bare = text
    .trim()
    .replace(/\s*[%٪]$/u, '')
    .replace(/^%\s*/u, '')
  const read = plainNumber(bare, formats)
  return 'error' in read ? no(read.error) : numberOf(read.plain, text, -2)
}

const DEFAULT_CURRENCY = 'EUR'
export const currencyOf = (format: FieldFormat | undefined): string => {
  const code = format?.currency ?? DEFAULT_CURRENCY
  return /^[A-Z]{3}$/u.test(code) ? code : DEFAULT_CURRENCY
}

/** Signs that stand for one currency alone wherever the field's own does not claim them. */
const SIGNS: Readonly<Record<string, string>> = {
  '€': 'EUR',
  $: 'USD',
  '£': 'GBP',
  '¥': 'JPY',
  '₹': 'INR',
  '₩': 'KRW',
  '₽': 'RUB',
  '₺': 'TRY',
}

/** An amount with or without its currency; another currency's is refused, since no rate is known here. `(5)` is a loss. */
export function parseCurrency(text: string, format: FieldFormat | undefined, formats: ValueFormats): Parsed {
  const code = currencyOf(format)
  const own = signsOf(code, formats)
  let bare = text.trim()
  const isLoss = /^\(.*\)$/u.test(bare)
  if (isLoss) bare = bare.slice(1, -1).trim()
  const minus = /^[-\u2212\u2013]\s*/u.exec(bare)?.[0] ?? ''
  bare = bare.slice(minus.length)
  const sign = own.find((s) => bare.toUpperCase().startsWith(s.toUpperCase()) || bare.toUpperCase().endsWith(s.toUpperCase()))
  if (sign !== undefined) {
    bare = bare.toUpperCase().startsWith(sign.toUpperCase()) ? bare.slice(sign.length) : bare.slice(0, -sign.length)
  } else {
    const other = Object.keys(SIGNS).find((s) => bare.includes(s)) ?? /(?:^|[\d\s])([A-Z]{3})(?=$|[\d\s])/u.exec(bare)?.[1]
    if (other !== undefined)
      return no(`This field holds ${code}; ${quote(text)} is in ${SIGNS[other] ?? other}. Write the amount in ${code}.`)
  }
  const read = plainNumber(bare.trim(), formats)
  if ('error' in read) return no(`${quote(text)} is not an amount.${read.error.replace(/^.*?is not a number\./u, '')}`)
  if ((isLoss || minus !== '') && /^[+-]/u.test(read.plain)) return no(`${quote(text)} is not an amount.`)
  return numberOf(isLoss || minus !== '' ? `-${read.plain}` : read.plain, text)
}

function signsOf(code: string, formats: ValueFormats): readonly string[] {
  const shown = (currencyDisplay: 'symbol' | 'narrowSymbol'): string | undefined =>
    numberFormat(formats, { style: 'currency', currency: code, currencyDisplay })
      .formatToParts(1)
      .find((part) => part.type === 'currency')?.value
  return [code, shown('symbol'), shown('narrowSymbol')].filter((sign) => sign !== undefined)
}

const UNIT_SECONDS: readonly (readonly [RegExp, number])[] = [
  [/^(?:d|days?|tage?n?)$/u, 86_400],
  [/^(?:h|hrs?|hours?|std\.?|stunden?)$/u, 3600],
  [/^(?:m|min\.?|mins?|minutes?|minuten?)$/u, 60],
  [/^(?:s|sec\.?|secs?|seconds?|sek\.?|sekunden?)$/u, 1],
]

/** Hours and minutes (`1:30`, `1:30:15`), or numbers with their unit (`1 h 30 min`, `90m`, `1.5h`); kept in seconds. A bare number is none. */
export function parseDuration(text: string, formats: ValueFormats): Parsed {
  const bare = latinDigits(fold(text)).replace(/^[\u2212\u2013]/u, '-')
  const clock = /^(-?)(\d{1,9}):([0-5]\d)(?::([0-5]\d))?$/u.exec(bare)
  if (clock !== null) {
    const seconds = Number(clock[2]) * 3600 + Number(clock[3]) * 60 + Number(clock[4] ?? 0)
    return ok(clock[1] === '-' && seconds !== 0 ? -seconds : seconds)
  }
  const sign = bare.startsWith('-') ? -1 : 1
  const parts = [...bare.replace(/^[-+]\s*/u, '').matchAll(/([^\sa-z]+(?:e[+-]?\d+)?)\s*([a-z.]*)\s*/gu)]
  const isWhole = parts.map((part) => part[0]).join('') === bare.replace(/^[-+]\s*/u, '')
  let total = 0
  for (const [, amount = '', unit = ''] of isWhole ? parts : []) {
    const scale = UNIT_SECONDS.find(([names]) => names.test(unit))?.[1]
    const read = parseNumber(amount, formats)
    if (scale === undefined && /^\d+$/u.test(bare)) {
      return no(`Say what ${quote(text)} counts: ${bare}m for minutes, ${bare}h for hours, or write it like 1:30.`)
    }
    if (scale === undefined || !read.ok || typeof read.value !== 'number') return notADuration(text)
    total += read.value * scale
  }
  return parts.length === 0 || !isWhole || !Number.isFinite(total) ? notADuration(text) : ok(total === 0 ? 0 : sign * total)
}

const notADuration = (text: string): Parsed => no(`${quote(text)} is not a duration. Write it like 1:30, 90m or 1h 30m.`)

export const starsOf = (format: FieldFormat | undefined): number => format?.stars ?? 5

/** 1 to the field's most; 0 is the empty cell. Stars may be typed or pasted. */
export function parseRating(text: string, format: FieldFormat | undefined): Parsed {
  const most = starsOf(format)
  const bare = latinDigits(text.trim()).replace(/\s*\/\s*\d+$/u, '')
  const filled = /^(★*)☆*$/u.exec(bare)?.[1]
  const value = filled === undefined ? (/^\d{1,2}$/u.test(bare) ? Number(bare) : Number.NaN) : filled.length
  if (value === 0) return ok(null)
  return value >= 1 && value <= most ? ok(value) : no(`${quote(text)} is not a rating from 1 to ${most}.`)
}

export const numberText = (value: number, { decimal }: ValueFormats): string => String(value).replace('.', decimal)

/** The text of a percent value that is read back as the same number. */
export function percentText(value: number, formats: ValueFormats): string {
  const moved = Number(movePoint(String(value), 2))
  const isSame = Number.isFinite(moved) && digitsOf(moved) === digitsOf(value) && Number(movePoint(String(moved), -2)) === value
  return `${isSame ? numberText(moved, formats) : movePoint(String(value), 2).replace('.', formats.decimal)}%`
}

const LONGEST_CLOCK = 999_999_999 * 3600

/** The text of a duration that is read back as the same number of seconds. */
export function durationText(value: number, formats: ValueFormats): string {
  if (!Number.isInteger(value) || Math.abs(value) > LONGEST_CLOCK) return `${numberText(value, formats)}s`
  return clockText(value, value % 60 !== 0)
}

function clockText(value: number, hasSeconds: boolean): string {
  const whole = Math.abs(value)
  const two = (n: number): string => String(n).padStart(2, '0')
  const minutes = Math.floor((whole % 3600) / 60)
  const text = `${Math.floor(whole / 3600)}:${two(minutes)}${hasSeconds ? `:${two(Math.floor(whole % 60))}` : ''}`
  return value < 0 ? `-${text}` : text
}

/** A number in the field's own form. */
export function showNumber(value: CellValue, format: FieldFormat | undefined, formats: ValueFormats): string {
  if (typeof value !== 'number') return String(value)
  if (format === undefined) return formats.number.format(value)
  return shown(value, format, formats, {})
}

export function showCurrency(value: CellValue, format: FieldFormat | undefined, formats: ValueFormats): string {
  if (typeof value !== 'number') return String(value)
  return shown(value, format ?? {}, formats, { style: 'currency', currency: currencyOf(format) })
}

export function showPercent(value: CellValue, format: FieldFormat | undefined, formats: ValueFormats): string {
  if (typeof value !== 'number') return String(value)
  return shown(value, format ?? {}, formats, { style: 'percent' })
}

function shown(value: number, format: FieldFormat, formats: ValueFormats, style: Intl.NumberFormatOptions): string {
  const { decimals, thousands, negative } = format
  const digits =
    decimals !== undefined
      ? { minimumFractionDigits: decimals, maximumFractionDigits: decimals }
      : style.style === 'currency'
        ? {}
        : { maximumFractionDigits: 20 }
  const text = (n: number): string => numberFormat(formats, { ...style, ...digits, useGrouping: thousands !== false }).format(n)
  return negative === 'parentheses' && value < 0 ? `(${text(-value)})` : text(value)
}

export function showDuration(value: CellValue, format: FieldFormat | undefined): string {
  if (typeof value !== 'number') return String(value)
  const isClock = Math.abs(value) <= LONGEST_CLOCK
  return isClock ? clockText(Math.round(value), format?.seconds === true || !Number.isInteger(value / 60)) : `${value} s`
}

export function showRating(value: CellValue, format: FieldFormat | undefined): string {
  const most = starsOf(format)
  const isRating = typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= most
  return isRating ? '★'.repeat(value) + '☆'.repeat(most - value) : String(value)
}
