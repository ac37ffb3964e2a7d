import { describe, expect, test } from 'vitest'
import type { AppRecord, Connector, ExternalField } from '../../sync-engine/connectors/connector.ts'
import { hubFiltersFor, parseHubFilter } from '../../sync-engine/connectors/hubspot-filter.ts'
import { jqlForValues } from '../../sync-engine/connectors/jql.ts'
import { soqlFiltersFor, splitFilter } from '../../sync-engine/connectors/soql.ts'
import { spellingsOf } from '../../sync-engine/match-rows.ts'
import { recordsByValue } from '../../sync-engine/records-by-value.ts'
import { SyncError } from '../../sync-engine/sync-error.ts'

const many = (n: number, of = (i: number) => `Value ${i}`): string[] => Array.from({ length: n }, (_, i) => of(i))

describe('[CN23] the values of rows as questions of an app', () => {
  test.each([
    [
      'a line of text as phrases',
      'project = TB',
      'summary',
      'text',
      ['Fix  login', 'a'],
      ['(project = TB) AND (summary ~ "\\"Fix login\\"" OR summary ~ "\\"a\\"")'],
    ],
    ['without its order, and alone without a filter', ' ORDER BY key', 'customfield_7', 'text', ['a'], ['cf[7] ~ "\\"a\\""']],
    ['quotes cannot leave the phrase', '', 'summary', 'text', ['a" OR project = X \\'], ['summary ~ "\\"a OR project = X\\""']],
    ['numbers, what is none left out', '', 'customfield_7', 'number', ['3', 'x', '2.5'], ['cf[7] IN (3, 2.5)']],
    ['keys, what is none left out', '', 'issuekey', 'key', ['tb-1', 'none', 'TB-2) OR (1=1'], ['issuekey IN (TB-1)']],
    ['nothing to ask', '', 'issuekey', 'key', ['none'], []],
    ['signs alone are in no index', '', 'summary', 'text', ['ok', '!!!'], undefined],
    ['options, people and days are listed', '', 'status', 'named', ['Done'], undefined],
  ] as const)('Jira: %s', (_, jql, field, wire, values, wanted) => {
    expect(jqlForValues(jql, field, wire, values)).toEqual(wanted)
  })

  test('Jira: a hundred phrases or a thousand keys a query; a text longer than a line can be is no question', () => {
    expect(jqlForValues('', 'summary', 'text', many(250))).toHaveLength(3)
    expect(
      jqlForValues(
        '',
        'issuekey',
        'key',
        many(2_001, (i) => `TB-${i}`),
      ),
    ).toHaveLength(3)
    expect(jqlForValues('', 'summary', 'text', ['x'.repeat(256)])).toEqual([])
  })

  test('Salesforce: lists within the condition, as long as an address may be, each of them a filter that reads', () => {
    expect(soqlFiltersFor("City = 'x' OR City = 'y'", 'Name', ["O'Neil", 'b'], true)).toEqual([
      "(City = 'x' OR City = 'y') AND Name IN ('O\\'Neil', 'b')",
    ])
    expect(soqlFiltersFor('', 'Size__c', ['3', '4'], false)).toEqual(['Size__c IN (3, 4)'])
    const lists = soqlFiltersFor(
      '',
      'Name',
      many(1_000, (i) => `Company of the number ${i}`),
      true,
    )
    for (const filter of lists) {
      expect(encodeURIComponent(filter).length).toBeLessThan(12_000)
      expect(splitFilter(filter)).toEqual({ condition: filter, order: '' })
    }
    expect(lists.length).toBeLessThan(6)
  })

  const property = (id: string, wire: string): ExternalField => ({ id, name: id, type: 'text', writable: true, wire })
  const fields = [property('name', 'line'), property('size', 'number'), property('tier', 'option'), property('city', 'line')]
  const hub = (text: string, field: string, values: readonly string[]) =>
    hubFiltersFor(text, fields.find(({ id }) => id === field) ?? property(field, 'shown'), values, fields)

  test('HubSpot: lists of a hundred within the filter, without its order', () => {
    expect(hub('city = Lyon or city = Rome order by name', 'name', ['Acme "X"', 'B'])).toEqual([
      '(city = Lyon or city = Rome) and name in ("Acme \\"X\\"", "B")',
    ])
    expect(hub('', 'size', ['1', 'x'])).toEqual(['size in ("1")'])
    expect(hub('', 'name', many(201))).toHaveLength(3)
    const [filter = ''] = hub('', 'name', ['ACME Ltd']) ?? []
    expect(parseHubFilter(filter, fields, 0)).toMatchObject({ filter: { groups: [[{ operator: 'IN', values: ['acme ltd'] }]] } })
  })

  test('HubSpot: options are listed, and so is what stands in a filter that has no room, or does not read', () => {
    expect(hub('', 'tier', ['Gold'])).toBeUndefined()
    expect(hub('city = a and city = b and city = c and city = d', 'name', ['x'])).toBeUndefined()
    expect(hub('city = "open', 'name', ['x'])).toBeUndefined()
    expect(hub('nowhere = 1', 'name', ['x'])).toBeUndefined()
  })

  test('a value is asked for as it stands and, where it has odd spaces or letters, as it is read', () => {
    expect(spellingsOf([' Acme ', 'ACME', 'A  b', ''])).toEqual(['ACME', 'A  b', 'a b'])
  })
})

