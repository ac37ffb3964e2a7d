import { type CellValue, isCellValue, MAX_TEXT_LENGTH } from './cell-value.ts'
import type { CellKey, ConnectionId, ItemId, RowId, SheetId, WorkbookId } from './ids.ts'

/** Version of the layout below; `migrate` will read older ones. */
export const SCHEMA_VERSION = 1

/** Rows in one base shard: 4,000 rows × 20 fields are about 1 MB, so that the visible shard arrives at once. */
export const SHARD_ROWS = 4_000

/** After this many removed entries or client ids an edits document is due a new generation (SPEC D12). */
export const GENERATION_LIMITS = { tombstones: 200_000, clientIds: 1_000 } as const

/** Most cells in one transaction, so that a paste of any size never blocks a peer for long. */
export const CELLS_PER_TRANSACTION = 1_000

export type DocumentName =
  | { readonly kind: 'book' | 'sys'; readonly workbook: WorkbookId }
  | { readonly kind: 'base'; readonly sheet: SheetId; readonly shard: number; readonly gen: number }
  | { readonly kind: 'edits' | 'annotations' | 'talk'; readonly sheet: SheetId; readonly gen: number }
  | { readonly kind: 'note'; readonly sheet: SheetId; readonly row: RowId; readonly gen: number }

export const bookName = (workbook: WorkbookId): string => `book.${workbook}`
export const sysName = (workbook: WorkbookId): string => `sys.${workbook}`
export const baseName = (sheet: SheetId, shard: number, gen: number): string => `base.${sheet}.${shard}.${gen}`
export const editsName = (sheet: SheetId, gen: number): string => `edits.${sheet}.${gen}`
export const annotationsName = (sheet: SheetId, gen: number): string => `annotations.${sheet}.${gen}`

const ID = '[0-9A-Za-z]{1,32}'
const N = '\\d{1,9}'
const NAME = new RegExp(
  `^(?:(book|sys)\\.(${ID})|(base)\\.(${ID})\\.(${N})\\.(${N})|(edits|annotations|talk)\\.(${ID})\\.(${N})|(note)\\.(${ID})\\.(${ID})\\.(${N}))$`,
)

/** Which of our documents a name means; `undefined` where it is none. */
export function parseDocumentName(name: string): DocumentName | undefined {
  const m = NAME.exec(name)
  if (!m) return undefined
  if (m[1] !== undefined) return { kind: m[1] as 'book' | 'sys', workbook: m[2] as WorkbookId }
  if (m[3] !== undefined) return { kind: 'base', sheet: m[4] as SheetId, shard: Number(m[5]), gen: Number(m[6]) }
  if (m[7] !== undefined) return { kind: m[7] as 'edits' | 'annotations' | 'talk', sheet: m[8] as SheetId, gen: Number(m[9]) }
  return { kind: 'note', sheet: m[11] as SheetId, row: m[12] as RowId, gen: Number(m[13]) }
}

/** Documents that only the server writes; for every client they are read-only. */
export const isServerWritten = (name: DocumentName): boolean => name.kind === 'sys' || name.kind === 'base' || name.kind === 'annotations'

/** A person's (or the server's) edit of one cell, as it stands in `edits.cells`. */
export interface Entry {
  readonly value: CellValue
  /** The baseline when the cell was first staged, carried over when the entry is edited again. */
  readonly base: CellValue
  /** When and by whom, as the writer claims; the log knows the true author. ms since 1970. */
  readonly at: number
  readonly by: string
  /** Set on an entry the server wrote: the item it stands for. Such an entry is nobody's edit. */
  readonly standsFor?: ItemId
}

/** An entry carries its cell, so that an update can be read without the document (a later set of a key does not name the key). */
export type PackedEntry = readonly [cell: string, value: CellValue, base: CellValue, at: number, by: string, standsFor?: string]

/** Where a packed entry says what it stands for. */
export const STANDS_FOR = 5

export const packEntry = (cell: CellKey, entry: Entry): PackedEntry =>
  entry.standsFor === undefined
    ? [cell, entry.value, entry.base, entry.at, entry.by]
    : [cell, entry.value, entry.base, entry.at, entry.by, entry.standsFor]

const ITEM_ID = /^\d+:\d+$/

/** Reads an entry; `undefined` where a foreign client wrote something else. Too long a text is cut by nobody: it is not an entry. */
export function parseEntry(packed: unknown, cell: string): Entry | undefined {
  if (!Array.isArray(packed) || packed[0] !== cell) return undefined
  const [, value, base, at, by, standsFor] = packed as unknown[]
  if (!isCellValue(value) || !isCellValue(base) || typeof at !== 'number' || typeof by !== 'string') return undefined
  if (typeof value === 'string' && value.length > MAX_TEXT_LENGTH) return undefined
  if (standsFor === undefined || standsFor === null) return { value, base, at, by }
  if (typeof standsFor !== 'string' || !ITEM_ID.test(standsFor)) return undefined
  return { value, base, at, by, standsFor: standsFor as ItemId }
}

/** Edited: the value is not the entry's own base. Putting back writes value = base. */
export const isEdited = (entry: Entry | undefined): entry is Entry => entry !== undefined && entry.value !== entry.base

/** One row of a base shard: what the app (or an import) last said, in slot order. */
export interface BaseRow {
  /** Arrival order within the sheet; a row that people moved has a key in `edits.order`. */
  readonly ord: number
  /** Connection → record id. */
  readonly records: Readonly<Record<string, string>>
  readonly values: readonly CellValue[]
}

export const packBaseRow = (row: BaseRow): string => JSON.stringify([row.ord, row.records, ...row.values])

/** @throws SyntaxError: base rows are written by the server alone, so a broken one is a broken store. */
export function parseBaseRow(packed: string): BaseRow {
  const [ord, records, ...values] = JSON.parse(packed) as [number, Record<string, string>, ...CellValue[]]
  return { ord, records, values }
}

/** The arrival order of a packed row, without decoding the rest of it. */
export const ordOfPacked = (packed: string): number => Number.parseInt(packed.slice(1), 10)

/** A tie of a row to a record that a person made (perhaps offline) and the server has yet to fill; `null` unlinks. */
export interface LinkRequest {
  readonly key: string | null
  readonly at: number
  readonly by: string
}

export const linkKey = (row: RowId, connection: ConnectionId): string => `${row}:${connection}`

const INTEGER_DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

/**
 * The fractional key of arrival order `ord` (0, 1, 2 …): the same the library would give the n-th appended row, so that keys between two
 * untouched rows can be made from it.
 */
export function orderKeyOf(ord: number): string {
  let n = ord
  let length = 1
  while (n >= 62 ** length) {
    n -= 62 ** length
    length++
  }
  let digits = ''
  for (let i = 0; i < length; i++) {
    digits = (INTEGER_DIGITS[n % 62] ?? '') + digits
    n = Math.floor(n / 62)
  }
  return String.fromCharCode('a'.charCodeAt(0) + length - 1) + digits
}

/** Longest integer part an order key may have: 62¹⁰ appended rows. */
const INTEGER_LIMIT = 12

/** Whether keys can be made before and after this one; a foreign client may write anything. */
export function isOrderKey(key: unknown): key is string {
  if (typeof key !== 'string' || key.length > 1_000 || !/^[A-Za-z][0-9A-Za-z]+$/.test(key)) return false
  const head = key.charCodeAt(0)
  const integer = key >= 'a' ? head - 'a'.charCodeAt(0) + 2 : 'Z'.charCodeAt(0) - head + 2
  return integer <= INTEGER_LIMIT && (key.length === integer || (key.length > integer && !key.endsWith('0')))
}
