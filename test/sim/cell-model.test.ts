import { beforeAll, describe, expect, test } from 'vitest'
import { makeRandom } from '../../tools/random.ts'
import { CellModel, explore, type Found, type Ids, wander } from './cell-model.ts'

/** `DEPTH=6 WALKS=20000 vitest run test/sim` goes further; 4 acts are about 2,500 states. */
const DEPTH = Number(process.env.DEPTH ?? 4)
const WALKS = Number(process.env.WALKS ?? 150)
const SEED = Number(process.env.SEED ?? 7)

/** Yjs keeps the higher id of two unseen writers: every order of the three matters. */
const ORDERS: readonly (Ids & { readonly isPushOnly?: boolean })[] = [
  { ann: 11, bob: 22, server: 500 },
  { ann: 600, bob: 22, server: 50 },
  { ann: 22, bob: 600, server: 50 },
  { ann: 600, bob: 22, server: 50, isPushOnly: true },
]

/** Where the delicate cases begin: everything is tried from each of these as well. */
const STARTS: readonly (readonly string[])[] = [
  ['bob offline', 'ann types x', 'push, saved', 'pull'],
  ['bob offline', 'ann types x', 'push, saved', 'pull', 'bob types y', 'bob online'],
  ['ann types x', 'bob offline', 'push, saved', 'pull'],
  ['ann types x', 'bob offline', 'push, rewritten', 'bob types y'],
  ['ann types x', 'bob offline', 'push, formatted', 'bob types y'],
  ['ann types x', 'bob offline', 'push, lost, saved', 'bob types y'],
  ['ann types x', 'the app sets c', 'pull', 'bob offline', 'bob types y'],
  ['ann offline', 'ann types x', 'bob types y', 'ann online', 'bob offline'],
]

const WALKED = [
  'ann types x',
  'bob puts back',
  'ann offline',
  'bob online',
  'the app sets c',
  'push, saved',
  'push, formatted',
  'push, rewritten',
  'push, refused',
  'push, lost, saved',
  'push, lost, not saved',
  'pull',
  'ann chooses conflict send-mine',
  'bob chooses conflict take-theirs',
  'ann chooses concurrent use-line',
  'bob chooses concurrent keep-shown',
  'ann chooses concurrent send-mine',
  'bob chooses concurrent take-theirs',
  'ann chooses differs send-again',
  'ann chooses refused try-again',
]

const LAWS = [
  { rule: 'LAW1', says: "each person's last value is shown, annotated, or was sent and settled" },
  { rule: 'LAW2', says: 'nothing is sent that no person asked for or that was taken back' },
  { rule: 'LAW3', says: 'nothing the app holds is overwritten unseen' },
  { rule: 'LAW4', says: 'a second pull of the same answers changes nothing' },
  { rule: 'LAW5', says: 'when nobody acts a run writes nothing, and what is held can be closed' },
  { rule: 'LAW6', says: 'the index of unsettled cells is what the document holds' },
  { rule: 'LAW7', says: 'a conflict stands exactly where an edit is not over what the app has' },
]

describe('two people and an app around one cell', () => {
  const model = ORDERS.map(({ isPushOnly, ...ids }) => new CellModel(ids, isPushOnly))
  const found: Found[] = []

  beforeAll(() => {
    const random = makeRandom(SEED)
    for (const [i, m] of model.entries()) {
      found.push(explore(m, i === 0 ? DEPTH : DEPTH - 1), wander(m, WALKS, random))
      for (const start of STARTS) found.push(explore(m, DEPTH - 2, start))
    }
  }, 3_600_000)

  test.each(LAWS)('[$rule] $says', ({ rule }) => {
    expect(found.flatMap(({ broken }) => broken.get(rule) ?? [])).toEqual([])
  })

  test('[LAW5] the model meets every kind of act and many quiet points', () => {
    const walked = new Set(model.flatMap((m) => [...m.walked.keys()]))
    expect(WALKED.filter((act) => !walked.has(act))).toEqual([])
    const sum = (count: (f: Found) => number): number => found.reduce((n, f) => n + count(f), 0)
    const figures = { states: sum((f) => f.states), quiet: sum((f) => f.quiet) }
    process.stdout.write(`cell model: ${figures.states} states, ${figures.quiet} quiet points, depth ${DEPTH}\n`)
    expect(figures.states).toBeGreaterThan(5_000)
    expect(figures.quiet).toBeGreaterThan(3_000)
  })
})
