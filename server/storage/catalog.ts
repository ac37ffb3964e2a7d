import * as z from 'zod'
import type { ExternalField, ObjectDescription } from '../../sync-engine/connectors/connector.ts'
import type { FieldDirection, ObjectDirection } from '../../sync-engine/direction.ts'
import type { ConnectionSetup } from '../../sync-engine/plan.ts'
import type { ValueMap } from '../../sync-engine/value-map.ts'
import type { ConnectionId, FieldId, SheetId, WorkbookId } from '../../workbook/ids.ts'
import type { SqlOp } from '../update-log.ts'
import { type Reader, toSqlOp } from './database.ts'

export interface WorkbookRow {
  readonly id: WorkbookId
  readonly name: string
  readonly createdAt: number
  readonly updatedAt: number
}

/** A workbook that was deleted: kept with everything in it. */
export interface RemovedWorkbook extends WorkbookRow {
  /** ms */
  readonly removedAt: number
  readonly removedBy: string
}

export interface SheetRow {
  readonly id: SheetId
  readonly workbook: WorkbookId
  readonly name: string
  /** In which order sheets were made. */
  readonly ord: number
  /** Fractional key: the tabs' order. */
  readonly order: string
  /** Deleted by itself, and kept with everything in it. */
  readonly isRemoved: boolean
}

/** How much is in a sheet. */
export interface SheetCounts {
  readonly rows: number
  readonly staged: number
  readonly needing: number
}

/** A sheet as it is made; without more it stands first and is shown. */
export type NewSheet = Omit<SheetRow, 'order' | 'isRemoved'> & Partial<Pick<SheetRow, 'order' | 'isRemoved'>>

export interface IntegrationRow {
  readonly id: string
  readonly app: string
  readonly name: string
  readonly baseUrl: string
  readonly account: string
  readonly isOn: boolean
  readonly limitedTo: readonly string[] | undefined
  /** Its app is the stand-in inside this server; the address follows the server's own port. */
  readonly isSandbox: boolean
  /** ms; told by reads, kept by writes. */
  readonly createdAt?: number
}

export interface ObjectRow {
  readonly id: string
  readonly integration: string
  readonly name: string
  readonly external: string
  readonly direction: ObjectDirection
  /** Minutes between pulls; `null`: manual only. */
  readonly schedule: number | null
  /** Synced once a night too, in the workspace's time zone. (Default: no) */
  readonly isNightly?: boolean
  /** What the app calls the external object, where it was discovered. (Default: the registry's name) */
  readonly externalName?: string
  /** What people decided of its fields; connections are made from it, and follow when it changes. (Default: nothing) */
  readonly mappings?: readonly ObjectMapping[]
}

/** What an object says of one external field, for every connection of it. */
export interface ObjectMapping {
  readonly external: string
  readonly direction: FieldDirection
  readonly valueMap: ValueMap
}

/**
 * draft: being prepared, nothing of it is in the sheet yet · active · paused: no call leaves for it until a person resumes it · removed: its
 * fields are the workbook's own; kept, so that the removal can be taken back and the log still knows it.
 */
export type ConnectionState = 'draft' | 'active' | 'paused' | 'removed'

export interface ConnectionRow {
  readonly id: ConnectionId
  readonly workbook: WorkbookId
  readonly sheet: SheetId
  readonly object: string
  readonly keyField: FieldId
  readonly fields: ConnectionSetup['fields']
  readonly filter: string
  readonly onConflict: ConnectionSetup['onConflict']
  /** (Default: active) */
  readonly state?: ConnectionState
  /** Synced fields that were removed, so that a removal can be taken back. (Default: none) */
  readonly dropped?: ConnectionSetup['fields']
  readonly description: ObjectDescription | undefined
  readonly cursor: string | null
  readonly latestPull: { readonly at: number; readonly records: number; readonly isFailed: boolean } | null
}

/** A connection with everything its runs hang on. */
export interface FullConnection {
  readonly connection: ConnectionRow
  readonly object: ObjectRow
  readonly integration: IntegrationRow
  /** Its sheet is deleted: nothing runs until the sheet is back. (Default: no) */
  readonly isSheetDeleted?: boolean
}

