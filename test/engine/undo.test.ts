import { afterAll, beforeAll, expect, test } from 'vitest'
import type { FrozenPlan, RunCell } from '../../sync-engine/ports.ts'
import { planUndo } from '../../sync-engine/undo.ts'
import { EngineWorld, openSharedLog, type SharedLog, throttled } from '../support/engine-world.ts'
import { previewed } from '../support/undo.ts'

let shared: SharedLog
beforeAll(async () => {
  shared = await openSharedLog()
})
afterAll(() => shared[Symbol.asyncDispose]())

const people = [
  { name: 'ann', client: 10 },
  { name: 'bob', client: 20 },
]
const records = { 1: { summary: 'a', environment: 'e' }, 2: { summary: 'b', environment: 'e' }, 3: { summary: 'c', environment: 'e' } }

/** Three cells of two records, pushed. */
async function synced(): Promise<{ w: EngineWorld; run: string }> {
  const w = await EngineWorld.start({ shared, people, fields: ['summary', 'environment'], records })
  w.type('ann', 'x')
  w.type('ann', 'f', { field: 'environment' })
  w.type('bob', 'y', { record: '2' })
  const { run } = await w.run()
  return { w, run: run.id }
}

const undo = async (w: EngineWorld, run: string, frozen: FrozenPlan) => w.run({ kind: 'undo', run, frozen })

test('[B8] a sync is undone by a run of its own: exactly its cells go back, checked first, read after, charged as any push', async () => {
  const { w, run } = await synced()
  await using _ = w
  const { frozen, skipped } = await previewed(w, run)
  expect([frozen.cells.length, skipped]).toEqual([3, []])
  const done = await undo(w, run, frozen)
  expect(done.sent).toEqual(['1.summary=a', '1.environment=e', '2.summary=b'])
  expect(done.calls.map((c) => [c.kind, c.ids])).toEqual([
    ['check', ['1', '2']],
    ['write', ['1']],
    ['write', ['2']],
    ['pull', ['1', '2']],
  ])
  expect([done.run.state, done.credits.pushed, done.credits.pulled, done.counts.planned, done.counts.pushed]).toEqual([
    'settled',
    3,
    2,
    3,
    3,
  ])
  for (const [place, shown] of [
    [{}, 'a'],
    [{ field: 'environment' }, 'e'],
    [{ record: '2' }, 'b'],
  ] as const) {
    expect(w.look(place)).toMatchObject({ shown, baseline: shown, isStaged: false, marks: {} })
  }
  // Undone in its turn, it is done again.
  const back = await previewed(w, done.run.id)
  expect((await undo(w, done.run.id, back.frozen)).sent).toEqual(['1.summary=x', '1.environment=f', '2.summary=y'])
})

test('[B8] a cell that the app changed since, or that somebody typed in, stays and is named', async () => {
  const { w, run } = await synced()
  await using _ = w
  w.app.foreignEdit('1', 'summary', 'theirs')
  await w.oneWay()
  w.type('bob', 'newer', { record: '2' })
  const { frozen, skipped } = await previewed(w, run)
  expect(skipped).toEqual(['The app holds another value since.', 'Somebody has typed another value here since.'])
  expect((await undo(w, run, frozen)).sent).toEqual(['1.environment=e'])
  expect(w.look({ record: '2' })).toMatchObject({ shown: 'newer', baseline: 'y', isStaged: true })
})

test('[B8] changed in the app between preview and run: the check holds it, nothing is overwritten', async () => {
  const { w, run } = await synced()
  await using _ = w
  const { frozen } = await previewed(w, run)
  w.app.foreignEdit('1', 'summary', 'theirs')
  const done = await undo(w, run, frozen)
  expect([done.sent, done.counts.planned, done.counts.pushed, done.counts.skipped]).toEqual([['1.environment=e', '2.summary=b'], 3, 2, 1])
  expect([w.app.get('1', 'summary'), w.marks().conflict]).toMatchObject(['theirs', { yours: 'a', theirs: 'theirs' }])
})

test('[B8] typed after the preview: skipped and named, and the value stays staged', async () => {
  const { w, run } = await synced()
  await using _ = w
  const { frozen } = await previewed(w, run)
  w.type('bob', 'newer')
  const done = await undo(w, run, frozen)
  expect([done.sent, done.counts.skipped]).toEqual([['1.environment=e', '2.summary=b'], 1])
  expect(w.look()).toMatchObject({ shown: 'newer', isStaged: true })
  const cells = await w.server.runs.cells(done.run.id)
  expect(cells.filter((c) => c.outcome === 'moved-on').map((c) => c.note)).toEqual(['Somebody has typed another value here since.'])
})

test('[B8] another direction since the preview stops it before any call, with nothing staged', async () => {
  const { w, run } = await synced()
  await using _ = w
  const { frozen } = await previewed(w, run)
  await w.configure({ direction: 'pull' })
  const done = await undo(w, run, frozen)
  expect([done.run.state, done.run.error?.code, done.calls, w.look().isStaged]).toEqual(['failed', 'plan-changed', [], false])
})

test('[B8] a lost answer, a throttled call: read back, nothing twice; what did not go stays staged in the name of who undid', async () => {
  const { w, run } = await synced()
  await using _ = w
  const { frozen } = await previewed(w, run)
  let turn = 0
  w.app.fateOf = () => (turn++ === 0 ? { kind: 'lose', isSaved: true } : { kind: 'throw', error: throttled() })
  const done = await undo(w, run, frozen)
  expect([done.run.state, done.counts.planned]).toEqual(['failed', 3])
  expect(w.look({ record: '2' })).toMatchObject({ shown: 'b', baseline: 'y', isStaged: true })
  expect(w.room.authority.live(w.row('2'), w.field())?.author).toBe('ann')
  w.app.fateOf = () => ({ kind: 'save' })
  await w.run()
  expect([w.app.get('1', 'summary'), w.app.get('1', 'environment'), w.app.get('2', 'summary')]).toEqual(['a', 'e', 'b'])
  const stored = w.app.writes.filter((x) => x.by === 'engine').map((x) => `${x.record}.${x.field}=${String(x.asked)}`)
  expect(stored).toEqual([...new Set(stored)])
})

test('[B8] rows that were deleted, untied or whose record is gone are named, as is what was so before', () => {
  const cell = (over: Partial<RunCell>): RunCell =>
    ({
      row: 'r',
      field: 'f',
      recordId: '1',
      recordKey: 'TB-1',
      base: 'a',
      value: 'x',
      got: 'x',
      outcome: 'pushed',
      note: null,
      author: 'ann',
      ...over,
    }) as RunCell
  const fine = { recordId: '1', isGone: false, isDeleted: false, isConnected: true, baseline: 'x' }
  const textOf = (over: Partial<typeof fine>, cellOver: Partial<RunCell> = {}) =>
    planUndo([cell(cellOver)], () => ({ ...fine, ...over }), 'ann', 0).skipped[0]?.text
  expect(textOf({})).toBeUndefined()
  expect(textOf({ isDeleted: true })).toContain('deleted here')
  expect(textOf({ recordId: '2' })).toContain('no longer tied')
  expect(textOf({ isGone: true })).toContain('deleted in the app')
  expect(textOf({ isConnected: false })).toContain('no longer connected')
  expect(textOf({}, { got: 'a' })).toContain('before the sync, too')
})
