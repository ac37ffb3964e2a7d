import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { ApiRequest, Done } from '../api-server.ts'
import { hiddenAfter, keptFault } from '../control.ts'
import { CallFaults, type FaultCall, FaultDial, type SetFault } from '../faults.ts'
import type { Answer } from '../http.ts'
import { JsonFile } from '../json-file.ts'
import { RequestLog } from '../request-log.ts'
import { makeRouter } from '../routing.ts'
import type { StandIn, StandInOptions } from '../stand-in.ts'
import { Cursors, isObject, type SfCall, type SfRoute, type SfSite } from './call.ts'
import { type Control, type ControlState, controlStateShape, freshControl } from './control.ts'
import { notFound, refused, SfRefusal, unauthorised } from './errors.ts'
import { SalesforceFace } from './face.ts'
import { fullId } from './ids.ts'
import { type Credentials, identity, SalesforceOAuth } from './oauth.ts'
import { SalesforceRecords, type Writer, writerNamed } from './records.ts'
import { COMPOSITE_ROUTES } from './routes/composite.ts'
import { META_ROUTES, VERSIONS, versionsAnswer } from './routes/meta.ts'
import { QUERY_ROUTES } from './routes/query.ts'
import { RECORD_ROUTES } from './routes/records.ts'
import type { SaveSite } from './save.ts'
import { DailyCalls } from './usage.ts'
import { API_USER } from './users.ts'

const ROUTES: readonly SfRoute[] = [...QUERY_ROUTES, ...COMPOSITE_ROUTES, ...META_ROUTES, ...RECORD_ROUTES]
const routeTo = makeRouter(ROUTES)
const BODY_LIMIT_BYTES = 6 * 1024 * 1024
/** How long a fresh org's search lags behind writes. */
const INDEX_DELAY_MS = 2000
/** The longest address Salesforce reads. */
const MAX_URL = 16_384

/** A path below `/services/data`, taken apart. */
function versioned(path: string): { readonly version: string; readonly rest: string } | undefined {
  const found = /^\/services\/data\/(v\d+\.\d)(\/.*)?$/.exec(path)
  return found?.[1] === undefined ? undefined : { version: found[1], rest: found[2] ?? '' }
}

/** The Salesforce stand-in: an org's records, its sign-in, its API. */
export class SalesforceApp implements StandIn {
  readonly bodyLimitBytes = BODY_LIMIT_BYTES
  readonly records: SalesforceRecords
  readonly dial: FaultDial
  readonly log: RequestLog
  readonly face: SalesforceFace
  readonly #oauth: SalesforceOAuth
  readonly #now: () => number
  readonly #isDurable: boolean
  readonly #control: JsonFile<ControlState>
  readonly #calls = new DailyCalls()
  readonly #cursors = new Cursors()
  #hidden: ReadonlySet<string>

