import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect } from 'vitest'
import { type Sandbox, type SandboxOptions, startSandbox } from '../../sandbox/sandbox.ts'
import { type ContractWitness, contractWitness, missingContract } from '../support/contract-witness.ts'
import { tempFolder } from '../support/temp-folder.ts'

// biome-ignore lint/suspicious/noExplicitAny: answers are compared whole or looked into by tests
export type Json = any

/** A moment all tests begin at: 2026-02-01, 12:00 UTC. */
export const START_MS = Date.UTC(2026, 1, 1, 12)

export interface Reply {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  readonly json: Json
}

export interface LogLine {
  readonly at: string
  readonly method: string
  readonly path: string
  readonly query: Record<string, string>
  readonly status: number | null
  readonly body?: unknown
  readonly fault?: string
  readonly saved: boolean
  readonly requestBytes: number
  readonly responseBytes: number
}

/** A sandbox with a clock of its own behind a real HTTP server. Every exchange with Jira is shown to the contract, where there is one. */
export class World {
  readonly folder: string
  readonly origin: string
  readonly contractFaults: string[] = []
  readonly #clock: { nowMs: number }
  readonly #sandbox: Sandbox
  readonly #server: Server
  readonly #witness: ContractWitness | undefined

  private constructor(parts: {
    folder: string
    clock: { nowMs: number }
    sandbox: Sandbox
    server: Server
    witness: ContractWitness | undefined
  }) {
    this.folder = parts.folder
    this.#clock = parts.clock
    this.#sandbox = parts.sandbox
    this.#server = parts.server
    this.#witness = parts.witness
    this.origin = `http://127.0.0.1:${(parts.server.address() as AddressInfo).port}`
  }

  static async start(folder: string, options: Partial<SandboxOptions> = {}): Promise<World> {
    const clock = { nowMs: START_MS }
    const sandbox = await startSandbox({
      dataFolder: folder,
      now: () => clock.nowMs,
      random: seededRandom(1),
      indexDelayMs: 0,
      saveDelayMs: 0,
      ...options,
    })
    const server = createServer((req, res) => {
      const handled = sandbox.handle(req, res).then((isOurs) => {
        if (!isOurs) res.writeHead(421).end('not the sandbox')
      })
      handled.catch((error: unknown) => res.destroy(error instanceof Error ? error : new Error(String(error))))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const witness = missingContract('jira') === undefined ? await contractWitness('jira') : undefined
    return new World({ folder, clock, sandbox, server, witness })
  }

  /** A world in a folder of its own, which goes with it. What the contract does not allow fails the test at its end. */
  static async fresh(options: Partial<SandboxOptions> = {}): Promise<World & AsyncDisposable> {
    const folder = await tempFolder()
    const world = await World.start(folder.path, options)
    return Object.assign(world, {
      [Symbol.asyncDispose]: async () => {
        await world.stop()
        await folder[Symbol.asyncDispose]()
        expect(world.contractFaults).toEqual([])
      },
    })
  }

  async stop(): Promise<void> {
    await this.#sandbox.stop()
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  flush(): Promise<void> {
    return this.#sandbox.flush()
  }

  get sandbox(): Sandbox {
    return this.#sandbox
  }

  get nowMs(): number {
    return this.#clock.nowMs
  }

  wait(ms: number): void {
    this.#clock.nowMs += ms
  }

  get authorization(): string {
    const { email, apiToken } = this.#sandbox.credentials('jira')
    return `Basic ${Buffer.from(`${email}:${apiToken}`).toString('base64')}`
  }

  /** Calls Jira with its credential; `path` from `/rest/api/3` on. */
  async jira(method: string, path: string, body?: unknown): Promise<Reply> {
    const url = new URL(`${this.origin}/sandbox/jira/rest/api/3${path}`)
    const reply = await this.fetch(method, url.href, {
      headers: { authorization: this.authorization, ...(body !== undefined && { 'content-type': 'application/json' }) },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const faults = this.#witness?.({
      app: 'jira',
      method,
      path: url.pathname.slice('/sandbox/jira'.length),
      query: Object.fromEntries([...url.searchParams.keys()].map((name) => [name, url.searchParams.getAll(name)])),
      ...(body !== undefined && { body }),
      status: reply.status,
      ...(reply.json !== undefined && { answer: reply.json }),
    })
    for (const fault of faults ?? []) this.contractFaults.push(`${method} ${url.pathname}${url.search}: ${fault}`)
    return reply
  }

  async fetch(method: string, url: string, init: RequestInit = {}): Promise<Reply> {
    const response = await fetch(url, { redirect: 'manual', ...init, method })
    const text = await response.text()
    return { status: response.status, headers: response.headers, text, json: parse(text) }
  }

  control(body?: unknown): Promise<Reply> {
    const url = `${this.origin}/sandbox/control`
    if (body === undefined) return this.fetch('GET', url)
    return this.fetch('POST', url, { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
  }

  /** The fields of an issue, read by key or id. */
  async fields(idOrKey: string, ...names: string[]): Promise<Json> {
    return (await this.jira('GET', `/issue/${idOrKey}?fields=${names.join(',') || '*all'}`)).json.fields
  }

  /** Every key a query finds, over all its pages. */
  async search(jql: string): Promise<string[]> {
    const keys: string[] = []
    let nextPageToken: string | undefined
    do {
      const { json } = await this.jira('POST', '/search/jql', {
        jql,
        fields: ['key'],
        maxResults: 5000,
        ...(nextPageToken && { nextPageToken }),
      })
      keys.push(...json.issues.map((issue: { key: string }) => issue.key))
      nextPageToken = json.nextPageToken
    } while (nextPageToken)
    return keys
  }

  log(): LogLine[] {
    const text = readFileSync(join(this.folder, 'jira', 'requests.jsonl'), 'utf8')
    const lines = text.split('\n').filter((line) => line !== '')
    return lines.map((line) => JSON.parse(line) as LogLine)
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** A seeded generator: the same numbers in every run. */
export function seededRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff
    return state / 0x80000000
  }
}
