import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compileJql } from '../../sandbox/jira/jql/evaluate.ts'
import { parseJql } from '../../sandbox/jira/jql/parse.ts'
import { JqlSyntaxError } from '../../sandbox/jira/jql/tokens.ts'
import { type Issue, issueShape } from '../../sandbox/jira/model.ts'
import { makeSeedIssue } from '../../sandbox/jira/seed-issues.ts'
import { START_MS, seededRandom } from './world.ts'

const iso = (text: string): string => new Date(text).toISOString()

function issue(number: number, parts: Partial<Issue>): Issue {
  return issueShape.parse({
    id: String(10_000 + number),
    key: `TB-${number}`,
    summary: `Issue ${number}`,
    created: '2026-01-01T08:00:00.000Z',
    updated: '2026-01-01T08:00:00.000Z',
    statusChanged: '2026-01-01T08:00:00.000Z',
    ...parts,
  })
}

const doc = (text: string): Issue['description'] => ({
  type: 'doc',
  version: 1,
  content: [{ type: 'paragraph', content: [{ type: 'text', text }] }],
})

/** Five issues that differ in everything. It is 2026-02-01, 12:00 UTC. */
const ISSUES: readonly Issue[] = [
  issue(1, {
    summary: 'Write the launch plan',
    status: 'To Do',
    priority: 'High',
    assignee: 'Mara Rossi',
    labels: ['Launch', 'docs'],
    updated: iso('2026-02-01T11:50:00Z'),
  }),
  issue(2, {
    summary: 'Fix the e-mail digest',
    status: 'DONE',
    priority: 'Highest',
    type: 'Bug',
    resolved: iso('2026-01-20T10:00:00Z'),
    duedate: '2026-01-31',
    storyPoints: 3,
  }),
  issue(3, {
    summary: 'Launches and landings',
    status: 'In Progress',
    priority: 'Low',
    assignee: 'Dana Kim',
    storyPoints: 8,
    team: 'Data',
    updated: iso('2026-01-31T09:15:00Z'),
  }),
  issue(10, {
    summary: 'Read the plan (again)',
    status: 'In Review',
    assignee: 'Dana Kim',
    reporter: 'Ben Ortiz',
    duedate: '2026-02-02',
    description: doc('Nothing to launch here'),
    targetStart: iso('2026-02-03T10:00:00Z'),
  }),
  {
    ...issue(11, { summary: 'Hand over', labels: ['ops'], reference: 'https://example.com/a', billable: true }),
    key: 'OPS-7',
    formerKeys: ['TB-11'],
  },
]

function run(jql: string, issues: readonly Issue[] = ISSUES, nowMs = START_MS): string[] {
  const compiled = compileJql(parseJql(jql), { nowMs, currentUser: 'Dana Kim', findIssue: (name) => find(issues, name) })
  if (compiled.kind === 'refused') throw new Error(compiled.messages.join(' '))
  const { isMatch, sortKeyOf, compareKeys } = compiled.jql
  return issues
    .filter(isMatch)
    .sort((a, b) => compareKeys(sortKeyOf(a), sortKeyOf(b)))
    .map((found) => found.key)
}

function find(issues: readonly Issue[], name: string): Issue | undefined {
  return issues.find((candidate) => [candidate.id, candidate.key, ...candidate.formerKeys].includes(name.toUpperCase()))
}

function refusals(jql: string): readonly string[] {
  try {
    const compiled = compileJql(parseJql(jql), { nowMs: START_MS, currentUser: 'Dana Kim', findIssue: (name) => find(ISSUES, name) })
    return compiled.kind === 'refused' ? compiled.messages : []
  } catch (error) {
    if (error instanceof JqlSyntaxError) return [error.message]
    throw error
  }
}

