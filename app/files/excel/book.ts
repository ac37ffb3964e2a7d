import { builtInFormat, meaningOf, type NumberMeaning, plainOfExcel } from '../../../workbook/excel-values.ts'
import { type BookGround, LONGEST_TEXT, SheetReader } from './sheet-reader.ts'
import { UnreadableWorkbook } from './unreadable.ts'
import { attribute, type XmlAttributes, type XmlEvents, XmlReader } from './xml-reader.ts'
import { readDirectory, textIn, type ZipEntry } from './zip-reader.ts'

/** What is read of one workbook at most, in bytes once unpacked. A sheet goes by a piece at a time; its texts are kept. */
const WORKBOOK_LIMITS = { sheet: 2 * 1024 * 1024 * 1024, texts: 256 * 1024 * 1024, other: 32 * 1024 * 1024, sheets: 1_000 } as const
/** How far into a sheet a first value is looked for. */
const LOOKED_INTO = 4 * 1024 * 1024

/** One worksheet, as a person chooses among them. */
export interface SheetChoice {
  readonly name: string
  readonly isHidden: boolean
  /** No cell holds anything. */
  readonly isEmpty: boolean
}

interface Sheet extends SheetChoice {
  /** Only the beginning of a sheet was looked into: it may turn out later. */
  isEmpty: boolean
  readonly entry: ZipEntry
}

/** An Excel file whose sheets can be read, each as often as it is needed. */
export interface Book extends BookGround {
  readonly sheets: readonly Sheet[]
}

/** Called between two pieces of work: lets the page live, and throws where all of it is to stop. */
export type Breathe = () => Promise<void>

const isZip = (head: Uint8Array): boolean => head[0] === 0x50 && head[1] === 0x4b && head[2] === 3 && head[3] === 4
const isOle = (head: Uint8Array): boolean => head[0] === 0xd0 && head[1] === 0xcf && head[2] === 0x11 && head[3] === 0xe0

/** Whether the first bytes of a file are those of a workbook, of whatever kind. */
export const isWorkbook = (head: Uint8Array): boolean => isZip(head) || isOle(head)

/**
 * Opens an Excel file: its sheets, its texts and its formats. The rows stay where they are.
 * @throws UnreadableWorkbook
 */
export async function openBook(file: Blob, breathe: Breathe): Promise<Book> {
  if (isOle(new Uint8Array(await file.slice(0, 8).arrayBuffer()))) throw await oleTrouble(file)
  const entries = new Map((await readDirectory(file)).map((entry) => [entry.path.toLowerCase(), entry]))
  const entryOf = (path: string): ZipEntry | undefined => entries.get(path.toLowerCase())
  const read = (entry: ZipEntry, limit: number, events: XmlEvents): Promise<void> => readXml(entry, limit, events, breathe)
  const workbookPath = (await relationsOf(read, entryOf('_rels/.rels'), '')).find(({ type }) => type === 'officeDocument')?.target
  const workbook = entryOf(workbookPath ?? 'xl/workbook.xml')
  if (workbook === undefined || workbook.path.endsWith('.bin')) throw strangeZip(entries)
  const found = await readWorkbook(read, workbook)
  const folder = workbook.path.replace(/[^/]*$/u, '')
  const name = workbook.path.slice(folder.length)
  const relations = await relationsOf(read, entryOf(`${folder}_rels/${name}.rels`), folder)
  const partOf = (type: string): ZipEntry | undefined => entryOf(relations.find((relation) => relation.type === type)?.target ?? '')
  const [textsPart, stylesPart] = [partOf('sharedStrings'), partOf('styles')]
  const ground: BookGround = {
    texts: textsPart === undefined ? [] : await readTexts(read, textsPart),
    meanings: stylesPart === undefined ? [] : await readMeanings(read, stylesPart),
    is1904: found.is1904,
  }
  const sheets: Sheet[] = []
  for (const { id, ...sheet } of found.sheets) {
    const relation = relations.find((known) => known.id === id)
    const entry = relation?.type === 'worksheet' ? entryOf(relation.target) : undefined
    if (entry !== undefined) sheets.push({ ...sheet, entry, isEmpty: await isEmptySheet(entry, ground, breathe) })
  }
  return { ...ground, sheets }
}

/** The rows of one sheet: pieces of its text, and what makes records of them. */
export function readSheet(book: Book, index: number) {
  const sheet = book.sheets[index]
  if (sheet === undefined) throw new UnreadableWorkbook('broken', 'There is no such sheet.')
  return { texts: limited(sheet.entry, WORKBOOK_LIMITS.sheet), reader: new SheetReader(book), totalBytes: sheet.entry.size }
}

function limited(entry: ZipEntry, limit: number): AsyncGenerator<{ text: string; bytes: number }> {
  if (entry.size > limit) throw new UnreadableWorkbook('huge', `${entry.path} would be ${entry.size} bytes.`)
  return textIn(entry)
}

async function readXml(entry: ZipEntry, limit: number, events: XmlEvents, breathe: Breathe): Promise<void> {
  const xml = new XmlReader(events)
  for await (const { text } of limited(entry, limit)) {
    xml.push(text)
    await breathe()
  }
  xml.end()
}

type Read = (entry: ZipEntry, limit: number, events: XmlEvents) => Promise<void>

interface Relation {
  readonly id: string
  /** The last word of its type: *worksheet*. */
  readonly type: string
  readonly target: string
}

const nothing = (): void => undefined

