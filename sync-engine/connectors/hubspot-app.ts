import { z } from 'zod'
import { SyncError } from '../sync-error.ts'
import type { Account, OAuthMethod, ReadyApp, TokenMethod } from './app.ts'
import type { HttpAnswer, HttpCall, HttpClient, LimitNews } from './http-client.ts'
import { makeHubSpotConnector } from './hubspot.ts'
import { accountShape, errorShape, parseAnswer, readOk } from './hubspot-answers.ts'
import { discoverHubObjects, HUB_OBJECTS } from './hubspot-describe.ts'
import { hubSpotHooks } from './hubspot-hooks.ts'
import { planHubSpotCalls } from './hubspot-plan.ts'

const API = 'https://api.hubapi.com'

async function accountOf(http: HttpClient, baseUrl: string, signal: AbortSignal): Promise<Account> {
  const path = '/account-info/v3/details'
  const { portalId } = parseAnswer(accountShape, await readOk(http, { method: 'GET', path }, signal), `GET ${path}`)
  return { baseUrl, account: `Account ${portalId}`, ids: { portal: String(portalId) } }
}

const privateApp: TokenMethod = {
  kind: 'token',
  id: 'private-app',
  label: 'Private app token',
  fields: [{ id: 'token', label: 'Access token', hint: 'Of your private app in HubSpot, beginning with pat-', isSecret: true }],
  helpUrl: 'https://developers.hubspot.com/docs/apps/legacy-apps/private-apps/overview',
  headersOf: ({ token = '' }) => ({ authorization: `Bearer ${token}` }),
  accountOf: ({ http, baseUrl, signal }) => accountOf(http, baseUrl, signal),
}

const statusShape = z.object({ status: z.string() })
/** HubSpot's words at its token endpoint → OAuth's. */
const OAUTH_ERRORS: Readonly<Record<string, string>> = {
  BAD_REFRESH_TOKEN: 'invalid_grant',
  BAD_AUTH_CODE: 'invalid_grant',
  BAD_CLIENT_ID: 'invalid_client',
  BAD_CLIENT_SECRET: 'invalid_client',
}

const oauth: OAuthMethod = {
  kind: 'oauth2',
  id: 'oauth',
  label: 'Sign in with HubSpot',
  clientFields: [
    { id: 'clientId', label: 'Client ID', hint: 'Of your app in HubSpot, under Auth', isSecret: false },
    { id: 'clientSecret', label: 'Client secret', hint: 'From the same page', isSecret: true },
  ],
  helpUrl: 'https://app.hubspot.com/developer-overview',
  scopes: [
    { id: 'oauth', why: 'Sign in at all.', isWrite: false },
    { id: 'crm.objects.companies.read', why: 'Read companies and their properties.', isWrite: false },
    { id: 'crm.objects.contacts.read', why: 'Read contacts and their properties.', isWrite: false },
    { id: 'crm.objects.deals.read', why: 'Read deals, their properties and stages.', isWrite: false },
    { id: 'crm.objects.owners.read', why: 'Show people by their names.', isWrite: false },
    { id: 'crm.schemas.custom.read', why: 'Find your custom objects.', isWrite: false },
    { id: 'crm.objects.custom.read', why: 'Read the records of your custom objects.', isWrite: false },
    { id: 'crm.objects.companies.write', why: 'Send the changes you sync to companies.', isWrite: true },
    { id: 'crm.objects.contacts.write', why: 'Send the changes you sync to contacts.', isWrite: true },
    { id: 'crm.objects.deals.write', why: 'Send the changes you sync to deals.', isWrite: true },
    { id: 'crm.objects.custom.write', why: 'Send the changes you sync to custom objects.', isWrite: true },
    { id: 'tickets', why: 'Read tickets and send the changes you sync to them.', isWrite: true },
  ],
  endpoints: (baseUrl, isSandbox) => ({
    authorize: isSandbox ? `${baseUrl}/oauth/authorize` : 'https://app.hubspot.com/oauth/authorize',
    token: `${isSandbox ? baseUrl : API}/oauth/v1/token`,
  }),
  errorOf: (body) => OAUTH_ERRORS[statusShape.safeParse(body).data?.status ?? ''],
  // An access token is good for half an hour, and HubSpot asks not to wait for a 401.
  refreshEarlyMs: 120_000,
  headersOf: ({ accessToken }) => ({ authorization: `Bearer ${accessToken}` }),
  accountsOf: async ({ httpAt, baseUrl, isSandbox, signal }) => {
    const at = isSandbox ? baseUrl : API
    return [await accountOf(httpAt(at), at, signal)]
  },
}

