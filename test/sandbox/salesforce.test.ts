import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { fullId, makeId, numberOfId } from '../../sandbox/salesforce/ids.ts'
import { seedPlan, seedSalesforce } from '../../sandbox/salesforce/seed.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { API, Org } from './salesforce-world.ts'
import { type Json, START_MS, seededRandom } from './world.ts'

const form = (fields: Readonly<Record<string, string>>): RequestInit => ({
  headers: { 'content-type': 'application/x-www-form-urlencoded' },
  body: new URLSearchParams(fields).toString(),
})

describe('ids', () => {
  test('[SF5] an id of 15 characters and one of 18 are the same, whatever the capitals of the longer', () => {
    expect(makeId('001', 1)).toBe('0015g0000000001AAA')
    // A well-known pair from Salesforce's own documents.
    expect(fullId('001xx000003DGb1')).toBe('001xx000003DGb1AAG')
    for (const number of [1, 61, 62, 3843, 238_327, 900_000]) {
      const id = makeId('003', number)
      expect([id.length, numberOfId(id), fullId(id.slice(0, 15)), fullId(id.toLowerCase())]).toEqual([18, number, id, id])
    }
    expect(['', '001', 'x'.repeat(16), '0015g000000000!'].map(fullId)).toEqual([undefined, undefined, undefined, undefined])
  })
})

