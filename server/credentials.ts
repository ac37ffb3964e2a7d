import * as z from 'zod'
import type { AuthMethod, OAuthMethod, OAuthTokens, ReadyApp } from '../sync-engine/connectors/app.ts'
import { SyncError } from '../sync-engine/sync-error.ts'
import type { Logger } from './logger.ts'
import { GrantEnded, type OAuthClient, refreshTokens, revokeTokens, type TokenServer } from './oauth-client.ts'
import type { Secrets } from './secrets.ts'
import { type AuthorisationRow, authorisationOf, dropAuthorisation, saveAuthorisation } from './storage/authorisations.ts'
import type { IntegrationRow } from './storage/catalog.ts'
import type { Reader } from './storage/database.ts'
import type { UpdateLog } from './update-log.ts'

/** Whether an integration may call its app, who let it, and until when. */
export interface AuthState {
  readonly state: 'authorised' | 'expired' | 'revoked' | 'never'
  /** Id of a person. */
  readonly by: string | null
  /** ms */
  readonly at: number | null
  /** ms; `null`: it does not end by itself */
  readonly expiresAt: number | null
}

const texts = z.record(z.string(), z.string())
const tokensShape: z.ZodType<OAuthTokens> = z.object({
  accessToken: z.string(),
  refreshToken: z.string().exactOptional(),
  expiresAt: z.number().exactOptional(),
  scope: z.string().exactOptional(),
  extra: z.record(z.string(), z.union([z.string(), z.number()])),
})
const clientShape = z.object({ clientId: z.string(), clientSecret: z.string() })
const storedShape = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('token'), method: z.string(), fields: texts }),
  z.object({
    kind: z.literal('oauth2'),
    method: z.string(),
    tokens: tokensShape,
    client: clientShape,
    /** The address the sign-in began at; of a stand-in its path. */
    signInAt: z.string(),
  }),
])
type Stored = z.infer<typeof storedShape>

/** The name under which an integration's credential is sealed. */
export const credentialsName = (integration: string): string => `integration.${integration}`
const clientName = (app: string, isSandbox: boolean): string => `client.${app}${isSandbox ? '.sandbox' : ''}`
const hookName = (integration: string): string => `hook.${integration}`

/** A token that still holds this long is used; ms. */
const REFRESH_EARLY_MS = 60_000

export interface CredentialsParts {
  readonly secrets: Secrets
  readonly reader: Reader
  readonly log: UpdateLog
  readonly logger: Logger
  readonly now: () => number
  readonly fetch: typeof fetch
  /** Where the stand-ins answer now. */
  readonly origin: () => string
}

/**
 * What integrations sign in with. Everything secret is sealed; what is told of it is its state. An OAuth token is renewed when its time
 * comes or the app says so, once for all who wait, and the new one is on disk before it is used: the old one may be spent by then.
 */
export class IntegrationCredentials {
  readonly #parts: CredentialsParts
  readonly #refreshing = new Map<string, Promise<OAuthTokens>>()
  /** Tokens a disk did not take yet; the ones on disk are spent. */
  readonly #unsaved = new Map<string, OAuthTokens>()

  constructor(parts: CredentialsParts) {
    this.#parts = parts
  }

