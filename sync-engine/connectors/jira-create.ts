import { z } from 'zod'
import type { CellValue } from '../../workbook/cell-value.ts'
import type { Option } from '../../workbook/fields.ts'
import type { CreateNeeds, ExternalField, FieldChange, NewRecord, PushOutcome } from './connector.ts'
import type { HttpClient } from './http-client.ts'
import { errorShape, failureOf, parseAnswer, readOk, wordsOf } from './jira-answers.ts'
import { type CreateScreenField, createFieldOf, createScreenShape } from './jira-describe.ts'
import { jiraFieldsOf } from './jira-plan.ts'

/** The entity property that carries a create's marker: shown nowhere in Jira, and read back with the issue. */
export const MARKER_PROPERTY = 'tidebook'

const typesShape = z.object({
  issueTypes: z.array(z.object({ id: z.string(), name: z.string(), subtask: z.boolean().optional() })).optional(),
  values: z.array(z.object({ id: z.string(), name: z.string(), subtask: z.boolean().optional() })).optional(),
})
const projectListShape = z.object({ values: z.array(z.object({ key: z.string(), name: z.string().default('') })) })
const createdManyShape = z.object({
  issues: z.array(z.object({ id: z.string().min(1), key: z.string().min(1) })).default([]),
  errors: z.array(z.object({ elementErrors: errorShape.optional(), failedElementNumber: z.number().int().optional() })).default([]),
})

/** Where a new issue goes: the project by its key, the type by its name. */
export interface CreateIn {
  readonly project: string | undefined
  readonly issueType: string
}

/** The body of one create; `project` and `issuetype` among the changes say where it goes. */
function createBody(
  { changes, marker }: NewRecord,
  fields: ReadonlyMap<string, ExternalField>,
  usual: CreateIn,
): Readonly<Record<string, unknown>> {
  const chosen = (id: string): string | undefined => {
    const value = changes.find(({ field }) => field === id)?.value
    return typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined
  }
  const project = projectKey(chosen('project'), fields.get('project')?.options ?? []) ?? usual.project
  const rest = changes.filter(({ field }) => field !== 'project' && field !== 'issuetype')
  return {
    fields: {
      ...(project !== undefined && { project: { key: project } }),
      issuetype: { name: chosen('issuetype') ?? usual.issueType },
      ...jiraFieldsOf(rest, fields),
    },
    properties: [{ key: MARKER_PROPERTY, value: { marker } }],
  }
}

/** A project by its key or its name. */
function projectKey(text: string | undefined, options: readonly Option[]): string | undefined {
  if (text === undefined) return undefined
  const found = options.find(({ id, name }) => id.toLowerCase() === text.toLowerCase() || name.toLowerCase() === text.toLowerCase())
  return found?.id ?? text
}

/** What a status would need: a new issue starts where its workflow starts. */
export function refusedMoves(changes: readonly FieldChange[], fields: ReadonlyMap<string, ExternalField>): PushOutcome | undefined {
  const moved = changes.filter(({ field }) => fields.get(field)?.writtenBy === 'transition')
  if (moved.length === 0) return undefined
  const reason = 'A new issue starts where its workflow starts; change this after it was created.'
  return { kind: 'refused', recordId: '', refusals: moved.map(({ field }) => ({ field, reason })) }
}

/** Creates issues by one call; one outcome each, in order. */
export async function createSome(
  http: HttpClient,
  records: readonly NewRecord[],
  fields: ReadonlyMap<string, ExternalField>,
  usual: CreateIn,
  signal: AbortSignal,
): Promise<readonly PushOutcome[]> {
  const issueUpdates = records.map((record) => createBody(record, fields, usual))
  const answer = await http.write({ method: 'POST', path: '/rest/api/3/issue/bulk', body: { issueUpdates }, kind: 'write' }, signal)
  const unknown = (reason: string): readonly PushOutcome[] => records.map(() => ({ kind: 'outcome-unknown', recordId: '', reason }))
  if (answer.kind === 'no-answer') return unknown(answer.reason)
  if (answer.status >= 500) return unknown(`Jira answered ${answer.status}: ${wordsOf(answer)}`)
  const parsed = createdManyShape.safeParse(answer.json)
  const refusedAll = (reason: string): readonly PushOutcome[] => records.map(({ changes }) => refusedCreate(changes, {}, reason))
  if (!parsed.success || parsed.data.issues.length + parsed.data.errors.length === 0)
    return answer.status >= 400 ? refusedAll(wordsOf(answer)) : unknown('Jira did not say which issues it created.')
  const failed = new Map(parsed.data.errors.map(({ failedElementNumber, elementErrors }) => [failedElementNumber ?? -1, elementErrors]))
  if (failed.has(-1) && parsed.data.issues.length === 0) {
    const { errors = {}, errorMessages = [] } = failed.get(-1) ?? {}
    return refusedAll([...Object.values(errors), ...errorMessages].join(' ') || wordsOf(answer))
  }
  // Those that were made come in the order in which they were asked for, without those that were not.
  if (parsed.data.issues.length !== records.length - failed.size) return unknown('Jira did not say which of the issues it created.')
  const made = [...parsed.data.issues]
  return records.map(({ changes }, index): PushOutcome => {
    if (failed.has(index)) {
      const { errors = {}, errorMessages = [] } = failed.get(index) ?? {}
      return refusedCreate(changes, errors, [...Object.values(errors), ...errorMessages].join(' ') || 'Jira gave no reason.')
    }
    const issue = made.shift()
    if (issue === undefined) return { kind: 'outcome-unknown', recordId: '', reason: 'Jira did not say which issue it created.' }
    return { kind: 'saved', recordId: issue.id, record: { ...issue, values: {}, updated: '' } }
  })
}

