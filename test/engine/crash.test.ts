import { describe, expect, test } from 'vitest'
import { decideNotThere } from '../../server/decide-create.ts'
import { addCredits, type Credits, NO_CREDITS } from '../../sync-engine/credits.ts'
import type { RunOrder } from '../../sync-engine/ports.ts'
import { Crash, EngineWorld, openSharedLog, type SharedLog, TWO_WAY } from '../support/engine-world.ts'
import { FakeApp } from '../support/fake-app.ts'
import { previewed } from '../support/undo.ts'

interface Scenario {
  readonly says: string
  readonly order?: RunOrder | ((w: EngineWorld) => Promise<RunOrder>)
  readonly prepare: (w: EngineWorld) => Promise<void> | void
}

const FIELDS = ['summary', 'environment', 'status']
const RECORDS = {
  1: { summary: 'a', environment: 'e', status: 'To Do' },
  2: { summary: 'b', environment: 'e', status: 'To Do' },
  3: { summary: 'c', environment: 'e', status: 'To Do' },
}

/** Does this at the app's first write, whichever attempt it belongs to. */
function atFirstWrite(w: EngineWorld, act: () => void): void {
  w.app.onCall = (call) => {
    if (call.op !== 'update') return
    w.app.onCall = () => undefined
    act()
  }
}

const typeSome = (w: EngineWorld): void => {
  w.type('ann', 'x')
  w.type('ann', 'Done', { field: 'status' })
  w.type('bob', 'y', { record: '2' })
}

const scenarios: readonly Scenario[] = [
  { says: 'three cells of two records', prepare: typeSome },
  {
    says: 'values that the app writes differently',
    prepare: (w) => {
      w.app.normalise = (_field, value) => (typeof value === 'string' ? value.toUpperCase() : value)
      typeSome(w)
    },
  },
  {
    says: 'a newer value typed while the first is sent',
    prepare: (w) => {
      typeSome(w)
      atFirstWrite(w, () => w.type('bob', 'z'))
    },
  },
  {
    says: 'an answer that is lost after saving',
    prepare: (w) => {
      typeSome(w)
      atFirstWrite(w, () => {
        w.app.fateOf = () => {
          w.app.fateOf = () => ({ kind: 'save' })
          return { kind: 'lose', isSaved: true }
        }
      })
    },
  },
  {
    says: 'an answer that is lost before saving',
    prepare: (w) => {
      typeSome(w)
      atFirstWrite(w, () => {
        w.app.fateOf = () => {
          w.app.fateOf = () => ({ kind: 'save' })
          return { kind: 'lose', isSaved: false }
        }
      })
    },
  },
  {
    says: 'a refused field beside a good one',
    prepare: (w) => {
      w.app.fateOf = ({ changes }) =>
        changes.some((c) => c.value === 'bad') ? { kind: 'refuse', refusals: [{ field: 'environment', reason: 'No.' }] } : { kind: 'save' }
      typeSome(w)
      w.type('ann', 'bad', { field: 'environment' })
    },
  },
  {
    says: 'a conflict, a value that is there already, a put-back and a deleted record',
    prepare: (w) => {
      typeSome(w)
      w.app.foreignEdit('1', 'summary', 'q')
      w.app.foreignEdit('1', 'status', 'Done')
      w.type('ann', 'f', { field: 'environment' })
      w.putBack('ann', { field: 'environment' })
      w.type('bob', 'gone', { record: '3' })
      w.app.delete('3')
    },
  },
  {
    says: 'an import of new records',
    order: { kind: 'import', filter: '' },
    prepare: (w) => {
      w.app.add('4', { summary: 'd', environment: 'e', status: 'To Do' })
      w.app.add('5', { summary: 'e', environment: 'e', status: 'To Do' })
      w.app.readBatch = 2
    },
  },
  {
    says: 'a link that somebody asked for',
    prepare: (w) => {
      w.app.add('4', { summary: 'd', environment: 'e', status: 'To Do' })
      const row = w.addRow('bob')
      w.type('bob', 'mine', { row })
      w.requestLink('bob', row, 'TB-4')
    },
  },
  {
    says: 'two records created, the answer of one lost after saving',
    order: async (w) => {
      const rows = w.sheet.rows().filter((row) => w.sheet.recordOf(row, w.connection) === undefined)
      return { kind: 'create', duplicates: 'allow', rows: rows.map((row) => ({ row, changes: [{ field: 'summary', value: 'new' }] })) }
    },
    prepare: (w) => {
      for (let i = 0; i < 2; i++) w.type('bob', 'new', { row: w.addRow('bob') })
      let creations = 0
      w.app.createFate = () => (++creations === 1 ? { kind: 'lose', isSaved: true } : { kind: 'save' })
    },
  },
  {
    says: 'five records created two a call, one refused and the whole answer of a call lost',
    order: async (w) => {
      const rows = w.sheet.rows().filter((row) => w.sheet.recordOf(row, w.connection) === undefined)
      return {
        kind: 'create',
        duplicates: 'allow',
        rows: rows.map((row, index) => ({ row, changes: [{ field: 'summary', value: index === 1 ? 'bad' : `new ${index}` }] })),
      }
    },
    prepare: (w) => {
      for (let i = 0; i < 5; i++) w.addRow('bob')
      let isLost = false
      let calls = 0
      w.app.onCall = ({ op, ids }) => {
        // The second call of two records, whichever attempt it belongs to.
        if (op === 'create') isLost = ids.length === 2 && ++calls === 2
      }
      w.app.createFate = (changes) =>
        changes.some((c) => c.value === 'bad')
          ? { kind: 'refuse', refusals: [{ field: 'summary', reason: 'No.' }] }
          : isLost
            ? { kind: 'lose', isSaved: true }
            : { kind: 'save' }
    },
  },
  {
    says: 'the undo of a sync',
    order: async (w) => {
      const run = (await w.server.runs.runs({ connections: [w.connection], limit: 100 })).find(
        (r) => r.kind === 'sync' && r.counts.pushed > 0,
      )
      const { frozen } = await previewed(w, run?.id ?? '')
      return { kind: 'undo', run: run?.id ?? '', frozen }
    },
    prepare: async (w) => {
      typeSome(w)
      await w.run()
    },
  },
  { says: 'a refresh of the fields', order: { kind: 'refresh' }, prepare: () => undefined },
]

