import { type CellValue, choicesOf, choicesValue } from '../../workbook/cell-value.ts'
import type { FieldType, Option } from '../../workbook/fields.ts'
import { matchOption } from '../options.ts'
import type { ExternalField } from './connector.ts'
import type { HubProperty } from './hubspot-answers.ts'

/** The form a property takes in HubSpot's JSON, where every value is text. `shown` is read as text and never written. */
export const WIRES = [
  'line',
  'lines',
  'html',
  'email',
  'domain',
  'phone',
  'number',
  'ms',
  'date',
  'instant',
  'bool',
  'option',
  'options',
  'owner',
  'user',
  'key',
  'linked',
  'shown',
] as const
export type Wire = (typeof WIRES)[number]

export interface HubKind {
  readonly type: FieldType
  readonly wire: Wire
  /** Why no push may write it, where the kind alone decides. */
  readonly reason?: string
}

const NOT_YET = 'Tidebook shows this kind of HubSpot property and cannot write it yet.'
const FORMATTED = 'Tidebook shows the text of this formatted property and does not write it, so that its formatting stays.'

/** How a property is kept here, by what HubSpot says of it. */
export function hubKindOf(property: HubProperty): HubKind {
  const { name, type, fieldType } = property
  if (name === 'hs_object_id') return { type: 'record-key', wire: 'key', reason: 'HubSpot gives out the record IDs.' }
  if (name === UPDATED_BY) return { type: 'person', wire: 'user', reason: 'HubSpot notes who changed a record last.' }
  if (property.referencedObjectType === 'OWNER') return { type: 'person', wire: 'owner' }
  switch (type) {
    case 'number':
      return numberKind(property.numberDisplayHint)
    case 'date':
      return { type: 'date', wire: 'date' }
    case 'datetime':
      return { type: 'date-time', wire: 'instant' }
    case 'bool':
      return { type: 'checkbox', wire: 'bool' }
    case 'enumeration':
      if (fieldType === 'booleancheckbox') return { type: 'checkbox', wire: 'bool' }
      return fieldType === 'checkbox' ? { type: 'multi-select', wire: 'options' } : { type: 'single-select', wire: 'option' }
    case 'phone_number':
      return { type: 'phone', wire: 'phone' }
    case 'string':
      return textKind(property)
    default:
      return { type: 'text', wire: 'shown', reason: NOT_YET }
  }
}

function numberKind(hint: string | null | undefined): HubKind {
  if (hint === 'currency') return { type: 'currency', wire: 'number' }
  if (hint === 'percentage' || hint === 'probability') return { type: 'percent', wire: 'number' }
  return hint === 'duration' ? { type: 'duration', wire: 'ms' } : { type: 'number', wire: 'number' }
}

function textKind({ name, fieldType, textDisplayHint: hint }: HubProperty): HubKind {
  if (fieldType === 'html') return { type: 'long-text', wire: 'html', reason: FORMATTED }
  if (fieldType === 'textarea' || hint === 'multi_line') return { type: 'long-text', wire: 'lines' }
  if (fieldType === 'phonenumber' || hint === 'phone_number') return { type: 'phone', wire: 'phone' }
  if (hint === 'email' || name === 'email') return { type: 'email', wire: 'email' }
  if (hint === 'domain_name' || name === 'domain') return { type: 'text', wire: 'domain' }
  if (fieldType === 'file') return { type: 'text', wire: 'shown', reason: NOT_YET }
  return { type: name === 'website' ? 'url' : 'text', wire: 'line' }
}

const isWire = (wire: string | undefined): wire is Wire => WIRES.some((known) => known === wire)

/** The user who changed a record last. */
export const UPDATED_BY = 'hs_updated_by_user_id'
/** Prefix of the fields that show associated records: `associations.companies`. */
export const LINKED = 'associations.'

/** The form of a field of a description; one that a refresh has not told yet is read as text. */
export function wireOf(field: Pick<ExternalField, 'wire'> | undefined, id: string): Wire {
  if (isWire(field?.wire)) return field.wire
  if (id === 'hs_object_id') return 'key'
  return id.startsWith(LINKED) ? 'linked' : 'line'
}

