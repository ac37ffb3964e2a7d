import type { ConnectionId, FieldId, RowId } from '../../workbook/ids.ts'
import type { SqlOp } from '../update-log.ts'

/** The cells of a connection, or of one field of it, leave the index of unsettled cells: nothing of them is to be pushed any more. */
export const dropUnsettledOp = (connection: ConnectionId, field?: FieldId): SqlOp =>
  field === undefined
    ? { sql: 'DELETE FROM unsettled WHERE connection = ?', params: [connection] }
    : { sql: 'DELETE FROM unsettled WHERE connection = ? AND field = ?', params: [connection, field] }

/** As above, of one row that is no longer tied to a record. */
export const dropUnsettledRowOp = (connection: ConnectionId, row: RowId): SqlOp => ({
  sql: 'DELETE FROM unsettled WHERE connection = ? AND row = ?',
  params: [connection, row],
})
