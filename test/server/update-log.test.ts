import { readFileSync, writeFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { expect, test } from 'vitest'
import { databasePath, openReader, toSqlOp } from '../../server/storage/database.ts'
import { DATABASE_VERSION, MIGRATIONS } from '../../server/storage/migrations.ts'
import { SqliteUpdateLog } from '../../server/storage/sqlite-log.ts'
import type { UpdateRecord } from '../../server/update-log.ts'
import { tempFolder } from '../support/temp-folder.ts'

const DOC = 'edits.sheet1.1'

function record(text: string, more: Partial<UpdateRecord> = {}): UpdateRecord {
  const update = new TextEncoder().encode(text)
  return { doc: DOC, update, actor: 'ann', device: 'laptop', origin: 'user', at: 1, cellChanges: [], clientIds: [], ...more }
}

const note = (key: string) => ({ sql: 'INSERT INTO meta (key, value) VALUES (?, ?)', params: [key, 'x'] })

function loggedTexts(dataFolder: string): string[] {
  const db = new DatabaseSync(databasePath(dataFolder), { readOnly: true })
  const rows = db.prepare('SELECT "update" FROM update_log ORDER BY seq').all() as { update: Uint8Array }[]
  db.close()
  return rows.map((row) => new TextDecoder().decode(row.update))
}

function holdWrites(dataFolder: string): { release: () => void } {
  const db = new DatabaseSync(databasePath(dataFolder), { timeout: 5_000 })
  db.exec('BEGIN IMMEDIATE')
  return {
    release: () => {
      db.exec('ROLLBACK')
      db.close()
    },
  }
}

test('[L1] durable waits for the disk and for all that came before', async () => {
  await using folder = await tempFolder()
  const log = await SqliteUpdateLog.open({ dataFolder: folder.path, retryMs: 10_000 })
  const held = holdWrites(folder.path)
  let isDurable = false
  log.append(record('one'))
  const durable = log.durable().then(() => {
    isDurable = true
  })
  await nextTurn()
  log.append(record('two'))
  await nextTurn()
  expect(isDurable).toBe(false)
  expect(loggedTexts(folder.path)).toEqual([])
  held.release()
  await log.durable()
  await durable
  expect(loggedTexts(folder.path)).toEqual(['one', 'two'])
  await log.stop()
})

test('[L3] what one turn hands over is on disk as a whole or not at all', async () => {
  await using folder = await tempFolder()
  const log = await SqliteUpdateLog.open({ dataFolder: folder.path, retryMs: 10_000 })
  const failed = new Promise<Error>((resolve) => log.onFailed(resolve))
  log.append(record('kept'))
  log.execute([note('kept')])
  await log.durable()
  log.append(record('lost'))
  // Still the same turn: promises that resolve at once do not end it.
  for (let i = 0; i < 5; i++) await Promise.resolve()
  log.execute([note('lost'), note('lost')])
  await expect(log.durable()).rejects.toThrow(/disk does not take changes/)
  expect((await failed).message).toMatch(/UNIQUE/)
  await log.recover()
  log.append(record('after'))
  await log.durable()
  expect(loggedTexts(folder.path)).toEqual(['kept', 'after'])
  const reader = openReader(folder.path)
  expect(await reader.kysely.selectFrom('meta').select('key').where('key', '!=', 'probe').execute()).toEqual([{ key: 'kept' }])
  await reader.close()
  await log.stop()
})

test('[L4] nothing is committed before a batch that fails, and one bad batch holds up none before it', async () => {
  await using folder = await tempFolder()
  const log = await SqliteUpdateLog.open({ dataFolder: folder.path, retryMs: 10_000 })
  const held = holdWrites(folder.path)
  log.append(record('good'))
  const good = log.durable()
  await nextTurn()
  log.execute([note('twice'), note('twice')])
  const bad = log.durable()
  await nextTurn()
  log.append(record('behind'))
  const behind = log.durable()
  await nextTurn()
  held.release()
  await good
  await expect(bad).rejects.toThrow()
  await expect(behind).rejects.toThrow()
  expect(loggedTexts(folder.path)).toEqual(['good'])
  expect(() => log.append(record('refused'))).toThrow(/disk does not take changes/)
  await log.stop()
})

test('[L4] when the retries end the log says so and takes nothing until a commit works', async () => {
  await using folder = await tempFolder()
  const log = await SqliteUpdateLog.open({ dataFolder: folder.path, retryMs: 30 })
  const failed = new Promise<Error>((resolve) => log.onFailed(resolve))
  const held = holdWrites(folder.path)
  log.append(record('lost'))
  await expect(log.durable()).rejects.toThrow()
  expect((await failed).message).toMatch(/locked/)
  await expect(log.recover()).rejects.toThrow(/locked/)
  await expect(log.durable()).rejects.toThrow()
  held.release()
  await log.recover()
  await log.durable()
  log.append(record('kept'))
  await log.durable()
  expect(loggedTexts(folder.path)).toEqual(['kept'])
  await log.stop()
})

test('[L6] the end of the writer’s thread is a failed commit', async () => {
  await using folder = await tempFolder()
  const workers: Worker[] = []
  const log = await SqliteUpdateLog.open({
    dataFolder: folder.path,
    retryMs: 10_000,
    createWorker: (workerData) => {
      const worker = new Worker(new URL('../../server/storage/writer.ts', import.meta.url), { workerData, execArgv: [] })
      workers.push(worker)
      return worker
    },
  })
  const failed = new Promise<Error>((resolve) => log.onFailed(resolve))
  const held = holdWrites(folder.path)
  log.append(record('lost'))
  const durable = log.durable()
  await workers[0]?.terminate()
  await expect(durable).rejects.toThrow()
  expect((await failed).message).toMatch(/thread ended/)
  held.release()
  await log.recover()
  log.append(record('kept'))
  await log.durable()
  expect(loggedTexts(folder.path)).toEqual(['kept'])
  await log.stop()
  expect(workers.length).toBe(2)
})

test('[L7] updates carry growing numbers across documents and restarts', async () => {
  await using folder = await tempFolder()
  const first = await SqliteUpdateLog.open({ dataFolder: folder.path, retryMs: 10_000 })
  first.append(record('a'))
  first.append(record('b', { doc: 'edits.sheet2.1', seq: first.takeSeq() }))
  await first.stop()
  const second = await SqliteUpdateLog.open({ dataFolder: folder.path, retryMs: 10_000 })
  second.append(
    record('c', {
      cellChanges: [
        { row: 'r', field: 'f', value: 'x', base: null, actor: 'ann', device: 'laptop', at: 5, origin: 'user', item: '7:0' },
        { row: 'r', field: 'g', value: 3, base: true, actor: 'ann', device: 'laptop', at: 5, origin: 'user', item: '7:1' },
      ],
      clientIds: [{ client: 7, actor: 'ann', device: 'laptop' }],
    }),
  )
  second.append(record('d', { clientIds: [{ client: 7, actor: 'bob', device: 'phone' }] }))
  await second.durable()
  const reader = openReader(folder.path)
  const rows = await reader.kysely.selectFrom('update_log').select(['seq', 'doc']).orderBy('seq').execute()
  expect(rows.map((row) => row.doc)).toEqual([DOC, 'edits.sheet2.1', DOC, DOC])
  expect(rows.map((row) => row.seq)).toEqual([1, 2, 3, 4])
  expect(await reader.kysely.selectFrom('cell_changes').select(['seq', 'field', 'value', 'base', 'item']).execute()).toEqual([
    { seq: 3, field: 'f', value: '"x"', base: 'null', item: '7:0' },
    { seq: 3, field: 'g', value: '3', base: 'true', item: '7:1' },
  ])
  expect(await reader.kysely.selectFrom('client_ids').selectAll().execute()).toEqual([
    { doc: DOC, client: 7, actor: 'ann', device: 'laptop' },
  ])
  second.execute([toSqlOp(reader.kysely.deleteFrom('client_ids').where('client', '=', 7))])
  await second.durable()
  expect(await reader.kysely.selectFrom('client_ids').selectAll().execute()).toEqual([])
  await reader.close()
  await second.stop()
})

test('[L8] stopping commits what is waiting', async () => {
  await using folder = await tempFolder()
  const log = await SqliteUpdateLog.open({ dataFolder: folder.path, retryMs: 10_000 })
  log.append(record('last'))
  const durable = log.durable()
  await log.stop()
  await durable
  expect(loggedTexts(folder.path)).toEqual(['last'])
  expect(() => log.append(record('too late'))).toThrow()
})

test('[L9] a database of a newer program is refused and left untouched', async () => {
  await using folder = await tempFolder()
  await (await SqliteUpdateLog.open({ dataFolder: folder.path, retryMs: 10_000 })).stop()
  const path = databasePath(folder.path)
  const db = new DatabaseSync(path)
  db.exec(`PRAGMA user_version = ${DATABASE_VERSION + 1}`)
  db.close()
  const before = readFileSync(path)
  await expect(SqliteUpdateLog.open({ dataFolder: folder.path, retryMs: 10_000 })).rejects.toThrow(/newer Tidebook.*Nothing was changed/)
  expect(readFileSync(path).equals(before)).toBe(true)
})

test.each([
  [
    'text instead of a database',
    (bytes: Buffer) => Buffer.from('this is a shopping list, not a database'.repeat(Math.ceil(bytes.length / 40))),
  ],
  ['a page overwritten', (bytes: Buffer) => Buffer.concat([bytes.subarray(0, 4096), Buffer.alloc(8192, 0xab), bytes.subarray(12_288)])],
  ['the end cut off', (bytes: Buffer) => bytes.subarray(0, bytes.length - 6_000)],
])('[L10] a damaged database is named and left untouched: %s', async (_what, damage) => {
  await using folder = await tempFolder()
  await (await SqliteUpdateLog.open({ dataFolder: folder.path, retryMs: 10_000 })).stop()
  const path = databasePath(folder.path)
  const damaged = damage(readFileSync(path))
  writeFileSync(path, damaged)
  const error = await SqliteUpdateLog.open({ dataFolder: folder.path, retryMs: 10_000 }).catch((caught: unknown) => caught)
  expect(String(error)).toContain(path)
  expect(String(error)).toMatch(/damaged.*left as it is.*backup/)
  expect(readFileSync(path).equals(damaged)).toBe(true)
})

test('[L10] a data folder that cannot be used is named', async () => {
  await using folder = await tempFolder()
  writeFileSync(`${folder.path}/file`, '')
  await expect(SqliteUpdateLog.open({ dataFolder: `${folder.path}/file/data`, retryMs: 10_000 })).rejects.toThrow(
    /file\/data.*cannot be opened/,
  )
})

test('[L1] the log may be used right after it was opened many times', async () => {
  await using folder = await tempFolder()
  for (let i = 0; i < 3; i++) {
    const log = await SqliteUpdateLog.open({ dataFolder: folder.path, retryMs: 10_000 })
    log.append(record(String(i)))
    await log.stop()
  }
  expect(loggedTexts(folder.path)).toEqual(['0', '1', '2'])
})

test('[RL14] cells that a plan held before they had a word of their own are told by their place: as many as the plan counted', () => {
  using db = new DatabaseSync(':memory:')
  db.exec('CREATE TABLE runs (id TEXT PRIMARY KEY, counts TEXT); CREATE TABLE run_cells (id INTEGER PRIMARY KEY, run TEXT, outcome TEXT)')
  db.exec(`INSERT INTO runs VALUES ('a', '{"held":2}'), ('b', '{"held":0}')`)
  const outcomes = ['held', 'held', 'moved-on', 'held', 'pushed']
  for (const run of ['a', 'b'])
    for (const outcome of outcomes) db.prepare('INSERT INTO run_cells (run, outcome) VALUES (?,?)').run(run, outcome)
  for (const sql of MIGRATIONS.find(({ name }) => name.startsWith('cells that the plan held'))?.statements ?? []) db.exec(sql)
  const found = db.prepare('SELECT outcome FROM run_cells ORDER BY id').all()
  expect(found.map(({ outcome }) => outcome)).toEqual(['not-planned', 'not-planned', 'moved-on', 'held', 'pushed', ...outcomes])
})
