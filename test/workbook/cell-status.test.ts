import { describe, expect, test } from 'vitest'
import type { Annotation, AnnotationOf, Marks } from '../../workbook/annotations.ts'
import { type CellStatusInput, cellStatus, needsPerson } from '../../workbook/cell-status.ts'
import type { CellValue } from '../../workbook/cell-value.ts'
import type { Binding, Field } from '../../workbook/fields.ts'
import type { FieldId, ItemId } from '../../workbook/ids.ts'
import type { Cell } from '../../workbook/sheet.ts'

const BINDING = {
  connection: 'c1',
  app: 'jira',
  appName: 'Jira',
  external: 'status',
  isConnectionField: false,
  writable: true,
} as unknown as Binding
const FIELD: Field = {
  id: 'f1' as FieldId,
  name: 'Status',
  type: 'text',
  order: 'a0',
  width: 160,
  options: [],
  isHidden: false,
  binding: BINDING,
}
const stamp = { id: 'a1', at: 602 }
const agreed: Cell = { value: 'To Do', baseline: 'To Do', isStaged: false, marks: {} }

/** A cell in which somebody typed `value` over `baseline`. */
function staged(value: CellValue, baseline: CellValue, marks: Marks = {}, by = 'me'): Cell {
  return { value, baseline, entry: { value, base: baseline, at: 1, by }, item: '1:1' as ItemId, isStaged: true, marks }
}

const NAMES: Readonly<Record<string, string>> = { ben: 'Ben', ann: 'Ann' }
function statusOf(cell: Cell, more: Partial<CellStatusInput> = {}) {
  const status = cellStatus({
    cell,
    field: FIELD,
    isLinked: true,
    me: 'me',
    nameOf: (id) => NAMES[id] ?? 'Someone',
    showValue: String,
    showTime: (at) => `10:0${at % 10}`,
    ...more,
  })
  return { kind: status.kind, text: status.text, choices: status.choices.map((choice) => choice.label) }
}

const differs = (more: Partial<AnnotationOf<'differs'>> = {}): AnnotationOf<'differs'> => ({
  ...stamp,
  kind: 'differs',
  sent: 'Done',
  got: 'DONE',
  difference: 'capitals',
  by: 'me',
  ...more,
})
const conflict = (more: Partial<AnnotationOf<'conflict'>> = {}): AnnotationOf<'conflict'> => ({
  ...stamp,
  kind: 'conflict',
  base: 3,
  yours: 5,
  theirs: 8,
  by: 'me',
  cause: 'changed-in-both',
  ...more,
})
const concurrent = (more: Partial<AnnotationOf<'concurrent'>> = {}): AnnotationOf<'concurrent'> => ({
  ...stamp,
  kind: 'concurrent',
  lines: [{ by: 'me', item: '2:1', value: 'Mine', at: 1 }],
  ...more,
})
const refused = (more: Partial<AnnotationOf<'refused'>> = {}): AnnotationOf<'refused'> => ({
  ...stamp,
  kind: 'refused',
  value: 'active',
  reason: 'not an option',
  nearest: 'Active',
  ...more,
})
const record = (kind: 'gone' | 'unmatched'): AnnotationOf<'gone'> | AnnotationOf<'unmatched'> => ({ ...stamp, kind, record: '7' })

