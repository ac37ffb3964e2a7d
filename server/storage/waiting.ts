import * as z from 'zod'
import type { AppRecord } from '../../sync-engine/connectors/connector.ts'
import type { WaitingCounts } from '../../sync-engine/ports.ts'
import type { ConnectionId } from '../../workbook/ids.ts'
import type { SqlOp } from '../update-log.ts'
import type { Reader } from './database.ts'

const waitingPull = z.object({
  linked: z.number(),
  rows: z.number(),
  cells: z.number(),
  cursor: z.string(),
  at: z.number(),
  records: z.number(),
})

/** Reads what stands in a run's column `waiting`. */
export const parseWaiting = (text: string | null): WaitingCounts | undefined =>
  text === null ? undefined : waitingPull.parse(JSON.parse(text))

/** The answers that waiting runs keep until somebody confirms or cancels them. */
export class WaitingStore {
  readonly #reader: Reader

  constructor(reader: Reader) {
    this.#reader = reader
  }

  /** Whether some run of this connection keeps answers. */
  isKeeping(connection: ConnectionId): boolean {
    return this.#reader.raw.prepare('SELECT 1 FROM waiting_records WHERE connection = ? LIMIT 1').get(connection) !== undefined
  }

  /** In the order of their ids, from the one after `after`. */
  records(run: string, after: string, limit: number): readonly AppRecord[] {
    const query = this.#reader.raw.prepare('SELECT answer FROM waiting_records WHERE run = ? AND record > ? ORDER BY record LIMIT ?')
    return (query.all(run, after, limit) as { answer: string }[]).map((row) => JSON.parse(row.answer) as AppRecord)
  }
}

export const keepWaitingOps = (run: string, connection: ConnectionId, pull: WaitingCounts, records: readonly AppRecord[]): SqlOp[] => [
  { sql: 'UPDATE runs SET waiting = ? WHERE id = ?', params: [JSON.stringify(pull), run] },
  ...records.map((record) => ({
    sql: 'INSERT OR REPLACE INTO waiting_records (run, record, connection, answer) VALUES (?,?,?,?)',
    params: [run, record.id, connection, JSON.stringify(record)],
  })),
]

export const dropWaitingOps = (run: string): SqlOp[] => [{ sql: 'DELETE FROM waiting_records WHERE run = ?', params: [run] }]

/** Records that were read meanwhile: what is kept of them is older than what the workbook has. */
export const forgetWaitingOps = (connection: ConnectionId, records: readonly string[]): SqlOp[] =>
  records.map((record) => ({ sql: 'DELETE FROM waiting_records WHERE connection = ? AND record = ?', params: [connection, record] }))
