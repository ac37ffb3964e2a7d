import { z } from 'zod'
import type { Answer } from '../../http.ts'
import type { HubCall, Route } from '../call.ts'
import { batchAnswer, hubError, type ItemError, invalidProperties, notFound, type PropertyFault, validation } from '../errors.ts'
import type { HubRecord } from '../model.ts'
import { type ObjectType, objectType, propertyOf } from '../properties.ts'
import type { Patch } from '../records.ts'
import { matching, SEARCH_LIMITS, type Search, searchProblem, searchShape } from '../search.ts'
import { ASSOCIATION_TYPES, defaultAssociation, PORTAL_ID } from '../site.ts'
import { readProperties } from '../write.ts'

/** Most records of one batch. */
const BATCH = 100
const LIST_PAGE = 100

const properties = z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]))
const associations = z.array(
  z.object({
    to: z.object({ id: z.coerce.string() }),
    types: z.array(z.object({ associationCategory: z.string(), associationTypeId: z.int() })),
  }),
)
const createShape = z.object({ properties, associations: associations.optional(), objectWriteTraceId: z.string().optional() })
const updateShape = z.object({ properties })
const batchReadShape = z.object({
  inputs: z.array(z.object({ id: z.coerce.string() })),
  properties: z.array(z.string()).optional(),
  propertiesWithHistory: z.array(z.string()).optional(),
  idProperty: z.string().optional(),
})
const batchUpdateShape = z.object({
  inputs: z.array(
    z.object({ id: z.coerce.string(), properties, idProperty: z.string().optional(), objectWriteTraceId: z.string().optional() }),
  ),
})
const batchCreateShape = z.object({ inputs: z.array(createShape) })
const batchIdsShape = z.object({ inputs: z.array(z.object({ id: z.coerce.string() })) })
const mergeShape = z.object({ primaryObjectId: z.coerce.string(), objectIdToMerge: z.coerce.string() })

/** The object of a path; those it does not have were refused before. */
function typeOf(call: HubCall): ObjectType {
  const type = objectType(call.params.objectType ?? '')
  if (!type) throw new Error(`There is no object '${call.params.objectType}'.`)
  return type
}

/** A record that the token may see. `by`: a unique property, absent for the id. Merged ids lead to their record. */
function visible(call: HubCall, type: ObjectType, id: string, by?: string, isArchived = false): HubRecord | undefined {
  const { records, isHidden } = call.portal
  const record = by === undefined || by === 'hs_object_id' ? records.find(type, id) : records.findBy(type, by, id)
  return record && (record.archivedAt !== null) === isArchived && !isHidden(record.id) ? record : undefined
}

function notUnique(type: ObjectType, by: string | undefined | null): Answer | undefined {
  if (by === undefined || by === null || by === 'hs_object_id' || propertyOf(type, by)?.isUnique) return undefined
  return validation(`Invalid idProperty: ${by} is not a unique property of ${type.id}`)
}

/** A record as an answer holds it: the asked-for properties beside those that always come. */
function shown(call: HubCall, type: ObjectType, record: HubRecord, names: readonly string[], history: readonly string[] = []) {
  const { records } = call.portal
  const wanted = names.length === 0 ? type.shown : names.filter((name) => propertyOf(type, name))
  const always = ['hs_object_id', type.created, type.modified]
  const all = [...new Set([...wanted, ...history.filter((name) => propertyOf(type, name)), ...always])]
  return {
    id: record.id,
    properties: Object.fromEntries(all.map((name) => [name, records.value(type, record, name)])),
    ...(history.length > 0 && {
      propertiesWithHistory: Object.fromEntries(history.map((name) => [name, pastOf(call, type, record, name)])),
    }),
    createdAt: record.createdAt,
    updatedAt: record.updatedAt,
    archived: record.archivedAt !== null,
    ...(record.archivedAt !== null && { archivedAt: record.archivedAt }),
    url: `${call.base}/contacts/${PORTAL_ID}/record/${type.typeId}/${record.id}`,
  }
}

/** The values a property had, the newest first. */
function pastOf(call: HubCall, type: ObjectType, record: HubRecord, name: string) {
  const changes = record.changes.filter(({ property }) => property === name).reverse()
  const first = {
    value: changes.at(-1)?.from ?? call.portal.records.value(type, record, name) ?? '',
    at: record.createdAt,
    source: 'CRM_UI',
  }
  return [...changes.map(({ to, at, source }) => ({ value: to ?? '', at, source })), first].map(({ value, at, source }) => ({
    value,
    timestamp: at,
    sourceType: source,
  }))
}

