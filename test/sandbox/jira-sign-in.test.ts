import { createHash, createHmac } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { World } from './world.ts'

const VERIFIER = 'a-verifier-that-is-long-enough-to-be-one-of-RFC-7636'
const CHALLENGE = createHash('sha256').update(VERIFIER).digest('base64url')
const BACK = 'http://localhost:9/back'

const asked = (world: World, more: Record<string, string> = {}): URLSearchParams =>
  new URLSearchParams({
    audience: 'api.atlassian.com',
    client_id: world.sandbox.credentials('jira').clientId,
    scope: 'read:jira-work write:jira-work read:jira-user manage:jira-webhook offline_access',
    redirect_uri: BACK,
    state: 'the-state',
    response_type: 'code',
    code_challenge: CHALLENGE,
    code_challenge_method: 'S256',
    ...more,
  })

async function codeOf(world: World, more: Record<string, string> = {}): Promise<string> {
  const body = asked(world, { decision: 'allow', ...more })
  const answer = await fetch(`${world.origin}/sandbox/jira/authorize`, { method: 'POST', body, redirect: 'manual' })
  return new URL(answer.headers.get('location') ?? 'none:').searchParams.get('code') ?? ''
}

async function token(world: World, form: Record<string, string>) {
  const { clientId, clientSecret } = world.sandbox.credentials('jira')
  const body = new URLSearchParams({ client_id: clientId, client_secret: clientSecret, redirect_uri: BACK, ...form })
  const answer = await fetch(`${world.origin}/sandbox/jira/oauth/token`, { method: 'POST', body })
  return { status: answer.status, json: (await answer.json()) as Record<string, string> }
}

const signedIn = async (world: World, more: Record<string, string> = {}) =>
  (await token(world, { grant_type: 'authorization_code', code: await codeOf(world, more), code_verifier: VERIFIER })).json

const gateway = async (world: World, bearer: string, path: string, init: RequestInit = {}) => {
  const headers = { authorization: `Bearer ${bearer}`, ...(init.body ? { 'content-type': 'application/json' } : {}) }
  const sites = await fetch(`${world.origin}/sandbox/jira/oauth/token/accessible-resources`, { headers })
  const [site] = sites.ok ? ((await sites.json()) as { id: string }[]) : []
  const answer = await fetch(`${world.origin}/sandbox/jira/ex/jira/${site?.id ?? 'x'}/rest/api/3${path}`, { ...init, headers })
  const text = await answer.text()
  return { status: answer.status, json: text === '' ? undefined : JSON.parse(text) }
}

