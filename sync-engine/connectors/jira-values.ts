import { type CellValue, choicesOf, choicesValue } from '../../workbook/cell-value.ts'
import type { FieldType } from '../../workbook/fields.ts'
import { matchOption } from '../options.ts'
import { adfOfText, isAdfDocument, plainText, textOfAdf } from './adf.ts'
import type { ExternalField } from './connector.ts'

/** The form a field takes in Jira's JSON. `shown` is read as text and never written. */
export const WIRES = [
  'text',
  'adf',
  'words',
  'number',
  'date',
  'date-time',
  'url',
  'named',
  'option',
  'check',
  'account',
  'accounts',
  'choices',
  'sprint',
  'parent',
  'key',
  'shown',
] as const
export type Wire = (typeof WIRES)[number]

/** What Jira's `schema` of a field says about it. */
export interface JiraSchema {
  readonly type: string
  readonly items?: string | undefined
  readonly system?: string | undefined
  readonly custom?: string | undefined
}

export interface JiraKind {
  readonly type: FieldType
  readonly wire: Wire
  /** Why no push may write it, where the kind alone decides. */
  readonly reason?: string
}

const shown = (reason: string): JiraKind => ({ type: 'text', wire: 'shown', reason })
const COMPUTED = 'Jira computes this field.'
const NOT_YET = 'Tidebook shows this kind of Jira field and cannot write it yet.'

/** Fields that Jira keeps by itself, whatever a screen offers. */
const SYSTEM: Readonly<Record<string, JiraKind>> = {
  issuekey: { type: 'record-key', wire: 'key', reason: 'Jira gives out the keys.' },
  status: { type: 'single-select', wire: 'named' },
  project: { type: 'single-select', wire: 'named', reason: 'Move the issue in Jira to change its project.' },
  created: { type: 'date-time', wire: 'date-time', reason: COMPUTED },
  updated: { type: 'date-time', wire: 'date-time', reason: COMPUTED },
  resolutiondate: { type: 'date-time', wire: 'date-time', reason: COMPUTED },
  statuscategorychangedate: { type: 'date-time', wire: 'date-time', reason: COMPUTED },
  lastViewed: { type: 'date-time', wire: 'date-time', reason: COMPUTED },
  creator: { type: 'person', wire: 'account', reason: COMPUTED },
  resolution: { type: 'single-select', wire: 'named', reason: 'Jira sets the resolution when the status changes.' },
  description: { type: 'long-text', wire: 'adf' },
  environment: { type: 'long-text', wire: 'adf' },
  labels: { type: 'text', wire: 'words' },
  parent: { type: 'text', wire: 'parent' },
}

/** The last part of a custom field's type, where it says more than `schema.type`. */
const CUSTOM: Readonly<Record<string, JiraKind>> = {
  textarea: { type: 'long-text', wire: 'adf' },
  url: { type: 'url', wire: 'url' },
  multicheckboxes: { type: 'checkbox', wire: 'check' },
  labels: { type: 'text', wire: 'words' },
  'gh-sprint': { type: 'single-select', wire: 'sprint' },
}

/** Lists, by what they are lists of. */
const LISTS: Readonly<Record<string, JiraKind>> = {
  option: { type: 'multi-select', wire: 'choices' },
  version: { type: 'multi-select', wire: 'choices' },
  component: { type: 'multi-select', wire: 'choices' },
  user: { type: 'multi-select', wire: 'accounts' },
  string: { type: 'text', wire: 'words' },
}

const TYPES: Readonly<Record<string, JiraKind>> = {
  string: { type: 'text', wire: 'text' },
  number: { type: 'number', wire: 'number' },
  date: { type: 'date', wire: 'date' },
  datetime: { type: 'date-time', wire: 'date-time' },
  user: { type: 'person', wire: 'account' },
  priority: { type: 'single-select', wire: 'named' },
  issuetype: { type: 'single-select', wire: 'named' },
  securitylevel: { type: 'single-select', wire: 'named' },
  option: { type: 'single-select', wire: 'option' },
}

