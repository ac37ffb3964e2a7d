import type { Annotation, AnnotationOf, Choice } from './annotations.ts'
import type { CellValue, DifferenceKind } from './cell-value.ts'
import type { Field } from './fields.ts'
import { isEdited } from './schema.ts'
import type { Cell } from './sheet.ts'

export const CELL_STATUS_KINDS = [
  'agreed',
  'staged',
  'held',
  'sending',
  'differs',
  'refused',
  'conflict',
  'concurrent',
  'read-only',
  'gone',
  'unmatched',
  'invalid',
] as const
export type CellStatusKind = (typeof CELL_STATUS_KINDS)[number]

/** What a person may do about a cell's state; the label says it in their words. */
export type CellChoice =
  | { readonly act: 'choose'; readonly label: string; readonly annotation: Annotation; readonly answer: Choice }
  | { readonly act: 'write'; readonly label: string; readonly value: CellValue }
  | { readonly act: 'put-back'; readonly label: string }
  /** About the record the row is tied to: asked about before anything is done. */
  | { readonly act: 'record'; readonly what: 'recreate' | 'unlink'; readonly label: string }

/** One cell's state as people read it. The text of an agreed cell is empty. */
export interface CellStatus {
  readonly kind: CellStatusKind
  readonly text: string
  readonly choices: readonly CellChoice[]
}

export interface CellStatusInput {
  readonly cell: Cell
  readonly field: Field
  /** Gone or out of filter, where the row's record of this field's connection is. */
  readonly record?: AnnotationOf<'gone'> | AnnotationOf<'unmatched'> | undefined
  /** The row is tied to a record of the field's connection. */
  readonly isLinked: boolean
  /** A run is sending this cell. */
  readonly isSending?: boolean
  /** Why today's plan leaves the staged cell out, where it does. */
  readonly planned?: { readonly text: string; readonly nearest?: string } | undefined
  /** Why the value is not what the field should hold, where it is not. */
  readonly invalid?: string | undefined
  /** The person may say what holds for a whole field from now on. */
  readonly mayAcceptKinds?: boolean
  /** The id of the person who reads. */
  readonly me: string
  readonly nameOf: (person: string) => string
  readonly showValue: (value: CellValue) => string
  readonly showTime: (at: number) => string
}

/** States that wait for a person: *next cell that needs a person* stops at them. */
const NEEDS_PERSON: ReadonlySet<CellStatusKind> = new Set(['differs', 'refused', 'conflict', 'concurrent'])

export const needsPerson = (kind: CellStatusKind): boolean => NEEDS_PERSON.has(kind)

/** Kinds of difference as a sentence names them. */
export const DIFFERENCE: Record<DifferenceKind, string> = {
  capitals: 'capitals',
  spacing: 'spacing',
  rounding: 'rounding',
  order: 'order',
  formatting: 'formatting',
  other: 'another value',
}

/**
 * The one state a cell is shown in, with its text and what a person may choose. Where several hold at once, the one that a person must
 * answer first is shown.
 */
export function cellStatus(input: CellStatusInput): CellStatus {
  const { cell } = input
  const { marks } = cell
  if (marks.refused !== undefined && cell.isStaged) return refusedStatus(input, marks.refused)
  if (marks.conflict !== undefined) return conflictStatus(input, marks.conflict)
  if (marks.concurrent !== undefined) return concurrentStatus(input, marks.concurrent)
  if (marks.differs !== undefined) return differsStatus(input, marks.differs)
  if (input.record?.kind === 'gone') return goneStatus(input)
  if (input.invalid !== undefined && (input.field.binding === undefined || !cell.isStaged)) {
    return { kind: 'invalid', text: input.invalid, choices: [] }
  }
  if (cell.isStaged) return stagedStatus(input)
  if (input.record?.kind === 'unmatched')
    return { kind: 'unmatched', text: 'No longer matches the filter. The row stays.', choices: [UNLINK] }
  const { binding } = input.field
  if (binding !== undefined && !binding.writable) {
    return { kind: 'read-only', text: binding.reason ?? `Only ${binding.appName} sets this field.`, choices: [] }
  }
  return { kind: 'agreed', text: '', choices: [] }
}

const appOf = ({ field }: CellStatusInput): string => field.binding?.appName ?? 'the app'

