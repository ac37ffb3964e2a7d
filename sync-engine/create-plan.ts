import type { CellValue } from '../workbook/cell-value.ts'
import type { RowId } from '../workbook/ids.ts'
import type { CreateNeeds, FieldChange, ObjectDescription } from './connectors/connector.ts'
import { effectiveDirection } from './direction.ts'
import { matchOption } from './options.ts'
import { type ConnectionSetup, inWorkbook } from './plan.ts'

/** What one row would send to become a record. */
export interface RowToCreate {
  readonly row: RowId
  readonly changes: readonly FieldChange[]
  /** Required fields without a value: nothing is sent for the row. */
  readonly missing: readonly string[]
  /** Values that cannot go out, each with the reason; nothing is sent for the row. */
  readonly problems: readonly { readonly field: string; readonly text: string }[]
}

export interface CreateInput {
  readonly setup: ConnectionSetup
  readonly row: RowId
  /** What the row shows, by external field; empty cells may be left out. */
  readonly values: ReadonlyMap<string, CellValue>
  /** What was chosen for all rows; a row's own value goes before it. */
  readonly common: ReadonlyMap<string, CellValue>
  readonly needs: CreateNeeds
}

/** The values a record of this row would start with, and what stands in the way. Pure. */
export function planCreate({ setup, row, values, common, needs }: CreateInput): RowToCreate {
  const taken = [...needs.required, ...needs.optional]
  const mappingOf = new Map(setup.fields.map((f) => [f.external, f]))
  const changes: FieldChange[] = []
  const problems: { field: string; text: string }[] = []
  for (const field of taken) {
    const mapping = mappingOf.get(field.id)
    const isAllowed = mapping === undefined || effectiveDirection(true, setup.objectDirection, mapping.direction).canPush
    const own = isAllowed ? (values.get(field.id) ?? null) : null
    const value = own ?? common.get(field.id) ?? null
    if (value === null || value === '') continue
    const option = matchOption(inWorkbook(field, mapping?.valueMap), value)
    if (option.kind === 'match') changes.push({ field: field.id, value: option.value })
    else {
      const offer = option.nearest === undefined ? '' : ` Did you mean “${option.nearest}”?`
      problems.push({ field: field.id, text: `“${String(value)}” is not an option of ${field.name} in ${setup.appName}.${offer}` })
    }
  }
  const given = new Set([...changes, ...problems].map((c) => c.field))
  return { row, changes, missing: needs.required.filter((f) => !given.has(f.id)).map((f) => f.id), problems }
}

/** What a create needs where the app does not say it by itself. */
export function needsOf(description: ObjectDescription): CreateNeeds {
  const writable = description.fields.filter((f) => f.writable === true)
  return { required: writable.filter((f) => f.required === true), optional: writable.filter((f) => f.required !== true) }
}
