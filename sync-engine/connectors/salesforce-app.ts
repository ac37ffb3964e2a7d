import { z } from 'zod'
import { SyncError } from '../sync-error.ts'
import type { Account, OAuthMethod, ReadyApp, TokenMethod } from './app.ts'
import type { HttpClient, LimitNews, RateRules } from './http-client.ts'
import { makeSalesforceConnector } from './salesforce.ts'
import { errorsOf, parseAnswer, readOk } from './salesforce-answers.ts'
import { discoverSalesforceObjects, KNOWN_OBJECTS } from './salesforce-describe.ts'
import { planSalesforceCalls } from './salesforce-plan.ts'

const userShape = z.object({
  organization_id: z.string(),
  preferred_username: z.string().optional(),
  name: z.string().optional(),
  email: z.string().optional(),
})

async function accountAt(http: HttpClient, baseUrl: string, signal: AbortSignal): Promise<Account> {
  const path = '/services/oauth2/userinfo'
  const user = parseAnswer(userShape, await readOk(http, { method: 'GET', path }, signal), `GET ${path}`)
  const account = user.preferred_username ?? user.email ?? user.name ?? user.organization_id
  return { baseUrl, account, site: baseUrl, ids: { org: user.organization_id } }
}

const LOGIN = 'https://login.salesforce.com'

/** OAuth 2 (web server flow): the answer names the org's own address, and never how long the session lasts. */
const oauth: OAuthMethod = {
  kind: 'oauth2',
  id: 'oauth',
  label: 'Sign in with Salesforce',
  clientFields: [
    { id: 'clientId', label: 'Consumer key', hint: 'Of your connected app, under Manage Consumer Details', isSecret: false },
    { id: 'clientSecret', label: 'Consumer secret', hint: 'From the same page', isSecret: true },
  ],
  helpUrl: 'https://help.salesforce.com/s/articleView?id=sf.connected_app_create.htm',
  scopes: [
    { id: 'api', why: 'Read the records you connect, and send the changes you sync.', isWrite: true },
    { id: 'refresh_token', why: 'Stay signed in for scheduled pulls.', isWrite: false },
  ],
  endpoints: (baseUrl) => {
    const at = `${baseUrl === '' ? LOGIN : baseUrl}/services/oauth2`
    return { authorize: `${at}/authorize`, token: `${at}/token`, revoke: `${at}/revoke` }
  },
  headersOf: ({ accessToken }) => ({ authorization: `Bearer ${accessToken}` }),
  accountsOf: async ({ tokens, httpAt, baseUrl, isSandbox, signal }) => {
    const instance = tokens.extra.instance_url
    const problem = typeof instance === 'string' ? instanceProblem(instance, isSandbox ? baseUrl : undefined) : 'it named none'
    if (typeof instance !== 'string' || problem !== undefined) {
      throw new SyncError('bad-answer', `Salesforce's sign-in named no address of an org that can be used: ${problem}.`)
    }
    return [await accountAt(httpAt(instance), instance, signal)]
  },
}

/** Why an address cannot be that of an org. Only Salesforce's own hosts are ever called with its tokens; in the sandbox only itself. */
function instanceProblem(instance: string, sandbox: string | undefined): string | undefined {
  if (sandbox !== undefined) return instance === sandbox ? undefined : `${instance} is not the sandbox`
  if (!URL.canParse(instance)) return `${instance} is no web address`
  const { protocol, hostname, username, port } = new URL(instance)
  const isTheirs = /(^|\.)(salesforce\.com|force\.com|salesforce\.mil|cloudforce\.com)$/iu.test(hostname)
  return protocol === 'https:' && username === '' && port === '' && isTheirs ? undefined : `${hostname} is not Salesforce's`
}

/** A session somebody already has: what the sandbox hands out, and what scripts of an org may use while it lasts. */
const session: TokenMethod = {
  kind: 'token',
  id: 'session',
  label: 'Access token',
  fields: [{ id: 'token', label: 'Access token', hint: 'Of a session of your org; it lasts as long as the org says', isSecret: true }],
  helpUrl: 'https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/quickstart_oauth.htm',
  headersOf: ({ token = '' }) => ({ authorization: `Bearer ${token}` }),
  accountOf: ({ http, baseUrl, signal }) => accountAt(http, baseUrl, signal),
}

/** A typed address of an org → its base address: `acme`, `acme.my.salesforce.com` and the address of any of its pages are one. */
export function salesforceBaseUrl(input: string): { readonly baseUrl: string } | { readonly problem: string } {
  const text = input.trim()
  if (text === '') return { baseUrl: LOGIN }
  const full = /^[a-z][a-z0-9+.-]*:\/\//iu.test(text)
    ? text
    : /^[a-z0-9-]+(--[a-z0-9]+)?$/iu.test(text)
      ? `https://${text}.my.salesforce.com`
      : `https://${text}`
  if (!URL.canParse(full)) return { problem: `${text} is not a web address.` }
  const url = new URL(full)
  if (url.username !== '' || url.password !== '') return { problem: 'The address must not hold a name or password.' }
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return { problem: 'The address must begin with https://.' }
  // What a person sees in the browser is the org's screen; its API answers under My Domain.
  const lightning = /^(.+?)\.lightning\.force\.com$/iu.exec(url.hostname)
  if (lightning?.[1] !== undefined) return { baseUrl: `https://${lightning[1]}.my.salesforce.com` }
  if (/(^|\.)(salesforce\.com|force\.com)$/iu.test(url.hostname)) return { baseUrl: `https://${url.host}` }
  // A stand-in or a proxy may answer below a path.
  return { baseUrl: `${url.origin}${url.pathname.replace(/\/+$/u, '')}` }
}

/** A day's calls are counted by the org, told with every answer, and refused without a word on when they come back. */
const rates: RateRules = {
  news: (answer): LimitNews | undefined => {
    const told = /api-usage=(\d+)\/(\d+)/u.exec(answer.headers.get('sforce-limit-info') ?? '')
    const usage = told ? { used: Number(told[1]), limit: Number(told[2]) } : undefined
    const error = answer.status === 403 ? errorsOf(answer.json).find(({ errorCode }) => errorCode === 'REQUEST_LIMIT_EXCEEDED') : undefined
    if (!error) return usage && { kind: 'told', usage }
    if (/concurrent/iu.test(error.message)) {
      return { kind: 'turned-away', waitMs: 5000, reason: 'too many long calls of this org at once', ...(usage && { usage }) }
    }
    const calls = usage ? `all ${usage.limit.toLocaleString('en')} calls of this org` : 'all calls of this org'
    const reason = `${calls} for 24 hours are used; it does not say when there will be more, so nothing is asked until the next sync`
    return { kind: 'exhausted', reason, ...(usage && { usage }) }
  },
}

export const salesforceApp: ReadyApp = {
  kind: 'ready',
  id: 'salesforce',
  name: 'Salesforce',
  objects: KNOWN_OBJECTS,
  discoverObjects: discoverSalesforceObjects,
  auth: [oauth, session],
  addressHint: 'https://your-company.my.salesforce.com',
  baseUrlOf: salesforceBaseUrl,
  pace: { burst: 50, perSecond: 20 },
  rates,
  planCalls: planSalesforceCalls,
  makeConnector: ({ http, object, description }) => makeSalesforceConnector({ http, object, ...(description && { description }) }),
  sandbox: {
    path: '/sandbox/salesforce',
    method: 'session',
    credentialsOf: ({ accessToken = '' }) => ({ token: accessToken }),
    clientOf: ({ clientId = '', clientSecret = '' }) => ({ clientId, clientSecret }),
  },
}
