import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RunningServer, startServer } from '../../server/start.ts'
import { databasePath } from '../../server/storage/database.ts'
import { apiClient } from '../support/api.ts'
import { testConfig } from '../support/shell-server.ts'
import { tempFolder } from '../support/temp-folder.ts'

type Api = ReturnType<typeof apiClient>

let folder: Awaited<ReturnType<typeof tempFolder>>
let server: RunningServer
let api: Api

beforeAll(async () => {
  folder = await tempFolder()
  server = await startServer(testConfig(folder.path))
  api = apiClient(server.origin, server.bearerToken)
})

afterAll(async () => {
  await server?.stop()
  await folder?.[Symbol.asyncDispose]()
})

const makeWorkbook = async () => {
  const { id } = await api.call('createWorkbook', { body: { name: 'Plans' } })
  const first = (await api.call('getWorkbook', { params: { id } })).sheets[0]?.id ?? ''
  return { id, first }
}
const namesOf = async (id: string) => (await api.call('getWorkbook', { params: { id } })).sheets.map(({ name }) => name)

describe('sheets of a workbook', () => {
  test('[ST1] a sheet is added behind the last or where it is asked for, with a name no other has', async () => {
    const { id, first } = await makeWorkbook()
    const { sheet } = await api.call('createSheet', { params: { id }, body: {} })
    expect(sheet.name).toBe('Sheet 2')
    await api.call('createSheet', { params: { id }, body: { name: 'sheet 2', after: first } })
    await api.call('createSheet', { params: { id }, body: { name: 'Front', after: null } })
    expect(await namesOf(id)).toEqual(['Front', 'Sheet 1', 'sheet 2 2', 'Sheet 2'])
    const { fields } = await api.call('getRows', { params: { id, sheet: sheet.id } })
    expect(fields.map(({ name }) => name)).toEqual(['Name', 'Notes'])
  })

  test('[ST2] a sheet is renamed and put elsewhere', async () => {
    const { id, first } = await makeWorkbook()
    const { sheet } = await api.call('createSheet', { params: { id }, body: { name: 'Second' } })
    await api.call('patchSheet', { params: { id, sheet: sheet.id }, body: { name: '  Done ', after: null } })
    expect(await namesOf(id)).toEqual(['Done', 'Sheet 1'])
    await api.call('patchSheet', { params: { id, sheet: sheet.id }, body: { after: first } })
    expect(await namesOf(id)).toEqual(['Sheet 1', 'Done'])
    const refused = await api.send('patchSheet', { params: { id, sheet: sheet.id }, body: { name: ' \u200b ' } })
    expect(refused.status).toBe(400)
  })

  test('[ST3] a deleted sheet is kept with its rows and comes back; the last one stays', async () => {
    const { id, first } = await makeWorkbook()
    const { sheet } = await api.call('createSheet', { params: { id }, body: {} })
    const { fields } = await api.call('getRows', { params: { id, sheet: sheet.id } })
    await api.call('addRows', { params: { id, sheet: sheet.id }, body: { rows: [{ [fields[0]?.id ?? '']: 'kept' }] } })
    await api.call('deleteSheet', { params: { id, sheet: sheet.id } })
    expect(await namesOf(id)).toEqual(['Sheet 1'])
    expect((await api.call('getWorkbook', { params: { id } })).removedSheets.map((s) => s.id)).toEqual([sheet.id])
    const last = await api.send('deleteSheet', { params: { id, sheet: first } })
    expect(last.status).toBe(409)
    await api.call('patchSheet', { params: { id, sheet: sheet.id }, body: { isDeleted: false } })
    expect(await namesOf(id)).toEqual(['Sheet 1', 'Sheet 2'])
    const { rows } = await api.call('getRows', { params: { id, sheet: sheet.id } })
    expect(Object.values(rows[0]?.values ?? {})).toContain('kept')
  })

  test('[ST4] a copy has the fields, rows and order of its sheet and nothing that ties them together', async () => {
    const { id, first } = await makeWorkbook()
    const { fields } = await api.call('getRows', { params: { id, sheet: first } })
    const name = fields[0]?.id ?? ''
    const rows = Array.from({ length: 2_300 }, (_, i) => ({ [name]: `Row ${i}` }))
    await api.call('addRows', { params: { id, sheet: first }, body: { rows } })
    const copy = await api.call('createSheet', { params: { id }, body: { copyOf: first } })
    expect(copy).toMatchObject({ rows: 2_300, sheet: { name: 'Copy of Sheet 1' } })
    const shown = await api.call('getRows', { params: { id, sheet: copy.sheet.id }, query: { format: 'json', offset: 2_298, limit: 10 } })
    expect(shown.total).toBe(2_300)
    expect(shown.rows.map(({ values }) => Object.values(values)[0])).toEqual(['Row 2298', 'Row 2299'])
    expect(shown.fields.map((field) => field.name)).toEqual(['Name', 'Notes'])
    expect(shown.fields[0]?.id).not.toBe(name)
    const [row] = shown.rows
    await api.call('editCells', {
      params: { id, sheet: copy.sheet.id },
      body: { cells: [{ row: row?.row ?? '', field: shown.fields[0]?.id ?? '', value: 'other' }] },
    })
    const source = await api.call('getRows', { params: { id, sheet: first }, query: { format: 'json', offset: 2_298, limit: 1 } })
    expect(source.rows[0]?.values[name]).toBe('Row 2298')
  })

  test('[ST5] a sheet of another workbook is none of this one', async () => {
    const one = await makeWorkbook()
    const other = await makeWorkbook()
    for (const [name, body] of [
      ['patchSheet', { name: 'Mine' }],
      ['deleteSheet', undefined],
    ] as const) {
      const answer = await api.send(name, { params: { id: one.id, sheet: other.first }, ...(body && { body }) })
      expect(answer.status).toBe(404)
    }
    const copy = await api.send('createSheet', { params: { id: one.id }, body: { copyOf: other.first } })
    expect(copy.status).toBe(404)
    expect(await namesOf(other.id)).toEqual(['Sheet 1'])
  })
})

