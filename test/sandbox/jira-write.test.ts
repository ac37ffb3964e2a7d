import { describe, expect, test } from 'vitest'
import { type Json, START_MS, World } from './world.ts'

const paragraph = (text: string): Json => ({ type: 'paragraph', content: [{ type: 'text', text }] })
const doc = (...content: Json[]): Json => ({ type: 'doc', version: 1, content })

describe('editing', () => {
  test('[SB11] a PUT changes exactly the fields it names', async () => {
    await using world = await World.fresh()
    const before = await world.fields('TB-4')
    const reply = await world.jira('PUT', '/issue/TB-4', { fields: { priority: { name: 'Low' }, duedate: '2026-03-01' } })
    const after = await world.fields('TB-4')
    expect([reply.status, reply.text]).toEqual([204, ''])
    expect([after.priority.name, after.duedate, after.updated]).toEqual(['Low', '2026-03-01', '2026-02-01T12:00:00.000+0000'])
    const { priority: _p, duedate: _d, updated: _u, ...restAfter } = after
    const { priority: _q, duedate: _e, updated: _v, ...restBefore } = before
    expect(restAfter).toEqual(restBefore)
  })

  test('[SB11] with returnIssue the answer carries the stored record', async () => {
    await using world = await World.fresh()
    const reply = await world.jira('PUT', '/issue/TB-4?returnIssue=true', { fields: { summary: '  Padded  ' } })
    expect(reply.status).toBe(200)
    expect(reply.json.fields.summary).toBe('Padded')
    expect(reply.json.fields).toEqual(await world.fields('TB-4'))
  })

  test('[SB11] a PUT that changes nothing leaves `updated` and the history alone', async () => {
    await using world = await World.fresh()
    const before = await world.fields('TB-7')
    for (const fields of [
      { summary: ` ${before.summary} ` },
      { priority: { name: before.priority.name.toUpperCase() } },
      { labels: [...before.labels].reverse() },
      { customfield_10016: before.customfield_10016 },
      { duedate: before.duedate },
    ]) {
      expect((await world.jira('PUT', '/issue/TB-7', { fields })).status).toBe(204)
    }
    expect(await world.fields('TB-7')).toEqual(before)
    expect(
      world
        .log()
        .filter((line) => line.method === 'PUT')
        .map((line) => line.saved),
    ).toEqual([false, false, false, false, false])
  })

  test('[SB11] operations add to and take from lists', async () => {
    await using world = await World.fresh()
    await world.jira('PUT', '/issue/TB-4', { fields: { labels: ['b'] } })
    await world.jira('PUT', '/issue/TB-4', {
      update: { labels: [{ add: 'c' }, { add: 'a' }, { remove: 'b' }], summary: [{ set: 'Set so' }] },
    })
    const after = await world.fields('TB-4', 'labels', 'summary')
    expect([after.labels, after.summary]).toEqual([['a', 'c'], 'Set so'])
    const refused = await world.jira('PUT', '/issue/TB-4', { fields: { labels: [] }, update: { labels: [{ add: 'x' }] } })
    expect(refused.json.errors).toEqual({ labels: "Field 'labels' cannot appear in both 'fields' and 'update'" })
    const unknown = await world.jira('PUT', '/issue/TB-4', { update: { summary: [{ add: 'x' }] } })
    expect(unknown.json.errors.summary).toContain("does not support operation 'add'")
    expect((await world.jira('PUT', '/issue/TB-4', {})).json.errorMessages).toEqual(["one of 'fields' or 'update' required"])
  })

  test('[SB12] one bad field refuses the whole PUT and every bad field is named', async () => {
    await using world = await World.fresh()
    const before = await world.fields('TB-4')
    const reply = await world.jira('PUT', '/issue/TB-4', {
      fields: { summary: 'Good', duedate: '31/01/2024', customfield_10016: 'three', status: { name: 'Done' }, nonsense: 1 },
    })
    expect([reply.status, reply.json]).toEqual([
      400,
      {
        errorMessages: [],
        errors: {
          duedate: 'Error parsing date string: 31/01/2024',
          customfield_10016: 'Operation value must be a number',
          status: "Field 'status' cannot be set. It is not on the appropriate screen, or unknown.",
          nonsense: "Field 'nonsense' cannot be set. It is not on the appropriate screen, or unknown.",
        },
      },
    ])
    expect(await world.fields('TB-4')).toEqual(before)
  })

  test.each([
    ['summary', null, 'You must specify a summary of the issue.'],
    ['summary', '   ', 'You must specify a summary of the issue.'],
    ['summary', 7, 'Operation value must be a string'],
    ['summary', 'two\nlines', 'The summary is invalid because it contains newline characters.'],
    ['summary', 'x'.repeat(256), "Summary can't exceed 255 characters."],
    ['priority', { name: 'Urgent' }, 'The priority selected is invalid.'],
    ['priority', { id: '99' }, 'The priority selected is invalid.'],
    ['priority', 'High', 'Specify the Priority (id or name) in the string format'],
    ['priority', null, 'Specify the Priority (id or name) in the string format'],
    ['issuetype', { name: 'Saga' }, 'The issue type selected is invalid.'],
    ['issuetype', {}, 'Specify an issue type'],
    ['assignee', { accountId: 'nobody' }, "User 'nobody' does not exist."],
    ['assignee', { name: 'ben' }, "expected Object containing an 'accountId' property"],
    ['assignee', 'ben', 'data was not an object'],
    ['labels', ['two words'], "The label 'two words' contains spaces which is invalid."],
    ['labels', 'one', 'data was not an array'],
    ['labels', [1], 'string expected at index 0'],
    ['duedate', '2026-02-30', 'Error parsing date string: 2026-02-30'],
    ['duedate', 20260230, 'Operation value must be a string'],
    ['description', 'text', 'Operation value must be an Atlassian Document (see the Atlassian Document Format)'],
    ['description', { type: 'doc', version: 1, content: [{ type: 'iframe' }] }, 'INVALID_INPUT'],
    ['description', doc({ type: 'text', text: 'loose' }), 'INVALID_INPUT'],
    ['description', doc(paragraph('x'.repeat(32_768))), 'The entered text is too long. It exceeds the allowed limit of 32,767 characters.'],
    ['customfield_10016', '3', 'Operation value must be a number'],
    ['customfield_10020', '2026-02-01', 'Error parsing time: 2026-02-01'],
    ['customfield_10020', '2026-02-30T10:00:00.000+0000', 'Error parsing time: 2026-02-30T10:00:00.000+0000'],
    ['customfield_10031', { id: '1' }, "Option id '1' is not valid"],
    ['customfield_10031', { value: 'Sales' }, "Option value 'Sales' is not valid"],
    ['customfield_10031', 'Data', "Could not find valid 'id' or 'value' in the Parent Option object."],
    ['customfield_10042', 'not a url', 'Not a valid URL'],
    ['customfield_10050', { value: 'Yes' }, 'data was not an array'],
    ['customfield_10050', [{ value: 'No' }], "Option value 'No' is not valid"],
  ])('[SB12] %s refuses %j', async (field, value, message) => {
    await using world = await World.fresh()
    const reply = await world.jira('PUT', '/issue/TB-4', { fields: { [field]: value } })
    expect([reply.status, reply.json]).toEqual([400, { errorMessages: [], errors: { [field]: message } }])
  })

  test.each([
    ['summary', '  Trimmed on both sides ', 'Trimmed on both sides'],
    ['summary', 'x'.repeat(255), 'x'.repeat(255)],
    ['priority', { name: 'hIGHEST' }, expect.objectContaining({ name: 'Highest', id: '1' })],
    ['issuetype', { name: ' bug ' }, expect.objectContaining({ name: 'Bug' })],
    ['assignee', null, null],
    ['assignee', { accountId: null }, null],
    ['assignee', { accountId: '-1' }, expect.objectContaining({ displayName: 'Dana Kim' })],
    ['assignee', { id: '5f1a2b3c4d5e6f7081920a03' }, expect.objectContaining({ displayName: 'Mara Rossi' })],
    ['labels', ['zeta', 'alpha', 'zeta', ''], ['alpha', 'zeta']],
    ['labels', null, []],
    ['duedate', '', null],
    ['duedate', '2028-02-29', '2028-02-29'],
    ['customfield_10016', 3, 3],
    ['customfield_10016', 2.75, 2.75],
    ['customfield_10016', null, null],
    ['customfield_10020', '2026-02-01T10:00:00.000+0200', '2026-02-01T08:00:00.000+0000'],
    ['customfield_10020', '2026-02-01T10:00Z', '2026-02-01T10:00:00.000+0000'],
    ['customfield_10031', { value: 'customer CARE' }, expect.objectContaining({ id: '10313', value: 'Customer Care' })],
    ['customfield_10031', { id: '10314' }, expect.objectContaining({ value: 'Data' })],
    ['customfield_10031', null, null],
    ['customfield_10042', ' https://example.com/a ', 'https://example.com/a'],
    ['customfield_10042', '', null],
    ['customfield_10050', [{ value: 'yes' }], [expect.objectContaining({ value: 'Yes' })]],
    ['customfield_10050', [], null],
    ['description', null, null],
    ['description', doc(), null],
    ['description', doc({ type: 'paragraph', content: [{ type: 'text', text: '' }] }), null],
  ])('[SB13] %s given %j is kept as Jira keeps it', async (field, value, stored) => {
    await using world = await World.fresh()
    expect((await world.jira('PUT', '/issue/TB-4', { fields: { [field]: value } })).status).toBe(204)
    expect((await world.fields('TB-4', field))[field]).toEqual(stored)
  })

  test('[SB13] a number is a float on the wire', async () => {
    await using world = await World.fresh()
    await world.jira('PUT', '/issue/TB-4', { fields: { customfield_10016: 3 } })
    expect((await world.jira('GET', '/issue/TB-4?fields=customfield_10016')).text).toContain('"customfield_10016":3.0')
    await world.jira('PUT', '/issue/TB-4', { fields: { customfield_10016: 0.5 } })
    expect((await world.jira('GET', '/issue/TB-4?fields=customfield_10016')).text).toContain('"customfield_10016":0.5')
  })

  test('[SB13] a document gets version and local ids, loses empty texts, and says the same', async () => {
    await using world = await World.fresh()
    const bold = { type: 'strong' }
    const link = { type: 'link', attrs: { href: 'https://example.com' } }
    const written = {
      type: 'doc',
      content: [
        {
          type: 'paragraph',
          content: [
            { type: 'text', text: 'One ' },
            { type: 'text', text: '' },
            { type: 'text', text: 'two', marks: [] },
          ],
        },
        { type: 'paragraph', content: [{ type: 'text', text: 'linked', marks: [bold, link] }] },
      ],
    }
    await world.jira('PUT', '/issue/TB-4', { fields: { description: written } })
    const { description } = await world.fields('TB-4', 'description')
    const localId = expect.stringMatching(/^[0-9a-f]{12}$/)
    expect(description).toEqual({
      type: 'doc',
      version: 1,
      content: [
        { type: 'paragraph', attrs: { localId }, content: [{ type: 'text', text: 'One two' }] },
        { type: 'paragraph', attrs: { localId }, content: [{ type: 'text', text: 'linked', marks: [link, bold] }] },
      ],
    })
    world.wait(1000)
    await world.jira('PUT', '/issue/TB-4', { fields: { description: written } })
    const again = await world.fields('TB-4', 'description', 'updated')
    expect([again.description, again.updated]).toEqual([description, '2026-02-01T12:00:00.000+0000'])
  })
})

