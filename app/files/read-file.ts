import { type CsvIssue, CsvReader, type CsvRecord } from './csv-reader.ts'
import { type Encoding, guessEncoding, SAMPLE_BYTES, textOf, WrongEncoding } from './decode.ts'
import {
  ColumnProfile,
  columnNames,
  type DateOrder,
  type Delimiter,
  guessDelimiter,
  guessHeader,
  type NumberStyle,
  type Proposal,
} from './guess.ts'

/** What one import may bring. More is said, and what can be done about it. */
export const IMPORT_LIMITS = { rows: 200_000, columns: 500, cells: 4_000_000 } as const

/** Records that are shown before anything is imported. */
export const PREVIEW_ROWS = 100

/** How long a piece of work may hold the page before it lets it draw. ms */
const TURN_MS = 10
/** Records between two looks at the clock. */
const RECORDS_A_LOOK = 64

/** What reading asks of the page: time, a pause in which it draws, and whether to stop. */
export interface Turns {
  readonly now: () => number
  readonly pause: () => Promise<void>
  readonly signal: AbortSignal
  readonly onProgress: (doneBytes: number, totalBytes: number) => void
}

/** Why a file cannot be imported at all. */
export type Refusal = { readonly kind: 'empty' } | { readonly kind: 'binary'; readonly what: 'workbook' | 'pdf' | 'other' }

/** How a file is read: guessed, or chosen. */
export interface FileFormat {
  readonly encoding: Encoding
  readonly delimiter: Delimiter
  readonly hasHeader: boolean
}

/** What a person has chosen; the rest is guessed. */
export type FormatChoice = Partial<FileFormat>

/** Everything known of a file once all of it was looked at. */
export interface Inspection {
  readonly format: FileFormat
  readonly names: readonly string[]
  readonly preview: readonly CsvRecord[]
  readonly proposals: readonly Proposal[]
  /** Records without the header. */
  readonly rowCount: number
  /** The file has more rows than one import takes; reading stopped there. */
  readonly isOverRows: boolean
  /** Columns beyond what one import takes. */
  readonly columnsLeftOut: number
  readonly issues: readonly CsvIssue[]
  readonly issueCount: number
  readonly blankLines: number
  /** Rows with fewer or more cells than there are columns named. */
  readonly shortRows: number
  readonly longRows: number
  /** Cells with signs that the encoding could not tell. */
  readonly unreadable: number
  readonly readBytes: number
}

/** How the texts are to be written where a file does not say: as the person's language does. */
export interface LocaleStyle {
  readonly numbers: NumberStyle
  readonly dates: DateOrder
}

/** Records of a file, a turn at a time; the page lives meanwhile. Ends early where `onRecord` answers false. */
async function readRecords(
  file: Blob,
  { encoding, delimiter, isStrict }: { encoding: Encoding; delimiter: Delimiter; isStrict: boolean },
  turns: Turns,
  onRecord: (record: CsvRecord) => boolean | Promise<boolean>,
): Promise<{ reader: CsvReader; readBytes: number }> {
  const reader = new CsvReader(delimiter)
  let since = turns.now()
  let looked = 0
  let readBytes = 0
  const take = async (records: readonly CsvRecord[]): Promise<boolean> => {
    for (const record of records) {
      const goesOn = onRecord(record)
      if (!(typeof goesOn === 'boolean' ? goesOn : await goesOn)) return false
      if (++looked % RECORDS_A_LOOK === 0 && turns.now() - since > TURN_MS) {
        turns.onProgress(readBytes, file.size)
        await turns.pause()
        turns.signal.throwIfAborted()
        since = turns.now()
      }
    }
    return true
  }
  for await (const { text, bytes } of textOf(file, encoding, isStrict)) {
    turns.signal.throwIfAborted()
    readBytes = bytes
    if (!(await take(reader.push(text)))) return { reader, readBytes }
    turns.onProgress(readBytes, file.size)
  }
  await take(reader.end())
  return { reader, readBytes }
}

