import { z } from 'zod'
import type { Answer } from '../../http.ts'
import type { HubCall, Route } from '../call.ts'
import { batchAnswer, type ItemError, notFound, validation } from '../errors.ts'
import type { HubRecord } from '../model.ts'
import { type ObjectType, objectType } from '../properties.ts'
import { ASSOCIATION_TYPES, defaultAssociation } from '../site.ts'

const MOST_READ = 1_000
const MOST_WRITTEN = 2_000
const id = z.object({ id: z.coerce.string() })
const typesShape = z.array(z.object({ associationCategory: z.string(), associationTypeId: z.int() }))
const readShape = z.object({ inputs: z.array(z.object({ id: z.coerce.string(), after: z.string().optional() })) })
const createShape = z.object({ inputs: z.array(z.object({ from: id, to: id, types: typesShape })) })
const defaultShape = z.object({ inputs: z.array(z.object({ from: id, to: id })) })
const archiveShape = z.object({ inputs: z.array(z.object({ from: id, to: z.array(id) })) })

interface Ends {
  readonly from: ObjectType
  readonly to: ObjectType
}

/** The two objects of a path, where HubSpot associates them. */
function endsOf({ params }: HubCall): Ends | undefined {
  const from = objectType(params.fromObjectType ?? params.objectType ?? '')
  const to = objectType(params.toObjectType ?? '')
  return from && to && defaultAssociation(from.id, to.id) ? { from, to } : undefined
}

const withEnds =
  (handle: (call: HubCall, ends: Ends) => Answer) =>
  (call: HubCall): Answer => {
    const ends = endsOf(call)
    return ends ? handle(call, ends) : validation(`No associations exist between ${Object.values(call.params).join(' and ')}.`)
  }

function visible(call: HubCall, type: ObjectType, recordId: string): HubRecord | undefined {
  const record = call.portal.records.find(type, recordId)
  return record && record.archivedAt === null && !call.portal.isHidden(record.id) ? record : undefined
}

/** The kinds of association a record has with another: the plain one, and "Primary" for a contact's first company. */
function kindsOf({ from, to }: Ends, isFirst: boolean) {
  return ASSOCIATION_TYPES.filter((kind) => kind.from === from.id && kind.to === to.id && (kind.label === undefined || isFirst)).map(
    (kind) => ({
      category: 'HUBSPOT_DEFINED',
      typeId: kind.typeId,
      ...(kind.label !== undefined && { label: kind.label }),
    }),
  )
}

function linksOf(call: HubCall, ends: Ends, record: HubRecord) {
  const ids = (record.links[ends.to.id] ?? []).filter((one) => visible(call, ends.to, one))
  return ids.map((toObjectId, index) => ({ toObjectId, associationTypes: kindsOf(ends, index === 0) }))
}

function read(call: HubCall, ends: Ends): Answer {
  const { inputs } = readShape.parse(call.body)
  if (inputs.length > MOST_READ) return validation(`The maximum number of inputs is ${MOST_READ}; there were ${inputs.length}.`)
  const results: unknown[] = []
  const errors: ItemError[] = []
  for (const input of inputs) {
    const record = visible(call, ends.from, input.id)
    const to = record ? linksOf(call, ends, record) : []
    if (to.length > 0) results.push({ from: { id: input.id }, to })
    else errors.push(noAssociation(ends, input.id))
  }
  return batchAnswer(results, errors, call.nowMs)
}

const noAssociation = ({ from, to }: Ends, fromId: string): ItemError => ({
  category: 'OBJECT_NOT_FOUND',
  message: `No ${to.id} is associated with ${from.id} ${fromId}.`,
  context: { fromObjectId: [fromId] },
})

type Pair = { readonly from: { readonly id: string }; readonly to: { readonly id: string }; readonly types?: z.infer<typeof typesShape> }

function linkAll(call: HubCall, ends: Ends, pairs: readonly Pair[]): { results: unknown[]; errors: ItemError[] } {
  const results: unknown[] = []
  const errors: ItemError[] = []
  for (const { from, to, types = [] } of pairs) {
    if (!visible(call, ends.from, from.id) || !visible(call, ends.to, to.id)) {
      errors.push({
        category: 'OBJECT_NOT_FOUND',
        message: 'One of the two records does not exist.',
        context: { fromObjectId: [from.id], toObjectId: [to.id] },
      })
      continue
    }
    call.portal.records.link(
      { type: ends.from, id: from.id },
      { type: ends.to, id: to.id },
      call.writer,
      types.some(({ associationTypeId }) => associationTypeId === 1),
    )
    results.push({
      fromObjectTypeId: ends.from.typeId,
      fromObjectId: from.id,
      toObjectTypeId: ends.to.typeId,
      toObjectId: to.id,
      labels: [],
    })
  }
  return { results, errors }
}

