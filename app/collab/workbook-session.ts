import { type RunHead, statelessMessage } from '../../server/api/contract.ts'
import { type CellInput, type Editor, editCells } from '../../workbook/edit.ts'
import type { SheetId } from '../../workbook/ids.ts'
import { Sheet } from '../../workbook/sheet.ts'
import { readSheets, SHEET_DELETED, watchSheets } from '../../workbook/sheet-list.ts'
import { ApiFailure, callApi } from '../api-client.ts'
import { parseAddress } from '../sheets/address.ts'
import { TEXTS } from '../texts.ts'
import { genOfNames, SheetDelivery } from './delivery.ts'
import { DeviceFailure, type DeviceStore, deviceName, devicePrefix, openDeviceStore } from './device-store.ts'
import { type Document, DocumentChannel } from './document-channel.ts'
import { feedLine, shardFetcher } from './feed-line.ts'
import { dropCounts, infoKey, UNSENT_KEY } from './kept-workbooks.ts'
import { knownSession, noteSession } from './known-session.ts'
import { type LateEdits, lateEditsOf } from './late-edits.ts'
import { LiveSocket } from './live-socket.ts'
import { OpenWindows, type WindowMessage, windowScope } from './open-windows.ts'
import { OwnPresence } from './own-presence.ts'
import { type Cursor, type Peer, peersOf } from './presence.ts'
import type { OpenSheet, SessionInfo, SessionState, SheetInfo, WorkbookInfo } from './session-state.ts'
import { type SheetTabs, sheetTabs } from './sheet-tabs.ts'
import { UnsentLedger, unsentOnDevice } from './unsent-ledger.ts'

/** A sheet that was opened in this window, shown or not. */
interface OpenedSheet {
  readonly sheet: Sheet
  readonly channels: DocumentChannel[]
  readonly delivery: SheetDelivery
}

export interface SessionOptions {
  readonly workbook: string
  readonly now: () => number
  readonly random: () => number
  /** Makes an empty document; `keepsRemoved`: overwritten values stay readable until the server has seen them. */
  readonly makeDocument: (options: { keepsRemoved: boolean }) => Document
}

/** A document beside the sheets. */
export type ExtraDocument = Pick<DocumentChannel, 'doc' | 'isRead' | 'isSynced'>

/** What is said of a workbook that was deleted: what this device holds of it stays, for it may be brought back. */
const DELETED = 'workbook-deleted'
/** Notes that stay open when others are looked at. */
const OPEN_NOTES = 12
const OFFLINE_KEY = 'tidebook.work-offline'
const RUNS_KEPT = 60
const FLUSH_MS = 15_000
/** How long it is said what a connection brought. ms. */
const CAUGHT_UP_MS = 8_000
/** A run under way of which nothing was heard this long is asked for. ms. */
const RUN_SILENCE_MS = 10_000
/** While the parts of a sheet come in, how many are here is said this often. ms. */
const PROGRESS_MS = 500
/** The other parts of a sheet wait at most this long until the first rows of it stand on the screen. ms. */
const DRAWN_MS = 1_000

/**
 * One workbook open in one window: its documents over one socket, kept on this device; who else is here; the runs of its connections.
 * It opens without a network from what the device kept.
 */