  private constructor(options: SalesforceOptions, records: SalesforceRecords) {
    this.records = records
    this.#now = options.now
    this.#isDurable = options.saveDelayMs === 0
    this.log = new RequestLog(options.folder)
    this.#control = JsonFile.open<ControlState>({
      path: join(options.folder, 'control.json'),
      shape: controlStateShape,
      fresh: () => freshControl(options.indexDelayMs ?? INDEX_DELAY_MS),
    })
    if (options.indexDelayMs !== undefined) this.#control.data.indexDelayMs = options.indexDelayMs
    this.#hidden = new Set(this.#control.data.hidden)
    this.#oauth = new SalesforceOAuth({
      folder: options.folder,
      nowMs: () => this.nowMs(),
      policy: () => {
        const { sessionMinutes, rotateRefreshTokens } = this.#control.data
        return { sessionMs: sessionMinutes * 60_000, isRotating: rotateRefreshTokens }
      },
    })
    this.dial = new FaultDial({ random: options.random, initial: this.#control.data.faults, changed: () => this.#keepFaults() })
    this.face = new SalesforceFace(this)
  }

  static async open(options: SalesforceOptions): Promise<SalesforceApp> {
    return new SalesforceApp(options, await SalesforceRecords.open(options))
  }

  /** Whether no sandbox was ever started on this folder. Its last record being deleted does not make it fresh again. */
  static isFresh(folder: string): boolean {
    return !existsSync(join(folder, 'control.json')) && !existsSync(join(folder, 'account-0000.json'))
  }

  get credentials(): Credentials {
    return this.#oauth.credentials
  }

  /** The time by the org's own clock. */
  nowMs(): number {
    return this.#now() + this.#control.data.clockSkewMs
  }

  get editor(): string {
    return this.#control.data.editor
  }

  get state(): ControlState {
    return this.#control.data
  }

  isHidden(id: string): boolean {
    return this.#hidden.has(id)
  }

  async prepare(): Promise<void> {
    await this.records.refresh(writerNamed(this.editor, this.nowMs()))
  }

  refuse(request: ApiRequest): Answer | undefined {
    const { path } = request
    if (SalesforceOAuth.isPath(path) || path === '/services/data' || path === '/services/data/') return undefined
    if (request.query.toString().length + path.length > MAX_URL) return this.#stamped(refused(414, 'REQUEST_URI_TOO_LONG', 'URI too long'))
    if (!this.#oauth.isSession(request.headers.authorization)) return this.#stamped(unauthorised())
    if (path.startsWith('/id/') || path === '/services/oauth2/userinfo') return undefined
    const at = versioned(path)
    if (!at || !VERSIONS.some(({ version }) => `v${version}` === at.version)) return this.#stamped(notFound())
    const found = routeTo(request.method, at.rest)
    if (found.kind === 'unknown') return this.#stamped(notFound())
    if (found.kind === 'other-method') {
      const message = `HTTP Method '${request.method}' not allowed. Allowed are ${found.allowed.join(',')}`
      return this.#stamped({ ...refused(405, 'METHOD_NOT_ALLOWED', message), headers: { Allow: found.allowed.join(', ') } })
    }
    const { used, max } = this.#usage()
    if (used >= max) return this.#stamped(refused(403, 'REQUEST_LIMIT_EXCEEDED', 'TotalRequests Limit exceeded.'))
    this.#calls.count(this.#now())
    return found.route.takesBody ? this.#bodyRefusal(request) : undefined
  }

  tooLarge(): Answer {
    return this.#stamped(refused(413, 'REQUEST_ENTITY_TOO_LARGE', `The request body is larger than ${BODY_LIMIT_BYTES} bytes.`))
  }

  describe(request: ApiRequest): FaultCall {
    const { ids, fields, writes } = touched(request)
    const query = request.query.get('q') ?? request.query.get('ids') ?? ''
    // A fault about a record finds it in the call's body too: one call here is about many records.
    return { method: request.method, path: [request.path, query, ...ids].filter(Boolean).join(' '), fields, writes }
  }

  bodyForLog(request: ApiRequest): unknown {
    if (!SalesforceOAuth.isPath(request.path)) return request.body ?? request.bodyText.slice(0, 2000)
    const form = new URLSearchParams(request.bodyText)
    return Object.fromEntries([...form.entries()].map(([name, value]) => [name, OPEN_PARAMETERS.has(name) ? value : '…']))
  }

  carryOut(request: ApiRequest, faults: CallFaults): Promise<Done> {
    const versionBefore = this.records.version
    this.records.begin()
    const answer = this.#answer(request, faults)
    return Promise.resolve({ answer: this.#stamped(answer), saved: this.records.version !== versionBefore })
  }

  faultAnswer(fault: SetFault): Answer {
    return this.#stamped(this.#faultAnswer(fault))
  }

  #faultAnswer(fault: SetFault): Answer {
    switch (fault.kind) {
      case '429':
        // There is no 429 and no Retry-After here: the day's calls are used up.
        return refused(403, 'REQUEST_LIMIT_EXCEEDED', 'TotalRequests Limit exceeded.')
      case '401':
        return unauthorised()
      case '403':
        return refused(403, 'INSUFFICIENT_ACCESS', 'insufficient access rights on cross-reference id')
      case '503':
        return refused(503, 'SERVER_UNAVAILABLE', 'Server Unavailable')
      default:
        return refused(
          500,
          'UNKNOWN_EXCEPTION',
          'An unexpected error occurred. Please include this ErrorId if you contact support: 1-1 (1)',
        )
    }
  }

  async settleSaves(): Promise<void> {
    if (this.#isDurable) await this.records.flush()
  }

  /** Carries out what a checked control body says. */
  control(control: Control): void {
    const state = this.#control.data
    const idsOf = (ids: readonly string[] | undefined): string[] => (ids ?? []).flatMap((id) => fullId(id) ?? [])
    const hidden = hiddenAfter(state.hidden, idsOf(control.hide), idsOf(control.show))
    this.#hidden = new Set(hidden)
    this.#control.write({
      ...state,
      hidden,
      indexDelayMs: control.indexDelayMs ?? state.indexDelayMs,
      clockSkewMs: control.clockSkewMs ?? state.clockSkewMs,
      editor: control.editor ?? state.editor,
      sessionMinutes: control.sessionMinutes ?? state.sessionMinutes,
      rotateRefreshTokens: control.rotateRefreshTokens ?? state.rotateRefreshTokens,
      dailyCalls: control.dailyCalls ?? state.dailyCalls,
      workflow: control.workflow ?? state.workflow,
    })
    if (control.endSessions) this.#oauth.endSessions()
    if (control.faults) this.dial.replace(control.faults)
    if (control.add) this.dial.add(control.add)
    if (control.clear) this.dial.clear()
    if (control.remove !== undefined) this.dial.remove(control.remove)
  }

  /** What a save made on the screen or by a script works on: as somebody of the org, out of the dial's reach. */
  saveSite(by: Writer): SaveSite {
    this.records.begin()
    return this.#saveSite(by, new CallFaults({ method: 'SCREEN', path: '', fields: [], writes: true }, () => undefined))
  }

  async flush(): Promise<void> {
    await this.records.flush()
  }

  async stop(): Promise<void> {
    try {
      await this.records.stop()
    } finally {
      this.log.stop()
    }
  }

  #answer(request: ApiRequest, faults: CallFaults): Answer {
    if (SalesforceOAuth.isPath(request.path)) return this.#oauth.answer(request)
    if (request.path === '/services/data' || request.path === '/services/data/') return versionsAnswer()
    if (request.path.startsWith('/id/') || request.path === '/services/oauth2/userinfo')
      return { status: 200, json: identity(request.base) }
    const save = this.#saveSite({ by: API_USER.id, atMs: this.nowMs() }, faults)
    const options = request.headers['sforce-query-options']
    return this.#run({
      method: request.method,
      path: request.path,
      query: request.query,
      body: request.body,
      queryOptions: Array.isArray(options) ? options[0] : options,
      base: request.base,
      save,
      depth: 0,
    })
  }

  /** Carries out one request, or one inside a composite. A request that cannot be read as a whole leaves nothing behind. */
  #run(request: Running): Answer {
    const at = versioned(request.path)
    const found = at && routeTo(request.method, at.rest)
    if (!at || found?.kind !== 'route' || request.depth > 1) return notFound()
    const mark = this.records.mark()
    try {
      return found.route.handle(this.#call(request, at, found.params))
    } catch (error) {
      if (!(error instanceof SfRefusal)) throw error
      this.records.rollback(mark)
      return error.answer
    }
  }

  #call(request: Running, at: { version: string; rest: string }, params: Readonly<Record<string, string>>): SfCall {
    const site: SfSite = {
      records: this.records,
      cursors: this.#cursors,
      indexDelayMs: this.#control.data.indexDelayMs,
      isHidden: (id) => this.#hidden.has(id),
      usage: this.#usage(),
    }
    return {
      method: request.method,
      path: at.rest,
      version: at.version,
      params,
      query: request.query,
      body: request.body,
      queryOptions: request.queryOptions,
      base: request.base,
      nowMs: this.nowMs(),
      faults: request.save.faults,
      site,
      save: request.save,
      inner: ({ method, url, body }) => {
        const target = new URL(url, 'http://org')
        return this.#run({ ...request, method, path: target.pathname, query: target.searchParams, body, depth: request.depth + 1 })
      },
    }
  }

  #saveSite(writer: Writer, faults: CallFaults): SaveSite {
    return {
      records: this.records,
      writer,
      faults,
      isHidden: (id) => this.#hidden.has(id),
      hasWorkflow: this.#control.data.workflow,
      partial: { isSpent: false },
    }
  }

  #usage(): { readonly used: number; readonly max: number } {
    const { max, usedElsewhere } = this.#control.data.dailyCalls
    return { used: Math.min(max, usedElsewhere + this.#calls.used(this.#now())), max }
  }

  /** Every answer tells the org's time and how many of the day's calls are used. */
  #stamped(answer: Answer): Answer {
    const { used, max } = this.#usage()
    return {
      ...answer,
      headers: { Date: new Date(this.nowMs()).toUTCString(), 'Sforce-Limit-Info': `api-usage=${used}/${max}`, ...answer.headers },
    }
  }

  #bodyRefusal(request: ApiRequest): Answer | undefined {
    const type = (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? ''
    if (type !== 'application/json') {
      return this.#stamped(refused(415, 'UNSUPPORTED_MEDIA_TYPE', `Content type ${type === '' ? 'null' : type} not supported`))
    }
    if (request.body !== undefined) return undefined
    const message =
      request.bodyText.trim() === ''
        ? 'The HTTP entity body is required, but this request has no entity body.'
        : 'Unexpected character at [line:1, column:1]'
    return this.#stamped(refused(400, 'JSON_PARSER_ERROR', message))
  }

  #keepFaults(): void {
    this.#control.write({ ...this.#control.data, faults: this.dial.state().faults.map(keptFault) })
  }
}

