import { join } from 'node:path'
import { z } from 'zod'
import { JsonFile } from '../json-file.ts'
import { type FileProblem, RECORDS_PER_FILE, RecordStore } from '../record-store.ts'
import { makeId, numberOfId } from './ids.ts'
import { type Fields, KEPT_OBJECTS, objectOfId, type SfObject, type SfValue } from './schema.ts'
import { API_USER, USERS, userNamed } from './users.ts'

/** A record as it is kept, so that a person can edit it by hand. People are user ids, times ISO in UTC. */
export interface SfRecord {
  readonly id: string
  readonly fields: Fields
  readonly created: string
  readonly createdBy: string
  readonly modified: string
  readonly modifiedBy: string
  /** When anything last changed it, system work included (SystemModstamp). */
  readonly stamp: string
  /** When it was put into the recycle bin. */
  readonly deleted: string | null
  /** The record it was merged into. */
  readonly master: string | null
}

/** Who changes a record, and when. */
export interface Writer {
  /** A user's id. */
  readonly by: string
  readonly atMs: number
}

const time = z.iso.datetime({ offset: true }).transform((text) => (/^.{19}Z$/.test(text) ? text : secondsOf(Date.parse(text))))
const value = z.union([z.string(), z.number(), z.boolean(), z.null()])
const recordShape: z.ZodType<SfRecord> = z.strictObject({
  id: z.string().regex(/^[A-Za-z0-9]{18}$/),
  fields: z.record(z.string(), value),
  created: time,
  createdBy: z.string().default(API_USER.id),
  modified: time,
  modifiedBy: z.string().default(API_USER.id),
  stamp: time,
  deleted: time.nullable().default(null),
  master: z.string().nullable().default(null),
})

const countersShape = z.object({ next: z.record(z.string(), z.int().min(1)) })
type Counters = z.infer<typeof countersShape>

/** ISO in UTC with whole seconds: the resolution Salesforce keeps. */
export const secondsOf = (ms: number): string => `${new Date(Math.floor(ms / 1000) * 1000).toISOString().slice(0, 19)}Z`

interface RecentWrite {
  readonly atMs: number
  readonly object: string
  readonly id: string
  readonly before: SfRecord | undefined
}

/** The external ids of a record, each as one name no other record of the object has. */
function externalNames(of: SfObject, record: SfRecord): readonly string[] {
  return of.fields.flatMap(({ name, externalId }) => {
    const given = externalId ? record.fields[name] : null
    return typeof given === 'string' || typeof given === 'number' ? [externalName(name, String(given))] : []
  })
}

export const externalName = (field: string, given: string): string => `${field.toLowerCase()}=${given.toLowerCase()}`

const userRecords: ReadonlyMap<string, SfRecord> = new Map(
  USERS.map((user) => {
    const at = '2024-01-02T08:00:00Z'
    const fields: Fields = {
      Username: user.email,
      FirstName: user.first,
      LastName: user.last,
      Name: user.name,
      Email: user.email,
      IsActive: user.isActive,
      UserType: user.userType,
      TimeZoneSidKey: 'Europe/Berlin',
    }
    const stamps = { created: at, createdBy: API_USER.id, modified: at, modifiedBy: API_USER.id, stamp: at }
    return [user.id, { id: user.id, fields, ...stamps, deleted: null, master: null }]
  }),
)

/**
 * The records of the org by object and id, the deleted ones among them, and the search index that lags behind.
 *
 * Records are never changed in place, so that what the index still shows is kept by reference.
 */
export class SalesforceRecords {
  readonly #stores: ReadonlyMap<string, RecordStore<SfRecord>>
  readonly #counters: JsonFile<Counters>
  #recent: RecentWrite[] = []
  /** The writes of the call that is being carried out, for taking them back. */
  #journal: RecentWrite[] = []
  #version = 0

  private constructor(stores: ReadonlyMap<string, RecordStore<SfRecord>>, counters: JsonFile<Counters>) {
    this.#stores = stores
    this.#counters = counters
  }

