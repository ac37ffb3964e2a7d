import { z } from 'zod'
import type { Answer } from '../../http.ts'
import type { JiraCall, Route } from '../call.ts'
import { visibleIssue, writerOf } from '../call.ts'
import { EDIT_SCREEN, readWrite, type WriteInput } from '../edit.ts'
import { errorCollection, issueNotFound } from '../errors.ts'
import { FIELDS, type Patch } from '../fields.ts'
import type { Issue } from '../model.ts'
import { bend } from '../quirks.ts'
import {
  bulkfetchAnswer,
  bulkfetchBody,
  createdAnswer,
  createdManyAnswer,
  createManyBody,
  editMetaAnswer,
  errorAnswer,
  issueAnswer,
  propertyAnswer,
  propertyKeysAnswer,
  transitionBody,
  transitionsAnswer,
  type WriteBody,
  writeBody,
} from '../shapes.ts'
import {
  API_USER,
  ISSUE_TYPES,
  meant,
  type Project,
  projectOf,
  projectWith,
  STATUSES,
  type Transition,
  WORKFLOWS,
  withId,
  withName,
} from '../site.ts'
import { type WantedFields, type Wire, wantedFields } from '../wire.ts'

const nothing = z.undefined()
const MAX_BULKFETCH = 100
const MAX_CREATES = 50
const PARTIAL_MESSAGE = 'The field cannot be saved right now.'

/** The transitions that lead on from an issue's status. */
export function transitionsOf(issue: Issue): readonly Transition[] {
  const workflow = WORKFLOWS[projectOf(issue.key)?.key ?? ''] ?? []
  const from = meant(STATUSES, issue.status).name
  return workflow.filter((transition) => transition.from === from)
}

function queryNames(query: URLSearchParams, name: string): string[] {
  return query.getAll(name)
}

function issueWithExpansions(wire: Wire, issue: Issue, wanted: WantedFields, query: URLSearchParams): Record<string, unknown> {
  const expand = expansions(query)
  const propertyKeys = queryNames(query, 'properties').flatMap((keys) => keys.split(','))
  const ids = wanted.kind === 'fields' ? wanted.ids : []
  const described = FIELDS.filter((field) => ids.includes(field.id))
  return {
    ...wire.issue(issue, wanted, propertyKeys),
    ...(expand.includes('names') && { names: Object.fromEntries(described.map((field) => [field.id, field.name])) }),
    ...(expand.includes('schema') && { schema: Object.fromEntries(described.map((field) => [field.id, field.schema])) }),
    ...(expand.includes('transitions') && { transitions: transitionsOf(issue).map((transition) => wire.transition(transition, false)) }),
    ...(expand.includes('editmeta') && { editmeta: editMeta(wire) }),
    ...(expand.includes('changelog') && {
      changelog: {
        startAt: 0,
        maxResults: issue.changes.length,
        total: issue.changes.length,
        histories: [...issue.changes].reverse().map((change) => wire.change(change)),
      },
    }),
  }
}

function expansions(query: URLSearchParams): string[] {
  return queryNames(query, 'expand').flatMap((names) => names.split(',').map((name) => name.trim()))
}

function getIssue(call: JiraCall): Answer {
  const issue = visibleIssue(call.site, call.params.issueIdOrKey ?? '')
  if (!issue) return issueNotFound()
  const wanted = wantedFields(queryNames(call.query, 'fields'), ['*all'])
  return {
    status: 200,
    json: issueWithExpansions(call.wire, issue, wanted.kind === 'id' ? { kind: 'key' } : wanted, call.query),
  }
}

function inputOf(body: WriteBody): WriteInput {
  return { fields: body.fields ?? {}, update: body.update ?? {} }
}

/** Saves what a write says, bent as the quirks of the dial want it. */
function save(call: JiraCall, issue: Issue, patch: Patch): Issue {
  return call.site.issues.edit(issue, bend(patch, call.faults), writerOf(call, API_USER))
}

/** Keeps the properties a write brings along. */
function keepProperties(call: JiraCall, issue: Issue, body: WriteBody): Issue {
  if (!body.properties) return issue
  return call.site.issues.setProperties(
    issue,
    Object.fromEntries(body.properties.map(({ key, value }) => [key, value ?? null])),
    call.nowMs,
  )
}

/** The refusal a `partial` fault makes of a write to one issue. */
function partialRefusal(call: JiraCall, fields: readonly string[]): Answer | undefined {
  const fault = call.faults.partial()
  if (!fault) return undefined
  const { field, message } = fault.refuse ?? { field: fields[0] ?? 'summary', message: PARTIAL_MESSAGE }
  return errorCollection(400, [], { [field]: message })
}

