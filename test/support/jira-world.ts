import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import fc from 'fast-check'
import { startSandbox } from '../../sandbox/sandbox.ts'
import type { Connector } from '../../sync-engine/connectors/connector.ts'
import { type CallReport, type HttpClock, makeHttpClient, TokenBucket } from '../../sync-engine/connectors/http-client.ts'
import { makeJiraConnector } from '../../sync-engine/connectors/jira.ts'
import { jiraApp } from '../../sync-engine/connectors/jira-app.ts'
import { planJiraCalls } from '../../sync-engine/connectors/jira-plan.ts'
import { tokenHeadersOf } from '../../sync-engine/connectors/registry.ts'
import { type CellValue, choicesValue } from '../../workbook/cell-value.ts'
import type { ConnectorWorld, DialFault, SeenRequest, SeenWrite } from './connector-contract.ts'
import { type ContractWitness, contractWitness, missingContract } from './contract-witness.ts'
import { tempFolder } from './temp-folder.ts'

/** The stand-in's search lags this much; less than the connector reckons with. */
const INDEX_DELAY_MS = 5_000
/** A call that the dial holds for ever is given up on after this. */
const PATIENCE_MS = 400

/** What only Jira has. */
export interface JiraWorld {
  /** The stand-in's control, besides its faults. */
  control(body: Readonly<Record<string, unknown>>): Promise<void>
  /** The same site through Atlassian's gateway, signed in by OAuth. */
  throughGateway(): Promise<{ readonly connector: Connector; readonly baseUrl: string }>
}

