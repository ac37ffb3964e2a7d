import { sortLabels } from './fields.ts'
import type { AdfNode, Change, Issue } from './model.ts'
import { COMPONENTS, ISSUE_TYPES, OPTIONS, PRIORITIES, SPRINTS, STATUSES, USERS, VERSIONS } from './site.ts'

/** The first issues of a fresh sandbox, as a small company that launches a product would have them. */
const TITLES: readonly string[] = [
  'Write the launch announcement',
  'Fix the sign-in loop after a password reset',
  'Move invoice webhooks to the new billing service',
  'Decide the rate limits of the public API',
  'Drag and drop on touch screens',
  'Export the audit log as CSV',
  'Checklist for a first working day',
  'Search finds issues by their key',
  'Review the wording of the customer portal',
  'Sample data for demo accounts',
  'Footer of the PDF invoice cuts off the tax number',
  'Post incidents to the status page by themselves',
  'Dates follow the reader’s language',
  'Reminder mails before a renewal',
  'Answer the data residency questionnaire',
  'Collect evidence for the security audit',
  'Retry budget for outgoing webhooks',
  'Weekly digest e-mail',
  'Chart of usage by team',
  'Archive boards nobody opened for a year',
  'Share a view with a guest',
  'Keyboard shortcuts for the table',
  'Load test with ten thousand rows',
  'Attachments larger than 20 MB fail silently',
  'Translate the onboarding tour into German',
  'Replace the old icon set',
  'Two people renaming one column see an error',
  'Draft the partner price list',
  'Billing address is lost when a card expires',
  'Undo for bulk edits',
  'Show who is looking at a row',
  'Mobile app opens links in the wrong workspace',
  'Clean up unused feature flags',
  'Write the runbook for a database failover',
  'Time zone of scheduled reports is off by one hour',
  'Interview five customers about imports',
  'Colour contrast of disabled buttons',
  'Import from a spreadsheet keeps leading zeros',
  'Warn before a trial ends',
  'Rotate the signing keys',
  'Filters remember the last choice',
  'Empty state for a new workspace',
  'Slow start on the first day of the month',
  'Document the webhook signatures',
  'Notifications can be muted for a week',
  'Plan the beta programme',
  'Long names break the sidebar',
  'Duplicate contacts after a merge',
  'Offline mode loses the scroll position',
  'Set up alerts for failed payments',
  'Pricing page on small screens',
  'Approve expenses from the phone',
  'Agree on the service levels for support',
  'Print view of a report',
  'Hand over the old help centre',
  'CSV import guesses the separator wrong',
  'Custom fonts are blocked by the proxy',
  'Prepare the quarterly review',
  'Delete personal data on request',
  'Record the product walkthrough',
]

const VERBS = ['Add', 'Fix', 'Review', 'Document', 'Speed up', 'Simplify', 'Test', 'Redesign', 'Remove', 'Migrate', 'Monitor', 'Translate']
const THINGS = [
  'the import dialog',
  'monthly invoices',
  'the search index',
  'session handling',
  'guest invitations',
  'the audit trail',
  'report scheduling',
  'webhook delivery',
  'the mobile grid',
  'payment retries',
  'team settings',
  'the usage dashboard',
  'file previews',
  'the status page',
  'tax calculation',
  'the command palette',
  'nightly backups',
  'role permissions',
  'e-mail templates',
  'the onboarding tour',
]
const PLACES = [
  'for large workspaces',
  'on slow networks',
  'in the customer portal',
  'for the beta group',
  'after the region move',
  'on small screens',
  'before the audit',
  'for guests',
  'in the German version',
  'after a failed payment',
  'for annual plans',
  'with screen readers',
]
const LABELS = [
  'launch',
  'billing',
  'mobile',
  'api',
  'security',
  'docs',
  'ux',
  'customer-request',
  'tech-debt',
  'q1',
  'blocked',
  'quick-win',
]
const SENTENCES = [
  'Three customers asked for this in the last month.',
  'It happens on every second try, on all browsers.',
  'Legal has to agree before we publish anything.',
  'The old page stays up until the new one is approved.',
  'See the numbers in the weekly report.',
  'Keep the change small; the rest can follow later.',
  'Ask support which accounts are affected.',
  'The figures in the mock-up are placeholders.',
]
const DAY_MS = 86_400_000

/** Names in short lists are checked when they are read back; here a wrong one would be a slip of this file. */
function pick<T>(list: readonly T[], random: () => number): T {
  const entry = list[Math.floor(random() * list.length)]
  if (entry === undefined) throw new Error('Nothing to pick from an empty list.')
  return entry
}

/** Picks by weight: the first entry `weights[0]` times as likely as weight 1, and so on. */
function weighted<T>(list: readonly T[], weights: readonly number[], random: () => number): T {
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  let left = random() * total
  for (const [index, weight] of weights.entries()) {
    left -= weight
    const entry = list[index]
    if (left < 0 && entry !== undefined) return entry
  }
  return pick(list, random)
}

