import type { CellValue } from '../../workbook/cell-value.ts'
import { type CellInput, type CellUndo, type Editor, editCells } from '../../workbook/edit.ts'
import { copiedDraft, copiedValue } from '../../workbook/field-copies.ts'
import {
  type AttributeChange,
  draftChanges,
  draftOf,
  editAttributes,
  type FieldDraft,
  type FieldPlace,
  freeName,
  makeOptionId,
  newFieldChanges,
} from '../../workbook/field-edits.ts'
import type { ValueFormats } from '../../workbook/field-values.ts'
import { type Field, type FieldType, hasOptions, type Option } from '../../workbook/fields.ts'
import { cryptoRandomBytes, type FieldId, type RowId } from '../../workbook/ids.ts'
import { UserOrigin } from '../../workbook/origin.ts'
import { CELLS_PER_TRANSACTION } from '../../workbook/schema.ts'
import type { Sheet } from '../../workbook/sheet.ts'
import { type ChangedValue, convertValue, countValues, optionsFor, previewChange, withoutOption } from '../../workbook/type-change.ts'
import { cellsPart, type StepPart } from '../grid/undo-stack.ts'
import type { SheetEditing } from '../grid/use-sheet-editing.ts'
import { attributesPart } from './attributes-part.ts'

/** What becomes of the values that cannot be read as the new type. */
export type Rest = 'new-field' | 'clear'

export interface TypePlan {
  readonly field: Field
  readonly target: FieldDraft
  readonly counts: ReadonlyMap<CellValue, number>
  readonly changes: readonly ChangedValue[]
}

export interface Watch {
  /** The share that is done, 0–1. */
  readonly onShare: (share: number) => void
  readonly signal: AbortSignal
}

/** Longest stretch of work between two frames. ms. */
const SLICE_MS = 8

/** Lets the screen answer before the work goes on. */
const breathe = (): Promise<void> => new Promise((resolve) => setTimeout(resolve))

/** Runs a generator in slices; rejects with the signal's reason where it was stopped. */
async function inSlices<Result>(work: Generator<number, Result>, { onShare, signal }: Watch): Promise<Result> {
  let until = performance.now() + SLICE_MS
  for (;;) {
    signal.throwIfAborted()
    const step = work.next()
    if (step.done === true) return step.value
    if (performance.now() < until) continue
    onShare(step.value)
    await breathe()
    until = performance.now() + SLICE_MS
  }
}

/** Everything a person does to fields: each is one step that can be taken back. */
export interface FieldWork {
  add(draft: FieldDraft, place: FieldPlace): FieldId
  edit(field: Field, draft: FieldDraft): void
  remove(field: Field): void
  duplicate(field: Field): Promise<void>
  /** Adds an option, or gives back the one that has the name. */
  addOption(field: Field, name: string): Option
  /** Makes a person known to a field of this workbook, so that its cells can name them. */
  addPerson(field: Field, person: { readonly id: string; readonly name: string }): void
  count(field: Field, watch: Watch): Promise<ReadonlyMap<CellValue, number>>
  planType(field: Field, type: FieldType, watch: Watch): Promise<TypePlan>
  changeType(plan: TypePlan, rest: Rest, watch: Watch): Promise<void>
  /** Saves a draft in which options are gone, and takes them out of the cells that hold them. */
  editAndClear(field: Field, draft: FieldDraft, gone: readonly Option[], watch: Watch): Promise<void>
}

