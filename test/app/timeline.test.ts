import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { screenCommand } from '../../app/grid/grid-keys.ts'
import type { Painter } from '../../app/grid/scene.ts'
import { isNearEnd, lastLeft, leftInScale, leftOfDay, windowAround } from '../../app/timeline/axis-window.ts'
import {
  barBox,
  barOf,
  type DateChange,
  datesAfter,
  firstDayShown,
  type Grip,
  inputsOf,
  LEAST_WIDTH,
  planDrag,
  planNew,
  proposedSpan,
  type RowDates,
  type SpanFields,
  spanOf,
} from '../../app/timeline/bars.ts'
import { canFill, makeDateMoves } from '../../app/timeline/date-moves.ts'
import { datesText, lengthText } from '../../app/timeline/dates-text.ts'
import { type DateReader, dateOf, FIRST_DAY, isoOf, LAST_DAY, makeDateReader } from '../../app/timeline/days.ts'
import { TIMELINE_KEYS, timelineKey } from '../../app/timeline/keys.ts'
import { pictureOf } from '../../app/timeline/picture.ts'
import { axisLength, beginOf, dayAt, dayWidthOf, placeOf, SCALES, scaleBeside, ticksOf } from '../../app/timeline/scale.ts'
import type { CellStatusKind } from '../../workbook/cell-status.ts'
import type { CellValue } from '../../workbook/cell-value.ts'
import type { CellInput } from '../../workbook/edit.ts'
import type { Binding, Field } from '../../workbook/fields.ts'
import type { FieldId, RowId } from '../../workbook/ids.ts'
import { FORMATS } from '../support/value-formats.ts'

const fieldOf = (name: string, more: Partial<Field> = {}): Field => ({
  id: name as FieldId,
  name,
  type: 'date',
  order: name,
  width: 100,
  options: [],
  isHidden: false,
  ...more,
})
const START = fieldOf('Start')
const END = fieldOf('End')
const SPAN: SpanFields = { start: START, end: END }
const MOMENTS: SpanFields = { start: fieldOf('Begins', { type: 'date-time' }), end: fieldOf('Ends', { type: 'date-time' }) }

const READERS = {
  US: makeDateReader(FORMATS.EN),
  BERLIN: makeDateReader(FORMATS.DE),
  CAIRO: makeDateReader(FORMATS.AR),
} as const

const day = (iso: string): number => READERS.US.dayOf(START, iso) ?? Number.NaN
const anyDay = fc.integer({ min: FIRST_DAY, max: LAST_DAY })
const anyScale = fc.constantFrom(...SCALES)
const anyReader = fc.constantFrom(...Object.values(READERS))
/** Instants between 1970 and 2100, to the minute. */
const anyInstant = fc.integer({ min: 0, max: 68_000_000 }).map((minutes) => new Date(minutes * 60_000).toISOString())