describe('transitions', () => {
  test('[SB14] the transitions of one status have other ids than those of another', async () => {
    await using world = await World.fresh()
    const seen = new Map<string, string>()
    for (const key of ['TB-1', 'TB-2', 'TB-3', 'TB-12']) {
      const from = (await world.fields(key, 'status')).status.name
      const { json } = await world.jira('GET', `/issue/${key}/transitions`)
      for (const { id } of json.transitions) {
        expect(seen.get(id) ?? from).toBe(from)
        seen.set(id, from)
      }
    }
    expect(new Set(seen.values())).toEqual(new Set(['To Do', 'In Progress', 'In Review', 'Done']))
  })

  test('[SB14] a transition moves the status, the resolution and the times', async () => {
    await using world = await World.fresh()
    await world.control({ app: 'jira', clear: true })
    expect((await world.jira('POST', '/issue/TB-1/transitions', { transition: { id: '13' } })).status).toBe(204)
    const done = await world.fields('TB-1', 'status', 'resolution', 'resolutiondate', 'statuscategorychangedate', 'updated')
    const now = '2026-02-01T12:00:00.000+0000'
    expect([done.status.name, done.resolution.name, done.resolutiondate, done.statuscategorychangedate, done.updated]).toEqual([
      'Done',
      'Done',
      now,
      now,
      now,
    ])
    await world.jira('POST', '/issue/TB-1/transitions', { transition: { id: '41' } })
    const open = await world.fields('TB-1', 'status', 'resolution')
    expect([open.status.name, open.resolution]).toEqual(['To Do', null])
  })

  test.each([
    [
      { transition: { id: '22' } },
      { errorMessages: [expect.stringContaining('not valid for the current state of this issue (TB-1)')], errors: {} },
    ],
    [{ transition: { id: '999' } }, { errorMessages: ["Transition id '999' is not valid for this issue."], errors: {} }],
    [{ fields: {} }, { errorMessages: ["Missing 'transition' identifier"], errors: {} }],
    [
      { transition: { id: '11' }, fields: { summary: 'x' } },
      { errorMessages: [], errors: { summary: "Field 'summary' cannot be set. It is not on the appropriate screen, or unknown." } },
    ],
    [
      { transition: { id: '13' }, fields: { customfield_10016: 'x' } },
      { errorMessages: [], errors: { customfield_10016: 'Operation value must be a number' } },
    ],
  ])('[SB14] a transition refuses %j', async (body, answer) => {
    await using world = await World.fresh()
    const reply = await world.jira('POST', '/issue/TB-1/transitions', body)
    expect([reply.status, reply.json]).toEqual([400, answer])
    expect((await world.fields('TB-1', 'status')).status.name).toBe('To Do')
  })

  test('[SB14] a transition takes the fields of its own screen', async () => {
    await using world = await World.fresh()
    const { json } = await world.jira('GET', '/issue/TB-1/transitions?expand=transitions.fields')
    const screens = Object.fromEntries(json.transitions.map((transition: Json) => [transition.id, Object.keys(transition.fields)]))
    expect([screens['11'], screens['13']]).toEqual([[], ['assignee', 'customfield_10016']])
    await world.jira('POST', '/issue/TB-1/transitions', { transition: { id: '13' }, fields: { assignee: null, customfield_10016: 4 } })
    const after = await world.fields('TB-1', 'assignee', 'customfield_10016')
    expect([after.assignee, after.customfield_10016]).toEqual([null, 4])
  })

  test('[SB14] where the workflow has no way, none is offered', async () => {
    await using world = await World.fresh()
    await world.jira('POST', '/issue/TB-1/transitions', { transition: { id: '13' } })
    const { json } = await world.jira('GET', '/issue/TB-1/transitions')
    expect(json.transitions.map((transition: Json) => [transition.id, transition.to.name, transition.looped])).toEqual([
      ['41', 'To Do', false],
      ['42', 'In Progress', false],
      ['44', 'Done', true],
    ])
  })
})

