/** A day of a time zone as `YYYY-MM-DD`. */
export function dayIn(timeZone: string, at: number): string {
  const parts = partsIn(timeZone, at)
  return `${pad(parts.year, 4)}-${pad(parts.month)}-${pad(parts.day)}`
}

/** The first instant of a day of a time zone, also where a clock change takes its midnight away. ms since 1970 */
export function startOfDay(timeZone: string, day: string): number {
  const [year = 0, month = 1, date = 1] = day.split('-').map(Number)
  // From a noon at least half a day before, hour by hour, then to the minute: offsets change by any amount, but never by a day.
  let low = Date.UTC(year, month - 1, date) - 36 * HOUR_MS
  let high = Date.UTC(year, month - 1, date) + 36 * HOUR_MS
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    if (dayIn(timeZone, middle) < day) low = middle
    else high = middle
  }
  return high
}

/** The first instant of the month that `at` lies in, and of the next one. ms since 1970 */
export function monthIn(timeZone: string, at: number): { from: number; to: number } {
  const { year, month } = partsIn(timeZone, at)
  const next = month === 12 ? { year: year + 1, month: 1 } : { year, month: month + 1 }
  const first = (m: { year: number; month: number }): number => startOfDay(timeZone, `${pad(m.year, 4)}-${pad(m.month)}-01`)
  return { from: first({ year, month }), to: first(next) }
}

const HOUR_MS = 3_600_000
const pad = (n: number, length = 2): string => String(n).padStart(length, '0')
const formats = new Map<string, Intl.DateTimeFormat>()

function partsIn(timeZone: string, at: number): { year: number; month: number; day: number } {
  const format =
    formats.get(timeZone) ??
    new Intl.DateTimeFormat('en-US', { timeZone, year: 'numeric', month: 'numeric', day: 'numeric', calendar: 'gregory' })
  formats.set(timeZone, format)
  const part = (type: string): number => Number(format.formatToParts(at).find((p) => p.type === type)?.value)
  return { year: part('year'), month: part('month'), day: part('day') }
}
