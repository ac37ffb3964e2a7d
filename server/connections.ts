import { annotationKey, CELL_MARKS } from '../workbook/annotations.ts'
import { sysBindings } from '../workbook/documents.ts'
import { editAttributes } from '../workbook/field-edits.ts'
import type { Field } from '../workbook/fields.ts'
import type { FieldId, RowId, SheetId, WorkbookId } from '../workbook/ids.ts'
import { ServerOrigin } from '../workbook/origin.ts'
import { releasedAttributes, releasedValue } from '../workbook/released-field.ts'
import type { Sheet } from '../workbook/sheet.ts'
import { ApiProblem, notFound } from './api/problem.ts'
import { writeBindings } from './engine-ports.ts'
import type { RunQueue } from './queue.ts'
import { cutOf, type KeptTie, markedAgain, type Tie, tiesAgain, withMarks } from './row-ties.ts'
import { type Room, type SheetHub, setBinding } from './sheets.ts'
import { type Catalog, type ConnectionRow, type FullConnection, setupOf } from './storage/catalog.ts'
import { dropUnsettledOp, dropUnsettledRowOp } from './storage/connections.ts'
import { type RunStore, unsettledOp } from './storage/runs.ts'
import { forgetUnlinkedOp, keepUnlinkedOps } from './storage/unlinked.ts'
import type { UpdateLog } from './update-log.ts'
import { appName, type Workbooks } from './workbooks.ts'

export interface ConnectionsParts {
  readonly catalog: Catalog
  readonly hub: SheetHub
  readonly queue: Pick<RunQueue, 'cancel'>
  readonly runs: RunStore
  readonly workbooks: Workbooks
  readonly log: UpdateLog
  readonly now: () => number
}

const ORIGIN = new ServerOrigin('configuration')

/** Connections come into sheets and leave them; what they showed stays. */
export class Connections {
  readonly #parts: ConnectionsParts
  /** One making at a time in a sheet: two clicks make one connection each, never one of both. */
  readonly #making = new Map<SheetId, Promise<unknown>>()

  constructor(parts: ConnectionsParts) {
    this.#parts = parts
  }

  /** @throws ApiProblem where the sheet is not in that workbook, or the object does not exist */
  async draft(o: { workbook: string; sheet: string; object: string }): Promise<FullConnection> {
    return this.#parts.workbooks.draft(await this.#place(o))
  }

  async create(o: {
    workbook: string
    sheet: string
    object: string
    filter: string
    externals: readonly string[]
    name: string | undefined
    actor: string
    trigger: 'person' | 'api'
  }): Promise<FullConnection> {
    const place = await this.#place(o)
    const { filter, externals, actor, trigger } = o
    const make = (): Promise<FullConnection> =>
      this.#parts.workbooks.connect({ ...place, filter, externals, actor, trigger, ...(o.name !== undefined && { name: o.name }) })
    const making = (this.#making.get(place.sheet) ?? Promise.resolve()).then(make, make)
    this.#making.set(place.sheet, making)
    try {
      return await making
    } finally {
      if (this.#making.get(place.sheet) === making) this.#making.delete(place.sheet)
    }
  }

  /**
   * Takes a connection out of its sheet: its fields become the workbook's own and show what they showed, with what was staged. Ties and
   * mappings are kept aside, so that `restore` brings all of it back.
   * @throws ApiProblem while a run of it is under way
   */
  async remove(id: string): Promise<{ fields: readonly FieldId[]; staged: number }> {
    const { connection } = await this.#full(id)
    await this.#cancelQueued(id)
    return this.#withRoom(connection.sheet, async (room) => {
      await this.#assertQuiet(id)
      const staged = [...room.authority.staged(connection.id)].length
      const fields = connection.fields.map((f) => f.field)
      this.#release(room, connection, fields)
      this.#parts.log.execute([this.#parts.catalog.saveConnection({ ...connection, state: 'removed' }), dropUnsettledOp(connection.id)])
      await this.#parts.log.durable()
      return { fields, staged }
    })
  }

