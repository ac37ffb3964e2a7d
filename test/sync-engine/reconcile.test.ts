import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type LandedPush, type PulledCell, reconcileCell } from '../../sync-engine/reconcile.ts'
import type { Marks } from '../../workbook/annotations.ts'
import type { CellState, LiveEntry, Stamp } from '../../workbook/cell-rules.ts'
import type { CellValue } from '../../workbook/cell-value.ts'
import type { ItemId } from '../../workbook/ids.ts'

const PUSHED = '1:0' as ItemId
const NEWER = '1:1' as ItemId
const stamp: Stamp = (annotation) => ({ ...annotation, id: 'new', at: 1 }) as never
const live = (value: CellValue, base: CellValue, item = PUSHED): LiveEntry => ({ value, base, item, author: 'ann', at: 0, by: 'ann' })
const state = (baseline: CellValue, entry?: LiveEntry, marks: Marks = {}): CellState => ({
  baseline,
  live: entry,
  marks,
  isConnected: true,
  isPushOnly: false,
})
const push = (value: CellValue, base: CellValue, knownForms: readonly CellValue[] = []): LandedPush => ({
  value,
  item: PUSHED,
  base,
  author: 'ann',
  knownForms,
})
const settle = (cell: Partial<PulledCell> & Pick<PulledCell, 'state' | 'pulled'>) => {
  const { baseline, entry, marks } = reconcileCell({ pushed: undefined, relation: 'none', acceptedKinds: [], ...cell }, stamp)
  const set = Object.entries(marks).flatMap(([kind, mark]) => (mark === undefined ? [] : [kind]))
  const left = entry.kind === 'write' ? [entry.entry.value, entry.entry.base] : entry.kind
  return { baseline, left, set }
}

interface Row {
  readonly rule: string
  readonly says: string
  readonly cell: Parameters<typeof settle>[0]
  readonly leaves: ReturnType<typeof settle>
}

const table: readonly Row[] = [
  {
    rule: 'CELL-4',
    says: 'an unedited entry is dropped',
    cell: { state: state('a', live('a', 'a')), pulled: 'c' },
    leaves: { baseline: 'c', left: 'remove', set: [] },
  },
  {
    rule: 'CELL-5',
    says: 'an edit over a value that moved is kept as a conflict',
    cell: { state: state('a', live('x', 'a')), pulled: 'c' },
    leaves: { baseline: 'c', left: 'keep', set: ['conflict'] },
  },
  {
    rule: 'CELL-5',
    says: 'an edit over a value that did not move is kept',
    cell: { state: state('a', live('x', 'a')), pulled: 'a' },
    leaves: { baseline: 'a', left: 'keep', set: [] },
  },
  {
    rule: 'CELL-6',
    says: 'an edit the app has come to hold is dropped',
    cell: { state: state('a', live('x', 'a')), pulled: 'x' },
    leaves: { baseline: 'x', left: 'remove', set: [] },
  },
  {
    rule: 'CELL-7',
    says: 'a pushed edit that comes back is dropped',
    cell: { state: state('a', live('x', 'a')), pulled: 'x', pushed: push('x', 'a'), relation: 'is-pushed' },
    leaves: { baseline: 'x', left: 'remove', set: [] },
  },
  {
    rule: 'CELL-8',
    says: 'a pushed edit that comes back otherwise is dropped with a warning',
    cell: { state: state('a', live('x', 'a')), pulled: 'X', pushed: push('x', 'a'), relation: 'is-pushed' },
    leaves: { baseline: 'X', left: 'remove', set: ['differs'] },
  },
  {
    rule: 'CELL-9',
    says: 'a newer edit gets the pushed value as its base',
    cell: { state: state('a', live('y', 'a', NEWER)), pulled: 'x', pushed: push('x', 'a'), relation: 'on-top' },
    leaves: { baseline: 'x', left: ['y', 'x'], set: [] },
  },
  {
    rule: 'CELL-9',
    says: 'a put-back gets the pushed value as its base',
    cell: { state: state('a', live('a', 'a', NEWER)), pulled: 'x', pushed: push('x', 'a'), relation: 'on-top' },
    leaves: { baseline: 'x', left: ['a', 'x'], set: [] },
  },
  {
    rule: 'CELL-9',
    says: 'the pushed value typed once more is not sent once more',
    cell: { state: state('a', live('x', 'a', NEWER)), pulled: 'X', pushed: push('x', 'a', ['X']), relation: 'on-top' },
    leaves: { baseline: 'X', left: 'remove', set: ['differs'] },
  },
  {
    rule: 'CELL-11',
    says: 'a newer edit over a known formatting is staged over it',
    cell: { state: state('a', live('y', 'a', NEWER)), pulled: 'X', pushed: push('x', 'a', ['X']), relation: 'on-top' },
    leaves: { baseline: 'X', left: ['y', 'X'], set: ['differs'] },
  },
  {
    rule: 'CELL-11',
    says: 'a newer edit over an unknown rewriting is a conflict',
    cell: { state: state('a', live('y', 'a', NEWER)), pulled: 'q', pushed: push('x', 'a'), relation: 'on-top' },
    leaves: { baseline: 'q', left: ['y', 'x'], set: ['differs', 'conflict'] },
  },
  {
    rule: 'CELL-21',
    says: 'an edit that had not seen the pushed value is held against it',
    cell: { state: state('a', live('z', 'a', '9:0' as ItemId)), pulled: 'x', pushed: push('x', 'a'), relation: 'unseen' },
    leaves: { baseline: 'x', left: 'keep', set: ['concurrent'] },
  },
  {
    rule: 'CELL-21',
    says: 'an edit over the very value that came back is held by nothing',
    cell: { state: state('a', live('z', 'x', '9:0' as ItemId)), pulled: 'x', pushed: push('x', 'a'), relation: 'unseen' },
    leaves: { baseline: 'x', left: 'keep', set: [] },
  },
]

