import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { readSheet } from 'read-excel-file/node'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { inspectFile } from '../../app/files/read-file.ts'
import { importedRow } from '../../server/imports.ts'
import { type RunningServer, startServer } from '../../server/start.ts'
import type { CellValue } from '../../workbook/cell-value.ts'
import { apiClient } from '../support/api.ts'
import { testConfig } from '../support/shell-server.ts'
import { tempFolder } from '../support/temp-folder.ts'

type Api = ReturnType<typeof apiClient>
type Folder = Awaited<ReturnType<typeof tempFolder>>

let folder: Folder
let server: RunningServer
let api: Api

beforeAll(async () => {
  folder = await tempFolder()
  server = await startServer(testConfig(folder.path, { hasSandbox: true }))
  api = apiClient(server.origin, server.bearerToken)
})

afterAll(async () => {
  await server?.stop()
  await folder?.[Symbol.asyncDispose]()
})

async function makeSheet(on: Api = api): Promise<{ id: string; sheet: string; fields: Record<string, string> }> {
  const { id } = await on.call('createWorkbook', { body: { name: 'Imports' } })
  const { sheets } = await on.call('getWorkbook', { params: { id } })
  const sheet = sheets[0]?.id ?? ''
  const { fields } = await on.call('getRows', { params: { id, sheet } })
  return { id, sheet, fields: Object.fromEntries(fields.map((f) => [f.name, f.id])) }
}

const COLUMNS = [
  { name: 'Company', type: 'text' as const },
  { name: 'Size', type: 'number' as const },
  { name: 'Stage', type: 'single-select' as const, options: [{ id: 'o1', name: 'Open' }] },
]
const rowOf = (i: number): CellValue[] => [`Company ${i}`, i, i % 2 === 0 ? 'o1' : null]

async function upload(on: Api, where: { id: string; sheet: string }, count: number, more: { newSheet?: string } = {}): Promise<string> {
  const params = { id: where.id, sheet: where.sheet }
  const started = await on.call('startImport', { params, body: { name: 'companies.csv', columns: COLUMNS, rows: count, ...more } })
  for (let chunk = 0; chunk * 1_000 < count; chunk++) {
    const rows = Array.from({ length: Math.min(1_000, count - chunk * 1_000) }, (_, i) => rowOf(chunk * 1_000 + i))
    await on.call('addImportRows', { params: { id: started.id }, body: { chunk, rows } })
  }
  return started.id
}

async function ended(on: Api, id: string) {
  for (;;) {
    const status = await on.call('getImport', { params: { id } })
    if (status.state !== 'writing' && status.state !== 'undoing' && status.state !== 'uploading') return status
    await new Promise((resolve) => setImmediate(resolve))
  }
}

const rowsOf = (on: Api, where: { id: string; sheet: string }, limit = 10_000) =>
  on.call('getRows', { params: { id: where.id, sheet: where.sheet }, query: { limit } })

