import Papa from 'papaparse'
import type { FieldType } from '../../workbook/fields.ts'
import { splitNames } from '../../workbook/typed-choices.ts'
import { type CellKind, type FileCell, textOf } from './file-record.ts'

/** How a file writes its numbers: the sign before the decimals and the one between thousands. */
export interface NumberStyle {
  readonly decimal: '.' | ','
  readonly group: ',' | '.' | ' ' | '’'
}

export const DATE_ORDERS = ['dmy', 'mdy', 'ymd'] as const
export type DateOrder = (typeof DATE_ORDERS)[number]

/** A type that nearly every value fits, and the first values that do not. */
export interface NearlyType {
  readonly type: FieldType
  readonly misfits: readonly Example[]
  readonly misfitCount: number
}

export interface Example {
  readonly line: number
  readonly text: string
}

/** What a column seems to hold, from all of its values. */
export interface Proposal {
  readonly type: FieldType
  readonly numbers: NumberStyle
  readonly dates: DateOrder
  /** ISO 4217, where the column's amounts all say the same. */
  readonly currency: string | undefined
  /** Whether any value is a text that the styles decide how to read; a workbook's numbers and days are none. */
  readonly hasTexts: boolean
  /** Every value could be read in two ways: one of them, and what it would mean each way is the person's to say. */
  readonly ambiguous: 'date' | 'number' | undefined
  readonly example: string
  /** Values of a column with few of them, in the order they came; of a column of lists, what the lists are made of. */
  readonly options: readonly string[]
  /** All values, where there are few different ones. */
  readonly distinct: readonly string[]
  readonly nearly: NearlyType | undefined
  readonly valueCount: number
}

export const DELIMITERS = [',', ';', '\t', '|'] as const
export type Delimiter = (typeof DELIMITERS)[number]

/** The delimiter that makes the most even table of the first lines; a comma where there is only one column. */
export function guessDelimiter(sample: string): Delimiter {
  const { meta } = Papa.parse(sample, { preview: 50, delimitersToGuess: [...DELIMITERS], skipEmptyLines: true })
  return DELIMITERS.find((delimiter) => delimiter === meta.delimiter) ?? ','
}

/** Records above a table that are looked at, and the most that may stand there. */
export const LOOKED_AT_FOR_START = 12

/**
 * Which record the table begins with: a title or a few remarks above it have far fewer cells than its own records do, and its first names its
 * columns. 0 where nothing tells.
 */
export function guessStart(records: readonly (readonly FileCell[])[]): number {
  const filled = records.slice(0, LOOKED_AT_FOR_START).map((cells) => cells.filter((cell) => textOf(cell).trim() !== '').length)
  const widest = Math.max(0, ...filled)
  const [first = 0] = filled
  if (widest < 3 || first > widest / 3) return 0
  const start = filled.findIndex((count) => count > widest / 2)
  // Most of what follows is as wide as it: else the wide record is the odd one.
  const after = filled.slice(start)
  const isTable = after.filter((count) => count > widest / 2).length > after.length / 2
  return isTable && guessHeader(records.slice(start)) ? start : 0
}

/** Whether the first record names the columns: every cell a short text that stands there once and is no value of a kind. */
export function guessHeader(records: readonly (readonly FileCell[])[]): boolean {
  const [first, ...rest] = records
  if (first === undefined || rest.length === 0 || first.some((cell) => typeof cell === 'object')) return false
  const names = first.map((cell) => textOf(cell).trim())
  const hasNames = names.some((name) => name !== '') && names.filter((name) => name === '').length <= names.length / 2
  return hasNames && names.every((name) => name === '' || (name.length <= 120 && !isValueLike(name)))
}

const isValueLike = (text: string): boolean =>
  NUMBER_STYLES.some((style) => numberShape(style).test(text)) ||
  dayKinds(text).length > 0 ||
  EMAIL.test(text) ||
  URL_SHAPE.test(text) ||
  /^(?:true|false)$/iu.test(text)

/** Names for the columns, each once and none empty. */
export function columnNames(first: readonly string[] | undefined, count: number): readonly string[] {
  const taken = new Set<string>()
  return Array.from({ length: count }, (_, i) => {
    const wanted = (first?.[i] ?? '').replace(/\s+/gu, ' ').trim().slice(0, 100) || `Column ${i + 1}`
    let name = wanted
    for (let n = 2; taken.has(name.toLowerCase()); n++) name = `${wanted} ${n}`
    taken.add(name.toLowerCase())
    return name
  })
}

