import type { QueryOf } from '../../server/api/contract.ts'

/** What the log is narrowed to; a day is `YYYY-MM-DD` in the person's own time zone. */
export interface RunFilters {
  readonly app: string
  readonly integration: string
  readonly object: string
  readonly connection: string
  readonly workbook: string
  readonly state: string
  readonly kind: string
  readonly trigger: string
  readonly person: string
  readonly from: string
  readonly to: string
  readonly text: string
}

export const FILTER_KEYS = [
  'app',
  'integration',
  'object',
  'connection',
  'workbook',
  'state',
  'kind',
  'trigger',
  'person',
  'from',
  'to',
  'text',
] as const satisfies readonly (keyof RunFilters)[]

export const NO_FILTERS = Object.fromEntries(FILTER_KEYS.map((key) => [key, ''])) as unknown as RunFilters

export const isFiltered = (filters: RunFilters): boolean => FILTER_KEYS.some((key) => filters[key] !== '')

/** How many of them are set, the text apart: it stands in sight anyway. */
export const countFilters = (filters: RunFilters): number => FILTER_KEYS.filter((key) => key !== 'text' && filters[key] !== '').length

/** Reads the filters of a page's address; what is none of ours is left out. */
export function filtersOf(search: string): RunFilters {
  const params = new URLSearchParams(search)
  return Object.fromEntries(FILTER_KEYS.map((key) => [key, (params.get(key) ?? '').slice(0, 200)])) as unknown as RunFilters
}

/** The address's own part for them, `?state=failed`, empty where none is set: it can be sent to a colleague. */
export function addressOf(filters: RunFilters): string {
  const params = new URLSearchParams()
  for (const key of FILTER_KEYS) if (filters[key] !== '') params.set(key, filters[key])
  const text = params.toString()
  return text === '' ? '' : `?${text}`
}

const DAY = /^\d{4}-\d{2}-\d{2}$/

/** The first instant of a day, as `startOf` of the person's calendar has it; `undefined` for what is no day. */
function instantOf(day: string, startOf: (day: string, daysAfter: number) => number, daysAfter: number): number | undefined {
  if (!DAY.test(day)) return undefined
  const at = startOf(day, daysAfter)
  return Number.isNaN(at) ? undefined : at
}

/** Midnight of a day in this browser's zone. */
export function startOfDay(day: string, daysAfter: number): number {
  const [year = 0, month = 1, date = 1] = day.split('-').map(Number)
  return new Date(year, month - 1, date + daysAfter).getTime()
}

/** The filters as the server takes them: both days whole. What a typed address holds that no server knows is left out. */
export function queryOf(filters: RunFilters, startOf = startOfDay): Omit<QueryOf<'listRuns'>, 'limit' | 'cursor'> {
  const { from, to, text, ...rest } = filters
  const trimmed = text.trim()
  const set = Object.entries(rest).filter(([, value]) => value !== '')
  const [first, last] = [instantOf(from, startOf, 0), instantOf(to, startOf, 1)]
  return {
    ...Object.fromEntries(set),
    ...(first !== undefined && { from: first }),
    ...(last !== undefined && { to: last }),
    ...(trimmed !== '' && { text: trimmed }),
  }
}
