import { z } from 'zod'
import { COMPONENTS, ISSUE_TYPES, OPTIONS, PRIORITIES, PROJECTS, SPRINTS, STATUSES, USERS, VERSIONS, withName } from './site.ts'

/** A node of the Atlassian Document Format. */
export interface AdfNode {
  readonly type: string
  readonly text?: string
  readonly version?: number
  readonly attrs?: Readonly<Record<string, unknown>>
  readonly marks?: readonly AdfNode[]
  readonly content?: readonly AdfNode[]
}

const ADF_KEYS = new Set(['type', 'text', 'version', 'attrs', 'marks', 'content'])

/** By hand rather than by zod: a tree in each of 100,000 issues is most of what is checked at a start. */
function isAdfNode(value: unknown): value is AdfNode {
  if (typeof value !== 'object' || value === null || !('type' in value) || typeof value.type !== 'string') return false
  if (Object.keys(value).some((key) => !ADF_KEYS.has(key))) return false
  const { text, marks, content, attrs } = value as Record<string, unknown>
  const isList = (list: unknown): boolean => list === undefined || (Array.isArray(list) && list.every(isAdfNode))
  const isText = text === undefined || typeof text === 'string'
  return isText && isList(marks) && isList(content) && (attrs === undefined || (typeof attrs === 'object' && attrs !== null))
}

const adfNode = z.custom<AdfNode>(isAdfNode, { error: 'it is no Atlassian document' })

/** One field's part of a change, as Jira's changelog tells it. */
export interface ChangeItem {
  readonly field: string
  readonly fieldId: string
  readonly fieldtype: 'jira' | 'custom'
  readonly from: string | null
  readonly fromString: string | null
  readonly to: string | null
  readonly toString: string | null
}

export interface Change {
  readonly id: string
  readonly at: string
  readonly by: string
  readonly items: readonly ChangeItem[]
}

/**
 * An issue as it is stored, in words a person can edit by hand: names instead of ids, UTC times.
 *
 * A name that stands here is the name that is shown, so one issue may show `DONE` while the status is called `Done`; which status is
 * meant is found without regard to case and spacing.
 */
export interface Issue {
  readonly id: string
  readonly key: string
  /** Keys the issue had before it was moved; they still find it. */
  readonly formerKeys: readonly string[]
  readonly type: string
  readonly summary: string
  readonly status: string
  readonly priority: string
  readonly assignee: string | null
  readonly reporter: string
  readonly labels: readonly string[]
  readonly duedate: string | null
  readonly description: AdfNode | null
  readonly storyPoints: number | null
  readonly targetStart: string | null
  readonly team: string | null
  readonly reference: string | null
  readonly billable: boolean
  readonly regions: readonly string[]
  readonly components: readonly string[]
  readonly fixVersions: readonly string[]
  readonly reviewers: readonly string[]
  readonly sprint: string | null
  /** What apps keep with the issue: on no screen, in no history, and no reason for `updated` to change. */
  readonly properties: Readonly<Record<string, unknown>>
  readonly created: string
  readonly updated: string
  readonly statusChanged: string
  readonly resolved: string | null
  /** The newest changes, oldest first; a hundred are kept. */
  readonly changes: readonly Change[]
}

export const KEPT_CHANGES = 100

/** A time as it is stored. What we wrote ourselves is not taken apart again: there are five of them in each issue. */
const instant = z.iso.datetime({ offset: true }).transform((text) => (/^.{19}\.\d{3}Z$/.test(text) ? text : new Date(text).toISOString()))
const named = (what: string, table: readonly { readonly name: string }[]) =>
  z.string().refine((name) => withName(table, name) !== undefined, {
    error: (issue) => `there is no ${what} '${String(issue.input)}'; there are ${table.map((entry) => entry.name).join(', ')}`,
  })
const person = named('person', USERS)
const changeItem = z.strictObject({
  field: z.string(),
  fieldId: z.string(),
  fieldtype: z.enum(['jira', 'custom']),
  from: z.string().nullable(),
  fromString: z.string().nullable(),
  to: z.string().nullable(),
  toString: z.string().nullable(),
})

function textDocument(text: string): AdfNode | null {
  if (text.trim() === '') return null
  const paragraphs = text
    .split('\n')
    .map((line): AdfNode => (line === '' ? { type: 'paragraph' } : { type: 'paragraph', content: [{ type: 'text', text: line }] }))
  return { type: 'doc', version: 1, content: paragraphs }
}

/** Checks an issue as it stands in a file. What a person may leave out has a default; a description may be plain text there. */
export const issueShape: z.ZodType<Issue> = z.strictObject({
  id: z.string().regex(/^[1-9]\d{0,17}$/),
  key: z.string().regex(new RegExp(`^(${PROJECTS.map((project) => project.key).join('|')})-[1-9]\\d*$`), {
    error: 'a key is TB-<number> or OPS-<number>',
  }),
  formerKeys: z.array(z.string()).default([]),
  type: named('issue type', ISSUE_TYPES).default('Task'),
  summary: z
    .string()
    .min(1)
    .max(255)
    .refine((text) => !/[\r\n]/.test(text), { error: 'a summary is one line' }),
  status: named('status', STATUSES).default('To Do'),
  priority: named('priority', PRIORITIES).default('Medium'),
  assignee: person.nullable().default(null),
  reporter: person.default('Dana Kim'),
  labels: z.array(z.string().regex(/^\S{1,255}$/, { error: 'a label has no spaces' })).default([]),
  duedate: z.iso.date().nullable().default(null),
  description: z
    .union([adfNode, z.string().transform(textDocument)])
    .nullable()
    .default(null),
  storyPoints: z.number().nullable().default(null),
  targetStart: instant.nullable().default(null),
  team: named('team', OPTIONS.team).nullable().default(null),
  reference: z.string().nullable().default(null),
  billable: z.boolean().default(false),
  regions: z.array(named('region', OPTIONS.regions)).default([]),
  components: z.array(named('component', COMPONENTS)).default([]),
  fixVersions: z.array(named('version', VERSIONS)).default([]),
  reviewers: z.array(person).default([]),
  sprint: named('sprint', SPRINTS).nullable().default(null),
  properties: z.record(z.string(), z.unknown()).default({}),
  created: instant,
  updated: instant,
  statusChanged: instant,
  resolved: instant.nullable().default(null),
  changes: z.array(z.strictObject({ id: z.string(), at: instant, by: person, items: z.array(changeItem) })).default([]),
})
