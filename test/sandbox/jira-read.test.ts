import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type Json, START_MS, seededRandom, World } from './world.ts'

const SEARCH = '/search/jql'

describe('a fresh sandbox', () => {
  test('[SB1] a fresh sandbox holds TB-1 to TB-60, and OPS without issues', async () => {
    await using world = await World.fresh()
    expect(await world.search('project = TB ORDER BY key')).toEqual(Array.from({ length: 60 }, (_, index) => `TB-${index + 1}`))
    expect(await world.search('project = OPS')).toEqual([])
    const { json } = await world.jira('GET', '/project/search')
    expect(json.values.map((project: Json) => project.key)).toEqual(['OPS', 'TB'])
  })

  test('[SB1] two fresh sandboxes hold the same issues', async () => {
    await using one = await World.fresh()
    await using other = await World.fresh({ random: seededRandom(99) })
    const fields = ['summary', 'status', 'priority', 'assignee', 'labels', 'duedate', 'customfield_10016', 'updated']
    const body = { jql: 'project = TB ORDER BY key', fields, maxResults: 100 }
    const texts = await Promise.all(
      [one, other].map(async (world) => (await world.jira('POST', SEARCH, body)).text.replaceAll(world.origin, '')),
    )
    expect(texts[0]).toBe(texts[1])
  })

  test('[SB2] the credential is random, private, and stays over a restart', async () => {
    await using one = await World.fresh()
    await using other = await World.fresh()
    const { email, apiToken } = one.sandbox.credentials('jira')
    expect(apiToken).not.toBe(other.sandbox.credentials('jira').apiToken)
    expect(apiToken.length).toBeGreaterThan(40)
    const file = join(one.folder, 'jira', 'credentials.json')
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ email, apiToken })
    await one.stop()
    const again = await World.start(one.folder)
    expect(again.sandbox.credentials('jira')).toMatchObject({ email, apiToken })
    await again.stop()
  })

  test.each([
    ['no credential', undefined],
    ['a wrong token', 'wrong token'],
    ['a bearer', 'bearer'],
    ['something that is not base64', 'garbage'],
  ])('[SB2] %s is answered with 401 as Jira does', async (_what, kind) => {
    await using world = await World.fresh()
    const { email } = world.sandbox.credentials('jira')
    const headers: Record<string, string> = {}
    if (kind === 'wrong token') headers.authorization = `Basic ${Buffer.from(`${email}:ATATTwrong`).toString('base64')}`
    if (kind === 'bearer') headers.authorization = 'Bearer abc'
    if (kind === 'garbage') headers.authorization = 'Basic %%%'
    const reply = await world.fetch('GET', `${world.origin}/sandbox/jira/rest/api/3/myself`, { headers })
    expect([reply.status, reply.text]).toEqual([401, 'Client must be authenticated to access this resource.'])
    expect(reply.headers.get('www-authenticate')).toMatch(/^OAuth realm=/)
  })

  test('[SB2] the e-mail address is read without regard to case, and serverInfo without a credential', async () => {
    await using world = await World.fresh()
    const { email, apiToken } = world.sandbox.credentials('jira')
    const authorization = `Basic ${Buffer.from(`${email.toUpperCase()}:${apiToken}`).toString('base64')}`
    const base = `${world.origin}/sandbox/jira/rest/api/3`
    expect((await world.fetch('GET', `${base}/myself`, { headers: { authorization } })).status).toBe(200)
    expect((await world.fetch('GET', `${base}/serverInfo`)).json.deploymentType).toBe('Cloud')
  })
})

