import { afterAll, beforeAll, expect, test } from 'vitest'
import { totalCredits } from '../../sync-engine/credits.ts'
import type { NewRecord, RunOrder } from '../../sync-engine/ports.ts'
import type { RowId } from '../../workbook/ids.ts'
import { EngineWorld, openSharedLog, type SharedLog, throttled } from '../support/engine-world.ts'
import { FakeApp } from '../support/fake-app.ts'

let shared: SharedLog
beforeAll(async () => {
  shared = await openSharedLog()
})
afterAll(() => shared[Symbol.asyncDispose]())

const people = [{ name: 'ann', client: 10 }]
const start = (createBatch = 50) => {
  const app = Object.assign(new FakeApp(), { createBatch })
  return EngineWorld.start({ shared, people, fields: ['summary', 'priority'], records: { 1: { summary: 'a' } }, app })
}

function newRow(w: EngineWorld, summary = 'Fresh'): NewRecord {
  const row = w.addRow('ann')
  w.type('ann', summary, { row })
  return {
    row,
    changes: [
      { field: 'summary', value: summary },
      { field: 'priority', value: 'High' },
    ],
  }
}
const order = (...rows: NewRecord[]): RunOrder => ({ kind: 'create', rows, duplicates: 'allow' })
const recordOf = (w: EngineWorld, row: RowId) => w.sheet.recordOf(row, w.connection)

test('[PL3] rows become records, are tied to them and filled; each value costs 1, each record 1', async () => {
  await using w = await start()
  const rows = [newRow(w, 'One'), newRow(w, 'Two')]
  const { run, credits, counts, calls } = await w.run(order(...rows))
  expect([run.state, credits.pushed, credits.linked, totalCredits(credits)]).toEqual(['settled', 4, 2, 6])
  expect(counts).toMatchObject({ planned: 4, pushed: 4, created: 2, linked: 2, skipped: 0 })
  expect(calls.map((c) => c.op)).toEqual(['create', 'read'])
  for (const { row } of rows) expect(w.look({ row })).toMatchObject({ isStaged: false, marks: {} })
  expect(w.look({ row: rows[0]?.row as RowId, field: 'priority' }).shown).toBe('High')
  expect(w.app.get(recordOf(w, rows[1]?.row as RowId) ?? '', 'summary')).toBe('Two')
  await w.expectDeltaLaw()
})

test('[PL3] a value that the app writes differently carries its warning from the start', async () => {
  await using w = await start()
  w.app.normalise = (_field, value) => (typeof value === 'string' ? value.toUpperCase() : value)
  const made = newRow(w)
  await w.run(order({ ...made, changes: [{ field: 'summary', value: 'Fresh' }] }))
  expect(w.look({ row: made.row }).shown).toBe('FRESH')
  expect(w.marks({ row: made.row }).differs).toMatchObject({ sent: 'Fresh', got: 'FRESH', difference: 'capitals' })
})

test('[PL3] a lost answer is looked for by its marker: found, there is one record, and it costs once', async () => {
  await using w = await start()
  let turn = 0
  w.app.createFate = () => (turn++ === 0 ? { kind: 'lose', isSaved: true } : { kind: 'save' })
  const made = newRow(w)
  const { run, credits, calls } = await w.run(order(made))
  expect([run.state, credits.pushed, calls.map((c) => c.op)]).toEqual(['settled', 2, ['create', 'find-created', 'read']])
  expect(w.app.records.size).toBe(2)
})

test('[PL4] not found while the app’s index may lag, it stays unknown, is said on the row, and is not made again', async () => {
  await using w = await start()
  w.app.indexDelayMs = 30_000
  w.app.isIndexBehind = true
  w.app.createFate = () => ({ kind: 'lose', isSaved: true })
  const made = newRow(w)
  const first = await w.run(order(made))
  expect([first.run.state, first.counts.unknown, first.credits.pushed]).toEqual(['partial', 2, 0])
  expect(w.marks({ row: made.row, field: 'key' }).refused?.reason).toContain('no answer came')
  w.app.createFate = () => ({ kind: 'save' })
  const again = await w.run(order(made))
  expect([again.counts.skipped, again.calls.some((c) => c.op === 'create')]).toEqual([2, false])
  // Any run looks for it: once the index has it, the row is tied.
  w.app.isIndexBehind = false
  const later = await w.oneWay()
  expect([later.counts.created, later.counts.planned, later.credits.pushed, later.credits.linked]).toEqual([1, 2, 2, 1])
  expect([recordOf(w, made.row) !== undefined, w.app.records.size, w.marks({ row: made.row, field: 'key' }).refused]).toEqual([
    true,
    2,
    undefined,
  ])
})

