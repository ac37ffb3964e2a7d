import { SfRefusal } from './errors.ts'
import { fieldValue, type SfRecord } from './records.ts'
import { nameFieldOf, objectNamed, type SfField, type SfObject } from './schema.ts'
import { compileCondition, type World } from './soql/evaluate.ts'
import { parseCondition } from './soql/parse.ts'
import { SoqlError } from './soql/tokens.ts'

export const SEARCH_SCOPES = ['ALL', 'NAME', 'EMAIL', 'PHONE', 'SIDEBAR'] as const
export type SearchScope = (typeof SEARCH_SCOPES)[number]

/** One object a search returns. */
export interface Returning {
  readonly of: SfObject
  readonly fields: readonly SfField[]
  readonly where: ((record: SfRecord) => boolean) | undefined
  readonly limit: number
}

export interface Search {
  readonly matches: (words: readonly string[]) => boolean
  readonly scope: SearchScope
  readonly returning: readonly Returning[]
  readonly limit: number
}

/** Most records a search gives. */
export const MAX_FOUND = 2000

const malformed = (message: string): SfRefusal => new SfRefusal(400, 'MALFORMED_SEARCH', message)

/** The letters and digits of a text, as the index keeps them. */
export const wordsOf = (text: string): readonly string[] => text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []

type Test = (words: readonly string[]) => boolean

/**
 * What a text to look for means: words all of which must be there, `*` and `?` in them, `"phrases"`, AND, OR, AND NOT, parentheses.
 * @throws SfRefusal `MALFORMED_SEARCH`
 */
export function searchTest(term: string): Test {
  const tokens = term.match(/"(?:\\.|[^"\\])*"|\(|\)|(?:\\.|[^\s()"\\])+/gsu) ?? []
  let next = 0
  const isOperator = (word: string): boolean => /^(AND|OR|NOT)$/i.test(word)
  const readOr = (depth: number): Test => {
    if (depth > 20) throw malformed('The search is nested too deeply.')
    const parts = [readAnd(depth)]
    while (/^or$/i.test(tokens[next] ?? '')) {
      next += 1
      parts.push(readAnd(depth))
    }
    return (words) => parts.some((part) => part(words))
  }
  const readAnd = (depth: number): Test => {
    const parts: Test[] = []
    while (next < tokens.length && tokens[next] !== ')' && !/^or$/i.test(tokens[next] ?? '')) {
      const isNegated = /^not$/i.test(tokens[next] ?? '')
      if (isNegated || /^and$/i.test(tokens[next] ?? '')) {
        next += 1
        if (isNegated) {
          const negated = readOne(depth)
          parts.push((words) => !negated(words))
        }
        continue
      }
      parts.push(readOne(depth))
    }
    if (parts.length === 0) throw malformed('search term must be longer than one character')
    return (words) => parts.every((part) => part(words))
  }
  const readOne = (depth: number): Test => {
    const token = tokens[next]
    next += 1
    if (token === undefined || token === ')' || isOperator(token)) throw malformed(`unexpected token: '${token ?? '<EOF>'}'`)
    if (token !== '(') return token.startsWith('"') ? phraseTest(token.slice(1, -1)) : wordTest(token)
    const inner = readOr(depth + 1)
    if (tokens[next] !== ')') throw malformed("unexpected token: '<EOF>'")
    next += 1
    return inner
  }
  const test = readOr(0)
  if (next < tokens.length) throw malformed(`unexpected token: '${tokens[next]}'`)
  return test
}

function wordTest(token: string): Test {
  const plain = token.replace(/\\(.)/gsu, '$1')
  const parts = plain.toLowerCase().match(/[\p{L}\p{N}*?]+/gu) ?? []
  const letters = parts.join('').replace(/[*?]/gu, '')
  if (letters.length < 2) throw malformed(`search term must be longer than one character: ${plain}`)
  const tests = parts
    .filter((part) => /[^*?]/u.test(part))
    .map((part) => new RegExp(`^${part.replaceAll('*', '.*').replaceAll('?', '.')}$`, 'u'))
  return (words) => tests.every((test) => words.some((word) => test.test(word)))
}

function phraseTest(phrase: string): Test {
  const wanted = wordsOf(phrase)
  if (wanted.join('').length < 2) throw malformed(`search term must be longer than one character: ${phrase}`)
  return (words) => words.some((_, start) => wanted.every((word, index) => words[start + index] === word))
}

/** The words of a record in a scope. */
export function indexedWords(of: SfObject, record: SfRecord, scope: SearchScope): readonly string[] {
  const fits = (field: SfField): boolean => {
    switch (scope) {
      case 'NAME':
        return field.nameField || field.name === 'Subject'
      case 'EMAIL':
        return field.type === 'email'
      case 'PHONE':
        return field.type === 'phone'
      default:
        return ['string', 'textarea', 'email', 'phone', 'url'].includes(field.type)
    }
  }
  return of.fields.filter(fits).flatMap((field) => wordsOf(String(fieldValue(of, record, field.name) ?? '')))
}

