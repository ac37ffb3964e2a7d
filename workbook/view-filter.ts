import {
  type Calendar,
  type DaySpan,
  firstWeekdayOf,
  isDay,
  type Period,
  SPAN_UNITS,
  type SpanUnit,
  spanAround,
  spanOf,
  ZoneClock,
} from './calendar.ts'
import { type CellValue, choicesOf, choicesValue } from './cell-value.ts'
import { showValue, type ValueFormats } from './field-values.ts'
import type { Field } from './fields.ts'
import type { FieldId } from './ids.ts'
import { escapeRegExp } from './typed-text.ts'
import { kindOfField, type ValueKind } from './value-kind.ts'
import { type Condition, FILTER_DEPTH, type FilterGroup, type FilterPart, type Operand, STATE_FIELD } from './view.ts'

/** What a row's state may be asked for. */
export const ROW_STATES = ['staged', 'needs-person', 'linked', 'unlinked', 'gone', 'invalid', 'edited-by-me'] as const
export type RowState = (typeof ROW_STATES)[number]

/** In a person field, whoever looks. */
export const ME = '$me'

/** What an operator is asked with. */
export type OperandKind = 'none' | 'text' | 'number' | 'number-range' | 'day' | 'day-range' | 'span' | 'options' | 'people' | 'states'

const NONE = { empty: 'none', filled: 'none' } as const
const DAYS = {
  is: 'day',
  before: 'day',
  after: 'day',
  'on-or-before': 'day',
  'on-or-after': 'day',
  between: 'day-range',
  last: 'span',
  next: 'span',
  today: 'none',
  yesterday: 'none',
  tomorrow: 'none',
  'this-week': 'none',
  'this-month': 'none',
  'this-year': 'none',
  ...NONE,
} as const

/** Every operator of every kind of value, with what it is asked with, in the order they are offered. */
export const OPERATORS = {
  text: {
    contains: 'text',
    'not-contains': 'text',
    is: 'text',
    'is-not': 'text',
    starts: 'text',
    ends: 'text',
    ...NONE,
  },
  number: { eq: 'number', ne: 'number', lt: 'number', le: 'number', gt: 'number', ge: 'number', between: 'number-range', ...NONE },
  day: DAYS,
  instant: DAYS,
  check: { checked: 'none', unchecked: 'none' },
  option: { 'any-of': 'options', 'none-of': 'options', ...NONE },
  options: { 'any-of': 'options', 'all-of': 'options', 'none-of': 'options', ...NONE },
  person: { 'any-of': 'people', 'none-of': 'people', ...NONE },
  state: { 'any-of': 'states', 'none-of': 'states' },
} as const satisfies Record<ValueKind | 'state', Readonly<Record<string, OperandKind>>>

export type OperatorTable = Readonly<Record<string, OperandKind>>

/** The operators that fit a field, or the row's state. */
export const operatorsOf = (field: Pick<Field, 'type'> | typeof STATE_FIELD): OperatorTable =>
  field === STATE_FIELD ? OPERATORS.state : OPERATORS[kindOfField(field.type)]

/** What conditions depend on besides the values: who looks, where and when. */
export interface FilterContext {
  readonly formats: ValueFormats
  readonly me: string
  readonly calendar: Calendar
  readonly clock: ZoneClock
}

/** The context of a person at a moment; made anew when the day ends. */
export function filterContext(formats: ValueFormats, me: string, now: number): FilterContext {
  const clock = new ZoneClock(formats.timeZone)
  const calendar = { timeZone: formats.timeZone, firstWeekday: firstWeekdayOf(formats.locale), today: clock.dayOf(now) }
  return { formats, me, calendar, clock }
}

/** Why a condition has no effect: it is left out, and every row it would have tested stays. */
export type Ignored = { readonly condition: Condition; readonly why: 'no-field' | 'no-operator' | 'bad-operand' } | 'too-deep'

export type ValueTest = (value: CellValue) => boolean

/** A filter ready to be asked. */
export type Filter =
  | { readonly kind: 'value'; readonly field: FieldId; readonly test: ValueTest }
  | { readonly kind: 'state'; readonly states: ReadonlySet<RowState>; readonly isNegated: boolean }
  | { readonly kind: 'group'; readonly join: 'and' | 'or'; readonly parts: readonly Filter[] }

export interface CompiledFilter {
  /** `undefined`: every row matches. */
  readonly filter: Filter | undefined
  readonly fields: readonly FieldId[]
  readonly asksState: boolean
  readonly ignored: readonly Ignored[]
  /** Conditions that have an effect. */
  readonly active: number
}

