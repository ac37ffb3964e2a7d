import { generateKeyBetween, generateNKeysBetween } from 'fractional-indexing'
import type * as Y from 'yjs'
import { type Annotation, answeredValues, type Choice, parseApplied, type Resolution, type UndoRequest, undoKey } from './annotations.ts'
import { entryForInput } from './cell-rules.ts'
import { type CellValue, isCellValue, MAX_TEXT_LENGTH } from './cell-value.ts'
import { bookFields, editCellsMap, editLinksMap, editOrderMap, editResolutionsMap, editRowsMap } from './documents.ts'
import type { FieldType } from './fields.ts'
import { type ConnectionId, cellKey, type FieldId, makeFieldId, makeRowId, type RandomBytes, type RowId, type SheetId } from './ids.ts'
import { UserOrigin } from './origin.ts'
import { isAwaited } from './row-index.ts'
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
        // Of a row that has not come nobody knows what it holds.
        if (value === undefined || isAwaited(row) || sheet.field(field)?.binding?.writable === false) continue
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
  const refused: CellUndo[] = []
  const inputs: CellInput[] = []
  for (const u of undo) {
    if (sheet.cell(u.row, u.field).value === u.after) inputs.push({ row: u.row, field: u.field, value: u.before })
    else refused.push(u)
  }
  return { redo: editCells(sheet, inputs, editor), refused }
}

/** Where rows are put: behind a row, in front of one, or behind the last. */
export type RowPlace = { readonly after: RowId } | { readonly before: RowId } | 'end'

function keysAt(sheet: Sheet, rows: readonly RowId[], place: RowPlace): { low: string | null; high: string | null } {
  if (place === 'end') return keysAround(sheet, rows, rows.length - 1)
  return 'after' in place
    ? keysAround(sheet, rows, indexOf(sheet, rows, place.after))
    : keysAround(sheet, rows, indexOf(sheet, rows, place.before) - 1)
}

/** Adds rows behind `after` (at the end where that is absent) and returns their ids, in order; a transaction per 1,000. */
export function addRows(sheet: Sheet, count: number, after: RowId | undefined, editor: Editor, random: RandomBytes): readonly RowId[] {
  return insertRows(sheet, { count, place: after === undefined ? 'end' : { after } }, editor, random)
}

/** Adds rows at a place and returns their ids, in order; a transaction per 1,000. */
export function insertRows(
  sheet: Sheet,
  { count, place }: { count: number; place: RowPlace },
  editor: Editor,
  random: RandomBytes,
): readonly RowId[] {
  const { low, high } = keysAt(sheet, sheet.rows(), place)
  const keys = generateNKeysBetween(low, high, count)
  const made = keys.map(() => makeRowId(random))
  const map = editRowsMap(sheet.docs.edits)
  for (let start = 0; start < count; start += CELLS_PER_TRANSACTION) {
    sheet.docs.edits.transact(() => {
      for (let i = start; i < Math.min(count, start + CELLS_PER_TRANSACTION); i++) map.set(`${made[i]}.added`, keys[i])
    }, new UserOrigin(editor.by))
  }
  fillInitial(sheet, made, editor)
  return made
}

/** New rows begin with what the fields of this workbook say. */
function fillInitial(sheet: Sheet, rows: readonly RowId[], editor: Editor): void {
  const fields = sheet.fields().filter((field) => field.binding === undefined && field.initial !== undefined)
  if (fields.length === 0) return
  const inputs = rows.flatMap((row) => fields.map((field) => ({ row, field: field.id, value: field.initial ?? null })))
  editCells(sheet, inputs, editor)
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
  for (let start = 0; start < rows.length; start += CELLS_PER_TRANSACTION) {
    sheet.docs.edits.transact(() => {
      for (const row of rows.slice(start, start + CELLS_PER_TRANSACTION)) map.set(`${row}.deleted`, isDeleted)
    }, new UserOrigin(editor.by))
  }
}

/** Moves a row behind `after`; to the top where that is absent. */
export function moveRow(sheet: Sheet, row: RowId, after: RowId | undefined, editor: Editor): void {
  const [first] = sheet.rows()
  const place: RowPlace = after !== undefined ? { after } : first === undefined ? 'end' : { before: first }
  moveRows(sheet, [row], place, editor)
}

/** What moving one row did, by the keys that order it. */
export interface RowMove {
  readonly row: RowId
  readonly before: string
  readonly after: string
}

/** Moves rows, in the order they are given in, to a place beside a row that is not among them. */
export function moveRows(sheet: Sheet, moving: readonly RowId[], place: RowPlace, editor: Editor): readonly RowMove[] {
  const set = new Set(moving)
  const { low, high } = keysAt(
    sheet,
    sheet.rows().filter((row) => !set.has(row)),
    place,
  )
  const keys = generateNKeysBetween(low, high, moving.length)
  const moves = moving.map((row, i) => ({ row, before: sheet.orderKey(row), after: keys[i] ?? '' }))
  writeOrder(sheet, moves, editor)
  return moves
}