async function relationsOf(read: Read, entry: ZipEntry | undefined, folder: string): Promise<readonly Relation[]> {
  const relations: Relation[] = []
  if (entry === undefined) return relations
  const open = (name: string, attributes: XmlAttributes): void => {
    if (name !== 'Relationship') return
    const [id = '', type = '', target = ''] = ['Id', 'Type', 'Target'].map((key) => attribute(attributes, key))
    relations.push({ id, type: type.replace(/^.*\//u, ''), target: pathFrom(folder, target) })
  }
  await read(entry, WORKBOOK_LIMITS.other, { open, close: nothing, text: nothing })
  return relations
}

/** A path as the zip knows it: seen from the folder, or from the top where it begins with a slash. */
function pathFrom(folder: string, target: string): string {
  const parts: string[] = []
  for (const part of (target.startsWith('/') ? target : folder + target).split('/')) {
    if (part === '..') parts.pop()
    else if (part !== '' && part !== '.') parts.push(part)
  }
  return parts.join('/')
}

interface FoundSheet {
  readonly id: string
  readonly name: string
  readonly isHidden: boolean
}

const isOn = (value: string | undefined): boolean => value === '1' || value === 'true'

async function readWorkbook(read: Read, entry: ZipEntry): Promise<{ is1904: boolean; sheets: readonly FoundSheet[] }> {
  let is1904 = false
  const sheets: FoundSheet[] = []
  const open = (name: string, attributes: XmlAttributes): void => {
    if (name === 'workbookPr') is1904 = isOn(attribute(attributes, 'date1904'))
    if (name !== 'sheet' || sheets.length >= WORKBOOK_LIMITS.sheets) return
    const title = plainOfExcel(attribute(attributes, 'name') ?? '') || `Sheet ${sheets.length + 1}`
    sheets.push({
      id: attribute(attributes, 'id') ?? '',
      name: title,
      isHidden: (attribute(attributes, 'state') ?? 'visible') !== 'visible',
    })
  }
  await read(entry, WORKBOOK_LIMITS.other, { open, close: nothing, text: nothing })
  return { is1904, sheets }
}

/** The texts cells refer to; of rich text its letters, without the hints how to pronounce it. */
async function readTexts(read: Read, entry: ZipEntry): Promise<readonly string[]> {
  const texts: string[] = []
  let text = ''
  let isText = false
  let hints = 0
  await read(entry, WORKBOOK_LIMITS.texts, {
    open: (name) => {
      if (name === 'si') text = ''
      else if (name === 'rPh') hints++
      else if (name === 't') isText = hints === 0
    },
    close: (name) => {
      if (name === 'si') texts.push(plainOfExcel(text))
      else if (name === 'rPh') hints--
      else if (name === 't') isText = false
    },
    text: (piece) => {
      if (isText && text.length < LONGEST_TEXT) text += piece
    },
  })
  return texts
}

/** What numbers mean, by style: each style names a format, by a number that everybody knows or that the file explains. */
async function readMeanings(read: Read, entry: ZipEntry): Promise<readonly NumberMeaning[]> {
  const codes = new Map<number, string>()
  const known = new Map<number, NumberMeaning>()
  const meanings: NumberMeaning[] = []
  let isCellStyle = false
  const meaning = (id: number): NumberMeaning => {
    const made = known.get(id) ?? meaningOf(codes.get(id) ?? builtInFormat(id))
    known.set(id, made)
    return made
  }
  const open = (name: string, attributes: XmlAttributes): void => {
    if (name === 'numFmt') codes.set(Number(attribute(attributes, 'numFmtId')), attribute(attributes, 'formatCode') ?? '')
    else if (name === 'cellXfs') isCellStyle = true
    else if (name === 'xf' && isCellStyle) meanings.push(meaning(Number(attribute(attributes, 'numFmtId') ?? 0)))
  }
  const close = (name: string): void => {
    if (name === 'cellXfs') isCellStyle = false
  }
  await read(entry, WORKBOOK_LIMITS.other, { open, close, text: nothing })
  return meanings
}

async function isEmptySheet(entry: ZipEntry, ground: BookGround, breathe: Breathe): Promise<boolean> {
  const reader = new SheetReader(ground)
  for await (const { text, bytes } of textIn(entry)) {
    if (reader.push(text).length > 0 || bytes > LOOKED_INTO) return false
    await breathe()
  }
  return reader.end().length === 0
}

function strangeZip(entries: ReadonlyMap<string, ZipEntry>): UnreadableWorkbook {
  const isForeign = ['xl/workbook.bin', 'mimetype', 'index/document.iwa'].some((path) => entries.has(path))
  return new UnreadableWorkbook(isForeign ? 'foreign' : 'zip', 'The zip holds no Excel workbook.')
}

const DIRECTORY_BYTES = 64 * 1024
/** Entries that only a locked workbook has ([MS-OFFCRYPTO] 2.1). */
const LOCKED = ['EncryptedPackage', 'EncryptionInfo', 'DataSpaces'] as const

/** Old workbooks and locked ones are containers of one kind; what its directory names tells them apart. */
async function oleTrouble(file: Blob): Promise<UnreadableWorkbook> {
  const head = new DataView(await file.slice(0, 512).arrayBuffer())
  if (head.byteLength < 512) return new UnreadableWorkbook('broken', 'The container is cut off.')
  const sector = 2 ** head.getUint16(30, true)
  const from = (head.getUint32(48, true) + 1) * sector
  const names = new TextDecoder('utf-16le').decode(await file.slice(from, from + DIRECTORY_BYTES).arrayBuffer())
  if (LOCKED.some((name) => names.includes(name))) return new UnreadableWorkbook('locked', 'The workbook is encrypted.')
  return new UnreadableWorkbook('old', 'The workbook is of the format before 2007.')
}
