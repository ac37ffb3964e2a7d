import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import * as Y from 'yjs'
import type { CellValue } from '../../workbook/cell-value.ts'
import { editCellsMap, editLinksMap, editOrderMap, editResolutionsMap, editRowsMap, lastIdOf } from '../../workbook/documents.ts'
import { addRow, editCells, moveRow } from '../../workbook/edit.ts'
import { type CellKey, cellKey, type FieldId, type RowId } from '../../workbook/ids.ts'
import { isEdited } from '../../workbook/schema.ts'
import { CONNECTION, CUSTOM, FIELD, type Peer, rawCells, type SavedWorld, World } from '../support/world.ts'

const ROWS = ['r1', 'r2'] as RowId[]
const VALUES: CellValue[] = ['a', 'x', 'y', 'z', null]

type Act =
  | { readonly kind: 'type'; readonly peer: number; readonly row: number; readonly isCustom: boolean; readonly value: number }
  | { readonly kind: 'put-back'; readonly peer: number; readonly row: number }
  | { readonly kind: 'deliver'; readonly which: number }
  | { readonly kind: 'up' | 'down'; readonly peer: number }
  | { readonly kind: 'merge'; readonly from: number; readonly to: number }
  | { readonly kind: 'app'; readonly row: number; readonly value: number }
  | { readonly kind: 'sync' | 'pull' }
  | { readonly kind: 'choose'; readonly peer: number; readonly row: number; readonly which: number }
  | { readonly kind: 'rubbish'; readonly peer: number; readonly row: number; readonly which: number }

const small = fc.nat({ max: 3 })
const people: fc.Arbitrary<Act>[] = [
  fc.record({
    kind: fc.constant('type' as const),
    peer: small,
    row: fc.nat({ max: 1 }),
    isCustom: fc.boolean(),
    value: fc.nat({ max: 4 }),
  }),
  fc.record({
    kind: fc.constant('type' as const),
    peer: small,
    row: fc.constant(0),
    isCustom: fc.constant(false),
    value: fc.nat({ max: 4 }),
  }),
  fc.record({ kind: fc.constant('put-back' as const), peer: small, row: fc.nat({ max: 1 }) }),
  fc.record({ kind: fc.constant('deliver' as const), which: fc.nat() }),
  fc.record({ kind: fc.constantFrom('up' as const, 'down' as const), peer: small }),
  fc.record({ kind: fc.constant('merge' as const), from: small, to: small }),
]
const engine: fc.Arbitrary<Act>[] = [
  fc.record({ kind: fc.constant('app' as const), row: fc.nat({ max: 1 }), value: fc.nat({ max: 3 }) }),
  fc.record({ kind: fc.constantFrom('sync' as const, 'pull' as const) }),
]
const choices = fc.record({ kind: fc.constant('choose' as const), peer: small, row: fc.constant(0), which: fc.nat({ max: 5 }) })
const rubbish = fc.record({ kind: fc.constant('rubbish' as const), peer: small, row: fc.nat({ max: 1 }), which: fc.nat({ max: 13 }) })
const many = (act: fc.Arbitrary<Act>, maxLength: number): fc.Arbitrary<Act[]> => fc.array(act, { minLength: 4, maxLength, size: 'max' })
const ids = fc.uniqueArray(fc.integer({ min: 1, max: 2 ** 31 }), { minLength: 5, maxLength: 5 })

/** One person's edit, and the items of the cell that were in the document they made it in. */
interface Wish {
  readonly key: CellKey
  readonly item: string
  readonly by: string
  readonly value: CellValue
  readonly isPutBack: boolean
  readonly seen: ReadonlySet<string>
}

/** Plays acts in a world of four windows (two of them Ann's) and keeps what each person last wanted. */
class Play {
  readonly world: World
  readonly wishes: Wish[] = []
  sent = 0
  /** Values that were sent, or that the app came to hold by itself. */
  readonly #agreed = new Map<CellKey, Set<CellValue>>()
  readonly #peers: readonly Peer[]
  /** Updates on their way to the server, in no order. */
  readonly #underway: { update: Uint8Array; from: string }[] = []

  constructor(clients: readonly number[], saved?: SavedWorld) {
    const [a = 1, b = 2, c = 3, d = 4, serverClient = 5] = clients
    const peers = [
      { name: 'ann-1', by: 'ann', client: a },
      { name: 'ann-2', by: 'ann', client: b },
      { name: 'bob', client: c },
      { name: 'eve', client: d },
    ]
    this.world = new World({ peers, serverClient, rows: ROWS, value: 'a' }, saved)
    this.#peers = [...this.world.peers.values()]
    this.world.offline('ann-1', 'ann-2', 'bob', 'eve')
  }

