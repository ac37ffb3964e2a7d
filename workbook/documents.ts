import * as Y from 'yjs'
import type { Annotation } from './annotations.ts'
import { type CellKey, type ItemId, itemId, parseItemId, type RowId } from './ids.ts'
import { type Entry, type LinkRequest, type PackedEntry, parseEntry, STANDS_FOR } from './schema.ts'

/** The documents one sheet is made of. `base` grows by a shard at a time. */
export interface SheetDocs {
  readonly book: Y.Doc
  readonly sys: Y.Doc
  readonly edits: Y.Doc
  readonly annotations: Y.Doc
  readonly base: readonly Y.Doc[]
}

// The named maps of each document: every access in the program goes through these.
export const bookMeta = (book: Y.Doc): Y.Map<unknown> => book.getMap('meta')
export const bookSheets = (book: Y.Doc): Y.Map<unknown> => book.getMap('sheets')
export const bookFields = (book: Y.Doc): Y.Map<unknown> => book.getMap('fields')
export const bookViews = (book: Y.Doc): Y.Map<unknown> => book.getMap('views')
export const sysGenerations = (sys: Y.Doc): Y.Map<number> => sys.getMap('gen')
export const sysSlots = (sys: Y.Doc): Y.Map<number> => sys.getMap('slots')
export const sysShards = (sys: Y.Doc): Y.Map<number> => sys.getMap('shards')
export const sysBindings = (sys: Y.Doc): Y.Map<unknown> => sys.getMap('bindings')
export const sysAccepted = (sys: Y.Doc): Y.Map<unknown> => sys.getMap('accepted')
export const editCellsMap = (edits: Y.Doc): Y.Map<PackedEntry> => edits.getMap('cells')
export const editRowsMap = (edits: Y.Doc): Y.Map<unknown> => edits.getMap('rows')
export const editOrderMap = (edits: Y.Doc): Y.Map<string> => edits.getMap('order')
export const editLinksMap = (edits: Y.Doc): Y.Map<LinkRequest> => edits.getMap('links')
export const editResolutionsMap = (edits: Y.Doc): Y.Map<unknown> => edits.getMap('resolutions')
export const annotationsMap = (annotations: Y.Doc): Y.Map<Annotation> => annotations.getMap('annotations')

/** Epoch number → map of row id → packed row. Only the server makes epochs; the highest is the one in force. */
export const baseEpochs = (base: Y.Doc): Y.Map<Y.Map<string>> => base.getMap('e')

/** The number of the epoch in force; −1 in an empty shard. */
export function epochOf(base: Y.Doc): number {
  let latest = -1
  // Asked for every row that is read: the iterators of Yjs cost several times the map's own.
  for (const [key, item] of baseEpochs(base)._map) if (!item.deleted) latest = Math.max(latest, Number(key))
  return latest
}

/** The epoch map in force; `undefined` in an empty shard. */
export function currentEpoch(base: Y.Doc): Y.Map<string> | undefined {
  const latest = epochOf(base)
  return latest < 0 ? undefined : baseEpochs(base).get(String(latest))
}

/** A shard's rows by id, packed. */
export function* packedRows(base: Y.Doc): Generator<[RowId, string]> {
  for (const [row, packed] of currentEpoch(base)?.entries() ?? []) yield [row as RowId, packed]
}

/** The last id of an item: with several values merged into one item, the one that counts is the last. */
export const lastIdOf = (item: Y.Item): ItemId => itemId(item.id.client, item.id.clock + item.length - 1)

/** The value an item carries, the last where several were merged; `undefined` once its content was collected. */
export function contentOf(item: Y.Item): unknown {
  if (item.content instanceof Y.ContentDeleted) return undefined
  return item.content.getContent()[item.length - 1]
}

/** Every well-formed entry an item carries, oldest first: one, or several typed in a row that Yjs has merged into one item. */
export function entriesOf(item: Y.Item, key: CellKey): { readonly entry: Entry; readonly item: ItemId }[] {
  if (item.content instanceof Y.ContentDeleted) return []
  return item.content.getContent().flatMap((content, i) => {
    const entry = parseEntry(content, key)
    return entry === undefined ? [] : [{ entry, item: itemId(item.id.client, item.id.clock + i) }]
  })
}

/**
 * For `gcFilter` of the server's edits documents: the content of entries the server wrote again is kept after they are replaced, so that
 * a late edit on top of one is known to have seen what it stands for, also after a restart.
 */
export function isCollectable(item: Y.Item): boolean {
  if (!(item.content instanceof Y.ContentAny)) return true
  return !item.content.getContent().some((content) => Array.isArray(content) && typeof content[STANDS_FOR] === 'string')
}

/** The item that stands under a key, live ones only. */
export function liveItem(map: Y.Map<PackedEntry>, key: CellKey): Y.Item | undefined {
  const item = map._map.get(key)
  return item === undefined || item.deleted ? undefined : item
}

/** A cell's entry and the item that carries it; what is malformed is no entry. */
export function readEntry(edits: Y.Doc, key: CellKey): { entry: Entry; item: ItemId } | undefined {
  const item = liveItem(editCellsMap(edits), key)
  if (item === undefined) return undefined
  const entry = parseEntry(contentOf(item), key)
  return entry === undefined ? undefined : { entry, item: lastIdOf(item) }
}

/**
 * Whether `item` was made by someone who had seen `target`: the same client later, or `target` in its origin chain. Who has seen an entry
 * that the server wrote has seen what it stands for (`standIn`), and who has seen that has seen as much of the cell's value.
 * Merged items stand for a range of clocks; collected ones end the chain.
 */
export function itemHasSeen(
  store: Y.Doc['store'],
  item: { readonly id: Y.ID; readonly origin: Y.ID | null },
  target: ItemId,
  standIn: ReadonlyMap<ItemId, ItemId> = NO_STAND_INS,
): boolean {
  const original = standIn.get(target)
  const targets = [parseItemId(target), ...(original === undefined ? [] : [parseItemId(original)])]
  const isSeen = (id: Y.ID): boolean => targets.some((t) => t.client === id.client && id.clock >= t.clock)
  let at: Y.ID | null = item.id
  let struct: { origin: Y.ID | null } = item
  for (;;) {
    if (isSeen(at)) return true
    const replaced = standIn.get(itemId(at.client, at.clock))
    if (replaced !== undefined && isSeen(idOf(replaced))) return true
    at = struct.origin
    if (at === null) return false
    const next: Y.AbstractStruct = Y.getItem(store, at)
    if (!(next instanceof Y.Item)) return false
    struct = next
  }
}

const NO_STAND_INS: ReadonlyMap<ItemId, ItemId> = new Map()

const idOf = (id: ItemId): Y.ID => {
  const { client, clock } = parseItemId(id)
  return Y.createID(client, clock)
}
