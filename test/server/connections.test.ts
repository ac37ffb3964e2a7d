import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type RunningServer, startServer } from '../../server/start.ts'
import { databasePath } from '../../server/storage/database.ts'
import { firstWidth } from '../../server/workbooks.ts'
import { apiClient } from '../support/api.ts'
import { testConfig } from '../support/shell-server.ts'
import { tempFolder } from '../support/temp-folder.ts'

let folder: Awaited<ReturnType<typeof tempFolder>>
let server: RunningServer
let api: ReturnType<typeof apiClient>
/** The start workbook's object: issues of the sandbox's Jira. */
let object: string

beforeAll(async () => {
  folder = await tempFolder()
  server = await startServer(testConfig(folder.path, { hasSandbox: true }))
  api = apiClient(server.origin, server.bearerToken)
  const { connections } = await api.call('listConnections')
  object = connections.find((c) => c.integration.app === 'jira')?.object.id ?? ''
})

afterAll(async () => {
  await server?.stop()
  await folder?.[Symbol.asyncDispose]()
})

interface Book {
  readonly workbook: string
  readonly sheet: string
}

async function newBook(name: string): Promise<Book> {
  const { id } = await api.call('createWorkbook', { body: { name } })
  const { sheets } = await api.call('getWorkbook', { params: { id } })
  return { workbook: id, sheet: sheets[0]?.id ?? '' }
}
const connect = (book: Book, fields: readonly string[], filter = '', name?: string) =>
  api.call('createConnection', { body: { ...book, object, filter, fields: [...fields], ...(name && { name }) } })
const rowsOf = ({ workbook, sheet }: Book) => api.call('getRows', { params: { id: workbook, sheet } })
const importInto = async (connection: string, filter: string) =>
  api.runEnded((await api.call('importRecords', { params: { id: connection }, body: { filter } })).run)
const fieldIn = async (book: Book, name: string): Promise<string> =>
  (await rowsOf(book)).fields.find((f) => f.name === name)?.id ?? `no field ${name}`
const creditsOf = async (connection: string): Promise<number> => (await api.call('getCredits', { query: { connection } })).total
const edit = (book: Book, cells: readonly { row: string; field: string; value: string | number | null }[]) =>
  api.call('editCells', { params: { id: book.workbook, sheet: book.sheet }, body: { cells: [...cells] } })
