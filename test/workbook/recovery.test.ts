import { describe, expect, test } from 'vitest'
import * as Y from 'yjs'
import { editCellsMap } from '../../workbook/documents.ts'
import { parseCellKey } from '../../workbook/ids.ts'
import { FIELD, itemOf, ROW, World, type WorldOptions } from '../support/world.ts'

const ORDERS = [
  { order: 'ann below bob', ann: 11, bob: 22 },
  { order: 'bob below ann', ann: 600, bob: 22 },
  { order: 'the server below both', ann: 600, bob: 700 },
]
const world = ({ ann, bob }: { ann: number; bob: number }, options: Partial<WorldOptions> = {}): World =>
  new World({
    peers: [
      { name: 'ann', client: ann },
      { name: 'bob', client: bob },
    ],
    serverClient: 500,
    value: 'a',
    ...options,
  })

describe('what Yjs alone would lose', () => {
  test.each(ORDERS)('[D5] an unseen edit against a removed entry is written again by its author ($order)', (ids) => {
    const w = world(ids)
    w.offline('bob').type('ann', 'x').sync()
    w.type('bob', 'z')
    const alone = new Y.Doc()
    for (const update of [...w.updates, Y.encodeStateAsUpdate(w.peer('bob').edits)]) Y.applyUpdate(alone, update)
    // The proof that there is something to recover: plain Yjs keeps the late edit in one order of ids only.
    expect(alone.getMap('cells').size).toBe(ids.bob > ids.ann ? 1 : 0)
    w.online('bob')
    expect(w.look()).toMatchObject({ shown: 'z', baseline: 'x', entry: ['z', 'a'], marks: { concurrent: { settled: 'x' } } })
    expect(w.authority.live(ROW, FIELD)?.author).toBe('bob')
    expect(w.lookOf('ann')).toEqual(w.look())
  })

  test.each(ORDERS)('[D5] an unseen edit of a cell whose put-back was dropped is written again ($order)', (ids) => {
    const w = world(ids)
    w.offline('bob').type('ann', 'x').putBack('ann').pull()
    w.type('bob', 'z').online('bob')
    expect(w.look()).toMatchObject({ shown: 'z', entry: ['z', 'a'], isStaged: true, marks: {} })
  })

  test.each(ORDERS)('[D6] two windows of one device, merged there, come in one update with both values ($order)', (ids) => {
    const w = world(ids, {
      peers: [
        { name: 'ann', client: ids.ann },
        { name: 'bob', by: 'ann', client: ids.bob },
      ],
    })
    w.offline('ann', 'bob').type('ann', 'x').type('bob', 'y')
    const device = w.peer('ann').edits
    Y.applyUpdate(device, Y.encodeStateAsUpdate(w.peer('bob').edits))
    w.up('ann')
    const [shown, other] = ids.bob > ids.ann ? ['y', 'x'] : ['x', 'y']
    expect(w.look()).toMatchObject({ shown, marks: { concurrent: { lines: { ann: other } } } })
  })

  test.each(ORDERS)('[D6] three unseen values are all kept, one shown and a line for each other ($order)', (ids) => {
    const w = world(ids, {
      peers: [
        { name: 'ann', client: ids.ann },
        { name: 'bob', client: ids.bob },
        { name: 'eve', client: 300 },
      ],
    })
    w.offline('ann', 'bob', 'eve').type('ann', 'x').type('bob', 'y').type('eve', 'z').online('eve', 'ann', 'bob')
    const lines = w.lines().map((l) => l.value)
    expect([w.look().shown, ...lines].sort()).toEqual(['x', 'y', 'z'])
  })

  test.each(ORDERS)("[D9] a keystroke on top of an entry the server wrote again is newer, and no other person's ($order)", (ids) => {
    const w = world(ids)
    w.offline('ann', 'bob').type('ann', 'x').type('bob', 'y')
    w.up('ann').up('bob')
    const loser = ids.bob > ids.ann ? 'bob' : 'ann'
    expect(w.authority.live(ROW, FIELD)?.standsFor).toBeDefined()
    w.type(loser, 'w').online('ann', 'bob')
    expect(w.look()).toMatchObject({ shown: 'w', entry: ['w', 'a'] })
    expect(w.lines().map((l) => l.by)).toEqual([loser === 'bob' ? 'ann' : 'bob'])
  })

  test('[D6] an author whose value the server wrote again, and who lost, has one line: the newest', () => {
    const w = world({ ann: 22, bob: 600 })
    w.offline('ann', 'bob').type('ann', 'x').up('ann')
    editCellsMap(w.edits).set(`${ROW}:${FIELD}`, null as never)
    expect(itemOf(w)?.startsWith('500:')).toBe(true)
    w.type('bob', 'y').up('bob')
    expect(w.lines().map((l) => [l.by, l.value])).toEqual([['ann', 'x']])
    w.type('ann', 'x2').online('ann', 'bob')
    expect([w.look().shown, w.lines().map((l) => [l.by, l.value])]).toEqual(['y', [['ann', 'x2']]])
  })

  test('[D6] edits that two transactions of one turn report are told and judged once', () => {
    const w = world({ ann: 11, bob: 22 })
    w.offline('ann', 'bob').type('ann', 'x').type('bob', 'y')
    const late = Y.encodeStateAsUpdate(w.peer('bob').edits)
    const onFirst = (): void => {
      editCellsMap(w.edits).unobserve(onFirst)
      Y.applyUpdate(w.edits, late, 'connection:bob')
    }
    editCellsMap(w.edits).observe(onFirst)
    w.up('ann')
    expect(w.look()).toMatchObject({ shown: 'y', marks: { concurrent: { lines: { ann: 'x' } } } })
    const told = w.facts.flatMap((f) => f.changes).map((c) => `${c.actor} ${String(c.value)} ${c.item}`)
    expect(new Set(told).size).toBe(told.length)
    expect(w.unsettled).toEqual(w.editedCells())
  })

  test.each(ORDERS)('[D9] typing on while a push settles underneath keeps the new base ($order)', (ids) => {
    const w = world(ids)
    w.type('ann', 'x').offline('ann').push()
    w.type('ann', 'y').up('ann').pull()
    expect(w.look()).toMatchObject({ shown: 'y', entry: ['y', 'x'] })
    w.type('ann', 'y2').online('ann')
    expect(w.look()).toMatchObject({ shown: 'y2', entry: ['y2', 'x'], isStaged: true, marks: {} })
  })

  test.each(ORDERS)('[D9] a value taken back while it was chosen to be sent is not sent ($order)', (ids) => {
    const w = world(ids)
    w.type('ann', 'x').appSets('c').offline('ann').pull()
    w.choose('bob', 'conflict', { choice: 'send-mine' })
    w.putBack('ann').online('ann')
    expect(w.look()).toMatchObject({ shown: 'c', isStaged: false, marks: {} })
    expect(w.sync().sent).toEqual([])
  })

  test.each(ORDERS)('[D9] a put-back of somebody who had not seen what was pushed sends nothing ($order)', (ids) => {
    const w = world(ids)
    w.offline('bob').type('ann', 'x').sync()
    w.type('bob', 'z').online('bob').offline('bob')
    w.choose('ann', 'concurrent', { choice: 'send-mine' })
    w.putBack('bob').online('bob')
    expect([w.look().shown, w.sync().sent]).toEqual(['x', []])
  })

  test.each(ORDERS)('[D9] a value displaced while it is under way is not sent a second time ($order)', (ids) => {
    const w = world(ids, { normalise: (v) => (v === 'x' ? 'X' : v) })
    w.offline('bob').type('bob', 'w').putBack('bob').type('ann', 'x').push()
    w.online('bob').pull()
    expect(w.look()).toMatchObject({ shown: 'X', entry: null, isStaged: false })
    expect(w.sync().sent).toEqual([])
  })

  test('[D9] a value typed without seeing the pushed one is held, though the server wrote it on top', () => {
    const w = world({ ann: 11, bob: 22 })
    w.offline('ann').type('ann', 'x').type('bob', 'y').push()
    w.putBack('bob').online('ann').pull()
    expect(w.look()).toMatchObject({ shown: 'x', baseline: 'y', marks: { concurrent: { settled: 'y' } } })
    expect(w.push().sent).toEqual([])
  })

  test('[D15] values typed in a row offline are each told, and the last counts', () => {
    const w = world({ ann: 11, bob: 22 })
    w.offline('ann').type('ann', 'x').type('ann', 'y').type('ann', 'z').type('ann', 'q')
    const lengths = [...(w.peer('ann').edits.store.clients.get(11) ?? [])].map((s) => s.length)
    expect(Math.max(...lengths)).toBeGreaterThan(1)
    w.online('ann')
    const told = w.facts.flatMap((f) => f.changes).map((c) => [c.value, c.actor])
    expect(told).toEqual(['x', 'y', 'z', 'q'].map((v) => [v, 'ann']))
    expect(w.look()).toMatchObject({ shown: 'q', entry: ['q', 'a'], marks: {} })
  })

  test("[D15] an edit is its author's, whoever delivers it and whatever it claims", () => {
    const w = world({ ann: 11, bob: 22 })
    w.offline('ann', 'bob').type('ann', 'x')
    Y.applyUpdate(w.peer('bob').edits, Y.encodeStateAsUpdate(w.peer('ann').edits))
    w.up('bob')
    expect(w.facts.flatMap((f) => f.changes).map((c) => c.actor)).toEqual(['ann'])
    const key = `${ROW}:${FIELD}`
    editCellsMap(w.peer('bob').edits).set(key, [key, 'y', 'a', 1, 'ann'])
    w.up('bob')
    expect(w.authority.live(ROW, FIELD)?.author).toBe('bob')
  })

  test('[D7] only the server removes an entry', () => {
    const w = world({ ann: 11, bob: 22 })
    w.type('ann', 'x')
    editCellsMap(w.peer('bob').edits).delete(`${ROW}:${FIELD}`)
    w.exchange()
    expect(w.look()).toMatchObject({ shown: 'x', isStaged: true })
    expect(w.authority.live(ROW, FIELD)?.author).toBe('ann')
    expect(parseCellKey('no cell')).toBeUndefined()
  })

  test('[D9] a receipt of an entry the server wrote again knows who typed on the first one', () => {
    const w = world({ ann: 600, bob: 22 })
    w.type('bob', 'w').putBack('bob').type('bob', 'x').offline('bob')
    editCellsMap(w.peer('ann').edits).set(`${ROW}:${FIELD}`, null as never)
    w.exchange()
    expect(itemOf(w)?.startsWith('500:')).toBe(true)
    w.sync()
    w.type('bob', 'y').online('bob')
    expect(w.look()).toMatchObject({ shown: 'y', entry: ['y', 'x'], isStaged: true, marks: {} })
  })

  test('[D9] after a restart it is still known what an earlier entry of the server stood for', () => {
    const w = world({ ann: 600, bob: 22 })
    w.offline('bob').type('ann', 'x').sync()
    w.type('bob', 'y').online('bob').offline('ann').putBack('ann')
    w.choose('bob', 'concurrent', { choice: 'send-mine' })
    expect(w.look()).toMatchObject({ shown: 'y', entry: ['y', 'x'] })
    const again = new World({ peers: [...w.peers.values()].map(({ name, client }) => ({ name, client })), value: 'a' }, w.save())
    again.online('ann')
    expect([again.look().shown, again.look().isStaged]).toEqual(['x', false])
  })
})
