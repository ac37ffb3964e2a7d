import { z } from 'zod'
import { HUBSPOT_RATE_LIMIT_REASONS } from '../faults.ts'
import { type Answer, jsonError } from '../http.ts'
import type {
  AppFace,
  Choice,
  Column,
  FormField,
  FormResult,
  ListQuery,
  ListRow,
  RecordAction,
  RecordList,
  RecordPage,
  RecordsRequest,
} from '../screen/face.ts'
import { controlShape, EDITORS } from './control.ts'
import type { PropertyFault } from './errors.ts'
import type { HubControlView, HubSpotApp } from './hubspot.ts'
import type { HubRecord } from './model.ts'
import { type HubProperty, OBJECT_TYPES, type ObjectType, objectType } from './properties.ts'
import type { Patch, Writer } from './records.ts'
import { tokensOf } from './search.ts'
import { APP_ID, optionsOf, PORTAL_ID } from './site.ts'
import { readProperties } from './write.ts'

/** What a list shows of each object besides its key and its stamp. */
const COLUMNS: Readonly<Record<string, readonly (readonly [property: string, kind: Column['kind']])[]>> = {
  companies: [
    ['name', 'main'],
    ['tier', 'status'],
    ['domain', 'meta'],
    ['city', 'meta'],
    ['numberofemployees', 'number'],
  ],
  contacts: [
    ['hs_full_name_or_email', 'main'],
    ['lifecyclestage', 'status'],
    ['email', 'meta'],
    ['jobtitle', 'meta'],
  ],
  deals: [
    ['dealname', 'main'],
    ['dealstage', 'status'],
    ['closedate', 'date'],
    ['amount', 'number'],
  ],
  tickets: [
    ['subject', 'main'],
    ['hs_pipeline_stage', 'status'],
    ['hs_ticket_priority', 'meta'],
    ['due_date', 'date'],
  ],
  subscriptions: [
    ['name', 'main'],
    ['plan', 'status'],
    ['subscription_code', 'meta'],
    ['starts_on', 'date'],
    ['monthly_amount', 'number'],
  ],
}

const listOf = (type: ObjectType): RecordList => ({
  id: type.id,
  name: type.plural,
  noun: type.singular.toLowerCase(),
  columns: [
    { name: 'Record ID', kind: 'key' },
    ...(COLUMNS[type.id] ?? []).map(([name, kind]) => ({ name: labelOf(type, name), kind })),
    { name: 'Updated (UTC)', kind: 'date' },
  ],
})

const labelOf = (type: ObjectType, name: string): string => type.properties.find((property) => property.name === name)?.label ?? name

const [FIRST_TYPE, ...OTHER_TYPES] = OBJECT_TYPES
if (FIRST_TYPE === undefined) throw new Error('The portal has no objects.')
const LISTS: readonly [RecordList, ...RecordList[]] = [listOf(FIRST_TYPE), ...OTHER_TYPES.map(listOf)]

/** The property itself as it is typed, besides what is chosen from its options. */
const patchShape = z.strictObject({
  properties: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
  as: z.string().optional(),
})
const mergeShape = z.strictObject({ into: z.string(), as: z.string().optional() })

/** What people see of the stand-in HubSpot: its records by object, its dial, its settings. */
export class HubFace implements AppFace {
  readonly id = 'hubspot'
  readonly name = 'HubSpot'
  readonly lists = LISTS
  readonly dialFields: readonly Choice[] = allFields()
  readonly rateLimitReasons = HUBSPOT_RATE_LIMIT_REASONS
  readonly editors = EDITORS
  readonly #app: HubSpotApp

  constructor(app: HubSpotApp) {
    this.#app = app
  }

  summary(): string {
    return OBJECT_TYPES.map((type) => `${this.#app.records.size(type).toLocaleString('en')} ${type.plural.toLowerCase()}`).join(', ')
  }

  facts(base: string): readonly (readonly [string, string])[] {
    const { token, clientId, clientSecret, developerKey } = this.#app.credentials
    return [
      ['Address', base],
      ['Private app token', token],
      ['Client ID', clientId],
      ['Client secret', clientSecret],
      ['Portal', String(PORTAL_ID)],
      ['App', String(APP_ID)],
      ['Developer API key', developerKey],
    ]
  }