/** HubSpot has one address for everybody; another one is a proxy's or a stand-in's. */
function hubSpotBaseUrl(input: string): { readonly baseUrl: string } | { readonly problem: string } {
  const text = input.trim()
  if (text === '') return { baseUrl: API }
  if (!URL.canParse(text)) return { problem: `${text} is not a web address.` }
  const url = new URL(text)
  if (url.username !== '' || url.password !== '') return { problem: 'The address must not hold a name or password.' }
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return { problem: 'The address must begin with https://.' }
  if (/(^|\.)hubspot\.com$|(^|\.)hubapi\.com$/iu.test(url.hostname)) return { baseUrl: API }
  return { baseUrl: `${url.origin}${url.pathname.replace(/\/+$/u, '')}` }
}

/** Searches have a limit of their own, five in any second an account, and their answers say nothing of the others. */
const isSearch = ({ method, path }: HttpCall): boolean => method === 'POST' && /\/search(\?|$)/u.test(path)

/** What HubSpot's answers say of its limits: ten seconds, a second of searches, the day. */
function hubSpotNews(answer: HttpAnswer, call: HttpCall): LimitNews | undefined {
  const header = (name: string): number | undefined => {
    const text = answer.headers.get(`x-hubspot-ratelimit-${name}`)
    return text === null || text.trim() === '' ? undefined : Number(text)
  }
  const [daily, left] = [header('daily'), header('daily-remaining')]
  const usage = daily !== undefined && left !== undefined ? { used: daily - left, limit: daily } : undefined
  const windowMs = header('interval-milliseconds') ?? 10_000
  if (answer.status === 429) {
    const policy = errorShape.safeParse(answer.json).data?.policyName ?? ''
    if (/daily/iu.test(policy)) return { kind: 'exhausted', reason: 'the limit of the day is used up', ...(usage && { usage }) }
    const askedS = Number(answer.headers.get('retry-after') ?? Number.NaN)
    const isOfSearch = isSearch(call) && !/ten/iu.test(policy)
    const waitMs = Number.isFinite(askedS) ? askedS * 1000 : isOfSearch ? 1_000 : windowMs
    const reason = isOfSearch ? 'its limit of searches a second' : 'its limit of calls in ten seconds'
    return { kind: 'turned-away', waitMs, holds: isOfSearch ? 'endpoint' : 'credential', reason, ...(usage && { usage }) }
  }
  if (header('remaining') === 0) return { kind: 'used-up', waitMs: windowMs, ...(usage && { usage }) }
  return usage && { kind: 'told', usage }
}

export const hubSpotApp: ReadyApp = {
  kind: 'ready',
  id: 'hubspot',
  name: 'HubSpot',
  objects: HUB_OBJECTS.map(({ id, name }) => ({ id, name })),
  discoverObjects: discoverHubObjects,
  auth: [oauth, privateApp],
  baseUrlOf: hubSpotBaseUrl,
  // 190 in ten seconds at most; OAuth apps are held to 110 by what the answers say.
  pace: { burst: 90, perSecond: 10 },
  rates: { lanes: [{ id: 'search', takes: isSearch, burst: 1, perSecond: 4 }], news: hubSpotNews },
  planCalls: planHubSpotCalls,
  makeConnector: ({ http, object, description }) => {
    if (object === '') throw new SyncError('bad-request', 'A HubSpot connector needs an object.')
    return makeHubSpotConnector({ http, object, ...(description && { description }) })
  },
  hooks: hubSpotHooks,
  sandbox: {
    path: '/sandbox/hubspot',
    method: 'private-app',
    credentialsOf: ({ token = '' }) => ({ token }),
    clientOf: ({ clientId = '', clientSecret = '' }) => ({ clientId, clientSecret }),
  },
}
