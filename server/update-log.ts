import type { CellValue } from '../workbook/cell-value.ts'

/** One cell's change as observed from the live document; lands with the update that made it, under the same `seq`. */
export interface CellChangeRow {
  readonly row: string
  readonly field: string
  readonly value: CellValue
  readonly base: CellValue
  /** The owner of the item's client id, whoever delivered it. */
  readonly actor: string
  readonly device: string
  /** When, as the writer claims; ms since 1970. */
  readonly at: number
  /** `user`, `pull`, `import`, … */
  readonly origin: string
  /** The item that carried the change, `"<client>:<clock>"`. */
  readonly item: string
}

/** Who brought a Yjs client id into a document first; that binding is never changed. */
export interface ClientIdOwner {
  readonly client: number
  readonly actor: string
  readonly device: string
}

export interface UpdateRecord {
  readonly doc: string
  /** From `takeSeq`, where statements of the same batch need it; absent: the log takes the next one. */
  readonly seq?: number
  readonly update: Uint8Array
  readonly actor: string
  readonly device: string
  readonly origin: string
  /** ms since 1970, the server's clock. */
  readonly at: number
  readonly cellChanges: readonly CellChangeRow[]
  readonly clientIds: readonly ClientIdOwner[]
}

export type SqlValue = string | number | bigint | null | Uint8Array

/** A statement made by a storage module (compiled by Kysely), never text that came from outside. */
export interface SqlOp {
  readonly sql: string
  readonly params: readonly SqlValue[]
}

/** What all updates of a document up to `seq` amount to. */
export interface SnapshotRecord {
  readonly doc: string
  readonly seq: number
  /** The epoch in force, of a base shard. */
  readonly epoch: number
  readonly state: Uint8Array
  /** ms since 1970 */
  readonly at: number
}

/**
 * The append-only log of every update, and the only way to write to the database.
 *
 * Everything handed over within one turn of the event loop is one atomic batch: it is on disk as a whole or not at all, with the
 * update records, their cell changes and the statements of the same turn. Batches reach the disk in order.
 */
export interface UpdateLog {
  /** Joins this turn's batch. @throws LogFailed after the log failed and before it recovered. */
  append(record: UpdateRecord): void
  /** Joins this turn's batch: commits together with the updates of this turn. @throws LogFailed as `append`. */
  execute(ops: readonly SqlOp[]): void
  /**
   * Keeps a snapshot, compressed as it will be delivered. It is written some time after the updates it covers are on disk, never before, and
   * is not waited for by `durable`: all it says is in the log too. @throws LogFailed as `append`.
   */
  keepSnapshot(record: SnapshotRecord): void
  /**
   * Resolves when everything handed over before is on disk; rejects when it will never be. Call it in the same turn as the work it is
   * to cover: once the log has failed and recovered, a later call knows nothing of work that was lost.
   */
  durable(): Promise<void>
  /** A number for an update that is about to be appended; one counter for all documents, so that it also orders them. */
  takeSeq(): number
  /** A commit failed for good: everything not yet on disk is lost and live documents are ahead of the log. */
  readonly onFailed: (listener: (error: Error) => void) => void
  stop(): Promise<void>
}

/** The log does not take anything until it has recovered: nothing of this turn will be saved. */
export class LogFailed extends Error {
  constructor(cause: unknown) {
    super('The disk does not take changes. Nothing since the last acknowledgement is saved; the server tries again by itself.', { cause })
    this.name = 'LogFailed'
  }
}
