import { describe, expect, test } from 'vitest'
import { CARD_KEYS, cardCommand } from '../../app/board/board-keys.ts'
import { cardPicture, cardShape } from '../../app/board/card-parts.ts'
import { scrollStep } from '../../app/board/use-drag-scroll.ts'
import { gridCommand, KEY_LINES, type KeyPress, screenCommand } from '../../app/grid/grid-keys.ts'
import type { Painter } from '../../app/grid/scene.ts'
import { groundOfRow, refusesInRows } from '../../app/views/row-commands.ts'
import type { GridView } from '../../app/views/view-controller.ts'
import type { CellStatusKind } from '../../workbook/cell-status.ts'
import type { CellValue } from '../../workbook/cell-value.ts'
import { makeValueFormats } from '../../workbook/field-values.ts'
import type { Binding, Field, FieldType } from '../../workbook/fields.ts'
import type { FieldId, RowId } from '../../workbook/ids.ts'
import type { Sheet } from '../../workbook/sheet.ts'

const fieldOf = (name: string, type: FieldType, isKey = false): Field => ({
  id: name as FieldId,
  name,
  type,
  order: 'a0',
  width: 100,
  options: [],
  isHidden: false,
  ...(isKey && { binding: { isConnectionField: true } as Binding }),
})
const KEY = fieldOf('Key', 'record-key', true)
const STATUS = fieldOf('Status', 'single-select')
const SUMMARY = fieldOf('Summary', 'text')
const POINTS = fieldOf('Points', 'number')
const DONE = fieldOf('Done', 'checkbox')
const ROW = 'r1' as RowId

const names = (...fields: readonly (Field | undefined)[]): readonly (string | undefined)[] => fields.map((field) => field?.name)

describe('a card', () => {
  test('[BD5] has the record’s key, the first text as its title and the next few fields, without that of the lanes', () => {
    const more = Array.from({ length: 8 }, (_, i) => fieldOf(`N${i}`, 'number'))
    const shape = cardShape([KEY, STATUS, POINTS, SUMMARY, ...more], STATUS.id)
    expect(names(shape.key, shape.title, ...shape.parts)).toEqual(['Key', 'Summary', 'Points', 'N0', 'N1', 'N2', 'N3'])
    expect(names(cardShape([KEY, STATUS], STATUS.id).title)).toEqual(['Key'])
    expect(names(cardShape([DONE, POINTS, STATUS], STATUS.id).title)).toEqual(['Done'])
    expect(cardShape([STATUS], STATUS.id)).toMatchObject({ key: undefined, title: undefined, parts: [] })
    expect(shape.height).toBeGreaterThan(cardShape([KEY, SUMMARY, STATUS], STATUS.id).height)
  })

  const shown = [KEY, SUMMARY, STATUS, POINTS, DONE]
  const pictureOf = (values: Readonly<Record<string, CellValue>>, states: Readonly<Record<string, CellStatusKind>> = {}) => {
    const painter = {
      sheet: { cell: (_: RowId, field: FieldId) => ({ value: values[field] ?? null }) },
      formats: makeValueFormats({ locale: 'en', timeZone: 'UTC', now: () => 0 }),
      statusOf: (_: RowId, field: Field) => {
        const kind = states[field.name] ?? 'agreed'
        return { kind, text: kind === 'agreed' ? '' : `it is ${kind}`, choices: [] }
      },
    } as unknown as Painter
    return cardPicture(ROW, STATUS, shown, { shape: cardShape(shown, STATUS.id), painter })
  }

  test('[BD5] leaves out what is empty and says the rest', () => {
    expect(pictureOf({ Key: 'TB-1', Summary: 'Write', Points: 5, Done: false })).toMatchObject({
      key: 'TB-1',
      title: 'Write',
      parts: [{ text: '5', state: 'agreed' }],
      state: 'agreed',
      field: 'Status',
      description: 'Points: 5.',
    })
  })

  test('[BD5] shows the state of its cells that is most urgent, of whatever field, and says each', () => {
    const picture = pictureOf({ Points: 5, Done: null }, { Status: 'staged', Points: 'conflict', Done: 'staged' })
    expect(picture).toMatchObject({ state: 'conflict', field: 'Points' })
    expect(picture.parts.map(({ field, state }) => [field.name, state])).toEqual([
      ['Points', 'conflict'],
      ['Done', 'staged'],
    ])
    expect(picture.description).toBe('Points: 5. Done: Empty. Status: it is staged. Points: it is conflict.')
    expect(pictureOf({}, { Key: 'gone', Summary: 'gone' }).description).toBe('Key: it is gone.')
    expect(pictureOf({}, { Key: 'read-only' }).state).toBe('agreed')
  })
})

