/** The site the stand-in plays: its projects, people, workflows and options. Fixed, so that ids mean the same in every sandbox. */

export interface Project {
  readonly id: string
  readonly key: string
  readonly name: string
  readonly lead: string
}

export interface User {
  readonly accountId: string
  readonly name: string
  readonly timeZone: string
}

export interface Status {
  readonly id: string
  readonly name: string
  readonly description: string
  readonly category: {
    readonly id: number
    readonly key: string
    readonly name: string
    readonly colorName: string
    readonly code: 'TODO' | 'IN_PROGRESS' | 'DONE'
  }
}

export interface Named {
  readonly id: string
  readonly name: string
}

export interface IssueType extends Named {
  readonly description: string
  readonly hierarchyLevel: number
  readonly avatarId: number
}

export interface Transition {
  readonly id: string
  readonly name: string
  readonly from: string
  readonly to: string
  /** Ids of the fields on its screen; a transition without a screen takes no fields. */
  readonly screen: readonly string[]
}

export const PROJECTS: readonly Project[] = [
  { id: '10000', key: 'TB', name: 'Tidebook launch', lead: 'Dana Kim' },
  { id: '10001', key: 'OPS', name: 'Operations', lead: 'Ben Ortiz' },
]

export const USERS: readonly User[] = [
  { accountId: '5f1a2b3c4d5e6f7081920a01', name: 'Dana Kim', timeZone: 'Etc/UTC' },
  { accountId: '5f1a2b3c4d5e6f7081920a02', name: 'Ben Ortiz', timeZone: 'America/New_York' },
  { accountId: '5f1a2b3c4d5e6f7081920a03', name: 'Mara Rossi', timeZone: 'Europe/Rome' },
  { accountId: '5f1a2b3c4d5e6f7081920a04', name: 'Amir Khan', timeZone: 'Asia/Karachi' },
  { accountId: '5f1a2b3c4d5e6f7081920a05', name: 'Jo Tran', timeZone: 'Australia/Sydney' },
  { accountId: '712020:9c1f7a52-6f0e-4d3b-8a55-3b7e2f1d4c06', name: 'Lena Fischer', timeZone: 'Europe/Berlin' },
]

/** Whose API token the sandbox gives out: what arrives over the API is done by her. */
export const API_USER = 'Dana Kim'

/** Who the edits made on the sandbox's own screen are by, unless somebody else is chosen. */
export const DEFAULT_EDITOR = 'Ben Ortiz'

const TODO = { id: 2, key: 'new', name: 'To Do', colorName: 'blue-gray', code: 'TODO' } as const
const INDETERMINATE = { id: 4, key: 'indeterminate', name: 'In Progress', colorName: 'yellow', code: 'IN_PROGRESS' } as const
const COMPLETE = { id: 3, key: 'done', name: 'Done', colorName: 'green', code: 'DONE' } as const

export const STATUSES: readonly Status[] = [
  { id: '10000', name: 'To Do', description: '', category: TODO },
  {
    id: '3',
    name: 'In Progress',
    description: 'This work item is being actively worked on at the moment by the assignee.',
    category: INDETERMINATE,
  },
  { id: '10001', name: 'In Review', description: 'The work is finished and somebody else looks at it.', category: INDETERMINATE },
  { id: '10002', name: 'Done', description: '', category: COMPLETE },
]

/** From the highest to the lowest, as Jira ranks them. */
export const PRIORITIES: readonly Named[] = [
  { id: '1', name: 'Highest' },
  { id: '2', name: 'High' },
  { id: '3', name: 'Medium' },
  { id: '4', name: 'Low' },
  { id: '5', name: 'Lowest' },
]
export const DEFAULT_PRIORITY = 'Medium'

export const ISSUE_TYPES: readonly IssueType[] = [
  { id: '10000', name: 'Epic', description: 'A big user story that needs to be broken down.', hierarchyLevel: 1, avatarId: 10307 },
  { id: '10001', name: 'Story', description: 'Functionality or a feature expressed as a user goal.', hierarchyLevel: 0, avatarId: 10315 },
  { id: '10002', name: 'Task', description: 'A small, distinct piece of work.', hierarchyLevel: 0, avatarId: 10318 },
  { id: '10003', name: 'Bug', description: 'A problem or error.', hierarchyLevel: 0, avatarId: 10303 },
]

export const OPTIONS = {
  team: [
    { id: '10310', name: 'Platform' },
    { id: '10311', name: 'Growth' },
    { id: '10312', name: 'Mobile' },
    { id: '10313', name: 'Customer Care' },
    { id: '10314', name: 'Data' },
  ],
  billable: [{ id: '10320', name: 'Yes' }],
  regions: [
    { id: '10330', name: 'Europe' },
    { id: '10331', name: 'Americas' },
    { id: '10332', name: 'Asia Pacific' },
  ],
} as const satisfies Record<string, readonly Named[]>

