import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { ObjectDescription, PushOutcome, RecordDelta } from '../../../sync-engine/connectors/connector.ts'
import { jiraApp } from '../../../sync-engine/connectors/jira-app.ts'
import { planJiraCalls } from '../../../sync-engine/connectors/jira-plan.ts'
import { type CellValue, choicesValue } from '../../../workbook/cell-value.ts'
import type { ConnectorWorld } from '../../support/connector-contract.ts'
import { type JiraWorld, makeJiraWorld } from '../../support/jira-world.ts'

const signal = new AbortController().signal
let world: ConnectorWorld & JiraWorld
let description: ObjectDescription
let used = 0
beforeAll(async () => {
  world = await makeJiraWorld()
  description = await world.connector.describe(signal)
})
afterEach(async () => {
  await world.setFaults([])
  await world.control({ canBulkChange: true, limits: null })
})
afterAll(() => world.stop())

const take = (count: number): readonly string[] => {
  const ids = world.ids.slice(used, used + count)
  used += count
  if (ids.length < count) throw new Error('Too few issues for these tests')
  return ids
}
const delta = (recordId: string, changes: Record<string, CellValue>, recordKey = recordId): RecordDelta => ({
  recordId,
  recordKey,
  changes: Object.entries(changes).map(([field, value]) => ({ field, value })),
})
const withKeys = async (ids: readonly string[], changes: Record<string, CellValue>): Promise<readonly RecordDelta[]> =>
  (await world.connector.read(ids, [], signal)).records.map(({ id, key }) => delta(id, changes, key))
const push = async (deltas: readonly RecordDelta[], described = description): Promise<readonly PushOutcome[]> => {
  const outcomes: PushOutcome[] = []
  for (const call of planJiraCalls(deltas, described)) outcomes.push(...(await world.connector.update(call, signal)))
  return outcomes
}
const watch = async <T>(act: () => Promise<T>) => {
  const before = (await world.requests()).length
  const result = await act()
  return { result, requests: (await world.requests()).slice(before) }
}
const valuesOf = async (ids: readonly string[], field: string): Promise<readonly CellValue[]> => {
  const { records } = await world.connector.read(ids, [field], signal)
  return ids.map((id) => records.find((record) => record.id === id)?.values[field] ?? null)
}

