import { createHash } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { AssociationTypes, Client, Signature } from '@hubspot/api-client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type HubSpotWorld, openHubSpot } from '../support/hubspot-world.ts'

// biome-ignore lint/suspicious/noExplicitAny: answers are compared whole or looked into by tests
type Json = any

const FIRST = 20_100_000_001
const idAt = (index: number): string => String(FIRST + index)
const AT = '/crm/v3/objects/companies'

interface Reply {
  readonly status: number
  readonly headers: Headers
  readonly json: Json
  readonly text: string
}

async function call(world: HubSpotWorld, method: string, path: string, body?: unknown, token?: string): Promise<Reply> {
  const headers: Record<string, string> = { authorization: `Bearer ${token ?? world.sandbox.credentials('hubspot').token}` }
  const isForm = body instanceof URLSearchParams
  if (body !== undefined) headers['content-type'] = isForm ? 'application/x-www-form-urlencoded' : 'application/json'
  const response = await fetch(`${world.baseUrl}${path}`, {
    method,
    headers,
    redirect: 'manual',
    ...(body !== undefined && { body: isForm ? body : JSON.stringify(body) }),
  })
  const text = await response.text()
  return { status: response.status, headers: response.headers, text, json: text.startsWith('{') ? JSON.parse(text) : undefined }
}

const companyNow = async (world: HubSpotWorld, index: number, ...properties: string[]): Promise<Record<string, string | null>> =>
  (await call(world, 'GET', `${AT}/${idAt(index)}?properties=${properties.join(',')}`)).json.properties

