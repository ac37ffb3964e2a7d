import { FIELDS, fieldWith, notOnScreen, type ParseContext, type Patch } from './fields.ts'

/** The fields and operations of a write, as they arrive. */
export interface WriteInput {
  readonly fields: Readonly<Record<string, unknown>>
  readonly update: Readonly<Record<string, readonly Readonly<Record<string, unknown>>[]>>
}

export type ReadWrite =
  | { readonly kind: 'patch'; readonly patch: Patch }
  | { readonly kind: 'refused'; readonly errors: Readonly<Record<string, string>> }

/**
 * Reads the fields of a write. One bad field refuses the whole of it, and every bad field is named.
 *
 * `screen` holds the ids of the fields that can be written here; everything else is refused as not on the screen.
 */
export function readWrite(input: WriteInput, screen: ReadonlySet<string>, context: ParseContext): ReadWrite {
  const errors: Record<string, string> = {}
  let patch: Patch = {}
  for (const [id, value] of Object.entries(input.fields)) {
    const read = input.update[id] === undefined ? readField(id, value, screen, context) : bothWays(id)
    if (read.kind === 'value') patch = { ...patch, ...read.patch }
    else errors[id] = read.message
  }
  for (const [id, operations] of Object.entries(input.update)) {
    if (input.fields[id] !== undefined) continue
    for (const operation of operations) {
      const read = readOperation(id, operation, screen, { ...context, ...(context.issue && { issue: { ...context.issue, ...patch } }) })
      if (read.kind === 'value') patch = { ...patch, ...read.patch }
      else errors[id] = read.message
    }
  }
  return Object.keys(errors).length > 0 ? { kind: 'refused', errors } : { kind: 'patch', patch }
}

function bothWays(id: string): { readonly kind: 'refused'; readonly message: string } {
  return { kind: 'refused', message: `Field '${id}' cannot appear in both 'fields' and 'update'` }
}

function readField(id: string, value: unknown, screen: ReadonlySet<string>, context: ParseContext) {
  const field = fieldWith(id)
  if (!field?.parse || !screen.has(id)) return { kind: 'refused', message: notOnScreen(id) } as const
  return field.parse(value, context)
}

function readOperation(id: string, operation: Readonly<Record<string, unknown>>, screen: ReadonlySet<string>, context: ParseContext) {
  const field = fieldWith(id)
  if (!field?.parse || !screen.has(id)) return { kind: 'refused', message: notOnScreen(id) } as const
  const [[verb, value] = ['', undefined], ...more] = Object.entries(operation)
  if (verb === 'set' && more.length === 0) return field.parse(value, context)
  const isList = field.operations?.includes(verb) === true && more.length === 0
  if (!isList)
    return {
      kind: 'refused',
      message: `Field with id '${id}' and name '${field.name}' does not support operation '${verb}'. Supported operation(s) are: '${[...(field.operations ?? []), 'set'].join(', ')}'`,
    } as const
  if (field.operations?.includes('add') !== true) return field.parse(value, context)
  if (id === 'labels') return field.parse(changedList(context.issue?.labels ?? [], verb, value), context)
  const checked = field.parse([value], context)
  return checked.kind === 'refused' ? checked : ({ kind: 'value', patch: { billable: verb === 'add' } } as const)
}

function changedList(labels: readonly string[], verb: string, value: unknown): readonly unknown[] {
  return verb === 'add' ? [...labels, value] : labels.filter((label) => label !== value)
}

/** The fields of the edit screen: everything that can be written. */
export const EDIT_SCREEN: ReadonlySet<string> = new Set(FIELDS.filter((field) => field.parse).map((field) => field.id))
