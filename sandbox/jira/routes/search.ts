import { createHash } from 'node:crypto'
import { z } from 'zod'
import { type Answer, parseJson } from '../../http.ts'
import { type JiraCall, type Ranked, type Route, visibleIssue } from '../call.ts'
import { errorCollection, jqlRefused } from '../errors.ts'
import { type CompiledJql, compileJql, type SortKey } from '../jql/evaluate.ts'
import { type JqlQuery, parseJql } from '../jql/parse.ts'
import { wordsOf } from '../jql/text-search.ts'
import { JqlSyntaxError } from '../jql/tokens.ts'
import type { Issue } from '../model.ts'
import {
  changelogsAnswer,
  changelogsBody,
  countAnswer,
  countBody,
  errorAnswer,
  parsedJqlAnswer,
  parseJqlBody,
  pickerAnswer,
  type SearchBody,
  searchAnswer,
  searchBody,
} from '../shapes.ts'
import { API_USER } from '../site.ts'
import { wantedFields } from '../wire.ts'

const UNBOUNDED = 'Unbounded JQL queries are not allowed here. Please add a search restriction to your query.'
const MAX_PAGE = 5000
/** How many issues a page holds at most where more than ids and keys are asked for. */
const MAX_PAGE_WITH_FIELDS = 100
const TOKEN_LIFE_MS = 7 * 86_400_000
const MAX_RECONCILED = 50
const MAX_PROPERTIES = 5

type Ready = { readonly kind: 'ready'; readonly jql: CompiledJql } | { readonly kind: 'refused'; readonly answer: Answer }

/** Reads and checks a query; a query without a restriction is refused, as every search endpoint does. */
function ready(call: JiraCall, text: string, nowMs: number): Ready {
  const read = readQuery(text)
  if ('refused' in read) return { kind: 'refused', answer: errorCollection(400, [read.refused]) }
  if (!read.query.where) return { kind: 'refused', answer: errorCollection(400, [UNBOUNDED]) }
  const compiled = compileJql(read.query, {
    nowMs,
    currentUser: API_USER,
    findIssue: (idOrKey) => visibleIssue(call.site, idOrKey),
  })
  if (compiled.kind === 'refused') return { kind: 'refused', answer: jqlRefused(compiled.messages) }
  return { kind: 'ready', jql: compiled.jql }
}

/** Whether an issue fits a query, or what is wrong with that. */
export function fitsQuery(text: string, issue: Issue, nowMs: number): boolean | string {
  const read = readQuery(text)
  if ('refused' in read) return read.refused
  const compiled = compileJql(read.query, { nowMs, currentUser: API_USER, findIssue: () => undefined })
  return compiled.kind === 'refused' ? compiled.messages.join(' ') : compiled.jql.isMatch(issue)
}

function readQuery(text: string): { readonly query: JqlQuery } | { readonly refused: string } {
  try {
    return { query: parseJql(text) }
  } catch (error) {
    if (error instanceof JqlSyntaxError) return { refused: error.message }
    throw error
  }
}

/** Where the next page begins. It is given out opaque; the query's print keeps it from being used with another one. */
const tokenShape = z.strictObject({
  print: z.string(),
  after: z.array(z.union([z.string(), z.number(), z.null()])).min(1),
  /** When the first page was asked for: `-15m` means the same on every page. */
  nowMs: z.number(),
})
type PageToken = z.infer<typeof tokenShape>

function printOf(jql: string): string {
  return createHash('sha256').update(jql).digest('base64url').slice(0, 12)
}

function encodeToken(token: PageToken): string {
  return Buffer.from(JSON.stringify(token)).toString('base64url')
}

function decodeToken(text: string, jql: string, nowMs: number): PageToken | undefined {
  const token = tokenShape.safeParse(parseJson(Buffer.from(text, 'base64url').toString('utf8')))
  if (!token.success || token.data.print !== printOf(jql) || token.data.nowMs + TOKEN_LIFE_MS < nowMs) return undefined
  return token.data
}

