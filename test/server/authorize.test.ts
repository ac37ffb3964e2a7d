import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Writable } from 'node:stream'
import pino from 'pino'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type RunningServer, startServer } from '../../server/start.ts'
import { databasePath } from '../../server/storage/database.ts'
import { Browser } from '../support/browser.ts'
import { testConfig } from '../support/shell-server.ts'
import { tempFolder } from '../support/temp-folder.ts'

// The whole server with Jira's stand-in behind real HTTP; what happened is read from the stand-in's own request log.

let folder: Awaited<ReturnType<typeof tempFolder>>
let server: RunningServer
let browser: Browser
let nowMs = Date.now()
const logged: string[] = []
const answered: string[] = []

const logger = pino(
  { level: 'debug' },
  new Writable({
    write: (chunk, _encoding, done) => {
      logged.push(String(chunk))
      done()
    },
  }),
)
const start = () => startServer(testConfig(folder.path, { hasSandbox: true, logLevel: 'debug' }), { now: () => nowMs, logger })

beforeAll(async () => {
  folder = await tempFolder()
  server = await start()
  browser = await Browser.letIn(server)
})
afterAll(async () => {
  await server.stop()
  await folder[Symbol.asyncDispose]()
})
beforeEach(() => control({ clear: true, accessLifeS: 3600 }))

const standIn = (): { email: string; apiToken: string; clientId: string; clientSecret: string } =>
  JSON.parse(readFileSync(join(folder.path, 'sandbox', 'jira', 'credentials.json'), 'utf8'))

async function control(body: Record<string, unknown>): Promise<void> {
  const response = await fetch(`${server.origin}/sandbox/control`, {
    method: 'POST',
    headers: { authorization: `Bearer ${server.bearerToken}`, 'content-type': 'application/json' },
    body: JSON.stringify({ app: 'jira', ...body }),
  })
  if (!response.ok) throw new Error(await response.text())
}

const tokenRequests = (): number =>
  readFileSync(join(folder.path, 'sandbox', 'jira', 'requests.jsonl'), 'utf8')
    .split('\n')
    .filter((line) => line.includes('"path":"/oauth/token"')).length

/** From the button to the page the browser ends at. */
async function signIn(
  as: Browser,
  ask: Parameters<typeof browser.api<'beginAuthorization'>>[1] = { body: { app: 'jira', name: 'Signed in', sandbox: true } },
  word = 'allow',
): Promise<{ back: string; next: string }> {
  const { url } = await as.api('beginAuthorization', ask)
  const page = await (await as.go(url)).text()
  const consent = await as.press(page, { name: 'decision', value: word })
  const back = consent.headers.get('location') ?? ''
  const returned = await as.go(back)
  expect(returned.status).toBe(303)
  return { back, next: returned.headers.get('location') ?? '' }
}

const idOf = (next: string): string => /^\/settings\/integrations\/([0-9A-Za-z]+)$/.exec(next)?.[1] ?? ''
const problemAt = async (as: Browser, next: string) =>
  as.api('getAuthorization', { params: { attempt: /authorization=([0-9a-f]+)$/.exec(next)?.[1] ?? '' } })
const integration = async (id: string) => (await browser.api('listIntegrations')).integrations.find((one) => one.id === id)
const count = async (): Promise<number> => (await browser.api('listIntegrations')).integrations.length

