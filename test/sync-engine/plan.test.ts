import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ObjectDescription } from '../../sync-engine/connectors/connector.ts'
import { type ConnectionSetup, type DeltaCell, planSync } from '../../sync-engine/plan.ts'
import type { Marks } from '../../workbook/annotations.ts'
import type { ConnectionId, FieldId, ItemId, RowId } from '../../workbook/ids.ts'

const description: ObjectDescription = {
  app: 'jira',
  appName: 'Jira',
  object: 'issue',
  objectName: 'Issues',
  fields: [
    { id: 'summary', name: 'Summary', type: 'text', writable: true },
    { id: 'duedate', name: 'Due date', type: 'date', writable: true },
    {
      id: 'priority',
      name: 'Priority',
      type: 'single-select',
      writable: true,
      options: [
        { id: '1', name: 'High' },
        { id: '2', name: 'Low' },
      ],
    },
    { id: 'created', name: 'Created', type: 'date-time', writable: { reason: 'Jira sets this field.' } },
  ],
  keyField: 'key',
  nameField: 'summary',
  readBatch: 100,
  updateAnswersRecord: true,
  indexDelayMs: 0,
}
const setup: ConnectionSetup = {
  id: 'jira1' as ConnectionId,
  app: 'jira',
  appName: 'Jira',
  isOn: true,
  objectDirection: 'push-pull',
  fields: ['summary', 'duedate', 'priority', 'created'].map((external) => ({ field: external as FieldId, external, direction: 'two-way' })),
  onConflict: 'hold',
}
const cell = (row: number, field: string, value: string | null, over: Partial<DeltaCell> = {}): DeltaCell => ({
  row: `r${row}` as RowId,
  field: field as FieldId,
  recordId: String(10_000 + row),
  recordKey: `PROJ-${row}`,
  value,
  base: 'a',
  baseline: 'a',
  item: `1:${row}` as ItemId,
  author: 'ann',
  at: 0,
  marks: {},
  isGone: false,
  ...over,
})
const plan = (delta: readonly DeltaCell[], over: Partial<Parameters<typeof planSync>[0]> = {}) =>
  planSync({ setup, description, mode: 'two-way', delta, linkedRecords: 10, ...over })
const mark = (kind: string, values: object): Marks => ({ [kind]: { kind, id: 'm', at: 0, ...values } })
const CONFLICT = mark('conflict', { base: 'a', yours: 'x', theirs: 'c', by: 'ann', cause: 'changed-in-both' })

