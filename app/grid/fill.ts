import type { CellValue } from '../../workbook/cell-value.ts'
import type { ValueFormats } from '../../workbook/field-values.ts'
import type { Field } from '../../workbook/fields.ts'
import type { Range } from './grid-model.ts'

/** What a fill continues: `count` values behind those given (in front of them where it goes backwards), nearest first. */
export interface FillSource {
  readonly values: readonly CellValue[]
  readonly count: number
  readonly field: Pick<Field, 'type'>
  /** Repeats instead of going on. */
  readonly isCopy: boolean
  /** Up or to the left. */
  readonly isBackwards: boolean
}

/** The values that a fill writes: a series where the given ones begin one, else they are repeated. */
export function fillSeries(
  { values, count, field, isCopy, isBackwards }: FillSource,
  formats: Pick<ValueFormats, 'locale'>,
): readonly CellValue[] {
  const given = isBackwards ? values.toReversed() : values
  const series = isCopy || given.length === 0 ? undefined : seriesOf(given, field, isBackwards, formats)
  return Array.from({ length: count }, (_, i) => series?.(i) ?? given[i % given.length] ?? null)
}

type Series = (index: number) => CellValue | undefined

function seriesOf(
  values: readonly CellValue[],
  field: Pick<Field, 'type'>,
  isBackwards: boolean,
  formats: Pick<ValueFormats, 'locale'>,
): Series | undefined {
  const numbers = values.filter((value) => typeof value === 'number')
  if (numbers.length === values.length) return numberSeries(numbers)
  const texts = values.filter((value) => typeof value === 'string')
  if (texts.length !== values.length) return undefined
  if (field.type === 'date') return daySeries(texts, isBackwards)
  if (field.type === 'date-time') return instantSeries(texts, isBackwards)
  if (field.type !== 'text' && field.type !== 'long-text') return undefined
  return nameSeries(texts, isBackwards, formats) ?? countedSeries(texts, isBackwards)
}

/** Sums of decimal fractions, without what binary ones add. */
const exact = (value: number): number => Number(value.toPrecision(12))

/** The one step between all neighbours; `undefined` where there are several, or one value alone. */
function stepOf(values: readonly number[]): number | undefined {
  const [first, second] = values
  if (first === undefined || second === undefined) return undefined
  const step = exact(second - first)
  const isEven = values.every((value, i) => i === 0 || exact(value - (values[i - 1] ?? value)) === step)
  return isEven ? step : undefined
}

/** One number alone is repeated: nothing tells how it would go on. */
function numberSeries(values: readonly number[]): Series | undefined {
  const step = stepOf(values)
  const last = values.at(-1)
  return step === undefined || last === undefined ? undefined : (i) => exact(last + step * (i + 1))
}

const DAY_MS = 86_400_000
const ISO_DAY = /^(\d{4})-(\d{2})-(\d{2})$/u

/** By the same number of days; else by the same number of months (years are twelve), at the end of a month where its days end. */
function daySeries(texts: readonly string[], isBackwards: boolean): Series | undefined {
  const days = texts.map((text) => Date.parse(`${text}T00:00:00Z`) / DAY_MS)
  if (!texts.every((text, i) => ISO_DAY.test(text) && Number.isFinite(days[i]))) return undefined
  const shown = (day: number): string | undefined => {
    const date = new Date(day * DAY_MS)
    const year = date.getUTCFullYear()
    return year >= 1 && year <= 9999 ? date.toISOString().slice(0, 10) : undefined
  }
  const last = days.at(-1) ?? 0
  if (texts.length === 1) return (i) => shown(last + (isBackwards ? -1 : 1) * (i + 1))
  const parts = texts.map((text) => ISO_DAY.exec(text)?.slice(1).map(Number) ?? [])
  const months = parts.map(([year = 0, month = 0]) => year * 12 + month - 1)
  const monthStep = stepOf(months)
  const dayOfMonth = Math.max(...parts.map(([, , day = 0]) => day))
  const onDay = (month: number): number => {
    const [year, index] = [Math.floor(month / 12), ((month % 12) + 12) % 12]
    const start = new Date(0)
    start.setUTCFullYear(year, index, Math.min(dayOfMonth, daysIn(year, index)))
    return start.getTime() / DAY_MS
  }
  if (monthStep !== undefined && monthStep !== 0 && months.every((month, i) => onDay(month) === days[i])) {
    return (i) => shown(onDay((months.at(-1) ?? 0) + monthStep * (i + 1)))
  }
  const step = stepOf(days)
  return step === undefined ? undefined : (i) => shown(last + step * (i + 1))
}