describe('the keys of a board', () => {
  const entries = CARD_KEYS.flatMap(({ keys }) => Object.entries(keys))
  const pressOf = (keys: string, isMac: boolean): KeyPress => {
    const name = keys.split('+').at(-1) ?? ''
    const letter = /^[A-Z]$/u.test(name)
    return {
      key: name === 'Space' ? ' ' : letter ? name.toLowerCase() : name,
      code: letter ? `Key${name}` : name,
      shiftKey: keys.includes('Shift+'),
      ctrlKey: keys.includes('Alt+') && isMac,
      metaKey: false,
      altKey: keys.includes('Alt+'),
    }
  }

  test.each(entries)('[BD8] %s does what the list says, here and on a Mac, and nothing else on the screen', (keys, command) => {
    for (const isMac of [false, true]) {
      expect(cardCommand(pressOf(keys, isMac), isMac)).toEqual(command)
      expect(screenCommand(pressOf(keys, isMac), isMac)).toBeUndefined()
    }
  })

  test('[BD8] no key stands in two lines, and the screen’s own keys keep their meaning', () => {
    expect(new Set(entries.map(([keys]) => keys)).size).toBe(entries.length)
    for (const line of KEY_LINES.filter(({ where }) => where === 'screen')) {
      for (const keys of Object.keys(line.keys).filter((one) => !one.includes('Main'))) {
        expect(cardCommand(pressOf(keys, false), false), keys).toBeUndefined()
      }
    }
    expect(gridCommand(pressOf('M', false), false)).toEqual({ do: 'edit', text: 'm' })
  })
})

test.each([
  ['in the middle', 300, 0],
  ['just within an edge', 60, 0],
  ['near the first edge', 28, -9],
  ['near the last edge', 572, 9],
  ['far beyond an edge', 2_000, 18],
])('[BD6] a card that is dragged %s scrolls the board as far as that asks for', (_, at, step) => {
  expect(scrollStep(at, 0, 600)).toBe(step)
})

describe('what is selected where whole rows are shown', () => {
  const lines = [
    { kind: 'row', row: 'r0' },
    { kind: 'row', row: ROW },
  ]
  const view = { lines, fields: [KEY, SUMMARY, POINTS], lineOf: (row: RowId) => lines.findIndex((line) => line.row === row) }
  const parts = { view: view as unknown as GridView, sheet: {} as Sheet, editing: {} as never }

  test('[BD9] is the row in all its fields; what is about cells alone is refused in words', () => {
    expect(groundOfRow({ row: ROW, field: POINTS.id }, parts)?.selection).toEqual({
      active: { row: 1, column: 2 },
      ranges: [{ top: 1, bottom: 1, left: 0, right: 2 }],
    })
    expect(groundOfRow({ row: ROW, field: DONE.id }, parts)?.selection.active.column).toBe(0)
    expect(groundOfRow({ row: 'gone' as RowId, field: POINTS.id }, parts)).toBeUndefined()
    expect(refusesInRows({ do: 'fill', direction: 'down' })).toMatch(/grid/u)
    expect(refusesInRows({ do: 'delete-rows' })).toBeUndefined()
  })
})
