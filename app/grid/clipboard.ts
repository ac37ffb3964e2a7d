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

export interface PasteCell {
  readonly row: number
  readonly column: number
  readonly text: string
}

/**
 * Which cell gets which text: one copied cell fills the whole selection, a copied block is tiled over a selection that holds it a whole
 * number of times, else it is laid once from the selection's corner. Rows may lie below the last one; columns beyond the last are counted
 * and left out.
 */
export function pastePlan(
  source: readonly (readonly string[])[],
  target: { top: number; left: number; rows: number; columns: number },
  columnCount: number,
): { cells: readonly PasteCell[]; rowsNeeded: number; leftOut: number } {
  const height = source.length
  const width = Math.max(0, ...source.map((row) => row.length))
  if (height === 0 || width === 0) return { cells: [], rowsNeeded: 0, leftOut: 0 }
  const rows = target.rows % height === 0 ? target.rows : height
  const columns = target.columns % width === 0 ? target.columns : width
  const cells: PasteCell[] = []
  let leftOut = 0
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) {
      const text = source[r % height]?.[c % width] ?? ''
      const column = target.left + c
      if (column >= columnCount) leftOut++
      else cells.push({ row: target.top + r, column, text })
    }
  }
  return { cells, rowsNeeded: target.top + rows, leftOut }
}
