import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import type { ApiRequest, Done } from '../api-server.ts'
import { hiddenAfter, keptFault } from '../control.ts'
import { type CallFaults, type FaultCall, FaultDial, type SetFault } from '../faults.ts'
import { type Answer, parseJson } from '../http.ts'
import { JsonFile } from '../json-file.ts'
import { consentPage, isSameSecret, redirectBack } from '../oauth-pages.ts'
import { isSameOrigin } from '../origin.ts'
import { RecentSearches } from '../recent-searches.ts'
import { RequestLog } from '../request-log.ts'
import { makeRouter } from '../routing.ts'
import type { ControlView } from '../screen/face.ts'
import type { StandIn, StandInOptions } from '../stand-in.ts'
import type { HubCall, Portal, Route } from './call.ts'
import { type Control, type ControlState, controlStateShape, freshControl, type Limits, USUAL_LIMITS } from './control.ts'
import { hubError, NO_SUCH_PATH, validation } from './errors.ts'
import { HubFace } from './face.ts'
import { type Credentials, HubAuth, notSignedIn } from './oauth.ts'
import { objectType } from './properties.ts'
import { HubRecords, type Writer } from './records.ts'
import { ASSOCIATION_ROUTES } from './routes/associations.ts'
import { META_ROUTES } from './routes/meta.ts'
import { OBJECT_ROUTES } from './routes/objects.ts'
import { seedHubSpot } from './seed-records.ts'
import { API_USER, PORTAL_DOMAIN, PORTAL_ID } from './site.ts'
import { Webhooks } from './webhooks.ts'

const BODY_LIMIT_BYTES = 10 * 1024 * 1024
const KEPT_SEARCHES = 8
const ROUTES: readonly Route[] = [...META_ROUTES, ...ASSOCIATION_ROUTES, ...OBJECT_ROUTES]

/** The dated line of the API has the same operations in the same shapes under other paths. */
const DATED: readonly (readonly [RegExp, string])[] = [
  [/^\/crm\/(objects|properties|owners|pipelines)\/20\d\d-\d\d(?=\/|$)/, '/crm/v3/$1'],
  [/^\/crm\/associations\/20\d\d-\d\d(?=\/|$)/, '/crm/v4/associations'],
  [/^\/crm-object-schemas\/20\d\d-\d\d(?=\/|$)/, '/crm-object-schemas/v3'],
  [/^\/oauth\/(v3|20\d\d-\d\d)\/token$/, '/oauth/v1/token'],
]

/** What the dial and the control say, for `GET /sandbox/control` and the screen. */
export interface HubControlView extends ControlView {
  readonly app: 'hubspot'
  readonly clockSkewMs: number
  readonly limits: Limits
  readonly webhooks: string | null
}

/** The HubSpot stand-in: a portal's records, its sign-ins, its webhooks, its API. */
export class HubSpotApp implements StandIn {
  readonly bodyLimitBytes = BODY_LIMIT_BYTES
  readonly records: HubRecords
  readonly auth: HubAuth
  readonly webhooks: Webhooks
  readonly dial: FaultDial
  readonly log: RequestLog
  readonly face: HubFace
  readonly portal: Portal
  readonly #now: () => number
  readonly #isDurable: boolean
  readonly #control: JsonFile<ControlState>
  readonly #rates = new Rates()
  #hidden: ReadonlySet<string>

  private constructor(options: StandInOptions, records: HubRecords, webhooks: Webhooks, auth: HubAuth, control: JsonFile<ControlState>) {
    this.records = records
    this.webhooks = webhooks
    this.auth = auth
    this.#now = options.now
    this.#isDurable = options.saveDelayMs === 0
    this.#control = control
    this.log = new RequestLog(options.folder)
    this.#hidden = new Set(control.data.hidden)
    this.dial = new FaultDial({
      random: options.random,
      initial: control.data.faults,
      changed: () => control.write({ ...control.data, faults: this.dial.state().faults.map(keptFault) }),
    })
    this.portal = {
      records,
      indexDelayMs: () => control.data.indexDelayMs,
      isHidden: (id) => this.#hidden.has(id),
      searches: new RecentSearches(KEPT_SEARCHES),
    }
    this.face = new HubFace(this)
  }

