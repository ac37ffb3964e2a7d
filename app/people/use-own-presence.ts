import { type FormEvent, type RefObject, useCallback, useEffect } from 'react'
import type { FieldId, RowId } from '../../workbook/ids.ts'
import type { PeerRange } from '../collab/presence.ts'
import type { WorkbookSession } from '../collab/workbook-session.ts'
import type { KeptRange } from '../grid/grid.tsx'

const TOUCHES = ['pointerdown', 'pointermove', 'keydown', 'wheel', 'focusin'] as const

export interface OwnPresenceProps {
  readonly session: WorkbookSession
  /** The whole screen: whatever is touched in it is a sign of life. */
  readonly root: RefObject<HTMLElement | null>
  readonly isEditing: boolean
}

/** Tells others what is selected and typed in this window, and that somebody is at it. */
export function useOwnPresence({ session, root, isEditing }: OwnPresenceProps): {
  readonly onRanges: (ranges: readonly KeptRange[]) => void
  /** For the element around the grid: editors report here from wherever they are drawn. */
  readonly onInput: (event: FormEvent) => void
} {
  const { presence } = session
  useEffect(() => {
    const element = root.current
    if (element === null) return
    const touch = (): void => presence.touch()
    for (const name of TOUCHES) element.addEventListener(name, touch, { passive: true })
    return () => {
      for (const name of TOUCHES) element.removeEventListener(name, touch)
    }
  }, [presence, root])

  useEffect(() => {
    if (!isEditing) return
    // What opened the editor stands in it already, without an event of its own.
    const frame = requestAnimationFrame(() => {
      const typed = editorText(document.activeElement)
      if (typed !== undefined) presence.setLiveText(typed)
    })
    return () => cancelAnimationFrame(frame)
  }, [presence, isEditing])

  const onRanges = useCallback(
    (ranges: readonly KeptRange[]): void => {
      const isOneCell = ranges.length === 1 && ranges[0]?.from.join() === ranges[0]?.to.join()
      presence.setRanges(isOneCell ? [] : ranges.map(({ from, to }) => rangeOf(from, to)))
    },
    [presence],
  )
  const onInput = useCallback(
    (event: FormEvent): void => {
      const typed = editorText(event.target)
      if (isEditing && typed !== undefined) presence.setLiveText(typed)
    },
    [presence, isEditing],
  )
  return { onRanges, onInput }
}

function rangeOf([fromRow, fromField]: readonly [RowId, FieldId], [toRow, toField]: readonly [RowId, FieldId]): PeerRange {
  return { fromRow, fromField, toRow, toField }
}

/** What stands in a text editor; a list or a calendar has no text of its own that is being typed. */
function editorText(target: unknown): string | undefined {
  if (target instanceof HTMLTextAreaElement) return target.value
  return target instanceof HTMLInputElement && target.type !== 'checkbox' && target.type !== 'search' ? target.value : undefined
}
