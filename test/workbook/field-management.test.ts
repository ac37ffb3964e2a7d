import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import * as Y from 'yjs'
import { UniqueValues } from '../../app/fields/unique-values.ts'
import { makeRandom } from '../../tools/random.ts'
import type { CellValue } from '../../workbook/cell-value.ts'
import { addRow, addRows, editCells } from '../../workbook/edit.ts'
import {
  draftChanges,
  draftOf,
  editAttributes,
  type FieldDraft,
  freeName,
  newFieldChanges,
  orderedKeys,
  undoAttributes,
} from '../../workbook/field-edits.ts'
import { invalidReason } from '../../workbook/field-rules.ts'
import { editTextOf, makeValueFormats, parseTyped } from '../../workbook/field-values.ts'
import { FIELD_TYPES, type Field, type FieldType, type Option } from '../../workbook/fields.ts'
import type { FieldId, RowId, SheetId } from '../../workbook/ids.ts'
import { Sheet } from '../../workbook/sheet.ts'
import { convertValue, countValues, optionsFor, previewChange, usesOf, withoutOption } from '../../workbook/type-change.ts'

const EN = makeValueFormats({ locale: 'en-US', timeZone: 'UTC', now: () => Date.UTC(2026, 10, 21, 12) })
const ANA = { by: 'ana', now: () => 1 }
const EMPTY: FieldDraft = { name: 'Tags', type: 'multi-select', description: '', options: [], format: {}, rules: {}, initial: null }
const OPTIONS: readonly Option[] = [
  { id: 'aa', name: 'Urgent' },
  { id: 'bb', name: 'Bug' },
  { id: 'cc', name: 'Later' },
]

function makeSheet(seed = 1) {
  const rng = makeRandom(seed)
  const random = (length: number) => Uint8Array.from({ length }, () => Math.floor(rng() * 256))
  const doc = () => new Y.Doc()
  const docs = { book: doc(), sys: doc(), edits: doc(), annotations: doc(), base: [] }
  const sheet = new Sheet('sheet1' as SheetId, docs)
  const add = (draft: FieldDraft, place: Parameters<typeof newFieldChanges>[2] = 'end'): FieldId => {
    const { id, changes } = newFieldChanges(sheet, draft, place, random)
    editAttributes(docs.book, changes, 'ana')
    return id
  }
  const field = (id: FieldId): Field => {
    const found = sheet.field(id)
    if (found === undefined) throw new Error('No such field')
    return found
  }
  const save = (id: FieldId, part: Partial<FieldDraft>) => {
    const before = draftOf(field(id))
    return editAttributes(docs.book, draftChanges(id, before, { ...before, ...part }), 'ana')
  }
  return { sheet, book: docs.book, random, add, field, save }
}

const own = (type: FieldType, options: readonly Option[] = [], part: Partial<Field> = {}): Field => ({
  id: 'f' as FieldId,
  name: 'F',
  type,
  order: 'a0',
  width: 100,
  options,
  isHidden: false,
  ...part,
})

