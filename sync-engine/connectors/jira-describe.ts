import { z } from 'zod'
import type { Option } from '../../workbook/fields.ts'
import { SyncError } from '../sync-error.ts'
import type { ExternalField, ObjectDescription } from './connector.ts'
import type { HttpClient } from './http-client.ts'
import { failureOf, parseAnswer, readOk, searchShape, serverInfoShape } from './jira-answers.ts'
import { BULK_LIMIT } from './jira-bulk.ts'
import { type JiraKind, jiraKindOf } from './jira-values.ts'
import { quoted } from './jql.ts'

/** Most ids of one bulk fetch. */
export const READ_BATCH = 100
/** How long Jira's search may lag behind a write, as its own documentation warns; measured values are lower. */
export const JIRA_INDEX_DELAY_MS = 15_000
/** Projects and screens looked at for one refresh: with more, the options shown are those of the first ones. */
const MAX_PROJECTS = 20
const MAX_SCREENS = 60
const SUMMARY_MAX_LENGTH = 255

const schemaShape = z.object({
  type: z.string(),
  items: z.string().optional(),
  system: z.string().optional(),
  custom: z.string().optional(),
})
const fieldsShape = z.array(z.object({ id: z.string(), name: z.string(), schema: schemaShape.optional() }))
const issueTypesShape = z.array(z.object({ id: z.string(), statuses: z.array(z.object({ id: z.string(), name: z.string() })) }))
const metaShape = z.object({
  required: z.boolean().default(false),
  hasDefaultValue: z.boolean().default(false),
  operations: z.array(z.string()).default([]),
  allowedValues: z.array(z.object({ id: z.string().optional(), name: z.string().optional(), value: z.string().optional() })).optional(),
})
const screenFieldShape = metaShape.extend({ fieldId: z.string(), name: z.string().optional(), schema: schemaShape.optional() })
export type CreateScreenField = z.infer<typeof screenFieldShape>
/** A create screen; what Jira calls `fields` its newer pages call `results`. */
export const createScreenShape = z.object({ fields: z.array(screenFieldShape).optional(), results: z.array(screenFieldShape).optional() })
const permissionsShape = z.object({ permissions: z.record(z.string(), z.object({ havePermission: z.boolean() })) })
const namedProjects = z.object({ values: z.array(z.object({ key: z.string(), name: z.string().default('') })) })
const sprintShape = z.array(z.object({ id: z.number(), name: z.string(), state: z.string().optional() }))
const editMetaShape = z.object({ fields: z.record(z.string(), metaShape).default({}) })
const prioritiesShape = z.object({ values: z.array(z.object({ id: z.string(), name: z.string() })) })
export const usersShape = z.array(z.object({ accountId: z.string(), displayName: z.string().optional(), active: z.boolean().optional() }))

type Meta = z.infer<typeof metaShape>

/** What is found about a field on the screens where issues are made and edited. */
interface OnScreens {
  readonly metas: readonly Meta[]
}

/**
 * Field types, options and people of a Jira site, for the projects given or the first twenty the credential sees. About eight calls for
 * one project: the list of fields, projects, statuses, priorities, people, one screen an issue type, and one issue's edit screen.
 */
