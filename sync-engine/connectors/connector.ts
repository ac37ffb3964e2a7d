import type { CellValue } from '../../workbook/cell-value.ts'
import type { FieldType, Option } from '../../workbook/fields.ts'
import type { SyncError } from '../sync-error.ts'

/** One field of an external object as its app describes it (a field refresh fetches these). */
export interface ExternalField {
  readonly id: string
  readonly name: string
  readonly type: FieldType
  /** Whether a push may write it, and if not why, in words a person reads ("Jira computes this field."). */
  readonly writable: true | { readonly reason: string }
  readonly options?: readonly Option[]
  /** Whether the app tells options apart by capitals (C14). */
  readonly optionsCaseSensitive?: boolean
  readonly maxLength?: number
  readonly required?: boolean
  /** No two records hold the same value of it. */
  readonly isUnique?: boolean
  /** How the field is written where it is no plain field of the update call: Jira's status moves by a transition. */
  readonly writtenBy?: 'transition'
  /** The connector's own word for the form a value takes in its app's calls; opaque to everything but that connector and its planner. */
  readonly wire?: string
}

/** What an object can do in its app; shown where it is configured, and asked before an action is offered. */
export interface ObjectCapabilities {
  /** Whether its records can be found by name, and so be linked by hand. */
  readonly isSearchable: boolean
  /** What a search cannot find, or how long it lags, in words a person reads. */
  readonly searchNote: string
  readonly canCreate: boolean
  readonly canDelete: boolean
  /** Most records one update call takes; 1 where each record costs a call. */
  readonly batchUpdate: number
  /** Most records one create call takes. */
  readonly createBatch: number
  readonly hasWebhooks: boolean
  readonly filterLanguage: 'JQL' | 'SOQL' | 'HubSpot filters'
  readonly filterExample: string
  /** Most records one page of a list brings. */
  readonly listPage: number
  /** A key as the app gives them out today: an example, and how wide a column of keys is. */
  readonly keyExample: string
}

/** Everything a plan may use of an app; plain data, so that the browser plans with the same. */
export interface ObjectDescription extends Partial<ObjectCapabilities> {
  readonly app: string
  /** The app's name as people know it. */
  readonly appName: string
  readonly object: string
  readonly objectName: string
  readonly fields: readonly ExternalField[]
  /** The field that shows a record's key in the connection field. */
  readonly keyField: string
  /** The field a search by name looks in. */
  readonly nameField: string
  /** Most ids a read by id takes in one call. */
  readonly readBatch: number
  /** Whether the answer of an update carries the stored record, so that it is verified without a read. */
  readonly updateAnswersRecord: boolean
  /** How long a search may lag behind a write, in ms. */
  readonly indexDelayMs: number
  /** Base address a person opens a record at, `{key}` and `{id}` replaced; for links in the grid. */
  readonly recordUrl?: string
}

/** What a create needs, for the values chosen so far. */
export interface CreateNeeds {
  /** Fields a create must hold, in the order in which they are asked; those that decide over others (Jira's project, then type) first. */
  readonly required: readonly ExternalField[]
  /** Further fields a create takes. */
  readonly optional: readonly ExternalField[]
}

/** One record to be created; `marker` is carried where the app can hold one. */
export interface NewRecord {
  readonly changes: readonly FieldChange[]
  readonly marker: string
}

/** A record that a create made. */
export interface CreatedRecord {
  readonly id: string
  readonly key: string
}

/** A record as the app holds it now. Values are already ours (ISO instants, plain text of rich text, option names, account ids). */
export interface AppRecord {
  readonly id: string
  readonly key: string
  readonly values: Readonly<Record<string, CellValue>>
  /** The app's own stamp of the last change, opaque but for equality. */
  readonly updated: string
  /** Name of whoever changed it last, where the app tells with the record. */
  readonly updatedBy?: string
  /** Names of people that appear in `values`, for fields of type person. */
  readonly people?: Readonly<Record<string, string>>
}

/** One field of one record to be written. */
export interface FieldChange {
  readonly field: string
  readonly value: CellValue
}

/** The part of the delta that concerns one record. */
export interface RecordDelta {
  readonly recordId: string
  readonly recordKey: string
  readonly changes: readonly FieldChange[]
}

/**
 * One write call exactly as it will be sent: a preview shows it, the run sends it.
 * Where `lookup` stands, its answer fills the body's `{…}` placeholder first (Jira's transition ids depend on today's status).
 */
export interface PlannedCall {
  readonly method: 'PUT' | 'POST' | 'PATCH' | 'DELETE'
  /** Path and query below the integration's base address. */
  readonly path: string
  readonly body: unknown
  readonly lookup?: { readonly method: 'GET'; readonly path: string; readonly finds: string }
  readonly deltas: readonly RecordDelta[]
}

export type PushOutcome =
  /** `record` where the answer carried it (only the fields that came). */
  | { readonly kind: 'saved'; readonly recordId: string; readonly record?: AppRecord }
  /** The app said no to these fields, and by that to the whole record delta: nothing of it was saved. */
  | { readonly kind: 'refused'; readonly recordId: string; readonly refusals: readonly Refusal[] }
  /** Proven, as by `proveGone`. */
  | { readonly kind: 'gone'; readonly recordId: string }
  /** No answer, or one that does not say whether it was saved. Must be read back before any further write. */
  | { readonly kind: 'outcome-unknown'; readonly recordId: string; readonly reason: string }
  /** Never sent, because the app stopped taking calls (`error`) after others of the same batch may have been saved. */
  | { readonly kind: 'not-sent'; readonly recordId: string; readonly error: SyncError }

