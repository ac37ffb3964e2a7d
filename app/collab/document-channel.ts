import { HocuspocusProvider, type HocuspocusProviderWebsocket } from '@hocuspocus/provider'
import type { SheetDocs } from '../../workbook/documents.ts'
import { applyUpdates, mergeUpdates, stateOf } from '../../workbook/replica.ts'
import { DeviceFailure, type DeviceStore } from './device-store.ts'
import type { UnsentLedger } from './unsent-ledger.ts'

export type Document = SheetDocs['book']

/** A quiet moment after which a barrier asks the server whether everything until then is on its disk. ms. */
const BARRIER_DELAY_MS = 120
/** How long to wait before a document that the server closed is attached again, doubling. ms. */
const REATTACH_MS = [250, 1_000, 4_000, 15_000] as const
/** What others changed is written on this device in one piece after this long: the server has it, so it need not be at once. ms. */
const RECEIVED_DELAY_MS = 400
/** As many updates behind the snapshot are folded into a new one. */
const LONG_TAIL = 300
/** What was not written on this device is tried again after this long, and with each edit. ms. */
const RETRY_MS = 10_000
/** The server reads the session cookie of the upgrade request; the protocol wants some token. */
const COOKIE_TOKEN = 'cookie'
/** Documents whose changes are what people call changes of the workbook. */
const HOLDS_CELLS = /^(?:edits|base)\./u

/** Where updates come from that this window has not made: it need not write the first on this device, and count neither as its own. */
const FROM_DEVICE = { kind: 'device' }
const FROM_WINDOW = { kind: 'window' }

export interface ChannelOptions {
  readonly name: string
  readonly doc: Document
  readonly store: DeviceStore
  /** The document's name on this device. */
  readonly deviceName: string
  /** The database in which an earlier version of the app kept it. */
  readonly olderDatabase: string
  readonly socket: HocuspocusProviderWebsocket
  /** Presence travels on one document of the socket only. */
  readonly hasAwareness: boolean
  /** Counts what is unsent; absent for documents that only the server writes. */
  readonly ledger: UnsentLedger | undefined
  /** Windows of this browser that are open besides this one. */
  readonly openWindows: () => ReadonlySet<string>
  readonly onChange: () => void
  readonly onMessage: (payload: string) => void
  readonly onRefused: (reason: string) => void
  /** An edit was made here: for the other windows of this browser. */
  readonly onEdit: (update: Uint8Array) => void
}

interface Unkept {
  readonly update: Uint8Array
  readonly isEdit: boolean
}

/** One document: kept on this device, carried over the shared socket, with the promise *saved* of the server. */
export class DocumentChannel {
  readonly name: string
  readonly doc: Document
  /** The copy on this device was read (or there is none to read). */
  isRead = false
  /** The first exchange with the server on today's connection is over. */
  isSynced = false
  readonly #options: ChannelOptions
  #provider: HocuspocusProvider | undefined
  #barrierTimer: ReturnType<typeof setTimeout> | undefined
  #reattachTimer: ReturnType<typeof setTimeout> | undefined
  #receivedTimer: ReturnType<typeof setTimeout> | undefined
  #retryTimer: ReturnType<typeof setTimeout> | undefined
  #reattachments = 0
  /** Others' updates that are not written on this device yet. */
  #received: Uint8Array[] = []
  /** What this device did not take; it is in memory and tried again. */
  #unkept: Unkept[] = []
  #writing = 0
  #tail = 0
  /** Edits the server has not confirmed, by their number on this device: should the device lose them, they are written again. */
  #unsent: { readonly at: number; readonly update: Uint8Array }[] = []
  /** The number of the last edit that was handed to the device, and at each open question to the server. */
  #lastEdit = 0
  readonly #askedAt = new Map<number, number>()
  /** Which opening of the store this document was read from. */
  #opening = 0
  #isWholeDue = false
  /** Others' changes of rows and cells that the last connection brought. */
  #caughtUp = 0
  #hadContent = false
  #leaveStore: (() => void) | undefined
  #isStopped = false

  constructor(options: ChannelOptions) {
    this.name = options.name
    this.doc = options.doc
    this.#options = options
  }

  get awareness(): HocuspocusProvider['awareness'] {
    return this.#provider?.awareness ?? null
  }

  /** Every change made here is written on this device. */
  get isOnDevice(): boolean {
    return this.#writing === 0 && !this.#isWholeDue && !this.#unkept.some((row) => row.isEdit)
  }

