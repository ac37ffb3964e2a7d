import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { HocuspocusProvider, HocuspocusProviderWebsocket } from '@hocuspocus/provider'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import * as Y from 'yjs'
import { type RunningServer, startServer } from '../../server/start.ts'
import { databasePath } from '../../server/storage/database.ts'
import type { Choice } from '../../workbook/annotations.ts'
import type { CellValue } from '../../workbook/cell-value.ts'
import { addRow, chooseOn, editCells, setRowsDeleted } from '../../workbook/edit.ts'
import { cryptoRandomBytes, type FieldId, type RowId, type SheetId } from '../../workbook/ids.ts'
import { Sheet } from '../../workbook/sheet.ts'
import { apiClient } from '../support/api.ts'
import { balanceOf } from '../support/engine-world.ts'
import { testConfig } from '../support/shell-server.ts'
import { tempFolder } from '../support/temp-folder.ts'

// The whole server in this process, its own Jira stand-in behind real HTTP, and windows on real sockets. What happened is read from the
// stand-in's own request log.

interface Line {
  readonly method: string
  readonly path: string
  readonly status: number | null
  readonly body?: unknown
  readonly saved: boolean
}

let folder: Awaited<ReturnType<typeof tempFolder>>
let server: RunningServer
let api: ReturnType<typeof apiClient>
let book: { id: string; sheet: string; connection: string; integration: string; object: string }
let ann: Window
let bob: Window

beforeAll(async () => {
  folder = await tempFolder()
  server = await startServer(testConfig(folder.path, { hasSandbox: true, commitRetryMs: 50 }))
  api = apiClient(server.origin, server.bearerToken)
  const [workbook] = (await api.call('listWorkbooks')).workbooks
  const { id, documents, sheets, connections } = await api.call('getWorkbook', { params: { id: workbook?.id ?? '' } })
  const [sheet] = sheets
  const [connection] = connections
  if (sheet === undefined || connection === undefined) throw new Error('The start workbook is missing')
  book = {
    id,
    sheet: sheet.id,
    connection: connection.id,
    integration: connection.integration.id,
    object: connection.object.id,
  }
  const names = { ...documents, ...sheet.documents }
  ann = await Window.open('ann', sheet.id as SheetId, names)
  bob = await Window.open('bob', sheet.id as SheetId, names)
  // Ten linked rows: the others are deleted here, and their records stay as they are.
  setRowsDeleted(ann.sheet, ann.sheet.rows().slice(10), true, ann.editor)
  await bob.shows(() => bob.sheet.rows().length === 10)
})

afterAll(async () => {
  ann?.close()
  bob?.close()
  await server?.stop()
  await folder?.[Symbol.asyncDispose]()
})

beforeEach(async () => {
  await control({ faults: [] })
})

/** One person's window on the product's own kind of socket. */
class Window {
  readonly sheet: Sheet
  readonly editor: { by: string; now: () => number }
  readonly #socket: HocuspocusProviderWebsocket
  readonly #providers: HocuspocusProvider[]

  private constructor(by: string, sheet: Sheet, socket: HocuspocusProviderWebsocket, providers: HocuspocusProvider[]) {
    this.sheet = sheet
    this.editor = { by, now: Date.now }
    this.#socket = socket
    this.#providers = providers
  }

  static async open(
    by: string,
    id: SheetId,
    names: { book: string; sys: string; edits: string; annotations: string; base: readonly string[] },
  ): Promise<Window> {
    const url = server.origin.replace('http', 'ws')
    const socket = new HocuspocusProviderWebsocket({ url: `${url}/collab`, minDelay: 10, delay: 10, maxDelay: 50 })
    const providers: HocuspocusProvider[] = []
    const attach = async (name: string): Promise<Y.Doc> => {
      const document = new Y.Doc({ gc: !name.startsWith('edits.') })
      const provider = new HocuspocusProvider({ websocketProvider: socket, name, document, token: server.bearerToken })
      providers.push(provider)
      provider.attach()
      if (!provider.synced) await new Promise<void>((resolve) => provider.on('synced', () => resolve()))
      return document
    }
    const docs = {
      book: await attach(names.book),
      sys: await attach(names.sys),
      edits: await attach(names.edits),
      annotations: await attach(names.annotations),
      base: await Promise.all(names.base.map(attach)),
    }
    return new Window(by, new Sheet(id, docs), socket, providers)
  }

  row(key: string): RowId {
    const row = this.sheet.rows().find((r) => this.sheet.baseline(r, this.field('Key')) === key)
    if (row === undefined) throw new Error(`No row shows ${key}`)
    return row
  }

