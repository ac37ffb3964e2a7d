/**
 * How an Excel file (ECMA-376, SpreadsheetML) keeps values: days and moments as numbers since 1900, what a number means in its format, text with
 * signs that XML has no place for. Shared by what writes such files and what reads them.
 */

/** What a number in a cell means by its format. `time`: of the day, of whichever day it is. `unit`: an ISO 4217 code. */
export type NumberMeaning =
  | { readonly kind: 'number' | 'percent' | 'date' | 'date-time' | 'time' | 'duration' }
  | { readonly kind: 'currency'; readonly unit: string }

const DAY_MS = 86_400_000
/** Day 0 of the two ways Excel counts. Excel's 1900 had a 29 February: before 1 March its days are one later. */
const DAY_0 = Date.UTC(1899, 11, 30)
const DAY_0_OF_1904 = Date.UTC(1904, 0, 1)
const FIRST_MARCH_1900 = 61
/** 31 December 9999, the last day Excel knows, as a number since 1900; and the wall clock when it is over. */
const LAST_DAY = 2_958_465
const END_OF_DAYS = Date.UTC(10_000, 0, 1)

/**
 * The wall clock that a number stands for, in ms as if it were UTC; `undefined` where it stands for no day. Days of 1900 before its March are
 * Excel's own; its 29 February, which never was, is the 28th.
 */
export function wallOfSerial(serial: number, is1904: boolean): number | undefined {
  const missing = !is1904 && serial < FIRST_MARCH_1900 - 1 ? 1 : 0
  const wall = (is1904 ? DAY_0_OF_1904 : DAY_0) + Math.round((serial + missing) * DAY_MS)
  return serial >= 0 && wall < END_OF_DAYS ? wall : undefined
}

/** The number for a wall clock (ms as if it were UTC); `undefined` for days that Excel does not know or that programs count differently. */
export function serialOfWall(wall: number): number | undefined {
  const serial = (wall - DAY_0) / DAY_MS
  return serial >= FIRST_MARCH_1900 && serial < LAST_DAY + 1 ? serial : undefined
}

/** Formats every program knows by number (ECMA-376 part 1, 18.8.30); 27–36 and 50–58 are those of East Asia. */
const BUILT_IN: Readonly<Record<number, string>> = {
  9: '0%',
  10: '0.00%',
  14: 'yyyy-mm-dd',
  15: 'd-mmm-yy',
  16: 'd-mmm',
  17: 'mmm-yy',
  18: 'h:mm AM/PM',
  19: 'h:mm:ss AM/PM',
  20: 'h:mm',
  21: 'h:mm:ss',
  22: 'yyyy-mm-dd h:mm',
  45: 'mm:ss',
  46: '[h]:mm:ss',
  47: 'mm:ss.0',
}
const ASIAN_TIMES: ReadonlySet<number> = new Set([32, 33, 34, 35, 55, 56])

/** The code of a format that is known by its number alone; the empty text for a plain number. */
export function builtInFormat(id: number): string {
  if ((id >= 27 && id <= 36) || (id >= 50 && id <= 58)) return ASIAN_TIMES.has(id) ? 'h:mm' : 'yyyy-mm-dd'
  return BUILT_IN[id] ?? ''
}

/** Signs that stand for one currency, by themselves or with the place Excel writes behind them (`[$$-1009]` is Canada's). */
const CURRENCY_SIGNS: Readonly<Record<string, string>> = {
  '€': 'EUR',
  $: 'USD',
  '£': 'GBP',
  '¥': 'JPY',
  '￥': 'JPY',
  '₹': 'INR',
  '₩': 'KRW',
  '₽': 'RUB',
  '₺': 'TRY',
  '₴': 'UAH',
  '₫': 'VND',
  zł: 'PLN',
  Kč: 'CZK',
  '$-1009': 'CAD',
  '$-C0C': 'CAD',
  '$-C09': 'AUD',
  '$-1409': 'NZD',
  '$-80A': 'MXN',
  '$-1004': 'SGD',
  '$-C04': 'HKD',
  '$-404': 'TWD',
  'R$-416': 'BRL',
  R$: 'BRL',
  '¥-804': 'CNY',
  '￥-804': 'CNY',
  'kr-41D': 'SEK',
  'kr-414': 'NOK',
  'kr-406': 'DKK',
}
const AMERICAN: ReadonlySet<string> = new Set(['', '409'])

