import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { linkOfCell } from '../../app/grid/cell-display.ts'
import { bandBox, drawnColumns, dropIndex, type GridColumn, NUMBER_WIDTH, placeColumns } from '../../app/grid/columns.ts'
import { filledRange } from '../../app/grid/drag.ts'
import { areasOf, marksOf } from '../../app/grid/peer-marks.ts'
import { edgesAt, selectionAt } from '../../app/grid/row-view.ts'
import { widthWithin } from '../../app/grid/use-columns.ts'
import { hasDrifted, lineWindow, MAX_SCROLL_HEIGHT, makeLineSpace, makeScrollMap, scrolledTo } from '../../app/grid/viewport.ts'
import type { Field } from '../../workbook/fields.ts'
import type { ConnectionId, FieldId, RowId } from '../../workbook/ids.ts'
import { PEER } from './peers.ts'

/** A sheet whose every so-many-th line is the head of a group. */
const spaces = fc
  .record({
    count: fc.integer({ min: 1, max: 5_000 }),
    height: fc.constantFrom(32, 56, 88),
    every: fc.integer({ min: 2, max: 50 }),
    hasGroups: fc.boolean(),
  })
  .map(({ count, height, every, hasGroups }) => {
    const low = hasGroups ? Array.from({ length: count }, (_, i) => i).filter((i) => i % every === 0) : []
    return makeLineSpace(count, height, low, 32)
  })

describe('where lines stand', () => {
  test('[GR1] lines stand under each other without a gap, and the line at a pixel is the one that covers it', () => {
    const law = (space: ReturnType<typeof makeLineSpace>, at: number): void => {
      const line = Math.floor(at * space.count)
      expect(space.topOf(line) + space.heightOf(line)).toBe(space.topOf(line + 1))
      expect(space.lineAt(space.topOf(line))).toBe(line)
      expect(space.lineAt(space.topOf(line + 1) - 1)).toBe(line)
      expect(space.topOf(space.count)).toBe(space.total)
    }
    fc.assert(fc.property(spaces, fc.double({ min: 0, max: 0.9999, noNaN: true }), law), { seed: 1 })
  })

  test('[GR1] above the sheet is its first line, below it its last', () => {
    const space = makeLineSpace(10, 32)
    expect([space.lineAt(-1), space.lineAt(320), space.lineAt(9_999)]).toEqual([0, 9, 9])
    expect(lineWindow(makeLineSpace(0, 32), { top: 0, height: 500 }, 2)).toEqual({ first: 0, end: 0 })
  })

  test('[GR2] every pixel of the view has its line, at any place and height', () => {
    const law = (space: ReturnType<typeof makeLineSpace>, at: number, height: number): void => {
      const top = Math.floor(at * Math.max(0, space.total - height))
      const { first, end } = lineWindow(space, { top, height }, 0)
      expect(space.topOf(first)).toBeLessThanOrEqual(top)
      expect(space.topOf(end)).toBeGreaterThanOrEqual(Math.min(space.total, top + height))
      expect(first).toBeGreaterThanOrEqual(0)
      expect(end).toBeLessThanOrEqual(space.count)
    }
    fc.assert(fc.property(spaces, fc.double({ min: 0, max: 1, noNaN: true }), fc.integer({ min: 0, max: 2_000 }), law), { seed: 2 })
  })

  test('[GR2] as many rows are drawn at one place of a sheet as at the next', () => {
    const space = makeLineSpace(1_000, 32)
    const counts = Array.from({ length: 200 }, (_, i) => {
      const { first, end } = lineWindow(space, { top: 5_000 + i, height: 777 }, 2)
      return end - first
    })
    expect(new Set(counts).size).toBe(1)
  })
})

