import { describe, expect, test } from 'vitest'
import * as Y from 'yjs'
import { makeRandom } from '../../tools/random.ts'
import { hasLanes, laneFields, lanesOf, MOST_EMPTY_LANES, placeInLanes, rowInLane, shownIn } from '../../workbook/board.ts'
import type { CellValue } from '../../workbook/cell-value.ts'
import { bookFields } from '../../workbook/documents.ts'
import { addRow, editCells } from '../../workbook/edit.ts'
import { makeValueFormats } from '../../workbook/field-values.ts'
import type { Binding, Field, FieldType } from '../../workbook/fields.ts'
import type { FieldId, RowId, SheetId } from '../../workbook/ids.ts'
import { Sheet } from '../../workbook/sheet.ts'
import { type FilterGroup, groupsOf, NO_FILTER, PLAIN_VIEW } from '../../workbook/view.ts'
import { filterContext } from '../../workbook/view-filter.ts'
import { ViewIndex, type ViewQuery } from '../../workbook/view-index.ts'
import { type GroupLine, groupKeyIn } from '../../workbook/view-lines.ts'

const SHEET = 's1' as SheetId
const LANES = 'f001' as FieldId
const FORMATS = makeValueFormats({ locale: 'en', timeZone: 'Europe/Berlin', now: () => Date.UTC(2026, 10, 21) })
const CONTEXT = filterContext(FORMATS, 'ann', Date.UTC(2026, 10, 21))
const EDITOR = { by: 'ann', now: () => 1 }
const WORDS = { figure: (aggregate: string, shown: string) => `${aggregate} ${shown}`, emptyGroup: 'Empty' }

/** A sheet with one field of lanes and these values under each other. */
function makeSheet(type: FieldType, options: readonly string[], values: readonly CellValue[]): { sheet: Sheet; rows: readonly RowId[] } {
  const book = new Y.Doc()
  for (const [key, value] of Object.entries({ sheet: SHEET, name: 'Status', type, order: 'a0' }))
    bookFields(book).set(`${LANES}.${key}`, value)
  for (const option of options) bookFields(book).set(`${LANES}.option.${option}`, option)
  const sheet = new Sheet(SHEET, { book, sys: new Y.Doc(), edits: new Y.Doc(), annotations: new Y.Doc(), base: [] })
  let made = 0
  const rows = values.map((value) => {
    const row = addRow(sheet, sheet.rows().at(-1), EDITOR, (length) => new Uint8Array(length).fill(++made))
    editCells(sheet, [{ row, field: LANES, value }], EDITOR)
    return row
  })
  return { sheet, rows }
}

interface Asked {
  readonly filter?: FilterGroup
  readonly collapsed?: ReadonlySet<string>
  readonly movesHeld?: boolean
}

function boardOf(sheet: Sheet, { filter = NO_FILTER, collapsed = new Set(), movesHeld = true }: Asked = {}) {
  const view = new ViewIndex(sheet, CONTEXT, WORDS)
  const config = { ...PLAIN_VIEW, layout: 'board', lanes: LANES } as const
  const query: ViewQuery = { filter, sorts: [], groups: groupsOf(config), aggregates: {}, collapsed, movesHeld }
  view.setQuery(query)
  const lanes = () => {
    view.work()
    const field = sheet.field(LANES)
    if (field === undefined) throw new Error('no field')
    return lanesOf({ field, lines: view.result().lines, collapsed, formats: FORMATS })
  }
  const rowsOf = () =>
    lanes().map((lane) => Array.from({ length: shownIn(lane) }, (_, place) => rowInLane(lane, place, view.result().lines)))
  return { view, lanes, rowsOf }
}

const fieldOf = (name: string, type: FieldType, isConnected = false): Field => ({
  id: name as FieldId,
  name,
  type,
  order: 'a0',
  width: 100,
  options: [],
  isHidden: false,
  ...(isConnected && { binding: { writable: true } as Binding }),
})