/** The issues that match, in order. Kept a while: the next page of an unchanged site needs no second sort. */
function ranked(call: JiraCall, text: string, jql: CompiledJql, nowMs: number, reconcile: ReadonlySet<string>): readonly Ranked[] {
  const { site } = call
  const view = site.issues.searchView({ nowMs: call.nowMs, delayMs: site.indexDelayMs(), reconcile })
  const cacheKey = JSON.stringify([text, nowMs, view.stamp])
  const kept = site.searches.get(cacheKey)
  if (kept) return kept
  const matching = view.issues.filter((issue) => !site.isHidden(issue) && jql.isMatch(issue))
  const sorted = matching.map((issue) => ({ issue, key: jql.sortKeyOf(issue) })).sort((a, b) => jql.compareKeys(a.key, b.key))
  site.searches.set(cacheKey, sorted)
  return sorted
}

function firstAfter(list: readonly Ranked[], after: SortKey, jql: CompiledJql): number {
  let [low, high] = [0, list.length]
  while (low < high) {
    const middle = (low + high) >> 1
    const entry = list[middle]
    if (entry && jql.compareKeys(entry.key, after) <= 0) low = middle + 1
    else high = middle
  }
  return low
}

function search(call: JiraCall, body: SearchBody): Answer {
  const jqlText = body.jql ?? ''
  const token = body.nextPageToken ? decodeToken(body.nextPageToken, jqlText, call.nowMs) : undefined
  if (body.nextPageToken && !token) return errorCollection(400, ['The provided nextPageToken is invalid or has expired.'])
  const maxResults = body.maxResults ?? 50
  if (maxResults < 1 || maxResults > MAX_PAGE) return errorCollection(400, ['The max results parameter has to be between 1 and 5,000.'])
  const reconcile = new Set((body.reconcileIssues ?? []).map(String))
  if (reconcile.size > MAX_RECONCILED)
    return errorCollection(400, [`The reconcileIssues parameter accepts a maximum of ${MAX_RECONCILED} ids.`])
  const properties = body.properties ?? []
  if (properties.length > MAX_PROPERTIES) return errorCollection(400, [`A maximum of ${MAX_PROPERTIES} issue properties can be requested.`])
  const nowMs = token?.nowMs ?? call.nowMs
  const query = ready(call, jqlText, nowMs)
  if (query.kind === 'refused') return query.answer
  const wanted = wantedFields(body.fields ?? [], ['id'])
  const list = ranked(call, jqlText, query.jql, nowMs, reconcile)
  const start = token ? firstAfter(list, token.after, query.jql) : 0
  const page = list.slice(start, start + (wanted.kind === 'fields' ? Math.min(maxResults, MAX_PAGE_WITH_FIELDS) : maxResults))
  const last = page.at(-1)
  const isLast = last === undefined || start + page.length >= list.length
  return {
    status: 200,
    json: {
      issues: page.map(({ issue }) => call.wire.issue(issue, wanted, properties)),
      ...(!isLast && { nextPageToken: encodeToken({ print: printOf(jqlText), after: [...last.key], nowMs }) }),
      isLast,
    },
  }
}

function searchByGet(call: JiraCall): Answer {
  const { query } = call
  const numbers = query
    .getAll('reconcileIssues')
    .flatMap((value) => value.split(','))
    .map(Number)
  const maxResults = query.get('maxResults')
  const body = searchBody.safeParse({
    jql: query.get('jql') ?? '',
    nextPageToken: query.get('nextPageToken') ?? undefined,
    maxResults: maxResults === null ? undefined : Number(maxResults),
    fields: query.getAll('fields'),
    properties: query.getAll('properties').flatMap((keys) => keys.split(',')),
    reconcileIssues: numbers,
  })
  return body.success ? search(call, body.data) : errorCollection(400, ['The request parameters could not be read.'])
}

function count(call: JiraCall): Answer {
  const { jql } = call.body as z.infer<typeof countBody>
  const query = ready(call, jql ?? '', call.nowMs)
  return query.kind === 'refused'
    ? query.answer
    : { status: 200, json: { count: ranked(call, jql ?? '', query.jql, call.nowMs, new Set()).length } }
}

const RETIRED: Answer = errorCollection(410, [
  'The requested API has been removed. Please migrate to the /rest/api/3/search/jql API. A full migration guideline is available at https://developer.atlassian.com/changelog/#CHANGE-2046',
])

