import * as z from 'zod'
import type { SqlOp } from '../update-log.ts'
import type { Reader } from './database.ts'

/** What a workspace decides once for all of its integrations. */
export interface Settings {
  /** IANA name; days, nights and months are this zone's. */
  readonly timeZone: string
  /** `HH:MM` */
  readonly nightlyAt: string
  /** Calls and cells of older runs are deleted; `null`: never. */
  readonly logRetentionDays: number | null
  readonly allowance: Allowance
}

export interface Allowance {
  /** Credits a month; `null`: none. */
  readonly monthly: number | null
  readonly warnAtPercent: number
  readonly whenUsed: 'warn' | 'block'
}

const stored = z.object({
  timeZone: z.string(),
  nightlyAt: z.string(),
  logRetentionDays: z.number().nullable(),
  allowance: z.object({ monthly: z.number().nullable(), warnAtPercent: z.number(), whenUsed: z.enum(['warn', 'block']) }),
})

const NAME = 'workspace'

/** The workspace's settings, one row; what is not stored yet has its default. */
export class SettingsStore {
  readonly #reader: Reader
  readonly #defaults: Settings

  /** `timeZone`: where nobody has chosen one. */
  constructor(reader: Reader, timeZone: string) {
    this.#reader = reader
    this.#defaults = {
      timeZone: isTimeZone(timeZone) ? timeZone : 'UTC',
      nightlyAt: '02:00',
      logRetentionDays: null,
      allowance: { monthly: null, warnAtPercent: 80, whenUsed: 'warn' },
    }
  }

  get(): Settings {
    const row = this.#reader.raw.prepare('SELECT value FROM settings WHERE name = ?').get(NAME) as { value: string } | undefined
    return row === undefined ? this.#defaults : stored.parse(JSON.parse(row.value))
  }

  save(settings: Settings): SqlOp {
    return { sql: 'INSERT OR REPLACE INTO settings (name, value) VALUES (?,?)', params: [NAME, JSON.stringify(settings)] }
  }
}

/** Whether the runtime knows a time zone by this name. */
export function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name })
    return true
  } catch {
    return false
  }
}
