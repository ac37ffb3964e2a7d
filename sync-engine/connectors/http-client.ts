import { SyncError } from '../sync-error.ts'
import { checkAddress, type Resolve } from './address.ts'

/** What a call is for; the run's log and its receipt tell them apart. */
export type CallKind = 'check' | 'write' | 'lookup' | 'pull' | 'refresh' | 'search' | 'read-back'

/** One attempt of a call, told as soon as it ended. Carries no secret: neither headers nor the values of secret-looking parameters. */
export interface CallReport {
  readonly kind: CallKind
  readonly method: string
  /** Path and query below the base address. */
  readonly path: string
  /** `null`: no answer. */
  readonly status: number | null
  /** From sending to the last byte of the answer. */
  readonly ms: number
  /** 1 for the first try of a call. */
  readonly attempt: number
  readonly requestBytes: number
  readonly responseBytes: number
  readonly body: unknown
  /** Time this attempt was held back before it was sent, by the credential's own pace. */
  readonly waitedMs?: number
  /** How long the client waits now before it tries again; present only where it will ("Jira asked us to wait 38 s"). */
  readonly waitMs?: number
  /** Why there was no answer, or why it waits. */
  readonly reason?: string
}

export interface HttpClock {
  now(): number
  /** Resolves after `ms`; rejects with the signal's reason when it is aborted first. */
  sleep(ms: number, signal: AbortSignal): Promise<void>
}

export interface HttpCall {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Path and query below the base address, beginning with a slash. */
  readonly path: string
  /** Sent as JSON. */
  readonly body?: unknown
  /** What the call is for, where it is not what the client was made for. */
  readonly kind?: CallKind
  /** Beside those that authorise; none of them may be a secret. */
  readonly headers?: Readonly<Record<string, string>>
  /** Longest one attempt of this call may take, where it does more than others (a thousand records). (Default: the client's) */
  readonly timeoutMs?: number
}

/** Why a read ended: as `cause` of its `SyncError`, so that less may be asked for at once. It is not repeated as it was. */
export class AnswerTooLarge extends Error {
  constructor() {
    super('The answer is larger than what is taken of one call.')
    this.name = 'AnswerTooLarge'
  }
}

export interface HttpAnswer {
  readonly kind: 'answer'
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** The parsed body; `undefined` where it is not JSON. */
  readonly json: unknown
}

/** A write whose fate is unknown: it may have been saved. */
export interface NoAnswer {
  readonly kind: 'no-answer'
  readonly reason: string
}

/**
 * Calls one app under one credential. Both ways of calling throw `SyncError`: `auth-expired` on 401, `rate-limited` where the app asks
 * to wait longer than allowed, `app-unavailable` where nothing answers, `bad-answer` on redirects. Any other status is an answer.
 */
export interface HttpClient {
  /** A call that changes nothing in the app; repeated on lost connections and 5xx. */
  read(call: HttpCall, signal: AbortSignal): Promise<HttpAnswer>
  /** A call that may change something: repeated only where the app, or the network, proved that nothing was saved. */
  write(call: HttpCall, signal: AbortSignal): Promise<HttpAnswer | NoAnswer>
  /** The same client, its calls reported as `kind` where they do not say otherwise. */
  as(kind: CallKind): HttpClient
  /** Lets time pass before a call that the app turned away inside an answer (a locked record). @throws SyncError `cancelled` */
  wait(ms: number, signal: AbortSignal): Promise<void>
}

/** What one answer says of the app's own limits. */
export interface LimitNews {
  /**
   * `turned-away`: nothing was done, the call may come again after `waitMs`. `used-up`: answered, but the next must wait that long.
   * `exhausted`: nothing was done, and waiting is of no use within a run (a daily limit). `told`: only what is used.
   */
  readonly kind: 'turned-away' | 'used-up' | 'exhausted' | 'told'
  readonly waitMs?: number
  /** What has to wait: all calls of the credential, those to the same method and kind of path, or those to the same path. (Default: credential) */
  readonly holds?: 'credential' | 'endpoint' | 'path'
  /** In words, for the run's log. */
  readonly reason?: string
  /** What the app counts itself (Salesforce's daily calls). */
  readonly usage?: { readonly used: number; readonly limit: number }
}

