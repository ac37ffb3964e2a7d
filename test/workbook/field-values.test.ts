import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type CellValue, choicesValue } from '../../workbook/cell-value.ts'
import {
  compareValues,
  editTextOf,
  isEmail,
  isPhone,
  parseTyped,
  safeUrl,
  sameFieldValue,
  showValue,
  type ValueField,
} from '../../workbook/field-values.ts'
import { FIELD_TYPES, type FieldType, type Option } from '../../workbook/fields.ts'
import { FORMATS, formatsFor, type TypedLine } from '../support/value-formats.ts'

const { EN, DE } = FORMATS

const STATUS: readonly Option[] = [
  { id: '1', name: 'To Do' },
  { id: '2', name: 'In Progress' },
  { id: '3', name: 'Done' },
  { id: '4', name: 'Old', retired: true },
]
const PEOPLE: readonly Option[] = [
  { id: 'p1', name: 'Ann Lee' },
  { id: 'p2', name: 'Ben Ortiz' },
  { id: 'p3', name: 'Ben Ortiz' },
]
const own = (type: FieldType, options: readonly Option[] = []): ValueField => ({ type, options })
const connected = (type: FieldType, options: readonly Option[] = [], maxLength?: number): ValueField => ({
  type,
  options,
  binding: maxLength === undefined ? {} : { maxLength },
})

type Typed = TypedLine & { readonly value: CellValue }

