import type { Answer } from '../../http.ts'
import { bodyOf, isObject, objectOf, type SfCall, type SfRoute, visible } from '../call.ts'
import { noSuchColumn, notFound, refused, type SfError, SfRefusal } from '../errors.ts'
import { fullId } from '../ids.ts'
import { createRecord, deleteRecord, type Input, objectOfInput, refusedOne, type Saved, updateRecord, upsertRecord } from '../save.ts'
import { fieldNamed, type SfField, type SfObject } from '../schema.ts'
import { shownRecord } from '../shown.ts'

const MAX_COLLECTION = 200
const MAX_RETRIEVED = 2000
/** How often the object may change from one record of a collection to the next. */
const MAX_CHUNKS = 10

/** The status of a refusal of one record's own call. */
function singleRefusal(errors: readonly SfError[]): Answer {
  const code = errors[0]?.errorCode
  if (code === 'INVALID_CROSS_REFERENCE_KEY' && (errors[0]?.fields?.length ?? 0) === 0) return notFound()
  const status = code === 'ENTITY_IS_DELETED' ? 404 : code === 'INSUFFICIENT_ACCESS_OR_READONLY' ? 403 : 400
  return { status, json: errors.map(({ errorCode, message, fields = [] }) => ({ message, errorCode, fields })) }
}

/** The result of one record among several. */
function result(saved: Saved, withCreated: boolean): Record<string, unknown> {
  if (saved.kind === 'saved') {
    return { id: saved.record.id, success: true, errors: [], ...(withCreated && { created: saved.isNew }) }
  }
  return { success: false, errors: saved.errors.map(({ errorCode, message, fields = [] }) => ({ statusCode: errorCode, message, fields })) }
}

/** One record alone may also be the one that the dial refuses. */
function single(call: SfCall, id: string, save: () => Saved): Saved {
  const refusal = refusedOne(call.save, [id])
  return refusal?.saved ?? save()
}

function fieldsOf(of: SfObject, names: readonly string[]): readonly SfField[] {
  return names.map((name) => {
    const field = fieldNamed(of, name.trim())
    if (!field) throw noSuchColumn(name.trim(), of.name)
    return field
  })
}

/** A record's answer always has its id. */
function withId(of: SfObject, fields: readonly SfField[]): readonly SfField[] {
  return fields.some(({ name }) => name === 'Id') ? fields : [...fields, ...fieldsOf(of, ['Id'])]
}

function readOne(call: SfCall): Answer {
  const of = objectOf(call)
  const id = fullId(call.params.id ?? '')
  const record = id === undefined ? undefined : visible(call, of, id)
  if (!record) {
    const isDeleted = id !== undefined && call.site.records.get(of, id)?.deleted !== undefined && !call.site.isHidden(id)
    return isDeleted ? refused(404, 'ENTITY_IS_DELETED', 'entity is deleted', []) : notFound()
  }
  const names = call.query.get('fields')
  const fields = names === null ? of.fields : withId(of, fieldsOf(of, names.split(',')))
  return { status: 200, json: shownRecord(of, record, fields, call.version) }
}

function createOne(call: SfCall): Answer {
  const of = objectOf(call)
  const saved = single(call, '', () => createRecord(call.save, of, bodyOf(call)))
  return saved.kind === 'saved' ? { status: 201, json: result(saved, false) } : singleRefusal(saved.errors)
}

function updateOne(call: SfCall): Answer {
  const id = call.params.id ?? ''
  const saved = single(call, id, () => updateRecord(call.save, id, bodyOf(call), objectOf(call)))
  return saved.kind === 'saved' ? { status: 204 } : singleRefusal(saved.errors)
}

function deleteOne(call: SfCall): Answer {
  const saved = deleteRecord(call.save, call.params.id, objectOf(call))
  return saved.kind === 'saved' ? { status: 204 } : singleRefusal(saved.errors)
}

function externalField(of: SfObject, name: string): SfField {
  const field = fieldNamed(of, name)
  if (!field?.externalId) throw new SfRefusal(404, 'NOT_FOUND', `Provided external ID field does not exist or is not accessible: ${name}`)
  return field
}