function parseQueries(call: JiraCall): Answer {
  const { queries } = call.body as z.infer<typeof parseJqlBody>
  const isChecked = call.query.get('validation') !== 'none'
  const parsed = queries.map((query) => {
    const read = readQuery(query)
    if ('refused' in read) return { query, errors: [read.refused] }
    const compiled = compileJql(read.query, {
      nowMs: call.nowMs,
      currentUser: API_USER,
      findIssue: (idOrKey) => visibleIssue(call.site, idOrKey),
    })
    return { query, ...(isChecked && compiled.kind === 'refused' && { errors: compiled.messages }) }
  })
  return { status: 200, json: { queries: parsed } }
}

const MAX_SUGGESTIONS = 20

/** Suggestions by key or by the words of the summary, as the search box of Jira gives them. */
function picker(call: JiraCall): Answer {
  const text = (call.query.get('query') ?? '').trim()
  const words = wordsOf(text)
  const { issues } = call.site.issues.searchView({ nowMs: call.nowMs, delayMs: call.site.indexDelayMs(), reconcile: new Set() })
  const isSuggested = (issue: Issue): boolean => {
    if (issue.key.toLowerCase().startsWith(text.toLowerCase())) return true
    const inSummary = wordsOf(issue.summary)
    return words.length > 0 && words.every((word) => inSummary.some((candidate) => candidate.startsWith(word)))
  }
  const found: Issue[] = []
  for (const issue of text === '' ? [] : issues) {
    if (!call.site.isHidden(issue) && isSuggested(issue)) found.push(issue)
    if (found.length === MAX_SUGGESTIONS) break
  }
  const section = {
    label: 'Current Search',
    sub: found.length === 0 ? 'No matching issues' : `Showing ${found.length} of ${found.length} matching issues`,
    id: 'cs',
    issues: found.map((issue) => ({
      id: Number(issue.id),
      key: issue.key,
      keyHtml: issue.key,
      img: '/images/icons/issuetype.svg',
      summary: escapeHtml(issue.summary),
      summaryText: issue.summary,
    })),
  }
  return { status: 200, json: { sections: [section] } }
}

function escapeHtml(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;')
}

function changelogs(call: JiraCall): Answer {
  const body = call.body as z.infer<typeof changelogsBody>
  const wanted = body.fieldIds && new Set(body.fieldIds)
  const logs = body.issueIdsOrKeys.flatMap((idOrKey) => {
    const issue = visibleIssue(call.site, idOrKey)
    const histories = (issue?.changes ?? [])
      .map((change) => ({ ...change, items: change.items.filter((item) => !wanted || wanted.has(item.fieldId)) }))
      .filter((change) => change.items.length > 0)
    return issue && histories.length > 0
      ? [{ issueId: issue.id, changeHistories: histories.map((change) => call.wire.change(change)) }]
      : []
  })
  return { status: 200, json: { issueChangeLogs: logs } }
}

export const SEARCH_ROUTES: readonly Route[] = [
  {
    method: 'POST',
    path: '/rest/api/3/search/jql',
    body: searchBody,
    answers: { 200: searchAnswer, 400: errorAnswer },
    handle: (call) => search(call, call.body as SearchBody),
  },
  { method: 'GET', path: '/rest/api/3/search/jql', answers: { 200: searchAnswer, 400: errorAnswer }, handle: searchByGet },
  {
    method: 'POST',
    path: '/rest/api/3/search/approximate-count',
    body: countBody,
    answers: { 200: countAnswer, 400: errorAnswer },
    handle: count,
  },
  { method: 'GET', path: '/rest/api/3/search', answers: { 410: errorAnswer }, handle: () => RETIRED },
  { method: 'POST', path: '/rest/api/3/search', answers: { 410: errorAnswer }, handle: () => RETIRED },
  {
    method: 'POST',
    path: '/rest/api/3/jql/parse',
    body: parseJqlBody,
    answers: { 200: parsedJqlAnswer, 400: errorAnswer },
    handle: parseQueries,
  },
  { method: 'GET', path: '/rest/api/3/issue/picker', answers: { 200: pickerAnswer }, handle: picker },
  {
    method: 'POST',
    path: '/rest/api/3/changelog/bulkfetch',
    body: changelogsBody,
    answers: { 200: changelogsAnswer, 400: errorAnswer },
    handle: changelogs,
  },
]