describe('attributes of a field', () => {
  test('[FT6] what is drafted is what is read', () => {
    const { add, field } = makeSheet()
    const draft: FieldDraft = {
      name: 'Price',
      type: 'currency',
      description: 'Net',
      options: [],
      format: { currency: 'USD', decimals: 2 },
      rules: { required: true, min: 0 },
      initial: 5,
    }
    expect(draftOf(field(add(draft)))).toEqual(draft)
  })

  test('[FT6] two people who change two attributes both win', () => {
    const { book, add, field, save } = makeSheet()
    const id = add({ ...EMPTY, options: OPTIONS })
    const theirs = new Y.Doc()
    Y.applyUpdate(theirs, Y.encodeStateAsUpdate(book))
    const before = draftOf(field(id))
    const recolored = before.options.map((option) => (option.id === 'aa' ? { ...option, color: 'red' } : option))
    editAttributes(theirs, draftChanges(id, before, { ...before, description: 'Theirs', options: recolored }), 'ben')
    save(id, { name: 'Mine', options: before.options.map((o) => (o.id === 'aa' ? { ...o, name: 'Now' } : o)) })
    Y.applyUpdate(book, Y.encodeStateAsUpdate(theirs))
    expect(field(id)).toMatchObject({ name: 'Mine', description: 'Theirs' })
    expect(field(id).options[0]).toMatchObject({ id: 'aa', name: 'Now', color: 'red' })
  })

  test('[FT6] taking a change back leaves what somebody else has set since', () => {
    const { book, add, field, save } = makeSheet()
    const id = add(EMPTY)
    const done = save(id, { name: 'Mine', description: 'Mine' })
    editAttributes(book, [{ key: `${id}.name`, value: 'Theirs' }], 'ben')
    const { redo, refused } = undoAttributes(book, done, 'ana')
    expect([refused.length, field(id).name, field(id).description]).toEqual([1, 'Theirs', undefined])
    undoAttributes(book, redo, 'ana')
    expect(field(id).description).toBe('Mine')
  })

  test('[FT6] a field is put left or right of another, and names stay apart', () => {
    const { sheet, add } = makeSheet()
    const first = add({ ...EMPTY, name: 'A' })
    add({ ...EMPTY, name: 'B' })
    add({ ...EMPTY, name: 'C' }, { side: 'right', of: first })
    add({ ...EMPTY, name: 'D' }, { side: 'left', of: first })
    expect(sheet.fields().map((f) => f.name)).toEqual(['D', 'A', 'C', 'B'])
    expect([freeName(sheet.fields(), 'a'), freeName(sheet.fields(), 'E')]).toEqual(['a 2', 'E'])
  })

  test('[FT6] what a foreign client wrote is no format, no rule and no option', () => {
    const { book, add, field } = makeSheet()
    const id = add(EMPTY)
    const wild = { type: 'hologram', 'format.decimals': 99, 'format.currency': '<b>', 'rule.min': 'x', 'option.zz': 7, 'format.stars': -1 }
    editAttributes(
      book,
      Object.entries(wild).map(([key, value]) => ({ key: `${id}.${key}`, value })),
      'x',
    )
    expect(field(id)).toMatchObject({ type: 'text', options: [] })
    expect([field(id).format, field(id).rules]).toEqual([undefined, undefined])
  })

  test('[FT6] new rows begin with the first value of each field', () => {
    const { sheet, add, random } = makeSheet()
    const id = add({ ...EMPTY, type: 'rating', initial: 3 })
    const row = addRow(sheet, undefined, ANA, random)
    expect(sheet.cell(row, id).value).toBe(3)
  })
})

describe('options', () => {
  test('[FT7] one that is moved alone changes its place alone', () => {
    const { add, field, save } = makeSheet()
    const id = add({ ...EMPTY, options: OPTIONS })
    const [a, b, c] = draftOf(field(id)).options
    if (a === undefined || b === undefined || c === undefined) throw new Error('Three were made')
    expect(save(id, { options: [c, a, b] }).map((u) => u.key)).toEqual([`${id}.optionOrder.cc`])
    expect(field(id).options.map((o) => o.name)).toEqual(['Later', 'Urgent', 'Bug'])
  })

  test('[FT7] any order can be made of any other, and keys rise', () => {
    const law = (shuffled: readonly (number | null)[]): void => {
      const start = orderedKeys(Array.from({ length: 8 }, () => undefined))
      const keys = orderedKeys(shuffled.map((n) => (n === null ? undefined : start[n])))
      expect([...new Set(keys)].sort()).toEqual(keys)
    }
    const some = fc.uniqueArray(fc.integer({ min: 0, max: 7 })).chain((list) => fc.shuffledSubarray([...list, null], { minLength: 0 }))
    fc.assert(fc.property(some, law), { seed: 20261121, numRuns: 300 })
  })

  test('[FT7] a deleted one keeps its name in the cells that hold it, is offered no more, and comes back', () => {
    const { book, add, field, save } = makeSheet()
    const id = add({ ...EMPTY, options: OPTIONS })
    const done = save(id, { options: draftOf(field(id)).options.slice(1) })
    expect(editTextOf(field(id), '["aa","bb"]', EN)).toBe('Urgent, Bug')
    expect(parseTyped(field(id), 'Urgent', EN).ok).toBe(false)
    expect(invalidReason(field(id), '["aa","bb"]', EN)).toBe('“Urgent” is no longer an option of this field.')
    undoAttributes(book, done, 'ana')
    expect(parseTyped(field(id), 'Urgent', EN)).toEqual({ ok: true, value: '["aa"]' })
  })

  test('[FT7] its cells are counted, and it can be taken out of them', () => {
    const field = own('multi-select', OPTIONS)
    const [urgent] = OPTIONS
    if (urgent === undefined) throw new Error('There is one')
    const counts = new Map<CellValue, number>([
      ['["aa","bb"]', 3],
      ['["aa"]', 2],
      ['["bb"]', 9],
    ])
    expect(usesOf(field, urgent, counts)).toBe(5)
    expect(withoutOption(field, '["aa","bb"]', urgent)).toBe('["bb"]')
    expect(withoutOption(field, '["aa"]', urgent)).toBe(null)
    expect(withoutOption(own('single-select', OPTIONS), 'aa', urgent)).toBe(null)
  })
})

