import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type RunningServer, startServer } from '../../server/start.ts'
import { apiClient } from '../support/api.ts'
import { Browser } from '../support/browser.ts'
import { testConfig } from '../support/shell-server.ts'
import { tempFolder } from '../support/temp-folder.ts'

// The whole server and its own stand-in Salesforce behind real HTTP, signed in to as a person does. What happened is read from the
// stand-in's own request log.

let folder: Awaited<ReturnType<typeof tempFolder>>
let server: RunningServer
let api: ReturnType<typeof apiClient>
let book: { id: string; sheet: string; connection: string; fields: Record<string, string> }
let integration: string
let accounts: string

beforeAll(async () => {
  folder = await tempFolder()
  server = await startServer(testConfig(folder.path, { hasSandbox: true }))
  api = apiClient(server.origin, server.bearerToken)
  integration = await signIn()
  const objects = (await api.call('listIntegrations')).integrations.find(({ id }) => id === integration)?.objects ?? []
  accounts = objects.find(({ external }) => external === 'Account')?.id ?? ''
  book = await connect(accounts, 'Name != null', ['Name', 'Industry', 'CustomerPriority__c', 'NumberOfEmployees', 'OwnerId'])
})
beforeEach(() => control({ clear: true }))
afterAll(async () => {
  await server?.stop()
  await folder?.[Symbol.asyncDispose]()
})

/** From the button over the consent page back to the integration's own page. */
async function signIn(): Promise<string> {
  const browser = await Browser.letIn(server)
  const { url } = await browser.api('beginAuthorization', { body: { app: 'salesforce', name: 'Our org', sandbox: true } })
  const consent = await browser.press(await (await browser.go(url)).text(), { name: 'decision', value: 'allow' })
  const returned = await browser.go(consent.headers.get('location') ?? '')
  return /^\/settings\/integrations\/([0-9A-Za-z]+)$/.exec(returned.headers.get('location') ?? '')?.[1] ?? ''
}

async function connect(object: string, filter: string, fields: string[]) {
  const { id } = await api.call('createWorkbook', { body: { name: 'Customers' } })
  const { sheets } = await api.call('getWorkbook', { params: { id } })
  const sheet = sheets[0]?.id ?? ''
  const made = await api.call('createConnection', { body: { workbook: id, sheet, object, filter, fields } })
  const { run } = await api.call('importRecords', { params: { id: made.id }, body: { filter } })
  expect((await api.runEnded(run)).state).toBe('settled')
  const { fields: columns } = await api.call('getRows', { params: { id, sheet } })
  return { id, sheet, connection: made.id, fields: Object.fromEntries(columns.map((field) => [field.name, field.id])) }
}

async function control(body: Record<string, unknown>): Promise<void> {
  const response = await fetch(`${server.origin}/sandbox/control`, {
    method: 'POST',
    headers: { authorization: `Bearer ${server.bearerToken}`, 'content-type': 'application/json' },
    body: JSON.stringify({ app: 'salesforce', ...body }),
  })
  if (!response.ok) throw new Error(await response.text())
}

const field = (name: string): string => book.fields[name] ?? `no field ${name}`
const rows = async () => (await api.call('getRows', { params: { id: book.id, sheet: book.sheet } })).rows
const requests = (): readonly string[] =>
  readFileSync(join(folder.path, 'sandbox', 'salesforce', 'requests.jsonl'), 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as { method: string; path: string })
    .map(({ method, path }) => `${method} ${path.replace('/services/data/v62.0', '')}`)
const edit = (cells: { row: string; field: string; value: string | number | null }[]) =>
  api.call('editCells', { params: { id: book.id, sheet: book.sheet }, body: { cells } })

async function sync() {
  const before = requests().length
  const { run } = await api.call('startSync', { params: { id: book.connection }, body: { mode: 'two-way' } })
  const ended = await api.runEnded(run)
  return { ended, calls: requests().slice(before) }
}

