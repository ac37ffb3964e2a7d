import * as Y from 'yjs'
import type { CellValue } from '../workbook/cell-value.ts'
import { baseEpochs, bookMeta, bookSheets, sysShards } from '../workbook/documents.ts'
import { addField } from '../workbook/edit.ts'
import type { FieldType } from '../workbook/fields.ts'
import {
  cryptoRandomBytes,
  makeRowId,
  makeSheetId,
  makeWorkbookId,
  type RandomBytes,
  type RowId,
  type SheetId,
  type WorkbookId,
} from '../workbook/ids.ts'
import { ServerOrigin } from '../workbook/origin.ts'
import { baseName, bookName, packBaseRow, SHARD_ROWS, sysName } from '../workbook/schema.ts'
import { addSlot } from './sheets.ts'
import { Catalog } from './storage/catalog.ts'
import { openReader } from './storage/database.ts'
import { saveShardOp, saveSnapshotOp } from './storage/document-store.ts'
import { SqliteUpdateLog } from './storage/sqlite-log.ts'

export interface SeededSheet {
  readonly workbook: WorkbookId
  readonly sheet: SheetId
}

interface Column {
  readonly name: string
  readonly type: FieldType
  readonly width: number
  readonly options?: Readonly<Record<string, string>>
  readonly value: (row: number, random: () => number) => CellValue
}

type Draw = () => number

const FIRST = [
  'Ann',
  'Björn',
  'Chidi',
  'Dolores',
  'Émile',
  'Fatima',
  'Grace',
  'Hiroshi',
  'Inés',
  'Jonas',
  'Keiko',
  'Ľuboš',
  'Mary',
  'Noam',
] as const
const LAST = [
  'Abbott',
  'Béranger',
  'Castillo',
  'Dvořák',
  'Eriksen',
  'Fischer',
  'García',
  'Huang',
  'Ito',
  'Jensen',
  'Kowalski',
  'Laurent',
] as const
const TOWNS = [
  'Lisbon',
  'Zürich',
  'São Paulo',
  'Tōkyō',
  'Nairobi',
  'Kraków',
  'Reykjavík',
  'Montréal',
  'Wien',
  'Athens',
  'Oslo',
  'Hobart',
] as const
const WORDS = [
  'renewal',
  'of',
  'the',
  'annual',
  'plan',
  'with',
  'two',
  'more',
  'seats',
  'asked',
  'for',
  'a',
  'call',
  'next',
  'week',
  'invoice',
  'paid',
] as const
const STAGES = { lead: 'Lead', talk: 'In talks', offer: 'Offer sent', won: 'Won', lost: 'Lost' } as const
const RANKS = { high: 'High', middle: 'Medium', low: 'Low' } as const
const PEOPLE = {
  p1: 'Ann Abbott',
  p2: 'Hiroshi Ito',
  p3: 'Inés García',
  p4: 'Björn Eriksen',
  p5: 'Fatima Huang',
  p6: 'Noam Fischer',
} as const

const DAY_MS = 86_400_000
const FIRST_DAY_MS = Date.UTC(2021, 0, 1)
const DAYS = 2_500

const oneOf = <T>(list: readonly T[], draw: Draw): T => list[Math.floor(draw() * list.length)] as T
const words = (count: number, draw: Draw): string => Array.from({ length: count }, () => oneOf(WORDS, draw)).join(' ')
const instant = (draw: Draw): string => new Date(FIRST_DAY_MS + Math.floor(draw() * DAYS * DAY_MS)).toISOString()
const day = (draw: Draw): string => instant(draw).slice(0, 10)
/** Empty in a share of the rows, as sheets of real use are. */
const sometimes =
  (share: number, make: Column['value']): Column['value'] =>
  (row, draw) =>
    draw() < share ? make(row, draw) : null
const option = (options: Readonly<Record<string, string>>): Column['value'] => {
  const ids = Object.keys(options)
  return (_row, draw) => oneOf(ids, draw)
}

/** Twenty fields of all plain types. */
const COLUMNS: readonly Column[] = [
  { name: 'Client', type: 'text', width: 220, value: (row, draw) => `${oneOf(FIRST, draw)} ${oneOf(LAST, draw)} ${row + 1}` },
  { name: 'Stage', type: 'single-select', width: 130, options: STAGES, value: option(STAGES) },
  { name: 'Owner', type: 'person', width: 150, options: PEOPLE, value: sometimes(0.9, option(PEOPLE)) },
  { name: 'Value', type: 'number', width: 110, value: (_row, draw) => Math.round(draw() * 5_000_000) / 100 },
  { name: 'Seats', type: 'number', width: 90, value: (_row, draw) => Math.floor(draw() * 400) },
  { name: 'Signed', type: 'checkbox', width: 90, value: (_row, draw) => draw() < 0.4 },
  { name: 'Due', type: 'date', width: 120, value: sometimes(0.8, (_row, draw) => day(draw)) },
  { name: 'Last contact', type: 'date-time', width: 170, value: sometimes(0.7, (_row, draw) => instant(draw)) },
  { name: 'Town', type: 'text', width: 130, value: (_row, draw) => oneOf(TOWNS, draw) },
  { name: 'Website', type: 'url', width: 200, value: sometimes(0.6, (row) => `https://client-${row + 1}.example.com/`) },
  { name: 'Notes', type: 'long-text', width: 280, value: sometimes(0.3, (_row, draw) => words(6 + Math.floor(draw() * 20), draw)) },
  { name: 'Priority', type: 'single-select', width: 110, options: RANKS, value: sometimes(0.7, option(RANKS)) },
  { name: 'Discount', type: 'number', width: 100, value: sometimes(0.3, (_row, draw) => Math.round(draw() * 300) / 10) },
  { name: 'Invoice', type: 'text', width: 130, value: (row) => `INV-${String(row + 1).padStart(7, '0')}` },
  { name: 'Paid', type: 'checkbox', width: 80, value: (_row, draw) => draw() < 0.5 },
  { name: 'Paid on', type: 'date', width: 120, value: sometimes(0.5, (_row, draw) => day(draw)) },
  { name: 'Score', type: 'number', width: 90, value: (_row, draw) => Math.floor(draw() * 100) },
  { name: 'Next step', type: 'text', width: 200, value: sometimes(0.6, (_row, draw) => words(4, draw)) },
  {
    name: 'Phone',
    type: 'text',
    width: 150,
    value: sometimes(0.8, (_row, draw) => `+49 30 ${String(Math.floor(draw() * 1e7)).padStart(7, '0')}`),
  },
  { name: 'Comment', type: 'text', width: 220, value: sometimes(0.4, (_row, draw) => words(5, draw)) },
]