describe('days', () => {
  test.each<{ reader: DateReader; field: Partial<Field>; value: CellValue; on: string | undefined }>([
    { reader: READERS.US, field: {}, value: '2026-11-03', on: '2026-11-03' },
    { reader: READERS.CAIRO, field: {}, value: '2026-11-03', on: '2026-11-03' },
    { reader: READERS.US, field: {}, value: '2024-02-29', on: '2024-02-29' },
    { reader: READERS.US, field: {}, value: '2026-02-29', on: undefined },
    { reader: READERS.US, field: {}, value: 'soon', on: undefined },
    { reader: READERS.US, field: {}, value: null, on: undefined },
    { reader: READERS.US, field: {}, value: '9999-12-31', on: '9999-12-31' },
    { reader: READERS.US, field: { type: 'date-time' }, value: '2026-11-03T23:30:00.000Z', on: '2026-11-03' },
    // Half past midnight in Berlin.
    { reader: READERS.BERLIN, field: { type: 'date-time' }, value: '2026-11-03T23:30:00.000Z', on: '2026-11-04' },
    // The field's own clock comes before the person's.
    {
      reader: READERS.BERLIN,
      field: { type: 'date-time', format: { timeZone: 'America/New_York' } },
      value: '2026-11-04T03:30:00.000Z',
      on: '2026-11-03',
    },
    { reader: READERS.US, field: { type: 'date-time' }, value: 'never', on: undefined },
    { reader: READERS.US, field: { type: 'date-time' }, value: '+275760-09-13T00:00:00.000Z', on: undefined },
    { reader: READERS.US, field: { type: 'date-time' }, value: '-271821-04-20T00:00:00.000Z', on: undefined },
    // *No end*, as many programs keep it: in Berlin it is a day later.
    { reader: READERS.BERLIN, field: { type: 'date-time' }, value: '9999-12-31T23:59:59.000Z', on: '9999-12-31' },
  ])('[TL4] $value is on $on', ({ reader, field, value, on }) => {
    const found = reader.dayOf(fieldOf('x', field), value)
    expect(found && isoOf(found)).toBe(on)
  })

  test('[TL4] a day is the same day wherever somebody reads it, and moving it there and back leaves it as it was', () => {
    const law = (reader: DateReader, n: number, by: number): void => {
      const iso = isoOf(n)
      expect(reader.dayOf(START, iso)).toBe(n)
      if (n + by < FIRST_DAY || n + by > LAST_DAY) return
      const moved = reader.moved(START, iso, by)
      expect(reader.dayOf(START, moved)).toBe(n + by)
      expect(reader.moved(START, moved, -by)).toBe(iso)
    }
    fc.assert(fc.property(anyReader, anyDay, fc.integer({ min: -4_000, max: 4_000 }), law), { seed: 1 })
  })

  test('[TL4] a moved instant keeps its time of the day, also over the days on which the clocks change', () => {
    const timeIn = (reader: DateReader, instant: CellValue): string =>
      new Intl.DateTimeFormat('en-GB', { timeZone: reader.formats.timeZone, timeStyle: 'medium' }).format(Date.parse(String(instant)))
    const field = MOMENTS.start
    const law = (reader: DateReader, instant: string, by: number): void => {
      const from = reader.dayOf(field, instant) ?? 0
      const moved = reader.moved(field, instant, by)
      expect(reader.dayOf(field, moved)).toBe(from + by)
      const [before, after] = [timeIn(reader, instant), timeIn(reader, moved)]
      // The hour that a day leaves out becomes the one behind it.
      if (before !== after) expect(Number(after.slice(0, 2))).toBe(Number(before.slice(0, 2)) + 1)
    }
    fc.assert(fc.property(anyReader, anyInstant, fc.integer({ min: -800, max: 800 }), law), { seed: 2 })
    expect(READERS.BERLIN.moved(field, '2026-03-28T08:15:00.000Z', 1)).toBe('2026-03-29T07:15:00.000Z')
    expect(READERS.BERLIN.moved(field, '2026-10-24T07:15:00.123Z', 1)).toBe('2026-10-25T08:15:00.123Z')
    expect(READERS.BERLIN.moved(field, '9999-12-31T23:59:59.000Z', -7)).toBe('9999-12-24T23:59:59.000Z')
    // There is no half past two on that day: it becomes half past three, and is shown so.
    expect(READERS.BERLIN.moved(field, '2026-03-28T01:30:00.000Z', 1)).toBe('2026-03-29T01:30:00.000Z')
  })

  test('[TL4] a date that is made begins its day, or takes over the time of the other one', () => {
    const { BERLIN } = READERS
    expect(BERLIN.on(START, day('2026-11-03'))).toBe('2026-11-03')
    expect(BERLIN.on(MOMENTS.end as Field, day('2026-11-03'))).toBe('2026-11-02T23:00:00.000Z')
    expect(BERLIN.on(MOMENTS.end as Field, day('2026-11-03'), '2026-07-01T08:15:00.000Z')).toBe('2026-11-03T09:15:00.000Z')
    expect(BERLIN.on(MOMENTS.end as Field, day('2026-11-03'), '2026-07-01')).toBe('2026-11-02T23:00:00.000Z')
  })
})

