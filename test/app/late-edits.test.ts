import { expect, test } from 'vitest'
import * as Y from 'yjs'
import { lateEditsOf } from '../../app/collab/late-edits.ts'
import { sizeText } from '../../app/kit/sizes.ts'
import { editCellsMap, editRowsMap } from '../../workbook/documents.ts'
import { cellKey, type FieldId, type RowId } from '../../workbook/ids.ts'
import { typedCells } from '../../workbook/replica.ts'
import { packEntry } from '../../workbook/schema.ts'
import { CUSTOM, FIELD, ROW, SHEET, World } from '../support/world.ts'

const GONE = 'r9' as RowId

/** Each change as the update of its own that a window sends. */
function updatesOf(change: (doc: Y.Doc) => readonly (() => void)[]): readonly Uint8Array[] {
  const doc = new Y.Doc({ gc: false })
  const updates: Uint8Array[] = []
  doc.on('update', (update: Uint8Array) => updates.push(update))
  for (const step of change(doc)) doc.transact(step)
  return updates
}

const put = (doc: Y.Doc, row: RowId, field: FieldId, value: string) => () => {
  const key = cellKey(row, field)
  editCellsMap(doc).set(key, packEntry(key, { value, base: null, at: 5, by: 'ann' }))
}

test('[OF15] cells are read from updates alone: the last value of each, and how many changes set none', () => {
  const updates = updatesOf((doc) => [
    put(doc, ROW, FIELD, 'first'),
    put(doc, ROW, CUSTOM, 'other'),
    put(doc, ROW, FIELD, 'last'),
    () => editRowsMap(doc).set('r2.added', 'a1'),
  ])
  expect(typedCells(updates)).toEqual({
    cells: [
      { row: ROW, field: FIELD, value: 'last', base: null, at: 5 },
      { row: ROW, field: CUSTOM, value: 'other', base: null, at: 5 },
    ],
    others: 1,
  })
})

test('[OF15] late edits of this sheet are listed with what stands there, and why one cannot be written', () => {
  const world = new World({ peers: [{ name: 'ann', client: 7 }], value: 'now' })
  const { sheet } = world.peer('ann')
  const updates = updatesOf((doc) => [
    put(doc, ROW, FIELD, 'late'),
    put(doc, GONE, FIELD, 'no row'),
    put(doc, ROW, 'f999' as FieldId, 'no field'),
  ])
  const at = (document: string) => ({ name: `ann/w1/${document}`, updates })
  const list = lateEditsOf(
    [at(`edits.${SHEET}.1`), at(`edits.${SHEET}.2`), at('edits.other.1'), at('book.w1')],
    'ann/w1/',
    sheet,
    `edits.${SHEET}.2`,
  )
  expect(list).toEqual([
    {
      document: `edits.${SHEET}.1`,
      cells: [
        { row: ROW, field: FIELD, yours: 'late', now: 'now', obstacle: undefined },
        { row: GONE, field: FIELD, yours: 'no row', now: null, obstacle: 'row' },
        { row: ROW, field: 'f999', yours: 'no field', now: null, obstacle: 'field' },
      ],
      others: 0,
    },
  ])
  const shownAlready = updatesOf((doc) => [put(doc, ROW, FIELD, 'now')])
  expect(lateEditsOf([{ name: `ann/w1/edits.${SHEET}.1`, updates: shownAlready }], 'ann/w1/', sheet, `edits.${SHEET}.2`)).toEqual([
    { document: `edits.${SHEET}.1`, cells: [], others: 0 },
  ])
})

test.each([
  { bytes: 0, text: '0 bytes' },
  { bytes: 999, text: '999 bytes' },
  { bytes: 1_234, text: '1.2 kB' },
  { bytes: 12_345_678, text: '12 MB' },
  { bytes: 2_000_000_000, text: '2 GB' },
])('[OF13] $bytes bytes are written as $text', ({ bytes, text }) => {
  expect(sizeText(bytes, 'en')).toBe(text)
})
