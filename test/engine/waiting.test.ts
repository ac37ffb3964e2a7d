import { afterAll, beforeAll, expect, test } from 'vitest'
import { Crash, EngineWorld, openSharedLog, type SharedLog } from '../support/engine-world.ts'

let shared: SharedLog
beforeAll(async () => {
  shared = await openSharedLog()
})
afterAll(() => shared[Symbol.asyncDispose]())

const people = [{ name: 'ann', client: 10 }]
const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [String(i + 1), { summary: `s${i + 1}` }]))
/** A hundred linked rows, and a cursor to go on from. */
async function hundred(count = 100): Promise<EngineWorld> {
  const w = await EngineWorld.start({ shared, people, records: many(count) })
  await w.scheduled()
  w.app.takeCalls()
  return w
}
const editMany = (w: EngineWorld, count: number, value = 'theirs') => {
  for (let i = 1; i <= count; i++) w.app.foreignEdit(String(i), 'summary', `${value} ${i}`)
}

test('[PL1] a scheduled pull that would change more than 50 and more than a fifth of the rows waits, with nothing changed', async () => {
  await using w = await hundred()
  editMany(w, 51)
  const before = w.updates
  const { run, credits } = await w.scheduled()
  expect([run.state, run.waiting?.rows, run.waiting?.cells, run.waiting?.linked]).toEqual(['waiting', 51, 51, 100])
  expect([w.updates - before, credits.pulled, w.look({ record: '1' }).shown]).toEqual([0, 51, 's1'])
  expect(await w.server.queue.headOf(run)).toMatchObject({ state: 'waiting', waiting: { linked: 100, rows: 51, cells: 51 } })
})

test.each([
  ['50 rows of 100', 100, 50],
  ['60 rows of 400: a fifth is 80', 400, 60],
])('[PL1] %s are no mass change', async (_what, linked, changed) => {
  await using w = await hundred(linked)
  editMany(w, changed)
  expect((await w.scheduled()).run.state).toBe('settled')
  expect(w.look({ record: '1' }).shown).toBe('theirs 1')
})

test('[PL1] first fills, added fields and what a person starts are no mass change', async () => {
  await using w = await EngineWorld.start({ shared, people, records: many(100) })
  editMany(w, 100)
  expect((await w.scheduled()).run.state).toBe('settled')
  editMany(w, 100, 'again')
  expect((await w.run()).run.state).toBe('settled')
  editMany(w, 100, 'once more')
  expect((await w.run({ kind: 'fill', fields: [w.field()] })).run.state).toBe('settled')
})

test('[PL2] a confirmed run applies what it kept without a call, also after the server was started anew; what was typed stays', async () => {
  await using w = await hundred()
  editMany(w, 60)
  const { run } = await w.scheduled()
  w.type('ann', 'mine', { record: '2' })
  await w.quiet()
  w.app.takeCalls()
  const other = w.app.get('1', 'summary')
  // What the app holds by now is not looked at.
  w.app.foreignEdit('1', 'summary', 'later')
  expect(await w.server.queue.confirm(run.id, 'ann')).toBe(true)
  expect((await w.server.queue.ended(run.id)).state).toBe('settled')
  await w.quiet()
  expect([w.app.takeCalls(), w.look({ record: '1' }).shown]).toEqual([[], other])
  expect(w.look({ record: '2' })).toMatchObject({ shown: 'mine', baseline: 'theirs 2', isStaged: true })
  expect(w.marks({ record: '2' }).conflict).toMatchObject({ base: 's2', yours: 'mine', theirs: 'theirs 2' })
  expect(w.server.runs.waiting.isKeeping(w.connection)).toBe(false)
  // The next pull goes on from where the kept one was read: nothing is missed, nothing is read twice.
  expect((await w.scheduled()).credits.pulled).toBe(1)
  expect(w.look({ record: '1' }).shown).toBe('later')
  await w.expectDeltaLaw()
})

test('[PL2] a waiting run outlives a restart; whenever the process dies on its way, it ends the same', async () => {
  for (let n = 1; n <= 7; n++) {
    await using own = await openSharedLog()
    await using w = await EngineWorld.start({ shared: own, people, records: many(100) })
    await w.scheduled()
    editMany(w, 60)
    const { run } = await w.scheduled()
    await w.restart()
    expect((await w.server.runs.run(run.id))?.state).toBe('waiting')
    w.app.takeCalls()
    w.dieBefore(n)
    const died = await w.confirm(run.id).then(
      () => false,
      (error: unknown) => error instanceof Crash,
    )
    if (died) await w.restart()
    if ((await w.server.runs.run(run.id))?.state === 'waiting') await w.confirm(run.id)
    expect((await w.server.runs.run(run.id))?.state, `dead before effect ${n}`).toBe('settled')
    expect([w.look({ record: '1' }).shown, w.look({ record: '60' }).shown, w.app.takeCalls()]).toEqual(['theirs 1', 'theirs 60', []])
    expect(w.server.runs.waiting.isKeeping(w.connection)).toBe(false)
  }
})

test('[PL2] a cancelled one drops what it kept; the next pull asks again', async () => {
  await using w = await hundred()
  editMany(w, 60)
  const { run } = await w.scheduled()
  expect(await w.server.queue.cancel(run.id)).toBe(true)
  expect([(await w.server.queue.ended(run.id)).state, w.look({ record: '1' }).shown]).toEqual(['cancelled', 's1'])
  expect([w.server.runs.waiting.isKeeping(w.connection), await w.server.queue.confirm(run.id, 'ann')]).toEqual([false, false])
  expect((await w.scheduled()).run.state).toBe('waiting')
})

test('[PL2] a person’s sync meanwhile brings everything, and nothing is left to confirm', async () => {
  await using w = await hundred()
  editMany(w, 60)
  const { run } = await w.scheduled()
  await w.run()
  expect([(await w.server.queue.ended(run.id)).state, w.look({ record: '60' }).shown]).toEqual(['cancelled', 'theirs 60'])
})

test('[PL2] what another run has read meanwhile is not set back by a confirmation', async () => {
  await using w = await hundred()
  editMany(w, 60)
  const { run } = await w.scheduled()
  w.type('ann', 'mine', { record: '90' })
  w.app.foreignEdit('90', 'summary', 's90')
  await w.run({ kind: 'sync', mode: 'two-way', trigger: 'schedule' }, 'schedule')
  const kept = await w.server.runs.waiting.records(run.id, '', 100)
  expect(kept.some((r) => r.id === '90')).toBe(false)
})

test('[PL2] what a scheduled run pushed is settled, while the rest of its pull waits', async () => {
  await using w = await hundred()
  w.type('ann', 'mine', { record: '100' })
  editMany(w, 60)
  const { run, credits } = await w.scheduled()
  expect([run.state, credits.pushed, credits.pulled]).toEqual(['waiting', 1, 61])
  expect(w.look({ record: '100' })).toMatchObject({ shown: 'mine', baseline: 'mine', isStaged: false })
  expect(w.look({ record: '1' }).shown).toBe('s1')
})