describe('the portal', () => {
  let world: HubSpotWorld
  beforeAll(async () => {
    world = await openHubSpot({ records: 24, indexDelayMs: 0 })
  })
  afterAll(() => world.stop())

  test('[HS1] a fresh portal holds records of each object; its credentials are random, private, and wanted', async () => {
    for (const [object, count] of [
      ['companies', 24],
      ['contacts', 24],
      ['deals', 24],
      ['tickets', 12],
      ['2-3453932', 12],
    ] as const) {
      const { json } = await call(world, 'POST', `/crm/v3/objects/${object}/search`, { limit: 1 })
      expect([object, json.total]).toEqual([object, count])
    }
    const { token, clientSecret } = world.sandbox.credentials('hubspot')
    expect(token).toMatch(/^pat-na1-[0-9a-f-]{36}$/)
    expect(clientSecret).not.toBe(token)
    const refused = await call(world, 'GET', AT, undefined, 'pat-na1-nobody')
    expect([refused.status, refused.json.category]).toEqual([401, 'INVALID_AUTHENTICATION'])
  })

  test.each([
    ['name', '  Acme \n Ltd ', 'Acme Ltd'],
    ['description', ' One\r\nTwo ', 'One\nTwo'],
    ['about_us_html', '<p onclick="x()">Hi<script>bad()</script></p>', '<p>Hi</p>'],
    ['domain', 'https://www.Acme.Example/about?x', 'acme.example'],
    ['phone', '+1 (415) 555-0100', '+14155550100'],
    ['phone', '555 0100', '555 0100'],
    ['numberofemployees', '10.0', '10'],
    ['numberofemployees', 12, '12'],
    ['is_partner', 'TRUE', 'true'],
    ['renewal_date', '2026-05-31', '2026-05-31'],
    ['renewal_date', String(Date.UTC(2026, 4, 31)), '2026-05-31'],
    ['onboarded_at', '2026-05-31T10:00:00+02:00', '2026-05-31T08:00:00.000Z'],
    ['regions', 'apac;emea', 'emea;apac'],
    ['tier', '', null],
  ])('[HS2] %s: %j is kept as %j', async (property, given, kept) => {
    expect((await call(world, 'PATCH', `${AT}/${idAt(0)}`, { properties: { [property]: given } })).status).toBe(200)
    expect((await companyNow(world, 0, property))[property]).toBe(kept)
  })

  test('[HS2] one more choice is added to those there, and a stage does not go back by a write', async () => {
    await call(world, 'PATCH', `${AT}/${idAt(1)}`, { properties: { regions: 'emea', lifecyclestage: 'customer' } })
    await call(world, 'PATCH', `${AT}/${idAt(1)}`, { properties: { regions: ';apac', lifecyclestage: 'lead' } })
    expect(await companyNow(world, 1, 'regions', 'lifecyclestage')).toMatchObject({ regions: 'emea;apac', lifecyclestage: 'customer' })
  })

  test.each([
    [{ tier: 'Gold' }, 'INVALID_OPTION', 'Gold was not one of the allowed options'],
    [{ numberofemployees: 'many' }, 'INVALID_NUMBER', 'many was not a valid number'],
    [{ renewal_date: '2026-05-31T03:00:00Z' }, 'INVALID_DATE', 'not midnight'],
    [{ renewal_date: '2026-02-30' }, 'INVALID_DATE', 'not a valid date'],
    [{ hs_object_id: '1' }, 'READ_ONLY_VALUE', 'read only'],
    [{ nothing: 'x' }, 'PROPERTY_DOESNT_EXIST', 'does not exist'],
    [{ hubspot_owner_id: '1' }, 'INVALID_OWNER_ID', 'not a valid owner'],
  ])('[HS3] %j is refused as %s, and with it the whole batch', async (properties, error, words) => {
    const before = (await companyNow(world, 2, 'city')).city
    const inputs = [
      { id: idAt(2), properties: { city: 'Elsewhere' } },
      { id: idAt(3), properties },
    ]
    const { status, json } = await call(world, 'POST', `${AT}/batch/update`, { inputs })
    expect([status, json.category]).toEqual([400, 'VALIDATION_ERROR'])
    expect(json.message).toContain(error)
    expect(json.message).toContain(words)
    expect((await companyNow(world, 2, 'city')).city).toBe(before)
  })

  test('[HS3] records that are not there are told beside those that were saved', async () => {
    const inputs = [
      { id: idAt(4), properties: { city: 'Lyon' }, objectWriteTraceId: 'a' },
      { id: '99', properties: { city: 'Lyon' }, objectWriteTraceId: 'b' },
    ]
    const { status, json } = await call(world, 'POST', `${AT}/batch/update`, { inputs })
    expect([status, json.numErrors, json.results[0].objectWriteTraceId]).toEqual([207, 1, 'a'])
    expect(json.errors[0]).toMatchObject({ category: 'OBJECT_NOT_FOUND', context: { ids: ['99'], objectWriteTraceId: ['b'] } })
  })

  test.each([
    ['batch/read', { inputs: Array.from({ length: 101 }, (_, i) => ({ id: String(i) })) }, 'maximum number of inputs'],
    ['batch/update', { inputs: [] }, 'at least one'],
    [
      'batch/update',
      {
        inputs: [
          { id: '1', properties: {} },
          { id: '1', properties: {} },
        ],
      },
      'Duplicate IDs',
    ],
    ['batch/upsert', { inputs: [{ id: 'a', idProperty: 'name', properties: {} }] }, 'not a unique property'],
    ['search', { limit: 201 }, 'between 0 and 200'],
    ['search', { limit: 100, after: '9950' }, '10,000'],
    ['search', { filterGroups: Array.from({ length: 6 }, () => ({ filters: [] })) }, 'too many filterGroups'],
    ['search', { filterGroups: [{ filters: [{ propertyName: 'nix', operator: 'HAS_PROPERTY' }] }] }, "'nix' does not exist"],
    ['search', { filterGroups: [{ filters: [{ propertyName: 'name', operator: 'LIKES', value: 'x' }] }] }, 'Invalid input JSON'],
  ])('[HS4] %s with %j is refused in words', async (path, body, words) => {
    const { status, json } = await call(world, 'POST', `${AT}/${path}`, body)
    expect([status, json.message]).toEqual([400, expect.stringContaining(words)])
  })

  test.each([
    ['EQ', { value: 'gold' }, (tier: string | null) => tier === 'gold'],
    ['EQ', { value: 'Gold' }, () => false],
    ['NEQ', { value: 'gold' }, (tier: string | null) => tier !== null && tier !== 'gold'],
    ['IN', { values: ['gold', 'silver'] }, (tier: string | null) => tier === 'gold' || tier === 'silver'],
    ['NOT_HAS_PROPERTY', {}, (tier: string | null) => tier === null],
  ] as const)('[HS5] a search by %s %j finds what it says', async (operator, rest, isWanted) => {
    const filterGroups = [{ filters: [{ propertyName: 'tier', operator, ...rest }] }]
    const found = await call(world, 'POST', `${AT}/search`, { filterGroups, properties: ['tier'], limit: 100 })
    const all = await call(world, 'POST', `${AT}/search`, { properties: ['tier'], limit: 100 })
    const ids = (list: Json[]): string[] => list.map(({ id }) => id).sort()
    expect(ids(found.json.results)).toEqual(ids(all.json.results.filter(({ properties }: Json) => isWanted(properties.tier))))
  })

  test.each([
    ['north*', 1],
    ['*thw*d', 1],
    ['n*w*d', 1],
    ['northwind', 1],
    ['*wind*s', 0],
    ['wind', 0],
    ['*', 24],
    [`${'*a'.repeat(200)}*`, 1],
  ])('[HS5] a word like %s is in %i names', async (value, count) => {
    const filterGroups = [{ filters: [{ propertyName: 'name', operator: 'CONTAINS_TOKEN', value }] }]
    await call(world, 'PATCH', `${AT}/${idAt(5)}`, { properties: { name: 'a'.repeat(5_000) } })
    await call(world, 'PATCH', `${AT}/${idAt(0)}`, { properties: { name: 'Northwind Traders' } })
    expect((await call(world, 'POST', `${AT}/search`, { filterGroups })).json.total).toBe(count)
  })

  test('[HS6] the dated line of the API answers as the older one does', async () => {
    const old = await call(world, 'GET', `${AT}?limit=2`)
    const dated = await call(world, 'GET', '/crm/objects/2026-03/companies?limit=2')
    expect(dated.json.results).toEqual(old.json.results)
    expect((await call(world, 'GET', '/crm/properties/2026-03/companies')).json.results.length).toBeGreaterThan(20)
  })

  test.each([
    ['GET', '/crm/v3/objects/unknown', 400, 'Unable to infer object type'],
    ['GET', '/crm/v3/nowhere/at/all/here', 404, 'HTTP ERROR 404'],
    ['PUT', AT, 405, '405'],
    ['GET', `${AT}/1`, 404, 'resource not found'],
  ])('[HS4] %s %s answers %i', async (method, path, status, words) => {
    const reply = await call(world, method, path)
    expect([reply.status, reply.text]).toEqual([status, expect.stringContaining(words)])
  })
})