const direction = z.enum(['push-pull', 'push', 'pull', 'disabled'])
const linkedCounts = z.record(z.string(), z.number())
const connectionState = z.enum(['draft', 'active', 'paused', 'removed'])
const IN_SHEET: readonly ConnectionState[] = ['active', 'paused']
const WITH_DRAFTS: readonly ConnectionState[] = ['draft', ...IN_SHEET]
const objectMappings = z.array(
  z.object({
    external: z.string(),
    direction: z.enum(['two-way', 'push', 'pull', 'off']),
    valueMap: z.array(z.object({ app: z.string(), workbook: z.string() })),
  }),
)
const fieldMappings = z.array(z.object({ field: z.string(), external: z.string(), direction: z.enum(['two-way', 'push', 'pull', 'off']) }))

/** What exists: workbooks, sheets, integrations, objects, connections. Reads what is committed; writes are statements for the log. */
export class Catalog {
  readonly #reader: Reader

  constructor(reader: Reader) {
    this.#reader = reader
  }

  /** Those that are not deleted, the newest first. */
  async workbooks(): Promise<readonly WorkbookRow[]> {
    const query = this.#reader.kysely.selectFrom('workbooks').selectAll().where('removed_at', 'is', null)
    return (await query.orderBy('updated_at', 'desc').execute()).map(workbookRowOf)
  }

  /** `undefined` too where it is deleted. */
  async workbook(id: string): Promise<WorkbookRow | undefined> {
    const query = this.#reader.kysely.selectFrom('workbooks').selectAll().where('id', '=', id).where('removed_at', 'is', null)
    const row = await query.executeTakeFirst()
    return row && workbookRowOf(row)
  }

  /** The deleted ones, the last deleted first. */
  async removedWorkbooks(): Promise<readonly RemovedWorkbook[]> {
    const query = this.#reader.kysely.selectFrom('workbooks').selectAll().orderBy('removed_at', 'desc')
    return (await query.execute()).flatMap((row) =>
      row.removed_at === null ? [] : [{ ...workbookRowOf(row), removedAt: row.removed_at, removedBy: row.removed_by ?? '' }],
    )
  }

  /** Of a deleted one too; empty where there never was one. */
  async nameOfWorkbook(id: string): Promise<string> {
    const row = await this.#reader.kysely.selectFrom('workbooks').select('name').where('id', '=', id).executeTakeFirst()
    return row?.name ?? ''
  }

  async isWorkbookRemoved(id: string): Promise<boolean> {
    const query = this.#reader.kysely.selectFrom('workbooks').select('id').where('id', '=', id).where('removed_at', 'is not', null)
    return (await query.executeTakeFirst()) !== undefined
  }

  /** The sheets that are shown, in the order of their tabs. */
  async sheets(workbook: string): Promise<readonly SheetRow[]> {
    return (await this.allSheets(workbook)).filter((sheet) => !sheet.isRemoved)
  }

  /** With those that were deleted. */
  async allSheets(workbook: string): Promise<readonly SheetRow[]> {
    const query = this.#reader.kysely.selectFrom('sheets').selectAll().where('workbook', '=', workbook)
    return (await query.orderBy('order_key').orderBy('ord').orderBy('id').execute()).map(sheetRowOf)
  }

  async sheet(id: string): Promise<SheetRow | undefined> {
    const row = await this.#reader.kysely.selectFrom('sheets').selectAll().where('id', '=', id).executeTakeFirst()
    return row && sheetRowOf(row)
  }

  /** As it was when the sheet was last closed; `undefined` while it is open, and where nobody has counted since. */
  async counts(sheet: string): Promise<SheetCounts | undefined> {
    const query = this.#reader.kysely.selectFrom('sheets').select(['row_count', 'staged', 'needing']).where('id', '=', sheet)
    const row = await query.executeTakeFirst()
    if (row === undefined || row.row_count === null || row.staged === null || row.needing === null) return undefined
    return { rows: row.row_count, staged: row.staged, needing: row.needing }
  }

  /** How many records each connection of a sheet is tied to, as when it was last closed; `undefined` as with `counts`. */
  async linkedRecords(sheet: string): Promise<Readonly<Record<string, number>> | undefined> {
    const row = await this.#reader.kysely.selectFrom('sheets').select('linked').where('id', '=', sheet).executeTakeFirst()
    return row?.linked == null ? undefined : linkedCounts.parse(JSON.parse(row.linked))
  }

  async integrations(id?: string): Promise<readonly IntegrationRow[]> {
    let query = this.#reader.kysely.selectFrom('integrations').selectAll()
    if (id !== undefined) query = query.where('id', '=', id)
    const rows = await query.orderBy('created_at').orderBy('id').execute()
    return rows.map((row) => ({
      id: row.id,
      app: row.app,
      name: row.name,
      baseUrl: row.base_url,
      account: row.account,
      isOn: row.is_on === 1,
      limitedTo: row.limited_to === null ? undefined : z.array(z.string()).parse(JSON.parse(row.limited_to)),
      isSandbox: row.is_sandbox === 1,
      createdAt: row.created_at,
    }))
  }

