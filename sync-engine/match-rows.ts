import type { RowId } from '../workbook/ids.ts'

/** A row with the text that stands in the compared cell. */
export interface RowText {
  readonly row: RowId
  readonly value: string
}

/** A record with the text of the compared field. */
export interface RecordText {
  readonly id: string
  readonly value: string
}

export interface Matches<Found extends RecordText> {
  readonly matched: readonly { readonly row: RowId; readonly value: string; readonly hit: Found }[]
  /** Several records have the value, or several rows have the value of one record. */
  readonly ambiguous: readonly {
    readonly row: RowId
    readonly value: string
    readonly hits: readonly Found[]
    readonly rows: readonly RowId[]
  }[]
  /** The one record that fits is tied to another row already. */
  readonly taken: readonly { readonly row: RowId; readonly value: string; readonly hit: Found }[]
  readonly unmatched: readonly RowText[]
  /** Rows without a value to compare. */
  readonly empty: number
}

/** Two texts are the same to a person: capitals, spaces around and between, and the form of their letters aside. */
export const foldText = (text: string): string => text.normalize('NFKC').trim().replace(/\s+/gu, ' ').toLowerCase()

/**
 * The texts to ask an app for that compares whole texts, capitals aside: each value as it stands and, where more than capitals differs, as a
 * person reads it.
 */
export const spellingsOf = (values: readonly string[]): readonly string[] => {
  const spellings = values.flatMap((value) => {
    const folded = foldText(value)
    return value.trim().toLowerCase() === folded ? [value.trim()] : [value.trim(), folded]
  })
  return [...new Map(spellings.filter((text) => text !== '').map((text) => [text.toLowerCase(), text])).values()]
}

/**
 * Which record each row would be tied to, by equal texts. Every row is in exactly one list or counted as empty; a record is matched to one
 * row at most. `holderOf` says which row a record is tied to already.
 */
export function matchByText<Found extends RecordText>(
  rows: readonly RowText[],
  records: readonly Found[],
  holderOf: (recordId: string) => RowId | undefined,
): Matches<Found> {
  const byValue = Map.groupBy(records, (record) => foldText(record.value))
  const filled = rows.filter((row) => foldText(row.value) !== '')
  const rowsOf = Map.groupBy(filled, (row) => foldText(row.value))
  const matched: Matches<Found>['matched'][number][] = []
  const ambiguous: Matches<Found>['ambiguous'][number][] = []
  const taken: Matches<Found>['taken'][number][] = []
  const unmatched: RowText[] = []
  for (const { row, value } of filled) {
    const hits = byValue.get(foldText(value)) ?? []
    const alike = (rowsOf.get(foldText(value)) ?? []).map((other) => other.row)
    const [hit] = hits
    if (hit === undefined) unmatched.push({ row, value })
    else if (hits.length > 1) ambiguous.push({ row, value, hits, rows: alike })
    else if (holderOf(hit.id) !== undefined) taken.push({ row, value, hit })
    else if (alike.length > 1) ambiguous.push({ row, value, hits, rows: alike })
    else matched.push({ row, value, hit })
  }
  return { matched, ambiguous, taken, unmatched, empty: rows.length - filled.length }
}
