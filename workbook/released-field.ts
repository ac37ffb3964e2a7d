import { generateNKeysBetween } from 'fractional-indexing'
import type { CellValue } from './cell-value.ts'
import type { AttributeChange } from './field-edits.ts'
import type { Field, Option } from './fields.ts'

/**
 * The attributes with which a field that is no longer connected shows what it showed. Its cells stay as they are: they hold an option's name
 * where the field was connected, and a field of this workbook knows its options by id, so each option's id becomes what its cells hold.
 */
export function releasedAttributes(field: Field): readonly AttributeChange[] {
  const held = heldOptions(field)
  const orders = generateNKeysBetween(null, null, held.length)
  return [
    ...(field.type === 'record-key' ? [{ key: `${field.id}.type`, value: 'text' }] : []),
    ...held.flatMap(({ id, option }, i) => [
      { key: `${field.id}.option.${id}`, value: option.name },
      { key: `${field.id}.optionOrder.${id}`, value: orders[i] ?? null },
      { key: `${field.id}.optionColor.${id}`, value: option.color ?? null },
      { key: `${field.id}.optionRemoved.${id}`, value: option.retired === true ? true : null },
    ]),
  ]
}

/**
 * What a cell of a released select should hold so that it shows what it showed: an app may write an option in other capitals (`DONE`), and a
 * field of this workbook knows it by its exact name. `undefined`: as it is.
 */
export function releasedValue(field: Field, value: CellValue): CellValue | undefined {
  if (field.type !== 'single-select' || typeof value !== 'string' || field.options.some((option) => option.name === value)) return undefined
  return field.options.find((option) => option.name.toLowerCase() === value.toLowerCase())?.name
}

/** Each option once, under what cells hold for it: a person's id, an option's name. */
function heldOptions(field: Field): readonly { readonly id: string; readonly option: Option }[] {
  const byId = new Map<string, Option>()
  for (const option of field.options) {
    const id = field.type === 'person' ? option.id : option.name
    if (id !== '' && !byId.has(id)) byId.set(id, option)
  }
  return [...byId].map(([id, option]) => ({ id, option }))
}