  /** Takes a removal back. @throws ApiProblem where its integration or object is gone */
  async restore(id: string, { isPaused }: { isPaused: boolean }): Promise<void> {
    const { catalog, log } = this.#parts
    const full = await catalog.connection(id, ['removed'])
    if (full === undefined)
      throw new ApiProblem({
        status: 404,
        code: 'not-found',
        message: 'This connection cannot come back: it is there already, or its integration is gone.',
        advice: 'Nothing was changed. Connect the app anew; the fields keep what they show.',
      })
    const connection: ConnectionRow = { ...full.connection, state: isPaused ? 'paused' : 'active' }
    await this.#withRoom(connection.sheet, async (room) => {
      this.#bind(room, { ...full, connection }, connection.fields)
      log.execute([catalog.saveConnection(connection), ...this.#unsettledOps(room, connection)])
      await log.durable()
    })
  }

  /** Cuts ties; the rows keep what they show. A row that is tied to another record by now, or to none, is left alone. */
  async unlink(id: string, ties: readonly Tie[]): Promise<readonly RowId[]> {
    const { log, now } = this.#parts
    await log.durable()
    const { connection } = await this.#full(id)
    return this.#withRoom(connection.sheet, async (room) => {
      const { sheet, authority } = room
      const cut = ties
        .filter(({ row, record }) => sheet.recordOf(row, connection.id) === record)
        .map((tie) => cutOf(room, connection, tie, now()))
      authority.write(
        {
          rows: cut.map(({ row }) => ({ row, records: { [connection.id]: null }, values: new Map([[connection.keyField, null]]) })),
          recordMarks: cut.map(({ row }) => ({ row, connection: connection.id, mark: undefined })),
          // What the app said of cells of a record that is not theirs any more; what was typed stays.
          cells: cut.flatMap(({ row, cells }) => cells.map(({ field }) => withMarks(sheet, row, field, []))),
        },
        'unlink',
      )
      log.execute([...cut.map(({ row }) => dropUnsettledRowOp(connection.id, row)), ...keepUnlinkedOps(connection.id, cut, now())])
      await log.durable()
      return cut.map(({ row }) => row)
    })
  }

  /**
   * Ties rows again to the records that they were cut from, with all that stood there: without a call, and at no price. What the app changed
   * since comes with the next pull.
   * @throws ApiProblem while a run is under way, which would not know of these rows
   */
  async relink(id: string, ties: readonly Tie[]): Promise<{ readonly rows: readonly RowId[]; readonly kept: readonly KeptTie[] }> {
    const { catalog, runs, log } = this.#parts
    await log.durable()
    const { connection } = await this.#full(id)
    return this.#withRoom(connection.sheet, async (room) => {
      await this.#assertQuiet(id)
      const { again, kept, freed } = tiesAgain(room.sheet, connection.id, ties, (tie) => runs.unlinked.of(connection.id, tie))
      room.authority.write(
        {
          rows: [
            ...freed.map((row) => ({ row, records: { [connection.id]: null }, values: new Map() })),
            ...again.map(({ row, record, key }) => ({
              row,
              records: { [connection.id]: record },
              values: new Map([[connection.keyField, key]]),
            })),
          ],
          recordMarks: again.map(({ row, mark }) => ({ row, connection: connection.id, mark })),
          cells: again.flatMap((cut) => markedAgain(room, cut)),
        },
        'relink',
      )
      const rows = new Set(again.map(({ row }) => row))
      // The oldest point any of them was cut at: from there on the app is asked what changed.
      const [oldest] = again.toSorted((a, b) => a.at - b.at)
      log.execute([
        ...this.#unsettledOps(room, connection, rows),
        ...again.map((cut) => forgetUnlinkedOp(connection.id, cut)),
        ...(oldest === undefined || oldest.cursor === connection.cursor ? [] : [catalog.saveCursor(connection.id, oldest.cursor)]),
      ])
      await log.durable()
      return { rows: [...rows], kept }
    })
  }

  /** Stops syncing one field; it shows what it showed. @throws ApiProblem for the connection field, or while a run is under way */
  async removeField(id: string, field: string): Promise<{ staged: number }> {
    const { connection } = await this.#full(id)
    const mapping = connection.fields.find((f) => f.field === field)
    if (mapping === undefined) throw notFound('such field in this connection')
    if (mapping.field === connection.keyField)
      throw new ApiProblem({
        status: 409,
        code: 'connection-field',
        message: 'This is the connection field: it says which record a row is tied to.',
        advice: 'Nothing was changed. Remove the whole connection instead.',
      })
    return this.#withRoom(connection.sheet, async (room) => {
      await this.#assertQuiet(id)
      const staged = [...room.authority.staged(connection.id)].filter((cell) => cell.field === mapping.field).length
      this.#release(room, connection, [mapping.field])
      const fields = connection.fields.filter((f) => f !== mapping)
      const dropped = [...(connection.dropped ?? []).filter((f) => f.field !== mapping.field), mapping]
      this.#parts.log.execute([
        this.#parts.catalog.saveConnection({ ...connection, fields, dropped }),
        dropUnsettledOp(connection.id, mapping.field),
      ])
      await this.#parts.log.durable()
      return { staged }
    })
  }

  /** Takes the removal of a field back. @throws ApiProblem where the app's field is in the sheet under another column meanwhile */
  async restoreField(id: string, field: string): Promise<void> {
    const { catalog, log } = this.#parts
    const full = await this.#full(id)
    const mapping = full.connection.dropped?.find((f) => f.field === field)
    if (mapping === undefined) throw notFound('removed field of that id')
    if (full.connection.fields.some((f) => f.external === mapping.external))
      throw new ApiProblem({
        status: 409,
        code: 'exists',
        message: 'This field is synced in another column by now.',
        advice: 'Nothing was changed. Remove that one first.',
      })
    const connection: ConnectionRow = {
      ...full.connection,
      fields: [...full.connection.fields, mapping],
      dropped: full.connection.dropped?.filter((f) => f !== mapping) ?? [],
    }
    await this.#withRoom(connection.sheet, async (room) => {
      await this.#assertQuiet(id)
      this.#bind(room, { ...full, connection }, [mapping])
      log.execute([catalog.saveConnection(connection), ...this.#unsettledOps(room, connection)])
      await log.durable()
    })
  }

  /** Pausing stops what waits and what is under way; what was sent stays in its receipts. */
  async setPaused(id: string, isPaused: boolean): Promise<void> {
    const { catalog, log, workbooks } = this.#parts
    const { connection } = await this.#full(id)
    const changed: ConnectionRow = { ...connection, state: isPaused ? 'paused' : 'active' }
    log.execute([catalog.saveConnection(changed)])
    await log.durable()
    if (isPaused) for (const run of await this.#open(id)) await this.#parts.queue.cancel(run.id)
    await workbooks.rewriteBindings([changed])
  }

  /** In one turn of the event loop: no binding, no warning of the app's, and the attributes under which the fields show what they showed. */
  #release({ sheet, authority }: Room, connection: ConnectionRow, fields: readonly FieldId[]): void {
    const { book, sys } = sheet.docs
    const released = new Set<string>(fields)
    const held = sheet.fields().filter((f) => released.has(f.id))
    authority.write({ ...writesOfRelease(sheet, connection, released), rows: respelt(sheet, held) }, 'configuration')
    editAttributes(book, held.flatMap(releasedAttributes), ORIGIN)
    sys.transact(() => {
      for (const field of fields) sysBindings(sys).delete(field)
    }, ORIGIN)
  }

  /** The other way round: people's names that only the workbook still knows are kept. */
  #bind({ sheet }: Room, full: FullConnection, mappings: FullConnection['connection']['fields']): void {
    const { book, sys } = sheet.docs
    const described = new Map(full.connection.description?.fields.map((f) => [f.id, f]))
    const setup = setupOf(full, appName(full))
    const known = mappings.flatMap(({ field }) => sheet.field(field) ?? [])
    sys.transact(() => {
      for (const { id, options, type } of known) {
        const { app, appName } = setup
        const before = { connection: setup.id, app, appName, external: '', isConnectionField: false, writable: false }
        if (type === 'person') setBinding(sys, id, { ...before, options })
      }
    }, ORIGIN)
    writeBindings(sheet, full, setup)
    const types = mappings.flatMap(({ field, external }) => {
      const type = described.get(external)?.type
      return type === undefined ? [] : [{ key: `${field}.type`, value: type }]
    })
    editAttributes(book, types, ORIGIN)
  }

  /** `rows`: only of these. (Default: all) */
  #unsettledOps(room: Room, connection: ConnectionRow, rows?: ReadonlySet<RowId>) {
    return room.authority
      .allUnsettled()
      .filter((cell) => cell.connection === connection.id && cell.isUnsettled && rows?.has(cell.row) !== false)
      .map((cell) => unsettledOp({ ...cell, sheet: connection.sheet }, 0, true))
  }

  async #place({ workbook, sheet, object }: { workbook: string; sheet: string; object: string }) {
    const { catalog } = this.#parts
    const [foundSheet, foundObject] = [await catalog.sheet(sheet), await catalog.object(object)]
    if (foundSheet?.workbook !== workbook) throw notFound('such sheet in this workbook')
    if (foundObject === undefined) throw notFound('such object')
    return { workbook: workbook as WorkbookId, sheet: foundSheet.id, object: foundObject }
  }

  async #full(id: string): Promise<FullConnection> {
    const full = await this.#parts.catalog.connection(id)
    if (full === undefined || full.connection.state === 'draft') throw notFound('such connection')
    return full
  }

  async #open(id: string) {
    return (await this.#parts.runs.open()).filter((run) => run.connection === id)
  }

  async #cancelQueued(id: string): Promise<void> {
    for (const run of await this.#open(id)) if (isIdle(run.state)) await this.#parts.queue.cancel(run.id)
  }

  async #assertQuiet(id: string): Promise<void> {
    if ((await this.#open(id)).every((run) => isIdle(run.state))) return
    throw new ApiProblem({
      status: 409,
      code: 'busy',
      message: 'A run of this connection is under way.',
      advice: 'Nothing was changed. Wait for its end or cancel it, then try again.',
    })
  }

  async #withRoom<T>(sheet: SheetId, use: (room: Room) => Promise<T>): Promise<T> {
    const { room, release } = await this.#parts.hub.open(sheet)
    try {
      return await use(room)
    } finally {
      await release()
    }
  }
}

