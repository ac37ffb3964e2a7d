import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import fc from 'fast-check'
import { type Sandbox, startSandbox } from '../../sandbox/sandbox.ts'
import { type CallReport, type HttpClient, type HttpClock, makeHttpClient, TokenBucket } from '../../sync-engine/connectors/http-client.ts'
import { makeHubSpotConnector } from '../../sync-engine/connectors/hubspot.ts'
import { hubSpotApp } from '../../sync-engine/connectors/hubspot-app.ts'
import { planHubSpotCalls } from '../../sync-engine/connectors/hubspot-plan.ts'
import { tokenHeadersOf } from '../../sync-engine/connectors/registry.ts'
import type { CellValue } from '../../workbook/cell-value.ts'
import type { ConnectorWorld, DialFault, SeenRequest } from './connector-contract.ts'
import { type ContractWitness, contractWitness, missingContract } from './contract-witness.ts'
import { tempFolder } from './temp-folder.ts'

/** The stand-in's search lags this much; less than the connector reckons with. */
const INDEX_DELAY_MS = 5_000
/** A call that the dial holds for ever is given up on after this. */
const PATIENCE_MS = 400
const START_MS = Date.parse('2026-02-01T09:00:00.000Z')

/** The sandbox's HubSpot behind a real server, on a clock that only the test and the client's waits move. */
export interface HubSpotWorld {
  readonly folder: string
  readonly origin: string
  readonly baseUrl: string
  readonly sandbox: Sandbox
  readonly calls: CallReport[]
  /** What the published contract has against the exchanges so far; `noContract`: why none could be asked. */
  readonly witnessed: Set<string>
  readonly noContract: string | undefined
  readonly clock: HttpClock
  advance(ms: number): void
  /** A client of HubSpot's usual pace where `isPaced`, else of none. */
  http(headers?: Record<string, string>, isPaced?: boolean): HttpClient
  /** HubSpot's own API, asked past the connector. */
  api(method: string, path: string, body?: unknown): Promise<unknown>
  control(body: Record<string, unknown>): Promise<void>
  setFaults(faults: readonly DialFault[]): Promise<void>
  requests(): Promise<readonly SeenRequest[]>
  tamper(part?: string, change?: (json: unknown) => unknown): void
  stop(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

export async function openHubSpot(options: { records?: number; indexDelayMs?: number } = {}): Promise<HubSpotWorld> {
  const temp = await tempFolder()
  let nowMs = START_MS
  const clock: HttpClock = {
    now: () => nowMs,
    sleep: async (ms, signal) => {
      signal.throwIfAborted()
      nowMs += ms
    },
  }
  const sandbox = await startSandbox({
    dataFolder: temp.path,
    now: clock.now,
    random: seededRandom(),
    indexDelayMs: options.indexDelayMs ?? INDEX_DELAY_MS,
    firstRecordCount: options.records ?? 60,
  })
  const server = createServer((req, res) => void sandbox.handle(req, res))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const baseUrl = `${origin}/sandbox/hubspot`
  const authorization = tokenHeadersOf(hubSpotApp, 'private-app', { token: sandbox.credentials('hubspot').token })

  const calls: CallReport[] = []
  const witnessed = new Set<string>()
  const witness = missingContract('hubspot') === undefined ? await contractWitness('hubspot') : undefined
  let change: { part: string; change: (json: unknown) => unknown } | undefined
  let setKinds: readonly string[] = []
  let isHeld = false
  const fetchOf: typeof fetch = async (input, init) => {
    const signals = [init?.signal, isHeld ? AbortSignal.timeout(PATIENCE_MS) : undefined].filter((one) => one !== undefined && one !== null)
    const response = await fetch(input, { ...init, signal: AbortSignal.any(signals) })
    // What the dial answers in the app's stead is no part of its contract.
    if (witness && setKinds.length === 0)
      for (const fault of await faultsOf(witness, new URL(String(input)), init, response.clone())) witnessed.add(fault)
    if (change === undefined || !String(input).includes(change.part)) return response
    const json: unknown = JSON.parse((await response.text()) || 'null')
    return new Response(JSON.stringify(change.change(json)), { status: response.status })
  }
  const setFaults = async (faults: readonly DialFault[]): Promise<void> => {
    setKinds = faults.map(({ kind }) => kind)
    isHeld = faults.some(({ kind }) => kind.startsWith('timeout'))
    await control({ faults })
  }
  const control = async (body: Record<string, unknown>): Promise<void> => {
    const response = await fetch(`${origin}/sandbox/control`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ app: 'hubspot', ...body }),
    })
    if (!response.ok) throw new Error(await response.text())
  }
  // The clock of a test stands still between its calls: without that the limits would never end.
  await control({ limits: { burst: null, oauth: null, search: null, daily: null } })
  const stop = async (): Promise<void> => {
    await sandbox.stop()
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
    await temp[Symbol.asyncDispose]()
  }

  return {
    folder: temp.path,
    origin,
    baseUrl,
    sandbox,
    calls,
    witnessed,
    noContract: missingContract('hubspot'),
    clock,
    advance: (ms) => {
      nowMs += ms
    },
    http: (headers = authorization, isPaced = false) =>
      makeHttpClient({
        baseUrl,
        appName: 'HubSpot',
        authorize: async () => headers,
        onCall: (report) => calls.push(report),
        clock,
        random: () => 0,
        allowPrivate: true,
        bucket: new TokenBucket({ clock, ...(isPaced ? hubSpotApp.pace : { burst: 1_000_000, perSecond: 1000 }) }),
        ...(hubSpotApp.rates && { rates: isPaced ? hubSpotApp.rates : { ...hubSpotApp.rates, lanes: [] } }),
        fetch: fetchOf,
      }),
    api: async (method, path, body) => {
      const response = await fetch(`${baseUrl}${path}`, {
        method,
        headers: { ...authorization, ...(body !== undefined && { 'content-type': 'application/json' }) },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      })
      const text = await response.text()
      if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`)
      return text === '' ? undefined : JSON.parse(text)
    },
    control,
    setFaults,
    requests: async () => {
      const lines = (await readFile(join(temp.path, 'hubspot', 'requests.jsonl'), 'utf8').catch(() => '')).split('\n').filter(Boolean)
      return lines.map((line) => JSON.parse(line) as SeenRequest)
    },
    tamper: (part, bend) => {
      change = part === undefined || bend === undefined ? undefined : { part, change: bend }
    },
    stop,
    [Symbol.asyncDispose]: stop,
  }
}

const AT = '/crm/v3/objects/companies'

/** The HubSpot connector of companies against the sandbox's HubSpot. */
export async function makeHubSpotWorld(): Promise<ConnectorWorld> {
  const world = await openHubSpot({ records: 240 })
  const connectorFor = (http: HttpClient) => makeHubSpotConnector({ object: 'companies', http, now: world.clock.now })
  const noContract = missingContract('hubspot')
  const ids: string[] = []
  for (let after: string | undefined; ; ) {
    const page = (await world.api('GET', `${AT}?limit=100${after === undefined ? '' : `&after=${after}`}`)) as {
      results: { id: string }[]
      paging?: { next: { after: string } }
    }
    ids.push(...page.results.map(({ id }) => id))
    after = page.paging?.next.after
    if (after === undefined) break
  }
  await world.setFaults([])
  return {
    connector: connectorFor(world.http()),
    stranger: connectorFor(world.http({ authorization: 'Bearer pat-of-nobody' })),
    planCalls: planHubSpotCalls,
    calls: world.calls,
    ids,
    fields: { text: 'name', number: 'numberofemployees', select: 'tier', date: 'renewal_date' },
    options: ['Silver', 'Gold'],
    unknownId: '99000000',
    filters: { all: '', bad: 'teir = Gold', badWords: /teir/u },
    samples: SAMPLES,
    searchLagMs: INDEX_DELAY_MS,
    findsCreatedAtOnce: true,
    callsForRefused: 1,
    // Its screens ask for a company's name or domain; its API does not.
    takesIncomplete: true,
    newRecord: [
      { field: 'name', value: 'Made by a create' },
      { field: 'numberofemployees', value: 2.5 },
    ],
    foreignEdit: async (id, field, value) => {
      const text = field === 'tier' ? String(value).toLowerCase() : String(value ?? '')
      await world.api('PATCH', `${AT}/${id}`, { properties: { [field]: text } })
    },
    deleteRecord: async (id) => void (await world.api('DELETE', `${AT}/${id}`)),
    // A merge changes the id itself; it is tested apart.
    changeKey: async () => undefined,
    setFaults: world.setFaults,
    requests: world.requests,
    writeOf: ({ method, path, body }) => {
      const { inputs = [] } = (body ?? {}) as { inputs?: { id: string; properties: object }[] }
      const isUpdate = method === 'POST' && path.endsWith('/batch/update')
      return isUpdate ? inputs.map(({ id, properties }) => ({ recordId: id, fields: Object.keys(properties) })) : undefined
    },
    tamper: world.tamper,
    contractFaults: () =>
      noContract === undefined ? { kind: 'faults', faults: [...world.witnessed] } : { kind: 'no-contract', reason: noContract },
    advance: world.advance,
    stop: world.stop,
  }
}

/** What the published contract has against one exchange. */
async function faultsOf(witness: ContractWitness, url: URL, init: RequestInit | undefined, response: Response): Promise<readonly string[]> {
  const text = await response.text()
  const exchange = {
    app: 'hubspot' as const,
    method: init?.method ?? 'GET',
    path: url.pathname.replace('/sandbox/hubspot', ''),
    query: Object.fromEntries([...new Set(url.searchParams.keys())].map((name) => [name, url.searchParams.getAll(name)])),
    ...(typeof init?.body === 'string' && { body: JSON.parse(init.body) as unknown }),
    status: response.status,
    ...(text.startsWith('{') || text.startsWith('[') ? { answer: JSON.parse(text) as unknown } : {}),
  }
  return witness(exchange).map((fault) => `${exchange.method} ${exchange.path}: ${fault}`)
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
const lines = fc.array(fc.oneof(spaced, fc.constantFrom('', '- item')), { minLength: 1, maxLength: 5 }).map((parts) => parts.join('\n'))
const orNull = (values: fc.Arbitrary<CellValue>): fc.Arbitrary<CellValue> => fc.option(values, { freq: 5 })
const moment = fc.date({ noInvalidDate: true, min: new Date('1990-01-01'), max: new Date('2090-01-01') })

/** Values of every kind of property that the stand-in takes, in the forms people type them. */
const SAMPLES: ConnectorWorld['samples'] = [
  { field: 'name', values: spaced.filter((text) => text.trim() !== '') },
  { field: 'description', values: orNull(lines) },
  {
    field: 'numberofemployees',
    values: orNull(
      fc.oneof(
        fc.integer({ min: -1000, max: 1000 }),
        fc.double({ min: -1e6, max: 1e6, noNaN: true }).map((x) => x + 0),
      ),
    ),
  },
  { field: 'annualrevenue', values: orNull(fc.integer({ min: 0, max: 1e9 })) },
  { field: 'renewal_date', values: orNull(moment.map((date) => date.toISOString().slice(0, 10))) },
  { field: 'onboarded_at', values: orNull(moment.map((date) => date.toISOString())) },
  { field: 'tier', values: orNull(fc.constantFrom('Gold', 'Silver', 'Bronze', 'Gold (legacy)')) },
  { field: 'regions', values: orNull(fc.constantFrom('["EMEA"]', '["Asia-Pacific","EMEA"]', '["EMEA","Americas"]')) },
  { field: 'is_partner', values: fc.constantFrom(true, false, null) },
  { field: 'domain', values: orNull(fc.constantFrom('https://www.Acme.example/about', 'Acme.example', ' acme.example ')) },
  { field: 'phone', values: orNull(fc.constantFrom('+1 (415) 555-0100', '555 0100', ' +49 40 555 123 ')) },
  { field: 'hubspot_owner_id', values: orNull(fc.constantFrom('612004172', '612004173')) },
]
