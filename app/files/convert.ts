import { type CellValue, MAX_TEXT_LENGTH } from '../../workbook/cell-value.ts'
import { parseTyped, type ValueField, type ValueFormats } from '../../workbook/field-values.ts'
import type { FieldType, Option } from '../../workbook/fields.ts'
import { plainText, undefuse } from '../../workbook/plain-rows.ts'
import { currencyOf } from '../../workbook/typed-numbers.ts'
import { FILES_TEXTS } from '../texts/files.ts'
import { type FileCell, type TypedCell, textOf } from './file-record.ts'
import type { DateOrder, NumberStyle } from './guess.ts'

/** How the texts of one column become values. */
export interface Reading {
  readonly field: ValueField
  readonly numbers: NumberStyle
  readonly dates: DateOrder
  /** Takes off the apostrophe that keeps spreadsheets from running a text. */
  readonly takesApostrophes: boolean
}

/**
 * What becomes of a text that is not kept as it stands: `read` (1,20 → 1.2), `trimmed`, `lines` (line breaks written one way), `cut`
 * (beyond what a cell holds), `apostrophe`, `lost` (not to be read: the cell stays empty), `error` (the file itself has an error there and no
 * value).
 */
export const CHANGE_KINDS = ['read', 'trimmed', 'lines', 'cut', 'apostrophe', 'lost', 'error'] as const
export type ChangeKind = (typeof CHANGE_KINDS)[number]

export interface Converted {
  readonly value: CellValue
  readonly change?: { readonly kind: ChangeKind; readonly to: string; readonly why?: string }
}

/** As programs write files: numbers with a point, days from the year on. */
export const defaultReading = (field: ValueField): Reading => ({
  field,
  numbers: { decimal: '.', group: ',' },
  dates: 'ymd',
  takesApostrophes: false,
})

const ORDER = { dmy: ['day', 'month', 'year'], mdy: ['month', 'day', 'year'], ymd: ['year', 'month', 'day'] } as const

/** The person's formats with the file's own way to write numbers and days. */
export function formatsOf(reading: Pick<Reading, 'numbers' | 'dates'>, formats: ValueFormats): ValueFormats {
  return { ...formats, decimal: reading.numbers.decimal, group: reading.numbers.group, dateOrder: ORDER[reading.dates] }
}

const TEXT_TYPES: ReadonlySet<FieldType> = new Set(['text', 'long-text'])
const DATE_TYPES: ReadonlySet<FieldType> = new Set(['date', 'date-time'])

/** A longest text without half a surrogate pair at its end. */
function cutText(text: string, length: number): string {
  const cut = text.slice(0, length)
  const last = cut.charCodeAt(cut.length - 1)
  return last >= 0xd800 && last <= 0xdbff ? cut.slice(0, -1) : cut
}

/** One cell as a value, with what was changed on the way; `formats` are those of `formatsOf`. */
export function convert(cell: FileCell, { field, takesApostrophes }: Reading, formats: ValueFormats): Converted {
  if (cell === '') return { value: null }
  return typeof cell === 'string' ? convertText(cell, field, takesApostrophes, formats) : convertTyped(cell, field, formats)
}

/** A number stays the number it is, a day the day; only what is of another type than its field is read from its text. */
function convertTyped(cell: TypedCell, field: ValueField, formats: ValueFormats): Converted {
  if (cell.kind === 'error') return { value: null, change: { kind: 'error', to: '' } }
  if (TEXT_TYPES.has(field.type)) return asText(cell.text, field, undefined)
  // As text, 1.5 would be the first of May in some places.
  if (cell.value !== undefined && DATE_TYPES.has(field.type)) return lost(FILES_TEXTS.noDate(cell.text))
  const number = numberFor(cell, field)
  const parsed = number === undefined ? parseTyped(field, textFor(cell, field.type), formats) : { ok: true as const, value: number }
  if (!parsed.ok) return lost(parsed.error)
  const to = plainText(field, parsed.value)
  const isKept = to === cell.text || (cell.kind === field.type && (cell.kind === 'currency' || cell.kind === 'date-time'))
  return isKept ? { value: parsed.value } : { value: parsed.value, change: { kind: 'read', to } }
}