interface Running {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly body: unknown
  readonly queryOptions: string | undefined
  readonly base: string
  readonly save: SaveSite
  readonly depth: number
}

export type SalesforceOptions = Pick<StandInOptions, 'folder' | 'now' | 'random' | 'indexDelayMs' | 'saveDelayMs'>

/** What of a sign-in's form may be written down. */
const OPEN_PARAMETERS = new Set(['grant_type', 'response_type', 'scope', 'redirect_uri', 'decision', 'code_challenge_method'])

interface Touched {
  readonly ids: readonly string[]
  readonly fields: readonly string[]
  readonly writes: boolean
}

/** The records and fields a request is about, also inside a composite, and whether it writes. */
function touched(request: Pick<ApiRequest, 'method' | 'path' | 'body'>): Touched {
  const at = versioned(request.path)
  const found = at && routeTo(request.method, at.rest)
  const body = isObject(request.body) ? request.body : {}
  const inner = Array.isArray(body.compositeRequest) ? body.compositeRequest.filter(isObject) : []
  if (inner.length > 0) {
    const parts = inner.map(({ method, url, body: part }) => {
      const path = String(url).split('?')[0] ?? ''
      const own = touched({ method: String(method), path, body: part })
      return { ...own, ids: [String(url), ...own.ids] }
    })
    return {
      ids: parts.flatMap(({ ids }) => ids),
      fields: [...new Set(parts.flatMap(({ fields }) => fields))],
      writes: parts.some(({ writes }) => writes),
    }
  }
  const records = Array.isArray(body.records) ? body.records.filter(isObject) : [body]
  const given = Array.isArray(body.ids) ? body.ids : records.map(({ id, Id }) => id ?? Id)
  const names = records
    .flatMap((record) => Object.keys(record))
    .filter((name) => !['attributes', 'id', 'Id', 'allOrNone', 'records'].includes(name))
  return {
    ids: given.filter((id) => typeof id === 'string'),
    fields: [...new Set(names)],
    writes: found?.kind === 'route' && found.route.writes,
  }
}
