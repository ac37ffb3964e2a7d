import { generateKeyBetween, generateNKeysBetween } from 'fractional-indexing'
import type * as Y from 'yjs'
import { type Annotation, answeredValues, type Choice, type Resolution } from './annotations.ts'
import { entryForInput } from './cell-rules.ts'
import { type CellValue, isCellValue, MAX_TEXT_LENGTH } from './cell-value.ts'
import { bookFields, editCellsMap, editLinksMap, editOrderMap, editResolutionsMap, editRowsMap } from './documents.ts'
import type { FieldType } from './fields.ts'
import { type ConnectionId, cellKey, type FieldId, makeFieldId, makeRowId, type RandomBytes, type RowId, type SheetId } from './ids.ts'
import { UserOrigin } from './origin.ts'
import { CELLS_PER_TRANSACTION, isOrderKey, linkKey, packEntry } from './schema.ts'
import type { Sheet } from './sheet.ts'

/** Who edits and when, as the entry will claim. */
export interface Editor {
  readonly by: string
  readonly now: () => number
}

export interface CellInput {
  readonly row: RowId
  readonly field: FieldId
  readonly value: CellValue
}

/** What one edit did, so that it can be taken back: an undo writes `before`, if the cell still shows `after`. */
export interface CellUndo {
  readonly row: RowId
  readonly field: FieldId
  readonly before: CellValue
  readonly after: CellValue
}

/** The value as every device will read it: half a surrogate pair cannot be sent. `undefined` where a cell cannot hold it. */
function storable(value: CellValue): CellValue | undefined {
  if (!isCellValue(value)) return undefined
  if (typeof value !== 'string') return value
  return value.length > MAX_TEXT_LENGTH ? undefined : value.toWellFormed()
}

/**
 * Writes typed or pasted values, a transaction per 1,000 cells; what changes nothing is not written.
 * Read-only cells are left alone, and so is what no cell can hold: the caller says so to the person.
 */
export function editCells(sheet: Sheet, inputs: readonly CellInput[], editor: Editor): readonly CellUndo[] {
  const done: CellUndo[] = []
  const { edits } = sheet.docs
  const map = editCellsMap(edits)
  for (let start = 0; start < inputs.length; start += CELLS_PER_TRANSACTION) {
    edits.transact(() => {
      for (const { row, field, value: input } of inputs.slice(start, start + CELLS_PER_TRANSACTION)) {
        const value = storable(input)
        if (value === undefined || sheet.field(field)?.binding?.writable === false) continue
        const cell = sheet.cell(row, field)
        const entry = entryForInput(cell.baseline, cell.entry, value)
        if (entry === undefined) continue
        map.set(cellKey(row, field), packEntry(cellKey(row, field), { ...entry, at: editor.now(), by: editor.by }))
        done.push({ row, field, before: cell.value, after: value })
      }
    }, new UserOrigin(editor.by))
  }
  return done
}

/** Puts a cell back to what the app has (Alt+U): value = base, no removal, no marker. */
export function putBack(sheet: Sheet, row: RowId, field: FieldId, editor: Editor): readonly CellUndo[] {
  return editCells(sheet, [{ row, field, value: sheet.baseline(row, field) }], editor)
}

/**
 * Takes an edit back: a new edit, written only where the cell still shows what was written (by value, since after a sync the entry is
 * gone). The cells that have moved on are returned as refused, so that the person can be asked.
 */
export function undoCells(
  sheet: Sheet,
  undo: readonly CellUndo[],
  editor: Editor,
): { redo: readonly CellUndo[]; refused: readonly CellUndo[] } {
  const refused = undo.filter((u) => sheet.cell(u.row, u.field).value !== u.after)
  const inputs = undo.filter((u) => !refused.includes(u)).map((u) => ({ row: u.row, field: u.field, value: u.before }))
  return { redo: editCells(sheet, inputs, editor), refused }
}

/** Adds rows behind `after` (at the end where that is absent) and returns their ids, in order; a transaction per 1,000. */
export function addRows(sheet: Sheet, count: number, after: RowId | undefined, editor: Editor, random: RandomBytes): readonly RowId[] {
  const rows = sheet.rows()
  const { low, high } = keysAround(sheet, rows, after === undefined ? rows.length - 1 : indexOf(sheet, rows, after))
  const keys = generateNKeysBetween(low, high, count)
  const made = keys.map(() => makeRowId(random))
  const map = editRowsMap(sheet.docs.edits)
  for (let start = 0; start < count; start += CELLS_PER_TRANSACTION) {
    sheet.docs.edits.transact(() => {
      for (let i = start; i < Math.min(count, start + CELLS_PER_TRANSACTION); i++) map.set(`${made[i]}.added`, keys[i])
    }, new UserOrigin(editor.by))
  }
  return made
}

