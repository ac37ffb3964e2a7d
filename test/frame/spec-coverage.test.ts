import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ROOT, sourceFiles } from './source-files.ts'
import { rulesOf, shownRulesOf } from './spec.ts'

const rules = rulesOf(readFileSync(join(ROOT, 'SPEC.md'), 'utf8'))
const shown = new Map<string, string>()
for (const { path, text } of sourceFiles('test')) for (const id of shownRulesOf(text)) shown.set(id, path)

test('[F11] every rule of SPEC.md is shown by a test', () => {
  expect(rules.filter((id) => !shown.has(id))).toEqual([])
})

test('[F11] every rule that a title names stands in SPEC.md', () => {
  const known = new Set(rules)
  expect([...shown].filter(([id]) => !known.has(id)).map(([id, path]) => `${id} in ${path}`)).toEqual([])
})

test('[F11] no rule has the id of another', () => {
  expect(rules.filter((id, index) => rules.indexOf(id) !== index)).toEqual([])
})

test('[F11] rules and titles are found in all their forms', () => {
  expect(rulesOf('# Rules\n- **V1** One.\n- **CELL-9b** Two.\n  - **V2** not one\n- V3 nor this\n')).toEqual(['V1', 'CELL-9b'])
  // Written so that these samples are no titles of this file.
  const source = [
    `test('«V1» one', () => {})`,
    `it.each([\n  { r\u0075le: 'CELL-9b' },\n])('[$rule] two', () => {})`,
    `test.each(rows)(\n  '«SB3»«SB4» three $name', () => {})`,
    `contract("«J1» four", () => {})`,
    `describe('no rule', () => {})`,
    `expect(list['«X1»']).toBe('«X2»')`,
  ]
  const shown = shownRulesOf(source.join('\n').replaceAll('«', '[').replaceAll('»', ']'))
  expect(shown).toEqual(['V1', 'SB3', 'SB4', 'J1', 'CELL-9b'])
})
