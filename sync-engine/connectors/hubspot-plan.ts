import type { ExternalField, FieldChange, PlanCalls, RecordDelta } from './connector.ts'
import { CRM } from './hubspot-answers.ts'
import { hubTextOf } from './hubspot-values.ts'

/** Most records one update call takes. */
const MOST_UPDATED = 100

/** HubSpot writes different values to a hundred records in one call; each carries its id as a trace, by which the answer names it. */
export const planHubSpotCalls: PlanCalls = (deltas, description) => {
  const fields = new Map(description.fields.map((field) => [field.id, field]))
  const changed = deltas.filter(({ changes }) => changes.length > 0)
  const size = description.batchUpdate ?? MOST_UPDATED
  return Array.from({ length: Math.ceil(changed.length / size) }, (_, index) => {
    const part = changed.slice(index * size, (index + 1) * size)
    return {
      method: 'POST' as const,
      path: `${objectPath(description.object)}/batch/update`,
      body: { inputs: part.map((delta) => inputOf(delta, fields)) },
      deltas: part,
    }
  })
}

const inputOf = ({ recordId, changes }: RecordDelta, fields: ReadonlyMap<string, ExternalField>) => ({
  id: recordId,
  objectWriteTraceId: recordId,
  properties: hubPropertiesOf(changes, fields),
})

/** The text that each changed property is sent; also what a create sends. */
export function hubPropertiesOf(changes: readonly FieldChange[], fields: ReadonlyMap<string, ExternalField>): Record<string, string> {
  return Object.fromEntries(changes.map(({ field, value }) => [field, hubTextOf(fields.get(field) ?? unknownField(field), value)]))
}

/** A property the description does not list is sent as it stands; HubSpot's own answer then says what is wrong with it. */
const unknownField = (id: string): ExternalField => ({ id, name: id, type: 'text', writable: true, wire: 'line' })

export const objectPath = (object: string): string => `${CRM}/objects/${encodeURIComponent(object)}`
