import { addField } from '../workbook/edit.ts'
import { copiedDraft, copiedValue } from '../workbook/field-copies.ts'
import { draftOf, editAttributes, newFieldChanges } from '../workbook/field-edits.ts'
import {
  cryptoRandomBytes,
  type FieldId,
  makeFieldId,
  makeRowId,
  makeSheetId,
  type RandomBytes,
  type SheetId,
  type WorkbookId,
} from '../workbook/ids.ts'
import { ServerOrigin } from '../workbook/origin.ts'
import { bookName, parseDocumentName, sysName } from '../workbook/schema.ts'
import {
  changedSheetKeys,
  editSheet,
  freeSheetName,
  nextSheetName,
  orderSheets,
  readSheets,
  type SheetEntry,
  sheetOrderAfter,
  shownSheets,
} from '../workbook/sheet-list.ts'
import { configForFields } from '../workbook/view.ts'
import { editView, plainViewId, readViews } from '../workbook/view-store.ts'
import { ApiProblem, notFound } from './api/problem.ts'
import type { DocumentBusiness, Documents } from './collab-ports.ts'
import { addSlot, documentsOf, type Room, type SheetHub } from './sheets.ts'
import type { Catalog } from './storage/catalog.ts'
import type { UpdateLog } from './update-log.ts'
import { FIRST_FIELDS } from './workbooks.ts'

/** Most sheets of a workbook, deleted ones included. */
export const SHEET_LIMIT = 200
/** Rows of a copy that are written in one turn. */
const COPY_ROWS = 1_000

export interface WorkbookSheetsParts {
  readonly catalog: Catalog
  readonly hub: SheetHub
  readonly documents: Documents
  readonly log: UpdateLog
  readonly random: RandomBytes
  /** A workbook has other documents now: its windows look anew. */
  readonly onDocuments: (workbook: WorkbookId) => void
}

const ORIGIN = new ServerOrigin('sheets')

/** Makes sheets, and copies of them. Names, order and deletions are people's own in the book; the table follows it in the same commit. */
export class WorkbookSheets {
  readonly #parts: WorkbookSheetsParts

  constructor(parts: WorkbookSheetsParts) {
    this.#parts = parts
  }

  async create(
    workbook: WorkbookId,
    asked: {
      readonly name?: string | undefined
      readonly after?: string | null | undefined
      readonly copyOf?: string | undefined
      /** `none`: no first fields, for those a connection brings. */
      readonly fields?: 'none'
    },
  ): Promise<{ sheet: { id: string; name: string; documents: ReturnType<typeof documentsOf> }; rows: number }> {
    const { documents, catalog, log, random } = this.#parts
    await this.#checkRoom(workbook)
    const book = await documents.openDocument(bookName(workbook))
    const sys = await documents.openDocument(sysName(workbook))
    try {
      const known = readSheets(book.doc)
      const source = asked.copyOf === undefined ? undefined : known.find((sheet) => sheet.id === asked.copyOf)
      if (asked.copyOf !== undefined && source === undefined) throw notFound('such sheet in this workbook')
      const wanted = asked.name ?? (source === undefined ? nextSheetName(known) : `Copy of ${source.name}`)
      const name = freeSheetName(known, wanted)
      const after = asked.after === undefined ? (source?.id ?? known.findLast((sheet) => !sheet.isRemoved)?.id ?? null) : asked.after
      const order = sheetOrderAfter(known, after)
      const id = makeSheetId(random)
      // A copy is shown once all of it is there: one that a crash cut short is never seen.
      const isRemoved = source !== undefined
      log.execute([catalog.saveSheet({ id, workbook, name, ord: known.length, order, isRemoved })])
      book.doc.transact(() => {
        editSheet(book.doc, id, { name, order, ...(isRemoved && { removed: true }) }, ORIGIN)
        const isBare = source !== undefined || asked.fields === 'none'
        if (!isBare) for (const field of FIRST_FIELDS) addField(book.doc, id, field, ORIGIN, random)
      }, ORIGIN)
      await log.durable()
      const rows = source === undefined ? 0 : await this.#copy(source, id)
      if (isRemoved) {
        editSheet(book.doc, id, { removed: false }, ORIGIN)
        await log.durable()
      }
      this.#parts.onDocuments(workbook)
      return { sheet: { id, name, documents: documentsOf(sys.doc, id) }, rows }
    } finally {
      await book.release()
      await sys.release()
    }
  }

  /** Renames a sheet, places it, deletes it or brings it back. @throws ApiProblem where there is none, or it is the last one */
  async edit(
    workbook: WorkbookId,
    sheet: string,
    asked: { readonly name?: string | undefined; readonly after?: string | null | undefined; readonly isDeleted?: boolean | undefined },
  ): Promise<void> {
    const { documents, log } = this.#parts
    const book = await documents.openDocument(bookName(workbook))
    try {
      const known = readSheets(book.doc)
      const found = known.find(({ id }) => id === sheet)
      if (found === undefined) throw notFound('such sheet in this workbook')
      if (asked.isDeleted === true && shownSheets(known).every(({ id }) => id === sheet)) throw LAST_SHEET
      editSheet(
        book.doc,
        found.id,
        {
          ...(asked.name !== undefined && { name: asked.name }),
          ...(asked.after !== undefined && { order: sheetOrderAfter(known, asked.after, sheet) }),
          ...(asked.isDeleted !== undefined && { removed: asked.isDeleted }),
        },
        ORIGIN,
      )
      await log.durable()
    } finally {
      await book.release()
    }
  }

