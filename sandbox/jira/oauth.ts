import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { z } from 'zod'
import type { ApiRequest } from '../api-server.ts'
import type { Answer } from '../http.ts'
import { parseJson } from '../http.ts'
import { JsonFile } from '../json-file.ts'
import { consentPage, digest, isAllowedRedirect, isPkceVerifier, isSameSecret, makeSecret, redirectBack } from '../oauth-pages.ts'
import { isSameOrigin } from '../origin.ts'
import { API_USER } from './site.ts'

/** What is kept of the sign-ins: tokens as fingerprints only. */
const stateShape = z.object({
  cloudId: z.uuid(),
  access: z.record(z.string(), z.object({ endsMs: z.number(), scope: z.string() })),
  /** Refresh tokens that hold → their scope and when they end unused, ms. */
  refresh: z.record(z.string(), z.object({ endsMs: z.number(), scope: z.string() })),
})
type State = z.infer<typeof stateShape>

interface Code {
  readonly redirectUri: string
  readonly challenge: string | undefined
  readonly scope: string
  readonly endsMs: number
}

export interface AtlassianOptions {
  readonly folder: string
  readonly clientId: string
  readonly clientSecret: string
  /** By the site's clock. */
  readonly nowMs: () => number
  /** How long an access token holds, as the control says. */
  readonly accessLifeS: () => number
}

const CODE_MS = 5 * 60_000
const REFRESH_IDLE_MS = 90 * 24 * 3_600_000
const MOST_TOKENS = 1_000
const MOST_CODES = 100

const SCOPE_TEXTS: Readonly<Record<string, string>> = {
  'read:jira-work': 'View Jira issue data',
  'write:jira-work': 'Create and manage issues',
  'read:jira-user': 'View user profiles',
  'manage:jira-webhook': 'Manage webhooks',
  offline_access: 'Stay signed in',
}
const CARRIED = [
  'audience',
  'client_id',
  'scope',
  'redirect_uri',
  'state',
  'response_type',
  'prompt',
  'code_challenge',
  'code_challenge_method',
]
const PATHS = ['/authorize', '/oauth/token', '/oauth/token/accessible-resources']

const refusal = (status: number, error: string, description: string): Answer => ({
  status,
  json: { error, error_description: description },
})

/**
 * Atlassian's sign-in (OAuth 2, 3LO): the page of consent, tokens that last an hour, refresh tokens that are spent by each use, and the
 * list of sites. Replaying a spent refresh token is refused.
 */
export class AtlassianOAuth {
  readonly #state: JsonFile<State>
  readonly #codes = new Map<string, Code>()
  readonly #options: AtlassianOptions

