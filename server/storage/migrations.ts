export interface Migration {
  readonly version: number
  readonly name: string
  /** Run in one transaction with the note of the new version. */
  readonly statements: readonly string[]
}

/**
 * How the database grew: versions 1, 2, 3 … without a gap, forward only. A released migration is never changed; a change is a new one.
 */
export const MIGRATIONS: readonly Migration[] = [
  {
    version: 1,
    name: 'update log, snapshots, client ids, cell changes, unsettled index, sessions, secrets',
    statements: [
      'CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID',

      // One counter for all documents is the row id, so that an append goes to the end of the tree.
      `CREATE TABLE update_log (
        seq INTEGER PRIMARY KEY, doc TEXT NOT NULL, "update" BLOB NOT NULL,
        actor TEXT NOT NULL, device TEXT NOT NULL, origin TEXT NOT NULL, at INTEGER NOT NULL
      ) STRICT`,
      'CREATE INDEX update_log_by_doc ON update_log (doc, seq)',

      'CREATE TABLE snapshots (doc TEXT PRIMARY KEY, seq INTEGER NOT NULL, state BLOB NOT NULL, at INTEGER NOT NULL) STRICT',

      `CREATE TABLE client_ids (
        doc TEXT NOT NULL, client INTEGER NOT NULL, actor TEXT NOT NULL, device TEXT NOT NULL, PRIMARY KEY (doc, client)
      ) STRICT, WITHOUT ROWID`,

      // value and base are JSON, so that text, number and the empty cell stay apart.
      `CREATE TABLE cell_changes (
        doc TEXT NOT NULL, seq INTEGER NOT NULL, row TEXT NOT NULL, field TEXT NOT NULL, value TEXT NOT NULL, base TEXT NOT NULL,
        actor TEXT NOT NULL, device TEXT NOT NULL, at INTEGER NOT NULL, origin TEXT NOT NULL, item TEXT NOT NULL
      ) STRICT`,
      'CREATE INDEX cell_changes_by_cell ON cell_changes (row, field, seq)',
      'CREATE INDEX cell_changes_by_seq ON cell_changes (seq)',

      `CREATE TABLE unsettled (
        connection TEXT NOT NULL, sheet TEXT NOT NULL, row TEXT NOT NULL, field TEXT NOT NULL, seq INTEGER NOT NULL,
        PRIMARY KEY (connection, sheet, row, field)
      ) STRICT, WITHOUT ROWID`,

      'CREATE TABLE devices (id TEXT PRIMARY KEY, name TEXT NOT NULL, color TEXT NOT NULL, created_at INTEGER NOT NULL) STRICT, WITHOUT ROWID',
      `CREATE TABLE sessions (
        token_hash TEXT PRIMARY KEY, device TEXT NOT NULL, created_at INTEGER NOT NULL, used_at INTEGER NOT NULL
      ) STRICT, WITHOUT ROWID`,
      'CREATE TABLE secrets (name TEXT PRIMARY KEY, envelope TEXT NOT NULL, at INTEGER NOT NULL) STRICT, WITHOUT ROWID',
    ],
  },
]

/** The newest version this program knows. */
export const DATABASE_VERSION = MIGRATIONS.length
