import { type CellValue, choicesOf, choicesValue } from '../../workbook/cell-value.ts'
import type { FieldType, Option } from '../../workbook/fields.ts'
import { matchOption } from '../options.ts'
import type { ExternalField } from './connector.ts'
import { salesforceId } from './salesforce-ids.ts'

/** The form a field takes in Salesforce's JSON. `shown` and `html` are read as text and never written; `name` is another record's name. */
export const WIRES = [
  'text',
  'long',
  'number',
  'percent',
  'whole',
  'check',
  'date',
  'date-time',
  'pick',
  'picks',
  'person',
  'lookup',
  'id',
  'html',
  'shown',
  'name',
  'marker',
] as const
export type Wire = (typeof WIRES)[number]

/** The parts of a field's `wire`: `number:2` rounds to two places; `name:Account:AccountId` is the name of the account AccountId means. */
export interface WireForm {
  readonly wire: Wire
  readonly scale: number
  readonly target: { readonly object: string; readonly lookup: string } | undefined
}

const isWire = (text: string): text is Wire => WIRES.some((known) => known === text)

/** The form of a field of a description; what no refresh has told yet is text that is only shown. */
export function wireOf(field: Pick<ExternalField, 'wire'> | undefined, id: string): WireForm {
  const [kind = '', first = '', second = ''] = (field?.wire ?? '').split(':')
  const wire = isWire(kind) ? kind : id === 'Id' ? 'id' : 'shown'
  const target = wire === 'name' && first !== '' && second !== '' ? { object: first, lookup: second } : undefined
  return { wire, scale: target === undefined ? Number(first) || 0 : 0, target }
}

/** What Salesforce's describe says of a field, as far as it decides how the field is kept here. */
export interface SalesforceFieldForm {
  readonly type: string
  readonly scale: number
  readonly length: number
  readonly isHtml: boolean
  readonly referenceTo: readonly string[]
}

export interface SalesforceKind {
  readonly type: FieldType
  readonly wire: string
  /** Why no push may write it, where the kind alone decides. */
  readonly reason?: string
}

const NOT_YET = 'Tidebook shows this kind of Salesforce field and cannot write it yet.'

const KINDS: Readonly<Record<string, SalesforceKind>> = {
  id: { type: 'record-key', wire: 'id', reason: 'Salesforce gives out the ids.' },
  string: { type: 'text', wire: 'text' },
  combobox: { type: 'text', wire: 'text' },
  int: { type: 'number', wire: 'whole' },
  long: { type: 'number', wire: 'whole' },
  boolean: { type: 'checkbox', wire: 'check' },
  date: { type: 'date', wire: 'date' },
  datetime: { type: 'date-time', wire: 'date-time' },
  email: { type: 'email', wire: 'text' },
  phone: { type: 'phone', wire: 'text' },
  url: { type: 'url', wire: 'text' },
  picklist: { type: 'single-select', wire: 'pick' },
  multipicklist: { type: 'multi-select', wire: 'picks' },
  address: { type: 'text', wire: 'shown', reason: 'Salesforce puts this address together from its parts; change those.' },
  location: { type: 'text', wire: 'shown', reason: 'Salesforce puts this place together from its parts; change those.' },
}

/** How a field is kept here; `undefined` for kinds no cell can show. */
export function salesforceKindOf({ type, scale, isHtml, referenceTo }: SalesforceFieldForm): SalesforceKind | undefined {
  switch (type) {
    case 'textarea':
      if (!isHtml) return { type: 'long-text', wire: 'long' }
      return {
        type: 'long-text',
        wire: 'html',
        reason: 'Tidebook shows this text without its formatting, and does not write it so that none is lost.',
      }
    case 'double':
      return { type: 'number', wire: `number:${scale}` }
    case 'currency':
      return { type: 'currency', wire: `number:${scale}` }
    case 'percent':
      return { type: 'percent', wire: `percent:${scale}` }
    case 'reference':
      return referenceTo.includes('User') ? { type: 'person', wire: 'person' } : { type: 'text', wire: 'lookup' }
    case 'base64':
    case 'complexvalue':
    case 'json':
      return undefined
    default:
      return KINDS[type] ?? { type: 'text', wire: 'shown', reason: NOT_YET }
  }
}

