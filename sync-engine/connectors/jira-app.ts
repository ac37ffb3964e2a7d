import { z } from 'zod'
import { SyncError } from '../sync-error.ts'
import type { OAuthMethod, ReadyApp, TokenMethod } from './app.ts'
import { type RateRules, retryAfterMs } from './http-client.ts'
import { makeJiraConnector } from './jira.ts'
import { parseAnswer, readOk } from './jira-answers.ts'
import { jiraHookRegistrar } from './jira-hook-registrar.ts'
import { jiraHooks } from './jira-hooks.ts'
import { planJiraCalls } from './jira-plan.ts'

function basicAuth(user: string, password: string): string {
  const bytes = new TextEncoder().encode(`${user}:${password}`)
  return `Basic ${btoa(String.fromCharCode(...bytes))}`
}

const myselfShape = z.object({ accountId: z.string(), displayName: z.string().optional(), emailAddress: z.string().optional() })
const sitesShape = z.array(z.object({ id: z.string().min(1), url: z.string(), name: z.string() }))

const apiToken: TokenMethod = {
  kind: 'token',
  id: 'api-token',
  label: 'API token',
  fields: [
    { id: 'email', label: 'E-mail address', hint: 'The address you sign in to Jira with', isSecret: false },
    { id: 'token', label: 'API token', hint: 'Made in your Atlassian account under Security', isSecret: true },
  ],
  helpUrl: 'https://id.atlassian.com/manage-profile/security/api-tokens',
  headersOf: ({ email = '', token = '' }) => ({ authorization: basicAuth(email, token) }),
  accountOf: async ({ http, baseUrl, signal }) => {
    const answer = await readOk(http, { method: 'GET', path: '/rest/api/3/myself' }, signal)
    const me = parseAnswer(myselfShape, answer, 'GET /rest/api/3/myself')
    return { baseUrl, account: me.emailAddress ?? me.displayName ?? me.accountId, site: baseUrl }
  },
}

const ATLASSIAN = 'https://api.atlassian.com'

/** OAuth 2 (3LO): one sign-in may reach several sites; each answers below its cloud id. */
const threeLegged: OAuthMethod = {
  kind: 'oauth2',
  id: 'oauth',
  label: 'Sign in with Atlassian',
  clientFields: [
    { id: 'clientId', label: 'Client ID', hint: 'Of your OAuth 2.0 integration in the Atlassian developer console', isSecret: false },
    { id: 'clientSecret', label: 'Client secret', hint: 'From the same page, under Settings', isSecret: true },
  ],
  helpUrl: 'https://developer.atlassian.com/console/myapps/',
  scopes: [
    { id: 'read:jira-work', why: 'Read issues, projects and fields.', isWrite: false },
    { id: 'read:jira-user', why: 'Show people by their names.', isWrite: false },
    { id: 'write:jira-work', why: 'Send the changes you sync.', isWrite: true },
    { id: jiraHookRegistrar.scope, why: 'Be told when an issue changes, so that the next pull comes sooner.', isWrite: false },
    { id: 'offline_access', why: 'Stay signed in for scheduled pulls.', isWrite: false },
  ],
  endpoints: (baseUrl, isSandbox) =>
    isSandbox
      ? { authorize: `${baseUrl}/authorize`, token: `${baseUrl}/oauth/token` }
      : { authorize: 'https://auth.atlassian.com/authorize', token: 'https://auth.atlassian.com/oauth/token' },
  authorizeParams: { audience: 'api.atlassian.com', prompt: 'consent' },
  // A refresh token that is not used for 90 days ends.
  idleLifeMs: 90 * 24 * 3_600_000,
  headersOf: ({ accessToken }) => ({ authorization: `Bearer ${accessToken}` }),
  accountsOf: async ({ httpAt, baseUrl, isSandbox, signal }) => {
    const gateway = isSandbox ? baseUrl : ATLASSIAN
    const path = '/oauth/token/accessible-resources'
    const sites = parseAnswer(sitesShape, await readOk(httpAt(gateway), { method: 'GET', path }, signal), `GET ${path}`)
    if (sites.length === 0) throw new SyncError('not-allowed', 'This sign-in reaches no Jira site.')
    return Promise.all(
      sites.map(async ({ id, url, name }) => {
        const siteUrl = `${gateway}/ex/jira/${encodeURIComponent(id)}`
        const answer = await readOk(httpAt(siteUrl), { method: 'GET', path: '/rest/api/3/myself' }, signal)
        const me = parseAnswer(myselfShape, answer, 'GET /rest/api/3/myself')
        return { baseUrl: siteUrl, account: `${me.emailAddress ?? me.displayName ?? me.accountId} (${name})`, site: url, ids: { site: id } }
      }),
    )
  },
}

/** A typed address of a site → its base address: `acme`, `acme.atlassian.net` and `https://acme.atlassian.net/jira/…` are one. */
function jiraBaseUrl(input: string): { readonly baseUrl: string } | { readonly problem: string } {
  const text = input.trim()
  if (text === '') return { problem: 'Enter the address of your Jira site, like https://your-site.atlassian.net.' }
  const full = /^[a-z][a-z0-9+.-]*:\/\//iu.test(text)
    ? text
    : /^[a-z0-9-]+$/iu.test(text)
      ? `https://${text}.atlassian.net`
      : `https://${text}`
  if (!URL.canParse(full)) return { problem: `${text} is not a web address.` }
  const url = new URL(full)
  if (url.username !== '' || url.password !== '') return { problem: 'The address must not hold a name or password.' }
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return { problem: 'The address must begin with https://.' }
  if (/\.atlassian\.net$/iu.test(url.hostname)) return { baseUrl: `https://${url.host}` }
  // A stand-in or a proxy may answer below a path.
  return { baseUrl: `${url.origin}${url.pathname.replace(/\/+$/u, '')}` }
}

/** Jira names which of its limits was met: one endpoint's burst, the writes to one issue, or the quota of the whole credential. */
const jiraRates: RateRules = {
  news: ({ status, headers }, _call, nowMs) => {
    if (status !== 429) return undefined
    const reason = headers.get('ratelimit-reason')?.trim()
    const waitMs = retryAfterMs(headers, nowMs)
    const holds = reason === 'jira-burst-based' ? 'endpoint' : reason === 'jira-per-issue-on-write' ? 'path' : 'credential'
    return { kind: 'turned-away', holds, ...(waitMs !== undefined && { waitMs }), ...(reason && { reason }) }
  },
}

export const jiraApp: ReadyApp = {
  kind: 'ready',
  id: 'jira',
  name: 'Jira',
  objects: [{ id: 'issues', name: 'Issues' }],
  auth: [threeLegged, apiToken],
  addressHint: 'https://your-site.atlassian.net',
  limits: { name: 'Projects', hint: 'Keys of projects, for instance TB', normalise: (text) => text.toUpperCase() },
  baseUrlOf: jiraBaseUrl,
  pace: { burst: 100, perSecond: 25 },
  rates: jiraRates,
  planCalls: planJiraCalls,
  makeConnector: ({ http, limitedTo, description }) =>
    makeJiraConnector({ http, object: 'issues', ...(limitedTo && { projectKeys: limitedTo }), ...(description && { description }) }),
  hooks: jiraHooks,
  hookRegistrar: jiraHookRegistrar,
  sandbox: {
    path: '/sandbox/jira',
    method: 'api-token',
    credentialsOf: ({ email = '', apiToken: token = '' }) => ({ email, token }),
    clientOf: ({ clientId = '', clientSecret = '' }) => ({ clientId, clientSecret }),
  },
}
