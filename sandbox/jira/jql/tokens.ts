/** A piece of a JQL query and where it begins (counted from 1, as Jira's messages count). */
export interface Token {
  /** `word`: bare text, which may be a keyword; `string`: quoted; `symbol`: an operator, a bracket, a comma. */
  readonly kind: 'word' | 'string' | 'symbol'
  readonly text: string
  readonly line: number
  readonly character: number
}

/** A query that cannot be read. The message is Jira's own wording. */
export class JqlSyntaxError extends Error {
  constructor(message: string) {
    super(`Error in the JQL Query: ${message}`)
    this.name = 'JqlSyntaxError'
  }
}

const SYMBOLS = ['!=', '!~', '>=', '<=', '&&', '||', '=', '!', '~', '>', '<', '&', '|', '(', ')', ',']
const RESERVED = new Set([...'+.;?*/%^$#@[]{}`:'].filter((character) => character !== ':'))
const ESCAPES: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r', '"': '"', "'": "'", '\\': '\\', ' ': ' ' }

/** Splits a query into its pieces. */
export function tokenizeJql(text: string): readonly Token[] {
  return new Tokenizer(text).all()
}

class Tokenizer {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  all(): Token[] {
    const tokens: Token[] = []
    for (this.#skipSpace(); this.#at < this.#text.length; this.#skipSpace()) tokens.push(this.#next())
    return tokens
  }

  #skipSpace(): void {
    while (/\s/.test(this.#text[this.#at] ?? '')) this.#at += 1
  }

  #next(): Token {
    const start = this.#at
    const character = this.#text[start] ?? ''
    if (character === '"' || character === "'") return this.#token('string', this.#quoted(character), start)
    const symbol = SYMBOLS.find((candidate) => this.#text.startsWith(candidate, start))
    if (symbol !== undefined) {
      this.#at += symbol.length
      return this.#token('symbol', symbol, start)
    }
    return this.#token('word', this.#word(), start)
  }

  #quoted(quote: string): string {
    const start = this.#at
    let text = ''
    this.#at += 1
    for (;;) {
      const character = this.#text[this.#at]
      if (character === undefined) {
        throw new JqlSyntaxError(`The quoted string '${text}' has not been completed. ${this.#place(start)}`)
      }
      if (character === quote) break
      text += character === '\\' ? this.#escape() : character
      if (character !== '\\') this.#at += 1
    }
    this.#at += 1
    return text
  }

  #word(): string {
    let text = ''
    for (;;) {
      const character = this.#text[this.#at]
      if (character === undefined || /\s/.test(character) || character === '"' || character === "'") break
      if (SYMBOLS.some((symbol) => this.#text.startsWith(symbol, this.#at))) break
      const field = text.toLowerCase() === 'cf' ? /^\[\d+\]/.exec(this.#text.slice(this.#at)) : null
      if (field) {
        text += field[0]
        this.#at += field[0].length
      } else if (character === '\\') text += this.#escape()
      else if (RESERVED.has(character)) {
        const code = character.charCodeAt(0).toString(16).padStart(4, '0')
        throw new JqlSyntaxError(
          `The character '${character}' is a reserved JQL character. You must enclose it in a string or use the escape '\\u${code}' instead. ${this.#place(this.#at)}`,
        )
      } else {
        text += character
        this.#at += 1
      }
    }
    return text
  }

  /** Reads an escape at the backslash it stands on. */
  #escape(): string {
    const next = this.#text[this.#at + 1] ?? ''
    const unicode = /^\\u([0-9a-fA-F]{4})/.exec(this.#text.slice(this.#at))
    if (unicode) {
      this.#at += 6
      return String.fromCharCode(Number.parseInt(unicode[1] ?? '', 16))
    }
    const plain = ESCAPES[next] ?? (RESERVED.has(next) ? next : undefined)
    if (plain === undefined) {
      throw new JqlSyntaxError(
        `'\\${next}' is an illegal JQL escape sequence. The valid escape sequences are \\', \\", \\t, \\n, \\r, \\\\, '\\ ' and \\uXXXX. ${this.#place(this.#at)}`,
      )
    }
    this.#at += 2
    return plain
  }

  #token(kind: Token['kind'], text: string, start: number): Token {
    const before = this.#text.slice(0, start).split('\n')
    return { kind, text, line: before.length, character: (before.at(-1)?.length ?? 0) + 1 }
  }

  #place(at: number): string {
    const before = this.#text.slice(0, at).split('\n')
    return `(line ${before.length}, character ${(before.at(-1)?.length ?? 0) + 1})`
  }
}
