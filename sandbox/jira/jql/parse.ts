import { JqlSyntaxError, type Token, tokenizeJql } from './tokens.ts'

export const OPERATORS = ['=', '!=', '~', '!~', '>', '>=', '<', '<=', 'in', 'not in', 'is', 'is not'] as const
export type Operator = (typeof OPERATORS)[number]

export type Operand =
  | { readonly kind: 'value'; readonly text: string }
  | { readonly kind: 'list'; readonly items: readonly Operand[] }
  | { readonly kind: 'function'; readonly name: string; readonly args: readonly string[] }
  | { readonly kind: 'empty' }

export interface FieldClause {
  readonly kind: 'field'
  readonly field: string
  readonly operator: Operator
  readonly operand: Operand
}

export type Clause =
  | { readonly kind: 'and'; readonly clauses: readonly Clause[] }
  | { readonly kind: 'or'; readonly clauses: readonly Clause[] }
  | { readonly kind: 'not'; readonly clause: Clause }
  | FieldClause

export interface OrderBy {
  readonly field: string
  readonly direction: 'asc' | 'desc'
}

/** A query as it is written; whether its fields and values exist is asked later. */
export interface JqlQuery {
  readonly where?: Clause
  readonly orderBy: readonly OrderBy[]
}

const KEYWORDS = ['and', 'or', 'not', 'in', 'is', 'empty', 'null', 'order', 'by', 'asc', 'desc', 'was', 'changed']
/** Words Jira keeps for itself although they mean nothing in JQL; the ones people run into. */
const RESERVED_WORDS = new Set([
  ...KEYWORDS.filter((word) => word !== 'asc' && word !== 'desc' && word !== 'by'),
  ...'abort access add after alias all alter any as audit avg before begin between boolean break byte catch cf char character check checkpoint collate collation column commit connect continue count create current date decimal declare decrement default defaults define delete delimiter difference distinct divide do double drop else encoding end equals escape exclusive exec execute exists explain false fetch file field first float for from function go goto grant greater group having identified if immediate increment index initial inner inout input insert int integer intersect intersection into isempty isnull join last left less like limit lock long max min minus mode modify modulo more multiply next noaudit notin nowait number object of on option outer output power previous prior privileges public raise raw remainder rename resource return returns revoke right row rowid rownum rows select session set share size sqrt start strict string subtract sum synonym table then to trans transaction trigger true uid union unique update user validate values view when whenever where while with'.split(
    ' ',
  ),
])

const OPERATOR_LIST = "The valid operators are '=', '!=', '<', '>', '<=', '>=', '~', '!~', 'IN', 'NOT IN', 'IS' and 'IS NOT'."

/** Reads a JQL query. Throws a `JqlSyntaxError` in Jira's words. */
export function parseJql(text: string): JqlQuery {
  return new Parser(tokenizeJql(text)).query()
}

