import { type Annotation, type AnnotationOf, answeredValues, type Choice, type ConcurrentLine, type Marks } from './annotations.ts'
import type { CellValue } from './cell-value.ts'
import { type ItemId, parseItemId } from './ids.ts'
import { type Entry, isEdited } from './schema.ts'

/** An entry as it stands in the server's document: with the item that carries it and its true author. */
export interface LiveEntry extends Entry {
  readonly item: ItemId
  readonly author: string
}

/** The item of the person's edit an entry carries: its own, or the one the server wrote it again for. */
export const personItem = ({ item, standsFor }: Pick<LiveEntry, 'item' | 'standsFor'>): ItemId => standsFor ?? item

/** The last value of a cell that went out from here and came back: what later arrivals are judged against. */
export interface SettledPush {
  /** The item that was pushed. */
  readonly item: ItemId
  /** The base it was pushed from. */
  readonly base: CellValue
  readonly sent: CellValue
  /** What the app then held. */
  readonly stored: CellValue
  /** The base of an edit made on top of the pushed item: `stored` where that is a known formatting of `sent`, else `sent`. */
  readonly rebase: CellValue
  readonly author: string
}

/** Everything the rules look at in one cell. */
export interface CellState {
  readonly baseline: CellValue
  readonly live?: LiveEntry | undefined
  readonly settled?: SettledPush | undefined
  readonly marks: Marks
  /** A custom cell has no app: it knows `concurrent`, never `conflict`. */
  readonly isConnected: boolean
  /** The object only pushes: the baseline is what was last pushed, not what the app has. */
  readonly isPushOnly: boolean
}

/** The entry that shall stand, and where it must be written anew, in whose name. */
export type EntryDecision = { readonly kind: 'keep' } | { readonly kind: 'remove' } | { readonly kind: 'write'; readonly entry: Entry }

export interface CellDecision {
  readonly entry: EntryDecision
  readonly marks: Marks
}

/** Makes a fresh annotation: the caller gives it an id, the time and the run. */
export type NewAnnotation<Kind extends Annotation['kind']> = Omit<AnnotationOf<Kind>, 'id' | 'at' | 'run'>
export type Stamp = <Kind extends Annotation['kind']>(annotation: NewAnnotation<Kind>) => AnnotationOf<Kind>

/** Shown = edited ? value : baseline. */
export const shownValue = (baseline: CellValue, entry: Entry | undefined): CellValue => (isEdited(entry) ? entry.value : baseline)

/** Staged: edited, and not what the app has. */
export const isStaged = (baseline: CellValue, entry: Entry | undefined): entry is Entry => isEdited(entry) && entry.value !== baseline

/** Edited, and neither the value nor its base is what the app has. */
const isConflict = (entry: Entry | undefined, appHas: CellValue): entry is Entry =>
  isEdited(entry) && entry.value !== appHas && entry.base !== appHas

/**
 * The entry a person's typing writes over what the cell holds (CELLS 1–3c, 33).
 *
 * The base is carried while an edited entry is edited again, so that the app's change meanwhile stays visible; the one exception is the
 * old base typed again by hand, which would otherwise read as a put-back.
 */
export function entryForInput(
  baseline: CellValue,
  entry: Entry | undefined,
  value: CellValue,
): { value: CellValue; base: CellValue } | undefined {
  if (value === shownValue(baseline, entry) && !(isEdited(entry) && value === baseline)) return undefined
  if (value === baseline) return { value: baseline, base: baseline }
  if (!isEdited(entry)) return { value, base: baseline }
  return value === entry.base ? { value, base: baseline } : { value, base: entry.base }
}

/** One edit that reached the server, and what its writer had seen. */
export interface Arrival extends LiveEntry {
  /** Its writer had seen the value of this item: the item itself, one that stands for it, or one it stands for. */
  readonly hasSeen: (item: ItemId) => boolean
  /** It was made on top of this very item, and so carries what the server wrote in it. */
  readonly isOnTopOf: (item: ItemId) => boolean
}

interface Candidate {
  readonly entry: LiveEntry
  readonly arrival?: Arrival
  /** Differs from what stands in the document under that item. */
  readonly isRewritten: boolean
}

/**
 * What becomes of a cell when edits arrive that may not have seen each other, the standing entry, or a value pushed meanwhile
 * (CELLS 5, 9b, 20–21c, 32–33, 35).
 *
 * `arrivals` are the last entries of each writer in one transaction, none of them seen by another of them. `winner` is the item Yjs shows
 * after it; `undefined` where a tombstone swallowed them all.
 */
