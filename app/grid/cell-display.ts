import type { CellValue } from '../../workbook/cell-value.ts'
import { isEmail, isPhone, optionOf, safeUrl, showValue, type ValueFormats } from '../../workbook/field-values.ts'
import { type Field, isNumeric } from '../../workbook/fields.ts'
import type { RowId } from '../../workbook/ids.ts'
import type { Sheet } from '../../workbook/sheet.ts'
import { optionsOf } from '../../workbook/typed-choices.ts'
import { type ChipColor, chipColor } from '../kit/app-colors.ts'

export interface Chip {
  readonly text: string
  readonly color: ChipColor
}

/** What is drawn for a value: plain data, so that a painter compares it with what stands there and touches only what differs. */
export type CellDisplay =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'chips'; readonly chips: readonly Chip[] }
  /** `text` says it to those who do not see the tick. */
  | { readonly kind: 'tick'; readonly isOn: boolean; readonly text: string }

const NOTHING: CellDisplay = { kind: 'text', text: '' }
/** More of a text than this is never seen in a cell, and costs every time it is laid out. */
const MOST_LETTERS = 1_000

/** How a field's value is drawn. */
export function displayOf(field: Field, value: CellValue, formats: ValueFormats): CellDisplay {
  if (field.type === 'checkbox') return { kind: 'tick', isOn: value === true, text: showValue(field, value, formats) }
  if (value === null || value === '') return NOTHING
  if (field.type === 'multi-select') {
    return { kind: 'chips', chips: optionsOf(field, value).map((option) => ({ text: option.name, color: chipColor(option) })) }
  }
  const text = showValue(field, value, formats)
  if (field.type === 'single-select')
    return { kind: 'chips', chips: [{ text, color: chipColor(optionOf(field, value) ?? { name: text }) }] }
  const short = text.length > MOST_LETTERS ? text.slice(0, MOST_LETTERS) : text
  return { kind: 'text', text: field.type === 'long-text' ? short.replace(/\s+/gu, ' ') : short }
}

/** Figures stand under each other by their last digit; stars do not. */
export const isRightAligned = (field: Field): boolean => isNumeric(field.type) && field.type !== 'rating'

/** Where a cell of a row leads: its record in the app, or the address it holds. */
export const linkOfCell = (sheet: Pick<Sheet, 'recordOf'>, row: RowId, field: Field, value: CellValue): string | undefined =>
  linkOf(field, value, field.binding && sheet.recordOf(row, field.binding.connection))

/** Where a value leads; `record` is the id of the record it shows the key of. */
export function linkOf(field: Field, value: CellValue, record?: string): string | undefined {
  if (typeof value !== 'string' || value === '') return undefined
  if (field.type === 'url') return safeUrl(value)
  if (field.type === 'email') return isEmail(value) ? `mailto:${value}` : undefined
  if (field.type === 'phone') return isPhone(value) ? `tel:${value.replace(/[^+\d]/gu, '')}` : undefined
  const pattern = field.binding?.isConnectionField || field.type === 'record-key' ? field.binding?.recordUrl : undefined
  // An address that needs the record's own id cannot be made of its key alone.
  if (pattern === undefined || (record === undefined && pattern.includes('{id}'))) return undefined
  return openable(pattern.replaceAll('{key}', encodeURIComponent(value)).replaceAll('{id}', encodeURIComponent(record ?? '')))
}

/** A record's address may be one of this server (the sandbox) and then has no scheme. */
const openable = (address: string): string | undefined => (/^\/(?!\/)/u.test(address) ? address : safeUrl(address))
