import { describe, expect, it } from 'vitest'
import type { Connector, ObjectDescription, PushOutcome, RecordDelta } from '../../../sync-engine/connectors/connector.ts'
import type { HttpAnswer, HttpCall, HttpClient, NoAnswer } from '../../../sync-engine/connectors/http-client.ts'
import { makeJiraConnector } from '../../../sync-engine/connectors/jira.ts'
import { planJiraCalls } from '../../../sync-engine/connectors/jira-plan.ts'
import { quoted, splitOrder } from '../../../sync-engine/connectors/jql.ts'
import type { CellValue } from '../../../workbook/cell-value.ts'
import createmeta from '../../fixtures/jira/createmeta.json' with { type: 'json' }
import fieldList from '../../fixtures/jira/field.json' with { type: 'json' }
import issue from '../../fixtures/jira/issue.json' with { type: 'json' }

const signal = new AbortController().signal

const answer = (status: number, json: unknown): HttpAnswer => ({
  kind: 'answer',
  status,
  headers: new Headers(),
  text: JSON.stringify(json),
  json,
})

/** A Jira of fixed answers: the first whose key the call begins with, `METHOD path`. */
class FixedJira implements HttpClient {
  readonly calls: HttpCall[] = []
  readonly #answers: readonly (readonly [string, HttpAnswer | NoAnswer])[]

  constructor(...answers: readonly (readonly [string, HttpAnswer | NoAnswer])[]) {
    this.#answers = answers
  }

  as(): HttpClient {
    return this
  }

  wait(): Promise<void> {
    return Promise.resolve()
  }

  async read(call: HttpCall): Promise<HttpAnswer> {
    const found = this.#answerTo(call)
    if (found.kind === 'no-answer') throw new Error(found.reason)
    return found
  }

  async write(call: HttpCall): Promise<HttpAnswer | NoAnswer> {
    return this.#answerTo(call)
  }

  #answerTo(call: HttpCall): HttpAnswer | NoAnswer {
    this.calls.push(call)
    const name = `${call.method} ${call.path.replace('/rest/api/3/', '')}`
    const found = this.#answers.find(([begin]) => name.startsWith(begin))
    return found?.[1] ?? answer(404, { errorMessages: [`nothing at ${name}`], errors: {} })
  }
}

const site = [
  ['GET serverInfo', answer(200, { baseUrl: 'https://meadow.example', serverTime: '2026-02-01T09:00:00.000+0100' })],
  ['GET field', answer(200, fieldList)],
  ['GET project/search', answer(200, { values: [{ key: 'MEA' }] })],
  [
    'GET project/MEA/statuses',
    answer(200, [
      {
        id: '1',
        statuses: [
          { id: '1', name: 'To Do' },
          { id: '3', name: 'In Progress' },
          { id: '5', name: 'Done' },
        ],
      },
    ]),
  ],
  ['GET user/assignable/search', answer(200, [{ accountId: '712020:aa11', displayName: 'Ida Berg', active: true }])],
  [
    'GET priority/search',
    answer(200, {
      values: [
        { id: '2', name: 'High' },
        { id: '4', name: 'Low' },
      ],
    }),
  ],
  ['GET issue/createmeta/MEA/issuetypes/1', answer(200, createmeta)],
  [
    'GET issue/20017/editmeta',
    answer(200, { fields: { duedate: { required: false, operations: ['set'] }, description: { required: false, operations: ['set'] } } }),
  ],
] as const
const newest = ['POST search/jql', answer(200, { issues: [{ id: '20017', key: 'MEA-17' }], isLast: true })] as const

let described: ObjectDescription | undefined
async function descriptionOf(): Promise<ObjectDescription> {
  described ??= await makeJiraConnector({ http: new FixedJira(...site, newest), object: 'issues' }).describe(signal)
  return described
}

/** A connector that knows the fixture's fields, and the Jira behind it. */
async function jiraWith(...answers: readonly (readonly [string, HttpAnswer | NoAnswer])[]): Promise<{ jira: Connector; http: FixedJira }> {
  const http = new FixedJira(...answers, ...site)
  return { jira: makeJiraConnector({ http, object: 'issues', projectKeys: ['MEA'], description: await descriptionOf() }), http }
}

