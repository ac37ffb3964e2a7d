import { z } from 'zod'
import { adfOfText, adfText } from './adf.ts'
import type { JiraSite } from './call.ts'
import { EDIT_SCREEN, readWrite } from './edit.ts'
import { fieldStoredAs, fieldWith, type Patch, type PatchKey } from './fields.ts'
import type { Writer } from './issues.ts'
import { wordsOf } from './jql/text-search.ts'
import type { Issue } from './model.ts'
import { API_USER, meant, PROJECTS, projectWith, STATUSES, USERS, withName } from './site.ts'

/** An issue as the screen and its scripts see it: flat, in names. */
export interface RecordView {
  readonly id: string
  readonly key: string
  readonly type: string
  readonly summary: string
  readonly status: string
  readonly priority: string
  readonly assignee: string | null
  readonly reporter: string
  readonly labels: readonly string[]
  readonly duedate: string | null
  readonly description: string
  readonly storyPoints: number | null
  readonly targetStart: string | null
  readonly team: string | null
  readonly reference: string | null
  readonly billable: boolean
  readonly created: string
  readonly updated: string
  readonly isHidden: boolean
}

const optionalText = z.string().max(40_000).nullable().optional()

/** What a person changes of an issue. Only what is given is changed; `as` says who changes it. */
export const recordEditShape = z.strictObject({
  summary: z.string().optional(),
  type: z.string().optional(),
  status: z.string().optional(),
  priority: z.string().optional(),
  assignee: optionalText,
  labels: z.array(z.string()).optional(),
  duedate: optionalText,
  description: optionalText,
  storyPoints: z.number().nullable().optional(),
  targetStart: optionalText,
  team: optionalText,
  reference: optionalText,
  billable: z.boolean().optional(),
  as: z.string().optional(),
})
export type RecordEdit = z.infer<typeof recordEditShape>

export const recordCreateShape = recordEditShape.extend({ summary: z.string(), project: z.string().default('TB') })
export type RecordCreate = z.infer<typeof recordCreateShape>
export const recordMoveShape = z.strictObject({ project: z.string(), as: z.string().optional() })

/** An edit that took place, or what is wrong with it: by the name of the field in `RecordEdit`. */
export type Edited =
  | { readonly kind: 'saved'; readonly issue: Issue }
  | { readonly kind: 'refused'; readonly errors: Readonly<Record<string, string>> }

export interface RecordFilter {
  readonly search: string
  readonly project: string
  readonly startAt: number
  readonly maxResults: number
}

/** The issues as people of the site see and edit them: without the index's delay, and by people other than the token's owner. */
export class JiraRecords {
  readonly #site: JiraSite
  readonly #nowMs: () => number
  readonly #editor: () => string

  constructor(options: { readonly site: JiraSite; readonly nowMs: () => number; readonly editor: () => string }) {
    this.#site = options.site
    this.#nowMs = options.nowMs
    this.#editor = options.editor
  }

