import type { CellValue } from '../workbook/cell-value.ts'
import type { FieldId, ItemId, RowId } from '../workbook/ids.ts'
import { type DeltaCell, planSync } from './plan.ts'
import type { FrozenPlan, RunCell } from './ports.ts'
import { pull } from './pull.ts'
import { checkAndPush } from './push.ts'
import type { Run, RunEnd } from './run-context.ts'
import { setupFingerprint } from './run-plan.ts'
import { SyncError } from './sync-error.ts'

/** A cell as it is now, for whoever wants to take back what a sync wrote into it. */
export interface CellNow {
  readonly recordId: string | undefined
  readonly isGone: boolean
  readonly isDeleted: boolean
  readonly isConnected: boolean
  readonly baseline: CellValue
  /** A value typed here that the app does not have. */
  readonly staged?: { readonly value: CellValue; readonly author: string }
}

export interface UndoPlan {
  /** Cells that go back to what they held before the sync, as edits of `actor` that are not written yet. */
  readonly cells: readonly DeltaCell[]
  /** Cells of the sync that stay as they are. */
  readonly skipped: readonly { readonly cell: RunCell; readonly now: CellValue; readonly text: string }[]
}

/** What undoing a sync means for each cell it pushed: only where the app still holds what was written, as far as is known (B8). */
export function planUndo(
  pushed: readonly RunCell[],
  now: (row: RowId, field: FieldId, recordId: string) => CellNow,
  actor: string,
  at: number,
): UndoPlan {
  const cells: DeltaCell[] = []
  const skipped: { cell: RunCell; now: CellValue; text: string }[] = []
  for (const cell of pushed) {
    const state = now(cell.row, cell.field, cell.recordId)
    const text = whyNot(cell, state, actor)
    if (text !== undefined) skipped.push({ cell, now: state.baseline, text })
    else {
      const { row, field, recordId, recordKey } = cell
      const { baseline } = state
      cells.push({
        row,
        field,
        recordId,
        recordKey,
        value: cell.base,
        base: baseline,
        baseline,
        item: NO_ITEM,
        author: actor,
        at,
        marks: {},
        isGone: false,
      })
    }
  }
  return { cells, skipped }
}

/** The edit is not written yet. */
const NO_ITEM = '' as ItemId

function whyNot(cell: RunCell, state: CellNow, actor: string): string | undefined {
  if (cell.base === cell.got) return 'It held this value before the sync, too.'
  if (state.isDeleted) return 'The row was deleted here.'
  if (state.recordId !== cell.recordId) return 'The row is no longer tied to this record.'
  if (state.isGone) return 'The record was deleted in the app.'
  if (!state.isConnected) return 'The field is no longer connected.'
  const isOurs = state.staged?.author === actor && state.staged.value === cell.base
  if (state.staged !== undefined && !isOurs) return 'Somebody has typed another value here since.'
  if (state.baseline !== cell.got) return 'The app holds another value since.'
  return undefined
}

/** Writes the values from before a sync as edits of the person who undoes it, and pushes exactly these. */
export async function undo(run: Run, undone: string, frozen: FrozenPlan): Promise<RunEnd> {
  const { ports, description } = run
  const { setup } = ports
  await ports.transition('planning')
  if (frozen.setup !== setupFingerprint(setup, description)) {
    throw new SyncError('plan-changed', 'A direction, a right or a mapping changed since the preview. Nothing was sent.')
  }
  const sent = await ports.receiptsOfRun()
  const wanted = frozen.cells.filter((f) => !sent.some((r) => r.row === f.row && r.field === f.field))
  const pushed = (await ports.pushedBy(undone)).filter((c) => wanted.some((f) => f.row === c.row && f.field === c.field))
  let plan: UndoPlan = { cells: [], skipped: [] }
  await ports.settle((view) => {
    const connected = new Set(setup.fields.map((f) => f.field))
    plan = planUndo(
      pushed,
      (row, field) => {
        const { live, baseline } = view.state(row, field)
        const isStaged = live !== undefined && live.value !== live.base && live.value !== baseline
        return {
          recordId: view.recordOf(row),
          isGone: view.isGone(row),
          isDeleted: view.isDeleted(row),
          isConnected: connected.has(field),
          baseline,
          ...(isStaged && { staged: { value: live.value, author: live.author } }),
        }
      },
      ports.actor,
      ports.clock.now(),
    )
    return {}
  })
  const previewed = (p: { row: RowId; field: FieldId; sent: CellValue; baseline: CellValue }): boolean =>
    wanted.some((f) => f.row === p.row && f.field === p.field && f.sent === p.sent && f.baseline === p.baseline)
  const planned = planSync({ setup, description, mode: 'two-way', delta: plan.cells, linkedRecords: 0 }).push.filter(previewed)
  // Only what will go out is typed: nothing else is left staged in somebody's name.
  await ports.type(planned)
  const staged = (await ports.delta()).filter((d) => planned.some((c) => c.row === d.row && c.field === d.field))
  const same = planSync({ setup, description, mode: 'two-way', delta: staged, linkedRecords: 0 }).push.filter(previewed)
  const movedOn = wanted.filter((f) => !same.some((p) => p.row === f.row && p.field === f.field))
  await ports.settle(() => ({
    counts: { planned: wanted.length, skipped: movedOn.length },
    runCells: movedOn.map((f) => {
      const left = plan.skipped.find((s) => s.cell.row === f.row && s.cell.field === f.field)
      const { recordId = '', recordKey = '' } = left?.cell ?? {}
      const note = left?.text ?? 'Changed since the preview; it stays as it is.'
      return {
        row: f.row,
        field: f.field,
        recordId,
        recordKey,
        base: f.baseline,
        value: f.sent,
        got: left?.now ?? null,
        outcome: 'moved-on',
        note,
        author: ports.actor,
      }
    }),
  }))
  const { saved, isPartial } = await checkAndPush(run, same, 'pushed')
  await pull(run, 'pushed', saved)
  return isPartial ? 'partial' : 'settled'
}