describe('by what a person enters', () => {
  test('[AU1] apps say how they are signed in to, what each right is for, and where to come back to', async () => {
    const { apps } = await browser.api('listApps')
    const jira = apps.find(({ id }) => id === 'jira')
    if (jira?.state !== 'ready') throw new Error('Jira is built')
    expect(jira.methods.map(({ kind, id }) => [kind, id])).toEqual([
      ['oauth2', 'oauth'],
      ['token', 'api-token'],
    ])
    const [oauth] = jira.methods
    if (oauth?.kind !== 'oauth2') throw new Error('OAuth comes first')
    expect(oauth.redirectUri).toBe(`${server.origin}/oauth/callback`)
    expect(oauth.scopes.filter(({ isWrite }) => isWrite).map(({ id }) => id)).toEqual(['write:jira-work'])
    for (const { why } of oauth.scopes) expect(why).toMatch(/\.$/)
    expect(apps.filter(({ state }) => state === 'coming').length).toBeGreaterThan(0)
  })

  test('[AU2] a credential is tried before it is kept: a wrong one leaves nothing', async () => {
    const before = await count()
    const entered = { email: standIn().email, token: 'not-the-token-at-all' }
    const refused = await browser.send('addIntegration', {
      body: { app: 'jira', name: 'Wrong', baseUrl: `${server.origin}/sandbox/jira`, method: 'api-token', credentials: entered },
    })
    expect(refused.status).toBe(409)
    expect(await refused.json()).toMatchObject({ error: { code: 'auth-expired', advice: expect.stringContaining('Nothing was kept') } })
    expect(await count()).toBe(before)
    const nobody = await browser.send('addIntegration', {
      body: { app: 'jira', name: 'Nobody', baseUrl: 'http://127.0.0.1:1', method: 'api-token', credentials: entered },
    })
    expect(await nobody.json()).toMatchObject({ error: { code: 'app-unavailable' } })
    const missing = await browser.send('addIntegration', {
      body: { app: 'jira', name: 'Missing', baseUrl: `${server.origin}/sandbox/jira`, method: 'api-token', credentials: {} },
    })
    expect(await missing.json()).toMatchObject({ error: { code: 'bad-request', message: expect.stringContaining('API token') } })
  })

  test('[AU3] an added account starts as Pull only, names its account, and says who added it', async () => {
    const { email, apiToken } = standIn()
    const { id, account } = await browser.api('addIntegration', {
      body: {
        app: 'jira',
        name: 'By token',
        baseUrl: `${server.origin}/sandbox/jira/`,
        method: 'api-token',
        credentials: { email, token: apiToken },
      },
    })
    expect(account).toBe(email)
    const me = await browser.api('getSession')
    expect(await integration(id)).toMatchObject({
      name: 'By token',
      account: email,
      isOn: true,
      auth: { state: 'authorised', by: me.person.id, expiresAt: null },
      objects: [{ external: 'issues', direction: 'pull', schedule: null }],
    })
    expect(await browser.api('tryIntegration', { params: { id } })).toMatchObject({ account: email })
    const again = await browser.send('renewCredentials', {
      params: { id },
      body: { method: 'api-token', credentials: { email, token: 'x' } },
    })
    expect(again.status).toBe(409)
    expect(await browser.api('tryIntegration', { params: { id } })).toMatchObject({ account: email })
  })

  test('[AU4] a sandbox account is added by one click, and several of one app stand side by side', async () => {
    const first = await browser.api('addIntegration', { body: { app: 'jira', name: 'One', sandbox: true } })
    const second = await browser.api('addIntegration', { body: { app: 'jira', name: 'Two', sandbox: true } })
    expect(first.id).not.toBe(second.id)
    expect((await integration(second.id))?.objects.map(({ direction }) => direction)).toEqual(['pull'])
    expect(await browser.api('tryIntegration', { params: { id: second.id } })).toMatchObject({ account: standIn().email })
  })
})

