import type { ReadyApp } from '../../sync-engine/connectors/app.ts'
import type {
  AppRecord,
  Connector,
  ExternalField,
  FieldChange,
  ObjectDescription,
  Page,
  PlannedCall,
  PushOutcome,
  ReadAnswer,
  RecordDelta,
  Refusal,
  SearchHit,
} from '../../sync-engine/connectors/connector.ts'
import type { CallKind, CallReport, HttpClient } from '../../sync-engine/connectors/http-client.ts'
import { hubSpotApp } from '../../sync-engine/connectors/hubspot-app.ts'
import { jiraApp } from '../../sync-engine/connectors/jira-app.ts'
import type { SyncError } from '../../sync-engine/sync-error.ts'
import type { CellValue } from '../../workbook/cell-value.ts'

/** What the app does with one record delta of a write call. */
export type WriteFate =
  | { readonly kind: 'save' }
  /** No answer; saved all the same, or not. */
  | { readonly kind: 'lose'; readonly isSaved: boolean }
  | { readonly kind: 'refuse'; readonly refusals: readonly Refusal[] }
  /** Thrown before anything was saved (429 without end, a lost sign-in …). */
  | { readonly kind: 'throw'; readonly error: SyncError }

/** The app stopped taking calls before this record of a batch went out. */
export interface NotSent {
  readonly kind: 'not-sent'
  readonly error: SyncError
}

/** One call that reached the app. */
export interface SeenCall {
  readonly kind: CallKind
  readonly op: 'describe' | 'search' | 'list' | 'changes' | 'read' | 'prove' | 'update' | 'create' | 'find-created'
  readonly ids: readonly string[]
  readonly fields: readonly string[]
  /** Of an update: what it asked for. */
  readonly deltas?: readonly RecordDelta[]
}

/** A value the app stored, by whom, over what: enough to tell whether anything was overwritten unseen. */
export interface StoredWrite {
  readonly record: string
  readonly field: string
  readonly by: 'engine' | 'foreign'
  readonly over: CellValue
  readonly asked: CellValue
  readonly stored: CellValue
}

interface FakeRecord {
  key: string
  values: Record<string, CellValue>
  version: number
}

export const KEY_FIELD = 'key'

/** Two free texts, a closed list, a number, one that nobody may write, and a status that moves by a call of its own. */
export const FAKE_FIELDS: readonly ExternalField[] = [
  { id: KEY_FIELD, name: 'Key', type: 'record-key', writable: { reason: 'Jira gives the key.' } },
  { id: 'summary', name: 'Summary', type: 'text', writable: true },
  { id: 'environment', name: 'Environment', type: 'text', writable: true },
  { id: 'priority', name: 'Priority', type: 'single-select', writable: true, options: ['High', 'Low'].map((name) => ({ id: name, name })) },
  { id: 'points', name: 'Points', type: 'number', writable: true },
  { id: 'updated', name: 'Updated', type: 'text', writable: { reason: 'Jira computes this field.' } },
  {
    id: 'status',
    name: 'Status',
    type: 'single-select',
    writable: true,
    writtenBy: 'transition',
    options: ['To Do', 'Done'].map((name) => ({ id: name, name })),
  },
]

