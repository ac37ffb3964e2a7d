import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { makeId } from '../../../sandbox/salesforce/ids.ts'
import { USERS } from '../../../sandbox/salesforce/users.ts'
import type { Connector, ObjectDescription, RecordDelta } from '../../../sync-engine/connectors/connector.ts'
import { makeSalesforceConnector } from '../../../sync-engine/connectors/salesforce.ts'
import { salesforceApp } from '../../../sync-engine/connectors/salesforce-app.ts'
import { discoverSalesforceObjects } from '../../../sync-engine/connectors/salesforce-describe.ts'
import { planSalesforceCalls } from '../../../sync-engine/connectors/salesforce-plan.ts'
import type { CellValue } from '../../../workbook/cell-value.ts'
import { bearer, salesforceConnector, startSalesforce } from '../../support/salesforce-world.ts'
import type { StandInWorld } from '../../support/stand-in-world.ts'

const signal = new AbortController().signal
const account = (number: number): string => makeId('001', number)

describe('Salesforce connector', () => {
  let world: StandInWorld
  let accounts: Connector
  let description: ObjectDescription

  beforeAll(async () => {
    world = await startSalesforce({ Account: 1200, Contact: 20, Opportunity: 10, Case: 8, Site_Visit__c: 4 })
    accounts = salesforceConnector(world, 'Account')
    description = await accounts.describe(signal)
  })
  afterEach(() => world.setFaults([]))
  afterAll(() => world.stop())

  const delta = (recordId: string, changes: Record<string, CellValue>): RecordDelta => ({
    recordId,
    recordKey: recordId,
    changes: Object.entries(changes).map(([field, value]) => ({ field, value })),
  })
  const push = async (deltas: readonly RecordDelta[], connector = accounts, about = description) => {
    const outcomes = []
    for (const call of planSalesforceCalls(deltas, about)) outcomes.push(...(await connector.update(call, signal)))
    return outcomes
  }
  const counted = async <T>(act: () => Promise<T>): Promise<{ result: T; calls: string[] }> => {
    const before = (await world.requests()).length
    const result = await act()
    const calls = (await world.requests()).slice(before).map(({ method, path }) => `${method} ${path.replace('/services/data/v62.0', '')}`)
    return { result, calls }
  }
  const readOne = async (id: string, ...fields: string[]) => (await accounts.read([id], fields, signal)).records[0]

  it.each([
    [1, 1, { check: 1, push: 1, pull: 1 }],
    [10, 10, { check: 1, push: 1, pull: 1 }],
    [200, 1200, { check: 1, push: 1, pull: 1 }],
    [1000, 1200, { check: 1, push: 1, pull: 1 }],
    [1200, 1200, { check: 1, push: 2, pull: 1 }],
  ])('[SF30] %i changed and %i pulled records cost the smallest number of calls', async (changed, pulled, least) => {
    const ids = Array.from({ length: Math.max(changed, pulled) }, (_, index) => account(index + 1))
    const check = await counted(() => accounts.read(ids.slice(0, changed), ['Site'], signal))
    const sent = await counted(() => push(ids.slice(0, changed).map((id, index) => delta(id, { Site: `of ${changed}, ${index}` }))))
    const pull = await counted(() => accounts.read(ids.slice(0, pulled), ['Site', 'Name'], signal))
    expect(sent.result.every(({ kind }) => kind === 'saved')).toBe(true)
    expect({ check: check.calls.length, push: sent.calls.length, pull: pull.calls.length }).toEqual(least)
    expect(pull.result.records.slice(0, changed).map(({ values }) => values.Site)).toEqual(
      ids.slice(0, changed).map((_, index) => `of ${changed}, ${index}`),
    )
  })

  it('[SF30] records whose texts are too long for one answer are read by halves', async () => {
    const long = 'x'.repeat(20_000)
    await push(Array.from({ length: 60 }, (_, index) => delta(account(200 + index), { Description: long })))
    const small = makeSalesforceConnector({
      object: 'Account',
      description,
      http: world.client(salesforceApp, bearer(world), undefined, 1_000_000),
    })
    const ids = Array.from({ length: 60 }, (_, index) => account(200 + index))
    const { result, calls } = await counted(() => small.read(ids, ['Description'], signal))
    expect([result.records.length, result.absent, calls.length]).toEqual([60, [], 3])
    expect(result.records.every(({ values }) => values.Description === long)).toBe(true)
    const tiny = makeSalesforceConnector({
      object: 'Account',
      description,
      http: world.client(salesforceApp, bearer(world), undefined, 150_000),
    })
    const page = await tiny.list('ORDER BY Id', ['Name'], null, signal)
    expect([page.records.length, page.next === null]).toEqual([200, false])
  })

  it('[SF31] a value that cannot be read is refused for its own record, and the others are saved', async () => {
    const outcomes = await push([
      delta(account(1), { Site: 'saved' }),
      delta(account(2), { SLAExpirationDate__c: '31/01/2024', Site: 'not' }),
      delta(account(3), { Site: 'saved too' }),
    ])
    expect(outcomes).toMatchObject([
      { kind: 'saved', recordId: account(1) },
      { kind: 'saved', recordId: account(3) },
      {
        kind: 'refused',
        recordId: account(2),
        refusals: [{ field: 'SLAExpirationDate__c', reason: expect.stringContaining('31/01/2024') }],
      },
    ])
  })

  it('[SF31] a field that is gone there is told to those who send it, and the rest goes in one call more', async () => {
    const sends = (index: number): boolean => [7, 8, 250].includes(index)
    const deltas = Array.from({ length: 420 }, (_, index) =>
      delta(account(300 + index), sends(index) ? { Site: 'x', Gone__c: 'y' } : { Site: 'ok' }),
    )
    const pushed = await counted(() => push(deltas))
    expect(pushed.result.map(({ kind }) => kind)).toEqual(deltas.map((_, index) => (sends(index) ? 'refused' : 'saved')))
    expect(pushed.result[7]).toMatchObject({ refusals: [{ field: 'Gone__c', reason: expect.stringContaining('Gone__c') }] })
    expect(pushed.calls).toEqual(['POST /composite', 'POST /composite'])
    const records = Array.from({ length: 30 }, (_, index) => ({
      changes: [{ field: 'Name', value: `Gone ${index}` }, ...(sends(index) ? [{ field: 'Gone__c', value: 'y' }] : [])],
      marker: `gone-${index}`,
    }))
    const made = await counted(() => accounts.createMany(records, signal))
    expect(made.result.map(({ kind }) => kind)).toEqual(records.map((_, index) => (sends(index) ? 'refused' : 'saved')))
    expect(made.calls).toHaveLength(2)
  })

  it('[SF32] a record that somebody else is saving is sent again, alone, and its neighbours are not', async () => {
    const refuse = { field: 'Site', message: 'unable to obtain exclusive access to this record', code: 'UNABLE_TO_LOCK_ROW' }
    const locked = (next: number) => world.setFaults([{ kind: 'partial', next, match: { path: account(5), writes: true }, refuse }])
    await locked(2)
    const before = world.clock.now()
    const { result, calls } = await counted(() => push([4, 5, 6].map((number) => delta(account(number), { Site: 'unlocked' }))))
    expect(result).toEqual([4, 5, 6].map((number) => ({ kind: 'saved', recordId: account(number) })))
    expect([calls.length, world.clock.now() - before]).toEqual([3, 4000])
    const bodies = (await world.requests()).slice(-3).map(({ body }) => (body as { records: { id: string }[] }).records.map(({ id }) => id))
    expect(bodies).toEqual([[account(4), account(5), account(6)], [account(5)], [account(5)]])
    await locked(3)
    const [first, second] = await push([delta(account(4), { Site: 'a' }), delta(account(5), { Site: 'b' })])
    expect(first).toEqual({ kind: 'saved', recordId: account(4) })
    expect(second).toMatchObject({ kind: 'refused', refusals: [{ field: 'Site', reason: expect.stringContaining('Sync again') }] })
  })

  it('[SF32] what stops a second try hides nothing of the first', async () => {
    const refuse = { field: 'Site', message: 'unable to obtain exclusive access to this record', code: 'UNABLE_TO_LOCK_ROW' }
    await world.setFaults([{ kind: 'partial', next: 1, match: { path: account(5), writes: true }, refuse }])
    const calls = planSalesforceCalls([delta(account(4), { Site: 'x' }), delta(account(5), { Site: 'y' })], description)
    const http = world.client(salesforceApp, bearer(world))
    const impatient = makeSalesforceConnector({
      object: 'Account',
      description,
      http: { ...pass(http), wait: async () => void (await world.control({ add: [{ kind: '429', next: 1, match: { writes: true } }] })) },
    })
    const outcomes = calls[0] === undefined ? [] : await impatient.update(calls[0], signal)
    expect(outcomes.map(({ kind }) => kind)).toEqual(['saved', 'refused'])
  })

  it('[SF33] a used-up day ends the run with what Salesforce counted, and what is used is told with each answer', async () => {
    await accounts.read([account(1)], ['Name'], signal)
    const last = world.usages.at(-1)
    expect(last).toEqual({ used: expect.any(Number), limit: 100_000 })
    await world.control({ dailyCalls: { max: 5000, usedElsewhere: 5000 } })
    await expect(accounts.read([account(1)], ['Name'], signal)).rejects.toMatchObject({
      code: 'rate-limited',
      message: expect.stringMatching(/all 5,000 calls of this org for 24 hours are used/u),
    })
    await world.control({ dailyCalls: { max: 100_000, usedElsewhere: 0 } })
    expect((await accounts.read([account(1)], ['Name'], signal)).records).toHaveLength(1)
  })

  it('[SF33] an expired session is renewed once, also before a write', async () => {
    const headers: Record<string, string> = { authorization: 'Bearer 00Dexpired!session' }
    let renewals = 0
    const http = world.client(salesforceApp, headers, async () => {
      renewals++
      headers.authorization = bearer(world).authorization ?? ''
      return true
    })
    const connector = makeSalesforceConnector({ object: 'Account', http, description })
    expect(await push([delta(account(7), { Site: 'renewed' })], connector)).toEqual([{ kind: 'saved', recordId: account(7) }])
    expect(renewals).toBe(1)
  })

  it('[SF35] a filter is the WHERE of a query; one that is more, or not understood, is told', async () => {
    const ask = (filter: string, cursor: string | null = null) => accounts.list(filter, ['Name'], cursor, signal)
    const bakers = (await ask("where Name LIKE '%Bakeries%' ORDER BY Name DESC")).records.map(({ values }) => String(values.Name))
    expect(bakers.length).toBeGreaterThan(10)
    expect(bakers).toEqual(bakers.toSorted().toReversed())
    for (const [filter, words] of [
      ["Nmae = 'x'", "Salesforce says: No such column 'Nmae' on entity 'Account'"],
      ["Name = 'x' AND Site = 'y' OR Fax = 'z'", "Salesforce says: unexpected token: 'OR'"],
      ['Id != null) OR (Id != null', 'its parentheses do not match'],
      ['Name != null LIMIT 5', 'a filter has no LIMIT'],
    ] as const) {
      await expect(ask(filter)).rejects.toMatchObject({ code: 'bad-request', message: expect.stringContaining(words) })
    }
    await expect(ask('', '/services/oauth2/revoke?token=x')).rejects.toMatchObject({ code: 'bad-request' })
  })

  it('[SF36] records are found by id of either length, by their number, and by a name only one has', async () => {
    await push([delta(account(10), { Name: "Only O'Neil's" }), delta(account(11), { Name: 'Twin' }), delta(account(12), { Name: 'Twin' })])
    const asked = [account(10).slice(0, 15), account(13), "only o'neil's", 'Twin', "' OR Name != '", '', account(99_999)]
    const { result, calls } = await counted(() => accounts.findByKeys(asked, signal))
    expect(result.map(({ id, key }) => [id, key])).toEqual([
      [account(10), account(10).slice(0, 15)],
      [account(13), account(13)],
      [account(10), "only o'neil's"],
    ])
    expect(calls).toEqual(['GET /query'])
    const cases = salesforceConnector(world, 'Case')
    expect((await cases.describe(signal)).keyField).toBe('CaseNumber')
    expect(await cases.findByKeys(['00000003', makeId('500', 4)], signal)).toMatchObject([
      { id: makeId('500', 3), key: '00000003' },
      { id: makeId('500', 4), key: makeId('500', 4) },
    ])
    const [record] = (await cases.read([makeId('500', 3)], ['Status'], signal)).records
    expect(record?.key).toBe('00000003')
  })

  it('[CO9] a record says who changed it last, by the call that reads it', async () => {
    const id = account(21)
    const [before] = (await accounts.read([id], ['Name'], signal)).records
    await push([delta(id, { Site: 'Changed' })])
    const { result, calls } = await counted(() => accounts.read([id], ['Name'], signal))
    expect(calls).toHaveLength(1)
    expect([typeof before?.updatedBy, result.records[0]?.updatedBy]).toEqual(['string', 'Dana Kim'])
  })

  it('[SF38] a description says what each field is, why it cannot be written, and what a create needs', async () => {
    const field = (id: string) => description.fields.find((one) => one.id === id)
    expect(field('Summary__c')?.writable).toEqual({ reason: 'Salesforce computes this field by a formula.' })
    expect(field('CreatedDate')?.writable).toMatchObject({ reason: expect.stringContaining('keeps this field itself') })
    expect(field('Profile__c')?.writable).toMatchObject({ reason: expect.stringContaining('formatting') })
    expect(field('BillingAddress')?.writable).toMatchObject({ reason: expect.stringContaining('parts') })
    expect(field('Tidebook_Id__c')).toMatchObject({ wire: 'marker', writable: { reason: expect.stringContaining('Tidebook keeps') } })
    expect(field('AnnualRevenue')).toMatchObject({ type: 'currency', wire: 'number:0', writable: true })
    expect(field('Discount__c')).toMatchObject({ type: 'percent', wire: 'percent:1' })
    expect(field('Site')).toMatchObject({ maxLength: 80 })
    expect(field('CustomerPriority__c')?.options).toContainEqual({ id: 'Lowest', name: 'Lowest', retired: true })
    expect(field('OwnerId')?.options).toContainEqual({ id: USERS[5]?.id, name: 'Lena Vogt', retired: true })
    expect(field('OwnerId')?.options?.map(({ name }) => name)).not.toContain('Partner Portal')
    expect(description).toMatchObject({
      keyField: 'Id',
      nameField: 'Name',
      hasWebhooks: false,
      filterLanguage: 'SOQL',
      batchUpdate: 1000,
      isSearchable: true,
    })
    expect(description.recordUrl).toMatch(/\/\{key\}$/u)
    const opportunities = salesforceConnector(world, 'Opportunity')
    await opportunities.describe(signal)
    const needs = await opportunities.requiredToCreate?.({}, signal)
    expect(needs?.required.map(({ id }) => id).sort()).toEqual(['CloseDate', 'Name', 'StageName'])
    const numbered = (await salesforceConnector(world, 'Case').describe(signal)).fields.find(({ id }) => id === 'CaseNumber')
    expect(numbered).toMatchObject({ type: 'record-key', writable: { reason: 'Salesforce gives out these numbers.' } })
  })

  it('[SF38] people are shown by name, and found by typing', async () => {
    await push([delta(account(20), { OwnerId: USERS[2]?.id ?? '', Account_Manager__c: USERS[5]?.id ?? '' })])
    expect((await readOne(account(20), 'OwnerId', 'Account_Manager__c'))?.people).toEqual({
      [USERS[2]?.id ?? '']: 'Marco Rossi',
      [USERS[5]?.id ?? '']: 'Lena Vogt',
    })
    expect((await accounts.searchPeople?.('ros', 5, signal))?.map(({ name }) => name)).toEqual(['Marco Rossi'])
    expect(await accounts.searchPeople?.("%' OR Name LIKE '", 5, signal)).toEqual([])
    expect(await accounts.searchPeople?.(' ', 5, signal)).toEqual([])
  })

  it('[SF39] changed and deleted records come from one query, by the org’s own clock', async () => {
    await world.control({ clockSkewMs: -7 * 60_000 })
    const { next } = await accounts.changedSince(null, '', ['Site'], signal)
    expect(Math.abs(Date.parse(next) - (world.clock.now() - 7 * 60_000))).toBeLessThan(1000)
    world.advance(10 * 60_000)
    const quiet = await accounts.changedSince(next, '', ['Site'], signal)
    world.advance(10 * 60_000)
    await world.records('PATCH', `/${account(30)}`, { fields: { Site: 'changed' } })
    await world.records('DELETE', `/${account(31)}`)
    await world.records('POST', `/${account(32)}/merge`, { into: account(33) })
    const { result, calls } = await counted(() => accounts.changedSince(quiet.next, '', ['Site'], signal))
    expect(calls).toEqual(['GET /queryAll'])
    expect(result.records.map(({ id }) => id).sort()).toEqual([account(30), account(33)])
    expect([...(result.deleted ?? [])].sort()).toEqual([account(31), account(32)])
    expect((await accounts.changedSince(quiet.next, "Site = 'changed'", ['Site'], signal)).records.map(({ id }) => id)).toEqual([
      account(30),
    ])
    await world.control({ clockSkewMs: 0 })
  })

  it('[SF40] a create with a field for its marker is an upsert: sent twice it makes one record', async () => {
    const changes = [{ field: 'Name', value: 'Twice' }]
    const once = () => accounts.createMany([{ changes, marker: 'm-1' }], signal)
    const [[first], second] = [await once(), await once()]
    const id = first?.recordId ?? ''
    expect(second).toEqual([{ kind: 'saved', recordId: id }])
    expect(await accounts.findCreated(['m-1', "' OR Name != '"], signal)).toEqual(new Map([['m-1', { id, key: id }]]))
    const records = Array.from({ length: 450 }, (_, index) => ({
      changes: index === 7 ? [{ field: 'Site', value: 'nameless' }] : [{ field: 'Name', value: `n${index}` }],
      marker: `many-${index}`,
    }))
    const { result, calls } = await counted(async () => accounts.createMany(records, signal))
    expect(calls).toEqual(['POST /composite'])
    expect(result.map(({ kind }) => kind)).toEqual(records.map((_, index) => (index === 7 ? 'refused' : 'saved')))
    expect(result[7]).toMatchObject({ refusals: [{ field: 'Name', reason: 'Required fields are missing: [Name]' }] })
    expect(new Set(result.map(({ recordId }) => recordId)).size).toBe(450)
  })

  it('[SF40] without such a field a create is sent once and never looked for; its number comes with the read after it', async () => {
    const visits = salesforceConnector(world, 'Site_Visit__c')
    await visits.describe(signal)
    const changes = [
      { field: 'Account__c', value: account(1) },
      { field: 'Visit_Date__c', value: '2026-02-03' },
    ]
    const [made] = await visits.createMany([{ changes, marker: 'marker' }], signal)
    expect((await visits.read([made?.recordId ?? ''], [], signal)).records).toMatchObject([{ key: 'SV-00005' }])
    await world.setFaults([{ kind: 'drop-after', next: 1, match: { writes: true } }])
    expect(await visits.createMany([{ changes, marker: 'other' }], signal)).toMatchObject([{ kind: 'outcome-unknown' }])
    expect(await visits.findCreated(['other'], signal)).toEqual(new Map())
  })

  it('[SF40] a record is deleted once', async () => {
    expect(await accounts.delete?.(account(40), signal)).toEqual({ kind: 'saved', recordId: account(40) })
    expect(await accounts.delete?.(account(40), signal)).toEqual({ kind: 'gone', recordId: account(40) })
    expect(await accounts.delete?.(account(99_999), signal)).toMatchObject({ kind: 'refused' })
  })

  it('[SF42] what a lookup leads to is shown by name, with one call more for all of them', async () => {
    const contacts = salesforceConnector(world, 'Contact')
    const about = await contacts.describe(signal)
    expect(about.fields.find(({ id }) => id === 'Account.Name')).toMatchObject({
      name: 'Account: name',
      writable: { reason: expect.stringContaining('change Account ID') },
    })
    const ids = Array.from({ length: 20 }, (_, index) => makeId('003', index + 1))
    const { result, calls } = await counted(() => contacts.read(ids, ['Account.Name', 'Name'], signal))
    expect(calls).toEqual(['POST /composite/sobjects/Contact', 'POST /composite/sobjects/Account'])
    const listed = await contacts.list('AccountId != null', ['Account.Name', 'AccountId'], null, signal)
    expect(listed.records.length).toBeGreaterThan(5)
    for (const { id, values } of listed.records) {
      expect(result.records.find((record) => record.id === id)?.values['Account.Name']).toBe(values['Account.Name'])
      expect(values['Account.Name']).toEqual(expect.any(String))
    }
    expect(new Set(result.records.flatMap(({ values }) => Object.keys(values)))).toEqual(new Set(['Account.Name', 'Name']))
  })

  it('[SF43] custom objects are discovered, and one that cannot be searched says so', async () => {
    const found = await discoverSalesforceObjects(world.client(salesforceApp, bearer(world)), signal)
    expect(found).toEqual([{ id: 'Site_Visit__c', name: 'Site Visits', isSearchable: false }])
    const visits = salesforceConnector(world, 'Site_Visit__c')
    const about = await visits.describe(signal)
    expect([about.isSearchable, about.searchNote]).toEqual([
      false,
      'Salesforce does not search Site Visits: the object is not set to be searchable.',
    ])
    expect(description.searchNote).toBe("Objects that are not searchable, and records made in the last minutes, don't appear.")
    const { result, calls } = await counted(() => visits.searchByName('SV-00001', 5, signal))
    expect([result, calls]).toEqual([[], []])
    expect(await visits.findByKeys(['SV-00001'], signal)).toMatchObject([{ key: 'SV-00001' }])
  })

  it('[SF44] a refusal names the fields Salesforce blames, with the nearest option', async () => {
    const [refused] = await push([delta(account(50), { CustomerPriority__c: 'Hihg', Site: 'kept', NumberOfEmployees: 5 })])
    expect(refused).toMatchObject({
      kind: 'refused',
      refusals: [
        { field: 'CustomerPriority__c', reason: 'Customer Priority: bad value for restricted picklist field: Hihg', nearest: 'High' },
      ],
    })
    const [call] = planSalesforceCalls([delta(account(50), { Site: 'x', Gone__c: 'y' })], description)
    expect(call && (await accounts.update(call, signal))).toMatchObject([{ kind: 'refused', refusals: [{ field: 'Gone__c' }] }])
  })

  it('[SF44] a record that is hidden is refused, not gone', async () => {
    await world.control({ hide: [account(60)] })
    expect(await push([delta(account(60), { Site: 'x' })])).toMatchObject([{ kind: 'refused' }])
    expect(await accounts.proveGone([account(60)], signal)).toEqual([])
    await world.control({ show: [account(60)] })
    expect(await push([delta(account(60), { Site: 'x' })])).toEqual([{ kind: 'saved', recordId: account(60) }])
  })

  it('[SF35] records are counted without being listed', async () => {
    expect(await accounts.count?.("Site = 'unlocked'", signal)).toBe(2)
  })
})

/** An HTTP client's own methods, to put others beside them. */
function pass(http: ReturnType<StandInWorld['client']>): ReturnType<StandInWorld['client']> {
  return { read: http.read.bind(http), write: http.write.bind(http), as: http.as.bind(http), wait: http.wait.bind(http) }
}