  /**
   * The headers that authorise a call now.
   * @throws SyncError `auth-expired` where somebody has to sign in again
   */
  async headersFor(integration: IntegrationRow, app: ReadyApp): Promise<Record<string, string>> {
    const stored = await this.#load(integration.id)
    if (stored === undefined) throw new SyncError('auth-expired', `${integration.name} has no sign-in to ${app.name}.`)
    if (stored.kind === 'token') return tokenMethodOf(app, stored.method).headersOf(stored.fields)
    const method = oauthMethodOf(app, stored.method)
    const tokens = this.#unsaved.get(integration.id) ?? stored.tokens
    const isOver = tokens.expiresAt !== undefined && tokens.expiresAt - (method.refreshEarlyMs ?? REFRESH_EARLY_MS) <= this.#parts.now()
    if (!isOver && !this.#unsaved.has(integration.id)) return method.headersOf(tokens)
    return method.headersOf(await this.#refresh(integration, app, tokens))
  }

  /**
   * The app turned away a call with these headers. `true`: there are newer ones now, the call is worth a repeat.
   * @throws SyncError `auth-expired` where the sign-in cannot be renewed
   */
  async renew(integration: IntegrationRow, app: ReadyApp, rejected: Readonly<Record<string, string>>): Promise<boolean> {
    const stored = await this.#load(integration.id)
    if (stored === undefined) return false
    if (stored.kind === 'token') {
      await this.#noteEnded(integration.id)
      return false
    }
    const method = oauthMethodOf(app, stored.method)
    const tokens = this.#unsaved.get(integration.id) ?? stored.tokens
    // Somebody else renewed it since that call was sent.
    if (!isSameHeaders(method.headersOf(tokens), rejected)) return true
    if (tokens.refreshToken === undefined) {
      await this.#noteEnded(integration.id)
      return false
    }
    await this.#refresh(integration, app, tokens)
    return true
  }

  /** The app took a call: a sign-in that was held to be over is not. */
  async noteAccepted(integration: string): Promise<void> {
    const row = await authorisationOf(this.#parts.reader, integration)
    if (row !== undefined && row.state !== 'authorised') await this.#note(integration, 'authorised')
  }

  /** Keeps what a person entered; durable when it resolves. */
  async saveToken(o: { integration: string; method: string; fields: Readonly<Record<string, string>>; by: string }): Promise<void> {
    await this.#save(o.integration, { kind: 'token', method: o.method, fields: { ...o.fields } }, { by: o.by, expiresAt: null })
  }

  /** Keeps what an authorisation brought, and its client for the next one; durable when it resolves. */
  async saveTokens(o: {
    integration: string
    app: string
    isSandbox: boolean
    method: OAuthMethod
    tokens: OAuthTokens
    client: OAuthClient
    signInAt: string
    by: string
  }): Promise<void> {
    const { secrets } = this.#parts
    this.#unsaved.delete(o.integration)
    const { tokens, client, signInAt } = o
    secrets.save(clientName(o.app, o.isSandbox), JSON.stringify(client))
    const stored: Stored = { kind: 'oauth2', method: o.method.id, tokens, client: { ...client }, signInAt }
    await this.#save(o.integration, stored, { by: o.by, expiresAt: endOf(o.method, tokens, this.#parts.now()) })
  }

  /** The workspace's client of an app, as it was entered last. */
  async clientOf(app: string, isSandbox: boolean): Promise<OAuthClient | undefined> {
    const text = await this.#parts.secrets.load(clientName(app, isSandbox))
    return text === undefined ? undefined : clientShape.parse(JSON.parse(text))
  }

  /** How an integration signs in; `undefined` where it never did. */
  async methodOf(integration: string, app: ReadyApp): Promise<AuthMethod | undefined> {
    const stored = await this.#load(integration)
    return stored === undefined
      ? undefined
      : app.auth.find(({ id, kind }) => kind === stored.kind && (stored.method === '' || id === stored.method))
  }

  /** What of an OAuth integration its accounts are asked for with. */
  async tokensOf(integration: IntegrationRow, app: ReadyApp): Promise<OAuthTokens | undefined> {
    await this.headersFor(integration, app)
    const stored = await this.#load(integration.id)
    return stored?.kind === 'oauth2' ? stored.tokens : undefined
  }

  /** The client an integration signed in by, and the rights it was given, where the app names them; `undefined`: it has no OAuth sign-in. */
  async oauthOf(integration: string): Promise<{ readonly clientId: string; readonly scope?: string } | undefined> {
    const stored = await this.#load(integration)
    if (stored?.kind !== 'oauth2') return undefined
    const { scope } = stored.tokens
    return { clientId: stored.client.clientId, ...(scope !== undefined && { scope }) }
  }

  async stateOf(integration: string): Promise<AuthState> {
    const row = await authorisationOf(this.#parts.reader, integration)
    if (row === undefined) {
      const isKept = (await this.#parts.secrets.load(credentialsName(integration))) !== undefined
      return { state: isKept ? 'authorised' : 'never', by: null, at: null, expiresAt: null }
    }
    const isOver = row.state === 'authorised' && row.expiresAt !== null && row.expiresAt <= this.#parts.now()
    return { state: isOver ? 'expired' : row.state, by: row.by, at: row.at, expiresAt: row.expiresAt }
  }

  /** The secrets that may sign the webhooks of an integration. */
  async hookSecretsOf(integration: string): Promise<{ readonly own?: string; readonly client?: string }> {
    const own = await this.#parts.secrets.load(hookName(integration))
    const stored = await this.#load(integration)
    return { ...(own !== undefined && { own }), ...(stored?.kind === 'oauth2' && { client: stored.client.clientSecret }) }
  }

  /** Keeps the secret an integration's webhooks are signed with; durable when it resolves. */
  async saveHookSecret(integration: string, secret: string): Promise<void> {
    this.#parts.secrets.save(hookName(integration), secret)
    await this.#parts.log.durable()
  }

  /** Forgets every secret of an integration, and tells the app where it can be told; joins this turn's batch. */
  async forget(integration: IntegrationRow, app: ReadyApp | undefined): Promise<void> {
    const { secrets, reader, log, logger } = this.#parts
    const stored = await this.#load(integration.id)
    if (stored?.kind === 'oauth2' && app !== undefined) {
      const server = this.#serverOf(integration, app, stored)
      const tokens = this.#unsaved.get(integration.id) ?? stored.tokens
      await revokeTokens(server, tokens).catch(() =>
        logger.info({ integration: integration.id }, 'the app was not told that a sign-in is given back'),
      )
    }
    this.#unsaved.delete(integration.id)
    secrets.remove(credentialsName(integration.id))
    secrets.remove(hookName(integration.id))
    log.execute([dropAuthorisation(reader, integration.id)])
  }

  /** Fresh tokens, asked for once however many wait for them. */
  #refresh(integration: IntegrationRow, app: ReadyApp, tokens: OAuthTokens): Promise<OAuthTokens> {
    const { id } = integration
    const under = this.#refreshing.get(id)
    if (under !== undefined) return under
    const refreshing = this.#refreshNow(integration, app, tokens).finally(() => this.#refreshing.delete(id))
    this.#refreshing.set(id, refreshing)
    return refreshing
  }

  async #refreshNow(integration: IntegrationRow, app: ReadyApp, rejected: OAuthTokens): Promise<OAuthTokens> {
    const { id } = integration
    const stored = await this.#load(id)
    if (stored?.kind !== 'oauth2') throw new SyncError('auth-expired', `${integration.name} has no sign-in to ${app.name}.`)
    const method = oauthMethodOf(app, stored.method)
    let fresh = this.#unsaved.get(id)
    if (fresh === undefined) {
      // Whoever came too late for the last refresh finds its tokens on disk.
      if (stored.tokens.accessToken !== rejected.accessToken) return stored.tokens
      try {
        fresh = await refreshTokens(this.#serverOf(integration, app, stored), stored.tokens)
      } catch (error) {
        if (error instanceof GrantEnded) {
          await this.#noteEnded(id)
          throw new SyncError('auth-expired', `${app.name} ended the sign-in of ${integration.name}.`)
        }
        throw error
      }
      this.#unsaved.set(id, fresh)
    }
    const row = await authorisationOf(this.#parts.reader, id)
    const expiresAt = endOf(method, fresh, this.#parts.now())
    await this.#save(id, { ...stored, tokens: fresh }, { by: row?.by ?? 'server', at: row?.at ?? this.#parts.now(), expiresAt })
    this.#unsaved.delete(id)
    return fresh
  }

  #serverOf(integration: IntegrationRow, app: ReadyApp, stored: Extract<Stored, { kind: 'oauth2' }>): TokenServer {
    const method = oauthMethodOf(app, stored.method)
    const signInAt = integration.isSandbox ? `${this.#parts.origin()}${stored.signInAt}` : stored.signInAt
    return {
      appName: app.name,
      method,
      endpoints: method.endpoints(signInAt, integration.isSandbox),
      client: stored.client,
      fetch: this.#parts.fetch,
      now: this.#parts.now,
    }
  }

  async #save(integration: string, stored: Stored, o: { by: string; at?: number; expiresAt: number | null }): Promise<void> {
    const { secrets, reader, log, now } = this.#parts
    secrets.save(credentialsName(integration), JSON.stringify(stored))
    const row: AuthorisationRow = {
      integration,
      method: stored.method,
      state: 'authorised',
      by: o.by,
      at: o.at ?? now(),
      expiresAt: o.expiresAt,
    }
    log.execute([saveAuthorisation(reader, row)])
    await log.durable()
  }

  /** The app takes it no longer: its time was over, or somebody took the right back before that. */
  async #noteEnded(integration: string): Promise<void> {
    const endsAt = (await authorisationOf(this.#parts.reader, integration))?.expiresAt ?? null
    await this.#note(integration, endsAt !== null && endsAt <= this.#parts.now() ? 'expired' : 'revoked')
  }

  async #note(integration: string, state: AuthorisationRow['state']): Promise<void> {
    const { reader, log, now } = this.#parts
    const row = await authorisationOf(reader, integration)
    if (row?.state === state) return
    log.execute([saveAuthorisation(reader, { ...(row ?? { integration, method: '', by: 'server', at: now(), expiresAt: null }), state })])
    await log.durable()
  }

  async #load(integration: string): Promise<Stored | undefined> {
    const text = await this.#parts.secrets.load(credentialsName(integration))
    if (text === undefined) return undefined
    const json: unknown = JSON.parse(text)
    const stored = storedShape.safeParse(json)
    // Credentials kept before there were several ways to sign in: what was entered, of the first token method.
    return stored.success ? stored.data : { kind: 'token', method: '', fields: texts.parse(json) }
  }
}

function tokenMethodOf(app: ReadyApp, id: string) {
  const method = app.auth.find((candidate) => candidate.kind === 'token' && (id === '' || candidate.id === id))
  if (method?.kind !== 'token') throw new SyncError('auth-expired', `${app.name} no longer has this way to sign in.`)
  return method
}

function oauthMethodOf(app: ReadyApp, id: string): OAuthMethod {
  const method = app.auth.find((candidate) => candidate.kind === 'oauth2' && candidate.id === id)
  if (method?.kind !== 'oauth2') throw new SyncError('auth-expired', `${app.name} no longer has this way to sign in.`)
  return method
}

/** When a sign-in ends that nobody uses: the app's rule where tokens can be renewed, else with the token. */
function endOf(method: OAuthMethod, tokens: OAuthTokens, nowMs: number): number | null {
  if (tokens.refreshToken === undefined) return tokens.expiresAt ?? null
  return method.idleLifeMs === undefined ? null : nowMs + method.idleLifeMs
}

function isSameHeaders(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  const names = Object.keys(a)
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name])
}
