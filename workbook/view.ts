import * as z from 'zod'
import type { CellValue } from './cell-value.ts'
import type { FieldId, SheetId } from './ids.ts'

/** How deep groups of conditions stand within each other. */
export const FILTER_DEPTH = 3
/** Most fields that rows are grouped by. */
export const GROUP_DEPTH = 3
const CONDITIONS_LIMIT = 100

/** Stands for a field in a condition about the row's state. */
export const STATE_FIELD = '$state'

/** One condition: a field, what is asked of it, and the value it is asked with. Which operators there are is the filter's to know. */
export interface Condition {
  readonly kind: 'condition'
  readonly field: FieldId | typeof STATE_FIELD
  readonly operator: string
  readonly operand: Operand
}

/** What a condition compares with: nothing yet, one value, or several. */
export type Operand = CellValue | readonly CellValue[]

export interface FilterGroup {
  readonly kind: 'group'
  readonly join: 'and' | 'or'
  readonly parts: readonly FilterPart[]
}
export type FilterPart = Condition | FilterGroup

export interface SortKey {
  readonly field: FieldId
  readonly direction: 'ascending' | 'descending'
}

export const ROW_HEIGHTS = { short: 32, medium: 56, tall: 88, extra: 128 } as const
export type RowHeight = keyof typeof ROW_HEIGHTS

/** Names of tints a row or cell may have; the screen gives each a readable pair for light and dark. */
export const TINTS = ['red', 'orange', 'yellow', 'green', 'teal', 'blue', 'purple', 'pink', 'gray'] as const
export type Tint = (typeof TINTS)[number]

export interface ColorRule {
  readonly when: FilterGroup
  readonly tint: Tint
  /** The whole row, or one field's cell. */
  readonly target: 'row' | FieldId
}

export const AGGREGATES = ['count', 'filled', 'empty', 'unique', 'sum', 'average', 'min', 'max', 'checked'] as const
export type Aggregate = (typeof AGGREGATES)[number]

/** In what shape a view shows its rows. */
export const LAYOUTS = ['grid', 'board', 'timeline'] as const
export type Layout = (typeof LAYOUTS)[number]

/** The dates a timeline draws a row between; without an end a row is a single day. */
export interface Span {
  readonly start: FieldId
  readonly end: FieldId | undefined
}

/** What a view shows of its sheet. Each attribute is kept under a key of its own, so that two people who change two of them both win. */
export interface ViewConfig {
  readonly layout: Layout
  /** The field whose values are the lanes of a board. */
  readonly lanes: FieldId | undefined
  readonly span: Span | undefined
  readonly filter: FilterGroup
  readonly sorts: readonly SortKey[]
  readonly groups: readonly SortKey[]
  /** Field → whether it is hidden here; a field that is not named is as the field itself says. */
  readonly hidden: Readonly<Record<string, boolean>>
  /** The fields in their order here; those that are not named come behind, in the sheet's order. */
  readonly fieldOrder: readonly FieldId[]
  /** Fields from the left that stay in sight; absent: the record's key, where it is first. */
  readonly frozen: number | undefined
  readonly rowHeight: RowHeight
  readonly colors: readonly ColorRule[]
  readonly aggregates: Readonly<Record<string, Aggregate>>
}

export type ViewAttribute = keyof ViewConfig

/** A view with its name. `personal` ones are kept on the device and shown to nobody else. */
export interface NamedView {
  readonly id: string
  readonly sheet: SheetId
  readonly name: string
  /** Fractional key: the tabs' order. */
  readonly order: string
  readonly isPersonal: boolean
  readonly config: ViewConfig
}

export const NO_FILTER: FilterGroup = { kind: 'group', join: 'and', parts: [] }

export const PLAIN_VIEW: ViewConfig = {
  layout: 'grid',
  lanes: undefined,
  span: undefined,
  filter: NO_FILTER,
  sorts: [],
  groups: [],
  hidden: {},
  fieldOrder: [],
  frozen: undefined,
  rowHeight: 'short',
  colors: [],
  aggregates: {},
}

const value = z.union([z.string(), z.number(), z.boolean(), z.null()])
const operand = z.union([value, z.array(value)])
const fieldId = z.string().regex(/^(?:[0-9A-Za-z]{1,32}|\$state)$/u) as unknown as z.ZodType<FieldId>
const condition = z.object({ kind: z.literal('condition'), field: fieldId, operator: z.string().max(40), operand: operand.default(null) })