  list(list: string, { search, startAt, maxResults }: ListQuery): { total: number; rows: readonly ListRow[] } {
    const type = typeNamed(list)
    const found = this.#search(type, search)
    return { total: found.length, rows: found.slice(startAt, startAt + maxResults).map((record) => this.#row(type, record)) }
  }

  record(list: string, id: string): RecordPage | undefined {
    const type = typeNamed(list)
    const record = this.#app.records.find(type, id)
    return record && this.#page(type, record)
  }

  blank(list: string): Pick<RecordPage, 'values' | 'fields'> {
    return { values: {}, fields: fieldsOf(typeNamed(list)) }
  }

  edit(list: string, id: string, changed: Readonly<Record<string, string>>, as: string | undefined): FormResult {
    const type = typeNamed(list)
    const record = this.#app.records.find(type, id)
    if (!record) return refused('', `There is no ${type.singular.toLowerCase()} ${id}.`)
    return this.#edited(type, record, wireOf(type, changed), as)
  }

  create(list: string, values: Readonly<Record<string, string>>, as: string | undefined): FormResult {
    const type = typeNamed(list)
    const writer = this.#writer(as)
    if (!writer) return refused('as', noPerson(as))
    const filled = Object.fromEntries(Object.entries(values).filter(([, text]) => text !== '' && text !== 'false'))
    const read = readProperties(type, wireOf(type, filled), this.#app.records, undefined)
    if (read.kind === 'invalid') return { kind: 'refused', errors: errorsOf(read.faults) }
    return { kind: 'done', id: this.#app.records.create(type, read.patch, writer).id, said: 'created' }
  }

  act(list: string, id: string, verb: string, form: URLSearchParams): FormResult | undefined {
    const type = typeNamed(list)
    const { records } = this.#app
    const record = records.find(type, id)
    if (!record) return undefined
    const writer = this.#app.writer()
    switch (verb) {
      case 'delete':
        records.archive(type, record, writer)
        return { kind: 'done', id: undefined, said: 'deleted' }
      case 'restore':
        return { kind: 'done', id: records.restore(type, record, writer).id, said: 'restored' }
      case 'merge': {
        const winner = records.find(type, (form.get('into') ?? '').trim())
        if (!winner || winner.id === record.id || winner.archivedAt !== null)
          return refused('into', 'Give the record ID of another record.')
        return { kind: 'done', id: records.merge(type, winner, record, writer).id, said: 'merged' }
      }
      case 'hide':
      case 'show':
        this.#app.control({ app: 'hubspot', [verb]: [record.id] })
        return { kind: 'done', id: record.id, said: verb === 'hide' ? 'hidden' : 'shown' }
      default:
        return undefined
    }
  }

  /** Links of HubSpot's own screens: `/contacts/{portal}/record/0-2/123`. */
  redirect([first, , third, word = '', id = '']: readonly string[]): string | undefined {
    const type = first === 'contacts' && third === 'record' ? objectType(word) : undefined
    return type && `/sandbox/hubspot/${type.id}/${encodeURIComponent(id)}`
  }

  controlView(): HubControlView {
    return this.#app.controlView()
  }

  control(read: RecordsRequest['read']): { readonly error: Answer } | undefined {
    const control = read(controlShape)
    if ('error' in control) return control
    this.#app.control(control.data)
    return undefined
  }

  shortPath(path: string): string {
    return path.replace('/crm/v3', '')
  }

  /** `/sandbox/hubspot/records/{object}`: the same records for scripts and tests. */
  records({ method, parts, query, read }: RecordsRequest): Answer {
    const [word = '', id = '', verb = ''] = parts
    const type = objectType(word)
    if (!type) return jsonError(404, `There is no object ${word}; there are ${OBJECT_TYPES.map((one) => one.id).join(', ')}.`)
    if (id === '') return method === 'GET' ? this.#jsonList(type, query) : this.#jsonCreate(type, method, read)
    const record = this.#app.records.find(type, id)
    if (!record) return jsonError(404, `There is no ${type.singular.toLowerCase()} ${id}.`)
    if (method === 'POST' && verb === 'merge') {
      const given = read(mergeShape)
      if ('error' in given) return given.error
      const winner = this.#app.records.find(type, given.data.into)
      if (!winner || winner.id === record.id) return jsonError(400, 'Give the id of another record.')
      return { status: 200, json: this.#view(type, this.#app.records.merge(type, winner, record, this.#app.writer())) }
    }
    if (verb !== '') return jsonError(404, 'There is no such address.')
    return this.#jsonOne(type, record, method, read)
  }

  #jsonOne(type: ObjectType, record: HubRecord, method: string, read: RecordsRequest['read']): Answer {
    if (method === 'GET') return { status: 200, json: this.#view(type, record) }
    if (method === 'DELETE') {
      this.#app.records.archive(type, record, this.#app.writer())
      return { status: 204 }
    }
    if (method !== 'PATCH') return { ...jsonError(405, 'Use GET, PATCH or DELETE.'), headers: { Allow: 'GET, PATCH, DELETE' } }
    const given = read(patchShape)
    if ('error' in given) return given.error
    return this.#answered(type, this.#edited(type, record, given.data.properties, given.data.as), 200)
  }

  #jsonList(type: ObjectType, query: URLSearchParams): Answer {
    const number = (name: string, fallback: number): number => {
      const value = Number.parseInt(query.get(name) ?? '', 10)
      return Number.isNaN(value) || value < 0 ? fallback : value
    }
    const [startAt, maxResults] = [number('startAt', 0), Math.min(1000, number('maxResults', 50))]
    const found = this.#search(type, query.get('search') ?? '')
    const records = found.slice(startAt, startAt + maxResults).map((record) => this.#view(type, record))
    return { status: 200, json: { startAt, maxResults, total: found.length, records } }
  }

  #jsonCreate(type: ObjectType, method: string, read: RecordsRequest['read']): Answer {
    if (method !== 'POST') return { ...jsonError(405, 'Use GET or POST.'), headers: { Allow: 'GET, POST' } }
    const given = read(patchShape)
    if ('error' in given) return given.error
    const writer = this.#writer(given.data.as)
    if (!writer) return jsonError(400, noPerson(given.data.as))
    const { properties } = given.data
    const made = readProperties(type, properties, this.#app.records, undefined)
    const result: FormResult =
      made.kind === 'invalid'
        ? { kind: 'refused', errors: errorsOf(made.faults) }
        : { kind: 'done', id: this.#app.records.create(type, made.patch, writer).id, said: 'created' }
    return this.#answered(type, result, 201)
  }

  #answered(type: ObjectType, result: FormResult, status: number): Answer {
    if (result.kind === 'done') {
      const record = this.#app.records.find(type, result.id ?? '')
      return record ? { status, json: this.#view(type, record) } : { status: 204 }
    }
    const text = Object.entries(result.errors).map(([field, message]) => `${field}: ${message}`)
    return { status: 400, json: { error: text.join(' '), errors: result.errors } }
  }

  #edited(type: ObjectType, record: HubRecord, given: Readonly<Record<string, unknown>>, as: string | undefined): FormResult {
    const writer = this.#writer(as)
    if (!writer) return refused('as', noPerson(as))
    const read = readProperties(type, given, this.#app.records, record)
    if (read.kind === 'invalid') return { kind: 'refused', errors: errorsOf(read.faults) }
    // People may set a stage back; only the API's writes pass over that.
    const patch: Patch =
      typeof given.lifecyclestage === 'string' && given.lifecyclestage !== ''
        ? { ...read.patch, lifecyclestage: given.lifecyclestage }
        : read.patch
    const edited = this.#app.records.edit(type, record, patch, writer)
    return { kind: 'done', id: edited.id, said: edited === record ? 'unchanged' : 'saved' }
  }

  #writer(as: string | undefined): Writer | undefined {
    return as === undefined || EDITORS.includes(as) ? this.#app.writer(as) : undefined
  }

  #search(type: ObjectType, text: string): readonly HubRecord[] {
    const { records } = this.#app
    const words = tokensOf(text)
    const all = records.all(type)
    if (words.length === 0) return all
    const byId = records.find(type, text.trim())
    if (byId) return [byId]
    return all.filter((record) => {
      const known = type.searchable.flatMap((name) => tokensOf(records.value(type, record, name) ?? ''))
      return words.every((word) => known.some((token) => token.startsWith(word)))
    })
  }

  #row(type: ObjectType, record: HubRecord): ListRow {
    const cells = (COLUMNS[type.id] ?? []).map(([name, kind]) => this.#shown(type, record, name, kind))
    return { id: record.id, cells: [record.id, ...cells, minute(record.updatedAt)], isHidden: this.#app.portal.isHidden(record.id) }
  }

  /** A value as a person reads it: an option by its label. */
  #shown(type: ObjectType, record: HubRecord, name: string, kind: Column['kind']): string {
    const value = this.#app.records.value(type, record, name) ?? ''
    const property = type.properties.find((one) => one.name === name)
    const label = property && optionsOf(type, property)?.find((option) => option.value === value)?.label
    return label ?? (kind === 'date' ? value.slice(0, 10) : value)
  }

  #view(type: ObjectType, record: HubRecord) {
    const properties = Object.fromEntries(type.properties.map(({ name }) => [name, this.#app.records.value(type, record, name)]))
    const { id, createdAt, updatedAt, archivedAt, mergedIds } = record
    return { id, properties, createdAt, updatedAt, archivedAt, mergedIds, isHidden: this.#app.portal.isHidden(id) }
  }

  #page(type: ObjectType, record: HubRecord): RecordPage {
    const { records, portal } = this.#app
    const name = records.value(type, record, type.nameProperty)
    const lines = [...record.changes].reverse().map(({ by, property, from, to, at }) => ({
      text: `${by} changed ${labelOf(type, property)}: ${from ?? 'none'} → ${to ?? 'none'}`,
      at,
    }))
    return {
      id: record.id,
      title: name ?? record.id,
      values: Object.fromEntries(fieldsOf(type).map((field) => [field.name, formText(record.properties[field.name] ?? '', field)])),
      fields: fieldsOf(type),
      actions: actionsOf(record, portal.isHidden(record.id)),
      history: [...lines, { text: `${type.singular} ${record.id} was made`, at: record.createdAt }],
    }
  }
}

function typeNamed(id: string): ObjectType {
  const type = objectType(id)
  if (!type) throw new Error(`There is no object '${id}'.`)
  return type
}

const minute = (iso: string): string => iso.slice(0, 16).replace('T', ' ')
const refused = (field: string, message: string): FormResult => ({ kind: 'refused', errors: { [field]: message } })
const errorsOf = (faults: readonly PropertyFault[]): Record<string, string> =>
  Object.fromEntries(faults.map(({ name, message }) => [name, message]))
const noPerson = (name: string | undefined): string => `There is no person '${name ?? ''}'; there are ${EDITORS.join(', ')}.`

/** The properties a form has, each with how it is typed; hidden ones are the API's alone. */
function fieldsOf(type: ObjectType): readonly FormField[] {
  return type.properties.filter(({ isReadOnly, isHidden }) => !isReadOnly && !isHidden).map((property) => fieldOf(type, property))
}

function fieldOf(type: ObjectType, property: HubProperty): FormField {
  const { name, label, fieldType } = property
  const base = { name, label, isRequired: type.required.includes(name) }
  if (property.type === 'bool') return { ...base, kind: 'check' }
  if (property.type === 'enumeration' && fieldType !== 'checkbox') {
    const options = (optionsOf(type, property) ?? []).filter(({ isHidden }) => isHidden !== true)
    return { ...base, kind: 'choice', choices: options.map(({ value, label: text }) => ({ id: value, name: text })), isEmptyAllowed: true }
  }
  if (fieldType === 'checkbox') return { ...base, label: `${label}, with semicolons between`, kind: 'text' }
  if (fieldType === 'textarea' || fieldType === 'html') return { ...base, kind: 'long', isWide: true }
  if (property.type === 'number') return { ...base, kind: 'number' }
  if (property.type === 'date') return { ...base, kind: 'date' }
  if (property.type === 'datetime') return { ...base, label: `${label} (UTC)`, kind: 'time' }
  return { ...base, kind: 'text' }
}

/** A stored value as its input shows it. */
function formText(value: string, { kind }: FormField): string {
  if (kind === 'time') return value.slice(0, 16)
  return kind === 'check' ? String(value === 'true') : value
}

/** What was typed as what the API would be sent. */
function wireOf(type: ObjectType, typed: Readonly<Record<string, string>>): Record<string, string> {
  const entries = Object.entries(typed).map(([name, text]) => {
    const isTime = type.properties.find((property) => property.name === name)?.type === 'datetime'
    return [name, isTime && /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}$/.test(text) ? `${text}:00.000Z` : text] as const
  })
  return Object.fromEntries(entries)
}

function actionsOf({ id, archivedAt }: HubRecord, isHidden: boolean): readonly RecordAction[] {
  if (archivedAt !== null) return [{ verb: 'restore', label: 'Bring it back' }]
  return [
    {
      verb: 'merge',
      label: 'Merge into it',
      asks: [{ name: 'into', label: 'Record ID of the record that stays', kind: 'text', isRequired: true }],
    },
    isHidden ? { verb: 'show', label: 'Let the token see it again' } : { verb: 'hide', label: 'Hide it from the token' },
    { verb: 'delete', label: 'Delete', confirm: `Delete record ${id} in the sandbox's HubSpot?` },
  ]
}

/** Every property that can be written, each once: what a fault may be about. */
function allFields(): readonly Choice[] {
  const all = OBJECT_TYPES.flatMap((type) => type.properties.filter(({ isReadOnly }) => isReadOnly !== true))
  return [...new Map(all.map(({ name, label }) => [name, { id: name, name: label }])).values()]
}
