import { inParts } from '../parts.ts'
import type { ExternalField, FieldChange, PlanCalls, PlannedCall, RecordDelta } from './connector.ts'
import { BULK_LIMIT, mayBulk, planBulkEdit, planBulkMove, sameChanges } from './jira-bulk.ts'
import { jiraBodyOf, wireOf } from './jira-values.ts'

/**
 * Jira has no call that writes different values to several issues, so each issue costs one edit, and its status, which only moves by a
 * transition, a lookup and a call more. Issues that get the same values go out in one bulk operation, where the account may and that is
 * fewer calls, polls and verifying reads included. The edit goes first: a workflow may lock an issue in the status it is moved to.
 */
export const planJiraCalls: PlanCalls = (deltas, description) => {
  const fields = new Map(description.fields.map((field) => [field.id, field]))
  const isMove = ({ field }: FieldChange): boolean => fields.get(field)?.writtenBy === 'transition'
  const only = (wanted: (change: FieldChange) => boolean): readonly RecordDelta[] =>
    deltas.map((delta) => ({ ...delta, changes: delta.changes.filter(wanted) })).filter(({ changes }) => changes.length > 0)
  const edits = only((change) => !isMove(change))
  const moves = only(isMove)
  if (!mayBulk(description)) return singleCalls(edits, moves, fields)
  const bulkEdits = sameChanges(edits).flatMap((group) => inParts(group, BULK_LIMIT).flatMap((chunk) => planBulkEdit(chunk, fields) ?? []))
  const bulkMoves = sameChanges(moves).flatMap((group) =>
    inParts(group, BULK_MOVE_LIMIT).flatMap((chunk) => planBulkMove(chunk, statusOf(chunk[0]?.changes[0], fields)) ?? []),
  )
  const inBulk = new Set([...bulkEdits, ...bulkMoves].flatMap((call) => call.deltas))
  const left = (all: readonly RecordDelta[]): readonly RecordDelta[] => all.filter((delta) => !inBulk.has(delta))
  // Bulk edits first and bulk moves last: each issue is edited before it is moved, whichever way either goes.
  return [...bulkEdits, ...singleCalls(left(edits), left(moves), fields), ...bulkMoves]
}

/** Most issues whose transitions are looked up at once: their ids stand in an address. */
const BULK_MOVE_LIMIT = 500

/** An edit an issue, then its moves, issue by issue. */
export function singleCalls(
  edits: readonly RecordDelta[],
  moves: readonly RecordDelta[],
  fields: ReadonlyMap<string, ExternalField>,
): readonly PlannedCall[] {
  const calls = new Map<string, PlannedCall[]>()
  const add = (id: string, call: PlannedCall): void => {
    calls.set(id, [...(calls.get(id) ?? []), call])
  }
  for (const delta of edits) add(delta.recordId, planEdit(delta, fields))
  for (const delta of moves) for (const change of delta.changes) add(delta.recordId, planTransition(delta, change, fields))
  return [...calls.values()].flat()
}

function statusOf(change: FieldChange | undefined, fields: ReadonlyMap<string, ExternalField>): string {
  const field = change && fields.get(change.field)
  const body = field && jiraBodyOf(field, change.value)
  return typeof body === 'object' && body !== null && 'name' in body ? String(body.name) : 'no status'
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

function planTransition(delta: RecordDelta, change: FieldChange, fields: ReadonlyMap<string, ExternalField>): PlannedCall {
  const wanted = statusOf(change, fields)
  return {
    method: 'POST',
    path: `${issuePath(delta.recordId)}/transitions`,
    body: { transition: { id: `{transition to ${wanted}}` } },
    lookup: { method: 'GET', path: `${issuePath(delta.recordId)}/transitions`, finds: `the transition to ${wanted}` },
    deltas: [{ ...delta, changes: [change] }],
  }
}

export const issuePath = (id: string): string => `/rest/api/3/issue/${encodeURIComponent(id)}`