describe('an import', () => {
  test('[CS16] is in the sheet as a whole once it is committed, in the order of the file, with its new fields', async () => {
    const where = await makeSheet()
    const id = await upload(api, where, 2_500)
    expect((await rowsOf(api, where)).total).toBe(0)
    await api.call('commitImport', { params: { id } })
    const done = await ended(api, id)
    expect(done).toMatchObject({ state: 'done', rows: 2_500, written: 2_500, chunks: [] })
    const { total, fields, rows } = await rowsOf(api, where)
    expect([total, fields.map((f) => f.name)]).toEqual([2_500, ['Name', 'Notes', 'Company', 'Size', 'Stage']])
    const values = rows.map((r) => done.fields.map((f) => r.values[f]))
    expect(values).toEqual(Array.from({ length: 2_500 }, (_, i) => rowOf(i)))
    expect(rows[0]?.row).toBe(done.firstRow)
    expect(rows.every((r) => r.staged.length === 0)).toBe(true)
  })

  test('[CS16] is taken back and brought in again as one step', async () => {
    const where = await makeSheet()
    const id = await upload(api, where, 1_200)
    await api.call('commitImport', { params: { id } })
    await ended(api, id)
    expect((await api.call('undoImport', { params: { id }, body: { isUndone: true } })).state).toBe('undone')
    const gone = await rowsOf(api, where)
    expect([gone.total, gone.fields.length]).toEqual([0, 2])
    await api.call('undoImport', { params: { id }, body: { isUndone: false } })
    const back = await rowsOf(api, where)
    expect([back.total, back.fields.length]).toEqual([1_200, 5])
  })

  test('[CS17] that is cancelled while it is uploaded leaves nothing; one that is written is taken out again', async () => {
    const where = await makeSheet()
    const early = await upload(api, where, 1_500)
    expect((await api.call('cancelImport', { params: { id: early } })).state).toBe('cancelled')
    const refused = await api.send('commitImport', { params: { id: early } })
    expect([refused.status, (await rowsOf(api, where)).fields.length]).toEqual([409, 2])
    const late = await upload(api, where, 12_000)
    await api.call('commitImport', { params: { id: late } })
    const cancelled = await api.call('cancelImport', { params: { id: late } })
    expect(['undoing', 'cancelled']).toContain(cancelled.state)
    expect(await ended(api, late)).toMatchObject({ state: 'cancelled', chunks: [] })
    const left = await rowsOf(api, where)
    expect([left.total, left.fields.length]).toEqual([0, 2])
    const over = await api.send('cancelImport', { params: { id: early } })
    expect(over.status).toBe(200)
  })

  test('[CS17] makes a sheet of its own where it is asked to, and takes it away where it is cancelled', async () => {
    const where = await makeSheet()
    const id = await upload(api, where, 3, { newSheet: 'Companies' })
    await api.call('commitImport', { params: { id } })
    const done = await ended(api, id)
    const { sheets } = await api.call('getWorkbook', { params: { id: where.id } })
    expect(sheets.map((s) => s.name)).toEqual(['Sheet 1', 'Companies'])
    const { total, fields } = await rowsOf(api, { id: where.id, sheet: done.sheet })
    expect([total, fields.map((f) => f.name)]).toEqual([3, ['Company', 'Size', 'Stage']])
    const other = await upload(api, where, 9_000, { newSheet: 'Not wanted' })
    await api.call('commitImport', { params: { id: other } })
    await api.call('cancelImport', { params: { id: other } })
    await ended(api, other)
    expect((await api.call('getWorkbook', { params: { id: where.id } })).sheets.map((s) => s.name)).toEqual(['Sheet 1', 'Companies'])
  })

  test('[CS18] is refused as a whole where a value, a field, a count or a right does not fit, and says where', async () => {
    const where = await makeSheet()
    const params = { id: where.id, sheet: where.sheet }
    const { id } = await api.call('startImport', { params, body: { name: 'x', columns: COLUMNS, rows: 2 } })
    const bad: [CellValue[], string][] = [
      [['a', 'two', null], 'row 1, column 2 is no number'],
      [['a', 1, 'o9'], 'row 1, column 3 is not one of the options'],
      [['a', 1], 'Row 1 has 2 values, not 3'],
      [[5, 1, null], 'row 1, column 1 is no text'],
    ]
    for (const [row, message] of bad) {
      const answer = await api.send('addImportRows', { params: { id }, body: { chunk: 0, rows: [row] } })
      expect([answer.status, (await answer.json()) as unknown]).toMatchObject([
        400,
        { error: { message: expect.stringContaining(message) } },
      ])
    }
    const long = await api.send('addImportRows', { params: { id }, body: { chunk: 0, rows: [['x'.repeat(32_001), 1, null]] } })
    expect(long.status).toBe(400)
    await api.call('addImportRows', { params: { id }, body: { chunk: 0, rows: [rowOf(0)] } })
    expect((await api.send('commitImport', { params: { id } })).status).toBe(400)
    expect((await api.send('addImportRows', { params: { id }, body: { chunk: 1, rows: [rowOf(1), rowOf(2)] } })).status).toBe(400)
    const second = await api.send('addImportRows', { params: { id }, body: { chunk: 1, rows: [['a', 1]] } })
    expect(await second.json()).toMatchObject({ error: { message: expect.stringContaining('Row 2 has 2 values') } })
    const columns = [{ field: 'nosuchfield' }]
    expect((await api.send('startImport', { params, body: { name: 'x', columns, rows: 1 } })).status).toBe(400)
    expect((await api.send('startImport', { params, body: { name: 'x', columns: COLUMNS, rows: 200_001 } })).status).toBe(400)
    expect((await api.send('getImport', { params: { id: 'nosuchimport' } })).status).toBe(404)
    const stranger = apiClient(server.origin, 'wrong')
    expect((await stranger.send('getImport', { params: { id } })).status).toBe(401)
    expect((await rowsOf(api, where)).total).toBe(0)
  })

  test('[CS18] takes a chunk that is sent again once', async () => {
    const where = await makeSheet()
    const params = { id: where.id, sheet: where.sheet }
    const { id } = await api.call('startImport', { params, body: { name: 'x', columns: COLUMNS, rows: 2 } })
    for (let i = 0; i < 3; i++) await api.call('addImportRows', { params: { id }, body: { chunk: 0, rows: [rowOf(0), rowOf(1)] } })
    for (let i = 0; i < 2; i++) await api.call('commitImport', { params: { id } })
    await ended(api, id)
    expect((await rowsOf(api, where)).total).toBe(2)
  })

  test('[CS19] writes a connected cell as a person does: staged, in the name of whoever imports', async () => {
    const [workbook] = (await api.call('listWorkbooks')).workbooks.filter((w) => w.name === 'Launch plan')
    const id = workbook?.id ?? ''
    const { sheets } = await api.call('getWorkbook', { params: { id } })
    const sheet = sheets[0]?.id ?? ''
    const { fields, total } = await rowsOf(api, { id, sheet })
    const field = (name: string) => fields.find((f) => f.name === name)?.id ?? ''
    const columns = [{ field: field('Summary') }, { field: field('Notes') }]
    const { id: run } = await api.call('startImport', { params: { id, sheet }, body: { name: 'x', columns, rows: 1 } })
    await api.call('addImportRows', { params: { id: run }, body: { chunk: 0, rows: [['Written here', 'a note']] } })
    await api.call('commitImport', { params: { id: run } })
    const done = await ended(api, run)
    const after = await rowsOf(api, { id, sheet })
    const row = after.rows.find((r) => r.row === done.firstRow)
    expect([after.total, row?.values[field('Summary')], row?.values[field('Notes')]]).toEqual([total + 1, 'Written here', 'a note'])
    const { story } = await api.call('getStory', { params: { sheet, row: done.firstRow ?? '', field: field('Summary') } })
    expect(story[0]).toMatchObject({ value: 'Written here' })
    const readOnly = await api.send('startImport', {
      params: { id, sheet },
      body: { name: 'x', columns: [{ field: field('Key') }], rows: 1 },
    })
    expect(readOnly.status).toBe(400)
  })

  test('[CS12] an export is streamed whole, defused unless raw values are asked for, with a mark where it is wanted', async () => {
    const where = await makeSheet()
    const params = { id: where.id, sheet: where.sheet }
    const columns = [{ field: where.fields.Name ?? '' }]
    const { id } = await api.call('startImport', { params, body: { name: 'x', columns, rows: 3 } })
    await api.call('addImportRows', { params: { id }, body: { chunk: 0, rows: [['=1+1'], ['plain'], [null]] } })
    await api.call('commitImport', { params: { id } })
    await ended(api, id)
    const text = async (query: object) => {
      const answer = await api.send('exportRows', { params, query })
      return new TextDecoder('utf-8', { ignoreBOM: true }).decode(await answer.arrayBuffer())
    }
    const fields = where.fields.Name
    expect(await text({ fields })).toBe('Name\r\n\'=1+1\r\nplain\r\n""\r\n')
    expect(await text({ fields, formulas: 'raw', mark: 'yes' })).toBe('\ufeffName\r\n=1+1\r\nplain\r\n""\r\n')
    expect(JSON.parse(await text({ format: 'json' }))).toEqual([
      { Name: '=1+1', Notes: null },
      { Name: 'plain', Notes: null },
      { Name: null, Notes: null },
    ])
  })
})

