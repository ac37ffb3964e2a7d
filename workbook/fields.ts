import type { ConnectionId, FieldId } from './ids.ts'

export const FIELD_TYPES = [
  'text',
  'long-text',
  'number',
  'checkbox',
  'date',
  'date-time',
  'single-select',
  'person',
  'url',
  'record-key',
] as const

export type FieldType = (typeof FIELD_TYPES)[number]

/** An option of a single select, or a person of a person field. Connected select cells hold `name`; custom ones and people hold `id`. */
export interface Option {
  readonly id: string
  readonly name: string
  /** One of the palette's names; absent: chosen from the id. */
  readonly color?: string
  /** No longer offered, but still known by name (a deactivated person). */
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
  readonly binding?: Binding
}
