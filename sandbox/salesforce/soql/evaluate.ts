import { fullId } from '../ids.ts'
import { fieldValue, type SalesforceRecords, type SfRecord } from '../records.ts'
import { fieldNamed, objectNamed, type SfField, type SfObject, type SfValue } from '../schema.ts'
import { type Span, spanOf } from './dates.ts'
import type { Condition, Literal, Path, SoqlQuery } from './parse.ts'
import { errorAt, SoqlError } from './tokens.ts'

/** A path of a query, resolved: the lookups to follow and the field at its end. */
export interface Column {
  readonly steps: readonly { readonly field: SfField; readonly to: SfObject }[]
  readonly of: SfObject
  readonly field: SfField
}

export interface CompiledSoql {
  readonly of: SfObject
  readonly columns: readonly Column[]
  readonly isCount: boolean
  readonly matches: (record: SfRecord) => boolean
  /** Sorts in place; records that compare equal keep their order. */
  readonly sort: (records: SfRecord[]) => void
  readonly limit: number | undefined
  readonly offset: number
}

export interface World {
  readonly records: SalesforceRecords
  readonly nowMs: number
}

const MAX_OFFSET = 2000
/** Rows that FIELDS(ALL) and FIELDS(CUSTOM) may bring. */
const MAX_ALL_ROWS = 200

type Test = (record: SfRecord) => boolean

/**
 * Checks a query against the org and makes it ready.
 * @throws SoqlError in Salesforce's words
 */
export function compileSoql(query: SoqlQuery, world: World): CompiledSoql {
  const of = objectNamed(query.from.text)
  if (!of) {
    throw errorAt(
      'INVALID_TYPE',
      query.text,
      query.from.at,
      `sObject type '${query.from.text}' is not supported. If you are attempting to use a custom object, be sure to append the '__c' after the entity name. Please reference your WSDL or the describe call for the appropriate names.`,
    )
  }
  const columns = columnsOf(query, of)
  if (query.offset > MAX_OFFSET) throw new SoqlError('NUMBER_OUTSIDE_VALID_RANGE', 'Maximum SOQL offset allowed is 2000')
  const order = query.orderBy.map(({ path, ...rest }) => {
    const column = resolve(query.text, of, path)
    if (column.field.type === 'textarea' || column.field.type === 'multipicklist' || column.field.type === 'address') {
      throw errorAt('MALFORMED_QUERY', query.text, path.at, `field '${path.text}' can not be sorted in a query call`)
    }
    return { column, ...rest }
  })
  return {
    of,
    columns,
    isCount: query.select.kind === 'count',
    matches: query.where ? testOf(query.where, { of, text: query.text, world }) : () => true,
    sort: (records) => {
      if (order.length === 0) return
      records.sort((a, b) => {
        for (const { column, isDescending, isNullsLast } of order) {
          const isExact = column.field.type === 'id' || column.field.type === 'reference'
          const sign = compareForOrder(read(column, a, world), read(column, b, world), { isDescending, isNullsLast, isExact })
          if (sign !== 0) return sign
        }
        return 0
      })
    },
    limit: query.limit,
    offset: query.offset,
  }
}

/** A condition alone, ready for the records of an object. */
export function compileCondition(condition: Condition, of: SfObject, text: string, world: World): Test {
  return testOf(condition, { of, text, world })
}

function columnsOf(query: SoqlQuery, of: SfObject): readonly Column[] {
  const { select } = query
  if (select.kind === 'count') return []
  if (select.kind === 'all') {
    if (select.which !== 'STANDARD' && (query.limit === undefined || query.limit > MAX_ALL_ROWS)) {
      throw errorAt('MALFORMED_QUERY', query.text, select.at, 'The SOQL FIELDS function must have a LIMIT of at most 200')
    }
    const fits = ({ name }: SfField): boolean => select.which === 'ALL' || name.endsWith('__c') === (select.which === 'CUSTOM')
    return of.fields.filter(fits).map((field) => ({ steps: [], of, field }))
  }
  const seen = new Set<string>()
  return select.paths.map((path) => {
    const column = resolve(query.text, of, path)
    const key = path.text.toLowerCase()
    if (seen.has(key)) throw errorAt('INVALID_FIELD', query.text, path.at, `duplicate field selected: ${path.text}`)
    seen.add(key)
    return column
  })
}

