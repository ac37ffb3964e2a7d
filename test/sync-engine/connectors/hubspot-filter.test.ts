import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ExternalField } from '../../../sync-engine/connectors/connector.ts'
import { FILTER_LIMITS, type HubCondition, parseHubFilter } from '../../../sync-engine/connectors/hubspot-filter.ts'

const NOW = Date.parse('2026-02-01T09:30:00.000Z')
const field = (id: string, name: string, wire: string, options?: ExternalField['options']): ExternalField => ({
  id,
  name,
  type: 'text',
  wire,
  writable: true,
  ...(options && { options }),
})
const FIELDS: readonly ExternalField[] = [
  field('name', 'Company name', 'line'),
  field('city', 'City', 'line'),
  field('tier', 'Tier', 'option', [
    { id: 'gold', name: 'Gold' },
    { id: 'GOLD', name: 'Gold (legacy)' },
    { id: 'silver', name: 'Silver' },
  ]),
  field('stage', 'Stage', 'option', [
    { id: 'closedwon', name: 'Closed Won' },
    { id: 'lead', name: 'Lead' },
  ]),
  field('employees', 'Employees', 'number'),
  field('renewal_date', 'Renewal date', 'date'),
  field('changed', 'Last change', 'instant'),
  field('is_partner', 'Partner', 'bool'),
  field('owner', 'Owner', 'owner', [{ id: '17', name: 'Dana Kim' }]),
  field('twice_a', 'Twice', 'line'),
  field('twice_b', 'Twice', 'line'),
  field('associations.deals', 'Deals', 'linked'),
]

const parse = (text: string) => parseHubFilter(text, FIELDS, NOW)
const groupsOf = (text: string) => {
  const parsed = parse(text)
  if (parsed.kind === 'problem') throw new Error(`${parsed.at}: ${parsed.message}`)
  return parsed.filter.groups
}
const is = (propertyName: string, operator: HubCondition['operator'], value?: string): HubCondition => ({
  propertyName,
  operator,
  ...(value !== undefined && { value }),
})

