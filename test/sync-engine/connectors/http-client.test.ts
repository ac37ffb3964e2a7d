import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import {
  backoffMs,
  type CallReport,
  type HttpClient,
  type HttpClientOptions,
  makeHttpClient,
  redact,
  redactPath,
  retryAfterMs,
  TokenBucket,
} from '../../../sync-engine/connectors/http-client.ts'

/** A clock that only waits move. */
function virtualClock(startMs = 1_700_000_000_000) {
  let nowMs = startMs
  const slept: number[] = []
  return {
    slept,
    now: () => nowMs,
    sleep: async (ms: number, signal: AbortSignal) => {
      if (signal.aborted) throw signal.reason
      slept.push(ms)
      nowMs += ms
    },
  }
}

interface Seen {
  readonly method: string
  readonly url: string
  readonly authorization: string | undefined
  readonly body: string
}

/** A small app: each request is answered by the next of `answers`, the last one for ever. */
class App {
  readonly seen: Seen[] = []
  #server: Server | undefined
  #answers: readonly ((response: ServerResponse, request: IncomingMessage) => void)[] = []

  async start(...answers: ((response: ServerResponse, request: IncomingMessage) => void)[]): Promise<string> {
    this.#answers = answers
    this.seen.length = 0
    const server = createServer(async (request, response) => {
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk as Buffer)
      const { method = '', url = '', headers } = request
      this.seen.push({ method, url, authorization: headers.authorization, body: Buffer.concat(chunks).toString() })
      const answer = this.#answers[Math.min(this.seen.length, this.#answers.length) - 1]
      if (answer) answer(response, request)
    })
    this.#server = server
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  async stop(): Promise<void> {
    const server = this.#server
    this.#server = undefined
    server?.closeAllConnections()
    if (server) await new Promise((resolve) => server.close(resolve))
  }
}

const ok =
  (body: unknown = { ok: true }) =>
  (response: ServerResponse) => {
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(body))
  }
const status =
  (code: number, headers: Record<string, string> = {}) =>
  (response: ServerResponse) => {
    response.writeHead(code, headers)
    response.end('{}')
  }
const hangUp = (response: ServerResponse) => response.destroy()

const app = new App()
afterEach(() => app.stop())

function client(
  baseUrl: string,
  options: Partial<HttpClientOptions> = {},
): { http: HttpClient; calls: CallReport[]; clock: ReturnType<typeof virtualClock> } {
  const clock = virtualClock()
  const calls: CallReport[] = []
  const http = makeHttpClient({
    baseUrl,
    appName: 'Jira',
    authorize: async () => ({ authorization: 'Bearer very-secret' }),
    onCall: (report) => calls.push(report),
    clock,
    random: () => 0,
    allowPrivate: true,
    ...options,
  })
  return { http, calls, clock }
}
const signal = new AbortController().signal

