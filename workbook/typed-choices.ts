import { type CellValue, choicesOf, choicesValue } from './cell-value.ts'
import type { Option } from './fields.ts'
import { nearestOption } from './nearest-option.ts'
import { fold, no, ok, type Parsed, quote } from './typed-text.ts'

/** The part of a field that decides which options it has and what its cells hold for them. */
export interface ChoiceField {
  readonly type: string
  readonly options: readonly Option[]
  readonly binding?: object | undefined
}

/** What a cell of this field holds for an option: the app's text where a select is connected, else the option's id. */
export const heldFor = (field: ChoiceField, option: Option): string =>
  field.type !== 'person' && field.binding !== undefined ? option.name : option.id

/** The option a text means, by its name or id. */
export function parseOption(field: ChoiceField, text: string, what: 'option' | 'person'): Parsed {
  const offered = field.options.filter((option) => !option.retired)
  const exact = offered.filter((option) => option.name === text || option.id === text)
  const folded = exact.length > 0 ? exact : offered.filter((option) => fold(option.name) === fold(text))
  const [only, second] = folded
  if (only !== undefined && second === undefined) return ok(heldFor(field, only))
  if (second !== undefined) return no(`More than one ${what} is called ${quote(text)}. Choose from the list.`)
  if (offered.length === 0 && field.binding !== undefined) return ok(text.trim())
  const near = nearestOption(offered, text)
  const hint = near === undefined ? ' Choose from the list.' : ` Did you mean “${near}”?`
  return no(`${quote(text)} is not ${what === 'option' ? 'an option' : 'a person'} of this field.${hint}`)
}

/** Options separated by commas; a name that holds a comma stands in quotes, or alone. */
export function parseOptions(field: ChoiceField, text: string): Parsed {
  const alone = parseOption(field, text, 'option')
  const pieces = alone.ok ? [text] : splitNames(text)
  if (pieces === undefined) return no(`A quote is not closed in ${quote(text)}.`)
  const held: string[] = []
  for (const piece of pieces) {
    const parsed = parseOption(field, piece, 'option')
    if (!parsed.ok) return parsed
    if (typeof parsed.value === 'string') held.push(parsed.value)
  }
  return ok(choicesValue(held))
}

/** Names between commas or line breaks; `undefined` where a quote stays open. */
export function splitNames(text: string): readonly string[] | undefined {
  const names: string[] = []
  let rest = text.trim()
  while (rest !== '') {
    const quoted = /^"((?:[^"]|"")*)"\s*(?:[,\n]|$)/u.exec(rest)
    if (quoted === null && rest.startsWith('"')) return undefined
    const plain = quoted ?? /^([^,\n]*)(?:[,\n]|$)/u.exec(rest)
    const name = quoted === null ? (plain?.[1] ?? '').trim() : (quoted[1] ?? '').replaceAll('""', '"')
    if (name !== '') names.push(name)
    rest = rest.slice(plain?.[0].length ?? rest.length).trimStart()
  }
  return names
}

/** Names as `splitNames` reads them back. */
export const joinNames = (names: readonly string[]): string =>
  names.map((name) => (/[",\n]|^\s|\s$/u.test(name) ? `"${name.replaceAll('"', '""')}"` : name)).join(', ')

/** The option a cell's value stands for, by the text or the id it holds. */
export const optionOf = (field: Pick<ChoiceField, 'options'>, value: CellValue): Option | undefined =>
  typeof value === 'string' ? (field.options.find((o) => o.id === value) ?? field.options.find((o) => o.name === value)) : undefined

/** The options of a multi select's value, in the order the field lists them; what it does not know comes last, under its own text. */
export function optionsOf(field: Pick<ChoiceField, 'options'>, value: CellValue): readonly Option[] {
  const known = choicesOf(value).map((held) => optionOf(field, held) ?? { id: held, name: held, retired: true })
  const rank = (option: Option): number => (field.options.includes(option) ? field.options.indexOf(option) : field.options.length)
  return known.sort((a, b) => rank(a) - rank(b))
}

/** The text under which one option is found again: its name, or its id where two share the name. */
export function optionText(field: ChoiceField, value: CellValue): string {
  const option = optionOf(field, value)
  if (option === undefined) return String(value)
  const isAlone = field.options.every((o) => o === option || o.retired === true || (o.name !== option.name && o.id !== option.name))
  return isAlone ? option.name : option.id
}

/** Several options as a text that is read back as the same ones. */
export function optionsText(field: ChoiceField, value: CellValue): string {
  return joinNames(optionsOf(field, value).map((option) => optionText(field, option.id)))
}

/** A connected select is shown under the option it means, whatever capitals the app wrote (C14); a person under their name. */
export function shownOption(field: Pick<ChoiceField, 'options'>, value: CellValue): string {
  const option = optionOf(field, value)
  if (option !== undefined) return option.name
  const folded = field.options.filter((o) => fold(o.name) === fold(String(value)))
  return folded.length === 1 && folded[0] ? folded[0].name : String(value)
}
