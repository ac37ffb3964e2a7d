import type { CellValue } from '../workbook/cell-value.ts'
import type { FieldType, Option } from '../workbook/fields.ts'
import { nearestOption } from '../workbook/nearest-option.ts'

/** What `matchOption` needs to know of a field; an `ExternalField` and a `Binding` with its type both fit. */
export interface OptionField {
  readonly type: FieldType
  readonly options?: readonly Option[]
  readonly optionsCaseSensitive?: boolean
}

export type OptionMatch =
  /** The value may be sent; `value` is the option's own text. */
  | { readonly kind: 'match'; readonly value: CellValue }
  /** The app has no such option; `nearest` is the one the person probably meant. */
  | { readonly kind: 'unknown'; readonly nearest?: string }

const fold = (text: string): string => text.normalize('NFKC').trim().replace(/\s+/gu, ' ').toLowerCase()

/**
 * Which of a single select's options a value means: the same text, else the same text in other capitals where the app does not tell
 * capitals apart. Fields without a closed list of options (people are known by id, and lists of them are rarely whole) take any value.
 */
export function matchOption(field: OptionField, value: CellValue): OptionMatch {
  const options = field.options ?? []
  if (field.type !== 'single-select' || typeof value !== 'string' || options.length === 0) return { kind: 'match', value }
  const offered = options.filter((option) => !option.retired)
  const exact = offered.find((option) => option.name === value)
  if (exact) return { kind: 'match', value: exact.name }
  const inOtherCapitals = offered.find((option) => fold(option.name) === fold(value))
  if (inOtherCapitals && !field.optionsCaseSensitive) return { kind: 'match', value: inOtherCapitals.name }
  const nearest = nearestOption(offered, value)
  return nearest === undefined ? { kind: 'unknown' } : { kind: 'unknown', nearest }
}
