import fc from 'fast-check'
import { Window } from 'happy-dom'
import { describe, expect, test } from 'vitest'
import { findCells, makeMatcher, replaceIn } from '../../app/commands/find.ts'
import { fuzzyScore, ranked } from '../../app/commands/fuzzy.ts'
import { PALETTE_COMMANDS } from '../../app/commands/palette-items.ts'
import { totalsOf } from '../../app/commands/selection-stats.ts'
import { blockOf, type ClipCell, fitCell, fitsWhole, toTsv } from '../../app/grid/clipboard.ts'
import { type CopiedCell, readClip, toHtml } from '../../app/grid/clipboard-html.ts'
import { fillSeries, fillWay } from '../../app/grid/fill.ts'
import { type CommandGround, type CommandHands, runGridCommand } from '../../app/grid/grid-commands.ts'
import { type GridCommand, gridCommand, KEY_LINES, type KeyPress, keysFor, keysOf, screenCommand } from '../../app/grid/grid-keys.ts'
import {
  at,
  cellsIn,
  cornerOf,
  isInRange,
  isSelected,
  keepSelection,
  type Move,
  moveSelection,
  placeSelection,
  rangeOf,
  type Selection,
  selectAll,
  selectColumns,
  selectRows,
  toggleAt,
} from '../../app/grid/grid-model.ts'
import { type LoosePaste, loosePaste } from '../../app/workbook/use-loose-paste.ts'
import type { CellValue } from '../../workbook/cell-value.ts'
import { editTextOf, makeValueFormats } from '../../workbook/field-values.ts'
import type { Field, FieldType } from '../../workbook/fields.ts'
import type { FieldId, RowId } from '../../workbook/ids.ts'
import type { Sheet } from '../../workbook/sheet.ts'

const seed = 20261121
const NOW = Date.UTC(2026, 10, 21)
const formats = makeValueFormats({ locale: 'en-US', timeZone: 'UTC', now: () => NOW })
const german = makeValueFormats({ locale: 'de-DE', timeZone: 'Europe/Berlin', now: () => NOW })

const fieldOf = (type: FieldType, more: Partial<Field> = {}): Field =>
  ({ id: type as string as FieldId, name: type, type, order: type, width: 100, options: [], isHidden: false, ...more }) as Field

const page = new Window()
const readHtml = (html: string): Document => new page.DOMParser().parseFromString(html, 'text/html') as unknown as Document

