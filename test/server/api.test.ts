import { afterAll, beforeAll, expect, test } from 'vitest'
import { type RunningServer, startServer } from '../../server/start.ts'
import { apiClient } from '../support/api.ts'
import { testConfig } from '../support/shell-server.ts'
import { tempFolder } from '../support/temp-folder.ts'

let folder: Awaited<ReturnType<typeof tempFolder>>
let server: RunningServer
let api: ReturnType<typeof apiClient>
let book: { id: string; sheet: string; connection: string; fields: Record<string, string> }

beforeAll(async () => {
  folder = await tempFolder()
  server = await startServer(testConfig(folder.path, { hasSandbox: true }))
  api = apiClient(server.origin, server.bearerToken)
  const [workbook] = (await api.call('listWorkbooks')).workbooks
  const { id, sheets, connections } = await api.call('getWorkbook', { params: { id: workbook?.id ?? '' } })
  const { fields } = await api.call('getRows', { params: { id, sheet: sheets[0]?.id ?? '' } })
  book = {
    id,
    sheet: sheets[0]?.id ?? '',
    connection: connections[0]?.id ?? '',
    fields: Object.fromEntries(fields.map((f) => [f.name, f.id])),
  }
})

afterAll(async () => {
  await server?.stop()
  await folder?.[Symbol.asyncDispose]()
})

const rows = () => api.call('getRows', { params: { id: book.id, sheet: book.sheet } })
const field = (name: string): string => book.fields[name] ?? `no field ${name}`

test('[A1] a first start opens in a workbook of sixty live rows', async () => {
  const { total, rows: found } = await rows()
  expect(total).toBe(60)
  expect(found[0]?.values[field('Key')]).toBe('TB-1')
  expect(found.every((r) => typeof r.values[field('Summary')] === 'string' && r.staged.length === 0)).toBe(true)
})

test('[A2] cells are written as typing does, read-only ones are named and left alone', async () => {
  const row = (await rows()).rows[3]?.row ?? ''
  const answer = await api.call('editCells', {
    params: { id: book.id, sheet: book.sheet },
    body: {
      cells: [
        { row, field: field('Summary'), value: 'Typed by a script' },
        { row, field: field('Key'), value: 'TB-999' },
      ],
    },
  })
  expect(answer).toEqual({ written: 1, readOnly: [{ row, field: field('Key'), reason: "This is the record's key in Jira." }] })
  const after = (await rows()).rows[3]
  expect([after?.values[field('Summary')], after?.staged]).toEqual(['Typed by a script', [field('Summary')]])
  const { story } = await api.call('getStory', { params: { sheet: book.sheet, row, field: field('Summary') } })
  expect(story[0]).toMatchObject({ kind: 'edit', by: 'script', value: 'Typed by a script' })
})

test('[A3] a cell that does not exist is refused as a whole request', async () => {
  const response = await api.send('editCells', {
    params: { id: book.id, sheet: book.sheet },
    body: { cells: [{ row: 'nosuchrow', field: field('Summary'), value: 'x' }] },
  })
  expect(response.status).toBe(400)
  expect(await response.json()).toMatchObject({ error: { code: 'bad-request', message: expect.stringContaining('nosuchrow') } })
})

test('[A4] rows are added, and come back as JSON and as defused CSV', async () => {
  const { workbooks: before } = await api.call('listWorkbooks')
  const { id } = await api.call('createWorkbook', { body: { name: 'Plain' } })
  const { sheets } = await api.call('getWorkbook', { params: { id } })
  const sheet = sheets[0]?.id ?? ''
  const { fields } = await api.call('getRows', { params: { id, sheet } })
  const [name, notes] = fields.map((f) => f.id)
  await api.call('addRows', {
    params: { id, sheet },
    body: { rows: [{ [name ?? '']: 'one', [notes ?? '']: '=1+1' }, { [name ?? '']: 'two, "quoted"' }] },
  })
  expect((await api.call('getRows', { params: { id, sheet } })).rows.map((r) => r.values[name ?? ''])).toEqual(['one', 'two, "quoted"'])
  const csv = await api.send('getRows', { params: { id, sheet }, query: { format: 'csv' } })
  expect(csv.headers.get('content-type')).toContain('text/csv')
  expect(await csv.text()).toBe('Name,Notes\r\none,\'=1+1\r\n"two, ""quoted""",\r\n')
  expect((await api.call('listWorkbooks')).workbooks).toHaveLength(before.length + 1)
})

test('[A5] a sync is previewed, run by its plan, logged to the call and the cell, and charged', async () => {
  const ask = { params: { id: book.connection } }
  const row = (await rows()).rows[7]?.row ?? ''
  await api.call('editCells', {
    params: { id: book.id, sheet: book.sheet },
    body: { cells: [{ row, field: field('Priority'), value: 'Lowest' }] },
  })
  const preview = await api.call('previewSync', { ...ask, body: { mode: 'two-way' } })
  expect(preview.totalCredits).toBe(preview.push.length + 60)
  const { run } = await api.call('startSync', { ...ask, body: { mode: 'two-way', planId: preview.planId } })
  const ended = await api.runEnded(run)
  expect(ended).toMatchObject({ state: 'settled', totalCredits: preview.totalCredits, queuePlace: 0 })
  expect(ended.counts.planned).toBe(ended.counts.pushed + ended.counts.refused + ended.counts.skipped + ended.counts.unknown)
  expect(ended.calls.map((c) => c.kind)).toEqual([
    'check',
    ...preview.calls.flatMap((c) => (c.lookup ? ['lookup', 'write'] : ['write'])),
    'pull',
  ])
  expect(ended.cells).toContainEqual(
    expect.objectContaining({ row, fieldName: 'Priority', value: 'Lowest', got: 'Lowest', outcome: 'pushed' }),
  )
  const { entries } = await api.call('getCredits', { query: { connection: book.connection } })
  expect(entries.filter((e) => e.run === run).reduce((sum, e) => sum + e.total, 0)).toBe(preview.totalCredits)
  const story = await api.call('getStory', { params: { sheet: book.sheet, row, field: field('Priority') } })
  expect(story.story.map((s) => s.kind)).toEqual(['pushed', 'edit'])
})

