import { Worker } from 'node:worker_threads'
import { StartError } from '../start-error.ts'
import {
  type CellChangeRow,
  LogFailed,
  type SnapshotRecord,
  type SqlOp,
  type SqlValue,
  type UpdateLog,
  type UpdateRecord,
} from '../update-log.ts'
import type { FromWriter, PackedOp, PackedSnapshot, PackedUpdate, ToWriter, WriterOptions } from './writer-protocol.ts'

export interface SqliteLogOptions extends WriterOptions {
  /** Makes the writer's thread; a test keeps hold of it to end it. */
  readonly createWorker?: (options: WriterOptions) => Worker
}

const createWriterThread = (options: WriterOptions): Worker =>
  new Worker(new URL('./writer.ts', import.meta.url), { workerData: options, execArgv: [], name: 'tidebook log' })

/** Longest the writer may take to commit what is left and close. ms */
const STOP_MS = 4_000

interface Waiter {
  readonly id: number
  readonly promise: Promise<void>
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

interface OpenBatch {
  readonly id: number
  readonly items: (PackedUpdate | PackedSnapshot | PackedOp)[]
  readonly updates: Uint8Array[]
  byteCount: number
}

/** The update log over SQLite: batches go to the writer's thread, the main thread never waits for the disk. */
export class SqliteUpdateLog implements UpdateLog {
  readonly #options: SqliteLogOptions
  readonly #listeners: ((error: Error) => void)[] = []
  #worker: Worker
  #state: 'open' | 'failed' | 'stopped' = 'open'
  #failure: Error | undefined
  #epoch = 0
  #nextSeq: number
  #nextBatchId = 1
  #committedId = 0
  #open: OpenBatch | undefined
  #waiters: Waiter[] = []
  #onProbed: ((error: string | null) => void) | undefined
  #onStopped: (() => void) | undefined

  /** @throws StartError where the database is damaged, newer than the program or cannot be opened. */
  static async open(options: SqliteLogOptions): Promise<SqliteUpdateLog> {
    const started = await startWriter(options)
    return new SqliteUpdateLog(options, started.worker, started.lastSeq)
  }

  private constructor(options: SqliteLogOptions, worker: Worker, lastSeq: number) {
    this.#options = options
    this.#worker = worker
    this.#nextSeq = lastSeq + 1
    this.#listen(worker)
  }

  takeSeq(): number {
    // Opened here and not at the append, so that the batch is on its way to the disk before the turn's broadcasts go out.
    this.#batch()
    return this.#nextSeq++
  }

  readonly onFailed = (listener: (error: Error) => void): void => {
    this.#listeners.push(listener)
  }

  append(record: UpdateRecord): void {
    const batch = this.#batch()
    batch.items.push({
      kind: 'update',
      seq: record.seq ?? this.takeSeq(),
      doc: record.doc,
      from: batch.byteCount,
      to: batch.byteCount + record.update.byteLength,
      actor: record.actor,
      device: record.device,
      origin: record.origin,
      at: record.at,
      cells: record.cellChanges.length === 0 ? NOTHING : record.cellChanges.flatMap(packCell),
      owners: record.clientIds.length === 0 ? NOTHING : record.clientIds.flatMap(({ client, actor, device }) => [client, actor, device]),
    })
    batch.updates.push(record.update)
    batch.byteCount += record.update.byteLength
  }

  execute(ops: readonly SqlOp[]): void {
    if (ops.length === 0) return
    const { items } = this.#batch()
    for (const { sql, params } of ops) items.push({ kind: 'op', sql, params })
  }

  keepSnapshot({ state, ...record }: SnapshotRecord): void {
    const batch = this.#batch()
    batch.items.push({ kind: 'snapshot', ...record, from: batch.byteCount, to: batch.byteCount + state.byteLength })
    batch.updates.push(state)
    batch.byteCount += state.byteLength
  }