/** Makes a filter ready. What is unknown or unfinished is left out: it never hides a row. */
export function compileFilter(group: FilterGroup, fields: readonly Field[], context: FilterContext): CompiledFilter {
  const byId = new Map(fields.map((field) => [field.id, field]))
  const ignored: Ignored[] = []
  const used = new Set<FieldId>()
  let asksState = false
  let active = 0
  const compileOne = (condition: Condition): Filter | undefined => {
    const field = condition.field === STATE_FIELD ? STATE_FIELD : byId.get(condition.field)
    const why = field === undefined ? 'no-field' : operandProblem(field, condition)
    if (field === undefined || why !== undefined) {
      if (why !== undefined && why !== 'unfinished') ignored.push({ condition, why })
      return undefined
    }
    active++
    if (field === STATE_FIELD) {
      asksState = true
      const states = listOperand(condition.operand).filter(isRowState)
      return { kind: 'state', states: new Set(states), isNegated: condition.operator === 'none-of' }
    }
    used.add(field.id)
    return { kind: 'value', field: field.id, test: valueTest(field, condition, context) }
  }
  const compilePart = (part: FilterPart, depth: number): Filter | undefined => {
    if (part.kind === 'condition') return compileOne(part)
    if (depth > FILTER_DEPTH) {
      ignored.push('too-deep')
      return undefined
    }
    const parts = part.parts.map((inner) => compilePart(inner, depth + 1)).filter((inner) => inner !== undefined)
    const [only] = parts
    return parts.length < 2 ? only : { kind: 'group', join: part.join, parts }
  }
  const filter = compilePart(group, 1)
  return { filter, fields: [...used], asksState, ignored, active }
}

const isRowState = (state: CellValue): state is RowState => (ROW_STATES as readonly CellValue[]).includes(state)

const listOperand = (operand: Operand): readonly CellValue[] =>
  Array.isArray(operand) ? operand : operand === null ? [] : [operand as CellValue]

/** What keeps a condition from being asked: `unfinished` is no mistake, the person has yet to say with what. */
export function operandProblem(
  field: Pick<Field, 'type'> | typeof STATE_FIELD,
  { operator, operand }: Condition,
): 'no-operator' | 'bad-operand' | 'unfinished' | undefined {
  const kind = operatorsOf(field)[operator]
  if (kind === undefined) return 'no-operator'
  const list = listOperand(operand)
  const isOpen = list.length === 0 || list.every((value) => value === null || value === '')
  switch (kind) {
    case 'none':
      return undefined
    case 'text':
      return isOpen ? 'unfinished' : typeof list[0] === 'string' ? undefined : 'bad-operand'
    case 'number':
      return isOpen ? 'unfinished' : typeof list[0] === 'number' ? undefined : 'bad-operand'
    case 'number-range':
      return pairProblem(list, isOpen, (value) => typeof value === 'number')
    case 'day':
      return isOpen ? 'unfinished' : isDay(list[0]) ? undefined : 'bad-operand'
    case 'day-range':
      return pairProblem(list, isOpen, isDay)
    case 'span': {
      const [count, unit] = list
      if (count === null || count === undefined) return 'unfinished'
      const isCount = typeof count === 'number' && Number.isInteger(count) && count >= 0 && count <= 10_000
      return isCount && (SPAN_UNITS as readonly unknown[]).includes(unit) ? undefined : 'bad-operand'
    }
    case 'options':
    case 'people':
      return isOpen ? 'unfinished' : undefined
    case 'states':
      return isOpen ? 'unfinished' : list.some(isRowState) ? undefined : 'bad-operand'
  }
}

function pairProblem(
  list: readonly CellValue[],
  isOpen: boolean,
  isGood: (value: CellValue) => boolean,
): 'bad-operand' | 'unfinished' | undefined {
  if (isOpen) return 'unfinished'
  const known = list.filter((value) => value !== null && value !== '')
  if (!known.every(isGood)) return 'bad-operand'
  return known.length < 2 ? 'unfinished' : undefined
}

const isEmpty = (value: CellValue): boolean => value === null || value === ''
const fold = (text: string): string => text.normalize('NFC').toLowerCase()
/** Letters from here on may have other forms than their two cases. */
const UNPLAIN = /[\u0130-\uffff]/

/** Whether a text holds another, whatever the case: folding each of 100,000 texts would take four times as long as looking at it. */
export function containsFolded(wanted: string): (text: string) => boolean {
  const folded = fold(wanted)
  if (UNPLAIN.test(folded)) return (text) => fold(text).includes(folded)
  const plain = new RegExp(escapeRegExp(folded), 'i')
  return (text) => (UNPLAIN.test(text) ? fold(text).includes(folded) : plain.test(text))
}

