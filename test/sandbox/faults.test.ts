import { request as httpRequest } from 'node:http'
import { describe, expect, test } from 'vitest'
import { type CallFaults, type Fault, FaultDial, isPathMatch } from '../../sandbox/faults.ts'
import { isLoopbackHost } from '../../sandbox/origin.ts'
import { RateLimits } from '../../sandbox/rate-limits.ts'
import { type Json, seededRandom, World } from './world.ts'

const rename = (world: World, summary: string) => world.jira('PUT', '/issue/TB-1', { fields: { summary } })
const summaryOf = async (world: World): Promise<string> => (await world.fields('TB-1', 'summary')).summary
const set = (world: World, ...faults: Json[]) => world.control({ app: 'jira', faults })

/** Sends a PUT and ends it from this side once the sandbox has logged it; says what came back. */
function sendLost(world: World, summary: string): Promise<string> {
  return new Promise((resolve) => {
    const url = new URL(`${world.origin}/sandbox/jira/rest/api/3/issue/TB-1`)
    const headers = { authorization: world.authorization, 'content-type': 'application/json' }
    const request = httpRequest(url, { method: 'PUT', headers }, (response) => resolve(`answered ${response.statusCode}`))
    request.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
    request.end(JSON.stringify({ fields: { summary } }))
    const look = (): void => {
      if (request.destroyed) return
      if (world.log().at(-1)?.status === null) setImmediate(() => (request.destroyed ? undefined : request.destroy(new Error('no answer'))))
      else setImmediate(look)
    }
    setImmediate(look)
  })
}

describe('rate limits', () => {
  test.each(['jira-quota-global-based', 'jira-quota-tenant-based', 'jira-burst-based', 'jira-per-issue-on-write'])(
    '[SB21] a 429 says %s, how long to wait and when it ends',
    async (reason) => {
      await using world = await World.fresh()
      await set(world, { kind: '429', next: 1, reason, retryAfterS: 38 })
      const reply = await rename(world, 'Throttled')
      expect([reply.status, reply.json]).toEqual([
        429,
        { errorMessages: ['The request has been rate-limited. Please try again later.'], errors: {}, status: 429 },
      ])
      expect(
        ['retry-after', 'ratelimit-reason', 'x-ratelimit-remaining', 'x-ratelimit-reset'].map((name) => reply.headers.get(name)),
      ).toEqual(['38', reason, '0', '2026-02-01T12:00:38.000Z'])
      expect((await rename(world, 'Now')).status).toBe(204)
    },
  )

  test('[SB21] limits of the site itself are off until they are set', async () => {
    await using world = await World.fresh()
    await world.control({ app: 'jira', limits: { recordWrites: { max: 2, windowMs: 10_000 } } })
    const statuses = [await rename(world, 'a'), await rename(world, 'b'), await rename(world, 'c')].map((reply) => reply.status)
    expect(statuses).toEqual([204, 204, 429])
    expect((await world.jira('PUT', '/issue/TB-2', { fields: { summary: 'other issue' } })).status).toBe(204)
    expect((await world.jira('GET', '/issue/TB-1')).status).toBe(200)
    world.wait(10_000)
    expect((await rename(world, 'd')).status).toBe(204)
    await world.control({ app: 'jira', limits: null })
    for (let count = 0; count < 5; count++) expect((await rename(world, `e${count}`)).status).toBe(204)
  })

  test('[SB21] quota, burst and writes to one record are counted apart', () => {
    const limits = new RateLimits()
    const rules = { quota: { max: 5, windowMs: 60_000 }, burst: { max: 3, windowMs: 1000 } }
    const call = (endpoint: string, atMs: number) => limits.check({ endpoint, record: undefined, writes: false }, rules, atMs)?.reason
    expect([call('a', 0), call('a', 1), call('a', 2), call('a', 3)]).toEqual([undefined, undefined, undefined, 'jira-burst-based'])
    expect([call('b', 4), call('b', 5), call('b', 6)]).toEqual([undefined, undefined, 'jira-quota-global-based'])
    expect(call('a', 60_001)).toBe(undefined)
  })
})

