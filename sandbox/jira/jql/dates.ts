const UNIT_MS: Readonly<Record<string, number>> = { w: 7 * 86_400_000, d: 86_400_000, h: 3_600_000, m: 60_000 }
const ABSOLUTE = /^(\d{4})[-/](\d{1,2})[-/](\d{1,2})(?: (\d{1,2}):(\d{2}))?$/
const PERIOD = /^([+-]?)((?:\d+[yMwdhm]\s*)+)$/

/** A date of JQL: `2024-01-31`, `2024/01/31 09:15` (UTC, the token's owner's zone) or a period from now such as `-15m`, `4w 2d`. */
export function jqlDateMs(text: string, nowMs: number): number | undefined {
  const absolute = ABSOLUTE.exec(text.trim())
  if (absolute) {
    const [year = 0, month = 0, day = 0, hour = 0, minute = 0] = absolute.slice(1).map((part) => Number(part ?? 0))
    const ms = Date.UTC(year, month - 1, day, hour, minute)
    const date = new Date(ms)
    return date.getUTCMonth() === month - 1 && date.getUTCDate() === day && hour < 24 && minute < 60 ? ms : undefined
  }
  const period = PERIOD.exec(text.trim())
  return period ? addPeriod(nowMs, period[2] ?? '', period[1] === '-' ? -1 : 1) : undefined
}

function addPeriod(fromMs: number, period: string, sign: 1 | -1): number {
  const date = new Date(fromMs)
  for (const [, count = '0', unit = 'm'] of period.matchAll(/(\d+)([yMwdhm])/g)) {
    const amount = sign * Number(count)
    if (unit === 'y') date.setUTCFullYear(date.getUTCFullYear() + amount)
    else if (unit === 'M') date.setUTCMonth(date.getUTCMonth() + amount)
    else date.setTime(date.getTime() + amount * (UNIT_MS[unit] ?? 0))
  }
  return date.getTime()
}

const DAY_MS = 86_400_000

/** The time functions of JQL, with an optional shift: a bare `-1` shifts by the function's own unit. `undefined`: no such function. */
export function jqlFunctionMs(name: string, args: readonly string[], nowMs: number): number | 'bad-argument' | undefined {
  const start = startOf(name.toLowerCase(), nowMs)
  if (start === undefined) return undefined
  const shift = args[0]
  if (shift === undefined) return start.ms
  const bare = /^[+-]?\d+$/.test(shift)
  const shifted = jqlDateMs(bare ? `${shift}${start.unit}` : shift, start.from)
  if (shifted === undefined || !/^[+-]?\d/.test(shift)) return 'bad-argument'
  return startOf(name.toLowerCase(), shifted)?.ms ?? 'bad-argument'
}

function startOf(name: string, nowMs: number): { readonly ms: number; readonly unit: string; readonly from: number } | undefined {
  const now = new Date(nowMs)
  const day = Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate())
  const [year, month] = [now.getUTCFullYear(), now.getUTCMonth()]
  const week = day - now.getUTCDay() * DAY_MS
  switch (name) {
    case 'now':
      return { ms: nowMs, unit: 'm', from: nowMs }
    case 'startofday':
      return { ms: day, unit: 'd', from: nowMs }
    case 'endofday':
      return { ms: day + DAY_MS - 1, unit: 'd', from: nowMs }
    case 'startofweek':
      return { ms: week, unit: 'w', from: nowMs }
    case 'endofweek':
      return { ms: week + 7 * DAY_MS - 1, unit: 'w', from: nowMs }
    case 'startofmonth':
      return { ms: Date.UTC(year, month, 1), unit: 'M', from: nowMs }
    case 'endofmonth':
      return { ms: Date.UTC(year, month + 1, 1) - 1, unit: 'M', from: nowMs }
    case 'startofyear':
      return { ms: Date.UTC(year, 0, 1), unit: 'y', from: nowMs }
    case 'endofyear':
      return { ms: Date.UTC(year + 1, 0, 1) - 1, unit: 'y', from: nowMs }
    default:
      return undefined
  }
}
