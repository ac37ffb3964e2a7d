import type { Account, OAuthMethod, ReadyApp, TokenMethod } from '../sync-engine/connectors/app.ts'
import { readyApp } from '../sync-engine/connectors/registry.ts'
import { SyncError } from '../sync-engine/sync-error.ts'
import { makeConnectionId, type RandomBytes } from '../workbook/ids.ts'
import { ApiProblem, badRequest, notFound } from './api/problem.ts'
import type { AppClients, AppUsage } from './app-clients.ts'
import type { IntegrationCredentials } from './credentials.ts'
import type { Logger } from './logger.ts'
import type { OAuthClient } from './oauth-client.ts'
import { OAuthFlows, type SignedIn } from './oauth-flows.ts'
import type { Catalog, IntegrationRow, ObjectRow } from './storage/catalog.ts'
import type { UpdateLog } from './update-log.ts'

export interface SignInsParts {
  readonly catalog: Catalog
  readonly credentials: IntegrationCredentials
  readonly clients: AppClients
  readonly log: UpdateLog
  readonly logger: Logger
  readonly now: () => number
  readonly random: RandomBytes
  readonly fetch: typeof fetch
  /** Where the stand-ins answer now. */
  readonly origin: () => string
  /** What an app's stand-in signs in with; `undefined` where there is none. */
  readonly standIn: (app: string) => Readonly<Record<string, string>> | undefined
}

/** What trying a credential told. */
export interface Tried {
  readonly account: string
  readonly baseUrl: string
  readonly appUsage: AppUsage | null
}

/** A credential is tried for no longer than this. ms */
const TRY_MS = 30_000
/** Accounts of all apps in one workspace. */
const MOST_INTEGRATIONS = 200

/** Adds accounts of apps and signs them in again. Nothing is kept that the app was not seen to take. */
export class SignIns {
  readonly flows: OAuthFlows
  readonly #parts: SignInsParts

  constructor(parts: SignInsParts) {
    this.#parts = parts
    this.flows = new OAuthFlows({
      fetch: parts.fetch,
      now: parts.now,
      accountsOf: ({ app, method, baseUrl, isSandbox }, tokens) =>
        method.accountsOf({
          tokens,
          httpAt: parts.clients.clientsOf(app, method, tokens),
          baseUrl,
          isSandbox,
          signal: AbortSignal.timeout(TRY_MS),
        }),
      keep: (signedIn) => this.#keep(signedIn),
      onFault: (error) => parts.logger.error({ err: error }, 'a sign-in failed'),
    })
  }

  /** Adds an account by what a person entered. */
  async addByToken(o: {
    app: string
    name: string
    baseUrl: string
    method: string
    credentials: Readonly<Record<string, string>>
    actor: string
  }): Promise<{ id: string; account: string }> {
    const app = appWith(o.app)
    const method = tokenMethod(app, o.method)
    const fields = enteredFields(method, o.credentials)
    const account = await this.#tryToken(app, method, fields, addressOf(app, o.baseUrl))
    return this.#addToken(app, method, fields, { ...o, account, isSandbox: false })
  }

  /** Adds an account of the app's stand-in: nothing has to be entered. */
  async addSandbox(o: { app: string; name: string; actor: string }): Promise<{ id: string; account: string }> {
    const app = appWith(o.app)
    const { sandbox, credentials } = this.#sandboxOf(app)
    const method = tokenMethod(app, sandbox.method)
    const fields = sandbox.credentialsOf(credentials)
    const tried = await this.#tryToken(app, method, fields, `${this.#parts.origin()}${sandbox.path}`)
    return this.#addToken(app, method, fields, { ...o, account: { ...tried, baseUrl: '' }, isSandbox: true })
  }

