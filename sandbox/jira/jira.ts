import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import type { ApiRequest, Done } from '../api-server.ts'
import { hiddenAfter, keptFault } from '../control.ts'
import { type CallFaults, type FaultCall, FaultDial, type SetFault } from '../faults.ts'
import { type Answer, JSON_TYPE } from '../http.ts'
import { JsonFile } from '../json-file.ts'
import { RateLimits } from '../rate-limits.ts'
import { RecentSearches } from '../recent-searches.ts'
import type { FileProblem } from '../record-store.ts'
import { RequestLog } from '../request-log.ts'
import type { StandIn } from '../stand-in.ts'
import type { JiraCall, JiraSite, Route } from './call.ts'
import { type Control, type ControlState, controlStateShape, freshControl } from './control.ts'
import { BODY_DOES_NOT_FIT, BODY_EMPTY, BODY_UNPARSEABLE, errorCollection, problem } from './errors.ts'
import { JiraFace } from './face.ts'
import { type HookDelivery, JiraHooks } from './hooks.ts'
import { JiraIssues } from './issues.ts'
import { AtlassianOAuth } from './oauth.ts'
import { BULK_ROUTES } from './routes/bulk.ts'
import { ISSUE_ROUTES } from './routes/issue.ts'
import { META_ROUTES } from './routes/meta.ts'
import { fitsQuery, SEARCH_ROUTES } from './routes/search.ts'
import { WEBHOOK_ROUTES } from './routes/webhook.ts'
import { hex } from './seed-issues.ts'
import { Tasks } from './tasks.ts'
import { Wire } from './wire.ts'

export interface Credentials {
  readonly email: string
  readonly apiToken: string
  /** The workspace's OAuth app, as Atlassian's developer console would show it. */
  readonly clientId: string
  readonly clientSecret: string
}

const credentialsShape: z.ZodType<Credentials> = z.object({
  email: z.string().min(3),
  apiToken: z.string().min(16),
  // Files from before there was an OAuth app get one.
  clientId: z.string().min(8).default(makeClientId),
  clientSecret: z.string().min(16).default(makeClientSecret),
})
const ROUTES: readonly Route[] = [...SEARCH_ROUTES, ...META_ROUTES, ...WEBHOOK_ROUTES, ...BULK_ROUTES, ...ISSUE_ROUTES]
const BODY_LIMIT_BYTES = 2 * 1024 * 1024
/** Searches whose order is remembered. Each holds at most a reference and a short key an issue. */
const KEPT_SEARCHES = 4

/** Everything the dial and the control say, for `GET /sandbox/control` and the screen. */
export interface JiraControlView {
  readonly app: 'jira'
  readonly faults: readonly SetFault[]
  readonly spent: readonly SetFault[]
  readonly indexDelayMs: number
  readonly bulkDelayMs: number
  readonly clockSkewMs: number
  readonly hidden: readonly string[]
  readonly editor: string
  readonly limits: ControlState['limits']
  readonly accessLifeS: number
  readonly canBulkChange: boolean
  /** Addresses only: their secrets are shown to nobody. */
  readonly webhooks: readonly string[]
  readonly deliveries: readonly HookDelivery[]
  readonly problems: readonly FileProblem[]
}

/** The Jira stand-in: its issues, its control, its API. */
export class JiraApp implements StandIn {
  readonly bodyLimitBytes = BODY_LIMIT_BYTES
  readonly credentials: Credentials
  readonly issues: JiraIssues
  readonly dial: FaultDial
  readonly log: RequestLog
  readonly site: JiraSite
  readonly oauth: AtlassianOAuth
  readonly hooks: JiraHooks
  readonly face: JiraFace
  readonly #now: () => number
  readonly #isDurable: boolean
  readonly #control: JsonFile<ControlState>
  readonly #limits = new RateLimits()
  readonly #tasks: Tasks
  #hidden: ReadonlySet<string>