describe('sign-in', () => {
  const redirect = 'http://localhost:4321/callback'

  test('[SF1] a person consents on a page, the code is used once, and the session ends without a word on when', async () => {
    await using org = await Org.fresh()
    const { clientId, clientSecret } = org.credentials
    const verifier = 'v'.repeat(64)
    const asked = {
      response_type: 'code',
      client_id: clientId,
      redirect_uri: redirect,
      scope: 'api refresh_token',
      state: 'of mine & more',
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
    }
    const page = await org.world.fetch('GET', `${org.base}/services/oauth2/authorize?${new URLSearchParams(asked)}`)
    expect([page.status, page.headers.get('x-frame-options'), page.text.includes('Dana Kim')]).toEqual([200, 'DENY', true])
    const denied = await org.world.fetch('POST', `${org.base}/services/oauth2/authorize`, form({ ...asked, decision: 'deny' }))
    expect(new URL(denied.headers.get('location') ?? '').searchParams.get('error')).toBe('access_denied')
    const allowed = await org.world.fetch('POST', `${org.base}/services/oauth2/authorize`, form({ ...asked, decision: 'allow' }))
    const back = new URL(allowed.headers.get('location') ?? '')
    expect([allowed.status, back.origin + back.pathname, back.searchParams.get('state')]).toEqual([302, redirect, 'of mine & more'])
    const code = back.searchParams.get('code') ?? ''

    const token = (fields: Readonly<Record<string, string>>) =>
      org.world.fetch('POST', `${org.base}/services/oauth2/token`, form({ client_id: clientId, client_secret: clientSecret, ...fields }))
    const redeem = { grant_type: 'authorization_code', code, redirect_uri: redirect, code_verifier: verifier }
    const granted = await token(redeem)
    expect(Object.keys(granted.json).sort()).toEqual(
      ['access_token', 'id', 'instance_url', 'issued_at', 'refresh_token', 'scope', 'signature', 'token_type'].sort(),
    )
    expect(granted.json).toMatchObject({ instance_url: org.base, token_type: 'Bearer' })
    expect((await token(redeem)).json).toMatchObject({ error: 'invalid_grant' })

    const call = (accessToken: string) => org.call('GET', '/limits', undefined, { authorization: `Bearer ${accessToken}` })
    expect((await call(granted.json.access_token)).status).toBe(200)
    org.world.wait(2 * 3_600_000 + 1)
    const ended = await call(granted.json.access_token)
    expect([ended.status, ended.json]).toEqual([401, [{ message: 'Session expired or invalid', errorCode: 'INVALID_SESSION_ID' }]])
    const renewed = await token({ grant_type: 'refresh_token', refresh_token: granted.json.refresh_token })
    expect([renewed.json.refresh_token, (await call(renewed.json.access_token)).status]).toEqual([undefined, 200])
    const user = await org.world.fetch('GET', `${org.base}/services/oauth2/userinfo`, {
      headers: { authorization: `Bearer ${renewed.json.access_token}` },
    })
    expect(user.json).toMatchObject({ preferred_username: 'dana.kim@northwind.example', organization_id: expect.stringMatching(/^00D/) })

    await org.world.fetch('POST', `${org.base}/services/oauth2/revoke`, form({ token: granted.json.refresh_token }))
    expect((await call(renewed.json.access_token)).status).toBe(401)
    expect((await token({ grant_type: 'refresh_token', refresh_token: granted.json.refresh_token })).json).toEqual({
      error: 'invalid_grant',
      error_description: 'expired access/refresh token',
    })
  })

  test('[SF1] a code without its verifier, another client, another way back: nothing is given', async () => {
    await using org = await Org.fresh()
    const { clientId, clientSecret } = org.credentials
    const authorize = (fields: Readonly<Record<string, string>>) =>
      org.world.fetch(
        'POST',
        `${org.base}/services/oauth2/authorize`,
        form({ response_type: 'code', client_id: clientId, redirect_uri: redirect, decision: 'allow', ...fields }),
      )
    expect((await authorize({ client_id: 'another' })).json).toMatchObject({ error: 'invalid_client_id' })
    for (const elsewhere of ['https://evil.example/callback', 'javascript:alert(1)', 'nonsense']) {
      expect((await authorize({ redirect_uri: elsewhere })).json).toMatchObject({ error: 'redirect_uri_mismatch' })
    }
    const foreign = await org.world.fetch('POST', `${org.base}/services/oauth2/authorize`, {
      ...form({ response_type: 'code', client_id: clientId, redirect_uri: redirect, decision: 'allow' }),
      headers: { 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-site': 'cross-site' },
    })
    expect(foreign.status).toBe(403)
    const code = async () =>
      new URL(
        (await authorize({ code_challenge: createHash('sha256').update('w'.repeat(50)).digest('base64url') })).headers.get('location') ??
          '',
      ).searchParams.get('code') ?? ''
    const token = (fields: Readonly<Record<string, string>>) =>
      org.world.fetch(
        'POST',
        `${org.base}/services/oauth2/token`,
        form({ grant_type: 'authorization_code', client_id: clientId, client_secret: clientSecret, redirect_uri: redirect, ...fields }),
      )
    expect((await token({ code: await code() })).json).toMatchObject({ error: 'invalid_grant' })
    expect((await token({ code: await code(), code_verifier: 'x'.repeat(50) })).json).toMatchObject({ error: 'invalid_grant' })
    expect((await token({ code: await code(), code_verifier: 'w'.repeat(50), client_secret: 'guessed' })).json).toMatchObject({
      error: 'invalid_client',
    })
    expect((await token({ code: await code(), code_verifier: 'w'.repeat(50), redirect_uri: `${redirect}2` })).json).toMatchObject({
      error: 'redirect_uri_mismatch',
    })
    expect((await token({ code: await code(), code_verifier: 'w'.repeat(50) })).status).toBe(200)
  })

  test('[SF1] where refresh tokens rotate, the old one is refused', async () => {
    await using org = await Org.fresh()
    await org.control({ rotateRefreshTokens: true })
    const { clientId, clientSecret, refreshToken } = org.credentials
    const refresh = (token: string) =>
      org.world.fetch(
        'POST',
        `${org.base}/services/oauth2/token`,
        form({ grant_type: 'refresh_token', refresh_token: token, client_id: clientId, client_secret: clientSecret }),
      )
    const first = await refresh(refreshToken)
    expect(first.json.refresh_token).toEqual(expect.any(String))
    expect((await refresh(refreshToken)).json).toMatchObject({ error: 'invalid_grant' })
    expect((await refresh(first.json.refresh_token)).status).toBe(200)
  })

  test('[SF2] no secret stands in the request log, and the files that hold them are private', async () => {
    await using org = await Org.fresh()
    const { clientId, clientSecret, refreshToken, accessToken } = org.credentials
    const granted = await org.world.fetch(
      'POST',
      `${org.base}/services/oauth2/token`,
      form({ grant_type: 'refresh_token', refresh_token: refreshToken, client_id: clientId, client_secret: clientSecret }),
    )
    await org.call('GET', '/limits')
    const folder = join(org.world.folder, 'salesforce')
    const log = readFileSync(join(folder, 'requests.jsonl'), 'utf8')
    expect(log).toContain('"grant_type":"refresh_token"')
    for (const secret of [clientSecret, refreshToken, accessToken, granted.json.access_token]) expect(log).not.toContain(secret)
    for (const file of ['credentials.json', 'tokens.json']) expect(statSync(join(folder, file)).mode & 0o777).toBe(0o600)
    expect(readFileSync(join(folder, 'tokens.json'), 'utf8')).not.toContain(granted.json.access_token)
  })
})

describe('description', () => {
  test('[SF3] versions are open to everybody, everything else needs a session and a version it speaks', async () => {
    await using org = await Org.fresh()
    const versions = await org.world.fetch('GET', `${org.base}/services/data`)
    expect(versions.json).toContainEqual({ label: "Winter '25", url: API, version: '62.0' })
    expect((await org.world.fetch('GET', `${org.base}${API}/sobjects`)).status).toBe(401)
    const old = await org.world.fetch('GET', `${org.base}/services/data/v20.0/sobjects`, {
      headers: { authorization: `Bearer ${org.credentials.accessToken}` },
    })
    expect(old.json).toEqual([{ message: 'The requested resource does not exist', errorCode: 'NOT_FOUND' }])
    expect((await org.call('GET', '/nothing')).status).toBe(404)
    expect((await org.call('PUT', '/sobjects/Account')).json).toMatchObject([{ errorCode: 'METHOD_NOT_ALLOWED' }])
  })

  test('[SF3] objects and fields are described with everything a client decides by', async () => {
    await using org = await Org.fresh()
    const { json } = await org.call('GET', '/sobjects')
    const byName = new Map<string, Json>(json.sobjects.map((one: Json) => [one.name, one]))
    expect([byName.get('Account').searchable, byName.get('Site_Visit__c').searchable, byName.get('Site_Visit__c').custom]).toEqual([
      true,
      false,
      true,
    ])
    const described = (await org.call('GET', '/sobjects/Account/describe')).json
    const fields = new Map<string, Json>(described.fields.map((one: Json) => [one.name, one]))
    expect(fields.get('Name')).toMatchObject({ type: 'string', length: 255, nameField: true, nillable: false, updateable: true })
    expect(fields.get('AnnualRevenue')).toMatchObject({ type: 'currency', scale: 0 })
    expect(fields.get('CustomerPriority__c')).toMatchObject({ restrictedPicklist: true })
    expect(fields.get('CustomerPriority__c').picklistValues.map((one: Json) => [one.value, one.active])).toContainEqual(['Lowest', false])
    expect(fields.get('Summary__c')).toMatchObject({ calculated: true, updateable: false, createable: false })
    expect(fields.get('OwnerId')).toMatchObject({ type: 'reference', referenceTo: ['User'], relationshipName: 'Owner' })
    expect(fields.get('Profile__c')).toMatchObject({ htmlFormatted: true })
    expect((await org.call('GET', '/sobjects/Case/describe')).json.fields.find((one: Json) => one.name === 'CaseNumber')).toMatchObject({
      autoNumber: true,
    })
    expect((await org.call('GET', '/sobjects/Nothing/describe')).status).toBe(404)
  })
})

describe('saving', () => {
  test('[SF7] values are stored in the form Salesforce gives them', async () => {
    await using org = await Org.fresh()
    const [id = ''] = await org.ids()
    const cases: [string, unknown, unknown][] = [
      ['Name', '  Spaced out  ', 'Spaced out'],
      ['Site', '   ', null],
      ['Site', '', null],
      ['Description', ' a\nb\r\nc\rd ', 'a\r\nb\r\nc\r\nd'],
      ['AnnualRevenue', 12.5, 13],
      ['AnnualRevenue', -12.5, -13],
      ['Health_Score__c', 1.005, 1.01],
      ['Health_Score__c', '7.5', 7.5],
      ['Discount__c', 12.34, 12.3],
      ['Key_Account__c', null, false],
      ['SLAExpirationDate__c', '2026-03-04T10:00:00Z', '2026-03-04'],
      ['Next_Review__c', '2026-03-04T10:00:00.987+01:00', '2026-03-04T09:00:00.000+0000'],
      ['Regions__c', 'West;North;West', 'North;West'],
      ['Industry', 'Space travel', 'Space travel'],
      ['Billing_Contact__c', 'Ada@Mail.Example', 'Ada@Mail.Example'],
      ['Phone', '(040) 12 3', '(040) 12 3'],
    ]
    for (const [field, sent, stored] of cases) {
      const reply = await org.patch({ id, [field]: sent })
      expect([field, sent, reply.json[0].success]).toEqual([field, sent, true])
      expect([field, sent, (await org.read(id, field))[field]]).toEqual([field, sent, stored])
    }
    const owner = makeId('005', 3)
    await org.patch({ id: id.slice(0, 15), OwnerId: owner.slice(0, 15) })
    expect(await org.read(id, 'OwnerId')).toEqual({ OwnerId: owner })
  })

  test('[SF8] each record of a collection has its own result, in order, and a bad one leaves the others saved', async () => {
    await using org = await Org.fresh()
    const [a = '', b = '', c = '', d = ''] = await org.ids()
    await org.world.fetch('DELETE', `${org.base}/records/${d}`)
    const bad: [Json, string, string[]][] = [
      [{ id: b, CustomerPriority__c: 'Zog' }, 'INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST', ['CustomerPriority__c']],
      [{ id: b, CustomerPriority__c: 'Lowest' }, 'INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST', ['CustomerPriority__c']],
      [{ id: b, Name: null }, 'REQUIRED_FIELD_MISSING', ['Name']],
      [{ id: b, Site: 'x'.repeat(81) }, 'STRING_TOO_LONG', ['Site']],
      [{ id: b, Billing_Contact__c: 'no address' }, 'INVALID_EMAIL_ADDRESS', ['Billing_Contact__c']],
      [{ id: b, NumberofLocations__c: 1000 }, 'NUMBER_OUTSIDE_VALID_RANGE', ['NumberofLocations__c']],
      [{ id: b, NumberOfEmployees: -1 }, 'FIELD_CUSTOM_VALIDATION_EXCEPTION', ['NumberOfEmployees']],
      [{ id: b, Summary__c: 'mine' }, 'INVALID_FIELD_FOR_INSERT_UPDATE', ['Summary__c']],
      [{ id: b, OwnerId: makeId('001', 1) }, 'MALFORMED_ID', ['OwnerId']],
      [{ id: b, ParentId: makeId('001', 99_999) }, 'INVALID_CROSS_REFERENCE_KEY', ['ParentId']],
      [{ id: d, Site: 'x' }, 'ENTITY_IS_DELETED', []],
      [{ id: makeId('001', 99_999), Site: 'x' }, 'INVALID_CROSS_REFERENCE_KEY', []],
      [{ id: 'nonsense', Site: 'x' }, 'MALFORMED_ID', ['Id']],
    ]
    for (const [index, [record, statusCode, fields]] of bad.entries()) {
      const { json } = await org.patch({ id: a, Site: `a${index}` }, record, { id: c, Site: `c${index}` })
      expect(json.map((one: Json) => one.success)).toEqual([true, false, true])
      expect(json[1].errors).toEqual([{ statusCode, message: expect.any(String), fields }])
      expect([await org.read(a, 'Site'), await org.read(c, 'Site')]).toEqual([{ Site: `a${index}` }, { Site: `c${index}` }])
    }
  })

  test('[SF8] all or none takes back what was saved, and so does a body that cannot be read', async () => {
    await using org = await Org.fresh()
    const [a = '', b = ''] = await org.ids()
    const before = await org.read(a, 'Site')
    const send = (allOrNone: boolean, second: Json) =>
      org.call('PATCH', '/composite/sobjects', {
        allOrNone,
        records: [
          { attributes: { type: 'Account' }, id: a, Site: 'new' },
          { attributes: { type: 'Account' }, id: b, ...second },
        ],
      })
    const all = await send(true, { CustomerPriority__c: 'Zog' })
    expect(all.json.map((one: Json) => one.errors[0].statusCode)).toEqual([
      'ALL_OR_NONE_OPERATION_ROLLED_BACK',
      'INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST',
    ])
    for (const unreadable of [{ NumberOfEmployees: 'many' }, { SLAExpirationDate__c: '31/01/2024' }, { NumberOfEmployees: 1.5 }]) {
      const reply = await send(false, unreadable)
      expect([reply.status, reply.json[0].errorCode]).toEqual([400, 'JSON_PARSER_ERROR'])
    }
    expect((await send(false, { Nmae: 'x' })).json).toMatchObject([
      { errorCode: 'INVALID_FIELD', message: "No such column 'Nmae' on sobject of type Account" },
    ])
    expect(await org.read(a, 'Site')).toEqual(before)
  })

  test('[SF8] a record more than a call takes is refused as a whole', async () => {
    await using org = await Org.fresh()
    const records = Array.from({ length: 201 }, (_, index) => ({ attributes: { type: 'Account' }, Name: `n${index}` }))
    const created = await org.call('POST', '/composite/sobjects', { records: records.slice(0, 200) })
    expect(created.json.filter((one: Json) => one.success)).toHaveLength(200)
    const faults = org.contractFaults.length
    const over = await org.call('POST', '/composite/sobjects', { records })
    expect([over.status, over.json[0].errorCode]).toEqual([400, 'EXCEEDED_ID_LIMIT'])
    const ids = Array.from({ length: 2001 }, (_, index) => makeId('001', index + 1))
    expect((await org.call('POST', '/composite/sobjects/Account', { ids, fields: ['Name'] })).json[0].errorCode).toBe('EXCEEDED_ID_LIMIT')
    expect(org.contractFaults.slice(faults)).toEqual([])
    const read = await org.call('POST', '/composite/sobjects/Account', {
      ids: [ids[1], 'nonsense', ids[0], makeId('001', 99_999)],
      fields: ['Name'],
    })
    expect(read.json.map((one: Json) => one?.Id ?? null)).toEqual([ids[1], null, ids[0], null])
  })

  test('[SF8] an upsert by external id makes a record once and changes it after', async () => {
    await using org = await Org.fresh()
    const upsert = (name: string) =>
      org.call('PATCH', '/composite/sobjects/Account/Tidebook_Id__c', {
        records: [{ attributes: { type: 'Account' }, Tidebook_Id__c: 'm 1', Name: name }],
      })
    const [first, second] = [await upsert('One'), await upsert('Two')]
    expect([first.json[0].created, second.json[0].created, second.json[0].id]).toEqual([true, false, first.json[0].id])
    expect(await org.read(first.json[0].id, 'Name')).toEqual({ Name: 'Two' })
    const single = await org.call('PATCH', `/sobjects/Account/Tidebook_Id__c/${encodeURIComponent('m 1')}`, { Name: 'Three' })
    expect([single.status, single.json.created]).toEqual([200, false])
    const taken = await org.call('POST', '/sobjects/Account', { Name: 'Other', Tidebook_Id__c: 'M 1' })
    expect(taken.json[0].errorCode).toBe('DUPLICATE_VALUE')
  })

  test('[SF13] what an org makes of a saved value: its own rules rewrite fields', async () => {
    await using org = await Org.fresh()
    const [account = ''] = await org.ids()
    await org.patch({ id: account, AccountNumber: 'ac-17x' })
    expect(await org.read(account, 'AccountNumber')).toEqual({ AccountNumber: 'AC-17X' })
    const [deal = ''] = await org.ids('Opportunity')
    await org.patch({ type: 'Opportunity', id: deal, StageName: 'Closed Won', Amount: 100 })
    const [row] = await org.rows(`SELECT Probability, IsWon, ForecastCategoryName, ExpectedRevenue FROM Opportunity WHERE Id = '${deal}'`)
    expect(row).toMatchObject({ Probability: 100, IsWon: true, ForecastCategoryName: 'Closed', ExpectedRevenue: 100 })
    await org.control({ workflow: false })
    await org.patch({ id: account, AccountNumber: 'ac-17x' })
    expect(await org.read(account, 'AccountNumber')).toEqual({ AccountNumber: 'ac-17x' })
  })

  test('[SF9] a composite carries out up to 25 requests as one call of the day, five of them collections', async () => {
    await using org = await Org.fresh()
    const [id = ''] = await org.ids()
    const part = (referenceId: string, method: string, url: string, body?: Json) => ({
      method,
      url: `${API}${url}`,
      referenceId,
      ...(body && { body }),
    })
    const used = async () => (await org.call('GET', '/limits')).json.DailyApiRequests.Remaining
    const before = await used()
    const { json } = await org.call('POST', '/composite', {
      allOrNone: false,
      compositeRequest: [
        part('change', 'PATCH', '/composite/sobjects', { records: [{ attributes: { type: 'Account' }, id, Site: 'HQ' }] }),
        part('read', 'POST', '/composite/sobjects/Account', { ids: [id], fields: ['Site'] }),
        part('made', 'POST', '/sobjects/Account', { Name: 'Parent' }),
        part('child', 'PATCH', `/sobjects/Account/${id}`, { ParentId: '@{made.id}' }),
        part('wrong', 'GET', '/query?q=SELECT'),
      ],
    })
    expect(json.compositeResponse.map((one: Json) => [one.referenceId, one.httpStatusCode])).toEqual([
      ['change', 200],
      ['read', 200],
      ['made', 201],
      ['child', 204],
      ['wrong', 400],
    ])
    expect(json.compositeResponse[1].body[0].Site).toBe('HQ')
    // The composite, and the question itself.
    expect(before - (await used())).toBe(2)
    expect((await org.read(id, 'ParentId')).ParentId).toBe(json.compositeResponse[2].body.id)
    const many = (count: number, url: string) => ({
      compositeRequest: Array.from({ length: count }, (_, index) => part(`r${index}`, 'GET', url)),
    })
    expect((await org.call('POST', '/composite', many(25, '/limits'))).status).toBe(200)
    const faults = org.contractFaults.length
    expect((await org.call('POST', '/composite', many(26, '/limits'))).json[0].errorCode).toBe('LIMIT_EXCEEDED')
    expect((await org.call('POST', '/composite', many(6, '/query?q=SELECT+Id+FROM+Account'))).json[0].errorCode).toBe('LIMIT_EXCEEDED')
    expect(org.contractFaults.slice(faults)).toEqual([])
    const none = await org.call('POST', '/composite', {
      allOrNone: true,
      compositeRequest: [
        part('a', 'PATCH', `/sobjects/Account/${id}`, { Site: 'gone' }),
        part('b', 'PATCH', `/sobjects/Account/${id}`, { CustomerPriority__c: 'Zog' }),
      ],
    })
    expect(none.json.compositeResponse.map((one: Json) => one.body[0].errorCode)).toEqual([
      'PROCESSING_HALTED',
      'INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST',
    ])
    expect(await org.read(id, 'Site')).toEqual({ Site: 'HQ' })
  })

  test('[SF10] deleted records lie in the recycle bin, merged ones name the winner, both are told by replication', async () => {
    await using org = await Org.fresh()
    const [a = '', b = '', c = ''] = await org.ids()
    const start = new Date(org.world.nowMs).toISOString()
    org.world.wait(90_000)
    expect((await org.call('DELETE', `/sobjects/Account/${a}`)).status).toBe(204)
    await org.world.fetch('POST', `${org.base}/records/${b}/merge`, {
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ into: c }),
    })
    org.world.wait(1000)
    expect((await org.call('GET', `/sobjects/Account/${a}`)).json).toMatchObject([{ errorCode: 'ENTITY_IS_DELETED' }])
    expect((await org.call('GET', `/sobjects/Account/${makeId('001', 99_999)}`)).json).toMatchObject([{ errorCode: 'NOT_FOUND' }])
    const gone = `SELECT Id, IsDeleted, MasterRecordId FROM Account WHERE Id IN ('${a}', '${b}')`
    expect(await org.rows(gone)).toEqual([])
    expect((await org.rows(gone, true)).map(({ Id, IsDeleted, MasterRecordId }) => [Id, IsDeleted, MasterRecordId])).toEqual([
      [a, true, null],
      [b, true, c],
    ])
    const span = `start=${encodeURIComponent(start)}&end=${encodeURIComponent(new Date(org.world.nowMs).toISOString())}`
    const deleted = await org.call('GET', `/sobjects/Account/deleted?${span}`)
    expect(deleted.json.deletedRecords.map((one: Json) => one.id)).toEqual([a, b])
    expect((await org.call('GET', `/sobjects/Account/updated?${span}`)).json.ids).toEqual([c])
    expect((await org.call('GET', '/sobjects/Account/updated?start=2020-01-01T00:00:00Z&end=2020-01-02T00:00:00Z')).json[0].errorCode).toBe(
      'INVALID_REPLICATION_DATE',
    )
    await org.world.fetch('POST', `${org.base}/records/${a}/restore`)
    expect((await org.call('GET', `/sobjects/Account/${a}?fields=Name`)).status).toBe(200)
  })
})