describe('Salesforce in the product', () => {
  test('[SF45] a person signs in with Salesforce; the account starts as Pull only, with its objects', async () => {
    const added = (await api.call('listIntegrations')).integrations.find(({ id }) => id === integration)
    expect(added).toMatchObject({ name: 'Our org', isSandbox: true, auth: { state: 'authorised' } })
    expect(added?.objects.map(({ external, direction }) => [external, direction]).sort()).toEqual([
      ['Account', 'pull'],
      ['Case', 'pull'],
      ['Contact', 'pull'],
      ['Opportunity', 'pull'],
    ])
    const { objects } = await api.call('discoverObjects', { params: { id: integration } })
    expect(objects).toContainEqual({ id: 'Site_Visit__c', name: 'Site Visits', isSearchable: false })
    const oneClick = await api.call('addIntegration', { body: { app: 'salesforce', name: 'By one click', sandbox: true } })
    expect(oneClick.account).toBe('dana.kim@northwind.example')
  })

  test('[CN23] names and numbers of accounts are asked for in one query, whatever stands in them', async () => {
    const { id } = await api.call('createWorkbook', { body: { name: 'By value' } })
    const { sheets } = await api.call('getWorkbook', { params: { id } })
    const sheet = sheets[0]?.id ?? ''
    const made = await api.call('createConnection', {
      body: { workbook: id, sheet, object: accounts, filter: "Name != 'x'", fields: ['Name'] },
    })
    const own = (await api.call('getRows', { params: { id, sheet } })).fields.find(({ name }) => name === 'Name')?.id ?? ''
    const some = (await rows()).slice(0, 20)
    const match = async (external: string, values: readonly string[]) => {
      const { rows: added } = await api.call('addRows', { params: { id, sheet }, body: { rows: values.map((v) => ({ [own]: v })) } })
      const before = requests().length
      const answer = await api.call('matchRows', { params: { id: made.id }, body: { field: own, external, rows: added } })
      expect(answer).toMatchObject({ credits: 1, isListed: false, isComplete: true })
      expect(requests().slice(before)).toHaveLength(1)
      return [answer.matched.length + answer.ambiguous.length, answer.unmatched.length]
    }
    const names = some.map(({ values }) => String(values[field('Account Name')]).toLowerCase())
    expect(await match('Name', [...names, "O'Nobody \\' OR Name != 'x", '%'])).toEqual([20, 2])
    expect((await match('NumberOfEmployees', ['1', '2) OR (Name != null', 'x']))[1]).toBeGreaterThan(1)
  })

  test('[SF46] cells of many records go out in one call, between the check and the pull', async () => {
    await api.call('patchObject', { params: { id: integration, object: accounts }, body: { direction: 'push-pull' } })
    const [first, second, third] = await rows()
    const wanted = third?.values[field('Customer Priority')] === 'High' ? 'Low' : 'High'
    await edit([
      { row: first?.row ?? '', field: field('Account Name'), value: '  Trimmed & named  ' },
      { row: second?.row ?? '', field: field('Employees'), value: 4321 },
      { row: third?.row ?? '', field: field('Customer Priority'), value: wanted.toLowerCase() },
    ])
    const { ended, calls } = await sync()
    expect(calls).toEqual(['POST /composite/sobjects/Account', 'PATCH /composite/sobjects', 'POST /composite/sobjects/Account'])
    expect([ended.state, ended.credits.pushed, ended.credits.pulled]).toEqual(['settled', 3, (await rows()).length])
    const after = await rows()
    expect(after[0]?.values[field('Account Name')]).toBe('Trimmed & named')
    expect([after[1]?.values[field('Employees')], after[2]?.values[field('Customer Priority')]]).toEqual([4321, wanted])
    expect(after.every(({ staged }) => staged.length === 0)).toBe(true)
  })

  test('[SF46] a record that is refused keeps its cell staged, and the others are saved', async () => {
    const [first, second] = await rows()
    await control({
      faults: [
        { kind: 'partial', next: 1, match: { writes: true }, refuse: { field: 'NumberOfEmployees', message: 'Ask finance first.' } },
      ],
    })
    await edit([first, second].map((row) => ({ row: row?.row ?? '', field: field('Employees'), value: 77 })))
    const { ended } = await sync()
    expect([ended.state, ended.counts.pushed, ended.counts.refused]).toEqual(['partial', 1, 1])
    expect((await sync()).ended.counts).toMatchObject({ refused: 0 })
  })

  test('[SF47] a session that ended is renewed within the sync, and nothing is sent twice', async () => {
    const [first] = await rows()
    await edit([{ row: first?.row ?? '', field: field('Employees'), value: 88 }])
    await control({ endSessions: true })
    const { ended, calls } = await sync()
    expect(ended.state).toBe('settled')
    expect(calls.filter((call) => call === 'POST /services/oauth2/token')).toHaveLength(1)
    expect(calls.filter((call) => call === 'PATCH /composite/sobjects')).toHaveLength(1)
  })

  test('[SF47] a used-up day is said, and what was not sent stays staged', async () => {
    const [first] = await rows()
    await edit([{ row: first?.row ?? '', field: field('Employees'), value: 99 }])
    await control({ dailyCalls: { max: 1000, usedElsewhere: 1000 } })
    const { ended } = await sync()
    expect([ended.state, JSON.stringify(ended).includes('1,000 calls of this org for 24 hours are used')]).toEqual(['failed', true])
    await control({ dailyCalls: { max: 100_000, usedElsewhere: 0 } })
    expect((await sync()).ended.state).toBe('settled')
    expect((await rows())[0]?.values[field('Employees')]).toBe(99)
  })

  test('[SF48] a search that finds nothing says what Salesforce cannot find; an id pasted in either length is found', async () => {
    const search = (body: { name: string } | { keys: string[] }) => api.call('search', { params: { id: book.connection }, body })
    const none = await search({ name: 'Acme nowhere' })
    expect(none.note).toContain(
      "Salesforce search returned nothing for “Acme nowhere”. Objects that are not searchable, and records made in the last minutes, don't appear.",
    )
    const key =
      Object.values((await rows())[0]?.values ?? {})
        .find((value) => /^001/.test(String(value)))
        ?.toString() ?? ''
    const found = await search({ keys: [key, key.slice(0, 15), 'nonsense'] })
    expect([found.hits.length, found.missing]).toEqual([2, ['nonsense']])
    const { id } = await api.call('addObject', { params: { id: integration }, body: { name: 'Visits', external: 'Site_Visit__c' } })
    const visits = await connect(id, '', ['Visit_Date__c', 'Account__r.Name'])
    const refused = await api.send('search', { params: { id: visits.connection }, body: { name: 'SV-00001' } })
    expect([refused.status, await refused.text()]).toEqual([409, expect.stringContaining('Salesforce does not search Site Visits')])
    const [visit] = (await api.call('getRows', { params: { id: visits.id, sheet: visits.sheet } })).rows
    expect(visit?.values[visits.fields['Account: name'] ?? '']).toEqual(expect.any(String))
  })

  test('[SF49] no secret of the org is in a file, a log or an answer', async () => {
    const secrets = JSON.parse(readFileSync(join(folder.path, 'sandbox', 'salesforce', 'credentials.json'), 'utf8')) as Record<
      string,
      string
    >
    const wanted = [secrets.accessToken, secrets.refreshToken, secrets.clientSecret].map((secret) => Buffer.from(secret ?? 'none'))
    const files = (at: string): string[] =>
      readdirSync(at).flatMap((name) => {
        const path = join(at, name)
        if (statSync(path).isDirectory()) return files(path)
        return path.endsWith('/salesforce/credentials.json') ? [] : [path]
      })
    for (const path of files(folder.path)) {
      const bytes = readFileSync(path)
      expect([path, wanted.filter((secret) => bytes.includes(secret)).length]).toEqual([path, 0])
      // Access tokens of this org all begin alike.
      expect([path, bytes.includes('!AQ')]).toEqual([path, false])
    }
    const answers = [await api.call('listIntegrations'), await api.call('listApps'), await api.call('listRuns', { query: {} })]
    for (const secret of wanted) expect(JSON.stringify(answers)).not.toContain(secret.toString())
  })
})