/** What an object in a search is to give. @throws SfRefusal where it cannot be searched, or has no such field */
export function returningOf(
  name: string,
  fieldNames: readonly string[],
  more: { readonly where: string | undefined; readonly limit: number | undefined; readonly world: World },
): Returning {
  const of = objectNamed(name)
  if (!of) throw new SfRefusal(400, 'INVALID_TYPE', `sObject type '${name}' is not supported.`)
  if (!of.searchable) throw malformed(`entity type ${of.name} does not support search`)
  const fields = fieldNames.map((fieldName) => {
    const field = of.byName.get(fieldName.trim().toLowerCase())
    if (!field) throw new SfRefusal(400, 'INVALID_FIELD', `No such column '${fieldName}' on entity '${of.name}'.`)
    return field
  })
  const where = more.where === undefined ? undefined : conditionOf(more.where, of, more.world)
  return { of, fields, where, limit: Math.min(more.limit ?? MAX_FOUND, MAX_FOUND) }
}

function conditionOf(text: string, of: SfObject, world: World): (record: SfRecord) => boolean {
  try {
    return compileCondition(parseCondition(text), of, text, world)
  } catch (error) {
    if (error instanceof SoqlError) throw new SfRefusal(400, error.code, error.message)
    throw error
  }
}

/**
 * Reads `FIND {text} IN NAME FIELDS RETURNING Account(Id, Name WHERE … LIMIT 20), Contact LIMIT 50`.
 * @throws SfRefusal `MALFORMED_SEARCH`
 */
export function parseSosl(text: string, world: World): Search {
  const found = /^\s*find\s*\{((?:\\.|[^}\\])*)\}\s*([\s\S]*)$/iu.exec(text)
  if (!found) throw malformed("expecting a left brace, found '<EOF>'")
  const [, term = '', rest = ''] = found
  const scoped = /^in\s+(all|name|email|phone|sidebar)\s+fields\s*/iu.exec(rest)
  const afterScope = rest.slice(scoped?.[0].length ?? 0)
  const limited = /\s*\blimit\s+(\d+)\s*$/iu.exec(afterScope)
  // A limit inside the parentheses belongs to its object.
  const isOuter = limited !== null && !/\([^)]*$/u.test(afterScope.slice(0, limited.index))
  const body = isOuter ? afterScope.slice(0, limited.index) : afterScope
  const returning = /^returning\s+([\s\S]+)$/iu.exec(body.trim())
  if (!returning && body.trim() !== '') throw malformed(`unexpected token: '${body.trim().split(/\s/u)[0] ?? ''}'`)
  const objects = returning ? splitObjects(returning[1] ?? '') : ['Account', 'Contact', 'Opportunity', 'Case']
  return {
    matches: searchTest(term.replace(/\\([{}])/gu, '$1')),
    scope: (scoped?.[1]?.toUpperCase() ?? 'ALL') as SearchScope,
    returning: objects.map((object) => readObject(object, world)),
    limit: Math.min(isOuter ? Number(limited[1]) : MAX_FOUND, MAX_FOUND),
  }
}

/** Splits at the commas outside of parentheses. */
function splitObjects(text: string): readonly string[] {
  const parts: string[] = []
  let depth = 0
  let start = 0
  for (const [index, character] of [...text].entries()) {
    if (character === '(') depth += 1
    if (character === ')') depth -= 1
    if (character === ',' && depth === 0) {
      parts.push(text.slice(start, index))
      start = index + 1
    }
  }
  return [...parts, text.slice(start)].map((part) => part.trim()).filter((part) => part !== '')
}

function readObject(text: string, world: World): Returning {
  const found = /^([A-Za-z0-9_]+)\s*(?:\(([\s\S]*)\))?$/u.exec(text)
  if (!found) throw malformed(`unexpected token: '${text}'`)
  const inner = /^([\s\S]*?)(?:\s+where\s+([\s\S]*?))?(?:\s+order\s+by\s+[\s\S]*?)?(?:\s+limit\s+(\d+))?$/iu.exec((found[2] ?? '').trim())
  const names = (inner?.[1] ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')
  const limit = inner?.[3] === undefined ? undefined : Number(inner[3])
  return returningOf(found[1] ?? '', names, { where: inner?.[2], limit, world })
}

/** The records a search finds by the index as it lags, by name. */
export function runSearch(
  search: Search,
  world: World & { readonly delayMs: number; readonly isVisible: (record: SfRecord) => boolean },
): readonly { readonly returning: Returning; readonly record: SfRecord }[] {
  const found = search.returning.flatMap((returning) => {
    const { of, where, limit } = returning
    const hits: SfRecord[] = []
    for (const record of world.records.indexed(of, world)) {
      if (record.deleted !== null || !search.matches(indexedWords(of, record, search.scope)) || (where && !where(record))) continue
      // The index may still know what is deleted or hidden by now; the answer never shows it.
      const today = world.records.get(of, record.id)
      if (today && today.deleted === null && world.isVisible(today)) hits.push(today)
    }
    const name = nameFieldOf(of).name
    const key = (record: SfRecord): string => String(fieldValue(of, record, name) ?? '').toLowerCase()
    const sorted = hits.sort((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0))
    return sorted.slice(0, limit).map((record) => ({ returning, record }))
  })
  return found.slice(0, search.limit)
}
