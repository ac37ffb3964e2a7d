import { expect } from 'vitest'
import { type SeedPlan, seedSalesforce } from '../../sandbox/salesforce/seed.ts'
import { contractWitness, missingContract } from '../support/contract-witness.ts'
import { type Json, type Reply, START_MS, seededRandom, World } from './world.ts'

export const API = '/services/data/v62.0'

/** A sandbox whose Salesforce is called with its own session. Each exchange is shown to the contract, where there is one. */
export class Org {
  readonly world: World & AsyncDisposable
  readonly contractFaults: string[] = []

  private constructor(world: World & AsyncDisposable) {
    this.world = world
  }

  static async fresh(
    plan: Partial<SeedPlan> = { Account: 6, Contact: 4, Opportunity: 4, Case: 3, Site_Visit__c: 2 },
  ): Promise<Org & AsyncDisposable> {
    const world = await World.fresh({ firstRecordCount: 0 })
    // The sandbox is empty; records are put in as its own seed makes them, then it starts on them.
    await world.stop()
    await seedSalesforce(`${world.folder}/salesforce`, plan, seededRandom(3), () => START_MS)
    const started = Object.assign(await World.start(world.folder, { firstRecordCount: 0 }), {
      [Symbol.asyncDispose]: async () => {
        await started.stop()
        await world[Symbol.asyncDispose]()
      },
    })
    const org = new Org(started)
    return Object.assign(org, {
      [Symbol.asyncDispose]: async () => {
        await started[Symbol.asyncDispose]()
        expect(org.contractFaults).toEqual([])
      },
    })
  }

  get base(): string {
    return `${this.world.origin}/sandbox/salesforce`
  }

  get credentials() {
    return this.world.sandbox.credentials('salesforce')
  }

  /** Calls the API; `path` below the version. */
  async call(method: string, path: string, body?: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Reply> {
    const url = new URL(`${this.base}${API}${path}`)
    const reply = await this.world.fetch(method, url.href, {
      headers: {
        authorization: `Bearer ${this.credentials.accessToken}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const witness = missingContract('salesforce') === undefined ? await contractWitness('salesforce') : undefined
    const faults = witness?.({
      app: 'salesforce',
      method,
      path: url.pathname.slice(`/sandbox/salesforce${API}`.length),
      query: Object.fromEntries([...url.searchParams.keys()].map((name) => [name, url.searchParams.getAll(name)])),
      ...(body !== undefined && { body }),
      status: reply.status,
      ...(reply.json !== undefined && { answer: reply.json }),
    })
    // What no operation is asked for is refused, and no part of the contract.
    for (const fault of (faults ?? []).filter((text) => reply.status < 400 || !text.startsWith('no such operation')))
      this.contractFaults.push(`${method} ${url.pathname}: ${fault}`)
    return reply
  }

  query(soql: string, all = false): Promise<Reply> {
    return this.call('GET', `/${all ? 'queryAll' : 'query'}?q=${encodeURIComponent(soql)}`)
  }

  /** The rows of a query, or its error. */
  async rows(soql: string, all = false): Promise<Json[]> {
    const reply = await this.query(soql, all)
    expect([soql, reply.status, reply.status === 200 ? '' : reply.text]).toEqual([soql, 200, ''])
    return reply.json.records
  }

  async ids(object = 'Account'): Promise<string[]> {
    return (await this.rows(`SELECT Id FROM ${object} ORDER BY Id`)).map(({ Id }) => Id as string)
  }

  /** Updates records as one collection. */
  async patch(...records: Json[]): Promise<Reply> {
    const typed = records.map(({ type = 'Account', ...rest }) => ({ attributes: { type }, ...rest }))
    return this.call('PATCH', '/composite/sobjects', { allOrNone: false, records: typed })
  }

  async read(id: string, ...fields: string[]): Promise<Json> {
    const { json } = await this.call('GET', `/sobjects/Account/${id}?fields=${fields.join(',')}`)
    const { attributes: _type, Id: _id, ...rest } = json
    return rest
  }

  control(body: Json): Promise<Reply> {
    return this.world.control({ app: 'salesforce', ...body })
  }
}
