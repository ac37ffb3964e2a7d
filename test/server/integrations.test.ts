import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { contract } from '../../server/api/contract.ts'
import { decidedDirection } from '../../server/integrations.ts'
import { type RunningServer, startServer } from '../../server/start.ts'
import { databasePath } from '../../server/storage/database.ts'
import type { FieldDirection, ObjectDirection } from '../../sync-engine/direction.ts'
import { apiClient } from '../support/api.ts'
import { testConfig } from '../support/shell-server.ts'
import { tempFolder } from '../support/temp-folder.ts'

let folder: Awaited<ReturnType<typeof tempFolder>>
let server: RunningServer
let api: ReturnType<typeof apiClient>
/** The start workbook: sixty rows of the sandbox's Jira. */
let book: { id: string; sheet: string; connection: string; integration: string; object: string; fields: Record<string, string> }

beforeAll(async () => {
  folder = await tempFolder()
  server = await startServer(testConfig(folder.path, { hasSandbox: true }))
  api = apiClient(server.origin, server.bearerToken)
  const { connections } = await api.call('listConnections', { query: {} })
  const connection = connections.find((c) => c.integration.app === 'jira')
  if (connection === undefined) throw new Error('The start workbook is not connected to Jira')
  const { fields } = await api.call('getRows', { params: { id: connection.workbook, sheet: connection.sheet } })
  book = {
    id: connection.workbook,
    sheet: connection.sheet,
    connection: connection.id,
    integration: connection.integration.id,
    object: connection.object.id,
    fields: Object.fromEntries(fields.map((f) => [f.name, f.id])),
  }
})

afterAll(async () => {
  await server?.stop()
  await folder?.[Symbol.asyncDispose]()
})

const integration = (id = book.integration) => api.call('getIntegration', { params: { id } })
const mappings = () => api.call('getMappings', { params: { id: book.integration, object: book.object } })
const mapping = async (external: string) => {
  const found = (await mappings()).fields.find((f) => f.external.id === external)
  if (found === undefined) throw new Error(`No field ${external}`)
  return found
}
const setDirection = (direction: ObjectDirection) =>
  api.call('patchObject', { params: { id: book.integration, object: book.object }, body: { direction } })
const setField = (external: string, direction: FieldDirection) =>
  api.call('patchMappings', { params: { id: book.integration, object: book.object }, body: { changes: [{ external, direction }] } })
const toggle = (isOn: boolean, id = book.integration) => api.call('patchIntegration', { params: { id }, body: { isOn } })
const addSandbox = async (name: string): Promise<string> =>
  (await api.call('addIntegration', { body: { app: 'jira', name, sandbox: true } })).id
const rowAt = async (index: number) => {
  const { rows } = await api.call('getRows', { params: { id: book.id, sheet: book.sheet } })
  const row = rows[index]
  if (row === undefined) throw new Error(`No row ${index}`)
  return row
}
const type = async (index: number, field: string, value: string | null) =>
  api.call('editCells', {
    params: { id: book.id, sheet: book.sheet },
    body: { cells: [{ row: (await rowAt(index)).row, field: book.fields[field] ?? field, value }] },
  })
const refusal = async (response: Response) => [response.status, (await response.json()).error.code]
/** How many requests the stand-in has been sent. */
const requests = (): number => readFileSync(join(folder.path, 'sandbox/jira/requests.jsonl'), 'utf8').trim().split('\n').length

test('[CF1][V3] an integration is told with its objects, its sheets and what it used', async () => {
  const told = await integration()
  expect(told).toMatchObject({
    app: 'jira',
    appName: 'Jira',
    isOn: true,
    isSandbox: true,
    auth: { state: 'authorised' },
    limitName: 'Projects',
    known: [{ id: 'issues', name: 'Issues' }],
  })
  expect(told.objects).toEqual([
    expect.objectContaining({ name: 'Issues', external: 'issues', externalName: 'Issues', schedule: null, connections: 1, nextPull: null }),
  ])
  expect(told.connections).toEqual([
    expect.objectContaining({ id: book.connection, linkedRecords: 60, staged: 0, isDescribed: true, workbook: expect.anything() }),
  ])
  expect(told.usage).toMatchObject({ credits: { linked: 60, refreshed: 1 }, total: 61, runs: 2 })
})

