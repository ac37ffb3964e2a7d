/** How long a link may last, as the dialog offers it. */
export const EXPIRY_CHOICES = ['day', 'week', 'month', 'date', 'never'] as const
export type ExpiryChoice = (typeof EXPIRY_CHOICES)[number]

const DAY_MS = 24 * 3_600_000
const DAYS: Readonly<Record<'day' | 'week' | 'month', number>> = { day: 1, week: 7, month: 30 }

/**
 * When a link ends, `null` where it does not; `undefined` where no such day can be chosen. A date is the last day it works: it ends with that
 * day, in the time of the person who chose it.
 */
export function endOf(choice: ExpiryChoice, date: string, now: number): number | null | undefined {
  if (choice === 'never') return null
  if (choice !== 'date') return now + DAYS[choice] * DAY_MS
  const [year, month, day] = date.split('-').map(Number)
  if (!/^\d{4}-\d{2}-\d{2}$/u.test(date) || year === undefined || month === undefined || day === undefined) return undefined
  const end = new Date(year, month - 1, day + 1).getTime()
  const isSuchDay = new Date(year, month - 1, day).getMonth() === month - 1
  return isSuchDay && end > now ? end : undefined
}

/** The address of a link: the token stands behind the #, which no browser sends to a server. */
export const linkAddress = (origin: string, token: string): string => `${origin}/l#${token}`

/** The address others can open: this window's own where that is not this computer alone. */
export function shareOrigin(location: { readonly origin: string; readonly hostname: string }, addresses: readonly string[]): string {
  const isOwnAlone = ['localhost', '127.0.0.1', '[::1]'].includes(location.hostname)
  return isOwnAlone ? (addresses[0] ?? location.origin) : location.origin
}