describe('faults', () => {
  test.each([
    ['500', 500, false],
    ['503', 503, false],
    ['401', 401, false],
    ['403', 403, false],
    ['500-after', 500, true],
  ])('[SB22] %s answers %i, saved: %s', async (kind, status, isSaved) => {
    await using world = await World.fresh()
    await set(world, { kind, next: 1 })
    expect((await rename(world, 'Faulty')).status).toBe(status)
    expect(await summaryOf(world)).toBe(isSaved ? 'Faulty' : 'Write the launch announcement')
    expect(world.log()[0]).toEqual(expect.objectContaining({ status, fault: kind, saved: isSaved }))
  })

  test.each([
    ['drop', 'ECONNRESET', false],
    ['drop-after', 'ECONNRESET', true],
    ['timeout-before', 'no answer', false],
    ['timeout-after', 'no answer', true],
  ])('[SB22] %s gives no answer (%s), saved: %s', async (kind, outcome, isSaved) => {
    await using world = await World.fresh()
    await set(world, { kind, next: 1 })
    const came = await sendLost(world, 'Lost')
    expect([outcome, 'no answer']).toContain(came)
    expect(world.log().at(-1)).toEqual(expect.objectContaining({ status: null, fault: kind, saved: isSaved, responseBytes: 0 }))
    expect(await summaryOf(world)).toBe(isSaved ? 'Lost' : 'Write the launch announcement')
  })

  test('[SB22] a held request is let go when the sandbox stops', async () => {
    await using world = await World.fresh()
    await set(world, { kind: 'timeout-before' })
    const held = world.jira('GET', '/myself').catch((error: Error) => error)
    const { promise, resolve } = Promise.withResolvers<void>()
    const look = (): unknown => (world.log().some((line) => line.status === null) ? resolve() : setImmediate(look))
    look()
    await promise
    await world.stop()
    expect(await held).toBeInstanceOf(Error)
  })

  test('[SB22] a delay comes before the answer and beside other faults', async () => {
    await using world = await World.fresh()
    await set(world, { kind: 'delay', next: 1, delayMs: 30 }, { kind: '500', next: 1 })
    const startedMs = performance.now()
    const reply = await rename(world, 'Slow')
    expect(reply.status).toBe(500)
    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(25)
    expect(world.log()[0]?.fault).toBe('delay+500')
  })
})

describe('which calls a fault is about', () => {
  const calls = {
    put: { method: 'PUT', path: '/rest/api/3/issue/TB-1', fields: ['summary'], writes: true },
    move: { method: 'POST', path: '/rest/api/3/issue/TB-1/transitions', fields: ['status'], writes: true },
    search: { method: 'POST', path: '/rest/api/3/search/jql', fields: [], writes: false },
    get: { method: 'GET', path: '/rest/api/3/issue/TB-1', fields: [], writes: false },
  } as const

  function firesOn(match: Fault['match']): string[] {
    return Object.entries(calls).flatMap(([name, call]) => {
      const dial = new FaultDial({ random: seededRandom(1), initial: [{ kind: '500', ...(match && { match }) }], changed: () => undefined })
      return dial.begin(call).transport().fault ? [name] : []
    })
  }

  test.each([
    [undefined, ['put', 'move', 'search', 'get']],
    [{ method: 'post' }, ['move', 'search']],
    [{ path: '/issue/' }, ['put', 'move', 'get']],
    [{ path: '*/issue/*/transitions' }, ['move']],
    [{ path: '/rest/api/3/issue/TB-*' }, ['put', 'move', 'get']],
    [{ field: 'status' }, ['move']],
    [{ field: 'summary' }, ['put']],
    [{ writes: true }, ['put', 'move']],
    [{ writes: false }, ['search', 'get']],
    [{ writes: true, field: 'status', method: 'PUT' }, []],
  ])('[SB23] a match of %j', (match, expected) => {
    expect(firesOn(match)).toEqual(expected)
  })

  test('[SB23] a glob covers the whole path and takes no other sign for special', () => {
    expect(isPathMatch('/a.b*', '/a.b/c')).toBe(true)
    expect(isPathMatch('/a.b*', '/axb/c')).toBe(false)
    expect(isPathMatch('*.b', '/a.b/c')).toBe(false)
    expect(isPathMatch('.b', '/a.b/c')).toBe(true)
  })

  test('[SB23] the next n calls are n calls, counted in the order of the set', () => {
    const dial = new FaultDial({ random: seededRandom(1), initial: [{ kind: '500', next: 2 }, { kind: '403' }], changed: () => undefined })
    const kinds = Array.from({ length: 4 }, () => dial.begin(calls.get).transport().fault?.kind)
    expect(kinds).toEqual(['500', '500', '403', '403'])
    expect(dial.state().faults.map((fault) => [fault.kind, fault.left, fault.fired])).toEqual([['403', null, 2]])
    expect(dial.state().spent.map((fault) => [fault.kind, fault.left, fault.fired])).toEqual([['500', 0, 2]])
  })

  test('[SB23] a probability fires about as often as it says, and the same in every run', () => {
    const count = () => {
      const dial = new FaultDial({ random: seededRandom(5), initial: [{ kind: '500', probability: 0.3 }], changed: () => undefined })
      return Array.from({ length: 1000 }, () => dial.begin(calls.get).transport().fault).filter((fault) => fault).length
    }
    expect(count()).toBe(count())
    expect(count()).toBeGreaterThan(250)
    expect(count()).toBeLessThan(350)
  })

  test('[SB23] a request with a wrong credential uses no fault up', async () => {
    await using world = await World.fresh()
    await set(world, { kind: '500', next: 1 })
    await world.fetch('GET', `${world.origin}/sandbox/jira/rest/api/3/myself`)
    expect((await world.jira('GET', '/myself')).status).toBe(500)
  })

  test('[SB23] a quirk asked about several fields of one call counts once', () => {
    const dial = new FaultDial({ random: seededRandom(1), initial: [{ kind: 'quirk-capitals', next: 1 }], changed: () => undefined })
    const ask = (faults: CallFaults) => ['summary', 'status'].map((field) => faults.isBent('quirk-capitals', field))
    expect([ask(dial.begin(calls.put)), ask(dial.begin(calls.put))]).toEqual([
      [true, true],
      [false, false],
    ])
  })
})

