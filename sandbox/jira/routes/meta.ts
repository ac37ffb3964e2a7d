import { z } from 'zod'
import type { Answer } from '../../http.ts'
import type { JiraCall, Route } from '../call.ts'
import { visibleIssue } from '../call.ts'
import { errorCollection, issueNotFound, problem, projectNotFound } from '../errors.ts'
import { FIELDS, type JiraField } from '../fields.ts'
import {
  createFieldsAnswer,
  createTypesAnswer,
  errorAnswer,
  fieldListAnswer,
  issueTypesAnswer,
  myselfAnswer,
  namedAnswer,
  pageAnswer,
  problemAnswer,
  serverInfoAnswer,
  typeStatusesAnswer,
  usersAnswer,
} from '../shapes.ts'
import {
  COMPONENTS,
  DEFAULT_PRIORITY,
  ISSUE_TYPES,
  type Named,
  OPTIONS,
  PRIORITIES,
  PROJECTS,
  projectWith,
  STATUSES,
  USERS,
  VERSIONS,
} from '../site.ts'
import { wireTime } from '../wire.ts'
import { typeWith } from './issue.ts'

type Paging =
  | { readonly kind: 'paging'; readonly startAt: number; readonly maxResults: number }
  | { readonly kind: 'refused'; readonly answer: Answer }

function paging(call: JiraCall, defaultMax: number, max = defaultMax): Paging {
  const numbers = { startAt: 0, maxResults: defaultMax }
  for (const name of ['startAt', 'maxResults'] as const) {
    const text = call.query.get(name)
    if (text === null) continue
    if (!/^-?\d{1,9}$/.test(text.trim())) {
      return { kind: 'refused', answer: problem(400, 'Bad Request', `Failed to convert '${name}' with value: '${text}'`, call.path) }
    }
    numbers[name] = Math.max(0, Number(text))
  }
  return { kind: 'paging', startAt: numbers.startAt, maxResults: Math.min(numbers.maxResults, max) }
}

/** One page of a list, with the link to the next. */
function pageOf(call: JiraCall, values: readonly unknown[], defaultMax: number, max?: number): Answer {
  const asked = paging(call, defaultMax, max)
  if (asked.kind === 'refused') return asked.answer
  const { startAt, maxResults } = asked
  const shown = values.slice(startAt, startAt + maxResults)
  const isLast = startAt + shown.length >= values.length
  const link = (from: number): string => {
    const query = new URLSearchParams(call.query)
    query.set('maxResults', String(maxResults))
    query.set('startAt', String(from))
    return `${call.wire.base}${call.path}?${query}`
  }
  return {
    status: 200,
    json: {
      self: link(startAt),
      ...(!isLast && { nextPage: link(startAt + maxResults) }),
      maxResults,
      startAt,
      total: values.length,
      isLast,
      values: shown,
    },
  }
}

function fieldDetails(field: JiraField): Record<string, unknown> {
  return {
    id: field.id,
    key: field.id,
    name: field.name,
    custom: field.schema.custom !== undefined,
    orderable: field.parse !== undefined,
    navigable: field.isNavigable,
    searchable: true,
    clauseNames: field.clauseNames,
    schema: field.schema,
  }
}

function searchFields(call: JiraCall): Answer {
  const ids = call.query.getAll('id').flatMap((id) => id.split(','))
  const types = call.query.getAll('type').flatMap((type) => type.split(','))
  const text = (call.query.get('query') ?? '').toLowerCase()
  const matching = FIELDS.filter((field) => {
    const type = field.schema.custom === undefined ? 'system' : 'custom'
    return (
      (ids.length === 0 || ids.includes(field.id)) &&
      (types.length === 0 || types.includes(type)) &&
      field.name.toLowerCase().includes(text)
    )
  })
  return pageOf(
    call,
    matching.map((field) => ({ id: field.id, key: field.id, name: field.name, description: '', isLocked: false, schema: field.schema })),
    50,
  )
}

