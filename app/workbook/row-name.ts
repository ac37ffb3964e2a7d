import type { Field } from '../../workbook/fields.ts'

/** What a row is called: its record's key, else its first text, else its number. */
export function rowNameOf(fields: readonly Field[], shownOf: (field: Field) => unknown, index: number): string {
  const key = fields.find((field) => field.binding?.isConnectionField)
  const named = key && shownOf(key)
  if (typeof named === 'string' && named !== '') return named
  const text = fields.find((field) => field.type === 'text')
  const first = text && shownOf(text)
  return typeof first === 'string' && first !== '' ? first : `Row ${index + 1}`
}