describe('several ranges', () => {
  const size = { rows: 40, columns: 7 }
  const isEmpty = (row: number, column: number): boolean => (row * 7 + column * 3) % 5 < 2
  const move: fc.Arbitrary<Move> = fc.oneof(
    fc.record({ kind: fc.constant('step' as const), rows: fc.integer({ min: -3, max: 3 }), columns: fc.integer({ min: -3, max: 3 }) }),
    fc.constantFrom<Move>(
      { kind: 'edge', rows: 1, columns: 0 },
      { kind: 'edge', rows: -1, columns: 0 },
      { kind: 'edge', rows: 0, columns: 1 },
      { kind: 'edge', rows: 0, columns: -1 },
      { kind: 'page', direction: 1 },
      { kind: 'page', direction: -1 },
      { kind: 'row-start' },
      { kind: 'row-end' },
      { kind: 'first' },
      { kind: 'last' },
      { kind: 'next', direction: 1 },
      { kind: 'next', direction: -1 },
      { kind: 'enter', direction: 1 },
      { kind: 'enter', direction: -1 },
    ),
  )
  const place = fc.record({ row: fc.integer({ min: 0, max: 39 }), column: fc.integer({ min: 0, max: 6 }) })
  type Act =
    | { do: 'move'; move: Move; isExtending: boolean }
    | { do: 'toggle'; place: { row: number; column: number } }
    | { do: 'rows' | 'columns'; place: { row: number; column: number }; adding: 'alone' | 'extend' | 'add' }
    | { do: 'all' }
  const act: fc.Arbitrary<Act> = fc.oneof(
    fc.record({ do: fc.constant('move' as const), move, isExtending: fc.boolean() }),
    fc.record({ do: fc.constant('toggle' as const), place }),
    fc.record({
      do: fc.constantFrom('rows' as const, 'columns' as const),
      place,
      adding: fc.constantFrom('alone' as const, 'extend' as const, 'add' as const),
    }),
    fc.constant({ do: 'all' as const }),
  )

  test('[KB1] whatever is pressed, the selection stays within the sheet and holds the active cell', () => {
    const law = (acts: readonly Act[]): void => {
      let selection: Selection = at({ row: 3, column: 2 })
      for (const one of acts) {
        if (one.do === 'move') {
          selection = moveSelection(selection, one.move, { size, pageRows: 9, isExtending: one.isExtending, isEmpty })
        } else if (one.do === 'toggle') selection = toggleAt(selection, one.place)
        else if (one.do === 'all') selection = selectAll(selection, size, isEmpty)
        else if (one.do === 'rows') selection = selectRows(selection, one.place.row, one.adding, size)
        else selection = selectColumns(selection, one.place.column, one.adding, size)
        expect(isSelected(selection, selection.active)).toBe(true)
        for (const { top, bottom, left, right } of selection.ranges) {
          expect(top >= 0 && top <= bottom && bottom < size.rows).toBe(true)
          expect(left >= 0 && left <= right && right < size.columns).toBe(true)
        }
        expect(isInRange(rangeOf(selection), cornerOf(selection))).toBe(true)
      }
    }
    fc.assert(fc.property(fc.array(act, { maxLength: 20 }), law), { seed })
  })

  test('[KB1] Ctrl and an arrow go to the edge of the data', () => {
    // Column 0: filled 0–2, empty 3–5, filled 6, empty to the end.
    const bare = (row: number): boolean => ![0, 1, 2, 6].includes(row)
    const down: Move = { kind: 'edge', rows: 1, columns: 0 }
    const seen: number[] = []
    let selection = at({ row: 0, column: 0 })
    for (let i = 0; i < 4; i++) {
      selection = moveSelection(selection, down, { size, pageRows: 9, isExtending: false, isEmpty: bare })
      seen.push(selection.active.row)
    }
    expect(seen).toEqual([2, 6, 39, 39])
    const extended = moveSelection(at({ row: 0, column: 3 }), down, { size, pageRows: 9, isExtending: true, isEmpty: bare })
    expect(rangeOf(extended)).toEqual({ top: 0, bottom: 2, left: 3, right: 3 })
  })

  test('[KB2] Tab and Enter walk through what is selected; after tabbing along a row Enter goes below where that began', () => {
    const block = moveSelection(at({ row: 1, column: 1 }), { kind: 'step', rows: 1, columns: 1 }, { size, pageRows: 9, isExtending: true })
    const walked = (kind: 'next' | 'enter'): string[] => {
      let selection = block
      return Array.from({ length: 5 }, () => {
        selection = moveSelection(selection, { kind, direction: 1 }, { size, pageRows: 9, isExtending: false })
        expect(selection.ranges).toEqual(block.ranges)
        return `${selection.active.row}${selection.active.column}`
      })
    }
    expect(walked('next')).toEqual(['12', '21', '22', '11', '12'])
    expect(walked('enter')).toEqual(['21', '12', '22', '11', '21'])
    let row = at({ row: 4, column: 2 })
    for (const kind of ['next', 'next', 'enter'] as const) {
      row = moveSelection(row, { kind, direction: 1 }, { size, pageRows: 9, isExtending: false })
    }
    expect(row.active).toEqual({ row: 5, column: 2 })
  })

  test('[KB2] Ctrl+A takes the data first, then everything; Ctrl+click adds a cell and takes it away again', () => {
    const bare = (row: number, column: number): boolean => row > 9 || column > 3
    const data = selectAll(at({ row: 2, column: 2 }), size, bare)
    expect(rangeOf(data)).toEqual({ top: 0, left: 0, bottom: 9, right: 3 })
    expect(cellsIn(rangeOf(selectAll(data, size, bare)))).toBe(280)
    const two = toggleAt(at({ row: 1, column: 1 }), { row: 5, column: 5 })
    expect(two.ranges.length).toBe(2)
    expect(toggleAt(two, { row: 5, column: 5 })).toEqual(at({ row: 1, column: 1 }))
  })

  test('[KB3] a selection stays with its rows and fields when others come and go', () => {
    const rows = ['a', 'b', 'c', 'd']
    const selection: Selection = { active: { row: 1, column: 0 }, ranges: [{ top: 1, bottom: 2, left: 0, right: 1 }] }
    const kept = keepSelection(
      selection,
      (row) => rows[row],
      (column) => ['x', 'y'][column],
    )
    const placed = (now: readonly string[]) =>
      kept &&
      placeSelection(
        kept,
        {
          rowOf: (row) => (now.includes(row) ? now.indexOf(row) : undefined),
          columnOf: (field) => ['x', 'y'].indexOf(field),
          size: { rows: now.length, columns: 2 },
        },
        selection.active,
      )
    expect(placed(['new', 'a', 'b', 'c', 'd'])?.ranges).toEqual([{ top: 2, bottom: 3, left: 0, right: 1 }])
    expect(placed(['a', 'c', 'd'])).toEqual(at({ row: 1, column: 0 }))
    expect(placed([])).toBeUndefined()
  })
})

