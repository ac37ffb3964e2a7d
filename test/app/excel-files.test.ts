import fc from 'fast-check'
import { readSheet as readElsewhere } from 'read-excel-file/node'
import { describe, expect, test } from 'vitest'
import writeElsewhere from 'write-excel-file/node'
import { convert, formatsOf } from '../../app/files/convert.ts'
import { attribute, XmlReader } from '../../app/files/excel/xml-reader.ts'
import { type FileCell, textOf } from '../../app/files/file-record.ts'
import { IMPORT_LIMITS } from '../../app/files/import-limits.ts'
import { checkFile, convertRows, type FilePlan, proposeColumns, reportFile } from '../../app/files/import-plan.ts'
import { type FormatChoice, type Inspection, inspectFile, type LocaleStyle, type Turns } from '../../app/files/read-file.ts'
import { FILES_TEXTS } from '../../app/texts/files.ts'
import type { CellValue } from '../../workbook/cell-value.ts'
import { type ExcelField, type ExcelNotes, excelFile } from '../../workbook/excel-rows.ts'
import { excelSheetName, excelText, meaningOf, plainOfExcel, serialOfWall, wallOfSerial } from '../../workbook/excel-values.ts'
import { makeValueFormats, type ValueField } from '../../workbook/field-values.ts'
import type { FieldType } from '../../workbook/fields.ts'
import { PLAIN_FORMATS } from '../../workbook/plain-rows.ts'
import { type ZipPart, zipped } from '../../workbook/zip.ts'

const EN: LocaleStyle = { numbers: { decimal: '.', group: ',' }, dates: 'mdy' }
const DE: LocaleStyle = { numbers: { decimal: ',', group: '.' }, dates: 'dmy' }
const BERLIN = makeValueFormats({ locale: 'de-DE', timeZone: 'Europe/Berlin', now: () => Date.UTC(2026, 10, 21) })

const turns = (overrides: Partial<Turns> = {}): Turns => ({
  now: () => 0,
  pause: async () => undefined,
  signal: new AbortController().signal,
  onProgress: () => undefined,
  ...overrides,
})

async function blobOf(pieces: AsyncIterable<Uint8Array<ArrayBuffer>>): Promise<Blob> {
  const parts: Uint8Array<ArrayBuffer>[] = []
  for await (const piece of pieces) parts.push(piece)
  return new Blob(parts)
}

const MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
const RELATIONS = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships'

interface Odd {
  /** The XML within `worksheet`, of each sheet. */
  readonly sheets: readonly string[]
  readonly states?: readonly string[]
  readonly texts?: string
  readonly styles?: string
  readonly properties?: string
}

/** A workbook by hand: what no writer at hand would make. */
const oddBook = ({ sheets, states = [], texts, styles, properties = '' }: Odd): Promise<Blob> => {
  const relation = (id: string, type: string, target: string) => `<Relationship Id="${id}" Type="${RELATIONS}/${type}" Target="${target}"/>`
  const parts: (ZipPart | undefined)[] = [
    { path: '_rels/.rels', pieces: [`<Relationships>${relation('r1', 'officeDocument', '/xl/workbook.xml')}</Relationships>`] },
    {
      path: 'xl/workbook.xml',
      pieces: [
        `<workbook ${MAIN} xmlns:r="${RELATIONS}">${properties}<sheets>${sheets
          .map((_, i) => `<sheet name="S${i + 1} &amp; more" sheetId="${i + 1}" ${states[i] ?? ''} r:id="s${i}"/>`)
          .join('')}</sheets></workbook>`,
      ],
    },
    {
      path: 'xl/_rels/workbook.xml.rels',
      pieces: [
        `<Relationships>${sheets.map((_, i) => relation(`s${i}`, 'worksheet', `worksheets/sheet${i}.xml`)).join('')}${relation('t', 'sharedStrings', 'sharedStrings.xml')}${relation('y', 'styles', './styles.xml')}</Relationships>`,
      ],
    },
    texts === undefined ? undefined : { path: 'xl/sharedStrings.xml', pieces: [`<sst ${MAIN}>${texts}</sst>`] },
    styles === undefined ? undefined : { path: 'xl/styles.xml', pieces: [`<styleSheet ${MAIN}>${styles}</styleSheet>`] },
    ...sheets.map((xml, i) => ({
      path: `xl/worksheets/sheet${i}.xml`,
      pieces: [`<?xml version="1.0"?><worksheet ${MAIN}>${xml}</worksheet>`],
    })),
  ]
  return blobOf(zipped(parts.filter((part) => part !== undefined)))
}

async function inspect(file: Blob, choice: FormatChoice = {}, locale = EN): Promise<Inspection> {
  const found = await inspectFile(file, choice, locale, turns())
  if ('kind' in found) throw new Error(`refused: ${JSON.stringify(found)}`)
  return found
}

const textsOf = ({ preview }: Inspection): readonly (readonly string[])[] => preview.map(({ cells }) => cells.map(textOf))
const kindsOf = (cells: readonly FileCell[] | undefined): readonly string[] =>
  (cells ?? []).map((cell) => (typeof cell === 'object' ? cell.kind : 'text'))