function writeOrder(sheet: Sheet, moves: readonly RowMove[], editor: Editor): void {
  const order = editOrderMap(sheet.docs.edits)
  for (let start = 0; start < moves.length; start += CELLS_PER_TRANSACTION) {
    sheet.docs.edits.transact(() => {
      for (const { row, after } of moves.slice(start, start + CELLS_PER_TRANSACTION)) order.set(row, after)
    }, new UserOrigin(editor.by))
  }
}

/** Moves rows back to where they stood; those that somebody moved since stay and are returned as refused. */
export function undoMoves(
  sheet: Sheet,
  moves: readonly RowMove[],
  editor: Editor,
): { redo: readonly RowMove[]; refused: readonly RowMove[] } {
  const refused = moves.filter(({ row, after }) => sheet.orderKey(row) !== after)
  const redo = moves
    .filter(({ row, after }) => sheet.orderKey(row) === after)
    .map(({ row, before, after }) => ({ row, before: after, after: before }))
  writeOrder(sheet, redo, editor)
  return { redo, refused }
}

/**
 * Makes a copy of each row behind the last of them: the values a person may write, also of connected fields (held until the copy is
 * linked), never the link itself: two rows of one record would be a conflict. Returns the copies, in order.
 */
export function duplicateRows(sheet: Sheet, rows: readonly RowId[], editor: Editor, random: RandomBytes): readonly RowId[] {
  const last = rows.at(-1)
  if (last === undefined) return []
  const copies = insertRows(sheet, { count: rows.length, place: { after: last } }, editor, random)
  const fields = sheet.fields()
  const inputs = rows.flatMap((row, i) => {
    const copy = copies[i]
    if (copy === undefined) return []
    return fields.flatMap(({ id, initial }): CellInput[] => {
      const { value } = sheet.cell(row, id)
      // An empty cell is copied, too, where a new row would begin with something.
      return value === null && initial === undefined ? [] : [{ row: copy, field: id, value }]
    })
  })
  editCells(sheet, inputs, editor)
  return copies
}

/** Where a row stands; of one that was deleted meanwhile, where it stood. */
function indexOf(sheet: Sheet, rows: readonly RowId[], row: RowId): number {
  const place = sheet.index.placeOf(row)
  const index = rows[place] === row ? place : rows.indexOf(row)
  if (index >= 0) return index
  const key = sheet.orderKey(row)
  return rows.findLastIndex((r) => sheet.orderKey(r) <= key)
}

/** The keys of the row at `index` and of the next one with another key; rows that share a key are ordered by id. */
function keysAround(sheet: Sheet, rows: readonly RowId[], index: number): { low: string | null; high: string | null } {
  const before = rows[index]
  const low = before === undefined ? null : sheet.orderKey(before)
  for (let i = index + 1; i < rows.length; i++) {
    const next = rows[i]
    const key = next === undefined ? low : sheet.orderKey(next)
    if (key !== low) return { low, high: key }
  }
  return { low, high: null }
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

/** One answer to one annotation. */
export interface Answered {
  readonly row: RowId
  readonly field: FieldId
  readonly annotation: Annotation
  readonly answer: Choice
}

/** Answers several annotations, a transaction per 1,000. */
export function chooseOnMany(sheet: Sheet, answers: readonly Answered[], editor: Editor): void {
  for (let start = 0; start < answers.length; start += CELLS_PER_TRANSACTION) {
    sheet.docs.edits.transact(() => {
      for (const { row, field, annotation, answer } of answers.slice(start, start + CELLS_PER_TRANSACTION)) {
        chooseOn(sheet, { row, field }, annotation, answer, editor)
      }
    }, new UserOrigin(editor.by))
  }
}

/**
 * Asks for choices to be taken back: the server opens each again where the cell is still as the choice left it. What can be told here to
 * have moved on is not asked for.
 */
export function undoChoices(
  sheet: Sheet,
  answers: readonly Answered[],
  editor: Editor,
): { readonly asked: readonly Answered[]; readonly refused: readonly { readonly by?: string }[] } {
  const map = editResolutionsMap(sheet.docs.edits)
  const refused: { by?: string }[] = []
  const asked: Answered[] = []
  sheet.docs.edits.transact(() => {
    for (const answer of answers) {
      const stored = map.get(answer.annotation.id)
      const applied = parseApplied(stored)
      const isPending = typeof stored === 'object' && stored !== null && !('outcome' in stored)
      const { entry, item } = sheet.cell(answer.row, answer.field)
      if (isPending || (applied !== undefined && (item ?? null) === applied.before.left)) {
        const request: UndoRequest = { by: editor.by, at: editor.now() }
        map.set(undoKey(answer.annotation.id), request)
        asked.push(answer)
      } else refused.push(entry === undefined ? {} : { by: entry.by })
    }
  }, new UserOrigin(editor.by))
  return { asked, refused }
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
  /** ISO 4217. */
  readonly 'format.currency': string
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
