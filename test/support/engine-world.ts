import { Document } from '@hocuspocus/server'
import { expect } from 'vitest'
import * as Y from 'yjs'
import type { StatelessMessage } from '../../server/api/contract.ts'
import type { DocumentBusiness, Documents, OpenDocument, Principal } from '../../server/collab-ports.ts'
import { deltaOf } from '../../server/engine-ports.ts'
import { applyStored, LiveDocument, SERVER_OWNER } from '../../server/live-document.ts'
import type { Logger } from '../../server/logger.ts'
import { RunQueue, type RunRequest } from '../../server/queue.ts'
import { Schedules } from '../../server/schedules.ts'
import { documentsOf, type Room, SheetHub } from '../../server/sheets.ts'
import { Catalog, type FullConnection, type IntegrationRow, type ObjectRow } from '../../server/storage/catalog.ts'
import { openReader, type Reader } from '../../server/storage/database.ts'
import { makeDocumentStore } from '../../server/storage/document-store.ts'
import { RunLog } from '../../server/storage/run-log.ts'
import { type RunRow, RunStore, transitionOps } from '../../server/storage/runs.ts'
import { ScheduleStore } from '../../server/storage/schedules.ts'
import { type Settings, SettingsStore } from '../../server/storage/settings.ts'
import { SqliteUpdateLog } from '../../server/storage/sqlite-log.ts'
import type { SnapshotRecord, SqlOp, UpdateLog, UpdateRecord } from '../../server/update-log.ts'
import { Workbooks } from '../../server/workbooks.ts'
import type { ReadyApp } from '../../sync-engine/connectors/app.ts'
import type { CallReport, HttpClient } from '../../sync-engine/connectors/http-client.ts'
import { type Credits, NO_CREDITS } from '../../sync-engine/credits.ts'
import type { FieldDirection, ObjectDirection } from '../../sync-engine/direction.ts'
import type { ConnectionSetup } from '../../sync-engine/plan.ts'
import { NO_COUNTS, type RunCounts, type RunOrder } from '../../sync-engine/ports.ts'
import { SyncError } from '../../sync-engine/sync-error.ts'
import type { ValueMap } from '../../sync-engine/value-map.ts'
import { makeRandom } from '../../tools/random.ts'
import type { Annotation, Choice, Marks } from '../../workbook/annotations.ts'
import type { CellValue } from '../../workbook/cell-value.ts'
import { addRow, chooseOn, type Editor, editCells, putBack, requestLink, setRowsDeleted } from '../../workbook/edit.ts'
import {
  type ConnectionId,
  cellKey,
  type FieldId,
  makeConnectionId,
  type RandomBytes,
  type RowId,
  type SheetId,
} from '../../workbook/ids.ts'
import { bookName, isServerWritten, parseDocumentName, sysName } from '../../workbook/schema.ts'
import { Sheet } from '../../workbook/sheet.ts'
import { FakeApp, type SeenCall } from './fake-app.ts'
import { tempFolder } from './temp-folder.ts'
import { lookAt } from './world.ts'

export interface PersonSpec {
  readonly name: string
  readonly client: number
}

/** An app of a world: as the server knows it, and how it is called. */
export interface WorldApp {
  ready(): ReadyApp
  /** A client of one run; `goOn` is asked before each call, and throws where none may leave any more. */
  http(onCall: (call: CallReport) => void, goOn: () => void): HttpClient
}

/** A connection of the world's sheet. */
export interface ConnectionSpec<App extends WorldApp = WorldApp> {
  readonly app: App
  /** The app's own name of the object. */
  readonly object: string
  /** Of its integration. (Default: the app's) */
  readonly name?: string
  /** Connected fields by their name in the app. */
  readonly fields: readonly string[]
  /** In the app's own query language: what is in the sheet before anybody looks. (Default: all) */
  readonly filter?: string
  /** Records that share the row of another connection's record. The others of the app get rows of their own. */
  readonly beside?: Readonly<Record<string, string>>
}

interface ServerWorldOptions {
  readonly people?: readonly PersonSpec[]
  readonly seed?: number
  /** The server's Yjs client ids, one after the other. */
  readonly serverClient?: number
  /** A log that many worlds of one test file use one after the other, each with a workbook of its own. (Default: one of its own) */
  readonly shared?: SharedLog
  /** The clock, where others look at it too. */
  readonly time?: WorldTime
}

export interface WorldTime {
  /** ms since 1970 */
  nowMs: number
}

export interface EngineWorldOptions extends ServerWorldOptions {
  /** What the app holds at first; imported before anybody looks. (Default: one record `1` with summary a) */
  readonly records?: Readonly<Record<string, Readonly<Record<string, CellValue>>>>
  /** Connected fields by their name in the app. (Default: summary alone) */
  readonly fields?: readonly string[]
  readonly direction?: ObjectDirection
  readonly fieldDirection?: FieldDirection
  readonly onConflict?: ConnectionSetup['onConflict']
  readonly app?: FakeApp
  /** Further connections of the same sheet. */
  readonly others?: readonly ConnectionSpec<FakeApp>[]
}

