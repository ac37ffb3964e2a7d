import { type CellValue, isCellValue } from '../../workbook/cell-value.ts'
import { parseTyped, type ValueFormats } from '../../workbook/field-values.ts'
import { type ClipCell, type ClipTable, EMPTY_CLIP, parseTsv } from './clipboard.ts'
import { dayTextOf, isDateFormat, isTextFormat, numberByFormat, serialOf, textByFormat } from './number-formats.ts'

/** What lies on a clipboard. */
export interface Clip {
  readonly text: string
  readonly html: string
}

/** One cell to be copied. */
export interface CopiedCell {
  readonly text: string
  readonly type: string
  readonly value: CellValue
}

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')

/**
 * The copied cells as a table that Excel and Google Sheets read with their types (a text of digits stays a text, a day is a day), and that
 * Tidebook reads back without loss. `cut` names the cut it belongs to.
 */
export function toHtml(rows: readonly (readonly CopiedCell[])[], cut: string | undefined): string {
  const body = rows.map((cells) => `<tr>${cells.map(cellHtml).join('')}</tr>`).join('')
  const mark = cut === undefined ? '' : ` data-tidebook-cut="${escaped(cut)}"`
  return `<meta charset="utf-8"><google-sheets-html-origin></google-sheets-html-origin><table data-tidebook="1"${mark} data-sheets-root="1" cellspacing="0"><tbody>${body}</tbody></table>`
}

function cellHtml({ text, type, value }: CopiedCell): string {
  const own = `data-tidebook-type="${escaped(type)}" data-tidebook-value="${escaped(JSON.stringify(value))}"`
  const content = escaped(text).replace(/\r\n?|\n/gu, '<br style="mso-data-placement:same-cell">')
  return `<td ${own} ${sheetsAttributes(type, value, text)}>${content}</td>`
}

function sheetsAttributes(type: string, value: CellValue, text: string): string {
  const sheets = (typed: unknown): string => `data-sheets-value="${escaped(JSON.stringify(typed))}"`
  if (value === null) return ''
  if (typeof value === 'number') return `${sheets({ 1: 3, 3: value })} x:num="${value}"`
  if (typeof value === 'boolean') return `${sheets({ 1: 4, 4: value ? 1 : 0 })} x:bool="${value ? 'TRUE' : 'FALSE'}"`
  const serial = type === 'date' ? serialOf(value) : undefined
  if (serial !== undefined) {
    const format = escaped(JSON.stringify({ 1: 5, 2: 'yyyy-mm-dd' }))
    return `${sheets({ 1: 3, 3: serial })} data-sheets-numberformat="${format}" x:num="${serial}" style="mso-number-format:yyyy\\-mm\\-dd"`
  }
  return `${sheets({ 1: 2, 2: text })} style="mso-number-format:'\\@'"`
}

/** Reads a text of HTML; the browser's parser runs no script and loads nothing. */
export type ReadHtml = (html: string) => Document

export interface ReadClip {
  readonly table: ClipTable
  /** The cut in Tidebook that this came from. */
  readonly cut?: string
}

/** What was copied, as a table: from HTML where that holds a table, with the exact texts of the plain form where both agree in size. */
export function readClip(clip: Clip, readHtml: ReadHtml, formats: ValueFormats): ReadClip {
  const plain: ClipTable = parseTsv(clip.text).map((row) => row.map((text) => ({ text })))
  const document = /<table[\s>]/iu.test(clip.html) ? readHtml(clip.html) : undefined
  const table = document?.querySelector('table')
  if (document === undefined || table === null || table === undefined) return { table: plain }
  const cells = readTable(table, stylesOf(document), formats)
  const width = Math.max(0, ...cells.map((row) => row.length))
  if (cells.length === 0 || width === 0) return { table: plain }
  const cut = table.getAttribute('data-tidebook-cut') ?? undefined
  return { table: withTexts(cells, plain), ...(cut !== undefined && { cut }) }
}

/** HTML folds spaces, the plain form does not. */
function withTexts(cells: ClipTable, plain: ClipTable): ClipTable {
  const isAlike = cells.length === plain.length && cells.every((row, i) => row.length === plain[i]?.length)
  if (!isAlike) return cells
  return cells.map((row, r) => row.map((cell, c) => ({ ...cell, text: plain[r]?.[c]?.text ?? cell.text })))
}

/** Rows and columns that merged cells may span: a foreign page may say anything. */
const MOST_SPANNED = 1_000

function readTable(table: Element, styles: ReadonlyMap<string, string>, formats: ValueFormats): ClipTable {
  const rows: ClipCell[][] = []
  const taken = new Set<string>()
  const lines = [...table.querySelectorAll('tr')].filter((line) => line.closest('table') === table)
  lines.forEach((line, r) => {
    const row: ClipCell[] = []
    rows.push(row)
    let c = 0
    const skipTaken = (): void => {
      while (taken.has(`${r}:${c}`)) row[c++] = EMPTY_CLIP
    }
    for (const element of [...line.children].filter(({ tagName }) => /^t[dh]$/iu.test(tagName))) {
      skipTaken()
      row[c] = readCell(element, styles, formats)
      const span = (name: string): number => Math.max(1, Math.min(MOST_SPANNED, Number(element.getAttribute(name)) || 1))
      const [across, down] = [span('colspan'), span('rowspan')]
      for (let y = 0; y < down; y++) for (let x = 0; x < across; x++) if (x + y > 0) taken.add(`${r + y}:${c + x}`)
      c++
    }
    skipTaken()
  })
  return rows
}

