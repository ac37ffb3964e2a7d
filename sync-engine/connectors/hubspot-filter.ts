import { spellingsOf } from '../match-rows.ts'
import { inParts } from '../parts.ts'
import type { ExternalField } from './connector.ts'
import { LINKED, wireOf } from './hubspot-values.ts'

/**
 * The filter language of HubSpot's objects, written as a person would say it and sent as HubSpot's filter groups:
 *
 *     lifecyclestage = Customer and (city = Lyon or city = Austin) order by name
 *
 * A condition is a property, an operator, a value. Properties go by their name in HubSpot or, in double quotes where it holds a space, by
 * their label. Operators: `=`, `!=`, `<`, `<=`, `>`, `>=`, `between … and …`, `in (…, …)`, `not in (…, …)`, `contains`, `not contains`,
 * `is known`, `is unknown`. Values are words, numbers, texts in quotes, days (`2026-05-31`), `today`, or a distance from now (`-30d`, `8h`);
 * options go by their label or HubSpot's own word. `and` binds before `or`; parentheses group. `order by <property> [desc]` ends it.
 */
export interface HubFilter {
  readonly groups: readonly (readonly HubCondition[])[]
  readonly order?: { readonly property: string; readonly isDescending: boolean }
}

/** One filter as HubSpot's search takes it. */
export interface HubCondition {
  readonly propertyName: string
  readonly operator: Operator
  readonly value?: string
  readonly values?: readonly string[]
  readonly highValue?: string
}

export type Operator =
  | 'EQ'
  | 'NEQ'
  | 'LT'
  | 'LTE'
  | 'GT'
  | 'GTE'
  | 'BETWEEN'
  | 'IN'
  | 'NOT_IN'
  | 'HAS_PROPERTY'
  | 'NOT_HAS_PROPERTY'
  | 'CONTAINS_TOKEN'
  | 'NOT_CONTAINS_TOKEN'

/** `at`: where in the text it is not understood, counted from 1. */
export type ParsedFilter =
  | { readonly kind: 'filter'; readonly filter: HubFilter }
  | { readonly kind: 'problem'; readonly message: string; readonly at: number }

/** HubSpot takes five groups of six filters, eighteen in all; two of each group are needed to go through the pages. */
export const FILTER_LIMITS = { groups: 5, conditions: 4, all: 18, own: 2 } as const

/** Values a list takes. */
const LISTED = 100
/** Forms of a property whose values can be asked for: lines of text, compared whole without capitals, and numbers. */
const ASKED: ReadonlySet<string> = new Set(['line', 'email', 'domain', 'phone', 'number', 'key'])

/**
 * Filters that together ask for the records within `text` whose property holds one of these values; `undefined` where the property cannot be
 * asked so, or the filter has no room for one condition more.
 */
export function hubFiltersFor(
  text: string,
  property: ExternalField,
  values: readonly string[],
  fields: readonly ExternalField[] | undefined,
): readonly string[] | undefined {
  const wire = wireOf(property, property.id)
  if (!ASKED.has(wire)) return undefined
  const known = wire === 'number' || wire === 'key' ? values.map((value) => value.trim()).filter(isNumber) : spellingsOf(values)
  const condition = conditionIn(text)
  if (condition === undefined) return undefined
  const filters = inParts([...new Set(known)], LISTED).map((part) => {
    const own = `${property.id} in (${part.map((value) => `"${value.replace(/[\\"]/gu, '\\$&')}"`).join(', ')})`
    return condition === '' ? own : `(${condition}) and ${own}`
  })
  return filters.every((filter) => parseHubFilter(filter, fields, 0).kind === 'filter') ? filters : undefined
}

const isNumber = (text: string): boolean => /^-?\d+(\.\d+)?$/u.test(text)

/** A filter before its `order by`; `undefined` where it does not read. */
function conditionIn(text: string): string | undefined {
  try {
    const tokens = tokensOf(text)
    const isWord = (index: number, word: string): boolean => tokens[index]?.kind === 'word' && tokens[index].text.toLowerCase() === word
    const order = tokens.findLastIndex((_, index) => isWord(index, 'order') && isWord(index + 1, 'by'))
    return text.slice(0, tokens[order]?.at ?? text.length).trim()
  } catch (error) {
    if (error instanceof FilterProblem) return undefined
    throw error
  }
}

interface Token {
  readonly kind: 'word' | 'quoted' | 'sign' | 'end'
  readonly text: string
  /** From 0. */
  readonly at: number
}

class FilterProblem extends Error {
  readonly at: number

  constructor(message: string, at: number) {
    super(message)
    this.at = at
  }
}

