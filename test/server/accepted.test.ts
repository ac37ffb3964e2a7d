import { afterAll, beforeAll, expect, test } from 'vitest'
import * as Y from 'yjs'
import { contract } from '../../server/api/contract.ts'
import { authFrame, FRAME, SYNC, syncFrame } from '../../server/collab-frames.ts'
import { type RunningServer, startServer } from '../../server/start.ts'
import { editsName } from '../../workbook/schema.ts'
import { apiClient } from '../support/api.ts'
import { RawClient } from '../support/collab-client.ts'
import { BareBrowser, codeOf } from '../support/guest.ts'
import { testConfig } from '../support/shell-server.ts'
import { tempFolder } from '../support/temp-folder.ts'

let folder: Awaited<ReturnType<typeof tempFolder>>
let server: RunningServer
let api: ReturnType<typeof apiClient>
let book: { id: string; sheet: string; connection: string; summary: string; rows: readonly string[] }

beforeAll(async () => {
  folder = await tempFolder()
  server = await startServer(testConfig(folder.path, { hasSandbox: true }))
  api = apiClient(server.origin, server.bearerToken)
  const [workbook] = (await api.call('listWorkbooks')).workbooks
  const { id, sheets, connections } = await api.call('getWorkbook', { params: { id: workbook?.id ?? '' } })
  const jira = connections.find((c) => c.integration.app === 'jira')
  const sheet = jira?.sheet ?? sheets[0]?.id ?? ''
  const { fields, rows } = await api.call('getRows', { params: { id, sheet } })
  const summary = fields.find((f) => f.name === 'Summary')?.id ?? ''
  book = { id, sheet, connection: jira?.id ?? '', summary, rows: rows.map((r) => r.row) }
})

afterAll(async () => {
  await server?.stop()
  await folder?.[Symbol.asyncDispose]()
})

const control = (body: unknown) =>
  fetch(`${server.origin}/sandbox/control`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${server.bearerToken}` },
    body: JSON.stringify(body),
  })

/** The stand-in saves the next summary in capitals: a warning for the row's cell. */
async function warn(row: string, value: string) {
  expect((await control({ app: 'jira', faults: [{ kind: 'quirk-capitals', next: 1, match: { field: 'summary' } }] })).status).toBe(200)
  await api.call('editCells', { params: { id: book.id, sheet: book.sheet }, body: { cells: [{ row, field: book.summary, value }] } })
  const { run } = await api.call('startSync', { params: { id: book.connection }, body: {} })
  await api.runEnded(run)
  return openOn(row)
}
async function openOn(row: string) {
  const { annotations } = await api.call('listAnnotations', { query: { sheet: book.sheet } })
  return annotations.find((a) => a.row === row)
}
const accepted = async () => (await api.call('listAccepted', { params: { id: book.connection } })).accepted

async function guestEditor() {
  const { token } = await api.call('createLink', { body: { workbook: book.id, role: 'editor' } })
  const browser = new BareBrowser(server.origin)
  const entered = await browser.enter(token)
  return { browser, person: (entered.body as { person: { id: string } }).person.id }
}

test('[CO6] a guest’s “always accept” is refused over HTTP, and the warning stays', async () => {
  const row = book.rows[0] ?? ''
  const warning = await warn(row, 'Write the launch note')
  expect(warning).toMatchObject({ kind: 'differs', choices: ['keep-app', 'send-again', 'accept-kind'] })
  const { browser } = await guestEditor()
  const listed = await browser.call(contract.listAnnotations, { query: { sheet: book.sheet } })
  expect(listed.body).toMatchObject({ annotations: [{ row, choices: ['keep-app', 'send-again'] }] })
  const answer = await browser.call(contract.chooseAnnotation, {
    params: { id: warning?.id ?? '' },
    body: { sheet: book.sheet, choice: 'accept-kind' },
  })
  expect([answer.status, codeOf(answer)]).toEqual([403, 'members-only'])
  expect((await browser.call(contract.listAccepted, { params: { id: book.connection } })).status).toBe(403)
  expect(
    (await browser.call(contract.removeAccepted, { params: { id: book.connection, field: book.summary, kind: 'capitals' } })).status,
  ).toBe(403)
  expect([await accepted(), (await openOn(row))?.id]).toEqual([[], warning?.id])
})

test('[CO6] nor does it work where a guest writes the choice into the edits document themselves', async () => {
  const row = book.rows[1] ?? ''
  const warning = await warn(row, 'Fix the sign-in')
  const { browser, person } = await guestEditor()
  const { sent, got } = (warning ?? { annotation: {} }).annotation as { sent: string; got: string }
  using client = await RawClient.connect(server.origin.replace('http', 'ws'), { headers: browser.socketHeaders })
  const docName = editsName(book.sheet as never, 0)
  client.send(authFrame(docName, 'cookie'))
  client.send(syncFrame(docName, SYNC.step1, Y.encodeStateVector(new Y.Doc())))
  await client.next((frame) => frame.type === FRAME.sync && frame.detail === SYNC.step2)
  client.send(syncFrame(docName, SYNC.step2, Y.encodeStateAsUpdate(new Y.Doc())))
  await client.next((frame) => frame.type === FRAME.syncStatus)
  const doc = new Y.Doc()
  const choice = { row, field: book.summary, kind: 'differs', answered: JSON.stringify([sent, got]), item: null, at: 1 }
  doc.getMap('resolutions').set(warning?.id ?? '', { ...choice, answer: { choice: 'accept-kind' }, by: 'script' })
  client.sendUpdate(docName, Y.encodeStateAsUpdate(doc))
  await client.acked(2)
  expect([person.length > 0, await accepted(), (await openOn(row))?.id]).toEqual([true, [], warning?.id])
})

test('[CO5] a member’s is kept with who and when, holds for the next pull, and ends when it is removed', async () => {
  const row = book.rows[2] ?? ''
  const warning = await warn(row, 'Plan the party')
  const params = { id: warning?.id ?? '' }
  expect(await api.call('chooseAnnotation', { params, body: { sheet: book.sheet, choice: 'accept-kind' } })).toEqual({ outcome: 'applied' })
  const [one, ...others] = await accepted()
  expect([one, others]).toMatchObject([{ field: book.summary, fieldName: 'Summary', kind: 'capitals', by: 'script' }, []])
  expect(one?.at).toBeGreaterThan(0)
  expect(await warn(row, 'Plan the dinner')).toBeUndefined()
  const at = { id: book.connection, field: book.summary, kind: 'capitals' as const }
  await api.call('removeAccepted', { params: at })
  expect(await accepted()).toEqual([])
  expect((await api.send('removeAccepted', { params: at })).status).toBe(404)
  expect(await warn(row, 'Plan the lunch')).toMatchObject({ kind: 'differs' })
})

test('[CO7] how many cells wait for a person is told sheet by sheet', async () => {
  const { sheets } = await api.call('listNeeding', { params: { id: book.id } })
  expect(sheets).toContainEqual(expect.objectContaining({ sheet: book.sheet, cells: 3 }))
  const { browser } = await guestEditor()
  expect((await browser.call(contract.listNeeding, { params: { id: book.id } })).body).toEqual({ sheets })
})
