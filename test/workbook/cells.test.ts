import { describe, expect, test } from 'vitest'
import * as Y from 'yjs'
import { setRowsDeleted, undoCells } from '../../workbook/edit.ts'
import type { RowId } from '../../workbook/ids.ts'
import { CUSTOM, FIELD, type Look, ROW, World, type WorldOptions } from '../support/world.ts'

interface Row {
  readonly rule: string
  readonly says: string
  readonly options?: Partial<WorldOptions>
  readonly play: (world: World) => void
  readonly leaves: Look
  readonly also?: (world: World) => void
}

const ROW_2 = 'r2' as RowId
const calm = (value: string | null): Look => ({ shown: value, baseline: value, entry: null, isStaged: false, marks: {} })
const staged = (value: string | null, base: string | null, over: Partial<Look> = {}): Look => ({
  shown: value,
  baseline: base,
  entry: [value, base],
  isStaged: true,
  marks: {},
  ...over,
})
const item = (world: World, by: string): string => world.lines().find((l) => l.by === by)?.item ?? ''
/** x is pushed by Ann and settled while Bob is away; Bob's window still shows a. */
const settleWithoutBob = (w: World): void => {
  w.offline('bob').type('ann', 'x').sync()
}
/** Ann has typed x over a, and the app has changed a to c. */
const conflict = (w: World): void => {
  w.type('ann', 'x').appSets('c').pull()
}
/** Ann pushed x, and the app made X of it. */
const differs = (w: World): void => {
  w.type('ann', 'x').sync(() => ({ kind: 'saved', as: 'X' }))
}
const DIFFERS = { differs: ['x', 'X', 'capitals'] }
const CONFLICT = { conflict: { base: 'a', yours: 'x', theirs: 'c' } }