describe('creating', () => {
  test('[SB15] a created issue gets the next id and key and the defaults', async () => {
    await using world = await World.fresh()
    const { status, json } = await world.jira('POST', '/issue', {
      fields: { project: { key: 'TB' }, summary: ' New ', issuetype: { name: 'task' } },
    })
    expect([status, json]).toEqual([201, { id: '10061', key: 'TB-61', self: `${world.origin}/sandbox/jira/rest/api/3/issue/10061` }])
    const made = await world.fields('TB-61')
    expect([made.summary, made.status.name, made.priority.name, made.issuetype.name, made.reporter.displayName, made.created]).toEqual([
      'New',
      'To Do',
      'Medium',
      'Task',
      'Dana Kim',
      new Date(START_MS).toISOString().replace('Z', '+0000'),
    ])
    const other = await world.jira('POST', '/issue', { fields: { project: { id: '10001' }, summary: 'First', issuetype: { id: '10003' } } })
    expect(other.json.key).toBe('OPS-1')
  })

  test('[SB15] a create names everything that is missing or wrong', async () => {
    await using world = await World.fresh()
    const { status, json } = await world.jira('POST', '/issue', { fields: { duedate: 'soon', status: { name: 'Done' } } })
    expect([status, json.errors]).toEqual([
      400,
      {
        project: 'Specify a valid project ID or key',
        summary: 'You must specify a summary of the issue.',
        issuetype: 'Specify an issue type',
        duedate: 'Error parsing date string: soon',
        status: "Field 'status' cannot be set. It is not on the appropriate screen, or unknown.",
      },
    ])
  })

  test('[SB15] creating many makes the good ones and names the place of the others', async () => {
    await using world = await World.fresh()
    const one = (summary: string | undefined): Json => ({
      fields: { project: { key: 'TB' }, issuetype: { name: 'Task' }, ...(summary && { summary }) },
    })
    const { status, json } = await world.jira('POST', '/issue/bulk', { issueUpdates: [one('A'), one(undefined), one('C')] })
    expect([status, json.issues.map((issue: Json) => issue.key)]).toEqual([201, ['TB-61', 'TB-62']])
    expect(json.errors).toEqual([
      {
        status: 400,
        elementErrors: { errorMessages: [], errors: { summary: 'You must specify a summary of the issue.' } },
        failedElementNumber: 1,
      },
    ])
    expect((await world.jira('POST', '/issue/bulk', { issueUpdates: [one(undefined)] })).status).toBe(400)
    expect((await world.jira('POST', '/issue/bulk', { issueUpdates: Array.from({ length: 51 }, () => one('X')) })).status).toBe(400)
    expect((await world.jira('POST', '/issue/bulk', { issueUpdates: [] })).status).toBe(400)
    expect(
      (await world.jira('POST', '/issue/bulk', { issueUpdates: Array.from({ length: 50 }, () => one('X')) })).json.issues,
    ).toHaveLength(50)
  })
})

