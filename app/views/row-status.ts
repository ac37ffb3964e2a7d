import type { CellStatus, CellStatusKind } from '../../workbook/cell-status.ts'
import type { Field } from '../../workbook/fields.ts'
import type { RowId } from '../../workbook/ids.ts'
import type { Painter } from '../grid/scene.ts'
import { TEXTS } from '../texts.ts'

/** The state of one of a row's cells. */
export interface FieldStatus {
  readonly field: Field
  readonly status: CellStatus
}

/** What of a row's cells needs somebody's eye first, and what only waits. */
const URGENCY: readonly CellStatusKind[] = [
  'refused',
  'conflict',
  'concurrent',
  'differs',
  'gone',
  'invalid',
  'held',
  'sending',
  'staged',
  'unmatched',
]

/** There is nothing to say of it. */
export const isQuiet = (kind: CellStatusKind): boolean => !URGENCY.includes(kind)

export const statusesOf = ({ sheet, statusOf }: Painter, row: RowId, fields: readonly Field[]): readonly FieldStatus[] =>
  fields.map((field) => ({ field, status: statusOf(row, field, sheet.cell(row, field.id)) }))

/** The cell whose state is most urgent, the first one of several; `undefined` where all are quiet. */
export function mostUrgent(statuses: readonly FieldStatus[]): FieldStatus | undefined {
  const loud = statuses.filter(({ status }) => !isQuiet(status.kind))
  return loud.toSorted((a, b) => URGENCY.indexOf(a.status.kind) - URGENCY.indexOf(b.status.kind))[0]
}

/** What is said of the cells that are not quiet. What is said of a whole record is said by each of its cells: once is enough. */
export function statusTexts(statuses: readonly FieldStatus[]): readonly string[] {
  const said = new Map<string, string>()
  for (const { field, status } of statuses) {
    if (!isQuiet(status.kind) && !said.has(status.text)) said.set(status.text, TEXTS.views.stateOf(field.name, status.text))
  }
  return [...said.values()]
}
