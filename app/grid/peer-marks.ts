import type { RowId } from '../../workbook/ids.ts'
import type { Peer } from '../collab/presence.ts'
import { rangeBetween } from './grid-model.ts'
import type { PeerArea, PeerMark } from './scene.ts'

/** Who is in which row of a sheet. */
export function marksOf(peers: readonly Peer[], sheet: string): ReadonlyMap<string, readonly PeerMark[]> {
  const marks = new Map<string, readonly PeerMark[]>()
  for (const { name, color, cursor, liveText } of peers) {
    if (cursor?.sheet !== sheet) continue
    const mark = { name, color, field: cursor.field, isEditing: cursor.isEditing, liveText }
    marks.set(cursor.row, [...(marks.get(cursor.row) ?? []), mark])
  }
  return marks
}

/** What others have selected, where both corners of it are shown here. */
export function areasOf(
  peers: readonly Peer[],
  sheet: string,
  view: { lineOf(row: RowId): number },
  columnOf: (field: string) => number | undefined,
): readonly PeerArea[] {
  return peers.flatMap(({ cursor, ranges, color }) => {
    if (cursor?.sheet !== sheet) return []
    return ranges.flatMap(({ fromRow, fromField, toRow, toField }) => {
      const [a, b] = [view.lineOf(fromRow as RowId), view.lineOf(toRow as RowId)]
      const [c, d] = [columnOf(fromField), columnOf(toField)]
      if (a < 0 || b < 0 || c === undefined || d === undefined) return []
      return [{ color, range: rangeBetween({ row: a, column: c }, { row: b, column: d }) }]
    })
  })
}