test('[CS33] the server writes an Excel file too, and makes a field of the currency that a file says', async () => {
  const where = await makeSheet()
  const params = { id: where.id, sheet: where.sheet }
  const columns = [
    { field: where.fields.Name ?? '' },
    { name: 'Price', type: 'currency' as const, options: [], currency: 'CHF' },
    { name: 'At', type: 'date-time' as const, options: [] },
  ]
  const { id } = await api.call('startImport', { params, body: { name: 'x', columns, rows: 1 } })
  await api.call('addImportRows', { params: { id }, body: { chunk: 0, rows: [['=1+1', 12.5, '2026-11-21T10:30:00.000Z']] } })
  await api.call('commitImport', { params: { id } })
  const { fields } = await ended(api, id)
  const answer = await api.send('exportRows', { params, query: { format: 'xlsx', fields: fields.join(',') } })
  expect(answer.headers.get('content-disposition')).toBe('attachment; filename="rows.xlsx"')
  const file = Buffer.from(await answer.arrayBuffer())
  expect(await readSheet(file)).toEqual([
    ['Name', 'Price', 'At'],
    ['=1+1', 12.5, new Date('2026-11-21T10:30:00Z')],
  ])
  const found = await inspectFile(new Blob([file]), {}, { numbers: { decimal: ',', group: '.' }, dates: 'dmy' }, PATIENT)
  expect('kind' in found ? found : found.proposals.map((p) => p.currency)).toEqual([undefined, 'CHF', undefined])
})