export function judgeArrivals(state: CellState, arrivals: readonly Arrival[], winner: ItemId | undefined, stamp: Stamp): CellDecision {
  const { live, baseline } = state
  const newer = live === undefined ? [] : arrivals.filter((a) => a.hasSeen(live.item))
  const candidates: Candidate[] = arrivals.map((arrival) => rebased(state, arrival))
  if (live !== undefined && newer.length === 0) candidates.push({ entry: live, isRewritten: false })

  const edited = candidates.filter((c) => isEdited(c.entry))
  // What the app holds already wants nothing more: another value stands before it.
  const wanted = edited.filter((c) => c.entry.value !== baseline)
  const chosen = standingOf(wanted.length > 0 ? wanted : edited, winner)
  const resting = chosen === undefined ? standingOf(candidates, winner) : undefined

  const shown = chosen === undefined ? baseline : chosen.entry.value
  const kept = (state.marks.concurrent?.lines ?? []).filter((l) => !arrivals.some((a) => isTypedAgain(state, l, a)))
  const unseen = edited.filter((c) => c !== chosen && c.entry.value !== shown)
  const over = chosen === undefined ? undefined : lateOver(state, chosen, newer)
  const lines = mergeLines(kept, unseen, [shown, over?.value])
  const concurrent = lines.length === 0 && over === undefined ? undefined : concurrentMark(state.marks.concurrent, lines, over, stamp)

  // Nothing stood here and nothing is wanted: what a late or empty edit leaves would only wait for the next pull (CELLS 21b).
  const isIdle = live === undefined && state.isConnected && (chosen === undefined || chosen.entry.value === baseline)
  const standing = chosen ?? resting
  // Written anew beside a new line: who goes on from that has seen the line as well.
  const isMerge = lines.some((l) => !kept.includes(l))
  const entry: EntryDecision =
    isIdle || standing === undefined
      ? { kind: 'remove' }
      : standing.isRewritten || standing.entry.item !== winner || isMerge
        ? { kind: 'write', entry: rewritten(standing.entry) }
        : { kind: 'keep' }
  return { entry, marks: marksAfter(state, isIdle ? undefined : chosen?.entry, concurrent, stamp) }
}

/** A line goes when its author types again: in the same session, or in another that had the line before it. */
function isTypedAgain({ live }: CellState, line: ConcurrentLine, arrival: Arrival): boolean {
  if (lineKey(arrival.author, arrival.item) === lineKey(line.by, line.item as ItemId)) return true
  return arrival.author === line.by && live?.standsFor !== undefined && arrival.isOnTopOf(live.item)
}

/** The settled value that the shown one was typed without seeing, which holds it (CELLS 21). */
function lateOver(state: CellState, chosen: Candidate, newer: readonly Arrival[]): { value: CellValue; by: string } | undefined {
  const { settled, baseline } = state
  if (chosen.entry.value === baseline) return undefined
  if (chosen.arrival === undefined || newer.includes(chosen.arrival)) return state.marks.concurrent?.settled
  return settled !== undefined && isLate(state, chosen.arrival, chosen.entry) ? { value: settled.sent, by: settled.author } : undefined
}

/** An arriving entry with the base it would have had, had its writer seen what the server wrote under it (CELLS 9, 9b). */
function rebased(state: CellState, arrival: Arrival): Candidate {
  const base = baseUnder(state, arrival)
  return { entry: { ...arrival, base }, arrival, isRewritten: base !== arrival.base }
}

function baseUnder({ live, settled, baseline }: CellState, arrival: Arrival): CellValue {
  // Its writer knows what the app has: nothing that went out meanwhile is news.
  if (arrival.base === baseline) return baseline
  const isOnPushed = settled !== undefined && arrival.hasSeen(settled.item) && arrival.base === settled.base && baseline === settled.stored
  const isOnLive = live !== undefined && arrival.isOnTopOf(live.item)
  if (live?.standsFor !== undefined && !isOnLive && arrival.hasSeen(live.item)) {
    // A put-back takes back what was sent; what was not sent yet is simply wanted no more.
    const isPutBack = arrival.value === arrival.base
    return isPutBack && !(isOnPushed && live.base === settled.rebase) ? arrival.base : live.base
  }
  return isOnPushed && !isOnLive ? settled.rebase : arrival.base
}