class Parser {
  readonly #tokens: readonly Token[]
  #at = 0

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens
  }

  query(): JqlQuery {
    const where = this.#peek() === undefined || this.#isWord('order') ? undefined : this.#or()
    const orderBy = this.#isWord('order') ? this.#orderBy() : []
    const rest = this.#peek()
    if (rest) throw new JqlSyntaxError(`Expecting either 'OR' or 'AND' but got '${rest.text}'. ${place(rest)}`)
    return { ...(where && { where }), orderBy }
  }

  #or(): Clause {
    const clauses = [this.#and()]
    while (this.#takeWord('or') || this.#takeSymbol('||') || this.#takeSymbol('|')) clauses.push(this.#and())
    return clauses.length === 1 && clauses[0] ? clauses[0] : { kind: 'or', clauses }
  }

  #and(): Clause {
    const clauses = [this.#not()]
    while (this.#takeWord('and') || this.#takeSymbol('&&') || this.#takeSymbol('&')) clauses.push(this.#not())
    return clauses.length === 1 && clauses[0] ? clauses[0] : { kind: 'and', clauses }
  }

  #not(): Clause {
    if (this.#takeWord('not') || this.#takeSymbol('!')) return { kind: 'not', clause: this.#not() }
    if (!this.#takeSymbol('(')) return this.#fieldClause()
    const clause = this.#or()
    this.#expectClosing()
    return clause
  }

  #fieldClause(): Clause {
    const field = this.#fieldName()
    const operator = this.#operator()
    return { kind: 'field', field, operator, operand: this.#operand() }
  }

  #fieldName(): string {
    const token = this.#peek()
    if (!token) throw new JqlSyntaxError('Expecting a field name at the end of the query.')
    if (token.kind === 'symbol') {
      throw new JqlSyntaxError(
        `Expecting a field name but got '${token.text}'. You must surround '${token.text}' in quotation marks to use it as a field name. ${place(token)}`,
      )
    }
    if (token.kind === 'word' && RESERVED_WORDS.has(token.text.toLowerCase())) throw reservedWord(token)
    this.#at += 1
    return token.text
  }

  #operator(): Operator {
    const token = this.#peek()
    if (!token) throw new JqlSyntaxError(`Expecting operator before the end of the query. ${OPERATOR_LIST}`)
    const symbol = OPERATORS.find((operator) => token.kind === 'symbol' && operator === token.text)
    if (symbol) {
      this.#at += 1
      return symbol
    }
    if (this.#takeWord('in')) return 'in'
    if (this.#takeWord('is')) return this.#takeWord('not') ? 'is not' : 'is'
    if (this.#isWord('not') && this.#tokens[this.#at + 1]?.text.toLowerCase() === 'in') {
      this.#at += 2
      return 'not in'
    }
    throw new JqlSyntaxError(`Expecting operator but got '${token.text}'. ${OPERATOR_LIST} ${place(token)}`)
  }

  #operand(): Operand {
    const token = this.#peek()
    if (!token) throw new JqlSyntaxError('Expecting either a value, list or function before the end of the query.')
    if (this.#takeSymbol('(')) return this.#list()
    if (this.#takeWord('empty') || this.#takeWord('null')) return { kind: 'empty' }
    if (
      token.kind === 'symbol' ||
      (token.kind === 'word' && KEYWORDS.includes(token.text.toLowerCase()) && !['asc', 'desc', 'by'].includes(token.text.toLowerCase()))
    ) {
      throw new JqlSyntaxError(
        `Expecting either a value, list or function but got '${token.text}'. You must surround '${token.text}' in quotation marks to use it as a value. ${place(token)}`,
      )
    }
    if (token.kind === 'word' && RESERVED_WORDS.has(token.text.toLowerCase())) throw reservedWord(token)
    this.#at += 1
    return this.#takeSymbol('(') ? this.#call(token.text) : { kind: 'value', text: token.text }
  }

  #list(): Operand {
    const items = [this.#operand()]
    while (this.#takeSymbol(',')) items.push(this.#operand())
    this.#expectClosing()
    return { kind: 'list', items }
  }

  #call(name: string): Operand {
    const args: string[] = []
    if (this.#takeSymbol(')')) return { kind: 'function', name, args }
    do {
      const token = this.#peek()
      if (!token || token.kind === 'symbol') throw this.#missing(')')
      args.push(token.text)
      this.#at += 1
    } while (this.#takeSymbol(','))
    this.#expectClosing()
    return { kind: 'function', name, args }
  }

  #orderBy(): OrderBy[] {
    this.#at += 1
    if (!this.#takeWord('by')) throw this.#missing('by')
    const fields: OrderBy[] = []
    do {
      const field = this.#fieldName()
      const direction = this.#takeWord('desc') ? 'desc' : 'asc'
      if (direction === 'asc') this.#takeWord('asc')
      fields.push({ field, direction })
    } while (this.#takeSymbol(','))
    return fields
  }

  #expectClosing(): void {
    if (!this.#takeSymbol(')')) throw this.#missing(')')
  }

  #missing(text: string): JqlSyntaxError {
    const token = this.#peek()
    return new JqlSyntaxError(
      token ? `Expecting '${text}' but got '${token.text}'. ${place(token)}` : `Expecting '${text}' before the end of the query.`,
    )
  }

  #peek(): Token | undefined {
    return this.#tokens[this.#at]
  }

  #isWord(word: string): boolean {
    const token = this.#peek()
    return token?.kind === 'word' && token.text.toLowerCase() === word
  }

  #takeWord(word: string): boolean {
    const isThere = this.#isWord(word)
    if (isThere) this.#at += 1
    return isThere
  }

  #takeSymbol(text: string): boolean {
    const token = this.#peek()
    const isThere = token?.kind === 'symbol' && token.text === text
    if (isThere) this.#at += 1
    return isThere
  }
}

function place(token: Token): string {
  return `(line ${token.line}, character ${token.character})`
}

function reservedWord(token: Token): JqlSyntaxError {
  return new JqlSyntaxError(
    `'${token.text}' is a reserved JQL word. You must surround it in quotation marks to use it in a query. ${place(token)}`,
  )
}
