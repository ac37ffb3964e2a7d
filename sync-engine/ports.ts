import type { SheetWrites } from '../workbook/authority.ts'
import type { CellState, Stamp } from '../workbook/cell-rules.ts'
import type { CellValue, DifferenceKind } from '../workbook/cell-value.ts'
import type { FieldId, ItemId, RowId } from '../workbook/ids.ts'
import type { AppRecord, Connector, FieldChange, ObjectDescription } from './connectors/connector.ts'
import type { CallKind } from './connectors/http-client.ts'
import type { Credits } from './credits.ts'
import type { ConnectionSetup, DeltaCell, PushCell, RunMode } from './plan.ts'

export interface Clock {
  /** ms since 1970. */
  now(): number
  /** Resolves after `ms`; rejects with the signal's reason when it is aborted first. */
  sleep(ms: number, signal: AbortSignal): Promise<void>
}

/** What a run is asked to do. */
export type RunOrder =
  | { readonly kind: 'sync'; readonly mode: RunMode; readonly trigger: 'person' | 'schedule'; readonly frozen?: FrozenPlan }
  | { readonly kind: 'import'; readonly filter: string }
  | { readonly kind: 'link'; readonly links: readonly { readonly row: RowId | null; readonly recordId: string }[] }
  | { readonly kind: 'refresh' }
  /** Synced fields were added and must be filled. */
  | { readonly kind: 'fill'; readonly fields: readonly FieldId[] }
  /** Rows that are to become records of the app. */
  | { readonly kind: 'create'; readonly rows: readonly NewRecord[]; readonly duplicates: 'look-up' | 'allow' }
  /** Writes back what the cells of a sync held before it, where the app still holds what was written (B8). */
  | { readonly kind: 'undo'; readonly run: string; readonly frozen: FrozenPlan }

/** A row of the sheet that is to become a record: values of the workbook by external field, all that the record starts with. */
export interface NewRecord {
  readonly row: RowId
  readonly changes: readonly FieldChange[]
}

/** The cells of a preview that somebody chose to run: these and no others, with these values. */
export interface FrozenPlan {
  readonly planId: string
  readonly cells: readonly Pick<PushCell, 'row' | 'field' | 'item' | 'baseline' | 'sent'>[]
  /** Directions, rights and mappings as previewed; a run stops when they differ. */
  readonly setup: string
}

/**
 * What was sent for one cell. `sent`: the intent is written, no answer yet · `saved`: the app said yes · `unknown`: no answer came. These
 * three are open: a later run settles them by reading. The others are closed.
 */
export type ReceiptState = 'sent' | 'saved' | 'unknown' | 'settled' | 'refused' | 'not-landed' | 'lost' | 'gone'

export const OPEN_RECEIPT_STATES: readonly ReceiptState[] = ['sent', 'saved', 'unknown']

export interface Receipt {
  /** The cell and the item whose value was sent: the same on every attempt, so that a credit is charged once. */
  readonly idempotencyKey: string
  readonly row: RowId
  readonly field: FieldId
  readonly external: string
  readonly recordId: string
  readonly recordKey: string
  readonly sent: CellValue
  readonly base: CellValue
  readonly item: ItemId
  readonly author: string
  readonly state: ReceiptState
  /** What the update's own answer carried for the field, where it did. */
  readonly answered?: CellValue
}

/**
 * What became of the creation of a record. `sent`, `saved`, `unknown` are open, as with receipts; a later run looks for the record by its
 * marker, and where none is found a person decides.
 */
export type CreateState = 'sent' | 'saved' | 'unknown' | 'settled' | 'refused' | 'not-landed'

/** One creation that was sent: written before the call, so that no crash makes a second record. */
export interface CreateIntent {
  readonly key: string
  readonly run: string
  readonly row: RowId
  /** What the record carries, by which it is found again. */
  readonly marker: string
  readonly changes: readonly CreateChange[]
  readonly state: CreateState
  /** ms since 1970; the app's index may lag behind it. */
  readonly sentAt: number
  readonly record?: { readonly id: string; readonly key: string }
}

/** One value a record starts with. */
export interface CreateChange {
  readonly external: string
  readonly sent: CellValue
  /** The row's cell it came from, with its author; absent where it was asked for beside the sheet. */
  readonly field?: FieldId
  readonly item?: ItemId
  readonly author: string
}

/** `not-planned`: held before the plan · `held`: planned, and stopped by what the check or an answer found. */
export type CellOutcome =
  | 'pushed'
  | 'refused'
  | 'not-planned'
  | 'held'
  | 'moved-on'
  | 'already-there'
  | 'unknown'
  | 'not-landed'
  | 'pulled'
  | 'created'

/** One line of the run's log about one cell. */
export interface RunCell {
  readonly row: RowId
  readonly field: FieldId
  readonly recordId: string
  readonly recordKey: string
  readonly base: CellValue
  readonly value: CellValue
  readonly got: CellValue
  readonly outcome: CellOutcome
  readonly note: string | null
  readonly author: string
}

export interface RunCounts {
  readonly planned: number
  readonly pushed: number
  readonly refused: number
  readonly skipped: number
  readonly unknown: number
  readonly held: number
  readonly differs: number
  readonly conflicts: number
  readonly pulled: number
  readonly changed: number
  readonly created: number
  readonly linked: number
}

export const NO_COUNTS: RunCounts = {
  planned: 0,
  pushed: 0,
  refused: 0,
  skipped: 0,
  unknown: 0,
  held: 0,
  differs: 0,
  conflicts: 0,
  pulled: 0,
  changed: 0,
  created: 0,
  linked: 0,
}