const isIdle = (state: string): boolean => state === 'queued' || state === 'waiting'

/** Options that the app wrote in other capitals, under their own names. */
function respelt(sheet: Sheet, fields: readonly Field[]) {
  const selects = fields.filter((field) => field.type === 'single-select')
  if (selects.length === 0) return []
  return [...sheet.baseRowIds()].flatMap((row) => {
    const values = selects.flatMap((field) => {
      const value = releasedValue(field, sheet.baseline(row, field.id))
      return value === undefined ? [] : [[field.id, value] as const]
    })
    return values.length === 0 ? [] : [{ row, values: new Map(values) }]
  })
}

/** What the app said of these cells is no longer a matter of the workbook's own fields; what two people typed at once stays. */
function writesOfRelease(sheet: Sheet, connection: ConnectionRow, released: ReadonlySet<string>) {
  const isWhole = connection.fields.every((f) => released.has(f.field))
  const cells = new Map<string, { row: Parameters<Sheet['marks']>[0]; field: FieldId }>()
  const records = new Map<string, { row: Parameters<Sheet['marks']>[0] }>()
  for (const { row, place, annotation } of sheet.annotations()) {
    const isCellMark = (CELL_MARKS as readonly string[]).includes(annotation.kind)
    if (isCellMark && released.has(place)) cells.set(annotationKey(row, place, 'differs'), { row, field: place as FieldId })
    if (isWhole && !isCellMark && place === connection.id) records.set(row, { row })
  }
  return {
    cells: [...cells.values()].map(({ row, field }) => {
      const { concurrent } = sheet.marks(row, field)
      return { row, field, entry: { kind: 'keep' as const }, marks: concurrent === undefined ? {} : { concurrent } }
    }),
    recordMarks: [...records.values()].map(({ row }) => ({ row, connection: connection.id, mark: undefined })),
  }
}