describe('the sign-in of the stand-in Jira', () => {
  test('[JI11] a person is asked, and what they say goes back with the state', async () => {
    await using world = await World.fresh()
    const page = await fetch(`${world.origin}/sandbox/jira/authorize?${asked(world)}`)
    expect(page.status).toBe(200)
    expect(page.headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
    expect(await page.text()).toContain('Create and manage issues')
    const denied = await fetch(`${world.origin}/sandbox/jira/authorize`, {
      method: 'POST',
      body: asked(world, { decision: 'deny' }),
      redirect: 'manual',
    })
    expect(denied.headers.get('location')).toBe(
      `${BACK}?error=access_denied&error_description=User+did+not+authorize+the+request&state=the-state`,
    )
    const foreign = await fetch(`${world.origin}/sandbox/jira/authorize`, {
      method: 'POST',
      body: asked(world, { decision: 'allow' }),
      headers: { origin: 'https://evil.example' },
      redirect: 'manual',
    })
    expect(foreign.status).toBe(403)
  })

  test.each([
    [{ client_id: 'another' }, 400],
    [{ redirect_uri: 'https://evil.example/back' }, 400],
    [{ redirect_uri: 'javascript:alert(1)' }, 400],
    [{ audience: 'another' }, 400],
    [{ state: '' }, 302],
    [{ scope: 'delete:everything' }, 302],
    [{ response_type: 'token' }, 302],
  ] as const)('[JI11] it gives no code for %j', async (more, status) => {
    await using world = await World.fresh()
    const answer = await fetch(`${world.origin}/sandbox/jira/authorize`, {
      method: 'POST',
      body: asked(world, { decision: 'allow', ...more }),
      redirect: 'manual',
    })
    expect(answer.status).toBe(status)
    expect(answer.headers.get('location') ?? '').not.toContain('code=')
  })

  test('[JI11] a code is used once, with its verifier, its address and the client’s secret', async () => {
    await using world = await World.fresh()
    const grant = { grant_type: 'authorization_code', code_verifier: VERIFIER }
    const wrongs = [
      { ...grant, code_verifier: 'another-verifier-that-is-long-enough-to-be-one-too' },
      { grant_type: 'authorization_code' },
      { ...grant, redirect_uri: 'http://localhost:9/other' },
      { ...grant, client_secret: 'wrong' },
    ]
    for (const wrong of wrongs) {
      const code = await codeOf(world)
      expect((await token(world, { ...wrong, code })).status, JSON.stringify(wrong)).toBeGreaterThanOrEqual(401)
    }
    const code = await codeOf(world)
    expect((await token(world, { ...grant, code })).json).toMatchObject({ token_type: 'Bearer', expires_in: 3600 })
    expect((await token(world, { ...grant, code })).json).toMatchObject({ error: 'invalid_grant' })
  })

  test('[JI12] a refresh token is spent by its use, and replaying it is refused', async () => {
    await using world = await World.fresh()
    const first = await signedIn(world)
    const refresh = (refreshToken = '') => token(world, { grant_type: 'refresh_token', refresh_token: refreshToken })
    const second = await refresh(first.refresh_token)
    expect(second.json.refresh_token).not.toBe(first.refresh_token)
    expect(await refresh(first.refresh_token)).toMatchObject({ status: 403, json: { error: 'invalid_grant' } })
    expect((await refresh(second.json.refresh_token)).status).toBe(200)
    const without = await signedIn(world, { scope: 'read:jira-work' })
    expect(without.refresh_token).toBeUndefined()
  })

  test('[JI12] an access token ends by the clock and by the dial, and opens the gateway for its scopes alone', async () => {
    await using world = await World.fresh()
    const { access_token: all = '', refresh_token: again = '' } = await signedIn(world)
    const { access_token: reading = '' } = await signedIn(world, { scope: 'read:jira-work read:jira-user' })
    expect((await gateway(world, all, '/issue/TB-1?fields=summary')).json.self).toContain('/ex/jira/')
    const edit = { method: 'PUT', body: JSON.stringify({ fields: { summary: 'x' } }) }
    expect((await gateway(world, reading, '/issue/TB-1', edit)).json).toEqual({ code: 401, message: 'Unauthorized; scope does not match' })
    expect((await gateway(world, all, '/issue/TB-1', edit)).status).toBe(204)
    const site = await fetch(`${world.origin}/sandbox/jira/rest/api/3/issue/TB-1`, { headers: { authorization: `Bearer ${all}` } })
    expect(site.status).toBe(401)
    await world.control({ app: 'jira', endTokens: 'access' })
    expect((await gateway(world, all, '/myself')).status).toBe(401)
    const fresh = await token(world, { grant_type: 'refresh_token', refresh_token: again })
    expect((await gateway(world, fresh.json.access_token ?? '', '/myself')).status).toBe(200)
    await world.control({ app: 'jira', endTokens: 'grants' })
    expect((await token(world, { grant_type: 'refresh_token', refresh_token: fresh.json.refresh_token ?? '' })).json.error).toBe(
      'invalid_grant',
    )
  })

  test('[JI12] of tokens only fingerprints are kept, and no log holds a secret', async () => {
    await using world = await World.fresh()
    const { access_token: access = '', refresh_token: refresh = '' } = await signedIn(world)
    const { clientSecret } = world.sandbox.credentials('jira')
    const folder = join(world.folder, 'jira')
    for (const name of ['tokens.json', 'requests.jsonl']) {
      const text = readFileSync(join(folder, name), 'utf8')
      for (const secret of [access, refresh, clientSecret]) expect(text.includes(secret), name).toBe(false)
    }
    for (const name of ['tokens.json', 'credentials.json', 'webhooks.json']) expect(statSync(join(folder, name)).mode & 0o077, name).toBe(0)
  })

  test('[JI13] a webhook of the app is signed as the client, one of an administrator with its own secret', async () => {
    await using world = await World.fresh()
    const got: { headers: IncomingHttpHeaders; body: string }[] = []
    const receiver = createServer((request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => {
        got.push({ headers: request.headers, body: Buffer.concat(chunks).toString() })
        response.writeHead(204).end()
      })
    })
    await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`
    const { access_token: access = '' } = await signedIn(world)
    const made = await gateway(world, access, '/webhook', {
      method: 'POST',
      body: JSON.stringify({ url, webhooks: [{ jqlFilter: 'project = TB', events: ['jira:issue_updated'] }] }),
    })
    expect(made.json).toMatchObject({ webhookRegistrationResult: [{ createdWebhookId: expect.any(Number) }] })
    expect((await world.jira('GET', '/webhook')).status).toBe(403)
    const elsewhere = { url: 'https://evil.example/hook', webhooks: [{ jqlFilter: 'project = TB', events: ['jira:issue_updated'] }] }
    expect((await gateway(world, access, '/webhook', { method: 'POST', body: JSON.stringify(elsewhere) })).status).toBe(400)
    await world.control({ app: 'jira', webhooks: [{ url, secret: 'of-the-administrator' }] })
    await world.jira('PUT', '/issue/TB-1', { fields: { summary: 'Told to both' } })
    await expect.poll(() => got.length).toBe(2)
    const byApp = got.find(({ headers }) => headers.authorization !== undefined)
    const byAdmin = got.find(({ headers }) => headers['x-hub-signature'] !== undefined)
    const { clientSecret } = world.sandbox.credentials('jira')
    const [head = '', claims = '', signature = ''] = (byApp?.headers.authorization ?? '').replace('Bearer ', '').split('.')
    expect(signature).toBe(createHmac('sha256', clientSecret).update(`${head}.${claims}`).digest('base64url'))
    expect(byAdmin?.headers['x-hub-signature']).toBe(
      `sha256=${createHmac('sha256', 'of-the-administrator')
        .update(byAdmin?.body ?? '')
        .digest('hex')}`,
    )
    expect(JSON.parse(byAdmin?.body ?? '{}')).toMatchObject({
      webhookEvent: 'jira:issue_updated',
      issue: { key: 'TB-1', fields: { summary: 'Told to both' } },
    })
    // What apps keep with an issue is no event, and an issue of the other project is not asked about.
    await world.jira('PUT', '/issue/TB-1/properties/x', { a: 1 })
    await gateway(world, access, '/webhook', {
      method: 'DELETE',
      body: JSON.stringify({ webhookIds: [made.json.webhookRegistrationResult[0].createdWebhookId] }),
    })
    expect((await gateway(world, access, '/webhook')).json.values).toEqual([])
    await world.control({ app: 'jira', webhooks: [] })
    await world.jira('PUT', '/issue/TB-1', { fields: { summary: 'Told to nobody' } })
    await world.stop()
    expect(got).toHaveLength(2)
    receiver.closeAllConnections()
    await new Promise((resolve) => receiver.close(resolve))
  })
})
