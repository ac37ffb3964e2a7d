import type { CellValue } from '../../workbook/cell-value.ts'
import type { FieldId, RowId } from '../../workbook/ids.ts'
import { typedCells } from '../../workbook/replica.ts'
import { parseDocumentName } from '../../workbook/schema.ts'
import type { Sheet } from '../../workbook/sheet.ts'
import type { UnsentEdits } from './device-store.ts'

/** What was typed on this device into an earlier generation of a sheet's document and never reached the server. */
export interface LateEdits {
  /** The earlier document. */
  readonly document: string
  readonly cells: readonly LateCell[]
  /** Changes that set no cell: they can be exported only. */
  readonly others: number
}

export interface LateCell {
  readonly row: RowId
  readonly field: FieldId
  readonly yours: CellValue
  /** What the cell shows today. */
  readonly now: CellValue
  /** Why it cannot be written; `undefined` where it can. */
  readonly obstacle: 'row' | 'field' | undefined
}

/** Late edits of a sheet, without the cells that show the late value already. `prefix` stands before the documents' names on this device. */
export function lateEditsOf(unsent: readonly UnsentEdits[], prefix: string, sheet: Sheet, current: string): readonly LateEdits[] {
  const rows = new Set<string>(sheet.rows())
  return unsent.flatMap(({ name, updates }) => {
    const document = name.slice(prefix.length)
    const parsed = parseDocumentName(document)
    if (parsed?.kind !== 'edits' || parsed.sheet !== sheet.id || document === current) return []
    const { cells, others } = typedCells(updates)
    const late = cells
      .map(({ row, field, value }): LateCell => {
        const isRow = rows.has(row)
        const known = sheet.field(field)
        const obstacle = !isRow ? 'row' : known === undefined || known.binding?.writable === false ? 'field' : undefined
        return { row, field, yours: value, now: isRow ? sheet.cell(row, field).value : null, obstacle }
      })
      .filter((cell) => cell.obstacle !== undefined || cell.yours !== cell.now)
    return [{ document, cells: late, others }]
  })
}