/** How an app tells of its limits beyond `Retry-After` and `X-RateLimit-*`. */
export interface RateRules {
  /** Calls with a pace of their own beside the credential's (HubSpot's search). */
  readonly lanes?: readonly {
    readonly id: string
    readonly takes: (call: HttpCall) => boolean
    readonly burst: number
    readonly perSecond: number
  }[]
  /** `undefined`: the answer says nothing of its own; the usual headers are read. */
  readonly news?: (answer: HttpAnswer, call: HttpCall, nowMs: number) => LimitNews | undefined
}

export interface HttpClientOptions {
  /** Scheme, host and leading path; every call's path goes below it. */
  readonly baseUrl: string
  /** The app's name, for messages. */
  readonly appName: string
  /** Headers that authorise a call; asked before each attempt, so that a renewed token is used at once. */
  readonly authorize: () => Promise<Record<string, string>>
  /**
   * Renews the sign-in after a 401 to a call with these headers; asked once a call, which is then repeated. `false`: it cannot be renewed.
   * Absent: a 401 ends the run.
   */
  readonly renew?: (rejected: Readonly<Record<string, string>>) => Promise<boolean>
  readonly onCall: (report: CallReport) => void
  readonly clock: HttpClock
  /** 0 ≤ x < 1. */
  readonly random: () => number
  /** Whether private and loopback addresses may be called (local mode). */
  readonly allowPrivate: boolean
  /** Needed unless `allowPrivate`. */
  readonly resolve?: Resolve
  readonly fetch?: typeof fetch
  /** The credential's pace, shared by every client of that credential. Absent: one of this client's own. */
  readonly bucket?: TokenBucket
  /** The app's own limits: lanes beside the credential's pace, and what its answers tell. */
  readonly rates?: RateRules
  /** What the app says it counted, as often as it says so. */
  readonly onUsage?: (usage: { readonly used: number; readonly limit: number }) => void
  /** Largest answer taken, in bytes. (Default: 20 MB) */
  readonly maxBodyBytes?: number
  /** Longest one attempt may take, from sending to the last byte. (Default: 30 s) */
  readonly timeoutMs?: number
  /** Longest one call may wait in all, for the app's own limits and between tries. (Default: 5 min) */
  readonly maxWaitMs?: number
}

/** Tries of one call whose answer was a 5xx or did not come (reads), or that never reached the app (reads and writes). */
const MAX_TRIES = 4
/** Tries of one call that the app asked to come later; `maxWaitMs` usually ends it first. */
const MAX_THROTTLED_TRIES = 12
const FIRST_BACKOFF_MS = 500

/** Exponential backoff with full jitter in its upper half: 0.25–0.5 s, 0.5–1 s, 1–2 s, … at most half a minute. */
export function backoffMs(attempt: number, random: () => number): number {
  const ceiling = Math.min(FIRST_BACKOFF_MS * 2 ** (attempt - 1), 30_000)
  return Math.round(ceiling * (0.5 + random() / 2))
}

/**
 * How long an answer asks to wait, in ms: `Retry-After` in seconds or as a date, else the moment at which its rate limit resets
 * (ISO, or seconds since 1970). `undefined` where it does not say.
 */
export function retryAfterMs(headers: Headers, nowMs: number): number | undefined {
  const retryAfter = headers.get('retry-after')?.trim()
  if (retryAfter) {
    if (/^\d+(\.\d+)?$/u.test(retryAfter)) return Math.ceil(Number(retryAfter) * 1000)
    const date = Date.parse(retryAfter)
    if (!Number.isNaN(date)) return Math.max(0, date - (Date.parse(headers.get('date') ?? '') || nowMs))
  }
  const reset = headers.get('x-ratelimit-reset')?.trim()
  if (!reset) return undefined
  const at = /^\d+$/u.test(reset) ? Number(reset) * 1000 : Date.parse(reset)
  return Number.isNaN(at) ? undefined : Math.max(0, at - nowMs)
}

/** Most kinds of calls a bucket remembers a pause for; those that are over are forgotten first. */
const MOST_HOLDS = 1_000

