import { adfText } from '../adf.ts'
import type { Issue } from '../model.ts'
import {
  COMPONENTS,
  foldName,
  ISSUE_TYPES,
  meant,
  type Named,
  OPTIONS,
  PRIORITIES,
  PROJECTS,
  projectOf,
  RESOLUTION,
  SPRINTS,
  STATUSES,
  USERS,
  VERSIONS,
  withId,
  withName,
} from '../site.ts'
import { jqlDateMs, jqlFunctionMs } from './dates.ts'
import type { Clause, FieldClause, JqlQuery, Operand, Operator, OrderBy } from './parse.ts'
import { textMatcher } from './text-search.ts'

/** What a query may ask of the world. */
export interface JqlContext {
  readonly nowMs: number
  /** The name of the person who asks. */
  readonly currentUser: string
  /** The issue with this key or id, if the asker may see it. Jira refuses a query that names another. */
  readonly findIssue: (idOrKey: string) => Issue | undefined
}

export type SortKey = readonly (string | number | null)[]

/** A query made ready: which issues match, and in what order they come. */
export interface CompiledJql {
  readonly isMatch: (issue: Issue) => boolean
  /** Where an issue stands in the order; the last part is its id, so no two stand at one place. */
  readonly sortKeyOf: (issue: Issue) => SortKey
  readonly compareKeys: (a: SortKey, b: SortKey) => number
}

/** Why a query that reads well cannot be answered, in Jira's words. */
export type Compiled =
  | { readonly kind: 'compiled'; readonly jql: CompiledJql }
  | { readonly kind: 'refused'; readonly messages: readonly string[] }

type Predicate = (issue: Issue) => boolean
type Value = string | number

/** A field as JQL knows it. `values` gives what an issue holds: none for empty, several for labels. */
interface JqlField {
  readonly names: readonly string[]
  readonly operators: readonly Operator[]
  readonly values: (issue: Issue) => readonly Value[]
  /** The value an operand means: several where a name means more than one; a string is refused with that message. */
  readonly parse: (text: string, context: JqlContext, name: string) => Value | { readonly refused: string }
  readonly functions?: 'user' | 'time' | 'sprint'
  readonly text?: (issue: Issue) => string
  readonly sortOf?: (issue: Issue) => Value | null
}

const EQUALITY: readonly Operator[] = ['=', '!=', 'in', 'not in', 'is', 'is not']
const ORDERED: readonly Operator[] = [...EQUALITY, '>', '>=', '<', '<=']
const TEXT: readonly Operator[] = ['~', '!~', 'is', 'is not']

const noValue = (text: string, field: string) => ({ refused: `The value '${text}' does not exist for the field '${field}'.` })

function choice<T extends Named>(
  names: readonly string[],
  table: readonly T[],
  shown: (issue: Issue) => string | null,
  operators = EQUALITY,
): JqlField {
  const rank = new Map(table.map((entry, index) => [entry.id, index]))
  return {
    names,
    operators,
    values: (issue) => {
      const name = shown(issue)
      return name === null ? [] : [meant(table, name).id]
    },
    parse: (text, _context, field) => (withName(table, text) ?? withId(table, text))?.id ?? noValue(text, field),
    sortOf: (issue) => {
      const name = shown(issue)
      return name === null ? null : (rank.get(meant(table, name).id) ?? 0)
    },
  }
}

function choices(names: readonly string[], table: readonly Named[], shown: (issue: Issue) => readonly string[]): JqlField {
  return {
    names,
    operators: EQUALITY,
    values: (issue) => shown(issue).map((name) => meant(table, name).id),
    parse: (text, _context, field) => (withName(table, text) ?? withId(table, text))?.id ?? noValue(text, field),
    sortOf: (issue) => shown(issue)[0]?.toLowerCase() ?? null,
  }
}

function person(names: readonly string[], shown: (issue: Issue) => string | null): JqlField {
  return {
    names,
    operators: EQUALITY,
    functions: 'user',
    values: (issue) => {
      const name = shown(issue)
      return name === null ? [] : [meant(USERS, name).accountId]
    },
    parse: (text, _context, field) =>
      (USERS.find((user) => user.accountId === text) ?? withName(USERS, text))?.accountId ?? noValue(text, field),
    sortOf: (issue) => shown(issue)?.toLowerCase() ?? null,
  }
}