/** A number with its decimal point moved, by its digits, so that 12.3 becomes 0.123 and nothing else. */
export const shifted = (value: number, places: number): number => {
  const [digits = '0', exponent = '0'] = String(value).split('e')
  return Number(`${digits}e${Number(exponent) + places}`)
}

/** Half away from zero to so many places, by the digits that are written: 1.005 to two is 1.01. */
export function rounded(value: number, scale: number): number {
  const cut = shifted(Math.round(shifted(Math.abs(value), scale)), -scale)
  return value < 0 ? 0 - cut : cut
}

/** A date-time as Salesforce writes it (`2024-01-31T09:15:00.000+0000`) → ISO in UTC; `undefined` where it is none. */
export function instantOf(text: string): string | undefined {
  const found = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(Z|[+-]\d{2}:?\d{2})$/u.exec(text)
  if (!found) return undefined
  const date = new Date(text.replace(/([+-]\d{2})(\d{2})$/u, '$1:$2'))
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString()
}

const wholeSeconds = (iso: string): string => `${iso.slice(0, 19)}.000Z`
const isDay = (text: string): boolean =>
  /^\d{4}-\d{2}-\d{2}$/u.test(text) &&
  !Number.isNaN(Date.parse(`${text}T00:00:00Z`)) &&
  new Date(`${text}T00:00:00Z`).toISOString().startsWith(text)

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: ' ' }

/** What a person reads in a rich text: its words and lines, without its formatting. */
export function textOfHtml(html: string): string {
  return html
    .replace(/\r\n?|\n/gu, ' ')
    .replace(/<br\s*\/?>|<\/(p|div|li|h[1-6]|tr)>/giu, '\n')
    .replace(/<[^>]*>/gu, '')
    .replace(/&(#\d+|#x[0-9a-f]+|\w+);/giu, (whole, name: string) => {
      if (!name.startsWith('#')) return ENTITIES[name.toLowerCase()] ?? whole
      const code = /^#x/iu.test(name) ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1))
      return code > 0 && code <= 0x10_ff_ff ? String.fromCodePoint(code) : whole
    })
    .replace(/[ \t]*\n[ \t]*/gu, '\n')
    .trim()
}

/** What a person would read in a value of a kind that Tidebook does not know: an address by its parts, in the order of the street. */
function shownText(json: unknown): string {
  if (typeof json === 'string') return instantOf(json) ?? json
  if (typeof json === 'number' || typeof json === 'boolean') return String(json)
  if (typeof json !== 'object' || json === null) return ''
  const part = (name: string): string => shownText((json as Record<string, unknown>)[name])
  const lines = ['street', 'postalCode', 'city', 'state', 'country'].map(part).filter((text) => text !== '')
  return lines.length > 0
    ? lines.join(', ').replace(/\s*\r?\n\s*/gu, ', ')
    : [part('latitude'), part('longitude')].filter(Boolean).join(', ')
}

const asValue = (value: string): { value: CellValue } => ({ value: value === '' ? null : value })

/** Salesforce's JSON of one field → the cell's value; `undefined` where it is in no form that field has. */
export function readSalesforceValue(
  field: Pick<ExternalField, 'wire' | 'options'> | undefined,
  id: string,
  json: unknown,
): { value: CellValue } | undefined {
  const { wire } = wireOf(field, id)
  if (json === null || json === undefined) return { value: wire === 'check' ? false : null }
  switch (wire) {
    case 'number':
    case 'whole':
      return typeof json === 'number' && Number.isFinite(json) ? { value: json } : undefined
    case 'percent':
      return typeof json === 'number' && Number.isFinite(json) ? { value: shifted(json, -2) } : undefined
    case 'check':
      return typeof json === 'boolean' ? { value: json } : undefined
    case 'shown':
      return asValue(shownText(json))
    default:
      return typeof json === 'string' ? textValue(wire, field?.options ?? [], json) : undefined
  }
}