/** The refusal of a create: by field where Jira names fields, also such as were not among the changes (a required one). */
function refusedCreate(changes: readonly FieldChange[], errors: Readonly<Record<string, string>>, general: string): PushOutcome {
  const named = Object.entries(errors)
  const refusals =
    named.length > 0
      ? named.map(([field, reason]) => ({ field, reason }))
      : (changes.length > 0 ? changes : [{ field: 'summary' }]).map(({ field }) => ({ field, reason: general }))
  return { kind: 'refused', recordId: '', refusals }
}

/**
 * What a create needs, one step after the other: the project, then the type, then what the create screen of both asks for. At most one
 * call a step; the project is not asked for where there is one alone.
 */
export async function requiredToCreate(
  http: HttpClient,
  projectKeys: readonly string[] | undefined,
  context: Readonly<Record<string, CellValue>>,
  known: ReadonlyMap<string, ExternalField>,
  signal: AbortSignal,
): Promise<CreateNeeds> {
  const projects = await projectOptions(http, projectKeys, known, signal)
  const project: ExternalField = {
    id: 'project',
    name: 'Project',
    type: 'single-select',
    wire: 'named',
    writable: true,
    required: true,
    options: projects,
  }
  const [only] = projects
  const chosen = projectKey(textOf(context.project), projects) ?? (projects.length === 1 ? only?.id : undefined)
  if (chosen === undefined) return { required: [project], optional: [] }
  const path = `/rest/api/3/issue/createmeta/${encodeURIComponent(chosen)}/issuetypes`
  const answer = await readOk(http, { method: 'GET', path: `${path}?maxResults=200` }, signal)
  const { issueTypes, values } = parseAnswer(typesShape, answer, `GET ${path}`)
  // A sub-task is made below another issue, which no row of a sheet is.
  const types = (issueTypes ?? values ?? []).filter(({ subtask }) => subtask !== true)
  const issueType: ExternalField = {
    id: 'issuetype',
    name: 'Issue Type',
    type: 'single-select',
    wire: 'named',
    writable: true,
    required: true,
    options: types.map(({ id, name }) => ({ id, name })),
  }
  const typeName = textOf(context.issuetype)
  const type = types.find(({ id, name }) => id === typeName || name.toLowerCase() === typeName?.toLowerCase())
  if (type === undefined) return { required: [project, issueType], optional: [] }
  const screenPath = `${path}/${encodeURIComponent(type.id)}`
  const screen = await http.read({ method: 'GET', path: `${screenPath}?maxResults=200` }, signal)
  if (screen.status !== 200) throw failureOf({ method: 'GET', path: screenPath }, screen)
  const parsed = parseAnswer(createScreenShape, screen, `GET ${screenPath}`)
  const all: readonly CreateScreenField[] = parsed.fields ?? parsed.results ?? []
  const asked = all.filter(({ fieldId }) => fieldId !== 'project' && fieldId !== 'issuetype')
  const fieldOf = (meta: CreateScreenField): ExternalField => createFieldOf(meta, known.get(meta.fieldId))
  const isAsked = (meta: CreateScreenField): boolean => meta.required && !meta.hasDefaultValue
  return {
    required: [project, issueType, ...asked.filter(isAsked).map(fieldOf)],
    optional: asked
      .filter((meta) => !isAsked(meta))
      .map(fieldOf)
      .filter(({ writable }) => writable === true),
  }
}

async function projectOptions(
  http: HttpClient,
  projectKeys: readonly string[] | undefined,
  known: ReadonlyMap<string, ExternalField>,
  signal: AbortSignal,
): Promise<readonly Option[]> {
  const described = known.get('project')?.options ?? []
  if (described.length > 0) return described
  const limit = (projectKeys ?? []).map((key) => `&keys=${encodeURIComponent(key)}`).join('')
  const path = `/rest/api/3/project/search?maxResults=50&orderBy=key${limit}`
  const { values } = parseAnswer(projectListShape, await readOk(http, { method: 'GET', path }, signal), `GET ${path}`)
  return values.map(({ key, name }) => ({ id: key, name: name || key }))
}

const textOf = (value: CellValue | undefined): string | undefined =>
  typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined
