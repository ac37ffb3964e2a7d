import { z } from 'zod'
import { type Answer, jsonError } from '../http.ts'
import type {
  AppFace,
  Choice,
  Column,
  ControlView,
  FormField,
  FormResult,
  ListQuery,
  ListRow,
  RecordAction,
  RecordList,
  RecordPage,
  RecordsRequest,
} from '../screen/face.ts'
import { type ControlState, controlShape } from './control.ts'
import { SfRefusal } from './errors.ts'
import { fullId } from './ids.ts'
import { fieldValue, type SfRecord, writerNamed } from './records.ts'
import type { SalesforceApp } from './salesforce.ts'
import { createRecord, type Input, type Saved, updateRecord } from './save.ts'
import { KEPT_OBJECTS, nameFieldOf, objectNamed, objectOfId, type SfField, type SfObject } from './schema.ts'
import { wordsOf } from './sosl.ts'
import { USERS, userNamed, userOfId } from './users.ts'

const BIN: Choice = { id: 'bin', name: 'Recycle bin' }
/** Fields of a list beside the name and the time of the last change. */
const SHOWN: Readonly<Record<string, readonly string[]>> = {
  Account: ['Industry', 'CustomerPriority__c', 'AnnualRevenue'],
  Contact: ['Email', 'AccountId', 'Title'],
  Opportunity: ['StageName', 'Amount', 'CloseDate'],
  Case: ['Subject', 'Status', 'Priority'],
  Site_Visit__c: ['Account__c', 'Outcome__c', 'Visit_Date__c'],
}

function columnOf(of: SfObject, name: string): Column {
  const field = fieldOf(of, name)
  if (field.type === 'picklist') return { name: field.label, kind: 'status' }
  if (field.type === 'date') return { name: field.label, kind: 'date' }
  return { name: field.label, kind: field.type === 'currency' ? 'number' : 'meta' }
}

function fieldOf(of: SfObject, name: string): SfField {
  const field = of.byName.get(name.toLowerCase())
  if (!field) throw new Error(`${of.name} has no ${name}.`)
  return field
}

const listOf = (of: SfObject): RecordList => ({
  id: of.name.toLowerCase(),
  name: of.labelPlural,
  noun: of.label.toLowerCase(),
  filter: { label: 'Where', choices: [BIN] },
  columns: [
    { name: 'Id', kind: 'key' },
    { name: nameFieldOf(of).label, kind: 'main' },
    ...(SHOWN[of.name] ?? []).map((name) => columnOf(of, name)),
    { name: 'Last modified (UTC)', kind: 'date' },
  ],
})

const [firstObject, ...otherObjects] = KEPT_OBJECTS
if (!firstObject) throw new Error('The org has no objects.')

/** What the screen and its scripts see of the stand-in Salesforce besides what every app tells. */
export type SalesforceControlView = ControlView & Omit<ControlState, 'faults'>

const createShape = z.strictObject({ object: z.string(), fields: z.record(z.string(), z.unknown()), as: z.string().optional() })
const editShape = z.strictObject({ fields: z.record(z.string(), z.unknown()), as: z.string().optional() })
const mergeShape = z.strictObject({ into: z.string(), as: z.string().optional() })

/** What people see of the stand-in Salesforce: its records, its recycle bin, its dial, its settings. */
export class SalesforceFace implements AppFace {
  readonly id = 'salesforce'
  readonly name = 'Salesforce'
  readonly lists: readonly [RecordList, ...RecordList[]] = [listOf(firstObject as SfObject), ...otherObjects.map(listOf)]
  readonly dialFields: readonly Choice[] = KEPT_OBJECTS.flatMap((of) =>
    of.fields
      .filter(({ updateable, name }) => updateable && name !== 'OwnerId' && name !== 'Tidebook_Id__c')
      .map(({ name, label }) => ({ id: name, name: `${of.label}: ${label}` })),
  ).filter((choice, index, all) => all.findIndex(({ id }) => id === choice.id) === index)
  readonly rateLimitReasons: readonly string[] = []
  readonly editors = USERS.map(({ name }) => name)
  readonly #app: SalesforceApp

