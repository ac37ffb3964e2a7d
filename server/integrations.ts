import { isDeepStrictEqual } from 'node:util'
import { readyApp } from '../sync-engine/connectors/registry.ts'
import { addCredits, type Credits, NO_CREDITS } from '../sync-engine/credits.ts'
import { type EffectiveDirection, effectiveDirection, type FieldDirection, type ObjectDirection } from '../sync-engine/direction.ts'
import { problemOfValueMap, toApp, toWorkbook, type ValueMap } from '../sync-engine/value-map.ts'
import { makeConnectionId, type RandomBytes, type SheetId } from '../workbook/ids.ts'
import { ApiProblem, notFound } from './api/problem.ts'
import { linkedRows } from './engine-ports.ts'
import type { RunQueue } from './queue.ts'
import type { Room, SheetHub } from './sheets.ts'
import type { Catalog, ConnectionRow, ConnectionState, IntegrationRow, ObjectMapping, ObjectRow } from './storage/catalog.ts'
import type { RunStore } from './storage/runs.ts'
import type { UpdateLog } from './update-log.ts'

export interface IntegrationsParts {
  readonly catalog: Catalog
  readonly runs: RunStore
  readonly hub: SheetHub
  readonly queue: Pick<RunQueue, 'cancel'>
  readonly workbooks: {
    rewriteBindings(connections: readonly ConnectionRow[]): Promise<void>
    /** Its fields become custom fields showing what was shown; durable when it resolves. */
    removeConnection(id: string): Promise<void>
  }
  readonly log: UpdateLog
  /** Forgets every secret of an integration; joins this turn's batch. */
  readonly forgetSecrets: (integration: string) => Promise<void> | void
  /** Somebody may be looking at a sheet of this connection: what is said of it has changed, or it is gone. */
  readonly onChanged: (connection: ConnectionRow) => void
  readonly now: () => number
  readonly random: RandomBytes
}

export interface IntegrationChange {
  readonly isOn?: boolean | undefined
  readonly name?: string | undefined
  /** `null`: everything the sign-in sees. */
  readonly limitedTo?: readonly string[] | null | undefined
}

export interface NewObject {
  readonly name: string
  readonly external: string
  readonly externalName?: string | undefined
}

export interface ObjectChange {
  readonly name?: string | undefined
  readonly external?: string | undefined
  readonly externalName?: string | undefined
  readonly direction?: ObjectDirection | undefined
  /** Minutes; `null`: manual only. */
  readonly schedule?: number | null | undefined
  readonly isNightly?: boolean | undefined
}

export interface MappingChange {
  readonly external: string
  readonly direction?: FieldDirection | undefined
  readonly valueMap?: ValueMap | undefined
}

/** What a deletion takes along, and what stays behind as custom fields and rows. */
export interface Removal {
  readonly workbooks: readonly {
    readonly id: string
    readonly name: string
    readonly connections: number
    readonly rows: number
    readonly fields: number
  }[]
  readonly objects: number
  readonly mappings: number
  readonly connections: number
  readonly fields: number
  readonly links: number
  readonly staged: number
  readonly runs: number
}

/** What one connection holds just now. */
export interface ConnectionCounts {
  readonly linkedRecords: number
  readonly staged: number
}

/** The configuration of integrations: what people decide of them, of their objects and of their fields. */
export class Integrations {
  readonly #parts: IntegrationsParts
  /** One change at a time of an integration: two people who set two fields at once both have what they set. */
  readonly #changing = new Map<string, Promise<unknown>>()

  constructor(parts: IntegrationsParts) {
    this.#parts = parts
  }

  /** @throws ApiProblem where there is none of that id */
  async integration(id: string): Promise<IntegrationRow> {
    const found = await this.#parts.catalog.integration(id)
    if (found === undefined) throw notFound('such integration')
    return found
  }

