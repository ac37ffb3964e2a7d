import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { spanOf } from '../../sandbox/salesforce/soql/dates.ts'
import { likePattern } from '../../sandbox/salesforce/soql/evaluate.ts'
import { type Condition, parseSoql } from '../../sandbox/salesforce/soql/parse.ts'
import { SoqlError } from '../../sandbox/salesforce/soql/tokens.ts'
import { soqlText } from '../../sync-engine/connectors/soql.ts'
import { Org } from './salesforce-world.ts'
import type { Json } from './world.ts'

const where = (condition: string): Condition | undefined => parseSoql(`SELECT Id FROM Account WHERE ${condition}`).where

describe('reading SOQL', () => {
  test.each([
    ['', "unexpected token: '<EOF>'"],
    ['SELECT', "unexpected token: '<EOF>'"],
    ['SELECT FROM Account', "unexpected token: 'FROM'"],
    ['SELECT Id FROM', "unexpected token: '<EOF>'"],
    ['SELECT Id, FROM Account', "unexpected token: 'FROM'"],
    ['SELECT Id FROM Account WHERE', "unexpected token: '<EOF>'"],
    ["SELECT Id FROM Account WHERE Name = 'a' AND Site = 'b' OR Fax = 'c'", "unexpected token: 'OR'"],
    ["SELECT Id FROM Account WHERE Name = 'a", 'mismatched character'],
    ["SELECT Id FROM Account WHERE Name = 'a\\q'", 'Invalid string literal'],
    ["SELECT Id FROM Account WHERE (Name = 'a'", "unexpected token: '<EOF>'"],
    ['SELECT Id FROM Account WHERE Name LIKE 5', "unexpected token: '5'"],
    ['SELECT Id FROM Account WHERE Name IN ()', "unexpected token: ')'"],
    ['SELECT Id FROM Account WHERE Name ~ 5', "unexpected token: '~'"],
    ['SELECT Id FROM Account LIMIT x', "unexpected token: 'x'"],
    ['SELECT Id FROM Account LIMIT 5 nonsense', "unexpected token: 'nonsense'"],
    ['SELECT Id FROM Account GROUP BY Id', "unexpected token: 'GROUP'"],
    [`SELECT Id FROM Account WHERE ${'('.repeat(200)}Id = null${')'.repeat(200)}`, 'nested too deeply'],
    [`SELECT Id FROM Account WHERE ${'NOT '.repeat(200)}Id = null`, 'nested too deeply'],
  ])('[SF4] %s is refused where it goes wrong', (soql, words) => {
    expect(() => parseSoql(soql)).toThrow(SoqlError)
    expect(() => parseSoql(soql)).toThrow(words)
  })

  test('[SF4] texts are read as they were meant, escapes and all', () => {
    expect(where(String.raw`Name = 'O\'Neil \\ \n \"x\"'`)).toMatchObject({ value: { kind: 'string', text: 'O\'Neil \\ \n "x"' } })
    expect(where('NOT (a = 1 OR b <> 2)')).toMatchObject({ kind: 'not', part: { kind: 'or', parts: [{ sign: '=' }, { sign: '!=' }] } })
    expect(where('CreatedDate > 2024-01-31T09:15:00+02:00')).toMatchObject({
      value: { kind: 'datetime', text: '2024-01-31T09:15:00+02:00' },
    })
    expect(where('CreatedDate = LAST_N_DAYS:30')).toMatchObject({ value: { kind: 'span', word: 'LAST_N_DAYS', count: 30 } })
    expect(where("Regions__c INCLUDES ('North;West', 'East')")).toMatchObject({
      kind: 'includes',
      isNegated: false,
      values: [{ text: 'North;West' }, { text: 'East' }],
    })
    expect(parseSoql('SELECT COUNT() FROM Account').select).toEqual({ kind: 'count' })
    expect(parseSoql('select Id from Account order by Name desc nulls last, Id limit 5 offset 10')).toMatchObject({
      orderBy: [
        { path: { text: 'Name' }, isDescending: true, isNullsLast: true },
        { path: { text: 'Id' }, isDescending: false },
      ],
      limit: 5,
      offset: 10,
    })
  })

  test('[SF34] no text of ours leaves its quotes, whatever it holds', () => {
    const letters = fc.string({
      unit: fc.constantFrom("'", '\\', '%', '_', '\n', '\r', '\t', '\b', '\f', '"', ' OR ', '(', ')', 'a', 'é', '𝄞'),
      maxLength: 40,
    })
    fc.assert(
      fc.property(letters, (text) => {
        const read = where(`Name = ${soqlText(text)}`)
        expect(read).toMatchObject({ kind: 'compare', sign: '=', value: { kind: 'string', text } })
      }),
      { seed: 5, numRuns: 500 },
    )
  })

  test.each([
    ['TODAY', undefined, '2026-02-01T00:00:00Z', '2026-02-02T00:00:00Z'],
    ['YESTERDAY', undefined, '2026-01-31T00:00:00Z', '2026-02-01T00:00:00Z'],
    ['TOMORROW', undefined, '2026-02-02T00:00:00Z', '2026-02-03T00:00:00Z'],
    ['THIS_WEEK', undefined, '2026-02-01T00:00:00Z', '2026-02-08T00:00:00Z'],
    ['LAST_MONTH', undefined, '2026-01-01T00:00:00Z', '2026-02-01T00:00:00Z'],
    ['NEXT_QUARTER', undefined, '2026-04-01T00:00:00Z', '2026-07-01T00:00:00Z'],
    ['LAST_YEAR', undefined, '2025-01-01T00:00:00Z', '2026-01-01T00:00:00Z'],
    ['LAST_90_DAYS', undefined, '2025-11-03T00:00:00Z', '2026-02-02T00:00:00Z'],
    ['LAST_N_DAYS', 7, '2026-01-25T00:00:00Z', '2026-02-02T00:00:00Z'],
    ['NEXT_N_DAYS', 7, '2026-02-02T00:00:00Z', '2026-02-09T00:00:00Z'],
    ['LAST_N_MONTHS', 2, '2025-12-01T00:00:00Z', '2026-02-01T00:00:00Z'],
    ['NEXT_N_QUARTERS', 1, '2026-04-01T00:00:00Z', '2026-07-01T00:00:00Z'],
    ['N_DAYS_AGO', 3, '2026-01-29T00:00:00Z', '2026-01-30T00:00:00Z'],
  ] as const)('[SF4] %s is a span of the org’s days', (word, count, from, to) => {
    const span = spanOf(word, count, Date.parse('2026-02-01T12:00:00Z'))
    expect(span && [new Date(span.from).toISOString(), new Date(span.to).toISOString()]).toEqual(
      [from, to].map((at) => at.replace('Z', '.000Z')),
    )
    expect(spanOf(word, count === undefined ? 3 : undefined, 0)).toBeUndefined()
  })

  test.each([
    ['a%', 'Abc', true],
    ['a%', 'ba', false],
    ['_b%', 'ab', true],
    ['a\\%', 'a%', true],
    ['a\\%', 'ab', false],
    ['%.x', 'a.x', true],
    ['%.x', 'abx', false],
    ['a%', 'a\nb', true],
  ])('[SF4] LIKE %s and %s', (pattern, text, isMatch) => {
    expect(likePattern(pattern).test(text)).toBe(isMatch)
  })
})