  async #checkRoom(workbook: WorkbookId): Promise<void> {
    const { catalog } = this.#parts
    if ((await catalog.workbook(workbook)) === undefined) throw notFound('such workbook')
    if ((await catalog.allSheets(workbook)).length < SHEET_LIMIT) return
    throw new ApiProblem({
      status: 409,
      code: 'too-many-sheets',
      message: `A workbook has at most ${SHEET_LIMIT} sheets, deleted ones included.`,
      advice: 'Nothing was made. Begin another workbook.',
    })
  }

  /** Fields, rows as they are shown, and shared views. @returns how many rows there are in the copy */
  async #copy(source: SheetEntry, target: SheetId): Promise<number> {
    const from = await this.#parts.hub.open(source.id)
    const to = await this.#parts.hub.open(target)
    try {
      const fields = this.#copyFields(from.room, to.room)
      this.#copyViews(from.room, to.room, fields)
      return await this.#copyRows(from.room, to.room, fields)
    } finally {
      await from.release()
      await to.release()
    }
  }

  #copyFields({ sheet: from }: Room, { sheet: to }: Room): ReadonlyMap<FieldId, FieldId> {
    const { book, sys } = to.docs
    const copies = new Map<FieldId, FieldId>()
    for (const field of from.fields()) {
      const { id, changes } = newFieldChanges(to, copiedDraft(field, draftOf(field)), 'end', this.#parts.random)
      const more = [
        { key: `${id}.width`, value: field.width },
        ...(field.isHidden ? [{ key: `${id}.hidden`, value: true }] : []),
        ...field.options.flatMap((option) => (option.retired === true ? [{ key: `${id}.optionRemoved.${option.id}`, value: true }] : [])),
      ]
      editAttributes(book, [...changes, ...more], ORIGIN)
      copies.set(field.id, id)
    }
    sys.transact(() => {
      for (const field of copies.values()) addSlot(sys, to.id, field)
    }, ORIGIN)
    return copies
  }

  #copyViews({ sheet: from }: Room, { sheet: to }: Room, fields: ReadonlyMap<FieldId, FieldId>): void {
    const { book } = to.docs
    for (const { id, name, order, config } of readViews(book, from.id, '')) {
      const isPlain = id === plainViewId(from.id)
      const copy = isPlain ? plainViewId(to.id) : `v${makeFieldId(cryptoRandomBytes)}${makeFieldId(cryptoRandomBytes)}`
      editView(book, { id: copy, sheet: to.id }, { ...(name !== '' && { name }), order, ...configForFields(config, fields) }, ORIGIN)
    }
  }

  async #copyRows({ sheet: from }: Room, to: Room, fields: ReadonlyMap<FieldId, FieldId>): Promise<number> {
    const { hub, log, random } = this.#parts
    const rows = from.rows()
    const pairs = from.fields().flatMap((field) => {
      const copy = fields.get(field.id)
      return copy === undefined ? [] : [{ field, copy }]
    })
    for (let start = 0; start < rows.length; start += COPY_ROWS) {
      const part = rows.slice(start, start + COPY_ROWS)
      await hub.ensureRoom(to, part.length)
      const written = part.map((row) => ({
        row: makeRowId(random),
        values: new Map(
          pairs.flatMap(({ field, copy }) => {
            const value = copiedValue(field, from.value(row, field.id))
            return value === null ? [] : [[copy, value] as const]
          }),
        ),
      }))
      to.authority.write({ rows: written }, 'copy')
      // A turn for everybody else between two parts, and no more of it in memory than the disk has taken.
      await log.durable()
    }
    return rows.length
  }
}

const LAST_SHEET = new ApiProblem({
  status: 409,
  code: 'last-sheet',
  message: 'A workbook keeps one sheet at least.',
  advice: 'Nothing was deleted. Add another sheet first.',
})

export interface SheetListParts {
  readonly catalog: Catalog
  /** A sheet was deleted, and its connections rest; or it is back, and what they say of its fields may have changed meanwhile. */
  readonly onRemoval: (sheet: SheetId) => void
}

/**
 * Looks after the list of sheets beside what looks after their cells: what people write of names, order and deletions into the book is in
 * the table with the same commit. Only the server makes sheets: one that a client writes into a book by itself is none.
 */
export function withSheetList(next: DocumentBusiness, { catalog, onRemoval }: SheetListParts): DocumentBusiness {
  return {
    ...(next.isReadyToWrite && { isReadyToWrite: (docName) => next.isReadyToWrite?.(docName) ?? true }),
    ...(next.prepareToWrite && { prepareToWrite: async (docName) => next.prepareToWrite?.(docName) }),
    attachDocument: async (docName, doc, meta) => {
      if (meta.name.kind === 'book') orderSheets(doc, await catalog.allSheets(meta.name.workbook), ORIGIN)
      await next.attachDocument(docName, doc, meta)
    },
    detachDocument: (docName) => next.detachDocument(docName),
    onTransaction: (docName, transaction, actorOf, seq) => {
      const done = next.onTransaction(docName, transaction, actorOf, seq)
      const name = parseDocumentName(docName)
      if (name?.kind !== 'book') return done
      const changed = changedSheetKeys(transaction)
      if (changed.length === 0) return done
      const sheets = readSheets(transaction.doc)
      const shown = new Set(shownSheets(sheets).map(({ id }) => id))
      // All of them: where every sheet is deleted, the one that stays may be another one than was changed.
      const ops = sheets.map((sheet) => catalog.updateSheet(name.workbook, { ...sheet, isRemoved: !shown.has(sheet.id) }))
      for (const { id } of sheets) if (changed.includes(`${id}.removed`)) onRemoval(id)
      return { ...done, ops: [...done.ops, ...ops] }
    },
  }
}