describe('what is typed', () => {
  const rows: readonly Typed[] = [
    { field: own('text'), text: '007', value: '007' },
    { field: own('text'), text: ' two  spaces ', value: ' two  spaces ' },
    { field: own('text'), text: '', value: null },
    { field: own('long-text'), text: 'one\r\ntwo', value: 'one\ntwo' },
    { field: own('number'), text: '1,234.5', value: 1234.5 },
    { field: own('number'), text: '-0', value: 0 },
    { field: own('number'), text: '−5', value: -5 },
    { field: own('number'), text: '1e3', value: 1000 },
    { field: own('number'), text: '.5', value: 0.5 },
    { field: own('number'), text: '12,34,567', value: 1234567 },
    { in: 'DE', field: own('number'), text: '1.234,5', value: 1234.5 },
    { in: 'DE', field: own('number'), text: '1234,5', value: 1234.5 },
    { in: 'FR', field: own('number'), text: '1\u202f234,5', value: 1234.5 },
    { in: 'FR', field: own('number'), text: '1 234,5', value: 1234.5 },
    { in: 'CH', field: own('number'), text: "1'234.5", value: 1234.5 },
    { in: 'AR', field: own('number'), text: '١٢٣', value: 123 },
    { field: own('checkbox'), text: 'Yes', value: true },
    { field: own('checkbox'), text: 'FALSE', value: false },
    { field: own('date'), text: '2026-12-02', value: '2026-12-02' },
    { field: own('date'), text: '12/2/2026', value: '2026-12-02' },
    { field: own('date'), text: '12/2', value: '2026-12-02' },
    { field: own('date'), text: '2 Dec', value: '2026-12-02' },
    { field: own('date'), text: 'December 2, 2027', value: '2027-12-02' },
    { field: own('date'), text: 'tomorrow', value: '2026-11-22' },
    { field: own('date'), text: '29 Feb 2028', value: '2028-02-29' },
    { in: 'DE', field: own('date'), text: '2.12.2026', value: '2026-12-02' },
    { in: 'DE', field: own('date'), text: '2. Dezember', value: '2026-12-02' },
    { in: 'FR', field: own('date'), text: '2 décembre 2026', value: '2026-12-02' },
    { field: own('date-time'), text: '2026-12-02 14:30', value: '2026-12-02T14:30:00.000Z' },
    { field: own('date-time'), text: '2 Dec 2:30 pm', value: '2026-12-02T14:30:00.000Z' },
    { field: own('date-time'), text: '2026-12-02T14:30:05.250Z', value: '2026-12-02T14:30:05.250Z' },
    { field: own('date-time'), text: '2026-12-02 14:30+02:00', value: '2026-12-02T12:30:00.000Z' },
    { in: 'DE', field: own('date-time'), text: '2.12.2026 14:30', value: '2026-12-02T13:30:00.000Z' },
    { in: 'DE', field: own('date-time'), text: '2026-07-01 14:30', value: '2026-07-01T12:30:00.000Z' },
    { field: connected('single-select', STATUS), text: 'done', value: 'Done' },
    { field: own('single-select', STATUS), text: 'In progress', value: '2' },
    { field: own('person', PEOPLE), text: 'ann lee', value: 'p1' },
    { field: own('url'), text: ' https://example.com/a ', value: 'https://example.com/a' },
    { field: own('url'), text: 'mailto:a@example.com', value: 'mailto:a@example.com' },
  ]
  test.each(rows)('[U1] “$text” in a $field.type field is $value', (row) => {
    expect(parseTyped(row.field, row.text, FORMATS[row.in ?? 'EN'])).toEqual({ ok: true, value: row.value })
  })

  test.each([
    { field: own('text'), text: 'one\ntwo', error: 'This field holds one line. Remove the line breaks.' },
    { field: connected('text', [], 5), text: 'too long', error: 'At most 5 characters fit here; this has 8. Shorten it by 3.' },
    { field: own('number'), text: '1,5', error: '“1,5” is not a number. Did you mean 1.5?' },
    { field: own('number'), text: '5 %', error: '“5 %” is not a number.' },
    { field: own('number'), text: '1,2345', error: '“1,2345” is not a number. Did you mean 1.2345?' },
    { field: own('number'), text: '1e999', error: '“1e999” is not a number that can be kept.' },
    {
      field: own('number'),
      text: '12345678901234567890',
      error: '“12345678901234567890” has more digits than a number keeps. Use a text field for it.',
    },
    { field: own('checkbox'), text: 'maybe', error: '“maybe” is neither yes nor no.' },
    { field: own('date'), text: '31 Feb 2026', error: '“31 Feb 2026” is not a day of the calendar.' },
    { field: own('date'), text: '12/2/26', error: 'Write the year with four digits.' },
    { field: own('date'), text: 'soon', error: '“soon” is not a date. Write it like Dec 2, 2026 or 2026-12-02.' },
    { field: own('date-time'), text: '2 Dec', error: 'Add a time, like 2026-12-02 14:30.' },
    { field: own('date-time'), text: '2 Dec 25:00', error: '“2 Dec 25:00” is not a time of the day.' },
    { field: connected('single-select', STATUS), text: 'Dnoe', error: '“Dnoe” is not an option of this field. Did you mean “Done”?' },
    { field: connected('single-select', STATUS), text: 'Old', error: '“Old” is not an option of this field. Choose from the list.' },
    { field: own('person', PEOPLE), text: 'Ben Ortiz', error: 'More than one person is called “Ben Ortiz”. Choose from the list.' },
    { field: own('url'), text: 'example.com', error: '“example.com” is not a whole address. Write it like https://example.com.' },
    {
      field: own('url'),
      text: 'javascript:alert(1)',
      error: '“javascript:alert(1)” is not a whole address. Write it like https://example.com.',
    },
    { field: own('record-key'), text: 'TB-1', error: 'The record’s key is the app’s. Link another record instead.' },
  ])('[U2] “$text” in a $field.type field is refused in words', ({ field, text, error }) => {
    expect(parseTyped(field, text, EN)).toEqual({ ok: false, error })
  })

  test('[U2] a number is never guessed from another place’s separators', () => {
    expect(parseTyped(own('number'), '1.5', DE)).toEqual({ ok: false, error: '“1.5” is not a number. Did you mean 1,5?' })
  })
})

