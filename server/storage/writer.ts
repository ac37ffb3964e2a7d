import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import { StartError } from '../start-error.ts'
import { openWriter, sqliteErrorCode } from './database.ts'
import { saveShardOp } from './document-store.ts'
import {
  CELL_WIDTH,
  type FromWriter,
  OWNER_WIDTH,
  type PackedSnapshot,
  type PackedUpdate,
  type ToWriter,
  type WriterOptions,
} from './writer-protocol.ts'

// The worker thread that is the only writer of the database: takes batches, commits them in order, several at once where they wait.

type Batch = Extract<ToWriter, { kind: 'batch' }>

/** Items in one commit: enough for full speed, few enough that a commit stays short. */
const ITEMS_PER_COMMIT = 4_000
/** How long the snapshots that still wait may hold up the end. ms */
const LAST_SNAPSHOTS_MS = 2_000
const FIRST_RETRY_MS = 5
const LONGEST_RETRY_MS = 400
const CACHED_STATEMENTS = 300

/** Errors that may pass by themselves: busy, locked, no memory, read-only, I/O, full, cannot open, protocol. Others are ours: no retry helps. */
const PASSING_ERRORS: ReadonlySet<number> = new Set([5, 6, 7, 8, 10, 13, 14, 15])

class Writer {
  readonly #db: DatabaseSync
  readonly #port: MessagePort
  readonly #retryMs: number
  readonly #statements = new Map<string, StatementSync>()
  #queue: Batch[] = []
  /** Snapshots of what is committed: compressed one at a time, between commits. */
  #snapshots: { readonly head: PackedSnapshot; readonly state: Uint8Array }[] = []
  #isKeeping = false
  #epoch = 0
  #failingSince: number | undefined
  #tries = 0
  #timer: NodeJS.Timeout | undefined
  #isStopping = false

  constructor(db: DatabaseSync, port: MessagePort, retryMs: number) {
    this.#db = db
    this.#port = port
    this.#retryMs = retryMs
  }

  start(): void {
    const row = this.#db.prepare('SELECT max(seq) AS seq FROM update_log').get() as { seq: number | null }
    this.#port.on('message', (message: ToWriter) => {
      this.#take(message)
      // What arrived meanwhile joins this commit: the longer a commit takes, the more the next one carries.
      for (let more = receiveMessageOnPort(this.#port); more; more = receiveMessageOnPort(this.#port)) this.#take(more.message as ToWriter)
      if (this.#timer === undefined) this.#drain()
    })
    this.#post({ kind: 'ready', lastSeq: row.seq ?? 0 })
  }

  #post(message: FromWriter): void {
    this.#port.postMessage(message)
  }

  #take(message: ToWriter): void {
    if (message.kind === 'batch') {
      if (message.epoch === this.#epoch) this.#queue.push(message)
    } else if (message.kind === 'probe') this.#probe(message.epoch)
    else this.#isStopping = true
  }

  #drain(): void {
    this.#timer = undefined
    while (this.#queue.length > 0) {
      const group = this.#nextGroup()
      try {
        this.#commit(group)
      } catch (error) {
        this.#onCommitError(error)
        return
      }
      this.#queue.splice(0, group.length)
      this.#failingSince = undefined
      this.#tries = 0
      this.#post({ kind: 'committed', epoch: this.#epoch, id: group.at(-1)?.id ?? 0 })
      for (const { bytes, items } of group) {
        for (const item of items)
          if (item.kind === 'snapshot') this.#snapshots.push({ head: item, state: bytes.subarray(item.from, item.to) })
      }
    }
    this.#keepNext()
    if (this.#isStopping) this.#close()
  }

