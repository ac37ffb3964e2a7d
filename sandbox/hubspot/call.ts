import type { z } from 'zod'
import type { CallFaults } from '../faults.ts'
import type { Answer } from '../http.ts'
import type { RecentSearches } from '../recent-searches.ts'
import type { HubRecord } from './model.ts'
import type { ObjectType } from './properties.ts'
import type { HubRecords, Writer } from './records.ts'

/** One request to HubSpot, authenticated and read. */
export interface HubCall {
  readonly params: Readonly<Record<string, string>>
  readonly query: URLSearchParams
  readonly body: unknown
  readonly faults: CallFaults
  readonly portal: Portal
  /** `/sandbox/hubspot` with its host, for links. */
  readonly base: string
  readonly nowMs: number
  readonly writer: Writer
}

/** What a search found, as of a stamp of the records. */
export interface KeptSearch {
  readonly stamp: string
  readonly found: readonly HubRecord[]
}

/** What the operations of the API work on. */
export interface Portal {
  readonly records: HubRecords
  readonly indexDelayMs: () => number
  /** Whether the token may not see a record (lost permission looks like absence). */
  readonly isHidden: (id: string) => boolean
  /** The order of the last searches, so that paging through 100,000 records sorts them once. */
  readonly searches: RecentSearches<KeptSearch>
}

/** One operation: its path as HubSpot's documents write it, what it reads, what it may change. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly path: string
  readonly body?: z.ZodType
  /** Whether it changes something. */
  readonly writes?: boolean
  /** Whose limit it counts against. (Default: the burst) */
  readonly lane?: 'search'
  /** The scope a token needs, given the object of the path. */
  readonly scope?: (type: ObjectType | undefined) => string
  readonly handle: (call: HubCall) => Answer
}
