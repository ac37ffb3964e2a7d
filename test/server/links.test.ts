import { readFileSync } from 'node:fs'
import * as encoding from 'lib0/encoding'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Awareness, encodeAwarenessUpdate } from 'y-protocols/awareness'
import * as Y from 'yjs'
import { contract, type Endpoint } from '../../server/api/contract.ts'
import { sessionContract } from '../../server/api/session.ts'
import { authFrame, FRAME, SYNC, syncFrame, withAddress } from '../../server/collab-frames.ts'
import { GUEST_DOCUMENTS } from '../../server/rights.ts'
import { type RunningServer, startServer } from '../../server/start.ts'
import { databasePath } from '../../server/storage/database.ts'
import { annotationsName, baseName, bookName, editsName, sysName } from '../../workbook/schema.ts'
import { apiClient } from '../support/api.ts'
import { ProviderClient, RawClient, type ReceivedFrame } from '../support/collab-client.ts'
import { FeedReader } from '../support/feed-reader.ts'
import { BareBrowser, type CallParts, codeOf } from '../support/guest.ts'
import { testConfig } from '../support/shell-server.ts'
import { tempFolder } from '../support/temp-folder.ts'

interface Book {
  readonly id: string
  readonly sheet: string
  /** Another one, which may be deleted; the same where there is one only. */
  readonly spare: string
  readonly connection: string
  readonly fields: readonly string[]
  readonly rows: readonly string[]
}

const MINUTE = 60_000
const endpoints: Readonly<Record<string, Endpoint>> = { ...contract, ...sessionContract }
const accessOf = (endpoint: Endpoint) => endpoint.access ?? 'member'

let folder: Awaited<ReturnType<typeof tempFolder>>
let server: RunningServer
let api: ReturnType<typeof apiClient>
/** With a connection of the stand-in's Jira, and without. */
let a: Book
let b: Book
let clock = Date.now()
const now = () => clock

async function bookOf(id: string): Promise<Book> {
  const { sheets, connections } = await api.call('getWorkbook', { params: { id } })
  const sheet = sheets[0]?.id ?? ''
  const { fields, rows } = await api.call('getRows', { params: { id, sheet } })
  return {
    id,
    sheet,
    spare: sheets.at(-1)?.id ?? '',
    connection: connections.find((c) => c.sheet === sheet)?.id ?? 'none',
    fields: fields.map((f) => f.id),
    rows: rows.map((r) => r.row),
  }
}

beforeAll(async () => {
  folder = await tempFolder()
  server = await startServer(testConfig(folder.path, { hasSandbox: true }), { now })
  api = apiClient(server.origin, server.bearerToken)
  a = await bookOf((await api.call('listWorkbooks')).workbooks[0]?.id ?? '')
  const { id } = await api.call('createWorkbook', { body: { name: 'Salaries' } })
  b = await bookOf(id)
  await api.call('addRows', { params: { id, sheet: b.sheet }, body: { rows: [{ [b.fields[0] ?? '']: 'secret of B' }] } })
  b = await bookOf(id)
})

afterAll(async () => {
  await server?.stop()
  await folder?.[Symbol.asyncDispose]()
})

const ws = () => server.origin.replace('http', 'ws')
const makeLink = (book: Book, link: { role?: 'viewer' | 'editor'; name?: string; expiresAt?: number | null } = {}) =>
  api.call('createLink', { body: { workbook: book.id, role: 'viewer', ...link } })

async function guestOf(book: Book, role: 'viewer' | 'editor') {
  const { link, token } = await makeLink(book, { role })
  const browser = new BareBrowser(server.origin)
  const entered = await browser.enter(token)
  return { browser, link, token, person: (entered.body as { person: { id: string; name: string } }).person }
}

/** A browser that was let in by the printed address. */
async function memberBrowser(): Promise<BareBrowser> {
  const response = await fetch(`${server.origin}/api/session/one-time`, {
    method: 'POST',
    headers: { authorization: `Bearer ${server.bearerToken}` },
  })
  const { url } = (await response.json()) as { url: string }
  const browser = new BareBrowser(server.origin)
  await browser.ask('GET', url.slice(server.origin.length))
  return browser
}

/** What a browser is let into a document with: the scope, or why not. */
async function openAs(browser: BareBrowser, docName: string, token = 'cookie'): Promise<string> {
  using client = await RawClient.connect(ws(), { headers: browser.socketHeaders })
  client.send(authFrame(docName, token))
  const { detail, payload } = await client.next((frame) => frame.type === FRAME.auth)
  return String(detail ?? payload)
}

