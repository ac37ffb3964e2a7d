import type { KeyboardEvent } from 'react'
import { parseTyped, type ValueFormats } from '../../../workbook/field-values.ts'
import type { Field, FieldType } from '../../../workbook/fields.ts'
import { TEXTS } from '../../texts.ts'
import { isRightAligned, linkOf } from '../cell-display.ts'
import { EditorError, type EditorProps, ERROR_ID, leaveKey, useFocusedAtEnd, useTyped } from './editing.tsx'

/** Which keyboard a phone offers. */
const INPUT_MODES: Partial<Record<FieldType, 'decimal' | 'numeric' | 'url' | 'email' | 'tel'>> = {
  number: 'decimal',
  currency: 'decimal',
  percent: 'decimal',
  rating: 'numeric',
  url: 'url',
  email: 'email',
  phone: 'tel',
}

/** Opens what is typed, where it is an address of the web, of mail, or a phone number. */
function openAddress(field: Field, text: string, formats: ValueFormats): void {
  const parsed = parseTyped(field, text, formats)
  const address = parsed.ok ? linkOf(field, parsed.value) : undefined
  if (address !== undefined) window.open(address, '_blank', 'noopener')
}

/** One line of text: every type that is typed as it is. */
export function TextEditor(props: EditorProps) {
  const { field, formats, onCancel } = props
  const { text, change, error, commit } = useTyped(props)
  const ref = useFocusedAtEnd<HTMLInputElement>()
  const onKeyDown = (event: KeyboardEvent): void => {
    const then = leaveKey(event)
    if (event.key === 'Escape') onCancel()
    else if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) openAddress(field, text, formats)
    else if (then !== undefined) {
      event.preventDefault()
      commit(then)
    } else {
      event.stopPropagation()
      return
    }
    event.stopPropagation()
  }
  return (
    <>
      <input
        ref={ref}
        aria-label={TEXTS.editor.label(field.name)}
        aria-invalid={error !== undefined}
        aria-describedby={error === undefined ? undefined : ERROR_ID}
        className={`cell-input ${isRightAligned(field) ? 'right' : ''}`}
        dir="auto"
        inputMode={INPUT_MODES[field.type] ?? 'text'}
        autoComplete="off"
        value={text}
        onChange={(event) => change(event.target.value)}
        onKeyDown={onKeyDown}
        onBlur={() => commit(undefined)}
      />
      <EditorError id={ERROR_ID} error={error} anchor={ref} />
    </>
  )
}