/** Typed without seeing a value that was pushed from here and still is what the app has (CELLS 21). */
function isLate({ settled, baseline, isConnected }: CellState, arrival: Arrival, entry: Entry): boolean {
  if (settled === undefined || !isConnected || baseline !== settled.stored || arrival.hasSeen(settled.item)) return false
  return entry.value !== baseline && entry.base !== baseline
}

/** Yjs' choice where it is one of these, else the highest client id. */
const standingOf = (candidates: readonly Candidate[], winner: ItemId | undefined): Candidate | undefined =>
  candidates.find((c) => c.entry.item === winner) ??
  candidates.reduce<Candidate | undefined>(
    (best, c) => (best === undefined || parseItemId(c.entry.item).client > parseItemId(best.entry.item).client ? c : best),
    undefined,
  )

/** The entry as the server writes it again: in its author's name, standing for their item. */
export const rewritten = (live: LiveEntry): Entry => ({
  value: live.value,
  base: live.base,
  at: live.at,
  by: live.author,
  standsFor: personItem(live),
})

/** One last value per author and session; a value that is shown or named already needs no line. */
function mergeLines(
  kept: readonly ConcurrentLine[],
  unseen: readonly Candidate[],
  said: readonly (CellValue | undefined)[],
): ConcurrentLine[] {
  const lines = new Map(kept.map((l) => [lineKey(l.by, l.item as ItemId), l]))
  for (const { entry } of unseen) {
    const item = personItem(entry)
    lines.set(lineKey(entry.author, item), { by: entry.author, item, value: entry.value, at: entry.at })
  }
  return [...lines.values()].filter((l) => !said.includes(l.value))
}

const lineKey = (author: string, item: ItemId): string => `${author}\u0000${parseItemId(item).client}`

function concurrentMark(
  open: AnnotationOf<'concurrent'> | undefined,
  lines: readonly ConcurrentLine[],
  settled: { value: CellValue; by: string } | undefined,
  stamp: Stamp,
): AnnotationOf<'concurrent'> {
  const next = { kind: 'concurrent' as const, lines: [...lines], ...(settled && { settled }) }
  return open !== undefined && sameJson([open.lines, open.settled], [next.lines, next.settled]) ? open : stamp<'concurrent'>(next)
}

/** A value that is shown now needs no line beside it. */
function withoutLine(open: Marks['concurrent'], shown: CellValue, stamp: Stamp): Marks['concurrent'] {
  if (!open?.lines.some((l) => l.value === shown)) return open
  const lines = open.lines.filter((l) => l.value !== shown)
  return lines.length === 0 && open.settled === undefined ? undefined : concurrentMark(open, lines, open.settled, stamp)
}

const sameJson = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b)

/**
 * The marks of a cell whose entry is now `entry` (CELLS 5, 32–35): a conflict opens where one is, follows the person's value, and closes
 * with its reason; a refusal holds for the refused value alone.
 */
function marksAfter(
  state: CellState,
  entry: LiveEntry | undefined,
  concurrent: AnnotationOf<'concurrent'> | undefined,
  stamp: Stamp,
): Marks {
  const refused = isEdited(entry) && state.marks.refused?.value === entry.value ? state.marks.refused : undefined
  const marks: Marks = { differs: state.marks.differs, refused, concurrent }
  return { ...marks, conflict: conflictAfter(state, entry, marks, stamp) }
}

/**
 * The conflict that `entry` amounts to over what the app has, given the one that is open in `state`; `marks` are the other marks it will
 * stand beside. A push-only cell's conflicts are found by the check alone: no pull says what the app has.
 */
export function conflictAfter(
  state: Pick<CellState, 'baseline' | 'isConnected' | 'isPushOnly'> & { readonly marks: Marks },
  entry: (Entry & { readonly author: string }) | undefined,
  marks: Marks,
  stamp: Stamp,
): AnnotationOf<'conflict'> | undefined {
  const open = state.marks.conflict
  if (!state.isConnected || !isEdited(entry) || (state.isPushOnly && open === undefined)) return undefined
  const isFromCheck = state.isPushOnly && open?.isFromCheck === true
  const appHas = isFromCheck ? open.theirs : state.baseline
  // The old base typed again by hand carries the baseline as its base; a person has still to say which of the two is meant (CELLS 3c).
  const isOldBaseAgain = open !== undefined && entry.value === open.base && entry.value !== appHas && entry.base === state.baseline
  const isLinkedTwice = open?.cause === 'linked-twice' && entry.value !== state.baseline
  const isHeldAlready = marks.concurrent?.settled !== undefined
  if (!isLinkedTwice && !isOldBaseAgain && (isHeldAlready || !isConflict(entry, appHas))) return undefined
  const base = isOldBaseAgain ? open.base : entry.base
  if (open !== undefined && open.yours === entry.value && open.theirs === appHas && open.base === base) return open
  return stamp<'conflict'>({
    kind: 'conflict',
    base,
    yours: entry.value,
    theirs: appHas,
    by: entry.author,
    cause: open?.cause ?? 'changed-in-both',
    ...(isFromCheck && { isFromCheck }),
  })
}