/** A file may name a sign like what every object has. */
const unitOf = (sign: string): string | undefined => (Object.hasOwn(CURRENCY_SIGNS, sign) ? CURRENCY_SIGNS[sign] : undefined)

function currencyOfSign(sign: string, place: string): string | undefined {
  if (/^[A-Z]{3}$/u.test(sign)) return sign
  const exact = unitOf(`${sign}-${place.toUpperCase()}`)
  if (exact !== undefined) return exact
  // A dollar of a place that is not known here may be any dollar.
  return sign === '$' && !AMERICAN.has(place.toUpperCase()) ? undefined : unitOf(sign)
}

/** What numbers in a format mean. A currency that the format does not tell for certain is a plain number. */
export function meaningOf(code: string): NumberMeaning {
  const [first = ''] = code.split(';')
  const bare = first
    .replace(/"[^"]*"|\\.|_.|\*./gu, '')
    .replace(/\[\$[^\]]*\]|general/giu, '')
    .toLowerCase()
  if (/\[(?:h+|m+|s+)\]/u.test(bare)) return { kind: 'duration' }
  const signs = bare.replace(/\[[^\]]*\]/gu, '').replace(/e[+-]/gu, '')
  const hasTime = /[hs]|am\/pm|a\/p/u.test(signs)
  if (/[yd]/u.test(signs) || (/m/u.test(signs) && !hasTime)) return { kind: hasTime ? 'date-time' : 'date' }
  if (hasTime) return { kind: 'time' }
  if (signs.includes('%')) return { kind: 'percent' }
  const unit = currencyIn(first)
  return unit === undefined ? { kind: 'number' } : { kind: 'currency', unit }
}

function currencyIn(section: string): string | undefined {
  const marked = /\[\$([^\]-]+)(?:-([^\]]*))?\]/u.exec(section)
  if (marked !== null) return currencyOfSign((marked[1] ?? '').trim(), marked[2] ?? '')
  const literal = section.replace(/\[[^\]]*\]/gu, '')
  const sign = /[€$£¥￥₹₩₽₺₴₫]/u.exec(literal)?.[0]
  if (sign !== undefined) return literal.includes('R$') ? 'BRL' : CURRENCY_SIGNS[sign]
  return /"\s*([A-Z]{3})\s*"/u.exec(literal)?.[1]
}

/** The format in which amounts of a currency are written; `digits`: the code for the number itself. */
export function currencyFormat(currency: string, digits: string): string {
  const before: Readonly<Record<string, string>> = { USD: '[$$-409]', GBP: '[$£-809]', JPY: '[$¥-411]' }
  return currency === 'EUR' ? `[$€-2] ${digits}` : `${before[currency] ?? `[$${currency}] `}${digits}`
}

/** Signs that XML 1.0 cannot hold or would change, and text that looks like the escape of one. */
const TO_ESCAPE = /(?![\t\n])\p{Cc}|\p{Cs}|[\ufffe\uffff]|_(?=x[0-9a-fA-F]{4}_)/gu
const ESCAPED = /_x([0-9a-fA-F]{4})_/gu

const hex = (sign: string): string => `_x${sign.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}_`

/** Text as it stands between two tags of an Excel file. */
export const excelText = (text: string): string =>
  text.replace(TO_ESCAPE, hex).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

/** Takes the escapes of `excelText` off again, once XML's own are. */
export const plainOfExcel = (text: string): string =>
  text.includes('_x') ? text.replace(ESCAPED, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16))) : text

export const EXCEL_TYPE = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet'

/** The most a cell holds, in UTF-16 units. */
export const EXCEL_CELL_LENGTH = 32_767
/** Rows of a worksheet, with the one that names the columns. */
export const EXCEL_ROWS = 1_048_576
export const EXCEL_COLUMNS = 16_384
const SHEET_NAME_LENGTH = 31

/** A name that Excel takes for a worksheet: at most 31 signs, none of `[ ] : * ? / \`, no apostrophe at its ends, not *History*. */
export function excelSheetName(name: string): string {
  const bare = name
    .replace(/\p{Cc}/gu, ' ')
    .replace(/[[\]:*?/\\]/gu, '-')
    .trim()
    .slice(0, SHEET_NAME_LENGTH)
    .replace(/^'+|'+$|[\ud800-\udbff]$/gu, '')
    .trim()
  return bare === '' ? 'Sheet' : bare.toLowerCase() === 'history' ? `${bare} 1` : bare
}