test('[C1][V1] an integration nobody has signed in to says so and makes no call', async () => {
  const id = await addSandbox('Nobody’s Jira')
  expect((await integration(id)).auth).toMatchObject({ state: 'authorised', by: 'script', expiresAt: null })
  const database = new DatabaseSync(databasePath(folder.path))
  database.prepare('DELETE FROM secrets WHERE name LIKE ?').run(`%${id}%`)
  database.prepare('DELETE FROM authorisations WHERE integration = ?').run(id)
  database.close()
  const before = requests()
  expect((await integration(id)).auth).toMatchObject({ state: 'never', by: null })
  expect((await api.send('tryIntegration', { params: { id } })).ok).toBe(false)
  expect(requests()).toBe(before)
  await api.call('deleteIntegration', { params: { id }, body: { confirm: 'Nobody’s Jira' } })
  expect(await refusal(await api.send('getIntegration', { params: { id } }))).toEqual([404, 'not-found'])
})

test('[C2] an integration is named by people, control letters are left out', async () => {
  await api.call('patchIntegration', { params: { id: book.integration }, body: { name: 'Support\u202e Jira' } })
  expect((await integration()).name).toBe('Support  Jira')
  await api.call('patchIntegration', { params: { id: book.integration }, body: { name: 'Sandbox Jira' } })
})

test('[CF13] an integration is limited to parts of its account, written as the app writes them', async () => {
  const limit = (limitedTo: string[] | null) => api.call('patchIntegration', { params: { id: book.integration }, body: { limitedTo } })
  await limit(['ops', 'TB'])
  expect((await integration()).limitedTo).toEqual(['OPS', 'TB'])
  await limit(null)
  expect((await integration()).limitedTo).toBeNull()
  const none = await api.send('patchIntegration', { params: { id: book.integration }, body: { limitedTo: [] } })
  expect(none.status).toBe(400)
})

test('[C3][C4][C22][V2] the toggle stops everything of one integration and nothing of another', async () => {
  const other = await addSandbox('Other Jira')
  await toggle(false)
  for (const start of [
    api.send('startSync', { params: { id: book.connection }, body: {} }),
    api.send('importRecords', { params: { id: book.connection }, body: { filter: '' } }),
    api.send('refreshFields', { params: { id: book.connection } }),
    api.send('search', { params: { id: book.connection }, body: { name: 'launch' } }),
    api.send('addConnectedField', { params: { id: book.connection }, body: { external: 'created' } }),
  ]) {
    expect(await refusal(await start)).toEqual([409, 'paused'])
  }
  expect((await integration(other)).isOn).toBe(true)
  await api.call('tryIntegration', { params: { id: other } })
  await toggle(true)
  await api.call('deleteIntegration', { params: { id: other }, body: { confirm: 'Other Jira' } })
})

test('[C5] the toggle beats every direction of an object, and cells say so at once', async () => {
  for (const direction of ['push-pull', 'push', 'pull', 'disabled'] as const) {
    await setDirection(direction)
    await toggle(false)
    const { effective } = await mapping('summary')
    expect(effective).toEqual({ canPush: false, canPull: false, decidedBy: 'toggle' })
    await toggle(true)
  }
  await setDirection('push-pull')
})

test('[C3] a run that is under way when it is switched off ends, and no further call is made', async () => {
  const { run } = await api.call('importRecords', { params: { id: book.connection }, body: { filter: 'project = TB' } })
  await toggle(false)
  const ended = await api.runEnded(run)
  // It was over already, was cancelled, or noticed by itself that it may not go on.
  expect(['settled', 'cancelled', 'paused']).toContain(ended.state === 'failed' ? ended.error?.code : ended.state)
  const before = requests()
  await api.send('startSync', { params: { id: book.connection }, body: {} })
  expect(requests()).toBe(before)
  await toggle(true)
})