/** The field a path means, from an object on; a leading name of the object itself is allowed. */
export function resolve(text: string, of: SfObject, path: Path): Column {
  const parts = path.text.split('.')
  if (parts.length > 1 && parts[0]?.toLowerCase() === of.name.toLowerCase() && !lookupNamed(of, parts[0])) parts.shift()
  const steps: { field: SfField; to: SfObject }[] = []
  let at = of
  for (const name of parts.slice(0, -1)) {
    const field = lookupNamed(at, name)
    const to = field && objectNamed(field.referenceTo[0] ?? '')
    if (!field || !to) {
      const message = `Didn't understand relationship '${name}' in field path. If you are attempting to use a custom relationship, be sure to append the '__r' after the custom relationship name. Please reference your WSDL or the describe call for the appropriate names.`
      throw errorAt('INVALID_FIELD', text, path.at, message)
    }
    steps.push({ field, to })
    at = to
  }
  if (steps.length > 5) throw errorAt('INVALID_FIELD', text, path.at, 'Relationship queries may not have more than 5 levels.')
  const name = parts.at(-1) ?? ''
  const field = fieldNamed(at, name)
  if (!field) {
    const message = `No such column '${name}' on entity '${at.name}'. If you are attempting to use a custom field, be sure to append the '__c' after the custom field name. Please reference your WSDL or the describe call for the appropriate names.`
    throw errorAt('INVALID_FIELD', text, path.at, message)
  }
  return { steps, of: at, field }
}

function lookupNamed(of: SfObject, name: string): SfField | undefined {
  return of.fields.find(({ relationshipName }) => relationshipName?.toLowerCase() === name.toLowerCase())
}

/** The record a column's lookups lead to; `undefined` where one of them is empty. */
export function follow(column: Column, record: SfRecord, world: Pick<World, 'records'>): SfRecord | undefined {
  let at: SfRecord | undefined = record
  let of = column.steps.length > 0 ? undefined : column.of
  for (const { field, to } of column.steps) {
    if (!at) return undefined
    const id: SfValue = of ? fieldValue(of, at, field.name) : fieldValueAnywhere(at, field)
    at = typeof id === 'string' ? world.records.get(to, id) : undefined
    of = to
  }
  return at
}

/** A lookup of the record a query is about: its own fields or the system's. */
function fieldValueAnywhere(record: SfRecord, field: SfField): SfValue {
  switch (field.name) {
    case 'CreatedById':
      return record.createdBy
    case 'LastModifiedById':
      return record.modifiedBy
    case 'MasterRecordId':
      return record.master
    default:
      return record.fields[field.name] ?? null
  }
}

function read(column: Column, record: SfRecord, world: World): SfValue {
  const at = follow(column, record, world)
  return at ? fieldValue(column.of, at, column.field.name) : null
}

interface Scope {
  readonly of: SfObject
  readonly text: string
  readonly world: World
}

function testOf(condition: Condition, scope: Scope): Test {
  switch (condition.kind) {
    case 'and': {
      const tests = condition.parts.map((part) => testOf(part, scope))
      return (record) => tests.every((test) => test(record))
    }
    case 'or': {
      const tests = condition.parts.map((part) => testOf(part, scope))
      return (record) => tests.some((test) => test(record))
    }
    case 'not': {
      const test = testOf(condition.part, scope)
      return (record) => !test(record)
    }
    case 'compare':
      return compareTest(condition, scope)
    case 'like':
      return likeTest(condition, scope)
    case 'in':
    case 'includes':
      return listTest(condition, scope)
  }
}