describe('http client', () => {
  it('[H2] a call carries the credential, and its report does not', async () => {
    const { http, calls } = client(await app.start(ok({ a: 1 })))
    const answer = await http.read({ method: 'POST', path: '/x?token=abc&page=2', body: { q: 'ä', password: 'p' } }, signal)
    expect(answer.json).toEqual({ a: 1 })
    expect(app.seen).toEqual([
      { method: 'POST', url: '/x?token=abc&page=2', authorization: 'Bearer very-secret', body: '{"q":"ä","password":"p"}' },
    ])
    expect(calls).toMatchObject([
      {
        kind: 'pull',
        method: 'POST',
        path: '/x?token=•••&page=2',
        status: 200,
        attempt: 1,
        requestBytes: 25,
        responseBytes: 7,
        body: { q: 'ä', password: '•••' },
      },
    ])
    expect(JSON.stringify(calls)).not.toContain('secret')
  })

  it('[H2] secret-looking names are hidden, a paging token is not', () => {
    expect(redactPath('/a')).toBe('/a')
    expect(redactPath('/a?access_token=1&api-key=2&nextPageToken=3&fields=x')).toBe(
      '/a?access_token=•••&api-key=•••&nextPageToken=3&fields=x',
    )
    expect(redact({ fields: [{ clientSecret: 's', name: 'n' }], nextPageToken: 't' })).toEqual({
      fields: [{ clientSecret: '•••', name: 'n' }],
      nextPageToken: 't',
    })
  })

  it('[H3] a call says what it is for', async () => {
    const { http, calls } = client(await app.start(ok()))
    await http.as('check').read({ method: 'GET', path: '/a' }, signal)
    await http.as('check').read({ method: 'GET', path: '/a', kind: 'lookup' }, signal)
    await http.as('check').write({ method: 'PUT', path: '/a' }, signal)
    expect(calls.map(({ kind }) => kind)).toEqual(['check', 'lookup', 'write'])
  })

  it('[H4] a throttled call waits as long as it was asked to, and says so first', async () => {
    const { http, calls, clock } = client(await app.start(status(429, { 'retry-after': '38' }), ok()))
    const answer = await http.write({ method: 'PUT', path: '/a', body: {} }, signal)
    expect(answer).toMatchObject({ kind: 'answer', status: 200 })
    expect(calls.map((call) => [call.status, call.attempt, call.waitMs, call.reason])).toEqual([
      [429, 1, 38_250, 'Jira asked us to wait 38 s'],
      [200, 2, undefined, undefined],
    ])
    expect(clock.slept).toEqual([38_250])
  })

  it('[H4] a wait longer than allowed ends the call as rate-limited', async () => {
    const { http, clock } = client(await app.start(status(429, { 'retry-after': '3600' })), { maxWaitMs: 60_000 })
    await expect(http.read({ method: 'GET', path: '/a' }, signal)).rejects.toMatchObject({ code: 'rate-limited', retryAfterMs: 3_600_000 })
    expect(clock.slept).toEqual([])
  })

  it('[H4] an app that throttles for ever is given up on', async () => {
    const { http } = client(await app.start(status(429)), { maxWaitMs: 10_000_000 })
    await expect(http.write({ method: 'PUT', path: '/a' }, signal)).rejects.toMatchObject({ code: 'rate-limited' })
    expect(app.seen.length).toBe(12)
  })

  it('[H4] the wait is read from every form it comes in', () => {
    const now = Date.parse('2026-01-01T00:00:00Z')
    const asked = (headers: Record<string, string>) => retryAfterMs(new Headers(headers), now)
    expect(asked({ 'retry-after': '3' })).toBe(3000)
    expect(asked({ 'retry-after': 'Thu, 01 Jan 2026 00:00:09 GMT' })).toBe(9000)
    expect(asked({ 'retry-after': 'Thu, 01 Jan 2026 00:10:09 GMT', date: 'Thu, 01 Jan 2026 00:10:00 GMT' })).toBe(9000)
    expect(asked({ 'retry-after': 'Wed, 31 Dec 2025 00:00:00 GMT' })).toBe(0)
    expect(asked({ 'x-ratelimit-reset': '2026-01-01T00:00:05.000Z' })).toBe(5000)
    expect(asked({ 'x-ratelimit-reset': String(now / 1000 + 7) })).toBe(7000)
    expect(asked({ 'x-ratelimit-reset': 'soon' })).toBeUndefined()
    expect(asked({})).toBeUndefined()
  })

  it('[H5] a read is repeated on 5xx and lost connections, a few times', async () => {
    const { http, calls, clock } = client(await app.start(status(503), hangUp, ok({ done: true })))
    expect((await http.read({ method: 'GET', path: '/a' }, signal)).json).toEqual({ done: true })
    expect(calls.map((call) => call.status)).toEqual([503, null, 200])
    expect(clock.slept).toEqual([250, 500])
    await app.stop()
    const dead = client(await app.start(status(500)))
    await expect(dead.http.read({ method: 'GET', path: '/a' }, signal)).rejects.toMatchObject({ code: 'app-unavailable' })
    expect(app.seen).toHaveLength(4)
  })

  it('[H6] a write is never repeated when it may have been saved', async () => {
    for (const end of [hangUp, status(500), status(503, { 'retry-after': '1' })]) {
      const { http } = client(await app.start(end))
      const answer = await http.write({ method: 'PUT', path: '/a', body: { v: 1 } }, signal)
      expect(answer.kind === 'answer' ? answer.status : answer.kind).toSatisfy((end) => end === 'no-answer' || end >= 500)
      expect(app.seen).toHaveLength(1)
      await app.stop()
    }
  })

  it('[H6] a write that never left is tried again, and then nothing was saved', async () => {
    const baseUrl = await app.start(ok())
    await app.stop()
    const { http, calls } = client(baseUrl)
    await expect(http.write({ method: 'PUT', path: '/a' }, signal)).rejects.toMatchObject({ code: 'app-unavailable' })
    expect(calls.map((call) => [call.status, call.reason])).toEqual(Array.from({ length: 4 }, () => [null, 'the connection was refused']))
  })

  it('[H7] no call outlives its time, not even while the answer comes', async () => {
    const slow = (response: ServerResponse) => void response.write('{"a":')
    const { http, calls } = client(await app.start(() => undefined, slow), { timeoutMs: 60 })
    expect(await http.write({ method: 'PUT', path: '/a' }, signal)).toEqual({ kind: 'no-answer', reason: 'no answer within 0.06 s' })
    expect(await http.write({ method: 'PUT', path: '/a' }, signal)).toEqual({ kind: 'no-answer', reason: 'no answer within 0.06 s' })
    expect(calls.map((call) => call.status)).toEqual([null, null])
  })

  it('[H7] no answer is taken that is larger than allowed', async () => {
    const { http } = client(await app.start(ok({ text: 'x'.repeat(3_000_000) })), { maxBodyBytes: 1_000_000 })
    expect(await http.write({ method: 'PUT', path: '/a' }, signal)).toMatchObject({
      kind: 'no-answer',
      reason: 'the answer is larger than 1 MB',
    })
    await expect(http.read({ method: 'GET', path: '/a' }, signal)).rejects.toMatchObject({ code: 'app-unavailable' })
  })

  it('[H8] a redirect is never followed', async () => {
    const other = new App()
    const elsewhere = await other.start(ok())
    const { http } = client(await app.start(status(302, { location: elsewhere })))
    await expect(http.read({ method: 'GET', path: '/a' }, signal)).rejects.toMatchObject({ code: 'bad-answer' })
    expect(await http.write({ method: 'PUT', path: '/a' }, signal)).toMatchObject({ kind: 'no-answer' })
    expect(other.seen).toEqual([])
    await other.stop()
  })

  it('[H8] no path leads out of the base address', async () => {
    const { http } = client(`${await app.start(ok())}/sandbox/jira`)
    for (const path of ['/../../etc', '/%2e%2e/%2e%2e/x', 'x', '@evil.example/', '//evil.example/../../..']) {
      await expect(http.read({ method: 'GET', path }, signal)).rejects.toMatchObject({ code: 'bad-request' })
    }
    expect(app.seen).toEqual([])
    expect((await http.read({ method: 'GET', path: '/rest/a' }, signal)).status).toBe(200)
    expect(app.seen.map(({ url }) => url)).toEqual(['/sandbox/jira/rest/a'])
  })

  it('[H1] a private address is not called where it is not allowed', async () => {
    const { http } = client((await app.start(ok())).replace('http', 'https'), { allowPrivate: false, resolve: async () => ['8.8.8.8'] })
    await expect(http.read({ method: 'GET', path: '/a' }, signal)).rejects.toMatchObject({ code: 'bad-request' })
    expect(app.seen).toEqual([])
  })

  it('[H9] a credential that is no longer taken is told apart from every other refusal', async () => {
    const { http, calls } = client(await app.start(status(401), status(401), status(403)))
    await expect(http.read({ method: 'GET', path: '/a' }, signal)).rejects.toMatchObject({ code: 'auth-expired' })
    await expect(http.write({ method: 'PUT', path: '/a' }, signal)).rejects.toMatchObject({ code: 'auth-expired' })
    expect((await http.read({ method: 'GET', path: '/a' }, signal)).status).toBe(403)
    expect(calls).toHaveLength(3)
  })

  it('[H10] calls of one credential keep its pace', async () => {
    const clock = virtualClock()
    const bucket = new TokenBucket({ clock, burst: 2, perSecond: 10 })
    const waits: number[] = []
    for (let call = 0; call < 4; call++) waits.push(await bucket.take(signal))
    expect(waits).toEqual([0, 0, 100, 100])
  })

  it('[H12] where the clock is set back nobody waits for that hour to come again', async () => {
    let nowMs = 1_700_000_000_000
    const slept: number[] = []
    const clock = { now: () => nowMs, sleep: async (ms: number) => void slept.push(ms) }
    const bucket = new TokenBucket({ clock, burst: 2, perSecond: 10 })
    const lanes = [{ id: 'search', takes: () => true, burst: 2, perSecond: 10 }]
    const call = { method: 'GET', path: '/a' } as const
    bucket.pauseUntil(nowMs + 2_000)
    bucket.holdUntil(call, 'endpoint', nowMs + 5_000)
    expect(await bucket.takeFor(call, lanes, signal)).toBe(7_000)
    nowMs -= 3_600_000
    // What the app asked for is still kept; an hour is not added to it.
    expect(await bucket.takeFor(call, lanes, signal)).toBe(7_000)
    nowMs += 5_000
    expect(await bucket.takeFor(call, lanes, signal)).toBe(0)
    expect(slept).toEqual([2_000, 5_000, 2_000, 5_000])
  })

  it('[H10] an answer that used up the limit holds back the next call', async () => {
    const { http, calls } = client(await app.start(status(200, { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '1700000005' }), ok()))
    await http.read({ method: 'GET', path: '/a' }, signal)
    await http.as('check').read({ method: 'GET', path: '/a' }, signal)
    expect(calls.map((call) => call.waitedMs)).toEqual([undefined, 5000])
  })

  it('[H11] a stopped run makes no further call', async () => {
    const stop = new AbortController()
    const { http, calls } = client(await app.start(() => stop.abort(), ok()))
    await expect(http.read({ method: 'GET', path: '/a' }, stop.signal)).rejects.toMatchObject({ code: 'cancelled' })
    await expect(http.read({ method: 'GET', path: '/a' }, stop.signal)).rejects.toMatchObject({ code: 'cancelled' })
    expect(app.seen).toHaveLength(1)
    expect(calls).toHaveLength(1)
  })

  it('[H11] a write under way when the run is stopped is unknown, not forgotten', async () => {
    const stop = new AbortController()
    const { http } = client(await app.start(() => stop.abort()))
    expect(await http.write({ method: 'PUT', path: '/a' }, stop.signal)).toMatchObject({ kind: 'no-answer' })
  })

  it('[H5] waits between tries grow, with jitter, and are bounded', () => {
    expect([1, 2, 3, 20].map((attempt) => backoffMs(attempt, () => 0))).toEqual([250, 500, 1000, 15_000])
    expect([1, 2, 3, 20].map((attempt) => backoffMs(attempt, () => 0.999999))).toEqual([500, 1000, 2000, 30_000])
  })
})

