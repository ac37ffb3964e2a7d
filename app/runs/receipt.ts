import type { Run, RunHead } from '../../server/api/contract.ts'

export type CellOutcome = Run['cells'][number]['outcome']
type Counts = RunHead['counts']

/** The parts of a receipt: each planned cell is in exactly one. */
export const PARTS = ['pushed', 'refused', 'skipped', 'unknown'] as const
export type ReceiptPart = (typeof PARTS)[number]

export interface ReceiptLine {
  readonly part: ReceiptPart
  readonly count: number
  /** Why, of a part that has several reasons, with how many each. */
  readonly why: readonly { readonly outcome: CellOutcome; readonly count: number }[]
}

export interface Receipt {
  readonly planned: number
  readonly lines: readonly ReceiptLine[]
  /** Planned cells that are in no part yet: the run is under way, or was stopped. */
  readonly open: number
}

/** What a line of the run's cells is, as the receipt counts it: `held` was never planned, `pulled` nobody here had changed. */
export type CellClass = ReceiptPart | 'held' | 'pulled'

const CLASSES: Readonly<Record<CellOutcome, CellClass>> = {
  pushed: 'pushed',
  created: 'pushed',
  refused: 'refused',
  unknown: 'unknown',
  'moved-on': 'skipped',
  'already-there': 'skipped',
  'not-landed': 'skipped',
  held: 'skipped',
  'not-planned': 'held',
  pulled: 'pulled',
}

type Outcome = Pick<Run['cells'][number], 'outcome'>

/** The class of each line. */
export const classesOf = (cells: readonly Outcome[]): readonly CellClass[] => cells.map(({ outcome }) => CLASSES[outcome])

/** A run's receipt: planned = pushed + refused + skipped + unknown, and of the skipped cells why. */
export function receiptOf(counts: Counts, cells: readonly Outcome[]): Receipt {
  const classes = classesOf(cells)
  const skipped = new Map<CellOutcome, number>()
  for (const [i, { outcome }] of cells.entries()) if (classes[i] === 'skipped') skipped.set(outcome, (skipped.get(outcome) ?? 0) + 1)
  const why = [...skipped].map(([outcome, count]) => ({ outcome, count }))
  const lines = PARTS.map((part): ReceiptLine => ({ part, count: counts[part], why: part === 'skipped' ? why : [] }))
  const done = lines.reduce((sum, line) => sum + line.count, 0)
  return { planned: counts.planned, lines, open: Math.max(0, counts.planned - done) }
}

export type CellFilter = 'all' | CellClass

const FILTERS: readonly CellFilter[] = ['all', 'pushed', 'refused', 'skipped', 'unknown', 'held', 'pulled']

export const isCellFilter = (text: string | null): text is CellFilter => FILTERS.some((filter) => filter === text)

/** The filters that have something to show, each with its number, `all` first. */
export const cellFilters = (classes: readonly CellClass[]): readonly { readonly filter: CellFilter; readonly count: number }[] =>
  FILTERS.map((filter) => ({ filter, count: filter === 'all' ? classes.length : classes.filter((c) => c === filter).length })).filter(
    ({ filter, count }) => filter === 'all' || count > 0,
  )

export const CREDIT_RULES = ['pushed', 'pulled', 'linked', 'refreshed', 'searched'] as const
export type CreditRule = (typeof CREDIT_RULES)[number]

/** What was charged by which rule; rules that charged nothing are left out. */
export const chargedRules = (credits: RunHead['credits']): readonly { readonly rule: CreditRule; readonly count: number }[] =>
  CREDIT_RULES.map((rule) => ({ rule, count: credits[rule] })).filter(({ count }) => count > 0)

/** What of a run somebody should look at, worst first: the part of its line that leads to the cells. */
export function worthALook(counts: Counts): { readonly part: ReceiptPart; readonly count: number } | undefined {
  const part = (['refused', 'unknown', 'skipped'] as const).find((name) => counts[name] > 0)
  return part === undefined ? undefined : { part, count: counts[part] }
}
