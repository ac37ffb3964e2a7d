import { createHash, randomBytes } from 'node:crypto'
import * as oauth from 'oauth4webapi'
import type { Account, OAuthMethod, OAuthTokens, ReadyApp } from '../sync-engine/connectors/app.ts'
import { ERROR_POLICY, SyncError } from '../sync-engine/sync-error.ts'
import { authorizeUrl, exchangeCode, type OAuthClient, type TokenServer } from './oauth-client.ts'

/** Where the app sends a browser back to. */
export const CALLBACK_PATH = '/oauth/callback'
/** How long a person may take at the app's own page. ms */
const ATTEMPT_MS = 15 * 60_000
/** Sign-ins under way at once; more are somebody's script. */
const MOST_ATTEMPTS = 100
/** How long is told what became of a sign-in that failed. ms */
const PROBLEM_MS = 30 * 60_000

/** A sign-in to an app, as it begins. */
export interface SignIn {
  readonly app: ReadyApp
  readonly method: OAuthMethod
  /** What the integration will be called. */
  readonly name: string
  /** The address that was entered, or the app's usual one. */
  readonly baseUrl: string
  /** The entered address itself, where one was: of several sites that consented the one meant. */
  readonly site: string | undefined
  readonly isSandbox: boolean
  readonly client: OAuthClient
  /** The integration that is signed in again; absent: a new one. */
  readonly integration?: string
  /** The browser it is bound to. */
  readonly device: string
  readonly actor: string
  /** Scheme and host by which that browser calls this server. */
  readonly origin: string
}

interface Attempt extends SignIn {
  readonly verifier: string
  readonly endsAt: number
}

export interface SignInProblem {
  readonly app: string
  readonly appName: string
  readonly code: string
  readonly message: string
  readonly advice: string
}

/** A sign-in the app agreed to. */
export interface SignedIn {
  readonly signIn: SignIn
  readonly tokens: OAuthTokens
  readonly account: Account
}

export interface FlowsParts {
  readonly fetch: typeof fetch
  readonly now: () => number
  /** The accounts a sign-in reaches. */
  readonly accountsOf: (signIn: SignIn, tokens: OAuthTokens) => Promise<readonly Account[]>
  /** Keeps what a sign-in brought; the id of its integration. */
  readonly keep: (signedIn: SignedIn) => Promise<string>
  /** A fault of ours, for the log; of the exchange itself nothing may be told. */
  readonly onFault: (error: unknown) => void
}

const hashOf = (state: string): string => createHash('sha256').update(state).digest('base64url')

/**
 * Sign-ins by OAuth's authorization code with PKCE. A sign-in is known by its state alone, which is used once, within a quarter of an hour,
 * and by the browser that began it: a page that somebody else was lured to signs nobody in.
 */
export class OAuthFlows {
  readonly #parts: FlowsParts
  /** By the hash of their state. */
  readonly #attempts = new Map<string, Attempt>()
  readonly #problems = new Map<string, { readonly problem: SignInProblem; readonly device: string; readonly endsAt: number }>()

  constructor(parts: FlowsParts) {
    this.#parts = parts
  }

