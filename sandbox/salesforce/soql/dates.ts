/** A span of time, ms since 1970: from `from` on, before `to`. */
export interface Span {
  readonly from: number
  readonly to: number
}

const DAY_MS = 86_400_000

/** Midnight of a day, months and days counted on over their ends. */
const at = (year: number, month: number, day = 1): number => Date.UTC(year, month, day)

/** The span a word means, as seen at `nowMs` (the org's days are UTC's). `undefined` where a number is missing or not wanted. */
export function spanOf(word: string, count: number | undefined, nowMs: number): Span | undefined {
  const now = new Date(nowMs)
  const [year, month, day] = [now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate()]
  const today = at(year, month, day)
  const weekStart = today - now.getUTCDay() * DAY_MS
  const numbered = /^(LAST|NEXT)_N_(DAYS|WEEKS|MONTHS|QUARTERS|YEARS)$/.exec(word)
  if (numbered)
    return count === undefined ? undefined : manySpan(numbered[1] === 'LAST', numbered[2] ?? '', count, { year, month, today, weekStart })
  const ago = /^N_(DAYS|WEEKS|MONTHS|YEARS)_AGO$/.exec(word)
  if (ago) return count === undefined ? undefined : agoSpan(ago[1] ?? '', count, { year, month, today, weekStart })
  if (count !== undefined) return undefined
  switch (word) {
    case 'TODAY':
      return { from: today, to: today + DAY_MS }
    case 'YESTERDAY':
      return { from: today - DAY_MS, to: today }
    case 'TOMORROW':
      return { from: today + DAY_MS, to: today + 2 * DAY_MS }
    case 'LAST_90_DAYS':
      return { from: today - 90 * DAY_MS, to: today + DAY_MS }
    case 'NEXT_90_DAYS':
      return { from: today + DAY_MS, to: today + 91 * DAY_MS }
    default: {
      const [which, unit] = word.split('_')
      const shift = which === 'LAST' ? -1 : which === 'NEXT' ? 1 : 0
      return unitSpan(unit ?? '', shift, { year, month, today, weekStart })
    }
  }
}

interface Today {
  readonly year: number
  readonly month: number
  readonly today: number
  readonly weekStart: number
}

/** The week, month, quarter or year `shift` away from this one. */
function unitSpan(unit: string, shift: number, { year, month, weekStart }: Today): Span {
  const quarter = Math.floor(month / 3) * 3
  switch (unit) {
    case 'WEEK':
      return { from: weekStart + shift * 7 * DAY_MS, to: weekStart + (shift + 1) * 7 * DAY_MS }
    case 'MONTH':
      return { from: at(year, month + shift), to: at(year, month + shift + 1) }
    case 'QUARTER':
      return { from: at(year, quarter + shift * 3), to: at(year, quarter + shift * 3 + 3) }
    default:
      return { from: at(year + shift, 0), to: at(year + shift + 1, 0) }
  }
}

/** The last days end with today; the last weeks, months … end before this one. The next begin after today, or after this one. */
function manySpan(isLast: boolean, unit: string, count: number, today: Today): Span {
  if (unit === 'DAYS') {
    return isLast
      ? { from: today.today - count * DAY_MS, to: today.today + DAY_MS }
      : { from: today.today + DAY_MS, to: today.today + (count + 1) * DAY_MS }
  }
  const one = unit.slice(0, -1)
  return isLast
    ? { from: unitSpan(one, -count, today).from, to: unitSpan(one, 0, today).from }
    : { from: unitSpan(one, 1, today).from, to: unitSpan(one, count, today).to }
}

function agoSpan(unit: string, count: number, today: Today): Span {
  if (unit === 'DAYS') return { from: today.today - count * DAY_MS, to: today.today - (count - 1) * DAY_MS }
  return unitSpan(unit.slice(0, -1), -count, today)
}