/** What a write of some properties answers: those, beside what always comes. */
function written(call: HubCall, type: ObjectType, record: HubRecord, patch: Patch, trace: string | undefined) {
  return { ...shown(call, type, record, Object.keys(patch)), ...(trace !== undefined && { objectWriteTraceId: trace }) }
}

const listOf = (query: URLSearchParams, name: string): readonly string[] =>
  query
    .getAll(name)
    .flatMap((text) => text.split(','))
    .map((text) => text.trim())
    .filter(Boolean)

function tooMany(inputs: readonly unknown[]): Answer | undefined {
  if (inputs.length > BATCH)
    return validation(`The maximum number of inputs supported in a batch request is ${BATCH}; there were ${inputs.length}.`)
  return inputs.length === 0 ? validation('Batch requests need at least one input.') : undefined
}

function duplicates(ids: readonly string[]): Answer | undefined {
  const twice = [...new Set(ids.filter((id, index) => ids.indexOf(id) < index))]
  if (twice.length === 0) return undefined
  return validation(`Duplicate IDs found in batch input: [${twice.join(', ')}]. IDs must be unique`, { context: { ids: twice } })
}

/** A fault of the dial that refuses a part: the record it names, else every second one. */
function partFault(call: HubCall, id: string, index: number): ItemError | undefined {
  const fault = call.faults.partial()
  if (!fault) return undefined
  const at = fault.match?.path
  const isMeant = at !== undefined && (call.faults.call.records ?? []).includes(at) ? at === id : index % 2 === 1
  if (!isMeant) return undefined
  const { field = '', message = 'The record cannot be saved right now.' } = fault.refuse ?? {}
  return { category: 'VALIDATION_ERROR', message, context: { ids: [id], ...(field !== '' && { propertyName: [field] }) } }
}

function list(call: HubCall): Answer {
  const type = typeOf(call)
  const { query } = call
  const isArchived = query.get('archived') === 'true'
  const limit = Number(query.get('limit') ?? '10')
  if (!Number.isInteger(limit) || limit < 1 || limit > LIST_PAGE)
    return validation(`limit: must be between 1 and ${LIST_PAGE}, was ${query.get('limit')}`)
  const after = query.get('after') ?? '0'
  if (!/^\d+$/.test(after)) return validation(`after: '${after}' is not a valid paging cursor`)
  // The list is in the order of ids, and its cursor is the last id: what was archived meanwhile moves nothing.
  const records = call.portal.records
    .all(type, isArchived)
    .filter((record) => Number(record.id) > Number(after) && !call.portal.isHidden(record.id))
  const page = records.slice(0, limit)
  const last = page.at(-1)
  const next =
    records.length > limit && last ? { after: last.id, link: `${call.base}/crm/v3/objects/${type.id}?after=${last.id}` } : undefined
  const names = listOf(query, 'properties')
  const history = listOf(query, 'propertiesWithHistory')
  const linked = listOf(query, 'associations')
  const results = page.map((record) => ({
    ...shown(call, type, record, names, history),
    ...(linked.length > 0 && { associations: associated(type, record, linked) }),
  }))
  return { status: 200, json: { results, ...(next && { paging: { next } }) } }
}

/** The associated records that an answer names, by object. */
function associated(type: ObjectType, record: HubRecord, words: readonly string[]) {
  const entries = words.flatMap((word) => {
    const to = objectType(word)
    const ids = to ? (record.links[to.id] ?? []) : []
    const kind = to && defaultAssociation(type.id, to.id)
    return to && kind && ids.length > 0
      ? [[to.id, { results: ids.map((id) => ({ id, type: `${type.event}_to_${to.event}` })) }] as const]
      : []
  })
  return Object.fromEntries(entries)
}

function readOne(call: HubCall): Answer {
  const type = typeOf(call)
  const { query, params } = call
  const by = query.get('idProperty') ?? undefined
  const wrong = notUnique(type, by)
  if (wrong) return wrong
  const isArchived = query.get('archived') === 'true'
  const record = visible(call, type, params.objectId ?? '', by, isArchived)
  if (!record) return isKept(call, type, params.objectId ?? '', isArchived) ? notAllowed(type) : notFound()
  const linked = listOf(query, 'associations')
  const answer = shown(call, type, record, listOf(query, 'properties'), listOf(query, 'propertiesWithHistory'))
  return { status: 200, json: { ...answer, ...(linked.length > 0 && { associations: associated(type, record, linked) }) } }
}

/** A record the token may not see, asked for by its id. */
function isKept(call: HubCall, type: ObjectType, id: string, isArchived: boolean): boolean {
  const record = call.portal.records.find(type, id)
  return record !== undefined && (record.archivedAt !== null) === isArchived
}