/** A data folder with its log. Opening one takes ten times as long as a run. */
export interface SharedLog extends AsyncDisposable {
  readonly folder: string
  readonly log: SqliteUpdateLog
  /** Worlds made on it so far: their ids must differ. */
  worlds: number
}

export async function openSharedLog(): Promise<SharedLog> {
  const folder = await tempFolder()
  const log = await SqliteUpdateLog.open({ dataFolder: folder.path, retryMs: 10_000 })
  const stop = async (): Promise<void> => {
    await log.stop()
    await folder[Symbol.asyncDispose]()
  }
  return { folder: folder.path, log, worlds: 0, [Symbol.asyncDispose]: stop }
}

/** What one run left behind: its end and its money. */
export interface RunEnd {
  readonly run: RunRow
  readonly credits: Credits
  readonly counts: RunCounts
}

/** And what the app saw of it. */
export interface RunReport extends RunEnd {
  readonly calls: readonly SeenCall[]
  /** Write calls as `record.field=value`. */
  readonly sent: readonly string[]
}

/** The process died here, on purpose. */
export class Crash extends Error {
  constructor() {
    super('the process ends here')
    this.name = 'Crash'
  }
}

/** Counts effects, batches of the log and calls of the app alike, and lets the process die before the n-th. */
class Fuse {
  readonly died = Promise.withResolvers<void>()
  count = 0
  isDead = false
  #at = Number.POSITIVE_INFINITY

  /** The process dies before its `n`-th effect from now on (1: the next). */
  arm(n: number): void {
    this.#at = this.count + n
  }

  disarm(): void {
    this.#at = Number.POSITIVE_INFINITY
  }

  /** An effect is about to happen; `false` where it does not any more. */
  burn(): boolean {
    if (this.isDead) return false
    if (++this.count < this.#at) return true
    this.isDead = true
    this.died.resolve()
    return false
  }
}

/** The real log, behind a fuse: a batch after the death is not on disk, and nothing later is. */
class FusedLog implements UpdateLog {
  readonly #log: UpdateLog
  readonly #fuse: Fuse
  #isTurnOpen = false
  #isTurnKept = true
  /** Batches that were handed over; for the tests that look whether anything was written. */
  updates = 0

  constructor(log: UpdateLog, fuse: Fuse) {
    this.#log = log
    this.#fuse = fuse
  }

  get onFailed() {
    return this.#log.onFailed
  }