/** A group of conditions at most `depth` groups deep. */
function groupSchema(depth: number): z.ZodType<FilterGroup> {
  const part = depth > 1 ? z.union([condition, groupSchema(depth - 1)]) : condition
  return z.object({
    kind: z.literal('group'),
    join: z.enum(['and', 'or']),
    parts: z.array(part as unknown as z.ZodType<FilterPart>).max(CONDITIONS_LIMIT),
  })
}
const filterGroup = groupSchema(FILTER_DEPTH)
/** What may be absent is stored as `null`: an attribute that was taken away is told from one that was never set. */
const orNone = <Value>(schema: z.ZodType<Value>): z.ZodType<Value | undefined> =>
  schema.nullish().transform((stored) => stored ?? undefined) as unknown as z.ZodType<Value | undefined>
const sortKey = z.object({ field: fieldId, direction: z.enum(['ascending', 'descending']) })

const ATTRIBUTES: { readonly [Name in ViewAttribute]: z.ZodType<ViewConfig[Name]> } = {
  layout: z.enum(LAYOUTS),
  lanes: orNone(fieldId),
  span: orNone(z.object({ start: fieldId, end: orNone(fieldId) })),
  filter: filterGroup,
  sorts: z.array(sortKey).max(10),
  groups: z.array(sortKey).max(GROUP_DEPTH),
  hidden: z.record(z.string(), z.boolean()),
  fieldOrder: z.array(fieldId).max(2_000),
  frozen: orNone(z.number().int().min(0).max(20)),
  rowHeight: z.enum(['short', 'medium', 'tall', 'extra']),
  colors: z.array(z.object({ when: filterGroup, tint: z.enum(TINTS), target: z.union([z.literal('row'), fieldId]) })).max(50),
  aggregates: z.record(z.string(), z.enum(AGGREGATES)) as unknown as z.ZodType<Readonly<Record<string, Aggregate>>>,
}

export const VIEW_ATTRIBUTES = Object.keys(ATTRIBUTES) as readonly ViewAttribute[]

/** Reads the attributes of a view that somebody stored; what cannot be read is named and left as in a plain view. */
export function parseConfig(stored: Readonly<Record<string, unknown>>): {
  readonly config: Partial<ViewConfig>
  readonly unread: readonly ViewAttribute[]
} {
  const config: Record<string, unknown> = {}
  const unread: ViewAttribute[] = []
  for (const name of VIEW_ATTRIBUTES) {
    if (stored[name] === undefined) continue
    const parsed = ATTRIBUTES[name].safeParse(stored[name])
    if (parsed.success) config[name] = parsed.data
    else unread.push(name)
  }
  return { config, unread }
}

/** What a view groups its rows by: a board by its lanes, whatever the same rows are grouped by as a grid. */
export function groupsOf({ layout, lanes, groups }: Pick<ViewConfig, 'layout' | 'lanes' | 'groups'>): readonly SortKey[] {
  if (layout !== 'board') return groups
  return lanes === undefined ? [] : [{ field: lanes, direction: 'ascending' }]
}

export const isSameAttribute = (a: unknown, b: unknown): boolean => a === b || JSON.stringify(a) === JSON.stringify(b)

/** A view's configuration for a copy of its sheet: each field by its copy, what names no other field is left out. */
export function configForFields(config: ViewConfig, fields: ReadonlyMap<FieldId, FieldId>): ViewConfig {
  const named = (id: FieldId): readonly FieldId[] => {
    const copy = fields.get(id)
    return copy === undefined ? [] : [copy]
  }
  const keys = (sorted: readonly SortKey[]): readonly SortKey[] =>
    sorted.flatMap((key) => named(key.field).map((field) => ({ ...key, field })))
  const record = <Value>(values: Readonly<Record<string, Value>>): Readonly<Record<string, Value>> =>
    Object.fromEntries(Object.entries(values).flatMap(([id, value]) => named(id as FieldId).map((field) => [field, value])))
  const part = (of: FilterPart): readonly FilterPart[] => {
    if (of.kind === 'group') return [group(of)]
    return of.field === STATE_FIELD ? [of] : named(of.field).map((field) => ({ ...of, field }))
  }
  const group = (of: FilterGroup): FilterGroup => ({ ...of, parts: of.parts.flatMap(part) })
  const { lanes, span } = config
  const [start] = span === undefined ? [] : named(span.start)
  return {
    ...config,
    lanes: lanes && named(lanes)[0],
    span: span && start && { start, end: span.end && named(span.end)[0] },
    filter: group(config.filter),
    sorts: keys(config.sorts),
    groups: keys(config.groups),
    hidden: record(config.hidden),
    fieldOrder: config.fieldOrder.flatMap(named),
    colors: config.colors.flatMap((rule) => {
      const targets = rule.target === 'row' ? (['row'] as const) : named(rule.target)
      return targets.map((target) => ({ ...rule, target, when: group(rule.when) }))
    }),
    aggregates: record(config.aggregates),
  }
}

/** Every condition of a filter, from left to right. */
export function* conditionsOf(part: FilterPart): Generator<Condition> {
  if (part.kind === 'condition') yield part
  else for (const inner of part.parts) yield* conditionsOf(inner)
}