function readCell(element: Element, styles: ReadonlyMap<string, string>, formats: ValueFormats): ClipCell {
  const text = textOf(element)
  const own = ownOf(element)
  if (own !== undefined) return { text, own }
  const fromSheets = sheetsCell(element, text)
  if (fromSheets !== undefined) return fromSheets
  return excelCell(element, text, formatOf(element, styles), formats)
}

function ownOf(element: Element): ClipCell['own'] {
  const [type, value] = [element.getAttribute('data-tidebook-type'), readJson(element.getAttribute('data-tidebook-value'))]
  return type !== null && isCellValue(value) ? { type, value } : undefined
}

function readJson(text: string | null): unknown {
  if (text === null) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null

/** Google Sheets: kind under "1" (2 text, 3 number, 4 truth), the value under that number; a day is a number with a day's format. */
function sheetsCell(element: Element, text: string): ClipCell | undefined {
  const value = readJson(element.getAttribute('data-sheets-value'))
  if (!isRecord(value)) return undefined
  switch (value['1']) {
    case 2:
      return { text: typeof value['2'] === 'string' ? value['2'] : text }
    case 3: {
      const number = value['3']
      if (typeof number !== 'number' || !Number.isFinite(number)) return { text }
      const format = readJson(element.getAttribute('data-sheets-numberformat'))
      const kind = isRecord(format) ? format['1'] : undefined
      const pattern = isRecord(format) && typeof format['2'] === 'string' ? format['2'] : ''
      if (kind === 5 || kind === 7 || isDateFormat(pattern)) return { text, ...knownDay(number, kind === 7) }
      return { text, known: { kind: 'number', value: number } }
    }
    case 4:
      return { text, known: { kind: 'boolean', value: value['4'] === 1 || value['4'] === true } }
    default:
      return { text }
  }
}

function knownDay(serial: number, hasTime: boolean): { known?: NonNullable<ClipCell['known']> } {
  const value = dayTextOf(serial)
  if (value === undefined) return {}
  const isDateTime = hasTime || !Number.isInteger(serial)
  return { known: { kind: isDateTime ? 'date-time' : 'date', value: isDateTime ? value : value.slice(0, 10) } }
}

/** Excel: the number format tells what the shown text is; older ones carry the value in `x:num`. */
function excelCell(element: Element, text: string, format: string, formats: ValueFormats): ClipCell {
  if (isTextFormat(format) || text === '') return { text }
  const truth = element.getAttribute('x:bool')
  if (truth !== null) return { text, known: { kind: 'boolean', value: /^true$/iu.test(truth) } }
  const stored = element.getAttribute('x:num')
  const serial = stored === null || stored === '' ? Number.NaN : Number(stored)
  if (isDateFormat(format)) {
    if (Number.isFinite(serial)) return { text, ...knownDay(serial, /h|s/iu.test(format)) }
    const read = textByFormat(text, format)
    return read === undefined ? { text } : { text, known: read }
  }
  if (Number.isFinite(serial)) return { text, known: { kind: 'number', value: serial } }
  const value = numberByFormat(text, format, (bare) => {
    const parsed = parseTyped({ type: 'number', options: [] }, bare, formats)
    return parsed.ok && typeof parsed.value === 'number' ? parsed.value : undefined
  })
  return value === undefined ? { text } : { text, known: { kind: 'number', value } }
}

/** The number format of a cell: in its own style, or in that of its class. */
function formatOf(element: Element, styles: ReadonlyMap<string, string>): string {
  const own = msoFormat(element.getAttribute('style') ?? '')
  if (own !== undefined) return own
  for (const name of (element.getAttribute('class') ?? '').split(/\s+/u)) {
    const format = styles.get(name)
    if (format !== undefined) return format
  }
  return ''
}

/** Class → number format, from the style sheet that Excel sends along. */
function stylesOf(document: Document): ReadonlyMap<string, string> {
  const formats = new Map<string, string>()
  for (const style of document.querySelectorAll('style')) {
    for (const [, name = '', body = ''] of (style.textContent ?? '').matchAll(/\.([\w-]+)\s*\{([^}]*)\}/gu)) {
      const format = msoFormat(body)
      if (format !== undefined) formats.set(name, format)
    }
  }
  return formats
}

function msoFormat(style: string): string | undefined {
  const found = /mso-number-format\s*:\s*(?:"([^"]*)"|'([^']*)'|([^;]*))/iu.exec(style)
  return found === null ? undefined : (found[1] ?? found[2] ?? found[3] ?? '').trim()
}

/** A cell's text as it is seen: line breaks where `<br>` or a block stands, other white space folded. */
function textOf(element: Element): string {
  let text = ''
  const walk = (node: Node): void => {
    if (node.nodeType === 3) text += (node.textContent ?? '').replace(/[ \t\r\n\f]+/gu, ' ')
    else if (node.nodeType === 1) {
      const tag = (node as Element).tagName.toLowerCase()
      if (tag === 'br') text += '\n'
      else if (tag !== 'style' && tag !== 'script' && tag !== 'template') {
        const isBlock = tag === 'p' || tag === 'div' || tag === 'li'
        if (isBlock && text !== '' && !text.endsWith('\n')) text += '\n'
        for (const child of node.childNodes) walk(child)
      }
    }
  }
  for (const child of element.childNodes) walk(child)
  return text
    .replace(/ *\n */gu, '\n')
    .replace(/^ +| +$/gu, '')
    .replaceAll('\u00a0', ' ')
}