export const NUMBER_STYLES: readonly NumberStyle[] = [
  { decimal: '.', group: ',' },
  { decimal: ',', group: '.' },
  { decimal: ',', group: ' ' },
  { decimal: '.', group: ' ' },
  { decimal: '.', group: '’' },
]

const SHAPES = new Map<string, RegExp>()
function numberShape({ decimal, group }: NumberStyle): RegExp {
  const key = decimal + group
  const known = SHAPES.get(key)
  if (known !== undefined) return known
  const g = group === ' ' ? '[ \\u00a0\\u202f]' : group === '’' ? "[’']" : `[${group}]`
  const made = new RegExp(`^[+\\-−]?(?:\\d{1,3}(?:${g}\\d{3})+|\\d+)?(?:[${decimal}]\\d+)?(?:[eE][+-]?\\d+)?$`, 'u')
  SHAPES.set(key, made)
  return made
}

const LEADING_ZERO = /^[+-]?0\d/u
const MAX_DIGITS = 15
const PHONE = /^\+\d[\d ()/-]{6,}$/u
const EMAIL = /^[^\s@<>(),;:"]+@[^\s@<>(),;:"]+\.[^\s@<>(),;:".]{2,}$/u
const URL_SHAPE = /^https?:\/\/[^\s]+$/iu
const YES_NO = /^(?:true|false|yes|no|✓|☑|☐)$/iu
const PERCENT = /^[+\-−]?\d[\d.,’' ]*\s?%$/u
const MONEY = /^(?:[$€£¥]\s?[+\-−]?\d[\d.,’' ]*|[+\-−]?\d[\d.,’' ]*\s?(?:[$€£¥]|EUR|USD|GBP|CHF))$/u
const DAY = /^(\d{1,4})([./-])(\d{1,2})\2(\d{1,4})\.?$/u
const TIME_TAIL = /[\sT]+\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d{1,3})?)?\s*(?:[ap]\.?m\.?)?\s*(?:Z|[+-]\d{2}:?\d{2})?$/iu

/** In which orders a text is a day: `21/11/2026` only as day, month, year; `01/02/2026` also the other way round. */
function dayKinds(text: string): readonly DateOrder[] {
  const match = DAY.exec(text)
  if (match === null) return []
  const [, a = '', , b = '', c = ''] = match
  const isMonth = (n: string): boolean => Number(n) >= 1 && Number(n) <= 12
  const isDay = (n: string): boolean => Number(n) >= 1 && Number(n) <= 31
  if (a.length === 4) return c.length <= 2 && isMonth(b) && isDay(c) ? ['ymd'] : []
  if (a.length > 2 || c.length !== 4) return []
  const kinds: DateOrder[] = []
  if (isDay(a) && isMonth(b)) kinds.push('dmy')
  if (isMonth(a) && isDay(b)) kinds.push('mdy')
  return kinds
}

/** A way to read a column: the type with its style. */
interface Candidate {
  readonly type: FieldType
  readonly numbers?: NumberStyle
  readonly dates?: DateOrder
  readonly fits: (text: string) => boolean
  /** Cells with a type of their own that it holds. */
  readonly kinds?: readonly CellKind[]
}

/** The narrower come first: of several that fit all values the first is proposed. */
function candidates(source: SourceKind): readonly Candidate[] {
  const isNumber = (style: NumberStyle) => (text: string) => {
    if (LEADING_ZERO.test(text) || PHONE.test(text) || !/\d/u.test(text) || !numberShape(style).test(text)) return false
    return text.length <= MAX_DIGITS || text.replace(/\D/gu, '').replace(/^0+/u, '').length <= MAX_DIGITS
  }
  const made: Candidate[] =
    source === 'text' ? NUMBER_STYLES.map((numbers) => ({ type: 'number', numbers, fits: isNumber(numbers) })) : [...TYPED]
  for (const dates of DATE_ORDERS) {
    made.push({ type: 'date', dates, kinds: ['date'], fits: (text) => dayKinds(text).includes(dates) })
    made.push({
      type: 'date-time',
      dates,
      kinds: ['date-time', 'date'],
      fits: (text) => TIME_TAIL.test(text) && dayKinds(text.replace(TIME_TAIL, '')).includes(dates),
    })
  }
  made.push({ type: 'checkbox', kinds: ['checkbox'], fits: (text) => YES_NO.test(text) })
  made.push({ type: 'url', fits: (text) => URL_SHAPE.test(text) })
  made.push({ type: 'email', fits: (text) => EMAIL.test(text) })
  if (source === 'text') {
    made.push({ type: 'percent', fits: (text) => PERCENT.test(text) }, { type: 'currency', fits: (text) => MONEY.test(text) })
  }
  return made
}