test('[C6][C8] objects are added under names of the workspace, and start as Pull only, by hand', async () => {
  const params = { id: book.integration }
  for (const name of ['Clients', 'Contacts', 'Subscriptions']) {
    const made = await api.call('addObject', { params, body: { name, external: 'issues' } })
    expect(made).toMatchObject({ name, externalName: 'Issues', direction: 'pull', schedule: null, isNightly: false, connections: 0 })
  }
  expect((await integration()).objects.map((o) => o.name)).toEqual(['Issues', 'Clients', 'Contacts', 'Subscriptions'])
  expect(await refusal(await api.send('addObject', { params, body: { name: 'clients', external: 'issues' } }))).toEqual([409, 'exists'])
})

test('[C7] an object points at exactly one external object, and stays there once a sheet is connected', async () => {
  const params = { id: book.integration, object: book.object }
  expect(await refusal(await api.send('patchObject', { params, body: { external: 'projects' } }))).toEqual([409, 'connected'])
  const free = (await integration()).objects.find((o) => o.name === 'Clients')
  const ofFree = { id: book.integration, object: free?.id ?? '' }
  await api.call('patchObject', { params: ofFree, body: { external: 'custom', externalName: 'Custom things' } })
  const moved = (await integration()).objects.find((o) => o.name === 'Clients')
  expect([moved?.external, moved?.externalName]).toEqual(['custom', 'Custom things'])
})

test('[C9] every object can be connected, and deleted again with a typed confirmation', async () => {
  const object = (await integration()).objects.find((o) => o.name === 'Contacts')
  const params = { id: book.integration, object: object?.id ?? '' }
  const { id } = await api.call('createWorkbook', { body: { name: 'Contacts book' } })
  const { sheets } = await api.call('getWorkbook', { params: { id } })
  const made = await api.call('createConnection', {
    body: { workbook: id, sheet: sheets[0]?.id ?? '', object: params.object, filter: 'project = TB', fields: ['summary', 'status'] },
  })
  expect(await api.call('previewDeleteObject', { params })).toMatchObject({ connections: 1, objects: 1 })
  expect(await refusal(await api.send('deleteObject', { params, body: { confirm: 'contacts' } }))).toEqual([409, 'not-confirmed'])
  await api.call('deleteObject', { params, body: { confirm: 'Contacts' } })
  expect((await integration()).objects.map((o) => o.name)).not.toContain('Contacts')
  expect((await api.call('listConnections', { query: {} })).connections.map((c) => c.id)).not.toContain(made.id)
  expect((await integration()).connections.map((c) => c.id)).toEqual([book.connection])
})

test('[C10][C11][C12] each direction lets through what it says, and no more', async () => {
  const seen: Record<string, string[]> = {}
  for (const direction of ['push-pull', 'push', 'pull', 'disabled'] as const) {
    await setDirection(direction)
    const { effective } = await mapping('summary')
    seen[direction] = [effective.canPush ? 'push' : '', effective.canPull ? 'pull' : ''].filter((way) => way !== '')
  }
  expect(seen).toEqual({ 'push-pull': ['push', 'pull'], push: ['push'], pull: ['pull'], disabled: [] })
  await setDirection('push-pull')
})

/** What the table of C23 says, row by row: toggle, object, field → what may be, and who decides. */
const OBJECTS = ['push-pull', 'push', 'pull', 'disabled'] as const
const FIELDS = ['two-way', 'push', 'pull', 'off'] as const
const TABLE: Record<ObjectDirection, Record<FieldDirection, readonly [string, string]>> = {
  'push-pull': { 'two-way': ['both', 'none'], push: ['push', 'field'], pull: ['pull', 'field'], off: ['neither', 'field'] },
  push: { 'two-way': ['push', 'object'], push: ['push', 'object'], pull: ['neither', 'object'], off: ['neither', 'object'] },
  pull: { 'two-way': ['pull', 'object'], push: ['neither', 'object'], pull: ['pull', 'object'], off: ['neither', 'object'] },
  disabled: { 'two-way': ['neither', 'object'], push: ['neither', 'object'], pull: ['neither', 'object'], off: ['neither', 'object'] },
}
const rows32 = [true, false].flatMap((isOn) =>
  OBJECTS.flatMap((object) =>
    FIELDS.map((field) => {
      const [may, by] = isOn ? TABLE[object][field] : (['neither', 'toggle'] as const)
      return { isOn, object, field, may, by }
    }),
  ),
)

