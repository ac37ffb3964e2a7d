import { expect, test } from 'vitest'
import { IntegrationCredentials } from '../../server/credentials.ts'
import { makeLogger } from '../../server/logger.ts'
import { Secrets } from '../../server/secrets.ts'
import type { IntegrationRow } from '../../server/storage/catalog.ts'
import { openReader } from '../../server/storage/database.ts'
import { SqliteUpdateLog } from '../../server/storage/sqlite-log.ts'
import type { UpdateLog } from '../../server/update-log.ts'
import type { OAuthMethod, OAuthTokens, ReadyApp } from '../../sync-engine/connectors/app.ts'
import { jiraApp } from '../../sync-engine/connectors/jira-app.ts'
import { tempFolder } from '../support/temp-folder.ts'

const [method] = jiraApp.auth.filter((one): one is OAuthMethod => one.kind === 'oauth2')
const INTEGRATION: IntegrationRow = {
  id: 'one',
  app: 'jira',
  name: 'One',
  baseUrl: 'https://api.atlassian.com/ex/jira/x',
  account: 'dana',
  isOn: true,
  limitedTo: undefined,
  isSandbox: false,
}
const START = Date.parse('2026-03-01T10:00:00.000Z')

/** Credentials over a real database, an app that answers as told, and a disk that can refuse. */
async function world(answers: readonly (() => Response)[], app: ReadyApp = jiraApp) {
  const folder = await tempFolder()
  const log = await SqliteUpdateLog.open({ dataFolder: folder.path, retryMs: 0 })
  const reader = openReader(folder.path)
  let nowMs = START
  let refusals = 0
  const now = (): number => nowMs
  const disk: UpdateLog = Object.assign(Object.create(log) as UpdateLog, {
    execute: (ops: Parameters<UpdateLog['execute']>[0]) => (refusals > 0 ? undefined : log.execute(ops)),
    durable: async () => {
      if (refusals-- > 0) throw new Error('The disk is full')
      await log.durable()
    },
  })
  refusals = 0
  const secrets = await Secrets.open({ dataFolder: folder.path, secret: undefined, reader, log: disk, now })
  const asked: URLSearchParams[] = []
  const credentials = new IntegrationCredentials({
    secrets,
    reader,
    log: disk,
    logger: makeLogger({ level: 'silent' }),
    now,
    origin: () => 'http://127.0.0.1:1',
    fetch: async (_url, init) => {
      asked.push(new URLSearchParams(String(init?.body)))
      const answer = answers[Math.min(asked.length, answers.length) - 1]
      if (answer === undefined) throw new TypeError('nobody answers')
      return answer()
    },
  })
  if (method === undefined) throw new Error('Jira signs in by OAuth')
  const tokens: OAuthTokens = { accessToken: 'access-0', refreshToken: 'refresh-0', expiresAt: START + 3_600_000, extra: {} }
  const client = { clientId: 'client', clientSecret: 'client-secret' }
  await credentials.saveTokens({ integration: 'one', app: 'jira', isSandbox: false, method, tokens, client, signInAt: '', by: 'ann' })
  return {
    credentials,
    asked,
    headers: async () => (await credentials.headersFor(INTEGRATION, app)).authorization,
    later: (ms: number) => {
      nowMs += ms
    },
    refuse: (times: number) => {
      refusals = times
    },
    [Symbol.asyncDispose]: async () => {
      await reader.close()
      await log.stop()
      await folder[Symbol.asyncDispose]()
    },
  }
}

const json = (status: number, body: unknown) => () => Response.json(body, { status })
const granted = (n: number, more: Record<string, unknown> = {}) =>
  json(200, { access_token: `access-${n}`, refresh_token: `refresh-${n}`, expires_in: 3600, token_type: 'Bearer', ...more })