describe('queries', () => {
  test.each([
    ['project = TB ORDER BY key', 'TB-1 TB-2 TB-3 TB-10'],
    ['project = "Operations"', 'OPS-7'],
    ['project in (tb, 10001) ORDER BY key DESC', 'TB-10 TB-3 TB-2 TB-1 OPS-7'],
    ['project != TB', 'OPS-7'],
    ['key = tb-2', 'TB-2'],
    ['issuekey in (TB-1, "TB-3") ORDER BY issuekey', 'TB-1 TB-3'],
    ['key = TB-11', 'OPS-7'],
    ['key > TB-2 AND project = TB ORDER BY key', 'TB-3 TB-10'],
    ['id = 10002', 'TB-2'],
    ['id in (10001, 10003) ORDER BY id', 'TB-1 TB-3'],
    ['issue = 10010', 'TB-10'],
    ['status = "To Do" ORDER BY key', 'OPS-7 TB-1'],
    ['status = done', 'TB-2'],
    ['status = 10002', 'TB-2'],
    ['status not in (Done, "To Do") ORDER BY key', 'TB-3 TB-10'],
    ['statusCategory = "In Progress" ORDER BY key', 'TB-3 TB-10'],
    ['assignee = currentUser() ORDER BY key', 'TB-3 TB-10'],
    ['assignee = "Mara Rossi"', 'TB-1'],
    ['assignee = 5f1a2b3c4d5e6f7081920a03', 'TB-1'],
    ['assignee IS EMPTY ORDER BY key', 'OPS-7 TB-2'],
    ['assignee is not null ORDER BY key', 'TB-1 TB-3 TB-10'],
    ['assignee != "Mara Rossi" ORDER BY key', 'TB-3 TB-10'],
    ['NOT assignee = "Mara Rossi" ORDER BY key', 'TB-3 TB-10'],
    ['assignee in (EMPTY, currentUser()) ORDER BY key', 'OPS-7 TB-2 TB-3 TB-10'],
    ['assignee = EMPTY ORDER BY key', 'OPS-7 TB-2'],
    ['reporter = "Ben Ortiz"', 'TB-10'],
    ['priority = HIGHEST', 'TB-2'],
    ['priority >= High ORDER BY priority DESC', 'TB-2 TB-1'],
    ['priority < Medium', 'TB-3'],
    ['issuetype = Bug', 'TB-2'],
    ['type in (bug, task) AND priority = Low', 'TB-3'],
    ['labels = launch', 'TB-1'],
    ['labels in (ops, docs) ORDER BY key', 'OPS-7 TB-1'],
    ['labels != launch', 'OPS-7'],
    ['labels is empty ORDER BY key', 'TB-2 TB-3 TB-10'],
    ['duedate = 2026-01-31', 'TB-2'],
    ['due <= "2026/02/02" ORDER BY due', 'TB-2 TB-10'],
    ['due < now()', 'TB-2'],
    ['due > startOfDay()', 'TB-10'],
    ['due = startOfDay(1)', 'TB-10'],
    ['duedate is EMPTY ORDER BY key', 'OPS-7 TB-1 TB-3'],
    ['resolution = Done', 'TB-2'],
    ['resolution = EMPTY AND priority = High', 'TB-1'],
    ['summary ~ launch', 'TB-1'],
    ['summary ~ "launch*" ORDER BY key', 'TB-1 TB-3'],
    ['summary ~ "plan launch"', 'TB-1'],
    ['summary ~ "\\"launch plan\\""', 'TB-1'],
    ['summary ~ "\\"plan launch\\""', ''],
    ['summary ~ "e-mail"', 'TB-2'],
    ['summary ~ "l?nch*" ORDER BY key', ''],
    ['summary ~ "la?nch" ORDER BY key', 'TB-1'],
    ['summary !~ plan ORDER BY key', 'OPS-7 TB-2 TB-3'],
    ['text ~ launch ORDER BY key', 'TB-1 TB-10'],
    ['description ~ launch', 'TB-10'],
    ['description is empty AND project = OPS', 'OPS-7'],
    ['updated >= "2026-01-31 09:15" ORDER BY updated', 'TB-3 TB-1'],
    ['updated > "2026-01-31 09:15"', 'TB-1'],
    ['updated <= "2026-01-31 09:15" AND updated > 2026-01-30', 'TB-3'],
    ['updated >= -15m', 'TB-1'],
    ['updated >= -1d', 'TB-1'],
    ['updated >= "-1d 3h" ORDER BY key', 'TB-1 TB-3'],
    ['updated >= -4w AND updated <= -1h', 'TB-3'],
    ['created < -1M', 'TB-1 TB-2 TB-3 TB-10 OPS-7'.split(' ').reverse().join(' ')],
    ['created = "2026-01-01 08:00" AND key = TB-1', 'TB-1'],
    ['"Story points" > 3', 'TB-3'],
    ['cf[10016] = 3', 'TB-2'],
    ['"story points" is empty ORDER BY key', 'OPS-7 TB-1 TB-10'],
    ['Team = data', 'TB-3'],
    ['"Target start" > now()', 'TB-10'],
    ['Reference = "https://example.com/a"', 'OPS-7'],
    ['Billable = Yes', 'OPS-7'],
    ['status = Done OR priority = High ORDER BY key', 'TB-1 TB-2'],
    ['status = Done OR priority = High AND labels = docs ORDER BY key', 'TB-1 TB-2'],
    ['(status = Done OR priority = High) AND labels = docs', 'TB-1'],
    ['NOT (status = "To Do" OR status = Done) ORDER BY key', 'TB-3 TB-10'],
    ['!(status = "To Do") && !(status = Done) ORDER BY key', 'TB-3 TB-10'],
    ['status = Done || key = TB-1 ORDER BY key', 'TB-1 TB-2'],
    ['project = TB ORDER BY assignee, key DESC', 'TB-10 TB-3 TB-1 TB-2'],
    ['project = TB ORDER BY assignee DESC, key', 'TB-2 TB-1 TB-3 TB-10'],
    ['project = TB ORDER BY cf[10016] DESC', 'TB-10 TB-1 TB-3 TB-2'],
    ['project = TB ORDER BY status ASC', 'TB-1 TB-3 TB-10 TB-2'],
    ['project = TB', 'TB-10 TB-3 TB-2 TB-1'],
    ["summary ~ 'launch' AND\n\tpriority\u00a0= High", 'TB-1'],
    ['STATUS = "to do" and Priority = high Order By KEY', 'TB-1'],
  ])('[SB6] %s', (jql, keys) => {
    expect(run(jql).join(' ')).toBe(keys)
  })

  test('[SB6] a query may be empty or only sort; whether that is allowed is the endpoint’s to say', () => {
    expect([parseJql(''), parseJql('ORDER BY key desc, updated')]).toEqual([
      { orderBy: [] },
      {
        orderBy: [
          { field: 'key', direction: 'desc' },
          { field: 'updated', direction: 'asc' },
        ],
      },
    ])
  })
})