const PATIENT = { now: () => 0, pause: async () => undefined, signal: new AbortController().signal, onProgress: () => undefined }

interface Started {
  readonly child: ChildProcess
  readonly api: Api
  readonly kill: () => Promise<void>
}

async function spawnServer(dataFolder: string): Promise<Started> {
  const child = spawn(process.execPath, ['test/support/plain-server.ts', dataFolder], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string]
  const { origin, token } = JSON.parse(line) as { origin: string; token: string }
  const kill = async (): Promise<void> => {
    const gone = once(child, 'close')
    child.kill('SIGKILL')
    await gone
  }
  return { child, api: apiClient(origin, token), kill }
}

test('[CS20] a server that is killed in the middle goes on where it was: every row once, in its order', async () => {
  await using data = await tempFolder()
  const first = await spawnServer(data.path)
  const where = await makeSheet(first.api)
  const id = await upload(first.api, where, 20_000)
  const abandoned = await upload(first.api, where, 1_000)
  await first.api.call('commitImport', { params: { id } })
  let written = 0
  while (written === 0) written = (await first.api.call('getImport', { params: { id } })).written
  await first.kill()
  const second = await spawnServer(data.path)
  try {
    const done = await ended(second.api, id)
    expect(done).toMatchObject({ state: 'done', written: 20_000 })
    const ids: string[] = []
    for (let offset = 0; offset < 20_000; offset += 10_000) {
      const page = await second.api.call('getRows', { params: { id: where.id, sheet: where.sheet }, query: { offset, limit: 10_000 } })
      expect(page.total).toBe(20_000)
      ids.push(...page.rows.map((r) => r.row))
    }
    expect(ids).toEqual(Array.from({ length: 20_000 }, (_, i) => importedRow(id, i)))
    // What was only uploaded waits, and can be gone on with or cancelled.
    expect(await second.api.call('getImport', { params: { id: abandoned } })).toMatchObject({ state: 'uploading', chunks: [0] })
    expect((await second.api.call('cancelImport', { params: { id: abandoned } })).state).toBe('cancelled')
  } finally {
    await second.kill()
  }
}, 60_000)
