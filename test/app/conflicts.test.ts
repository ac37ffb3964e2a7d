import { describe, expect, test } from 'vitest'
import { nextSheetOf } from '../../app/conflicts/next-sheet.ts'
import { dryRun, inScope, type Problem, placeOf, problemsOf, scopesOf } from '../../app/conflicts/resolve.ts'
import { choicesPart, doStepAgain, EMPTY_UNDO, pushStep, takeBackStep } from '../../app/grid/undo-stack.ts'
import { isRoundTheEnd, surveySheet } from '../../app/sync-panel/survey.ts'
import type { Annotation } from '../../workbook/annotations.ts'
import { cellStatus } from '../../workbook/cell-status.ts'
import { chooseOnMany } from '../../workbook/edit.ts'
import { CONNECTION, FIELD, World } from '../support/world.ts'

const PEOPLE = [
  { name: 'ann', client: 11 },
  { name: 'bob', client: 22 },
]
const world = (): World => new World({ peers: PEOPLE, serverClient: 500, value: 'a' })

const marks = {
  conflict: { kind: 'conflict', id: 'c', at: 1, base: 'a', yours: 'x', theirs: 'c', by: 'ann', cause: 'changed-in-both' },
  differs: { kind: 'differs', id: 'd', at: 1, sent: 'x', got: 'X', difference: 'capitals', by: 'ann' },
  refused: { kind: 'refused', id: 'r', at: 1, value: 'x', reason: 'No.' },
  late: { kind: 'concurrent', id: 'l', at: 1, lines: [], settled: { value: 'x', by: 'bob' } },
  both: { kind: 'concurrent', id: 'b', at: 1, lines: [{ by: 'bob', item: '1:1', value: 'y', at: 1 }] },
} as const satisfies Record<string, Annotation>

const problem = (row: string, annotation: Annotation, more: Partial<Problem> = {}): Problem => ({
  row: row as never,
  field: FIELD,
  connection: CONNECTION,
  kind: annotation.kind as Problem['kind'],
  annotation,
  base: undefined,
  mine: { value: 'x', by: 'ann' },
  theirs: { value: 'c', by: '' },
  others: [],
  hasEntry: false,
  ...more,
})
const ALL = [
  problem('r1', marks.conflict),
  problem('r2', marks.differs),
  problem('r3', marks.differs, { hasEntry: true }),
  problem('r4', marks.refused),
  problem('r5', marks.late),
  problem('r6', marks.both),
]

describe('answering many at once', () => {
  test('[CO2] is counted before it is done: keep what the app has', () => {
    const { answers, putBacks, counts, left } = dryRun(ALL, 'keep-app')
    expect(answers.map(({ row, answer }) => [row, answer.choice])).toEqual([
      ['r1', 'take-theirs'],
      ['r2', 'keep-app'],
      ['r3', 'keep-app'],
      ['r5', 'take-theirs'],
    ])
    expect([putBacks.map(({ row }) => row), counts, left]).toEqual([['r4'], { conflicts: 1, differs: 2, refused: 1, late: 1 }, 1])
  })

  test('[CO2] or send mine; what only people differ in stays for them', () => {
    const { answers, putBacks, counts, left } = dryRun(ALL, 'send-mine')
    expect(answers.map(({ row, answer }) => [row, answer.choice])).toEqual([
      ['r1', 'send-mine'],
      ['r2', 'send-again'],
      ['r4', 'try-again'],
      ['r5', 'send-mine'],
    ])
    // Over a newer edit the sent value cannot be sent again, and two people's values are theirs to choose from.
    expect([putBacks, counts, left]).toEqual([[], { conflicts: 1, differs: 1, refused: 1, late: 1 }, 2])
  })

  test('[CO2] a rule is about a field, an app, a kind, or what is selected', () => {
    const other = problem('r7', marks.conflict, { field: 'other' as never, connection: 'c2' as never })
    const problems = [...ALL, other]
    const selected = new Set([placeOf(other)])
    expect(inScope(problems, { of: 'selected' }, selected)).toEqual([other])
    expect(inScope(problems, { of: 'kind', kind: 'conflict' }, selected)).toHaveLength(2)
    expect(inScope(problems, { of: 'field', field: FIELD }, selected)).toHaveLength(6)
    expect(inScope(problems, { of: 'connection', connection: 'c2' as never }, selected)).toEqual([other])
    expect(scopesOf(problems, selected).map((scope) => scope.of)).toEqual([
      'all',
      'selected',
      'connection',
      'connection',
      'kind',
      'kind',
      'kind',
      'kind',
      'field',
      'field',
    ])
    expect(scopesOf([other], new Set())).toEqual([{ of: 'all' }])
  })
})