describe('bulk operations', () => {
  const finished = async (world: World, taskId: string): Promise<Json> => {
    world.wait(1000)
    return (await world.jira('GET', `/bulk/queue/${taskId}`)).json
  }

  test('[SB16] a bulk edit is accepted, then carried out, with one value for all', async () => {
    await using world = await World.fresh()
    const { status, json } = await world.jira('POST', '/bulk/issues/fields', {
      selectedIssueIdsOrKeys: ['TB-1', '10002', 'TB-999'],
      selectedActions: ['priority', 'labels', 'customfield_10031', 'customfield_10016', 'duedate', 'assignee'],
      editedFieldsInput: {
        priority: { priorityId: '1' },
        labelsFields: [{ fieldId: 'labels', bulkEditMultiSelectFieldOption: 'ADD', labels: [{ name: 'bulk' }] }],
        singleSelectFields: [{ fieldId: 'customfield_10031', option: { optionId: 10314 } }],
        clearableNumberFields: [{ fieldId: 'customfield_10016', value: 7 }],
        datePickerFields: [{ fieldId: 'duedate', date: { formattedDate: '5/Mar/26' } }],
        singleSelectClearableUserPickerFields: [{ fieldId: 'assignee', user: { accountId: '5f1a2b3c4d5e6f7081920a05' } }],
      },
    })
    expect([status, json]).toEqual([201, { taskId: '10500' }])
    const before = (await world.jira('GET', '/bulk/queue/10500')).json
    expect([before.status, before.progressPercent]).toEqual(['ENQUEUED', 0])
    expect((await world.fields('TB-1', 'priority')).priority.name).toBe('Medium')
    const progress = await finished(world, '10500')
    expect(progress).toEqual(
      expect.objectContaining({
        status: 'COMPLETE',
        progressPercent: 100,
        totalIssueCount: 3,
        invalidOrInaccessibleIssueCount: 1,
        processedAccessibleIssues: [10_001, 10_002],
        failedAccessibleIssues: {},
      }),
    )
    for (const key of ['TB-1', 'TB-2']) {
      const after = await world.fields(key)
      expect([
        after.priority.name,
        after.customfield_10031.value,
        after.customfield_10016,
        after.duedate,
        after.assignee.displayName,
      ]).toEqual(['Highest', 'Data', 7, '2026-03-05', 'Jo Tran'])
      expect(after.labels).toContain('bulk')
    }
  })

  test('[SB16] a bulk edit clears as the API says', async () => {
    await using world = await World.fresh()
    const { json } = await world.jira('POST', '/bulk/issues/fields', {
      selectedIssueIdsOrKeys: ['TB-1'],
      selectedActions: [
        'labels',
        'customfield_10031',
        'customfield_10016',
        'duedate',
        'assignee',
        'customfield_10020',
        'customfield_10042',
        'customfield_10050',
      ],
      editedFieldsInput: {
        labelsFields: [{ fieldId: 'labels', bulkEditMultiSelectFieldOption: 'REMOVE_ALL', labels: [] }],
        singleSelectFields: [{ fieldId: 'customfield_10031', option: { optionId: -1 } }],
        clearableNumberFields: [{ fieldId: 'customfield_10016' }],
        datePickerFields: [{ fieldId: 'duedate', date: { formattedDate: '' } }],
        singleSelectClearableUserPickerFields: [{ fieldId: 'assignee' }],
        dateTimePickerFields: [{ fieldId: 'customfield_10020', dateTime: { formattedDateTime: '' } }],
        urlFields: [{ fieldId: 'customfield_10042', url: '' }],
        multipleSelectFields: [{ fieldId: 'customfield_10050', options: [] }],
      },
    })
    await finished(world, json.taskId)
    const after = await world.fields('TB-1')
    const ids = [
      'labels',
      'customfield_10031',
      'customfield_10016',
      'duedate',
      'assignee',
      'customfield_10020',
      'customfield_10042',
      'customfield_10050',
    ]
    expect(ids.map((id) => after[id])).toEqual([[], null, null, null, null, null, null, null])
  })

  test.each([
    ['no issue', { selectedIssueIdsOrKeys: [] }, 'At least one issue must be selected.'],
    [
      '1,001 issues',
      { selectedIssueIdsOrKeys: Array.from({ length: 1001 }, (_, id) => String(id)) },
      'The number of issues selected is 1001, the limit is 1000.',
    ],
    [
      '201 fields',
      { selectedActions: Array.from({ length: 201 }, () => 'priority') },
      'The number of fields selected is 201, the limit is 200.',
    ],
    ['the status', { selectedActions: ['status'] }, "The field 'status' cannot be edited in bulk."],
    ['a field without a value', { selectedActions: ['labels'] }, "No value was given for the field 'labels'."],
    ['a priority that is none', { editedFieldsInput: { priority: { priorityId: '77' } } }, 'The priority selected is invalid.'],
  ])('[SB16] a bulk edit refuses %s', async (_what, part, message) => {
    await using world = await World.fresh()
    const reply = await world.jira('POST', '/bulk/issues/fields', {
      selectedIssueIdsOrKeys: ['TB-1'],
      selectedActions: ['priority'],
      editedFieldsInput: { priority: { priorityId: '1' } },
      ...part,
    })
    expect([reply.status, reply.json]).toEqual([400, { errors: [{ message }] }])
  })

  test('[SB16] a bulk transition moves those it can and says why not for the others', async () => {
    await using world = await World.fresh()
    await world.control({ app: 'jira', clear: true })
    const { json } = await world.jira('POST', '/bulk/issues/transition', {
      bulkTransitionInputs: [{ selectedIssueIdsOrKeys: ['TB-1', 'TB-2'], transitionId: '11' }],
    })
    const progress = await finished(world, json.taskId)
    expect(progress.processedAccessibleIssues).toEqual([10_001])
    expect(progress.failedAccessibleIssues).toEqual({
      10002: [expect.stringContaining('not valid for the current state of this issue (TB-2)')],
    })
    expect((await world.fields('TB-1', 'status')).status.name).toBe('In Progress')
  })

  test('[SB16] a bulk deletion deletes, and the selectable fields and transitions are told', async () => {
    await using world = await World.fresh()
    const fields = (await world.jira('GET', '/bulk/issues/fields?issueIdsOrKeys=TB-1,TB-2')).json.fields
    expect(fields.map((field: Json) => field.id)).not.toContain('summary')
    const moves = (await world.jira('GET', '/bulk/issues/transition?issueIdsOrKeys=TB-1,TB-2')).json.availableTransitions
    expect(moves.map((group: Json) => group.issues)).toEqual([['TB-1'], ['TB-2']])
    const { json } = await world.jira('POST', '/bulk/issues/delete', { selectedIssueIdsOrKeys: ['TB-1', 'TB-2'] })
    await finished(world, json.taskId)
    expect(await world.search('key in (TB-3) OR project = TB ORDER BY key')).toHaveLength(58)
  })

  test('[SB16] an issue edited in bulk was updated when that was carried out', async () => {
    await using world = await World.fresh()
    const { json } = await world.jira('POST', '/bulk/issues/fields', {
      selectedIssueIdsOrKeys: ['TB-1'],
      selectedActions: ['priority'],
      editedFieldsInput: { priority: { priorityId: '5' } },
    })
    await finished(world, json.taskId)
    expect((await world.fields('TB-1', 'updated')).updated).toBe('2026-02-01T12:00:01.000+0000')
  })

  test('[SB16] what was accepted is carried out also when the sandbox stops', async () => {
    await using world = await World.fresh()
    await world.jira('POST', '/bulk/issues/fields', {
      selectedIssueIdsOrKeys: ['TB-1'],
      selectedActions: ['priority'],
      editedFieldsInput: { priority: { priorityId: '5' } },
    })
    await world.stop()
    const again = await World.start(world.folder)
    expect((await again.fields('TB-1', 'priority')).priority.name).toBe('Lowest')
    await again.stop()
  })
})

