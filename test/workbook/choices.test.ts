import { describe, expect, test } from 'vitest'
import { acceptedOnSheet, readAccepted } from '../../workbook/accepted-kinds.ts'
import type { Choice } from '../../workbook/annotations.ts'
import { editResolutionsMap } from '../../workbook/documents.ts'
import { type Answered, chooseOnMany, undoChoices } from '../../workbook/edit.ts'
import { FIELD, ROW, World, type WorldOptions } from '../support/world.ts'

const ORDERS = [
  { order: 'ann below bob', ann: 11, bob: 22 },
  { order: 'the server below both', ann: 600, bob: 700 },
]
const world = ({ ann, bob }: { ann: number; bob: number }, options: Partial<WorldOptions> = {}): World =>
  new World({
    peers: [
      { name: 'ann', client: ann },
      { name: 'bob', client: bob },
    ],
    serverClient: 500,
    value: 'a',
    ...options,
  })

/** What a person answers to the mark of the one cell, so that it can be taken back. */
function answered(w: World, name: string, kind: 'differs' | 'conflict' | 'concurrent' | 'refused', answer: Choice): readonly Answered[] {
  const annotation = w.peer(name).sheet.marks(ROW, FIELD)[kind]
  return annotation === undefined ? [] : [{ row: ROW, field: FIELD, annotation, answer }]
}
function choose(w: World, name: string, kind: Parameters<typeof answered>[2], answer: Choice): readonly Answered[] {
  const answers = answered(w, name, kind, answer)
  const { sheet, editor } = w.peer(name)
  chooseOnMany(sheet, answers, editor)
  w.exchange()
  return answers
}
function undo(w: World, name: string, answers: readonly Answered[]): { asked: number; refused: number } {
  const { sheet, editor } = w.peer(name)
  const { asked, refused } = undoChoices(sheet, answers, editor)
  w.exchange()
  return { asked: asked.length, refused: refused.length }
}
/** The cell without the ids of its marks. */
const inConflict = (w: World): World => w.type('ann', 'x').appSets('c').pull()
const differing = (w: World): World => w.type('ann', 'x').sync(() => ({ kind: 'saved', as: 'X' })) && w

const CASES: readonly {
  readonly name: string
  readonly set: (w: World) => World
  readonly kind: 'differs' | 'conflict' | 'refused'
  readonly choice: Choice
}[] = [
  { name: 'send mine over a conflict', set: inConflict, kind: 'conflict', choice: { choice: 'send-mine' } },
  { name: 'take theirs over a conflict', set: inConflict, kind: 'conflict', choice: { choice: 'take-theirs' } },
  {
    name: 'try a refused value again',
    set: (w) => w.type('ann', 'x').sync(() => ({ kind: 'refused', reason: 'No.' })) && w,
    kind: 'refused',
    choice: { choice: 'try-again' },
  },
]