test('[C13][C23] the thirty-two rows of the direction table, over HTTP and in the plan', async () => {
  expect(rows32).toHaveLength(32)
  await type(14, 'Summary', 'To be held or sent')
  for (const row of rows32) {
    await toggle(row.isOn)
    await setDirection(row.object)
    await setField('summary', row.field)
    const { effective } = await mapping('summary')
    const may = effective.canPush ? (effective.canPull ? 'both' : 'push') : effective.canPull ? 'pull' : 'neither'
    expect({ ...row, may, by: effective.decidedBy }).toEqual(row)
    // The plan of a sync obeys: a cell that may not go is held with the reason of its level, one that may is in the plan.
    const preview = await api.call('previewSync', { params: { id: book.connection }, body: {} })
    expect([preview.push.length, preview.held.length]).toEqual(effective.canPush ? [1, 0] : [0, 1])
    const object = row.object === 'pull' || row.object === 'push-pull'
    expect(preview.pull.records > 0).toBe(row.isOn && object)
  }
  await toggle(true)
  await setDirection('push-pull')
  await setField('summary', 'two-way')
  await type(14, 'Summary', (await rowAt(14)).values[book.fields.Summary ?? ''] as string)
})

test('[C13] what the app does not take is decided by the app below the levels above it', () => {
  const decide = (isOn: boolean, object: ObjectDirection, field: FieldDirection) =>
    decidedDirection({ isOn, object, field, isWritable: false })
  expect(decide(true, 'push-pull', 'pull')).toEqual({ canPush: false, canPull: true, decidedBy: 'app' })
  expect(decide(true, 'push-pull', 'off')).toEqual({ canPush: false, canPull: false, decidedBy: 'field' })
  expect(decide(true, 'pull', 'pull').decidedBy).toBe('object')
  expect(decide(false, 'push-pull', 'pull').decidedBy).toBe('toggle')
})

test('[C14] a staged option in other capitals matches here; one the app has not is stopped with the name offered', async () => {
  await type(16, 'Priority', 'lowset')
  const preview = await api.call('previewSync', { params: { id: book.connection }, body: {} })
  expect(preview.held).toContainEqual(expect.objectContaining({ reason: 'not-an-option', nearest: 'Lowest' }))
  await type(16, 'Priority', 'LOWEST')
  const matched = await api.call('previewSync', { params: { id: book.connection }, body: {} })
  expect(matched.push).toContainEqual(expect.objectContaining({ value: 'LOWEST', sent: 'Lowest' }))
})

test('[C15][C16] a schedule is one of six, and kept', async () => {
  const params = { id: book.integration, object: book.object }
  for (const schedule of [5, 10, 15, 30, 60, null] as const) {
    await api.call('patchObject', { params, body: { schedule } })
    expect((await integration()).objects[0]?.schedule).toBe(schedule)
  }
  expect((await api.send('patchObject', { params, body: { schedule: 7 } as never })).status).toBe(400)
  await api.call('patchObject', { params, body: { isNightly: true } })
  expect((await integration()).objects[0]).toMatchObject({ isNightly: true })
  await api.call('patchObject', { params, body: { isNightly: false } })
  expect((await integration()).objects[0]?.nextPull).toBeNull()
})

test('[C17] the latest pull is told with its time and number', async () => {
  const { run } = await api.call('startSync', { params: { id: book.connection }, body: { mode: 'one-way' } })
  const ended = await api.runEnded(run)
  const { latestPull } = (await integration()).objects[0] ?? {}
  expect(latestPull).toMatchObject({ records: 60, isFailed: false })
  expect(latestPull?.at).toBeGreaterThanOrEqual(ended.createdAt)
})

