/** A cell by its place among what is shown; 0 is the first. */
export interface Place {
  readonly row: number
  readonly column: number
}

export interface Range {
  readonly top: number
  readonly bottom: number
  readonly left: number
  readonly right: number
}

/**
 * What is selected. `active` is the cell with the focus and lies in one of the ranges; the last range is the one that is extended, at the
 * corner opposite to `active`. There is always one range at least.
 */
export interface Selection {
  readonly active: Place
  readonly ranges: readonly [Range, ...Range[]]
  /** The column Tab set out from: Enter goes back below it. */
  readonly tabbedFrom?: number
}

export interface Size {
  readonly rows: number
  readonly columns: number
}

/** Whether a cell holds nothing: where the data ends. */
export type IsEmpty = (row: number, column: number) => boolean

export type Move =
  | { readonly kind: 'step'; readonly rows: number; readonly columns: number }
  /** To the edge of the data: the end of the filled cells, or the next filled one behind empty ones, or the edge of the sheet. */
  | { readonly kind: 'edge'; readonly rows: -1 | 0 | 1; readonly columns: -1 | 0 | 1 }
  | { readonly kind: 'page'; readonly direction: 1 | -1 }
  | { readonly kind: 'row-start' }
  | { readonly kind: 'row-end' }
  | { readonly kind: 'first' }
  | { readonly kind: 'last' }
  /** Tab: the next cell, on the next row behind the last column; within several selected cells the next of those. */
  | { readonly kind: 'next'; readonly direction: 1 | -1 }
  /** Enter: the cell below; within several selected cells the next of those, column by column. */
  | { readonly kind: 'enter'; readonly direction: 1 | -1 }

const clamp = (n: number, low: number, high: number): number => Math.max(low, Math.min(high, n))

export const rangeBetween = (a: Place, b: Place): Range => ({
  top: Math.min(a.row, b.row),
  bottom: Math.max(a.row, b.row),
  left: Math.min(a.column, b.column),
  right: Math.max(a.column, b.column),
})

/** One selected cell. */
export const at = (place: Place): Selection => ({ active: place, ranges: [rangeBetween(place, place)] })

/** The range that is extended, and that commands for one range mean. */
export const rangeOf = ({ ranges }: Selection): Range => ranges.at(-1) ?? ranges[0]

/** The corner of the last range that extending moves: the one opposite to the active cell. */
export function cornerOf(selection: Selection): Place {
  const { top, bottom, left, right } = rangeOf(selection)
  const { row, column } = selection.active
  return { row: row === bottom ? top : bottom, column: column === right ? left : right }
}

export const cellsIn = ({ top, bottom, left, right }: Range): number => (bottom - top + 1) * (right - left + 1)

export const isInRange = ({ top, bottom, left, right }: Range, { row, column }: Place): boolean =>
  row >= top && row <= bottom && column >= left && column <= right

export const isSelected = ({ ranges }: Selection, place: Place): boolean => ranges.some((range) => isInRange(range, place))

/** Whether more than the active cell is selected. */
export const isMany = ({ ranges }: Selection): boolean => ranges.length > 1 || cellsIn(ranges[0]) > 1

/** The last range between the active cell and another; the other ranges stay. */
export function extendTo(selection: Selection, corner: Place): Selection {
  const others = selection.ranges.slice(0, -1)
  const range = rangeBetween(selection.active, corner)
  return { active: selection.active, ranges: joined(others, range) }
}

const joined = (others: readonly Range[], last: Range): readonly [Range, ...Range[]] => {
  const [first, ...rest] = others
  return first === undefined ? [last] : [first, ...rest, last]
}

/** Ctrl+click: one more range that begins at a place; a range of that one cell goes again. */
export function toggleAt(selection: Selection, place: Place): Selection {
  const single = selection.ranges.findIndex((range) => cellsIn(range) === 1 && isInRange(range, place))
  const others = selection.ranges.filter((_, i) => i !== single)
  const last = others.at(-1)
  if (single >= 0 && last !== undefined) {
    return { active: { row: last.top, column: last.left }, ranges: joined(others.slice(0, -1), last) }
  }
  return { active: place, ranges: joined(single >= 0 ? [] : selection.ranges, rangeBetween(place, place)) }
}