describe('refusals', () => {
  const operators = "The valid operators are '=', '!=', '<', '>', '<=', '>=', '~', '!~', 'IN', 'NOT IN', 'IS' and 'IS NOT'."
  test.each([
    ["status = 'Blocked'", ["The value 'Blocked' does not exist for the field 'status'."]],
    [
      'project = NO AND status = Gone',
      ["The value 'NO' does not exist for the field 'project'.", "The value 'Gone' does not exist for the field 'status'."],
    ],
    ['assignee = "Nobody Here"', ["The value 'Nobody Here' does not exist for the field 'assignee'."]],
    ['priority in (High, Urgent)', ["The value 'Urgent' does not exist for the field 'priority'."]],
    ['shoe = 44', ["Field 'shoe' does not exist or you do not have permission to view it."]],
    ['key = TB-999', ["An issue with key 'TB-999' does not exist for field 'key'."]],
    ['key = nonsense', ["The issue key 'nonsense' for field 'key' is invalid."]],
    ['id = 99999', ["A value with ID '99999' does not exist for the field 'id'."]],
    ['summary = launch', ["The operator '=' is not supported by the 'summary' field."]],
    ['status ~ Done', ["The operator '~' is not supported by the 'status' field."]],
    ['status > Done', ["The operator '>' is not supported by the 'status' field."]],
    ['summary ~ ""', ["The field 'summary' does not support searching for an empty string."]],
    ['summary ~ "*launch"', ["The text query '*launch' for field 'summary' is not allowed to start with character '*'."]],
    ['status IN Done', ["Operator 'in' does not support the non-list value 'Done' for field 'status'."]],
    ['status = (Done)', ["Operator '=' does not support the list value (\"Done\") for field 'status'."]],
    ['assignee is "Mara Rossi"', ["The operator 'is' only supports EMPTY and NULL as operands."]],
    [
      'updated > yesterday',
      [
        "Date value 'yesterday' for field 'updated' is invalid. Valid formats include: 'yyyy/MM/dd HH:mm', 'yyyy-MM-dd HH:mm', 'yyyy/MM/dd', 'yyyy-MM-dd', or a period format e.g. '-5d', '4w 2d'.",
      ],
    ],
    ['cf[10016] > many', ["'many' is an invalid value for the field 'cf[10016]'. Please enter a number."]],
    ['assignee = membersOf("x")', ["Unable to find JQL function 'membersOf(x)'."]],
    ['status = currentUser()', ["A value provided by the function 'currentUser' is invalid for the field 'status'."]],
    ['project = TB ORDER BY text', ["Not able to sort using field 'text'."]],
    ['project = TB ORDER BY shoe', ["Field 'shoe' does not exist or you do not have permission to view it."]],
    [
      'project = TB ORDER BY key, id, status, priority, updated, created, due, summary',
      ['The orderBy clause can contain a maximum of 7 fields.'],
    ],
    ['status', [`Error in the JQL Query: Expecting operator before the end of the query. ${operators}`]],
    ['status Done', [`Error in the JQL Query: Expecting operator but got 'Done'. ${operators} (line 1, character 8)`]],
    ['status =', ['Error in the JQL Query: Expecting either a value, list or function before the end of the query.']],
    [
      'status = AND',
      [
        "Error in the JQL Query: Expecting either a value, list or function but got 'AND'. You must surround 'AND' in quotation marks to use it as a value. (line 1, character 10)",
      ],
    ],
    [
      '= Done',
      [
        "Error in the JQL Query: Expecting a field name but got '='. You must surround '=' in quotation marks to use it as a field name. (line 1, character 1)",
      ],
    ],
    ['(status = Done', ["Error in the JQL Query: Expecting ')' before the end of the query."]],
    ['status = Done)', ["Error in the JQL Query: Expecting either 'OR' or 'AND' but got ')'. (line 1, character 14)"]],
    ['status = Done\nproject = TB', ["Error in the JQL Query: Expecting either 'OR' or 'AND' but got 'project'. (line 2, character 1)"]],
    ['status = "Done', ["Error in the JQL Query: The quoted string 'Done' has not been completed. (line 1, character 10)"]],
    [
      'summary ~ a@b',
      [
        "Error in the JQL Query: The character '@' is a reserved JQL character. You must enclose it in a string or use the escape '\\u0040' instead. (line 1, character 12)",
      ],
    ],
    [
      'project = DELETE',
      [
        "Error in the JQL Query: 'DELETE' is a reserved JQL word. You must surround it in quotation marks to use it in a query. (line 1, character 11)",
      ],
    ],
    ['project = TB ORDER key', ["Error in the JQL Query: Expecting 'by' but got 'key'. (line 1, character 20)"]],
    [
      'summary ~ "a\\x"',
      [
        "Error in the JQL Query: '\\x' is an illegal JQL escape sequence. The valid escape sequences are \\', \\\", \\t, \\n, \\r, \\\\, '\\ ' and \\uXXXX. (line 1, character 13)",
      ],
    ],
  ])('[SB8] %s', (jql, messages) => {
    expect(refusals(jql)).toEqual(messages)
  })
})

