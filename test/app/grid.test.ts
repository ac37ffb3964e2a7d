import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseTsv, pastePlan, toTsv } from '../../app/grid/clipboard.ts'
import { bandsOf, placeColumns, shownFields, totalWidth } from '../../app/grid/columns.ts'
import { readTyped } from '../../app/grid/editors/read-typed.ts'
import { gridCommand, type KeyPress, keysText, screenCommand } from '../../app/grid/grid-keys.ts'
import { at, cornerOf, type Move, movePlace, moveSelection, rangeOf, scrollInto } from '../../app/grid/grid-model.ts'
import { doStepAgain, EMPTY_UNDO, pushStep, type StepPart, takeBackStep } from '../../app/grid/undo-stack.ts'
import type { Binding, Field } from '../../workbook/fields.ts'
import type { FieldId } from '../../workbook/ids.ts'
import { FORMATS } from '../support/value-formats.ts'

const SIZE = { rows: 5, columns: 3 }

describe('moving', () => {
  test.each<{ from: [number, number]; move: Move; to: [number, number] }>([
    { from: [1, 1], move: { kind: 'step', rows: 1, columns: 0 }, to: [2, 1] },
    { from: [0, 0], move: { kind: 'step', rows: -1, columns: 0 }, to: [0, 0] },
    { from: [4, 2], move: { kind: 'step', rows: 0, columns: 1 }, to: [4, 2] },
    { from: [0, 1], move: { kind: 'page', direction: 1 }, to: [3, 1] },
    { from: [4, 1], move: { kind: 'page', direction: -1 }, to: [1, 1] },
    { from: [2, 2], move: { kind: 'row-start' }, to: [2, 0] },
    { from: [2, 0], move: { kind: 'row-end' }, to: [2, 2] },
    { from: [2, 2], move: { kind: 'first' }, to: [0, 0] },
    { from: [2, 0], move: { kind: 'last' }, to: [4, 2] },
    { from: [1, 2], move: { kind: 'next', direction: 1 }, to: [2, 0] },
    { from: [1, 0], move: { kind: 'next', direction: -1 }, to: [0, 2] },
    { from: [4, 2], move: { kind: 'next', direction: 1 }, to: [4, 2] },
  ])('[U14] from $from by $move.kind to $to', ({ from, move, to }) => {
    expect(movePlace({ row: from[0], column: from[1] }, move, { size: SIZE, pageRows: 3 })).toEqual({ row: to[0], column: to[1] })
  })

  test('[U14] extending moves the corner and leaves the active cell', () => {
    const down = { kind: 'step', rows: 2, columns: 1 } as const
    const extended = moveSelection(at({ row: 1, column: 1 }), down, { size: SIZE, pageRows: 3, isExtending: true })
    expect(extended.active).toEqual({ row: 1, column: 1 })
    expect(cornerOf(extended)).toEqual({ row: 3, column: 2 })
    expect(rangeOf(extended)).toEqual({ top: 1, bottom: 3, left: 1, right: 2 })
    const back = moveSelection(extended, { kind: 'first' }, { size: SIZE, pageRows: 3, isExtending: true })
    expect(rangeOf(back)).toEqual({ top: 0, bottom: 1, left: 0, right: 1 })
  })
})

const binding = (connection: string, isConnectionField = false): Binding =>
  ({ connection, app: 'jira', appName: 'Jira', external: 'x', isConnectionField, writable: true }) as unknown as Binding
const fieldOf = (id: string, more: Partial<Field> = {}): Field => ({
  id: id as FieldId,
  name: id,
  type: 'text',
  order: id,
  width: 100,
  options: [],
  isHidden: false,
  ...more,
})

describe('columns', () => {
  const fields = [
    fieldOf('note'),
    fieldOf('sum', { binding: binding('c1') }),
    fieldOf('key', { binding: binding('c1', true) }),
    fieldOf('gone', { isHidden: true }),
    fieldOf('deal', { binding: binding('c2') }),
  ]

  test('[U15] the record’s key comes first and stays; hidden fields are left out', () => {
    const shown = shownFields(fields)
    expect(shown.map((f) => f.id)).toEqual(['key', 'note', 'sum', 'deal'])
    const columns = placeColumns(shown, () => 100, 1, 1_000)
    expect(columns.map((c) => [c.left, c.isFrozen])).toEqual([
      [44, true],
      [144, false],
      [244, false],
      [344, false],
    ])
    expect(totalWidth(columns)).toBe(444)
  })

  test('[U15] columns of one connection side by side are one band', () => {
    expect(bandsOf(shownFields(fields)).map((b) => [b.connection, b.fields.length])).toEqual([
      ['c1', 1],
      [undefined, 1],
      ['c1', 1],
      ['c2', 1],
    ])
  })
})

