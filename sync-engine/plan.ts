import type { Marks } from '../workbook/annotations.ts'
import type { CellValue } from '../workbook/cell-value.ts'
import type { ConnectionId, FieldId, ItemId, RowId } from '../workbook/ids.ts'
import type { ExternalField, ObjectDescription, PlanCalls, PlannedCall, RecordDelta } from './connectors/connector.ts'
import { planHubSpotCalls } from './connectors/hubspot-plan.ts'
import { planJiraCalls } from './connectors/jira-plan.ts'
import { planSalesforceCalls } from './connectors/salesforce-plan.ts'
import { type Credits, NO_CREDITS, totalCredits } from './credits.ts'
import { effectiveDirection, type FieldDirection, heldByDirection, type ObjectDirection, whyOff } from './direction.ts'
import { matchOption } from './options.ts'
import { toApp, toWorkbook, type ValueMap } from './value-map.ts'

/** The pure side of each built app. */
const PLAN_CALLS: Readonly<Record<string, PlanCalls>> = { jira: planJiraCalls, salesforce: planSalesforceCalls, hubspot: planHubSpotCalls }

/** A connection with the configuration that decides what its runs may do. */
export interface ConnectionSetup {
  readonly id: ConnectionId
  readonly app: string
  readonly appName: string
  readonly isOn: boolean
  /** It is not on because a person paused this one connection. */
  readonly isPaused?: boolean
  /** Its sheet is deleted, and it rests until the sheet is back. */
  readonly isSheetDeleted?: boolean
  readonly objectDirection: ObjectDirection
  readonly fields: readonly {
    readonly field: FieldId
    readonly external: string
    readonly direction: FieldDirection
    /** What an option of the app is called in the workbook; absent: as the app calls it. */
    readonly valueMap?: ValueMap
  }[]
  /** A cell changed in both is held for a person, or the workbook wins. */
  readonly onConflict: 'hold' | 'workbook-wins'
}

/** One staged cell of a linked record, as the document holds it. */
export interface DeltaCell {
  readonly row: RowId
  readonly field: FieldId
  readonly recordId: string
  readonly recordKey: string
  readonly value: CellValue
  /** The entry's own base: what its author saw the app hold. */
  readonly base: CellValue
  readonly baseline: CellValue
  readonly item: ItemId
  readonly author: string
  readonly at: number
  readonly marks: Marks
  readonly isGone: boolean
}

export type HoldReason =
  | 'conflict'
  | 'concurrent'
  | 'refused'
  | 'gone'
  | 'direction'
  /** The app does not take values for this field. */
  | 'read-only'
  /** The value is none of the field's options (C14): stopped before any call. */
  | 'not-an-option'
  | 'linked-twice'

export interface HeldCell {
  readonly cell: DeltaCell
  readonly reason: HoldReason
  /** In words a person reads, after "Staged, held: ". */
  readonly text: string
  /** The exact name offered instead, where one is near. */
  readonly nearest?: string
}

/** A cell that will be sent: `value` is in the app's exact spelling where the field has options. */
export interface PushCell extends DeltaCell {
  readonly external: string
  readonly sent: CellValue
  /** What the call carries, where the field's value map names the value otherwise. (Default: `sent`) */
  readonly inApp?: CellValue
}

export interface Plan {
  /** Names these very cells and values; a run of a preview compares it. */
  readonly id: string
  readonly connection: ConnectionId
  readonly mode: RunMode
  readonly push: readonly PushCell[]
  readonly held: readonly HeldCell[]
  /** Reads by id of the records in the delta, before anything is sent. */
  readonly check: { readonly calls: number; readonly records: number }
  readonly calls: readonly PlannedCall[]
  readonly pull: { readonly calls: number; readonly records: number }
  readonly credits: Credits
  readonly totalCredits: number
}

export type RunMode = 'two-way' | 'one-way'

export interface PlanInput {
  readonly setup: ConnectionSetup
  readonly description: ObjectDescription
  readonly mode: RunMode
  readonly delta: readonly DeltaCell[]
  /** Distinct linked records. */
  readonly linkedRecords: number
}

