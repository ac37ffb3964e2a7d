import type { CellStatusKind } from '../../workbook/cell-status.ts'
import type { CellValue } from '../../workbook/cell-value.ts'
import { showValue } from '../../workbook/field-values.ts'
import type { Field } from '../../workbook/fields.ts'
import type { FieldId, RowId } from '../../workbook/ids.ts'
import { type CellDisplay, displayOf } from '../grid/cell-display.ts'
import type { Painter } from '../grid/scene.ts'
import { TEXTS } from '../texts.ts'
import { isQuiet, mostUrgent, statusesOf, statusTexts } from '../views/row-status.ts'

/** What the cards of a board show. All are equally tall, so that where one stands is arithmetic and nothing is measured. */
export interface CardShape {
  /** The record's key, small above the title. */
  readonly key: Field | undefined
  readonly title: Field | undefined
  readonly parts: readonly Field[]
  /** Pixels. */
  readonly height: number
}

const MOST_PARTS = 5
/** So many parts stand beside each other, as a rule. */
const PARTS_A_LINE = 2
/** Border and padding, the line of the key, two lines of the title, one of parts; px, as in `board.css`. */
const FRAME = 20
const KEY_LINE = 20
const TITLE = 38
const PART_LINE = 25

/** Which of the shown fields stand where on a card: the record's key, the first text as its title, and the next few besides that of the lanes. */
export function cardShape(shown: readonly Field[], lanes: FieldId): CardShape {
  const fields = shown.filter(({ id }) => id !== lanes)
  const key = fields.find(({ binding }) => binding?.isConnectionField)
  const texts = fields.filter((field) => field !== key)
  const title = texts.find(({ type }) => type === 'text') ?? (key === undefined ? texts[0] : undefined)
  const parts = texts.filter((field) => field !== title).slice(0, MOST_PARTS)
  const lines = Math.min(2, Math.ceil(parts.length / PARTS_A_LINE))
  const head = key === undefined || title === undefined ? 0 : KEY_LINE
  const named = title === undefined ? { key: undefined, title: key } : { key, title }
  return { ...named, parts, height: FRAME + head + TITLE + lines * PART_LINE }
}

export interface CardPart {
  readonly field: Field
  readonly display: CellDisplay
  /** As a person reads it: `5`, `Ana Lima`. */
  readonly text: string
  readonly state: CellStatusKind
}

export interface CardPicture {
  readonly key: string
  readonly title: string
  readonly parts: readonly CardPart[]
  /** The most urgent state of all its shown cells; `agreed` where there is none. */
  readonly state: CellStatusKind
  /** The cell that is in that state; else the one the lanes are made of. */
  readonly field: FieldId
  /** Every state and value, for those who do not see them. */
  readonly description: string
}

/** What a card shows of its row. */
export function cardPicture(
  row: RowId,
  lanes: Field,
  shown: readonly Field[],
  { shape, painter }: { shape: CardShape; painter: Painter },
): CardPicture {
  const { sheet, formats } = painter
  const valueIn = (field: Field): CellValue => sheet.cell(row, field.id).value
  const textOf = (field: Field | undefined): string => (field === undefined ? '' : showValue(field, valueIn(field), formats))
  const statuses = statusesOf(painter, row, [lanes, ...shown.filter(({ id }) => id !== lanes.id)])
  const stateOf = new Map(statuses.map(({ field, status }) => [field.id, status]))
  const worst = mostUrgent(statuses)
  const parts = shape.parts.flatMap((field): readonly CardPart[] => {
    const value = valueIn(field)
    const state = stateOf.get(field.id)?.kind ?? 'agreed'
    const isEmpty = value === null || value === '' || value === false
    // An empty part takes no place, unless it is empty because somebody has just emptied it.
    if (isEmpty && isQuiet(state)) return []
    return [{ field, display: displayOf(field, value, formats), text: textOf(field), state }]
  })
  const described = [
    ...parts.map(({ field, text }) => TEXTS.views.stateOf(field.name, text === '' ? TEXTS.board.empty : text)),
    ...statusTexts(statuses),
  ]
  return {
    key: textOf(shape.key),
    title: textOf(shape.title),
    parts,
    state: worst?.status.kind ?? 'agreed',
    field: worst?.field.id ?? lanes.id,
    description: described.map((text) => (/[.!?]$/u.test(text) ? text : `${text}.`)).join(' '),
  }
}