function create(call: HubCall, ends: Ends): Answer {
  const { inputs } = createShape.parse(call.body)
  if (inputs.length > MOST_WRITTEN) return validation(`The maximum number of inputs is ${MOST_WRITTEN}; there were ${inputs.length}.`)
  const known = ASSOCIATION_TYPES.filter((kind) => kind.from === ends.from.id && kind.to === ends.to.id).map(({ typeId }) => typeId)
  const wrong = inputs.flatMap(({ types }) => types).find(({ associationTypeId }) => !known.includes(associationTypeId))
  if (wrong) return validation(`associationTypeId ${wrong.associationTypeId} does not connect ${ends.from.id} with ${ends.to.id}.`)
  const { results, errors } = linkAll(call, ends, inputs)
  return batchAnswer(results, errors, call.nowMs, 201)
}

function createDefault(call: HubCall, ends: Ends): Answer {
  const { inputs } = defaultShape.parse(call.body)
  const { errors } = linkAll(call, ends, inputs)
  const kind = { associationCategory: 'HUBSPOT_DEFINED', associationTypeId: defaultAssociation(ends.from.id, ends.to.id)?.typeId }
  const done = inputs.filter(({ from }) => !errors.some(({ context }) => context.fromObjectId?.includes(from.id)))
  const results = done.map(({ from, to }) => ({ from, to, associationSpec: kind }))
  return batchAnswer(results, errors, call.nowMs)
}

function archive(call: HubCall, ends: Ends): Answer {
  for (const { from, to } of archiveShape.parse(call.body).inputs)
    for (const one of to) call.portal.records.unlink({ type: ends.from, id: from.id }, { type: ends.to, id: one.id }, call.writer)
  return { status: 204 }
}

function listOne(call: HubCall, ends: Ends): Answer {
  const record = visible(call, ends.from, call.params.objectId ?? '')
  if (!record) return notFound()
  const limit = Math.min(500, Number(call.query.get('limit') ?? '500') || 500)
  const start = Number(call.query.get('after') ?? '0') || 0
  const all = linksOf(call, ends, record)
  const next = all.length > start + limit ? { after: String(start + limit) } : undefined
  return { status: 200, json: { results: all.slice(start, start + limit), ...(next && { paging: { next } }) } }
}

function putOne(call: HubCall, ends: Ends): Answer {
  const { objectId = '', toObjectId = '' } = call.params
  const { results, errors } = linkAll(call, ends, [{ from: { id: objectId }, to: { id: toObjectId }, types: typesShape.parse(call.body) }])
  return errors.length > 0 ? notFound() : { status: 201, json: results[0] }
}

function deleteOne(call: HubCall, ends: Ends): Answer {
  const { objectId = '', toObjectId = '' } = call.params
  call.portal.records.unlink({ type: ends.from, id: objectId }, { type: ends.to, id: toObjectId }, call.writer)
  return { status: 204 }
}

const reads = (type: ObjectType | undefined): string => type?.scopes.read ?? 'crm.objects.custom.read'
const writes = (type: ObjectType | undefined): string => type?.scopes.write ?? 'crm.objects.custom.write'
const BATCH = '/crm/v4/associations/{fromObjectType}/{toObjectType}/batch'
const ONE = '/crm/v4/objects/{objectType}/{objectId}/associations/{toObjectType}'

export const ASSOCIATION_ROUTES: readonly Route[] = [
  { method: 'POST', path: `${BATCH}/read`, body: readShape, scope: reads, handle: withEnds(read) },
  { method: 'POST', path: `${BATCH}/create`, body: createShape, writes: true, scope: writes, handle: withEnds(create) },
  { method: 'POST', path: `${BATCH}/associate/default`, body: defaultShape, writes: true, scope: writes, handle: withEnds(createDefault) },
  { method: 'POST', path: `${BATCH}/archive`, body: archiveShape, writes: true, scope: writes, handle: withEnds(archive) },
  { method: 'GET', path: ONE, scope: reads, handle: withEnds(listOne) },
  { method: 'PUT', path: `${ONE}/{toObjectId}`, body: typesShape, writes: true, scope: writes, handle: withEnds(putOne) },
  { method: 'DELETE', path: `${ONE}/{toObjectId}`, writes: true, scope: writes, handle: withEnds(deleteOne) },
]