/** Reads a filter; `fields` are those of the object's last description, without which properties and values stand as they are written. */
export function parseHubFilter(text: string, fields: readonly ExternalField[] | undefined, nowMs: number): ParsedFilter {
  try {
    const reader = new FilterReader(tokensOf(text), fields, nowMs)
    return { kind: 'filter', filter: reader.read() }
  } catch (error) {
    if (error instanceof FilterProblem) return { kind: 'problem', message: error.message, at: error.at + 1 }
    throw error
  }
}

const SIGNS = ['!=', '<>', '<=', '>=', '=', '<', '>', '(', ')', ','] as const

function tokensOf(text: string): readonly Token[] {
  const tokens: Token[] = []
  let at = 0
  while (at < text.length) {
    const rest = text.slice(at)
    const space = /^\s+/u.exec(rest)
    const quoted = /^("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')/su.exec(rest)
    const sign = SIGNS.find((one) => rest.startsWith(one))
    const word = /^[^\s()<>=!,"']+/u.exec(rest)
    if (space) at += space[0].length
    else if (quoted) {
      tokens.push({ kind: 'quoted', text: quoted[0].slice(1, -1).replace(/\\(.)/gsu, '$1'), at })
      at += quoted[0].length
    } else if (sign !== undefined) {
      tokens.push({ kind: 'sign', text: sign, at })
      at += sign.length
    } else if (word) {
      tokens.push({ kind: 'word', text: word[0], at })
      at += word[0].length
    } else {
      const isOpen = rest.startsWith('"') || rest.startsWith("'")
      throw new FilterProblem(isOpen ? 'This quotation mark is not closed.' : `“${rest[0]}” has no meaning here.`, at)
    }
  }
  return [...tokens, { kind: 'end', text: '', at: text.length }]
}

const COMPARISONS: Readonly<Record<string, Operator>> = {
  '=': 'EQ',
  '!=': 'NEQ',
  '<>': 'NEQ',
  '<': 'LT',
  '<=': 'LTE',
  '>': 'GT',
  '>=': 'GTE',
}

class FilterReader {
  readonly #tokens: readonly Token[]
  readonly #fields: readonly ExternalField[] | undefined
  readonly #nowMs: number
  #next = 0

  constructor(tokens: readonly Token[], fields: readonly ExternalField[] | undefined, nowMs: number) {
    this.#tokens = tokens
    this.#fields = fields
    this.#nowMs = nowMs
  }

  read(): HubFilter {
    const isBare = this.#peek().kind === 'end' || this.#isWord('order')
    const groups = isBare ? [] : this.#either()
    const order = this.#isWord('order') ? this.#order() : undefined
    const rest = this.#peek()
    if (rest.kind !== 'end') throw new FilterProblem(`“${rest.text}” was not expected; “and”, “or” or “order by” may stand here.`, rest.at)
    checkSize(groups)
    return { groups, ...(order && { order }) }
  }

  /** Alternatives: their groups stand side by side. */
  #either(): readonly (readonly HubCondition[])[] {
    let groups = this.#both()
    while (this.#takeWord('or')) groups = [...groups, ...this.#both()]
    return groups
  }

  /** Conditions that all hold: each alternative of one is joined with each of the next. */
  #both(): readonly (readonly HubCondition[])[] {
    let groups = this.#one()
    while (this.#takeWord('and')) {
      const next = this.#one()
      if (groups.length * next.length > FILTER_LIMITS.groups * FILTER_LIMITS.groups) throw tooManyGroups(this.#peek().at)
      groups = groups.flatMap((group) => next.map((other) => [...group, ...other]))
    }
    return groups
  }

  #one(): readonly (readonly HubCondition[])[] {
    if (!this.#takeSign('(')) return [[this.#condition()]]
    const groups = this.#either()
    const end = this.#peek()
    if (!this.#takeSign(')')) throw new FilterProblem('A closing parenthesis is missing.', end.at)
    return groups
  }

  #condition(): HubCondition {
    const token = this.#take()
    if (token.kind !== 'word' && token.kind !== 'quoted') throw new FilterProblem('A property is missing here.', token.at)
    const { propertyName, field } = this.#property(token)
    const after = this.#take()
    const comparison = after.kind === 'sign' ? COMPARISONS[after.text] : undefined
    if (comparison !== undefined) return this.#compared(propertyName, comparison, field, after)
    const word = after.kind === 'word' ? after.text.toLowerCase() : ''
    switch (word) {
      case 'between':
        return this.#between(propertyName, field)
      case 'in':
        return this.#listed(propertyName, 'IN', field)
      case 'contains':
        return { propertyName, operator: 'CONTAINS_TOKEN', value: this.#text(field).text }
      case 'is':
        return { propertyName, operator: this.#presence() }
      case 'not':
        if (this.#takeWord('in')) return this.#listed(propertyName, 'NOT_IN', field)
        if (this.#takeWord('contains')) return { propertyName, operator: 'NOT_CONTAINS_TOKEN', value: this.#text(field).text }
        throw new FilterProblem('After “not” comes “in” or “contains”.', this.#peek().at)
      default:
        throw new FilterProblem(
          `After ${token.text} comes an operator: =, !=, <, <=, >, >=, between, in, not in, contains, is known, is unknown.`,
          after.at,
        )
    }
  }

  #compared(propertyName: string, operator: Operator, field: ExternalField | undefined, sign: Token): HubCondition {
    const isOrder = operator !== 'EQ' && operator !== 'NEQ'
    if (isOrder && field && !isOrdered(field)) throw new FilterProblem(`${field.name} has no order: only = and != compare it.`, sign.at)
    return { propertyName, operator, value: this.#value(field) }
  }

  #between(propertyName: string, field: ExternalField | undefined): HubCondition {
    if (field && !isOrdered(field)) throw new FilterProblem(`${field.name} has no order, so nothing is between.`, this.#peek().at)
    const value = this.#value(field)
    if (!this.#takeWord('and')) throw new FilterProblem('“between” needs two values with “and” between them.', this.#peek().at)
    return { propertyName, operator: 'BETWEEN', value, highValue: this.#value(field) }
  }

  #listed(propertyName: string, operator: 'IN' | 'NOT_IN', field: ExternalField | undefined): HubCondition {
    const open = this.#peek()
    if (!this.#takeSign('(')) throw new FilterProblem('The values stand in parentheses: in (Lead, Customer).', open.at)
    const values: string[] = []
    do values.push(this.#value(field))
    while (this.#takeSign(','))
    const close = this.#peek()
    if (!this.#takeSign(')')) throw new FilterProblem('A comma or a closing parenthesis is missing.', close.at)
    // HubSpot keeps texts in small letters in its index, and takes the values of a list as they are.
    const isText = field === undefined ? false : isTextual(field)
    return { propertyName, operator, values: isText ? values.map((value) => value.toLowerCase()) : values }
  }

  #presence(): Operator {
    if (this.#takeWord('known')) return 'HAS_PROPERTY'
    if (this.#takeWord('unknown') || this.#takeWord('empty')) return 'NOT_HAS_PROPERTY'
    if (this.#takeWord('not') && this.#takeWord('empty')) return 'HAS_PROPERTY'
    throw new FilterProblem('After “is” comes “known” or “unknown”.', this.#peek().at)
  }

  #order(): HubFilter['order'] {
    this.#take()
    if (!this.#takeWord('by')) throw new FilterProblem('“order” is followed by “by” and a property.', this.#peek().at)
    const token = this.#take()
    if (token.kind !== 'word' && token.kind !== 'quoted') throw new FilterProblem('A property to order by is missing.', token.at)
    const isDescending = this.#takeWord('desc')
    if (!isDescending) this.#takeWord('asc')
    return { property: this.#property(token).propertyName, isDescending }
  }

  /** The property of a name or label. */
  #property({ text, at }: Token): { propertyName: string; field: ExternalField | undefined } {
    const fields = this.#fields
    if (fields === undefined) return { propertyName: text, field: undefined }
    const wanted = text.toLowerCase()
    const byName = fields.find(({ id }) => id.toLowerCase() === wanted)
    const byLabel = fields.filter(({ name }) => name.toLowerCase() === wanted)
    const field = byName ?? (byLabel.length === 1 ? byLabel[0] : undefined)
    if (field === undefined) {
      const reason =
        byLabel.length > 1
          ? `Several properties are called “${text}”; use ${byLabel.map(({ id }) => id).join(' or ')}.`
          : unknown(text, fields)
      throw new FilterProblem(reason, at)
    }
    if (field.id.startsWith(LINKED)) throw new FilterProblem('HubSpot’s search does not look at associated records.', at)
    return { propertyName: field.id, field }
  }

  #text(field: ExternalField | undefined): Token {
    const token = this.#take()
    if (token.kind === 'word' || token.kind === 'quoted') return token
    throw new FilterProblem(`A value${field ? ` for ${field.name}` : ''} is missing.`, token.at)
  }

  /** A value as HubSpot's index has it: options by their own word, days and times in ms. */
  #value(field: ExternalField | undefined): string {
    const token = this.#text(field)
    const { text, at } = token
    if (field === undefined) return momentOf(token, this.#nowMs) ?? text
    switch (wireOf(field, field.id)) {
      case 'date':
      case 'instant': {
        const moment = momentOf(token, this.#nowMs)
        if (moment === undefined) throw new FilterProblem(`“${text}” is no day or time: write 2026-05-31, today, or -30d.`, at)
        return moment
      }
      case 'number':
      case 'ms':
      case 'key':
        if (!Number.isFinite(Number(text)) || text.trim() === '') throw new FilterProblem(`“${text}” is no number.`, at)
        return wireOf(field, field.id) === 'ms' ? String(Number(text) * 1000) : text
      case 'bool': {
        const isYes = ['true', 'yes'].includes(text.toLowerCase())
        if (!isYes && !['false', 'no'].includes(text.toLowerCase())) throw new FilterProblem(`“${text}” is neither yes nor no.`, at)
        return String(isYes)
      }
      case 'option':
      case 'options':
      case 'owner':
      case 'user':
        return optionOf(field, text, at)
      default:
        return text
    }
  }

  #peek(): Token {
    return this.#tokens[this.#next] ?? { kind: 'end', text: '', at: 0 }
  }

  #take(): Token {
    const token = this.#peek()
    if (token.kind !== 'end') this.#next++
    return token
  }

  #isWord(word: string): boolean {
    const token = this.#peek()
    return token.kind === 'word' && token.text.toLowerCase() === word
  }

  #takeWord(word: string): boolean {
    const isIt = this.#isWord(word)
    if (isIt) this.#next++
    return isIt
  }

  #takeSign(sign: string): boolean {
    const token = this.#peek()
    const isIt = token.kind === 'sign' && token.text === sign
    if (isIt) this.#next++
    return isIt
  }
}

const ORDERED: ReadonlySet<string> = new Set(['number', 'ms', 'date', 'instant', 'key'])
const TEXTUAL: ReadonlySet<string> = new Set(['line', 'lines', 'html', 'email', 'domain', 'phone'])
const isOrdered = (field: ExternalField): boolean => ORDERED.has(wireOf(field, field.id))
const isTextual = (field: ExternalField): boolean => TEXTUAL.has(wireOf(field, field.id))

/** The words of a choice: HubSpot's own, the exact label, or the label in other capitals where that is one alone. */
function optionOf(field: ExternalField, text: string, at: number): string {
  const options = field.options ?? []
  if (options.length === 0) return text
  const exact = options.find(({ id }) => id === text) ?? options.find(({ name }) => name === text)
  const alike = options.filter(({ id, name }) => [id, name].some((word) => word.toLowerCase() === text.toLowerCase()))
  const option = exact ?? (alike.length === 1 ? alike[0] : undefined)
  if (option) return option.id
  const offered = options
    .filter(({ retired }) => retired !== true)
    .slice(0, 8)
    .map(({ name }) => name)
  throw new FilterProblem(`${field.name} has no option “${text}”. There are: ${offered.join(', ')}${options.length > 8 ? ' …' : ''}.`, at)
}

const UNIT_MS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 }
const DAY_MS = 86_400_000

/** A day, an instant, `today`, `now` or a distance from now, in ms since 1970; `undefined` where it is none of these. */
function momentOf({ kind, text }: Token, nowMs: number): string | undefined {
  const word = text.toLowerCase()
  if (kind === 'word' && word === 'now') return String(nowMs)
  if (kind === 'word' && word === 'today') return String(Math.floor(nowMs / DAY_MS) * DAY_MS)
  const distance = kind === 'word' ? /^([+-]?\d{1,5})([mhdw])$/u.exec(word) : undefined
  if (distance) return String(nowMs + Number(distance[1]) * (UNIT_MS[distance[2] ?? ''] ?? 0))
  const isDay = /^\d{4}-\d{2}-\d{2}(t\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?z)?$/u.test(word)
  const atMs = isDay ? Date.parse(text.toUpperCase()) : Number.NaN
  return Number.isNaN(atMs) ? undefined : String(atMs)
}

/** A property that is not there, and the one that was probably meant. */
function unknown(text: string, fields: readonly ExternalField[]): string {
  const wanted = text.toLowerCase().replace(/[^a-z0-9]/gu, '')
  const folded = (word: string): string => word.toLowerCase().replace(/[^a-z0-9]/gu, '')
  const near =
    wanted === ''
      ? undefined
      : fields.find(({ id, name }) =>
          [id, name].some((word) => folded(word) === wanted || (wanted.length > 2 && folded(word).includes(wanted))),
        )
  return `There is no property “${text}”.${near ? ` Did you mean ${near.id} (${near.name})?` : ''}`
}

const tooManyGroups = (at: number): FilterProblem =>
  new FilterProblem(`HubSpot takes ${FILTER_LIMITS.groups} alternatives at most; these are more.`, at)

function checkSize(groups: readonly (readonly HubCondition[])[]): void {
  const { groups: mostGroups, conditions, all, own } = FILTER_LIMITS
  if (groups.length > mostGroups) throw tooManyGroups(0)
  if (groups.some((group) => group.length > conditions))
    throw new FilterProblem(`HubSpot takes ${conditions} conditions joined by “and” at most; these are more.`, 0)
  if (groups.reduce((sum, group) => sum + group.length + own, 0) > all)
    throw new FilterProblem('HubSpot takes no more conditions than these in one filter; leave some out.', 0)
}