describe('the axis', () => {
  test('[TL2] each place belongs to one day and each day has its place, in every scale', () => {
    const law = (scale: (typeof SCALES)[number], n: number, share: number): void => {
      const [begin, end] = [placeOf(scale, n), placeOf(scale, n + 1)]
      expect(end - begin).toBe(dayWidthOf(scale))
      expect(dayAt(scale, begin)).toBe(n)
      expect(dayAt(scale, begin + share * dayWidthOf(scale))).toBe(n)
    }
    fc.assert(fc.property(anyScale, anyDay, fc.double({ min: 0, max: 0.999, noNaN: true }), law), { seed: 3 })
    for (const scale of SCALES) expect([dayAt(scale, -1), dayAt(scale, axisLength(scale) + 1)]).toEqual([FIRST_DAY, LAST_DAY])
  })

  test('[TL2] its names divide it without a gap, each from where its part begins, and none goes beyond the last day', () => {
    const law = (scale: (typeof SCALES)[number], from: number, count: number): void => {
      const to = Math.min(LAST_DAY, from + count)
      const { upper, lower, weekend } = ticksOf(scale, from, to, FORMATS.DE)
      for (const ticks of [upper, lower]) {
        expect(ticks[0]?.from).toBeLessThanOrEqual(from)
        expect(ticks.at(-1)?.end).toBeGreaterThan(to)
        expect(ticks.at(-1)?.end).toBeLessThanOrEqual(LAST_DAY + 1)
        ticks.slice(1).forEach((tick, i) => {
          expect(tick.from).toBe(ticks[i]?.end)
        })
      }
      for (const n of weekend) expect([6, 0]).toContain(dateOf(n).toDate('UTC').getUTCDay())
    }
    fc.assert(fc.property(anyScale, anyDay, fc.integer({ min: 0, max: 120 }), law), { seed: 4, numRuns: 60 })
  })

  test.each<{ scale: (typeof SCALES)[number]; formats: keyof typeof FORMATS; upper: string; lower: string; begins: string }>([
    { scale: 'day', formats: 'EN', upper: 'November 2026', lower: 'Wed 4', begins: '2026-11-04' },
    { scale: 'week', formats: 'EN', upper: 'November 2026', lower: '1 – 7', begins: '2026-11-01' },
    { scale: 'week', formats: 'DE', upper: 'November 2026', lower: '2 – 8', begins: '2026-11-02' },
    { scale: 'month', formats: 'FR', upper: '2026', lower: 'novembre', begins: '2026-11-01' },
    { scale: 'quarter', formats: 'DE', upper: '2026', lower: 'Q4', begins: '2026-10-01' },
  ])(
    '[TL3] in $formats the $scale of 4 November 2026 is called $lower and begins on $begins',
    ({ scale, formats, upper, lower, begins }) => {
      const ticks = ticksOf(scale, day('2026-11-04'), day('2026-11-04'), FORMATS[formats])
      expect([ticks.upper[0]?.label, ticks.lower[0]?.label, isoOf(ticks.lower[0]?.from ?? 0)]).toEqual([upper, lower, begins])
    },
  )

  test('[TL2] the last parts of all end with the year 9999', () => {
    const ends = SCALES.map((scale) => {
      const { upper, lower } = ticksOf(scale, LAST_DAY - 40, LAST_DAY, FORMATS.GB)
      return [upper.at(-1)?.label, upper.at(-1)?.end, lower.at(-1)?.label, lower.at(-1)?.end]
    })
    const end = LAST_DAY + 1
    expect(ends).toEqual([
      ['December 9999', end, 'Fri 31', end],
      ['December 9999', end, '27 – 31', end],
      ['9999', end, 'December', end],
      ['9999', end, 'Q4', end],
    ])
  })

  test('[TL3] days off work are those of the language', () => {
    const week = (formats: keyof typeof FORMATS): readonly string[] =>
      ticksOf('day', day('2026-11-02'), day('2026-11-08'), FORMATS[formats]).weekend.map(isoOf)
    expect(week('DE')).toEqual(['2026-11-07', '2026-11-08'])
    expect(week('AR')).toEqual(['2026-11-06', '2026-11-07'])
    expect(ticksOf('month', day('2026-11-02'), day('2026-11-08'), FORMATS.DE).weekend).toEqual([])
  })

  test('[TL3] a quarter begins with its first month, a week with the language’s first day', () => {
    const begin = (unit: Parameters<typeof beginOf>[0], iso: string, locale = 'de-DE'): string => isoOf(beginOf(unit, day(iso), locale))
    expect(['2026-01-31', '2026-03-31', '2026-04-01', '2026-12-31'].map((iso) => begin('quarter', iso))).toEqual([
      '2026-01-01',
      '2026-01-01',
      '2026-04-01',
      '2026-10-01',
    ])
    expect([begin('week', '2024-02-29'), begin('week', '2024-02-29', 'en-US'), begin('year', '2024-02-29')]).toEqual([
      '2024-02-26',
      '2024-02-25',
      '2024-01-01',
    ])
  })

  test('[TL2] it is scrolled in an element of some screens, from the first day to the last', () => {
    const law = (scale: (typeof SCALES)[number], n: number, width: number): void => {
      const left = leftOfDay(scale, n, 0.5, width)
      expect(left).toBeGreaterThanOrEqual(0)
      expect(left).toBeLessThanOrEqual(lastLeft(scale, width))
      const window = windowAround(scale, left, width)
      expect(window.width).toBeLessThanOrEqual(21 * width)
      expect(window.offset).toBeLessThanOrEqual(left)
      expect(window.offset + window.width).toBeGreaterThanOrEqual(left + width)
      expect(isNearEnd(scale, window, left, width)).toBe(false)
    }
    fc.assert(fc.property(anyScale, anyDay, fc.integer({ min: 200, max: 3_000 }), law), { seed: 5 })
  })

  test('[TL2] near an end of that element it is laid elsewhere, save at the ends of time', () => {
    const window = windowAround('day', 1_000_000, 1_000)
    expect(isNearEnd('day', window, 1_000_000 - 9_500, 1_000)).toBe(true)
    expect(isNearEnd('day', window, 1_000_000 + 9_500, 1_000)).toBe(true)
    expect(isNearEnd('day', windowAround('day', 300, 1_000), 0, 1_000)).toBe(false)
    const last = lastLeft('day', 1_000)
    expect(isNearEnd('day', windowAround('day', last, 1_000), last, 1_000)).toBe(false)
  })

  test('[TL2] in another scale the same moment stands at the same pixel, and the scales have two ends', () => {
    const left = leftOfDay('week', day('2026-11-04'), 0, 1_000)
    const at = 300
    const finer = leftInScale('week', 'day', left, at, 1_000)
    expect(dayAt('day', finer + at)).toBe(dayAt('week', left + at))
    expect(SCALES.map((scale) => [scaleBeside(scale, -1), scaleBeside(scale, 1)])).toEqual([
      ['day', 'week'],
      ['day', 'month'],
      ['week', 'quarter'],
      ['month', 'quarter'],
    ])
  })
})