/** How a pointer adds to what is selected: alone, up to here (Shift), or besides the rest (Ctrl). */
export type Adding = 'alone' | 'extend' | 'add'

/** Whole rows: from the active cell's to `row` where it extends. The active cell stays where it is in its row. */
export function selectRows(selection: Selection | undefined, row: number, adding: Adding, size: Size): Selection {
  const last = Math.max(0, size.columns - 1)
  if (selection !== undefined && adding === 'extend') {
    const { active } = selection
    const range = { top: Math.min(active.row, row), bottom: Math.max(active.row, row), left: 0, right: last }
    return { active, ranges: joined(selection.ranges.slice(0, -1), range) }
  }
  const range = { top: row, bottom: row, left: 0, right: last }
  return { active: { row, column: 0 }, ranges: selection !== undefined && adding === 'add' ? joined(selection.ranges, range) : [range] }
}

/** Whole columns, as `selectRows`. */
export function selectColumns(selection: Selection | undefined, column: number, adding: Adding, size: Size): Selection {
  const last = Math.max(0, size.rows - 1)
  if (selection !== undefined && adding === 'extend') {
    const { active } = selection
    const range = { left: Math.min(active.column, column), right: Math.max(active.column, column), top: 0, bottom: last }
    return { active, ranges: joined(selection.ranges.slice(0, -1), range) }
  }
  const range = { left: column, right: column, top: 0, bottom: last }
  return { active: { row: 0, column }, ranges: selection !== undefined && adding === 'add' ? joined(selection.ranges, range) : [range] }
}

/** Shift+Space and Ctrl+Space: each range grows to whole rows, or to whole columns. */
export function growTo(selection: Selection, what: 'rows' | 'columns', size: Size): Selection {
  const grown = (range: Range): Range =>
    what === 'rows' ? { ...range, left: 0, right: Math.max(0, size.columns - 1) } : { ...range, top: 0, bottom: Math.max(0, size.rows - 1) }
  const [first, ...rest] = selection.ranges
  return { active: selection.active, ranges: [grown(first), ...rest.map(grown)] }
}

/** Ctrl+A: the data first, everything where that is selected already. */
export function selectAll(selection: Selection, size: Size, isEmpty: IsEmpty): Selection {
  const all = { top: 0, left: 0, bottom: Math.max(0, size.rows - 1), right: Math.max(0, size.columns - 1) }
  const data = dataRange(size, isEmpty)
  const isData = data !== undefined && isInRange(data, selection.active) && !sameRange(rangeOf(selection), data)
  return { active: selection.active, ranges: [isData ? data : all] }
}

const sameRange = (a: Range, b: Range): boolean => a.top === b.top && a.bottom === b.bottom && a.left === b.left && a.right === b.right

/** Rows that are looked at for the last column with data: more would hold up the key on a large sheet. */
const PROBED_ROWS = 2_000

/** From the first cell to the last row and column that hold something. */
function dataRange({ rows, columns }: Size, isEmpty: IsEmpty): Range | undefined {
  const hasData = (row: number): boolean => {
    for (let column = 0; column < columns; column++) if (!isEmpty(row, column)) return true
    return false
  }
  let bottom = rows - 1
  while (bottom >= 0 && !hasData(bottom)) bottom--
  if (bottom < 0) return undefined
  if (bottom >= PROBED_ROWS) return { top: 0, left: 0, bottom, right: columns - 1 }
  let right = columns - 1
  const isBare = (column: number): boolean => {
    for (let row = 0; row <= bottom; row++) if (!isEmpty(row, column)) return false
    return true
  }
  while (right > 0 && isBare(right)) right--
  return { top: 0, left: 0, bottom, right }
}

/** The rows of a selection, each once, in order. */
export function rowsIn({ ranges }: Selection): readonly number[] {
  const [only, second] = ranges
  if (second === undefined) return Array.from({ length: only.bottom - only.top + 1 }, (_, i) => only.top + i)
  const rows = new Set<number>()
  for (const { top, bottom } of ranges) for (let row = top; row <= bottom; row++) rows.add(row)
  return [...rows].sort((a, b) => a - b)
}