test('[C19][V28] a mapping holds in every connection; what the app does not take can only be pulled or left out', async () => {
  const params = { id: book.integration, object: book.object }
  await setField('priority', 'pull')
  const answer = await type(20, 'Priority', 'High')
  expect(answer.readOnly).toEqual([expect.objectContaining({ reason: 'This field only pulls from Jira.' })])
  const priority = await mapping('priority')
  expect([priority.isOwn, priority.places.map((p) => [p.fieldName, p.direction])]).toEqual([true, [['Priority', 'pull']]])
  await setField('priority', 'two-way')
  const send = (changes: { external: string; direction?: FieldDirection; valueMap?: { app: string; workbook: string }[] }[]) =>
    api.send('patchMappings', { params, body: { changes } })
  expect(await refusal(await send([{ external: 'updated', direction: 'two-way' }]))).toEqual([409, 'does-not-fit'])
  expect(await refusal(await send([{ external: 'nosuch', direction: 'pull' }]))).toEqual([404, 'not-found'])
  // None of a refused request is kept.
  const refused = send([
    { external: 'summary', direction: 'off' },
    { external: 'updated', direction: 'push' },
  ])
  expect((await refused).status).toBe(409)
  expect((await mapping('summary')).direction).toBe('two-way')
})

test('[CF2] an option is called otherwise in the workbook: cells follow at once, and a push sends the app’s own name', async () => {
  const params = { id: book.integration, object: book.object }
  const low = { app: 'Low', workbook: 'Someday' }
  const fieldId = book.fields.Priority ?? ''
  const { rows } = await api.call('getRows', { params: { id: book.id, sheet: book.sheet } })
  const lowRows = rows.filter((r) => r.values[fieldId] === 'Low').map((r) => r.row)
  expect(lowRows.length).toBeGreaterThan(0)
  const before = requests()
  await api.call('patchMappings', { params, body: { changes: [{ external: 'priority', valueMap: [low] }] } })
  const renamed = (await api.call('getRows', { params: { id: book.id, sheet: book.sheet } })).rows
  expect(renamed.filter((r) => r.values[fieldId] === 'Someday').map((r) => r.row)).toEqual(lowRows)
  expect(requests()).toBe(before)
  // A pull brings nothing that differs.
  const { run } = await api.call('startSync', { params: { id: book.connection }, body: { mode: 'one-way' } })
  expect((await api.runEnded(run)).counts).toMatchObject({ changed: 0, differs: 0, conflicts: 0 })
  // A push sends what the app calls it.
  const target = renamed.findIndex((r) => r.values[fieldId] === 'Medium' && r.staged.length === 0)
  await type(target, 'Priority', 'Someday')
  const preview = await api.call('previewSync', { params: { id: book.connection }, body: {} })
  expect(preview.push.map((c) => c.value)).toContain('Someday')
  expect(preview.calls.flatMap((call) => call.deltas).flatMap((d) => d.changes)).toContainEqual({ field: 'priority', value: 'Low' })
  expect(JSON.stringify(preview.calls)).not.toContain('Someday')
  const used = await api.call('getUsedValues', { params, query: { external: 'priority' } })
  expect(used.used.map((u) => u.value)).toContain('Someday')
  // Back to the app's names: everything as before.
  await api.call('patchMappings', { params, body: { changes: [{ external: 'priority', valueMap: [] }] } })
  const back = (await api.call('getRows', { params: { id: book.id, sheet: book.sheet } })).rows
  expect(back.filter((r) => lowRows.includes(r.row)).every((r) => r.values[fieldId] === 'Low')).toBe(true)
  await type(target, 'Priority', 'Medium')
})

test('[CF11] what several people set at once is all kept', async () => {
  const fields = ['summary', 'status', 'assignee', 'priority', 'duedate', 'labels', 'description', 'customfield_10016']
  await Promise.all(fields.map((external) => setField(external, 'push')))
  const set = (await mappings()).fields.filter((f) => fields.includes(f.external.id))
  expect(set.map((f) => f.direction)).toEqual(fields.map(() => 'push'))
  await Promise.all(fields.map((external) => setField(external, 'two-way')))
})