const delta = (changes: Record<string, CellValue>): RecordDelta => ({
  recordId: '20017',
  recordKey: 'MEA-17',
  changes: Object.entries(changes).map(([field, value]) => ({ field, value })),
})

async function push(jira: Connector, changes: Record<string, CellValue>): Promise<PushOutcome | undefined> {
  const [call] = planJiraCalls([delta(changes)], await descriptionOf())
  return call && (await jira.update(call, signal))[0]
}

const transitions = (...names: string[]) =>
  answer(200, {
    transitions: names.map((name, index) => ({ id: `${index + 1}1`, name: `to ${name}`, hasScreen: false, to: { id: '1', name } })),
  })

describe('Jira connector', () => {
  it('[J13] fields are described from the screens, with their options', async () => {
    const { fields, recordUrl } = await descriptionOf()
    expect(recordUrl).toBe('https://meadow.example/browse/{key}')
    const summary = fields.map(({ id, type, writable, options }) => [
      id,
      type,
      writable === true,
      options?.map(({ name }) => name).join('/') ?? '',
    ])
    expect(summary).toEqual([
      ['issuekey', 'record-key', false, ''],
      ['summary', 'text', true, ''],
      ['status', 'single-select', true, 'To Do/In Progress/Done'],
      ['priority', 'single-select', true, 'High/Low'],
      ['assignee', 'person', true, 'Ida Berg'],
      ['reporter', 'person', false, 'Ida Berg'],
      ['labels', 'text', true, ''],
      ['duedate', 'date', true, ''],
      ['description', 'long-text', true, ''],
      ['created', 'date-time', false, ''],
      ['aggregatetimespent', 'number', false, ''],
      ['fixVersions', 'multi-select', false, ''],
      ['customfield_20001', 'number', true, ''],
      ['customfield_20002', 'single-select', true, 'North/South'],
      ['customfield_20003', 'url', false, ''],
      ['customfield_20004', 'checkbox', true, 'Yes'],
      ['customfield_20005', 'date-time', false, ''],
      ['customfield_20006', 'multi-select', true, 'Spring sale/Autumn'],
      ['customfield_20007', 'text', false, ''],
    ])
    const byId = new Map(fields.map((field) => [field.id, field]))
    expect(byId.get('status')?.writtenBy).toBe('transition')
    expect(byId.get('summary')).toMatchObject({ required: true, maxLength: 255 })
    expect(byId.get('created')?.writable).toEqual({ reason: 'Jira computes this field.' })
    expect(byId.get('customfield_20003')?.writable).toEqual({ reason: 'No screen in Jira lets this field be edited.' })
  })

  it('[J13] what the account may not see is left out of the description', async () => {
    const hidden = answer(403, { errorMessages: ['Not for you.'], errors: {} })
    const http = new FixedJira(['GET user/assignable/search', hidden], ['GET issue/createmeta', hidden], ...site, newest)
    const { fields } = await makeJiraConnector({ http, object: 'issues' }).describe(signal)
    expect(fields.filter(({ writable }) => writable === true).map(({ id }) => id)).toEqual(['status', 'duedate', 'description'])
  })

  it('[J13] a project that the account is limited to and does not see is named', async () => {
    const jira = makeJiraConnector({ http: new FixedJira(...site, newest), object: 'issues', projectKeys: ['MEA', 'GONE'] })
    await expect(jira.describe(signal)).rejects.toMatchObject({ code: 'not-found', message: expect.stringContaining('GONE') })
  })

  it('[J13] a description costs a handful of calls', async () => {
    const http = new FixedJira(...site, newest)
    await makeJiraConnector({ http, object: 'issues' }).describe(signal)
    expect(http.calls).toHaveLength(10)
  })

  it('[J14] a refusal names the fields Jira blames, with the nearest option', async () => {
    const { jira } = await jiraWith([
      'PUT issue/20017',
      answer(400, { errorMessages: [], errors: { customfield_20002: "Option value 'Nroth' is not valid", other: 'x' } }),
    ])
    expect(await push(jira, { customfield_20002: 'Nroth', summary: 'a' })).toEqual({
      kind: 'refused',
      recordId: '20017',
      refusals: [{ field: 'customfield_20002', reason: "Option value 'Nroth' is not valid", nearest: 'North' }],
    })
  })

  it('[J14] a refusal that blames no field is told for each', async () => {
    const { jira } = await jiraWith(['PUT issue/20017', answer(403, { errorMessages: ['You cannot edit this issue.'], errors: {} })])
    expect(await push(jira, { duedate: null, summary: 'a' })).toMatchObject({
      refusals: [
        { field: 'duedate', reason: 'You cannot edit this issue.' },
        { field: 'summary', reason: 'You cannot edit this issue.' },
      ],
    })
  })

  it('[J15] an edit that met another one is unknown, so that it is read and planned anew', async () => {
    const { jira, http } = await jiraWith([
      'PUT issue/20017',
      answer(409, { errorMessages: ['The issue was changed meanwhile.'], errors: {} }),
    ])
    expect(await push(jira, { summary: 'a' })).toEqual({
      kind: 'outcome-unknown',
      recordId: '20017',
      reason: 'Jira answered 409: The issue was changed meanwhile.',
    })
    expect(http.calls).toHaveLength(1)
  })

  it('[J16] a status moves by the transition that leads there today, one without a screen first', async () => {
    const offered = answer(200, {
      transitions: [
        { id: '31', hasScreen: true, to: { name: 'Done' } },
        { id: '41', hasScreen: false, to: { name: 'DONE' } },
      ],
    })
    const { jira, http } = await jiraWith(
      ['GET issue/20017/transitions', offered],
      ['POST issue/20017/transitions', { ...answer(204, undefined), text: '' }],
    )
    expect(await push(jira, { status: 'done' })).toEqual({ kind: 'saved', recordId: '20017' })
    expect(http.calls.at(-1)).toMatchObject({ method: 'POST', body: { transition: { id: '41' } }, kind: 'write' })
  })

  it('[J16] where no transition leads there, Jira is not asked and its ways are named', async () => {
    const { jira, http } = await jiraWith(
      ['GET issue/20017/transitions', transitions('To Do', 'In Progress')],
      ['GET issue/20017', answer(200, issue)],
    )
    expect(await push(jira, { status: 'Done' })).toEqual({
      kind: 'refused',
      recordId: '20017',
      refusals: [{ field: 'status', reason: 'From In Progress, Jira offers: To Do.' }],
    })
    expect(http.calls.filter(({ method }) => method === 'POST')).toEqual([])
  })

  it('[J16] an issue that is in the wanted status already is not moved', async () => {
    const { jira, http } = await jiraWith(['GET issue/20017/transitions', transitions('Done')], ['GET issue/20017', answer(200, issue)])
    expect(await push(jira, { status: 'in progress' })).toMatchObject({ kind: 'saved', record: { values: { status: 'In Progress' } } })
    expect(http.calls.map(({ method }) => method)).toEqual(['GET', 'GET'])
  })

  it('[J16] a transition whose screen wants more is refused in the words of Jira', async () => {
    const refusal = answer(400, { errorMessages: [], errors: { resolution: 'Resolution is required.' } })
    const { jira } = await jiraWith(['GET issue/20017/transitions', transitions('Done')], ['POST issue/20017/transitions', refusal])
    expect(await push(jira, { status: 'Done' })).toEqual({
      kind: 'refused',
      recordId: '20017',
      refusals: [{ field: 'status', reason: 'Resolution is required.' }],
    })
  })

  it('[J12] a changed description keeps what plain text cannot show', async () => {
    const { jira, http } = await jiraWith(['GET issue/20017', answer(200, issue)], ['PUT issue/20017', answer(200, issue)])
    await push(jira, { description: 'Three hundred trays, peat free\n- ask Ola', summary: 's' })
    const [paragraph, list] = issue.fields.description.content
    expect(http.calls.at(-1)?.body).toEqual({
      fields: {
        summary: 's',
        description: {
          ...issue.fields.description,
          content: [
            {
              ...paragraph,
              content: [
                { type: 'text', text: 'T' },
                { type: 'text', text: 'hree' },
                { type: 'text', text: ' hundred trays, ' },
                paragraph?.content[1],
              ],
            },
            list,
          ],
        },
      },
    })
  })

  it('[J12] a change that would lose a table is refused before any write', async () => {
    const cell = (text: string) => ({ type: 'tableCell', content: [{ type: 'paragraph', content: [{ type: 'text', text }] }] })
    const table = { type: 'table', content: [{ type: 'tableRow', content: [cell('a'), cell('b')] }] }
    const { jira, http } = await jiraWith([
      'GET issue/20017',
      answer(200, { ...issue, fields: { description: { type: 'doc', version: 1, content: [table] } } }),
    ])
    expect(await push(jira, { description: 'a | c' })).toMatchObject({
      kind: 'refused',
      refusals: [{ field: 'description', reason: expect.stringContaining('Jira') }],
    })
    expect(http.calls).toHaveLength(1)
  })

  it('[J17] an issue that is not found is gone only where the credential still sees its projects', async () => {
    const missing = answer(404, { errorMessages: ['Issue does not exist or you do not have permission to see it.'], errors: {} })
    const me = ['GET myself', answer(200, { accountId: 'me' })] as const
    const gone = await jiraWith(['PUT issue/20017', missing], ['GET issue/20017', missing], me)
    expect(await push(gone.jira, { summary: 'a' })).toEqual({ kind: 'gone', recordId: '20017' })
    const hidden = await jiraWith(['PUT issue/20017', missing], ['GET issue/20017', missing], me, [
      'GET project/search',
      answer(200, { values: [] }),
    ])
    expect(await hidden.jira.proveGone(['20017'], signal)).toEqual([])
    expect(await push(hidden.jira, { summary: 'a' })).toMatchObject({
      kind: 'refused',
      refusals: [{ field: 'summary', reason: expect.stringContaining('permission') }],
    })
    const back = await jiraWith(['PUT issue/20017', missing], ['GET issue/20017', answer(200, issue)], me)
    expect(await push(back.jira, { summary: 'a' })).toMatchObject({ kind: 'refused' })
  })

  it('[J18] changed-since asks in minutes before now, two more than passed, within the projects', async () => {
    const { jira, http } = await jiraWith(['POST search/jql', answer(200, { issues: [], isLast: true })])
    const start = await jira.changedSince(null, '', ['summary'], signal)
    expect(start).toEqual({ records: [], next: '2026-02-01T08:00:00.000Z' })
    await jira.changedSince('2026-02-01T07:49:30.000Z', 'status = Done OR priority = High ORDER BY rank', ['summary'], signal)
    expect(http.calls.at(-1)?.body).toMatchObject({
      jql: 'project IN ("MEA") AND ((status = Done OR priority = High) AND updated >= -13m) ORDER BY updated ASC',
      fields: ['summary', 'updated'],
    })
  })

  it('[J18] a filter stays within the projects, whatever it says', async () => {
    const { jira, http } = await jiraWith(['POST search/jql', answer(200, { issues: [], isLast: true })])
    await jira.list('status = Done OR summary ~ "order by x" order by created', ['summary', 'issuekey'], 'token', signal)
    expect(http.calls.at(-1)?.body).toEqual({
      jql: 'project IN ("MEA") AND (status = Done OR summary ~ "order by x") order by created',
      fields: ['summary', 'updated'],
      maxResults: 100,
      nextPageToken: 'token',
    })
    expect(splitOrder(`summary ~ 'a "order by"' AND (x = 1)ORDER BY y`)).toEqual({
      condition: `summary ~ 'a "order by"' AND (x = 1)`,
      order: 'ORDER BY y',
    })
    expect(splitOrder('order by key')).toEqual({ condition: '', order: 'order by key' })
    expect(splitOrder('reorder = by')).toEqual({ condition: 'reorder = by', order: '' })
    expect(quoted('a "b" \\ c')).toBe('"a \\"b\\" \\\\ c"')
  })

  it('[J19] a page that comes again ends the search instead of turning it for ever', async () => {
    const { jira, http } = await jiraWith(['POST search/jql', answer(200, { issues: [], nextPageToken: 'same' })])
    await expect(jira.changedSince('2026-02-01T07:49:30.000Z', '', [], signal)).rejects.toMatchObject({ code: 'bad-answer' })
    expect(http.calls).toHaveLength(3)
  })

  it('[J20] a create leaves no mark that people see', async () => {
    const { jira, http } = await jiraWith(['POST issue/bulk', answer(201, { issues: [{ id: '20099', key: 'MEA-99' }], errors: [] })])
    const changes = [
      { field: 'summary', value: 'New' },
      { field: 'labels', value: 'b a' },
    ]
    expect(await jira.createMany([{ changes, marker: 'run-1' }], signal)).toEqual([
      { kind: 'saved', recordId: '20099', record: { id: '20099', key: 'MEA-99', values: {}, updated: '' } },
    ])
    expect(http.calls[0]?.body).toEqual({
      issueUpdates: [
        {
          fields: { project: { key: 'MEA' }, issuetype: { name: 'Task' }, summary: 'New', labels: ['a', 'b'] },
          properties: [{ key: 'tidebook', value: { marker: 'run-1' } }],
        },
      ],
    })
  })

  it('[J20] a create is found again by the property that carries its marker', async () => {
    const marked = (id: string, properties: object) => ({ id, key: `MEA-${id}`, fields: {}, properties })
    const page = {
      issues: [marked('1', {}), marked('2', { tidebook: { marker: 'run-0' } }), marked('3', { tidebook: { marker: 'run-1' } })],
      isLast: true,
    }
    const { jira, http } = await jiraWith(['POST search/jql', answer(200, page)])
    expect(await jira.findCreated(['run-1', 'run-2'], signal)).toEqual(new Map([['run-1', { id: '3', key: 'MEA-3' }]]))
    expect(http.calls[0]?.body).toEqual({
      jql: 'project IN ("MEA") AND (created >= -10080m AND creator = currentUser()) ORDER BY created DESC',
      fields: ['created'],
      properties: ['tidebook'],
      maxResults: 100,
    })
  })

  it('[J20] a status is no part of a create', async () => {
    const { jira, http } = await jiraWith()
    expect(await jira.createMany([{ changes: [{ field: 'status', value: 'Done' }], marker: 'run-1' }], signal)).toMatchObject([
      { kind: 'refused', refusals: [{ field: 'status' }] },
    ])
    expect(http.calls).toEqual([])
  })

  const saved = { kind: 'saved', recordId: '20017' }
  const unknown = { kind: 'outcome-unknown', recordId: '20017', reason: 'Jira did not say which issue it saved.' }
  const answers: readonly [string, HttpAnswer, unknown][] = [
    ['nothing', { ...answer(204, undefined), text: '' }, saved],
    ['the issue without the field', answer(200, { id: '20017', key: 'MEA-17', fields: {} }), saved],
    ['the issue with an unreadable field', answer(200, { id: '20017', key: 'MEA-17', fields: { summary: 3 } }), saved],
    ['another issue', answer(200, { ...issue, id: '1' }), unknown],
    ['no issue', answer(200, {}), unknown],
    ['a page of a proxy', { ...answer(200, undefined), text: '<html>Please sign in</html>' }, unknown],
  ]
  it.each(answers)('[J21] an edit answered by %s', async (_, given, outcome) => {
    const { jira } = await jiraWith(['PUT issue/20017', given])
    expect(await push(jira, { summary: 'a' })).toEqual(outcome)
  })

  it('[J21] a read names the field and the issue that do not fit', async () => {
    const strange = { ...issue, fields: { ...issue.fields, customfield_20001: 'heavy' } }
    const { jira } = await jiraWith(['POST issue/bulkfetch', answer(200, { issues: [strange] })])
    const message = "Jira's answer to POST /issue/bulkfetch holds no usable customfield_20001 of MEA-17."
    await expect(jira.read(['20017'], ['customfield_20001'], signal)).rejects.toMatchObject({ code: 'bad-answer', message })
    expect((await jira.read(['20017'], ['summary', 'assignee'], signal)).records).toEqual([
      {
        id: '20017',
        key: 'MEA-17',
        values: { summary: 'Order the new seed trays', assignee: '712020:aa11' },
        updated: '2026-02-01T08:00:12.345+0000',
        people: { '712020:aa11': 'Ida Berg' },
      },
    ])
  })
})