describe('sheets taller than a browser scrolls', () => {
  const view = 800
  const total = 1_000_000 * 88
  const map = makeScrollMap(total, view)
  const end = map.height - view

  test('[GR3] a million rows end where the scrollbar ends, and nothing is out of reach', () => {
    expect(map.height).toBe(MAX_SCROLL_HEIGHT)
    expect([map.topOf(0), map.topOf(end)]).toEqual([0, total - view])
    const law = (a: number, b: number): void => {
      const [low, high] = [Math.min(a, b), Math.max(a, b)]
      expect(map.topOf(low)).toBeLessThanOrEqual(map.topOf(high))
    }
    fc.assert(fc.property(fc.integer({ min: 0, max: end }), fc.integer({ min: 0, max: end }), law), { seed: 3 })
  })

  test('[GR3] every row can be gone to, and stands where it was gone to', () => {
    const law = (row: number): void => {
      const top = Math.min(row * 88, total - view)
      expect(map.topOf(map.scrolledOf(top))).toBeCloseTo(top, 3)
      expect(map.scrolledOf(top)).toBeLessThanOrEqual(end)
    }
    fc.assert(fc.property(fc.integer({ min: 0, max: 999_999 }), law), { seed: 4 })
  })

  test('[GR3] a small scroll moves the rows by as many pixels, a jump goes where the scrollbar stands', () => {
    const middle = { scrolled: 3_000_000, top: map.topOf(3_000_000) }
    expect(scrolledTo(map, middle, 3_000_120)).toEqual({ scrolled: 3_000_120, top: middle.top + 120 })
    expect(scrolledTo(map, middle, 3_000_120 - 240).top).toBe(middle.top - 120)
    expect(scrolledTo(map, middle, 4_000_000).top).toBe(map.topOf(4_000_000))
    expect(scrolledTo(map, middle, end).top).toBe(total - view)
    expect(hasDrifted(map, middle)).toBe(false)
    expect(hasDrifted(map, scrolledTo(map, middle, 3_003_000))).toBe(true)
  })

  test('[GR3] a hundred thousand rows are scrolled pixel by pixel', () => {
    const small = makeScrollMap(100_000 * 32, view)
    expect(small.isWhole).toBe(true)
    expect(scrolledTo(small, { scrolled: 0, top: 0 }, 3_000_000)).toEqual({ scrolled: 3_000_000, top: 3_000_000 })
  })
})

const fieldOf = (id: string): Field =>
  ({ id: id as FieldId, name: id, type: 'text', order: id, width: 100, options: [], isHidden: false }) as unknown as Field
const columnsOf = (count: number, frozen: number, viewWidth = 1_000): readonly GridColumn[] =>
  placeColumns(
    Array.from({ length: count }, (_, i) => fieldOf(`f${i}`)),
    () => 100,
    frozen,
    viewWidth,
  )

describe('columns', () => {
  test('[GR4] any number of first fields stays in sight, as far as half of the view holds them', () => {
    const frozenOf = (frozen: number, width: number): number => columnsOf(20, frozen, width).filter((column) => column.isFrozen).length
    expect([frozenOf(0, 1_000), frozenOf(3, 1_000), frozenOf(9, 1_000), frozenOf(2, 390), frozenOf(2, 200)]).toEqual([0, 3, 4, 1, 0])
  })

  test('[U16] only what is in sight is drawn, with the frozen and the focused column wherever they are', () => {
    const drawn = drawnColumns(columnsOf(100, 2), { left: 5_000, width: 800 }, 90)
    expect(drawn.frozen).toEqual([0, 1])
    // Between the frozen edge (244) and the right edge of the view.
    expect(drawn.scrolled).toEqual([...Array.from({ length: 6 }, (_, i) => 52 + i), 90])
    expect(drawnColumns(columnsOf(3, 0), { left: 0, width: 800 }, undefined).scrolled).toEqual([0, 1, 2])
  })

  test('[GR4] a band stands above those of its columns that are in sight', () => {
    const columns = columnsOf(10, 1)
    expect(bandBox(columns, { from: 0, count: 4 }, 0)).toEqual({ left: 44, width: 400 })
    expect(bandBox(columns, { from: 0, count: 4 }, 150)).toEqual({ left: 44, width: 250 })
    expect(bandBox(columns, { from: 0, count: 4 }, 900)).toEqual({ left: 44, width: 100 })
    expect(bandBox(columns, { from: 4, count: 2 }, 350)).toEqual({ left: 144, width: 150 })
    expect(bandBox(columns, { from: 4, count: 2 }, 900).width).toBe(0)
  })

  test('[GR7] a dragged field is dropped at the gap nearest to the pointer', () => {
    const columns = columnsOf(4, 0)
    expect([0, 93, 95, 200, 393, 395, 9_999].map((x) => dropIndex(columns, x))).toEqual([0, 0, 1, 2, 3, 4, 4])
    expect(NUMBER_WIDTH).toBe(44)
  })

  test('[GR9] a column is never narrower or wider than can be used', () => {
    expect([widthWithin(3), widthWithin(160.4), widthWithin(5_000)]).toEqual([56, 160, 900])
  })
})

