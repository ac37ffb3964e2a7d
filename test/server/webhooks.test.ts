import { createHmac, randomBytes } from 'node:crypto'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeLogger } from '../../server/logger.ts'
import { type RunningServer, startServer } from '../../server/start.ts'
import { isHook, Webhooks } from '../../server/webhooks.ts'
import type { HookVerifier, ReadyApp } from '../../sync-engine/connectors/app.ts'
import { jiraApp } from '../../sync-engine/connectors/jira-app.ts'
import { Browser } from '../support/browser.ts'
import { testConfig } from '../support/shell-server.ts'
import { tempFolder } from '../support/temp-folder.ts'

const SECRET = 'the-secret-of-this-webhook'
const CLIENT_SECRET = 'the-secret-of-the-client'
const NOW = Date.parse('2026-03-01T10:00:00.000Z')

const base64 = (json: unknown): string => Buffer.from(JSON.stringify(json)).toString('base64url')
const signed = (body: string, secret = SECRET): Record<string, string> => ({
  'x-hub-signature': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
})
const eventBody = (timestamp = NOW, id = '10001'): string =>
  JSON.stringify({ timestamp, webhookEvent: 'jira:issue_updated', issue: { id } })
function jwt(claims: Record<string, unknown>, { secret = CLIENT_SECRET, alg = 'HS256' } = {}): Record<string, string> {
  const head = base64({ alg, typ: 'JWT' })
  const text = `${head}.${base64(claims)}`
  const signature = alg === 'none' ? '' : createHmac('sha256', secret).update(text).digest('base64url')
  return { authorization: `Bearer ${text}.${signature}` }
}

/** What Jira was asked to send to the place of a client, for two accounts, and for one that is paused. */
const ASKED = [
  { integration: 'one', hook: '7' },
  { integration: 'two', hook: '8' },
  { integration: 'off', hook: '9' },
]

function world(hooks: HookVerifier | undefined = jiraApp.hooks) {
  const hints: (readonly [string, string | undefined])[] = []
  let nowMs = NOW
  const app: ReadyApp = { ...jiraApp, ...(hooks && { hooks }) }
  const webhooks = new Webhooks({
    catalog: {
      integrations: async () =>
        [
          { id: 'one', isOn: true },
          { id: 'two', isOn: true },
          { id: 'off', isOn: false },
        ].map((row) => ({ ...row, app: 'jira', name: row.id, baseUrl: '', account: '', limitedTo: undefined, isSandbox: true })),
    },
    credentials: { hookSecretsOf: async () => ({ own: SECRET, client: CLIENT_SECRET }) },
    asked: async (path) => (path === '/hooks/jira/client' ? ASKED : []),
    hints: { onHint: (integration, object) => hints.push([integration, object]) },
    logger: makeLogger({ level: 'silent' }),
    now: () => nowMs,
    readyApp: () => app,
  })
  const send = (body: string, headers: Record<string, string>, to: { place?: string; app?: string; address?: string } = {}) =>
    webhooks.take({
      app: to.app ?? 'jira',
      place: to.place ?? 'one',
      request: { method: 'POST', url: 'http://tide.example/hooks/jira/one', headers, body: Buffer.from(body) },
      address: to.address ?? '203.0.113.9',
    })
  return { hints, send, later: (ms: number) => (nowMs += ms) }
}

