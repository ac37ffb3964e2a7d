import * as Y from 'yjs'
import { makeRandom } from '../../tools/random.ts'
import type { CellValue } from '../../workbook/cell-value.ts'
import { baseEpochs, bookFields, sysSlots } from '../../workbook/documents.ts'
import { addRow, editCells } from '../../workbook/edit.ts'
import { makeValueFormats } from '../../workbook/field-values.ts'
import type { FieldId, RowId, SheetId } from '../../workbook/ids.ts'
import { packBaseRow, SHARD_ROWS } from '../../workbook/schema.ts'
import { Sheet } from '../../workbook/sheet.ts'
import { type Condition, NO_FILTER, type SortKey } from '../../workbook/view.ts'
import { filterContext } from '../../workbook/view-filter.ts'
import { ViewIndex, type ViewQuery } from '../../workbook/view-index.ts'
import type { BenchLine } from './collab.ts'

const SHEET = 'sheet001' as SheetId
const ROWS = 100_000
const FIELD_COUNT = 20
const TYPES = ['text', 'number', 'single-select', 'date', 'date-time', 'checkbox'] as const
const WORDS = ['Invoice', 'Customer', 'alpha', 'Beta', 'gamma', 'Review', 'Move', 'webhook', 'Billing', 'Report']
const OPTIONS = ['To do', 'Doing', 'Done']
const NOW = Date.UTC(2026, 10, 21)
const EDITOR = { by: 'ann', now: () => NOW }
const EMPTY: ViewQuery = { filter: NO_FILTER, sorts: [], groups: [], aggregates: {}, collapsed: new Set() }
/** What a frame may spend. ms. */
const FRAME_MS = 6

const fieldId = (i: number): FieldId => `f${String(i).padStart(3, '0')}` as FieldId
const [TEXT, NUMBER, OPTION] = [fieldId(0), fieldId(1), fieldId(2)]
const up = (field: FieldId): SortKey => ({ field, direction: 'ascending' })
const asks = (field: FieldId, operator: string, operand: Condition['operand']): Condition => ({
  kind: 'condition',
  field,
  operator,
  operand,
})

function randomValue(random: () => number, column: number): CellValue {
  const word = (): string => WORDS[Math.floor(random() * WORDS.length)] ?? ''
  switch (TYPES[column % TYPES.length]) {
    case 'number':
      return Math.floor(random() * 1e6) / 100
    case 'single-select':
      return OPTIONS[Math.floor(random() * 3)] ?? null
    case 'date':
      return new Date(NOW - Math.floor(random() * 400) * 86_400_000).toISOString().slice(0, 10)
    case 'date-time':
      return new Date(NOW - Math.floor(random() * 4e10)).toISOString()
    case 'checkbox':
      return random() < 0.5
    default:
      return `${word()} ${word()} ${Math.floor(random() * 1e6)}`
  }
}

function makeSheet(): Sheet {
  const random = makeRandom(1)
  const [book, sys] = [new Y.Doc(), new Y.Doc()]
  for (let i = 0; i < FIELD_COUNT; i++) {
    const [id, type] = [fieldId(i), TYPES[i % TYPES.length]]
    const attributes = { sheet: SHEET, name: `Field ${i}`, type, order: `a${String.fromCharCode(65 + i)}` }
    for (const [key, value] of Object.entries(attributes)) bookFields(book).set(`${id}.${key}`, value)
    if (type === 'single-select') for (const option of OPTIONS) bookFields(book).set(`${id}.option.${option}`, option)
    sysSlots(sys).set(`${SHEET}:${id}`, i)
  }
  const base = Array.from({ length: ROWS / SHARD_ROWS }, (_, shard) => {
    const doc = new Y.Doc()
    const epoch = baseEpochs(doc).set('0', new Y.Map<string>())
    doc.transact(() => {
      for (let i = shard * SHARD_ROWS; i < (shard + 1) * SHARD_ROWS; i++) {
        const values = Array.from({ length: FIELD_COUNT }, (_v, column) => randomValue(random, column))
        epoch.set(`r${String(i).padStart(9, '0')}`, packBaseRow({ ord: i, records: {}, values }))
      }
    })
    return doc
  })
  return new Sheet(SHEET, { book, sys, edits: new Y.Doc(), annotations: new Y.Doc(), base })
}

interface Shown {
  /** The one step that filters, sorts and groups. ms. */
  readonly lastMs: number
  /** Reading columns before it, in frames. ms. */
  readonly readMs: number
  readonly longestMs: number
}

