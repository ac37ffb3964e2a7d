/** A cell by its place among what is shown; 0 is the first. */
export interface Place {
  readonly row: number
  readonly column: number
}

/** `active` is the cell with the focus; the selected range lies between it and `corner`. */
export interface Selection {
  readonly active: Place
  readonly corner: Place
}

export interface Range {
  readonly top: number
  readonly bottom: number
  readonly left: number
  readonly right: number
}

export interface Size {
  readonly rows: number
  readonly columns: number
}

export type Move =
  | { readonly kind: 'step'; readonly rows: number; readonly columns: number }
  | { readonly kind: 'page'; readonly direction: 1 | -1 }
  | { readonly kind: 'row-start' }
  | { readonly kind: 'row-end' }
  | { readonly kind: 'first' }
  | { readonly kind: 'last' }
  /** Tab: the next cell, on the next row behind the last column. */
  | { readonly kind: 'next'; readonly direction: 1 | -1 }

const clamp = (n: number, low: number, high: number): number => Math.max(low, Math.min(high, n))

export const at = (place: Place): Selection => ({ active: place, corner: place })

export const rangeOf = ({ active, corner }: Selection): Range => ({
  top: Math.min(active.row, corner.row),
  bottom: Math.max(active.row, corner.row),
  left: Math.min(active.column, corner.column),
  right: Math.max(active.column, corner.column),
})

export const cellsIn = ({ top, bottom, left, right }: Range): number => (bottom - top + 1) * (right - left + 1)

export const isInRange = ({ top, bottom, left, right }: Range, { row, column }: Place): boolean =>
  row >= top && row <= bottom && column >= left && column <= right

/** Where a move leads from a place; never outside the sheet. */
export function movePlace(from: Place, move: Move, size: Size, pageRows: number): Place {
  const lastRow = Math.max(0, size.rows - 1)
  const lastColumn = Math.max(0, size.columns - 1)
  const within = (row: number, column: number): Place => ({ row: clamp(row, 0, lastRow), column: clamp(column, 0, lastColumn) })
  switch (move.kind) {
    case 'step':
      return within(from.row + move.rows, from.column + move.columns)
    case 'page':
      return within(from.row + move.direction * Math.max(1, pageRows), from.column)
    case 'row-start':
      return within(from.row, 0)
    case 'row-end':
      return within(from.row, lastColumn)
    case 'first':
      return within(0, 0)
    case 'last':
      return within(lastRow, lastColumn)
    case 'next': {
      const index = from.row * size.columns + from.column + move.direction
      if (index < 0 || index >= size.rows * size.columns) return within(from.row, from.column)
      return { row: Math.floor(index / size.columns), column: index % size.columns }
    }
  }
}

/** The selection after a move; `isExtending` keeps the active cell and moves the range's other corner. */
export function moveSelection(selection: Selection, move: Move, how: { size: Size; pageRows: number; isExtending: boolean }): Selection {
  if (!how.isExtending) return at(movePlace(selection.active, move, how.size, how.pageRows))
  return { active: selection.active, corner: movePlace(selection.corner, move, how.size, how.pageRows) }
}

export interface Window {
  readonly first: number
  /** Behind the last one. */
  readonly end: number
}

/** The rows of equal height that a viewport shows, and a few more on both sides. */
export function rowWindow(view: { top: number; height: number; rowHeight: number; rows: number; overscan: number }): Window {
  const first = Math.floor(view.top / view.rowHeight) - view.overscan
  const end = Math.ceil((view.top + view.height) / view.rowHeight) + view.overscan
  return { first: clamp(first, 0, view.rows), end: clamp(end, 0, view.rows) }
}

/** The columns that a viewport shows, given each one's left edge and the edge behind the last, and one more on both sides. */
export function columnWindow(view: { left: number; width: number; edges: readonly number[] }): Window {
  const columns = view.edges.length - 1
  let first = 0
  while (first < columns && (view.edges[first + 1] ?? 0) <= view.left) first++
  let end = first
  while (end < columns && (view.edges[end] ?? 0) < view.left + view.width) end++
  return { first: Math.max(0, first - 1), end: Math.min(columns, end + 1) }
}

/** The scroll offset at which an item lies wholly inside the view, moved as little as possible. */
export function scrollInto(view: { offset: number; size: number }, item: { start: number; size: number }): number {
  if (item.start < view.offset) return item.start
  const over = item.start + item.size - (view.offset + view.size)
  return over > 0 ? Math.min(view.offset + over, item.start) : view.offset
}