  async integration(id: string): Promise<IntegrationRow | undefined> {
    return (await this.integrations(id))[0]
  }

  /** In the order in which they were made. */
  async objects(integration?: string, id?: string): Promise<readonly ObjectRow[]> {
    let query = this.#reader.kysely
      .selectFrom('objects')
      .select(['id', 'integration', 'name', 'external', 'external_name', 'direction', 'schedule', 'is_nightly', 'mappings'])
    if (integration !== undefined) query = query.where('integration', '=', integration)
    if (id !== undefined) query = query.where('id', '=', id)
    return (await query.orderBy('created_at').orderBy('id').execute()).map(
      ({ external_name, is_nightly, mappings, direction: way, ...row }) => ({
        ...row,
        direction: direction.parse(way),
        isNightly: is_nightly === 1,
        ...(external_name !== '' && { externalName: external_name }),
        mappings: objectMappings.parse(JSON.parse(mappings)),
      }),
    )
  }

  async object(id: string): Promise<ObjectRow | undefined> {
    return (await this.objects(undefined, id))[0]
  }

  /** What the app last told of an object's fields, and when; `undefined` before the first time. */
  async descriptionOf(object: string): Promise<{ readonly description: ObjectDescription; readonly at: number } | undefined> {
    const query = this.#reader.kysely.selectFrom('objects').select(['description', 'described_at']).where('id', '=', object)
    const row = await query.executeTakeFirst()
    if (row?.description != null) return { description: JSON.parse(row.description) as ObjectDescription, at: row.described_at ?? 0 }
    // Described before objects kept it themselves.
    const connections = await this.connections({ object })
    const description = connections.find((c) => c.description !== undefined)?.description
    return description && { description, at: 0 }
  }

  /**
   * Those that stand in their sheets, and in sheets that are shown: a deleted sheet's or workbook's rest until it is back; `states` asks for
   * others.
   */
  async connections(
    where: { id?: string; workbook?: string; sheet?: string; object?: string; states?: readonly ConnectionState[] } = {},
  ): Promise<readonly ConnectionRow[]> {
    let query = this.#reader.kysely.selectFrom('connections').selectAll()
    query = query.where('state', 'in', where.states ?? IN_SHEET)
    if (where.states === undefined)
      query = query
        .where('sheet', 'not in', (q) => q.selectFrom('sheets').select('id').where('is_removed', '=', 1))
        .where('workbook', 'not in', (q) => q.selectFrom('workbooks').select('id').where('removed_at', 'is not', null))
    if (where.id !== undefined) query = query.where('id', '=', where.id)
    if (where.workbook !== undefined) query = query.where('workbook', '=', where.workbook)
    if (where.sheet !== undefined) query = query.where('sheet', '=', where.sheet)
    if (where.object !== undefined) query = query.where('object', '=', where.object)
    // In the order of the tabs, so that lists and cards stand the same each time.
    const ordered = query
      .orderBy('workbook')
      .orderBy((q) => q.selectFrom('sheets').select('order_key').whereRef('sheets.id', '=', 'connections.sheet'))
      .orderBy((q) => q.selectFrom('sheets').select('ord').whereRef('sheets.id', '=', 'connections.sheet'))
      .orderBy('id')
    return (await ordered.execute()).map((row) => ({
      id: row.id as ConnectionId,
      workbook: row.workbook as WorkbookId,
      sheet: row.sheet as SheetId,
      object: row.object,
      keyField: row.key_field as FieldId,
      fields: fieldMappings.parse(JSON.parse(row.fields)) as unknown as ConnectionSetup['fields'],
      filter: row.filter,
      onConflict: row.on_conflict === 'workbook-wins' ? 'workbook-wins' : 'hold',
      state: connectionState.parse(row.state),
      dropped: fieldMappings.parse(JSON.parse(row.dropped)) as unknown as ConnectionSetup['fields'],
      description: row.description === null ? undefined : (JSON.parse(row.description) as ObjectDescription),
      cursor: row.cursor,
      latestPull:
        row.latest_pull_at === null
          ? null
          : { at: row.latest_pull_at, records: row.latest_pull_records ?? 0, isFailed: row.latest_pull_failed === 1 },
    }))
  }

