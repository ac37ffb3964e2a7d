import * as Y from 'yjs'
import {
  type Annotation,
  type AnnotationOf,
  annotationKey,
  type BeforeChoice,
  CELL_MARKS,
  type Marks,
  marksOf,
  parseApplied,
  parseResolution,
  parseUndoRequest,
  type Resolution,
  undoneBy,
} from './annotations.ts'
import {
  type Arrival,
  applyChoice,
  type CellState,
  type EntryDecision,
  judgeArrivals,
  type LiveEntry,
  personItem,
  type SettledPush,
  type Stamp,
} from './cell-rules.ts'
import type { CellValue } from './cell-value.ts'
import {
  annotationsMap,
  baseEpochs,
  contentOf,
  currentEpoch,
  editCellsMap,
  editLinksMap,
  editResolutionsMap,
  editRowsMap,
  entriesOf,
  itemHasSeen,
  lastIdOf,
  liveItem,
} from './documents.ts'
import {
  type CellKey,
  type ConnectionId,
  cellKey,
  type FieldId,
  type ItemId,
  makeAnnotationId,
  parseCellKey,
  parseItemId,
  type RandomBytes,
  type RowId,
} from './ids.ts'
import { isServerOrigin, ServerOrigin } from './origin.ts'
import { type Entry, isEdited, packBaseRow, packEntry, parseEntry, SHARD_ROWS } from './schema.ts'
import type { Sheet } from './sheet.ts'

/** One edit of one cell as the log keeps it: the cell's story is made of these. */
export interface CellChange {
  readonly row: RowId
  readonly field: FieldId
  readonly value: CellValue
  readonly base: CellValue
  /** Whose client id carried it; for the server's own entries the author they stand for. */
  readonly actor: string
  /** ms since 1970, by the server's clock. */
  readonly at: number
  readonly item: ItemId
}

/** What one transaction on the edits document means for the log and its index of unsettled cells. */
export interface EditFacts {
  readonly changes: readonly CellChange[]
  readonly unsettled: readonly {
    readonly connection: ConnectionId
    readonly row: RowId
    readonly field: FieldId
    readonly isUnsettled: boolean
  }[]
}

/** Everything one settle writes into a sheet's documents, in one event-loop turn. */
export interface SheetWrites {
  readonly rows?: readonly {
    readonly row: RowId
    readonly records?: Readonly<Record<string, string | null>>
    readonly values: ReadonlyMap<FieldId, CellValue>
  }[]
  readonly cells?: readonly { readonly row: RowId; readonly field: FieldId; readonly entry: EntryDecision; readonly marks: Marks }[]
  readonly recordMarks?: readonly {
    readonly row: RowId
    readonly connection: ConnectionId
    readonly mark: AnnotationOf<'gone'> | AnnotationOf<'unmatched'> | undefined
  }[]
  readonly settled?: readonly { readonly row: RowId; readonly field: FieldId; readonly push: SettledPush }[]
  readonly restored?: readonly RowId[]
  /** Link requests that are answered and leave the edits document. */
  readonly answeredLinks?: readonly string[]
}

export interface AuthorityOptions {
  readonly sheet: Sheet
  /** Last settled push of each cell, as stored; kept up to date by `write`. */
  readonly settled: Map<CellKey, SettledPush>
  /** The owner of a Yjs client id; `'server'` for the server's own, whose entries name their author truly. */
  readonly authorOf: (client: number, origin: unknown) => string
  readonly isPushOnly: (field: FieldId) => boolean
  readonly now: () => number
  readonly random: RandomBytes
  /** Link requests that people wrote (perhaps offline) and that wait for the server. */
  readonly onLinkRequests?: () => void
  /** Whether somebody may ask for links at all; who may not is not listened to. */
  readonly mayLink?: (author: string) => boolean
  /** A kind of difference that is accepted for a field from now on (B12). */
  readonly onAcceptKind?: (field: FieldId, kind: string, by: string) => void
  /** Accepting was taken back. */
  readonly onRefuseKind?: (field: FieldId, kind: string) => void
  /** Whether somebody may say what holds for a whole field from now on; a choice of theirs that would is stale. */
  readonly mayAcceptKind?: (author: string) => boolean
}

