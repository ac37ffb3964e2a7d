import type { Connector, ObjectDescription, PlanCalls } from './connector.ts'
import type { HttpClient, RateRules } from './http-client.ts'

/** One thing a person enters to authorise an app. */
export interface CredentialField {
  readonly id: string
  readonly label: string
  readonly hint: string
  /** Kept encrypted and never shown again. */
  readonly isSecret: boolean
}

/** The account a credential stands for, as the app itself says. */
export interface Account {
  /** Scheme, host and leading path below which the app answers this account (Jira with OAuth: `https://api.atlassian.com/ex/jira/{cloudId}`). */
  readonly baseUrl: string
  /** What people know it by: an e-mail address or a name, with the site where one person may have several. */
  readonly account: string
  /** The site as people type it, where it is another than `baseUrl`; what an entered address is compared with. */
  readonly site?: string
  /** The app's own ids by which its webhooks name the account (HubSpot's portal id); the server compares nothing else. */
  readonly ids?: Readonly<Record<string, string>>
}

/** Something a person makes in the app and enters here: an API token, a private app's key. */
export interface TokenMethod {
  readonly kind: 'token'
  readonly id: string
  readonly label: string
  readonly fields: readonly CredentialField[]
  /** Where a person gets what is asked for. */
  readonly helpUrl: string
  /** The headers that authorise a call with what a person entered. */
  readonly headersOf: (credentials: Readonly<Record<string, string>>) => Record<string, string>
  /**
   * Tries the credential by one cheap call and says whose it is. `http` is authorised by it.
   * @throws SyncError `auth-expired` where the app does not take it
   */
  readonly accountOf: (o: { readonly http: HttpClient; readonly baseUrl: string; readonly signal: AbortSignal }) => Promise<Account>
}

/** What a token endpoint answered, kept sealed. Times are ms since 1970. */
export interface OAuthTokens {
  readonly accessToken: string
  readonly refreshToken?: string
  /** Absent where the app does not say (Salesforce): then a 401 tells. */
  readonly expiresAt?: number
  readonly scope?: string
  /** Whatever else the answer held as text or number (Salesforce's `instance_url` and `id`). */
  readonly extra: Readonly<Record<string, string | number>>
}

export interface OAuthScope {
  readonly id: string
  /** What it is asked for, in a sentence a person reads before consenting. */
  readonly why: string
  /** Whether it lets Tidebook change something in the app. */
  readonly isWrite: boolean
}

export interface OAuthEndpoints {
  readonly authorize: string
  readonly token: string
  readonly revoke?: string
}

/** OAuth 2, authorization code with PKCE and a client of the workspace's own. */
export interface OAuthMethod {
  readonly kind: 'oauth2'
  readonly id: string
  readonly label: string
  /** Client id and secret (`clientId`, `clientSecret`): entered once an app and workspace. */
  readonly clientFields: readonly CredentialField[]
  readonly helpUrl: string
  readonly scopes: readonly OAuthScope[]
  /** `baseUrl`: the address a person entered, the app's usual one where none was; in the sandbox the stand-in's own. */
  readonly endpoints: (baseUrl: string, isSandbox: boolean) => OAuthEndpoints
  /** Further parameters of the authorize address (Jira's `audience`, `prompt`). */
  readonly authorizeParams?: Readonly<Record<string, string>>
  /** How the client shows itself at the token endpoint. (Default: in the form's body) */
  readonly clientAuth?: 'body' | 'basic'
  /** Refreshed this long before `expiresAt`, so that no run meets a 401. ms (Default: 60 s) */
  readonly refreshEarlyMs?: number
  /** How long a sign-in lasts that nobody uses, in ms. Absent: it does not end by itself. */
  readonly idleLifeMs?: number
  /** OAuth's own word (`invalid_grant`, `invalid_client`) for what the token endpoint says in the app's; `undefined`: it has none. */
  readonly errorOf?: (body: unknown) => string | undefined
  readonly headersOf: (tokens: OAuthTokens) => Record<string, string>
  /**
   * The accounts or sites a sign-in reaches; several where the app lets a person consent to several (Jira's sites).
   * `httpAt` gives clients authorised by the tokens, for any address.
   */
  readonly accountsOf: (o: {
    readonly tokens: OAuthTokens
    readonly httpAt: (baseUrl: string) => HttpClient
    readonly baseUrl: string
    readonly isSandbox: boolean
    readonly signal: AbortSignal
  }) => Promise<readonly Account[]>
}

export type AuthMethod = TokenMethod | OAuthMethod

export interface ConnectorSetup {
  readonly http: HttpClient
  /** Id of the external object the connector is for. */
  readonly object: string
  /** The app's own groups that the integration is limited to (Jira: project keys); absent: all the credential sees. */
  readonly limitedTo?: readonly string[]
  /** What the last field refresh told. */
  readonly description?: ObjectDescription
}

/** An external object as it is offered in a list; what it can do is told by its description. */
export interface KnownObject {
  readonly id: string
  readonly name: string
  /** `false`: its records cannot be found by name, and so not be linked by hand. (Default: true) */
  readonly isSearchable?: boolean
}

/** A webhook as it came in; header names in lower case. */
export interface HookRequest {
  readonly method: string
  /** The whole address the app called, as it knows it. */
  readonly url: string
  readonly headers: Readonly<Record<string, string | undefined>>
  /** The raw bytes: signatures are over them. */
  readonly body: Uint8Array
}

