import { afterAll, beforeAll, expect, test } from 'vitest'
import type { RunOrder } from '../../sync-engine/ports.ts'
import { editCells } from '../../workbook/edit.ts'
import type { RowId } from '../../workbook/ids.ts'
import { EngineWorld, openSharedLog, type SharedLog, TWO_WAY } from '../support/engine-world.ts'

let shared: SharedLog
beforeAll(async () => {
  shared = await openSharedLog()
})
afterAll(() => shared[Symbol.asyncDispose]())

const people = [{ name: 'ann', client: 10 }]
const records = { 1: { summary: 'a', priority: 'High' }, 2: { summary: 'b', priority: 'Low' }, 3: { summary: 'c', priority: 'Odd' } }
const fields = ['summary', 'priority']
const MAPS = {
  priority: [
    { app: 'High', workbook: 'Urgent' },
    { app: 'Low', workbook: 'Later' },
  ],
}
const priority = (record: string) => ({ record, field: 'priority' })

async function mapped(): Promise<EngineWorld> {
  const w = await EngineWorld.start({ shared, people, records, fields })
  await w.configure({ valueMaps: MAPS })
  await w.run()
  w.app.takeCalls()
  return w
}

test('[PL6] what comes is called as the workbook calls it; a value without a name comes as it is, and the log says so', async () => {
  await using w = await mapped()
  expect(['1', '2', '3'].map((r) => w.look(priority(r)).shown)).toEqual(['Urgent', 'Later', 'Odd'])
  w.app.foreignEdit('1', 'priority', 'Strange')
  const { run } = await w.run()
  const notes = (await w.server.runs.cells(run.id)).flatMap((c) => c.note ?? [])
  expect(notes).toEqual(['The value map has no name for Jira’s "Strange"; it came as it is.'])
  expect(w.sheet.field(w.field('priority'))?.binding?.options?.map((o) => o.name)).toEqual(['Urgent', 'Later'])
})

test('[PL6] what goes is called as the app calls it, in other capitals too; the check and a second pull find it agreed', async () => {
  await using w = await mapped()
  w.type('ann', 'later', priority('1'))
  const { sent, counts } = await w.run()
  expect([sent, counts.pushed, counts.differs]).toEqual([['1.priority=Low'], 1, 0])
  expect(w.look(priority('1'))).toMatchObject({ shown: 'Later', baseline: 'Later', isStaged: false, marks: {} })
  await w.expectSecondPullIsEmpty()
})

test('[PL6] a name of the app that is called otherwise here is no option; the nearest name of the workbook is offered', async () => {
  await using w = await mapped()
  w.type('ann', 'Urgnt', priority('2'))
  const { sent } = await w.run()
  expect([sent, w.marks(priority('2')).refused]).toMatchObject([[], { nearest: 'Urgent' }])
})

test('[PL6] warnings and conflicts name the workbook’s values on both sides', async () => {
  await using w = await mapped()
  w.type('ann', 'Later', priority('1'))
  w.app.foreignEdit('1', 'priority', 'Strange')
  await w.run()
  expect(w.marks(priority('1')).conflict).toMatchObject({ base: 'Urgent', yours: 'Later', theirs: 'Strange' })
  w.app.rewrite = (field, value) => (field === 'priority' ? 'High' : value)
  w.type('ann', 'Odd', { record: '2' })
  w.type('ann', 'Urgent', priority('3'))
  const { sent } = await w.run()
  expect([sent, w.look(priority('3')).shown]).toEqual([['2.summary=Odd', '3.priority=High'], 'Urgent'])
})

test('[PL6] a record is created with the app’s names', async () => {
  await using w = await mapped()
  const row = w.addRow('ann')
  const order: RunOrder = { kind: 'create', rows: [{ row, changes: [{ field: 'priority', value: 'Urgent' }] }], duplicates: 'allow' }
  await w.run(order)
  expect([w.app.get('1000', 'priority'), w.look({ row, field: 'priority' }).shown]).toEqual(['High', 'Urgent'])
})

test('[PL9] a conflict names who changed it in the app, where the app tells', async () => {
  await using w = await EngineWorld.start({ shared, people, records, fields })
  w.app.updatedBy = 'Grace'
  w.type('ann', 'mine')
  w.app.foreignEdit('1', 'summary', 'theirs')
  await w.run()
  expect(w.marks().conflict).toMatchObject({ yours: 'mine', theirs: 'theirs', theirsBy: 'Grace' })
})

/** The same object in a sheet of another workbook. */
async function secondSheet(w: EngineWorld) {
  const { workbooks, queue, hub } = w.server
  const { object } = await w.full()
  const { workbook, sheet } = await workbooks.create('Other', 'none')
  const connection = await workbooks.connect({ workbook: workbook.id, sheet, object, filter: '', externals: ['summary'], actor: 'server' })
  const { run } = await queue.enqueue({ connection, order: { kind: 'import', filter: '' }, trigger: 'person', actor: 'ann' })
  await queue.ended(run)
  const { room } = await hub.open(sheet)
  const summary = room.sheet.fields().find((f) => f.binding?.external === 'summary')
  const row = (record: string): RowId => room.sheet.rowsOf(connection.connection.id, record)[0] as RowId
  if (summary === undefined) throw new Error('no field')
  return {
    connection,
    type: (record: string, value: string) =>
      editCells(room.sheet, [{ row: row(record), field: summary.id, value }], { by: 'bob', now: w.now }),
    marks: (record: string) => room.sheet.marks(row(record), summary.id),
    shown: (record: string) => room.sheet.cell(row(record), summary.id).value,
  }
}