describe('bars', () => {
  test.each<{ dates: RowDates; span?: SpanFields; bar: readonly [string, string?, string?]; text: string; length: string }>([
    {
      dates: { start: '2026-11-03', end: '2026-11-09' },
      bar: ['bar', '2026-11-03', '2026-11-09'],
      text: 'Nov 3, 2026 to Nov 9, 2026',
      length: '7 days',
    },
    { dates: { start: '2026-11-03', end: '2026-11-03' }, bar: ['bar', '2026-11-03', '2026-11-03'], text: 'Nov 3, 2026', length: '1 day' },
    {
      dates: { start: '2026-11-03', end: null },
      bar: ['open-end', '2026-11-03', '2026-11-03'],
      text: 'from Nov 3, 2026, no end',
      length: '',
    },
    {
      dates: { start: null, end: '2026-11-09' },
      bar: ['open-start', '2026-11-09', '2026-11-09'],
      text: 'until Nov 9, 2026, no start',
      length: '',
    },
    {
      dates: { start: '2026-11-09', end: '2026-11-03' },
      bar: ['wrong', '2026-11-03', '2026-11-09'],
      text: 'ends Nov 3, 2026, before it starts Nov 9, 2026',
      length: '',
    },
    { dates: { start: null, end: null }, bar: ['none'], text: 'no dates', length: '' },
    { dates: { start: 'soon', end: null }, bar: ['none'], text: 'its dates cannot be read', length: '' },
    {
      dates: { start: '1066-10-14', end: '1066-10-14' },
      bar: ['outside'],
      text: 'Oct 14, 1066 – Oct 14, 1066, beyond the years 1900 to 9999',
      length: '',
    },
    {
      dates: { start: '2026-11-03', end: null },
      span: { start: START, end: undefined },
      bar: ['mark', '2026-11-03', '2026-11-03'],
      text: 'Nov 3, 2026',
      length: '',
    },
    {
      dates: { start: '2026-11-03', end: '9999-12-31' },
      bar: ['bar', '2026-11-03', '9999-12-31'],
      text: 'Nov 3, 2026 to Dec 31, 9999',
      length: '2,912,137 days',
    },
  ])('[TL1] $dates.start to $dates.end is $bar.0', ({ dates, span = SPAN, bar, text, length }) => {
    const found = barOf(READERS.US, span, dates)
    expect([found.kind, ...('from' in found ? [isoOf(found.from), isoOf(found.to)] : [])]).toEqual(bar)
    expect(datesText(READERS.US, span, dates, found)).toBe(text)
    expect(lengthText(found)).toBe(length)
  })

  test('[TL2] a bar of any length is drawn no wider than the view, and is out of sight on the side where it is', () => {
    const law = (scale: (typeof SCALES)[number], a: number, b: number, at: number): void => {
      const [from, to] = [Math.min(a, b), Math.max(a, b)]
      const width = 900
      const left = leftOfDay(scale, at, 0, width)
      const box = barBox({ from, to }, scale, left, width)
      if ('isOut' in box) {
        if (box.isOut === 'right') expect(placeOf(scale, from)).toBeGreaterThanOrEqual(left + width)
        else expect(placeOf(scale, to + 1)).toBeLessThanOrEqual(left)
        return
      }
      expect(box.x).toBeGreaterThanOrEqual(-12)
      expect(box.x + box.width).toBeLessThanOrEqual(width + 12)
      expect(box.width).toBeGreaterThan(0)
    }
    fc.assert(fc.property(anyScale, anyDay, anyDay, anyDay, law), { seed: 6 })
    const one = barBox(
      { from: day('2026-11-03'), to: day('2026-11-03') },
      'quarter',
      leftOfDay('quarter', day('2026-11-03'), 0.5, 900),
      900,
    )
    expect('width' in one && one.width).toBe(LEAST_WIDTH)
  })

  test('[TL1] the view begins today, or at the bar nearest to it where none is about', () => {
    const today = day('2026-11-21')
    const bar = (from: string, to = from) => ({ kind: 'bar', from: day(from), to: day(to) }) as const
    const first = (...bars: Parameters<typeof firstDayShown>[0]): string => isoOf(firstDayShown(bars, today, 60))
    expect(first()).toBe('2026-11-21')
    expect(first({ kind: 'none' }, bar('2026-11-25'))).toBe('2026-11-21')
    expect(first(bar('2020-01-01', '2030-01-01'))).toBe('2026-11-21')
    expect(first(bar('2024-01-01', '2024-03-01'), bar('2021-01-01'))).toBe('2024-03-01')
    expect(first(bar('2028-01-01', '2028-03-01'))).toBe('2028-01-01')
  })
})

