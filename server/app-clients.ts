import type { OAuthMethod, OAuthTokens, ReadyApp } from '../sync-engine/connectors/app.ts'
import { type CallReport, type HttpClient, type HttpClock, makeHttpClient, TokenBucket } from '../sync-engine/connectors/http-client.ts'
import type { IntegrationCredentials } from './credentials.ts'
import { resolveHost } from './pinned-fetch.ts'
import type { IntegrationRow } from './storage/catalog.ts'

export interface AppClientsParts {
  readonly credentials: IntegrationCredentials
  /** Where the stand-ins answer now. */
  readonly origin: () => string
  readonly clock: HttpClock
  /** 0 ≤ x < 1, for backoff. */
  readonly random: () => number
  /** Whether private addresses may be called: in local mode. */
  readonly allowPrivate: boolean
  readonly fetch: typeof fetch
}

/** What an app says it counts itself (Salesforce's daily calls). */
export interface AppUsage {
  readonly used: number
  readonly limit: number
  /** ms */
  readonly at: number
}

/** A call that tries a credential takes no longer than this. ms */
const TRY_WAIT_MS = 15_000

/** The HTTP clients of all integrations: one pace a credential, whoever calls. */
export class AppClients {
  readonly #parts: AppClientsParts
  readonly #buckets = new Map<string, TokenBucket>()
  readonly #usage = new Map<string, AppUsage>()

  constructor(parts: AppClientsParts) {
    this.#parts = parts
  }

  /** Where an integration's app answers; a stand-in moves with this server's port. */
  addressOf({ isSandbox, baseUrl }: Pick<IntegrationRow, 'isSandbox' | 'baseUrl'>, app: ReadyApp): string {
    return isSandbox ? `${this.#parts.origin()}${baseUrl === '' ? (app.sandbox?.path ?? `/sandbox/${app.id}`) : baseUrl}` : baseUrl
  }

  /** A client that calls as the integration does; its sign-in is renewed where that is needed. */
  clientFor(integration: IntegrationRow, app: ReadyApp, onCall: (call: CallReport) => void, goOn?: () => void): HttpClient {
    return this.#signedIn(integration, app, { baseUrl: this.addressOf(integration, app), onCall, ...(goOn && { goOn }) })
  }

  /** The same for the other addresses at which an app tells whose sign-in it is. */
  clientsAt(integration: IntegrationRow, app: ReadyApp): (baseUrl: string) => HttpClient {
    return (baseUrl) => this.#signedIn(integration, app, { baseUrl, onCall: () => undefined }).as('search')
  }

  #signedIn(
    integration: IntegrationRow,
    app: ReadyApp,
    { baseUrl, onCall, goOn }: { baseUrl: string; onCall: (call: CallReport) => void; goOn?: () => void },
  ): HttpClient {
    const { credentials, clock } = this.#parts
    let isAccepted = false
    return this.#client(app, {
      baseUrl,
      bucket: this.#bucketOf(integration.id, app),
      authorize: () => {
        // Asked before each attempt: what is paused meanwhile makes no further one.
        goOn?.()
        return credentials.headersFor(integration, app)
      },
      renew: (rejected) => credentials.renew(integration, app, rejected),
      onUsage: (usage) => this.#usage.set(integration.id, { ...usage, at: clock.now() }),
      onCall: (call) => {
        if (!isAccepted && call.status !== null && call.status < 300) {
          isAccepted = true
          void credentials.noteAccepted(integration.id).catch(() => undefined)
        }
        onCall(call)
      },
    })
  }

  /** A client for a credential that is not kept yet: each failure is told at once. */
  tryClient(app: ReadyApp, baseUrl: string, headers: Readonly<Record<string, string>>): HttpClient {
    const { clock } = this.#parts
    return this.#client(app, {
      baseUrl,
      bucket: new TokenBucket({ clock, ...app.pace }),
      authorize: async () => ({ ...headers }),
      onCall: () => undefined,
      maxWaitMs: TRY_WAIT_MS,
    })
  }

  /** Clients for tokens that are not kept yet. */
  clientsOf(app: ReadyApp, method: OAuthMethod, tokens: OAuthTokens): (baseUrl: string) => HttpClient {
    return (baseUrl) => this.tryClient(app, baseUrl, method.headersOf(tokens))
  }

  /** What the app said last that it counted for this integration. */
  usageOf(integration: string): AppUsage | undefined {
    return this.#usage.get(integration)
  }

  /** Nothing of a deleted integration is kept. */
  forget(integration: string): void {
    this.#buckets.delete(integration)
    this.#usage.delete(integration)
  }

  #bucketOf(integration: string, app: ReadyApp): TokenBucket {
    const bucket = this.#buckets.get(integration) ?? new TokenBucket({ clock: this.#parts.clock, ...app.pace })
    this.#buckets.set(integration, bucket)
    return bucket
  }

  #client(
    app: ReadyApp,
    more: Partial<Parameters<typeof makeHttpClient>[0]> & Pick<Parameters<typeof makeHttpClient>[0], 'baseUrl' | 'authorize' | 'onCall'>,
  ): HttpClient {
    const { clock, random, allowPrivate, fetch: fetchOf } = this.#parts
    return makeHttpClient({
      appName: app.name,
      clock,
      random,
      allowPrivate,
      fetch: fetchOf,
      resolve: resolveHost,
      ...(app.rates && { rates: app.rates }),
      ...more,
    })
  }
}