/** Everything that must be the same in the end: what people see, what the app holds. */
function endOf(w: EngineWorld): unknown {
  const cells = w.sheet.rows().map((row) => {
    const record = w.sheet.recordOf(row, w.connection)
    return [record ?? null, w.sheet.recordMark(row, w.connection)?.kind ?? null, ...FIELDS.map((field) => w.look({ row, field }))]
  })
  const byRecord = [...cells].sort((a, b) => String(a[0]).localeCompare(String(b[0])))
  return { cells: byRecord, app: [...w.app.records].map(([id, r]) => [id, r.key, r.values]) }
}

async function ledgerOf(w: EngineWorld): Promise<Credits> {
  const entries = await w.server.runs.ledger(0, [w.connection])
  return entries.reduce<Credits>((sum, entry) => addCredits(sum, entry), NO_CREDITS)
}

async function start(shared: SharedLog, scenario: Scenario): Promise<EngineWorld> {
  const people = [
    { name: 'ann', client: 10 },
    { name: 'bob', client: 20 },
  ]
  const w = await EngineWorld.start({
    shared,
    people,
    fields: FIELDS,
    records: RECORDS,
    app: Object.assign(new FakeApp(), { createBatch: 2 }),
  })
  await scenario.prepare(w)
  await w.quiet()
  return w
}

/** A value goes to the app twice only where it was proven not to have landed. */
function expectNoDoubleWrites(w: EngineWorld): void {
  const stored = w.app.writes
    .filter((write) => write.by === 'engine')
    .map((write) => `${write.record}.${write.field}=${String(write.asked)}`)
  expect(stored, 'each value is saved once').toEqual([...new Set(stored)])
}

/** A person looks in the app whether what was sent without an answer is there, and says so where it is not. */
async function decideCreates(w: EngineWorld): Promise<boolean> {
  if (w.server.runs.creates.open(w.connection).length === 0) return false
  await w.oneWay()
  const unknown = w.server.runs.creates.open(w.connection)
  for (const create of unknown) await decideNotThere(w.room, (await w.full()).connection.keyField, create, w.server.log)
  await w.quiet()
  return true
}

const AFTERWARDS = {
  'the run goes on': async (w: EngineWorld) => w.restart(),
  'a two-way run': async (w: EngineWorld) => {
    await w.restart({ isResuming: false })
  },
  'a one-way run': async (w: EngineWorld) => {
    await w.restart({ isResuming: false })
    await w.oneWay()
  },
} as const

const CONTINUATIONS = Object.keys(AFTERWARDS) as (keyof typeof AFTERWARDS)[]
/** `CRASHES=all`: each effect with each continuation; else they take turns. */
const isThorough = process.env.CRASHES === 'all'

describe('a crash before any effect of a run, then any run', () => {
  for (const [which, scenario] of scenarios.entries()) {
    for (const [turn, then] of CONTINUATIONS.entries()) {
      test(`[CELL-31] [E1] ${scenario.says}; then ${then}`, async () => {
        await using shared = await openSharedLog()
        const orderIn = async (w: EngineWorld): Promise<RunOrder> =>
          typeof scenario.order === 'function' ? scenario.order(w) : (scenario.order ?? TWO_WAY)
        await using calm = await start(shared, scenario)
        const order = await orderIn(calm)
        const from = calm.effects
        await calm.run(order)
        const effects = calm.effects - from
        await calm.run(order)
        await calm.run()
        const wanted = endOf(calm)
        const spent = await ledgerOf(calm)
        let crashes = 0
        for (let n = 1; n <= effects; n++) {
          if (!isThorough && (n + which) % CONTINUATIONS.length !== turn) continue
          await using w = await start(shared, scenario)
          const order = await orderIn(w)
          w.dieBefore(n)
          const died = await w.run(order).then(
            () => false,
            (error: unknown) => error instanceof Crash,
          )
          if (!died) continue
          crashes++
          await AFTERWARDS[then](w)
          await w.expectDeltaLaw()
          // Before its first effect there was no run yet that could go on.
          const goesOn = then === 'the run goes on' && n > 1
          const decided = await decideCreates(w)
          for (let i = goesOn ? 1 : 0; i < 2; i++) await w.run(order)
          await w.run()
          expect(endOf(w), `after a crash before effect ${n} of ${effects}`).toEqual(wanted)
          expectNoDoubleWrites(w)
          const credits = await ledgerOf(w)
          expect([credits.pushed, credits.linked], `pushed and linked after a crash before effect ${n}`).toEqual([
            spent.pushed,
            spent.linked,
          ])
          // The very run that goes on costs what it would have cost; another run is a pull of its own.
          if (goesOn && !decided) expect(credits, `a crash before effect ${n}`).toEqual(spent)
          await w.expectDeltaLaw()
          w.expectOneTruth()
        }
        expect(crashes, 'it did crash').toBeGreaterThan(1)
      })
    }
  }
})