const isSync = (step: number) => (frame: ReceivedFrame) => frame.type === FRAME.sync && frame.detail === step

/** A raw client through the handshake on one document. */
async function joined(browser: BareBrowser, docName: string): Promise<RawClient> {
  const client = await RawClient.connect(ws(), { headers: browser.socketHeaders })
  client.send(authFrame(docName, 'cookie'))
  client.send(syncFrame(docName, SYNC.step1, Y.encodeStateVector(new Y.Doc())))
  await client.next(isSync(SYNC.step2))
  client.send(syncFrame(docName, SYNC.step2, Y.encodeStateAsUpdate(new Y.Doc())))
  await client.next((frame) => frame.type === FRAME.syncStatus)
  return client
}

/** One request for each endpoint that guests may call, about a workbook; an endpoint without one here is not tested and the walk says so. */
const SAMPLES: Readonly<Record<string, (book: Book) => CallParts>> = {
  getSession: () => ({}),
  patchSession: () => ({ body: { name: 'Visitor' } }),
  getWorkbook: (book) => ({ params: { id: book.id } }),
  getRows: (book) => ({ params: { id: book.id, sheet: book.sheet } }),
  addRows: (book) => ({ params: { id: book.id, sheet: book.sheet }, body: { rows: [] } }),
  editCells: (book) => ({ params: { id: book.id, sheet: book.sheet }, body: { cells: [] } }),
  listAnnotations: (book) => ({ query: { sheet: book.sheet } }),
  chooseAnnotation: (book) => ({ params: { id: 'none' }, body: { sheet: book.sheet, choice: 'keep-shown' } }),
  listPeople: (book) => ({ params: { id: book.id } }),
  listNeeding: (book) => ({ params: { id: book.id } }),
  createSheet: (book) => ({ params: { id: book.id }, body: { name: 'Made by a guest' } }),
  patchSheet: (book) => ({ params: { id: book.id, sheet: book.spare }, body: { name: 'Named by a guest' } }),
  deleteSheet: (book) => ({ params: { id: book.id, sheet: book.spare } }),
  getBaseShard: (book) => ({ params: { sheet: book.sheet, shard: '0' } }),
}

/** Parameters that name real things of a workbook, for endpoints that are closed anyway. */
const anyParts = (book: Book): CallParts => ({
  params: { id: book.connection, object: book.id, sheet: book.sheet, row: book.rows[0] ?? '', field: book.fields[0] ?? '', shard: '0' },
  query: { workbook: book.id, sheet: book.sheet },
})

