import type { FileIssue, FileRecord, RecordReader } from './file-record.ts'

/** A record all of whose cells are texts. */
export interface CsvRecord extends FileRecord {
  readonly cells: readonly string[]
}

/** A quoted cell that is longer than this was never meant to be one: its quote was not closed. UTF-16 units. */
const LONGEST_RECORD = 1024 * 1024
/** Issues that are kept with their place; further ones are only counted. */
const ISSUES_KEPT = 1_000
const GLANCE = 60

const QUOTE = 34
const CR = 13
const LF = 10

/**
 * Reads comma-separated text piece by piece: CRLF, LF and CR end a line, also mixed. Broken quoting never swallows the rest of a file: a quote
 * that is not closed is a sign like any other, and so are quotes with text behind them. What was read so is in `issues`.
 */
export class CsvReader implements RecordReader {
  readonly issues: FileIssue[] = []
  issueCount = 0
  /** Lines without anything on them; they are no records. */
  blankLines = 0
  readonly #delimiterCode: number
  #rest = ''
  #line = 1

  constructor(delimiter: string) {
    this.#delimiterCode = delimiter.charCodeAt(0)
  }

  /** Takes the next piece of text; answers the records that are complete with it. */
  push(text: string): readonly CsvRecord[] {
    return this.#read(this.#rest + text, false)
  }

  /** There is no more text. */
  end(): readonly CsvRecord[] {
    return this.#read(this.#rest, true)
  }

  #read(text: string, isLast: boolean): readonly CsvRecord[] {
    const records: CsvRecord[] = []
    let from = 0
    while (from < text.length) {
      const found = this.#record(text, from, isLast)
      if (found === undefined) break
      const { cells, next, isBlank } = found
      if (isBlank) this.blankLines++
      else records.push({ line: this.#line, cells })
      this.#line += linesIn(text, from, next)
      from = next
    }
    this.#rest = text.slice(from)
    return records
  }

  /** The record that begins at `from`; `undefined` where more text is needed to know it. */
  #record(text: string, from: number, isLast: boolean): { cells: string[]; next: number; isBlank: boolean } | undefined {
    const cells: string[] = []
    const issues: FileIssue[] = []
    let at = from
    for (;;) {
      const cell = text.charCodeAt(at) === QUOTE ? this.#quoted(text, at, from, isLast) : this.#bare(text, at, isLast)
      if (cell === undefined) return undefined
      cells.push(cell.value)
      if (cell.issue !== undefined) {
        issues.push({ line: this.#line + linesIn(text, from, at), kind: cell.issue, readAs: cell.value.slice(0, GLANCE) })
      }
      at = cell.end
      if (at < text.length && text.charCodeAt(at) === this.#delimiterCode) {
        at++
        if (at === text.length && !isLast) return undefined
        continue
      }
      const isBlank = at === from
      if (text.charCodeAt(at) === CR) {
        if (at + 1 === text.length && !isLast) return undefined
        at += text.charCodeAt(at + 1) === LF ? 2 : 1
      } else if (at < text.length) at++
      this.issueCount += issues.length
      this.issues.push(...issues.slice(0, Math.max(0, ISSUES_KEPT - this.issues.length)))
      return { cells, next: at, isBlank }
    }
  }

  #bare(text: string, from: number, isLast: boolean): Cell | undefined {
    const end = this.#endOfBare(text, from)
    return end === text.length && !isLast && end - from < LONGEST_RECORD ? undefined : { value: text.slice(from, end), end }
  }

  #endOfBare(text: string, from: number): number {
    for (let at = from; at < text.length; at++) {
      const code = text.charCodeAt(at)
      if (code === this.#delimiterCode || code === LF || code === CR) return at
    }
    return text.length
  }

  #quoted(text: string, from: number, recordFrom: number, isLast: boolean): Cell | undefined {
    let close = from + 1
    let hasPairs = false
    for (;;) {
      close = text.indexOf('"', close)
      if (close < 0 || (close + 1 === text.length && !isLast)) {
        if (!isLast && text.length - recordFrom < LONGEST_RECORD) return undefined
        if (close < 0) return this.#asBare(text, from, isLast)
      }
      if (text.charCodeAt(close + 1) !== QUOTE) break
      hasPairs = true
      close += 2
    }
    const after = text.charCodeAt(close + 1)
    const inner = text.slice(from + 1, close)
    if (close + 1 === text.length || after === this.#delimiterCode || after === LF || after === CR) {
      return { value: hasPairs ? inner.replaceAll('""', '"') : inner, end: close + 1 }
    }
    // With a line break inside, the quote that was found opens another cell: this one was never closed.
    if (/[\r\n]/u.test(inner)) return this.#asBare(text, from, isLast)
    const end = this.#endOfBare(text, close + 1)
    if (end === text.length && !isLast) return undefined
    return { value: text.slice(from, end), end, issue: 'text-after-quote' }
  }

  #asBare(text: string, from: number, isLast: boolean): Cell | undefined {
    const cell = this.#bare(text, from, isLast)
    return cell && { ...cell, issue: 'unclosed-quote' }
  }
}

interface Cell {
  readonly value: string
  /** Where the delimiter, line break or end stands behind it. */
  readonly end: number
  readonly issue?: FileIssue['kind']
}

/** How many line breaks a stretch of text has; CRLF is one. */
function linesIn(text: string, from: number, to: number): number {
  let lines = 0
  for (let at = from; at < to; at++) {
    const code = text.charCodeAt(at)
    if (code === LF || (code === CR && text.charCodeAt(at + 1) !== LF)) lines++
  }
  return lines
}
