import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { CHANGE_KINDS, convert, defaultReading, formatsOf } from '../../app/files/convert.ts'
import { CsvReader, type CsvRecord } from '../../app/files/csv-reader.ts'
import { guessEncoding } from '../../app/files/decode.ts'
import { ColumnProfile, columnNames, guessDelimiter, guessHeader, guessStart, localeStyle } from '../../app/files/guess.ts'
import { IMPORT_LIMITS } from '../../app/files/import-limits.ts'
import { checkFile, convertRows, type FilePlan, proposeColumns, reportFile, withPeople } from '../../app/files/import-plan.ts'
import { type FileFormat, type Inspection, inspectFile, type LocaleStyle, readRows, type Turns } from '../../app/files/read-file.ts'
import { sendImport } from '../../app/files/send.ts'
import type { CellValue } from '../../workbook/cell-value.ts'
import { makeValueFormats, type ValueField } from '../../workbook/field-values.ts'
import type { FieldType } from '../../workbook/fields.ts'
import { csvLine, defuse, fileText, PLAIN_FORMATS, plainText, undefuse } from '../../workbook/plain-rows.ts'

const EN: LocaleStyle = { numbers: { decimal: '.', group: ',' }, dates: 'mdy' }
const DE: LocaleStyle = { numbers: { decimal: ',', group: '.' }, dates: 'dmy' }
const formats = makeValueFormats({ locale: 'en-GB', timeZone: 'Europe/Berlin', now: () => Date.UTC(2026, 10, 21) })

function turns(overrides: Partial<Turns> = {}): Turns {
  return { now: () => 0, pause: async () => undefined, signal: new AbortController().signal, onProgress: () => undefined, ...overrides }
}

function read(
  text: string,
  pieces = [text.length],
  delimiter = ',',
): { records: readonly (readonly string[])[]; reader: CsvReader; lines: number[] } {
  const reader = new CsvReader(delimiter)
  const records: CsvRecord[] = []
  let from = 0
  for (const size of pieces) {
    records.push(...reader.push(text.slice(from, from + size)))
    from += size
  }
  records.push(...reader.push(text.slice(from)), ...reader.end())
  return { records: records.map((r) => r.cells), reader, lines: records.map((r) => r.line) }
}

async function inspect(content: BlobPart | readonly BlobPart[], choice = {}, locale = EN): Promise<Inspection> {
  const found = await inspectFile(new Blob(Array.isArray(content) ? [...content] : [content as BlobPart]), choice, locale, turns())
  if ('kind' in found) throw new Error(`refused: ${found.kind}`)
  return found
}

const profile = (values: readonly string[], locale = EN) => {
  const column = new ColumnProfile('text')
  values.forEach((value, i) => {
    column.add(value, i + 2)
  })
  return column.proposal(locale)
}

