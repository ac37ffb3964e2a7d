import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import * as Y from 'yjs'
import { sheetTabs } from '../../app/collab/sheet-tabs.ts'
import { parseAddress, sheetAddress } from '../../app/sheets/address.ts'
import { bookSheets } from '../../workbook/documents.ts'
import type { FieldId, SheetId } from '../../workbook/ids.ts'
import {
  changedSheetKeys,
  editSheet,
  freeSheetName,
  nextSheetName,
  orderSheets,
  readSheets,
  sheetName,
  sheetOrderAfter,
  shownSheets,
} from '../../workbook/sheet-list.ts'
import { configForFields, PLAIN_VIEW, STATE_FIELD, type ViewConfig } from '../../workbook/view.ts'

const id = (name: string): SheetId => name as SheetId
const field = (name: string): FieldId => name as FieldId

function bookOf(...names: readonly string[]): Y.Doc {
  const book = new Y.Doc()
  for (const name of names)
    editSheet(book, id(name), { name, order: sheetOrderAfter(readSheets(book), readSheets(book).at(-1)?.id ?? null) }, 'test')
  return book
}
const shown = (book: Y.Doc): readonly string[] => shownSheets(readSheets(book)).map(({ name }) => name)

describe('the list of sheets', () => {
  test('[ST2] two people who name and place a sheet unseen both win', () => {
    const [one, two] = [bookOf('A', 'B'), new Y.Doc()]
    Y.applyUpdate(two, Y.encodeStateAsUpdate(one))
    editSheet(one, id('B'), { name: 'Budget' }, 'one')
    editSheet(two, id('B'), { order: sheetOrderAfter(readSheets(two), null, 'B') }, 'two')
    Y.applyUpdate(two, Y.encodeStateAsUpdate(one))
    Y.applyUpdate(one, Y.encodeStateAsUpdate(two))
    expect([shown(one), shown(two)]).toEqual([
      ['Budget', 'A'],
      ['Budget', 'A'],
    ])
  })

  test('[ST2] a sheet goes where it is put, wherever it stood and whatever keys the others share', () => {
    const keys = fc.constantFrom('a0', 'a1', 'a2', 'a3')
    fc.assert(
      fc.property(fc.array(keys, { minLength: 2, maxLength: 6 }), fc.nat(), fc.nat(), (orders, from, to) => {
        const sheets = orders
          .map((order, i) => ({ id: id(`s${i}`), order }))
          .sort((a, b) => (a.order < b.order ? -1 : a.order > b.order ? 1 : a.id < b.id ? -1 : 1))
        const moving = sheets[from % sheets.length]
        const others = sheets.filter((sheet) => sheet !== moving)
        const after = others[to % (others.length + 1)] ?? null
        const order = sheetOrderAfter(sheets, after?.id ?? null, moving?.id)
        const behind = after === null ? [] : others.filter((other) => other.order <= after.order)
        expect(behind.every((other) => other.order < order)).toBe(true)
        expect(others.filter((other) => !behind.includes(other)).every((other) => other.order > order)).toBe(true)
      }),
      { seed: 7, numRuns: 200 },
    )
  })

  test('[ST3] where two people delete each other’s last sheet, the first of them stays', () => {
    const [one, two] = [bookOf('A', 'B'), new Y.Doc()]
    Y.applyUpdate(two, Y.encodeStateAsUpdate(one))
    editSheet(one, id('A'), { removed: true }, 'one')
    editSheet(two, id('B'), { removed: true }, 'two')
    Y.applyUpdate(one, Y.encodeStateAsUpdate(two))
    expect(shown(one)).toEqual(['A'])
  })

  test('[ST5] what a foreign client writes is no sheet, or has a default', () => {
    const book = bookOf('A')
    const map = bookSheets(book)
    for (const [key, value] of Object.entries({ 'B.name': 7, '../x.name': 'Bad', 'C.name': '\u200b', 'C.order': '~', '.name': 'x' }))
      map.set(key, value)
    expect(readSheets(book).map(({ id: of, name, order }) => [of, name, order])).toEqual([
      ['A', 'A', 'a0'],
      ['C', 'Sheet', 'a0'],
    ])
    const told = [{ id: 'A', name: 'A', documents: { edits: '', annotations: '', base: [] } }]
    expect(sheetTabs(readSheets(book), told, [])).toMatchObject({ sheets: [{ id: 'A' }], removed: [], unknown: ['C'] })
  })

  test.each([
    ['  Plan \u0007 2 ', 'Plan   2'],
    ['\u200b ', undefined],
    ['x'.repeat(200), 'x'.repeat(120)],
  ])('[ST2] the name %j is %j', (typed, name) => {
    expect(sheetName(typed)).toBe(name)
  })

  test('[ST1] a new sheet has a name that is free', () => {
    const named = (...names: string[]) => names.map((name) => ({ name }))
    expect(freeSheetName(named('Plan', 'plan 2'), 'Plan')).toBe('Plan 3')
    expect(nextSheetName(named('Sheet 1', 'Sheet 3'))).toBe('Sheet 2')
    expect(nextSheetName(named('A'))).toBe('Sheet 1')
  })
})

