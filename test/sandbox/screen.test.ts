import { describe, expect, test } from 'vitest'
import { type Json, type Reply, World } from './world.ts'

const records = (world: World, path = ''): string => `${world.origin}/sandbox/jira/records${path}`

function sendJson(world: World, method: string, path: string, body?: unknown): Promise<Reply> {
  return world.fetch(method, records(world, path), {
    headers: { 'content-type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
}

function post(world: World, path: string, form: Record<string, string>, headers: Record<string, string> = {}): Promise<Reply> {
  return world.fetch('POST', `${world.origin}/sandbox${path}`, {
    headers: { 'content-type': 'application/x-www-form-urlencoded', origin: world.origin, 'sec-fetch-site': 'same-origin', ...headers },
    body: new URLSearchParams(form).toString(),
  })
}

const page = (world: World, path = ''): Promise<Reply> => world.fetch('GET', `${world.origin}/sandbox${path}`)

/** The value the form was filled with, as the browser would send it back. */
function wasOf(html: string): string {
  const match = /name="was" value="([^"]*)"/.exec(html)
  return (match?.[1] ?? '')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&')
}

describe('edits by people', () => {
  test('[SB30] an edit on the screen is somebody else’s: time, author and history', async () => {
    await using world = await World.fresh()
    world.wait(1000)
    const edited = await sendJson(world, 'PATCH', '/TB-1', {
      summary: ' Changed there ',
      status: 'in review',
      storyPoints: 5,
      labels: ['b', 'a'],
      assignee: 'jo tran',
    })
    expect(edited.json).toEqual(
      expect.objectContaining({
        key: 'TB-1',
        summary: 'Changed there',
        status: 'In Review',
        storyPoints: 5,
        labels: ['a', 'b'],
        assignee: 'Jo Tran',
      }),
    )
    const { json } = await world.jira('GET', '/issue/TB-1?expand=changelog')
    expect([json.fields.updated, json.changelog.histories[0].author.displayName]).toEqual(['2026-02-01T12:00:01.000+0000', 'Ben Ortiz'])
    await sendJson(world, 'PATCH', '/TB-1', { duedate: '2026-05-01', as: 'Lena Fischer' })
    const again = await world.jira('GET', '/issue/TB-1?expand=changelog')
    expect(again.json.changelog.histories[0].author.displayName).toBe('Lena Fischer')
  })

  test('[SB30] records are found by words and keys, without the index’s delay, in pages', async () => {
    await using world = await World.fresh({ indexDelayMs: 60_000 })
    await sendJson(world, 'PATCH', '/TB-7', { summary: 'Quite unique zebra' })
    expect((await sendJson(world, 'GET', '?search=zeb')).json.records.map((record: Json) => record.key)).toEqual(['TB-7'])
    expect((await sendJson(world, 'GET', '?search=tb-12')).json.records[0].key).toBe('TB-12')
    const { json } = await sendJson(world, 'GET', '?startAt=50&maxResults=20')
    expect([json.total, json.records.length, json.records[0].key]).toEqual([60, 10, 'TB-51'])
    expect((await sendJson(world, 'GET', '/TB-7')).json.summary).toBe('Quite unique zebra')
    expect((await world.fetch('GET', `${world.origin}/sandbox/api/jira/records/TB-7`)).json.key).toBe('TB-7')
  })

  test('[SB30] people create, move, hide and delete', async () => {
    await using world = await World.fresh()
    const made = await sendJson(world, 'POST', '', { summary: 'Made there', project: 'OPS', type: 'Bug', description: 'One\nTwo' })
    expect([made.status, made.json.key, made.json.reporter, made.json.description]).toEqual([201, 'OPS-1', 'Ben Ortiz', 'One\nTwo'])
    expect((await sendJson(world, 'POST', '/OPS-1/move', { project: 'TB' })).json.key).toBe('TB-61')
    expect((await sendJson(world, 'DELETE', '/TB-61')).status).toBe(204)
    expect((await world.jira('GET', '/issue/TB-61')).status).toBe(404)
    const hidden = await post(world, '/jira/issues/10002/hide', {})
    expect([hidden.status, (await world.jira('GET', '/issue/TB-2')).status]).toEqual([303, 404])
    await post(world, '/jira/issues/10002/show', {})
    expect((await world.jira('GET', '/issue/TB-2')).status).toBe(200)
  })

  test.each([
    ['PATCH', '/TB-1', { status: 'Blocked' }, 400, 'There is no status'],
    ['PATCH', '/TB-1', { summary: '' }, 400, 'You must specify a summary'],
    ['PATCH', '/TB-1', { assignee: 'Nobody' }, 400, 'does not exist'],
    ['PATCH', '/TB-1', { duedate: 'soon', storyPoints: 'x' }, 400, 'storyPoints'],
    ['PATCH', '/TB-1', { as: 'Nobody' }, 400, 'There is no person'],
    ['PATCH', '/TB-1', { color: 'red' }, 400, 'color'],
    ['PATCH', '/TB-999', { summary: 'x' }, 404, 'There is no issue TB-999'],
    ['POST', '', { summary: 'x', project: 'NO' }, 400, 'There is no project'],
    ['POST', '/TB-1/move', { project: 'NO' }, 400, 'There is no project'],
    ['PUT', '/TB-1', {}, 405, 'Use GET, PATCH or DELETE'],
  ])('[SB30] %s %s %j is refused in plain words', async (method, path, body, status, words) => {
    await using world = await World.fresh()
    const reply = await sendJson(world, method, path, body)
    expect([reply.status, reply.json.error]).toEqual([status, expect.stringContaining(words)])
  })

  test('[SB30] a form saves only what was changed in it', async () => {
    await using world = await World.fresh()
    const form = await page(world, '/jira/issues/TB-1')
    await world.jira('PUT', '/issue/TB-1', { fields: { priority: { name: 'Lowest' } } })
    const was = JSON.parse(wasOf(form.text))
    const saved = await post(world, '/jira/issues/10001', { ...was, was: JSON.stringify(was), summary: 'From the form', as: 'Mara Rossi' })
    expect([saved.status, saved.headers.get('location')]).toEqual([303, '/sandbox/jira/issues/TB-1?done=saved'])
    const after = await world.fields('TB-1', 'summary', 'priority')
    expect([after.summary, after.priority.name]).toEqual(['From the form', 'Lowest'])
    expect((await page(world, '/jira/issues/TB-1?done=saved')).text).toContain('Saved. Jira has it now.')
  })

  test('[SB30] what a form got wrong is shown beside the field, with what was typed', async () => {
    await using world = await World.fresh()
    const was = wasOf((await page(world, '/jira/issues/TB-1')).text)
    const refused = await post(world, '/jira/issues/10001', { ...JSON.parse(was), was, reference: 'nowhere', summary: 'Typed' })
    expect(refused.status).toBe(400)
    expect(refused.text).toContain('Not a valid URL')
    expect(refused.text).toContain('value="Typed"')
    expect((await world.fields('TB-1', 'summary')).summary).toBe('Write the launch announcement')
  })

  test('[SB30] the status a quirk wrote stays as it is shown until somebody chooses another', async () => {
    await using world = await World.fresh()
    await world.jira('POST', '/issue/TB-1/transitions', { transition: { id: '13' } })
    const form = await page(world, '/jira/issues/TB-1')
    expect(form.text).toContain('DONE (shown so)')
    const was = wasOf(form.text)
    await post(world, '/jira/issues/10001', { ...JSON.parse(was), was, summary: 'Only the summary' })
    expect((await world.fields('TB-1', 'status')).status.name).toBe('DONE')
    await sendJson(world, 'PATCH', '/TB-1', { status: 'Done' })
    expect((await world.fields('TB-1', 'status')).status.name).toBe('Done')
  })

  test('[SB30] the dial and the settings can be set by form', async () => {
    await using world = await World.fresh()
    await post(world, '/jira/dial/clear', {})
    await post(world, '/jira/dial', { kind: 'timeout-after', next: '2', chance: '', writes: 'true', field: '', path: '' })
    await post(world, '/jira/dial', { kind: '429', next: '1', retryAfterS: '7', reason: 'jira-burst-based' })
    await post(world, '/jira/settings', { editor: 'Amir Khan', indexDelayMs: '10' })
    const { json } = await world.control()
    expect(json.faults.map(({ id: _id, left: _left, fired: _fired, ...fault }: Json) => fault)).toEqual([
      { kind: 'timeout-after', next: 2, match: { writes: true } },
      { kind: '429', next: 1, retryAfterS: 7, reason: 'jira-burst-based' },
    ])
    expect([json.editor, json.indexDelayMs]).toEqual(['Amir Khan', 10])
    await post(world, `/jira/dial/${json.faults[0].id}/remove`, {})
    expect((await world.control()).json.faults.map((fault: Json) => fault.kind)).toEqual(['429'])
    const refused = await post(world, '/jira/dial', { kind: '500', next: '-3' })
    expect([refused.status, refused.text.includes('The dial is as before')]).toEqual([400, true])
  })
})

describe('the screen', () => {
  test('[SB20] a sandbox that fails, or a client that goes in the middle, takes nobody else down', async () => {
    await using world = await World.fresh()
    const { rmSync } = await import('node:fs')
    const { connect } = await import('node:net')
    const socket = connect(Number(new URL(world.origin).port), '127.0.0.1')
    socket.write('POST /sandbox/control HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{"app"')
    await new Promise((resolve) => socket.once('connect', resolve))
    socket.resetAndDestroy()
    expect((await page(world)).status).toBe(200)
    rmSync(world.folder, { recursive: true })
    const failed = [await page(world), await world.jira('GET', '/myself')]
    expect(failed.map((reply) => [reply.status, reply.text.includes('The sandbox failed')])).toEqual([
      [500, true],
      [500, true],
    ])
    await world.stop().catch(() => undefined)
  })

  test('[SB31] what is typed is shown as text, never as markup', async () => {
    await using world = await World.fresh()
    const nasty = `<script>alert(1)</script> "quoted" & 'single'`
    await sendJson(world, 'PATCH', '/TB-1', { summary: nasty, description: `</textarea>${nasty}`, labels: ['<b>'] })
    await world.jira('GET', `/issue/${encodeURIComponent('<img src=x>')}`)
    for (const path of ['', '/jira/issues/TB-1', '/jira/aside', `?search=${encodeURIComponent('"><script>alert(2)</script>')}`]) {
      const { text } = await page(world, path)
      expect(text).not.toMatch(/<script>alert|<\/textarea><script|<img src=x|<b>"/)
    }
    expect((await page(world)).text).toContain('&lt;script&gt;alert(1)&lt;/script&gt; &quot;quoted&quot; &amp; &#39;single&#39;')
  })

  test('[SB31] pages allow no script but their own file, and no frame', async () => {
    await using world = await World.fresh()
    for (const path of ['', '/jira/issues/TB-1', '/jira/new']) {
      const { headers, text } = await page(world, path)
      expect(headers.get('content-security-policy')).toBe(
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
      )
      expect([headers.get('x-content-type-options'), headers.get('x-frame-options')]).toEqual(['nosniff', 'DENY'])
      expect(text).not.toMatch(/<script(?! src="\/sandbox\/screen\.js" defer>)|\son[a-z]+=|style="/)
    }
    expect((await page(world, '/screen.js')).headers.get('content-type')).toBe('text/javascript;charset=UTF-8')
    expect((await page(world, '/screen.css')).headers.get('content-type')).toBe('text/css;charset=UTF-8')
  })

  test.each([
    ['/jira/issues/10001/delete', { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }],
    ['/jira/issues/10001/delete', { origin: 'null' }],
    ['/jira/issues', { origin: 'http://127.0.0.1:1', 'sec-fetch-site': 'same-site' }],
    ['/jira/dial/clear', { origin: 'https://evil.example' }],
  ])('[SB31] a POST to %s from another site is refused', async (path, headers) => {
    await using world = await World.fresh()
    const reply = await post(world, path, { summary: 'x' }, headers)
    expect(reply.status).toBe(403)
    expect([(await world.search('project = TB')).length, (await world.control()).json.faults.length]).toEqual([60, 1])
  })

  test('[SB31] no GET changes anything', async () => {
    await using world = await World.fresh()
    for (const path of ['/jira/issues/10001/delete', '/jira/dial/clear', '/jira/issues/10001/move', '/jira/settings'])
      await page(world, path)
    expect([(await world.search('project = TB')).length, (await world.control()).json.faults.length]).toEqual([60, 1])
  })

  test('[SB31] the home page lists records, the dial, the requests and how to connect', async () => {
    await using world = await World.fresh()
    await world.jira('GET', '/myself')
    const { text } = await page(world)
    const { email } = world.sandbox.credentials('jira')
    for (const part of ['TB-50', '1–50 of 60', 'Fault dial', 'Write in capitals', '/myself', email, `${world.origin}/sandbox/jira`])
      expect(text).toContain(part)
    expect((await page(world, '?startAt=50')).text).toContain('51–60 of 60')
    expect((await page(world, '?search=nothing%20like%20it')).text).toContain('Nothing found')
    expect((await page(world, '/jira/browse/TB-5')).headers.get('location')).toBe('/sandbox/jira/issues/TB-5')
    expect((await page(world, '/nowhere')).status).toBe(404)
    expect((await page(world, '/jira/issues/TB-999')).status).toBe(404)
  })
})