describe('an hour that clocks repeat or leave out', () => {
  test('[U3] a time that does not exist is refused', () => {
    const refused = parseTyped(own('date-time'), '2026-03-29 02:30', DE)
    expect(refused).toEqual({ ok: false, error: 'There is no 02:30 on that day here: the clocks go forward. Choose another time.' })
  })

  test('[U3] a time that comes twice is the first, and its second is written with its offset', () => {
    expect(parseTyped(own('date-time'), '2026-10-25 02:30', DE)).toEqual({ ok: true, value: '2026-10-25T00:30:00.000Z' })
    const second = '2026-10-25T01:30:00.000Z'
    const text = editTextOf(own('date-time'), second, DE)
    expect(text).toBe('2026-10-25 02:30+01:00')
    expect(parseTyped(own('date-time'), text, DE)).toEqual({ ok: true, value: second })
  })
})

describe('what an editor starts with', () => {
  const instant = fc.integer({ min: Date.UTC(1970, 0, 2), max: Date.UTC(2100, 0, 1) }).map((at) => new Date(at).toISOString())
  const day = fc.integer({ min: 0, max: 40_000 }).map((n) => new Date(n * 86_400_000).toISOString().slice(0, 10))
  const double = fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => (n === 0 ? 0 : n))
  const values: Readonly<Record<FieldType, fc.Arbitrary<CellValue>>> = {
    text: fc.string({ minLength: 1 }).filter((text) => !/[\r\n]/u.test(text)),
    'long-text': fc.string({ minLength: 1, unit: fc.constantFrom('a', ' ', '\n', 'ß', '\t', '"') }),
    number: double,
    currency: double,
    percent: double,
    duration: fc.oneof(fc.integer({ min: -1_000_000, max: 1_000_000 }), double),
    rating: fc.integer({ min: 1, max: 5 }),
    'multi-select': fc.uniqueArray(fc.constantFrom('1', '2', '3'), { minLength: 1 }).map(choicesValue),
    email: fc.emailAddress().filter(isEmail),
    phone: fc.stringMatching(/^\+?[1-9][0-9 ()-]{3,12}[0-9]$/).filter(isPhone),
    checkbox: fc.boolean(),
    date: day,
    'date-time': instant,
    'single-select': fc.constantFrom('1', '2', '3'),
    person: fc.constant('p1'),
    url: fc.webUrl(),
    'record-key': fc.constant('TB-1'),
  }
  const editable = FIELD_TYPES.filter((type) => type !== 'record-key')
  test.each(editable.flatMap((type) => Object.keys(FORMATS).map((place) => ({ type, place: place as keyof typeof FORMATS }))))(
    '[U4] a $type is read back as itself ($place)',
    ({ type, place }) => {
      const field = own(type, type === 'person' ? PEOPLE : STATUS)
      const formats = FORMATS[place]
      const law = (value: CellValue): void => {
        expect(parseTyped(field, editTextOf(field, value, formats), formats)).toEqual({ ok: true, value })
      }
      fc.assert(fc.property(values[type], law), { seed: 20261121, numRuns: 60 })
    },
  )

  test.each(editable)('[U4] the empty %s is the empty text', (type) => {
    const field = own(type)
    expect([editTextOf(field, null, EN), showValue(field, null, EN), parseTyped(field, '', EN)]).toEqual([
      '',
      '',
      { ok: true, value: null },
    ])
  })
})