describe('the clipboard with types', () => {
  const options = [
    { id: 'o1', name: 'To do' },
    { id: 'o2', name: 'Done' },
    { id: 'o3', name: 'Done' },
  ]
  const people = [
    { id: 'p1', name: 'Ana' },
    { id: 'p2', name: 'Ben "the" Tab' },
  ]
  const line = fc.string({ unit: fc.constantFrom('a', '"', '\t', ' ', 'ß', '0', '<', '&', '=', '🙂') }).filter((text) => text.trim() !== '')
  const instant = fc.integer({ min: -60_000_000_000_000, max: 200_000_000_000_000 }).map((ms) => new Date(ms).toISOString())
  const values: readonly (readonly [Field, fc.Arbitrary<CellValue>])[] = [
    [fieldOf('text'), line],
    [fieldOf('long-text'), fc.tuple(line, line).map(([a, b]) => `${a}\n${b}`)],
    [
      fieldOf('number'),
      fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e12, max: 1e12 }).map((n) => Number(n.toPrecision(12)) + 0),
    ],
    [fieldOf('checkbox'), fc.boolean()],
    [fieldOf('date'), fc.integer({ min: 0, max: 60_000 }).map((day) => new Date(day * 86_400_000).toISOString().slice(0, 10))],
    [fieldOf('date-time'), instant.filter((text) => text.length === 24)],
    [fieldOf('single-select', { options }), fc.constantFrom('o1', 'o2', 'o3')],
    [fieldOf('person', { options: people }), fc.constantFrom('p1', 'p2')],
    [fieldOf('url'), fc.constantFrom('https://example.com/?a=1&b=<2>')],
  ]

  test.each(values.map(([field, value]) => ({ type: field.type, field, value })))(
    '[KB4] a copied $type is pasted as it was, in any language',
    ({ field, value }) => {
      const law = (table: readonly (readonly CellValue[])[]): void => {
        for (const language of [formats, german]) {
          const cells = table.map((row) =>
            row.map((one): CopiedCell => ({ text: editTextOf(field, one, language), type: field.type, value: one })),
          )
          const clip = { text: toTsv(cells.map((row) => row.map(({ text }) => text))), html: toHtml(cells, undefined) }
          const read = readClip(clip, readHtml, language).table
          expect(read.map((row) => row.map((cell) => fitCell(field, cell, language)))).toEqual(
            table.map((row) => row.map((one) => ({ ok: true, value: one }))),
          )
        }
      }
      const cell = fc.oneof({ weight: 5, arbitrary: value }, { weight: 1, arbitrary: fc.constant(null) })
      const table = fc.array(fc.array(cell, { minLength: 2, maxLength: 2 }), { minLength: 1, maxLength: 3 })
      fc.assert(fc.property(table, law), { seed, numRuns: 40 })
    },
  )

  const EXCEL = `<html xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office" xmlns:x="urn:schemas-microsoft-com:office:excel" xmlns="http://www.w3.org/TR/REC-html40">
<head><meta http-equiv=Content-Type content="text/html; charset=utf-8"><meta name=ProgId content=Excel.Sheet>
<style>
<!--table {mso-displayed-decimal-separator:"\\."; mso-displayed-thousand-separator:"\\,";}
.xl65 {mso-number-format:"\\@";}
.xl66 {mso-number-format:"dd\\/mm\\/yyyy";}
.xl67 {mso-number-format:"\\#\\,\\#\\#0\\.00";}
.xl68 {mso-number-format:"0%";}
.xl69 {mso-number-format:"\\0022$\\0022\\#\\,\\#\\#0\\.00_\\)\\;\\\\\\(\\0022$\\0022\\#\\,\\#\\#0\\.00\\\\\\)";}
.xl70 {white-space:normal;}
-->
</style></head>
<body link="#0563C1" vlink="#954F72">
<table border=0 cellpadding=0 cellspacing=0 width=320 style='border-collapse:collapse;width:240pt'>
<!--StartFragment-->
 <col width=64 span=5 style='width:48pt'>
 <tr height=20 style='height:15.0pt'>
  <td height=20 class=xl65 width=64 style='height:15.0pt;width:48pt'>007</td>
  <td class=xl66 align=right width=64>03/04/2026</td>
  <td class=xl67 align=right width=64>1,234.50</td>
  <td class=xl68 align=right width=64>12%</td>
  <td class=xl70 width=64>two<br>
    lines &amp;<span style='mso-spacerun:yes'>&nbsp; </span>more</td>
 </tr>
 <tr height=20>
  <td colspan=2 height=20>over two</td>
  <td class=xl69 align=right>($1,234.50)</td>
  <td rowspan=2 align=right>5</td>
  <td>TRUE</td>
 </tr>
 <tr height=20><td>a</td><td>b</td><td>c</td><td>&lt;script&gt;alert(1)&lt;/script&gt;</td></tr>
<!--EndFragment-->
</table></body></html>`

  test('[KB5] what Excel puts on the clipboard keeps its leading zeros, days, numbers and merged cells', () => {
    const { table } = readClip({ text: '', html: EXCEL }, readHtml, formats)
    expect(table.map((row) => row.map(({ text }) => text))).toEqual([
      ['007', '03/04/2026', '1,234.50', '12%', 'two\nlines &  more'],
      ['over two', '', '($1,234.50)', '5', 'TRUE'],
      ['a', 'b', 'c', '', '<script>alert(1)</script>'],
    ])
    const cellAt = (row: number, column: number): ClipCell => table[row]?.[column] ?? { text: '' }
    expect(fitCell(fieldOf('text'), cellAt(0, 0), formats)).toEqual({ ok: true, value: '007' })
    // The format says which is the day, whatever this person's language would.
    expect(fitCell(fieldOf('date'), cellAt(0, 1), formats)).toEqual({ ok: true, value: '2026-04-03' })
    expect(fitCell(fieldOf('number'), cellAt(0, 2), formats)).toEqual({ ok: true, value: 1234.5 })
    expect(fitCell(fieldOf('number'), cellAt(0, 3), formats)).toEqual({ ok: true, value: 0.12 })
    expect(fitCell(fieldOf('number'), cellAt(1, 2), formats)).toEqual({ ok: true, value: -1234.5 })
    expect(fitCell(fieldOf('number'), cellAt(0, 1), formats).ok).toBe(false)
    expect(fitCell(fieldOf('checkbox'), cellAt(1, 4), formats)).toEqual({ ok: true, value: true })
  })

  const SHEETS = `<meta charset='utf-8'><google-sheets-html-origin><style type="text/css"><!--td {border: 1px solid #cccccc;}br {mso-data-placement:same-cell;}--></style><table xmlns="http://www.w3.org/1999/xhtml" cellspacing="0" cellpadding="0" dir="ltr" border="1" style="table-layout:fixed;" data-sheets-root="1" data-sheets-baot="1"><colgroup><col width="100"/><col width="100"/></colgroup><tbody><tr style="height:21px;"><td style="overflow:hidden;" data-sheets-value="{&quot;1&quot;:2,&quot;2&quot;:&quot;007&quot;}" data-sheets-numberformat="{&quot;1&quot;:1}">007</td><td data-sheets-value="{&quot;1&quot;:3,&quot;3&quot;:46347}" data-sheets-numberformat="{&quot;1&quot;:5,&quot;2&quot;:&quot;mmmm d, yyyy&quot;,&quot;3&quot;:1}">November 21, 2026</td><td data-sheets-value="{&quot;1&quot;:3,&quot;3&quot;:1234.5678}" data-sheets-numberformat="{&quot;1&quot;:2,&quot;2&quot;:&quot;#,##0.00&quot;,&quot;3&quot;:1}">1.234,57</td><td data-sheets-value="{&quot;1&quot;:4,&quot;4&quot;:1}">WAHR</td><td data-sheets-value="{&quot;1&quot;:3,&quot;3&quot;:46347.5}" data-sheets-numberformat="{&quot;1&quot;:7,&quot;2&quot;:&quot;m/d/yyyy h:mm:ss&quot;}">11/21/2026 12:00:00</td><td data-sheets-value="{&quot;1&quot;:2,&quot;2&quot;:&quot;a\\nb&quot;}">a<br/>b</td></tr></tbody></table></google-sheets-html-origin>`

  test('[KB5] what Google Sheets puts on the clipboard is read by its values, in whatever language it was shown', () => {
    const [row = []] = readClip({ text: '', html: SHEETS }, readHtml, formats).table
    const types: readonly FieldType[] = ['text', 'date', 'number', 'checkbox', 'date-time', 'long-text']
    expect(row.map((cell, i) => fitCell(fieldOf(types[i] ?? 'text'), cell, formats))).toEqual(
      ['007', '2026-11-21', 1234.5678, true, '2026-11-21T12:00:00.000Z', 'a\nb'].map((value) => ({ ok: true, value })),
    )
    expect(fitCell(fieldOf('number'), row[0] ?? { text: '' }, formats)).toEqual({ ok: true, value: 7 })
    expect(fitCell(fieldOf('number'), row[1] ?? { text: '' }, formats).ok).toBe(false)
  })

  test('[KB5] a page without a table is its plain text; rubbish in our own attributes is none', () => {
    expect(readClip({ text: 'a\tb', html: '<p>other</p>' }, readHtml, formats).table).toEqual([[{ text: 'a' }, { text: 'b' }]])
    const forged = '<table><tr><td data-tidebook-type="number" data-tidebook-value="{&quot;a&quot;:1}" colspan="999999">5</td></tr></table>'
    expect(
      fitCell(fieldOf('number'), readClip({ text: '', html: forged }, readHtml, formats).table[0]?.[0] ?? { text: '' }, formats),
    ).toEqual({
      ok: true,
      value: 5,
    })
    const foreign: ClipCell = { text: 'No such', own: { type: 'single-select', value: 'zz' } }
    expect(fitCell(fieldOf('single-select', { options }), foreign, formats).ok).toBe(false)
  })

  test('[KB6] ranges of the same rows or columns are copied as one block, others are not', () => {
    const range = (top: number, bottom: number, left: number, right: number) => ({ top, bottom, left, right })
    expect(blockOf([range(0, 1, 3, 3), range(0, 1, 0, 1)])).toEqual({ rows: [0, 1], columns: [0, 1, 3] })
    expect(blockOf([range(4, 4, 0, 1), range(0, 1, 0, 1)])).toEqual({ rows: [0, 1, 4], columns: [0, 1] })
    expect(blockOf([range(0, 1, 0, 0), range(1, 2, 1, 1)])).toBeUndefined()
    expect([
      fitsWhole([['a'], ['b']], { top: 0, left: 0, rows: 4, columns: 3 }),
      fitsWhole([['a'], ['b']], { top: 0, left: 0, rows: 3, columns: 1 }),
    ]).toEqual([true, false])
  })
})

