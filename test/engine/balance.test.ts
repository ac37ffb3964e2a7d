import { afterAll, beforeAll, expect, test } from 'vitest'
import type { RunOrder } from '../../sync-engine/ports.ts'
import { makeRandom } from '../../tools/random.ts'
import type { RowId } from '../../workbook/ids.ts'
import { EngineWorld, openSharedLog, type RunReport, type SharedLog, TWO_WAY, throttled } from '../support/engine-world.ts'
import type { SeenCall, WriteFate } from '../support/fake-app.ts'

let shared: SharedLog
beforeAll(async () => {
  shared = await openSharedLog()
})
afterAll(() => shared[Symbol.asyncDispose]())

const FIELDS = ['summary', 'environment', 'priority']
const VALUES = {
  summary: ['a', 'b', 'c', 'bad', null],
  environment: ['e', 'f', 'bad', null],
  priority: ['High', 'Low', 'low', 'Hihg'],
} as const
/** `WORLDS=400`: more of them. */
const WORLDS = Number(process.env.WORLDS ?? 25)

/** What the app's own log of calls says a run must have cost, reads of the pull and settled values alike. */
function costOf(w: EngineWorld, { calls, run }: RunReport): { pulled: number; refreshed: number; searched: number } {
  const read = (call: SeenCall): number =>
    call.op === 'read' && call.kind === 'pull' ? call.ids.filter((id) => w.app.records.has(id)).length : 0
  const isFilling = run.kind === 'link' || run.kind === 'create' || run.kind === 'import'
  return {
    pulled: isFilling ? 0 : calls.reduce((sum, call) => sum + read(call), 0),
    refreshed: calls.filter((c) => c.op === 'describe').length,
    searched: calls.filter((c) => c.op === 'search').length,
  }
}

for (let seed = 1; seed <= WORLDS; seed++) {
  test(`[PL7] [E4] world ${seed}: every receipt balances, every credit is found in what the app was asked, nothing is saved twice`, async () => {
    const random = makeRandom(seed)
    const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T
    const records = Object.fromEntries(
      Array.from({ length: 12 }, (_, i) => [String(i + 1), { summary: 'a', environment: 'e', priority: 'High' }]),
    )
    const people = ['ann', 'bob'].map((name, i) => ({ name, client: 10 * (i + 1) }))
    await using w = await EngineWorld.start({ shared, people, fields: FIELDS, records, seed })
    w.app.answersRecord = random() < 0.5
    w.app.readBatch = pick([3, 5, 100])
    const fate = (changes: readonly { value: unknown; field: string }[]): WriteFate => {
      const bad = changes.filter((c) => c.value === 'bad')
      if (bad.length > 0) return { kind: 'refuse', refusals: bad.map((c) => ({ field: c.field, reason: 'No.' })) }
      const luck = random()
      if (luck < 0.08) return { kind: 'lose', isSaved: random() < 0.5 }
      return luck < 0.11 ? { kind: 'throw', error: throttled() } : { kind: 'save' }
    }
    w.app.fateOf = (delta) => fate(delta.changes)
    w.app.createFate = () => fate([])
    for (let step = 0; step < 10; step++) {
      const acts = Math.floor(random() * 6)
      for (let i = 0; i < acts; i++) {
        const field = pick(FIELDS) as keyof typeof VALUES
        const record = pick([...w.app.records.keys()].filter((id) => w.sheet.rowsOf(w.connection, id).length > 0))
        if (random() < 0.25) w.app.foreignEdit(record, field, pick(VALUES[field].filter((v) => v !== 'Hihg')))
        else w.type(pick(['ann', 'bob']), pick(VALUES[field]), { record, field })
      }
      await w.quiet()
      const report = await w.run(...orderOf(w, random, pick))
      const { run, counts, credits } = report
      const cells = await w.server.runs.cells(run.id)
      const of = (...outcomes: string[]): number => cells.filter((c) => outcomes.includes(c.outcome)).length
      // To the cell: each line of the receipt is one of the counts (`run` has held it to the sum).
      if (run.state === 'settled' || run.state === 'partial') {
        expect(
          [of('pushed', 'created'), of('refused'), of('moved-on', 'already-there')].map((n) => n <= counts.planned + counts.unknown),
        ).toEqual([true, true, true])
        expect(of('pushed', 'created'), 'pushed cells in the log').toBe(counts.pushed)
        expect(of('refused'), 'refused cells in the log').toBe(counts.refused)
      }
      // To the credit: what was pulled, described, searched is what the app was asked; what was pushed is what settled, once a record and field.
      const { pulled, refreshed, searched } = costOf(w, report)
      if (run.state !== 'failed') expect([credits.pulled, credits.refreshed, credits.searched]).toEqual([pulled, refreshed, searched])
      // What an earlier run had sent, and the newer value of the same cell: two changes.
      const settled = new Set(
        cells.filter((c) => c.outcome === 'pushed' || c.outcome === 'created').map((c) => `${c.record_id}.${c.field}=${c.value}`),
      )
      expect(credits.pushed, 'a credit for each change that reached the app').toBe(settled.size)
      const head = await w.server.queue.headOf(run)
      expect(head.totalCredits).toBe(credits.pushed + credits.pulled + credits.linked + credits.refreshed + credits.searched)
    }
    // What the ledger says in all is what the runs say one by one.
    const ledger = await w.server.runs.ledger(0, [w.connection])
    const runs = await w.server.runs.runs({ connections: [w.connection], limit: 1_000 })
    let sum = 0
    for (const { id } of runs) sum += Object.values(await w.server.runs.creditsOf(id)).reduce((a, b) => a + b, 0)
    expect(ledger.reduce((a, e) => a + e.pushed + e.pulled + e.linked + e.refreshed + e.searched, 0)).toBe(sum)
    await w.expectDeltaLaw()
  })
}

function orderOf(w: EngineWorld, random: () => number, pick: <T>(from: readonly T[]) => T): [RunOrder, 'person' | 'schedule'] {
  const luck = random()
  if (luck < 0.5) return [TWO_WAY, 'person']
  if (luck < 0.65) return [{ kind: 'sync', mode: 'two-way', trigger: 'schedule' }, 'schedule']
  if (luck < 0.75) return [{ kind: 'sync', mode: 'one-way', trigger: 'person' }, 'person']
  if (luck < 0.8) return [{ kind: 'refresh' }, 'person']
  const rows: RowId[] = Array.from({ length: 1 + Math.floor(random() * 2) }, () => w.addRow('ann'))
  const changes = () => [
    { field: 'summary', value: pick(['new', 'other']) },
    { field: 'priority', value: pick(['High', 'Hihg', 'low']) },
  ]
  return [
    { kind: 'create', rows: rows.map((row) => ({ row, changes: changes() })), duplicates: random() < 0.5 ? 'allow' : 'look-up' },
    'person',
  ]
}
