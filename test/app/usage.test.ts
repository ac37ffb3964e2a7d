import { describe, expect, test } from 'vitest'
import { CREDIT_RULES } from '../../app/runs/receipt.ts'
import { daysOf, monthAfter, monthIn, monthOf, scaleOf, seriesOf, totalsOf, type UsageLine, usageCsv } from '../../app/usage/usage.ts'

const NAMES = {
  rule: { pushed: 'Pushed', pulled: 'Pulled', linked: 'Linked', refreshed: 'Refreshed', searched: 'Searched' },
  others: 'Others',
}
const line = (day: string, integration: string, person: string, credits: Partial<UsageLine['credits']>): UsageLine => {
  const all = { pushed: 0, pulled: 0, linked: 0, refreshed: 0, searched: 0, ...credits }
  const total = CREDIT_RULES.reduce((sum, rule) => sum + all[rule], 0)
  return { day, integration, integrationName: integration.toUpperCase(), app: 'jira', person, personName: person, credits: all, total }
}
const DAYS = daysOf('2026-11')
const LINES = [
  line('2026-11-01', 'jira', 'ann', { pushed: 3, pulled: 10 }),
  line('2026-11-01', 'hub', 'ann', { linked: 2 }),
  line('2026-11-30', 'jira', 'bob', { searched: 1, pulled: 20 }),
]

describe('the months of the ledger', () => {
  test('[RL6] a month is the workspace’s, also where the reader’s is another', () => {
    const at = Date.UTC(2026, 10, 30, 23, 30)
    expect([monthOf(at, 'Europe/Berlin'), monthOf(at, 'America/New_York')]).toEqual(['2026-12', '2026-11'])
    expect([monthAfter('2026-01', -1), monthAfter('2026-12', 1)]).toEqual(['2025-12', '2027-01'])
    expect([daysOf('2024-02').length, DAYS.length, DAYS[0], DAYS.at(-1)]).toEqual([29, 30, '2026-11-01', '2026-11-30'])
    expect([monthIn('?month=2026-11'), monthIn('?month=2026-13'), monthIn('')]).toEqual(['2026-11', undefined, undefined])
  })
})

describe('credits by what they are grouped by', () => {
  test.each(['integration', 'rule', 'person'] as const)('[RL6] by %s the sums are those of the ledger', (by) => {
    const series = seriesOf(LINES, by, DAYS, NAMES)
    const all = LINES.reduce((sum, { total }) => sum + total, 0)
    expect(series.reduce((sum, { total }) => sum + total, 0)).toBe(all)
    expect(totalsOf(series, DAYS).reduce((sum, total) => sum + total, 0)).toBe(all)
    expect(totalsOf(series, DAYS)[0]).toBe(15)
  })

  test('[RL6] the largest stands first, rules in their own order, and of many the smallest are one', () => {
    expect(seriesOf(LINES, 'integration', DAYS, NAMES).map(({ name, total }) => [name, total])).toEqual([
      ['JIRA', 34],
      ['HUB', 2],
    ])
    expect(seriesOf(LINES, 'rule', DAYS, NAMES).map(({ name, total }) => [name, total])).toEqual([
      ['Pushed', 3],
      ['Pulled', 30],
      ['Linked', 2],
      ['Searched', 1],
    ])
    const many = Array.from({ length: 9 }, (_, i) => line('2026-11-02', 'jira', `p${i}`, { pushed: i + 1 }))
    expect(seriesOf(many, 'person', DAYS, NAMES).map(({ name, total }) => [name, total])).toEqual([
      ['p8', 9],
      ['p7', 8],
      ['p6', 7],
      ['p5', 6],
      ['p4', 5],
      ['Others', 10],
    ])
  })

  test('[RL6] the lines behind the bars are round and reach above the largest', () => {
    expect([scaleOf(0), scaleOf(3), scaleOf(215)]).toEqual([
      [0, 1],
      [0, 1, 2, 3],
      [0, 100, 200, 300],
    ])
    for (const most of [1, 7, 99, 100, 12_345, 999_999]) {
      const scale = scaleOf(most)
      expect([scale[0], (scale.at(-1) ?? 0) >= most, scale.length <= 6]).toEqual([0, true, true])
    }
  })
})

test('[RL7] the ledger as a file has a line a day, integration and person, and no formula', () => {
  const strange = { ...line('2026-11-02', 'jira', '=1+1', { pushed: 1 }), integrationName: 'Jira, "main"' }
  expect(usageCsv([strange]).split('\r\n')).toEqual([
    'day,app,integration,integration_name,person,person_name,pushed,pulled,linked,refreshed,searched,total',
    `2026-11-02,jira,jira,"Jira, ""main""",'=1+1,'=1+1,1,0,0,0,0,1`,
  ])
})
