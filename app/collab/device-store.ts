import { type DBSchema, deleteDB, type IDBPDatabase, type IDBPTransaction, openDB, type StoreNames } from 'idb'

/** What this device holds of a document: a snapshot, and behind it the updates that came since. */
export interface KeptDocument {
  readonly snapshot?: Uint8Array
  readonly tail: readonly Uint8Array[]
  /** How far the server's feed is contained, in the words of whoever wrote it. */
  readonly mark?: string
}

/**
 * How this browser's storage stands.
 * - `opening`: not known yet
 * - `kept`: what is handed over is kept
 * - `none`: this browser keeps nothing for this page, as some private windows
 * - `blocked`: another window runs an older version of the app and holds the storage
 * - `outdated`: this window is the older one; the storage has moved on
 * - `full`: there is no room
 * - `failing`: writing does not succeed for another reason
 */
export type DeviceHealth = 'opening' | 'kept' | 'none' | 'blocked' | 'outdated' | 'full' | 'failing'

/** Something was not written on this device. What is in memory is as it was. */
export class DeviceFailure extends Error {
  readonly health: DeviceHealth
  constructor(health: DeviceHealth, options?: ErrorOptions) {
    super(`This device did not keep it: ${health}.`, options)
    this.health = health
  }
}

/** Edits of one document that the server has not confirmed, as they were made. */
export interface UnsentEdits {
  readonly name: string
  readonly updates: readonly Uint8Array[]
}

/**
 * Documents and small plain values kept on this device. Windows of one browser share it without agreeing on anything: each appends under
 * its own name, and removes only what it has itself read or written.
 */
export interface DeviceStore {
  readonly health: DeviceHealth
  /** Grows each time the storage was opened anew after it was taken away: what it held may be gone, so everything is to be written again. */
  readonly openings: number
  /** The name under which this window appends. */
  readonly window: string
  /** Tells of changes of `health` and `openings`. */
  subscribe(listener: () => void): () => void

  get(key: string): Promise<unknown>
  /** @throws DeviceFailure */
  set(key: string, value: unknown): Promise<void>
  remove(key: string): Promise<void>
  /** The small values whose keys begin with `prefix`. */
  values(prefix: string): Promise<readonly unknown[]>

  /** `undefined` where nothing is kept. */
  load(name: string): Promise<KeptDocument | undefined>
  /**
   * Resolves once the transaction is complete. The write is issued before this call returns.
   * @throws DeviceFailure
   */
  append(name: string, update: Uint8Array, mark?: string): Promise<void>
  /**
   * Like `append`, for an edit made here: it also stays in the list of unsent edits until it is confirmed. `before` are updates the edit
   * stands on and that were not appended yet. `at` is the edit's number in this window.
   */
  appendEdit(name: string, update: Uint8Array, before?: readonly Uint8Array[]): { readonly at: number; readonly done: Promise<void> }
  /**
   * Puts a snapshot in the place of what this window has loaded and appended under this name; it must contain all of that. What another
   * window wrote meanwhile stays beside it.
   * @throws DeviceFailure
   */
  replace(name: string, snapshot: Uint8Array, mark?: string): Promise<void>
  /** Drops from the unsent edits of a window what it made up to number `at`. */
  confirm(name: string, window: string, at: number): Promise<void>
  /** Unsent edits of every document whose name begins with `prefix`. */
  unsent(prefix: string): Promise<readonly UnsentEdits[]>
  /** Removes every document whose name begins with `prefix`. */
  forget(prefix: string): Promise<void>
  /** Bytes of the documents whose names begin with `prefix`. */
  sizeOf(prefix: string): Promise<number>
  /** Takes over what an earlier version of the app kept under `older` in a database of its own; that database is then deleted. */
  takeOver(older: string, name: string): Promise<void>
  close(): void
}

/** Where a document of a workbook is kept for a person. */
export const deviceName = (person: string, workbook: string, document: string): string => `${devicePrefix(person, workbook)}${document}`

/** What the names of all documents of a workbook begin with. */
export const devicePrefix = (person: string, workbook: string): string => `${person}/${workbook}/`

type TailKey = [name: string, window: string, at: number]

interface Schema extends DBSchema {
  values: { key: string; value: unknown }
  snapshots: { key: string; value: Uint8Array }
  /** Read without the bytes: which snapshot stands, and how large it is. */
  heads: { key: string; value: { readonly version: string; readonly bytes: number } }
  marks: { key: string; value: string }
  tail: { key: TailKey; value: Uint8Array }
  unsent: { key: TailKey; value: Uint8Array }
}

const DATABASE = 'tidebook'
const VERSION = 2
const DOCUMENT_STORES = ['snapshots', 'heads', 'marks', 'tail', 'unsent'] as const satisfies readonly StoreNames<Schema>[]

