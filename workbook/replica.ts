import * as Y from 'yjs'
import type { CellValue } from './cell-value.ts'
import { type FieldId, parseCellKey, type RowId } from './ids.ts'
import { parseEntry } from './schema.ts'

/** Most updates in one transaction: observers run once for each, and one of any size would hold the screen. */
const UPDATES_PER_TRANSACTION = 1_000

/** Takes updates into a document, in any order and however often. */
export function applyUpdates(doc: Y.Doc, updates: readonly Uint8Array[], origin: unknown): void {
  for (let start = 0; start < updates.length; start += UPDATES_PER_TRANSACTION) {
    const some = updates.slice(start, start + UPDATES_PER_TRANSACTION)
    const apply = (): void => {
      for (const update of some) Y.applyUpdate(doc, update, origin)
    }
    // Not local: nothing of it was made in this window.
    Y.transact(doc, apply, origin, false)
  }
}

/** Everything a document holds, as one update. */
export const stateOf = (doc: Y.Doc): Uint8Array => Y.encodeStateAsUpdate(doc)

/** Whether nothing is missing in between: an update that stands on one which never came waits unseen. */
export const isWhole = (doc: Y.Doc): boolean => doc.store.pendingStructs === null && doc.store.pendingDs === null

/** A few updates as one. */
export const mergeUpdates = (updates: readonly [Uint8Array, ...Uint8Array[]]): Uint8Array =>
  updates.length === 1 ? updates[0] : Y.mergeUpdates([...updates])

/** A cell as somebody typed it, read from an update without its document. */
export interface TypedCell {
  readonly row: RowId
  readonly field: FieldId
  readonly value: CellValue
  /** What the connected app held when the cell was first typed over. */
  readonly base: CellValue
  /** ms since 1970. */
  readonly at: number
}

/** The cells that updates set, the last value of each, in the order they were first typed. `others`: updates that set no cell. */
export function typedCells(updates: readonly Uint8Array[]): { readonly cells: readonly TypedCell[]; readonly others: number } {
  const cells = new Map<string, TypedCell>()
  let others = 0
  for (const update of updates) {
    const found = cellsIn(update)
    if (found.length === 0) others++
    for (const cell of found) cells.set(`${cell.row}:${cell.field}`, cell)
  }
  return { cells: [...cells.values()], others }
}

function cellsIn(update: Uint8Array): readonly TypedCell[] {
  const cells: TypedCell[] = []
  for (const struct of Y.decodeUpdate(update).structs) {
    if (!(struct instanceof Y.Item) || !(struct.content instanceof Y.ContentAny)) continue
    for (const content of struct.content.getContent()) {
      const key: unknown = Array.isArray(content) ? content[0] : undefined
      const place = typeof key === 'string' ? parseCellKey(key) : undefined
      const entry = typeof key === 'string' ? parseEntry(content, key) : undefined
      if (place !== undefined && entry !== undefined) cells.push({ ...place, value: entry.value, base: entry.base, at: entry.at })
    }
  }
  return cells
}