/** An app in memory behind the connector's contract. It misbehaves only as it is told to. */
export class FakeApp {
  /** The built app whose name it has, and as which its calls are planned. */
  readonly id: 'jira' | 'hubspot'
  readonly records = new Map<string, FakeRecord>()
  readonly calls: SeenCall[] = []
  readonly writes: StoredWrite[] = []
  /** The form the app is known to give a value; the engine knows it too. */
  normalise: (field: string, value: CellValue) => CellValue = (_field, value) => value
  /** What the app makes of a value besides, which nobody is told. */
  rewrite: (field: string, value: CellValue) => CellValue = (_field, value) => value
  /** Decides on each record delta of each write call. */
  fateOf: (delta: RecordDelta) => WriteFate | NotSent = () => ({ kind: 'save' })
  /** Before a call is answered: other people act here, or the call throws. */
  onCall: (call: SeenCall) => void = () => undefined
  /** A read is answered when this resolves. */
  gate: Promise<void> = Promise.resolve()
  /** Between the saving of a write and its answer. */
  onSaved: (call: PlannedCall) => void = () => undefined
  /** Decides on each record of each creating call. One that throws ends the call before anything of it was saved. */
  createFate: (changes: readonly FieldChange[]) => WriteFate | NotSent = () => ({ kind: 'save' })
  /** Which records a filter of the connection holds. (Default: all) */
  matches: (id: string) => boolean = () => true
  /** Who the app says changed a record last. */
  updatedBy: string | undefined
  /** Whether created records are not found by their marker yet. */
  isIndexBehind = false
  /** Whether what has changed is not told yet; a read by id knows it. */
  isSearchBehind = false
  /** The records an update answers carry the stored values. */
  answersRecord = false
  /** Reads of a record that still show what stood there before its last write. */
  laggingReads = 0
  fields: readonly ExternalField[] = FAKE_FIELDS
  readBatch = 100
  /** Most records of one creating call. */
  createBatch = 50
  indexDelayMs = 0
  #lag = new Map<string, { left: number; values: Record<string, CellValue> }>()
  #version = 0
  /** The last version the search knew when it was asked. */
  #told = 0
  #unanswering = new Set<string>()
  #created = new Map<string, string>()

  constructor(id: FakeApp['id'] = 'jira') {
    this.id = id
  }