describe('identity', () => {
  test('[SB18] a moved issue has a new key, and its old key still finds it', async () => {
    await using world = await World.fresh()
    const moved = await world.fetch('POST', `${world.origin}/sandbox/jira/records/TB-8/move`, {
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ project: 'OPS' }),
    })
    expect(moved.json.key).toBe('OPS-1')
    for (const name of ['TB-8', 'OPS-1', '10008', 'tb-8']) {
      const { json } = await world.jira('GET', `/issue/${name}?fields=project`)
      expect([json.id, json.key, json.fields.project.key]).toEqual(['10008', 'OPS-1', 'OPS'])
    }
    const fetched = await world.jira('POST', '/issue/bulkfetch', { issueIdsOrKeys: ['TB-8', 'OPS-1'], fields: ['summary'] })
    expect(fetched.json.issues.map((issue: Json) => issue.key)).toEqual(['OPS-1'])
    expect(await world.search('key = TB-8')).toEqual(['OPS-1'])
    await world.jira('PUT', '/issue/TB-8', { fields: { summary: 'By its old key' } })
    expect((await world.fields('OPS-1', 'summary')).summary).toBe('By its old key')
    const back = await world.fetch('POST', `${world.origin}/sandbox/jira/records/OPS-1/move`, {
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ project: 'TB' }),
    })
    expect(back.json.key).toBe('TB-61')
  })

  test.each(['deleted', 'hidden'])('[SB19] a %s issue is gone in the same words everywhere', async (how) => {
    await using world = await World.fresh()
    if (how === 'deleted') expect((await world.jira('DELETE', '/issue/TB-6')).status).toBe(204)
    else await world.control({ app: 'jira', hide: ['TB-6'] })
    const gone = { errorMessages: ['Issue does not exist or you do not have permission to see it.'], errors: {} }
    for (const [method, path, body] of [
      ['GET', '/issue/TB-6', undefined],
      ['GET', '/issue/10006/editmeta', undefined],
      ['GET', '/issue/TB-6/transitions', undefined],
      ['PUT', '/issue/TB-6', { fields: { summary: 'x' } }],
      ['POST', '/issue/TB-6/transitions', { transition: { id: '11' } }],
      ['DELETE', '/issue/TB-6', undefined],
    ] as const) {
      const reply = await world.jira(method, path, body)
      expect([method, path, reply.status, reply.json]).toEqual([method, path, 404, gone])
    }
    expect((await world.jira('POST', '/issue/bulkfetch', { issueIdsOrKeys: ['TB-6'] })).json).toEqual({ issues: [], issueErrors: [] })
    expect(await world.search('project = TB')).not.toContain('TB-6')
    const searched = await world.jira('POST', '/search/jql', { jql: 'key = TB-6' })
    expect([searched.status, searched.json.errorMessages]).toEqual([400, ["An issue with key 'TB-6' does not exist for field 'key'."]])
  })

  test('[SB19] a hidden issue comes back, a deleted key does not', async () => {
    await using world = await World.fresh()
    await world.control({ app: 'jira', hide: ['TB-6'] })
    await world.control({ app: 'jira', show: ['TB-6'] })
    expect((await world.jira('GET', '/issue/TB-6')).status).toBe(200)
    await world.jira('DELETE', '/issue/TB-60')
    const made = await world.jira('POST', '/issue', { fields: { project: { key: 'TB' }, summary: 'Next', issuetype: { name: 'Task' } } })
    expect(made.json.key).toBe('TB-61')
  })
})

