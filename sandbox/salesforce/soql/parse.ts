import { errorAt, type Token, tokensOf } from './tokens.ts'

/** A name as it stands in a query: `Name`, `Account.Name`. */
export interface Path {
  readonly text: string
  readonly at: number
}

export type Literal =
  | { readonly kind: 'string'; readonly text: string }
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'boolean'; readonly value: boolean }
  | { readonly kind: 'null' }
  | { readonly kind: 'date'; readonly text: string }
  | { readonly kind: 'datetime'; readonly text: string }
  /** A word for a span of time: `TODAY`, `LAST_N_DAYS` with its number. */
  | { readonly kind: 'span'; readonly word: string; readonly count: number | undefined }

export type Compare = '=' | '!=' | '<' | '<=' | '>' | '>='
export type Condition =
  | { readonly kind: 'and' | 'or'; readonly parts: readonly Condition[] }
  | { readonly kind: 'not'; readonly part: Condition }
  | { readonly kind: 'compare'; readonly path: Path; readonly sign: Compare; readonly value: Literal; readonly at: number }
  | { readonly kind: 'like'; readonly path: Path; readonly pattern: string }
  | {
      readonly kind: 'in' | 'includes'
      readonly path: Path
      readonly isNegated: boolean
      readonly values: readonly Literal[]
      readonly at: number
    }

export interface OrderBy {
  readonly path: Path
  readonly isDescending: boolean
  readonly isNullsLast: boolean
}

export interface SoqlQuery {
  readonly text: string
  /** `count`: only how many; `all`: FIELDS(ALL) and its kin; else the paths. */
  readonly select:
    | { readonly kind: 'count' }
    | { readonly kind: 'all'; readonly which: 'ALL' | 'STANDARD' | 'CUSTOM'; readonly at: number }
    | { readonly kind: 'paths'; readonly paths: readonly Path[] }
  readonly from: Path
  readonly where: Condition | undefined
  readonly orderBy: readonly OrderBy[]
  readonly limit: number | undefined
  readonly offset: number
}

const MAX_LENGTH = 100_000
/** How deep conditions may be nested; Salesforce has a limit too, and a parser must not run out of stack. */
const MAX_DEPTH = 50
const KEYWORDS = new Set([
  'from',
  'where',
  'and',
  'or',
  'not',
  'in',
  'like',
  'order',
  'by',
  'limit',
  'offset',
  'group',
  'having',
  'asc',
  'desc',
  'nulls',
  'includes',
  'excludes',
  'select',
])

/**
 * Reads a query.
 * @throws SoqlError `MALFORMED_QUERY` in Salesforce's words
 */
export function parseSoql(text: string): SoqlQuery {
  if (text.length > MAX_LENGTH) throw errorAt('MALFORMED_QUERY', text, 0, 'SOQL statements cannot be longer than 100000 characters.')
  return new Parser(text).query()
}

/**
 * Reads a condition alone, as the search resources take it.
 * @throws SoqlError
 */
export function parseCondition(text: string): Condition {
  return new Parser(text).wholeCondition()
}

class Parser {
  readonly #text: string
  readonly #tokens: readonly Token[]
  #next = 0
  #depth = 0

  constructor(text: string) {
    this.#text = text
    this.#tokens = tokensOf(text)
  }

