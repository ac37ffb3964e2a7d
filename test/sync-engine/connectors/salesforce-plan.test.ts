import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { ObjectDescription, RecordDelta } from '../../../sync-engine/connectors/connector.ts'
import { planSalesforceCalls } from '../../../sync-engine/connectors/salesforce-plan.ts'
import { listsOf, soqlBeginning, soqlQuery, soqlText, splitFilter } from '../../../sync-engine/connectors/soql.ts'
import type { CellValue } from '../../../workbook/cell-value.ts'

const description = {
  app: 'salesforce',
  object: 'Account',
  fields: [
    { id: 'Name', name: 'Account Name', type: 'text', writable: true, wire: 'text' },
    { id: 'Employees', name: 'Employees', type: 'number', writable: true, wire: 'whole' },
    { id: 'Due', name: 'Due', type: 'date', writable: true, wire: 'date' },
    { id: 'Discount', name: 'Discount', type: 'percent', writable: true, wire: 'percent:1' },
    {
      id: 'Rating',
      name: 'Rating',
      type: 'single-select',
      writable: true,
      wire: 'pick',
      options: [
        { id: 'H', name: 'Hot' },
        { id: 'W', name: 'Warm' },
      ],
    },
    {
      id: 'Regions',
      name: 'Regions',
      type: 'multi-select',
      writable: true,
      wire: 'picks',
      options: [
        { id: 'North', name: 'North' },
        { id: 'East', name: 'East' },
      ],
    },
  ],
} as unknown as ObjectDescription

const delta = (recordId: string, changes: Record<string, CellValue>): RecordDelta => ({
  recordId,
  recordKey: recordId,
  changes: Object.entries(changes).map(([field, value]) => ({ field, value })),
})
const many = (count: number): RecordDelta[] => Array.from({ length: count }, (_, index) => delta(`r${index}`, { Name: `n${index}` }))
const sizes = (count: number) =>
  planSalesforceCalls(many(count), description).map((call) => {
    const { compositeRequest } = call.body as { compositeRequest?: { body: { records: unknown[] } }[] }
    return compositeRequest?.map(({ body }) => body.records.length) ?? (call.body as { records: unknown[] }).records.length
  })

describe('Salesforce plan', () => {
  it('[SF30] two hundred records are one collection, a thousand one composite of five', () => {
    expect(sizes(0)).toEqual([])
    expect(sizes(1)).toEqual([1])
    expect(sizes(200)).toEqual([200])
    expect(sizes(201)).toEqual([[200, 1]])
    expect(sizes(1000)).toEqual([[200, 200, 200, 200, 200]])
    expect(sizes(1001)).toEqual([[200, 200, 200, 200, 200], 1])
    const calls = planSalesforceCalls(many(2345), description)
    expect(calls).toHaveLength(3)
    expect(calls.flatMap(({ deltas }) => deltas)).toEqual(many(2345))
    expect(planSalesforceCalls([delta('r', {})], description)).toEqual([])
  })

  it('[SF30] a call holds exactly the changed fields in the form Salesforce takes them', () => {
    const [call] = planSalesforceCalls(
      [delta('001', { Name: null, Employees: 2.5, Discount: 0.123, Rating: 'hot', Regions: '["East","North"]' })],
      description,
    )
    expect(call).toMatchObject({
      method: 'PATCH',
      path: '/services/data/v62.0/composite/sobjects',
      body: {
        allOrNone: false,
        records: [
          { attributes: { type: 'Account' }, id: '001', Name: null, Employees: 3, Discount: 12.3, Rating: 'H', Regions: 'North;East' },
        ],
      },
    })
    const records = call === undefined ? [] : (call.body as { records: object[] }).records
    expect(records.map((record) => Object.keys(record).length)).toEqual([7])
  })

  it('[SF31] a record with a value that Salesforce could not read is a request of its own in the same call', () => {
    const calls = planSalesforceCalls(
      [delta('a', { Name: 'x' }), delta('b', { Due: '31/01/2024' }), delta('c', { Employees: 'many' }), delta('d', { Due: '2024-01-31' })],
      description,
    )
    expect(calls.map(({ deltas }) => deltas.map(({ recordId }) => recordId))).toEqual([['a', 'd', 'b', 'c']])
    expect(calls[0]?.body).toMatchObject({
      compositeRequest: [
        { url: '/services/data/v62.0/composite/sobjects', referenceId: 'part1', body: { records: [{ id: 'a' }, { id: 'd' }] } },
        { url: '/services/data/v62.0/sobjects/Account/b', referenceId: 'part2', body: { Due: '31/01/2024' } },
        { url: '/services/data/v62.0/sobjects/Account/c', referenceId: 'part3' },
      ],
    })
    expect(planSalesforceCalls([delta('b', { Due: 'soon' })], description)).toMatchObject([{ body: { records: [{ id: 'b' }] } }])
  })

  it('[SF31] twenty such records go beside the thousand of a call, and no request is too many', () => {
    const bad = Array.from({ length: 45 }, (_, index) => delta(`b${index}`, { Due: 'soon' }))
    const calls = planSalesforceCalls([...bad, ...many(1001)], description)
    expect(calls.map(({ deltas }) => deltas.length)).toEqual([1020, 21, 5])
    for (const { body } of calls) expect((body as { compositeRequest: unknown[] }).compositeRequest.length).toBeLessThanOrEqual(25)
    const ids = (deltas: readonly RecordDelta[]) => deltas.map(({ recordId }) => recordId).sort()
    expect(ids(calls.flatMap(({ deltas }) => deltas))).toEqual(ids([...bad, ...many(1001)]))
  })
})