/* A second evaluator, of three-valued logic over plain sets, that knows nothing of the first. */

type Truth = boolean | 'empty'
interface Leaf {
  readonly text: string
  readonly holds: (candidate: Issue) => Truth
}
type Tree = { readonly leaf: Leaf } | { readonly and: readonly Tree[] } | { readonly or: readonly Tree[] } | { readonly not: Tree }

function textOf(tree: Tree): string {
  if ('leaf' in tree) return tree.leaf.text
  if ('not' in tree) return `NOT (${textOf(tree.not)})`
  return 'and' in tree ? `(${tree.and.map(textOf).join(' AND ')})` : `(${tree.or.map(textOf).join(' OR ')})`
}

/** What is said of an empty field is neither true nor false: it matches neither the clause nor its negation. */
function holds(tree: Tree, candidate: Issue): Truth {
  if ('leaf' in tree) return tree.leaf.holds(candidate)
  if ('not' in tree) {
    const inner = holds(tree.not, candidate)
    return inner === 'empty' ? 'empty' : !inner
  }
  const parts = ('and' in tree ? tree.and : tree.or).map((part) => holds(part, candidate))
  const decisive = !('and' in tree)
  if (parts.includes(decisive)) return decisive
  return parts.includes('empty') ? 'empty' : !decisive
}