/** The column of a condition, which may only be about fields that can be filtered. */
function filtered(path: Path, { of, text }: Scope): Column {
  const column = resolve(text, of, path)
  const isLong = column.field.type === 'textarea' && column.field.length > 255
  if (isLong || column.field.type === 'address') {
    throw errorAt('INVALID_FIELD', text, path.at, `field '${column.field.name}' can not be filtered in a query call`)
  }
  return column
}

const NUMBERS = new Set(['int', 'double', 'currency', 'percent'])

/** A literal in the form the field's values have; a span for a day or a word of time. */
function operand(column: Column, literal: Literal, at: number, scope: Scope): SfValue | Span {
  const { field } = column
  const bad = (hint: string): Error =>
    errorAt(
      'INVALID_FIELD',
      scope.text,
      at,
      `value of filter criterion for field '${field.name}' must be of type ${field.type} and ${hint}`,
    )
  if (literal.kind === 'null') return null
  if (field.type === 'boolean') {
    if (literal.kind !== 'boolean') throw bad('should not be enclosed in quotes')
    return literal.value
  }
  if (NUMBERS.has(field.type)) {
    if (literal.kind !== 'number') throw bad('should not be enclosed in quotes')
    return literal.value
  }
  if (field.type === 'date' || field.type === 'datetime') return timeOperand(field, literal, bad, scope)
  if (literal.kind !== 'string') throw bad('should be enclosed in quotes')
  if (field.type !== 'id' && field.type !== 'reference') return literal.text
  const id = fullId(literal.text)
  if (id === undefined && literal.text !== '')
    throw errorAt('INVALID_QUERY_FILTER_OPERATOR', scope.text, at, `invalid ID field: ${literal.text}`)
  return id ?? null
}

function timeOperand(field: SfField, literal: Literal, bad: (hint: string) => Error, scope: Scope): Span {
  if (literal.kind === 'span') {
    const span = spanOf(literal.word, literal.count, scope.world.nowMs)
    if (!span) throw bad('needs a number after the colon')
    return span
  }
  if (field.type === 'date' && literal.kind === 'date') {
    const from = Date.parse(`${literal.text}T00:00:00Z`)
    if (Number.isNaN(from)) throw bad('is no day of the calendar')
    return { from, to: from + 86_400_000 }
  }
  if (field.type === 'datetime' && literal.kind === 'datetime') {
    const from = Date.parse(literal.text.replace(/([+-]\d{2})(\d{2})$/, '$1:$2'))
    if (Number.isNaN(from)) throw bad('is no time of the calendar')
    return { from, to: from + 1 }
  }
  throw bad('should not be enclosed in quotes')
}

const isSpan = (value: SfValue | Span): value is Span => typeof value === 'object' && value !== null
const timeOf = (value: SfValue): number | null =>
  typeof value === 'string' ? Date.parse(value.length === 10 ? `${value}T00:00:00Z` : value) : null

/** Texts are compared without regard to case, ids with. */
function folded(column: Column, value: SfValue): SfValue {
  return typeof value === 'string' && column.field.type !== 'id' && column.field.type !== 'reference' ? value.toLowerCase() : value
}

function compareTest(condition: Extract<Condition, { kind: 'compare' }>, scope: Scope): Test {
  const column = filtered(condition.path, scope)
  const { sign } = condition
  if (column.field.type === 'multipicklist' && sign !== '=' && sign !== '!=') {
    throw errorAt('INVALID_FIELD', scope.text, condition.at, `operator ${sign} is not valid for field '${column.field.name}'`)
  }
  const right = operand(column, condition.value, condition.at, scope)
  const { world } = scope
  if (isSpan(right)) return (record) => isInTime(timeOf(read(column, record, world)), sign, right)
  const wanted = folded(column, right === '' ? null : right)
  return (record) => {
    const left = folded(column, read(column, record, world))
    if (sign === '=') return left === wanted
    if (sign === '!=') return left !== wanted
    if (left === null || wanted === null) return false
    if (sign === '<') return left < wanted
    if (sign === '<=') return left <= wanted
    return sign === '>' ? left > wanted : left >= wanted
  }
}