function time(names: readonly string[], iso: (issue: Issue) => string | null): JqlField {
  return {
    names,
    operators: ORDERED,
    functions: 'time',
    values: (issue) => {
      const at = iso(issue)
      return at === null ? [] : [Date.parse(at)]
    },
    parse: (text, context, field) =>
      jqlDateMs(text, context.nowMs) ?? {
        refused: `Date value '${text}' for field '${field}' is invalid. Valid formats include: 'yyyy/MM/dd HH:mm', 'yyyy-MM-dd HH:mm', 'yyyy/MM/dd', 'yyyy-MM-dd', or a period format e.g. '-5d', '4w 2d'.`,
      },
    sortOf: iso,
  }
}

function text(names: readonly string[], of: (issue: Issue) => string, operators = TEXT): JqlField {
  return {
    names,
    operators,
    text: of,
    values: (issue) => (of(issue) === '' ? [] : [of(issue)]),
    parse: (value) => value,
    sortOf: (issue) => (of(issue) === '' ? null : of(issue).toLowerCase()),
  }
}

/** A key as something that sorts: TB-2 before TB-10. */
function keyOrder(key: string): string {
  const at = key.lastIndexOf('-')
  return `${key.slice(0, at)}-${key.slice(at + 1).padStart(12, '0')}`
}

const KEY = /^[A-Za-z][A-Za-z0-9_]*-\d+$/

const keyField: JqlField = {
  names: ['key', 'issuekey', 'issue'],
  operators: ORDERED,
  values: (issue) => [keyOrder(issue.key)],
  parse: (value, context, field) => {
    const issue = context.findIssue(value)
    if (issue) return keyOrder(issue.key)
    if (/^\d+$/.test(value)) return { refused: `A value with ID '${value}' does not exist for the field '${field}'.` }
    if (!KEY.test(value)) return { refused: `The issue key '${value}' for field '${field}' is invalid.` }
    return { refused: `An issue with key '${value}' does not exist for field '${field}'.` }
  },
  sortOf: (issue) => keyOrder(issue.key),
}

const idField: JqlField = {
  names: ['id'],
  operators: ORDERED,
  values: (issue) => [Number(issue.id)],
  parse: (value, context, field) => {
    const issue = context.findIssue(value)
    return issue ? Number(issue.id) : { refused: `A value with ID '${value}' does not exist for the field '${field}'.` }
  },
  sortOf: (issue) => Number(issue.id),
}

const labelsField: JqlField = {
  names: ['labels'],
  operators: EQUALITY,
  values: (issue) => issue.labels.map((label) => label.toLowerCase()),
  parse: (value) => value.toLowerCase(),
  sortOf: (issue) => (issue.labels.length === 0 ? null : issue.labels.join(' ').toLowerCase()),
}

const numberField: JqlField = {
  names: ['cf[10016]', 'customfield_10016', 'story points', 'story points[number]'],
  operators: ORDERED,
  values: (issue) => (issue.storyPoints === null ? [] : [issue.storyPoints]),
  parse: (value, _context, field) => {
    const number = Number(value)
    return value.trim() !== '' && Number.isFinite(number)
      ? number
      : { refused: `'${value}' is an invalid value for the field '${field}'. Please enter a number.` }
  },
  sortOf: (issue) => issue.storyPoints,
}

const projectTable = PROJECTS.map((project) => ({ id: project.id, name: project.name, key: project.key }))
const projectField: JqlField = {
  names: ['project'],
  operators: EQUALITY,
  values: (issue) => [projectOf(issue.key)?.id ?? ''],
  parse: (value, _context, field) =>
    (
      projectTable.find((project) => project.key.toLowerCase() === value.toLowerCase() || project.id === value) ??
      withName(projectTable, value)
    )?.id ?? noValue(value, field),
  sortOf: (issue) => projectOf(issue.key)?.name.toLowerCase() ?? null,
}

const categories = STATUSES.map((status) => ({ id: String(status.category.id), name: status.category.name })).filter(
  (category, index, all) => all.findIndex((other) => other.id === category.id) === index,
)