describe('limits and faults', () => {
  test('[SF11] each answer counts the calls of the rolling day; past the limit there is no word on when', async () => {
    await using org = await Org.fresh()
    const info = (reply: { headers: Headers }) => reply.headers.get('sforce-limit-info')
    expect(info(await org.call('GET', '/limits'))).toBe('api-usage=1/100000')
    await org.control({ dailyCalls: { max: 1000, usedElsewhere: 998 } })
    expect(info(await org.call('GET', '/limits'))).toBe('api-usage=1000/1000')
    const over = await org.call('GET', '/limits')
    expect([over.status, over.json, over.headers.get('retry-after')]).toEqual([
      403,
      [{ message: 'TotalRequests Limit exceeded.', errorCode: 'REQUEST_LIMIT_EXCEEDED' }],
      null,
    ])
    org.world.wait(25 * 3_600_000)
    await org.control({ dailyCalls: { max: 1000, usedElsewhere: 0 } })
    expect(info(await org.call('GET', '/limits'))).toBe('api-usage=1/1000')
    expect(over.headers.get('date')).not.toBeNull()
  })

  test('[SF12] the dial locks one record of a call, in Salesforce’s words', async () => {
    await using org = await Org.fresh()
    const [a = '', b = ''] = await org.ids()
    const refuse = { field: 'Site', message: 'unable to obtain exclusive access to this record', code: 'UNABLE_TO_LOCK_ROW' }
    await org.control({ faults: [{ kind: 'partial', next: 1, match: { path: b }, refuse }] })
    const { json } = await org.patch({ id: a, Site: 'a' }, { id: b, Site: 'b' })
    expect(json.map((one: Json) => one.success)).toEqual([true, false])
    expect(json[1].errors).toEqual([{ statusCode: 'UNABLE_TO_LOCK_ROW', message: refuse.message, fields: [] }])
    expect((await org.patch({ id: b, Site: 'b' })).json[0].success).toBe(true)
  })

  test.each([
    ['401', 401, 'INVALID_SESSION_ID'],
    ['403', 403, 'INSUFFICIENT_ACCESS'],
    ['429', 403, 'REQUEST_LIMIT_EXCEEDED'],
    ['500', 500, 'UNKNOWN_EXCEPTION'],
    ['503', 503, 'SERVER_UNAVAILABLE'],
  ])('[SF12] the dial’s %s is an answer of Salesforce', async (kind, status, errorCode) => {
    await using org = await Org.fresh()
    await org.control({ faults: [{ kind, next: 1 }] })
    const reply = await org.call('GET', '/limits')
    expect([reply.status, reply.json[0].errorCode]).toEqual([status, errorCode])
    expect((await org.call('GET', '/limits')).status).toBe(200)
  })

  test('[SF12] a fault about a record meets it inside a collection and a composite, and quirks bend what is saved', async () => {
    await using org = await Org.fresh()
    const [a = '', b = ''] = await org.ids()
    await org.control({ faults: [{ kind: '500', match: { path: b, writes: true } }] })
    expect((await org.patch({ id: a, Site: 'x' })).status).toBe(200)
    expect((await org.patch({ id: a, Site: 'x' }, { id: b, Site: 'x' })).status).toBe(500)
    const body = { records: [{ attributes: { type: 'Account' }, id: b, Site: 'x' }] }
    const composite = { compositeRequest: [{ method: 'PATCH', url: `${API}/composite/sobjects`, referenceId: 'a', body }] }
    expect((await org.call('POST', '/composite', composite)).status).toBe(500)
    expect((await org.call('POST', '/composite/sobjects/Account', { ids: [b], fields: ['Name'] })).status).toBe(200)
    await org.control({ faults: [{ kind: 'quirk-capitals', next: 1, match: { field: 'Site' } }] })
    await org.patch({ id: b, Site: 'loud', Name: 'quiet' })
    expect(await org.read(b, 'Site', 'Name')).toEqual({ Site: 'LOUD', Name: 'quiet' })
  })
})

