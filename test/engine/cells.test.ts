import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { totalCredits } from '../../sync-engine/credits.ts'
import type { CellValue } from '../../workbook/cell-value.ts'
import { editCells, undoCells } from '../../workbook/edit.ts'
import { EngineWorld, type EngineWorldOptions, openSharedLog, type RunReport, type SharedLog } from '../support/engine-world.ts'
import type { SeenCall } from '../support/fake-app.ts'
import type { Look } from '../support/world.ts'

let shared: SharedLog
beforeAll(async () => {
  shared = await openSharedLog()
})
afterAll(() => shared[Symbol.asyncDispose]())

interface Row {
  readonly rule: string
  readonly says: string
  readonly options?: EngineWorldOptions
  /** What happens; the runs whose calls and credits are looked at, in order. */
  readonly play: (w: EngineWorld) => Promise<unknown>
  readonly leaves: Look
  /** Every write the app was asked for in those runs. */
  readonly sent?: readonly string[]
  /** Credits of each of those runs: pushed + pulled + linked. */
  readonly credits?: readonly number[]
  readonly also?: (w: EngineWorld, runs: readonly RunReport[]) => Promise<void> | void
}

const PEOPLE = [
  { name: 'ann', client: 10 },
  { name: 'bob', client: 20 },
]
/** The same two people, Yjs' choice the other way round. */
const SWAPPED = [
  { name: 'ann', client: 20 },
  { name: 'bob', client: 10 },
]

const calm = (value: CellValue, over: Partial<Look> = {}): Look => ({
  shown: value,
  baseline: value,
  entry: null,
  isStaged: false,
  marks: {},
  ...over,
})
const staged = (value: CellValue, base: CellValue, over: Partial<Look> = {}): Look => ({
  shown: value,
  baseline: base,
  entry: [value, base],
  isStaged: true,
  marks: {},
  ...over,
})
const CONFLICT = { conflict: { base: 'a', yours: 'x', theirs: 'c' } }

const app = (w: EngineWorld, value: CellValue): void => w.app.foreignEdit('1', 'summary', value)
const upper = (value: CellValue): CellValue => (typeof value === 'string' ? value.toUpperCase() : value)

/** Ann has typed x over a, and the app has changed a to c. */
async function conflict(w: EngineWorld): Promise<void> {
  w.type('ann', 'x')
  app(w, 'c')
  await w.oneWay()
}

/** Ann's x is pushed, and the app makes X of it without having said that it would. */
async function differs(w: EngineWorld): Promise<RunReport> {
  w.type('ann', 'x')
  w.app.rewrite = (_field, value) => upper(value)
  const run = await w.run()
  w.app.rewrite = (_field, value) => value
  return run
}

/** Ann's x is pushed and settled while Bob is away; his window still shows a. */
async function settledWithoutBob(w: EngineWorld): Promise<RunReport> {
  w.offline('bob')
  w.type('ann', 'x')
  return w.run()
}

/** Does this once, at the first call of that kind. */
function atFirst(w: EngineWorld, op: SeenCall['op'], act: () => void): void {
  w.app.onCall = (call) => {
    if (call.op !== op) return
    w.app.onCall = () => undefined
    act()
  }
}

const line = (w: EngineWorld, by: string): string => w.marks().concurrent?.lines.find((l) => l.by === by)?.item ?? ''
const calls = (run: RunReport | undefined): string[] => (run?.calls ?? []).map((c) => `${c.kind}:${c.op}`)

