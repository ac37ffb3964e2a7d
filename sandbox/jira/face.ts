import { JIRA_RATE_LIMIT_REASONS } from '../faults.ts'
import { type Answer, jsonError } from '../http.ts'
import type {
  AppFace,
  Choice,
  Column,
  FormField,
  FormResult,
  ListQuery,
  ListRow,
  RecordAction,
  RecordList,
  RecordPage,
  RecordsRequest,
} from '../screen/face.ts'
import { controlShape } from './control.ts'
import { FIELDS } from './fields.ts'
import type { JiraApp } from './jira.ts'
import type { Issue } from './model.ts'
import {
  type Edited,
  JiraRecords,
  type RecordEdit,
  type RecordView,
  recordCreateShape,
  recordEditShape,
  recordMoveShape,
} from './records.ts'
import { ISSUE_TYPES, OPTIONS, PRIORITIES, PROJECTS, STATUSES, USERS } from './site.ts'

const named = (table: readonly { readonly name: string }[]): readonly Choice[] => table.map(({ name }) => ({ id: name, name }))
const projectChoices = PROJECTS.map(({ key, name }) => ({ id: key, name: `${key} · ${name}` }))

const COLUMNS: readonly Column[] = [
  { name: 'Key', kind: 'key' },
  { name: 'Summary', kind: 'main' },
  { name: 'Status', kind: 'status' },
  { name: 'Priority', kind: 'meta' },
  { name: 'Assignee', kind: 'meta' },
  { name: 'Due', kind: 'date' },
  { name: 'Points', kind: 'number' },
  { name: 'Updated (UTC)', kind: 'date' },
]

const LIST: RecordList = {
  id: 'issues',
  name: 'Issues',
  noun: 'issue',
  filter: { label: 'Project', choices: projectChoices },
  columns: COLUMNS,
}

const SUMMARY: FormField = { name: 'summary', label: 'Summary', kind: 'text', isWide: true, isRequired: true }
const STATUS: FormField = { name: 'status', label: 'Status', kind: 'choice', choices: named(STATUSES) }
const PROJECT: FormField = {
  name: 'project',
  label: 'Project',
  kind: 'choice',
  choices: PROJECTS.map(({ key }) => ({ id: key, name: key })),
}
const OTHERS: readonly FormField[] = [
  { name: 'type', label: 'Type', kind: 'choice', choices: named(ISSUE_TYPES) },
  { name: 'priority', label: 'Priority', kind: 'choice', choices: named(PRIORITIES) },
  { name: 'assignee', label: 'Assignee', kind: 'choice', choices: named(USERS), isEmptyAllowed: true },
  { name: 'duedate', label: 'Due date', kind: 'date' },
  { name: 'storyPoints', label: 'Story points', kind: 'number' },
  { name: 'targetStart', label: 'Target start (UTC)', kind: 'time' },
  { name: 'team', label: 'Team', kind: 'choice', choices: named(OPTIONS.team), isEmptyAllowed: true },
  { name: 'labels', label: 'Labels, with spaces between', kind: 'text' },
  { name: 'reference', label: 'Reference', kind: 'url' },
  { name: 'billable', label: 'Billable', kind: 'check' },
  { name: 'description', label: 'Description', kind: 'long' },
]

/** What people see of the stand-in Jira: its issues, its dial, its settings. */
export class JiraFace implements AppFace {
  readonly id = 'jira'
  readonly name = 'Jira'
  readonly lists = [LIST] as const
  readonly dialFields = FIELDS.filter((field) => field.parse || field.id === 'status').map(({ id, name }) => ({ id, name }))
  readonly rateLimitReasons = JIRA_RATE_LIMIT_REASONS
  readonly editors = USERS.map(({ name }) => name)
  readonly #jira: JiraApp
  readonly #records: JiraRecords

  constructor(jira: JiraApp) {
    this.#jira = jira
    this.#records = new JiraRecords({ site: jira.site, nowMs: () => jira.nowMs(), editor: () => jira.editor })
  }

  summary(): string {
    const { size } = this.#jira.issues
    return `${size.toLocaleString('en')} issue${size === 1 ? '' : 's'} in ${PROJECTS.map(({ key }) => key).join(' and ')}`
  }

