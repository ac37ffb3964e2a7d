import type { ReadyApp } from '../sync-engine/connectors/app.ts'
import type { ExternalField, ObjectDescription } from '../sync-engine/connectors/connector.ts'
import type { CallKind, CallReport, HttpClient } from '../sync-engine/connectors/http-client.ts'
import { addCredits, type Credits, NO_CREDITS } from '../sync-engine/credits.ts'
import { effectiveDirection, heldByDirection, whyOff } from '../sync-engine/direction.ts'
import { inParts } from '../sync-engine/parts.ts'
import type { ConnectionSetup, DeltaCell } from '../sync-engine/plan.ts'
import type { Clock, CreateIntent, EnginePorts, RunCell, RunCounts, RunStep, Settlement, SheetView } from '../sync-engine/ports.ts'
import { SyncError } from '../sync-engine/sync-error.ts'
import { toWorkbook } from '../sync-engine/value-map.ts'
import type { CellValue } from '../workbook/cell-value.ts'
import { editCells } from '../workbook/edit.ts'
import type { Binding, Option } from '../workbook/fields.ts'
import { type ConnectionId, deriveRowId, type FieldId, makeRowId, type RandomBytes, type RowId } from '../workbook/ids.ts'
import { ServerOrigin } from '../workbook/origin.ts'
import type { Sheet } from '../workbook/sheet.ts'
import type { RecordTurns } from './record-turns.ts'
import { acceptedKinds, type Room, type SheetHub, setBinding } from './sheets.ts'
import type { Catalog, FullConnection } from './storage/catalog.ts'
import { createOp, createStateOp } from './storage/creates.ts'
import {
  callOp,
  cellOp,
  countsOp,
  creditsOp,
  heartbeatOp,
  type RunRow,
  type RunState,
  type RunStore,
  receiptOp,
  receiptStateOp,
  settledOp,
  TRANSITIONS,
  transitionOps,
} from './storage/runs.ts'
import { forgetWaitingOps, keepWaitingOps } from './storage/waiting.ts'
import type { SqlOp, UpdateLog } from './update-log.ts'

/** How long a lease lasts without a heartbeat. ms */
export const LEASE_MS = 60_000

export interface RunProgress {
  readonly step: string
  readonly done: number
  readonly total: number
  readonly note?: string
}

export interface EnginePortsParts {
  readonly run: RunRow
  /** The fencing number this process leased the run with. */
  readonly fence: number
  /** What this run was charged before its process died and it started again. (Default: nothing) */
  readonly paid?: Credits
  readonly full: FullConnection
  readonly setup: ConnectionSetup
  readonly app: ReadyApp
  readonly room: Room
  readonly hub: SheetHub
  readonly catalog: Catalog
  readonly runs: RunStore
  readonly log: UpdateLog
  readonly clock: Clock
  readonly random: RandomBytes
  readonly makeHttp: (onCall: (call: CallReport) => void) => HttpClient
  /** Who writes which records now, over all connections. */
  readonly turns: RecordTurns
  /** The run's head changed: somebody may be looking. */
  readonly onChange: () => void
}

/** The engine's ports over the live documents, the log and the tables. One object a run. */
export class RunPorts implements EnginePorts {
  readonly #parts: EnginePortsParts
  readonly #http: HttpClient
  #description: ObjectDescription | undefined
  #counts: RunCounts
  #state: RunState
  #progress: RunProgress | undefined
  #paid: Credits
  #stopped: SyncError | undefined

  constructor(parts: EnginePortsParts) {
    this.#parts = parts
    this.#description = parts.full.connection.description
    this.#counts = keptCounts(parts.run.counts)
    this.#state = parts.run.state
    this.#paid = parts.paid ?? NO_CREDITS
    this.#http = parts.makeHttp((call) => this.#onCall(call))
  }

  get clock(): Clock {
    return this.#parts.clock
  }

  get runId(): string {
    return this.#parts.run.id
  }

  get actor(): string {
    return this.#parts.run.actor
  }

  get isScheduled(): boolean {
    const { object } = this.#parts.full
    return object.schedule !== null || object.isNightly === true
  }

  get waiting() {
    const { run } = this.#parts
    return run.isConfirmed ? run.waiting : undefined
  }

  get setup(): ConnectionSetup {
    return this.#parts.setup
  }

  get description(): ObjectDescription | undefined {
    return this.#description
  }