export function makeFieldWork(parts: {
  readonly sheet: Sheet
  readonly editor: () => Editor
  readonly editing: Pick<SheetEditing, 'pushStep'>
  readonly formats: ValueFormats
}): FieldWork {
  const { sheet, editor, editing, formats } = parts
  const { book } = sheet.docs
  const ground = { sheet, editor }
  const origin = (): UserOrigin => new UserOrigin(editor().by)
  const keep = (steps: readonly StepPart[]): void => editing.pushStep({ parts: steps })
  const set = (changes: readonly AttributeChange[]): StepPart[] => {
    const done = editAttributes(book, changes, origin())
    return done.length === 0 ? [] : [attributesPart(ground, done)]
  }

  /** Writes what `valueOf` answers for each row, a transaction and a breath per 1,000 cells; `undefined` leaves a cell alone. */
  async function write(inputsOf: (row: RowId) => readonly CellInput[], watch?: Watch): Promise<readonly CellUndo[]> {
    const done: CellUndo[] = []
    await sheet.whole()
    const rows = sheet.rows()
    let waiting: CellInput[] = []
    const flush = async (share: number): Promise<void> => {
      done.push(...editCells(sheet, waiting, editor()))
      waiting = []
      watch?.onShare(share)
      await breathe()
    }
    for (const [i, row] of rows.entries()) {
      waiting.push(...inputsOf(row))
      if (waiting.length >= CELLS_PER_TRANSACTION || i % CELLS_PER_TRANSACTION === CELLS_PER_TRANSACTION - 1) await flush(i / rows.length)
    }
    await flush(1)
    return done
  }
  const cellSteps = (done: readonly CellUndo[]): StepPart[] => (done.length === 0 ? [] : [cellsPart(ground, done)])

  return {
    add: (draft, place) => {
      const { id, changes } = newFieldChanges(sheet, draft, place, cryptoRandomBytes)
      keep(shownOnly(id, set(changes)))
      return id
    },
    edit: (field, draft) => keep(set(draftChanges(field.id, draftOf(field), draft))),
    remove: (field) => keep(set([{ key: `${field.id}.removed`, value: true }])),
    duplicate: async (field) => {
      const draft = { ...copiedDraft(field, draftOf(field)), name: freeName(sheet.fields(), `${field.name} copy`) }
      const { id, changes } = newFieldChanges(sheet, draft, { side: 'right', of: field.id }, cryptoRandomBytes)
      const made = set(changes)
      const done = await write((row) => {
        const { value } = sheet.cell(row, field.id)
        return value === null ? [] : [{ row, field: id, value: copiedValue(field, value) }]
      })
      keep([...made, ...cellSteps(done)])
    },
    addOption: (field, name) => {
      const wanted = name.trim()
      const known = field.options.find((option) => option.name.toLowerCase() === wanted.toLowerCase())
      if (known !== undefined && known.retired !== true) return known
      const option: Option = known ?? { id: makeOptionId(cryptoRandomBytes), name: wanted }
      const { retired: _, ...offered } = option
      const draft = draftOf(field)
      const removed = known === undefined ? [] : [{ key: `${field.id}.optionRemoved.${option.id}`, value: null }]
      keep(set([...draftChanges(field.id, draft, { ...draft, options: [...draft.options, offered] }), ...removed]))
      return offered
    },
    addPerson: (field, { id, name }) => {
      if (field.binding === undefined && field.options.every((option) => option.id !== id))
        set([{ key: `${field.id}.option.${id}`, value: name }])
    },
    count: (field, watch) => inSlices(countValues(sheet, field), watch),
    planType: async (field, type, watch) => {
      const half = (from: number): Watch => ({ ...watch, onShare: (share) => watch.onShare(from + share / 2) })
      await sheet.whole()
      const counts = await inSlices(countValues(sheet, field), half(0))
      const options = hasOptions(type)
        ? optionsFor(field, type as 'single-select', counts, formats, () => makeOptionId(cryptoRandomBytes))
        : draftOf(field).options
      const target: FieldDraft = { ...draftOf(field), type, options, rules: {}, initial: null }
      const changes = await inSlices(previewChange(field, target, counts, formats), half(0.5))
      return { field, target, counts, changes }
    },
    changeType: async ({ field, target, changes }, rest, watch) => {
      const becomes = new Map(changes.map(({ from, becomes: to }) => [from, to]))
      const hasRest = rest === 'new-field' && changes.some(({ becomes: to }) => to.kind === 'cannot')
      const draft: FieldDraft = { ...EMPTY, name: freeName(sheet.fields(), `${field.name} (as text)`), type: 'long-text' }
      const extra = hasRest ? newFieldChanges(sheet, draft, { side: 'right', of: field.id }, cryptoRandomBytes) : undefined
      const made = set([...(extra?.changes ?? []), ...draftChanges(field.id, draftOf(field), target)])
      const texts = new Map(changes.map(({ from, text }) => [from, text]))
      const done = await write((row) => {
        const { value } = sheet.cell(row, field.id)
        if (value === null || value === '') return []
        // A value that came while the plan was read is judged now, by the same rule.
        const to = becomes.get(value) ?? convertValue(field, target, value, formats)
        if (to.kind !== 'cannot') return to.kind === 'stays' ? [] : [{ row, field: field.id, value: to.value }]
        const kept = extra === undefined ? [] : [{ row, field: extra.id, value: texts.get(value) ?? String(value) }]
        return [...kept, { row, field: field.id, value: null }]
      }, watch)
      keep([...made, ...cellSteps(done)])
    },
    editAndClear: async (field, draft, gone, watch) => {
      const done = await write((row) => {
        const { value } = sheet.cell(row, field.id)
        const left = gone.reduce((v, option) => withoutOption(field, v, option), value)
        return left === value ? [] : [{ row, field: field.id, value: left }]
      }, watch)
      keep([...set(draftChanges(field.id, draftOf(field), draft)), ...cellSteps(done)])
    },
  }

  /** Taking back a new field hides it as deleted: what others have typed into it meanwhile stays in the document. */
  function shownOnly(id: FieldId, made: readonly StepPart[]): readonly StepPart[] {
    const removal = (isRemoved: boolean): StepPart => ({
      takeBack: () => {
        editAttributes(book, [{ key: `${id}.removed`, value: isRemoved }], origin())
        return { done: 1, kept: [], again: removal(!isRemoved) }
      },
    })
    return made.length === 0 ? [] : [removal(true)]
  }
}

export const EMPTY: FieldDraft = { name: '', type: 'text', description: '', options: [], format: {}, rules: {}, initial: null }
