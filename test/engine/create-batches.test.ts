import { afterAll, beforeAll, expect, test } from 'vitest'
import { decideNotThere } from '../../server/decide-create.ts'
import { addCredits, NO_CREDITS } from '../../sync-engine/credits.ts'
import type { NewRecord, RunOrder } from '../../sync-engine/ports.ts'
import { makeRandom } from '../../tools/random.ts'
import { Crash, EngineWorld, openSharedLog, type RunReport, type SharedLog, throttled } from '../support/engine-world.ts'
import { FakeApp, type NotSent, type WriteFate } from '../support/fake-app.ts'

let shared: SharedLog
beforeAll(async () => {
  shared = await openSharedLog()
})
afterAll(() => shared[Symbol.asyncDispose]())

/** `WORLDS=400`: more of them. */
const WORLDS = Number(process.env.WORLDS ?? 40)
const FIELDS = ['summary', 'environment', 'priority']
const NAMES = ['North', 'north ', 'South', 'East', 'West']
/** What the app does with a call: takes it, loses its answer, or takes no calls any more, at once or in the midst of it. */
const MOODS = ['takes', 'takes', 'takes', 'lost after saving', 'lost before saving', 'throttled', 'stops', 'answers in part'] as const

/** What the worlds have met. */
const met = new Set<string>()

/** An app in moods, one a call; it refuses `bad` for its summary in any of them. */
function moody(app: FakeApp, random: () => number): { isCalm: boolean } {
  const state = { isCalm: false }
  let mood: (typeof MOODS)[number] = 'takes'
  let nth = 0
  app.onCall = (call) => {
    if (call.op !== 'create') return
    mood = state.isCalm ? 'takes' : (MOODS[Math.floor(random() * MOODS.length)] ?? 'takes')
    nth = 0
    met.add(call.ids.length > 1 ? `${mood} (several)` : mood)
  }
  app.createFate = (changes): WriteFate | NotSent => {
    nth++
    if (mood === 'throttled') return { kind: 'throw', error: throttled() }
    if (mood === 'stops' && nth > 1) return { kind: 'not-sent', error: throttled() }
    if (changes.some(({ value }) => value === 'bad')) return { kind: 'refuse', refusals: [{ field: 'summary', reason: 'Not bad.' }] }
    if (mood === 'lost after saving' || mood === 'lost before saving') return { kind: 'lose', isSaved: mood === 'lost after saving' }
    return mood === 'answers in part' && random() < 0.5 ? { kind: 'lose', isSaved: random() < 0.5 } : { kind: 'save' }
  }
  return state
}