  get filter(): string {
    return this.#parts.full.connection.filter
  }

  get cursor(): string | null {
    return this.#parts.full.connection.cursor
  }

  get counts(): RunCounts {
    return this.#counts
  }

  get state(): RunState {
    return this.#state
  }

  get lastProgress(): RunProgress | undefined {
    return this.#progress
  }

  connector(kind: CallKind) {
    const { app, full } = this.#parts
    return app.makeConnector({
      http: this.#http.as(kind),
      object: full.object.external,
      ...(full.integration.limitedTo && { limitedTo: full.integration.limitedTo }),
      ...(this.#description && { description: this.#description }),
    })
  }

  async delta(): Promise<readonly DeltaCell[]> {
    const { log, room, runs } = this.#parts
    await log.durable()
    this.#assertLease()
    return deltaOf(room, this.#connection, runs.unsettled(this.#connection))
  }

  async linked() {
    const { sheet } = this.#parts.room
    const linked: LinkedRow[] = []
    for (const rows of inParts([...sheet.baseRowIds()], ROWS_PER_TURN)) {
      linked.push(...linkedRows(sheet, this.#connection, rows))
      await new Promise((resolve) => setImmediate(resolve))
    }
    return linked
  }

  async linkRequests() {
    const requests = this.#parts.room.authority.linkRequests()
    return requests.filter((r) => r.connection === this.#connection).map(({ key, row, recordKey }) => ({ key, row, recordKey }))
  }

  async settle(decide: (view: SheetView) => Settlement): Promise<void> {
    const { room, hub, run, runs, catalog, clock } = this.#parts
    // What is decided inside the turn can only be known there; the rows it may add are at most those of one page.
    await hub.ensureRoom(room, ROWS_PER_SETTLE)
    this.#assertLease()
    const at = clock.now()
    const settlement = decide(this.#view())
    const { receipts = [], creates = [], refreshed = [], counts, runCells = [], people, cursor, latestPull, settled = [] } = settlement
    const credits = settlement.credits && this.#owed({ ...NO_CREDITS, ...settlement.credits })
    room.authority.write(settlement, run.kind)
    if (people !== undefined && people.size > 0) this.#learnPeople(people)
    if (counts !== undefined) this.#counts = addCounts(this.#counts, counts)
    const ops: SqlOp[] = [
      ...receipts.map((r) => receiptStateOp(r.idempotencyKey, r.state, undefined)),
      ...creates.map((c) => createStateOp(c.key, c.state, c.record)),
      ...(refreshed.length > 0 && runs.waiting.isKeeping(this.#connection) ? forgetWaitingOps(this.#connection, refreshed) : []),
      ...settled.map((s) => settledOp(room.sheet.id, s.row, s.field, s.push)),
      ...runCells.map((cell) => cellOp(run.id, room.sheet.id, cell, at)),
      ...(isFree(credits) ? [] : [creditsOp(run.id, this.#connection, credits, at)]),
      ...(counts === undefined ? [] : [countsOp(run.id, this.#counts)]),
      ...(cursor === undefined ? [] : [catalog.saveCursor(this.#connection, cursor)]),
      ...(latestPull === undefined ? [] : [catalog.saveLatestPull(this.#connection, { ...latestPull, isFailed: false })]),
    ]
    await this.#commit(ops)
  }

  async describe(description: ObjectDescription): Promise<void> {
    const { catalog, room, full, setup, clock } = this.#parts
    this.#description = description
    writeBindings(room.sheet, { ...full, connection: { ...full.connection, description } }, setup)
    await this.#commit([
      catalog.saveDescription(this.#connection, description),
      catalog.saveObjectDescription(full.object.id, description, clock.now()),
    ])
  }

  async receiptsOfRun() {
    const { run, runs, log } = this.#parts
    await log.durable()
    return runs.receiptsOf(run.id)
  }

  async openReceipts() {
    await this.#parts.log.durable()
    return this.#parts.runs.openReceipts(this.#connection)
  }

  async recordIntents(receipts: Parameters<EnginePorts['recordIntents']>[0]): Promise<void> {
    const { run, clock } = this.#parts
    this.goOn()
    await this.#commit(receipts.map((r) => receiptOp(run.id, this.#connection, r, clock.now())))
  }

  async recordAnswers(answers: Parameters<EnginePorts['recordAnswers']>[0]): Promise<void> {
    await this.#commit(answers.map((a) => receiptStateOp(a.idempotencyKey, a.state, a.answered)))
  }

  async transition(step: RunStep, note?: string): Promise<void> {
    const { run, clock, onChange } = this.#parts
    this.goOn()
    if (this.#state === step) return
    if (!TRANSITIONS[this.#state].includes(step)) throw new Error(`A run goes from ${this.#state} to ${step}?`)
    this.#state = step
    this.#progress = undefined
    await this.#commit([...transitionOps(run.id, step, clock.now(), note ?? null), heartbeatOp(run.id, clock.now() + LEASE_MS)])
    onChange()
  }

  /** Tells the run to end before its next call, with this as the reason. */
  stop(reason: SyncError): void {
    this.#stopped ??= reason
  }

  goOn(): void {
    if (this.#stopped !== undefined) throw this.#stopped
  }

  takeTurns(records: readonly string[], signal: AbortSignal): Promise<() => void> {
    const { full, turns } = this.#parts
    return turns.take(
      records.map((record) => `${full.integration.id}\u0000${full.object.external}\u0000${record}`),
      signal,
    )
  }

  async keepWaiting(...[pull, records, counts, credits]: Parameters<EnginePorts['keepWaiting']>): Promise<void> {
    const { run, clock } = this.#parts
    this.#counts = addCounts(this.#counts, counts)
    const owed = this.#owed({ ...NO_CREDITS, ...credits })
    await this.#commit([
      ...keepWaitingOps(run.id, this.#connection, pull, records),
      ...(isFree(owed) ? [] : [creditsOp(run.id, this.#connection, owed, clock.now())]),
      countsOp(run.id, this.#counts),
    ])
  }

  async waitingRecords(after: string, limit: number) {
    const { run, runs, log } = this.#parts
    await log.durable()
    return runs.waiting.records(run.id, after, limit)
  }

  async openCreates() {
    await this.#parts.log.durable()
    return this.#parts.runs.creates.open(this.#connection)
  }

  async createsOfRun() {
    const { run, runs, log } = this.#parts
    await log.durable()
    return runs.creates.ofRun(run.id)
  }

  async recordCreates(creates: readonly CreateIntent[]): Promise<void> {
    this.goOn()
    await this.#commit(creates.map((create) => createOp(this.#connection, create)))
  }

  async pushedBy(run: string) {
    return pushedCells(await this.#parts.runs.cells(run))
  }

  async type(cells: Parameters<EnginePorts['type']>[0]): Promise<void> {
    const { room, run, clock } = this.#parts
    if (cells.length > 0) editCells(room.sheet, cells, { by: run.actor, now: clock.now })
    await this.#commit([])
  }

  progress(progress: RunProgress): void {
    this.#progress = progress
    this.#parts.onChange()
  }

  get #connection(): ConnectionId {
    return this.#parts.full.connection.id
  }

  async #commit(ops: readonly SqlOp[]): Promise<void> {
    this.#assertLease()
    const { log } = this.#parts
    if (ops.length > 0) log.execute(ops)
    try {
      await log.durable()
    } catch (error) {
      throw new SyncError('commit-failed', 'The disk did not take what this run did. Its next run reads back what was sent.', {
        cause: error,
      })
    }
  }

  /**
   * What is still to be charged: a run that starts again reads, searches and describes a second time, and costs what it would have cost.
   * Pushes and links are charged with the receipt or the tie they settle, once by themselves.
   */
  #owed(credits: Credits): Credits {
    const owed = { ...credits }
    const paid = { ...this.#paid }
    for (const rule of ['pulled', 'refreshed', 'searched'] as const) {
      const covered = Math.min(owed[rule], paid[rule])
      owed[rule] -= covered
      paid[rule] -= covered
    }
    this.#paid = paid
    return owed
  }

  #assertLease(): void {
    const { runs, run, fence } = this.#parts
    if (runs.fenceOf(run.id) !== fence) throw new SyncError('lease-lost', 'Another process has taken this run over.')
  }

  #onCall(call: CallReport): void {
    const { log, run, clock, app } = this.#parts
    log.execute([callOp(run.id, call, clock.now())])
    if (call.waitMs === undefined) return
    const note =
      call.status === 429
        ? `${app.name} asked us to wait ${Math.ceil(call.waitMs / 1000)} s. Nothing is lost.`
        : `No answer from ${app.name}. Trying again.`
    this.progress({ step: this.#state, done: this.#progress?.done ?? 0, total: this.#progress?.total ?? 0, note })
  }

  #view(): SheetView {
    const { room, run, random } = this.#parts
    const { authority, sheet } = room
    const connection = this.#connection
    return {
      state: (row, field) => authority.state(row, field),
      relationTo: (row, field, item) => authority.relationTo(row, field, item),
      stamp: authority.stamp(run.id),
      rowsOf: (record) => sheet.rowsOf(connection, record),
      recordOf: (row) => sheet.recordOf(row, connection),
      isGone: (row) => sheet.recordMark(row, connection)?.kind === 'gone',
      isUnmatched: (row) => sheet.recordMark(row, connection)?.kind === 'unmatched',
      isDeleted: (row) => sheet.isDeleted(row),
      newRowFor: (record) => {
        const derived = deriveRowId(connection, record)
        // The derived row may be there already, tied to another record or to none (its link was taken away).
        return sheet.hasRow(derived) ? makeRowId(random) : derived
      },
      acceptedKinds: (field) => acceptedKinds(sheet.docs.sys, field),
    }
  }

  #learnPeople(people: NonNullable<Settlement['people']>): void {
    const { sys } = this.#parts.room.sheet.docs
    sys.transact(() => {
      for (const [field, names] of people) learnPeople(this.#parts.room.sheet, field, names)
    }, new ServerOrigin('people'))
  }
}

/** Rows one settle may add at most: the largest page any app answers with. */
const ROWS_PER_SETTLE = 1_000
/** Rows looked at in one turn of the event loop: others are served between two. */
const ROWS_PER_TURN = 1_000

const isFree = (credits: Partial<Credits> | undefined): credits is undefined =>
  credits === undefined || Object.values(addCredits(NO_CREDITS, credits)).every((n) => n === 0)

/**
 * What a run that starts again keeps of its receipt: what was settled. What was planned and not settled is planned again, or read back;
 * what was pulled is pulled again.
 */
const keptCounts = (c: RunCounts): RunCounts => ({ ...c, planned: c.pushed + c.refused + c.skipped, unknown: 0, held: 0, pulled: 0 })

function addCounts(a: RunCounts, b: Partial<RunCounts>): RunCounts {
  const sum: Record<string, number> = { ...a }
  for (const [key, value] of Object.entries(b)) sum[key] = (sum[key] ?? 0) + value
  return sum as unknown as RunCounts
}

/** The cells of a run's log that were pushed, as the engine has them. */
export const pushedCells = (stored: Awaited<ReturnType<RunStore['cells']>>): readonly RunCell[] =>
  stored
    .filter((c) => c.outcome === 'pushed')
    .map((c) => ({
      row: c.row as RowId,
      field: c.field as FieldId,
      recordId: c.record_id,
      recordKey: c.record_key,
      base: JSON.parse(c.base) as CellValue,
      value: JSON.parse(c.value) as CellValue,
      got: JSON.parse(c.got) as CellValue,
      outcome: 'pushed',
      note: c.note,
      author: c.author,
    }))

/** The staged cells of a connection: the index says which to look at, the document which are staged. In row and field order. */
export function deltaOf(room: Room, connection: ConnectionId, unsettled: readonly { row: RowId; field: FieldId }[]): readonly DeltaCell[] {
  const { sheet, authority } = room
  const keyField = sheet.fields().find((f) => f.binding?.connection === connection && f.binding.isConnectionField)?.id
  const order = new Map(sheet.fields().map((f, i) => [f.id, i]))
  const cells = unsettled.flatMap(({ row, field }): (DeltaCell & { orderKey: string })[] => {
    const live = authority.live(row, field)
    const recordId = sheet.recordOf(row, connection)
    const cell = sheet.cell(row, field)
    if (live === undefined || recordId === undefined || !cell.isStaged || sheet.isDeleted(row)) return []
    const recordKey = keyField === undefined ? recordId : String(sheet.baseline(row, keyField) ?? recordId)
    const { value, base, item, author, at } = live
    const isGone = sheet.recordMark(row, connection)?.kind === 'gone'
    return [
      {
        row,
        field,
        recordId,
        recordKey,
        value,
        base,
        baseline: cell.baseline,
        item,
        author,
        at,
        marks: cell.marks,
        isGone,
        orderKey: sheet.orderKey(row),
      },
    ]
  })
  const byOrder = (a: (typeof cells)[number], b: (typeof cells)[number]): number =>
    a.orderKey < b.orderKey ? -1 : a.orderKey > b.orderKey ? 1 : (order.get(a.field) ?? 0) - (order.get(b.field) ?? 0)
  return cells.sort(byOrder).map(({ orderKey: _orderKey, ...cell }) => cell)
}

interface LinkedRow {
  readonly row: RowId
  readonly recordId: string
}

/** Rows tied to a record, deleted ones left out: their records are not pulled. */
export function linkedRows(sheet: Sheet, connection: ConnectionId, among: Iterable<RowId> = sheet.baseRowIds()): readonly LinkedRow[] {
  const linked: LinkedRow[] = []
  for (const row of among) {
    const recordId = sheet.recordOf(row, connection)
    if (recordId !== undefined && !sheet.isDeleted(row)) linked.push({ row, recordId })
  }
  return linked
}

/** Writes what configuration says of each connected field, so that no editor can rebind one. */
export function writeBindings(sheet: Sheet, { connection, object }: FullConnection, setup: ConnectionSetup): void {
  const { sys } = sheet.docs
  const described = new Map(connection.description?.fields.map((f) => [f.id, f]) ?? [])
  sys.transact(() => {
    for (const mapping of setup.fields) {
      const external = described.get(mapping.external)
      const before = sheet.field(mapping.field)?.binding
      setBinding(sys, mapping.field, bindingFor({ mapping, external, before, connection, object, setup }))
    }
  }, new ServerOrigin('configuration'))
}

function bindingFor(o: {
  mapping: ConnectionSetup['fields'][number]
  external: ExternalField | undefined
  before: Binding | undefined
  connection: FullConnection['connection']
  object: FullConnection['object']
  setup: ConnectionSetup
}): Binding {
  const { mapping, external, connection, object, setup } = o
  const { appName } = setup
  const isConnectionField = mapping.field === connection.keyField
  // The toggle only holds what is typed; a direction that never lets it out prevents typing (V28).
  const whenOn = effectiveDirection(true, object.direction, mapping.direction)
  const forbidden = heldByDirection(whenOn, object.direction, mapping.direction, appName)
  const reason = isConnectionField
    ? `This is the record's key in ${appName}.`
    : external === undefined
      ? `${appName} no longer has this field.`
      : external.writable !== true
        ? external.writable.reason
        : forbidden && sentence(forbidden)
  const known = o.before?.options ?? []
  const called = external?.options?.map((o) => ({ ...o, name: String(toWorkbook(mapping.valueMap, o.name)) }))
  const options = called && mergeOptions(known, called, external?.type === 'person')
  return {
    connection: connection.id,
    app: setup.app,
    appName,
    external: mapping.external,
    isConnectionField,
    writable: reason === undefined,
    ...(reason !== undefined && { reason }),
    ...(!setup.isOn && { heldBy: whyOff(setup) }),
    ...(whenOn.canPush && !whenOn.canPull && { isPushOnly: true }),
    ...(options && { options }),
    ...(external?.optionsCaseSensitive !== undefined && { optionsCaseSensitive: external.optionsCaseSensitive }),
    ...(external?.maxLength !== undefined && { maxLength: external.maxLength }),
    ...(isConnectionField && connection.description?.recordUrl !== undefined && { recordUrl: connection.description.recordUrl }),
  }
}

const sentence = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1)

/** People who are no longer offered keep their names. */
function mergeOptions(known: readonly Option[], offered: readonly Option[], keepsRetired: boolean): readonly Option[] {
  const retired = keepsRetired ? known.filter((o) => !offered.some((x) => x.id === o.id)).map((o) => ({ ...o, retired: true })) : []
  return [...offered, ...retired]
}

function learnPeople(sheet: Sheet, field: FieldId, names: Readonly<Record<string, string>>): void {
  const binding = sheet.field(field)?.binding
  if (binding === undefined) return
  const known = binding.options ?? []
  const fresh = Object.entries(names).filter(([id, name]) => !known.some((o) => o.id === id && o.name === name))
  if (fresh.length === 0) return
  const kept = known.filter((o) => !fresh.some(([id]) => id === o.id))
  const added = fresh.map(([id, name]) => ({ id, name, ...(!known.some((o) => o.id === id) && { retired: true }) }))
  setBinding(sheet.docs.sys, field, { ...binding, options: [...kept, ...added] })
}