  field(name: string): FieldId {
    const field = this.sheet.fields().find((f) => f.name === name)
    if (field === undefined) throw new Error(`No field ${name}`)
    return field.id
  }

  cell(key: string, name: string) {
    return this.sheet.cell(this.row(key), this.field(name))
  }

  type(key: string, name: string, value: CellValue): void {
    editCells(this.sheet, [{ row: this.row(key), field: this.field(name), value }], this.editor)
  }

  choose(key: string, name: string, kind: 'differs' | 'conflict' | 'concurrent', choice: Choice): void {
    const place = { row: this.row(key), field: this.field(name) }
    const annotation = this.sheet.marks(place.row, place.field)[kind]
    if (annotation === undefined) throw new Error(`No ${kind} to be seen`)
    chooseOn(this.sheet, place, annotation, choice, this.editor)
  }

  /** Resolves when this window shows something. */
  shows(isSo: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (!isSo()) return
        stop()
        resolve()
      }
      const stop = this.sheet.onChange(look)
      look()
    })
  }

  /** Everything typed here is on the server's disk. */
  async saved(): Promise<void> {
    const edits = this.#providers.find((p) => p.configuration.name.startsWith('edits.'))
    if (edits === undefined) throw new Error('No edits document')
    const count = Math.floor(Math.random() * 1e12)
    await new Promise<void>((resolve) => {
      const ask = (): void => edits.sendStateless(`barrier:${count}`)
      const listen = ({ payload }: { payload: string }): void => {
        if (payload !== `saved:${count}`) return
        edits.off('stateless', listen)
        edits.off('synced', ask)
        resolve()
      }
      edits.on('stateless', listen)
      edits.on('synced', ask)
      if (edits.synced) ask()
    })
  }

  get isConnected(): boolean {
    return this.#socket.status === 'connected'
  }

  close(): void {
    this.sheet.close()
    for (const provider of this.#providers) provider.destroy()
    this.#socket.destroy()
  }
}

const auth = () => ({ authorization: `Bearer ${server.bearerToken}`, 'content-type': 'application/json' })

async function control(body: Record<string, unknown>): Promise<void> {
  const response = await fetch(`${server.origin}/sandbox/control`, {
    method: 'POST',
    headers: auth(),
    body: JSON.stringify({ app: 'jira', ...body }),
  })
  if (!response.ok) throw new Error(await response.text())
}