describe('what is in sight', () => {
  test('[U16] scrolling to a cell moves as little as needed', () => {
    const view = { offset: 100, size: 200 }
    expect(scrollInto(view, { start: 150, size: 32 })).toBe(100)
    expect(scrollInto(view, { start: 40, size: 32 })).toBe(40)
    expect(scrollInto(view, { start: 290, size: 32 })).toBe(122)
    expect(scrollInto(view, { start: 500, size: 400 })).toBe(500)
  })
})

describe('the clipboard', () => {
  const cell = fc.string({ unit: fc.constantFrom('a', '"', '\t', '\n', ' ', 'ß', '1') })
  test('[U17] what is copied is read back as it was', () => {
    const table = fc
      .integer({ min: 1, max: 4 })
      .chain((columns) => fc.array(fc.array(cell, { minLength: columns, maxLength: columns }), { minLength: 1, maxLength: 5 }))
    const law = (rows: readonly (readonly string[])[]): void => {
      // One empty cell in the last row is the same text as none.
      fc.pre(!(rows.at(-1)?.length === 1 && rows.at(-1)?.[0] === ''))
      expect(parseTsv(toTsv(rows))).toEqual(rows)
    }
    fc.assert(fc.property(table, law), { seed: 20261121 })
  })

  test.each([
    {
      text: 'a\tb\r\nc\td\r\n',
      rows: [
        ['a', 'b'],
        ['c', 'd'],
      ],
    },
    { text: 'a\n\nb', rows: [['a'], [''], ['b']] },
    { text: 'a\t', rows: [['a', '']] },
    { text: '"one\ntwo"\t"say ""hi"""', rows: [['one\ntwo', 'say "hi"']] },
    { text: '5" pipe\t"x"y', rows: [['5" pipe', '"x"y']] },
    { text: '', rows: [] },
  ])('[U17] $text is read as spreadsheets mean it', ({ text, rows }) => {
    expect(parseTsv(text)).toEqual(rows)
  })

  test('[U18] one cell fills a range, a block is tiled where it fits, else laid once', () => {
    const texts = (source: string[][], rows: number, columns: number) =>
      pastePlan(source, { top: 0, left: 0, rows, columns }, 9, '').cells.map((c) => `${c.row}${c.column}${c.cell}`)
    expect(texts([['x']], 2, 2)).toEqual(['00x', '01x', '10x', '11x'])
    expect(texts([['a'], ['b']], 4, 1)).toEqual(['00a', '10b', '20a', '30b'])
    expect(texts([['a'], ['b']], 3, 1)).toEqual(['00a', '10b'])
    expect(texts([['a', 'b'], ['c']], 1, 1)).toEqual(['00a', '01b', '10c', '11'])
  })

  test('[U18] rows are asked for below the last one; what lies beyond the last column is counted', () => {
    const plan = pastePlan(
      [
        ['a', 'b', 'c'],
        ['d', 'e', 'f'],
      ],
      { top: 4, left: 1, rows: 1, columns: 1 },
      3,
      '',
    )
    expect([plan.rowsNeeded, plan.leftOut, plan.cells.length]).toEqual([6, 2, 4])
  })
})

describe('taking back', () => {
  const log: string[] = []
  const partOf = (name: string): StepPart => ({
    takeBack: () => {
      log.push(name)
      return { done: 1, kept: [], again: partOf(`${name}'`) }
    },
  })
  const stepOf = (...names: string[]) => ({ parts: names.map(partOf) })

  test('[U19] two hundred steps are kept; an edit that changed nothing is none', () => {
    let stack = EMPTY_UNDO
    for (let i = 0; i < 250; i++) stack = pushStep(stack, stepOf(String(i)))
    expect(stack.done.length).toBe(200)
    expect(pushStep(stack, { parts: [] })).toBe(stack)
  })

  test('[U19] what was taken back is done again, until something new is typed', () => {
    const typed = pushStep(pushStep(EMPTY_UNDO, stepOf('a')), stepOf('b', 'c'))
    const undone = takeBackStep(typed)?.stack ?? EMPTY_UNDO
    expect([undone.done.length, undone.undone.length]).toEqual([1, 1])
    const redone = doStepAgain(undone)?.stack ?? EMPTY_UNDO
    expect([redone.done.length, redone.undone.length]).toEqual([2, 0])
    // The parts of a step are taken back in reverse, and done again in their order.
    expect(log).toEqual(['c', 'b', "b'", "c'"])
    expect(pushStep(undone, stepOf('d')).undone).toEqual([])
    expect(takeBackStep(EMPTY_UNDO)).toBeUndefined()
  })
})