  constructor(app: SalesforceApp) {
    this.#app = app
  }

  summary(): string {
    return KEPT_OBJECTS.map((of) => {
      const count = this.#app.records.count(of)
      return `${count.toLocaleString('en')} ${(count === 1 ? of.label : of.labelPlural).toLowerCase()}`
    }).join(', ')
  }

  facts(base: string): readonly (readonly [string, string])[] {
    const { accessToken, clientId, clientSecret, username } = this.#app.credentials
    return [
      ['Instance address', base],
      ['User', username],
      ['Access token', accessToken],
      ['Consumer key', clientId],
      ['Consumer secret', clientSecret],
    ]
  }

  list(list: string, { search, filter, startAt, maxResults }: ListQuery): { total: number; rows: readonly ListRow[] } {
    const of = objectNamed(list)
    if (!of) return { total: 0, rows: [] }
    const wanted = wordsOf(search)
    const id = fullId(search.trim())
    const found = [...this.#app.records.all(of)].filter((record) => {
      if ((record.deleted !== null) !== (filter === BIN.id)) return false
      if (wanted.length === 0 || record.id === id) return true
      const words = of.fields.flatMap((field) => wordsOf(String(fieldValue(of, record, field.name) ?? '')))
      return wanted.every((word) => words.some((candidate) => candidate.startsWith(word)))
    })
    return { total: found.length, rows: found.slice(startAt, startAt + maxResults).map((record) => this.#row(of, record)) }
  }

  record(list: string, id: string): RecordPage | undefined {
    const of = objectNamed(list)
    const record = of && this.#app.records.get(of, fullId(id) ?? '')
    if (!of || !record) return undefined
    const name = String(fieldValue(of, record, nameFieldOf(of).name) ?? record.id)
    const fields = this.#fields(of).filter(({ name: field }) => of.byName.get(field.toLowerCase())?.updateable)
    return {
      id: record.id,
      title: name,
      values: Object.fromEntries(fields.map((field) => [field.name, this.#text(of, record, field)])),
      fields,
      actions: this.#actions(of, record, name),
      history: [
        ...(record.deleted === null
          ? []
          : [{ text: record.master === null ? 'Deleted' : `Merged into ${record.master}`, at: record.deleted }]),
        { text: `Changed by ${nameOfUser(record.modifiedBy)}`, at: record.modified },
        { text: `Created by ${nameOfUser(record.createdBy)}`, at: record.created },
      ],
    }
  }

  blank(list: string): Pick<RecordPage, 'values' | 'fields'> {
    const of = objectNamed(list) ?? (firstObject as SfObject)
    const fields = this.#fields(of)
    const values = of.fields.flatMap(({ name, defaultValue }) => (defaultValue === null ? [] : [[name, String(defaultValue)] as const]))
    return { fields, values: Object.fromEntries(values) }
  }

  edit(_list: string, id: string, changed: Readonly<Record<string, string>>, as: string | undefined): FormResult {
    const of = objectOfId(fullId(id) ?? '')
    if (!of) return { kind: 'refused', errors: { Name: `There is no record ${id}.` } }
    if (Object.keys(changed).length === 0) return { kind: 'done', id, said: 'unchanged' }
    return this.#saved(as, 'saved', (site) => updateRecord(site, id, this.#typed(of, changed), of))
  }

  create(list: string, values: Readonly<Record<string, string>>, as: string | undefined): FormResult {
    const of = objectNamed(list)
    if (!of) return { kind: 'refused', errors: { Name: 'There is no such object.' } }
    const filled = Object.fromEntries(Object.entries(values).filter(([, text]) => text !== '' && text !== 'false'))
    return this.#saved(as, 'created', (site) => createRecord(site, of, this.#typed(of, filled)))
  }

  act(_list: string, id: string, verb: string, form: URLSearchParams): FormResult | undefined {
    const found = this.#app.records.find(fullId(id) ?? '')
    if (!found) return undefined
    const { of, record } = found
    const writer = writerNamed(this.#app.editor, this.#app.nowMs())
    switch (verb) {
      case 'delete':
        this.#app.records.remove(of, record, writer)
        return { kind: 'done', id: undefined, said: 'deleted' }
      case 'restore':
        this.#app.records.restore(of, record, writer)
        return { kind: 'done', id: record.id, said: 'restored' }
      case 'purge':
        this.#app.records.purge(of, record, writer.atMs)
        return { kind: 'done', id: undefined, said: 'deleted' }
      case 'merge':
        return this.#merge(of, record, form.get('into') ?? '', this.#app.editor)
      case 'hide':
      case 'show':
        this.#app.control({ app: 'salesforce', [verb]: [record.id] })
        return { kind: 'done', id: record.id, said: verb === 'hide' ? 'hidden' : 'shown' }
      default:
        return undefined
    }
  }

  /** `/sandbox/salesforce/001…` is where a record's own page would be. */
  redirect([first = '']: readonly string[]): string | undefined {
    const id = fullId(first)
    const of = id === undefined ? undefined : objectOfId(id)
    return of && `/sandbox/salesforce/${of.name.toLowerCase()}/${id}`
  }

  controlView(): SalesforceControlView {
    const { faults: _kept, ...state } = this.#app.state
    return { app: 'salesforce', ...state, ...this.#app.dial.state(), problems: this.#app.records.problems() }
  }

  control(read: RecordsRequest['read']): { readonly error: Answer } | undefined {
    const control = read(controlShape)
    if ('error' in control) return control
    this.#app.control(control.data)
    return undefined
  }

  shortPath(path: string): string {
    return path.replace(/^\/services\/data\/v\d+\.\d/, '')
  }

  /** `/sandbox/salesforce/records`: the same records for scripts and tests. */
  records({ method, parts, query, read }: RecordsRequest): Answer {
    const [id = '', verb = ''] = parts
    if (id === '') return method === 'GET' ? this.#jsonList(query) : this.#jsonCreate(method, read)
    const found = this.#app.records.find(fullId(id) ?? '')
    if (!found) return jsonError(404, `There is no record ${id}.`)
    const { of, record } = found
    const writer = writerNamed(this.#app.editor, this.#app.nowMs())
    if (method === 'POST' && verb === 'merge') {
      const merge = read(mergeShape)
      if ('error' in merge) return merge.error
      return this.#jsonResult(this.#merge(of, record, merge.data.into, merge.data.as), 200)
    }
    if (method === 'POST' && verb === 'restore') {
      this.#app.records.restore(of, record, writer)
      return { status: 200, json: this.#json(of, this.#app.records.get(of, record.id) ?? record) }
    }
    if (verb !== '') return jsonError(404, 'There is no such address.')
    if (method === 'GET') return { status: 200, json: this.#json(of, record) }
    if (method === 'DELETE') {
      this.#app.records.remove(of, record, writer)
      return { status: 204 }
    }
    if (method !== 'PATCH') return { ...jsonError(405, 'Use GET, PATCH or DELETE.'), headers: { Allow: 'GET, PATCH, DELETE' } }
    const edit = read(editShape)
    if ('error' in edit) return edit.error
    return this.#jsonResult(
      this.#saved(edit.data.as, 'saved', (site) => updateRecord(site, record.id, edit.data.fields, of)),
      200,
    )
  }

  #jsonList(query: URLSearchParams): Answer {
    const of = objectNamed(query.get('object') ?? 'Account')
    if (!of) return jsonError(404, 'There is no such object.')
    const all = [...this.#app.records.all(of)].filter(({ deleted }) => deleted === null)
    const startAt = Math.max(0, Number(query.get('startAt') ?? 0) || 0)
    const maxResults = Math.min(1000, Math.max(0, Number(query.get('maxResults') ?? 50) || 50))
    const records = all.slice(startAt, startAt + maxResults).map((record) => this.#json(of, record))
    return { status: 200, json: { startAt, maxResults, total: all.length, records } }
  }

  #jsonCreate(method: string, read: RecordsRequest['read']): Answer {
    if (method !== 'POST') return { ...jsonError(405, 'Use GET or POST.'), headers: { Allow: 'GET, POST' } }
    const create = read(createShape)
    if ('error' in create) return create.error
    const of = objectNamed(create.data.object)
    if (!of) return jsonError(404, 'There is no such object.')
    return this.#jsonResult(
      this.#saved(create.data.as, 'created', (site) => createRecord(site, of, create.data.fields)),
      201,
    )
  }

  #jsonResult(result: FormResult, status: number): Answer {
    if (result.kind === 'refused') {
      const text = Object.entries(result.errors).map(([field, message]) => `${field}: ${message}`)
      return { status: 400, json: { error: text.join(' '), errors: result.errors } }
    }
    const found = this.#app.records.find(result.id ?? '')
    return found ? { status, json: this.#json(found.of, found.record) } : { status: 204 }
  }

  #json(of: SfObject, record: SfRecord): Record<string, unknown> {
    return {
      object: of.name,
      ...Object.fromEntries(of.fields.filter(({ type }) => type !== 'address').map(({ name }) => [name, fieldValue(of, record, name)])),
      isHidden: this.#app.isHidden(record.id),
    }
  }

  /** The loser goes into the recycle bin and names the winner; what hung on it hangs on the winner. */
  #merge(of: SfObject, record: SfRecord, into: string, as: string | undefined): FormResult {
    const winner = this.#app.records.get(of, fullId(into.trim()) ?? '')
    if (!of.mergeable || !winner || winner.deleted !== null || winner.id === record.id) {
      return { kind: 'refused', errors: { into: `There is no other ${of.label.toLowerCase()} ${into}.` } }
    }
    const writer = writerNamed(as ?? this.#app.editor, this.#app.nowMs())
    this.#app.records.remove(of, record, writer, winner.id)
    for (const child of KEPT_OBJECTS) {
      const lookups = child.fields.filter(({ referenceTo, updateable }) => updateable && referenceTo.includes(of.name))
      for (const held of [...this.#app.records.all(child)]) {
        const moved = lookups.filter(({ name }) => held.fields[name] === record.id).map(({ name }) => [name, winner.id])
        if (moved.length > 0) this.#app.records.save(child, held, { ...held.fields, ...Object.fromEntries(moved) }, writer)
      }
    }
    const today = this.#app.records.get(of, winner.id) ?? winner
    this.#app.records.save(of, today, today.fields, writer)
    return { kind: 'done', id: winner.id, said: 'merged' }
  }

  #saved(as: string | undefined, said: 'saved' | 'created', save: (site: ReturnType<SalesforceApp['saveSite']>) => Saved): FormResult {
    try {
      const saved = save(this.#app.saveSite(writerNamed(as ?? this.#app.editor, this.#app.nowMs())))
      if (saved.kind === 'saved') return { kind: 'done', id: saved.record.id, said }
      const errors = saved.errors.flatMap(({ message, fields = [] }) =>
        (fields.length > 0 ? fields : ['Name']).map((name) => [name, message]),
      )
      return { kind: 'refused', errors: Object.fromEntries(errors) }
    } catch (error) {
      if (error instanceof SfRefusal) return { kind: 'refused', errors: { Name: error.message } }
      throw error
    }
  }

  #row(of: SfObject, record: SfRecord): ListRow {
    const text = (name: string): string => this.#shown(of, record, fieldOf(of, name))
    return {
      id: record.id,
      cells: [record.id, text(nameFieldOf(of).name), ...(SHOWN[of.name] ?? []).map(text), record.modified.slice(0, 16).replace('T', ' ')],
      isHidden: this.#app.isHidden(record.id),
    }
  }

  #shown(of: SfObject, record: SfRecord, field: SfField): string {
    const value = fieldValue(of, record, field.name)
    if (value === null) return ''
    if (field.type !== 'reference') return String(value)
    const found = this.#app.records.find(String(value))
    return found ? String(fieldValue(found.of, found.record, nameFieldOf(found.of).name) ?? value) : String(value)
  }

  #text(of: SfObject, record: SfRecord, field: FormField): string {
    const value = fieldValue(of, record, field.name)
    if (value === null) return ''
    if (field.kind === 'time') return String(value).slice(0, 16)
    if (field.kind === 'long') return String(value).replace(/\r\n/g, '\n')
    return String(value)
  }

  /** The fields of a form: what a person may set when making a record. */
  #fields(of: SfObject): readonly FormField[] {
    return of.fields.filter(({ createable }) => createable).map((field) => formField(field))
  }

  #actions(of: SfObject, record: SfRecord, name: string): readonly RecordAction[] {
    if (record.deleted !== null) {
      return [
        { verb: 'restore', label: 'Restore' },
        { verb: 'purge', label: 'Delete for good', confirm: `Delete ${name} for good?` },
      ]
    }
    const into: FormField = { name: 'into', label: 'Id of the record that stays', kind: 'text', isRequired: true }
    return [
      ...(of.mergeable ? [{ verb: 'merge', label: 'Merge into it', asks: [into] }] : []),
      this.#app.isHidden(record.id)
        ? { verb: 'show', label: 'Let the session see it again' }
        : { verb: 'hide', label: 'Hide it from the session' },
      { verb: 'delete', label: 'Delete', confirm: `Delete ${name} in the sandbox's Salesforce?` },
    ]
  }

  /** Texts of a form as JSON the API would take. */
  #typed(of: SfObject, texts: Readonly<Record<string, string>>): Input {
    return Object.fromEntries(
      Object.entries(texts).map(([name, text]) => {
        const type = of.byName.get(name.toLowerCase())?.type
        if (type === 'boolean') return [name, text === 'true']
        if (type === 'datetime' && /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}$/.test(text)) return [name, `${text}:00Z`]
        if (type === 'reference') return [name, userNamed(text)?.id ?? text]
        return [name, text === '' ? null : text]
      }),
    )
  }
}