/** An app of numbered records of which only what a filter names is found; a filter is a list of names, or empty for all. */
function appOf(names: readonly string[], o: { listPage: number; refuses?: boolean; knowsKeys?: boolean; cannot?: boolean }) {
  const calls: string[] = []
  const record = (name: string): AppRecord => ({ id: name, key: name, values: { name }, updated: '' })
  const app: Pick<Connector, 'list' | 'filtersFor' | 'count' | 'findByKeys'> = {
    list: async (filter, _fields, cursor) => {
      calls.push(filter === '' ? 'list' : 'values')
      if (o.refuses && filter.includes('nobody')) throw new SyncError('bad-request', 'No such key.')
      const found = filter === '' ? names : names.filter((name) => filter.split(',').includes(name))
      const at = Number(cursor ?? 0)
      const next = at + o.listPage
      return { records: found.slice(at, next).map(record), next: next < found.length ? String(next) : null }
    },
    ...(o.cannot
      ? {}
      : {
          filtersFor: (_filter: string, _field: string, values: readonly string[]) =>
            Array.from({ length: Math.ceil(values.length / 2) }, (_, i) => values.slice(2 * i, 2 * i + 2).join(',')),
        }),
    count: async () => {
      calls.push('count')
      return names.length
    },
    findByKeys: async (keys) => {
      calls.push('keys')
      return names.filter((name) => keys.includes(name)).map((name) => ({ id: name, key: name, name }))
    },
  }
  const ask = async (values: readonly string[], limit = 100, keyField = 'id') => {
    const asked = {
      filter: '',
      field: 'name',
      values,
      fields: ['name'],
      limit,
      description: { keyField, listPage: o.listPage, readBatch: 100 },
    }
    const { records, ...told } = await recordsByValue(app as Connector, asked, new AbortController().signal)
    return { names: records.map(({ id }) => id), ...told, asked: calls }
  }
  return { ask }
}

describe('[CN23] the fewest calls that find the records of some values', () => {
  const names = many(30, (i) => `n${i}`)

  test('a few values are asked for', async () => {
    expect(await appOf(names, { listPage: 10 }).ask(['n3', 'zz'])).toEqual({
      names: ['n3'],
      calls: 1,
      isComplete: true,
      isListed: false,
      asked: ['values'],
    })
  })

  test('where the whole filter is shorter than the questions, it is counted and listed', async () => {
    const found = await appOf(names, { listPage: 20 }).ask(names.slice(0, 10))
    expect(found).toMatchObject({ calls: 2, isComplete: true, isListed: true, asked: ['count', 'list', 'list'] })
    expect(found.names).toHaveLength(30)
  })

  test('where the app cannot be asked, or does not take it so, the filter is listed up to the bound, and that is told', async () => {
    expect(await appOf(names, { listPage: 10, cannot: true }).ask(['n1'], 20)).toMatchObject({
      calls: 2,
      isComplete: false,
      isListed: true,
    })
    expect(await appOf(names, { listPage: 10, cannot: true }).ask(['n1'], 30)).toMatchObject({ calls: 3, isComplete: true })
    const refused = await appOf(names, { listPage: 10, refuses: true }).ask(['nobody'])
    expect(refused).toMatchObject({ calls: 3, isListed: true, asked: ['values', 'list', 'list', 'list'] })
  })

  test('where a list of keys is refused for one that does not exist, those that do are asked for', async () => {
    const found = await appOf(names, { listPage: 10, refuses: true }).ask(['n1', 'nobody'], 100, 'name')
    expect(found).toEqual({ names: ['n1'], calls: 2, isComplete: true, isListed: false, asked: ['values', 'keys', 'values'] })
  })
})
