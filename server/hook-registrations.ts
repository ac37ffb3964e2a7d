import { createHash } from 'node:crypto'
import type { HookCall, HookRegistrar, ReadyApp } from '../sync-engine/connectors/app.ts'
import { readyApp } from '../sync-engine/connectors/registry.ts'
import { SyncError } from '../sync-engine/sync-error.ts'
import type { AppClients } from './app-clients.ts'
import type { IntegrationCredentials } from './credentials.ts'
import type { Logger } from './logger.ts'
import { type AppHookRow, appHookOf, dropAppHook, saveAppHook } from './storage/app-hooks.ts'
import type { Catalog, IntegrationRow } from './storage/catalog.ts'
import type { Reader } from './storage/database.ts'
import type { UpdateLog } from './update-log.ts'
import { hookUrlOf } from './webhooks.ts'

const DAY_MS = 24 * 3_600_000
/** How often it is looked whether an app has to be asked; looking alone calls nobody. ms */
const TICK_MS = 60_000
/** A webhook that ends sooner than this is kept for longer: with Jira's 30 days, once a week. ms */
const RENEW_MS = 23 * DAY_MS
/** An app that did not take a webhook is asked again after this. ms */
const RETRY_MS = 3_600_000
/** All calls about one webhook together. Whoever deletes an integration waits for it. ms */
const CALLS_MS = 15_000

/** Where the webhooks of one OAuth client arrive: an app lets a client have one address, however many accounts sign in by it. */
const placeOf = (clientId: string): string => createHash('sha256').update(clientId).digest('hex').slice(0, 32)

/** The webhook an integration should have; `none`: why it should have none. `as-it-is`: no call may be made for it now. */
export type WantedHook =
  | { readonly kind: 'hook'; readonly url: string; readonly filter: string; readonly signedInAt: number }
  | { readonly kind: 'none'; readonly why: 'no-address' | 'no-right' | 'nothing-connected' }
  | { readonly kind: 'as-it-is' }

/** What is to be done about a webhook. */
export function hookStep(wanted: WantedHook, kept: AppHookRow | undefined, nowMs: number): 'ensure' | 'remove' | 'nothing' {
  switch (wanted.kind) {
    case 'as-it-is':
      return 'nothing'
    case 'none':
      return kept === undefined ? 'nothing' : 'remove'
    case 'hook': {
      if (kept === undefined) return 'ensure'
      const isOther = kept.url !== wanted.url || kept.filter !== wanted.filter
      if (isOther || wanted.signedInAt > kept.at) return 'ensure'
      // What failed is tried again after a while; what holds, before it ends.
      const isDue = kept.problem === null ? (kept.endsAt ?? 0) - nowMs < RENEW_MS : true
      return isDue && nowMs - kept.at >= RETRY_MS ? 'ensure' : 'nothing'
    }
  }
}

/** What a page says of an integration's webhooks; `undefined`: they are made by hand, where the app has any. */
export type HookState =
  | { readonly state: 'registered'; readonly until: number }
  | { readonly state: 'refused'; readonly message: string }
  | { readonly state: 'no-address' | 'no-right' | 'nothing-connected' | 'pending' }

export interface HookRegistrationsParts {
  readonly catalog: Pick<Catalog, 'integrations' | 'objects' | 'connections'>
  readonly credentials: Pick<IntegrationCredentials, 'oauthOf' | 'stateOf'>
  readonly clients: Pick<AppClients, 'clientFor'>
  readonly reader: Reader
  readonly log: UpdateLog
  readonly logger: Logger
  readonly now: () => number
  /** Where apps reach this server; a stand-in does so where it is. `undefined`: nowhere. */
  readonly addressFor: (integration: IntegrationRow) => string | undefined
}

/**
 * Asks apps for webhooks, by the sign-in of each integration and for it alone: asked for when a sheet is connected, kept before they end,
 * taken back with the last connection or with the integration. What comes in is a hint (`Webhooks`), so whatever fails here costs only time.
 */
export class HookRegistrations {
  readonly #parts: HookRegistrationsParts
  #timer: NodeJS.Timeout | undefined
  #ticking: Promise<void> = Promise.resolve()
  #isStopped = false
  /** Integrations that go: nothing is kept of them any more, whatever is under way. */
  readonly #forgotten = new Set<string>()

  constructor(parts: HookRegistrationsParts) {
    this.#parts = parts
  }