const quoted = (text: string): string => `"${text.replace(/["\\]/g, '\\$&')}"`
const fold = (text: string): string => text.toLowerCase()

function choiceLeaf(field: string, names: readonly string[], of: (candidate: Issue) => string | null): fc.Arbitrary<Leaf> {
  const known = (candidate: Issue, test: (value: string) => boolean): Truth => {
    const value = of(candidate)
    return value === null ? 'empty' : test(fold(value))
  }
  const name = fc.constantFrom(...names)
  const list = fc.uniqueArray(name, { minLength: 1, maxLength: 3 })
  return fc.oneof(
    name.map(
      (value): Leaf => ({ text: `${field} = ${quoted(value)}`, holds: (candidate) => known(candidate, (is) => is === fold(value)) }),
    ),
    name.map(
      (value): Leaf => ({
        text: `${field} != ${quoted(value.toUpperCase())}`,
        holds: (candidate) => known(candidate, (is) => is !== fold(value)),
      }),
    ),
    list.map(
      (values): Leaf => ({
        text: `${field} IN (${values.map(quoted).join(', ')})`,
        holds: (candidate) => known(candidate, (is) => values.map(fold).includes(is)),
      }),
    ),
    list.map(
      (values): Leaf => ({
        text: `${field} NOT IN (${values.map(quoted).join(', ')})`,
        holds: (candidate) => known(candidate, (is) => !values.map(fold).includes(is)),
      }),
    ),
    fc.boolean().map(
      (isEmpty): Leaf => ({
        text: `${field} IS ${isEmpty ? '' : 'NOT '}EMPTY`,
        holds: (candidate) => (of(candidate) === null) === isEmpty,
      }),
    ),
  )
}

const pointsLeaf: fc.Arbitrary<Leaf> = fc
  .tuple(fc.constantFrom('>', '>=', '<', '<=', '=', '!='), fc.constantFrom(0.5, 1, 3, 5, 8))
  .map(([operator, bound]) => ({
    text: `cf[10016] ${operator} ${quoted(String(bound))}`,
    holds: (candidate) => {
      const points = candidate.storyPoints
      if (points === null) return 'empty'
      const tests = {
        '>': points > bound,
        '>=': points >= bound,
        '<': points < bound,
        '<=': points <= bound,
        '=': points === bound,
        '!=': points !== bound,
      }
      return tests[operator as keyof typeof tests]
    },
  }))