test('[AU8] many who wait get the one new token, and each refresh token is shown once', async () => {
  await using it = await world([granted(1), granted(2)])
  expect(await it.headers()).toBe('Bearer access-0')
  it.later(3_590_000)
  expect(new Set(await Promise.all(Array.from({ length: 20 }, () => it.headers())))).toEqual(new Set(['Bearer access-1']))
  // Who was turned away with the old one finds the new one, and asks for none.
  expect(await it.credentials.renew(INTEGRATION, jiraApp, { authorization: 'Bearer access-0' })).toBe(true)
  expect(it.asked.map((form) => form.get('refresh_token'))).toEqual(['refresh-0'])
  expect(await it.credentials.renew(INTEGRATION, jiraApp, { authorization: 'Bearer access-1' })).toBe(true)
  expect(it.asked.map((form) => form.get('refresh_token'))).toEqual(['refresh-0', 'refresh-1'])
  expect(await it.headers()).toBe('Bearer access-2')
})

test('[AU8] a new token the disk does not take is not used; it is not lost, and the spent one is not shown again', async () => {
  await using it = await world([granted(1)])
  it.later(3_590_000)
  it.refuse(2)
  await expect(it.headers()).rejects.toThrow('The disk is full')
  await expect(it.headers()).rejects.toThrow('The disk is full')
  expect(await it.headers()).toBe('Bearer access-1')
  expect(it.asked).toHaveLength(1)
})

test('[AU8] an app that keeps its refresh token is shown it again', async () => {
  await using it = await world([json(200, { access_token: 'access-1', expires_in: 1800, token_type: 'bearer' }), granted(2)])
  it.later(3_590_000)
  expect(await it.headers()).toBe('Bearer access-1')
  it.later(1_790_000)
  expect(await it.headers()).toBe('Bearer access-2')
  expect(it.asked.map((form) => form.get('refresh_token'))).toEqual(['refresh-0', 'refresh-0'])
})

test.each([
  [
    'an ended sign-in',
    json(403, { error: 'invalid_grant', error_description: 'Unknown or invalid refresh token.' }),
    'auth-expired',
    'revoked',
  ],
  ['a client that is not known', json(401, { error: 'access_denied' }), 'auth-expired', 'authorised'],
  ['a fault of the app', () => new Response('oops', { status: 500 }), 'app-unavailable', 'authorised'],
  [
    'a page of a proxy',
    () => new Response('<html>', { status: 200, headers: { 'content-type': 'text/html' } }),
    'bad-answer',
    'authorised',
  ],
  ['more than a token needs', () => new Response('x'.repeat(300_000), { status: 200 }), 'app-unavailable', 'authorised'],
  ['a redirect', () => new Response(null, { status: 302, headers: { location: 'https://evil.example' } }), 'bad-answer', 'authorised'],
] as const)('[AU9] %s is told for what it is, without anything of the exchange', async (_, answer, code, state) => {
  await using it = await world([answer])
  it.later(3_590_000)
  const failure = await it.headers().catch((error: unknown) => error)
  expect(failure).toMatchObject({ code })
  expect(JSON.stringify(failure, Object.getOwnPropertyNames(failure))).not.toMatch(/refresh-0|client-secret|access-0/)
  expect((await it.credentials.stateOf('one')).state).toBe(state)
})

test('[AU3] a sign-in that nobody used for as long as the app keeps it is told to be expired', async () => {
  await using it = await world([json(403, { error: 'invalid_grant' })])
  expect(await it.credentials.stateOf('one')).toEqual({ state: 'authorised', by: 'ann', at: START, expiresAt: START + 90 * 24 * 3_600_000 })
  it.later(90 * 24 * 3_600_000)
  expect((await it.credentials.stateOf('one')).state).toBe('expired')
  // The app says so too, and it was not the app that ended it.
  await expect(it.headers()).rejects.toThrow('ended the sign-in')
  expect((await it.credentials.stateOf('one')).state).toBe('expired')
  expect(await it.credentials.stateOf('none')).toEqual({ state: 'never', by: null, at: null, expiresAt: null })
})
