import { adfText, isSameAdf, MAX_TEXT_LENGTH, parseAdf } from './adf.ts'
import type { Issue } from './model.ts'
import {
  COMPONENTS,
  ISSUE_TYPES,
  meant,
  type Named,
  OPTIONS,
  PRIORITIES,
  PROJECTS,
  projectOf,
  SPRINTS,
  STATUSES,
  USERS,
  userWithId,
  VERSIONS,
  withId,
  withName,
} from './site.ts'

/** The parts of an issue that a write can change. */
export type Patch = Partial<
  Pick<
    Issue,
    | 'type'
    | 'summary'
    | 'status'
    | 'priority'
    | 'assignee'
    | 'labels'
    | 'duedate'
    | 'description'
    | 'storyPoints'
    | 'targetStart'
    | 'team'
    | 'reference'
    | 'billable'
    | 'regions'
    | 'components'
    | 'fixVersions'
    | 'reviewers'
    | 'sprint'
  >
>
export type PatchKey = keyof Patch

/** What a written value means, or why Jira refuses it. */
export type Parsed = { readonly kind: 'value'; readonly patch: Patch } | { readonly kind: 'refused'; readonly message: string }

export interface ParseContext {
  readonly makeLocalId: () => string
  /** The issue before the write; absent for a create. */
  readonly issue?: Issue
}

export interface FieldSchema {
  readonly type: string
  readonly items?: string
  readonly system?: string
  readonly custom?: string
  readonly customId?: number
}

/** A field as Jira describes it, and how it is written. Fields without `parse` are on no screen: they cannot be written. */
export interface JiraField {
  readonly id: string
  readonly name: string
  readonly schema: FieldSchema
  /** Names it has in JQL, besides its own. */
  readonly clauseNames: readonly string[]
  readonly isNavigable: boolean
  readonly stored?: PatchKey
  readonly parse?: (value: unknown, context: ParseContext) => Parsed
  /** Whether a create needs it. */
  readonly isRequired?: boolean
  /** Besides `set`. */
  readonly operations?: readonly string[]
  readonly allowed?: 'priority' | 'issuetype' | 'team' | 'billable' | 'regions' | 'components' | 'fixVersions'
  /** Which part of a bulk edit's input carries it. */
  readonly bulkType?: string
}

const refused = (message: string): Parsed => ({ kind: 'refused', message })
const value = (patch: Patch): Parsed => ({ kind: 'value', patch })

function isRecord(input: unknown): input is Record<string, unknown> {
  return typeof input === 'object' && input !== null && !Array.isArray(input)
}

function parseSummary(input: unknown): Parsed {
  if (input === null) return refused('You must specify a summary of the issue.')
  if (typeof input !== 'string') return refused('Operation value must be a string')
  const summary = input.trim()
  if (summary === '') return refused('You must specify a summary of the issue.')
  if (/[\r\n]/.test(summary)) return refused('The summary is invalid because it contains newline characters.')
  return summary.length > 255 ? refused("Summary can't exceed 255 characters.") : value({ summary })
}

/** A choice given as `{id}` or `{name}` (`{value}` for options); names without regard to case. */
function choiceIn(table: readonly Named[], input: Record<string, unknown>, nameKey: 'name' | 'value'): Named | 'unknown' | 'none' {
  const { id } = input
  const name = input[nameKey]
  if (typeof id === 'string' || typeof id === 'number') return withId(table, String(id)) ?? 'unknown'
  if (typeof name === 'string') return withName(table, name) ?? 'unknown'
  return 'none'
}

function parsePriority(input: unknown): Parsed {
  if (!isRecord(input)) return refused('Specify the Priority (id or name) in the string format')
  const choice = choiceIn(PRIORITIES, input, 'name')
  if (choice === 'none') return refused('Specify the Priority (id or name) in the string format')
  return choice === 'unknown' ? refused('The priority selected is invalid.') : value({ priority: choice.name })
}

function parseIssueType(input: unknown): Parsed {
  if (!isRecord(input)) return refused('Specify an issue type')
  const choice = choiceIn(ISSUE_TYPES, input, 'name')
  if (choice === 'none') return refused('Specify an issue type')
  return choice === 'unknown' ? refused('The issue type selected is invalid.') : value({ type: choice.name })
}

