import { type CellValue, choicesOf, choicesValue, MAX_TEXT_LENGTH } from './cell-value.ts'
import type { Field } from './fields.ts'
import { optionOf, optionsOf, optionsText, optionText, parseOption, parseOptions, shownOption } from './typed-choices.ts'
import { instantText, onClock, parseDate, parseDateTime, showDay, showInstant } from './typed-dates.ts'
import {
  durationText,
  numberText,
  parseCurrency,
  parseDuration,
  parseNumber,
  parsePercent,
  parseRating,
  percentText,
  showCurrency,
  showDuration,
  showNumber,
  showPercent,
  showRating,
} from './typed-numbers.ts'
import { no, ok, type Parsed, quote } from './typed-text.ts'
import type { ValueFormats } from './value-formats.ts'

export { optionOf } from './typed-choices.ts'
export type { Parsed } from './typed-text.ts'
export { makeValueFormats, type ValueFormats } from './value-formats.ts'

/** The part of a field that decides how its values are read and shown. */
export type ValueField = Pick<Field, 'type' | 'options' | 'format'> & {
  readonly binding?: Pick<NonNullable<Field['binding']>, 'maxLength'>
}

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
    case 'currency':
      return parseCurrency(text, field.format, formats)
    case 'percent':
      return parsePercent(text, formats)
    case 'duration':
      return parseDuration(text, formats)
    case 'rating':
      return parseRating(text, field.format)
    case 'checkbox':
      return parseCheckbox(text)
    case 'date':
      return parseDate(text, formats)
    case 'date-time':
      return parseDateTime(text, onClock(formats, field.format?.timeZone))
    case 'single-select':
      return parseOption(field, text, 'option')
    case 'multi-select':
      return parseOptions(field, text)
    case 'person':
      return parseOption(field, text, 'person')
    case 'email':
      return parseEmail(field, text)
    case 'phone':
      return parsePhone(field, text)
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

const YES: ReadonlySet<string> = new Set(['true', 'yes', 'y', '1', 'x', 'on', '✓', '☑'])
const NO: ReadonlySet<string> = new Set(['false', 'no', 'n', '0', 'off', '☐'])

function parseCheckbox(text: string): Parsed {
  const folded = text.normalize('NFKC').trim().toLowerCase()
  if (YES.has(folded)) return ok(true)
  return NO.has(folded) ? ok(false) : no(`${quote(text)} is neither yes nor no.`)
}