describe('history', () => {
  test('[SB35] each change is told with who, when, from and to', async () => {
    await using world = await World.fresh()
    await world.jira('PUT', '/issue/TB-1', { fields: { summary: 'Renamed', customfield_10031: { value: 'Data' } } })
    const { json } = await world.jira('GET', '/issue/TB-1?fields=summary&expand=changelog,names,transitions')
    const [latest] = json.changelog.histories
    expect([latest.author.displayName, latest.created]).toEqual(['Dana Kim', '2026-02-01T12:00:00.000+0000'])
    expect(latest.items).toEqual([
      {
        field: 'summary',
        fieldId: 'summary',
        fieldtype: 'jira',
        from: null,
        fromString: 'Write the launch announcement',
        to: null,
        toString: 'Renamed',
      },
      {
        field: 'Team',
        fieldId: 'customfield_10031',
        fieldtype: 'custom',
        from: '10312',
        fromString: 'Mobile',
        to: '10314',
        toString: 'Data',
      },
    ])
    expect(json.names).toEqual({ summary: 'Summary' })
    const bulk = await world.jira('POST', '/changelog/bulkfetch', { issueIdsOrKeys: ['TB-1'], fieldIds: ['summary'] })
    expect(bulk.json.issueChangeLogs[0].changeHistories.map((change: Json) => change.items.length)).toEqual([1])
  })
})