  /** Begins a sign-in at the app's own page; its address. */
  async begin(o: {
    app: string
    name: string | undefined
    baseUrl: string | undefined
    method: string | undefined
    client: Readonly<Record<string, string>> | undefined
    integration: string | undefined
    isSandbox: boolean
    device: string
    actor: string
    origin: string
  }): Promise<string> {
    const known = o.integration === undefined ? undefined : await this.#integration(o.integration)
    const app = appWith(known?.app ?? o.app)
    if (known !== undefined && o.app !== known.app) throw badRequest(`${known.name} is an account of another app.`)
    const method = oauthMethod(app, o.method)
    const isSandbox = known?.isSandbox ?? o.isSandbox
    const site = o.baseUrl?.trim() || undefined
    const client = await this.#clientFor(app, method, o.client, isSandbox)
    const baseUrl = isSandbox ? `${o.origin}${this.#sandboxOf(app).sandbox.path}` : addressOf(app, site ?? '', 'usual')
    return this.flows.begin({
      app,
      method,
      name: o.name ?? known?.name ?? app.name,
      baseUrl,
      site: isSandbox || site === undefined ? undefined : baseUrl,
      isSandbox,
      client,
      ...(known && { integration: known.id }),
      device: o.device,
      actor: o.actor,
      origin: o.origin,
    })
  }

  /** Other credentials for an account; kept only where the app takes them for the same address. */
  async renewToken(id: string, method: string, credentials: Readonly<Record<string, string>>, actor: string): Promise<Tried> {
    const integration = await this.#integration(id)
    const app = appWith(integration.app)
    const way = tokenMethod(app, method)
    const fields = enteredFields(way, credentials)
    const baseUrl = this.#parts.clients.addressOf(integration, app)
    const account = await this.#tryToken(app, way, fields, baseUrl)
    await Promise.all([
      this.#parts.credentials.saveToken({ integration: id, method: way.id, fields, by: actor }),
      this.#change({ ...integration, account: account.account }),
    ])
    return { account: account.account, baseUrl, appUsage: null }
  }

  /** One cheap call with the credential that is kept. */
  async try(id: string): Promise<Tried> {
    const { clients, credentials } = this.#parts
    const integration = await this.#integration(id)
    const app = appWith(integration.app)
    const method = await credentials.methodOf(id, app)
    if (method === undefined) throw new SyncError('auth-expired', `${integration.name} has no sign-in to ${app.name}.`)
    const http = clients.clientFor(integration, app, () => undefined).as('search')
    const baseUrl = clients.addressOf(integration, app)
    const signal = AbortSignal.timeout(TRY_MS)
    let account: Account
    if (method.kind === 'token') account = await method.accountOf({ http, baseUrl, signal })
    else {
      const tokens = await credentials.tokensOf(integration, app)
      if (tokens === undefined) throw new SyncError('auth-expired', `${integration.name} has no sign-in to ${app.name}.`)
      const at = integration.isSandbox ? `${this.#parts.origin()}${this.#sandboxOf(app).sandbox.path}` : baseUrl
      const reached = await method.accountsOf({
        tokens,
        httpAt: clients.clientsAt(integration, app),
        baseUrl: at,
        isSandbox: integration.isSandbox,
        signal,
      })
      const found = reached.find((one) => one.baseUrl === baseUrl)
      if (found === undefined) throw new SyncError('not-allowed', `This sign-in no longer reaches ${integration.name}.`)
      account = found
    }
    await credentials.noteAccepted(id)
    return { account: account.account, baseUrl, appUsage: clients.usageOf(id) ?? null }
  }