describe('every endpoint', () => {
  test('[SL1] nobody gets anything but the exchange of a link', async () => {
    const nobody = new BareBrowser(server.origin)
    for (const [name, endpoint] of Object.entries(endpoints)) {
      const answer = await nobody.call(endpoint, SAMPLES[name]?.(a) ?? anyParts(a))
      const expected = accessOf(endpoint) === 'anyone' ? [400, 'bad-request'] : [401, 'not-signed-in']
      expect([name, answer.status, codeOf(answer)]).toEqual([name, ...expected])
    }
    for (const path of ['/api/openapi.json', '/api/nothing']) expect((await nobody.ask('GET', path)).status).toBe(401)
  })

  test.each(['viewer', 'editor'] as const)('[SL2][SL3] a guest %s reaches what is listed, in the workbook of the link', async (role) => {
    const { browser } = await guestOf(a, role)
    for (const [name, endpoint] of Object.entries(endpoints)) {
      const access = accessOf(endpoint)
      if (access === 'anyone') continue
      const ask = (book: Book) => browser.call(endpoint, SAMPLES[name]?.(book) ?? anyParts(book))
      const [own, other] = [await ask(a), await ask(b)]
      const outcome = [name, own.status, codeOf(own), other.status, codeOf(other)]
      if (access === 'member') expect(outcome).toEqual([name, 403, 'not-shared', 403, 'not-shared'])
      else if (access === 'person') expect(outcome).toEqual([name, 200, undefined, 200, undefined])
      else if (access === 'guest-viewer' || role === 'editor') expect(outcome).toEqual([name, 200, undefined, 403, 'not-shared'])
      else expect(outcome).toEqual([name, 403, 'view-only', 403, 'not-shared'])
    }
    for (const path of ['/api/openapi.json', '/api/nothing', '/api/links/open', '/sandbox', '/', '/runs']) {
      expect([path, (await browser.ask('GET', path)).status]).toEqual([path, 403])
    }
  })

  test('[SL3] a request that names two workbooks, or a sheet that is none, is no guest’s', async () => {
    const { browser } = await guestOf(a, 'editor')
    for (const params of [
      { id: a.id, sheet: b.sheet },
      { id: b.id, sheet: a.sheet },
      { id: a.id, sheet: 'nosuchsheet' },
    ]) {
      expect(codeOf(await browser.call(contract.getRows, { params }))).toBe('not-shared')
      expect(codeOf(await browser.call(contract.editCells, { params, body: { cells: [] } }))).toBe('not-shared')
    }
    expect(codeOf(await browser.call(contract.getSession, { query: { workbook: b.id } }))).toBe('not-shared')
    expect((await browser.call(contract.getSession, { query: { workbook: a.id } })).body).toMatchObject({ kind: 'guest', role: 'editor' })
  })

  test('[ST13] guests make ten sheets in ten minutes, copies too, and read when they may go on; members make as many as they like', async () => {
    const { id } = await api.call('createWorkbook', { body: { name: 'Copied at will' } })
    const book = await bookOf(id)
    const [one, two] = [(await guestOf(book, 'editor')).browser, (await guestOf(book, 'editor')).browser]
    const copy = (browser: BareBrowser) => browser.call(contract.createSheet, { params: { id }, body: { copyOf: book.sheet } })
    const answers = []
    for (let i = 0; i < 11; i++) answers.push(await copy(i % 2 === 0 ? one : two))
    // Others of these tests made sheets as guests before, from the same address.
    const made = answers.findIndex(({ status }) => status !== 200)
    expect(made).toBeGreaterThan(5)
    for (const refused of [...answers.slice(made), await copy((await guestOf(book, 'editor')).browser)])
      expect([refused.status, codeOf(refused)]).toEqual([429, 'too-many-sheets-at-once'])
    expect((await api.call('getWorkbook', { params: { id } })).sheets).toHaveLength(1 + made)
    await api.call('createSheet', { params: { id }, body: { copyOf: book.sheet } })
  })

  test('[ST12] a deleted sheet is not part of what was shared, and whoever may edit brings it back', async () => {
    const { sheet } = await api.call('createSheet', { params: { id: b.id }, body: { name: 'Old salaries' } })
    await api.call('deleteSheet', { params: { id: b.id, sheet: sheet.id } })
    const params = { id: b.id, sheet: sheet.id }
    const [viewer, editor] = [(await guestOf(b, 'viewer')).browser, (await guestOf(b, 'editor')).browser]
    for (const browser of [viewer, editor]) {
      expect(codeOf(await browser.call(contract.getRows, { params }))).toBe('sheet-deleted')
      for (const name of [sheet.documents.edits, sheet.documents.annotations, `base.${sheet.id}.0.0`])
        expect(await openAs(browser, name)).toBe('This sheet was deleted.')
    }
    expect(codeOf(await viewer.call(contract.patchSheet, { params, body: { isDeleted: false } }))).toBe('view-only')
    expect((await editor.call(contract.patchSheet, { params, body: { isDeleted: false } })).status).toBe(200)
    expect((await viewer.call(contract.getRows, { params })).status).toBe(200)
  })

  test('[SL4] what a guest is told of a workbook holds nothing of accounts, filters, credits or other people', async () => {
    const stranger = await guestOf(b, 'editor')
    const { browser, person } = await guestOf(a, 'viewer')
    const { body } = await browser.call(contract.getWorkbook, { params: { id: a.id } })
    const told = contract.getWorkbook.answer.parse(body)
    expect([told.role, told.creditsThisMonth, told.sheets[0]?.id, told.removedSheets]).toEqual(['viewer', 0, a.sheet, []])
    const [connection] = told.connections
    expect([connection?.integration.appName, connection?.object.name, connection?.object.direction]).toEqual([
      'Jira',
      'Issues',
      'push-pull',
    ])
    expect(connection).toMatchObject({ filter: '', linkedRecords: 0, latestPull: null, activeRun: null })
    expect(connection?.description).toBeUndefined()
    expect(JSON.stringify(told)).not.toMatch(/token|credential|baseUrl|@/i)
    expect(told.people.map((p) => p.id)).toContain(person.id)
    expect(told.people.map((p) => p.id)).not.toContain(stranger.person.id)
    const member = await memberBrowser()
    const { body: session } = await member.call(contract.getSession)
    const { body: after } = await browser.call(contract.listPeople, { params: { id: a.id } })
    expect(JSON.stringify(after)).not.toContain((session as { person: { id: string } }).person.id)
  })
})

