import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { leaseOp, transitionOps } from '../../server/storage/runs.ts'
import { LogFailed } from '../../server/update-log.ts'
import { totalCredits } from '../../sync-engine/credits.ts'
import type { FieldDirection, ObjectDirection } from '../../sync-engine/direction.ts'
import { EngineWorld, openSharedLog, type SharedLog, sentOf, TWO_WAY, throttled } from '../support/engine-world.ts'
import { FakeApp } from '../support/fake-app.ts'

let shared: SharedLog
beforeAll(async () => {
  shared = await openSharedLog()
})
afterAll(() => shared[Symbol.asyncDispose]())

const people = [
  { name: 'ann', client: 10 },
  { name: 'bob', client: 20 },
]
const records = Object.fromEntries(Array.from({ length: 10 }, (_, i) => [String(i + 1), { summary: `s${i + 1}`, environment: 'e' }]))
const fields = ['summary', 'environment']
const ten = () => EngineWorld.start({ shared, people, records, fields })

test('[E2] three changed cells in two of ten rows: one check, the fewest writes, then the pull; 3 + 10 credits', async () => {
  await using w = await ten()
  w.type('ann', 'x')
  w.type('ann', 'f', { field: 'environment' })
  w.type('bob', 'y', { record: '2' })
  const run = await w.run()
  expect(run.calls.map((c) => [c.kind, c.ids])).toEqual([
    ['check', ['1', '2']],
    ['write', ['1']],
    ['write', ['2']],
    ['pull', ['1', '2', '3', '4', '5', '6', '7', '8', '9', '10']],
  ])
  expect(run.calls[0]?.fields).toEqual(['summary', 'environment'])
  expect(run.sent).toEqual(['1.summary=x', '1.environment=f', '2.summary=y'])
  expect([run.credits.pushed, run.credits.pulled, totalCredits(run.credits)]).toEqual([3, 10, 13])
})

test('[E2] the same one-way: no write, 10 credits, three cells staged; a two-way run after it sends them', async () => {
  await using w = await ten()
  w.type('ann', 'x')
  w.type('ann', 'f', { field: 'environment' })
  w.type('bob', 'y', { record: '2' })
  const run = await w.oneWay()
  expect([run.calls.map((c) => c.kind), totalCredits(run.credits)]).toEqual([['pull'], 10])
  expect([...w.room.authority.staged(w.connection)]).toHaveLength(3)
  expect((await w.run()).sent).toHaveLength(3)
})

test('[E3] when nobody acted, a run writes nothing, neither to the app nor to a document', async () => {
  await using w = await ten()
  await w.run()
  const before = w.updates
  const run = await w.run()
  expect([run.sent, run.counts.changed, w.updates - before]).toEqual([[], 0, 0])
})

test('[E4] a run that ends early says of each cell what became of it, and the next one sends only the rest', async () => {
  await using w = await ten()
  for (const record of ['1', '2', '3']) w.type('ann', 'x', { record })
  let writes = 0
  w.app.fateOf = () => (++writes === 2 ? { kind: 'throw', error: throttled() } : { kind: 'save' })
  const run = await w.run()
  expect([run.run.state, run.run.error?.code]).toEqual(['failed', 'rate-limited'])
  // The first is sent and still to be read back, the second was turned away, the third was not tried.
  expect(run.counts).toMatchObject({ planned: 3, pushed: 0, unknown: 1, skipped: 2 })
  const next = await w.run()
  expect([next.sent, next.counts]).toMatchObject([['2.summary=x', '3.summary=x'], { planned: 3, pushed: 3 }])
  expect([run.credits.pushed, next.credits.pushed]).toEqual([0, 3])
})

test('[E4] what the app did not take any more of a batch stays staged, and is no refusal', async () => {
  await using w = await ten()
  w.type('ann', 'x', { record: '1' })
  w.type('ann', 'y', { record: '2' })
  w.app.fateOf = ({ recordId }) => (recordId === '2' ? { kind: 'not-sent', error: throttled() } : { kind: 'save' })
  const { run, counts } = await w.run()
  expect([run.state, run.error?.code, counts.refused, counts.unknown, counts.skipped]).toEqual(['failed', 'rate-limited', 0, 1, 1])
  expect([w.look({ record: '2' }).isStaged, w.marks({ record: '2' })]).toEqual([true, {}])
  w.app.fateOf = () => ({ kind: 'save' })
  const next = await w.run()
  expect([next.run.state, next.sent, next.credits.pushed]).toEqual(['settled', ['2.summary=y'], 2])
})

