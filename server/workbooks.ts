import type { ExternalField, ObjectDescription } from '../sync-engine/connectors/connector.ts'
import { readyApp } from '../sync-engine/connectors/registry.ts'
import { bookMeta, bookSheets } from '../workbook/documents.ts'
import { addField } from '../workbook/edit.ts'
import type { FieldType } from '../workbook/fields.ts'
import {
  type FieldId,
  makeConnectionId,
  makeFieldId,
  makeSheetId,
  makeWorkbookId,
  type RandomBytes,
  type SheetId,
  type WorkbookId,
} from '../workbook/ids.ts'
import { ServerOrigin } from '../workbook/origin.ts'
import { bookName, sysName } from '../workbook/schema.ts'
import { ApiProblem, notFound } from './api/problem.ts'
import type { Documents } from './collab-ports.ts'
import { writeBindings } from './engine-ports.ts'
import type { RunQueue } from './queue.ts'
import { addSlot, type SheetHub } from './sheets.ts'
import {
  type Catalog,
  type ConnectionRow,
  directionOfNew,
  type FullConnection,
  type IntegrationRow,
  type ObjectRow,
  setupOf,
  type WorkbookRow,
} from './storage/catalog.ts'
import type { UpdateLog } from './update-log.ts'

export interface WorkbooksParts {
  readonly catalog: Catalog
  readonly hub: SheetHub
  readonly documents: Documents
  readonly queue: RunQueue
  readonly log: UpdateLog
  readonly now: () => number
  readonly random: RandomBytes
}

/** The custom fields a new sheet begins with. */
export const FIRST_FIELDS = [
  { name: 'Name', type: 'text', width: 260 },
  { name: 'Notes', type: 'long-text', width: 240 },
] as const

/** Makes workbooks, connections and connected fields: rows in the tables and keys in the documents, together. */
export class Workbooks {
  readonly #parts: WorkbooksParts

  constructor(parts: WorkbooksParts) {
    this.#parts = parts
  }

  /** A new workbook with one sheet; `fields: 'none'` leaves the sheet without any. */
  async create(name: string, fields: 'first' | 'none'): Promise<{ workbook: WorkbookRow; sheet: SheetId }> {
    const { catalog, log, now, random, documents } = this.#parts
    const at = now()
    const workbook: WorkbookRow = { id: makeWorkbookId(random), name, createdAt: at, updatedAt: at }
    const sheet = makeSheetId(random)
    log.execute([catalog.saveWorkbook(workbook), catalog.saveSheet({ id: sheet, workbook: workbook.id, name: 'Sheet 1', ord: 0 })])
    const book = await documents.openDocument(bookName(workbook.id))
    const sys = await documents.openDocument(sysName(workbook.id))
    const origin = new ServerOrigin('configuration')
    book.doc.transact(() => {
      bookMeta(book.doc).set('name', name)
      bookSheets(book.doc).set(`${sheet}.name`, 'Sheet 1')
      if (fields === 'first') for (const field of FIRST_FIELDS) addField(book.doc, sheet, field, origin, random)
    }, origin)
    await log.durable()
    await book.release()
    await sys.release()
    return { workbook, sheet }
  }

  async rename(id: WorkbookId, name: string): Promise<void> {
    const { catalog, log, documents, now } = this.#parts
    const workbook = await catalog.workbook(id)
    if (workbook === undefined) throw notFound('such workbook')
    const book = await documents.openDocument(bookName(id))
    book.doc.transact(() => bookMeta(book.doc).set('name', name), new ServerOrigin('configuration'))
    log.execute([catalog.saveWorkbook({ ...workbook, name, updatedAt: now() })])
    await log.durable()
    await book.release()
  }

  /** Takes a workbook out of everybody's sight, with everything in it: its windows and links end, its connections rest. */
  async remove(id: WorkbookId, by: string): Promise<void> {
    const { catalog, log, queue, documents, now } = this.#parts
    if ((await catalog.workbook(id)) === undefined) throw notFound('such workbook')
    log.execute([catalog.removeWorkbook(id, { at: now(), by })])
    await log.durable()
    documents.dismiss(id, 'workbook-deleted')
    // What is under way ends before its next call.
    await queue.reconsider()
  }

  /** Brings a deleted workbook back as it was. */
  async restore(id: WorkbookId): Promise<void> {
    const { catalog, log } = this.#parts
    if (!(await catalog.isWorkbookRemoved(id))) throw notFound('such deleted workbook')
    log.execute([catalog.removeWorkbook(id, null)])
    await log.durable()
  }

  /** Adds an account of an app with its objects; what it signs in with is kept by the credentials. */
  async addIntegration(integration: IntegrationRow, objects: readonly ObjectRow[]): Promise<void> {
    const { catalog, log, now } = this.#parts
    log.execute([catalog.saveIntegration(integration, now()), ...objects.map((o) => catalog.saveObject(o, now()))])
    await log.durable()
  }