  private constructor(options: JiraOptions, issues: JiraIssues) {
    this.issues = issues
    this.#now = options.now
    this.#isDurable = options.saveDelayMs === 0
    this.log = new RequestLog(options.folder)
    const credentials = JsonFile.open<Credentials>({
      path: join(options.folder, 'credentials.json'),
      shape: credentialsShape,
      fresh: freshCredentials,
      mode: 0o600,
    })
    credentials.write(credentials.data)
    this.credentials = credentials.data
    this.#control = JsonFile.open<ControlState>({
      path: join(options.folder, 'control.json'),
      shape: controlStateShape,
      fresh: () => freshControl(options.indexDelayMs ?? 1500),
    })
    if (options.indexDelayMs !== undefined) this.#control.data.indexDelayMs = options.indexDelayMs
    this.#hidden = new Set(this.#control.data.hidden)
    this.dial = new FaultDial({ random: options.random, initial: this.#control.data.faults, changed: () => this.#keepFaults() })
    this.#tasks = new Tasks({ now: options.now, delayMs: () => this.#control.data.bulkDelayMs })
    const { clientId, clientSecret } = this.credentials
    this.oauth = new AtlassianOAuth({
      folder: options.folder,
      clientId,
      clientSecret,
      nowMs: () => this.nowMs(),
      accessLifeS: () => this.#control.data.accessLifeS,
    })
    this.hooks = new JiraHooks({
      folder: options.folder,
      nowMs: () => this.nowMs(),
      clientId,
      clientSecret,
      fits: (jql, issue) => fitsQuery(jql, issue, this.nowMs()),
    })
    issues.onChange = (change) => this.hooks.tell(change)
    this.site = {
      hooks: this.hooks,
      canBulkChange: () => this.#control.data.canBulkChange,
      issues,
      tasks: this.#tasks,
      email: this.credentials.email,
      nowMs: () => this.nowMs(),
      indexDelayMs: () => this.#control.data.indexDelayMs,
      isHidden: (issue) => this.#hidden.has(issue.id),
      makeLocalId: () => hex(options.random),
      searches: new RecentSearches(KEPT_SEARCHES),
    }
    this.face = new JiraFace(this)
  }

  static async open(options: JiraOptions): Promise<JiraApp> {
    return new JiraApp(options, await JiraIssues.open({ folder: options.folder, saveDelayMs: options.saveDelayMs }))
  }

  /** Whether no sandbox was ever started on this folder. Its last issue being deleted does not make it fresh again. */
  static isFresh(folder: string): boolean {
    return !existsSync(join(folder, 'control.json')) && !existsSync(join(folder, 'issues-0000.json'))
  }

  /** The time by the site's own clock. */
  nowMs(): number {
    return this.#now() + this.#control.data.clockSkewMs
  }

  get editor(): string {
    return this.#control.data.editor
  }

  async prepare(): Promise<void> {
    await this.issues.refresh({ by: this.editor, atMs: this.nowMs() })
    this.#tasks.settle()
  }

  refuse(asked: ApiRequest): Answer | undefined {
    if (AtlassianOAuth.isPath(asked.path)) return undefined
    const { request, cloudId } = below(asked)
    if (cloudId !== undefined && this.oauth.scopesOf(request.headers.authorization) === undefined) return GATEWAY_UNAUTHORISED
    if (cloudId !== undefined && cloudId !== this.oauth.cloudId) return { status: 404, json: { code: 404, message: 'Not Found' } }
    const route = routeOf(request)
    if (route.kind === 'refused') return route.answer
    const { authorization } = request.headers
    const isAnonymous = authorization === undefined && route.route.isOpen === true && cloudId === undefined
    const refusal = cloudId === undefined ? undefined : this.#scopeRefusal(route.route, authorization)
    if (refusal !== undefined) return refusal
    if (cloudId === undefined && !isAnonymous && !this.#isAuthorised(authorization)) return unauthorised(request.base)
    return bodyRefusal(request, route.route) ?? this.#limitRefusal(route)
  }

  tooLarge(request: ApiRequest): Answer {
    return problem(413, 'Payload Too Large', `The request body is larger than ${BODY_LIMIT_BYTES} bytes.`, request.path)
  }

  /** The form of a token request holds secrets. */
  bodyForLog(request: ApiRequest): unknown {
    return AtlassianOAuth.isPath(request.path) ? '•••' : (request.body ?? request.bodyText.slice(0, 2000))
  }

  describe(asked: ApiRequest): FaultCall {
    const { request } = below(asked)
    const route = routeOf(request)
    return {
      method: request.method,
      path: request.path,
      fields: touchedFields(request),
      writes: route.kind === 'route' && route.route.writes === true,
    }
  }

  async carryOut(asked: ApiRequest, faults: CallFaults): Promise<Done> {
    if (AtlassianOAuth.isPath(asked.path)) return { answer: this.oauth.answer(asked), saved: false }
    const { request, cloudId } = below(asked)
    const found = routeOf(request)
    if (found.kind === 'refused') return { answer: found.answer, saved: false }
    const { route, params } = found
    const body = route.body?.safeParse(request.body)
    if (body && !body.success) return { answer: BODY_DOES_NOT_FIT, saved: false }
    const call: JiraCall = {
      method: request.method,
      path: request.path,
      params,
      query: request.query,
      body: body?.data,
      faults,
      wire: new Wire(request.base),
      nowMs: this.nowMs(),
      site: this.site,
      isApp: cloudId !== undefined,
      siteUrl: asked.base,
    }
    const versionBefore = this.issues.version
    const answer = await route.handle(call)
    const checked = checkedAnswer(route, answer)
    const isTask = route.writes === true && route.path.startsWith('/rest/api/3/bulk/') && answer.status === 201
    return { answer: checked, saved: this.issues.version !== versionBefore || isTask }
  }

  faultAnswer(fault: SetFault): Answer {
    const retryAfterS = fault.retryAfterS ?? 5
    switch (fault.kind) {
      case '429':
        return rateLimited({ reason: fault.reason ?? 'jira-burst-based', retryAfterS, max: 100, nowMs: this.nowMs() })
      case '401':
        return unauthorised('')
      case '403':
        return errorCollection(403, ['You do not have permission to perform this operation.'])
      case '503':
        return { ...errorCollection(503, ['The service is temporarily unavailable.']), headers: { 'Retry-After': String(retryAfterS) } }
      default:
        return errorCollection(500, ['Internal server error'])
    }
  }

  async settleSaves(): Promise<void> {
    if (this.#isDurable) await this.issues.flush()
  }

  controlView(): JiraControlView {
    const { indexDelayMs, bulkDelayMs, clockSkewMs, hidden, editor, limits, accessLifeS, canBulkChange } = this.#control.data
    const keys = hidden.map((id) => this.issues.find(id)?.key ?? id)
    return {
      app: 'jira',
      ...this.dial.state(),
      indexDelayMs,
      bulkDelayMs,
      clockSkewMs,
      hidden: keys,
      editor,
      limits,
      accessLifeS,
      canBulkChange,
      webhooks: this.hooks.list().map(({ url }) => url),
      deliveries: this.hooks.deliveries(),
      problems: this.issues.problems(),
    }
  }

  /** Carries out what a checked control body says. */
  control(control: Control): void {
    const state = this.#control.data
    const idsOf = (names: readonly string[] | undefined): string[] => (names ?? []).flatMap((name) => this.issues.find(name)?.id ?? [])
    const hidden = hiddenAfter(state.hidden, idsOf(control.hide), idsOf(control.show))
    this.#hidden = new Set(hidden)
    this.#control.write({
      ...state,
      hidden,
      indexDelayMs: control.indexDelayMs ?? state.indexDelayMs,
      bulkDelayMs: control.bulkDelayMs ?? state.bulkDelayMs,
      clockSkewMs: control.clockSkewMs ?? state.clockSkewMs,
      editor: control.editor ?? state.editor,
      limits: control.limits === undefined ? state.limits : (control.limits ?? {}),
      accessLifeS: control.accessLifeS ?? state.accessLifeS,
      canBulkChange: control.canBulkChange ?? state.canBulkChange,
    })
    if (control.endTokens === 'access') this.oauth.endAccess()
    if (control.endTokens === 'grants') this.oauth.endGrants()
    if (control.webhooks) this.hooks.setAdmin(control.webhooks)
    if (control.faults) this.dial.replace(control.faults)
    if (control.add) this.dial.add(control.add)
    if (control.clear) this.dial.clear()
    if (control.remove !== undefined) this.dial.remove(control.remove)
  }

  async flush(): Promise<void> {
    await this.issues.flush()
  }

  async stop(): Promise<void> {
    this.#tasks.stop()
    await this.hooks.stop()
    try {
      await this.issues.stop()
    } finally {
      this.log.stop()
    }
  }

  #keepFaults(): void {
    this.#control.write({ ...this.#control.data, faults: this.dial.state().faults.map(keptFault) })
  }

  #isAuthorised(header: string | undefined): boolean {
    const basic = /^Basic +([A-Za-z0-9+/=_-]+)$/i.exec(header ?? '')
    if (!basic) return false
    const given = Buffer.from(basic[1] ?? '', 'base64').toString('utf8')
    const [email = ''] = given.split(':', 1)
    const wanted = `${this.credentials.email}:${this.credentials.apiToken}`
    return isSameSecret(`${email.toLowerCase()}${given.slice(email.length)}`, wanted)
  }

  /** What a call through Atlassian's gateway lacks: a token that holds, or the scope its operation asks for. */
  #scopeRefusal(route: Route, header: string | undefined): Answer | undefined {
    const scopes = this.oauth.scopesOf(header)
    if (scopes === undefined) return GATEWAY_UNAUTHORISED
    if (scopes.includes(scopeOf(route))) return undefined
    return { status: 401, json: { code: 401, message: 'Unauthorized; scope does not match' } }
  }

  #limitRefusal({ route, params }: Found): Answer | undefined {
    const issue = params.issueIdOrKey === undefined ? undefined : this.issues.find(params.issueIdOrKey)
    const call = { endpoint: `${route.method} ${route.path}`, record: issue?.id, writes: route.writes === true }
    const over = this.#limits.check(call, this.#control.data.limits, this.#now())
    return over && rateLimited({ ...over, nowMs: this.nowMs() })
  }
}

