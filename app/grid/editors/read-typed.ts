import type { CellValue } from '../../../workbook/cell-value.ts'
import { type Parsed, parseTyped, type ValueField, type ValueFormats } from '../../../workbook/field-values.ts'

/** What an editor began with: the cell's value then, and the text that stands for it. */
export interface Opened {
  readonly value: CellValue
  readonly text: string
  /** Typing began over the value: the text that was typed is meant, also where it is the one that stood there. */
  readonly isReplacing: boolean
}

/**
 * What a text becomes when its editor is left; `undefined` where nothing was changed. Untouched text is never read: it may not be read back
 * as the value it was, and the cell may hold a newer one by now.
 */
export function readTyped(field: ValueField, text: string, opened: Opened, formats: ValueFormats): Parsed | undefined {
  if (text !== opened.text) return parseTyped(field, text, formats)
  return opened.isReplacing ? { ok: true, value: opened.value } : undefined
}