  /**
   * A connection that nobody sees yet: its fields can be read and a filter tried before anything stands in the sheet. One a sheet and object:
   * a second asking gets the first one's.
   */
  async draft(o: { workbook: WorkbookId; sheet: SheetId; object: ObjectRow; filter?: string }): Promise<FullConnection> {
    const { catalog, log, random } = this.#parts
    const [known] = await catalog.connections({ sheet: o.sheet, object: o.object.id, states: ['draft'] })
    const id = known?.id ?? makeConnectionId(random)
    const filter = o.filter ?? known?.filter ?? ''
    const keyField = known?.keyField ?? makeFieldId(random)
    const { workbook, sheet } = o
    const draft = { id, workbook, sheet, object: o.object.id, keyField, fields: [], filter, onConflict: 'hold', state: 'draft' } as const
    const described = await catalog.descriptionOf(o.object.id)
    log.execute([catalog.saveConnection(draft), ...(described ? [catalog.saveDescription(id, described.description)] : [])])
    await log.durable()
    return this.#full(id)
  }

  /** Reads the fields of a connection or draft anew, in a run of its own. @throws ApiProblem with the run's own words where it failed */
  async describe(id: string, actor: string, trigger: 'person' | 'api' = 'person'): Promise<FullConnection> {
    const { catalog, log, queue, now } = this.#parts
    const started = await queue.enqueue({ connection: await this.#full(id), order: { kind: 'refresh' }, trigger, actor })
    const ended = await queue.ended(started.run)
    const full = await this.#full(id)
    const { description } = full.connection
    if (ended.state !== 'settled' || description === undefined)
      throw new ApiProblem({
        status: 502,
        code: ended.error?.code ?? 'app-unavailable',
        message: ended.error?.message ?? 'The app did not answer.',
        advice: ended.error?.advice ?? 'Nothing was connected. Try again.',
      })
    log.execute([catalog.saveObjectDescription(full.object.id, description, now())])
    await log.durable()
    return full
  }

  /**
   * A connection in a sheet: its connection field, then the chosen fields. What the object's fields are is taken from its last reading; the
   * first connection of an object reads them. Resolves when it stands in the sheet.
   */
  async connect(o: {
    workbook: WorkbookId
    sheet: SheetId
    object: ObjectRow
    filter: string
    externals: readonly string[]
    actor: string
    /** Of the connection field. (Default: the app's name of the key) */
    name?: string
    trigger?: 'person' | 'api'
  }): Promise<FullConnection> {
    const draft = await this.draft(o)
    const full = draft.connection.description === undefined ? await this.describe(draft.connection.id, o.actor, o.trigger) : draft
    const { description, keyField } = full.connection
    const key = description?.fields.find((f) => f.id === description.keyField)
    if (description === undefined || key === undefined)
      throw new ApiProblem({
        status: 502,
        code: 'bad-answer',
        message: 'The app does not describe a key field.',
        advice: 'Nothing was connected.',
      })
    const chosen = [...new Set(o.externals)].filter((id) => id !== key.id).map((id) => this.#external(full, id))
    await this.#addFields(full.connection.id, [
      { external: key, field: keyField, ...(o.name !== undefined && { name: o.name }) },
      ...chosen.map((external) => ({ external })),
    ])
    return this.#full(full.connection.id)
  }

  /** A field that lives only in the workbook. */
  async addCustomField(workbook: WorkbookId, sheet: SheetId, field: { name: string; type: FieldType; width: number }): Promise<void> {
    const { documents, log, random } = this.#parts
    const book = await documents.openDocument(bookName(workbook))
    addField(book.doc, sheet, field, new ServerOrigin('configuration'), random)
    await log.durable()
    await book.release()
  }

  /** Adds synced fields; one run, which this starts, fills them all. */
  async addConnectedFields(
    id: string,
    externals: readonly string[],
    actor: string,
  ): Promise<{ run: string; joined: boolean; field: FieldId; fields: readonly FieldId[] }> {
    const { queue } = this.#parts
    const full = await this.#full(id)
    const chosen = [...new Set(externals)].map((external) => this.#external(full, external))
    const known = chosen.find((external) => full.connection.fields.some((f) => f.external === external.id))
    if (known !== undefined)
      throw new ApiProblem({
        status: 409,
        code: 'exists',
        message: `The field ${known.name} is in this sheet already.`,
        advice: 'Nothing was changed.',
      })
    const fields = await this.#addFields(
      id,
      chosen.map((external) => ({ external })),
    )
    const [field] = fields
    if (field === undefined) throw new Error('The field was not made')
    const started = await queue.enqueue({
      connection: await this.#full(id),
      order: { kind: 'fill', fields },
      trigger: 'person',
      actor,
    })
    return { ...started, field, fields }
  }

  /** Configuration changed (toggle, direction, mapping): what it says of each field is written anew. */
  async rewriteBindings(connections: readonly ConnectionRow[]): Promise<void> {
    const { hub, log } = this.#parts
    for (const { id, sheet } of connections) {
      const full = await this.#full(id)
      const { room, release } = await hub.open(sheet)
      writeBindings(room.sheet, full, setupOf(full, appName(full)))
      await log.durable()
      await release()
    }
    // What is under way, or waits in the queue, obeys it from its next call on.
    await this.#parts.queue.reconsider()
  }

  #external({ connection, integration }: FullConnection, id: string): ExternalField {
    const found = connection.description?.fields.find((f) => f.id === id)
    if (found !== undefined) return found
    throw new ApiProblem({
      status: 404,
      code: 'not-found',
      message: `${integration.name} has no field ${id}.`,
      advice: 'Refresh the fields, then choose one of them.',
    })
  }

