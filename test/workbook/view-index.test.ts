import { describe, expect, test } from 'vitest'
import * as Y from 'yjs'
import { makeRandom } from '../../tools/random.ts'
import type { CellValue } from '../../workbook/cell-value.ts'
import { Column } from '../../workbook/columns.ts'
import { baseEpochs, bookFields, sysSlots } from '../../workbook/documents.ts'
import { addRow, editCells, insertRows, moveRow, moveRows, setRowsDeleted } from '../../workbook/edit.ts'
import { compareValues, makeValueFormats, showValue } from '../../workbook/field-values.ts'
import { cryptoRandomBytes, type FieldId, type RowId, type SheetId } from '../../workbook/ids.ts'
import { packBaseRow } from '../../workbook/schema.ts'
import { Sheet } from '../../workbook/sheet.ts'
import { type Condition, type FilterGroup, NO_FILTER, type SortKey } from '../../workbook/view.ts'
import { compileFilter, filterContext, matches } from '../../workbook/view-filter.ts'
import { ViewIndex, type ViewQuery } from '../../workbook/view-index.ts'

type Random = () => number

const SHEET = 's1' as SheetId
const NAME = 'f001' as FieldId
const POINTS = 'f002' as FieldId
const STATUS = 'f003' as FieldId
const DUE = 'f004' as FieldId
const DONE = 'f005' as FieldId
const TYPES = { [NAME]: 'text', [POINTS]: 'number', [STATUS]: 'single-select', [DUE]: 'date-time', [DONE]: 'checkbox' }
const FORMATS = makeValueFormats({ locale: 'en', timeZone: 'Europe/Berlin', now: () => Date.UTC(2026, 10, 21) })
const CONTEXT = filterContext(FORMATS, 'ann', Date.UTC(2026, 10, 21))
const WORDS = { figure: (aggregate: string, shown: string) => `${aggregate} ${shown}`, emptyGroup: 'Empty' }
const EDITOR = { by: 'ann', now: () => 1 }
const QUERY: ViewQuery = { filter: NO_FILTER, sorts: [], groups: [], aggregates: {}, collapsed: new Set() }

const rowId = (i: number): RowId => `r${String(i).padStart(9, '0')}` as RowId
const by = (field: FieldId, direction: SortKey['direction'] = 'ascending'): SortKey => ({ field, direction })
const asks = (field: FieldId, operator: string, operand: Condition['operand'] = null): Condition => ({
  kind: 'condition',
  field,
  operator,
  operand,
})
const all = (...parts: FilterGroup['parts']): FilterGroup => ({ kind: 'group', join: 'and', parts })
const any = (...parts: FilterGroup['parts']): FilterGroup => ({ kind: 'group', join: 'or', parts })

function randomValue(random: Random, field: FieldId): CellValue {
  if (random() < 0.15) return null
  const n = Math.floor(random() * 12)
  switch (field) {
    case NAME:
      return ['Ann', 'ann', 'Zoë', 'zebra 10', 'zebra 9', 'Éclair', '日本', 'b', 'B', 'a-b', '007', '7'][n] ?? ''
    case POINTS:
      return n < 10 ? n - 4 : 'many'
    case STATUS:
      return ['todo', 'doing', 'done', 'unknown'][n % 4] ?? null
    case DUE:
      return new Date(Date.UTC(2026, 10, 20 + (n % 4), n * 2)).toISOString()
    default:
      return n % 2 === 0
  }
}

function makeShard(random: Random, from: number, count: number): Y.Doc {
  const doc = new Y.Doc()
  const epoch = baseEpochs(doc).set('0', new Y.Map<string>())
  for (let i = from; i < from + count; i++) {
    const values = Object.keys(TYPES).map((field) => randomValue(random, field as FieldId))
    epoch.set(rowId(i), packBaseRow({ ord: i, records: i % 2 ? { c1: String(i) } : {}, values }))
  }
  return doc
}

function makeSheet(random: Random, counts: readonly number[]): Sheet {
  const [book, sys] = [new Y.Doc(), new Y.Doc()]
  for (const [i, [id, type]] of Object.entries(TYPES).entries()) {
    for (const [key, value] of Object.entries({ sheet: SHEET, name: id, type, order: `a${i}` })) bookFields(book).set(`${id}.${key}`, value)
    sysSlots(sys).set(`${SHEET}:${id}`, i)
  }
  for (const option of ['todo', 'doing', 'done']) bookFields(book).set(`${STATUS}.option.${option}`, option)
  let from = 0
  const base = counts.map((count) => {
    const shard = makeShard(random, from, count)
    from += count
    return shard
  })
  return new Sheet(SHEET, { book, sys, edits: new Y.Doc(), annotations: new Y.Doc(), base })
}

