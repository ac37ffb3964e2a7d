import { describe, expect, test } from 'vitest'
import { isFailedCall, retriesOf, shownBody } from '../../app/runs/call-text.ts'
import { addressOf, countFilters, filtersOf, isFiltered, NO_FILTERS, queryOf, startOfDay } from '../../app/runs/filters.ts'
import { cellFilters, chargedRules, classesOf, receiptOf, worthALook } from '../../app/runs/receipt.ts'
import { NO_PAGES, showNewer, withNewest, withOlder, withRun } from '../../app/runs/run-pages.ts'
import type { RunHead } from '../../server/api/contract.ts'

const COUNTS: RunHead['counts'] = {
  planned: 0,
  pushed: 0,
  refused: 0,
  skipped: 0,
  unknown: 0,
  held: 0,
  differs: 0,
  conflicts: 0,
  pulled: 0,
  changed: 0,
  created: 0,
  linked: 0,
}
const CREDITS = { pushed: 0, pulled: 0, linked: 0, refreshed: 0, searched: 0 }
/** Made at that moment, so that the newest of the runs below is the one with the largest number. */
const run = (createdAt: number, more: Partial<RunHead> = {}): RunHead => ({
  id: `r${createdAt}`,
  connection: 'c',
  kind: 'sync',
  mode: 'two-way',
  trigger: 'person',
  state: 'settled',
  by: 'ann',
  byName: 'Ann',
  createdAt,
  startedAt: createdAt,
  endedAt: createdAt,
  queuePlace: 0,
  progress: null,
  counts: COUNTS,
  credits: CREDITS,
  totalCredits: 0,
  error: null,
  ...more,
})
const ids = (runs: readonly RunHead[]): readonly string[] => runs.map(({ id }) => id)

describe('the filters of the log', () => {
  test('[RL1] stand in the address, so that a view of the log can be sent to somebody', () => {
    const filters = { ...NO_FILTERS, app: 'jira', state: 'failed,partial', from: '2026-11-01', text: 'TB-12 & more' }
    expect(filtersOf(addressOf(filters))).toEqual(filters)
    expect([addressOf(NO_FILTERS), filtersOf('?colour=red')]).toEqual(['', NO_FILTERS])
    expect([isFiltered(NO_FILTERS), isFiltered(filters), countFilters(filters)]).toEqual([false, true, 3])
  })

  test('[RL1] two days are both whole, and what is no day or only spaces asks for nothing', () => {
    const startOf = (day: string, after: number): number => Date.parse(`${day}T00:00:00Z`) + after * 86_400_000
    const filters = { ...NO_FILTERS, from: '2026-11-01', to: '2026-11-02', text: '  ' }
    expect(queryOf(filters, startOf)).toEqual({ from: Date.UTC(2026, 10, 1), to: Date.UTC(2026, 10, 3) })
    expect(queryOf({ ...NO_FILTERS, from: 'yesterday', app: 'jira' }, startOf)).toEqual({ app: 'jira' })
    // A day lasts until the next midnight of the calendar, also where the clocks are changed in it.
    expect(startOfDay('2026-03-29', 1)).toBe(new Date(2026, 2, 30).getTime())
  })
})

describe('the pages of the log', () => {
  const first = withNewest(NO_PAGES, { runs: [run(9), run(8)], next: 'cursor' }, false)

  test('[RL2] a further page stands behind what is shown, nothing twice', () => {
    const both = withOlder(first, { runs: [run(8, { state: 'failed' }), run(7)], next: null })
    expect([ids(both.shown), both.shown[1]?.state, both.next]).toEqual([['r9', 'r8', 'r7'], 'failed', null])
  })

  test('[RL2] news renew what is shown where it stands; newer runs wait while somebody reads further down', () => {
    const news = { runs: [run(10), run(9, { state: 'partial' })], next: 'other' }
    const reading = withNewest(first, news, false)
    expect([ids(reading.shown), reading.shown[0]?.state, ids(reading.newer), reading.next]).toEqual([
      ['r9', 'r8'],
      'partial',
      ['r10'],
      'cursor',
    ])
    expect(ids(showNewer(reading).shown)).toEqual(['r10', 'r9', 'r8'])
    const atTop = withNewest(reading, news, true)
    expect([ids(atTop.shown), atTop.newer]).toEqual([['r10', 'r9', 'r8'], []])
    expect(withRun(first, run(8, { state: 'failed' })).shown[1]?.state).toBe('failed')
  })

  test('[RL2] what is older than the last line shown is left to the next page', () => {
    const short = withNewest(NO_PAGES, { runs: [run(9)], next: 'cursor' }, false)
    expect(ids(withNewest(short, { runs: [run(9), run(3)], next: null }, true).shown)).toEqual(['r9'])
  })
})

describe('a receipt', () => {
  const cells = (['not-planned', 'moved-on', 'held', 'already-there', 'pushed', 'pushed', 'refused', 'unknown', 'pulled'] as const).map(
    (outcome) => ({ outcome }),
  )
  const counts = { ...COUNTS, planned: 7, pushed: 2, refused: 1, skipped: 3, unknown: 1, held: 1 }

  test('[RL4][RL14] balances to the cell, and says why cells were skipped; what the plan held is no part of it', () => {
    expect(classesOf(cells)).toEqual(['held', 'skipped', 'skipped', 'skipped', 'pushed', 'pushed', 'refused', 'unknown', 'pulled'])
    const { planned, lines, open } = receiptOf(counts, cells)
    expect([planned, lines.reduce((sum, line) => sum + line.count, 0), open]).toEqual([7, 7, 0])
    expect(lines.find(({ part }) => part === 'skipped')?.why).toEqual([
      { outcome: 'moved-on', count: 1 },
      { outcome: 'held', count: 1 },
      { outcome: 'already-there', count: 1 },
    ])
  })

  test('[RL4] of a run that is under way says how many planned cells are open', () => {
    expect(receiptOf({ ...COUNTS, planned: 40, pushed: 12 }, []).open).toBe(28)
  })

  test('[RL3] its parts lead to their cells, each with its number, the worst first', () => {
    expect(cellFilters(classesOf(cells))).toEqual([
      { filter: 'all', count: 9 },
      { filter: 'pushed', count: 2 },
      { filter: 'refused', count: 1 },
      { filter: 'skipped', count: 3 },
      { filter: 'unknown', count: 1 },
      { filter: 'held', count: 1 },
      { filter: 'pulled', count: 1 },
    ])
    expect(worthALook(counts)).toEqual({ part: 'refused', count: 1 })
    expect(worthALook({ ...COUNTS, planned: 2, pushed: 2 })).toBeUndefined()
  })

  test('[RL4] names the credits by rule; rules that charged nothing are left out', () => {
    expect(chargedRules({ ...CREDITS, pushed: 3, pulled: 10 })).toEqual([
      { rule: 'pushed', count: 3 },
      { rule: 'pulled', count: 10 },
    ])
  })
})

test('[RL5] a call failed where no answer came or one that says no; its body is read as JSON, cut ones as they are', () => {
  expect([200, 204, 302, 400, 429, 503, null].map((status) => isFailedCall({ status }))).toEqual([
    false,
    false,
    false,
    true,
    true,
    true,
    true,
  ])
  expect(retriesOf([{ attempt: 1 }, { attempt: 2 }, { attempt: 1 }])).toBe(1)
  expect([shownBody('{"a":[1]}'), shownBody('{"a":[1')]).toEqual(['{\n  "a": [\n    1\n  ]\n}', '{"a":[1'])
})
