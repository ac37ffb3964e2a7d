import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { signed } from '../../../sandbox/hubspot/webhooks.ts'
import type { HookCrypto, HookRequest } from '../../../sync-engine/connectors/app.ts'
import type { RecordDelta } from '../../../sync-engine/connectors/connector.ts'
import type { HttpClient } from '../../../sync-engine/connectors/http-client.ts'
import { makeHubSpotConnector } from '../../../sync-engine/connectors/hubspot.ts'
import { hubSpotApp } from '../../../sync-engine/connectors/hubspot-app.ts'
import { discoverHubObjects } from '../../../sync-engine/connectors/hubspot-describe.ts'
import { hubSpotHooks } from '../../../sync-engine/connectors/hubspot-hooks.ts'
import { planHubSpotCalls } from '../../../sync-engine/connectors/hubspot-plan.ts'
import { SyncError } from '../../../sync-engine/sync-error.ts'
import type { CellValue } from '../../../workbook/cell-value.ts'
import { type HubSpotWorld, openHubSpot } from '../../support/hubspot-world.ts'

const signal = new AbortController().signal

async function connectorOf(world: HubSpotWorld, object = 'companies', isPaced = false) {
  const connector = makeHubSpotConnector({ object, http: world.http(undefined, isPaced), now: world.clock.now })
  return { connector, description: await connector.describe(signal) }
}

const delta = (recordId: string, changes: Record<string, CellValue>): RecordDelta => ({
  recordId,
  recordKey: recordId,
  changes: Object.entries(changes).map(([field, value]) => ({ field, value })),
})

async function push({ connector, description }: Awaited<ReturnType<typeof connectorOf>>, deltas: readonly RecordDelta[]) {
  const outcomes = []
  for (const call of planHubSpotCalls(deltas, description)) outcomes.push(...(await connector.update(call, signal)))
  return outcomes
}

const idAt = (index: number): string => String(20_100_000_001 + index)
const idsOf = (count: number): string[] => Array.from({ length: count }, (_, index) => idAt(index))

async function watched<T>(world: HubSpotWorld, act: () => Promise<T>) {
  const before = (await world.requests()).length
  const result = await act()
  const requests = (await world.requests()).slice(before)
  return { result, requests, paths: requests.map(({ method, path }) => `${method} ${path.replace('/crm/v3/objects/', '')}`) }
}

/** An HTTP client that does something before each write. */
function before(http: HttpClient, act: () => void): HttpClient {
  return {
    read: (call, at) => http.read(call, at),
    write: (call, at) => {
      act()
      return http.write(call, at)
    },
    as: (kind) => before(http.as(kind), act),
    wait: (ms, at) => http.wait(ms, at),
  }
}