function putIssue(call: JiraCall): Answer {
  const issue = visibleIssue(call.site, call.params.issueIdOrKey ?? '')
  if (!issue) return issueNotFound()
  const body = call.body as WriteBody
  if (body.fields === undefined && body.update === undefined && body.properties === undefined)
    return errorCollection(400, ["one of 'fields' or 'update' required"])
  const input = inputOf(body)
  const read = readWrite(input, EDIT_SCREEN, { makeLocalId: call.site.makeLocalId, issue })
  if (read.kind === 'refused') return errorCollection(400, [], read.errors)
  const refusal = partialRefusal(call, [...Object.keys(input.fields), ...Object.keys(input.update)])
  if (refusal) return refusal
  const saved = keepProperties(call, save(call, issue, read.patch), body)
  if (call.query.get('returnIssue') !== 'true') return { status: 204 }
  return { status: 200, json: issueWithExpansions(call.wire, saved, wantedFields([], ['*all']), call.query) }
}

function deleteIssue(call: JiraCall): Answer {
  const issue = visibleIssue(call.site, call.params.issueIdOrKey ?? '')
  if (!issue) return issueNotFound()
  call.site.issues.remove(issue, call.nowMs)
  return { status: 204 }
}

/** A create as it was read: everything that is needed, or everything that is wrong. */
type Draft =
  | { readonly kind: 'draft'; readonly project: Project; readonly patch: Patch & { readonly summary: string; readonly type: string } }
  | { readonly kind: 'refused'; readonly errors: Readonly<Record<string, string>> }

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function projectIn(value: unknown): Project | undefined {
  if (!isRecord(value)) return undefined
  const name = value.id ?? value.key
  return typeof name === 'string' || typeof name === 'number' ? projectWith(String(name)) : undefined
}

function readDraft(call: JiraCall, body: WriteBody): Draft {
  const { project: projectValue, ...fields } = body.fields ?? {}
  const project = projectIn(projectValue)
  const read = readWrite({ fields, update: body.update ?? {} }, EDIT_SCREEN, { makeLocalId: call.site.makeLocalId })
  const errors: Record<string, string> = read.kind === 'refused' ? { ...read.errors } : {}
  if (!project) errors.project = 'Specify a valid project ID or key'
  const patch = read.kind === 'patch' ? read.patch : {}
  const { summary, type } = patch
  // Where another field was refused nothing was read of these; only what was not given is asked for.
  if (summary === undefined && !errors.summary && fields.summary === undefined) errors.summary = 'You must specify a summary of the issue.'
  if (type === undefined && !errors.issuetype && fields.issuetype === undefined) errors.issuetype = 'Specify an issue type'
  if (!project || summary === undefined || type === undefined || Object.keys(errors).length > 0) return { kind: 'refused', errors }
  return { kind: 'draft', project, patch: { ...patch, summary, type } }
}

function createFrom(call: JiraCall, draft: Extract<Draft, { kind: 'draft' }>, body: WriteBody): Record<string, unknown> {
  const bent = bend(draft.patch, call.faults)
  const issue = call.site.issues.create(draft.project, { ...draft.patch, ...bent }, API_USER, writerOf(call, API_USER))
  keepProperties(call, issue, body)
  return { id: issue.id, key: issue.key, self: `${call.wire.api}/issue/${issue.id}` }
}

function postIssue(call: JiraCall): Answer {
  const draft = readDraft(call, call.body as WriteBody)
  if (draft.kind === 'refused') return errorCollection(400, [], draft.errors)
  return partialRefusal(call, ['summary']) ?? { status: 201, json: createFrom(call, draft, call.body as WriteBody) }
}

function noneCreated(message: string): Answer {
  return { status: 400, json: { issues: [], errors: [{ status: 400, elementErrors: { errorMessages: [message], errors: {} } }] } }
}

function postIssues(call: JiraCall): Answer {
  const { issueUpdates } = call.body as z.infer<typeof createManyBody>
  if (issueUpdates.length === 0) return noneCreated('No issues were specified to create.')
  if (issueUpdates.length > MAX_CREATES) {
    return noneCreated(`The number of issues to create is ${issueUpdates.length}, the limit is ${MAX_CREATES}.`)
  }
  const partial = call.faults.partial()
  const issues: Record<string, unknown>[] = []
  const errors: Record<string, unknown>[] = []
  for (const [index, update] of issueUpdates.entries()) {
    const draft = readDraft(call, update)
    const refusal =
      partial && isPartOf(index, issueUpdates.length) ? (partial.refuse ?? { field: 'summary', message: PARTIAL_MESSAGE }) : undefined
    const refused = draft.kind === 'refused' ? draft.errors : refusal && { [refusal.field]: refusal.message }
    if (refused) errors.push({ status: 400, elementErrors: { errorMessages: [], errors: refused }, failedElementNumber: index })
    else if (draft.kind === 'draft') issues.push(createFrom(call, draft, update))
  }
  return { status: issues.length === 0 ? 400 : 201, json: { issues, errors } }
}