const table: readonly Row[] = [
  // Typing -------------------------------------------------------------------------------------------------------------------------------
  { rule: 'CELL-1', says: 'a typed value is staged', play: async (w) => w.type('ann', 'x'), leaves: staged('x', 'a') },
  {
    rule: 'CELL-1',
    says: 'a value typed offline is staged with the base its author saw',
    play: async (w) => {
      w.offline('ann')
      w.type('ann', 'x')
      await w.online('ann')
    },
    leaves: staged('x', 'a'),
  },
  {
    rule: 'CELL-2',
    says: 'an entry edited again keeps its base',
    play: async (w) => {
      w.type('ann', 'x')
      w.type('bob', 'y')
    },
    leaves: staged('y', 'a'),
  },
  ...(['put back', 'typed'] as const).map(
    (how): Row => ({
      rule: 'CELL-3',
      says: `the old value ${how} is not staged, costs no write, and the entry goes at the next run`,
      play: async (w) => {
        w.type('ann', 'x')
        if (how === 'typed') w.type('bob', 'a')
        else w.putBack('bob')
        expect(w.look()).toEqual(calm('a', { entry: ['a', 'a'] }))
        return w.run()
      },
      leaves: calm('a'),
      sent: [],
      credits: [1],
      also: (_w, [run]) => expect(calls(run)).toEqual(['pull:read']),
    }),
  ),
  {
    rule: 'CELL-3b',
    says: 'a put-back over a changed app shows what the app has, and the conflict is closed',
    play: async (w) => {
      await conflict(w)
      w.putBack('ann')
    },
    leaves: calm('c', { entry: ['c', 'c'] }),
  },
  {
    rule: 'CELL-3c',
    says: 'the old base typed over a changed app is staged; the open conflict stays, and holds it',
    play: async (w) => {
      await conflict(w)
      w.type('ann', 'a')
      return w.run()
    },
    leaves: staged('a', 'c', { marks: { conflict: { base: 'a', yours: 'a', theirs: 'c' } } }),
    sent: [],
    credits: [1],
  },
  ...(['a', 'c'] as const).map(
    (brought): Row => ({
      rule: 'CELL-4',
      says: `a pull that brings ${brought} drops an entry that was put back`,
      play: async (w) => {
        w.type('ann', 'x')
        w.putBack('ann')
        app(w, brought)
        return w.oneWay()
      },
      leaves: calm(brought),
      credits: [1],
    }),
  ),

  // Conflict -----------------------------------------------------------------------------------------------------------------------------
  {
    rule: 'CELL-5',
    says: 'a pull that brings another value makes a conflict and keeps the edit',
    play: async (w) => {
      w.type('ann', 'x')
      app(w, 'c')
      return [await w.oneWay(), await w.run()]
    },
    leaves: staged('x', 'a', { baseline: 'c', marks: CONFLICT }),
    sent: [],
    credits: [1, 1],
  },
  {
    rule: 'CELL-5',
    says: 'an edit that arrives after the pull is a conflict at once, and is held',
    play: async (w) => {
      w.offline('ann')
      w.type('ann', 'x')
      app(w, 'c')
      await w.oneWay()
      await w.online('ann')
      expect(w.look()).toMatchObject({ marks: CONFLICT })
      return w.run()
    },
    leaves: staged('x', 'a', { baseline: 'c', marks: CONFLICT }),
    sent: [],
    credits: [1],
  },
  {
    rule: 'CELL-6',
    says: 'a pull that brings the very value settles it without a push',
    play: async (w) => {
      w.type('ann', 'x')
      app(w, 'x')
      return w.oneWay()
    },
    leaves: calm('x'),
    sent: [],
    credits: [1],
  },
  {
    rule: 'CELL-6',
    says: 'and closes the conflict',
    play: async (w) => {
      await conflict(w)
      app(w, 'x')
      return w.oneWay()
    },
    leaves: calm('x'),
    credits: [1],
  },

  // Push and pull ------------------------------------------------------------------------------------------------------------------------
  {
    rule: 'CELL-7',
    says: 'checked, pushed, pulled: agreed',
    play: async (w) => {
      w.type('ann', 'x')
      return w.run()
    },
    leaves: calm('x'),
    sent: ['1.summary=x'],
    credits: [2],
    also: (_w, [run]) => expect(calls(run)).toEqual(['check:read', 'write:update', 'pull:read']),
  },
  {
    rule: 'CELL-8',
    says: 'a value the app writes differently carries a warning that names both and the kind',
    play: differs,
    leaves: calm('X', { marks: { differs: ['x', 'X', 'capitals'] } }),
    sent: ['1.summary=x'],
    credits: [2],
  },
  {
    rule: 'CELL-8',
    says: 'a known formatting is a warning all the same',
    play: async (w) => {
      w.app.normalise = (_field, value) => upper(value)
      w.type('ann', 'x')
      return w.run()
    },
    leaves: calm('X', { marks: { differs: ['x', 'X', 'capitals'] } }),
    sent: ['1.summary=x'],
    credits: [2],
  },
  {
    rule: 'CELL-8',
    says: 'a pushed cell that reads as before is read again before anything is said',
    play: async (w) => {
      w.app.indexDelayMs = 1_000
      await w.run({ kind: 'refresh' })
      w.type('ann', 'x')
      w.app.laggingReads = 1
      return w.run()
    },
    leaves: calm('x'),
    sent: ['1.summary=x'],
    credits: [2],
    also: (_w, [run]) => expect(calls(run)).toEqual(['check:read', 'write:update', 'pull:read', 'pull:read']),
  },
  {
    rule: 'CELL-8',
    says: 'and where it still reads as before, the app did not take it',
    play: async (w) => {
      w.app.indexDelayMs = 1_000
      await w.run({ kind: 'refresh' })
      w.type('ann', 'x')
      w.app.rewrite = () => 'a'
      return w.run()
    },
    leaves: calm('a', { marks: { differs: ['x', 'a', 'other'] } }),
    sent: ['1.summary=x'],
    credits: [2],
  },
  ...(['y', 'a'] as const).map(
    (typed): Row => ({
      rule: 'CELL-9',
      says: `${typed} typed while x is sent stays staged, and is no conflict`,
      play: async (w) => {
        w.type('ann', 'x')
        atFirst(w, 'update', () => (typed === 'a' ? w.putBack('bob') : w.type('bob', 'y')))
        return w.run()
      },
      leaves: staged(typed, 'x'),
      sent: ['1.summary=x'],
      credits: [2],
      also: async (w) => {
        const { sent } = await w.run()
        expect([sent, w.look()]).toEqual([[`1.summary=${typed}`], calm(typed)])
      },
    }),
  ),
  ...[PEOPLE, SWAPPED].flatMap((people) =>
    (['y', 'a'] as const).map(
      (typed): Row => ({
        rule: 'CELL-9b',
        says: `${typed} typed offline on top of the pushed value, arriving after it settled, is as typed in time (ann ${people[0]?.client})`,
        options: { people },
        play: async (w) => {
          w.type('ann', 'x')
          w.offline('bob')
          if (typed === 'a') w.putBack('bob')
          else w.type('bob', 'y')
          await w.run()
          await w.online('bob')
          return w.run()
        },
        leaves: calm(typed),
        sent: [`1.summary=${typed}`],
        credits: [2],
      }),
    ),
  ),
  {
    rule: 'CELL-9b',
    says: 'such an edit that says what the app has is nothing',
    play: async (w) => {
      w.app.normalise = (_field, value) => upper(value)
      w.type('ann', 'x')
      w.offline('bob')
      w.type('bob', 'X')
      await w.run()
      await w.online('bob')
    },
    leaves: calm('X', { marks: { differs: ['x', 'X', 'capitals'] } }),
  },
  {
    rule: 'CELL-11',
    says: 'y typed while x is sent and comes back in a known formatting: staged over that, with the warning',
    play: async (w) => {
      w.app.normalise = (_field, value) => upper(value)
      w.type('ann', 'x')
      atFirst(w, 'update', () => w.type('bob', 'y'))
      return w.run()
    },
    leaves: staged('y', 'X', { marks: { differs: ['x', 'X', 'capitals'] } }),
    sent: ['1.summary=x'],
    credits: [2],
  },
  {
    rule: 'CELL-11',
    says: 'and where the app saved something else, a conflict that names it; the receipt says what was sent',
    play: async (w) => {
      w.app.rewrite = () => 'q'
      w.type('ann', 'x')
      atFirst(w, 'update', () => w.type('bob', 'y'))
      const run = await w.run()
      return [run, await w.run()]
    },
    leaves: staged('y', 'x', {
      baseline: 'q',
      marks: { differs: ['x', 'q', 'other'], conflict: { base: 'x', yours: 'y', theirs: 'q', cause: 'rewritten' } },
    }),
    sent: ['1.summary=x'],
    credits: [2, 1],
    also: async (w, [run]) => {
      const lines = await w.server.runs.cells(run?.run.id ?? '')
      expect(lines.map((l) => [l.outcome, JSON.parse(l.value), JSON.parse(l.got)])).toEqual([['pushed', 'x', 'q']])
    },
  },
  {
    rule: 'CELL-12',
    says: 'the check finds another value: nothing is sent, and it is a conflict',
    play: async (w) => {
      w.type('ann', 'x')
      app(w, 'c')
      return w.run()
    },
    leaves: staged('x', 'a', { baseline: 'c', marks: CONFLICT }),
    sent: [],
    credits: [1],
    also: (w) => expect(w.app.get('1', 'summary')).toBe('c'),
  },
  {
    rule: 'CELL-12',
    says: 'of a push-only object: the conflict names it, the baseline stays, nothing is pulled or charged',
    options: { direction: 'push' },
    play: async (w) => {
      w.type('ann', 'x')
      app(w, 'c')
      return [await w.run(), await w.run()]
    },
    leaves: staged('x', 'a', { marks: CONFLICT }),
    sent: [],
    credits: [0, 0],
  },
  {
    rule: 'CELL-13',
    says: 'the check finds the value there already: not sent, agreed',
    play: async (w) => {
      w.type('ann', 'x')
      app(w, 'x')
      return w.run()
    },
    leaves: calm('x'),
    sent: [],
    credits: [1],
  },
  {
    rule: 'CELL-13',
    says: 'of a push-only object: the check itself settles it',
    options: { direction: 'push' },
    play: async (w) => {
      w.type('ann', 'x')
      app(w, 'x')
      return w.run()
    },
    leaves: calm('x'),
    sent: [],
    credits: [0],
  },
  {
    rule: 'CELL-7',
    says: 'of a push-only object: the pushed cell alone is read back, and no pull is charged',
    options: { direction: 'push', records: { 1: { summary: 'a' }, 2: { summary: 'b' } } },
    play: async (w) => {
      w.type('ann', 'x')
      return w.run()
    },
    leaves: calm('x'),
    sent: ['1.summary=x'],
    credits: [1],
    also: (_w, [run]) => expect(run?.calls.filter((c) => c.kind === 'pull').map((c) => [c.ids, c.fields])).toEqual([[['1'], ['summary']]]),
  },

  // Refused and lost ---------------------------------------------------------------------------------------------------------------------
  {
    rule: 'CELL-14',
    says: 'a refused value stays staged with the app’s words, costs nothing, and is not sent again by itself',
    play: async (w) => {
      w.app.fateOf = () => ({ kind: 'refuse', refusals: [{ field: 'summary', reason: 'Too short.', nearest: 'xx' }] })
      w.type('ann', 'x')
      return [await w.run(), await w.run()]
    },
    leaves: staged('x', 'a', { marks: { refused: 'x' } }),
    sent: ['1.summary=x'],
    credits: [1, 1],
    also: (w, [run]) => {
      expect(w.marks().refused).toMatchObject({ reason: 'Too short.', nearest: 'xx' })
      expect(run?.run.state).toBe('partial')
    },
  },
  {
    rule: 'CELL-14',
    says: '“Try again” sends it again',
    play: async (w) => {
      w.app.fateOf = () => ({ kind: 'refuse', refusals: [{ field: 'summary', reason: 'No.' }] })
      w.type('ann', 'x')
      await w.run()
      w.app.fateOf = () => ({ kind: 'save' })
      w.choose('ann', 'refused', { choice: 'try-again' })
      await w.quiet()
      return w.run()
    },
    leaves: calm('x'),
    sent: ['1.summary=x'],
    credits: [2],
  },
  {
    rule: 'CELL-15',
    says: 'no answer, but saved: read back, agreed, charged once, sent once',
    play: async (w) => {
      w.app.fateOf = () => ({ kind: 'lose', isSaved: true })
      w.type('ann', 'x')
      return w.run()
    },
    leaves: calm('x'),
    sent: ['1.summary=x'],
    credits: [2],
    also: (_w, [run]) => expect(calls(run)).toEqual(['check:read', 'write:update', 'read-back:read', 'pull:read']),
  },
  {
    rule: 'CELL-15',
    says: 'no answer, but saved in a known formatting: as any other such',
    play: async (w) => {
      w.app.normalise = (_field, value) => upper(value)
      w.app.fateOf = () => ({ kind: 'lose', isSaved: true })
      w.type('ann', 'x')
      return w.run()
    },
    leaves: calm('X', { marks: { differs: ['x', 'X', 'capitals'] } }),
    sent: ['1.summary=x'],
    credits: [2],
  },
  {
    rule: 'CELL-15',
    says: 'no answer and not saved: planned anew from today’s entry, charged once',
    play: async (w) => {
      w.app.fateOf = () => {
        w.app.fateOf = () => ({ kind: 'save' })
        w.type('bob', 'y')
        return { kind: 'lose', isSaved: false }
      }
      w.type('ann', 'x')
      return w.run()
    },
    leaves: calm('y'),
    sent: ['1.summary=x', '1.summary=y'],
    credits: [2],
  },
  {
    rule: 'CELL-15',
    says: 'no answer, and the app holds something else: a conflict that says so, charged nothing',
    play: async (w) => {
      w.app.fateOf = () => {
        app(w, 'c')
        return { kind: 'lose', isSaved: false }
      }
      w.type('ann', 'x')
      return w.run()
    },
    leaves: staged('x', 'a', { baseline: 'c', marks: { conflict: { ...CONFLICT.conflict, cause: 'answer-lost' } } }),
    sent: ['1.summary=x'],
    credits: [1],
  },
  {
    rule: 'CELL-16',
    says: 'a one-way run writes nothing; the cell stays staged',
    play: async (w) => {
      w.type('ann', 'x')
      return w.oneWay()
    },
    leaves: staged('x', 'a'),
    sent: [],
    credits: [1],
  },
  {
    rule: 'CELL-16',
    says: 'and first settles by reading what an earlier run had sent without an answer',
    play: async (w) => {
      w.app.fateOf = () => {
        w.app.hide('1')
        return { kind: 'lose', isSaved: true }
      }
      w.type('ann', 'x')
      const run = await w.run()
      w.app.hide('1', false)
      return [run, await w.oneWay()]
    },
    leaves: calm('x'),
    sent: ['1.summary=x'],
    credits: [0, 2],
    also: (_w, [run]) => expect([run?.counts.unknown, run?.run.state]).toEqual([1, 'partial']),
  },

  // Held ---------------------------------------------------------------------------------------------------------------------------------
  {
    rule: 'CELL-17',
    says: 'where the object only pulls, a staged cell stays, and goes when that ends',
    play: async (w) => {
      w.type('ann', 'x')
      await w.configure({ direction: 'pull' })
      const held = await w.run()
      expect(w.look()).toEqual(staged('x', 'a'))
      await w.configure({ direction: 'push-pull' })
      return [held, await w.run()]
    },
    leaves: calm('x'),
    sent: ['1.summary=x'],
    credits: [1, 2],
  },
  {
    rule: 'CELL-17',
    says: 'with the toggle off nothing is called at all',
    play: async (w) => {
      w.type('ann', 'x')
      await w.configure({ isOn: false })
      const run = await w.run()
      expect([run.calls, run.run.state, run.run.error?.code]).toEqual([[], 'failed', 'paused'])
      await w.configure({ isOn: true })
      return run
    },
    leaves: staged('x', 'a'),
    sent: [],
    credits: [0],
  },
  {
    rule: 'CELL-18',
    says: 'a record that is proven gone holds its cells and says so on the row; found again, all goes on',
    play: async (w) => {
      w.type('ann', 'x')
      w.app.delete('1')
      const gone = await w.run()
      expect([w.look(), w.sheet.recordMark(w.row(), w.connection)?.kind]).toEqual([staged('x', 'a'), 'gone'])
      const again = await w.run()
      w.app.add('1', { summary: 'a' })
      const found = await w.run()
      expect(w.sheet.recordMark(w.row(), w.connection)).toBeUndefined()
      return [gone, again, found, await w.run()]
    },
    leaves: calm('x'),
    sent: ['1.summary=x'],
    credits: [0, 0, 1, 2],
  },
  {
    rule: 'CELL-18',
    says: 'no answer is not gone',
    play: async (w) => {
      w.type('ann', 'x')
      w.app.hide('1')
      const run = await w.run()
      expect(w.sheet.recordMark(w.row(), w.connection)).toBeUndefined()
      w.app.hide('1', false)
      return run
    },
    leaves: staged('x', 'a'),
    sent: [],
    credits: [0],
  },
  {
    rule: 'CELL-19',
    says: 'a cleared cell is staged, and clears it in the app',
    play: async (w) => {
      w.type('ann', null)
      expect(w.look()).toEqual(staged(null, 'a'))
      return w.run()
    },
    leaves: calm(null),
    sent: ['1.summary='],
    credits: [2],
    also: (w) => expect(w.app.get('1', 'summary')).toBe(null),
  },

  // Two people ---------------------------------------------------------------------------------------------------------------------------
  ...[PEOPLE, SWAPPED].map((people): Row => {
    const [shown, other] = people === PEOPLE ? ['y', ['ann', 'x']] : ['x', ['bob', 'y']]
    return {
      rule: 'CELL-20',
      says: `two unseen values: one shown and sent, the other kept with its author (ann ${people[0]?.client})`,
      options: { people },
      play: async (w) => {
        w.offline('ann', 'bob')
        w.type('ann', 'x')
        w.type('bob', 'y')
        await w.online('ann', 'bob')
        expect(w.look()).toEqual(staged(String(shown), 'a', { marks: { concurrent: { lines: Object.fromEntries([other]) } } }))
        return w.run()
      },
      leaves: calm(String(shown), { marks: { concurrent: { lines: Object.fromEntries([other]) } } }),
      sent: [`1.summary=${String(shown)}`],
      credits: [2],
    }
  }),
  {
    rule: 'CELL-20a',
    says: '“Use x” writes the other value and closes',
    play: async (w) => {
      w.offline('ann', 'bob')
      w.type('ann', 'x')
      w.type('bob', 'y')
      await w.online('ann', 'bob')
      w.choose('ann', 'concurrent', { choice: 'use-line', item: line(w, 'ann') })
    },
    leaves: staged('x', 'a'),
  },
  {
    rule: 'CELL-20a',
    says: '“Keep y” closes',
    play: async (w) => {
      w.offline('ann', 'bob')
      w.type('ann', 'x')
      w.type('bob', 'y')
      await w.online('ann', 'bob')
      w.choose('ann', 'concurrent', { choice: 'keep-shown' })
    },
    leaves: staged('y', 'a'),
  },
  ...[PEOPLE, SWAPPED].map(
    (people): Row => ({
      rule: 'CELL-20b',
      says: `of two unseen entries the edited one stands over a put-back (ann ${people[0]?.client})`,
      options: { people },
      play: async (w) => {
        w.type('ann', 'x')
        w.offline('ann', 'bob')
        w.type('ann', 'z')
        w.putBack('bob')
        await w.online('ann', 'bob')
      },
      leaves: staged('z', 'a'),
    }),
  ),
  {
    rule: 'CELL-20c',
    says: 'two unseen entries of one value are one',
    play: async (w) => {
      w.offline('ann', 'bob')
      w.type('ann', 'x')
      w.type('bob', 'x')
      await w.online('ann', 'bob')
    },
    leaves: staged('x', 'a'),
  },
  ...[PEOPLE, SWAPPED].map(
    (people): Row => ({
      rule: 'CELL-21',
      says: `a late value over a settled one is shown, kept as its author’s, and held (ann ${people[0]?.client})`,
      options: { people },
      play: async (w) => {
        await settledWithoutBob(w)
        w.type('bob', 'z')
        await w.online('bob')
        expect(w.room.authority.live(w.row(), w.field())?.author).toBe('bob')
        return w.run()
      },
      leaves: staged('z', 'a', { baseline: 'x', marks: { concurrent: { lines: {}, settled: 'x' } } }),
      sent: [],
      credits: [1],
    }),
  ),
  {
    rule: 'CELL-21a',
    says: '“Send z” sends it over the settled value',
    play: async (w) => {
      await settledWithoutBob(w)
      w.type('bob', 'z')
      await w.online('bob')
      w.choose('bob', 'concurrent', { choice: 'send-mine' })
      expect(w.look()).toEqual(staged('z', 'x'))
      return w.run()
    },
    leaves: calm('z'),
    sent: ['1.summary=z'],
    credits: [2],
  },
  {
    rule: 'CELL-21a',
    says: '“Keep x” drops the late value',
    play: async (w) => {
      await settledWithoutBob(w)
      w.type('bob', 'z')
      await w.online('bob')
      w.choose('ann', 'concurrent', { choice: 'take-theirs' })
      return w.run()
    },
    leaves: calm('x'),
    sent: [],
    credits: [1],
  },
  ...(['put back', 'the same'] as const).map(
    (what): Row => ({
      rule: 'CELL-21b',
      says: `a late entry that is ${what} leaves nothing`,
      play: async (w) => {
        await settledWithoutBob(w)
        w.type('bob', what === 'the same' ? 'x' : 'z')
        if (what === 'put back') w.putBack('bob')
        await w.online('bob')
      },
      leaves: calm('x'),
    }),
  ),
  {
    rule: 'CELL-21c',
    says: 'a late value over one that came from the app is a conflict',
    play: async (w) => {
      w.offline('bob')
      w.type('bob', 'z')
      app(w, 'c')
      await w.oneWay()
      await w.online('bob')
      return w.run()
    },
    leaves: staged('z', 'a', { baseline: 'c', marks: { conflict: { base: 'a', yours: 'z', theirs: 'c' } } }),
    sent: [],
    credits: [1],
  },

  // Choices ------------------------------------------------------------------------------------------------------------------------------
  {
    rule: 'CELL-23',
    says: '“Send mine” sends over the value that was seen',
    play: async (w) => {
      await conflict(w)
      w.choose('ann', 'conflict', { choice: 'send-mine' })
      expect(w.look()).toEqual(staged('x', 'c'))
      return w.run()
    },
    leaves: calm('x'),
    sent: ['1.summary=x'],
    credits: [2],
  },
  {
    rule: 'CELL-23',
    says: 'and where the app has moved on by then, it is a conflict over the value that was seen',
    play: async (w) => {
      await conflict(w)
      w.choose('ann', 'conflict', { choice: 'send-mine' })
      app(w, 'd')
      return w.run()
    },
    leaves: staged('x', 'c', { baseline: 'd', marks: { conflict: { base: 'c', yours: 'x', theirs: 'd' } } }),
    sent: [],
    credits: [1],
  },
  {
    rule: 'CELL-23',
    says: 'a choice about values that are no longer those decides nothing',
    play: async (w) => {
      await conflict(w)
      w.offline('ann')
      w.choose('ann', 'conflict', { choice: 'send-mine' })
      app(w, 'd')
      await w.oneWay()
      await w.online('ann')
      return w.run()
    },
    leaves: staged('x', 'a', { baseline: 'd', marks: { conflict: { base: 'a', yours: 'x', theirs: 'd' } } }),
    sent: [],
    credits: [1],
  },
  {
    rule: 'CELL-24',
    says: '“Take theirs” drops the edit',
    play: async (w) => {
      await conflict(w)
      w.choose('bob', 'conflict', { choice: 'take-theirs' })
    },
    leaves: calm('c'),
  },
  {
    rule: 'CELL-24',
    says: 'but never one that was typed meanwhile',
    play: async (w) => {
      await conflict(w)
      w.offline('bob')
      w.choose('bob', 'conflict', { choice: 'take-theirs' })
      w.type('ann', 'y')
      await w.online('bob')
    },
    leaves: staged('y', 'a', { baseline: 'c', marks: { conflict: { base: 'a', yours: 'y', theirs: 'c' } } }),
  },
  {
    rule: 'CELL-25',
    says: '“Keep the app’s” closes the warning',
    play: async (w) => {
      await differs(w)
      w.choose('bob', 'differs', { choice: 'keep-app' })
    },
    leaves: calm('X'),
  },
  {
    rule: 'CELL-25',
    says: '“Send mine again” sends it over what the app made of it',
    play: async (w) => {
      await differs(w)
      w.choose('ann', 'differs', { choice: 'send-again' })
      expect(w.look()).toEqual(staged('x', 'X'))
      return w.run()
    },
    leaves: calm('x'),
    sent: ['1.summary=x'],
    credits: [2],
  },
  {
    rule: 'CELL-25',
    says: '“Send mine again” where the app has moved on is a conflict over what it made of it',
    play: async (w) => {
      await differs(w)
      w.choose('ann', 'differs', { choice: 'send-again' })
      app(w, 'd')
      return w.run()
    },
    leaves: staged('x', 'X', { baseline: 'd', marks: { conflict: { base: 'X', yours: 'x', theirs: 'd' } } }),
    sent: [],
    credits: [1],
  },
  {
    rule: 'CELL-25',
    says: 'it decides nothing where the cell has an entry',
    play: async (w) => {
      await differs(w)
      w.offline('ann')
      w.choose('ann', 'differs', { choice: 'send-again' })
      w.type('bob', 'y')
      await w.online('ann')
    },
    leaves: staged('y', 'X', { marks: { differs: ['x', 'X', 'capitals'] } }),
  },
  {
    rule: 'CELL-25',
    says: 'a put-back that arrives against it is kept beside it',
    play: async (w) => {
      w.type('ann', 'x')
      w.offline('bob')
      w.putBack('bob')
      w.app.rewrite = (_field, value) => upper(value)
      await w.run()
      w.choose('ann', 'differs', { choice: 'send-again' })
      await w.online('bob')
      expect(w.marks().concurrent).toBeDefined()
      w.choose('ann', 'concurrent', { choice: 'use-line', item: w.marks().concurrent?.lines[0]?.item ?? '' })
    },
    leaves: expect.objectContaining({ isStaged: true, marks: {} }) as never,
  },
  {
    rule: 'CELL-25',
    says: '“Always accept” spares this field such a warning from now on',
    options: { fields: ['summary', 'environment'], records: { 1: { summary: 'a', environment: 'e' } } },
    play: async (w) => {
      await differs(w)
      w.choose('ann', 'differs', { choice: 'accept-kind' })
      w.app.rewrite = (_field, value) => upper(value)
      w.type('ann', 'z')
      w.type('ann', 'f', { field: 'environment' })
      return w.run()
    },
    leaves: calm('Z'),
    sent: ['1.summary=z', '1.environment=f'],
    credits: [3],
    also: (w) => expect(w.look({ field: 'environment' })).toEqual(calm('F', { marks: { differs: ['f', 'F', 'capitals'] } })),
  },
  {
    rule: 'CELL-26',
    says: 'undo after a sync is a new staged edit of the old value',
    play: async (w) => {
      const { sheet, editor } = w.person('ann')
      const undo = editCells(sheet, [{ row: w.row(), field: w.field(), value: 'x' }], editor)
      await w.run()
      expect(undoCells(sheet, undo, editor).refused).toEqual([])
      expect(w.look()).toEqual(staged('a', 'x'))
      return w.run()
    },
    leaves: calm('a'),
    sent: ['1.summary=a'],
    credits: [2],
  },
  {
    rule: 'CELL-26',
    says: 'and is refused where the cell shows something else by then',
    play: async (w) => {
      const { sheet, editor } = w.person('ann')
      const undo = editCells(sheet, [{ row: w.row(), field: w.field(), value: 'x' }], editor)
      await w.run()
      app(w, 'c')
      await w.oneWay()
      expect(undoCells(sheet, undo, editor).refused).toHaveLength(1)
    },
    leaves: calm('c'),
  },

  // Conflict, refusal and warning, later -------------------------------------------------------------------------------------------------
  {
    rule: 'CELL-32',
    says: 'a conflict is over when the app is back at the base',
    play: async (w) => {
      await conflict(w)
      app(w, 'a')
      return w.oneWay()
    },
    leaves: staged('x', 'a'),
    credits: [1],
  },
  {
    rule: 'CELL-32',
    says: 'a conflict is over when somebody types what the app has',
    play: async (w) => {
      await conflict(w)
      w.type('bob', 'c')
    },
    leaves: calm('c', { entry: ['c', 'c'] }),
  },
  {
    rule: 'CELL-33',
    says: 'a conflict follows the value that is typed',
    play: async (w) => {
      await conflict(w)
      w.type('bob', 'y')
      return w.run()
    },
    leaves: staged('y', 'a', { baseline: 'c', marks: { conflict: { base: 'a', yours: 'y', theirs: 'c' } } }),
    sent: [],
    credits: [1],
  },
  ...(
    [
      ['d', staged('x', 'a', { baseline: 'd', marks: { conflict: { base: 'a', yours: 'x', theirs: 'd' } } })],
      ['a', staged('x', 'a')],
      ['x', calm('x')],
    ] as const
  ).map(
    ([brought, leaves]): Row => ({
      rule: 'CELL-34',
      says: `a conflict meets a pull that brings ${brought}`,
      play: async (w) => {
        await conflict(w)
        app(w, brought)
        return w.oneWay()
      },
      leaves,
      credits: [1],
    }),
  ),
  {
    rule: 'CELL-35',
    says: 'a refusal is over when the value is another',
    play: async (w) => {
      w.app.fateOf = ({ changes }) =>
        changes.some((c) => c.value === 'x') ? { kind: 'refuse', refusals: [{ field: 'summary', reason: 'No.' }] } : { kind: 'save' }
      w.type('ann', 'x')
      await w.run()
      w.type('bob', 'y')
      expect(w.look()).toEqual(staged('y', 'a'))
      return w.run()
    },
    leaves: calm('y'),
    sent: ['1.summary=y'],
    credits: [2],
  },
  {
    rule: 'CELL-35',
    says: 'a refusal that arrives after something else was typed is only logged',
    play: async (w) => {
      w.app.fateOf = () => {
        w.type('bob', 'y')
        return { kind: 'refuse', refusals: [{ field: 'summary', reason: 'No.' }] }
      }
      w.type('ann', 'x')
      return w.run()
    },
    leaves: staged('y', 'a'),
    sent: ['1.summary=x'],
    credits: [1],
    also: async (w, [run]) => {
      const lines = await w.server.runs.cells(run?.run.id ?? '')
      expect(lines.map((l) => [l.outcome, JSON.parse(l.value), l.note])).toEqual([['refused', 'x', 'No.']])
    },
  },
  {
    rule: 'CELL-36',
    says: 'a warning is over when the app comes round',
    play: async (w) => {
      await differs(w)
      app(w, 'x')
      return w.oneWay()
    },
    leaves: calm('x'),
    credits: [1],
  },
  {
    rule: 'CELL-36',
    says: 'a warning is over when a later value settles',
    play: async (w) => {
      await differs(w)
      w.type('bob', 'y')
      return w.run()
    },
    leaves: calm('y'),
    sent: ['1.summary=y'],
    credits: [2],
  },
]

