import type { z } from 'zod'
import type { Answer } from '../../http.ts'
import { type JiraCall, type Route, visibleIssue } from '../call.ts'
import { EDIT_SCREEN, readWrite, type WriteInput } from '../edit.ts'
import { bulkError } from '../errors.ts'
import { FIELDS, fieldWith } from '../fields.ts'
import type { Issue } from '../model.ts'
import { bend } from '../quirks.ts'
import {
  type BulkEditBody,
  bulkDeleteBody,
  bulkEditBody,
  bulkErrorAnswer,
  bulkFieldsAnswer,
  bulkTransitionBody,
  bulkTransitionsAnswer,
  progressAnswer,
  taskAnswer,
} from '../shapes.ts'
import { API_USER, meant, STATUSES, USERS } from '../site.ts'
import { wireTime } from '../wire.ts'
import { isPartOf, takenTransition, transitionsOf } from './issue.ts'

const MAX_ISSUES = 1000
const MAX_FIELDS = 200
const PARTIAL_MESSAGE = 'The issue could not be changed right now.'

/** What a bulk operation does to one issue: nothing when it went well, else why not. */
type Step = (issue: Issue) => string | undefined

/** Accepts a bulk operation. The issues are looked up again when it is carried out, as it is only then that they matter. */
function submit(call: JiraCall, idsOrKeys: readonly string[], step: Step): Answer {
  const issues = [
    ...new Map(idsOrKeys.flatMap((idOrKey) => visibleIssue(call.site, idOrKey) ?? []).map((issue) => [issue.id, issue])).values(),
  ]
  const partial = call.faults.partial()
  const task = call.site.tasks.submit(
    call.site.issues.nextTaskId(),
    { total: idsOrKeys.length, invalid: idsOrKeys.length - issues.length },
    () => {
      const processed: number[] = []
      const failed: Record<string, string[]> = {}
      for (const [index, { id }] of issues.entries()) {
        const issue = visibleIssue(call.site, id)
        const refusal = partial && isPartOf(index, issues.length) ? (partial.refuse?.message ?? PARTIAL_MESSAGE) : undefined
        const message = refusal ?? (issue ? step(issue) : 'Issue does not exist or you do not have permission to see it.')
        if (message === undefined) processed.push(Number(id))
        else failed[id] = [message]
      }
      return { processed, failed }
    },
  )
  return { status: 201, json: { taskId: task.id } }
}

function tooMany(count: number): Answer | undefined {
  if (count === 0) return bulkError(400, 'At least one issue must be selected.')
  return count > MAX_ISSUES ? bulkError(400, `The number of issues selected is ${count}, the limit is ${MAX_ISSUES}.`) : undefined
}

