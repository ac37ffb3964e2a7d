import * as Y from 'yjs'
import {
  annotationsMap,
  baseEpochs,
  bookFields,
  bookMeta,
  bookSheets,
  bookViews,
  editCellsMap,
  editLinksMap,
  editOrderMap,
  editRowsMap,
  packedRows,
  sysAccepted,
  sysBindings,
  sysSlots,
} from './documents.ts'
import { type ConnectionId, cellKey, type FieldId, type RowId, type SheetId } from './ids.ts'
import { noteFragment } from './note.ts'
import { CELLS_PER_TRANSACTION, type Entry, isEdited, packBaseRow, packEntry, parseBaseRow } from './schema.ts'

/**
 * What is called otherwise in a copy of a workbook: its sheets and its connections. Fields, rows, views, comments keep their ids, since they
 * are known within their workbook only. A connection that is not named here is none in the copy.
 */
export interface CopyNames {
  readonly sheets: ReadonlyMap<SheetId, SheetId>
  readonly connections: ReadonlyMap<ConnectionId, ConnectionId>
}

/** Names, fields and shared views of the sheets that are copied. */
export function copyBook(from: Y.Doc, to: Y.Doc, { sheets }: CopyNames, name: string, origin: unknown): void {
  const sheetOf = (value: unknown): SheetId | undefined => sheets.get(value as SheetId)
  const owners = { fields: ownersIn(bookFields(from)), views: ownersIn(bookViews(from)) }
  to.transact(() => {
    for (const [key, value] of bookMeta(from).entries()) bookMeta(to).set(key, value)
    bookMeta(to).set('name', name)
    for (const [key, value] of bookSheets(from).entries()) {
      const [id, attribute] = partsOf(key)
      const copy = sheetOf(id)
      if (copy !== undefined) bookSheets(to).set(`${copy}.${attribute}`, value)
    }
    for (const [key, value] of bookFields(from).entries()) {
      const [id, attribute] = partsOf(key)
      const copy = sheetOf(owners.fields.get(id))
      if (copy !== undefined) bookFields(to).set(key, attribute === 'sheet' ? copy : value)
    }
    for (const [key, value] of bookViews(from).entries()) {
      const [id, attribute] = partsOf(key)
      // The plain view is named after its sheet, and says whose it is only once somebody has changed it.
      const copy = sheetOf(owners.views.get(id) ?? id)
      if (copy !== undefined) bookViews(to).set(`${sheetOf(id) ?? id}.${attribute}`, attribute === 'sheet' ? copy : value)
    }
  }, origin)
}

/** Places of values, accepted differences, and what configuration says of the fields. `shards`: by sheet of the copy. */
export function copySys(from: Y.Doc, to: Y.Doc, { sheets, connections }: CopyNames, origin: unknown): void {
  to.transact(() => {
    for (const [key, slot] of sysSlots(from).entries()) {
      const [sheet, field] = key.split(':')
      const copy = sheets.get(sheet as SheetId)
      if (copy !== undefined) sysSlots(to).set(`${copy}:${field}`, slot)
    }
    for (const [key, value] of sysAccepted(from).entries()) sysAccepted(to).set(key, value)
    for (const [field, binding] of sysBindings(from).entries()) {
      if (typeof binding !== 'object' || binding === null || !('connection' in binding)) continue
      const connection = connections.get(binding.connection as ConnectionId)
      if (connection !== undefined) sysBindings(to).set(field, { ...binding, connection })
    }
  }, origin)
}

/** One shard, its rows tied to the copy's connections. Returns how many rows it holds. */
export function copyShard(from: Y.Doc, to: Y.Doc, { connections }: CopyNames, origin: unknown): number {
  const rows = new Y.Map<string>()
  let count = 0
  to.transact(() => {
    baseEpochs(to).set('0', rows)
    for (const [row, packed] of packedRows(from)) {
      const parsed = parseBaseRow(packed)
      const ties = Object.entries(parsed.records).flatMap(([connection, record]) => {
        const copy = connections.get(connection as ConnectionId)
        return copy === undefined ? [] : [[copy, record] as const]
      })
      rows.set(row, packBaseRow({ ...parsed, records: Object.fromEntries(ties) }))
      count++
    }
  }, origin)
  return count
}

