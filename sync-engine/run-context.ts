import type { AnnotationOf, Marks } from '../workbook/annotations.ts'
import { type CellValue, emptyToNull } from '../workbook/cell-value.ts'
import type { FieldId, RowId } from '../workbook/ids.ts'
import type { AppRecord, ObjectDescription } from './connectors/connector.ts'
import type { DeltaCell } from './plan.ts'
import type { EnginePorts, Receipt, RunCell, Settlement, SheetView } from './ports.ts'
import { type LandedPush, reconcileCell } from './reconcile.ts'
import { toApp, toWorkbook, type ValueMap } from './value-map.ts'

/** How a run ended by itself: `partial` where something it should have sent was refused or is unknown, `waiting` where a person must confirm. */
export type RunEnd = 'settled' | 'partial' | 'waiting'

export interface Run {
  readonly ports: EnginePorts
  readonly signal: AbortSignal
  readonly description: ObjectDescription
  /** External field of each workbook field of the connection. */
  readonly externalOf: ReadonlyMap<FieldId, string>
  readonly pullable: ReadonlySet<FieldId>
  /** What options of an external field are called in the workbook, where people named them. */
  readonly valueMaps: ReadonlyMap<string, ValueMap>
}

export const lineOf = (cell: DeltaCell): Pick<RunCell, 'row' | 'field' | 'recordId' | 'recordKey' | 'base' | 'value' | 'author'> => ({
  row: cell.row,
  field: cell.field,
  recordId: cell.recordId,
  recordKey: cell.recordKey,
  base: cell.base,
  value: cell.value,
  author: cell.author,
})

export const receiptLine = (r: Receipt): Pick<RunCell, 'row' | 'field' | 'recordId' | 'recordKey' | 'base' | 'value' | 'author'> => ({
  row: r.row,
  field: r.field,
  recordId: r.recordId,
  recordKey: r.recordKey,
  base: r.base,
  value: r.sent,
  author: r.author,
})

/** What became of a cell that was sent and whose record is proven gone: pushed where the app had said so before. */
export const goneLine = (r: Receipt): RunCell => ({
  ...receiptLine(r),
  got: null,
  outcome: r.state === 'saved' ? 'pushed' : 'held',
  note: r.state === 'saved' ? 'Saved; the record was deleted since.' : 'No answer came, and the record was deleted.',
})

export const knownFormsOf = (run: Run, r: Pick<Receipt, 'external' | 'sent' | 'answered'>): readonly CellValue[] => [
  knownFormOf(run, r.external, r.sent),
  ...(r.answered === undefined ? [] : [r.answered]),
]

/** The form the app is known to give a value, both as the workbook has them. */
export function knownFormOf({ ports, valueMaps }: Run, external: string, sent: CellValue): CellValue {
  const map = valueMaps.get(external)
  return toWorkbook(map, emptyToNull(ports.connector('read-back').normalise(external, toApp(map, sent))))
}

export const landed = (run: Run, r: Receipt): LandedPush => ({
  value: r.sent,
  item: r.item,
  base: r.base,
  author: r.author,
  knownForms: knownFormsOf(run, r),
})

/** The writes that reconcile one cell with what the app holds; empty where nothing changes. */
export function reconciled(
  view: SheetView,
  { row, field }: { row: RowId; field: FieldId },
  pulled: CellValue,
  push: LandedPush | undefined,
  record?: Pick<AppRecord, 'updatedBy'>,
): Settlement {
  const state = { ...view.state(row, field), isConnected: true }
  const relation = push ? view.relationTo(row, field, push.item) : state.live ? 'unseen' : 'none'
  const result = reconcileCell({ state, pulled, pushed: push, relation, acceptedKinds: view.acceptedKinds(field) }, view.stamp)
  const marks = withWho(result.marks, state.marks, record)
  const isMarked = !sameIds(state.marks, marks)
  return {
    rows: state.baseline === pulled ? [] : [{ row, values: new Map([[field, pulled]]) }],
    cells: result.entry.kind === 'keep' && !isMarked ? [] : [{ row, field, entry: result.entry, marks }],
    settled: result.settled ? [{ row, field, push: result.settled }] : [],
  }
}

/** A conflict that is new says who changed it in the app, where the app tells. */
function withWho(marks: Marks, before: Marks, record: Pick<AppRecord, 'updatedBy'> | undefined): Marks {
  const { conflict } = marks
  if (conflict === undefined || conflict.id === before.conflict?.id || record?.updatedBy === undefined) return marks
  return { ...marks, conflict: { ...conflict, theirsBy: record.updatedBy } }
}

const sameIds = (a: Marks, b: Marks): boolean =>
  a.differs?.id === b.differs?.id &&
  a.conflict?.id === b.conflict?.id &&
  a.concurrent?.id === b.concurrent?.id &&
  a.refused?.id === b.refused?.id

/** What the app holds, called as the workbook calls it. */
export const appValue = ({ valueMaps }: Pick<Run, 'valueMaps'>, record: AppRecord, external: string): CellValue =>
  toWorkbook(valueMaps.get(external), emptyToNull(record.values[external] ?? null))

/** The external fields of the connection; a record's key comes with every record. */
export const askedFields = (run: Run): string[] => distinct([...run.externalOf.values()]).filter((f) => f !== run.description.keyField)

/** Records settled in one turn of the event loop, and in one commit: an app's answers may be larger, and people type meanwhile. */
export const SETTLE_RECORDS = 250

export const distinct = <T>(values: readonly T[]): T[] => [...new Set(values)]

/** Two rows that hold one record and agree are one change, and one credit (CELLS 28). */
export const distinctChanges = (receipts: readonly Receipt[]): number =>
  new Set(receipts.map((r) => `${r.recordId}\u0000${r.external}`)).size

export function goneMarks(view: SheetView, { setup, clock }: EnginePorts, record: string): NonNullable<Settlement['recordMarks']> {
  return view.rowsOf(record).flatMap((row) => {
    if (view.isGone(row)) return []
    const mark: AnnotationOf<'gone'> = { ...view.stamp<'gone'>({ kind: 'gone', record }), at: clock.now() }
    return [{ row, connection: setup.id, mark }]
  })
}

export function peopleOf(run: Run, records: readonly AppRecord[]): ReadonlyMap<FieldId, Readonly<Record<string, string>>> {
  const types = new Map(run.description.fields.map((f) => [f.id, f.type]))
  const names: Record<string, string> = Object.assign({}, ...records.map((r) => r.people ?? {}))
  if (Object.keys(names).length === 0) return new Map()
  return new Map([...run.externalOf].filter(([, external]) => types.get(external) === 'person').map(([field]) => [field, names]))
}

/** Puts the writes of several cells together; a row's values become one packed row. */
export function mergeWrites(parts: readonly Settlement[]): Pick<Settlement, 'rows' | 'cells' | 'settled' | 'restored' | 'recordMarks'> {
  const rows = new Map<RowId, { row: RowId; records: Record<string, string | null>; values: Map<FieldId, CellValue> }>()
  for (const { row, records, values } of parts.flatMap((p) => p.rows ?? [])) {
    const merged = rows.get(row) ?? { row, records: {}, values: new Map<FieldId, CellValue>() }
    Object.assign(merged.records, records)
    for (const [field, value] of values) merged.values.set(field, value)
    rows.set(row, merged)
  }
  return {
    rows: [...rows.values()],
    cells: parts.flatMap((p) => p.cells ?? []),
    settled: parts.flatMap((p) => p.settled ?? []),
    restored: parts.flatMap((p) => p.restored ?? []),
    recordMarks: parts.flatMap((p) => p.recordMarks ?? []),
  }
}
