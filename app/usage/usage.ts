import type { AnswerOf } from '../../server/api/contract.ts'
import { CREDIT_RULES, type CreditRule } from '../runs/receipt.ts'

export type Usage = AnswerOf<'getUsage'>
export type UsageLine = Usage['lines'][number]

/** `YYYY-MM`. */
export type Month = string

const MONTH = /^(\d{4})-(0[1-9]|1[0-2])$/

/** The month of an instant in a time zone. */
export function monthOf(at: number, timeZone: string | undefined): Month {
  const parts = new Intl.DateTimeFormat('en-CA', { timeZone, year: 'numeric', month: '2-digit' }).formatToParts(at)
  const part = (type: string): string => parts.find((p) => p.type === type)?.value ?? ''
  return `${part('year')}-${part('month')}`
}

/** The month so many months later, or earlier. */
export function monthAfter(month: Month, months: number): Month {
  const [year = 1970, number = 1] = month.split('-').map(Number)
  return new Date(Date.UTC(year, number - 1 + months, 1)).toISOString().slice(0, 7)
}

/** Reads `?month=` of an address. */
export function monthIn(search: string): Month | undefined {
  const month = new URLSearchParams(search).get('month')
  return month !== null && MONTH.test(month) ? month : undefined
}

/** The days of a month, `YYYY-MM-DD`. */
export function daysOf(month: Month): readonly string[] {
  const [year = 1970, number = 1] = month.split('-').map(Number)
  const count = new Date(Date.UTC(year, number, 0)).getUTCDate()
  return Array.from({ length: count }, (_, i) => `${month}-${String(i + 1).padStart(2, '0')}`)
}

/** A name of a month as people read it; a day of no zone stays what it is. */
export function monthName(month: Month, locale: string): string {
  return new Intl.DateTimeFormat(locale, { month: 'long', year: 'numeric', timeZone: 'UTC' }).format(Date.parse(`${month}-01T00:00:00Z`))
}
export function dayName(day: string, locale: string): string {
  return new Intl.DateTimeFormat(locale, { weekday: 'short', day: 'numeric', month: 'short', timeZone: 'UTC' }).format(
    Date.parse(`${day}T00:00:00Z`),
  )
}

export type Grouping = 'integration' | 'rule' | 'person'

export interface Series {
  readonly key: string
  readonly name: string
  readonly total: number
  /** One number a day, in the order of the days. */
  readonly days: readonly number[]
}

/** So many series have a pattern of their own; the smallest of more are one. */
const MOST_SERIES = 6

/** What was used a day, by what it is grouped by: the largest first, rules in their own order. */
export function seriesOf(
  lines: readonly UsageLine[],
  by: Grouping,
  days: readonly string[],
  names: { readonly rule: Readonly<Record<CreditRule, string>>; readonly others: string },
): readonly Series[] {
  const index = new Map(days.map((day, i) => [day, i]))
  const found = new Map<string, { name: string; days: number[] }>()
  const add = (key: string, name: string, day: string, count: number): void => {
    const at = index.get(day)
    if (at === undefined || count === 0) return
    const series = found.get(key) ?? { name, days: days.map(() => 0) }
    series.days[at] = (series.days[at] ?? 0) + count
    found.set(key, series)
  }
  for (const line of lines) {
    if (by === 'integration') add(line.integration, line.integrationName, line.day, line.total)
    else if (by === 'person') add(line.person, line.personName, line.day, line.total)
    else for (const rule of CREDIT_RULES) add(rule, names.rule[rule], line.day, line.credits[rule])
  }
  const all = [...found].map(([key, series]): Series => ({ key, ...series, total: sum(series.days) }))
  if (by === 'rule') return CREDIT_RULES.flatMap((rule) => all.filter(({ key }) => key === rule))
  const sorted = all.sort((a, b) => b.total - a.total || a.name.localeCompare(b.name))
  if (sorted.length <= MOST_SERIES) return sorted
  const rest = sorted.slice(MOST_SERIES - 1)
  const others = {
    key: 'others',
    name: names.others,
    total: sum(rest.map((s) => s.total)),
    days: days.map((_, i) => sum(rest.map((s) => s.days[i] ?? 0))),
  }
  return [...sorted.slice(0, MOST_SERIES - 1), others]
}

export const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0)

/** The credits of each day, over all series. */
export const totalsOf = (series: readonly Series[], days: readonly string[]): readonly number[] =>
  days.map((_, i) => sum(series.map((one) => one.days[i] ?? 0)))

/** Round numbers for the lines behind the bars: from 0 up, the last at least the largest bar. */
export function scaleOf(most: number): readonly number[] {
  if (most <= 0) return [0, 1]
  const rough = most / 4
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = Math.max(1, ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10) * power)
  return Array.from({ length: Math.ceil(most / step) + 1 }, (_, i) => i * step)
}

const HEADS = ['day', 'app', 'integration', 'integration_name', 'person', 'person_name', ...CREDIT_RULES, 'total'] as const

/** The ledger as CSV, a line a day, integration and person. What a spreadsheet would run as a formula is defused. */
export function usageCsv(lines: readonly UsageLine[]): string {
  const rows = lines.map((line) => [
    line.day,
    line.app,
    line.integration,
    line.integrationName,
    line.person,
    line.personName,
    ...CREDIT_RULES.map((rule) => line.credits[rule]),
    line.total,
  ])
  return [HEADS, ...rows].map((row) => row.map(csvCell).join(',')).join('\r\n')
}

function csvCell(value: string | number): string {
  const text = typeof value === 'string' && /^[=+\-@\t\r]/u.test(value) ? `'${value}` : String(value)
  return /[",\r\n]/u.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
