import * as Y from 'yjs'
import { addSlot } from '../../../server/sheets.ts'
import { makeRandom } from '../../../tools/random.ts'
import type { CellValue } from '../../../workbook/cell-value.ts'
import { baseEpochs, sysShards } from '../../../workbook/documents.ts'
import { addField } from '../../../workbook/edit.ts'
import type { FieldType } from '../../../workbook/fields.ts'
import { makeRowId, type RandomBytes, type SheetId } from '../../../workbook/ids.ts'
import { ServerOrigin } from '../../../workbook/origin.ts'
import { packBaseRow, SHARD_ROWS } from '../../../workbook/schema.ts'

export const SHEET = 'sheetbench' as SheetId
const TOWNS = ['Lisbon', 'Zürich', 'Nairobi', 'Kraków', 'Wien', 'Athens', 'Oslo', 'Hobart'] as const
const FIRST = ['Ann', 'Björn', 'Chidi', 'Dolores', 'Fatima', 'Grace', 'Hiroshi', 'Noam'] as const
const WORDS = ['renewal', 'annual', 'plan', 'seats', 'call', 'week', 'invoice', 'paid'] as const

interface Column {
  readonly name: string
  readonly type: FieldType
  readonly width: number
  readonly value: (row: number, draw: () => number) => CellValue
}
const oneOf = <T>(list: readonly T[], draw: () => number): T => list[Math.floor(draw() * list.length)] as T

/** Texts and numbers only: what every grid shows without a renderer of its own. The first columns are those that are sorted and filtered. */
const COLUMNS: readonly Column[] = Array.from({ length: 20 }, (_, i): Column => {
  if (i === 0) return { name: 'Client', type: 'text', width: 200, value: (row, draw) => `${oneOf(FIRST, draw)} ${row + 1}` }
  if (i === 1) return { name: 'Value', type: 'number', width: 120, value: (_row, draw) => Math.round(draw() * 1e9) / 100 }
  if (i === 2) return { name: 'Town', type: 'text', width: 130, value: (_row, draw) => oneOf(TOWNS, draw) }
  if (i % 3 === 0) return { name: `Number ${i}`, type: 'number', width: 110, value: (_row, draw) => Math.floor(draw() * 10_000) }
  return { name: `Text ${i}`, type: 'text', width: 150, value: (_row, draw) => `${oneOf(WORDS, draw)} ${oneOf(WORDS, draw)}` }
})

/** The town that is filtered for; the first row has another. */
export const TOWN = 'Oslo'

export interface GridData {
  /** The documents of the sheet, as the product's own delivery hands them over. */
  readonly shards: readonly Uint8Array[]
  readonly book: Uint8Array
  readonly sys: Uint8Array
  /** The same rows for the others, as a plain API would answer them. */
  readonly plain: {
    readonly columns: readonly { readonly name: string; readonly width: number }[]
    readonly rows: readonly (readonly CellValue[])[]
  }
  /** The first column's text of the row that must come first. */
  readonly first: { readonly plain: string; readonly sorted: string; readonly filtered: string }
}

/** The same sheet for every grid, the same in every run. */
export function makeGridData(count: number): GridData {
  const draw = makeRandom(7)
  const bytes: RandomBytes = (length) => Uint8Array.from({ length }, () => Math.floor(draw() * 256))
  const rows = Array.from({ length: count }, (_, row) => COLUMNS.map((column) => column.value(row, draw)))
  const shards: Uint8Array[] = []
  for (let from = 0; from < count; from += SHARD_ROWS) {
    const doc = new Y.Doc()
    doc.transact(() => {
      const epoch = baseEpochs(doc).set('0', new Y.Map<string>())
      rows.slice(from, from + SHARD_ROWS).forEach((values, i) => {
        epoch.set(makeRowId(bytes), packBaseRow({ ord: from + i, records: {}, values }))
      })
    })
    shards.push(Y.encodeStateAsUpdate(doc))
    doc.destroy()
  }
  const origin = new ServerOrigin('configuration')
  const [book, sys] = [new Y.Doc(), new Y.Doc()]
  for (const { name, type, width } of COLUMNS) addSlot(sys, SHEET, addField(book, SHEET, { name, type, width }, origin, bytes))
  sysShards(sys).set(SHEET, shards.length)
  const nameOf = (row: readonly CellValue[] | undefined): string => String(row?.[0])
  return {
    shards,
    book: Y.encodeStateAsUpdate(book),
    sys: Y.encodeStateAsUpdate(sys),
    plain: { columns: COLUMNS.map(({ name, width }) => ({ name, width })), rows },
    first: {
      plain: nameOf(rows[0]),
      sorted: nameOf([...rows].sort((a, b) => Number(a[1]) - Number(b[1]))[0]),
      filtered: nameOf(rows.find((row) => row[2] === TOWN)),
    },
  }
}
