import type { CellValue } from '../workbook/cell-value.ts'
import type { FieldType, Option } from '../workbook/fields.ts'

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

/** The option a mistyped value most likely meant: within a third of its letters, or the only one it begins; `undefined` where none is near. */
export function nearestOption(options: readonly Option[], value: string): string | undefined {
  const wanted = fold(value)
  if (wanted === '') return undefined
  let best: { name: string; distance: number } | undefined
  for (const { name, retired } of options) {
    if (retired) continue
    const distance = editDistance(wanted, fold(name))
    if (best === undefined || distance < best.distance) best = { name, distance }
  }
  if (best && best.distance <= Math.max(1, Math.floor(wanted.length / 3))) return best.name
  const begun = options.filter((option) => !option.retired && fold(option.name).startsWith(wanted))
  return begun.length === 1 ? begun[0]?.name : undefined
}

/** Letters to insert, remove, replace or swap with their neighbour to make `b` of `a`. */
export function editDistance(a: string, b: string): number {
  const from = [...a]
  const to = [...b]
  let before: number[] = []
  let previous = Array.from({ length: to.length + 1 }, (_, column) => column)
  for (let i = 1; i <= from.length; i++) {
    const row = [i]
    for (let j = 1; j <= to.length; j++) {
      const replaced = at(previous, j - 1) + (from[i - 1] === to[j - 1] ? 0 : 1)
      const swapped = i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1] ? at(before, j - 2) + 1 : replaced
      row.push(Math.min(replaced, swapped, at(previous, j) + 1, at(row, j - 1) + 1))
    }
    before = previous
    previous = row
  }
  return at(previous, to.length)
}

const at = (row: readonly number[], index: number): number => row[index] ?? Number.POSITIVE_INFINITY
