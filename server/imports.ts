import { setTimeout as sleep } from 'node:timers/promises'
import type { CellValue } from '../workbook/cell-value.ts'
import { bookSheets } from '../workbook/documents.ts'
import { addField, type CellInput, editCells, editField, setRowsDeleted } from '../workbook/edit.ts'
import type { ValueField } from '../workbook/field-values.ts'
import type { FieldType, Option } from '../workbook/fields.ts'
import {
  type ConnectionId,
  deriveRowId,
  type FieldId,
  makeFieldId,
  makeRunId,
  makeSheetId,
  type RandomBytes,
  type RowId,
  type SheetId,
} from '../workbook/ids.ts'
import { misfit } from '../workbook/import-values.ts'
import { ServerOrigin } from '../workbook/origin.ts'
import { bookName } from '../workbook/schema.ts'
import { editSheet, freeSheetName, readSheets, sheetOrderAfter } from '../workbook/sheet-list.ts'
import { ApiProblem, badRequest, notFound } from './api/problem.ts'
import type { Documents } from './collab-ports.ts'
import type { Logger } from './logger.ts'
import { addSlot, type Room, type SheetHub } from './sheets.ts'
import type { Catalog } from './storage/catalog.ts'
import type { Reader } from './storage/database.ts'
import { type ImportColumn, type ImportRow, ImportStore } from './storage/imports.ts'
import { LogFailed, type UpdateLog } from './update-log.ts'

export interface ImportsParts {
  readonly reader: Reader
  readonly catalog: Catalog
  readonly hub: SheetHub
  readonly documents: Documents
  readonly log: UpdateLog
  readonly logger: Logger
  readonly now: () => number
  readonly random: RandomBytes
  /** The documents of a workbook are others now: its windows look anew. */
  readonly onDocuments: (workbook: string) => void
}

/** Rows taken out in one turn of some ten milliseconds. */
const CHUNK_ROWS = 1_000
export const IMPORT_ROWS = 200_000
export const IMPORT_COLUMNS = 500
/** An upload that nobody went on with. ms */
const STALE_MS = 24 * 3_600_000
/** Between two tries where the disk does not take what is written. ms */
const RETRY_MS = 2_000

/** A column as it is asked for: a field that is there, or one to be made. */
export type AskedColumn =
  | { readonly field: FieldId }
  | { readonly name: string; readonly type: FieldType; readonly options: readonly Option[]; readonly currency?: string | undefined }

export interface ImportStatus {
  readonly id: string
  readonly sheet: SheetId
  readonly state: ImportRow['state']
  readonly rows: number
  readonly chunks: number[]
  readonly written: number
  readonly fields: FieldId[]
  readonly firstRow: RowId | null
}

/** The id of the n-th row of an import: the same whenever it is written. */
export const importedRow = (id: string, index: number): RowId => deriveRowId(id as ConnectionId, String(index))

/**
 * Imports of files. Rows are uploaded in chunks that lie apart until all of them are here; then they go into the base of the sheet chunk by
 * chunk, each in one commit with the note that it is written. So a cancelled upload leaves nothing, and a crash anywhere leaves an import that
 * goes on where it was.
 */
export class Imports {
  readonly #parts: ImportsParts
  readonly #store: ImportStore
  readonly #running = new Map<string, Promise<void>>()
  #isStopped = false

  constructor(parts: ImportsParts) {
    this.#parts = parts
    this.#store = new ImportStore(parts.reader)
  }