function parseAssignee(input: unknown, { issue }: ParseContext): Parsed {
  if (input === null) return value({ assignee: null })
  if (!isRecord(input)) return refused('data was not an object')
  const accountId = 'accountId' in input ? input.accountId : input.id
  if (accountId === null) return value({ assignee: null })
  if (typeof accountId !== 'string') return refused("expected Object containing an 'accountId' property")
  // '-1' is Jira's "automatic": the project's default assignee, its lead.
  if (accountId === '-1') return value({ assignee: (issue && projectOf(issue.key)?.lead) ?? PROJECTS[0]?.lead ?? null })
  const user = userWithId(accountId)
  return user ? value({ assignee: user.name }) : refused(`User '${accountId}' does not exist.`)
}

/** Labels as Jira keeps them: each once, sorted. */
export function sortLabels(labels: readonly string[]): readonly string[] {
  return [...new Set(labels)].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
}

function parseLabels(input: unknown): Parsed {
  if (input === null) return value({ labels: [] })
  if (!Array.isArray(input)) return refused('data was not an array')
  const labels: string[] = []
  for (const [index, label] of input.entries()) {
    if (typeof label !== 'string') return refused(`string expected at index ${index}`)
    if (/\s/.test(label.trim())) return refused(`The label '${label}' contains spaces which is invalid.`)
    if (label.length > 255) return refused(`The label '${label.slice(0, 40)}…' exceeds the maximum length of 255 characters.`)
    if (label.trim() !== '') labels.push(label.trim())
  }
  return value({ labels: sortLabels(labels) })
}

/** A calendar date, or `undefined`. `2024-02-30` is none. */
export function dateOf(text: string): string | undefined {
  const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text)
  if (!match) return undefined
  const date = new Date(`${text}T00:00:00.000Z`)
  return Number.isNaN(date.getTime()) || date.toISOString().slice(0, 10) !== text ? undefined : text
}

function parseDueDate(input: unknown): Parsed {
  if (input === null || input === '') return value({ duedate: null })
  if (typeof input !== 'string') return refused('Operation value must be a string')
  const duedate = dateOf(input.trim())
  return duedate ? value({ duedate }) : refused(`Error parsing date string: ${input}`)
}

const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})$/

/** The instant a date-time with an offset means, as UTC, or `undefined`. */
export function instantOf(text: string): string | undefined {
  if (!INSTANT.test(text) || dateOf(text.slice(0, 10)) === undefined) return undefined
  const date = new Date(text.replace(/([+-]\d{2})(\d{2})$/, '$1:$2'))
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString()
}

function parseTargetStart(input: unknown): Parsed {
  if (input === null || input === '') return value({ targetStart: null })
  if (typeof input !== 'string') return refused('Operation value must be a string')
  const targetStart = instantOf(input.trim())
  return targetStart ? value({ targetStart }) : refused(`Error parsing time: ${input}`)
}

function parseStoryPoints(input: unknown): Parsed {
  if (input === null) return value({ storyPoints: null })
  if (typeof input !== 'number') return refused('Operation value must be a number')
  return Math.abs(input) > 100_000_000_000_000
    ? refused('Operation value must be between -100,000,000,000,000 and 100,000,000,000,000')
    : value({ storyPoints: input })
}

function parseTeam(input: unknown): Parsed {
  if (input === null) return value({ team: null })
  if (!isRecord(input)) return refused("Could not find valid 'id' or 'value' in the Parent Option object.")
  const choice = choiceIn(OPTIONS.team, input, 'value')
  if (choice === 'none') return refused("Could not find valid 'id' or 'value' in the Parent Option object.")
  if (choice !== 'unknown') return value({ team: choice.name })
  return refused(
    input.id === undefined ? `Option value '${String(input.value)}' is not valid` : `Option id '${String(input.id)}' is not valid`,
  )
}

function parseBillable(input: unknown): Parsed {
  if (input === null) return value({ billable: false })
  if (!Array.isArray(input)) return refused('data was not an array')
  for (const option of input) {
    const choice = isRecord(option) ? choiceIn(OPTIONS.billable, option, 'value') : 'none'
    if (choice === 'none') return refused("Could not find valid 'id' or 'value' in the Parent Option object.")
    if (choice === 'unknown') return refused(`Option value '${String(option.value ?? option.id)}' is not valid`)
  }
  return value({ billable: input.length > 0 })
}

/** A list of choices, each once, in the order of their table. */
function parseChoices(key: 'regions' | 'components' | 'fixVersions', table: readonly Named[], nameKey: 'name' | 'value') {
  return (input: unknown): Parsed => {
    if (input === null) return value({ [key]: [] })
    if (!Array.isArray(input)) return refused('data was not an array')
    const names = new Set<string>()
    for (const item of input) {
      const choice = isRecord(item) ? choiceIn(table, item, nameKey) : 'none'
      if (choice === 'none') return refused("Could not find valid 'id' or 'value' in the Parent Option object.")
      if (choice === 'unknown') return refused(`Option id '${String(item.id ?? item[nameKey])}' is not valid`)
      names.add(choice.name)
    }
    return value({ [key]: table.filter(({ name }) => names.has(name)).map(({ name }) => name) })
  }
}