describe('asking with SOQL', () => {
  test('[SF4] every condition finds what a naive evaluator finds', async () => {
    await using org = await Org.fresh({ Account: 60 })
    const all = await org.rows(
      'SELECT Id, Name, Industry, AnnualRevenue, NumberOfEmployees, Key_Account__c, SLAExpirationDate__c, Regions__c, OwnerId FROM Account',
    )
    const text = (value: unknown): string => String(value ?? '').toLowerCase()
    const atoms: readonly (readonly [string, (row: Json) => boolean])[] = [
      ["Industry = 'energy'", (row) => text(row.Industry) === 'energy'],
      ["Industry != 'Energy'", (row) => text(row.Industry) !== 'energy'],
      ['Industry = null', (row) => row.Industry === null],
      ["Industry IN ('Retail', 'Media', null)", (row) => row.Industry === null || ['retail', 'media'].includes(text(row.Industry))],
      ["Industry NOT IN ('Retail')", (row) => text(row.Industry) !== 'retail'],
      ["Name LIKE '%bakeries%'", (row) => text(row.Name).includes('bakeries')],
      ['AnnualRevenue > 40000000', (row) => row.AnnualRevenue !== null && row.AnnualRevenue > 40_000_000],
      ['NumberOfEmployees <= 1000', (row) => row.NumberOfEmployees !== null && row.NumberOfEmployees <= 1000],
      ['Key_Account__c = TRUE', (row) => row.Key_Account__c === true],
      ['SLAExpirationDate__c >= 2026-03-01', (row) => row.SLAExpirationDate__c !== null && row.SLAExpirationDate__c >= '2026-03-01'],
      ["Regions__c INCLUDES ('North')", (row) => text(row.Regions__c).split(';').includes('north')],
      [
        "Regions__c EXCLUDES ('North', 'West')",
        (row) =>
          !text(row.Regions__c)
            .split(';')
            .some((one) => one === 'north' || one === 'west'),
      ],
      ["Owner.Name = 'Dana Kim'", (row) => row.OwnerId === '0055g0000000001AAA'],
    ]
    const atom = fc.constantFrom(...atoms)
    const { tree } = fc.letrec<{ tree: readonly [string, (row: Json) => boolean] }>((tie) => ({
      tree: fc.oneof(
        { maxDepth: 3 },
        atom,
        tie('tree').map(([soql, test]) => [`NOT (${soql})`, (row: Json) => !test(row)] as const),
        fc
          .tuple(tie('tree'), tie('tree'))
          .map(([[a, isA], [b, isB]]) => [`(${a}) AND (${b})`, (row: Json) => isA(row) && isB(row)] as const),
        fc
          .tuple(tie('tree'), tie('tree'))
          .map(([[a, isA], [b, isB]]) => [`(${a}) OR (${b})`, (row: Json) => isA(row) || isB(row)] as const),
      ),
    }))
    for (const [soql, isMatch] of [...atoms, ...fc.sample(tree, { seed: 21, numRuns: 120 })]) {
      const found = await org.rows(`SELECT Id FROM Account WHERE ${soql} ORDER BY Id`)
      const wanted = all.filter(isMatch).map(({ Id }) => Id)
      expect([soql, found.map(({ Id }) => Id)]).toEqual([soql, wanted.toSorted()])
      expect((await org.query(`SELECT COUNT() FROM Account WHERE ${soql}`)).json.totalSize).toBe(wanted.length)
    }
  })

  test.each([
    ['SELECT Nmae FROM Account', 'INVALID_FIELD', "No such column 'Nmae' on entity 'Account'"],
    ['SELECT Id FROM Accout', 'INVALID_TYPE', "sObject type 'Accout' is not supported"],
    ['SELECT Owner2.Name FROM Account', 'INVALID_FIELD', "Didn't understand relationship 'Owner2'"],
    ['SELECT Id, Id FROM Account', 'INVALID_FIELD', 'duplicate field selected: Id'],
    ["SELECT Id FROM Account WHERE Description = 'x'", 'INVALID_FIELD', 'can not be filtered in a query call'],
    ["SELECT Id FROM Account WHERE NumberOfEmployees = '5'", 'INVALID_FIELD', 'should not be enclosed in quotes'],
    ['SELECT Id FROM Account WHERE Name = 5', 'INVALID_FIELD', 'should be enclosed in quotes'],
    ["SELECT Id FROM Account WHERE CreatedDate > '2024-01-01T00:00:00Z'", 'INVALID_FIELD', 'should not be enclosed in quotes'],
    ["SELECT Id FROM Account WHERE Id = 'x'", 'INVALID_QUERY_FILTER_OPERATOR', 'invalid ID field: x'],
    ["SELECT Id FROM Account WHERE NumberOfEmployees LIKE '5%'", 'INVALID_FIELD', 'invalid operator on int field'],
    ['SELECT Id FROM Account ORDER BY Description', 'MALFORMED_QUERY', 'can not be sorted'],
    ['SELECT Id FROM Account LIMIT 5 OFFSET 2001', 'NUMBER_OUTSIDE_VALID_RANGE', 'Maximum SOQL offset'],
    ['SELECT FIELDS(ALL) FROM Account', 'MALFORMED_QUERY', 'LIMIT of at most 200'],
    ['', 'MALFORMED_QUERY', "unexpected token: '<EOF>'"],
  ])('[SF4] %s is refused in Salesforce’s words', async (soql, errorCode, words) => {
    await using org = await Org.fresh({ Account: 1 })
    const reply = await org.query(soql)
    expect([reply.status, reply.json[0].errorCode, reply.json[0].message.includes(words)]).toEqual([400, errorCode, true])
  })

  test('[SF4] rows come in order, lookups as records of their own, compound fields as their parts', async () => {
    await using org = await Org.fresh()
    const rows = await org.rows('SELECT Name, Account.Name, Account.Owner.Name, Account.BillingAddress FROM Contact ORDER BY LastName DESC')
    const held = rows.find((row) => row.Account !== null)
    expect(held.Account).toMatchObject({
      attributes: { type: 'Account' },
      Name: expect.any(String),
      Owner: { attributes: { type: 'User' } },
    })
    expect(held.Account.BillingAddress).toMatchObject({ city: expect.any(String), street: expect.any(String) })
    const sorted = await org.rows('SELECT AnnualRevenue FROM Account ORDER BY AnnualRevenue DESC NULLS LAST, Id')
    const values = sorted.map((row) => row.AnnualRevenue ?? -1)
    expect(values).toEqual(values.toSorted((a: number, b: number) => b - a))
    expect((await org.rows('SELECT FIELDS(ALL) FROM Account LIMIT 1'))[0]).toHaveProperty('SystemModstamp')
  })

  test('[SF5] a long answer comes in pages whose rows are fixed by the query; a forgotten page is said to be', async () => {
    await using org = await Org.fresh({ Account: 4500 })
    const first = await org.query('SELECT Id FROM Account ORDER BY Id')
    expect([first.json.totalSize, first.json.done, first.json.records.length]).toEqual([4500, false, 2000])
    const [victim] = first.json.records.slice(-1)
    await org.call('DELETE', `/sobjects/Account/${victim.Id}`)
    const ids = new Set<string>(first.json.records.map((row: Json) => row.Id))
    let next: string | undefined = first.json.nextRecordsUrl
    for (let page = 0; next !== undefined && page < 5; page++) {
      const { json } = await org.call('GET', next.slice('/services/data/v62.0'.length))
      for (const row of json.records) ids.add(row.Id)
      next = json.nextRecordsUrl
    }
    expect(ids.size).toBe(4500)
    const small = await org.call('GET', `/query?q=${encodeURIComponent('SELECT Id FROM Account')}`, undefined, {
      'sforce-query-options': 'batchSize=10',
    })
    expect(small.json.records).toHaveLength(200)
    expect((await org.call('GET', '/query/01g5g0000000000AAA-2000')).json).toMatchObject([{ errorCode: 'INVALID_QUERY_LOCATOR' }])
  })
})