for (let seed = 1; seed <= WORLDS; seed++) {
  test(`[PL3] [PL4] batches ${seed}: every row ends with exactly one record or a said reason, whatever is refused, lost, throttled or killed`, async () => {
    const random = makeRandom(seed)
    const below = (n: number): number => Math.floor(random() * n)
    const app = Object.assign(new FakeApp(), {
      createBatch: 1 + below(6),
      readBatch: [2, 5, 100][below(3)] ?? 5,
      indexDelayMs: below(2) * 30_000,
    })
    await using w = await EngineWorld.start({ shared, seed, app, people: [{ name: 'ann', client: 10 }], fields: FIELDS })
    const state = moody(app, random)
    app.isIndexBehind = random() < 0.3
    const rows = Array.from({ length: 1 + below(14) }, (_, index): NewRecord => {
      const row = w.addRow('ann')
      const summary = random() < 0.15 ? 'bad' : random() < 0.5 ? (NAMES[below(NAMES.length)] ?? '') : `Name ${index}`
      w.type('ann', summary, { row })
      // By this the record of a row is known again, whoever made it.
      const changes = [
        { field: 'summary', value: summary },
        { field: 'environment', value: `row ${index}` },
      ]
      return { row, changes: random() < 0.1 ? [...changes, { field: 'priority', value: 'Hihg' }] : changes }
    })
    await w.quiet()
    const recordsOf = (index: number): string[] =>
      [...app.records].filter(([, { values }]) => values.environment === `row ${index}`).map(([id]) => id)
    const isTied = ({ row }: NewRecord): boolean => w.sheet.recordOf(row, w.connection) !== undefined
    const isOpen = ({ row }: NewRecord): boolean => w.server.runs.creates.open(w.connection).some((create) => create.row === row)
    const isSaid = ({ row }: NewRecord): boolean =>
      ['key', ...FIELDS].some((field) => (w.marks({ row, field }).refused?.reason ?? '').trim() !== '')
    const isTwin = ({ row }: NewRecord): boolean => w.marks({ row, field: 'key' }).refused?.reason.includes('this name') === true
    const expectOneEach = (): void => {
      for (const index of rows.keys()) expect(recordsOf(index).length, `records of row ${index}`).toBeLessThan(2)
    }

    for (let attempt = 0; attempt < 3; attempt++) {
      const left = rows.filter((wanted) => !isTied(wanted))
      if (left.length === 0) break
      const order: RunOrder = { kind: 'create', rows: left, duplicates: random() < 0.4 ? 'look-up' : 'allow' }
      if (random() < 0.5) w.dieBefore(1 + below(12 + left.length * 2))
      const report = await w.run(order).catch((error: unknown): RunReport | undefined => {
        if (error instanceof Crash) return undefined
        throw error
      })
      if (report === undefined) {
        met.add(app.records.size > 1 ? 'killed with records made' : 'killed')
        await w.restart({ isResuming: random() < 0.6 })
      } else if (report.run.state !== 'failed') {
        if (rows.some(isTwin)) met.add('a second row of a name')
        for (const wanted of left) expect(isTied(wanted) || isSaid(wanted), 'a record, or a reason on its row').toBe(true)
        // A row whose record an earlier run had sent is found at the beginning of this one, and then no row to be made.
        if (report.run.state === 'settled') expect(left.every(isTied)).toBe(true)
      } else {
        expect(report.run.error?.code).toBe('rate-limited')
        const { planned, pushed, refused, skipped, unknown } = report.counts
        expect(planned - pushed - refused - skipped - unknown).toBe(0)
      }
      w.dieBefore(1_000_000)
      expectOneEach()
    }

    // The app is itself again: what is there is found, the rest a person decides, and everything that may be made is made.
    state.isCalm = true
    app.isIndexBehind = false
    await w.oneWay()
    for (const wanted of rows)
      if (isOpen(wanted)) expect([isTied(wanted), isSaid(wanted)], 'an open creation says so').toEqual([false, true])
    const keyField = (await w.full()).connection.keyField
    for (const create of w.server.runs.creates.open(w.connection)) await decideNotThere(w.room, keyField, create, w.server.log)
    await w.quiet()
    const mended = rows
      .filter((wanted) => !isTied(wanted))
      .map(({ row, changes }) => ({
        row,
        changes: changes.map((c) => (c.value === 'bad' ? { ...c, value: 'good' } : c.value === 'Hihg' ? { ...c, value: 'High' } : c)),
      }))
    const last = await w.run({ kind: 'create', rows: mended, duplicates: 'allow' })
    expect([last.run.state, last.counts.created]).toEqual(['settled', mended.length])
    for (const [index, { row }] of rows.entries()) expect(recordsOf(index)).toEqual([w.sheet.recordOf(row, w.connection)])
    expect(app.records.size).toBe(1 + rows.length)
    const ledger = (await w.server.runs.ledger(0, [w.connection])).reduce((sum, entry) => addCredits(sum, entry), NO_CREDITS)
    const values = rows.reduce((sum, { changes }) => sum + changes.length, 0)
    // The record that the world began with was linked as well.
    expect([ledger.pushed, ledger.linked], 'each value and each record once').toEqual([values, rows.length + 1])
    await w.expectDeltaLaw()
  })
}

test('[PL3] the worlds met every case they are there for', () => {
  const wanted = [...new Set(MOODS)].map((mood) => `${mood} (several)`)
  expect([...met]).toEqual(expect.arrayContaining([...wanted, 'killed', 'killed with records made', 'a second row of a name']))
})