/** How a field is kept here, by what Jira says of its schema. */
export function jiraKindOf(id: string, schema: JiraSchema | undefined): JiraKind {
  const system = SYSTEM[id]
  if (system) return system
  if (!schema) return shown(NOT_YET)
  const isComputed = /^(aggregate|time|workratio|progress)/u.test(id)
  if (isComputed) return schema.type === 'number' ? { type: 'number', wire: 'number', reason: COMPUTED } : shown(COMPUTED)
  const custom = schema.custom?.split(':').at(-1)
  const list = schema.type === 'array' && schema.items !== undefined ? LISTS[schema.items] : undefined
  return (custom !== undefined ? CUSTOM[custom] : undefined) ?? list ?? TYPES[schema.type] ?? shown(NOT_YET)
}

/** A date-time as Jira writes it (`2024-01-31T09:15:00.000+0000`) → ISO in UTC; `undefined` where it is none. */
export function instantOf(text: string): string | undefined {
  const found = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(Z|[+-]\d{2}:?\d{2})$/u.exec(text)
  if (!found) return undefined
  const date = new Date(text.replace(/([+-]\d{2})(\d{2})$/u, '$1:$2'))
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString()
}

/** ISO in UTC → the one form of a date-time that Jira takes. */
export const jiraInstant = (iso: string): string => iso.replace(/Z$/u, '+0000')

const wordsOf = (text: string): readonly string[] => [...new Set(text.split(/\s+/u).filter(Boolean))].sort()

/** A value read from Jira; `people` names the accounts it holds. */
export interface JiraValue {
  readonly value: CellValue
  readonly people?: readonly { readonly id: string; readonly name: string }[]
}

const part = (json: unknown, key: string): unknown =>
  typeof json === 'object' && json !== null ? (json as Record<string, unknown>)[key] : undefined
const textOrNothing = (json: unknown): string | undefined => (typeof json === 'string' ? json : undefined)
const asValue = (value: CellValue | undefined): JiraValue | undefined =>
  value === undefined ? undefined : { value: value === '' ? null : value }

/** Jira's JSON of one field → the cell's value; `undefined` where it is in no form that field has. */
export function readJiraValue(wire: Wire, json: unknown): JiraValue | undefined {
  if (json === null || json === undefined) return { value: wire === 'check' ? false : null }
  switch (wire) {
    case 'text':
    case 'url':
    case 'key':
      return asValue(textOrNothing(json))
    case 'adf':
      return isAdfDocument(json) ? asValue(textOfAdf(json)) : typeof json === 'string' ? asValue(plainText(json)) : undefined
    case 'words':
      return Array.isArray(json) && json.every((word) => typeof word === 'string') ? asValue(json.join(' ')) : undefined
    case 'number':
      return typeof json === 'number' && Number.isFinite(json) ? { value: json } : undefined
    case 'date':
      return typeof json === 'string' && /^\d{4}-\d{2}-\d{2}$/u.test(json) ? { value: json } : undefined
    case 'date-time':
      return typeof json === 'string' ? asValue(instantOf(json)) : undefined
    case 'named':
      return asValue(textOrNothing(part(json, 'name')))
    case 'option':
      return asValue(textOrNothing(part(json, 'value')))
    case 'check':
      return Array.isArray(json) ? { value: json.length > 0 } : undefined
    case 'account': {
      const person = personOf(json)
      return person && { value: person.id, people: [person] }
    }
    case 'accounts': {
      const people = Array.isArray(json) ? json.map(personOf) : [undefined]
      if (!people.every((person) => person !== undefined)) return undefined
      return { value: choicesValue(people.map(({ id }) => id)), people }
    }
    case 'choices': {
      const ids = Array.isArray(json) ? json.map((item) => textOrNothing(part(item, 'id'))) : [undefined]
      return ids.every((id) => id !== undefined) ? { value: choicesValue(ids) } : undefined
    }
    case 'sprint':
      return sprintOf(json)
    case 'parent':
      return asValue(textOrNothing(part(json, 'key')))
    case 'shown':
      return asValue(shownText(json) || null)
  }
}

function personOf(json: unknown): { readonly id: string; readonly name: string } | undefined {
  const id = textOrNothing(part(json, 'accountId'))
  return id === undefined ? undefined : { id, name: textOrNothing(part(json, 'displayName')) ?? id }
}

