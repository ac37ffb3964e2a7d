import { isDay } from './calendar.ts'
import type { CellValue } from './cell-value.ts'
import { optionOf, safeUrl } from './field-values.ts'
import type { Field, FieldType } from './fields.ts'

/** What filters, sorting and figures know of a type: how its values compare. */
export type ValueKind = 'text' | 'number' | 'check' | 'day' | 'instant' | 'option' | 'options' | 'person'

const KINDS: Record<FieldType, ValueKind> = {
  text: 'text',
  'long-text': 'text',
  number: 'number',
  currency: 'number',
  percent: 'number',
  duration: 'number',
  rating: 'number',
  checkbox: 'check',
  date: 'day',
  'date-time': 'instant',
  'single-select': 'option',
  'multi-select': 'options',
  person: 'person',
  email: 'text',
  phone: 'text',
  url: 'text',
  'record-key': 'text',
}

export const kindOfField = (type: FieldType): ValueKind => KINDS[type]

/** The options of a multi select's value. */
export function listOf(value: CellValue): readonly string[] {
  if (typeof value !== 'string' || value === '') return []
  if (!value.startsWith('[')) return [value]
  try {
    const list: unknown = JSON.parse(value)
    return Array.isArray(list) ? list.filter((item) => typeof item === 'string') : [value]
  } catch {
    return [value]
  }
}

/** Whether a value is one that its field means: a number in a number field, an option that is offered. The empty cell always is. */
export function isFitting(field: Field, value: CellValue): boolean {
  if (value === null || value === '') return true
  switch (kindOfField(field.type)) {
    case 'number':
      return typeof value === 'number'
    case 'check':
      return typeof value === 'boolean'
    case 'day':
      return isDay(value)
    case 'instant':
      return typeof value === 'string' && !Number.isNaN(Date.parse(value))
    case 'option':
      return field.options.length === 0 || optionOf(field, value) !== undefined
    case 'options':
      return field.options.length === 0 || listOf(value).every((item) => optionOf(field, item) !== undefined)
    case 'person':
      return typeof value === 'string'
    case 'text':
      return field.type !== 'url' || safeUrl(value) !== undefined
  }
}
