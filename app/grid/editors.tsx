import { ChoiceEditor } from './editors/choice-editor.tsx'
import { DateEditor } from './editors/date-editor.tsx'
import type { EditorProps } from './editors/editing.tsx'
import { LongTextEditor } from './editors/long-text-editor.tsx'
import { RatingEditor } from './editors/rating-editor.tsx'
import { TextEditor } from './editors/text-editor.tsx'

/** The editor of a cell, by the type of its field. */
export function CellEditor(props: EditorProps) {
  switch (props.field.type) {
    case 'single-select':
    case 'multi-select':
    case 'person':
      return <ChoiceEditor {...props} />
    case 'date':
    case 'date-time':
      return <DateEditor {...props} />
    case 'long-text':
      return <LongTextEditor {...props} />
    case 'rating':
      return <RatingEditor {...props} />
    case 'text':
    case 'number':
    case 'currency':
    case 'percent':
    case 'duration':
    case 'email':
    case 'phone':
    case 'url':
    case 'checkbox':
    case 'record-key':
      return <TextEditor {...props} />
  }
}
