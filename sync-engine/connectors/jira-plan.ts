import type { ExternalField, FieldChange, ObjectDescription, PlanCalls, PlannedCall, RecordDelta } from './connector.ts'
import { jiraBodyOf, wireOf } from './jira-values.ts'

/**
 * Jira has no call that writes different values to several issues, so each issue costs one edit, and its status, which only moves by a
 * transition, one call more. The edit goes first: a workflow may lock an issue in the status it is moved to.
 */
export const planJiraCalls: PlanCalls = (deltas, description) => {
  const fields = new Map(description.fields.map((field) => [field.id, field]))
  return deltas.flatMap((delta) => {
    const byTransition = delta.changes.filter(({ field }) => fields.get(field)?.writtenBy === 'transition')
    const plain = delta.changes.filter((change) => !byTransition.includes(change))
    return [
      ...(plain.length > 0 ? [planEdit({ ...delta, changes: plain }, fields)] : []),
      ...byTransition.map((change) => planTransition(delta, change, description)),
    ]
  })
}

/** The value in an edit's body for each changed field; also what a create sends. */
export function jiraFieldsOf(changes: readonly FieldChange[], fields: ReadonlyMap<string, ExternalField>): Record<string, unknown> {
  return Object.fromEntries(changes.map(({ field, value }) => [field, jiraBodyOf(fields.get(field) ?? unknownField(field), value)]))
}

/** A field the description does not list is sent as it stands; Jira's own answer then says what is wrong with it. */
const unknownField = (id: string): ExternalField => ({ id, name: id, type: 'text', writable: true, wire: 'text' })

/** Text that goes into a rich text field is put into the document Jira holds, so that formatting outside the change stays. */
function planEdit(delta: RecordDelta, fields: ReadonlyMap<string, ExternalField>): PlannedCall {
  const richText = delta.changes.filter(({ field, value }) => wireOf(fields.get(field), field) === 'adf' && value !== null && value !== '')
  const names = richText.map(({ field }) => fields.get(field)?.name ?? field).join(', ')
  const path = `${issuePath(delta.recordId)}?fields=${richText.map(({ field }) => field).join(',')}`
  return {
    method: 'PUT',
    path: `${issuePath(delta.recordId)}?returnIssue=true`,
    body: { fields: jiraFieldsOf(delta.changes, fields) },
    ...(richText.length > 0 && {
      lookup: { method: 'GET', path, finds: `the formatting of ${names}, kept wherever the text is unchanged` },
    }),
    deltas: [delta],
  }
}

function planTransition(delta: RecordDelta, change: FieldChange, description: ObjectDescription): PlannedCall {
  const field = description.fields.find(({ id }) => id === change.field)
  const body = field && jiraBodyOf(field, change.value)
  const wanted = typeof body === 'object' && body !== null && 'name' in body ? String(body.name) : 'no status'
  return {
    method: 'POST',
    path: `${issuePath(delta.recordId)}/transitions`,
    body: { transition: { id: `{transition to ${wanted}}` } },
    lookup: { method: 'GET', path: `${issuePath(delta.recordId)}/transitions`, finds: `the transition to ${wanted}` },
    deltas: [{ ...delta, changes: [change] }],
  }
}

export const issuePath = (id: string): string => `/rest/api/3/issue/${encodeURIComponent(id)}`