describe('every document', () => {
  /** A document of each kind, of a workbook. */
  const documents = (book: Book): Record<keyof typeof GUEST_DOCUMENTS, string> => ({
    book: bookName(book.id as never),
    sys: sysName(book.id as never),
    base: baseName(book.sheet as never, 0, 0),
    edits: editsName(book.sheet as never, 0),
    annotations: annotationsName(book.sheet as never, 0),
    talk: `talk.${book.sheet}.0`,
    note: `note.${book.sheet}.${book.rows[0]}.0`,
  })

  test('[SL5] a guest reads every kind of the shared workbook, an editor writes what people write, and no other workbook opens', async () => {
    const viewer = await guestOf(a, 'viewer')
    const editor = await guestOf(a, 'editor')
    const nobody = new BareBrowser(server.origin)
    for (const [kind, rule] of Object.entries(GUEST_DOCUMENTS)) {
      const docName = documents(a)[kind as keyof typeof GUEST_DOCUMENTS]
      const scopes = [await openAs(viewer.browser, docName), await openAs(editor.browser, docName)]
      expect([kind, ...scopes]).toEqual([kind, '2', '2'])
      expect([kind, await writes(viewer.browser, docName)]).toEqual([kind, false])
      expect([kind, await writes(editor.browser, docName)]).toEqual([kind, rule === 'write'])
      const foreign = documents(b)[kind as keyof typeof GUEST_DOCUMENTS]
      for (const browser of [viewer.browser, editor.browser, nobody]) {
        expect([kind, await isRefused(browser, foreign), await isRefused(browser, foreign, viewer.token)]).toEqual([kind, true, true])
      }
      expect([kind, await isRefused(nobody, docName), await isRefused(nobody, docName, viewer.token)]).toEqual([kind, true, true])
    }
  })

  async function isRefused(browser: BareBrowser, docName: string, token = 'cookie'): Promise<boolean> {
    using client = await RawClient.connect(ws(), { headers: browser.socketHeaders })
    client.send(authFrame(docName, token))
    const { detail } = await client.next((frame) => frame.type === FRAME.auth)
    return detail !== 2
  }

  test('[SL5] the feed of a sheet is for those who may read it, and ends with the link', async () => {
    const { browser, link } = await guestOf(a, 'viewer')
    const options = { token: 'cookie', headers: browser.socketHeaders }
    using foreign = await FeedReader.connect(ws(), b.sheet as never, options)
    foreign.subscribe([], 1)
    expect((await foreign.next(() => true)).kind).toBe('denied')
    using own = await FeedReader.connect(ws(), a.sheet as never, options)
    await own.catchUp([], 1)
    await api.call('revokeLink', { params: { id: link.id } })
    expect(await own.closed).toBe(4403)
  })

  /** Whether a forged update, sent whatever the server said of rights, is taken. */
  async function writes(browser: BareBrowser, docName: string): Promise<boolean> {
    using client = await joined(browser, docName)
    const from = client.frames.length
    const doc = new Y.Doc()
    doc.getMap('forged').set('by', 'a guest')
    client.sendUpdate(docName, Y.encodeStateAsUpdate(doc))
    const { detail } = await client.next((frame) => frame.type === FRAME.syncStatus, from)
    return detail === 1
  }

  test('[SL6] a viewer’s forged edits change nothing for anybody, over the socket, the plain bridge or HTTP', async () => {
    const { browser } = await guestOf(a, 'viewer')
    const docName = editsName(a.sheet as never, 0)
    const before = await api.call('getRows', { params: { id: a.id, sheet: a.sheet } })
    const [row, field] = [a.rows[0] ?? '', a.fields[1] ?? '']
    const doc = new Y.Doc()
    doc.getMap('cells').set(`${row}:${field}`, [`${row}:${field}`, 'forged', '', clock, 'someone'])
    const update = Y.encodeStateAsUpdate(doc)
    using client = await joined(browser, docName)
    const from = client.frames.length
    client.sendUpdate(docName, update)
    expect((await client.next((frame) => frame.type === FRAME.syncStatus, from)).detail).toBe(0)
    // The bridge speaks y-websocket: no address, and the cookie of the upgrade decides there too.
    using bridge = await RawClient.connect(ws(), { path: `/yjs/${docName}?token=`, headers: browser.socketHeaders })
    const plain = syncFrame(docName, SYNC.update, update).subarray(withAddress(docName, new Uint8Array()).byteLength)
    bridge.send(plain)
    bridge.ws.close()
    await bridge.closed
    const edit = { params: { id: a.id, sheet: a.sheet }, body: { cells: [{ row, field, value: 'forged' }] } }
    expect(codeOf(await browser.call(contract.editCells, edit))).toBe('view-only')
    expect(await api.call('getRows', { params: { id: a.id, sheet: a.sheet } })).toEqual(before)
  })

  test('[SL6] neither a link’s token nor a guest’s cookie opens the bridge to another document', async () => {
    const { browser, token } = await guestOf(a, 'editor')
    const foreign = editsName(b.sheet as never, 0)
    for (const [path, headers] of [
      [`/yjs/${foreign}?token=${token}`, browser.socketHeaders],
      [`/yjs/${editsName(a.sheet as never, 0)}?token=${token}`, {}],
    ] as const) {
      using client = await RawClient.connect(ws(), { path, headers })
      expect(await client.closed).toBe(4401)
    }
  })

  test('[SL7] what a guest with an editor’s link types is staged under their name', async () => {
    const { browser, person } = await guestOf(a, 'editor')
    await browser.call(contract.patchSession, { body: { name: 'Cleo', color: '#123456' } })
    const [row, field] = [a.rows[2] ?? '', a.fields[1] ?? '']
    const edit = { params: { id: a.id, sheet: a.sheet }, body: { cells: [{ row, field, value: 'typed by a guest' }] } }
    expect((await browser.call(contract.editCells, edit)).body).toEqual({ written: 1, readOnly: [] })
    const { push } = await api.call('previewSync', { params: { id: a.connection }, body: { mode: 'two-way' } })
    expect(push).toEqual([expect.objectContaining({ row, field, value: 'typed by a guest', author: person.id })])
    const { story } = await api.call('getStory', { params: { sheet: a.sheet, row, field } })
    expect(story[0]).toMatchObject({ by: person.id, byName: 'Cleo' })
  })

  test('[SL7] a guest’s request to tie a row to a record starts no run', async () => {
    const { browser } = await guestOf(a, 'editor')
    const docName = editsName(a.sheet as never, 0)
    const runs = (await api.call('listRuns', { query: { workbook: a.id } })).runs.length
    using client = await joined(browser, docName)
    const doc = new Y.Doc()
    doc.getMap('links').set(`${a.rows[3]}:${a.connection}`, { key: 'TB-9', at: clock, by: 'someone' })
    client.sendUpdate(docName, Y.encodeStateAsUpdate(doc))
    await client.acked(2)
    expect((await api.call('listRuns', { query: { workbook: a.id } })).runs).toHaveLength(runs)
  })
})