  async #tryToken(app: ReadyApp, method: TokenMethod, fields: Readonly<Record<string, string>>, baseUrl: string): Promise<Account> {
    const http = this.#parts.clients.tryClient(app, baseUrl, method.headersOf(fields))
    try {
      return await method.accountOf({ http, baseUrl, signal: AbortSignal.timeout(TRY_MS) })
    } catch (error) {
      if (!(error instanceof SyncError)) throw error
      throw refusedTry(app, error)
    }
  }

  async #addToken(
    app: ReadyApp,
    method: TokenMethod,
    fields: Readonly<Record<string, string>>,
    o: { name: string; actor: string; account: Account; isSandbox: boolean },
  ): Promise<{ id: string; account: string }> {
    const integration = await this.#newIntegration(app, o)
    // Begun in one turn, so that both land in one commit or neither.
    await Promise.all([
      this.#parts.credentials.saveToken({ integration: integration.id, method: method.id, fields, by: o.actor }),
      this.#saveNew(integration, app),
    ])
    return { id: integration.id, account: integration.account }
  }

  /** What an OAuth sign-in brought: a new account, or the same one again. */
  async #keep({ signIn, tokens, account }: SignedIn): Promise<string> {
    const { app, method, client, isSandbox, actor } = signIn
    const baseUrl = isSandbox ? pathOf(account.baseUrl) : account.baseUrl
    const known = signIn.integration === undefined ? undefined : await this.#integration(signIn.integration)
    if (known !== undefined && !isSameAccount(known, { ...account, baseUrl }))
      throw new SyncError(
        'bad-request',
        `This signs in to ${account.site ?? account.baseUrl}, which is another account than that of ${known.name}. Add it as an integration of its own.`,
      )
    const integration =
      known === undefined
        ? await this.#newIntegration(app, { name: signIn.name, account: { ...account, baseUrl }, isSandbox })
        : { ...known, baseUrl, account: account.account }
    const kept = this.#parts.credentials.saveTokens({
      integration: integration.id,
      app: app.id,
      isSandbox,
      method,
      tokens,
      client,
      signInAt: isSandbox ? pathOf(signIn.baseUrl) : signIn.baseUrl,
      by: actor,
    })
    await Promise.all([kept, known === undefined ? this.#saveNew(integration, app) : this.#change(integration)])
    return integration.id
  }

  async #newIntegration(app: ReadyApp, o: { name: string; account: Account; isSandbox: boolean }): Promise<IntegrationRow> {
    const { catalog, random } = this.#parts
    if ((await catalog.integrations()).length >= MOST_INTEGRATIONS)
      throw new ApiProblem({
        status: 409,
        code: 'too-many',
        message: `There are ${MOST_INTEGRATIONS} integrations already.`,
        advice: 'Nothing was changed. Delete one that is not used.',
      })
    return {
      id: makeConnectionId(random),
      app: app.id,
      name: o.name,
      baseUrl: o.account.baseUrl,
      account: o.account.account,
      isOn: true,
      limitedTo: undefined,
      isSandbox: o.isSandbox,
    }
  }

  /** Every object begins as Pull only: nothing is written to the app until a person says so. */
  async #saveNew(integration: IntegrationRow, app: ReadyApp): Promise<void> {
    const { catalog, log, random, now } = this.#parts
    const objects = app.objects.map(
      ({ id, name }): ObjectRow => ({
        id: makeConnectionId(random),
        integration: integration.id,
        name,
        external: id,
        direction: 'pull',
        schedule: null,
      }),
    )
    log.execute([
      catalog.saveIntegration(integration, now()),
      // A millisecond apart, so that they stay in the order of the app.
      ...objects.map((object, index) => catalog.saveObject(object, now() + index)),
    ])
    await log.durable()
  }

  async #change(integration: IntegrationRow): Promise<void> {
    const { catalog, log, now } = this.#parts
    log.execute([catalog.saveIntegration(integration, now())])
    await log.durable()
  }

  async #clientFor(
    app: ReadyApp,
    method: OAuthMethod,
    entered: Readonly<Record<string, string>> | undefined,
    isSandbox: boolean,
  ): Promise<OAuthClient> {
    const { clientId = '', clientSecret = '' } = entered ?? {}
    if (clientId !== '' && clientSecret !== '') return { clientId, clientSecret }
    if (isSandbox && clientId === '' && clientSecret === '') {
      const { sandbox, credentials } = this.#sandboxOf(app)
      const given = sandbox.clientOf?.(credentials)
      if (given?.clientId && given.clientSecret) return { clientId: given.clientId, clientSecret: given.clientSecret }
    }
    const known = await this.#parts.credentials.clientOf(app.id, isSandbox)
    if (known !== undefined && (clientId === '' || clientId === known.clientId)) return known
    throw badRequest(`Enter the ${method.clientFields.map(({ label }) => label.toLowerCase()).join(' and the ')} first.`)
  }

  #sandboxOf(app: ReadyApp) {
    const credentials = this.#parts.standIn(app.id)
    if (app.sandbox === undefined || credentials === undefined)
      throw new ApiProblem({
        status: 409,
        code: 'no-sandbox',
        message: `${app.name} has no stand-in in this server.`,
        advice: 'Nothing was changed. Start the server with TIDEBOOK_SANDBOX=on.',
      })
    return { sandbox: app.sandbox, credentials }
  }

  async #integration(id: string): Promise<IntegrationRow> {
    const found = (await this.#parts.catalog.integrations()).find((integration) => integration.id === id)
    if (found === undefined) throw notFound('such integration')
    return found
  }
}