/** Which calls share a limit of the app: those to one method and kind of path, ids left aside. */
export function endpointOf({ method, path }: Pick<HttpCall, 'method' | 'path'>): string {
  const [bare = ''] = path.split('?')
  return `${method} ${bare.replace(/\/[^/]*\d[^/]*(?=\/|$)/gu, '/*')}`
}

/** Spreads the calls of one credential: `burst` at once, then `perSecond`; some calls wait longer where the app says so of them alone. */
export class TokenBucket {
  readonly #clock: HttpClock
  readonly #burst: number
  readonly #perSecond: number
  readonly #lanes = new Map<string, TokenBucket>()
  readonly #holds = new Map<string, number>()
  #tokens: number
  #countedAt: number
  #pausedUntil = 0
  /** What the clock showed last. */
  #seenAt: number

  constructor({ clock, burst, perSecond }: { clock: HttpClock; burst: number; perSecond: number }) {
    this.#clock = clock
    this.#burst = burst
    this.#perSecond = perSecond
    this.#tokens = burst
    this.#countedAt = clock.now()
    this.#seenAt = this.#countedAt
  }

  /** What the clock shows. Where it was set back, all that was noted by it goes back with it: nobody waits for an hour to come again. */
  #now(): number {
    const now = this.#clock.now()
    const back = this.#seenAt - now
    this.#seenAt = now
    if (back > 0) {
      this.#countedAt -= back
      this.#pausedUntil -= back
      for (const [key, until] of this.#holds) this.#holds.set(key, until - back)
    }
    return now
  }

