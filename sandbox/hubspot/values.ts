import type { HubProperty, ObjectType } from './properties.ts'
import { OWNERS, optionsOf } from './site.ts'

/** A value as it is kept (`null`: none), or why HubSpot does not take it. */
export type Formatted =
  | { readonly kind: 'value'; readonly value: string | null }
  | { readonly kind: 'invalid'; readonly error: string; readonly message: string }

const kept = (value: string | null): Formatted => ({ kind: 'value', value: value === '' ? null : value })
const invalid = (error: string, message: string): Formatted => ({ kind: 'invalid', error, message })

const MOST_LETTERS = 65_536
const DAY_MS = 86_400_000

/**
 * What HubSpot makes of a value that a write gives a property: texts trimmed, e-mail addresses in small letters, numbers in one spelling,
 * dates at midnight UTC, choices in the order of the options.
 */
export function formatValue(type: ObjectType, property: HubProperty, given: string, before: string | null): Formatted {
  const text = given.replace(/\r\n?/g, '\n')
  if (text.trim() === '') return kept(null)
  if (text.length > MOST_LETTERS) return invalid('PROPERTY_VALUE_TOO_LONG', `${property.name} is longer than ${MOST_LETTERS} characters.`)
  switch (property.type) {
    case 'number':
      return number(text.trim())
    case 'date':
      return day(text.trim())
    case 'datetime':
      return moment(text.trim())
    case 'bool':
      return choice(type, property, text.trim().toLowerCase())
    case 'enumeration':
      return property.fieldType === 'checkbox' ? choices(type, property, text, before) : choice(type, property, text)
    case 'phone_number':
      return kept(phone(text.trim()))
    case 'string':
      return words(property, text)
  }
}

function words(property: HubProperty, text: string): Formatted {
  if (property.fieldType === 'html') return kept(sanitised(text))
  if (property.fieldType === 'textarea') return kept(withoutControls(text).trim())
  const line = withoutControls(text)
    .replace(/\s*\n\s*/g, ' ')
    .trim()
  if (property.textHint === 'email') {
    const address = line.toLowerCase()
    return /^[^\s@]+@[^\s@]+\.[a-z]{2,}$/.test(address) ? kept(address) : invalid('INVALID_EMAIL', `Email address ${line} is invalid`)
  }
  return kept(property.textHint === 'domain_name' ? hostOf(line) : line)
}

/** A web address as a domain: its host alone, in small letters, without `www.`. */
function hostOf(text: string): string {
  const bare = text.toLowerCase().replace(/^[a-z][a-z0-9+.-]*:\/\//, '')
  return (bare.split(/[/?#\s]/, 1)[0] ?? '').replace(/^www\./, '').replace(/:\d+$/, '')
}

/** A number that begins with a country's sign is kept without the signs between its digits. */
function phone(text: string): string {
  return /^\+[\d\s().-]{7,}$/.test(text) ? `+${text.replace(/\D/g, '')}` : text
}

function number(text: string): Formatted {
  const value = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN
  return Number.isFinite(value) ? kept(String(value === 0 ? 0 : value)) : invalid('INVALID_NUMBER', `${text} was not a valid number.`)
}

function day(text: string): Formatted {
  const atMs = instantOf(text)
  if (atMs === undefined) return invalid('INVALID_DATE', `${text} was not a valid date.`)
  if (atMs % DAY_MS !== 0) {
    const at = new Date(atMs)
    const clock = `${at.getUTCHours()}:${at.getUTCMinutes()}:${at.getUTCSeconds()}.${at.getUTCMilliseconds()}`
    return invalid('INVALID_DATE', `${text} is at ${clock} UTC, not midnight!`)
  }
  return kept(new Date(atMs).toISOString().slice(0, 10))
}

function moment(text: string): Formatted {
  const atMs = instantOf(text)
  return atMs === undefined ? invalid('INVALID_DATE', `${text} was not a valid date time.`) : kept(new Date(atMs).toISOString())
}

/** Milliseconds since 1970, a date, or an ISO instant; `undefined` for anything else. */
export function instantOf(text: string): number | undefined {
  if (/^-?\d{1,15}$/.test(text)) return withinTime(Number(text))
  const found = /^(\d{4})-(\d{2})-(\d{2})(T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2}))?$/.exec(text)
  if (!found) return undefined
  const [, year, month, dayOfMonth] = found
  const isDay = new Date(Date.UTC(Number(year), Number(month) - 1, Number(dayOfMonth))).getUTCDate() === Number(dayOfMonth)
  const parsed = Date.parse(text.replace(/([+-]\d{2})(\d{2})$/, '$1:$2'))
  return isDay && !Number.isNaN(parsed) ? parsed : undefined
}

const withinTime = (atMs: number): number | undefined => (Math.abs(atMs) <= 8_640_000_000_000_000 ? atMs : undefined)

function offered(type: ObjectType, property: HubProperty, value: string): Formatted {
  const options = optionsOf(type, property) ?? []
  if (options.some((option) => option.value === value)) return kept(value)
  if (property.refersTo === 'OWNER') return invalid('INVALID_OWNER_ID', `${value} is not a valid owner ID.`)
  const list = options.map((option) => `label: ${option.label}, value: ${option.value}`).join(' | ')
  return invalid('INVALID_OPTION', `${value} was not one of the allowed options: [${list}]`)
}

function choice(type: ObjectType, property: HubProperty, text: string): Formatted {
  const answer = offered(type, property, text)
  const isGone = property.refersTo === 'OWNER' && OWNERS.some((owner) => owner.id === text && owner.isArchived)
  return isGone ? invalid('INVALID_OWNER_ID', `The owner ${text} is not active.`) : answer
}

/** Several choices, with semicolons between; one that begins with a semicolon adds to what is chosen. */
function choices(type: ObjectType, property: HubProperty, text: string, before: string | null): Formatted {
  const added = text.startsWith(';') && before !== null ? before.split(';') : []
  const wanted = [...added, ...text.split(';')].filter((value) => value !== '')
  const wrong = wanted.map((value) => offered(type, property, value)).find((answer) => answer.kind === 'invalid')
  if (wrong) return wrong
  const inOrder = (optionsOf(type, property) ?? []).map(({ value }) => value).filter((value) => wanted.includes(value))
  return kept(inOrder.join(';'))
}

/** Control characters are dropped, as HubSpot does; line breaks and tabs stay. */
function withoutControls(text: string): string {
  return [...text].filter((letter) => letter >= ' ' || letter === '\n' || letter === '\t').join('')
}

/** HTML without what could run. */
function sanitised(text: string): string {
  return withoutControls(text)
    .replace(/<(script|style|iframe)\b[^>]*>[\s\S]*?(<\/\1\s*>|$)/gi, '')
    .replace(/\son\w+\s*=\s*("[^"]*"|'[^']*'|[^\s>]+)/gi, '')
    .trim()
}