export type ChoiceDecision =
  | { readonly kind: 'stale' }
  | { readonly kind: 'apply'; readonly entry: EntryDecision; readonly marks: Marks; readonly acceptKind?: string }

/** What a person answered, and what they had before them when they did. */
export interface Answer {
  readonly annotationId: string
  readonly answered: string
  readonly item: ItemId | null
  readonly choice: Choice
  readonly by: string
  readonly at: number
}

/**
 * Applies a person's choice on an annotation (CELLS 20a, 21a, 23–25, 35), or says that it is stale: the annotation or the entry is no
 * longer the one that was answered.
 */
export function applyChoice(state: CellState, kind: keyof Marks, answer: Answer, stamp: Stamp): ChoiceDecision {
  const open = state.marks[kind]
  if (open === undefined || open.id !== answer.annotationId || answeredValues(open) !== answer.answered) return { kind: 'stale' }
  if ((state.live?.item ?? null) !== answer.item) return { kind: 'stale' }
  const { live, marks, baseline } = state
  const closed: Marks = { ...marks, [kind]: undefined }
  const beside = (shown: CellValue): Marks => ({ ...closed, concurrent: withoutLine(closed.concurrent, shown, stamp) })
  const close = (): ChoiceDecision => ({ kind: 'apply', entry: { kind: 'keep' }, marks: closed })
  const drop = (): ChoiceDecision => ({ kind: 'apply', entry: { kind: 'remove' }, marks: { ...beside(baseline), refused: undefined } })
  /** `standsFor`: the very value somebody typed is sent on, so that what they type next is no other person's. */
  const write = ({ value, base }: Pick<Entry, 'value' | 'base'>, standsFor?: ItemId): ChoiceDecision => {
    const entry: Entry = { value, base, at: answer.at, by: answer.by, ...(standsFor !== undefined && { standsFor }) }
    const others: Marks = { ...beside(value), refused: undefined }
    const conflict = conflictAfter({ ...state, marks: others }, { ...entry, author: answer.by }, others, stamp)
    return { kind: 'apply', entry: { kind: 'write', entry }, marks: { ...others, conflict } }
  }
  const { choice } = answer.choice
  switch (open.kind) {
    case 'differs':
      if (choice === 'keep-app') return close()
      if (choice === 'accept-kind') return { kind: 'apply', entry: { kind: 'keep' }, marks: closed, acceptKind: open.difference }
      if (choice === 'send-again' && live === undefined) return write({ value: open.sent, base: open.got })
      return { kind: 'stale' }
    case 'conflict':
      if (live === undefined) return { kind: 'stale' }
      if (choice === 'send-mine') return write({ value: live.value, base: open.theirs }, personItem(live))
      if (choice === 'take-theirs') return drop()
      return { kind: 'stale' }
    case 'concurrent': {
      const over = open.settled
      if (over !== undefined && live !== undefined) {
        if (choice === 'send-mine') return write({ value: live.value, base: baseline }, personItem(live))
        if (choice === 'take-theirs') return drop()
      }
      if (choice === 'keep-shown' && over === undefined) return close()
      const line = answer.choice.choice === 'use-line' ? lineOf(open, answer.choice.item) : undefined
      if (line === undefined) return { kind: 'stale' }
      const input = entryForInput(baseline, over === undefined ? live : undefined, line.value)
      if (input !== undefined) return write(input)
      return over === undefined ? close() : drop()
    }
    case 'refused':
      return choice === 'try-again' ? close() : { kind: 'stale' }
  }
}

const lineOf = (open: AnnotationOf<'concurrent'>, item: string): ConcurrentLine | undefined => open.lines.find((l) => l.item === item)
