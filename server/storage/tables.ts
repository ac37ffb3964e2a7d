/** The tables as Kysely sees them; each storage module adds its own. Times are ms since 1970. */
export interface Tables {
  meta: { key: string; value: string }
  update_log: { seq: number; doc: string; update: Uint8Array; actor: string; device: string; origin: string; at: number }
  snapshots: { doc: string; seq: number; state: Uint8Array; at: number }
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
}
