import type * as Y from 'yjs'
import { type AcceptedKind, readAccepted } from '../workbook/accepted-kinds.ts'
import { type EditFacts, SheetAuthority } from '../workbook/authority.ts'
import type { DifferenceKind } from '../workbook/cell-value.ts'
import { editLinksMap, sysAccepted, sysBindings, sysGenerations, sysShards, sysSlots } from '../workbook/documents.ts'
import type { Binding } from '../workbook/fields.ts'
import type { ConnectionId, FieldId, RandomBytes, SheetId, WorkbookId } from '../workbook/ids.ts'
import { ServerOrigin } from '../workbook/origin.ts'
import { annotationsName, baseName, bookName, editsName, sysName } from '../workbook/schema.ts'
import { Sheet } from '../workbook/sheet.ts'
import type { ActorOf, DocumentBusiness, DocumentMeta, Documents, OpenDocument } from './collab-ports.ts'
import type { Logger } from './logger.ts'
import type { Catalog, SheetCounts } from './storage/catalog.ts'
import { type RunStore, unsettledOp } from './storage/runs.ts'
import { type CellChangeRow, LogFailed, type SqlOp, type UpdateLog } from './update-log.ts'

/** One sheet in the server's memory: its documents, and the authority that judges what arrives. */
export interface Room {
  readonly workbook: WorkbookId
  readonly sheet: Sheet
  readonly authority: SheetAuthority
}

interface OpenRoom extends Room {
  readonly held: OpenDocument[]
  readonly edits: string
  /** How many work in it now; the server's own runs and requests. */
  users: number
  closing: NodeJS.Timeout | undefined
}

/** An edits document in memory. */
interface AttachedEdits {
  readonly sheet: SheetId
  readonly doc: Y.Doc
  readonly actorOf: ActorOf
}

/** How long a room stays open when nobody edits in it and no run works in it. ms */
const IDLE_ROOM_MS = 5 * 60_000

export interface SheetHubParts {
  readonly catalog: Catalog
  readonly runs: RunStore
  readonly log: UpdateLog
  readonly logger: Logger
  readonly now: () => number
  readonly random: RandomBytes
  /** People asked for links (perhaps offline); somebody should run them. */
  readonly onLinkRequests: (sheet: SheetId) => void
  /** Whether somebody may tie rows to records: it costs credits and asks the app. */
  readonly mayLink?: (person: string) => boolean
  /** What configuration says of the sheet's fields is written where the sheet says otherwise, as after a crash between the two. */
  readonly mendBindings?: (sheet: Sheet) => Promise<void>
  readonly idleRoomMs?: number
}

/**
 * The sheets that are worked in. A room holds all base shards of its sheet, so it is opened by the first edit or run and not by those who only
 * read; it closes when nothing happened in it for a while, and with its edits document. While it is open, every edit is judged in the turn in
 * which it arrives, and what that means for the index of unsettled cells is committed with it.
 */
export class SheetHub implements DocumentBusiness {
  readonly #parts: SheetHubParts
  readonly #rooms = new Map<string, OpenRoom>()
  readonly #opening = new Map<string, Promise<OpenRoom>>()
  readonly #attached = new Map<string, AttachedEdits>()
  #documents: Documents | undefined

  constructor(parts: SheetHubParts) {
    this.#parts = parts
  }

  /** The hub serves the collaboration part and is served by it: told once both exist. */
  use(documents: Documents): void {
    this.#documents = documents
  }

  attachDocument(docName: string, doc: Y.Doc, { name, actorOf }: DocumentMeta): void {
    if (name.kind !== 'edits') return
    this.#attached.set(docName, { sheet: name.sheet, doc, actorOf })
    // Asked for before the server went down: nobody else will say it.
    if (hasLinkRequests(doc)) this.#parts.onLinkRequests(name.sheet)
  }

  detachDocument(docName: string): void {
    this.#attached.delete(docName)
    this.#close(docName)
  }

  isReadyToWrite(docName: string): boolean {
    return this.#rooms.has(docName) || !this.#attached.has(docName)
  }

