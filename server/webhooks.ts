import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { HookCrypto, HookHint, HookRequest, HookVerdict, ReadyApp } from '../sync-engine/connectors/app.ts'
import { readyApp } from '../sync-engine/connectors/registry.ts'
import { Attempts } from './attempts.ts'
import type { IntegrationCredentials } from './credentials.ts'
import type { Logger } from './logger.ts'
import type { Catalog, IntegrationRow } from './storage/catalog.ts'

/** What the schedules offer: a pull that would come anyway may come sooner. `object` is the external object; absent: any of them. */
export interface HintPort {
  onHint(integration: string, object?: string): void
}

export interface WebhooksParts {
  readonly catalog: Pick<Catalog, 'integrations'>
  readonly credentials: Pick<IntegrationCredentials, 'hookSecretsOf'>
  /** The webhooks that an app was asked to send to a path. */
  readonly asked: (path: string) => Promise<readonly { readonly integration: string; readonly hook: string | null }[]>
  readonly hints: HintPort
  readonly logger: Logger
  readonly now: () => number
  /** The built apps by id. (Default: those of the registry) */
  readonly readyApp?: (id: string) => ReadyApp | undefined
}

export interface Delivery {
  readonly app: string
  /** The integration it is addressed to, or the place of an OAuth client's. */
  readonly place: string
  readonly request: HookRequest
  /** Where it came from. */
  readonly address: string
}

const PATH = /^\/hooks\/([a-z0-9-]{1,40})\/([0-9A-Za-z]{1,32})$/u
/** Largest body of a webhook: Jira's issues are seldom above a tenth of it. Bytes. */
const BODY_BYTES = 1024 * 1024
/** An app tries a delivery again for over an hour; older ones are somebody's copy. ms */
const OLDEST_MS = 2 * 3_600_000
/** Clocks of two machines may differ this much. ms */
const AHEAD_MS = 5 * 60_000
/** Deliveries that are remembered, so that none counts twice. */
const MOST_SEEN = 20_000
/** Forged deliveries: whoever sends them is slowed down. */
const FORGED = { perAddress: 60, inAll: 600, windowMs: 60_000 }
/** How long a sender may take with its body. ms */
const BODY_MS = 10_000

const CRYPTO: HookCrypto = {
  hmac: (hash, key, data) => createHmac(hash, key).update(data).digest(),
  sha256: (data) => createHash('sha256').update(data).digest(),
  isEqual: (a, b) => a.byteLength === b.byteLength && timingSafeEqual(a, b),
}

/** Whether a request is a webhook: it comes from an app, without a session of ours. */
export const isHook = (pathname: string): boolean => PATH.test(pathname)

/** Where an app sends webhooks: to an integration, or to the place of an OAuth client. */
export const hookUrlOf = (app: string, place: string, origin: string): string => `${origin}${hookPathOf(app, place)}`
const hookPathOf = (app: string, place: string): string => `/hooks/${app}/${place}`

/** An integration that may be meant, and what may sign for it. */
interface Addressee {
  readonly integration: IntegrationRow
  /** The webhook it asked for; absent: one that was made by hand. */
  readonly hook?: string | null
}

/**
 * Takes webhooks. What they say is never believed: an authentic one is a hint to pull sooner, by the integration's own credential. So the
 * worst a stolen secret does is a pull more.
 */
export class Webhooks {
  readonly #parts: WebhooksParts
  readonly #forged: Attempts
  /** Deliveries that were taken, oldest first, with the time until which they are remembered. */
  readonly #seen = new Map<string, number>()

  constructor(parts: WebhooksParts) {
    this.#parts = parts
    this.#forged = new Attempts(FORGED, parts.now)
  }