describe('a link', () => {
  test('[SL8] is told in full once, and lies in the database as a hash', async () => {
    const { link, token } = await makeLink(a, { name: 'For the board' })
    expect([Buffer.from(token, 'base64url').byteLength, token.endsWith(link.end), link.end.length]).toEqual([32, true, 4])
    expect(link).toMatchObject({ role: 'viewer', name: 'For the board', state: 'open', uses: 0, lastUsedAt: null, expiresAt: null })
    const listed = JSON.stringify(await api.call('listLinks', { query: { workbook: a.id } }))
    expect([listed.includes(link.id), listed.includes(token)]).toEqual([true, false])
    const stored = ['', '-wal'].map((end) => readFileSync(`${databasePath(folder.path)}${end}`))
    expect(stored.some((file) => file.includes(token))).toBe(false)
  })

  test('[SL9] lets a browser in with a cookie no script reads, counts the visit, and keeps the browser the same guest', async () => {
    const { link, token } = await makeLink(a)
    const browser = new BareBrowser(server.origin)
    const first = await browser.enter(token)
    expect(first.headers.get('set-cookie')).toMatch(/^tidebook_guest_\d+=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax; Max-Age=7776000$/)
    expect(first.body).toMatchObject({ workbook: a.id, name: 'Launch plan', role: 'viewer', isNew: true })
    const again = await browser.enter(token)
    expect([again.headers.get('set-cookie'), again.body]).toEqual([null, { ...(first.body as object), isNew: false }])
    const { links } = await api.call('listLinks', { query: { workbook: a.id } })
    expect(links.find((l) => l.id === link.id)).toMatchObject({ uses: 2, lastUsedAt: clock })
  })

  test('[SL9] to another workbook makes the same guest welcome in both, and the wider of two rights counts', async () => {
    const { browser, person } = await guestOf(a, 'viewer')
    expect((await browser.enter((await makeLink(b)).token)).body).toMatchObject({ workbook: b.id, isNew: false, person: { id: person.id } })
    const wide = await makeLink(a, { role: 'editor' })
    await browser.enter(wide.token)
    const roleIn = async (book: Book) =>
      ((await browser.call(contract.getWorkbook, { params: { id: book.id } })).body as { role: string }).role
    expect([await roleIn(a), await roleIn(b)]).toEqual(['editor', 'viewer'])
    await api.call('revokeLink', { params: { id: wide.link.id } })
    expect([await roleIn(a), await roleIn(b)]).toEqual(['viewer', 'viewer'])
  })

  test('[SL10] leaves a member a member', async () => {
    const browser = await memberBrowser()
    const { link, token } = await makeLink(a)
    const entered = await browser.enter(token)
    expect([entered.headers.get('set-cookie'), entered.body]).toEqual([null, expect.objectContaining({ role: 'owner', isNew: false })])
    expect((await browser.call(contract.listWorkbooks)).status).toBe(200)
    await api.call('revokeLink', { params: { id: link.id } })
    expect((await browser.call(contract.getWorkbook, { params: { id: a.id } })).body).toMatchObject({ role: 'owner' })
  })

  test('[SL11] that was closed says by whom, one whose time is over says when, one that is not known says so', async () => {
    const member = await memberBrowser()
    await member.call(contract.patchSession, { body: { name: 'Ana' } })
    const { browser, link, token } = await guestOf(a, 'viewer')
    await member.call(contract.revokeLink, { params: { id: link.id } })
    const message = { error: expect.objectContaining({ code: 'link-closed', message: 'This link was closed by Ana.' }) }
    for (const answer of [await browser.enter(token), await browser.call(contract.getWorkbook, { params: { id: a.id } })]) {
      expect([answer.status, answer.body]).toEqual([403, message])
    }
    const end = clock + 7 * 24 * 60 * MINUTE
    const timed = await makeLink(a, { expiresAt: end })
    const late = new BareBrowser(server.origin)
    await late.enter(timed.token)
    const start = clock
    clock = end
    try {
      const day = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' }).format(end)
      const answer = await late.call(contract.getWorkbook, { params: { id: a.id } })
      expect(answer.body).toEqual({
        error: expect.objectContaining({
          code: 'link-expired',
          message: `This link ended on ${day}.`,
          advice: expect.stringContaining('What you typed is kept on this device.'),
        }),
      })
      // Its end is moved: it lets people in again. A closed one is closed for good.
      await api.call('patchLink', { params: { id: timed.link.id }, body: { expiresAt: end + MINUTE, name: 'Longer' } })
      expect((await late.call(contract.getWorkbook, { params: { id: a.id } })).status).toBe(200)
    } finally {
      clock = start
    }
    const again = await api.send('patchLink', { params: { id: link.id }, body: { expiresAt: clock + MINUTE } })
    expect(again.status).toBe(409)
    const past = await api.send('createLink', { body: { workbook: a.id, expiresAt: clock - 1 } })
    expect(past.status).toBe(400)
    expect(codeOf(await new BareBrowser(server.origin).enter('a'.repeat(43)))).toBe('link-unknown')
  })

  test('[SL12] closes the sockets of its guests within a second, and no others', async () => {
    const [one, other] = [await guestOf(a, 'editor'), await guestOf(a, 'editor')]
    using client = await joined(one.browser, editsName(a.sheet as never, 0))
    using stays = await joined(other.browser, editsName(a.sheet as never, 0))
    using bridge = await RawClient.connect(ws(), { path: `/yjs/${sysName(a.id as never)}?token=`, headers: one.browser.socketHeaders })
    bridge.send(syncFrame('', SYNC.step1, Y.encodeStateVector(new Y.Doc())).subarray(1))
    const start = performance.now()
    await api.call('revokeLink', { params: { id: one.link.id } })
    await Promise.all([client.closed, bridge.closed])
    const took = performance.now() - start
    expect(await client.closed).toBe(4403)
    expect(took).toBeLessThan(1_000)
    expect((await one.browser.call(contract.getRows, { params: { id: a.id, sheet: a.sheet } })).status).toBe(403)
    stays.sendStateless(editsName(a.sheet as never, 0), 'barrier:1')
    await stays.next((frame) => frame.detail === 'saved:1')
    expect(stays.ws.readyState).toBe(stays.ws.OPEN)
  })

  test('[SL12] whose time is over closes them too, without anybody asking', async () => {
    // Timers run by the real clock: the server's is set to it.
    clock = Date.now()
    const { link, token } = await makeLink(a, { expiresAt: clock + MINUTE })
    const browser = new BareBrowser(server.origin)
    await browser.enter(token)
    using client = await joined(browser, sysName(a.id as never))
    const end = Date.now() + 300
    await api.call('patchLink', { params: { id: link.id }, body: { expiresAt: end } })
    clock = end
    expect(await client.closed).toBe(4403)
    expect(Date.now() - end).toBeLessThan(1_000)
    // A window that was let in before, replays what it had: nothing is opened.
    using replay = await RawClient.connect(ws(), { headers: browser.socketHeaders })
    replay.send(authFrame(sysName(a.id as never), 'cookie'))
    expect(String((await replay.next((frame) => frame.type === FRAME.auth)).detail)).toMatch(/This link ended on/)
  })

  test('[SL13] is not guessed: whoever tries tokens has to wait, whoever has a right one does not', async () => {
    await using place = await tempFolder()
    let at = Date.now()
    const own = await startServer(testConfig(place.path), { now: () => at })
    try {
      const browser = new BareBrowser(own.origin)
      for (let i = 0; i < 20; i++) expect((await browser.enter(`${'b'.repeat(40)}${100 + i}`)).status).toBe(404)
      const waits = await browser.enter('b'.repeat(43))
      expect([waits.status, codeOf(waits)]).toEqual([429, 'too-many-attempts'])
      at += MINUTE
      expect((await browser.enter('b'.repeat(43))).status).toBe(404)
    } finally {
      await own.stop()
    }
  })

  test('[SL14] outlives a restart, with its guests and its visits', async () => {
    await using place = await tempFolder()
    const first = await startServer(testConfig(place.path))
    const { port } = new URL(first.origin)
    const client = apiClient(first.origin, first.bearerToken)
    const { id } = await client.call('createWorkbook', { body: { name: 'Kept' } })
    const { token } = await client.call('createLink', { body: { workbook: id } })
    const closed = await client.call('createLink', { body: { workbook: id } })
    await client.call('revokeLink', { params: { id: closed.link.id } })
    const browser = new BareBrowser(first.origin)
    await browser.enter(token)
    await first.stop()
    const second = await startServer(testConfig(place.path, { port: Number(port) }))
    try {
      expect((await browser.call(contract.getWorkbook, { params: { id } })).status).toBe(200)
      expect(codeOf(await browser.enter(closed.token))).toBe('link-closed')
      const { links } = await apiClient(second.origin, second.bearerToken).call('listLinks', { query: { workbook: id } })
      expect(links.map((l) => [l.state, l.uses]).sort()).toEqual([
        ['closed', 0],
        ['open', 1],
      ])
    } finally {
      await second.stop()
    }
  })
})

