import type { CellValue } from './cell-value.ts'
import { editTextOf, makeValueFormats, type ValueField, type ValueFormats } from './field-values.ts'

/**
 * Files for machines and other programs: numbers with a point, days as 2026-11-21, instants in UTC, choices by their names. `parseTyped`
 * reads such a text back as the same value, in any place and language, under these formats.
 */
export const PLAIN_FORMATS: ValueFormats = makeValueFormats({ locale: 'en-US', timeZone: 'UTC', now: () => 0 })

/** A value as text in a file. */
export function plainText(field: ValueField, value: CellValue): string {
  if (field.type === 'date-time' && typeof value === 'string') return value
  return editTextOf(field, value, PLAIN_FORMATS)
}

/** What spreadsheets would run as a formula, and what a defused text of that kind looks like. */
const FORMULA = /^'*[=+\-@\t\r]/u
const DEFUSED = /^'+[=+\-@\t\r]/u

/** Whether a spreadsheet would run a text that is typed into it. A number is no formula. */
export const isFormula = (text: string): boolean => FORMULA.test(text) && !isPlainNumber(text)

/** A text that no spreadsheet takes for a formula: an apostrophe before it. */
export const defuse = (text: string): string => (isFormula(text) ? `'${text}` : text)

/** Takes the apostrophe of `defuse` off again. */
export const undefuse = (text: string): string => (DEFUSED.test(text) ? text.slice(1) : text)

const isPlainNumber = (text: string): boolean => /^[+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?$/iu.test(text)

/** A cell of a CSV file after RFC 4180: quoted where it must be, quotes doubled. */
export const csvCell = (text: string): string => (/[",\r\n]|^\s|\s$/u.test(text) ? `"${text.replaceAll('"', '""')}"` : text)

/** One record with its line end. A record of one empty cell is quoted, so that it is no blank line. */
export const csvLine = (cells: readonly string[]): string =>
  cells.length === 1 && cells[0] === '' ? '""\r\n' : `${cells.map(csvCell).join(',')}\r\n`

/** How a file is written. */
export interface FileOptions {
  readonly format: 'csv' | 'json'
  /** Texts that a spreadsheet would run get an apostrophe; `raw` leaves every value as it is, for machines. */
  readonly formulas: 'defuse' | 'raw'
  /** The mark by which Excel knows that a file is UTF-8. */
  readonly hasMark: boolean
}

export interface FileField extends ValueField {
  readonly id: string
  readonly name: string
}

const BYTE_ORDER_MARK = '\ufeff'
/** Rows put into one piece of text. */
const ROWS_A_PIECE = 1_000

/** Names for the fields, each once. */
export function keysOf(fields: readonly FileField[]): readonly string[] {
  const taken = new Set<string>()
  return fields.map(({ name }) => {
    let key = name
    for (let n = 2; taken.has(key); n++) key = `${name} ${n}`
    taken.add(key)
    return key
  })
}

/** Rows as a file, a piece of text at a time: a file of any size never lies in memory as a whole. */
export function* fileText<Row>(
  rows: readonly Row[],
  fields: readonly FileField[],
  cellOf: (row: Row, field: FileField) => CellValue,
  options: FileOptions,
): Generator<string> {
  const keys = keysOf(fields)
  const isCsv = options.format === 'csv'
  const textOf = (text: string): string => (options.formulas === 'defuse' ? defuse(text) : text)
  const csvOf = (row: Row): string =>
    csvLine(
      fields.map((field) => {
        const value = cellOf(row, field)
        const text = plainText(field, value)
        return typeof value === 'string' ? textOf(text) : text
      }),
    )
  const jsonOf = (row: Row): string =>
    JSON.stringify(
      Object.fromEntries(
        fields.map((field, i) => {
          const value = cellOf(row, field)
          return [keys[i] ?? field.name, typeof value === 'string' ? plainText(field, value) : value]
        }),
      ),
    )
  if (isCsv) yield (options.hasMark ? BYTE_ORDER_MARK : '') + csvLine(keys.map(textOf))
  else yield '[\n'
  for (let from = 0; from < rows.length; from += ROWS_A_PIECE) {
    const piece = rows.slice(from, from + ROWS_A_PIECE)
    if (isCsv) yield piece.map(csvOf).join('')
    else yield (from === 0 ? '' : ',\n') + piece.map(jsonOf).join(',\n')
  }
  if (!isCsv) yield '\n]\n'
}