const wordLeaf: fc.Arbitrary<Leaf> = fc
  .tuple(fc.constantFrom('the', 'page', 'fix', 'launch', 'mail', 'zebra'), fc.boolean())
  .map(([word, isPart]) => ({
    text: `summary ~ ${quoted(isPart ? `${word}*` : word)}`,
    holds: (candidate) => {
      const words = candidate.summary.toLowerCase().split(/[^\p{L}\p{N}]+/u)
      return words.some((one) => (isPart ? one.startsWith(word) : one === word))
    },
  }))

const leaf = fc.oneof(
  choiceLeaf('status', ['To Do', 'In Progress', 'In Review', 'Done'], (candidate) => candidate.status),
  choiceLeaf('priority', ['Highest', 'High', 'Medium', 'Low', 'Lowest'], (candidate) => candidate.priority),
  choiceLeaf('assignee', ['Dana Kim', 'Ben Ortiz', 'Mara Rossi'], (candidate) => candidate.assignee),
  choiceLeaf('Team', ['Platform', 'Growth', 'Data'], (candidate) => candidate.team),
  choiceLeaf('type', ['Bug', 'Task', 'Story'], (candidate) => candidate.type),
  pointsLeaf,
  wordLeaf,
)

const tree = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    leaf.map((one): Tree => ({ leaf: one })),
    fc.array(tie('tree'), { minLength: 2, maxLength: 3 }).map((and): Tree => ({ and })),
    fc.array(tie('tree'), { minLength: 2, maxLength: 3 }).map((or): Tree => ({ or })),
    tie('tree').map((not): Tree => ({ not })),
  ),
})).tree

describe('laws', () => {
  const random = seededRandom(7)
  const many = Array.from({ length: 80 }, (_, index) =>
    makeSeedIssue({ index, id: String(10_001 + index), key: `TB-${index + 1}`, changeId: String(index + 1), nowMs: START_MS }, random),
  )

  test('[SB7] every query finds what a naive evaluator finds', () => {
    fc.assert(
      fc.property(tree, (query) => {
        const expected = many.filter((candidate) => holds(query, candidate) === true).map((candidate) => candidate.key)
        expect(run(`${textOf(query)} ORDER BY id`, many)).toEqual(expected)
      }),
      { seed: 20260201, numRuns: 400 },
    )
  })

  test('[SB7] an order is total: any shuffle of the issues sorts the same', () => {
    const fields = fc.uniqueArray(
      fc.constantFrom('key', 'status', 'priority', 'assignee', 'updated', 'due', 'summary', 'cf[10016]', 'labels'),
      { minLength: 1, maxLength: 4 },
    )
    const orders = fc.tuple(fields, fc.array(fc.constantFrom('ASC', 'DESC', ''), { minLength: 4, maxLength: 4 }))
    fc.assert(
      fc.property(orders, fc.shuffledSubarray([...many], { minLength: many.length }), ([names, directions], shuffled) => {
        const order = names.map((name, index) => `${name} ${directions[index] ?? ''}`).join(', ')
        expect(run(`project = TB ORDER BY ${order}`, shuffled)).toEqual(run(`project = TB ORDER BY ${order}`, many))
      }),
      { seed: 20260201, numRuns: 100 },
    )
  })

  test('[SB7] no text whatever breaks the reader: it reads or is refused in Jira’s words', () => {
    const pieces = fc.constantFrom(
      'status',
      '=',
      '"',
      "'",
      '(',
      ')',
      ',',
      ' AND ',
      ' OR ',
      ' NOT ',
      ' IN ',
      ' IS ',
      'EMPTY',
      '\\',
      '\\u12',
      '\n',
      'ORDER BY',
      '-5d',
      '@',
      'é',
      '~',
      '!',
    )
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(pieces, { maxLength: 12 }).map((parts) => parts.join('')),
        ),
        (text) => {
          for (const message of refusals(text)) expect(message.length).toBeGreaterThan(10)
        },
      ),
      { seed: 20260201, numRuns: 2000 },
    )
  })
})