/** The columns of a selection, each once, in order. */
export function columnsIn({ ranges }: Selection): readonly number[] {
  const columns = new Set<number>()
  for (const { left, right } of ranges) for (let column = left; column <= right; column++) columns.add(column)
  return [...columns].sort((a, b) => a - b)
}

/** The columns of one row that are selected, as spans from left to right that may overlap. */
export const spansOf = ({ ranges }: Selection, row: number): readonly Range[] =>
  ranges.filter(({ top, bottom }) => row >= top && row <= bottom)

/** What a move depends on besides where it sets out. */
export interface Ground {
  readonly size: Size
  readonly pageRows: number
  /** Absent: every cell is taken for filled. */
  readonly isEmpty?: IsEmpty
}

/** Where a move leads from a place; never outside the sheet. */
export function movePlace(from: Place, move: Move, { size, pageRows, isEmpty }: Ground): Place {
  const lastRow = Math.max(0, size.rows - 1)
  const lastColumn = Math.max(0, size.columns - 1)
  const within = (row: number, column: number): Place => ({ row: clamp(row, 0, lastRow), column: clamp(column, 0, lastColumn) })
  switch (move.kind) {
    case 'step':
      return within(from.row + move.rows, from.column + move.columns)
    case 'edge':
      return move.rows === 0
        ? within(
            from.row,
            edgeOf(from.column, move.columns, lastColumn, (column) => isEmpty?.(from.row, column) ?? false),
          )
        : within(
            edgeOf(from.row, move.rows, lastRow, (row) => isEmpty?.(row, from.column) ?? false),
            from.column,
          )
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
    case 'enter':
      return within(from.row + move.direction, from.column)
    case 'next': {
      const index = from.row * size.columns + from.column + move.direction
      if (index < 0 || index >= size.rows * size.columns) return within(from.row, from.column)
      return { row: Math.floor(index / size.columns), column: index % size.columns }
    }
  }
}

/** The end of the filled cells from `from` on; behind them, or from an empty one, the next filled cell; else the last. */
function edgeOf(from: number, direction: number, last: number, isBare: (index: number) => boolean): number {
  const end = direction < 0 ? 0 : last
  if (direction === 0 || from === end) return from
  let i = from + direction
  if (!isBare(from) && !isBare(i)) {
    while (i !== end && !isBare(i + direction)) i += direction
    return i
  }
  while (i !== end && isBare(i)) i += direction
  return i
}

/**
 * The selection after a move. `isExtending` keeps the active cell and moves the corner opposite to it; Tab and Enter walk through several
 * selected cells and leave them selected.
 */
export function moveSelection(selection: Selection, move: Move, how: Ground & { readonly isExtending: boolean }): Selection {
  const { active } = selection
  if (how.isExtending) return extendTo(selection, extendedCorner(selection, move, how))
  const isWalk = move.kind === 'next' || move.kind === 'enter'
  if (isWalk && isMany(selection)) return { ...selection, active: walk(selection, move) }
  const next = at(movePlace(active, move, how))
  if (move.kind === 'next') return { ...next, tabbedFrom: selection.tabbedFrom ?? active.column }
  if (move.kind === 'enter' && move.direction === 1 && selection.tabbedFrom !== undefined) {
    return at({ row: next.active.row, column: selection.tabbedFrom })
  }
  return next
}

/** Data is looked for in the active cell's own row or column, also where the range has become wider. */
function extendedCorner(selection: Selection, move: Move, ground: Ground): Place {
  const corner = cornerOf(selection)
  if (move.kind !== 'edge') return movePlace(corner, move, ground)
  return move.rows === 0
    ? { row: corner.row, column: movePlace({ row: selection.active.row, column: corner.column }, move, ground).column }
    : { row: movePlace({ row: corner.row, column: selection.active.column }, move, ground).row, column: corner.column }
}