function appWith(id: string): ReadyApp {
  const app = readyApp(id)
  if (app !== undefined) return app
  throw notFound('app of that name that can be connected yet')
}

function tokenMethod(app: ReadyApp, id: string): TokenMethod {
  const method = app.auth.find((candidate) => candidate.id === id)
  if (method?.kind === 'token') return method
  throw badRequest(`${app.name} is not signed in to that way.`)
}

function oauthMethod(app: ReadyApp, id: string | undefined): OAuthMethod {
  const method = app.auth.find((candidate) => candidate.kind === 'oauth2' && (id === undefined || candidate.id === id))
  if (method?.kind === 'oauth2') return method
  throw badRequest(`${app.name} has no sign-in page of its own to go to.`)
}

/** Only what the method asks for, and all of it. */
function enteredFields(method: TokenMethod, entered: Readonly<Record<string, string>>): Record<string, string> {
  const missing = method.fields.filter(({ id }) => (entered[id] ?? '') === '')
  if (missing.length > 0) throw badRequest(`Enter the ${missing.map(({ label }) => label).join(' and the ')}.`)
  const unfit = method.fields.find(({ id }) => /[\p{Cc}]/u.test(entered[id] ?? ''))
  if (unfit) throw badRequest(`The ${unfit.label} holds a character that cannot be sent: it may have been copied with a line break.`)
  return Object.fromEntries(method.fields.map(({ id }) => [id, entered[id] ?? '']))
}

/** `usual`: an address need not be entered, the app has one at which everybody signs in. */
function addressOf(app: ReadyApp, input: string, whenEmpty?: 'usual'): string {
  if (input.trim() === '' && whenEmpty === 'usual') {
    const usual = app.baseUrlOf('')
    return 'baseUrl' in usual ? usual.baseUrl : ''
  }
  const found = app.baseUrlOf(input)
  if ('problem' in found) throw badRequest(found.problem)
  return found.baseUrl
}

/** Whether a sign-in is to the account an integration has: at the same address, or the same site by another way to sign in. */
function isSameAccount(known: IntegrationRow, account: Account): boolean {
  if (known.baseUrl === account.baseUrl || (known.isSandbox && known.baseUrl === '')) return true
  if (known.isSandbox || account.site === undefined || !URL.canParse(known.baseUrl) || !URL.canParse(account.site)) return false
  return new URL(known.baseUrl).host === new URL(account.site).host
}

const pathOf = (address: string): string => new URL(address).pathname

/** A try that failed says what to correct; a run's advice would speak of staged edits. */
function refusedTry(app: ReadyApp, error: SyncError): ApiProblem {
  const advice =
    error.code === 'auth-expired' || error.code === 'not-allowed'
      ? 'Nothing was kept. Check what you entered, and that it was not taken back in the app.'
      : error.code === 'app-unavailable' || error.code === 'bad-answer' || error.code === 'not-found'
        ? 'Nothing was kept. Check the address, and whether the app can be reached from this server.'
        : 'Nothing was kept. Correct it and try again.'
  const message = error.code === 'auth-expired' ? `${app.name} does not accept these credentials.` : error.message
  return new ApiProblem({ status: error.code === 'bad-request' ? 400 : 409, code: error.code, message, advice })
}