describe('a refused batch', () => {
  test('[HS23] one bad value is taken out, the rest of the batch goes, and its reason names the option meant', async () => {
    await using world = await openHubSpot()
    const own = await connectorOf(world)
    const deltas = idsOf(60).map((id, index) => delta(id, index === 31 ? { tier: 'gold ' } : { numberofemployees: index }))
    const { result, paths } = await watched(world, () => push(own, deltas))
    expect(result.filter(({ kind }) => kind === 'saved')).toHaveLength(59)
    expect(result[31]).toMatchObject({
      kind: 'refused',
      recordId: idAt(31),
      refusals: [{ field: 'tier', reason: expect.stringContaining('was not one of the allowed options'), nearest: 'Gold' }],
    })
    expect(paths).toEqual(['POST companies/batch/update', 'POST companies/batch/update'])
    expect((await own.connector.read([idAt(59)], ['numberofemployees'], signal)).records[0]?.values).toEqual({ numberofemployees: 59 })
  })

  test('[HS23] whose unique value is taken is read by it: two calls more, however many they are', async () => {
    await using world = await openHubSpot()
    const own = await connectorOf(world)
    await push(
      own,
      [0, 1, 2].map((index) => delta(idAt(index), { erp_id: `ERP-TAKEN-${index}` })),
    )
    const isTaken = (index: number): boolean => index % 4 === 1
    const deltas = idsOf(43)
      .slice(3)
      .map((id, index) => delta(id, { erp_id: isTaken(index) ? `erp-taken-${index % 3}` : `ERP-NEW-${index}` }))
    const { result, paths } = await watched(world, () => push(own, deltas))
    expect(result.map(({ kind }) => kind)).toEqual(deltas.map((_, index) => (isTaken(index) ? 'refused' : 'saved')))
    expect(result[9]).toMatchObject({ refusals: [{ field: 'erp_id', reason: `${idAt(0)} already has that value.` }] })
    expect(result[5]).toMatchObject({ refusals: [{ field: 'erp_id', reason: `${idAt(2)} already has that value.` }] })
    expect(paths).toEqual(['POST companies/batch/update', 'POST companies/batch/read', 'POST companies/batch/update'])
    // A record keeps the value it has itself.
    const mixed = [delta(idAt(0), { erp_id: 'ERP-TAKEN-0' }), delta(idAt(1), { erp_id: 'erp-taken-2' })]
    expect((await push(own, mixed)).map(({ kind }) => kind)).toEqual(['saved', 'refused'])
  })

  test('[HS23] where the answer tells the records not apart, halves find the bad one and save all others', async () => {
    await using world = await openHubSpot()
    const own = await connectorOf(world, 'deals')
    const [deal] = (await own.connector.list('pipeline = "Sales Pipeline"', [], null, signal)).records
    const some = (await own.connector.list('', [], null, signal)).records.filter(({ id }) => id !== deal?.id).slice(0, 15)
    // Nothing is named, and one record alone is at fault.
    world.tamper('/batch/update', (json) =>
      (json as { status?: string }).status === 'error' ? { ...(json as object), message: 'Something is wrong.', errors: [] } : json,
    )
    const deltas = some.map(({ id }, index) => delta(id, index === 9 ? { closedate: 'soon' } : { dealname: `Deal ${index}` }))
    const { result, requests } = await watched(world, () => push(own, deltas))
    expect(result.map(({ kind }) => kind)).toEqual(deltas.map((_, index) => (index === 9 ? 'refused' : 'saved')))
    expect(requests.length).toBeLessThanOrEqual(9)
  })

  test('[HS23] what is said of a property is said to all who send it; what is required, to all who lack it: one call more', async () => {
    await using world = await openHubSpot({ records: 4 })
    const own = await connectorOf(world, 'tickets')
    const stage = own.description.fields.find(({ id }) => id === 'hs_pipeline_stage')?.options?.[0]?.name ?? ''
    const make = (index: number) => ({
      changes: [
        ...(index % 5 === 1 ? [] : [{ field: 'hs_pipeline_stage', value: stage }]),
        { field: 'subject', value: `New ${index}` },
        ...(index % 7 === 2 ? [{ field: 'no_such_property', value: `x ${index}` }] : []),
      ],
      marker: `mark-${index}`,
    })
    const records = Array.from({ length: 40 }, (_, index) => make(index))
    const { result, requests } = await watched(world, () => own.connector.createMany(records, signal))
    const isBad = (index: number): boolean => index % 5 === 1 || index % 7 === 2
    expect(result.map(({ kind }) => kind)).toEqual(records.map((_, index) => (isBad(index) ? 'refused' : 'saved')))
    expect(requests).toHaveLength(2)
  })

  test('[HS25] records of a batch that were deleted are told as gone by one read for all of them', async () => {
    await using world = await openHubSpot()
    const own = await connectorOf(world)
    for (const index of [2, 5, 9]) await world.api('DELETE', `/crm/v3/objects/companies/${idAt(index)}`)
    const { result, paths } = await watched(world, () =>
      push(
        own,
        idsOf(40).map((id) => delta(id, { numberofemployees: 5 })),
      ),
    )
    expect(result.map(({ kind }) => kind)).toEqual(idsOf(40).map((_, index) => ([2, 5, 9].includes(index) ? 'gone' : 'saved')))
    expect(paths).toEqual(['POST companies/batch/update', 'POST companies/batch/read'])
  })

  test('[HS23] a no that is not about records is told to each of them without a call more', async () => {
    await using world = await openHubSpot()
    const own = await connectorOf(world)
    await world.setFaults([{ kind: '403', match: { writes: true } }])
    const { result, requests } = await watched(world, () =>
      push(
        own,
        idsOf(40).map((id) => delta(id, { numberofemployees: 5 })),
      ),
    )
    expect(new Set(result.map(({ kind }) => kind))).toEqual(new Set(['refused']))
    expect(requests).toHaveLength(1)
  })

  test('[HS23] where HubSpot stops taking calls in between, what was saved is said, and the rest was not sent', async () => {
    await using world = await openHubSpot()
    const own = await connectorOf(world)
    world.tamper('/batch/update', (json) =>
      (json as { status?: string }).status === 'error' ? { ...(json as object), message: 'Something is wrong.', errors: [] } : json,
    )
    const deltas = idsOf(8).map((id, index) => delta(id, index === 7 ? { tier: 'Platin' } : { numberofemployees: 77 }))
    // Refused as a whole, then the first half is saved; then the day is used up.
    let writes = 0
    const limited = makeHubSpotConnector({
      object: 'companies',
      description: own.description,
      http: before(world.http(), () => {
        if (++writes === 3) throw new SyncError('rate-limited', 'The day is used up.')
      }),
    })
    const [call] = planHubSpotCalls(deltas, own.description)
    const outcomes = call ? await limited.update(call, signal) : []
    expect(outcomes.map(({ kind }) => kind)).toEqual([...Array(4).fill('saved'), ...Array(4).fill('not-sent')])
    expect(outcomes[6]).toMatchObject({ recordId: idAt(6), error: { code: 'rate-limited' } })
    writes = 2
    await expect(call && limited.update(call, signal)).rejects.toMatchObject({ code: 'rate-limited' })
  })

  test('[HS23] several records with bad values of several properties cost one call more', async () => {
    await using world = await openHubSpot()
    const own = await connectorOf(world)
    const bad: Record<number, Record<string, CellValue>> = { 2: { tier: 'Platin' }, 5: { renewal_date: 'soon' }, 7: { tier: 'Platin' } }
    const deltas = idsOf(10).map((id, index) => delta(id, bad[index] ?? { numberofemployees: 5 }))
    const { result, requests } = await watched(world, () => push(own, deltas))
    expect(result.map(({ kind }) => kind === 'refused')).toEqual(deltas.map((_, index) => index in bad))
    expect(requests).toHaveLength(2)
  })

  test('[HS23] an answer lost while the rest is sent leaves those unknown and no other', async () => {
    await using world = await openHubSpot()
    const own = await connectorOf(world)
    const deltas = [delta(idAt(0), { tier: 'Platin' }), delta(idAt(1), { numberofemployees: 5 })]
    await world.setFaults([{ kind: 'drop-after', next: 2, match: { writes: true }, probability: 1 }])
    // The first drop takes the refusal itself; nothing is known of either then.
    const first = await push(own, deltas)
    expect(first.map(({ kind }) => kind)).toEqual(['outcome-unknown', 'outcome-unknown'])
    await world.setFaults([])
    expect((await push(own, deltas)).map(({ kind }) => kind)).toEqual(['refused', 'saved'])
  })
})