/** Which records of a batch a `partial` fault refuses: every second one, or the only one. */
export function isPartOf(index: number, count: number): boolean {
  return count === 1 || index % 2 === 1
}

function bulkfetch(call: JiraCall): Answer {
  const { issueIdsOrKeys, fields, properties } = call.body as z.infer<typeof bulkfetchBody>
  if (issueIdsOrKeys.length === 0) return errorCollection(400, ['At least one issue id or key must be provided.'])
  if (issueIdsOrKeys.length > MAX_BULKFETCH) {
    return errorCollection(400, [`The number of issues requested is ${issueIdsOrKeys.length}, the limit is ${MAX_BULKFETCH}.`])
  }
  const wanted = wantedFields(fields ?? [], ['*navigable'])
  const found = new Map(
    issueIdsOrKeys.map((idOrKey) => visibleIssue(call.site, idOrKey)).flatMap((issue) => (issue ? [[issue.id, issue]] : [])),
  )
  const issues = [...found.values()].sort((a, b) => Number(a.id) - Number(b.id))
  const partial = call.faults.partial()
  const failed = partial ? issues.filter((_, index) => isPartOf(index, issues.length)) : []
  const message = partial?.refuse?.message ?? 'The issue could not be read right now.'
  return {
    status: 200,
    json: {
      issues: issues.filter((issue) => !failed.includes(issue)).map((issue) => call.wire.issue(issue, wanted, properties ?? [])),
      issueErrors: failed.map((issue) => ({ id: issue.id, errorMessage: message })),
    },
  }
}

function editMeta(wire: Wire): Record<string, unknown> {
  return { fields: Object.fromEntries(FIELDS.filter((field) => field.parse).map((field) => [field.id, wire.fieldMeta(field.id)])) }
}

function getEditMeta(call: JiraCall): Answer {
  const issue = visibleIssue(call.site, call.params.issueIdOrKey ?? '')
  return issue ? { status: 200, json: editMeta(call.wire) } : issueNotFound()
}

function getTransitions(call: JiraCall): Answer {
  const issue = visibleIssue(call.site, call.params.issueIdOrKey ?? '')
  if (!issue) return issueNotFound()
  const id = call.query.get('transitionId')
  const withFields = expansions(call.query).includes('transitions.fields')
  const transitions = transitionsOf(issue).filter((transition) => id === null || transition.id === id)
  return {
    status: 200,
    json: { expand: 'transitions', transitions: transitions.map((transition) => call.wire.transition(transition, withFields)) },
  }
}

/** The transition with this id from where the issue is, or Jira's refusal. */
export function takenTransition(issue: Issue, id: string): Transition | { readonly refused: string } {
  const transition = withId(transitionsOf(issue), id)
  if (transition) return transition
  const elsewhere = withId(WORKFLOWS[projectOf(issue.key)?.key ?? ''] ?? [], id)
  return {
    refused: elsewhere
      ? `It seems that you have tried to perform a workflow operation (${elsewhere.name}) that is not valid for the current state of this issue (${issue.key}). The likely cause is that somebody has changed the issue recently, please look at the issue history for details.`
      : `Transition id '${id}' is not valid for this issue.`,
  }
}

function postTransition(call: JiraCall): Answer {
  const issue = visibleIssue(call.site, call.params.issueIdOrKey ?? '')
  if (!issue) return issueNotFound()
  const body = call.body as z.infer<typeof transitionBody>
  if (body.transition?.id === undefined) return errorCollection(400, ["Missing 'transition' identifier"])
  const transition = takenTransition(issue, body.transition.id)
  if ('refused' in transition) return errorCollection(400, [transition.refused])
  const read = readWrite(inputOf(body as WriteBody), new Set(transition.screen), { makeLocalId: call.site.makeLocalId, issue })
  if (read.kind === 'refused') return errorCollection(400, [], read.errors)
  const refusal = partialRefusal(call, ['status'])
  if (refusal) return refusal
  save(call, issue, { ...read.patch, status: transition.to })
  return { status: 204 }
}

function getProperties(call: JiraCall): Answer {
  const issue = visibleIssue(call.site, call.params.issueIdOrKey ?? '')
  if (!issue) return issueNotFound()
  const self = (key: string): string => `${call.wire.api}/issue/${issue.id}/properties/${encodeURIComponent(key)}`
  return { status: 200, json: { keys: Object.keys(issue.properties).map((key) => ({ self: self(key), key })) } }
}

