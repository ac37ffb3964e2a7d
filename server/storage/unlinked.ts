import * as z from 'zod'
import { type Annotation, type AnnotationOf, parseAnnotation } from '../../workbook/annotations.ts'
import type { CellValue } from '../../workbook/cell-value.ts'
import type { ConnectionId, FieldId, RowId } from '../../workbook/ids.ts'
import type { SqlOp } from '../update-log.ts'
import type { Reader } from './database.ts'

/** A tie that a person cut, with all it takes to tie the row to the same record again as if nothing had been. */
export interface Unlinked {
  readonly row: RowId
  readonly record: string
  /** What the connection field showed. */
  readonly key: CellValue
  /** When it was cut. ms */
  readonly at: number
  /** Where the scheduled pulls stood: what the app changed since was not read for this row. */
  readonly cursor: string | null
  /** What was said of the record. */
  readonly mark: AnnotationOf<'gone'> | AnnotationOf<'unmatched'> | undefined
  /** What was said of cells, with the entry it was about. */
  readonly cells: readonly { readonly field: FieldId; readonly item: string | null; readonly marks: readonly Annotation[] }[]
}

/** How long a cut tie can be taken back. ms */
const KEPT_MS = 30 * 86_400_000

const annotations = z.array(z.unknown()).transform((stored) => stored.flatMap((one) => parseAnnotation(one) ?? []))
const kept = z.object({
  key: z.union([z.string(), z.number(), z.boolean(), z.null()]),
  cursor: z.string().nullable(),
  mark: z.unknown().transform((stored) => {
    const mark = parseAnnotation(stored)
    return mark?.kind === 'gone' || mark?.kind === 'unmatched' ? mark : undefined
  }),
  cells: z.array(
    z.object({
      field: z.string().transform((id) => id as FieldId),
      item: z.string().nullable(),
      marks: annotations,
    }),
  ),
})

/** Ties that were cut and can be taken back. */
export class UnlinkedStore {
  readonly #reader: Reader

  constructor(reader: Reader) {
    this.#reader = reader
  }

  of(connection: ConnectionId, { row, record }: Pick<Unlinked, 'row' | 'record'>): Unlinked | undefined {
    const query = this.#reader.raw.prepare('SELECT kept, at FROM unlinked WHERE connection = ? AND row = ? AND record = ?')
    const found = query.get(connection, row, record)
    return typeof found?.kept === 'string' ? { row, record, at: Number(found.at), ...kept.parse(JSON.parse(found.kept)) } : undefined
  }
}

/** Keeps what was cut, and forgets what was cut long ago. */
export const keepUnlinkedOps = (connection: ConnectionId, ties: readonly Unlinked[], now: number): SqlOp[] => [
  { sql: 'DELETE FROM unlinked WHERE at < ?', params: [now - KEPT_MS] },
  ...ties.map(({ row, record, at, ...rest }) => ({
    sql: 'INSERT OR REPLACE INTO unlinked (connection, row, record, kept, at) VALUES (?,?,?,?,?)',
    params: [connection, row, record, JSON.stringify({ ...rest, mark: rest.mark ?? null }), at],
  })),
]

export const forgetUnlinkedOp = (connection: ConnectionId, { row, record }: Pick<Unlinked, 'row' | 'record'>): SqlOp => ({
  sql: 'DELETE FROM unlinked WHERE connection = ? AND row = ? AND record = ?',
  params: [connection, row, record],
})