describe('partial failure', () => {
  test('[SB24] a write to one issue is refused for the field that was named', async () => {
    await using world = await World.fresh()
    await set(world, { kind: 'partial', next: 1, refuse: { field: 'priority', message: 'Locked by the release manager.' } })
    const reply = await world.jira('PUT', '/issue/TB-1', { fields: { summary: 'x', priority: { name: 'Low' } } })
    expect([reply.status, reply.json]).toEqual([400, { errorMessages: [], errors: { priority: 'Locked by the release manager.' } }])
    expect(await summaryOf(world)).toBe('Write the launch announcement')
    expect((await rename(world, 'Now')).status).toBe(204)
  })

  test('[SB24] of a batch every second record is refused', async () => {
    await using world = await World.fresh()
    const one = (summary: string): Json => ({ fields: { project: { key: 'TB' }, issuetype: { name: 'Task' }, summary } })
    await set(world, { kind: 'partial', next: 1, refuse: { field: 'summary', message: 'No.' } })
    const made = await world.jira('POST', '/issue/bulk', { issueUpdates: ['A', 'B', 'C'].map(one) })
    expect([made.json.issues.length, made.json.errors.map((error: Json) => error.failedElementNumber)]).toEqual([2, [1]])
    await set(world, { kind: 'partial', next: 1 })
    const read = await world.jira('POST', '/issue/bulkfetch', { issueIdsOrKeys: ['TB-1', 'TB-2', 'TB-3'], fields: ['summary'] })
    expect([read.json.issues.map((issue: Json) => issue.key), read.json.issueErrors]).toEqual([
      ['TB-1', 'TB-3'],
      [{ id: '10002', errorMessage: 'The issue could not be read right now.' }],
    ])
    await set(world, { kind: 'partial', next: 1 })
    const { json } = await world.jira('POST', '/bulk/issues/fields', {
      selectedIssueIdsOrKeys: ['TB-1', 'TB-2'],
      selectedActions: ['priority'],
      editedFieldsInput: { priority: { priorityId: '5' } },
    })
    world.wait(1000)
    const progress = (await world.jira('GET', `/bulk/queue/${json.taskId}`)).json
    expect([progress.processedAccessibleIssues, Object.keys(progress.failedAccessibleIssues)]).toEqual([[10_001], ['10002']])
  })
})

