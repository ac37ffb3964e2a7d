import type { Generated } from 'kysely'

/** The tables as Kysely sees them; each storage module adds its own. Times are ms since 1970. */
export interface Tables {
  meta: { key: string; value: string }
  update_log: { seq: number; doc: string; update: Uint8Array; actor: string; device: string; origin: string; at: number }
  snapshots: { doc: string; seq: number; state: Uint8Array; at: number; encoding: string; epoch: number }
  client_ids: { doc: string; client: number; actor: string; device: string }
  cell_changes: {
    doc: string
    seq: number
    row: string
    field: string
    /** JSON of the cell's value. */
    value: string
    /** JSON of the value the edit was based on. */
    base: string
    actor: string
    device: string
    at: number
    origin: string
    item: string
  }
  unsettled: { connection: string; sheet: string; row: string; field: string; seq: number }
  devices: { id: string; name: string; color: string; created_at: number }
  sessions: { token_hash: string; device: string; created_at: number; used_at: number }
  secrets: { name: string; envelope: string; at: number }
  authorisations: { integration: string; method: string; state: string; actor: string; at: number; expires_at: number | null }
  app_hooks: {
    integration: string
    hook: string | null
    url: string
    filter: string
    ends_at: number | null
    at: number
    problem: string | null
  }
  workbooks: {
    id: string
    name: string
    created_at: number
    updated_at: number
    removed_at: Generated<number | null>
    removed_by: Generated<string | null>
  }
  sheets: {
    id: string
    workbook: string
    name: string
    ord: number
    order_key: Generated<string>
    is_removed: Generated<number>
    row_count: number | null
    needing: number | null
    staged: number | null
    /** JSON of the records by connection. */
    linked: string | null
  }
  integrations: {
    id: string
    app: string
    name: string
    base_url: string
    account: string
    is_on: number
    /** JSON array, or null for everything the credential sees. */
    limited_to: string | null
    is_sandbox: number
    created_at: number
  }
  objects: {
    id: string
    integration: string
    name: string
    external: string
    external_name: Generated<string>
    direction: string
    schedule: number | null
    is_nightly: Generated<number>
    /** JSON of ObjectMapping[]. */
    mappings: Generated<string>
    /** JSON of an ObjectDescription. */
    description: Generated<string | null>
    described_at: Generated<number | null>
    created_at: Generated<number>
  }
  connections: {
    id: string
    workbook: string
    sheet: string
    object: string
    key_field: string
    fields: string
    filter: string
    on_conflict: string
    description: string | null
    cursor: string | null
    latest_pull_at: number | null
    latest_pull_records: number | null
    latest_pull_failed: Generated<number>
    /** A ConnectionState. */
    state: Generated<string>
    /** As `fields`: those that were removed. */
    dropped: Generated<string>
  }
  runs: {
    id: string
    connection: string
    kind: string
    mode: string
    trigger: string
    state: string
    actor: string
    /** JSON of the RunOrder. */
    job: string
    priority: number
    fence: number
    lease_until: number | null
    created_at: number
    started_at: number | null
    ended_at: number | null
    counts: string
    error: string | null
    workbook: Generated<string>
    integration: Generated<string>
    app: Generated<string>
    object: Generated<string>
    /** JSON of the names when it was made. */
    about: string | null
    /** JSON: how much a waiting run would change. */
    waiting: string | null
    is_confirmed: Generated<number>
  }
  /** answer is JSON of the record. */
  waiting_records: { run: string; record: string; connection: string; answer: string }
  creates: {
    key: string
    run: string
    connection: string
    row: string
    marker: string
    /** JSON */
    changes: string
    state: string
    record_id: string | null
    record_key: string | null
    sent_at: number
  }
  schedule_state: { connection: string; scheduled_at: number | null; nightly_at: number | null }
  settings: { name: string; value: string }
  run_transitions: { id: Generated<number>; run: string; state: string; at: number; note: string | null }
  run_calls: {
    id: Generated<number>
    run: string
    kind: string
    method: string
    path: string
    status: number | null
    ms: number
    attempt: number
    at: number
    request_body: string | null
    note: string | null
  }
  /** base, value and got are JSON. */
  run_cells: {
    id: Generated<number>
    run: string
    sheet: string
    row: string
    field: string
    record_id: string
    record_key: string
    base: string
    value: string
    got: string
    outcome: string
    note: string | null
    author: string
    at: number
  }
  /** sent, base and answered are JSON. */
  receipts: {
    key: string
    run: string
    connection: string
    row: string
    field: string
    external: string
    record_id: string
    record_key: string
    sent: string
    base: string
    item: string
    author: string
    state: string
    answered: string | null
    at: number
  }
  settled_pushes: {
    sheet: string
    row: string
    field: string
    item: string
    base: string
    sent: string
    stored: string
    rebase: string
    author: string
  }
  credits: {
    id: Generated<number>
    run: string
    connection: string
    at: number
    pushed: number
    pulled: number
    linked: number
    refreshed: number
    searched: number
  }
  shared_links: {
    id: string
    workbook: string
    role: string
    name: string
    token_hash: string
    token_end: string
    created_by: string
    created_at: number
    expires_at: number | null
    revoked_at: number | null
    revoked_by: string | null
    last_used_at: number | null
    uses: number
  }
  guests: { id: string; token_hash: string; name: string; color: string; created_at: number; used_at: number }
  guest_links: { guest: string; link: string; at: number }
  last_seen: { workbook: string; person: string; at: number }
  previews: { plan: string; connection: string; frozen: string; at: number }
  imports: {
    id: string
    workbook: string
    sheet: string
    new_sheet: string | null
    actor: string
    name: string
    state: string
    /** JSON of the columns. */
    columns: string
    rows: number
    chunks_written: number
    rows_written: number
    created_at: number
  }
  import_chunks: { import: string; chunk: number; count: number; rows: string }
}
