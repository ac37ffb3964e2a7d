import { expect, test } from 'vitest'
import { mayBegin, PARALLEL_RUNS, type QueuedRun, queueOrder } from '../../server/fairness.ts'
import { RecordTurns } from '../../server/record-turns.ts'
import type { RunOrder } from '../../sync-engine/ports.ts'
import { makeRandom } from '../../tools/random.ts'
import { EngineWorld, TWO_WAY } from '../support/engine-world.ts'

const people = [{ name: 'ann', client: 10 }]
const records = { 1: { summary: 'a' }, 2: { summary: 'b' } }
const start = () => EngineWorld.start({ people, records })
const SCHEDULED: RunOrder = { kind: 'sync', mode: 'two-way', trigger: 'schedule' }

function queued(id: string, integration: string, o: { trigger?: QueuedRun['trigger']; at?: number; connection?: string } = {}): QueuedRun {
  const { trigger = 'schedule', at = 0, connection = `c-${id}` } = o
  const priority = { person: 2, api: 2, nightly: 1, schedule: 0 }[trigger]
  return { id, connection, priority, trigger, createdAt: at, about: { integration } } as unknown as QueuedRun
}
const NONE = new Map<string, number>()

test('[QU1] what a person starts goes ahead of the nightly, and that ahead of the scheduled', () => {
  const order = queueOrder(
    [queued('a', 'i', { at: 1 }), queued('b', 'i', { at: 2, trigger: 'nightly' }), queued('c', 'i', { at: 3, trigger: 'person' })],
    [],
    NONE,
  )
  expect(order.map((r) => r.id)).toEqual(['c', 'b', 'a'])
})

test('[QU2] integrations take turns, however many runs one of them has waiting and how long it has waited', () => {
  const busy = Array.from({ length: 20 }, (_, i) => queued(`busy${i}`, 'busy', { at: i }))
  const order = queueOrder([...busy, queued('other', 'other', { at: 100 }), queued('third', 'third', { at: 101 })], [], NONE)
  expect(order.slice(0, 3).map((r) => r.id)).toEqual(['busy0', 'other', 'third'])
  // Who has runs under way waits for who has none; among equals, who was served longest ago.
  const under = [queued('x', 'busy')]
  expect(queueOrder([...busy, queued('other', 'other', { at: 100 })], under, NONE)[0]?.id).toBe('other')
  expect(
    queueOrder(
      [queued('a', 'i', { at: 1 }), queued('b', 'j', { at: 2 })],
      [],
      new Map([
        ['i', 7],
        ['j', 3],
      ]),
    )[0]?.id,
  ).toBe('b')
})

test('[QU2] in any queue everybody keeps their place in their own lane, and no lane is passed twice by another', () => {
  const random = makeRandom(11)
  for (let round = 0; round < 200; round++) {
    const all = Array.from({ length: 1 + Math.floor(random() * 30) }, (_, i) =>
      queued(`r${i}`, `i${Math.floor(random() * 5)}`, { at: Math.floor(random() * 50) }),
    )
    const order = queueOrder(all, [], NONE)
    expect([...order].map((r) => r.id).sort()).toEqual(all.map((r) => r.id).sort())
    const taken = new Map<string, number>()
    const left = new Map<string, number>()
    for (const r of all) left.set(r.about?.integration ?? '', (left.get(r.about?.integration ?? '') ?? 0) + 1)
    const last = new Map<string, number>()
    for (const run of order) {
      const lane = run.about?.integration ?? ''
      expect(run.createdAt).toBeGreaterThanOrEqual(last.get(lane) ?? 0)
      last.set(lane, run.createdAt)
      for (const [other, waiting] of left) if (waiting > 0) expect(taken.get(lane) ?? 0).toBeLessThanOrEqual(taken.get(other) ?? 0)
      taken.set(lane, (taken.get(lane) ?? 0) + 1)
      left.set(lane, (left.get(lane) ?? 0) - 1)
    }
  }
})

