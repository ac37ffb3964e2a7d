import type { CreateIntent, CreateState } from '../../sync-engine/ports.ts'
import type { ConnectionId, RowId } from '../../workbook/ids.ts'
import type { SqlOp } from '../update-log.ts'
import type { Reader } from './database.ts'

/** Records that are being made of rows: one line an attempt that was sent. */
export class CreateStore {
  readonly #reader: Reader

  constructor(reader: Reader) {
    this.#reader = reader
  }

  open(connection: ConnectionId): readonly CreateIntent[] {
    return this.#read("connection = ? AND state IN ('sent', 'saved', 'unknown')", connection)
  }

  ofRun(run: string): readonly CreateIntent[] {
    return this.#read('run = ?', run)
  }

  #read(where: string, value: string): readonly CreateIntent[] {
    const query = this.#reader.raw.prepare(`SELECT * FROM creates WHERE ${where} ORDER BY sent_at, key`)
    return (query.all(value) as Record<string, string | number | null>[]).map((row) => ({
      key: String(row.key),
      run: String(row.run),
      row: row.row as RowId,
      marker: String(row.marker),
      changes: JSON.parse(String(row.changes)) as CreateIntent['changes'],
      state: row.state as CreateState,
      sentAt: Number(row.sent_at),
      ...(typeof row.record_id === 'string' && { record: { id: row.record_id, key: String(row.record_key) } }),
    }))
  }
}

export const createOp = (connection: ConnectionId, create: CreateIntent): SqlOp => ({
  sql: `INSERT INTO creates (key, run, connection, row, marker, changes, state, sent_at) VALUES (?,?,?,?,?,?,?,?)
        ON CONFLICT (key) DO UPDATE SET changes = excluded.changes, state = excluded.state, sent_at = excluded.sent_at`,
  params: [create.key, create.run, connection, create.row, create.marker, JSON.stringify(create.changes), create.state, create.sentAt],
})

export const createStateOp = (key: string, state: CreateState, record?: { readonly id: string; readonly key: string }): SqlOp =>
  record === undefined
    ? { sql: 'UPDATE creates SET state = ? WHERE key = ?', params: [state, key] }
    : { sql: 'UPDATE creates SET state = ?, record_id = ?, record_key = ? WHERE key = ?', params: [state, record.id, record.key, key] }
