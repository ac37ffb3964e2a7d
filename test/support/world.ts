import * as Y from 'yjs'
import { type LandedPush, reconcileCell } from '../../sync-engine/reconcile.ts'
import { makeRandom } from '../../tools/random.ts'
import type { Annotation, AnnotationOf, Choice, ConcurrentLine } from '../../workbook/annotations.ts'
import { type EditFacts, SERVER_ACTOR, SheetAuthority, type SheetWrites } from '../../workbook/authority.ts'
import type { SettledPush } from '../../workbook/cell-rules.ts'
import type { CellValue, DifferenceKind } from '../../workbook/cell-value.ts'
import { bookFields, editCellsMap, editResolutionsMap, isCollectable, sysBindings, sysSlots } from '../../workbook/documents.ts'
import { chooseOn, type Editor, editCells, putBack } from '../../workbook/edit.ts'
import { type CellKey, type ConnectionId, cellKey, type FieldId, type ItemId, type RowId, type SheetId } from '../../workbook/ids.ts'
import { isEdited } from '../../workbook/schema.ts'
import { Sheet } from '../../workbook/sheet.ts'

export const SHEET = 'sheet1' as SheetId
export const CONNECTION = 'jira1' as ConnectionId
export const ROW = 'r1' as RowId
/** Connected, two-way. */
export const FIELD = 'f1' as FieldId
/** Custom: no app has it. */
export const CUSTOM = 'f2' as FieldId

export interface WorldOptions {
  /** Sessions: their name, whose they are (the same name where absent), their Yjs client id. */
  readonly peers: readonly { readonly name: string; readonly by?: string; readonly client: number }[]
  readonly serverClient?: number
  /** People who write without a window of their own here: Yjs client id → who. */
  readonly owners?: ReadonlyMap<number, string>
  /** The fields' documents, shared by many worlds; made where absent. */
  readonly schema?: SheetSchema
  readonly rows?: readonly RowId[]
  readonly isPushOnly?: boolean
  /** What the app holds in each cell of `FIELD` at first; the record is linked and pulled. */
  readonly value?: CellValue
  /** The row is not linked to a record. */
  readonly isUnlinked?: boolean
  /** What the app is known to make of a value. */
  readonly normalise?: (value: CellValue) => CellValue
  readonly acceptedKinds?: readonly DifferenceKind[]
  /** Whether somebody may accept a kind of difference for a field; everybody where it is not said. */
  readonly mayAcceptKind?: (author: string) => boolean
}

/** One window of one person: its own copies of the documents; what the server writes is only ever delivered to it. */
export interface Peer {
  readonly name: string
  readonly by: string
  readonly client: number
  readonly edits: Y.Doc
  readonly annotations: Y.Doc
  readonly base: Y.Doc
  readonly sheet: Sheet
  readonly editor: Editor
  /** The updates this peer made, one a transaction, in order. */
  readonly made: Uint8Array[]
  isOnline: boolean
}

/** What was sent for a cell and not settled yet. */
export interface OpenReceipt extends Omit<LandedPush, 'knownForms'> {
  readonly row: RowId
  readonly field: FieldId
  readonly state: 'saved' | 'unknown'
}

/** What the app does with one sent value. */
export type Answer =
  | { readonly kind: 'saved'; readonly as?: CellValue }
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'lost'; readonly saved: boolean; readonly as?: CellValue }

export interface PushReport {
  readonly sent: readonly { readonly row: RowId; readonly field: FieldId; readonly value: CellValue; readonly over: CellValue }[]
  readonly held: readonly { readonly row: RowId; readonly field: FieldId; readonly why: string }[]
}

/** A cell as the server has it, in few words. */
export interface Look {
  readonly shown: CellValue
  readonly baseline: CellValue
  readonly entry: readonly [value: CellValue, base: CellValue] | null
  readonly isStaged: boolean
  readonly marks: Readonly<Record<string, unknown>>
}

/**
 * Some people, a server and an app in memory: real documents, the real authority, and a push and a pull that use the rules as a run does.
 * Nothing moves by itself: an online peer exchanges updates with the server after each act, an offline one when it is told to.
 */