/**
 * What a run will do: delta ∩ effective direction, less held cells, grouped into the app's smallest number of calls, with its price.
 * Pure, so that a preview in the browser and the run on the server are the same plan.
 */
export function planSync({ setup, description, mode, delta, linkedRecords }: PlanInput): Plan {
  const isPulling = setup.isOn && (setup.objectDirection === 'push-pull' || setup.objectDirection === 'pull')
  const sorted = mode === 'one-way' ? { push: [], held: [] } : sortDelta(setup, description, delta)
  const records = new Set(sorted.push.map((c) => c.recordId))
  const calls = planCallsOf(description, recordDeltas(sorted.push))
  const batches = (count: number): number => Math.ceil(count / description.readBatch)
  const pull = isPulling ? { calls: batches(linkedRecords), records: linkedRecords } : { calls: batches(records.size), records: 0 }
  const credits: Credits = { ...NO_CREDITS, pushed: changesOf(sorted.push), pulled: pull.records }
  const plan = {
    connection: setup.id,
    mode,
    ...sorted,
    check: { calls: batches(records.size), records: records.size },
    calls,
    pull,
    credits,
  }
  return { id: planId(mode, sorted.push), ...plan, totalCredits: totalCredits(credits) }
}

/** The steps of a run of this plan in the order they go, with the calls each makes; `openRecords`: those whose earlier pushes are read back first. */
export function stepsOf(plan: Plan, description: ObjectDescription, openRecords: number): readonly PlanStep[] {
  const lookups = plan.calls.filter((call) => call.lookup !== undefined)
  const recordsIn = (calls: readonly PlannedCall[]): number => calls.reduce((sum, call) => sum + call.deltas.length, 0)
  const pulled = plan.pull.records > 0 ? plan.pull.records : plan.check.records
  const steps: readonly PlanStep[] = [
    { step: 'read-back', calls: Math.ceil(openRecords / description.readBatch), records: openRecords },
    { step: 'check', ...plan.check },
    { step: 'lookup', calls: lookups.length, records: recordsIn(lookups) },
    { step: 'write', calls: plan.calls.length, records: recordsIn(plan.calls) },
    { step: 'pull', calls: plan.pull.calls, records: pulled },
  ]
  return steps.filter((step) => step.calls > 0)
}

export interface PlanStep {
  readonly step: 'read-back' | 'check' | 'lookup' | 'write' | 'pull'
  readonly calls: number
  readonly records: number
}

/** The write calls for these record deltas, in the order they will go. */
export function planCallsOf(description: ObjectDescription, deltas: readonly RecordDelta[]): readonly PlannedCall[] {
  const planCalls = PLAN_CALLS[description.app]
  if (planCalls === undefined) throw new Error(`No plan for the app ${description.app}`)
  return deltas.length ? planCalls(deltas, description) : []
}

/** One delta a record, in the cells' order; two rows that hold one record and agree are one change (CELLS 28). */
export function recordDeltas(push: readonly PushCell[]): readonly RecordDelta[] {
  const deltas = new Map<string, { recordId: string; recordKey: string; changes: { field: string; value: CellValue }[] }>()
  for (const { recordId, recordKey, external, sent, inApp = sent } of push) {
    const delta = deltas.get(recordId) ?? { recordId, recordKey, changes: [] }
    if (!delta.changes.some((c) => c.field === external)) delta.changes.push({ field: external, value: inApp })
    deltas.set(recordId, delta)
  }
  return [...deltas.values()]
}

const changesOf = (push: readonly PushCell[]): number => recordDeltas(push).reduce((sum, d) => sum + d.changes.length, 0)

