import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { chipColor } from '../../app/kit/app-colors.ts'
import { OPTION_COLORS } from '../../workbook/fields.ts'
import { contrast } from './contrast.ts'

const styles = (name: string): string => readFileSync(join(import.meta.dirname, `../../app/styles/${name}.css`), 'utf8')

const TOKENS = [...styles('tokens').matchAll(/--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);/gu)]
const THEMES = {
  light: new Map(TOKENS.map(([, name = '', light = '']) => [name, light])),
  dark: new Map(TOKENS.map(([, name = '', , dark = '']) => [name, dark])),
}
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

const PAIR = 'light-dark\\((#\\w{6}), (#\\w{6})\\)'
const CHIP = new RegExp(`\\.chip\\[data-color="(\\w+)"\\] \\{\\s+background: ${PAIR};\\s+border-color: ${PAIR};\\s+color: ${PAIR};`, 'gu')

test('[FT10] the words on every chip can be read, in the light and in the dark', () => {
  const chips = [...styles('chips').matchAll(CHIP)]
  expect(chips.map(([, name]) => name)).toEqual([...OPTION_COLORS])
  for (const [, name, light = '', dark = '', , , onLight = '', onDark = ''] of chips) {
    expect(contrast(onLight, light), name).toBeGreaterThanOrEqual(4.5)
    expect(contrast(onDark, dark), name).toBeGreaterThanOrEqual(4.5)
  }
})

test('[U30] an option always has the same colour, its own where it has one', () => {
  expect(chipColor({ name: 'Done' })).toBe('green')
  expect(chipColor({ name: 'Done', color: 'pink' })).toBe('pink')
  expect(chipColor({ name: 'Done', color: 'chartreuse' })).toBe('green')
  expect(chipColor({ name: 'Zebra' })).toBe(chipColor({ name: 'Zebra' }))
})