describe('properties', () => {
  const marked = (marker: string): Json => ({
    fields: { project: { key: 'TB' }, summary: 'Marked', issuetype: { name: 'Task' } },
    properties: [{ key: 'tidebook', value: { marker } }],
  })

  test('[SB38] what an app keeps with an issue is found by search, bulk fetch and by id', async () => {
    await using world = await World.fresh()
    const { json } = await world.jira('POST', '/issue', marked('m1'))
    const body = { jql: 'created >= -10m AND creator = currentUser() ORDER BY created DESC', fields: ['created'], properties: ['tidebook'] }
    const found = await world.jira('POST', '/search/jql', body)
    expect(found.json.issues.map((issue: Json) => [issue.key, issue.properties])).toEqual([[json.key, { tidebook: { marker: 'm1' } }]])
    const fetched = await world.jira('POST', '/issue/bulkfetch', {
      issueIdsOrKeys: ['TB-1', json.key],
      fields: ['id'],
      properties: ['tidebook', 'other'],
    })
    expect(fetched.json.issues.map((issue: Json) => issue.properties)).toEqual([{}, { tidebook: { marker: 'm1' } }])
    expect((await world.jira('GET', `/issue/${json.key}?fields=summary&properties=tidebook`)).json.properties).toEqual({
      tidebook: { marker: 'm1' },
    })
    expect('properties' in (await world.jira('GET', `/issue/${json.key}`)).json).toBe(false)
    const many = await world.jira('POST', '/issue/bulk', { issueUpdates: [marked('m2'), marked('m3')] })
    const last = many.json.issues[1].key
    expect((await world.jira('GET', `/issue/${last}?properties=*all`)).json.properties).toEqual({ tidebook: { marker: 'm3' } })
    const six = { jql: 'project = TB', properties: ['a', 'b', 'c', 'd', 'e', 'f'] }
    expect((await world.jira('POST', '/search/jql', six)).status).toBe(400)
  })

  test('[SB38] keeping something with an issue leaves `updated` and the history alone', async () => {
    await using world = await World.fresh()
    const before = await world.fields('TB-1')
    expect((await world.jira('PUT', '/issue/TB-1', { properties: [{ key: 'a', value: 1 }] })).status).toBe(204)
    expect((await world.jira('PUT', '/issue/TB-1/properties/b', { deep: [true] })).status).toBe(201)
    expect((await world.jira('PUT', '/issue/TB-1/properties/b', { deep: [false] })).status).toBe(200)
    expect((await world.jira('GET', '/issue/TB-1/properties')).json.keys.map((entry: Json) => entry.key)).toEqual(['a', 'b'])
    expect((await world.jira('GET', '/issue/TB-1/properties/b')).json).toEqual({ key: 'b', value: { deep: [false] } })
    expect((await world.jira('DELETE', '/issue/TB-1/properties/a')).status).toBe(204)
    expect((await world.jira('GET', '/issue/TB-1/properties/a')).status).toBe(404)
    expect(await world.fields('TB-1')).toEqual(before)
    expect(world.log().filter((line) => line.saved)).toHaveLength(4)
  })
})