describe('the same values for many issues', () => {
  test('[JI1] a bulk operation is planned from the number on at which it is fewer calls, and not before', () => {
    const group = (count: number, changes: Record<string, CellValue>) =>
      planJiraCalls(
        Array.from({ length: count }, (_, index) => delta(String(index + 1), changes)),
        description,
      )
    expect(group(6, { customfield_10016: 5 })).toHaveLength(6)
    const [edit, ...others] = group(7, { customfield_10016: 5, duedate: '2026-05-04', priority: 'high', labels: 'b a', assignee: null })
    expect(others).toEqual([])
    expect(edit).toMatchObject({
      method: 'POST',
      path: '/rest/api/3/bulk/issues/fields',
      body: {
        selectedIssueIdsOrKeys: ['1', '2', '3', '4', '5', '6', '7'],
        selectedActions: ['customfield_10016', 'duedate', 'priority', 'labels', 'assignee'],
        editedFieldsInput: {
          clearableNumberFields: [{ fieldId: 'customfield_10016', value: 5 }],
          datePickerFields: [{ fieldId: 'duedate', date: { formattedDate: '2026-05-04' } }],
          priority: { priorityId: '2' },
          labelsFields: [{ fieldId: 'labels', bulkEditMultiSelectFieldOption: 'REPLACE', labels: [{ name: 'a' }, { name: 'b' }] }],
          singleSelectClearableUserPickerFields: [{ fieldId: 'assignee', user: null }],
        },
      },
    })
    // A summary is in no bulk edit, and a text with formatting goes into each issue's own document.
    for (const changes of [{ summary: 'x' }, { description: 'x' }, { customfield_10016: 5, summary: 'x' }])
      expect(group(9, changes)).toHaveLength(9)
    // A status costs two calls an issue, so it pays sooner.
    expect(group(3, { status: 'Done' })).toHaveLength(3)
    expect(group(4, { status: 'Done' })).toHaveLength(1)
    expect(group(1001, { customfield_10016: 5 }).map(({ deltas }) => deltas.length)).toEqual([1000, 1])
    // Nobody's value is changed by that of another: each issue stands in one call for each field.
    const mixed = planJiraCalls(
      Array.from({ length: 30 }, (_, index) =>
        delta(String(index + 1), { customfield_10016: index % 3, status: index % 2 ? 'Done' : 'To Do' }),
      ),
      description,
    )
    const seen = mixed.flatMap(({ deltas }) =>
      deltas.flatMap(({ recordId, changes }) => changes.map(({ field }) => `${recordId} ${field}`)),
    )
    expect([...seen].sort()).toEqual([...new Set(seen)].sort())
    expect(seen).toHaveLength(60)
  })

  test('[JI1] [JI3] what a bulk edit was told is what each issue holds, in fewer requests', async () => {
    const ids = take(20)
    const { result, requests } = await watch(() =>
      push(ids.map((id) => delta(id, { duedate: '2027-03-04', customfield_10060: choicesValue(['10332', '10330']) }))),
    )
    expect(result).toEqual(ids.map((recordId) => ({ kind: 'saved', recordId })))
    expect(requests.filter(({ saved }) => saved)).toHaveLength(1)
    expect(requests.length).toBeLessThanOrEqual(5)
    expect(new Set(await valuesOf(ids, 'duedate'))).toEqual(new Set(['2027-03-04']))
    expect(new Set(await valuesOf(ids, 'customfield_10060'))).toEqual(new Set(['["10330","10332"]']))
    await push(ids.map((id) => delta(id, { duedate: null, customfield_10060: null })))
    expect(new Set([...(await valuesOf(ids, 'duedate')), ...(await valuesOf(ids, 'customfield_10060'))])).toEqual(new Set([null]))
  })

  test('[JI2] issues move together from whatever status they are in; who cannot go there says what Jira offers', async () => {
    const ids = take(8)
    for (const [index, id] of ids.entries()) await world.foreignEdit(id, 'status', index % 2 === 0 ? 'To Do' : 'In Progress')
    const [done = ''] = ids
    await world.foreignEdit(done, 'status', 'Done')
    const deltas = await withKeys(ids, { status: 'In Review' })
    const { result, requests } = await watch(() => push(deltas))
    const byId = new Map(result.map((outcome) => [outcome.recordId, outcome]))
    expect(byId.get(done)).toMatchObject({
      kind: 'refused',
      refusals: [{ field: 'status', reason: expect.stringMatching(/^From Done, Jira offers: /) }],
    })
    for (const id of ids.slice(1)) expect(byId.get(id)).toEqual({ kind: 'saved', recordId: id })
    expect(await valuesOf(ids, 'status')).toEqual(['Done', ...ids.slice(1).map(() => 'In Review')])
    expect(requests.filter(({ path, saved }) => path === '/rest/api/3/bulk/issues/transition' && saved)).toHaveLength(1)
    expect(requests.length).toBeLessThan(ids.length * 2)
  })

  test('[JI2] an issue whose key changed since the plan is moved all the same', async () => {
    const ids = take(5)
    for (const id of ids) await world.foreignEdit(id, 'status', 'To Do')
    const deltas = await withKeys(ids, { status: 'In Progress' })
    await world.changeKey(ids[2] ?? '')
    expect((await push(deltas)).map(({ kind }) => kind)).toEqual(ids.map(() => 'saved'))
    expect(new Set(await valuesOf(ids, 'status'))).toEqual(new Set(['In Progress']))
  })

  test('[JI3] of one operation each issue has its own end: gone, out of reach, saved', async () => {
    const ids = take(9)
    const [gone = '', hidden = '', ...others] = ids
    await world.deleteRecord(gone)
    await world.control({ hide: [hidden] })
    const outcomes = await push(ids.map((id) => delta(id, { customfield_10016: 77 })))
    expect(outcomes.find(({ recordId }) => recordId === gone)).toEqual({ kind: 'gone', recordId: gone })
    // Jira says the same of both: only a credential that sees its projects tells a deletion, and so does this one.
    expect(outcomes.find(({ recordId }) => recordId === hidden)?.kind).toMatch(/^(gone|refused)$/)
    for (const id of others) expect(outcomes.find(({ recordId }) => recordId === id)).toEqual({ kind: 'saved', recordId: id })
    await world.control({ show: [hidden] })
  })

  test.each([
    ['drop', false],
    ['drop-after', true],
    ['500-after', true],
  ] as const)('[JI3] an answer lost to %s leaves every issue of it unknown, and nothing is sent again', async (kind, isSaved) => {
    const ids = take(7)
    await push(ids.map((id) => delta(id, { customfield_10016: 1 })))
    await world.setFaults([{ kind, next: 1, match: { writes: true } }])
    const { result, requests } = await watch(() => push(ids.map((id) => delta(id, { customfield_10016: 2 }))))
    expect(new Set(result.map((outcome) => outcome.kind))).toEqual(new Set(['outcome-unknown']))
    expect(requests.filter(({ method, path }) => method === 'POST' && path.endsWith('/bulk/issues/fields'))).toHaveLength(1)
    await world.setFaults([])
    world.advance(60_000)
    await world.connector.read(ids, [], signal)
    expect(new Set(await valuesOf(ids, 'customfield_10016'))).toEqual(new Set([isSaved ? 2 : 1]))
  })

  test('[JI4] where Jira stops taking the edits in between, those before it are saved, and the rest was not sent', async () => {
    const ids = take(7)
    await world.control({ canBulkChange: false })
    await world.setFaults([{ kind: '429', retryAfterS: 3600, match: { path: ids[3] ?? '', method: 'PUT' } }])
    const outcomes = await push(ids.map((id) => delta(id, { customfield_10016: 5 })))
    expect(outcomes.map(({ kind }) => kind)).toEqual([...Array(3).fill('saved'), ...Array(4).fill('not-sent')])
    expect(outcomes.map(({ recordId }) => recordId)).toEqual(ids)
    await world.setFaults([])
    await world.control({ canBulkChange: true })
  })

  test('[JI4] without the right to change many, the plan is an edit an issue; where it was taken back, the run falls back by itself', async () => {
    const ids = take(7)
    await world.control({ canBulkChange: false })
    const planned = ids.map((id) => delta(id, { customfield_10016: 4 }))
    const { result, requests } = await watch(() => push(planned))
    expect(result.map(({ kind }) => kind)).toEqual(ids.map(() => 'saved'))
    expect(requests.filter(({ method }) => method === 'PUT')).toHaveLength(ids.length)
    const without = await world.connector.describe(signal)
    expect(without.batchUpdate).toBe(1)
    expect(planJiraCalls(planned, without)).toHaveLength(ids.length)
    await world.control({ canBulkChange: true })
    description = await world.connector.describe(signal)
    expect(description.batchUpdate).toBe(1000)
  })
})

