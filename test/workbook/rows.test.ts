import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import * as Y from 'yjs'
import { cellsPart, EMPTY_UNDO, keptByPerson, movesPart, pushStep, rowsPart, takeBackStep, valuePart } from '../../app/grid/undo-stack.ts'
import { makeRandom } from '../../tools/random.ts'
import { duplicateRows, editCells, insertRows, moveRows, type RowPlace, setRowsDeleted } from '../../workbook/edit.ts'
import type { RandomBytes, RowId } from '../../workbook/ids.ts'
import { Sheet } from '../../workbook/sheet.ts'
import { CUSTOM, makeSchema, SHEET } from '../support/world.ts'

const seeded = (seed: number): RandomBytes => {
  const random = makeRandom(seed)
  return (length) => Uint8Array.from({ length }, () => Math.floor(random() * 256))
}

const sheetOf = (rows: number) => {
  const sheet = new Sheet(SHEET, { ...makeSchema(), edits: new Y.Doc(), annotations: new Y.Doc(), base: [new Y.Doc()] })
  const ann = { by: 'ann', now: () => 1 }
  insertRows(sheet, { count: rows, place: 'end' }, ann, seeded(1))
  return { sheet, ann, bob: { by: 'bob', now: () => 2 }, ground: { sheet, editor: () => ann } }
}

describe('rows', () => {
  test('[KB21] rows that are inserted and moved stand where they were put, and all others stay in their order', () => {
    const place = fc.record({ at: fc.nat(), isBefore: fc.boolean() })
    const act = fc.oneof(
      fc.record({ do: fc.constant('insert' as const), place, count: fc.integer({ min: 1, max: 3 }) }),
      fc.record({ do: fc.constant('move' as const), place, picked: fc.uniqueArray(fc.nat({ max: 30 }), { minLength: 1, maxLength: 3 }) }),
    )
    const law = (acts: readonly Act[]): void => {
      const { sheet, ann } = sheetOf(5)
      const random = seeded(2)
      let list = [...sheet.rows()]
      for (const one of acts) {
        const moving = one.do === 'move' ? [...new Set(one.picked.map((n) => list[n % list.length] as RowId))] : []
        const rest = list.filter((row) => !moving.includes(row))
        const beside = rest[one.place.at % Math.max(1, rest.length)]
        const to: RowPlace = beside === undefined ? 'end' : one.place.isBefore ? { before: beside } : { after: beside }
        const put = one.do === 'insert' ? insertRows(sheet, { count: one.count, place: to }, ann, random) : moving
        if (one.do === 'move') moveRows(sheet, moving, to, ann)
        const index = beside === undefined ? rest.length : rest.indexOf(beside) + (one.place.isBefore ? 0 : 1)
        list = [...rest.slice(0, index), ...put, ...rest.slice(index)]
        expect(sheet.rows()).toEqual(list)
      }
    }
    fc.assert(fc.property(fc.array(act, { maxLength: 12 }), law), { seed: 20261121, numRuns: 60 })
  })

  test('[KB21] a copy holds the values, stands behind the last row it copies, and is a row of its own', () => {
    const { sheet, ann } = sheetOf(3)
    const [a, b] = sheet.rows() as [RowId, RowId, RowId]
    editCells(sheet, [{ row: a, field: CUSTOM, value: 'one' }], ann)
    const copies = duplicateRows(sheet, [a, b], ann, seeded(3))
    expect(sheet.rows().slice(0, 4)).toEqual([a, b, ...copies])
    editCells(sheet, [{ row: a, field: CUSTOM, value: 'two' }], ann)
    expect(copies.map((row) => sheet.cell(row, CUSTOM).value)).toEqual(['one', null])
  })

  test('[KB21] taking back a move or an insertion leaves what somebody has moved or typed into since', () => {
    const { sheet, ann, bob, ground } = sheetOf(4)
    const before = sheet.rows()
    const [a, b, c, d] = before as [RowId, RowId, RowId, RowId]
    const moves = moveRows(sheet, [a, b], { after: d }, ann)
    moveRows(sheet, [b], { before: c }, bob)
    const taken = movesPart(ground, moves).takeBack()
    expect([taken.done, taken.kept.length]).toEqual([1, 1])
    expect(sheet.rows()[0]).toBe(a)

    const made = insertRows(sheet, { count: 2, place: 'end' }, ann, seeded(4))
    editCells(sheet, [{ row: made[1] as RowId, field: CUSTOM, value: 'Ben’s' }], bob)
    const removed = rowsPart(ground, made, false).takeBack()
    expect([removed.done, removed.kept]).toEqual([1, [{ by: 'bob' }]])
    expect(sheet.rows().includes(made[1] as RowId)).toBe(true)
    removed.again?.takeBack()
    expect(sheet.rows().includes(made[0] as RowId)).toBe(true)
  })

  test('[KB21] a deleted row comes back where it stood', () => {
    const { sheet, ann, ground } = sheetOf(3)
    const before = sheet.rows()
    const picked = before.slice(1, 2)
    setRowsDeleted(sheet, picked, true, ann)
    expect(sheet.rows().length).toBe(2)
    rowsPart(ground, picked, true).takeBack()
    expect(sheet.rows()).toEqual(before)
  })

  test('[KB20] a cell that somebody else wrote, be it the same value, is left and counted under their name', () => {
    const { sheet, ann, bob, ground } = sheetOf(3)
    const rows = sheet.rows()
    const done = editCells(
      sheet,
      rows.map((row) => ({ row, field: CUSTOM, value: 'x' })),
      ann,
    )
    editCells(sheet, [{ row: rows[0] as RowId, field: CUSTOM, value: 'y' }], bob)
    editCells(sheet, [{ row: rows[1] as RowId, field: CUSTOM, value: 'y' }], bob)
    editCells(sheet, [{ row: rows[1] as RowId, field: CUSTOM, value: 'x' }], bob)
    const taken = takeBackStep(pushStep(EMPTY_UNDO, { parts: [cellsPart(ground, done)] }))
    expect(taken?.done).toBe(1)
    expect([...keptByPerson(taken?.kept ?? [])]).toEqual([['bob', 2]])
    expect(rows.map((row) => sheet.cell(row, CUSTOM).value)).toEqual(['y', 'x', null])
  })

  test('[KB20] any other attribute is taken back while it still is what was set', () => {
    let name = 'new'
    const part = valuePart(
      {
        read: () => name,
        write: (value) => {
          name = value
        },
      },
      'old',
      'new',
    )
    expect([part.takeBack().done, name]).toEqual([1, 'old'])
    expect(part.takeBack()).toEqual({ done: 0, kept: [{}] })
  })

  test('[KB19] ten thousand cells are written and taken back within a second each', () => {
    const { sheet, ann, ground } = sheetOf(10_000)
    const inputs = sheet.rows().map((row, i) => ({ row, field: CUSTOM, value: `Line ${i}` }))
    // Of the processor: other programs on this machine take no part.
    const spent = (): number => process.cpuUsage().user / 1_000
    const start = spent()
    const done = editCells(sheet, inputs, ann)
    const written = spent()
    expect(cellsPart(ground, done).takeBack().done).toBe(10_000)
    expect([written - start < 1_000, spent() - written < 1_000]).toEqual([true, true])
  })
})

type Act =
  | { readonly do: 'insert'; readonly place: { readonly at: number; readonly isBefore: boolean }; readonly count: number }
  | { readonly do: 'move'; readonly place: { readonly at: number; readonly isBefore: boolean }; readonly picked: readonly number[] }
