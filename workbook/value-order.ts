import { momentOf, ZoneClock } from './calendar.ts'
import type { CellValue } from './cell-value.ts'
import { optionOf, showValue, type ValueFormats } from './field-values.ts'
import type { Field } from './fields.ts'
import { makeTextOrder } from './text-order.ts'
import { kindOfField } from './value-kind.ts'

/** Which of two values of a field comes first; neither is empty. A total order, also of values that are none of the field's type. */
export type ValueOrder = (a: CellValue, b: CellValue) => number

/** The group a value belongs to, as a person reads it. Values of one group stand together in the order. */
export type BucketOf = (value: CellValue) => string

const ORDERS = new WeakMap<Intl.Collator, (a: string, b: string) => number>()

function textOrderOf({ collator }: ValueFormats): (a: string, b: string) => number {
  const known = ORDERS.get(collator) ?? makeTextOrder(collator)
  ORDERS.set(collator, known)
  return known
}

/** How values of a field are sorted: numbers by size, days and instants by time, options as the field lists them, texts by the language. */
export function orderOf(field: Field, formats: ValueFormats): ValueOrder {
  const byText = textOrderOf(formats)
  const asText: ValueOrder = (a, b) => byText(String(a), String(b))
  switch (kindOfField(field.type)) {
    case 'number':
      return numbersFirst((value) => (typeof value === 'number' ? value : undefined), asText)
    case 'instant':
      return numbersFirst(momentOf, asText)
    case 'day':
      return (a, b) => (a === b ? 0 : String(a) < String(b) ? -1 : 1)
    case 'check':
      return (a, b) => Number(b === true) - Number(a === true)
    case 'option': {
      const rankOf = rankOfOption(field, formats)
      return (a, b) => rankOf(a) - rankOf(b) || byText(showValue(field, a, formats), showValue(field, b, formats))
    }
    case 'options':
    case 'person':
      return (a, b) => byText(showValue(field, a, formats), showValue(field, b, formats))
    case 'text':
      return asText
  }
}

/** Values that are numbers come before those that are none. */
function numbersFirst(numberOf: (value: CellValue) => number | undefined, others: ValueOrder): ValueOrder {
  return (a, b) => {
    const [numberA, numberB] = [numberOf(a), numberOf(b)]
    if (numberA === undefined || numberB === undefined) {
      return numberA === numberB ? others(a, b) : numberA === undefined ? 1 : -1
    }
    return numberA - numberB
  }
}

/** Options sort in the order the field lists them, unknown values after them. */
function rankOfOption(field: Field, formats: ValueFormats): (value: CellValue) => number {
  const ranks = new Map(field.options.map((option, i) => [option.name, i]))
  const known = new Map<CellValue, number>()
  return (value) => {
    let rank = known.get(value)
    if (rank === undefined) {
      rank = ranks.get(optionOf(field, value)?.name ?? showValue(field, value, formats)) ?? field.options.length
      known.set(value, rank)
    }
    return rank
  }
}

/** How values of a field are put into groups: options and people under their names, instants by day, everything else as it is shown. */
export function bucketOf(field: Field, formats: ValueFormats): BucketOf {
  if (kindOfField(field.type) !== 'instant') return (value) => showValue(field, value, formats)
  const clock = new ZoneClock(formats.timeZone)
  const day: Pick<Field, 'type' | 'options'> = { type: 'date', options: [] }
  return (value) => {
    const instant = momentOf(value)
    return instant === undefined ? String(value) : showValue(day, clock.dayOf(instant), formats)
  }
}