  /** Opens the portal on its folder, with first records where that is fresh. */
  static async open(options: StandInOptions): Promise<HubSpotApp> {
    const { folder } = options
    if (!existsSync(join(folder, 'control.json')) && !existsSync(join(folder, 'companies-0000.json')))
      await seedHubSpot(folder, options.firstRecordCount, options.firstRandom, options.now)
    const control = JsonFile.open<ControlState>({
      path: join(folder, 'control.json'),
      shape: controlStateShape,
      fresh: () => freshControl(options.indexDelayMs ?? 5_000),
    })
    if (options.indexDelayMs !== undefined) control.data.indexDelayMs = options.indexDelayMs
    const siteNow = (): number => options.now() + control.data.clockSkewMs
    const auth = new HubAuth(folder, siteNow)
    const webhooks = new Webhooks({ folder, now: siteNow, secret: () => auth.credentials.clientSecret })
    const records = await HubRecords.open(folder, options.saveDelayMs, (event) => webhooks.tell(event))
    return new HubSpotApp(options, records, webhooks, auth, control)
  }

  get credentials(): Credentials {
    return this.auth.credentials
  }

  /** The time by the portal's own clock. */
  nowMs(): number {
    return this.#now() + this.#control.data.clockSkewMs
  }

  get editor(): string {
    return this.#control.data.editor
  }

  /** Who changes what is changed on the screen or in the files. */
  writer(as = this.editor): Writer {
    return { by: as, source: 'CRM_UI', atMs: this.nowMs() }
  }

  async prepare(): Promise<void> {
    await this.records.refresh(this.writer())
  }

  refuse(request: ApiRequest): Answer | undefined {
    const path = v3Path(request.path)
    if (isOwnPath(path)) return undefined
    const found = routeOf(request.method, path)
    if (found.kind === 'refused') return found.answer
    const caller = this.auth.callerOf(request.headers.authorization)
    if (caller.kind !== 'known') return notSignedIn(caller)
    const word = found.params.objectType ?? found.params.fromObjectType
    const type = word === undefined ? undefined : objectType(word)
    if (word !== undefined && !type) return validation(`Unable to infer object type from: ${word}`)
    const scope = found.route.scope?.(type)
    if (scope !== undefined && !caller.scopes.includes(scope)) return missingScope(scope)
    return bodyRefusal(request, found.route) ?? this.#overLimit(found.route, caller.isOAuth)
  }

  tooLarge(): Answer {
    return hubError(413, { message: `The request body is larger than ${BODY_LIMIT_BYTES} bytes.`, category: 'VALIDATION_ERROR' })
  }

  describe(request: ApiRequest): FaultCall {
    const found = routeOf(request.method, v3Path(request.path))
    return {
      method: request.method,
      path: request.path,
      fields: touched(request.body).flatMap(({ properties }) => Object.keys(properties ?? {})),
      records: [...touched(request.body).flatMap(({ id }) => id ?? []), ...(found.kind === 'route' ? (found.params.objectId ?? []) : [])],
      writes: found.kind === 'route' && found.route.writes === true,
    }
  }

  /** Of a sign-in only what it is for: codes, tokens and secrets stand in its form. */
  bodyForLog(request: ApiRequest): unknown {
    if (!v3Path(request.path).startsWith('/oauth/')) return request.body ?? request.bodyText.slice(0, 2000)
    return { grant_type: new URLSearchParams(request.bodyText).get('grant_type') }
  }

  addressForLog(request: ApiRequest): Pick<ApiRequest, 'path' | 'query'> {
    const query = new URLSearchParams(request.query)
    if (query.has('hapikey')) query.set('hapikey', '…')
    return { path: request.path.replace(/^(\/oauth\/v1\/(?:access|refresh)-tokens\/).+$/, '$1…'), query }
  }