  /** @throws ApiProblem where that integration has none of that id */
  async object(integration: string, id: string): Promise<ObjectRow> {
    const found = (await this.#parts.catalog.objects(integration)).find((o) => o.id === id)
    if (found === undefined) throw notFound('such object')
    return found
  }

  async connectionsOf(integration: string): Promise<readonly ConnectionRow[]> {
    const { catalog } = this.#parts
    const objects = new Set((await catalog.objects(integration)).map((o) => o.id))
    return (await catalog.connections()).filter((c) => objects.has(c.object))
  }

  /** Switching off cancels what waits or is under way of this integration, and of no other. */
  change(id: string, change: IntegrationChange): Promise<void> {
    return this.#inTurn(id, () => this.#change(id, change))
  }

  /**
   * An object that points at one external object: pulls only, by hand, until somebody says otherwise.
   * @throws ApiProblem where the name is taken
   */
  addObject(integration: string, o: NewObject): Promise<ObjectRow> {
    return this.#inTurn(integration, () => this.#addObject(integration, o))
  }

  /** @throws ApiProblem where it would point elsewhere while sheets are connected to it, or the name is taken */
  changeObject(integration: string, id: string, change: ObjectChange): Promise<void> {
    return this.#inTurn(integration, () => this.#changeObject(integration, id, change))
  }

  /**
   * Sets directions and value maps for an object's fields, and in every connection of it.
   * @throws ApiProblem where one cannot be kept; then none is
   */
  changeMappings(integration: string, id: string, changes: readonly MappingChange[]): Promise<void> {
    return this.#inTurn(integration, () => this.#changeMappings(integration, id, changes))
  }

  /**
   * Deletes an integration for good. It is switched off first, so that nothing starts while its connections are taken apart one by one; a
   * server that stops in between leaves it switched off, to be deleted again.
   * @throws ApiProblem where `confirm` is not its name
   */
  remove(id: string, confirm: string): Promise<Removal> {
    return this.#inTurn(id, () => this.#remove(id, confirm))
  }

  /**
   * Deletes one object with its connections and mappings; the integration's others are left alone.
   * @throws ApiProblem where `confirm` is not its name
   */
  removeObject(integration: string, id: string, confirm: string): Promise<Removal> {
    return this.#inTurn(integration, () => this.#removeObject(integration, id, confirm))
  }

  async #inTurn<T>(integration: string, work: () => Promise<T>): Promise<T> {
    const turn = (this.#changing.get(integration) ?? Promise.resolve()).then(work, work)
    this.#changing.set(integration, turn)
    try {
      return await turn
    } finally {
      if (this.#changing.get(integration) === turn) this.#changing.delete(integration)
    }
  }

  async #change(id: string, { isOn, name, limitedTo }: IntegrationChange): Promise<void> {
    const before = await this.integration(id)
    const after: IntegrationRow = {
      ...before,
      isOn: isOn ?? before.isOn,
      name: name ?? before.name,
      limitedTo:
        limitedTo === undefined ? before.limitedTo : limitedTo?.map((part) => readyApp(before.app)?.limits?.normalise(part) ?? part),
    }
    const connections = await this.connectionsOf(id)
    await this.#save(after)
    if (before.isOn && !after.isOn) await this.#cancelRuns(connections)
    if (before.isOn !== after.isOn) await this.#parts.workbooks.rewriteBindings(connections)
    for (const connection of connections) this.#parts.onChanged(connection)
  }

  async #addObject(integration: string, o: NewObject): Promise<ObjectRow> {
    const { catalog, log, now, random } = this.#parts
    await this.integration(integration)
    await this.#assertNameFree(integration, o.name)
    const object: ObjectRow = {
      id: makeConnectionId(random),
      integration,
      name: o.name,
      external: o.external,
      direction: 'pull',
      schedule: null,
      isNightly: false,
      mappings: [],
      ...(o.externalName !== undefined && { externalName: o.externalName }),
    }
    log.execute([catalog.saveObject(object, now())])
    await log.durable()
    return object
  }