describe('addresses of sheets', () => {
  test.each([
    ['/w/W1', '', { workbook: 'W1', sheet: undefined }],
    ['/w/W1/S2', '', { workbook: 'W1', sheet: 'S2' }],
    ['/w/W1/', '?sheet=S2', { workbook: 'W1', sheet: 'S2' }],
    ['/w/', '', undefined],
    ['/w/W1/S2/more', '', undefined],
  ])('[ST6] %s%s', (pathname, search, expected) => {
    expect(parseAddress({ pathname, search })).toEqual(expected)
  })

  test('[ST6] a sheet’s address forgets the row of another', () => {
    expect(sheetAddress('http://h/w/W1?sheet=S1&row=R&x=1', { workbook: 'W1', sheet: 'S2' })).toBe('/w/W1/S2?x=1')
  })
})

test('[ST4] a view of a copied sheet asks the same of the copies of its fields', () => {
  const condition = (of: string) => ({ kind: 'condition', field: field(of), operator: 'is', operand: 'A' }) as const
  const config: ViewConfig = {
    ...PLAIN_VIEW,
    filter: {
      kind: 'group',
      join: 'and',
      parts: [condition('A'), { kind: 'group', join: 'or', parts: [condition('gone'), condition(STATE_FIELD)] }],
    },
    sorts: [{ field: field('B'), direction: 'ascending' }],
    hidden: { A: true, gone: true },
    fieldOrder: [field('B'), field('A')],
    colors: [{ when: { kind: 'group', join: 'and', parts: [condition('B')] }, tint: 'red', target: field('A') }],
    aggregates: { B: 'sum' },
    layout: 'board',
    lanes: field('A'),
    span: { start: field('B'), end: field('gone') },
  }
  const copies = new Map([
    [field('A'), field('A2')],
    [field('B'), field('B2')],
  ])
  expect(configForFields(config, copies)).toEqual({
    ...PLAIN_VIEW,
    filter: { kind: 'group', join: 'and', parts: [condition('A2'), { kind: 'group', join: 'or', parts: [condition(STATE_FIELD)] }] },
    sorts: [{ field: 'B2', direction: 'ascending' }],
    hidden: { A2: true },
    fieldOrder: ['B2', 'A2'],
    colors: [{ when: { kind: 'group', join: 'and', parts: [condition('B2')] }, tint: 'red', target: 'A2' }],
    aggregates: { B2: 'sum' },
    layout: 'board',
    lanes: 'A2',
    span: { start: 'B2', end: undefined },
  })
  const bare = configForFields({ ...PLAIN_VIEW, lanes: field('gone'), span: { start: field('gone'), end: field('A') } }, copies)
  expect(bare).toEqual(PLAIN_VIEW)
})

test('[ST2] sheets of an older workbook are put into the order they were made in, and stay there', () => {
  const book = new Y.Doc()
  for (const name of ['C', 'A', 'B']) editSheet(book, id(name), { name }, 'test')
  const rows = ['B', 'C', 'A', 'gone'].map((name) => ({ id: id(name) }))
  orderSheets(book, rows, 'test')
  expect(shown(book)).toEqual(['B', 'C', 'A'])
  const keys: string[][] = []
  book.on('afterTransaction', (transaction: Y.Transaction) => keys.push([...changedSheetKeys(transaction)]))
  orderSheets(book, rows, 'test')
  editSheet(book, id('A'), { removed: true }, 'test')
  expect(keys.flat()).toEqual(['A.removed'])
})
