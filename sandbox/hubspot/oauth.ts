import { randomBytes, randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { z } from 'zod'
import type { Answer } from '../http.ts'
import { JsonFile } from '../json-file.ts'
import { isAllowedRedirect, isPkceVerifier, isSameSecret, redirectBack } from '../oauth-pages.ts'
import { hubError } from './errors.ts'
import { OBJECT_TYPES } from './properties.ts'
import { API_USER, APP_ID, PORTAL_DOMAIN, PORTAL_ID } from './site.ts'

export interface Credentials {
  /** The private app's token: every scope, never expires. */
  readonly token: string
  /** Of the public app, for signing in with OAuth; its webhooks are signed with the secret. */
  readonly clientId: string
  readonly clientSecret: string
  /** For the app's own settings: webhooks. */
  readonly developerKey: string
}

const credentialsShape = z.object({
  token: z.string().min(16),
  clientId: z.string().min(16),
  clientSecret: z.string().min(16),
  developerKey: z.string().min(16),
})

const grantShape = z.object({ refreshToken: z.string(), scopes: z.array(z.string()) })
const accessShape = z.object({ token: z.string(), refreshToken: z.string(), expiresAtMs: z.number() })
const stateShape = z.object({ grants: z.array(grantShape), access: z.array(accessShape) })

/** How long an access token is good for. */
export const ACCESS_LIFE_S = 1800
const CODE_LIFE_MS = 60_000
/** Access tokens that are remembered; the oldest go first. */
const MOST_ACCESS = 200

/** Everything the private app may do. */
export const ALL_SCOPES: readonly string[] = [
  ...new Set(OBJECT_TYPES.flatMap(({ scopes }) => [scopes.read, scopes.write])),
  'crm.schemas.custom.read',
  'crm.schemas.companies.read',
  'crm.schemas.contacts.read',
  'crm.schemas.deals.read',
  'crm.objects.owners.read',
  'oauth',
]

/** Who calls, and what they may do. */
export type Caller =
  | { readonly kind: 'known'; readonly scopes: readonly string[]; readonly isOAuth: boolean }
  | { readonly kind: 'expired'; readonly secondsAgo: number }
  | { readonly kind: 'unknown' }

interface Code {
  readonly redirectUri: string
  readonly scopes: readonly string[]
  readonly challenge: string | undefined
  readonly expiresAtMs: number
}

/** The stand-in's sign-ins: the private app's token, and OAuth 2 with codes, refresh and access tokens. */
export class HubAuth {
  readonly credentials: Credentials
  readonly #state: JsonFile<z.infer<typeof stateShape>>
  readonly #codes = new Map<string, Code>()
  readonly #now: () => number

  constructor(folder: string, now: () => number) {
    this.#now = now
    this.credentials = JsonFile.open<Credentials>({
      path: join(folder, 'credentials.json'),
      shape: credentialsShape,
      fresh: freshCredentials,
      mode: 0o600,
    }).data
    this.#state = JsonFile.open({
      path: join(folder, 'oauth.json'),
      shape: stateShape,
      fresh: () => ({ grants: [], access: [] }),
      mode: 0o600,
    })
  }

  callerOf(authorization: string | undefined): Caller {
    const token = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1]
    if (token === undefined) return { kind: 'unknown' }
    if (isSameSecret(token, this.credentials.token)) return { kind: 'known', scopes: ALL_SCOPES, isOAuth: false }
    const access = this.#state.data.access.find((one) => isSameSecret(one.token, token))
    const grant = access && this.#state.data.grants.find(({ refreshToken }) => refreshToken === access.refreshToken)
    if (!access || !grant) return { kind: 'unknown' }
    const lateMs = this.#now() - access.expiresAtMs
    if (lateMs >= 0) return { kind: 'expired', secondsAgo: Math.floor(lateMs / 1000) }
    return { kind: 'known', scopes: grant.scopes, isOAuth: true }
  }

  /** Ends every access token at once: the next call has to refresh. */
  expireAll(): void {
    const access = this.#state.data.access.map((one) => ({ ...one, expiresAtMs: Math.min(one.expiresAtMs, this.#now()) }))
    this.#state.write({ ...this.#state.data, access })
  }

  /** Takes back every consent: neither access nor refresh tokens hold. */
  revokeAll(): void {
    this.#state.write({ grants: [], access: [] })
  }

  /** Why a person cannot be asked for consent, in words of the page; `undefined` where they can. */
  problemOf(query: URLSearchParams, base: string): string | undefined {
    const redirect = query.get('redirect_uri') ?? ''
    if (query.get('client_id') !== this.credentials.clientId) return 'This client ID is not known to the sandbox.'
    if (!isAllowedRedirect(redirect, base)) return 'The redirect URL must lead to this machine.'
    if ((query.get('scope') ?? '').trim() === '') return 'No scopes were asked for.'
    const unknown = scopesIn(query).find((scope) => !ALL_SCOPES.includes(scope))
    if (unknown !== undefined) return `There is no scope ${unknown}.`
    const method = query.get('code_challenge_method')
    return query.has('code_challenge') && method !== 'S256' ? 'The code challenge must be S256.' : undefined
  }

  /** Sends a person back after they agreed: with a code that holds once, for a minute. */
  consent(query: URLSearchParams): Answer {
    const code = randomUUID()
    const redirectUri = query.get('redirect_uri') ?? ''
    const challenge = query.get('code_challenge') ?? undefined
    this.#codes.set(code, { redirectUri, scopes: scopesIn(query), challenge, expiresAtMs: this.#now() + CODE_LIFE_MS })
    return redirectBack(redirectUri, query.get('state'), { code })
  }

  /** `POST /oauth/v1/token` and `/oauth/v3/token`. */
  token(form: URLSearchParams): Answer {
    const isClient =
      form.get('client_id') === this.credentials.clientId && isSameSecret(form.get('client_secret') ?? '', this.credentials.clientSecret)
    if (!isClient) return oauthError('BAD_CLIENT_ID', 'missing or unknown client id')
    switch (form.get('grant_type')) {
      case 'authorization_code':
        return this.#byCode(form)
      case 'refresh_token':
        return this.#byRefresh(form.get('refresh_token') ?? '')
      default:
        return oauthError('BAD_GRANT_TYPE', 'missing or unknown grant type')
    }
  }

  /** `GET /oauth/v1/access-tokens/{token}`. */
  accessInfo(token: string): Answer {
    const caller = this.callerOf(`Bearer ${token}`)
    const access = this.#state.data.access.find((one) => one.token === token)
    if (caller.kind !== 'known' || !access) return oauthError('INVALID_TOKEN', 'access token is invalid or expired', 404)
    const left = Math.floor((access.expiresAtMs - this.#now()) / 1000)
    return {
      status: 200,
      json: {
        token,
        ...INSTALLED,
        scopes: caller.scopes,
        app_id: APP_ID,
        expires_in: left,
        token_type: 'access',
        is_private_distribution: false,
      },
    }
  }

  /** `GET` and `DELETE /oauth/v1/refresh-tokens/{token}`: what it is, or that it is to hold no longer. */
  refreshInfo(token: string): Answer {
    const grant = this.#state.data.grants.find(({ refreshToken }) => refreshToken === token)
    if (!grant) return oauthError('BAD_REFRESH_TOKEN', 'refresh token is invalid, expired or revoked', 404)
    return {
      status: 200,
      json: { token, ...INSTALLED, client_id: this.credentials.clientId, scopes: grant.scopes, token_type: 'refresh' },
    }
  }

  revoke(token: string): Answer {
    const { grants, access } = this.#state.data
    this.#state.write({
      grants: grants.filter(({ refreshToken }) => refreshToken !== token),
      access: access.filter(({ refreshToken }) => refreshToken !== token),
    })
    return { status: 204 }
  }

  /** `POST /oauth/v3/introspect`: a token of either kind, in the form of RFC 7662. */
  introspect(form: URLSearchParams): Answer {
    const token = form.get('token') ?? ''
    const caller = this.callerOf(`Bearer ${token}`)
    const access = this.#state.data.access.find((one) => one.token === token)
    const grant = this.#state.data.grants.find(({ refreshToken }) => refreshToken === token)
    if ((caller.kind !== 'known' || !access) && !grant) return { status: 200, json: { active: false } }
    const scopes = grant?.scopes ?? (caller.kind === 'known' ? caller.scopes : [])
    return {
      status: 200,
      json: {
        active: true,
        ...INSTALLED,
        scopes,
        client_id: this.credentials.clientId,
        token_use: grant ? 'refresh_token' : 'access_token',
        ...(access && { exp: Math.floor(access.expiresAtMs / 1000) }),
      },
    }
  }

  #byCode(form: URLSearchParams): Answer {
    const given = form.get('code') ?? ''
    const code = this.#codes.get(given)
    this.#codes.delete(given)
    if (!code || code.expiresAtMs <= this.#now()) return oauthError('BAD_AUTH_CODE', 'missing or unknown auth code')
    if (form.get('redirect_uri') !== code.redirectUri)
      return oauthError('MISMATCH_REDIRECT_URI_AUTH_CODE', 'redirect uri does not match the one of the auth code')
    if (code.challenge !== undefined && !isPkceVerifier(form.get('code_verifier'), code.challenge))
      return oauthError('BAD_CODE_VERIFIER', 'code verifier does not match the code challenge')
    const refreshToken = `na1-${randomBytes(18).toString('hex')}`
    const { grants, access } = this.#state.data
    this.#state.write({ grants: [...grants, { refreshToken, scopes: [...code.scopes] }], access })
    return this.#freshAccess(refreshToken)
  }

  #byRefresh(refreshToken: string): Answer {
    const isKnown = this.#state.data.grants.some((grant) => isSameSecret(grant.refreshToken, refreshToken))
    return isKnown ? this.#freshAccess(refreshToken) : oauthError('BAD_REFRESH_TOKEN', 'missing or invalid refresh token')
  }

  #freshAccess(refreshToken: string): Answer {
    const token = randomBytes(60).toString('base64url')
    const { grants, access } = this.#state.data
    const kept = [...access, { token, refreshToken, expiresAtMs: this.#now() + ACCESS_LIFE_S * 1000 }].slice(-MOST_ACCESS)
    this.#state.write({ grants, access: kept })
    const scopes = grants.find((grant) => grant.refreshToken === refreshToken)?.scopes ?? []
    return {
      status: 200,
      json: {
        token_type: 'bearer',
        refresh_token: refreshToken,
        access_token: token,
        expires_in: ACCESS_LIFE_S,
        hub_id: PORTAL_ID,
        user_id: API_USER.id,
        scopes,
        token_use: 'access_token',
      },
    }
  }
}