describe('quirks', () => {
  test('[SB25] a fresh sandbox shows the next changed status in capitals, once', async () => {
    await using world = await World.fresh()
    await rename(world, 'Renaming uses nothing up')
    await world.jira('POST', '/issue/TB-1/transitions', { transition: { id: '13' } })
    const { status } = await world.fields('TB-1', 'status')
    expect([status.name, status.id, status.statusCategory.key]).toEqual(['DONE', '10002', 'done'])
    expect(await world.search('status = Done AND key = TB-1')).toEqual(['TB-1'])
    await world.jira('POST', '/issue/TB-4/transitions', { transition: { id: '13' } })
    expect((await world.fields('TB-4', 'status')).status.name).toBe('Done')
    const { json } = await world.jira('GET', '/issue/TB-1/transitions')
    expect(json.transitions.map((transition: Json) => transition.to.name)).toEqual(['To Do', 'In Progress', 'Done'])
  })

  test('[SB25] sending the status again puts its name right', async () => {
    await using world = await World.fresh()
    await world.jira('POST', '/issue/TB-1/transitions', { transition: { id: '13' } })
    world.wait(1000)
    await world.jira('POST', '/issue/TB-1/transitions', { transition: { id: '44' } })
    const after = await world.fields('TB-1', 'status', 'updated')
    expect([after.status.name, after.updated]).toEqual(['Done', '2026-02-01T12:00:01.000+0000'])
  })

  test.each([
    ['quirk-capitals', { summary: 'Loud' }, 'summary', 'LOUD'],
    [
      'quirk-capitals',
      { customfield_10031: { value: 'Data' } },
      'customfield_10031',
      expect.objectContaining({ value: 'DATA', id: '10314' }),
    ],
    ['quirk-capitals', { priority: { name: 'Low' } }, 'priority', expect.objectContaining({ name: 'LOW', id: '4' })],
    ['quirk-trim', { summary: 'far   apart' }, 'summary', 'far apart'],
    ['quirk-round', { customfield_10016: 2.6 }, 'customfield_10016', 3],
  ])('[SB25] %s of %j', async (kind, fields, field, stored) => {
    await using world = await World.fresh()
    await set(world, { kind, next: 1 })
    const reply = await world.jira('PUT', '/issue/TB-4?returnIssue=true', { fields })
    expect(reply.json.fields[field]).toEqual(stored)
    expect((await world.fields('TB-4', field))[field]).toEqual(stored)
    await world.jira('PUT', '/issue/TB-4', { fields })
    const plain = (await world.fields('TB-4', field))[field]
    expect(plain).not.toEqual(stored)
  })

  test('[SB25] a quirk waits for a value it would change', async () => {
    await using world = await World.fresh()
    await set(world, { kind: 'quirk-round', next: 1 }, { kind: 'quirk-trim', next: 1 })
    await world.jira('PUT', '/issue/TB-4', { fields: { customfield_10016: 8, summary: 'tidy' } })
    expect((await world.control()).json.faults.map((fault: Json) => fault.left)).toEqual([1, 1])
  })

  test('[SB25] a quirk about one field leaves the others of the call alone', async () => {
    await using world = await World.fresh()
    await set(world, { kind: 'quirk-capitals', match: { field: 'priority' } })
    await world.jira('PUT', '/issue/TB-4', { fields: { summary: 'Quiet', priority: { name: 'Low' } } })
    const after = await world.fields('TB-4', 'summary', 'priority')
    expect([after.summary, after.priority.name]).toEqual(['Quiet', 'LOW'])
  })
})

