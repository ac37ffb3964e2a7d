import type { CellValue } from './cell-value.ts'
import { parseBaseRow } from './schema.ts'

const QUOTE = 34
const COMMA = 44
const BACKSLASH = 92
const OPEN_BRACE = 123
const OPEN_BRACKET = 91

/**
 * Takes the values at `slots` (rising) out of a packed row, without decoding the rest of it: a column of a large sheet is read from rows
 * of twenty fields. A text of some length shares its memory with the packed row.
 */
export function valuesInPacked(packed: string, slots: readonly number[], take: (at: number, value: CellValue) => void): void {
  let i = skipRecords(packed)
  let wanted = 0
  for (let slot = 0; wanted < slots.length; slot++) {
    if (i < 0 || packed.charCodeAt(i) !== COMMA) {
      // The row is shorter than the slot: it was packed before the field was there.
      take(wanted++, null)
      continue
    }
    const start = i + 1
    i = endOfValue(packed, start)
    if (i < 0) {
      const { values } = parseBaseRow(packed)
      for (; wanted < slots.length; wanted++) take(wanted, values[slots[wanted] ?? 0] ?? null)
      return
    }
    if (slots[wanted] === slot) take(wanted++, cellValueAt(packed, start, i))
  }
}

/** Whether a packed row is tied to any record. */
export function isLinkedPacked(packed: string): boolean {
  const comma = packed.indexOf(',')
  return packed.charCodeAt(comma + 1) === OPEN_BRACE && packed.charCodeAt(comma + 2) === QUOTE
}

/** Behind the arrival order and the records; −1 where they are not written as we write them. */
function skipRecords(packed: string): number {
  let i = packed.indexOf(',') + 1
  if (packed.charCodeAt(i) !== OPEN_BRACE) return -1
  i++
  while (packed.charCodeAt(i) === QUOTE || packed.charCodeAt(i) === COMMA || packed.charCodeAt(i) === 58) {
    i = packed.charCodeAt(i) === QUOTE ? endOfText(packed, i) : i + 1
  }
  return i + 1
}

/** Behind the closing quote of the text that opens at `start`. */
function endOfText(packed: string, start: number): number {
  let end = packed.indexOf('"', start + 1)
  while (end > 0 && isEscaped(packed, end)) end = packed.indexOf('"', end + 1)
  return end + 1
}

function isEscaped(packed: string, quote: number): boolean {
  let slashes = 0
  while (packed.charCodeAt(quote - 1 - slashes) === BACKSLASH) slashes++
  return slashes % 2 === 1
}

/** Behind the value that begins at `start`; −1 where it is none that a cell holds. */
function endOfValue(packed: string, start: number): number {
  const first = packed.charCodeAt(start)
  if (first === QUOTE) return endOfText(packed, start)
  if (first === OPEN_BRACE || first === OPEN_BRACKET) return -1
  const comma = packed.indexOf(',', start)
  return comma < 0 ? packed.length - 1 : comma
}

function cellValueAt(packed: string, start: number, end: number): CellValue {
  switch (packed.charCodeAt(start)) {
    case QUOTE: {
      const text = packed.slice(start + 1, end - 1)
      return text.includes('\\') ? (JSON.parse(packed.slice(start, end)) as string) : text
    }
    case 110:
      return null
    case 116:
      return true
    case 102:
      return false
    default:
      return Number(packed.slice(start, end))
  }
}