  act(act: Act): void {
    this.#do(act)
    for (const row of ROWS) this.#reached(row, this.world.sheet.baseline(row, FIELD))
  }

  #reached(row: RowId, value: CellValue): void {
    const key = cellKey(row, FIELD)
    this.#agreed.set(key, (this.#agreed.get(key) ?? new Set()).add(value))
  }

  #do(act: Act): void {
    const { world } = this
    switch (act.kind) {
      case 'type':
        this.#write(this.#peer(act.peer), ROWS[act.row] as RowId, act.isCustom ? CUSTOM : FIELD, VALUES[act.value] ?? null)
        return
      case 'put-back': {
        const peer = this.#peer(act.peer)
        const row = ROWS[act.row] as RowId
        this.#write(peer, row, FIELD, peer.sheet.baseline(row, FIELD))
        return
      }
      case 'deliver': {
        const [next] = this.#underway.splice(act.which % Math.max(1, this.#underway.length), 1)
        if (next) Y.applyUpdate(world.edits, next.update, `connection:${next.from}`)
        return
      }
      case 'up':
        world.up(this.#peer(act.peer).name)
        return
      case 'down':
        world.down(this.#peer(act.peer).name)
        return
      case 'merge': {
        // Two windows of one device share a store: whoever connects first carries both.
        const [from, to] = [this.#peer(act.from), this.#peer(act.to)]
        Y.applyUpdate(to.edits, Y.encodeStateAsUpdate(from.edits, Y.encodeStateVector(to.edits)), 'device')
        return
      }
      case 'app':
        world.appSets(VALUES[act.value] ?? null, ROWS[act.row])
        return
      case 'pull':
        world.pull()
        return
      case 'sync':
        for (const { row, value } of world.sync().sent) {
          this.sent++
          this.#reached(row, value)
        }
        return
      case 'choose':
        this.#choose(this.#peer(act.peer).name, ROWS[act.row] as RowId, act.which)
        return
      case 'rubbish':
        this.#litter(this.#peer(act.peer), act.row, act.which)
    }
  }

  /** Everything reaches everybody. */
  settleDown(): void {
    for (const { update, from } of this.#underway.splice(0)) Y.applyUpdate(this.world.edits, update, `connection:${from}`)
    this.world.online(...this.#peers.map((p) => p.name))
  }

  /** What people want that is neither shown nor annotated, nor ever sent. */
  lost(): string[] {
    const here = this.wishes.filter((w) => !w.isPutBack && !this.#isReplaced(w))
    return here.flatMap(({ key, by, value }) => {
      const [row, field] = key.split(':') as [RowId, FieldId]
      const { value: shown, baseline, marks } = this.world.sheet.cell(row, field)
      const said = [
        shown,
        baseline,
        marks.conflict?.yours,
        marks.concurrent?.settled?.value,
        ...(marks.concurrent?.lines.map((l) => l.value) ?? []),
      ]
      return said.includes(value) || this.#agreed.get(key)?.has(value) ? [] : [`${by}'s ${String(value)} in ${key}`]
    })
  }

  /** Somebody who had it before them went on from it; equal values are one (CELLS 20c). */
  #isReplaced(wish: Wish): boolean {
    const twins = this.wishes.filter((w) => w.key === wish.key && w.value === wish.value)
    return this.wishes.some(
      (l) => l.key === wish.key && !twins.includes(l) && !wish.seen.has(l.item) && twins.some((t) => l.seen.has(t.item)),
    )
  }

  #peer(at: number): Peer {
    return this.#peers[at % this.#peers.length] as Peer
  }

  #write(peer: Peer, row: RowId, field: FieldId, value: CellValue): void {
    const key = cellKey(row, field)
    const seen = new Set<string>()
    for (let item = editCellsMap(peer.edits)._map.get(key) ?? null; item !== null; item = item.left) {
      for (let clock = item.id.clock; clock < item.id.clock + item.length; clock++) seen.add(`${item.id.client}:${clock}`)
    }
    if (editCells(peer.sheet, [{ row, field, value }], peer.editor).length === 0) return
    this.#post(peer)
    const item = editCellsMap(peer.edits)._map.get(key)
    const entry = peer.sheet.cell(row, field).entry
    if (item) this.wishes.push({ key, item: lastIdOf(item), by: peer.by, value, isPutBack: !isEdited(entry), seen })
  }

  #choose(name: string, row: RowId, which: number): void {
    const { world } = this
    const [line] = world.peer(name).sheet.marks(row, FIELD).concurrent?.lines ?? []
    const answers: (() => unknown)[] = [
      () => world.choose(name, 'conflict', { choice: 'send-mine' }, FIELD, row),
      () => world.choose(name, 'conflict', { choice: 'take-theirs' }, FIELD, row),
      () => world.choose(name, 'concurrent', { choice: 'send-mine' }, FIELD, row),
      () => world.choose(name, 'concurrent', { choice: 'take-theirs' }, FIELD, row),
      () => world.choose(name, 'concurrent', { choice: 'keep-shown' }, FIELD, row),
      () => line && world.choose(name, 'concurrent', { choice: 'use-line', item: line.item }, FIELD, row),
    ]
    answers[which]?.()
  }

  #post(peer: Peer): void {
    for (const update of peer.made.splice(0)) this.#underway.push({ update, from: peer.name })
  }

  #litter(peer: Peer, at: number, which: number): void {
    const key = cellKey(ROWS[at] as RowId, FIELD)
    const { edits } = peer
    const cells = editCellsMap(edits) as Y.Map<unknown>
    const pieces: (() => unknown)[] = [
      () => cells.set(key, null),
      () => cells.set(key, 5),
      () => cells.set(key, []),
      () => cells.set(key, ['other:cell', 'x', 'a', 1, 'eve']),
      () => cells.set(key, [key, { deep: 1 }, 'a', 1, 'eve']),
      () => cells.set(key, [key, 'x'.repeat(32_001), 'a', 1, 'eve']),
      () => cells.set(key, new Y.Map()),
      () => cells.delete(key),
      () => cells.set('no cell', ['no cell', 'x', 'a', 1, 'eve']),
      () => editResolutionsMap(edits).set('none', { row: 1 }),
      () => editLinksMap(edits).set('x', 7 as never),
      () => editRowsMap(edits).set('r1.deleted', 'perhaps'),
      () => editOrderMap(edits).set('r1', '%%%'),
      () => editOrderMap(edits).set('r2', 4 as never),
    ]
    pieces[which]?.()
    this.#post(peer)
  }
}

