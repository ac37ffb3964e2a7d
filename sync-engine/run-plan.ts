import type { ObjectDescription } from './connectors/connector.ts'
import { type DeltaCell, type HeldCell, type Plan, type PushCell, planSync } from './plan.ts'
import type { EnginePorts, FrozenPlan, RunCell, Settlement, SheetView } from './ports.ts'
import { lineOf, type Run } from './run-context.ts'
import { SyncError } from './sync-error.ts'

/** The setup a frozen plan must still find: directions, rights, mappings. */
export function setupFingerprint(setup: EnginePorts['setup'], description: ObjectDescription): string {
  const writable = description.fields.map((f) => [f.id, f.writable === true])
  return JSON.stringify([setup.isOn, setup.objectDirection, setup.onConflict, setup.fields, writable])
}

export async function makePlan({ ports, description }: Run, frozen: FrozenPlan | undefined): Promise<Plan> {
  const { setup } = ports
  const linked = await ports.linked()
  const delta = await ports.delta()
  const plan = planSync({ setup, description, mode: 'two-way', delta, linkedRecords: new Set(linked.map((l) => l.recordId)).size })
  if (frozen === undefined) {
    await ports.settle(() => ({ counts: { planned: plan.push.length, held: plan.held.length } }))
    return plan
  }
  if (frozen.setup !== setupFingerprint(setup, description)) {
    throw new SyncError('plan-changed', 'A direction, a right or a mapping changed since the preview. Nothing was sent.')
  }
  const done = await ports.receiptsOfRun()
  const cells = frozen.cells.filter((f) => !done.some((r) => r.row === f.row && r.field === f.field && r.item === f.item))
  const same = (a: FrozenPlan['cells'][number], b: PushCell): boolean =>
    a.row === b.row && a.field === b.field && a.item === b.item && a.baseline === b.baseline && a.sent === b.sent
  const push = plan.push.filter((cell) => frozen.cells.some((f) => same(f, cell)))
  const movedOn = cells.filter((f) => !push.some((cell) => same(f, cell)))
  await ports.settle(() => ({
    counts: { planned: push.length + movedOn.length, skipped: movedOn.length, held: plan.held.length },
    runCells: movedOn.map((f) => movedOnLine(f, delta)),
  }))
  return { ...plan, push }
}

function movedOnLine(frozen: FrozenPlan['cells'][number], delta: readonly DeltaCell[]): RunCell {
  const today = delta.find((d) => d.row === frozen.row && d.field === frozen.field)
  return {
    row: frozen.row,
    field: frozen.field,
    recordId: today?.recordId ?? '',
    recordKey: today?.recordKey ?? '',
    base: frozen.baseline,
    value: frozen.sent,
    got: today?.value ?? null,
    outcome: 'moved-on',
    note: 'Changed since the preview; it stays staged for the next sync.',
    author: today?.author ?? '',
  }
}

/** Marks what the plan itself stopped: values that are no option (C14), and two rows that want different values of one record. */
export async function settleHeld({ ports }: Run, plan: Plan): Promise<void> {
  const own = plan.held.filter((h) => h.reason === 'not-an-option' || h.reason === 'linked-twice')
  if (plan.held.length === 0) return
  await ports.settle((view) => ({
    cells: own.flatMap((held) => heldMark(view, held)),
    runCells: plan.held.map(({ cell, text }) => ({ ...lineOf(cell), got: null, outcome: 'not-planned' as const, note: text })),
  }))
}

function heldMark(view: SheetView, { cell, reason, text, nearest }: HeldCell): NonNullable<Settlement['cells']> {
  const state = view.state(cell.row, cell.field)
  if (state.live?.item !== cell.item) return []
  const { marks } = state
  if (reason === 'not-an-option') {
    if (marks.refused?.value === cell.value) return []
    const refused = view.stamp<'refused'>({ kind: 'refused', value: cell.value, reason: text, ...(nearest !== undefined && { nearest }) })
    return [{ row: cell.row, field: cell.field, entry: { kind: 'keep' }, marks: { ...marks, refused } }]
  }
  if (marks.conflict !== undefined) return []
  const conflict = view.stamp<'conflict'>({
    kind: 'conflict',
    base: cell.base,
    yours: cell.value,
    theirs: state.baseline,
    by: cell.author,
    cause: 'linked-twice',
  })
  return [{ row: cell.row, field: cell.field, entry: { kind: 'keep' }, marks: { ...marks, conflict } }]
}