describe('signing in again', () => {
  const signedInAs = (app: () => string, renewals: () => number) => ({
    authorize: async () => ({ authorization: app() }),
    renew: async () => renewals() < 1,
  })

  it('[AU17] a 401 in the middle renews the sign-in once and repeats the call, a write as well', async () => {
    const baseUrl = await app.start(status(401), ok(), status(401), ok(), status(401), status(401))
    let token = 'old'
    const rejected: unknown[] = []
    const { http, calls } = client(baseUrl, {
      authorize: async () => ({ authorization: token }),
      renew: async (headers) => {
        rejected.push(headers)
        token = `${token}er`
        return true
      },
    })
    expect((await http.read({ method: 'GET', path: '/read' }, signal)).status).toBe(200)
    expect(await http.write({ method: 'PUT', path: '/write', body: {} }, signal)).toMatchObject({ status: 200 })
    expect(app.seen.map(({ method, authorization }) => [method, authorization])).toEqual([
      ['GET', 'old'],
      ['GET', 'older'],
      ['PUT', 'older'],
      ['PUT', 'olderer'],
    ])
    expect(rejected).toEqual([{ authorization: 'old' }, { authorization: 'older' }])
    expect(calls.map(({ status: answered, attempt, reason }) => [answered, attempt, reason])).toEqual([
      [401, 1, 'Jira wanted a fresh sign-in'],
      [200, 2, undefined],
      [401, 1, 'Jira wanted a fresh sign-in'],
      [200, 2, undefined],
    ])
    // A second 401 after that is the end of it.
    await expect(http.read({ method: 'GET', path: '/again' }, signal)).rejects.toMatchObject({ code: 'auth-expired' })
    expect(app.seen).toHaveLength(6)
  })

  it('[AU17] what cannot be renewed is told at once, without a repeat', async () => {
    const { http } = client(
      await app.start(status(401)),
      signedInAs(
        () => 'x',
        () => 1,
      ),
    )
    await expect(http.read({ method: 'GET', path: '/a' }, signal)).rejects.toMatchObject({ code: 'auth-expired' })
    expect(app.seen).toHaveLength(1)
  })
})