/** Text of HTML as a person reads it: line ends kept, marks and signs of escaping gone. */
export function textOfHtml(html: string): string {
  return html
    .replace(/<\s*br\s*\/?>|<\/\s*(p|div|li|h[1-6]|tr)\s*>/giu, '\n')
    .replace(/<[^>]*>/gu, '')
    .replace(/&(nbsp|#160);/giu, ' ')
    .replace(/&lt;/giu, '<')
    .replace(/&gt;/giu, '>')
    .replace(/&quot;|&#34;/giu, '"')
    .replace(/&#39;|&apos;/giu, "'")
    .replace(/&amp;/giu, '&')
    .replace(/\n{3,}/gu, '\n\n')
    .trim()
}

/** A day or instant as HubSpot writes it (ISO, or ms since 1970); `undefined` where it is none. */
function instantOf(text: string): Date | undefined {
  const date = new Date(/^-?\d+$/u.test(text) ? Number(text) : text)
  return Number.isNaN(date.getTime()) ? undefined : date
}

const nameOf = (options: readonly Option[] | undefined, value: string): string =>
  options?.find((option) => option.id === value)?.name ?? value
const sentOf = (options: readonly Option[] | undefined, name: string): string => options?.find((option) => option.name === name)?.id ?? name

/** HubSpot's text of a property → the cell's value; `undefined` where it is in no form that property has. */
export function readHubValue(field: Pick<ExternalField, 'wire' | 'options'> & { id: string }, json: unknown): CellValue | undefined {
  if (json === null || json === undefined || json === '') return null
  if (typeof json !== 'string' && typeof json !== 'number' && typeof json !== 'boolean') return undefined
  const text = String(json)
  switch (wireOf(field, field.id)) {
    case 'number':
      return finite(text, 1)
    case 'ms':
      return finite(text, 1000)
    case 'date':
      return instantOf(text)?.toISOString().slice(0, 10)
    case 'instant':
      return instantOf(text)?.toISOString()
    case 'bool':
      return { true: true, false: false }[text.toLowerCase()]
    case 'option':
      return nameOf(field.options, text)
    case 'options':
      return choicesValue(
        text
          .split(';')
          .filter(Boolean)
          .map((value) => nameOf(field.options, value)),
      )
    case 'html':
      return textOfHtml(text) || null
    default:
      return text
  }
}

function finite(text: string, unit: number): number | undefined {
  const number = Number(text)
  return text.trim() === '' || !Number.isFinite(number) ? undefined : number / unit
}

/** The cell's value → the text that HubSpot takes for it; an empty text clears. */
export function hubTextOf(field: ExternalField, value: CellValue): string {
  if (value === null || value === '') return ''
  switch (wireOf(field, field.id)) {
    case 'option': {
      const match = matchOption(field, value)
      return sentOf(field.options, String(match.kind === 'match' ? match.value : value))
    }
    case 'options':
      return choicesOf(value)
        .map((name) => sentOf(field.options, name))
        .join(';')
    case 'ms':
      return typeof value === 'number' ? String(Math.round(value * 1000)) : String(value)
    default:
      return String(value)
  }
}

const collapsed = (text: string): string => text.replace(/\s*\n\s*/gu, ' ').trim()

/** The host of a web address, as HubSpot keeps a domain. */
function hostOf(text: string): string {
  const bare = collapsed(text)
    .toLowerCase()
    .replace(/^[a-z][a-z0-9+.-]*:\/\//u, '')
  return (bare.split(/[/?#\s]/u, 1)[0] ?? '').replace(/^www\./u, '').replace(/:\d+$/u, '')
}

/** The form HubSpot is known to give a value: what a push of it is expected to come back as. */
export function normaliseHubValue(field: ExternalField, value: CellValue): CellValue {
  if (typeof value !== 'string') return value
  const text = value.replace(/\r\n?/gu, '\n')
  if (text.trim() === '') return null
  switch (wireOf(field, field.id)) {
    case 'line':
      return collapsed(text) || null
    case 'lines':
      return text.trim()
    case 'email':
      return collapsed(text).toLowerCase()
    case 'domain':
      return hostOf(text) || null
    case 'phone':
      return /^\+[\d\s().-]{7,}$/u.test(text.trim()) ? `+${text.replace(/\D/gu, '')}` : text.trim()
    case 'instant':
      return instantOf(text)?.toISOString() ?? value
    case 'options':
      return choicesValue(choicesOf(value))
    default:
      return value
  }
}