  /** Answers a request whose path `isHook`. Never rejects. */
  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const status = await this.#answer(request)
      response.writeHead(status, { 'Cache-Control': 'no-store', Connection: status >= 400 ? 'close' : 'keep-alive' }).end()
    } catch (error) {
      this.#parts.logger.error({ err: error }, 'a webhook could not be taken')
      if (response.headersSent) response.destroy()
      else response.writeHead(503, { 'Retry-After': '30', Connection: 'close' }).end()
    }
  }

  /** The status a delivery is answered with: 204 taken, 401 not authentic, 429 too many that were not. */
  async take({ app, place, request, address }: Delivery): Promise<number> {
    const { now, hints, logger } = this.#parts
    if (this.#forged.waitOf(address) > 0) return 429
    const addressees = await this.#addressees(app, place)
    const verdict = await this.#verify(addressees, request)
    if (verdict.kind === 'refused') {
      this.#forged.count(address)
      logger.warn({ app, place, reason: verdict.reason }, 'a webhook was refused')
      return 401
    }
    const sentAt = verdict.sentAt ?? now()
    if (sentAt < now() - OLDEST_MS || sentAt > now() + AHEAD_MS) {
      logger.warn({ app, place, sentAt }, 'a webhook was refused: it is not of now')
      return 401
    }
    if (!this.#isNew(`${place} ${verdict.deliveryId}`)) return 204
    for (const { integration, hook } of addressees) {
      if (typeof hook === 'string' && verdict.hooks?.includes(hook) === false) continue
      for (const object of objectsOf(verdict.hints)) hints.onHint(integration.id, object)
    }
    return 204
  }

  async #answer(request: IncomingMessage): Promise<number> {
    const host = request.headers.host ?? 'localhost'
    const url = new URL(request.url ?? '/', `http://${host}`)
    const [, app = '', place = ''] = PATH.exec(url.pathname) ?? []
    if (request.method !== 'POST') return 405
    const address = request.socket.remoteAddress ?? ''
    if (this.#forged.waitOf(address) > 0) return 429
    const body = await readBody(request)
    if (body === undefined) return 413
    const headers = Object.fromEntries(
      Object.entries(request.headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : value]),
    )
    return this.take({ app, place, request: { method: 'POST', url: url.href, headers, body }, address })
  }

  async #verify(addressees: readonly Addressee[], request: HookRequest): Promise<HookVerdict> {
    const [first] = addressees
    const hooks = first && (this.#parts.readyApp ?? readyApp)(first.integration.app)?.hooks
    // Webhooks that were asked for are all of one client, which alone signs them.
    const which = first?.hook === undefined ? hooks?.secret : 'client'
    const secrets = first && which ? await this.#secretsOf(first.integration.id, which) : []
    // One answer for all of these: nobody learns which integrations there are.
    if (hooks === undefined || secrets.length === 0) return { kind: 'refused', reason: 'no such integration, or none that takes webhooks' }
    // A signature over the address holds for the one the app called: behind a proxy that speaks https for us, that one.
    const urls = [request.url.replace(/^http:/u, 'https:'), request.url]
    let verdict: HookVerdict = { kind: 'refused', reason: 'the signature does not fit' }
    for (const url of new Set(urls)) {
      verdict = hooks.verify({ request: { ...request, url }, secrets, crypto: CRYPTO, nowMs: this.#parts.now() })
      if (verdict.kind === 'authentic') return verdict
    }
    return verdict
  }

  async #addressees(app: string, place: string): Promise<readonly Addressee[]> {
    const on = (await this.#parts.catalog.integrations()).filter((row) => row.app === app && row.isOn)
    const integration = on.find(({ id }) => id === place)
    if (integration !== undefined) return [{ integration }]
    const asked = new Map((await this.#parts.asked(hookPathOf(app, place))).map((one) => [one.integration, one.hook]))
    return on.flatMap((row) => (asked.has(row.id) ? [{ integration: row, hook: asked.get(row.id) ?? null }] : []))
  }

  async #secretsOf(integration: string, which: 'own' | 'client' | 'own-or-client'): Promise<readonly string[]> {
    const { own, client } = await this.#parts.credentials.hookSecretsOf(integration)
    const wanted = [which === 'client' ? undefined : own, which === 'own' ? undefined : client]
    return wanted.filter((secret) => secret !== undefined)
  }

  #isNew(delivery: string): boolean {
    const now = this.#parts.now()
    for (const [known, until] of this.#seen) {
      if (until > now && this.#seen.size <= MOST_SEEN) break
      this.#seen.delete(known)
    }
    if (this.#seen.has(delivery)) return false
    this.#seen.set(delivery, now + OLDEST_MS + AHEAD_MS)
    return true
  }
}

/** Each external object once; a hint that names none is about any. */
function objectsOf(hints: readonly HookHint[]): ReadonlySet<string | undefined> {
  return new Set(hints.map(({ object }) => object))
}

/** The body's bytes; `undefined` where there are too many, or they come too slowly. */
function readBody(request: IncomingMessage): Promise<Uint8Array | undefined> {
  if (Number(request.headers['content-length'] ?? 0) > BODY_BYTES) return Promise.resolve(undefined)
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    const timer = setTimeout(() => resolve(undefined), BODY_MS)
    request.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size > BODY_BYTES) {
        clearTimeout(timer)
        request.pause()
        resolve(undefined)
      } else chunks.push(chunk)
    })
    request.on('end', () => {
      clearTimeout(timer)
      resolve(Buffer.concat(chunks))
    })
    request.on('error', (error) => {
      clearTimeout(timer)
      reject(error)
    })
  })
}
