import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { foldText, matchByText } from '../../sync-engine/match-rows.ts'
import type { RowId } from '../../workbook/ids.ts'

const row = (id: string, value: string) => ({ row: id as RowId, value })
const record = (id: string, value: string) => ({ id, value })
const nobody = (): undefined => undefined

describe('rows are matched to records by equal texts', () => {
  test('[CN10] capitals, spaces and the form of letters do not tell two texts apart; other letters do', () => {
    expect(foldText('  Acme\u00a0  GmbH ')).toBe('acme gmbh')
    expect(foldText('Müller')).toBe(foldText('Mu\u0308ller'))
    expect(foldText('Muller')).not.toBe(foldText('Müller'))
  })

  test('[CN10] one row and one record match; two of either are ambiguous; a record that another row holds is taken', () => {
    const rows = [row('a', 'Acme'), row('b', 'Twin'), row('c', 'Same'), row('d', 'same'), row('e', 'Held'), row('f', 'None'), row('g', ' ')]
    const records = [record('1', 'ACME'), record('2', 'twin'), record('3', 'Twin '), record('4', 'Same'), record('5', 'held')]
    const found = matchByText(rows, records, (id) => (id === '5' ? ('z' as RowId) : undefined))
    expect(found.matched.map((m) => [m.row, m.hit.id])).toEqual([['a', '1']])
    expect(found.ambiguous.map((m) => [m.row, m.hits.map((h) => h.id), m.rows])).toEqual([
      ['b', ['2', '3'], ['b']],
      ['c', ['4'], ['c', 'd']],
      ['d', ['4'], ['c', 'd']],
    ])
    expect(found.taken.map((m) => [m.row, m.hit.id])).toEqual([['e', '5']])
    expect(found.unmatched.map((m) => m.row)).toEqual(['f'])
    expect(found.empty).toBe(1)
  })

  test('[CN10] every row is in exactly one list, and no record is matched to two rows', () => {
    const text = fc.constantFrom('', ' ', 'a', 'A', 'b', 'B ', 'c')
    fc.assert(
      fc.property(fc.array(text), fc.array(text), (rowTexts, recordTexts) => {
        const rows = rowTexts.map((value, i) => row(`r${i}`, value))
        const records = recordTexts.map((value, i) => record(`${i}`, value))
        const { matched, ambiguous, taken, unmatched, empty } = matchByText(rows, records, nobody)
        const listed = [...matched, ...ambiguous, ...taken, ...unmatched].map((m) => m.row)
        expect(new Set(listed).size).toBe(listed.length)
        expect(listed.length + empty).toBe(rows.length)
        expect(new Set(matched.map((m) => m.hit.id)).size).toBe(matched.length)
      }),
      { seed: 20_261_121, numRuns: 500 },
    )
  })
})