  /** A connection that is not removed, a draft too; `states` asks for others. */
  async connection(id: string, states: readonly ConnectionState[] = WITH_DRAFTS): Promise<FullConnection | undefined> {
    const [connection] = await this.connections({ id, states })
    const object = connection && (await this.object(connection.object))
    const integration = object && (await this.integration(object.integration))
    if (connection === undefined || object === undefined || integration === undefined) return undefined
    const isSheetDeleted = (await this.sheet(connection.sheet))?.isRemoved === true || (await this.isWorkbookRemoved(connection.workbook))
    return { connection, object, integration, ...(isSheetDeleted && { isSheetDeleted }) }
  }

  // Statements ---------------------------------------------------------------------------------------------------------------------------

  saveWorkbook(workbook: WorkbookRow): SqlOp {
    const values = { id: workbook.id, name: workbook.name, created_at: workbook.createdAt, updated_at: workbook.updatedAt }
    const query = this.#reader.kysely.insertInto('workbooks').values(values)
    return toSqlOp(query.onConflict((c) => c.column('id').doUpdateSet({ name: values.name, updated_at: values.updated_at })))
  }

  /** `null`: it is back. */
  removeWorkbook(id: string, removed: { readonly at: number; readonly by: string } | null): SqlOp {
    const values = { removed_at: removed?.at ?? null, removed_by: removed?.by ?? null }
    return toSqlOp(this.#reader.kysely.updateTable('workbooks').set(values).where('id', '=', id))
  }

  saveSheet({ id, workbook, name, ord, order = 'a0', isRemoved = false }: NewSheet): SqlOp {
    const changed = { name, ord, order_key: order, is_removed: isRemoved ? 1 : 0 }
    const query = this.#reader.kysely.insertInto('sheets').values({ id, workbook, ...changed })
    return toSqlOp(query.onConflict((c) => c.column('id').doUpdateSet(changed)))
  }

  /** What was counted when a sheet was closed; `null`: nothing is known while it is open. */
  saveCounts(sheet: string, counted: { readonly counts: SheetCounts; readonly linked: Readonly<Record<string, number>> } | null): SqlOp {
    const { rows, staged, needing } = counted?.counts ?? { rows: null, staged: null, needing: null }
    const values = { row_count: rows, staged, needing, linked: counted === null ? null : JSON.stringify(counted.linked) }
    return toSqlOp(this.#reader.kysely.updateTable('sheets').set(values).where('id', '=', sheet))
  }

  /** What people decide of a sheet of this workbook; of another's nothing is changed. */
  updateSheet(workbook: string, { id, name, order, isRemoved }: Pick<SheetRow, 'id' | 'name' | 'order' | 'isRemoved'>): SqlOp {
    const query = this.#reader.kysely.updateTable('sheets').set({ name, order_key: order, is_removed: isRemoved ? 1 : 0 })
    return toSqlOp(query.where('id', '=', id).where('workbook', '=', workbook))
  }

  dropSheet(id: SheetId): SqlOp {
    return toSqlOp(this.#reader.kysely.deleteFrom('sheets').where('id', '=', id))
  }

  saveIntegration(integration: IntegrationRow, now: number): SqlOp {
    const values = {
      id: integration.id,
      app: integration.app,
      name: integration.name,
      base_url: integration.baseUrl,
      account: integration.account,
      is_on: integration.isOn ? 1 : 0,
      limited_to: integration.limitedTo === undefined ? null : JSON.stringify(integration.limitedTo),
      is_sandbox: integration.isSandbox ? 1 : 0,
      created_at: now,
    }
    const { id: _id, created_at: _createdAt, ...changed } = values
    return toSqlOp(
      this.#reader.kysely
        .insertInto('integrations')
        .values(values)
        .onConflict((c) => c.column('id').doUpdateSet(changed)),
    )
  }

  /** `now` is when it was made, where it is new. */
  saveObject({ id, integration, name, external, direction, schedule, ...rest }: ObjectRow, now = 0): SqlOp {
    const changed = {
      integration,
      name,
      external,
      direction,
      schedule,
      external_name: rest.externalName ?? '',
      is_nightly: rest.isNightly ? 1 : 0,
      mappings: JSON.stringify(rest.mappings ?? []),
    }
    return toSqlOp(
      this.#reader.kysely
        .insertInto('objects')
        .values({ id, created_at: now, ...changed })
        .onConflict((c) => c.column('id').doUpdateSet(changed)),
    )
  }

  saveObjectDescription(object: string, description: ObjectDescription, at: number): SqlOp {
    const query = this.#reader.kysely.updateTable('objects').set({ description: JSON.stringify(description), described_at: at })
    return toSqlOp(query.where('id', '=', object))
  }

  forgetObjectDescription(object: string): SqlOp {
    const query = this.#reader.kysely.updateTable('objects').set({ description: null, described_at: null })
    return toSqlOp(query.where('id', '=', object))
  }

  /** With the connections to it that are only being prepared. */
  dropObject(id: string): readonly SqlOp[] {
    const drafts = this.#reader.kysely.deleteFrom('connections').where('object', '=', id).where('state', '=', 'draft')
    return [toSqlOp(drafts), toSqlOp(this.#reader.kysely.deleteFrom('objects').where('id', '=', id))]
  }

  /** The integration alone: its objects, connections and secrets go by themselves. */
  dropIntegration(id: string): SqlOp {
    return toSqlOp(this.#reader.kysely.deleteFrom('integrations').where('id', '=', id))
  }

  saveConnection(connection: Omit<ConnectionRow, 'description' | 'cursor' | 'latestPull'>): SqlOp {
    const changed = {
      fields: JSON.stringify(connection.fields),
      filter: connection.filter,
      on_conflict: connection.onConflict,
      key_field: connection.keyField,
      state: connection.state ?? 'active',
      dropped: JSON.stringify(connection.dropped ?? []),
    }
    const { id, workbook, sheet, object } = connection
    return toSqlOp(
      this.#reader.kysely
        .insertInto('connections')
        .values({ id, workbook, sheet, object, ...changed })
        .onConflict((c) => c.column('id').doUpdateSet(changed)),
    )
  }

  saveDescription(connection: ConnectionId, description: ObjectDescription): SqlOp {
    const query = this.#reader.kysely.updateTable('connections').set({ description: JSON.stringify(description) })
    return toSqlOp(query.where('id', '=', connection))
  }

  saveLatestPull(connection: ConnectionId, pull: { at: number; records: number; isFailed: boolean }): SqlOp {
    const values = { latest_pull_at: pull.at, latest_pull_records: pull.records, latest_pull_failed: pull.isFailed ? 1 : 0 }
    return toSqlOp(this.#reader.kysely.updateTable('connections').set(values).where('id', '=', connection))
  }

  saveCursor(connection: ConnectionId, cursor: string | null): SqlOp {
    return toSqlOp(this.#reader.kysely.updateTable('connections').set({ cursor }).where('id', '=', connection))
  }
}

/** Whether calls may leave for a connection: its integration is switched on, it is not paused itself, and its sheet is there. */
export const isOn = ({ connection, integration, isSheetDeleted }: Omit<FullConnection, 'object'>): boolean =>
  integration.isOn && connection.state !== 'paused' && isSheetDeleted !== true

/** What the engine and the plan need to know of a connection. */
export function setupOf(full: FullConnection, appName: string): ConnectionSetup {
  const { connection, object, integration, isSheetDeleted } = full
  return {
    id: connection.id,
    app: integration.app,
    appName,
    isOn: isOn(full),
    ...(integration.isOn && connection.state === 'paused' && { isPaused: true }),
    ...(isSheetDeleted && { isSheetDeleted }),
    objectDirection: object.direction,
    fields: connection.fields.map((field) => {
      const valueMap = object.mappings?.find((m) => m.external === field.external)?.valueMap ?? []
      return valueMap.length === 0 ? field : { ...field, valueMap }
    }),
    onConflict: connection.onConflict,
  }
}

/** How a field that is connected anew goes: as its object says, else both ways where the app takes values for it. */
export function directionOfNew(object: ObjectRow, { id, writable }: Pick<ExternalField, 'id' | 'writable'>): FieldDirection {
  const mapped = object.mappings?.find((m) => m.external === id)?.direction
  if (mapped !== undefined) return writable === true || mapped === 'off' ? mapped : 'pull'
  return writable === true ? 'two-way' : 'pull'
}

const workbookRowOf = (row: { id: string; name: string; created_at: number; updated_at: number }): WorkbookRow => ({
  id: row.id as WorkbookId,
  name: row.name,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
})

const sheetRowOf = (row: { id: string; workbook: string; name: string; ord: number; order_key: string; is_removed: number }): SheetRow => ({
  id: row.id as SheetId,
  workbook: row.workbook as WorkbookId,
  name: row.name,
  ord: row.ord,
  order: row.order_key,
  isRemoved: row.is_removed === 1,
})
