import { CsvReader } from './csv-reader.ts'
import { type Encoding, guessEncoding, type Refusal, SAMPLE_BYTES, textOf, WrongEncoding } from './decode.ts'
import { type Book, type Breathe, isWorkbook, openBook, readSheet, type SheetChoice } from './excel/book.ts'
import { UnreadableWorkbook } from './excel/unreadable.ts'
import { type FileIssue, type FileRecord, type RecordReader, type SheetNotes, textOf as textOfCell } from './file-record.ts'
import {
  ColumnProfile,
  columnNames,
  type DateOrder,
  type Delimiter,
  guessDelimiter,
  guessHeader,
  guessStart,
  LOOKED_AT_FOR_START,
  type NumberStyle,
  type Proposal,
} from './guess.ts'
import { IMPORT_LIMITS } from './import-limits.ts'

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

/** How a text is read, or which sheet of a workbook (its place among them), and where its table begins: guessed, or chosen. */
export type FileFormat = Place & {
  /** The line or row of its first record; what stands above is left out. */
  readonly from: number
  readonly hasHeader: boolean
}

type Place = TextFormat | { readonly kind: 'workbook'; readonly sheet: number }

interface TextFormat {
  readonly kind: 'text'
  readonly encoding: Encoding
  readonly delimiter: Delimiter
}

/** What a person has chosen; the rest is guessed. */
export interface FormatChoice {
  readonly encoding?: Encoding
  readonly delimiter?: Delimiter
  readonly sheet?: number
  readonly from?: number
  readonly hasHeader?: boolean
}

/** Everything known of a file once all of it was looked at. */
export interface Inspection {
  readonly format: FileFormat
  readonly names: readonly string[]
  /** Whether the file itself names the column. */
  readonly isNamed: readonly boolean[]
  /** The first records of the file, among which the table begins. */
  readonly starts: readonly FileRecord[]
  readonly preview: readonly FileRecord[]
  readonly proposals: readonly Proposal[]
  /** Records without the header. */
  readonly rowCount: number
  /** The file has more rows than one import takes; reading stopped there. */
  readonly isOverRows: boolean
  /** Columns beyond what one import takes. */
  readonly columnsLeftOut: number
  readonly issues: readonly FileIssue[]
  readonly issueCount: number
  readonly blankLines: number
  /** Of a workbook: its sheets, and what the one that is read has besides values. */
  readonly sheets: readonly SheetChoice[]
  readonly sheet: SheetNotes | undefined
  /** Rows with fewer or more cells than there are columns named. */
  readonly shortRows: number
  readonly longRows: number
  /** Cells with signs that the encoding could not tell. */
  readonly unreadable: number
  readonly readBytes: number
  readonly totalBytes: number
}

/** How the texts are to be written where a file does not say: as the person's language does. */
export interface LocaleStyle {
  readonly numbers: NumberStyle
  readonly dates: DateOrder
}

/** A file opened as pieces of text and what makes records of them. */
interface Source {
  readonly texts: AsyncIterable<{ readonly text: string; readonly bytes: number }>
  readonly reader: RecordReader
  readonly totalBytes: number
}

/** Opened workbooks: what their cells refer to is read once, however often their rows are. */
const books = new WeakMap<Blob, Book>()

/** @throws UnreadableWorkbook */
async function bookOf(file: Blob, turns: Turns): Promise<Book> {
  const book = books.get(file) ?? (await openBook(file, breathe(turns)))
  books.set(file, book)
  return book
}

/** Lets the page draw where it was held for a turn. */
function breathe(turns: Turns): Breathe {
  let since = turns.now()
  return async () => {
    turns.signal.throwIfAborted()
    if (turns.now() - since <= TURN_MS) return
    await turns.pause()
    turns.signal.throwIfAborted()
    since = turns.now()
  }
}

async function openSource(file: Blob, format: Place, isStrict: boolean, turns: Turns): Promise<Source> {
  if (format.kind === 'workbook') return readSheet(await bookOf(file, turns), format.sheet)
  return { texts: textOf(file, format.encoding, isStrict), reader: new CsvReader(format.delimiter), totalBytes: file.size }
}

/** Records of a file, a turn at a time; the page lives meanwhile. Ends early where `onRecord` answers false. Answers how far it came. */
async function readRecords(
  { texts, reader, totalBytes }: Source,
  turns: Turns,
  onRecord: (record: FileRecord) => boolean | Promise<boolean>,
): Promise<number> {
  const rest = breathe(turns)
  let looked = 0
  let readBytes = 0
  const take = async (records: readonly FileRecord[]): Promise<boolean> => {
    for (const record of records) {
      const goesOn = onRecord(record)
      if (!(typeof goesOn === 'boolean' ? goesOn : await goesOn)) return false
      if (++looked % RECORDS_A_LOOK === 0) await rest()
    }
    return true
  }
  for await (const { text, bytes } of texts) {
    turns.signal.throwIfAborted()
    readBytes = bytes
    if (!(await take(reader.push(text)))) return readBytes
    turns.onProgress(readBytes, totalBytes)
    // A piece may hold no record at all: a worksheet of empty cells.
    await rest()
  }
  await take(reader.end())
  return readBytes
}

