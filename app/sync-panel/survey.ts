import type { ConnectionInfo } from '../../server/api/contract.ts'
import {
  type ConnectionSetup,
  type DeltaCell,
  type HeldCell,
  type Plan,
  type PlanInput,
  planSync,
  type RunMode,
} from '../../sync-engine/plan.ts'
import type { CellStatusKind } from '../../workbook/cell-status.ts'
import { FIELD_TYPES, type Field } from '../../workbook/fields.ts'
import { type CellKey, type ConnectionId, cellKey, type FieldId, type RowId } from '../../workbook/ids.ts'
import type { Sheet } from '../../workbook/sheet.ts'

/** A cell that waits for a person's answer. */
export interface NeedingCell {
  readonly row: RowId
  readonly field: FieldId
  readonly kind: CellStatusKind
  readonly connection: ConnectionId | undefined
}

/** What one pass over a sheet's edits and annotations finds: the numbers of the panel and the status bar. */
export interface Survey {
  readonly deltas: ReadonlyMap<ConnectionId, readonly DeltaCell[]>
  /** Staged cells of rows that no record is tied to, by connection. */
  readonly unlinked: ReadonlyMap<ConnectionId, number>
  /** In the order of the rows. */
  readonly needing: readonly NeedingCell[]
  readonly staged: number
  readonly warnings: number
}

export const EMPTY_SURVEY: Survey = { deltas: new Map(), unlinked: new Map(), needing: [], staged: 0, warnings: 0 }

const MARK_ORDER = ['refused', 'conflict', 'concurrent', 'differs'] as const

/** Surveys a sheet: which cells are staged, per connection, and which wait for a person. */
export function surveySheet(sheet: Sheet): Survey {
  const fields = new Map(sheet.fields().map((field) => [field.id, field]))
  const keyFields = keyFieldsOf(sheet.fields())
  const deltas = new Map<ConnectionId, DeltaCell[]>()
  const unlinked = new Map<ConnectionId, number>()
  let staged = 0
  for (const { row, field } of sheet.entries()) {
    const connection = fields.get(field)?.binding?.connection
    if (connection === undefined) continue
    const cell = sheet.cell(row, field)
    if (!cell.isStaged || cell.entry === undefined || cell.item === undefined || sheet.isDeleted(row)) continue
    staged++
    const recordId = sheet.recordOf(row, connection)
    if (recordId === undefined) {
      unlinked.set(connection, (unlinked.get(connection) ?? 0) + 1)
      continue
    }
    const keyField = keyFields.get(connection)
    const key = keyField === undefined ? null : sheet.baseline(row, keyField)
    const { value, baseline, item, marks, entry } = cell
    const delta = deltas.get(connection) ?? []
    const place = { row, field, recordId, recordKey: typeof key === 'string' ? key : recordId }
    const isGone = sheet.recordMark(row, connection)?.kind === 'gone'
    delta.push({ ...place, value, base: entry.base, baseline, item, author: entry.by, at: entry.at, marks, isGone })
    deltas.set(connection, delta)
  }
  const needing = needingCells(sheet, fields)
  return { deltas, unlinked, needing, staged, warnings: needing.length }
}

/** The field that shows the record's key, by connection. */
function keyFieldsOf(fields: readonly Field[]): ReadonlyMap<ConnectionId, FieldId> {
  const keys = new Map<ConnectionId, FieldId>()
  for (const { id, binding } of fields) if (binding?.isConnectionField) keys.set(binding.connection, id)
  return keys
}