test('[C8] an external object is named as apps name theirs, and by nothing else', async () => {
  const params = { id: book.integration }
  for (const external of ['Account; DROP', '../issues', 'a b', '']) {
    expect((await api.send('addObject', { params, body: { name: 'Odd', external } })).status).toBe(400)
  }
})

test('[CF3] a value map that could not be read back is refused with the reason', async () => {
  const params = { id: book.integration, object: book.object }
  const send = async (external: string, valueMap: { app: string; workbook: string }[]) =>
    (await (await api.send('patchMappings', { params, body: { changes: [{ external, valueMap }] } })).json()).error?.message as string
  expect(
    await send('priority', [
      { app: 'Low', workbook: 'Later' },
      { app: 'Lowest', workbook: 'Later' },
    ]),
  ).toBe('Priority: Two options would both be shown as “Later”.')
  expect(await send('priority', [{ app: 'Low', workbook: 'High' }])).toBe(
    'Priority: “High” is an option of its own in the app; map that one to another name first.',
  )
  expect(await send('summary', [{ app: 'a', workbook: 'b' }])).toBe('Summary has no options in Jira to map.')
  // Two options may change names with each other.
  const swap = [
    { app: 'Low', workbook: 'High' },
    { app: 'High', workbook: 'Low' },
  ]
  await api.call('patchMappings', { params, body: { changes: [{ external: 'priority', valueMap: swap }] } })
  await api.call('patchMappings', { params, body: { changes: [{ external: 'priority', valueMap: [] }] } })
})

test('[CF12] the fields of an object that no sheet uses are read and decided before one is connected', async () => {
  const object = (await integration()).objects.find((o) => o.name === 'Subscriptions')
  const params = { id: book.integration, object: object?.id ?? '' }
  expect(await api.call('getMappings', { params })).toMatchObject({ describedAt: null, fields: [] })
  const { id: workbook } = await api.call('createWorkbook', { body: { name: 'Decided before' } })
  const sheet = (await api.call('getWorkbook', { params: { id: workbook } })).sheets[0]?.id ?? ''
  const refreshedBefore = (await integration()).usage.credits.refreshed
  const draft = await api.call('draftConnection', { body: { workbook, sheet, object: params.object } })
  await api.call('describeConnection', { params: { id: draft.id } })
  expect((await api.call('getMappings', { params })).describedAt).not.toBeNull()
  expect((await integration()).usage.credits.refreshed).toBe(refreshedBefore + 1)
  await api.call('patchMappings', {
    params,
    body: {
      changes: [
        { external: 'summary', direction: 'pull' },
        { external: 'priority', valueMap: [{ app: 'Medium', workbook: 'Normal' }] },
      ],
    },
  })
  const made = await api.call('createConnection', {
    body: { workbook, sheet, object: params.object, filter: 'project = TB', fields: ['summary', 'priority', 'labels'] },
  })
  expect(Object.fromEntries(made.fields.map((f) => [f.external, f.direction]))).toMatchObject({
    summary: 'pull',
    priority: 'two-way',
    labels: 'two-way',
  })
  const { run } = await api.call('importRecords', { params: { id: made.id }, body: { filter: 'project = TB' } })
  await api.runEnded(run)
  const priority = made.fields.find((f) => f.external === 'priority')?.field ?? ''
  const shown = new Set((await api.call('getRows', { params: { id: workbook, sheet } })).rows.map((r) => r.values[priority]))
  expect([shown.has('Normal'), shown.has('Medium')]).toEqual([true, false])
  await api.call('deleteObject', { params, body: { confirm: 'Subscriptions' } })
})