describe('search', () => {
  test('[SB3] a search answers with ids alone unless fields are asked for', async () => {
    await using world = await World.fresh()
    const { json } = await world.jira('POST', SEARCH, { jql: 'key = TB-3' })
    expect(json).toEqual({ issues: [{ id: '10003' }], isLast: true })
  })

  test('[SB3] a search answers with exactly the fields asked for', async () => {
    await using world = await World.fresh()
    const { json } = await world.jira('POST', SEARCH, { jql: 'key = TB-3', fields: ['summary', 'labels', 'no such field'] })
    expect(json.issues).toEqual([
      {
        expand: 'operations,versionedRepresentations,editmeta,changelog,renderedFields',
        id: '10003',
        self: `${world.origin}/sandbox/jira/rest/api/3/issue/10003`,
        key: 'TB-3',
        fields: { summary: 'Move invoice webhooks to the new billing service', labels: ['billing', 'mobile', 'quick-win'] },
      },
    ])
    const keyOnly = await world.jira('POST', SEARCH, { jql: 'key = TB-3', fields: ['key'] })
    expect(Object.keys(keyOnly.json.issues[0])).toEqual(['expand', 'id', 'self', 'key'])
  })

  test.each([
    [['*all', '-description'], 25],
    [['*navigable'], 25],
    [['-summary,-status'], 24],
    [['*all'], 26],
  ])('[SB3] fields %j means %i fields', async (fields, count) => {
    await using world = await World.fresh()
    const { json } = await world.jira('POST', SEARCH, { jql: 'key = TB-1', fields })
    expect(Object.keys(json.issues[0].fields)).toHaveLength(count)
  })

  test('[SB3] GET with a query string answers as POST does', async () => {
    await using world = await World.fresh()
    const query = new URLSearchParams({ jql: 'project = TB ORDER BY key DESC', maxResults: '2', fields: 'summary,status' })
    const got = await world.jira('GET', `${SEARCH}?${query}`)
    const posted = await world.jira('POST', SEARCH, { jql: 'project = TB ORDER BY key DESC', maxResults: 2, fields: ['summary', 'status'] })
    expect(got.json.issues).toEqual(posted.json.issues)
    expect(got.json.isLast).toBe(false)
  })

  test('[SB4] pages follow one another without a repeat, without a total', async () => {
    await using world = await World.fresh()
    const seen: string[] = []
    let token: string | undefined
    for (let page = 0; page < 6; page++) {
      const { json } = await world.jira('POST', SEARCH, {
        jql: 'project = TB ORDER BY updated DESC, key',
        maxResults: 11,
        fields: ['key'],
        ...(token && { nextPageToken: token }),
      })
      seen.push(...json.issues.map((issue: Json) => issue.key))
      expect(json.isLast).toBe(page === 5)
      expect('nextPageToken' in json).toBe(page < 5)
      expect('total' in json).toBe(false)
      token = json.nextPageToken
    }
    expect(new Set(seen).size).toBe(60)
  })

  test('[SB4] an issue that moves in the order between two pages repeats no other', async () => {
    await using world = await World.fresh()
    const body = { jql: 'project = TB ORDER BY key', maxResults: 40, fields: ['key'] }
    const first = await world.jira('POST', SEARCH, body)
    await world.jira('DELETE', '/issue/TB-5')
    await world.jira('POST', '/issue', { fields: { project: { key: 'TB' }, summary: 'New', issuetype: { name: 'Task' } } })
    const second = await world.jira('POST', SEARCH, { ...body, nextPageToken: first.json.nextPageToken })
    expect(second.json.issues.map((issue: Json) => issue.key)).toEqual(Array.from({ length: 21 }, (_, index) => `TB-${index + 41}`))
  })

  test('[SB4] a page holds 100 issues with fields, and 5,000 with ids', async () => {
    await using world = await World.fresh({ firstRecordCount: 130 })
    const pageOf = async (fields: string[]) =>
      (await world.jira('POST', SEARCH, { jql: 'project in (TB, OPS)', maxResults: 5000, fields })).json.issues.length
    expect([await pageOf(['summary']), await pageOf(['id']), await pageOf(['key'])]).toEqual([100, 130, 130])
  })

  test.each([
    ['garbage', (token: string) => `${token}x!`, 'project = TB', 0],
    ['another query', (token: string) => token, 'project = TB ORDER BY key', 0],
    ['eight days later', (token: string) => token, 'project = TB', 8 * 86_400_000],
  ])('[SB4] a page token does not hold for %s', async (_what, change, jql, waitMs) => {
    await using world = await World.fresh()
    const first = await world.jira('POST', SEARCH, { jql: 'project = TB' })
    world.wait(waitMs)
    const reply = await world.jira('POST', SEARCH, { jql, nextPageToken: change(first.json.nextPageToken) })
    expect([reply.status, reply.json.errorMessages]).toEqual([400, ['The provided nextPageToken is invalid or has expired.']])
  })

  test('[SB4] a relative time means the same on every page', async () => {
    await using world = await World.fresh()
    await world.jira('PUT', '/issue/TB-1', { fields: { summary: 'One' } })
    await world.jira('PUT', '/issue/TB-2', { fields: { summary: 'Two' } })
    const body = { jql: 'updated >= -5m ORDER BY key', maxResults: 1, fields: ['key'] }
    const first = await world.jira('POST', SEARCH, body)
    world.wait(6 * 60_000)
    const second = await world.jira('POST', SEARCH, { ...body, nextPageToken: first.json.nextPageToken })
    expect(second.json.issues.map((issue: Json) => issue.key)).toEqual(['TB-2'])
    expect((await world.jira('POST', SEARCH, body)).json.issues).toEqual([])
  })

  test.each([
    [{ jql: '' }, 'Unbounded JQL queries are not allowed here. Please add a search restriction to your query.'],
    [{}, 'Unbounded JQL queries are not allowed here. Please add a search restriction to your query.'],
    [{ jql: 'order by key desc' }, 'Unbounded JQL queries are not allowed here. Please add a search restriction to your query.'],
    [{ jql: 'project = TB', maxResults: 0 }, 'The max results parameter has to be between 1 and 5,000.'],
    [{ jql: 'project = TB', maxResults: 5001 }, 'The max results parameter has to be between 1 and 5,000.'],
    [
      { jql: 'project = TB', reconcileIssues: Array.from({ length: 51 }, (_, id) => id) },
      'The reconcileIssues parameter accepts a maximum of 50 ids.',
    ],
    [{ jql: 'project = TB', unknown: 1 }, 'Invalid request payload. Refer to the REST API documentation and try again.'],
  ])('[SB5] search refuses %j', async (body, message) => {
    await using world = await World.fresh()
    const reply = await world.jira('POST', SEARCH, body)
    expect([reply.status, reply.json.errorMessages]).toEqual([400, [message]])
  })

  test('[SB5] the retired search answers 410', async () => {
    await using world = await World.fresh()
    for (const [method, body] of [
      ['GET', undefined],
      ['POST', { jql: 'project = TB' }],
    ] as const) {
      const reply = await world.jira(method, '/search', body)
      expect([reply.status, reply.json.errorMessages[0]]).toEqual([410, expect.stringContaining('/rest/api/3/search/jql')])
    }
  })

  test('[SB9] a search lags behind a write, a read by id does not', async () => {
    await using world = await World.fresh({ indexDelayMs: 1500 })
    await world.jira('PUT', '/issue/TB-1', { fields: { summary: 'Entirely zebra' } })
    const searched = async (more = {}) =>
      (await world.jira('POST', SEARCH, { jql: 'summary ~ zebra', fields: ['summary'], ...more })).json.issues.length
    expect((await world.fields('TB-1', 'summary')).summary).toBe('Entirely zebra')
    expect(await searched()).toBe(0)
    // Nor does a look at the stand-in's own screen tell the index.
    expect((await world.fetch('GET', `${world.origin}/sandbox/jira/records`)).status).toBe(200)
    expect(await searched()).toBe(0)
    expect((await world.jira('POST', SEARCH, { jql: 'key = TB-1', fields: ['summary'] })).json.issues[0].fields.summary).toBe(
      'Write the launch announcement',
    )
    expect(await searched({ reconcileIssues: [10001] })).toBe(1)
    world.wait(1499)
    expect(await searched()).toBe(0)
    world.wait(1)
    expect(await searched()).toBe(1)
  })

  test('[SB9] created and deleted issues come and go in a search with the same delay', async () => {
    await using world = await World.fresh({ indexDelayMs: 1500 })
    const count = async () => (await world.jira('POST', '/search/approximate-count', { jql: 'project = TB' })).json.count
    await world.jira('POST', '/issue', { fields: { project: { key: 'TB' }, summary: 'New', issuetype: { name: 'Task' } } })
    expect(await count()).toBe(60)
    await world.jira('DELETE', '/issue/TB-9')
    await world.jira('DELETE', '/issue/TB-10')
    expect(await count()).toBe(60)
    world.wait(1500)
    expect(await count()).toBe(59)
  })

  test('[SB9] of several writes within the delay a search sees none', async () => {
    await using world = await World.fresh({ indexDelayMs: 1500 })
    const seen = async () => (await world.jira('POST', SEARCH, { jql: 'key = TB-1', fields: ['summary'] })).json.issues[0].fields.summary
    for (const summary of ['One', 'Two', 'Three']) await world.jira('PUT', '/issue/TB-1', { fields: { summary } })
    expect(await seen()).toBe('Write the launch announcement')
    world.wait(1500)
    expect(await seen()).toBe('Three')
  })

  test('[SB9] the delay can be set, and a second write does not bring the first forward', async () => {
    await using world = await World.fresh()
    await world.control({ app: 'jira', indexDelayMs: 1000 })
    await world.jira('PUT', '/issue/TB-1', { fields: { summary: 'First alpaca' } })
    world.wait(600)
    await world.jira('PUT', '/issue/TB-1', { fields: { summary: 'Second alpaca' } })
    world.wait(400)
    const found = await world.jira('POST', SEARCH, { jql: 'summary ~ alpaca', fields: ['summary'] })
    expect(found.json.issues.map((issue: Json) => issue.fields.summary)).toEqual(['First alpaca'])
    world.wait(600)
    expect((await world.jira('POST', SEARCH, { jql: 'key = TB-1', fields: ['summary'] })).json.issues[0].fields.summary).toBe(
      'Second alpaca',
    )
  })
})