function contexts(call: JiraCall): Answer {
  const field = FIELDS.find((candidate) => candidate.id === call.params.fieldId && candidate.schema.customId !== undefined)
  if (!field) return errorCollection(404, ['The custom field was not found.'])
  const context = {
    id: String(field.schema.customId),
    name: `Default configuration of ${field.name}`,
    description: '',
    isGlobalContext: true,
    isAnyIssueType: true,
  }
  return pageOf(call, [context], 50)
}

function options(call: JiraCall): Answer {
  const field = FIELDS.find((candidate) => candidate.id === call.params.fieldId && candidate.schema.customId !== undefined)
  if (!field || String(field.schema.customId) !== call.params.contextId) return errorCollection(404, ['The custom field was not found.'])
  const { allowed } = field
  const table = allowed === 'team' || allowed === 'billable' || allowed === 'regions' ? OPTIONS[allowed] : []
  return pageOf(
    call,
    table.map((option) => ({ id: option.id, value: option.name, disabled: false })),
    100,
  )
}

function createTypes(call: JiraCall): Answer {
  if (!projectWith(call.params.projectIdOrKey ?? '')) return projectNotFound(call.params.projectIdOrKey ?? '')
  const asked = paging(call, 50, 200)
  if (asked.kind === 'refused') return asked.answer
  const { startAt, maxResults } = asked
  const issueTypes = ISSUE_TYPES.slice(startAt, startAt + maxResults).map((type) => call.wire.issueType(type))
  return { status: 200, json: { startAt, maxResults, total: ISSUE_TYPES.length, issueTypes } }
}

function createFields(call: JiraCall): Answer {
  if (!projectWith(call.params.projectIdOrKey ?? '')) return projectNotFound(call.params.projectIdOrKey ?? '')
  if (!typeWith(call.params.issueTypeId ?? '')) return errorCollection(404, ['The issue type was not found.'])
  const asked = paging(call, 50, 200)
  if (asked.kind === 'refused') return asked.answer
  const { startAt, maxResults } = asked
  const project = {
    required: true,
    schema: { type: 'project', system: 'project' },
    name: 'Project',
    key: 'project',
    fieldId: 'project',
    operations: ['set'],
    allowedValues: PROJECTS.map((entry) => call.wire.project(entry)),
  }
  const writable = FIELDS.filter((field) => field.parse).map((field) => ({ ...call.wire.fieldMeta(field.id), fieldId: field.id }))
  const fields = [project, ...writable]
  return { status: 200, json: { startAt, maxResults, total: fields.length, fields: fields.slice(startAt, startAt + maxResults) } }
}

function searchProjects(call: JiraCall): Answer {
  const keys = call.query.getAll('keys').flatMap((value) => value.split(','))
  const ids = call.query.getAll('id').flatMap((value) => value.split(','))
  const text = (call.query.get('query') ?? '').toLowerCase()
  const matching = PROJECTS.filter(
    (project) =>
      (keys.length === 0 || keys.includes(project.key)) &&
      (ids.length === 0 || ids.includes(project.id)) &&
      (project.key.toLowerCase().includes(text) || project.name.toLowerCase().includes(text)),
  ).sort((a, b) => (a.key < b.key ? -1 : 1))
  return pageOf(
    call,
    matching.map((project) => projectDetails(call, project.key)),
    50,
    100,
  )
}

function projectDetails(call: JiraCall, key: string): Record<string, unknown> {
  const project = projectWith(key)
  if (!project) return {}
  return {
    expand: 'description,lead,issueTypes,url,projectKeys,permissions,insight',
    ...call.wire.project(project),
    style: 'classic',
    isPrivate: false,
    properties: {},
  }
}

function getProject(call: JiraCall): Answer {
  const project = projectWith(call.params.projectIdOrKey ?? '')
  if (!project) return projectNotFound(call.params.projectIdOrKey ?? '')
  return {
    status: 200,
    json: {
      ...projectDetails(call, project.key),
      lead: call.wire.userNamed(project.lead),
      issueTypes: ISSUE_TYPES.map((type) => call.wire.issueType(type)),
    },
  }
}