/** A value within a sentence: `none` for the empty cell. */
const said = ({ showValue }: CellStatusInput, value: CellValue): string => (value === null || value === '' ? 'none' : showValue(value))

/**
 * Two values as a person tells them apart: `none` for the empty one, and as they are written where they would be shown alike (an app's
 * `DONE` is shown as the option Done).
 */
export function shownApart(from: CellValue, to: CellValue, show: (value: CellValue) => string): readonly [from: string, to: string] {
  const sayOf = (value: CellValue): string => (value === null || value === '' ? 'none' : show(value))
  const [shownFrom, shownTo] = [sayOf(from), sayOf(to)]
  return shownFrom === shownTo && from !== null && to !== null ? [String(from), String(to)] : [shownFrom, shownTo]
}

/** Exactly as it is written, so that capitals and spaces can be compared. */
const quoted = ({ field, showValue }: CellStatusInput, value: CellValue): string => {
  if (value === null || value === '') return 'nothing'
  const isRaw = typeof value === 'string' && field.type !== 'date-time' && field.type !== 'date' && field.type !== 'person'
  return `'${isRaw ? value : showValue(value)}'`
}

const PUT_BACK: CellChoice = { act: 'put-back', label: 'Put back' }
const RECREATE: CellChoice = { act: 'record', what: 'recreate', label: 'Recreate…' }
const UNLINK: CellChoice = { act: 'record', what: 'unlink', label: 'Unlink…' }

function stagedStatus(input: CellStatusInput): CellStatus {
  const { cell, field, planned } = input
  const change = shownApart(cell.baseline, cell.value, input.showValue).join(' → ')
  if (input.isSending) return { kind: 'sending', text: `Sending… ${change}`, choices: [] }
  if (field.binding === undefined) return { kind: 'agreed', text: '', choices: [] }
  if (!input.isLinked) {
    const text = `Staged, held: this row is not linked to a ${appOf(input)} record yet.`
    return { kind: 'held', text, choices: [PUT_BACK] }
  }
  const held = planned?.text ?? field.binding.heldBy
  if (held === undefined) return { kind: 'staged', text: `Staged: ${change}. Goes out with the next sync.`, choices: [PUT_BACK] }
  const nearest: readonly CellChoice[] =
    planned?.nearest === undefined ? [] : [{ act: 'write', label: `Use “${planned.nearest}”`, value: planned.nearest }]
  return { kind: 'held', text: `Staged, held: ${lowerFirst(held)}`, choices: [...nearest, PUT_BACK] }
}

const lowerFirst = (text: string): string => (/^This /u.test(text) ? text.charAt(0).toLowerCase() + text.slice(1) : text)

function refusedStatus(input: CellStatusInput, refused: AnnotationOf<'refused'>): CellStatus {
  const { nearest } = refused
  const offer = nearest === undefined ? '' : ` Did you mean '${nearest}'?`
  const use: readonly CellChoice[] = nearest === undefined ? [] : [{ act: 'write', label: `Use “${nearest}”`, value: nearest }]
  return {
    kind: 'refused',
    text: `${appOf(input)} refused ${quoted(input, refused.value)}: ${withoutStop(refused.reason)}.${offer}`,
    choices: [...use, { act: 'choose', label: 'Try again', annotation: refused, answer: { choice: 'try-again' } }, PUT_BACK],
  }
}

const withoutStop = (text: string): string => text.trim().replace(/\.$/u, '')

function differsStatus(input: CellStatusInput, differs: AnnotationOf<'differs'>): CellStatus {
  const app = appOf(input)
  const who = differs.by === input.me ? 'you' : input.nameOf(differs.by)
  const keep: CellChoice = { act: 'choose', label: `Keep ${app}’s`, annotation: differs, answer: { choice: 'keep-app' } }
  const again: CellChoice = { act: 'choose', label: 'Send mine again', annotation: differs, answer: { choice: 'send-again' } }
  return {
    kind: 'differs',
    text: `${app} saved ${quoted(input, differs.got)}, ${who} sent ${quoted(input, differs.sent)} (${DIFFERENCE[differs.difference]}).`,
    choices: [keep, ...(input.cell.entry === undefined ? [again] : []), ...alwaysAccept(input, differs)],
  }
}