test('[CF9] a sandbox account of every app that is built starts as Pull only, and tells its objects', async () => {
  const { apps } = await api.call('listApps')
  for (const app of apps.flatMap((a) => (a.state === 'ready' && a.hasSandbox ? [a] : []))) {
    const { id } = await api.call('addIntegration', { body: { app: app.id, name: `Play ${app.name}`, sandbox: true } })
    const told = await integration(id)
    expect(told.objects.map((o) => o.external)).toEqual(app.objects.map((o) => o.id))
    expect(told.objects.map((o) => o.direction)).toEqual(told.objects.map(() => 'pull'))
    const { objects } = await api.call('discoverObjects', { params: { id } })
    expect(objects.map((o) => o.id)).toEqual(expect.arrayContaining(app.objects.map((o) => o.id)))
    await api.call('deleteIntegration', { params: { id }, body: { confirm: `Play ${app.name}` } })
  }
})

test('[CF4] no part of the configuration is a guest’s', async () => {
  const paths = Object.values(contract).filter(({ path }) => path.startsWith('/api/integrations') || path.startsWith('/api/apps'))
  expect(paths.length).toBeGreaterThan(15)
  expect(paths.every((endpoint) => !('access' in endpoint) || (endpoint.access as string) === 'member')).toBe(true)
})

test('[C21] deleting takes the sign-in and the mappings, cancels runs, and leaves what was shown as custom fields', async () => {
  const id = await addSandbox('Second Jira')
  const told = await integration(id)
  const object = told.objects.find((o) => o.external === 'issues')
  const made = await api.call('createWorkbook', { body: { name: 'Doomed' } })
  const { sheets } = await api.call('getWorkbook', { params: { id: made.id } })
  const sheet = sheets[0]?.id ?? ''
  const connection = await api.call('createConnection', {
    body: { workbook: made.id, sheet, object: object?.id ?? '', filter: 'key in (TB-1, TB-2)', fields: ['summary', 'status'] },
  })
  const imported = await api.call('importRecords', { params: { id: connection.id }, body: { filter: 'key in (TB-1, TB-2)' } })
  await api.runEnded(imported.run)
  await api.call('patchObject', { params: { id, object: object?.id ?? '' }, body: { direction: 'push-pull' } })
  const shown = await api.call('getRows', { params: { id: made.id, sheet } })
  const summary = shown.fields.find((f) => f.name === 'Summary')?.id ?? ''
  const first = shown.rows.find((r) => r.values[summary] !== null)
  await api.call('editCells', {
    params: { id: made.id, sheet },
    body: { cells: [{ row: first?.row ?? '', field: summary, value: 'Staged and kept' }] },
  })
  const removal = await api.call('previewDeleteIntegration', { params: { id } })
  expect(removal).toMatchObject({ connections: 1, fields: 3, links: 2, staged: 1, workbooks: [{ name: 'Doomed', rows: 2, fields: 3 }] })

  expect(await refusal(await api.send('deleteIntegration', { params: { id }, body: { confirm: 'Second' } }))).toEqual([
    409,
    'not-confirmed',
  ])
  expect((await integration(id)).isOn).toBe(true)
  const queued = await api.call('startSync', { params: { id: connection.id }, body: { mode: 'one-way' } })
  await api.call('deleteIntegration', { params: { id }, body: { confirm: 'Second Jira' } })

  expect(await refusal(await api.send('getIntegration', { params: { id } }))).toEqual([404, 'not-found'])
  expect((await api.call('listIntegrations')).integrations.map((i) => i.name)).toEqual(['Sandbox Jira', 'Sandbox HubSpot'])
  const after = await api.call('getRows', { params: { id: made.id, sheet } })
  expect(after.fields.map((f) => f.name)).toEqual(shown.fields.map((f) => f.name))
  expect(after.rows.map((r) => r.values[summary])).toContain('Staged and kept')
  expect(after.rows.every((r) => r.staged.length === 0)).toBe(true)
  expect((await api.call('getWorkbook', { params: { id: made.id } })).connections).toEqual([])
  // Its runs stay in the log, ended.
  const { runs } = await api.call('listRuns', { query: {} })
  expect(runs.find((run) => run.id === queued.run)?.endedAt).not.toBeNull()
  expect((await api.call('getRun', { params: { id: imported.run } })).counts.linked).toBe(2)
  // The others go on.
  await api.call('tryIntegration', { params: { id: book.integration } })
})