describe('filling', () => {
  test.each<{ type: FieldType; values: CellValue[]; to: CellValue[]; isBackwards?: true; locale?: string }>([
    { type: 'number', values: [1, 3], to: [5, 7, 9] },
    { type: 'number', values: [0.1, 0.2], to: [0.3, 0.4, 0.5] },
    { type: 'number', values: [5], to: [5, 5, 5] },
    { type: 'number', values: [1, 2, 4], to: [1, 2, 4] },
    { type: 'number', values: [10, 20], to: [0, -10, -20], isBackwards: true },
    { type: 'date', values: ['2026-11-29'], to: ['2026-11-30', '2026-12-01', '2026-12-02'] },
    { type: 'date', values: ['2026-11-21', '2026-11-28'], to: ['2026-12-05', '2026-12-12', '2026-12-19'] },
    { type: 'date', values: ['2026-01-31', '2026-02-28'], to: ['2026-03-31', '2026-04-30', '2026-05-31'] },
    { type: 'date', values: ['2024-02-29', '2025-02-28'], to: ['2026-02-28', '2027-02-28', '2028-02-29'] },
    { type: 'date', values: ['9999-12-30'], to: ['9999-12-31', '9999-12-30', '9999-12-30'] },
    {
      type: 'date-time',
      values: ['2026-11-21T10:00:00.000Z', '2026-11-21T11:00:00.000Z'],
      to: ['2026-11-21T12:00:00.000Z', '2026-11-21T13:00:00.000Z', '2026-11-21T14:00:00.000Z'],
    },
    { type: 'text', values: ['Item 1'], to: ['Item 2', 'Item 3', 'Item 4'] },
    { type: 'text', values: ['A-008', 'A-009'], to: ['A-010', 'A-011', 'A-012'] },
    { type: 'text', values: ['2', '4'], to: ['6', '8', '10'] },
    { type: 'text', values: ['7'], to: ['7', '7', '7'] },
    { type: 'text', values: ['Mon'], to: ['Tue', 'Wed', 'Thu'] },
    { type: 'text', values: ['saturday', 'sunday'], to: ['monday', 'tuesday', 'wednesday'] },
    { type: 'text', values: ['NOV'], to: ['DEC', 'JAN', 'FEB'] },
    { type: 'text', values: ['Montag'], to: ['Dienstag', 'Mittwoch', 'Donnerstag'], locale: 'de' },
    { type: 'text', values: ['März', 'Mai'], to: ['Juli', 'September', 'November'], locale: 'de' },
    { type: 'text', values: ['x', 'y'], to: ['x', 'y', 'x'] },
    { type: 'single-select', values: ['Item 1'], to: ['Item 1', 'Item 1', 'Item 1'] },
    { type: 'checkbox', values: [true, false], to: [true, false, true] },
    { type: 'number', values: [1, null], to: [1, null, 1] },
  ])('[KB7] $type $values goes on as $to', ({ type, values, to, isBackwards = false, locale = 'en' }) => {
    expect(fillSeries({ values, count: 3, field: { type }, isCopy: false, isBackwards }, { locale })).toEqual(to)
  })

  test('[KB7] a fill writes as many values as it has room for; copying repeats them', () => {
    const value = fc.oneof(fc.integer(), fc.string(), fc.constant(null))
    const law = (values: CellValue[], count: number, isBackwards: boolean): void => {
      const filled = fillSeries({ values, count, field: { type: 'text' }, isCopy: true, isBackwards }, formats)
      const given = isBackwards ? values.toReversed() : values
      expect(filled).toEqual(Array.from({ length: count }, (_, i) => given[i % given.length]))
      expect(fillSeries({ values, count, field: { type: 'text' }, isCopy: false, isBackwards }, formats).length).toBe(count)
    }
    const many = fc.array(value, { minLength: 1, maxLength: 5 })
    fc.assert(fc.property(many, fc.integer({ min: 0, max: 20 }), fc.boolean(), law), { seed })
  })

  test('[KB7] the handle goes down, up, right or left, one way at a time', () => {
    const from = { top: 2, bottom: 3, left: 2, right: 3 }
    expect(fillWay(from, { ...from, bottom: 6 })).toEqual({ axis: 'rows', isBackwards: false, start: 4, count: 3 })
    expect(fillWay(from, { ...from, left: 0 })).toEqual({ axis: 'columns', isBackwards: true, start: 1, count: 2 })
    expect(fillWay(from, from)).toBeUndefined()
  })
})