/** How much a waiting run would change, and where the connection's next pull goes on once it has. */
export interface WaitingCounts {
  readonly linked: number
  readonly rows: number
  readonly cells: number
  readonly cursor: string
  readonly at: number
  readonly records: number
}

/** The sheet as it is now; valid only within the synchronous call it is given to. */
export interface SheetView {
  state(row: RowId, field: FieldId): CellState
  relationTo(row: RowId, field: FieldId, item: ItemId): 'none' | 'is-pushed' | 'on-top' | 'unseen'
  readonly stamp: Stamp
  /** The rows that hold a record: one, or two that were linked offline. Deleted rows count. */
  rowsOf(recordId: string): readonly RowId[]
  recordOf(row: RowId): string | undefined
  isGone(row: RowId): boolean
  /** Marked as out of the connection's filter. */
  isUnmatched(row: RowId): boolean
  isDeleted(row: RowId): boolean
  /** The row an imported record gets: derived from connection and record, so that two people who import it make one. */
  newRowFor(recordId: string): RowId
  acceptedKinds(field: FieldId): readonly DifferenceKind[]
}

/** Everything one settle changes, in documents and tables: one commit holds it all, a crash leaves all or none. */
export interface Settlement extends SheetWrites {
  readonly receipts?: readonly { readonly idempotencyKey: string; readonly state: ReceiptState }[]
  readonly credits?: Partial<Credits>
  readonly counts?: Partial<RunCounts>
  readonly runCells?: readonly RunCell[]
  /** Names of people seen in a field of type person. */
  readonly people?: ReadonlyMap<FieldId, Readonly<Record<string, string>>>
  /** Where the next scheduled pull goes on. */
  readonly cursor?: string
  readonly creates?: readonly {
    readonly key: string
    readonly state: CreateState
    readonly record?: { readonly id: string; readonly key: string }
  }[]
  /** Records this settle brings up to date: what a waiting run keeps of them is older. */
  readonly refreshed?: readonly string[]
  /** The pull is complete: date and number of records. */
  readonly latestPull?: { readonly at: number; readonly records: number }
}

export type RunStep = 'refreshing' | 'planning' | 'checking' | 'pushing' | 'pulling' | 'reconciling'

/**
 * What one run asks of the world. Every method that changes something resolves only when it is on disk, and throws `lease-lost` when
 * another process has taken the run over: what it would have written is then not written.
 */
export interface EnginePorts {
  readonly clock: Clock
  readonly runId: string
  /** Who started the run. */
  readonly actor: string
  readonly setup: ConnectionSetup
  /** The connection's app as last described; `undefined` before the first refresh. */
  readonly description: ObjectDescription | undefined
  /** The app's own query that bounds the connection; empty: none. */
  readonly filter: string
  readonly cursor: string | null
  /** Whether scheduled pulls will go on from where this run ends. */
  readonly isScheduled: boolean
  /** What this run has counted so far. */
  readonly counts: RunCounts
  /** The connector, its calls reported as `kind` in the run's log. */
  connector(kind: CallKind): Connector
  /** Staged cells of linked records of rows that are not deleted, in row order, from what is committed. */
  delta(): Promise<readonly DeltaCell[]>
  linked(): Promise<readonly { readonly row: RowId; readonly recordId: string }[]>
  /** Link requests that people wrote, perhaps offline. `recordKey: null` unlinks. */
  linkRequests(): Promise<readonly { readonly key: string; readonly row: RowId; readonly recordKey: string | null }[]>
  settle(decide: (view: SheetView) => Settlement): Promise<void>
  describe(description: ObjectDescription): Promise<void>
  openReceipts(): Promise<readonly Receipt[]>
  /** What this very run has sent, open or closed; also before its process died and it started again. */
  receiptsOfRun(): Promise<readonly Receipt[]>
  /** Written before a call is sent. */
  recordIntents(receipts: readonly Receipt[]): Promise<void>
  /** Written after its answer, or after it is known that none will come. */
  recordAnswers(
    answers: readonly { readonly idempotencyKey: string; readonly state: ReceiptState; readonly answered?: CellValue }[],
  ): Promise<void>
  transition(step: RunStep, note?: string): Promise<void>
  /** Between two calls. @throws SyncError where the run was told to stop (paused, another direction) */
  goOn(): void
  /**
   * Waits until no other connection of this integration and object is writing one of these records; gives the way to let go of them.
   * @throws the signal's reason
   */
  takeTurns(records: readonly string[], signal: AbortSignal): Promise<() => void>
  /** Keeps answers for a person to confirm; they are applied by a run of `waiting` without a call. */
  keepWaiting(pull: WaitingCounts, records: readonly AppRecord[], counts: Partial<RunCounts>, credits: Partial<Credits>): Promise<void>
  /** What this run, now confirmed, kept; `undefined` in any other run. */
  readonly waiting: WaitingCounts | undefined
  /** The answers it kept, in the order of their ids, from the one after `after`. */
  waitingRecords(after: string, limit: number): Promise<readonly AppRecord[]>
  openCreates(): Promise<readonly CreateIntent[]>
  createsOfRun(): Promise<readonly CreateIntent[]>
  /** Written before the creations of a batch are sent. */
  recordCreates(creates: readonly CreateIntent[]): Promise<void>
  /** The cells a run pushed, as its receipt has them. */
  pushedBy(run: string): Promise<readonly RunCell[]>
  /** Writes cells as the person who started the run would by typing. */
  type(cells: readonly { readonly row: RowId; readonly field: FieldId; readonly value: CellValue }[]): Promise<void>
  /** Shown while it runs; not kept. */
  progress(progress: { readonly step: RunStep; readonly done: number; readonly total: number; readonly note?: string }): void
}
