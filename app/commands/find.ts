import type { Field } from '../../workbook/fields.ts'
import type { RowId } from '../../workbook/ids.ts'

export interface FindOptions {
  readonly isCase: boolean
  readonly isWhole: boolean
}

export interface Found {
  readonly row: RowId
  readonly field: Field
}

/** What is searched, by what stands where. */
export interface FindGround {
  readonly rows: readonly RowId[]
  readonly fields: readonly Field[]
  readonly textOf: (row: RowId, field: Field) => string
  /** Whether a cell is to be looked at: within the selection. */
  readonly isIn?: (row: RowId, field: Field) => boolean
}

const folded = (text: string, { isCase }: FindOptions): string => (isCase ? text : text.toLowerCase())

/** Whether a text is what is looked for. Nothing is found by the empty text. */
export function makeMatcher(query: string, options: FindOptions): (text: string) => boolean {
  const wanted = folded(query, options)
  if (wanted === '') return () => false
  return options.isWhole ? (text) => folded(text, options) === wanted : (text) => folded(text, options).includes(wanted)
}

/** A text with every place of what is looked for replaced; the replacement is taken as it is written. */
export function replaceIn(text: string, query: string, by: string, options: FindOptions): string {
  if (query === '') return text
  if (options.isWhole) return folded(text, options) === folded(query, options) ? by : text
  const escaped = query.replace(/[.*+?^${}()|[\]\\]/gu, '\\$&')
  return text.replace(new RegExp(escaped, options.isCase ? 'gu' : 'giu'), () => by)
}

/** Cells looked at between two looks at the clock. */
const CELLS_A_STEP = 200

/** Looks through the cells row by row; `onFound` hears of each. */
export function* findCells(
  ground: FindGround,
  matches: (text: string) => boolean,
  onFound: (found: Found) => void,
): Generator<void, void, void> {
  const { rows, fields, textOf, isIn } = ground
  let looked = 0
  for (const row of rows) {
    for (const field of fields) {
      if (++looked % CELLS_A_STEP === 0) yield
      if (isIn?.(row, field) === false) continue
      if (matches(textOf(row, field))) onFound({ row, field })
    }
  }
}