  static async open(options: { readonly folder: string; readonly saveDelayMs: number }): Promise<SalesforceRecords> {
    const stores = new Map<string, RecordStore<SfRecord>>()
    for (const of of KEPT_OBJECTS) {
      const store = await RecordStore.open<SfRecord>({
        folder: options.folder,
        name: of.name.toLowerCase(),
        shape: recordShape,
        namesOf: (record) => externalNames(of, record),
        pageOf: (record) => Math.floor(numberOfId(record.id) / RECORDS_PER_FILE),
        saveDelayMs: options.saveDelayMs,
      })
      stores.set(of.name, store)
    }
    const counters = JsonFile.open<Counters>({
      path: join(options.folder, 'counters.json'),
      shape: countersShape,
      fresh: () => ({ next: {} }),
    })
    const records = new SalesforceRecords(stores, counters)
    records.#countUp()
    return records
  }

  /** Grows with every change of any record. */
  get version(): number {
    return this.#version
  }

  /** How many records of an object are not deleted. */
  count(of: SfObject): number {
    let alive = 0
    for (const { deleted } of this.all(of)) if (deleted === null) alive++
    return alive
  }

  /** Every record of an object, deleted ones too, in the order of their making. */
  all(of: SfObject): Iterable<SfRecord> {
    return this.#stores.get(of.name)?.records.values() ?? userRecords.values()
  }

  get(of: SfObject, id: string): SfRecord | undefined {
    return this.#stores.get(of.name)?.get(id) ?? userRecords.get(id)
  }

  /** The record of any object an id leads to. */
  find(id: string): { readonly of: SfObject; readonly record: SfRecord } | undefined {
    const of = objectOfId(id)
    const record = of && this.get(of, id)
    return of && record ? { of, record } : undefined
  }

  /** The record with this external id, deleted ones too. */
  withExternalId(of: SfObject, field: string, given: string): SfRecord | undefined {
    return this.#stores.get(of.name)?.named(externalName(field, given))
  }