/** A play ends with a run, several, or nothing to look at. */
const reportsOf = (runs: unknown): readonly RunReport[] =>
  runs === undefined ? [] : Array.isArray(runs) ? (runs as RunReport[]) : [runs as RunReport]

/** The laws that hold after whatever happened. */
async function expectLaws(w: EngineWorld): Promise<void> {
  await w.expectDeltaLaw()
  w.app.fateOf = () => ({ kind: 'save' })
  await w.expectSecondPullIsEmpty()
  await w.expectDeltaLaw()
  w.expectOneTruth()
  await w.restart()
  await w.expectDeltaLaw()
  w.expectOneTruth()
}

describe('every case of one connected cell, against the real log, documents and engine', () => {
  for (const { rule, says, options, play, leaves, sent, credits, also } of table) {
    test(`[${rule}] ${says}`, async () => {
      await using w = await EngineWorld.start({ shared, people: PEOPLE, ...options })
      const runs = reportsOf(await play(w))
      await w.quiet()
      expect(w.look()).toEqual(leaves)
      for (const name of w.people.keys()) if (w.person(name).isOnline) expect(w.look({}, name)).toEqual(leaves)
      if (sent !== undefined) expect(runs.flatMap((r) => r.sent)).toEqual(sent)
      if (credits !== undefined) expect(runs.map((r) => totalCredits(r.credits))).toEqual(credits)
      await also?.(w, runs)
      await expectLaws(w)
    })
  }
})