describe('reading many', () => {
  test('[SB10] bulk fetch gives what is there in ascending id, in the fields asked for', async () => {
    await using world = await World.fresh()
    const { json } = await world.jira('POST', '/issue/bulkfetch', {
      issueIdsOrKeys: ['TB-12', '10003', 'tb-1', 'TB-999', 'TB-12', 'nonsense'],
      fields: ['summary'],
    })
    expect(json.issues.map((issue: Json) => [issue.key, Object.keys(issue.fields)])).toEqual([
      ['TB-1', ['summary']],
      ['TB-3', ['summary']],
      ['TB-12', ['summary']],
    ])
    expect(json.issueErrors).toEqual([])
  })

  test('[SB10] bulk fetch takes 100 issues and refuses 101 and none', async () => {
    await using world = await World.fresh({ firstRecordCount: 120 })
    const ask = (count: number) =>
      world.jira('POST', '/issue/bulkfetch', { issueIdsOrKeys: Array.from({ length: count }, (_, index) => String(10_001 + index)) })
    expect((await ask(100)).json.issues).toHaveLength(100)
    expect((await ask(101)).status).toBe(400)
    expect((await ask(0)).status).toBe(400)
  })
})

describe('metadata', () => {
  test('[SB17] everything editmeta lists can be written back as it was read', async () => {
    await using world = await World.fresh()
    const meta = (await world.jira('GET', '/issue/TB-1/editmeta')).json.fields
    const fields = await world.fields('TB-1')
    const before = fields.updated
    for (const id of Object.keys(meta)) {
      // A sprint is read as a list of objects and written as the number of one.
      const value = id === 'customfield_10021' ? fields[id]?.[0].id : fields[id]
      const reply = await world.jira('PUT', '/issue/TB-1', { fields: { [id]: value } })
      expect([id, reply.status, reply.json]).toEqual([id, 204, undefined])
    }
    expect((await world.fields('TB-1', 'updated')).updated).toBe(before)
  })

  test('[SB17] what editmeta does not list is refused', async () => {
    await using world = await World.fresh()
    const meta = (await world.jira('GET', '/issue/TB-1/editmeta')).json.fields
    const all: string[] = (await world.jira('GET', '/field')).json.map((field: Json) => field.id)
    for (const id of all.filter((name) => !(name in meta))) {
      const reply = await world.jira('PUT', '/issue/TB-1', { fields: { [id]: 'x' } })
      expect([reply.status, reply.json.errors]).toEqual([
        400,
        { [id]: `Field '${id}' cannot be set. It is not on the appropriate screen, or unknown.` },
      ])
    }
  })

  test('[SB17] fields, create metadata and edit metadata name the same custom fields', async () => {
    await using world = await World.fresh()
    const custom = [10016, 10020, 10031, 10042, 10050, 10060, 10061, 10021].map((number) => `customfield_${number}`)
    const found = (await world.jira('GET', '/field/search?type=custom')).json.values
    expect(found.map((field: Json) => [field.id, field.name])).toEqual([
      ['customfield_10016', 'Story points'],
      ['customfield_10020', 'Target start'],
      ['customfield_10031', 'Team'],
      ['customfield_10042', 'Reference'],
      ['customfield_10050', 'Billable'],
      ['customfield_10060', 'Regions'],
      ['customfield_10061', 'Reviewers'],
      ['customfield_10021', 'Sprint'],
    ])
    const types = (await world.jira('GET', '/issue/createmeta/TB/issuetypes')).json.issueTypes
    const create = (await world.jira('GET', `/issue/createmeta/TB/issuetypes/${types[2].id}`)).json.fields
    expect(create.filter((field: Json) => field.schema.custom).map((field: Json) => field.fieldId)).toEqual(custom)
    expect(create.filter((field: Json) => field.required).map((field: Json) => field.fieldId)).toEqual(['project', 'summary', 'issuetype'])
    const team = create.find((field: Json) => field.fieldId === 'customfield_10031')
    expect(team.allowedValues.map((option: Json) => option.value)).toEqual(['Platform', 'Growth', 'Mobile', 'Customer Care', 'Data'])
  })

  test.each([
    ['/priority/search', (json: Json) => json.values.map((value: Json) => value.name), ['Highest', 'High', 'Medium', 'Low', 'Lowest']],
    ['/statuses/search', (json: Json) => json.values.map((value: Json) => value.name), ['To Do', 'In Progress', 'In Review', 'Done']],
    ['/statuses/search?statusCategory=DONE', (json: Json) => json.values.map((value: Json) => value.name), ['Done']],
    ['/project/TB/statuses', (json: Json) => json.map((type: Json) => type.statuses.length), [4, 4, 4, 4]],
    ['/issuetype/project?projectId=10000', (json: Json) => json.map((type: Json) => type.name), ['Epic', 'Story', 'Task', 'Bug']],
    ['/user/assignable/search?project=TB&query=mar', (json: Json) => json.map((user: Json) => user.displayName), ['Mara Rossi']],
    ['/user/assignable/search?issueKey=TB-1', (json: Json) => json.length, 6],
    ['/user/bulk?accountId=5f1a2b3c4d5e6f7081920a02', (json: Json) => json.values[0].displayName, 'Ben Ortiz'],
    ['/field/customfield_10031/context', (json: Json) => json.values.length, 1],
    ['/field/customfield_10031/context/10031/option', (json: Json) => json.values.length, 5],
    ['/project/TB/versions', (json: Json) => json.map((value: Json) => value.name), ['1.0', '1.1', '2.0']],
    ['/project/TB/components', (json: Json) => json.map((value: Json) => value.name), ['Web', 'API', 'Mobile app']],
    ['/project/TB', (json: Json) => json.key, 'TB'],
    ['/issue/picker?query=tb-12', (json: Json) => json.sections[0].issues.map((issue: Json) => issue.key), ['TB-12']],
    ['/issue/picker?query=launch', (json: Json) => json.sections[0].issues[0].key, 'TB-1'],
  ])('[SB17] GET %s', async (path, look, expected) => {
    await using world = await World.fresh()
    const reply = await world.jira('GET', path)
    expect([reply.status, look(reply.json)]).toEqual([200, expected])
  })

  test('[SB17] people come without e-mail addresses, but the token’s owner sees their own', async () => {
    await using world = await World.fresh()
    const { text } = await world.jira('GET', '/user/assignable/search?project=TB')
    expect(text).not.toContain('@')
    const { json } = await world.jira('GET', '/myself')
    expect([json.emailAddress, json.displayName, json.timeZone]).toEqual([world.sandbox.credentials('jira').email, 'Dana Kim', 'Etc/UTC'])
  })

  test('[SB17] lists come in pages with a link to the next', async () => {
    await using world = await World.fresh()
    const first = await world.jira('GET', '/priority/search?maxResults=2')
    expect([first.json.total, first.json.isLast, first.json.values.length]).toEqual([5, false, 2])
    expect(first.json.nextPage).toBe(`${world.origin}/sandbox/jira/rest/api/3/priority/search?maxResults=2&startAt=2`)
    const refused = await world.jira('GET', '/priority/search?maxResults=abc')
    expect([refused.status, refused.json.detail]).toEqual([400, "Failed to convert 'maxResults' with value: 'abc'"])
  })

  test.each([
    ['GET', '/user/assignable/search', 400],
    ['GET', '/user/assignable/search?project=NO', 404],
    ['GET', '/project/NO/statuses', 404],
    ['GET', '/issue/createmeta/NO/issuetypes', 404],
    ['GET', '/issuetype/project', 400],
    ['GET', '/webhook', 403],
    ['GET', '/bulk/queue/1', 400],
  ])('[SB17] %s %s answers %i', async (method, path, status) => {
    await using world = await World.fresh()
    expect((await world.jira(method, path)).status).toBe(status)
  })
})