  /**
   * The address of the app's own page, to which the browser goes.
   * @throws SyncError where too many sign-ins are under way
   */
  async begin(signIn: SignIn): Promise<string> {
    const now = this.#parts.now()
    for (const [key, attempt] of this.#attempts) if (attempt.endsAt <= now) this.#attempts.delete(key)
    if (this.#attempts.size >= MOST_ATTEMPTS) throw new SyncError('rate-limited', 'Too many sign-ins are under way.')
    const state = oauth.generateRandomState()
    const verifier = oauth.generateRandomCodeVerifier()
    const endpoints = signIn.method.endpoints(signIn.baseUrl, signIn.isSandbox)
    const url = await authorizeUrl({ ...signIn, endpoints }, { state, verifier, redirectUri: redirectUriOf(signIn) })
    this.#attempts.set(hashOf(state), { ...signIn, verifier, endsAt: now + ATTEMPT_MS })
    return url
  }

  /** Where the browser goes on to after the app sent it back: the integration, or what went wrong. */
  async finish(answer: URLSearchParams, device: string): Promise<string> {
    const key = hashOf(answer.get('state') ?? '')
    const attempt = this.#attempts.get(key)
    // A state is used up by whoever shows it, so that it cannot be tried with another browser afterwards.
    this.#attempts.delete(key)
    if (attempt === undefined || attempt.device !== device || attempt.endsAt <= this.#parts.now())
      return this.#fail(undefined, device, STALE)
    try {
      const tokens = await this.#exchange(attempt, answer)
      const account = chosen(attempt, await this.#parts.accountsOf(attempt, tokens))
      const integration = await this.#parts.keep({ signIn: attempt, tokens, account })
      return `/settings/integrations/${integration}`
    } catch (error) {
      if (error instanceof SyncError)
        return this.#fail(attempt, device, { code: error.code, message: error.message, advice: adviceOf(error) })
      this.#parts.onFault(error)
      return this.#fail(attempt, device, OURS)
    }
  }

  /** What became of a sign-in that failed, for the browser that began it. */
  problemOf(id: string, device: string): SignInProblem | undefined {
    const found = this.#problems.get(id)
    return found !== undefined && found.device === device && found.endsAt > this.#parts.now() ? found.problem : undefined
  }

  #exchange(attempt: Attempt, answer: URLSearchParams): Promise<OAuthTokens> {
    const state = answer.get('state') ?? ''
    // Which server answers is known from the attempt; a name it gives itself says nothing more.
    answer.delete('iss')
    const server: TokenServer = {
      appName: attempt.app.name,
      method: attempt.method,
      endpoints: attempt.method.endpoints(attempt.baseUrl, attempt.isSandbox),
      client: attempt.client,
      fetch: this.#parts.fetch,
      now: this.#parts.now,
    }
    return exchangeCode(server, { answer, state, verifier: attempt.verifier, redirectUri: redirectUriOf(attempt) })
  }

  #fail(attempt: SignIn | undefined, device: string, why: { code: string; message: string; advice: string }): string {
    const now = this.#parts.now()
    for (const [id, { endsAt }] of this.#problems) if (endsAt <= now) this.#problems.delete(id)
    const [oldest] = this.#problems.keys()
    if (this.#problems.size >= MOST_ATTEMPTS && oldest !== undefined) this.#problems.delete(oldest)
    const id = randomBytes(12).toString('hex')
    const problem = { app: attempt?.app.id ?? '', appName: attempt?.app.name ?? '', ...why }
    this.#problems.set(id, { problem, device, endsAt: now + PROBLEM_MS })
    return `/settings/integrations?authorization=${id}`
  }
}

export const redirectUriOf = ({ origin }: Pick<SignIn, 'origin'>): string => `${origin}${CALLBACK_PATH}`

const STALE = {
  code: 'not-found',
  message: 'This sign-in is not known here: it was used before, took longer than 15 minutes, or began in another browser.',
  advice: 'Nothing was changed. Begin it again from the page of integrations.',
}
const OURS = {
  code: 'internal',
  message: 'The sign-in stopped on a fault of ours.',
  advice: 'Nothing was changed. Begin it again; the server’s log has the details.',
}

/** The advice of a sign-in: nothing was staged or synced, so that of a run would mislead. */
function adviceOf({ code }: SyncError): string {
  if (code === 'not-allowed') return 'Nothing was changed. Begin it again where you change your mind, or ask whoever manages the app.'
  if (code === 'auth-expired')
    return 'Nothing was changed. Check the client id and secret, and that the address it returns to is the one shown here.'
  if (code === 'app-unavailable' || code === 'rate-limited') return 'Nothing was changed. Begin it again in a while.'
  return code === 'bad-request' ? 'Nothing was changed. Correct it and begin again.' : ERROR_POLICY[code].advice
}

/** Of the accounts a sign-in reaches the one that is meant. */
function chosen({ app, site }: SignIn, accounts: readonly Account[]): Account {
  const [only, ...others] = accounts
  if (only === undefined) throw new SyncError('not-allowed', `This sign-in reaches nothing in ${app.name}.`)
  if (site === undefined || site === '') {
    if (others.length === 0) return only
    throw new SyncError(
      'bad-request',
      `This sign-in reaches several sites (${accounts.map(nameOf).join(', ')}). Enter the address of the one you mean.`,
    )
  }
  const found = accounts.find((account) => isSameSite(account.site ?? account.baseUrl, site))
  if (found !== undefined) return found
  throw new SyncError('bad-request', `This sign-in does not reach ${site}; it reaches ${accounts.map(nameOf).join(', ')}.`)
}

const nameOf = ({ site, baseUrl }: Account): string => site ?? baseUrl

function isSameSite(a: string, b: string): boolean {
  if (!URL.canParse(a) || !URL.canParse(b)) return a === b
  return new URL(a).host === new URL(b).host
}