  /** Waits for a turn; gives the ms waited. */
  async take(signal: AbortSignal): Promise<number> {
    const now = this.#now()
    this.#tokens = Math.min(this.#burst, this.#tokens + ((now - this.#countedAt) / 1000) * this.#perSecond)
    this.#countedAt = now
    this.#tokens -= 1
    // Below zero the tokens are a queue: whoever comes later waits longer.
    const waitMs = Math.max(Math.ceil((-this.#tokens / this.#perSecond) * 1000), this.#pausedUntil - now, 0)
    if (waitMs > 0) await this.#clock.sleep(waitMs, signal)
    return waitMs
  }

  /** Waits for the turn of one call: the credential's, its lane's, and the end of a pause of its endpoint or path. */
  async takeFor(call: HttpCall, lanes: RateRules['lanes'], signal: AbortSignal): Promise<number> {
    const lane = lanes?.find(({ takes }) => takes(call))
    let waited = lane === undefined ? 0 : await this.#lane(lane).take(signal)
    waited += await this.take(signal)
    const now = this.#now()
    const heldMs = Math.max(this.#holds.get(endpointOf(call)) ?? 0, this.#holds.get(pathOf(call)) ?? 0) - now
    if (heldMs > 0) await this.#clock.sleep(heldMs, signal)
    return waited + Math.max(0, heldMs)
  }

  /** Nothing goes out before `atMs`: the app said that its limit is used up. */
  pauseUntil(atMs: number): void {
    this.#now()
    this.#pausedUntil = Math.max(this.#pausedUntil, atMs)
  }

  /** Calls like this one do not go out before `atMs`. */
  holdUntil(call: HttpCall, what: 'credential' | 'endpoint' | 'path', atMs: number): void {
    if (what === 'credential') this.pauseUntil(atMs)
    else {
      const now = this.#now()
      if (this.#holds.size >= MOST_HOLDS) for (const [key, until] of this.#holds) if (until <= now) this.#holds.delete(key)
      const key = what === 'endpoint' ? endpointOf(call) : pathOf(call)
      this.#holds.set(key, Math.max(this.#holds.get(key) ?? 0, atMs))
    }
  }

  #lane({ id, burst, perSecond }: NonNullable<RateRules['lanes']>[number]): TokenBucket {
    const known = this.#lanes.get(id)
    if (known !== undefined) return known
    const made = new TokenBucket({ clock: this.#clock, burst, perSecond })
    this.#lanes.set(id, made)
    return made
  }
}

const pathOf = ({ method, path }: HttpCall): string => `${method} ${path.split('?')[0]} `

const DEFAULT_PACE = { burst: 100, perSecond: 25 } as const

/** Makes the client of one credential. The retry loop is `#send`'s alone; its bounds are MAX_TRIES, MAX_THROTTLED_TRIES and `maxWaitMs`. */
export function makeHttpClient(options: HttpClientOptions): HttpClient {
  return new FetchClient({ ...options, bucket: options.bucket ?? new TokenBucket({ clock: options.clock, ...DEFAULT_PACE }) }, 'pull')
}

/** How one attempt ended. */
type Attempt =
  | HttpAnswer
  /** Nothing reached the app: it cannot have saved anything. */
  | { readonly kind: 'not-sent'; readonly reason: string; readonly cause: unknown }
  | (NoAnswer & { readonly cause: unknown })

class FetchClient implements HttpClient {
  readonly #options: HttpClientOptions & { readonly bucket: TokenBucket }
  readonly #kind: CallKind
  readonly #baseUrl: URL

  constructor(options: HttpClientOptions & { readonly bucket: TokenBucket }, kind: CallKind) {
    this.#options = options
    this.#kind = kind
    this.#baseUrl = parseBaseUrl(options.baseUrl)
  }

  as(kind: CallKind): HttpClient {
    return new FetchClient(this.#options, kind)
  }

  wait(ms: number, signal: AbortSignal): Promise<void> {
    return sleepOrCancel(this.#options.clock, ms, signal)
  }

  async read(call: HttpCall, signal: AbortSignal): Promise<HttpAnswer> {
    const answer = await this.#send(call, call.kind ?? this.#kind, false, signal)
    if (answer.kind === 'answer') return answer
    throw new SyncError(
      'app-unavailable',
      `${this.#options.appName} did not answer ${call.method} ${redactPath(call.path)}: ${answer.reason}.`,
    )
  }

  write(call: HttpCall, signal: AbortSignal): Promise<HttpAnswer | NoAnswer> {
    return this.#send(call, call.kind ?? 'write', true, signal)
  }

  /** The one retry loop. Ends with an answer, a lost one, or a `SyncError`. */
  async #send(call: HttpCall, kind: CallKind, isWrite: boolean, signal: AbortSignal): Promise<HttpAnswer | NoAnswer> {
    const { clock, random, appName, maxWaitMs = 300_000 } = this.#options
    const startedAt = clock.now()
    let failedTries = 0
    let isRenewed = false
    for (let attempt = 1; ; attempt++) {
      const { ended, report, headers } = await this.#attempt(call, kind, attempt, signal)
      if (signal.aborted && !isWrite && ended.kind !== 'answer') {
        this.#options.onCall(report)
        throw cancelled(signal)
      }
      // A 401 proves that nothing was done, so a write may be repeated as well.
      if (ended.kind === 'answer' && ended.status === 401 && !isRenewed && this.#options.renew !== undefined) {
        isRenewed = true
        const isWorthARepeat = await this.#options.renew(headers)
        if (isWorthARepeat) {
          this.#options.onCall({ ...report, waitMs: 0, reason: `${appName} wanted a fresh sign-in` })
          continue
        }
      }
      if (ended.kind === 'no-answer' && ended.cause instanceof AnswerTooLarge && !isWrite) {
        this.#options.onCall(report)
        throw new SyncError('app-unavailable', `${appName} cannot be read like this: ${ended.reason}.`, { cause: ended.cause })
      }
      const verdict = this.#judge(ended, call, isWrite)
      if (verdict.kind === 'exhausted') {
        this.#options.onCall({ ...report, reason: verdict.reason })
        throw this.#gaveUp(ended, verdict)
      }
      if (verdict.kind === 'done') {
        this.#options.onCall(report)
        if (ended.kind === 'answer') return this.#checked(ended, call, isWrite)
        if (ended.kind === 'no-answer') return { kind: 'no-answer', reason: ended.reason }
        throw new SyncError('app-unavailable', `${appName} cannot be reached: ${ended.reason}.`, { cause: ended.cause })
      }
      if (verdict.kind === 'failed') failedTries++
      // Jitter alone on top of what the app asked for: calls that were turned away together must not come back together.
      const backoffStep = verdict.askedMs !== undefined ? 1 : verdict.kind === 'failed' ? failedTries : attempt
      const waitMs = (verdict.askedMs ?? 0) + backoffMs(backoffStep, random)
      const isTooLong = clock.now() - startedAt + waitMs > maxWaitMs
      const isLastTry = verdict.kind === 'failed' ? failedTries >= MAX_TRIES : attempt >= MAX_THROTTLED_TRIES
      if (isTooLong || isLastTry) {
        this.#options.onCall(report)
        throw this.#gaveUp(ended, verdict)
      }
      this.#options.onCall({ ...report, waitMs, reason: verdict.reason })
      await sleepOrCancel(clock, waitMs, signal)
    }
  }

  /** Whether an attempt was the last, and if not why it is repeated. */
  #judge(
    ended: Attempt,
    call: HttpCall,
    isWrite: boolean,
  ): { kind: 'done' } | { kind: 'throttled' | 'failed' | 'exhausted'; askedMs: number | undefined; reason: string } {
    const { appName, clock } = this.#options
    if (ended.kind === 'not-sent') return { kind: 'failed', askedMs: undefined, reason: ended.reason }
    if (ended.kind === 'no-answer') return isWrite ? { kind: 'done' } : { kind: 'failed', askedMs: undefined, reason: ended.reason }
    const news = this.#heed(ended, call)
    if (news?.kind === 'exhausted' || news?.kind === 'turned-away') {
      const asks = `${appName} asked us to wait${news.waitMs === undefined ? '' : ` ${Math.ceil(news.waitMs / 1000)} s`}`
      // Who has used up a day's calls was not asked to wait: there is nothing to wait for.
      const isOver = news.kind === 'exhausted' && news.waitMs === undefined && news.reason !== undefined
      return {
        kind: news.kind === 'exhausted' ? 'exhausted' : 'throttled',
        askedMs: news.waitMs,
        reason: news.reason === undefined ? asks : isOver ? news.reason : `${asks} (${news.reason})`,
      }
    }
    const askedMs = retryAfterMs(ended.headers, clock.now())
    // 429 says that the call was turned away at the door; any other failure of a write may have come after it was saved.
    if (ended.status === 429) {
      const seconds = askedMs === undefined ? '' : ` ${Math.ceil(askedMs / 1000)} s`
      return { kind: 'throttled', askedMs, reason: `${appName} asked us to wait${seconds}` }
    }
    if (ended.status >= 500 && !isWrite) return { kind: 'failed', askedMs, reason: `${appName} answered ${ended.status}` }
    return { kind: 'done' }
  }

  #gaveUp(ended: Attempt, verdict: { kind: 'throttled' | 'failed' | 'exhausted'; askedMs: number | undefined; reason: string }): SyncError {
    const options = {
      ...(ended.kind === 'answer' ? {} : { cause: ended.cause }),
      ...(verdict.askedMs !== undefined && { retryAfterMs: verdict.askedMs }),
    }
    return new SyncError(
      verdict.kind === 'failed' ? 'app-unavailable' : 'rate-limited',
      `${this.#options.appName} cannot be used now: ${verdict.reason}.`,
      options,
    )
  }

  #checked(answer: HttpAnswer, call: HttpCall, isWrite: boolean): HttpAnswer | NoAnswer {
    const { appName } = this.#options
    if (answer.status === 401) throw new SyncError('auth-expired', `${appName} no longer accepts this sign-in.`)
    if (answer.status < 300 || answer.status >= 400) return answer
    // A redirect is never followed: it would carry the credential elsewhere, and a write may already have been done.
    const reason = `${appName} answered ${call.method} ${redactPath(call.path)} with a redirect`
    if (isWrite) return { kind: 'no-answer', reason }
    throw new SyncError('bad-answer', `${reason}; check the address of the integration.`)
  }

  async #attempt(
    call: HttpCall,
    kind: CallKind,
    attempt: number,
    signal: AbortSignal,
  ): Promise<{ ended: Attempt; report: CallReport; headers: Readonly<Record<string, string>> }> {
    const { clock, bucket, allowPrivate, resolve, authorize, rates } = this.#options
    if (signal.aborted) throw cancelled(signal)
    await checkAddress(this.#baseUrl, { allowPrivate, resolve })
    const url = this.#urlOf(call.path)
    const waitedMs = await bucket
      .takeFor(call, rates?.lanes, signal)
      .catch((cause) => Promise.reject(signal.aborted ? cancelled(signal) : cause))
    const authorization = await authorize()
    const headers = {
      accept: 'application/json',
      ...call.headers,
      ...(call.body !== undefined && { 'content-type': 'application/json' }),
      ...authorization,
    }
    const body = call.body === undefined ? undefined : JSON.stringify(call.body)
    const startedAt = clock.now()
    const { ended, responseBytes } = await this.#fetchOnce(
      url,
      { method: call.method, headers, ...(body !== undefined && { body }) },
      signal,
      call.timeoutMs ?? this.#options.timeoutMs,
    )
    const report: CallReport = {
      kind,
      method: call.method,
      path: redactPath(call.path),
      status: ended.kind === 'answer' ? ended.status : null,
      ms: Math.max(0, clock.now() - startedAt),
      attempt,
      requestBytes: body === undefined ? 0 : new TextEncoder().encode(body).length,
      responseBytes,
      body: redact(call.body),
      ...(waitedMs > 0 && { waitedMs }),
      ...(ended.kind !== 'answer' && { reason: ended.reason }),
    }
    return { ended, report, headers: authorization }
  }

  /** What an answer says of the app's limits: in its own words where the app has some, else by the usual headers. Others are held back. */
  #heed(answer: HttpAnswer, call: HttpCall): LimitNews | undefined {
    const { clock, bucket, rates, onUsage, maxWaitMs = 300_000 } = this.#options
    const nowMs = clock.now()
    const own = rates?.news?.(answer, call, nowMs)
    if (own?.usage) onUsage?.(own.usage)
    const isUsedUp = answer.headers.get('x-ratelimit-remaining')?.trim() === '0'
    const waitMs = own?.waitMs ?? (isUsedUp ? retryAfterMs(answer.headers, nowMs) : undefined)
    const isLimited = own === undefined || own.kind === 'told' ? isUsedUp : true
    if (isLimited && waitMs !== undefined && waitMs <= maxWaitMs) bucket.holdUntil(call, own?.holds ?? 'credential', nowMs + waitMs)
    return own
  }

  #urlOf(path: string): URL {
    const base = this.#baseUrl.href.replace(/\/$/u, '')
    const url = new URL(base + path)
    if (!path.startsWith('/') || url.origin !== this.#baseUrl.origin || !url.href.startsWith(`${base}/`)) {
      throw new SyncError('bad-request', `The path ${redactPath(path)} leads outside of the integration's address.`)
    }
    return url
  }

  async #fetchOnce(
    url: URL,
    init: RequestInit,
    signal: AbortSignal,
    timeoutMs = 30_000,
  ): Promise<{ ended: Attempt; responseBytes: number }> {
    const { fetch: fetchOf = fetch, maxBodyBytes = 20_000_000 } = this.#options
    // Real time on purpose: what hangs is a real socket, whatever clock the waits between calls go by.
    const limit = AbortSignal.timeout(timeoutMs)
    const lost = (cause: unknown): NoAnswer & { cause: unknown } => ({
      kind: 'no-answer',
      reason: limit.aborted ? `no answer within ${timeoutMs / 1000} s` : reasonOf(cause),
      cause,
    })
    let response: Response
    try {
      response = await fetchOf(url, { ...init, redirect: 'manual', signal: AbortSignal.any([signal, limit]) })
    } catch (cause) {
      if (cause instanceof SyncError) throw cause
      const isUnsent = !limit.aborted && !signal.aborted && isNeverSent(cause)
      return { ended: isUnsent ? { kind: 'not-sent', reason: reasonOf(cause), cause } : lost(cause), responseBytes: 0 }
    }
    try {
      const bytes = await readBody(response, maxBodyBytes)
      if (bytes === undefined) {
        const reason = `the answer is larger than ${Math.round(maxBodyBytes / 1_000_000)} MB`
        return { ended: { kind: 'no-answer', reason, cause: new AnswerTooLarge() }, responseBytes: maxBodyBytes }
      }
      const text = new TextDecoder().decode(bytes)
      return {
        ended: { kind: 'answer', status: response.status, headers: response.headers, text, json: parseJson(text) },
        responseBytes: bytes.length,
      }
    } catch (cause) {
      return { ended: lost(cause), responseBytes: 0 }
    }
  }
}