describe('time, limits and faults', () => {
  test('[HS7] a search lags behind, a read by id does not; answers carry the portal’s clock', async () => {
    await using world = await openHubSpot({ records: 6, indexDelayMs: 4_000 })
    await call(world, 'PATCH', `${AT}/${idAt(0)}`, { properties: { name: 'Quokka' } })
    const find = async (): Promise<number> => (await call(world, 'POST', `${AT}/search`, { query: 'quok' })).json.total
    expect([(await companyNow(world, 0, 'name')).name, await find()]).toEqual(['Quokka', 0])
    world.advance(4_000)
    expect(await find()).toBe(1)
    await world.control({ clockSkewMs: 3_600_000 })
    const { headers } = await call(world, 'GET', AT)
    expect(Date.parse(headers.get('date') ?? '')).toBe(world.clock.now() + 3_600_000)
  })

  test('[HS8] ten seconds, a second of searches and a day have their limits; a search says nothing of them', async () => {
    await using world = await openHubSpot({ records: 4 })
    await world.control({
      limits: { burst: { max: 3, windowMs: 10_000 }, search: { max: 2, windowMs: 1_000 }, daily: { max: 7, windowMs: 86_400_000 } },
    })
    const search = () => call(world, 'POST', `${AT}/search`, {})
    const first = await call(world, 'GET', AT)
    expect([first.headers.get('x-hubspot-ratelimit-max'), first.headers.get('x-hubspot-ratelimit-remaining')]).toEqual(['3', '2'])
    expect(first.headers.get('x-hubspot-ratelimit-daily-remaining')).toBe('6')
    const searches = [await search(), await search(), await search()]
    expect(searches.map(({ status }) => status)).toEqual([200, 200, 429])
    expect(searches[2]?.json).toMatchObject({
      errorType: 'RATE_LIMIT',
      policyName: 'SECONDLY',
      message: 'You have reached your secondly limit.',
    })
    expect(searches[0]?.headers.get('x-hubspot-ratelimit-max')).toBeNull()
    const statuses = [await call(world, 'GET', AT), await call(world, 'GET', AT), await call(world, 'GET', AT)]
    expect(statuses.map(({ status }) => status)).toEqual([200, 200, 429])
    expect(statuses[2]?.json.policyName).toBe('TEN_SECONDLY_ROLLING')
    world.advance(10_000)
    await call(world, 'GET', AT)
    await call(world, 'GET', AT)
    expect((await call(world, 'GET', AT)).json.policyName).toBe('DAILY')
  })

  test('[HS9] a part of a batch is refused by the dial, the record it names or every second one', async () => {
    await using world = await openHubSpot({ records: 6 })
    const inputs = [0, 1, 2, 3].map((index) => ({ id: idAt(index), properties: { city: 'Lyon' } }))
    await world.setFaults([{ kind: 'partial', next: 1, match: { path: idAt(2) }, refuse: { field: 'city', message: 'Not now.' } }])
    const named = await call(world, 'POST', `${AT}/batch/update`, { inputs })
    expect(named.json.errors).toMatchObject([{ message: 'Not now.', context: { ids: [idAt(2)], propertyName: ['city'] } }])
    await world.setFaults([{ kind: 'partial', next: 1 }])
    const second = await call(world, 'POST', `${AT}/batch/update`, { inputs })
    expect(second.json.errors.flatMap(({ context }: Json) => context.ids)).toEqual([idAt(1), idAt(3)])
    await world.setFaults([{ kind: 'quirk-capitals', next: 1, match: { field: 'city' } }])
    await call(world, 'PATCH', `${AT}/${idAt(0)}`, { properties: { city: 'Porto' } })
    expect((await companyNow(world, 0, 'city')).city).toBe('PORTO')
  })

  test('[HS10] archived records are out of lists and searches, kept apart, and their unique values free', async () => {
    await using world = await openHubSpot({ records: 4, indexDelayMs: 0 })
    const code = (await companyNow(world, 1, 'erp_id')).erp_id
    await call(world, 'DELETE', `${AT}/${idAt(1)}`)
    expect((await call(world, 'GET', `${AT}/${idAt(1)}`)).status).toBe(404)
    expect((await call(world, 'GET', `${AT}?archived=true`)).json.results.map(({ id }: Json) => id)).toEqual([idAt(1)])
    expect((await call(world, 'POST', `${AT}/search`, {})).json.total).toBe(3)
    expect((await call(world, 'PATCH', `${AT}/${idAt(2)}`, { properties: { erp_id: code } })).status).toBe(200)
  })
})

