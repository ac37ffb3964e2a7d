import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import * as Y from 'yjs'
import type { ObjectDescription } from '../../sync-engine/connectors/connector.ts'
import { type ConnectionSetup, type DeltaCell, planSync } from '../../sync-engine/plan.ts'
import { reconcileCell } from '../../sync-engine/reconcile.ts'
import { SheetAuthority } from '../../workbook/authority.ts'
import type { CellValue } from '../../workbook/cell-value.ts'
import { baseEpochs, bookFields, sysBindings, sysSlots } from '../../workbook/documents.ts'
import type { ConnectionId, FieldId, ItemId, RowId, SheetId } from '../../workbook/ids.ts'
import { packBaseRow, SHARD_ROWS } from '../../workbook/schema.ts'
import { Sheet } from '../../workbook/sheet.ts'
import type { BenchLine } from './collab.ts'

const CONNECTION = 'conn0001' as ConnectionId
const SHEET = 'sheet001' as SheetId
const FIELD_COUNT = 10
const fieldId = (i: number): FieldId => `f${String(i).padStart(3, '0')}` as FieldId
const rowId = (i: number): RowId => `row${String(i).padStart(7, '0')}` as RowId

const SETUP: ConnectionSetup = {
  id: CONNECTION,
  app: 'jira',
  appName: 'Jira',
  isOn: true,
  objectDirection: 'push-pull',
  fields: Array.from({ length: FIELD_COUNT }, (_, i) => ({
    field: fieldId(i),
    external: i === 0 ? 'summary' : `customfield_${10_000 + i}`,
    direction: 'two-way',
  })),
  onConflict: 'hold',
}

const DESCRIPTION: ObjectDescription = {
  app: 'jira',
  appName: 'Jira',
  object: 'issues',
  objectName: 'Issues',
  fields: SETUP.fields.map((f) => ({ id: f.external, name: f.external, type: 'text', writable: true })),
  keyField: 'issuekey',
  nameField: 'summary',
  readBatch: 100,
  updateAnswersRecord: true,
  indexDelayMs: 0,
}

/** The rows of the engine; their baseline is the figure to hold. */
export function benchEngine(): BenchLine[] {
  const delta = Array.from({ length: 10_000 }, (_, i) => deltaCell(i))
  const planMs = bestOf(5, () => planSync({ setup: SETUP, description: DESCRIPTION, mode: 'two-way', delta, linkedRecords: 10_000 }))
  const perSecond = (rate: number) => `${rate.toLocaleString('en')} records/s`
  const rules = reconcileRate()
  const settle = settleRate(10_000)
  const idle = idleWorkbook(20_000, 20)
  return [
    { what: 'plan 10,000 changed cells', value: `${planMs.toFixed(1)} ms`, ratio: (planMs / 100).toFixed(2), hold: '≤ 100 ms' },
    { what: 'reconcile, the rule alone', value: perSecond(rules), ratio: (rules / 20_000).toFixed(1), hold: '≥ 20,000 records/s' },
    {
      what: 'reconcile and write into the documents',
      value: perSecond(settle),
      ratio: (settle / 20_000).toFixed(1),
      hold: '≥ 20,000 records/s',
    },
    {
      what: 'an open, idle workbook of 20,000 × 20',
      value: `${(idle.heapBytes / 1e6).toFixed(1)} MB, encoded ${(idle.encodedBytes / 1e6).toFixed(1)} MB`,
      ratio: (idle.heapBytes / idle.encodedBytes).toFixed(2),
      hold: '≤ 4 × encoded',
    },
  ]
}

/** What one open sheet keeps on the heap, beside its encoded size. */
function idleWorkbook(rows: number, fields: number): { heapBytes: number; encodedBytes: number } {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const shards = Array.from({ length: Math.ceil(rows / SHARD_ROWS) }, (_, shard) => encodedShard(shard, rows, fields))
  const encodedBytes = shards.reduce((sum, s) => sum + s.byteLength, 0)
  collect()
  const before = process.memoryUsage().heapUsed
  const base = shards.map((update) => {
    const doc = new Y.Doc()
    Y.applyUpdate(doc, update)
    return doc
  })
  const sheet = new Sheet(SHEET, { book: new Y.Doc(), sys: new Y.Doc(), edits: new Y.Doc(), annotations: new Y.Doc(), base })
  const count = sheet.rows().length
  collect()
  const heapBytes = process.memoryUsage().heapUsed - before
  if (count !== rows) throw new Error(`${count} rows instead of ${rows}`)
  sheet.close()
  return { heapBytes, encodedBytes }
}