describe('records that change their id', () => {
  test('[HS25] a merged record is read, written and found by its old id; its key is the one it has now', async () => {
    await using world = await openHubSpot()
    const own = await connectorOf(world)
    const [old, winner] = [idAt(3), idAt(4)]
    await world.api('POST', '/crm/v3/objects/companies/merge', { primaryObjectId: winner, objectIdToMerge: old })
    const { records, absent } = await own.connector.read([old, winner], ['name', 'hs_object_id'], signal)
    expect(absent).toEqual([])
    expect(records.map(({ id, key, values }) => [id, key, values.hs_object_id])).toEqual([
      [old, winner, winner],
      [winner, winner, winner],
    ])
    expect(await push(own, [delta(old, { numberofemployees: 77 })])).toMatchObject([
      { kind: 'saved', recordId: old, record: { key: winner } },
    ])
    expect(await own.connector.findByKeys([old], signal)).toMatchObject([{ id: winner }])
    // Both ids in one batch are one record twice: HubSpot refuses that, and halves save both.
    const twice = await push(own, [delta(old, { numberofemployees: 78 }), delta(winner, { numberofemployees: 78 })])
    expect(twice.map(({ kind }) => kind)).toEqual(['saved', 'saved'])
    expect(await own.connector.proveGone([old], signal)).toEqual([])
  })

  test('[HS25] a record the account may not see is neither there nor gone', async () => {
    await using world = await openHubSpot()
    const own = await connectorOf(world)
    await world.control({ hide: [idAt(2)] })
    expect((await own.connector.read([idAt(2)], ['name'], signal)).absent).toEqual([idAt(2)])
    expect(await own.connector.proveGone([idAt(2)], signal)).toEqual([])
    expect((await push(own, [delta(idAt(2), { name: 'x' })])).map(({ kind }) => kind)).toEqual(['refused'])
  })

  test('[HS25] deleting says what was there', async () => {
    await using world = await openHubSpot()
    const { connector } = await connectorOf(world)
    expect(await connector.delete?.(idAt(9), signal)).toEqual({ kind: 'saved', recordId: idAt(9) })
    expect(await connector.delete?.(idAt(9), signal)).toEqual({ kind: 'gone', recordId: idAt(9) })
  })
})