describe('by OAuth', () => {
  test('[AU5] the browser goes to the app with a state and an S256 challenge, comes back with a code, and an account is added', async () => {
    const { url } = await browser.api('beginAuthorization', { body: { app: 'jira', name: 'Looked at', sandbox: true } })
    const asked = new URL(url).searchParams
    expect(asked.get('code_challenge_method')).toBe('S256')
    expect(asked.get('code_challenge')).toMatch(/^[\w-]{43}$/)
    expect(asked.get('state')).toMatch(/^[\w-]{43}$/)
    expect(asked.get('scope')?.split(' ')).toContain('offline_access')
    expect(url).not.toContain(standIn().clientSecret)
    const { next } = await signIn(browser)
    const id = idOf(next)
    expect(await integration(id)).toMatchObject({
      name: 'Signed in',
      account: expect.stringContaining(standIn().email),
      auth: { state: 'authorised', expiresAt: expect.any(Number) },
      objects: [{ direction: 'pull' }],
    })
    expect(await browser.api('tryIntegration', { params: { id } })).toMatchObject({ baseUrl: expect.stringContaining('/ex/jira/') })
  })

  test('[AU6] a state is used once, by the browser it was given to, and within a quarter of an hour', async () => {
    const before = await count()
    const other = await Browser.letIn(server)
    const { url } = await browser.api('beginAuthorization', { body: { app: 'jira', name: 'Lured', sandbox: true } })
    const consent = await browser.press(await (await browser.go(url)).text(), { name: 'decision', value: 'allow' })
    const back = consent.headers.get('location') ?? ''
    // Somebody else's browser is sent to the address of this sign-in.
    const lured = (await other.go(back)).headers.get('location') ?? ''
    expect(await problemAt(other, lured)).toMatchObject({ problem: { code: 'not-found' } })
    // The state is used up by that: nor can the right browser use it now.
    expect(idOf((await browser.go(back)).headers.get('location') ?? '')).toBe('')
    expect(await count()).toBe(before)

    const { back: used } = await signIn(browser)
    expect(await count()).toBe(before + 1)
    expect(idOf((await browser.go(used)).headers.get('location') ?? '')).toBe('')
    const late = await browser.api('beginAuthorization', { body: { app: 'jira', name: 'Late', sandbox: true } })
    nowMs += 16 * 60_000
    const lateBack = (await browser.press(await (await browser.go(late.url)).text(), { name: 'decision', value: 'allow' })).headers.get(
      'location',
    )
    expect(idOf((await browser.go(lateBack ?? '')).headers.get('location') ?? '')).toBe('')
    const forged = await browser.go('/oauth/callback?code=abc&state=')
    expect(idOf(forged.headers.get('location') ?? '')).toBe('')
    expect(await count()).toBe(before + 1)
  })

  test('[AU7] what went wrong at the app is told to the browser that began, and to no other', async () => {
    const { next } = await signIn(browser, undefined, 'deny')
    expect(await problemAt(browser, next)).toMatchObject({
      app: 'jira',
      problem: { code: 'not-allowed', message: expect.stringMatching(/declined/) },
    })
    const other = await Browser.letIn(server)
    await expect(problemAt(other, next)).rejects.toThrow(/404/)
    const client = { clientId: standIn().clientId, clientSecret: 'not-the-secret-of-this-client' }
    const wrong = await signIn(browser, { body: { app: 'jira', name: 'Wrong', sandbox: true, client } })
    expect(await problemAt(browser, wrong.next)).toMatchObject({
      problem: { code: 'auth-expired', message: expect.stringMatching(/client secret/) },
    })
  })

  test('[AU8] a token that ended is renewed once for all who wait, on disk before it is used, and the account stays', async () => {
    const id = idOf((await signIn(browser)).next)
    await control({ endTokens: 'access' })
    const before = tokenRequests()
    const tried = await Promise.all(Array.from({ length: 6 }, () => browser.api('tryIntegration', { params: { id } })))
    expect(new Set(tried.map(({ account }) => account)).size).toBe(1)
    expect(tokenRequests() - before).toBe(1)
    // By the clock too, before any call meets a 401.
    nowMs += 3_590_000
    const refusals = readFileSync(join(folder.path, 'sandbox', 'jira', 'requests.jsonl'), 'utf8').split('"status":401').length
    await browser.api('tryIntegration', { params: { id } })
    expect(tokenRequests() - before).toBe(2)
    expect(readFileSync(join(folder.path, 'sandbox', 'jira', 'requests.jsonl'), 'utf8').split('"status":401').length).toBe(refusals)
    // The refresh token was spent each time: what is on disk is the newest.
    await server.stop()
    server = await start()
    browser = await Browser.letIn(server)
    await control({ endTokens: 'access' })
    expect(await browser.api('tryIntegration', { params: { id } })).toMatchObject({ account: expect.any(String) })
  })

  test('[AU9] where the app ended the sign-in, the account is told to be signed out until somebody signs in to the same one again', async () => {
    const id = idOf((await signIn(browser)).next)
    await control({ endTokens: 'grants' })
    const failed = await browser.send('tryIntegration', { params: { id } })
    expect(await failed.json()).toMatchObject({ error: { code: 'auth-expired' } })
    expect((await integration(id))?.auth.state).toBe('revoked')
    const before = await count()
    const { next } = await signIn(browser, { body: { app: 'jira', integration: id } })
    expect(idOf(next)).toBe(id)
    expect(await count()).toBe(before)
    expect(await integration(id)).toMatchObject({ name: 'Signed in', auth: { state: 'authorised' } })
    expect(await browser.api('tryIntegration', { params: { id } })).toMatchObject({ account: expect.any(String) })
  })

  test('[AU10] no guest, stranger or script signs an app in, and no page of another site begins it', async () => {
    const stranger = new Browser(server.origin)
    expect((await stranger.go('/oauth/callback?code=a&state=b')).status).toBe(401)
    expect((await stranger.send('listApps')).status).toBe(401)
    for (const name of ['beginAuthorization', 'addIntegration'] as const) {
      expect((await stranger.send(name, { body: { app: 'jira', name: 'x', sandbox: true } })).status).toBe(401)
    }
    const script = await fetch(`${server.origin}/api/integrations/authorize`, {
      method: 'POST',
      headers: { authorization: `Bearer ${server.bearerToken}`, 'content-type': 'application/json' },
      body: JSON.stringify({ app: 'jira', name: 'x', sandbox: true }),
    })
    expect(script.status).toBe(400)
    const foreign = await browser.go('/api/integrations/authorize', {
      method: 'POST',
      headers: { origin: 'https://evil.example', 'content-type': 'application/json' },
      body: JSON.stringify({ app: 'jira', name: 'x', sandbox: true }),
    })
    expect(foreign.status).toBe(403)
  })
})