export async function describeJira(
  http: HttpClient,
  projectKeys: readonly string[] | undefined,
  signal: AbortSignal,
): Promise<ObjectDescription> {
  const get = async <T>(shape: z.ZodType<T>, path: string): Promise<T> =>
    parseAnswer(shape, await readOk(http, { method: 'GET', path }, signal), `GET ${path}`)
  /** What this account may not see (people, screens of a project it cannot create in) is left out. */
  const getIfAllowed = async <T>(shape: z.ZodType<T>, path: string): Promise<T | undefined> => {
    const answer = await http.read({ method: 'GET', path }, signal)
    if (answer.status === 400 || answer.status === 403 || answer.status === 404) return undefined
    if (answer.status !== 200) throw failureOf({ method: 'GET', path }, answer)
    return parseAnswer(shape, answer, `GET ${path}`)
  }
  const { baseUrl } = await get(serverInfoShape, '/rest/api/3/serverInfo')
  const allFields = await get(fieldsShape, '/rest/api/3/field')
  const named = await readProjects(http, projectKeys, signal)
  const projects = named.map(({ id }) => id)
  const statuses = new Map<string, Option>()
  const people = new Map<string, Option>()
  const screens: { project: string; issueType: string }[] = []
  for (const project of projects) {
    const key = encodeURIComponent(project)
    for (const { id, statuses: ofType } of await get(issueTypesShape, `/rest/api/3/project/${key}/statuses`)) {
      screens.push({ project: key, issueType: id })
      for (const status of ofType) addOption(statuses, status)
    }
    for (const user of (await getIfAllowed(usersShape, `/rest/api/3/user/assignable/search?project=${key}&query=&maxResults=1000`)) ?? []) {
      people.set(user.accountId, {
        id: user.accountId,
        name: user.displayName ?? user.accountId,
        ...(user.active === false && { retired: true }),
      })
    }
  }
  const priorities = new Map<string, Option>()
  for (const priority of (await getIfAllowed(prioritiesShape, '/rest/api/3/priority/search?maxResults=50'))?.values ?? [])
    addOption(priorities, priority)

  const onScreens = new Map<string, Meta[]>()
  const note = (id: string, meta: Meta) => onScreens.set(id, [...(onScreens.get(id) ?? []), meta])
  for (const { project, issueType } of screens.slice(0, MAX_SCREENS)) {
    const path = `/rest/api/3/issue/createmeta/${project}/issuetypes/${encodeURIComponent(issueType)}?maxResults=200`
    const screen = await getIfAllowed(createScreenShape, path)
    for (const { fieldId, ...meta } of screen?.fields ?? screen?.results ?? []) note(fieldId, meta)
  }
  for (const [id, meta] of Object.entries(await readEditScreen(http, projects, signal))) note(id, meta)

  const sprintField = allFields.find(({ id, schema }) => jiraKindOf(id, schema).wire === 'sprint')?.id
  const known: Readonly<Record<string, readonly Option[]>> = {
    status: [...statuses.values()],
    priority: [...priorities.values()],
    project: named,
    ...(sprintField !== undefined && { [sprintField]: await readSprints(http, projects, sprintField, signal) }),
  }
  const permissions = await getIfAllowed(permissionsShape, '/rest/api/3/mypermissions?permissions=BULK_CHANGE')
  const mayBulk = permissions?.permissions.BULK_CHANGE?.havePermission === true
  const fields = allFields
    .filter(
      ({ id, schema }) => id !== 'issuekey' && !NO_CELL.has(schema?.type ?? '') && !NO_CELL.has(schema?.items ?? '') && !NO_CELL.has(id),
    )
    .map(({ id, name, schema }) =>
      fieldOf({ id, name, kind: jiraKindOf(id, schema) }, { metas: onScreens.get(id) ?? [] }, known[id], [...people.values()]),
    )
  return {
    app: 'jira',
    appName: 'Jira',
    object: 'issues',
    objectName: 'Issues',
    fields: [fieldOf({ id: 'issuekey', name: 'Key', kind: jiraKindOf('issuekey', undefined) }, { metas: [] }, undefined, []), ...fields],
    keyField: 'issuekey',
    nameField: 'summary',
    readBatch: READ_BATCH,
    ...ISSUES,
    batchUpdate: mayBulk ? BULK_LIMIT : 1,
    updateAnswersRecord: true,
    indexDelayMs: JIRA_INDEX_DELAY_MS,
    keyExample: `${projects[0] ?? 'TB'}-1234`,
    recordUrl: `${baseUrl.replace(/\/$/u, '')}/browse/{key}`,
  }
}

/** What issues can do whatever the site and the account. */
const ISSUES = {
  isSearchable: true,
  searchNote: 'Finds issues by words of their summary; a new or changed one after some seconds. By key it finds them at once.',
  canCreate: true,
  canDelete: true,
  createBatch: 50,
  hasWebhooks: true,
  filterLanguage: 'JQL',
  filterExample: 'project = TB AND statusCategory != Done ORDER BY created',
  listPage: 100,
} as const

/** Schema types (and the ids of fields without a schema) that no cell can show. */
const NO_CELL = new Set([
  'comments-page',
  'attachment',
  'worklog',
  'issuelinks',
  'progress',
  'votes',
  'watches',
  'issuerestriction',
  'thumbnail',
  'subtasks',
])

/** Options of one name are one: a workflow or a context each may have its own. */
function addOption(options: Map<string, Option>, { id, name }: { id: string; name: string }): void {
  if (!options.has(name)) options.set(name, { id, name })
}

function fieldOf(
  { id, name, kind }: { id: string; name: string; kind: JiraKind },
  { metas }: OnScreens,
  known: readonly Option[] | undefined,
  people: readonly Option[],
): ExternalField {
  const allowed = new Map<string, Option>()
  for (const option of metas.flatMap((meta) => meta.allowedValues ?? [])) {
    const text = option.name ?? option.value
    // A list is kept by its ids, and two projects' versions of one name are two.
    if (text !== undefined && kind.wire === 'choices') allowed.set(option.id ?? text, { id: option.id ?? text, name: text })
    else if (text !== undefined) addOption(allowed, { id: option.id ?? text, name: text })
  }
  const checked = kind.wire === 'check' && allowed.size !== 1 ? severalBoxes : kind
  const hasOptions = checked.type === 'single-select' || checked.wire === 'check' || checked.wire === 'choices'
  const isOfPeople = checked.type === 'person' || checked.wire === 'accounts'
  const options = known ?? (isOfPeople ? people : hasOptions ? [...allowed.values()] : [])
  const byTransition = id === 'status'
  return {
    id,
    name,
    type: checked.type,
    wire: checked.wire,
    writable: writableOf(checked, byTransition || metas.some(({ operations }) => operations.includes('set'))),
    ...(options.length > 0 && { options }),
    ...(checked.type === 'single-select' && { optionsCaseSensitive: false }),
    ...(id === 'summary' && { maxLength: SUMMARY_MAX_LENGTH }),
    ...(metas.some(({ required }) => required) && { required: true }),
    ...(byTransition && { writtenBy: 'transition' as const }),
  }
}