/** The next of several selected cells: along the rows by Tab, along the columns by Enter, from range to range, round the end. */
function walk({ active, ranges }: Selection, move: { readonly kind: 'next' | 'enter'; readonly direction: 1 | -1 }): Place {
  const here = Math.max(
    0,
    ranges.findLastIndex((range) => isInRange(range, active)),
  )
  const range = ranges[here] ?? ranges[0]
  const isTab = move.kind === 'next'
  const [height, width] = [range.bottom - range.top + 1, range.right - range.left + 1]
  const [down, along] = [active.row - range.top, active.column - range.left]
  const index = (isTab ? down * width + along : along * height + down) + move.direction
  if (index >= 0 && index < height * width) {
    return isTab
      ? { row: range.top + Math.floor(index / width), column: range.left + (index % width) }
      : { row: range.top + (index % height), column: range.left + Math.floor(index / height) }
  }
  const next = ranges[(here + move.direction + ranges.length) % ranges.length] ?? range
  return move.direction === 1 ? { row: next.top, column: next.left } : { row: next.bottom, column: next.right }
}

/** A selection by what is selected, so that it stays with its rows and fields when others come, go or move. */
export interface KeptSelection<Row, Field> {
  readonly active: readonly [Row, Field]
  readonly ranges: readonly { readonly from: readonly [Row, Field]; readonly to: readonly [Row, Field] }[]
  readonly tabbedFrom?: number
}

/** Keeps a selection by its rows and fields; `undefined` where a corner of it is nowhere. */
export function keepSelection<Row, Field>(
  selection: Selection,
  rowAt: (row: number) => Row | undefined,
  fieldAt: (column: number) => Field | undefined,
): KeptSelection<Row, Field> | undefined {
  const cellAt = ({ row, column }: Place): readonly [Row, Field] | undefined => {
    const [found, field] = [rowAt(row), fieldAt(column)]
    return found === undefined || field === undefined ? undefined : [found, field]
  }
  const active = cellAt(selection.active)
  if (active === undefined) return undefined
  const ranges = selection.ranges.flatMap(({ top, bottom, left, right }) => {
    const [from, to] = [cellAt({ row: top, column: left }), cellAt({ row: bottom, column: right })]
    return from === undefined || to === undefined ? [] : [{ from, to }]
  })
  return { active, ranges, ...(selection.tabbedFrom !== undefined && { tabbedFrom: selection.tabbedFrom }) }
}

/** Today's places of what was kept; where a row or a field is gone, the active cell takes the place it had before, alone. */
export function placeSelection<Row, Field>(
  kept: KeptSelection<Row, Field>,
  indexes: { rowOf: (row: Row) => number | undefined; columnOf: (field: Field) => number | undefined; size: Size },
  before: Place,
): Selection | undefined {
  const { rowOf, columnOf, size } = indexes
  if (size.rows === 0 || size.columns === 0) return undefined
  const active = {
    row: rowOf(kept.active[0]) ?? Math.min(before.row, size.rows - 1),
    column: columnOf(kept.active[1]) ?? Math.min(before.column, size.columns - 1),
  }
  const ranges = kept.ranges.flatMap(({ from, to }) => {
    const [top, left, bottom, right] = [rowOf(from[0]), columnOf(from[1]), rowOf(to[0]), columnOf(to[1])]
    if (top === undefined || left === undefined || bottom === undefined || right === undefined) return []
    return [rangeBetween({ row: top, column: left }, { row: bottom, column: right })]
  })
  const [first, ...rest] = ranges
  if (first === undefined || !ranges.some((range) => isInRange(range, active))) return at(active)
  return { active, ranges: [first, ...rest], ...(kept.tabbedFrom !== undefined && { tabbedFrom: kept.tabbedFrom }) }
}

/** The scroll offset at which an item lies wholly inside the view, moved as little as possible. */
export function scrollInto(view: { offset: number; size: number }, item: { start: number; size: number }): number {
  if (item.start < view.offset) return item.start
  const over = item.start + item.size - (view.offset + view.size)
  return over > 0 ? Math.min(view.offset + over, item.start) : view.offset
}
