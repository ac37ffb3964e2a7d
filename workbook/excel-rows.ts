import type { CellValue } from './cell-value.ts'
import { currencyFormat, EXCEL_CELL_LENGTH, EXCEL_COLUMNS, EXCEL_ROWS, excelSheetName, excelText, serialOfWall } from './excel-values.ts'
import type { ValueFormats } from './field-values.ts'
import { type FileField, isFormula, keysOf, plainText } from './plain-rows.ts'
import { instantText, onClock } from './typed-dates.ts'
import { currencyOf } from './typed-numbers.ts'
import { type ZipPart, zipped } from './zip.ts'

/** A column of an Excel file. */
export interface ExcelField extends FileField {
  /** Pixels. */
  readonly width?: number
}

/** What could not be written as it is; complete once all bytes are taken. */
export interface ExcelNotes {
  /** Rows written so far. */
  rows: number
  /** Days before March 1900, and moments in the hour that the clocks repeat: they stand there as text. */
  asText: number
  /** Texts longer than a cell holds. */
  cut: number
  /** Fields beyond the last column. */
  readonly columnsLeftOut: number
  /** The worksheets: more than one where the rows are more than one holds. */
  readonly sheets: readonly string[]
}

export interface ExcelOptions {
  readonly sheetName: string
  /** Excel knows no time zones: moments are written as this clock shows them, or the field's own. */
  readonly clock: ValueFormats
}

/**
 * Rows as an Excel file, a piece at a time. Numbers, amounts, days, moments, durations and checks keep their types; every text is written as a
 * text and never as a formula. The first row names the fields and stays in sight.
 */
export function excelFile<Row>(
  rows: readonly Row[],
  allFields: readonly ExcelField[],
  cellOf: (row: Row, field: ExcelField) => CellValue,
  { sheetName, clock }: ExcelOptions,
): { readonly bytes: AsyncGenerator<Uint8Array<ArrayBuffer>>; readonly notes: ExcelNotes } {
  const fields = allFields.slice(0, EXCEL_COLUMNS)
  const sheets = sheetNames(sheetName, Math.max(1, Math.ceil(rows.length / (EXCEL_ROWS - 1))))
  const notes: ExcelNotes = { rows: 0, asText: 0, cut: 0, columnsLeftOut: allFields.length - fields.length, sheets }
  const styles = new Styles()
  const columns = fields.map((field, i) => ({ field, name: columnName(i), write: writerOf(field, styles, clock, notes) }))
  const names = keysOf(fields)
  const header = `<row r="1">${columns.map(({ name }, i) => textCell(`${name}1`, names[i] ?? '', HEADER, notes)).join('')}</row>`
  function* sheetPieces(first: number): Generator<string> {
    yield `${XML}<worksheet xmlns="${MAIN}"><sheetViews><sheetView workbookViewId="0"${first === 0 ? ' tabSelected="1"' : ''}>${FROZEN}</sheetView></sheetViews>`
    yield `<sheetFormatPr defaultRowHeight="15"/>${widthsOf(fields)}<sheetData>${header}`
    const end = Math.min(rows.length, first + EXCEL_ROWS - 1)
    for (let from = first; from < end; from += ROWS_A_PIECE) {
      const piece = rows.slice(from, Math.min(end, from + ROWS_A_PIECE))
      notes.rows += piece.length
      yield piece
        .map((row, i) => {
          const number = from - first + i + 2
          const cells = columns.map(({ field, name, write }) => write(`${name}${number}`, cellOf(row, field)))
          return `<row r="${number}">${cells.join('')}</row>`
        })
        .join('')
    }
    yield '</sheetData></worksheet>'
  }
  const parts = function* (): Generator<ZipPart> {
    yield { path: '[Content_Types].xml', pieces: [contentTypes(sheets.length)] }
    yield { path: '_rels/.rels', pieces: [relations([['officeDocument', 'xl/workbook.xml']])] }
    yield { path: 'xl/workbook.xml', pieces: [workbookXml(sheets)] }
    const own = sheets.map((_, i): [string, string] => ['worksheet', `worksheets/sheet${i + 1}.xml`])
    yield { path: 'xl/_rels/workbook.xml.rels', pieces: [relations([...own, ['styles', 'styles.xml']])] }
    yield { path: 'xl/styles.xml', pieces: [styles.xml()] }
    for (const i of sheets.keys()) yield { path: `xl/worksheets/sheet${i + 1}.xml`, pieces: sheetPieces(i * (EXCEL_ROWS - 1)) }
  }
  return { bytes: zipped(parts()), notes }
}