const notAllowed = (type: ObjectType): Answer =>
  hubError(403, { message: `The app may not read this ${type.singular.toLowerCase()}.`, category: 'FORBIDDEN' })

function createOne(call: HubCall): Answer {
  const type = typeOf(call)
  const body = createShape.parse(call.body)
  const read = readProperties(type, body.properties, call.portal.records, undefined, call.faults)
  if (read.kind === 'invalid') return conflictOf(type, read.faults) ?? invalidProperties(read.faults)
  const linked = checkedLinks(call, type, body.associations ?? [])
  if ('answer' in linked) return linked.answer
  const record = call.portal.records.create(type, read.patch, call.writer)
  for (const to of linked.targets) call.portal.records.link({ type, id: record.id }, to, call.writer)
  const now = call.portal.records.find(type, record.id) ?? record
  return { status: 201, json: written(call, type, now, read.patch, body.objectWriteTraceId) }
}

/** A unique value that is taken: HubSpot answers a single create with whose it is. */
function conflictOf(type: ObjectType, faults: readonly PropertyFault[]): Answer | undefined {
  const [first] = faults
  if (!first || faults.some(({ error }) => error !== 'CONFLICTING_UNIQUE_VALUE')) return undefined
  const holder = first.message.split(' ', 1)[0] ?? ''
  return hubError(409, { message: `${type.singular} already exists. Existing ID: ${holder}`, category: 'CONFLICT' })
}

type Links = z.infer<typeof associations>

function checkedLinks(
  call: HubCall,
  type: ObjectType,
  links: Links,
): { readonly targets: readonly { type: ObjectType; id: string }[] } | { readonly answer: Answer } {
  const targets: { type: ObjectType; id: string }[] = []
  for (const { to, types } of links) {
    const kind = ASSOCIATION_TYPES.find(
      (known) => known.from === type.id && types.some(({ associationTypeId }) => associationTypeId === known.typeId),
    )
    const other = kind && objectType(kind.to)
    if (!kind || !other) return { answer: validation(`No associationTypeId of ${JSON.stringify(types)} exists for ${type.id}.`) }
    if (!visible(call, other, to.id)) return { answer: validation(`${other.singular} ${to.id} does not exist.`) }
    targets.push({ type: other, id: to.id })
  }
  return { targets }
}

function updateOne(call: HubCall): Answer {
  const type = typeOf(call)
  const by = call.query.get('idProperty') ?? undefined
  const wrong = notUnique(type, by)
  if (wrong) return wrong
  const record = visible(call, type, call.params.objectId ?? '', by)
  if (!record) return notFound()
  const part = call.faults.partial()
  if (part) {
    const { field = '', message = '' } = part.refuse ?? {}
    return invalidProperties([{ name: field, error: 'INVALID_VALUE', message }])
  }
  const read = readProperties(type, updateShape.parse(call.body).properties, call.portal.records, record, call.faults)
  if (read.kind === 'invalid') return invalidProperties(read.faults)
  const edited = call.portal.records.edit(type, record, read.patch, call.writer)
  return { status: 200, json: written(call, type, edited, updateShape.parse(call.body).properties as Patch, undefined) }
}

function archiveOne(call: HubCall): Answer {
  const type = typeOf(call)
  const record = visible(call, type, call.params.objectId ?? '')
  if (record) call.portal.records.archive(type, record, call.writer)
  return { status: 204 }
}

function batchRead(call: HubCall): Answer {
  const type = typeOf(call)
  const body = batchReadShape.parse(call.body)
  const wrong = tooMany(body.inputs) ?? notUnique(type, body.idProperty)
  if (wrong) return wrong
  const isArchived = call.query.get('archived') === 'true'
  const found = new Map<string, HubRecord>()
  const absent: string[] = []
  for (const { id } of body.inputs) {
    const record = visible(call, type, id, body.idProperty, isArchived)
    if (record) found.set(record.id, record)
    else absent.push(id)
  }
  const results = [...found.values()].map((record) => shown(call, type, record, body.properties ?? [], body.propertiesWithHistory))
  const errors = absent.length === 0 ? [] : [objectsAbsent(type, absent)]
  return batchAnswer(results, errors, call.nowMs)
}

function objectsAbsent(type: ObjectType, ids: readonly string[]): ItemError {
  const message = `Could not get some ${type.singular.toUpperCase()} objects, they may be deleted or not exist. Check that ids are valid.`
  return { category: 'OBJECT_NOT_FOUND', message, context: { ids } }
}