/** An issue is in one sprint that is not over, and remembers those that are. */
function sprintOf(json: unknown): JiraValue | undefined {
  if (!Array.isArray(json)) return undefined
  const open = json.filter((sprint) => part(sprint, 'state') !== 'closed').at(-1)
  return open === undefined ? { value: null } : asValue(textOrNothing(part(open, 'name')))
}

/** What a person would read in a value of a kind that Tidebook does not know; empty where nothing says it. */
function shownText(json: unknown): string {
  if (typeof json === 'string') return instantOf(json) ?? json
  if (typeof json === 'number' || typeof json === 'boolean') return String(json)
  if (Array.isArray(json)) return json.map(shownText).filter(Boolean).join(', ')
  if (isAdfDocument(json)) return textOfAdf(json)
  const named = ['displayName', 'name', 'value', 'key'].map((key) => part(json, key)).find((text) => typeof text === 'string')
  return typeof named === 'string' ? named : ''
}

const isWire = (wire: string | undefined): wire is Wire => WIRES.some((known) => known === wire)

/** The form of a field of a description; what a refresh has not told yet goes by the field's type. */
export function wireOf(field: Pick<ExternalField, 'wire'> | undefined, id: string): Wire {
  if (isWire(field?.wire)) return field.wire
  return (
    SYSTEM[id]?.wire ??
    {
      summary: 'text' as const,
      priority: 'named' as const,
      issuetype: 'named' as const,
      assignee: 'account' as const,
      reporter: 'account' as const,
      duedate: 'date' as const,
    }[id] ??
    'shown'
  )
}

/** The cell's value → the JSON that Jira takes for it in an edit or a create. */
export function jiraBodyOf(field: ExternalField, value: CellValue): unknown {
  const wire = wireOf(field, field.id)
  if (value === null || value === '') return EMPTY_LISTS.includes(wire) ? [] : null
  const match = matchOption(field, value)
  const text = String(match.kind === 'match' ? match.value : value)
  switch (wire) {
    case 'adf':
      return adfOfText(text)
    case 'words':
      return wordsOf(text)
    case 'date-time':
      return jiraInstant(text)
    case 'named':
      return { name: text }
    case 'option':
      return { value: text }
    case 'account':
      return { accountId: text }
    case 'accounts':
      return choicesOf(value).map((accountId) => ({ accountId }))
    case 'choices':
      return choicesOf(value).map((id) => ({ id }))
    case 'sprint':
      // Jira takes the sprint's number; a name it does not know is refused by its own words.
      return sprintNumber(field, text)
    case 'parent':
      return { key: text.trim().toUpperCase() }
    case 'check':
      return value === true ? (field.options ?? []).slice(0, 1).map((option) => ({ id: option.id })) : []
    case 'text':
    case 'url':
    case 'key':
    case 'number':
    case 'date':
    case 'shown':
      return value
  }
}

const EMPTY_LISTS: readonly Wire[] = ['words', 'check', 'choices', 'accounts']

function sprintNumber(field: ExternalField, name: string): unknown {
  const id = Number(field.options?.find((option) => option.name === name)?.id ?? Number.NaN)
  return Number.isSafeInteger(id) ? id : name
}

/** The form Jira is known to give a value: what a push of it is expected to come back as. */
export function normaliseJiraValue(field: ExternalField, value: CellValue): CellValue {
  const wire = wireOf(field, field.id)
  if (wire === 'check') return value === true
  if (typeof value !== 'string') return value
  switch (wire) {
    case 'text':
    case 'url':
      return value.trim() || null
    case 'adf':
      return plainText(value) || null
    case 'words':
      return wordsOf(value).join(' ') || null
    case 'date-time':
      return instantOf(value) ?? value
    case 'choices':
    case 'accounts':
      return choicesValue(choicesOf(value))
    case 'parent':
      return value.trim().toUpperCase() || null
    case 'named':
    case 'sprint':
    case 'option': {
      const match = matchOption(field, value)
      return (match.kind === 'match' ? match.value : value) || null
    }
    case 'number':
    case 'date':
    case 'account':
    case 'key':
    case 'shown':
      return value || null
  }
}
