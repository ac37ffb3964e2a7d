import { type CellValue, choicesOf, choicesValue } from './cell-value.ts'
import { editTextOf, parseTyped, sameFieldValue, showValue, type ValueField, type ValueFormats } from './field-values.ts'
import { type Field, hasOptions, isNumeric, type Option } from './fields.ts'
import type { Sheet } from './sheet.ts'
import { heldFor, splitNames } from './typed-choices.ts'

/**
 * What a value becomes under another type: it `stays` as it is stored, `converts` and could be turned back, `changes` (something of it
 * is lost), or `cannot` be read as the new type.
 */
export const CONVERSIONS = ['stays', 'converts', 'changes', 'cannot'] as const

export type Conversion =
  | { readonly kind: 'stays' | 'converts' | 'changes'; readonly value: CellValue }
  | { readonly kind: 'cannot'; readonly reason: string }

/** What one value of a field becomes when the field's type changes. Nothing is guessed: it is read as if it were typed. */
export function convertValue(from: ValueField, to: ValueField, value: CellValue, formats: ValueFormats): Conversion {
  if (value === null || value === '') return { kind: 'stays', value }
  const direct = keptChoices(from, to, value)
  if (direct !== undefined) return direct
  if (isNumeric(from.type) && isNumeric(to.type) && typeof value === 'number' && to.type !== 'rating') return { kind: 'stays', value }
  const parsed = parseTyped(to, textFor(from, to, value, formats), formats)
  if (!parsed.ok) return { kind: 'cannot', reason: parsed.error }
  if (parsed.value === value) return { kind: 'stays', value }
  return { kind: isReversible(from, to, value, parsed.value, formats) ? 'converts' : 'changes', value: parsed.value }
}

/** Between single and multi select the options stay, also those that are deleted. */
function keptChoices(from: ValueField, to: ValueField, value: CellValue): Conversion | undefined {
  if (!hasOptions(from.type) || !hasOptions(to.type) || typeof value !== 'string') return undefined
  const held = from.type === 'multi-select' ? choicesOf(value) : [value]
  if (to.type === 'multi-select') return { kind: 'converts', value: choicesValue(held) }
  const [only, ...more] = held
  if (only === undefined || more.length > 0)
    return { kind: 'cannot', reason: `This cell holds ${held.length} options; a single select holds one.` }
  return { kind: 'converts', value: only }
}

const ONE_LINE: ReadonlySet<string> = new Set(['text', 'email', 'phone', 'url'])

function textFor(from: ValueField, to: ValueField, value: CellValue, formats: ValueFormats): string {
  const text = editTextOf(from, value, formats)
  if (from.type === 'date' && to.type === 'date-time') return `${text} 00:00`
  if (from.type === 'date-time' && to.type === 'date') return text.slice(0, 10)
  return from.type === 'long-text' && ONE_LINE.has(to.type) ? text.replace(/\s*\n+\s*/gu, ' ') : text
}

function isReversible(from: ValueField, to: ValueField, before: CellValue, after: CellValue, formats: ValueFormats): boolean {
  const back = parseTyped(from, textFor(to, from, after, formats), formats)
  return back.ok && sameFieldValue(from, back.value, before)
}

/** Rows read between two looks at the clock. */
const ROWS_A_STEP = 500

/** How often each value stands in a field. A generator, so that the screen can breathe: it yields the share that is done. */
export function* countValues(sheet: Sheet, field: Field): Generator<number, ReadonlyMap<CellValue, number>> {
  const counts = new Map<CellValue, number>()
  const rows = sheet.rows()
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]
    if (row === undefined) continue
    const { value } = sheet.cell(row, field.id)
    if (value !== null && value !== '') counts.set(value, (counts.get(value) ?? 0) + 1)
    if (i % ROWS_A_STEP === ROWS_A_STEP - 1) yield i / rows.length
  }
  return counts
}

export interface ChangedValue {
  readonly from: CellValue
  readonly count: number
  /** As the field shows it. */
  readonly text: string
  readonly becomes: Conversion
  /** As the new type will show it; the empty text where it cannot be read. */
  readonly shown: string
}

/** What each value of a field becomes, the most frequent first; yields the share that is done. */
export function* previewChange(
  from: Field,
  to: ValueField,
  counts: ReadonlyMap<CellValue, number>,
  formats: ValueFormats,
): Generator<number, readonly ChangedValue[]> {
  const changed: ChangedValue[] = []
  for (const [value, count] of counts) {
    const becomes = convertValue(from, to, value, formats)
    const shown = becomes.kind === 'cannot' ? '' : showValue(to, becomes.value, formats)
    changed.push({ from: value, count, text: showValue(from, value, formats), becomes, shown })
    if (changed.length % ROWS_A_STEP === 0) yield changed.length / counts.size
  }
  return changed.sort((a, b) => b.count - a.count)
}

/** Most options a change of type makes. */
export const MOST_NEW_OPTIONS = 500
const LONGEST_OPTION = 120

/** Options for the texts of a field that is to be a select: the ones it has, then one for each other text. */
export function optionsFor(
  from: Field,
  type: 'single-select' | 'multi-select',
  counts: ReadonlyMap<CellValue, number>,
  formats: ValueFormats,
  makeId: () => string,
): readonly Option[] {
  const kept = from.options.filter((option) => hasOptions(from.type) && !option.retired)
  const names = new Set(kept.map((option) => option.name.toLowerCase()))
  const made: Option[] = []
  if (hasOptions(from.type)) return kept
  for (const value of counts.keys()) {
    const text = editTextOf(from, value, formats)
    for (const part of type === 'multi-select' ? (splitNames(text) ?? [text]) : [text]) {
      const name = part.trim()
      if (name === '' || name.length > LONGEST_OPTION || names.has(name.toLowerCase()) || made.length >= MOST_NEW_OPTIONS) continue
      names.add(name.toLowerCase())
      made.push({ id: makeId(), name })
    }
  }
  return [...kept, ...made]
}

/** How many cells hold an option. */
export function usesOf(field: Field, option: Option, counts: ReadonlyMap<CellValue, number>): number {
  const held = heldFor(field, option)
  let uses = 0
  for (const [value, count] of counts) if (holdsOption(field, value, held)) uses += count
  return uses
}

const holdsOption = (field: Field, value: CellValue, held: string): boolean =>
  field.type === 'multi-select' ? choicesOf(value).includes(held) : value === held

/** A value without an option. */
export function withoutOption(field: Field, value: CellValue, option: Option): CellValue {
  const held = heldFor(field, option)
  if (!holdsOption(field, value, held)) return value
  return field.type === 'multi-select' ? choicesValue(choicesOf(value).filter((id) => id !== held)) : null
}
