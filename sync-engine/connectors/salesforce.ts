import { z } from 'zod'
import type { CellValue } from '../../workbook/cell-value.ts'
import type { Option } from '../../workbook/fields.ts'
import { nearestOption } from '../../workbook/nearest-option.ts'
import { spellingsOf } from '../match-rows.ts'
import { SyncError } from '../sync-error.ts'
import type {
  AppRecord,
  Connector,
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
import { COLLECTION, inParts, planUpdate, salesforceFieldsOf } from './salesforce-plan.ts'
import { normaliseSalesforceValue, readSalesforceValue, wireOf } from './salesforce-values.ts'
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
/** An org's own rules may work for long on a thousand records; Salesforce itself ends a call after two minutes. */
const WRITE_TIMEOUT_MS = 125_000
/** Salesforce finds nothing by a single letter. */
const SHORTEST_SEARCH = 2
/** Collections in one composite. */
const COLLECTIONS = 5

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

  async count(filter: string, signal: AbortSignal): Promise<number> {
    const { condition } = this.#filter(filter)
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
    const records = rows.map((row) => this.#recordOf(row, fields, `POST /composite/sobjects/${this.#object}`))
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
    const first = await this.#send(call, signal)
    const outcomes = new Map(first.outcomes.map((outcome) => [outcome.recordId, outcome]))
    let locked = first.locked
    for (const waitMs of LOCK_WAITS_MS) {
      if (locked.length === 0) break
      locked = await this.#sendAgain(locked, waitMs, outcomes, signal)
    }
    return this.#settleGone(
      call.deltas.flatMap(({ recordId }) => outcomes.get(recordId) ?? []),
      signal,
    )
  }

  /** Sends records again that were locked by somebody else's save; nothing of them was saved. Gives those that are locked still. */
  async #sendAgain(
    locked: readonly RecordDelta[],
    waitMs: number,
    outcomes: Map<string, PushOutcome>,
    signal: AbortSignal,
  ): Promise<readonly RecordDelta[]> {
    try {
      await this.#http.wait(waitMs, signal)
      const again = await this.#send(planUpdate(locked, this.#object, this.#fields), signal)
      for (const outcome of again.outcomes) outcomes.set(outcome.recordId, outcome)
      return again.locked
    } catch (error) {
      // Other records of the first call are saved: what stopped this one must not hide that. The locked ones keep their refusal.
      if (error instanceof SyncError) return []
      throw error
    }
  }

  async #send(call: PlannedCall, signal: AbortSignal): Promise<{ outcomes: readonly PushOutcome[]; locked: readonly RecordDelta[] }> {
    const answer = await this.#http.write(
      { method: call.method, path: call.path, body: call.body, kind: 'write', timeoutMs: WRITE_TIMEOUT_MS },
      signal,
    )
    const unknown = (reason: string, deltas: readonly RecordDelta[]) =>
      deltas.map(({ recordId }): PushOutcome => ({ kind: 'outcome-unknown', recordId, reason }))
    if (answer.kind === 'no-answer') return { outcomes: unknown(answer.reason, call.deltas), locked: [] }
    if (answer.status >= 500)
      return { outcomes: unknown(`Salesforce answered ${answer.status}: ${wordsOf(answer)}`, call.deltas), locked: [] }
    if (answer.status >= 400) return { outcomes: call.deltas.map((delta) => this.#refusedOf(delta, answer)), locked: [] }
    const outcomes: PushOutcome[] = []
    const locked: RecordDelta[] = []
    for (const { deltas, part } of partsOf(call, answer)) {
      const saved = part && part.status < 400 ? savedShape.safeParse(part.json) : undefined
      if (part && part.status >= 400 && part.status < 500) outcomes.push(...deltas.map((delta) => this.#refusedOf(delta, part)))
      else if (!saved?.success || saved.data.length !== deltas.length) {
        outcomes.push(...unknown('Salesforce did not say which records it saved.', deltas))
      } else {
        for (const [index, delta] of deltas.entries()) {
          const result = saved.data[index]
          if (!result) continue
          outcomes.push(this.#outcomeOf(delta, result))
          if (isLocked(result)) locked.push(delta)
        }
      }
    }
    return { outcomes, locked }
  }

  #outcomeOf(delta: RecordDelta, result: Saved): PushOutcome {
    const { recordId } = delta
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
    if (doubtful.length === 0) return outcomes
    const ids = doubtful.map(({ recordId }) => recordId)
    const gone: readonly string[] = await this.proveGone(ids, signal).catch((error: unknown): readonly string[] => {
      if (error instanceof SyncError) return []
      throw error
    })
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
      const isSaid = (field: string): boolean => new RegExp(`(^|\\W)${field.replace(/\W/gu, '\\$&')}(\\W|$)`, 'u').test(message)
      const named = changes.filter(({ field }) => fields.includes(field))
      const said = named.length > 0 ? named : changes.filter(({ field }) => isSaid(field))
      if (said.length === 0 && recordId === '' && fields.length > 0) return fields.map((field) => ({ field, reason }))
      return (said.length > 0 ? said : changes).map((change) => this.#refusal(change, reason))
    })
    return refusals.filter(({ field }, index) => refusals.findIndex((other) => other.field === field) === index)
  }

  #refusal({ field, value }: FieldChange, reason: string): Refusal {
    const options = (this.#fields.get(field)?.options ?? []).filter(({ retired }) => retired !== true)
    const nearest = typeof value === 'string' ? nearestOption(options, value) : undefined
    // An option that is already spelt right is no advice.
    return { field, reason, ...(nearest !== undefined && nearest !== value && { nearest }) }
  }

  async create(changes: readonly FieldChange[], marker: string, signal: AbortSignal): Promise<PushOutcome> {
    const markerField = this.#markerField()
    const base = `${API}/sobjects/${this.#object}`
    const body = salesforceFieldsOf(changes, this.#fields)
    // With a field for it the create is an upsert: done twice, it makes one record.
    const call: HttpCall =
      markerField === undefined
        ? { method: 'POST', path: base, body, kind: 'write' }
        : { method: 'PATCH', path: `${base}/${markerField}/${encodeURIComponent(marker)}`, body, kind: 'write' }
    const answer = await this.#http.write(call, signal)
    if (answer.kind === 'no-answer') return { kind: 'outcome-unknown', recordId: '', reason: answer.reason }
    if (answer.status >= 500)
      return { kind: 'outcome-unknown', recordId: '', reason: `Salesforce answered ${answer.status}: ${wordsOf(answer)}` }
    if (answer.status >= 400) return this.#refusedOf({ recordId: '', recordKey: '', changes }, answer)
    const created = createdShape.safeParse(answer.json)
    if (!created.success) return { kind: 'outcome-unknown', recordId: '', reason: 'Salesforce did not say which record it created.' }
    const [outcome] = await this.#withKeys([{ kind: 'saved', recordId: created.data.id }], signal)
    return outcome ?? { kind: 'saved', recordId: created.data.id }
  }

  /** Two hundred a collection, five collections a call; with a field for markers each is an upsert, so that none is made twice. */
  async createMany(records: readonly NewRecord[], signal: AbortSignal): Promise<readonly PushOutcome[]> {
    const outcomes: PushOutcome[] = []
    for (const part of inParts(records, COLLECTION * COLLECTIONS))
      outcomes.push(...(await this.#createPart(part, outcomes.length > 0, signal)))
    return this.#withKeys(outcomes, signal)
  }

  async #createPart(records: readonly NewRecord[], isLater: boolean, signal: AbortSignal): Promise<readonly PushOutcome[]> {
    const deltas = records.map(({ changes }): RecordDelta => ({ recordId: '', recordKey: '', changes }))
    try {
      const call = this.#createCall(records)
      const answer = await this.#http.write({ ...call, kind: 'write', timeoutMs: WRITE_TIMEOUT_MS }, signal)
      const unknown = (reason: string, count: number): PushOutcome[] =>
        Array.from({ length: count }, () => ({ kind: 'outcome-unknown', recordId: '', reason }))
      if (answer.kind === 'no-answer') return unknown(answer.reason, records.length)
      if (answer.status >= 500) return unknown(`Salesforce answered ${answer.status}: ${wordsOf(answer)}`, records.length)
      if (answer.status >= 400) return deltas.map((delta) => this.#refusedOf(delta, answer))
      return partsOf({ ...call, deltas }, answer).flatMap(({ deltas: own, part }) => {
        if (part && part.status >= 400 && part.status < 500) return own.map((delta) => this.#refusedOf(delta, part))
        const saved = part && part.status < 400 ? savedShape.safeParse(part.json) : undefined
        if (!saved?.success || saved.data.length !== own.length)
          return unknown('Salesforce did not say which records it created.', own.length)
        return own.map((delta, index): PushOutcome => {
          const result = saved.data[index]
          if (result?.success && typeof result.id === 'string') return { kind: 'saved', recordId: result.id }
          return result
            ? this.#outcomeOf(delta, { ...result, success: false })
            : { kind: 'outcome-unknown', recordId: '', reason: 'Salesforce did not answer for it.' }
        })
      })
    } catch (error) {
      // Earlier parts are made already; these were never sent.
      if (!isLater || !(error instanceof SyncError)) throw error
      return deltas.map(({ changes }) => ({
        kind: 'refused',
        recordId: '',
        refusals: changes.map(({ field }) => ({ field, reason: error.message })),
      }))
    }
  }

  #createCall(records: readonly NewRecord[]): Pick<HttpCall, 'body' | 'path'> & { method: 'POST' | 'PATCH' } {
    const markerField = this.#markerField()
    const method = markerField === undefined ? 'POST' : 'PATCH'
    const path = `${API}/composite/sobjects${markerField === undefined ? '' : `/${this.#object}/${markerField}`}`
    const bodyOf = (part: readonly NewRecord[]) => ({
      allOrNone: false,
      records: part.map(({ changes, marker }) => ({
        attributes: { type: this.#object },
        ...(markerField !== undefined && { [markerField]: marker }),
        ...salesforceFieldsOf(changes, this.#fields),
      })),
    })
    if (records.length <= COLLECTION) return { method, path, body: bodyOf(records) }
    const parts = inParts(records, COLLECTION).map((part, index) => ({
      method,
      url: path,
      referenceId: `part${index + 1}`,
      body: bodyOf(part),
    }))
    return { method: 'POST', path: `${API}/composite`, body: { allOrNone: false, compositeRequest: parts } }
  }

  /** The keys of created records, where they are not their ids: Salesforce gives out case numbers only now. */
  async #withKeys(outcomes: readonly PushOutcome[], signal: AbortSignal): Promise<readonly PushOutcome[]> {
    const saved = outcomes.flatMap((outcome) => (outcome.kind === 'saved' ? [salesforceId(outcome.recordId) ?? outcome.recordId] : []))
    const { keyField } = this.#keys()
    const keys = new Map<string, string>()
    if (keyField !== 'Id' && saved.length > 0) {
      try {
        for (const { id, key } of (await this.read(saved, [], signal)).records) keys.set(id, key)
      } catch (error) {
        // They are made all the same; a later read tells their keys.
        if (!(error instanceof SyncError)) throw error
      }
    }
    return outcomes.map((outcome) => {
      if (outcome.kind !== 'saved') return outcome
      const id = salesforceId(outcome.recordId) ?? outcome.recordId
      return { kind: 'saved', recordId: id, record: { id, key: keys.get(id) ?? id, values: {}, updated: '' } }
    })
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
  async findCreated(marker: string, signal: AbortSignal): Promise<{ id: string; key: string } | undefined> {
    const markerField = this.#markerField()
    if (markerField === undefined) return undefined
    const { keyField } = this.#keys()
    const soql = soqlQuery({
      fields: ['Id', keyField],
      object: this.#object,
      conditions: [`${markerField} = ${soqlText(marker)}`],
      limit: 1,
    })
    const [row] = (await this.#page(queryPath(soql), undefined, signal)).records
    if (!row) return undefined
    const { id, key } = this.#recordOf(row, [], 'GET /query')
    return { id, key }
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
    return [...new Set(['Id', this.#keys().keyField, ...fields, ...lookups, 'SystemModstamp'])]
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
    const record = { id, key, values, updated: textIn(row, 'SystemModstamp') ?? '' }
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

/** Which deltas each part of an answer is about; one part, or one a collection of a composite. */
function partsOf(
  call: Pick<PlannedCall, 'path' | 'deltas'>,
  answer: HttpAnswer,
): readonly { readonly deltas: readonly RecordDelta[]; readonly part: { readonly status: number; readonly json: unknown } | undefined }[] {
  if (!call.path.endsWith('/composite')) return [{ deltas: call.deltas, part: { status: answer.status, json: answer.json } }]
  const parsed = compositeShape.safeParse(answer.json)
  const responses = parsed.success ? parsed.data.compositeResponse : []
  return inParts(call.deltas, COLLECTION).map((deltas, index) => {
    const found = responses.find(({ referenceId }) => referenceId === `part${index + 1}`)
    return { deltas, part: found && { status: found.httpStatusCode, json: found.body } }
  })
}

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