describe('moving', () => {
  const change = (grip: Grip, days: number, dates: RowDates, span = SPAN): DateChange => planDrag(READERS.US, span, dates, grip, days)
  const both = { start: '2026-11-03', end: '2026-11-09' }

  test.each<{ grip: Grip; days: number; dates: RowDates; span?: SpanFields; gives: DateChange }>([
    { grip: 'whole', days: 1, dates: both, gives: { start: '2026-11-04', end: '2026-11-10' } },
    { grip: 'whole', days: 0, dates: both, gives: {} },
    { grip: 'start', days: -2, dates: both, gives: { start: '2026-11-01' } },
    { grip: 'end', days: 1, dates: both, gives: { end: '2026-11-10' } },
    // An end stops at the other one.
    { grip: 'end', days: -30, dates: both, gives: { end: '2026-11-03' } },
    { grip: 'start', days: 30, dates: both, gives: { start: '2026-11-09' } },
    { grip: 'start', days: 1, dates: { start: '2026-11-09', end: '2026-11-09' }, gives: {} },
    // A missing date begins at the one that is there.
    { grip: 'end', days: 3, dates: { start: '2026-11-03', end: null }, gives: { end: '2026-11-06' } },
    { grip: 'start', days: -3, dates: { start: null, end: '2026-11-03' }, gives: { start: '2026-10-31' } },
    { grip: 'whole', days: 2, dates: { start: '2026-11-03', end: null }, gives: { start: '2026-11-05' } },
    { grip: 'whole', days: 2, dates: { start: null, end: '2026-11-03' }, gives: { end: '2026-11-05' } },
    // What is the wrong way round is put where it is put.
    { grip: 'end', days: 10, dates: { start: '2026-11-09', end: '2026-11-03' }, gives: { end: '2026-11-13' } },
    { grip: 'whole', days: 1, dates: { start: '2026-11-09', end: '2026-11-03' }, gives: { start: '2026-11-10', end: '2026-11-04' } },
    { grip: 'whole', days: 1, dates: { start: null, end: null }, gives: {} },
    { grip: 'end', days: 1, dates: both, span: { start: START, end: undefined }, gives: {} },
    {
      grip: 'whole',
      days: 1,
      dates: { start: '2024-02-28', end: null },
      span: { start: START, end: undefined },
      gives: { start: '2024-02-29' },
    },
    { grip: 'whole', days: 400, dates: { start: '9999-12-01', end: '9999-12-30' }, gives: { start: '9999-12-02', end: '9999-12-31' } },
    { grip: 'whole', days: -9, dates: { start: '1900-01-01', end: '1900-01-05' }, gives: {} },
    // Outside already: it goes on from where it is.
    { grip: 'whole', days: 1, dates: { start: '1066-10-14', end: '2026-11-03' }, gives: { start: '1066-10-15', end: '2026-11-04' } },
  ])('[TL5] the $grip of $dates.start to $dates.end by $days', ({ grip, days, dates, span, gives }) => {
    expect(change(grip, days, dates, span)).toEqual(gives)
  })

  test('[TL5] a moved bar is as long as before, over leap days and changes of the clock', () => {
    const law = (reader: DateReader, a: string, b: string, days: number): void => {
      const [start, end] = a < b ? [a, b] : [b, a]
      const before = barOf(reader, MOMENTS, { start, end })
      const after = barOf(reader, MOMENTS, datesAfter({ start, end }, planDrag(reader, MOMENTS, { start, end }, 'whole', days)))
      if (!('from' in before) || !('from' in after)) throw new Error('Both have their days')
      expect([after.from - before.from, after.to - before.to]).toEqual([days, days])
    }
    fc.assert(fc.property(anyReader, anyInstant, anyInstant, fc.integer({ min: -500, max: 500 }), law), { seed: 7 })
  })

  test('[TL5] dragging an end never makes a row end before it starts', () => {
    const law = (a: number, b: number, grip: 'start' | 'end', days: number): void => {
      const dates = { start: isoOf(Math.min(a, b)), end: isoOf(Math.max(a, b)) }
      expect(barOf(READERS.US, SPAN, datesAfter(dates, change(grip, days, dates))).kind).toBe('bar')
    }
    fc.assert(fc.property(anyDay, anyDay, fc.constantFrom('start', 'end'), fc.integer({ min: -3e6, max: 3e6 }), law), { seed: 8 })
  })

  test('[TL5] a drag over an empty line gives both dates, one where only one may be written, whichever way it went', () => {
    const days = [day('2026-11-09'), day('2026-11-03')] as const
    expect(planNew(READERS.US, SPAN, days, { start: true, end: true })).toEqual({ start: '2026-11-03', end: '2026-11-09' })
    expect(planNew(READERS.US, SPAN, days, { start: false, end: true })).toEqual({ end: '2026-11-09' })
    expect(planNew(READERS.US, { start: START, end: undefined }, days, { start: true, end: false })).toEqual({ start: '2026-11-03' })
  })

  const ROW = 'r1' as RowId
  /** What is written and said when a row is moved. */
  function world(more: { dates?: RowDates; span?: SpanFields; refusal?: string; field?: Field | undefined; isDeleted?: boolean } = {}) {
    const { dates = both, span = SPAN, refusal } = more
    const written: (readonly CellInput[])[] = []
    const said: string[] = []
    const moves = makeDateMoves({
      sheet: {
        value: (_, field) => (field === span.start.id ? dates.start : dates.end),
        field: (id) => ('field' in more ? more.field : [span.start, span.end].find((field) => field?.id === id)),
        isDeleted: () => more.isDeleted === true,
      },
      editing: { write: (cells) => written.push(cells) },
      reader: READERS.US,
      span,
      refusal,
      nameOf: () => 'TB-3',
      say: (text) => said.push(text),
    })
    return { moves, written, said }
  }
  const pullOnly: Partial<Field> = { binding: { writable: false, reason: 'Jira computes this field.' } as unknown as Binding }

  test.each([
    ['the row is deleted', { isDeleted: true }],
    ['a field is deleted', { field: undefined }],
    ['a field holds something else', { field: fieldOf('Start', { type: 'text' }) }],
  ])('[TL5] where %s while it is dragged, nothing is written, and that is said', (_, more) => {
    const { moves, written, said } = world(more)
    moves.commit(ROW, moves.plan(ROW, 'whole', 1))
    expect([written, said]).toEqual([[], [expect.stringMatching(/Nothing was moved/u)]])
  })

  test('[TL5] both dates are one step, and what they are is said', () => {
    const { moves, written, said } = world()
    moves.commit(ROW, moves.plan(ROW, 'whole', 1))
    expect(written).toEqual([inputsOf(ROW, SPAN, { start: '2026-11-04', end: '2026-11-10' })])
    expect(said).toEqual(['TB-3: Nov 4, 2026 to Nov 10, 2026 · 7 days.'])
    moves.commit(ROW, {})
    expect(written).toHaveLength(1)
  })

  test.each<{ what: string; span?: SpanFields; dates?: RowDates; refusal?: string; grip: Grip; says: string | undefined }>([
    { what: 'free', grip: 'whole', says: undefined },
    { what: 'a viewer', refusal: 'You may only look.', grip: 'whole', says: 'You may only look.' },
    { what: 'no dates', dates: { start: null, end: null }, grip: 'whole', says: 'TB-3 has no dates to move. Enter opens the row.' },
    {
      what: 'no field of ends',
      span: { start: START, end: undefined },
      grip: 'end',
      says: 'This timeline has no field for the end. Choose one under Dates.',
    },
    {
      what: 'its start is the app’s',
      span: { start: fieldOf('Start', pullOnly), end: END },
      grip: 'start',
      says: 'Start cannot be moved. Jira computes this field.',
    },
    { what: 'its start is the app’s', span: { start: fieldOf('Start', pullOnly), end: END }, grip: 'end', says: undefined },
    {
      what: 'its start is the app’s',
      span: { start: fieldOf('Start', pullOnly), end: END },
      grip: 'whole',
      says: 'The bar cannot be moved as a whole: Start stays. Jira computes this field.',
    },
  ])('[TL6] $what: the $grip says $says', ({ grip, says, ...more }) => {
    const { moves, said } = world(more)
    expect(moves.refuse(ROW, grip)).toBe(says !== undefined)
    expect(said).toEqual(says === undefined ? [] : [says])
  })

  test('[TL6] a line is drawn on where its row has no dates, somebody may write one, and nothing unreadable stands there', () => {
    const empty = { start: null, end: null }
    expect(canFill(SPAN, empty)).toBe(true)
    expect(canFill(SPAN, both)).toBe(false)
    expect(canFill(SPAN, { start: 'soon', end: null })).toBe(false)
    expect(canFill({ start: fieldOf('Start', pullOnly), end: END }, empty)).toBe(true)
    expect(canFill({ start: fieldOf('Start', pullOnly), end: undefined }, empty)).toBe(false)
  })
})