  facts(base: string): readonly (readonly [string, string])[] {
    const { email, apiToken } = this.#jira.credentials
    return [
      ['Address', base],
      ['E-mail', email],
      ['API token', apiToken],
    ]
  }

  list(_list: string, { search, filter, startAt, maxResults }: ListQuery): { total: number; rows: readonly ListRow[] } {
    const { total, records } = this.#records.list({ search, project: filter, startAt, maxResults })
    return { total, rows: records.map(rowOf) }
  }

  record(_list: string, id: string): RecordPage | undefined {
    const issue = this.#records.find(id)
    return issue && this.#page(issue)
  }

  blank(): Pick<RecordPage, 'values' | 'fields'> {
    return { values: { project: 'TB', type: 'Task', priority: 'Medium' }, fields: [SUMMARY, PROJECT, ...OTHERS] }
  }

  edit(_list: string, id: string, changed: Readonly<Record<string, string>>, as: string | undefined): FormResult {
    const issue = this.#records.find(id)
    if (!issue) return { kind: 'refused', errors: { summary: `There is no issue ${id}.` } }
    const edited = this.#records.edit(issue, { ...editOf(changed), ...(as !== undefined && { as }) })
    return resultOf(edited, edited.kind === 'saved' && edited.issue === issue ? 'unchanged' : 'saved')
  }

  create(_list: string, values: Readonly<Record<string, string>>, as: string | undefined): FormResult {
    const { project = 'TB', ...rest } = values
    const filled = Object.fromEntries(Object.entries(rest).filter(([, text]) => text !== '' && text !== 'false'))
    const created = this.#records.create({
      ...editOf(filled),
      summary: rest.summary ?? '',
      project,
      ...(as !== undefined && { as }),
    })
    return resultOf(created, 'created')
  }

  act(_list: string, id: string, verb: string, form: URLSearchParams): FormResult | undefined {
    const issue = this.#records.find(id)
    if (!issue) return undefined
    switch (verb) {
      case 'delete':
        this.#records.remove(issue)
        return { kind: 'done', id: undefined, said: 'deleted' }
      case 'move':
        return resultOf(this.#records.move(issue, { project: form.get('project') ?? '' }), 'moved')
      case 'hide':
      case 'show':
        this.#jira.control({ app: 'jira', [verb]: [issue.id] })
        return { kind: 'done', id: issue.key, said: verb === 'hide' ? 'hidden' : 'shown' }
      default:
        return undefined
    }
  }

  redirect([first, key = '']: readonly string[]): string | undefined {
    return first === 'browse' ? `/sandbox/jira/issues/${encodeURIComponent(key)}` : undefined
  }

  controlView(): ReturnType<JiraApp['controlView']> {
    return this.#jira.controlView()
  }

  control(read: RecordsRequest['read']): { readonly error: Answer } | undefined {
    const control = read(controlShape)
    if ('error' in control) return control
    this.#jira.control(control.data)
    return undefined
  }

  shortPath(path: string): string {
    return path.replace('/rest/api/3', '')
  }

  /** `/sandbox/jira/records`: the same records for scripts and tests. */
  records({ method, parts, query, read }: RecordsRequest): Answer {
    const [idOrKey = '', verb = ''] = parts
    if (idOrKey === '') return method === 'GET' ? this.#jsonList(query) : this.#jsonCreate(method, read)
    const issue = this.#records.find(idOrKey)
    if (!issue) return jsonError(404, `There is no issue ${idOrKey}.`)
    if (method === 'POST' && verb === 'move') {
      const move = read(recordMoveShape)
      return 'error' in move ? move.error : this.#jsonEdited(this.#records.move(issue, move.data), 200)
    }
    if (verb !== '') return jsonError(404, 'There is no such address.')
    switch (method) {
      case 'GET':
        return { status: 200, json: this.#records.view(issue) }
      case 'DELETE':
        this.#records.remove(issue)
        return { status: 204 }
      case 'PATCH': {
        const edit = read(recordEditShape)
        return 'error' in edit ? edit.error : this.#jsonEdited(this.#records.edit(issue, edit.data), 200)
      }
      default:
        return { ...jsonError(405, 'Use GET, PATCH or DELETE.'), headers: { Allow: 'GET, PATCH, DELETE' } }
    }
  }

  #page(issue: Issue): RecordPage {
    const view = this.#records.view(issue)
    const changes = [...issue.changes].reverse().slice(0, 20)
    return {
      id: issue.key,
      title: issue.key,
      values: valuesOf(view),
      fields: [SUMMARY, STATUS, ...OTHERS],
      actions: actionsOf(issue, view.isHidden),
      history: [
        ...changes.flatMap(({ by, at, items }) =>
          items.map((item) => ({ text: `${by} changed ${item.field}: ${item.fromString ?? 'none'} → ${item.toString ?? 'none'}`, at })),
        ),
        { text: `${issue.reporter} created ${issue.formerKeys[0] ?? issue.key}`, at: issue.created },
      ],
    }
  }

  #jsonList(query: URLSearchParams): Answer {
    const number = (name: string, fallback: number): number => {
      const value = Number.parseInt(query.get(name) ?? '', 10)
      return Number.isNaN(value) || value < 0 ? fallback : value
    }
    const filter = {
      search: query.get('search') ?? '',
      project: query.get('project') ?? '',
      startAt: number('startAt', 0),
      maxResults: Math.min(1000, number('maxResults', 50)),
    }
    return { status: 200, json: { startAt: filter.startAt, maxResults: filter.maxResults, ...this.#records.list(filter) } }
  }

  #jsonCreate(method: string, read: RecordsRequest['read']): Answer {
    if (method !== 'POST') return { ...jsonError(405, 'Use GET or POST.'), headers: { Allow: 'GET, POST' } }
    const create = read(recordCreateShape)
    return 'error' in create ? create.error : this.#jsonEdited(this.#records.create(create.data), 201)
  }

  #jsonEdited(edited: Edited, status: number): Answer {
    if (edited.kind === 'saved') return { status, json: this.#records.view(edited.issue) }
    const text = Object.entries(edited.errors).map(([field, message]) => `${field}: ${message}`)
    return { status: 400, json: { error: text.join(' '), errors: edited.errors } }
  }
}

