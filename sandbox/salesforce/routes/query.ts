import type { Answer } from '../../http.ts'
import { bodyOf, type Cursor, isObject, type SfCall, type SfRoute, worldOf } from '../call.ts'
import { SfRefusal } from '../errors.ts'
import type { SfRecord } from '../records.ts'
import { shownRecord, shownRow } from '../shown.ts'
import { compileSoql } from '../soql/evaluate.ts'
import { parseSoql } from '../soql/parse.ts'
import { SoqlError } from '../soql/tokens.ts'
import { parseSosl, returningOf, runSearch, SEARCH_SCOPES, type Search, type SearchScope, searchTest } from '../sosl.ts'

const MAX_PAGE = 2000
const MIN_PAGE = 200

/** `GET /query`, `/queryAll`: the second sees deleted records too. */
function query(call: SfCall, withDeleted: boolean): Answer {
  const text = call.query.get('q')
  if (text === null) throw new SfRefusal(400, 'MALFORMED_QUERY', 'A query must be given with the parameter q.')
  try {
    return run(call, text, withDeleted)
  } catch (error) {
    if (error instanceof SoqlError) throw new SfRefusal(400, error.code, error.message)
    throw error
  }
}

function run(call: SfCall, text: string, withDeleted: boolean): Answer {
  const soql = compileSoql(parseSoql(text), worldOf(call))
  const found: SfRecord[] = []
  for (const record of call.site.records.all(soql.of)) {
    if ((record.deleted === null || withDeleted) && !call.site.isHidden(record.id) && soql.matches(record)) found.push(record)
  }
  if (soql.isCount) {
    return { status: 200, json: { totalSize: Math.min(found.length, soql.limit ?? found.length), done: true, records: [] } }
  }
  soql.sort(found)
  const rows = found.slice(soql.offset, soql.limit === undefined ? undefined : soql.offset + soql.limit)
  const cursor: Cursor = { soql, ids: rows.map(({ id }) => id), pageSize: pageSizeOf(call, MAX_PAGE) }
  return page(call, cursor, 0, () => call.site.cursors.keep(cursor))
}

/** How many rows a page is to have, where the call says so. */
function pageSizeOf(call: SfCall, otherwise: number): number {
  const wanted = /batchSize=(\d+)/.exec(call.queryOptions ?? '')?.[1]
  return wanted === undefined ? otherwise : Math.min(MAX_PAGE, Math.max(MIN_PAGE, Number(wanted)))
}

/** One page; the ids are fixed by the query, the values are today's. */
function page(call: SfCall, { soql, ids, pageSize }: Cursor, start: number, locatorOf: () => string): Answer {
  const end = Math.min(start + pageSize, ids.length)
  const records = ids.slice(start, end).flatMap((id) => {
    const record = call.site.records.get(soql.of, id)
    return record ? [shownRow(soql.of, record, soql.columns, call.site, call.version)] : []
  })
  const isDone = end >= ids.length
  const next = isDone ? {} : { nextRecordsUrl: `/services/data/${call.version}/query/${locatorOf()}-${end}` }
  return { status: 200, json: { totalSize: ids.length, done: isDone, ...next, records } }
}

function queryMore(call: SfCall): Answer {
  const found = /^(\w+)-(\d+)$/.exec(call.params.locator ?? '')
  const cursor = call.site.cursors.get(found?.[1] ?? '')
  if (!found || !cursor) throw new SfRefusal(400, 'INVALID_QUERY_LOCATOR', 'invalid query locator')
  return page(call, { ...cursor, pageSize: pageSizeOf(call, cursor.pageSize) }, Number(found[2]), () => found[1] ?? '')
}

function answerSearch(call: SfCall, search: Search): Answer {
  const world = {
    ...worldOf(call),
    delayMs: call.site.indexDelayMs,
    isVisible: (record: SfRecord) => !call.site.isHidden(record.id),
  }
  const hits = runSearch(search, world)
  return {
    status: 200,
    json: { searchRecords: hits.map(({ returning, record }) => shownRecord(returning.of, record, returning.fields, call.version)) },
  }
}

function sosl(call: SfCall): Answer {
  return answerSearch(call, parseSosl(call.query.get('q') ?? '', worldOf(call)))
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)
const countOf = (value: unknown): number | undefined => (typeof value === 'number' && value > 0 ? Math.floor(value) : undefined)
const textsOf = (value: unknown): readonly string[] => (Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [])

function parameterizedSearch(call: SfCall): Answer {
  const body = bodyOf(call)
  const scope = (textOf(body.in) ?? 'ALL').toUpperCase() as SearchScope
  if (!SEARCH_SCOPES.includes(scope)) throw new SfRefusal(400, 'INVALID_SEARCH_SCOPE', `${scope} is not a valid scope`)
  const fields = textsOf(body.fields)
  const objects = Array.isArray(body.sobjects) ? body.sobjects.filter(isObject) : []
  const returning = (objects.length > 0 ? objects : ['Account', 'Contact', 'Opportunity', 'Case'].map((name) => ({ name }))).map(
    (object: Readonly<Record<string, unknown>>) =>
      returningOf(textOf(object.name) ?? '', Array.isArray(object.fields) ? textsOf(object.fields) : fields.length > 0 ? fields : ['Id'], {
        where: textOf(object.where),
        limit: countOf(object.limit) ?? countOf(body.defaultLimit),
        world: worldOf(call),
      }),
  )
  return answerSearch(call, {
    matches: searchTest(textOf(body.q) ?? ''),
    scope,
    returning,
    limit: countOf(body.overallLimit) ?? MAX_PAGE,
  })
}

/** `GET /parameterizedSearch?q=…&sobject=Account&Account.fields=Id,Name`. */
function parameterizedGet(call: SfCall): Answer {
  const names = call.query.getAll('sobject')
  const body = {
    q: call.query.get('q') ?? '',
    in: call.query.get('in') ?? 'ALL',
    sobjects: names.map((name) => ({
      name,
      fields: (call.query.get(`${name}.fields`) ?? 'Id').split(','),
      limit: Number(call.query.get(`${name}.limit`) ?? 0),
    })),
  }
  return parameterizedSearch({ ...call, body })
}

export const QUERY_ROUTES: readonly SfRoute[] = [
  { method: 'GET', path: '/query', writes: false, takesBody: false, handle: (call) => query(call, false) },
  { method: 'GET', path: '/queryAll', writes: false, takesBody: false, handle: (call) => query(call, true) },
  { method: 'GET', path: '/query/{locator}', writes: false, takesBody: false, handle: queryMore },
  { method: 'GET', path: '/queryAll/{locator}', writes: false, takesBody: false, handle: queryMore },
  { method: 'GET', path: '/search', writes: false, takesBody: false, handle: sosl },
  { method: 'GET', path: '/parameterizedSearch', writes: false, takesBody: false, handle: parameterizedGet },
  { method: 'POST', path: '/parameterizedSearch', writes: false, takesBody: true, handle: parameterizedSearch },
]