  async #changeObject(integration: string, id: string, change: ObjectChange): Promise<void> {
    const { catalog, log, workbooks, onChanged } = this.#parts
    const before = await this.object(integration, id)
    const connections = await catalog.connections({ object: id })
    const isElsewhere = change.external !== undefined && change.external !== before.external
    if (isElsewhere && connections.length > 0) throw POINTS_ELSEWHERE
    if (change.name !== undefined && change.name !== before.name) await this.#assertNameFree(integration, change.name)
    const { externalName: _name, ...kept } = before
    const externalName = isElsewhere ? change.externalName : before.externalName
    const after: ObjectRow = {
      ...kept,
      name: change.name ?? before.name,
      direction: change.direction ?? before.direction,
      schedule: change.schedule === undefined ? before.schedule : change.schedule,
      isNightly: change.isNightly ?? before.isNightly ?? false,
      external: change.external ?? before.external,
      ...(externalName !== undefined && { externalName }),
      ...(isElsewhere && { mappings: [] }),
    }
    log.execute([catalog.saveObject(after), ...(isElsewhere ? [catalog.forgetObjectDescription(id)] : [])])
    await log.durable()
    if (before.direction !== after.direction) await workbooks.rewriteBindings(connections)
    for (const connection of connections) onChanged(connection)
  }

  async #changeMappings(integration: string, id: string, changes: readonly MappingChange[]): Promise<void> {
    const { catalog, log, workbooks, onChanged } = this.#parts
    const object = await this.object(integration, id)
    const appName = readyApp((await this.integration(integration)).app)?.name ?? 'The app'
    const described = await catalog.descriptionOf(id)
    const mappings = new Map((object.mappings ?? []).map((m) => [m.external, m]))
    for (const change of changes) {
      const field = described?.description.fields.find((f) => f.id === change.external)
      if (field === undefined) throw notFound(`field ${change.external} in this object`)
      const isKey = field.id === described?.description.keyField
      const wants = change.direction
      if (isKey && wants !== undefined && wants !== 'pull') throw unfit(`${field.name} is the record’s key: it is always pulled.`)
      if (field.writable !== true && (wants === 'two-way' || wants === 'push')) throw unfit(`${field.name}: ${field.writable.reason}`)
      const problem = change.valueMap && problemOfValueMap(change.valueMap, field.options)
      if (problem !== undefined) throw unfit(`${field.name}: ${problem}`)
      if ((change.valueMap?.length ?? 0) > 0 && !canMapValues(field)) throw unfit(`${field.name} has no options in ${appName} to map.`)
      const before = mappings.get(field.id) ?? { external: field.id, direction: defaultDirection(field, isKey), valueMap: [] }
      mappings.set(field.id, { ...before, direction: wants ?? before.direction, valueMap: change.valueMap ?? before.valueMap })
    }
    // What somebody else has just written is read too, not written over.
    await log.durable()
    const directions = new Map(changes.flatMap((c) => (c.direction === undefined ? [] : [[c.external, c.direction] as const])))
    const connections = (await catalog.connections({ object: id, states: HELD })).map((connection) => ({
      ...connection,
      fields: connection.fields.map((f) =>
        f.field === connection.keyField ? f : { ...f, direction: directions.get(f.external) ?? f.direction },
      ),
    }))
    log.execute([catalog.saveObject({ ...object, mappings: [...mappings.values()] }), ...connections.map((c) => catalog.saveConnection(c))])
    await log.durable()
    await workbooks.rewriteBindings(connections)
    for (const { external, valueMap } of changes) {
      const before = object.mappings?.find((m) => m.external === external)?.valueMap ?? []
      if (valueMap !== undefined && !isDeepStrictEqual(before, valueMap)) await this.#rename(connections, external, before, valueMap)
    }
    for (const connection of connections) onChanged(connection)
  }

  /** What deleting an integration, or one object of it, would take along. */
  async removalOf(integration: string, object?: string): Promise<Removal> {
    const { catalog } = this.#parts
    await this.integration(integration)
    const objects = object === undefined ? await catalog.objects(integration) : [await this.object(integration, object)]
    const ids = new Set(objects.map((o) => o.id))
    const connections = (await catalog.connections({ states: HELD })).filter((c) => ids.has(c.object))
    const workbooks = new Map<string, { id: string; name: string; connections: number; rows: number; fields: number }>()
    let links = 0
    let staged = 0
    for (const connection of connections) {
      const counts = await this.countsOf(connection)
      links += counts.linkedRecords
      staged += counts.staged
      const name = await catalog.nameOfWorkbook(connection.workbook)
      const sum = workbooks.get(connection.workbook) ?? { id: connection.workbook, name, connections: 0, rows: 0, fields: 0 }
      sum.connections++
      sum.rows += counts.linkedRecords
      sum.fields += connection.fields.length
      workbooks.set(connection.workbook, sum)
    }
    return {
      workbooks: [...workbooks.values()],
      objects: objects.length,
      mappings: objects.reduce((sum, o) => sum + (o.mappings?.length ?? 0), 0),
      connections: connections.length,
      fields: connections.reduce((sum, c) => sum + c.fields.length, 0),
      links,
      staged,
      runs: (await this.#openRuns(connections)).length,
    }
  }

  async #remove(id: string, confirm: string): Promise<Removal> {
    const { catalog, log, forgetSecrets } = this.#parts
    const integration = await this.integration(id)
    assertConfirmed(confirm, integration.name)
    const removal = await this.removalOf(id)
    if (integration.isOn) await this.#save({ ...integration, isOn: false })
    const objects = await catalog.objects(id)
    for (const object of objects) await this.#takeOut(await catalog.connections({ object: object.id, states: HELD }))
    await forgetSecrets(id)
    log.execute([...objects.flatMap((o) => catalog.dropObject(o.id)), catalog.dropIntegration(id)])
    await log.durable()
    return removal
  }

  async #removeObject(integration: string, id: string, confirm: string): Promise<Removal> {
    const { catalog, log } = this.#parts
    const object = await this.object(integration, id)
    assertConfirmed(confirm, object.name)
    const removal = await this.removalOf(integration, id)
    log.execute([catalog.saveObject({ ...object, direction: 'disabled', schedule: null, isNightly: false })])
    await log.durable()
    await this.#takeOut(await catalog.connections({ object: id, states: HELD }))
    log.execute([...catalog.dropObject(id)])
    await log.durable()
    return removal
  }

  async countsOf(connection: ConnectionRow): Promise<ConnectionCounts> {
    return this.#withRoom(connection.sheet, ({ sheet, authority }) => ({
      linkedRecords: new Set(linkedRows(sheet, connection.id).map((l) => l.recordId)).size,
      staged: [...authority.staged(connection.id)].length,
    }))
  }

  /** The names of a sheet's columns. */
  async fieldNames(sheet: SheetId): Promise<ReadonlyMap<string, string>> {
    return this.#withRoom(sheet, (room) => new Map(room.sheet.fields().map((f) => [f.id as string, f.name])))
  }

  /** The texts that stand in a field's columns, in all sheets of the object, most used first. */
  async usedValues(integration: string, object: string, external: string): Promise<{ value: string; rows: number }[]> {
    await this.object(integration, object)
    const counts = new Map<string, number>()
    for (const { sheet: id, fields } of await this.#parts.catalog.connections({ object })) {
      for (const { field } of fields.filter((f) => f.external === external)) {
        await this.#withRoom(id, async ({ sheet }) => {
          for (const [index, row] of sheet.rows().entries()) {
            if (index % ROWS_PER_TURN === ROWS_PER_TURN - 1) await new Promise((resolve) => setImmediate(resolve))
            const { value } = sheet.cell(row, field)
            if (typeof value === 'string' && value !== '') counts.set(value, (counts.get(value) ?? 0) + 1)
          }
        })
      }
    }
    const used = [...counts].map(([value, rows]) => ({ value, rows }))
    return used.sort((a, b) => b.rows - a.rows || (a.value < b.value ? -1 : 1)).slice(0, MOST_VALUES)
  }

  /** What an integration was charged since a moment, and for how many runs. */
  async usageSince(integration: string, since: number): Promise<{ credits: Credits; runs: number }> {
    const { catalog } = this.#parts
    const objects = new Set((await catalog.objects(integration)).map((o) => o.id))
    const connections = (await catalog.connections({ states: EVER })).filter((c) => objects.has(c.object))
    const entries = await this.#parts.runs.ledger(
      since,
      connections.map((c) => c.id),
    )
    return { credits: entries.reduce<Credits>((sum, e) => addCredits(sum, e), NO_CREDITS), runs: new Set(entries.map((e) => e.run)).size }
  }

  /**
   * Cells that show a value of the app show its new name at once, without a call. Staged ones keep what their author saw: the next pull
   * tells them.
   */
  async #rename(connections: readonly ConnectionRow[], external: string, before: ValueMap, after: ValueMap): Promise<void> {
    for (const connection of connections) {
      const field = connection.fields.find((f) => f.external === external)?.field
      if (field === undefined) continue
      const { room, release } = await this.#parts.hub.open(connection.sheet)
      try {
        const rows = linkedRows(room.sheet, connection.id)
        for (let from = 0; from < rows.length; from += ROWS_PER_TURN) {
          const renamed = rows.slice(from, from + ROWS_PER_TURN).flatMap(({ row }) => {
            const baseline = room.sheet.baseline(row, field)
            const value = toWorkbook(after, toApp(before, baseline))
            return value === baseline || room.sheet.cell(row, field).isStaged ? [] : [{ row, values: new Map([[field, value]]) }]
          })
          if (renamed.length > 0) room.authority.write({ rows: renamed }, 'configuration')
          await this.#parts.log.durable()
        }
      } finally {
        await release()
      }
    }
  }

  async #save(integration: IntegrationRow): Promise<void> {
    const { catalog, log, now } = this.#parts
    log.execute([catalog.saveIntegration(integration, now())])
    await log.durable()
  }

  async #openRuns(connections: readonly ConnectionRow[]) {
    const ids = new Set<string>(connections.map((c) => c.id))
    return (await this.#parts.runs.open()).filter((run) => ids.has(run.connection))
  }

  async #cancelRuns(connections: readonly ConnectionRow[]): Promise<void> {
    for (const run of await this.#openRuns(connections)) await this.#parts.queue.cancel(run.id)
  }

  async #takeOut(connections: readonly ConnectionRow[]): Promise<void> {
    await this.#cancelRuns(connections)
    for (const connection of connections) {
      await this.#parts.workbooks.removeConnection(connection.id)
      this.#parts.onChanged(connection)
    }
  }

  async #assertNameFree(integration: string, name: string): Promise<void> {
    const taken = (await this.#parts.catalog.objects(integration)).some((o) => o.name.toLowerCase() === name.toLowerCase())
    if (!taken) return
    throw new ApiProblem({
      status: 409,
      code: 'exists',
      message: `This integration has an object named ${name} already.`,
      advice: 'Nothing was changed. Choose another name.',
    })
  }

  async #withRoom<T>(sheet: SheetId, use: (room: Room) => Promise<T> | T): Promise<T> {
    const { room, release } = await this.#parts.hub.open(sheet)
    try {
      return await use(room)
    } finally {
      await release()
    }
  }
}

