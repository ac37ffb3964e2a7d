import * as z from 'zod'
import type { CallReport } from '../../sync-engine/connectors/http-client.ts'
import { addCredits, type Credits, NO_CREDITS } from '../../sync-engine/credits.ts'
import {
  type FrozenPlan,
  NO_COUNTS,
  OPEN_RECEIPT_STATES,
  type Receipt,
  type RunCell,
  type RunCounts,
  type RunOrder,
  type WaitingCounts,
} from '../../sync-engine/ports.ts'
import type { SettledPush } from '../../workbook/cell-rules.ts'
import type { CellValue } from '../../workbook/cell-value.ts'
import { type CellKey, type ConnectionId, cellKey, type FieldId, type ItemId, type RowId, type SheetId } from '../../workbook/ids.ts'
import type { SqlOp, SqlValue } from '../update-log.ts'
import { CreateStore } from './creates.ts'
import type { Reader } from './database.ts'
import { UnlinkedStore } from './unlinked.ts'
import { parseWaiting, WaitingStore } from './waiting.ts'

export type RunState =
  | 'queued'
  | 'leased'
  | 'refreshing'
  | 'planning'
  | 'checking'
  | 'pushing'
  | 'pulling'
  | 'reconciling'
  | 'settled'
  | 'partial'
  | 'waiting'
  | 'cancelled'
  | 'failed'

/** Which state may follow which; a run that was under way when its process died is queued again. */
export const TRANSITIONS: Readonly<Record<RunState, readonly RunState[]>> = {
  queued: ['leased', 'cancelled'],
  leased: ['refreshing', 'planning', 'pulling', 'reconciling', 'settled', 'partial', 'queued', 'cancelled', 'failed'],
  refreshing: ['planning', 'pulling', 'reconciling', 'settled', 'queued', 'cancelled', 'failed'],
  planning: ['checking', 'pushing', 'pulling', 'settled', 'partial', 'queued', 'cancelled', 'failed'],
  checking: ['pushing', 'pulling', 'queued', 'cancelled', 'failed'],
  pushing: ['pulling', 'partial', 'queued', 'cancelled', 'failed'],
  pulling: ['planning', 'pushing', 'reconciling', 'settled', 'partial', 'queued', 'cancelled', 'failed'],
  reconciling: ['settled', 'partial', 'waiting', 'queued', 'cancelled', 'failed'],
  waiting: ['queued', 'cancelled'],
  settled: [],
  partial: [],
  cancelled: [],
  failed: [],
}

export const ENDED: readonly RunState[] = ['settled', 'partial', 'cancelled', 'failed']

/** States in which somebody holds the run's lease. */
const UNDER_WAY: readonly RunState[] = ['leased', 'refreshing', 'planning', 'checking', 'pushing', 'pulling', 'reconciling']

export interface RunRow {
  readonly id: string
  readonly connection: ConnectionId
  readonly kind: RunOrder['kind'] | 'search'
  readonly mode: 'two-way' | 'one-way'
  readonly trigger: 'person' | 'schedule' | 'api' | 'nightly'
  readonly state: RunState
  readonly actor: string
  readonly order: RunOrder
  readonly priority: number
  readonly fence: number
  readonly createdAt: number
  readonly startedAt: number | null
  readonly endedAt: number | null
  readonly counts: RunCounts
  readonly error: { code: string; message: string; advice: string } | null
  /** Absent on runs of older versions. */
  readonly about?: RunAbout
  /** Of a run that waits or waited for a person. */
  readonly waiting?: WaitingCounts
  /** A person has said yes to what it keeps. */
  readonly isConfirmed?: boolean
}

/** What a run was about when it was made; the names stay when a connection or an integration goes. */
export interface RunAbout {
  readonly workbook: string
  readonly workbookName: string
  readonly sheet: string
  readonly integration: string
  readonly integrationName: string
  readonly app: string
  readonly appName: string
  readonly object: string
  readonly objectName: string
}