const press = (key: string, more: Partial<KeyPress> = {}): KeyPress => ({
  key,
  code: key.length === 1 ? `Key${key.toUpperCase()}` : key,
  ctrlKey: false,
  metaKey: false,
  altKey: false,
  shiftKey: false,
  ...more,
})

describe('keys', () => {
  test.each([
    { press: press('ArrowDown', { shiftKey: true }), does: { do: 'move', move: { kind: 'step', rows: 1, columns: 0 }, isExtending: true } },
    { press: press('Tab', { shiftKey: true }), does: { do: 'move', move: { kind: 'next', direction: -1 }, isExtending: false } },
    { press: press('Home', { ctrlKey: true }), does: { do: 'move', move: { kind: 'first' }, isExtending: false } },
    { press: press('F2'), does: { do: 'edit' } },
    { press: press('x'), does: { do: 'edit', text: 'x' } },
    { press: press('é'), does: { do: 'edit', text: 'é' } },
    { press: press('Process'), does: { do: 'edit', text: '' } },
    { press: press(' '), does: { do: 'look' } },
    { press: press('Delete'), does: { do: 'clear' } },
    { press: press('z', { ctrlKey: true }), does: { do: 'undo' } },
    { press: press('Z', { ctrlKey: true, shiftKey: true }), does: { do: 'redo' } },
    { press: press('c', { ctrlKey: true }), does: undefined },
    { press: press('Enter', { altKey: true }), does: { do: 'open-link' } },
    { press: press('Shift'), does: undefined },
    { press: press('@', { ctrlKey: true, altKey: true }), does: { do: 'edit', text: '@' } },
    { press: press('q', { ctrlKey: true, altKey: true }), does: undefined },
  ])('[U20] in a cell: $press.key', ({ press: pressed, does }) => {
    expect(gridCommand(pressed, false)).toEqual(does)
  })

  test('[U20] on a Mac ⌘ is Ctrl, and Alt is Ctrl+Option by the key’s place', () => {
    expect(gridCommand(press('z', { metaKey: true }), true)).toEqual({ do: 'undo' })
    expect(gridCommand(press('z', { ctrlKey: true }), true)).toBeUndefined()
    expect(screenCommand(press('˜', { code: 'KeyN', altKey: true }), true)).toBeUndefined()
    expect(screenCommand(press('˜', { code: 'KeyN', altKey: true, ctrlKey: true, shiftKey: true }), true)).toEqual({
      do: 'next-needing',
      direction: -1,
    })
    expect(keysText('Main+Shift+Z', true)).toBe('⌘⇧Z')
  })

  test('[U20] anywhere on the screen: what concerns the sync', () => {
    const alt = { altKey: true }
    expect(['KeyS', 'KeyN', 'KeyU', 'KeyI'].map((code) => screenCommand(press('x', { ...alt, code }), false)?.do)).toEqual([
      'preview',
      'next-needing',
      'put-back',
      'story',
    ])
    expect(screenCommand(press('F6', { shiftKey: true }), false)).toEqual({ do: 'leave', direction: -1 })
    expect(screenCommand(press('/', { code: 'Slash', ctrlKey: true }), false)).toEqual({ do: 'keys' })
    expect(screenCommand(press('s', { code: 'KeyS', altKey: true, ctrlKey: true }), false)).toBeUndefined()
  })
})

describe('leaving an editor', () => {
  const number = { type: 'number', options: [] } as const
  const opened = { value: 5, text: '5', isReplacing: false }

  test('[FT15] untouched it writes nothing, whatever the cell holds by now; also where the text was changed and changed back', () => {
    expect(readTyped(number, '5', opened, FORMATS.EN)).toBeUndefined()
    // A value of another type than its field's: its text could not even be read.
    expect(readTyped(number, 'n/a', { value: 'n/a', text: 'n/a', isReplacing: false }, FORMATS.EN)).toBeUndefined()
  })

  test('[FT15] what was typed is meant, also where it is what stood there', () => {
    expect(readTyped(number, '6', opened, FORMATS.EN)).toEqual({ ok: true, value: 6 })
    expect(readTyped(number, '', opened, FORMATS.EN)).toEqual({ ok: true, value: null })
    expect(readTyped(number, '5', { ...opened, isReplacing: true }, FORMATS.EN)).toEqual({ ok: true, value: 5 })
    expect(readTyped(number, 'x', opened, FORMATS.EN)).toMatchObject({ ok: false })
  })
})