  async prepareToWrite(docName: string): Promise<void> {
    if (this.#attached.has(docName)) await this.#room(docName)
  }

  onTransaction(
    docName: string,
    transaction: Y.Transaction,
    actorOf: ActorOf,
    seq: number,
  ): { cellChanges: CellChangeRow[]; ops: SqlOp[] } {
    if (!this.#attached.has(docName)) return { cellChanges: [], ops: [] }
    const room = this.#rooms.get(docName)
    if (room === undefined) throw new Error('An edit was applied before its sheet was open')
    this.#stayOpen(room)
    const facts = room.authority.factsOf(transaction)
    if (facts === undefined) return { cellChanges: [], ops: [] }
    const origin = kindOf(transaction.origin)
    return {
      cellChanges: facts.changes.map((change) => ({ ...change, device: actorOf(Number(change.item.split(':')[0])).device, origin })),
      ops: facts.unsettled.map((cell) => unsettledOp({ ...cell, sheet: room.sheet.id }, seq, cell.isUnsettled)),
    }
  }

  /** Opens a sheet for the server itself; `release` lets it go again. @throws Error where the sheet does not exist. */
  async open(sheet: SheetId): Promise<{ room: Room; release: () => Promise<void> }> {
    const row = await this.#parts.catalog.sheet(sheet)
    if (row === undefined) throw new Error(`No sheet ${sheet}`)
    const sys = await this.#docs.openDocument(sysName(row.workbook))
    const name = editsName(sheet, genOf(sys.doc, `edits.${sheet}`))
    const edits = await this.#docs.openDocument(name)
    await sys.release()
    const room = await this.#room(name)
    room.users++
    let isHeld = true
    return {
      room,
      release: async () => {
        if (!isHeld) return
        isHeld = false
        room.users--
        this.#stayOpen(room)
        await edits.release()
      },
    }
  }

  /**
   * How much is in a sheet: of one that is worked in from memory, else as it was when it was last closed. A sheet is opened for it only where
   * that is not known, as after a crash.
   */
  async counts(sheet: SheetId): Promise<SheetCounts> {
    const live = [...this.#rooms.values()].find((room) => room.sheet.id === sheet)
    if (live !== undefined) return countsOf(live)
    await this.#parts.log.durable()
    const known = await this.#parts.catalog.counts(sheet)
    if (known !== undefined) return known
    const { room, release } = await this.open(sheet)
    try {
      return countsOf(room)
    } finally {
      await release()
    }
  }

  /** How many records a connection's rows are tied to, deleted rows left out; known as `counts` is. */
  async linkedRecords(sheet: SheetId, connection: ConnectionId): Promise<number> {
    const live = [...this.#rooms.values()].find((room) => room.sheet.id === sheet)
    if (live !== undefined) return linkedIn(live)[connection] ?? 0
    await this.#parts.log.durable()
    const known = await this.#parts.catalog.linkedRecords(sheet)
    if (known !== undefined) return known[connection] ?? 0
    const { room, release } = await this.open(sheet)
    try {
      return linkedIn(room)[connection] ?? 0
    } finally {
      await release()
    }
  }

  /** How many sheets are in memory with all their rows. */
  get openRooms(): number {
    return this.#rooms.size
  }

  /** Where a sheet's base is: its generation and the number of its shards; `undefined` where there is no such sheet. */
  async baseOf(sheet: SheetId): Promise<{ readonly gen: number; readonly shards: number } | undefined> {
    const row = await this.#parts.catalog.sheet(sheet)
    if (row === undefined) return undefined
    const sys = await this.#docs.openDocument(sysName(row.workbook))
    const base = { gen: genOf(sys.doc, `base.${sheet}`), shards: sysShards(sys.doc).get(sheet) ?? 0 }
    await sys.release()
    return base
  }

  /** Makes room for `count` more base rows, before the synchronous turn that writes them. */
  async ensureRoom(room: Room, count: number): Promise<void> {
    const open = [...this.#rooms.values()].find((r) => r.sheet === room.sheet)
    // Only where the log failed does a sheet leave memory that somebody holds.
    if (open === undefined) throw new LogFailed(new Error('The sheet was closed'))
    while (open.authority.freeRows() < count) {
      const shard = open.sheet.base.length
      const held = await this.#docs.openDocument(baseName(open.sheet.id, shard, genOf(open.sheet.docs.sys, `base.${open.sheet.id}`)))
      open.held.push(held)
      // Somebody else may have added it while it was opened.
      if (open.sheet.base.length === shard) open.sheet.addShard(held.doc)
      const { sys } = open.sheet.docs
      sys.transact(() => sysShards(sys).set(open.sheet.id, open.sheet.base.length), new ServerOrigin('shard'))
    }
  }

  get #docs(): Documents {
    if (this.#documents === undefined) throw new Error('The documents are not ready')
    return this.#documents
  }

  #room(docName: string): Promise<OpenRoom> {
    const open = this.#rooms.get(docName)
    if (open !== undefined) return Promise.resolve(open)
    const known = this.#opening.get(docName)
    if (known !== undefined) return known
    const opening = this.#open(docName).finally(() => this.#opening.delete(docName))
    this.#opening.set(docName, opening)
    return opening
  }

  async #open(docName: string): Promise<OpenRoom> {
    const edits = this.#attached.get(docName)
    const row = edits && (await this.#parts.catalog.sheet(edits.sheet))
    if (edits === undefined || row === undefined) throw new Error(`The sheet of ${docName} did not open`)
    const room = await this.#openRoom(row.workbook, edits.sheet, docName, edits.doc, edits.actorOf)
    await this.#parts.mendBindings?.(room.sheet)
    if (this.#attached.get(docName) !== edits) {
      this.#letGo(room)
      throw new Error(`${docName} left memory while its sheet was opened`)
    }
    this.#rooms.set(docName, room)
    // From here on the room itself knows; where it is never closed in order, somebody counts anew.
    this.#keepCounts(room, null)
    room.authority.start()
    // What is unsettled is known once the authority has read the entries.
    this.#mendIndex(room)
    this.#stayOpen(room)
    return room
  }

  #stayOpen(room: OpenRoom): void {
    if (room.closing !== undefined) room.closing.refresh()
    else {
      room.closing = setTimeout(() => {
        if (room.users > 0) room.closing?.refresh()
        else if (this.#rooms.get(room.edits) === room) this.#close(room.edits)
      }, this.#parts.idleRoomMs ?? IDLE_ROOM_MS)
      room.closing.unref()
    }
  }

  #close(docName: string): void {
    const room = this.#rooms.get(docName)
    if (room === undefined) return
    this.#rooms.delete(docName)
    clearTimeout(room.closing)
    this.#keepCounts(room, { counts: countsOf(room), linked: linkedIn(room) })
    room.authority.stop()
    this.#letGo(room)
  }

  #keepCounts({ sheet }: OpenRoom, counted: Parameters<Catalog['saveCounts']>[1]): void {
    try {
      this.#parts.log.execute([this.#parts.catalog.saveCounts(sheet.id, counted)])
    } catch (error) {
      // A disk that takes nothing: what is counted stays unknown, and is counted when it is asked for.
      if (!(error instanceof LogFailed)) throw error
    }
  }

  #letGo(room: OpenRoom): void {
    room.sheet.close()
    for (const held of room.held)
      held.release().catch((error: unknown) => this.#parts.logger.warn({ err: error }, 'a document was not released'))
  }

  async #openRoom(workbook: WorkbookId, id: SheetId, edits: string, doc: Y.Doc, actorOf: ActorOf): Promise<OpenRoom> {
    const held: OpenDocument[] = []
    const open = async (name: string): Promise<Y.Doc> => {
      // A turn for everybody else between two shards: each takes some 20 ms to load.
      await new Promise((resolve) => setImmediate(resolve))
      const opened = await this.#docs.openDocument(name)
      held.push(opened)
      return opened.doc
    }
    const sys = await open(sysName(workbook))
    const book = await open(bookName(workbook))
    const annotations = await open(annotationsName(id, genOf(sys, `annotations.${id}`)))
    const base: Y.Doc[] = []
    for (let shard = 0; shard < (sysShards(sys).get(id) ?? 0); shard++) base.push(await open(baseName(id, shard, genOf(sys, `base.${id}`))))
    const sheet = new Sheet(id, { book, sys, edits: doc, annotations, base })
    const authority = new SheetAuthority({
      sheet,
      settled: this.#parts.runs.settledPushes(id),
      authorOf: (client) => actorOf(client).actor,
      isPushOnly: (field) => sheet.field(field)?.binding?.isPushOnly === true,
      now: this.#parts.now,
      random: this.#parts.random,
      onLinkRequests: () => this.#parts.onLinkRequests(id),
      ...(this.#parts.mayLink && { mayLink: this.#parts.mayLink }),
      onAcceptKind: (field, kind, by) => acceptKind(sys, field, { kind: kind as DifferenceKind, by, at: this.#parts.now() }),
      onRefuseKind: (field, kind) => forgetKind(sys, field, kind),
      // What holds for a whole field from now on is a setting: who came by a link sets none.
      ...(this.#parts.mayLink && { mayAcceptKind: this.#parts.mayLink }),
    })
    return { workbook, sheet, authority, held, edits, users: 0, closing: undefined }
  }

  /** The index of unsettled cells can always be told from the document; where they differ, the document is right. */
  #mendIndex({ sheet, authority }: OpenRoom): void {
    const name = (c: { connection: ConnectionId; row: string; field: string }): string => `${c.connection}:${c.row}:${c.field}`
    const real = new Map(
      authority.allUnsettled().flatMap((c): [string, EditFacts['unsettled'][number]][] => (c.isUnsettled ? [[name(c), c]] : [])),
    )
    const stored = this.#parts.runs.unsettledOfSheet(sheet.id)
    const stale = stored.filter((c) => !real.has(name(c)))
    const known = new Set(stored.map(name))
    const missing = [...real.values()].filter((c) => !known.has(name(c)))
    if (stale.length + missing.length === 0) return
    this.#parts.logger.warn({ sheet: sheet.id, stale: stale.length, missing: missing.length }, 'the index of unsettled cells was mended')
    this.#parts.log.execute([
      ...stale.map((c) => unsettledOp({ ...c, sheet: sheet.id }, 0, false)),
      ...missing.map((c) => unsettledOp({ ...c, sheet: sheet.id }, 0, true)),
    ])
  }
}

/** Rows that are shown, cells that are staged, annotations that are open. */
function countsOf({ sheet, authority }: Room): SheetCounts {
  const connections = new Set(sheet.fields().flatMap((field) => field.binding?.connection ?? []))
  return {
    rows: sheet.rows().length,
    staged: [...connections].reduce((sum, connection) => sum + [...authority.staged(connection)].length, 0),
    needing: [...sheet.annotations()].length,
  }
}

/** Records by connection, each once; deleted rows left out. */
function linkedIn({ sheet }: Room): Readonly<Record<string, number>> {
  const records = new Map<string, Set<string>>()
  for (const row of sheet.fields().some((field) => field.binding?.isConnectionField) ? sheet.baseRowIds() : []) {
    if (sheet.isDeleted(row)) continue
    for (const [connection, record] of Object.entries(sheet.baseRow(row)?.records ?? {}))
      records.set(connection, (records.get(connection) ?? new Set()).add(record))
  }
  return Object.fromEntries([...records].map(([connection, known]) => [connection, known.size]))
}

const hasLinkRequests = (edits: Y.Doc): boolean => editLinksMap(edits).size > 0

/** The current generation of a document; 0 until the first switch. */
export const genOf = (sys: Y.Doc, key: string): number => sysGenerations(sys).get(key) ?? 0

const kindOf = (origin: unknown): string =>
  typeof origin === 'object' && origin !== null && 'kind' in origin && typeof origin.kind === 'string' ? origin.kind : 'user'

/** The names of a sheet's current documents, for clients. */
export function documentsOf(sys: Y.Doc, sheet: SheetId): { edits: string; annotations: string; base: string[] } {
  const shards = sysShards(sys).get(sheet) ?? 0
  return {
    edits: editsName(sheet, genOf(sys, `edits.${sheet}`)),
    annotations: annotationsName(sheet, genOf(sys, `annotations.${sheet}`)),
    base: Array.from({ length: shards }, (_, shard) => baseName(sheet, shard, genOf(sys, `base.${sheet}`))),
  }
}

/** Kinds of difference that need no warning on a field (B12). */
export const acceptedKinds = (sys: Y.Doc, field: FieldId): readonly DifferenceKind[] =>
  readAccepted(sysAccepted(sys).get(field)).map(({ kind }) => kind)

function acceptKind(sys: Y.Doc, field: FieldId, accepted: AcceptedKind): void {
  const known = readAccepted(sysAccepted(sys).get(field))
  if (known.some(({ kind }) => kind === accepted.kind)) return
  sys.transact(() => sysAccepted(sys).set(field, [...known, accepted]), new ServerOrigin('choice'))
}

/** Warns of a kind of difference again; the answer is whether it was accepted. */
export function forgetKind(sys: Y.Doc, field: FieldId, kind: string): boolean {
  const known = readAccepted(sysAccepted(sys).get(field))
  const rest = known.filter((accepted) => accepted.kind !== kind)
  if (rest.length === known.length) return false
  sys.transact(() => {
    if (rest.length === 0) sysAccepted(sys).delete(field)
    else sysAccepted(sys).set(field, rest)
  }, new ServerOrigin('choice'))
  return true
}

/** Gives a field a place in the packed rows; places are never taken back. */
export function addSlot(sys: Y.Doc, sheet: SheetId, field: FieldId): void {
  const slots = sysSlots(sys)
  const key = `${sheet}:${field}`
  if (slots.has(key)) return
  let next = 0
  for (const [other, slot] of slots.entries()) if (other.startsWith(`${sheet}:`)) next = Math.max(next, slot + 1)
  slots.set(key, next)
}

/** Writes what configuration says of a field; what is the same is not written again. */
export function setBinding(sys: Y.Doc, field: FieldId, binding: Binding): void {
  const map = sysBindings(sys)
  if (JSON.stringify(map.get(field)) !== JSON.stringify(binding)) map.set(field, binding)
}