test('[E5] who lost the lease sends nothing more and settles nothing', async () => {
  await using w = await ten()
  w.type('ann', 'x')
  w.type('ann', 'y', { record: '2' })
  const { log, queue } = w.server
  w.app.onSaved = () => {
    w.app.onSaved = () => undefined
    const id = sqlOne(w, "SELECT id FROM runs WHERE state = 'pushing'")
    log.execute([leaseOp(id, 99, w.nowMs + 60_000, w.nowMs)])
  }
  const { run } = await queue.enqueue({ connection: await w.full(), order: TWO_WAY, trigger: 'person', actor: 'ann' })
  await silence(w, () => w.complaints.some((c) => c.includes('lease-lost')))
  await log.durable()
  expect(sqlOne(w, `SELECT state FROM runs WHERE id = '${run}'`)).toBe('pushing')
  expect(sentOf(w.app.calls)).toEqual(['1.summary=x'])
  expect(w.look()).toMatchObject({ baseline: 's1', isStaged: true })
  // The one who has it now goes on: here when the lease runs out.
  w.nowMs += 120_000
  await w.run()
  expect((await queue.ended(run)).state).toBe('settled')
  expect(w.app.writes.filter((x) => x.by === 'engine').map((x) => x.asked)).toEqual(['x', 'y'])
  expect(w.look()).toMatchObject({ shown: 'x', baseline: 'x', isStaged: false })
  const ledger = await w.server.runs.ledger(0, [w.connection])
  expect(ledger.reduce((sum, entry) => sum + entry.pushed, 0)).toBe(2)
})

test('[E5] who lost the lease in the midst of creates sends no further batch; the one who has it finds the first and makes the rest', async () => {
  const app = Object.assign(new FakeApp(), { createBatch: 2 })
  await using w = await EngineWorld.start({ shared, people, app })
  const rows = Array.from({ length: 5 }, (_, index) => {
    const row = w.addRow('ann')
    w.type('ann', `new ${index}`, { row })
    return { row, changes: [{ field: 'summary', value: `new ${index}` }] }
  })
  await w.quiet()
  const { log, queue } = w.server
  app.onCall = ({ op }) => {
    if (op !== 'create') return
    app.onCall = () => undefined
    const id = sqlOne(w, "SELECT id FROM runs WHERE state = 'pushing'")
    log.execute([leaseOp(id, 99, w.nowMs + 60_000, w.nowMs)])
  }
  const order = { kind: 'create', rows, duplicates: 'allow' } as const
  const { run } = await queue.enqueue({ connection: await w.full(), order, trigger: 'person', actor: 'ann' })
  await silence(w, () => w.complaints.some((c) => c.includes('lease-lost')))
  expect(app.calls.filter(({ op }) => op === 'create')).toHaveLength(1)
  w.nowMs += 120_000
  await w.run()
  expect((await queue.ended(run)).state).toBe('settled')
  expect(rows.map(({ row }) => w.look({ row }))).toMatchObject(rows.map((_, index) => ({ shown: `new ${index}`, isStaged: false })))
  expect(app.records.size).toBe(6)
})

test('[E6] a run whose lease ran out is taken up again with a new fencing number', async () => {
  await using w = await ten()
  w.type('ann', 'x')
  const { log, queue, runs } = w.server
  const { run } = await queue.enqueue({ connection: await w.full(), order: TWO_WAY, trigger: 'person', actor: 'ann' })
  const before = await queue.ended(run)
  expect(before.state).toBe('settled')
  // As a process leaves it that is gone for good.
  log.execute([...transitionOps(run, 'leased', w.nowMs, null), leaseOp(run, 7, w.nowMs - 1, w.nowMs)])
  await log.durable()
  await w.oneWay()
  expect(await queue.ended(run)).toMatchObject({ state: 'settled', fence: 8 })
  expect((await runs.transitions(run)).map((t) => t.note).join()).toContain('Its lease ran out')
})

test('[E7] one run of a connection at a time; a second request joins the one that waits', async () => {
  await using w = await ten()
  const { queue } = w.server
  const request = { connection: await w.full(), order: TWO_WAY, trigger: 'person', actor: 'ann' } as const
  let most = 0
  let under = 0
  w.app.onCall = () => {
    most = Math.max(most, ++under)
    queueMicrotask(() => under--)
  }
  const started = await Promise.all([queue.enqueue(request), queue.enqueue(request), queue.enqueue(request)])
  const later = [await queue.enqueue(request), await queue.enqueue(request)]
  for (const { run } of [...started, ...later]) expect((await queue.ended(run)).state).toBe('settled')
  expect(most).toBe(1)
  expect(later.some((s) => s.joined) || started.some((s) => s.joined)).toBe(true)
})