const runAbout = z.object({
  workbook: z.string(),
  workbookName: z.string(),
  sheet: z.string(),
  integration: z.string(),
  integrationName: z.string(),
  app: z.string(),
  appName: z.string(),
  object: z.string(),
  objectName: z.string(),
})

const json = (value: CellValue): string => JSON.stringify(value)
const parse = (text: string): CellValue => JSON.parse(text) as CellValue
const countsShape = z.record(z.string(), z.number())

/** Runs with their log, receipts, settled pushes and the ledger of credits. Reads what is committed; writes are statements for the log. */
export class RunStore {
  readonly creates: CreateStore
  readonly waiting: WaitingStore
  readonly unlinked: UnlinkedStore
  readonly #reader: Reader

  constructor(reader: Reader) {
    this.#reader = reader
    this.creates = new CreateStore(reader)
    this.waiting = new WaitingStore(reader)
    this.unlinked = new UnlinkedStore(reader)
  }

  async run(id: string): Promise<RunRow | undefined> {
    const row = await this.#reader.kysely.selectFrom('runs').selectAll().where('id', '=', id).executeTakeFirst()
    return row && toRun(row as never)
  }

  async runs(where: { connections?: readonly string[]; before?: number; limit: number }): Promise<readonly RunRow[]> {
    let query = this.#reader.kysely.selectFrom('runs').selectAll().orderBy('created_at', 'desc').orderBy('id').limit(where.limit)
    if (where.connections !== undefined) query = query.where('connection', 'in', [...where.connections])
    if (where.before !== undefined) query = query.where('created_at', '<', where.before)
    return (await query.execute()).map((row) => toRun(row as never))
  }

  /** Runs that are not over, in the order in which the queue takes them. */
  async open(): Promise<readonly RunRow[]> {
    const query = this.#reader.kysely
      .selectFrom('runs')
      .selectAll()
      .where('state', 'not in', [...ENDED])
    return (await query.orderBy('priority', 'desc').orderBy('created_at').orderBy('id').execute()).map((row) => toRun(row as never))
  }

  /** The fencing number in force: a process whose number is older has lost the run. */
  fenceOf(id: string): number | undefined {
    return (this.#reader.raw.prepare('SELECT fence FROM runs WHERE id = ?').get(id) as { fence: number } | undefined)?.fence
  }

  /** Runs under way whose lease ran out: whoever had them is gone, or could not say how they ended. */
  expired(now: number): readonly string[] {
    const states = UNDER_WAY.map((s) => `'${s}'`).join(', ')
    const query = this.#reader.raw.prepare(`SELECT id FROM runs WHERE state IN (${states}) AND lease_until < ? ORDER BY created_at, id`)
    return (query.all(now) as { id: string }[]).map((row) => row.id)
  }

  async transitions(run: string) {
    return this.#reader.kysely.selectFrom('run_transitions').select(['state', 'at', 'note']).where('run', '=', run).orderBy('id').execute()
  }

  async calls(run: string) {
    return this.#reader.kysely.selectFrom('run_calls').selectAll().where('run', '=', run).orderBy('id').execute()
  }

  async cells(run: string) {
    return this.#reader.kysely.selectFrom('run_cells').selectAll().where('run', '=', run).orderBy('id').execute()
  }

  async cellStory(sheet: string, row: string, field: string) {
    const query = this.#reader.kysely.selectFrom('run_cells').selectAll().where('sheet', '=', sheet).where('row', '=', row)
    return query.where('field', '=', field).orderBy('id', 'desc').limit(200).execute()
  }

  /** Every edit of a cell the log observed, newest first. */
  /** Of one sheet: the copy of a workbook has rows and fields of the same ids. */
  async cellChanges(sheet: string, row: string, field: string) {
    const ofCell = this.#reader.kysely.selectFrom('cell_changes').selectAll().where('row', '=', row).where('field', '=', field)
    const query = ofCell.where('doc', 'like', `edits.${sheet}.%`)
    return query.orderBy('seq', 'desc').limit(500).execute()
  }

  async creditsOf(run: string): Promise<Credits> {
    const rows = await this.#reader.kysely.selectFrom('credits').selectAll().where('run', '=', run).execute()
    return rows.reduce<Credits>((sum, row) => addCredits(sum, row), NO_CREDITS)
  }

  async ledger(since: number, connections?: readonly string[]) {
    let query = this.#reader.kysely.selectFrom('credits').selectAll().where('at', '>=', since).orderBy('id')
    if (connections !== undefined) query = query.where('connection', 'in', [...connections])
    return query.execute()
  }

  /** Credits of all connections, from an instant to another. */
  creditsBetween(from: number, to: number): number {
    const query = this.#reader.raw.prepare(
      'SELECT coalesce(sum(pushed + pulled + linked + refreshed + searched), 0) AS total FROM credits WHERE at >= ? AND at < ?',
    )
    return (query.get(from, to) as { total: number }).total
  }