describe('finding', () => {
  test('[KB8] a text is found by capitals and as a whole cell where that is asked for, and replaced as it is written', () => {
    const found = (text: string, query: string, isCase = false, isWhole = false) => makeMatcher(query, { isCase, isWhole })(text)
    expect([found('Launch', 'lau'), found('Launch', 'lau', true), found('Launch', 'launch', false, true), found('x', '')]).toEqual([
      true,
      false,
      true,
      false,
    ])
    expect(replaceIn('a.b.A', 'a', '$&', { isCase: false, isWhole: false })).toBe('$&.b.$&')
    expect(replaceIn('1+1', '+', '-', { isCase: true, isWhole: false })).toBe('1-1')
    expect(replaceIn('Ab', 'ab', 'c', { isCase: false, isWhole: true })).toBe('c')
    expect(replaceIn('Abc', 'ab', 'x', { isCase: false, isWhole: true })).toBe('Abc')
  })

  test('[KB8] every cell is looked at once, a few hundred between two looks at the clock', () => {
    const rows = Array.from({ length: 500 }, (_, i) => `r${i}` as RowId)
    const fields = [fieldOf('text'), fieldOf('number')]
    const seen: string[] = []
    let steps = 0
    const work = findCells(
      { rows, fields, textOf: (row, field) => `${row}${field.id}` },
      (text) => text.startsWith('r49'),
      ({ row }) => seen.push(row),
    )
    for (const _ of work) steps++
    expect([seen.length, steps]).toEqual([22, 5])
  })

  test('[KB9] the palette prefers beginnings, then words, then any place, then letters in order', () => {
    const names = ['Find and replace', 'Fill down', 'Undo the fill', 'Half i little lie', 'Keys']
    expect(ranked('fill', names, (name) => name, 9)).toEqual(['Fill down', 'Undo the fill', 'Half i little lie'])
    expect(fuzzyScore('zz', 'Fill')).toBeUndefined()
    expect(ranked('', names, (name) => name, 2)).toEqual(['Find and replace', 'Fill down'])
  })
})

