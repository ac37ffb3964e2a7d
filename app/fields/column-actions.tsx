import { ArrowLeftToLine, ArrowRightToLine, Copy, Pencil, Repeat2, Trash2 } from 'lucide-react'
import type { Field } from '../../workbook/fields.ts'
import type { ColumnAction } from '../grid/grid-head.tsx'
import { TEXTS } from '../texts.ts'
import type { FieldDialogKind } from './field-dialogs.tsx'

const T = TEXTS.fields.actions
const ICON = { size: 14, 'aria-hidden': true } as const

/** What the menu of a column offers about its field. */
export function fieldActions(
  field: Field,
  parts: { readonly open: (dialog: FieldDialogKind) => void; readonly duplicate: (field: Field) => void },
): readonly ColumnAction[] {
  const { id } = field
  const action = (name: keyof typeof T, icon: ColumnAction['icon'], run: () => void): ColumnAction => ({
    id: `field-${name}`,
    section: 'field',
    label: T[name],
    icon,
    run,
  })
  const isConnected = field.binding !== undefined
  return [
    action('edit', <Pencil {...ICON} />, () => parts.open({ kind: 'edit-field', field: id })),
    ...(isConnected ? [] : [action('type', <Repeat2 {...ICON} />, () => parts.open({ kind: 'change-type', field: id }))]),
    action('left', <ArrowLeftToLine {...ICON} />, () => parts.open({ kind: 'insert-field', place: { side: 'left', of: id } })),
    action('right', <ArrowRightToLine {...ICON} />, () => parts.open({ kind: 'insert-field', place: { side: 'right', of: id } })),
    action('duplicate', <Copy {...ICON} />, () => parts.duplicate(field)),
    // What a synced field leaves behind is asked about where it stops being synced.
    ...(isConnected ? [] : [action('remove', <Trash2 {...ICON} />, () => parts.open({ kind: 'remove-field', field: id }))]),
  ]
}
