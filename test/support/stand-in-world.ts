import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { type Sandbox, type SandboxApp, type SandboxOptions, startSandbox } from '../../sandbox/sandbox.ts'
import type { ReadyApp } from '../../sync-engine/connectors/app.ts'
import {
  type CallReport,
  type HttpClient,
  type HttpClientOptions,
  type HttpClock,
  makeHttpClient,
  TokenBucket,
} from '../../sync-engine/connectors/http-client.ts'
import type { DialFault, SeenRequest } from './connector-contract.ts'
import { type ContractApp, type ContractWitness, contractWitness, missingContract } from './contract-witness.ts'
import { tempFolder } from './temp-folder.ts'

/** A call that the dial holds for ever is given up on after this. */
const PATIENCE_MS = 400

interface StandInParts {
  readonly folder: string
  readonly app: SandboxApp
  readonly sandbox: Sandbox
  readonly origin: string
  readonly time: { nowMs: number }
  readonly contract: { readonly app: ContractApp; readonly pathOf: (path: string) => string | undefined }
  readonly witness: ContractWitness | undefined
  readonly end: () => Promise<void>
}

/** One app of the sandbox behind a real server, and clients of it, on a clock that only the test and the clients' waits move. */
export class StandInWorld {
  readonly folder: string
  readonly app: SandboxApp
  readonly sandbox: Sandbox
  readonly origin: string
  /** Up to and including `/sandbox/<app>`. */
  readonly baseUrl: string
  readonly clock: HttpClock
  /** Every attempt the clients reported, newest last. */
  readonly calls: CallReport[] = []
  readonly usages: { readonly used: number; readonly limit: number }[] = []
  /** What happens after each call, answered or not, before its caller goes on. */
  afterCall: () => Promise<void> = async () => undefined
  readonly time: { nowMs: number }
  readonly #parts: StandInParts
  readonly #contract: StandInParts['contract']
  readonly #witness: ContractWitness | undefined
  readonly #faults = new Set<string>()
  readonly #end: () => Promise<void>
  #change: { readonly part: string; readonly change: (json: unknown) => unknown } | undefined
  #isHeld = false
  #setKinds: readonly string[] = []

  private constructor(parts: StandInParts) {
    this.#parts = parts
    this.folder = parts.folder
    this.app = parts.app
    this.sandbox = parts.sandbox
    this.origin = parts.origin
    this.baseUrl = `${parts.origin}/sandbox/${parts.app}`
    this.time = parts.time
    this.clock = {
      now: () => parts.time.nowMs,
      sleep: async (ms, signal) => {
        signal.throwIfAborted()
        parts.time.nowMs += ms
      },
    }
    this.#contract = parts.contract
    this.#witness = parts.witness
    this.#end = parts.end
  }

  /**
   * Starts a sandbox in a folder of its own.
   * `prepare` may fill the folder first. `pathOf` says what of a path the contract describes, `undefined` where nothing; absent: no
   * contract is asked.
   */
  static async start(o: {
    readonly app: SandboxApp & ContractApp
    readonly pathOf?: (path: string) => string | undefined
    readonly prepare?: (folder: string, now: () => number) => Promise<void>
    readonly options?: Partial<SandboxOptions>
  }): Promise<StandInWorld> {
    const temp = await tempFolder()
    const time = { nowMs: Date.parse('2026-02-01T09:00:00.000Z') }
    const now = (): number => time.nowMs
    await o.prepare?.(join(temp.path, o.app), now)
    const sandbox = await startSandbox({ dataFolder: temp.path, now, random: seededRandom(), ...o.options })
    const server = createServer((req, res) => void sandbox.handle(req, res))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const world = new StandInWorld({
      folder: temp.path,
      app: o.app,
      sandbox,
      origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      time,
      contract: { app: o.app, pathOf: o.pathOf ?? (() => undefined) },
      witness: o.pathOf && missingContract(o.app) === undefined ? await contractWitness(o.app) : undefined,
      end: async () => {
        await sandbox.stop()
        server.closeAllConnections()
        await new Promise((resolve) => server.close(resolve))
        await temp[Symbol.asyncDispose]()
      },
    })
    await world.setFaults([])
    return world
  }