/** Several boxes are a list; one box is a checkbox. */
const severalBoxes: JiraKind = { type: 'multi-select', wire: 'choices' }

/** A field of a create screen; `known` is what the last refresh told of it, whose options may be more than the screen names. */
export function createFieldOf({ fieldId, name, schema, ...meta }: CreateScreenField, known: ExternalField | undefined): ExternalField {
  const kind = jiraKindOf(fieldId, schema)
  const described = fieldOf({ id: fieldId, name: name ?? known?.name ?? fieldId, kind }, { metas: [meta] }, undefined, [])
  const options = (described.options ?? []).length > 0 ? described.options : known?.options
  const { required: _required, ...field } = described
  return { ...field, ...(options && { options }), ...(meta.required && !meta.hasDefaultValue && { required: true }) }
}

function writableOf(kind: JiraKind, isOnScreen: boolean): ExternalField['writable'] {
  if (kind.reason !== undefined) return { reason: kind.reason }
  return isOnScreen ? true : { reason: 'No screen in Jira lets this field be edited.' }
}

/** The projects that are looked at, by key, with their names. */
async function readProjects(http: HttpClient, projectKeys: readonly string[] | undefined, signal: AbortSignal): Promise<readonly Option[]> {
  const limit = (projectKeys ?? []).slice(0, MAX_PROJECTS).map((key) => `&keys=${encodeURIComponent(key)}`)
  const path = `/rest/api/3/project/search?maxResults=${MAX_PROJECTS}&orderBy=key${limit.join('')}`
  const { values } = parseAnswer(namedProjects, await readOk(http, { method: 'GET', path }, signal), `GET ${path}`)
  const missing = (projectKeys ?? []).slice(0, MAX_PROJECTS).filter((key) => !values.some((project) => project.key === key))
  if (missing.length > 0) throw new SyncError('not-found', `Jira shows this account no project ${missing.join(', ')}.`)
  return values.map(({ key, name }) => ({ id: key, name: name || key }))
}

/** The sprints that are not over, as the issues in them tell; one that has no issues yet is not seen. */
async function readSprints(http: HttpClient, projects: readonly string[], field: string, signal: AbortSignal): Promise<readonly Option[]> {
  if (projects.length === 0) return []
  const jql = `project IN (${projects.map(quoted).join(', ')}) AND (sprint in openSprints() OR sprint in futureSprints()) ORDER BY created DESC`
  const path = '/rest/api/3/search/jql'
  const answer = await http.read({ method: 'POST', path, body: { jql, fields: [field], maxResults: 100 } }, signal)
  // A site without Jira Software knows no sprints.
  if (answer.status !== 200) return []
  const sprints = new Map<string, Option>()
  for (const { fields } of parseAnswer(searchShape, answer, `POST ${path}`).issues) {
    for (const { id, name, state } of sprintShape.safeParse(fields[field]).data ?? []) {
      if (state !== 'closed') addOption(sprints, { id: String(id), name })
    }
  }
  return [...sprints.values()]
}

/** The edit screen of the newest issue: fields that may be edited but not set at creation are only told there. */
async function readEditScreen(http: HttpClient, projects: readonly string[], signal: AbortSignal): Promise<Readonly<Record<string, Meta>>> {
  if (projects.length === 0) return {}
  const jql = `project IN (${projects.map(quoted).join(', ')}) ORDER BY created DESC`
  const search = await readOk(
    http,
    { method: 'POST', path: '/rest/api/3/search/jql', body: { jql, fields: ['created'], maxResults: 1 } },
    signal,
  )
  const [newest] = parseAnswer(searchShape, search, 'POST /rest/api/3/search/jql').issues
  if (!newest) return {}
  const path = `/rest/api/3/issue/${encodeURIComponent(newest.id)}/editmeta`
  const answer = await http.read({ method: 'GET', path }, signal)
  // It may have been deleted or moved out of sight since the search.
  return answer.status === 200 ? parseAnswer(editMetaShape, answer, `GET ${path}`).fields : {}
}