test('[E7] a person’s request does not wait behind, or vanish in, a scheduled run', async () => {
  await using w = await ten()
  const { queue } = w.server
  const connection = await w.full()
  const ask = (trigger: 'person' | 'schedule') =>
    queue.enqueue({ connection, order: { kind: 'sync', mode: 'two-way', trigger }, trigger, actor: 'ann' })
  const order: string[] = []
  const gate = Promise.withResolvers<void>()
  w.app.gate = gate.promise
  w.app.onCall = (call) => order.push(call.op)
  const first = await ask('person')
  await silence(w, () => order.length > 0)
  const scheduled = await ask('schedule')
  const person = await ask('person')
  expect([scheduled.joined, person.joined]).toEqual([false, false])
  // The fuller run takes both in.
  const again = [await ask('schedule'), await ask('person')]
  gate.resolve()
  expect(again.map((a) => [a.joined, a.run])).toEqual([
    [true, person.run],
    [true, person.run],
  ])
  for (const { run } of [first, scheduled, person]) await queue.ended(run)
  // What the clock wanted is in what the person wants: it gives way.
  expect((await queue.ended(scheduled.run)).state).toBe('cancelled')
  const ledger = await w.server.runs.ledger(0, [w.connection])
  expect(ledger.filter((entry) => entry.run === person.run).map((entry) => entry.pulled)).toEqual([10])
  expect(order).toEqual(['read', 'read'])
})

test('[E8] a cancelled run keeps what it sent in its receipt; the next reads it back and sends the rest', async () => {
  await using w = await ten()
  w.type('ann', 'x')
  w.type('ann', 'y', { record: '2' })
  const { queue } = w.server
  let cancelled: Promise<boolean> | undefined
  w.app.onSaved = () => {
    w.app.onSaved = () => undefined
    cancelled = queue.cancel(sqlOne(w, "SELECT id FROM runs WHERE state = 'pushing'"))
  }
  const run = await w.run()
  expect([await cancelled, run.run.state, run.sent]).toEqual([true, 'cancelled', ['1.summary=x']])
  expect(run.counts).toMatchObject({ planned: 2, unknown: 1, skipped: 1 })
  expect((await w.run()).sent).toEqual(['2.summary=y'])
  expect(w.app.writes.filter((x) => x.by === 'engine')).toHaveLength(2)
})

test('[E9] a scheduled run pulls what changed and what it pushed, and charges only those', async () => {
  await using w = await ten()
  const first = await w.scheduled()
  w.app.foreignEdit('5', 'summary', 'theirs')
  w.type('ann', 'x')
  const second = await w.scheduled()
  const third = await w.scheduled()
  // The first has no point to go on from: it reads everything, so that nothing is missed.
  expect([first, second, third].map((r) => [r.credits.pushed, r.credits.pulled])).toEqual([
    [0, 10],
    [1, 2],
    [0, 0],
  ])
  expect([w.look(), w.look({ record: '5' })].map((c) => c.shown)).toEqual(['x', 'theirs'])
})

/** The log refuses everything until then, as it does between a failed commit and its recovery. */
function refuseUntil(w: EngineWorld, recovers: () => boolean): void {
  const { log } = w.server
  const execute = log.execute.bind(log)
  log.execute = (ops) => {
    if (!recovers()) throw new LogFailed(new Error('no space left'))
    execute(ops)
  }
}

test('[E19] a log that takes nothing when an answer comes is waited for: the run goes on by itself, and nothing is sent twice', async () => {
  await using w = await ten()
  w.type('ann', 'x')
  w.app.onSaved = () => {
    w.app.onSaved = () => undefined
    // The run waits with its end; that wait is what the world's clock counts.
    const until = w.nowMs + 2_000
    refuseUntil(w, () => w.nowMs >= until)
  }
  const run = await w.run()
  expect([run.run.state, run.sent, run.credits.pushed]).toEqual(['settled', ['1.summary=x'], 1])
  expect(w.look()).toEqual({ shown: 'x', baseline: 'x', entry: null, isStaged: false, marks: {} })
})

