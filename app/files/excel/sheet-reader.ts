import { isDay } from '../../../workbook/calendar.ts'
import { type NumberMeaning, plainOfExcel, wallOfSerial } from '../../../workbook/excel-values.ts'
import { plainText } from '../../../workbook/plain-rows.ts'
import type { FileCell, FileRecord, RecordReader, SheetNotes } from '../file-record.ts'
import { IMPORT_LIMITS } from '../import-limits.ts'
import { attribute, type XmlAttributes, type XmlEvents, XmlReader } from './xml-reader.ts'

/** What cells refer to. */
export interface BookGround {
  readonly texts: readonly string[]
  /** What numbers mean, by the number of their style. */
  readonly meanings: readonly NumberMeaning[]
  readonly is1904: boolean
}

/** Of a text that is longer than this no more is kept; it is far more than a cell holds. UTF-16 units */
export const LONGEST_TEXT = 100_000

const DAY_SECONDS = 86_400
/** Seconds of a duration are told to a millionth: what is behind comes from counting in days. */
const MILLION = 1_000_000
const EXCEL_COLUMNS = 16_384
/** No sheet is about moments of 1900, and none shows the sum of a year's hours as a time of the day. */
const DAYS_OF_A_YEAR = 366

/** Reads the XML of one worksheet, piece by piece, into records of typed cells. Rows and columns without any value are none. */
export class SheetReader implements RecordReader, XmlEvents {
  readonly issues = []
  readonly issueCount = 0
  blankLines = 0
  readonly sheet: SheetNotes = { hiddenRows: 0, hiddenColumns: 0, merged: 0, formulas: 0, uncomputed: 0, errors: 0, width: 0 }
  readonly #ground: BookGround
  readonly #xml = new XmlReader(this)
  readonly #hiddenColumns: (readonly [from: number, to: number])[] = []
  #records: FileRecord[] = []
  #row = 0
  #isHiddenRow = false
  /** The last row that held anything. */
  #lastFull = 0
  #cells: FileCell[] = []
  #column = -1
  #type = ''
  #style = 0
  #value = ''
  #hasFormula = false
  #isIn: 'value' | 'text' | 'hint' | undefined

  constructor(ground: BookGround) {
    this.#ground = ground
  }

  push(text: string): readonly FileRecord[] {
    this.#xml.push(text)
    return this.#taken()
  }

  end(): readonly FileRecord[] {
    this.#xml.end()
    const { width } = this.sheet
    for (const [from, to] of this.#hiddenColumns) this.sheet.hiddenColumns += Math.max(0, Math.min(to, width) - from + 1)
    return this.#taken()
  }

  #taken(): readonly FileRecord[] {
    const records = this.#records
    this.#records = []
    return records
  }