function parseBaseUrl(text: string): URL {
  if (!URL.canParse(text)) throw new SyncError('bad-request', 'The address of the integration is not a web address.')
  const url = new URL(text)
  if (url.search !== '' || url.hash !== '') throw new SyncError('bad-request', 'The address of the integration must not have a query.')
  return url
}

const cancelled = (signal: AbortSignal): SyncError => new SyncError('cancelled', 'The run was stopped.', { cause: signal.reason })

async function sleepOrCancel(clock: HttpClock, ms: number, signal: AbortSignal): Promise<void> {
  try {
    await clock.sleep(ms, signal)
  } catch (cause) {
    throw signal.aborted ? cancelled(signal) : cause
  }
}

/** The body's bytes, or `undefined` where there are more than allowed. */
async function readBody(response: Response, maxBytes: number): Promise<Uint8Array | undefined> {
  const reader = response.body?.getReader()
  if (!reader) return new Uint8Array()
  const chunks: Uint8Array[] = []
  let size = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) break
    size += value.length
    if (size > maxBytes) {
      await reader.cancel()
      return undefined
    }
    chunks.push(value)
  }
  const whole = new Uint8Array(size)
  let offset = 0
  for (const chunk of chunks) {
    whole.set(chunk, offset)
    offset += chunk.length
  }
  return whole
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Codes of failures that happen before a byte of the request leaves: no name, no route, refused, no connection in time. */
const NEVER_SENT = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'UND_ERR_CONNECT_TIMEOUT'])