function projectStatuses(call: JiraCall): Answer {
  if (!projectWith(call.params.projectIdOrKey ?? '')) return projectNotFound(call.params.projectIdOrKey ?? '')
  const statuses = STATUSES.map((status) => call.wire.status(status.name))
  const types = ISSUE_TYPES.map((type) => ({
    self: `${call.wire.api}/issuetype/${type.id}`,
    id: type.id,
    name: type.name,
    subtask: false,
    statuses,
  }))
  return { status: 200, json: types }
}

function listOf(what: 'component' | 'version', table: readonly Named[]) {
  return (call: JiraCall): Answer => {
    const project = projectWith(call.params.projectIdOrKey ?? '')
    if (!project) return projectNotFound(call.params.projectIdOrKey ?? '')
    return { status: 200, json: table.map((entry) => call.wire.named(what, entry)) }
  }
}

/** Global permissions of the token's account; those that are not asked for are not named. */
function myPermissions(call: JiraCall): Answer {
  const asked = (call.query.get('permissions') ?? '').split(',').filter(Boolean)
  if (asked.length === 0) return errorCollection(400, ["The 'permissions' query parameter is required."])
  const bulk = { id: '33', key: 'BULK_CHANGE', name: 'Make bulk changes', type: 'GLOBAL', description: 'Change many issues at once.' }
  const known = asked.filter((key) => key === bulk.key)
  return {
    status: 200,
    json: { permissions: Object.fromEntries(known.map((key) => [key, { ...bulk, havePermission: call.site.canBulkChange() }])) },
  }
}

function searchPriorities(call: JiraCall): Answer {
  const ids = call.query.getAll('id').flatMap((id) => id.split(','))
  const name = (call.query.get('priorityName') ?? '').toLowerCase()
  const isDefaultOnly = call.query.get('onlyDefault') === 'true'
  const matching = PRIORITIES.filter(
    (priority) =>
      (ids.length === 0 || ids.includes(priority.id)) &&
      priority.name.toLowerCase().includes(name) &&
      (!isDefaultOnly || priority.name === DEFAULT_PRIORITY),
  )
  return pageOf(
    call,
    matching.map((priority) => ({ ...call.wire.priority(priority.name), description: '', isDefault: priority.name === DEFAULT_PRIORITY })),
    50,
  )
}

function searchStatuses(call: JiraCall): Answer {
  const text = (call.query.get('searchString') ?? '').toLowerCase()
  const category = call.query.get('statusCategory')
  const matching = STATUSES.filter(
    (status) => status.name.toLowerCase().includes(text) && (category === null || status.category.code === category),
  )
  return pageOf(
    call,
    matching.map(({ id, name, description, category: { code } }) => ({
      id,
      name,
      description,
      statusCategory: code,
      scope: { type: 'GLOBAL' },
    })),
    200,
  )
}

function typesOfProject(call: JiraCall): Answer {
  const id = call.query.get('projectId')
  if (id === null) return errorCollection(400, ['The projectId parameter is required.'])
  return projectWith(id) ? { status: 200, json: ISSUE_TYPES.map((type) => call.wire.issueType(type)) } : projectNotFound(id)
}

/** Finds people by the beginning of a word of their name. Their e-mail addresses are hidden, so they find nobody. */
function assignable(call: JiraCall): Answer {
  const { query } = call
  if (query.get('username') !== null) {
    return errorCollection(400, ["The query parameter 'username' is not supported in GDPR strict mode."])
  }
  const [project, issueKey, issueId] = [query.get('project'), query.get('issueKey'), query.get('issueId')]
  if (project === null && issueKey === null && issueId === null) return errorCollection(400, ['A project or issue must be specified.'])
  if (project !== null && !projectWith(project)) return projectNotFound(project)
  if (project === null && !visibleIssue(call.site, issueKey ?? issueId ?? '')) return issueNotFound()
  const asked = paging(call, 50, 1000)
  if (asked.kind === 'refused') return asked.answer
  const text = (query.get('query') ?? '').toLowerCase()
  const accountId = query.get('accountId')
  const matching = USERS.filter((user) => {
    if (accountId !== null) return user.accountId === accountId
    return (
      user.name.toLowerCase().startsWith(text) ||
      user.name
        .toLowerCase()
        .split(' ')
        .some((word) => word.startsWith(text))
    )
  })
  return { status: 200, json: matching.slice(asked.startAt, asked.startAt + asked.maxResults).map((user) => call.wire.user(user)) }
}