describe('the filter language of HubSpot', () => {
  test.each<[string, readonly (readonly HubCondition[])[]]>([
    ['', []],
    ['  ', []],
    ['name = Acme', [[is('name', 'EQ', 'Acme')]]],
    ['NAME="Acme & Sons"', [[is('name', 'EQ', 'Acme & Sons')]]],
    ["\"company name\" != 'O\\'Neil'", [[is('name', 'NEQ', "O'Neil")]]],
    ['tier = Gold', [[is('tier', 'EQ', 'gold')]]],
    ['tier = GOLD', [[is('tier', 'EQ', 'GOLD')]]],
    ['tier = SILVER', [[is('tier', 'EQ', 'silver')]]],
    ['stage = "closed won"', [[is('stage', 'EQ', 'closedwon')]]],
    ['owner = "Dana Kim"', [[is('owner', 'EQ', '17')]]],
    ['employees>=50', [[is('employees', 'GTE', '50')]]],
    ['employees between 5 and 50', [[{ propertyName: 'employees', operator: 'BETWEEN', value: '5', highValue: '50' }]]],
    ['renewal_date < 2026-05-31', [[is('renewal_date', 'LT', String(Date.UTC(2026, 4, 31)))]]],
    ['changed >= today', [[is('changed', 'GTE', String(Date.UTC(2026, 1, 1)))]]],
    ['changed >= -30d', [[is('changed', 'GTE', String(NOW - 30 * 86_400_000))]]],
    ['changed > -8h', [[is('changed', 'GT', String(NOW - 8 * 3_600_000))]]],
    ['changed > 2026-01-31T08:00:00Z', [[is('changed', 'GT', String(Date.UTC(2026, 0, 31, 8)))]]],
    ['is_partner = yes', [[is('is_partner', 'EQ', 'true')]]],
    ['city in (Lyon, "Porto")', [[{ propertyName: 'city', operator: 'IN', values: ['lyon', 'porto'] }]]],
    ['tier not in (Gold, Silver)', [[{ propertyName: 'tier', operator: 'NOT_IN', values: ['gold', 'silver'] }]]],
    ['name contains north*', [[is('name', 'CONTAINS_TOKEN', 'north*')]]],
    ['name not contains south', [[is('name', 'NOT_CONTAINS_TOKEN', 'south')]]],
    ['city is known', [[is('city', 'HAS_PROPERTY')]]],
    ['city is unknown', [[is('city', 'NOT_HAS_PROPERTY')]]],
    ['city is not empty and name = a', [[is('city', 'HAS_PROPERTY'), is('name', 'EQ', 'a')]]],
    ['name = a or name = b and city = c', [[is('name', 'EQ', 'a')], [is('name', 'EQ', 'b'), is('city', 'EQ', 'c')]]],
    [
      'city = c and (name = a or name = b)',
      [
        [is('city', 'EQ', 'c'), is('name', 'EQ', 'a')],
        [is('city', 'EQ', 'c'), is('name', 'EQ', 'b')],
      ],
    ],
  ])('[HS20] %s', (text, groups) => expect(groupsOf(text)).toEqual(groups))

  test('[HS20] an order stands at the end, alone too', () => {
    expect(parse('order by name')).toMatchObject({ filter: { groups: [], order: { property: 'name', isDescending: false } } })
    expect(parse('city = Lyon ORDER BY "Employees" DESC')).toMatchObject({
      filter: { order: { property: 'employees', isDescending: true } },
    })
  })

  test('[HS20] without a description properties and values go as they are written', () => {
    expect(parseHubFilter('anything = Gold and day >= 2026-01-01', undefined, NOW)).toMatchObject({
      filter: { groups: [[is('anything', 'EQ', 'Gold'), is('day', 'GTE', String(Date.UTC(2026, 0, 1)))]] },
    })
  })

  test.each([
    ['teir = Gold', 1, 'There is no property “teir”'],
    ['name = a and company = b', 14, 'Did you mean name'],
    ['Twice = a', 1, 'use twice_a or twice_b'],
    ['tier = gld', 8, 'Tier has no option “gld”. There are: Gold, Gold (legacy), Silver.'],
    ['tier = gOLD', 8, 'has no option'],
    ['tier > Gold', 6, 'Tier has no order'],
    ['employees = many', 13, '“many” is no number'],
    ['renewal_date > soon', 16, 'is no day or time'],
    ['is_partner = perhaps', 14, 'neither yes nor no'],
    ['name =', 7, 'A value for Company name is missing'],
    ['name Acme', 6, 'comes an operator'],
    ['name = "Acme', 8, 'not closed'],
    ['(name = a', 10, 'closing parenthesis is missing'],
    ['name = a b', 10, '“b” was not expected'],
    ['name = a and', 13, 'A property is missing'],
    ['city in Lyon', 9, 'parentheses'],
    ['city in (Lyon', 14, 'closing parenthesis'],
    ['employees between 5', 20, '“and” between them'],
    ['city is there', 9, '“known” or “unknown”'],
    ['city not Lyon', 10, '“in” or “contains”'],
    ['order name', 7, '“by”'],
    ['"associations.deals" = x', 1, 'does not look at associated records'],
    ['name = a; name = b', 11, 'was not expected'],
    ['name = b ! c', 10, '“!” has no meaning here'],
  ])('[HS21] %s is refused at letter %i', (text, at, words) => {
    const parsed = parse(text)
    expect(parsed).toMatchObject({ kind: 'problem', message: expect.stringContaining(words) })
    expect(parsed).toMatchObject({ at })
  })

  test('[HS21] what HubSpot could not take is refused before it is asked', () => {
    const conditions = (count: number, word: string) => Array.from({ length: count }, (_, i) => `name = a${i}`).join(` ${word} `)
    expect(parse(conditions(FILTER_LIMITS.groups, 'or')).kind).toBe('filter')
    const twoEach = Array.from({ length: FILTER_LIMITS.groups }, () => `(${conditions(2, 'and')})`)
    expect(parse(twoEach.join(' or '))).toMatchObject({ message: expect.stringContaining('no more conditions') })
    expect(parse(conditions(6, 'or'))).toMatchObject({ message: expect.stringContaining('5 alternatives') })
    expect(parse(conditions(5, 'and'))).toMatchObject({ message: expect.stringContaining('4 conditions') })
    expect(parse(`(${conditions(4, 'or')}) and (${conditions(4, 'or')})`).kind).toBe('problem')
    expect(parse(Array.from({ length: 9 }, () => `(${conditions(5, 'or')})`).join(' and ')).kind).toBe('problem')
  })

  test('[HS21] no text breaks the reader, and a problem lies inside the text', () => {
    const words = fc.constantFrom(
      'name',
      'tier',
      '=',
      '!=',
      'and',
      'or',
      '(',
      ')',
      'in',
      ',',
      '"',
      "'",
      'order',
      'by',
      'is',
      'known',
      'not',
      '-3d',
    )
    const texts = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(words, { maxLength: 14 }).map((parts) => parts.join(' ')),
    )
    fc.assert(
      fc.property(texts, (text) => {
        const parsed = parse(text)
        if (parsed.kind === 'filter') return parsed.filter.groups.length <= FILTER_LIMITS.groups
        return parsed.at >= 1 && parsed.at <= text.length + 1 && parsed.message.length > 0
      }),
      { seed: 5, numRuns: 1000 },
    )
  })

  test('[HS20] a quoted value is the value, whatever it holds', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), (value) => {
        const quoted = `"${value.replace(/[\\"]/g, '\\$&')}"`
        expect(groupsOf(`name = ${quoted}`)).toEqual([[is('name', 'EQ', value)]])
      }),
      { seed: 6, numRuns: 500 },
    )
  })
})