describe('webhooks of Jira', () => {
  test('[AU13] an authentic one is a hint to pull its object sooner, and nothing more', async () => {
    const { hints, send } = world()
    expect(await send(eventBody(), signed(eventBody()))).toBe(204)
    const iat = NOW / 1000
    expect(await send(eventBody(NOW, '10002'), jwt({ iat, exp: iat + 180 }))).toBe(204)
    expect(hints).toEqual([
      ['one', 'issues'],
      ['one', 'issues'],
    ])
  })

  const iat = NOW / 1000
  const fine = { iat, exp: iat + 180 }
  test.each([
    ['without a signature', eventBody(), {}],
    ['with the signature of another body', eventBody(), signed(eventBody(NOW, '7'))],
    ['with the signature of another secret', eventBody(), signed(eventBody(), 'another')],
    ['with half a signature', eventBody(), { 'x-hub-signature': 'sha256=00' }],
    [
      'with a signature by SHA-1',
      eventBody(),
      { 'x-hub-signature': `sha1=${createHmac('sha1', SECRET).update(eventBody()).digest('hex')}` },
    ],
    ['with a token of another client', eventBody(), jwt(fine, { secret: 'another' })],
    ['with a token that nobody signed', eventBody(), { authorization: `Bearer ${base64({ alg: 'none' })}.${base64(fine)}.x` }],
    ['with a token by another algorithm', eventBody(), jwt(fine, { alg: 'HS512' })],
    ['with a token that is over', eventBody(), jwt({ iat: iat - 9_000, exp: iat - 1_000 })],
    ['with a token without an end', eventBody(), jwt({ iat })],
    ['with a token from the future', eventBody(), jwt({ iat: iat + 3_600, exp: iat + 7_200 })],
    ['signed, and no event', 'hello', signed('hello')],
    ['signed and older than two hours', eventBody(NOW - 7_300_000), signed(eventBody(NOW - 7_300_000))],
    ['signed and of tomorrow', eventBody(NOW + 86_400_000), signed(eventBody(NOW + 86_400_000))],
  ])('[AU14] one %s is refused and hints at nothing', async (_, body, headers) => {
    const { hints, send } = world()
    expect(await send(body, headers)).toBe(401)
    expect(hints).toEqual([])
  })

  test('[AU14] it must be of the app and of an integration that is on; which there are, no answer tells', async () => {
    const { hints, send } = world()
    for (const to of [{ place: 'off' }, { place: 'three' }, { app: 'hubspot' }])
      expect(await send(eventBody(), signed(eventBody()), to)).toBe(401)
    expect(hints).toEqual([])
    expect([isHook('/hooks/jira/one'), isHook('/hooks/jira/one/x'), isHook('/hooks/jira/'), isHook('/api/hooks/jira/one')]).toEqual([
      true,
      false,
      false,
      false,
    ])
  })

  test('[AU19] one that was asked for is for those accounts whose webhook it is, and signed by their client alone', async () => {
    const { hints, send } = world()
    const body = (id: string, matchedWebhookIds?: number[]) => JSON.stringify({ ...JSON.parse(eventBody(NOW, id)), matchedWebhookIds })
    const to = { place: 'client' }
    expect(await send(body('1', [8, 9, 10]), jwt({ ...fine, jti: 'a' }), to)).toBe(204)
    expect(hints).toEqual([['two', 'issues']])
    // Jira does not say which: all of them may be meant.
    expect(await send(body('2'), jwt({ ...fine, jti: 'b' }), to)).toBe(204)
    expect(hints.slice(1).map(([integration]) => integration)).toEqual(['one', 'two'])
    expect(await send(body('3', [7]), signed(body('3', [7])), to)).toBe(401)
    expect(await send(body('4', [7]), jwt(fine, { secret: SECRET }), to)).toBe(401)
    expect(await send(body('5', [7]), jwt({ iat: iat - 9_000, exp: iat - 1_000 }), to)).toBe(401)
    expect(hints).toHaveLength(3)
  })

  test('[AU15] a delivery that comes twice counts once, also with other headers', async () => {
    const { hints, send, later } = world()
    const body = eventBody()
    expect(await send(body, signed(body))).toBe(204)
    expect(await send(body, { ...signed(body), 'x-atlassian-webhook-identifier': randomBytes(8).toString('hex') })).toBe(204)
    later(3_600_000)
    expect(await send(body, signed(body))).toBe(204)
    expect(hints).toHaveLength(1)
    // When it is forgotten, it is too old as well.
    later(3_700_000)
    expect(await send(body, signed(body))).toBe(401)
    expect(hints).toHaveLength(1)
  })

  test('[AU16] who sends forged ones has to wait; others are heard', async () => {
    const { hints, send, later } = world()
    for (let i = 0; i < 60; i++) await send(eventBody(), {})
    expect(await send(eventBody(), signed(eventBody()))).toBe(429)
    expect(await send(eventBody(), signed(eventBody()), { address: '203.0.113.10' })).toBe(204)
    later(61_000)
    expect(await send(eventBody(NOW, '9'), signed(eventBody(NOW, '9')))).toBe(204)
    expect(hints).toHaveLength(2)
  })

  test('[AU14] a signature over the address holds for the one the app called, though a proxy speaks https for us', async () => {
    const overAddress: HookVerifier = {
      secret: 'own',
      verify: ({ request, secrets, crypto }) =>
        crypto.isEqual(Buffer.from(request.headers['x-signed'] ?? '', 'hex'), crypto.hmac('sha256', secrets[0] ?? '', request.url))
          ? { kind: 'authentic', deliveryId: 'd1', hints: [{ recordIds: [] }] }
          : { kind: 'refused', reason: 'no' },
    }
    const { hints, send } = world(overAddress)
    const sign = (url: string) => ({ 'x-signed': createHmac('sha256', SECRET).update(url).digest('hex') })
    expect(await send('', sign('https://tide.example/hooks/jira/one'))).toBe(204)
    expect(await send('', sign('https://evil.example/hooks/jira/one'))).toBe(401)
    expect(hints).toEqual([['one', undefined]])
  })
})