  list(filter: RecordFilter): { readonly total: number; readonly records: readonly RecordView[] } {
    // Not by a search: what is looked at here, the index need not know yet.
    const issues = [...this.#site.issues.all()]
    const words = wordsOf(filter.search)
    const isKey = filter.search.trim().toUpperCase()
    const matching = issues.filter((issue) => {
      if (filter.project !== '' && !issue.key.startsWith(`${filter.project}-`)) return false
      if (words.length === 0 || issue.key === isKey || issue.formerKeys.includes(isKey)) return true
      const inIssue = wordsOf(`${issue.summary} ${issue.status} ${issue.assignee ?? ''} ${issue.labels.join(' ')}`)
      return words.every((word) => inIssue.some((candidate) => candidate.startsWith(word)))
    })
    const ordered = [...matching].sort((a, b) => Number(a.id) - Number(b.id))
    return {
      total: ordered.length,
      records: ordered.slice(filter.startAt, filter.startAt + filter.maxResults).map((issue) => this.view(issue)),
    }
  }

  find(idOrKey: string): Issue | undefined {
    return this.#site.issues.find(idOrKey)
  }

  view(issue: Issue): RecordView {
    const {
      formerKeys: _keys,
      changes: _changes,
      properties: _properties,
      statusChanged: _status,
      resolved: _resolved,
      description,
      ...rest
    } = issue
    return { ...rest, description: adfText(description), isHidden: this.#site.isHidden(issue) }
  }

  edit(issue: Issue, edit: RecordEdit): Edited {
    const writer = this.#writer(edit.as)
    if (!writer) return { kind: 'refused', errors: { as: noPerson(edit.as) } }
    const read = this.#read(edit, issue)
    if (read.kind === 'refused') return read
    return { kind: 'saved', issue: this.#site.issues.edit(issue, read.patch, writer) }
  }

  create({ project: projectName, as, ...edit }: RecordCreate): Edited {
    const writer = this.#writer(as)
    const project = projectWith(projectName)
    if (!writer) return { kind: 'refused', errors: { as: noPerson(as) } }
    if (!project)
      return {
        kind: 'refused',
        errors: { project: `There is no project '${projectName}'; there are ${PROJECTS.map(({ key }) => key).join(', ')}.` },
      }
    const read = this.#read({ type: 'Task', ...edit })
    if (read.kind === 'refused') return read
    const { summary = edit.summary, type = 'Task' } = read.patch
    return { kind: 'saved', issue: this.#site.issues.create(project, { ...read.patch, summary, type }, writer.by, writer) }
  }

  move(issue: Issue, { project: name, as }: z.infer<typeof recordMoveShape>): Edited {
    const writer = this.#writer(as)
    const project = projectWith(name)
    if (!writer) return { kind: 'refused', errors: { as: noPerson(as) } }
    if (!project) return { kind: 'refused', errors: { project: `There is no project '${name}'.` } }
    return { kind: 'saved', issue: this.#site.issues.move(issue, project, writer) }
  }

  remove(issue: Issue): void {
    this.#site.issues.remove(issue, this.#nowMs())
  }

  #writer(as: string | undefined): Writer | undefined {
    const user = withName(USERS, as ?? this.#editor())
    return user && { by: user.name, atMs: this.#nowMs() }
  }

  /** Reads an edit as the API would read the same values; a status may be any, as people drag cards across a board. */
  #read(
    edit: RecordEdit,
    issue?: Issue,
  ): { readonly kind: 'patch'; readonly patch: Patch } | { readonly kind: 'refused'; readonly errors: Readonly<Record<string, string>> } {
    const { status, as: _as, ...rest } = edit
    const fields: Record<string, unknown> = {}
    for (const [key, value] of Object.entries(rest) as [Exclude<PatchKey, 'status'>, unknown][]) {
      if (value !== undefined) fields[fieldStoredAs(key).id] = this.#wireValue(key, value, issue)
    }
    const read = readWrite({ fields, update: {} }, EDIT_SCREEN, { makeLocalId: this.#site.makeLocalId, ...(issue && { issue }) })
    const errors: Record<string, string> = {}
    if (read.kind === 'refused') for (const [id, message] of Object.entries(read.errors)) errors[fieldWith(id)?.stored ?? id] = message
    const moved = status === undefined ? undefined : withName(STATUSES, status)
    if (status !== undefined && !moved)
      errors.status = `There is no status '${status}'; there are ${STATUSES.map(({ name }) => name).join(', ')}.`
    if (read.kind === 'refused' || Object.keys(errors).length > 0) return { kind: 'refused', errors }
    // A status that is shown under another spelling stays as it is unless it is really another one.
    const isOther = moved !== undefined && (issue === undefined || meant(STATUSES, issue.status) !== moved || status === moved.name)
    return { kind: 'patch', patch: { ...read.patch, ...(moved && isOther && { status: moved.name }) } }
  }

  #wireValue(key: Exclude<PatchKey, 'status'>, value: unknown, issue: Issue | undefined): unknown {
    if (value === null || value === '') return key === 'summary' ? '' : null
    switch (key) {
      case 'priority':
      case 'type':
        return { name: value }
      case 'assignee':
        return { accountId: withName(USERS, String(value))?.accountId ?? String(value) }
      case 'team':
        return { value }
      case 'billable':
        return value === true ? [{ value: 'Yes' }] : []
      case 'description':
        return issue && adfText(issue.description) === value ? issue.description : adfOfText(String(value), this.#site.makeLocalId)
      case 'targetStart':
        return /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}$/.test(String(value)) ? `${String(value)}:00.000Z` : value
      case 'summary':
      case 'labels':
      case 'duedate':
      case 'storyPoints':
      case 'reference':
      case 'regions':
      case 'components':
      case 'fixVersions':
      case 'reviewers':
      case 'sprint':
        return value
    }
  }
}

function noPerson(name: string | undefined): string {
  return `There is no person '${name ?? ''}'; there are ${USERS.filter((user) => user.name !== API_USER)
    .map((user) => user.name)
    .join(', ')} and ${API_USER}.`
}
