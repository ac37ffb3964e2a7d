import { useCallback, useEffect, useRef } from 'react'
import type { WorkbookInfo } from '../collab/session-state.ts'
import type { WorkbookSession } from '../collab/workbook-session.ts'
import { TEXTS } from '../texts.ts'
import { parseAddress, sheetAddress } from './address.ts'

const T = TEXTS.sheets

export interface OpenSheetParts {
  readonly session: WorkbookSession
  readonly info: WorkbookInfo
  /** The sheet that is shown. */
  readonly open: string
  /** Something is being typed into a cell of it. */
  readonly isEditing: boolean
  readonly say: (text: string) => void
}

/** Shows a sheet and says so in the address: Back leads to the one before. A sheet that is deleted by somebody else is left for its neighbour. */
export function useOpenSheet({ session, info, open, isEditing, say }: OpenSheetParts): (id: string) => void {
  const workbook = info.id
  const openSheet = useCallback(
    (id: string): void => {
      const { open: shown } = session.snapshot()
      if (shown?.info.id === id) return
      window.history.pushState(null, '', sheetAddress(window.location.href, { workbook, sheet: id }))
      void session.openSheet(id)
    },
    [session, workbook],
  )

  useEffect(() => {
    session.presence.setSheet(open)
  }, [session, open])

  const { sheets } = info
  useEffect(() => {
    const follow = (): void => {
      const address = parseAddress(window.location)
      const wanted = address?.workbook === workbook ? (address.sheet ?? sheets[0]?.id) : undefined
      if (wanted !== undefined) void session.openSheet(wanted)
    }
    window.addEventListener('popstate', follow)
    return () => window.removeEventListener('popstate', follow)
  }, [session, workbook, sheets])

  // The neighbour of a sheet that goes is told by the list before.
  const before = useRef(sheets)
  useEffect(() => {
    const known = before.current
    if (sheets.some(({ id }) => id === open)) {
      before.current = sheets
      return
    }
    // What is being typed there is finished first.
    if (isEditing) return
    const at = known.findIndex(({ id }) => id === open)
    const isShown = (id: string | undefined): boolean => sheets.some((sheet) => sheet.id === id)
    const next = [...known.slice(at + 1), ...known.slice(0, Math.max(0, at)).reverse(), ...sheets].find(({ id }) => isShown(id))
    before.current = sheets
    if (next === undefined) return
    window.history.replaceState(null, '', sheetAddress(window.location.href, { workbook, sheet: next.id }))
    void session.openSheet(next.id)
    const gone = info.removedSheets.find(({ id }) => id === open)
    if (gone !== undefined) say(T.removedByOther(gone.name, next.name))
  }, [session, workbook, sheets, open, isEditing, info.removedSheets, say])

  return openSheet
}