describe('search', () => {
  test('[SF6] a search knows what the index knew, and never shows what is gone', async () => {
    await using org = await Org.fresh()
    await org.control({ indexDelayMs: 3000 })
    const [id = '', other = ''] = await org.ids()
    await org.patch({ id, Name: 'Quokka lantern parade' })
    const search = async (q: string, more: Json = {}) =>
      (await org.call('POST', '/parameterizedSearch', { q, in: 'NAME', sobjects: [{ name: 'Account', fields: ['Id', 'Name'] }], ...more }))
        .json
    expect((await search('quokka')).searchRecords).toEqual([])
    org.world.wait(3001)
    for (const q of [
      'quokka',
      'QUOKKA lant*',
      '"lantern parade"',
      'quokka AND parade',
      'zzz OR quokka',
      'quok?a',
      '(quokka) AND NOT zebra',
    ]) {
      expect([q, (await search(q)).searchRecords.map((one: Json) => one.Name)]).toEqual([q, ['Quokka lantern parade']])
    }
    for (const q of ['lantern AND NOT quokka', '"parade lantern"', 'lant']) expect([q, (await search(q)).searchRecords]).toEqual([q, []])
    expect((await search('a'))[0]).toMatchObject({ errorCode: 'MALFORMED_SEARCH' })
    expect((await search('quokka', { sobjects: [{ name: 'Site_Visit__c' }] }))[0]).toMatchObject({
      errorCode: 'MALFORMED_SEARCH',
      message: 'entity type Site_Visit__c does not support search',
    })
    const sosl = (q: string) => org.call('GET', `/search?q=${encodeURIComponent(q)}`)
    expect(
      (await sosl("FIND {quok*} IN NAME FIELDS RETURNING Account(Id, Name WHERE Name LIKE 'Q%' LIMIT 5), Contact(Id) LIMIT 9")).json
        .searchRecords,
    ).toHaveLength(1)
    for (const bad of ['FIND quokka', 'FIND {x}', 'FIND {quokka} RETURNING Account(Nmae)', 'FIND {(quokka} RETURNING Account(Id)']) {
      expect([bad, (await sosl(bad)).status]).toEqual([bad, 400])
    }
    await org.call('DELETE', `/sobjects/Account/${id}`)
    expect((await search('quokka')).searchRecords).toEqual([])
    await org.control({ hide: [other] })
    const names = (await org.rows(`SELECT Name FROM Account WHERE Id = '${other}'`)).length
    expect(names).toBe(0)
  })
})