test.each([
  ['another value: the second holds its own', 'theirs', 1],
  ['the same value: they agree, one write', 'mine', 0],
])('[PL8] two connections push one record at one moment, %s', async (_says, value, conflicts) => {
  await using w = await EngineWorld.start({ shared, people, records, fields })
  const other = await secondSheet(w)
  w.type('ann', 'mine')
  other.type('1', value)
  w.app.takeCalls()
  const { queue } = w.server
  const full = await w.full()
  const runs = await Promise.all([
    queue.enqueue({ connection: full, order: TWO_WAY, trigger: 'person', actor: 'ann' }),
    queue.enqueue({ connection: other.connection, order: TWO_WAY, trigger: 'person', actor: 'bob' }),
  ])
  const ended = await Promise.all(runs.map(({ run }) => queue.ended(run)))
  expect(ended.map((r) => r.state)).toEqual(['settled', 'settled'])
  expect(w.app.writes.filter((x) => x.by === 'engine')).toHaveLength(1)
  expect(ended.reduce((sum, r) => sum + r.counts.conflicts, 0)).toBe(conflicts)
  // One after the other: the second look at the record comes after the first write.
  const onFirst = w.app.calls.filter((c) => c.ids.includes('1') && (c.kind === 'check' || c.kind === 'write')).map((c) => c.kind)
  expect(onFirst).toEqual(['check', 'write', 'check'])
})

test('[V30] a record that leaves the filter keeps its row and its staged edits, which still go out; back in it, the mark goes', async () => {
  await using w = await EngineWorld.start({ shared, people, records, fields })
  await w.configure({ filter: 'priority = High OR Low', schedule: 5 })
  await w.run()
  const mark = () => w.sheet.recordMark(w.row('2'), w.connection)?.kind
  w.app.matches = (id) => id !== '2'
  w.app.foreignEdit('2', 'priority', 'Odd')
  w.type('ann', 'mine', { record: '2' })
  const out = await w.scheduled()
  expect([mark(), out.sent, w.look({ record: '2' }).shown, w.look(priority('2')).shown]).toEqual([
    'unmatched',
    ['2.summary=mine'],
    'mine',
    'Odd',
  ])
  const before = w.updates
  await w.scheduled()
  await w.run()
  expect([mark(), w.updates - before]).toEqual(['unmatched', 0])
  w.app.matches = () => true
  w.app.foreignEdit('2', 'priority', 'Low')
  // A person's run finds it as well, at one call more, for the app had changed something.
  const back = await w.run()
  expect([mark(), back.calls.map((c) => c.op)]).toEqual([undefined, ['changes', 'read', 'changes']])
})

test('[V30] a search that does not know of a change yet is not taken for the record having left the filter', async () => {
  await using w = await EngineWorld.start({ shared, people, records, fields })
  await w.configure({ filter: 'priority = High OR Low', schedule: 5 })
  await w.scheduled()
  const mark = (record: string) => w.sheet.recordMark(w.row(record), w.connection)?.kind
  w.app.isSearchBehind = true
  w.app.foreignEdit('2', 'summary', 'theirs')
  const forced = await w.run()
  expect([mark('2'), forced.calls.map((c) => c.op)]).toEqual([undefined, ['changes', 'read', 'changes', 'changes']])
  // What a scheduled run has pushed itself, the search knows last of all.
  w.type('ann', 'mine', { record: '1' })
  expect([(await w.scheduled()).sent, mark('1')]).toEqual([['1.summary=mine'], undefined])
  // Out of it indeed, which is told once the search knows.
  w.app.matches = (id) => id !== '2'
  w.app.foreignEdit('2', 'priority', 'Odd')
  await w.run()
  expect(mark('2')).toBe(undefined)
  w.app.isSearchBehind = false
  await w.scheduled()
  expect([mark('1'), mark('2')]).toEqual([undefined, 'unmatched'])
})

test('[P3][P4][P5] a run goes on without anybody there, tells nobody at its end, and its log has everything', async () => {
  await using w = await EngineWorld.start({ shared, people, records, fields })
  w.type('ann', 'x')
  w.offline('ann')
  const at = w.nowMs
  const { run, counts } = await w.run()
  const { runs } = w.server
  expect(run).toMatchObject({ state: 'settled', trigger: 'person', actor: 'ann', createdAt: at, startedAt: at, endedAt: at })
  expect((await runs.transitions(run.id)).map((t) => t.state)).toEqual([
    'queued',
    'leased',
    'planning',
    'checking',
    'pushing',
    'pulling',
    'reconciling',
    'settled',
  ])
  expect(
    (await runs.cells(run.id)).map((c) => [c.record_key, c.outcome, JSON.parse(c.base), JSON.parse(c.value), JSON.parse(c.got), c.author]),
  ).toEqual([['TB-1', 'pushed', 'a', 'x', 'x', 'ann']])
  expect([counts.planned, counts.pushed, counts.pulled]).toEqual([1, 1, 3])
  // Beside the run's own state, which the page shows to who looks at it, nothing is sent to anybody.
  expect(new Set(w.broadcasts.map((m) => m.type))).toEqual(new Set(['run', 'connection']))
})