  openReceipts(connection: ConnectionId): readonly Receipt[] {
    const states = OPEN_RECEIPT_STATES.map((s) => `'${s}'`).join(', ')
    const query = this.#reader.raw.prepare(`SELECT * FROM receipts WHERE connection = ? AND state IN (${states}) ORDER BY at, key`)
    return (query.all(connection) as unknown as StoredReceipt[]).map(toReceipt)
  }

  /** What a run sent last, cell by cell. */
  receiptsOf(run: string): readonly Receipt[] {
    const query = this.#reader.raw.prepare('SELECT * FROM receipts WHERE run = ? ORDER BY at, key')
    return (query.all(run) as unknown as StoredReceipt[]).map(toReceipt)
  }

  settledPushes(sheet: SheetId): Map<CellKey, SettledPush> {
    const rows = this.#reader.raw.prepare('SELECT * FROM settled_pushes WHERE sheet = ?').all(sheet) as Record<string, string>[]
    return new Map(
      rows.map((row) => [
        cellKey(row.row as RowId, row.field as FieldId),
        {
          item: row.item as ItemId,
          base: parse(row.base ?? 'null'),
          sent: parse(row.sent ?? 'null'),
          stored: parse(row.stored ?? 'null'),
          rebase: parse(row.rebase ?? 'null'),
          author: row.author ?? '',
        },
      ]),
    )
  }

  unsettled(connection: ConnectionId): readonly { row: RowId; field: FieldId }[] {
    const rows = this.#reader.raw.prepare('SELECT row, field FROM unsettled WHERE connection = ?').all(connection)
    return rows as unknown as { row: RowId; field: FieldId }[]
  }

  unsettledOfSheet(sheet: SheetId): readonly { connection: ConnectionId; row: RowId; field: FieldId }[] {
    const rows = this.#reader.raw.prepare('SELECT connection, row, field FROM unsettled WHERE sheet = ?').all(sheet)
    return rows as unknown as { connection: ConnectionId; row: RowId; field: FieldId }[]
  }

  preview(planId: string, connection: string): FrozenPlan | undefined {
    const row = this.#reader.raw.prepare('SELECT frozen FROM previews WHERE plan = ? AND connection = ?').get(planId, connection)
    return row === undefined ? undefined : (JSON.parse(String((row as { frozen: string }).frozen)) as FrozenPlan)
  }
}

type StoredReceipt = Readonly<Record<string, string | null>>

const toReceipt = (row: StoredReceipt): Receipt => ({
  idempotencyKey: String(row.key),
  row: row.row as RowId,
  field: row.field as FieldId,
  external: String(row.external),
  recordId: String(row.record_id),
  recordKey: String(row.record_key),
  sent: parse(String(row.sent)),
  base: parse(String(row.base)),
  item: row.item as ItemId,
  author: String(row.author),
  state: row.state as Receipt['state'],
  ...(typeof row.answered === 'string' && { answered: parse(row.answered) }),
})

interface StoredRun {
  id: string
  connection: ConnectionId
  kind: RunRow['kind']
  mode: RunRow['mode']
  trigger: RunRow['trigger']
  state: RunState
  actor: string
  job: string
  priority: number
  fence: number
  created_at: number
  started_at: number | null
  ended_at: number | null
  counts: string
  error: string | null
  about: string | null
  waiting: string | null
  is_confirmed: number
}

