import { type Annotation, CELL_MARKS, type Marks } from '../workbook/annotations.ts'
import type { ConnectionId, FieldId, RowId } from '../workbook/ids.ts'
import type { Sheet } from '../workbook/sheet.ts'
import type { Room } from './sheets.ts'
import type { ConnectionRow } from './storage/catalog.ts'
import type { Unlinked } from './storage/unlinked.ts'

/** A row and the record it is, was or is to be tied to. */
export interface Tie {
  readonly row: RowId
  readonly record: string
}

/** A row that stays as it is, and why, in words a person reads. */
export interface KeptTie {
  readonly row: RowId
  readonly reason: string
}

/** What a row is tied by, before the tie is cut; `at` in ms. */
export function cutOf({ sheet, authority }: Room, connection: ConnectionRow, { row, record }: Tie, at: number): Unlinked {
  return {
    row,
    record,
    at,
    key: sheet.baseline(row, connection.keyField),
    cursor: connection.cursor,
    mark: sheet.recordMark(row, connection.id),
    cells: connection.fields.flatMap(({ field }) => {
      const { concurrent: _, ...ofApp } = sheet.marks(row, field)
      const marks = Object.values(ofApp).filter((mark) => mark !== undefined)
      return marks.length === 0 ? [] : [{ field, item: authority.live(row, field)?.item ?? null, marks }]
    }),
  }
}

/** A cell's annotations: what people said of each other's values stays, and of the app's words there are these. */
export function withMarks(sheet: Sheet, row: RowId, field: FieldId, ofApp: readonly Annotation[]) {
  const { concurrent } = sheet.marks(row, field)
  const marks: Marks = Object.fromEntries(
    [...ofApp, ...(concurrent === undefined ? [] : [concurrent])]
      .filter((mark) => CELL_MARKS.some((kind) => kind === mark.kind))
      .map((mark) => [mark.kind, mark]),
  )
  return { row, field, entry: { kind: 'keep' as const }, marks }
}

/** Cells whose annotations come back: those with the entry they were about. */
export const markedAgain = ({ sheet, authority }: Room, { row, cells }: Unlinked) =>
  cells
    .filter(({ field, item }) => (authority.live(row, field)?.item ?? null) === item)
    .map(({ field, marks }) => withMarks(sheet, row, field, marks))

export interface TieAgain {
  readonly again: readonly Unlinked[]
  readonly kept: readonly KeptTie[]
  /** Deleted rows that let their records go to the rows that come back. */
  readonly freed: readonly RowId[]
}

/** Which cut ties come back, and why the others do not. `known` is what is kept of a cut. */
export function tiesAgain(
  sheet: Sheet,
  connection: ConnectionId,
  ties: readonly Tie[],
  known: (tie: Tie) => Unlinked | undefined,
): TieAgain {
  const again = new Map<string, Unlinked>()
  const kept: KeptTie[] = []
  const freed: RowId[] = []
  for (const tie of ties) {
    const { row, record } = tie
    const cut = known(tie)
    const holders = sheet.rowsOf(connection, record).filter((other) => other !== row)
    const isHeld = again.has(record) || holders.some((holder) => !sheet.isDeleted(holder))
    const reason = whyNot(sheet, connection, tie) ?? (isHeld ? 'Another row holds the record by now.' : undefined)
    if (reason !== undefined) kept.push({ row, reason })
    else if (cut === undefined) kept.push({ row, reason: 'What the row was tied to is not known any more; link it by its key.' })
    else {
      again.set(record, cut)
      freed.push(...holders)
    }
  }
  return { again: [...again.values()], kept, freed }
}

function whyNot(sheet: Sheet, connection: ConnectionId, { row, record }: Tie): string | undefined {
  if (!sheet.hasRow(row) || sheet.isDeleted(row)) return 'The row is deleted.'
  const held = sheet.recordOf(row, connection)
  if (held === undefined) return undefined
  return held === record ? 'The row is linked to this record already.' : 'The row is linked to another record by now.'
}