function daysIn(year: number, month: number): number {
  const end = new Date(0)
  end.setUTCFullYear(year, month + 1, 0)
  return end.getUTCDate()
}

function instantSeries(texts: readonly string[], isBackwards: boolean): Series | undefined {
  const instants = texts.map((text) => Date.parse(text))
  if (!instants.every(Number.isFinite)) return undefined
  const step = texts.length === 1 ? (isBackwards ? -DAY_MS : DAY_MS) : stepOf(instants)
  const last = instants.at(-1) ?? 0
  if (step === undefined) return undefined
  return (i) => {
    const date = new Date(last + step * (i + 1))
    return Number.isFinite(date.getTime()) && date.getUTCFullYear() <= 9999 ? date.toISOString() : undefined
  }
}

/** "Item 1", "Item 2": the same words round a number, with its leading zeros. */
function countedSeries(texts: readonly string[], isBackwards: boolean): Series | undefined {
  const parts = texts.map((text) => /^(.*?)(\d{1,15})(\D*)$/su.exec(text))
  const [first] = parts
  if (first === null || first === undefined) return undefined
  const [, before = '', digits = '', behind = ''] = first
  if (before === '' && behind === '' && texts.length === 1) return undefined
  if (!parts.every((part) => part?.[1] === before && part[3] === behind)) return undefined
  const numbers = parts.map((part) => Number(part?.[2]))
  const step = numbers.length === 1 ? (isBackwards ? -1 : 1) : stepOf(numbers)
  const last = numbers.at(-1) ?? 0
  const width = digits.startsWith('0') ? digits.length : 1
  if (step === undefined) return undefined
  return (i) => {
    const next = last + step * (i + 1)
    return next < 0 ? undefined : `${before}${String(next).padStart(width, '0')}${behind}`
  }
}

/** Days of the week and months by name, in the person's language and in English. */
function nameSeries(texts: readonly string[], isBackwards: boolean, { locale }: Pick<ValueFormats, 'locale'>): Series | undefined {
  for (const names of namesOf(locale)) {
    const places = texts.map((text) => names.findIndex((name) => name.toLocaleLowerCase(locale) === text.trim().toLocaleLowerCase(locale)))
    if (places.some((place) => place < 0)) continue
    const [first, second] = places
    const step = second === undefined || first === undefined ? (isBackwards ? -1 : 1) : (second - first + names.length) % names.length
    const isEven = places.every((place, i) => i === 0 || (place - (places[i - 1] ?? 0) + 2 * names.length) % names.length === step)
    if (!isEven) return undefined
    const last = places.at(-1) ?? 0
    const spelled = spelling(texts[0] ?? '', locale)
    return (i) => spelled(names[(((last + step * (i + 1)) % names.length) + names.length) % names.length] ?? '')
  }
  return undefined
}

/** Writes a name as the first one was written: in capitals, or without any. */
function spelling(sample: string, locale: string): (name: string) => string {
  if (sample === sample.toLocaleUpperCase(locale)) return (name) => name.toLocaleUpperCase(locale)
  if (sample === sample.toLocaleLowerCase(locale)) return (name) => name.toLocaleLowerCase(locale)
  return (name) => name.charAt(0).toLocaleUpperCase(locale) + name.slice(1)
}

function namesOf(locale: string): readonly (readonly string[])[] {
  return [locale, 'en'].flatMap((language) =>
    (['long', 'short'] as const).flatMap((style) => {
      const day = new Intl.DateTimeFormat(language, { weekday: style, timeZone: 'UTC' })
      const month = new Intl.DateTimeFormat(language, { month: style, timeZone: 'UTC' })
      return [
        Array.from({ length: 7 }, (_, i) => day.format(Date.UTC(2026, 5, 1 + i))),
        Array.from({ length: 12 }, (_, i) => month.format(Date.UTC(2026, i, 1))),
      ]
    }),
  )
}

/** Where a fill goes: the cells of `to` beyond `from`, along one axis. `undefined` where there are none. */
export function fillWay(
  from: Range,
  to: Range,
): { axis: 'rows' | 'columns'; isBackwards: boolean; start: number; count: number } | undefined {
  if (to.bottom > from.bottom) return { axis: 'rows', isBackwards: false, start: from.bottom + 1, count: to.bottom - from.bottom }
  if (to.top < from.top) return { axis: 'rows', isBackwards: true, start: from.top - 1, count: from.top - to.top }
  if (to.right > from.right) return { axis: 'columns', isBackwards: false, start: from.right + 1, count: to.right - from.right }
  if (to.left < from.left) return { axis: 'columns', isBackwards: true, start: from.left - 1, count: from.left - to.left }
  return undefined
}
