import { afterAll, beforeAll, expect, test } from 'vitest'
import type { RunOrder } from '../../sync-engine/ports.ts'
import { Crash, EngineWorld, openSharedLog, ServerWorld, type SharedLog, TWO_WAY } from '../support/engine-world.ts'
import { StandInApp } from '../support/stand-in-app.ts'
import { StandInWorld } from '../support/stand-in-world.ts'
import { previewed } from '../support/undo.ts'

let shared: SharedLog
beforeAll(async () => {
  shared = await openSharedLog()
})
afterAll(() => shared[Symbol.asyncDispose]())

const SCHEDULED: RunOrder = { kind: 'sync', mode: 'two-way', trigger: 'schedule' }
const people = [{ name: 'ann', client: 10 }]
const records = Object.fromEntries(Array.from({ length: 4 }, (_, i) => [String(i + 1), { summary: `s${i + 1}`, environment: 'e' }]))

/** Four linked records and a cursor to go on from; the app's search does not know yet what is changed from here on. */
async function behind(): Promise<EngineWorld> {
  const w = await EngineWorld.start({ shared, people, records, fields: ['summary', 'environment'] })
  await w.scheduled()
  w.app.isSearchBehind = true
  w.app.updatedBy = 'Theo'
  return w
}

/** One cell that the app changed meanwhile, one that it holds already, and one that is free to go. */
async function stage(w: EngineWorld): Promise<void> {
  for (const record of ['1', '2', '3']) w.type('ann', 'mine', { record })
  w.app.foreignEdit('1', 'summary', 'theirs')
  w.app.foreignEdit('2', 'summary', 'mine')
  await w.quiet()
}

const looks = (w: EngineWorld) => ['1', '2', '3'].map((record) => w.look({ record }))
const linesOf = async (w: EngineWorld, run: string) =>
  (await w.server.runs.cells(run)).map((c) => [c.record_id, c.outcome, c.got, c.note]).sort((a, b) => String(a).localeCompare(String(b)))

test('[E23] what its check held or found there already, a scheduled run leaves as a forced sync does, at no further call or credit', async () => {
  await using forced = await behind()
  await stage(forced)
  const person = await forced.run()
  await using w = await behind()
  await stage(w)
  const run = await w.scheduled()
  expect(looks(w)).toEqual(looks(forced))
  expect(w.look({ record: '1' }).marks).toEqual({ conflict: { base: 's1', yours: 'mine', theirs: 'theirs' } })
  expect(w.marks({ record: '1' }).conflict).toMatchObject({ theirsBy: 'Theo', cause: 'changed-in-both' })
  expect(await linesOf(w, run.run.id)).toEqual(await linesOf(forced, person.run.id))
  expect([run.counts.conflicts, run.counts.changed, run.counts.skipped]).toEqual([
    person.counts.conflicts,
    person.counts.changed,
    person.counts.skipped,
  ])
  expect(run.calls.map((c) => [c.kind, c.op, c.ids])).toEqual([
    ['check', 'read', ['1', '2', '3']],
    ['write', 'update', ['3']],
    ['pull', 'changes', []],
    ['pull', 'read', ['3']],
  ])
  expect([run.credits.pushed, run.credits.pulled]).toEqual([1, 1])
  // Once the search knows, the rest of the record comes; what was said stays said.
  w.app.isSearchBehind = false
  w.app.foreignEdit('1', 'environment', 'f')
  const said = w.marks({ record: '1' }).conflict?.id
  await w.scheduled()
  expect([w.marks({ record: '1' }).conflict?.id, w.look({ record: '1', field: 'environment' }).shown]).toEqual([said, 'f'])
  await w.expectDeltaLaw()
})

test('[E23] so does an undo, which pulls nothing but what it wrote', async () => {
  await using w = await behind()
  w.type('ann', 'mine')
  const { run } = await w.run()
  const { frozen } = await previewed(w, run.id)
  w.app.foreignEdit('1', 'summary', 'theirs')
  await w.run({ kind: 'undo', run: run.id, frozen })
  expect(w.look()).toMatchObject({ shown: 's1', isStaged: true, marks: { conflict: { base: 'mine', yours: 's1', theirs: 'theirs' } } })
})

test('[E23] a run that dies behind its check leaves the reason, and goes on as it would have', async () => {
  for (let n = 1; n <= 8; n++) {
    await using w = await behind()
    await stage(w)
    w.dieBefore(n)
    const isDead = await w.scheduled().then(
      () => false,
      (error: unknown) => error instanceof Crash,
    )
    if (isDead) await w.restart()
    // One that died before it was on disk was never asked for.
    if (isDead) await w.scheduled()
    expect(
      looks(w).map((l) => [l.shown, l.isStaged, Object.keys(l.marks)]),
      `dead before effect ${n}`,
    ).toEqual([
      ['mine', true, ['conflict']],
      ['mine', false, []],
      ['mine', false, []],
    ])
    await w.expectDeltaLaw()
  }
})

test('[E23] a record that could not be read is not said to be empty in the app, also where it is never pulled', async () => {
  await using w = await EngineWorld.start({ shared, people, direction: 'push' })
  w.type('ann', 'mine')
  w.app.hide('1')
  await w.run()
  expect(w.look()).toMatchObject({ shown: 'mine', isStaged: true, marks: {} })
  w.app.hide('1', false)
  expect((await w.run()).sent).toEqual(['1.summary=mine'])
})

test.each(['jira', 'hubspot'] as const)(
  '[E23] %s: a conflict that its search does not know yet is shown by the scheduled run that met it',
  async (id) => {
    await using ended = new AsyncDisposableStack()
    const world = await StandInWorld.start({ app: id, options: { firstRecordCount: 3, indexDelayMs: 60_000 } })
    ended.defer(() => world.stop())
    const app = await StandInApp.open(id, world)
    const [field = ''] = app.fields
    const specs = [{ app, object: app.played.object, fields: app.fields, filter: app.played.filter }]
    await using w = new ServerWorld(specs, { people, time: world.time, shared }, shared)
    w.nowMs += 3_600_000
    await w.fill()
    await w.run(SCHEDULED, 'schedule')
    w.nowMs += 3_600_000
    const [record = ''] = app.records
    const before = w.look({ record, field }).shown
    await app.foreignEdit(record, field, 'Theirs')
    w.type('ann', 'Mine', { record, field })
    await w.quiet()
    await app.takeLines()
    await w.run(SCHEDULED, 'schedule')
    const marks = { conflict: { base: before, yours: 'Mine', theirs: 'Theirs' } }
    expect(w.look({ record, field })).toMatchObject({ shown: 'Mine', baseline: 'Theirs', isStaged: true, marks })
    const reads = (await app.takeLines()).flatMap((line) => app.played.readIn(line) ?? [])
    expect(reads, 'the check alone has read it').toEqual([record])
    await w.run(TWO_WAY)
    expect(w.look({ record, field })).toMatchObject({ shown: 'Mine', baseline: 'Theirs', isStaged: true, marks })
  },
)