function needingCells(sheet: Sheet, fields: ReadonlyMap<FieldId, Field>): readonly NeedingCell[] {
  const found = new Map<CellKey, NeedingCell>()
  for (const { row, place } of sheet.annotations()) {
    const field = fields.get(place as FieldId)
    if (field === undefined || sheet.isDeleted(row)) continue
    const cell = sheet.cell(row, field.id)
    const kind = MARK_ORDER.find((mark) => cell.marks[mark] !== undefined && (mark !== 'refused' || cell.isStaged))
    if (kind !== undefined) found.set(cellKey(row, field.id), { row, field: field.id, kind, connection: field.binding?.connection })
  }
  if (found.size < 2) return [...found.values()]
  const rank = new Map(sheet.rows().map((row, i) => [row, i]))
  const column = new Map([...fields.keys()].map((id, i) => [id, i]))
  return [...found.values()].sort(
    (a, b) => (rank.get(a.row) ?? 0) - (rank.get(b.row) ?? 0) || (column.get(a.field) ?? 0) - (column.get(b.field) ?? 0),
  )
}

/** Next cell that needs a person from a place, around the end; `undefined` where none does. */
export function nextNeeding(
  needing: readonly NeedingCell[],
  from: { readonly rowIndex: number; readonly columnIndex: number },
  direction: 1 | -1,
  indexOf: (cell: NeedingCell) => { rowIndex: number; columnIndex: number },
): NeedingCell | undefined {
  const isBehind = (cell: NeedingCell): boolean => {
    const at = indexOf(cell)
    const distance = at.rowIndex - from.rowIndex || at.columnIndex - from.columnIndex
    return distance * direction > 0
  }
  const ordered = direction === 1 ? needing : [...needing].reverse()
  return ordered.find(isBehind) ?? ordered[0]
}

/** Whether the next one lies behind the end of the sheet: another sheet comes before its first one again. */
export function isRoundTheEnd(
  next: { readonly rowIndex: number; readonly columnIndex: number },
  from: { readonly rowIndex: number; readonly columnIndex: number },
  direction: 1 | -1,
): boolean {
  return (next.rowIndex - from.rowIndex || next.columnIndex - from.columnIndex) * direction <= 0
}

/** What a connection's description says, in the engine's own type; `undefined` before the first field refresh. */
export function describedAs(connection: ConnectionInfo): PlanInput['description'] | undefined {
  const { description } = connection
  const types: readonly string[] = FIELD_TYPES
  if (description === undefined || !description.fields.every((field) => types.includes(field.type))) return undefined
  return description as PlanInput['description']
}

export const setupOf = (connection: ConnectionInfo): ConnectionSetup => ({
  id: connection.id as ConnectionId,
  app: connection.integration.app,
  appName: connection.integration.appName,
  isOn: connection.integration.isOn && !connection.isPaused,
  ...(connection.integration.isOn && connection.isPaused && { isPaused: true }),
  objectDirection: connection.object.direction,
  fields: connection.fields.map((f) => ({ ...f, field: f.field as FieldId })),
  onConflict: connection.onConflict,
})

/** The plan of a connection as this window's documents stand; the server will plan the same from the same. */
export function planHere(connection: ConnectionInfo, survey: Survey, mode: RunMode): Plan | undefined {
  const description = describedAs(connection)
  if (description === undefined) return undefined
  const delta = survey.deltas.get(connection.id as ConnectionId) ?? []
  return planSync({ setup: setupOf(connection), description, mode, delta, linkedRecords: connection.linkedRecords })
}

/** Why staged cells stay here, by cell, for those whose reason is no annotation of their own. */
export function heldTexts(plans: Iterable<Plan | undefined>): ReadonlyMap<CellKey, Pick<HeldCell, 'text' | 'nearest'>> {
  const held = new Map<CellKey, Pick<HeldCell, 'text' | 'nearest'>>()
  for (const plan of plans) for (const { cell, ...why } of plan?.held ?? []) held.set(cellKey(cell.row, cell.field), why)
  return held
}

/** Which cells a run under way is sending now. */
export function sendingCells(plans: ReadonlyMap<string, Plan | undefined>, pushing: ReadonlySet<string>): ReadonlySet<CellKey> {
  const cells = new Set<CellKey>()
  for (const [connection, plan] of plans) {
    if (pushing.has(connection)) for (const { row, field } of plan?.push ?? []) cells.add(cellKey(row, field))
  }
  return cells
}