describe.each(ORDERS)('choices taken back ($order)', (ids) => {
  test.each(CASES)('[CO3] $name: the cell and its question stand as before', ({ set, kind, choice }) => {
    const w = set(world(ids))
    const before = w.look()
    const answers = choose(w, 'bob', kind, choice)
    expect(w.look()).not.toEqual(before)
    expect(undo(w, 'bob', answers)).toEqual({ asked: 1, refused: 0 })
    expect(w.look()).toEqual(before)
    expect(w.lookOf('ann')).toEqual(before)
    expect(new Set(w.editedCells())).toEqual(w.unsettled)
    // It can be answered again, another way.
    choose(w, 'ann', kind, choice)
    expect(w.look()).not.toEqual(before)
  })

  test('[CO3] a choice that somebody typed over stays, and says whose value stands', () => {
    const w = inConflict(world(ids))
    const answers = choose(w, 'bob', 'conflict', { choice: 'take-theirs' })
    w.type('ann', 'later')
    expect(undo(w, 'bob', answers)).toEqual({ asked: 0, refused: 1 })
    expect(w.look()).toMatchObject({ shown: 'later', marks: {} })
  })

  test('[CO3] so does one after which the app said something new, also where the window did not know yet', () => {
    const w = inConflict(world(ids))
    const answers = choose(w, 'bob', 'conflict', { choice: 'take-theirs' })
    w.offline('bob').appSets('d').pull()
    const { sheet, editor } = w.peer('bob')
    expect(undoChoices(sheet, answers, editor).asked).toHaveLength(1)
    w.online('bob')
    expect(w.look()).toMatchObject({ shown: 'd', baseline: 'd', marks: {} })
  })

  test('[CO3] what was chosen and taken back without a network changes nothing', () => {
    const w = inConflict(world(ids))
    const before = w.look()
    w.offline('bob')
    const answers = answered(w, 'bob', 'conflict', { choice: 'send-mine' })
    const { sheet, editor } = w.peer('bob')
    chooseOnMany(sheet, answers, editor)
    expect(undoChoices(sheet, answers, editor).asked).toHaveLength(1)
    w.online('bob')
    expect(w.look()).toEqual(before)
  })

  test('[CO3] nobody reopens a question by writing themselves what a choice had found', () => {
    const w = world(ids)
    const { sheet, editor, edits } = w.peer('ann')
    const forged = {
      row: ROW,
      field: FIELD,
      kind: 'refused',
      answer: { choice: 'try-again' },
      answered: '[]',
      item: null,
      by: 'bob',
      at: 1,
      outcome: 'applied',
      before: {
        marks: { refused: { kind: 'refused', id: 'x', at: 1, value: 'a', reason: 'Forged.' } },
        entry: null,
        baseline: 'a',
        left: null,
      },
    }
    edits.transact(() => editResolutionsMap(edits).set('forged', forged))
    undoChoices(
      sheet,
      [{ row: ROW, field: FIELD, annotation: { ...forged.before.marks.refused, kind: 'refused' }, answer: { choice: 'try-again' } }],
      editor,
    )
    edits.transact(() => editResolutionsMap(edits).set('forged.undo', { by: 'ann', at: 2 }))
    w.exchange()
    expect(w.look()).toMatchObject({ shown: 'a', marks: {} })
  })
})

describe('always accept', () => {
  const [ids] = ORDERS
  if (ids === undefined) throw new Error('No order')

  test('[CO5] taken back, the kind is warned of again', () => {
    const w = differing(world(ids))
    const before = w.look()
    const answers = choose(w, 'bob', 'differs', { choice: 'accept-kind' })
    expect(w.accepted).toEqual([[FIELD, 'capitals']])
    undo(w, 'bob', answers)
    expect(w.accepted).toEqual([])
    expect(w.look()).toEqual(before)
  })

  test('[CO6] of who may not set it nothing is accepted, and the warning stays for those who may', () => {
    const w = differing(world(ids, { mayAcceptKind: (author) => author !== 'bob' }))
    const before = w.look()
    choose(w, 'bob', 'differs', { choice: 'accept-kind' })
    expect(w.look()).toEqual(before)
    expect([w.accepted, w.outcomes()]).toEqual([[], ['stale']])
    choose(w, 'ann', 'differs', { choice: 'accept-kind' })
    expect(w.accepted).toEqual([[FIELD, 'capitals']])
  })

  test('[CO5] kinds that were kept without who and when are read; what is none of ours is not', () => {
    expect(readAccepted(['capitals'])).toEqual([{ kind: 'capitals', by: '', at: 0 }])
    expect(readAccepted([{ kind: 'spacing', by: 'ann', at: 5 }])).toEqual([{ kind: 'spacing', by: 'ann', at: 5 }])
    expect([readAccepted('capitals'), readAccepted(['louder']), readAccepted(undefined)]).toEqual([[], [], []])
    expect(acceptedOnSheet(world(ids).sheet)).toEqual([])
  })
})