/** Connections that hold something of their sheet, those of deleted sheets too. */
const HELD: readonly ConnectionState[] = ['active', 'paused']

/** Whatever was ever charged: prepared, removed, or in a sheet. */
const EVER: readonly ConnectionState[] = ['draft', 'active', 'paused', 'removed']

/** Rows that are rewritten before somebody else has a turn. */
const ROWS_PER_TURN = 1_000

/** Texts of a field that are told at most. */
const MOST_VALUES = 200

/** What finally may happen to a field, and the level that decides; `app`: the app does not take values for it. */
export type DecidedDirection = Omit<EffectiveDirection, 'decidedBy'> & { readonly decidedBy: EffectiveDirection['decidedBy'] | 'app' }

/** Toggle over object over field (C23), less what the app itself forbids. */
export function decidedDirection(o: {
  readonly isOn: boolean
  readonly object: ObjectDirection
  readonly field: FieldDirection
  readonly isWritable: boolean
}): DecidedDirection {
  const decided = effectiveDirection(o.isOn, o.object, o.field)
  if (o.isWritable) return decided
  const isAbove = decided.decidedBy === 'toggle' || decided.decidedBy === 'object'
  return { ...decided, canPush: false, decidedBy: isAbove || o.field === 'off' ? decided.decidedBy : 'app' }
}

