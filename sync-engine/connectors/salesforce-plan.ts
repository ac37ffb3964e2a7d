import { inParts } from '../parts.ts'
import type { ExternalField, FieldChange, PlanCalls, PlannedCall, RecordDelta } from './connector.ts'
import { API } from './salesforce-ids.ts'
import { isReadable, salesforceBodyOf } from './salesforce-values.ts'

/** Records one collection takes. */
export const COLLECTION = 200
/** Collections one composite takes; it counts as one call of the day. */
const COLLECTIONS = 5
/** Records that are written by themselves beside them: a composite has 25 requests in all. */
const ALONE = 20

/**
 * Salesforce saves each record of a collection for itself, whatever its values: two hundred a call, a thousand where five collections go
 * in one composite. A record with a value that Salesforce could not even read would take the others of its collection down with it: it is
 * a request of its own in the composite.
 */
export const planSalesforceCalls: PlanCalls = (deltas, { object, fields }) => {
  const byId = new Map(fields.map((field) => [field.id, field]))
  const changed = deltas.filter(({ changes }) => changes.length > 0)
  return byCall(changed, byId).map((part) => planUpdate(part, object, byId))
}

/** The records of each call, those that Salesforce can read first. */
export function byCall<T extends Pick<RecordDelta, 'changes'>>(
  records: readonly T[],
  fields: ReadonlyMap<string, ExternalField>,
): readonly (readonly T[])[] {
  const fit = inParts(
    records.filter((one) => isFit(one, fields)),
    COLLECTION * COLLECTIONS,
  )
  const alone = inParts(
    records.filter((one) => !isFit(one, fields)),
    ALONE,
  )
  return Array.from({ length: Math.max(fit.length, alone.length) }, (_, call) => [...(fit[call] ?? []), ...(alone[call] ?? [])])
}

const isFit = ({ changes }: Pick<RecordDelta, 'changes'>, fields: ReadonlyMap<string, ExternalField>): boolean =>
  changes.every(({ field, value }) => isReadable(fieldOf(fields, field), value))

/** The value in a call's body for each changed field; also what a create sends. */
export function salesforceFieldsOf(changes: readonly FieldChange[], fields: ReadonlyMap<string, ExternalField>): Record<string, unknown> {
  return Object.fromEntries(changes.map(({ field, value }) => [field, salesforceBodyOf(fieldOf(fields, field), value)]))
}

/** A field the description does not list is sent as it stands; Salesforce's own answer then says what is wrong with it. */
const fieldOf = (fields: ReadonlyMap<string, ExternalField>, id: string): ExternalField =>
  fields.get(id) ?? { id, name: id, type: 'text', writable: true, wire: 'text' }

type Request = Pick<PlannedCall, 'method' | 'path' | 'body'>

/** How one record is written: as one of a collection, and by itself. */
export interface Writing {
  readonly changes: readonly FieldChange[]
  readonly inCollection: Readonly<Record<string, unknown>>
  readonly alone: Request
}

/** One call for what `byCall` puts in one: a collection, or a composite of collections and single records, in the order they are given. */
export function writingCall(
  records: readonly Writing[],
  collection: Pick<Request, 'method' | 'path'>,
  fields: ReadonlyMap<string, ExternalField>,
): Request {
  const bodyOf = (part: readonly Writing[]) => ({ allOrNone: false, records: part.map(({ inCollection }) => inCollection) })
  const fit = records.filter((one) => isFit(one, fields))
  if (records.length === 1 || (fit.length === records.length && fit.length <= COLLECTION)) return { ...collection, body: bodyOf(records) }
  const requests = [
    ...inParts(fit, COLLECTION).map((part): Request => ({ ...collection, body: bodyOf(part) })),
    ...records.flatMap((one) => (isFit(one, fields) ? [] : [one.alone])),
  ]
  const compositeRequest = requests.map(({ method, path, body }, index) => ({ method, url: path, referenceId: `part${index + 1}`, body }))
  return { method: 'POST', path: `${API}/composite`, body: { allOrNone: false, compositeRequest } }
}

/** One call for records that are there already. */
export function planUpdate(deltas: readonly RecordDelta[], object: string, fields: ReadonlyMap<string, ExternalField>): PlannedCall {
  const writings = deltas.map(({ recordId, changes }): Writing => {
    const body = salesforceFieldsOf(changes, fields)
    return {
      changes,
      inCollection: { attributes: { type: object }, id: recordId, ...body },
      alone: { method: 'PATCH', path: `${API}/sobjects/${object}/${recordId}`, body },
    }
  })
  return { ...writingCall(writings, { method: 'PATCH', path: `${API}/composite/sobjects` }, fields), deltas }
}