/** The largest number of fields `seedSheet` makes. */
export const SEEDED_FIELDS = COLUMNS.length

/** The server's id in the documents made here; a server that loads them takes another for itself. */
const CLIENT = 1
/** Shards handed to the log at once, so that a sheet of any size needs little memory. */
const SHARDS_PER_BATCH = 10

/**
 * Fills a data folder with one more workbook whose sheet has `rows` rows of all plain types of field: the base shards go into the store
 * without any editing, about 50,000 rows a second. No server may run on the folder.
 */
export async function seedSheet(o: {
  readonly dataFolder: string
  readonly rows: number
  /** Fields of the sheet, at most 20 (the default). */
  readonly fields?: number
  readonly name?: string
  /** ms since 1970 */
  readonly now: number
  /** The same stream gives the same rows, with the same ids. */
  readonly random: () => number
}): Promise<SeededSheet> {
  const log = await SqliteUpdateLog.open({ dataFolder: o.dataFolder, retryMs: 10_000 })
  const reader = openReader(o.dataFolder)
  try {
    const bytes: RandomBytes = (length) => Uint8Array.from({ length }, () => Math.floor(o.random() * 256))
    // Never those of an earlier sheet of the same stream: a name stands for one content for ever.
    const workbook = makeWorkbookId(cryptoRandomBytes)
    const sheet = makeSheetId(cryptoRandomBytes)
    const name = o.name ?? `Clients (${o.rows.toLocaleString('en')})`
    const columns = COLUMNS.slice(0, o.fields ?? COLUMNS.length)
    const save = (docName: string, doc: Y.Doc): void => {
      const seq = log.takeSeq()
      const update = Y.encodeStateAsUpdate(doc)
      const owner = { client: CLIENT, actor: 'server', device: '' }
      log.append({
        seq,
        doc: docName,
        update,
        actor: 'server',
        device: '',
        origin: 'import',
        at: o.now,
        cellChanges: [],
        clientIds: [owner],
      })
      log.execute([
        docName.startsWith('base.')
          ? saveShardOp({ doc: docName, seq, epoch: 0, state: update, at: o.now })
          : saveSnapshotOp(docName, seq, update, o.now),
      ])
      doc.destroy()
    }
    const shards = Math.ceil(o.rows / SHARD_ROWS)
    for (let shard = 0; shard < shards; shard++) {
      const first = shard * SHARD_ROWS
      save(baseName(sheet, shard, 0), makeShard(columns, { first, end: Math.min(o.rows, first + SHARD_ROWS), bytes, random: o.random }))
      if (shard % SHARDS_PER_BATCH === SHARDS_PER_BATCH - 1) await log.durable()
    }
    const { book, sys } = makeBook({ sheet, name, columns, shards, bytes })
    save(bookName(workbook), book)
    save(sysName(workbook), sys)
    // Last: a folder that was filled halfway shows no workbook.
    const catalog = new Catalog(reader)
    log.execute([
      catalog.saveWorkbook({ id: workbook, name, createdAt: o.now, updatedAt: o.now }),
      catalog.saveSheet({ id: sheet, workbook, name: 'Sheet 1', ord: 0 }),
    ])
    await log.durable()
    return { workbook, sheet }
  } finally {
    await log.stop()
    await reader.close()
  }
}

function makeShard(columns: readonly Column[], o: { first: number; end: number; bytes: RandomBytes; random: () => number }): Y.Doc {
  const doc = new Y.Doc()
  doc.clientID = CLIENT
  doc.transact(() => {
    const epoch = baseEpochs(doc).set('0', new Y.Map<string>())
    for (let row = o.first; row < o.end; row++) {
      const values = columns.map((column) => column.value(row, o.random))
      epoch.set(makeRowId(o.bytes) as RowId, packBaseRow({ ord: row, records: {}, values }))
    }
  })
  return doc
}

function makeBook(o: { sheet: SheetId; name: string; columns: readonly Column[]; shards: number; bytes: RandomBytes }): {
  book: Y.Doc
  sys: Y.Doc
} {
  const origin = new ServerOrigin('configuration')
  const book = new Y.Doc()
  const sys = new Y.Doc()
  book.clientID = CLIENT
  sys.clientID = CLIENT
  book.transact(() => {
    bookMeta(book).set('name', o.name)
    bookSheets(book).set(`${o.sheet}.name`, 'Sheet 1')
    sys.transact(() => {
      for (const { name, type, width, options } of o.columns) {
        const field = addField(book, o.sheet, { name, type, width, ...(options && { options }) }, origin, o.bytes)
        addSlot(sys, o.sheet, field)
      }
      sysShards(sys).set(o.sheet, o.shards)
    }, origin)
  }, origin)
  return { book, sys }
}
