import type { FieldId, RowId } from './ids.ts'

/** A figure under a column, of a group's rows or of all that are shown. */
export interface AggregateFigure {
  readonly field: FieldId
  /** As a person reads it, with what it is: `Sum 1,204`. */
  readonly text: string
}

export interface RowLine {
  readonly kind: 'row'
  readonly row: RowId
}

/** The head of rows that have one value in common. */
export interface GroupLine {
  readonly kind: 'group'
  /** Names the group within its view, for as long as its value is the same. */
  readonly key: string
  readonly field: FieldId
  readonly label: string
  /** Rows in it, those of its inner groups too. */
  readonly count: number
  readonly aggregates: readonly AggregateFigure[]
  readonly isOpen: boolean
  /** 0 is the outermost. */
  readonly depth: number
}

/** What a grid draws from top to bottom: rows, and the heads of groups. An unchanged line is the same object as before. */
export type GridLine = RowLine | GroupLine

/** Ends each step of a group's path; labels are written as JSON, which never holds it bare. */
export const PATH_END = '\n'

/** The key of a group within the one around it (`path`, empty for the outermost); without a label the group of rows that have no value. */
export const groupKeyIn = (path: string, field: FieldId, label: string | undefined): string =>
  `${path}${field}=${label === undefined ? '' : JSON.stringify(label)}${PATH_END}`