function byExternal(call: SfCall) {
  const of = objectOf(call)
  const field = externalField(of, call.params.field ?? '')
  const record = call.site.records.withExternalId(of, field.name, call.params.value ?? '')
  return { of, field, record: record && record.deleted === null && !call.site.isHidden(record.id) ? record : undefined }
}

function readExternal(call: SfCall): Answer {
  const { of, record } = byExternal(call)
  if (!record) return notFound()
  const names = call.query.get('fields')
  const fields = names === null ? of.fields : withId(of, fieldsOf(of, names.split(',')))
  return { status: 200, json: shownRecord(of, record, fields, call.version) }
}

function upsertOne(call: SfCall): Answer {
  const { of, field } = byExternal(call)
  const saved = single(call, '', () => upsertRecord(call.save, of, field.name, call.params.value, bodyOf(call)))
  return saved.kind === 'saved' ? { status: saved.isNew ? 201 : 200, json: result(saved, true) } : singleRefusal(saved.errors)
}

function recordsOf(call: SfCall): readonly Input[] {
  const { records } = bodyOf(call)
  if (!Array.isArray(records) || !records.every(isObject))
    throw new SfRefusal(400, 'JSON_PARSER_ERROR', 'records must be an array of objects')
  if (records.length === 0) throw new SfRefusal(400, 'INVALID_INPUT', 'The records list is empty.')
  if (records.length > MAX_COLLECTION) {
    throw new SfRefusal(400, 'EXCEEDED_ID_LIMIT', `record limit reached. cannot submit more than ${MAX_COLLECTION} records into this call`)
  }
  return records
}

function checkChunks(objects: readonly SfObject[]): void {
  const chunks = objects.filter((of, index) => objects[index - 1] !== of).length
  if (chunks > MAX_CHUNKS) {
    throw new SfRefusal(
      400,
      'INVALID_INPUT',
      `Cannot have more than ${MAX_CHUNKS} chunks in a single operation. Please rearrange the data to reduce chunking.`,
    )
  }
}

const ROLLED_BACK: SfError = {
  errorCode: 'ALL_OR_NONE_OPERATION_ROLLED_BACK',
  message: 'Record rolled back because not all records were valid and the request was using AllOrNone header',
  fields: [],
}

/** Saves the records of a collection, each for itself unless all or none are wanted. */
function collection(
  call: SfCall,
  ids: readonly string[],
  isAllOrNone: boolean,
  save: (index: number) => Saved,
  withCreated = false,
): Answer {
  const mark = call.site.records.mark()
  const refusal = refusedOne(call.save, ids)
  let saved = ids.map((_, index) => (refusal?.index === index ? refusal.saved : save(index)))
  if (isAllOrNone && saved.some(({ kind }) => kind === 'refused')) {
    call.site.records.rollback(mark)
    saved = saved.map((one) => (one.kind === 'saved' ? { kind: 'refused', errors: [ROLLED_BACK] } : one))
  }
  return { status: 200, json: saved.map((one) => result(one, withCreated)) }
}

const idOf = (input: Input): string => {
  const id = input.id ?? input.Id
  return typeof id === 'string' ? id : ''
}

function createMany(call: SfCall): Answer {
  const records = recordsOf(call)
  const objects = records.map(objectOfInput)
  checkChunks(objects)
  return collection(
    call,
    records.map(() => ''),
    bodyOf(call).allOrNone === true,
    (index) => createRecord(call.save, objects[index] as SfObject, records[index] ?? {}),
  )
}

function updateMany(call: SfCall): Answer {
  const records = recordsOf(call)
  const objects = records.map(objectOfInput)
  checkChunks(objects)
  return collection(call, records.map(idOf), bodyOf(call).allOrNone === true, (index) =>
    updateRecord(call.save, idOf(records[index] ?? {}), records[index] ?? {}, objects[index]),
  )
}

