import { afterAll, beforeAll, expect, test } from 'vitest'
import { totalCredits } from '../../sync-engine/credits.ts'
import type { NewRecord, RunOrder } from '../../sync-engine/ports.ts'
import type { RowId } from '../../workbook/ids.ts'
import { EngineWorld, openSharedLog, type SharedLog, throttled } from '../support/engine-world.ts'

let shared: SharedLog
beforeAll(async () => {
  shared = await openSharedLog()
})
afterAll(() => shared[Symbol.asyncDispose]())

const people = [{ name: 'ann', client: 10 }]
const start = () => EngineWorld.start({ shared, people, fields: ['summary', 'priority'], records: { 1: { summary: 'a' } } })

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
  expect(calls.map((c) => c.op)).toEqual(['create', 'create', 'read'])
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
  await using w = await start()
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