/** A condition as a question to one value. The operand is known to fit. */
export function valueTest(field: Field, condition: Condition, context: FilterContext): ValueTest {
  const { operator } = condition
  if (operator === 'empty') return isEmpty
  if (operator === 'filled') return (value) => !isEmpty(value)
  const list = listOperand(condition.operand)
  switch (kindOfField(field.type)) {
    case 'text':
      return textTest(operator, fold(String(list[0])))
    case 'number':
      return numberTest(operator, list.map(Number))
    case 'check':
      return (value) => (value === true) === (operator === 'checked')
    case 'day':
      return dayTest(operator, list, context)
    case 'instant':
      return instantTest(operator, list, context)
    case 'option':
    case 'person':
      return optionTest(field, operator, list, context)
    case 'options':
      return optionsTest(field, operator, list, context)
  }
}

function textTest(operator: string, wanted: string): ValueTest {
  const ask =
    (test: (text: string) => boolean): ValueTest =>
    (value) =>
      value !== null && test(fold(String(value)))
  const not =
    (test: (text: string) => boolean): ValueTest =>
    (value) =>
      value === null || !test(fold(String(value)))
  const contains = containsFolded(wanted)
  switch (operator) {
    case 'contains':
      return (value) => value !== null && contains(String(value))
    case 'not-contains':
      return (value) => value === null || !contains(String(value))
    case 'is':
      return ask((text) => text === wanted)
    case 'is-not':
      return not((text) => text === wanted)
    case 'starts':
      return ask((text) => text.startsWith(wanted))
    default:
      return ask((text) => text.endsWith(wanted))
  }
}

function numberTest(operator: string, [first = 0, second = 0]: readonly number[]): ValueTest {
  const ask =
    (test: (n: number) => boolean): ValueTest =>
    (value) =>
      typeof value === 'number' && test(value)
  switch (operator) {
    case 'eq':
      return ask((n) => n === first)
    case 'ne':
      return (value) => value !== first
    case 'lt':
      return ask((n) => n < first)
    case 'le':
      return ask((n) => n <= first)
    case 'gt':
      return ask((n) => n > first)
    case 'ge':
      return ask((n) => n >= first)
    default:
      return ask((n) => n >= Math.min(first, second) && n <= Math.max(first, second))
  }
}

const isPeriod = (operator: string): operator is Period =>
  ['today', 'yesterday', 'tomorrow', 'this-week', 'this-month', 'this-year'].includes(operator)

/** The days a condition on dates admits; an end that is left out is open. */
function daysOf(operator: string, list: readonly CellValue[], { calendar }: FilterContext): Partial<DaySpan> & { isStrict?: boolean } {
  if (isPeriod(operator)) return spanOf(operator, calendar)
  if (operator === 'last' || operator === 'next') return spanAround(operator, Number(list[0]), list[1] as SpanUnit, calendar)
  const [first = '', second = ''] = list.map(String)
  switch (operator) {
    case 'is':
      return { from: first, to: first }
    case 'before':
      return { to: first, isStrict: true }
    case 'after':
      return { from: first, isStrict: true }
    case 'on-or-before':
      return { to: first }
    case 'on-or-after':
      return { from: first }
    default:
      return first <= second ? { from: first, to: second } : { from: second, to: first }
  }
}

function dayTest(operator: string, list: readonly CellValue[], context: FilterContext): ValueTest {
  const { from, to, isStrict } = daysOf(operator, list, context)
  return (value) => {
    if (!isDay(value)) return false
    if (isStrict === true && (value === from || value === to)) return false
    return (from === undefined || value >= from) && (to === undefined || value <= to)
  }
}

const LAST_INSTANT = Date.parse('9999-12-31T23:59:59.999Z')
const INSTANT_LENGTH = '2026-11-21T00:00:00.000Z'.length

/** Instants are compared as the texts they are written as; days begin and end where the person is. */
function instantTest(operator: string, list: readonly CellValue[], context: FilterContext): ValueTest {
  const { from, to, isStrict } = daysOf(operator, list, context)
  const { clock } = context
  const dayAfter = (day: string): string => clock.startOf(clock.dayOf(Date.parse(clock.startOf(day)) + 36 * 3_600_000))
  const start = from === undefined ? undefined : isStrict ? dayAfter(from) : clock.startOf(from)
  const end = to === undefined ? undefined : isStrict ? clock.startOf(to) : dayAfter(to)
  return (value) => {
    const instant = asInstant(value)
    return instant !== undefined && (start === undefined || instant >= start) && (end === undefined || instant < end)
  }
}

