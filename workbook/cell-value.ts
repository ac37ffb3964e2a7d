/**
 * What a cell holds. `null` is the empty cell; a clear is the value `null`.
 *
 * text, long text, URL, record key, single select (the option's text, for custom fields its id), person (the account's id): string ·
 * e-mail, phone: string · multi select: the JSON array of its option ids, each once, sorted by their letters, so that one choice has one text ·
 * number, currency: finite number · percent: the share (a quarter is 0.25) · duration: seconds · rating: whole number from 1 · checkbox: boolean · date: `2026-11-21` · date-time: ISO instant in UTC with milliseconds.
 */
export type CellValue = string | number | boolean | null

/** Why two values of one cell are not the same text (V11). */
export type DifferenceKind = 'capitals' | 'spacing' | 'rounding' | 'order' | 'formatting' | 'other'

/** Longest text a cell may hold, in UTF-16 units: what spreadsheets allow, rounded down. */
export const MAX_TEXT_LENGTH = 32_000

export const sameValue = (a: CellValue, b: CellValue): boolean => a === b

export function isCellValue(value: unknown): value is CellValue {
  if (value === null || typeof value === 'boolean') return true
  if (typeof value === 'number') return Number.isFinite(value)
  return typeof value === 'string'
}

/** The empty text and the empty cell are one: apps answer either. */
export const emptyToNull = (value: CellValue): CellValue => (value === '' ? null : value)

/** The option ids of a multi select's value. A text that is no list is one choice; the empty cell is none. */
export function choicesOf(value: CellValue): string[] {
  if (typeof value !== 'string' || value === '') return []
  return listOf(value) ?? [value]
}

function listOf(text: string): string[] | undefined {
  if (!text.startsWith('[')) return undefined
  try {
    const list: unknown = JSON.parse(text)
    return Array.isArray(list) && list.every((item) => typeof item === 'string') ? list : undefined
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

/** Option ids as one cell value: the same whatever order they were chosen in. */
export function choicesValue(ids: readonly string[]): CellValue {
  const sorted = [...new Set(ids)].sort()
  return sorted.length === 0 ? null : JSON.stringify(sorted)
}

const collapseSpace = (text: string): string => text.replace(/\s+/gu, ' ').trim()
const sortedWords = (text: string): string =>
  text
    .split(/[\s,;]+/u)
    .filter(Boolean)
    .sort()
    .join(' ')
const lettersAndDigits = (text: string): string => text.normalize('NFKC').replace(/[^\p{L}\p{N}]+/gu, '')

/** Digits after the point in a number's shortest spelling; of a whole number minus the zeros at its end. */
function placesOf(value: number): number {
  const [digits = '', exponent = '0'] = Math.abs(value).toExponential().split('e')
  return digits.replace('.', '').length - 1 - Number(exponent)
}

/** Whether `got` is `sent` rounded, cut or raised to fewer digits, or as near as computing with such numbers leaves it. */
function isRounding(sent: number, got: number): boolean {
  const distance = Math.abs(sent - got)
  if (distance <= 1e-9 * Math.max(Math.abs(sent), Math.abs(got))) return true
  const places = got === 0 ? 0 : placesOf(got)
  if (placesOf(sent) <= places) return false
  // Tens and hundreds may end in zeros by chance: no more than half of one is rounding.
  return places < 0 ? distance <= 10 ** -places / 2 : distance < 10 ** -places
}

/** Which kind of difference lies between what was sent and what came back; the values are known to differ. */
export function differenceKind(sent: CellValue, got: CellValue): DifferenceKind {
  if (typeof sent === 'number' && typeof got === 'number') return isRounding(sent, got) ? 'rounding' : 'other'
  if (typeof sent !== 'string' || typeof got !== 'string') return 'other'
  if (collapseSpace(sent) === collapseSpace(got)) return 'spacing'
  const [listSent, listGot] = [listOf(sent), listOf(got)]
  if (listSent !== undefined && listGot !== undefined && choicesValue(listSent) === choicesValue(listGot)) return 'order'
  if (collapseSpace(sent).toLowerCase() === collapseSpace(got).toLowerCase()) return 'capitals'
  if (sortedWords(sent) === sortedWords(got)) return 'order'
  if (lettersAndDigits(sent) !== '' && lettersAndDigits(sent) === lettersAndDigits(got)) return 'formatting'
  return 'other'
}
