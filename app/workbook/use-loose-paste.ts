import { type RefObject, useEffect, useRef } from 'react'

/** What becomes of a paste that no cell takes, because none is selected. */
export type LoosePaste = 'nothing' | 'refused' | 'import' | 'new-rows' | 'no-cell'

export interface LooseFacts {
  readonly text: string
  /** The sheet has no rows. */
  readonly isEmpty: boolean
  readonly mayEdit: boolean
  /** Whether a file could be imported now: by a member, with the server. */
  readonly mayImport: boolean
}

/**
 * A table pasted into an empty sheet is read as a file is, with its columns' names and types; where that is not possible, and for a single
 * value, it makes rows. Where there are rows it has to be said which cell is meant.
 */
export function loosePaste({ text, isEmpty, mayEdit, mayImport }: LooseFacts): LoosePaste {
  if (text.trim() === '') return 'nothing'
  if (!mayEdit) return 'refused'
  if (!isEmpty) return 'no-cell'
  return mayImport && /[\t\n]/u.test(text.trim()) ? 'import' : 'new-rows'
}

/** Hears of a paste where nothing has the focus, or an empty grid has it; `onPaste` gets its text. */
export function useLoosePaste(area: RefObject<HTMLElement | null>, onPaste: ((text: string) => void) | undefined): void {
  const latest = useRef(onPaste)
  useEffect(() => {
    latest.current = onPaste
  })
  useEffect(() => {
    const listen = (event: ClipboardEvent): void => {
      // By where the focus is: browsers differ in what they send the event to.
      const focused = document.activeElement
      if (event.defaultPrevented || latest.current === undefined || !(focused instanceof HTMLElement)) return
      const isTyping = focused.isContentEditable || focused.matches('input, textarea, select')
      const isHere = focused === document.body || (area.current?.contains(focused) === true && !focused.matches('[role=gridcell]'))
      if (isTyping || !isHere) return
      event.preventDefault()
      latest.current(event.clipboardData?.getData('text/plain') ?? '')
    }
    document.addEventListener('paste', listen)
    return () => document.removeEventListener('paste', listen)
  }, [area])
}