test('[PL4] a row whose creation was unknown and that somebody ties by hand is decided by that', async () => {
  await using w = await start()
  w.app.isIndexBehind = true
  w.app.createFate = () => ({ kind: 'lose', isSaved: true })
  const made = newRow(w)
  await w.run(order(made))
  await w.run({ kind: 'link', links: [{ row: made.row, recordId: '1000' }] })
  w.app.isIndexBehind = false
  const later = await w.oneWay()
  expect([recordOf(w, made.row), later.counts.created, later.calls.some((c) => c.op === 'find-created')]).toEqual(['1000', 0, false])
})

test('[PL4] a refusal names its cell; the other rows are made', async () => {
  await using w = await start()
  const bad = newRow(w, 'Bad')
  const good = newRow(w, 'Good')
  let turn = 0
  w.app.createFate = () => (turn++ === 0 ? { kind: 'refuse', refusals: [{ field: 'summary', reason: 'Too bad.' }] } : { kind: 'save' })
  const { run, counts } = await w.run(order(bad, good))
  expect([run.state, counts.refused, counts.pushed, counts.created]).toEqual(['partial', 2, 2, 1])
  expect(w.marks({ row: bad.row }).refused?.reason).toBe('Too bad.')
  expect([recordOf(w, bad.row), recordOf(w, good.row) !== undefined]).toEqual([undefined, true])
})

test('[PL4] stopped before any call: a value that is no option, a row that is tied already, a deleted row, an unknown field', async () => {
  await using w = await start()
  const option = newRow(w)
  const gone = newRow(w)
  w.setDeleted('ann', gone.row, true)
  const { run, counts, calls } = await w.run(
    order(
      { row: option.row, changes: [{ field: 'priority', value: 'Hihg' }] },
      { row: w.row('1'), changes: [{ field: 'summary', value: 'x' }] },
      { row: gone.row, changes: [{ field: 'summary', value: 'x' }] },
      { row: newRow(w).row, changes: [{ field: 'nonsense', value: 'x' }] },
    ),
  )
  expect([run.state, counts.skipped, calls]).toEqual(['partial', 4, []])
  expect(w.marks({ row: option.row, field: 'priority' }).refused?.reason).toContain('Did you mean “High”?')
})

test('[PL5] duplicates are looked up first, at the price of a search; “create all the same” does not', async () => {
  await using w = await start()
  const twin = newRow(w, ' A ')
  const held = await w.run({ kind: 'create', rows: [twin], duplicates: 'look-up' })
  // The fake's search takes parts of names as they stand.
  w.app.add('9', { summary: ' A ' })
  const found = await w.run({ kind: 'create', rows: [newRow(w, ' A ')], duplicates: 'look-up' })
  expect([held.run.state, held.credits.searched, found.run.state, found.credits.searched, found.counts.skipped]).toEqual([
    'settled',
    1,
    'partial',
    1,
    2,
  ])
  const all = await w.run(order(newRow(w, ' A ')))
  expect([all.run.state, all.credits.searched]).toEqual(['settled', 0])
})

test('[V30] a record that is gone is made anew from its row, which keeps what was typed', async () => {
  await using w = await start()
  w.type('ann', 'mine')
  const row = w.row()
  w.app.delete('1')
  await w.run()
  expect(w.sheet.recordMark(row, w.connection)?.kind).toBe('gone')
  await w.run(order({ row, changes: [{ field: 'summary', value: 'mine' }] }))
  expect([w.sheet.recordMark(row, w.connection), recordOf(w, row)]).toEqual([undefined, '1000'])
  expect([w.app.get('1000', 'summary'), w.look({ row })]).toMatchObject(['mine', { shown: 'mine', isStaged: false }])
})

test('[PL3] a run that ends early says of each value what became of it; the next order makes the rest', async () => {
  await using w = await start(1)
  const rows = [newRow(w, 'One'), newRow(w, 'Two'), newRow(w, 'Three')]
  let turn = 0
  w.app.createFate = () => (++turn === 2 ? { kind: 'throw', error: throttled() } : { kind: 'save' })
  const first = await w.run(order(...rows))
  expect([first.run.state, first.counts.pushed, first.counts.skipped]).toEqual(['failed', 2, 4])
  const left = rows.filter(({ row }) => recordOf(w, row) === undefined)
  expect(left).toHaveLength(2)
  expect((await w.run(order(...left))).run.state).toBe('settled')
  expect(w.app.records.size).toBe(4)
})