describe('presence of guests', () => {
  const awarenessFrame = (docName: string, awareness: Awareness): Uint8Array => {
    const encoder = encoding.createEncoder()
    encoding.writeVarUint(encoder, FRAME.awareness)
    encoding.writeVarUint8Array(encoder, encodeAwarenessUpdate(awareness, [awareness.clientID]))
    return withAddress(docName, encoding.toUint8Array(encoder))
  }

  /** A member's window that sees who is here. */
  async function watcher() {
    const client = new ProviderClient(ws(), sysName(a.id as never), server.bearerToken)
    await client.synced()
    const { awareness } = client.provider
    if (awareness === null) throw new Error('no awareness')
    const shows = (holds: (states: Map<number, Record<string, unknown>>) => boolean): Promise<void> =>
      new Promise((resolve) => {
        const look = () => {
          if (!holds(awareness.getStates() as Map<number, Record<string, unknown>>)) return
          awareness.off('change', look)
          resolve()
        }
        awareness.on('change', look)
        look()
      })
    return { client, shows, states: () => awareness.getStates() as Map<number, Record<string, unknown>> }
  }

  function windowOf(state: Record<string, unknown>) {
    const awareness = new Awareness(new Y.Doc())
    awareness.setLocalState(state)
    return { awareness, [Symbol.dispose]: () => awareness.destroy() }
  }

  test('[SL15] a forged name, a borrowed window and typing of a viewer are not shown', async () => {
    const docName = sysName(a.id as never)
    const { client, shows, states } = await watcher()
    using _client = client
    const viewer = await guestOf(a, 'viewer')
    const editor = await guestOf(a, 'editor')
    using forged = windowOf({ user: { id: 'server', name: 'Tidebook', color: '#000000' }, typing: 'boo', cursor: { sheet: a.sheet } })
    using honest = windowOf({ typing: 'Hello' })
    using one = await joined(viewer.browser, docName)
    using two = await joined(editor.browser, docName)
    one.send(awarenessFrame(docName, forged.awareness))
    two.send(awarenessFrame(docName, honest.awareness))
    await shows((s) => s.has(forged.awareness.clientID) && s.has(honest.awareness.clientID))
    const user = (person: { id: string; name: string }) => expect.objectContaining({ id: person.id, name: person.name, isGuest: true })
    expect(states().get(forged.awareness.clientID)).toEqual({ user: user(viewer.person), cursor: { sheet: a.sheet } })
    expect(states().get(honest.awareness.clientID)).toEqual({ user: user(editor.person), typing: 'Hello' })
    // In the name of the other's window: dropped, the other's stays.
    using borrowed = windowOf({ typing: 'mine now' })
    borrowed.awareness.clientID = honest.awareness.clientID
    borrowed.awareness.setLocalState({ typing: 'mine now' })
    borrowed.awareness.setLocalState({ typing: 'mine now!' })
    one.send(awarenessFrame(docName, borrowed.awareness))
    one.sendStateless(docName, 'barrier:1')
    await one.next((frame) => frame.detail === 'saved:1')
    expect(states().get(honest.awareness.clientID)).toMatchObject({ typing: 'Hello' })
    // A window that is gone takes its frame with it at once.
    two.ws.terminate()
    await shows((s) => !s.has(honest.awareness.clientID))
  })

  test('[SL16] an oversized presence and a flood of them are not passed on', async () => {
    const docName = sysName(a.id as never)
    const { client, shows, states } = await watcher()
    using _client = client
    const { browser } = await guestOf(a, 'viewer')
    using big = windowOf({ cursor: 'x'.repeat(20_000) })
    using flood = windowOf({ at: 0 })
    using one = await joined(browser, docName)
    let passed = 0
    client.provider.awareness?.on('update', ({ added, updated }: { added: number[]; updated: number[] }) => {
      if ([...added, ...updated].includes(flood.awareness.clientID)) passed++
    })
    const start = performance.now()
    one.send(awarenessFrame(docName, big.awareness))
    for (let i = 1; i <= 2_000; i++) {
      flood.awareness.setLocalState({ at: i })
      one.send(awarenessFrame(docName, flood.awareness))
    }
    await shows((s) => s.has(flood.awareness.clientID))
    one.sendStateless(docName, 'barrier:1')
    await one.next((frame) => frame.detail === 'saved:1')
    expect(states().has(big.awareness.clientID)).toBe(false)
    // Sixty at once, then thirty a second.
    expect(passed).toBeLessThanOrEqual(60 + Math.ceil(((performance.now() - start) / 1_000) * 30))
  })

  test('[SL17] a guest’s name is text of at most 60 characters that are seen', async () => {
    const { browser } = await guestOf(a, 'viewer')
    const rename = async (name: string) => (await browser.call(contract.patchSession, { body: { name } })).body
    const script = '<img src=x onerror=alert(1)>'
    expect(await rename(script)).toMatchObject({ person: { name: script } })
    expect(await rename('\u202eevil\u0000\u200b ')).toMatchObject({ person: { name: 'evil' } })
    expect(await rename('n'.repeat(61))).toMatchObject({ error: { code: 'bad-request' } })
    expect(await rename('\u200b')).toMatchObject({ error: { code: 'bad-request' } })
    const color = await browser.call(contract.patchSession, { body: { color: 'red;background:url(x)' } })
    expect(color.status).toBe(400)
  })

  test('[SL18] runs and connections are told to members alone', async () => {
    const docName = sysName(a.id as never)
    const { browser } = await guestOf(a, 'editor')
    const { client } = await watcher()
    using _client = client
    using guest = await joined(browser, docName)
    const told = new Promise<string>((resolve) => {
      client.provider.on('stateless', ({ payload }: { payload: string }) => {
        if (payload.includes('"type":"connection"')) resolve(payload)
      })
    })
    const { run } = await api.call('refreshFields', { params: { id: a.connection } })
    await api.runEnded(run)
    await told
    guest.sendStateless(docName, 'barrier:1')
    await guest.next((frame) => frame.detail === 'saved:1')
    expect(guest.frames.filter((frame) => frame.type === FRAME.stateless && String(frame.detail).startsWith('{'))).toEqual([])
  })

  test('[SL19] when somebody was last here is kept, to the minute', async () => {
    const { browser, person } = await guestOf(a, 'viewer')
    const seen = async () => (await api.call('listPeople', { params: { id: a.id } })).people.find((p) => p.id === person.id)
    expect(await seen()).toMatchObject({ isGuest: true, lastSeen: null })
    {
      using here = windowOf({ cursor: null })
      using one = await joined(browser, sysName(a.id as never))
      one.send(awarenessFrame(sysName(a.id as never), here.awareness))
      one.sendStateless(sysName(a.id as never), 'barrier:1')
      await one.next((frame) => frame.detail === 'saved:1')
    }
    expect(await seen()).toMatchObject({ lastSeen: clock })
  })
})