const STYLES = `<numFmts><numFmt numFmtId="164" formatCode="[$$-409]#,##0.00"/><numFmt numFmtId="165" formatCode="dd/mm/yyyy hh:mm"/></numFmts>
<cellStyleXfs><xf numFmtId="14"/></cellStyleXfs><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="165"/><xf numFmtId="10"/><xf numFmtId="164"/><xf numFmtId="46"/></cellXfs>`

describe('what an Excel file says of its values', () => {
  const meanings: [string, unknown][] = [
    ['General', { kind: 'number' }],
    ['0.00E+00', { kind: 'number' }],
    ['#,##0.00;[Red]-#,##0.00', { kind: 'number' }],
    ['0 "days"', { kind: 'number' }],
    ['0.0%', { kind: 'percent' }],
    ['dd/mm/yyyy', { kind: 'date' }],
    ['[$-407]d. mmmm yyyy;@', { kind: 'date' }],
    ['mmm\\-yy', { kind: 'date' }],
    ['yyyy-mm-dd"T"hh:mm', { kind: 'date-time' }],
    ['m/d/yy h:mm AM/PM', { kind: 'date-time' }],
    ['h:mm', { kind: 'time' }],
    ['[h]:mm:ss', { kind: 'duration' }],
    ['#,##0.00\\ [$€-407]', { kind: 'currency', unit: 'EUR' }],
    ['_("$"* #,##0.00_);_("$"* \\(#,##0.00\\)', { kind: 'currency', unit: 'USD' }],
    ['[$CHF] #,##0.00', { kind: 'currency', unit: 'CHF' }],
    ['[$$-1009]#,##0', { kind: 'currency', unit: 'CAD' }],
    ['[$$-4809]#,##0', { kind: 'number' }],
    ['[$¥-804]#,##0', { kind: 'currency', unit: 'CNY' }],
    ['[$constructor]#,##0', { kind: 'number' }],
    ['[$__proto__]#,##0', { kind: 'number' }],
  ]
  test.each(meanings)('[CS30] the format %s', (code, meaning) => {
    expect(meaningOf(code)).toEqual(meaning)
  })

  const days: [number, boolean, string | undefined][] = [
    [1, false, '1900-01-01'],
    [59, false, '1900-02-28'],
    [60, false, '1900-02-28'],
    [61, false, '1900-03-01'],
    [46_347, false, '2026-11-21'],
    [46_347.4375, false, '2026-11-21T10:30'],
    [2_958_465, false, '9999-12-31'],
    [2_958_466, false, undefined],
    [-1, false, undefined],
    [0, true, '1904-01-01'],
    [44_885, true, '2026-11-21'],
    [2_957_003, true, '9999-12-31'],
    [2_957_004, true, undefined],
    [Number.NaN, false, undefined],
  ]
  test.each(days)('[CS30] day %f, of 1904: %s', (serial, is1904, iso) => {
    const wall = wallOfSerial(serial, is1904)
    expect(wall === undefined ? undefined : new Date(wall).toISOString().slice(0, iso?.length)).toBe(iso)
  })

  test('[CS33] every moment from March 1900 on is the same moment after its way through a number', () => {
    fc.assert(
      fc.property(fc.integer({ min: Date.UTC(1900, 2, 1), max: Date.UTC(9999, 11, 31, 23, 59, 59, 999) }), (wall) => {
        expect(wallOfSerial(serialOfWall(wall) ?? -1, false)).toBe(wall)
      }),
      { seed: 1 },
    )
    expect(serialOfWall(Date.UTC(1900, 1, 28))).toBeUndefined()
  })

  test('[CS33] any text is the same text after its way through XML', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          fc.string({ unit: fc.constantFrom('_', 'x', '0', '4', '1', '\r', '\ud800', '&', '<', ']]>') }),
        ),
        (text) => {
          let read = ''
          const reader = new XmlReader({ open: () => undefined, close: () => undefined, text: (piece) => (read += piece) })
          for (const piece of `<t>${excelText(text)}</t>`.match(/[\s\S]{1,3}/gu) ?? []) reader.push(piece)
          reader.end()
          expect(plainOfExcel(read)).toBe(text)
        },
      ),
      { seed: 2, numRuns: 500 },
    )
  })

  test('[CS30] XML is read in whatever pieces it comes: prefixes, comments, CDATA, entities, signs within quotes', () => {
    const xml = `<?xml version="1.0"?><!DOCTYPE x><x:a  b = '1 > 0' r:id="&#65;&amp;"><!-- <c> --><c/>&lt;&#x1F600;<![CDATA[<&amp;>]]></x:a >`
    const seen = (size: number): readonly string[] => {
      const events: string[] = []
      const reader = new XmlReader({
        open: (name, rest) => events.push(`+${name} ${attribute(rest, 'b') ?? ''} ${attribute(rest, 'id') ?? ''}`),
        close: (name) => events.push(`-${name}`),
        text: (text) => {
          const last = events.at(-1)
          if (last?.startsWith('"')) events[events.length - 1] = last + text
          else events.push(`"${text}`)
        },
      })
      for (let at = 0; at < xml.length; at += size) reader.push(xml.slice(at, at + size))
      reader.end()
      return events
    }
    const whole = ['+a 1 > 0 A&', '+c  ', '-c', '"<😀<&amp;>', '-a']
    for (const size of [1, 2, 3, 7, 1_000]) expect(seen(size)).toEqual(whole)
    const endless = new XmlReader({ open: () => undefined, close: () => undefined, text: () => undefined })
    endless.push('<t>')
    expect(() => {
      for (let i = 0; i < 20; i++) endless.push('x'.repeat(1_000_000))
    }).toThrow(/never ends/u)
  })
})

