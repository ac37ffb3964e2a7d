import type { Annotation, AnnotationOf } from '../../workbook/annotations.ts'
import type { CellStatusKind } from '../../workbook/cell-status.ts'
import type { CellValue } from '../../workbook/cell-value.ts'
import type { Answered } from '../../workbook/edit.ts'
import type { ConnectionId, FieldId, RowId } from '../../workbook/ids.ts'
import type { Cell, Sheet } from '../../workbook/sheet.ts'
import type { NeedingCell } from '../sync-panel/survey.ts'

/** One side of a question: a value, whose it is, and when. */
export interface Side {
  readonly value: CellValue
  /** A person's id; empty where the app does not tell. */
  readonly by: string
  /** ms since 1970; absent where nobody noted it. */
  readonly at?: number
  readonly run?: string
}

/** A cell that waits for a person, with the three sides they choose between. */
export interface Problem {
  readonly row: RowId
  readonly field: FieldId
  readonly connection: ConnectionId | undefined
  readonly kind: 'conflict' | 'differs' | 'refused' | 'concurrent'
  readonly annotation: Annotation
  /** What both sides began from; absent where that is not the question. */
  readonly base: CellValue | undefined
  readonly mine: Side
  readonly theirs: Side
  /** Values of other people beside the one that is shown. */
  readonly others: readonly Side[]
  /** A warning whose cell holds a newer edit: the sent value cannot be sent again over it. */
  readonly hasEntry: boolean
}

/** The questions of a sheet in the order of its rows, the one of each cell that must be answered first. */
export function problemsOf(sheet: Sheet, needing: readonly NeedingCell[]): readonly Problem[] {
  return needing.flatMap(({ row, field, connection, kind }) => {
    const cell = sheet.cell(row, field)
    const problem = isProblemKind(kind) ? sidesOf(kind, cell) : undefined
    return problem === undefined ? [] : [{ row, field, connection, hasEntry: cell.entry !== undefined, ...problem }]
  })
}

const isProblemKind = (kind: CellStatusKind): kind is Problem['kind'] =>
  kind === 'conflict' || kind === 'differs' || kind === 'refused' || kind === 'concurrent'

type Sides = Pick<Problem, 'kind' | 'annotation' | 'base' | 'mine' | 'theirs' | 'others'>

function sidesOf(kind: Problem['kind'], { marks, entry, value, baseline }: Cell): Sides | undefined {
  const typed = (by: string, shown: CellValue): Side => ({ value: shown, by, ...(entry !== undefined && { at: entry.at }) })
  const seen = ({ at, run }: Pick<Annotation, 'at' | 'run'>, shown: CellValue, by = ''): Side => ({
    value: shown,
    by,
    at,
    ...(run !== undefined && { run }),
  })
  switch (kind) {
    case 'conflict': {
      const mark = marks.conflict
      if (mark === undefined) return undefined
      const { base, yours, theirs } = mark
      return { kind, annotation: mark, base, mine: typed(mark.by, yours), theirs: seen(mark, theirs, theirsBy(mark)), others: [] }
    }
    case 'differs': {
      const mark = marks.differs
      if (mark === undefined) return undefined
      return { kind, annotation: mark, base: undefined, mine: { value: mark.sent, by: mark.by }, theirs: seen(mark, mark.got), others: [] }
    }
    case 'refused': {
      const mark = marks.refused
      if (mark === undefined) return undefined
      return { kind, annotation: mark, base: undefined, mine: typed(entry?.by ?? '', mark.value), theirs: seen(mark, baseline), others: [] }
    }
    case 'concurrent': {
      const mark = marks.concurrent
      if (mark === undefined) return undefined
      const others = mark.lines.map((line) => ({ value: line.value, by: line.by, at: line.at }))
      const theirs = mark.settled === undefined ? { value: baseline, by: '' } : seen(mark, mark.settled.value, mark.settled.by)
      return { kind, annotation: mark, base: entry?.base, mine: typed(entry?.by ?? '', value), theirs, others }
    }
  }
}