describe('signing in', () => {
  const verifier = 'v'.repeat(64)
  const challenge = createHash('sha256').update(verifier).digest('base64url')
  const redirect = 'http://127.0.0.1:3000/oauth/callback'

  const ask = (world: HubSpotWorld, more: Record<string, string> = {}): string => {
    const { clientId } = world.sandbox.credentials('hubspot')
    const query = {
      client_id: clientId,
      redirect_uri: redirect,
      scope: 'oauth crm.objects.companies.read',
      state: 'mine',
      code_challenge: challenge,
      code_challenge_method: 'S256',
    }
    return `/oauth/authorize?${new URLSearchParams({ ...query, ...more })}`
  }
  const agree = (world: HubSpotWorld, path: string, headers: Record<string, string> = {}) =>
    fetch(`${world.baseUrl}${path}`, {
      method: 'POST',
      redirect: 'manual',
      headers: { origin: world.origin, 'content-type': 'application/x-www-form-urlencoded', ...headers },
      body: 'decision=allow',
    })
  const token = (world: HubSpotWorld, form: Record<string, string>) => {
    const { clientId, clientSecret } = world.sandbox.credentials('hubspot')
    return call(world, 'POST', '/oauth/v1/token', new URLSearchParams({ client_id: clientId, client_secret: clientSecret, ...form }))
  }

  test('[HS11] a code holds once and with its verifier; access ends after half an hour and is refreshed; scopes hold', async () => {
    await using world = await openHubSpot({ records: 4 })
    const consent = await fetch(`${world.baseUrl}${ask(world)}`)
    expect(await consent.text()).toContain('crm.objects.companies.read')
    const back = new URL((await agree(world, ask(world))).headers.get('location') ?? '')
    expect([back.origin + back.pathname, back.searchParams.get('state')]).toEqual([redirect, 'mine'])
    const code = back.searchParams.get('code') ?? ''
    const form = { grant_type: 'authorization_code', code, redirect_uri: redirect, code_verifier: verifier }
    const first = await token(world, form)
    expect(first.json).toMatchObject({ token_type: 'bearer', expires_in: 1800, hub_id: 148263911 })
    expect((await token(world, form)).json.status).toBe('BAD_AUTH_CODE')
    const { access_token: access, refresh_token: refresh } = first.json
    expect((await call(world, 'GET', AT, undefined, access)).status).toBe(200)
    const write = await call(world, 'PATCH', `${AT}/${idAt(0)}`, { properties: { city: 'x' } }, access)
    expect([write.status, write.json.category]).toEqual([403, 'MISSING_SCOPES'])
    expect((await call(world, 'POST', '/oauth/v3/introspect', new URLSearchParams({ token: access }))).json.active).toBe(true)
    world.advance(1_800_000)
    const late = await call(world, 'GET', AT, undefined, access)
    expect([late.status, late.json.category]).toEqual([401, 'EXPIRED_AUTHENTICATION'])
    const again = await token(world, { grant_type: 'refresh_token', refresh_token: refresh })
    expect([again.json.refresh_token, (await call(world, 'GET', AT, undefined, again.json.access_token)).status]).toEqual([refresh, 200])
    await call(world, 'DELETE', `/oauth/v1/refresh-tokens/${refresh}`)
    expect((await token(world, { grant_type: 'refresh_token', refresh_token: refresh })).status).toBe(400)
    expect((await call(world, 'GET', AT, undefined, again.json.access_token)).status).toBe(401)
  })

  test.each([
    ['another client', { client_id: 'nobody' }, 'not known'],
    ['a redirect to elsewhere', { redirect_uri: 'https://evil.example/callback' }, 'must lead to'],
    ['no scope', { scope: ' ' }, 'No scopes'],
    ['a scope that is none', { scope: 'everything' }, 'no scope everything'],
    ['a plain challenge', { code_challenge_method: 'plain' }, 'S256'],
  ])('[HS12] %s is refused on the page, and nobody is sent anywhere', async (_, more, words) => {
    await using world = await openHubSpot({ records: 2 })
    const reply = await agree(world, ask(world, more as Record<string, string>))
    expect([reply.status, reply.headers.get('location'), await reply.text()]).toEqual([400, null, expect.stringContaining(words)])
  })

  test('[HS12] another site cannot agree, a wrong verifier gets no token, and no secret is in the log', async () => {
    await using world = await openHubSpot({ records: 2 })
    expect((await agree(world, ask(world), { origin: 'https://evil.example' })).status).toBe(400)
    const code = new URL((await agree(world, ask(world))).headers.get('location') ?? '').searchParams.get('code') ?? ''
    const refused = await token(world, { grant_type: 'authorization_code', code, redirect_uri: redirect, code_verifier: 'w'.repeat(64) })
    expect(refused.json.status).toBe('BAD_CODE_VERIFIER')
    await call(world, 'GET', '/oauth/v1/access-tokens/a-token-in-the-path')
    await call(world, 'GET', '/webhooks/v3/4711020/settings?hapikey=a-key-in-the-query')
    const log = JSON.stringify(await world.requests())
    for (const secret of ['a-token-in-the-path', 'a-key-in-the-query']) expect(log).not.toContain(secret)
    const { clientSecret, token: pat } = world.sandbox.credentials('hubspot')
    for (const secret of [clientSecret, pat, code, 'w'.repeat(64)]) expect(log).not.toContain(secret)
  })
})

