import type { ClipCell } from './clipboard.ts'

/** Days between the spreadsheets' day 0 (30 December 1899) and 1970. */
const EPOCH_DAYS = 25_569
const DAY_MS = 86_400_000

const two = (n: number): string => String(n).padStart(2, '0')

/** A spreadsheet's day number as `2026-11-21 14:30:00`; `undefined` where it is no day of four-digit years. */
export function dayTextOf(serial: number): string | undefined {
  const instant = new Date(Math.round((serial - EPOCH_DAYS) * DAY_MS))
  const year = instant.getUTCFullYear()
  if (!(year >= 1 && year <= 9999)) return undefined
  // Half a second is what such a fraction can be off.
  const rounded = new Date(Math.round(instant.getTime() / 1000) * 1000).toISOString()
  return `${rounded.slice(0, 10)} ${rounded.slice(11, 19)}`
}

/** A day as a spreadsheet counts it; `undefined` for what is no day, and before March 1900, where Excel counts a day that never was. */
export function serialOf(day: string): number | undefined {
  if (!/^\d{4}-\d{2}-\d{2}$/u.test(day)) return undefined
  const serial = Date.parse(`${day}T00:00:00Z`) / DAY_MS + EPOCH_DAYS
  return serial >= 61 ? serial : undefined
}

/** Quoted and escaped letters of a format are no signs of it. */
const bareFormat = (format: string): string => format.replace(/\[[^\]]*\]/gu, '').replace(/\\?"[^"]*"|\\./gu, ' ')

export const isTextFormat = (format: string): boolean => /^\\?@$/u.test(format.trim())

export function isDateFormat(format: string): boolean {
  if (/^(?:Short|Medium|Long) (?:Date|Time)$/iu.test(format.trim())) return /date/iu.test(format)
  const bare = bareFormat(format)
  return /y/iu.test(bare) || (/d/iu.test(bare) && /m/iu.test(bare) && !/[0#?]/u.test(bare))
}

/** Reads a shown day by the very format it was shown in, so that 03/04 is the day it was. Only for formats of figures. */
export function textByFormat(text: string, format: string): ClipCell['known'] | undefined {
  const signs = (bareFormat(format).split(';')[0] ?? '').match(/y+|m+|d+|h+|s+/giu) ?? []
  const figures = text.match(/\d+/gu) ?? []
  if (signs.length !== figures.length || signs.some((sign) => /^(?:m{3,}|d{3,})$/iu.test(sign)) || /[ap]m/iu.test(text)) return undefined
  const parts: Partial<Record<'y' | 'm' | 'd' | 'h' | 'n' | 's', number>> = {}
  for (const [i, sign] of signs.entries()) {
    const letter = sign.charAt(0).toLowerCase()
    // `m` behind hours means minutes.
    const name = letter === 'm' && parts.h !== undefined ? 'n' : letter
    if (name === 'y' && figures[i]?.length !== 4) return undefined
    parts[name as 'y'] = Number(figures[i])
  }
  const { y, m, d, h, n, s } = parts
  if (y === undefined || m === undefined || d === undefined) return undefined
  const day = `${String(y).padStart(4, '0')}-${two(m)}-${two(d)}`
  return h === undefined ? { kind: 'date', value: day } : { kind: 'date-time', value: `${day} ${two(h)}:${two(n ?? 0)}:${two(s ?? 0)}` }
}

/** The number behind a text shown with a currency, a percent sign, or minus as brackets; `undefined` where the format is none of numbers. */
export function numberByFormat(text: string, format: string, parse: (bare: string) => number | undefined): number | undefined {
  if (!/[0#]|percent|currency|standard|fixed/iu.test(format)) return undefined
  const isNegative = /^\s*\(.*\)\s*$/u.test(text) || /^[^\d]*[-\u2212]/u.test(text)
  const bare = text.replace(/^[^\d.,]+|[^\d]+$/gu, '')
  const value = parse(bare)
  if (value === undefined) return undefined
  const size = /%|percent/iu.test(format) && text.includes('%') ? percent(value) : value
  return isNegative ? -size : size
}

/** A hundredth, without what binary fractions add: 12.3 % is 0.123. */
const percent = (value: number): number => Number((value / 100).toPrecision(15))
