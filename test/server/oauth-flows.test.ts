import { expect, test } from 'vitest'
import { OAuthFlows, type SignedIn, type SignIn } from '../../server/oauth-flows.ts'
import type { Account, OAuthMethod } from '../../sync-engine/connectors/app.ts'
import { jiraApp } from '../../sync-engine/connectors/jira-app.ts'

const [method] = jiraApp.auth.filter((one): one is OAuthMethod => one.kind === 'oauth2')
const SITES: readonly Account[] = [
  { baseUrl: 'https://api.atlassian.com/ex/jira/1', account: 'dana', site: 'https://acme.atlassian.net' },
  { baseUrl: 'https://api.atlassian.com/ex/jira/2', account: 'dana', site: 'https://other.atlassian.net' },
]

function world(sites: readonly Account[]) {
  const kept: SignedIn[] = []
  const faults: unknown[] = []
  const asked: URLSearchParams[] = []
  const flows = new OAuthFlows({
    fetch: async (_url, init) => {
      asked.push(new URLSearchParams(String(init?.body)))
      return Response.json({ access_token: 'a', refresh_token: 'r', expires_in: 3600, token_type: 'Bearer' })
    },
    now: () => 0,
    accountsOf: async () => sites,
    keep: async (signedIn) => {
      kept.push(signedIn)
      return 'made'
    },
    onFault: (error) => faults.push(error),
  })
  const signIn = (site?: string): SignIn => {
    if (method === undefined) throw new Error('Jira signs in by OAuth')
    return {
      app: jiraApp,
      method,
      name: 'Jira',
      baseUrl: '',
      site,
      isSandbox: false,
      client: { clientId: 'c', clientSecret: 's' },
      device: 'd1',
      actor: 'ann',
      origin: 'http://127.0.0.1:3000',
    }
  }
  const through = async (site?: string, more: Record<string, string> = {}): Promise<string> => {
    const state = new URL(await flows.begin(signIn(site))).searchParams.get('state') ?? ''
    return flows.finish(new URLSearchParams({ code: 'the-code', state, ...more }), 'd1')
  }
  const problem = (next: string) => flows.problemOf(next.split('authorization=')[1] ?? '', 'd1')
  return { flows, kept, asked, faults, signIn, through, problem }
}

test('[AU5] of several sites that consented the one whose address was entered is taken, and none by chance', async () => {
  const it = world(SITES)
  expect(await it.through('https://other.atlassian.net')).toBe('/settings/integrations/made')
  expect(it.kept.map(({ account }) => account.site)).toEqual(['https://other.atlassian.net'])
  expect(it.problem(await it.through())).toMatchObject({
    code: 'bad-request',
    message: expect.stringContaining('acme.atlassian.net, https://other'),
  })
  expect(it.problem(await it.through('https://third.atlassian.net'))).toMatchObject({
    message: expect.stringContaining('does not reach https://third'),
  })
  expect(it.kept).toHaveLength(1)
  expect(await world(SITES.slice(0, 1)).through()).toBe('/settings/integrations/made')
  expect(world([]).kept).toEqual([])
})

test('[AU5] the code goes with the verifier of its challenge and the address it came back to, to the app’s own server', async () => {
  const it = world(SITES.slice(0, 1))
  const url = new URL(await it.flows.begin(it.signIn()))
  expect(`${url.origin}${url.pathname}`).toBe('https://auth.atlassian.com/authorize')
  const state = url.searchParams.get('state') ?? ''
  // Whatever name the answer gives itself, the code goes where the attempt began.
  await it.flows.finish(new URLSearchParams({ code: 'the-code', state, iss: 'https://evil.example' }), 'd1')
  const [form] = it.asked
  expect(form?.get('code')).toBe('the-code')
  expect(form?.get('redirect_uri')).toBe('http://127.0.0.1:3000/oauth/callback')
  const hashed = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(form?.get('code_verifier') ?? ''))
  expect(Buffer.from(hashed).toString('base64url')).toBe(url.searchParams.get('code_challenge'))
})

test('[AU6] an answer that names its state twice, or an error with it, brings nothing and uses the state up', async () => {
  const it = world(SITES.slice(0, 1))
  const state = new URL(await it.flows.begin(it.signIn())).searchParams.get('state') ?? ''
  const doubled = new URLSearchParams([
    ['code', 'a'],
    ['code', 'b'],
    ['state', state],
  ])
  expect(it.problem(await it.flows.finish(doubled, 'd1'))).toBeDefined()
  expect(it.problem(await it.flows.finish(new URLSearchParams({ code: 'a', state }), 'd1'))).toMatchObject({ code: 'not-found' })
  expect(it.problem(await it.through(undefined, { error: 'access_denied' }))).toMatchObject({ code: 'not-allowed' })
  expect(it.kept).toEqual([])
  expect(it.faults).toEqual([])
})

test('[AU6] a hundred sign-ins may be under way, and no more', async () => {
  const it = world(SITES)
  for (let i = 0; i < 100; i++) await it.flows.begin(it.signIn())
  await expect(it.flows.begin(it.signIn())).rejects.toMatchObject({ code: 'rate-limited' })
})