  async carryOut(request: ApiRequest, faults: CallFaults): Promise<Done> {
    const path = v3Path(request.path)
    if (path.startsWith('/oauth/')) return { answer: this.#oauth(request, path), saved: false }
    if (path.startsWith('/webhooks/')) return { answer: this.#hooks(request, path), saved: false }
    const found = routeOf(request.method, path)
    if (found.kind === 'refused') return { answer: found.answer, saved: false }
    const call: HubCall = {
      params: found.params,
      query: request.query,
      body: request.body,
      faults,
      portal: this.portal,
      base: request.base,
      nowMs: this.nowMs(),
      writer: { by: API_USER.name, source: 'INTEGRATION', atMs: this.nowMs() },
    }
    const before = this.records.version
    const answer = found.route.handle(call)
    // The portal's clock, not the machine's.
    const date = { Date: new Date(this.nowMs()).toUTCString() }
    const headers = { ...date, ...answer.headers, ...this.#rateHeaders(found.route, request) }
    return { answer: { ...answer, headers }, saved: this.records.version !== before }
  }

  faultAnswer(fault: SetFault): Answer {
    switch (fault.kind) {
      case '429':
        return turnedAway(fault.reason ?? 'TEN_SECONDLY_ROLLING', fault.retryAfterS)
      case '401':
        return notSignedIn({ kind: 'unknown' })
      case '403':
        return missingScope('crm.objects.contacts.write')
      case '503':
        return hubError(
          503,
          { message: 'The service is temporarily unavailable.', category: 'SERVICE_UNAVAILABLE' },
          { 'Retry-After': String(fault.retryAfterS ?? 5) },
        )
      default:
        return hubError(500, { message: 'internal error', category: 'INTERNAL_ERROR' })
    }
  }

  async settleSaves(): Promise<void> {
    if (this.#isDurable) await this.records.flush()
  }

  controlView(): HubControlView {
    const { indexDelayMs, clockSkewMs, hidden, editor, limits } = this.#control.data
    return {
      app: 'hubspot',
      ...this.dial.state(),
      indexDelayMs,
      clockSkewMs,
      hidden,
      editor,
      limits,
      webhooks: this.webhooks.targetUrl ?? null,
      problems: this.records.problems(),
    }
  }

  /** Carries out what a checked control body says. */
  control(control: Control): void {
    const state = this.#control.data
    const hidden = hiddenAfter(state.hidden, control.hide ?? [], control.show ?? [])
    this.#hidden = new Set(hidden)
    this.#control.write({
      ...state,
      hidden,
      indexDelayMs: control.indexDelayMs ?? state.indexDelayMs,
      clockSkewMs: control.clockSkewMs ?? state.clockSkewMs,
      editor: control.editor ?? state.editor,
      limits: control.limits === null ? USUAL_LIMITS : withLimits(state.limits, control.limits ?? {}),
    })
    if (control.webhooks !== undefined) this.webhooks.sendAllTo(control.webhooks)
    if (control.tokens === 'expire') this.auth.expireAll()
    if (control.tokens === 'revoke') this.auth.revokeAll()
    if (control.faults) this.dial.replace(control.faults)
    if (control.add) this.dial.add(control.add)
    if (control.clear) this.dial.clear()
    if (control.remove !== undefined) this.dial.remove(control.remove)
  }

  async flush(): Promise<void> {
    await this.records.flush()
  }

  async stop(): Promise<void> {
    try {
      await this.webhooks.stop()
      await this.records.flush()
    } finally {
      this.log.stop()
    }
  }

  #overLimit(route: Route, isOAuth: boolean): Answer | undefined {
    const { limits } = this.#control.data
    const nowMs = this.#now()
    const own = route.lane === 'search' ? limits.search : isOAuth ? limits.oauth : limits.burst
    const lane = route.lane ?? (isOAuth ? 'oauth' : 'burst')
    if (this.#rates.isOver('daily', limits.daily, nowMs)) return turnedAway('DAILY')
    if (this.#rates.isOver(lane, own, nowMs)) return turnedAway(route.lane === 'search' ? 'SECONDLY' : 'TEN_SECONDLY_ROLLING')
    this.#rates.count(lane, nowMs)
    this.#rates.count('daily', nowMs)
    return undefined
  }

  /** What HubSpot says of its limits; the answers of searches say nothing. */
  #rateHeaders(route: Route, request: ApiRequest): Record<string, string> {
    const { limits } = this.#control.data
    const caller = this.auth.callerOf(request.headers.authorization)
    const isOAuth = caller.kind === 'known' && caller.isOAuth
    const limit = isOAuth ? limits.oauth : limits.burst
    if (route.lane === 'search' || limit === null) return {}
    const nowMs = this.#now()
    return {
      'X-HubSpot-RateLimit-Max': String(limit.max),
      'X-HubSpot-RateLimit-Remaining': String(limit.max - this.#rates.used(isOAuth ? 'oauth' : 'burst', limit.windowMs, nowMs)),
      'X-HubSpot-RateLimit-Interval-Milliseconds': String(limit.windowMs),
      // OAuth apps are told nothing of the day.
      ...(!isOAuth &&
        limits.daily && {
          'X-HubSpot-RateLimit-Daily': String(limits.daily.max),
          'X-HubSpot-RateLimit-Daily-Remaining': String(limits.daily.max - this.#rates.used('daily', limits.daily.windowMs, nowMs)),
        }),
    }
  }

  /** Consent, tokens and what is told of them: guarded by the client's secret, or by nothing as in HubSpot. */
  #oauth(request: ApiRequest, path: string): Answer {
    const form = new URLSearchParams(request.bodyText)
    const token = decodeURIComponent(path.split('/')[4] ?? '')
    if (path === '/oauth/authorize') return this.#authorize(request, form)
    if (path === '/oauth/v1/token' && request.method === 'POST') return this.auth.token(form)
    if (path === '/oauth/v3/introspect' && request.method === 'POST') return this.auth.introspect(form)
    if (path === '/oauth/v3/revoke' && request.method === 'POST') return this.auth.revoke(form.get('token') ?? '')
    if (path.startsWith('/oauth/v1/access-tokens/') && request.method === 'GET') return this.auth.accessInfo(token)
    if (path.startsWith('/oauth/v1/refresh-tokens/')) {
      if (request.method === 'DELETE') return this.auth.revoke(token)
      if (request.method === 'GET') return this.auth.refreshInfo(token)
    }
    return NO_SUCH_PATH
  }

  #authorize({ query, base, method, headers }: ApiRequest, form: URLSearchParams): Answer {
    const problem = this.auth.problemOf(query, base)
    if (problem !== undefined) return { status: 400, text: `${problem}\n` }
    const scopes = (query.get('scope') ?? '').split(/\s+/).filter(Boolean)
    const action = `${base}/oauth/authorize?${query}`
    const place = `the account ${PORTAL_DOMAIN} (${PORTAL_ID})`
    if (method !== 'POST')
      return consentPage({ appName: 'HubSpot', person: API_USER.name, action, asked: query, carried: [], scopes, place })
    // Another site must not be able to agree in somebody's name.
    if (!isSameOrigin({ headers })) return { status: 400, text: 'Only a person on this page may agree.\n' }
    if (form.get('decision') === 'allow') return this.auth.consent(query)
    const told = { error: 'access_denied', error_description: 'The user did not agree' }
    return redirectBack(query.get('redirect_uri') ?? '', query.get('state'), told)
  }

  #hooks(request: ApiRequest, path: string): Answer {
    if (!isSameSecret(request.query.get('hapikey') ?? '', this.credentials.developerKey)) return notSignedIn({ kind: 'unknown' })
    const parts = path.split('/').slice(3)
    return this.webhooks.answer(request.method, parts, request.body ?? parseJson('{}'))
  }
}

/** What the stand-in answers besides the records' API. */
const isOwnPath = (path: string): boolean => path.startsWith('/oauth/') || path.startsWith('/webhooks/v3/')

/** Whether a path belongs to HubSpot's API and not to the sandbox's screen. */
export function isHubSpotPath(path: string): boolean {
  return /^\/(crm|crm-object-schemas|oauth|webhooks|account-info)\//.test(path)
}

function v3Path(path: string): string {
  const dated = DATED.find(([pattern]) => pattern.test(path))
  return dated ? path.replace(...dated) : path.replace(/\/+$/, '')
}

interface Found {
  readonly kind: 'route'
  readonly route: Route
  readonly params: Readonly<Record<string, string>>
}

const findRoute = makeRouter(ROUTES)

function routeOf(method: string, path: string): Found | { readonly kind: 'refused'; readonly answer: Answer } {
  const found = findRoute(method, path)
  if (found.kind === 'route') return found
  if (found.kind === 'unknown') return { kind: 'refused', answer: NO_SUCH_PATH }
  const headers = { Allow: found.allowed.join(', ') }
  return { kind: 'refused', answer: hubError(405, { message: 'HTTP 405 Method Not Allowed', category: 'VALIDATION_ERROR' }, headers) }
}

function bodyRefusal(request: ApiRequest, route: Route): Answer | undefined {
  if (!route.body) return undefined
  const type = (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase()
  if (type !== 'application/json') return hubError(415, { message: 'HTTP 415 Unsupported Media Type', category: 'VALIDATION_ERROR' })
  if (request.body === undefined) return validation('Invalid input JSON on line 1, column 1: it could not be read.')
  const parsed = route.body.safeParse(request.body)
  if (parsed.success) return undefined
  const [issue] = parsed.error.issues
  return validation(`Invalid input JSON: ${issue?.path.join('.') || 'the body'}: ${issue?.message ?? 'does not fit'}`)
}

function missingScope(scope: string): Answer {
  return hubError(403, {
    message:
      'This app hasn’t been granted all required scopes to make this call. Read more about required scopes here: https://developers.hubspot.com/scopes.',
    category: 'MISSING_SCOPES',
    errors: [{ message: 'One or more of the following scopes are required.', context: { requiredGranularScopes: [scope] } }],
    links: { scopes: 'https://developers.hubspot.com/scopes' },
  })
}

const POLICY_WORDS: Readonly<Record<string, string>> = {
  TEN_SECONDLY_ROLLING: 'ten_secondly_rolling',
  SECONDLY: 'secondly',
  DAILY: 'daily',
}

/** HubSpot turns a call away without saying when it may come again. */
function turnedAway(policyName: string, retryAfterS?: number): Answer {
  const answer = hubError(
    429,
    { message: `You have reached your ${POLICY_WORDS[policyName] ?? policyName} limit.`, category: 'RATE_LIMITS' },
    retryAfterS === undefined ? undefined : { 'Retry-After': String(retryAfterS) },
  )
  return { ...answer, json: { ...(answer.json as object), errorType: 'RATE_LIMIT', policyName } }
}

const touchedShape = z.object({
  id: z.coerce.string().optional(),
  properties: z.record(z.string(), z.unknown()).optional().catch(undefined),
})
const inputsShape = z.object({ inputs: z.array(touchedShape) })

/** The records and properties that a body is about. */
function touched(body: unknown): readonly z.infer<typeof touchedShape>[] {
  const batch = inputsShape.safeParse(body)
  if (batch.success) return batch.data.inputs
  const one = touchedShape.safeParse(body)
  return one.success ? [one.data] : []
}

/** Some limits set; what is not named stays. */
function withLimits(limits: Limits, set: NonNullable<Control['limits']>): Limits {
  const { burst = limits.burst, oauth = limits.oauth, search = limits.search, daily = limits.daily } = set
  return { burst, oauth, search, daily }
}

/** Counts calls in sliding windows. A call that was turned away does not count. */
class Rates {
  readonly #calls = new Map<string, number[]>()

  isOver(lane: string, limit: Limits['burst'], nowMs: number): boolean {
    return limit !== null && this.used(lane, limit.windowMs, nowMs) >= limit.max
  }

  used(lane: string, windowMs: number, nowMs: number): number {
    const calls = this.#calls.get(lane) ?? []
    const first = calls.findIndex((atMs) => atMs + windowMs > nowMs)
    const recent = first === -1 ? [] : first === 0 ? calls : calls.slice(first)
    this.#calls.set(lane, recent)
    return recent.length
  }

  count(lane: string, nowMs: number): void {
    const calls = this.#calls.get(lane)
    if (calls) calls.push(nowMs)
    else this.#calls.set(lane, [nowMs])
  }
}
