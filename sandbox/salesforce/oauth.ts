import { createHmac, randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { z } from 'zod'
import type { ApiRequest } from '../api-server.ts'
import type { Answer } from '../http.ts'
import { JsonFile } from '../json-file.ts'
import { consentPage, digest, isAllowedRedirect, isPkceVerifier, isSameSecret, makeSecret, redirectBack } from '../oauth-pages.ts'
import { isSameOrigin } from '../origin.ts'
import { makeId } from './ids.ts'
import { API_USER } from './users.ts'

/** The org's own id. */
export const ORG_ID = makeId('00D', 1)

/** What an integration signs in with: a connected app of the org, and a session and a refresh token that it has already been given. */
export interface Credentials {
  readonly clientId: string
  readonly clientSecret: string
  /** A session that does not expire: for scripts and for the sandbox's own integration. */
  readonly accessToken: string
  readonly refreshToken: string
  readonly username: string
}

const credentialsShape: z.ZodType<Credentials> = z.object({
  clientId: z.string().min(10),
  clientSecret: z.string().min(10),
  accessToken: z.string().min(20),
  refreshToken: z.string().min(20),
  username: z.string(),
})

const tokensShape = z.object({
  /** SHA-256 of each access token that was given out → when it ends, ms. */
  sessions: z.record(z.string(), z.number()),
  /** SHA-256 of the refresh tokens that hold. */
  refresh: z.array(z.string()),
})
type Tokens = z.infer<typeof tokensShape>

interface Code {
  readonly redirectUri: string
  readonly challenge: string | undefined
  readonly scope: string
  readonly endsMs: number
}

export interface OAuthOptions {
  readonly folder: string
  readonly nowMs: () => number
  /** How long a session lasts, and whether a refresh gives a new refresh token and ends the old one. */
  readonly policy: () => { readonly sessionMs: number; readonly isRotating: boolean }
}

const CODE_MS = 15 * 60_000
/** Salesforce's own client makes verifiers of 171 characters. */
const LONGEST_VERIFIER = 256
/** Sessions remembered at most; the oldest are forgotten first. */
const MAX_SESSIONS = 1000
const MAX_CODES = 100

const accessToken = (): string => `${ORG_ID.slice(0, 15)}!AQ${makeSecret(60)}`

function freshCredentials(): Credentials {
  return {
    clientId: `3MVG9${makeSecret(36)}`,
    clientSecret: randomBytes(32).toString('hex').toUpperCase(),
    accessToken: accessToken(),
    refreshToken: `5Aep861${makeSecret(48)}`,
    username: API_USER.email,
  }
}

const oauthError = (error: string, description: string, status = 400): Answer => ({
  status,
  json: { error, error_description: description },
})

/** The sign-in of the org: its authorize page, its tokens, its sessions. Tokens are kept as fingerprints only. */
export class SalesforceOAuth {
  readonly credentials: Credentials
  readonly #tokens: JsonFile<Tokens>
  readonly #codes = new Map<string, Code>()
  readonly #options: OAuthOptions

  constructor(options: OAuthOptions) {
    this.#options = options
    this.credentials = JsonFile.open<Credentials>({
      path: join(options.folder, 'credentials.json'),
      shape: credentialsShape,
      fresh: freshCredentials,
      mode: 0o600,
    }).data
    this.#tokens = JsonFile.open<Tokens>({
      path: join(options.folder, 'tokens.json'),
      shape: tokensShape,
      fresh: () => ({ sessions: {}, refresh: [digest(this.credentials.refreshToken)] }),
      mode: 0o600,
    })
  }

  /** Whether a path belongs to the sign-in, which takes no session. */
  static isPath(path: string): boolean {
    return path.startsWith('/services/oauth2/') && path !== '/services/oauth2/userinfo'
  }

  /** Whether an `Authorization` header holds a session of today. */
  isSession(header: string | undefined): boolean {
    const token = /^(?:Bearer|OAuth) +(\S+)$/i.exec(header ?? '')?.[1]
    if (token === undefined) return false
    if (isSameSecret(token, this.credentials.accessToken)) return true
    const endsMs = this.#tokens.data.sessions[digest(token)]
    return endsMs !== undefined && endsMs > this.#options.nowMs()
  }

  /** Ends every session that was given out by a sign-in; refresh tokens hold on. */
  endSessions(): void {
    this.#tokens.write({ ...this.#tokens.data, sessions: {} })
  }

  answer(request: ApiRequest): Answer {
    const form = request.method === 'POST' ? new URLSearchParams(request.bodyText) : request.query
    switch (request.path) {
      case '/services/oauth2/authorize':
        return this.#authorize(request, form)
      case '/services/oauth2/token':
        return request.method === 'POST' ? this.#token(form, request.base) : oauthError('invalid_request', 'must use HTTP POST')
      case '/services/oauth2/revoke':
        return this.#revoke(form.get('token') ?? '')
      default:
        return { status: 404, text: 'Not found\n' }
    }
  }

  /** Shows who asks for what; the page's own form brings the person's word back. */
  #authorize(request: ApiRequest, form: URLSearchParams): Answer {
    const redirectUri = form.get('redirect_uri') ?? ''
    if (!isSameSecret(form.get('client_id') ?? '', this.credentials.clientId)) {
      return oauthError('invalid_client_id', 'client identifier invalid')
    }
    if (!isAllowedRedirect(redirectUri, request.base)) {
      return oauthError('redirect_uri_mismatch', 'redirect_uri must match configuration')
    }
    if (form.get('response_type') !== 'code') return redirectBack(redirectUri, form.get('state'), { error: 'unsupported_response_type' })
    if (request.method === 'GET') {
      const scopes = (form.get('scope')?.trim() || 'api refresh_token').split(/\s+/)
      return consentPage({
        appName: 'Salesforce',
        person: API_USER.name,
        action: `${new URL(request.base).pathname}/services/oauth2/authorize`,
        asked: form,
        carried: CARRIED,
        scopes: scopes.map((scope) => SCOPE_TEXTS[scope] ?? scope),
        place: "the sandbox's Salesforce",
      })
    }
    if (!isSameOrigin(request)) return { status: 403, text: 'A page of another site may not consent here.\n' }
    if (form.get('decision') !== 'allow') {
      return redirectBack(redirectUri, form.get('state'), { error: 'access_denied', error_description: 'end-user denied authorization' })
    }
    const code = `aPrx${makeSecret(40)}`
    const challenge = form.get('code_challenge') ?? undefined
    const scope = form.get('scope')?.trim() || 'api refresh_token'
    this.#codes.set(digest(code), { redirectUri, challenge, scope, endsMs: this.#options.nowMs() + CODE_MS })
    for (const old of [...this.#codes.keys()].slice(0, Math.max(0, this.#codes.size - MAX_CODES))) this.#codes.delete(old)
    return redirectBack(redirectUri, form.get('state'), { code })
  }

  #token(form: URLSearchParams, base: string): Answer {
    if (!isSameSecret(form.get('client_id') ?? '', this.credentials.clientId))
      return oauthError('invalid_client_id', 'client identifier invalid')
    if (!isSameSecret(form.get('client_secret') ?? '', this.credentials.clientSecret))
      return oauthError('invalid_client', 'invalid client credentials')
    switch (form.get('grant_type')) {
      case 'authorization_code':
        return this.#redeem(form, base)
      case 'refresh_token':
        return this.#refresh(form, base)
      default:
        return oauthError('unsupported_grant_type', 'grant type not supported')
    }
  }

  #redeem(form: URLSearchParams, base: string): Answer {
    const key = digest(form.get('code') ?? '')
    const code = this.#codes.get(key)
    this.#codes.delete(key)
    if (!code || code.endsMs <= this.#options.nowMs()) return oauthError('invalid_grant', 'invalid authorization code')
    if (form.get('redirect_uri') !== code.redirectUri) return oauthError('redirect_uri_mismatch', 'redirect_uri must match configuration')
    if (code.challenge !== undefined && !isPkceVerifier(form.get('code_verifier'), code.challenge, LONGEST_VERIFIER)) {
      return oauthError('invalid_grant', 'invalid code verifier')
    }
    const isOffline = /\b(refresh_token|offline_access|full)\b/.test(code.scope)
    return this.#grant(base, code.scope, isOffline ? this.#newRefreshToken() : undefined)
  }

  #refresh(form: URLSearchParams, base: string): Answer {
    const key = digest(form.get('refresh_token') ?? '')
    if (!this.#tokens.data.refresh.includes(key)) return oauthError('invalid_grant', 'expired access/refresh token')
    if (!this.#options.policy().isRotating) return this.#grant(base, 'refresh_token api', undefined)
    this.#tokens.write({ ...this.#tokens.data, refresh: this.#tokens.data.refresh.filter((other) => other !== key) })
    return this.#grant(base, 'refresh_token api', this.#newRefreshToken())
  }

  #newRefreshToken(): string {
    const token = `5Aep861${makeSecret(48)}`
    this.#tokens.write({ ...this.#tokens.data, refresh: [...this.#tokens.data.refresh, digest(token)].slice(-MAX_SESSIONS) })
    return token
  }

  /** A new session: no life is named, as Salesforce names none. */
  #grant(base: string, scope: string, refreshToken: string | undefined): Answer {
    const token = accessToken()
    const nowMs = this.#options.nowMs()
    const alive = Object.entries(this.#tokens.data.sessions).filter(([, endsMs]) => endsMs > nowMs)
    const sessions = Object.fromEntries([...alive, [digest(token), nowMs + this.#options.policy().sessionMs] as const].slice(-MAX_SESSIONS))
    this.#tokens.write({ ...this.#tokens.data, sessions })
    const id = `${base}/id/${ORG_ID}/${API_USER.id}`
    const issuedAt = String(nowMs)
    return {
      status: 200,
      json: {
        access_token: token,
        ...(refreshToken !== undefined && { refresh_token: refreshToken }),
        signature: createHmac('sha256', this.credentials.clientSecret)
          .update(id + issuedAt)
          .digest('base64'),
        scope,
        instance_url: base,
        id,
        token_type: 'Bearer',
        issued_at: issuedAt,
      },
      headers: { 'Cache-Control': 'no-cache, no-store' },
    }
  }

  /** Takes back a session, or a refresh token with every session there is. */
  #revoke(token: string): Answer {
    const key = digest(token)
    const { sessions, refresh } = this.#tokens.data
    if (refresh.includes(key)) this.#tokens.write({ sessions: {}, refresh: refresh.filter((other) => other !== key) })
    else if (sessions[key] !== undefined) {
      const { [key]: _ended, ...rest } = sessions
      this.#tokens.write({ sessions: rest, refresh })
    } else return oauthError('unsupported_token_type', 'this token type is not supported')
    return { status: 200 }
  }
}

const SCOPE_TEXTS: Readonly<Record<string, string>> = {
  api: 'Manage user data via APIs',
  refresh_token: 'Perform requests at any time',
  offline_access: 'Perform requests at any time',
  full: 'Full access',
}

const CARRIED = ['response_type', 'client_id', 'redirect_uri', 'scope', 'state', 'code_challenge', 'code_challenge_method']

/** Who a session is: the answer of the identity and the userinfo addresses. */
export function identity(base: string): unknown {
  return {
    id: `${base}/id/${ORG_ID}/${API_USER.id}`,
    sub: `${base}/id/${ORG_ID}/${API_USER.id}`,
    asserted_user: true,
    user_id: API_USER.id,
    organization_id: ORG_ID,
    preferred_username: API_USER.email,
    username: API_USER.email,
    nick_name: API_USER.first,
    name: API_USER.name,
    display_name: API_USER.name,
    email: API_USER.email,
    email_verified: true,
    given_name: API_USER.first,
    family_name: API_USER.last,
    zoneinfo: 'Europe/Berlin',
    timezone: 'Europe/Berlin',
    active: true,
    user_type: 'STANDARD',
    language: 'en_US',
    locale: 'en_US',
    urls: { rest: `${base}/services/data/v{version}/`, sobjects: `${base}/services/data/v{version}/sobjects/` },
  }
}