function show(view: ViewIndex, query: Partial<ViewQuery>): Shown {
  view.setQuery({ ...EMPTY, ...query })
  let readMs = 0
  let longestMs = 0
  for (;;) {
    const start = threadMs()
    let steps = 0
    const isDone = view.work(() => ++steps % 4 === 0 && threadMs() - start >= FRAME_MS)
    const ms = threadMs() - start
    if (isDone) return { lastMs: ms, readMs, longestMs }
    readMs += ms
    longestMs = Math.max(longestMs, ms)
  }
}

/** This thread's own time, ms: what else the machine is busy with does not count. It moves in steps of some ms, so that short work wants a mean. */
function threadMs(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1_000
}

function timed(run: () => unknown): number {
  const start = threadMs()
  run()
  return threadMs() - start
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0

/** The row index of 100,000 × 20 and its views, each beside plain arrays of decoded rows doing the same anew. */
export function benchViews(): BenchLine[] {
  const sheet = makeSheet()
  const formats = makeValueFormats({ locale: 'en', timeZone: 'Europe/Berlin', now: () => NOW })
  const rows = sheet.rows()
  const texts = rows.map((row) => ({ row, text: String(sheet.value(row, TEXT)) }))
  const plainSort = median([1, 2, 3].map(() => timed(() => texts.toSorted((a, b) => formats.collator.compare(a.text, b.text)))))
  const plainFilter = median([1, 2, 3].map(() => timed(() => texts.filter(({ text }) => text.toLowerCase().includes('inv')))))
  const groups = rows.map((row) => ({ option: sheet.value(row, OPTION), amount: Number(sheet.value(row, NUMBER)) }))
  const plainGroup = median([1, 2, 3].map(() => timed(() => Object.groupBy(groups, ({ option }) => String(option)))))

  const view = new ViewIndex(sheet, filterContext(formats, 'ann', NOW), {
    figure: (name, shown) => `${name} ${shown}`,
    emptyGroup: 'Empty',
  })
  show(view, {})
  const firstSort = show(view, { sorts: [up(TEXT)] })
  const sort = median([1, 2, 3].map(() => show(view, { sorts: [up(TEXT)] }).lastMs))
  const filter = median([1, 2, 3].map(() => show(view, { filter: { ...NO_FILTER, parts: [asks(TEXT, 'contains', 'inv')] } }).lastMs))
  const firstGroup = show(view, { groups: [up(OPTION)], aggregates: { [NUMBER]: 'sum' } })
  const group = median([1, 2, 3].map(() => show(view, { groups: [up(OPTION)], aggregates: { [NUMBER]: 'sum' } }).lastMs))

  const whole = { filter: { ...NO_FILTER, parts: [asks(TEXT, 'contains', 'o')] }, sorts: [up(TEXT)], groups: [up(OPTION)] }
  const plain = timed(() =>
    texts.filter(({ text }) => text.toLowerCase().includes('o')).sort((a, b) => formats.collator.compare(a.text, b.text)),
  )
  show(view, { ...whole, aggregates: { [NUMBER]: 'sum' } })
  const random = makeRandom(2)
  const pick = (): RowId => rows[Math.floor(random() * rows.length)] as RowId
  const edits = Array.from({ length: 200 }, () => {
    editCells(sheet, [{ row: pick(), field: TEXT, value: `Customer o ${random()}` }], EDITOR)
    return timed(() => view.work())
  })
  const pulled = Array.from({ length: 5 }, () => {
    editCells(
      sheet,
      Array.from({ length: 1_000 }, () => ({ row: pick(), field: TEXT, value: `Pulled o ${random()}` })),
      EDITOR,
    )
    return timed(() => view.work())
  })
  const inserted = Array.from({ length: 200 }, () => {
    addRow(sheet, pick(), EDITOR, (length) => Uint8Array.from({ length }, () => Math.floor(random() * 256)))
    return timed(() => sheet.rows())
  })
  view.close()
  sheet.close()
  const line = (what: string, ms: number, baseline: number, hold: string, note = ''): BenchLine => ({
    what: `views of 100,000 × 20: ${what}`,
    value: `${ms.toFixed(1)} ms${note}`,
    ratio: (ms / baseline).toFixed(3),
    hold,
  })
  const reading = ({ readMs, longestMs }: Shown): string =>
    `; the first time ${readMs.toFixed(0)} ms before it, ≤ ${longestMs.toFixed(0)} ms at a time`
  return [
    line('sort by a text', sort, plainSort, '≤ 45 ms', reading(firstSort)),
    line('filter by a text', filter, plainFilter, '≤ 35 ms'),
    line('group with a sum', group, plainGroup, '≤ 200 ms', reading(firstGroup)),
    line('an edit, filtered, sorted and grouped', mean(edits), plain, '≤ 2 ms'),
    line('1,000 cells of a pull, likewise', mean(pulled), plain, '≤ 45 ms'),
    line('a row inserted into the order', mean(inserted), plainSort, '≤ 2 ms'),
  ]
}
