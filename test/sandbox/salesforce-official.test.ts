import { Connection, OAuth2 } from '@jsforce/jsforce-node'
import { describe, expect, test } from 'vitest'
import { Org } from './salesforce-world.ts'

const redirectUri = 'http://localhost:4321/callback'

/** The vendor's own client, signed in as a program of theirs would be. */
async function signIn(org: Org): Promise<Connection> {
  const { clientId, clientSecret } = org.credentials
  const oauth2 = new OAuth2({ loginUrl: org.base, clientId, clientSecret, redirectUri, useVerifier: true })
  const asked = new URL(oauth2.getAuthorizationUrl({ scope: 'api refresh_token', state: 's' }))
  const consent = new URLSearchParams([...asked.searchParams, ['decision', 'allow']])
  const answer = await fetch(asked.origin + asked.pathname, {
    method: 'POST',
    redirect: 'manual',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: consent.toString(),
  })
  const connection = new Connection({ oauth2, version: '62.0' })
  const user = await connection.authorize(new URL(answer.headers.get('location') ?? '').searchParams.get('code') ?? '')
  expect([user.id.length, user.organizationId.slice(0, 3), connection.instanceUrl]).toEqual([18, '00D', org.base])
  return connection
}

describe('the official client', () => {
  test('[SF14] it signs in, renews its session, and asks who it is', async () => {
    await using org = await Org.fresh()
    const connection = await signIn(org)
    expect((await connection.identity()).username).toBe('dana.kim@northwind.example')
    const { accessToken } = connection
    await org.control({ endSessions: true })
    const renewed = new Promise<string>((resolve) => connection.once('refresh', resolve))
    expect((await connection.limits()).DailyApiRequests?.Max).toBe(100_000)
    expect(await renewed).not.toBe(accessToken)
    expect(connection.limitInfo.apiUsage?.limit).toBe(100_000)
    await connection.logout(true)
    await expect(connection.limits()).rejects.toThrow()
  })

  test('[SF14] it describes and queries, page after page', async () => {
    await using org = await Org.fresh({ Account: 450 })
    const connection = await signIn(org)
    const described = await connection.sobject('Account').describe()
    expect(described.fields.find(({ name }) => name === 'Industry')?.type).toBe('picklist')
    expect((await connection.describeGlobal()).sobjects.map(({ name }) => name)).toContain('Site_Visit__c')
    const { records, totalSize } = await connection.query(
      "SELECT Id, Name, Owner.Name FROM Account WHERE Name LIKE '%a%' ORDER BY Name LIMIT 3",
    )
    expect([records.length, totalSize, typeof records[0]?.Owner?.Name]).toEqual([3, 3, 'string'])
    const all = await connection.query('SELECT Id FROM Account', {
      autoFetch: true,
      maxFetch: 450,
      headers: { 'Sforce-Query-Options': 'batchSize=200' },
    })
    expect(new Set(all.records.map(({ Id }) => Id)).size).toBe(450)
    const found = await connection
      .sobject('Account')
      .find({ Industry: { $ne: null }, NumberOfEmployees: { $gte: 100 } }, ['Id', 'NumberOfEmployees'])
      .sort({ NumberOfEmployees: -1 })
      .limit(5)
    const sizes = found.map((record) => Number(record.NumberOfEmployees))
    expect(sizes).toEqual(sizes.toSorted((a, b) => b - a))
    await expect(connection.query('SELECT Nmae FROM Account')).rejects.toMatchObject({ errorCode: 'INVALID_FIELD' })
  })

  test('[SF14] it creates, updates, upserts and deletes, one and many, with a result for each', async () => {
    await using org = await Org.fresh()
    const connection = await signIn(org)
    const accounts = connection.sobject('Account')
    const one = await accounts.create({ Name: 'One' })
    expect(one).toMatchObject({ success: true, id: expect.stringMatching(/^001/) })
    const many = await accounts.create(Array.from({ length: 3 }, (_, index) => ({ Name: `Many ${index}` })))
    expect(many.map(({ success }) => success)).toEqual([true, true, true])
    const ids = many.flatMap(({ id }) => (id === undefined ? [] : [id]))
    const updated = await accounts.update(
      ids.map((Id, index) => ({ Id, ...(index === 1 ? { CustomerPriority__c: 'Zog' } : { Site: 'HQ' }) })),
    )
    expect(updated.map(({ success, errors }) => [success, errors[0]?.message])).toEqual([
      [true, undefined],
      [false, 'Customer Priority: bad value for restricted picklist field: Zog'],
      [true, undefined],
    ])
    const read = await accounts.retrieve(ids)
    expect(read.map((record) => record?.Site)).toEqual(['HQ', null, 'HQ'])
    const upserted = await accounts.upsert(
      [
        { Tidebook_Id__c: 'x-1', Name: 'Once' },
        { Tidebook_Id__c: 'x-1', Name: 'Twice' },
      ],
      'Tidebook_Id__c',
    )
    expect([upserted].flat().map(({ success }) => success)).toEqual([true, true])
    expect((await connection.query("SELECT Name FROM Account WHERE Tidebook_Id__c = 'x-1'")).records).toMatchObject([{ Name: 'Twice' }])
    expect((await accounts.destroy(ids)).map(({ success }) => success)).toEqual([true, true, true])
    const span: [string, string] = [new Date(org.world.nowMs - 60_000).toISOString(), new Date(org.world.nowMs + 60_000).toISOString()]
    expect((await accounts.deleted(...span)).deletedRecords.map(({ id }) => id).sort()).toEqual(ids.toSorted())
  })

  test('[SF14] it searches', async () => {
    await using org = await Org.fresh()
    const connection = await signIn(org)
    await connection.sobject('Account').create({ Name: 'Quokka lantern parade' })
    const { searchRecords } = await connection.search('FIND {Quokka*} IN NAME FIELDS RETURNING Account(Id, Name)')
    expect(searchRecords.map((record) => record.Name)).toEqual(['Quokka lantern parade'])
  })
})