test('[CO9] a record says who changed it last, by the call that reads it', async () => {
  await using world = await openHubSpot({ records: 5, indexDelayMs: 0 })
  const { connector, description } = await connectorOf(world)
  expect(description.fields.find(({ id }) => id === 'hs_updated_by_user_id')).toMatchObject({
    type: 'person',
    writable: { reason: 'HubSpot notes who changed a record last.' },
  })
  await world.api('PATCH', `/crm/v3/objects/companies/${idAt(1)}`, { properties: { city: 'Lyon' } })
  const { records } = await connector.read([idAt(1)], ['city', 'hs_updated_by_user_id'], signal)
  expect(records).toMatchObject([
    { values: { city: 'Lyon', hs_updated_by_user_id: '61200417' }, updatedBy: 'Dana Kim', people: { 61200417: 'Dana Kim' } },
  ])
})

describe('objects', () => {
  test.each([
    ['companies', 'Companies', 'name', ['name']],
    ['contacts', 'Contacts', 'hs_full_name_or_email', ['email']],
    ['deals', 'Deals', 'dealname', ['dealname', 'dealstage']],
    ['tickets', 'Tickets', 'subject', ['subject', 'hs_pipeline_stage']],
    ['2-3453932', 'Subscriptions', 'name', ['name', 'subscription_code']],
  ])('[HS26] %s are described, listed by the example filter, found and written', async (object, objectName, nameField, required) => {
    await using world = await openHubSpot({ records: 20, indexDelayMs: 0 })
    const own = await connectorOf(world, object)
    const { connector, description } = own
    expect(description).toMatchObject({ objectName, nameField, filterLanguage: 'HubSpot filters', batchUpdate: 100, canCreate: true })
    expect(description.fields.filter((field) => field.required).map(({ id }) => id)).toEqual(required)
    await connector.list(description.filterExample ?? 'none', [nameField], null, signal)
    const page = await connector.list('', [nameField, 'hs_object_id', 'hubspot_owner_id'], null, signal)
    expect(page.records.length).toBeGreaterThan(5)
    const [first] = page.records
    expect(first?.values.hs_object_id).toBe(first?.id)
    expect(await connector.findByKeys([first?.id ?? ''], signal)).toMatchObject([{ id: first?.id, name: first?.values[nameField] }])
    expect(description.recordUrl).toBe(`${world.baseUrl}/contacts/148263911/record/${description.recordUrl?.split('/').at(-2)}/{id}`)
  })

  test('[HS26] custom objects are discovered by name', async () => {
    await using world = await openHubSpot({ records: 4 })
    expect(await discoverHubObjects(world.http(), signal)).toEqual([{ id: '2-3453932', name: 'Subscriptions', isSearchable: true }])
  })

  test('[HS26] stages go by their labels, those of two pipelines told apart; people by their names', async () => {
    await using world = await openHubSpot({ records: 6, indexDelayMs: 0 })
    const own = await connectorOf(world, 'deals')
    const stage = own.description.fields.find(({ id }) => id === 'dealstage')
    expect(stage?.options?.map(({ name }) => name)).toContain('Closed Won')
    const owner = own.description.fields.find(({ id }) => id === 'hubspot_owner_id')
    expect(owner).toMatchObject({
      type: 'person',
      options: expect.arrayContaining([{ id: '612004176', name: 'Lena Fischer', retired: true }]),
    })
    const [deal] = (await own.connector.list('pipeline = "Sales Pipeline"', ['dealstage', 'hubspot_owner_id'], null, signal)).records
    expect(deal?.people).toMatchObject({ [String(deal?.values.hubspot_owner_id)]: expect.any(String) })
    expect(await push(own, [delta(deal?.id ?? '', { dealstage: 'Closed Won' })])).toMatchObject([
      { kind: 'saved', record: { values: { dealstage: 'Closed Won' } } },
    ])
  })

  test('[HS26] a contact is found by its e-mail address, a company by its domain', async () => {
    await using world = await openHubSpot({ records: 12, indexDelayMs: 0 })
    const contacts = (await connectorOf(world, 'contacts')).connector
    const [contact] = (await contacts.list('email is known', ['email'], null, signal)).records
    const address = String(contact?.values.email)
    expect(await contacts.findByKeys([` ${address.toUpperCase()} `, 'nobody@x.example'], signal)).toMatchObject([{ id: contact?.id }])
    const companies = (await connectorOf(world)).connector
    const [company] = (await companies.list('', ['domain'], null, signal)).records
    expect(await companies.findByKeys([`https://www.${company?.values.domain}/about`], signal)).toMatchObject([{ id: company?.id }])
  })

  test('[HS27] associated records are shown by their names, for two calls a hundred records', async () => {
    await using world = await openHubSpot({ records: 30 })
    const { connector, description } = await connectorOf(world, 'contacts')
    expect(description.fields.find(({ id }) => id === 'associations.companies')).toMatchObject({ writable: { reason: expect.any(String) } })
    const ids = Array.from({ length: 30 }, (_, index) => String(30_100_000_001 + index))
    const { result, paths } = await watched(world, () => connector.read(ids, ['company', 'associations.companies'], signal))
    for (const { values } of result.records) expect(values['associations.companies']).toBe(values.company)
    expect(paths).toEqual([
      'POST contacts/batch/read',
      'POST /crm/v4/associations/contacts/companies/batch/read',
      'POST companies/batch/read',
    ])
  })
})