describe('the lanes of a board', () => {
  test('[BD2] are the values the field offers in its order, then those that only rows have, then the rows without one', () => {
    const { sheet, rows } = makeSheet('single-select', ['todo', 'doing', 'done'], ['done', null, 'elsewhere', 'todo', '', 'done'])
    const { lanes, rowsOf } = boardOf(sheet)
    expect(lanes().map(({ label, value, count, refusal }) => [label, value, count, refusal === undefined])).toEqual([
      ['todo', 'todo', 1, true],
      ['doing', 'doing', 0, true],
      ['done', 'done', 2, true],
      ['elsewhere', null, 1, false],
      [undefined, null, 2, true],
    ])
    expect(rowsOf()).toEqual([[rows[3]], [], [rows[0], rows[5]], [rows[2]], [rows[1], rows[4]]])
  })

  test('[BD2] an unticked box and one that was never ticked are in one lane, and both close', () => {
    const { sheet, rows } = makeSheet('checkbox', [], [true, null, false, true])
    const { lanes, rowsOf } = boardOf(sheet)
    expect(lanes().map(({ label, value, count }) => [label, value, count])).toEqual([
      ['Yes', true, 2],
      ['No', false, 2],
    ])
    expect(rowsOf()).toEqual([
      [rows[0], rows[3]],
      [rows[2], rows[1]],
    ])
    const closed = boardOf(sheet, { collapsed: new Set(lanes()[1]?.keys) })
    expect(closed.lanes().map(({ isOpen, count }) => [isOpen, count])).toEqual([
      [true, 2],
      [false, 2],
    ])
    expect(closed.rowsOf()).toEqual([[rows[0], rows[3]], []])
  })

  test('[BD2] a rating has a lane a star, and what it cannot be takes no card', () => {
    const { sheet } = makeSheet('rating', [], [5, 9, null])
    const shown = boardOf(sheet).lanes()
    expect(shown.map(({ value, count }) => [value, count])).toEqual([
      [1, 0],
      [2, 0],
      [3, 0],
      [4, 0],
      [5, 1],
      [null, 1],
      [null, 1],
    ])
    expect(shown[5]?.refusal).toMatch(/./u)
  })

  test('[BD6] where two people or options have one name, their lane takes no card, as typing the name is refused', () => {
    const options = [
      { id: 'p1', name: 'Ana Lima' },
      { id: 'p2', name: 'Ana Lima' },
      { id: 'p3', name: 'Ben' },
    ]
    const { sheet } = makeSheet('single-select', [], [])
    for (const type of ['person', 'single-select'] as const) {
      const field = { ...fieldOf('Owner', type), options }
      const lanes = lanesOf({ field, lines: boardOf(sheet).view.result().lines, collapsed: new Set(), formats: FORMATS })
      expect(lanes.map(({ label, refusal }) => [label, refusal?.slice(0, 14)])).toEqual([
        ['Ana Lima', 'More than one '],
        ['Ben', undefined],
        [undefined, undefined],
      ])
    }
  })

  test('[BD2] thousands of values that only rows have are read once, and a very long one is near to none', () => {
    const options = Array.from({ length: 20 }, (_, i) => ({ id: `o${i}`, name: `Option ${i}` }))
    const field = { ...fieldOf('State', 'single-select'), options }
    const labels = [...Array.from({ length: 1_000 }, (_, i) => `Elsewhere ${i}`), 'x'.repeat(32_000)]
    const lines = labels.map(
      (label): GroupLine => ({
        ...{ kind: 'group', key: groupKeyIn('', field.id, label), field: field.id, label, count: 1 },
        ...{ aggregates: [], isOpen: false, depth: 0 },
      }),
    )
    let asked = 0
    const counting: ProxyHandler<typeof options> = {
      get: (of, key) => {
        asked++
        return Reflect.get(of, key)
      },
    }
    const counted = { ...field, options: new Proxy(options, counting) }
    const lanes = () => lanesOf({ field: counted, lines, collapsed: new Set(), formats: FORMATS })
    expect(lanes()).toHaveLength(options.length + labels.length + 1)
    const first = asked
    expect(lanes().at(-2)?.refusal).toMatch(/is not an option/u)
    expect(asked - first).toBeLessThan(0.6 * first)
  })

  test('[BD2] a field that offers very many values has lanes for those that some row has', () => {
    const options = Array.from({ length: MOST_EMPTY_LANES + 1 }, (_, i) => `o${i}`)
    const { sheet } = makeSheet('single-select', options, ['o7', 'o3'])
    expect(
      boardOf(sheet)
        .lanes()
        .map(({ label }) => label),
    ).toEqual(['o3', 'o7', undefined])
  })

  test('[BD3] are proposed from a select that is named like a status, a connected one first; other types have none', () => {
    const fields = [
      fieldOf('Done', 'checkbox'),
      fieldOf('Priority', 'single-select', true),
      fieldOf('Own status', 'single-select'),
      fieldOf('Name', 'text'),
      fieldOf('Assignee', 'person', true),
      fieldOf('State', 'single-select', true),
    ]
    expect(laneFields(fields).map(({ name }) => name)).toEqual(['State', 'Own status', 'Priority', 'Assignee', 'Done'])
    expect(hasLanes({ type: 'multi-select' })).toBe(false)
  })

  test('[BD4] hold each row of the view once, and the place of each leads back to it', () => {
    const random = makeRandom(4)
    const values = Array.from({ length: 90 }, () => ['todo', 'doing', 'done', 'odd', null][Math.floor(random() * 5)] ?? null)
    const { sheet, rows } = makeSheet('single-select', ['todo', 'doing', 'done'], values)
    const { view, lanes } = boardOf(sheet)
    const shown = lanes()
    const { lines } = view.result()
    const seen = new Set<RowId>()
    for (const row of rows) {
      const found = placeInLanes(shown, view.lineOf(row))
      const lane = found && shown[found.lane]
      expect(lane && rowInLane(lane, found.place, lines)).toBe(row)
      seen.add(row)
    }
    expect(shown.reduce((sum, lane) => sum + shownIn(lane), 0)).toBe(seen.size)
    expect(placeInLanes(shown, 0)).toBeUndefined()
    expect(shown[0] && rowInLane(shown[0], -1, lines)).toBeUndefined()
  })

  test('[BD7] a row that somebody is in goes to its new lane at once, and stays in sight where it no longer matches', () => {
    const { sheet, rows } = makeSheet('single-select', ['todo', 'doing', 'done'], ['todo', 'todo', 'doing'])
    const filter: FilterGroup = {
      kind: 'group',
      join: 'and',
      parts: [{ kind: 'condition', field: LANES, operator: 'none-of', operand: ['done'] }],
    }
    const { view, rowsOf } = boardOf(sheet, { filter })
    const [first, second, third] = rows as [RowId, RowId, RowId]
    view.work()
    view.hold([first])
    editCells(sheet, [{ row: first, field: LANES, value: 'doing' }], EDITOR)
    expect(rowsOf()).toEqual([[second], [first, third], [], []])
    expect(view.isMoving(first)).toBe(false)
    editCells(sheet, [{ row: first, field: LANES, value: 'done' }], EDITOR)
    expect(rowsOf()).toEqual([[second], [third], [first], []])
    expect(view.isMoving(first)).toBe(true)
    view.hold([])
    expect(rowsOf()).toEqual([[second], [third], [], []])
  })
})
