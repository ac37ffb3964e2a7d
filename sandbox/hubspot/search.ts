import { z } from 'zod'
import type { HubRecord } from './model.ts'
import { type HubProperty, type ObjectType, propertyOf } from './properties.ts'
import { instantOf } from './values.ts'

const OPERATORS = [
  'EQ',
  'NEQ',
  'LT',
  'LTE',
  'GT',
  'GTE',
  'BETWEEN',
  'IN',
  'NOT_IN',
  'HAS_PROPERTY',
  'NOT_HAS_PROPERTY',
  'CONTAINS_TOKEN',
  'NOT_CONTAINS_TOKEN',
] as const

const filterShape = z.object({
  propertyName: z.string(),
  operator: z.enum(OPERATORS),
  value: z.coerce.string().optional(),
  values: z.array(z.coerce.string()).optional(),
  highValue: z.coerce.string().optional(),
})
export type Filter = z.infer<typeof filterShape>

const sortShape = z.union([z.string(), z.object({ propertyName: z.string(), direction: z.enum(['ASCENDING', 'DESCENDING']).optional() })])

export const searchShape = z.object({
  filterGroups: z.array(z.object({ filters: z.array(filterShape) })).optional(),
  filters: z.array(filterShape).optional(),
  query: z.string().optional(),
  sorts: z.array(sortShape).optional(),
  properties: z.array(z.string()).optional(),
  limit: z.coerce.number().int().optional(),
  after: z.coerce.string().optional(),
})
export type Search = z.infer<typeof searchShape>

export const SEARCH_LIMITS = { groups: 5, filtersInGroup: 6, filters: 18, page: 200, results: 10_000, query: 3_000 } as const

/** Why HubSpot does not carry a search out, in its words. */
export function searchProblem(type: ObjectType, search: Search): string | undefined {
  const groups = groupsOf(search)
  const filters = groups.flat()
  const limit = search.limit ?? 10
  const after = Number(search.after ?? 0) || 0
  if (limit < 0 || limit > SEARCH_LIMITS.page) return `limit: must be between 0 and ${SEARCH_LIMITS.page}, was ${limit}`
  if (search.after !== undefined && search.after !== '' && !/^\d+$/.test(search.after))
    return `after: '${search.after}' is not a valid cursor`
  if (after + limit > SEARCH_LIMITS.results)
    return `There was a problem with the request. Search results are limited to ${SEARCH_LIMITS.results.toLocaleString('en-US')}: narrow the query.`
  if ((search.query ?? '').length > SEARCH_LIMITS.query) return `query: must be at most ${SEARCH_LIMITS.query} characters`
  if (groups.length > SEARCH_LIMITS.groups) return `There are too many filterGroups; the maximum is ${SEARCH_LIMITS.groups}.`
  if (groups.some((group) => group.length > SEARCH_LIMITS.filtersInGroup))
    return `There are too many filters in a filterGroup; the maximum is ${SEARCH_LIMITS.filtersInGroup}.`
  if (filters.length > SEARCH_LIMITS.filters) return `There are too many filters in the request; the maximum is ${SEARCH_LIMITS.filters}.`
  if ((search.sorts ?? []).length > 1) return 'Only one sort is allowed.'
  const unknown = [...filters.map(({ propertyName }) => propertyName), ...sortsOf(search).map(({ name }) => name)].find(
    (name) => !propertyOf(type, name),
  )
  if (unknown !== undefined) return `There was a problem with the request. Property '${unknown}' does not exist for ${type.id}.`
  return filters.map((filter) => filterProblem(type, filter)).find((problem) => problem !== undefined)
}

function filterProblem(type: ObjectType, { propertyName, operator, value, values, highValue }: Filter): string | undefined {
  const property = propertyOf(type, propertyName)
  const isList = operator === 'IN' || operator === 'NOT_IN'
  const isBare = operator === 'HAS_PROPERTY' || operator === 'NOT_HAS_PROPERTY'
  if (isBare) return undefined
  if (isList) return values === undefined || values.length === 0 ? `values: must be given for ${operator} on ${propertyName}` : undefined
  if (value === undefined) return `value: must be given for ${operator} on ${propertyName}`
  if (operator === 'BETWEEN' && highValue === undefined) return `highValue: must be given for BETWEEN on ${propertyName}`
  const isOrdered = ['LT', 'LTE', 'GT', 'GTE', 'BETWEEN'].includes(operator)
  const wrong = [value, ...(operator === 'BETWEEN' ? [highValue ?? ''] : [])].find(
    (text) => isOrdered && numeric(property, text) === undefined,
  )
  return wrong === undefined
    ? undefined
    : `There was a problem with the request. '${wrong}' is not a valid ${property?.type ?? 'value'} for ${propertyName}.`
}

function groupsOf({ filterGroups, filters }: Search): readonly (readonly Filter[])[] {
  if (filterGroups !== undefined && filterGroups.length > 0) return filterGroups.map((group) => group.filters)
  return filters === undefined ? [] : [filters]
}

interface Sort {
  readonly name: string
  readonly isDescending: boolean
}

function sortsOf({ sorts = [] }: Search): readonly Sort[] {
  return sorts.map((sort) => {
    if (typeof sort !== 'string') return { name: sort.propertyName, isDescending: sort.direction === 'DESCENDING' }
    const words = /^(-?)(\S+?)(?:\s+(ASC|DESC|ASCENDING|DESCENDING))?$/i.exec(sort.trim())
    return { name: words?.[2] ?? sort, isDescending: words?.[1] === '-' || /^desc/i.test(words?.[3] ?? '') }
  })
}

