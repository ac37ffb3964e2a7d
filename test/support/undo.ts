import { pushedCells } from '../../server/engine-ports.ts'
import { setupOf } from '../../server/storage/catalog.ts'
import { appName } from '../../server/workbooks.ts'
import { planSync } from '../../sync-engine/plan.ts'
import type { FrozenPlan } from '../../sync-engine/ports.ts'
import { setupFingerprint } from '../../sync-engine/run-plan.ts'
import { planUndo } from '../../sync-engine/undo.ts'
import type { ServerWorld } from './engine-world.ts'

/** The plan as the preview would freeze it, and what it leaves alone. */
export async function previewed(
  w: ServerWorld,
  run: string,
  connection = w.connection,
): Promise<{ frozen: FrozenPlan; skipped: readonly string[] }> {
  const full = await w.full(connection)
  const setup = setupOf(full, appName(full))
  const { description } = full.connection
  if (description === undefined) throw new Error('not described')
  const pushed = pushedCells(await w.server.runs.cells(run))
  const { sheet, authority } = w.room
  const plan = planUndo(
    pushed,
    (row, field) => {
      const live = authority.live(row, field)
      const baseline = sheet.baseline(row, field)
      return {
        recordId: sheet.recordOf(row, connection),
        isGone: sheet.recordMark(row, connection)?.kind === 'gone',
        isDeleted: sheet.isDeleted(row),
        isConnected: true,
        baseline,
        ...(live && live.value !== live.base && live.value !== baseline && { staged: { value: live.value, author: live.author } }),
      }
    },
    'ann',
    w.nowMs,
  )
  const sync = planSync({ setup, description, mode: 'two-way', delta: plan.cells, linkedRecords: 0 })
  const cells = sync.push.map(({ row, field, item, baseline, sent }) => ({ row, field, item, baseline, sent }))
  return { frozen: { planId: sync.id, cells, setup: setupFingerprint(setup, description) }, skipped: plan.skipped.map((s) => s.text) }
}
