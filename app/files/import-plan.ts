import type { CellValue } from '../../workbook/cell-value.ts'
import type { ValueField, ValueFormats } from '../../workbook/field-values.ts'
import { type Field, type FieldType, hasOptions, type Option } from '../../workbook/fields.ts'
import { csvLine, defuse } from '../../workbook/plain-rows.ts'
import { splitNames } from '../../workbook/typed-choices.ts'
import { type ColumnReport, type Converted, convert, emptyReport, formatsOf, noteChange, OptionMaker, type Reading } from './convert.ts'
import { textOf } from './file-record.ts'
import type { DateOrder, NumberStyle, Proposal } from './guess.ts'
import { type FileFormat, type Inspection, readRows, type Turns } from './read-file.ts'

/** Where a column of the file goes. */
export type Target =
  | { readonly kind: 'skip' }
  | { readonly kind: 'field'; readonly field: Field }
  | { readonly kind: 'new'; readonly type: FieldType }

/** What a person decides of one column. */
export interface ColumnChoice {
  readonly name: string
  readonly target: Target
  readonly numbers: NumberStyle
  readonly dates: DateOrder
  /** ISO 4217: what a new field of amounts holds; absent: the usual one. */
  readonly currency?: string | undefined
}

/** Whether an import can write into a field at all. */
export const isImportable = (field: Field): boolean => field.type !== 'record-key' && field.binding?.writable !== false

/** Columns whose name a field has go into it, the others become fields of the type they seem to hold; those without name and value stay out. */
export function proposeColumns(
  inspection: Pick<Inspection, 'names' | 'proposals' | 'isNamed'>,
  fields: readonly Field[],
  isNewSheet: boolean,
): readonly ColumnChoice[] {
  const taken = new Set<string>()
  return inspection.names.map((name, i) => {
    const proposal = inspection.proposals[i]
    const same = isNewSheet ? undefined : fields.find((f) => !taken.has(f.id) && isImportable(f) && fold(f.name) === fold(name))
    if (same !== undefined) taken.add(same.id)
    const isUnused = proposal?.valueCount === 0 && !(inspection.isNamed[i] ?? true)
    const fresh: Target = isUnused ? { kind: 'skip' } : { kind: 'new', type: proposal?.type ?? 'text' }
    const target: Target = same === undefined ? fresh : { kind: 'field', field: same }
    return { name, target, numbers: proposal?.numbers ?? POINT, dates: proposal?.dates ?? 'ymd', currency: proposal?.currency }
  })
}

const POINT: NumberStyle = { decimal: '.', group: ',' }
const fold = (text: string): string => text.normalize('NFKC').trim().toLowerCase()

/** Types a column may be given. */
export const isChoosable = (type: FieldType): boolean => type !== 'record-key'

/** What a check of all rows found. */
export interface Check {
  readonly rowCount: number
  readonly columns: readonly ColumnReport[]
  /** Options for the new choice fields, by column. */
  readonly options: readonly (readonly Option[])[]
  /** Columns with more different texts than a choice may have. */
  readonly overfull: readonly number[]
}

interface Lane {
  readonly source: number
  readonly reading: Reading
  readonly formats: ValueFormats
}

/** A column that names nobody but people of the workbook holds people. */
export function withPeople(proposals: readonly Proposal[], people: readonly Person[]): readonly Proposal[] {
  const count = new Map<string, number>()
  for (const { name } of people) count.set(fold(name), (count.get(fold(name)) ?? 0) + 1)
  return proposals.map((proposal) => {
    const { distinct, type } = proposal
    const isOfPeople =
      (type === 'text' || type === 'single-select') && distinct.length > 0 && distinct.every((name) => count.get(fold(name)) === 1)
    return isOfPeople ? { ...proposal, type: 'person', options: [], nearly: undefined } : proposal
  })
}

/** Somebody of the workbook. */
export interface Person {
  readonly id: string
  readonly name: string
}

/** The columns that are imported, with how each is read. */
function lanesOf(
  choices: readonly ColumnChoice[],
  options: readonly (readonly Option[])[],
  formats: ValueFormats,
  takesApostrophes: boolean,
): readonly Lane[] {
  return choices.flatMap(({ target, numbers, dates, currency }, source): Lane[] => {
    if (target.kind === 'skip') return []
    const made = { options: options[source] ?? [], ...(currency !== undefined && { format: { currency } }) }
    const field: ValueField = target.kind === 'field' ? target.field : { ...made, type: target.type }
    const reading = { field, numbers, dates, takesApostrophes }
    return [{ source, reading, formats: formatsOf(reading, formats) }]
  })
}