describe('a line', () => {
  const KEY = fieldOf('Key', { type: 'record-key', binding: { isConnectionField: true } as Binding })
  const SUMMARY = fieldOf('Summary', { type: 'text' })
  const STATUS = fieldOf('Status', { type: 'single-select', options: [{ id: 'o1', name: 'Done', color: 'green' }] })
  const ROW = 'r1' as RowId
  const shown = (
    values: Readonly<Record<string, CellValue>>,
    more: { states?: Readonly<Record<string, CellStatusKind>>; tint?: 'red'; isReadOnly?: boolean; peers?: readonly string[] } = {},
  ) => {
    const { states = {}, tint, isReadOnly = false, peers = [] } = more
    const painter = {
      sheet: { fields: () => [KEY, SUMMARY, STATUS, START, END], cell: (_: RowId, field: FieldId) => ({ value: values[field] ?? null }) },
      formats: FORMATS.EN,
      statusOf: (_: RowId, field: Field) => {
        const kind = states[field.name] ?? 'agreed'
        return { kind, text: kind === 'agreed' ? '' : `It is ${kind}.`, choices: [] }
      },
      marks: { cells: new Map([['r1:Status', 2]]), rows: new Map([['r1', 1]]), notes: new Set([ROW]) },
    } as unknown as Painter
    const view = { fields: [KEY, SUMMARY, STATUS], rowColor: () => tint, isMoving: () => false }
    const marks = peers.map((name) => ({ name, color: '#123456', field: 'Key', isEditing: false, liveText: undefined }))
    const ground = { painter, view, reader: READERS.US, span: SPAN, peers: new Map([['r1', marks]]), isReadOnly }
    return pictureOf(ground, ROW, 0, { start: values.Start ?? null, end: values.End ?? null })
  }
  const full = { Key: 'TB-3', Summary: 'Fix login', Status: 'Done', Start: '2026-11-03', End: '2026-11-09' }

  test('[TL11] is called by its key, title, dates and their most urgent state; what else there is to say follows', () => {
    expect(shown(full, { states: { End: 'staged', Status: 'conflict' }, peers: ['Ben'] })).toMatchObject({
      name: 'TB-3',
      title: 'Fix login',
      label: 'TB-3 Fix login, Nov 3, 2026 to Nov 9, 2026, staged',
      description: 'End: It is staged. Status: It is conflict. Ben is here. has a note, 3 open comments',
      states: { start: 'agreed', end: 'staged', row: 'conflict' },
      field: 'End',
    })
    expect(shown({ Summary: 'Fix login' })).toMatchObject({ name: 'Fix login', title: '', label: 'Fix login, no dates', field: 'Start' })
    expect(shown({}).label).toBe('Row 1, no dates')
  })

  test('[TL11] a bar has the colour of the view’s rule, else that of the row’s first choice, else none of its own', () => {
    expect([shown(full).color, shown(full, { tint: 'red' }).color, shown({ ...full, Status: null }).color]).toEqual([
      'green',
      'red',
      undefined,
    ])
  })

  test('[TL6] only what may be moved has something to take hold of', () => {
    expect(shown(full).grips).toEqual({ whole: true, start: true, end: true })
    expect(shown({ ...full, End: null }).grips).toEqual({ whole: true, start: false, end: true })
    expect(shown({ ...full, Start: null }).grips).toEqual({ whole: true, start: true, end: false })
    expect(shown({ Key: 'TB-4' })).toMatchObject({ grips: { whole: false, start: false, end: false }, canFill: true })
    expect(shown(full, { isReadOnly: true }).grips).toEqual({ whole: false, start: false, end: false })
    expect(shown({ Key: 'TB-4' }, { isReadOnly: true }).canFill).toBe(false)
  })
})