/** Updates up to a hundred records. One value that is not valid refuses them all; what is not there is told beside what was saved. */
function batchUpdate(call: HubCall): Answer {
  const type = typeOf(call)
  const { inputs } = batchUpdateShape.parse(call.body)
  const wrong =
    tooMany(inputs) ?? duplicates(inputs.map(({ id }) => id)) ?? inputs.map(({ idProperty }) => notUnique(type, idProperty)).find(Boolean)
  if (wrong) return wrong
  const faults: PropertyFault[] = []
  const errors: ItemError[] = []
  const todo: { record: HubRecord; patch: Patch; given: Patch; trace: string | undefined }[] = []
  const ids = new Set<string>()
  for (const [index, { id, properties: given, idProperty, objectWriteTraceId: trace }] of inputs.entries()) {
    const record = visible(call, type, id, idProperty)
    const item = record ? partFault(call, id, index) : objectsAbsent(type, [id])
    if (item) errors.push(trace === undefined ? item : { ...item, context: { ...item.context, objectWriteTraceId: [trace] } })
    if (item || !record) continue
    // Two ids of one record (one of them merged away) are one record twice.
    if (ids.has(record.id)) return duplicates([record.id, record.id]) ?? validation('')
    ids.add(record.id)
    const read = readProperties(type, given, call.portal.records, record, call.faults)
    if (read.kind === 'invalid') faults.push(...read.faults)
    else todo.push({ record, patch: read.patch, given: given as Patch, trace })
  }
  if (faults.length > 0) return invalidProperties(faults)
  const results = todo.map(({ record, patch, given, trace }) =>
    written(call, type, call.portal.records.edit(type, record, patch, call.writer), given, trace),
  )
  return batchAnswer(results, errors, call.nowMs)
}

function batchCreate(call: HubCall): Answer {
  const type = typeOf(call)
  const { inputs } = batchCreateShape.parse(call.body)
  const wrong = tooMany(inputs)
  if (wrong) return wrong
  const reads = inputs.map((input) => readProperties(type, input.properties, call.portal.records, undefined, call.faults))
  const faults = reads.flatMap((read) => (read.kind === 'invalid' ? read.faults : []))
  if (faults.length > 0) return conflictOf(type, faults) ?? invalidProperties(faults)
  const twice = twiceInBatch(
    type,
    reads.map((read) => (read.kind === 'patch' ? read.patch : {})),
  )
  if (twice) return twice
  const linked = inputs.map((input) => checkedLinks(call, type, input.associations ?? []))
  const badLink = linked.find((one) => 'answer' in one)
  if (badLink && 'answer' in badLink) return badLink.answer
  const errors: ItemError[] = []
  const results: unknown[] = []
  for (const [index, read] of reads.entries()) {
    const trace = inputs[index]?.objectWriteTraceId
    const item = partFault(call, trace ?? String(index), index)
    if (item) errors.push({ ...item, context: { ...item.context, objectWriteTraceId: [trace ?? String(index)] } })
    if (item || read.kind === 'invalid') continue
    const record = call.portal.records.create(type, read.patch, call.writer)
    const targets = linked[index]
    if (targets && 'targets' in targets)
      for (const to of targets.targets) call.portal.records.link({ type, id: record.id }, to, call.writer)
    results.push(written(call, type, record, read.patch, trace))
  }
  return batchAnswer(results, errors, call.nowMs, 201)
}

/** Two records of one batch that want the same unique value. */
function twiceInBatch(type: ObjectType, patches: readonly Patch[]): Answer | undefined {
  for (const { name, isUnique } of type.properties) {
    const values = isUnique ? patches.flatMap((patch) => patch[name]?.toLowerCase() ?? []) : []
    const twice = values.find((value, index) => values.indexOf(value) < index)
    if (twice !== undefined)
      return hubError(409, { message: `The value ${twice} of ${name} stands twice in the batch.`, category: 'CONFLICT' })
  }
  return undefined
}

/** Makes or changes records by a unique property: what is there is changed, the rest made. */
function batchUpsert(call: HubCall): Answer {
  const type = typeOf(call)
  const { inputs } = batchUpdateShape.parse(call.body)
  const by = inputs[0]?.idProperty
  const wrong = tooMany(inputs) ?? duplicates(inputs.map(({ id }) => id.trim().toLowerCase()))
  if (wrong) return wrong
  if (by === undefined || inputs.some(({ idProperty }) => idProperty !== by)) return validation('All inputs must have the same idProperty.')
  const notKey = notUnique(type, by)
  if (notKey) return notKey
  const todo = inputs.map(({ id, properties: given, objectWriteTraceId: trace }) => {
    const record = visible(call, type, id, by)
    const all = by === 'hs_object_id' || record ? given : { [by]: id, ...given }
    return { record, trace, read: readProperties(type, all, call.portal.records, record, call.faults) }
  })
  const faults = todo.flatMap(({ read }) => (read.kind === 'invalid' ? read.faults : []))
  if (faults.length > 0) return invalidProperties(faults)
  const results = todo.map(({ record, read, trace }) => {
    const patch = read.kind === 'patch' ? read.patch : {}
    const saved = record ? call.portal.records.edit(type, record, patch, call.writer) : call.portal.records.create(type, patch, call.writer)
    return { ...written(call, type, saved, patch, trace), new: record === undefined }
  })
  return batchAnswer(results, [], call.nowMs)
}