test('[AU17] a run whose token ended renews the sign-in in the middle, and its log says so', async () => {
  const id = idOf((await signIn(browser)).next)
  const object = (await integration(id))?.objects[0]?.id ?? ''
  const { id: workbook } = await browser.api('createWorkbook', { body: { name: 'Signed in' } })
  const sheet = (await browser.api('getWorkbook', { params: { id: workbook } })).sheets[0]?.id ?? ''
  const connection = await browser.api('createConnection', {
    body: { workbook, sheet, object, filter: 'project = OPS', fields: ['summary'] },
  })
  await control({ endTokens: 'access' })
  const { run } = await browser.api('startSync', { params: { id: connection.id }, body: { mode: 'two-way' } })
  await expect.poll(async () => (await browser.api('getRun', { params: { id: run } })).state, { timeout: 20_000 }).toBe('settled')
  await control({ endTokens: 'access' })
  const described = await browser.api('describeConnection', { params: { id: connection.id } })
  expect(described).toBeDefined()
  await expect
    .poll(async () => {
      const { runs } = await browser.api('listRuns')
      const all = await Promise.all(
        runs.filter((one) => one.connection === connection.id).map((one) => browser.api('getRun', { params: { id: one.id } })),
      )
      return all.flatMap(({ calls }) => calls.map(({ status, note }) => [status, note?.includes('fresh sign-in') === true]))
    })
    .toContainEqual([401, true])
  await control({ endTokens: 'grants' })
  const { run: last } = await browser.api('startSync', { params: { id: connection.id }, body: { mode: 'two-way' } })
  await expect
    .poll(async () => (await browser.api('getRun', { params: { id: last } })).state, { timeout: 20_000 })
    .toMatch(/settled|failed/)
  expect(await browser.send('describeConnection', { params: { id: connection.id } })).toMatchObject({ ok: false })
  expect((await integration(id))?.auth.state).toBe('revoked')
})