  append(record: UpdateRecord): void {
    if (!this.#isKept()) return
    this.updates++
    this.#log.append(record)
  }

  execute(ops: readonly SqlOp[]): void {
    if (ops.length > 0 && this.#isKept()) this.#log.execute(ops)
  }

  keepSnapshot(record: SnapshotRecord): void {
    if (this.#isKept()) this.#log.keepSnapshot(record)
  }

  async durable(): Promise<void> {
    if (this.#fuse.isDead) throw new Crash()
    await this.#log.durable()
    if (this.#fuse.isDead) throw new Crash()
  }

  takeSeq(): number {
    return this.#log.takeSeq()
  }

  async stop(): Promise<void> {
    return
  }

  /** One turn of the event loop is one batch, and one effect. */
  #isKept(): boolean {
    if (!this.#isTurnOpen) {
      this.#isTurnOpen = true
      setImmediate(() => {
        this.#isTurnOpen = false
      })
      this.#isTurnKept = this.#fuse.burn()
    }
    return this.#isTurnKept
  }
}

interface DocumentParts {
  readonly log: UpdateLog
  readonly reader: Reader
  readonly logger: Logger
  readonly now: () => number
  /** The server's own Yjs client id. */
  readonly client: number
}

/** Live documents without sockets: loaded from the log, written to it, exactly as the server's. */
class WorldDocuments implements Documents {
  readonly #parts: DocumentParts
  readonly #business: () => DocumentBusiness
  readonly #onOpened: (live: LiveDocument) => void
  readonly #live = new Map<string, Promise<LiveDocument>>()

  constructor(parts: DocumentParts, business: () => DocumentBusiness, onOpened: (live: LiveDocument) => void) {
    this.#parts = parts
    this.#business = business
    this.#onOpened = onOpened
  }

  async openDocument(name: string): Promise<OpenDocument> {
    const { doc } = await this.live(name)
    return { doc, release: async () => undefined }
  }

  live(name: string): Promise<LiveDocument> {
    const known = this.#live.get(name)
    if (known) return known
    const loading = this.#load(name)
    this.#live.set(name, loading)
    return loading
  }

  async drop(): Promise<void> {
    for (const loading of await Promise.allSettled(this.#live.values())) {
      // One that was still being read when the process died is not there.
      if (loading.status === 'rejected') continue
      loading.value.detach()
      loading.value.doc.destroy()
    }
    this.#live.clear()
  }

  broadcastStateless(): void {
    // Nobody listens: there are no sockets here.
  }

  dismiss(): void {
    // Nobody to send away, likewise.
  }

  async #load(name: string): Promise<LiveDocument> {
    const parsed = parseDocumentName(name)
    if (parsed === undefined) throw new Error(`${name} is no document of ours`)
    const { log, reader, logger, now, client } = this.#parts
    await log.durable()
    const stored = await makeDocumentStore(reader).load(name)
    const doc = new Document(name, { gc: true, gcFilter: () => true })
    applyStored(doc, stored)
    doc.clientID = client
    const live = new LiveDocument(doc, parsed, stored, { log, business: this.#business(), logger, now, earlierOwners: new Map() })
    live.owners.set(client, SERVER_OWNER)
    this.#onOpened(live)
    await live.attach()
    await live.prepareToWrite()
    return live
  }
}

/** One person's window: their own copies of the documents, and the sheet over them. */
export class EnginePerson {
  readonly name: string
  readonly editor: Editor
  readonly docs = new Map<string, Y.Doc>()
  isOnline = true
  readonly #client: number
  #sheet: Sheet | undefined

  constructor({ name, client }: PersonSpec, now: () => number) {
    this.name = name
    this.#client = client
    this.editor = { by: name, now }
  }

  get sheet(): Sheet {
    if (this.#sheet === undefined) throw new Error(`${this.name} has not been let in`)
    return this.#sheet
  }

  doc(name: string): Y.Doc {
    const known = this.docs.get(name)
    if (known) return known
    const doc = new Y.Doc({ gc: parseDocumentName(name)?.kind !== 'edits' })
    doc.clientID = this.#client
    this.docs.set(name, doc)
    return doc
  }

  open(id: SheetId, names: { book: string; sys: string; edits: string; annotations: string; base: readonly string[] }): void {
    this.#sheet?.close()
    this.#sheet = new Sheet(id, {
      book: this.doc(names.book),
      sys: this.doc(names.sys),
      edits: this.doc(names.edits),
      annotations: this.doc(names.annotations),
      base: names.base.map((name) => this.doc(name)),
    })
  }

  get docOfEdits(): Y.Doc {
    return this.sheet.docs.edits
  }

  /** The number of this person's next item in the edits document. */
  get clockOfEdits(): number {
    return Y.getState(this.docOfEdits.store, this.#client)
  }

  /** Whether an item has reached this window. */
  hasSeen({ client, clock }: { readonly client: number; readonly clock: number }): boolean {
    return Y.getState(this.docOfEdits.store, client) > clock
  }

  get principal(): Principal {
    return { actor: { id: this.name, name: this.name, color: 'teal' }, device: `${this.name}-laptop`, canWrite: true }
  }
}

/** Everything of the server that a crash takes away. */
interface Process {
  readonly fuse: Fuse
  readonly log: FusedLog
  readonly documents: WorldDocuments
  readonly hub: SheetHub
  readonly queue: RunQueue
  readonly catalog: Catalog
  readonly runs: RunStore
  readonly workbooks: Workbooks
  readonly schedules: Schedules
  readonly settings: SettingsStore
  readonly runLog: RunLog
}

const SERVER = 'server'

/**
 * People, a server without sockets, and connected apps: the real log on disk, real documents, the real authority, queue, ports and
 * engine. Only the clock, randomness, the network and the apps are the test's.
 */
export class ServerWorld<App extends WorldApp = WorldApp> implements AsyncDisposable {
  readonly people = new Map<string, EnginePerson>()
  /** What was sent to everybody in a workbook. */
  readonly broadcasts: StatelessMessage[] = []
  /** What the server's logger was told, errors and warnings. */
  readonly complaints: string[] = []
  readonly now = (): number => this.#time.nowMs
  /** The connections of the sheet, in the order in which they were made. */
  readonly connections: (ConnectionSpec<App> & { readonly id: ConnectionId })[] = []
  readonly #time: WorldTime
  readonly #options: ServerWorldOptions
  readonly #specs: readonly ConnectionSpec<App>[]
  readonly #random: RandomBytes
  readonly #shared: SharedLog
  #reader: Reader
  #process: Process
  #serverClient: number
  #room: Room | undefined
  #names: { book: string; sys: string; edits: string; annotations: string; base: readonly string[] } | undefined
  /** What the server itself wrote waits for the disk before anybody sees it: else people would bring back what a crash undid. */
  #held: { name: string; update: Uint8Array }[] = []

  constructor(specs: readonly ConnectionSpec<App>[], options: ServerWorldOptions, shared: SharedLog) {
    this.#specs = specs
    this.#options = options
    this.#shared = shared
    this.#time = options.time ?? { nowMs: Date.parse('2026-02-01T09:00:00.000Z') }
    this.#reader = openReader(shared.folder)
    this.#serverClient = options.serverClient ?? 5_000
    const next = makeRandom((options.seed ?? 1) + 7_919 * shared.worlds++)
    this.#random = (length) => Uint8Array.from({ length }, () => Math.floor(next() * 256))
    this.#process = this.#build()
  }

  get nowMs(): number {
    return this.#time.nowMs
  }

  set nowMs(to: number) {
    this.#time.nowMs = to
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.fuse.isDead = true
    await this.#process.queue.stop()
    for (const { sheet } of this.people.values()) sheet.close()
    await this.#process.documents.drop()
    await this.#endOpenRuns()
    // The clock of the next world in this folder is not to start anything here.
    const { log } = this.#shared
    log.execute(this.connections.map(({ id }) => ({ sql: "UPDATE connections SET state = 'removed' WHERE id = ?", params: [id] })))
    await log.durable()
    await this.#reader.close()
    if (this.#options.shared === undefined) await this.#shared[Symbol.asyncDispose]()
  }

  // The server ------------------------------------------------------------------------------------------------------------------------------

  #build(): Process {
    const fuse = new Fuse()
    const log = new FusedLog(this.#shared.log, fuse)
    const catalog = new Catalog(this.#reader)
    const runs = new RunStore(this.#reader)
    const logger = this.#logger()
    const documents: WorldDocuments = new WorldDocuments(
      { log, reader: this.#reader, logger, now: this.now, client: this.#nextClient() },
      () => hub,
      (live) => this.#watch(live),
    )
    const hub = new SheetHub({ catalog, runs, log, logger, now: this.now, random: this.#random, onLinkRequests: () => undefined })
    hub.use(documents)
    const clock = {
      now: this.now,
      sleep: async (ms: number, signal: AbortSignal) => {
        signal.throwIfAborted()
        this.nowMs += ms
      },
    }
    const settings = new SettingsStore(this.#reader, 'UTC')
    const queue = new RunQueue({
      catalog,
      runs,
      hub,
      log,
      logger,
      clock,
      random: () => 0,
      randomBytes: this.#random,
      broadcast: (_docName, message) => this.broadcasts.push(message),
      nameOf: (actor) => actor,
      settings: () => settings.get(),
      readyApp: (id) => this.#specs.map(({ app }) => app.ready()).find((app) => app.id === id),
      makeHttp: ({ integration }, onCall, goOn = () => undefined) => {
        const spec = this.#specs.find(({ app }) => app.ready().id === integration.app)
        if (spec === undefined) throw new Error(`The world has no ${integration.app}`)
        return spec.app.http(onCall, goOn)
      },
    })
    const workbooks = new Workbooks({
      catalog,
      hub,
      documents,
      queue,
      log,
      now: this.now,
      random: this.#random,
    })
    const schedules = new Schedules({
      ...{ catalog, runs, queue, log, logger },
      states: new ScheduleStore(this.#reader),
      settings: () => settings.get(),
      now: this.now,
    })
    const runLog = new RunLog(this.#reader, runs)
    return { fuse, log, documents, hub, queue, catalog, runs, workbooks, schedules, settings, runLog }
  }

  /** Each process of the server is a client of its own; in steps that leave room for people's. */
  #nextClient(): number {
    const client = this.#serverClient
    this.#serverClient += 10
    return client
  }

  #logger(): Logger {
    const note = (...said: unknown[]): void => {
      const [about, message] = said
      const { err, ...rest } = about as { err?: unknown }
      const cause = err instanceof Error ? ` ${err.message}` : ''
      this.complaints.push(`${String(message)} ${JSON.stringify(rest)}${cause}`)
    }
    return { error: note, warn: note, info: () => undefined } as unknown as Logger
  }

  /** Makes the workbook, its connections and its people; before anything else. */
  async fill(): Promise<void> {
    const { workbooks, hub } = this.#process
    const { workbook, sheet } = await workbooks.create('Plan', 'none')
    for (const spec of this.#specs) {
      const app = spec.app.ready()
      const integration: IntegrationRow = {
        id: makeConnectionId(this.#random),
        app: app.id,
        name: spec.name ?? app.name,
        baseUrl: '',
        account: '',
        isOn: true,
        limitedTo: undefined,
        isSandbox: false,
      }
      const object: ObjectRow = {
        id: makeConnectionId(this.#random),
        integration: integration.id,
        name: app.objects.find((o) => o.id === spec.object)?.name ?? spec.object,
        external: spec.object,
        direction: 'push-pull',
        schedule: null,
      }
      await workbooks.addIntegration(integration, [object])
      const full = await workbooks.connect({ workbook: workbook.id, sheet, object, filter: '', externals: spec.fields, actor: SERVER })
      this.connections.push({ ...spec, id: full.connection.id })
      if (this.#room !== undefined) continue
      await workbooks.addCustomField(workbook.id, sheet, { name: 'Notes', type: 'text', width: 100 })
      this.#room = (await hub.open(sheet)).room
      await hub.ensureRoom(this.#room, 10)
    }
    for (const { id, beside = {}, filter = '' } of this.connections) {
      const links = Object.entries(beside).map(([recordId, other]) => ({ row: this.row(other), recordId }))
      if (links.length > 0) await this.#runToEnd({ kind: 'link', links }, 'person', id)
      const { run } = await this.#runToEnd({ kind: 'import', filter }, 'person', id)
      expect(run.error, 'the first import').toBeNull()
    }
    this.#names = {
      book: bookName(workbook.id),
      sys: sysName(workbook.id),
      ...documentsOf(this.room.sheet.docs.sys, sheet),
    }
    for (const person of this.#options.people ?? []) await this.letIn(person)
  }

  /** Changes what configuration says, as the settings page does. */
  async configure(o: {
    isOn?: boolean
    direction?: ObjectDirection
    fieldDirection?: FieldDirection
    field?: string
    onConflict?: ConnectionSetup['onConflict']
    schedule?: number | null
    isNightly?: boolean
    filter?: string
    valueMaps?: Readonly<Record<string, ValueMap>>
    /** (Default: the first) */
    connection?: ConnectionId
  }): Promise<void> {
    const { catalog, log, workbooks } = this.#process
    const { connection, object, integration } = await this.full(o.connection)
    const directionOf = (f: ConnectionSetup['fields'][number]): FieldDirection =>
      f.field === connection.keyField || (o.field !== undefined && f.external !== o.field) ? f.direction : (o.fieldDirection ?? f.direction)
    const changed = {
      ...connection,
      fields: connection.fields.map((f) => ({ ...f, direction: directionOf(f) })),
      onConflict: o.onConflict ?? connection.onConflict,
      filter: o.filter ?? connection.filter,
    }
    const mappings = Object.entries(o.valueMaps ?? {}).map(([external, valueMap]) => ({
      external,
      direction: 'two-way' as const,
      valueMap,
    }))
    log.execute([
      catalog.saveIntegration({ ...integration, isOn: o.isOn ?? integration.isOn }, this.nowMs),
      catalog.saveObject({
        ...object,
        direction: o.direction ?? object.direction,
        schedule: o.schedule === undefined ? object.schedule : o.schedule,
        isNightly: o.isNightly ?? object.isNightly ?? false,
        ...(o.valueMaps !== undefined && { mappings }),
      }),
      catalog.saveConnection(changed),
    ])
    await log.durable()
    await workbooks.rewriteBindings([changed])
    await this.quiet()
  }

  async full(connection = this.connection): Promise<FullConnection> {
    const full = await this.#process.catalog.connection(connection)
    if (!full) throw new Error('The world is not filled yet')
    return full
  }

  get server(): Process {
    return this.#process
  }

  get reader(): Reader {
    return this.#reader
  }

  get room(): Room {
    if (this.#room === undefined) throw new Error('The world is not filled yet')
    return this.#room
  }

  get sheet(): Sheet {
    return this.room.sheet
  }

  /** The first connection. */
  get connection(): ConnectionId {
    const [first] = this.connections
    if (first === undefined) throw new Error('The world is not filled yet')
    return first.id
  }

  /** The sheet's field of an app's field; `Notes` is the custom one. */
  field(name = 'summary'): FieldId {
    const found = this.sheet.fields().find((f) => f.binding?.external === name || (f.binding === undefined && f.name === name))
    if (found === undefined) throw new Error(`No field ${name}`)
    return found.id
  }

  /** The row that holds a record. */
  row(record = '1', nth = 0): RowId {
    const row = this.connections.flatMap(({ id }) => this.sheet.rowsOf(id, record))[nth]
    if (row === undefined) throw new Error(`No row holds the record ${record}`)
    return row
  }

  /** Lets the process die before its `n`-th effect from now on. */
  dieBefore(n: number): void {
    this.#process.fuse.arm(n)
  }

  /** How many effects there were. */
  get effects(): number {
    return this.#process.fuse.count
  }

  get isDead(): boolean {
    return this.#process.fuse.isDead
  }

  /**
   * The process is gone and another starts on what is on disk. People's edits that others saw before they were on disk stay with them.
   * The runs it left behind start again; `isResuming: false`: somebody cancels them first.
   */
  async restart({ isResuming = true } = {}): Promise<void> {
    const old = this.#process
    old.fuse.isDead = true
    old.fuse.died.resolve()
    await old.queue.stop()
    this.#held = []
    await old.documents.drop()
    await this.#shared.log.durable()
    if (!isResuming) await this.#endOpenRuns()
    await this.#reader.close()
    this.#reader = openReader(this.#shared.folder)
    this.#process = this.#build()
    this.#room = (await this.#process.hub.open(this.sheet.id)).room
    for (const person of this.people.values()) if (person.isOnline) await this.#handshake(person)
    await this.#process.queue.start()
    for (const run of await this.#process.runs.open()) await this.#ended(run.id)
    await this.quiet()
  }

  async #endOpenRuns(): Promise<void> {
    const { log } = this.#shared
    for (const { id } of await new RunStore(this.#reader).open()) log.execute(transitionOps(id, 'cancelled', this.nowMs, null))
    await log.durable()
  }

  // Runs ------------------------------------------------------------------------------------------------------------------------------------

  /** One run to its end. Its receipt balances, whatever happened. @throws Crash where the process died in it */
  async #runToEnd(order: RunOrder, trigger: RunRow['trigger'], connection: ConnectionId): Promise<RunEnd> {
    return this.endOf(await this.enqueue(order, trigger, connection))
  }

  /** Asks for a run, and does not wait for it. @throws Crash where the process died meanwhile */
  async enqueue(order: RunOrder, trigger: RunRow['trigger'] = 'person', connection = this.connection): Promise<string> {
    const { queue, fuse } = this.#process
    const request: RunRequest = { connection: await this.full(connection), order, trigger, actor: 'ann' }
    const dead = fuse.died.promise.then(() => Promise.reject(new Crash()))
    return (await Promise.race([queue.enqueue(request), dead])).run
  }

  /** The end of a run that was asked for, its receipt balanced. @throws Crash where the process died in it */
  async endOf(id: string): Promise<RunEnd> {
    const run = await this.#ended(id)
    await this.quiet()
    expect(balanceOf(run.counts), `the receipt of the run balances: ${JSON.stringify(run.counts)} ${run.error?.code ?? ''}`).toBe(0)
    return { run, counts: run.counts, credits: await this.#process.runs.creditsOf(id) }
  }

  async #ended(id: string): Promise<RunRow> {
    const { queue, fuse } = this.#process
    const ended = await Promise.race([queue.ended(id), fuse.died.promise])
    if (ended === undefined) throw new Crash()
    return ended
  }

  /** Somebody says yes to what a waiting run keeps; it runs to its end. @throws Crash where the process died in it */
  async confirm(id: string): Promise<RunRow> {
    const { queue, fuse } = this.#process
    await Promise.race([queue.confirm(id, 'ann'), fuse.died.promise.then(() => Promise.reject(new Crash()))])
    const run = await this.#ended(id)
    await this.quiet()
    return run
  }

  run(order: RunOrder = TWO_WAY, trigger: RunRow['trigger'] = 'person', connection = this.connection): Promise<RunEnd> {
    return this.#runToEnd(order, trigger, connection)
  }

  /** The clock goes on; what it wants is queued and runs to its end. Gives the runs it started, oldest first. */
  async passTime(ms: number): Promise<readonly RunRow[]> {
    const { schedules, runs } = this.#process
    this.nowMs += ms
    const before = new Set((await runs.runs({ limit: 1_000 })).map((r) => r.id))
    await schedules.tick()
    const started = (await runs.runs({ limit: 1_000 })).filter((r) => !before.has(r.id)).reverse()
    const ended: RunRow[] = []
    for (const { id } of started) ended.push(await this.#ended(id))
    await this.quiet()
    return ended
  }

  async setSettings(changed: Partial<Settings>): Promise<void> {
    const { settings, log } = this.#process
    log.execute([settings.save({ ...settings.get(), ...changed })])
    await log.durable()
  }

  /** Everything handed over is on disk, and everybody online has seen it. */
  async quiet(): Promise<void> {
    if (this.isDead) return
    await this.#process.log.durable()
    this.#deliverHeld()
    await this.#process.log.durable()
    this.#deliverHeld()
  }

  // People ----------------------------------------------------------------------------------------------------------------------------------

  async letIn(spec: PersonSpec): Promise<EnginePerson> {
    const person = new EnginePerson(spec, this.now)
    this.people.set(spec.name, person)
    if (this.#names === undefined) throw new Error('The world is not filled yet')
    for (const name of this.#documentNames()) this.#listen(person, name)
    await this.#handshake(person)
    person.open(this.sheet.id, this.#names)
    return person
  }

  person(name: string): EnginePerson {
    const person = this.people.get(name)
    if (person === undefined) throw new Error(`No person ${name}`)
    return person
  }

  type(name: string, value: CellValue, place: Place = {}): void {
    const { sheet, editor } = this.person(name)
    editCells(sheet, [{ ...this.#place(place), value }], editor)
  }

  putBack(name: string, place: Place = {}): void {
    const { sheet, editor } = this.person(name)
    const { row, field } = this.#place(place)
    putBack(sheet, row, field, editor)
  }

  addRow(name: string): RowId {
    const { sheet, editor } = this.person(name)
    return addRow(sheet, undefined, editor, this.#random)
  }

  requestLink(name: string, row: RowId, key: string | null): void {
    const { sheet, editor } = this.person(name)
    requestLink(sheet, row, this.connection, key, editor)
  }

  setDeleted(name: string, row: RowId, isDeleted: boolean): void {
    const { sheet, editor } = this.person(name)
    setRowsDeleted(sheet, [row], isDeleted, editor)
  }

  /** Answers the open annotation of a cell as this person sees it. @throws Error where they see none */
  choose(name: string, kind: keyof Marks, answer: Choice, place: Place = {}): void {
    const { sheet, editor } = this.person(name)
    const at = this.#place(place)
    const annotation = sheet.marks(at.row, at.field)[kind]
    if (annotation === undefined) throw new Error(`${name} sees no ${kind} here`)
    chooseOn(sheet, at, annotation as Annotation, answer, editor)
  }

  offline(...names: string[]): void {
    for (const name of names) this.person(name).isOnline = false
  }

  async online(...names: string[]): Promise<void> {
    for (const name of names) {
      const person = this.person(name)
      person.isOnline = true
      await this.#handshake(person)
    }
    await this.quiet()
  }

  /** A cell in few words: as the server has it, or as a person sees it. */
  look(place: Place = {}, name?: string) {
    const { row, field } = this.#place(place)
    return lookAt(name === undefined ? this.sheet : this.person(name).sheet, row, field)
  }

  marks(place: Place = {}): Marks {
    const { row, field } = this.#place(place)
    return this.sheet.marks(row, field)
  }

  #place({ record, row, field }: Place): { row: RowId; field: FieldId } {
    return { row: row ?? this.row(record), field: this.field(field) }
  }

  // Laws ------------------------------------------------------------------------------------------------------------------------------------

  /** The delta the log's index names is the staged cells of the server's document, also when both are read from the disk anew. */
  async expectDeltaLaw(): Promise<void> {
    await this.quiet()
    const { runs } = this.#process
    const { sheet, authority } = this.room
    const named = (cells: Iterable<{ row: RowId; field: FieldId }>): string[] => [...cells].map((c) => cellKey(c.row, c.field)).sort()
    for (const { id } of this.connections) {
      const delta = named(deltaOf(this.room, id, runs.unsettled(id)))
      const staged = [...authority.staged(id)].filter(({ row }) => sheet.recordOf(row, id) !== undefined && !sheet.isDeleted(row))
      expect(delta, 'delta from the log = staged cells of the document').toEqual(named(staged))
    }
    const edited = authority.allUnsettled().filter((c) => c.isUnsettled)
    expect(named(runs.unsettledOfSheet(sheet.id)), 'the index of unsettled cells').toEqual(named(edited))
    const told = this.complaints.filter((c) => c.startsWith('the index of unsettled cells was mended'))
    expect(told, 'the index never had to be mended').toEqual([])
  }

  /** Everybody who is online has what the server has. */
  expectOneTruth(): void {
    for (const { name, docs, isOnline } of this.people.values()) {
      if (!isOnline) continue
      for (const [docName, doc] of docs) {
        expect(jsonOf(doc), `${name} and the server have the same ${docName}`).toEqual(jsonOf(this.#docs.get(docName) ?? new Y.Doc()))
      }
    }
  }

  /** What was written to documents since the world began. */
  get updates(): number {
    return this.#process.log.updates
  }

  // The wire --------------------------------------------------------------------------------------------------------------------------------

  readonly #docs = new Map<string, Y.Doc>()

  #documentNames(): readonly string[] {
    if (this.#names === undefined) return []
    const { book, sys, edits, annotations, base } = this.#names
    return [book, sys, edits, annotations, ...base]
  }

  /** The server's side: what comes from people's windows goes to whoever is online at once, what it writes itself when it is on disk. */
  #watch(live: LiveDocument): void {
    this.#docs.set(live.doc.name, live.doc)
    live.doc.on('update', (update: Uint8Array, origin: unknown) => {
      const { name } = live.doc
      if (isOfWindow(origin)) this.#deliver(name, update)
      else this.#held.push({ name, update })
    })
  }

  #deliverHeld(): void {
    for (const { name, update } of this.#held.splice(0)) this.#deliver(name, update)
  }

  #deliver(name: string, update: Uint8Array): void {
    for (const person of this.people.values()) {
      const doc = person.docs.get(name)
      if (person.isOnline && doc) Y.applyUpdate(doc, update, SERVER)
    }
  }

  /** A person's side: what they write goes to the server at once while they are online. */
  #listen(person: EnginePerson, name: string): void {
    person.doc(name).on('update', (update: Uint8Array, origin: unknown) => {
      if (origin !== SERVER && person.isOnline && !this.isDead) this.#receive(person, name, update)
    })
  }

  #receive(person: EnginePerson, name: string, update: Uint8Array): void {
    const live = this.#liveNow.get(name)
    live?.applyClientUpdate(update, {
      principal: person.principal,
      transactionOrigin: { source: 'connection', connection: { context: { principal: person.principal } } },
    })
  }

  readonly #liveNow = new Map<string, LiveDocument>()

  /** As at every socket: the person is asked first for what they hold, then shown what the server has. */
  async #handshake(person: EnginePerson): Promise<void> {
    for (const name of this.#documentNames()) {
      const live = await this.#process.documents.live(name)
      this.#liveNow.set(name, live)
      const theirs = Y.encodeStateAsUpdate(person.doc(name), Y.encodeStateVector(live.doc))
      if (!isServerWritten(live.name)) this.#receive(person, name, theirs)
    }
    await this.#process.log.durable()
    for (const name of this.#documentNames()) {
      const { doc } = await this.#process.documents.live(name)
      Y.applyUpdate(person.doc(name), Y.encodeStateAsUpdate(doc, Y.encodeStateVector(person.doc(name))), SERVER)
    }
  }
}

/** A world whose apps are in memory; it speaks of the first of them. */
export class EngineWorld extends ServerWorld<FakeApp> {
  readonly app: FakeApp

  static async start(options: EngineWorldOptions = {}): Promise<EngineWorld> {
    const { app = new FakeApp(), records = { 1: { summary: 'a' } }, fields = ['summary'], others = [] } = options
    for (const [id, values] of Object.entries(records)) app.add(id, values)
    const world = new EngineWorld(
      [{ app, object: 'issues', name: 'Fake', fields }, ...others],
      options,
      options.shared ?? (await openSharedLog()),
      app,
    )
    await world.fill()
    const { direction, fieldDirection, onConflict } = options
    await world.configure({ ...(direction && { direction }), ...(fieldDirection && { fieldDirection }), ...(onConflict && { onConflict }) })
    for (const one of [app, ...others.map((o) => o.app)]) {
      one.takeCalls()
      one.writes.splice(0)
    }
    return world
  }

  private constructor(specs: readonly ConnectionSpec<FakeApp>[], options: ServerWorldOptions, shared: SharedLog, app: FakeApp) {
    super(specs, options, shared)
    this.app = app
  }

  override async run(order: RunOrder = TWO_WAY, trigger: RunRow['trigger'] = 'person', connection = this.connection): Promise<RunReport> {
    const { app } = this.connections.find(({ id }) => id === connection) ?? this
    app.takeCalls()
    const ended = await super.run(order, trigger, connection)
    const calls = app.takeCalls()
    return { ...ended, calls, sent: sentOf(calls) }
  }

  oneWay(connection = this.connection): Promise<RunReport> {
    return this.run({ kind: 'sync', mode: 'one-way', trigger: 'person' }, 'person', connection)
  }

  scheduled(connection = this.connection): Promise<RunReport> {
    return this.run({ kind: 'sync', mode: 'two-way', trigger: 'schedule' }, 'schedule', connection)
  }

  /** A second pull of the same answers changes nothing: not one update reaches the log. */
  async expectSecondPullIsEmpty(): Promise<void> {
    await this.oneWay()
    const before = this.updates
    const { run } = await this.oneWay()
    expect(run.state).toBe('settled')
    expect(this.updates - before, 'updates of a second, identical pull').toBe(0)
  }
}

export interface Place {
  /** The row that holds this record (Default: 1), or the row itself. */
  readonly record?: string
  readonly row?: RowId
  /** By its name in the app. (Default: summary) */
  readonly field?: string
}

export const TWO_WAY: RunOrder = { kind: 'sync', mode: 'two-way', trigger: 'person' }
export const NOTHING: RunCounts = NO_COUNTS
export const FREE: Credits = NO_CREDITS

/** planned = pushed + refused + skipped + unknown */
export const balanceOf = (c: RunCounts): number => c.planned - c.pushed - c.refused - c.skipped - c.unknown

export const sentOf = (calls: readonly SeenCall[]): string[] =>
  calls.flatMap((call) =>
    (call.deltas ?? []).flatMap((d) => d.changes.map((c) => `${d.recordId}.${c.field}=${c.value === null ? '' : String(c.value)}`)),
  )

/** A refusal that ends a run before anything was saved. */
export const throttled = (): SyncError => new SyncError('rate-limited', 'Jira asked us to slow down.')

/** As a socket's own updates are marked. */
const isOfWindow = (origin: unknown): boolean => (origin as { source?: unknown } | null)?.source === 'connection'

/** A document's maps; those nobody has written to are left out, for one side may never have asked for them. */
function jsonOf(doc: Y.Doc): unknown {
  const maps = [...doc.share.keys()].sort().map((key) => [key, doc.getMap(key).toJSON()] as const)
  return Object.fromEntries(maps.filter(([, map]) => Object.keys(map).length > 0))
}