  /** The batches of the next commit. After an error the head goes alone, so that one bad batch holds up none before it. */
  #nextGroup(): Batch[] {
    if (this.#tries > 0) return this.#queue.slice(0, 1)
    let items = 0
    const end = this.#queue.findIndex((batch) => {
      items += batch.items.length
      return items > ITEMS_PER_COMMIT
    })
    return end === -1 ? this.#queue.slice() : this.#queue.slice(0, Math.max(1, end))
  }

  #commit(batches: readonly Batch[]): void {
    this.#transaction(() => {
      for (const { bytes, items } of batches) {
        for (const item of items) {
          if (item.kind === 'update') this.#insertUpdate(item, bytes.subarray(item.from, item.to))
          else if (item.kind === 'op') this.#statement(item.sql).run(...item.params)
        }
      }
    })
  }

  #insertUpdate(item: PackedUpdate, update: Uint8Array): void {
    const { seq, doc, actor, device, origin, at, cells, owners } = item
    this.#statement('INSERT INTO update_log (seq, doc, "update", actor, device, origin, at) VALUES (?, ?, ?, ?, ?, ?, ?)').run(
      seq,
      doc,
      update,
      actor,
      device,
      origin,
      at,
    )
    for (let i = 0; i < owners.length; i += OWNER_WIDTH) {
      this.#statement('INSERT OR IGNORE INTO client_ids (doc, client, actor, device) VALUES (?, ?, ?, ?)').run(
        doc,
        ...owners.slice(i, i + OWNER_WIDTH),
      )
    }
    for (let i = 0; i < cells.length; i += CELL_WIDTH) {
      this.#statement(
        'INSERT INTO cell_changes (doc, seq, row, field, value, base, actor, device, at, origin, item) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
      ).run(doc, seq, ...cells.slice(i, i + CELL_WIDTH))
    }
  }

  /** One snapshot a turn, so that a commit waits for one compression at most. */
  #keepNext(): void {
    if (this.#isKeeping || this.#snapshots.length === 0) return
    this.#isKeeping = true
    setImmediate(() => {
      this.#isKeeping = false
      // A commit that is tried again goes first, and what had stopped has closed the database.
      if (this.#timer !== undefined || this.#isStopping) return
      this.#keepSnapshot()
      this.#keepNext()
    })
  }

  #keepSnapshot(): void {
    const next = this.#snapshots.shift()
    if (next === undefined) return
    try {
      const { sql, params } = saveShardOp({ ...next.head, state: next.state })
      this.#transaction(() => this.#statement(sql).run(...params))
    } catch {
      // Nothing is lost: the log has it all. A disk that refuses this will refuse the next commit, which says so.
      this.#snapshots = []
    }
  }

  #transaction(body: () => void): void {
    this.#db.exec('BEGIN IMMEDIATE')
    try {
      body()
      this.#db.exec('COMMIT')
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK')
      throw error
    }
  }

  #statement(sql: string): StatementSync {
    const known = this.#statements.get(sql)
    if (known) return known
    if (this.#statements.size >= CACHED_STATEMENTS) this.#statements.clear()
    const made = this.#db.prepare(sql)
    this.#statements.set(sql, made)
    return made
  }

  #onCommitError(error: unknown): void {
    const now = performance.now()
    this.#failingSince ??= now
    const isGroup = this.#tries === 0 && this.#queue.length > 1
    this.#tries++
    const mayPass = PASSING_ERRORS.has(sqliteErrorCode(error))
    if (isGroup || (mayPass && now - this.#failingSince < this.#retryMs && !this.#isStopping)) {
      const waitMs = mayPass ? Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** (this.#tries - 1)) : 0
      this.#timer = setTimeout(() => this.#drain(), waitMs)
      return
    }
    this.#queue = []
    this.#failingSince = undefined
    this.#tries = 0
    const epoch = this.#epoch
    // No batch is taken until a probe names the next epoch: those under way belong to documents that are ahead of the log.
    this.#epoch = -1
    this.#post({ kind: 'failed', epoch, message: error instanceof Error ? error.message : String(error) })
    if (this.#isStopping) this.#close()
  }

  #probe(epoch: number): void {
    try {
      this.#transaction(() => {
        this.#statement("INSERT OR REPLACE INTO meta (key, value) VALUES ('probe', ?)").run(String(epoch))
      })
      this.#epoch = epoch
      this.#post({ kind: 'probed', epoch, error: null })
    } catch (error) {
      this.#post({ kind: 'probed', epoch, error: error instanceof Error ? error.message : String(error) })
    }
  }

  #close(): void {
    const until = performance.now() + LAST_SNAPSHOTS_MS
    while (this.#snapshots.length > 0 && performance.now() < until) this.#keepSnapshot()
    this.#statements.clear()
    this.#db.close()
    this.#post({ kind: 'stopped' })
    this.#port.close()
  }
}

function main(): void {
  const port = parentPort
  if (port === null) throw new Error('The writer runs in a worker thread only')
  const options = workerData as WriterOptions
  try {
    new Writer(openWriter(options.dataFolder), port, options.retryMs).start()
  } catch (error) {
    if (!(error instanceof StartError)) throw error
    port.postMessage({ kind: 'broken', message: error.message } satisfies FromWriter)
  }
}

main()