/** The rows a view shows, worked out plainly: every row tested, then sorted with one comparison. */
function plainRows(sheet: Sheet, query: ViewQuery): readonly RowId[] {
  const { filter } = compileFilter(query.filter, sheet.fields(), CONTEXT)
  const rows = sheet.rows().filter(
    (row) =>
      filter === undefined ||
      matches(
        filter,
        (field) => sheet.value(row, field),
        () => false,
      ),
  )
  const isEmpty = (value: CellValue): boolean => value === null || value === ''
  const compare = (a: RowId, b: RowId, { field: id, direction }: SortKey, isGroup: boolean): number => {
    const field = sheet.field(id)
    if (field === undefined) return 0
    const [left, right] = [sheet.value(a, id), sheet.value(b, id)]
    if (isEmpty(left) || isEmpty(right)) return Number(isEmpty(left)) - Number(isEmpty(right))
    if (isGroup && bucket(sheet, a, id) === bucket(sheet, b, id)) return 0
    if (field.type === 'number' && typeof left !== typeof right)
      return (typeof left === 'number' ? -1 : 1) * (direction === 'ascending' ? 1 : -1)
    const order = field.type === 'checkbox' ? Number(right === true) - Number(left === true) : compareValues(field, left, right, FORMATS)
    return direction === 'ascending' ? order : -order
  }
  return rows.toSorted((a, b) => {
    for (const key of query.groups) {
      const order = compare(a, b, key, true)
      if (order !== 0) return order
    }
    for (const key of query.sorts) {
      const order = compare(a, b, key, false)
      if (order !== 0) return order
    }
    return 0
  })
}

function bucket(sheet: Sheet, row: RowId, id: FieldId): string {
  const field = sheet.field(id)
  const value = sheet.value(row, id)
  if (field === undefined || value === null || value === '') return ''
  return id === DUE ? CONTEXT.clock.dayOf(Date.parse(String(value))) : showValue(field, value, FORMATS)
}

const rowsOf = (view: ViewIndex): readonly RowId[] => view.result().lines.flatMap((line) => (line.kind === 'row' ? [line.row] : []))

const SORTS: readonly (readonly SortKey[])[] = [
  [],
  [by(NAME)],
  [by(NAME, 'descending')],
  [by(POINTS, 'descending')],
  [by(STATUS), by(POINTS)],
  [by(DUE, 'descending'), by(DONE), by(NAME)],
]
const GROUPS: readonly (readonly SortKey[])[] = [[], [], [by(STATUS)], [by(DUE)], [by(STATUS, 'descending'), by(DONE), by(DUE)]]
const FILTERS: readonly FilterGroup[] = [
  NO_FILTER,
  all(asks(NAME, 'contains', 'b')),
  any(asks(POINTS, 'ge', 2), asks(STATUS, 'any-of', ['done'])),
  all(asks(DUE, 'today'), any(asks(DONE, 'checked'), asks(NAME, 'empty'))),
]

function act(random: Random, sheet: Sheet): void {
  const rows = sheet.rows()
  const pick = (): RowId => rows[Math.floor(random() * rows.length)] ?? rowId(0)
  const bytes = (length: number): Uint8Array => Uint8Array.from({ length }, () => Math.floor(random() * 256))
  const what = random()
  if (what < 0.6) {
    const fields = Object.keys(TYPES) as FieldId[]
    const inputs = Array.from({ length: 1 + Math.floor(random() * 4) }, () => {
      const field = fields[Math.floor(random() * fields.length)] ?? NAME
      return { row: pick(), field, value: randomValue(random, field) }
    })
    editCells(sheet, inputs, EDITOR)
  } else if (what < 0.75) addRow(sheet, random() < 0.5 ? pick() : undefined, EDITOR, bytes)
  else if (what < 0.9) setRowsDeleted(sheet, [pick()], random() < 0.7, EDITOR)
  else moveRow(sheet, pick(), pick(), EDITOR)
}