/** The Jira connector against the sandbox's Jira, on a clock that only the test and the client's waits move. */
export async function makeJiraWorld(): Promise<ConnectorWorld & JiraWorld> {
  const temp = await tempFolder()
  const folder = temp.path
  let nowMs = Date.parse('2026-02-01T09:00:00.000Z')
  const clock: HttpClock = {
    now: () => nowMs,
    sleep: async (ms, signal) => {
      signal.throwIfAborted()
      nowMs += ms
    },
  }
  const sandbox = await startSandbox({
    dataFolder: folder,
    now: clock.now,
    random: seededRandom(),
    indexDelayMs: INDEX_DELAY_MS,
    firstRecordCount: 150,
  })
  const server = createServer((req, res) => void sandbox.handle(req, res))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const baseUrl = `${origin}/sandbox/jira`
  const { email, apiToken } = sandbox.credentials('jira')
  const authorization = tokenHeadersOf(jiraApp, 'api-token', { email, token: apiToken })

  const calls: CallReport[] = []
  let change: { part: string; change: (json: unknown) => unknown } | undefined
  let isHeld = false
  let setKinds: readonly string[] = []
  const noContract = missingContract('jira')
  const witness = noContract === undefined ? await contractWitness('jira') : undefined
  const faults = new Set<string>()
  const fetchOf: typeof fetch = async (input, init) => {
    const signals = [init?.signal, isHeld ? AbortSignal.timeout(PATIENCE_MS) : undefined].filter(
      (signal) => signal !== undefined && signal !== null,
    )
    const response = await fetch(input, { ...init, signal: AbortSignal.any(signals) })
    // What the dial answers in the app's stead is no part of its contract.
    const isOfDial = setKinds.some((kind) => kind.startsWith(String(response.status)))
    if (witness && !isOfDial) for (const fault of await faultsOf(witness, new URL(String(input)), init, response.clone())) faults.add(fault)
    if (change === undefined || !String(input).includes(change.part)) return response
    const json: unknown = JSON.parse((await response.text()) || 'null')
    return new Response(JSON.stringify(change.change(json)), { status: response.status })
  }
  const connectorFor = (headers: Record<string, string>, at = baseUrl) =>
    makeJiraConnector({
      object: 'issues',
      projectKeys: ['TB', 'OPS'],
      http: makeHttpClient({
        baseUrl: at,
        appName: 'Jira',
        authorize: async () => headers,
        onCall: (report) => calls.push(report),
        clock,
        random: () => 0,
        allowPrivate: true,
        bucket: new TokenBucket({ clock, burst: 1_000_000, perSecond: 1000 }),
        fetch: fetchOf,
      }),
    })

  const api = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const headers = { ...authorization, ...(body !== undefined && { 'content-type': 'application/json' }) }
    const response = await fetch(`${baseUrl}/rest/api/3/${path}`, {
      method,
      headers,
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`)
    return text === '' ? undefined : JSON.parse(text)
  }
  const control = async (body: Readonly<Record<string, unknown>>): Promise<void> => {
    const response = await fetch(`${origin}/sandbox/control`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ app: 'jira', ...body }),
    })
    if (!response.ok) throw new Error(await response.text())
  }
  const setFaults = async (faults: readonly DialFault[]): Promise<void> => {
    setKinds = faults.map(({ kind }) => kind)
    isHeld = faults.some(({ kind }) => kind.startsWith('timeout'))
    await control({ faults })
  }
  await setFaults([])

  const throughGateway = async () => {
    const { clientId, clientSecret } = sandbox.credentials('jira')
    const redirectUri = 'http://localhost/back'
    const asked = new URLSearchParams({
      audience: 'api.atlassian.com',
      client_id: clientId,
      scope: 'read:jira-work write:jira-work read:jira-user offline_access',
      redirect_uri: redirectUri,
      state: 'a-state',
      response_type: 'code',
      decision: 'allow',
    })
    const consent = await fetch(`${baseUrl}/authorize`, { method: 'POST', body: asked, redirect: 'manual' })
    const code = new URL(consent.headers.get('location') ?? '').searchParams.get('code') ?? ''
    const form = { grant_type: 'authorization_code', client_id: clientId, client_secret: clientSecret, code, redirect_uri: redirectUri }
    const answer = await fetch(`${baseUrl}/oauth/token`, { method: 'POST', body: new URLSearchParams(form) })
    const { access_token: token } = (await answer.json()) as { access_token: string }
    const headers = { authorization: `Bearer ${token}` }
    const [site] = (await (await fetch(`${baseUrl}/oauth/token/accessible-resources`, { headers })).json()) as { id: string }[]
    const at = `${baseUrl}/ex/jira/${site?.id}`
    return { connector: connectorFor(headers, at), baseUrl: at }
  }

  /** Whether issues keep properties, as Jira's do; asked of an issue made for that. */
  const keepsProperties = async (): Promise<boolean> => {
    const fields = { project: { key: 'OPS' }, issuetype: { name: 'Task' }, summary: 'Keeps properties' }
    const { id } = (await api('POST', 'issue', { fields, properties: [{ key: 'probe', value: 1 }] })) as { id: string }
    const { properties } = (await api('GET', `issue/${id}?properties=probe`)) as { properties?: { probe?: unknown } }
    return properties?.probe === 1
  }
  const noMarker = (await keepsProperties()) ? undefined : 'the stand-in keeps no issue properties'

  const { issues } = (await api('POST', 'search/jql', { jql: 'project = TB', maxResults: 5000 })) as { issues: { id: string }[] }
  const ids = issues.map(({ id }) => id)

  return {
    connector: connectorFor(authorization),
    stranger: connectorFor(tokenHeadersOf(jiraApp, 'api-token', { email, token: 'not-the-token' })),
    planCalls: planJiraCalls,
    calls,
    ids,
    fields: { text: 'summary', number: 'customfield_10016', select: 'status', date: 'duedate' },
    options: ['To Do', 'In Progress'],
    unknownId: '9900',
    filters: { all: 'project in (TB, OPS) ORDER BY created', bad: 'stauts = Done', badWords: /stauts/u },
    samples: SAMPLES,
    searchLagMs: INDEX_DELAY_MS,
    ...(noMarker !== undefined && { noMarker }),
    callsForRefused: 0,
    // Values of their own cost an edit an issue; bulk edits give all the same.
    distinctBatch: 1,
    newRecord: [
      { field: 'summary', value: 'Made by a create' },
      { field: 'labels', value: 'fresh made' },
      { field: 'customfield_10016', value: 2.5 },
    ],
    foreignEdit: async (id, field, value) => {
      if (field !== 'status') return void (await api('PUT', `issue/${id}`, { fields: { [field]: value } }))
      const { transitions } = (await api('GET', `issue/${id}/transitions`)) as { transitions: { id: string; to: { name: string } }[] }
      const transition = transitions.find(({ to }) => to.name === value)
      if (transition) await api('POST', `issue/${id}/transitions`, { transition: { id: transition.id } })
    },
    deleteRecord: async (id) => void (await api('DELETE', `issue/${id}`)),
    changeKey: async (id) => {
      const form = new URLSearchParams({ project: 'OPS' })
      const response = await fetch(`${origin}/sandbox/jira/issues/${id}/move`, { method: 'POST', body: form, redirect: 'manual' })
      if (response.status >= 400) throw new Error(await response.text())
      return ((await api('GET', `issue/${id}?fields=updated`)) as { key: string }).key
    },
    setFaults,
    control,
    throughGateway,
    requests: async () => {
      const lines = (await readFile(join(folder, 'jira', 'requests.jsonl'), 'utf8')).split('\n').filter(Boolean)
      return lines.map((line) => JSON.parse(line) as SeenRequest)
    },
    writeOf,
    contractFaults: () =>
      noContract === undefined ? { kind: 'faults', faults: [...faults] } : { kind: 'no-contract', reason: noContract },
    tamper: (part, bend) => {
      change = part === undefined || bend === undefined ? undefined : { part, change: bend }
    },
    advance: (ms) => {
      nowMs += ms
    },
    stop: async () => {
      await sandbox.stop()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await temp[Symbol.asyncDispose]()
    },
  }
}

/** What the published contract has against one exchange. */
async function faultsOf(witness: ContractWitness, url: URL, init: RequestInit | undefined, response: Response): Promise<readonly string[]> {
  const text = await response.text()
  const exchange = {
    app: 'jira' as const,
    method: init?.method ?? 'GET',
    path: url.pathname.replace(/^\/sandbox\/jira(\/ex\/jira\/[^/]+)?/u, ''),
    query: Object.fromEntries(
      [...new Set(url.searchParams.keys())]
        .map((name) => [name, url.searchParams.getAll(name)] as const)
        .map(([name, values]) => [name, values.length === 1 ? (values[0] ?? '') : values]),
    ),
    ...(typeof init?.body === 'string' && { body: JSON.parse(init.body) as unknown }),
    status: response.status,
    ...(text.startsWith('{') || text.startsWith('[') ? { answer: JSON.parse(text) as unknown } : {}),
  }
  return witness(exchange).map((fault) => `${exchange.method} ${exchange.path}: ${fault}`)
}

/** What a request of the log would have written to an existing issue. */
function writeOf({ method, path, body }: SeenRequest): SeenWrite | undefined {
  const found = /\/issue\/(\d+)(\/transitions)?$/u.exec(path)
  if (!found || (method !== 'PUT' && method !== 'POST')) return undefined
  const fields = found[2] ? ['status'] : Object.keys((body as { fields?: object }).fields ?? {})
  return { recordId: found[1] ?? '', fields }
}

function seededRandom(): () => number {
  let state = 7
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    return state / 2_147_483_648
  }
}

const word = fc.string({ unit: fc.constantFrom('a', 'B', 'ß', 'é', '3', '-', '.', '"', '\\', '𝄞'), minLength: 1, maxLength: 8 })
const spaced = fc.array(fc.oneof(word, fc.constantFrom(' ', '  ', '\t')), { minLength: 1, maxLength: 6 }).map((parts) => parts.join(' '))
const orNull = (values: fc.Arbitrary<CellValue>): fc.Arbitrary<CellValue> => fc.option(values, { freq: 5 })

/** Values of every kind of field that the stand-in takes, in the forms people type them. */
const SAMPLES: ConnectorWorld['samples'] = [
  { field: 'summary', values: spaced.filter((text) => text.trim() !== '') },
  { field: 'labels', values: orNull(spaced) },
  {
    field: 'customfield_10016',
    values: orNull(
      fc.oneof(
        fc.integer({ min: -1000, max: 1000 }),
        fc.double({ min: -1e6, max: 1e6, noNaN: true }).map((x) => x + 0),
      ),
    ),
  },
  {
    field: 'duedate',
    values: orNull(
      fc
        .date({ noInvalidDate: true, min: new Date('1990-01-01'), max: new Date('2090-01-01') })
        .map((date) => date.toISOString().slice(0, 10)),
    ),
  },
  {
    field: 'customfield_10020',
    values: orNull(
      fc.date({ noInvalidDate: true, min: new Date('1990-01-01'), max: new Date('2090-01-01') }).map((date) => date.toISOString()),
    ),
  },
  {
    field: 'description',
    values: orNull(
      fc.array(fc.oneof(spaced, fc.constantFrom('', '- item', '---')), { minLength: 1, maxLength: 5 }).map((lines) => lines.join('\n')),
    ),
  },
  { field: 'priority', values: fc.constantFrom('High', 'high', ' LOW', 'Medium') },
  { field: 'customfield_10031', values: orNull(fc.constantFrom('Platform', 'growth', 'customer  care')) },
  { field: 'assignee', values: orNull(fc.constantFrom('5f1a2b3c4d5e6f7081920a02', '5f1a2b3c4d5e6f7081920a03')) },
  { field: 'customfield_10042', values: orNull(fc.webUrl().map((url) => ` ${url} `)) },
  { field: 'customfield_10050', values: fc.constantFrom(true, false, null) },
  { field: 'customfield_10060', values: orNull(fc.subarray(['10332', '10330', '10331']).map(choicesValue)) },
  { field: 'customfield_10061', values: orNull(fc.subarray(['5f1a2b3c4d5e6f7081920a02', '5f1a2b3c4d5e6f7081920a03']).map(choicesValue)) },
  { field: 'customfield_10021', values: orNull(fc.constantFrom('Sprint 2', 'sprint 3')) },
  { field: 'components', values: orNull(fc.subarray(['10400', '10402']).map(choicesValue)) },
  { field: 'fixVersions', values: orNull(fc.subarray(['10500', '10502']).map(choicesValue)) },
  { field: 'status', values: fc.constantFrom('To Do', 'in progress', 'Done', 'In Progress') },
]
