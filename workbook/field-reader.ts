import { type CellValue, isCellValue } from './cell-value.ts'
import {
  type Binding,
  FIELD_TYPES,
  type Field,
  type FieldFormat,
  type FieldRules,
  type FieldType,
  type Option,
  PATTERNS,
} from './fields.ts'
import type { FieldId } from './ids.ts'
import { isOrderKey } from './schema.ts'

const FIELD_TYPE_SET: ReadonlySet<string> = new Set(FIELD_TYPES)
const DEFAULT_WIDTH = 160
/** Longest name of a field or an option that is read; a foreign client may write anything. */
const LONGEST_NAME = 1_000

type Attributes = ReadonlyMap<string, unknown>

/** A field put together from its flat attributes in the book and the server's binding. What no field can have is left out. */
export function fieldOf(id: FieldId, values: Attributes, binding: Binding | undefined): Field {
  const type = textAt(values, 'type') ?? 'text'
  const width = values.get('width')
  const description = textAt(values, 'description')
  const format = formatOf(values)
  const rules = rulesOf(values)
  const initial = values.get('initial')
  return {
    id,
    name: textAt(values, 'name') ?? 'Untitled',
    type: FIELD_TYPE_SET.has(type) ? (type as FieldType) : 'text',
    order: textAt(values, 'order') ?? 'a0',
    width: typeof width === 'number' && width >= 40 && width <= 1200 ? width : DEFAULT_WIDTH,
    options: binding?.options ?? ownOptions(values),
    isHidden: values.get('hidden') === true,
    ...(description !== undefined && description !== '' && { description }),
    ...(format && { format }),
    ...(rules && { rules }),
    ...(isCellValue(initial) && initial !== null && { initial: initial satisfies CellValue }),
    ...(binding && { binding }),
  }
}

function textAt(values: Attributes, key: string): string | undefined {
  const value = values.get(key)
  return typeof value === 'string' ? value : undefined
}

/** Options as people made them: name, colour and place are keys of their own. A deleted one is still known by its name. */
function ownOptions(values: Attributes): readonly Option[] {
  const options: Option[] = []
  for (const [key, name] of values) {
    if (!key.startsWith('option.') || typeof name !== 'string' || name.length > LONGEST_NAME) continue
    const id = key.slice('option.'.length)
    const color = textAt(values, `optionColor.${id}`)
    const order = values.get(`optionOrder.${id}`)
    options.push({
      id,
      name,
      ...(color !== undefined && { color }),
      ...(isOrderKey(order) && { order }),
      ...(values.get(`optionRemoved.${id}`) === true && { retired: true }),
    })
  }
  return options.sort((a, b) => compareText(a.order ?? '', b.order ?? '') || (a.order === undefined ? 0 : compareText(a.id, b.id)))
}

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

const within = (value: unknown, least: number, most: number): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most

const oneOf = <Name extends string>(value: unknown, names: readonly Name[]): Name | undefined => names.find((name) => name === value)

function formatOf(values: Attributes): FieldFormat | undefined {
  const at = (key: keyof FieldFormat): unknown => values.get(`format.${key}`)
  const [decimals, thousands, currency, stars, seconds, timeZone] = [
    at('decimals'),
    at('thousands'),
    at('currency'),
    at('stars'),
    at('seconds'),
    at('timeZone'),
  ]
  const negative = oneOf(at('negative'), ['minus', 'parentheses'])
  const date = oneOf(at('date'), ['short', 'medium', 'iso'])
  const clock = oneOf(at('clock'), ['12', '24'])
  const format: FieldFormat = {
    ...(within(decimals, 0, 10) && { decimals }),
    ...(typeof thousands === 'boolean' && { thousands }),
    ...(typeof currency === 'string' && /^[A-Z]{3}$/u.test(currency) && { currency }),
    ...(negative && { negative }),
    ...(date && { date }),
    ...(typeof timeZone === 'string' && timeZone.length < 100 && { timeZone }),
    ...(clock && { clock }),
    ...(within(stars, 1, 10) && { stars }),
    ...(typeof seconds === 'boolean' && { seconds }),
  }
  return Object.keys(format).length === 0 ? undefined : format
}

function rulesOf(values: Attributes): FieldRules | undefined {
  const at = (key: keyof FieldRules): unknown => values.get(`rule.${key}`)
  const [min, max] = [at('min'), at('max')]
  const pattern = oneOf(at('pattern'), PATTERNS)
  const rules: FieldRules = {
    ...(at('required') === true && { required: true }),
    ...(typeof min === 'number' && Number.isFinite(min) && { min }),
    ...(typeof max === 'number' && Number.isFinite(max) && { max }),
    ...(pattern && { pattern }),
    ...(at('unique') === true && { unique: true }),
  }
  return Object.keys(rules).length === 0 ? undefined : rules
}
