import { z } from 'zod'
import type { CellValue } from '../../workbook/cell-value.ts'
import type { Option } from '../../workbook/fields.ts'
import { nearestOption } from '../../workbook/nearest-option.ts'
import { spellingsOf } from '../match-rows.ts'
import { inParts } from '../parts.ts'
import { SyncError } from '../sync-error.ts'
import { goneAmong, type Sent, sendApart } from './batches.ts'
import type {
  AppRecord,
  Connector,
  CreatedRecord,
  CreateNeeds,
  ExternalField,
  FieldChange,
  NewRecord,
  ObjectDescription,
  Page,
  PlannedCall,
  PushOutcome,
  ReadAnswer,
  RecordDelta,
  Refusal,
  SearchHit,
} from './connector.ts'
import { AnswerTooLarge, type CallKind, type HttpAnswer, type HttpCall, type HttpClient } from './http-client.ts'
import {
  badAnswer,
  compositeShape,
  createdShape,
  errorsOf,
  failureOf,
  isNextPage,
  nextPageOf,
  parseAnswer,
  type QueryPage,
  queryPath,
  queryShape,
  readOk,
  retrievedShape,
  type SalesforceRecord,
  type Saved,
  savedShape,
  searchShape,
  wordsOf,
} from './salesforce-answers.ts'
import { describeSalesforce, READ_BATCH } from './salesforce-describe.ts'
import { API, salesforceId } from './salesforce-ids.ts'
import { byCall, COLLECTION, planUpdate, salesforceFieldsOf, type Writing, writingCall } from './salesforce-plan.ts'
import { isReadable, normaliseSalesforceValue, readSalesforceValue, wireOf } from './salesforce-values.ts'
import { listsOf, soqlBeginning, soqlFiltersFor, soqlInstant, soqlQuery, soqlText, splitFilter } from './soql.ts'

export interface SalesforceOptions {
  readonly http: HttpClient
  /** The object's name in the API: `Account`, `Site_Visit__c`. */
  readonly object: string
  /** What the last field refresh told; `describe` replaces it. Without it values are only shown. */
  readonly description?: ObjectDescription
}

/** How far a changed-since query reaches back beyond the cursor: for clocks, and for saves that were still under way. */
const OVERLAP_MS = 2 * 60_000
/** A bound on every paging loop; two million records are a thousand pages. */
const MAX_PAGES = 1000
/** How often records that were locked are sent again, and how long before. */
const LOCK_WAITS_MS = [1000, 3000]
const LOCKED = 'UNABLE_TO_LOCK_ROW'
/** A value in a form that Salesforce does not read; it does not say which. */
const UNREADABLE = 'JSON_PARSER_ERROR'
/** An org's own rules may work for long on a thousand records; Salesforce itself ends a call after two minutes. */
const WRITE_TIMEOUT_MS = 125_000
/** Salesforce finds nothing by a single letter. */
const SHORTEST_SEARCH = 2
/** The user who changed a record last. */
const UPDATED_BY = 'LastModifiedById'

/** A connector for one object of a Salesforce org (REST). */
export function makeSalesforceConnector(options: SalesforceOptions): Connector {
  return new SalesforceConnector(options)
}

class SalesforceConnector implements Connector {
  readonly #http: HttpClient
  readonly #object: string
  #description: ObjectDescription | undefined
  #fields: ReadonlyMap<string, ExternalField> = new Map()

  constructor({ http, object, description }: SalesforceOptions) {
    // It stands in addresses and queries.
    if (!/^[A-Za-z]\w*$/u.test(object)) throw new SyncError('bad-request', `“${object}” is no name of a Salesforce object.`)
    this.#http = http
    this.#object = object
    if (description) this.#use(description)
  }