/** An entry with the author the server knows. */
export interface CopiedEntry {
  readonly row: RowId
  readonly field: FieldId
  readonly entry: Entry
  readonly author: string
}

/** What people typed, added, deleted, moved and asked to be linked. The server writes it, each entry in its author's name. */
export function copyEdits(from: Y.Doc, to: Y.Doc, entries: readonly CopiedEntry[], { connections }: CopyNames, origin: unknown): void {
  const links = [...editLinksMap(from).entries()].flatMap(([key, request]) => {
    const [row, connection] = key.split(':')
    const copy = connections.get(connection as ConnectionId)
    return copy === undefined ? [] : [[`${row}:${copy}`, request] as const]
  })
  inTransactions(to, [...editRowsMap(from).entries()], origin, ([key, value]) => editRowsMap(to).set(key, value))
  inTransactions(to, [...editOrderMap(from).entries()], origin, ([key, value]) => editOrderMap(to).set(key, value))
  inTransactions(to, entries, origin, ({ row, field, entry, author }) => {
    const key = cellKey(row, field)
    const { value, base, at } = entry
    if (isEdited(entry)) editCellsMap(to).set(key, packEntry(key, { value, base, at, by: author }))
  })
  inTransactions(to, links, origin, ([key, request]) => editLinksMap(to).set(key, request))
}

/** What the server left on cells and rows for a person. */
export function copyAnnotations(from: Y.Doc, to: Y.Doc, { connections }: CopyNames, origin: unknown): void {
  inTransactions(to, [...annotationsMap(from).entries()], origin, ([key, annotation]) => {
    const [row, place, kind] = key.split(':')
    const copy = connections.get(place as ConnectionId)
    const isOfRow = kind === 'gone' || kind === 'unmatched'
    if (copy !== undefined) annotationsMap(to).set(`${row}:${copy}:${kind}`, annotation)
    else if (!isOfRow) annotationsMap(to).set(key, annotation)
  })
}

/** Which rows have a note; the comments too, where they are wanted. */
export function copyTalk(from: Y.Doc, to: Y.Doc, { hasComments }: { readonly hasComments: boolean }, origin: unknown): void {
  for (const name of ['notes', ...(hasComments ? ['comments'] : [])]) {
    const map: Y.Map<unknown> = to.getMap(name)
    inTransactions(to, [...from.getMap(name).entries()], origin, ([key, value]) => map.set(key, value))
  }
}

/** A row's rich text. */
export function copyNote(from: Y.Doc, to: Y.Doc, origin: unknown): void {
  const nodes = noteFragment(from)
    .toArray()
    .flatMap((node) => (node instanceof Y.XmlHook ? [] : [node.clone()]))
  to.transact(() => noteFragment(to).insert(0, nodes), origin)
}

const partsOf = (key: string): readonly [id: string, attribute: string] => {
  const dot = key.indexOf('.')
  return [key.slice(0, dot), key.slice(dot + 1)]
}

/** Field or view → the sheet it says it is of. */
function ownersIn(map: Y.Map<unknown>): ReadonlyMap<string, unknown> {
  const owners = new Map<string, unknown>()
  for (const [key, value] of map.entries()) if (key.endsWith('.sheet')) owners.set(partsOf(key)[0], value)
  return owners
}

function inTransactions<Item>(to: Y.Doc, items: readonly Item[], origin: unknown, write: (item: Item) => void): void {
  for (let start = 0; start < items.length; start += CELLS_PER_TRANSACTION) {
    to.transact(() => {
      for (const item of items.slice(start, start + CELLS_PER_TRANSACTION)) write(item)
    }, origin)
  }
}