const FIELDS: readonly JqlField[] = [
  projectField,
  keyField,
  idField,
  choice(['status'], STATUSES, (issue) => issue.status),
  choice(['statuscategory'], categories, (issue) => meant(STATUSES, issue.status).category.name),
  choice(['priority'], [...PRIORITIES].reverse(), (issue) => issue.priority, ORDERED),
  choice(['issuetype', 'type'], ISSUE_TYPES, (issue) => issue.type),
  choice(['resolution'], [RESOLUTION], (issue) => (issue.resolved === null ? null : RESOLUTION.name)),
  choice(['cf[10031]', 'customfield_10031', 'team', 'team[dropdown]'], OPTIONS.team, (issue) => issue.team),
  choice(['cf[10050]', 'customfield_10050', 'billable', 'billable[checkboxes]'], OPTIONS.billable, (issue) =>
    issue.billable ? 'Yes' : null,
  ),
  choices(['cf[10060]', 'customfield_10060', 'regions', 'regions[dropdown]'], OPTIONS.regions, (issue) => issue.regions),
  choices(['component'], COMPONENTS, (issue) => issue.components),
  choices(['fixversion'], VERSIONS, (issue) => issue.fixVersions),
  {
    ...choices(['cf[10021]', 'customfield_10021', 'sprint'], SPRINTS, (issue) => (issue.sprint === null ? [] : [issue.sprint])),
    functions: 'sprint',
  },
  person(['assignee'], (issue) => issue.assignee),
  person(['reporter'], (issue) => issue.reporter),
  person(['creator'], (issue) => issue.reporter),
  labelsField,
  numberField,
  time(['duedate', 'due'], (issue) => issue.duedate),
  time(['created', 'createddate'], (issue) => issue.created),
  time(['updated', 'updateddate'], (issue) => issue.updated),
  time(['resolved', 'resolutiondate'], (issue) => issue.resolved),
  time(['cf[10020]', 'customfield_10020', 'target start', 'target start[time stamp]'], (issue) => issue.targetStart),
  text(['summary'], (issue) => issue.summary),
  text(['description'], (issue) => adfText(issue.description)),
  text(['cf[10042]', 'customfield_10042', 'reference', 'reference[url field]'], (issue) => issue.reference ?? '', [
    '=',
    '!=',
    'is',
    'is not',
  ]),
  text(['text'], (issue) => `${issue.summary}\n${adfText(issue.description)}`, ['~']),
]

const byName = new Map(FIELDS.flatMap((field) => field.names.map((name) => [name, field] as const)))

function fieldNamed(name: string): JqlField | undefined {
  return byName.get(foldName(name))
}

/** The most fields Jira sorts by. */
export const MAX_ORDER_FIELDS = 7

/** Checks a query's fields and values and makes it ready. All that is wrong is told at once, as Jira does. */
export function compileJql(query: JqlQuery, context: JqlContext): Compiled {
  const messages: string[] = []
  const isMatch = query.where ? compileClause(query.where, false, context, messages) : () => true
  const order = compileOrder(query.orderBy, messages)
  if (messages.length > 0) return { kind: 'refused', messages: [...new Set(messages)] }
  return { kind: 'compiled', jql: { isMatch, ...order } }
}

const NEGATED: Readonly<Record<Operator, Operator>> = {
  '=': '!=',
  '!=': '=',
  '~': '!~',
  '!~': '~',
  '>': '<=',
  '<=': '>',
  '<': '>=',
  '>=': '<',
  in: 'not in',
  'not in': 'in',
  is: 'is not',
  'is not': 'is',
}

/** `NOT` is carried down to the operators, as Jira does: `NOT assignee = x` leaves out unassigned issues like `assignee != x`. */
function compileClause(clause: Clause, isNegated: boolean, context: JqlContext, messages: string[]): Predicate {
  switch (clause.kind) {
    case 'not':
      return compileClause(clause.clause, !isNegated, context, messages)
    case 'and':
    case 'or': {
      const parts = clause.clauses.map((part) => compileClause(part, isNegated, context, messages))
      const isAll = (clause.kind === 'and') !== isNegated
      return isAll ? (issue) => parts.every((part) => part(issue)) : (issue) => parts.some((part) => part(issue))
    }
    case 'field':
      return compileField(isNegated ? { ...clause, operator: NEGATED[clause.operator] } : clause, context, messages)
  }
}