  constructor(options: AtlassianOptions) {
    this.#options = options
    this.#state = JsonFile.open<State>({
      path: join(options.folder, 'tokens.json'),
      shape: stateShape,
      fresh: () => ({ cloudId: randomUUID(), access: {}, refresh: {} }),
      mode: 0o600,
    })
  }

  /** Whether a path belongs to the sign-in. */
  static isPath(path: string): boolean {
    return PATHS.includes(path)
  }

  /** The id of the site among all of Atlassian's. */
  get cloudId(): string {
    return this.#state.data.cloudId
  }

  /** The scopes of an access token that holds. */
  scopesOf(header: string | undefined): readonly string[] | undefined {
    const token = /^Bearer +(\S+)$/i.exec(header ?? '')?.[1]
    const known = token === undefined ? undefined : this.#state.data.access[digest(token)]
    return known !== undefined && known.endsMs > this.#options.nowMs() ? known.scope.split(' ') : undefined
  }

  /** Ends every access token now; refresh tokens hold on. */
  endAccess(): void {
    this.#state.write({ ...this.#state.data, access: {} })
  }

  /** Ends every sign-in: as when a person takes the right back in their account. */
  endGrants(): void {
    this.#state.write({ ...this.#state.data, access: {}, refresh: {} })
  }

  answer(request: ApiRequest): Answer {
    switch (request.path) {
      case '/authorize':
        return this.#authorize(request)
      case '/oauth/token':
        return request.method === 'POST' ? this.#token(request) : { status: 405, headers: { Allow: 'POST' } }
      default:
        return this.#sites(request)
    }
  }

  #authorize(request: ApiRequest): Answer {
    const form = request.method === 'POST' ? new URLSearchParams(request.bodyText) : request.query
    const { base } = request
    const redirectUri = form.get('redirect_uri') ?? ''
    const state = form.get('state')
    if (form.get('client_id') !== this.#options.clientId) return pageOf('There is no app of this client id.')
    if (!isAllowedRedirect(redirectUri, base)) return pageOf('The redirect URI is not registered for this app.')
    if (form.get('audience') !== 'api.atlassian.com') return pageOf('The audience must be api.atlassian.com.')
    const back = (params: Readonly<Record<string, string>>): Answer => redirectBack(redirectUri, state, params)
    if (form.get('response_type') !== 'code') return back({ error: 'unsupported_response_type' })
    if (state === null || state === '') return back({ error: 'invalid_request', error_description: 'state is required' })
    const scopes = (form.get('scope') ?? '').split(/\s+/).filter(Boolean)
    const unknown = scopes.find((scope) => SCOPE_TEXTS[scope] === undefined)
    if (scopes.length === 0 || unknown !== undefined) return back({ error: 'invalid_scope' })
    if ((form.get('code_challenge_method') ?? 'S256') !== 'S256') return back({ error: 'invalid_request' })
    if (request.method === 'GET') {
      return consentPage({
        appName: 'Jira',
        person: API_USER,
        action: `${new URL(base).pathname}/authorize`,
        asked: form,
        carried: CARRIED,
        scopes: scopes.map((scope) => SCOPE_TEXTS[scope] ?? scope),
        place: `the sandbox's Jira at ${base}`,
      })
    }
    if (!isSameOrigin(request)) return { status: 403, text: 'A page of another site may not consent here.\n' }
    if (form.get('decision') !== 'allow') return back({ error: 'access_denied', error_description: 'User did not authorize the request' })
    const code = makeSecret(40)
    const challenge = form.get('code_challenge') ?? undefined
    this.#codes.set(digest(code), { redirectUri, challenge, scope: scopes.join(' '), endsMs: this.#options.nowMs() + CODE_MS })
    for (const old of [...this.#codes.keys()].slice(0, Math.max(0, this.#codes.size - MOST_CODES))) this.#codes.delete(old)
    return back({ code })
  }

  #token(request: ApiRequest): Answer {
    const form = formOf(request)
    const { clientId, clientSecret } = this.#options
    if (form.get('client_id') !== clientId || !isSameSecret(form.get('client_secret') ?? '', clientSecret))
      return refusal(401, 'access_denied', 'Unauthorized')
    switch (form.get('grant_type')) {
      case 'authorization_code':
        return this.#redeem(form)
      case 'refresh_token':
        return this.#refresh(form.get('refresh_token') ?? '')
      default:
        return refusal(400, 'unsupported_grant_type', 'Unsupported grant type')
    }
  }

  #redeem(form: URLSearchParams): Answer {
    const key = digest(form.get('code') ?? '')
    const code = this.#codes.get(key)
    this.#codes.delete(key)
    if (!code || code.endsMs <= this.#options.nowMs()) return refusal(403, 'invalid_grant', 'Invalid authorization code')
    if (form.get('redirect_uri') !== code.redirectUri) return refusal(403, 'invalid_grant', 'The redirect URI is another one')
    if (code.challenge !== undefined && !isPkceVerifier(form.get('code_verifier'), code.challenge))
      return refusal(403, 'invalid_grant', 'Failed to verify code verifier')
    return this.#grant(code.scope)
  }

  #refresh(token: string): Answer {
    const key = digest(token)
    const { [key]: known, ...others } = this.#state.data.refresh
    if (known === undefined || known.endsMs <= this.#options.nowMs())
      return refusal(403, 'invalid_grant', 'Unknown or invalid refresh token.')
    this.#state.write({ ...this.#state.data, refresh: others })
    return this.#grant(known.scope)
  }

  #grant(scope: string): Answer {
    const nowMs = this.#options.nowMs()
    const lifeS = this.#options.accessLifeS()
    const access = `eyJraWQ.${makeSecret(60)}.${makeSecret(30)}`
    const refresh = scope.split(' ').includes('offline_access') ? `eyJhbGciOiJIUzI1NiJ9.${makeSecret(48)}` : undefined
    const keep = (all: State['access'], key: string, endsMs: number): State['access'] => {
      const alive = Object.entries(all).filter(([, { endsMs: until }]) => until > nowMs)
      return Object.fromEntries([...alive, [key, { endsMs, scope }] as const].slice(-MOST_TOKENS))
    }
    const { data } = this.#state
    this.#state.write({
      ...data,
      access: keep(data.access, digest(access), nowMs + lifeS * 1000),
      refresh: refresh === undefined ? data.refresh : keep(data.refresh, digest(refresh), nowMs + REFRESH_IDLE_MS),
    })
    return {
      status: 200,
      json: {
        access_token: access,
        expires_in: lifeS,
        token_type: 'Bearer',
        ...(refresh !== undefined && { refresh_token: refresh }),
        scope,
      },
      headers: { 'Cache-Control': 'no-store', Pragma: 'no-cache' },
    }
  }

  #sites(request: ApiRequest): Answer {
    if (request.method !== 'GET') return { status: 405, headers: { Allow: 'GET' } }
    const scopes = this.scopesOf(request.headers.authorization)
    if (scopes === undefined) return { status: 401, json: { code: 401, message: 'Unauthorized' } }
    const shown = scopes.filter((scope) => scope !== 'offline_access')
    return {
      status: 200,
      json: [{ id: this.cloudId, url: request.base, name: 'sandbox', scopes: shown, avatarUrl: `${request.base}/avatar/site.svg` }],
    }
  }
}

/** A token request as a form or as JSON: Atlassian takes both. */
function formOf({ headers, bodyText }: ApiRequest): URLSearchParams {
  if (!(headers['content-type'] ?? '').startsWith('application/json')) return new URLSearchParams(bodyText)
  const json = z.record(z.string(), z.string()).safeParse(parseJson(bodyText))
  return new URLSearchParams(json.data ?? {})
}

/** What may not be sent back to an address nobody vouches for is said here. */
const pageOf = (text: string): Answer => ({ status: 400, text: `${text}\n` })
