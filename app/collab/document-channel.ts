import { HocuspocusProvider, type HocuspocusProviderWebsocket } from '@hocuspocus/provider'
import { IndexeddbPersistence } from 'y-indexeddb'
import type { SheetDocs } from '../../workbook/documents.ts'
import { writtenTo } from './device-store.ts'
import type { UnsentLedger } from './unsent-ledger.ts'

export type Document = SheetDocs['book']

/** A quiet moment after which a barrier asks the server whether everything until then is on its disk. ms. */
const BARRIER_DELAY_MS = 120
/** How long to wait before a document that the server closed is attached again, doubling. ms. */
const REATTACH_MS = [250, 1_000, 4_000, 15_000] as const
/** The server reads the session cookie of the upgrade request; the protocol wants some token. */
const COOKIE_TOKEN = 'cookie'

export interface ChannelOptions {
  readonly name: string
  readonly doc: Document
  /** Name of the database on this device; absent where nothing is kept. */
  readonly deviceName: string | undefined
  readonly socket: HocuspocusProviderWebsocket
  /** Presence travels on one document of the socket only. */
  readonly hasAwareness: boolean
  /** Counts what is unsent; absent for documents that only the server writes. */
  readonly ledger: UnsentLedger | undefined
  readonly onChange: () => void
  readonly onMessage: (payload: string) => void
  readonly onRefused: (reason: string) => void
}

/** One document: kept on this device, carried over the shared socket, with the promise *saved* of the server. */
export class DocumentChannel {
  readonly name: string
  readonly doc: Document
  /** The copy on this device was read (or there is none to read). */
  isRead = false
  /** The first exchange with the server on today's connection is over. */
  isSynced = false
  /** The last change made here is written on this device. */
  isOnDevice = true
  readonly #options: ChannelOptions
  #persistence: IndexeddbPersistence | undefined
  #provider: HocuspocusProvider | undefined
  #barrierTimer: ReturnType<typeof setTimeout> | undefined
  #reattachTimer: ReturnType<typeof setTimeout> | undefined
  #reattachments = 0
  #writes = 0
  #isStopped = false

  constructor(options: ChannelOptions) {
    this.name = options.name
    this.doc = options.doc
    this.#options = options
  }

  get awareness(): HocuspocusProvider['awareness'] {
    return this.#provider?.awareness ?? null
  }

  /** Reads the copy on this device, then joins the server. Resolves once the copy is read. */
  async start(): Promise<void> {
    const { name, doc, deviceName, socket, hasAwareness, ledger } = this.#options
    ledger?.open(name)
    if (deviceName !== undefined) {
      this.#persistence = new IndexeddbPersistence(deviceName, doc)
      await this.#persistence.whenSynced
    }
    if (this.#isStopped) return
    this.isRead = true
    if (ledger !== undefined) this.#watchEdits(ledger)
    const provider = new HocuspocusProvider({
      websocketProvider: socket,
      name,
      document: doc,
      token: COOKIE_TOKEN,
      sessionAwareness: true,
      ...(!hasAwareness && { awareness: null }),
      onStateless: ({ payload }) => this.#receive(payload),
      onAuthenticationFailed: ({ reason }) => this.#options.onRefused(reason),
      onSynced: () => this.#setSynced(true),
      onDisconnect: () => this.#setSynced(false),
    })
    provider.on('close', () => this.#onClosed(provider))
    this.#provider = provider
    provider.attach()
    this.#options.onChange()
  }

  stop(): void {
    this.#isStopped = true
    clearTimeout(this.#barrierTimer)
    clearTimeout(this.#reattachTimer)
    this.#provider?.destroy()
    void this.#persistence?.destroy()
  }

  /** Asks now whether everything is saved; does nothing where nothing is unsent or nobody can answer. */
  askSaved(): void {
    clearTimeout(this.#barrierTimer)
    this.#barrierTimer = undefined
    if (!this.isSynced) return
    const barrier = this.#options.ledger?.barrier(this.name)
    if (barrier !== undefined) this.#provider?.sendStateless(`barrier:${barrier}`)
  }

  #watchEdits(ledger: UnsentLedger): void {
    this.doc.on('afterTransaction', (transaction) => {
      if (!transaction.local || transaction.changed.size === 0) return
      const keys = new Set<string>()
      for (const changed of transaction.changed.values()) for (const key of changed) if (key !== null) keys.add(key)
      ledger.add(this.name, keys)
      this.#noteWrite()
      this.#barrierTimer ??= setTimeout(() => this.askSaved(), BARRIER_DELAY_MS)
      this.#options.onChange()
    })
  }

  #noteWrite(): void {
    const database = this.#persistence?.db
    if (database === null || database === undefined) return
    const write = ++this.#writes
    this.isOnDevice = false
    // The update is handed to the database after the transaction's own listeners; ask behind it.
    queueMicrotask(() => {
      writtenTo(database as unknown as IDBDatabase, 'updates').then(
        () => {
          if (write !== this.#writes) return
          this.isOnDevice = true
          this.#options.onChange()
        },
        // The line then goes on saying that the change is being saved, which is the truth.
        () => this.#options.onChange(),
      )
    })
  }

  #receive(payload: string): void {
    const saved = /^saved:(\d+)$/u.exec(payload)
    if (!saved) {
      this.#options.onMessage(payload)
      return
    }
    this.#options.ledger?.confirm(this.name, Number(saved[1]))
    this.#options.onChange()
  }

  #setSynced(isSynced: boolean): void {
    if (this.isSynced === isSynced) return
    this.isSynced = isSynced
    if (isSynced) this.askSaved()
    this.#options.onChange()
  }

  /** The server closed this document and left the socket open: without joining again, edits would stay here for ever. */
  #onClosed(provider: HocuspocusProvider): void {
    this.#setSynced(false)
    if (this.#isStopped || this.#options.socket.status !== 'connected') return
    const wait = REATTACH_MS[Math.min(this.#reattachments, REATTACH_MS.length - 1)] ?? 0
    this.#reattachments++
    clearTimeout(this.#reattachTimer)
    this.#reattachTimer = setTimeout(() => {
      provider.detach()
      provider.attach()
    }, wait)
  }
}