function rowOf(record: RecordView): ListRow {
  return {
    id: record.key,
    cells: [
      record.key,
      record.summary,
      record.status,
      record.priority,
      record.assignee ?? '',
      record.duedate ?? '',
      record.storyPoints === null ? '' : String(record.storyPoints),
      record.updated.slice(0, 16).replace('T', ' '),
    ],
    isHidden: record.isHidden,
  }
}

/** A record as the form shows it: everything is text there. */
function valuesOf(record: RecordView): Readonly<Record<string, string>> {
  return {
    summary: record.summary,
    status: record.status,
    type: record.type,
    priority: record.priority,
    assignee: record.assignee ?? '',
    duedate: record.duedate ?? '',
    storyPoints: record.storyPoints === null ? '' : String(record.storyPoints),
    targetStart: record.targetStart?.slice(0, 16) ?? '',
    team: record.team ?? '',
    labels: record.labels.join(' '),
    reference: record.reference ?? '',
    billable: String(record.billable),
    description: record.description,
  }
}

function actionsOf(issue: Issue, isHidden: boolean): readonly RecordAction[] {
  const others = PROJECTS.filter(({ key }) => !issue.key.startsWith(`${key}-`))
  return [
    ...others.map(({ key }) => ({ verb: 'move', label: `Move to ${key}`, inputs: { project: key } })),
    isHidden ? { verb: 'show', label: 'Let the token see it again' } : { verb: 'hide', label: 'Hide it from the token' },
    { verb: 'delete', label: 'Delete', confirm: `Delete ${issue.key} in the sandbox's Jira?` },
  ]
}

/** The edit that texts of a form mean. */
function editOf(texts: Readonly<Record<string, string>>): RecordEdit {
  return Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, typedValue(name, text)])) as RecordEdit
}

function typedValue(name: string, text: string): unknown {
  if (name === 'labels') return text.split(/\s+/).filter((label) => label !== '')
  if (name === 'billable') return text === 'true'
  if (name === 'storyPoints' && text !== '') return Number(text)
  return text === '' && name !== 'summary' ? null : text
}

function resultOf(edited: Edited, said: 'saved' | 'unchanged' | 'created' | 'moved'): FormResult {
  return edited.kind === 'refused' ? edited : { kind: 'done', id: edited.issue.key, said }
}