test('[QU2] neither one integration nor the clock takes every place at once', () => {
  const under = (count: number, integration: string, trigger: QueuedRun['trigger'] = 'person') =>
    Array.from({ length: count }, (_, i) => queued(`u${integration}${i}`, integration, { trigger }))
  const three = under(PARALLEL_RUNS - 1, 'busy')
  expect([
    mayBegin(queued('n', 'busy', { trigger: 'person' }), three),
    mayBegin(queued('n', 'other', { trigger: 'person' }), three),
  ]).toEqual([false, true])
  const clock = [...under(1, 'a', 'schedule'), ...under(2, 'b', 'nightly')]
  expect([mayBegin(queued('n', 'c'), clock), mayBegin(queued('n', 'c', { trigger: 'person' }), clock)]).toEqual([false, true])
  expect(mayBegin(queued('n', 'z', { trigger: 'person', connection: 'c-ubusy0' }), three)).toBe(false)
  expect(mayBegin(queued('n', 'z', { trigger: 'person' }), [...three, ...under(1, 'other')])).toBe(false)
})

test('[QU3] who wants records that others write waits for them; who wants others does not; nobody waits for ever', async () => {
  const turns = new RecordTurns()
  const { signal } = new AbortController()
  const first = await turns.take(['1', '2'], signal)
  const told: string[] = []
  const tell = (name: string) => (release: () => void) => {
    told.push(name)
    return release
  }
  const second = turns.take(['2', '3'], signal).then(tell('second'))
  const third = turns.take(['4'], signal).then(tell('third'))
  // Behind the second, though its record is free: it must not be passed for ever.
  const fourth = turns.take(['3'], signal).then(tell('fourth'))
  await third
  expect(told).toEqual(['third'])
  first()
  const release = await second
  expect(told).toEqual(['third', 'second'])
  release()
  release()
  await fourth
  expect(told).toEqual(['third', 'second', 'fourth'])
})

test('[QU3] who gives up waiting lets those behind go on', async () => {
  const turns = new RecordTurns()
  const release = await turns.take(['1'], new AbortController().signal)
  const abort = new AbortController()
  const given = turns.take(['1', '2'], abort.signal)
  const behind = turns.take(['2'], new AbortController().signal)
  abort.abort(new Error('cancelled'))
  await expect(given).rejects.toThrow('cancelled')
  ;(await behind)()
  release()
})

/** A run is under way and waits for the app; the queue behind it can be looked at. */
async function held(w: EngineWorld): Promise<{ first: string; open: () => void } & Disposable> {
  const gate = Promise.withResolvers<void>()
  const reading = Promise.withResolvers<void>()
  w.app.gate = gate.promise
  w.app.onCall = (call) => {
    if (call.op === 'read') reading.resolve()
  }
  const { run } = await w.server.queue.enqueue({ connection: await w.full(), order: TWO_WAY, trigger: 'person', actor: 'ann' })
  await reading.promise
  return { first: run, open: () => gate.resolve(), [Symbol.dispose]: () => gate.resolve() }
}

test('[P2] a forced sync enters at once, ahead of scheduled runs; what the clock had queued gives way to it', async () => {
  await using w = await start()
  using hold = await held(w)
  const { queue, runs } = w.server
  const connection = await w.full()
  const scheduled = await queue.enqueue({ connection, order: SCHEDULED, trigger: 'nightly', actor: 'server' })
  const forced = await queue.enqueue({ connection, order: TWO_WAY, trigger: 'person', actor: 'ann' })
  expect(forced.joined).toBe(false)
  expect((await runs.run(scheduled.run))?.state).toBe('cancelled')
  expect((await runs.transitions(scheduled.run)).at(-1)?.note).toContain('takes its place')
  hold.open()
  expect((await queue.ended(forced.run)).state).toBe('settled')
})