describe('ranges', () => {
  const range = { top: 2, bottom: 4, left: 1, right: 3 }
  test('[GR5] a range is framed along its edges, and every cell of several is selected', () => {
    expect(edgesAt(range, 2, 1)).toBe('tl')
    expect(edgesAt(range, 4, 3)).toBe('rb')
    expect(edgesAt(range, 3, 2)).toBe('')
    expect(edgesAt(range, 5, 2)).toBe('')
    expect(edgesAt(undefined, 2, 1)).toBe('')
    const single = { top: 0, bottom: 0, left: 0, right: 0 }
    expect(selectionAt([single], 0, 0)).toEqual({ isIn: true, isLarge: false, edges: '' })
    expect(selectionAt([range, single], 0, 0)).toEqual({ isIn: true, isLarge: true, edges: 'trbl' })
    expect(selectionAt([range, single], 9, 9)).toEqual({ isIn: false, isLarge: false, edges: '' })
  })

  test('[GR6] the corner of a range is dragged down, up or sideways, never both', () => {
    expect(filledRange(range, { row: 3, column: 2 })).toBe(range)
    expect(filledRange(range, { row: 9, column: 4 })).toEqual({ ...range, bottom: 9 })
    expect(filledRange(range, { row: 0, column: 2 })).toEqual({ ...range, top: 0 })
    expect(filledRange(range, { row: 5, column: 8 })).toEqual({ ...range, right: 8 })
    expect(filledRange(range, { row: 3, column: 0 })).toEqual({ ...range, left: 0 })
  })
})

describe('others', () => {
  const at = (row: string, field: string) => ({ sheet: 's', row, field, isEditing: true })
  const ann = {
    ...PEER,
    name: 'Ann',
    cursor: at('r1', 'f1'),
    liveText: 'Hel',
    ranges: [{ fromRow: 'r1', fromField: 'f1', toRow: 'r2', toField: 'f0' }],
  }
  const ben = { ...PEER, name: 'Ben', cursor: at('r1', 'f0') }
  const away = { ...PEER, name: 'Eve', cursor: { ...at('r1', 'f1'), sheet: 'other' } }

  test('[GR10] others are in their cells with what they type, and what they selected lies where its rows and fields are here', () => {
    const marks = marksOf([ann, ben, away], 's')
    expect(marks.get('r1')?.map(({ name, field, liveText }) => [name, field, liveText])).toEqual([
      ['Ann', 'f1', 'Hel'],
      ['Ben', 'f0', undefined],
    ])
    const view = { lineOf: (row: RowId) => ['r2', 'r1'].indexOf(row) }
    const columnOf = (field: string) => (field === 'f0' ? 0 : field === 'f1' ? 1 : undefined)
    expect(areasOf([ann, ben, away], 's', view, columnOf)).toEqual([{ color: PEER.color, range: { top: 0, bottom: 1, left: 0, right: 1 } }])
    expect(areasOf([ann], 's', { lineOf: () => -1 }, columnOf)).toEqual([])
  })
})

describe('[GR15] where the key of a record leads', () => {
  const keyField = (recordUrl: string): Field => ({
    id: 'key' as FieldId,
    name: 'Key',
    type: 'record-key',
    order: 'a0',
    width: 110,
    isHidden: false,
    options: [],
    binding: {
      connection: 'c' as ConnectionId,
      app: 'app',
      appName: 'App',
      external: 'key',
      isConnectionField: true,
      writable: false,
      recordUrl,
    },
  })
  const tied = { recordOf: () => '500/1' }
  const row = 'r' as RowId

  test.each([
    ['by its key', 'https://app.example/browse/{key}', 'TB-1', 'https://app.example/browse/TB-1'],
    ['by its id', 'https://app.example/Case/{id}/view', '00001001', 'https://app.example/Case/500%2F1/view'],
    ['at the sandbox', '/sandbox/{id}', '1', '/sandbox/500%2F1'],
    ['nowhere that runs', 'javascript:alert({id})', '1', undefined],
  ])('%s', (_, pattern, key, wanted) => {
    expect(linkOfCell(tied, row, keyField(pattern), key)).toBe(wanted)
  })

  test('a row that is tied to nothing leads nowhere by an id', () => {
    expect(linkOfCell({ recordOf: () => undefined }, row, keyField('https://app.example/{id}'), '1')).toBeUndefined()
  })
})