describe('seeding', () => {
  test('[SF16] the same random numbers make the same records, up to a number of all objects together', async () => {
    const made = async () => {
      await using folder = await tempFolder()
      await seedSalesforce(folder.path, seedPlan(120), seededRandom(5), () => START_MS)
      return readdirSync(folder.path)
        .filter((name) => /-\d{4}\.json$/.test(name))
        .map((name) => [name, readFileSync(join(folder.path, name), 'utf8')])
    }
    const [first, second] = [await made(), await made()]
    expect(first).toEqual(second)
    expect(first.map(([name]) => name)).toEqual(
      ['account', 'case', 'contact', 'opportunity', 'site_visit__c'].map((name) => `${name}-0000.json`),
    )
    const count = first.reduce((sum, [, text = '']) => sum + JSON.parse(text).records.length, 0)
    expect([count, Object.values(seedPlan(100_000)).reduce((sum, one) => sum + one, 0)]).toEqual([120, 100_000])
  })
})

describe('seeing and editing', () => {
  test('[SF15] people browse, edit, merge and delete records on the screen', async () => {
    await using org = await Org.fresh()
    const [a = '', b = ''] = await org.ids()
    const page = await org.world.fetch('GET', org.base)
    expect([page.status, page.text.includes('Accounts'), page.text.includes(a)]).toEqual([200, true, true])
    expect((await org.world.fetch('GET', `${org.base}/${a}`)).headers.get('location')).toBe(`/sandbox/salesforce/account/${a}`)
    const record = await org.world.fetch('GET', `${org.base}/account/${a}`)
    expect(record.text).toContain('Account Name')
    const saved = await org.world.fetch('POST', `${org.base}/account/${a}`, form({ was: '{}', Name: 'By hand', as: 'Tom Okafor' }))
    expect([saved.status, await org.read(a, 'Name', 'LastModifiedById')]).toEqual([
      303,
      { Name: 'By hand', LastModifiedById: makeId('005', 5) },
    ])
    const refused = await org.world.fetch(
      'POST',
      `${org.base}/account/${a}`,
      form({ was: '{}', Name: 'By hand', Billing_Contact__c: 'nobody' }),
    )
    expect([refused.status, refused.text.includes('invalid email address')]).toEqual([400, true])
    expect((await org.world.fetch('POST', `${org.base}/account/${b}/merge`, form({ into: a }))).status).toBe(303)
    expect((await org.call('GET', `/sobjects/Account/${b}`)).status).toBe(404)
    expect((await org.world.fetch('GET', `${org.base}?filter=bin`)).text).toContain(b)
  })
})
