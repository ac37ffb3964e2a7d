import { generateKeyBetween } from 'fractional-indexing'
import type * as Y from 'yjs'
import { bookSheets } from './documents.ts'
import type { SheetId } from './ids.ts'
import { isOrderKey } from './schema.ts'

/** A sheet as people named and placed it. */
export interface SheetEntry {
  readonly id: SheetId
  readonly name: string
  /** Fractional key: the tabs' order. */
  readonly order: string
  /** Deleted: it and everything in it is kept, and can be brought back. */
  readonly isRemoved: boolean
}

/** What people set of a sheet; each is a key of its own, so that two people who change two of them both win. */
export interface SheetEdit {
  readonly name?: string
  readonly order?: string
  readonly removed?: boolean
}

export const SHEET_NAME_LIMIT = 120
/** What a guest is answered who asks for a deleted sheet. */
export const SHEET_DELETED = 'This sheet was deleted.'

const SHEET_ID = /^[0-9A-Za-z]{1,32}$/u
/** Of a sheet that nobody has placed. */
const FIRST_ORDER = 'a0'

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** A sheet's name without what is not seen and spaces around it; `undefined` where nothing is left. */
export function sheetName(typed: string): string | undefined {
  const name = typed
    .replaceAll(/\p{C}+/gu, ' ')
    .trim()
    .slice(0, SHEET_NAME_LIMIT)
    .trim()
  return name === '' ? undefined : name
}

/** All sheets that the book knows, in the order of the tabs, deleted ones too. A foreign client may write anything: what is no name is none. */
export function readSheets(book: Y.Doc): readonly SheetEntry[] {
  const map = bookSheets(book)
  const sheets: SheetEntry[] = []
  for (const [key, name] of map.entries()) {
    if (!key.endsWith('.name')) continue
    const id = key.slice(0, -'.name'.length)
    if (!SHEET_ID.test(id) || typeof name !== 'string') continue
    const order = map.get(`${id}.order`)
    sheets.push({
      id: id as SheetId,
      name: sheetName(name) ?? 'Sheet',
      order: isOrderKey(order) ? order : FIRST_ORDER,
      isRemoved: map.get(`${id}.removed`) === true,
    })
  }
  return sheets.sort((a, b) => compareText(a.order, b.order) || compareText(a.id, b.id))
}

/**
 * The sheets that are shown. A workbook has one at least: where two people have each deleted the other's last one, the first of them stays.
 */
export function shownSheets<Entry extends Pick<SheetEntry, 'isRemoved'>>(sheets: readonly Entry[]): readonly Entry[] {
  const shown = sheets.filter((sheet) => !sheet.isRemoved)
  return shown.length > 0 ? shown : sheets.slice(0, 1)
}

/** Sets some attributes of a sheet; what is as it was is not written. */
export function editSheet(book: Y.Doc, id: SheetId, edit: SheetEdit, origin: unknown): void {
  const map = bookSheets(book)
  book.transact(() => {
    for (const [attribute, value] of Object.entries(edit)) if (map.get(`${id}.${attribute}`) !== value) map.set(`${id}.${attribute}`, value)
  }, origin)
}

/** Calls `listener` after each change of a sheet's name, place or deletion. Returns the way to stop. */
export function watchSheets(book: Y.Doc, listener: () => void): () => void {
  const map = bookSheets(book)
  map.observe(listener)
  return () => map.unobserve(listener)
}

/**
 * The order key of a place behind a sheet, in front of all where `after` is null. Sheets that share a key are ordered by id: one that is put
 * between two of them goes behind both.
 */
export function sheetOrderAfter(sheets: readonly Pick<SheetEntry, 'id' | 'order'>[], after: string | null, moving?: string): string {
  const others = sheets.filter(({ id }) => id !== moving)
  const at = after === null ? -1 : others.findIndex(({ id }) => id === after)
  const low = at < 0 ? null : (others[at]?.order ?? null)
  const high = others.slice(at + 1).find(({ order }) => low === null || order > low)?.order ?? null
  return generateKeyBetween(low, high)
}

/** A name that no other sheet has: `Sheet 2`, `Copy of Plan`, `Copy of Plan 2`. */
export function freeSheetName(sheets: readonly Pick<SheetEntry, 'name'>[], wanted: string): string {
  const taken = new Set(sheets.map(({ name }) => name.toLowerCase()))
  const base = wanted.slice(0, SHEET_NAME_LIMIT - 5)
  let name = base
  for (let n = 2; taken.has(name.toLowerCase()); n++) name = `${base} ${n}`
  return name
}

/** `Sheet 1`, `Sheet 2` …: the first of them that is free. */
export function nextSheetName(sheets: readonly Pick<SheetEntry, 'name'>[]): string {
  const taken = new Set(sheets.map(({ name }) => name.toLowerCase()))
  let n = 1
  while (taken.has(`sheet ${n}`)) n++
  return `Sheet ${n}`
}

/** The keys of the list of sheets that a transaction has set: `<sheet>.<attribute>`. */
export function changedSheetKeys(transaction: Y.Transaction): readonly string[] {
  const keys = transaction.changed.get(bookSheets(transaction.doc) as never)
  return [...(keys ?? [])].filter((key) => key !== null)
}

/** Gives sheets of workbooks that are older than an order of sheets one, in the order they are given in. */
export function orderSheets(book: Y.Doc, rows: readonly { readonly id: SheetId }[], origin: unknown): void {
  const known = readSheets(book)
  if (known.length < 2 || new Set(known.map(({ order }) => order)).size === known.length) return
  const map = bookSheets(book)
  const isPlaced = ({ id }: { readonly id: SheetId }): boolean => map.get(`${id}.order`) !== undefined
  book.transact(() => {
    for (const row of rows.filter((one) => !isPlaced(one) && known.some(({ id }) => id === one.id))) {
      const placed = readSheets(book).filter(isPlaced)
      editSheet(book, row.id, { order: sheetOrderAfter(placed, placed.at(-1)?.id ?? null) }, origin)
    }
  }, origin)
}