/** What a column comes from: a text, or a workbook, where a text that looks like a number was meant to be a text. */
type SourceKind = 'text' | 'workbook'

const never = (): boolean => false
const TYPED: readonly Candidate[] = [
  { type: 'percent', kinds: ['percent'], fits: never },
  { type: 'currency', kinds: ['currency'], fits: never },
  { type: 'duration', kinds: ['duration'], fits: never },
  { type: 'number', kinds: ['number', 'percent', 'currency'], fits: never },
]

const MONEY_SIGNS: Readonly<Record<string, string>> = { '€': 'EUR', $: 'USD', '£': 'GBP', '¥': 'JPY' }

/** The currency that an amount says. */
function currencyIn(text: string): string {
  const sign = /[€$£¥]|[A-Z]{3}/u.exec(text)?.[0] ?? ''
  return MONEY_SIGNS[sign] ?? sign
}

const doesFit = ({ fits, kinds }: Candidate, cell: FileCell): boolean =>
  typeof cell === 'string' ? cell.length <= 200 && fits(cell) : (kinds?.includes(cell.kind) ?? false)

/** A candidate that fits fewer than this share of the values is looked at no longer. */
const NEARLY_SHARE = 0.9
const LOOKED_AT = 40
const EXAMPLES = 3
/** Distinct values a select may be made of, and how long one may be. */
const MOST_OPTIONS = 24
const LONGEST_OPTION = 60
/** A part of a list that is longer, or of more words, is part of a sentence. */
const LONGEST_PART = 40
const MOST_WORDS = 4

interface Count {
  readonly candidate: Candidate
  fits: number
  readonly misfits: Example[]
}

/** Looks at every value of one column; `proposal` says what it seems to hold. */
export class ColumnProfile {
  #counts: Count[]
  #values = 0
  #texts = 0
  readonly #units = new Set<string>()
  #longest = 0
  #hasLineBreak = false
  #first = ''
  #separated = ''
  readonly #distinct = new Map<string, number>()
  #isVaried = false
  /** What lists are made of; how many values are lists, and of how many parts they are together. */
  readonly #parts = new Set<string>()
  #lists = 0
  #partCount = 0
  #isProse = false

  constructor(source: SourceKind) {
    this.#counts = candidates(source).map((candidate) => ({ candidate, fits: 0, misfits: [] }))
  }