function notAllowed(call: JiraCall): Answer | undefined {
  return call.site.canBulkChange() ? undefined : bulkError(403, 'You do not have the Make bulk changes global permission.')
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']

/** The dates a bulk edit takes: `31/Jan/24`, `31-01-2024`, and plain ISO. */
function bulkDate(text: string): string {
  const worded = /^(\d{1,2})\/([A-Za-z]{3})\/(\d{2})$/.exec(text)
  if (worded) {
    const month = MONTHS.indexOf((worded[2] ?? '').toLowerCase()) + 1
    return `20${worded[3]}-${String(month).padStart(2, '0')}-${(worded[1] ?? '').padStart(2, '0')}`
  }
  const turned = /^(\d{2})-(\d{2})-(\d{4})$/.exec(text)
  return turned ? `${turned[3]}-${turned[2]}-${turned[1]}` : text
}

type Verb = 'ADD' | 'REMOVE' | 'REPLACE' | 'REMOVE_ALL'

function listWrite(id: string, verb: Verb, values: readonly unknown[]): WriteInput {
  if (verb === 'REPLACE' || verb === 'REMOVE_ALL') return { fields: { [id]: verb === 'REPLACE' ? values : [] }, update: {} }
  return { fields: {}, update: { [id]: values.map((value) => ({ [verb === 'ADD' ? 'add' : 'remove']: value })) } }
}

/** The one field of a bulk edit's input as an ordinary write. */
function bulkInput(input: BulkEditBody['editedFieldsInput'], id: string): WriteInput | undefined {
  const field = (value: unknown): WriteInput => ({ fields: { [id]: value }, update: {} })
  const isIt = (candidate: { readonly fieldId: string }): boolean => candidate.fieldId === id
  if (id === 'priority') return input.priority && field({ id: input.priority.priorityId })
  if (id === 'issuetype') return input.issueType && field({ id: input.issueType.issueTypeId })
  const labels = input.labelsFields?.find(isIt)
  if (labels)
    return listWrite(
      id,
      labels.bulkEditMultiSelectFieldOption,
      labels.labels.map((label) => label.name),
    )
  const number = input.clearableNumberFields?.find(isIt)
  if (number) return field(number.value ?? null)
  const date = input.datePickerFields?.find(isIt)
  if (date) return field(bulkDate(date.date?.formattedDate ?? ''))
  const dateTime = input.dateTimePickerFields?.find(isIt)
  if (dateTime) return field(dateTime.dateTime.formattedDateTime)
  const select = input.singleSelectFields?.find(isIt)
  if (select) return field(select.option.optionId === -1 ? null : { id: String(select.option.optionId) })
  const many = input.multipleSelectFields?.find(isIt)
  if (many)
    return listWrite(
      id,
      many.bulkEditMultiSelectFieldOption ?? 'REPLACE',
      many.options.map((option) => ({ id: String(option.optionId) })),
    )
  const user = input.singleSelectClearableUserPickerFields?.find(isIt)
  if (user) return field(user.user ? { accountId: user.user.accountId } : null)
  const url = input.urlFields?.find(isIt)
  if (url) return field(url.url)
  const rich = input.richTextFields?.find(isIt)
  return rich && field(rich.richText.adfValue ?? null)
}

function bulkEdit(call: JiraCall): Answer {
  const body = call.body as BulkEditBody
  const refusal = notAllowed(call) ?? tooMany(body.selectedIssueIdsOrKeys.length)
  if (refusal) return refusal
  if (body.selectedActions.length === 0) return bulkError(400, 'At least one field must be selected.')
  if (body.selectedActions.length > MAX_FIELDS)
    return bulkError(400, `The number of fields selected is ${body.selectedActions.length}, the limit is ${MAX_FIELDS}.`)
  const inputs: WriteInput[] = []
  const messages: string[] = []
  for (const id of body.selectedActions) {
    const input = fieldWith(id)?.bulkType === undefined ? undefined : bulkInput(body.editedFieldsInput, id)
    if (!input) {
      messages.push(
        fieldWith(id)?.bulkType === undefined ? `The field '${id}' cannot be edited in bulk.` : `No value was given for the field '${id}'.`,
      )
      continue
    }
    inputs.push(input)
    const read = readWrite(input, EDIT_SCREEN, { makeLocalId: call.site.makeLocalId })
    if (read.kind === 'refused') messages.push(...Object.values(read.errors))
  }
  if (messages.length > 0) return bulkError(400, ...messages)
  return submit(call, body.selectedIssueIdsOrKeys, (issue) => {
    let edited = issue
    for (const input of inputs) {
      const read = readWrite(input, EDIT_SCREEN, { makeLocalId: call.site.makeLocalId, issue: edited })
      if (read.kind === 'refused') return Object.values(read.errors).join(' ')
      edited = { ...edited, ...read.patch }
    }
    const { id: _id, key: _key, ...patch } = edited
    call.site.issues.edit(issue, bend(changedOnly(issue, patch), call.faults), { by: API_USER, atMs: call.site.nowMs() })
    return undefined
  })
}

function changedOnly(issue: Issue, edited: Omit<Issue, 'id' | 'key'>): Partial<Issue> {
  const keys = Object.keys(edited) as (keyof typeof edited)[]
  return Object.fromEntries(keys.filter((key) => edited[key] !== issue[key]).map((key) => [key, edited[key]]))
}

function bulkTransition(call: JiraCall): Answer {
  const { bulkTransitionInputs } = call.body as z.infer<typeof bulkTransitionBody>
  const wanted = new Map<string, string>()
  for (const { selectedIssueIdsOrKeys, transitionId } of bulkTransitionInputs) {
    for (const idOrKey of selectedIssueIdsOrKeys) {
      const issue = visibleIssue(call.site, idOrKey)
      wanted.set(issue?.id ?? idOrKey, transitionId)
    }
  }
  const refusal = notAllowed(call) ?? tooMany(wanted.size)
  if (refusal) return refusal
  return submit(call, [...wanted.keys()], (issue) => {
    const transition = takenTransition(issue, wanted.get(issue.id) ?? '')
    if ('refused' in transition) return transition.refused
    call.site.issues.edit(issue, bend({ status: transition.to }, call.faults), { by: API_USER, atMs: call.site.nowMs() })
    return undefined
  })
}

function bulkDelete(call: JiraCall): Answer {
  const { selectedIssueIdsOrKeys } = call.body as z.infer<typeof bulkDeleteBody>
  return (
    notAllowed(call) ??
    tooMany(selectedIssueIdsOrKeys.length) ??
    submit(call, selectedIssueIdsOrKeys, (issue) => {
      call.site.issues.remove(issue, call.site.nowMs())
      return undefined
    })
  )
}

function progress(call: JiraCall): Answer {
  call.site.tasks.settle()
  const task = call.site.tasks.get(call.params.taskId ?? '')
  if (!task) return bulkError(400, `There is no bulk operation with the task id '${call.params.taskId}'.`)
  const { outcome } = task
  const isRunning = !outcome && call.nowMs > task.createdMs
  const time = (ms: number): string => wireTime(new Date(ms).toISOString())
  return {
    status: 200,
    json: {
      taskId: task.id,
      status: outcome ? 'COMPLETE' : isRunning ? 'RUNNING' : 'ENQUEUED',
      submittedBy: { accountId: meant(USERS, API_USER).accountId },
      created: time(task.createdMs),
      ...((outcome || isRunning) && { started: time(task.createdMs) }),
      updated: time(outcome ? task.dueMs : task.createdMs),
      progressPercent: outcome ? 100 : 0,
      totalIssueCount: task.totalCount,
      invalidOrInaccessibleIssueCount: task.invalidCount,
      processedAccessibleIssues: outcome?.processed ?? [],
      failedAccessibleIssues: outcome?.failed ?? {},
    },
  }
}

function selectedIssues(call: JiraCall): readonly Issue[] {
  const ids = call.query
    .getAll('issueIdsOrKeys')
    .flatMap((value) => value.split(','))
    .map((value) => value.trim())
  return ids.flatMap((idOrKey) => visibleIssue(call.site, idOrKey) ?? [])
}

function bulkFields(call: JiraCall): Answer {
  if (selectedIssues(call).length === 0) return bulkError(400, 'None of the issues exists, or you do not have permission to see them.')
  const text = (call.query.get('searchText') ?? '').toLowerCase()
  const fields = FIELDS.filter((field) => field.bulkType !== undefined && field.name.toLowerCase().includes(text)).map((field) => ({
    id: field.id,
    name: field.name,
    type: field.schema.custom ?? field.id,
    isRequired: field.isRequired ?? false,
    ...(field.operations && { multiSelectFieldOptions: ['ADD', 'REMOVE', 'REPLACE', 'REMOVE_ALL'] }),
  }))
  return { status: 200, json: { fields } }
}

function bulkTransitions(call: JiraCall): Answer {
  const issues = selectedIssues(call)
  if (issues.length === 0) return bulkError(400, 'None of the issues exists, or you do not have permission to see them.')
  const byStatus = new Map<string, Issue[]>()
  for (const issue of issues) {
    const group = `${issue.key.split('-')[0]}:${meant(STATUSES, issue.status).id}`
    byStatus.set(group, [...(byStatus.get(group) ?? []), issue])
  }
  const available = [...byStatus.values()].map((group) => ({
    issues: group.map((issue) => issue.key),
    isTransitionsFiltered: false,
    transitions: (group[0] ? transitionsOf(group[0]) : []).map((transition) => ({
      transitionId: Number(transition.id),
      transitionName: transition.name,
      to: { statusId: Number(meant(STATUSES, transition.to).id), statusName: transition.to },
    })),
  }))
  return { status: 200, json: { availableTransitions: available } }
}

const submitted = { 201: taskAnswer, 400: bulkErrorAnswer, 403: bulkErrorAnswer }

export const BULK_ROUTES: readonly Route[] = [
  { method: 'GET', path: '/rest/api/3/bulk/issues/fields', answers: { 200: bulkFieldsAnswer, 400: bulkErrorAnswer }, handle: bulkFields },
  { method: 'POST', path: '/rest/api/3/bulk/issues/fields', body: bulkEditBody, writes: true, answers: submitted, handle: bulkEdit },
  {
    method: 'GET',
    path: '/rest/api/3/bulk/issues/transition',
    answers: { 200: bulkTransitionsAnswer, 400: bulkErrorAnswer },
    handle: bulkTransitions,
  },
  {
    method: 'POST',
    path: '/rest/api/3/bulk/issues/transition',
    body: bulkTransitionBody,
    writes: true,
    answers: submitted,
    handle: bulkTransition,
  },
  { method: 'POST', path: '/rest/api/3/bulk/issues/delete', body: bulkDeleteBody, writes: true, answers: submitted, handle: bulkDelete },
  { method: 'GET', path: '/rest/api/3/bulk/queue/{taskId}', answers: { 200: progressAnswer, 400: bulkErrorAnswer }, handle: progress },
]