describe('creates', () => {
  test('[HS28] several are made in one call; one bad value is taken out and told for its field', async () => {
    await using world = await openHubSpot({ records: 4 })
    const { connector } = await connectorOf(world)
    const records = ['One', 'Two', 'Three'].map((name, index) => ({
      changes: [
        { field: 'name', value: name },
        { field: 'tier', value: index === 1 ? 'Platin' : 'Gold' },
      ],
      marker: `mark-${name}`,
    }))
    const { result, paths } = await watched(world, async () => connector.createMany(records, signal))
    expect(result.map(({ kind }) => kind)).toEqual(['saved', 'refused', 'saved'])
    expect(result[1]).toMatchObject({ refusals: [{ field: 'tier' }] })
    expect(paths).toEqual(['POST companies/batch/create', 'POST companies/batch/create'])
    const { recordId: id } = result[2] ?? { recordId: '' }
    expect(await connector.findCreated(['mark-Two', 'mark-Three'], signal)).toEqual(new Map([['mark-Three', { id, key: id }]]))
  })

  test('[HS28] a contact whose address is taken is refused for it, and the other is not touched', async () => {
    await using world = await openHubSpot({ records: 4 })
    const { connector } = await connectorOf(world, 'contacts')
    const [taken] = (await connector.list('', ['email', 'firstname'], null, signal)).records
    const changes = [
      { field: 'email', value: taken?.values.email ?? null },
      { field: 'firstname', value: 'Somebody else' },
    ]
    expect(await connector.createMany([{ changes, marker: 'mark' }], signal)).toMatchObject([
      { kind: 'refused', refusals: [{ field: 'email', reason: expect.stringContaining(taken?.id ?? '-') }] },
    ])
    expect((await connector.read([taken?.id ?? ''], ['firstname'], signal)).records[0]?.values).toEqual({
      firstname: taken?.values.firstname,
    })
  })
})

