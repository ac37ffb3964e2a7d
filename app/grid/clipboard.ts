import type { CellValue } from '../../workbook/cell-value.ts'
import { editTextOf, type Parsed, parseTyped, type ValueFormats } from '../../workbook/field-values.ts'
import type { Field } from '../../workbook/fields.ts'
import type { Range } from './grid-model.ts'

/** Rows of cells as tab-separated text, as spreadsheets write it: a cell with a tab, a line break or a quote is quoted. */
export function toTsv(rows: readonly (readonly string[])[]): string {
  return rows.map((cells) => cells.map(quoted).join('\t')).join('\r\n')
}

const quoted = (cell: string): string => (/[\t\r\n"]/u.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell)

/** Reads tab-separated text as spreadsheets write it. A line break at the very end makes no row. */
export function parseTsv(text: string): readonly (readonly string[])[] {
  const rows: string[][] = []
  let row: string[] = []
  let i = 0
  const endRow = (): void => {
    rows.push(row)
    row = []
  }
  while (i < text.length) {
    const cell = readCell(text, i)
    row.push(cell.text)
    i = cell.end
    const sign = text[i]
    if (sign === '\t') {
      i++
      if (i === text.length) row.push('')
      continue
    }
    if (sign === '\r' && text[i + 1] === '\n') i++
    if (i < text.length) i++
    endRow()
  }
  if (row.length > 0) endRow()
  return rows
}

/** One cell from `start`; quotes hold tabs and line breaks only where they open the cell and close it. */
function readCell(text: string, start: number): { text: string; end: number } {
  if (text[start] === '"') {
    const quote = readQuoted(text, start)
    if (quote !== undefined) return quote
  }
  let end = start
  while (end < text.length && text[end] !== '\t' && text[end] !== '\n' && text[end] !== '\r') end++
  return { text: text.slice(start, end), end }
}

function readQuoted(text: string, start: number): { text: string; end: number } | undefined {
  let content = ''
  for (let i = start + 1; i < text.length; i++) {
    if (text[i] !== '"') content += text[i]
    else if (text[i + 1] === '"') {
      content += '"'
      i++
    } else {
      const next = text[i + 1]
      return next === undefined || next === '\t' || next === '\n' || next === '\r' ? { text: content, end: i + 1 } : undefined
    }
  }
  return undefined
}

export interface PasteCell<Cell> {
  /** Among the rows that are shown, heads of groups not counted. */
  readonly row: number
  readonly column: number
  readonly cell: Cell
}

export interface PasteTarget {
  readonly top: number
  readonly left: number
  readonly rows: number
  readonly columns: number
}

export interface PastePlan<Cell> {
  readonly cells: readonly PasteCell<Cell>[]
  readonly rowsNeeded: number
  /** Cells that would lie beyond the last column. */
  readonly leftOut: number
}

/**
 * Which cell gets what: one copied cell fills the whole selection, a copied block is tiled over a selection that holds it a whole number
 * of times, else it is laid once from the selection's corner. Rows may lie below the last one; columns beyond the last are counted and
 * left out. `empty` stands where a row of the source is shorter than the others.
 */
export function pastePlan<Cell>(
  source: readonly (readonly Cell[])[],
  target: PasteTarget,
  columnCount: number,
  empty: Cell,
): PastePlan<Cell> {
  const { height, width } = sizeOf(source)
  if (height === 0 || width === 0) return { cells: [], rowsNeeded: 0, leftOut: 0 }
  const rows = target.rows % height === 0 ? target.rows : height
  const columns = target.columns % width === 0 ? target.columns : width
  const cells: PasteCell<Cell>[] = []
  let leftOut = 0
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) {
      const column = target.left + c
      if (column >= columnCount) leftOut++
      else cells.push({ row: target.top + r, column, cell: source[r % height]?.[c % width] ?? empty })
    }
  }
  return { cells, rowsNeeded: target.top + rows, leftOut }
}

function sizeOf(source: readonly (readonly unknown[])[]): { height: number; width: number } {
  let width = 0
  for (const row of source) width = Math.max(width, row.length)
  return { height: source.length, width }
}

/** Whether a block fills a target without a rest: the condition to paste it into several ranges at once. */
export function fitsWhole(source: readonly (readonly unknown[])[], target: PasteTarget): boolean {
  const { height, width } = sizeOf(source)
  return height > 0 && width > 0 && target.rows % height === 0 && target.columns % width === 0
}

/**
 * The rows and columns of several ranges that are copied as one block: ranges of the same rows side by side, ranges of the same columns
 * one below the other. `undefined` where they make no block.
 */
export function blockOf(ranges: readonly Range[]): { rows: readonly number[]; columns: readonly number[] } | undefined {
  const [first] = ranges
  if (first === undefined) return undefined
  const span = (from: number, to: number): readonly number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i)
  const merged = (spans: readonly (readonly number[])[]): readonly number[] => [...new Set(spans.flat())].sort((a, b) => a - b)
  if (ranges.every(({ top, bottom }) => top === first.top && bottom === first.bottom)) {
    return { rows: span(first.top, first.bottom), columns: merged(ranges.map(({ left, right }) => span(left, right))) }
  }
  if (ranges.every(({ left, right }) => left === first.left && right === first.right)) {
    return { rows: merged(ranges.map(({ top, bottom }) => span(top, bottom))), columns: span(first.left, first.right) }
  }
  return undefined
}

/** A cell as it comes from a clipboard, with what its writer knew of it besides the text. */
export interface ClipCell {
  readonly text: string
  /** As Tidebook itself wrote it. */
  readonly own?: { readonly type: string; readonly value: CellValue }
  /** As a spreadsheet knows it: a number behind "1.2k", a day behind "11/21". */
  readonly known?:
    | { readonly kind: 'number'; readonly value: number }
    | { readonly kind: 'boolean'; readonly value: boolean }
    /** `2026-11-21`, with ` 14:30:00` behind it where it has a time. */
    | { readonly kind: 'date' | 'date-time'; readonly value: string }
}

export const EMPTY_CLIP: ClipCell = { text: '' }

export type ClipTable = readonly (readonly ClipCell[])[]

const NUMBERS: ReadonlySet<string> = new Set(['number', 'currency', 'percent'])

/** What a copied cell becomes in a field, or why it does not fit there. Nothing is made of a value that it did not mean. */
export function fitCell(field: Field, cell: ClipCell, formats: ValueFormats): Parsed {
  const { own, known, text } = cell
  if (own !== undefined && own.type === field.type) {
    if (own.value === null) return { ok: true, value: null }
    const option = typeof own.value === 'string' ? field.options.find(({ id, retired }) => id === own.value && !retired) : undefined
    const parsed = parseTyped(field, editTextOf(field, own.value, formats), formats)
    // Of two options with one name the id tells which was meant.
    if (parsed.ok || option === undefined) return parsed.ok ? parsed : parseTyped(field, text, formats)
    return { ok: true, value: own.value }
  }
  if (own !== undefined && NUMBERS.has(own.type) && NUMBERS.has(field.type)) {
    return parseTyped(field, editTextOf(field, own.value, formats), formats)
  }
  if (known?.kind === 'number' && NUMBERS.has(field.type)) return parseTyped(field, editTextOf(field, known.value, formats), formats)
  if (known?.kind === 'boolean' && field.type === 'checkbox') return { ok: true, value: known.value }
  if (known?.kind === field.type && (field.type === 'date' || field.type === 'date-time')) {
    return parseTyped(field, String(known.value), formats)
  }
  return parseTyped(field, text, formats)
}
