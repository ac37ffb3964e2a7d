import { sysShards } from '../workbook/documents.ts'
import {
  makeConnectionId,
  makeSheetId,
  makeWorkbookId,
  type RandomBytes,
  type RowId,
  type SheetId,
  type WorkbookId,
} from '../workbook/ids.ts'
import { ServerOrigin } from '../workbook/origin.ts'
import { baseName, bookName, sysName } from '../workbook/schema.ts'
import { noteName, noteNameIn, rowsWithNote, talkName, talkNameIn } from '../workbook/talk.ts'
import {
  type CopiedEntry,
  type CopyNames,
  copyAnnotations,
  copyBook,
  copyEdits,
  copyNote,
  copyShard,
  copySys,
  copyTalk,
} from '../workbook/workbook-copy.ts'
import { notFound } from './api/problem.ts'
import type { Documents, OpenDocument } from './collab-ports.ts'
import type { Room, SheetHub } from './sheets.ts'
import type { Catalog, ConnectionRow, SheetRow } from './storage/catalog.ts'
import type { UpdateLog } from './update-log.ts'
import type { Workbooks } from './workbooks.ts'

export interface WorkbookCopiesParts {
  readonly catalog: Catalog
  readonly documents: Documents
  readonly hub: SheetHub
  readonly workbooks: Pick<Workbooks, 'rewriteBindings'>
  readonly log: UpdateLog
  readonly now: () => number
  readonly random: RandomBytes
}

/** What a copy took along. */
export interface WorkbookCopy {
  readonly id: WorkbookId
  readonly name: string
  readonly sheets: number
  readonly rows: number
  readonly notes: number
  readonly connections: number
}

const ORIGIN = new ServerOrigin('copy')
const NAME_LIMIT = 120

/**
 * Copies workbooks whole: sheets, fields, shared views, rows, what is staged, notes, and comments where they are wanted. Its connections are
 * paused: two workbooks never push the same edit without a person who wants it. Deleted sheets and shared links stay behind.
 */
export class WorkbookCopies {
  readonly #parts: WorkbookCopiesParts

  constructor(parts: WorkbookCopiesParts) {
    this.#parts = parts
  }