describe('rules', () => {
  test.each<{ field: Field; value: CellValue; reason: string | undefined }>([
    { field: own('text', [], { rules: { required: true } }), value: null, reason: 'This field must not be empty.' },
    { field: own('number', [], { rules: { min: 3 } }), value: 2, reason: 'The least allowed here is 3.' },
    { field: own('percent', [], { rules: { max: 1 } }), value: 1.5, reason: 'The most allowed here is 100%.' },
    { field: own('text', [], { rules: { max: 3 } }), value: 'four', reason: 'At most 3 characters are wanted here; this has 4.' },
    { field: own('text', [], { rules: { pattern: 'digits' } }), value: '12a', reason: '“12a” should be digits only.' },
    { field: own('text', [], { rules: { pattern: 'email' } }), value: 'a@b.example', reason: undefined },
    { field: own('number'), value: 'NaN', reason: '“NaN” is not a number.' },
    { field: own('date'), value: 'soon', reason: '“soon” is not a date.' },
    { field: own('email'), value: 'soon', reason: '“soon” is not an e-mail address.' },
    { field: own('text'), value: '=1+1', reason: undefined },
  ])('[FT8] $value in a $field.type field: $reason', ({ field, value, reason }) => {
    expect(invalidReason(field, value, EN)).toBe(reason)
  })

  test('[FT8] what stands twice is known as the rows change', () => {
    const { sheet, add, random } = makeSheet()
    const id = add({ ...EMPTY, type: 'text', rules: { unique: true } })
    const [a, b] = addRows(sheet, 2, undefined, ANA, random)
    const write = (row: RowId | undefined, value: string) => row && editCells(sheet, [{ row, field: id, value }], ANA)
    let told = 0
    const unique = new UniqueValues(sheet, () => told++)
    const stop = unique.start()
    write(a, 'x')
    expect(unique.isTwice(id, 'x')).toBe(false)
    write(b, 'x')
    expect([unique.isTwice(id, 'x'), told]).toEqual([true, 1])
    write(b, 'y')
    expect([unique.isTwice(id, 'x'), told]).toEqual([false, 2])
    stop()
  })
})