/** How long to wait before storage that was taken away is opened once more. ms. */
const REOPEN_MS = [100, 500, 2_000, 10_000] as const

/** What this window has read or written under a name: it alone may be replaced by this window's snapshot. */
interface Known {
  version: string | undefined
  /** Window → the number of its last update that is known. */
  readonly rows: Map<string, number>
}

/** Behind every text that begins with `prefix`. */
const endOf = (prefix: string): string => `${prefix}\uffff`
const namesFrom = (prefix: string): IDBKeyRange => IDBKeyRange.bound(prefix, endOf(prefix))
const rowsFrom = (prefix: string): IDBKeyRange => IDBKeyRange.bound([prefix], [endOf(prefix)])
const rowsOf = (name: string): IDBKeyRange => IDBKeyRange.bound([name], [name, []])
const rowsUpTo = (name: string, window: string, at: number): IDBKeyRange => IDBKeyRange.bound([name, window], [name, window, at])

class IndexedDeviceStore implements DeviceStore {
  readonly window: string
  readonly #listeners = new Set<() => void>()
  readonly #known = new Map<string, Known>()
  #database: IDBPDatabase<Schema> | undefined
  #health: DeviceHealth = 'opening'
  #openings = 0
  #reopenings = 0
  #reopening: ReturnType<typeof setTimeout> | undefined
  #at = 0
  #older: Promise<ReadonlySet<string>> | undefined
  #isClosed = false

  constructor(window: string) {
    this.window = window
  }

  get health(): DeviceHealth {
    return this.#health
  }

  get openings(): number {
    return this.#openings
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Resolves once it is known how the storage stands; where it is blocked it opens later, by itself. */
  open(): Promise<void> {
    return new Promise((resolve) => {
      // Some browsers throw where others reject.
      const opening = (async () =>
        openDB<Schema>(DATABASE, VERSION, {
          upgrade: (database, before) => {
            if (before < 1) database.createObjectStore('values')
            if (before < 2) for (const name of DOCUMENT_STORES) database.createObjectStore(name)
          },
          blocked: () => {
            this.#set('blocked')
            resolve()
          },
          blocking: (_, wanted) => this.#giveWay(wanted),
          terminated: () => this.#openAgain(),
        }))()
      opening.then(
        (database) => {
          if (this.#isClosed) database.close()
          else {
            this.#database = database
            this.#openings++
            this.#reopenings = 0
            this.#set('kept', true)
          }
          resolve()
        },
        (error: unknown) => {
          const isOutdated = nameOf(error) === 'VersionError'
          this.#set(isOutdated ? 'outdated' : 'none')
          // What was open a moment ago opens again, once what took it away is over; a browser that keeps nothing is asked a few times.
          if (!isOutdated && (this.#openings > 0 || this.#reopenings < REOPEN_MS.length)) this.#openLater()
          resolve()
        },
      )
    })
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#reopening)
    this.#listeners.clear()
    this.#database?.close()
  }

  async get(key: string): Promise<unknown> {
    return this.#database === undefined ? undefined : this.#read((database) => database.get('values', key))
  }

  set(key: string, value: unknown): Promise<void> {
    return this.#write(['values'], (transaction) => [transaction.objectStore('values').put(value, key)], { isProof: false })
  }

  remove(key: string): Promise<void> {
    return this.#write(['values'], (transaction) => [transaction.objectStore('values').delete(key)], { isProof: false })
  }

  async values(prefix: string): Promise<readonly unknown[]> {
    return this.#database === undefined ? [] : this.#read((database) => database.getAll('values', namesFrom(prefix)))
  }

  async load(name: string): Promise<KeptDocument | undefined> {
    if (this.#database === undefined) return undefined
    const [snapshot, head, mark, keys, tail] = await this.#read((database) => {
      const transaction = database.transaction(['snapshots', 'heads', 'marks', 'tail'], 'readonly')
      return Promise.all([
        transaction.objectStore('snapshots').get(name),
        transaction.objectStore('heads').get(name),
        transaction.objectStore('marks').get(name),
        transaction.objectStore('tail').getAllKeys(rowsOf(name)),
        transaction.objectStore('tail').getAll(rowsOf(name)),
      ])
    })
    const known = this.#knownOf(name)
    known.version = head?.version
    for (const [, window, at] of keys) known.rows.set(window, Math.max(at, known.rows.get(window) ?? 0))
    if (snapshot === undefined && tail.length === 0) return undefined
    return { tail, ...(snapshot !== undefined && { snapshot }), ...(mark !== undefined && { mark }) }
  }

  append(name: string, update: Uint8Array, mark?: string): Promise<void> {
    const key = this.#nextKey(name)
    const ask = (transaction: IDBPTransaction<Schema, ('tail' | 'marks')[], 'readwrite'>) => [
      transaction.objectStore('tail').put(update, key),
      ...(mark === undefined ? [] : [transaction.objectStore('marks').put(mark, name)]),
    ]
    // The server has it: a power cut may cost the last moment of it, a crash of the page nothing.
    return this.#write<('tail' | 'marks')[]>(mark === undefined ? ['tail'] : ['tail', 'marks'], ask, { durability: 'relaxed' })
  }

  appendEdit(name: string, update: Uint8Array, before: readonly Uint8Array[] = []): { at: number; done: Promise<void> } {
    const earlier = before.map((row) => ({ row, key: this.#nextKey(name) }))
    const key = this.#nextKey(name)
    const done = this.#write(['tail', 'unsent'], (transaction) => [
      ...earlier.map((e) => transaction.objectStore('tail').put(e.row, e.key)),
      transaction.objectStore('tail').put(update, key),
      transaction.objectStore('unsent').put(update, key),
    ])
    return { at: key[2], done }
  }

  async replace(name: string, snapshot: Uint8Array, mark?: string): Promise<void> {
    const known = this.#knownOf(name)
    const covered = [...known.rows]
    const key = this.#nextKey(name)
    const version = `${this.window}.${key[2]}`
    await this.#update(['snapshots', 'heads', 'marks', 'tail'], async (transaction) => {
      const head = await transaction.objectStore('heads').get(name)
      const isMine = head?.version === known.version
      const tail = transaction.objectStore('tail')
      const asked: Promise<unknown>[] = covered.map(([window, at]) => tail.delete(rowsUpTo(name, window, at)))
      if (isMine) {
        asked.push(transaction.objectStore('snapshots').put(snapshot, name))
        asked.push(transaction.objectStore('heads').put({ version, bytes: snapshot.byteLength }, name))
      } else {
        // Another window's snapshot stands there and holds what this one has not read: this one goes beside it.
        asked.push(tail.put(snapshot, key))
      }
      if (mark !== undefined) asked.push(transaction.objectStore('marks').put(mark, name))
      await Promise.all(asked)
      if (isMine) known.version = version
    })
  }

  confirm(name: string, window: string, at: number): Promise<void> {
    return this.#write(['unsent'], (transaction) => [transaction.objectStore('unsent').delete(rowsUpTo(name, window, at))], {
      durability: 'relaxed',
      isProof: false,
    })
  }

