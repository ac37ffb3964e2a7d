import type { CellValue } from './cell-value.ts'
import type { ConnectionId, FieldId } from './ids.ts'

export const FIELD_TYPES = [
  'text',
  'long-text',
  'number',
  'currency',
  'percent',
  'checkbox',
  'date',
  'date-time',
  'single-select',
  'multi-select',
  'person',
  'email',
  'url',
  'phone',
  'duration',
  'rating',
  'record-key',
] as const

export type FieldType = (typeof FIELD_TYPES)[number]

/** The colours an option may have, by name; what each looks like in the light and in the dark is the screen's. */
export const OPTION_COLORS = [
  'gray',
  'brown',
  'red',
  'orange',
  'yellow',
  'lime',
  'green',
  'teal',
  'blue',
  'indigo',
  'purple',
  'pink',
] as const

export type OptionColor = (typeof OPTION_COLORS)[number]

/** How the values of a field are written; what is absent is the language's own way. */
export interface FieldFormat {
  /** Digits after the decimal sign, 0–10; absent: as many as the number has. */
  readonly decimals?: number
  /** `false`: no sign between thousands. */
  readonly thousands?: boolean
  /** ISO 4217, in capitals. */
  readonly currency?: string
  /** A loss as −5 or as (5). */
  readonly negative?: 'minus' | 'parentheses'
  readonly date?: 'short' | 'medium' | 'iso'
  /** Absent: each person's own. */
  readonly timeZone?: string
  readonly clock?: '12' | '24'
  /** The most a rating can be, 1–10. */
  readonly stars?: number
  /** Whether durations are shown with their seconds. */
  readonly seconds?: boolean
}

export const PATTERNS = ['email', 'url', 'phone', 'digits', 'letters', 'no-spaces'] as const
export type Pattern = (typeof PATTERNS)[number]

/** What a value of the field should be. A value that breaks a rule is marked and kept: nobody's edit is ever refused for it. */
export interface FieldRules {
  readonly required?: boolean
  /** The smallest number, or the fewest letters of a text. */
  readonly min?: number
  readonly max?: number
  readonly pattern?: Pattern
  readonly unique?: boolean
}

/** An option of a select, or a person of a person field. Connected select cells hold `name`; custom ones and people hold `id`. */
export interface Option {
  readonly id: string
  readonly name: string
  /** One of the palette's names; absent: chosen from the name. */
  readonly color?: string
  /** Fractional key among the field's own options. */
  readonly order?: string
  /** No longer offered, but still known by name (a deactivated person, a deleted option). */
  readonly retired?: boolean
}

/**
 * How a field hangs on a connection: written by the server from configuration into `sys`, so that no editor can rebind a field.
 * A connection field itself (it shows the record's key) has `external` = the app's key field and is never writable.
 */
export interface Binding {
  readonly connection: ConnectionId
  readonly app: string
  readonly appName: string
  /** The app's field. */
  readonly external: string
  readonly isConnectionField: boolean
  readonly writable: boolean
  /** Why a person cannot type here, or why what they type does not go out ("Jira computes this field."). */
  readonly reason?: string
  /** Values go out and never come in: its conflicts are found by the check alone. */
  readonly isPushOnly?: boolean
  /** Typing is allowed but the value is held: which level forbids the push (V28). */
  readonly heldBy?: string
  readonly options?: readonly Option[]
  readonly optionsCaseSensitive?: boolean
  readonly maxLength?: number
  readonly recordUrl?: string
}

/** One column of a sheet, put together from the book (people's part) and the binding (the server's part). */
export interface Field {
  readonly id: FieldId
  readonly name: string
  readonly type: FieldType
  /** Fractional key: the columns' order. */
  readonly order: string
  /** Pixels. */
  readonly width: number
  readonly options: readonly Option[]
  readonly isHidden: boolean
  readonly description?: string
  readonly format?: FieldFormat
  readonly rules?: FieldRules
  /** What a new row begins with. */
  readonly initial?: CellValue
  readonly binding?: Binding
}

const NUMERIC: ReadonlySet<FieldType> = new Set(['number', 'currency', 'percent', 'duration', 'rating'])

/** Whether the type's values are numbers. */
export const isNumeric = (type: FieldType): boolean => NUMERIC.has(type)

/** Whether the type's values are options of the field. */
export const hasOptions = (type: FieldType): boolean => type === 'single-select' || type === 'multi-select'
