import { type Ref, type RefObject, useCallback, useRef } from 'react'
import type { CellId, SheetHandle } from '../grid/sheet-handle.ts'

export interface UsedHandle {
  /** The layout that is shown; empty while its code is on its way. */
  readonly shown: RefObject<SheetHandle | null>
  /** For the layout itself. */
  readonly attach: Ref<SheetHandle>
  /** Gives a cell the focus in the next frame, or as soon as a layout is there. */
  readonly arriveAt: (cell: CellId) => void
}

/** What the page asks of the layout that is shown, whichever it is. */
export function useSheetHandle(): UsedHandle {
  const shown = useRef<SheetHandle | null>(null)
  const due = useRef<CellId>(undefined)
  const arrive = useCallback((): void => {
    const cell = due.current
    if (cell === undefined || shown.current === null) return
    due.current = undefined
    shown.current.goTo(cell)
  }, [])
  const attach = useCallback(
    (handle: SheetHandle | null): void => {
      shown.current = handle
      if (handle !== null && due.current !== undefined) requestAnimationFrame(arrive)
    },
    [arrive],
  )
  const arriveAt = useCallback(
    (cell: CellId): void => {
      due.current = cell
      // The sheet may be behind a dialog that is closing: wait until it can take the focus.
      requestAnimationFrame(arrive)
    },
    [arrive],
  )
  return { shown, attach, arriveAt }
}