const toRun = (row: StoredRun): RunRow => ({
  id: row.id,
  connection: row.connection,
  kind: row.kind,
  mode: row.mode,
  trigger: row.trigger,
  state: row.state,
  actor: row.actor,
  order: JSON.parse(row.job) as RunOrder,
  priority: row.priority,
  fence: row.fence,
  createdAt: row.created_at,
  startedAt: row.started_at,
  endedAt: row.ended_at,
  counts: { ...NO_COUNTS, ...countsShape.parse(JSON.parse(row.counts)) },
  error: row.error === null ? null : (JSON.parse(row.error) as RunRow['error']),
  ...(row.about !== null && { about: runAbout.parse(JSON.parse(row.about)) }),
  ...(row.waiting !== null && { waiting: parseWaiting(row.waiting) as WaitingCounts }),
  ...(row.is_confirmed === 1 && { isConfirmed: true }),
})

// Statements -------------------------------------------------------------------------------------------------------------------------------

const op = (sql: string, ...params: SqlValue[]): SqlOp => ({ sql, params })

export const insertRunOp = (run: RunRow): SqlOp =>
  op(
    `INSERT INTO runs (id, connection, kind, mode, "trigger", state, actor, job, priority, fence, created_at, counts, workbook, integration,
       app, object, about) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)`,
    run.id,
    run.connection,
    run.kind,
    run.mode,
    run.trigger,
    run.state,
    run.actor,
    JSON.stringify(run.order),
    run.priority,
    run.fence,
    run.createdAt,
    JSON.stringify(run.counts),
    run.about?.workbook ?? '',
    run.about?.integration ?? '',
    run.about?.app ?? '',
    run.about?.object ?? '',
    run.about === undefined ? null : JSON.stringify(run.about),
  )

/** A new state, with its line in the run's log. */
export const transitionOps = (run: string, state: RunState, at: number, note: string | null): SqlOp[] => [
  op('UPDATE runs SET state = ? WHERE id = ?', state, run),
  op('INSERT INTO run_transitions (run, state, at, note) VALUES (?,?,?,?)', run, state, at, note),
]

/** A line in the run's log without a change of its state. */
export const noteOp = (run: string, state: RunState, at: number, note: string): SqlOp =>
  op('INSERT INTO run_transitions (run, state, at, note) VALUES (?,?,?,?)', run, state, at, note)

/** A person says yes to what a waiting run keeps: it is queued again, ahead of what a clock started. */
export const confirmOps = (run: string, at: number, priority: number, note: string): SqlOp[] => [
  op('UPDATE runs SET is_confirmed = 1, priority = ? WHERE id = ?', priority, run),
  ...transitionOps(run, 'queued', at, note),
]

export const leaseOp = (run: string, fence: number, leaseUntil: number, startedAt: number): SqlOp =>
  op('UPDATE runs SET fence = ?, lease_until = ?, started_at = coalesce(started_at, ?) WHERE id = ?', fence, leaseUntil, startedAt, run)

export const heartbeatOp = (run: string, leaseUntil: number): SqlOp => op('UPDATE runs SET lease_until = ? WHERE id = ?', leaseUntil, run)

export const endRunOp = (run: string, endedAt: number, error: RunRow['error']): SqlOp =>
  op(
    'UPDATE runs SET ended_at = ?, lease_until = NULL, error = ? WHERE id = ?',
    endedAt,
    error === null ? null : JSON.stringify(error),
    run,
  )

export const countsOp = (run: string, counts: RunCounts): SqlOp =>
  op('UPDATE runs SET counts = ? WHERE id = ?', JSON.stringify(counts), run)

/** Longest request body the log keeps; longer ones are cut. UTF-16 units. */
const BODY_LENGTH = 20_000

