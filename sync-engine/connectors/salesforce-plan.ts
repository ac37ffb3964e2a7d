import type { ExternalField, FieldChange, PlanCalls, PlannedCall, RecordDelta } from './connector.ts'
import { API } from './salesforce-ids.ts'
import { isReadable, salesforceBodyOf } from './salesforce-values.ts'

/** Records one collection takes. */
export const COLLECTION = 200
/** Collections one composite takes; it counts as one call of the day. */
const COLLECTIONS = 5

/**
 * Salesforce saves each record of a collection for itself, whatever its values: two hundred a call, a thousand where five collections go
 * in one composite. A record with a value that Salesforce could not even read goes alone, because it would take the others down with it.
 */
export const planSalesforceCalls: PlanCalls = (deltas, { object, fields }) => {
  const byId = new Map(fields.map((field) => [field.id, field]))
  const changed = deltas.filter(({ changes }) => changes.length > 0)
  const isFit = ({ changes }: RecordDelta): boolean => changes.every(({ field, value }) => isReadable(fieldOf(byId, field), value))
  const fit = changed.filter(isFit)
  const alone = changed.filter((delta) => !isFit(delta))
  const calls = inParts(fit, COLLECTION * COLLECTIONS).map((part) => planUpdate(part, object, byId))
  return [...calls, ...alone.map((delta) => planUpdate([delta], object, byId))]
}

/** The value in a call's body for each changed field; also what a create sends. */
export function salesforceFieldsOf(changes: readonly FieldChange[], fields: ReadonlyMap<string, ExternalField>): Record<string, unknown> {
  return Object.fromEntries(changes.map(({ field, value }) => [field, salesforceBodyOf(fieldOf(fields, field), value)]))
}

/** A field the description does not list is sent as it stands; Salesforce's own answer then says what is wrong with it. */
const fieldOf = (fields: ReadonlyMap<string, ExternalField>, id: string): ExternalField =>
  fields.get(id) ?? { id, name: id, type: 'text', writable: true, wire: 'text' }

export function inParts<T>(list: readonly T[], size: number): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(list.length / size) }, (_, part) => list.slice(part * size, (part + 1) * size))
}

/** One call for up to a thousand records. */
export function planUpdate(deltas: readonly RecordDelta[], object: string, fields: ReadonlyMap<string, ExternalField>): PlannedCall {
  const bodyOf = (part: readonly RecordDelta[]) => ({
    allOrNone: false,
    records: part.map(({ recordId, changes }) => ({
      attributes: { type: object },
      id: recordId,
      ...salesforceFieldsOf(changes, fields),
    })),
  })
  const path = `${API}/composite/sobjects`
  if (deltas.length <= COLLECTION) return { method: 'PATCH', path, body: bodyOf(deltas), deltas }
  return {
    method: 'POST',
    path: `${API}/composite`,
    body: {
      allOrNone: false,
      compositeRequest: inParts(deltas, COLLECTION).map((part, index) => ({
        method: 'PATCH',
        url: path,
        referenceId: `part${index + 1}`,
        body: bodyOf(part),
      })),
    },
    deltas,
  }
}
