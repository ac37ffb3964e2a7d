import { TEXTS } from '../texts.ts'

/** Dates and times as sentences of the screen use them. */
export interface Times {
  /** `10:02`. */
  readonly clock: (at: number) => string
  /** `today 10:02`, `20 Nov 10:02`, `20 Nov 2025 10:02`. */
  readonly moment: (at: number) => string
  /** `20 Nov 2026, 10:02:07`. */
  readonly exact: (at: number) => string
  /** `2 min ago`. */
  readonly ago: (at: number, now: number) => string
  /** `4.2 s`, `3 min`. */
  readonly span: (ms: number) => string
}

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

export function makeTimes(locale: string, timeZone: string, now: () => number): Times {
  const clock = new Intl.DateTimeFormat(locale, { timeStyle: 'short', timeZone })
  const day = new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'short', timeZone })
  const dayOfYear = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeZone })
  const exact = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'medium', timeZone })
  const dayKey = new Intl.DateTimeFormat('en-CA', { timeZone })
  /** How many days of the calendar here; a day may have 23 or 25 hours. */
  const daysUntil = (at: number): number => (Date.parse(dayKey.format(at)) - Date.parse(dayKey.format(now()))) / DAY
  const dayText = (at: number): string =>
    dayKey.format(at).slice(0, 4) === dayKey.format(now()).slice(0, 4) ? day.format(at) : dayOfYear.format(at)
  const moment = (at: number): string => `${TEXTS.times.near[daysUntil(at)] ?? dayText(at)} ${clock.format(at)}`
  const ago = (at: number, from: number): string => {
    const ms = from - at
    if (ms < MINUTE) return TEXTS.times.justNow
    if (ms < HOUR) return TEXTS.times.minutesAgo(Math.floor(ms / MINUTE))
    if (ms < DAY) return TEXTS.times.hoursAgo(Math.floor(ms / HOUR))
    return dayText(at)
  }
  return { clock: (at) => clock.format(at), moment, exact: (at) => exact.format(at), ago, span: spanText }
}

function spanText(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`
  if (ms < 10_000) return `${(ms / 1000).toFixed(1)} s`
  if (ms < MINUTE) return `${Math.round(ms / 1000)} s`
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)} min ${Math.round((ms % MINUTE) / 1000)} s`
  return `${Math.floor(ms / HOUR)} h ${Math.round((ms % HOUR) / MINUTE)} min`
}