function textValue(wire: Wire, options: readonly Option[], json: string): { value: CellValue } | undefined {
  switch (wire) {
    case 'long':
      return asValue(json.replace(/\r\n?/gu, '\n'))
    case 'html':
      return asValue(textOfHtml(json))
    case 'date':
      return isDay(json) ? { value: json } : undefined
    case 'date-time': {
      const instant = instantOf(json)
      return instant === undefined ? undefined : { value: instant }
    }
    case 'pick':
      return asValue(options.find(({ id }) => id === json)?.name ?? json)
    case 'picks':
      return { value: choicesValue(json.split(';').filter((part) => part !== '')) }
    case 'id':
    case 'lookup':
    case 'person':
      return asValue(salesforceId(json) ?? json)
    default:
      return asValue(json)
  }
}

/** The option of a picklist that a cell's text means: by its label, else by its own value. */
function picked(field: ExternalField, text: string): string {
  const match = matchOption(field, text)
  const name = match.kind === 'match' && typeof match.value === 'string' ? match.value : text
  return field.options?.find((option) => option.name === name)?.id ?? name
}

/** A multi-select picklist in the order of its definition, as Salesforce answers it. */
function joined(field: ExternalField, value: CellValue): string | null {
  const wanted = choicesOf(value)
  const known = (field.options ?? []).filter(({ id }) => wanted.includes(id)).map(({ id }) => id)
  return [...known, ...wanted.filter((id) => !known.includes(id))].join(';') || null
}

/** The cell's value → the JSON that Salesforce takes for it. */
export function salesforceBodyOf(field: ExternalField, value: CellValue): unknown {
  const { wire, scale } = wireOf(field, field.id)
  if (value === null || value === '') return wire === 'check' ? false : null
  switch (wire) {
    case 'percent':
      return typeof value === 'number' ? rounded(shifted(value, 2), scale) : value
    case 'whole':
      // A part of a whole number would refuse every record of its call.
      return typeof value === 'number' ? rounded(value, 0) : value
    case 'pick':
      return typeof value === 'string' ? picked(field, value) : value
    case 'picks':
      return joined(field, value)
    case 'date-time':
      return typeof value === 'string' ? (instantOf(value) ?? value) : value
    case 'lookup':
    case 'person':
      return typeof value === 'string' ? (salesforceId(value.trim()) ?? value) : value
    default:
      return value
  }
}

/** Whether Salesforce can read a value at all: one that it cannot would refuse every record of its call. */
export function isReadable(field: ExternalField, value: CellValue): boolean {
  if (value === null || value === '') return true
  switch (wireOf(field, field.id).wire) {
    case 'number':
    case 'percent':
    case 'whole':
      return typeof value === 'number'
    case 'check':
      return typeof value === 'boolean'
    case 'date':
      return typeof value === 'string' && isDay(value)
    case 'date-time':
      return typeof value === 'string' && instantOf(value) !== undefined
    case 'shown':
    case 'html':
    case 'name':
      return false
    default:
      return typeof value === 'string'
  }
}

/** The form Salesforce is known to give a value: what a push of it is expected to come back as. */
export function normaliseSalesforceValue(field: ExternalField, value: CellValue): CellValue {
  const { wire, scale } = wireOf(field, field.id)
  if (wire === 'check') return value === true
  if (typeof value === 'number') {
    if (wire === 'number' || wire === 'whole') return rounded(value, wire === 'whole' ? 0 : scale)
    return wire === 'percent' ? shifted(rounded(shifted(value, 2), scale), -2) : value
  }
  if (typeof value !== 'string') return value
  switch (wire) {
    case 'text':
      return value.trim() || null
    case 'long':
      return value.replace(/\r\n?/gu, '\n').trim() || null
    case 'date-time': {
      const instant = instantOf(value)
      return instant === undefined ? value : wholeSeconds(instant)
    }
    case 'pick': {
      const id = picked(field, value.trim())
      return (field.options?.find((option) => option.id === id)?.name ?? id) || null
    }
    case 'picks':
      return choicesValue(
        choicesOf(value)
          .flatMap((choice) => choice.split(';'))
          .map((choice) => choice.trim())
          .filter((choice) => choice !== ''),
      )
    case 'lookup':
    case 'person':
    case 'id':
      return salesforceId(value.trim()) ?? (value.trim() || null)
    default:
      return value || null
  }
}