describe('rows, links and records', () => {
  const TWO = { people: PEOPLE, records: { 1: { summary: 'a' }, 2: { summary: 'b' } } }

  test.each([
    { holds: null, leaves: staged('x', null), sent: ['3.summary=x'] },
    { holds: 'x', leaves: calm('x'), sent: [] },
    { holds: 'r', leaves: staged('x', null, { baseline: 'r', marks: { conflict: { base: null, yours: 'x', theirs: 'r' } } }), sent: [] },
  ])('[CELL-27] an edit that was there before its row is linked meets a record that holds $holds', async ({ holds, leaves, sent }) => {
    await using w = await EngineWorld.start({ shared, people: PEOPLE })
    w.app.add('3', { summary: holds })
    const row = w.addRow('ann')
    w.type('ann', 'x', { row })
    await w.quiet()
    expect(w.look({ row })).toEqual(staged('x', null))
    const before = await w.run()
    expect([before.sent, totalCredits(before.credits)]).toEqual([[], 1])
    const linked = await w.run({ kind: 'link', links: [{ row, recordId: '3' }] })
    expect([linked.credits.linked, totalCredits(linked.credits)]).toEqual([1, 1])
    expect(w.look({ row })).toEqual(leaves)
    await w.expectDeltaLaw()
    expect((await w.run()).sent).toEqual(sent)
    await expectLaws(w)
  })

  /** Bob, offline, ties a second row to record 1. */
  async function linkTwice(w: EngineWorld): Promise<{ first: Place; second: Place }> {
    const row = w.addRow('bob')
    w.requestLink('bob', row, 'TB-1')
    await w.run({ kind: 'link', links: [] })
    const second = { row }
    expect(w.sheet.recordOf(row, w.connection)).toBe('1')
    return { first: { row: w.sheet.rowsOf(w.connection, '1').find((r) => r !== row) as Place['row'] }, second }
  }
  interface Place {
    readonly row: ReturnType<EngineWorld['row']>
  }

  test('[CELL-28] two rows of one record that agree are one write and one credit, and both settle', async () => {
    await using w = await EngineWorld.start({ shared, people: PEOPLE })
    const { first, second } = await linkTwice(w)
    w.type('ann', 'x', first)
    w.type('bob', 'x', second)
    const run = await w.run()
    expect([run.sent, totalCredits(run.credits)]).toEqual([['1.summary=x'], 2])
    expect([w.look(first), w.look(second)]).toEqual([calm('x'), calm('x')])
    await expectLaws(w)
  })

  test('[CELL-29] two rows of one record that differ go nowhere until a person says which', async () => {
    await using w = await EngineWorld.start({ shared, people: PEOPLE })
    const { first, second } = await linkTwice(w)
    w.type('ann', 'x', first)
    w.type('bob', 'y', second)
    const run = await w.run()
    expect([run.sent, totalCredits(run.credits)]).toEqual([[], 1])
    const held = (yours: string) => staged(yours, 'a', { marks: { conflict: { base: 'a', yours, theirs: 'a', cause: 'linked-twice' } } })
    expect([w.look(first), w.look(second)]).toEqual([held('x'), held('y')])
    await w.expectDeltaLaw()
    w.choose('ann', 'conflict', { choice: 'send-mine' }, first)
    expect([w.look(first), w.look(second)]).toEqual([staged('x', 'a'), calm('a', { marks: { concurrent: { lines: { bob: 'y' } } } })])
    const again = await w.run()
    expect([again.sent, totalCredits(again.credits)]).toEqual([['1.summary=x'], 2])
    expect([w.look(first), w.look(second)]).toEqual([calm('x'), calm('x', { marks: { concurrent: { lines: { bob: 'y' } } } })])
    await expectLaws(w)
  })

  test('[CELL-30] a deleted row’s edit leaves the delta and its record alone; restored, it is back', async () => {
    await using w = await EngineWorld.start({ ...TWO, shared })
    w.type('ann', 'x')
    w.setDeleted('bob', w.row(), true)
    const run = await w.run()
    expect([run.sent, run.credits.pulled]).toEqual([[], 1])
    expect(w.app.get('1', 'summary')).toBe('a')
    await w.expectDeltaLaw()
    w.setDeleted('bob', w.row(), false)
    await w.expectDeltaLaw()
    expect((await w.run()).sent).toEqual(['1.summary=x'])
    expect(w.look()).toEqual(calm('x'))
    await expectLaws(w)
  })

  test('[CELL-14] a value that is no option is stopped before any call, and goes when the app learns the option', async () => {
    await using w = await EngineWorld.start({ shared, people: PEOPLE, fields: ['priority'], records: { 1: { priority: 'Low' } } })
    const place = { field: 'priority' }
    w.type('ann', 'Urgent', place)
    const run = await w.run()
    expect([run.calls.map((c) => c.kind), totalCredits(run.credits)]).toEqual([['pull'], 1])
    expect(w.look(place)).toEqual(staged('Urgent', 'Low', { marks: { refused: 'Urgent' } }))
    const urgent = { id: 'Urgent', name: 'Urgent' }
    w.app.fields = w.app.fields.map((f) => (f.id === 'priority' ? { ...f, options: [...(f.options ?? []), urgent] } : f))
    await w.run({ kind: 'refresh' })
    expect((await w.run()).sent).toEqual(['1.priority=Urgent'])
    expect(w.look(place)).toEqual(calm('Urgent'))
    await expectLaws(w)
  })

  test('[CELL-14] one bad field is taken out and the rest of its record is sent', async () => {
    await using w = await EngineWorld.start({
      shared,
      people: PEOPLE,
      fields: ['summary', 'environment'],
      records: { 1: { summary: 'a', environment: 'e' } },
    })
    w.app.fateOf = ({ changes }) =>
      changes.some((c) => c.field === 'summary') ? { kind: 'refuse', refusals: [{ field: 'summary', reason: 'No.' }] } : { kind: 'save' }
    w.type('ann', 'x')
    w.type('ann', 'f', { field: 'environment' })
    const run = await w.run()
    expect(run.sent).toEqual(['1.summary=x', '1.environment=f', '1.environment=f'])
    expect([run.counts.refused, run.counts.pushed, run.credits.pushed]).toEqual([1, 1, 1])
    expect([w.look(), w.look({ field: 'environment' })]).toEqual([staged('x', 'a', { marks: { refused: 'x' } }), calm('f')])
    await expectLaws(w)
  })
})
