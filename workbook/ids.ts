/** Ids are short base62 strings; brands keep one kind from being passed for another. */
declare const brand: unique symbol
type Branded<Name extends string> = string & { readonly [brand]: Name }

export type WorkbookId = Branded<'workbook'>
export type SheetId = Branded<'sheet'>
export type RowId = Branded<'row'>
export type FieldId = Branded<'field'>
export type ConnectionId = Branded<'connection'>
/** `"<row>:<field>"`, the name of one cell within a sheet. */
export type CellKey = Branded<'cell'>
/** `"<client>:<clock>"`, the name of one Yjs item; a cell's edit is known by the item that carried it. */
export type ItemId = Branded<'item'>

const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const LENGTH = { row: 10, field: 4, sheet: 8, workbook: 10, connection: 8, annotation: 10, run: 12, link: 10 } as const

/** Fills `bytes` with random numbers 0–255: `crypto.getRandomValues` in the product, a seeded generator in tests. */
export type RandomBytes = (length: number) => Uint8Array

export const cryptoRandomBytes: RandomBytes = (length) => crypto.getRandomValues(new Uint8Array(length))

function makeId(length: number, randomBytes: RandomBytes): string {
  let id = ''
  while (id.length < length) {
    for (const byte of randomBytes(length * 2)) {
      // 248 = 4 × 62: larger bytes would favour the first letters.
      if (byte < 248 && id.length < length) id += BASE62[byte % 62]
    }
  }
  return id
}

export const makeRowId = (random: RandomBytes): RowId => makeId(LENGTH.row, random) as RowId
export const makeFieldId = (random: RandomBytes): FieldId => makeId(LENGTH.field, random) as FieldId
export const makeSheetId = (random: RandomBytes): SheetId => makeId(LENGTH.sheet, random) as SheetId
export const makeWorkbookId = (random: RandomBytes): WorkbookId => makeId(LENGTH.workbook, random) as WorkbookId
export const makeConnectionId = (random: RandomBytes): ConnectionId => makeId(LENGTH.connection, random) as ConnectionId
export const makeAnnotationId = (random: RandomBytes): string => makeId(LENGTH.annotation, random)
export const makeRunId = (random: RandomBytes): string => makeId(LENGTH.run, random)

/**
 * The row id of a record that arrives by linking or importing: the same on every device, so that two people who import one record
 * offline make one row. 59 bits of FNV-1a over `connection` and `recordId`; a collision is the caller's to notice (the row is tied to
 * another record) and to answer with a random id.
 */
export function deriveRowId(connection: ConnectionId, recordId: string): RowId {
  let hash = 0xcbf29ce484222325n
  for (const byte of new TextEncoder().encode(`${connection}\u0000${recordId}`)) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n)
  }
  let id = ''
  for (let i = 0; i < LENGTH.row; i++) {
    id += BASE62[Number(hash % 62n)]
    hash /= 62n
  }
  return id as RowId
}

export const cellKey = (row: RowId, field: FieldId | ConnectionId): CellKey => `${row}:${field}` as CellKey

/** Splits a cell's name; `undefined` where it is not one (a foreign client may write anything). */
export function parseCellKey(key: string): { row: RowId; field: FieldId } | undefined {
  const colon = key.indexOf(':')
  if (colon < 1 || colon === key.length - 1 || key.includes(':', colon + 1)) return undefined
  return { row: key.slice(0, colon) as RowId, field: key.slice(colon + 1) as FieldId }
}

export const itemId = (client: number, clock: number): ItemId => `${client}:${clock}` as ItemId

export function parseItemId(id: ItemId): { client: number; clock: number } {
  const [client, clock] = id.split(':')
  return { client: Number(client), clock: Number(clock) }
}