function isInTime(left: number | null, sign: string, { from, to }: Span): boolean {
  if (left === null) return sign === '!='
  switch (sign) {
    case '=':
      return left >= from && left < to
    case '!=':
      return left < from || left >= to
    case '<':
      return left < from
    case '<=':
      return left < to
    case '>':
      return left >= to
    default:
      return left >= from
  }
}

/** `%` is any text, `_` any one character; both are meant as written after a stroke. */
export function likePattern(pattern: string): RegExp {
  const parts = [...pattern.matchAll(/\\[%_]|[%_]|[^%_\\]+|\\/gs)].map(([part]) => {
    if (part === '%') return '[\\s\\S]*'
    if (part === '_') return '[\\s\\S]'
    const text = part === '\\%' || part === '\\_' ? part.slice(1) : part
    return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  })
  return new RegExp(`^${parts.join('')}$`, 'i')
}

function likeTest(condition: Extract<Condition, { kind: 'like' }>, scope: Scope): Test {
  const column = filtered(condition.path, scope)
  const { type, name } = column.field
  if (NUMBERS.has(type) || type === 'boolean' || type === 'date' || type === 'datetime' || type === 'id' || type === 'reference') {
    throw errorAt('INVALID_FIELD', scope.text, condition.path.at, `invalid operator on ${type} field '${name}'`)
  }
  const pattern = likePattern(condition.pattern)
  return (record) => {
    const value = read(column, record, scope.world)
    return typeof value === 'string' && pattern.test(value)
  }
}

function listTest(condition: Extract<Condition, { kind: 'in' | 'includes' }>, scope: Scope): Test {
  const column = filtered(condition.path, scope)
  const { isNegated } = condition
  if (condition.kind === 'includes') {
    if (column.field.type !== 'multipicklist') {
      throw errorAt('INVALID_FIELD', scope.text, condition.at, `operator INCLUDES is not valid for field '${column.field.name}'`)
    }
    // `'a;b'` means both, several in the list mean any of them.
    const groups = condition.values.map((value) => (value.kind === 'string' ? value.text.toLowerCase().split(';') : []))
    return (record) => {
      const value = read(column, record, scope.world)
      const held = new Set(typeof value === 'string' ? value.toLowerCase().split(';') : [])
      return groups.some((group) => group.length > 0 && group.every((one) => held.has(one))) !== isNegated
    }
  }
  const operands = condition.values.map((value) => operand(column, value, condition.at, scope))
  const spans = operands.filter(isSpan)
  const values = new Set(operands.filter((value): value is SfValue => !isSpan(value)).map((value) => folded(column, value)))
  return (record) => {
    const value = read(column, record, scope.world)
    const time = spans.length > 0 ? timeOf(value) : null
    const isIn = values.has(folded(column, value)) || (time !== null && spans.some(({ from, to }) => time >= from && time < to))
    return isIn !== isNegated
  }
}

function compareForOrder(
  a: SfValue,
  b: SfValue,
  { isDescending, isNullsLast, isExact }: { readonly isDescending: boolean; readonly isNullsLast: boolean; readonly isExact: boolean },
): number {
  if (a === null || b === null) {
    if (a === b) return 0
    return (a === null) === isNullsLast ? 1 : -1
  }
  const sign = typeof a === 'string' && typeof b === 'string' ? compareTexts(a, b, isExact) : Number(a) - Number(b)
  return isDescending ? -sign : sign
}

function compareTexts(a: string, b: string, isExact: boolean): number {
  const [left, right] = isExact ? [a, b] : [a.toLowerCase(), b.toLowerCase()]
  if (left !== right) return left < right ? -1 : 1
  return a === b ? 0 : a < b ? -1 : 1
}