describe('the three sides', () => {
  test('[CO1] a conflict shows what was, what is typed here with who and when, and what the app has', () => {
    const w = world().type('ann', 'x').appSets('c').pull()
    const [found, ...more] = problemsOf(w.sheet, surveySheet(w.sheet).needing)
    expect(more).toEqual([])
    expect(found).toMatchObject({ kind: 'conflict', base: 'a', mine: { value: 'x', by: 'ann' }, theirs: { value: 'c' }, others: [] })
    expect([typeof found?.mine.at, typeof found?.theirs.at]).toEqual(['number', 'number'])
  })

  test('[CO1] a warning shows what was sent and what was saved', () => {
    const w = world().type('ann', 'x')
    w.sync(() => ({ kind: 'saved', as: 'X' }))
    expect(problemsOf(w.sheet, surveySheet(w.sheet).needing)).toMatchObject([
      { kind: 'differs', mine: { value: 'x', by: 'ann' }, theirs: { value: 'X' }, hasEntry: false },
    ])
  })

  test('[CO1] values that two people typed are all shown', () => {
    const w = world().offline('ann', 'bob').type('ann', 'x').type('bob', 'y').online('ann', 'bob')
    const [found] = problemsOf(w.sheet, surveySheet(w.sheet).needing)
    expect([found?.mine.value, ...(found?.others.map(({ value }) => value) ?? [])].sort()).toEqual(['x', 'y'])
  })
})

test('[CO3] many answers are one step: taken back together, and given again', () => {
  const w = world().type('ann', 'x').appSets('c').pull()
  const { sheet, editor } = w.peer('bob')
  const ground = { sheet, editor: () => editor }
  const { answers } = dryRun(problemsOf(sheet, surveySheet(sheet).needing), 'keep-app')
  chooseOnMany(sheet, answers, editor)
  w.exchange()
  expect(w.look()).toMatchObject({ shown: 'c', marks: {} })
  const back = takeBackStep(pushStep(EMPTY_UNDO, { parts: [choicesPart(ground, answers)] }))
  w.exchange()
  expect([back?.done, w.look().shown, w.look().marks]).toMatchObject([1, 'x', { conflict: {} }])
  const again = back && doStepAgain(back.stack)
  w.exchange()
  expect([again?.done, w.look()]).toMatchObject([1, { shown: 'c', marks: {} }])
})

describe('the next cell that needs a person', () => {
  const SHEETS = ['s1', 's2', 's3'].map((id) => ({ id, name: id.toUpperCase() }))
  const counted = (cells: readonly number[]) => SHEETS.map(({ id, name }, i) => ({ sheet: id, name, cells: cells[i] ?? 0 }))

  test.each([
    { cells: [1, 0, 2], from: 's1', direction: 1, next: 's3' },
    { cells: [1, 0, 2], from: 's3', direction: 1, next: 's1' },
    { cells: [1, 4, 2], from: 's1', direction: -1, next: 's3' },
    { cells: [5, 0, 0], from: 's1', direction: 1, next: undefined },
    { cells: [0, 0, 0], from: 's2', direction: -1, next: undefined },
  ] as const)('[CO7] is in $next behind $from, $direction', ({ cells, from, direction, next }) => {
    expect(nextSheetOf(SHEETS, counted(cells), from, direction)?.sheet).toBe(next)
  })

  test('[CO7] another sheet comes before the first cell of this one again', () => {
    const at = (rowIndex: number, columnIndex: number) => ({ rowIndex, columnIndex })
    expect([isRoundTheEnd(at(5, 1), at(2, 3), 1), isRoundTheEnd(at(2, 4), at(2, 3), 1), isRoundTheEnd(at(2, 3), at(2, 3), 1)]).toEqual([
      false,
      false,
      true,
    ])
    expect([isRoundTheEnd(at(1, 0), at(2, 3), 1), isRoundTheEnd(at(1, 0), at(2, 3), -1)]).toEqual([true, false])
  })
})

test('[CO4] “always accept” is offered to who may set it, and never for another value', () => {
  const field = {
    id: FIELD,
    name: 'Summary',
    type: 'text',
    options: [],
    binding: { appName: 'Jira', writable: true, connection: CONNECTION },
  } as never
  const labels = (difference: 'capitals' | 'other', mayAcceptKinds: boolean) =>
    cellStatus({
      cell: { value: 'X', baseline: 'X', isStaged: false, marks: { differs: { ...marks.differs, difference } } },
      field,
      isLinked: true,
      mayAcceptKinds,
      me: 'ann',
      nameOf: String,
      showValue: String,
      showTime: String,
    }).choices.map(({ label }) => label)
  expect(labels('capitals', true)).toEqual(['Keep Jira’s', 'Send mine again', 'Always accept capitals in Summary'])
  expect(labels('capitals', false)).toEqual(['Keep Jira’s', 'Send mine again'])
  expect(labels('other', true)).toEqual(['Keep Jira’s', 'Send mine again'])
})