export const SERVER_ACTOR = 'server'

/**
 * The server's part on one sheet: judges every edit that arrives against what its writer had seen, writes again what Yjs alone would
 * lose, applies people's choices, and is the one writer of base rows and annotations.
 *
 * It reads arriving items in `afterTransaction`, while their content is still there, and answers in `afterAllTransactions`, so that an
 * update and its compensation fall into one turn and thereby into one commit.
 */
export class SheetAuthority {
  readonly sheet: Sheet
  readonly #options: AuthorityOptions
  readonly #live = new Map<CellKey, LiveEntry>()
  /** Entry the server wrote → the item it stands for; kept after the entry is replaced. */
  readonly #standIns = new Map<ItemId, ItemId>()
  readonly #hasRead = new WeakSet<Y.Transaction>()
  readonly #facts = new WeakMap<Y.Transaction, EditFacts>()
  readonly #arrived = new Map<CellKey, Arrival[]>()
  /** Client id → the clock up to which its items have been read. */
  readonly #readUntil = new Map<number, number>()
  readonly #choices = new Set<string>()
  readonly #stop: (() => void)[] = []
  #isAnswering = false

  constructor(options: AuthorityOptions) {
    this.sheet = options.sheet
    this.#options = options
  }

  /** Begins to listen; the documents are loaded by now. */
  start(): void {
    const { edits } = this.sheet.docs
    this.#readStandIns()
    for (const { key } of this.sheet.entries()) this.#refresh(key, undefined)
    const read = (transaction: Y.Transaction): void => this.#read(transaction)
    const answer = (): void => this.#answer()
    edits.on('afterTransaction', read)
    edits.on('afterAllTransactions', answer)
    this.#stop.push(() => edits.off('afterTransaction', read))
    this.#stop.push(() => edits.off('afterAllTransactions', answer))
  }

  /** What the server's earlier entries stood for; their content is kept by `isCollectable`. */
  #readStandIns(): void {
    const { store } = this.sheet.docs.edits
    for (const [client, structs] of store.clients) {
      if (this.#options.authorOf(client, undefined) !== SERVER_ACTOR) continue
      for (const struct of structs) {
        if (!(struct instanceof Y.Item) || struct.parentSub === null) continue
        for (const { entry, item } of entriesOf(struct, struct.parentSub as CellKey)) {
          if (entry.standsFor !== undefined) this.#standIns.set(item, entry.standsFor)
        }
      }
    }
  }