const INSTALLED = { user: API_USER.email, user_id: API_USER.id, hub_id: PORTAL_ID, hub_domain: PORTAL_DOMAIN }

/** HubSpot's form of a refusal by its OAuth endpoints. */
function oauthError(status: string, message: string, httpStatus = 400): Answer {
  return { status: httpStatus, json: { status, message, correlationId: randomUUID() } }
}

/** A credential like HubSpot's, from the system's own randomness. */
function freshCredentials(): Credentials {
  return {
    token: `pat-na1-${randomUUID()}`,
    clientId: randomUUID(),
    clientSecret: randomUUID(),
    developerKey: randomUUID(),
  }
}

const scopesIn = (query: URLSearchParams): readonly string[] => (query.get('scope') ?? '').split(/\s+/).filter(Boolean)

/** What was wrong with the credential of a call, in HubSpot's words. */
export function notSignedIn(caller: Exclude<Caller, { kind: 'known' }>): Answer {
  if (caller.kind === 'expired')
    return hubError(401, {
      message: `The OAuth token used to make this call expired ${caller.secondsAgo} second(s) ago.`,
      category: 'EXPIRED_AUTHENTICATION',
    })
  return hubError(401, {
    message:
      'Authentication credentials not found. This API supports OAuth 2.0 authentication and you can find more details at https://developers.hubspot.com/docs/methods/auth/oauth-overview',
    category: 'INVALID_AUTHENTICATION',
  })
}