/** Both projects have the same ones: what differs between projects is their workflow. */
export const COMPONENTS: readonly Named[] = [
  { id: '10400', name: 'Web' },
  { id: '10401', name: 'API' },
  { id: '10402', name: 'Mobile app' },
]
export const VERSIONS: readonly Named[] = [
  { id: '10500', name: '1.0' },
  { id: '10501', name: '1.1' },
  { id: '10502', name: '2.0' },
]

export interface Sprint extends Named {
  readonly state: 'closed' | 'active' | 'future'
}
export const SPRINTS: readonly Sprint[] = [
  { id: '21', name: 'Sprint 1', state: 'closed' },
  { id: '22', name: 'Sprint 2', state: 'active' },
  { id: '23', name: 'Sprint 3', state: 'future' },
]

export const RESOLUTION = { id: '10000', name: 'Done', description: 'Work has been completed on this issue.' } as const

const DONE_SCREEN = ['assignee', 'customfield_10016'] as const

function transition(id: string, name: string, from: string, to: string, screen: readonly string[] = []): Transition {
  return { id, name, from, to, screen }
}

/**
 * The workflows, a row a transition. TB allows everything but Done → In Review, and each status to itself; OPS goes step by step.
 * No id leads from two statuses, so whoever keeps an id from an earlier status gets a refusal.
 */
export const WORKFLOWS: Readonly<Record<string, readonly Transition[]>> = {
  TB: [
    transition('11', 'Start work', 'To Do', 'In Progress'),
    transition('12', 'Send to review', 'To Do', 'In Review'),
    transition('13', 'Close', 'To Do', 'Done', DONE_SCREEN),
    transition('14', 'To Do', 'To Do', 'To Do'),
    transition('21', 'Stop work', 'In Progress', 'To Do'),
    transition('22', 'Ask for review', 'In Progress', 'In Review'),
    transition('23', 'Finish', 'In Progress', 'Done', DONE_SCREEN),
    transition('24', 'In Progress', 'In Progress', 'In Progress'),
    transition('31', 'Back to the list', 'In Review', 'To Do'),
    transition('32', 'Ask for changes', 'In Review', 'In Progress'),
    transition('33', 'Approve', 'In Review', 'Done', DONE_SCREEN),
    transition('34', 'In Review', 'In Review', 'In Review'),
    transition('41', 'Reopen', 'Done', 'To Do'),
    transition('42', 'Reopen and start', 'Done', 'In Progress'),
    transition('44', 'Done', 'Done', 'Done', DONE_SCREEN),
  ],
  OPS: [
    transition('111', 'Start', 'To Do', 'In Progress'),
    transition('121', 'Stop', 'In Progress', 'To Do'),
    transition('122', 'Hand over', 'In Progress', 'In Review'),
    transition('131', 'Hand back', 'In Review', 'In Progress'),
    transition('132', 'Sign off', 'In Review', 'Done', DONE_SCREEN),
    transition('141', 'Reopen', 'Done', 'In Progress'),
  ],
}

/** A name without regard to case and spacing. */
export function foldName(name: string): string {
  return name.trim().replace(/\s+/g, ' ').toLowerCase()
}

/** Built once a table; the tables are constants. */
const folded = new WeakMap<readonly { readonly name: string }[], ReadonlyMap<string, unknown>>()

/** The entry of a table that a name means, without regard to case and spacing. */
export function withName<T extends { readonly name: string }>(table: readonly T[], name: string): T | undefined {
  let byName = folded.get(table) as ReadonlyMap<string, T> | undefined
  if (!byName) {
    byName = new Map(table.flatMap((entry) => [[entry.name, entry] as const, [foldName(entry.name), entry] as const]))
    folded.set(table, byName)
  }
  return byName.get(name) ?? byName.get(foldName(name))
}

export function withId<T extends { readonly id: string }>(table: readonly T[], id: string): T | undefined {
  return table.find((entry) => entry.id === id)
}

export function userWithId(accountId: string): User | undefined {
  return USERS.find((user) => user.accountId === accountId)
}

export function projectOf(key: string): Project | undefined {
  const prefix = key.slice(0, key.lastIndexOf('-'))
  return PROJECTS.find((project) => project.key === prefix)
}

/** The project a key, an id or a name means. */
export function projectWith(idOrKey: string): Project | undefined {
  return PROJECTS.find((project) => project.id === idOrKey || project.key.toLowerCase() === idOrKey.toLowerCase())
}

/** A status, priority … an issue shows, found by its shown name. Stored names are checked when they are read, so it is there. */
export function meant<T extends { readonly name: string }>(table: readonly T[], shownName: string): T {
  const found = withName(table, shownName)
  if (!found) throw new Error(`An issue shows '${shownName}', which is none of ${table.map((entry) => entry.name).join(', ')}.`)
  return found
}
