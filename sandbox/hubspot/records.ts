import { join } from 'node:path'
import { z } from 'zod'
import { JsonFile } from '../json-file.ts'
import { type FileProblem, type HandEdit, RECORDS_PER_FILE, RecordStore } from '../record-store.ts'
import { type Change, type HubRecord, hubRecordShape, KEPT_CHANGES } from './model.ts'
import { OBJECT_TYPES, type ObjectType, propertyOf } from './properties.ts'
import { defaultAssociation, OWNERS, ownerName, PIPELINES } from './site.ts'

/** Who changes a record, and when. */
export interface Writer {
  readonly by: string
  readonly source: 'INTEGRATION' | 'CRM_UI'
  readonly atMs: number
}

/** What happened to a record, for webhooks. */
export interface HubEvent {
  readonly type: ObjectType
  readonly kind: 'creation' | 'propertyChange' | 'deletion' | 'merge' | 'restore' | 'associationChange'
  readonly objectId: string
  readonly atMs: number
  readonly source: Writer['source']
  readonly property?: string
  readonly value?: string
  readonly mergedIds?: readonly string[]
}

/** A patch of stored values; `null` clears. */
export type Patch = Readonly<Record<string, string | null>>

interface RecentWrite {
  readonly atMs: number
  readonly id: string
  readonly before: HubRecord | undefined
}

/** The records of one object as a search sees them; two views with one stamp hold the same. */
export interface SearchView {
  readonly records: readonly HubRecord[]
  readonly stamp: string
}

const countersShape = z.object({ nextIds: z.record(z.string(), z.int()) })

const uniqueNames = (type: ObjectType): readonly string[] => type.properties.filter(({ isUnique }) => isUnique).map(({ name }) => name)

/**
 * The records of one object of the stand-in: by id, by unique property, and as a search index that lags behind.
 *
 * Records are never changed in place. A write keeps what it replaced for as long as the index may lag.
 */
class ObjectRecords {
  readonly type: ObjectType
  readonly #store: RecordStore<HubRecord>
  #version = 0
  #recent: RecentWrite[] = []
  #sorted: { readonly version: number; readonly records: readonly HubRecord[] } | undefined

  private constructor(type: ObjectType, store: RecordStore<HubRecord>) {
    this.type = type
    this.#store = store
  }

  static async open(type: ObjectType, folder: string, saveDelayMs: number): Promise<ObjectRecords> {
    const unique = uniqueNames(type)
    const store = await RecordStore.open<HubRecord>({
      folder,
      name: type.id,
      shape: hubRecordShape,
      namesOf: ({ properties, mergedIds, archivedAt }) => [
        ...mergedIds,
        // An archived record gives its unique values free.
        ...(archivedAt === null ? unique.flatMap((name) => uniqueKey(name, properties[name])) : []),
      ],
      pageOf: ({ id }) => Math.max(0, Math.floor((Number(id) - type.firstId) / RECORDS_PER_FILE)),
      saveDelayMs,
    })
    return new ObjectRecords(type, store)
  }

  get version(): number {
    return this.#version
  }

  get size(): number {
    return this.#store.records.size
  }

  get store(): RecordStore<HubRecord> {
    return this.#store
  }

  /** The record of an id, also one that was merged away; archived ones too. */
  find(id: string): HubRecord | undefined {
    return this.#store.get(id) ?? this.#store.named(id)
  }

  findBy(property: string, value: string): HubRecord | undefined {
    const [key] = uniqueKey(property, value)
    return key === undefined ? undefined : this.#store.named(key)
  }

  put(record: HubRecord, atMs: number): void {
    const before = this.#store.get(record.id)
    this.#store.put(record)
    this.wrote(record.id, before, atMs)
  }

  remove(record: HubRecord, atMs: number): void {
    this.#store.remove(record.id)
    this.wrote(record.id, record, atMs)
  }

  wrote(id: string, before: HubRecord | undefined, atMs: number): void {
    this.#version += 1
    this.#recent.push({ atMs, id, before })
  }

  seed(record: HubRecord): void {
    this.#store.put(record)
    this.#version += 1
  }

