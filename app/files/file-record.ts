/** What a cell with a type holds, by the file itself. */
export type CellKind = 'number' | 'percent' | 'currency' | 'duration' | 'checkbox' | 'date' | 'date-time' | 'error'

/** A cell whose file says what it holds. It is never read again as text of some language. */
export interface TypedCell {
  readonly kind: CellKind
  /**
   * As it is shown, and as it goes into a field of texts: 1234.5, 25%, 12.5 EUR, 1:30, TRUE, 2026-11-21, 2026-11-21 10:30 (on no clock in
   * particular), #N/A.
   */
  readonly text: string
  /** Of the kinds that are numbers; a percent as a share of one, a duration in seconds. */
  readonly value?: number
  /** ISO 4217. */
  readonly unit?: string
}

/** A cell of a file: a text, or a value with its type. */
export type FileCell = string | TypedCell

export const textOf = (cell: FileCell | undefined): string => (typeof cell === 'object' ? cell.text : (cell ?? ''))

/** One record of a file: its cells, and the line or row on which it begins (from 1). */
export interface FileRecord {
  readonly line: number
  readonly cells: readonly FileCell[]
}

/** Something that is not as RFC 4180 says, the line it begins on, and what was read instead. */
export interface FileIssue {
  readonly line: number
  readonly kind: 'unclosed-quote' | 'text-after-quote'
  /** What the cell was read as, cut to a glance. */
  readonly readAs: string
}

/** What a worksheet has besides values. */
export interface SheetNotes {
  hiddenRows: number
  hiddenColumns: number
  /** Areas of merged cells; their value stands in the first cell alone. */
  merged: number
  formulas: number
  /** Formulas whose value no program has computed yet. */
  uncomputed: number
  errors: number
  /** Columns up to the last that holds anything. */
  width: number
}

/** Makes records of text that comes in pieces; what it found on the way is complete at the end. */
export interface RecordReader {
  push(text: string): readonly FileRecord[]
  end(): readonly FileRecord[]
  readonly issues: readonly FileIssue[]
  readonly issueCount: number
  /** Lines or rows without anything on them; they are no records. */
  readonly blankLines: number
  readonly sheet?: SheetNotes
}