function sheetNames(wanted: string, count: number): readonly string[] {
  if (count === 1) return [excelSheetName(wanted)]
  return Array.from({ length: count }, (_, i) => `${excelSheetName(wanted.slice(0, 25))} (${i + 1})`)
}

/** Rows put into one piece of text: as many as hold nobody up. */
const ROWS_A_PIECE = 200

const MAIN = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main'
const OFFICE = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships'
const PACKAGE = 'http://schemas.openxmlformats.org/package/2006'
const XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
const FROZEN = '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>'

function contentTypes(sheetCount: number): string {
  const kind = 'application/vnd.openxmlformats-officedocument.spreadsheetml'
  const sheets = Array.from(
    { length: sheetCount },
    (_, i) => `<Override PartName="/xl/worksheets/sheet${i + 1}.xml" ContentType="${kind}.worksheet+xml"/>`,
  )
  return `${XML}<Types xmlns="${PACKAGE}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="${kind}.sheet.main+xml"/><Override PartName="/xl/styles.xml" ContentType="${kind}.styles+xml"/>${sheets.join('')}</Types>`
}

const relations = (targets: readonly (readonly [type: string, target: string])[]): string =>
  `${XML}<Relationships xmlns="${PACKAGE}/relationships">${targets
    .map(([type, target], i) => `<Relationship Id="rId${i + 1}" Type="${OFFICE}/${type}" Target="${target}"/>`)
    .join('')}</Relationships>`

const workbookXml = (sheets: readonly string[]): string =>
  `${XML}<workbook xmlns="${MAIN}" xmlns:r="${OFFICE}"><bookViews><workbookView/></bookViews><sheets>${sheets
    .map((name, i) => `<sheet name="${attributeText(name)}" sheetId="${i + 1}" r:id="rId${i + 1}"/>`)
    .join('')}</sheets></workbook>`

const attributeText = (text: string): string => excelText(text).replaceAll('"', '&quot;')

/** Excel measures a column in digits of its own font, of about 7 pixels. */
function widthsOf(fields: readonly ExcelField[]): string {
  const columns = fields.map(({ width = 160 }, i) => {
    const digits = Math.round(Math.min(Math.max((width - 5) / 7, 6), 80) * 100) / 100
    return `<col min="${i + 1}" max="${i + 1}" width="${digits}" customWidth="1"/>`
  })
  return columns.length === 0 ? '' : `<cols>${columns.join('')}</cols>`
}

/** A, B … Z, AA, AB … */
export function columnName(index: number): string {
  let name = ''
  for (let rest = index + 1; rest > 0; rest = Math.floor((rest - 1) / 26)) name = String.fromCharCode(65 + ((rest - 1) % 26)) + name
  return name
}

const PLAIN = 0
const HEADER = 1
/** A text that begins like a formula: it stays text also when somebody edits the cell. */
const QUOTED = 2
/** The first number of a format that a file brings itself. */
const FIRST_OWN_FORMAT = 164

/** The looks of cells, each once. */
class Styles {
  readonly #formats: (number | string)[] = []