const table: readonly Row[] = [
  { rule: 'CELL-1', says: 'a typed value is staged over the baseline', play: (w) => w.type('ann', 'x'), leaves: staged('x', 'a') },
  {
    rule: 'CELL-1',
    says: 'a value typed offline is staged with the base its author saw',
    play: (w) => w.offline('ann').type('ann', 'x').online('ann'),
    leaves: staged('x', 'a'),
  },
  {
    rule: 'CELL-2',
    says: 'an entry edited again keeps its base',
    play: (w) => w.type('ann', 'x').type('bob', 'y'),
    leaves: staged('y', 'a'),
  },
  {
    rule: 'CELL-3',
    says: 'a cell put back is not staged, and its entry goes at the next pull',
    play: (w) => w.type('ann', 'x').putBack('bob'),
    leaves: { ...calm('a'), entry: ['a', 'a'] },
    also: (w) => expect(w.sync().sent.length === 0 && w.look()).toEqual(calm('a')),
  },
  {
    rule: 'CELL-3',
    says: 'the old value typed by hand is a put-back',
    play: (w) => w.type('ann', 'x').type('ann', 'a'),
    leaves: { ...calm('a'), entry: ['a', 'a'] },
  },
  {
    rule: 'CELL-3b',
    says: 'a put-back over a changed app shows what the app has',
    play: (w) => {
      conflict(w)
      w.putBack('ann')
    },
    leaves: { ...calm('c'), entry: ['c', 'c'] },
  },
  {
    rule: 'CELL-3c',
    says: 'the old base typed over a changed app is staged and stays a conflict',
    play: (w) => {
      conflict(w)
      w.type('ann', 'a')
    },
    leaves: { ...staged('a', 'c'), marks: { conflict: { base: 'a', yours: 'a', theirs: 'c' } } },
    also: (w) => expect(w.sync().sent).toEqual([]),
  },
  { rule: 'CELL-4', says: 'a pull drops a put-back', play: (w) => w.type('ann', 'x').putBack('ann').pull(), leaves: calm('a') },
  {
    rule: 'CELL-4',
    says: 'a pull of another value drops a put-back without a warning',
    play: (w) => w.type('ann', 'x').putBack('ann').appSets('c').pull(),
    leaves: calm('c'),
  },
  {
    rule: 'CELL-5',
    says: 'a value changed in both is a conflict and is held',
    play: conflict,
    leaves: { ...staged('x', 'a'), baseline: 'c', marks: CONFLICT },
    also: (w) => expect(w.push().sent).toEqual([]),
  },
  {
    rule: 'CELL-5',
    says: 'an edit that arrives after the pull it did not see is a conflict',
    play: (w) => w.offline('ann').type('ann', 'x').appSets('c').pull().online('ann'),
    leaves: { ...staged('x', 'a'), baseline: 'c', marks: CONFLICT },
  },
  { rule: 'CELL-6', says: 'a pull of the staged value agrees', play: (w) => w.type('ann', 'x').appSets('x').pull(), leaves: calm('x') },
  {
    rule: 'CELL-6',
    says: 'a pull of the staged value closes its conflict',
    play: (w) => {
      conflict(w)
      w.appSets('x').pull()
    },
    leaves: calm('x'),
  },
  { rule: 'CELL-7', says: 'a pushed value that comes back is agreed', play: (w) => w.type('ann', 'x').sync(), leaves: calm('x') },
  {
    rule: 'CELL-8',
    says: 'a pushed value that comes back otherwise warns with its kind',
    play: differs,
    leaves: { ...calm('X'), marks: DIFFERS },
  },
  {
    rule: 'CELL-8',
    says: 'a pushed value that is ignored warns',
    play: (w) => w.type('ann', 'x').sync(() => ({ kind: 'saved', as: 'a' })),
    leaves: { ...calm('a'), marks: { differs: ['x', 'a', 'other'] } },
  },
  {
    rule: 'CELL-9',
    says: 'a newer value typed during the push is staged over the pushed one',
    play: (w) => {
      w.type('ann', 'x').push()
      w.type('ann', 'y').pull()
    },
    leaves: staged('y', 'x'),
  },
  {
    rule: 'CELL-9',
    says: 'a put-back during the push is staged over the pushed value',
    play: (w) => {
      w.type('ann', 'x').push()
      w.putBack('bob').pull()
    },
    leaves: staged('a', 'x'),
  },
  {
    rule: 'CELL-9b',
    says: 'an edit on top of a settled item arrives as staged over the settled value',
    play: (w) => w.type('ann', 'x').offline('bob').type('bob', 'y').sync() && w.online('bob'),
    leaves: staged('y', 'x'),
  },
  {
    rule: 'CELL-9b',
    says: 'a put-back on top of a settled item arrives as staged over the settled value',
    play: (w) => w.type('ann', 'x').offline('bob').putBack('bob').sync() && w.online('bob'),
    leaves: staged('a', 'x'),
  },
  {
    rule: 'CELL-9b',
    says: 'an edit on top of a settled item that equals the baseline leaves nothing',
    play: (w) => w.type('ann', 'x').offline('bob').type('bob', 'y').type('bob', 'x').sync() && w.online('bob'),
    leaves: calm('x'),
  },
  {
    rule: 'CELL-9b',
    says: 'a value typed again after the app ignored it is staged again',
    play: (w) => w.type('ann', 'x').sync(() => ({ kind: 'saved', as: 'a' })) && w.type('ann', 'x'),
    leaves: { ...staged('x', 'a'), marks: { differs: ['x', 'a', 'other'] } },
  },
  {
    rule: 'CELL-11',
    says: 'a newer value over a known formatting of the pushed one is staged with a warning',
    options: { normalise: (v) => (v === 'x' ? 'X' : v) },
    play: (w) => {
      w.type('ann', 'x').push()
      w.type('ann', 'y').pull()
    },
    leaves: { ...staged('y', 'X'), marks: DIFFERS },
  },
  {
    rule: 'CELL-11',
    says: 'a newer value over an unknown rewriting of the pushed one is a conflict',
    play: (w) => {
      w.type('ann', 'x').push(() => ({ kind: 'saved', as: 'X' }))
      w.type('ann', 'y').pull()
    },
    leaves: {
      ...staged('y', 'x'),
      baseline: 'X',
      marks: { ...DIFFERS, conflict: { base: 'x', yours: 'y', theirs: 'X', cause: 'rewritten' } },
    },
  },
  {
    rule: 'CELL-11',
    says: 'an edit of a pushed value that arrives after its unknown rewriting is a conflict',
    play: (w) => {
      w.type('ann', 'x')
        .offline('bob')
        .type('bob', 'y')
        .sync(() => ({ kind: 'saved', as: 'q' }))
      w.online('bob')
    },
    leaves: {
      ...staged('y', 'x'),
      baseline: 'q',
      marks: { differs: ['x', 'q', 'other'], conflict: { base: 'x', yours: 'y', theirs: 'q' } },
    },
  },
  {
    rule: 'CELL-12',
    says: 'a value the check finds changed is not sent and becomes a conflict',
    play: (w) => w.type('ann', 'x').appSets('c') && expect(w.sync().sent).toEqual([]),
    leaves: { ...staged('x', 'a'), baseline: 'c', marks: CONFLICT },
  },
  {
    rule: 'CELL-12',
    says: 'a push-only value the check finds changed is a conflict over an unmoved baseline',
    options: { isPushOnly: true },
    play: (w) => w.type('ann', 'x').appSets('c') && expect(w.sync().sent).toEqual([]),
    leaves: { ...staged('x', 'a'), marks: CONFLICT },
  },
  {
    rule: 'CELL-13',
    says: 'a value the check finds there already is not sent and agrees',
    play: (w) => w.type('ann', 'x').appSets('x') && expect(w.sync().sent).toEqual([]),
    leaves: calm('x'),
  },
  {
    rule: 'CELL-13',
    says: 'a push-only value the check finds there already is settled by it',
    options: { isPushOnly: true },
    play: (w) => w.type('ann', 'x').appSets('x') && expect(w.push().sent).toEqual([]),
    leaves: calm('x'),
  },
  {
    rule: 'CELL-14',
    says: 'a refused value stays staged and held',
    play: (w) => w.type('ann', 'x').sync(() => ({ kind: 'refused', reason: 'too short' })),
    leaves: { ...staged('x', 'a'), marks: { refused: 'x' } },
    also: (w) => expect(w.sync().sent).toEqual([]),
  },
  {
    rule: 'CELL-14',
    says: 'a refused value goes out again when a person says so',
    play: (w) => {
      w.type('ann', 'x').sync(() => ({ kind: 'refused', reason: 'too short' }))
      w.choose('bob', 'refused', { choice: 'try-again' })
      w.sync()
    },
    leaves: calm('x'),
  },
  {
    rule: 'CELL-15',
    says: 'a lost answer whose value landed is settled by reading',
    play: (w) => w.type('ann', 'x').push(() => ({ kind: 'lost', saved: true })) && expect(w.sync().sent).toEqual([]),
    leaves: calm('x'),
  },
  {
    rule: 'CELL-15',
    says: 'a lost answer whose value did not land goes out again',
    play: (w) => w.type('ann', 'x').push(() => ({ kind: 'lost', saved: false })) && expect(w.sync().sent).toHaveLength(1),
    leaves: calm('x'),
  },
  {
    rule: 'CELL-15',
    says: 'a lost answer over a third value is a conflict that says so',
    play: (w) => {
      w.type('ann', 'x').push(() => ({ kind: 'lost', saved: true }))
      w.appSets('c').sync()
    },
    leaves: { ...staged('x', 'a'), baseline: 'c', marks: { conflict: { ...CONFLICT.conflict, cause: 'answer-lost' } } },
  },
  {
    rule: 'CELL-16',
    says: 'a one-way run writes nothing and leaves the cell staged',
    play: (w) => w.type('ann', 'x').pull(),
    leaves: staged('x', 'a'),
    also: (w) => expect(w.appHas()).toBe('a'),
  },
  {
    rule: 'CELL-16',
    says: 'a one-way run first settles an open receipt by reading',
    play: (w) => w.type('ann', 'x').push(() => ({ kind: 'lost', saved: true })) && w.pull(),
    leaves: calm('x'),
  },
  { rule: 'CELL-19', says: 'a cleared cell is staged as empty', play: (w) => w.type('ann', null), leaves: staged(null, 'a') },
  {
    rule: 'CELL-19',
    says: 'a pushed clear empties the app',
    play: (w) => w.type('ann', null).sync(),
    leaves: calm(null),
    also: (w) => expect(w.appHas()).toBe(null),
  },
  {
    rule: 'CELL-20',
    says: 'of two unseen values one is staged and the other is kept beside it',
    play: (w) => w.offline('ann', 'bob').type('ann', 'x').type('bob', 'y').online('ann', 'bob'),
    leaves: { ...staged('y', 'a'), marks: { concurrent: { lines: { ann: 'x' } } } },
    also: (w) => expect(w.push().sent).toHaveLength(1),
  },
  {
    rule: 'CELL-20',
    says: 'a line goes when its author types again',
    play: (w) => w.offline('ann', 'bob').type('ann', 'x').type('bob', 'y').online('ann', 'bob').type('ann', 'z'),
    leaves: staged('z', 'a'),
  },
  {
    rule: 'CELL-20',
    says: 'a line stays when another types again',
    play: (w) => w.offline('ann', 'bob').type('ann', 'x').type('bob', 'y').online('ann', 'bob').type('bob', 'z'),
    leaves: { ...staged('z', 'a'), marks: { concurrent: { lines: { ann: 'x' } } } },
  },
  {
    rule: 'CELL-20',
    says: 'an author who types on in the window that lost has one line, the newer',
    play: (w) => {
      w.offline('ann', 'bob').type('ann', 'x').type('bob', 'y').up('ann').up('bob')
      w.type('ann', 'x2').online('ann', 'bob')
    },
    leaves: { ...staged('y', 'a'), marks: { concurrent: { lines: { ann: 'x2' } } } },
  },
  {
    rule: 'CELL-20',
    says: "a line stays though another person's equal value was sent and replaced before it came",
    options: { normalise: (v) => (v === 'x' ? 'X' : v) },
    play: (w) => {
      w.offline('ann').type('bob', 'x').push()
      w.type('bob', 'y').type('ann', 'x').online('ann').pull()
    },
    leaves: { ...staged('y', 'X'), marks: { ...DIFFERS, concurrent: { lines: { ann: 'x' } } } },
  },
  {
    rule: 'CELL-20a',
    says: '"Use x" stages it and closes the badge',
    play: (w) => {
      w.offline('ann', 'bob').type('ann', 'x').type('bob', 'y').online('ann', 'bob')
      w.choose('bob', 'concurrent', { choice: 'use-line', item: item(w, 'ann') })
    },
    leaves: staged('x', 'a'),
  },
  {
    rule: 'CELL-20a',
    says: '"Keep y" closes the badge',
    play: (w) => {
      w.offline('ann', 'bob').type('ann', 'x').type('bob', 'y').online('ann', 'bob')
      w.choose('bob', 'concurrent', { choice: 'keep-shown' })
    },
    leaves: staged('y', 'a'),
  },
  {
    rule: 'CELL-20a',
    says: '"Use x" after the shown value was settled stages it over the baseline',
    play: (w) => {
      w.offline('ann', 'bob').type('ann', 'x').type('bob', 'y').online('ann', 'bob').sync()
      w.choose('bob', 'concurrent', { choice: 'use-line', item: item(w, 'ann') })
    },
    leaves: staged('x', 'y'),
  },
  {
    rule: 'CELL-20a',
    says: 'a choice loses no value its author had not seen chosen',
    play: (w) => {
      w.offline('ann', 'bob').type('ann', 'x').type('bob', 'y').online('ann', 'bob').offline('bob')
      w.choose('ann', 'concurrent', { choice: 'use-line', item: item(w, 'ann') })
      w.type('bob', 'y2').online('bob')
    },
    leaves: { ...staged('x', 'a'), marks: { concurrent: { lines: { bob: 'y2' } } } },
  },
  {
    rule: 'CELL-20b',
    says: 'of two unseen entries the edited one stands, whatever the clock of ids says',
    play: (w) => w.type('ann', 'w').offline('ann', 'bob').type('ann', 'x').putBack('bob').online('ann', 'bob'),
    leaves: staged('x', 'a'),
  },
  {
    rule: 'CELL-20b',
    says: 'of two unseen entries the edited one stands, in the other order of ids too',
    play: (w) => w.type('ann', 'w').offline('ann', 'bob').putBack('ann').type('bob', 'x').online('ann', 'bob'),
    leaves: staged('x', 'a'),
  },
  {
    rule: 'CELL-20c',
    says: 'two unseen entries of equal value are one',
    play: (w) => w.offline('ann', 'bob').type('ann', 'x').type('bob', 'x').online('ann', 'bob'),
    leaves: staged('x', 'a'),
  },
  {
    rule: 'CELL-21',
    says: 'an unseen value over a settled one is staged, held and says both',
    play: (w) => {
      settleWithoutBob(w)
      w.type('bob', 'z').online('bob')
    },
    leaves: { ...staged('z', 'a'), baseline: 'x', marks: { concurrent: { lines: {}, settled: 'x' } } },
    also: (w) => expect(w.sync().sent).toEqual([]),
  },
  {
    rule: 'CELL-21',
    says: 'of two late values the one the app does not hold yet is staged',
    options: {
      peers: [
        { name: 'ann', client: 11 },
        { name: 'bob', client: 22 },
        { name: 'eve', client: 33 },
      ],
    },
    play: (w) => {
      w.offline('bob', 'eve').type('ann', 'x').sync()
      w.type('bob', 'z').type('eve', 'x')
      Y.applyUpdate(w.peer('bob').edits, Y.encodeStateAsUpdate(w.peer('eve').edits))
      w.online('bob', 'eve')
    },
    leaves: { ...staged('z', 'a'), baseline: 'x', marks: { concurrent: { lines: {}, settled: 'x' } } },
  },
  {
    rule: 'CELL-21',
    says: 'an unseen value that arrives while another is under way is held against it, and names it once',
    play: (w) => {
      w.offline('bob').type('ann', 'x').type('bob', 'z').push()
      w.online('bob').pull()
    },
    leaves: { ...staged('z', 'a'), baseline: 'x', marks: { concurrent: { lines: {}, settled: 'x' } } },
  },
  {
    rule: 'CELL-21a',
    says: '"Send z" stages it over the settled value',
    play: (w) => {
      settleWithoutBob(w)
      w.type('bob', 'z').online('bob')
      w.choose('ann', 'concurrent', { choice: 'send-mine' })
    },
    leaves: staged('z', 'x'),
  },
  {
    rule: 'CELL-21a',
    says: '"Keep x" drops the late value',
    play: (w) => {
      settleWithoutBob(w)
      w.type('bob', 'z').online('bob')
      w.choose('ann', 'concurrent', { choice: 'take-theirs' })
    },
    leaves: calm('x'),
  },
  {
    rule: 'CELL-21b',
    says: 'a late value that equals the baseline leaves nothing',
    play: (w) => {
      settleWithoutBob(w)
      w.type('bob', 'x').online('bob')
    },
    leaves: calm('x'),
  },
  {
    rule: 'CELL-21b',
    says: 'a late put-back leaves nothing',
    play: (w) => {
      settleWithoutBob(w)
      w.type('bob', 'z').putBack('bob').online('bob')
    },
    leaves: calm('x'),
  },
  {
    rule: 'CELL-21c',
    says: 'a late value over one that came from the app is a conflict',
    play: (w) => {
      settleWithoutBob(w)
      w.appSets('c').pull().type('bob', 'z').online('bob')
    },
    leaves: { ...staged('z', 'a'), baseline: 'c', marks: { conflict: { base: 'a', yours: 'z', theirs: 'c' } } },
  },
  {
    rule: 'CELL-23',
    says: '"Send mine" stages the value over what the app was seen to have',
    play: (w) => {
      conflict(w)
      w.choose('bob', 'conflict', { choice: 'send-mine' })
    },
    leaves: staged('x', 'c'),
    also: (w) => expect([w.sync().sent.length, w.look()]).toEqual([1, calm('x')]),
  },
  {
    rule: 'CELL-23',
    says: '"Send mine" over a value that moved again is held again by the check',
    play: (w) => {
      conflict(w)
      w.choose('bob', 'conflict', { choice: 'send-mine' })
      w.appSets('d').sync()
    },
    leaves: { ...staged('x', 'c'), baseline: 'd', marks: { conflict: { base: 'c', yours: 'x', theirs: 'd' } } },
  },
  {
    rule: 'CELL-23',
    says: '"Send mine" of a push-only cell stages the value over what the check saw',
    options: { isPushOnly: true },
    play: (w) => {
      w.type('ann', 'x').appSets('c').sync()
      w.choose('bob', 'conflict', { choice: 'send-mine' })
    },
    leaves: { ...staged('x', 'c'), baseline: 'a' },
    also: (w) => expect([w.sync().sent.length, w.look()]).toEqual([1, calm('x')]),
  },
  {
    rule: 'CELL-24',
    says: '"Take theirs" drops the entry that was named',
    play: (w) => {
      conflict(w)
      w.choose('bob', 'conflict', { choice: 'take-theirs' })
    },
    leaves: calm('c'),
  },
  {
    rule: 'CELL-24',
    says: '"Take theirs" leaves an entry that was typed meanwhile',
    play: (w) => {
      conflict(w)
      w.offline('bob').type('ann', 'y')
      w.choose('bob', 'conflict', { choice: 'take-theirs' })
      w.online('bob')
    },
    leaves: { ...staged('y', 'a'), baseline: 'c', marks: { conflict: { base: 'a', yours: 'y', theirs: 'c' } } },
    also: (w) => expect(w.outcomes()).toEqual(['stale']),
  },
  {
    rule: 'CELL-24',
    says: '"Take theirs" closes the line that is shown by it',
    play: (w) => {
      w.offline('ann', 'bob').type('ann', 'c').type('bob', 'y').online('ann', 'bob').appSets('c').pull()
      w.choose('bob', 'conflict', { choice: 'take-theirs' })
    },
    leaves: calm('c'),
  },
  {
    rule: 'CELL-25',
    says: '"Keep the app\'s" closes the warning',
    play: (w) => {
      differs(w)
      w.choose('bob', 'differs', { choice: 'keep-app' })
    },
    leaves: calm('X'),
  },
  {
    rule: 'CELL-25',
    says: '"Send mine again" stages the sent value over the app\'s',
    play: (w) => {
      differs(w)
      w.choose('bob', 'differs', { choice: 'send-again' })
    },
    leaves: staged('x', 'X'),
  },
  {
    rule: 'CELL-25',
    says: '"Send mine again" after the app moved on is a conflict',
    play: (w) => {
      differs(w)
      w.appSets('d').pull()
      w.choose('bob', 'differs', { choice: 'send-again' })
    },
    leaves: { ...staged('x', 'X'), baseline: 'd', marks: { conflict: { base: 'X', yours: 'x', theirs: 'd' } } },
  },
  {
    rule: 'CELL-25',
    says: '"Send mine again" is stale while the cell has an entry',
    play: (w) => {
      differs(w)
      w.type('ann', 'y')
      w.choose('bob', 'differs', { choice: 'send-again' })
    },
    leaves: { ...staged('y', 'X'), marks: DIFFERS },
    also: (w) => expect(w.outcomes()).toEqual(['stale']),
  },
  {
    rule: 'CELL-25',
    says: 'a put-back that arrives against "Send mine again" is kept beside it',
    play: (w) => {
      w.type('ann', 'x')
        .offline('ann')
        .push(() => ({ kind: 'saved', as: 'X' }))
      w.putBack('ann').pull()
      w.choose('bob', 'differs', { choice: 'send-again' })
      w.online('ann')
    },
    leaves: { ...staged('x', 'X'), marks: { concurrent: { lines: { ann: 'a' } } } },
  },
  {
    rule: 'CELL-25',
    says: '"Always accept" closes the warning and names the kind for the field',
    play: (w) => {
      differs(w)
      w.choose('bob', 'differs', { choice: 'accept-kind' })
    },
    leaves: calm('X'),
    also: (w) => expect(w.accepted).toEqual([[FIELD, 'capitals']]),
  },
  {
    rule: 'CELL-25',
    says: 'an accepted kind gives no warning',
    options: { acceptedKinds: ['capitals'] },
    play: differs,
    leaves: calm('X'),
  },
  {
    rule: 'CELL-26',
    says: 'an undo after the sync stages the old value',
    play: (w) => {
      w.type('ann', 'x').sync()
      const { sheet, editor } = w.peer('ann')
      undoCells(sheet, [{ row: ROW, field: FIELD, before: 'a', after: 'x' }], editor)
      w.exchange()
    },
    leaves: staged('a', 'x'),
  },
  {
    rule: 'CELL-26',
    says: 'an undo is offered instead where the cell shows something else',
    play: (w) => {
      w.type('ann', 'x').sync().sent.length
      w.appSets('c').pull()
      const { sheet, editor } = w.peer('ann')
      const { refused } = undoCells(sheet, [{ row: ROW, field: FIELD, before: 'a', after: 'x' }], editor)
      expect(refused).toHaveLength(1)
    },
    leaves: calm('c'),
  },
  {
    rule: 'CELL-27',
    says: 'a value typed before the link is staged where the record is empty',
    options: { isUnlinked: true },
    play: (w) => w.type('ann', 'x').appSets(null).link(),
    leaves: staged('x', null),
  },
  {
    rule: 'CELL-27',
    says: 'a value typed before the link agrees where the record holds it',
    options: { isUnlinked: true },
    play: (w) => w.type('ann', 'x').appSets('x').link(),
    leaves: calm('x'),
  },
  {
    rule: 'CELL-27',
    says: 'a value typed before the link is a conflict where the record holds another',
    options: { isUnlinked: true },
    play: (w) => w.type('ann', 'x').appSets('r').link(),
    leaves: { ...staged('x', null), baseline: 'r', marks: { conflict: { base: null, yours: 'x', theirs: 'r' } } },
  },
  {
    rule: 'CELL-30',
    says: 'a deleted row keeps its edit, and restoring it brings the edit back',
    play: (w) => {
      w.type('ann', 'x')
      const { sheet, editor } = w.peer('ann')
      setRowsDeleted(sheet, [ROW], true, editor)
      w.exchange()
      expect(w.sheet.rows()).toEqual([ROW_2])
      setRowsDeleted(sheet, [ROW], false, editor)
      w.exchange()
      expect(w.sheet.rows()).toEqual([ROW, ROW_2])
    },
    leaves: staged('x', 'a'),
  },
  {
    rule: 'CELL-32',
    says: 'a conflict closes when the app goes back to the base',
    play: (w) => {
      conflict(w)
      w.appSets('a').pull()
    },
    leaves: staged('x', 'a'),
  },
  {
    rule: 'CELL-32',
    says: 'a conflict closes when its entry equals the baseline',
    play: (w) => {
      conflict(w)
      w.type('bob', 'c')
    },
    leaves: { ...calm('c'), entry: ['c', 'c'] },
  },
  {
    rule: 'CELL-33',
    says: 'a conflict follows what is typed',
    play: (w) => {
      conflict(w)
      w.type('bob', 'y')
    },
    leaves: { ...staged('y', 'a'), baseline: 'c', marks: { conflict: { base: 'a', yours: 'y', theirs: 'c' } } },
  },
  {
    rule: 'CELL-33',
    says: 'a push-only conflict follows what is typed, over what the check found',
    options: { isPushOnly: true },
    play: (w) => {
      w.type('ann', 'x').appSets('c').sync()
      w.type('bob', 'y')
    },
    leaves: { ...staged('y', 'a'), marks: { conflict: { base: 'a', yours: 'y', theirs: 'c' } } },
  },
  {
    rule: 'CELL-34',
    says: 'a conflict follows what is pulled',
    play: (w) => {
      conflict(w)
      w.appSets('d').pull()
    },
    leaves: { ...staged('x', 'a'), baseline: 'd', marks: { conflict: { base: 'a', yours: 'x', theirs: 'd' } } },
  },
  {
    rule: 'CELL-35',
    says: 'a refusal closes when another value is typed',
    play: (w) => {
      w.type('ann', 'x').sync(() => ({ kind: 'refused', reason: 'no' }))
      w.type('ann', 'y')
    },
    leaves: staged('y', 'a'),
  },
  {
    rule: 'CELL-35',
    says: 'a refusal that arrives after another value was typed is only logged',
    play: (w) => {
      w.type('ann', 'x').push(() => {
        w.type('ann', 'y')
        return { kind: 'refused', reason: 'no' }
      })
    },
    leaves: staged('y', 'a'),
  },
  {
    rule: 'CELL-36',
    says: 'a warning closes when the app comes to hold what was sent',
    play: (w) => {
      differs(w)
      w.appSets('x').pull()
    },
    leaves: calm('x'),
  },
  {
    rule: 'CELL-36',
    says: 'a warning closes when a later value settles',
    play: (w) => {
      differs(w)
      w.type('ann', 'y').sync()
    },
    leaves: calm('y'),
  },
]

const PEERS = {
  'ann below bob': [
    { name: 'ann', client: 11 },
    { name: 'bob', client: 22 },
  ],
} as const

describe('one connected cell', () => {
  test.each(table)('[$rule] $says', ({ options, play, leaves, also }) => {
    const world = new World({ peers: PEERS['ann below bob'], value: 'a', rows: [ROW, ROW_2], ...options })
    play(world)
    expect(world.look()).toEqual(leaves)
    for (const name of world.peers.keys()) expect(world.online(name).lookOf(name)).toEqual(leaves)
    expect(world.unsettled).toEqual(world.editedCells())
    also?.(world)
    world.destroy()
  })

  test('[CELL-20] a custom cell keeps both values and knows no conflict', () => {
    const world = new World({ peers: PEERS['ann below bob'], value: 'a' })
    world.offline('ann', 'bob').type('ann', 'x', CUSTOM).type('bob', 'y', CUSTOM).online('ann', 'bob')
    expect(world.look(CUSTOM)).toMatchObject({ shown: 'y', marks: { concurrent: { lines: { ann: 'x' } } } })
  })
})