describe('which dates', () => {
  const fields = (...names: readonly string[]): readonly Field[] => [
    fieldOf('Name', { type: 'text' }),
    ...names.map((name) => fieldOf(name)),
  ]
  test.each<{ names: readonly string[]; start: string | undefined; end: string | undefined }>([
    { names: [], start: undefined, end: undefined },
    { names: ['Due date'], start: 'Due date', end: undefined },
    { names: ['Due date', 'Updated'], start: 'Due date', end: undefined },
    { names: ['Due date', 'Start date'], start: 'Start date', end: 'Due date' },
    { names: ['Created', 'Close date'], start: 'Created', end: 'Close date' },
    { names: ['From', 'To'], start: 'From', end: 'To' },
    { names: ['Birthday'], start: 'Birthday', end: undefined },
    { names: ['Kick-off', 'Deadline', 'Start'], start: 'Kick-off', end: 'Deadline' },
  ])('[TL7] of $names the start is $start and the end $end', ({ names, start, end }) => {
    const found = proposedSpan(fields(...names))
    expect([found?.start.name, found?.end?.name]).toEqual([start, end])
  })

  test('[TL7] a chosen field that is gone, or holds no dates any more, is none', () => {
    const all = fields('Start', 'End')
    const span = (start: string, end?: string) => spanOf({ start: start as FieldId, end: end as FieldId | undefined }, all)
    expect(span('Start', 'End')).toEqual({ start: START, end: END })
    expect(span('Start', 'Gone')).toEqual({ start: START, end: undefined })
    expect([span('Gone', 'End'), span('Name'), spanOf(undefined, all)]).toEqual([undefined, undefined, undefined])
  })
})

