import type { ReadyApp } from '../../sync-engine/connectors/app.ts'
import type { CallReport, HttpClient } from '../../sync-engine/connectors/http-client.ts'
import { readyApp, tokenHeadersOf } from '../../sync-engine/connectors/registry.ts'
import type { CellValue } from '../../workbook/cell-value.ts'
import type { DialFault, SeenRequest } from './connector-contract.ts'
import type { WorldApp } from './engine-world.ts'
import type { StandInWorld } from './stand-in-world.ts'

/** One field that worlds change, and what people type into it. */
export interface PlayedField {
  /** Its name on the stand-in's own screen. */
  readonly shown: string
  readonly values: readonly CellValue[]
  /** Values the app refuses, or that are stopped before. */
  readonly bad: readonly CellValue[]
}

type Json = Readonly<Record<string, unknown>>
/** One line of the stand-in's own log. */
export type LogLine = SeenRequest & { readonly query?: Readonly<Record<string, string>> }

/** What a test has to know of an app to play it and to read its log. */
interface PlayedApp {
  readonly object: string
  /** Takes in every record. */
  readonly filter: string
  readonly fields: Readonly<Record<string, PlayedField>>
  /** Below `/sandbox/<app>/records`. */
  readonly path: string
  readonly idOf: (record: Json) => string
  readonly shownIn: (record: Json) => Json
  /** The body of an edit on the stand-in's own screen. */
  readonly edit: (shown: string, value: CellValue) => Json
  /** The body that makes a record there. */
  readonly made: (name: string) => Json
  /** Records a request reads by their ids; `undefined`: it is another one. */
  readonly readIn: (line: LogLine) => readonly string[] | undefined
  /** Cells a request is to write, as `record.field`. */
  readonly writtenIn: (line: LogLine) => readonly string[]
}

const DATES = ['2026-05-04', '2026-06-01', '2026-07-30', null]
const COUNTS = [1, 2, 50, 700, null]
const TOO_LONG = 'x'.repeat(400)

const PLAYED = {
  jira: {
    object: 'issues',
    filter: 'project = TB',
    fields: {
      summary: { shown: 'summary', values: ['One', 'Two', 'Three', 'Four'], bad: [TOO_LONG] },
      customfield_10016: { shown: 'storyPoints', values: COUNTS, bad: ['many'] },
      duedate: { shown: 'duedate', values: DATES, bad: ['some day'] },
      status: { shown: 'status', values: ['To Do', 'In Progress', 'Done'], bad: ['Dnoe'] },
    },
    path: '',
    idOf: ({ id }) => String(id),
    shownIn: (record) => record,
    edit: (shown, value) => ({ [shown]: value }),
    made: (name) => ({ summary: name }),
    readIn: ({ path, body }) => (path.endsWith('/issue/bulkfetch') ? (body as { issueIdsOrKeys: string[] }).issueIdsOrKeys : undefined),
    writtenIn: ({ method, path, body }) => {
      if (method === 'POST' && path.endsWith('/bulk/issues/fields')) {
        const { selectedIssueIdsOrKeys, selectedActions } = body as Record<'selectedIssueIdsOrKeys' | 'selectedActions', string[]>
        return selectedIssueIdsOrKeys.flatMap((id) => selectedActions.map((field) => `${id}.${field}`))
      }
      if (method === 'POST' && path.endsWith('/bulk/issues/transition')) {
        const { bulkTransitionInputs } = body as { bulkTransitionInputs: { selectedIssueIdsOrKeys: string[] }[] }
        return bulkTransitionInputs.flatMap((part) => part.selectedIssueIdsOrKeys.map((id) => `${id}.status`))
      }
      const [, id, isMove] = /\/issue\/(\d+)(\/transitions)?$/u.exec(path) ?? []
      if (id === undefined || method === 'GET') return []
      return isMove ? [`${id}.status`] : Object.keys((body as { fields: object }).fields).map((field) => `${id}.${field}`)
    },
  },
  salesforce: {
    object: 'Account',
    filter: '',
    fields: {
      Name: { shown: 'Name', values: ['One', 'Two', 'Three', 'Four'], bad: [TOO_LONG, null] },
      NumberOfEmployees: { shown: 'NumberOfEmployees', values: COUNTS, bad: ['many'] },
      CustomerPriority__c: { shown: 'CustomerPriority__c', values: ['High', 'Medium', 'Low', null], bad: ['Hihg'] },
      SLAExpirationDate__c: { shown: 'SLAExpirationDate__c', values: DATES, bad: ['some day'] },
    },
    path: '',
    idOf: ({ Id }) => String(Id),
    shownIn: (record) => record,
    edit: (shown, value) => ({ fields: { [shown]: value } }),
    made: (name) => ({ object: 'Account', fields: { Name: name } }),
    readIn: ({ method, path, body }) =>
      method === 'POST' && path.endsWith('/composite/sobjects/Account') ? (body as { ids: string[] }).ids : undefined,
    writtenIn: ({ method, path, body }) =>
      method === 'POST' && path.endsWith('/composite')
        ? (body as { compositeRequest: { method: string; url: string; body: Json }[] }).compositeRequest.flatMap((part) =>
            accountsWritten(part.method, part.url, part.body),
          )
        : accountsWritten(method, path, body as Json),
  },
  hubspot: {
    object: 'companies',
    filter: '',
    fields: {
      name: { shown: 'name', values: ['One', 'Two', 'Three', 'Four', null], bad: [] },
      numberofemployees: { shown: 'numberofemployees', values: COUNTS, bad: ['many'] },
      tier: { shown: 'tier', values: ['Gold', 'Silver', 'Bronze', null], bad: ['Hihg'] },
      renewal_date: { shown: 'renewal_date', values: DATES, bad: ['some day'] },
    },
    path: '/companies',
    idOf: ({ id }) => String(id),
    shownIn: ({ properties }) => properties as Json,
    edit: (shown, value) => ({ properties: { [shown]: shown === 'tier' ? String(value ?? '').toLowerCase() : String(value ?? '') } }),
    made: (name) => ({ properties: { name } }),
    readIn: ({ path, body, query }) =>
      path.endsWith('/companies/batch/read') && query?.archived === undefined
        ? (body as { inputs: { id: string }[] }).inputs.map(({ id }) => id)
        : undefined,
    writtenIn: ({ path, body }) => {
      if (!path.endsWith('/batch/update')) return []
      const { inputs } = body as { inputs: { id: string; properties: object }[] }
      return inputs.flatMap(({ id, properties }) => Object.keys(properties).map((field) => `${id}.${field}`))
    },
  },
} satisfies Record<string, PlayedApp>