test('[A6] a run of a forgotten preview is refused, nothing is sent', async () => {
  const response = await api.send('startSync', { params: { id: book.connection }, body: { mode: 'two-way', planId: 'never' } })
  expect(response.status).toBe(409)
  expect(await response.json()).toMatchObject({ error: { code: 'plan-changed' } })
})

test('[A7] an integration that is switched off makes no call, and staged cells say why', async () => {
  const { integrations } = await api.call('listIntegrations')
  const id = integrations[0]?.id ?? ''
  await api.call('patchIntegration', { params: { id }, body: { isOn: false } })
  const runsBefore = (await api.call('listRuns', { query: { connection: book.connection } })).runs.length
  const refused = await api.send('startSync', { params: { id: book.connection }, body: { mode: 'two-way' } })
  expect([refused.status, (await refused.json()).error.code]).toEqual([409, 'paused'])
  expect((await api.call('listRuns', { query: { connection: book.connection } })).runs).toHaveLength(runsBefore)
  const row = (await rows()).rows[9]?.row ?? ''
  const edit = await api.call('editCells', {
    params: { id: book.id, sheet: book.sheet },
    body: { cells: [{ row, field: field('Summary'), value: 'Held' }] },
  })
  expect(edit.written).toBe(1)
  const preview = await api.call('previewSync', { params: { id: book.connection }, body: { mode: 'two-way' } })
  expect(preview.held).toEqual([expect.objectContaining({ reason: 'direction', text: 'Jira is switched off.' })])
  await api.call('patchIntegration', { params: { id }, body: { isOn: true } })
})

test('[A8] an object that only pulls prevents typing and says which level decides', async () => {
  const { integrations } = await api.call('listIntegrations')
  const [integration] = integrations
  const params = { id: integration?.id ?? '', object: integration?.objects[0]?.id ?? '' }
  await api.call('patchObject', { params, body: { direction: 'pull' } })
  const row = (await rows()).rows[11]?.row ?? ''
  const answer = await api.call('editCells', {
    params: { id: book.id, sheet: book.sheet },
    body: { cells: [{ row, field: field('Summary'), value: 'No' }] },
  })
  expect(answer).toEqual({ written: 0, readOnly: [{ row, field: field('Summary'), reason: 'This object only pulls from Jira.' }] })
  await api.call('patchObject', { params, body: { direction: 'push-pull' } })
})

test('[A9] a search costs one credit, by key one a read call, and names what it did not find', async () => {
  const byName = await api.call('search', { params: { id: book.connection }, body: { name: 'launch' } })
  expect(byName.credits).toBe(1)
  expect(byName.hits.some((h) => h.key === 'TB-1' && h.linkedRow !== null)).toBe(true)
  const byKey = await api.call('search', { params: { id: book.connection }, body: { keys: ['TB-2', 'TB-99999'] } })
  expect([byKey.hits.map((h) => h.key), byKey.missing, byKey.credits]).toEqual([['TB-2'], ['TB-99999'], 1])
  const nothing = await api.call('search', { params: { id: book.connection }, body: { name: 'zzzz' } })
  expect([nothing.hits, nothing.credits]).toEqual([[], 1])
  expect(nothing.note).toContain('Paste the record')
})

test('[A10] a record that a row holds is not linked to another one', async () => {
  const found = (await rows()).rows
  const { hits } = await api.call('search', { params: { id: book.connection }, body: { keys: ['TB-2'] } })
  const response = await api.send('link', {
    params: { id: book.connection },
    body: { links: [{ row: found[0]?.row, recordId: hits[0]?.id }] },
  })
  expect([response.status, (await response.json()).error.code]).toEqual([409, 'already-linked'])
})

test('[A11] a row that is unlinked keeps what it shows, and can be linked again', async () => {
  const target = (await rows()).rows[20]
  const row = target?.row ?? ''
  await api.call('unlink', { params: { id: book.connection, row } })
  const unlinked = (await rows()).rows[20]
  expect([unlinked?.values[field('Key')], unlinked?.values[field('Summary')]]).toEqual([null, target?.values[field('Summary')]])
  const { hits } = await api.call('search', { params: { id: book.connection }, body: { keys: [String(target?.values[field('Key')])] } })
  const { run } = await api.call('link', { params: { id: book.connection }, body: { links: [{ row, recordId: hits[0]?.id ?? '' }] } })
  expect(await api.runEnded(run)).toMatchObject({ state: 'settled', totalCredits: 1, counts: { linked: 1 } })
  expect((await rows()).rows[20]?.values[field('Key')]).toBe(target?.values[field('Key')])
})

test('[A12] a body that does not fit the contract is refused with the place in it', async () => {
  const response = await api.send('startSync', { params: { id: book.connection }, body: { mode: 'sideways' } as never })
  expect(response.status).toBe(400)
  expect((await response.json()).error.details).toEqual([expect.objectContaining({ at: 'mode' })])
})