function asInstant(value: CellValue): string | undefined {
  if (typeof value !== 'string') return undefined
  if (value.length === INSTANT_LENGTH && value.endsWith('Z')) return value
  const ms = Date.parse(value)
  // A year of more than four figures is written with a sign, and would come before all others.
  return Number.isNaN(ms) ? undefined : new Date(Math.min(ms, LAST_INSTANT)).toISOString()
}

/** Options and people are compared under the name they are shown by, so that `DONE` of an app is the option Done. */
function wantedNames(field: Field, list: readonly CellValue[], { me, formats }: FilterContext): ReadonlySet<string> {
  return new Set(list.filter((id) => !isEmpty(id)).map((id) => showValue(field, id === ME ? me : id, formats)))
}

function optionTest(field: Field, operator: string, list: readonly CellValue[], context: FilterContext): ValueTest {
  const wanted = wantedNames(field, list, context)
  const isIn: ValueTest = (value) => !isEmpty(value) && wanted.has(showValue(field, value, context.formats))
  return operator === 'none-of' ? (value) => !isIn(value) : isIn
}

function optionsTest(field: Field, operator: string, list: readonly CellValue[], context: FilterContext): ValueTest {
  const wanted = wantedNames({ ...field, type: 'single-select' }, list, context)
  const namesOf = (value: CellValue): readonly string[] =>
    choicesOf(value).map((id) => showValue({ ...field, type: 'single-select' }, id, context.formats))
  switch (operator) {
    case 'any-of':
      return (value) => namesOf(value).some((name) => wanted.has(name))
    case 'all-of':
      return (value) => {
        const names = new Set(namesOf(value))
        return [...wanted].every((name) => names.has(name))
      }
    default:
      return (value) => !namesOf(value).some((name) => wanted.has(name))
  }
}

/** Asks a filter of one row. */
export function matches(filter: Filter, cellOf: (field: FieldId) => CellValue, hasState: (state: RowState) => boolean): boolean {
  switch (filter.kind) {
    case 'value':
      return filter.test(cellOf(filter.field))
    case 'state':
      return [...filter.states].some(hasState) !== filter.isNegated
    case 'group':
      return filter.join === 'and'
        ? filter.parts.every((part) => matches(part, cellOf, hasState))
        : filter.parts.some((part) => matches(part, cellOf, hasState))
  }
}

/** Values that make a new row match, as far as there are any: of conditions that all must hold, those that name a value. */
export function valuesToMatch(
  group: FilterGroup,
  fields: readonly Field[],
  context: Pick<FilterContext, 'me' | 'calendar' | 'clock'>,
): readonly { readonly field: FieldId; readonly value: CellValue }[] {
  const byId = new Map(fields.map((field) => [field.id, field]))
  const parts = group.join === 'and' || group.parts.length === 1 ? group.parts : group.parts.slice(0, 1)
  const found = new Map<FieldId, CellValue>()
  for (const part of parts) {
    if (part.kind === 'group') {
      for (const { field, value } of valuesToMatch(part, fields, context)) if (!found.has(field)) found.set(field, value)
      continue
    }
    const field = part.field === STATE_FIELD ? undefined : byId.get(part.field)
    if (field === undefined || operandProblem(field, part) !== undefined || found.has(field.id)) continue
    const value = matchingValue(kindOfField(field.type), part, context)
    if (value !== undefined) found.set(field.id, value)
  }
  return [...found].map(([field, value]) => ({ field, value }))
}

function matchingValue(
  kind: ValueKind,
  { operator, operand }: Condition,
  { me, calendar, clock }: Pick<FilterContext, 'me' | 'calendar' | 'clock'>,
): CellValue | undefined {
  const list = listOperand(operand)
  const [first] = list
  const onDay = (day: CellValue | undefined): CellValue | undefined =>
    kind === 'instant' && typeof day === 'string' ? clock.startOf(day) : day
  switch (operator) {
    case 'is':
    case 'on-or-before':
    case 'on-or-after':
      return onDay(first)
    case 'eq':
    case 'contains':
    case 'starts':
    case 'ends':
    case 'le':
    case 'ge':
      return first
    case 'any-of':
      return kind === 'options' ? choicesValue([String(first)]) : first === ME ? me : first
    case 'all-of':
      return choicesValue(list.map(String))
    case 'checked':
      return true
    case 'today':
    case 'this-week':
    case 'this-month':
    case 'this-year':
    case 'last':
    case 'next':
      return onDay(calendar.today)
    default:
      return undefined
  }
}
