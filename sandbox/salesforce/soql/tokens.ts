/** A query that cannot be read, in Salesforce's words: where it stands, and what is wrong. */
export class SoqlError extends Error {
  readonly code: string

  constructor(code: string, message: string) {
    super(message)
    this.name = 'SoqlError'
    this.code = code
  }
}

/** Salesforce shows the place in the query, then says what is wrong there. */
export function errorAt(code: string, query: string, at: number, what: string): SoqlError {
  const before = query.slice(0, at)
  const row = before.split('\n').length
  const column = at - before.lastIndexOf('\n')
  const start = Math.max(before.lastIndexOf('\n') + 1, at - 30)
  const end = Math.min(query.indexOf('\n', at) === -1 ? query.length : query.indexOf('\n', at), at + 30)
  return new SoqlError(code, `\n${query.slice(start, end)}\n${' '.repeat(at - start)}^\nERROR at Row:${row}:Column:${column}\n${what}`)
}

export type Token =
  | { readonly kind: 'word'; readonly text: string; readonly at: number }
  | { readonly kind: 'string'; readonly text: string; readonly at: number }
  | { readonly kind: 'number'; readonly text: string; readonly at: number }
  /** A date or a date and time, as written. */
  | { readonly kind: 'date' | 'datetime'; readonly text: string; readonly at: number }
  | { readonly kind: 'sign'; readonly text: string; readonly at: number }
  | { readonly kind: 'end'; readonly text: ''; readonly at: number }

const DATETIME = /\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:?\d{2})/y
const DATE = /\d{4}-\d{2}-\d{2}/y
const NUMBER = /[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?/y
const WORD = /[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*(?::\d+)?/y
const SIGN = /!=|<>|<=|>=|[=<>(),]/y
const ESCAPES: Readonly<Record<string, string>> = {
  n: '\n',
  r: '\r',
  t: '\t',
  b: '\b',
  f: '\f',
  '"': '"',
  "'": "'",
  '\\': '\\',
  // Kept with their stroke: LIKE tells them from wildcards.
  _: '\\_',
  '%': '\\%',
}

function matchAt(pattern: RegExp, query: string, at: number): string | undefined {
  pattern.lastIndex = at
  return pattern.exec(query)?.[0]
}

/** Reads a quoted string; the character at `at` is its first quote. */
function readString(query: string, at: number): { readonly text: string; readonly end: number } {
  let text = ''
  for (let index = at + 1; index < query.length; index++) {
    const character = query[index] ?? ''
    if (character === "'") return { text, end: index + 1 }
    if (character !== '\\') {
      text += character
      continue
    }
    index += 1
    const escaped = ESCAPES[query[index] ?? ''] ?? ESCAPES[(query[index] ?? '').toLowerCase()]
    if (escaped === undefined)
      throw errorAt('MALFORMED_QUERY', query, index, `Illegal string literal: Invalid string literal '\\${query[index] ?? ''}'`)
    text += escaped
  }
  throw errorAt('MALFORMED_QUERY', query, at, "line 1:0 mismatched character '<EOF>' expecting '''")
}

/** The words of a query. */
export function tokensOf(query: string): readonly Token[] {
  const tokens: Token[] = []
  let at = 0
  while (at < query.length) {
    const character = query[at] ?? ''
    if (/\s/.test(character)) {
      at += 1
      continue
    }
    if (character === "'") {
      const { text, end } = readString(query, at)
      tokens.push({ kind: 'string', text, at })
      at = end
      continue
    }
    const kinds = [
      ['datetime', DATETIME],
      ['date', DATE],
      ['word', WORD],
      ['number', NUMBER],
      ['sign', SIGN],
    ] as const
    const found = kinds.map(([kind, pattern]) => ({ kind, text: matchAt(pattern, query, at) })).find(({ text }) => text !== undefined)
    if (found?.text === undefined) throw errorAt('MALFORMED_QUERY', query, at, `unexpected token: '${character}'`)
    tokens.push({ kind: found.kind, text: found.text, at })
    at += found.text.length
  }
  return [...tokens, { kind: 'end', text: '', at: query.length }]
}