const never: Predicate = () => false

const SPRINT_STATES: Readonly<Record<string, 'active' | 'future' | 'closed'>> = {
  opensprints: 'active',
  futuresprints: 'future',
  closedsprints: 'closed',
}

/** `sprint in openSprints()`; an issue without a sprint is in none, and `not in` leaves it out as well. */
function compileSprints(field: JqlField, operator: Operator, name: string, refuse: (message: string) => Predicate): Predicate {
  const state = SPRINT_STATES[name.toLowerCase()]
  if (state === undefined) return refuse(`Unable to find JQL function '${name}()'.`)
  const ids = new Set<Value>(SPRINTS.filter((sprint) => sprint.state === state).map(({ id }) => id))
  return (issue) => {
    const values = field.values(issue)
    return values.length > 0 && values.some((id) => ids.has(id)) === (operator === 'in')
  }
}

function compileField(clause: FieldClause, context: JqlContext, messages: string[]): Predicate {
  const field = fieldNamed(clause.field)
  const refuse = (message: string): Predicate => {
    messages.push(message)
    return never
  }
  if (!field) return refuse(`Field '${clause.field}' does not exist or you do not have permission to view it.`)
  const { operator, operand } = clause
  if (!field.operators.includes(operator)) return refuse(`The operator '${operator}' is not supported by the '${clause.field}' field.`)
  if (operator === 'is' || operator === 'is not') {
    if (operand.kind !== 'empty') return refuse(`The operator '${operator}' only supports EMPTY and NULL as operands.`)
    return operator === 'is' ? (issue) => field.values(issue).length === 0 : (issue) => field.values(issue).length > 0
  }
  if (operator === '~' || operator === '!~') return compileText(field, clause, refuse)
  const isList = operator === 'in' || operator === 'not in'
  if (isList && field.functions === 'sprint' && operand.kind === 'function') return compileSprints(field, operator, operand.name, refuse)
  if (isList !== (operand.kind === 'list')) {
    return refuse(
      isList
        ? `Operator '${operator}' does not support the non-list value '${textOf(operand)}' for field '${clause.field}'.`
        : `Operator '${operator}' does not support the list value ${textOf(operand)} for field '${clause.field}'.`,
    )
  }
  const operands = operand.kind === 'list' ? operand.items : [operand]
  const known = operands.map((item) => operandValue(item, clause.field, field, context))
  for (const value of known) if (typeof value === 'object' && value !== null) messages.push(value.refused)
  return compare(
    field,
    operator,
    known.filter((value): value is Value | null => typeof value !== 'object' || value === null),
  )
}

function textOf(operand: Operand): string {
  switch (operand.kind) {
    case 'value':
      return operand.text
    case 'function':
      return `${operand.name}()`
    case 'empty':
      return 'EMPTY'
    case 'list':
      return `(${operand.items.map((item) => `"${textOf(item)}"`).join(', ')})`
  }
}

function compileText(field: JqlField, clause: FieldClause, refuse: (message: string) => Predicate): Predicate {
  const { operand } = clause
  if (operand.kind !== 'value')
    return refuse(`The operator '${clause.operator}' does not support '${textOf(operand)}' for field '${clause.field}'.`)
  const query = operand.text.trim()
  if (query === '') return refuse(`The field '${clause.field}' does not support searching for an empty string.`)
  if (/^[*?]/.test(query))
    return refuse(`The text query '${query}' for field '${clause.field}' is not allowed to start with character '${query.charAt(0)}'.`)
  const isIn = textMatcher(query)
  const of = field.text ?? (() => '')
  if (clause.operator === '~') return (issue) => isIn(of(issue))
  return (issue) => of(issue) !== '' && !isIn(of(issue))
}

/** What an operand means: a value, or `null` for EMPTY. */
function operandValue(operand: Operand, name: string, field: JqlField, context: JqlContext): Value | null | { readonly refused: string } {
  switch (operand.kind) {
    case 'empty':
      return null
    case 'value':
      return field.parse(operand.text, context, name)
    case 'list':
      return { refused: `Operator 'in' does not support a list inside a list for field '${name}'.` }
    case 'function':
      return functionValue(operand, name, field, context)
  }
}