describe('totals', () => {
  test('[KB10] sum, smallest, largest and count of a selection are those of its cells, each taken once', () => {
    const lines = Array.from({ length: 30 }, (_, i) => ({ kind: 'row' as const, row: String(i) as RowId }))
    const fields = [fieldOf('number'), fieldOf('text'), fieldOf('date')]
    const valueAt = (row: RowId, { type }: Field): CellValue =>
      type === 'number' ? Number(row) / 10 : type === 'date' ? `2026-01-${String(Number(row) + 1).padStart(2, '0')}` : null
    const bounds = fc.tuple(
      fc.integer({ min: 0, max: 29 }),
      fc.integer({ min: 0, max: 29 }),
      fc.integer({ min: 0, max: 2 }),
      fc.integer({ min: 0, max: 2 }),
    )
    const range = bounds.map(([a, b, c, d]) => ({
      top: Math.min(a, b),
      bottom: Math.max(a, b),
      left: Math.min(c, d),
      right: Math.max(c, d),
    }))
    const law = (ranges: { top: number; bottom: number; left: number; right: number }[]): void => {
      const work = totalsOf({ lines, fields }, ranges, valueAt)
      let step = work.next()
      while (!step.done) step = work.next()
      const numbers = lines.map((_, i) => i / 10).filter((_, row) => ranges.some((r) => isInRange(r, { row, column: 0 })))
      const days = lines.filter((_, row) => ranges.some((r) => isInRange(r, { row, column: 2 })))
      expect(step.value.sum).toBeCloseTo(
        numbers.reduce((a, b) => a + b, 0),
        9,
      )
      expect([step.value.numbers, step.value.min, step.value.max]).toEqual([numbers.length, numbers[0], numbers.at(-1)])
      expect(step.value.count).toBe(numbers.length + days.length)
      expect(step.value.firstDate).toBe(days[0] && valueAt(days[0].row, fieldOf('date')))
    }
    fc.assert(fc.property(fc.array(range, { minLength: 1, maxLength: 3 }), law), { seed, numRuns: 50 })
  })
})