test('[C21] a sheet that was deleted comes back without the connection, showing what it showed', async () => {
  const id = await addSandbox('Fourth Jira')
  const object = (await integration(id)).objects[0]?.id ?? ''
  const { id: workbook } = await api.call('createWorkbook', { body: { name: 'Two sheets' } })
  const { sheet: made } = await api.call('createSheet', { params: { id: workbook }, body: { name: 'Second' } })
  const sheet = made.id
  const connection = await api.call('createConnection', {
    body: { workbook, sheet, object, filter: 'key = TB-4', fields: ['summary'] },
  })
  const { run } = await api.call('importRecords', { params: { id: connection.id }, body: { filter: 'key = TB-4' } })
  await api.runEnded(run)
  const shown = (await api.call('getRows', { params: { id: workbook, sheet } })).rows.map((r) => r.values)
  expect(shown).toHaveLength(1)
  await api.call('deleteSheet', { params: { id: workbook, sheet } })
  expect(await api.call('previewDeleteIntegration', { params: { id } })).toMatchObject({ connections: 1, links: 1 })
  await api.call('deleteIntegration', { params: { id }, body: { confirm: 'Fourth Jira' } })
  await api.call('patchSheet', { params: { id: workbook, sheet }, body: { isDeleted: false } })
  expect((await api.call('getRows', { params: { id: workbook, sheet } })).rows.map((r) => r.values)).toEqual(shown)
  expect((await api.call('getWorkbook', { params: { id: workbook } })).connections).toEqual([])
})

test('[C21] of a deleted integration no secret is left, nor an authorisation', async () => {
  const id = await addSandbox('Third Jira')
  const database = new DatabaseSync(databasePath(folder.path), { readOnly: true })
  const left = (): number[] =>
    ['SELECT count(*) AS n FROM secrets WHERE name LIKE ?', 'SELECT count(*) AS n FROM authorisations WHERE integration LIKE ?'].map(
      (sql) => (database.prepare(sql).get(`%${id}%`) as { n: number }).n,
    )
  expect(left()).toEqual([1, 1])
  await api.call('deleteIntegration', { params: { id }, body: { confirm: 'Third Jira' } })
  expect(left()).toEqual([0, 0])
  database.close()
})

test('[AU22][CF14] the accounts of the start workbook say who authorised them; what a crash left of an older direction is mended when the sheet is opened', async () => {
  await using own = await tempFolder()
  const started = await startServer(testConfig(own.path, { hasSandbox: true }))
  const on = apiClient(started.origin, started.bearerToken)
  const auths = (await on.call('listIntegrations')).integrations.map(({ auth }) => auth)
  expect(auths).toEqual(Array(2).fill({ state: 'authorised', by: 'server', byName: 'Tidebook', at: expect.any(Number), expiresAt: null }))

  // Killed between the direction and what the sheet says of its fields.
  const [workbook] = (await on.call('listWorkbooks')).workbooks
  const { sheets } = await on.call('getWorkbook', { params: { id: workbook?.id ?? '' } })
  await started.stop()
  const database = new DatabaseSync(databasePath(own.path))
  database.prepare("UPDATE objects SET direction = 'pull' WHERE name = 'Issues'").run()
  database.close()
  const again = await startServer(testConfig(own.path, { hasSandbox: true }))
  const next = apiClient(again.origin, again.bearerToken)
  const params = { id: workbook?.id ?? '', sheet: sheets[0]?.id ?? '' }
  const { fields, rows } = await next.call('getRows', { params })
  const cells = [{ row: rows[0]?.row ?? '', field: fields.find(({ name }) => name === 'Summary')?.id ?? '', value: 'Typed' }]
  const { readOnly } = await next.call('editCells', { params, body: { cells } })
  expect(readOnly.map(({ reason }) => reason)).toEqual(['This object only pulls from Jira.'])
  await again.stop()
})