describe('reading an Excel file', () => {
  test('[CS30] a workbook that another program wrote comes with the types of its cells, wherever it is read', async () => {
    const header = ['Code', 'Count', 'Share', 'Price', 'Day', 'At', 'Done'].map((value) => ({ value, type: String }))
    const cells = (i: number) => [
      { value: `00${i}`, type: String },
      { value: 1234.5 + i, type: Number },
      { value: 0.07, type: Number, format: '0%' },
      { value: 12.5, type: Number, format: '#,##0.00\\ [$€-407]' },
      { value: new Date(Date.UTC(2026, 1, 1 + i)), type: Date, format: 'dd/mm/yyyy' },
      { value: new Date(Date.UTC(2026, 1, 1, 10, 30)), type: Date, format: 'dd/mm/yyyy hh:mm' },
      { value: i === 1, type: Boolean },
    ]
    const file = new Blob([new Uint8Array(await writeElsewhere([header, cells(1), cells(2)]).toBuffer())])
    for (const locale of [EN, DE]) {
      const found = await inspect(file, {}, locale)
      expect([found.rowCount, found.names]).toEqual([2, ['Code', 'Count', 'Share', 'Price', 'Day', 'At', 'Done']])
      expect(found.proposals.map((p) => [p.type, p.ambiguous, p.currency])).toEqual([
        ['text', undefined, undefined],
        ['number', undefined, undefined],
        ['percent', undefined, undefined],
        ['currency', undefined, 'EUR'],
        ['date', undefined, undefined],
        ['date-time', undefined, undefined],
        ['checkbox', undefined, undefined],
      ])
      expect(textsOf(found)[0]).toEqual(['001', '1235.5', '7%', '12.5 EUR', '2026-02-02', '2026-02-01 10:30', 'TRUE'])
    }
  })

  test('[CS30] texts of all kinds, and numbers of all formats, as an old hand wrote them', async () => {
    const file = await oddBook({
      properties: '<workbookPr date1904="1"/>',
      texts:
        '<si><t>plain</t></si><si><r><t>rich </t></r><r><rPr><b/></rPr><t>text</t></r><rPh sb="0" eb="1"><t>hint</t></rPh></si><si><t xml:space="preserve"> a_x000D_\nb </t></si>',
      styles: STYLES,
      sheets: [
        `<sheetData><x:row r="1" xmlns:x="y"><x:c r="A1" t="s"><x:v>0</x:v></x:c><c r="B1" t="s"><v>1</v></c><c r="C1" t="s"><v>2</v></c></x:row>
        <row><c t="inlineStr"><is><t>in</t><t>line</t></is></c><c t="str"><f>A1&amp;"x"</f><v>plainx</v></c><c t="b"><v>0</v></c><c t="e"><v>#N/A</v></c></row>
        <row r="3"><c r="A3" s="1"><v>44885</v></c><c r="B3" s="2"><v>44885.4375</v></c><c r="C3" s="3"><v>0.25</v></c><c r="D3" s="4"><v>12.5</v></c><c r="E3" s="5"><v>1.0625</v></c><c r="F3" t="d"><v>2026-11-21T10:30:00</v></c><c r="G3" s="99"><v>7</v></c><c r="H3" s="1"><v>-5</v></c></row></sheetData>`,
      ],
    })
    const found = await inspect(file, { hasHeader: false })
    expect(textsOf(found)).toEqual([
      ['plain', 'rich text', ' a\r\nb '],
      ['inline', 'plainx', 'FALSE', '#N/A'],
      ['2026-11-21', '2026-11-21 10:30', '25%', '12.5 USD', '25:30', '2026-11-21 10:30', '7', '-5'],
    ])
    expect(kindsOf(found.preview[2]?.cells)).toEqual([
      'date',
      'date-time',
      'percent',
      'currency',
      'duration',
      'date-time',
      'number',
      'number',
    ])
    expect(found.sheet).toMatchObject({ formulas: 1, uncomputed: 0, errors: 1 })
  })

  test('[CS30] a moment of which only the time is shown is that moment, and a time of no day a duration', async () => {
    const styles = '<cellXfs><xf numFmtId="20"/><xf numFmtId="46"/></cellXfs>'
    const row = [0.4375, 1.5, 46_347.4375].map((value) => `<c><v>${value}</v></c>`).join('')
    const found = await inspect(await oddBook({ styles, sheets: [`<sheetData><row>${row}<c s="1"><v>46347.5</v></c></row></sheetData>`] }))
    expect(textsOf(found)).toEqual([['10:30', '36:00', '2026-11-21 10:30', '1112340:00']])
    expect(kindsOf(found.preview[0]?.cells)).toEqual(['duration', 'duration', 'date-time', 'duration'])
  })

  const isoCells: [string, number, string, string][] = [
    ['2026-11-21', 0, 'date', '2026-11-21'],
    ['2026-11-21T00:00:00', 0, 'date-time', '2026-11-21 00:00'],
    // As .NET writes a day, under a format of days.
    ['2026-11-21T00:00:00.0000000', 1, 'date', '2026-11-21'],
    ['2026-11-21T10:30:00.5000000', 1, 'date-time', '2026-11-21 10:30:00.500'],
    ['2026-02-31', 1, 'text', '2026-02-31'],
    ['2026-02-29T00:00:00', 1, 'text', '2026-02-29T00:00:00'],
    ['2026-11-21T10:30:00Z', 1, 'text', '2026-11-21T10:30:00Z'],
    ['10:30:00', 1, 'text', '10:30:00'],
  ]
  test.each(isoCells)('[CS30] the day that stands as the text %s in style %d', async (text, style, kind, value) => {
    const sheet = `<sheetData><row r="1"><c r="A1" s="${style}" t="d"><v>${text}</v></c></row></sheetData>`
    const found = await inspect(await oddBook({ styles: STYLES, sheets: [sheet] }))
    expect([kindsOf(found.preview[0]?.cells), textsOf(found)]).toEqual([[kind], [[value]]])
  })

  test('[CS30] rows without a number that is one stand below each other, and a duration beyond all numbers is one', async () => {
    const row = (number: string, value: string) => `<row r="${number}"><c s="5"><v>${value}</v></c></row>`
    const found = await inspect(
      await oddBook({ styles: STYLES, sheets: [`<sheetData>${row('x', '0.5')}${row('', '-0')}${row('-7', '1e307')}</sheetData>`] }),
    )
    expect(found.preview.map(({ line }) => line)).toEqual([1, 2, 3])
    expect(textsOf(found)).toEqual([['12:00'], ['0:00'], ['1e+307']])
    expect(found.blankLines).toBe(0)
  })

  test('[CS30] of several sheets the first that holds anything and is not hidden is read, unless another is chosen', async () => {
    const row = (text: string) => `<sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>${text}</t></is></c></row></sheetData>`
    const sheets = ['<sheetData/>', row('secret'), row('shown'), row('other'), '<sheetData><row r="1"><c r="A1" s="1"/></row></sheetData>']
    const file = await oddBook({ sheets, states: ['', 'state="veryHidden"'] })
    const found = await inspect(file)
    expect(found.format).toEqual({ kind: 'workbook', sheet: 2, from: 1, hasHeader: false })
    expect(found.sheets).toEqual([
      { name: 'S1 & more', isHidden: false, isEmpty: true },
      { name: 'S2 & more', isHidden: true, isEmpty: false },
      { name: 'S3 & more', isHidden: false, isEmpty: false },
      { name: 'S4 & more', isHidden: false, isEmpty: false },
      { name: 'S5 & more', isHidden: false, isEmpty: true },
    ])
    expect(textsOf(await inspect(file, { sheet: 1 }))).toEqual([['secret']])
    expect(textsOf(await inspect(await oddBook({ sheets: sheets.slice(0, 2), states: ['', 'state="hidden"'] })))).toEqual([['secret']])
    expect(await inspectFile(await oddBook({ sheets: ['<sheetData/>'] }), {}, EN, turns())).toEqual({ kind: 'empty' })
    // So many empty cells that nobody looked at all of them.
    const long = `<sheetData>${`<row><c s="1" vm="${' '.repeat(2_000)}"/></row>`.repeat(2_200)}</sheetData>`
    const { format, sheets: known } = await inspect(await oddBook({ sheets: [long, row('shown')] }))
    expect([format, known.map(({ isEmpty }) => isEmpty)]).toEqual([
      { kind: 'workbook', sheet: 1, from: 1, hasHeader: false },
      [true, false],
    ])
    expect(await inspectFile(await oddBook({ sheets: [long] }), {}, EN, turns())).toEqual({ kind: 'empty' })
  })

  test('[CS31] formulas come as their last values; what is hidden, merged, empty or an error is told', async () => {
    const text = (place: string, value: string) => `<c r="${place}" t="inlineStr"><is><t>${value}</t></is></c>`
    const file = await oddBook({
      styles: STYLES,
      sheets: [
        `<cols><col min="2" max="3" width="9" hidden="1"/><col min="9" max="16384" hidden="1"/></cols><sheetData>
        <row r="3">${text('B3', 'Name')}${text('C3', 'Sum')}${text('E3', 'Note')}</row>
        <row r="4" hidden="1">${text('B4', 'a')}<c r="C4"><f>1+2</f><v>3</v></c></row>
        <row r="7">${text('B7', 'b')}<c r="C7"><f>1/0</f><v/></c><c r="F7" t="str"><f>""</f><v></v></c></row>
        <row r="8">${text('B8', 'c')}<c r="C8" t="e"><f>1/0</f><v>#DIV/0!</v></c><c r="G8" s="1"/></row>
        <row r="9"><c r="A9" s="1"/></row></sheetData><mergeCells count="2"><mergeCell ref="B3:B4"/><mergeCell ref="C7:D8"/></mergeCells>`,
      ],
    })
    const found = await inspect(file)
    expect(found.names).toEqual(['Column 1', 'Name', 'Sum', 'Column 4', 'Note'])
    expect(found.preview.map(({ line }) => line)).toEqual([4, 7, 8])
    expect([found.rowCount, found.blankLines, found.shortRows, found.longRows]).toEqual([3, 4, 0, 0])
    expect(found.sheet).toEqual({ hiddenRows: 1, hiddenColumns: 2, merged: 2, formulas: 4, uncomputed: 1, errors: 1, width: 5 })
    expect(found.proposals[2]).toMatchObject({ type: 'number', valueCount: 1 })
    const choices = proposeColumns(found, [], true)
    expect(choices.map(({ target }) => (target.kind === 'new' ? target.type : target.kind))).toEqual([
      'skip',
      'text',
      'number',
      'skip',
      'text',
    ])
    const plan: FilePlan = { file, format: found.format, choices, takesApostrophes: false, people: [] }
    const check = await checkFile(plan, BERLIN, () => 'o', turns())
    expect(check.columns[2]?.examples.error).toEqual([{ line: 8, from: '#DIV/0!', to: '', why: undefined }])
    expect(await (await reportFile(plan, check, BERLIN, turns(), FILES_TEXTS.change)).text()).toContain('8,Sum,"an error in the workbook')
  })

  test('[CS32] what cannot be read is refused by its kind, and nothing beyond what the zip says is unpacked', async () => {
    const whole = new Uint8Array(
      await (await oddBook({ sheets: ['<sheetData><row r="1"><c r="A1"><v>1</v></c></row></sheetData>'] })).arrayBuffer(),
    )
    const ole = (name: string): Uint8Array<ArrayBuffer> => {
      const bytes = new Uint8Array(2_048)
      bytes.set([0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1])
      bytes[30] = 9
      for (let i = 0; i < name.length; i++) bytes[512 + 128 + i * 2] = name.charCodeAt(i)
      return bytes
    }
    const patched = (find: readonly number[], at: number, value: number): Uint8Array<ArrayBuffer> => {
      const bytes = whole.slice()
      for (let i = 0; i < bytes.length; i++) if (find.every((byte, k) => bytes[i + k] === byte)) bytes[i + at] = value
      return bytes
    }
    const zip = (path: string): Promise<Blob> => blobOf(zipped([{ path, pieces: ['x'] }]))
    const CENTRAL = [0x50, 0x4b, 1, 2]
    const cases: [Blob | Uint8Array<ArrayBuffer>, string][] = [
      [ole('Workbook'), 'old'],
      [ole('EncryptedPackage'), 'locked'],
      [ole('\u0006DataSpaces'), 'locked'],
      [patched(CENTRAL, 8, 9), 'locked'],
      [whole.slice(0, whole.length - 40), 'broken'],
      [new Uint8Array([0x50, 0x4b, 3, 4, 0, 0]), 'broken'],
      // The directory says less, or far more, than there is; a method nobody knows.
      [patched(CENTRAL, 24, 1), 'broken'],
      [patched(CENTRAL, 27, 0x7f), 'huge'],
      [patched(CENTRAL, 10, 99), 'broken'],
      [await zip('mimetype'), 'foreign'],
      [await zip('xl/workbook.bin'), 'foreign'],
      [await zip('photo.jpg'), 'zip'],
      [await oddBook({ sheets: ['<sheetData><row r="1"><c r="A1"><v>1</v'] }), 'broken'],
      // Tags within tags, all of which would be kept, however small the zip is.
      [await oddBook({ sheets: [`<sheetData><row><c><v>1</v></c></row></sheetData>${'<a>'.repeat(300)}${'</a>'.repeat(300)}`] }), 'broken'],
    ]
    for (const [content, trouble] of cases) {
      expect(await inspectFile(new Blob([content]), {}, EN, turns()), trouble).toEqual({ kind: 'workbook', trouble })
    }
    expect((await inspect(new Blob([whole]))).rowCount).toBe(1)
    // PK is also how a text may begin.
    expect((await inspect(new Blob(['PK,Name\n1,x\n']))).names).toEqual(['PK', 'Name'])
  })

  test('[CS32] a sheet beyond the limits is read to there, a turn at a time, and stops when it is cancelled', async () => {
    const rows = function* (): Generator<string> {
      yield '<worksheet><sheetData>'
      for (let i = 1; i <= 210_000; i += 1_000) {
        yield Array.from({ length: 1_000 }, (_, k) => `<row r="${i + k}"><c r="A${i + k}"><v>${i + k}</v></c></row>`).join('')
      }
      yield `<row r="999999"><c r="XFD999999"><v>1</v></c></row></sheetData></worksheet>`
    }
    const wide =
      '<sheetData><row r="1"><c r="A1"><v>1</v></c><c r="ZZ1"><v>1</v></c></row><row r="2"><c r="ZY2"><v>1</v></c></row></sheetData>'
    const [head] = [await oddBook({ sheets: [wide] })]
    const over = await inspect(head)
    expect([over.names.length, over.columnsLeftOut, over.rowCount]).toEqual([1, 701, 2])
    const parts = function* (): Generator<ZipPart> {
      yield { path: 'xl/workbook.xml', pieces: ['<workbook><sheets><sheet name="Long" sheetId="1" r:id="a"/></sheets></workbook>'] }
      yield {
        path: 'xl/_rels/workbook.xml.rels',
        pieces: [`<Relationships><Relationship Id="a" Type="x/worksheet" Target="sheet.xml"/></Relationships>`],
      }
      yield { path: 'xl/sheet.xml', pieces: rows() }
    }
    const file = await blobOf(zipped(parts()))
    let pauses = 0
    let clock = 0
    const found = await inspectFile(file, {}, EN, turns({ now: () => clock++, pause: async () => void pauses++ }))
    expect(found).toMatchObject({ rowCount: IMPORT_LIMITS.rows, isOverRows: true })
    expect(pauses).toBeGreaterThan(100)
    const stop = new AbortController()
    const stopped = inspectFile(file, {}, EN, turns({ signal: stop.signal, onProgress: () => stop.abort() }))
    await expect(stopped).rejects.toThrow(/abort/iu)
  })
})