export class World {
  readonly app = new Map<CellKey, CellValue>()
  readonly peers = new Map<string, Peer>()
  readonly edits: Y.Doc
  readonly annotations = new Y.Doc({ guid: 'world' })
  readonly base = new Y.Doc({ guid: 'world' })
  readonly sheet: Sheet
  readonly settled = new Map<CellKey, SettledPush>()
  readonly authority: SheetAuthority
  /** What the log would hold: each update of the server's edits document and its facts, in order. */
  readonly updates: Uint8Array[] = []
  readonly facts: EditFacts[] = []
  /** The index of unsettled cells, folded from the facts alone. */
  readonly unsettled = new Set<CellKey>()
  readonly accepted: [FieldId, string][] = []
  receipts: OpenReceipt[] = []
  readonly #options: WorldOptions
  readonly #schema: SheetSchema
  readonly #owners: Map<number, string>
  #clock = 1_000

  constructor(options: WorldOptions, saved?: SavedWorld) {
    this.#options = options
    const serverClient = options.serverClient ?? 500
    this.#schema = options.schema ?? makeSchema()
    const windows = options.peers.map(({ name, by = name, client }): [number, string] => [client, by])
    this.#owners = new Map([...(options.owners ?? []), ...windows, [serverClient, SERVER_ACTOR]])
    this.edits = docOf(saved?.edits, { gc: true, client: serverClient })
    if (saved)
      for (const [doc, state] of [
        [this.annotations, saved.annotations],
        [this.base, saved.base],
      ] as const)
        Y.applyUpdate(doc, state)
    for (const doc of [this.annotations, this.base]) doc.clientID = serverClient
    this.sheet = new Sheet(SHEET, this.#docs(this))
    for (const [key, push] of saved?.settled ?? []) this.settled.set(key, push)
    for (const [key, value] of saved?.app ?? []) this.app.set(key, value)
    for (const key of saved?.unsettled ?? []) this.unsettled.add(key)
    this.receipts = [...(saved?.receipts ?? [])]
    this.#clock = saved?.clock ?? 1_000
    const random = makeRandom(this.#clock)
    this.authority = new SheetAuthority({
      sheet: this.sheet,
      settled: this.settled,
      authorOf: (client) => this.#owners.get(client) ?? 'unknown',
      isPushOnly: () => options.isPushOnly ?? false,
      now: () => ++this.#clock,
      random: (length) => Uint8Array.from({ length }, () => Math.floor(random() * 256)),
      onAcceptKind: (field, kind) => this.accepted.push([field, kind]),
      onRefuseKind: (field, kind) =>
        this.accepted.splice(0, this.accepted.length, ...this.accepted.filter(([f, k]) => f !== field || k !== kind)),
      ...(options.mayAcceptKind && { mayAcceptKind: options.mayAcceptKind }),
    })
    this.authority.start()
    this.edits.on('afterTransaction', (transaction: Y.Transaction) => this.#log(transaction))
    this.edits.on('update', (update: Uint8Array) => this.updates.push(update))
    for (const { name, by = name, client } of options.peers) this.#addPeer({ name, by, client }, saved?.peers.get(name))
    if (!saved) this.#link(options)
  }

  peer(name: string): Peer {
    const peer = this.peers.get(name)
    if (peer === undefined) throw new Error(`No peer ${name}`)
    return peer
  }

  // People -------------------------------------------------------------------------------------------------------------------------------

  type(name: string, value: CellValue, field: FieldId = FIELD, row: RowId = ROW): this {
    const { sheet, editor } = this.peer(name)
    editCells(sheet, [{ row, field, value }], editor)
    return this.exchange()
  }

  putBack(name: string, field: FieldId = FIELD, row: RowId = ROW): this {
    const { sheet, editor } = this.peer(name)
    putBack(sheet, row, field, editor)
    return this.exchange()
  }

  /** Answers an open annotation of a cell as this peer sees it; `false` where there is none. */
  choose(
    name: string,
    kind: 'differs' | 'conflict' | 'concurrent' | 'refused',
    answer: Choice,
    field: FieldId = FIELD,
    row: RowId = ROW,
  ): boolean {
    const { sheet, editor } = this.peer(name)
    const annotation = sheet.marks(row, field)[kind]
    if (annotation === undefined) return false
    chooseOn(sheet, { row, field }, annotation, answer, editor)
    this.exchange()
    return true
  }

  /** The outcomes of all choices so far. */
  outcomes(): (string | undefined)[] {
    return [...editResolutionsMap(this.edits).values()].map((r) => (r as { outcome?: string }).outcome)
  }

  offline(...names: string[]): this {
    for (const name of names) this.peer(name).isOnline = false
    return this
  }

  online(...names: string[]): this {
    for (const name of names) this.peer(name).isOnline = true
    return this.exchange()
  }

  /** A peer's unsent edits reach the server, as one update. */
  up(name: string): this {
    const { edits } = this.peer(name)
    const update = Y.encodeStateAsUpdate(edits, Y.encodeStateVector(this.edits))
    Y.applyUpdate(this.edits, update, `connection:${name}`)
    return this
  }

  /** What the server has reaches a peer. */
  down(
    name: string,
    what: { edits?: boolean; base?: boolean; annotations?: boolean } = { edits: true, base: true, annotations: true },
  ): this {
    const peer = this.peer(name)
    if (what.edits) bring(this.edits, peer.edits)
    if (what.base) bring(this.base, peer.base)
    if (what.annotations) bring(this.annotations, peer.annotations)
    return this
  }

  /** Everything reaches everybody who is online. */
  exchange(): this {
    const online = [...this.peers.values()].filter((p) => p.isOnline)
    for (const { name } of online) this.up(name)
    for (const { name } of online) this.down(name)
    return this
  }

  // The app and the engine -----------------------------------------------------------------------------------------------------------------

  appSets(value: CellValue, row: RowId = ROW, field: FieldId = FIELD): this {
    this.app.set(cellKey(row, field), value)
    return this
  }

  appHas(row: RowId = ROW, field: FieldId = FIELD): CellValue {
    return this.app.get(cellKey(row, field)) ?? null
  }

  /** Plan, check and push: what is staged and not held goes out, unless the app holds neither its base nor its value. */
  push(answerOf: (value: CellValue) => Answer = (value) => ({ kind: 'saved', as: this.#normal(value) })): PushReport {
    this.#settleUnknown()
    const sent: PushReport['sent'][number][] = []
    const held: PushReport['held'][number][] = []
    for (const { row, field, live } of [...this.authority.staged(CONNECTION)]) {
      const state = this.authority.state(row, field)
      const found = this.appHas(row, field)
      const why = holdOf(state.marks, live.value)
      if (why !== undefined || !state.isConnected) held.push({ row, field, why: why ?? 'not linked' })
      else if (found !== live.base && found !== live.value) {
        held.push({ row, field, why: 'check' })
        if (this.#options.isPushOnly) this.#conflictFromCheck(row, field, found)
      } else if (found === live.value) {
        const pushed = { item: live.item, base: live.base, author: live.author, value: live.value, knownForms: [] }
        if (this.#options.isPushOnly) this.#reconcile([{ row, field, pulled: found, pushed }])
      } else {
        sent.push({ row, field, value: live.value, over: found })
        this.#answer({ row, field, item: live.item, base: live.base, author: live.author, value: live.value }, answerOf(live.value))
      }
    }
    this.exchange()
    return { sent, held }
  }

  /** Pull, reconcile and settle: every linked cell of a two-way object, else only what was pushed. */
  pull(): this {
    this.#settleUnknown()
    const cells: { row: RowId; field: FieldId; pulled: CellValue; pushed?: LandedPush }[] = []
    for (const row of this.#rows()) {
      const receipt = this.receipts.find((r) => r.row === row && r.field === FIELD)
      if (this.#options.isPushOnly && receipt === undefined) continue
      if (this.sheet.recordOf(row, CONNECTION) === undefined) continue
      const pushed = receipt && { ...receipt, knownForms: this.#formsOf(receipt) }
      cells.push({ row, field: FIELD, pulled: this.appHas(row), ...(pushed && { pushed }) })
    }
    this.receipts = this.receipts.filter((r) => !cells.some((c) => c.row === r.row && c.pushed))
    this.#reconcile(cells)
    return this.exchange()
  }

  /** One two-way run. */
  sync(answerOf?: (value: CellValue) => Answer): PushReport {
    const report = this.push(answerOf)
    this.pull()
    return report
  }

  /** Links the row to its record: the app's value fills the cell (CELLS 27). */
  link(row: RowId = ROW): this {
    this.authority.write({ rows: [{ row, records: { [CONNECTION]: `rec-${row}` }, values: new Map() }] }, 'link')
    return this.pull()
  }

  // Looking ------------------------------------------------------------------------------------------------------------------------------

  look(field: FieldId = FIELD, row: RowId = ROW): Look {
    return lookAt(this.sheet, row, field)
  }

  lookOf(name: string, field: FieldId = FIELD, row: RowId = ROW): Look {
    return lookAt(this.peer(name).sheet, row, field)
  }

  lines(field: FieldId = FIELD, row: RowId = ROW): readonly ConcurrentLine[] {
    return this.sheet.marks(row, field).concurrent?.lines ?? []
  }

  mark<Kind extends 'differs' | 'conflict' | 'concurrent' | 'refused'>(kind: Kind, row: RowId = ROW): AnnotationOf<Kind> | undefined {
    return this.sheet.marks(row, FIELD)[kind] as AnnotationOf<Kind> | undefined
  }

  /** The unsettled cells as the document has them. */
  editedCells(): Set<CellKey> {
    const keys = new Set<CellKey>()
    for (const { key, row, field } of this.sheet.entries()) {
      if (isEdited(this.sheet.cell(row, field).entry) && this.sheet.field(field)?.binding) keys.add(key)
    }
    return keys
  }

  save(): SavedWorld {
    return {
      edits: Y.encodeStateAsUpdate(this.edits),
      annotations: Y.encodeStateAsUpdate(this.annotations),
      base: Y.encodeStateAsUpdate(this.base),
      settled: [...this.settled],
      app: [...this.app],
      unsettled: [...this.unsettled],
      receipts: this.receipts,
      clock: this.#clock,
      peers: new Map(
        [...this.peers.values()].map((p) => [
          p.name,
          {
            edits: Y.encodeStateAsUpdate(p.edits),
            annotations: Y.encodeStateAsUpdate(p.annotations),
            base: Y.encodeStateAsUpdate(p.base),
            isOnline: p.isOnline,
          },
        ]),
      ),
    }
  }

  destroy(): void {
    this.authority.stop()
    this.sheet.close()
    for (const { sheet } of this.peers.values()) sheet.close()
  }

  // Inside -------------------------------------------------------------------------------------------------------------------------------

  #rows(): readonly RowId[] {
    return this.#options.rows ?? [ROW]
  }

  #normal(value: CellValue): CellValue {
    return this.#options.normalise?.(value) ?? value
  }

  #formsOf({ value }: OpenReceipt): CellValue[] {
    return [this.#normal(value)]
  }

  #answer(receipt: Omit<OpenReceipt, 'state'>, answer: Answer): void {
    const { row, field, value, item } = receipt
    const save = (as: CellValue | undefined) => this.app.set(cellKey(row, field), as === undefined ? value : as)
    switch (answer.kind) {
      case 'saved':
        save(answer.as)
        this.receipts.push({ ...receipt, state: 'saved' })
        return
      case 'lost':
        if (answer.saved) save(answer.as)
        this.receipts.push({ ...receipt, state: 'unknown' })
        return
      case 'refused': {
        const state = this.authority.state(row, field)
        if (state.live?.item !== item) return
        const refused = this.authority.stamp()<'refused'>({ kind: 'refused', value, reason: answer.reason })
        this.#write({ cells: [{ row, field, entry: { kind: 'keep' }, marks: { ...state.marks, refused } }] })
      }
    }
  }

  /** Reads back what was sent without an answer (CELLS 15). */
  #settleUnknown(): void {
    for (const receipt of this.receipts.filter((r) => r.state === 'unknown')) {
      const { row, field } = receipt
      const found = this.appHas(row, field)
      this.receipts = this.receipts.filter((r) => r !== receipt)
      if (found === receipt.value || this.#formsOf(receipt).includes(found)) this.receipts.push({ ...receipt, state: 'saved' })
      else if (found !== receipt.base) this.#conflictOfLost(row, field, found)
    }
    const landed = this.receipts.filter((r) => r.state === 'saved')
    this.receipts = this.receipts.filter((r) => r.state !== 'saved')
    this.#reconcile(
      landed.map((r) => ({
        row: r.row,
        field: r.field,
        pulled: this.appHas(r.row, r.field),
        pushed: { ...r, knownForms: this.#formsOf(r) },
      })),
    )
  }

  #conflictOfLost(row: RowId, field: FieldId, found: CellValue): void {
    const { live, marks, baseline } = this.authority.state(row, field)
    if (!isEdited(live) || live.value === baseline) return
    const isFromCheck = this.#options.isPushOnly ? { isFromCheck: true } : {}
    const conflict = this.authority.stamp()<'conflict'>({
      kind: 'conflict',
      base: live.base,
      yours: live.value,
      theirs: found,
      by: live.author,
      cause: 'answer-lost',
      ...isFromCheck,
    })
    const rows = this.#options.isPushOnly ? [] : [{ row, values: new Map([[field, found]]) }]
    this.#write({ rows, cells: [{ row, field, entry: { kind: 'keep' }, marks: { ...marks, conflict } }] })
  }

  #conflictFromCheck(row: RowId, field: FieldId, found: CellValue): void {
    const { live, marks } = this.authority.state(row, field)
    if (live === undefined) return
    const conflict = this.authority.stamp()<'conflict'>({
      kind: 'conflict',
      base: live.base,
      yours: live.value,
      theirs: found,
      by: live.author,
      cause: 'changed-in-both',
      isFromCheck: true,
    })
    this.#write({ cells: [{ row, field, entry: { kind: 'keep' }, marks: { ...marks, conflict } }] })
  }

  #reconcile(cells: readonly { row: RowId; field: FieldId; pulled: CellValue; pushed?: LandedPush }[]): void {
    const stamp = this.authority.stamp('run')
    const done = cells.map(({ row, field, pulled, pushed }) => {
      const state = this.authority.state(row, field)
      const relation = pushed ? this.authority.relationTo(row, field, pushed.item) : 'none'
      return { row, field, ...reconcileCell({ state, pulled, pushed, relation, acceptedKinds: this.#options.acceptedKinds ?? [] }, stamp) }
    })
    this.#write({
      rows: done.map(({ row, field, baseline }) => ({ row, values: new Map([[field, baseline]]) })),
      cells: done.map(({ row, field, entry, marks }) => ({ row, field, entry, marks })),
      settled: done.flatMap(({ row, field, settled }) => (settled ? [{ row, field, push: settled }] : [])),
    })
  }

  #write(writes: SheetWrites): void {
    this.authority.write(writes, 'run')
  }

  #link({ isUnlinked = false, value = null }: WorldOptions): void {
    for (const row of this.#rows()) {
      this.app.set(cellKey(row, FIELD), value)
      const records = isUnlinked ? {} : { [CONNECTION]: `rec-${row}` }
      this.#write({ rows: [{ row, records, values: new Map(isUnlinked ? [] : [[FIELD, value]]) }] })
    }
    this.exchange()
    for (const { name } of this.peers.values()) this.down(name)
  }

  #addPeer({ name, by, client }: { name: string; by: string; client: number }, saved: SavedPeer | undefined): void {
    const docs = {
      edits: docOf(saved?.edits, { gc: false, client }),
      annotations: docOf(saved?.annotations, { gc: true, client }),
      base: docOf(saved?.base, { gc: true, client }),
    }
    const made: Uint8Array[] = []
    docs.edits.on('update', (update: Uint8Array, _origin: unknown, _doc: Y.Doc, transaction: Y.Transaction) => {
      if (transaction.local) made.push(update)
    })
    const editor: Editor = { by, now: () => ++this.#clock }
    this.peers.set(name, {
      name,
      by,
      client,
      ...docs,
      sheet: new Sheet(SHEET, this.#docs(docs)),
      editor,
      made,
      isOnline: saved?.isOnline ?? true,
    })
  }

  #docs({ edits, annotations, base }: { edits: Y.Doc; annotations: Y.Doc; base: Y.Doc }) {
    return { ...this.#schema, edits, annotations, base: [base] }
  }

  #log(transaction: Y.Transaction): void {
    const facts = this.authority.factsOf(transaction)
    if (facts === undefined) return
    this.facts.push(facts)
    for (const { row, field, isUnsettled } of facts.unsettled) {
      if (isUnsettled) this.unsettled.add(cellKey(row, field))
      else this.unsettled.delete(cellKey(row, field))
    }
  }
}

/** The documents that say which fields the sheet has: one connected, one custom. */
export interface SheetSchema {
  readonly book: Y.Doc
  readonly sys: Y.Doc
}

export function makeSchema(): SheetSchema {
  const book = new Y.Doc({ guid: 'world' })
  const sys = new Y.Doc({ guid: 'world' })
  for (const [slot, id] of [FIELD, CUSTOM].entries()) {
    bookFields(book).set(`${id}.sheet`, SHEET)
    bookFields(book).set(`${id}.name`, id)
    bookFields(book).set(`${id}.order`, `a${slot}`)
    sysSlots(sys).set(`${SHEET}:${id}`, slot)
  }
  const binding = { connection: CONNECTION, app: 'jira', appName: 'Jira', external: 'summary', isConnectionField: false, writable: true }
  sysBindings(sys).set(FIELD, binding)
  return { book, sys }
}

interface SavedPeer {
  readonly edits: Uint8Array
  readonly annotations: Uint8Array
  readonly base: Uint8Array
  readonly isOnline: boolean
}

/** A world that can be gone on with; the server's part is as after a restart. */
export interface SavedWorld {
  readonly edits: Uint8Array
  readonly annotations: Uint8Array
  readonly base: Uint8Array
  readonly settled: readonly (readonly [CellKey, SettledPush])[]
  readonly app: readonly (readonly [CellKey, CellValue])[]
  readonly unsettled: readonly CellKey[]
  readonly receipts: readonly OpenReceipt[]
  readonly clock: number
  readonly peers: ReadonlyMap<string, SavedPeer>
}

function docOf(state: Uint8Array | undefined, { gc, client }: { gc: boolean; client: number }): Y.Doc {
  const doc = new Y.Doc({ gc, gcFilter: isCollectable, guid: 'world' })
  if (state) Y.applyUpdate(doc, state)
  doc.clientID = client
  return doc
}

const bring = (from: Y.Doc, to: Y.Doc): void => Y.applyUpdate(to, Y.encodeStateAsUpdate(from, Y.encodeStateVector(to)), 'server')

/** Why a staged cell stays here (CELLS, Held). */
export function holdOf(marks: ReturnType<Sheet['marks']>, value: CellValue): string | undefined {
  if (marks.conflict) return 'conflict'
  if (marks.concurrent?.settled) return 'concurrent'
  return marks.refused?.value === value ? 'refused' : undefined
}

/** A cell without ids and times, so that whole objects can be compared. */
export function lookAt(sheet: Sheet, row: RowId, field: FieldId): Look {
  const { value, baseline, entry, isStaged, marks } = sheet.cell(row, field)
  const plain: Record<string, unknown> = {}
  for (const [kind, mark] of Object.entries(marks)) if (mark) plain[kind] = plainMark(mark as Annotation)
  return { shown: value, baseline, entry: entry ? [entry.value, entry.base] : null, isStaged, marks: plain }
}

function plainMark(mark: Annotation): unknown {
  switch (mark.kind) {
    case 'differs':
      return [mark.sent, mark.got, mark.difference]
    case 'conflict':
      return { base: mark.base, yours: mark.yours, theirs: mark.theirs, ...(mark.cause !== 'changed-in-both' && { cause: mark.cause }) }
    case 'concurrent':
      return {
        lines: Object.fromEntries(mark.lines.map((l) => [l.by, l.value])),
        ...(mark.settled && { settled: mark.settled.value }),
      }
    case 'refused':
      return mark.value
    case 'gone':
    case 'unmatched':
      return mark.record
  }
}

export const rawCells = (doc: Y.Doc): Record<string, unknown> => editCellsMap(doc).toJSON()
export const itemOf = (world: World, row: RowId = ROW): ItemId | undefined => world.authority.live(row, FIELD)?.item