  durable(): Promise<void> {
    if (this.#state !== 'open') return Promise.reject(this.#refusal())
    const id = this.#nextBatchId - 1
    if (this.#committedId >= id) return Promise.resolve()
    const last = this.#waiters.at(-1)
    if (last?.id === id) return last.promise
    const waiter = { id, ...Promise.withResolvers<void>() }
    // A failure reaches whoever holds the promise; nobody need hold it.
    waiter.promise.catch(() => undefined)
    this.#waiters.push(waiter)
    return waiter.promise
  }

  /** Tries one commit after a failure; resolves when the log takes updates again, rejects when the disk still refuses. */
  async recover(): Promise<void> {
    if (this.#state === 'stopped') throw this.#refusal()
    if (this.#state === 'open') return
    if (this.#worker.threadId === -1) {
      const { worker } = await startWriter(this.#options)
      this.#worker = worker
      this.#listen(worker)
    }
    const epoch = this.#epoch
    const error = await new Promise<string | null>((resolve) => {
      this.#onProbed = resolve
      this.#send({ kind: 'probe', epoch })
    })
    if (error !== null) throw new Error(error)
    this.#failure = undefined
    this.#state = 'open'
  }

  async stop(): Promise<void> {
    if (this.#state === 'stopped') return
    this.#flush()
    const isRunning = this.#worker.threadId !== -1
    this.#state = 'stopped'
    if (isRunning) {
      const timer = Promise.withResolvers<void>()
      const timeout = setTimeout(timer.resolve, STOP_MS)
      const stopped = new Promise<void>((resolve) => {
        this.#onStopped = resolve
        this.#send({ kind: 'stop' })
      })
      await Promise.race([stopped, timer.promise])
      clearTimeout(timeout)
      await this.#worker.terminate()
    }
    this.#rejectWaiters(new LogFailed(new Error('the server stops')))
  }

  #refusal(): Error {
    return new LogFailed(this.#failure ?? new Error('the log is stopped'))
  }

  #batch(): OpenBatch {
    if (this.#state !== 'open') throw this.#refusal()
    if (this.#open === undefined) {
      this.#open = { id: this.#nextBatchId++, items: [], updates: [], byteCount: 0 }
      // The end of the turn, after every message that was waiting on the sockets: what arrived together is committed together.
      setImmediate(() => this.#flush())
    }
    return this.#open
  }

  #flush(): void {
    const batch = this.#open
    if (batch === undefined) return
    this.#open = undefined
    const bytes = new Uint8Array(batch.byteCount)
    let at = 0
    for (const update of batch.updates) {
      bytes.set(update, at)
      at += update.byteLength
    }
    this.#worker.postMessage({ kind: 'batch', epoch: this.#epoch, id: batch.id, bytes, items: batch.items } satisfies ToWriter, [
      bytes.buffer,
    ])
  }

  #send(message: ToWriter): void {
    this.#worker.postMessage(message)
  }

  #listen(worker: Worker): void {
    worker.on('message', (message: FromWriter) => this.#receive(message))
    worker.on('error', (error: Error) => this.#onWriterGone(worker, error))
    worker.on('exit', (code) => this.#onWriterGone(worker, new Error(`the writer's thread ended (${code})`)))
  }

  #receive(message: FromWriter): void {
    switch (message.kind) {
      case 'committed':
        if (message.epoch === this.#epoch && this.#state !== 'failed') this.#settle(message.id)
        return
      case 'failed':
        if (message.epoch === this.#epoch) this.#fail(new Error(message.message))
        return
      case 'probed':
        if (message.epoch === this.#epoch) this.#onProbed?.(message.error)
        return
      case 'stopped':
        this.#onStopped?.()
        return
      case 'ready':
      case 'broken':
        return
    }
  }

  #settle(id: number): void {
    this.#committedId = id
    let done = 0
    for (const waiter of this.#waiters) {
      if (waiter.id > id) break
      waiter.resolve()
      done++
    }
    this.#waiters.splice(0, done)
  }

  #onWriterGone(worker: Worker, error: Error): void {
    if (worker !== this.#worker) return
    this.#onStopped?.()
    this.#onProbed?.(error.message)
    if (this.#state === 'open') this.#fail(error)
  }

  #fail(error: Error): void {
    if (this.#state !== 'open') return
    this.#state = 'failed'
    this.#failure = error
    this.#epoch++
    this.#open = undefined
    this.#committedId = this.#nextBatchId - 1
    this.#rejectWaiters(new LogFailed(error))
    for (const listener of this.#listeners) listener(error)
  }

  #rejectWaiters(error: Error): void {
    for (const waiter of this.#waiters.splice(0)) waiter.reject(error)
  }
}

const NOTHING: readonly SqlValue[] = []

const packCell = (change: CellChangeRow): SqlValue[] => [
  change.row,
  change.field,
  JSON.stringify(change.value),
  JSON.stringify(change.base),
  change.actor,
  change.device,
  change.at,
  change.origin,
  change.item,
]

async function startWriter(options: SqliteLogOptions): Promise<{ worker: Worker; lastSeq: number }> {
  const { createWorker = createWriterThread, ...writerOptions } = options
  const worker = createWorker(writerOptions)
  const message = await new Promise<FromWriter>((resolve, reject) => {
    worker.once('message', resolve)
    worker.once('error', reject)
    worker.once('exit', () => reject(new Error('The thread that writes the database ended while it started.')))
  })
  if (message.kind === 'ready') return { worker, lastSeq: message.lastSeq }
  await worker.terminate()
  throw message.kind === 'broken' ? StartError.ofMessage(message.message) : new Error(`Unexpected first message: ${message.kind}`)
}