function getProperty(call: JiraCall): Answer {
  const issue = visibleIssue(call.site, call.params.issueIdOrKey ?? '')
  const key = call.params.propertyKey ?? ''
  if (!issue) return issueNotFound()
  return Object.hasOwn(issue.properties, key) ? { status: 200, json: { key, value: issue.properties[key] } } : propertyNotFound(key)
}

function putProperty(call: JiraCall): Answer {
  const issue = visibleIssue(call.site, call.params.issueIdOrKey ?? '')
  const key = call.params.propertyKey ?? ''
  if (!issue) return issueNotFound()
  const isKnown = Object.hasOwn(issue.properties, key)
  call.site.issues.setProperties(issue, { [key]: call.body }, call.nowMs)
  return { status: isKnown ? 200 : 201 }
}

function deleteProperty(call: JiraCall): Answer {
  const issue = visibleIssue(call.site, call.params.issueIdOrKey ?? '')
  const key = call.params.propertyKey ?? ''
  if (!issue) return issueNotFound()
  if (!Object.hasOwn(issue.properties, key)) return propertyNotFound(key)
  call.site.issues.setProperties(issue, { [key]: undefined }, call.nowMs)
  return { status: 204 }
}

function propertyNotFound(key: string): Answer {
  return errorCollection(404, [`The property '${key}' does not exist.`])
}

/** The issue type a path names, by id or name. */
export function typeWith(idOrName: string) {
  return withId(ISSUE_TYPES, idOrName) ?? withName(ISSUE_TYPES, idOrName)
}

export const ISSUE_ROUTES: readonly Route[] = [
  {
    method: 'POST',
    path: '/rest/api/3/issue',
    body: writeBody,
    writes: true,
    answers: { 201: createdAnswer, 400: errorAnswer },
    handle: postIssue,
  },
  {
    method: 'POST',
    path: '/rest/api/3/issue/bulk',
    body: createManyBody,
    writes: true,
    answers: { 201: createdManyAnswer, 400: createdManyAnswer },
    handle: postIssues,
  },
  {
    method: 'POST',
    path: '/rest/api/3/issue/bulkfetch',
    body: bulkfetchBody,
    answers: { 200: bulkfetchAnswer, 400: errorAnswer },
    handle: bulkfetch,
  },
  { method: 'GET', path: '/rest/api/3/issue/{issueIdOrKey}', answers: { 200: issueAnswer, 404: errorAnswer }, handle: getIssue },
  {
    method: 'PUT',
    path: '/rest/api/3/issue/{issueIdOrKey}',
    body: writeBody,
    writes: true,
    answers: { 200: issueAnswer, 204: nothing, 400: errorAnswer, 404: errorAnswer },
    handle: putIssue,
  },
  {
    method: 'DELETE',
    path: '/rest/api/3/issue/{issueIdOrKey}',
    writes: true,
    answers: { 204: nothing, 404: errorAnswer },
    handle: deleteIssue,
  },
  {
    method: 'GET',
    path: '/rest/api/3/issue/{issueIdOrKey}/editmeta',
    answers: { 200: editMetaAnswer, 404: errorAnswer },
    handle: getEditMeta,
  },
  {
    method: 'GET',
    path: '/rest/api/3/issue/{issueIdOrKey}/transitions',
    answers: { 200: transitionsAnswer, 404: errorAnswer },
    handle: getTransitions,
  },
  {
    method: 'POST',
    path: '/rest/api/3/issue/{issueIdOrKey}/transitions',
    body: transitionBody,
    writes: true,
    answers: { 204: nothing, 400: errorAnswer, 404: errorAnswer },
    handle: postTransition,
  },
  {
    method: 'GET',
    path: '/rest/api/3/issue/{issueIdOrKey}/properties',
    answers: { 200: propertyKeysAnswer, 404: errorAnswer },
    handle: getProperties,
  },
  {
    method: 'GET',
    path: '/rest/api/3/issue/{issueIdOrKey}/properties/{propertyKey}',
    answers: { 200: propertyAnswer, 404: errorAnswer },
    handle: getProperty,
  },
  {
    method: 'PUT',
    path: '/rest/api/3/issue/{issueIdOrKey}/properties/{propertyKey}',
    body: z.unknown(),
    writes: true,
    answers: { 200: nothing, 201: nothing, 404: errorAnswer },
    handle: putProperty,
  },
  {
    method: 'DELETE',
    path: '/rest/api/3/issue/{issueIdOrKey}/properties/{propertyKey}',
    writes: true,
    answers: { 204: nothing, 404: errorAnswer },
    handle: deleteProperty,
  },
]