function bulkUsers(call: JiraCall): Answer {
  const ids = call.query.getAll('accountId').flatMap((value) => value.split(','))
  if (ids.length === 0) return errorCollection(400, ['At least one accountId must be specified.'])
  return pageOf(
    call,
    USERS.filter((user) => ids.includes(user.accountId)).map((user) => call.wire.user(user)),
    10,
    200,
  )
}

function serverInfo(call: JiraCall): Answer {
  return {
    status: 200,
    json: {
      baseUrl: call.siteUrl,
      displayUrl: call.siteUrl,
      version: '1001.0.0-SNAPSHOT',
      versionNumbers: [1001, 0, 0],
      deploymentType: 'Cloud',
      buildNumber: 100_293,
      buildDate: '2026-01-12T08:30:00.000+0000',
      serverTime: wireTime(new Date(call.nowMs).toISOString()),
      scmInfo: 'sandbox',
      serverTitle: 'Jira (sandbox)',
    },
  }
}

const notFound = { 400: z.union([errorAnswer, problemAnswer]), 404: errorAnswer }

function get(path: string, answer: z.ZodType, handle: Route['handle'], more: Partial<Route> = {}): Route {
  return { method: 'GET', path, answers: { 200: answer, ...notFound }, handle, ...more }
}

export const META_ROUTES: readonly Route[] = [
  get('/rest/api/3/field', fieldListAnswer, () => ({ status: 200, json: FIELDS.map(fieldDetails) })),
  get('/rest/api/3/field/search', pageAnswer(namedAnswer), searchFields),
  get('/rest/api/3/field/{fieldId}/context', pageAnswer(namedAnswer), contexts),
  get('/rest/api/3/field/{fieldId}/context/{contextId}/option', pageAnswer(z.looseObject({ id: z.string(), value: z.string() })), options),
  get('/rest/api/3/issue/createmeta/{projectIdOrKey}/issuetypes', createTypesAnswer, createTypes),
  get('/rest/api/3/issue/createmeta/{projectIdOrKey}/issuetypes/{issueTypeId}', createFieldsAnswer, createFields),
  get('/rest/api/3/project/search', pageAnswer(namedAnswer), searchProjects),
  get('/rest/api/3/project/{projectIdOrKey}', namedAnswer, getProject),
  get('/rest/api/3/project/{projectIdOrKey}/statuses', typeStatusesAnswer, projectStatuses),
  get('/rest/api/3/project/{projectIdOrKey}/versions', z.array(namedAnswer), listOf('version', VERSIONS)),
  get('/rest/api/3/project/{projectIdOrKey}/components', z.array(namedAnswer), listOf('component', COMPONENTS)),
  get('/rest/api/3/mypermissions', z.looseObject({ permissions: z.record(z.string(), z.unknown()) }), myPermissions),
  get('/rest/api/3/priority/search', pageAnswer(namedAnswer), searchPriorities),
  get('/rest/api/3/statuses/search', pageAnswer(namedAnswer), searchStatuses),
  get('/rest/api/3/issuetype/project', issueTypesAnswer, typesOfProject),
  get('/rest/api/3/user/assignable/search', usersAnswer, assignable),
  get('/rest/api/3/user/bulk', pageAnswer(z.looseObject({ accountId: z.string() })), bulkUsers),
  get('/rest/api/3/myself', myselfAnswer, (call) => ({ status: 200, json: call.wire.myself(call.site.email) })),
  get('/rest/api/3/serverInfo', serverInfoAnswer, serverInfo, { isOpen: true }),
]