function upsertMany(call: SfCall): Answer {
  const of = objectOf(call)
  const records = recordsOf(call)
  const field = call.params.field ?? ''
  const given = (input: Input): unknown =>
    field.toLowerCase() === 'id'
      ? idOf(input) || undefined
      : Object.entries(input).find(([name]) => name.toLowerCase() === field.toLowerCase())?.[1]
  return collection(
    call,
    records.map(idOf),
    bodyOf(call).allOrNone === true,
    (index) => upsertRecord(call.save, of, field, given(records[index] ?? {}), records[index] ?? {}),
    true,
  )
}

function deleteMany(call: SfCall): Answer {
  const ids = (call.query.get('ids') ?? '').split(',').filter((id) => id !== '')
  if (ids.length === 0) throw new SfRefusal(400, 'MISSING_ARGUMENT', 'ids must be given')
  if (ids.length > MAX_COLLECTION) {
    throw new SfRefusal(400, 'EXCEEDED_ID_LIMIT', `record limit reached. cannot submit more than ${MAX_COLLECTION} records into this call`)
  }
  return collection(call, ids, call.query.get('allOrNone') === 'true', (index) => deleteRecord(call.save, ids[index], undefined))
}

/** Records in the order of their ids; nothing stands for one that is gone, hidden or never was. */
function retrieve(call: SfCall, ids: readonly unknown[], names: readonly string[]): Answer {
  const of = objectOf(call)
  if (ids.length > MAX_RETRIEVED) {
    throw new SfRefusal(400, 'EXCEEDED_ID_LIMIT', `record limit reached. cannot submit more than ${MAX_RETRIEVED} records into this call`)
  }
  if (names.length === 0) throw new SfRefusal(400, 'MISSING_ARGUMENT', 'fields must be given')
  const fields = withId(of, fieldsOf(of, names))
  const found = ids.map((given) => {
    const id = typeof given === 'string' ? fullId(given) : undefined
    const record = id === undefined ? undefined : visible(call, of, id)
    return record ? shownRecord(of, record, fields, call.version) : null
  })
  return { status: 200, json: found }
}

function retrieveByBody(call: SfCall): Answer {
  const { ids, fields } = bodyOf(call)
  if (!Array.isArray(ids) || !Array.isArray(fields)) throw new SfRefusal(400, 'JSON_PARSER_ERROR', 'ids and fields must be arrays')
  return retrieve(call, ids, fields.map(String))
}

function retrieveByQuery(call: SfCall): Answer {
  const list = (name: string): string[] => (call.query.get(name) ?? '').split(',').filter((part) => part !== '')
  return retrieve(call, list('ids'), list('fields'))
}

const READ = { writes: false, takesBody: false } as const
const WRITE = { writes: true, takesBody: true } as const

export const RECORD_ROUTES: readonly SfRoute[] = [
  { method: 'POST', path: '/composite/sobjects', ...WRITE, handle: createMany },
  { method: 'PATCH', path: '/composite/sobjects', ...WRITE, handle: updateMany },
  { method: 'DELETE', path: '/composite/sobjects', writes: true, takesBody: false, handle: deleteMany },
  { method: 'GET', path: '/composite/sobjects/{object}', ...READ, handle: retrieveByQuery },
  { method: 'POST', path: '/composite/sobjects/{object}', writes: false, takesBody: true, handle: retrieveByBody },
  { method: 'PATCH', path: '/composite/sobjects/{object}/{field}', ...WRITE, handle: upsertMany },
  { method: 'POST', path: '/sobjects/{object}', ...WRITE, handle: createOne },
  { method: 'GET', path: '/sobjects/{object}/{id}', ...READ, handle: readOne },
  { method: 'PATCH', path: '/sobjects/{object}/{id}', ...WRITE, handle: updateOne },
  { method: 'DELETE', path: '/sobjects/{object}/{id}', writes: true, takesBody: false, handle: deleteOne },
  { method: 'GET', path: '/sobjects/{object}/{field}/{value}', ...READ, handle: readExternal },
  { method: 'PATCH', path: '/sobjects/{object}/{field}/{value}', ...WRITE, handle: upsertOne },
]
