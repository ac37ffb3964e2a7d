import { z } from 'zod'
import type { CellValue } from '../../workbook/cell-value.ts'
import { nearestOption } from '../../workbook/nearest-option.ts'
import { inParts } from '../parts.ts'
import { SyncError } from '../sync-error.ts'
import { goneAmong, halved, type Sent, sendApart } from './batches.ts'
import type {
  AppRecord,
  Connector,
  CreatedRecord,
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
import type { CallKind, HttpAnswer, HttpClient, NoAnswer } from './http-client.ts'
import {
  associationsShape,
  badAnswer,
  batchShape,
  errorShape,
  failureOf,
  type HubRecord,
  type ItemError,
  type PropertyFault,
  parseAnswer,
  propertyFaults,
  readOk,
  searchShape,
  wordsOf,
} from './hubspot-answers.ts'
import { type BatchInput, blameOf, foldUnique, type Holders, repeatsOf, sendersOf, TAKEN } from './hubspot-batch.ts'
import { BATCH, describeHubObject, type HubObject, hubObject, MARKER, MERGED, SEARCH_PAGE } from './hubspot-describe.ts'
import { type HubCondition, type HubFilter, hubFiltersFor, parseHubFilter } from './hubspot-filter.ts'
import { hubPropertiesOf, objectPath } from './hubspot-plan.ts'
import { LINKED, normaliseHubValue, readHubValue, UPDATED_BY, wireOf } from './hubspot-values.ts'

export interface HubSpotOptions {
  readonly http: HttpClient
  /** `companies`, `contacts`, `deals`, `tickets`, or a custom object's number (`2-123`). */
  readonly object: string
  /** What the last field refresh told; `describe` replaces it. */
  readonly description?: ObjectDescription
  /** For filters that speak of today. ms since 1970 (Default: the machine's clock) */
  readonly now?: () => number
}

/** How far a changed-since search reaches back beyond the cursor: for the index's lag and the second in which HubSpot tells the time. */
const OVERLAP_MS = 60_000
/** HubSpot lists no more than these in an order of the person's own. */
const MOST_ORDERED = 10_000
/** A bound on every paging loop: a million records. */
const MAX_PAGES = 5_000
/** Ids an association read takes. */
const ASSOCIATION_BATCH = 1_000
/** Names of associated records that one cell shows. */
const SHOWN_LINKS = 10

/** A connector for one object of a HubSpot account (CRM v3). */
export function makeHubSpotConnector(options: HubSpotOptions): Connector {
  return new HubSpotConnector(options)
}

class HubSpotConnector implements Connector {
  readonly #http: HttpClient
  readonly #object: HubObject
  readonly #path: string
  readonly #now: () => number
  #description: ObjectDescription | undefined
  #fields: ReadonlyMap<string, ExternalField>

  constructor(options: HubSpotOptions) {
    this.#http = options.http
    this.#object = hubObject(options.object)
    this.#path = objectPath(options.object)
    this.#now = options.now ?? Date.now
    this.#description = options.description
    this.#fields = fieldsById(options.description)
  }

  async describe(signal: AbortSignal): Promise<ObjectDescription> {
    const description = await describeHubObject(this.#http.as('refresh'), this.#object.id, signal)
    this.#description = description
    this.#fields = fieldsById(description)
    return description
  }

  async searchByName(text: string, limit: number, signal: AbortSignal): Promise<readonly SearchHit[]> {
    const words = text.split(/[^\p{L}\p{N}]+/u).filter(Boolean)
    if (words.length === 0) return []
    const properties = [this.#nameField]
    const body = { query: words.join(' '), filterGroups: [], sorts: [], properties, limit: Math.min(limit, SEARCH_PAGE), after: '0' }
    const { results } = await this.#search(body, 'search', signal)
    const wanted = text.trim().toLowerCase()
    const rank = ({ name }: SearchHit): number => [name.toLowerCase() === wanted, name.toLowerCase().startsWith(wanted), true].indexOf(true)
    return results
      .map((record) => this.#hitOf(record))
      .toSorted((a, b) => rank(a) - rank(b))
      .slice(0, limit)
  }

  /** Keys are record IDs; contacts also go by their e-mail address, companies by their domain. */
  async findByKeys(keys: readonly string[], signal: AbortSignal): Promise<readonly SearchHit[]> {
    const wanted = [...new Set(keys.map((key) => key.trim()))]
    const ids = wanted.filter((key) => /^\d+$/u.test(key))
    const words = wanted.filter((key) => !/^\d+$/u.test(key)).map((key) => key.toLowerCase())
    const hits = new Map<string, SearchHit>()
    const note = (records: readonly HubRecord[]) => {
      for (const record of records) hits.set(record.id, this.#hitOf(record))
    }
    note(await this.#readBatches(ids, [this.#nameField], 'search', signal))
    if (this.#object.id === 'contacts') {
      const addresses = words.filter((word) => /^[^\s@]+@[^\s@]+$/u.test(word))
      note(await this.#readBatches(addresses, [this.#nameField], 'search', signal, 'email'))
    }
    if (this.#object.id === 'companies') {
      const domains = words.map(bareDomain).filter((word) => /^[^\s@]+\.[^\s@.]{2,}$/u.test(word))
      note(await this.#byDomains(domains, signal))
    }
    return [...hits.values()]
  }

  async list(filter: string, fields: readonly string[], cursor: string | null, signal: AbortSignal): Promise<Page> {
    const parsed = this.#parse(filter)
    const request = { properties: this.#askedOf(fields), limit: SEARCH_PAGE }
    const page = parsed.order
      ? await this.#search(orderedBody(parsed, request, cursor), undefined, signal)
      : await this.#search(keySetBody(parsed.groups, request, cursor ?? '0'), undefined, signal)
    const records = await this.#recordsOf(page.results, fields, 'a search', signal)
    return { records, next: parsed.order ? nextOrdered(page) : nextInKeySet(page.results) }
  }

  filtersFor(filter: string, field: string, values: readonly string[]): readonly string[] | undefined {
    const property = this.#fields.get(field)
    return property && hubFiltersFor(filter, property, values, this.#description?.fields)
  }

  /** How many records a filter finds, without reading them: every search tells. */
  async count(filter: string, signal: AbortSignal): Promise<number> {
    const { groups } = this.#parse(filter)
    return (await this.#search(keySetBody(groups, { properties: [], limit: 1 }, '0'), undefined, signal)).total
  }

  async changedSince(
    cursor: string | null,
    filter: string,
    fields: readonly string[],
    signal: AbortSignal,
  ): Promise<{ records: readonly AppRecord[]; next: string }> {
    const since = cursor === null ? undefined : Date.parse(cursor)
    if (Number.isNaN(since)) throw new SyncError('bad-request', 'The cursor of the scheduled pull is not one that HubSpot gave.')
    const { groups } = this.#parse(filter)
    const from = since === undefined ? this.#now() : since - OVERLAP_MS
    const changed: HubCondition = { propertyName: this.#object.modified, operator: 'GTE', value: String(from) }
    const wanted = (groups.length === 0 ? [[]] : groups).map((group) => [...group, changed])
    const request = { properties: this.#askedOf(fields), limit: since === undefined ? 1 : SEARCH_PAGE }
    const found: HubRecord[] = []
    let next: string | undefined
    let last = '0'
    for (let page = 0; page < MAX_PAGES; page++) {
      const body = keySetBody(wanted, request, last)
      const answer = await readOk(this.#http, { method: 'POST', path: `${this.#path}/search`, body }, signal)
      const { results } = parseAnswer(searchShape, answer, `POST ${this.#path}/search`)
      // HubSpot's own clock, as of the first page: what is changed while the pages are read comes with the next pull.
      next ??= timeOf(answer)
      if (cursor === null) return { records: [], next: next ?? new Date(this.#now()).toISOString() }
      found.push(...results)
      const more = nextInKeySet(results)
      if (more === null) return { records: await this.#recordsOf(found, fields, 'a search', signal), next: next ?? newest(found, cursor) }
      last = more
    }
    throw new SyncError('bad-answer', `HubSpot's search did not end within ${MAX_PAGES} pages.`)
  }

  /** Reads by id; one that was merged into another record is answered with that record's values and its key. */
  async read(ids: readonly string[], fields: readonly string[], signal: AbortSignal): Promise<ReadAnswer> {
    const asked = [...new Set(ids)]
    const found = await this.#readBatches(
      asked.filter((id) => /^\d+$/u.test(id)),
      this.#askedOf(fields),
      undefined,
      signal,
    )
    const records = await this.#recordsOf(found, fields, 'a batch read', signal)
    const byId = new Map(records.map((record) => [record.id, record]))
    for (const [index, { properties }] of found.entries()) {
      const record = records[index]
      for (const former of idsIn(properties[MERGED])) if (record && !byId.has(former)) byId.set(former, { ...record, id: former })
    }
    const wanted = asked.flatMap((id) => byId.get(id) ?? [])
    return { records: wanted, absent: asked.filter((id) => !byId.has(id)) }
  }

  /** HubSpot keeps what was deleted for a while and tells so; what it no longer has at all is gone for good. */
  async proveGone(ids: readonly string[], signal: AbortSignal): Promise<readonly string[]> {
    const asked = [...new Set(ids)]
    const gone = new Set<string>()
    for (const part of inParts(
      asked.filter((id) => /^\d+$/u.test(id)),
      BATCH,
    )) {
      const body = { inputs: part.map((id) => ({ id })), properties: [], propertiesWithHistory: [] }
      const answer = await this.#http.read({ method: 'POST', path: `${this.#path}/batch/read?archived=true`, body }, signal)
      if (answer.status === 403) return []
      if (answer.status !== 200 && answer.status !== 207)
        throw failureOf({ method: 'POST', path: `${this.#path}/batch/read?archived=true` }, answer)
      for (const { id, archived } of parseAnswer(batchShape, answer, 'a batch read').results) if (archived === true) gone.add(id)
    }
    for (const id of asked) {
      if (gone.has(id)) continue
      const path = `${this.#path}/${encodeURIComponent(id)}`
      const answer = await this.#http.read({ method: 'GET', path }, signal)
      if (answer.status === 404 && errorShape.safeParse(answer.json).data?.category === 'OBJECT_NOT_FOUND') gone.add(id)
    }
    return asked.filter((id) => gone.has(id))
  }

  async update(call: PlannedCall, signal: AbortSignal): Promise<readonly PushOutcome[]> {
    const { inputs } = bodyShape.parse(call.body)
    const answers = await this.#sendBatch(call.path, inputs, signal)
    const absent = call.deltas.flatMap(({ recordId }) => (answers.get(recordId)?.kind === 'absent' ? [recordId] : []))
    const gone = await goneAmong(this, absent, signal)
    return call.deltas.map((delta) => this.#outcomeOf(delta, answers.get(delta.recordId), gone))
  }

  async createMany(records: readonly NewRecord[], signal: AbortSignal): Promise<readonly PushOutcome[]> {
    const inputs = records.map(({ changes, marker }) => ({
      ...this.#newInput(changes, marker),
      objectWriteTraceId: marker,
      associations: [],
    }))
    const answers = await this.#sendBatch(`${this.#path}/batch/create`, inputs, signal)
    return records.map(({ changes, marker }) => this.#createdOf(changes, answers.get(marker)))
  }

  async delete(id: string, signal: AbortSignal): Promise<PushOutcome> {
    const path = `${this.#path}/${encodeURIComponent(id)}`
    const [before] = (await this.read([id], [], signal)).records
    if (before === undefined && (await this.proveGone([id], signal)).length > 0) return { kind: 'gone', recordId: id }
    const answer = await this.#http.write({ method: 'DELETE', path, kind: 'write' }, signal)
    if (answer.kind === 'no-answer') return { kind: 'outcome-unknown', recordId: id, reason: answer.reason }
    if (answer.status === 204) return { kind: 'saved', recordId: id }
    if (answer.status === 404) return { kind: 'gone', recordId: id }
    if (answer.status >= 500) return { kind: 'outcome-unknown', recordId: id, reason: unclear(answer) }
    return { kind: 'refused', recordId: id, refusals: [{ field: '', reason: wordsOf(answer) }] }
  }

  /** Only where the account has a unique property for marks; it is read directly, so the index's lag does not matter. */
  async findCreated(markers: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, CreatedRecord>> {
    if (!this.#fields.has(MARKER)) return new Map()
    const records = await this.#readBatches(markers, [MARKER], 'search', signal, MARKER)
    return new Map(
      records.flatMap(({ id, properties }) => {
        const marker = properties[MARKER]
        return typeof marker === 'string' ? [[marker, { id, key: id }] as const] : []
      }),
    )
  }

  normalise(field: string, value: CellValue): CellValue {
    return normaliseHubValue(this.#fields.get(field) ?? { id: field, name: field, type: 'text', writable: true }, value)
  }

  get #nameField(): string {
    return this.#description?.nameField ?? this.#object.nameField
  }

  #parse(text: string): HubFilter {
    const parsed = parseHubFilter(text, this.#description?.fields, this.#now())
    if (parsed.kind === 'filter') return parsed.filter
    throw new SyncError('bad-request', `The filter is not understood at letter ${parsed.at}: ${parsed.message}`)
  }

  /** The properties to ask for: record IDs come by themselves; merges are told by one of their own. */
  #askedOf(fields: readonly string[]): readonly string[] {
    const own = fields.filter((field) => !field.startsWith(LINKED) && field !== 'hs_object_id')
    return [...new Set([...own, MERGED, ...(this.#fields.has(UPDATED_BY) ? [UPDATED_BY] : [])])]
  }

  async #search(body: unknown, kind: CallKind | undefined, signal: AbortSignal) {
    const path = `${this.#path}/search`
    return parseAnswer(searchShape, await readOk(this.#http, { method: 'POST', path, body, ...(kind && { kind }) }, signal), `POST ${path}`)
  }

  /** Records by id, or by a unique property, a hundred a call; unknown ones are left out. */
  async #readBatches(
    keys: readonly string[],
    properties: readonly string[],
    kind: CallKind | undefined,
    signal: AbortSignal,
    idProperty?: string,
  ): Promise<readonly HubRecord[]> {
    const records = new Map<string, HubRecord>()
    const path = `${this.#path}/batch/read`
    for (const part of inParts(keys, BATCH)) {
      const inputs = part.map((id) => ({ id }))
      const body = { inputs, properties, propertiesWithHistory: [], ...(idProperty !== undefined && { idProperty }) }
      const answer = await readOk(this.#http, { method: 'POST', path, body, ...(kind && { kind }) }, signal)
      for (const record of parseAnswer(batchShape, answer, `POST ${path}`).results) records.set(record.id, record)
    }
    return [...records.values()]
  }

  async #byDomains(domains: readonly string[], signal: AbortSignal): Promise<readonly HubRecord[]> {
    const records: HubRecord[] = []
    for (const values of inParts(domains, BATCH)) {
      const filter: HubCondition = { propertyName: 'domain', operator: 'IN', values }
      const body = keySetBody([[filter]], { properties: [this.#nameField], limit: SEARCH_PAGE }, '0')
      records.push(...(await this.#search(body, 'search', signal)).results)
    }
    return records
  }

  #hitOf({ id, properties }: HubRecord): SearchHit {
    const name = properties[this.#nameField]
    return { id, key: id, name: typeof name === 'string' && name !== '' ? name : id }
  }

  #newInput(changes: readonly FieldChange[], marker: string): Pick<BatchInput, 'properties'> {
    const properties = hubPropertiesOf(
      changes.filter(({ value }) => value !== null && value !== ''),
      this.#fields,
    )
    return { properties: this.#fields.has(MARKER) ? { ...properties, [MARKER]: marker } : properties }
  }

  /**
   * Sends records in one call. Where one value refuses them all, nothing of the call was saved: the records to blame are taken out and the
   * rest is sent again; where the answer does not tell them apart, in halves. Gives what became of each, by trace.
   */
  async #sendBatch(path: string, inputs: readonly BatchInput[], signal: AbortSignal): Promise<ReadonlyMap<string, ItemAnswer>> {
    const send = async (part: readonly BatchInput[]): Promise<Sent<BatchInput, ItemAnswer>> => {
      const answer = await this.#http.write({ method: 'POST', path, body: { inputs: part }, kind: 'write' }, signal)
      if (answer.kind === 'answer' && isRefusal(answer)) return this.#blamed(part, answer, signal)
      return { answers: itemAnswers(part, answer) }
    }
    const answers = await sendApart([inputs], send, (_, error): ItemAnswer => ({ kind: 'not-sent', error }))
    return new Map([...answers].map(([{ objectWriteTraceId: trace }, answer]) => [trace, answer]))
  }

  /** What a no to the whole batch says of each record, and which are to be sent again. */
  async #blamed(inputs: readonly BatchInput[], answer: HttpAnswer, signal: AbortSignal): Promise<Sent<BatchInput, ItemAnswer>> {
    const words = wordsOf(answer)
    const faults = this.#faultsIn(inputs, answer)
    const refused = (own: readonly PropertyFault[]): ItemAnswer => ({ kind: 'refused', words, faults: own })
    if (!isAboutRecords(answer)) return { answers: new Map(inputs.map((input) => [input, refused([])])) }
    const blame = blameOf(inputs, faults, await this.#holdersOf(inputs, faults, signal))
    const answers = new Map(
      inputs.flatMap((input): [BatchInput, ItemAnswer][] => {
        const own = blame.faults.get(input.objectWriteTraceId)
        return own === undefined ? [] : [[input, refused(own)]]
      }),
    )
    const rest = inputs.filter((input) => !answers.has(input))
    if (blame.isWhole) return { answers, again: [rest] }
    const repeats = repeatsOf(rest, [...this.#uniqueFields])
    return { answers, again: repeats.length > 0 ? [rest.filter((input) => !repeats.includes(input)), repeats] : halved(rest) }
  }

  /** The properties a refusal names. That a unique value is taken HubSpot may say without the property: it is the one that was sent. */
  #faultsIn(inputs: readonly BatchInput[], answer: HttpAnswer): readonly PropertyFault[] {
    const faults = propertyFaults(answer.json)
    if (faults.length > 0 || answer.status !== 409) return faults
    const sent = [...this.#uniqueFields].filter((name) => sendersOf(inputs, name).length > 0)
    return sent.length === 1 ? sent.map((name) => ({ name, error: TAKEN, message: wordsOf(answer) })) : []
  }

  get #uniqueFields(): ReadonlySet<string> {
    return new Set([...this.#fields.values()].flatMap(({ id, isUnique }) => (isUnique === true && id !== MARKER ? [id] : [])))
  }

  /** Who holds the unique values that a batch was refused for: one read a property tells all of them, the answer at most one. */
  async #holdersOf(inputs: readonly BatchInput[], faults: readonly PropertyFault[], signal: AbortSignal): Promise<Holders> {
    const holders = new Map<string, ReadonlyMap<string, readonly string[]>>()
    for (const name of new Set(faults.flatMap((fault) => (fault.error === TAKEN ? [fault.name] : [])))) {
      const senders = sendersOf(inputs, name)
      const values = [...new Set(senders.flatMap(({ properties }) => properties[name] || []))]
      if (senders.length < 2 || values.length === 0) continue
      try {
        const found = await this.#readBatches(values, [name, MERGED], 'lookup', signal, name)
        const held = found.map(
          ({ id, properties }) => [foldUnique(String(properties[name] ?? '')), [id, ...idsIn(properties[MERGED])]] as const,
        )
        holders.set(name, new Map(held))
      } catch (error) {
        // What cannot be looked up is found by halves.
        if (!(error instanceof SyncError)) throw error
      }
    }
    return holders
  }

  #outcomeOf(delta: RecordDelta, answer: ItemAnswer | undefined, gone: readonly string[]): PushOutcome {
    const { recordId, changes } = delta
    if (answer === undefined || answer.kind === 'unknown')
      return { kind: 'outcome-unknown', recordId, reason: answer?.reason ?? 'HubSpot did not say what became of this record.' }
    if (answer.kind === 'not-sent') return { ...answer, recordId }
    if (answer.kind === 'refused') return { kind: 'refused', recordId, refusals: this.#refusalsOf(changes, answer) }
    if (answer.kind === 'absent') {
      if (gone.includes(recordId)) return { kind: 'gone', recordId }
      return { kind: 'refused', recordId, refusals: changes.map(({ field }) => ({ field, reason: answer.words })) }
    }
    return this.#savedOf(delta, answer.record)
  }

  /** What a saved record holds now, as far as the answer says. */
  #savedOf({ recordId, changes }: RecordDelta, record: HubRecord): PushOutcome {
    const fields = changes.map(({ field }) => field)
    const isWhole = fields.every((field) => field in record.properties)
    const parsed = this.#parseRecord(record, fields)
    // The answer of a merged record carries the id of the one it was merged into.
    return isWhole && parsed.kind === 'record'
      ? { kind: 'saved', recordId, record: { ...parsed.record, id: recordId } }
      : { kind: 'saved', recordId }
  }

  #createdOf(changes: readonly FieldChange[], answer: ItemAnswer | undefined): PushOutcome {
    if (answer === undefined || answer.kind === 'unknown')
      return { kind: 'outcome-unknown', recordId: '', reason: answer?.reason ?? 'HubSpot did not say which record it created.' }
    if (answer.kind === 'not-sent') return { ...answer, recordId: '' }
    if (answer.kind === 'saved') {
      const { id, updatedAt } = answer.record
      return { kind: 'saved', recordId: id, record: { id, key: id, values: {}, updated: updatedAt } }
    }
    return { kind: 'refused', recordId: '', refusals: this.#refusalsOf(changes, answer) }
  }

  #refusalsOf(
    changes: readonly FieldChange[],
    { words, faults = [] }: Extract<ItemAnswer, { kind: 'refused' | 'absent' }>,
  ): readonly Refusal[] {
    const named = changes.filter(({ field }) => faults.some(({ name }) => name === field))
    return (named.length > 0 ? named : changes).map((change) => {
      const own = faults.filter(({ name }) => name === change.field).map(({ message }) => message)
      return this.#refusal(change, own.join(' ') || words)
    })
  }

  #refusal({ field, value }: FieldChange, reason: string): Refusal {
    const nearest = typeof value === 'string' ? nearestOption(this.#fields.get(field)?.options ?? [], value) : undefined
    return { field, reason: shortened(reason), ...(nearest !== undefined && nearest !== value && { nearest }) }
  }

  /** Records as ours, with the names of what they are associated with where a field shows that. */
  async #recordsOf(
    found: readonly HubRecord[],
    fields: readonly string[],
    where: string,
    signal: AbortSignal,
  ): Promise<readonly AppRecord[]> {
    const linked = fields.filter((field) => field.startsWith(LINKED))
    const names = new Map<string, ReadonlyMap<string, string>>()
    for (const field of linked) names.set(field, await this.#linkedNames(found, field.slice(LINKED.length), signal))
    return found.map((one) => {
      // Empty properties come as null, and some always come: a record without any is no empty record.
      if (fields.length > 0 && Object.keys(one.properties).length === 0) throw badAnswer(where, `the properties of ${one.id}`)
      const parsed = this.#parseRecord(
        one,
        fields.filter((field) => !linked.includes(field)),
      )
      if (parsed.kind === 'unfit') throw badAnswer(where, `${parsed.field} of ${one.id}`)
      const { record } = parsed
      const values = { ...record.values, ...Object.fromEntries(linked.map((field) => [field, names.get(field)?.get(one.id) ?? null])) }
      return { ...record, values }
    })
  }

  /** The names of the associated records of one object, by the record they belong to: a call for a thousand records, one for a hundred names. */
  async #linkedNames(found: readonly HubRecord[], object: string, signal: AbortSignal): Promise<ReadonlyMap<string, string>> {
    const links = new Map<string, readonly string[]>()
    const path = `/crm/v4/associations/${encodeURIComponent(this.#object.id)}/${encodeURIComponent(object)}/batch/read`
    for (const part of inParts(found, ASSOCIATION_BATCH)) {
      const answer = await readOk(this.#http, { method: 'POST', path, body: { inputs: part.map(({ id }) => ({ id })) } }, signal)
      for (const { from, to } of parseAnswer(associationsShape, answer, `POST ${path}`).results)
        links.set(
          from.id,
          to.slice(0, SHOWN_LINKS).map(({ toObjectId }) => toObjectId),
        )
    }
    const { nameField } = hubObject(object)
    const names = new Map<string, string>()
    for (const part of inParts([...new Set([...links.values()].flat())], BATCH)) {
      const body = { inputs: part.map((id) => ({ id })), properties: [nameField], propertiesWithHistory: [] }
      const answer = await readOk(this.#http, { method: 'POST', path: `${objectPath(object)}/batch/read`, body }, signal)
      for (const { id, properties } of parseAnswer(batchShape, answer, 'a batch read').results) {
        const name = properties[nameField]
        names.set(id, typeof name === 'string' && name !== '' ? name : id)
      }
    }
    return new Map([...links].map(([id, ids]) => [id, ids.map((one) => names.get(one) ?? one).join(', ')]))
  }

  #parseRecord(
    { id, properties, updatedAt }: HubRecord,
    fields: readonly string[],
  ): { readonly kind: 'record'; readonly record: AppRecord } | { readonly kind: 'unfit'; readonly field: string } {
    const values: Record<string, CellValue> = {}
    const people: Record<string, string> = {}
    for (const name of fields) {
      const field = this.#fields.get(name)
      const value = readHubValue({ ...field, id: name }, name === 'hs_object_id' ? id : properties[name])
      if (value === undefined) return { kind: 'unfit', field: name }
      values[name] = value
      const person = ['owner', 'user'].includes(wireOf(field, name)) ? field?.options?.find((option) => option.id === value) : undefined
      if (person) people[person.id] = person.name
    }
    const updatedBy = this.#fields.get(UPDATED_BY)?.options?.find((user) => user.id === String(properties[UPDATED_BY] ?? ''))?.name
    const record = { id, key: id, values, updated: updatedAt, ...(updatedBy !== undefined && { updatedBy }) }
    return { kind: 'record', record: Object.keys(people).length > 0 ? { ...record, people } : record }
  }
}

/** A planned call's body: what a preview showed is what is sent. */
const bodyShape = z.object({
  inputs: z.array(z.object({ id: z.string(), objectWriteTraceId: z.string(), properties: z.record(z.string(), z.string()) })),
})

/** What became of one record of a batch. */
type ItemAnswer =
  | { readonly kind: 'saved'; readonly record: HubRecord }
  | { readonly kind: 'refused'; readonly words: string; readonly faults?: readonly PropertyFault[] }
  /** HubSpot does not have it, or not for this account. */
  | { readonly kind: 'absent'; readonly words: string; readonly faults?: undefined }
  | { readonly kind: 'unknown'; readonly reason: string }
  | { readonly kind: 'not-sent'; readonly error: SyncError }

/** A no to the whole batch, by which nothing of it was saved. */
const isRefusal = ({ status }: HttpAnswer): boolean => status >= 400 && status < 500

/** Whether a no is about what the records hold, or their size, so that others of them may be taken; else it would be said to each alike. */
const isAboutRecords = ({ status }: HttpAnswer): boolean => status === 400 || status === 409 || status === 413

const unclear = (answer: HttpAnswer): string => `HubSpot answered ${answer.status}: ${wordsOf(answer)}`

/** What an answer says of each record; one that is neither among the results nor among the errors is unknown. */
function itemAnswers(inputs: readonly BatchInput[], answer: HttpAnswer | NoAnswer): ReadonlyMap<BatchInput, ItemAnswer> {
  const unknown = (reason: string): ReadonlyMap<BatchInput, ItemAnswer> =>
    new Map(inputs.map((input) => [input, { kind: 'unknown', reason }]))
  if (answer.kind === 'no-answer') return unknown(answer.reason)
  if (answer.status >= 300) return unknown(unclear(answer))
  const batch = batchShape.safeParse(answer.json)
  if (!batch.success) return unknown('HubSpot did not say which records it saved.')
  const { results, errors = [] } = batch.data
  return new Map(
    inputs.map((input): [BatchInput, ItemAnswer] => {
      const { id, objectWriteTraceId: trace } = input
      const record = results.find((one) => one.objectWriteTraceId === trace) ?? results.find((one) => id !== undefined && one.id === id)
      if (record) return [input, { kind: 'saved', record }]
      const error = errors.find((one) => isAbout(one, trace, id))
      return [input, error ? errorAnswer(error) : { kind: 'unknown', reason: 'HubSpot did not say what became of this record.' }]
    }),
  )
}

function isAbout({ context = {} }: ItemError, trace: string, id: string | undefined): boolean {
  return (
    (context.objectWriteTraceId ?? []).includes(trace) || (id !== undefined && [...(context.ids ?? []), ...(context.id ?? [])].includes(id))
  )
}

function errorAnswer({ category, message, context = {} }: ItemError): ItemAnswer {
  if (category === 'OBJECT_NOT_FOUND') return { kind: 'absent', words: message }
  const names = context.propertyName ?? context.properties ?? []
  return { kind: 'refused', words: message, faults: names.map((name) => ({ name, message, error: category ?? '' })) }
}

/** Lists of all options are long; what is wrong stands at their beginning. */
const shortened = (text: string): string => (text.length <= 300 ? text : `${text.slice(0, 299)}…`)

const fieldsById = (description: ObjectDescription | undefined): ReadonlyMap<string, ExternalField> =>
  new Map((description?.fields ?? []).map((field) => [field.id, field]))

const idsIn = (value: unknown): readonly string[] => (typeof value === 'string' ? value.split(';').filter(Boolean) : [])

interface Request {
  readonly properties: readonly string[]
  readonly limit: number
}

/** One page of a search in the order of ids, from the one after `last`: it has no end at 10,000, and what changes meanwhile moves nothing. */
function keySetBody(groups: HubFilter['groups'], { properties, limit }: Request, last: string) {
  const beyond: HubCondition = { propertyName: 'hs_object_id', operator: 'GT', value: last }
  const all = groups.length === 0 ? [[]] : groups
  const filterGroups = all
    .map((group) => ({ filters: last === '0' ? group : [...group, beyond] }))
    .filter(({ filters }) => filters.length > 0)
  return { filterGroups, sorts: ['hs_object_id'], properties, limit, after: '0' }
}

/** One page of a search in the person's own order. */
function orderedBody({ groups, order }: HubFilter, { properties, limit }: Request, cursor: string | null) {
  const sorts = order ? [`${order.isDescending ? '-' : ''}${order.property}`] : []
  return { filterGroups: groups.map((filters) => ({ filters })), sorts, properties, limit, after: cursor ?? '0' }
}

const nextInKeySet = (results: readonly HubRecord[]): string | null => (results.length < SEARCH_PAGE ? null : (results.at(-1)?.id ?? null))

function nextOrdered({
  paging,
  total,
}: {
  readonly paging?: { readonly next?: { readonly after: string } | undefined } | undefined
  readonly total: number
}): string | null {
  const after = paging?.next?.after
  if (after !== undefined) return after
  if (total <= MOST_ORDERED) return null
  throw new SyncError(
    'bad-request',
    `HubSpot lists only ${MOST_ORDERED} records in an order of one’s own; leave “order by” out, or narrow the filter.`,
  )
}

/** HubSpot's clock when it answered, to the second. */
function timeOf({ headers }: HttpAnswer): string | undefined {
  const date = Date.parse(headers.get('date') ?? '')
  return Number.isNaN(date) ? undefined : new Date(date).toISOString()
}

/** The newest stamp among the records; the cursor where there is none. */
const newest = (records: readonly HubRecord[], cursor: string): string =>
  records.reduce((latest, { updatedAt }) => (updatedAt > latest ? updatedAt : latest), cursor)

/** A web address as HubSpot keeps a domain. */
const bareDomain = (word: string): string => (word.replace(/^[a-z]+:\/\//u, '').split('/', 1)[0] ?? '').replace(/^www\./u, '')