  async unsent(prefix: string): Promise<readonly UnsentEdits[]> {
    if (this.#database === undefined) return []
    const [keys, rows] = await this.#read((database) => {
      const store = database.transaction('unsent', 'readonly').store
      return Promise.all([store.getAllKeys(rowsFrom(prefix)), store.getAll(rowsFrom(prefix))])
    })
    const updates = new Map<string, Uint8Array[]>()
    for (const [i, [name]] of keys.entries()) {
      const row = rows[i]
      if (row !== undefined) updates.set(name, [...(updates.get(name) ?? []), row])
    }
    return [...updates].map(([name, list]) => ({ name, updates: list }))
  }

  async forget(prefix: string): Promise<void> {
    for (const name of this.#known.keys()) if (name.startsWith(prefix)) this.#known.delete(name)
    await this.#write(DOCUMENT_STORES, (transaction) => [
      ...(['snapshots', 'heads', 'marks'] as const).map((store) => transaction.objectStore(store).delete(namesFrom(prefix))),
      ...(['tail', 'unsent'] as const).map((store) => transaction.objectStore(store).delete(rowsFrom(prefix))),
    ])
  }

  async sizeOf(prefix: string): Promise<number> {
    if (this.#database === undefined) return 0
    const [heads, tail, unsent] = await this.#read((database) => {
      const transaction = database.transaction(['heads', 'tail', 'unsent'], 'readonly')
      return Promise.all([
        transaction.objectStore('heads').getAll(namesFrom(prefix)),
        transaction.objectStore('tail').getAll(rowsFrom(prefix)),
        transaction.objectStore('unsent').getAll(rowsFrom(prefix)),
      ])
    })
    let bytes = 0
    for (const head of heads) bytes += head.bytes
    for (const row of [...tail, ...unsent]) bytes += row.byteLength
    return bytes
  }

  async takeOver(older: string, name: string): Promise<void> {
    if (this.#database === undefined) return
    this.#older ??= olderDatabases()
    if (!(await this.#older).has(older)) return
    const database = await openDB(older)
    try {
      const rows: Uint8Array[] = database.objectStoreNames.contains('updates') ? await database.getAll('updates') : []
      await this.#write(['tail'], (transaction) => rows.map((row) => transaction.objectStore('tail').put(row, this.#nextKey(name))))
      // Read by the load that follows, like any other window's rows.
      this.#knownOf(name).rows.delete(this.window)
    } finally {
      database.close()
    }
    await deleteDB(older)
  }

  #nextKey(name: string): TailKey {
    const at = ++this.#at
    this.#knownOf(name).rows.set(this.window, at)
    return [name, this.window, at]
  }

  #knownOf(name: string): Known {
    const known = this.#known.get(name) ?? { version: undefined, rows: new Map<string, number>() }
    this.#known.set(name, known)
    return known
  }

  /** A write whose requests are all known now: it is issued and committed in this very task. `isProof`: its success shows that there is room. */
  #write<Names extends readonly StoreNames<Schema>[]>(
    stores: Names,
    ask: (transaction: IDBPTransaction<Schema, Names, 'readwrite'>) => readonly Promise<unknown>[],
    { durability = 'strict', isProof = true }: { durability?: IDBTransactionDurability; isProof?: boolean } = {},
  ): Promise<void> {
    return this.#watch(isProof, () => {
      const transaction = this.#need().transaction(stores, 'readwrite', { durability })
      // A failed request fails its transaction, which is what is waited for.
      void Promise.allSettled(ask(transaction))
      transaction.commit()
      return transaction.done
    })
  }

  /** A write that first reads. */
  #update<Names extends readonly StoreNames<Schema>[]>(
    stores: Names,
    change: (transaction: IDBPTransaction<Schema, Names, 'readwrite'>) => Promise<void>,
  ): Promise<void> {
    return this.#watch(true, async () => {
      const transaction = this.#need().transaction(stores, 'readwrite', { durability: 'strict' })
      void Promise.allSettled([change(transaction)])
      await transaction.done
    })
  }

  async #read<T>(ask: (database: IDBPDatabase<Schema>) => Promise<T>): Promise<T> {
    try {
      return await ask(this.#need())
    } catch (error) {
      throw this.#failure(error)
    }
  }

  #watch(isProof: boolean, write: () => Promise<void>): Promise<void> {
    const failed = (error: unknown): never => {
      throw this.#failure(error)
    }
    try {
      return write().then(() => (isProof ? this.#set('kept') : undefined), failed)
    } catch (error) {
      return Promise.reject(this.#failure(error))
    }
  }

  #need(): IDBPDatabase<Schema> {
    if (this.#database === undefined) throw new DeviceFailure(this.#health)
    return this.#database
  }

  #failure(error: unknown): DeviceFailure {
    if (error instanceof DeviceFailure) return error
    const name = nameOf(error)
    // The connection was closed by the browser, which not every browser tells by an event.
    if (name === 'InvalidStateError') this.#openAgain()
    else this.#set(name === 'QuotaExceededError' ? 'full' : 'failing')
    return new DeviceFailure(this.#health, { cause: error })
  }

  /** A window of a newer version wants to change the storage, or somebody deletes it. */
  #giveWay(wanted: number | null): void {
    if (wanted === null) this.#openAgain()
    else {
      this.#database?.close()
      this.#database = undefined
      this.#set('outdated')
    }
  }

  #openLater(): void {
    clearTimeout(this.#reopening)
    if (this.#isClosed) return
    const wait = REOPEN_MS[Math.min(this.#reopenings++, REOPEN_MS.length - 1)]
    this.#reopening = setTimeout(() => void this.open(), wait)
  }

  #openAgain(): void {
    if (this.#database === undefined) return
    this.#database.close()
    this.#database = undefined
    this.#known.clear()
    if (!this.#isClosed) void this.open()
  }

  #set(health: DeviceHealth, isOpened = false): void {
    if (this.#health === health && !isOpened) return
    // A late answer of a connection that was given up says nothing of today.
    if (health === 'kept' && this.#database === undefined) return
    this.#health = health
    for (const listener of this.#listeners) listener()
  }
}

const nameOf = (error: unknown): string => (error instanceof DOMException || error instanceof Error ? error.name : '')

async function olderDatabases(): Promise<ReadonlySet<string>> {
  const found = await indexedDB.databases()
  return new Set(found.flatMap(({ name }) => (name === undefined ? [] : [name])))
}

const randomWindow = (): string => Array.from(crypto.getRandomValues(new Uint32Array(2)), (n) => n.toString(36)).join('')

/** Opens the store of this browser. Where it keeps nothing, `health` says so, reading finds nothing and writing fails. */
export async function openDeviceStore(window: string = randomWindow()): Promise<DeviceStore> {
  const store = new IndexedDeviceStore(window)
  await store.open()
  return store
}
