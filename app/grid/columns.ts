import type { Field } from '../../workbook/fields.ts'
import type { FieldId } from '../../workbook/ids.ts'
import { columnWindow } from './grid-model.ts'

/** A column as the grid draws it. */
export interface GridColumn {
  readonly field: Field
  /** Among the columns that are shown; 0 is the first. */
  readonly index: number
  /** Pixels from the left edge of the rows. */
  readonly left: number
  readonly width: number
  readonly isFrozen: boolean
}

/** Columns side by side that hang on one connection, or on none. */
export interface Band {
  readonly key: string
  readonly connection: string | undefined
  readonly fields: readonly Field[]
}

export const NUMBER_WIDTH = 44

/** The order columns are shown in: the record's key first, since it stays when the sheet is scrolled sideways; hidden ones left out. */
export function shownFields(fields: readonly Field[]): readonly Field[] {
  const shown = fields.filter((field) => !field.isHidden)
  const key = shown.find((field) => field.binding?.isConnectionField)
  return key === undefined ? shown : [key, ...shown.filter((field) => field !== key)]
}

export function bandsOf(fields: readonly Field[]): readonly Band[] {
  const bands: { key: string; connection: string | undefined; fields: Field[] }[] = []
  for (const field of fields) {
    const connection = field.binding?.connection
    const last = bands.at(-1)
    if (last !== undefined && last.connection === connection) last.fields.push(field)
    else bands.push({ key: `${bands.length}:${connection ?? ''}`, connection, fields: [field] })
  }
  return bands
}

/** Places the columns; the first is frozen where it shows a record's key. */
export function placeColumns(fields: readonly Field[], widthOf: (field: FieldId) => number): readonly GridColumn[] {
  let left = NUMBER_WIDTH
  return fields.map((field, index) => {
    const width = widthOf(field.id)
    const column = { field, index, left, width, isFrozen: index === 0 && field.binding?.isConnectionField === true }
    left += width
    return column
  })
}

export const totalWidth = (columns: readonly GridColumn[]): number => {
  const last = columns.at(-1)
  return last === undefined ? NUMBER_WIDTH : last.left + last.width
}

/** A piece of a row from left to right: a column, or the room of those that are out of sight. */
export type Piece =
  | { readonly kind: 'column'; readonly column: GridColumn }
  | { readonly kind: 'gap'; readonly key: string; readonly width: number }

/** The pieces of a row: what the view shows, the frozen column, and the column of the focused cell wherever it is. */
export function piecesOf(columns: readonly GridColumn[], view: { left: number; width: number }, active: number): readonly Piece[] {
  const edges = [...columns.map((column) => column.left), totalWidth(columns)]
  const { first, end } = columnWindow({ left: view.left, width: view.width, edges })
  const pieces: Piece[] = []
  let gap = 0
  const endGap = (before: number): void => {
    if (gap > 0) pieces.push({ kind: 'gap', key: `gap${before}`, width: gap })
    gap = 0
  }
  for (const column of columns) {
    const isDrawn = column.isFrozen || column.index === active || (column.index >= first && column.index < end)
    if (!isDrawn) {
      gap += column.width
      continue
    }
    endGap(column.index)
    pieces.push({ kind: 'column', column })
  }
  endGap(columns.length)
  return pieces
}