function codesOf(error: unknown): readonly string[] {
  if (typeof error !== 'object' || error === null) return []
  const { code, cause, errors } = error as { code?: unknown; cause?: unknown; errors?: unknown }
  const within = [cause, ...(Array.isArray(errors) ? errors : [])].flatMap(codesOf)
  return typeof code === 'string' ? [code, ...within] : within
}

function isNeverSent(error: unknown): boolean {
  const codes = codesOf(error)
  return codes.length > 0 && codes.every((code) => NEVER_SENT.has(code))
}

const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'the connection was refused',
  ENOTFOUND: 'its host was not found',
  EAI_AGAIN: 'its host could not be looked up',
  ECONNRESET: 'the connection was lost',
  UND_ERR_SOCKET: 'the connection was lost',
  UND_ERR_CONNECT_TIMEOUT: 'no connection in time',
}

function reasonOf(error: unknown): string {
  const known = codesOf(error).find((code) => code in WORDS)
  if (known !== undefined) return WORDS[known] ?? known
  return error instanceof Error ? error.message : 'the connection was lost'
}

const SECRET = /token|secret|password|passwd|authorization|api[-_]?key|credential|signature|jwt|^code$/iu
/** Jira's paging token is no secret, and the log of a paged pull is unreadable without it. */
const NO_SECRET = new Set(['nextPageToken'])
const isSecret = (name: string): boolean => SECRET.test(name) && !NO_SECRET.has(name)
const HIDDEN = '•••'

/** A path with the values of secret-looking parameters hidden. */
export function redactPath(path: string): string {
  const [bare = '', query] = path.split(/\?(.*)/su)
  if (query === undefined) return bare
  const parts = query.split('&').map((pair) => {
    const [name = ''] = pair.split('=')
    return isSecret(name) ? `${name}=${HIDDEN}` : pair
  })
  return `${bare}?${parts.join('&')}`
}

/** A body with the values of secret-looking names hidden, for the run's log. */
export function redact(body: unknown): unknown {
  if (Array.isArray(body)) return body.map(redact)
  if (typeof body !== 'object' || body === null) return body
  return Object.fromEntries(Object.entries(body).map(([name, value]) => [name, isSecret(name) ? HIDDEN : redact(value)]))
}