describe('webhooks that are asked for', () => {
  const kept = () =>
    (
      JSON.parse(readFileSync(join(folder.path, 'sandbox', 'jira', 'webhooks.json'), 'utf8')) as {
        hooks: { id: number; url: string; jqlFilter: string; events: string[]; endsMs: number }[]
      }
    ).hooks
  const hooksOf = async (id: string) => (await browser.api('getIntegration', { params: { id } })).hooks
  const connect = async (id: string, filter: string) => {
    const object = (await integration(id))?.objects[0]?.id ?? ''
    const { id: workbook } = await browser.api('createWorkbook', { body: { name: 'Told' } })
    const sheet = (await browser.api('getWorkbook', { params: { id: workbook } })).sheets[0]?.id ?? ''
    const { id: connection } = await browser.api('createConnection', { body: { workbook, sheet, object, filter, fields: ['summary'] } })
    return { object, connection }
  }
  const edit = (summary: string) =>
    browser.go('/sandbox/jira/issues/TB-1', {
      method: 'POST',
      headers: { origin: server.origin, 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ summary }).toString(),
    })
  const deliveries = async () =>
    ((await (await browser.go('/sandbox/control?app=jira')).json()) as { deliveries: { status: number | null }[] }).deliveries

  test('[AU19] one is asked for with the first connection, brings the next pull forward, is kept before it ends, and goes with its integration', async () => {
    const id = idOf((await signIn(browser)).next)
    expect(await hooksOf(id)).toEqual({ state: 'nothing-connected', until: null, message: null })
    const { object } = await connect(id, 'project = TB AND key <= TB-5')
    await expect.poll(async () => (await hooksOf(id))?.state).toBe('registered')
    const hook = kept().find(({ jqlFilter }) => jqlFilter === 'project IN ("TB")')
    expect(hook?.url).toMatch(new RegExp(`^${server.origin}/hooks/jira/[0-9a-f]{32}$`))
    expect(hook?.events.toSorted()).toEqual(['jira:issue_created', 'jira:issue_deleted', 'jira:issue_updated'])

    await browser.api('patchObject', { params: { id, object }, body: { schedule: 60 } })
    await edit('Told of at once')
    await expect.poll(async () => (await deliveries())[0]?.status).toBe(204)
    const next = async () => (await integration(id))?.objects[0]?.nextPull ?? 0
    await expect.poll(async () => (await next()) - nowMs).toBeLessThanOrEqual(10_000)

    // Asked again a week later, with the same one; not asked before.
    const before = hook?.endsMs ?? 0
    nowMs += 8 * 24 * 3_600_000
    await server.stop()
    server = await startServer(testConfig(folder.path, { hasSandbox: true, port: Number(new URL(server.origin).port) }), {
      now: () => nowMs,
      logger,
    })
    browser = await Browser.letIn(server)
    const still = () => kept().filter(({ jqlFilter }) => jqlFilter === 'project IN ("TB")')
    await expect.poll(() => still()[0]?.endsMs ?? 0).toBeGreaterThan(before)
    expect(still().map((one) => one.id)).toEqual([hook?.id])

    await browser.api('deleteIntegration', { params: { id }, body: { confirm: 'Signed in' } })
    expect(still()).toEqual([])
  })

  test('[AU19] two accounts that sign in by one client each have their own, and hear of their own projects', async () => {
    const first = idOf((await signIn(browser)).next)
    const second = idOf((await signIn(browser)).next)
    await connect(first, 'project = TB')
    await connect(second, 'project = OPS')
    await expect.poll(async () => [(await hooksOf(first))?.state, (await hooksOf(second))?.state]).toEqual(['registered', 'registered'])
    expect(new Set(kept().map(({ url }) => url)).size).toBe(1)
    const next = async (id: string) => ((await integration(id))?.objects[0]?.nextPull ?? 0) - nowMs
    for (const id of [first, second]) {
      const object = (await integration(id))?.objects[0]?.id ?? ''
      await browser.api('patchObject', { params: { id, object }, body: { schedule: 60 } })
      // Pulled a moment ago, so that the clock itself wants nothing yet.
      const { connections } = await browser.api('getIntegration', { params: { id } })
      const { run } = await browser.api('startSync', { params: { id: connections[0]?.id ?? '' }, body: { mode: 'one-way' } })
      await expect.poll(async () => (await browser.api('getRun', { params: { id: run } })).state, { timeout: 20_000 }).toBe('settled')
    }
    await edit('Of one project')
    await expect.poll(() => next(first)).toBeLessThanOrEqual(10_000)
    expect(await next(second)).toBeGreaterThan(60_000)
    for (const id of [first, second]) await browser.api('deleteIntegration', { params: { id }, body: { confirm: 'Signed in' } })
  })

  test('[AU20] what the app does not take is said in its words; paused or signed in by a token, nothing is asked', async () => {
    const first = idOf((await signIn(browser)).next)
    await control({ faults: [{ kind: '403', match: { path: '/rest/api/3/webhook' } }] })
    await connect(first, 'project = TB')
    await expect.poll(() => hooksOf(first)).toMatchObject({ state: 'refused', message: expect.stringContaining('Jira does not allow') })
    await control({ clear: true })
    const asked = () =>
      readFileSync(join(folder.path, 'sandbox', 'jira', 'requests.jsonl'), 'utf8')
        .split('\n')
        .filter((line) => line.includes('/rest/api/3/webhook')).length
    const before = asked()
    // Not before an hour is over; nor while it is paused, nor by a token.
    await connect(first, 'project = TB')
    await browser.api('patchIntegration', { params: { id: first }, body: { isOn: false } })
    nowMs += 3_600_000
    const { id: byToken } = await browser.api('addIntegration', { body: { app: 'jira', name: 'By token', sandbox: true } })
    await connect(byToken, 'project = TB')
    expect([asked(), await hooksOf(byToken), (await hooksOf(first))?.state]).toEqual([before, null, 'pending'])
    await browser.api('deleteIntegration', { params: { id: first }, body: { confirm: 'Signed in' } })
  })
})

