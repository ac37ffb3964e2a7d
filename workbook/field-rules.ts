import { type CellValue, choicesOf } from './cell-value.ts'
import { isEmail, isPhone, safeUrl, showValue, type ValueFormats } from './field-values.ts'
import { type Field, isNumeric, type Pattern } from './fields.ts'
import { optionsOf } from './typed-choices.ts'
import { quote } from './typed-text.ts'

const MATCHES: Record<Pattern, (text: string) => boolean> = {
  email: isEmail,
  url: (text) => safeUrl(text) !== undefined,
  phone: isPhone,
  digits: (text) => /^\p{Nd}+$/u.test(text),
  letters: (text) => /^[\p{L}\p{M}\s'’-]+$/u.test(text),
  'no-spaces': (text) => !/\s/u.test(text),
}

const WANTED: Record<Pattern, string> = {
  email: 'an e-mail address',
  url: 'a whole address (https://…)',
  phone: 'a phone number',
  digits: 'digits only',
  letters: 'letters only',
  'no-spaces': 'a text without spaces',
}

/**
 * Why a value is not what its field should hold, in words; `undefined` where it is. Such a value is kept and marked: what another window
 * or a paste has written is never thrown away. Of a connected field the app is the judge, besides the rules people gave it here.
 */
export function invalidReason(field: Field, value: CellValue, formats: ValueFormats): string | undefined {
  const { rules } = field
  if (value === null || value === '') return rules?.required === true ? 'This field must not be empty.' : undefined
  const misfit = field.binding === undefined ? misfitOf(field, value) : undefined
  if (misfit !== undefined || rules === undefined) return misfit
  return rangeBroken(field, value, formats) ?? patternBroken(rules.pattern, value)
}

function misfitOf(field: Field, value: CellValue): string | undefined {
  if (isNumeric(field.type)) return typeof value === 'number' ? undefined : `${quote(String(value))} is not a number.`
  switch (field.type) {
    case 'checkbox':
      return typeof value === 'boolean' ? undefined : `${quote(String(value))} is neither yes nor no.`
    case 'date':
      return /^\d{4}-\d{2}-\d{2}$/u.test(String(value)) ? undefined : `${quote(String(value))} is not a date.`
    case 'date-time':
      return typeof value === 'string' && !Number.isNaN(Date.parse(value))
        ? undefined
        : `${quote(String(value))} is not a date with a time.`
    case 'email':
      return isEmail(String(value)) ? undefined : `${quote(String(value))} is not an e-mail address.`
    case 'url':
      return safeUrl(value) !== undefined ? undefined : `${quote(String(value))} is not a whole address.`
    case 'single-select':
    case 'multi-select': {
      const held = field.type === 'multi-select' ? choicesOf(value) : [String(value)]
      const unknown = held.flatMap((id) => optionsOf(field, JSON.stringify([id]))).find((option) => option.retired)
      return unknown === undefined ? undefined : `${quote(unknown.name)} is no longer an option of this field.`
    }
    default:
      return undefined
  }
}

function rangeBroken(field: Field, value: CellValue, formats: ValueFormats): string | undefined {
  const { min, max } = field.rules ?? {}
  const isText = typeof value === 'string'
  if (!isText && typeof value !== 'number') return undefined
  const size = isText ? value.length : value
  const said = (limit: number): string => (isText ? `${limit} characters` : showValue(field, limit, formats))
  if (min !== undefined && size < min)
    return isText ? `At least ${said(min)} are wanted here; this has ${size}.` : `The least allowed here is ${said(min)}.`
  if (max !== undefined && size > max)
    return isText ? `At most ${said(max)} are wanted here; this has ${size}.` : `The most allowed here is ${said(max)}.`
  return undefined
}

function patternBroken(pattern: Pattern | undefined, value: CellValue): string | undefined {
  if (pattern === undefined || typeof value !== 'string' || MATCHES[pattern](value)) return undefined
  return `${quote(value)} should be ${WANTED[pattern]}.`
}