function sortDelta(
  setup: ConnectionSetup,
  description: ObjectDescription,
  delta: readonly DeltaCell[],
): { push: PushCell[]; held: HeldCell[] } {
  const push: PushCell[] = []
  const held: HeldCell[] = []
  const twice = linkedTwice(delta)
  const byField = new Map(setup.fields.map((f) => [f.field, f]))
  const described = new Map(description.fields.map((f) => [f.id, f]))
  for (const cell of delta) {
    const mapping = byField.get(cell.field)
    const external = mapping && described.get(mapping.external)
    const hold =
      mapping && external
        ? holdOf(setup, cell, mapping.direction, external.writable, twice)
        : { reason: 'direction' as const, text: 'this field is no longer connected.' }
    if (hold !== undefined || external === undefined) {
      held.push({ cell, ...(hold ?? { reason: 'direction', text: 'this field is no longer connected.' }) })
      continue
    }
    const valueMap = mapping?.valueMap
    const option = matchOption(inWorkbook(external, valueMap), cell.value)
    if (option.kind === 'unknown') {
      const offer = option.nearest === undefined ? '' : ` Did you mean “${option.nearest}”?`
      const text = `“${String(cell.value)}” is not an option in ${setup.appName}.${offer}`
      held.push({ cell, reason: 'not-an-option', text, ...(option.nearest !== undefined && { nearest: option.nearest }) })
    } else {
      const inApp = toApp(valueMap, option.value)
      push.push({ ...cell, external: external.id, sent: option.value, ...(inApp !== option.value && { inApp }) })
    }
  }
  return { push, held }
}

/** A field with its options called as the workbook calls them. */
export function inWorkbook(external: ExternalField, valueMap: ValueMap | undefined): ExternalField {
  if (valueMap === undefined || external.options === undefined) return external
  return { ...external, options: external.options.map((o) => ({ ...o, name: String(toWorkbook(valueMap, o.name)) })) }
}

/** Why a staged cell stays here; the first reason a person can close. */
function holdOf(
  setup: ConnectionSetup,
  cell: DeltaCell,
  direction: FieldDirection,
  writable: true | { readonly reason: string },
  twice: ReadonlySet<string>,
): { reason: HoldReason; text: string } | undefined {
  const { marks } = cell
  if (cell.isGone) return { reason: 'gone', text: `the record was deleted in ${setup.appName}.` }
  if (writable !== true) return { reason: 'read-only', text: writable.reason }
  const byDirection = heldByDirection(
    effectiveDirection(setup.isOn, setup.objectDirection, direction),
    setup.objectDirection,
    direction,
    setup.appName,
  )
  if (byDirection !== undefined) return { reason: 'direction', text: setup.isOn ? byDirection : whyOff(setup) }
  if (twice.has(`${cell.recordId}\u0000${cell.field}`))
    return { reason: 'linked-twice', text: 'two rows hold this record and want different values.' }
  if (marks.conflict !== undefined && setup.onConflict === 'hold') return { reason: 'conflict', text: 'changed in both.' }
  if (marks.concurrent?.settled !== undefined) return { reason: 'concurrent', text: 'typed before another value was sent.' }
  if (marks.refused !== undefined && marks.refused.value === cell.value)
    return { reason: 'refused', text: `${setup.appName} refused this value: ${marks.refused.reason}` }
  return undefined
}

/** `record\u0000field` of the cells in which two rows of one record want different values (CELLS 29). */
function linkedTwice(delta: readonly DeltaCell[]): ReadonlySet<string> {
  const first = new Map<string, CellValue>()
  const twice = new Set<string>()
  for (const { recordId, field, value } of delta) {
    const key = `${recordId}\u0000${field}`
    if (first.has(key) && first.get(key) !== value) twice.add(key)
    else first.set(key, value)
  }
  return twice
}

/** 53 bits of FNV-1a over mode, cells, items and values, as base 36: short enough to read aloud. */
function planId(mode: RunMode, push: readonly PushCell[]): string {
  const text = JSON.stringify([mode, ...push.map((c) => [c.row, c.field, c.recordId, c.item, c.sent, c.base, c.baseline])])
  let hash = 0xcbf29ce484222325n
  for (let i = 0; i < text.length; i++) hash = BigInt.asUintN(64, (hash ^ BigInt(text.charCodeAt(i))) * 0x100000001b3n)
  return (hash >> 11n).toString(36).slice(0, 8)
}