/** Equal in content, whatever way it came. */
function expectConverged(world: World): void {
  const here = rawCells(world.edits)
  for (const peer of world.peers.values()) expect(rawCells(peer.edits)).toEqual(here)
  const replayed = new Y.Doc()
  for (const update of world.updates) Y.applyUpdate(replayed, update)
  expect(rawCells(replayed)).toEqual(here)
  const rebuilt = new Y.Doc()
  Y.applyUpdate(rebuilt, Y.mergeUpdates(world.updates))
  expect(rawCells(rebuilt)).toEqual(here)
  expect(Y.encodeStateVector(replayed)).toEqual(Y.encodeStateVector(world.edits))
}

/** `SEED=3 RUNS=50 vitest run …` looks elsewhere and longer. */
const SEED = Number(process.env.SEED ?? 20261121)
const RUNS = Number(process.env.RUNS ?? 1)
const check = (runs: number) => ({ seed: SEED, numRuns: runs * RUNS })

describe('laws of the document', () => {
  test("[LAW1][D21] each person's last value is shown, annotated or sent, in any order of delivery", () => {
    let annotated = 0
    fc.assert(
      fc.property(ids, many(fc.oneof(...people), 25), (clients, acts) => {
        const play = new Play(clients)
        for (const act of acts) play.act(act)
        play.settleDown()
        expect(play.lost()).toEqual([])
        annotated += [...play.world.sheet.annotations()].length
        expectConverged(play.world)
        expect(play.world.unsettled).toEqual(play.world.editedCells())
        play.world.destroy()
      }),
      check(500),
    )
    expect(annotated).toBeGreaterThan(100)
  })

  test('[LAW1][D21] no value is lost while an engine pushes and pulls in between', () => {
    let sent = 0
    fc.assert(
      fc.property(ids, many(fc.oneof(...people, ...engine), 30), (clients, acts) => {
        const play = new Play(clients)
        for (const act of acts) play.act(act)
        play.settleDown()
        expect(play.lost()).toEqual([])
        expectConverged(play.world)
        expect(play.world.unsettled).toEqual(play.world.editedCells())
        sent += play.sent
        play.world.destroy()
      }),
      check(400),
    )
    expect(sent).toBeGreaterThan(50)
  })

  test('[LAW4] a second pull of the same answers changes nothing', () => {
    fc.assert(
      fc.property(ids, many(fc.oneof(...people, ...engine, choices), 20), (clients, acts) => {
        const play = new Play(clients)
        for (const act of acts) play.act(act)
        play.settleDown()
        play.world.pull()
        const before = play.world.save()
        play.world.pull()
        const { clock: _then, ...after } = play.world.save()
        const { clock: _now, ...first } = before
        expect(after).toEqual(first)
        play.world.destroy()
      }),
      check(200),
    )
  })

  test('[LAW8] a restarted server goes on as one that was never stopped', () => {
    fc.assert(
      fc.property(
        ids,
        many(fc.oneof(...people.filter((_, i) => i !== 3), ...engine, choices, choices), 25),
        fc.nat({ max: 20 }),
        (clients, acts, at) => {
          const [kept, stopped] = [new Play(clients), new Play(clients)]
          for (const act of acts) kept.act(act)
          for (const act of acts.slice(0, at)) stopped.act(act)
          const again = new Play(clients, stopped.world.save())
          for (const act of acts.slice(at)) again.act(act)
          for (const { world } of [kept, again]) world.online(...world.peers.keys())
          for (const row of ROWS)
            for (const field of [FIELD, CUSTOM]) expect(again.world.look(field, row)).toEqual(kept.world.look(field, row))
          for (const play of [kept, stopped, again]) play.world.destroy()
        },
      ),
      check(150),
    )
  })

  test('[LAW6] the index folded from the facts of each transaction is the edited cells of the document', () => {
    fc.assert(
      fc.property(ids, many(fc.oneof(...people, ...engine, choices, rubbish), 20), (clients, acts) => {
        const play = new Play(clients)
        const { world } = play
        for (const act of acts) {
          play.act(act)
          expect(world.unsettled).toEqual(world.editedCells())
        }
        const rebuilt = world.authority.allUnsettled().filter((u) => u.isUnsettled)
        expect(new Set(rebuilt.map((u) => cellKey(u.row, u.field)))).toEqual(world.unsettled)
        const delta = [...world.authority.staged(CONNECTION)].map((c) => cellKey(c.row, c.field))
        const staged = ROWS.filter((row) => world.sheet.cell(row, FIELD).isStaged).map((row) => cellKey(row, FIELD))
        expect(delta.sort()).toEqual(staged)
        world.destroy()
      }),
      check(150),
    )
  })

  test("[D7] rubbish from a foreign client breaks nothing and displaces nobody's value", () => {
    fc.assert(
      fc.property(ids, many(fc.oneof(...people, ...engine, rubbish, rubbish), 25), (clients, acts) => {
        const play = new Play(clients)
        for (const act of acts) play.act(act)
        play.settleDown()
        expect(play.lost()).toEqual([])
        expectConverged(play.world)
        expect(play.world.unsettled).toEqual(play.world.editedCells())
        for (const { sheet, editor } of play.world.peers.values()) {
          const row = addRow(sheet, undefined, editor, (n) => new Uint8Array(n).fill(7))
          moveRow(sheet, row, undefined, editor)
          expect(sheet.rows()[0]).toBe(row)
        }
        expect([...play.world.authority.staged(CONNECTION)].every((s) => s.live.value !== s.baseline)).toBe(true)
        play.world.destroy()
      }),
      check(300),
    )
  })

  test('[D8] what a client says an entry stands for is ignored', () => {
    const outcome = (isForged: boolean) => {
      const world = new World({
        peers: [
          { name: 'ann', client: 600 },
          { name: 'eve', client: 22 },
        ],
        value: 'a',
      })
      world.offline('ann', 'eve').type('ann', 'x').up('ann')
      const key = cellKey(ROWS[0] as RowId, FIELD)
      const claims = isForged ? ['600:0'] : []
      editCellsMap(world.peer('eve').edits).set(key, [key, 'z', 'a', 1, 'ann', ...claims] as never)
      world.online('ann', 'eve')
      const { at: _at, id: _id, ...mark } = world.mark('concurrent') ?? { at: 0, id: '' }
      return { look: world.look(), mark, by: world.authority.live(ROWS[0] as RowId, FIELD)?.author }
    }
    expect(outcome(true)).toEqual(outcome(false))
    expect(outcome(true).look).toMatchObject({ shown: 'x', marks: { concurrent: { lines: { eve: 'z' } } } })
  })
})