  add(cell: FileCell, line: number): void {
    const text = textOf(cell)
    // An error is no value: it says nothing of its column.
    if (text === '' || (typeof cell === 'object' && cell.kind === 'error')) return
    const value = text.length > 200 ? text : text.trim()
    if (value === '') return
    if (this.#values === 0) this.#first = value.slice(0, 40)
    if (typeof cell === 'string') {
      this.#texts++
      if (this.#separated === '' && /[.,]/u.test(value)) this.#separated = value.slice(0, 40)
    } else if (cell.unit !== undefined) this.#units.add(cell.unit)
    this.#values++
    this.#longest = Math.max(this.#longest, text.length)
    if (!this.#hasLineBreak && /[\r\n]/u.test(text)) this.#hasLineBreak = true
    if (!this.#isVaried) this.#note(value)
    if (!this.#isProse) this.#noteParts(value)
    if (this.#counts.length > 0) this.#try(typeof cell === 'string' ? value : cell, value, line)
  }

  #note(value: string): void {
    this.#distinct.set(value, (this.#distinct.get(value) ?? 0) + 1)
    this.#isVaried = this.#distinct.size > MOST_OPTIONS || value.length > LONGEST_OPTION
    if (this.#isVaried) this.#distinct.clear()
  }

  #noteParts(value: string): void {
    const parts = splitNames(value)
    if (parts === undefined) {
      this.#isProse = true
      return
    }
    if (parts.length > 1) this.#lists++
    this.#partCount += parts.length
    for (const part of parts) {
      this.#parts.add(part)
      if (part.length > LONGEST_PART || part.split(/\s+/u).length > MOST_WORDS) this.#isProse = true
    }
    if (this.#parts.size > MOST_OPTIONS) this.#isProse = true
    if (this.#isProse) this.#parts.clear()
  }

  #try(cell: FileCell, value: string, line: number): void {
    for (const count of this.#counts) {
      if (doesFit(count.candidate, cell)) {
        count.fits++
        if (count.candidate.type === 'currency' && typeof cell === 'string') this.#units.add(currencyIn(cell))
      } else if (count.misfits.length < EXAMPLES) count.misfits.push({ line, text: value.slice(0, 40) })
    }
    if (this.#values % LOOKED_AT === 0) this.#counts = this.#counts.filter((count) => count.fits >= this.#values * NEARLY_SHARE)
  }

  proposal(locale: { readonly numbers: NumberStyle; readonly dates: DateOrder }): Proposal {
    // One field holds one currency.
    const counts = this.#counts.filter(({ candidate }) => candidate.type !== 'currency' || this.#units.size <= 1)
    const fitting = this.#values === 0 ? [] : counts.filter((count) => count.fits === this.#values)
    const best = bestOf(fitting, locale)
    const other = fitting.find((count) => best !== undefined && this.#readsOtherwise(best.candidate, count.candidate))
    const plain = {
      numbers: best?.candidate.numbers ?? locale.numbers,
      dates: best?.candidate.dates ?? locale.dates,
      currency: this.#units.size === 1 ? [...this.#units][0] : undefined,
      hasTexts: this.#texts > 0,
      example: this.#first,
      options: [],
      distinct: [...this.#distinct.keys()],
      nearly: undefined,
      valueCount: this.#values,
      ambiguous: undefined,
    }
    if (best !== undefined) {
      const { type } = best.candidate
      if (other === undefined) return { ...plain, type }
      return type === 'number' ? { ...plain, type, ambiguous: 'number', example: this.#separated } : { ...plain, type, ambiguous: 'date' }
    }
    const nearly = bestOf(
      counts.filter((count) => count.fits >= this.#values * NEARLY_SHARE && this.#values >= 10),
      locale,
    )
    const said = nearly && { type: nearly.candidate.type, misfits: nearly.misfits, misfitCount: this.#values - nearly.fits }
    if (this.#isMultiSelect()) return { ...plain, type: 'multi-select', options: [...this.#parts], nearly: said }
    if (this.#isSelect()) return { ...plain, type: 'single-select', options: [...this.#distinct.keys()], nearly: said }
    return { ...plain, type: this.#hasLineBreak || this.#longest > 250 ? 'long-text' : 'text', nearly: said }
  }

  /** Whether two readings of the column give other values: `01/02` as day or month, `1,234` as thousands or decimals. */
  #readsOtherwise(a: Candidate, b: Candidate): boolean {
    if (a === b || a.type !== b.type || this.#texts === 0) return false
    if (a.dates !== b.dates) return true
    return a.numbers?.decimal !== b.numbers?.decimal && this.#separated !== ''
  }

  /** Lists of few short names that come again and again in other company. */
  #isMultiSelect(): boolean {
    if (this.#isProse || this.#values < 6 || this.#lists < Math.max(2, this.#values / 5)) return false
    const parts = [...this.#parts]
    if (parts.length < 2 || parts.length > Math.max(3, this.#partCount / 3)) return false
    return parts.every((part) => !/^[\d\s.,+-]+$/u.test(part)) && new Set(parts.map((part) => part.toLowerCase())).size === parts.length
  }

  /** Few values that come again and again: a choice, unless they are numbers that nothing may be lost of. */
  #isSelect(): boolean {
    if (this.#isVaried || this.#hasLineBreak || this.#values < 6) return false
    const values = [...this.#distinct.keys()]
    if (values.length < 2 || values.length > Math.max(3, this.#values / 3)) return false
    return values.every((value) => !/^[\d\s.,+-]+$/u.test(value)) && new Set(values.map((v) => v.toLowerCase())).size === values.length
  }
}

/** Of several ways to read all values the locale's own comes first, then the order of the table. */
function bestOf(counts: readonly Count[], locale: { numbers: NumberStyle; dates: DateOrder }): Count | undefined {
  const most = Math.max(0, ...counts.map((count) => count.fits))
  const top = counts.filter((count) => count.fits === most && most > 0)
  const isLocal = ({ candidate: { numbers, dates } }: Count): boolean =>
    (numbers === undefined || (numbers.decimal === locale.numbers.decimal && numbers.group === locale.numbers.group)) &&
    (dates === undefined || dates === locale.dates)
  return top.find(isLocal) ?? top[0]
}

/** How a person's own language writes numbers and days. */
export function localeStyle(formats: {
  readonly decimal: string
  readonly group: string
  readonly dateOrder: readonly ('day' | 'month' | 'year')[]
}): { readonly numbers: NumberStyle; readonly dates: DateOrder } {
  const decimal = formats.decimal === ',' ? ',' : '.'
  const group = /\s/u.test(formats.group) ? ' ' : formats.group === '’' || formats.group === "'" ? '’' : decimal === ',' ? '.' : ','
  const order = formats.dateOrder.map((part) => part[0]).join('')
  return { numbers: { decimal, group }, dates: DATE_ORDERS.find((known) => known === order) ?? 'dmy' }
}