describe('reading a file', () => {
  test('[CS1] lines end with CRLF, LF or CR, also mixed; quoted cells hold anything; empty lines are counted', () => {
    const { records, reader, lines } = read('a,b\r\n"x, y","1\r\n2"\r3,"say ""hi"""\n\n,\n4,5')
    expect(records).toEqual([
      ['a', 'b'],
      ['x, y', '1\r\n2'],
      ['3', 'say "hi"'],
      ['', ''],
      ['4', '5'],
    ])
    expect([lines, reader.blankLines, reader.issueCount]).toEqual([[1, 2, 4, 6, 7], 1, 0])
  })

  test('[CS1] what is written after RFC 4180 is read back, in however many pieces it comes', () => {
    const cell = fc.oneof(fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', '\r', ' ', '😀', 'ع') }), fc.string())
    fc.assert(
      fc.property(
        fc.array(fc.array(cell, { minLength: 1, maxLength: 4 }), { maxLength: 6 }),
        fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 20 }),
        (rows, pieces) => {
          const { records, reader } = read(rows.map(csvLine).join(''), pieces)
          expect(records).toEqual(rows)
          expect([reader.issueCount, reader.blankLines]).toEqual([0, 0])
        },
      ),
      { seed: 7, numRuns: 500 },
    )
  })

  test('[CS2] broken quoting is told with its line and never swallows what follows', () => {
    const open = read('a,b\n1,"never closed\n2,fine\n3,"ok"\n')
    expect(open.records).toEqual([
      ['a', 'b'],
      ['1', '"never closed'],
      ['2', 'fine'],
      ['3', 'ok'],
    ])
    expect(open.reader.issues).toEqual([{ line: 2, kind: 'unclosed-quote', readAs: '"never closed' }])
    const after = read('"5" pipe,x\n"a, b" c,y\n')
    expect(after.records).toEqual([
      ['"5" pipe', 'x'],
      ['"a, b" c', 'y'],
    ])
    expect(after.reader.issues.map((i) => [i.line, i.kind])).toEqual([
      [1, 'text-after-quote'],
      [2, 'text-after-quote'],
    ])
    expect(read('6" pipe,x\n').reader.issueCount).toBe(0)
    const long = read(`"${'x'.repeat(300)}\n`.repeat(9_000), [65_536])
    expect(long.records.length).toBe(9_000)
    expect([long.reader.issueCount, long.reader.issues.length]).toEqual([9_000, 1_000])
  })

  test('[CS3] the encoding is guessed, and what is no text is refused', () => {
    const utf16 = (text: string, swap: boolean): Uint8Array =>
      new Uint8Array(
        [...text].flatMap((c) => (swap ? [c.charCodeAt(0) >> 8, c.charCodeAt(0) & 255] : [c.charCodeAt(0) & 255, c.charCodeAt(0) >> 8])),
      )
    const bytes = (...n: number[]): Uint8Array => new Uint8Array(n)
    const cases: [Uint8Array, unknown][] = [
      [bytes(), { kind: 'empty' }],
      [bytes(0xef, 0xbb, 0xbf), { kind: 'empty' }],
      [new TextEncoder().encode('a,ü\n'), { kind: 'text', encoding: 'utf-8', isCertain: false }],
      [bytes(0xef, 0xbb, 0xbf, 97), { kind: 'text', encoding: 'utf-8', isCertain: true }],
      [bytes(97, 44, 0xfc, 10), { kind: 'text', encoding: 'windows-1252', isCertain: false }],
      [new Uint8Array([0xff, 0xfe, ...utf16('a,b', false)]), { kind: 'text', encoding: 'utf-16le', isCertain: true }],
      [new Uint8Array([0xfe, 0xff, ...utf16('a,b', true)]), { kind: 'text', encoding: 'utf-16be', isCertain: true }],
      [utf16('Name,Value\n1,2\n', false), { kind: 'text', encoding: 'utf-16le', isCertain: false }],
      [utf16('Name,Value\n1,2\n', true), { kind: 'text', encoding: 'utf-16be', isCertain: false }],
      [new TextEncoder().encode('%PDF-1.7'), { kind: 'binary', what: 'pdf' }],
      [bytes(1, 2, 3, 0, 200, 0, 7, 9), { kind: 'binary', what: 'other' }],
      [bytes(1, 2, 3, 4, 5, 6, 97), { kind: 'binary', what: 'other' }],
    ]
    for (const [content, expected] of cases) expect(guessEncoding(content, true)).toEqual(expected)
  })

  test('[CS3] a file that turns out not to be UTF-8 after its beginning is read as Windows-1252; a chosen encoding stays', async () => {
    const ascii = 'name,city\n'.concat('x,y\n'.repeat(30_000))
    const content = [ascii, new Uint8Array([0xfc, 44, 0xe4, 10])]
    const found = await inspect(content)
    const encodingOf = ({ format }: { format: FileFormat }) => (format.kind === 'text' ? format.encoding : undefined)
    expect([encodingOf(found), found.rowCount, found.unreadable]).toEqual(['windows-1252', 30_001, 0])
    const chosen = await inspect(content, { encoding: 'utf-8' })
    expect([encodingOf(chosen), chosen.unreadable]).toEqual(['utf-8', 2])
  })

  test('[CS4] delimiter, header and where the table begins are guessed; columns have each a name of their own', async () => {
    expect(['a;b\n1,5;2', 'a\tb\n1\t2', 'a|b\n1|2', 'a,b\n1,2', 'single\ncolumn'].map(guessDelimiter)).toEqual([';', '\t', '|', ',', ','])
    const rows = (text: string) => text.split('\n').map((line) => line.split(','))
    expect(guessHeader(rows('Name,Age\nAnn,3'))).toBe(true)
    expect(guessHeader(rows('Ann,3\nBen,4'))).toBe(false)
    expect(guessHeader(rows('a@b.co,x\nc@d.co,y'))).toBe(false)
    expect(guessHeader(rows('Name,Age'))).toBe(false)
    expect(columnNames(['Name', ' name ', '', 'Name 2'], 5)).toEqual(['Name', 'name 2', 'Column 3', 'Name 2 2', 'Column 5'])
    const table = 'Sales 2026,,\n\nmade by Ann,,\nName,Size,Day\nx,1,2026-11-21\ny,2,2026-11-22\n'
    const found = await inspect(table)
    expect([found.names, found.rowCount, found.format.from, found.preview[0]?.line]).toEqual([['Name', 'Size', 'Day'], 2, 4, 5])
    expect(found.starts.map(({ line }) => line)).toEqual([1, 3, 4, 5, 6])
    const whole = await inspect(table, { from: 1 })
    expect([whole.rowCount, whole.format.from, whole.format.hasHeader]).toEqual([5, 1, false])
    const lines: string[] = []
    await readRows(new Blob([table]), found.format, turns(), ({ cells }) => void lines.push(cells.join()))
    expect(lines).toEqual(['x,1,2026-11-21', 'y,2,2026-11-22'])
    const starts: [string, number][] = [
      ['a,b,c\n1,2,3', 0],
      ['only\none\ncolumn', 0],
      // A record with few values is no title where no names follow it.
      ['x,,,\n1,2,3,4\n5,6,7,8', 0],
      ['Title,,,\nx,,,\nName,Size,Day,Sum\n1,2,3,4\n5,6,7,8', 2],
      ['a,,,\nName,Size,Day,Sum\nb,,,\nc,,,\nd,,,', 0],
    ]
    for (const [text, start] of starts) expect(guessStart(rows(text)), text).toBe(start)
    const chosen = await inspect('a;b\n1;2\n', { delimiter: ',', hasHeader: false })
    expect([chosen.names, chosen.rowCount]).toEqual([['Column 1'], 2])
  })

  test('[CS5] empty and one-column files, ten thousand columns and rows of uneven length are answered', async () => {
    expect(await inspectFile(new Blob(['\n\n\r\n']), {}, EN, turns())).toEqual({ kind: 'empty' })
    const one = await inspect('Fruit\nApple\nPear\n')
    expect([one.names, one.rowCount, one.format]).toEqual([
      ['Fruit'],
      2,
      { kind: 'text', encoding: 'utf-8', delimiter: ',', from: 1, hasHeader: true },
    ])
    const wide = await inspect(`${Array.from({ length: 10_000 }, (_, i) => `c${i}`).join(',')}\n${'1,'.repeat(9_999)}1\n`)
    expect([wide.names.length, wide.columnsLeftOut, wide.rowCount]).toEqual([IMPORT_LIMITS.columns, 9_500, 1])
    const uneven = await inspect('a,b\n1\n1,2,3\n1,2\n')
    expect([uneven.shortRows, uneven.longRows, uneven.names]).toEqual([2, 1, ['a', 'b', 'Column 3']])
  })

  test('[CS6] a file beyond what one import takes is read to there and no further, with no more of it kept than the preview', async () => {
    const line = 'some text,12,2026-11-21,x\n'
    let given = 0
    const size = 500 * 1024 * 1024
    const slice = new TextEncoder().encode(line.repeat(10_082)).slice(0, 256 * 1024)
    const endless = {
      size,
      slice: (from: number, to: number) => {
        given = Math.max(given, to)
        return { arrayBuffer: async () => slice.slice(0, to - from).buffer }
      },
    }
    let pauses = 0
    let clock = 0
    const live = turns({ now: () => clock++, pause: async () => void pauses++ })
    const found = await inspectFile(endless as unknown as Blob, {}, EN, live)
    if ('kind' in found) throw new Error('refused')
    expect([found.rowCount, found.isOverRows, found.preview.length]).toEqual([IMPORT_LIMITS.rows, true, 100])
    expect(given).toBeLessThan(8 * 1024 * 1024)
    expect(pauses).toBeGreaterThan(100)
  })

  test('[CS6] reading stops when it is cancelled', async () => {
    const stop = new AbortController()
    const live = turns({ signal: stop.signal, onProgress: () => stop.abort() })
    await expect(inspectFile(new Blob(['a,b\n'.repeat(200_000)]), {}, EN, live)).rejects.toThrow(/abort/iu)
  })
})