test('[ST8] the list of workbooks says how much is in each from what was counted when its sheets were closed', async () => {
  await using own = await tempFolder()
  const first = await startServer(testConfig(own.path))
  const on = apiClient(first.origin, first.bearerToken)
  const { id } = await on.call('createWorkbook', { body: { name: 'Counted' } })
  const sheet = (await on.call('getWorkbook', { params: { id } })).sheets[0]?.id ?? ''
  await on.call('addRows', { params: { id, sheet }, body: { rows: [{}, {}, {}] } })
  const rowsOf = async (of: Api) => (await of.call('listWorkbooks')).workbooks.map(({ rows }) => rows)
  expect(await rowsOf(on)).toEqual([3])
  expect(countedIn(own.path)).toEqual([null])
  await first.stop()
  expect(countedIn(own.path)).toEqual([3])

  const again = await startServer(testConfig(own.path))
  const next = apiClient(again.origin, again.bearerToken)
  expect(await rowsOf(next)).toEqual([3])
  // A sheet that is opened is not known until it is closed: nobody has opened it for the list.
  expect(countedIn(own.path)).toEqual([3])
  await next.call('addRows', { params: { id, sheet }, body: { rows: [{}] } })
  expect(await rowsOf(next)).toEqual([4])
  await again.stop()
})

test('[ST15] how many records each connection is tied to is known without opening its sheet', async () => {
  await using own = await tempFolder()
  const linked = async (of: Api) => {
    const [workbook] = (await of.call('listWorkbooks')).workbooks
    const { connections } = await of.call('getWorkbook', { params: { id: workbook?.id ?? '' } })
    return connections.map(({ linkedRecords }) => linkedRecords)
  }
  const first = await startServer(testConfig(own.path, { hasSandbox: true }))
  const before = await linked(apiClient(first.origin, first.bearerToken))
  expect(before[1]).toBe(60)
  await first.stop()
  const again = await startServer(testConfig(own.path, { hasSandbox: true }))
  const api = apiClient(again.origin, again.bearerToken)
  expect(await linked(api)).toEqual(before)
  expect(countedIn(own.path)).toEqual(before)
  const [jira] = (await api.call('listConnections')).connections
  const { hits } = await api.call('search', { params: { id: jira?.id ?? '' }, body: { keys: ['TB-1'] } })
  await api.call('unlink', { params: { id: jira?.id ?? '', row: hits[0]?.linkedRow ?? '' } })
  expect(await linked(api)).toEqual([(before[0] ?? 0) - 1, before[1]])
  await again.stop()
})

/** What the table says of every sheet. */
function countedIn(folder: string): (number | null)[] {
  using db = new DatabaseSync(databasePath(folder), { readOnly: true })
  return db
    .prepare('SELECT row_count FROM sheets')
    .all()
    .map((row) => row.row_count as number | null)
}