describe('what is shown', () => {
  test.each<{ field: ValueField; value: CellValue; shown: string; in?: keyof typeof FORMATS }>([
    { field: own('number'), value: 1234.5, shown: '1,234.5' },
    { in: 'DE', field: own('number'), value: 1234.5, shown: '1.234,5' },
    { field: own('checkbox'), value: true, shown: 'Yes' },
    { field: own('date'), value: '2026-12-02', shown: 'Dec 2' },
    { field: own('date'), value: '2027-01-04', shown: 'Jan 4, 2027' },
    { in: 'DE', field: own('date'), value: '2026-12-02', shown: '2. Dez.' },
    { field: connected('single-select', STATUS), value: 'DONE', shown: 'Done' },
    { field: connected('single-select', STATUS), value: 'Elsewhere', shown: 'Elsewhere' },
    { field: own('single-select', STATUS), value: '2', shown: 'In Progress' },
    { field: own('person', PEOPLE), value: 'p1', shown: 'Ann Lee' },
    { field: own('person', PEOPLE), value: 'p9', shown: 'p9' },
    { field: own('number'), value: 'not a number', shown: 'not a number' },
    { field: own('date'), value: 'not a day', shown: 'not a day' },
  ])('[U5] $value in a $field.type field is shown as $shown', ({ field, value, shown, ...row }) => {
    expect(showValue(field, value, FORMATS[row.in ?? 'EN'])).toBe(shown)
  })

  test('[U5] an instant is shown on the person’s own clock', () => {
    const field = own('date-time')
    expect(showValue(field, '2026-12-02T23:30:00.000Z', formatsFor('de-DE', 'Europe/Berlin'))).toContain('3. Dez')
    expect(showValue(field, '2026-12-02T23:30:00.000Z', formatsFor('de-DE', 'UTC'))).toContain('2. Dez')
  })

  test('[U5] the year is left out where it is this year on the person’s own clock', () => {
    const field = own('date-time')
    const [berlin, apia] = [formatsFor('en-US', 'Europe/Berlin'), formatsFor('en-US', 'Pacific/Apia')]
    expect(showValue(field, '2025-12-31T23:30:00.000Z', berlin)).not.toContain('202')
    expect(showValue(field, '2025-12-31T22:30:00.000Z', berlin)).toContain('2025')
    expect(showValue(field, '2026-12-31T10:30:00.000Z', apia)).not.toContain('202')
    expect(showValue(field, '2026-12-31T11:30:00.000Z', apia)).toContain('2027')
  })
})

describe('order', () => {
  const sorted = (field: ValueField, values: readonly CellValue[]): readonly CellValue[] =>
    [...values].sort((a, b) => compareValues(field, a, b, EN))

  test('[U6] empty cells come last, numbers in text by their size, options as the field lists them', () => {
    expect(sorted(own('number'), [10, null, 9, -1])).toEqual([-1, 9, 10, null])
    expect(sorted(own('record-key'), ['TB-10', '', 'TB-9'])).toEqual(['TB-9', 'TB-10', ''])
    expect(sorted(connected('single-select', STATUS), ['Done', null, 'Elsewhere', 'To Do'])).toEqual(['To Do', 'Done', 'Elsewhere', null])
    expect(sorted(own('person', PEOPLE), ['p2', 'p1'])).toEqual(['p1', 'p2'])
    expect(sorted(own('checkbox'), [true, false, null])).toEqual([false, true, null])
    expect(sorted(own('date'), ['2026-12-02', '2026-01-09'])).toEqual(['2026-01-09', '2026-12-02'])
    expect(sorted(own('date-time'), ['2026-12-02T10:00:00.000Z', '2026-12-02T09:00:00Z'])[0]).toBe('2026-12-02T09:00:00Z')
  })

  test('[U6] two spellings of one instant, and two forms of empty, are the same', () => {
    expect(sameFieldValue(own('date-time'), '2026-12-02T10:00:00.000Z', '2026-12-02T12:00:00+02:00')).toBe(true)
    expect(sameFieldValue(own('text'), '', null)).toBe(true)
    expect(sameFieldValue(own('text'), 'a', 'A')).toBe(false)
  })
})

test('[U7] only web and mail addresses are ever opened', () => {
  const addresses = [
    'https://a.example',
    'http://a.example/x',
    'mailto:a@b.example',
    'javascript:alert(1)',
    'data:text/html,x',
    'file:///etc',
    'x',
  ]
  expect(addresses.map((address) => safeUrl(address) !== undefined)).toEqual([true, true, true, false, false, false, false])
})