function parseReviewers(input: unknown): Parsed {
  if (input === null) return value({ reviewers: [] })
  if (!Array.isArray(input)) return refused('data was not an array')
  const ids = input.map((item) => (isRecord(item) ? item.accountId : undefined))
  const unknown = ids.find((id) => typeof id !== 'string' || userWithId(id) === undefined)
  if (unknown !== undefined || ids.includes(undefined)) return refused(`User '${String(unknown)}' does not exist.`)
  return value({ reviewers: USERS.filter(({ accountId }) => ids.includes(accountId)).map(({ name }) => name) })
}

function parseSprint(input: unknown): Parsed {
  if (input === null) return value({ sprint: null })
  if (typeof input !== 'number') return refused('Number value expected as the Sprint id.')
  const sprint = withId(SPRINTS, String(input))
  if (!sprint) return refused(`Sprint with id '${input}' does not exist.`)
  return sprint.state === 'closed' ? refused('Issue can be assigned only active or future sprints.') : value({ sprint: sprint.name })
}

function parseReference(input: unknown): Parsed {
  if (input === null || input === '') return value({ reference: null })
  if (typeof input !== 'string') return refused('Operation value must be a string')
  const reference = input.trim()
  return URL.canParse(reference) && reference.includes('://') ? value({ reference }) : refused('Not a valid URL')
}

function parseDescription(input: unknown, { makeLocalId, issue }: ParseContext): Parsed {
  if (input === null) return value({ description: null })
  const parsed = parseAdf(input, makeLocalId)
  if (parsed.kind === 'no-document') return refused('Operation value must be an Atlassian Document (see the Atlassian Document Format)')
  if (parsed.kind === 'invalid') return refused('INVALID_INPUT')
  if (adfText(parsed.value).length > MAX_TEXT_LENGTH) {
    return refused('The entered text is too long. It exceeds the allowed limit of 32,767 characters.')
  }
  // A document that says the same keeps its local ids, so that writing it again changes nothing.
  const isSame = issue !== undefined && isSameAdf(issue.description, parsed.value)
  return value({ description: isSame ? issue.description : parsed.value })
}

const CUSTOM = 'com.atlassian.jira.plugin.system.customfieldtypes:'