describe('over HTTP', () => {
  let folder: Awaited<ReturnType<typeof tempFolder>>
  let server: RunningServer
  beforeAll(async () => {
    folder = await tempFolder()
    server = await startServer(testConfig(folder.path, { hasSandbox: true }))
  })
  afterAll(async () => {
    await server.stop()
    await folder[Symbol.asyncDispose]()
  })

  test('[AU13] the stand-in of Jira sends what it signs with the secret of the integration, and it is taken', async () => {
    const browser = await Browser.letIn(server)
    const { id } = await browser.api('addIntegration', { body: { app: 'jira', name: 'Hooked', sandbox: true } })
    const { url, secret } = await browser.api('setHookSecret', { params: { id } })
    expect(url).toBe(`${server.origin}/hooks/jira/${id}`)
    const control = (body: Record<string, unknown>) =>
      browser.go('/sandbox/control', {
        method: 'POST',
        headers: { origin: server.origin, 'content-type': 'application/json' },
        body: JSON.stringify({ app: 'jira', ...body }),
      })
    const deliveries = async () => {
      const view = (await (await browser.go('/sandbox/control?app=jira')).json()) as { deliveries: { status: number | null }[] }
      return view.deliveries
    }
    const edit = async (): Promise<void> => {
      const before = (await deliveries()).length
      await browser.go('/sandbox/jira/issues/TB-1', {
        method: 'POST',
        headers: { origin: server.origin, 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams({ summary: `Edited ${before}` }).toString(),
      })
      await expect.poll(async () => (await deliveries()).length).toBe(before + 1)
    }
    await control({ webhooks: [{ url, secret }] })
    await edit()
    expect((await deliveries())[0]).toMatchObject({ status: 204 })
    await control({ webhooks: [{ url, secret: 'another-secret' }] })
    await edit()
    expect((await deliveries())[0]).toMatchObject({ status: 401 })
    await control({ webhooks: [] })
  })

  test('[AU16] it takes a POST of at most a megabyte, and holds no connection for a body that does not come', async () => {
    const post = (body: string, method = 'POST') => fetch(`${server.origin}/hooks/jira/none`, { method, ...(body && { body }) })
    expect((await post('', 'GET')).status).toBe(405)
    expect((await post('{}')).status).toBe(401)
    expect((await post('x'.repeat(1024 * 1024 + 1))).status).toBe(413)
    // Without a length that could be trusted.
    const { hostname, port } = new URL(server.origin)
    const answer = await new Promise<string>((resolve, reject) => {
      const socket = connect(Number(port), hostname, () => {
        socket.write(`POST /hooks/jira/none HTTP/1.1\r\nHost: ${hostname}:${port}\r\nTransfer-Encoding: chunked\r\n\r\n`)
        const chunk = 'x'.repeat(64 * 1024)
        for (let i = 0; i < 20; i++) socket.write(`${chunk.length.toString(16)}\r\n${chunk}\r\n`)
      })
      socket.once('data', (data) => {
        resolve(String(data))
        socket.destroy()
      })
      socket.once('error', reject)
    })
    expect(answer).toContain('413')
  })
})
