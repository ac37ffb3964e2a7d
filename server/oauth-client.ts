import * as oauth from 'oauth4webapi'
import type { OAuthEndpoints, OAuthMethod, OAuthTokens } from '../sync-engine/connectors/app.ts'
import { SyncError } from '../sync-engine/sync-error.ts'

/** The workspace's own client of an app. */
export interface OAuthClient {
  readonly clientId: string
  readonly clientSecret: string
}

/** One sign-in server and how to speak with it. */
export interface TokenServer {
  readonly appName: string
  readonly method: OAuthMethod
  readonly endpoints: OAuthEndpoints
  readonly client: OAuthClient
  readonly fetch: typeof fetch
  readonly now: () => number
}

/** The app says that a grant holds no longer: the code was used, the refresh token is spent, or a person took the right back. */
export class GrantEnded extends SyncError {
  constructor(appName: string) {
    super('auth-expired', `${appName} ended this sign-in.`)
    this.name = 'GrantEnded'
  }
}

/** A token server answers within this, in ms, and with no more than this, in bytes. */
const ANSWER_MS = 20_000
const ANSWER_BYTES = 200_000

/** The address a person's browser is sent to. The secrets of the attempt stay here: only their hashes travel. */
export async function authorizeUrl(
  { method, endpoints, client }: Pick<TokenServer, 'method' | 'endpoints' | 'client'>,
  o: { readonly state: string; readonly verifier: string; readonly redirectUri: string },
): Promise<string> {
  const url = new URL(endpoints.authorize)
  const params = {
    ...method.authorizeParams,
    response_type: 'code',
    client_id: client.clientId,
    redirect_uri: o.redirectUri,
    scope: method.scopes.map(({ id }) => id).join(' '),
    state: o.state,
    code_challenge: await oauth.calculatePKCECodeChallenge(o.verifier),
    code_challenge_method: 'S256',
  }
  for (const [name, value] of Object.entries(params)) url.searchParams.set(name, value)
  return url.href
}

/**
 * The tokens for what the browser brought back.
 * @throws SyncError `auth-expired` where the app refuses the code or the client, `app-unavailable` and `bad-answer` as everywhere
 */
export function exchangeCode(
  server: TokenServer,
  o: { readonly answer: URLSearchParams; readonly state: string; readonly verifier: string; readonly redirectUri: string },
): Promise<OAuthTokens> {
  return speak(server, async ({ as, client, auth, options }) => {
    const params = oauth.validateAuthResponse(as, client, o.answer, o.state)
    const response = await oauth.authorizationCodeGrantRequest(as, client, auth, params, o.redirectUri, o.verifier, options)
    return oauth.processAuthorizationCodeResponse(as, client, response)
  })
}

/**
 * Fresh tokens for a refresh token, which may be spent by that.
 * @throws GrantEnded where the app no longer takes it; SyncError otherwise
 */
export function refreshTokens(server: TokenServer, tokens: OAuthTokens): Promise<OAuthTokens> {
  const { refreshToken } = tokens
  if (refreshToken === undefined) return Promise.reject(new GrantEnded(server.appName))
  return speak(server, async ({ as, client, auth, options }) => {
    const response = await oauth.refreshTokenGrantRequest(as, client, auth, refreshToken, options)
    return oauth.processRefreshTokenResponse(as, client, response)
  }).then((fresh) => ({
    ...tokens,
    ...fresh,
    refreshToken: fresh.refreshToken ?? refreshToken,
    extra: { ...tokens.extra, ...fresh.extra },
  }))
}

/** Tells the app that a sign-in is given back, where it can be told. */
export async function revokeTokens(server: TokenServer, tokens: OAuthTokens): Promise<void> {
  const { as, client, auth, options } = parts(server)
  if (server.endpoints.revoke === undefined) return
  const response = await oauth.revocationRequest(as, client, auth, tokens.refreshToken ?? tokens.accessToken, options)
  await oauth.processRevocationResponse(response)
}

function parts({ endpoints, client, method, fetch: fetchOf }: TokenServer) {
  const as: oauth.AuthorizationServer = {
    issuer: new URL(endpoints.token).origin,
    authorization_endpoint: endpoints.authorize,
    token_endpoint: endpoints.token,
    ...(endpoints.revoke !== undefined && { revocation_endpoint: endpoints.revoke }),
  }
  const auth = method.clientAuth === 'basic' ? oauth.ClientSecretBasic(client.clientSecret) : oauth.ClientSecretPost(client.clientSecret)
  const options = {
    [oauth.customFetch]: (url: string, init: oauth.CustomFetchOptions<'POST', URLSearchParams>) => boundedFetch(fetchOf, url, init, method),
    // Plain http is the stand-ins' in this very server; every other address was checked to be https.
    [oauth.allowInsecureRequests]: new URL(endpoints.token).protocol === 'http:',
    signal: () => AbortSignal.timeout(ANSWER_MS),
  }
  return { as, client: { client_id: client.clientId }, auth, options }
}

