import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { addDays, addMonths, firstWeekdayOf, spanOf, ZoneClock } from '../../workbook/calendar.ts'
import type { CellValue } from '../../workbook/cell-value.ts'
import { makeValueFormats } from '../../workbook/field-values.ts'
import type { Field } from '../../workbook/fields.ts'
import type { FieldId } from '../../workbook/ids.ts'
import { makeTextOrder } from '../../workbook/text-order.ts'
import { type Condition, type FilterGroup, type FilterPart, type Operand, STATE_FIELD } from '../../workbook/view.ts'
import {
  compileFilter,
  containsFolded,
  filterContext,
  ME,
  matches,
  OPERATORS,
  type RowState,
  valuesToMatch,
} from '../../workbook/view-filter.ts'

/** Saturday, in Berlin an hour ahead of UTC. */
const NOW = Date.UTC(2026, 10, 21, 12)
const FORMATS = makeValueFormats({ locale: 'de', timeZone: 'Europe/Berlin', now: () => NOW })
const CONTEXT = filterContext(FORMATS, 'ann', NOW)

const fieldOf = (type: Field['type'], options: Field['options'] = []): Field => ({
  id: type as unknown as FieldId,
  name: type,
  type,
  order: 'a0',
  width: 100,
  options,
  isHidden: false,
})
const OPTIONS = [
  { id: 'o1', name: 'To Do' },
  { id: 'o2', name: 'Done' },
]
const PEOPLE = [
  { id: 'ann', name: 'Ann Lee' },
  { id: 'ben', name: 'Ben Ortiz' },
]
const FIELDS: Readonly<Record<string, Field>> = {
  text: fieldOf('text'),
  number: fieldOf('number'),
  day: fieldOf('date'),
  instant: fieldOf('date-time'),
  check: fieldOf('checkbox'),
  option: fieldOf('single-select', OPTIONS),
  person: fieldOf('person', PEOPLE),
}

const condition = (field: Field, operator: string, operand: Operand = null): Condition => ({
  kind: 'condition',
  field: field.id,
  operator,
  operand,
})
const group = (join: 'and' | 'or', ...parts: FilterPart[]): FilterGroup => ({ kind: 'group', join, parts })

function passes(part: FilterPart, values: Readonly<Record<string, CellValue>>, states: readonly RowState[] = []): boolean {
  const { filter } = compileFilter(group('and', part), Object.values(FIELDS), CONTEXT)
  return (
    filter === undefined ||
    matches(
      filter,
      (id) => values[id] ?? null,
      (state) => states.includes(state),
    )
  )
}

interface Row {
  readonly kind: string
  readonly operator: string
  readonly operand?: Operand
  readonly yes: readonly CellValue[]
  readonly no: readonly CellValue[]
}

const EMPTIES: readonly CellValue[] = [null, '']
const day = (n: number): string => addDays('2026-11-21', n)
const at = (text: string): string => new Date(text).toISOString()

/** Days and instants alike: which days an operator admits. */
const DATE_ROWS: readonly { operator: string; operand?: Operand; yes: readonly string[]; no: readonly string[] }[] = [
  { operator: 'is', operand: '2026-11-21', yes: [day(0)], no: [day(1), day(-1)] },
  { operator: 'before', operand: '2026-11-21', yes: [day(-1), '0001-01-02'], no: [day(0), day(1)] },
  { operator: 'after', operand: '2026-11-21', yes: [day(1), '9999-12-30'], no: [day(0), day(-1)] },
  { operator: 'on-or-before', operand: '2026-11-21', yes: [day(0), day(-1)], no: [day(1)] },
  { operator: 'on-or-after', operand: '2026-11-21', yes: [day(0), day(1)], no: [day(-1)] },
  { operator: 'between', operand: ['2026-11-23', '2026-11-21'], yes: [day(0), day(2)], no: [day(-1), day(3)] },
  { operator: 'last', operand: [3, 'days'], yes: [day(0), day(-3)], no: [day(1), day(-4)] },
  { operator: 'last', operand: [2, 'weeks'], yes: [day(-14)], no: [day(-15), day(1)] },
  { operator: 'last', operand: [1, 'months'], yes: ['2026-10-21'], no: ['2026-10-20', day(1)] },
  { operator: 'next', operand: [3, 'days'], yes: [day(0), day(3)], no: [day(-1), day(4)] },
  { operator: 'next', operand: [1, 'months'], yes: ['2026-12-21'], no: ['2026-12-22', day(-1)] },
  { operator: 'today', yes: [day(0)], no: [day(1), day(-1)] },
  { operator: 'yesterday', yes: [day(-1)], no: [day(0), day(-2)] },
  { operator: 'tomorrow', yes: [day(1)], no: [day(0), day(2)] },
  { operator: 'this-week', yes: ['2026-11-16', '2026-11-22'], no: ['2026-11-15', '2026-11-23'] },
  { operator: 'this-month', yes: ['2026-11-01', '2026-11-30'], no: ['2026-10-31', '2026-12-01'] },
  { operator: 'this-year', yes: ['2026-01-01', '2026-12-31'], no: ['2025-12-31', '2027-01-01'] },
]