describe('HubSpot’s own client', () => {
  let world: HubSpotWorld
  let client: Client
  beforeAll(async () => {
    world = await openHubSpot({ records: 12, indexDelayMs: 0 })
    client = new Client({ accessToken: world.sandbox.credentials('hubspot').token, basePath: world.baseUrl })
  })
  afterAll(() => world.stop())

  test('[HS13] it reads, searches, writes, upserts, merges and archives', async () => {
    const { companies } = client.crm
    const all = await companies.getAll(5, undefined, ['name', 'tier'])
    expect(all).toHaveLength(12)
    const filters = [{ propertyName: 'name', operator: 'CONTAINS_TOKEN' as Json, value: 'north*' }]
    const found = await companies.searchApi.doSearch({
      filterGroups: [{ filters }],
      properties: ['name'],
      limit: 5,
      after: '0',
      sorts: ['name'],
    })
    expect(found.results.map(({ properties }) => properties.name)).toEqual(['Northwind Traders'])
    const made = await companies.basicApi.create({ properties: { name: 'By the client', tier: 'gold' }, associations: [] })
    const updated = await companies.batchApi.update({ inputs: [{ id: made.id, properties: { numberofemployees: '10.0' } }] })
    expect(updated.results[0]?.properties).toMatchObject({ numberofemployees: '10' })
    const upserted = await companies.batchApi.upsert({
      inputs: [{ id: 'ERP-CLIENT', idProperty: 'erp_id', properties: { name: 'Upserted' } }],
    })
    expect((upserted as Json).results[0]).toMatchObject({ _new: true, properties: { erp_id: 'ERP-CLIENT' } })
    await companies.basicApi.merge({ primaryObjectId: made.id, objectIdToMerge: upserted.results[0]?.id ?? '' })
    const read = await companies.batchApi.read({
      inputs: [{ id: upserted.results[0]?.id ?? '' }],
      properties: ['name'],
      propertiesWithHistory: [],
    })
    expect(read.results[0]?.id).toBe(made.id)
    await companies.basicApi.archive(made.id)
    await expect(companies.basicApi.getById(made.id)).rejects.toMatchObject({ code: 404 })
    await expect(companies.batchApi.update({ inputs: [{ id: idAt(0), properties: { tier: 'Gold' } }] })).rejects.toMatchObject({
      code: 400,
    })
  })

  test('[HS13] it reads properties, owners, pipelines, schemas, and connects records', async () => {
    expect((await client.crm.properties.coreApi.getAll('deals')).results.map(({ name }) => name)).toContain('dealstage')
    expect((await client.crm.owners.ownersApi.getPage()).results.length).toBe(5)
    expect((await client.crm.pipelines.pipelinesApi.getAll('tickets')).results[0]?.stages).toHaveLength(4)
    expect((await client.crm.schemas.coreApi.getAll()).results[0]?.labels.plural).toBe('Subscriptions')
    const [contact] = (await client.crm.contacts.basicApi.getPage(1)).results
    await client.crm.associations.v4.basicApi.createDefault('contacts', contact?.id ?? '', 'companies', idAt(5)).catch(() => undefined)
    await client.crm.associations.v4.batchApi.create('contacts', 'companies', {
      inputs: [
        {
          _from: { id: contact?.id ?? '' },
          to: { id: idAt(5) },
          types: [{ associationCategory: 'HUBSPOT_DEFINED' as Json, associationTypeId: AssociationTypes.contactToCompany }],
        },
      ],
    })
    const linked = await client.crm.associations.v4.basicApi.getPage('contacts', contact?.id ?? '', 'companies')
    expect(linked.results.map(({ toObjectId }) => String(toObjectId))).toContain(idAt(5))
  })

  test('[HS13] it exchanges a refresh token, and manages webhooks with the developer’s key', async () => {
    const { developerKey } = world.sandbox.credentials('hubspot')
    const developer = new Client({ developerApiKey: developerKey, basePath: world.baseUrl })
    await developer.webhooks.settingsApi.configure(4711020, {
      targetUrl: 'http://127.0.0.1:9/hook',
      throttling: { maxConcurrentRequests: 5 } as Json,
    })
    const made = await developer.webhooks.subscriptionsApi.create(4711020, { eventType: 'company.creation' as Json, active: true })
    expect((await developer.webhooks.subscriptionsApi.getAll(4711020)).results.map(({ id }) => id)).toContain(made.id)
    const elsewhere = { targetUrl: 'https://elsewhere.example/hook', throttling: { maxConcurrentRequests: 5 } as Json }
    await expect(developer.webhooks.settingsApi.configure(4711020, elsewhere)).rejects.toMatchObject({ code: 400 })
    await developer.webhooks.settingsApi.clear(4711020)
    await expect(client.oauth.tokensApi.create('refresh_token', undefined, undefined, 'x', 'y', 'z')).rejects.toMatchObject({ code: 400 })
  })
})