const nameOfUser = (id: string): string => userOfId(id)?.name ?? id

function formField(field: SfField): FormField {
  const isRequired = !field.nillable && field.type !== 'boolean' && field.name !== 'OwnerId'
  const base = { name: field.name, label: field.label, ...(isRequired && { isRequired }) }
  switch (field.type) {
    case 'textarea':
      return { ...base, kind: field.length > 255 ? 'long' : 'text' }
    case 'picklist': {
      const choices = field.values.filter(({ active }) => active).map(({ value, label }) => ({ id: value, name: label }))
      return { ...base, kind: 'choice', choices, isEmptyAllowed: field.nillable }
    }
    case 'multipicklist':
      return { ...base, label: `${field.label}, with ; between`, kind: 'text' }
    case 'boolean':
      return { ...base, kind: 'check' }
    case 'date':
      return { ...base, kind: 'date' }
    case 'datetime':
      return { ...base, label: `${field.label} (UTC)`, kind: 'time' }
    case 'int':
    case 'double':
    case 'currency':
    case 'percent':
      return { ...base, kind: 'number' }
    case 'url':
      return { ...base, kind: 'url' }
    case 'reference':
      return field.referenceTo.includes('User')
        ? { ...base, kind: 'choice', choices: USERS.map(({ id, name }) => ({ id, name })), isEmptyAllowed: field.nillable }
        : { ...base, kind: 'text' }
    default:
      return { ...base, kind: 'text' }
  }
}