describe('the files of the plan', () => {
  it('[K4] the planner runs without the network: it imports pure files only', () => {
    const seen = new Set<string>()
    const visit = (path: string) => {
      if (seen.has(path)) return
      seen.add(path)
      const imports = [...readFileSync(path, 'utf8').matchAll(/^import (?!type)[^;]*? from '([^']+)'/gmsu)].map(([, from = '']) => from)
      for (const from of imports) {
        expect(from.startsWith('.'), `${path} imports ${from}`).toBe(true)
        visit(new URL(from, `file://${path}`).pathname)
      }
    }
    visit(new URL('../../../sync-engine/connectors/salesforce-plan.ts', import.meta.url).pathname)
    expect(seen.size).toBeGreaterThan(3)
  })
})

describe('SOQL', () => {
  it.each([
    ['plain', "'plain'"],
    ["O'Neil", "'O\\'Neil'"],
    ["' OR Name != '", "'\\' OR Name != \\''"],
    ['back\\slash', "'back\\\\slash'"],
    ["\\' OR 1", "'\\\\\\' OR 1'"],
    ['line\nend\r\t', "'line\\nend\\r\\t'"],
    ['100 %_', "'100 %_'"],
    ['', "''"],
    ['𝄞 ß', "'𝄞 ß'"],
  ])('[SF34] the text %j is written %s', (text, soql) => {
    expect(soqlText(text)).toBe(soql)
  })

  it('[SF34] what a text begins with is no wildcard', () => {
    expect(soqlBeginning("50%_o'")).toBe("'50\\%\\_o\\'%'")
  })

  it.each([
    ['', { condition: '', order: '' }],
    ["Name = 'a'", { condition: "Name = 'a'", order: '' }],
    [" where Name = 'a' order by Name desc ", { condition: "Name = 'a'", order: 'order by Name desc' }],
    ['ORDER BY Name', { condition: '', order: 'ORDER BY Name' }],
    ["Name = 'x order by y' AND (Site = ')')", { condition: "Name = 'x order by y' AND (Site = ')')", order: '' }],
    ["Name = 'it\\'s limit 5'", { condition: "Name = 'it\\'s limit 5'", order: '' }],
    ['SELECT Id FROM Account', { problem: expect.stringContaining('only the condition') }],
    ['Name != null LIMIT 5', { problem: expect.stringContaining('no LIMIT') }],
    ['Name != null) OR (Id != null', { problem: expect.stringContaining('parentheses') }],
    ['(Name != null', { problem: expect.stringContaining('parentheses') }],
  ])('[SF35] the filter %j', (filter, split) => {
    expect(splitFilter(filter)).toEqual(split)
  })

  it('[SF35] conditions are joined in parentheses of their own', () => {
    expect(
      soqlQuery({
        fields: ['Id', 'Name', 'Id'],
        object: 'Account',
        conditions: ['a = 1 OR b = 2', '', 'c = 3'],
        order: 'ORDER BY Id',
        limit: 5,
      }),
    ).toBe('SELECT Id, Name FROM Account WHERE (a = 1 OR b = 2) AND (c = 3) ORDER BY Id LIMIT 5')
  })

  it('[SF36] long lists are split where an address would grow too long', () => {
    const keys = Array.from({ length: 2000 }, (_, index) => `001${String(index).padStart(15, '0')}`)
    const lists = listsOf(keys)
    expect(lists.flat()).toEqual(keys)
    for (const list of lists) expect(encodeURIComponent(list.map(soqlText).join(', ')).length).toBeLessThan(14_000)
    expect(lists.length).toBeLessThan(8)
    expect(listsOf([])).toEqual([])
  })
})