describe('a typed cell in a field', () => {
  const field = (type: FieldType, more: Partial<ValueField> = {}): ValueField => ({ type, options: [], ...more })
  const cases: [string, FileCell, ValueField, CellValue, string | undefined, string?][] = [
    ['a number stays', { kind: 'number', text: '1.5', value: 1.5 }, field('number'), 1.5, undefined],
    ['a number as text', { kind: 'number', text: '1.5', value: 1.5 }, field('text'), '1.5', undefined],
    ['a number as a share', { kind: 'number', text: '0.25', value: 0.25 }, field('percent'), 0.25, 'read', '25%'],
    ['a share as a number', { kind: 'percent', text: '25%', value: 0.25 }, field('number'), 0.25, 'read', '0.25'],
    ['a number is no day', { kind: 'number', text: '1.5', value: 1.5 }, field('date'), null, 'lost'],
    ['a number is no moment', { kind: 'number', text: '45000', value: 45_000 }, field('date-time'), null, 'lost'],
    ['a number is no duration', { kind: 'number', text: '90', value: 90 }, field('duration'), null, 'lost'],
    ['a rating', { kind: 'number', text: '4', value: 4 }, field('rating'), 4, undefined],
    ['no rating', { kind: 'number', text: '4.5', value: 4.5 }, field('rating'), null, 'lost'],
    ['euros into euros', { kind: 'currency', text: '12.5 EUR', value: 12.5, unit: 'EUR' }, field('currency'), 12.5, undefined],
    ['dollars into euros', { kind: 'currency', text: '12.5 USD', value: 12.5, unit: 'USD' }, field('currency'), null, 'lost'],
    [
      'dollars into dollars',
      { kind: 'currency', text: '12.5 USD', value: 12.5, unit: 'USD' },
      field('currency', { format: { currency: 'USD' } }),
      12.5,
      undefined,
    ],
    ['euros as a number', { kind: 'currency', text: '12.5 EUR', value: 12.5, unit: 'EUR' }, field('number'), 12.5, 'read', '12.5'],
    ['a day stays', { kind: 'date', text: '2026-02-01' }, field('date'), '2026-02-01', undefined],
    ['a day as a moment', { kind: 'date', text: '2026-02-01' }, field('date-time'), '2026-01-31T23:00:00.000Z', 'read'],
    [
      'a moment on the clock here',
      { kind: 'date-time', text: '2026-02-01 10:30' },
      field('date-time'),
      '2026-02-01T09:30:00.000Z',
      undefined,
    ],
    ['midnight is the day', { kind: 'date-time', text: '2026-02-01 00:00' }, field('date'), '2026-02-01', 'read', '2026-02-01'],
    ['a moment is no day', { kind: 'date-time', text: '2026-02-01 10:30' }, field('date'), null, 'lost'],
    ['the hour that is skipped', { kind: 'date-time', text: '2026-03-29 02:30' }, field('date-time'), null, 'lost'],
    ['a check', { kind: 'checkbox', text: 'TRUE' }, field('checkbox'), true, undefined],
    ['a check is no number', { kind: 'checkbox', text: 'TRUE' }, field('number'), null, 'lost'],
    ['an error, also as text', { kind: 'error', text: '#N/A' }, field('text'), null, 'error'],
    ['a choice', { kind: 'number', text: '7', value: 7 }, field('single-select', { options: [{ id: 'o', name: '7' }] }), 'o', undefined],
  ]
  test.each(cases)('[CS30] %s', (_name, cell, into, value, kind, to) => {
    const reading = { field: into, ...DE, takesApostrophes: false }
    const converted = convert(cell, reading, formatsOf(reading, BERLIN))
    expect([converted.value, converted.change?.kind]).toEqual([value, kind])
    if (to !== undefined) expect(converted.change?.to).toBe(to)
  })

  test('[CS30] of a workbook, a text that looks like a number stays a text, and amounts of two currencies are numbers', async () => {
    const amount = (row: number, style: number) => `<row r="${row}"><c r="A${row}" s="${style}"><v>${row}</v></c></row>`
    const styles = STYLES.replace('numFmtId="46"', 'numFmtId="166"').replace(
      '</numFmts>',
      '<numFmt numFmtId="166" formatCode="0 &quot;€&quot;"/></numFmts>',
    )
    const typeOf = async (xml: string) => (await inspect(await oddBook({ styles, sheets: [`<sheetData>${xml}</sheetData>`] }))).proposals[0]
    expect(await typeOf(amount(1, 4) + amount(2, 4))).toMatchObject({ type: 'currency', currency: 'USD', hasTexts: false })
    expect(await typeOf(amount(1, 4) + amount(2, 5))).toMatchObject({ type: 'number', currency: undefined })
    expect(await typeOf(amount(1, 3) + amount(2, 0))).toMatchObject({ type: 'number' })
    expect(await typeOf(amount(1, 1) + amount(2, 2))).toMatchObject({ type: 'date-time', ambiguous: undefined })
    const text = (row: number, value: string) => `<row r="${row}"><c r="A${row}" t="inlineStr"><is><t>${value}</t></is></c></row>`
    expect(await typeOf(text(1, '123') + text(2, '456'))).toMatchObject({ type: 'text', hasTexts: true })
    expect(await typeOf(text(1, '01/02/2026') + amount(2, 1))).toMatchObject({ type: 'date', ambiguous: 'date' })
    const nearly = Array.from({ length: 20 }, (_, i) => amount(i + 1, 0)).join('') + text(21, 'n/a')
    expect(await typeOf(nearly)).toMatchObject({
      type: 'text',
      nearly: { type: 'number', misfitCount: 1, misfits: [{ line: 21, text: 'n/a' }] },
    })
  })
})

