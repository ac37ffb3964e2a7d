import * as z from 'zod'
import type { CellValue } from '../../workbook/cell-value.ts'
import { FIELD_TYPES } from '../../workbook/fields.ts'
import type { FieldId, SheetId, WorkbookId } from '../../workbook/ids.ts'
import type { SqlOp } from '../update-log.ts'
import { type Reader, toSqlOp } from './database.ts'

/**
 * `uploading`: rows arrive and lie apart, nothing of them is in the sheet · `writing`: all are here, they go into the sheet batch by batch,
 * also after a restart · `done` · `undoing`: cancelled while writing, what was written is taken out · `cancelled`: nothing of it is shown ·
 * `undone`: was done and was taken back.
 */
export const IMPORT_STATES = ['uploading', 'writing', 'done', 'undoing', 'cancelled', 'undone'] as const
export type ImportState = (typeof IMPORT_STATES)[number]

const column = z.object({
  field: z.string().transform((id) => id as FieldId),
  /** A field that the import makes. */
  made: z
    .object({
      name: z.string(),
      type: z.enum(FIELD_TYPES),
      options: z.array(z.object({ id: z.string(), name: z.string() })),
      currency: z.string().optional(),
    })
    .nullable(),
})
export type ImportColumn = z.infer<typeof column>

export interface ImportRow {
  readonly id: string
  readonly workbook: WorkbookId
  readonly sheet: SheetId
  /** The name of the sheet that the import makes. */
  readonly newSheet: string | null
  readonly actor: string
  readonly name: string
  readonly state: ImportState
  readonly columns: readonly ImportColumn[]
  /** Rows that were announced. */
  readonly rows: number
  /** Chunks that are written, of those that were uploaded. */
  readonly chunksWritten: number
  readonly rowsWritten: number
  readonly createdAt: number
}

/** The imports of files, and the rows that wait to be written. */
export class ImportStore {
  readonly #reader: Reader

  constructor(reader: Reader) {
    this.#reader = reader
  }

  insert(row: ImportRow): SqlOp {
    return toSqlOp(
      this.#reader.kysely.insertInto('imports').values({
        id: row.id,
        workbook: row.workbook,
        sheet: row.sheet,
        new_sheet: row.newSheet,
        actor: row.actor,
        name: row.name,
        state: row.state,
        columns: JSON.stringify(row.columns),
        rows: row.rows,
        chunks_written: row.chunksWritten,
        rows_written: row.rowsWritten,
        created_at: row.createdAt,
      }),
    )
  }

  update(id: string, to: { state?: ImportState; chunks_written?: number; rows_written?: number }): SqlOp {
    return toSqlOp(this.#reader.kysely.updateTable('imports').set(to).where('id', '=', id))
  }

  /** Keeps one chunk; the same chunk sent again replaces itself. */
  saveChunk(id: string, chunk: number, rows: readonly (readonly CellValue[])[]): SqlOp {
    const query = this.#reader.kysely
      .insertInto('import_chunks')
      .values({ import: id, chunk, count: rows.length, rows: JSON.stringify(rows) })
    return toSqlOp(query.onConflict((c) => c.columns(['import', 'chunk']).doUpdateSet({ count: rows.length, rows: JSON.stringify(rows) })))
  }

  dropChunks(id: string): SqlOp {
    return toSqlOp(this.#reader.kysely.deleteFrom('import_chunks').where('import', '=', id))
  }

  async find(id: string): Promise<ImportRow | undefined> {
    const row = await this.#reader.kysely.selectFrom('imports').selectAll().where('id', '=', id).executeTakeFirst()
    return row && importOf(row)
  }

  async inStates(states: readonly ImportState[]): Promise<readonly ImportRow[]> {
    const rows = await this.#reader.kysely.selectFrom('imports').selectAll().where('state', 'in', states).orderBy('created_at').execute()
    return rows.map(importOf)
  }

  /** The chunks that are here: number → count of rows. */
  async chunks(id: string): Promise<ReadonlyMap<number, number>> {
    const found = await this.#reader.kysely
      .selectFrom('import_chunks')
      .select(['chunk', 'count'])
      .where('import', '=', id)
      .orderBy('chunk')
      .execute()
    return new Map(found.map(({ chunk, count }) => [chunk, count]))
  }

  async chunk(id: string, chunk: number): Promise<readonly (readonly CellValue[])[]> {
    const found = await this.#reader.kysely
      .selectFrom('import_chunks')
      .select('rows')
      .where('import', '=', id)
      .where('chunk', '=', chunk)
      .executeTakeFirst()
    return found === undefined ? [] : (JSON.parse(found.rows) as CellValue[][])
  }
}

interface StoredImport {
  id: string
  workbook: string
  sheet: string
  new_sheet: string | null
  actor: string
  name: string
  state: string
  columns: string
  rows: number
  chunks_written: number
  rows_written: number
  created_at: number
}

const importOf = (row: StoredImport): ImportRow => ({
  id: row.id,
  workbook: row.workbook as WorkbookId,
  sheet: row.sheet as SheetId,
  newSheet: row.new_sheet,
  actor: row.actor,
  name: row.name,
  state: z.enum(IMPORT_STATES).parse(row.state),
  columns: z.array(column).parse(JSON.parse(row.columns)),
  rows: row.rows,
  chunksWritten: row.chunks_written,
  rowsWritten: row.rows_written,
  createdAt: row.created_at,
})
