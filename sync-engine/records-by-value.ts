import type { AppRecord, Connector, ObjectDescription, Page } from './connectors/connector.ts'
import { SyncError } from './sync-error.ts'

/** What a look through an app's records brought. */
export interface Looked {
  readonly records: readonly AppRecord[]
  /** Read calls that were answered. */
  readonly calls: number
  /** Whether all there was to see was seen: `false` where `limit` ended it. */
  readonly isComplete: boolean
}

/** Pages of one filter after the other until there are no more, or `limit` records; a record comes once. */
export async function listUpTo(
  connector: Connector,
  filters: readonly string[],
  fields: readonly string[],
  limit: number,
  signal: AbortSignal,
): Promise<Looked> {
  const records = new Map<string, AppRecord>()
  let calls = 0
  for (const [index, filter] of filters.entries()) {
    let cursor: string | null = null
    do {
      const page: Page = await connector.list(filter, fields, cursor, signal)
      calls++
      for (const record of page.records) records.set(record.id, record)
      cursor = page.next
      const isOver = cursor === null && index === filters.length - 1
      if (records.size >= limit && !isOver) return { records: [...records.values()], calls, isComplete: false }
    } while (cursor !== null)
  }
  return { records: [...records.values()], calls, isComplete: true }
}

/** Records a page of a list holds where the app does not say. */
const USUAL_PAGE = 100

/**
 * The records of `filter` whose field may read as one of `values`, in as few calls as the app has for that. Where the app cannot be asked
 * for values of this field, or a list of the whole filter takes fewer calls, the filter is listed (`isListed`).
 */
export async function recordsByValue(
  connector: Connector,
  asked: {
    readonly filter: string
    readonly field: string
    readonly values: readonly string[]
    readonly fields: readonly string[]
    readonly limit: number
    readonly description: Pick<ObjectDescription, 'keyField' | 'listPage' | 'readBatch'>
  },
  signal: AbortSignal,
): Promise<Looked & { readonly isListed: boolean }> {
  const { filter, field, values, fields, limit, description } = asked
  const list = (filters: readonly string[]) => listUpTo(connector, filters, fields, limit, signal)
  const filters = connector.filtersFor?.(filter, field, values)
  if (filters === undefined || (await isShorterAsList(connector, filter, filters.length, asked, signal)))
    return { ...(await list([filter])), isListed: true }
  const found = await ifTaken(() => list(filters))
  if (found !== undefined) return { ...found, isListed: false }
  if (field !== description.keyField) return { ...(await list([filter])), isListed: true }
  // Jira refuses a list of keys for one that does not exist: which ones do is asked first.
  const keys = (await connector.findByKeys(values, signal)).map((hit) => hit.key)
  const known = await list(connector.filtersFor?.(filter, field, keys) ?? [filter])
  return { ...known, calls: known.calls + Math.ceil(values.length / description.readBatch), isListed: false }
}

async function isShorterAsList(
  connector: Connector,
  filter: string,
  calls: number,
  { limit, description }: { readonly limit: number; readonly description: Pick<ObjectDescription, 'listPage'> },
  signal: AbortSignal,
): Promise<boolean> {
  if (calls < 2 || connector.count === undefined) return false
  const total = await connector.count(filter, signal)
  return total <= limit && Math.ceil(total / (description.listPage ?? USUAL_PAGE)) < calls
}

/** What a question brings; `undefined` where the app does not take it so. */
async function ifTaken<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask()
  } catch (error) {
    if (error instanceof SyncError && error.code === 'bad-request') return undefined
    throw error
  }
}
