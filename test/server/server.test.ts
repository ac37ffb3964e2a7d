import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { Agent, createServer, get, type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join, resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { authFrame, FRAME } from '../../server/collab-frames.ts'
import { databasePath } from '../../server/storage/database.ts'
import { editUpdate, PlainClient, ProviderClient, RawClient } from '../support/collab-client.ts'
import { emptyApp, startShell } from '../support/shell-server.ts'
import { tempFolder } from '../support/temp-folder.ts'

interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** A request with exactly these headers, also those that fetch does not let one set. */
function ask(
  origin: string,
  path: string,
  options: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<Answer> {
  return new Promise((done, fail) => {
    const sent = request(
      `${origin}${path}`,
      { method: options.method ?? 'GET', headers: options.headers ?? {}, agent: false },
      (response) => {
        text(response).then((body) => done({ status: response.statusCode ?? 0, headers: response.headers, body }), fail)
      },
    )
    sent.on('error', fail)
    sent.end(options.body)
  })
}

const cookieOf = (answer: Answer): string => answer.headers['set-cookie']?.[0]?.split(';')[0] ?? ''
const oncePath = (oneTimeUrl: string): string => oneTimeUrl.slice(new URL(oneTimeUrl).origin.length)

test('[S11] health is open and says nothing else', async () => {
  await using folder = await tempFolder()
  await using server = await startShell(folder.path)
  const answer = await ask(server.origin, '/api/health')
  expect([answer.status, answer.body]).toEqual([200, '{"status":"ok"}'])
})

test('[S28] a connection that is kept outlives a proxy’s patience, and a stop does not wait for it', async () => {
  await using folder = await tempFolder()
  const agent = new Agent({ keepAlive: true })
  {
    await using server = await startShell(folder.path)
    const [answer] = (await once(get(`${server.origin}/api/health`, { agent }), 'response')) as [IncomingMessage]
    await text(answer)
    expect(Number(/timeout=(\d+)/u.exec(String(answer.headers['keep-alive']))?.[1])).toBeGreaterThan(60)
  }
  agent.destroy()
})

test('[S12] a stranger gets no further, a page tells how to get in', async () => {
  await using folder = await tempFolder()
  await using server = await startShell(folder.path)
  const api = await ask(server.origin, '/api/workbooks')
  expect([api.status, JSON.parse(api.body).error.code]).toEqual([401, 'not-signed-in'])
  const page = await ask(server.origin, '/w/1', { headers: { accept: 'text/html' } })
  expect([page.status, page.body.includes('npm run url')]).toEqual([401, true])
  const wrong = await ask(server.origin, '/api/session', { headers: { authorization: 'Bearer wrong' } })
  expect(wrong.status).toBe(401)
  const sandbox = await ask(server.origin, '/sandbox')
  expect(sandbox.status).toBe(401)
})

test('[S13] the printed address lets one browser in, once, and keeps the token out of the address', async () => {
  await using folder = await tempFolder()
  await using server = await startShell(folder.path)
  const first = await ask(server.origin, `${oncePath(server.oneTimeUrl)}&sheet=2`)
  expect([first.status, first.headers.location]).toEqual([303, '/?sheet=2'])
  expect(first.headers['set-cookie']?.[0]).toMatch(/^tidebook_session_\d+=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax; Max-Age=7776000$/)
  const again = await ask(server.origin, oncePath(server.oneTimeUrl), { headers: { accept: 'text/html' } })
  expect(again.status).toBe(401)
  const session = await ask(server.origin, '/api/session', { headers: { cookie: cookieOf(first) } })
  const { person, device } = JSON.parse(session.body)
  expect([session.status, person.name, person.id === device]).toEqual([200, 'Heron', true])
  const reload = await ask(server.origin, oncePath(server.oneTimeUrl), { headers: { cookie: cookieOf(first) } })
  expect([reload.status, reload.headers['set-cookie']]).toEqual([303, undefined])
})

test('[S13] a one-time token is too old after a quarter of an hour', async () => {
  await using folder = await tempFolder()
  let now = Date.parse('2026-11-21T10:00:00Z')
  await using server = await startShell(folder.path, { now: () => now })
  now += 15 * 60_000
  expect((await ask(server.origin, oncePath(server.oneTimeUrl))).status).toBe(401)
})

test('[S13] the bearer token alone makes further one-time addresses', async () => {
  await using folder = await tempFolder()
  await using server = await startShell(folder.path)
  const bearer = { authorization: `Bearer ${server.bearerToken}` }
  const made = await ask(server.origin, '/api/session/one-time', { method: 'POST', headers: bearer })
  const cookie = cookieOf(await ask(server.origin, oncePath(JSON.parse(made.body).url)))
  expect((await ask(server.origin, '/api/session', { headers: { cookie } })).status).toBe(200)
  const refused = await ask(server.origin, '/api/session/one-time', { method: 'POST', headers: { cookie } })
  expect([refused.status, JSON.parse(refused.body).error.code]).toEqual([403, 'not-allowed'])
  expect(statSync(join(folder.path, 'token')).mode & 0o777).toBe(0o600)
})

test('[S14] a session outlives restarts, lasts 90 days after its last use, and lies in the database as a hash', async () => {
  await using folder = await tempFolder()
  let now = Date.parse('2026-11-21T10:00:00Z')
  const day = 24 * 3_600_000
  let cookie = ''
  let port = 0
  {
    await using server = await startShell(folder.path, { now: () => now })
    port = Number(new URL(server.origin).port)
    cookie = cookieOf(await ask(server.origin, oncePath(server.oneTimeUrl)))
  }
  expect(readFileSync(databasePath(folder.path)).includes(cookie.split('=')[1] ?? '')).toBe(false)
  await using server = await startShell(folder.path, { now: () => now, config: { port } })
  now += 89 * day
  const used = await ask(server.origin, '/api/session', { headers: { cookie } })
  expect([used.status, used.headers['set-cookie']?.[0]?.startsWith(cookie)]).toEqual([200, true])
  now += 89 * day
  expect((await ask(server.origin, '/api/session', { headers: { cookie } })).status).toBe(200)
  now += 90 * day
  expect((await ask(server.origin, '/api/session', { headers: { cookie } })).status).toBe(401)
})

test('[S15] each browser profile is a device with a name and colour it may change', async () => {
  await using folder = await tempFolder()
  await using server = await startShell(folder.path)
  const bearer = { authorization: `Bearer ${server.bearerToken}` }
  const cookies: string[] = []
  for (let i = 0; i < 2; i++) {
    const made = await ask(server.origin, '/api/session/one-time', { method: 'POST', headers: bearer })
    cookies.push(cookieOf(await ask(server.origin, oncePath(JSON.parse(made.body).url))))
  }
  const rename = await ask(server.origin, '/api/session', {
    method: 'PATCH',
    headers: { cookie: cookies[0] ?? '', 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'Ann', color: '#123456' }),
  })
  expect([rename.status, JSON.parse(rename.body).person.name]).toEqual([200, 'Ann'])
  const people = await Promise.all(cookies.map((cookie) => ask(server.origin, '/api/session', { headers: { cookie } })))
  expect(people.map((answer) => JSON.parse(answer.body).person.name)).toEqual(['Ann', 'Otter'])
  const script = await ask(server.origin, '/api/session', {
    method: 'PATCH',
    headers: { ...bearer, 'content-type': 'application/json' },
    body: '{"name":"Me"}',
  })
  expect(script.status).toBe(409)
})

test('[S10] a foreign host or origin is turned away with or without a session', async () => {
  await using folder = await tempFolder()
  await using server = await startShell(folder.path)
  const cookie = cookieOf(await ask(server.origin, oncePath(server.oneTimeUrl)))
  expect((await ask(server.origin, '/api/session', { headers: { cookie, host: 'evil.example' } })).status).toBe(403)
  const write = { method: 'PATCH', body: '{"name":"Mallory"}' }
  const foreign = { cookie, 'content-type': 'application/json', origin: 'https://evil.example' }
  expect((await ask(server.origin, '/api/session', { ...write, headers: foreign })).status).toBe(403)
  const ws = server.origin.replace('http', 'ws')
  await expect(RawClient.connect(ws, { headers: { cookie, origin: 'https://evil.example' } })).rejects.toThrow(/403/)
  await expect(RawClient.connect(ws, { headers: { cookie, host: 'evil.example' } })).rejects.toThrow(/403/)
  await expect(RawClient.connect(ws, { path: '/nothing' })).rejects.toThrow(/404/)
  const answer = await ask(server.origin, '/api/session', { headers: { cookie } })
  expect(answer.headers['access-control-allow-origin']).toBeUndefined()
})

test('[S16] a socket has the rights of its cookie or its token, and none without', async () => {
  await using folder = await tempFolder()
  await using server = await startShell(folder.path)
  const ws = server.origin.replace('http', 'ws')
  const doc = 'edits.sheet1.1'
  const cookie = cookieOf(await ask(server.origin, oncePath(server.oneTimeUrl)))
  using browser = await RawClient.connect(ws, { headers: { cookie, origin: server.origin } })
  browser.send(authFrame(doc, ''))
  expect((await browser.next((frame) => frame.type === FRAME.auth)).detail).not.toBe('permission-denied')
  using stranger = await RawClient.connect(ws)
  stranger.send(authFrame(doc, ''))
  expect((await stranger.next((frame) => frame.type === FRAME.auth)).detail).toMatch(/not signed in/)
  using script = new ProviderClient(ws, doc, server.bearerToken)
  using plain = new PlainClient(ws, doc, server.bearerToken)
  plain.doc.getMap('m').set('k', 'v')
  await script.shows('k', 'v')
  await script.saved()
  const db = new DatabaseSync(databasePath(folder.path), { readOnly: true })
  expect(
    db
      .prepare('SELECT DISTINCT actor, device FROM update_log')
      .all()
      .map((row) => ({ ...row })),
  ).toEqual([{ actor: 'script', device: 'script' }])
  db.close()
})

test('[S17] answers carry headers that keep other sites out', async () => {
  await using folder = await tempFolder()
  await using server = await startShell(folder.path)
  const { headers } = await ask(server.origin, '/w/1', { headers: { accept: 'text/html' } })
  expect(headers['content-security-policy']).toContain("frame-ancestors 'none'")
  expect(headers['content-security-policy']).toContain("default-src 'self'")
  expect([headers['x-content-type-options'], headers['referrer-policy']]).toEqual(['nosniff', 'no-referrer'])
})

test('[S18] a request that does not fit gets a clear error, and the API describes itself', async () => {
  await using folder = await tempFolder()
  await using server = await startShell(folder.path)
  const headers = { authorization: `Bearer ${server.bearerToken}`, 'content-type': 'application/json' }
  const ofError = async (path: string, options: { method?: string; body?: string; headers?: Record<string, string> }) => {
    const answer = await ask(server.origin, path, { headers, ...options })
    const { error } = JSON.parse(answer.body)
    expect(error.advice).toMatch(/Nothing was changed/)
    return [answer.status, error.code, error.details]
  }
  expect(await ofError('/api/workbooks', { method: 'POST', body: '{"name":""}' })).toEqual([
    400,
    'bad-request',
    [{ at: 'name', problem: expect.any(String) }],
  ])
  expect(await ofError('/api/workbooks', { method: 'POST', body: '{"name":' })).toEqual([400, 'bad-request', undefined])
  expect(
    (await ofError('/api/workbooks', { method: 'POST', body: 'name=x', headers: { authorization: headers.authorization } })).slice(0, 2),
  ).toEqual([400, 'bad-request'])
  expect((await ofError('/api/workbooks/..%2f', {})).slice(0, 2)).toEqual([400, 'bad-request'])
  expect((await ofError('/api/nothing', {})).slice(0, 2)).toEqual([404, 'not-found'])
  expect((await ofError('/api/workbooks', {})).slice(0, 2)).toEqual([501, 'not-built'])
  const large = { ...headers, 'content-length': String(20 * 1024 * 1024) }
  expect((await ofError('/api/workbooks', { method: 'POST', headers: large, body: 'x'.repeat(20 * 1024 * 1024) })).slice(0, 2)).toEqual([
    413,
    'too-large',
  ])
  const described = JSON.parse((await ask(server.origin, '/api/openapi.json', { headers })).body)
  expect(described.openapi).toBe('3.1.0')
  expect(Object.keys(described.paths)).toContain('/api/workbooks/{id}/sheets/{sheet}/rows')
  expect(described.paths['/api/workbooks/{id}'].get.parameters).toMatchObject([{ in: 'path', name: 'id', required: true }])
})

test('[S19] a second server on one data folder is refused, the first goes on', async () => {
  await using folder = await tempFolder()
  await using server = await startShell(folder.path)
  await expect(startShell(folder.path)).rejects.toThrow(new RegExp(`Another Tidebook \\(process ${process.pid}\\) uses the data folder`))
  expect((await ask(server.origin, '/api/health')).status).toBe(200)
})

test('[S19] after a stop the folder and the port are free again', async () => {
  await using folder = await tempFolder()
  const first = await startShell(folder.path)
  const ws = first.origin.replace('http', 'ws')
  using client = await RawClient.open(ws, 'edits.sheet1.1', first.bearerToken)
  client.sendUpdate('edits.sheet1.1', editUpdate('k', 'v'))
  await client.acked(2)
  await first.stop()
  expect(await client.closed).toBe(1001)
  expect(existsSync(join(folder.path, 'server.pid'))).toBe(false)
  await using second = await startShell(folder.path, { config: { port: Number(new URL(first.origin).port) } })
  using again = new ProviderClient(second.origin.replace('http', 'ws'), 'edits.sheet1.1', second.bearerToken)
  await again.shows('k', 'v')
})

test('[S21] a port in use is a clear error and leaves nothing behind', async () => {
  await using folder = await tempFolder()
  const other = createServer()
  await new Promise<void>((done) => other.listen(0, '127.0.0.1', done))
  const { port } = other.address() as AddressInfo
  await expect(startShell(folder.path, { config: { port } })).rejects.toThrow(
    new RegExp(`Port ${port} on 127.0.0.1 is in use.*Nothing was changed.*PORT=`),
  )
  await new Promise((done) => other.close(done))
  await using server = await startShell(folder.path, { config: { port } })
  expect((await ask(server.origin, '/api/health')).status).toBe(200)
})

test('[S24] the stand-ins’ own API needs no session of ours, their screen and control do', async () => {
  await using folder = await tempFolder()
  await using server = await startShell(folder.path, {
    buildApp: (parts) => ({
      ...emptyApp(parts),
      sandbox: {
        isVendorApi: (pathname) => pathname.startsWith('/sandbox/jira/rest/'),
        handle: (_request, response) => {
          response.end('sandbox')
        },
      },
    }),
  })
  expect((await ask(server.origin, '/sandbox/jira/rest/api/3/myself')).body).toBe('sandbox')
  expect((await ask(server.origin, '/sandbox/control', { method: 'POST' })).status).toBe(401)
  expect((await ask(server.origin, '/sandbox/jira')).status).toBe(401)
  const bearer = { authorization: `Bearer ${server.bearerToken}` }
  expect((await ask(server.origin, '/sandbox', { headers: bearer })).body).toBe('sandbox')
})

const runMain = (env: Record<string, string>, args: string[] = []): Promise<{ code: number | null; out: string; err: string }> =>
  new Promise((done) => {
    const child = spawn(process.execPath, ['server/main.ts', ...args], {
      cwd: resolve(import.meta.dirname, '..', '..'),
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const [out, err] = [text(child.stdout), text(child.stderr)]
    child.on('close', async (code) => done({ code, out: await out, err: await err }))
  })

test('[S21] a start that cannot be ends with 1 and one paragraph without a stack', async () => {
  const { code, out, err } = await runMain({ TIDEBOOK_MODE: 'team' })
  expect([code, out]).toEqual([1, ''])
  expect(err).toBe(
    'Team mode (accounts and invitations) is not in this version yet. Nothing was started or changed. Start with TIDEBOOK_MODE=local, or leave it unset.\n',
  )
})

test('[S20] help is printed and nothing is started', async () => {
  const { code, out, err } = await runMain({}, ['--help'])
  expect([code, err]).toEqual([0, ''])
  expect(out).toContain('TIDEBOOK_DATA')
})
