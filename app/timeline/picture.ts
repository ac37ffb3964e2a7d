import type { CellStatusKind } from '../../workbook/cell-status.ts'
import type { Field } from '../../workbook/fields.ts'
import { cellKey, type FieldId, type RowId } from '../../workbook/ids.ts'
import { isAwaited } from '../../workbook/row-index.ts'
import type { Tint } from '../../workbook/view.ts'
import { displayOf } from '../grid/cell-display.ts'
import type { Painter, PeerMark, TalkMarks } from '../grid/scene.ts'
import type { ChipColor } from '../kit/app-colors.ts'
import { TIMELINE_TEXTS as T } from '../texts/timeline.ts'
import { TEXTS } from '../texts.ts'
import { mostUrgent, statusesOf, statusTexts } from '../views/row-status.ts'
import type { GridView } from '../views/view-controller.ts'
import { rowNameOf } from '../workbook/row-name.ts'
import { type Bar, barOf, type RowDates, type SpanFields } from './bars.ts'
import { canFill, mayWrite } from './date-moves.ts'
import { datesText } from './dates-text.ts'
import type { DateReader } from './days.ts'

/** Everything one row of a timeline shows: plain data, compared with what stands there. */
export interface RowPicture {
  /** The record's key, or what else the row is called. */
  readonly name: string
  /** Its first text, where that is not its name. */
  readonly title: string
  readonly bar: Bar
  /** From when to when, as it is read beside the bar. */
  readonly dates: string
  /** The whole of it, for those who do not see the bar. */
  readonly label: string
  readonly description: string
  /** Of the two dates, and the most urgent one of the row's cells. */
  readonly states: { readonly start: CellStatusKind; readonly end: CellStatusKind; readonly row: CellStatusKind }
  /** The date whose state is most urgent; else the start. */
  readonly field: FieldId
  readonly color: ChipColor | undefined
  /** The view's own colour of the row. */
  readonly tint: Tint | undefined
  /** Which of its grips move something. */
  readonly grips: { readonly whole: boolean; readonly start: boolean; readonly end: boolean }
  /** The row has no dates, and a press on its line may give it some. */
  readonly canFill: boolean
  readonly isMoving: boolean
  readonly isAwaited: boolean
  readonly peers: readonly PeerMark[]
  readonly hasNote: boolean
  /** Open ones of the row and of its cells. */
  readonly comments: number
}

/** What pictures are made from besides the row. */
export interface PictureGround {
  readonly painter: Painter
  readonly view: Pick<GridView, 'fields' | 'rowColor' | 'isMoving'>
  readonly reader: DateReader
  readonly span: SpanFields
  readonly peers: ReadonlyMap<string, readonly PeerMark[]>
  /** Nothing here can be moved by this person. */
  readonly isReadOnly: boolean
}

const NO_PEERS: readonly PeerMark[] = []

/** `line` is the row's place among those that are shown, `dates` are what its cells hold, or would hold while they are dragged. */
export function pictureOf(ground: PictureGround, row: RowId, line: number, dates: RowDates): RowPicture {
  const { painter, view, reader, span, peers } = ground
  const { sheet } = painter
  const bar = barOf(reader, span, dates)
  const shown = datesText(reader, span, dates, bar)
  const fields = [...new Set([span.start, ...(span.end === undefined ? [] : [span.end]), ...view.fields])]
  const statuses = statusesOf(painter, row, fields)
  const ofDates = statuses.filter(({ field }) => field === span.start || field === span.end)
  const kindOf = (field: Field | undefined): CellStatusKind => ofDates.find((one) => one.field === field)?.status.kind ?? 'agreed'
  const states = { start: kindOf(span.start), end: kindOf(span.end), row: mostUrgent(statuses)?.status.kind ?? 'agreed' }
  const name = rowNameOf(sheet.fields(), (field) => sheet.cell(row, field.id).value, line)
  const title = titleOf(ground, row, name)
  const worst = mostUrgent(ofDates)
  const state = T.states[worst?.status.kind ?? 'agreed']
  const named = title === '' ? name : `${name} ${title}`
  const tint = view.rowColor(row)
  const { marks } = painter
  const hasNote = marks?.notes.has(row) === true
  const comments = marks === undefined || marks.rows.size + marks.cells.size === 0 ? 0 : commentsOn(marks, row, fields)
  const here = peers.get(row) ?? NO_PEERS
  const talk = [...(hasNote ? [TEXTS.drawer.hasNote] : []), ...(comments > 0 ? [TEXTS.talk.onCell(comments)] : [])]
  const said = [...statusTexts(statuses), ...here.map((peer) => TEXTS.grid.peerHere(peer.name)), talk.join(', ')]
  const awaited = isAwaited(row)
  return {
    name,
    title,
    bar,
    dates: shown,
    label: awaited ? `${name}, ${T.loading}` : [named, shown, state].filter(Boolean).join(', '),
    description: said.filter(Boolean).join(' '),
    states,
    field: worst?.field.id ?? span.start.id,
    color: tint ?? choiceColor(ground, row),
    tint,
    grips: ground.isReadOnly || awaited ? NO_GRIPS : gripsOf(span, bar),
    canFill: !ground.isReadOnly && !awaited && canFill(span, dates),
    isMoving: view.isMoving(row),
    isAwaited: awaited,
    peers: here,
    hasNote,
    comments,
  }
}

const NO_GRIPS = { whole: false, start: false, end: false }

/** The whole moves where every date that is there may be written; an end where its own may. */
function gripsOf({ start, end }: SpanFields, { kind }: Bar): RowPicture['grips'] {
  const [mayStart, mayEnd] = [mayWrite(start), mayWrite(end)]
  switch (kind) {
    case 'none':
    case 'outside':
      return NO_GRIPS
    case 'mark':
      return { whole: mayStart, start: false, end: false }
    case 'open-end':
      return { whole: mayStart, start: false, end: mayEnd }
    case 'open-start':
      return { whole: mayEnd, start: mayStart, end: false }
    case 'bar':
    case 'wrong':
      return { whole: mayStart && mayEnd, start: mayStart, end: mayEnd }
  }
}

const commentsOn = (marks: TalkMarks, row: RowId, fields: readonly Field[]): number =>
  fields.reduce((sum, field) => sum + (marks.cells.get(cellKey(row, field.id)) ?? 0), marks.rows.get(row) ?? 0)

/** The first text of the row that the view shows. */
function titleOf({ painter: { sheet }, view }: PictureGround, row: RowId, name: string): string {
  const field = view.fields.find(({ type, binding }) => type === 'text' && binding?.isConnectionField !== true)
  const value = field && sheet.cell(row, field.id).value
  return typeof value === 'string' && value !== name ? value : ''
}

/** The colour of the first choice that the view shows. */
function choiceColor({ painter: { sheet, formats }, view }: PictureGround, row: RowId): ChipColor | undefined {
  const field = view.fields.find(({ type }) => type === 'single-select')
  const display = field && displayOf(field, sheet.cell(row, field.id).value, formats)
  return display?.kind === 'chips' ? display.chips[0]?.color : undefined
}
