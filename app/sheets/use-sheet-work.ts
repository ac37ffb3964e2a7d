import { useMemo } from 'react'
import type { SheetId } from '../../workbook/ids.ts'
import { UserOrigin } from '../../workbook/origin.ts'
import type { Sheet } from '../../workbook/sheet.ts'
import { editSheet, readSheets, type SheetEntry, sheetName, sheetOrderAfter, shownSheets } from '../../workbook/sheet-list.ts'
import { callApi, failureText } from '../api-client.ts'
import type { WorkbookSession } from '../collab/workbook-session.ts'
import { valuePart } from '../grid/undo-stack.ts'
import type { SheetEditing } from '../grid/use-sheet-editing.ts'
import { TEXTS } from '../texts.ts'

const T = TEXTS.sheets

/** What people do to the sheets of a workbook: each is one step that can be taken back. */
export interface SheetWork {
  rename(id: string, typed: string): void
  /** Puts a sheet behind another, in front of all where `after` is null. */
  place(id: string, after: string | null): void
  /** Puts a sheet one place to the left or right. */
  move(id: string, by: 1 | -1): void
  /** Makes a sheet behind another and shows it; a copy of that one where `isCopy`. */
  add(after: string, isCopy: boolean): Promise<void>
  remove(id: string): void
  restore(id: string): void
  canRemove(): boolean
}

export interface SheetWorkParts {
  readonly workbook: string
  readonly session: WorkbookSession
  /** Any sheet of the workbook. */
  readonly sheet: Sheet
  readonly editing: Pick<SheetEditing, 'pushStep'>
  readonly isOffline: boolean
  readonly openSheet: (id: string) => void
  readonly say: (text: string) => void
}

/** Names, places and deletions are written into the workbook's book, also without a network; a sheet itself is made by the server. */
export function useSheetWork({ workbook, session, sheet, editing, isOffline, openSheet, say }: SheetWorkParts): SheetWork {
  const { book } = sheet.docs
  return useMemo((): SheetWork => {
    const origin = (): UserOrigin => new UserOrigin(session.editor().by)
    const all = (): readonly SheetEntry[] => {
      const { sheets = [], removedSheets = [] } = session.snapshot().info ?? {}
      const known = new Set([...sheets, ...removedSheets].map(({ id }) => id))
      return readSheets(book).filter(({ id }) => known.has(id))
    }
    const shown = (): readonly SheetEntry[] => shownSheets(all())
    // Also one that a guest is not told of any more since it was deleted here.
    const find = (id: string): SheetEntry | undefined => readSheets(book).find((entry) => entry.id === id)

    /** Sets one attribute as a step. */
    function set<Key extends 'name' | 'order' | 'removed'>(
      id: string,
      key: Key,
      { before, after, onWritten }: { before: string | boolean; after: string | boolean; onWritten?: (value: string | boolean) => void },
    ): void {
      if (before === after) return
      const place = {
        read: (): string | boolean | undefined => {
          const found = find(id)
          return key === 'name' ? found?.name : key === 'order' ? found?.order : found?.isRemoved
        },
        write: (value: string | boolean | undefined): void => {
          if (value === undefined) return
          editSheet(book, id as SheetId, { [key]: value }, origin())
          onWritten?.(value)
        },
      }
      place.write(after)
      editing.pushStep({ parts: [valuePart<string | boolean | undefined>(place, before, after)] })
    }

    /** Shows a sheet that is back, and the neighbour of one that goes. */
    const follow = (id: string, isRemoved: boolean, neighbour: string | undefined): void => {
      if (!isRemoved) openSheet(id)
      else if (neighbour !== undefined && session.snapshot().open?.info.id === id) openSheet(neighbour)
    }
    const neighbourOf = (id: string): string | undefined => {
      const list = shown()
      const at = list.findIndex((entry) => entry.id === id)
      return (list[at + 1] ?? list[at - 1])?.id
    }
    const setRemoved = (id: string, isRemoved: boolean): void => {
      const neighbour = neighbourOf(id)
      set(id, 'removed', { before: !isRemoved, after: isRemoved, onWritten: (value) => follow(id, value === true, neighbour) })
    }

    const place = (id: string, after: string | null): void => {
      const found = find(id)
      if (found === undefined) return
      set(id, 'order', { before: found.order, after: sheetOrderAfter(all(), after, id) })
      const list = shown()
      say(T.moved(found.name, list.findIndex((entry) => entry.id === id) + 1, list.length))
    }

    return {
      rename: (id, typed) => {
        const found = find(id)
        const name = sheetName(typed)
        if (found === undefined || name === found.name) return
        if (name === undefined) return say(T.noName)
        const isTaken = shown().some((entry) => entry.id !== id && entry.name.toLowerCase() === name.toLowerCase())
        set(id, 'name', { before: found.name, after: name })
        say(isTaken ? T.taken(name) : T.renamed(name))
      },
      place,
      move: (id, by) => {
        const list = shown()
        const at = list.findIndex((entry) => entry.id === id)
        if (at < 0 || list[at + by] === undefined) return
        place(id, by === 1 ? (list[at + 1]?.id ?? null) : (list[at - 2]?.id ?? null))
      },
      add: async (after, isCopy) => {
        if (isOffline) return say(isCopy ? T.copyOffline : T.addOffline)
        const source = find(after)
        say(isCopy && source !== undefined ? T.copying(source.name) : T.adding)
        try {
          // What was typed a moment ago is part of a copy.
          if (isCopy) await session.flush()
          const made = await callApi('createSheet', { params: { id: workbook }, body: { after, ...(isCopy && { copyOf: after }) } })
          await session.refresh()
          openSheet(made.sheet.id)
          const step = {
            read: (): boolean | undefined => find(made.sheet.id)?.isRemoved,
            write: (isRemoved: boolean | undefined): void => {
              editSheet(book, made.sheet.id as SheetId, { removed: isRemoved === true }, origin())
              follow(made.sheet.id, isRemoved === true, after)
            },
          }
          editing.pushStep({ parts: [valuePart<boolean | undefined>(step, true, false)] })
          say(isCopy ? T.copied(made.sheet.name, made.rows) : T.added(made.sheet.name))
        } catch (error) {
          const { message, advice } = failureText(error)
          say(`${message} ${advice}`)
        }
      },
      remove: (id) => {
        const list = shown()
        const at = list.findIndex((entry) => entry.id === id)
        const found = list[at]
        if (found === undefined) return
        if (list.length < 2) return say(T.last)
        setRemoved(id, true)
        say(T.removed(found.name))
      },
      restore: (id) => {
        const found = find(id)
        if (found === undefined) return
        setRemoved(id, false)
        say(T.broughtBack(found.name))
      },
      canRemove: () => shown().length > 1,
    }
  }, [workbook, session, book, editing, isOffline, openSheet, say])
}
