import { existsSync, mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { type Compilable, Kysely, SqliteDialect } from 'kysely'
import { StartError } from '../start-error.ts'
import type { SqlOp, SqlValue } from '../update-log.ts'
import { DATABASE_VERSION, MIGRATIONS } from './migrations.ts'
import type { Tables } from './tables.ts'

const DATABASE_FILE = 'tidebook.sqlite'

/** Up to this size the whole file is checked at every start (about 0.1 s); larger ones only in their header and schema. Bytes. */
const FULL_CHECK_BYTES = 64 * 1024 * 1024

/** How long SQLite itself waits for a foreign lock before the log's own retry takes over. ms. */
const BUSY_TIMEOUT_MS = 50

const SQLITE_CORRUPT = 11
const SQLITE_NOTADB = 26

export const databasePath = (dataFolder: string): string => join(dataFolder, DATABASE_FILE)

/** SQLite's own number of an error thrown by node:sqlite; 0 for any other error. */
export function sqliteErrorCode(error: unknown): number {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return 0
  // Extended codes carry the plain one in their lowest byte.
  return error.errcode & 0xff
}

const wordsOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause)).replace(/\s+/gu, ' ')

const corrupt = (path: string, cause: unknown): StartError =>
  new StartError(
    `The database ${path} is damaged or is no Tidebook database (${wordsOf(cause)}).`,
    'The file was left as it is.',
    'Put a backup of the data folder in its place, or start with an empty folder by setting TIDEBOOK_DATA to another path; keep the damaged file, it may be repaired with "sqlite3 <file> .recover".',
    { cause },
  )

/** Reads without changing the file: is it whole, and is it ours to read? */
function checkExisting(path: string): void {
  let db: DatabaseSync | undefined
  try {
    db = new DatabaseSync(path, { readOnly: true, timeout: BUSY_TIMEOUT_MS })
    const version = userVersion(db)
    if (version > DATABASE_VERSION) {
      throw new StartError(
        `The data folder was written by a newer Tidebook (database version ${version}, this program knows ${DATABASE_VERSION}): ${path}.`,
        'Nothing was changed.',
        'Start the newer program, or point TIDEBOOK_DATA at another folder.',
      )
    }
    if (statSync(path).size <= FULL_CHECK_BYTES) {
      const found = db.prepare('PRAGMA quick_check(1)').get() as { quick_check?: string } | undefined
      if (found?.quick_check !== 'ok') throw new Error(found?.quick_check ?? 'the check gave no answer')
    } else {
      db.prepare('SELECT count(*) FROM sqlite_schema').get()
    }
    if (version > 0) db.prepare('SELECT value FROM meta LIMIT 1').get()
  } catch (error) {
    if (error instanceof StartError) throw error
    const code = sqliteErrorCode(error)
    if (code === 0 || code === SQLITE_CORRUPT || code === SQLITE_NOTADB) throw corrupt(path, error)
    throw cannotOpen(path, error)
  } finally {
    db?.close()
  }
}

const cannotOpen = (path: string, cause: unknown): StartError =>
  new StartError(
    `The database ${path} cannot be opened (${wordsOf(cause)}).`,
    'Nothing was changed.',
    'Check that the folder exists, is writable for this user and has free space, and that no other program holds the file.',
    { cause },
  )

function userVersion(db: DatabaseSync): number {
  const row = db.prepare('PRAGMA user_version').get() as { user_version: number }
  return row.user_version
}

/** Brings the database to this program's version, one transaction a step. */
function migrate(db: DatabaseSync): void {
  const from = userVersion(db)
  for (const { version, statements } of MIGRATIONS.filter((m) => m.version > from)) {
    db.exec('BEGIN IMMEDIATE')
    try {
      for (const statement of statements) db.exec(statement)
      db.exec(`PRAGMA user_version = ${version}`)
      db.exec('COMMIT')
    } catch (error) {
      db.exec('ROLLBACK')
      throw error
    }
  }
}

/**
 * The one connection that writes; made by the log's worker.
 * @throws StartError where the file is damaged, newer than this program, or cannot be opened; the file is then as it was.
 */
export function openWriter(dataFolder: string): DatabaseSync {
  const path = databasePath(dataFolder)
  try {
    mkdirSync(dataFolder, { recursive: true })
  } catch (error) {
    throw cannotOpen(path, error)
  }
  if (existsSync(path)) checkExisting(path)
  try {
    const db = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS })
    db.exec('PRAGMA journal_mode = WAL')
    db.exec('PRAGMA synchronous = FULL')
    migrate(db)
    return db
  } catch (error) {
    throw cannotOpen(path, error)
  }
}

/** The main thread's view of what is committed. */
export interface Reader {
  /** For the update log's own prepared statements. */
  readonly raw: DatabaseSync
  readonly kysely: Kysely<Tables>
  close(): Promise<void>
}

/** A second, read-only connection; the log must have been opened before, so that the database exists. */
export function openReader(dataFolder: string): Reader {
  const raw = new DatabaseSync(databasePath(dataFolder), { readOnly: true, timeout: 1_000 })
  const kysely = new Kysely<Tables>({ dialect: new SqliteDialect({ database: kyselyDatabase(raw) }) })
  return { raw, kysely, close: () => kysely.destroy() }
}

/** As many statements are kept prepared: preparing one takes longer than most of them run. */
const STATEMENTS_KEPT = 200

/** node:sqlite in the form Kysely's dialect expects. */
function kyselyDatabase(raw: DatabaseSync) {
  const kept = new Map<string, StatementSync>()
  const prepared = (sql: string): StatementSync => {
    const statement = kept.get(sql) ?? raw.prepare(sql)
    // The one used last is the last to go.
    kept.delete(sql)
    kept.set(sql, statement)
    const [oldest] = kept.keys()
    if (kept.size > STATEMENTS_KEPT && oldest !== undefined) kept.delete(oldest)
    return statement
  }
  return {
    close: () => raw.close(),
    prepare: (sql: string) => {
      const statement = prepared(sql)
      return {
        reader: statement.columns().length > 0,
        all: (params: readonly unknown[]) => statement.all(...params.map(toSqlValue)),
        run: (params: readonly unknown[]) => statement.run(...params.map(toSqlValue)),
        // One of its own: somebody else may ask the same while this one is read.
        iterate: (params: readonly unknown[]) => raw.prepare(sql).iterate(...params.map(toSqlValue)) as IterableIterator<unknown>,
      }
    },
  }
}

function toSqlValue(value: unknown): SqlValue {
  if (value === null || value === undefined) return null
  if (typeof value === 'boolean') return value ? 1 : 0
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint' || value instanceof Uint8Array) return value
  throw new TypeError(`A database column takes no ${typeof value}`)
}

/** A Kysely statement as the log executes it. */
export function toSqlOp(query: Compilable): SqlOp {
  const { sql, parameters } = query.compile()
  return { sql, params: parameters.map(toSqlValue) }
}