  /** The style of a format: its number where every program knows it, else its code. */
  of(format: number | string): number {
    const known = this.#formats.indexOf(format)
    return (known < 0 ? this.#formats.push(format) - 1 : known) + QUOTED + 1
  }

  xml(): string {
    const codes = this.#formats.filter((format) => typeof format === 'string')
    const own = codes.map((code, i) => `<numFmt numFmtId="${FIRST_OWN_FORMAT + i}" formatCode="${attributeText(code)}"/>`)
    const ids = this.#formats.map((format) => (typeof format === 'number' ? format : FIRST_OWN_FORMAT + codes.indexOf(format)))
    const look = (id: number, more: string): string => `<xf numFmtId="${id}" fontId="0" fillId="0" borderId="0" xfId="0"${more}/>`
    const looks = [
      look(0, ''),
      '<xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/>',
      look(0, ' quotePrefix="1"'),
      ...ids.map((id) => look(id, ' applyNumberFormat="1"')),
    ]
    const font = (bold: string): string => `<font>${bold}<sz val="11"/><name val="Calibri"/><family val="2"/></font>`
    return `${XML}<styleSheet xmlns="${MAIN}">${own.length === 0 ? '' : `<numFmts count="${own.length}">${own.join('')}</numFmts>`}<fonts count="2">${font('')}${font('<b/>')}</fonts><fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills><borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders><cellStyleXfs count="1">${look(0, '').replace(' xfId="0"', '')}</cellStyleXfs><cellXfs count="${looks.length}">${looks.join('')}</cellXfs><cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>`
  }
}

const numberCell = (at: string, value: number, style: number): string =>
  `<c r="${at}"${style === PLAIN ? '' : ` s="${style}"`}><v>${value}</v></c>`

function textCell(at: string, text: string, style: number, notes: ExcelNotes): string {
  if (text === '') return ''
  if (text.length > EXCEL_CELL_LENGTH) notes.cut++
  const held = excelText(text.slice(0, EXCEL_CELL_LENGTH))
  return `<c r="${at}"${style === PLAIN ? '' : ` s="${style}"`} t="inlineStr"><is><t xml:space="preserve">${held}</t></is></c>`
}

/** Writes the cells of one field: by the type of the field where the value is of that type, else by the value's own. */
function writerOf(field: ExcelField, styles: Styles, clock: ValueFormats, notes: ExcelNotes): (at: string, value: CellValue) => string {
  const number = numberStyles(field, styles)
  const day = styles.of(field.format?.date === 'iso' ? 'yyyy\\-mm\\-dd' : 14)
  const moment = styles.of(field.format?.date === 'iso' ? 'yyyy\\-mm\\-dd\\ hh:mm' : 22)
  const own = onClock(clock, field.format?.timeZone)
  const text = (at: string, plain: string): string => textCell(at, plain, isFormula(plain) ? QUOTED : PLAIN, notes)
  const dated = (at: string, plain: string, style: number): string => {
    const wall = wallOfText(plain)
    if (wall === undefined) return text(at, plain)
    const serial = serialOfWall(wall)
    if (serial !== undefined) return numberCell(at, serial, style)
    notes.asText++
    return text(at, plain)
  }
  return (at, value) => {
    if (value === null) return ''
    if (typeof value === 'number') return number(at, value)
    if (typeof value === 'boolean') return `<c r="${at}" t="b"><v>${value ? 1 : 0}</v></c>`
    if (field.type === 'date') return dated(at, value, day)
    if (field.type !== 'date-time') return text(at, plainText(field, value))
    const shown = instantText(value, own)
    if (!/[+-]\d{2}:\d{2}$/u.test(shown)) return dated(at, shown, moment)
    notes.asText++
    return text(at, shown)
  }
}

const DAY_OR_MOMENT = /^(\d{4}-\d{2}-\d{2})(?: (\d{2}:\d{2}(?::\d{2}(?:\.\d{3})?)?))?$/u

/** The wall clock of a day or a moment as `instantText` writes it, in ms as if it were UTC; `undefined` for other texts. */
function wallOfText(text: string): number | undefined {
  const match = DAY_OR_MOMENT.exec(text)
  if (match === null) return undefined
  const wall = Date.parse(`${match[1]}T${match[2] ?? '00:00'}Z`)
  // 31 February is the value of a cell that breaks its type's rule, not the 3rd of March.
  return Number.isNaN(wall) || !new Date(wall).toISOString().startsWith(match[1] ?? '') ? undefined : wall
}

const DAY_SECONDS = 86_400

function numberStyles(field: ExcelField, styles: Styles): (at: string, value: number) => string {
  const { type, format } = field
  const plain = (style: number) => (at: string, value: number) => numberCell(at, value, style)
  if (type === 'duration') {
    const [minutes, seconds] = [styles.of('[h]:mm'), styles.of(46)]
    const isExact = format?.seconds === true
    return (at, value) => numberCell(at, value / DAY_SECONDS, isExact || value % 60 !== 0 ? seconds : minutes)
  }
  if (type === 'percent') return plain(styles.of(`${digitsOf(format?.decimals ?? 2, false)}%`))
  if (type === 'currency') {
    const currency = currencyOf(format)
    const code = currencyFormat(currency, digitsOf(format?.decimals ?? decimalsOf(currency), format?.thousands !== false))
    return plain(styles.of(format?.negative === 'parentheses' ? `${code};(${code})` : code))
  }
  if (type !== 'number' || format?.decimals === undefined) return plain(PLAIN)
  const code = digitsOf(format.decimals, format.thousands !== false)
  return plain(styles.of(format.negative === 'parentheses' ? `${code};(${code})` : code))
}

const digitsOf = (decimals: number, hasThousands: boolean): string =>
  `${hasThousands ? '#,##0' : '0'}${decimals === 0 ? '' : `.${'0'.repeat(decimals)}`}`

const decimalsOf = (currency: string): number =>
  new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions().maximumFractionDigits ?? 2