  add(id: string, values: Readonly<Record<string, CellValue>>, key = `TB-${id}`): void {
    this.records.set(id, { key, values: { ...values }, version: ++this.#version })
  }

  get(id: string, field: string): CellValue {
    return this.records.get(id)?.values[field] ?? null
  }

  /** Somebody changes a value in the app itself. */
  foreignEdit(id: string, field: string, value: CellValue): void {
    const record = this.records.get(id)
    if (record === undefined) return
    this.#store(id, record, field, value, value, 'foreign')
  }

  delete(id: string): void {
    this.records.delete(id)
  }

  /** The app does not answer for this record although it is there (a right that was taken away, an index behind). */
  hide(id: string, isHidden = true): void {
    if (isHidden) this.#unanswering.add(id)
    else this.#unanswering.delete(id)
  }

  /** Calls of one run: forget those before. */
  takeCalls(): readonly SeenCall[] {
    return this.calls.splice(0)
  }

  get description(): ObjectDescription {
    return {
      app: this.id,
      appName: APPS[this.id].name,
      object: 'issues',
      objectName: 'Issues',
      fields: this.fields,
      keyField: KEY_FIELD,
      nameField: 'summary',
      readBatch: this.readBatch,
      createBatch: this.createBatch,
      updateAnswersRecord: this.answersRecord,
      indexDelayMs: this.indexDelayMs,
    }
  }

  /** The app as the server's list of apps would have it. */
  ready(): ReadyApp {
    const { name, planCalls } = APPS[this.id]
    return {
      kind: 'ready',
      id: this.id,
      name,
      objects: [{ id: 'issues', name: 'Issues' }],
      auth: [],
      baseUrlOf: (input) => ({ baseUrl: input }),
      pace: { burst: 1, perSecond: 1 },
      planCalls,
      makeConnector: ({ http }) => this.connector(http as FakeHttp),
    }
  }

  http(onCall: (call: CallReport) => void, goOn: () => void): FakeHttp {
    return new FakeHttp(onCall, goOn)
  }

  connector(http: FakeHttp): Connector {
    const see = (call: SeenCall): void => {
      http.goOn()
      this.onCall(call)
      this.calls.push(call)
      http.report(call)
    }
    const { kind } = http
    return {
      describe: async () => {
        see({ kind, op: 'describe', ids: [], fields: [] })
        return this.description
      },
      searchByName: async (text) => {
        see({ kind, op: 'search', ids: [], fields: [] })
        return this.#hits((_id, record) => String(record.values.summary ?? '').includes(text))
      },
      findByKeys: async (keys) => {
        see({ kind, op: 'search', ids: keys, fields: [] })
        return this.#hits((_id, record) => keys.some((key) => key.toUpperCase() === record.key.toUpperCase()))
      },
      list: async (filter, fields, cursor): Promise<Page> => {
        see({ kind, op: 'list', ids: [], fields })
        const ids = [...this.records.keys()].filter((id) => filter === '' || this.matches(id))
        const start = cursor === null ? 0 : Number(cursor)
        const page = ids.slice(start, start + this.readBatch)
        const next = start + page.length
        return { records: page.map((id) => this.#read(id, fields)).filter(isThere), next: next < ids.length ? String(next) : null }
      },
      changedSince: async (cursor, filter, fields) => {
        see({ kind, op: 'changes', ids: [], fields })
        if (!this.isSearchBehind) this.#told = this.#version
        const since = cursor === null ? this.#told : Number(cursor)
        if (this.isSearchBehind) return { records: [], next: String(since) }
        const changed = [...this.records].filter(([, record]) => record.version > since).map(([id]) => id)
        const ids = changed.filter((id) => filter === '' || this.matches(id))
        return { records: cursor === null ? [] : ids.map((id) => this.#read(id, fields)).filter(isThere), next: String(this.#version) }
      },
      read: async (ids, fields): Promise<ReadAnswer> => {
        see({ kind, op: 'read', ids, fields })
        await this.gate
        const records = ids.map((id) => this.#read(id, fields)).filter(isThere)
        return { records, absent: ids.filter((id) => !records.some((r) => r.id === id)) }
      },
      proveGone: async (ids) => {
        see({ kind, op: 'prove', ids, fields: [] })
        return ids.filter((id) => !this.records.has(id))
      },
      update: async (call) => {
        const fields = call.deltas.flatMap((d) => d.changes.map((c) => c.field))
        see({ kind, op: 'update', ids: call.deltas.map((d) => d.recordId), fields, deltas: call.deltas })
        const fates = call.deltas.map((delta) => ({ delta, fate: this.fateOf(delta) }))
        for (const { fate } of fates) if (fate.kind === 'throw') throw fate.error
        const outcomes = fates.map(({ delta, fate }) => this.#write(delta, fate))
        this.onSaved(call)
        return outcomes
      },
      createMany: async (records) => {
        const deltas = records.map(({ changes }) => ({ recordId: '', recordKey: '', changes }))
        const fields = [...new Set(deltas.flatMap(({ changes }) => changes.map((c) => c.field)))]
        see({ kind, op: 'create', ids: records.map(({ marker }) => marker), fields, deltas })
        if (records.length === 0 || records.length > this.createBatch) throw new Error(`${records.length} records in one call?`)
        const fates = records.map((record) => ({ ...record, fate: this.createFate(record.changes) }))
        for (const { fate } of fates) if (fate.kind === 'throw') throw fate.error
        return fates.map(({ changes, marker, fate }) => this.#create(changes, marker, fate))
      },
      findCreated: async (markers) => {
        see({ kind, op: 'find-created', ids: markers, fields: [] })
        const found = this.isIndexBehind ? [] : markers.flatMap((marker) => [[marker, this.#created.get(marker) ?? ''] as const])
        return new Map(found.filter(([, id]) => id !== '').map(([marker, id]) => [marker, { id, key: this.records.get(id)?.key ?? '' }]))
      },
      normalise: (field, value) => this.normalise(field, value),
    }
  }

  #write(delta: RecordDelta, fate: WriteFate | NotSent): PushOutcome {
    const { recordId } = delta
    if (fate.kind === 'not-sent') return { kind: 'not-sent', recordId, error: fate.error }
    const record = this.records.get(recordId)
    if (record === undefined) return { kind: 'gone', recordId }
    if (fate.kind === 'refuse') return { kind: 'refused', recordId, refusals: fate.refusals }
    if (fate.kind === 'save' || (fate.kind === 'lose' && fate.isSaved)) {
      if (this.laggingReads > 0) this.#lag.set(recordId, { left: this.laggingReads, values: { ...record.values } })
      for (const { field, value } of delta.changes) {
        this.#store(recordId, record, field, value, this.rewrite(field, this.normalise(field, value)), 'engine')
      }
    }
    if (fate.kind !== 'save') return { kind: 'outcome-unknown', recordId, reason: 'the answer was lost' }
    const answer = this.answersRecord ? this.#answerOf(recordId, record, Object.keys(record.values)) : undefined
    return { kind: 'saved', recordId, ...(answer && { record: answer }) }
  }

  #create(changes: readonly FieldChange[], marker: string, fate: WriteFate | NotSent): PushOutcome {
    if (fate.kind === 'throw') throw fate.error
    if (fate.kind === 'not-sent') return { kind: 'not-sent', recordId: '', error: fate.error }
    if (fate.kind === 'refuse') return { kind: 'refused', recordId: '', refusals: fate.refusals }
    const id = String(1_000 + this.#created.size)
    if (fate.kind === 'save' || fate.isSaved) {
      this.add(id, Object.fromEntries(changes.map((c) => [c.field, this.rewrite(c.field, this.normalise(c.field, c.value))])))
      this.#created.set(marker, id)
    }
    if (fate.kind === 'lose') return { kind: 'outcome-unknown', recordId: '', reason: 'the answer was lost' }
    return { kind: 'saved', recordId: id, record: { id, key: `TB-${id}`, values: {}, updated: '' } }
  }

  #store(id: string, record: FakeRecord, field: string, asked: CellValue, stored: CellValue, by: StoredWrite['by']): void {
    this.writes.push({ record: id, field, by, over: record.values[field] ?? null, asked, stored })
    record.values[field] = stored
    record.version = ++this.#version
  }

  #read(id: string, fields: readonly string[]): AppRecord | undefined {
    const record = this.records.get(id)
    if (record === undefined || this.#unanswering.has(id)) return undefined
    const lag = this.#lag.get(id)
    if (lag === undefined || lag.left === 0) return this.#answerOf(id, record, fields)
    lag.left--
    return this.#answerOf(id, { ...record, values: lag.values }, fields)
  }

  #answerOf(id: string, { key, values, version }: FakeRecord, fields: readonly string[]): AppRecord {
    return {
      id,
      key,
      values: Object.fromEntries(fields.map((f) => [f, values[f] ?? null])),
      updated: String(version),
      ...(this.updatedBy !== undefined && { updatedBy: this.updatedBy }),
    }
  }

  #hits(isHit: (id: string, record: FakeRecord) => boolean): readonly SearchHit[] {
    return [...this.records].filter(([id, r]) => isHit(id, r)).map(([id, r]) => ({ id, key: r.key, name: String(r.values.summary ?? '') }))
  }
}

const APPS = { jira: jiraApp, hubspot: hubSpotApp } as const

const isThere = (record: AppRecord | undefined): record is AppRecord => record !== undefined

/** Carries what a call is for to the fake app, and its report back; no byte leaves the process. */
export class FakeHttp implements HttpClient {
  readonly kind: CallKind
  /** Asked before each call. */
  readonly goOn: () => void
  readonly #onCall: (call: CallReport) => void

  constructor(onCall: (call: CallReport) => void, goOn: () => void, kind: CallKind = 'pull') {
    this.#onCall = onCall
    this.goOn = goOn
    this.kind = kind
  }

  as(kind: CallKind): FakeHttp {
    return new FakeHttp(this.#onCall, this.goOn, kind)
  }

  report({ kind, op, ids }: SeenCall): void {
    const method = op === 'update' ? 'PUT' : op === 'create' ? 'POST' : 'GET'
    const path = `/${op}/${ids.join(',')}`
    this.#onCall({ kind, method, path, status: 200, ms: 0, attempt: 1, requestBytes: 0, responseBytes: 0, body: undefined })
  }

  async read(): Promise<never> {
    throw new Error('The fake app is not called over HTTP')
  }

  async write(): Promise<never> {
    throw new Error('The fake app is not called over HTTP')
  }

  wait(): Promise<void> {
    return Promise.resolve()
  }
}