/** What an authentic webhook says changed. */
export interface HookHint {
  /** External object; absent: it does not say. */
  readonly object?: string
  readonly recordIds: readonly string[]
}

/** Signature arithmetic, given by whoever has it (the server's node:crypto); equality is told in constant time. */
export interface HookCrypto {
  hmac(hash: 'sha1' | 'sha256', key: string | Uint8Array, data: string | Uint8Array): Uint8Array
  sha256(data: string | Uint8Array): Uint8Array
  isEqual(a: Uint8Array, b: Uint8Array): boolean
}

export type HookVerdict =
  /** `deliveryId` and `sentAt` (ms) guard against replay; without a `sentAt` only the id does. */
  | {
      readonly kind: 'authentic'
      readonly deliveryId: string
      readonly sentAt?: number
      readonly hints: readonly HookHint[]
      /** Which of the registered webhooks it is, where the app says so. */
      readonly hooks?: readonly string[]
    }
  | { readonly kind: 'refused'; readonly reason: string }

/** How an app's webhooks are told from forgeries. */
export interface HookVerifier {
  /** Which secret signs: one made here and entered in the app (`own`), or the OAuth client's. */
  readonly secret: 'own' | 'client' | 'own-or-client'
  /** Pure. `secrets`: any of them may have signed. */
  readonly verify: (o: {
    readonly request: HookRequest
    readonly secrets: readonly string[]
    readonly crypto: HookCrypto
    readonly nowMs: number
  }) => HookVerdict
}

/** A webhook as the app keeps it. */
export interface RegisteredHook {
  readonly hook: string
  /** When the app stops sending unless it is asked again; ms. */
  readonly endsAt: number
}

/** One call to an app about its webhooks, made by an integration's own OAuth sign-in. */
export interface HookCall {
  readonly http: HttpClient
  readonly signal: AbortSignal
  /** The webhook that is known to be registered; absent: none. */
  readonly hook?: string
}

/** How an app is asked, by an OAuth sign-in, to send webhooks here. They are signed with the secret of that sign-in's client. */
export interface HookRegistrar {
  /** The right that a sign-in needs for it. */
  readonly scope: string
  /** Which records the app is to tell of, in its own words; `undefined`: there are none yet. Pure. */
  readonly filterOf: (o: {
    readonly limitedTo: readonly string[] | undefined
    readonly connections: readonly { readonly filter: string; readonly description: ObjectDescription | undefined }[]
  }) => string | undefined
  /**
   * Sees to it that one webhook with this address and filter is registered, for as long as the app allows; asked again, it keeps it longer.
   * @throws SyncError with the app's own words where it takes none
   */
  readonly ensure: (o: HookCall & { readonly url: string; readonly filter: string; readonly nowMs: number }) => Promise<RegisteredHook>
  readonly remove: (o: HookCall & { readonly hook: string }) => Promise<void>
}

/** How an app's stand-in is reached from an integration. */
export interface AppSandbox {
  /** Path of the stand-in below the server's origin (`/sandbox/jira`): the base address of a sandbox integration. */
  readonly path: string
  /** Id of the token method the stand-in's credentials are for. */
  readonly method: string
  /** What the stand-in signs in with (its own words) as what a person would enter. */
  readonly credentialsOf: (standIn: Readonly<Record<string, string>>) => Record<string, string>
  /** The stand-in's OAuth client as `clientId` and `clientSecret`; absent where its credentials hold none. */
  readonly clientOf?: (standIn: Readonly<Record<string, string>>) => Record<string, string>
}

export interface ReadyApp {
  readonly kind: 'ready'
  readonly id: string
  readonly name: string
  /** The external objects every account has. */
  readonly objects: readonly KnownObject[]
  /** Further ones of this account: custom objects. */
  readonly discoverObjects?: (http: HttpClient, signal: AbortSignal) => Promise<readonly KnownObject[]>
  /** Ways to sign in, the preferred one first. */
  readonly auth: readonly AuthMethod[]
  /** Shown in the address field; also what an address must look like. Absent: the app has one address for everybody. */
  readonly addressHint?: string
  /** The base address an entered one stands for; a reason where it cannot be one. `''` asks for the app's usual one. */
  readonly baseUrlOf: (input: string) => { readonly baseUrl: string } | { readonly problem: string }
  /** What an account can be limited to, as people call it (Jira: "Projects"), and how it is entered. Absent: to nothing. */
  readonly limits?: {
    readonly name: string
    readonly hint: string
    /** How the app itself writes what a person entered. */
    readonly normalise: (text: string) => string
  }
  /** The pace one credential is held to. */
  readonly pace: { readonly burst: number; readonly perSecond: number }
  /** What the app's answers say of its limits, where that is more than `Retry-After` and `X-RateLimit-*`. */
  readonly rates?: RateRules
  readonly planCalls: PlanCalls
  readonly makeConnector: (setup: ConnectorSetup) => Connector
  /** Absent: the app has no webhooks, or none that are signed. */
  readonly hooks?: HookVerifier
  /** Absent: webhooks are made by hand in the app. */
  readonly hookRegistrar?: HookRegistrar
  readonly sandbox?: AppSandbox
}

/** Listed, so that people see what is planned; cannot be used. */
export interface ComingApp {
  readonly kind: 'coming'
  readonly id: string
  readonly name: string
}

export type App = ReadyApp | ComingApp
