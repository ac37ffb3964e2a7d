import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { ObjectDescription, RecordDelta } from '../../../sync-engine/connectors/connector.ts'
import { planJiraCalls } from '../../../sync-engine/connectors/jira-plan.ts'

const statuses = [
  { id: '1', name: 'To Do' },
  { id: '3', name: 'In Progress' },
]
const description: ObjectDescription = {
  app: 'jira',
  appName: 'Jira',
  object: 'issues',
  objectName: 'Issues',
  keyField: 'issuekey',
  nameField: 'summary',
  readBatch: 100,
  updateAnswersRecord: true,
  indexDelayMs: 1000,
  fields: [
    { id: 'summary', name: 'Summary', type: 'text', wire: 'text', writable: true },
    { id: 'duedate', name: 'Due date', type: 'date', wire: 'date', writable: true },
    { id: 'description', name: 'Description', type: 'long-text', wire: 'adf', writable: true },
    { id: 'status', name: 'Status', type: 'single-select', wire: 'named', writable: true, writtenBy: 'transition', options: statuses },
  ],
}
const delta = (recordId: string, changes: Record<string, string | null>): RecordDelta => ({
  recordId,
  recordKey: `MEA-${recordId}`,
  changes: Object.entries(changes).map(([field, value]) => ({ field, value })),
})

describe('Jira plan', () => {
  it('[J10] an issue costs one edit that holds exactly the changed fields', () => {
    const first = delta('17', { summary: 'New trays', duedate: null })
    const second = delta('18', { summary: 'New trays' })
    expect(planJiraCalls([first, second], description)).toEqual([
      {
        method: 'PUT',
        path: '/rest/api/3/issue/17?returnIssue=true',
        body: { fields: { summary: 'New trays', duedate: null } },
        deltas: [first],
      },
      { method: 'PUT', path: '/rest/api/3/issue/18?returnIssue=true', body: { fields: { summary: 'New trays' } }, deltas: [second] },
    ])
  })

  it('[J10] nothing changed costs nothing', () => {
    expect(planJiraCalls([], description)).toEqual([])
    expect(planJiraCalls([delta('17', {})], description)).toEqual([])
  })

  it('[J11] a status moves by a transition that is looked up, after the edit', () => {
    const [edit, move, ...more] = planJiraCalls([delta('17', { status: 'in progress', summary: 'a' })], description)
    expect(more).toEqual([])
    expect(edit).toMatchObject({ body: { fields: { summary: 'a' } }, deltas: [{ changes: [{ field: 'summary', value: 'a' }] }] })
    expect(move).toEqual({
      method: 'POST',
      path: '/rest/api/3/issue/17/transitions',
      body: { transition: { id: '{transition to In Progress}' } },
      lookup: { method: 'GET', path: '/rest/api/3/issue/17/transitions', finds: 'the transition to In Progress' },
      deltas: [delta('17', { status: 'in progress' })],
    })
  })

  it('[J12] a changed rich text looks up the document it goes into; a cleared one need not', () => {
    const [call] = planJiraCalls([delta('17', { description: 'new', summary: 's' })], description)
    expect(call).toMatchObject({
      body: {
        fields: { summary: 's', description: { type: 'doc', content: [{ type: 'paragraph', content: [{ type: 'text', text: 'new' }] }] } },
      },
      lookup: { method: 'GET', path: '/rest/api/3/issue/17?fields=description' },
    })
    expect(planJiraCalls([delta('17', { description: null })], description)[0]).toEqual({
      method: 'PUT',
      path: '/rest/api/3/issue/17?returnIssue=true',
      body: { fields: { description: null } },
      deltas: [delta('17', { description: null })],
    })
  })

  it('[K4] the planner runs without the network: it imports pure files only', () => {
    const seen = new Set<string>()
    const visit = (path: string) => {
      if (seen.has(path)) return
      seen.add(path)
      const source = readFileSync(path, 'utf8')
      const imports = [...source.matchAll(/^import (?!type)[^;]*? from '([^']+)'/gmsu)].map(([, from = '']) => from)
      for (const from of imports) {
        expect(from.startsWith('.'), `${path} imports ${from}`).toBe(true)
        visit(new URL(from, `file://${path}`).pathname)
      }
    }
    visit(new URL('../../../sync-engine/connectors/jira-plan.ts', import.meta.url).pathname)
    expect([...seen].map((path) => path.split('/').at(-1)).sort()).toEqual([
      'adf.ts',
      'cell-value.ts',
      'jira-bulk.ts',
      'jira-plan.ts',
      'jira-values.ts',
      'nearest-option.ts',
      'options.ts',
      'parts.ts',
    ])
  })
})