/** Looks at all of a file: what it is, what its columns hold, what is broken in it. Keeps no more of it than the preview. */
export async function inspectFile(file: Blob, choice: FormatChoice, locale: LocaleStyle, turns: Turns): Promise<Inspection | Refusal> {
  const head = new Uint8Array(await file.slice(0, SAMPLE_BYTES).arrayBuffer())
  const guess = guessEncoding(head, file.size <= SAMPLE_BYTES)
  if (guess.kind !== 'text') return guess
  const encoding = choice.encoding ?? guess.encoding
  const sample = new TextDecoder(encoding).decode(head, { stream: true })
  const delimiter = choice.delimiter ?? guessDelimiter(sample)
  const isGuessedUtf8 = choice.encoding === undefined && encoding === 'utf-8' && !guess.isCertain
  try {
    return await inspectAs(file, { ...choice, encoding, delimiter }, locale, turns, isGuessedUtf8)
  } catch (error) {
    if (!(error instanceof WrongEncoding)) throw error
    // The beginning was plain ASCII and the rest is not UTF-8: what old spreadsheets write.
    return inspectAs(file, { ...choice, encoding: 'windows-1252', delimiter }, locale, turns, false)
  }
}

async function inspectAs(
  file: Blob,
  choice: FormatChoice & Pick<FileFormat, 'encoding' | 'delimiter'>,
  locale: LocaleStyle,
  turns: Turns,
  isStrict: boolean,
): Promise<Inspection | Refusal> {
  const first: CsvRecord[] = []
  const profiles: ColumnProfile[] = []
  let hasHeader = choice.hasHeader
  let seen = 0
  let width = 0
  let shortRows = 0
  let longRows = 0
  let unreadable = 0
  const profile = ({ cells, line }: CsvRecord): void => {
    if (cells.length < width) shortRows++
    if (cells.length > width && seen > 0) longRows++
    width = Math.max(width, cells.length)
    for (let i = 0; i < cells.length && i < IMPORT_LIMITS.columns; i++) {
      const text = cells[i] ?? ''
      let known = profiles[i]
      if (known === undefined) {
        known = new ColumnProfile()
        profiles[i] = known
      }
      known.add(text, line)
      if (text.includes('\ufffd')) unreadable++
    }
    seen++
  }
  const settleHeader = (): void => {
    hasHeader ??= guessHeader(first.slice(0, 20).map((record) => record.cells))
    width = first[0]?.cells.length ?? 0
    for (const record of hasHeader ? first.slice(1) : first) profile(record)
  }
  let isSettled = false
  const { reader, readBytes } = await readRecords(file, { ...choice, isStrict }, turns, (record) => {
    if (!isSettled) {
      first.push(record)
      if (first.length > PREVIEW_ROWS) {
        settleHeader()
        isSettled = true
      }
      return true
    }
    if (seen >= IMPORT_LIMITS.rows) {
      seen++
      return false
    }
    profile(record)
    return true
  })
  if (!isSettled) settleHeader()
  if (first.length === 0) return { kind: 'empty' }
  const columns = Math.min(Math.max(profiles.length, Math.min(width, IMPORT_LIMITS.columns)), IMPORT_LIMITS.columns)
  return {
    format: { encoding: choice.encoding, delimiter: choice.delimiter, hasHeader: hasHeader === true },
    names: columnNames(hasHeader === true ? first[0]?.cells : undefined, columns),
    preview: (hasHeader === true ? first.slice(1) : first).slice(0, PREVIEW_ROWS),
    proposals: Array.from({ length: columns }, (_, i) => (profiles[i] ?? new ColumnProfile()).proposal(locale)),
    rowCount: Math.min(seen, IMPORT_LIMITS.rows),
    isOverRows: seen > IMPORT_LIMITS.rows,
    columnsLeftOut: Math.max(0, width - columns),
    issues: reader.issues,
    issueCount: reader.issueCount,
    blankLines: reader.blankLines,
    shortRows,
    longRows,
    unreadable,
    readBytes,
  }
}

/** The rows of a file once more, without its header, as many as one import takes. */
export async function readRows(
  file: Blob,
  format: FileFormat,
  turns: Turns,
  onRow: (record: CsvRecord, index: number) => void | Promise<void>,
): Promise<number> {
  let index = format.hasHeader ? -1 : 0
  await readRecords(file, { ...format, isStrict: false }, turns, (record) => {
    if (index >= IMPORT_LIMITS.rows) return false
    const at = index++
    if (at < 0) return true
    const done = onRow(record, at)
    return done === undefined ? true : done.then(() => true)
  })
  return Math.max(0, index)
}
