import { z } from 'zod'
import type { CellValue } from '../../workbook/cell-value.ts'
import type { Option } from '../../workbook/fields.ts'
import { nearestOption } from '../../workbook/nearest-option.ts'
import { SyncError } from '../sync-error.ts'
import { isAdfDocument } from './adf.ts'
import { mergeText } from './adf-merge.ts'
import { goneAmong, sendApart } from './batches.ts'
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
import type { CallKind, HttpAnswer, HttpClient } from './http-client.ts'
import {
  badAnswer,
  bulkShape,
  countShape,
  errorShape,
  failureOf,
  type Issue,
  issueShape,
  parseAnswer,
  projectsShape,
  readOk,
  type SearchPage,
  searchShape,
  serverInfoShape,
  statusShape,
  transitionsShape,
  wordsOf,
} from './jira-answers.ts'
import { BULK_EDIT_PATH, BULK_MOVE_PATH } from './jira-bulk.ts'
import { type BulkProgress, bulkOutcome, bulkTransitions, runBulk } from './jira-bulk-run.ts'
import { type CreateIn, createSome, MARKER_PROPERTY, refusedMoves, requiredToCreate } from './jira-create.ts'
import { describeJira, READ_BATCH, usersShape } from './jira-describe.ts'
import { issuePath, singleCalls } from './jira-plan.ts'
import { instantOf, normaliseJiraValue, readJiraValue, wireOf } from './jira-values.ts'
import { JIRA_KEY, jqlForValues, quoted, splitOrder } from './jql.ts'

export interface JiraOptions {
  readonly http: HttpClient
  readonly object: 'issues'
  /** Keys of the projects the integration is limited to; absent: every project the credential sees. */
  readonly projectKeys?: readonly string[]
  /** What the last field refresh told; `describe` replaces it. Without it only Jira's own fields are known by type. */
  readonly description?: ObjectDescription
  /** Where a created issue goes when its changes do not say. */
  readonly createIn?: { readonly project: string; readonly issueType: string }
}

const PAGE_SIZE = 100
/** How far a changed-since search reaches back beyond the cursor: for the minute resolution of JQL, the index delay and clock drift. */
const OVERLAP_MS = 2 * 60_000
/** How long a create whose answer was lost is looked for. */
const CREATED_WITHIN_MINUTES = 7 * 24 * 60
/** A bound on every paging loop; a hundred thousand issues are a thousand pages. */
const MAX_PAGES = 10_000
/** Projects whose people are searched; each costs a call. */
const PEOPLE_PROJECTS = 3

/** A connector for the issues of a Jira Cloud site (REST v3). */
export function makeJiraConnector(options: JiraOptions): Connector {
  return new JiraConnector(options)
}

class JiraConnector implements Connector {
  readonly #http: HttpClient
  readonly #options: JiraOptions
  #description: ObjectDescription | undefined
  #fields: ReadonlyMap<string, ExternalField>

  constructor(options: JiraOptions) {
    this.#http = options.http
    this.#options = options
    this.#description = options.description
    this.#fields = fieldsById(options.description)
  }