const ROWS: readonly Row[] = [
  { kind: 'text', operator: 'contains', operand: 'Ä', yes: ['Bär', 'ÄRGER'], no: ['Bar', ...EMPTIES] },
  { kind: 'text', operator: 'not-contains', operand: 'b', yes: ['x', ...EMPTIES], no: ['aB'] },
  { kind: 'text', operator: 'is', operand: 'One', yes: ['one', 'ONE'], no: ['ones', ...EMPTIES] },
  { kind: 'text', operator: 'is-not', operand: 'One', yes: ['ones', ...EMPTIES], no: ['one'] },
  { kind: 'text', operator: 'starts', operand: 're', yes: ['Review'], no: ['preview', ...EMPTIES] },
  { kind: 'text', operator: 'ends', operand: 'VIEW', yes: ['preview'], no: ['views', ...EMPTIES] },
  { kind: 'number', operator: 'eq', operand: 3, yes: [3], no: [3.1, '3', ...EMPTIES] },
  { kind: 'number', operator: 'ne', operand: 3, yes: [4, 'x', ...EMPTIES], no: [3] },
  { kind: 'number', operator: 'lt', operand: 3, yes: [2.9, -5], no: [3, 'a', ...EMPTIES] },
  { kind: 'number', operator: 'le', operand: 3, yes: [3, 0], no: [3.01, ...EMPTIES] },
  { kind: 'number', operator: 'gt', operand: 3, yes: [4], no: [3, ...EMPTIES] },
  { kind: 'number', operator: 'ge', operand: 3, yes: [3, 9], no: [2, ...EMPTIES] },
  { kind: 'number', operator: 'between', operand: [5, 1], yes: [1, 5, 3], no: [0, 6, ...EMPTIES] },
  { kind: 'check', operator: 'checked', yes: [true], no: [false, ...EMPTIES] },
  { kind: 'check', operator: 'unchecked', yes: [false, ...EMPTIES], no: [true] },
  { kind: 'option', operator: 'any-of', operand: ['o2'], yes: ['o2', 'Done', 'done'], no: ['o1', ...EMPTIES] },
  { kind: 'option', operator: 'none-of', operand: ['o2'], yes: ['o1', ...EMPTIES], no: ['o2'] },
  { kind: 'person', operator: 'any-of', operand: [ME], yes: ['ann'], no: ['ben', ...EMPTIES] },
  { kind: 'person', operator: 'none-of', operand: ['ben', ME], yes: ['cy', ...EMPTIES], no: ['ann', 'ben'] },
  ...['text', 'number', 'day', 'instant', 'option', 'person'].flatMap((kind): Row[] => [
    { kind, operator: 'empty', yes: EMPTIES, no: ['x', 0] },
    { kind, operator: 'filled', yes: ['x', 0], no: EMPTIES },
  ]),
  ...DATE_ROWS.map((row): Row => ({ ...row, kind: 'day', no: [...row.no, 'soon', ...EMPTIES] })),
  ...DATE_ROWS.map(
    (row): Row => ({
      ...row,
      kind: 'instant',
      // The first and last moment of each day where the person is.
      yes: row.yes
        .filter((d) => d > '1900')
        .flatMap((d) => [CONTEXT.clock.startOf(d), new Date(Date.parse(CONTEXT.clock.startOf(addDays(d, 1))) - 1).toISOString()]),
      no: [...row.no.flatMap((d) => [CONTEXT.clock.startOf(d)]), 'soon', ...EMPTIES],
    }),
  ),
]