/** Every field of the site, in the order Jira's own screens have them. */
export const FIELDS: readonly JiraField[] = [
  {
    id: 'summary',
    name: 'Summary',
    schema: { type: 'string', system: 'summary' },
    clauseNames: ['summary'],
    isNavigable: true,
    stored: 'summary',
    parse: parseSummary,
    isRequired: true,
  },
  {
    id: 'issuetype',
    name: 'Issue Type',
    schema: { type: 'issuetype', system: 'issuetype' },
    clauseNames: ['issuetype', 'type'],
    isNavigable: true,
    stored: 'type',
    parse: parseIssueType,
    isRequired: true,
    allowed: 'issuetype',
    bulkType: 'issueType',
  },
  { id: 'project', name: 'Project', schema: { type: 'project', system: 'project' }, clauseNames: ['project'], isNavigable: true },
  { id: 'status', name: 'Status', schema: { type: 'status', system: 'status' }, clauseNames: ['status'], isNavigable: true },
  {
    id: 'priority',
    name: 'Priority',
    schema: { type: 'priority', system: 'priority' },
    clauseNames: ['priority'],
    isNavigable: true,
    stored: 'priority',
    parse: parsePriority,
    allowed: 'priority',
    bulkType: 'priority',
  },
  {
    id: 'assignee',
    name: 'Assignee',
    schema: { type: 'user', system: 'assignee' },
    clauseNames: ['assignee'],
    isNavigable: true,
    stored: 'assignee',
    parse: parseAssignee,
    bulkType: 'singleSelectClearableUserPickerFields',
  },
  { id: 'reporter', name: 'Reporter', schema: { type: 'user', system: 'reporter' }, clauseNames: ['reporter'], isNavigable: true },
  { id: 'creator', name: 'Creator', schema: { type: 'user', system: 'creator' }, clauseNames: ['creator'], isNavigable: true },
  {
    id: 'labels',
    name: 'Labels',
    schema: { type: 'array', items: 'string', system: 'labels' },
    clauseNames: ['labels'],
    isNavigable: true,
    stored: 'labels',
    parse: parseLabels,
    operations: ['add', 'remove'],
    bulkType: 'labelsFields',
  },
  {
    id: 'duedate',
    name: 'Due date',
    schema: { type: 'date', system: 'duedate' },
    clauseNames: ['due', 'duedate'],
    isNavigable: true,
    stored: 'duedate',
    parse: parseDueDate,
    bulkType: 'datePickerFields',
  },
  {
    id: 'description',
    name: 'Description',
    schema: { type: 'string', system: 'description' },
    clauseNames: ['description'],
    isNavigable: true,
    stored: 'description',
    parse: parseDescription,
    bulkType: 'richTextFields',
  },
  {
    id: 'resolution',
    name: 'Resolution',
    schema: { type: 'resolution', system: 'resolution' },
    clauseNames: ['resolution'],
    isNavigable: true,
  },
  {
    id: 'resolutiondate',
    name: 'Resolved',
    schema: { type: 'datetime', system: 'resolutiondate' },
    clauseNames: ['resolutiondate', 'resolved'],
    isNavigable: true,
  },
  {
    id: 'created',
    name: 'Created',
    schema: { type: 'datetime', system: 'created' },
    clauseNames: ['created', 'createdDate'],
    isNavigable: true,
  },
  {
    id: 'updated',
    name: 'Updated',
    schema: { type: 'datetime', system: 'updated' },
    clauseNames: ['updated', 'updatedDate'],
    isNavigable: true,
  },
  {
    id: 'statuscategorychangedate',
    name: 'Status Category Changed',
    schema: { type: 'datetime', system: 'statuscategorychangedate' },
    clauseNames: ['statusCategoryChangedDate'],
    isNavigable: false,
  },
  {
    id: 'customfield_10016',
    name: 'Story points',
    schema: { type: 'number', custom: `${CUSTOM}float`, customId: 10016 },
    clauseNames: ['cf[10016]', 'Story points', 'Story points[Number]'],
    isNavigable: true,
    stored: 'storyPoints',
    parse: parseStoryPoints,
    bulkType: 'clearableNumberFields',
  },
  {
    id: 'customfield_10020',
    name: 'Target start',
    schema: { type: 'datetime', custom: `${CUSTOM}datetime`, customId: 10020 },
    clauseNames: ['cf[10020]', 'Target start', 'Target start[Time stamp]'],
    isNavigable: true,
    stored: 'targetStart',
    parse: parseTargetStart,
    bulkType: 'dateTimePickerFields',
  },
  {
    id: 'customfield_10031',
    name: 'Team',
    schema: { type: 'option', custom: `${CUSTOM}select`, customId: 10031 },
    clauseNames: ['cf[10031]', 'Team', 'Team[Dropdown]'],
    isNavigable: true,
    stored: 'team',
    parse: parseTeam,
    allowed: 'team',
    bulkType: 'singleSelectFields',
  },
  {
    id: 'customfield_10042',
    name: 'Reference',
    schema: { type: 'string', custom: `${CUSTOM}url`, customId: 10042 },
    clauseNames: ['cf[10042]', 'Reference', 'Reference[URL Field]'],
    isNavigable: true,
    stored: 'reference',
    parse: parseReference,
    bulkType: 'urlFields',
  },
  {
    id: 'customfield_10050',
    name: 'Billable',
    schema: { type: 'array', items: 'option', custom: `${CUSTOM}multicheckboxes`, customId: 10050 },
    clauseNames: ['cf[10050]', 'Billable', 'Billable[Checkboxes]'],
    isNavigable: true,
    stored: 'billable',
    parse: parseBillable,
    operations: ['add', 'remove'],
    allowed: 'billable',
    bulkType: 'multipleSelectFields',
  },
  {
    id: 'customfield_10060',
    name: 'Regions',
    schema: { type: 'array', items: 'option', custom: `${CUSTOM}multiselect`, customId: 10060 },
    clauseNames: ['cf[10060]', 'Regions', 'Regions[Dropdown]'],
    isNavigable: true,
    stored: 'regions',
    parse: parseChoices('regions', OPTIONS.regions, 'value'),
    allowed: 'regions',
    bulkType: 'multipleSelectFields',
  },
  {
    id: 'customfield_10061',
    name: 'Reviewers',
    schema: { type: 'array', items: 'user', custom: `${CUSTOM}multiuserpicker`, customId: 10061 },
    clauseNames: ['cf[10061]', 'Reviewers', 'Reviewers[User Picker (multiple users)]'],
    isNavigable: true,
    stored: 'reviewers',
    parse: parseReviewers,
  },
  {
    id: 'customfield_10021',
    name: 'Sprint',
    schema: { type: 'array', items: 'json', custom: 'com.pyxis.greenhopper.jira:gh-sprint', customId: 10021 },
    clauseNames: ['cf[10021]', 'Sprint'],
    isNavigable: true,
    stored: 'sprint',
    parse: parseSprint,
  },
  {
    id: 'components',
    name: 'Components',
    schema: { type: 'array', items: 'component', system: 'components' },
    clauseNames: ['component'],
    isNavigable: true,
    stored: 'components',
    parse: parseChoices('components', COMPONENTS, 'name'),
    allowed: 'components',
  },
  {
    id: 'fixVersions',
    name: 'Fix versions',
    schema: { type: 'array', items: 'version', system: 'fixVersions' },
    clauseNames: ['fixVersion'],
    isNavigable: true,
    stored: 'fixVersions',
    parse: parseChoices('fixVersions', VERSIONS, 'name'),
    allowed: 'fixVersions',
  },
]

