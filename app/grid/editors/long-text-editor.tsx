import { type KeyboardEvent, useRef } from 'react'
import { Popover } from 'react-aria-components'
import { MAX_TEXT_LENGTH } from '../../../workbook/cell-value.ts'
import { TEXTS } from '../../texts.ts'
import { type EditorProps, ERROR_ID, leaveKey, useFocusedAtEnd, useTyped } from './editing.tsx'

/** From here on the letters are counted. */
const NEARLY_FULL = MAX_TEXT_LENGTH * 0.9

/** Several lines, in a box over the cell that grows with them. */
export function LongTextEditor(props: EditorProps) {
  const anchor = useRef<HTMLSpanElement>(null)
  return (
    <span ref={anchor} className="flex size-full items-center overflow-hidden px-2.5 outline-2 -outline-offset-2 outline-tide">
      <Popover
        triggerRef={anchor}
        isOpen
        isNonModal
        shouldCloseOnInteractOutside={() => false}
        placement="bottom start"
        offset={-31}
        className="popover w-[min(380px,90vw)] p-1"
      >
        <LongText {...props} />
      </Popover>
    </span>
  )
}

function LongText(props: EditorProps) {
  const { field, onCancel } = props
  const { text, change, error, commit } = useTyped(props)
  const ref = useFocusedAtEnd<HTMLTextAreaElement>()
  const onKeyDown = (event: KeyboardEvent): void => {
    event.stopPropagation()
    if (event.key === 'Escape') {
      onCancel()
      return
    }
    if (event.key === 'Enter' && event.altKey) {
      event.preventDefault()
      const { selectionStart, selectionEnd } = event.target as HTMLTextAreaElement
      change(`${text.slice(0, selectionStart)}\n${text.slice(selectionEnd)}`)
      return
    }
    const then = event.key === 'Enter' && event.shiftKey ? undefined : leaveKey(event)
    if (then === undefined) return
    event.preventDefault()
    commit(then)
  }
  return (
    <span className="grid gap-1">
      <textarea
        ref={ref}
        rows={6}
        aria-label={TEXTS.editor.label(field.name)}
        aria-invalid={error !== undefined}
        aria-describedby={error === undefined ? undefined : ERROR_ID}
        dir="auto"
        className="input max-h-[50vh] min-h-32 resize-y whitespace-pre-wrap [field-sizing:content]"
        value={text}
        onChange={(event) => change(event.target.value)}
        onKeyDown={onKeyDown}
        onBlur={() => commit(undefined)}
      />
      <span className="hint flex px-1">
        <span className="flex-1">{TEXTS.editor.longTextHint}</span>
        {text.length > NEARLY_FULL && <span>{TEXTS.fields.letters(text.length, MAX_TEXT_LENGTH)}</span>}
      </span>
      {error !== undefined && (
        <span id={ERROR_ID} role="alert" className="error px-1 whitespace-normal">
          {error}
        </span>
      )}
    </span>
  )
}