/** Good enough to write to: one @, no spaces, a domain with a dot. Whether it exists, only a letter can tell. */
const EMAIL = /^[^\s@<>(),;:"]+@[^\s@<>(),;:"]+\.[^\s@<>(),;:".]{2,}$/u

export const isEmail = (text: string): boolean => EMAIL.test(text)

function parseEmail(field: ValueField, text: string): Parsed {
  const bare = text.trim().replace(/^mailto:/iu, '')
  if (isEmail(bare)) return parseText(field, bare)
  const within = /<([^<>\s]+)>/u.exec(bare)?.[1]
  const hint = within !== undefined && isEmail(within) ? ` Did you mean ${within}?` : ' Write it like ana@example.com.'
  return no(`${quote(text)} is not an e-mail address.${hint}`)
}

/** Digits with the signs people put between them, and an extension; kept as it was written. */
const PHONE = /^\+?[\d\s().\-/\u2011]+(?:\s*(?:ext\.?|x|#|-)\s*\d{1,6})?$/iu

export function isPhone(text: string): boolean {
  const digits = text.replace(/\D/gu, '').length
  return PHONE.test(text) && digits >= 3 && digits <= 21
}

function parsePhone(field: ValueField, text: string): Parsed {
  const bare = text.trim().replace(/^tel:/iu, '')
  return isPhone(bare) ? parseText(field, bare) : no(`${quote(text)} is not a phone number. Write it like +49 30 1234567.`)
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
  return no(`${quote(text)} is not a whole address. Write it like ${hint}.`)
}

/** A value as a person reads it; the empty text for the empty cell. A value of another type than the field's is shown as it is. */
export function showValue(field: ValueField, value: CellValue, formats: ValueFormats): string {
  if (value === null) return ''
  switch (field.type) {
    case 'number':
      return showNumber(value, field.format, formats)
    case 'currency':
      return showCurrency(value, field.format, formats)
    case 'percent':
      return showPercent(value, field.format, formats)
    case 'duration':
      return showDuration(value, field.format)
    case 'rating':
      return showRating(value, field.format)
    case 'checkbox':
      return value === true ? 'Yes' : value === false ? 'No' : String(value)
    case 'date':
      return showDay(value, field.format, formats)
    case 'date-time':
      return showInstant(value, field.format, formats)
    case 'person':
    case 'single-select':
      return shownOption(field, value)
    case 'multi-select':
      return optionsOf(field, value)
        .map((option) => option.name)
        .join(', ')
    case 'text':
    case 'long-text':
    case 'email':
    case 'phone':
    case 'url':
    case 'record-key':
      return String(value)
  }
}

/** The text an editor starts with and a copy carries: read back by `parseTyped` it is the same value. */
export function editTextOf(field: ValueField, value: CellValue, formats: ValueFormats): string {
  if (value === null) return ''
  switch (field.type) {
    case 'number':
    case 'currency':
      return typeof value === 'number' ? numberText(value, formats) : String(value)
    case 'percent':
      return typeof value === 'number' ? percentText(value, formats) : String(value)
    case 'duration':
      return typeof value === 'number' ? durationText(value, formats) : String(value)
    case 'checkbox':
      return typeof value === 'boolean' ? String(value).toUpperCase() : String(value)
    case 'date-time':
      return instantText(value, onClock(formats, field.format?.timeZone))
    case 'person':
    case 'single-select':
      return optionText(field, value)
    case 'multi-select':
      return optionsText(field, value)
    case 'rating':
    case 'date':
    case 'text':
    case 'long-text':
    case 'email':
    case 'phone':
    case 'url':
    case 'record-key':
      return String(value)
  }
}

/** Whether two values of a field are the same to a person: instants as instants, choices whatever their order, the empty text and the empty cell. */
export function sameFieldValue(field: Pick<ValueField, 'type'>, a: CellValue, b: CellValue): boolean {
  if (a === b || (isEmpty(a) && isEmpty(b))) return true
  if (typeof a !== 'string' || typeof b !== 'string') return false
  if (field.type === 'multi-select') return choicesValue(choicesOf(a)) === choicesValue(choicesOf(b))
  return field.type === 'date-time' && Date.parse(a) === Date.parse(b)
}

const isEmpty = (value: CellValue): boolean => value === null || value === ''

/** Sort order of a field's values; empty cells come last. */
export function compareValues(field: ValueField, a: CellValue, b: CellValue, formats: ValueFormats): number {
  if (isEmpty(a) || isEmpty(b)) return Number(isEmpty(a)) - Number(isEmpty(b))
  switch (field.type) {
    case 'number':
    case 'currency':
    case 'percent':
    case 'duration':
    case 'rating':
      return typeof a === 'number' && typeof b === 'number' ? a - b : byText(a, b, formats)
    case 'checkbox':
      return Number(a === true) - Number(b === true)
    case 'date':
      return a === b ? 0 : String(a) < String(b) ? -1 : 1
    case 'date-time':
      return Date.parse(String(a)) - Date.parse(String(b)) || byText(a, b, formats)
    case 'single-select':
      return rankOf(field, a) - rankOf(field, b) || byText(showValue(field, a, formats), showValue(field, b, formats), formats)
    case 'multi-select':
      return byRanks(field, a, b) || byText(showValue(field, a, formats), showValue(field, b, formats), formats)
    case 'person':
      return byText(showValue(field, a, formats), showValue(field, b, formats), formats)
    case 'text':
    case 'long-text':
    case 'email':
    case 'phone':
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

/** Several options sort like words whose letters are the options; a value that is the beginning of another comes first. */
function byRanks(field: ValueField, a: CellValue, b: CellValue): number {
  const [ranksA, ranksB] = [a, b].map((value) => optionsOf(field, value).map((option) => rankOf(field, option.id)))
  for (let i = 0; i < Math.min(ranksA?.length ?? 0, ranksB?.length ?? 0); i++) {
    const distance = (ranksA?.[i] ?? 0) - (ranksB?.[i] ?? 0)
    if (distance !== 0) return distance
  }
  return (ranksA?.length ?? 0) - (ranksB?.length ?? 0)
}
