import { type CellValue, choicesOf, choicesValue } from './cell-value.ts'
import type { FieldDraft } from './field-edits.ts'
import type { Field, Option } from './fields.ts'

const withoutOrder = ({ id, name, color, retired }: Option): Option => ({ id, name, ...(color && { color }), ...(retired && { retired }) })

/** The draft of a field's copy: one of this workbook only, with its options in their order; a record's key becomes text. */
export function copiedDraft(field: Field, draft: FieldDraft): FieldDraft {
  return { ...draft, options: field.options.map(withoutOrder), ...(field.type === 'record-key' && { type: 'text' as const }) }
}

/** A value as the copy of its field holds it: connected selects hold the app's text, those of this workbook the option's id. */
export function copiedValue(field: Field, value: CellValue): CellValue {
  if (field.binding === undefined) return value
  const idOf = (held: string): string => field.options.find((option) => option.name === held)?.id ?? held
  if (field.type === 'single-select') return typeof value === 'string' ? idOf(value) : value
  return field.type === 'multi-select' && value !== null ? choicesValue(choicesOf(value).map(idOf)) : value
}