  stop(): void {
    for (const stop of this.#stop.splice(0)) stop()
  }

  /** What a transaction on the edits document meant; asked at the latest in `afterTransaction`, while the items' content is there. */
  factsOf(transaction: Y.Transaction): EditFacts | undefined {
    this.#read(transaction)
    return this.#facts.get(transaction)
  }

  /** The facts by which the whole index of unsettled cells can be rebuilt. */
  allUnsettled(): EditFacts['unsettled'] {
    return [...this.#live.keys()].flatMap((key) => this.#unsettledFact(key))
  }

  live(row: RowId, field: FieldId): LiveEntry | undefined {
    return this.#live.get(cellKey(row, field))
  }

  settled(row: RowId, field: FieldId): SettledPush | undefined {
    return this.#options.settled.get(cellKey(row, field))
  }

  state(row: RowId, field: FieldId): CellState {
    const { sheet } = this
    return {
      baseline: sheet.baseline(row, field),
      live: this.live(row, field),
      settled: this.settled(row, field),
      marks: sheet.marks(row, field),
      isConnected: this.#connectionOf(row, field) !== undefined,
      isPushOnly: this.#options.isPushOnly(field),
    }
  }

  /** Whether the entry standing in a cell is `item` (or stands for the same), was made on top of it, or had not seen it. */
  relationTo(row: RowId, field: FieldId, item: ItemId): 'none' | 'is-pushed' | 'on-top' | 'unseen' {
    const live = this.live(row, field)
    if (live === undefined) return 'none'
    const { edits } = this.sheet.docs
    if (personItem(live) === (this.#standIns.get(item) ?? item)) return 'is-pushed'
    // What the server wrote again stands on whatever stood there; what its author had seen is in the item it stands for.
    const made = live.standsFor === undefined ? liveItem(editCellsMap(edits), cellKey(row, field)) : findItem(edits, live.standsFor)
    const hasSeen = made && itemHasSeen(edits.store, { id: made.lastId, origin: made.origin }, item, this.#standIns)
    return hasSeen ? 'on-top' : 'unseen'
  }

  /** Cells of a connection that people changed and the app has not confirmed, as the document says (the log's index must agree). */
  *staged(connection: ConnectionId): Generator<{ row: RowId; field: FieldId; live: LiveEntry; baseline: CellValue }> {
    for (const [key, live] of this.#live) {
      const cell = parseCellKey(key)
      if (cell === undefined || !isEdited(live)) continue
      const binding = this.sheet.field(cell.field)?.binding
      const baseline = this.sheet.baseline(cell.row, cell.field)
      if (binding?.connection === connection && live.value !== baseline) yield { ...cell, live, baseline }
    }
  }

  /** Open link requests of people, for the engine to fill. */
  linkRequests(): { key: string; row: RowId; connection: ConnectionId; recordKey: string | null; by: string }[] {
    return [...editLinksMap(this.sheet.docs.edits).entries()].flatMap(([key, request]) => {
      const [row, connection] = key.split(':')
      const isOurs = row !== undefined && connection !== undefined && typeof request === 'object' && request !== null
      if (!isOurs || !(typeof request.key === 'string' || request.key === null)) return []
      const item = editLinksMap(this.sheet.docs.edits)._map.get(key)
      const author = item ? this.#options.authorOf(item.id.client, undefined) : SERVER_ACTOR
      if (this.#options.mayLink?.(author) === false) return []
      const by = author === SERVER_ACTOR ? String(request.by) : author
      return [{ key, row: row as RowId, connection: connection as ConnectionId, recordKey: request.key, by }]
    })
  }

  /** How many rows the last shards can still take before the server must open another. */
  freeRows(): number {
    return this.sheet.base.reduce((free, doc) => free + Math.max(0, SHARD_ROWS - (currentEpoch(doc)?.size ?? 0)), 0)
  }

  /** A stamp for annotations set in one go. */
  stamp(run?: string): Stamp {
    const { now, random } = this.#options
    return (annotation) => ({ ...annotation, id: makeAnnotationId(random), at: now(), ...(run !== undefined && { run }) }) as never
  }

  /** Writes one settle's outcome: base rows, entries and annotations. Synchronous, so that one commit holds it all. */
  write(writes: SheetWrites, reason: string): void {
    const { edits, annotations } = this.sheet.docs
    const origin = new ServerOrigin(reason)
    this.#writeRows(writes.rows ?? [], origin)
    for (const { row, field, push } of writes.settled ?? []) this.#options.settled.set(cellKey(row, field), push)
    edits.transact(() => {
      for (const { row, field, entry } of writes.cells ?? []) this.#writeEntry(cellKey(row, field), entry)
      for (const row of writes.restored ?? []) editRowsMap(edits).set(`${row}.deleted`, false)
      for (const key of writes.answeredLinks ?? []) editLinksMap(edits).delete(key)
    }, origin)
    annotations.transact(() => {
      for (const { row, field, marks } of writes.cells ?? []) this.#writeMarks(row, field, marks)
      for (const { row, connection, mark } of writes.recordMarks ?? []) {
        for (const kind of ['gone', 'unmatched'] as const)
          this.#writeMark(annotationKey(row, connection, kind), mark?.kind === kind ? mark : undefined)
      }
    }, origin)
  }

  #connectionOf(row: RowId, field: FieldId): ConnectionId | undefined {
    const connection = this.sheet.field(field)?.binding?.connection
    return connection !== undefined && this.sheet.recordOf(row, connection) !== undefined ? connection : undefined
  }

  // Arrivals ---------------------------------------------------------------------------------------------------------------------------

  #read(transaction: Y.Transaction): void {
    const { edits } = this.sheet.docs
    const cells = editCellsMap(edits)
    if (this.#hasRead.has(transaction)) return
    this.#hasRead.add(transaction)
    const changed = transaction.changed.get(cells as never)
    const isServer = isServerOrigin(transaction.origin)
    const changes: CellChange[] = []
    if (changed !== undefined) {
      for (const [client, clock] of transaction.afterState) {
        // Where transactions queue, the first one's state after it holds the items of the others: each item is told once.
        const before = Math.max(transaction.beforeState.get(client) ?? 0, this.#readUntil.get(client) ?? 0)
        if (clock <= before) continue
        this.#readUntil.set(client, clock)
        this.#readItems({ transaction, client, before, isServer, changes })
      }
      if (!isServer)
        for (const key of changed) if (key !== null && !this.#arrived.has(key as CellKey)) this.#arrived.set(key as CellKey, [])
    }
    const resolutions = transaction.changed.get(editResolutionsMap(edits) as never)
    if (resolutions && !isServer) for (const id of resolutions) if (id !== null) this.#choices.add(id)
    const asksForLinks = transaction.changed.has(editLinksMap(edits) as never) && !isServer
    if (asksForLinks && this.linkRequests().length > 0) this.#options.onLinkRequests?.()
    if (isServer && changed) for (const key of changed) if (key !== null) this.#refresh(key as CellKey, transaction.origin)
    if (changed !== undefined) {
      const unsettled = [...changed].flatMap((key) => (key === null ? [] : this.#unsettledFact(key as CellKey)))
      this.#facts.set(transaction, { changes, unsettled })
    }
  }

  #readItems(o: { transaction: Y.Transaction; client: number; before: number; isServer: boolean; changes: CellChange[] }): void {
    const { edits } = this.sheet.docs
    const cells = editCellsMap(edits)
    const structs = edits.store.clients.get(o.client) ?? []
    for (let i = Y.findIndexSS(structs as never, o.before); i < structs.length; i++) {
      const struct = structs[i]
      if (!(struct instanceof Y.Item) || struct.parent !== (cells as unknown) || struct.parentSub === null) continue
      const key = struct.parentSub as CellKey
      const cell = parseCellKey(key)
      if (cell === undefined) continue
      const made = entriesOf(struct, key).map(({ entry, item }) => this.#liveOf(item, entry, o.transaction.origin))
      for (const { value, base, author, item } of made)
        o.changes.push({ ...cell, value, base, actor: author, at: this.#options.now(), item })
      const last = made.at(-1)
      if (last !== undefined && !o.isServer) this.#arrive(key, last, struct.origin)
    }
  }

  #arrive(key: CellKey, live: LiveEntry, origin: Y.ID | null): void {
    const { store } = this.sheet.docs.edits
    const { client, clock } = parseItemId(live.item)
    const made = { id: Y.createID(client, clock), origin }
    const hasSeen: Arrival['hasSeen'] = (target) => itemHasSeen(store, made, target, this.#standIns)
    const isOnTopOf: Arrival['isOnTopOf'] = (target) => itemHasSeen(store, made, target)
    this.#arrived.set(key, [...(this.#arrived.get(key) ?? []), { ...live, hasSeen, isOnTopOf }])
  }

  #liveOf(item: ItemId, entry: Entry, origin: unknown): LiveEntry {
    const owner = this.#options.authorOf(parseItemId(item).client, origin)
    // Only the server may say whose item an entry stands for, and only its entries name their author.
    const { standsFor, ...claimed } = entry
    if (owner !== SERVER_ACTOR) return { ...claimed, item, author: owner }
    return { ...claimed, ...(standsFor !== undefined && { standsFor }), item, author: entry.by }
  }

  #refresh(key: CellKey, origin: unknown): void {
    const item = liveItem(editCellsMap(this.sheet.docs.edits), key)
    const entry = item && parseEntry(contentOf(item), key)
    const live = item && entry && this.#liveOf(lastIdOf(item), entry, origin)
    if (live === undefined) this.#live.delete(key)
    else this.#live.set(key, live)
    if (live?.standsFor !== undefined) this.#standIns.set(live.item, live.standsFor)
  }

  #unsettledFact(key: CellKey): EditFacts['unsettled'] {
    const cell = parseCellKey(key)
    const connection = cell && this.sheet.field(cell.field)?.binding?.connection
    if (cell === undefined || connection === undefined) return []
    const item = liveItem(editCellsMap(this.sheet.docs.edits), key)
    const entry = item && parseEntry(contentOf(item), key)
    return [{ connection, ...cell, isUnsettled: isEdited(entry) }]
  }

  /** Judges what arrived, applies choices; its own writes come back through here and find nothing to do. */
  #answer(): void {
    if (this.#isAnswering || (this.#arrived.size === 0 && this.#choices.size === 0)) return
    this.#isAnswering = true
    try {
      const decisions = [...this.#arrived].flatMap(([key, arrivals]) => this.#judge(key, arrivals))
      this.#arrived.clear()
      this.#apply(decisions, 'arrival')
      const choices = [...this.#choices]
      for (const id of choices) if (undoneBy(id) === undefined) this.#choose(id)
      for (const id of choices) if (undoneBy(id) !== undefined) this.#undoChoice(id)
      this.#choices.clear()
    } finally {
      this.#isAnswering = false
    }
  }

  #judge(key: CellKey, arrivals: readonly Arrival[]): { key: CellKey; entry: EntryDecision; marks: Marks; before: Marks }[] {
    const cell = parseCellKey(key)
    const standing = liveItem(editCellsMap(this.sheet.docs.edits), key)
    if (cell === undefined) return standing ? [{ key, entry: { kind: 'remove' }, marks: {}, before: {} }] : []
    const heads = arrivals.filter((a) => !arrivals.some((b) => b !== a && b.hasSeen(a.item)))
    const state = this.state(cell.row, cell.field)
    const decision = judgeArrivals(state, heads, standing && lastIdOf(standing), this.stamp())
    const isPlain = decision.entry.kind === 'keep' && sameMarks(decision.marks, state.marks)
    this.#refresh(key, undefined)
    return isPlain ? [] : [{ key, ...decision, before: state.marks }]
  }

  #apply(decisions: readonly { key: CellKey; entry: EntryDecision; marks: Marks; before: Marks }[], reason: string): void {
    if (decisions.length === 0) return
    const origin = new ServerOrigin(reason)
    const entries = decisions.filter((d) => d.entry.kind !== 'keep')
    if (entries.length) {
      this.sheet.docs.edits.transact(() => {
        for (const { key, entry } of entries) this.#writeEntry(key, entry)
      }, origin)
    }
    const marked = decisions.filter((d) => !sameMarks(d.marks, d.before))
    if (marked.length === 0) return
    this.sheet.docs.annotations.transact(() => {
      for (const { key, marks } of marked) {
        const cell = parseCellKey(key)
        if (cell) this.#writeMarks(cell.row, cell.field, marks)
      }
    }, origin)
  }

  #choose(id: string): void {
    const map = editResolutionsMap(this.sheet.docs.edits)
    const resolution = parseResolution(map.get(id))
    if (resolution === undefined || resolution.outcome !== undefined) return
    const { row, field, kind } = resolution as Resolution & { row: RowId; field: FieldId }
    const item = map._map.get(id)
    const owner = item ? this.#options.authorOf(item.id.client, undefined) : SERVER_ACTOR
    const by = owner === SERVER_ACTOR ? resolution.by : owner
    const state = this.state(row, field)
    const decision =
      kind === 'gone' || kind === 'unmatched'
        ? ({ kind: 'stale' } as const)
        : applyChoice(
            state,
            kind,
            {
              annotationId: id,
              answered: resolution.answered,
              item: resolution.item as never,
              choice: resolution.answer,
              by,
              at: this.#options.now(),
            },
            this.stamp(),
          )
    const isRefused = decision.kind === 'apply' && decision.acceptKind !== undefined && this.#options.mayAcceptKind?.(by) === false
    if (decision.kind === 'stale' || isRefused) {
      this.sheet.docs.edits.transact(() => map.set(id, { ...resolution, outcome: 'stale' }), new ServerOrigin('choice'))
      return
    }
    this.#apply([{ key: cellKey(row, field), entry: decision.entry, marks: decision.marks, before: state.marks }], 'choice')
    this.#refresh(cellKey(row, field), undefined)
    const before = beforeChoice(state, this.live(row, field))
    this.sheet.docs.edits.transact(() => map.set(id, { ...resolution, outcome: 'applied', before }), new ServerOrigin('choice'))
    if (decision.acceptKind !== undefined) this.#options.onAcceptKind?.(field, decision.acceptKind, by)
    this.#closeTwin(state, row, field)
  }

  /** Opens again what a choice closed, where the cell is still as the choice left it: nobody typed there, and the app has said nothing new. */
  #undoChoice(key: string): void {
    const map = editResolutionsMap(this.sheet.docs.edits)
    const request = parseUndoRequest(map.get(key))
    const id = undoneBy(key)
    if (request === undefined || request.outcome !== undefined || id === undefined) return
    const applied = this.#ownerOfChoice(id) === SERVER_ACTOR ? parseApplied(map.get(id)) : undefined
    const outcome = applied !== undefined && this.#reopen(applied, this.#ownerOfChoice(key)) ? 'applied' : 'stale'
    this.sheet.docs.edits.transact(() => {
      map.set(key, { ...request, outcome })
      // It is taken back once: what is chosen next has an id of its own.
      if (applied !== undefined && outcome === 'applied') map.set(id, { ...applied.resolution, outcome: 'stale' })
    }, new ServerOrigin('choice'))
  }

  #ownerOfChoice(key: string): string {
    const item = editResolutionsMap(this.sheet.docs.edits)._map.get(key)
    return item ? this.#options.authorOf(item.id.client, undefined) : SERVER_ACTOR
  }

  #reopen({ resolution, before }: { resolution: Resolution; before: BeforeChoice }, by: string): boolean {
    const { row, field, answer } = resolution as Resolution & { row: RowId; field: FieldId }
    const state = this.state(row, field)
    if ((state.live?.item ?? null) !== before.left || state.baseline !== before.baseline) return false
    const isAccepting = answer.choice === 'accept-kind'
    if (isAccepting && this.#options.mayAcceptKind?.(by) === false) return false
    const { entry } = before
    const isSame = entry === null ? state.live === undefined : sameEntry(state.live, entry)
    const decision: EntryDecision = isSame
      ? { kind: 'keep' }
      : entry === null
        ? { kind: 'remove' }
        : { kind: 'write', entry: { ...entry, standsFor: entry.standsFor as ItemId } }
    const stamp = this.stamp()
    const old = marksOf(before.marks)
    const marks = Object.fromEntries(
      CELL_MARKS.flatMap((kind) => {
        const mark = old[kind]
        return mark === undefined ? [] : [[kind, { ...mark, id: stamp(mark).id }]]
      }),
    )
    this.#apply([{ key: cellKey(row, field), entry: decision, marks, before: state.marks }], 'choice')
    const accepted = old.differs?.difference
    if (isAccepting && accepted !== undefined) this.#options.onRefuseKind?.(field, accepted)
    return true
  }

  /** "Send mine" on one of two rows that hold a record closes both; the other's entry is dropped and kept in its annotation (CELLS 29). */
  #closeTwin(state: CellState, row: RowId, field: FieldId): void {
    const connection = this.#connectionOf(row, field)
    if (state.marks.conflict?.cause !== 'linked-twice' || connection === undefined) return
    const record = this.sheet.recordOf(row, connection)
    const mine = this.live(row, field)
    for (const { row: other, field: sameField } of [...this.staged(connection)]) {
      if (other === row || sameField !== field || this.sheet.recordOf(other, connection) !== record) continue
      const twin = this.state(other, field)
      const line = twin.live && { by: twin.live.author, item: twin.live.item, value: twin.live.value, at: twin.live.at }
      const isOffered = mine !== undefined && line !== undefined && line.value !== mine.value
      const concurrent = isOffered ? this.stamp()<'concurrent'>({ kind: 'concurrent', lines: [line] }) : undefined
      this.#apply([{ key: cellKey(other, field), entry: { kind: 'remove' }, marks: { concurrent }, before: twin.marks }], 'choice')
    }
  }

  // Writing ----------------------------------------------------------------------------------------------------------------------------

  #writeEntry(key: CellKey, decision: EntryDecision): void {
    const map = editCellsMap(this.sheet.docs.edits)
    if (decision.kind === 'remove') map.delete(key)
    if (decision.kind === 'write') map.set(key, packEntry(key, decision.entry))
  }

  #writeMarks(row: RowId, field: FieldId, marks: Marks): void {
    for (const kind of CELL_MARKS) this.#writeMark(annotationKey(row, field, kind), marks[kind])
  }

  #writeMark(key: string, mark: Annotation | undefined): void {
    const map = annotationsMap(this.sheet.docs.annotations)
    const open = map.get(key)
    if (mark === undefined) {
      if (open !== undefined) map.delete(key)
    } else if (open?.id !== mark.id) map.set(key, mark)
  }

  #writeRows(rows: NonNullable<SheetWrites['rows']>, origin: ServerOrigin): void {
    const { sheet } = this
    const byShard = new Map<number, [RowId, string][]>()
    const free: number[] = []
    let ord = sheet.nextOrd()
    for (const { row, records, values } of rows) {
      const old = sheet.baseRow(row)
      const next = [...(old?.values ?? [])]
      for (const [field, value] of values) {
        const slot = sheet.slotOf(field)
        if (slot === undefined) continue
        while (next.length <= slot) next.push(null)
        next[slot] = value
      }
      const merged: Record<string, string> = { ...old?.records }
      for (const [connection, record] of Object.entries(records ?? {})) {
        if (record === null) delete merged[connection]
        else merged[connection] = record
      }
      const packed = packBaseRow({ ord: old?.ord ?? ord++, records: merged, values: next })
      if (old !== undefined && packBaseRow(old) === packed) continue
      const shard = old === undefined ? this.#shardWithRoom(free) : (sheet.shardOf(row) ?? 0)
      const inShard = byShard.get(shard)
      if (inShard === undefined) byShard.set(shard, [[row, packed]])
      else inShard.push([row, packed])
    }
    for (const [shard, packed] of byShard) {
      const doc = sheet.base[shard]
      doc?.transact(() => {
        const epochs = baseEpochs(doc)
        const epoch = currentEpoch(doc) ?? epochs.set('0', new Y.Map<string>())
        for (const [row, value] of packed) epoch.set(row, value)
      }, origin)
    }
  }

