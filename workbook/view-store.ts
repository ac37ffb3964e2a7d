import { generateKeyBetween } from 'fractional-indexing'
import type * as Y from 'yjs'
import { bookViews } from './documents.ts'
import type { SheetId } from './ids.ts'
import { isOrderKey } from './schema.ts'
import { isSameAttribute, type NamedView, PLAIN_VIEW, parseConfig, type ViewConfig } from './view.ts'

/** What people set of a shared view. */
export interface ViewEdit extends Partial<ViewConfig> {
  readonly name?: string
  readonly order?: string
  readonly removed?: boolean
}

const HIDDEN = 'hidden.'
const NAME_LIMIT = 120

/** The view every sheet has without anybody making it: it is named after the sheet. */
export const plainViewId = (sheet: SheetId): string => sheet

/** The shared views of a sheet, in their order; the plain one is always among them, first until it is moved. */
export function readViews(book: Y.Doc, sheet: SheetId, plainName: string): readonly NamedView[] {
  const stored = new Map<string, Record<string, unknown>>([[plainViewId(sheet), { sheet, name: plainName, order: 'a0' }]])
  for (const [key, value] of bookViews(book).entries()) {
    const dot = key.indexOf('.')
    if (dot < 1) continue
    const id = key.slice(0, dot)
    const values = stored.get(id) ?? {}
    const attribute = key.slice(dot + 1)
    if (!attribute.startsWith(HIDDEN)) values[attribute] = value
    else values.hidden = { ...(values.hidden as Record<string, unknown> | undefined), [attribute.slice(HIDDEN.length)]: value === true }
    stored.set(id, values)
  }
  const views: NamedView[] = []
  for (const [id, values] of stored) {
    if (values.sheet !== sheet || (values.removed === true && id !== plainViewId(sheet))) continue
    const { config } = parseConfig(values)
    views.push({
      id,
      sheet,
      name: typeof values.name === 'string' && values.name.trim() !== '' ? values.name.slice(0, NAME_LIMIT) : plainName,
      order: isOrderKey(values.order) ? values.order : 'a1',
      isPersonal: false,
      config: { ...PLAIN_VIEW, ...config },
    })
  }
  return views.sort((a, b) => (a.order < b.order ? -1 : a.order > b.order ? 1 : a.id < b.id ? -1 : 1))
}

/** Calls `listener` after each change of a shared view. Returns the way to stop. */
export function watchViews(book: Y.Doc, listener: () => void): () => void {
  const map = bookViews(book)
  map.observe(listener)
  return () => map.unobserve(listener)
}

/** Sets some attributes of a shared view, each under a key of its own; what is as it was is not written. */
export function editView(book: Y.Doc, { id, sheet }: { id: string; sheet: SheetId }, edit: ViewEdit, origin: unknown): void {
  const map = bookViews(book)
  const set = (attribute: string, value: unknown): void => {
    const key = `${id}.${attribute}`
    if (!isSameAttribute(map.get(key), value)) map.set(key, value)
  }
  book.transact(() => {
    set('sheet', sheet)
    for (const [attribute, value] of Object.entries(edit)) {
      if (attribute !== 'hidden') set(attribute, value ?? null)
      else for (const [field, isHidden] of Object.entries(edit.hidden ?? {})) set(HIDDEN + field, isHidden)
    }
  }, origin)
}

/** An order key between two views; at the end where there is none to the right. */
export function orderBetween(left: NamedView | undefined, right: NamedView | undefined): string {
  const low = left?.order ?? null
  // Two that were made offline may share a key.
  const high = right !== undefined && (low === null || right.order > low) ? right.order : null
  return generateKeyBetween(low, high)
}