  /** The copy is in the list of workbooks once all of it is on disk: one that a crash cut short is never seen. */
  async duplicate(id: string, o: { name?: string | undefined; hasComments: boolean }): Promise<WorkbookCopy> {
    const { catalog, log, now, random, workbooks } = this.#parts
    const source = await catalog.workbook(id)
    if (source === undefined) throw notFound('such workbook')
    const sheets = await catalog.sheets(id)
    const shown = new Set<string>(sheets.map((s) => s.id))
    const connections = (await catalog.connections({ workbook: id })).filter((c) => shown.has(c.sheet))
    const names: CopyNames = {
      sheets: new Map(sheets.map((s) => [s.id, makeSheetId(random)])),
      connections: new Map(connections.map((c) => [c.id, makeConnectionId(random)])),
    }
    const workbook = {
      id: makeWorkbookId(random),
      name: o.name ?? `Copy of ${source.name}`.slice(0, NAME_LIMIT),
      createdAt: now(),
      updatedAt: now(),
    }
    await this.#copyFrame(source.id, workbook, sheets, names)
    const sum = { rows: 0, notes: 0 }
    for (const [sheet, copy] of names.sheets) {
      const copied = await this.#copySheet({ source: source.id, copy: workbook.id, sheet, to: copy, names, hasComments: o.hasComments })
      sum.rows += copied.rows
      sum.notes += copied.notes
    }
    const paused = connections.flatMap((connection) => this.#pausedCopy(connection, workbook.id, names) ?? [])
    log.execute([
      ...paused.flatMap((connection) => [
        catalog.saveConnection(connection),
        ...(connection.description ? [catalog.saveDescription(connection.id, connection.description)] : []),
        ...(connection.cursor === null ? [] : [catalog.saveCursor(connection.id, connection.cursor)]),
        ...(connection.latestPull === null ? [] : [catalog.saveLatestPull(connection.id, connection.latestPull)]),
      ]),
    ])
    await log.durable()
    await workbooks.rewriteBindings(paused)
    log.execute([catalog.saveWorkbook(workbook)])
    await log.durable()
    return { id: workbook.id, name: workbook.name, sheets: sheets.length, ...sum, connections: paused.length }
  }

  async #copyFrame(from: WorkbookId, to: { id: WorkbookId; name: string }, sheets: readonly SheetRow[], names: CopyNames): Promise<void> {
    const { catalog, log } = this.#parts
    log.execute(
      sheets.flatMap((sheet) => {
        const id = names.sheets.get(sheet.id)
        return id === undefined ? [] : [catalog.saveSheet({ ...sheet, id, workbook: to.id })]
      }),
    )
    await this.#using([bookName(from), bookName(to.id), sysName(from), sysName(to.id)], async ([book, bookCopy, sys, sysCopy]) => {
      if (book && bookCopy) copyBook(book, bookCopy, names, to.name, ORIGIN)
      if (sys && sysCopy) copySys(sys, sysCopy, names, ORIGIN)
      await log.durable()
    })
  }

  async #copySheet(o: {
    source: WorkbookId
    copy: WorkbookId
    sheet: SheetId
    to: SheetId
    names: CopyNames
    hasComments: boolean
  }): Promise<{ rows: number; notes: number }> {
    const { hub, log } = this.#parts
    const from = await hub.open(o.sheet)
    try {
      await this.#copyBase(from.room, o.to, o.copy, o.names)
      const to = await hub.open(o.to)
      try {
        copyEdits(from.room.sheet.docs.edits, to.room.sheet.docs.edits, entriesOf(from.room), o.names, ORIGIN)
        copyAnnotations(from.room.sheet.docs.annotations, to.room.sheet.docs.annotations, o.names, ORIGIN)
        await log.durable()
        const notes = await this.#copyTalk(o)
        return { rows: to.room.sheet.rows().length, notes }
      } finally {
        await to.release()
      }
    } finally {
      await from.release()
    }
  }

  /** A shard at a time, each on disk before the next: no more of a large sheet is in memory twice. */
  async #copyBase({ sheet }: Room, to: SheetId, workbook: WorkbookId, names: CopyNames): Promise<void> {
    const { log } = this.#parts
    for (const [shard, doc] of sheet.base.entries()) {
      await this.#using([baseName(to, shard, 0), sysName(workbook)], async ([copy, sys]) => {
        if (copy) copyShard(doc, copy, names, ORIGIN)
        sys?.transact(() => sysShards(sys).set(to, shard + 1), ORIGIN)
        await log.durable()
      })
    }
  }

  async #copyTalk(o: { source: WorkbookId; sheet: SheetId; to: SheetId; hasComments: boolean }): Promise<number> {
    const { log } = this.#parts
    const place = await this.#using([sysName(o.source)], async ([sys]) =>
      sys === undefined ? undefined : { talk: talkNameIn(sys, o.sheet), note: (row: RowId) => noteNameIn(sys, o.sheet, row) },
    )
    if (place === undefined) return 0
    const rows = await this.#using([place.talk, talkName(o.to, 0)], async ([talk, copy]) => {
      if (talk === undefined || copy === undefined) return []
      copyTalk(talk, copy, o, ORIGIN)
      await log.durable()
      return [...rowsWithNote(talk)]
    })
    for (const row of rows) {
      await this.#using([place.note(row), noteName(o.to, row, 0)], async ([note, copy]) => {
        if (note && copy) copyNote(note, copy, ORIGIN)
        await log.durable()
      })
    }
    return rows.length
  }

  #pausedCopy(connection: ConnectionRow, workbook: WorkbookId, { sheets, connections }: CopyNames): ConnectionRow | undefined {
    const [id, sheet] = [connections.get(connection.id), sheets.get(connection.sheet)]
    return id && sheet && { ...connection, id, workbook, sheet, state: 'paused', dropped: [] }
  }

  async #using<T>(names: readonly string[], use: (docs: readonly OpenDocument['doc'][]) => Promise<T>): Promise<T> {
    const opened = []
    try {
      for (const name of names) opened.push(await this.#parts.documents.openDocument(name))
      return await use(opened.map((o) => o.doc))
    } finally {
      for (const o of opened) await o.release()
    }
  }
}

/** The entries of a sheet with their true authors. */
function entriesOf({ sheet, authority }: Room): readonly CopiedEntry[] {
  return [...sheet.entries()].flatMap(({ row, field }) => {
    const live = authority.live(row, field)
    if (live === undefined) return []
    const { value, base, at, author } = live
    return [{ row, field, entry: { value, base, at, by: author }, author }]
  })
}