  async describe(signal: AbortSignal): Promise<ObjectDescription> {
    const description = await describeJira(this.#http.as('refresh'), this.#options.projectKeys, signal)
    this.#description = description
    this.#fields = fieldsById(description)
    return description
  }

  async searchByName(text: string, limit: number, signal: AbortSignal): Promise<readonly SearchHit[]> {
    const words = text.split(/[^\p{L}\p{N}_]+/u).filter(Boolean)
    if (words.length === 0) return []
    const jql = this.#within(words.map((word) => `summary ~ ${quoted(`${word}*`)}`).join(' AND '))
    const { issues } = await this.#search({ jql, fields: ['summary'], maxResults: Math.min(limit, PAGE_SIZE) }, 'search', signal)
    const hits = issues.map(hitOf)
    const wanted = text.trim().toLowerCase()
    const rank = ({ name }: SearchHit): number => [name.toLowerCase() === wanted, name.toLowerCase().startsWith(wanted), true].indexOf(true)
    return hits.toSorted((a, b) => rank(a) - rank(b)).slice(0, limit)
  }

  async findByKeys(keys: readonly string[], signal: AbortSignal): Promise<readonly SearchHit[]> {
    const wanted = [...new Set(keys.map((key) => key.trim().toUpperCase()))].filter((key) => JIRA_KEY.test(key))
    const { projectKeys } = this.#options
    const issues = await this.#fetchIssues(wanted, ['summary'], 'search', signal)
    return issues.filter(({ key }) => projectKeys === undefined || projectKeys.includes(key.slice(0, key.lastIndexOf('-')))).map(hitOf)
  }

  async list(filter: string, fields: readonly string[], cursor: string | null, signal: AbortSignal): Promise<Page> {
    const request = {
      jql: this.#within(filter),
      fields: wireFields(fields),
      maxResults: PAGE_SIZE,
      ...(cursor !== null && { nextPageToken: cursor }),
    }
    const page = await this.#search(request, undefined, signal)
    return { records: page.issues.map((issue) => this.#recordOf(issue, fields, 'POST /search/jql')), next: nextTokenOf(page) }
  }

  filtersFor(filter: string, field: string, values: readonly string[]): readonly string[] | undefined {
    return jqlForValues(filter, field, wireOf(this.#fields.get(field), field), values)
  }

  async count(filter: string, signal: AbortSignal): Promise<number> {
    const path = '/rest/api/3/search/approximate-count'
    const answer = await readOk(this.#http, { method: 'POST', path, body: { jql: this.#within(filter) } }, signal)
    return parseAnswer(countShape, answer, `POST ${path}`).count
  }

  async changedSince(
    cursor: string | null,
    filter: string,
    fields: readonly string[],
    signal: AbortSignal,
  ): Promise<{ records: readonly AppRecord[]; next: string }> {
    const now = await this.#serverTime(signal)
    const next = now.toISOString()
    if (cursor === null) return { records: [], next }
    const since = Date.parse(cursor)
    if (Number.isNaN(since)) throw new SyncError('bad-request', 'The cursor of the scheduled pull is not one that Jira gave.')
    // Relative, so that it does not matter which time zone the account reads JQL's dates in.
    const minutes = Math.max(1, Math.ceil((now.getTime() - since + OVERLAP_MS) / 60_000))
    const jql = this.#within(`${conditionOf(filter)}updated >= -${minutes}m ORDER BY updated ASC`)
    const records = new Map<string, AppRecord>()
    for await (const issue of this.#pages({ jql, fields: wireFields(fields) }, signal)) {
      const record = this.#recordOf(issue, fields, 'POST /search/jql')
      records.set(record.id, record)
    }
    return { records: [...records.values()], next }
  }

  async read(ids: readonly string[], fields: readonly string[], signal: AbortSignal): Promise<ReadAnswer> {
    const asked = new Set(ids)
    const answered = await this.#fetchIssues([...asked], wireFields(fields), undefined, signal)
    // What nobody asked for is nobody's answer, and no credit.
    const issues = answered.filter(({ id, key }) => asked.has(id) || asked.has(key))
    const found = new Set(issues.flatMap(({ id, key }) => [id, key]))
    const records = issues.map((issue) => this.#recordOf(issue, fields, 'POST /issue/bulkfetch'))
    return { records, absent: [...asked].filter((id) => !found.has(id)) }
  }

  async proveGone(ids: readonly string[], signal: AbortSignal): Promise<readonly string[]> {
    if (ids.length === 0) return []
    const me = await this.#http.read({ method: 'GET', path: '/rest/api/3/myself' }, signal)
    if (me.status !== 200 || !(await this.#seesItsProjects(signal))) return []
    const gone: string[] = []
    for (const id of new Set(ids)) {
      const answer = await this.#http.read({ method: 'GET', path: `${issuePath(id)}?fields=updated` }, signal)
      if (answer.status === 404 && errorShape.safeParse(answer.json).success) gone.push(id)
    }
    return gone
  }

  /** Jira hides a project one may no longer see in the same words as a deleted issue. */
  async #seesItsProjects(signal: AbortSignal): Promise<boolean> {
    const { projectKeys = [] } = this.#options
    if (projectKeys.length === 0) return true
    const path = `/rest/api/3/project/search?maxResults=50&${projectKeys.map((key) => `keys=${encodeURIComponent(key)}`).join('&')}`
    const { values } = parseAnswer(projectsShape, await readOk(this.#http, { method: 'GET', path }, signal), `GET ${path}`)
    return projectKeys.every((key) => values.some((project) => project.key === key))
  }

  async update(call: PlannedCall, signal: AbortSignal): Promise<readonly PushOutcome[]> {
    if (call.path === BULK_EDIT_PATH) return this.#updateMany(call, call.deltas, call.body, signal)
    if (call.path === BULK_MOVE_PATH) return this.#moveMany(call, signal)
    const [delta, ...others] = call.deltas
    if (delta === undefined || others.length > 0) throw new SyncError('bad-request', 'A Jira write call changes exactly one issue.')
    return [await this.#updateOne(call, delta, signal)]
  }

  /** One bulk operation; issue by issue where the account may not after all. */
  async #updateMany(
    call: PlannedCall,
    deltas: readonly RecordDelta[],
    body: unknown,
    signal: AbortSignal,
  ): Promise<readonly PushOutcome[]> {
    const end = await runBulk(this.#http, call, body, signal)
    switch (end.kind) {
      case 'not-allowed':
        return this.#oneByOne(deltas, signal)
      case 'refused':
        return deltas.map(({ recordId, changes }) => ({
          kind: 'refused',
          recordId,
          refusals: changes.map((change) => this.#refusal(change, end.reason)),
        }))
      case 'unknown':
        return deltas.map(({ recordId }) => ({ kind: 'outcome-unknown', recordId, reason: end.reason }))
      case 'ended':
        return this.#bulkOutcomes(end.progress, deltas, signal)
    }
  }

  /** Of an issue the operation says nothing of, it is asked whether it is gone: Jira leaves out what it cannot reach. */
  async #bulkOutcomes(progress: BulkProgress, deltas: readonly RecordDelta[], signal: AbortSignal): Promise<readonly PushOutcome[]> {
    const outcomes = deltas.map((delta) => bulkOutcome(progress, delta))
    const unreached = deltas.filter((_, index) => outcomes[index] === undefined)
    const gone = await goneAmong(
      this,
      unreached.map(({ recordId }) => recordId),
      signal,
    )
    return deltas.map(({ recordId, changes }, index): PushOutcome => {
      const outcome = outcomes[index]
      if (outcome !== undefined) return outcome
      if (gone.includes(recordId)) return { kind: 'gone', recordId }
      const reason = 'Jira could not reach this issue: this account may not see or change it.'
      return { kind: 'refused', recordId, refusals: changes.map(({ field }) => ({ field, reason })) }
    })
  }

  async #moveMany(call: PlannedCall, signal: AbortSignal): Promise<readonly PushOutcome[]> {
    const status = this.#fields.get('status')
    const change = call.deltas[0]?.changes[0]
    const wanted = String((status && change ? normaliseJiraValue(status, change.value) : change?.value) ?? '')
    const found = await bulkTransitions(this.#http, call.lookup?.path ?? '', wanted, signal).catch((error: unknown) => {
      // None of them is to be seen any more: each is asked by itself what became of it.
      if (error instanceof SyncError && (error.code === 'bad-request' || error.code === 'not-allowed')) return undefined
      throw error
    })
    if (found === undefined) return this.#oneByOne(call.deltas, signal)
    const idOf = (delta: RecordDelta): string | undefined =>
      found.transitionOf.get(delta.recordKey) ?? found.transitionOf.get(delta.recordId)
    const moving = call.deltas.filter((delta) => idOf(delta) !== undefined)
    const byTransition = new Map<string, string[]>()
    for (const delta of moving) byTransition.set(idOf(delta) ?? '', [...(byTransition.get(idOf(delta) ?? '') ?? []), delta.recordId])
    const bulkTransitionInputs = [...byTransition].map(([transitionId, selectedIssueIdsOrKeys]) => ({
      selectedIssueIdsOrKeys,
      transitionId,
    }))
    const moved = moving.length === 0 ? [] : await this.#updateMany(call, moving, { bulkTransitionInputs }, signal)
    // Where no transition leads there from today's status, or the key is another one now, the single way says why, or finds it there.
    const left = call.deltas.filter((delta) => !moving.includes(delta))
    const others = await this.#oneByOne(left, signal, moved.length > 0)
    const outcomes = new Map([...moved, ...others].map((outcome) => [outcome.recordId, outcome]))
    return call.deltas.flatMap(({ recordId }) => outcomes.get(recordId) ?? [])
  }

  async #oneByOne(deltas: readonly RecordDelta[], signal: AbortSignal, isLater = false): Promise<readonly PushOutcome[]> {
    const isMove = (delta: RecordDelta): boolean => delta.changes.some(({ field }) => this.#fields.get(field)?.writtenBy === 'transition')
    const calls = singleCalls(
      deltas.filter((delta) => !isMove(delta)),
      deltas.filter(isMove),
      this.#fields,
    )
    const idOf = (call: PlannedCall | undefined): string => call?.deltas[0]?.recordId ?? ''
    const outcomes = await sendApart(
      calls.map((call) => [call]),
      async ([call]) => ({ answers: new Map(call && (await this.update(call, signal)).map((outcome) => [call, outcome])) }),
      (call, error): PushOutcome => ({ kind: 'not-sent', recordId: idOf(call), error }),
      isLater,
    )
    return calls.flatMap((call) => outcomes.get(call) ?? [])
  }

  async #updateOne(call: PlannedCall, delta: RecordDelta, signal: AbortSignal): Promise<PushOutcome> {
    const prepared = await this.#fillBody(call, delta, signal)
    if (prepared.kind === 'ended') return prepared.outcome
    const answer = await this.#http.write({ method: call.method, path: call.path, body: prepared.body, kind: 'write' }, signal)
    const { recordId } = delta
    if (answer.kind === 'no-answer') return { kind: 'outcome-unknown', recordId, reason: answer.reason }
    if (answer.status >= 200 && answer.status < 300) return this.#savedOf(delta, answer)
    if (answer.status === 404) return this.#notFound(delta, answer, signal)
    if (answer.status >= 500 || answer.status === 409)
      return { kind: 'outcome-unknown', recordId, reason: `Jira answered ${answer.status}: ${wordsOf(answer)}` }
    return this.#refusedOf(delta, answer)
  }

  /** What a 2xx says: an edit answers with its issue, a transition with nothing. Anything else may not even come from Jira. */
  #savedOf({ recordId, changes }: RecordDelta, answer: HttpAnswer): PushOutcome {
    if (answer.text === '') return { kind: 'saved', recordId }
    const issue = issueShape.safeParse(answer.json)
    if (!issue.success || issue.data.id !== recordId) {
      return { kind: 'outcome-unknown', recordId, reason: 'Jira did not say which issue it saved.' }
    }
    const fields = changes.map(({ field }) => field)
    const isWhole = fields.every((field) => field in issue.data.fields)
    const parsed = this.#parseRecord(issue.data, fields)
    return isWhole && parsed.kind === 'record' ? { kind: 'saved', recordId, record: parsed.record } : { kind: 'saved', recordId }
  }

  async #notFound(delta: RecordDelta, answer: HttpAnswer, signal: AbortSignal): Promise<PushOutcome> {
    const { recordId } = delta
    const gone = await this.proveGone([recordId], signal)
    return gone.includes(recordId) ? { kind: 'gone', recordId } : this.#refusedOf(delta, answer)
  }

  #refusedOf({ recordId, changes }: RecordDelta, answer: HttpAnswer): PushOutcome {
    const { errors, errorMessages } = errorShape.catch({ errors: {}, errorMessages: [] }).parse(answer.json)
    const named = changes.filter(({ field }) => field in errors)
    const blamed = named.length > 0 ? named : changes
    const general = [...Object.values(errors), ...errorMessages].join(' ') || wordsOf(answer)
    return { kind: 'refused', recordId, refusals: blamed.map((change) => this.#refusal(change, errors[change.field] ?? general)) }
  }

  #refusal({ field, value }: FieldChange, reason: string): Refusal {
    const nearest = typeof value === 'string' ? nearestOption(this.#fields.get(field)?.options ?? [], value) : undefined
    // An option that is already spelt right is no advice.
    return { field, reason, ...(nearest !== undefined && nearest !== value && { nearest }) }
  }

  /** What the lookup of a call puts into its body, or the outcome where the lookup ends it. */
  async #fillBody(
    call: PlannedCall,
    delta: RecordDelta,
    signal: AbortSignal,
  ): Promise<{ kind: 'body'; body: unknown } | { kind: 'ended'; outcome: PushOutcome }> {
    if (!call.lookup) return { kind: 'body', body: call.body }
    const answer = await this.#http.read({ method: 'GET', path: call.lookup.path, kind: 'lookup' }, signal)
    if (answer.status === 404) return { kind: 'ended', outcome: await this.#notFound(delta, answer, signal) }
    if (answer.status !== 200) return { kind: 'ended', outcome: this.#refusedOf(delta, answer) }
    return call.path.endsWith('/transitions') ? this.#fillTransition(call, delta, answer, signal) : this.#fillRichText(call, delta, answer)
  }

  async #fillTransition(
    call: PlannedCall,
    delta: RecordDelta,
    answer: HttpAnswer,
    signal: AbortSignal,
  ): Promise<{ kind: 'body'; body: unknown } | { kind: 'ended'; outcome: PushOutcome }> {
    const { transitions } = parseAnswer(transitionsShape, answer, `GET ${call.lookup?.path}`)
    const [change] = delta.changes
    const status = this.#fields.get('status')
    const wanted = change && status ? normaliseJiraValue(status, change.value) : (change?.value ?? null)
    const leading = transitions.filter(({ to }) => isSameName(to.name, wanted))
    // One without a screen asks for nothing more.
    const transition = leading.find(({ hasScreen }) => hasScreen === false) ?? leading[0]
    if (transition) return { kind: 'body', body: { transition: { id: transition.id } } }
    const path = `${issuePath(delta.recordId)}?fields=status,updated`
    const today = await readOk(this.#http, { method: 'GET', path, kind: 'lookup' }, signal)
    const { name } = parseAnswer(statusShape, today, `GET ${path}`).fields.status
    // Somebody moved it there since the check: nothing is left to send.
    if (isSameName(name, wanted)) return { kind: 'ended', outcome: this.#savedOf(delta, today) }
    const offered = [...new Set(transitions.map(({ to }) => to.name))].filter((way) => !isSameName(way, name))
    const reason =
      offered.length > 0 ? `From ${name}, Jira offers: ${offered.join(', ')}.` : `From ${name}, Jira offers this account no other status.`
    return {
      kind: 'ended',
      outcome: { kind: 'refused', recordId: delta.recordId, refusals: [{ field: change?.field ?? 'status', reason }] },
    }
  }

  #fillRichText(
    call: PlannedCall,
    delta: RecordDelta,
    answer: HttpAnswer,
  ): { kind: 'body'; body: unknown } | { kind: 'ended'; outcome: PushOutcome } {
    const issue = parseAnswer(issueShape, answer, `GET ${call.lookup?.path}`)
    const merged: Record<string, unknown> = {}
    const refusals: Refusal[] = []
    for (const { field, value } of delta.changes) {
      const current = issue.fields[field]
      if (wireOf(this.#fields.get(field), field) !== 'adf' || typeof value !== 'string' || !isAdfDocument(current)) continue
      const result = mergeText(current, value)
      if (result.kind === 'refused') refusals.push({ field, reason: result.reason })
      else merged[field] = result.document
    }
    if (refusals.length > 0) return { kind: 'ended', outcome: { kind: 'refused', recordId: delta.recordId, refusals } }
    const planned = z.object({ fields: z.record(z.string(), z.unknown()) }).parse(call.body)
    return { kind: 'body', body: { ...planned, fields: { ...planned.fields, ...merged } } }
  }

  async createMany(records: readonly NewRecord[], signal: AbortSignal): Promise<readonly PushOutcome[]> {
    const moved = new Map(records.map((record) => [record, refusedMoves(record.changes, this.#fields)]))
    const sent = records.filter((record) => moved.get(record) === undefined)
    const made = sent.length === 0 ? [] : await createSome(this.#http, sent, this.#fields, this.#usualPlace(), signal)
    const outcomes = new Map(sent.map((record, index) => [record, made[index]]))
    return records.flatMap((record) => moved.get(record) ?? outcomes.get(record) ?? [])
  }

  requiredToCreate(context: Readonly<Record<string, CellValue>>, signal: AbortSignal): Promise<CreateNeeds> {
    return requiredToCreate(this.#http.as('refresh'), this.#options.projectKeys, context, this.#fields, signal)
  }

  async delete(id: string, signal: AbortSignal): Promise<PushOutcome> {
    const answer = await this.#http.write({ method: 'DELETE', path: issuePath(id), kind: 'write' }, signal)
    if (answer.kind === 'no-answer') return { kind: 'outcome-unknown', recordId: id, reason: answer.reason }
    if (answer.status >= 200 && answer.status < 300) return { kind: 'saved', recordId: id }
    if (answer.status >= 500) return { kind: 'outcome-unknown', recordId: id, reason: `Jira answered ${answer.status}: ${wordsOf(answer)}` }
    if (answer.status === 404 && (await this.proveGone([id], signal)).includes(id)) return { kind: 'gone', recordId: id }
    return { kind: 'refused', recordId: id, refusals: [{ field: this.#description?.keyField ?? 'issuekey', reason: wordsOf(answer) }] }
  }

  /** People who may be assigned in the projects the integration is limited to, or in the first ones it sees. */
  async searchPeople(text: string, limit: number, signal: AbortSignal): Promise<readonly Option[]> {
    const known = (this.#fields.get('project')?.options ?? []).map(({ id }) => id)
    const projects = (this.#options.projectKeys ?? known).slice(0, PEOPLE_PROJECTS)
    const people = new Map<string, Option>()
    for (const project of projects) {
      const path = `/rest/api/3/user/assignable/search?project=${encodeURIComponent(project)}&query=${encodeURIComponent(text.trim())}&maxResults=${limit}`
      const answer = await this.#http.read({ method: 'GET', path, kind: 'search' }, signal)
      // A project whose people this account may not see is no reason to show none.
      if (answer.status === 403 || answer.status === 404) continue
      if (answer.status !== 200) throw failureOf({ method: 'GET', path }, answer)
      for (const { accountId, displayName, active } of parseAnswer(usersShape, answer, `GET ${path}`)) {
        if (active !== false) people.set(accountId, { id: accountId, name: displayName ?? accountId })
      }
      if (people.size >= limit) break
    }
    return [...people.values()].slice(0, limit)
  }

  #usualPlace(): CreateIn {
    const { createIn, projectKeys } = this.#options
    return { project: createIn?.project ?? projectKeys?.[0], issueType: createIn?.issueType ?? 'Task' }
  }

  /** Jira does not search by the marks; the issues that this account made lately are gone through, once for all markers. */
  async findCreated(markers: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, CreatedRecord>> {
    const found = new Map<string, CreatedRecord>()
    if (markers.length === 0) return found
    const wanted = new Set(markers)
    const jql = this.#within(`created >= -${CREATED_WITHIN_MINUTES}m AND creator = currentUser() ORDER BY created DESC`)
    for await (const issue of this.#pages({ jql, fields: ['created'], properties: [MARKER_PROPERTY] }, signal)) {
      const property = z.object({ marker: z.string() }).safeParse(issue.properties?.[MARKER_PROPERTY])
      if (!property.success || !wanted.has(property.data.marker)) continue
      found.set(property.data.marker, { id: issue.id, key: issue.key })
      if (found.size === wanted.size) break
    }
    return found
  }

  normalise(field: string, value: CellValue): CellValue {
    return normaliseJiraValue(this.#fields.get(field) ?? { id: field, name: field, type: 'text', writable: true }, value)
  }

  /** A query limited to the integration's projects, its order kept at its end. */
  #within(jql: string): string {
    const { projectKeys = [] } = this.#options
    const { condition, order } = splitOrder(jql)
    const projects = projectKeys.length > 0 ? `project IN (${projectKeys.map(quoted).join(', ')})` : ''
    const conditions = projects !== '' && condition !== '' ? `${projects} AND (${condition})` : projects + condition
    return [conditions, order].filter(Boolean).join(' ')
  }

  async *#pages(request: Record<string, unknown>, signal: AbortSignal): AsyncGenerator<SearchPage['issues'][number]> {
    let nextPageToken: string | null = null
    for (let page = 0; page < MAX_PAGES; page++) {
      const answer: SearchPage = await this.#search(
        { ...request, maxResults: PAGE_SIZE, ...(nextPageToken !== null && { nextPageToken }) },
        undefined,
        signal,
      )
      yield* answer.issues
      const token = nextTokenOf(answer)
      if (token === null) return
      if (token === nextPageToken) throw new SyncError('bad-answer', 'Jira gave the same page of a search twice.')
      nextPageToken = token
    }
    throw new SyncError('bad-answer', `Jira's search did not end within ${MAX_PAGES} pages.`)
  }

  async #search(body: Record<string, unknown>, kind: CallKind | undefined, signal: AbortSignal): Promise<SearchPage> {
    const answer = await readOk(this.#http, { method: 'POST', path: '/rest/api/3/search/jql', body, ...(kind && { kind }) }, signal)
    return parseAnswer(searchShape, answer, 'POST /rest/api/3/search/jql')
  }

  /** Whole issues by id or key, a hundred a call; Jira finds moved issues by their old key. */
  async #fetchIssues(
    idsOrKeys: readonly string[],
    fields: readonly string[],
    kind: CallKind | undefined,
    signal: AbortSignal,
  ): Promise<readonly Issue[]> {
    const issues = new Map<string, Issue>()
    for (let start = 0; start < idsOrKeys.length; start += READ_BATCH) {
      const body = { issueIdsOrKeys: idsOrKeys.slice(start, start + READ_BATCH), fields }
      const answer = await readOk(this.#http, { method: 'POST', path: '/rest/api/3/issue/bulkfetch', body, ...(kind && { kind }) }, signal)
      for (const issue of parseAnswer(bulkShape, answer, 'POST /rest/api/3/issue/bulkfetch').issues) issues.set(issue.id, issue)
    }
    return [...issues.values()]
  }

  async #serverTime(signal: AbortSignal): Promise<Date> {
    const answer = await readOk(this.#http, { method: 'GET', path: '/rest/api/3/serverInfo' }, signal)
    const { serverTime } = parseAnswer(serverInfoShape, answer, 'GET /rest/api/3/serverInfo')
    const instant = instantOf(serverTime)
    if (instant === undefined) throw badAnswer('GET /rest/api/3/serverInfo', 'serverTime')
    return new Date(instant)
  }

  #recordOf(issue: Issue, fields: readonly string[], where: string): AppRecord {
    // At least its stamp is always asked for: an issue without any field is no empty issue.
    if (Object.keys(issue.fields).length === 0) throw badAnswer(where, `the fields of ${issue.key}`)
    const parsed = this.#parseRecord(issue, fields)
    if (parsed.kind === 'record') return parsed.record
    throw badAnswer(where, `${parsed.field} of ${issue.key}`)
  }

  #parseRecord(issue: Issue, fields: readonly string[]): { kind: 'record'; record: AppRecord } | { kind: 'unfit'; field: string } {
    const values: Record<string, CellValue> = {}
    const people: Record<string, string> = {}
    for (const field of fields) {
      const json = field === 'issuekey' ? issue.key : issue.fields[field]
      const read = readJiraValue(wireOf(this.#fields.get(field), field), json)
      if (read === undefined) return { kind: 'unfit', field }
      values[field] = read.value
      for (const person of read.people ?? []) people[person.id] = person.name
    }
    const { updated } = issue.fields
    const record = { id: issue.id, key: issue.key, values, updated: typeof updated === 'string' ? updated : '' }
    return { kind: 'record', record: Object.keys(people).length > 0 ? { ...record, people } : record }
  }
}

const fieldsById = (description: ObjectDescription | undefined): ReadonlyMap<string, ExternalField> =>
  new Map((description?.fields ?? []).map((field) => [field.id, field]))

/** The fields to ask for: the key comes with every issue, and the app's own stamp of the last change is always wanted. */
const wireFields = (fields: readonly string[]): readonly string[] => [
  ...new Set([...fields.filter((field) => field !== 'issuekey'), 'updated']),
]

const hitOf = ({ id, key, fields }: Issue): SearchHit => ({ id, key, name: typeof fields.summary === 'string' ? fields.summary : key })
const nextTokenOf = (page: { isLast?: boolean | undefined; nextPageToken?: string | null | undefined }): string | null =>
  page.isLast === true ? null : (page.nextPageToken ?? null)
const isSameName = (a: string, b: CellValue): boolean => typeof b === 'string' && a.trim().toLowerCase() === b.trim().toLowerCase()
const conditionOf = (filter: string): string => {
  const { condition } = splitOrder(filter)
  return condition === '' ? '' : `(${condition}) AND `
}