  /** Goes on with what was being written, and drops uploads that nobody finished. */
  async start(): Promise<void> {
    const { log, now } = this.#parts
    for (const row of await this.#store.inStates(['uploading'])) {
      if (now() - row.createdAt > STALE_MS)
        log.execute([this.#store.update(row.id, { state: 'cancelled' }), this.#store.dropChunks(row.id)])
    }
    for (const row of await this.#store.inStates(['writing', 'undoing'])) this.#run(row.id)
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    await Promise.allSettled(this.#running.values())
  }

  async create(o: {
    sheet: SheetId
    newSheet: string | null
    name: string
    columns: readonly AskedColumn[]
    rows: number
    actor: string
  }): Promise<ImportStatus> {
    const { catalog, log, now, random } = this.#parts
    const known = await catalog.sheet(o.sheet)
    if (known === undefined) throw notFound('such sheet')
    const columns = o.columns.map((asked): ImportColumn => {
      if ('field' in asked) return { field: asked.field, made: null }
      const options = asked.options.map(({ id, name }) => ({ id, name }))
      const currency = asked.currency === undefined ? {} : { currency: asked.currency }
      return { field: makeFieldId(random), made: { name: asked.name, type: asked.type, options, ...currency } }
    })
    if (o.newSheet === null) await this.#checkFields(o.sheet, columns)
    else if (columns.some((c) => c.made === null)) throw badRequest('A new sheet has no fields yet: every column must make one.')
    const row: ImportRow = {
      id: makeRunId(random),
      workbook: known.workbook,
      sheet: o.newSheet === null ? o.sheet : makeSheetId(random),
      newSheet: o.newSheet,
      actor: o.actor,
      name: o.name,
      state: 'uploading',
      columns,
      rows: o.rows,
      chunksWritten: 0,
      rowsWritten: 0,
      createdAt: now(),
    }
    log.execute([this.#store.insert(row)])
    await log.durable()
    return statusOf(row, new Map())
  }

  async addChunk(id: string, chunk: number, rows: readonly (readonly CellValue[])[]): Promise<ImportStatus> {
    const row = await this.#find(id)
    if (row.state !== 'uploading') throw over(row)
    const known = await this.#store.chunks(id)
    const before = [...known].reduce((sum, [number, count]) => (number < chunk ? sum + count : sum), 0)
    await this.#checkValues(row, before, rows)
    const chunks = new Map([...known, [chunk, rows.length]])
    const sum = [...chunks.values()].reduce((a, b) => a + b, 0)
    if (sum > row.rows) throw badRequest(`This import was announced with ${row.rows} rows; with these it would have ${sum}.`)
    this.#parts.log.execute([this.#store.saveChunk(id, chunk, rows)])
    await this.#parts.log.durable()
    return statusOf(row, chunks)
  }

  /** All rows are here: writes them. Answers at once; `status` says how far it is. */
  async commit(id: string): Promise<ImportStatus> {
    const row = await this.#find(id)
    const chunks = await this.#store.chunks(id)
    if (row.state === 'writing' || row.state === 'done') return statusOf(row, chunks)
    if (row.state !== 'uploading') throw over(row)
    const sum = [...chunks.values()].reduce((a, b) => a + b, 0)
    const isWhole = sum === row.rows && [...chunks.keys()].every((chunk, i) => chunk === i)
    if (!isWhole) throw badRequest(`${sum} of ${row.rows} rows are here. Send the others first.`, { chunks: [...chunks.keys()] })
    this.#parts.log.execute([this.#store.update(id, { state: 'writing' })])
    await this.#parts.log.durable()
    this.#run(id)
    return statusOf({ ...row, state: 'writing' }, chunks)
  }

  /** Ends an import that is not done; what was written already is taken out again. */
  async cancel(id: string): Promise<ImportStatus> {
    const row = await this.#find(id)
    if (row.state === 'cancelled' || row.state === 'undoing') return statusOf(row, new Map())
    if (row.state === 'uploading') {
      this.#parts.log.execute([this.#store.update(id, { state: 'cancelled' }), this.#store.dropChunks(id)])
      await this.#parts.log.durable()
      return statusOf({ ...row, state: 'cancelled' }, new Map())
    }
    if (row.state !== 'writing') throw over(row)
    this.#parts.log.execute([this.#store.update(id, { state: 'undoing' })])
    await this.#parts.log.durable()
    this.#run(id)
    return statusOf({ ...row, state: 'undoing' }, new Map())
  }

  /** Takes a finished import back, or brings it in again: its rows by their flag, its fields where nothing else is in them. */
  async undo(id: string, isUndone: boolean, actor: string): Promise<ImportStatus> {
    const row = await this.#find(id)
    if (row.state !== 'done' && row.state !== 'undone') throw over(row)
    const { hub, log } = this.#parts
    const { room, release } = await hub.open(row.sheet)
    try {
      await this.#setShown(room, row, !isUndone, actor)
      log.execute([this.#store.update(id, { state: isUndone ? 'undone' : 'done' })])
      await log.durable()
    } finally {
      await release()
    }
    return statusOf({ ...row, state: isUndone ? 'undone' : 'done' }, new Map())
  }

  async status(id: string): Promise<ImportStatus> {
    return statusOf(await this.#find(id), await this.#store.chunks(id))
  }

  /** Resolves when nothing is being written for this import any more. */
  async ended(id: string): Promise<void> {
    await this.#running.get(id)
  }

  async #find(id: string): Promise<ImportRow> {
    await this.#parts.log.durable()
    const row = await this.#store.find(id)
    if (row === undefined) throw notFound('such import')
    return row
  }

  async #checkFields(sheetId: SheetId, columns: readonly ImportColumn[]): Promise<void> {
    const { room, release } = await this.#parts.hub.open(sheetId)
    try {
      const seen = new Set<string>()
      for (const { field, made } of columns) {
        if (made !== null) continue
        const known = room.sheet.field(field)
        if (known === undefined) throw badRequest(`There is no field ${field} in this sheet.`)
        if (known.type === 'record-key' || known.binding?.writable === false) throw badRequest(`Nobody can write into ${known.name}.`)
        if (seen.has(field)) throw badRequest(`Two columns go into ${known.name}.`)
        seen.add(field)
      }
    } finally {
      await release()
    }
  }

  /** `before`: how many rows stand before these in the file. */
  async #checkValues(row: ImportRow, before: number, rows: readonly (readonly CellValue[])[]): Promise<void> {
    const fields = await this.#fieldsOf(row)
    for (const [i, values] of rows.entries()) {
      if (values.length !== fields.length) throw badRequest(`Row ${before + i + 1} has ${values.length} values, not ${fields.length}.`)
      for (const [c, value] of values.entries()) {
        const field = fields[c]
        const problem = field === undefined ? undefined : misfit(field, value)
        if (problem !== undefined) throw badRequest(`The value of row ${before + i + 1}, column ${c + 1} ${problem}.`)
      }
    }
  }

  async #fieldsOf(row: ImportRow): Promise<readonly ValueField[]> {
    if (row.columns.every((c) => c.made !== null)) return row.columns.flatMap(({ made }) => (made === null ? [] : [made]))
    const { room, release } = await this.#parts.hub.open(row.sheet)
    try {
      return row.columns.map(({ field, made }): ValueField => {
        const known = made ?? room.sheet.field(field)
        if (known === undefined) throw badRequest(`The field ${field} is not in this sheet any more.`)
        return known
      })
    } finally {
      await release()
    }
  }

  #run(id: string): void {
    if (this.#running.has(id)) return
    const work = this.#work(id)
      .catch((error: unknown) => this.#parts.logger.error({ err: error, importId: id }, 'an import waits for the next start'))
      .finally(() => this.#running.delete(id))
    this.#running.set(id, work)
  }

  /** Does what the state asks for until nothing is left to do; where the disk does not take it, tries again. */
  async #work(id: string): Promise<void> {
    for (;;) {
      try {
        const row = await this.#find(id)
        if (this.#isStopped || (row.state !== 'writing' && row.state !== 'undoing')) return
        await (row.state === 'writing' ? this.#write(row) : this.#takeOut(row))
      } catch (error) {
        if (!(error instanceof LogFailed) || this.#isStopped) throw error
        await sleep(RETRY_MS)
      }
    }
  }

  async #write(row: ImportRow): Promise<void> {
    const { hub, log } = this.#parts
    await this.#makeSheet(row)
    const { room, release } = await hub.open(row.sheet)
    try {
      this.#makeFields(room, row)
      await log.durable()
      const chunks = await this.#store.chunks(row.id)
      let { chunksWritten, rowsWritten } = row
      while (chunksWritten < chunks.size) {
        const values = await this.#store.chunk(row.id, chunksWritten)
        await hub.ensureRoom(room, values.length)
        if (this.#isStopped || (await this.#store.find(row.id))?.state !== 'writing') return
        this.#writeChunk(room, row, rowsWritten, values)
        chunksWritten++
        rowsWritten += values.length
        log.execute([this.#store.update(row.id, { chunks_written: chunksWritten, rows_written: rowsWritten })])
        await log.durable()
      }
      log.execute([this.#store.update(row.id, { state: 'done' }), this.#store.dropChunks(row.id)])
      await log.durable()
      this.#parts.onDocuments(row.workbook)
    } finally {
      await release()
    }
  }

  /** One synchronous turn, so that its rows, its entries and its note are one commit. */
  #writeChunk({ sheet, authority }: Room, row: ImportRow, from: number, chunk: readonly (readonly CellValue[])[]): void {
    const connected = new Set(row.columns.flatMap(({ field }) => (sheet.field(field)?.binding === undefined ? [] : [field])))
    const cells: CellInput[] = []
    const rows = chunk.map((values, i) => {
      const id = importedRow(row.id, from + i)
      const own = new Map<FieldId, CellValue>()
      for (const [c, { field }] of row.columns.entries()) {
        const value = values[c] ?? null
        if (value === null) continue
        if (connected.has(field)) cells.push({ row: id, field, value })
        else own.set(field, value)
      }
      return { row: id, values: own }
    })
    authority.write({ rows }, 'import')
    editCells(sheet, cells, { by: row.actor, now: this.#parts.now })
  }

  async #makeSheet(row: ImportRow): Promise<void> {
    if (row.newSheet === null) return
    const { catalog, documents, log } = this.#parts
    if ((await catalog.sheet(row.sheet)) !== undefined) return
    const book = await documents.openDocument(bookName(row.workbook))
    const sheets = readSheets(book.doc)
    const order = sheetOrderAfter(sheets, sheets.findLast((sheet) => !sheet.isRemoved)?.id ?? null)
    const name = freeSheetName(sheets, row.newSheet)
    log.execute([catalog.saveSheet({ id: row.sheet, workbook: row.workbook, name, ord: sheets.length, order })])
    editSheet(book.doc, row.sheet, { name, order }, new ServerOrigin('import'))
    await log.durable()
    await book.release()
  }

  #makeFields({ sheet }: Room, row: ImportRow): void {
    const { book, sys } = sheet.docs
    const origin = new ServerOrigin('import')
    book.transact(() => {
      for (const { field, made } of row.columns) {
        if (made === null || sheet.field(field) !== undefined) continue
        const options = Object.fromEntries(made.options.map(({ id, name }) => [id, name]))
        const attributes = {
          name: made.name,
          type: made.type,
          ...(made.options.length > 0 && { options }),
          ...(made.currency !== undefined && { 'format.currency': made.currency }),
        }
        addField(book, sheet.id, attributes, origin, this.#parts.random, field)
      }
    }, origin)
    sys.transact(() => {
      for (const { field } of row.columns) if (sheet.field(field)?.binding === undefined) addSlot(sys, sheet.id, field)
    }, origin)
  }

  async #takeOut(row: ImportRow): Promise<void> {
    const { catalog, hub, log, documents } = this.#parts
    if ((await catalog.sheet(row.sheet)) !== undefined) {
      const { room, release } = await hub.open(row.sheet)
      try {
        await this.#setShown(room, row, false, row.actor)
      } finally {
        await release()
      }
    }
    if (row.newSheet !== null) {
      const book = await documents.openDocument(bookName(row.workbook))
      book.doc.transact(() => bookSheets(book.doc).delete(`${row.sheet}.name`), new ServerOrigin('import'))
      log.execute([catalog.dropSheet(row.sheet)])
      await log.durable()
      await book.release()
    }
    log.execute([this.#store.update(row.id, { state: 'cancelled', rows_written: 0 }), this.#store.dropChunks(row.id)])
    await log.durable()
    this.#parts.onDocuments(row.workbook)
  }

  async #setShown({ sheet }: Room, row: ImportRow, isShown: boolean, actor: string): Promise<void> {
    const { log, now } = this.#parts
    const editor = { by: actor, now }
    for (let from = 0; from < row.rowsWritten; from += CHUNK_ROWS) {
      const rows = Array.from({ length: Math.min(CHUNK_ROWS, row.rowsWritten - from) }, (_, i) => importedRow(row.id, from + i))
      const changing = rows.filter((id) => sheet.hasRow(id) && sheet.isDeleted(id) === isShown)
      if (changing.length > 0) setRowsDeleted(sheet, changing, !isShown, editor)
      await log.durable()
    }
    const used = new Set<FieldId>()
    for (const { field } of sheet.entries()) used.add(field)
    for (const { field, made } of row.columns) {
      if (made !== null && (isShown || !used.has(field)))
        editField(sheet.docs.book, field, { removed: !isShown }, new ServerOrigin('import'))
    }
    await log.durable()
  }
}

const statusOf = (row: ImportRow, chunks: ReadonlyMap<number, number>): ImportStatus => ({
  id: row.id,
  sheet: row.sheet,
  state: row.state,
  rows: row.rows,
  chunks: [...chunks.keys()],
  written: row.rowsWritten,
  fields: row.columns.map((c) => c.field),
  firstRow: row.rows > 0 ? importedRow(row.id, 0) : null,
})

const WHERE: Record<ImportRow['state'], string> = {
  uploading: 'This import is still being uploaded.',
  writing: 'This import is being written.',
  done: 'This import is done.',
  undoing: 'This import is being taken out.',
  cancelled: 'This import was cancelled.',
  undone: 'This import was taken back.',
}

const over = (row: ImportRow): ApiProblem =>
  new ApiProblem({
    status: 409,
    code: 'import-state',
    message: WHERE[row.state],
    advice: 'Nothing was changed. Look at its state, or begin another import.',
  })