/** Adds one row behind `after` (at the end where that is absent) and returns its id. */
export function addRow(sheet: Sheet, after: RowId | undefined, editor: Editor, random: RandomBytes): RowId {
  const [row] = addRows(sheet, 1, after, editor, random)
  if (row === undefined) throw new Error('No row was made')
  return row
}

/** Marks rows as deleted; their records stay in the app. `isDeleted: false` brings them back with their edits. */
export function setRowsDeleted(sheet: Sheet, rows: readonly RowId[], isDeleted: boolean, editor: Editor): void {
  const map = editRowsMap(sheet.docs.edits)
  sheet.docs.edits.transact(() => {
    for (const row of rows) map.set(`${row}.deleted`, isDeleted)
  }, new UserOrigin(editor.by))
}

/** Moves a row behind `after`; to the top where that is absent. */
export function moveRow(sheet: Sheet, row: RowId, after: RowId | undefined, editor: Editor): void {
  const rows = sheet.rows().filter((r) => r !== row)
  const { low, high } = keysAround(sheet, rows, after === undefined ? -1 : indexOf(sheet, rows, after))
  sheet.docs.edits.transact(() => editOrderMap(sheet.docs.edits).set(row, generateKeyBetween(low, high)), new UserOrigin(editor.by))
}

/** Where a row stands; of one that was deleted meanwhile, where it stood. */
function indexOf(sheet: Sheet, rows: readonly RowId[], row: RowId): number {
  const index = rows.indexOf(row)
  if (index >= 0) return index
  const key = sheet.orderKey(row)
  return rows.findLastIndex((r) => sheet.orderKey(r) <= key)
}

/** The keys of the row at `index` and of the next one with another key; rows that share a key are ordered by id. */
function keysAround(sheet: Sheet, rows: readonly RowId[], index: number): { low: string | null; high: string | null } {
  const before = rows[index]
  const low = before === undefined ? null : sheet.orderKey(before)
  const after = rows.slice(index + 1).find((row) => sheet.orderKey(row) !== low)
  return { low, high: after === undefined ? null : sheet.orderKey(after) }
}

/** Asks for a row to be tied to the record with this key (or to none): the server fills it, also when this was typed offline. */
export function requestLink(sheet: Sheet, row: RowId, connection: ConnectionId, key: string | null, editor: Editor): void {
  sheet.docs.edits.transact(
    () => editLinksMap(sheet.docs.edits).set(linkKey(row, connection), { key, at: editor.now(), by: editor.by }),
    new UserOrigin(editor.by),
  )
}

/** Answers an annotation: kept with the values that were read and the entry that stood there, so that a late choice decides nothing else. */
export function chooseOn(
  sheet: Sheet,
  place: { row: RowId; field: FieldId },
  annotation: Annotation,
  answer: Choice,
  editor: Editor,
): void {
  const item = sheet.cell(place.row, place.field).item ?? null
  const resolution: Resolution = {
    row: place.row,
    field: place.field,
    kind: annotation.kind,
    answer,
    answered: answeredValues(annotation),
    item,
    by: editor.by,
    at: editor.now(),
  }
  sheet.docs.edits.transact(() => editResolutionsMap(sheet.docs.edits).set(annotation.id, resolution), new UserOrigin(editor.by))
}

/** Attributes of a field that people set; each is a key of its own, so that two people who change two of them both win. */
export interface FieldAttributes {
  readonly name: string
  readonly type: FieldType
  readonly order: string
  readonly width: number
  readonly hidden: boolean
  readonly removed: boolean
  /** Option id → name; custom fields only. */
  readonly options: Readonly<Record<string, string>>
}

/** Sets some attributes of a field. */
export function editField(book: Y.Doc, field: FieldId, attributes: Partial<FieldAttributes>, origin: unknown): void {
  const map = bookFields(book)
  book.transact(() => {
    for (const [key, value] of Object.entries(attributes)) {
      if (key !== 'options') map.set(`${field}.${key}`, value)
      else for (const [option, name] of Object.entries(attributes.options ?? {})) map.set(`${field}.option.${option}`, name)
    }
  }, origin)
}

/** Adds a field at the end of a sheet and returns its id; `id` where the caller has made one. */
export function addField(
  book: Y.Doc,
  sheet: SheetId,
  attributes: Pick<FieldAttributes, 'name' | 'type'> & Partial<FieldAttributes>,
  origin: unknown,
  random: RandomBytes,
  given?: FieldId,
): FieldId {
  const map = bookFields(book)
  let id = given ?? makeFieldId(random)
  while (map.has(`${id}.sheet`)) id = makeFieldId(random)
  let last: string | null = null
  for (const [key, value] of map.entries()) {
    if (key.endsWith('.order') && isOrderKey(value) && (last === null || value > last)) last = value
  }
  book.transact(() => {
    map.set(`${id}.sheet`, sheet)
    editField(book, id, { order: generateKeyBetween(last, null), ...attributes }, origin)
  }, origin)
  return id
}
