import type { SqlOp } from '../update-log.ts'
import type { Reader } from './database.ts'

/** What the clock did last for a connection. ms since 1970 */
export interface ScheduleState {
  /** When a scheduled run was last queued. */
  readonly scheduledAt: number | null
  /** Up to when nights are done with; `null`: the object is not synced at night. */
  readonly nightlyAt: number | null
}

export class ScheduleStore {
  readonly #reader: Reader

  constructor(reader: Reader) {
    this.#reader = reader
  }

  of(connection: string): ScheduleState | undefined {
    const row = this.#reader.raw.prepare('SELECT scheduled_at, nightly_at FROM schedule_state WHERE connection = ?').get(connection) as
      | { scheduled_at: number | null; nightly_at: number | null }
      | undefined
    return row && { scheduledAt: row.scheduled_at, nightlyAt: row.nightly_at }
  }
}

export const scheduleStateOp = (connection: string, { scheduledAt, nightlyAt }: ScheduleState): SqlOp => ({
  sql: 'INSERT OR REPLACE INTO schedule_state (connection, scheduled_at, nightly_at) VALUES (?,?,?)',
  params: [connection, scheduledAt, nightlyAt],
})