  /** Those that are not archived, as they were `delayMs` ago; lowest id first. */
  searchView(nowMs: number, delayMs: number): SearchView {
    this.#recent = this.#recent.filter((write) => write.atMs + delayMs > nowMs)
    const hidden = new Map<string, HubRecord | undefined>()
    for (const write of this.#recent) if (!hidden.has(write.id)) hidden.set(write.id, write.before)
    const sorted = this.#byId()
    if (hidden.size === 0) return { records: sorted, stamp: `${this.#version}` }
    const before = [...hidden.values()].filter((record) => record !== undefined && record.archivedAt === null)
    const records = [...sorted.filter(({ id }) => !hidden.has(id)), ...before.filter((record) => record !== undefined)].sort(byId)
    return { records, stamp: `${this.#version}/${[...hidden].map(([id, record]) => `${id}@${record?.updatedAt ?? ''}`).join()}` }
  }

  /** Every record as it is now, archived or not; lowest id first. */
  all(isArchived: boolean): readonly HubRecord[] {
    return isArchived ? [...this.#store.records.values()].filter((record) => record.archivedAt !== null).sort(byId) : this.#byId()
  }

  #byId(): readonly HubRecord[] {
    if (this.#sorted?.version !== this.#version) {
      const records = [...this.#store.records.values()].filter((record) => record.archivedAt === null).sort(byId)
      this.#sorted = { version: this.#version, records }
    }
    return this.#sorted.records
  }
}

/** Where a unique value is found: without regard to capitals, as HubSpot looks it up. */
function uniqueKey(property: string, value: string | undefined): string[] {
  return value === undefined || value === '' ? [] : [`${property}=${value.trim().toLowerCase()}`]
}

const byId = (a: HubRecord, b: HubRecord): number => Number(a.id) - Number(b.id)
const isoOf = (atMs: number): string => new Date(atMs).toISOString()

/** Every object's records, with what connects them. */
export class HubRecords {
  readonly #objects: ReadonlyMap<string, ObjectRecords>
  readonly #counters: JsonFile<z.infer<typeof countersShape>>
  readonly #tell: (event: HubEvent) => void

  private constructor(objects: readonly ObjectRecords[], folder: string, tell: (event: HubEvent) => void) {
    this.#objects = new Map(objects.map((object) => [object.type.id, object]))
    this.#tell = tell
    this.#counters = JsonFile.open({
      path: join(folder, 'counters.json'),
      shape: countersShape,
      fresh: () => ({ nextIds: {} }),
    })
    this.#countUp()
  }

  /** `tell` hears of every change; absent while records are seeded. */
  static async open(folder: string, saveDelayMs: number, tell: (event: HubEvent) => void = () => undefined): Promise<HubRecords> {
    const objects: ObjectRecords[] = []
    for (const type of OBJECT_TYPES) objects.push(await ObjectRecords.open(type, folder, saveDelayMs))
    return new HubRecords(objects, folder, tell)
  }

  size(type: ObjectType): number {
    return this.#of(type).size
  }