describe('creates of one address', () => {
  test('[HS28] of a batch the addresses that are taken are found by one read, and of two of one address the first is made', async () => {
    await using world = await openHubSpot({ records: 12, indexDelayMs: 0 })
    const { connector } = await connectorOf(world, 'contacts')
    const held = (await connector.list('email is known', ['email'], null, signal)).records.slice(0, 5).map(({ values }) => values.email)
    const make = (email: CellValue | undefined, index: number) => ({
      changes: [{ field: 'email', value: email ?? null }],
      marker: `m-${index}`,
    })
    const fresh = Array.from({ length: 30 }, (_, index) => `fresh-${index}@mail.example`)
    const taken = await watched(world, () => connector.createMany([...fresh, ...held].map(make), signal))
    expect(taken.result.map(({ kind }) => kind)).toEqual([...fresh.map(() => 'saved'), ...held.map(() => 'refused')])
    expect(taken.requests).toHaveLength(3)
    const twice = ['a@mail.example', 'b@mail.example', 'A@mail.example', 'c@mail.example'].map((email, index) => make(email, 100 + index))
    const repeated = await connector.createMany(twice, signal)
    expect(repeated.map(({ kind }) => kind)).toEqual(['saved', 'saved', 'refused', 'saved'])
    expect(repeated[2]).toMatchObject({ refusals: [{ field: 'email', reason: expect.stringContaining(repeated[0]?.recordId ?? '-') }] })
  })
})

describe('beyond what one query gives', () => {
  test('[HS29] more than 10,000 records are listed and pulled, each once, two hundred a call', async () => {
    await using world = await openHubSpot({ records: 10_450, indexDelayMs: 0 })
    const { connector } = await connectorOf(world)
    const counted = await watched(world, async () => connector.count?.('numberofemployees >= 0', signal))
    expect([counted.result, counted.requests.length]).toEqual([10_450, 1])
    const seen = new Set<string>()
    let cursor: string | null = null
    let calls = 0
    do {
      const page: Awaited<ReturnType<typeof connector.list>> = await connector.list('numberofemployees >= 0', ['name'], cursor, signal)
      for (const { id } of page.records) seen.add(id)
      cursor = page.next
      calls++
    } while (cursor !== null)
    expect([seen.size, calls]).toEqual([10_450, 53])
    const changed = await connector.changedSince('2020-01-01T00:00:00.000Z', '', ['name'], signal)
    expect(new Set(changed.records.map(({ id }) => id)).size).toBe(10_450)
    expect(changed.next).toBe(new Date(world.clock.now()).toISOString())
    // In an order of one's own HubSpot stops there, and says so instead of leaving out the rest.
    let ordered: string | null = null
    const walk = async (): Promise<void> => {
      do ordered = (await connector.list('order by name', ['name'], ordered, signal)).next
      while (ordered !== null)
    }
    await expect(walk()).rejects.toMatchObject({ code: 'bad-request', message: expect.stringContaining('10000') })
  }, 60_000)
})