  /** Reads the copy on this device, then joins the server. Resolves once the copy is read. */
  async start(): Promise<void> {
    const { name, doc, store, socket, hasAwareness, ledger } = this.#options
    ledger?.open(name, this.#options.openWindows())
    this.#opening = store.openings
    await this.readDevice()
    if (this.#isStopped) return
    this.isRead = true
    doc.on('update', this.#onUpdate)
    this.#leaveStore = store.subscribe(() => this.#followStore())
    this.#followStore()
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
    this.#watchChanges(provider)
    provider.attach()
    if (this.#tail > LONG_TAIL) this.#fold()
    this.#options.onChange()
  }

  /** `keeps: false`: what is not written yet stays so, for this device is to forget the document. */
  stop({ keeps }: { readonly keeps: boolean }): void {
    if (keeps) this.#keepReceived()
    this.#isStopped = true
    clearTimeout(this.#barrierTimer)
    clearTimeout(this.#reattachTimer)
    clearTimeout(this.#retryTimer)
    clearTimeout(this.#receivedTimer)
    this.doc.off('update', this.#onUpdate)
    this.#leaveStore?.()
    this.#provider?.destroy()
  }

  /** Takes in what this device holds, from whichever window it came. */
  async readDevice(): Promise<void> {
    const { store, deviceName, olderDatabase, doc } = this.#options
    try {
      await store.takeOver(olderDatabase, deviceName)
      const kept = await store.load(deviceName)
      if (kept === undefined || this.#isStopped) return
      this.#tail = kept.tail.length
      this.#hadContent = true
      applyUpdates(doc, [...(kept.snapshot === undefined ? [] : [kept.snapshot]), ...kept.tail], FROM_DEVICE)
    } catch (error) {
      // The store has said so itself, and the save line shows it; the server has the document.
      if (!(error instanceof DeviceFailure)) throw error
    }
  }

  /** Takes in an edit that another window of this browser has made. */
  takeFromWindow(update: Uint8Array): void {
    if (this.isRead && !this.#isStopped) applyUpdates(this.doc, [update], FROM_WINDOW)
  }

  /** Counts as this window's what a closed one left unsent: its edits are taken in first, so that the next question covers them. */
  async adopt(window: string): Promise<void> {
    await this.readDevice()
    if (this.#isStopped) return
    this.#options.ledger?.adopt(this.name, window)
    this.askSaved()
    this.#options.onChange()
  }

  /** How many changes of others the last connection brought, told once. */
  takeCaughtUp(): number {
    const count = this.#caughtUp
    this.#caughtUp = 0
    return count
  }

  /** Asks now whether everything is saved; does nothing where nothing is unsent or nobody can answer. */
  askSaved(): void {
    clearTimeout(this.#barrierTimer)
    this.#barrierTimer = undefined
    if (!this.isSynced) return
    const barrier = this.#options.ledger?.barrier(this.name)
    if (barrier === undefined) return
    this.#askedAt.set(barrier, this.#lastEdit)
    this.#provider?.sendStateless(`barrier:${barrier}`)
  }

  readonly #onUpdate = (update: Uint8Array, origin: unknown, _: Document, transaction: { readonly local: boolean }): void => {
    if (origin === FROM_DEVICE || origin === FROM_WINDOW) return
    if (transaction.local) this.#keepEdit(update)
    else this.#noteReceived(update)
  }

  /** Writes an edit on this device, in the very task in which it was made. */
  #keepEdit(update: Uint8Array): void {
    this.#options.onEdit(update)
    const before = this.#received.splice(0)
    this.#writeEdit(update, before)
    if (this.#unkept.length > 0) this.#keepRest()
  }

  #writeEdit(update: Uint8Array, before: readonly Uint8Array[]): void {
    const { store, deviceName } = this.#options
    const { at, done } = store.appendEdit(deviceName, update, before)
    this.#lastEdit = at
    this.#unsent.push({ at, update })
    this.#noteWrite(done, [...before.map((row) => ({ update: row, isEdit: false })), { update, isEdit: true }])
  }

  #noteReceived(update: Uint8Array): void {
    this.#received.push(update)
    this.#receivedTimer ??= setTimeout(() => this.#keepReceived(), RECEIVED_DELAY_MS)
  }

  #keepReceived(): void {
    clearTimeout(this.#receivedTimer)
    this.#receivedTimer = undefined
    const [first, ...rest] = this.#received.splice(0)
    if (first === undefined) return
    const update = mergeUpdates([first, ...rest])
    const { store, deviceName } = this.#options
    this.#noteWrite(store.append(deviceName, update), [{ update, isEdit: false }])
  }

  #noteWrite(done: Promise<void>, rows: readonly Unkept[]): void {
    const isEdit = rows.some((row) => row.isEdit)
    // Others' changes go by themselves; only the own ones are waited for.
    if (isEdit) this.#writing++
    this.#tail += rows.length
    const end = (): void => {
      if (!isEdit) return
      this.#writing--
      this.#options.onChange()
    }
    done.then(
      () => {
        end()
        if (this.#tail > LONG_TAIL) this.#fold()
      },
      () => {
        // Kept in memory and tried again; the store says why, and the save line shows it.
        this.#unkept.push(...rows)
        this.#retryTimer ??= setTimeout(() => this.#keepRest(), RETRY_MS)
        end()
      },
    )
  }

  #keepRest(): void {
    clearTimeout(this.#retryTimer)
    this.#retryTimer = undefined
    if (this.#isStopped) return
    if (this.#isWholeDue) {
      this.#keepWhole()
      return
    }
    const { store, deviceName } = this.#options
    for (const row of this.#unkept.splice(0)) {
      const isUnsent = row.isEdit && this.#unsent.some(({ update }) => update === row.update)
      // What the server has confirmed meanwhile is no longer unsent.
      if (!isUnsent) this.#noteWrite(store.append(deviceName, row.update), [row])
      else {
        this.#unsent = this.#unsent.filter(({ update }) => update !== row.update)
        this.#writeEdit(row.update, [])
      }
    }
  }

  /** The storage was opened late, or anew after it was taken away: what it holds is taken in, and all of the document written. */
  #followStore(): void {
    const { store } = this.#options
    if (this.#isStopped || store.health !== 'kept') return
    if (store.openings !== this.#opening) {
      this.#opening = store.openings
      this.#isWholeDue = true
      void this.readDevice().then(() => this.#keepWhole())
    } else if (this.#unkept.length > 0) this.#keepRest()
    this.#options.onChange()
  }

  /** Puts one snapshot in the place of what was read and appended. */
  #fold(): void {
    if (this.#isStopped) return
    const { store, deviceName, doc } = this.#options
    const received = this.#received.splice(0)
    this.#tail = 0
    // Where it fails, snapshot and tail are as they were.
    this.#noteWrite(
      store.replace(deviceName, stateOf(doc)),
      received.map((update) => ({ update, isEdit: false })),
    )
  }

  /** Writes everything this window holds, its unsent edits as such. */
  #keepWhole(): void {
    if (this.#isStopped) return
    const { store, deviceName, doc } = this.#options
    const unsent = this.#unsent.splice(0)
    this.#unkept = []
    for (const { update } of unsent) this.#writeEdit(update, [])
    this.#tail = 0
    store.replace(deviceName, stateOf(doc)).then(
      () => {
        this.#isWholeDue = false
        this.#options.onChange()
      },
      () => {
        this.#retryTimer ??= setTimeout(() => this.#keepRest(), RETRY_MS)
      },
    )
  }

  #watchChanges(provider: HocuspocusProvider): void {
    const { ledger } = this.#options
    this.doc.on('afterTransaction', (transaction) => {
      if (transaction.changed.size === 0) return
      const isEdit = transaction.local && ledger !== undefined
      if (!isEdit && (transaction.origin !== provider || this.isSynced)) return
      const keys = new Set<string>()
      for (const changed of transaction.changed.values()) for (const key of changed) if (key !== null) keys.add(key)
      if (!isEdit) {
        if (this.#hadContent && HOLDS_CELLS.test(this.name)) this.#caughtUp += keys.size
        return
      }
      ledger.add(this.name, keys)
      this.#barrierTimer ??= setTimeout(() => this.askSaved(), BARRIER_DELAY_MS)
      this.#options.onChange()
    })
  }

  #receive(payload: string): void {
    const saved = /^saved:(\d+)$/u.exec(payload)
    if (!saved) {
      this.#options.onMessage(payload)
      return
    }
    this.#confirm(Number(saved[1]))
    this.#options.onChange()
  }

  #confirm(barrier: number): void {
    const { ledger, store, deviceName } = this.#options
    if (ledger === undefined) return
    const windows = ledger.confirm(this.name, barrier)
    const at = this.#askedAt.get(barrier) ?? 0
    for (const asked of this.#askedAt.keys()) if (asked <= barrier) this.#askedAt.delete(asked)
    this.#unsent = this.#unsent.filter((edit) => edit.at > at)
    for (const [window, upTo] of [[store.window, at] as const, ...windows.map((w) => [w, Number.MAX_SAFE_INTEGER] as const)]) {
      // Where the device does not take it, the list stays too long until the next answer: what it names is on the server either way.
      void Promise.allSettled([store.confirm(deviceName, window, upTo)])
    }
  }

  #setSynced(isSynced: boolean): void {
    if (this.isSynced === isSynced) return
    this.isSynced = isSynced
    if (isSynced) {
      this.#hadContent = true
      this.askSaved()
    }
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