describe('the index of a view', () => {
  test('[VW1] after any edits the lines are those that working everything out again gives', () => {
    for (let seed = 1; seed <= 10; seed++) {
      const random = makeRandom(seed)
      const sheet = makeSheet(random, [30, 30])
      const view = new ViewIndex(sheet, CONTEXT, WORDS)
      for (let round = 0; round < 6; round++) {
        let query: ViewQuery = {
          ...QUERY,
          filter: FILTERS[Math.floor(random() * FILTERS.length)] ?? NO_FILTER,
          sorts: SORTS[Math.floor(random() * SORTS.length)] ?? [],
          groups: GROUPS[Math.floor(random() * GROUPS.length)] ?? [],
          aggregates: { [POINTS]: 'sum', [NAME]: 'unique' },
        }
        view.setQuery(query)
        for (let step = 0; step < 12; step++) {
          view.work()
          if (query.collapsed.size === 0) expect(rowsOf(view), `seed ${seed} round ${round} step ${step}`).toEqual(plainRows(sheet, query))
          const anew = new ViewIndex(sheet, CONTEXT, WORDS)
          anew.setQuery(query)
          anew.work()
          expect(view.result()).toEqual(anew.result())
          anew.close()
          act(random, sheet)
          const heads = view.result().lines.flatMap((line) => (line.kind === 'group' ? [line.key] : []))
          const pressed = random() < 0.3 ? heads[Math.floor(random() * heads.length)] : undefined
          if (pressed === undefined) continue
          query = {
            ...query,
            collapsed: new Set([...query.collapsed, pressed].filter((key) => key !== pressed || !query.collapsed.has(key))),
          }
          view.setQuery(query)
        }
      }
      view.close()
    }
  })

  test('[VW1] values that come to one place again and again stand as if all had come at once', () => {
    const random = makeRandom(4)
    const sheet = makeSheet(random, [400])
    const field = sheet.field(NAME)
    if (field === undefined) throw new Error('no field')
    const column = new Column(field, FORMATS)
    // The last hundred come ever closer to one that was there before: there is no end of numbers between two only on paper.
    const textOf = (row: number): string => (row < 300 ? `m ${Math.floor(random() * 1e4)}` : `q${'a'.repeat(row - 299)}`)
    const values = ['Ann', 'qb', ...Array.from({ length: 398 }, (_, i) => textOf(i + 2))]
    for (let row = 0; row < values.length; row += 5) {
      for (let i = row; i < row + 5; i++) column.set(i, values[i] ?? '')
      column.places()
    }
    const rows = values.map((_, row) => row)
    const sorted = (compare: (a: number, b: number) => number): readonly string[] => rows.toSorted(compare).map((row) => values[row] ?? '')
    expect(sorted((a, b) => column.compareRows(a, b, 1))).toEqual(
      sorted((a, b) => FORMATS.collator.compare(values[a] ?? '', values[b] ?? '')),
    )
    expect(column.compareRows(2, 3, -1)).toBe(-column.compareRows(2, 3, 1))
  })

  test('[VW2] shards may arrive in any order, also while columns are being read', () => {
    const random = makeRandom(3)
    const whole = makeSheet(makeRandom(9), [40, 40, 40])
    const sheet = makeSheet(random, [])
    const view = new ViewIndex(sheet, CONTEXT, WORDS)
    const query = { ...QUERY, sorts: [by(NAME)], filter: all(asks(NAME, 'filled')) }
    view.setQuery(query)
    for (const shard of [2, 0, 1]) {
      const doc = whole.base[shard]
      if (doc !== undefined) sheet.addShard(doc, shard)
      view.work(() => true)
    }
    while (!view.work(() => true));
    expect(sheet.rows()).toEqual(whole.rows())
    expect(rowsOf(view)).toEqual(plainRows(whole, query))
    expect(sheet.shardOf(rowId(100))).toBe(2)
  })

  test('[VW2] rows that come while columns are being read are read once, not again with every step', () => {
    const whole = makeSheet(makeRandom(9), [300, 300, 300])
    const sheet = makeSheet(makeRandom(3), [])
    const view = new ViewIndex(sheet, CONTEXT, WORDS)
    view.setQuery({ ...QUERY, groups: [by(STATUS)] })
    let reads = 0
    const value = sheet.value.bind(sheet)
    sheet.value = (row, field) => {
      reads++
      return value(row, field)
    }
    let steps = 0
    for (const [shard, doc] of whole.base.entries()) {
      sheet.addShard(doc, shard)
      for (let step = 0; step < 2; step++) if (!view.work(() => true)) steps++
    }
    while (!view.work(() => true)) steps++
    expect(steps).toBeGreaterThan(5)
    expect(reads).toBeLessThanOrEqual(900)
    expect(rowsOf(view)).toHaveLength(900)
  })

  test('[VW3] the lines of groups hold each row once, and a closed group holds its rows back', () => {
    const sheet = makeSheet(makeRandom(5), [80])
    const view = new ViewIndex(sheet, CONTEXT, WORDS)
    const query = { ...QUERY, groups: [by(STATUS), by(DONE)], aggregates: { [POINTS]: 'count' } as const }
    view.setQuery(query)
    view.work()
    expect(new Set(rowsOf(view)).size).toBe(80)
    const heads = view.result().lines.filter((line) => line.kind === 'group' && line.depth === 0)
    expect(heads.reduce((sum, line) => sum + (line.kind === 'group' ? line.count : 0), 0)).toBe(80)
    const [first] = heads
    if (first?.kind !== 'group') throw new Error('no group')
    view.setQuery({ ...query, collapsed: new Set([first.key]) })
    view.work()
    expect(rowsOf(view)).toHaveLength(80 - first.count)
    expect(view.result().lines[0]).toEqual({ ...first, isOpen: false })
    expect(view.result().shown).toBe(80)
  })

  test('[VW4] a row somebody is in stays where it is until they leave it', () => {
    const sheet = makeSheet(makeRandom(7), [20])
    for (const [i, row] of sheet.rows().entries()) editCells(sheet, [{ row, field: POINTS, value: i }], EDITOR)
    const view = new ViewIndex(sheet, CONTEXT, WORDS)
    view.setQuery({ ...QUERY, filter: all(asks(POINTS, 'lt', 10)), sorts: [by(POINTS)], groups: [] })
    view.work()
    const before = rowsOf(view)
    view.hold([rowId(3)])
    editCells(sheet, [{ row: rowId(3), field: POINTS, value: 8.5 }], EDITOR)
    view.work()
    expect(rowsOf(view)).toEqual(before)
    expect(view.isMoving(rowId(3))).toBe(true)
    // Others still go where they belong.
    editCells(sheet, [{ row: rowId(0), field: POINTS, value: 99 }], EDITOR)
    view.work()
    expect(rowsOf(view)).toEqual(before.slice(1))
    view.hold([])
    view.work()
    expect(rowsOf(view).at(-2)).toBe(rowId(3))
    expect(view.isMoving(rowId(3))).toBe(false)
  })

  test('[VW4] in the order of the sheet a row stands where it was put, also beside the one somebody is in, and so does that one', () => {
    const sheet = makeSheet(makeRandom(8), [6])
    const view = new ViewIndex(sheet, CONTEXT, WORDS)
    view.setQuery(QUERY)
    view.work()
    const here = sheet.rows()[2] as RowId
    view.hold([here])
    insertRows(sheet, { count: 1, place: { before: here } }, EDITOR, cryptoRandomBytes)
    editCells(sheet, [{ row: here, field: POINTS, value: 5 }], EDITOR)
    view.work()
    expect(rowsOf(view)).toEqual(sheet.rows())
    moveRows(sheet, [here], { before: sheet.rows()[0] as RowId }, EDITOR)
    view.work()
    expect(rowsOf(view)).toEqual(sheet.rows())
    view.close()
  })

  test('[VW4] a held row counts in the group it stands in, and in the other once it is let go of', () => {
    const sheet = makeSheet(makeRandom(11), [30])
    const view = new ViewIndex(sheet, CONTEXT, WORDS)
    const query = { ...QUERY, groups: [by(STATUS)], sorts: [by(NAME)], aggregates: { [POINTS]: 'sum' } as const }
    view.setQuery(query)
    view.work()
    const random = makeRandom(12)
    for (let round = 0; round < 40; round++) {
      const row = rowId(Math.floor(random() * 30))
      view.hold([row])
      const before = rowsOf(view)
      editCells(
        sheet,
        [
          { row, field: STATUS, value: randomValue(random, STATUS) },
          { row, field: POINTS, value: round },
        ],
        EDITOR,
      )
      view.work()
      expect(rowsOf(view)).toEqual(before)
      view.hold([])
      view.work()
      const anew = new ViewIndex(sheet, CONTEXT, WORDS)
      anew.setQuery(query)
      anew.work()
      expect(view.result()).toEqual(anew.result())
    }
  })

  test('[VW4] a new row that does not match is shown while somebody is in it', () => {
    const sheet = makeSheet(makeRandom(7), [5])
    const view = new ViewIndex(sheet, CONTEXT, WORDS)
    view.setQuery({ ...QUERY, filter: all(asks(NAME, 'is', 'nothing like it')) })
    view.work()
    const row = addRow(sheet, undefined, EDITOR, (n) => new Uint8Array(n).fill(7))
    view.hold([row])
    view.work()
    expect(rowsOf(view)).toEqual([row])
    expect(view.isMoving(row)).toBe(true)
    view.hold([])
    view.work()
    expect(rowsOf(view)).toEqual([])
  })

  test('[VW5] what did not change is the same object as before', () => {
    const sheet = makeSheet(makeRandom(7), [40])
    const view = new ViewIndex(sheet, CONTEXT, WORDS)
    view.setQuery({ ...QUERY, groups: [by(STATUS)], aggregates: { [POINTS]: 'sum' } })
    view.work()
    const before = view.result()
    editCells(sheet, [{ row: rowId(3), field: NAME, value: 'Something else' }], EDITOR)
    view.work()
    expect(view.result()).toBe(before)
    editCells(sheet, [{ row: rowId(3), field: POINTS, value: 1_000 }], EDITOR)
    view.work()
    const kept = view.result().lines.filter((line, i) => line === before.lines[i])
    expect(kept).toHaveLength(before.lines.length - 1)
  })
})