  async describe(signal: AbortSignal): Promise<ObjectDescription> {
    const description = await describeSalesforce(this.#http.as('refresh'), this.#object, signal)
    this.#use(description)
    return description
  }

  /** Through the search index: it lags, and knows nothing of objects that are not searchable. */
  async searchByName(text: string, limit: number, signal: AbortSignal): Promise<readonly SearchHit[]> {
    const words = text.split(/[^\p{L}\p{N}]+/u).filter((word) => word !== '')
    const isTooShort = !words.some((word) => word.length >= SHORTEST_SEARCH)
    if (isTooShort || this.#description?.isSearchable === false) return []
    const body = {
      // With a star no word is an operator of the search language, and a part of a word is enough.
      q: words
        .filter((word) => word.length >= SHORTEST_SEARCH)
        .map((word) => `${word}*`)
        .join(' '),
      in: 'NAME',
      sobjects: [{ name: this.#object, fields: this.#hitFields(), limit: Math.min(limit, READ_BATCH) }],
      overallLimit: Math.min(limit, READ_BATCH),
    }
    const call: HttpCall = { method: 'POST', path: `${API}/parameterizedSearch`, body, kind: 'search' }
    const { searchRecords } = parseAnswer(searchShape, await readOk(this.#http, call, signal), 'POST /parameterizedSearch')
    const wanted = text.trim().toLowerCase()
    const rank = ({ name }: SearchHit): number => [name.toLowerCase() === wanted, name.toLowerCase().startsWith(wanted), true].indexOf(true)
    return searchRecords
      .map((record) => this.#hitOf(record, 'POST /parameterizedSearch'))
      .toSorted((a, b) => rank(a) - rank(b))
      .slice(0, limit)
  }

  /**
   * By id, by the number the object's records have, or by a name that only one of them has. A hit found by another form of its key
   * carries that form, so that whoever asked knows it again.
   */
  async findByKeys(keys: readonly string[], signal: AbortSignal): Promise<readonly SearchHit[]> {
    const asked = [...new Set(keys.map((key) => key.trim()))].filter((key) => key !== '')
    const found: SearchHit[] = []
    for (const list of listsOf(asked)) found.push(...(await this.#findList(list, signal)))
    return found
  }

  async #findList(asked: readonly string[], signal: AbortSignal): Promise<readonly SearchHit[]> {
    const { keyField, nameField } = this.#keys()
    const ids = asked.flatMap((key) => salesforceId(key) ?? [])
    const texts = asked.filter((key) => salesforceId(key) === undefined)
    const names = [...new Set([keyField, nameField])].filter((field) => field !== 'Id' && this.#isQueriable(field))
    const listed = (values: readonly string[]): string => `(${values.map(soqlText).join(', ')})`
    const conditions = [
      ...(ids.length > 0 ? [`Id IN ${listed(ids)}`] : []),
      ...(texts.length > 0 ? names.map((field) => `${field} IN ${listed(texts)}`) : []),
    ]
    if (conditions.length === 0) return []
    const soql = soqlQuery({ fields: this.#hitFields(), object: this.#object, conditions: [conditions.join(' OR ')] })
    const records: SalesforceRecord[] = []
    for await (const record of this.#rows(queryPath(soql), 'search', signal)) records.push(record)
    const hits = records.map((record) => this.#hitOf(record, 'GET /query'))
    return asked.flatMap((key) => {
      const id = salesforceId(key)
      const fold = key.toLowerCase()
      const isMeant = (hit: SearchHit): boolean => (id === undefined ? hit.key.toLowerCase() === fold : hit.id === id)
      const [hit] = hits.filter(isMeant)
      if (hit) return [id === undefined || hit.key === key ? hit : { ...hit, key }]
      // Several records may share a name; then it says of none which.
      const named = hits.filter(({ name }) => name.toLowerCase() === fold)
      return named.length === 1 ? named.map((one) => ({ ...one, key })) : []
    })
  }

  async list(filter: string, fields: readonly string[], cursor: string | null, signal: AbortSignal): Promise<Page> {
    if (cursor !== null && !isNextPage(cursor))
      throw new SyncError('bad-request', 'The place to go on from is not one that Salesforce gave.')
    const { condition, order } = this.#filter(filter)
    const path = cursor ?? queryPath(soqlQuery({ fields: this.#wireFields(fields), object: this.#object, conditions: [condition], order }))
    const page = await this.#page(path, undefined, signal)
    return { records: page.records.map((record) => this.#recordOf(record, fields, 'GET /query')), next: nextPageOf(page) }
  }

  filtersFor(filter: string, field: string, values: readonly string[]): readonly string[] | undefined {
    const split = splitFilter(filter)
    const { wire } = wireOf(this.#fields.get(field), field)
    if ('problem' in split) return undefined
    const ask = (texts: readonly string[], isQuoted = true) => soqlFiltersFor(split.condition, field, texts, isQuoted)
    switch (wire) {
      case 'text':
      case 'name':
        return ask(spellingsOf(values))
      case 'id':
        return ask([...new Set(values.flatMap((value) => salesforceId(value.trim()) ?? []))])
      case 'number':
      case 'whole':
        return ask([...new Set(values.map((value) => value.trim()).filter((value) => /^-?\d+(\.\d+)?$/u.test(value)))], false)
      default:
        return undefined
    }
  }

  async count(filter: string, signal: AbortSignal): Promise<number> {
    const { condition } = this.#filter(filter)
    const where = condition === '' ? '' : ` WHERE ${condition}`
    return (await this.#page(queryPath(`SELECT COUNT() FROM ${this.#object}${where}`), undefined, signal)).totalSize
  }

  async changedSince(
    cursor: string | null,
    filter: string,
    fields: readonly string[],
    signal: AbortSignal,
  ): Promise<{ records: readonly AppRecord[]; next: string; deleted: readonly string[] }> {
    if (cursor === null) return { records: [], next: await this.#orgTime(signal), deleted: [] }
    const since = Date.parse(cursor)
    if (Number.isNaN(since)) throw new SyncError('bad-request', 'The cursor of the scheduled pull is not one that Salesforce gave.')
    const { condition } = this.#filter(filter)
    const changed = `SystemModstamp >= ${soqlInstant(new Date(since - OVERLAP_MS))}`
    // Deleted records stand in the same answer: no call of their own.
    const soql = soqlQuery({
      fields: [...this.#wireFields(fields), 'IsDeleted'],
      object: this.#object,
      conditions: [condition, changed],
      order: 'ORDER BY SystemModstamp, Id',
    })
    const records = new Map<string, AppRecord>()
    const deleted = new Set<string>()
    let next = cursor
    let path: string | null = queryPath(soql, true)
    for (let pages = 0; path !== null; pages++) {
      if (pages === MAX_PAGES) throw new SyncError('bad-answer', `Salesforce's changes did not end within ${MAX_PAGES} pages.`)
      const answer = await readOk(this.#http, { method: 'GET', path }, signal)
      const page = parseAnswer(queryShape, answer, 'GET /queryAll')
      for (const row of page.records) {
        const record = this.#recordOf(row, fields, 'GET /queryAll')
        if (row.IsDeleted === true) deleted.add(record.id)
        else records.set(record.id, record)
      }
      // The org's own clock at the first page: what is saved while we go through the others comes with the next pull.
      if (pages === 0) next = timeOf(answer) ?? newestStamp(page.records) ?? cursor
      path = nextPageOf(page)
    }
    return { records: [...records.values()], next, deleted: [...deleted] }
  }

  async read(ids: readonly string[], fields: readonly string[], signal: AbortSignal): Promise<ReadAnswer> {
    const asked = [...new Set(ids)]
    const wanted = [...new Set(asked.flatMap((id) => salesforceId(id) ?? []))]
    const rows = await this.#retrieve(
      this.#object,
      wanted,
      this.#wireFields(fields).filter((field) => !field.includes('.')),
      undefined,
      signal,
    )
    await this.#addNames(rows, fields, signal)
    // What nobody asked for is nobody's answer, and no credit.
    const among = new Set(wanted)
    const records = rows
      .map((row) => this.#recordOf(row, fields, `POST /composite/sobjects/${this.#object}`))
      .filter(({ id }) => among.has(id))
    const found = new Set(records.map(({ id }) => id))
    return { records, absent: asked.filter((id) => !found.has(salesforceId(id) ?? '')) }
  }

  /** A deleted record is proven by the recycle bin: there is no other answer that a hidden one would not give as well. */
  async proveGone(ids: readonly string[], signal: AbortSignal): Promise<readonly string[]> {
    const gone = new Set<string>()
    const byFullId = new Map(ids.map((id) => [salesforceId(id) ?? '', id]))
    byFullId.delete('')
    for (const list of listsOf([...byFullId.keys()])) {
      const conditions = [`Id IN (${list.map(soqlText).join(', ')})`, 'IsDeleted = TRUE']
      const path = queryPath(soqlQuery({ fields: ['Id'], object: this.#object, conditions }), true)
      const answer = await this.#http.read({ method: 'GET', path }, signal)
      if (answer.status !== 200) return []
      for (const { Id } of parseAnswer(queryShape, answer, 'GET /queryAll').records) {
        const id = typeof Id === 'string' ? byFullId.get(salesforceId(Id) ?? '') : undefined
        if (id !== undefined) gone.add(id)
      }
    }
    return [...gone]
  }

  async update(call: PlannedCall, signal: AbortSignal): Promise<readonly PushOutcome[]> {
    const outcomes = await this.#write(
      [call.deltas],
      (deltas) => (deltas === call.deltas ? call : planUpdate(deltas, this.#object, this.#fields)),
      signal,
    )
    return this.#settleGone(
      call.deltas.flatMap((delta) => outcomes.get(delta) ?? []),
      signal,
    )
  }

  /** Writes records a call each part; what others refused goes again without them, what was locked by somebody else's save a little later. */
  async #write(
    parts: readonly (readonly RecordDelta[])[],
    callOf: (deltas: readonly RecordDelta[]) => WriteCall,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<RecordDelta, PushOutcome>> {
    const locked = new Set<RecordDelta>()
    const send = (deltas: readonly RecordDelta[]) => this.#send(deltas, callOf(deltas), locked, signal)
    const notSent = ({ recordId }: RecordDelta, error: SyncError): PushOutcome => ({ kind: 'not-sent', recordId, error })
    const outcomes = new Map(await sendApart(parts, send, notSent))
    for (const waitMs of LOCK_WAITS_MS) {
      if (locked.size === 0) break
      const again = byCall([...locked], this.#fields)
      locked.clear()
      try {
        await this.#http.wait(waitMs, signal)
        for (const [delta, outcome] of await sendApart(again, send, notSent)) outcomes.set(delta, outcome)
      } catch (error) {
        // Other records of the first call are saved: what stopped this one must not hide that. The locked ones keep their refusal.
        if (!(error instanceof SyncError)) throw error
      }
    }
    return outcomes
  }

  async #send(
    deltas: readonly RecordDelta[],
    call: WriteCall,
    locked: Set<RecordDelta>,
    signal: AbortSignal,
  ): Promise<Sent<RecordDelta, PushOutcome>> {
    const { method, path, body } = call
    const answer = await this.#http.write({ method, path, body, kind: 'write', timeoutMs: WRITE_TIMEOUT_MS }, signal)
    const unknown = (reason: string, of: readonly RecordDelta[]) =>
      of.map((delta) => [delta, { kind: 'outcome-unknown', recordId: delta.recordId, reason } satisfies PushOutcome] as const)
    if (answer.kind === 'no-answer') return { answers: new Map(unknown(answer.reason, deltas)) }
    if (answer.status >= 500) return { answers: new Map(unknown(`Salesforce answered ${answer.status}: ${wordsOf(answer)}`, deltas)) }
    const answers = new Map<RecordDelta, PushOutcome>()
    const again: RecordDelta[] = []
    for (const { deltas: own, part } of partsOf(deltas, call, answer)) {
      const results = part && resultsOf(part, own.length)
      if (part && results === undefined && part.status >= 400 && part.status < 500) {
        const blamed = own.filter((delta) => isNamed(delta, part))
        for (const delta of blamed.length > 0 ? blamed : own) answers.set(delta, this.#refusedOf(delta, part))
      } else if (results?.length !== own.length) {
        for (const [delta, outcome] of unknown('Salesforce did not say which records it saved.', own)) answers.set(delta, outcome)
      } else {
        for (const [index, result] of results.entries()) {
          const delta = own[index]
          if (delta === undefined) continue
          answers.set(delta, this.#outcomeOf(delta, result))
          if (isLocked(result)) locked.add(delta)
        }
      }
      again.push(...own.filter((delta) => !answers.has(delta)))
    }
    return { answers, again: byCall(again, this.#fields) }
  }

  #outcomeOf(delta: RecordDelta, result: Saved): PushOutcome {
    const { recordId } = delta
    if (result.success && recordId === '') {
      const id = salesforceId(result.id ?? '')
      return id === undefined
        ? { kind: 'outcome-unknown', recordId, reason: 'Salesforce did not say which record it created.' }
        : { kind: 'saved', recordId: id }
    }
    if (result.success) {
      const isOther = typeof result.id === 'string' && salesforceId(result.id) !== salesforceId(recordId)
      return isOther
        ? { kind: 'outcome-unknown', recordId, reason: 'Salesforce did not say which record it saved.' }
        : { kind: 'saved', recordId }
    }
    const isGone = result.errors.some(({ statusCode }) => statusCode === 'ENTITY_IS_DELETED')
    if (isGone) return { kind: 'gone', recordId }
    const errors = result.errors.map(({ statusCode, message, fields }) => ({ errorCode: statusCode, message, fields }))
    return { kind: 'refused', recordId, refusals: this.#refusals(delta, errors) }
  }

  /** `gone` is only said of what the recycle bin holds; a record that was hidden meanwhile is refused. */
  async #settleGone(outcomes: readonly PushOutcome[], signal: AbortSignal): Promise<readonly PushOutcome[]> {
    const doubtful = outcomes.filter(
      (outcome) => outcome.kind === 'refused' && outcome.refusals.some(({ reason }) => reason === UNKNOWN_ID),
    )
    const ids = doubtful.map(({ recordId }) => recordId)
    const gone = await goneAmong(this, ids, signal)
    return outcomes.map((outcome) => (gone.includes(outcome.recordId) ? { kind: 'gone', recordId: outcome.recordId } : outcome))
  }

  #refusedOf(delta: RecordDelta, answer: Pick<HttpAnswer, 'json' | 'status'>): PushOutcome {
    const errors = errorsOf(answer.json)
    const general = [{ errorCode: '', message: wordsOf(answer), fields: [] }]
    return { kind: 'refused', recordId: delta.recordId, refusals: this.#refusals(delta, errors.length > 0 ? errors : general) }
  }

  /** The fields Salesforce names, or those its words name; where it names none that were sent, all of them. A create may also lack one. */
  #refusals(
    { recordId, changes }: RecordDelta,
    errors: readonly { errorCode: string; message: string; fields: readonly string[] }[],
  ): readonly Refusal[] {
    const refusals = errors.flatMap(({ errorCode, message, fields }): readonly Refusal[] => {
      const reason = reasonOf(errorCode, message)
      const named = changes.filter(({ field }) => fields.includes(field))
      const guilty =
        errorCode === UNREADABLE ? (change: FieldChange) => !this.#isReadable(change) : ({ field }: FieldChange) => isSaid(field, message)
      const said = named.length > 0 ? named : changes.filter(guilty)
      if (said.length === 0 && recordId === '' && fields.length > 0) return fields.map((field) => ({ field, reason }))
      return (said.length > 0 ? said : changes).map((change) => this.#refusal(change, reason))
    })
    return refusals.filter(({ field }, index) => refusals.findIndex((other) => other.field === field) === index)
  }

  #isReadable({ field, value }: FieldChange): boolean {
    const described = this.#fields.get(field)
    return described === undefined || isReadable(described, value)
  }

  #refusal({ field, value }: FieldChange, reason: string): Refusal {
    const options = (this.#fields.get(field)?.options ?? []).filter(({ retired }) => retired !== true)
    const nearest = typeof value === 'string' ? nearestOption(options, value) : undefined
    // An option that is already spelt right is no advice.
    return { field, reason, ...(nearest !== undefined && nearest !== value && { nearest }) }
  }

  /** Two hundred a collection, five collections a call; with a field for markers each is an upsert, so that none is made twice. */
  async createMany(records: readonly NewRecord[], signal: AbortSignal): Promise<readonly PushOutcome[]> {
    const markers = new Map(records.map(({ changes, marker }) => [{ recordId: '', recordKey: '', changes } satisfies RecordDelta, marker]))
    const deltas: readonly RecordDelta[] = [...markers.keys()]
    const callOf = (part: readonly RecordDelta[]) => this.#createCall(part.map((delta) => ({ ...delta, marker: markers.get(delta) ?? '' })))
    const outcomes = await this.#write(byCall(deltas, this.#fields), callOf, signal)
    return deltas.flatMap((delta) => outcomes.get(delta) ?? [])
  }

  #createCall(records: readonly NewRecord[]): WriteCall {
    const markerField = this.#markerField()
    const method = markerField === undefined ? 'POST' : 'PATCH'
    const at = markerField === undefined ? '' : `/${this.#object}/${markerField}`
    const writings = records.map(({ changes, marker }): Writing => {
      const body = salesforceFieldsOf(changes, this.#fields)
      const ownPath = `/sobjects/${this.#object}${markerField === undefined ? '' : `/${markerField}/${encodeURIComponent(marker)}`}`
      return {
        changes,
        inCollection: { attributes: { type: this.#object }, ...(markerField !== undefined && { [markerField]: marker }), ...body },
        alone: { method, path: `${API}${ownPath}`, body },
      }
    })
    return writingCall(writings, { method, path: `${API}/composite/sobjects${at}` }, this.#fields)
  }

  requiredToCreate(): Promise<CreateNeeds> {
    const writable = [...this.#fields.values()].filter((field) => field.writable === true)
    const isRequired = ({ required }: ExternalField): boolean => required === true
    return Promise.resolve({ required: writable.filter(isRequired), optional: writable.filter((field) => !isRequired(field)) })
  }

  async delete(id: string, signal: AbortSignal): Promise<PushOutcome> {
    const path = `${API}/sobjects/${this.#object}/${encodeURIComponent(id)}`
    const answer = await this.#http.write({ method: 'DELETE', path, kind: 'write' }, signal)
    if (answer.kind === 'no-answer') return { kind: 'outcome-unknown', recordId: id, reason: answer.reason }
    if (answer.status < 300) return { kind: 'saved', recordId: id }
    if (answer.status >= 500)
      return { kind: 'outcome-unknown', recordId: id, reason: `Salesforce answered ${answer.status}: ${wordsOf(answer)}` }
    const isGone = errorsOf(answer.json).some(({ errorCode }) => errorCode === 'ENTITY_IS_DELETED')
    if (isGone || (answer.status === 404 && (await this.proveGone([id], signal)).length > 0)) return { kind: 'gone', recordId: id }
    return { kind: 'refused', recordId: id, refusals: [{ field: this.#keys().keyField, reason: wordsOf(answer) }] }
  }

  async searchPeople(text: string, limit: number, signal: AbortSignal): Promise<readonly Option[]> {
    const wanted = text.trim()
    if (wanted === '') return []
    const begins = soqlBeginning(wanted)
    const soql = soqlQuery({
      fields: ['Id', 'Name'],
      object: 'User',
      conditions: ["IsActive = TRUE AND UserType = 'Standard'", `Name LIKE ${begins} OR LastName LIKE ${begins} OR Email LIKE ${begins}`],
      order: 'ORDER BY Name',
      limit: Math.min(limit, COLLECTION),
    })
    const page = await this.#page(queryPath(soql), 'lookup', signal)
    return page.records.flatMap(({ Id, Name }) => (typeof Id === 'string' ? [{ id: Id, name: typeof Name === 'string' ? Name : Id }] : []))
  }

  /** Asked of the database itself, which does not lag; only where the object has a field for markers. */
  async findCreated(markers: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, CreatedRecord>> {
    const found = new Map<string, CreatedRecord>()
    const markerField = this.#markerField()
    if (markerField === undefined) return found
    const fields = ['Id', this.#keys().keyField, markerField]
    for (const list of listsOf(markers)) {
      const conditions = [`${markerField} IN (${list.map(soqlText).join(', ')})`]
      for await (const row of this.#rows(queryPath(soqlQuery({ fields, object: this.#object, conditions })), undefined, signal)) {
        const { id, key } = this.#recordOf(row, [], 'GET /query')
        found.set(textIn(row, markerField) ?? '', { id, key })
      }
    }
    return found
  }

  normalise(field: string, value: CellValue): CellValue {
    return normaliseSalesforceValue(this.#fields.get(field) ?? { id: field, name: field, type: 'text', writable: true }, value)
  }

  #use(description: ObjectDescription): void {
    this.#description = description
    this.#fields = new Map(description.fields.map((field) => [field.id, field]))
  }

  #keys(): { readonly keyField: string; readonly nameField: string } {
    const { keyField = 'Id', nameField = 'Name' } = this.#description ?? {}
    return { keyField, nameField }
  }

  #markerField(): string | undefined {
    return [...this.#fields.values()].find((field) => wireOf(field, field.id).wire === 'marker')?.id
  }

  /** Whether a field may stand in a condition: long texts may not. */
  #isQueriable(field: string): boolean {
    const { wire } = wireOf(this.#fields.get(field), field)
    return wire !== 'long' && wire !== 'html'
  }

  #hitFields(): readonly string[] {
    const { keyField, nameField } = this.#keys()
    return [...new Set(['Id', keyField, nameField])]
  }

  /** The fields to ask for: the id and the key come with every record, and the app's own stamp of the last change is always wanted. */
  #wireFields(fields: readonly string[]): readonly string[] {
    const lookups = fields.flatMap((field) => wireOf(this.#fields.get(field), field).target?.lookup ?? [])
    const updatedBy = this.#fields.has(UPDATED_BY) ? [UPDATED_BY] : []
    return [...new Set(['Id', this.#keys().keyField, ...fields, ...lookups, 'SystemModstamp', ...updatedBy])]
  }

  #filter(filter: string): { readonly condition: string; readonly order: string } {
    const split = splitFilter(filter)
    if ('problem' in split) throw new SyncError('bad-request', `Salesforce cannot be asked with this filter: ${split.problem}.`)
    return split
  }

  /** One page; rows whose long texts make it too large come in the smallest pages there are. */
  async #page(path: string, kind: CallKind | undefined, signal: AbortSignal): Promise<QueryPage> {
    const call: HttpCall = { method: 'GET', path, ...(kind && { kind }) }
    const answer = await readOk(this.#http, call, signal).catch((error: unknown) => {
      if (!(error instanceof SyncError) || !(error.cause instanceof AnswerTooLarge)) throw error
      return readOk(this.#http, { ...call, headers: { 'Sforce-Query-Options': 'batchSize=200' } }, signal)
    })
    return parseAnswer(queryShape, answer, 'GET /query')
  }

  async *#rows(first: string, kind: CallKind | undefined, signal: AbortSignal): AsyncGenerator<SalesforceRecord> {
    let path: string | null = first
    for (let page = 0; page < MAX_PAGES && path !== null; page++) {
      const answer: QueryPage = await this.#page(path, kind, signal)
      yield* answer.records
      path = nextPageOf(answer)
    }
  }

  /** Whole records by id, two thousand a call. */
  async #retrieve(
    object: string,
    ids: readonly string[],
    fields: readonly string[],
    kind: CallKind | undefined,
    signal: AbortSignal,
  ): Promise<readonly SalesforceRecord[]> {
    const found: SalesforceRecord[] = []
    for (const part of inParts(ids, READ_BATCH)) found.push(...(await this.#retrievePart(object, part, fields, kind, signal)))
    return found
  }

  /** One call; records whose long texts make the answer too large are asked for by halves. */
  async #retrievePart(
    object: string,
    ids: readonly string[],
    fields: readonly string[],
    kind: CallKind | undefined,
    signal: AbortSignal,
  ): Promise<readonly SalesforceRecord[]> {
    const where = `POST /composite/sobjects/${object}`
    const call: HttpCall = { method: 'POST', path: `${API}/composite/sobjects/${object}`, body: { ids, fields }, ...(kind && { kind }) }
    try {
      const rows = parseAnswer(retrievedShape, await readOk(this.#http, call, signal), where)
      if (rows.length !== ids.length) throw badAnswer(where, 'number of records')
      return rows.flatMap((row) => (row ? [row] : []))
    } catch (error) {
      const isTooLarge = error instanceof SyncError && error.cause instanceof AnswerTooLarge && ids.length > 1
      if (!isTooLarge) throw error
      const half = Math.ceil(ids.length / 2)
      const first = await this.#retrievePart(object, ids.slice(0, half), fields, kind, signal)
      return [...first, ...(await this.#retrievePart(object, ids.slice(half), fields, kind, signal))]
    }
  }

  /** Reads by id know nothing of other records: the names lookups lead to are fetched by their own ids. */
  async #addNames(rows: readonly SalesforceRecord[], fields: readonly string[], signal: AbortSignal): Promise<void> {
    const wanted = fields.flatMap((field) => {
      const { target } = wireOf(this.#fields.get(field), field)
      return target ? [{ relationship: field.split('.')[0] ?? field, ...target }] : []
    })
    for (const [object, lookups] of Map.groupBy(wanted, (one) => one.object)) {
      const ids = new Set(rows.flatMap((row) => lookups.flatMap(({ lookup }) => textIn(row, lookup) ?? [])))
      const named = await this.#retrieve(object, [...ids], ['Id', 'Name'], undefined, signal)
      const names = new Map(named.map((row) => [textIn(row, 'Id') ?? '', textIn(row, 'Name') ?? null]))
      for (const row of rows) {
        for (const { lookup, relationship } of lookups) row[relationship] = { Name: names.get(textIn(row, lookup) ?? '') ?? null }
      }
    }
  }

  #hitOf(row: SalesforceRecord, where: string): SearchHit {
    const { id, key } = this.#recordOf(row, [], where)
    return { id, key, name: textIn(row, this.#keys().nameField) ?? key }
  }

  /** @throws SyncError `bad-answer` naming the first value that is in no form its field has */
  #recordOf(row: SalesforceRecord, fields: readonly string[], where: string): AppRecord {
    const id = salesforceId(textIn(row, 'Id') ?? '')
    if (id === undefined) throw badAnswer(where, 'Id')
    // Empty fields come as null: a record without any of them, and without its stamp, is no empty record.
    const isBare = [...fields, 'SystemModstamp'].every((name) => valueIn(row, name) === undefined)
    if (fields.length > 0 && isBare) throw badAnswer(where, `the fields of ${id}`)
    const values: Record<string, CellValue> = {}
    const people: Record<string, string> = {}
    for (const name of fields) {
      const field = this.#fields.get(name)
      const read = readSalesforceValue(field, name, valueIn(row, name))
      if (read === undefined) throw badAnswer(where, `${name} of ${id}`)
      values[name] = read.value
      const person = field?.type === 'person' ? field.options?.find((option) => option.id === read.value) : undefined
      if (person) people[person.id] = person.name
    }
    const key = textIn(row, this.#keys().keyField) ?? id
    const updatedBy = this.#fields.get(UPDATED_BY)?.options?.find((user) => user.id === textIn(row, UPDATED_BY))?.name
    const record = { id, key, values, updated: textIn(row, 'SystemModstamp') ?? '', ...(updatedBy !== undefined && { updatedBy }) }
    return Object.keys(people).length > 0 ? { ...record, people } : record
  }

  async #orgTime(signal: AbortSignal): Promise<string> {
    const soql = soqlQuery({
      fields: ['Id', 'SystemModstamp'],
      object: this.#object,
      conditions: [],
      order: 'ORDER BY SystemModstamp DESC',
      limit: 1,
    })
    const call: HttpCall = { method: 'GET', path: queryPath(soql) }
    const answer = await readOk(this.#http, call, signal)
    const { records } = parseAnswer(queryShape, answer, 'GET /query')
    const time = timeOf(answer) ?? newestStamp(records)
    if (time === undefined) throw failureOf(call, answer)
    return time
  }
}

/** Salesforce's words for an id that leads nowhere: a deleted record for good, or one that may not be seen. */
const UNKNOWN_ID = 'invalid cross reference id'

function reasonOf(code: string, message: string): string {
  if (code === LOCKED)
    return `Somebody else was saving this record or one it belongs to, three times in a row. Sync again to send it. (${message})`
  return message.replace(/\s+/gu, ' ').trim()
}

const isLocked = ({ success, errors }: Saved): boolean =>
  !success && errors.length > 0 && errors.every(({ statusCode }) => statusCode === LOCKED)

type WriteCall = Pick<PlannedCall, 'method' | 'path' | 'body'>
type Part = Pick<HttpAnswer, 'status' | 'json'>

/** What a planned composite holds: what a preview showed is what is sent. */
const compositeBodyShape = z.object({
  compositeRequest: z.array(z.object({ referenceId: z.string(), body: z.object({ records: z.array(z.unknown()).optional() }) })),
})

/** Which records each part of an answer is about: the whole, or one request of a composite. */
function partsOf(
  deltas: readonly RecordDelta[],
  { path, body }: WriteCall,
  answer: HttpAnswer,
): readonly { readonly deltas: readonly RecordDelta[]; readonly part: Part | undefined }[] {
  // A composite that is refused as a whole answers like any call.
  if (!path.endsWith('/composite') || answer.status >= 400) return [{ deltas, part: answer }]
  const parsed = compositeShape.safeParse(answer.json)
  const responses = parsed.success ? parsed.data.compositeResponse : []
  let at = 0
  return compositeBodyShape.parse(body).compositeRequest.map(({ referenceId, body: { records } }) => {
    const found = responses.find((one) => one.referenceId === referenceId)
    const own = deltas.slice(at, at + (records?.length ?? 1))
    at += own.length
    return { deltas: own, part: found && { status: found.httpStatusCode, json: found.body } }
  })
}

/** What a part says of each of its records: a collection of all of them, a request of its own of the one; nothing where neither. */
function resultsOf({ status, json }: Part, count: number): readonly Saved[] | undefined {
  const collection = status < 400 ? savedShape.safeParse(json) : undefined
  if (collection?.success) return collection.data
  if (count !== 1 || status >= 500) return undefined
  if (status >= 400) {
    const errors = errorsOf(json).map(({ errorCode, ...rest }) => ({ ...rest, statusCode: errorCode }))
    return errors.length > 0 ? [{ success: false, errors }] : undefined
  }
  const created = createdShape.safeParse(json)
  return status === 204 || created.success ? [{ id: created.data?.id, success: true, errors: [] }] : undefined
}

/** Whether a refusal of a whole collection is about this record: it names a field that the record sends. */
function isNamed({ changes }: RecordDelta, { json }: Part): boolean {
  return errorsOf(json).some(({ message, fields }) => changes.some(({ field }) => fields.includes(field) || isSaid(field, message)))
}

const isSaid = (field: string, message: string): boolean => new RegExp(`(^|\\W)${field.replace(/\W/gu, '\\$&')}(\\W|$)`, 'u').test(message)

const rowShape = z.record(z.string(), z.unknown())

/** A value of a row by its path: `Account.Name` stands in the object `Account`. */
function valueIn(row: SalesforceRecord, path: string): unknown {
  const [first = '', ...rest] = path.split('.')
  const at = row[first]
  if (rest.length === 0) return at
  const inner = rowShape.safeParse(at)
  return inner.success ? valueIn(inner.data, rest.join('.')) : null
}

function textIn(row: SalesforceRecord, path: string): string | undefined {
  const value = valueIn(row, path)
  return typeof value === 'string' ? value : undefined
}

/** The org's own time, as each of its answers tells it. */
function timeOf(answer: HttpAnswer): string | undefined {
  const at = Date.parse(answer.headers.get('date') ?? '')
  return Number.isNaN(at) ? undefined : new Date(at).toISOString()
}

function newestStamp(rows: readonly SalesforceRecord[]): string | undefined {
  const stamps = rows.flatMap((row) => {
    const at = Date.parse((textIn(row, 'SystemModstamp') ?? '').replace(/([+-]\d{2})(\d{2})$/u, '$1:$2'))
    return Number.isNaN(at) ? [] : [at]
  })
  return stamps.length === 0 ? undefined : new Date(Math.max(...stamps)).toISOString()
}