describe('webhooks', () => {
  test('[HS14] changes are sent in batches, signed as HubSpot signs them', async () => {
    await using world = await openHubSpot({ records: 4 })
    const got: { body: string; headers: Record<string, string | string[] | undefined> }[] = []
    const arrived = Promise.withResolvers<void>()
    const listener = createServer((req, res) => {
      const chunks: Buffer[] = []
      req.on('data', (chunk: Buffer) => chunks.push(chunk))
      req.on('end', () => {
        got.push({ body: Buffer.concat(chunks).toString('utf8'), headers: req.headers })
        res.writeHead(got.length === 1 ? 500 : 204).end()
        if (got.length === 2) arrived.resolve()
      })
    })
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${(listener.address() as AddressInfo).port}/hooks/hubspot/x`
    await world.control({ webhooks: url })
    await call(world, 'PATCH', `${AT}/${idAt(0)}`, { properties: { city: 'Somewhere' } })
    await call(world, 'DELETE', `${AT}/${idAt(1)}`)
    await arrived.promise
    // Refused once, sent again.
    const [, second] = got
    const events = JSON.parse(second?.body ?? '[]')
    expect(
      events.map(({ subscriptionType, objectId, propertyName, attemptNumber }: Json) => [
        subscriptionType,
        objectId,
        propertyName,
        attemptNumber,
      ]),
    ).toEqual([
      ['company.propertyChange', FIRST, 'city', 1],
      ['company.deletion', FIRST + 1, undefined, 1],
    ])
    const signature = String(second?.headers['x-hubspot-signature-v3'])
    const timestamp = Number(second?.headers['x-hubspot-request-timestamp'])
    const { clientSecret } = world.sandbox.credentials('hubspot')
    const expected = Signature.getSignature('POST', 'v3', { clientSecret, requestBody: second?.body ?? '', url, timestamp, signature })
    expect(signature).toBe(expected)
    listener.close()
  })
})

describe('its screen', () => {
  test('[HS15] people see each object, change, merge, delete and bring back records, as somebody else than the app', async () => {
    await using world = await openHubSpot({ records: 6, indexDelayMs: 0 })
    const page = async (path: string): Promise<string> => (await fetch(`${world.origin}/sandbox/hubspot${path}`)).text()
    const send = (path: string, form: Record<string, string>) =>
      fetch(`${world.origin}/sandbox/hubspot${path}`, {
        method: 'POST',
        redirect: 'manual',
        headers: { 'content-type': 'application/x-www-form-urlencoded', origin: world.origin },
        body: new URLSearchParams(form).toString(),
      })
    for (const name of ['Northwind Traders', 'Companies', 'Contacts', 'Subscriptions', 'Fault dial', world.baseUrl])
      expect(await page('')).toContain(name)
    expect(await page('?list=deals')).toContain('Deal Stage')
    expect(await page(`/companies/${idAt(0)}`)).toContain('value="Northwind Traders"')
    const was = JSON.stringify({ name: 'Northwind Traders' })
    const saved = await send(`/companies/${idAt(0)}`, { was, name: '<b>Other</b>', as: 'Mara Rossi' })
    expect(saved.headers.get('location')).toBe(`/sandbox/hubspot/companies/${idAt(0)}?done=saved`)
    expect(await page(`/companies/${idAt(0)}`)).toContain('&lt;b&gt;Other&lt;/b&gt;')
    expect(await page(`/companies/${idAt(0)}`)).toContain('Mara Rossi changed Company name')
    expect((await send(`/companies/${idAt(0)}`, { was: '{}', numberofemployees: 'many' })).status).toBe(400)
    await send(`/companies/${idAt(1)}/merge`, { into: idAt(0) })
    expect((await call(world, 'GET', `${AT}/${idAt(1)}`)).json.id).toBe(idAt(0))
    await send(`/companies/${idAt(2)}/delete`, {})
    expect((await call(world, 'GET', `${AT}/${idAt(2)}`)).status).toBe(404)
    await send(`/companies/${idAt(2)}/restore`, {})
    expect((await call(world, 'GET', `${AT}/${idAt(2)}`)).status).toBe(200)
    expect(await page('')).not.toMatch(/<script(?! src="\/sandbox\/screen\.js" defer>)|\son[a-z]+=/)
  })

  test('[HS15] the same as JSON, for scripts', async () => {
    await using world = await openHubSpot({ records: 6, indexDelayMs: 0 })
    const send = async (method: string, path: string, body?: unknown) => {
      const response = await fetch(`${world.origin}/sandbox/hubspot/records/${path}`, {
        method,
        headers: { 'content-type': 'application/json' },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      })
      const text = await response.text()
      return { status: response.status, json: text === '' ? undefined : (JSON.parse(text) as Json) }
    }
    expect((await send('GET', 'companies?maxResults=2')).json).toMatchObject({ total: 6, records: [{ id: idAt(0) }, { id: idAt(1) }] })
    expect((await send('PATCH', `companies/${idAt(0)}`, { properties: { tier: 'gold' } })).json.properties.tier).toBe('gold')
    expect((await send('PATCH', `companies/${idAt(0)}`, { properties: { tier: 'Gold' } })).json.errors.tier).toContain('allowed options')
    expect((await send('POST', 'tickets', { properties: { subject: 'x', hs_pipeline_stage: '1' } })).status).toBe(201)
    expect((await send('POST', `companies/${idAt(1)}/merge`, { into: idAt(0) })).json.mergedIds).toEqual([idAt(1)])
    expect((await send('DELETE', `companies/${idAt(3)}`)).status).toBe(204)
    expect((await send('GET', 'nothing')).status).toBe(404)
  })
})

test('[HS16] what is kept is private where it is secret, and there after a restart', async () => {
  await using world = await openHubSpot({ records: 3 })
  await call(world, 'PATCH', `${AT}/${idAt(0)}`, { properties: { city: 'Kept' } })
  await world.sandbox.flush()
  const folder = join(world.folder, 'hubspot')
  expect(((await stat(join(folder, 'credentials.json'))).mode & 0o777).toString(8)).toBe('600')
  expect(((await stat(join(folder, 'oauth.json'))).mode & 0o777).toString(8)).toBe('600')
  expect(await readFile(join(folder, 'companies-0000.json'), 'utf8')).toContain('"city":"Kept"')
})

test('[HS17] every exchange of these tests fits HubSpot’s published contract', async ({ skip }) => {
  await using world = await openHubSpot({ records: 4, indexDelayMs: 0 })
  if (world.noContract !== undefined) return skip(world.noContract)
  const http = world.http()
  const signal = new AbortController().signal
  const read = (path: string) => http.read({ method: 'GET', path }, signal)
  for (const path of [
    AT,
    `${AT}/${idAt(0)}?associations=contacts`,
    '/crm/v3/properties/deals',
    '/crm/v3/properties/deals/amount',
    '/crm/v3/properties/deals/groups',
    '/crm/v3/owners',
    '/crm/v3/pipelines/deals',
    '/crm/v3/pipelines/tickets/0/stages',
    '/crm-object-schemas/v3/schemas',
    `/crm/v4/objects/companies/${idAt(0)}/associations/contacts`,
  ])
    expect([path, (await read(path)).status]).toEqual([path, 200])
  const write = (path: string, body: unknown) => http.write({ method: 'POST', path, body }, signal)
  await write(`${AT}/search`, { filterGroups: [], sorts: [], properties: [], limit: 3, after: '0', query: 'a' })
  await write(`${AT}/batch/read`, { inputs: [{ id: idAt(0) }, { id: '9' }], properties: ['name'], propertiesWithHistory: [] })
  await write(`${AT}/batch/upsert`, { inputs: [{ id: 'E-1', idProperty: 'erp_id', properties: { name: 'x' } }] })
  await write(`${AT}/batch/create`, { inputs: [{ properties: { name: 'x' }, associations: [] }] })
  await write(`${AT}/merge`, { primaryObjectId: idAt(0), objectIdToMerge: idAt(1) })
  await write('/crm/v4/associations/contacts/companies/batch/read', { inputs: [{ id: '30100000001' }, { id: '9' }] })
  await write(`${AT}/batch/archive`, { inputs: [{ id: idAt(2) }] })
  expect([...world.witnessed]).toEqual([])
})