export interface JiraOptions {
  readonly folder: string
  readonly now: () => number
  readonly random: () => number
  /** Absent: as it was set before, 1.5 s in a fresh sandbox. */
  readonly indexDelayMs?: number
  readonly saveDelayMs: number
}

/** A credential like one of Atlassian's, from the system's own randomness: it is a secret, not a part of the simulated world. */
function freshCredentials(): Credentials {
  return {
    email: `dana.kim.${randomBytes(3).toString('hex')}@sandbox.example`,
    apiToken: `ATATT3x${randomBytes(36).toString('base64url')}`,
    clientId: makeClientId(),
    clientSecret: makeClientSecret(),
  }
}

function makeClientId(): string {
  return randomBytes(24).toString('base64url')
}

function makeClientSecret(): string {
  return `ATOA${randomBytes(48).toString('base64url')}`
}

/** A call through Atlassian's gateway as the site itself sees it; its own links lead through the gateway again. */
function below(request: ApiRequest): { readonly request: ApiRequest; readonly cloudId: string | undefined } {
  const found = /^\/ex\/jira\/([^/]+)(\/.*)$/.exec(request.path)
  if (!found) return { request, cloudId: undefined }
  const [, cloudId = '', path = ''] = found
  return { request: { ...request, path, base: `${request.base}/ex/jira/${cloudId}` }, cloudId }
}

