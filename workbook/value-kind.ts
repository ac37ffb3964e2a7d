import type { FieldType } from './fields.ts'

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