/** Twelve hexadecimal digits, as Jira's local ids are. */
export function hex(random: () => number): string {
  const half = (): string =>
    Math.floor(random() * 2 ** 24)
      .toString(16)
      .padStart(6, '0')
  return `${half()}${half()}`
}

function makeDescription(random: () => number): AdfNode | null {
  if (random() < 0.35) return null
  const paragraph = (text: string): AdfNode => ({ type: 'paragraph', attrs: { localId: hex(random) }, content: [{ type: 'text', text }] })
  const first = paragraph(pick(SENTENCES, random))
  if (random() < 0.5) return { type: 'doc', version: 1, content: [first] }
  if (random() < 0.7) return { type: 'doc', version: 1, content: [first, paragraph(pick(SENTENCES, random))] }
  const items = [pick(SENTENCES, random), pick(SENTENCES, random)].map(
    (text): AdfNode => ({ type: 'listItem', attrs: { localId: hex(random) }, content: [paragraph(text)] }),
  )
  return { type: 'doc', version: 1, content: [first, { type: 'bulletList', attrs: { localId: hex(random) }, content: items }] }
}

/** What the seed asks of the numbers that are not drawn. */
export interface SeedPlace {
  /** Counted from 0 over the whole sandbox. */
  readonly index: number
  readonly id: string
  readonly key: string
  readonly changeId: string
  readonly nowMs: number
}

function titleOf(index: number, random: () => number): string {
  return TITLES[index] ?? `${pick(VERBS, random)} ${pick(THINGS, random)} ${pick(PLACES, random)}`
}

/** One believable issue, drawn from `random` and standing at its place. */
export function makeSeedIssue(place: SeedPlace, random: () => number): Issue {
  const summary = titleOf(place.index, random)
  const status = weighted(STATUSES, [5, 3, 2, 3], random)
  const isDone = status.category.code === 'DONE'
  const createdMs = place.nowMs - Math.floor((3 + random() * 120) * DAY_MS)
  const updatedMs = createdMs + Math.floor(random() * (place.nowMs - createdMs - DAY_MS))
  const updated = new Date(updatedMs).toISOString()
  const reporter = pick(USERS, random).name
  const isBug = /fix|fail|lost|wrong|break|slow|off by|cuts|duplicate|error/i.test(summary)
  const dueMs = place.nowMs + Math.floor((random() * 60 - 15) * DAY_MS)
  const labels = Array.from({ length: Math.floor(random() * 4) }, () => pick(LABELS, random))
  const change: Change = {
    id: place.changeId,
    at: updated,
    by: reporter,
    items: [
      { field: 'status', fieldId: 'status', fieldtype: 'jira', from: '10000', fromString: 'To Do', to: status.id, toString: status.name },
    ],
  }
  return {
    id: place.id,
    key: place.key,
    formerKeys: [],
    type: isBug ? 'Bug' : weighted(ISSUE_TYPES, [1, 5, 8, 0], random).name,
    summary,
    status: status.name,
    priority: weighted(PRIORITIES, [1, 3, 8, 3, 1], random).name,
    assignee: random() < 0.15 ? null : pick(USERS, random).name,
    reporter,
    labels: sortLabels(labels),
    duedate: random() < 0.3 ? null : new Date(dueMs).toISOString().slice(0, 10),
    description: makeDescription(random),
    storyPoints: random() < 0.25 ? null : pick([0.5, 1, 2, 3, 5, 8, 13], random),
    targetStart:
      random() < 0.5 ? null : new Date(dueMs - Math.floor(random() * 20) * DAY_MS).toISOString().replace(/:\d\d\.\d{3}Z$/, ':00.000Z'),
    team: random() < 0.2 ? null : pick(OPTIONS.team, random).name,
    reference: random() < 0.6 ? null : `https://docs.example.com/notes/${hex(random).slice(0, 6)}`,
    billable: random() < 0.3,
    // Not by chance: the other fields of the first issues stay what they were.
    regions: place.index % 3 === 0 ? OPTIONS.regions.filter((_, at) => at <= place.index % 4).map(({ name }) => name) : [],
    components: place.index % 4 === 1 ? [COMPONENTS[place.index % COMPONENTS.length]?.name ?? 'Web'] : [],
    fixVersions: place.index % 5 === 2 ? [VERSIONS[place.index % VERSIONS.length]?.name ?? '1.0'] : [],
    reviewers: place.index % 6 === 3 ? USERS.slice(0, 1 + (place.index % 2)).map(({ name }) => name) : [],
    sprint: place.index % 2 === 0 ? (SPRINTS[1 + (Math.floor(place.index / 2) % 2)]?.name ?? null) : null,
    properties: {},
    created: new Date(createdMs).toISOString(),
    updated,
    statusChanged: updated,
    resolved: isDone ? updated : null,
    changes: status.name === 'To Do' ? [] : [change],
  }
}