export type ValueOf = (record: HubRecord, property: string) => string | null

/** The records a search finds, in its order. The index knows records that are not archived. */
export function matching(type: ObjectType, search: Search, records: readonly HubRecord[], held: ValueOf): readonly HubRecord[] {
  const groups = groupsOf(search).map((group) => group.map((filter) => ({ filter, property: propertyOf(type, filter.propertyName) })))
  const words = tokensOf(search.query ?? '')
  const found = records.filter((record) => {
    const isIn =
      groups.length === 0 ||
      groups.some((group) => group.every(({ filter, property }) => isMatch(filter, property, held(record, filter.propertyName))))
    return isIn && hasWords(type, record, words, held)
  })
  const [sort] = sortsOf(search)
  return sort === undefined ? found : sorted(found, sort, propertyOf(type, sort.name), held)
}

/** Every word of the query begins a word of what is looked through. */
function hasWords(type: ObjectType, record: HubRecord, words: readonly string[], held: ValueOf): boolean {
  if (words.length === 0) return true
  const known = type.searchable.flatMap((name) => tokensOf(held(record, name) ?? ''))
  return words.every((word) => known.some((token) => token.startsWith(word)))
}

export function tokensOf(text: string): readonly string[] {
  return text
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter(Boolean)
}

/** A value as a number, for comparisons: dates and times in ms. */
function numeric(property: HubProperty | undefined, text: string): number | undefined {
  if (property?.type === 'date' || property?.type === 'datetime') return instantOf(text)
  if (property?.type !== 'number') return undefined
  const number = Number(text)
  return text.trim() === '' || Number.isNaN(number) ? undefined : number
}

function isMatch(filter: Filter, property: HubProperty | undefined, held: string | null): boolean {
  const { operator, value = '', values = [], highValue = '' } = filter
  if (operator === 'HAS_PROPERTY') return held !== null
  if (operator === 'NOT_HAS_PROPERTY') return held === null
  // A record without a value is found by NOT_HAS_PROPERTY alone, also where something is excluded.
  if (held === null) return false
  switch (operator) {
    case 'EQ':
      return isEqual(property, held, value)
    case 'NEQ':
      return !isEqual(property, held, value)
    case 'IN':
      return values.some((one) => isListed(property, held, one))
    case 'NOT_IN':
      return !values.some((one) => isListed(property, held, one))
    case 'CONTAINS_TOKEN':
      return hasToken(held, value)
    case 'NOT_CONTAINS_TOKEN':
      return !hasToken(held, value)
    default:
      return isOrdered(operator, numeric(property, held), numeric(property, value), numeric(property, highValue))
  }
}

function isOrdered(operator: string, held: number | undefined, low: number | undefined, high: number | undefined): boolean {
  if (held === undefined || low === undefined) return false
  if (operator === 'BETWEEN') return high !== undefined && held >= low && held <= high
  return { LT: held < low, LTE: held <= low, GT: held > low, GTE: held >= low }[operator] ?? false
}

function isEqual(property: HubProperty | undefined, held: string, value: string): boolean {
  const [a, b] = [numeric(property, held), numeric(property, value)]
  if (a !== undefined || b !== undefined) return a === b
  if (property?.fieldType === 'checkbox') return held.split(';').includes(value)
  return property?.type === 'enumeration' || property?.type === 'bool' ? held === value : held.toLowerCase() === value.toLowerCase()
}

/** As `EQ`, but a text property is kept in small letters in the index, and values of a list are not: those with capitals find nothing. */
function isListed(property: HubProperty | undefined, held: string, value: string): boolean {
  const isText = property?.type === 'string' || property?.type === 'phone_number'
  return isText ? held.toLowerCase() === value : isEqual(property, held, value)
}

/** Words of the value, `*` for any letters. */
function hasToken(held: string, value: string): boolean {
  const known = tokensOf(held)
  const wanted = value
    .toLowerCase()
    .split(/[^\p{L}\p{N}*]+/u)
    .filter(Boolean)
  return wanted.length > 0 && wanted.every((word) => known.some((token) => isLike(word, token)))
}

/** Whether a word fits a pattern in which `*` stands for any letters. */
function isLike(pattern: string, word: string): boolean {
  const [first = '', ...others] = pattern.split('*')
  const last = others.pop()
  if (last === undefined) return word === first
  if (!word.startsWith(first)) return false
  let at = first.length
  for (const part of others) {
    const found = word.indexOf(part, at)
    if (found === -1) return false
    at = found + part.length
  }
  return word.length - last.length >= at && word.endsWith(last)
}

function sorted(found: readonly HubRecord[], { name, isDescending }: Sort, property: HubProperty | undefined, held: ValueOf) {
  const keyed = found.map((record) => {
    const text = held(record, name)
    return { record, key: text === null ? undefined : (numeric(property, text) ?? text.toLowerCase()) }
  })
  const direction = isDescending ? -1 : 1
  keyed.sort((a, b) => {
    // Records without a value come last either way.
    if (a.key === undefined || b.key === undefined) return Number(a.key === undefined) - Number(b.key === undefined)
    const order = a.key < b.key ? -1 : a.key > b.key ? 1 : 0
    return order === 0 ? Number(a.record.id) - Number(b.record.id) : order * direction
  })
  return keyed.map(({ record }) => record)
}