const GATEWAY_UNAUTHORISED: Answer = { status: 401, json: { code: 401, message: 'Unauthorized' } }

/** The classic scope an operation asks for. */
function scopeOf({ path, writes }: Route): string {
  if (path.startsWith('/rest/api/3/webhook')) return 'manage:jira-webhook'
  if (writes === true) return 'write:jira-work'
  return path.startsWith('/rest/api/3/user/') || path.endsWith('/myself') ? 'read:jira-user' : 'read:jira-work'
}

function isSameSecret(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(a), digest(b))
}

interface Found {
  readonly kind: 'route'
  readonly route: Route
  readonly params: Readonly<Record<string, string>>
}

const PATTERNS = ROUTES.map((route) => ({ route, segments: route.path.split('/') }))

function matchPath(segments: readonly string[], path: readonly string[]): Record<string, string> | undefined {
  if (segments.length !== path.length) return undefined
  const params: Record<string, string> = {}
  for (const [index, segment] of segments.entries()) {
    const part = path[index] ?? ''
    if (segment.startsWith('{')) {
      if (part === '') return undefined
      params[segment.slice(1, -1)] = decodePart(part)
    } else if (segment !== part) return undefined
  }
  return params
}

function decodePart(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}

/** The operation a request means. The first that fits wins, so fixed paths stand before those with a parameter. */
function routeOf(request: ApiRequest): Found | { readonly kind: 'refused'; readonly answer: Answer } {
  const path = request.path.split('/')
  const matches = PATTERNS.flatMap(({ route, segments }) => {
    const params = matchPath(segments, path)
    return params ? [{ route, params }] : []
  })
  const found = matches.find(({ route }) => route.method === request.method)
  if (found) return { kind: 'route', ...found }
  const title = matches.length > 0 ? 'Method Not Allowed' : 'Not Found'
  if (matches.length === 0) {
    return { kind: 'refused', answer: problem(404, title, `No endpoint ${request.method} ${request.path}.`, request.path) }
  }
  const allow = [...new Set(matches.map(({ route }) => route.method))].join(', ')
  return { kind: 'refused', answer: problem(405, title, `Method '${request.method}' is not supported.`, request.path, { Allow: allow }) }
}