  query(): SoqlQuery {
    this.#expectWord('select')
    const select = this.#select()
    this.#expectWord('from')
    const from = this.#path()
    const where = this.#takeWord('where') ? this.#condition() : undefined
    if (this.#isWord('group') || this.#isWord('having')) throw this.#unexpected()
    const orderBy: OrderBy[] = []
    if (this.#takeWord('order')) {
      this.#expectWord('by')
      do orderBy.push(this.#order())
      while (this.#takeSign(','))
    }
    const limit = this.#takeWord('limit') ? this.#count() : undefined
    const offset = this.#takeWord('offset') ? this.#count() : 0
    this.#end()
    return { text: this.#text, select, from, where, orderBy, limit, offset }
  }

  wholeCondition(): Condition {
    const condition = this.#condition()
    this.#end()
    return condition
  }

  #select(): SoqlQuery['select'] {
    const first = this.#peek()
    const call = first.kind === 'word' && this.#tokens[this.#next + 1]?.text === '(' ? first.text.toUpperCase() : undefined
    if (call === 'COUNT') {
      this.#next += 2
      this.#expectSign(')')
      return { kind: 'count' }
    }
    if (call === 'FIELDS') {
      this.#next += 2
      const which = this.#take().text.toUpperCase()
      this.#expectSign(')')
      if (which !== 'ALL' && which !== 'STANDARD' && which !== 'CUSTOM')
        throw this.#error(first, `FIELDS function must have one of: ALL, STANDARD, CUSTOM`)
      return { kind: 'all', which, at: first.at }
    }
    const paths: Path[] = []
    do paths.push(this.#path())
    while (this.#takeSign(','))
    return { kind: 'paths', paths }
  }

  /** AND and OR may not be mixed without parentheses, as in Salesforce. */
  #condition(): Condition {
    this.#depth += 1
    if (this.#depth > MAX_DEPTH) throw this.#error(this.#peek(), 'The condition is nested too deeply.')
    const parts = [this.#term()]
    let joiner: 'and' | 'or' | undefined
    while (this.#isWord('and') || this.#isWord('or')) {
      const token = this.#peek()
      const word = token.text.toLowerCase() === 'and' ? 'and' : 'or'
      if (joiner !== undefined && joiner !== word) throw this.#unexpected()
      joiner = word
      this.#next += 1
      parts.push(this.#term())
    }
    this.#depth -= 1
    const [only] = parts
    return joiner === undefined && only !== undefined ? only : { kind: joiner ?? 'and', parts }
  }

  #term(): Condition {
    if (this.#takeWord('not')) {
      this.#depth += 1
      if (this.#depth > MAX_DEPTH) throw this.#error(this.#peek(), 'The condition is nested too deeply.')
      const part = this.#term()
      this.#depth -= 1
      return { kind: 'not', part }
    }
    if (this.#takeSign('(')) {
      const inner = this.#condition()
      this.#expectSign(')')
      return inner
    }
    return this.#comparison()
  }

  #comparison(): Condition {
    const path = this.#path()
    const token = this.#peek()
    if (this.#takeWord('like')) return { kind: 'like', path, pattern: this.#string() }
    const isNegated = this.#takeWord('not')
    if (this.#takeWord('in')) return { kind: 'in', path, isNegated, values: this.#list(), at: token.at }
    if (isNegated) throw this.#unexpected()
    if (this.#takeWord('includes')) return { kind: 'includes', path, isNegated: false, values: this.#list(), at: token.at }
    if (this.#takeWord('excludes')) return { kind: 'includes', path, isNegated: true, values: this.#list(), at: token.at }
    const sign = token.kind === 'sign' ? token.text : ''
    if (!['=', '!=', '<>', '<', '<=', '>', '>='].includes(sign)) throw this.#unexpected()
    this.#next += 1
    return { kind: 'compare', path, sign: (sign === '<>' ? '!=' : sign) as Compare, value: this.#literal(), at: token.at }
  }

  #list(): readonly Literal[] {
    this.#expectSign('(')
    const values: Literal[] = []
    do values.push(this.#literal())
    while (this.#takeSign(','))
    this.#expectSign(')')
    return values
  }

  #literal(): Literal {
    const token = this.#take()
    switch (token.kind) {
      case 'string':
        return { kind: 'string', text: token.text }
      case 'number':
        return { kind: 'number', value: Number(token.text) }
      case 'date':
      case 'datetime':
        return { kind: token.kind, text: token.text }
      case 'word': {
        const [word = '', count] = token.text.toUpperCase().split(':')
        if (word === 'TRUE' || word === 'FALSE') return { kind: 'boolean', value: word === 'TRUE' }
        if (word === 'NULL') return { kind: 'null' }
        if (!SPAN_WORD.test(word)) throw this.#unexpected(token)
        return { kind: 'span', word, count: count === undefined ? undefined : Number(count) }
      }
      default:
        throw this.#unexpected(token)
    }
  }

  #order(): OrderBy {
    const path = this.#path()
    const isDescending = this.#takeWord('desc')
    if (!isDescending) this.#takeWord('asc')
    if (!this.#takeWord('nulls')) return { path, isDescending, isNullsLast: false }
    const isNullsLast = this.#takeWord('last')
    if (!isNullsLast) this.#expectWord('first')
    return { path, isDescending, isNullsLast }
  }

  #count(): number {
    const token = this.#take()
    if (token.kind !== 'number' || !/^\d+$/.test(token.text)) throw this.#unexpected(token)
    return Number(token.text)
  }

  #string(): string {
    const token = this.#take()
    if (token.kind !== 'string') throw this.#unexpected(token)
    return token.text
  }

  #path(): Path {
    const token = this.#take()
    if (token.kind !== 'word' || KEYWORDS.has(token.text.toLowerCase()) || token.text.includes(':')) throw this.#unexpected(token)
    return { text: token.text, at: token.at }
  }

  #peek(): Token {
    return this.#tokens[this.#next] ?? { kind: 'end', text: '', at: this.#text.length }
  }

  #take(): Token {
    const token = this.#peek()
    this.#next += 1
    return token
  }

  #isWord(word: string): boolean {
    const token = this.#peek()
    return token.kind === 'word' && token.text.toLowerCase() === word
  }

  #takeWord(word: string): boolean {
    if (!this.#isWord(word)) return false
    this.#next += 1
    return true
  }

  #expectWord(word: string): void {
    if (!this.#takeWord(word)) throw this.#unexpected()
  }

  #takeSign(sign: string): boolean {
    const token = this.#peek()
    if (token.kind !== 'sign' || token.text !== sign) return false
    this.#next += 1
    return true
  }

  #expectSign(sign: string): void {
    if (!this.#takeSign(sign)) throw this.#unexpected()
  }

  #end(): void {
    if (this.#peek().kind !== 'end') throw this.#unexpected()
  }

  #unexpected(token: Token = this.#peek()): Error {
    return this.#error(token, token.kind === 'end' ? "unexpected token: '<EOF>'" : `unexpected token: '${token.text}'`)
  }

  #error(token: Token, what: string): Error {
    return errorAt('MALFORMED_QUERY', this.#text, token.at, what)
  }
}

/** Words for spans of time; those with a number are written `LAST_N_DAYS:30`. */
const SPAN_WORD =
  /^(TODAY|YESTERDAY|TOMORROW|(LAST|THIS|NEXT)_(WEEK|MONTH|QUARTER|YEAR)|(LAST|NEXT)_90_DAYS|(LAST|NEXT)_N_(DAYS|WEEKS|MONTHS|QUARTERS|YEARS)|N_(DAYS|WEEKS|MONTHS|YEARS)_AGO)$/