/** What the stand-in was asked so far, as it noted it. */
const requests = (): readonly string[] =>
  readFileSync(join(folder.path, 'sandbox', 'jira', 'requests.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { method: string; path: string; status: number })
    .map(({ method, path, status }) => `${method} ${path.replace('/rest/api/3', '')} ${status}`)
const callsOf = async <T>(ask: () => Promise<T>): Promise<{ answer: T; calls: readonly string[] }> => {
  const before = requests().length
  return { answer: await ask(), calls: requests().slice(before) }
}
const refusalOf = async (answer: Response) => ({ status: answer.status, ...((await answer.json()) as { error: { code: string } }).error })

test('[CN1] a connection is made in a sheet with its connection field and the chosen fields, and costs nothing where the object’s fields are known', async () => {
  const book = await newBook('Fresh')
  const connection = await connect(book, ['summary', 'status'], 'project = TB', 'Issue')
  expect(connection).toMatchObject({ filter: 'project = TB', isPaused: false, linkedRecords: 0 })
  expect((await rowsOf(book)).fields.map((f) => f.name)).toEqual(['Name', 'Notes', 'Issue', 'Summary', 'Status'])
  expect(await creditsOf(connection.id)).toBe(0)
  const run = await importInto(connection.id, 'project = TB AND key <= TB-5')
  expect(run).toMatchObject({ state: 'settled', totalCredits: 5 })
  expect((await rowsOf(book)).total).toBe(5)
})

test('[CN2] reading the fields anew costs one credit and is asked of a draft that nobody sees', async () => {
  const book = await newBook('Draft')
  const draft = await api.call('draftConnection', { body: { ...book, object } })
  expect(draft.description?.fields.some((f) => f.id === 'summary')).toBe(true)
  expect(draft.credits).toBe(1)
  const read = await api.call('describeConnection', { params: { id: draft.id } })
  expect(read.description?.nameField).toBe('summary')
  expect(await creditsOf(draft.id)).toBe(1)
  expect((await api.call('listConnections', { query: { workbook: book.workbook } })).connections).toEqual([])
  const made = await connect(book, ['summary'])
  expect(made.id).toBe(draft.id)
})

test('[CN3] a sheet holds several connections, also two of one app, and their columns are told apart', async () => {
  const book = await newBook('Two')
  const first = await connect(book, ['summary'])
  const second = await connect(book, ['summary'])
  expect(first.id).not.toBe(second.id)
  const names = (await rowsOf(book)).fields.map((f) => f.name)
  expect(names).toEqual(['Name', 'Notes', 'Key', 'Summary', 'Key (Jira)', 'Summary (Jira)'])
  await importInto(first.id, 'project = TB AND key <= TB-3')
  const before = await creditsOf(second.id)
  const { run } = await api.call('startSync', { params: { id: first.id }, body: { mode: 'two-way' } })
  await api.runEnded(run)
  expect(await creditsOf(second.id)).toBe(before)
})

test('[CN4] two requests at once make two connections, each with its own columns', async () => {
  const book = await newBook('At once')
  const [a, b] = await Promise.all([connect(book, ['summary']), connect(book, ['status'])])
  expect(a.id).not.toBe(b.id)
  expect([a.fields.length, b.fields.length]).toEqual([2, 2])
})

test('[CN5] what does not exist is refused: a sheet of another workbook, an object, a field of the app', async () => {
  const [one, two] = [await newBook('One'), await newBook('Other')]
  const ask = (body: object) =>
    api.send('createConnection', { body: { workbook: one.workbook, sheet: one.sheet, object, fields: [], ...body } })
  expect((await ask({ sheet: two.sheet })).status).toBe(404)
  expect((await ask({ object: 'nosuch' })).status).toBe(404)
  expect((await ask({ fields: ['nosuch'] })).status).toBe(404)
  expect((await api.call('listConnections', { query: { workbook: one.workbook } })).connections).toEqual([])
})

test('[CN6] a removed connection leaves its columns as the workbook’s own with all they showed, and comes back as it was', async () => {
  const book = await newBook('Removed')
  const connection = await connect(book, ['summary', 'status', 'assignee', 'labels'])
  await importInto(connection.id, 'project = TB AND key <= TB-4')
  const [summary, status] = [await fieldIn(book, 'Summary'), await fieldIn(book, 'Status')]
  const before = await rowsOf(book)
  const row = before.rows[0]?.row ?? ''
  await edit(book, [
    { row, field: summary, value: 'Typed before' },
    { row, field: status, value: 'Done' },
  ])
  const staged = await rowsOf(book)
  const csv = await (await api.send('getRows', { params: { id: book.workbook, sheet: book.sheet }, query: { format: 'csv' } })).text()
  const removed = await api.call('deleteConnection', { params: { id: connection.id } })
  expect(removed).toEqual({ fields: connection.fields.map((f) => f.field), staged: 2 })
  const after = await rowsOf(book)
  expect(after.rows.map((r) => r.values)).toEqual(staged.rows.map((r) => r.values))
  expect(after.rows.flatMap((r) => r.staged)).toEqual([])
  expect(after.fields.map((f) => f.type)).toEqual(before.fields.map((f) => (f.type === 'record-key' ? 'text' : f.type)))
  // People, options and lists read as they did.
  expect(await (await api.send('getRows', { params: { id: book.workbook, sheet: book.sheet }, query: { format: 'csv' } })).text()).toBe(csv)
  expect((await api.call('getWorkbook', { params: { id: book.workbook } })).connections).toEqual([])
  expect((await api.send('startSync', { params: { id: connection.id }, body: { mode: 'two-way' } })).status).toBe(404)

  await api.call('restoreConnection', { params: { id: connection.id }, body: {} })
  const back = await rowsOf(book)
  expect(back.rows).toEqual(staged.rows)
  expect(back.fields.map((f) => f.type)).toEqual(before.fields.map((f) => f.type))
  const preview = await api.call('previewSync', { params: { id: connection.id }, body: { mode: 'two-way' } })
  expect(preview.push.map((cell) => cell.value)).toEqual(['Typed before', 'Done'])
})

test('[CN7] a field that is no longer synced shows what it showed; what was staged in it is counted, leaves the plan, and returns with it', async () => {
  const book = await newBook('Field away')
  const connection = await connect(book, ['summary', 'status'])
  await importInto(connection.id, 'project = TB AND key <= TB-3')
  const status = await fieldIn(book, 'Status')
  const row = (await rowsOf(book)).rows[1]?.row ?? ''
  await edit(book, [{ row, field: status, value: 'Canceled' }])
  const params = { id: connection.id, field: status }
  expect(await api.call('removeConnectedField', { params })).toEqual({ staged: 1 })
  expect((await rowsOf(book)).rows[1]).toMatchObject({ values: { [status]: 'Canceled' }, staged: [] })
  expect((await api.call('previewSync', { params: { id: connection.id }, body: {} })).push).toEqual([])
  await api.call('restoreConnectedField', { params })
  expect((await api.call('previewSync', { params: { id: connection.id }, body: {} })).held.map((h) => h.cell.value)).toEqual(['Canceled'])
  expect(
    await refusalOf(await api.send('removeConnectedField', { params: { id: connection.id, field: connection.keyField } })),
  ).toMatchObject({
    status: 409,
    code: 'connection-field',
  })
})

test('[CN8] a paused connection starts nothing and says so; resumed it goes on', async () => {
  const book = await newBook('Paused')
  const connection = await connect(book, ['summary'])
  await importInto(connection.id, 'project = TB AND key <= TB-2')
  await api.call('patchConnection', { params: { id: connection.id }, body: { isPaused: true } })
  const before = await creditsOf(connection.id)
  const params = { id: connection.id }
  const refused = await Promise.all([
    api.send('startSync', { params, body: { mode: 'two-way' } }),
    api.send('importRecords', { params, body: { filter: '' } }),
    api.send('search', { params, body: { name: 'x' } }),
    api.send('refreshFields', { params }),
    api.send('lookAtFilter', { params, body: { filter: '' } }),
  ])
  for (const answer of refused) expect(await refusalOf(answer)).toMatchObject({ status: 409, code: 'paused' })
  expect(await creditsOf(connection.id)).toBe(before)
  expect((await api.call('listConnections', { query: { workbook: book.workbook } })).connections[0]?.isPaused).toBe(true)
  await api.call('patchConnection', { params, body: { isPaused: false } })
  const { run } = await api.call('startSync', { params, body: { mode: 'two-way' } })
  expect((await api.runEnded(run)).state).toBe('settled')
})

test('[CN9] a filter is looked at before an import: how many, which are here already; it costs nothing and brings nothing', async () => {
  const book = await newBook('Look')
  const connection = await connect(book, ['summary'])
  await importInto(connection.id, 'project = TB AND key <= TB-4')
  const before = await creditsOf(connection.id)
  const look = await api.call('lookAtFilter', { params: { id: connection.id }, body: { filter: 'project = TB AND key <= TB-10' } })
  expect(look).toMatchObject({ total: 10, isComplete: true, here: 4, fresh: 6 })
  expect(look.sample.slice(0, 4).every((hit) => hit.linkedRow !== null)).toBe(true)
  expect((await rowsOf(book)).total).toBe(4)
  expect(await creditsOf(connection.id)).toBe(before)
  const run = await importInto(connection.id, 'project = TB AND key <= TB-10')
  expect(run).toMatchObject({ totalCredits: 6, counts: { created: 6 } })
  const broken = await api.send('lookAtFilter', { params: { id: connection.id }, body: { filter: 'project == TB' } })
  expect(broken.status).toBe(400)
})

test('[CN10] rows are matched to records by equal values, first without tying anything: matched, ambiguous, taken and unmatched are told apart', async () => {
  const book = await newBook('Match')
  const connection = await connect(book, ['summary'])
  await importInto(connection.id, 'project = TB AND key <= TB-2')
  const name = await fieldIn(book, 'Name')
  const summary = await fieldIn(book, 'Summary')
  const summaries = (await api.call('lookAtFilter', { params: { id: connection.id }, body: { filter: 'project = TB AND key <= TB-8' } }))
    .sample
  const text = (key: string): string => summaries.find((hit) => hit.key === key)?.name ?? `no ${key}`
  const { rows } = await api.call('addRows', {
    params: { id: book.workbook, sheet: book.sheet },
    body: {
      rows: [
        { [name]: `  ${text('TB-5').toUpperCase()} ` },
        { [name]: text('TB-1') },
        { [name]: text('TB-6') },
        { [name]: text('TB-6') },
        { [name]: 'Nothing of that name' },
        {},
      ],
    },
  })
  const before = await creditsOf(connection.id)
  const match = await api.call('matchRows', {
    params: { id: connection.id },
    body: { field: name, external: 'summary', filter: 'project = TB' },
  })
  expect(match.matched.map((m) => [m.row, m.hit.key])).toEqual([[rows[0], 'TB-5']])
  expect(match.taken.map((m) => [m.row, m.hit.key])).toEqual([[rows[1], 'TB-1']])
  expect(match.ambiguous.map((m) => m.row)).toEqual([rows[2], rows[3]])
  expect(match.unmatched.map((m) => m.row)).toEqual([rows[4]])
  expect(match.empty).toBe(1)
  expect(await creditsOf(connection.id)).toBe(before + match.credits)
  const nothing = await api.call('matchRows', {
    params: { id: connection.id },
    body: { field: name, external: 'summary', rows: [rows[5] ?? ''] },
  })
  expect(nothing).toMatchObject({ empty: 1, records: 0, credits: 0 })
  expect(await creditsOf(connection.id)).toBe(before + match.credits)
  const links = match.matched.map(({ row, hit }) => ({ row, recordId: hit.id }))
  const run = await api.runEnded((await api.call('link', { params: { id: connection.id }, body: { links } })).run)
  expect(run.totalCredits).toBe(1)
  const linked = (await rowsOf(book)).rows.find((r) => r.row === rows[0])
  expect(linked?.values[summary]).toBe(text('TB-5'))
})

test('[CN23] a match asks for the values of the rows in one call, for keys too; a field that cannot be asked so is listed, and that is told', async () => {
  const book = await newBook('Asked by value')
  const connection = await connect(book, ['summary'], 'project = TB')
  const name = await fieldIn(book, 'Name')
  const look = await api.call('lookAtFilter', { params: { id: connection.id }, body: { filter: 'project = TB AND key <= TB-40' } })
  const some = look.sample.slice(0, 40)
  const add = async (values: readonly string[]) =>
    (await api.call('addRows', { params: { id: book.workbook, sheet: book.sheet }, body: { rows: values.map((v) => ({ [name]: v })) } }))
      .rows
  const match = (external: string, rows: readonly string[], filter?: string) =>
    callsOf(() =>
      api.call('matchRows', { params: { id: connection.id }, body: { field: name, external, rows: [...rows], ...(filter && { filter }) } }),
    )
  const names = await add(some.map((hit) => hit.name.toUpperCase().replace(' ', '   ')))
  const byName = await match('summary', names)
  expect(byName.calls).toEqual(['POST /search/jql 200'])
  expect(byName.answer).toMatchObject({ credits: 1, isListed: false, isComplete: true, unmatched: [] })
  expect(byName.answer.matched.map(({ row, hit }) => [row, hit.key])).toEqual(
    names.flatMap((row, i) => (some.filter((hit) => hit.name === some[i]?.name).length === 1 ? [[row, some[i]?.key]] : [])),
  )
  const keys = await add(some.map((hit) => hit.key.toLowerCase()))
  const byKey = await match('issuekey', keys)
  expect(byKey.calls).toEqual(['POST /search/jql 200'])
  expect(byKey.answer.matched).toHaveLength(40)
  // A key that no issue has: Jira refuses the whole question.
  const [unknown = ''] = await add(['TB-99999'])
  const withUnknown = await match('issuekey', [...keys, unknown])
  expect(withUnknown.calls).toEqual(['POST /search/jql 400', 'POST /issue/bulkfetch 200', 'POST /search/jql 200'])
  expect(withUnknown.answer).toMatchObject({ credits: 2, unmatched: [{ row: unknown, value: 'TB-99999' }] })
  expect(withUnknown.answer.matched).toHaveLength(40)
  expect((await match('issuekey', keys, 'project = TB AND key <= TB-10')).answer.matched).toHaveLength(10)
  const listed = await match('priority', names.slice(0, 3), 'project = TB AND key <= TB-10')
  expect(listed.calls).toEqual(['POST /search/jql 200'])
  expect(listed.answer).toMatchObject({ records: 10, isListed: true, isComplete: true })
})

test('[CN11] a record is tied to one row: a second row, a row that holds another record, and two rows in one request are refused with the row in question', async () => {
  const book = await newBook('Twice')
  const connection = await connect(book, ['summary'])
  await importInto(connection.id, 'project = TB AND key <= TB-2')
  const { hits } = await api.call('search', { params: { id: connection.id }, body: { keys: ['TB-1', 'TB-2', 'TB-3', 'TB-9999'] } })
  expect(hits).toHaveLength(3)
  const [one, , three] = ['TB-1', 'TB-2', 'TB-3'].map((key) => hits.find((h) => h.key === key))
  const { rows } = await api.call('addRows', { params: { id: book.workbook, sheet: book.sheet }, body: { rows: [{}, {}] } })
  const link = (links: readonly { row: string | null; recordId: string }[]) =>
    api.send('link', { params: { id: connection.id }, body: { links: [...links] } })
  expect(await refusalOf(await link([{ row: rows[0] ?? '', recordId: one?.id ?? '' }]))).toMatchObject({
    status: 409,
    code: 'already-linked',
    details: { row: one?.linkedRow },
  })
  expect(await refusalOf(await link([{ row: one?.linkedRow ?? '', recordId: three?.id ?? '' }]))).toMatchObject({ code: 'row-linked' })
  expect(await refusalOf(await link(rows.map((row) => ({ row, recordId: three?.id ?? '' }))))).toMatchObject({ code: 'linked-twice' })
})

test('[CN12] a record that a deleted row holds goes to the row that asks for it', async () => {
  const book = await newBook('Deleted row')
  const connection = await connect(book, ['summary'])
  await importInto(connection.id, 'key = TB-7')
  const { hits } = await api.call('search', { params: { id: connection.id }, body: { keys: ['TB-7'] } })
  const [hit] = hits
  const edits = await api.call('getWorkbook', { params: { id: book.workbook } })
  expect(edits.sheets).toHaveLength(1)
  const { rows } = await api.call('addRows', { params: { id: book.workbook, sheet: book.sheet }, body: { rows: [{}] } })
  await api.call('unlink', { params: { id: connection.id, row: hit?.linkedRow ?? '' } })
  const run = await api.call('link', { params: { id: connection.id }, body: { links: [{ row: rows[0] ?? '', recordId: hit?.id ?? '' }] } })
  await api.runEnded(run.run)
  const found = (await rowsOf(book)).rows
  expect(found.find((r) => r.row === rows[0])?.values[connection.keyField]).toBe('TB-7')
  expect(found.find((r) => r.row === hit?.linkedRow)?.values[connection.keyField]).toBeNull()
})

test('[CN13] what a new record needs is asked of the app, and the preview says what is missing and what is no option, before anything is sent', async () => {
  const book = await newBook('Create')
  const connection = await connect(book, ['summary', 'priority'])
  const params = { id: connection.id }
  const needs = await api.call('getCreateFields', { params, body: { context: {} } })
  // Jira asks for the project first; what it needs then depends on it.
  expect(needs.required.map((f) => f.id)).toEqual(['project'])
  const project =
    needs.required[0]?.options?.find((o) => o.name.includes('Tide') || o.id === 'TB')?.name ?? needs.required[0]?.options?.[0]?.name ?? ''
  const [summary, priority] = [await fieldIn(book, 'Summary'), await fieldIn(book, 'Priority')]
  const { rows } = await api.call('addRows', {
    params: { id: book.workbook, sheet: book.sheet },
    body: { rows: [{ [summary]: 'A new one', [priority]: 'high' }, { [summary]: 'Another', [priority]: 'Hihg' }, {}] },
  })
  const before = await creditsOf(connection.id)
  const bare = await api.call('previewCreate', { params, body: { rows, common: [] } })
  expect(bare.rows.map((r) => r.missing)).toEqual([['project'], ['project'], ['project']])
  const common = [
    { field: 'project', value: project },
    { field: 'issuetype', value: 'Task' },
  ]
  const preview = await api.call('previewCreate', { params, body: { rows, common } })
  expect(preview.rows[2]?.missing).toContain('summary')
  expect(preview.rows[1]?.problems[0]?.text).toContain('Did you mean “High”?')
  expect(await creditsOf(connection.id)).toBe(before)

  const ready = preview.rows.filter((r) => r.missing.length === 0 && r.problems.length === 0)
  expect(ready.map((r) => r.row)).toEqual([rows[0]])
  const { run } = await api.call('createRecords', { params, body: { rows: ready.map(({ row, changes }) => ({ row, changes })) } })
  const ended = await api.runEnded(run)
  expect(ended).toMatchObject({ state: 'settled', totalCredits: preview.totalCredits, counts: { created: 1, linked: 1 } })
  // One call makes it, one reads it.
  expect([preview.calls, (await api.call('getRun', { params: { id: run } })).calls.map(({ path }) => path)]).toEqual([
    2,
    [expect.stringMatching(/\/issue\/bulk$/u), expect.stringMatching(/\/bulkfetch$/u)],
  ])
  const made = (await rowsOf(book)).rows.find((r) => r.row === rows[0])
  expect(made).toMatchObject({ values: { [summary]: 'A new one', [priority]: 'High' }, staged: [] })
  expect(made?.values[connection.keyField]).toMatch(/^[A-Z]+-\d+$/u)
  expect(await refusalOf(await api.send('previewCreate', { params, body: { rows: [rows[0] ?? ''], common } }))).toMatchObject({
    code: 'row-linked',
  })
})

test('[CN15] what a person asks of an app outside a sync is a run of the log with its calls, which is over when the answer is here', async () => {
  const book = await newBook('Asked')
  const connection = await connect(book, ['summary'])
  const params = { id: connection.id }
  const { hits } = await api.call('search', { params, body: { name: 'launch' } })
  expect(hits.length).toBeGreaterThan(0)
  await api.call('lookAtFilter', { params, body: { filter: 'key = TB-1' } })
  const { runs } = await api.call('listRuns', { query: { connection: connection.id } })
  expect(runs.map(({ kind, state, totalCredits, endedAt }) => [kind, state, totalCredits, endedAt !== null])).toEqual([
    ['search', 'settled', 0, true],
    ['search', 'settled', 1, true],
  ])
  expect((await api.call('getRun', { params: { id: runs[0]?.id ?? '' } })).calls.length).toBeGreaterThan(0)
})

test('[CN25] a match whose asker has gone stops in the midst of its call', async () => {
  const book = await newBook('Nobody waits')
  const connection = await connect(book, ['summary'])
  const name = await fieldIn(book, 'Name')
  await api.call('addRows', { params: { id: book.workbook, sheet: book.sheet }, body: { rows: [{ [name]: 'Anything' }] } })
  const control = (faults: readonly object[]) =>
    fetch(`${server.origin}/sandbox/control`, {
      method: 'POST',
      headers: { authorization: `Bearer ${server.bearerToken}`, 'content-type': 'application/json' },
      body: JSON.stringify({ app: 'jira', faults }),
    })
  const unanswered = (): number => {
    const db = new DatabaseSync(databasePath(folder.path), { readOnly: true })
    const { n } = db.prepare("SELECT count(*) AS n FROM run_calls WHERE status IS NULL AND path LIKE '%/search/jql%'").get() as {
      n: number
    }
    db.close()
    return n
  }
  const [before, asked] = [unanswered(), requests().length]
  await control([{ kind: 'timeout-before', next: 1 }])
  const gone = new AbortController()
  const match = fetch(`${server.origin}/api/connections/${connection.id}/match`, {
    method: 'POST',
    headers: { authorization: `Bearer ${server.bearerToken}`, 'content-type': 'application/json' },
    body: JSON.stringify({ field: name, external: 'summary' }),
    signal: gone.signal,
  })
  await expect.poll(() => requests().length, { timeout: 5_000 }).toBeGreaterThan(asked)
  gone.abort()
  await expect(match).rejects.toThrow()
  await expect.poll(unanswered, { timeout: 5_000 }).toBe(before + 1)
  await control([])
  expect((await api.call('listRuns', { query: { connection: connection.id } })).runs).toEqual([])
})

test('[CN14] a copy of a workbook has its sheets, fields, rows, staged cells and connections, these paused; neither changes with the other', async () => {
  const book = await newBook('Plan')
  const connection = await connect(book, ['summary', 'status'], 'project = TB')
  await importInto(connection.id, 'project = TB AND key <= TB-6')
  const status = await fieldIn(book, 'Status')
  const source = await rowsOf(book)
  const row = source.rows[0]?.row ?? ''
  await edit(book, [{ row, field: status, value: 'Done' }])
  const copy = await api.call('duplicateWorkbook', { params: { id: book.workbook }, body: {} })
  expect(copy).toMatchObject({ name: 'Copy of Plan', sheets: 1, rows: 6, connections: 1 })
  const { sheets, connections } = await api.call('getWorkbook', { params: { id: copy.id } })
  const copied: Book = { workbook: copy.id, sheet: sheets[0]?.id ?? '' }
  expect(connections).toMatchObject([{ isPaused: true, filter: 'project = TB', linkedRecords: 6 }])
  const [before, after] = [await rowsOf(book), await rowsOf(copied)]
  expect(after).toEqual(before)
  const paused = connections[0]?.id ?? ''
  expect(await refusalOf(await api.send('startSync', { params: { id: paused }, body: {} }))).toMatchObject({ code: 'paused' })

  await edit(copied, [{ row, field: status, value: 'In Progress' }])
  expect((await rowsOf(book)).rows[0]?.values[status]).toBe('Done')
  const { story } = await api.call('getStory', { params: { sheet: book.sheet, row, field: status } })
  expect(story.filter((s) => s.kind === 'edit').map((s) => s.value)).toEqual(['Done'])
  await api.call('patchConnection', { params: { id: paused }, body: { isPaused: false } })
  const preview = await api.call('previewSync', { params: { id: paused }, body: {} })
  expect(preview.push.map((c) => [c.row, c.value])).toEqual([[row, 'In Progress']])
})

test('[CN24] unlinking rows is taken back without a call or a credit: ties, staged cells and what was said of them are as they were', async () => {
  const book = await newBook('Cut and tied')
  const connection = await connect(book, ['summary', 'status'])
  await importInto(connection.id, 'project = TB AND key <= TB-14 AND key > TB-10 ORDER BY key ASC')
  const [summary, status] = [await fieldIn(book, 'Summary'), await fieldIn(book, 'Status')]
  const [one, two, three] = (await rowsOf(book)).rows.map(({ row }) => row)
  await edit(book, [
    { row: one ?? '', field: summary, value: 'Typed here' },
    { row: two ?? '', field: status, value: 'done' },
  ])
  // Something to be said of a cell: no such option.
  await edit(book, [{ row: two ?? '', field: status, value: 'Nowhere' }])
  await api.runEnded((await api.call('startSync', { params: { id: connection.id }, body: { mode: 'two-way' } })).run)
  await edit(book, [{ row: one ?? '', field: summary, value: 'Typed again' }])
  const annotations = async () => (await api.call('listAnnotations', { query: { sheet: book.sheet } })).annotations
  const preview = async () => (await api.call('previewSync', { params: { id: connection.id }, body: {} })).push.map((c) => [c.row, c.value])
  const [before, said, planned, paid] = [await rowsOf(book), await annotations(), await preview(), await creditsOf(connection.id)]
  expect(said.length).toBeGreaterThan(0)
  expect(planned).toEqual([[one, 'Typed again']])

  const recordOf = new Map(
    (await api.call('search', { params: { id: connection.id }, body: { keys: ['TB-11', 'TB-12', 'TB-13'] } })).hits.map((hit) => [
      hit.linkedRow ?? '',
      hit.id,
    ]),
  )
  const ties = [one, two, three].map((row) => ({ row: row ?? '', recordId: recordOf.get(row ?? '') ?? '' }))
  const { calls } = await callsOf(async () => {
    const cut = await api.call('unlinkRows', { params: { id: connection.id }, body: { ties } })
    expect(cut.rows).toEqual([one, two, three])
    expect((await rowsOf(book)).rows.map((r) => r.values[connection.keyField])).toEqual([null, null, null, 'TB-14'])
    expect([await annotations(), await preview()]).toEqual([[], []])
    const back = await api.call('relinkRows', { params: { id: connection.id }, body: { ties } })
    expect(back).toEqual({ rows: [one, two, three], kept: [] })
  })
  expect(calls).toEqual([])
  expect([await rowsOf(book), await annotations(), await preview()]).toEqual([before, said, planned])
  expect(await creditsOf(connection.id)).toBe(paid + 1)
  // Once is once.
  expect(await api.call('relinkRows', { params: { id: connection.id }, body: { ties: ties.slice(0, 1) } })).toEqual({
    rows: [],
    kept: [{ row: one, reason: 'The row is linked to this record already.' }],
  })
})

test('[CN24] a row that holds another record by now, a record that another row holds, and what nobody cut stay as they are, each with the reason', async () => {
  const book = await newBook('Cut and taken')
  const connection = await connect(book, ['summary'])
  const params = { id: connection.id }
  await importInto(connection.id, 'project = TB AND key <= TB-24 AND key > TB-20')
  const { hits } = await api.call('search', { params, body: { keys: ['TB-21', 'TB-22', 'TB-23', 'TB-24', 'TB-25'] } })
  const at = (key: string) => hits.find((hit) => hit.key === key)
  const tie = (key: string) => ({ row: at(key)?.linkedRow ?? '', recordId: at(key)?.id ?? '' })
  const cut = ['TB-21', 'TB-22', 'TB-23'].map(tie)
  // Only what is tied to the record that is named is cut.
  const asked = [...cut, { row: tie('TB-24').row, recordId: cut[0]?.recordId ?? '' }]
  expect((await api.call('unlinkRows', { params, body: { ties: asked } })).rows).toEqual(cut.map(({ row }) => row))
  const { rows } = await api.call('addRows', { params: { id: book.workbook, sheet: book.sheet }, body: { rows: [{}] } })
  const links = [
    { row: cut[0]?.row ?? '', recordId: at('TB-25')?.id ?? '' },
    { row: rows[0] ?? '', recordId: cut[1]?.recordId ?? '' },
  ]
  await api.runEnded((await api.call('link', { params, body: { links } })).run)
  const never = { row: cut[2]?.row ?? '', recordId: '424242' }
  expect(await api.call('relinkRows', { params, body: { ties: [...cut.slice(0, 2), never, cut[2] ?? never, cut[2] ?? never] } })).toEqual({
    rows: [cut[2]?.row],
    kept: [
      { row: cut[0]?.row, reason: 'The row is linked to another record by now.' },
      { row: cut[1]?.row, reason: 'Another row holds the record by now.' },
      { row: never.row, reason: 'What the row was tied to is not known any more; link it by its key.' },
      { row: cut[2]?.row, reason: 'Another row holds the record by now.' },
    ],
  })
})

test('[ST14] nothing is asked for a connection of a deleted sheet, by any way; back, it syncs', async () => {
  const book = await newBook('Sheet away')
  await api.call('createSheet', { params: { id: book.workbook }, body: {} })
  const connection = await connect(book, ['summary'])
  const params = { id: connection.id }
  await importInto(connection.id, 'project = TB AND key <= TB-2')
  await api.call('deleteSheet', { params: { id: book.workbook, sheet: book.sheet } })
  const { calls } = await callsOf(async () => {
    const refused = await Promise.all([
      api.send('startSync', { params, body: { mode: 'two-way' } }),
      api.send('importRecords', { params, body: { filter: '' } }),
      api.send('search', { params, body: { name: 'x' } }),
      api.send('refreshFields', { params }),
      api.send('matchRows', { params, body: { field: connection.keyField, external: 'summary' } }),
      api.send('link', { params, body: { links: [{ row: null, recordId: '10001' }] } }),
    ])
    for (const answer of refused)
      expect(await refusalOf(answer)).toMatchObject({
        status: 409,
        code: 'sheet-deleted',
        message: 'The sheet of this connection is deleted.',
      })
  })
  expect(calls).toEqual([])
  await api.call('patchSheet', { params: { id: book.workbook, sheet: book.sheet }, body: { isDeleted: false } })
  expect((await api.runEnded((await api.call('startSync', { params, body: {} })).run)).state).toBe('settled')
})

test('[GR15] the column of keys begins as wide as a key of that app: Jira’s as ever, HubSpot’s and Salesforce’s ids in full', () => {
  const width = (keyExample: string | undefined) =>
    firstWidth({ id: 'key', type: 'record-key' }, { keyField: 'key', ...(keyExample !== undefined && { keyExample }) })
  expect([undefined, 'TB-1234', '00001234', '512345678901', '001xx000003DGb2AAG'].map(width)).toEqual([110, 110, 110, 140, 190])
  expect(firstWidth({ id: 'name', type: 'text' }, { keyField: 'key', keyExample: '512345678901' })).toBe(260)
})

test('[CN24] a pull by the clock after a tie came back asks from where the pulls stood when it was cut', async () => {
  const book = await newBook('Cut between pulls')
  const connection = await connect(book, ['summary'])
  const params = { id: connection.id }
  await importInto(connection.id, 'project = TB AND key <= TB-2')
  const { id: integration } = connection.integration
  await api.call('patchObject', { params: { id: integration, object }, body: { schedule: 60 } })
  const sync = async () => api.runEnded((await api.call('startSync', { params, body: { mode: 'one-way' } })).run)
  const cursor = () => {
    using db = new DatabaseSync(databasePath(folder.path), { readOnly: true })
    return db.prepare('SELECT cursor FROM connections WHERE id = ?').get(connection.id)?.cursor
  }
  await sync()
  const atCut = cursor()
  const [hit] = (await api.call('search', { params, body: { keys: ['TB-1'] } })).hits
  const ties = [{ row: hit?.linkedRow ?? '', recordId: hit?.id ?? '' }]
  await api.call('unlinkRows', { params, body: { ties } })
  expect((await sync()).counts.pulled).toBe(1)
  expect(cursor()).not.toBe(atCut)
  expect((await api.call('relinkRows', { params, body: { ties } })).rows).toHaveLength(1)
  expect([typeof atCut, cursor()]).toEqual(['string', atCut])
  await api.call('patchObject', { params: { id: integration, object }, body: { schedule: null } })
})