describe('what a column holds', () => {
  const cases: [string, readonly string[], Partial<ReturnType<typeof profile>>, LocaleStyle?][] = [
    ['whole numbers', ['1', '20', '-3'], { type: 'number', ambiguous: undefined }],
    ['decimals with a point', ['1.25', '2'], { type: 'number', numbers: { decimal: '.', group: ',' } }],
    ['decimals with a comma', ['1,20', '1.234,5'], { type: 'number', numbers: { decimal: ',', group: '.' }, ambiguous: undefined }],
    [
      'thousands or decimals',
      ['1,234', '5,678'],
      { type: 'number', numbers: { decimal: '.', group: ',' }, ambiguous: 'number', example: '1,234' },
    ],
    ['the same in German', ['1,234', '5,678'], { type: 'number', numbers: { decimal: ',', group: '.' }, ambiguous: 'number' }, DE],
    ['spaces between thousands', ['1 234,5', '2 000'], { type: 'number', numbers: { decimal: ',', group: ' ' } }],
    ['leading zeros', ['00123', '4711'], { type: 'text' }],
    ['telephone numbers', ['+49 30 1234567', '+1 212 5550100'], { type: 'text' }],
    ['too many digits', ['12345678901234567890'], { type: 'text' }],
    ['ISO days', ['2026-11-21', '9999-12-31'], { type: 'date', dates: 'ymd', ambiguous: undefined }],
    ['days that only fit day first', ['21/11/2026', '01/02/2026'], { type: 'date', dates: 'dmy', ambiguous: undefined }],
    ['days that only fit month first', ['11/21/2026', '01/02/2026'], { type: 'date', dates: 'mdy', ambiguous: undefined }],
    ['days that fit both ways', ['01/02/2026', '03/04/2026'], { type: 'date', dates: 'mdy', ambiguous: 'date', example: '01/02/2026' }],
    ['the same in German', ['01.02.2026'], { type: 'date', dates: 'dmy', ambiguous: 'date' }, DE],
    ['days with a time', ['2026-11-21 10:30', '2026-11-21T10:30:00.000Z'], { type: 'date-time', dates: 'ymd' }],
    ['amounts of one currency', ['$1.50', '$2'], { type: 'currency', currency: 'USD' }],
    ['amounts of two currencies', ['$1.50', '2 €'], { type: 'text' }],
    ['yes and no', ['yes', 'No', 'TRUE'], { type: 'checkbox' }],
    ['addresses', ['https://a.b/c', 'http://x.y'], { type: 'url' }],
    ['few values', ['Open', 'Done', 'Open', 'Done', 'Open', 'Open'], { type: 'single-select', options: ['Open', 'Done'] }],
    ['two spellings are no choice', ['Open', 'open', 'Open', 'open', 'Open', 'open'], { type: 'text' }],
    [
      'lists of few names',
      ['Red, Green', 'Green', 'Blue, Red', 'Green, Blue', 'Red', 'Blue', 'Red, Blue', 'Green'],
      { type: 'multi-select', options: ['Red', 'Green', 'Blue'] },
    ],
    [
      'names with a comma in quotes',
      ['"A, B", C', 'C', '"A, B"', 'C, D', 'D', 'C, "A, B"', 'D', 'C'],
      { type: 'multi-select', options: ['A, B', 'C', 'D'] },
    ],
    [
      'sentences with commas are no lists',
      Array.from({ length: 8 }, () => 'When it rains and pours, we all stay at home, and read'),
      { type: 'text' },
    ],
    ['long texts', ['x'.repeat(300)], { type: 'long-text' }],
    ['line breaks', ['a\nb'], { type: 'long-text' }],
    ['nothing', ['', ' '], { type: 'text', valueCount: 0 }],
    ['markup', ['<script>alert(1)</script>'], { type: 'text' }],
    ['right to left', ['مرحبا', 'שלום'], { type: 'text' }],
  ]
  test.each(cases)('[CS7] %s', (_name, values, expected, locale) => {
    expect(profile(values, locale)).toMatchObject(expected)
  })

  test('[CS7] one value that does not fit makes a text of the column, and is named', () => {
    const proposal = profile([...Array.from({ length: 40 }, (_, i) => String(i)), 'n/a'])
    expect(proposal).toMatchObject({ type: 'text', nearly: { type: 'number', misfitCount: 1, misfits: [{ line: 42, text: 'n/a' }] } })
  })

  test('[CS7] a column that names nobody but people of the workbook holds people', () => {
    const people = ['Ana', 'Ben', 'Cleo', 'Cleo'].map((name, i) => ({ id: `p${i}`, name }))
    const typeOf = (values: readonly string[]) => withPeople([profile(values)], people)[0]?.type
    expect([['Ana', 'ben'], ['Ana', 'Dora'], ['Cleo'], []].map(typeOf)).toEqual(['person', 'text', 'text', 'text'])
    expect(typeOf(['Ana', 'Ben', 'Ana', 'Ben', 'Ana', 'Ana'])).toBe('person')
  })

  test('[CS7] the style of a locale is taken where a file does not say', () => {
    const style = (locale: string) => localeStyle(makeValueFormats({ locale, timeZone: 'UTC', now: () => 0 }))
    expect(['en-US', 'de-DE', 'fr-FR', 'sv-SE'].map(style)).toEqual([
      EN,
      DE,
      { numbers: { decimal: ',', group: ' ' }, dates: 'dmy' },
      { numbers: { decimal: ',', group: ' ' }, dates: 'ymd' },
    ])
  })
})

