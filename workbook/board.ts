import type { CellValue } from './cell-value.ts'
import { parseTyped, showValue, type ValueFormats } from './field-values.ts'
import type { Field, FieldType, Option } from './fields.ts'
import type { RowId } from './ids.ts'
import { heldFor } from './typed-choices.ts'
import { starsOf } from './typed-numbers.ts'
import type { Parsed } from './typed-text.ts'
import { type AggregateFigure, type GridLine, type GroupLine, groupKeyIn } from './view-lines.ts'

/** Types whose values are known beforehand and few: each may have a lane, whether a row has it or not. The best for lanes first. */
const LANE_TYPES: readonly FieldType[] = ['single-select', 'person', 'checkbox', 'rating']
/** What fields are called whose values a row passes through one after another. */
const STAGES = /\b(?:status|state|stage|phase|step|progress|pipeline)\b/iu
/** A field that offers more values has lanes for those alone that some row has. */
export const MOST_EMPTY_LANES = 30

export const hasLanes = (field: Pick<Field, 'type'>): boolean => LANE_TYPES.includes(field.type)

/** The fields a board can have its lanes from, the likeliest first: a select that is named like a status, a connected one before others. */
export function laneFields(fields: readonly Field[]): readonly Field[] {
  const rank = (field: Field): number => {
    const isStage = field.type === 'single-select' && STAGES.test(field.name)
    return LANE_TYPES.indexOf(field.type) * 4 + (isStage ? 0 : 2) + (field.binding === undefined ? 1 : 0)
  }
  return fields.filter(hasLanes).sort((a, b) => rank(a) - rank(b))
}

/** Some of the lines of a view that stand below each other. */
interface Stretch {
  readonly from: number
  readonly count: number
}

/** The rows of a board that have one value, and what a row gets that is put among them. */
export interface Lane {
  /** The groups of the view that it shows; more than one where two values mean the same. */
  readonly keys: readonly [string, ...string[]]
  /** `undefined`: the rows without a value. */
  readonly label: string | undefined
  readonly option: Option | undefined
  readonly value: CellValue
  /** Why no row can be put here: typed into the cell, the value would be refused for the same reason. */
  readonly refusal: string | undefined
  /** Rows in it, also where it is closed. */
  readonly count: number
  readonly isOpen: boolean
  readonly figures: readonly AggregateFigure[]
  /** Where its rows stand among the lines of the view; empty where it is closed. */
  readonly stretches: readonly Stretch[]
}

interface Offered {
  readonly label: string
  readonly value: CellValue
  readonly option?: Option
}

/** The values a field offers, in its own order. */
function offeredBy(field: Field, formats: ValueFormats): readonly Offered[] {
  const shown = (value: CellValue): Offered => ({ label: showValue(field, value, formats), value })
  switch (field.type) {
    case 'checkbox':
      return [shown(true), shown(false)]
    case 'rating':
      return Array.from({ length: starsOf(field.format) }, (_, i) => shown(i + 1))
    case 'person':
    case 'single-select': {
      const options = field.options.filter((option) => option.retired !== true)
      const ordered = field.type === 'person' ? options.toSorted((a, b) => formats.collator.compare(a.name, b.name)) : options
      return ordered.map((option) => ({ label: option.name, value: heldFor(field, option), option }))
    }
    default:
      return []
  }
}

const readings = new WeakMap<Field, Map<string, Parsed>>()

/** What typing a label would come to. Kept: a text that is no option is held against all of them, and a board may have thousands of such. */
function readLabel(field: Field, label: string, formats: ValueFormats): Parsed {
  const known = readings.get(field) ?? new Map<string, Parsed>()
  readings.set(field, known)
  const read = known.get(label) ?? parseTyped(field, label, formats)
  known.set(label, read)
  return read
}

/** What of a view and its sheet makes the lanes of a board. */
export interface LanesOf {
  readonly field: Field
  /** Grouped by the field. */
  readonly lines: readonly GridLine[]
  /** Keys of closed groups, for lanes that have no row. */
  readonly collapsed: ReadonlySet<string>
  readonly formats: ValueFormats
}

