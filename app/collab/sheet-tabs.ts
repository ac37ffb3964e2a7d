import { type SheetEntry, shownSheets } from '../../workbook/sheet-list.ts'
import type { SheetInfo } from './session-state.ts'

/** The sheets of a workbook as they are named and placed here at this moment. */
export interface SheetTabs {
  /** In the order of their tabs. */
  readonly sheets: readonly SheetInfo[]
  /** Deleted ones, which can be brought back. */
  readonly removed: readonly SheetInfo[]
  /** A sheet of the book that the server's description does not name yet: it was made, or brought back, since. */
  readonly unknown: readonly string[]
}

/**
 * Names, order and deletions are the book's, which is here without a network, too; which sheets there are and where their documents are is
 * the server's to say.
 */
export function sheetTabs(entries: readonly SheetEntry[], told: readonly SheetInfo[], toldRemoved: readonly SheetInfo[]): SheetTabs {
  const known = new Map([...toldRemoved, ...told].map((sheet) => [sheet.id, sheet]))
  const listed = entries.filter(({ id }) => known.has(id))
  // The book is not here yet, or not all of it.
  if (listed.length === 0) return { sheets: told, removed: toldRemoved, unknown: [] }
  const shown = new Set(shownSheets(listed).map(({ id }) => id))
  const named = (isShown: boolean): readonly SheetInfo[] =>
    listed.flatMap(({ id, name }) => {
      const sheet = known.get(id)
      return sheet === undefined || shown.has(id) !== isShown ? [] : [sheet.name === name ? sheet : { ...sheet, name }]
    })
  return {
    sheets: named(true),
    removed: named(false),
    unknown: entries.flatMap(({ id, isRemoved }) => (known.has(id) || isRemoved ? [] : [id])),
  }
}