describe('what becomes of a value', () => {
  const reading = (type: FieldType, more = {}) => ({ ...defaultReading({ type, options: [{ id: 'o1', name: 'Open' }] }), ...more })
  const german = { numbers: DE.numbers, dates: DE.dates }
  const cases: [string, ReturnType<typeof reading>, CellValue, string | undefined, string?][] = [
    ['1,20', reading('number', german), 1.2, 'read', '1.2'],
    ['1.5', reading('number'), 1.5, undefined],
    [' 7 ', reading('number'), 7, 'trimmed', '7'],
    ['n/a', reading('number'), null, 'lost'],
    ['21.11.2026', reading('date', german), '2026-11-21', 'read', '2026-11-21'],
    ['9999-12-31', reading('date'), '9999-12-31', undefined],
    ['2026-02-30', reading('date'), null, 'lost'],
    ['yes', reading('checkbox'), true, 'read', 'TRUE'],
    ['open', reading('single-select'), 'o1', 'read', 'Open'],
    ['Open', reading('single-select'), 'o1', undefined],
    ['Closed', reading('single-select'), null, 'lost'],
    [' spaces stay ', reading('text'), ' spaces stay ', undefined],
    ['00123', reading('text'), '00123', undefined],
    ['two\nlines', reading('text'), 'two lines', 'lines'],
    ['two\r\nlines', reading('long-text'), 'two\nlines', 'lines'],
    ['<script>alert(1)</script>', reading('text'), '<script>alert(1)</script>', undefined],
    ["'=1+1", reading('text'), "'=1+1", undefined],
    ["'=1+1", reading('text', { takesApostrophes: true }), '=1+1', 'apostrophe'],
    ['😀👩‍👩‍👧', reading('text'), '😀👩‍👩‍👧', undefined],
  ]
  test.each(cases)('[CS8] %j', (raw, how, value, kind, to) => {
    const converted = convert(raw, how, formatsOf(how, formats))
    expect([converted.value, converted.change?.kind]).toEqual([value, kind])
    if (to !== undefined) expect(converted.change?.to).toBe(to)
    if (kind !== undefined) expect(CHANGE_KINDS).toContain(kind)
  })

  test('[CS8] a text of 40,000 characters is cut at 32,000, between two signs, and said', () => {
    const how = reading('long-text')
    const converted = convert(`${'x'.repeat(31_999)}😀${'y'.repeat(8_000)}`, how, formatsOf(how, formats))
    expect([String(converted.value).length, converted.change?.kind]).toEqual([31_999, 'cut'])
  })

  test('[CS8] a text field is given what stands in the file, or the change is reported', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (raw) => {
        const how = reading('long-text')
        const { value, change } = convert(raw, how, formatsOf(how, formats))
        expect(change === undefined ? (value ?? '') : 'said').toBe(change === undefined ? raw : 'said')
      }),
      { seed: 11, numRuns: 300 },
    )
  })
})

