import { makeValueFormats, type ValueField, type ValueFormats } from '../../workbook/field-values.ts'

/** A Saturday. */
export const NOW = Date.UTC(2026, 10, 21, 12)
export const formatsFor = (locale: string, timeZone = 'UTC'): ValueFormats => makeValueFormats({ locale, timeZone, now: () => NOW })

/** People of several languages and places, by the sign of their country. */
export const FORMATS = {
  EN: formatsFor('en-US'),
  GB: formatsFor('en-GB', 'Europe/London'),
  DE: formatsFor('de-DE', 'Europe/Berlin'),
  FR: formatsFor('fr-FR', 'Europe/Paris'),
  CH: formatsFor('de-CH', 'Europe/Zurich'),
  AR: formatsFor('ar-EG', 'Africa/Cairo'),
} as const

/** One line of a table of what is typed into a field; without a place it is typed in the United States. */
export interface TypedLine {
  readonly in?: keyof typeof FORMATS
  readonly field: ValueField
  readonly text: string
}
