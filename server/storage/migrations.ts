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
  {
    version: 2,
    name: 'workbooks, integrations, connections, runs, receipts, credits',
    statements: [
      `CREATE TABLE workbooks (
        id TEXT PRIMARY KEY, name TEXT NOT NULL, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL
      ) STRICT, WITHOUT ROWID`,
      `CREATE TABLE sheets (
        id TEXT PRIMARY KEY, workbook TEXT NOT NULL, name TEXT NOT NULL, ord INTEGER NOT NULL
      ) STRICT, WITHOUT ROWID`,
      'CREATE INDEX sheets_by_workbook ON sheets (workbook, ord)',
      `CREATE TABLE integrations (
        id TEXT PRIMARY KEY, app TEXT NOT NULL, name TEXT NOT NULL, base_url TEXT NOT NULL, account TEXT NOT NULL,
        is_on INTEGER NOT NULL, limited_to TEXT, is_sandbox INTEGER NOT NULL, created_at INTEGER NOT NULL
      ) STRICT, WITHOUT ROWID`,
      `CREATE TABLE objects (
        id TEXT PRIMARY KEY, integration TEXT NOT NULL, name TEXT NOT NULL, external TEXT NOT NULL, direction TEXT NOT NULL, schedule INTEGER
      ) STRICT, WITHOUT ROWID`,
      // fields is JSON: [{ field, external, direction }]; description is what the last field refresh told.
      `CREATE TABLE connections (
        id TEXT PRIMARY KEY, workbook TEXT NOT NULL, sheet TEXT NOT NULL, object TEXT NOT NULL, key_field TEXT NOT NULL,
        fields TEXT NOT NULL, filter TEXT NOT NULL, on_conflict TEXT NOT NULL, description TEXT, cursor TEXT,
        latest_pull_at INTEGER, latest_pull_records INTEGER, latest_pull_failed INTEGER NOT NULL DEFAULT 0
      ) STRICT, WITHOUT ROWID`,
      'CREATE INDEX connections_by_sheet ON connections (sheet)',

      // The queue is this table: queued rows wait by priority and age; lease_until and fence guard the one that runs.
      `CREATE TABLE runs (
        id TEXT PRIMARY KEY, connection TEXT NOT NULL, kind TEXT NOT NULL, mode TEXT NOT NULL, "trigger" TEXT NOT NULL, state TEXT NOT NULL,
        actor TEXT NOT NULL, job TEXT NOT NULL, priority INTEGER NOT NULL, fence INTEGER NOT NULL, lease_until INTEGER,
        created_at INTEGER NOT NULL, started_at INTEGER, ended_at INTEGER, counts TEXT NOT NULL, error TEXT
      ) STRICT, WITHOUT ROWID`,
      'CREATE INDEX runs_by_connection ON runs (connection, created_at)',
      'CREATE INDEX runs_by_state ON runs (state, priority, created_at)',
      'CREATE INDEX runs_by_time ON runs (created_at)',
      'CREATE TABLE run_transitions (id INTEGER PRIMARY KEY, run TEXT NOT NULL, state TEXT NOT NULL, at INTEGER NOT NULL, note TEXT) STRICT',
      'CREATE INDEX run_transitions_by_run ON run_transitions (run)',
      `CREATE TABLE run_calls (
        id INTEGER PRIMARY KEY, run TEXT NOT NULL, kind TEXT NOT NULL, method TEXT NOT NULL, path TEXT NOT NULL, status INTEGER,
        ms INTEGER NOT NULL, attempt INTEGER NOT NULL, at INTEGER NOT NULL, request_body TEXT, note TEXT
      ) STRICT`,
      'CREATE INDEX run_calls_by_run ON run_calls (run)',
      `CREATE TABLE run_cells (
        id INTEGER PRIMARY KEY, run TEXT NOT NULL, sheet TEXT NOT NULL, row TEXT NOT NULL, field TEXT NOT NULL, record_id TEXT NOT NULL,
        record_key TEXT NOT NULL, base TEXT NOT NULL, value TEXT NOT NULL, got TEXT NOT NULL, outcome TEXT NOT NULL, note TEXT,
        author TEXT NOT NULL, at INTEGER NOT NULL
      ) STRICT`,
      'CREATE INDEX run_cells_by_run ON run_cells (run)',
      'CREATE INDEX run_cells_by_cell ON run_cells (sheet, row, field)',

      `CREATE TABLE receipts (
        key TEXT PRIMARY KEY, run TEXT NOT NULL, connection TEXT NOT NULL, row TEXT NOT NULL, field TEXT NOT NULL, external TEXT NOT NULL,
        record_id TEXT NOT NULL, record_key TEXT NOT NULL, sent TEXT NOT NULL, base TEXT NOT NULL, item TEXT NOT NULL, author TEXT NOT NULL,
        state TEXT NOT NULL, answered TEXT, at INTEGER NOT NULL
      ) STRICT, WITHOUT ROWID`,
      "CREATE INDEX receipts_open ON receipts (connection) WHERE state IN ('sent', 'saved', 'unknown')",
      `CREATE TABLE settled_pushes (
        sheet TEXT NOT NULL, row TEXT NOT NULL, field TEXT NOT NULL, item TEXT NOT NULL, base TEXT NOT NULL, sent TEXT NOT NULL,
        stored TEXT NOT NULL, rebase TEXT NOT NULL, author TEXT NOT NULL, PRIMARY KEY (sheet, row, field)
      ) STRICT, WITHOUT ROWID`,
      `CREATE TABLE credits (
        id INTEGER PRIMARY KEY, run TEXT NOT NULL, connection TEXT NOT NULL, at INTEGER NOT NULL,
        pushed INTEGER NOT NULL, pulled INTEGER NOT NULL, linked INTEGER NOT NULL, refreshed INTEGER NOT NULL, searched INTEGER NOT NULL
      ) STRICT`,
      'CREATE INDEX credits_by_time ON credits (at)',
      'CREATE INDEX credits_by_run ON credits (run)',
      'CREATE TABLE previews (plan TEXT NOT NULL, connection TEXT NOT NULL, frozen TEXT NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (plan, connection)) STRICT, WITHOUT ROWID',
    ],
  },
  {
    version: 3,
    name: 'snapshots are kept as they are delivered',
    // encoding: '' as it is, 'gzip'. epoch: the one in force in a base shard.
    statements: [
      "ALTER TABLE snapshots ADD COLUMN encoding TEXT NOT NULL DEFAULT ''",
      'ALTER TABLE snapshots ADD COLUMN epoch INTEGER NOT NULL DEFAULT 0',
    ],
  },
  {
    version: 4,
    name: 'shared links, guests, when people were last seen',
    statements: [
      // Of a token only its hash is kept, and its end for people to tell links apart.
      `CREATE TABLE shared_links (
        id TEXT PRIMARY KEY, workbook TEXT NOT NULL, role TEXT NOT NULL, name TEXT NOT NULL, token_hash TEXT NOT NULL UNIQUE,
        token_end TEXT NOT NULL, created_by TEXT NOT NULL, created_at INTEGER NOT NULL, expires_at INTEGER, revoked_at INTEGER,
        revoked_by TEXT, last_used_at INTEGER, uses INTEGER NOT NULL
      ) STRICT, WITHOUT ROWID`,
      // A browser that came by links: one guest, however many links it opened.
      `CREATE TABLE guests (
        id TEXT PRIMARY KEY, token_hash TEXT NOT NULL UNIQUE, name TEXT NOT NULL, color TEXT NOT NULL, created_at INTEGER NOT NULL,
        used_at INTEGER NOT NULL
      ) STRICT, WITHOUT ROWID`,
      'CREATE TABLE guest_links (guest TEXT NOT NULL, link TEXT NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (guest, link)) STRICT, WITHOUT ROWID',
      'CREATE TABLE last_seen (workbook TEXT NOT NULL, person TEXT NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (workbook, person)) STRICT, WITHOUT ROWID',
    ],
  },
  {
    version: 5,
    name: 'imports of files',
    statements: [
      // columns is JSON: [{ field, made: { name, type, options } | null }].
      `CREATE TABLE imports (
        id TEXT PRIMARY KEY, workbook TEXT NOT NULL, sheet TEXT NOT NULL, new_sheet TEXT, actor TEXT NOT NULL, name TEXT NOT NULL,
        state TEXT NOT NULL, columns TEXT NOT NULL, rows INTEGER NOT NULL, chunks_written INTEGER NOT NULL, rows_written INTEGER NOT NULL,
        created_at INTEGER NOT NULL
      ) STRICT, WITHOUT ROWID`,
      "CREATE INDEX imports_open ON imports (state) WHERE state IN ('uploading', 'writing', 'undoing')",
      // rows is JSON; they lie here until all of an import are uploaded, and go when they are written.
      `CREATE TABLE import_chunks (
        import TEXT NOT NULL, chunk INTEGER NOT NULL, count INTEGER NOT NULL, rows TEXT NOT NULL, PRIMARY KEY (import, chunk)
      ) STRICT`,
    ],
  },
  {
    version: 6,
    name: 'workspace objects: nightly, field mappings, what the app last told of them',
    // mappings is JSON: [{ external, direction, valueMap: [{ app, workbook }] }]; a field that is not in it has its own default.
    statements: [
      "ALTER TABLE objects ADD COLUMN external_name TEXT NOT NULL DEFAULT ''",
      'ALTER TABLE objects ADD COLUMN is_nightly INTEGER NOT NULL DEFAULT 0',
      "ALTER TABLE objects ADD COLUMN mappings TEXT NOT NULL DEFAULT '[]'",
      'ALTER TABLE objects ADD COLUMN description TEXT',
      'ALTER TABLE objects ADD COLUMN described_at INTEGER',
      'ALTER TABLE objects ADD COLUMN created_at INTEGER NOT NULL DEFAULT 0',
    ],
  },
  {
    version: 7,
    name: 'sheets: order, deletion, and how much is in them',
    // order_key and is_removed follow the book; row_count and needing are null until somebody has counted.
    statements: [
      "ALTER TABLE sheets ADD COLUMN order_key TEXT NOT NULL DEFAULT 'a0'",
      'ALTER TABLE sheets ADD COLUMN is_removed INTEGER NOT NULL DEFAULT 0',
      'ALTER TABLE sheets ADD COLUMN row_count INTEGER',
      'ALTER TABLE sheets ADD COLUMN needing INTEGER',
      'CREATE INDEX unsettled_by_sheet ON unsettled (sheet)',
    ],
  },
  {
    version: 8,
    name: 'connections are drafts, paused or removed',
    statements: [
      "ALTER TABLE connections ADD COLUMN state TEXT NOT NULL DEFAULT 'active'",
      "ALTER TABLE connections ADD COLUMN dropped TEXT NOT NULL DEFAULT '[]'",
    ],
  },
  {
    version: 9,
    name: 'runs: what they were about, waiting answers, creates, schedules, settings',
    statements: [
      // about and waiting are JSON; the names are those of the time the run was made.
      "ALTER TABLE runs ADD COLUMN workbook TEXT NOT NULL DEFAULT ''",
      "ALTER TABLE runs ADD COLUMN integration TEXT NOT NULL DEFAULT ''",
      "ALTER TABLE runs ADD COLUMN app TEXT NOT NULL DEFAULT ''",
      "ALTER TABLE runs ADD COLUMN object TEXT NOT NULL DEFAULT ''",
      'ALTER TABLE runs ADD COLUMN about TEXT',
      'ALTER TABLE runs ADD COLUMN waiting TEXT',
      'ALTER TABLE runs ADD COLUMN is_confirmed INTEGER NOT NULL DEFAULT 0',
      // Of a run that is waiting: the answers it keeps, a record a line, and where the next pull would go on. answer is JSON.
      'CREATE TABLE waiting_records (run TEXT NOT NULL, record TEXT NOT NULL, connection TEXT NOT NULL, answer TEXT NOT NULL, PRIMARY KEY (run, record)) STRICT, WITHOUT ROWID',
      'CREATE INDEX waiting_records_by_record ON waiting_records (connection, record)',
      // A record that is to be made of a row. changes is JSON: [{ field, external, sent, item, author }].
      `CREATE TABLE creates (
        key TEXT PRIMARY KEY, run TEXT NOT NULL, connection TEXT NOT NULL, row TEXT NOT NULL, marker TEXT NOT NULL, changes TEXT NOT NULL,
        state TEXT NOT NULL, record_id TEXT, record_key TEXT, sent_at INTEGER NOT NULL
      ) STRICT, WITHOUT ROWID`,
      "CREATE INDEX creates_open ON creates (connection) WHERE state IN ('sent', 'saved', 'unknown')",
      'CREATE INDEX creates_by_run ON creates (run)',
      'CREATE TABLE schedule_state (connection TEXT PRIMARY KEY, scheduled_at INTEGER, nightly_at INTEGER) STRICT, WITHOUT ROWID',
      'CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID',
      'CREATE INDEX receipts_by_run ON receipts (run)',
    ],
  },
  {
    version: 10,
    name: 'who let an integration call its app, and until when',
    statements: [
      // Nothing secret: what signs in is sealed in secrets.
      `CREATE TABLE authorisations (
        integration TEXT PRIMARY KEY, method TEXT NOT NULL, state TEXT NOT NULL, actor TEXT NOT NULL, at INTEGER NOT NULL,
        expires_at INTEGER
      ) STRICT, WITHOUT ROWID`,
    ],
  },
  {
    version: 11,
    name: 'how much is staged in a sheet',
    statements: ['ALTER TABLE sheets ADD COLUMN staged INTEGER'],
  },
  {
    version: 12,
    name: 'ties that were cut and can be taken back; how many records a sheet is tied to',
    statements: [
      // kept is JSON: { key, cursor, mark, cells: [{ field, item, marks }] }.
      `CREATE TABLE unlinked (
        connection TEXT NOT NULL, row TEXT NOT NULL, record TEXT NOT NULL, kept TEXT NOT NULL, at INTEGER NOT NULL,
        PRIMARY KEY (connection, row, record)
      ) STRICT, WITHOUT ROWID`,
      'CREATE INDEX unlinked_by_time ON unlinked (at)',
      // JSON: { connection: records }; null until somebody has counted.
      'ALTER TABLE sheets ADD COLUMN linked TEXT',
    ],
  },
  {
    version: 13,
    name: 'webhooks that apps were asked for',
    statements: [
      `CREATE TABLE app_hooks (
        integration TEXT PRIMARY KEY, hook TEXT, url TEXT NOT NULL, filter TEXT NOT NULL, ends_at INTEGER, at INTEGER NOT NULL,
        problem TEXT
      ) STRICT, WITHOUT ROWID`,
    ],
  },
  {
    version: 14,
    name: 'cells that the plan held have a word of their own',
    statements: [
      // They were written before anything was checked or sent: as many of a run's held lines as its plan counted.
      `UPDATE run_cells SET outcome = 'not-planned' WHERE id IN (
        SELECT id FROM (
          SELECT c.id AS id, row_number() OVER (PARTITION BY c.run ORDER BY c.id) AS place, json_extract(r.counts, '$.held') AS held
          FROM run_cells c JOIN runs r ON r.id = c.run WHERE c.outcome = 'held'
        ) WHERE place <= held
      )`,
    ],
  },
  {
    version: 15,
    name: 'workbooks that were deleted and can be brought back',
    statements: ['ALTER TABLE workbooks ADD COLUMN removed_at INTEGER', 'ALTER TABLE workbooks ADD COLUMN removed_by TEXT'],
  },
]

/** The newest version this program knows. */
export const DATABASE_VERSION = MIGRATIONS.length