describe('the whole import', () => {
  async function planOf(content: string, locale = DE): Promise<{ plan: FilePlan; found: Inspection }> {
    const file = new Blob([content])
    const found = await inspectFile(file, {}, locale, turns())
    if ('kind' in found) throw new Error('refused')
    return { found, plan: { file, format: found.format, choices: proposeColumns(found, [], true), takesApostrophes: true, people: [] } }
  }
  let made = 0
  const makeId = (): string => `o${made++}`

  test('[CS9] the report counts every value that would change, with examples, and is a file', async () => {
    const { plan } = await planOf('Name;Price;State\nAnn;1,20;Open\nBen;3;Open\nCid; 4,5;Done\nDee;5;Open\nEve;6;Done\nFay;7;Open\n')
    const check = await checkFile(plan, formats, makeId, turns())
    expect(plan.choices.map((c) => c.target)).toEqual([
      { kind: 'new', type: 'text' },
      { kind: 'new', type: 'number' },
      { kind: 'new', type: 'single-select' },
    ])
    expect(check.columns.map((c) => c.counts.read)).toEqual([0, 2, 0])
    expect(check.columns[1]?.examples.read[0]).toEqual({ line: 2, from: '1,20', to: '1.2', why: undefined })
    expect(check.options[2]?.map((o) => o.name)).toEqual(['Open', 'Done'])
    const words = Object.fromEntries(CHANGE_KINDS.map((kind) => [kind, kind])) as Record<(typeof CHANGE_KINDS)[number], string>
    const text = await (await reportFile(plan, check, formats, turns(), words)).text()
    expect(read(text.replace('\ufeff', '')).records).toEqual([
      ['Line', 'Column', 'What', 'In the file', 'In the sheet', 'Why'],
      ['2', 'Price', 'read', '1,20', '1.2', ''],
      ['4', 'Price', 'read', ' 4,5', '4.5', ''],
    ])
  })

  test('[CS16] rows of long texts go up in as many requests as the server takes them in', async () => {
    const { plan } = await planOf(`Text\n${`${'ü'.repeat(30_000)}\n`.repeat(300)}`)
    const check = await checkFile(plan, formats, makeId, turns())
    const sent: { chunk: number; rows: unknown[]; bytes: number }[] = []
    vi.stubGlobal('fetch', async (url: string, { body }: RequestInit) => {
      if (url.endsWith('/rows')) sent.push({ ...JSON.parse(String(body)), bytes: new TextEncoder().encode(String(body)).length })
      return Response.json({ id: 'i', sheet: 's', state: 'done', rows: 300, chunks: [], written: 300, fields: [], firstRow: null })
    })
    await sendImport({
      ...{ workbook: 'w', sheet: 's', newSheet: undefined, name: 'texts.csv', plan, check, formats, turns: turns() },
      wait: async () => undefined,
      onStep: () => undefined,
    }).finally(() => vi.unstubAllGlobals())
    expect(sent.map(({ chunk }) => chunk)).toEqual(sent.map((_, i) => i))
    expect(sent.reduce((sum, { rows }) => sum + rows.length, 0)).toBe(300)
    expect(Math.max(...sent.map(({ bytes }) => bytes))).toBeLessThan(16 * 1024 * 1024)
  })

  test('[CS10] columns go to the fields of their names, others become new fields', () => {
    const field = { id: 'f1', name: 'name', type: 'text', order: 'a0', width: 100, options: [], isHidden: false } as never
    const names = ['Name', 'Other', 'NAME 2']
    const proposals = names.map(() => profile(['x']))
    const isNamed = names.map(() => true)
    expect(proposeColumns({ names, proposals, isNamed }, [field], false).map((c) => c.target.kind)).toEqual(['field', 'new', 'new'])
    expect(proposeColumns({ names, proposals, isNamed }, [field], true).map((c) => c.target.kind)).toEqual(['new', 'new', 'new'])
  })

  test('[CS11] what is exported comes back as the same values, of every type', async () => {
    const options = [
      { id: 'o1', name: 'Open' },
      { id: 'o2', name: '=Sum, "quoted"' },
    ]
    const day = fc.date({ min: new Date('0100-01-01'), max: new Date('9999-12-31'), noInvalidDate: true }).map((d) => d.toISOString())
    const someText = fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.string({ unit: fc.constantFrom("'", '=', '+', '-', '@', '\t', '"', ',', 'a', ' ', '5') }),
    )
    const orNull = <T>(values: fc.Arbitrary<T>) => fc.option(values, { nil: null, freq: 6 })
    const line = someText.map((text) => text.replace(/[\r\n]/gu, '').slice(0, 200) || null)
    const types: Partial<Record<FieldType, fc.Arbitrary<CellValue>>> = {
      text: line,
      'long-text': someText.map((text) => text.replaceAll('\r', '\n') || null),
      number: orNull(fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => (n === 0 ? 0 : n))),
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
      email: orNull(fc.constantFrom('ann@example.com', 'b.c+d@example.org')),
    }
    const fields = Object.keys(types).map((type, i) => ({
      id: `f${i}`,
      name: type,
      type: type as FieldType,
      options,
      order: 'a0',
      width: 100,
      isHidden: false,
    }))
    const row = fc.tuple(...Object.values(types))
    await fc.assert(
      fc.asyncProperty(
        fc.array(row, { minLength: 1, maxLength: 8 }),
        fc.constantFrom('defuse' as const, 'raw' as const),
        async (rows, formulas) => {
          const cellOf = (values: readonly CellValue[], field: { id: string }): CellValue => values[Number(field.id.slice(1))] ?? null
          const text = [...fileText(rows, fields, cellOf, { format: 'csv', formulas, hasMark: true })].join('')
          const file = new Blob([text])
          const found = await inspectFile(file, { delimiter: ',', hasHeader: true }, EN, turns())
          if ('kind' in found) throw new Error('refused')
          const choices = proposeColumns(found, fields as never, false).map((choice) => ({
            ...choice,
            numbers: EN.numbers,
            dates: 'ymd' as const,
          }))
          const plan: FilePlan = { file, format: found.format, choices, takesApostrophes: formulas === 'defuse', people: [] }
          const check = await checkFile(plan, PLAIN_FORMATS, makeId, turns())
          const back: (readonly CellValue[])[] = []
          await convertRows(plan, check, PLAIN_FORMATS, turns(), (values) => void back.push(values))
          expect(back).toEqual(rows)
        },
      ),
      { seed: 3, numRuns: 200 },
    )
  })

  test('[CS12] a text that a spreadsheet would run gets an apostrophe, and only that; taking it off gives the text back', () => {
    expect(['=1+1', '+cmd', '-2+3', '@sum', '\tx', '\rx', "'=x", '-5', '+49', 'plain', "it's"].map(defuse)).toEqual([
      "'=1+1",
      "'+cmd",
      "'-2+3",
      "'@sum",
      "'\tx",
      "'\rx",
      "''=x",
      '-5',
      '+49',
      'plain',
      "it's",
    ])
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom("'", '=', '+', '-', '1', 'a', '\t') }), (text) => {
        expect(undefuse(defuse(text))).toBe(text)
      }),
      { seed: 5 },
    )
  })

  test('[CS12] JSON keeps the types, gives each field a key of its own and is one array', () => {
    const fields: (ValueField & { id: string; name: string })[] = [
      { id: 'a', name: 'Name', type: 'text', options: [] },
      { id: 'b', name: 'Name', type: 'number', options: [] },
      { id: 'c', name: 'State', type: 'single-select', options: [{ id: 'o1', name: 'Open' }] },
    ]
    const rows = [
      { a: '=x', b: 1.5, c: 'o1' },
      { a: null, b: null, c: null },
    ]
    const text = [
      ...fileText(rows, fields, (row, f) => row[f.id as 'a'] as CellValue, { format: 'json', formulas: 'raw', hasMark: false }),
    ].join('')
    expect(JSON.parse(text)).toEqual([
      { Name: '=x', 'Name 2': 1.5, State: 'Open' },
      { Name: null, 'Name 2': null, State: null },
    ])
    expect(plainText({ type: 'date-time', options: [] }, '2026-11-21T10:00:00.000Z')).toBe('2026-11-21T10:00:00.000Z')
  })
})