/** What is no more than another way to write the same can be accepted once for all; another value never is. */
function alwaysAccept({ field, mayAcceptKinds }: CellStatusInput, differs: AnnotationOf<'differs'>): readonly CellChoice[] {
  if (mayAcceptKinds !== true || differs.difference === 'other') return []
  const label = `Always accept ${DIFFERENCE[differs.difference]} in ${field.name}`
  return [{ act: 'choose', label, annotation: differs, answer: { choice: 'accept-kind' } }]
}

const CONFLICT_LEAD: Record<AnnotationOf<'conflict'>['cause'], string> = {
  'changed-in-both': 'Changed in both',
  'answer-lost': 'Sent, but the answer was lost, and the app holds another value',
  rewritten: 'Sent, and saved as another value while yours was typed',
  'linked-twice': 'Two rows hold this record',
}

function conflictStatus(input: CellStatusInput, conflict: AnnotationOf<'conflict'>): CellStatus {
  const app = appOf(input)
  const isMine = conflict.by === input.me
  const yours = isMine ? 'yours' : `${input.nameOf(conflict.by)}’s`
  const values = `was ${said(input, conflict.base)}, ${yours} ${said(input, conflict.yours)}, ${app}'s ${said(input, conflict.theirs)}`
  return {
    kind: 'conflict',
    text: `${CONFLICT_LEAD[conflict.cause]}: ${values} (${input.showTime(conflict.at)}).`,
    choices: [
      { act: 'choose', label: isMine ? 'Send mine' : `Send ${yours}`, annotation: conflict, answer: { choice: 'send-mine' } },
      { act: 'choose', label: `Take ${app}’s`, annotation: conflict, answer: { choice: 'take-theirs' } },
    ],
  }
}

function concurrentStatus(input: CellStatusInput, concurrent: AnnotationOf<'concurrent'>): CellStatus {
  const { cell, me, nameOf } = input
  const shownBy = isEdited(cell.entry) ? cell.entry.by : undefined
  const named = (by: string): string => (by === me ? 'You' : nameOf(by))
  const lines: readonly CellChoice[] = concurrent.lines.map((line) => ({
    act: 'choose',
    label: line.by === me ? `Use mine (${said(input, line.value)})` : `Use ${nameOf(line.by)}’s (${said(input, line.value)})`,
    annotation: concurrent,
    answer: { choice: 'use-line', item: line.item },
  }))
  if (concurrent.settled !== undefined) {
    const { by, value } = concurrent.settled
    const whose = by === me ? 'your' : `${nameOf(by)}’s`
    const keep = `Keep ${by === me ? 'mine' : whose} (${said(input, value)})`
    const send = shownBy === undefined || shownBy === me ? 'Send mine' : `Send ${nameOf(shownBy)}’s`
    return {
      kind: 'concurrent',
      text: `Staged, held: typed before ${whose} value was sent. Sent: ${said(input, value)}. Shown: ${said(input, cell.value)}.`,
      choices: [
        { act: 'choose', label: `${send} (${said(input, cell.value)})`, annotation: concurrent, answer: { choice: 'send-mine' } },
        { act: 'choose', label: keep, annotation: concurrent, answer: { choice: 'take-theirs' } },
        ...lines,
      ],
    }
  }
  const people = [...new Set([...(shownBy === undefined ? [] : [shownBy]), ...concurrent.lines.map((l) => l.by)])]
  const names = people.sort((a, b) => Number(b === me) - Number(a === me)).map(named)
  const who = names.length === 1 ? `${names[0]} set this in two windows` : `${listed(names)} set this at the same time`
  const whose = shownBy === undefined ? 'the value before' : shownBy === me ? 'yours' : `${nameOf(shownBy)}'s`
  return {
    kind: 'concurrent',
    text: `${who}. Showing ${whose}.`,
    choices: [...lines, { act: 'choose', label: 'Keep shown', annotation: concurrent, answer: { choice: 'keep-shown' } }],
  }
}

const listed = (names: readonly string[]): string =>
  names.length < 2 ? (names[0] ?? '') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`

function goneStatus(input: CellStatusInput): CellStatus {
  const app = appOf(input)
  const kept = input.cell.isStaged ? ' Your edit stays here and is not sent.' : ' The row stays.'
  return { kind: 'gone', text: `Deleted in ${app}.${kept}`, choices: [RECREATE, UNLINK, ...(input.cell.isStaged ? [PUT_BACK] : [])] }
}