/** The number that a typed cell is in a field of numbers; `undefined` where it must be read from its text. */
function numberFor({ kind, value, unit }: TypedCell, field: ValueField): number | undefined {
  if (value === undefined) return undefined
  switch (field.type) {
    case 'number':
      return kind === 'duration' ? undefined : value
    case 'percent':
      return kind === 'number' || kind === 'percent' ? value : undefined
    case 'currency':
      return kind === 'number' || unit === currencyOf(field.format) ? value : undefined
    case 'duration':
      return kind === 'duration' ? value : undefined
    default:
      return undefined
  }
}

/** A day is a moment at its beginning; a moment at the beginning of a day is that day. */
function textFor({ kind, text }: TypedCell, type: FieldType): string {
  if (kind === 'date' && type === 'date-time') return `${text} 00:00`
  return kind === 'date-time' && type === 'date' ? text.replace(/ 00:00$/u, '') : text
}

const lost = (why: string): Converted => ({ value: null, change: { kind: 'lost', to: '', why } })

function convertText(raw: string, field: ValueField, takesApostrophes: boolean, formats: ValueFormats): Converted {
  const bare = takesApostrophes ? undefuse(raw) : raw
  const apostrophe = bare === raw ? undefined : ({ kind: 'apostrophe', to: bare } as const)
  return TEXT_TYPES.has(field.type) ? asText(bare, field, apostrophe) : asValue(bare, field, formats, apostrophe)
}

function asText(bare: string, field: ValueField, before: Converted['change']): Converted {
  const whole = bare.toWellFormed()
  const lines = whole.replace(/\r\n?/gu, '\n')
  const one = field.type === 'text' ? lines.replace(/\n+/gu, ' ') : lines
  const limit = Math.min(field.binding?.maxLength ?? MAX_TEXT_LENGTH, MAX_TEXT_LENGTH)
  if (one.length > limit) {
    const to = cutText(one, limit)
    return { value: to, change: { kind: 'cut', to } }
  }
  if (one !== bare) return { value: one === '' ? null : one, change: { kind: 'lines', to: one } }
  return { value: one, ...(before && { change: before }) }
}

function asValue(bare: string, field: ValueField, formats: ValueFormats, before: Converted['change']): Converted {
  const text = bare.trim()
  if (text === '') return { value: null, change: { kind: 'trimmed', to: '' } }
  const parsed = parseTyped(field, text, formats)
  if (!parsed.ok) return lost(parsed.error)
  const to = plainText(field, parsed.value)
  if (to === bare) return { value: parsed.value, ...(before && { change: before }) }
  return { value: parsed.value, change: { kind: to === text ? 'trimmed' : 'read', to } }
}

/** Counts and first examples of what changes in one column. */
export interface ColumnReport {
  readonly counts: Record<ChangeKind, number>
  readonly examples: Record<ChangeKind, ChangeExample[]>
}

export interface ChangeExample {
  readonly line: number
  readonly from: string
  readonly to: string
  readonly why: string | undefined
}

const EXAMPLES = 4
const GLANCE = 80

export const emptyReport = (): ColumnReport => ({
  counts: { read: 0, trimmed: 0, lines: 0, cut: 0, apostrophe: 0, lost: 0, error: 0 },
  examples: { read: [], trimmed: [], lines: [], cut: [], apostrophe: [], lost: [], error: [] },
})

/** Notes one change in its column's report. */
export function noteChange(report: ColumnReport, line: number, from: FileCell, { change }: Converted): void {
  if (change === undefined) return
  report.counts[change.kind]++
  const examples = report.examples[change.kind]
  if (examples.length < EXAMPLES)
    examples.push({ line, from: textOf(from).slice(0, GLANCE), to: change.to.slice(0, GLANCE), why: change.why })
}

/** Most options a choice may be made of by an import. */
export const MOST_OPTIONS = 500

/** The options of a new choice field, one for each text of its column, each once. */
export class OptionMaker {
  readonly options: Option[] = []
  readonly #names = new Set<string>()
  readonly #makeId: () => string
  isFull = false

  constructor(makeId: () => string) {
    this.#makeId = makeId
  }

  add(text: string): void {
    const name = text.replace(/\s+/gu, ' ').trim()
    if (name === '' || name.length > 120 || this.#names.has(name.toLowerCase())) return
    if (this.options.length >= MOST_OPTIONS) this.isFull = true
    else {
      this.#names.add(name.toLowerCase())
      this.options.push({ id: this.#makeId(), name })
    }
  }
}