describe('the operators of a filter', () => {
  test.each(ROWS)('[VW6] $kind: $operator $operand', ({ kind, operator, operand, yes, no }) => {
    const field = FIELDS[kind]
    if (field === undefined) throw new Error(kind)
    const asked = condition(field, operator, operand ?? null)
    expect(yes.filter((value) => !passes(asked, { [field.id]: value }))).toEqual([])
    expect(no.filter((value) => passes(asked, { [field.id]: value }))).toEqual([])
  })

  test('[VW6] every operator of every kind is in the table', () => {
    const shown = new Set(ROWS.map(({ kind, operator }) => `${kind}.${operator}`))
    const all = Object.entries(OPERATORS).flatMap(([kind, operators]) => Object.keys(operators).map((operator) => `${kind}.${operator}`))
    expect(all.filter((name) => !shown.has(name) && !name.startsWith('state.') && !name.startsWith('options.'))).toEqual([])
  })

  test('[VW6] several options of one cell: any, all, none', () => {
    const field = { ...fieldOf('single-select', OPTIONS), type: 'multi-select' as Field['type'] }
    const both = JSON.stringify(['o1', 'o2'])
    const ask = (operator: string, operand: Operand, value: CellValue): boolean => {
      const { filter } = compileFilter(group('and', condition(field, operator, operand)), [field], CONTEXT)
      return (
        filter !== undefined &&
        matches(
          filter,
          () => value,
          () => false,
        )
      )
    }
    expect(ask('any-of', ['o2', 'o3'], both)).toBe(true)
    expect(ask('all-of', ['o2', 'o1'], both)).toBe(true)
    expect(ask('all-of', ['o2', 'o1'], JSON.stringify(['o1']))).toBe(false)
    expect(ask('none-of', ['o2'], JSON.stringify(['o1']))).toBe(true)
    expect(ask('none-of', ['o2'], both)).toBe(false)
    expect(ask('none-of', ['o2'], null)).toBe(true)
  })

  test('[VW7] a row is asked for its state', () => {
    const asked = (operator: string, ...states: RowState[]): Condition => ({
      kind: 'condition',
      field: STATE_FIELD,
      operator,
      operand: states,
    })
    expect(passes(asked('any-of', 'staged', 'gone'), {}, ['gone'])).toBe(true)
    expect(passes(asked('any-of', 'staged'), {}, ['gone'])).toBe(false)
    expect(passes(asked('none-of', 'staged'), {}, ['staged'])).toBe(false)
  })

  test('[VW8] what is unknown, unfinished or too deep hides no row, and what is unknown is said', () => {
    const { text } = FIELDS
    if (text === undefined) throw new Error('text')
    const known = condition(text, 'is', 'x')
    const parts: FilterPart[] = [
      known,
      { ...known, field: 'gone' as FieldId },
      condition(text, 'resembles', 'x'),
      condition(text, 'contains'),
      group('or', group('and', group('or', group('and', known)))),
    ]
    const compiled = compileFilter(group('and', ...parts), Object.values(FIELDS), CONTEXT)
    expect(compiled.active).toBe(1)
    expect(compiled.ignored.map((one) => (one === 'too-deep' ? one : one.why))).toEqual(['no-field', 'no-operator', 'too-deep'])
    expect(compileFilter(group('or', condition(text, 'contains')), [text], CONTEXT).filter).toBeUndefined()
  })

  test('[VW9] groups of conditions hold by the laws of and and or, nested three deep', () => {
    const leaf = fc.constantFrom(...[0, 1, 2, 3].map((n) => condition(FIELDS.number as Field, 'gt', n)))
    const tree = fc.letrec<{ part: FilterPart }>((tie) => ({
      part: fc.oneof(
        { depthSize: 'small', maxDepth: 1 },
        leaf,
        fc
          .tuple(fc.constantFrom('and' as const, 'or' as const), fc.array(tie('part'), { minLength: 1, maxLength: 3 }))
          .map(([join, parts]) => group(join, ...parts)),
      ),
    })).part
    const holds = (part: FilterPart, value: number): boolean =>
      part.kind === 'condition'
        ? value > Number(part.operand)
        : part.join === 'and'
          ? part.parts.every((inner) => holds(inner, value))
          : part.parts.some((inner) => holds(inner, value))
    fc.assert(
      fc.property(tree, fc.integer({ min: -1, max: 5 }), (part, value) => passes(part, { number: value }) === holds(part, value)),
      { seed: 7, numRuns: 300 },
    )
  })

  test('[VW10] a new row gets the values that make it match, where there are any', () => {
    const { text, option, person, check, number, day: due } = FIELDS as Record<string, Field>
    if (!text || !option || !person || !check || !number || !due) throw new Error('fields')
    const filter = group(
      'and',
      condition(text, 'contains', 'x'),
      condition(option, 'any-of', ['o2', 'o1']),
      condition(person, 'any-of', [ME]),
      group('or', condition(check, 'checked'), condition(number, 'ge', 4)),
      condition(due, 'this-week'),
    )
    const values = valuesToMatch(filter, Object.values(FIELDS), CONTEXT)
    expect(Object.fromEntries(values.map(({ field, value }) => [field, value]))).toEqual({
      text: 'x',
      'single-select': 'o2',
      person: 'ann',
      checkbox: true,
      date: '2026-11-21',
    })
    expect(passes(filter, Object.fromEntries(values.map(({ field, value }) => [field, value])))).toBe(true)
  })
})

