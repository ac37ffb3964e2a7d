import fc from 'fast-check'
import { expect, test } from 'vitest'
import { problemOfValueMap, toApp, toWorkbook } from '../../sync-engine/value-map.ts'

const NAMES = ['To Do', 'Doing', 'Done', 'Open', 'Later']
const pairs = fc.array(fc.record({ app: fc.constantFrom(...NAMES), workbook: fc.constantFrom(...NAMES, 'New') }), { maxLength: 5 })

test('[CF8] every option that comes in goes out as the same option, whatever map was kept', () => {
  fc.assert(
    fc.property(pairs, (map) => {
      const options = NAMES.map((name) => ({ name }))
      fc.pre(problemOfValueMap(map, options) === undefined)
      for (const name of NAMES) expect(toApp(map, toWorkbook(map, name))).toBe(name)
    }),
    { seed: 20261121, numRuns: 500 },
  )
})

test('[CF8] what is no text of the map goes as it is', () => {
  const map = [{ app: 'To Do', workbook: 'Open' }]
  expect([toWorkbook(map, null), toWorkbook(map, 3), toWorkbook(map, 'Done'), toWorkbook(undefined, 'To Do')]).toEqual([
    null,
    3,
    'Done',
    'To Do',
  ])
  expect([toApp(map, null), toApp(map, 'Open'), toApp(map, 'Done'), toApp(undefined, 'Open')]).toEqual([null, 'To Do', 'Done', 'Open'])
})
