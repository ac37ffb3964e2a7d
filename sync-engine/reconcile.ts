import type { ConcurrentLine, Marks } from '../workbook/annotations.ts'
import {
  type CellState,
  conflictAfter,
  type EntryDecision,
  type LiveEntry,
  rewritten,
  type SettledPush,
  type Stamp,
} from '../workbook/cell-rules.ts'
import { type CellValue, type DifferenceKind, differenceKind } from '../workbook/cell-value.ts'
import type { ItemId } from '../workbook/ids.ts'
import { isEdited } from '../workbook/schema.ts'

/** A value of this cell that is known to have reached the app: by its answer, or by reading it back after a lost one. */
export interface LandedPush {
  readonly value: CellValue
  /** The item of the entry that was sent, and its base and author at that time. */
  readonly item: ItemId
  readonly base: CellValue
  readonly author: string
  /** The known formatting of `value`: what `normalise` gives, or what the update's own answer carried. */
  readonly knownForms: readonly CellValue[]
}

export interface PulledCell {
  readonly state: CellState
  readonly pulled: CellValue
  readonly pushed?: LandedPush | undefined
  /** Whether the standing entry is the pushed one or was made on top of it. */
  readonly relation: 'none' | 'is-pushed' | 'on-top' | 'unseen'
  /** Kinds of difference that people said need no warning on this field (B12). */
  readonly acceptedKinds: readonly DifferenceKind[]
}

export interface ReconciledCell {
  readonly baseline: CellValue
  readonly entry: EntryDecision
  readonly marks: Marks
  /** Set where this pull settled a push. */
  readonly settled?: SettledPush
}

/**
 * Settles one cell after a pull (CELLS 4–11, 20–21c, 34–36).
 *
 * The app's answer always becomes the baseline. An entry the app has not been sent always stays, with the base that says what its author
 * knew: it goes out with a later run unless it is held. All that is left to decide is which annotations stand.
 */
export function reconcileCell({ state, pulled, pushed, relation, acceptedKinds }: PulledCell, stamp: Stamp): ReconciledCell {
  const settled = pushed && settledOf(pushed, pulled)
  const differs = differsAfter(state, pulled, pushed, acceptedKinds, stamp)
  const after: CellState = { ...state, baseline: pulled, ...(settled && { settled }), marks: { ...state.marks, differs } }
  const done = settled && { settled }

  // Typed anew or by another hand: a value that was sent is not sent again.
  const isDone = pushed !== undefined && (relation === 'is-pushed' || state.live?.value === pushed.value)
  const live = isDone ? undefined : standing(state.live, relation, settled)
  const isWanted = live !== undefined && isEdited(live) && live.value !== pulled
  if (!isWanted) {
    const lines = state.marks.concurrent?.lines.filter((l) => l.value !== pulled) ?? []
    const concurrent = lines.length ? withLines(state.marks.concurrent, lines, undefined, stamp) : undefined
    return { baseline: pulled, entry: { kind: state.live ? 'remove' : 'keep' }, marks: { differs, concurrent }, ...done }
  }

  const over = live.base === pulled ? undefined : settledUnder(after, relation, pushed)
  const isSaid = (l: ConcurrentLine): boolean => l.value === live.value || l.value === over?.value
  const isSent = (l: ConcurrentLine): boolean => l.value === pushed?.value && l.by === pushed.author
  const lines = state.marks.concurrent?.lines.filter((l) => !isSaid(l) && !isSent(l)) ?? []
  const concurrent = lines.length || over ? withLines(state.marks.concurrent, lines, over, stamp) : undefined
  const refused = state.marks.refused?.value === live.value ? state.marks.refused : undefined
  const others: Marks = { differs, concurrent, refused }
  const isRebased = live.base !== state.live?.base
  const entry: EntryDecision = isRebased ? { kind: 'write', entry: rewritten(live) } : { kind: 'keep' }
  const conflict = conflictAfter(after, live, others, stamp)
  const cause = pushed && settled && settled.rebase !== pulled && conflict && conflict !== state.marks.conflict
  return { baseline: pulled, entry, marks: { ...others, conflict: cause ? { ...conflict, cause: 'rewritten' } : conflict }, ...done }
}

/** A newer entry made on top of the pushed item has, from now on, the pushed value as its base: it is no conflict (CELLS 9, 11). */
function standing(live: LiveEntry | undefined, relation: PulledCell['relation'], settled: SettledPush | undefined): LiveEntry | undefined {
  return live !== undefined && relation === 'on-top' && settled !== undefined ? { ...live, base: settled.rebase } : live
}

function settledOf(pushed: LandedPush, pulled: CellValue): SettledPush {
  const isKnown = pulled === pushed.value || pushed.knownForms.includes(pulled)
  const { item, base, author, value: sent } = pushed
  return { item, base, sent, stored: pulled, rebase: isKnown ? pulled : sent, author }
}

/** The settled value the standing entry was typed without seeing; said only while the app still holds it (CELLS 21, 21c). */
function settledUnder(after: CellState, relation: PulledCell['relation'], pushed: LandedPush | undefined) {
  const open = after.marks.concurrent?.settled
  if (pushed !== undefined) return relation === 'unseen' ? { value: pushed.value, by: pushed.author } : open
  return after.settled !== undefined && after.baseline === after.settled.stored ? open : undefined
}

function withLines(
  open: Marks['concurrent'],
  lines: NonNullable<Marks['concurrent']>['lines'],
  settled: NonNullable<Marks['concurrent']>['settled'],
  stamp: Stamp,
): Marks['concurrent'] {
  const isSame = open !== undefined && JSON.stringify([open.lines, open.settled]) === JSON.stringify([lines, settled])
  return isSame ? open : stamp<'concurrent'>({ kind: 'concurrent', lines: [...lines], ...(settled && { settled }) })
}

/** Pushed ≠ pulled is `differs` with its kind, also when something newer was typed since (CELLS 8, 11, 36). */
function differsAfter(
  state: CellState,
  pulled: CellValue,
  pushed: LandedPush | undefined,
  acceptedKinds: readonly DifferenceKind[],
  stamp: Stamp,
): Marks['differs'] {
  const open = state.marks.differs
  if (pushed === undefined) return open !== undefined && pulled === open.sent ? undefined : open
  if (pulled === pushed.value) return undefined
  const difference = differenceKind(pushed.value, pulled)
  if (acceptedKinds.includes(difference)) return undefined
  return stamp<'differs'>({ kind: 'differs', sent: pushed.value, got: pulled, difference, by: pushed.author })
}