describe('the plan of a run', () => {
  test('[CR1] three changed cells in two of ten linked records cost 3 + 10', () => {
    const made = plan([cell(1, 'summary', 'x'), cell(1, 'duedate', '2026-11-21'), cell(2, 'summary', 'y')])
    expect(made.credits).toMatchObject({ pushed: 3, pulled: 10 })
    expect(made.totalCredits).toBe(13)
    expect(made.check).toEqual({ calls: 1, records: 2 })
    expect(made.calls.map((c) => [c.method, c.deltas.flatMap((d) => d.changes.map((x) => x.field))])).toEqual([
      ['PUT', ['summary', 'duedate']],
      ['PUT', ['summary']],
    ])
  })

  test('[CR2] a one-way run costs its pull alone and plans no write', () => {
    const made = plan([cell(1, 'summary', 'x')], { mode: 'one-way' })
    expect([made.totalCredits, made.push, made.calls, made.check.records]).toEqual([10, [], [], 0])
  })

  test('[CR3] a held cell costs nothing', () => {
    const made = plan([cell(1, 'summary', 'x', { marks: CONFLICT }), cell(2, 'summary', 'y', { isGone: true })])
    expect([made.credits.pushed, made.calls, made.held.map((h) => h.reason)]).toEqual([0, [], ['conflict', 'gone']])
  })

  test('[CR4] a push-only object pays for no pull', () => {
    const made = plan([cell(1, 'summary', 'x')], { setup: { ...setup, objectDirection: 'push' } })
    expect([made.totalCredits, made.pull]).toEqual([1, { calls: 1, records: 0 }])
  })

  test('[CR5] the price of a plan is the sum of its changes and its linked records', () => {
    const field = fc.constantFrom('summary', 'duedate', 'priority')
    const delta = fc.uniqueArray(fc.record({ row: fc.integer({ min: 1, max: 30 }), field }), { selector: (c) => `${c.row}:${c.field}` })
    fc.assert(
      fc.property(delta, fc.nat({ max: 500 }), (cells, linkedRecords) => {
        const made = plan(
          cells.map((c) => cell(c.row, c.field, c.field === 'priority' ? 'Low' : 'x')),
          { linkedRecords },
        )
        expect(made.totalCredits).toBe(cells.length + linkedRecords)
        const sent = made.calls.flatMap((c) => c.deltas.flatMap((d) => d.changes.map((x) => `${d.recordId}:${x.field}`)))
        expect([...sent].sort()).toEqual(cells.map((c) => `${10_000 + c.row}:${c.field}`).sort())
        expect(made.pull.calls).toBe(Math.ceil(linkedRecords / 100))
      }),
      { seed: 20261121, numRuns: 200 },
    )
  })

  test.each([
    { rule: 'CELL-17', says: 'switched off', over: { isOn: false }, text: 'Jira is switched off.' },
    {
      rule: 'CELL-17',
      says: 'an object that only pulls',
      over: { objectDirection: 'pull' as const },
      text: 'this object only pulls from Jira.',
    },
  ])('[$rule] $says holds a staged cell and says so', ({ over, text }) => {
    const made = plan([cell(1, 'summary', 'x')], { setup: { ...setup, ...over } })
    expect([made.push, made.calls, made.held.map((h) => [h.reason, h.text])]).toEqual([[], [], [['direction', text]]])
  })

  test('[CELL-18] a cell of a record that is gone is held', () => {
    expect(plan([cell(1, 'summary', 'x', { isGone: true })]).held.map((h) => h.reason)).toEqual(['gone'])
  })

  test.each([
    { rule: 'CELL-5', reason: 'conflict', marks: CONFLICT },
    { rule: 'CELL-21', reason: 'concurrent', marks: mark('concurrent', { lines: [], settled: { value: 'x', by: 'ann' } }) },
    { rule: 'CELL-14', reason: 'refused', marks: mark('refused', { value: 'x', reason: 'too short' }) },
  ])('[$rule] a cell with an open $reason is held for a person', ({ reason, marks }) => {
    expect(plan([cell(1, 'summary', 'x', { marks })]).held.map((h) => h.reason)).toEqual([reason])
  })

  test('[CELL-35] a refusal of another value holds nothing', () => {
    const marks = mark('refused', { value: 'w', reason: 'too short' })
    expect(plan([cell(1, 'summary', 'x', { marks })]).push).toHaveLength(1)
  })

  test('[CELL-20] a line of another person holds nothing', () => {
    const marks = mark('concurrent', { lines: [{ by: 'bob', item: '2:0', value: 'y', at: 0 }] })
    expect(plan([cell(1, 'summary', 'x', { marks })]).push).toHaveLength(1)
  })

  test('[CELL-28] two rows that hold one record and agree are one change', () => {
    const made = plan([cell(1, 'summary', 'x'), cell(2, 'summary', 'x', { recordId: '10001' })])
    expect([made.push.length, made.credits.pushed, made.calls.length]).toEqual([2, 1, 1])
  })

  test('[CELL-29] two rows that hold one record and want different values send nothing', () => {
    const made = plan([cell(1, 'summary', 'x'), cell(2, 'summary', 'y', { recordId: '10001' }), cell(3, 'summary', 'z')])
    expect(made.held.map((h) => [h.cell.row, h.reason])).toEqual([
      ['r1', 'linked-twice'],
      ['r2', 'linked-twice'],
    ])
    expect(made.push.map((c) => c.row)).toEqual(['r3'])
  })

  test('[DIR4] a field the app does not take, or that is mapped no more, is held with the reason', () => {
    const made = plan([cell(1, 'created', 'x'), cell(1, 'other', 'x')])
    expect(made.held.map((h) => [h.reason, h.text])).toEqual([
      ['read-only', 'Jira sets this field.'],
      ['direction', 'this field is no longer connected.'],
    ])
  })

  test('[DIR5] a conflict goes out where the connection says that the workbook wins', () => {
    const made = plan([cell(1, 'summary', 'x', { marks: CONFLICT })], { setup: { ...setup, onConflict: 'workbook-wins' } })
    expect(made.push).toHaveLength(1)
  })

  test("[DIR6] an option is sent in the app's own spelling, and none that the app does not know", () => {
    const made = plan([cell(1, 'priority', 'low'), cell(2, 'priority', 'Hihg')])
    expect(made.push.map((c) => c.sent)).toEqual(['Low'])
    expect(made.held.map((h) => [h.reason, h.nearest])).toEqual([['not-an-option', 'High']])
  })

  test('[DIR7] a plan is named after its cells and values', () => {
    const one = plan([cell(1, 'summary', 'x')])
    expect(plan([cell(1, 'summary', 'x')]).id).toBe(one.id)
    const others = [cell(1, 'summary', 'y'), cell(2, 'summary', 'x'), cell(1, 'summary', 'x', { baseline: 'b' }), cell(1, 'duedate', 'x')]
    expect(new Set([one.id, ...others.map((c) => plan([c]).id)]).size).toBe(5)
  })
})