describe('a change of type', () => {
  test.each<{ from: Field; to: Field; value: CellValue; kind: string; becomes?: CellValue }>([
    { from: own('text'), to: own('number'), value: '1,234.5', kind: 'changes', becomes: 1234.5 },
    { from: own('text'), to: own('number'), value: '007', kind: 'changes', becomes: 7 },
    { from: own('text'), to: own('number'), value: '1234.5', kind: 'converts', becomes: 1234.5 },
    { from: own('text'), to: own('number'), value: 'seven', kind: 'cannot' },
    { from: own('number'), to: own('text'), value: 7, kind: 'converts', becomes: '7' },
    { from: own('number'), to: own('percent'), value: 0.25, kind: 'stays', becomes: 0.25 },
    { from: own('number'), to: own('rating'), value: 3, kind: 'stays', becomes: 3 },
    { from: own('number'), to: own('rating'), value: 3.5, kind: 'cannot' },
    { from: own('percent'), to: own('text'), value: 0.07, kind: 'converts', becomes: '7%' },
    { from: own('text'), to: own('long-text'), value: 'a', kind: 'stays', becomes: 'a' },
    { from: own('long-text'), to: own('text'), value: 'a\nb', kind: 'changes', becomes: 'a b' },
    { from: own('date'), to: own('date-time'), value: '2026-12-02', kind: 'converts', becomes: '2026-12-02T00:00:00.000Z' },
    { from: own('date-time'), to: own('date'), value: '2026-12-02T14:30:00.000Z', kind: 'changes', becomes: '2026-12-02' },
    { from: own('single-select', OPTIONS), to: own('text'), value: 'aa', kind: 'converts', becomes: 'Urgent' },
    { from: own('text'), to: own('single-select', OPTIONS), value: 'urgent', kind: 'changes', becomes: 'aa' },
    { from: own('single-select', OPTIONS), to: own('multi-select', OPTIONS), value: 'aa', kind: 'converts', becomes: '["aa"]' },
    { from: own('multi-select', OPTIONS), to: own('single-select', OPTIONS), value: '["aa","bb"]', kind: 'cannot' },
    { from: own('text'), to: own('checkbox'), value: 'yes', kind: 'changes', becomes: true },
    { from: own('text'), to: own('duration'), value: '90', kind: 'cannot' },
    { from: own('number'), to: own('number'), value: null, kind: 'stays', becomes: null },
  ])('[FT9] $value, $from.type → $to.type: $kind', ({ from, to, value, kind, becomes }) => {
    const found = convertValue(from, to, value, EN)
    expect(found.kind).toBe(kind)
    if (found.kind !== 'cannot') expect(found.value).toBe(becomes)
  })

  test('[FT9] what converts can be turned back to the same value, of any two types', () => {
    const texts = fc.oneof(fc.string(), fc.constantFrom('12', 'yes', '2026-12-02', 'Urgent', '1:30', '7%', 'a@b.example', '3'))
    const law = (fromType: FieldType, toType: FieldType, text: string): void => {
      const [from, to] = [own(fromType, OPTIONS), own(toType, OPTIONS)]
      const typed = parseTyped(from, text, EN)
      if (!typed.ok) return
      const there = convertValue(from, to, typed.value, EN)
      if (there.kind !== 'converts') return
      const back = parseTyped(from, editTextOf(to, there.value, EN), EN)
      const again = convertValue(to, from, there.value, EN)
      expect([back.ok && back.value, again.kind !== 'cannot' && again.value]).toContainEqual(typed.value)
    }
    const type = fc.constantFrom(...FIELD_TYPES)
    fc.assert(fc.property(type, type, texts, law), { seed: 20261121, numRuns: 3000 })
  })

  test('[FT9] the preview counts every cell once, and options are made for the texts of a new select', () => {
    const { sheet, add, field, random } = makeSheet()
    const id = add({ ...EMPTY, type: 'text' })
    const rows = addRows(sheet, 1200, undefined, ANA, random)
    editCells(
      sheet,
      rows.map((row, i) => ({ row, field: id, value: i % 3 === 0 ? 'seven' : String(i % 2) })),
      ANA,
    )
    const counts = last(countValues(sheet, field(id)))
    const changes = last(previewChange(field(id), own('number'), counts, EN))
    expect(changes.reduce((sum, change) => sum + change.count, 0)).toBe(1200)
    expect(changes.map(({ text, count, becomes }) => [text, count, becomes.kind])).toEqual([
      ['seven', 400, 'cannot'],
      ['1', 400, 'converts'],
      ['0', 400, 'converts'],
    ])
    let made = 0
    const options = optionsFor(field(id), 'single-select', counts, EN, () => `o${made++}`)
    expect(options.map((option) => option.name).sort()).toEqual(['0', '1', 'seven'])
  })

  test('[FT9] 100,000 rows are read in steps of a few milliseconds', () => {
    const { sheet, add, field, random } = makeSheet()
    const id = add({ ...EMPTY, type: 'text' })
    addRows(sheet, 100_000, undefined, ANA, random)
    let steps = 0
    for (const share of countValues(sheet, field(id))) {
      expect(share).toBeLessThan(1)
      steps++
    }
    expect(steps).toBe(200)
  })
})

function last<Result>(work: Generator<unknown, Result>): Result {
  for (;;) {
    const step = work.next()
    if (step.done === true) return step.value
  }
}
