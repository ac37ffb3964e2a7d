import { fullId } from './ids.ts'
import { secondsOf } from './records.ts'
import { objectNamed, type SfField, type SfValue } from './schema.ts'

/** A value as it will be stored, what is wrong with it for its record, or that the whole request cannot be read. */
export type Parsed =
  | { readonly kind: 'value'; readonly value: SfValue }
  | { readonly kind: 'refused'; readonly code: string; readonly message: string }
  | { readonly kind: 'unreadable'; readonly message: string }

const stored = (value: SfValue): Parsed => ({ kind: 'value', value })
const refuse = (code: string, message: string): Parsed => ({ kind: 'refused', code, message })

function unreadable(type: string, json: unknown): Parsed {
  const token = json === null ? 'VALUE_NULL' : `VALUE_${(typeof json === 'number' ? 'number_float' : typeof json).toUpperCase()}`
  const shown = typeof json === 'object' ? JSON.stringify(json) : String(json)
  return {
    kind: 'unreadable',
    message: `Cannot deserialize instance of ${type} from ${token} value ${shown} or request may be missing a required field at [line:1, column:2]`,
  }
}

/** Half away from zero, by the digits that are written: 1.005 to two places is 1.01. */
export function roundTo(value: number, scale: number): number {
  const [digits = '0', exponent = '0'] = Math.abs(value).toString().split('e')
  const rounded = Number(`${Math.round(Number(`${digits}e${Number(exponent) + scale}`))}e${-scale}`)
  return value < 0 ? 0 - rounded : rounded
}

/** Reads the JSON of one field the way Salesforce stores it: trimmed, empty as nothing, whole seconds, rounded to the field's scale. */
export function parseValue(field: SfField, json: unknown): Parsed {
  if (json === null || json === undefined || json === '') return stored(field.type === 'boolean' ? false : null)
  switch (field.type) {
    case 'boolean':
      if (typeof json === 'boolean') return stored(json)
      return typeof json === 'string' && /^(true|false)$/i.test(json) ? stored(json.toLowerCase() === 'true') : unreadable('boolean', json)
    case 'int':
    case 'double':
    case 'currency':
    case 'percent':
      return parseNumber(field, json)
    case 'date':
      return parseDate(json)
    case 'datetime':
      return parseTime(json)
    case 'reference':
    case 'id':
      return typeof json === 'string' ? parseReference(field, json.trim()) : unreadable('reference', json)
    case 'address':
      return unreadable('address', json)
    default:
      return typeof json === 'object' ? unreadable(field.type, json) : parseText(field, String(json))
  }
}

function parseNumber(field: SfField, json: unknown): Parsed {
  const number = typeof json === 'number' ? json : typeof json === 'string' && json.trim() !== '' ? Number(json) : Number.NaN
  if (!Number.isFinite(number)) return unreadable(field.type === 'int' ? 'int' : 'double', json)
  if (field.type === 'int' && !Number.isInteger(number)) return unreadable('int', json)
  const rounded = roundTo(number, field.scale)
  if (Math.abs(rounded) >= 10 ** (field.precision - field.scale)) {
    return refuse('NUMBER_OUTSIDE_VALID_RANGE', `${field.label}: value outside of valid range on numeric field: ${number}`)
  }
  return stored(rounded)
}

function parseDate(json: unknown): Parsed {
  const found = typeof json === 'string' ? /^(\d{4}-\d{2}-\d{2})(T.*)?$/.exec(json.trim()) : null
  const date = found?.[1]
  const ms = date === undefined ? Number.NaN : Date.parse(`${date}T00:00:00Z`)
  if (date === undefined || Number.isNaN(ms) || new Date(ms).toISOString().slice(0, 10) !== date) return unreadable('date', json)
  return stored(date)
}

function parseTime(json: unknown): Parsed {
  const text = typeof json === 'string' ? json.trim().replace(/([+-]\d{2})(\d{2})$/, '$1:$2') : ''
  const isWhole = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})$/.test(text)
  const ms = isWhole ? Date.parse(text) : /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN
  return Number.isNaN(ms) ? unreadable('datetime', json) : stored(secondsOf(ms))
}

function parseReference(field: SfField, text: string): Parsed {
  const id = fullId(text)
  if (id === undefined) return refuse('MALFORMED_ID', `${field.label}: id value of incorrect type: ${text}`)
  const isOfType = field.referenceTo.some((name) => objectNamed(name)?.keyPrefix === id.slice(0, 3))
  return isOfType ? stored(id) : refuse('MALFORMED_ID', `${field.label}: id value of incorrect type: ${text}`)
}

function parseText(field: SfField, given: string): Parsed {
  const trimmed = given.trim()
  if (trimmed === '') return stored(null)
  // Long texts keep their lines as a browser would send them.
  const text = field.type === 'textarea' ? trimmed.replace(/\r\n|\r|\n/g, '\r\n') : trimmed
  if (field.type === 'picklist') return parsePicklist(field, text)
  if (field.type === 'multipicklist') return parseMultiPicklist(field, text)
  if (field.type === 'email' && !/^[^\s@,;<>()"]+@[^\s@.,;]+(\.[^\s@.,;]+)+$/.test(text)) {
    return refuse('INVALID_EMAIL_ADDRESS', `${field.label}: invalid email address: ${text}`)
  }
  if (text.length > field.length) {
    return refuse('STRING_TOO_LONG', `${field.label}: data value too large: ${text.slice(0, 255)} (max length=${field.length})`)
  }
  return stored(text)
}

function parsePicklist(field: SfField, text: string): Parsed {
  if (text.length > field.length)
    return refuse('STRING_TOO_LONG', `${field.label}: data value too large: ${text} (max length=${field.length})`)
  if (!field.restrictedPicklist || field.values.some(({ value, active }) => active && value === text)) return stored(text)
  return refuse('INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST', `${field.label}: bad value for restricted picklist field: ${text}`)
}

/** Several values come back in the order of the field's definition, each once; new ones of an open list stand at the end. */
function parseMultiPicklist(field: SfField, text: string): Parsed {
  const given = [...new Set(text.split(';').map((part) => part.trim()))].filter((part) => part !== '')
  const known = field.values.filter(({ value, active }) => active && given.includes(value)).map(({ value }) => value)
  const others = given.filter((value) => !known.includes(value))
  if (others[0] !== undefined && field.restrictedPicklist) {
    return refuse('INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST', `${field.label}: bad value for restricted picklist field: ${others[0]}`)
  }
  return stored([...known, ...others].join(';') || null)
}

/** A time as it goes over the wire: milliseconds and an offset without a colon. */
export const wireTime = (iso: string): string => `${iso.slice(0, 19)}.000+0000`

/** A stored value as it goes over the wire. */
export function wireValue(field: Pick<SfField, 'type'>, value: SfValue): SfValue {
  return field.type === 'datetime' && typeof value === 'string' ? wireTime(value) : value
}