  open(name: string, attributes: XmlAttributes): void {
    switch (name) {
      case 'c':
        this.#openCell(attributes)
        break
      case 'v':
        this.#isIn = 'value'
        break
      case 't':
        if (this.#isIn !== 'hint') this.#isIn = 'text'
        break
      case 'f':
        this.#hasFormula = true
        break
      case 'rPh':
        this.#isIn = 'hint'
        break
      case 'row':
        this.#row = numberOfRow(attribute(attributes, 'r')) ?? this.#row + 1
        this.#isHiddenRow = isOn(attribute(attributes, 'hidden'))
        this.#cells = []
        this.#column = -1
        break
      case 'col':
        if (isOn(attribute(attributes, 'hidden')) && this.#hiddenColumns.length < EXCEL_COLUMNS)
          this.#hiddenColumns.push([Number(attribute(attributes, 'min')), Number(attribute(attributes, 'max'))])
        break
      case 'mergeCell':
        this.sheet.merged++
        break
    }
  }

  close(name: string): void {
    if (name === 'c') this.#closeCell()
    else if (name === 'row') this.#closeRow()
    else if (name === 'rPh' || (this.#isIn !== 'hint' && (name === 'v' || name === 't'))) this.#isIn = undefined
  }

  text(text: string): void {
    if ((this.#isIn === 'value' || this.#isIn === 'text') && this.#value.length < LONGEST_TEXT) this.#value += text
  }

  #openCell(attributes: XmlAttributes): void {
    const place = attribute(attributes, 'r')
    this.#column = place === undefined ? this.#column + 1 : columnOf(place)
    this.#type = attribute(attributes, 't') ?? 'n'
    this.#style = Number(attribute(attributes, 's') ?? 0)
    this.#value = ''
    this.#hasFormula = false
  }

  #closeCell(): void {
    if (this.#hasFormula) {
      this.sheet.formulas++
      // A formula of texts may well have the empty one for its value.
      if (this.#value === '' && this.#type !== 'str') this.sheet.uncomputed++
    }
    if (this.#value === '' || this.#column < 0 || this.#column >= EXCEL_COLUMNS) return
    const cell = this.#cell(this.#value)
    if (cell === '') return
    if (typeof cell === 'object' && cell.kind === 'error') this.sheet.errors++
    this.sheet.width = Math.max(this.sheet.width, this.#column + 1)
    // Of what lies beyond, only how far it goes is kept.
    if (this.#column >= IMPORT_LIMITS.columns) {
      if (this.#cells.length === 0) this.#cells.push('')
      return
    }
    while (this.#cells.length < this.#column) this.#cells.push('')
    this.#cells[this.#column] = cell
  }

  #closeRow(): void {
    if (this.#cells.length === 0) return
    this.blankLines += Math.max(0, this.#row - this.#lastFull - 1)
    this.#lastFull = this.#row
    if (this.#isHiddenRow) this.sheet.hiddenRows++
    this.#records.push({ line: this.#row, cells: this.#cells })
    this.#cells = []
  }

  #cell(value: string): FileCell {
    switch (this.#type) {
      case 's':
        return this.#ground.texts[Number(value)] ?? ''
      case 'str':
      case 'inlineStr':
        return plainOfExcel(value)
      case 'b':
        return { kind: 'checkbox', text: isOn(value.trim()) ? 'TRUE' : 'FALSE' }
      case 'e':
        return { kind: 'error', text: value }
      case 'd':
        return ofIsoText(value.trim(), this.#meaning)
      default:
        return this.#ofNumber(value)
    }
  }

  get #meaning(): NumberMeaning {
    return this.#ground.meanings[this.#style] ?? { kind: 'number' }
  }

  #ofNumber(text: string): FileCell {
    if (text.trim() === '') return ''
    const value = Number(text)
    if (!Number.isFinite(value)) return text
    const own = this.#meaning
    // Of a moment, too, a program may show the time alone.
    const meaning: NumberMeaning = own.kind === 'time' && value >= DAYS_OF_A_YEAR ? { kind: 'date-time' } : own
    switch (meaning.kind) {
      case 'currency':
        return { kind: 'currency', text: `${value} ${meaning.unit}`, value, unit: meaning.unit }
      case 'percent':
        return { kind: 'percent', text: plainText(PERCENT, value), value }
      case 'time':
      case 'duration': {
        const seconds = Math.round(value * DAY_SECONDS * MILLION) / MILLION
        if (!Number.isFinite(seconds)) return { kind: 'number', text: String(value), value }
        return { kind: 'duration', text: plainText(DURATION, seconds), value: seconds }
      }
      case 'date':
      case 'date-time': {
        const wall = wallOfSerial(value, this.#ground.is1904)
        return wall === undefined ? { kind: 'number', text: String(value), value } : ofWall(wall, meaning.kind)
      }
      case 'number':
        return { kind: 'number', text: String(value), value }
    }
  }
}

const PERCENT = { type: 'percent', options: [] } as const
const DURATION = { type: 'duration', options: [] } as const

const isOn = (value: string | undefined): boolean => value === '1' || value === 'true'

/** The number that a row says it has, where that is one. */
function numberOfRow(text: string | undefined): number | undefined {
  const row = Number(text)
  return Number.isSafeInteger(row) && row > 0 ? row : undefined
}

/** The column of a place: `B12` → 1; −1 where it names none. */
function columnOf(place: string): number {
  let column = 0
  for (let i = 0; i < place.length; i++) {
    const letter = place.charCodeAt(i) & ~32
    if (letter < 65 || letter > 90) break
    column = column * 26 + letter - 64
  }
  return column - 1
}

/** A time that a format of days hides is told all the same. */
function ofWall(wall: number, kind: 'date' | 'date-time'): FileCell {
  const iso = new Date(wall).toISOString()
  const time = iso.slice(11, 23)
  if (kind === 'date' && time === '00:00:00.000') return { kind, text: iso.slice(0, 10) }
  return { kind: 'date-time', text: `${iso.slice(0, 10)} ${time.replace(/(?::00)?\.000$/u, '')}` }
}

/**
 * Days and moments as text, as some programs write them: a day often as its midnight, which the format then tells. One with an offset stays
 * text, which says it, and so does a day that no calendar has.
 */
function ofIsoText(text: string, { kind }: NumberMeaning): FileCell {
  const match = /^(\d{4}-\d{2}-\d{2})(?:T(\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?))?$/u.exec(text)
  const [, day = '', time] = match ?? []
  const wall = isDay(day) ? Date.parse(`${day}T${time ?? '00:00'}Z`) : Number.NaN
  return Number.isNaN(wall) ? text : ofWall(wall, time === undefined || kind === 'date' ? 'date' : 'date-time')
}