test('[PL3] the app that stops within a batch leaves what it made, and the rest is made by the next order', async () => {
  await using w = await start()
  const rows = ['One', 'Two', 'Three', 'Four'].map((name) => newRow(w, name))
  const [one, two] = rows.map(({ row }) => row)
  w.app.createFate = (changes) => {
    const name = String(changes[0]?.value)
    if (name === 'One') return { kind: 'save' }
    return name === 'Two' ? { kind: 'refuse', refusals: [{ field: 'summary', reason: 'No.' }] } : { kind: 'not-sent', error: throttled() }
  }
  const { run, counts, credits } = await w.run(order(...rows))
  expect([run.state, run.error?.code, counts.pushed, counts.refused, counts.skipped, credits.pushed]).toEqual([
    'failed',
    'rate-limited',
    2,
    2,
    4,
    2,
  ])
  expect([recordOf(w, one as RowId) !== undefined, w.marks({ row: two as RowId }).refused?.reason]).toEqual([true, 'No.'])
  w.app.createFate = () => ({ kind: 'save' })
  const rest = await w.run(order(...rows.slice(1)))
  expect([rest.run.state, rest.counts.created, w.app.records.size]).toEqual(['settled', 3, 5])
})

test.each([
  [1, 50],
  [50, 50],
  [51, 50],
  [230, 100],
  [23, 1],
])('[PL3] %i rows go out %i a call, all intents of a call on disk before it, and are read back a hundred a call', async (count, size) => {
  await using w = await start(size)
  w.app.onCall = (call) => {
    if (call.op !== 'create') return
    const onDisk = new Map(w.server.runs.creates.open(w.connection).map((create) => [create.marker, create.state]))
    expect(call.ids.map((marker) => onDisk.get(marker))).toEqual(call.ids.map(() => 'sent'))
  }
  const { run, calls, counts, credits } = await w.run(order(...Array.from({ length: count }, (_, index) => newRow(w, `Row ${index}`))))
  const sizes = calls.flatMap(({ op, ids }) => (op === 'create' ? [ids.length] : []))
  expect(sizes).toEqual(Array.from({ length: Math.ceil(count / size) }, (_, call) => Math.min(size, count - call * size)))
  expect(calls.length - sizes.length).toBe(Math.ceil(count / 100))
  expect([run.state, counts.created, counts.pushed, credits.pushed, credits.linked]).toEqual([
    'settled',
    count,
    count * 2,
    count * 2,
    count,
  ])
})

test('[PL3] a lost answer to a batch is looked for by all its markers at once', async () => {
  await using w = await start()
  w.app.createFate = () => ({ kind: 'lose', isSaved: true })
  const { run, calls, counts } = await w.run(order(...Array.from({ length: 30 }, (_, index) => newRow(w, `Row ${index}`))))
  expect([run.state, counts.created, calls.map(({ op }) => op)]).toEqual(['settled', 30, ['create', 'find-created', 'read']])
  expect(calls[1]?.ids).toEqual(calls[0]?.ids)
})

test('[PL3] a run that is stopped between two batches keeps what is made, and sends no more', async () => {
  await using w = await start(2)
  const rows = Array.from({ length: 6 }, (_, index) => newRow(w, `Row ${index}`))
  w.app.onCall = (call) => {
    if (call.op === 'create') void w.server.queue.cancel(w.server.runs.creates.open(w.connection)[0]?.run ?? '')
  }
  const { run, calls } = await w.run(order(...rows))
  expect([run.state, calls.filter(({ op }) => op === 'create').length]).toEqual(['cancelled', 1])
  w.app.onCall = () => undefined
  await w.oneWay()
  expect(rows.map(({ row }) => recordOf(w, row) !== undefined)).toEqual([true, true, false, false, false, false])
  await w.run(order(...rows.slice(2)))
  expect(w.app.records.size).toBe(7)
})

test('[PL3] a row that is asked for twice becomes one record', async () => {
  await using w = await start()
  const row = newRow(w, 'Once')
  expect((await w.run(order(row, newRow(w, 'Other'), row))).counts.created).toBe(2)
  expect(w.app.records.size).toBe(3)
})

test('[PL5] of two rows of one name in a run the second waits for the first: held where that is made, made where that is refused', async () => {
  await using w = await start()
  const twins = [newRow(w, 'Twin'), newRow(w, ' twin '), newRow(w, 'Other')]
  const { counts, calls, run } = await w.run({ kind: 'create', rows: twins, duplicates: 'look-up' })
  expect([run.state, counts.created, counts.skipped]).toEqual(['partial', 2, 2])
  expect(w.marks({ row: twins[1]?.row as RowId, field: 'key' }).refused?.reason).toContain('TB-1000 has this name already')
  // One search a row that may go out; what this run has made it knows by itself, although the app's search may not.
  expect(calls.map(({ op }) => op)).toEqual(['search', 'search', 'create', 'read'])
  w.app.createFate = (changes) =>
    changes[0]?.value === 'Fussy' ? { kind: 'refuse', refusals: [{ field: 'summary', reason: 'No.' }] } : { kind: 'save' }
  const next = [newRow(w, 'Fussy'), newRow(w, 'fussy')]
  const second = await w.run({ kind: 'create', rows: next, duplicates: 'look-up' })
  expect([second.counts.refused, second.counts.created, second.calls.filter(({ op }) => op === 'create').length]).toEqual([2, 1, 2])
})