describe('one cell after a pull', () => {
  test.each(table)('[$rule] $says', ({ cell, leaves }) => {
    expect(settle(cell)).toEqual(leaves)
  })

  test("[CELL-34] a conflict goes with the pull: another value, the base again, the person's own", () => {
    const first = reconcileCell(
      { state: state('a', live('x', 'a')), pulled: 'c', pushed: undefined, relation: 'none', acceptedKinds: [] },
      stamp,
    )
    const then = (pulled: CellValue) =>
      reconcileCell(
        { state: state('c', live('x', 'a'), first.marks), pulled, pushed: undefined, relation: 'none', acceptedKinds: [] },
        stamp,
      )
    expect(then('d').marks.conflict).toMatchObject({ base: 'a', yours: 'x', theirs: 'd' })
    expect([then('a').marks.conflict, then('a').entry.kind]).toEqual([undefined, 'keep'])
    expect([then('x').marks.conflict, then('x').entry.kind]).toEqual([undefined, 'remove'])
  })

  test('[CELL-12] what the check had found no longer counts once the cell is pulled', () => {
    const conflict = {
      kind: 'conflict',
      id: 'm',
      at: 0,
      base: 'a',
      yours: 'x',
      theirs: 'c',
      by: 'ann',
      cause: 'changed-in-both',
      isFromCheck: true,
    } as const
    const pull = (pulled: CellValue) =>
      reconcileCell(
        { state: state('a', live('x', 'a'), { conflict }), pulled, pushed: undefined, relation: 'none', acceptedKinds: [] },
        stamp,
      )
    expect(pull('a').marks.conflict).toBeUndefined()
    expect(pull('d').marks.conflict).toEqual({ ...conflict, id: 'new', at: 1, theirs: 'd', isFromCheck: undefined })
  })

  const value = fc.constantFrom<CellValue>('a', 'x', 'X', 'c', null)
  const cell = fc.record({
    baseline: value,
    entry: fc.option(fc.record({ value, base: value }), { nil: undefined }),
    pulled: value,
    sent: fc.option(value, { nil: undefined }),
    relation: fc.constantFrom('is-pushed' as const, 'on-top' as const, 'unseen' as const),
    forms: fc.array(value, { maxLength: 1 }),
  })

  test('[LAW4] the same pull a second time changes nothing', () => {
    fc.assert(
      fc.property(cell, ({ baseline, entry, pulled, sent, relation, forms }) => {
        const before = state(baseline, entry && live(entry.value, entry.base, relation === 'is-pushed' ? PUSHED : NEWER))
        const pushed = sent === undefined ? undefined : push(sent, baseline, forms)
        const once = reconcileCell(
          {
            state: before,
            pulled,
            pushed,
            relation: before.live === undefined || pushed === undefined ? 'none' : relation,
            acceptedKinds: [],
          },
          stamp,
        )
        const left: Record<typeof once.entry.kind, LiveEntry | undefined> = {
          keep: before.live,
          remove: undefined,
          write: once.entry.kind === 'write' ? live(once.entry.entry.value, once.entry.entry.base, '5:0' as ItemId) : undefined,
        }
        const after: CellState = {
          ...before,
          baseline: pulled,
          live: left[once.entry.kind],
          marks: once.marks,
          ...(once.settled && { settled: once.settled }),
        }
        const twice = reconcileCell({ state: after, pulled, pushed: undefined, relation: 'none', acceptedKinds: [] }, stamp)
        expect(twice).toEqual({ baseline: pulled, entry: { kind: 'keep' }, marks: once.marks })
      }),
      { seed: 20261121, numRuns: 3_000 },
    )
  })

  test('[LAW1] an edit the app was not sent and does not hold is never dropped', () => {
    fc.assert(
      fc.property(value, value, value, value, (baseline, mine, base, pulled) => {
        fc.pre(mine !== base && mine !== pulled)
        const { entry } = reconcileCell(
          { state: state(baseline, live(mine, base)), pulled, pushed: undefined, relation: 'none', acceptedKinds: [] },
          stamp,
        )
        expect(entry).toEqual({ kind: 'keep' })
      }),
      { seed: 20261121, numRuns: 500 },
    )
  })
})