  async #full(id: string): Promise<FullConnection> {
    const full = await this.#parts.catalog.connection(id)
    if (full === undefined) throw notFound('such connection')
    return full
  }

  /** Columns for fields of the app, and the connection that fills them, in one commit: a draft stands in the sheet from then on. */
  async #addFields(
    id: string,
    fields: readonly { external: ExternalField; field?: FieldId; name?: string }[],
  ): Promise<readonly FieldId[]> {
    const { catalog, hub, log, random } = this.#parts
    const full = await this.#full(id)
    const { room, release } = await hub.open(full.connection.sheet)
    const { book, sys } = room.sheet.docs
    const origin = new ServerOrigin('configuration')
    const taken = new Set(room.sheet.fields().map((f) => f.name.toLowerCase()))
    const made = fields.map(({ external, field, name }) => {
      const free = freeFieldName(taken, name ?? external.name, appName(full))
      taken.add(free.toLowerCase())
      return { external, field: field ?? makeFieldId(random), name: free }
    })
    const mappings = made.map(({ external, field }) => {
      const isKey = field === full.connection.keyField
      return { field, external: external.id, direction: isKey ? ('pull' as const) : directionOfNew(full.object, external) }
    })
    const { state } = full.connection
    const connection = {
      ...full.connection,
      fields: [...full.connection.fields, ...mappings],
      ...(state === 'draft' && { state: 'active' as const }),
    }
    book.transact(() => {
      for (const { external, field, name } of made)
        addField(
          book,
          room.sheet.id,
          { name, type: external.type, width: firstWidth(external, full.connection.description) },
          origin,
          random,
          field,
        )
    }, origin)
    sys.transact(() => {
      for (const { field } of made) addSlot(sys, room.sheet.id, field)
    }, origin)
    writeBindings(room.sheet, { ...full, connection }, setupOf({ ...full, connection }, appName(full)))
    log.execute([catalog.saveConnection(connection)])
    await log.durable()
    await release()
    return made.map((m) => m.field)
  }
}

/** A name no other column has: the app's own, else with the app's name behind it, else counted. `taken` holds names in small letters. */
export function freeFieldName(taken: ReadonlySet<string>, wanted: string, app: string): string {
  const withApp = `${wanted} (${app})`
  let name = taken.has(wanted.toLowerCase()) ? withApp : wanted
  for (let n = 2; taken.has(name.toLowerCase()); n++) name = `${withApp} ${n}`
  return name
}

/** Widths a field of each type begins with. Pixels. */
const WIDTHS: Record<ExternalField['type'], number> = {
  text: 260,
  'long-text': 280,
  number: 110,
  currency: 120,
  percent: 100,
  checkbox: 90,
  date: 120,
  'date-time': 170,
  'single-select': 140,
  'multi-select': 200,
  person: 150,
  email: 200,
  url: 200,
  phone: 150,
  duration: 100,
  rating: 110,
  'record-key': 110,
}

const KEY_LETTER = 8.5
const KEY_ROOM = 36

/** How wide a column begins, in pixels: of keys as wide as one of that app is. */
export function firstWidth(
  { id, type }: Pick<ExternalField, 'id' | 'type'>,
  description: (Pick<ObjectDescription, 'keyField'> & Partial<Pick<ObjectDescription, 'keyExample'>>) | undefined,
): number {
  const letters = id === description?.keyField ? (description.keyExample ?? '').length : 0
  return Math.max(WIDTHS[type], Math.ceil((letters * KEY_LETTER + KEY_ROOM) / 10) * 10)
}

export const appName = ({ integration }: FullConnection): string => readyApp(integration.app)?.name ?? integration.app