describe('limits', () => {
  test('[HS30] searches keep their own pace: none is turned away, though the app counts five a second', async () => {
    await using world = await openHubSpot({ records: 8 })
    await world.control({ limits: null })
    const { connector } = await connectorOf(world, 'companies', true)
    const { requests } = await watched(world, async () => {
      for (let index = 0; index < 24; index++) await connector.searchByName(`name ${index}`, 5, signal)
    })
    expect(requests.map(({ status }) => status)).toEqual(Array(24).fill(200))
  })

  test('[HS30] ten seconds’ worth of calls is waited for where the answers say it is used up', async () => {
    await using world = await openHubSpot({ records: 8 })
    await world.control({ limits: { burst: { max: 20, windowMs: 10_000 } } })
    const { connector } = await connectorOf(world, 'companies', true)
    const { requests } = await watched(world, async () => {
      for (let index = 0; index < 50; index++) await connector.read([idAt(0)], ['name'], signal)
    })
    expect(requests.filter(({ status }) => status === 429)).toEqual([])
    expect(requests).toHaveLength(50)
  })

  test.each([
    ['TEN_SECONDLY_ROLLING', 10_000],
    ['SECONDLY', 1_000],
  ])('[HS30] %s is waited out, then sent', async (reason, atLeastMs) => {
    await using world = await openHubSpot({ records: 8 })
    const { connector } = await connectorOf(world, 'companies', true)
    await world.control({ faults: [{ kind: '429', next: 1, reason, match: { path: '/search' } }] })
    const startMs = world.clock.now()
    await connector.searchByName('northwind', 5, signal)
    expect(world.clock.now() - startMs).toBeGreaterThanOrEqual(atLeastMs)
  })

  test('[HS30] the limit of the day ends the run at once, and says so', async () => {
    await using world = await openHubSpot({ records: 8 })
    const { connector } = await connectorOf(world)
    await world.control({ faults: [{ kind: '429', reason: 'DAILY' }] })
    const { requests } = await watched(world, () =>
      expect(connector.read([idAt(0)], ['name'], signal)).rejects.toMatchObject({
        code: 'rate-limited',
        message: expect.stringContaining('day'),
      }),
    )
    expect(requests).toHaveLength(1)
  })
})

describe('the number of calls', () => {
  test.each([1, 10, 100, 1000])('[HS31] %i changed records and as many pulled cost the API’s minimum', async (count) => {
    await using world = await openHubSpot({ records: Math.max(count, 4) })
    const own = await connectorOf(world)
    const ids = idsOf(count)
    const { requests } = await watched(world, async () => {
      await own.connector.read(ids, ['numberofemployees'], signal)
      await push(
        own,
        ids.map((id, index) => delta(id, { numberofemployees: index + 1000 })),
      )
      await own.connector.read(ids, ['name', 'numberofemployees', 'tier'], signal)
    })
    const of = (end: string): number => requests.filter(({ path }) => path.endsWith(end)).length
    const least = Math.ceil(count / 100)
    expect({ checkAndPull: of('/batch/read'), push: of('/batch/update'), all: requests.length }).toEqual({
      checkAndPull: 2 * least,
      push: least,
      all: 3 * least,
    })
  })
})