  problems(): readonly FileProblem[] {
    return [...this.#stores.values()].flatMap((store) => store.problems())
  }

  /** Takes in what a person changed in the files: a change like any other, now and by that person unless the file says when. */
  async refresh(writer: Writer): Promise<void> {
    for (const [object, store] of this.#stores) {
      for (const { before, after } of await store.refresh()) {
        this.#recent.push({ atMs: writer.atMs, object, id: (after ?? before)?.id ?? '', before })
        this.#version += 1
        if (after && before && after.stamp === before.stamp) {
          const at = secondsOf(writer.atMs)
          store.put({ ...after, modified: at, modifiedBy: writer.by, stamp: at })
        }
      }
    }
    this.#countUp()
  }

  /** Makes a record; its automatic number comes from the same count as its id. */
  create(of: SfObject, make: (number: number) => Fields, writer: Writer): SfRecord {
    const number = this.#counters.data.next[of.name] ?? 1
    const at = secondsOf(writer.atMs)
    const record: SfRecord = {
      id: makeId(of.keyPrefix, number),
      fields: make(number),
      created: at,
      createdBy: writer.by,
      modified: at,
      modifiedBy: writer.by,
      stamp: at,
      deleted: null,
      master: null,
    }
    this.#counters.write({ next: { ...this.#counters.data.next, [of.name]: number + 1 } })
    this.#put(of, record, writer.atMs)
    return record
  }

  /** Puts in a record that is made whole; its number counts on in memory until `flush`. */
  seed(of: SfObject, make: (place: { readonly id: string; readonly number: number }) => SfRecord): SfRecord {
    const { next } = this.#counters.data
    const number = next[of.name] ?? 1
    const record = make({ id: makeId(of.keyPrefix, number), number })
    this.#stores.get(of.name)?.put(record)
    next[of.name] = number + 1
    this.#version += 1
    return record
  }

  /** Saves new values. Salesforce stamps a save even where it changes nothing. */
  save(of: SfObject, record: SfRecord, fields: Fields, writer: Writer): SfRecord {
    const at = secondsOf(writer.atMs)
    const saved: SfRecord = { ...record, fields, modified: at, modifiedBy: writer.by, stamp: at }
    this.#put(of, saved, writer.atMs)
    return saved
  }

  /** Puts a record into the recycle bin; `master` where it was merged into another. */
  remove(of: SfObject, record: SfRecord, writer: Writer, master: string | null = null): void {
    const at = secondsOf(writer.atMs)
    this.#put(of, { ...record, stamp: at, modified: at, modifiedBy: writer.by, deleted: at, master }, writer.atMs)
  }

  restore(of: SfObject, record: SfRecord, writer: Writer): void {
    const at = secondsOf(writer.atMs)
    this.#put(of, { ...record, stamp: at, modified: at, modifiedBy: writer.by, deleted: null, master: null }, writer.atMs)
  }

  /** Takes a record out of the recycle bin for good. */
  purge(of: SfObject, record: SfRecord, atMs: number): void {
    this.#stores.get(of.name)?.remove(record.id)
    this.#wrote(of, record.id, record, atMs)
  }

  /** Begins a call: what was written before it can no longer be taken back. */
  begin(): void {
    this.#journal = []
  }

  /** A place in the call to come back to. */
  mark(): number {
    return this.#journal.length
  }

  /** Takes back what the call wrote since a mark. */
  rollback(mark: number): void {
    for (const { object, id, before } of this.#journal.splice(mark).reverse()) {
      const store = this.#stores.get(object)
      if (before) store?.put(before)
      else store?.remove(id)
      this.#version += 1
    }
  }

  /** The records of an object as the search index has them: the state of `delayMs` ago. */
  *indexed(of: SfObject, options: { readonly nowMs: number; readonly delayMs: number }): Generator<SfRecord> {
    this.#recent = this.#recent.filter((write) => write.atMs + options.delayMs > options.nowMs)
    const shown = new Map<string, SfRecord | undefined>()
    for (const write of this.#recent) if (write.object === of.name && !shown.has(write.id)) shown.set(write.id, write.before)
    for (const record of this.all(of)) if (!shown.has(record.id)) yield record
    for (const before of shown.values()) if (before) yield before
  }

  async flush(): Promise<void> {
    for (const store of this.#stores.values()) await store.flush()
    this.#counters.write(this.#counters.data)
  }

  async stop(): Promise<void> {
    await this.flush()
  }

  #put(of: SfObject, record: SfRecord, atMs: number): void {
    const before = this.get(of, record.id)
    this.#stores.get(of.name)?.put(record)
    this.#wrote(of, record.id, before, atMs)
  }

  #wrote(of: SfObject, id: string, before: SfRecord | undefined, atMs: number): void {
    this.#version += 1
    const write = { atMs, object: of.name, id, before }
    this.#recent.push(write)
    this.#journal.push(write)
  }

  /** Brings the counters past everything the files hold. */
  #countUp(): void {
    const next = { ...this.#counters.data.next }
    for (const of of KEPT_OBJECTS) {
      for (const { id } of this.all(of)) next[of.name] = Math.max(next[of.name] ?? 1, numberOfId(id) + 1)
    }
    if (JSON.stringify(next) !== JSON.stringify(this.#counters.data.next)) this.#counters.write({ next })
  }
}

/** A field of a record as the API shows it: formulas computed, the system's own fields put together. */
export function fieldValue(of: SfObject, record: SfRecord, name: string): SfValue {
  switch (name) {
    case 'Id':
      return record.id
    case 'IsDeleted':
      return record.deleted !== null
    case 'MasterRecordId':
      return record.master
    case 'CreatedDate':
      return record.created
    case 'CreatedById':
      return record.createdBy
    case 'LastModifiedDate':
      return record.modified
    case 'LastModifiedById':
      return record.modifiedBy
    case 'SystemModstamp':
      return record.stamp
    default: {
      const field = of.byName.get(name.toLowerCase())
      if (field?.formula) return field.formula(record.fields)
      return record.fields[name] ?? (field?.type === 'boolean' ? false : null)
    }
  }
}

/** The id of a user by name, for edits made on the screen. */
export const writerNamed = (name: string, atMs: number): Writer => ({ by: (userNamed(name) ?? API_USER).id, atMs })