  /** Where the next new row goes; each shard is counted once, for counting reads every row of it. */
  #shardWithRoom(free: number[]): number {
    if (free.length === 0) for (const doc of this.sheet.base) free.push(SHARD_ROWS - (currentEpoch(doc)?.size ?? 0))
    const shard = free.findIndex((rows) => rows > 0)
    if (shard < 0) throw new Error('No base shard has room; the server opens one before it writes')
    free[shard] = (free[shard] ?? 0) - 1
    return shard
  }
}

/** What a choice found in the cell and what it left there. */
function beforeChoice({ marks, live, baseline }: CellState, left: LiveEntry | undefined): BeforeChoice {
  const entry =
    live === undefined ? null : { value: live.value, base: live.base, at: live.at, by: live.author, standsFor: personItem(live) as string }
  const open = CELL_MARKS.flatMap((kind) => (marks[kind] === undefined ? [] : [[kind, marks[kind]]]))
  return { marks: Object.fromEntries(open), entry, baseline, left: left?.item ?? null }
}

const sameEntry = (live: LiveEntry | undefined, entry: NonNullable<BeforeChoice['entry']>): boolean =>
  live !== undefined && live.value === entry.value && live.base === entry.base && personItem(live) === entry.standsFor

const sameMarks = (a: Marks, b: Marks): boolean => CELL_MARKS.every((kind) => a[kind]?.id === b[kind]?.id)

function findItem(doc: Y.Doc, id: string): Y.Item | undefined {
  const { client, clock } = parseItemId(id as LiveEntry['item'])
  if (Y.getState(doc.store, client) <= clock) return undefined
  const struct: Y.AbstractStruct = Y.getItem(doc.store, Y.createID(client, clock))
  return struct instanceof Y.Item ? struct : undefined
}