describe('the text of a cell’s state', () => {
  test('[U8] an agreed cell says nothing', () => {
    expect(statusOf(agreed)).toEqual({ kind: 'agreed', text: '', choices: [] })
  })

  test('[U8] a staged cell says old and new', () => {
    const text = 'Staged: To Do → In Progress. Goes out with the next sync.'
    expect(statusOf(staged('In Progress', 'To Do'))).toEqual({ kind: 'staged', text, choices: ['Put back'] })
    expect(statusOf(staged(null, 'To Do')).text).toBe('Staged: To Do → none. Goes out with the next sync.')
  })

  test('[U8] a custom field’s cell is never staged', () => {
    const { binding: _, ...custom } = FIELD
    expect(statusOf(staged('x', null), { field: custom }).kind).toBe('agreed')
  })

  test('[U8] a cell that is being sent says so', () => {
    expect(statusOf(staged('b', 'a'), { isSending: true })).toEqual({ kind: 'sending', text: 'Sending… a → b', choices: [] })
  })

  test.each([
    {
      more: { field: { ...FIELD, binding: { ...BINDING, heldBy: 'this object only pulls from Jira.' } } },
      text: 'this object only pulls from Jira.',
    },
    { more: { planned: { text: 'this field only pulls from Jira.' } }, text: 'this field only pulls from Jira.' },
    { more: { isLinked: false }, text: 'this row is not linked to a Jira record yet.' },
  ])('[U8] a held cell names what holds it: $text', ({ more, text }) => {
    expect(statusOf(staged('b', 'a'), more)).toEqual({ kind: 'held', text: `Staged, held: ${text}`, choices: ['Put back'] })
  })

  test('[U8] a value that is no option offers the nearest', () => {
    const planned = { text: '“urgent” is not an option in Jira. Did you mean “Urgent”?', nearest: 'Urgent' }
    const { kind, choices } = statusOf(staged('urgent', 'Low'), { planned })
    expect({ kind, choices }).toEqual({ kind: 'held', choices: ['Use “Urgent”', 'Put back'] })
  })

  test('[U8] a value saved differently is quoted beside the one that was sent', () => {
    const cell = { ...agreed, value: 'DONE', baseline: 'DONE', marks: { differs: differs() } }
    const text = "Jira saved 'DONE', you sent 'Done' (capitals)."
    expect(statusOf(cell)).toEqual({ kind: 'differs', text, choices: ['Keep Jira’s', 'Send mine again'] })
    expect(statusOf({ ...cell, marks: { differs: differs({ by: 'ben' }) } }).text).toBe("Jira saved 'DONE', Ben sent 'Done' (capitals).")
  })

  test('[U9] sending again is not offered once something newer stands in the cell', () => {
    expect(statusOf(staged('x', 'DONE', { differs: differs() })).choices).toEqual(['Keep Jira’s'])
  })

  test('[U8] a refused value carries the app’s reason', () => {
    const text = "Jira refused 'active': not an option. Did you mean 'Active'?"
    expect(statusOf(staged('active', 'Low', { refused: refused() }))).toEqual({
      kind: 'refused',
      text,
      choices: ['Use “Active”', 'Try again', 'Put back'],
    })
  })

  test('[U8] a conflict names all three values and when it was seen', () => {
    const text = "Changed in both: was 3, yours 5, Jira's 8 (10:02)."
    expect(statusOf(staged(5, 8, { conflict: conflict() }))).toEqual({ kind: 'conflict', text, choices: ['Send mine', 'Take Jira’s'] })
    const others = statusOf(staged(5, 8, { conflict: conflict({ by: 'ben' }) }, 'ben'))
    expect([others.text, others.choices[0]]).toEqual(["Changed in both: was 3, Ben’s 5, Jira's 8 (10:02).", 'Send Ben’s'])
  })

  test.each([
    { cause: 'answer-lost', lead: 'Sent, but the answer was lost, and the app holds another value' },
    { cause: 'rewritten', lead: 'Sent, and saved as another value while yours was typed' },
    { cause: 'linked-twice', lead: 'Two rows hold this record' },
  ] as const)('[U8] a conflict of the cause $cause says so', ({ cause, lead }) => {
    expect(statusOf(staged(5, 8, { conflict: conflict({ cause }) })).text.startsWith(`${lead}: was 3`)).toBe(true)
  })

  test('[U8] two people who set a cell at the same time are both named', () => {
    const cell = staged('Bens', 'a', { concurrent: concurrent() }, 'ben')
    const text = "You and Ben set this at the same time. Showing Ben's."
    expect(statusOf(cell)).toEqual({ kind: 'concurrent', text, choices: ['Use mine (Mine)', 'Keep shown'] })
  })

  test('[U8] one person in two windows is told so', () => {
    expect(statusOf(staged('Mine too', 'a', { concurrent: concurrent() })).text).toBe('You set this in two windows. Showing yours.')
  })

  test('[U9] a value typed before another’s was sent is held, and both can be chosen', () => {
    const mark = concurrent({ lines: [], settled: { value: 'x', by: 'ben' } })
    const text = 'Staged, held: typed before Ben’s value was sent. Sent: x. Shown: z.'
    expect(statusOf(staged('z', 'x', { concurrent: mark }))).toEqual({
      kind: 'concurrent',
      text,
      choices: ['Send mine (z)', 'Keep Ben’s (x)'],
    })
  })

  test('[U8] a cell of a deleted record keeps its edit', () => {
    expect(statusOf(agreed, { record: record('gone') }).text).toBe('Deleted in Jira. The row stays.')
    const kept = 'Deleted in Jira. Your edit stays here and is not sent.'
    expect(statusOf(staged('b', 'a'), { record: record('gone') })).toEqual({
      kind: 'gone',
      text: kept,
      choices: ['Recreate…', 'Unlink…', 'Put back'],
    })
  })

  test('[U8] a record outside the filter still sends its edits', () => {
    expect(statusOf(agreed, { record: record('unmatched') }).text).toBe('No longer matches the filter. The row stays.')
    expect(statusOf(staged('b', 'a'), { record: record('unmatched') }).kind).toBe('staged')
  })

  test('[U8] a field nobody can type into says why', () => {
    const field = { ...FIELD, binding: { ...BINDING, writable: false, reason: 'Jira computes this field.' } }
    expect(statusOf(agreed, { field })).toEqual({ kind: 'read-only', text: 'Jira computes this field.', choices: [] })
  })

  test('[U8] of several states the one a person must answer first is shown', () => {
    const all = { refused: refused({ value: 5 }), conflict: conflict(), concurrent: concurrent(), differs: differs() }
    const drop = (marks: Marks, kind: keyof Marks): Marks => ({ ...marks, [kind]: undefined })
    const kinds: string[] = []
    let marks: Marks = all
    for (const kind of ['refused', 'conflict', 'concurrent', 'differs'] as const) {
      kinds.push(statusOf(staged(5, 8, marks), { record: record('gone') }).kind)
      marks = drop(marks, kind)
    }
    kinds.push(statusOf(staged(5, 8, marks), { record: record('gone') }).kind)
    expect(kinds).toEqual(['refused', 'conflict', 'concurrent', 'differs', 'gone'])
  })

  test('[U8] a refusal of a value that is no longer there is not shown', () => {
    expect(statusOf({ ...agreed, marks: { refused: refused() } }).kind).toBe('agreed')
  })
})

test('[U9] every choice answers the annotation it was offered for', () => {
  const marks: readonly Annotation[] = [differs(), conflict(), concurrent(), refused({ value: 5 })]
  for (const mark of marks) {
    const cell = staged(5, 8, { [mark.kind]: mark })
    const base = { field: FIELD, isLinked: true, me: 'me', nameOf: String, showValue: String, showTime: String }
    const { choices, kind } = cellStatus({ ...base, cell })
    expect([kind, needsPerson(kind)]).toEqual([mark.kind, true])
    for (const choice of choices) if (choice.act === 'choose') expect(choice.annotation).toBe(mark)
  }
})
