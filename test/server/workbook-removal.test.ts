import { once } from 'node:events'
import { afterAll, beforeAll, expect, test } from 'vitest'
import * as Y from 'yjs'
import { contract } from '../../server/api/contract.ts'
import { authFrame, FRAME, SYNC, syncFrame } from '../../server/collab-frames.ts'
import { type RunningServer, startServer } from '../../server/start.ts'
import { bookName, editsName } from '../../workbook/schema.ts'
import { apiClient } from '../support/api.ts'
import { RawClient } from '../support/collab-client.ts'
import { FeedReader } from '../support/feed-reader.ts'
import { BareBrowser, codeOf } from '../support/guest.ts'
import { testConfig } from '../support/shell-server.ts'
import { tempFolder } from '../support/temp-folder.ts'

let folder: Awaited<ReturnType<typeof tempFolder>>
let server: RunningServer
let api: ReturnType<typeof apiClient>
/** The start workbook, tied to the stand-in's Jira. */
let id: string
let sheet: string
let connection: string

async function start(): Promise<void> {
  server = await startServer(testConfig(folder.path, { hasSandbox: true }))
  api = apiClient(server.origin, server.bearerToken)
}

beforeAll(async () => {
  folder = await tempFolder()
  await start()
  id = (await api.call('listWorkbooks')).workbooks[0]?.id ?? ''
  const info = await api.call('getWorkbook', { params: { id } })
  sheet = info.sheets[0]?.id ?? ''
  connection = info.connections.find((c) => c.sheet === sheet)?.id ?? ''
})

afterAll(async () => {
  await server?.stop()
  await folder?.[Symbol.asyncDispose]()
})

async function guestOf(workbook: string): Promise<BareBrowser> {
  const { token } = await api.call('createLink', { body: { workbook, role: 'editor' } })
  const browser = new BareBrowser(server.origin)
  await browser.enter(token)
  return browser
}

const codeIn = async (answer: Response): Promise<string> => ((await answer.json()) as { error: { code: string } }).error.code
const ws = (): string => server.origin.replace('http', 'ws')
const feedOf = (browser: BareBrowser) => FeedReader.connect(ws(), sheet as never, { token: 'cookie', headers: browser.socketHeaders })

/** What somebody is let into a document with: the scope, or why not. */
async function openAs(headers: Record<string, string>, docName: string): Promise<string> {
  using client = await RawClient.connect(ws(), { headers })
  client.send(authFrame(docName, 'cookie'))
  const { detail, payload } = await client.next((frame) => frame.type === FRAME.auth)
  return String(detail ?? payload)
}

const namesOf = async (): Promise<readonly string[]> => (await api.call('listWorkbooks')).workbooks.map(({ name }) => name)
const remove = () => api.call('removeWorkbook', { params: { id } })
const restore = () => api.call('restoreWorkbook', { params: { id } })

test('[WD1] nobody opens a deleted workbook: its sockets end, and every address in it says that it was deleted', async () => {
  const guest = await guestOf(id)
  const { sheets } = await api.call('getWorkbook', { params: { id } })
  const edits = sheets[0]?.documents.edits ?? editsName(sheet as never, 0)
  using reader = await RawClient.connect(ws(), { headers: guest.socketHeaders })
  reader.send(authFrame(bookName(id as never), 'cookie'))
  await reader.next((frame) => frame.type === FRAME.auth)
  // Whoever has but a sheet's feed, or one document by a plain client, is in the workbook too.
  using feed = await feedOf(guest)
  await feed.catchUp([], 1)
  using bridge = await RawClient.connect(ws(), { path: `/yjs/${edits}?token=${server.bearerToken}` })
  bridge.send(syncFrame('', SYNC.step1, Y.encodeStateVector(new Y.Doc())).subarray(1))
  await once(bridge.ws, 'message')
  await remove()
  for (const socket of [reader, feed, bridge]) expect(await socket.closed).toBe(4403)
  expect(await namesOf()).toEqual([])
  for (const [endpoint, params] of [
    ['getWorkbook', { id }],
    ['getRows', { id, sheet }],
    ['listLinks', undefined],
  ] as const) {
    const answer = await api.send(endpoint, { ...(params && { params }), query: { workbook: id } } as never)
    expect([endpoint, answer.status, await codeIn(answer)]).toEqual([endpoint, 404, 'workbook-deleted'])
  }
  const asGuest = await guest.call(contract.getWorkbook, { params: { id } })
  expect([asGuest.status, codeOf(asGuest)]).toEqual([404, 'workbook-deleted'])
  for (const docName of [bookName(id as never), edits])
    expect(await openAs(guest.socketHeaders, docName)).toContain('This workbook was deleted.')
  await restore()
  expect((await guest.call(contract.getWorkbook, { params: { id } })).status).toBe(200)
  expect(await openAs(guest.socketHeaders, edits)).not.toContain('deleted')
})

test('[WD2] its connections rest: nothing is asked of the app, by a person or by a clock, until it is back', async () => {
  await remove()
  const sync = await api.send('startSync', { params: { id: connection }, body: { mode: 'two-way' } })
  expect([sync.status, await codeIn(sync)]).toEqual([404, 'workbook-deleted'])
  const integrations = (await api.call('listIntegrations')).integrations
  const { runs } = await api.call('listRuns', { query: {} })
  for (const { id: integration } of integrations)
    await api.send('syncIntegration', { params: { id: integration }, body: { mode: 'two-way' } })
  expect((await api.call('listRuns', { query: {} })).runs.length).toBe(runs.length)
  // Who deletes the integration is told of it all the same.
  const removals = integrations.map(({ id: integration }) => api.call('previewDeleteIntegration', { params: { id: integration } }))
  const touched = (await Promise.all(removals)).flatMap(({ workbooks }) => workbooks.map(({ name }) => name))
  expect(new Set(touched)).toEqual(new Set(['Launch plan']))
  await restore()
  const { run } = await api.call('startSync', { params: { id: connection }, body: { mode: 'two-way' } })
  expect((await api.runEnded(run)).state).toBe('settled')
})

test('[WD3] brought back, it is as it was: rows and staged edits; over a restart it stays deleted, and no start workbook comes in its place', async () => {
  const { fields, rows } = await api.call('getRows', { params: { id, sheet } })
  const field = fields.find(({ name }) => name === 'Summary')?.id ?? ''
  const row = rows[0]?.row ?? ''
  await api.call('editCells', { params: { id, sheet }, body: { cells: [{ row, field, value: 'staged before' }] } })
  const [before] = (await api.call('listWorkbooks')).workbooks
  await remove()
  await server.stop()
  await start()
  const { workbooks, deleted } = await api.call('listWorkbooks')
  expect(workbooks).toEqual([])
  expect(deleted.map(({ name }) => name)).toEqual(['Launch plan'])
  await restore()
  expect((await api.call('listWorkbooks')).workbooks).toEqual([before])
  expect(before).toMatchObject({ id, staged: 1 })
  const back = await api.call('getRows', { params: { id, sheet } })
  expect(back.rows[0]?.values[field]).toBe('staged before')
  expect((await api.send('restoreWorkbook', { params: { id } })).status).toBe(404)
})