function batchArchive(call: HubCall): Answer {
  const type = typeOf(call)
  const { inputs } = batchIdsShape.parse(call.body)
  const wrong = tooMany(inputs)
  if (wrong) return wrong
  for (const { id } of inputs) {
    const record = visible(call, type, id)
    if (record) call.portal.records.archive(type, record, call.writer)
  }
  return { status: 204 }
}

function merge(call: HubCall): Answer {
  const type = typeOf(call)
  const { primaryObjectId, objectIdToMerge } = mergeShape.parse(call.body)
  const winner = visible(call, type, primaryObjectId)
  const loser = visible(call, type, objectIdToMerge)
  if (!winner || !loser) return notFound()
  if (winner.id === loser.id) return validation('A record cannot be merged with itself.')
  return { status: 200, json: shown(call, type, call.portal.records.merge(type, winner, loser, call.writer), []) }
}

function search(call: HubCall): Answer {
  const type = typeOf(call)
  const asked = searchShape.parse(call.body)
  const problem = searchProblem(type, asked)
  if (problem !== undefined) return validation(problem)
  const { records, isHidden, searches, indexDelayMs } = call.portal
  const view = records.searchView(type, call.nowMs, indexDelayMs())
  const key = JSON.stringify([type.id, asked.filterGroups, asked.filters, asked.query, asked.sorts])
  const kept = searches.get(key)
  const found =
    kept?.stamp === view.stamp ? kept.found : matching(type, asked, view.records, (record, name) => records.value(type, record, name))
  searches.set(key, { stamp: view.stamp, found })
  const seen = found.filter((record) => !isHidden(record.id))
  return { status: 200, json: pageOf(call, type, asked, seen) }
}

function pageOf(call: HubCall, type: ObjectType, asked: Search, found: readonly HubRecord[]) {
  const start = Number(asked.after ?? 0) || 0
  const end = start + (asked.limit ?? 10)
  const results = found.slice(start, end).map((record) => shown(call, type, record, asked.properties ?? []))
  const isMore = end < Math.min(found.length, SEARCH_LIMITS.results)
  return { total: found.length, results, ...(isMore && { paging: { next: { after: String(end) } } }) }
}

const reads = (type: ObjectType | undefined): string => type?.scopes.read ?? 'crm.objects.custom.read'
const writes = (type: ObjectType | undefined): string => type?.scopes.write ?? 'crm.objects.custom.write'
const AT = '/crm/v3/objects/{objectType}'

export const OBJECT_ROUTES: readonly Route[] = [
  { method: 'POST', path: `${AT}/search`, body: searchShape, lane: 'search', scope: reads, handle: search },
  { method: 'POST', path: `${AT}/merge`, body: mergeShape, writes: true, scope: writes, handle: merge },
  { method: 'POST', path: `${AT}/batch/read`, body: batchReadShape, scope: reads, handle: batchRead },
  { method: 'POST', path: `${AT}/batch/update`, body: batchUpdateShape, writes: true, scope: writes, handle: batchUpdate },
  { method: 'POST', path: `${AT}/batch/create`, body: batchCreateShape, writes: true, scope: writes, handle: batchCreate },
  { method: 'POST', path: `${AT}/batch/upsert`, body: batchUpdateShape, writes: true, scope: writes, handle: batchUpsert },
  { method: 'POST', path: `${AT}/batch/archive`, body: batchIdsShape, writes: true, scope: writes, handle: batchArchive },
  { method: 'GET', path: AT, scope: reads, handle: list },
  { method: 'POST', path: AT, body: createShape, writes: true, scope: writes, handle: createOne },
  { method: 'GET', path: `${AT}/{objectId}`, scope: reads, handle: readOne },
  { method: 'PATCH', path: `${AT}/{objectId}`, body: updateShape, writes: true, scope: writes, handle: updateOne },
  { method: 'DELETE', path: `${AT}/{objectId}`, writes: true, scope: writes, handle: archiveOne },
]