export type PlayedId = keyof typeof PLAYED
export const PLAYED_IDS: readonly PlayedId[] = ['jira', 'salesforce', 'hubspot']

/** A real connector over its stand-in, and what the stand-in really saved: seen by looking at its records after each call. */
export class StandInApp implements WorldApp {
  readonly id: PlayedId
  readonly played: PlayedApp
  /** Cells (`record.field`) that calls of the engine changed in the app, in order. */
  readonly saves: string[] = []
  readonly #world: StandInWorld
  readonly #ready: ReadyApp
  #held = new Map<string, Readonly<Record<string, unknown>>>()
  #lines = 0

  static async open(id: PlayedId, world: StandInWorld): Promise<StandInApp> {
    const ready = readyApp(id)
    if (ready === undefined) throw new Error(`${id} is not built`)
    const app = new StandInApp(id, world, ready)
    world.afterCall = () => app.#look(true)
    await app.#look(false)
    return app
  }

  private constructor(id: PlayedId, world: StandInWorld, ready: ReadyApp) {
    this.id = id
    this.played = PLAYED[id]
    this.#world = world
    this.#ready = ready
  }

  ready(): ReadyApp {
    return this.#ready
  }

  http(onCall: (call: CallReport) => void, goOn: () => void): HttpClient {
    const { sandbox } = this.#ready
    const standIn = Object.fromEntries(Object.entries(this.#world.sandbox.credentials(this.id)).map(([name, text]) => [name, String(text)]))
    const headers = tokenHeadersOf(this.#ready, sandbox?.method, sandbox?.credentialsOf(standIn) ?? {})
    const authorize = async (): Promise<Record<string, string>> => {
      goOn()
      return { ...headers }
    }
    // The clock stands still between calls: no pace of its own would ever let go of them.
    const rates = this.#ready.rates && { ...this.#ready.rates, lanes: [] }
    return this.#world.clientWith(this.#ready, { authorize, ...(rates && { rates }) }, onCall)
  }

  setFaults(faults: readonly DialFault[]): Promise<void> {
    return this.#world.setFaults(faults)
  }

  get fields(): readonly string[] {
    return Object.keys(this.played.fields)
  }

  /** Records the app has now. */
  get records(): readonly string[] {
    return [...this.#held.keys()]
  }

  async foreignEdit(record: string, field: string, value: CellValue): Promise<void> {
    const { path, edit, fields } = this.played
    await this.#world.records('PATCH', `${path}/${record}`, edit(fields[field]?.shown ?? field, value))
    await this.#look(false)
  }

  /** Somebody makes a record in the app itself. */
  async add(name: string): Promise<void> {
    await this.#world.records('POST', this.played.path, this.played.made(name))
    await this.#look(false)
  }

  async delete(record: string): Promise<void> {
    await this.#world.records('DELETE', `${this.played.path}/${record}`)
    await this.#look(false)
  }

  /** What the stand-in has logged since this was asked last. */
  async takeLines(): Promise<readonly LogLine[]> {
    const all = await this.#world.requests()
    const fresh = all.slice(this.#lines)
    this.#lines = all.length
    return fresh
  }

  async #look(isByEngine: boolean): Promise<void> {
    const { path, idOf, shownIn, fields } = this.played
    const { records } = (await this.#world.records('GET', `${path}?maxResults=1000`)) as { records: Json[] }
    const shown = new Map(
      records.map((record) => [
        idOf(record),
        Object.fromEntries(Object.entries(fields).map(([field, played]) => [field, shownIn(record)[played.shown] ?? null])),
      ]),
    )
    if (isByEngine) {
      for (const [id, values] of shown) {
        const before = this.#held.get(id)
        for (const field of this.fields) if (before !== undefined && before[field] !== values[field]) this.saves.push(`${id}.${field}`)
      }
    }
    this.#held = shown
  }
}

/** The cells that one request writes to accounts: a collection of them, or one by itself. */
function accountsWritten(method: string, path: string, body: Json): string[] {
  if (method !== 'PATCH') return []
  const [, one] = /\/sobjects\/Account\/(\w+)$/u.exec(path) ?? []
  const records = one === undefined ? (path.endsWith('/composite/sobjects') ? (body.records as Json[]) : []) : [{ id: one, ...body }]
  return records.flatMap(({ id, attributes: _type, ...fields }) => Object.keys(fields).map((field) => `${String(id)}.${field}`))
}
