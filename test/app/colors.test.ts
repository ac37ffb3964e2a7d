import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { chipColor } from '../../app/kit/app-colors.ts'
import { OPTION_COLORS } from '../../workbook/fields.ts'
import { contrast } from './contrast.ts'

const css = readFileSync(join(import.meta.dirname, '../../app/globals.css'), 'utf8')

/** The colours that the first block after `start` sets. */
function tokensAfter(start: string): ReadonlyMap<string, string> {
  const block = css.slice(css.indexOf(start)).split('}', 1)[0] ?? ''
  return new Map([...block.matchAll(/--([\w-]+): (#[0-9a-f]{6});/gu)].map(([, name = '', color = '']) => [name, color]))
}

const THEMES = { light: tokensAfter(':root {\n  color-scheme: light'), dark: tokensAfter('[data-theme="dark"] {') }
const TEXT_ON: readonly (readonly [text: string, grounds: readonly string[]])[] = [
  ['ink', ['paper', 'wash', 'hover', 'raised', 'staged-wash', 'warn-wash', 'bad-wash', 'tide-wash']],
  ['ink-2', ['paper', 'wash', 'hover', 'raised']],
  ['ink-3', ['paper', 'wash', 'raised']],
  ['tide-ink', ['paper', 'wash', 'tide-wash']],
  ['on-tide', ['tide']],
  ['warn', ['paper', 'raised', 'warn-wash']],
  ['bad', ['paper', 'raised', 'bad-wash']],
]
const MARK_ON: readonly (readonly [mark: string, grounds: readonly string[]])[] = [
  ['staged', ['paper', 'staged-wash']],
  ['warn', ['warn-wash']],
  ['bad', ['bad-wash']],
  ['tide', ['paper', 'wash']],
  ['control', ['paper']],
  ['ok', ['wash']],
  ['pull', ['paper']],
]

describe.each(['light', 'dark'] as const)('the %s colours', (theme) => {
  const colors = THEMES[theme]
  const color = (name: string): string => colors.get(name) ?? `no ${name}`

  test.each(TEXT_ON.flatMap(([text, grounds]) => grounds.map((ground) => ({ text, ground }))))(
    '[U30] $text can be read on $ground',
    ({ text, ground }) => {
      expect(contrast(color(text), color(ground))).toBeGreaterThanOrEqual(4.5)
    },
  )

  test.each(MARK_ON.flatMap(([mark, grounds]) => grounds.map((ground) => ({ mark, ground }))))(
    '[U30] the mark $mark is seen on $ground',
    ({ mark, ground }) => {
      expect(contrast(color(mark), color(ground))).toBeGreaterThanOrEqual(3)
    },
  )
})

test('[U30] the dark colours are the same where the system asks for them', () => {
  expect([...tokensAfter(':root:not([data-theme="light"]) {')]).toEqual([...THEMES.dark])
})

const CHIP = /^(.*)\.chip\[data-color="(\w+)"\] \{\s+background: (#\w{6});\s+border-color: #\w{6};\s+color: (#\w{6});/gmu

test('[FT10] the words on every chip can be read, in the light and twice in the dark', () => {
  const chips = [...css.matchAll(CHIP)]
  const namesOf = (theme: string) => chips.filter(([, lead = '']) => lead.trim() === theme).map(([, , name]) => name)
  for (const theme of ['', ':root:not([data-theme="light"])', '[data-theme="dark"]']) expect(namesOf(theme)).toEqual([...OPTION_COLORS])
  for (const [, , name, ground = '', text = ''] of chips) expect(contrast(text, ground), name).toBeGreaterThanOrEqual(4.5)
})

test('[U30] an option always has the same colour, its own where it has one', () => {
  expect(chipColor({ name: 'Done' })).toBe('green')
  expect(chipColor({ name: 'Done', color: 'pink' })).toBe('pink')
  expect(chipColor({ name: 'Done', color: 'chartreuse' })).toBe('green')
  expect(chipColor({ name: 'Zebra' })).toBe(chipColor({ name: 'Zebra' }))
})
