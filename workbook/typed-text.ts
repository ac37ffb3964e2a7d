import type { CellValue } from './cell-value.ts'

/** A typed or pasted text as a value, or why it is none, in words a person reads. */
export type Parsed = { readonly ok: true; readonly value: CellValue } | { readonly ok: false; readonly error: string }

export const ok = (value: CellValue): Parsed => ({ ok: true, value })
export const no = (error: string): Parsed => ({ ok: false, error })

/** A text in which capitals, width of letters and outer spaces do not count. */
export const fold = (text: string): string => text.normalize('NFKC').trim().toLowerCase()

const DIGITS = '٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹०१२३४५६७८९'
export const latinDigits = (text: string): string =>
  text.replace(/[\u0660-\u0669\u06f0-\u06f9\u0966-\u096f]/gu, (digit) => String(DIGITS.indexOf(digit) % 10))

export const escapeRegExp = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/gu, '\\$&')

const LONGEST_QUOTE = 60

/** What was typed, as a message quotes it: never pages of it. */
export function quote(text: string): string {
  const bare = text.trim()
  return bare.length > LONGEST_QUOTE ? `“${bare.slice(0, LONGEST_QUOTE).toWellFormed()}…”` : `“${bare}”`
}