test('[E19] a heartbeat that the log does not take ends neither the run nor the server', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  try {
    await using w = await ten()
    const gate = Promise.withResolvers<void>()
    w.app.gate = gate.promise
    const running = w.run()
    await silence(w, () => w.app.calls.length > 0)
    let isFull = true
    refuseUntil(w, () => !isFull)
    vi.advanceTimersByTime(60_000)
    isFull = false
    gate.resolve()
    expect((await running).run.state).toBe('settled')
  } finally {
    vi.useRealTimers()
  }
})

test('[E10] where the workbook wins, a changed value is overwritten because somebody said so', async () => {
  await using w = await EngineWorld.start({ shared, people, onConflict: 'workbook-wins' })
  w.type('ann', 'x')
  w.app.foreignEdit('1', 'summary', 'c')
  const run = await w.run()
  expect([run.sent, w.look()]).toEqual([['1.summary=x'], { shown: 'x', baseline: 'x', entry: null, isStaged: false, marks: {} }])
})

const OBJECT: readonly ObjectDirection[] = ['push-pull', 'push', 'pull', 'disabled']
const FIELD: readonly FieldDirection[] = ['two-way', 'push', 'pull', 'off']
for (const isOn of [true, false]) {
  for (const direction of OBJECT) {
    for (const fieldDirection of FIELD) {
      test(`[E11] toggle ${isOn ? 'on' : 'off'}, object ${direction}, field ${fieldDirection}`, async () => {
        await using w = await EngineWorld.start({ shared, people, records: { 1: { summary: 'a' }, 2: { summary: 'b' } } })
        // Typed while everything was allowed: what forbids it now only holds it.
        w.type('ann', 'x')
        await w.quiet()
        await w.configure({ direction, fieldDirection, isOn })
        w.app.foreignEdit('2', 'summary', 'theirs')
        const run = await w.run()
        const canPush =
          isOn && (direction === 'push-pull' || direction === 'push') && (fieldDirection === 'two-way' || fieldDirection === 'push')
        const canPull =
          isOn && (direction === 'push-pull' || direction === 'pull') && (fieldDirection === 'two-way' || fieldDirection === 'pull')
        expect(run.sent, 'what went out').toEqual(canPush ? ['1.summary=x'] : [])
        expect(w.look({ record: '2' }).shown, 'what came in').toBe(canPull ? 'theirs' : 'b')
        expect([w.look().shown, w.look().isStaged], 'the edit is kept').toEqual(['x', !canPush])
        if (!isOn) expect(run.calls).toEqual([])
        await w.configure({ direction: 'push-pull', fieldDirection: 'two-way', isOn: true })
        await w.run()
        expect([w.app.get('1', 'summary'), w.look().isStaged, w.look({ record: '2' }).shown]).toEqual(['x', false, 'theirs'])
        await w.expectDeltaLaw()
      })
    }
  }
}

test('[E12] two connections’ worth of nothing: a run leaves custom fields and unlinked rows alone', async () => {
  await using w = await ten()
  const row = w.addRow('ann')
  w.type('ann', 'note', { field: 'Notes' })
  w.type('ann', 'typed', { row })
  const run = await w.run()
  expect([run.sent, run.counts.planned]).toEqual([[], 0])
  expect([w.look({ field: 'Notes' }).shown, w.look({ row }).shown]).toEqual(['note', 'typed'])
})

test('[E13] a link by key costs its search and its link; the record’s fields come with it', async () => {
  await using w = await ten()
  w.app.add('11', { summary: 'eleven', environment: 'e' })
  const row = w.addRow('bob')
  w.requestLink('bob', row, 'tb-11')
  const run = await w.run({ kind: 'link', links: [] })
  expect([run.credits.searched, run.credits.linked, totalCredits(run.credits)]).toEqual([1, 1, 2])
  expect(w.look({ row }).shown).toBe('eleven')
})

test('[E13] an import makes each record one row, and only new ones cost', async () => {
  await using w = await ten()
  w.app.add('11', { summary: 'eleven', environment: 'e' })
  w.setDeleted('bob', w.row('3'), true)
  const run = await w.run({ kind: 'import', filter: '' })
  expect([run.credits.linked, totalCredits(run.credits), run.counts.created]).toEqual([1, 1, 1])
  // A deleted row whose record is imported again comes back.
  expect(w.sheet.rows()).toHaveLength(11)
})

/** Waits, a turn at a time, until something is so. */
async function silence(w: EngineWorld, isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setImmediate(resolve))
  await w.quiet()
}

function sqlOne(w: EngineWorld, sql: string): string {
  const row = w.reader.raw.prepare(sql).get() as Record<string, string> | undefined
  return Object.values(row ?? {})[0] ?? ''
}