/** How a field goes until somebody says otherwise. */
export const defaultDirection = (field: { readonly writable: true | { readonly reason: string } }, isKey: boolean): FieldDirection =>
  isKey || field.writable !== true ? 'pull' : 'two-way'

/** Whether a field has options that may be called otherwise in the workbook. */
export const canMapValues = (field: { readonly type: string; readonly options?: readonly unknown[] }): boolean =>
  field.type === 'single-select' && (field.options?.length ?? 0) > 0

/** What an object says of a field, with the default where nobody decided. */
export const mappingOf = (
  object: ObjectRow,
  field: { readonly id: string; readonly writable: true | { readonly reason: string } },
  isKey: boolean,
): ObjectMapping =>
  object.mappings?.find((m) => m.external === field.id) ?? {
    external: field.id,
    direction: defaultDirection(field, isKey),
    valueMap: [],
  }

const POINTS_ELSEWHERE = new ApiProblem({
  status: 409,
  code: 'connected',
  message: 'Sheets are connected to this object: it cannot point at another external object.',
  advice: 'Nothing was changed. Add a new object for the other one.',
})

const unfit = (message: string): ApiProblem =>
  new ApiProblem({ status: 409, code: 'does-not-fit', message, advice: 'Nothing was changed.' })

function assertConfirmed(typed: string, name: string): void {
  if (typed.trim() === name) return
  throw new ApiProblem({
    status: 409,
    code: 'not-confirmed',
    message: `What was typed is not “${name}”.`,
    advice: 'Nothing was deleted. Type the name exactly as it stands there.',
  })
}
