/** Dates and times as sentences of the screen use them. */
export interface Times {
  /** `10:02`. */
  readonly clock: (at: number) => string
  /** `Today 10:02`, `20 Nov 10:02`. */
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
  const clock = new Intl.DateTimeFormat(locale, { hour: '2-digit', minute: '2-digit', timeZone })
  const day = new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'short', timeZone })
  const exact = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'medium', timeZone })
  const dayKey = new Intl.DateTimeFormat('en-CA', { timeZone })
  const moment = (at: number): string => {
    const isToday = dayKey.format(at) === dayKey.format(now())
    return `${isToday ? 'Today' : day.format(at)} ${clock.format(at)}`
  }
  const ago = (at: number, from: number): string => {
    const ms = from - at
    if (ms < MINUTE) return 'just now'
    if (ms < HOUR) return `${Math.floor(ms / MINUTE)} min ago`
    if (ms < DAY) return `${Math.floor(ms / HOUR)} h ago`
    return day.format(at)
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