const LINES_A_PIECE = 5_000

export interface FilePlan {
  readonly file: Blob
  readonly format: FileFormat
  readonly choices: readonly ColumnChoice[]
  readonly takesApostrophes: boolean
  /** Who a new person field knows. */
  readonly people: readonly Person[]
}

/** Reads all rows as they would be imported and counts every value that would not be kept as it stands. */
export async function checkFile(plan: FilePlan, formats: ValueFormats, makeId: () => string, turns: Turns): Promise<Check> {
  const makers = await optionsOf(plan, makeId, turns)
  const options = makers.map((maker, i): readonly Option[] => {
    const target = plan.choices[i]?.target
    return target?.kind === 'new' && target.type === 'person' ? plan.people.map(({ id, name }) => ({ id, name })) : (maker?.options ?? [])
  })
  const columns = plan.choices.map(emptyReport)
  const lanes = lanesOf(plan.choices, options, formats, plan.takesApostrophes)
  const rowCount = await readRows(plan.file, plan.format, turns, ({ cells, line }) => {
    for (const { source, reading, formats: own } of lanes) {
      const cell = cells[source] ?? ''
      const report = columns[source]
      if (cell !== '' && report !== undefined) noteChange(report, line, cell, convert(cell, reading, own))
    }
  })
  return { rowCount, columns, options, overfull: makers.flatMap((maker, i) => (maker?.isFull ? [i] : [])) }
}

/** What the new choice fields are to offer: every text of their columns. */
async function optionsOf(plan: FilePlan, makeId: () => string, turns: Turns): Promise<readonly (OptionMaker | undefined)[]> {
  const makers = plan.choices.map(({ target }) => (target.kind === 'new' && hasOptions(target.type) ? new OptionMaker(makeId) : undefined))
  const asked = makers.flatMap((maker, source) => {
    const target = plan.choices[source]?.target
    return maker === undefined ? [] : [{ maker, source, isList: target?.kind === 'new' && target.type === 'multi-select' }]
  })
  if (asked.length === 0) return makers
  await readRows(plan.file, plan.format, turns, ({ cells }) => {
    for (const { maker, source, isList } of asked) {
      const cell = cells[source] ?? ''
      if (typeof cell === 'object' && cell.kind === 'error') continue
      const text = textOf(cell)
      for (const name of isList ? (splitNames(text) ?? [text]) : [text]) maker.add(name)
    }
  })
  return makers
}

/** The rows as values, in the order of the columns that are imported. */
export async function convertRows(
  plan: FilePlan,
  check: Check,
  formats: ValueFormats,
  turns: Turns,
  onRow: (values: readonly CellValue[], index: number) => void | Promise<void>,
): Promise<number> {
  const lanes = lanesOf(plan.choices, check.options, formats, plan.takesApostrophes)
  return readRows(plan.file, plan.format, turns, ({ cells }, index) =>
    onRow(
      lanes.map(({ source, reading, formats: own }) => convert(cells[source] ?? '', reading, own).value),
      index,
    ),
  )
}

/** Every value that would change, as a file: line, column, what it is, what it becomes, why. */
export async function reportFile(
  plan: FilePlan,
  check: Check,
  formats: ValueFormats,
  turns: Turns,
  words: Readonly<Record<NonNullable<Converted['change']>['kind'], string>>,
): Promise<Blob> {
  const done: Blob[] = []
  let parts: string[] = [`\ufeff${csvLine(['Line', 'Column', 'What', 'In the file', 'In the sheet', 'Why'])}`]
  const put = (): void => {
    done.push(new Blob(parts))
    parts = []
  }
  const lanes = lanesOf(plan.choices, check.options, formats, plan.takesApostrophes)
  await readRows(plan.file, plan.format, turns, ({ cells, line }) => {
    for (const { source, reading, formats: own } of lanes) {
      const cell = cells[source] ?? ''
      const { change } = convert(cell, reading, own)
      if (change === undefined) continue
      const name = plan.choices[source]?.name ?? ''
      parts.push(csvLine([String(line), name, words[change.kind], textOf(cell), change.to, change.why ?? ''].map(defuse)))
    }
    // A browser keeps finished pieces outside its memory.
    if (parts.length > LINES_A_PIECE) put()
  })
  put()
  return new Blob(done, { type: 'text/csv' })
}

export const changeCount = (report: ColumnReport): number => Object.values(report.counts).reduce((sum, n) => sum + n, 0)

/** What is said of one column's guess. */
export const isUnsure = (proposal: Proposal | undefined): boolean => proposal?.ambiguous !== undefined
