import type { CallFaults } from '../faults.ts'
import type { Answer } from '../http.ts'
import type { RoutePattern } from '../routing.ts'
import { SfRefusal } from './errors.ts'
import type { SalesforceRecords, SfRecord } from './records.ts'
import type { SaveSite } from './save.ts'
import { objectNamed, type SfObject } from './schema.ts'
import type { CompiledSoql, World } from './soql/evaluate.ts'

/** The rows of a query that did not fit on its page. */
export interface Cursor {
  readonly soql: CompiledSoql
  readonly ids: readonly string[]
  readonly pageSize: number
}

/** What the operations of the API work on. */
export interface SfSite {
  readonly records: SalesforceRecords
  readonly cursors: Cursors
  readonly indexDelayMs: number
  readonly isHidden: (id: string) => boolean
  /** Calls of the last 24 hours, and how many are allowed. */
  readonly usage: { readonly used: number; readonly max: number }
}

/** One request to the API, authenticated and read; also one inside a composite. */
export interface SfCall {
  readonly method: string
  /** Below `/services/data/v62.0`. */
  readonly path: string
  readonly version: string
  readonly params: Readonly<Record<string, string>>
  readonly query: URLSearchParams
  readonly body: unknown
  /** Value of the `Sforce-Query-Options` header. */
  readonly queryOptions: string | undefined
  readonly base: string
  readonly nowMs: number
  readonly faults: CallFaults
  readonly site: SfSite
  readonly save: SaveSite
  /** Carries out another request inside this one. */
  readonly inner: (request: { method: string; url: string; body: unknown }) => Answer
}

export interface SfRoute extends RoutePattern {
  /** Whether it changes records. */
  readonly writes: boolean
  /** Whether its body is read at all. */
  readonly takesBody: boolean
  readonly handle: (call: SfCall) => Answer
}

/** Query cursors by locator; Salesforce, too, keeps only so many. */
export class Cursors {
  readonly #kept = new Map<string, Cursor>()
  #next = 1

  /** Remembers a cursor and gives its locator. */
  keep(cursor: Cursor): string {
    const locator = `01g5g0${String(this.#next++).padStart(9, '0')}AAA`
    this.#kept.set(locator, cursor)
    for (const old of [...this.#kept.keys()].slice(0, Math.max(0, this.#kept.size - 10))) this.#kept.delete(old)
    return locator
  }

  get(locator: string): Cursor | undefined {
    return this.#kept.get(locator)
  }
}

export const worldOf = (call: SfCall): World => ({ records: call.site.records, nowMs: call.nowMs })

/** The object a path names. @throws SfRefusal 404 */
export function objectOf(call: SfCall): SfObject {
  const of = objectNamed(call.params.object ?? '')
  if (!of) throw new SfRefusal(404, 'NOT_FOUND', 'The requested resource does not exist')
  return of
}

/** A record that is there and may be seen. */
export function visible(call: SfCall, of: SfObject, id: string): SfRecord | undefined {
  const record = call.site.records.get(of, id)
  return record && record.deleted === null && !call.site.isHidden(id) ? record : undefined
}

export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The body, which must be a JSON object. */
export function bodyOf(call: SfCall): Readonly<Record<string, unknown>> {
  if (!isObject(call.body))
    throw new SfRefusal(400, 'JSON_PARSER_ERROR', 'The HTTP entity body is required, but this request has no entity body.')
  return call.body
}