function encodedShard(shard: number, rows: number, fields: number): Uint8Array {
  const doc = new Y.Doc()
  const epoch = baseEpochs(doc).set('0', new Y.Map<string>())
  doc.transact(() => {
    for (let i = shard * SHARD_ROWS; i < Math.min(rows, (shard + 1) * SHARD_ROWS); i++) {
      const values = Array.from({ length: fields }, (_, column) => (column % 3 === 0 ? i * column : `value ${i} ${column}`))
      epoch.set(rowId(i), packBaseRow({ ord: i, records: { [CONNECTION]: String(i) }, values }))
    }
  })
  return Y.encodeStateAsUpdate(doc)
}

function deltaCell(i: number): DeltaCell {
  return {
    row: rowId(Math.floor(i / 2)),
    field: fieldId(i % 2),
    recordId: String(10_000 + Math.floor(i / 2)),
    recordKey: `TB-${Math.floor(i / 2)}`,
    value: `changed ${i}`,
    base: `before ${i}`,
    baseline: `before ${i}`,
    item: `1:${i}` as ItemId,
    author: 'someone',
    at: 0,
    marks: {},
    isGone: false,
  }
}

function bestOf(times: number, work: () => unknown): number {
  let best = Number.POSITIVE_INFINITY
  for (let i = 0; i < times; i++) {
    const start = performance.now()
    work()
    best = Math.min(best, performance.now() - start)
  }
  return best
}

/** Records of ten fields a second through `reconcileCell`, one value in ten changed in the app. */
function reconcileRate(): number {
  const records = 20_000
  const stamp = ((annotation: object) => ({ ...annotation, id: 'a', at: 0 })) as never
  const ms = bestOf(3, () => {
    for (let i = 0; i < records * FIELD_COUNT; i++) {
      const baseline = `value ${i}`
      const pulled = i % 10 === 0 ? `value ${i}!` : baseline
      reconcileCell(
        { state: { baseline, marks: {}, isConnected: true, isPushOnly: false }, pulled, relation: 'none', acceptedKinds: [] },
        stamp,
      )
    }
  })
  return Math.round((records / ms) * 1000)
}

/** The same with real documents: read each cell's state, decide, write the packed rows that changed, a page of 100 records at a time. */
function settleRate(records: number): number {
  const docs = {
    book: new Y.Doc(),
    sys: new Y.Doc(),
    edits: new Y.Doc(),
    annotations: new Y.Doc(),
    base: [new Y.Doc(), new Y.Doc(), new Y.Doc()],
  }
  for (let i = 0; i < FIELD_COUNT; i++) {
    bookFields(docs.book).set(`${fieldId(i)}.sheet`, SHEET)
    sysSlots(docs.sys).set(`${SHEET}:${fieldId(i)}`, i)
    const binding = { connection: CONNECTION, app: 'jira', appName: 'Jira', external: `x${i}`, isConnectionField: false, writable: true }
    sysBindings(docs.sys).set(fieldId(i), binding)
  }
  const sheet = new Sheet(SHEET, docs)
  const authority = new SheetAuthority({
    sheet,
    settled: new Map(),
    authorOf: () => 'server',
    isPushOnly: () => false,
    now: () => 0,
    random: (length) => new Uint8Array(length),
  })
  authority.start()
  const values = (i: number, version: number): Map<FieldId, CellValue> =>
    new Map(SETUP.fields.map((f, column) => [f.field, column === 0 ? `title ${i} of version ${version}` : `value ${i} ${column}`]))
  const all = Array.from({ length: records }, (_, i) => ({ row: rowId(i), records: { [CONNECTION]: String(i) }, values: values(i, 0) }))
  for (let start = 0; start < records; start += 1_000) authority.write({ rows: all.slice(start, start + 1_000) }, 'import')
  const stamp = authority.stamp()
  const start = performance.now()
  for (let first = 0; first < records; first += 100) {
    const rows = all.slice(first, first + 100).flatMap(({ row }, i) => {
      const changed = new Map<FieldId, CellValue>()
      for (const [field, pulled] of values(first + i, 1)) {
        const state = authority.state(row, field)
        reconcileCell({ state, pulled, relation: 'none', acceptedKinds: [] }, stamp)
        if (state.baseline !== pulled) changed.set(field, pulled)
      }
      return [{ row, values: changed }]
    })
    authority.write({ rows }, 'pull')
  }
  const ms = performance.now() - start
  authority.stop()
  sheet.close()
  return Math.round((records / ms) * 1000)
}