  /** Looks at once and then every minute; nobody waits for an app to answer. */
  start(): void {
    void this.tick()
    this.#timer = setInterval(() => void this.tick(), TICK_MS)
    this.#timer.unref()
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    clearInterval(this.#timer)
    await this.#ticking
  }

  /** Asks where something has to be asked. Never rejects. */
  tick(): Promise<void> {
    this.#ticking = this.#ticking
      .then(() => this.#tick())
      .catch((error: unknown) => this.#parts.logger.error({ err: error }, 'webhooks of apps could not be looked at'))
    return this.#ticking
  }

  async stateOf(integration: IntegrationRow): Promise<HookState | undefined> {
    const wanted = await this.#wanted(integration)
    if (wanted === undefined) return undefined
    if (wanted.kind === 'none') return { state: wanted.why }
    if (wanted.kind === 'as-it-is') return { state: 'pending' }
    const kept = await appHookOf(this.#parts.reader, integration.id)
    if (kept?.problem) return { state: 'refused', message: kept.problem }
    return kept?.endsAt ? { state: 'registered', until: kept.endsAt } : { state: 'pending' }
  }

  /** Takes back what was asked for an integration that goes, while its sign-in still holds; joins this turn's batch. Never rejects. */
  async forget(integration: IntegrationRow): Promise<void> {
    const { reader, log } = this.#parts
    this.#forgotten.add(integration.id)
    const kept = await appHookOf(reader, integration.id)
    if (kept === undefined) return
    await this.#takeBack(integration, kept)
    log.execute([dropAppHook(reader, integration.id)])
  }

  async #tick(): Promise<void> {
    const { catalog, reader, log, logger, now } = this.#parts
    await log.durable()
    for (const integration of await catalog.integrations()) {
      if (this.#isStopped) return
      if (this.#forgotten.has(integration.id)) continue
      const wanted = await this.#wanted(integration)
      const kept = await appHookOf(reader, integration.id)
      const step = hookStep(wanted ?? { kind: 'none', why: 'no-right' }, kept, now())
      if (step === 'ensure' && wanted?.kind === 'hook') await this.#ensure(integration, wanted, kept)
      if (step === 'remove' && kept !== undefined) {
        await this.#takeBack(integration, kept)
        log.execute([dropAppHook(reader, integration.id)])
        await log.durable()
        logger.info({ integration: integration.id }, 'the app sends no webhooks any more')
      }
    }
  }

  async #ensure(integration: IntegrationRow, wanted: Extract<WantedHook, { kind: 'hook' }>, kept: AppHookRow | undefined): Promise<void> {
    const { reader, log, logger, now } = this.#parts
    const app = readyApp(integration.app)
    if (app?.hookRegistrar === undefined) return
    const { url, filter } = wanted
    const asked = { integration: integration.id, url, filter, at: now() }
    const hook = kept?.hook ?? undefined
    let row: AppHookRow
    try {
      const call = this.#callAs(integration, app, hook)
      row = { ...asked, ...(await app.hookRegistrar.ensure({ ...call, url, filter, nowMs: now() })), problem: null }
    } catch (error) {
      if (!(error instanceof SyncError)) throw error
      logger.warn({ integration: integration.id, code: error.code }, 'an app took no webhook')
      row = { ...asked, hook: hook ?? null, endsAt: null, problem: error.message }
    }
    if (this.#forgotten.has(integration.id)) return
    log.execute([saveAppHook(reader, row)])
    await log.durable()
  }

  async #takeBack(integration: IntegrationRow, { hook }: AppHookRow): Promise<void> {
    const app = readyApp(integration.app)
    if (hook === null || app?.hookRegistrar === undefined) return
    // By a token nobody can take it back; it ends by itself.
    if ((await this.#parts.credentials.oauthOf(integration.id)) === undefined) return
    await app.hookRegistrar.remove({ ...this.#callAs(integration, app), hook }).catch((error: unknown) => {
      const code = error instanceof SyncError ? error.code : 'unknown'
      this.#parts.logger.info({ integration: integration.id, code }, 'a webhook stays with its app until it ends')
    })
  }

  #callAs(integration: IntegrationRow, app: ReadyApp, hook?: string): HookCall {
    const http = this.#parts.clients.clientFor(integration, app, () => undefined).as('lookup')
    return { http, signal: AbortSignal.timeout(CALLS_MS), ...(hook !== undefined && { hook }) }
  }

  async #wanted(integration: IntegrationRow): Promise<WantedHook | undefined> {
    const { credentials, addressFor } = this.#parts
    const registrar = readyApp(integration.app)?.hookRegistrar
    const oauth = registrar && (await credentials.oauthOf(integration.id))
    if (registrar === undefined || oauth === undefined) return undefined
    const auth = await credentials.stateOf(integration.id)
    if (!integration.isOn || auth.state !== 'authorised') return { kind: 'as-it-is' }
    const address = addressFor(integration)
    if (address === undefined) return { kind: 'none', why: 'no-address' }
    if (oauth.scope !== undefined && !oauth.scope.split(/[\s,]+/u).includes(registrar.scope)) return { kind: 'none', why: 'no-right' }
    const filter = await this.#filterOf(integration, registrar)
    if (filter === undefined) return { kind: 'none', why: 'nothing-connected' }
    const url = hookUrlOf(integration.app, placeOf(oauth.clientId), address)
    return { kind: 'hook', url, filter, signedInAt: auth.at ?? 0 }
  }

  async #filterOf({ id, limitedTo }: IntegrationRow, registrar: HookRegistrar): Promise<string | undefined> {
    const { catalog } = this.#parts
    const objects = await catalog.objects(id)
    const connections = (await Promise.all(objects.map((object) => catalog.connections({ object: object.id })))).flat()
    return registrar.filterOf({ limitedTo, connections })
  }
}