const byId = new Map(FIELDS.map((field) => [field.id, field]))

export function fieldWith(id: string): JiraField | undefined {
  return byId.get(id)
}

/** The words for a stored value in the changelog: its id where it has one, and its text. */
export function changeTexts(key: PatchKey, issue: Pick<Issue, PatchKey>): { readonly id: string | null; readonly text: string | null } {
  switch (key) {
    case 'status':
      return { id: meant(STATUSES, issue.status).id, text: issue.status }
    case 'type':
      return { id: meant(ISSUE_TYPES, issue.type).id, text: issue.type }
    case 'priority':
      return { id: meant(PRIORITIES, issue.priority).id, text: issue.priority }
    case 'assignee':
      return { id: issue.assignee === null ? null : meant(USERS, issue.assignee).accountId, text: issue.assignee }
    case 'team':
      return { id: issue.team === null ? null : meant(OPTIONS.team, issue.team).id, text: issue.team }
    case 'labels':
      return { id: null, text: issue.labels.join(' ') }
    case 'description':
      return { id: null, text: issue.description === null ? null : adfText(issue.description) }
    case 'duedate':
      return { id: issue.duedate, text: issue.duedate === null ? null : `${issue.duedate} 00:00:00.0` }
    case 'storyPoints':
      return { id: null, text: issue.storyPoints === null ? null : String(issue.storyPoints) }
    case 'regions':
      return changedNames(OPTIONS.regions, issue.regions)
    case 'components':
      return changedNames(COMPONENTS, issue.components)
    case 'fixVersions':
      return changedNames(VERSIONS, issue.fixVersions)
    case 'reviewers':
      return {
        id: issue.reviewers.map((name) => meant(USERS, name).accountId).join(', ') || null,
        text: issue.reviewers.join(', ') || null,
      }
    case 'sprint':
      return { id: issue.sprint === null ? null : meant(SPRINTS, issue.sprint).id, text: issue.sprint }
    case 'billable':
      return { id: issue.billable ? `[${OPTIONS.billable[0].id}]` : null, text: issue.billable ? 'Yes' : null }
    case 'summary':
    case 'targetStart':
    case 'reference':
      return { id: null, text: issue[key] }
  }
}

function changedNames(table: readonly Named[], names: readonly string[]): { readonly id: string | null; readonly text: string | null } {
  return { id: names.map((name) => meant(table, name).id).join(', ') || null, text: names.join(', ') || null }
}

/** The field that keeps its value under a key of the stored issue. */
export function fieldStoredAs(key: PatchKey): { readonly id: string; readonly name: string; readonly isCustom: boolean } {
  if (key === 'status') return { id: 'status', name: 'status', isCustom: false }
  const field = FIELDS.find((candidate) => candidate.stored === key)
  if (!field) throw new Error(`No field keeps its value as '${key}'.`)
  const isCustom = field.schema.custom !== undefined
  return { id: field.id, name: isCustom ? field.name : field.id, isCustom }
}

export function isPatchEqual(key: PatchKey, a: Pick<Issue, PatchKey>, b: Pick<Issue, PatchKey>): boolean {
  return JSON.stringify(a[key]) === JSON.stringify(b[key])
}

/** Jira's words for a field that no screen offers. */
export function notOnScreen(id: string): string {
  return `Field '${id}' cannot be set. It is not on the appropriate screen, or unknown.`
}
