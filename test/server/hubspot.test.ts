import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RunningServer, startServer } from '../../server/start.ts'
import { apiClient } from '../support/api.ts'
import { Browser } from '../support/browser.ts'
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
  const sheet = sheets.find(({ name }) => name === 'Customers')?.id ?? ''
  const { fields } = await api.call('getRows', { params: { id, sheet } })
  const connection = connections.find((one) => one.integration.app === 'hubspot')?.id ?? ''
  book = { id, sheet, connection, fields: Object.fromEntries(fields.map((field) => [field.name, field.id])) }
})

afterAll(async () => {
  await server?.stop()
  await folder?.[Symbol.asyncDispose]()
})

const field = (name: string): string => book.fields[name] ?? `no field ${name}`
const rows = () => api.call('getRows', { params: { id: book.id, sheet: book.sheet } })
const requests = (): { method: string; path: string; saved: boolean }[] =>
  readFileSync(join(folder.path, 'sandbox', 'hubspot', 'requests.jsonl'), 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as { method: string; path: string; saved: boolean })

async function sync() {
  const { run } = await api.call('startSync', { params: { id: book.connection }, body: { mode: 'two-way' } })
  return api.runEnded(run)
}

describe('the customers of the start workbook', () => {
  test('[CN23] names of companies are asked for a hundred a call, capitals aside, or all are listed where that takes fewer calls', async () => {
    const before = (await rows()).rows
    const { id } = await api.call('createWorkbook', { body: { name: 'By value' } })
    const { sheets } = await api.call('getWorkbook', { params: { id } })
    const sheet = sheets[0]?.id ?? ''
    const { connections } = await api.call('listConnections')
    const object = connections.find((one) => one.id === book.connection)?.object.id ?? ''
    const made = await api.call('createConnection', { body: { workbook: id, sheet, object, fields: ['name'] } })
    const columns = (await api.call('getRows', { params: { id, sheet } })).fields
    const own = columns.find(({ name }) => name === 'Name')?.id ?? ''
    const values = before.map(({ values }) => ` ${String(values[field('Company name')]).toUpperCase()}`)
    const unknown = Array.from({ length: 60 }, (_, i) => `Nobody ${i}`)
    const { rows: added } = await api.call('addRows', {
      params: { id, sheet },
      body: { rows: [...values, ...unknown].map((v) => ({ [own]: v })) },
    })
    const asked = requests().length
    const match = await api.call('matchRows', { params: { id: made.id }, body: { field: own, external: 'name', filter: 'order by name' } })
    const calls = requests().slice(asked)
    expect(calls.map(({ path }) => path)).toEqual(Array(match.isListed ? 2 : 3).fill('/crm/v3/objects/companies/search'))
    expect(match).toMatchObject({ credits: match.isListed ? 1 : 2, isComplete: true })
    expect(match.matched.length + match.ambiguous.length).toBe(60)
    expect(match.unmatched).toHaveLength(60)
    const few = await api.call('matchRows', { params: { id: made.id }, body: { field: own, external: 'name', rows: added.slice(0, 5) } })
    expect(few).toMatchObject({ credits: 1, isListed: false })
    expect(few.matched.length + few.ambiguous.length).toBe(5)
    expect(few.records).toBeLessThan(15)
  })

  test('[HS34] a first start holds sixty companies beside the issues, with options by their labels', async () => {
    const { total, rows: found } = await rows()
    expect(total).toBe(60)
    const names = found.map(({ values }) => String(values[field('Company name')]))
    expect(names[0]).toBe('Alder & Finch')
    const { sheets, connections } = await api.call('getWorkbook', { params: { id: book.id } })
    expect(sheets.map(({ name }) => name)).toEqual(['Sheet 1', 'Customers'])
    expect(connections.map(({ integration }) => integration.app).sort()).toEqual(['hubspot', 'jira'])
    expect(new Set(found.map(({ values }) => values[field('Tier')]))).toContain('Gold')
  })

  test('[HS34] cells of three records go out in one call, whose answer verifies them; an option in other capitals stops before', async () => {
    const [first, second, third] = (await rows()).rows
    const cells = [
      { row: first?.row ?? '', field: field('Tier'), value: 'Gold' },
      { row: second?.row ?? '', field: field('Annual Revenue'), value: 1_250_000 },
      { row: third?.row ?? '', field: field('Tier'), value: 'silver' },
    ]
    await api.call('editCells', { params: { id: book.id, sheet: book.sheet }, body: { cells } })
    const before = requests().length
    const ended = await sync()
    expect(ended.state).toBe('settled')
    const made = requests().slice(before)
    expect(made.map(({ path }) => path.replace('/crm/v3/objects/companies', ''))).toEqual(['/batch/read', '/batch/update', '/batch/read'])
    const after = (await rows()).rows
    expect(after[0]?.values[field('Tier')]).toBe('Gold')
    expect(after[1]?.values[field('Annual Revenue')]).toBe(1_250_000)
    expect(after[2]?.staged).toHaveLength(1)
    await api.call('editCells', {
      params: { id: book.id, sheet: book.sheet },
      body: { cells: [{ row: third?.row ?? '', field: field('Tier'), value: 'Silver' }] },
    })
    expect((await sync()).state).toBe('settled')
    expect((await rows()).rows[2]).toMatchObject({ staged: [], values: { [field('Tier')]: 'Silver' } })
  })

  test('[HS12] no credential of the stand-in is in a log, a document, the database or an answer', async () => {
    const secrets = JSON.parse(readFileSync(join(folder.path, 'sandbox', 'hubspot', 'credentials.json'), 'utf8')) as Record<string, string>
    const wanted = [secrets.token, secrets.clientSecret, secrets.developerKey].map((secret) => Buffer.from(secret ?? 'none'))
    const files = (at: string): string[] =>
      readdirSync(at).flatMap((name) => {
        const path = join(at, name)
        if (statSync(path).isDirectory()) return files(path)
        return path.endsWith('/hubspot/credentials.json') ? [] : [path]
      })
    for (const path of files(folder.path)) {
      const bytes = readFileSync(path)
      expect([path, wanted.filter((secret) => bytes.includes(secret)).length]).toEqual([path, 0])
    }
    const answers = [await api.call('listIntegrations'), await api.call('listApps'), await api.call('listRuns', { query: {} })]
    for (const secret of wanted) expect(JSON.stringify(answers)).not.toContain(secret.toString())
  })

  test('[HS33] the sandbox’s HubSpot is added by one click, starts as Pull only, and names its account', async () => {
    const { id, account } = await api.call('addIntegration', { body: { app: 'hubspot', name: 'By one click', sandbox: true } })
    expect(account).toBe('Account 148263911')
    const added = (await api.call('listIntegrations')).integrations.find((one) => one.id === id)
    expect(added).toMatchObject({ isOn: true, isSandbox: true, auth: { state: 'authorised' } })
    expect(added?.objects.map(({ external, direction }) => [external, direction]).sort()).toEqual([
      ['companies', 'pull'],
      ['contacts', 'pull'],
      ['deals', 'pull'],
      ['tickets', 'pull'],
    ])
  })

  test('[HS11][AU9] a sign-in by OAuth is consented to on HubSpot’s page, renewed when its half hour is over, and over when it is taken back', async () => {
    const browser = await Browser.letIn(server)
    const { url } = await browser.api('beginAuthorization', { body: { app: 'hubspot', name: 'Signed in', sandbox: true } })
    const page = await (await browser.go(url)).text()
    expect(page).toContain('crm.objects.companies.write')
    const consent = await browser.press(page, { name: 'decision', value: 'allow' })
    const returned = await browser.go(consent.headers.get('location') ?? '')
    const id = /^\/settings\/integrations\/([0-9A-Za-z]+)$/.exec(returned.headers.get('location') ?? '')?.[1] ?? ''
    const found = () => api.call('listIntegrations').then(({ integrations }) => integrations.find((one) => one.id === id))
    expect(await found()).toMatchObject({ name: 'Signed in', account: 'Account 148263911', auth: { state: 'authorised' } })
    const tokenCalls = () => requests().filter(({ path }) => path === '/oauth/v1/token').length
    const before = tokenCalls()
    const tokens = async (what: 'expire' | 'revoke') => {
      const answer = await fetch(`${server.origin}/sandbox/control`, {
        method: 'POST',
        headers: { authorization: `Bearer ${server.bearerToken}`, 'content-type': 'application/json' },
        body: JSON.stringify({ app: 'hubspot', tokens: what }),
      })
      expect(answer.status).toBe(200)
    }
    await tokens('expire')
    // HubSpot took the token back before its time: one refresh, and the call goes.
    expect(await api.call('tryIntegration', { params: { id } })).toMatchObject({ account: 'Account 148263911' })
    expect(tokenCalls()).toBe(before + 1)
    const { objects } = await api.call('discoverObjects', { params: { id } })
    expect(objects.map(({ name }) => name)).toContain('Subscriptions')
    await tokens('revoke')
    const failed = await browser.send('tryIntegration', { params: { id } })
    expect(await failed.json()).toMatchObject({ error: { code: 'auth-expired' } })
    expect((await found())?.auth.state).toBe('revoked')
  })
})