/** Looks at all of a file: what it is, what its columns hold, what is broken in it. Keeps no more of it than the preview. */
export async function inspectFile(file: Blob, choice: FormatChoice, locale: LocaleStyle, turns: Turns): Promise<Inspection | Refusal> {
  const head = new Uint8Array(await file.slice(0, SAMPLE_BYTES).arrayBuffer())
  if (isWorkbook(head)) return inspectWorkbook(file, choice, locale, turns)
  const guess = guessEncoding(head, file.size <= SAMPLE_BYTES)
  if (guess.kind !== 'text') return guess
  const encoding = choice.encoding ?? guess.encoding
  const sample = new TextDecoder(encoding).decode(head, { stream: true })
  const delimiter = choice.delimiter ?? guessDelimiter(sample)
  const isGuessedUtf8 = choice.encoding === undefined && encoding === 'utf-8' && !guess.isCertain
  const inspectText = async (read: Encoding, isStrict: boolean): Promise<Inspection | Refusal> => {
    const format = { kind: 'text', encoding: read, delimiter } as const
    return inspectAs(await openSource(file, format, isStrict, turns), format, choice, locale, turns)
  }
  try {
    return await inspectText(encoding, isGuessedUtf8)
  } catch (error) {
    if (!(error instanceof WrongEncoding)) throw error
    // The beginning was plain ASCII and the rest is not UTF-8: what old spreadsheets write.
    return inspectText('windows-1252', false)
  }
}

/** The sheet that is chosen, else the first that holds anything and is not hidden. */
async function inspectWorkbook(file: Blob, choice: FormatChoice, locale: LocaleStyle, turns: Turns): Promise<Inspection | Refusal> {
  try {
    const { sheets } = await bookOf(file, turns)
    // Those that are hidden come last.
    const filled = [false, true].flatMap((isHidden) => sheets.filter((sheet) => !sheet.isEmpty && sheet.isHidden === isHidden))
    const wanted = choice.sheet === undefined ? filled.map((sheet) => sheets.indexOf(sheet)) : [choice.sheet]
    for (const sheet of wanted) {
      const format = { kind: 'workbook', sheet } as const
      const found = await inspectAs(await openSource(file, format, false, turns), format, choice, locale, turns)
      if (!('kind' in found)) return { ...found, sheets: sheets.map(({ name, isHidden, isEmpty }) => ({ name, isHidden, isEmpty })) }
      for (const empty of sheets.slice(sheet, sheet + 1)) empty.isEmpty = true
    }
    return { kind: 'empty' }
  } catch (error) {
    if (!(error instanceof UnreadableWorkbook)) throw error
    return { kind: 'workbook', trouble: error.trouble }
  }
}

async function inspectAs(
  source: Source,
  format: Place,
  choice: Pick<FormatChoice, 'from' | 'hasHeader'>,
  locale: LocaleStyle,
  turns: Turns,
): Promise<Inspection | Refusal> {
  const { reader, totalBytes } = source
  const first: FileRecord[] = []
  const profiles: ColumnProfile[] = []
  let { from, hasHeader } = choice
  const starts: FileRecord[] = []
  let seen = 0
  let width = 0
  let shortRows = 0
  let longRows = 0
  let unreadable = 0
  const profile = ({ cells, line }: FileRecord): void => {
    if (cells.length < width) shortRows++
    if (cells.length > width && seen > 0) longRows++
    width = Math.max(width, cells.length)
    for (let i = 0; i < cells.length && i < IMPORT_LIMITS.columns; i++) {
      const cell = cells[i] ?? ''
      let known = profiles[i]
      if (known === undefined) {
        known = new ColumnProfile(format.kind)
        profiles[i] = known
      }
      known.add(cell, line)
      if (typeof cell === 'string' && cell.includes('\ufffd')) unreadable++
    }
    seen++
  }
  const settleHeader = (): void => {
    first.splice(0, from === undefined ? guessStart(first.map((record) => record.cells)) : 0)
    from ??= first[0] === starts[0] ? 1 : (first[0]?.line ?? 1)
    hasHeader ??= guessHeader(first.slice(0, 20).map((record) => record.cells))
    width = first[0]?.cells.length ?? 0
    for (const record of hasHeader ? first.slice(1) : first) profile(record)
  }
  let isSettled = false
  const readBytes = await readRecords(source, turns, (record) => {
    if (starts.length < LOOKED_AT_FOR_START) starts.push(record)
    if (choice.from !== undefined && record.line < choice.from) return true
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
  const { sheet, issues, issueCount, blankLines } = reader
  const heads = hasHeader === true ? (first[0]?.cells.map(textOfCell) ?? []) : []
  return {
    format: { ...format, from: from ?? 1, hasHeader: hasHeader === true },
    starts,
    names: columnNames(heads, columns),
    isNamed: Array.from({ length: columns }, (_, i) => (heads[i] ?? '').trim() !== ''),
    preview: (hasHeader === true ? first.slice(1) : first).slice(0, PREVIEW_ROWS),
    proposals: Array.from({ length: columns }, (_, i) => (profiles[i] ?? new ColumnProfile(format.kind)).proposal(locale)),
    rowCount: Math.min(seen, IMPORT_LIMITS.rows),
    isOverRows: seen > IMPORT_LIMITS.rows,
    columnsLeftOut: Math.max(0, Math.max(width, sheet?.width ?? 0) - columns),
    issues,
    issueCount,
    blankLines,
    sheets: [],
    sheet,
    // A worksheet has cells only where there are values: its rows are of any length.
    shortRows: sheet === undefined ? shortRows : 0,
    longRows: sheet === undefined ? longRows : 0,
    unreadable,
    readBytes,
    totalBytes,
  }
}

/** The rows of a file once more, without its header, as many as one import takes. */
export async function readRows(
  file: Blob,
  format: FileFormat,
  turns: Turns,
  onRow: (record: FileRecord, index: number) => void | Promise<void>,
): Promise<number> {
  let index = format.hasHeader ? -1 : 0
  await readRecords(await openSource(file, format, false, turns), turns, (record) => {
    if (record.line < format.from) return true
    if (index >= IMPORT_LIMITS.rows) return false
    const at = index++
    if (at < 0) return true
    const done = onRow(record, at)
    return done === undefined ? true : done.then(() => true)
  })
  return Math.max(0, index)
}