function functionValue(
  operand: Extract<Operand, { kind: 'function' }>,
  name: string,
  field: JqlField,
  context: JqlContext,
): Value | { readonly refused: string } {
  if (operand.name.toLowerCase() === 'currentuser') {
    return field.functions === 'user'
      ? meant(USERS, context.currentUser).accountId
      : { refused: `A value provided by the function 'currentUser' is invalid for the field '${name}'.` }
  }
  const ms = jqlFunctionMs(operand.name, operand.args, context.nowMs)
  if (ms === undefined) return { refused: `Unable to find JQL function '${operand.name}(${operand.args.join(', ')})'.` }
  if (ms === 'bad-argument')
    return { refused: `Duration for function '${operand.name}' should have the format (+/-)n(yMwdm), e.g -1M for 1 month earlier.` }
  if (field.functions !== 'time')
    return { refused: `A value provided by the function '${operand.name}' is invalid for the field '${name}'.` }
  return ms
}

/** Compares what an issue holds with the values of the operand. Nothing compares with an empty field but EMPTY itself. */
function compare(field: JqlField, operator: Operator, wanted: readonly (Value | null)[]): Predicate {
  const set = new Set<Value>(wanted.filter((value) => value !== null))
  const hasEmpty = wanted.includes(null)
  const isOneOf = (values: readonly Value[]): boolean => (values.length === 0 ? hasEmpty : values.some((value) => set.has(value)))
  switch (operator) {
    case '=':
    case 'in':
      return (issue) => isOneOf(field.values(issue))
    case '!=':
    case 'not in':
      return (issue) => field.values(issue).length > 0 && !isOneOf(field.values(issue))
    case '>':
    case '>=':
    case '<':
    case '<=': {
      const [bound] = set
      if (bound === undefined) return never
      if (field.names[0] === 'priority') return rankedBy(field, operator, bound)
      return (issue) => field.values(issue).some((value) => isOrdered(operator, value, bound))
    }
    case '~':
    case '!~':
    case 'is':
    case 'is not':
      return never
  }
}

function isOrdered(operator: '>' | '>=' | '<' | '<=', a: Value, b: Value): boolean {
  if (operator === '>') return a > b
  if (operator === '>=') return a >= b
  return operator === '<' ? a < b : a <= b
}

/** Priorities compare by rank, not by id: `priority > Low` are the more pressing ones. */
function rankedBy(field: JqlField, operator: '>' | '>=' | '<' | '<=', boundId: Value): Predicate {
  const rankOf = (id: Value): number => PRIORITIES.length - PRIORITIES.findIndex((priority) => priority.id === id)
  const bound = rankOf(boundId)
  return (issue) => field.values(issue).some((id) => isOrdered(operator, rankOf(id), bound))
}

function compileOrder(orderBy: readonly OrderBy[], messages: string[]): Pick<CompiledJql, 'sortKeyOf' | 'compareKeys'> {
  if (orderBy.length > MAX_ORDER_FIELDS) messages.push(`The orderBy clause can contain a maximum of ${MAX_ORDER_FIELDS} fields.`)
  const parts = orderBy.flatMap(({ field: name, direction }) => {
    const field = fieldNamed(name)
    if (!field) messages.push(`Field '${name}' does not exist or you do not have permission to view it.`)
    else if (!field.sortOf || field.names[0] === 'text') messages.push(`Not able to sort using field '${name}'.`)
    else return [{ of: field.sortOf, sign: direction === 'asc' ? 1 : -1 }]
    return []
  })
  return {
    sortKeyOf: (issue) => [...parts.map((part) => part.of(issue)), Number(issue.id)],
    compareKeys: (a, b) => {
      for (const [index, { sign }] of parts.entries()) {
        const order = compareValues(a[index] ?? null, b[index] ?? null)
        if (order !== 0) return sign * order
      }
      // Newest first where nothing else decides.
      return compareValues(b.at(-1) ?? null, a.at(-1) ?? null)
    },
  }
}

/** Empty comes after everything. */
function compareValues(a: Value | null, b: Value | null): number {
  if (a === b) return 0
  if (a === null) return 1
  if (b === null) return -1
  return a < b ? -1 : 1
}