describe('control', () => {
  test('[SB26] control replaces, adds, removes and clears, and tells how things stand', async () => {
    await using world = await World.fresh()
    await set(world, { kind: '500', next: 3 })
    const { json } = await world.control({ app: 'jira', add: [{ kind: 'delay', delayMs: 1 }] })
    expect(json.faults.map((fault: Json) => [fault.kind, fault.left])).toEqual([
      ['500', 3],
      ['delay', null],
    ])
    await rename(world, 'x')
    expect((await world.control()).json.faults.map((fault: Json) => [fault.kind, fault.left, fault.fired])).toEqual([
      ['500', 2, 1],
      ['delay', null, 1],
    ])
    const removed = await world.control({ app: 'jira', remove: json.faults[0].id })
    expect(removed.json.faults.map((fault: Json) => fault.kind)).toEqual(['delay'])
    expect((await world.control({ app: 'jira', clear: true })).json.faults).toEqual([])
  })

  test.each([
    [{}, 'app'],
    [{ app: 'asana' }, 'app'],
    [{ app: 'jira', faults: [{ kind: 'explode' }] }, 'kind'],
    [{ app: 'jira', faults: [{ kind: '500', next: 0 }] }, 'next'],
    [{ app: 'jira', faults: [{ kind: '500', chance: 1 }] }, 'chance'],
    [{ app: 'jira', faults: [], clear: true }, 'give one of faults, add and clear'],
    [{ app: 'jira', indexDelayMs: -1 }, 'indexDelayMs'],
    [{ app: 'jira', editor: 'Nobody' }, 'Ben Ortiz'],
    ['not json', 'Invalid input'],
  ])('[SB26] control refuses %j and says why', async (body, word) => {
    await using world = await World.fresh()
    const before = (await world.control()).json
    const reply = await world.control(body)
    expect([reply.status, reply.json.error]).toEqual([400, expect.stringContaining(word)])
    expect((await world.control()).json).toEqual(before)
  })

  test('[SB26] what was set stays over a restart, what was used up stays used up', async () => {
    await using world = await World.fresh()
    await world.jira('POST', '/issue/TB-1/transitions', { transition: { id: '11' } })
    await world.control({ app: 'jira', add: [{ kind: '500', next: 2 }], hide: ['TB-9'], indexDelayMs: 7, editor: 'Jo Tran' })
    await rename(world, 'x')
    await world.stop()
    const again = await World.start(world.folder)
    const { json } = await again.control()
    expect([json.faults.map((fault: Json) => [fault.kind, fault.left]), json.hidden, json.editor]).toEqual([
      [['500', 1]],
      ['TB-9'],
      'Jo Tran',
    ])
    await again.stop()
  })

  test('[SB26] control takes no orders from another site', async () => {
    await using world = await World.fresh()
    const headers = { 'content-type': 'application/json', origin: 'https://evil.example' }
    const reply = await world.fetch('POST', `${world.origin}/sandbox/control`, { headers, body: '{"app":"jira","clear":true}' })
    expect(reply.status).toBe(403)
    const simple = await world.fetch('POST', `${world.origin}/sandbox/control`, {
      headers: { 'content-type': 'text/plain' },
      body: '{"app":"jira","clear":true}',
    })
    expect(simple.status).toBe(415)
    expect((await world.control()).json.faults).toHaveLength(1)
  })

  test.each([
    ['127.0.0.1:3100', true],
    ['localhost:3100', true],
    ['[::1]:3100', true],
    ['evil.example:3100', false],
    ['127.0.0.1:80', false],
    ['localhost.evil.example:3100', false],
    [undefined, false],
  ])('[SB36] the host %s is this machine: %s', (host, isOurs) => {
    expect(isLoopbackHost(host, 3100)).toBe(isOurs)
  })
})

describe('request log', () => {
  test('[SB27] every request is one line, in the order of the answers, without credentials', async () => {
    await using world = await World.fresh()
    await world.jira('POST', '/search/jql', { jql: 'key = TB-1' })
    await world.jira('PUT', '/issue/TB-1?returnIssue=true&notifyUsers=false', { fields: { summary: 'Logged' } })
    await world.jira('GET', '/issue/TB-999')
    await world.fetch('GET', `${world.origin}/sandbox/jira/rest/api/3/myself`, { headers: { authorization: 'Basic c2VjcmV0OnNlY3JldA==' } })
    const lines = world.log()
    expect(lines.map(({ method, path, query, status, saved, body }) => ({ method, path, query, status, saved, body }))).toEqual([
      { method: 'POST', path: '/rest/api/3/search/jql', query: {}, status: 200, saved: false, body: { jql: 'key = TB-1' } },
      {
        method: 'PUT',
        path: '/rest/api/3/issue/TB-1',
        query: { returnIssue: 'true', notifyUsers: 'false' },
        status: 200,
        saved: true,
        body: { fields: { summary: 'Logged' } },
      },
      { method: 'GET', path: '/rest/api/3/issue/TB-999', query: {}, status: 404, saved: false, body: undefined },
      { method: 'GET', path: '/rest/api/3/myself', query: {}, status: 401, saved: false, body: undefined },
    ])
    expect(lines[0]).toEqual(expect.objectContaining({ at: '2026-02-01T12:00:00.000Z', requestBytes: 20, responseBytes: 41 }))
    const text = JSON.stringify(lines)
    expect(text).not.toContain(world.sandbox.credentials('jira').apiToken)
    expect(text).not.toContain('c2VjcmV0')
  })

  test('[SB27] the line of an answer is there when the answer is', async () => {
    await using world = await World.fresh()
    for (let count = 1; count <= 20; count++) {
      await world.jira('GET', '/myself')
      expect(world.log()).toHaveLength(count)
    }
  })
})