export const callOp = (run: string, call: CallReport, at: number): SqlOp =>
  op(
    'INSERT INTO run_calls (run, kind, method, path, status, ms, attempt, at, request_body, note) VALUES (?,?,?,?,?,?,?,?,?,?)',
    run,
    call.kind,
    call.method,
    call.path,
    call.status,
    Math.round(call.ms),
    call.attempt,
    at,
    call.body === undefined ? null : JSON.stringify(call.body).slice(0, BODY_LENGTH),
    call.reason ?? null,
  )

export const cellOp = (run: string, sheet: SheetId, cell: RunCell, at: number): SqlOp =>
  op(
    'INSERT INTO run_cells (run, sheet, row, field, record_id, record_key, base, value, got, outcome, note, author, at) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)',
    run,
    sheet,
    cell.row,
    cell.field,
    cell.recordId,
    cell.recordKey,
    json(cell.base),
    json(cell.value),
    json(cell.got),
    cell.outcome,
    cell.note,
    cell.author,
    at,
  )

/** A repeated attempt of the same entry keeps its key, so that its credit is charged once. */
export const receiptOp = (run: string, connection: ConnectionId, r: Receipt, at: number): SqlOp =>
  op(
    `INSERT INTO receipts (key, run, connection, row, field, external, record_id, record_key, sent, base, item, author, state, at)
     VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)
     ON CONFLICT (key) DO UPDATE SET run = excluded.run, sent = excluded.sent, base = excluded.base, state = excluded.state,
       record_id = excluded.record_id, answered = NULL, at = excluded.at`,
    r.idempotencyKey,
    run,
    connection,
    r.row,
    r.field,
    r.external,
    r.recordId,
    r.recordKey,
    json(r.sent),
    json(r.base),
    r.item,
    r.author,
    r.state,
    at,
  )

export const receiptStateOp = (key: string, state: Receipt['state'], answered: CellValue | undefined): SqlOp =>
  answered === undefined
    ? op('UPDATE receipts SET state = ? WHERE key = ?', state, key)
    : op('UPDATE receipts SET state = ?, answered = ? WHERE key = ?', state, json(answered), key)

export const settledOp = (sheet: SheetId, row: RowId, field: FieldId, push: SettledPush): SqlOp =>
  op(
    'INSERT OR REPLACE INTO settled_pushes (sheet, row, field, item, base, sent, stored, rebase, author) VALUES (?,?,?,?,?,?,?,?,?)',
    sheet,
    row,
    field,
    push.item,
    json(push.base),
    json(push.sent),
    json(push.stored),
    json(push.rebase),
    push.author,
  )

export const creditsOp = (run: string, connection: ConnectionId, credits: Partial<Credits>, at: number): SqlOp => {
  const { pushed, pulled, linked, refreshed, searched } = addCredits(NO_CREDITS, credits)
  const sql = 'INSERT INTO credits (run, connection, at, pushed, pulled, linked, refreshed, searched) VALUES (?,?,?,?,?,?,?,?)'
  return op(sql, run, connection, at, pushed, pulled, linked, refreshed, searched)
}

export const unsettledOp = (
  cell: { connection: ConnectionId; sheet: SheetId; row: RowId; field: FieldId },
  seq: number,
  isUnsettled: boolean,
): SqlOp =>
  isUnsettled
    ? op(
        'INSERT OR REPLACE INTO unsettled (connection, sheet, row, field, seq) VALUES (?,?,?,?,?)',
        cell.connection,
        cell.sheet,
        cell.row,
        cell.field,
        seq,
      )
    : op(
        'DELETE FROM unsettled WHERE connection = ? AND sheet = ? AND row = ? AND field = ?',
        cell.connection,
        cell.sheet,
        cell.row,
        cell.field,
      )

export const previewOps = (planId: string, connection: ConnectionId, frozen: FrozenPlan, at: number): SqlOp[] => [
  op('DELETE FROM previews WHERE at < ?', at - PREVIEW_KEPT_MS),
  op('INSERT OR REPLACE INTO previews (plan, connection, frozen, at) VALUES (?,?,?,?)', planId, connection, JSON.stringify(frozen), at),
]

/** A preview can be run for a week. ms */
const PREVIEW_KEPT_MS = 7 * 24 * 60 * 60 * 1000