  /** Another app of this sandbox, on the same clock; it ends with this one. */
  async beside(app: SandboxApp & ContractApp): Promise<StandInWorld> {
    const contract = { app, pathOf: () => undefined }
    const world = new StandInWorld({ ...this.#parts, app, contract, witness: undefined, end: async () => undefined })
    await world.setFaults([])
    return world
  }

  stop(): Promise<void> {
    return this.#end()
  }

  advance(ms: number): void {
    this.time.nowMs += ms
  }

  client(ready: ReadyApp, headers: Readonly<Record<string, string>>, renew?: () => Promise<boolean>, maxBodyBytes?: number): HttpClient {
    return this.clientWith(ready, {
      authorize: async () => ({ ...headers }),
      ...(renew && { renew }),
      ...(maxBodyBytes !== undefined && { maxBodyBytes }),
    })
  }

  clientWith(
    ready: ReadyApp,
    options: Partial<HttpClientOptions> & Pick<HttpClientOptions, 'authorize'>,
    onCall: (call: CallReport) => void = () => undefined,
  ): HttpClient {
    return makeHttpClient({
      baseUrl: this.baseUrl,
      appName: ready.name,
      ...(ready.rates && { rates: ready.rates }),
      onUsage: (usage) => this.usages.push(usage),
      onCall: (report) => {
        this.calls.push(report)
        onCall(report)
      },
      clock: this.clock,
      random: () => 0,
      allowPrivate: true,
      bucket: new TokenBucket({ clock: this.clock, burst: 1_000_000, perSecond: 1000 }),
      fetch: (input, init) => this.#fetch(String(input), init).finally(() => this.afterCall()),
      ...options,
    })
  }

  async setFaults(faults: readonly DialFault[]): Promise<void> {
    this.#setKinds = faults.map(({ kind }) => kind)
    this.#isHeld = faults.some(({ kind }) => kind.startsWith('timeout'))
    await this.control({ faults })
  }

  async control(body: Readonly<Record<string, unknown>>): Promise<void> {
    const response = await fetch(`${this.origin}/sandbox/control`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ app: this.app, ...body }),
    })
    if (!response.ok) throw new Error(await response.text())
  }

  /** The records as people of the app edit them: `/sandbox/<app>/records`. */
  async records(method: string, path: string, body?: unknown): Promise<unknown> {
    const response = await fetch(`${this.baseUrl}/records${path}`, {
      method,
      ...(body !== undefined && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`)
    return text === '' ? undefined : JSON.parse(text)
  }

  /** The stand-in's own log, oldest first. */
  async requests(): Promise<readonly SeenRequest[]> {
    const lines = (await readFile(join(this.folder, this.app, 'requests.jsonl'), 'utf8')).split('\n').filter(Boolean)
    return lines.map((line) => JSON.parse(line) as SeenRequest)
  }

  tamper(part?: string, change?: (json: unknown) => unknown): void {
    this.#change = part === undefined || change === undefined ? undefined : { part, change }
  }

  contractFaults():
    | { readonly kind: 'faults'; readonly faults: readonly string[] }
    | { readonly kind: 'no-contract'; readonly reason: string } {
    const reason = missingContract(this.#contract.app)
    return reason === undefined ? { kind: 'faults', faults: [...this.#faults] } : { kind: 'no-contract', reason }
  }

  async #fetch(address: string, init: RequestInit | undefined): Promise<Response> {
    const signals = [init?.signal, this.#isHeld ? AbortSignal.timeout(PATIENCE_MS) : undefined].filter(
      (signal) => signal !== undefined && signal !== null,
    )
    const response = await fetch(address, { ...init, signal: AbortSignal.any(signals) })
    // What the dial answers in the app's stead is no part of its contract.
    const isOfDial = this.#setKinds.some((kind) => kind.startsWith(String(response.status)))
    if (this.#witness && !isOfDial)
      for (const fault of await this.#faultsOf(this.#witness, new URL(address), init, response.clone())) this.#faults.add(fault)
    if (this.#change === undefined || !address.includes(this.#change.part)) return response
    const json: unknown = JSON.parse((await response.text()) || 'null')
    return new Response(JSON.stringify(this.#change.change(json)), { status: response.status })
  }

  /** What the published contract has against one exchange. */
  async #faultsOf(witness: ContractWitness, url: URL, init: RequestInit | undefined, response: Response): Promise<readonly string[]> {
    const path = this.#contract.pathOf(url.pathname.slice(`/sandbox/${this.app}`.length))
    if (path === undefined) return []
    const text = await response.text()
    const names = [...new Set(url.searchParams.keys())]
    const exchange = {
      app: this.#contract.app,
      method: init?.method ?? 'GET',
      path,
      query: Object.fromEntries(names.map((name) => [name, url.searchParams.getAll(name)])),
      ...(typeof init?.body === 'string' && { body: JSON.parse(init.body) as unknown }),
      status: response.status,
      ...(/^[{[]/u.test(text) ? { answer: JSON.parse(text) as unknown } : {}),
    }
    return witness(exchange).map((fault) => `${exchange.method} ${exchange.path}: ${fault}`)
  }
}

export function seededRandom(seed = 7): () => number {
  let state = seed
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    return state / 2_147_483_648
  }
}