describe('webhooks', () => {
  const crypto: HookCrypto = {
    hmac: (hash, key, data) => createHmac(hash, key).update(data).digest(),
    sha256: (data) => createHash('sha256').update(data).digest(),
    isEqual: (a, b) => a.length === b.length && timingSafeEqual(a, b),
  }
  const NOW = 1_770_000_000_000
  const url = 'https://tide.example/hooks/hubspot/abc?x=a%2Fb'
  const body = JSON.stringify([
    { subscriptionType: 'contact.propertyChange', objectId: 7, occurredAt: NOW },
    { subscriptionType: 'contact.creation', objectId: 8 },
    { subscriptionType: 'object.propertyChange', objectId: 9, objectTypeId: '2-3453932' },
    { subscriptionType: 'company.merge', objectId: 5, mergedObjectIds: [5, 6] },
  ])
  const request = (change: Partial<HookRequest> = {}, secret = 'secret', at = NOW): HookRequest => ({
    method: 'POST',
    url,
    headers: signed(secret, 'POST', url.replace('%2F', '/'), body, String(at)),
    body: new TextEncoder().encode(body),
    ...change,
  })
  const verify = (asked: HookRequest) => hubSpotHooks.verify({ request: asked, secrets: ['other', 'secret'], crypto, nowMs: NOW })

  test('[HS32] a signed delivery says which records of which object changed', () => {
    expect(verify(request())).toMatchObject({
      kind: 'authentic',
      sentAt: NOW,
      hints: [
        { object: 'contacts', recordIds: ['7', '8'] },
        { object: '2-3453932', recordIds: ['9'] },
        { object: 'companies', recordIds: ['5', '6'] },
      ],
    })
  })

  test.each<[string, HookRequest]>([
    ['another secret', request({}, 'not-it')],
    ['another body', request({ body: new TextEncoder().encode(`${body} `) })],
    ['another address', request({ url: 'https://tide.example/hooks/hubspot/other' })],
    ['another method', request({ method: 'PUT' })],
    ['another time', request({ headers: { ...request().headers, 'x-hubspot-request-timestamp': String(NOW + 1) } })],
    ['six minutes ago', request({}, 'secret', NOW - 360_000)],
    ['no signature', request({ headers: { 'x-hubspot-request-timestamp': String(NOW) } })],
    ['no time', request({ headers: { 'x-hubspot-signature-v3': 'AAAA' } })],
    ['a signature that is none', request({ headers: { ...request().headers, 'x-hubspot-signature-v3': '!!!' } })],
  ])('[HS32] %s is refused', (_, asked) => expect(verify(asked)).toMatchObject({ kind: 'refused' }))
})

describe('the app', () => {
  test('[HS33] it is signed in to by OAuth or a private app’s token, at one address for everybody', () => {
    expect(hubSpotApp.auth.map(({ kind }) => kind)).toEqual(['oauth2', 'token'])
    expect(hubSpotApp.baseUrlOf('')).toEqual({ baseUrl: 'https://api.hubapi.com' })
    expect(hubSpotApp.baseUrlOf('https://app.hubspot.com/contacts/1')).toEqual({ baseUrl: 'https://api.hubapi.com' })
    expect(hubSpotApp.baseUrlOf('http://127.0.0.1:3000/sandbox/hubspot/')).toEqual({ baseUrl: 'http://127.0.0.1:3000/sandbox/hubspot' })
    for (const bad of ['acme', 'ftp://x.example', 'https://a:b@x.example']) expect(hubSpotApp.baseUrlOf(bad)).toHaveProperty('problem')
  })

  test('[HS33] a token is tried by one call that names the account', async () => {
    await using world = await openHubSpot({ records: 4 })
    const token = hubSpotApp.auth.find((method) => method.kind === 'token')
    if (token?.kind !== 'token') throw new Error('no token method')
    expect(await token.accountOf({ http: world.http(), baseUrl: world.baseUrl, signal })).toEqual({
      baseUrl: world.baseUrl,
      account: 'Account 148263911',
      ids: { portal: '148263911' },
    })
    const stranger = world.http({ authorization: 'Bearer pat-nobody' })
    await expect(token.accountOf({ http: stranger, baseUrl: world.baseUrl, signal })).rejects.toMatchObject({ code: 'auth-expired' })
  })
})