describe('the list of keys', () => {
  const pressOf = (keys: string, isMac: boolean): KeyPress => {
    const parts = keys.split('+')
    const name = parts.at(-1) ?? ''
    const has = (modifier: string): boolean => parts.slice(0, -1).includes(modifier)
    const letter = /^[A-Z]$/u.test(name)
    return {
      key: name === 'Space' ? ' ' : letter && !has('Shift') ? name.toLowerCase() : name,
      code: letter ? `Key${name}` : name === '/' ? 'Slash' : name,
      shiftKey: has('Shift'),
      ctrlKey: has('Ctrl') || (has('Main') && !isMac) || (has('Alt') && isMac),
      metaKey: has('Main') && isMac,
      altKey: has('Alt'),
    }
  }
  const entries = KEY_LINES.flatMap((line) => Object.entries(line.keys).map(([keys, command]) => ({ keys, command, line })))

  test.each(entries.filter(({ line }) => !line.isNative))(
    '[KB11] $keys does what the list says, here and on a Mac',
    ({ keys, command, line }) => {
      for (const isMac of [false, true]) {
        const press = pressOf(keys, isMac)
        expect(line.where === 'cell' ? gridCommand(press, isMac) : screenCommand(press, isMac)).toEqual(command)
      }
    },
  )

  test('[KB11] keys that the browser tells of are left to it, and no two lines claim the same key', () => {
    for (const { keys } of entries.filter(({ line }) => line.isNative)) expect(gridCommand(pressOf(keys, false), false)).toBeUndefined()
    expect(new Set(entries.map(({ keys }) => keys)).size).toBe(entries.length)
    expect(KEY_LINES.map(keysOf).every((shown) => shown.length > 0)).toBe(true)
  })

  const fields = [fieldOf('text'), fieldOf('checkbox'), fieldOf('number')]
  const lines = Array.from({ length: 4 }, (_, i) => ({ kind: 'row' as const, row: `r${i}` as RowId }))
  const effectsOf = (command: GridCommand, column: number): readonly string[] => {
    const told: string[] = []
    const tell =
      (name: PropertyKey) =>
      (...args: unknown[]): void => {
        told.push(`${String(name)} ${JSON.stringify(args)}`)
      }
    const recorder = () => new Proxy({}, { get: (_, name) => tell(name) })
    const sheet = { id: 's', cell: () => ({ value: null }), isDeleted: () => false } as unknown as Sheet
    const ground: CommandGround = {
      selection: { active: { row: 1, column }, ranges: [{ top: 1, bottom: 2, left: column, right: column }] },
      lines,
      fields,
      sheet,
      editing: recorder() as CommandGround['editing'],
      pageRows: 2,
    }
    runGridCommand(command, ground, recorder() as CommandHands)
    return told
  }

  test.each([
    ...entries.map(({ keys, command }) => ({ name: keys, command })),
    ...PALETTE_COMMANDS.map(([name, command]) => ({ name, command })),
  ])('[KB12] $name has an effect', ({ command }) => {
    expect(effectsOf(command, 0).length).toBeGreaterThan(0)
  })

  test('[KB12] the space bar ticks a checkbox and shows anything else; Enter edits one cell and walks through several', () => {
    expect(effectsOf({ do: 'look' }, 1)[0]).toMatch(/^toggle /)
    expect(effectsOf({ do: 'look' }, 0)[0]).toMatch(/^screen /)
    expect(effectsOf({ do: 'move', move: { kind: 'enter', direction: 1 }, isExtending: false }, 0)[0]).toMatch(/^select /)
    expect(keysFor({ do: 'undo' })).toBe('Main+Z')
  })
})

describe('a paste that no cell takes', () => {
  const facts = { text: 'Name\tDue\nAlpha\t2026-12-01', isEmpty: true, mayEdit: true, mayImport: true }
  test.each<{ given: Partial<typeof facts>; means: LoosePaste }>([
    { given: {}, means: 'import' },
    { given: { text: 'one value\n' }, means: 'new-rows' },
    { given: { mayImport: false }, means: 'new-rows' },
    { given: { isEmpty: false }, means: 'no-cell' },
    { given: { mayEdit: false }, means: 'refused' },
    { given: { mayEdit: false, isEmpty: false }, means: 'refused' },
    { given: { text: ' \n' }, means: 'nothing' },
  ])('[KB22] $given is $means', ({ given, means }) => {
    expect(loosePaste({ ...facts, ...given })).toBe(means)
  })
})