describe('what does not fit', () => {
  test.each([
    ['a path that is none', 'GET', '/nothing/here', undefined, undefined, 404, { detail: 'No endpoint GET /rest/api/3/nothing/here.' }],
    ['a method that is none', 'PATCH', '/issue/TB-1', undefined, undefined, 405, { detail: "Method 'PATCH' is not supported." }],
    ['no body', 'POST', '/search/jql', '', 'application/json', 400, { errorMessages: ['No content to map to Object due to end of input'] }],
    [
      'a body that is not JSON',
      'POST',
      '/search/jql',
      '{"jql":',
      'application/json',
      400,
      { errorMessages: ['There was an error parsing JSON. Check that your request body is valid.'] },
    ],
    [
      'a body that is a list',
      'PUT',
      '/issue/TB-1',
      '[]',
      'application/json',
      400,
      { errorMessages: ['Invalid request payload. Refer to the REST API documentation and try again.'] },
    ],
    ['another content type', 'POST', '/search/jql', 'jql=x', 'text/plain', 415, { detail: "Content-Type 'text/plain' is not supported." }],
    ['a body of 3 MB', 'PUT', '/issue/TB-1', `{"fields":{"summary":"${'x'.repeat(3_000_000)}"}}`, 'application/json', 413, { status: 413 }],
  ] as const)('[SB20] %s is refused as Jira does', async (_what, method, path, body, type, status, part) => {
    await using world = await World.fresh()
    const reply = await world.fetch(method, `${world.origin}/sandbox/jira/rest/api/3${path}`, {
      headers: { authorization: world.authorization, ...(type && { 'content-type': type }) },
      ...(body !== undefined && { body }),
    })
    expect([reply.status, reply.json]).toEqual([status, expect.objectContaining(part)])
  })

  test('[SB20] what is not under /sandbox is left to the server in front', async () => {
    await using world = await World.fresh()
    for (const path of ['/', '/sandboxes', '/api/health']) {
      const reply = await world.fetch('GET', `${world.origin}${path}`)
      expect([reply.status, reply.text]).toEqual([421, 'not the sandbox'])
    }
  })

  test('[SB37] the clock of the site can be set off from the machine’s', async () => {
    await using world = await World.fresh()
    await world.control({ app: 'jira', clockSkewMs: -90_000 })
    const { json } = await world.jira('GET', '/serverInfo')
    expect(json.serverTime).toBe(new Date(START_MS - 90_000).toISOString().replace('Z', '+0000'))
    await world.jira('PUT', '/issue/TB-1', { fields: { summary: 'Skewed' } })
    expect((await world.fields('TB-1', 'updated')).updated).toBe(json.serverTime)
  })
})