/**
 * The lanes of a board, from left to right: the values the field offers in its order, then those that only rows have, then the rows without a
 * value. An unticked box and one that was never ticked are in one lane, as they look the same.
 */
export function lanesOf({ field, lines, collapsed, formats }: LanesOf): readonly Lane[] {
  const found = groupsIn(lines)
  const laneOf = ({ label, value, option }: Partial<Offered>, keys: Lane['keys'], refusal?: string): Lane => {
    const groups = keys.flatMap((key) => found.get(key) ?? [])
    const isOpen = groups.length === 0 ? !collapsed.has(keys[0]) : groups.some(({ head }) => head.isOpen)
    return {
      keys,
      label,
      option,
      value: value ?? null,
      refusal,
      count: groups.reduce((sum, { head }) => sum + head.count, 0),
      isOpen,
      figures: groups[0]?.head.aggregates ?? [],
      stretches: groups.flatMap(({ head, at }) => (head.isOpen ? [{ from: at + 1, count: head.count }] : [])),
    }
  }
  const keyOf = (label: string | undefined): string => groupKeyIn('', field.id, label)
  const offered = offeredBy(field, formats)
  const known = new Map<string, Offered>()
  const refusals = new Map<string, string>()
  for (const one of offered) {
    if (!known.has(one.label)) known.set(one.label, one)
    else {
      // Two options of one name are one group, and so one lane: nobody can say which of them a card would get.
      const read = readLabel(field, one.label, formats)
      if (!read.ok) refusals.set(one.label, read.error)
    }
  }
  const isCheck = field.type === 'checkbox'
  const lanes = [...known.values()]
    .filter(({ label }) => offered.length <= MOST_EMPTY_LANES || found.has(keyOf(label)))
    .map((one) => {
      const keys: Lane['keys'] = isCheck && one.value === false ? [keyOf(one.label), keyOf(undefined)] : [keyOf(one.label)]
      return laneOf(one, keys, refusals.get(one.label))
    })
  const others = [...found.values()]
    .filter(({ head }) => head.key !== keyOf(undefined) && !known.has(head.label))
    .map(({ head }) => {
      const read = readLabel(field, head.label, formats)
      const option = field.options.find(({ name }) => name === head.label)
      const one = { label: head.label, value: read.ok ? read.value : null, ...(option !== undefined && { option }) }
      return laneOf(one, [head.key], read.ok ? undefined : read.error)
    })
  return [...lanes, ...others, ...(isCheck ? [] : [laneOf({}, [keyOf(undefined)])])]
}

/** The outermost groups of a view by their keys, in their order: from head to head, without walking through the rows between. */
function groupsIn(lines: readonly GridLine[]): ReadonlyMap<string, { readonly head: GroupLine; readonly at: number }> {
  const found = new Map<string, { readonly head: GroupLine; readonly at: number }>()
  for (let at = 0; at < lines.length; ) {
    const head = lines[at]
    if (head?.kind !== 'group') break
    found.set(head.key, { head, at })
    at += 1 + (head.isOpen ? head.count : 0)
  }
  return found
}

/** How many of a lane's rows are shown. */
export const shownIn = ({ stretches }: Pick<Lane, 'stretches'>): number => stretches.reduce((sum, { count }) => sum + count, 0)

/** The row at a place of a lane, counted from its top. */
export function rowInLane({ stretches }: Pick<Lane, 'stretches'>, place: number, lines: readonly GridLine[]): RowId | undefined {
  let left = place
  for (const { from, count } of stretches) {
    if (left < count) {
      const line = left < 0 ? undefined : lines[from + left]
      return line?.kind === 'row' ? line.row : undefined
    }
    left -= count
  }
  return undefined
}

/** Where a line of the view stands: the lane's number and the place within it; `undefined` for a line of no lane. */
export function placeInLanes(
  lanes: readonly Pick<Lane, 'stretches'>[],
  line: number,
): { readonly lane: number; readonly place: number } | undefined {
  for (const [lane, { stretches }] of lanes.entries()) {
    let above = 0
    for (const { from, count } of stretches) {
      if (line >= from && line < from + count) return { lane, place: above + line - from }
      above += count
    }
  }
  return undefined
}