test('[P6] a second force joins the queued one, also at the same moment; its place and time are told', async () => {
  await using w = await start()
  using hold = await held(w)
  const { first } = hold
  const { queue, runs } = w.server
  const ask = async (order: RunOrder = TWO_WAY) => queue.enqueue({ connection: await w.full(), order, trigger: 'person', actor: 'bob' })
  const [one, two] = await Promise.all([ask(), ask()])
  const imports: Awaited<ReturnType<typeof ask>>[] = []
  for (const filter of ['x', 'x', 'y']) {
    w.nowMs++
    imports.push(await ask({ kind: 'import', filter }))
  }
  expect([one.joined, two.joined, one.run === two.run]).toEqual([false, true, true])
  expect(imports.map((i) => i.joined)).toEqual([false, true, false])
  expect((await runs.transitions(one.run)).map((t) => t.note)).toContain('Asked for again by bob.')
  const headOf = async (id: string) => {
    const run = await runs.run(id)
    if (run === undefined) throw new Error('no run')
    return queue.headOf(run)
  }
  expect([(await headOf(first)).queuePlace, (await headOf(one.run)).queuePlace, (await headOf(imports[2]?.run ?? '')).queuePlace]).toEqual([
    0, 1, 3,
  ])
  expect((await headOf(first)).startedAt).not.toBeNull()
  // Any place may be left.
  expect([await queue.cancel(imports[0]?.run ?? ''), (await headOf(imports[2]?.run ?? '')).queuePlace]).toEqual([true, 2])
  hold.open()
  await queue.ended(imports[2]?.run ?? '')
})

test('[C3][C5] switched off: 0 calls; what the clock wants is dropped, what a person wants is answered with the reason', async () => {
  await using w = await start()
  w.type('ann', 'x')
  await w.configure({ isOn: false })
  const { queue } = w.server
  const connection = await w.full()
  const late = await queue.enqueue({ connection, order: SCHEDULED, trigger: 'nightly', actor: 'server' })
  const forced = await queue.enqueue({ connection, order: TWO_WAY, trigger: 'person', actor: 'ann' })
  const undone = await queue.enqueue({ connection, order: { kind: 'import', filter: '' }, trigger: 'api', actor: 'ann' })
  expect([(await queue.ended(late.run)).state, (await queue.ended(forced.run)).error?.code]).toEqual(['cancelled', 'paused'])
  expect([(await queue.ended(undone.run)).error?.code, w.app.takeCalls()]).toEqual(['paused', []])
})

test('[QU6] a run under way stops between two calls where its integration is switched off or its direction changes', async () => {
  for (const [change, state, code] of [
    [{ isOn: false }, 'failed', 'paused'],
    [{ direction: 'disabled' as const }, 'failed', 'paused'],
    [{ direction: 'pull' as const }, 'failed', 'plan-changed'],
  ] as const) {
    await using w = await start()
    for (const record of ['1', '2']) w.type('ann', 'x', { record })
    const changed = Promise.withResolvers<void>()
    const reading = Promise.withResolvers<void>()
    w.app.gate = changed.promise
    w.app.onCall = (call) => {
      if (call.kind === 'check') reading.resolve()
    }
    const { queue } = w.server
    const { run } = await queue.enqueue({ connection: await w.full(), order: TWO_WAY, trigger: 'person', actor: 'ann' })
    await reading.promise
    await w.configure(change)
    changed.resolve()
    const ended = await queue.ended(run)
    expect([ended.state, ended.error?.code, w.app.writes], JSON.stringify(change)).toEqual([state, code, []])
    expect(w.app.calls.filter((c) => c.kind !== 'refresh').map((c) => c.kind)).toEqual(['check'])
    expect(w.look()).toMatchObject({ shown: 'x', isStaged: true })
  }
})

test('[QU6] a scheduled run that waits in the queue is dropped when its integration is switched off', async () => {
  await using w = await start()
  using hold = await held(w)
  const { queue, runs } = w.server
  const waiting = await queue.enqueue({ connection: await w.full(), order: SCHEDULED, trigger: 'schedule', actor: 'server' })
  await w.configure({ isOn: false })
  expect((await runs.run(waiting.run))?.state).toBe('cancelled')
  expect((await runs.transitions(waiting.run)).at(-1)?.note).toContain('paused')
  hold.open()
})