const OPTIONS = [
  { id: 'o1', name: 'Open' },
  { id: 'o2', name: '=Sum, "quoted"' },
]

const fieldsOf = (types: readonly FieldType[]): readonly ExcelField[] =>
  types.map((type, i) => ({ id: `f${i}`, name: type, type, options: OPTIONS, width: 120 }))

const cellOf = (values: readonly CellValue[], field: { id: string }): CellValue => values[Number(field.id.slice(1))] ?? null

async function exported(
  fields: readonly ExcelField[],
  rows: readonly (readonly CellValue[])[],
  clock = PLAIN_FORMATS,
  sheetName = 'Tasks',
): Promise<{ file: Blob; notes: ExcelNotes }> {
  const { bytes, notes } = excelFile(rows, fields, cellOf, { sheetName, clock })
  return { file: await blobOf(bytes), notes }
}

describe('writing an Excel file', () => {
  const orNull = <T>(values: fc.Arbitrary<T>) => fc.option(values, { nil: null, freq: 6 })
  const day = fc.date({ min: new Date('0100-01-01'), max: new Date('9999-12-31'), noInvalidDate: true }).map((d) => d.toISOString())
  const text = fc.oneof(
    fc.string({ unit: 'grapheme' }),
    fc.string({ unit: fc.constantFrom("'", '=', '+', '-', '@', '\t', '"', '<', '&', '_x0041_', ' ', '5') }),
  )
  const types: Partial<Record<FieldType, fc.Arbitrary<CellValue>>> = {
    text: text.map((t) => t.replace(/[\r\n]/gu, '').slice(0, 200) || null),
    'long-text': text.map((t) => t.replaceAll('\r', '\n') || null),
    number: orNull(fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => n || 0)),
    checkbox: orNull(fc.boolean()),
    date: orNull(day.map((d) => d.slice(0, 10))),
    'date-time': orNull(day),
    'single-select': orNull(fc.constantFrom('o1', 'o2')),
    url: orNull(fc.webUrl()),
    currency: orNull(fc.integer({ min: -1_000_000, max: 1_000_000 }).map((n) => n / 100 || 0)),
    percent: orNull(fc.integer({ min: -1_000, max: 1_000 }).map((n) => n / 100 || 0)),
    rating: orNull(fc.integer({ min: 1, max: 5 })),
    duration: orNull(fc.integer({ min: 1, max: 100_000 })),
    'multi-select': orNull(fc.constantFrom('["o1"]', '["o2"]', '["o1","o2"]')),
    person: orNull(fc.constantFrom('o1', 'o2')),
    email: orNull(fc.constantFrom('ann@example.com', 'b.c+d@example.org')),
    phone: orNull(fc.constantFrom('+49 30 1234567', '0123')),
  }
  const fields = fieldsOf(Object.keys(types) as FieldType[])

  test('[CS33] what is exported comes back as the same values, of every type, on any clock', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(...Object.values(types)), { minLength: 1, maxLength: 8 }),
        fc.constantFrom(PLAIN_FORMATS, BERLIN),
        async (rows, clock) => {
          const { file } = await exported(fields, rows, clock)
          const found = await inspect(file, { hasHeader: true }, DE)
          const choices = proposeColumns(found, fields as never, false)
          const plan: FilePlan = { file, format: found.format, choices, takesApostrophes: false, people: [] }
          const check = await checkFile(plan, clock, () => 'o', turns())
          const back: (readonly CellValue[])[] = []
          await convertRows(plan, check, clock, turns(), (values) => void back.push(values))
          const filled = rows.filter((row) => row.some((value) => value !== null))
          expect(back).toEqual(filled)
        },
      ),
      { seed: 3, numRuns: 150 },
    )
  })

  test('[CS33] the types of the fields are proposed again', async () => {
    const asked = fieldsOf(['number', 'currency', 'percent', 'checkbox', 'date', 'date-time', 'duration', 'url', 'email', 'text'])
    const row = (i: number) => [
      i,
      i,
      i / 10,
      true,
      `2026-01-0${i}`,
      `2026-01-0${i}T10:30:00.000Z`,
      i * 60,
      'https://a.b',
      'a@b.co',
      `=${i}+1`,
    ]
    const currency = (field: ExcelField): ExcelField => (field.type === 'currency' ? { ...field, format: { currency: 'CHF' } } : field)
    const { file } = await exported(asked.map(currency), [row(1), row(2), row(3)])
    const found = await inspect(file, {}, DE)
    expect(found.names).toEqual(asked.map(({ name }) => name))
    expect(found.proposals.map(({ type }) => type)).toEqual(asked.map(({ type }) => type))
    expect(found.proposals[1]?.currency).toBe('CHF')
  })

  test('[CS33] another program reads the same values', async () => {
    const asked = fieldsOf(['text', 'number', 'checkbox', 'date', 'date-time', 'single-select', 'percent'])
    const rows = [['=1+1 & <x>\n"y"', 1234.5, true, '2026-11-21', '2026-11-21T10:30:00.000Z', 'o2', 0.07]]
    const { file } = await exported(asked, rows)
    const read = await readElsewhere(Buffer.from(await file.arrayBuffer()))
    expect(read).toEqual([
      ['text', 'number', 'checkbox', 'date', 'date-time', 'single-select', 'percent'],
      ['=1+1 & <x>\n"y"', 1234.5, true, new Date('2026-11-21'), new Date('2026-11-21T10:30:00Z'), '=Sum, "quoted"', 0.07],
    ])
  })

  test('[CS34] every text is a text, the header is bold and stays in sight, columns are as wide as they are here', async () => {
    const rows = [['=HYPERLINK("x")'], ['@SUM(A1)'], ['plain']]
    const xml = [...(await partsOf(await exported(fieldsOf(['text']), rows)))].join('')
    expect(xml).not.toContain('<f>')
    expect(xml).toContain('<c r="A2" s="2" t="inlineStr"><is><t xml:space="preserve">=HYPERLINK("x")</t></is></c>')
    expect(xml).toContain('<c r="A4" t="inlineStr"><is><t xml:space="preserve">plain</t></is></c>')
    expect(xml).toContain('<c r="A1" s="1" t="inlineStr">')
    expect(xml).toContain('state="frozen"')
    expect(xml).toContain('<col min="1" max="1" width="16.43" customWidth="1"/>')
  })

  test('[CS34] what Excel cannot hold is written otherwise, and counted', async () => {
    const dates = await exported(
      fieldsOf(['date', 'date-time']),
      [
        ['1899-12-31', '2026-10-25T01:30:00.000Z'],
        ['1900-03-01', '2026-10-25T00:30:00.000Z'],
        ['no day', 'no moment'],
      ],
      BERLIN,
    )
    expect(dates.notes.asText).toBe(2)
    expect(textsOf(await inspect(dates.file, { hasHeader: true }))).toEqual([
      ['1899-12-31', '2026-10-25 02:30+01:00'],
      ['1900-03-01', '2026-10-25 02:30'],
      ['no day', 'no moment'],
    ])
    const long = await exported(fieldsOf(['text']), [['x'.repeat(40_000)]])
    expect([long.notes.cut, textsOf(await inspect(long.file, { hasHeader: true }))[0]?.[0]?.length]).toEqual([1, 32_767])
    const wide = await exported(
      Array.from({ length: 16_390 }, (_, i) => ({ id: `f${i}`, name: `n${i}`, type: 'text' as const, options: [] })),
      [],
    )
    expect(wide.notes.columnsLeftOut).toBe(6)
    const { notes } = excelFile(new Array<null>(1_048_576).fill(null), [], () => null, { sheetName: 'Long', clock: PLAIN_FORMATS })
    expect(notes.sheets).toEqual(['Long (1)', 'Long (2)'])
  })

  const names: [string, string][] = [
    ['Sheet 1', 'Sheet 1'],
    ['a/b:c*d?[e]\\f', 'a-b-c-d--e--f'],
    ["'quoted'", 'quoted'],
    ['x'.repeat(40), 'x'.repeat(31)],
    ['', 'Sheet'],
    ['History', 'History 1'],
    [`${'x'.repeat(30)}😀`, 'x'.repeat(30)],
  ]
  test.each(names)('[CS34] the sheet %j is called %j', (name, expected) => {
    expect(excelSheetName(name)).toBe(expected)
  })
})

/** The XML of the parts of a file, unpacked. */
async function partsOf({ file }: { file: Blob }): Promise<readonly string[]> {
  const { readDirectory, textIn } = await import('../../app/files/excel/zip-reader.ts')
  const parts: string[] = []
  for (const entry of await readDirectory(file)) for await (const { text } of textIn(entry)) parts.push(text)
  return parts
}
