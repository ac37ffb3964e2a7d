import { type KeyboardEvent, type RefObject, useEffect, useLayoutEffect, useRef, useState } from 'react'
import { Popover } from 'react-aria-components'
import type { CellValue } from '../../../workbook/cell-value.ts'
import { editTextOf, type ValueFormats } from '../../../workbook/field-values.ts'
import type { Field } from '../../../workbook/fields.ts'
import type { Move } from '../grid-model.ts'
import { readTyped } from './read-typed.ts'

export interface EditorProps {
  readonly field: Field
  readonly value: CellValue
  /** What the person typed to begin, which replaces the value; absent where they asked to edit it. */
  readonly typed: string | undefined
  readonly formats: ValueFormats
  /** `undefined` where the person changed nothing: the cell keeps what it holds now, which others may have written meanwhile. */
  readonly onCommit: (value: CellValue | undefined, then: Move | undefined) => void
  readonly onCancel: () => void
  /** How the grid asks an open editor to finish before the focus goes elsewhere; answers whether it could. */
  readonly commitRef: RefObject<(() => boolean) | undefined>
}

const DOWN: Move = { kind: 'step', rows: 1, columns: 0 }
const UP: Move = { kind: 'step', rows: -1, columns: 0 }

/** Text as it is typed, and what is wrong with it once the person tries to leave. */
export function useTyped({ field, value, typed, formats, onCommit, commitRef }: EditorProps) {
  const [opened] = useState(() => ({ value, text: editTextOf(field, value, formats), isReplacing: typed !== undefined }))
  const [text, setText] = useState(typed ?? opened.text)
  const [error, setError] = useState<string>()
  const commit = (then: Move | undefined, from = text): boolean => {
    const read = readTyped(field, from, opened, formats)
    if (read?.ok === false) {
      setError(read.error)
      return false
    }
    onCommit(read?.value, then)
    return true
  }
  useEffect(() => {
    commitRef.current = () => commit(undefined)
    return () => {
      commitRef.current = undefined
    }
  })
  const change = (next: string): void => {
    setText(next)
    setError(undefined)
  }
  return { text, change, error, commit }
}

export function useFocusedAtEnd<T extends HTMLInputElement | HTMLTextAreaElement>(): RefObject<T | null> {
  const ref = useRef<T>(null)
  useLayoutEffect(() => {
    const element = ref.current
    element?.focus({ preventScroll: true })
    element?.setSelectionRange(element.value.length, element.value.length)
  }, [])
  return ref
}

/** Where Enter and Tab lead from an editor. */
export function leaveKey(event: KeyboardEvent): Move | undefined {
  if (event.nativeEvent.isComposing) return undefined
  if (event.key === 'Enter') return event.shiftKey ? UP : DOWN
  return event.key === 'Tab' ? { kind: 'next', direction: event.shiftKey ? -1 : 1 } : undefined
}

/** Stands below the editor, or where there is room for it. */
export function EditorError({ id, error, anchor }: { id: string; error: string | undefined; anchor: RefObject<HTMLElement | null> }) {
  if (error === undefined) return null
  return (
    <Popover
      triggerRef={anchor}
      isOpen
      isNonModal
      shouldCloseOnInteractOutside={() => false}
      placement="bottom start"
      offset={4}
      className="popover max-w-72! border-bad! px-2.5 py-1.5 text-xs text-bad"
    >
      <span id={id} role="alert">
        {error}
      </span>
    </Popover>
  )
}

export const ERROR_ID = 'cell-editor-error'