test('[AU11] no secret stands in the data folder outside of its sealed envelope, in a log, an answer or a document', async () => {
  const { email, apiToken, clientSecret } = standIn()
  const tokens: string[] = []
  const id = idOf((await signIn(browser)).next)
  await browser.api('addIntegration', { body: { app: 'jira', name: 'Kept', sandbox: true } })
  const { secret } = await browser.api('setHookSecret', { params: { id } })
  await control({ endTokens: 'access' })
  await browser.api('tryIntegration', { params: { id } })
  await control({ endTokens: 'grants' })
  await browser.send('tryIntegration', { params: { id } })
  for (const name of ['listApps', 'listIntegrations', 'getSession', 'listWorkbooks'] as const)
    answered.push(await (await browser.send(name)).text())
  const [workbook] = (await browser.api('listWorkbooks')).workbooks
  answered.push(await (await browser.send('getWorkbook', { params: { id: workbook?.id ?? '' } })).text())
  const sheet = (await browser.api('getWorkbook', { params: { id: workbook?.id ?? '' } })).sheets[0]?.id
  for (const path of ['openapi.json', 'runs', 'exports/runs', 'usage', `workbooks/${workbook?.id}/sheets/${sheet}/rows?format=csv`])
    answered.push(await (await browser.go(`/api/${path}`)).text())
  const { runs } = JSON.parse(await (await browser.go('/api/runs')).text()) as { runs: { id: string }[] }
  expect(runs.length).toBeGreaterThan(0)
  for (const { id: run } of runs) answered.push(await (await browser.go(`/api/runs/${run}`)).text())
  // The tokens as they are sealed: opened as the server does, then looked for everywhere else.
  tokens.push(...(await sealedTokens()))
  expect(tokens.length).toBeGreaterThan(1)

  const secrets = [apiToken, clientSecret, secret, ...tokens]
  const marks = secrets.flatMap((text) => [text, Buffer.from(`${email}:${text}`).toString('base64').slice(0, 40), encodeURIComponent(text)])
  const found = (where: string, text: string): void => {
    for (const mark of marks) if (text.includes(mark)) throw new Error(`${where} holds a secret`)
  }
  found('a log', logged.join(''))
  found('an answer', answered.join(''))
  let files = 0
  for (const file of filesBelow(folder.path)) {
    // The stand-ins' own side: what the apps themselves would know, in files that only their owner may read.
    if (/sandbox\/(?:[a-z]+\/credentials|jira\/webhooks)\.json$/.test(file)) {
      expect(statSync(file).mode & 0o077, file).toBe(0)
      continue
    }
    files++
    found(file, readFileSync(file, 'latin1'))
  }
  expect(files).toBeGreaterThan(5)
})

function filesBelow(path: string): readonly string[] {
  return readdirSync(path, { withFileTypes: true }).flatMap((entry) => {
    const below = join(path, entry.name)
    return entry.isDirectory() ? filesBelow(below) : [below]
  })
}

/** Every text within the sealed envelopes, opened with the folder's own key. */
async function sealedTokens(): Promise<readonly string[]> {
  const { makeVault } = await import('../../server/secrets.ts')
  const key = Buffer.from(readFileSync(join(folder.path, 'secret.key'), 'utf8').trim(), 'base64url')
  const database = new DatabaseSync(databasePath(folder.path), { readOnly: true })
  try {
    const rows = database.prepare('SELECT name, envelope FROM secrets').all() as { name: string; envelope: string }[]
    return rows.flatMap(({ name, envelope }) => {
      const salt = Buffer.from(envelope.split('.')[1] ?? '', 'base64url')
      const text = makeVault(key, salt).open(name, envelope)
      return [...text.matchAll(/"(?:accessToken|refreshToken|clientSecret|token)":"([^"]{16,})"/g)].map(([, found = '']) => found)
    })
  } finally {
    database.close()
  }
}
