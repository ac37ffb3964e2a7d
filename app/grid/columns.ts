import type { Field } from '../../workbook/fields.ts'
import type { FieldId } from '../../workbook/ids.ts'

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

/** Frozen columns may take so much of the view, so that there is always something left to scroll. */
const MOST_FROZEN = 0.5

/** Places the columns. The first `frozen` of them stay in sight, as far as they fit into half of the view. */
export function placeColumns(
  fields: readonly Field[],
  widthOf: (field: FieldId) => number,
  frozen: number,
  viewWidth: number,
): readonly GridColumn[] {
  let left = NUMBER_WIDTH
  return fields.map((field, index) => {
    const width = widthOf(field.id)
    const column = { field, index, left, width, isFrozen: index < frozen && left + width <= viewWidth * MOST_FROZEN }
    left += width
    return column
  })
}

export const totalWidth = (columns: readonly GridColumn[]): number => {
  const last = columns.at(-1)
  return last === undefined ? NUMBER_WIDTH : last.left + last.width
}

/** Where the columns that stay on the left end. */
export const frozenEdge = (columns: readonly GridColumn[]): number =>
  columns.reduce((edge, column) => (column.isFrozen ? column.left + column.width : edge), NUMBER_WIDTH)

/** Which columns are drawn: those that stay on the left, and of the others those in sight. Places among the columns. */
export interface DrawnColumns {
  readonly frozen: readonly number[]
  readonly scrolled: readonly number[]
}

/** The columns that a view shows, those that stay on the left, and the one of the focused cell wherever it is. */
export function drawnColumns(
  columns: readonly GridColumn[],
  view: { readonly left: number; readonly width: number },
  active: number | undefined,
): DrawnColumns {
  const [from, to] = [view.left + frozenEdge(columns), view.left + view.width]
  const isSeen = ({ left, width }: GridColumn): boolean => left + width > from && left < to
  const placesOf = (some: readonly GridColumn[]): readonly number[] => some.map(({ index }) => index)
  return {
    frozen: placesOf(columns.filter((column) => column.isFrozen)),
    scrolled: placesOf(columns.filter((column) => !column.isFrozen && (column.index === active || isSeen(column)))),
  }
}

/** Where a band is seen: from its first to its last column, less what slides under columns that stay. */
export function bandBox(
  columns: readonly GridColumn[],
  band: { readonly from: number; readonly count: number },
  scrolled: number,
): { readonly left: number; readonly width: number } {
  const edge = frozenEdge(columns)
  const [first, last] = [columns[band.from], columns[band.from + band.count - 1]]
  if (first === undefined || last === undefined) return { left: 0, width: 0 }
  const left = first.isFrozen ? first.left : Math.max(edge, first.left - scrolled)
  const frozenEnd = first.isFrozen
    ? columns.slice(band.from, band.from + band.count).reduce((end, c) => (c.isFrozen ? c.left + c.width : end), 0)
    : 0
  const right = Math.max(frozenEnd, last.isFrozen ? last.left + last.width : last.left + last.width - scrolled)
  return { left, width: Math.max(0, right - left) }
}

/** Before which column a dragged one is dropped: the gap that is nearest to a place of the sheet. */
export function dropIndex(columns: readonly GridColumn[], x: number): number {
  const before = columns.findIndex(({ left, width }) => x < left + width / 2)
  return before < 0 ? columns.length : before
}