describe("an app's own limits", () => {
  it('[AU18] a limit of one endpoint, or of one record, holds back calls like it and no other', async () => {
    const reasons = ['endpoint', 'path', 'credential'] as const
    for (const holds of reasons) {
      const baseUrl = await app.start(status(429), ok())
      const bucketClock = virtualClock()
      const bucket = new TokenBucket({ clock: bucketClock, burst: 100, perSecond: 100 })
      const rates = {
        news: ({ status: answered }: { status: number }) =>
          answered === 429 ? ({ kind: 'turned-away', waitMs: 4_000, holds, reason: 'burst' } as const) : undefined,
      }
      const { http, calls } = client(baseUrl, { bucket, rates, clock: bucketClock })
      await http.read({ method: 'GET', path: '/issue/1?a=1' }, signal)
      expect(calls[0]).toMatchObject({ status: 429, waitMs: 4_250, reason: 'Jira asked us to wait 4 s (burst)' })
      // Another credential's clock: these come at the moment of the refusal.
      const again = new TokenBucket({ clock: virtualClock(bucketClock.now()), burst: 100, perSecond: 100 })
      const at = (path: string, method: 'GET' | 'PUT' = 'GET') => again.takeFor({ method, path }, undefined, signal)
      again.holdUntil({ method: 'GET', path: '/issue/1?a=1' }, holds, bucketClock.now() + 4_000)
      expect([await at('/other'), await at('/issue/1', 'PUT')].map((ms) => ms > 0)).toEqual(
        holds === 'credential' ? [true, false] : [false, false],
      )
      const like = await at('/issue/2')
      expect(like > 0).toBe(holds === 'endpoint')
      await app.stop()
    }
  })

  it('[AU18] a limit that no waiting within a run helps against ends the call at once, a write as well, and is told', async () => {
    const news = () => ({ kind: 'exhausted', reason: 'all calls of the day are used', usage: { used: 100, limit: 100 } }) as const
    const used: unknown[] = []
    const { http, calls } = client(await app.start(status(403)), { rates: { news }, onUsage: (usage) => used.push(usage) })
    await expect(http.write({ method: 'POST', path: '/a', body: {} }, signal)).rejects.toMatchObject({
      code: 'rate-limited',
      message: expect.stringContaining('all calls of the day are used'),
    })
    expect(calls).toHaveLength(1)
    expect(used).toEqual([{ used: 100, limit: 100 }])
  })

  it('[AU18] a lane has a pace of its own beside the credential’s', async () => {
    const clock = virtualClock()
    const bucket = new TokenBucket({ clock, burst: 100, perSecond: 100 })
    const lanes = [{ id: 'search', takes: ({ path }: { path: string }) => path.endsWith('/search'), burst: 2, perSecond: 4 }]
    const waits: number[] = []
    for (let i = 0; i < 4; i++) waits.push(await bucket.takeFor({ method: 'POST', path: '/contacts/search' }, lanes, signal))
    expect(waits).toEqual([0, 0, 250, 250])
    expect(await bucket.takeFor({ method: 'GET', path: '/contacts' }, lanes, signal)).toBe(0)
  })
})