describe('what issues hold', () => {
  test('[JI5] lists, sprints and people are described with their options, and read as they were written', async () => {
    const field = (id: string) => description.fields.find((one) => one.id === id)
    expect([field('customfield_10060')?.type, field('customfield_10060')?.options?.map(({ name }) => name)]).toEqual([
      'multi-select',
      ['Europe', 'Americas', 'Asia Pacific'],
    ])
    expect([
      field('customfield_10021')?.type,
      field('customfield_10021')
        ?.options?.map(({ name }) => name)
        .sort(),
    ]).toEqual(['single-select', ['Sprint 2', 'Sprint 3']])
    expect(field('components')?.options?.map(({ name }) => name)).toEqual(['Web', 'API', 'Mobile app'])
    expect(field('customfield_10061')?.options?.map(({ name }) => name)).toContain('Ben Ortiz')
    const [id = ''] = take(1)
    const changes = {
      customfield_10060: choicesValue(['10332', '10330']),
      customfield_10061: choicesValue(['5f1a2b3c4d5e6f7081920a03', '5f1a2b3c4d5e6f7081920a02']),
      customfield_10021: 'Sprint 3',
      fixVersions: choicesValue(['10502']),
      components: null,
    }
    expect((await push([delta(id, changes)])).map(({ kind }) => kind)).toEqual(['saved'])
    const { records } = await world.connector.read([id], Object.keys(changes), signal)
    expect(records[0]?.values).toEqual(changes)
    expect(records[0]?.people).toMatchObject({ '5f1a2b3c4d5e6f7081920a02': 'Ben Ortiz' })
    expect(await push([delta(id, { customfield_10021: 'Sprint 1' })])).toMatchObject([
      { kind: 'refused', refusals: [{ field: 'customfield_10021' }] },
    ])
  })

  test('[JI6] a create asks for the project, then the type, then what their screen requires', async () => {
    const { connector } = world
    const ask = async (context: Record<string, CellValue>) => {
      const needs = await connector.requiredToCreate?.(context, signal)
      return needs?.required.map(({ id }) => id)
    }
    expect(await ask({})).toEqual(['project'])
    expect(await ask({ project: 'OPS' })).toEqual(['project', 'issuetype'])
    const { result, requests } = await watch(() => ask({ project: 'OPS', issuetype: 'bug' }))
    expect(result).toEqual(['project', 'issuetype', 'summary'])
    expect(requests.length).toBeLessThanOrEqual(2)
    const needs = await connector.requiredToCreate?.({ project: 'OPS', issuetype: 'Bug' }, signal)
    expect(needs?.required.find(({ id }) => id === 'project')?.options?.map(({ id }) => id)).toEqual(['OPS', 'TB'])
    expect(needs?.optional.map(({ id }) => id)).toContain('duedate')
    const changes = [
      { field: 'project', value: 'Operations' },
      { field: 'issuetype', value: 'Bug' },
      { field: 'summary', value: 'Made in the other project' },
    ]
    const made = await connector.createMany([{ changes, marker: 'into-ops' }], signal)
    expect(made).toMatchObject([{ kind: 'saved', record: { key: expect.stringMatching(/^OPS-/) } }])
    const some = await connector.createMany(
      ['a', '', 'c'].map((summary, index) => ({ changes: [{ field: 'summary', value: summary || null }], marker: `m${index}` })),
      signal,
    )
    expect(some).toMatchObject([{ kind: 'saved' }, { kind: 'refused', refusals: [{ field: 'summary' }] }, { kind: 'saved' }])
  })

  test('[JI7] people are found by the beginning of a name', async () => {
    expect(await world.connector.searchPeople?.('ma', 5, signal)).toEqual([{ id: '5f1a2b3c4d5e6f7081920a03', name: 'Mara Rossi' }])
    expect(await world.connector.searchPeople?.('ort', 5, signal)).toMatchObject([{ name: 'Ben Ortiz' }])
    expect(await world.connector.searchPeople?.('nobody of that name', 5, signal)).toEqual([])
    expect(await world.connector.searchPeople?.('', 2, signal)).toHaveLength(2)
  })

  test('[JI8] through the gateway the connector does the same, and links lead to the site', async () => {
    const { connector, baseUrl } = await world.throughGateway()
    const described = await connector.describe(signal)
    expect(described.fields.map(({ id }) => id)).toEqual(description.fields.map(({ id }) => id))
    expect(described.recordUrl).toBe(description.recordUrl)
    expect(baseUrl).toContain('/ex/jira/')
    const [id = ''] = take(1)
    const [call] = planJiraCalls([delta(id, { summary: 'Through the gateway' })], described)
    expect(call && (await connector.update(call, signal))).toMatchObject([{ kind: 'saved' }])
    expect((await connector.read([id], ['summary'], signal)).records[0]?.values.summary).toBe('Through the gateway')
  })
})

test.each([
  ['jira-burst-based', 'endpoint'],
  ['jira-per-issue-on-write', 'path'],
  ['jira-quota-global-based', 'credential'],
  ['jira-quota-tenant-based', 'credential'],
])('[JI9] a 429 for %s holds back the %s', (reason, holds) => {
  const headers = new Headers({ 'retry-after': '7', 'ratelimit-reason': reason })
  const answer = { kind: 'answer', status: 429, headers, text: '', json: undefined } as const
  expect(jiraApp.rates?.news?.(answer, { method: 'PUT', path: '/rest/api/3/issue/1' }, 0)).toEqual({
    kind: 'turned-away',
    holds,
    waitMs: 7000,
    reason,
  })
  expect(jiraApp.rates?.news?.({ ...answer, status: 200 }, { method: 'GET', path: '/' }, 0)).toBeUndefined()
})