/** Somebody edits an issue on the stand-in's own screen. */
async function editOnScreen(key: string, changes: Record<string, unknown>): Promise<void> {
  const response = await fetch(`${server.origin}/sandbox/api/jira/records/${key}`, {
    method: 'PATCH',
    headers: auth(),
    body: JSON.stringify(changes),
  })
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`)
}

const log = (): readonly Line[] =>
  readFileSync(join(folder.path, 'sandbox/jira/requests.jsonl'), 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Line)

/** What the stand-in saw while something was done, in few words. */
async function seenDuring<T>(act: () => Promise<T>): Promise<{ seen: readonly Line[]; done: T }> {
  const before = log().length
  const done = await act()
  return { seen: log().slice(before), done }
}

const idsIn = (line: Line | undefined): number => (line?.body as { issueIdsOrKeys?: string[] } | undefined)?.issueIdsOrKeys?.length ?? 0
const isWrite = ({ method, path }: Line): boolean => method === 'PUT' || (method === 'POST' && path.endsWith('/transitions'))
const inWords = ({ method, path }: Line): string => `${method} ${path.replace(/^\/rest\/api\/3\//, '').replace(/\d{4,}/g, 'ID')}`

async function ended(run: string) {
  const found = await api.runEnded(run)
  expect(balanceOf(found.counts), 'the receipt balances').toBe(0)
  return found
}

async function sync(mode: 'two-way' | 'one-way' = 'two-way', planId?: string) {
  await ann.saved()
  await bob.saved()
  const body = planId === undefined ? { mode } : { mode, planId }
  const { run } = await api.call('startSync', { params: { id: book.connection }, body })
  return ended(run)
}

const preview = () => api.call('previewSync', { params: { id: book.connection }, body: { mode: 'two-way' } })

/** The value Jira itself holds, as its own screen shows it. */
async function inJira(key: string, field: string): Promise<unknown> {
  const response = await fetch(`${server.origin}/sandbox/api/jira/records/${key}`, { headers: auth() })
  return ((await response.json()) as { fields?: Record<string, unknown> } & Record<string, unknown>)[field]
}

test('[E2] 3 changed cells in 2 of 10 linked rows: one check, two writes of exactly the 3 fields, the pull; 13 credits', async () => {
  ann.type('TB-1', 'Summary', 'One, changed here')
  ann.type('TB-1', 'Story points', 21)
  bob.type('TB-2', 'Summary', 'Two, changed here')
  const { seen, done } = await seenDuring(() => sync())
  expect(seen.map(inWords)).toEqual(['POST issue/bulkfetch', 'PUT issue/ID', 'PUT issue/ID', 'POST issue/bulkfetch'])
  expect([seen[0], seen[3]].map(idsIn)).toEqual([2, 10])
  expect(seen.filter(isWrite).map((line) => (line.body as { fields: unknown }).fields)).toEqual([
    { summary: 'One, changed here', customfield_10016: 21 },
    { summary: 'Two, changed here' },
  ])
  expect([done.state, done.totalCredits, done.credits.pushed, done.credits.pulled]).toEqual(['settled', 13, 3, 10])
  await bob.shows(() => bob.cell('TB-1', 'Summary').baseline === 'One, changed here' && !bob.cell('TB-1', 'Summary').isStaged)
})

test('[E2] the same one-way: no write, 10 credits, cells staged; a two-way run after it pushes them', async () => {
  ann.type('TB-1', 'Summary', 'One, again')
  ann.type('TB-1', 'Story points', 5)
  bob.type('TB-2', 'Summary', 'Two, again')
  const oneWay = await seenDuring(() => sync('one-way'))
  expect([oneWay.seen.map(inWords), oneWay.done.totalCredits]).toEqual([['POST issue/bulkfetch'], 10])
  expect([ann.cell('TB-1', 'Summary').isStaged, ann.cell('TB-2', 'Summary').isStaged]).toEqual([true, true])
  const twoWay = await seenDuring(() => sync())
  expect([twoWay.seen.filter(isWrite).length, twoWay.done.totalCredits]).toEqual([2, 13])
})

test('[E14] a value changed on Jira’s own screen since the last pull is held as a conflict, not overwritten', async () => {
  ann.type('TB-3', 'Summary', 'Mine')
  await editOnScreen('TB-3', { summary: 'Theirs' })
  const { seen, done } = await seenDuring(() => sync())
  expect(seen.filter(isWrite)).toEqual([])
  expect([done.counts.skipped, done.counts.conflicts > 0, await inJira('TB-3', 'summary')]).toEqual([1, true, 'Theirs'])
  await bob.shows(() => bob.cell('TB-3', 'Summary').marks.conflict !== undefined)
  expect(bob.cell('TB-3', 'Summary')).toMatchObject({ value: 'Mine', baseline: 'Theirs', marks: { conflict: { theirs: 'Theirs' } } })
  bob.choose('TB-3', 'Summary', 'conflict', { choice: 'send-mine' })
  const after = await seenDuring(() => sync())
  expect([after.seen.filter(isWrite).length, await inJira('TB-3', 'summary')]).toEqual([1, 'Mine'])
})

for (const [nth, choice] of (['keep-app', 'send-again'] as const).entries()) {
  test(`[E15] DONE for Done is a warning in every window; “${choice}” works`, async () => {
    const key = `TB-${4 + nth}`
    if (ann.cell(key, 'Status').value === 'Done') {
      ann.type(key, 'Status', 'To Do')
      await sync()
    }
    await control({ faults: [{ kind: 'quirk-capitals', next: 1, match: { field: 'status' } }] })
    ann.type(key, 'Status', 'Done')
    const run = await sync()
    expect(run.counts.differs).toBe(1)
    await bob.shows(() => bob.cell(key, 'Status').marks.differs !== undefined)
    expect(bob.cell(key, 'Status')).toMatchObject({
      value: 'DONE',
      marks: { differs: { sent: 'Done', got: 'DONE', difference: 'capitals' } },
    })
    bob.choose(key, 'Status', 'differs', { choice })
    await ann.shows(() => ann.cell(key, 'Status').marks.differs === undefined)
    const { seen } = await seenDuring(() => sync())
    expect(seen.filter(isWrite)).toHaveLength(choice === 'keep-app' ? 0 : 1)
    await ann.shows(() => !ann.cell(key, 'Status').isStaged)
    expect(ann.cell(key, 'Status').value).toBe(choice === 'keep-app' ? 'DONE' : 'Done')
  })
}

test('[E16] an answer that is lost after saving is read back: already saved, nothing twice', async () => {
  await control({ faults: [{ kind: 'drop-after', next: 1, match: { writes: true } }] })
  ann.type('TB-6', 'Summary', 'Sent once')
  const { seen, done } = await seenDuring(() => sync())
  expect(seen.filter(isWrite)).toHaveLength(1)
  expect([done.state, done.credits.pushed, done.calls.map((c) => c.kind)]).toEqual(['settled', 1, ['check', 'write', 'read-back', 'pull']])
  expect(done.cells.find((c) => c.outcome === 'pushed')?.note).toContain('already saved')
})

test('[E16] an answer that is lost before saving is read back and sent again, charged once', async () => {
  await control({ faults: [{ kind: 'drop', next: 1, match: { writes: true } }] })
  ann.type('TB-6', 'Summary', 'Sent again')
  const { seen, done } = await seenDuring(() => sync())
  expect(seen.filter((line) => isWrite(line) && line.saved)).toHaveLength(1)
  expect([done.credits.pushed, await inJira('TB-6', 'summary')]).toEqual([1, 'Sent again'])
})

test('[E13] one record linked by one search costs 1 + 1; by name and by key', async () => {
  // Its row was unlinked, so that the record is free.
  const free = async (key: string): Promise<void> => {
    setRowsDeleted(ann.sheet, [rowOfDeleted(key)], false, ann.editor)
    await ann.saved()
    await api.call('unlink', { params: { id: book.connection, row: ann.row(key) } as never })
  }
  const row = addRow(ann.sheet, undefined, ann.editor, cryptoRandomBytes)
  await ann.saved()
  await free('TB-30')
  const hits = await api.call('search', { params: { id: book.connection }, body: { keys: ['TB-30'] } })
  const hit = hits.hits[0]
  expect([hits.credits, hit?.key, hit?.linkedRow]).toEqual([1, 'TB-30', null])
  const { run } = await api.call('link', { params: { id: book.connection }, body: { links: [{ row, recordId: hit?.id ?? '' }] } })
  expect((await ended(run)).totalCredits).toBe(1)
  await bob.shows(() => bob.sheet.cell(row, bob.field('Key')).value === 'TB-30')
  expect(typeof bob.sheet.cell(row, bob.field('Summary')).value).toBe('string')
  await api.call('unlink', { params: { id: book.connection, row } as never })
  const name = String(ann.sheet.cell(row, ann.field('Summary')).value)
  const byName = await api.call('search', { params: { id: book.connection }, body: { name } })
  expect([byName.credits, byName.hits.some((h) => h.key === 'TB-30')]).toEqual([1, true])
  const none = await api.call('search', { params: { id: book.connection }, body: { name: 'zzzzqqqq' } })
  expect([none.credits, none.hits, none.note]).toEqual([1, [], expect.stringContaining('Paste the record')])
  setRowsDeleted(ann.sheet, ann.sheet.rows().slice(10), true, ann.editor)
  await ann.saved()
})

/** A row that is deleted here and still tied to its record. */
function rowOfDeleted(key: string): RowId {
  for (const row of ann.sheet.baseRowIds()) if (ann.sheet.baseline(row, ann.field('Key')) === key) return row
  throw new Error(`No row ever showed ${key}`)
}

test('[E13] an import by JQL brings deleted rows back, makes no second row, and costs only what is new', async () => {
  const before = ann.sheet.rows().length
  const { run } = await api.call('importRecords', {
    params: { id: book.connection },
    body: { filter: 'project = TB AND key in (TB-1, TB-40)' },
  })
  const done = await ended(run)
  expect([done.state, done.totalCredits]).toEqual(['settled', 0])
  await ann.shows(() => ann.sheet.rows().length === before + 1)
  setRowsDeleted(ann.sheet, [ann.row('TB-40')], true, ann.editor)
  await ann.saved()
})

test('[E17] a refresh of the fields costs 1; a field that is added costs a pull of every linked record', async () => {
  const refresh = await ended((await api.call('refreshFields', { params: { id: book.connection } })).run)
  expect([refresh.state, refresh.totalCredits, refresh.credits.refreshed]).toEqual(['settled', 1, 1])
  const linked = (await api.call('listConnections', { query: {} })).connections[0]?.linkedRecords
  const { run } = await api.call('addConnectedField', { params: { id: book.connection }, body: { external: 'reporter' } })
  const done = await ended(run)
  expect([done.totalCredits, done.credits.pulled]).toEqual([linked, linked])
  expect(linked).toBe(10)
  await bob.shows(() => bob.sheet.fields().some((f) => f.name === 'Reporter') && bob.cell('TB-1', 'Reporter').value !== null)
})

test('[E18] a preview names every call and price; the run sends exactly that, newer edits stay staged', async () => {
  ann.type('TB-7', 'Summary', 'Previewed')
  ann.type('TB-8', 'Summary', 'Previewed, then changed')
  await ann.saved()
  const plan = await preview()
  expect([plan.push.map((c) => c.value), plan.calls.length, plan.totalCredits]).toEqual([['Previewed', 'Previewed, then changed'], 2, 12])
  bob.type('TB-8', 'Summary', 'Newer')
  bob.type('TB-9', 'Summary', 'Not previewed')
  const { seen, done } = await seenDuring(() => sync('two-way', plan.planId))
  expect(seen.filter(isWrite).map((line) => (line.body as { fields: unknown }).fields)).toEqual([{ summary: 'Previewed' }])
  expect(done.counts).toMatchObject({ planned: 2, pushed: 1, skipped: 1 })
  expect(done.cells.filter((c) => c.outcome === 'moved-on').map((c) => [c.recordKey, c.value, c.got])).toEqual([
    ['TB-8', 'Previewed, then changed', 'Newer'],
  ])
  expect([ann.cell('TB-8', 'Summary').isStaged, ann.cell('TB-9', 'Summary').isStaged]).toEqual([true, true])
  await sync()
})

test('[E18] a value that moved under a preview is skipped, a direction that changed stops the run', async () => {
  ann.type('TB-7', 'Summary', 'Over an old baseline')
  await ann.saved()
  const moved = await preview()
  await editOnScreen('TB-7', { summary: 'Moved in Jira' })
  await sync('one-way')
  const skipped = await seenDuring(() => sync('two-way', moved.planId))
  expect([skipped.seen.filter(isWrite), skipped.done.counts.skipped]).toEqual([[], 1])
  bob.choose('TB-7', 'Summary', 'conflict', { choice: 'take-theirs' })

  ann.type('TB-8', 'Summary', 'Forbidden by then')
  await ann.saved()
  const plan = await preview()
  const direction = (to: 'pull' | 'push-pull') =>
    api.call('patchObject', { params: { id: book.integration, object: book.object }, body: { direction: to } })
  await direction('pull')
  const stopped = await seenDuring(() => sync('two-way', plan.planId))
  expect([stopped.seen.filter(isWrite), stopped.done.state, stopped.done.error?.code]).toEqual([[], 'failed', 'plan-changed'])
  await direction('push-pull')
  expect((await sync()).counts.pushed).toBe(1)
})

test('[E11] with the integration switched off no call leaves, and the staged cell stays', async () => {
  ann.type('TB-9', 'Summary', 'Waits')
  await ann.saved()
  const toggle = (isOn: boolean) => api.call('patchIntegration', { params: { id: book.integration }, body: { isOn } })
  await toggle(false)
  const off = await seenDuring(() => api.send('startSync', { params: { id: book.connection }, body: { mode: 'two-way' } }))
  expect([off.seen, off.done.status]).toEqual([[], 409])
  await toggle(true)
  expect((await sync()).counts.pushed).toBe(1)
})

test('[E19] a commit that fails in the middle of a run: it goes on by itself, nothing is sent twice, nothing is lost', async () => {
  await control({ faults: [{ kind: 'delay', next: 1, delayMs: 800, match: { writes: true } }] })
  ann.type('TB-10', 'Summary', 'Through a failed disk')
  await ann.saved()
  const before = log().length
  const { run } = await api.call('startSync', { params: { id: book.connection }, body: { mode: 'two-way' } })
  for (;;) {
    const found = await api.call('getRun', { params: { id: run } })
    if (found.state === 'pushing' && found.progress !== null) break
    expect(found.endedAt, 'the run waits for its write').toBeNull()
  }
  const db = new DatabaseSync(databasePath(folder.path), { timeout: 5_000 })
  db.exec('BEGIN IMMEDIATE')
  // The write is answered, its receipt cannot be saved, and the log gives up: sockets are closed.
  await new Promise<void>((resolve) => {
    const look = (): void => {
      if (ann.isConnected) setImmediate(look)
      else resolve()
    }
    look()
  })
  db.exec('ROLLBACK')
  db.close()
  await ann.saved()
  const done = await ended(run)
  expect([done.state, done.credits.pushed]).toEqual(['settled', 1])
  await sync()
  expect(
    log()
      .slice(before)
      .filter((line) => isWrite(line) && line.saved),
  ).toHaveLength(1)
  expect(await inJira('TB-10', 'summary')).toBe('Through a failed disk')
  await bob.shows(() => bob.cell('TB-10', 'Summary').baseline === 'Through a failed disk' && !bob.cell('TB-10', 'Summary').isStaged)
})