const theirsBy = (mark: AnnotationOf<'conflict'>): string => mark.theirsBy ?? ''

/** How many are answered at once: keep what the app has, or send what people typed. */
export type Verb = 'keep-app' | 'send-mine'

export interface DryRun {
  readonly answers: readonly Answered[]
  /** Refused values that go back to what the app has. */
  readonly putBacks: readonly { readonly row: RowId; readonly field: FieldId }[]
  /** How many of each kind are answered; `late`: typed before another's value was sent. */
  readonly counts: { readonly conflicts: number; readonly differs: number; readonly refused: number; readonly late: number }
  /** Questions this answers not: two people's values, of which neither is the app's. */
  readonly left: number
}

/** What answering all of these one way would do, before anything is done. */
export function dryRun(problems: readonly Problem[], verb: Verb): DryRun {
  const answers: Answered[] = []
  const putBacks: { row: RowId; field: FieldId }[] = []
  const counts = { conflicts: 0, differs: 0, refused: 0, late: 0 }
  let left = 0
  const isKeep = verb === 'keep-app'
  for (const { row, field, kind, annotation, hasEntry } of problems) {
    const isLate = annotation.kind === 'concurrent' && annotation.settled !== undefined
    if (kind === 'conflict' || isLate) {
      answers.push({ row, field, annotation, answer: { choice: isKeep ? 'take-theirs' : 'send-mine' } })
      counts[kind === 'conflict' ? 'conflicts' : 'late']++
    } else if (kind === 'differs' && (isKeep || !hasEntry)) {
      answers.push({ row, field, annotation, answer: { choice: isKeep ? 'keep-app' : 'send-again' } })
      counts.differs++
    } else if (kind === 'refused') {
      if (isKeep) putBacks.push({ row, field })
      else answers.push({ row, field, annotation, answer: { choice: 'try-again' } })
      counts.refused++
    } else left++
  }
  return { answers, putBacks, counts, left }
}

/** Which of the questions a rule is about. */
export type Scope =
  | { readonly of: 'all' | 'selected' }
  | { readonly of: 'field'; readonly field: FieldId }
  | { readonly of: 'connection'; readonly connection: ConnectionId }
  | { readonly of: 'kind'; readonly kind: Problem['kind'] }

export const placeOf = ({ row, field }: Pick<Problem, 'row' | 'field'>): string => `${row}:${field}`

export function inScope(problems: readonly Problem[], scope: Scope, selected: ReadonlySet<string>): readonly Problem[] {
  switch (scope.of) {
    case 'all':
      return problems
    case 'selected':
      return problems.filter((problem) => selected.has(placeOf(problem)))
    case 'field':
      return problems.filter(({ field }) => field === scope.field)
    case 'connection':
      return problems.filter(({ connection }) => connection === scope.connection)
    case 'kind':
      return problems.filter(({ kind }) => kind === scope.kind)
  }
}

/** The scopes worth offering: those that are some of the questions, but not all. */
export function scopesOf(problems: readonly Problem[], selected: ReadonlySet<string>): readonly Scope[] {
  const isSome = (scope: Scope): boolean => {
    const count = inScope(problems, scope, selected).length
    return count > 0 && (count < problems.length || scope.of === 'selected')
  }
  const unique = <Value>(values: readonly Value[]): readonly Value[] => [...new Set(values)]
  const scopes: readonly Scope[] = [
    { of: 'selected' },
    ...unique(problems.flatMap(({ connection }) => connection ?? [])).map((connection): Scope => ({ of: 'connection', connection })),
    ...unique(problems.map(({ kind }) => kind)).map((kind): Scope => ({ of: 'kind', kind })),
    ...unique(problems.map(({ field }) => field)).map((field): Scope => ({ of: 'field', field })),
  ]
  return [{ of: 'all' }, ...scopes.filter(isSome)]
}