describe('keys', () => {
  const press = (keys: string) => {
    const parts = keys.split('+')
    const key = parts.at(-1) ?? ''
    const has = (name: string): boolean => parts.slice(0, -1).includes(name)
    return { key, code: key, ctrlKey: has('Ctrl'), metaKey: has('Meta'), altKey: has('Alt'), shiftKey: has('Shift') }
  }
  test.each<{ keys: string; mac?: string; does: ReturnType<typeof timelineKey> }>([
    { keys: 'ArrowRight', does: { do: 'drag', grip: 'whole', days: 1 } },
    { keys: 'Shift+ArrowLeft', does: { do: 'drag', grip: 'whole', days: -7 } },
    { keys: 'Alt+ArrowRight', mac: 'Ctrl+Alt+ArrowRight', does: { do: 'drag', grip: 'end', days: 1 } },
    { keys: 'Alt+Shift+ArrowLeft', mac: 'Ctrl+Alt+Shift+ArrowLeft', does: { do: 'drag', grip: 'start', days: -1 } },
    { keys: 'ArrowDown', does: { do: 'line', by: 1 } },
    { keys: 'Ctrl+End', mac: 'Meta+End', does: { do: 'edge', to: 'last' } },
    { keys: 'Home', does: { do: 'show', side: 'start' } },
    { keys: 'Enter', does: { do: 'open' } },
    { keys: '-', does: { do: 'scale', by: 1 } },
    { keys: 'Ctrl+ArrowRight', mac: 'Meta+ArrowRight', does: undefined },
    { keys: 'Alt+O', mac: 'Ctrl+Alt+O', does: undefined },
    { keys: 'a', does: undefined },
  ])('[TL8] $keys', ({ keys, mac = keys, does }) => {
    expect(timelineKey(press(keys), false)).toEqual(does)
    expect(timelineKey(press(mac), true)).toEqual(does)
  })

  test('[TL8] every listed key does what its line says, and none is a key of the whole screen', () => {
    for (const { does, keys } of TIMELINE_KEYS) {
      expect(does).not.toBe('')
      for (const [name, command] of Object.entries(keys)) {
        const parts = name === '+' ? ['+'] : name.split('+')
        const pressed = press(parts.map((part) => (part === 'Main' ? 'Ctrl' : part === 'Space' ? ' ' : part)).join('+') || '+')
        const asked = name === '+' ? { ...pressed, key: '+' } : pressed
        expect(timelineKey(asked, false)).toEqual(command)
        expect(screenCommand(asked, false)).toBeUndefined()
      }
    }
  })
})
