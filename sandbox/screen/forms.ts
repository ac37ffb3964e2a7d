import { parseJson } from '../http.ts'
import type { RecordEdit, RecordView } from '../jira/records.ts'

type Values = Readonly<Record<string, string>>

/** A record as the form shows it: everything is text there. */
export function valuesOf(record: RecordView): Values {
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

/** What a form was filled with, carried along in it. */
export function writeIssueForm(values: Values): string {
  return JSON.stringify(values)
}

function isValues(value: unknown): value is Values {
  return typeof value === 'object' && value !== null && Object.values(value).every((part) => typeof part === 'string')
}

const NAMES = [
  'summary',
  'status',
  'type',
  'priority',
  'assignee',
  'duedate',
  'storyPoints',
  'targetStart',
  'team',
  'labels',
  'reference',
  'billable',
  'description',
] as const

/**
 * Reads the form of an issue: what was typed, and the edit it means. Only what differs from what the form was filled with is edited,
 * so that saving does not undo what came over the API meanwhile.
 */
export function readIssueForm(form: URLSearchParams): { readonly values: Values; readonly edit: RecordEdit } {
  const was = parseJson(form.get('was') ?? '')
  const before = isValues(was) ? was : {}
  const values: Record<string, string> = {}
  for (const name of NAMES) values[name] = (form.get(name) ?? '').replace(/\r\n/g, '\n')
  values.billable = form.get('billable') === 'true' ? 'true' : 'false'
  const changed = NAMES.filter((name) => values[name] !== (before[name] ?? '') && (form.has(name) || name === 'billable'))
  const edit: Record<string, unknown> = Object.fromEntries(changed.map((name) => [name, typedValue(name, values[name] ?? '')]))
  const as = form.get('as')
  return {
    values: { ...values, ...(as !== null && { as }), project: form.get('project') ?? '' },
    edit: { ...edit, ...(as !== null && { as }) } as RecordEdit,
  }
}

function typedValue(name: (typeof NAMES)[number], text: string): unknown {
  if (name === 'labels') return text.split(/\s+/).filter((label) => label !== '')
  if (name === 'billable') return text === 'true'
  if (name === 'storyPoints' && text !== '') return Number(text)
  return text === '' && name !== 'summary' ? null : text
}

/** Reads the form of the dial into a fault, still to be checked. What a kind does not use is left out. */
export function readFaultForm(form: URLSearchParams): Record<string, unknown> {
  const text = (name: string): string | undefined => form.get(name)?.trim() || undefined
  const number = (name: string): number | undefined => (text(name) === undefined ? undefined : Number(text(name)))
  const kind = text('kind')
  const chance = number('chance')
  const match = { path: text('path'), field: text('field'), writes: text('writes') === undefined ? undefined : text('writes') === 'true' }
  return {
    kind,
    // A chance has no end of its own unless one is given beside it.
    ...(number('next') !== undefined && chance === undefined && { next: number('next') }),
    ...(chance !== undefined && { probability: chance / 100 }),
    ...(Object.values(match).some((part) => part !== undefined) && {
      match: Object.fromEntries(Object.entries(match).filter(([, part]) => part !== undefined)),
    }),
    ...(kind === 'delay' && { delayMs: number('delayMs') }),
    ...((kind === '429' || kind === '503') && { retryAfterS: number('retryAfterS') }),
    ...(kind === '429' && { reason: text('reason') }),
    ...(kind === 'partial' && { refuse: { field: match.field ?? 'summary', message: text('message') } }),
  }
}