  /** Grows with every change of any record. */
  get version(): number {
    return [...this.#objects.values()].reduce((sum, { version }) => sum + version, 0)
  }

  problems(): readonly FileProblem[] {
    return [...this.#objects.values()].flatMap(({ store }) => store.problems())
  }

  find(type: ObjectType, id: string): HubRecord | undefined {
    return this.#of(type).find(id)
  }

  /** By a property whose values are unique; archived records are not found so. */
  findBy(type: ObjectType, property: string, value: string): HubRecord | undefined {
    return this.#of(type).findBy(property, value)
  }

  searchView(type: ObjectType, nowMs: number, delayMs: number): SearchView {
    return this.#of(type).searchView(nowMs, delayMs)
  }

  all(type: ObjectType, isArchived = false): readonly HubRecord[] {
    return this.#of(type).all(isArchived)
  }

  create(type: ObjectType, patch: Patch, writer: Writer): HubRecord {
    const record = { ...emptyRecord(this.#takeId(type), isoOf(writer.atMs)), properties: applied({}, patch) }
    const put = withDefaults(type, record)
    this.#of(type).put(put, writer.atMs)
    this.#tell({ type, kind: 'creation', objectId: put.id, atMs: writer.atMs, source: writer.source })
    return put
  }

  /** Puts in a record that is made whole, with its past. */
  seed(type: ObjectType, make: (id: string) => HubRecord): HubRecord {
    const record = make(this.#seedId(type))
    this.#of(type).seed(record)
    return record
  }

  /** Changes a record. Nothing happens, not even to its stamp, where nothing would change. */
  edit(type: ObjectType, record: HubRecord, patch: Patch, writer: Writer): HubRecord {
    const properties = applied(record.properties, patch)
    const names = Object.keys(patch).filter((name) => (record.properties[name] ?? null) !== (properties[name] ?? null))
    if (names.length === 0) return record
    const at = isoOf(writer.atMs)
    const changes = names.map((property): Change => {
      const [from, to] = [record.properties[property] ?? null, properties[property] ?? null]
      return { at, by: writer.by, source: writer.source, property, from, to }
    })
    const edited = { ...record, properties, updatedAt: at, changes: [...record.changes, ...changes].slice(-KEPT_CHANGES) }
    this.#of(type).put(edited, writer.atMs)
    for (const property of names)
      this.#tell({
        type,
        kind: 'propertyChange',
        objectId: record.id,
        atMs: writer.atMs,
        source: writer.source,
        property,
        value: properties[property] ?? '',
      })
    return edited
  }

  /** Puts a record away; it can be brought back. */
  archive(type: ObjectType, record: HubRecord, writer: Writer): void {
    if (record.archivedAt !== null) return
    const at = isoOf(writer.atMs)
    this.#of(type).put({ ...record, archivedAt: at, updatedAt: at }, writer.atMs)
    this.#tell({ type, kind: 'deletion', objectId: record.id, atMs: writer.atMs, source: writer.source })
  }

  restore(type: ObjectType, record: HubRecord, writer: Writer): HubRecord {
    const restored = { ...record, archivedAt: null, updatedAt: isoOf(writer.atMs) }
    this.#of(type).put(restored, writer.atMs)
    this.#tell({ type, kind: 'restore', objectId: record.id, atMs: writer.atMs, source: writer.source })
    return restored
  }

  /** Merges one record into another: the winner keeps its id and values, takes what it lacked, and is found by both ids. */
  merge(type: ObjectType, winner: HubRecord, loser: HubRecord, writer: Writer): HubRecord {
    const at = isoOf(writer.atMs)
    this.#of(type).remove(loser, writer.atMs)
    const links = Object.fromEntries(
      [...new Set([...Object.keys(winner.links), ...Object.keys(loser.links)])].map((to) => [
        to,
        [...new Set([...(winner.links[to] ?? []), ...(loser.links[to] ?? [])])],
      ]),
    )
    const merged: HubRecord = {
      ...winner,
      properties: { ...loser.properties, ...winner.properties },
      links,
      updatedAt: at,
      mergedIds: [...winner.mergedIds, ...loser.mergedIds, loser.id],
      changes: [
        ...winner.changes,
        { at, by: writer.by, source: writer.source, property: 'hs_merged_object_ids', from: null, to: loser.id },
      ].slice(-KEPT_CHANGES),
    }
    this.#of(type).put(merged, writer.atMs)
    this.#relink(type, loser, winner.id, writer)
    this.#tell({ type, kind: 'merge', objectId: winner.id, atMs: writer.atMs, source: writer.source, mergedIds: [winner.id, loser.id] })
    return merged
  }

  /** Associates two records, both ways. `isPrimary` puts it before the others. */
  link(from: { type: ObjectType; id: string }, to: { type: ObjectType; id: string }, writer: Writer, isPrimary = false): void {
    this.#setLinks(from, to.type, writer, (ids) =>
      isPrimary ? [to.id, ...ids.filter((id) => id !== to.id)] : [...new Set([...ids, to.id])],
    )
    this.#setLinks(to, from.type, writer, (ids) => [...new Set([...ids, from.id])])
    this.#tell({ type: from.type, kind: 'associationChange', objectId: from.id, atMs: writer.atMs, source: writer.source })
  }

  unlink(from: { type: ObjectType; id: string }, to: { type: ObjectType; id: string }, writer: Writer): void {
    this.#setLinks(from, to.type, writer, (ids) => ids.filter((id) => id !== to.id))
    this.#setLinks(to, from.type, writer, (ids) => ids.filter((id) => id !== from.id))
    this.#tell({ type: from.type, kind: 'associationChange', objectId: from.id, atMs: writer.atMs, source: writer.source })
  }

  /** A value as an answer tells it, computed ones included. */
  value(type: ObjectType, record: HubRecord, name: string): string | null {
    switch (name) {
      case 'hs_object_id':
        return record.id
      case type.created:
        return record.createdAt
      case type.modified:
        return record.updatedAt
      case 'hs_updated_by_user_id':
        return userIdOf(record.changes.at(-1)?.by)
      case 'hs_merged_object_ids':
        return record.mergedIds.length === 0 ? null : record.mergedIds.join(';')
      case 'num_associated_contacts':
        return type.id === 'companies' ? String(record.links.contacts?.length ?? 0) : null
      case 'associatedcompanyid':
        return type.id === 'contacts' ? (record.links.companies?.[0] ?? null) : null
      case 'hs_full_name_or_email':
        return type.id === 'contacts' ? fullName(record) : null
      case 'hs_deal_stage_probability':
        return type.id === 'deals' ? probability(record) : null
      default:
        return propertyOf(type, name) ? (record.properties[name] ?? null) : null
    }
  }

  /** Takes in what a person changed in the files: a change like any other, with a time and an author. */
  async refresh(writer: Writer): Promise<void> {
    for (const object of this.#objects.values()) {
      const edits = await object.store.refresh()
      for (const edit of edits) this.#takeIn(object, edit, writer)
      if (edits.length > 0) this.#countUp()
    }
  }

  async flush(): Promise<void> {
    for (const { store } of this.#objects.values()) await store.flush()
    this.#counters.write(this.#counters.data)
  }

  #of(type: ObjectType): ObjectRecords {
    const records = this.#objects.get(type.id)
    if (!records) throw new Error(`There is no object '${type.id}'.`)
    return records
  }

  #setLinks(at: { type: ObjectType; id: string }, to: ObjectType, writer: Writer, change: (ids: readonly string[]) => string[]): void {
    const record = this.find(at.type, at.id)
    if (!record) return
    const before = record.links[to.id] ?? []
    const after = change(before)
    if (after.join() === before.join()) return
    this.#of(at.type).put({ ...record, links: { ...record.links, [to.id]: after } }, writer.atMs)
  }

  /** What was associated with the record that was merged away is with the winner now. */
  #relink(type: ObjectType, loser: HubRecord, winnerId: string, writer: Writer): void {
    for (const [to, ids] of Object.entries(loser.links)) {
      const other = OBJECT_TYPES.find(({ id }) => id === to)
      if (!other || !defaultAssociation(other.id, type.id)) continue
      for (const id of ids)
        this.#setLinks({ type: other, id }, type, writer, (linked) => [
          ...new Set(linked.map((one) => (one === loser.id ? winnerId : one))),
        ])
    }
  }

  #takeIn(object: ObjectRecords, { before, after }: HandEdit<HubRecord>, writer: Writer): void {
    object.wrote((after ?? before)?.id ?? '', before, writer.atMs)
    if (!before || !after || after.updatedAt !== before.updatedAt) return
    const names = [...new Set([...Object.keys(before.properties), ...Object.keys(after.properties)])]
    const changed = names.filter((name) => before.properties[name] !== after.properties[name])
    if (changed.length === 0) return
    const at = isoOf(writer.atMs)
    const changes = changed.map((property) => ({
      at,
      by: writer.by,
      source: writer.source,
      property,
      from: before.properties[property] ?? null,
      to: after.properties[property] ?? null,
    }))
    object.store.put({ ...after, updatedAt: at, changes: [...after.changes, ...changes].slice(-KEPT_CHANGES) })
  }

  #seedId(type: ObjectType): string {
    const { nextIds } = this.#counters.data
    const id = nextIds[type.id] ?? type.firstId
    nextIds[type.id] = id + 1
    return String(id)
  }

  #takeId(type: ObjectType): string {
    const id = this.#seedId(type)
    this.#counters.write(this.#counters.data)
    return id
  }

  /** Brings the counters past everything the files hold, merged records included: no id is given twice. */
  #countUp(): void {
    const nextIds: Record<string, number> = { ...this.#counters.data.nextIds }
    for (const { type, store } of this.#objects.values()) {
      let next = nextIds[type.id] ?? type.firstId
      for (const { id, mergedIds } of store.records.values()) {
        for (const one of [id, ...mergedIds]) next = Math.max(next, Number(one) + 1)
      }
      nextIds[type.id] = next
    }
    if (JSON.stringify(nextIds) !== JSON.stringify(this.#counters.data.nextIds)) this.#counters.write({ nextIds })
  }
}

function emptyRecord(id: string, at: string): HubRecord {
  return { id, properties: {}, createdAt: at, updatedAt: at, archivedAt: null, mergedIds: [], links: {}, changes: [] }
}

function applied(before: Readonly<Record<string, string>>, patch: Patch): Record<string, string> {
  const merged = Object.entries({ ...before, ...patch })
  return Object.fromEntries(merged.filter((entry): entry is [string, string] => entry[1] !== null))
}

/** What HubSpot fills in by itself when a record is made: the first pipeline. */
function withDefaults(type: ObjectType, record: HubRecord): HubRecord {
  const [first] = PIPELINES[type.id] ?? []
  if (!first) return record
  const name = type.id === 'deals' ? 'pipeline' : 'hs_pipeline'
  return { ...record, properties: { [name]: first.id, ...record.properties } }
}

/** The user of that name, as HubSpot notes who changed a record. */
function userIdOf(name: string | undefined): string | null {
  const owner = OWNERS.find((one) => ownerName(one) === name)
  return owner === undefined ? null : String(owner.userId)
}

function fullName({ properties }: HubRecord): string | null {
  const name = [properties.firstname, properties.lastname].filter((part) => part !== undefined).join(' ')
  return name === '' ? (properties.email ?? null) : name
}

function probability({ properties }: HubRecord): string | null {
  const stages = (PIPELINES.deals ?? []).flatMap((pipeline) => pipeline.stages)
  return stages.find(({ id }) => id === properties.dealstage)?.probability ?? null
}