describe('days and texts', () => {
  test('[VW11] a week begins where the person lives, and months end where they end', () => {
    expect([firstWeekdayOf('de'), firstWeekdayOf('en-US')]).toEqual([1, 7])
    expect(spanOf('this-week', { timeZone: 'UTC', firstWeekday: 7, today: '2026-11-21' })).toEqual({ from: '2026-11-15', to: '2026-11-21' })
    expect([addMonths('2026-01-31', 1), addMonths('2028-02-29', -12), addDays('2026-12-31', 1)]).toEqual([
      '2026-02-28',
      '2027-02-28',
      '2027-01-01',
    ])
  })

  test.each([
    { timeZone: 'Europe/Berlin', day: '2026-03-29', start: '2026-03-28T23:00:00.000Z' },
    { timeZone: 'Europe/Berlin', day: '2026-03-30', start: '2026-03-29T22:00:00.000Z' },
    { timeZone: 'America/Sao_Paulo', day: '2018-11-04', start: '2018-11-04T03:00:00.000Z' },
    { timeZone: 'Pacific/Kiritimati', day: '2026-11-21', start: '2026-11-20T10:00:00.000Z' },
    { timeZone: 'America/St_Johns', day: '2026-11-21', start: '2026-11-21T03:30:00.000Z' },
  ])('[VW11] $day begins in $timeZone at $start', ({ timeZone, day: date, start }) => {
    const clock = new ZoneClock(timeZone)
    expect(clock.startOf(date)).toBe(start)
    expect(clock.dayOf(Date.parse(start))).toBe(date)
    expect(clock.dayOf(Date.parse(start) - 1)).toBe(addDays(date, -1))
  })

  test('[VW12] texts are ordered as the language orders them, letter for letter', () => {
    const alphabet = [...'abcABCchzZ019 -_.,!éüßöÄç日Ж😀\u0301\u00ad\t"\'(']
    const text = fc.array(fc.constantFrom(...alphabet), { maxLength: 6 }).map((letters) => letters.join(''))
    for (const locale of ['en', 'de', 'sv', 'cs', 'da', 'ja', 'tr']) {
      const collator = new Intl.Collator(locale, { numeric: true })
      const order = makeTextOrder(collator)
      fc.assert(
        fc.property(text, text, (a, b) => Math.sign(order(a, b)) === Math.sign(collator.compare(a, b))),
        { seed: 11, numRuns: 3_000 },
      )
    }
  })

  test('[VW6] an instant counts to the day it is where the person is', () => {
    const { instant } = FIELDS
    if (instant === undefined) throw new Error('instant')
    expect(passes(condition(instant, 'is', '2026-11-22'), { 'date-time': at('2026-11-21T23:30:00Z') })).toBe(true)
    expect(passes(condition(instant, 'is', '2026-11-22'), { 'date-time': '2026-11-22T00:30:00+01:00' })).toBe(true)
    // The end of 9999, typed in America.
    expect(passes(condition(instant, 'after', '2026-11-22'), { 'date-time': '+010000-01-01T07:59:59.000Z' })).toBe(true)
    expect(passes(condition(instant, 'before', '2026-11-22'), { 'date-time': '+010000-01-01T07:59:59.000Z' })).toBe(false)
  })
})

test('[VW6] a text is found in another by any case of its letters, as if both were folded', () => {
  const letters = fc
    .array(fc.constantFrom(...'aAbBsSkKiIıİſßÄäÿŸµμΜéE\u0301eé漢😀.*+?^$([\\ '), { maxLength: 5 })
    .map((all) => all.join(''))
  const fold = (text: string): string => text.normalize('NFC').toLowerCase()
  fc.assert(
    fc.property(letters, letters, letters, (before, wanted, after) => {
      for (const text of [before + wanted + after, before + wanted.toUpperCase() + after, before + after])
        expect(containsFolded(wanted)(text)).toBe(fold(text).includes(fold(wanted)))
    }),
    { seed: 20261121, numRuns: 3_000 },
  )
})
