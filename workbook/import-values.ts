import { type CellValue, choicesOf, MAX_TEXT_LENGTH } from './cell-value.ts'
import type { ValueField } from './field-values.ts'

/** Why a value that an import brings is none of this field, in words; `undefined` where it is one. The empty cell fits every field. */
export function misfit(field: ValueField, value: CellValue): string | undefined {
  if (value === null) return undefined
  if (typeof value === 'string' && value.length > MAX_TEXT_LENGTH) return `is longer than ${MAX_TEXT_LENGTH} characters`
  switch (field.type) {
    case 'number':
    case 'currency':
    case 'percent':
    case 'duration':
    case 'rating':
      return typeof value === 'number' && Number.isFinite(value) ? undefined : 'is no number'
    case 'checkbox':
      return typeof value === 'boolean' ? undefined : 'is neither true nor false'
    case 'date':
      return typeof value === 'string' && isDay(value) ? undefined : 'is no day like 2026-11-21'
    case 'date-time':
      return typeof value === 'string' && isInstant(value) ? undefined : 'is no instant like 2026-11-21T10:30:00.000Z'
    case 'single-select':
    case 'person':
      return typeof value === 'string' && isOffered(field, value) ? undefined : 'is not one of the options'
    case 'record-key':
      return 'stands in a field that only the app sets'
    case 'multi-select':
      return typeof value === 'string' && choicesOf(value).every((id) => isOffered(field, id))
        ? undefined
        : 'has a choice that is no option'
    case 'text':
    case 'long-text':
    case 'url':
    case 'email':
    case 'phone':
      return typeof value === 'string' ? undefined : 'is no text'
  }
}

function isDay(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/u.test(text)) return false
  const instant = Date.parse(`${text}T00:00:00Z`)
  return !Number.isNaN(instant) && new Date(instant).toISOString().startsWith(text)
}

/** The last hours of 9999, as which *no end* is often kept, are in the year after it by UTC. */
const isInstant = (text: string): boolean => /^(?:\d{4}|\+010000)-\d{2}-\d{2}T[\d:.]+Z$/u.test(text) && !Number.isNaN(Date.parse(text))

/** A connected choice holds the option's name, and where the app lists none, any text; a custom one and a person hold an id. */
function isOffered(field: ValueField, value: string): boolean {
  if (field.binding === undefined) return field.options.some((option) => option.id === value)
  return field.options.length === 0 || field.options.some((option) => option.name === value || option.id === value)
}
