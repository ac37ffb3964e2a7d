import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import * as Y from 'yjs'
import { baseEpochs } from '../../workbook/documents.ts'
import { editCells, insertRows, moveRows, setRowsDeleted } from '../../workbook/edit.ts'
import { makeValueFormats } from '../../workbook/field-values.ts'
import { cryptoRandomBytes, type RowId, type SheetId } from '../../workbook/ids.ts'
import { isAwaited } from '../../workbook/row-index.ts'
import { packBaseRow, SHARD_ROWS } from '../../workbook/schema.ts'
import { Sheet } from '../../workbook/sheet.ts'
import { NO_FILTER } from '../../workbook/view.ts'
import { filterContext } from '../../workbook/view-filter.ts'
import { ViewIndex } from '../../workbook/view-index.ts'

const EDITOR = { by: 'ann', now: () => 1 }
const idOf = (ord: number): RowId => `r${String(ord).padStart(9, '0')}` as RowId

/** A shard of a sheet: its rows came one after the other, a few of them never. */
function makeShard(shard: number, count: number): Y.Doc {
  const doc = new Y.Doc()
  doc.transact(() => {
    const epoch = baseEpochs(doc).set('0', new Y.Map<string>())
    for (let i = 0; i < count; i++) {
      const ord = shard * SHARD_ROWS + i
      epoch.set(idOf(ord), packBaseRow({ ord, records: {}, values: [] }))
    }
  })
  return doc
}

const COUNTS = [SHARD_ROWS, SHARD_ROWS - 3, SHARD_ROWS, 7]
const SHARDS = COUNTS.map((count, shard) => makeShard(shard, count))

const emptySheet = (edits: Y.Doc): Sheet =>
  new Sheet('s1' as SheetId, { book: new Y.Doc(), sys: new Y.Doc(), edits, annotations: new Y.Doc(), base: [] })

/** A sheet of which the first and the last shard are here, and places are kept for the others. */
function makeLarge(edits = new Y.Doc()): Sheet {
  const sheet = emptySheet(edits)
  sheet.keepPlaces([1, 2])
  add(sheet, 0)
  add(sheet, 3)
  return sheet
}

const add = (sheet: Sheet, shard: number): void => {
  const doc = SHARDS[shard]
  if (doc !== undefined) sheet.addShard(doc, shard)
}

const namesOf = (sheet: Sheet): readonly RowId[] => Array.from(sheet.index.order(), (number) => sheet.index.idOf(number))

describe('a sheet so large that its rows come when they are wanted', () => {
  test('[DL25] rows that have not come have their places, are asked for by shard, and take these places when they come', () => {
    const sheet = makeLarge()
    const wanted: (number | 'all')[] = []
    sheet.onWanted = (shard) => wanted.push(shard)
    const before = namesOf(sheet)
    expect(before.length).toBe(2 * SHARD_ROWS + SHARD_ROWS + 7)
    expect(before.filter(isAwaited).length).toBe(2 * SHARD_ROWS)
    expect(sheet.rows().length).toBe(SHARD_ROWS + 7)
    const line = 2 * SHARD_ROWS + 5
    const away = before[line] as RowId
    sheet.want(away)
    sheet.want(before[0] as RowId)
    expect(wanted).toEqual([2])
    const number = sheet.index.numberOf(away)
    add(sheet, 2)
    expect(namesOf(sheet)[line]).toBe(idOf(line))
    expect(sheet.index.numberOf(idOf(line))).toBe(number)
    add(sheet, 1)
    expect(sheet.index.awaited).toBe(0)
    expect(namesOf(sheet)).toEqual(sheet.rows())
    sheet.wantAll()
    expect(wanted).toEqual([2])
  })

  test('[DL25] in whatever order shards come and rows are moved, added and deleted, the rows stand as in a sheet that was whole from the start', () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('shard' as const), shard: fc.integer({ min: 1, max: 2 }) }),
      fc.record({ kind: fc.constant('move' as const), row: fc.nat(), to: fc.nat() }),
      fc.record({ kind: fc.constant('insert' as const), at: fc.nat() }),
      fc.record({ kind: fc.constant('delete' as const), row: fc.nat(), isDeleted: fc.boolean() }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
        const edits = new Y.Doc()
        const sheet = makeLarge(edits)
        const pick = (n: number): RowId => sheet.rows()[n % sheet.rows().length] as RowId
        for (const s of steps) {
          if (s.kind === 'shard') add(sheet, s.shard)
          else if (s.kind === 'delete') setRowsDeleted(sheet, [pick(s.row)], s.isDeleted, EDITOR)
          else if (s.kind === 'insert') insertRows(sheet, { count: 2, place: { after: pick(s.at) } }, EDITOR, cryptoRandomBytes)
          else if (pick(s.row) !== pick(s.to)) moveRows(sheet, [pick(s.row)], { after: pick(s.to) }, EDITOR)
          namesOf(sheet)
        }
        add(sheet, 1)
        add(sheet, 2)
        const whole = emptySheet(edits)
        for (const shard of SHARDS.keys()) add(whole, shard)
        expect(sheet.index.awaited).toBe(0)
        expect(sheet.rows()).toEqual(whole.rows())
      }),
      { seed: 20261121, numRuns: 25 },
    )
  })

  test('[DL26] nothing is written to a row that has not come, and its name in somebody’s edit means nothing', () => {
    const sheet = makeLarge()
    const away = namesOf(sheet).find(isAwaited) as RowId
    expect(editCells(sheet, [{ row: away, field: 'f001' as never, value: 'x' }], EDITOR)).toEqual([])
    sheet.docs.edits.getMap('cells').set(`${away}:f001`, JSON.stringify([`${away}:f001`, 'x', null, 1, 'eve']))
    expect([...sheet.entries()]).toEqual([])
  })

  test('[DL25] the lines of a view stay where they are and take the names of rows as they come', () => {
    const sheet = makeLarge()
    const formats = makeValueFormats({ locale: 'en', timeZone: 'UTC', now: () => 0 })
    const view = new ViewIndex(sheet, filterContext(formats, 'ann', 0), { figure: (_, shown) => shown, emptyGroup: '' })
    view.setQuery({ filter: NO_FILTER, sorts: [], groups: [], aggregates: {}, collapsed: new Set() })
    view.work()
    const line = 2 * SHARD_ROWS + 5
    const before = view.result().lines[line]
    const name = before?.kind === 'row' ? before.row : ('' as RowId)
    expect(isAwaited(name)).toBe(true)
    add(sheet, 2)
    view.work()
    expect(view.result().lines[line]).toEqual({ kind: 'row', row: idOf(line) })
    expect([view.lineOf(name), view.lineOf(idOf(line))]).toEqual([line, line])
    expect(view.result().lines[0]).toEqual({ kind: 'row', row: idOf(0) })
  })
})