async function boundedFetch(
  fetchOf: typeof fetch,
  url: string,
  init: { body: URLSearchParams; headers: Record<string, string>; method: string; signal?: AbortSignal | undefined },
  { errorOf }: OAuthMethod,
): Promise<Response> {
  const { body, headers, method, signal } = init
  const response = await fetchOf(url, { body, headers, method, redirect: 'manual', ...(signal && { signal }) })
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body ?? []) {
    size += chunk.length
    if (size > ANSWER_BYTES) throw new TypeError('The answer is too large')
    chunks.push(chunk)
  }
  const isEmpty = size === 0 || response.status === 204 || response.status === 304
  const text = Buffer.concat(chunks)
  const error = response.ok ? undefined : errorOf?.(jsonOf(text))
  if (error !== undefined) return Response.json({ error }, { status: response.status })
  return new Response(isEmpty ? null : text, { status: response.status, headers: response.headers })
}

function jsonOf(text: Buffer): unknown {
  try {
    return JSON.parse(text.toString('utf8'))
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

async function speak(
  server: TokenServer,
  act: (o: ReturnType<typeof parts>) => Promise<oauth.TokenEndpointResponse>,
): Promise<OAuthTokens> {
  try {
    return tokensOf(await act(parts(server)), server.now())
  } catch (thrown) {
    throw failureOf(server, thrown)
  }
}

function tokensOf(answer: oauth.TokenEndpointResponse, nowMs: number): OAuthTokens {
  const { access_token, refresh_token, expires_in, scope, token_type: _type, id_token: _id, ...rest } = answer
  const known = Object.entries(rest).filter((entry): entry is [string, string | number] => ['string', 'number'].includes(typeof entry[1]))
  return {
    accessToken: access_token,
    ...(refresh_token !== undefined && { refreshToken: refresh_token }),
    ...(expires_in !== undefined && { expiresAt: nowMs + expires_in * 1000 }),
    ...(scope !== undefined && { scope }),
    extra: Object.fromEntries(known),
  }
}

/** What went wrong, without anything of the exchange: its bodies hold codes, secrets and tokens. */
function failureOf({ appName }: TokenServer, thrown: unknown): SyncError {
  if (thrown instanceof SyncError) return thrown
  // At the token's own endpoint there is nobody who could decline: Atlassian says so of a wrong client secret.
  if (thrown instanceof oauth.ResponseBodyError)
    return refusalOf(appName, thrown.error === 'access_denied' ? 'invalid_client' : thrown.error)
  if (thrown instanceof oauth.AuthorizationResponseError) return refusalOf(appName, thrown.error)
  if (thrown instanceof oauth.WWWAuthenticateChallengeError && thrown.status === 401) return refusalOf(appName, 'invalid_client')
  const answer = answerWithin(thrown)
  if (answer?.status === 429) return new SyncError('rate-limited', `${appName} wants sign-ins to come slower.`)
  if (answer !== undefined && answer.status >= 500) return new SyncError('app-unavailable', `${appName} cannot sign anybody in right now.`)
  if (thrown instanceof oauth.OperationProcessingError || answer !== undefined)
    return new SyncError('bad-answer', `${appName} answered the sign-in in a form we do not know.`)
  return new SyncError('app-unavailable', `${appName} did not answer the sign-in.`)
}

function refusalOf(appName: string, error: string): SyncError {
  if (error === 'invalid_grant') return new GrantEnded(appName)
  if (error === 'access_denied') return new SyncError('not-allowed', `The sign-in to ${appName} was declined there.`)
  if (['invalid_client', 'unauthorized_client', 'invalid_client_id', 'invalid_client_credentials'].includes(error))
    return new SyncError('auth-expired', `${appName} does not accept this client id with this client secret.`)
  if (error === 'invalid_scope')
    return new SyncError('not-allowed', `The client in ${appName} is not set up for the rights Tidebook asks for.`)
  if (error === 'temporarily_unavailable' || error === 'server_error')
    return new SyncError('app-unavailable', `${appName} cannot sign anybody in right now.`)
  return new SyncError('bad-request', `${appName} refused the sign-in (${error.replaceAll(/[^\w-]/gu, '').slice(0, 40)}).`)
}

/** The status of the answer an error is about, where it is about one. */
function answerWithin(thrown: unknown): { readonly status: number } | undefined {
  const cause = thrown instanceof Error ? thrown.cause : undefined
  if (cause instanceof Response) return { status: cause.status }
  if (typeof cause === 'object' && cause !== null && 'status' in cause && typeof cause.status === 'number') return { status: cause.status }
  return undefined
}