export class WorkbookSession {
  /** What others see of this window. */
  readonly presence = new OwnPresence()
  readonly #options: SessionOptions
  readonly #listeners = new Set<() => void>()
  readonly #presenceListeners = new Set<() => void>()
  readonly #flushes = new Set<() => void>()
  /** Sheets that were opened stay open: what was typed there may be on its way, and going back is instant. */
  readonly #sheets = new Map<string, OpenedSheet>()
  /** Comments and notes; opened when they are looked at, and no part of whether a sheet is loaded. */
  readonly #extras = new Map<string, DocumentChannel>()
  #workbookChannels: readonly DocumentChannel[] = []
  readonly #windowId: string
  #windows: OpenWindows | undefined
  #store: DeviceStore | undefined
  #socket: LiveSocket | undefined
  #ledger: UnsentLedger | undefined
  #phase: SessionState['phase'] = 'opening'
  #failure: SessionState['failure']
  #session: SessionInfo | undefined
  #info: WorkbookInfo | undefined
  #open: OpenSheet | undefined
  /** The description with the sheets as the book has them; made anew when either changes. */
  #shownInfo: WorkbookInfo | undefined
  /** Sheets of the book that were asked for and that the server does not tell of. */
  readonly #askedFor = new Set<string>()
  #infoQuestions = 0
  #infoAnswered = 0
  #runs: readonly RunHead[] = []
  /** What the server told of runs while a question for all of them is under way, one map a question. */
  readonly #toldMeanwhile = new Set<Map<string, RunHead>>()
  #peers: readonly Peer[] = []
  #snapshot: SessionState | undefined
  #wasOnline = false
  #caughtUp = 0
  #late: readonly LateEdits[] = []
  #hasAskedToKeep = false
  #wasSynced = false
  #caughtUpTimer: ReturnType<typeof setTimeout> | undefined
  readonly #onStorage = (event: StorageEvent): void => {
    if (event.key === null || event.key.startsWith(UNSENT_KEY)) this.#changed()
  }
  #runTimer: ReturnType<typeof setTimeout> | undefined
  #tellTimer: ReturnType<typeof setTimeout> | undefined
  #stage = ''
  #isStopped = false

  constructor(options: SessionOptions) {
    this.#options = options
    this.#windowId = windowId(options.random)
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  readonly subscribePresence = (listener: () => void): (() => void) => {
    this.#presenceListeners.add(listener)
    return () => this.#presenceListeners.delete(listener)
  }

  readonly peers = (): readonly Peer[] => this.#peers

  readonly snapshot = (): SessionState => {
    this.#snapshot ??= this.#state()
    return this.#snapshot
  }

  /** What this window may do in the workbook. */
  get role(): 'owner' | 'editor' | 'viewer' {
    return this.#info?.role ?? 'owner'
  }

  /** Who edits here, as entries claim. */
  editor(): Editor {
    return { by: this.#session?.person.id ?? '', now: this.#options.now }
  }

  async start(): Promise<void> {
    this.#store = await openDeviceStore(this.#windowId)
    if (this.#isStopped) return
    this.#store.subscribe(() => this.#followStore())
    this.#session = knownSession()
    const kept = (await this.#kept(this.#infoKey())) as WorkbookInfo | undefined
    // Kept by an earlier version, which knew of no deleted sheets.
    this.#info = kept && { ...kept, removedSheets: kept.removedSheets ?? [] }
    if (this.#isStopped) return
    if (this.#session !== undefined && this.#info !== undefined) {
      // What this device knows opens at once; the server's answer then corrects it.
      await this.#openDocuments()
      void this.#refreshSession()
      void this.refresh()
      return
    }
    try {
      await Promise.all([this.#fetchSession(), this.#fetchInfo()])
      if (!this.#isStopped) await this.#openDocuments()
    } catch (error) {
      this.#fail(error)
    }
  }

  /** `keeps: false`: nothing more is written on this device, for it is to forget the workbook. */
  stop({ keeps }: { readonly keeps: boolean } = { keeps: true }): void {
    if (this.#isStopped) return
    this.#isStopped = true
    this.presence.stop()
    clearTimeout(this.#runTimer)
    clearTimeout(this.#tellTimer)
    clearTimeout(this.#caughtUpTimer)
    window.removeEventListener('storage', this.#onStorage)
    for (const { sheet, delivery } of this.#sheets.values()) {
      sheet.close()
      delivery.stop({ keeps })
    }
    for (const channel of this.#allChannels()) channel.stop({ keeps })
    this.#socket?.stop()
    this.#windows?.leave()
    this.#store?.close()
    this.#listeners.clear()
    this.#presenceListeners.clear()
  }

  /** Fetches the workbook's description anew: its sheets, connections and prices. */
  async refresh(): Promise<void> {
    try {
      await this.#fetchInfo()
      await this.#followDocuments()
    } catch (error) {
      // What the device knows stays on the screen; the save line says that the server does not answer.
      if (error instanceof ApiFailure && error.status === 404) {
        if (error.code === DELETED && this.#open !== undefined) this.#socket?.refuse(error.message)
        else this.#fail(error)
      }
    }
    this.#changed()
  }

  /** Shows a sheet of the workbook, and opens its documents where they are not open yet. */
  async openSheet(id: string): Promise<void> {
    const { sheets } = this.#tabs()
    const info = sheets.find((s) => s.id === id) ?? (this.#open === undefined ? sheets[0] : undefined)
    if (info === undefined || this.#open?.info.id === info.id) return
    const known = this.#sheets.get(info.id)
    if (known !== undefined) {
      this.#open = { info, sheet: known.sheet }
      this.#changed()
      return
    }
    const edits = this.#channel(info.documents.edits, { keepsRemoved: true, isEdited: true })
    const annotations = this.#channel(info.documents.annotations, { isEdited: false })
    const [book, sys] = this.#workbookChannels
    if (book === undefined || sys === undefined) return
    const channels = [edits, annotations]
    const docs = { book: book.doc, sys: sys.doc, edits: edits.doc, annotations: annotations.doc, base: [] }
    const sheet = new Sheet(info.id as SheetId, docs)
    const delivery = this.#delivery(sheet, info.documents.base)
    this.#sheets.set(info.id, { sheet, channels, delivery })
    this.#open = { info, sheet }
    const started = Promise.all([delivery.start(), ...channels.map((channel) => channel.start())])
    // The screen is built behind the first question to the device and the server, not before it: that takes a tenth of a second.
    await Promise.race([started, soon()])
    if (this.#isStopped) return
    this.#changed()
    await started
    await this.#findLate()
  }

  /** One more document of this workbook (a sheet's comments, a row's note): kept on this device and carried like the others. */
  openDocument(name: string): ExtraDocument {
    const known = this.#extras.get(name)
    if (known !== undefined) {
      // The last one to be looked at is the last one to be closed.
      this.#extras.delete(name)
      this.#extras.set(name, known)
      return known
    }
    const channel = this.#channel(name, { isEdited: true })
    this.#extras.set(name, channel)
    void channel.start()
    this.#closeOldNotes()
    return channel
  }

  /** Writes late values into the sheet as it is now; they leave the list once they stand there. */
  async applyLate(cells: readonly CellInput[]): Promise<void> {
    const open = this.#open
    if (open === undefined) return
    editCells(open.sheet, cells, this.editor())
    await this.#findLate()
  }

  /** Removes an earlier document and what it left unsent from this device. */
  async dropLate(document: string): Promise<void> {
    const person = this.#session?.person.id ?? ''
    await this.#store?.forget(deviceName(person, this.#options.workbook, document))
    dropCounts(localStorage, person, document)
    this.#late = this.#late.filter((late) => late.document !== document)
    this.#changed()
  }

  setWorkingOffline(isOffline: boolean): void {
    if (isOffline) this.#askToKeep()
    if (isOffline) localStorage.setItem(OFFLINE_KEY, 'yes')
    else localStorage.removeItem(OFFLINE_KEY)
    this.#socket?.workOffline(isOffline)
    this.#changed()
  }

  reconnect(): void {
    this.#socket?.reconnect()
  }

  /**
   * Resolves once everything typed here is on the server's disk, so that a preview and a sync see it.
   * @throws Error after 15 s, or where there is no connection
   */
  async flush(): Promise<void> {
    if (this.snapshot().unsent === 0 && this.snapshot().isSynced) return
    if (this.#socket?.link.kind !== 'online') throw new Error(TEXTS.panel.offline)
    for (const channel of this.#allChannels()) channel.askSaved()
    await new Promise<void>((resolve, reject) => {
      const check = (): void => {
        const { unsent, parts } = this.snapshot()
        // What is planned is planned from all rows.
        if (unsent > 0 || parts.loaded < parts.all) return
        clearTimeout(timer)
        this.#flushes.delete(check)
        resolve()
      }
      const timer = setTimeout(() => {
        this.#flushes.delete(check)
        reject(new Error(TEXTS.panel.offline))
      }, FLUSH_MS)
      this.#flushes.add(check)
      check()
    })
  }

  /** Shows others where this window is. */
  setCursor(cursor: Cursor | undefined): void {
    this.presence.setCursor(cursor)
  }

  /** Chooses the name and colour others see. */
  async setProfile(profile: { name: string; color: string }): Promise<void> {
    const { person, device } = await callApi('patchSession', { body: profile })
    if (this.#session !== undefined) this.#keepSession({ ...this.#session, person, device })
    this.#changed()
    // The server stamps presence as it passes: pass by once more.
    this.presence.sendAll()
  }

  /** Takes a run's newest state in, from wherever it came. */
  noteRun(run: RunHead): void {
    this.#heardOfRuns()
    for (const told of this.#toldMeanwhile) told.set(run.id, run)
    const others = this.#runs.filter((r) => r.id !== run.id)
    this.#runs = [run, ...others].sort((a, b) => b.createdAt - a.createdAt).slice(0, RUNS_KEPT)
    this.#changed()
  }

  /** Fetches the newest runs of this workbook. */
  async fetchRuns(): Promise<void> {
    // Runs are no guest's.
    if (this.#session?.kind === 'guest') return
    const told = new Map<string, RunHead>()
    this.#toldMeanwhile.add(told)
    try {
      const { runs } = await callApi('listRuns', { query: { workbook: this.#options.workbook, limit: 50 } })
      this.#runs = runs
      // The answer may be older than what was told while it was on its way.
      for (const run of told.values()) this.noteRun(run)
      this.#changed()
    } catch (error) {
      // Runs that are known stay shown; the next message or connection brings the rest.
      if (!(error instanceof ApiFailure)) throw error
    } finally {
      this.#toldMeanwhile.delete(told)
    }
  }

  async #openDocuments(): Promise<void> {
    const info = this.#info
    const session = this.#session
    if (info === undefined || session === undefined) return
    this.#ledger = new UnsentLedger(localStorage, `${UNSENT_KEY}${session.person.id}`, this.#windowId)
    this.#windows = new OpenWindows({
      window: this.#windowId,
      scope: windowScope(session.person.id, this.#options.workbook),
      onMessage: (message) => this.#hear(message),
      onClosed: (closed) => void Promise.all(this.#allChannels().map((channel) => channel.adopt(closed))),
    })
    await this.#windows.join()
    if (this.#isStopped) return
    window.addEventListener('storage', this.#onStorage)
    const { protocol, host } = window.location
    this.#socket = new LiveSocket({
      url: `${protocol === 'https:' ? 'wss' : 'ws'}://${host}/collab`,
      now: this.#options.now,
      random: this.#options.random,
      onChange: () => this.#changed(),
      probe: () => this.#probe(),
    })
    const book = this.#channel(info.documents.book, { isEdited: true })
    const sys = this.#channel(info.documents.sys, { isEdited: false, hasAwareness: true })
    this.#workbookChannels = [book, sys]
    this.#phase = 'ready'
    const opened = this.openSheet(parseAddress(window.location)?.sheet ?? '')
    watchSheets(book.doc, () => this.#followSheets())
    await Promise.all([book.start(), sys.start(), opened])
    if (this.#isStopped) return
    sys.awareness?.on('change', () => this.#readPresence())
    if (sys.awareness) this.presence.join(sys.awareness)
    this.#openUnsent()
    this.#socket.start(localStorage.getItem(OFFLINE_KEY) !== null)
    this.#changed()
  }

  #channel(name: string, kind: { keepsRemoved?: boolean; isEdited: boolean; hasAwareness?: boolean }): DocumentChannel {
    const socket = this.#socket
    const store = this.#store
    if (socket === undefined || store === undefined) throw new Error('A document needs the socket and the device first.')
    const person = this.#session?.person.id ?? ''
    return new DocumentChannel({
      name,
      doc: this.#options.makeDocument({ keepsRemoved: kind.keepsRemoved === true }),
      store,
      deviceName: deviceName(person, this.#options.workbook, name),
      olderDatabase: `tidebook/${person}/${name}`,
      socket: socket.provider,
      hasAwareness: kind.hasAwareness === true,
      ledger: kind.isEdited ? this.#ledger : undefined,
      openWindows: () => this.#windows?.others ?? new Set(),
      onEdit: (update) => this.#tellWindows(name, update),
      onChange: () => this.#changed(),
      onMessage: (payload) => this.#receive(payload),
      onRefused: (reason) => this.#refused(name, reason),
    })
  }

  #closeOldNotes(): void {
    const notes = [...this.#extras.values()].filter(({ name }) => name.startsWith('note.'))
    for (const note of notes.slice(0, Math.max(0, notes.length - OPEN_NOTES))) {
      const unsent = unsentOnDevice(localStorage, `${UNSENT_KEY}${this.#session?.person.id ?? ''}`, note.name)
      if (unsent > 0 || !note.isSynced || !note.isOnDevice) continue
      note.stop({ keeps: true })
      this.#ledger?.close(note.name)
      this.#extras.delete(note.name)
    }
  }

  /** What was written into notes and comments and never sent goes out also where nobody opens them again. */
  #openUnsent(): void {
    const lead = `${UNSENT_KEY}${this.#session?.person.id ?? ''}|`
    const sheets = new Set([...(this.#info?.sheets ?? []), ...(this.#info?.removedSheets ?? [])].map((sheet) => sheet.id))
    const names = Array.from({ length: localStorage.length }, (_, i) => localStorage.key(i) ?? '')
      .filter((key) => key.startsWith(lead))
      .map((key) => key.slice(lead.length).split('|')[0] ?? '')
    for (const name of new Set(names)) {
      const [kind, sheet] = name.split('.')
      if ((kind === 'note' || kind === 'talk') && sheets.has(sheet ?? '')) this.openDocument(name)
    }
  }

  /** New shards are added to the open sheets; a new generation of a sheet's other documents opens it anew. */
  async #followDocuments(): Promise<void> {
    for (const info of [...(this.#info?.sheets ?? []), ...(this.#info?.removedSheets ?? [])]) {
      const known = this.#sheets.get(info.id)
      if (known === undefined) continue
      const names = new Set(known.channels.map((channel) => channel.name))
      const isSame = names.has(info.documents.edits) && names.has(info.documents.annotations)
      const isGrown = genOfNames(info.documents.base) === known.delivery.gen
      if (!isSame || !isGrown) await this.#reopen(info, known)
      else {
        if (this.#open?.info.id === info.id)
          this.#open = { sheet: known.sheet, info: this.#tabs().sheets.find((s) => s.id === info.id) ?? info }
        known.delivery.follow(info.documents.base)
      }
    }
  }

  /** A guest is refused a deleted sheet alone: what was not sent to it stays on this device. Any other refusal is of the whole workbook. */
  #refused(document: string, reason: string): void {
    if (reason !== SHEET_DELETED) {
      this.#socket?.refuse(reason)
      return
    }
    const [, id = ''] = document.split('.')
    const known = this.#sheets.get(id)
    if (known === undefined) return
    this.#sheets.delete(id)
    known.sheet.close()
    known.delivery.stop({ keeps: true })
    for (const channel of known.channels) {
      channel.stop({ keeps: true })
      this.#ledger?.close(channel.name)
    }
    void this.refresh()
  }

  /** The book's list of sheets has changed, here or elsewhere. */
  #followSheets(): void {
    this.#shownInfo = undefined
    const { sheets, removed, unknown } = this.#tabs()
    const open = this.#open && [...sheets, ...removed].find((sheet) => sheet.id === this.#open?.info.id)
    if (open !== undefined && this.#open !== undefined && open.name !== this.#open.info.name) this.#open = { ...this.#open, info: open }
    const unheard = unknown.filter((id) => !this.#askedFor.has(id))
    for (const id of unheard) this.#askedFor.add(id)
    if (unheard.length > 0) void this.refresh()
    this.#changed()
  }

  #tabs(): SheetTabs {
    const [book] = this.#workbookChannels
    const { sheets = [], removedSheets = [] } = this.#info ?? {}
    return sheetTabs(book === undefined ? [] : readSheets(book.doc), sheets, removedSheets)
  }

  #infoOfTabs(): WorkbookInfo | undefined {
    if (this.#shownInfo !== undefined || this.#info === undefined) return this.#shownInfo
    const { sheets, removed } = this.#tabs()
    this.#shownInfo = { ...this.#info, sheets: [...sheets], removedSheets: [...removed] }
    return this.#shownInfo
  }

  #delivery(sheet: Sheet, names: readonly string[]): SheetDelivery {
    const socket = this.#socket
    const store = this.#store
    if (socket === undefined || store === undefined) throw new Error('A sheet needs the socket and the device first.')
    const person = this.#session?.person.id ?? ''
    return new SheetDelivery({
      sheet,
      names,
      makeDocument: () => this.#options.makeDocument({ keepsRemoved: false }),
      store,
      deviceName: (name) => deviceName(person, this.#options.workbook, name),
      olderDatabase: (name) => `tidebook/${person}/${name}`,
      fetchShard: shardFetcher(sheet.id),
      line: feedLine(socket.provider, sheet.id),
      mayFetch: () => socket.link.kind !== 'off' && socket.link.kind !== 'refused',
      whenDrawn: () => this.#whenDrawn(),
      isAllWanted: this.#info?.connections.some((connection) => connection.sheet === sheet.id) === true,
      onChange: () => this.#changed(),
      onRefused: (reason) => this.#refused(`base.${sheet.id}`, reason),
    })
  }

  /** Resolves once what can be shown of the open sheet was on the screen, so that what follows does not hold it back. */
  #whenDrawn(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, DRAWN_MS)
      const check = (): void => {
        if (!this.snapshot().isLoaded) return
        this.#listeners.delete(check)
        requestAnimationFrame(() =>
          requestAnimationFrame(() => {
            clearTimeout(timer)
            setTimeout(resolve)
          }),
        )
      }
      this.#listeners.add(check)
      check()
    })
  }

  async #reopen(info: SheetInfo, known: OpenedSheet): Promise<void> {
    known.sheet.close()
    known.delivery.stop({ keeps: true })
    for (const channel of known.channels) {
      channel.stop({ keeps: true })
      // What was not sent stays on this device and is offered once the sheet is open again.
      this.#ledger?.close(channel.name)
    }
    this.#sheets.delete(info.id)
    if (this.#open?.info.id !== info.id) return
    this.#open = undefined
    await this.openSheet(info.id)
  }

  #receive(payload: string): void {
    const message = statelessMessage.safeParse(parseJson(payload))
    if (!message.success) return
    switch (message.data.type) {
      case 'run': {
        const { run } = message.data
        this.noteRun(run)
        if (run.endedAt !== null) void this.refresh()
        return
      }
      case 'connection':
      case 'documents':
        void this.refresh()
    }
  }

  #readPresence(): void {
    const [, sys] = this.#workbookChannels
    const awareness = sys?.awareness
    this.#peers = awareness ? peersOf(awareness.getStates(), awareness.clientID) : []
    for (const listener of this.#presenceListeners) listener()
  }

  async #fetchSession(): Promise<void> {
    this.#keepSession(await callApi('getSession', { query: {} }))
  }

  async #refreshSession(): Promise<void> {
    const before = this.#session?.person.id
    try {
      await this.#fetchSession()
      // Somebody else is signed in here by now: their edits are kept, counted and sent apart from the other person's.
      if (before !== undefined && before !== this.#session?.person.id) window.location.reload()
      this.#changed()
    } catch (error) {
      // Offline: the session this device knows stands.
      if (error instanceof ApiFailure && error.status === 401) this.#socket?.refuse(TEXTS.failure.signedOut)
    }
  }

  #keepSession(session: SessionInfo): void {
    this.#session = session
    noteSession(session)
  }

  async #fetchInfo(): Promise<void> {
    const question = ++this.#infoQuestions
    const info = await callApi('getWorkbook', { params: { id: this.#options.workbook } })
    // A slow answer does not undo the answer to a later question.
    if (question < this.#infoAnswered) return
    this.#infoAnswered = question
    this.#info = info
    this.#shownInfo = undefined
    await this.#keepValue(this.#infoKey(), info)
  }

  /** A small value this device kept; `undefined` where it keeps none. */
  async #kept(key: string): Promise<unknown> {
    try {
      return await this.#store?.get(key)
    } catch (error) {
      if (error instanceof DeviceFailure) return undefined
      throw error
    }
  }

  async #keepValue(key: string, value: unknown): Promise<void> {
    try {
      await this.#store?.set(key, value)
    } catch (error) {
      // The store has said so, and the save line shows it.
      if (!(error instanceof DeviceFailure)) throw error
    }
  }

  /** The storage stands otherwise: what is small is written anew here, each document sees to itself. */
  #followStore(): void {
    if (this.#store?.health === 'kept' && this.#store.openings > 1) {
      if (this.#session !== undefined) this.#keepSession(this.#session)
      if (this.#info !== undefined) void this.#keepValue(this.#infoKey(), this.#info)
      this.#ledger?.keepAgain()
    }
    this.#changed()
  }

  /**
   * Without a connection the windows of one browser carry edits to each other; with one the server does. Who has chosen to work offline
   * works alone.
   */
  #tellWindows(document: string, update: Uint8Array): void {
    const kind = this.#socket?.link.kind
    if (kind !== 'online') this.#askToKeep()
    if (kind === 'waiting' || kind === 'connecting') this.#windows?.post({ kind: 'edit', document, update })
  }

  #hear(message: WindowMessage): void {
    if (message.kind === 'forgotten') {
      this.#endForgotten()
      return
    }
    if (message.kind !== 'edit' || this.#socket?.link.kind === 'off') return
    this.#allChannels()
      .find((channel) => channel.name === message.document)
      ?.takeFromWindow(message.update)
  }

  /**
   * Asks the browser once not to clear its storage when the disk is nearly full: at the first work without a connection, when a person
   * sees why, and not at a first visit.
   */
  #askToKeep(): void {
    if (this.#hasAskedToKeep) return
    this.#hasAskedToKeep = true
    // A browser that says no keeps documents all the same, as long as it has room; the dialog of this device tells which it is.
    void Promise.allSettled([navigator.storage?.persist?.()])
  }

  /** Another window has forgotten this workbook on this device: nothing is written or sent from here any more. */
  #endForgotten(): void {
    this.#phase = 'forgotten'
    this.#changed()
    this.stop({ keeps: false })
  }

  /** Looks for what was typed here into an earlier generation of the open sheet and never sent. */
  async #findLate(): Promise<void> {
    const open = this.#open
    if (open === undefined || this.#store === undefined) return
    const prefix = devicePrefix(this.#session?.person.id ?? '', this.#options.workbook)
    try {
      const late = lateEditsOf(await this.#store.unsent(prefix), prefix, open.sheet, open.info.documents.edits)
      for (const { document } of late.filter(({ cells, others }) => cells.length === 0 && others === 0)) await this.dropLate(document)
      this.#late = late.filter(({ cells, others }) => cells.length + others > 0)
      this.#changed()
    } catch (error) {
      // They are as safe as before; the next opening finds them.
      if (!(error instanceof DeviceFailure)) throw error
    }
  }

  /** Why the server would not let this browser in; `undefined` where it would. */
  async #probe(): Promise<string | undefined> {
    try {
      await callApi('getSession', { query: { workbook: this.#options.workbook } })
      return undefined
    } catch (error) {
      if (!(error instanceof ApiFailure)) return undefined
      if (error.code === DELETED) return error.message
      // A guest is told why their link no longer lets them in.
      if (error.status === 403 && this.#session?.kind === 'guest') return error.message
      return error.status === 401 || error.status === 403 ? TEXTS.failure.signedOut : undefined
    }
  }

  #fail(error: unknown): void {
    if (!(error instanceof ApiFailure)) throw error
    this.#phase = error.status === 404 && error.code !== DELETED ? 'missing' : 'failed'
    const isGuest = error.code.startsWith('link-') || error.code === 'not-shared'
    const isSignedOut = error.status === 401 || (error.status === 403 && !isGuest)
    this.#failure =
      error.kind === 'network'
        ? { message: error.message, advice: TEXTS.failure.notOnDevice }
        : { message: error.message, advice: isSignedOut ? TEXTS.failure.signedOut : error.advice }
    this.#changed()
  }

  #infoKey(): string {
    return infoKey(this.#options.workbook)
  }

  #isSynced(channels: readonly DocumentChannel[]): boolean {
    return channels.length > 0 && channels.every((c) => c.isSynced) && [...this.#sheets.values()].every((s) => s.delivery.isCurrent)
  }

  #channels(): readonly DocumentChannel[] {
    return [...this.#workbookChannels, ...[...this.#sheets.values()].flatMap((s) => s.channels)]
  }

  /** Those that a loaded sheet is made of, and the others. */
  #allChannels(): readonly DocumentChannel[] {
    return [...this.#channels(), ...this.#extras.values()]
  }

  #state(): SessionState {
    const channels = this.#channels()
    const shown = this.#open && this.#sheets.get(this.#open.info.id)?.delivery
    const isSynced = this.#isSynced(channels)
    return {
      phase: this.#phase,
      failure: this.#failure,
      session: this.#session,
      info: this.#infoOfTabs(),
      open: this.#open,
      link: this.#socket?.link ?? { kind: 'connecting' },
      isSynced,
      isLoaded:
        isSynced ||
        (this.#open !== undefined && channels.every((c) => c.isRead) && shown?.isShown === true && this.#open.sheet.fields().length > 0),
      parts: shown?.progress ?? { loaded: 0, all: 0 },
      unsent: this.#unsent(),
      isOnDevice: this.#allChannels().every((channel) => channel.isOnDevice),
      device: this.#store?.health ?? 'opening',
      caughtUp: this.#caughtUp,
      late: this.#late,
      isWorkingOffline: this.#socket?.link.kind === 'off',
      runs: this.#runs,
    }
  }

  #unsent(): number {
    const ledger = this.#ledger
    if (ledger === undefined) return 0
    return this.#socket?.link.kind === 'online' ? ledger.total() : ledger.total() + ledger.ofOthers()
  }

  /** Says for a while what others changed while this window was away. */
  #noteCaughtUp(): void {
    const channels = this.#channels()
    const isSynced = this.#isSynced(channels)
    if (isSynced && !this.#wasSynced) {
      void this.#findLate()
      const sources = [...channels, ...[...this.#sheets.values()].map((s) => s.delivery)]
      const count = sources.reduce((sum, source) => sum + source.takeCaughtUp(), 0)
      if (count > 0) {
        this.#caughtUp = count
        clearTimeout(this.#caughtUpTimer)
        this.#caughtUpTimer = setTimeout(() => {
          this.#caughtUp = 0
          this.#changed()
        }, CAUGHT_UP_MS)
      }
    }
    this.#wasSynced = isSynced
  }

  /** Asks how a run is doing only where nothing was heard of it for a while: its own messages are the rule. */
  #watchRuns(isUnderWay: boolean): void {
    if (!isUnderWay) this.#heardOfRuns()
    else
      this.#runTimer ??= setTimeout(() => {
        this.#runTimer = undefined
        void this.fetchRuns()
      }, RUN_SILENCE_MS)
  }

  #heardOfRuns(): void {
    clearTimeout(this.#runTimer)
    this.#runTimer = undefined
  }

  #changed(): void {
    if (this.#isStopped) return
    this.#snapshot = undefined
    const isOnline = this.#socket?.link.kind === 'online'
    this.#noteCaughtUp()
    // Edits that were on their way when the connection went: the other windows' are on this device by now.
    if (this.#wasOnline && this.#socket?.link.kind === 'waiting' && (this.#windows?.others.size ?? 0) > 0) {
      for (const channel of this.#allChannels()) void channel.readDevice()
    }
    if (isOnline && !this.#wasOnline) {
      void this.fetchRuns()
      void this.refresh()
    }
    this.#wasOnline = isOnline
    this.#watchRuns(isOnline && this.#runs.some((run) => run.endedAt === null))
    for (const check of this.#flushes) check()
    this.#tell()
  }

  /**
   * The whole screen is drawn for news. While a sheet comes in, each document that was read and each part that came is none by itself: what
   * opens it and what completes it are told at once, the rest a few times a second.
   */
  #tell(): void {
    const { phase, open, isLoaded, isSynced, parts } = this.snapshot()
    const isWhole = parts.loaded === parts.all
    const stage = [phase, open?.info.id, isLoaded, isSynced, isWhole].join()
    if (stage === this.#stage && !(isLoaded && isWhole)) {
      this.#tellTimer ??= setTimeout(() => this.#tellNow(), PROGRESS_MS)
      return
    }
    this.#stage = stage
    this.#tellNow()
  }

  #tellNow(): void {
    clearTimeout(this.#tellTimer)
    this.#tellTimer = undefined
    for (const listener of this.#listeners) listener()
  }
}

/** How long the first rows of a sheet may hold its screen back. ms. */
const SOON_MS = 60
const soon = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, SOON_MS))

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const windowId = (random: () => number): string => Math.floor(random() * 2 ** 40).toString(36)