function bodyRefusal(request: ApiRequest, route: Route): Answer | undefined {
  if (!route.body) return undefined
  const type = (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? ''
  if (type !== 'application/json') {
    return problem(415, 'Unsupported Media Type', `Content-Type '${type === '' ? 'null' : type}' is not supported.`, request.path, {
      Accept: 'application/json',
    })
  }
  if (request.bodyText.trim() === '') return BODY_EMPTY
  if (request.body === undefined) return BODY_UNPARSEABLE
  return route.body.safeParse(request.body).success ? undefined : BODY_DOES_NOT_FIT
}

/** Jira's answer without a credential that holds: text, whatever was asked for. */
function unauthorised(base: string): Answer {
  return {
    status: 401,
    text: 'Client must be authenticated to access this resource.',
    contentType: 'text/plain;charset=UTF-8',
    headers: { 'WWW-Authenticate': `OAuth realm="${encodeURIComponent(base)}"`, 'X-Seraph-LoginReason': 'AUTHENTICATED_FAILED' },
  }
}

function rateLimited(limit: {
  readonly reason: string
  readonly retryAfterS: number
  readonly max: number
  readonly nowMs: number
}): Answer {
  return {
    status: 429,
    json: { errorMessages: ['The request has been rate-limited. Please try again later.'], errors: {}, status: 429 },
    headers: {
      'Retry-After': String(limit.retryAfterS),
      'X-RateLimit-Limit': String(limit.max),
      'X-RateLimit-Remaining': '0',
      'X-RateLimit-Reset': new Date(limit.nowMs + limit.retryAfterS * 1000).toISOString(),
      'RateLimit-Reason': limit.reason,
    },
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The ids of the fields a request writes, for the dial's `field`. */
function touchedFields(request: ApiRequest): readonly string[] {
  if (!isRecord(request.body)) return []
  const { fields, update, issueUpdates, selectedActions, transition, bulkTransitionInputs } = request.body
  const ids = (value: unknown): string[] => (isRecord(value) ? Object.keys(value) : [])
  const updates = Array.isArray(issueUpdates) ? issueUpdates.filter(isRecord) : []
  const isMove = isRecord(transition) || Array.isArray(bulkTransitionInputs)
  const all = [
    ...ids(fields),
    ...ids(update),
    ...updates.flatMap((one) => [...ids(one.fields), ...ids(one.update)]),
    ...(Array.isArray(selectedActions) ? selectedActions.filter((action) => typeof action === 'string') : []),
    ...(isMove ? ['status'] : []),
  ]
  return [...new Set(all)]
}

/**
 * The answer as text, checked against its own shape as it will arrive. One that does not fit is a bug of the stand-in, and must not
 * look like an answer of Jira's.
 */
function checkedAnswer(route: Route, answer: Answer): Answer {
  const shape = route.answers[answer.status]
  if (!shape) throw new Error(`${route.method} ${route.path} may not answer ${answer.status}.`)
  const { json, ...rest } = answer
  const text = json === undefined ? undefined : JSON.stringify(json)
  const checked = shape.safeParse(text === undefined ? undefined : JSON.parse(text))
  if (!checked.success)
    throw new Error(`${route.method} ${route.path} answered ${answer.status} in a wrong shape: ${z.prettifyError(checked.error)}`)
  return text === undefined ? rest : { ...rest, text, contentType: answer.contentType ?? JSON_TYPE }
}