export interface Refusal {
  readonly field: string
  /** The app's own words. */
  readonly reason: string
  /** The option the app would take, where one is near. */
  readonly nearest?: string
}

export interface ReadAnswer {
  /** In no particular order. A record whose key changed carries today's id and key. */
  readonly records: readonly AppRecord[]
  /** Ids the app did not answer for: not proof that they are gone. */
  readonly absent: readonly string[]
}

export interface Page {
  readonly records: readonly AppRecord[]
  /** Opaque; `null` on the last page. */
  readonly next: string | null
}

export interface SearchHit {
  readonly id: string
  readonly key: string
  readonly name: string
}

/** What the engine needs of a connected app. Each implementation passes `test/support/connector-contract.ts`. */
export interface Connector {
  /** The object's fields, options and limits, fresh from the app. One field refresh. */
  describe(signal: AbortSignal): Promise<ObjectDescription>

  /** Records by a part of their name, best first, through the app's own search (which lags behind writes by `indexDelayMs`). */
  searchByName(text: string, limit: number, signal: AbortSignal): Promise<readonly SearchHit[]>

  /** Records by exact key, read directly, in as few calls as the app has; unknown keys are absent. */
  findByKeys(keys: readonly string[], signal: AbortSignal): Promise<readonly SearchHit[]>

  /**
   * One page of the records that match `filter` (the app's own query language), with the asked fields only.
   * @throws SyncError `bad-request` with the app's words where the filter is not understood.
   */
  list(filter: string, fields: readonly string[], cursor: string | null, signal: AbortSignal): Promise<Page>

  /**
   * The filters, each for `list`, that together ask for the records of `filter` whose `field` reads as one of `values`: as few as the app
   * takes. They may bring others too. `undefined`: this field cannot be asked so. Absent: none can.
   */
  filtersFor?(filter: string, field: string, values: readonly string[]): readonly string[] | undefined

  /** How many records match `filter`, in one call and without listing them. Absent: the app does not tell. */
  count?(filter: string, signal: AbortSignal): Promise<number>

  /**
   * Records changed since `cursor` (from an earlier answer; `null`: from now on), with overlap, so that nothing is missed and some come
   * twice. `next` is the cursor for the next scheduled pull, in the app's own clock. `deleted`: ids the same answer names as deleted.
   */
  changedSince(
    cursor: string | null,
    filter: string,
    fields: readonly string[],
    signal: AbortSignal,
  ): Promise<{ records: readonly AppRecord[]; next: string; deleted?: readonly string[] }>

  /** Reads by id, never through a search, in the largest batches the app has. */
  read(ids: readonly string[], fields: readonly string[], signal: AbortSignal): Promise<ReadAnswer>

  /**
   * Which of `ids` are gone for certain: asked one by one under a credential that was seen to work. What cannot be proven is left out.
   */
  proveGone(ids: readonly string[], signal: AbortSignal): Promise<readonly string[]>

  /**
   * Sends one planned call and nothing else; one outcome for each of its record deltas.
   *
   * A refusal by the app is an outcome; a lost answer is `outcome-unknown`. It never repeats a write by itself, except after an answer
   * that proves nothing was saved (429, a batch refused as a whole). Everything else is a `SyncError`, thrown before anything was saved,
   * or the `not-sent` of the records that were left.
   */
  update(call: PlannedCall, signal: AbortSignal): Promise<readonly PushOutcome[]>

  /**
   * Creates at most `createBatch` records, each carrying its marker where the app can hold one, so that `findCreated` sees it after a lost
   * answer. One outcome each, in order; the same promises as of `update`.
   */
  createMany(records: readonly NewRecord[], signal: AbortSignal): Promise<readonly PushOutcome[]>

  /**
   * What a create needs where that depends on what is chosen (Jira: project and issue type). Absent: the description's required writable
   * fields. `context` holds the values chosen so far by field.
   */
  requiredToCreate?(context: Readonly<Record<string, CellValue>>, signal: AbortSignal): Promise<CreateNeeds>

  /** Deletes one record: `saved` where it is gone by this call, `gone` where it was before. Absent: the app, or this object, cannot. */
  delete?(id: string, signal: AbortSignal): Promise<PushOutcome>

  /** People whose name or address begins with `text`, as options of a person field. Absent: the field's own options are all there are. */
  searchPeople?(text: string, limit: number, signal: AbortSignal): Promise<readonly Option[]>

  /**
   * Which creates with these markers landed, by marker, in as few calls as the app has. One that is not among them cannot be told: the
   * index may still lag.
   */
  findCreated(markers: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, CreatedRecord>>

  /** The form the app is known to give a value (trimmed, sorted, rounded): what a push of `value` is expected to come back as. */
  normalise(field: string, value: CellValue): CellValue
}

/** The pure side of a connector, run in the browser as well: how record deltas become calls. */
export type PlanCalls = (deltas: readonly RecordDelta[], description: ObjectDescription) => readonly PlannedCall[]
