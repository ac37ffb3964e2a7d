import { generateKeyBetween } from 'fractional-indexing'
import type * as Y from 'yjs'
import type { CellValue } from './cell-value.ts'
import { bookFields } from './documents.ts'
import type { Field, FieldFormat, FieldRules, FieldType, Option } from './fields.ts'
import { type FieldId, makeFieldId, type RandomBytes, type SheetId } from './ids.ts'
import type { Sheet } from './sheet.ts'

/** What a person decides of a field, before it is written. */
export interface FieldDraft {
  readonly name: string
  readonly type: FieldType
  readonly description: string
  /** In their order, deleted ones left out. */
  readonly options: readonly Option[]
  readonly format: FieldFormat
  readonly rules: FieldRules
  readonly initial: CellValue
}

export const draftOf = (field: Field): FieldDraft => ({
  name: field.name,
  type: field.type,
  description: field.description ?? '',
  options: field.options.filter((option) => !option.retired),
  format: field.format ?? {},
  rules: field.rules ?? {},
  initial: field.initial ?? null,
})

/** One attribute as it stands in the book, `<field>.<attribute>`; `null` where it is not set. */
export interface AttributeChange {
  readonly key: string
  readonly value: string | number | boolean | null
}

/** What one change of attributes did, so that it can be taken back where nobody has set the attribute since. */
export interface AttributeUndo {
  readonly key: string
  readonly before: unknown
  readonly after: unknown
}

/** Writes attributes in one transaction; what changes nothing is not written. */
export function editAttributes(book: Y.Doc, changes: readonly AttributeChange[], origin: unknown): readonly AttributeUndo[] {
  return writeAttributes(
    book,
    changes.map(({ key, value }) => ({ key, after: value })),
    origin,
  )
}

function writeAttributes(
  book: Y.Doc,
  changes: readonly { readonly key: string; readonly after: unknown }[],
  origin: unknown,
): readonly AttributeUndo[] {
  const map = bookFields(book)
  const done: AttributeUndo[] = []
  book.transact(() => {
    for (const { key, after } of changes) {
      const before = map.get(key) ?? null
      if (before === after) continue
      map.set(key, after)
      done.push({ key, before, after })
    }
  }, origin)
  return done
}

/** Takes attributes back, each where it still is what was written. */
export function undoAttributes(
  book: Y.Doc,
  undo: readonly AttributeUndo[],
  origin: unknown,
): { readonly redo: readonly AttributeUndo[]; readonly refused: readonly AttributeUndo[] } {
  const map = bookFields(book)
  const isStill = ({ key, after }: AttributeUndo): boolean => (map.get(key) ?? null) === after
  const refused = undo.filter((u) => !isStill(u))
  const changes = undo.filter(isStill).map(({ key, before }) => ({ key, after: before }))
  return { redo: writeAttributes(book, changes, origin), refused }
}

const EMPTY_DRAFT = { name: '', type: undefined, description: '', options: [], format: {}, rules: {}, initial: null } as const

/** The attributes that differ between what was and what a person wants: two people who change two of them both win. */
export function draftChanges(id: FieldId, before: FieldDraft | undefined, after: FieldDraft): readonly AttributeChange[] {
  const was = before ?? EMPTY_DRAFT
  const changes: AttributeChange[] = []
  const set = (attribute: string, from: AttributeChange['value'] | undefined, to: AttributeChange['value'] | undefined): void => {
    if ((from ?? null) !== (to ?? null)) changes.push({ key: `${id}.${attribute}`, value: to ?? null })
  }
  set('name', was.name, after.name)
  set('type', was.type, after.type)
  set('description', was.description || null, after.description || null)
  set('initial', was.initial, after.initial)
  for (const key of keysOf(was.format, after.format)) set(`format.${key}`, was.format[key], after.format[key])
  for (const key of keysOf(was.rules, after.rules)) set(`rule.${key}`, was.rules[key], after.rules[key])
  return [...changes, ...optionChanges(id, was.options, after.options)]
}

const keysOf = <T extends object>(a: T, b: T): readonly (keyof T & string)[] =>
  [...new Set([...Object.keys(a), ...Object.keys(b)])] as (keyof T & string)[]

/** Names, colours and places of options that differ; those that are gone are flagged, since cells may still hold them. */
export function optionChanges(id: FieldId, before: readonly Option[], after: readonly Option[]): readonly AttributeChange[] {
  const changes: AttributeChange[] = []
  const was = new Map(before.map((option) => [option.id, option]))
  const orders = orderedKeys(after.map((option) => was.get(option.id)?.order))
  after.forEach((option, i) => {
    const old = was.get(option.id)
    if (old?.name !== option.name) changes.push({ key: `${id}.option.${option.id}`, value: option.name })
    if (old?.color !== option.color) changes.push({ key: `${id}.optionColor.${option.id}`, value: option.color ?? null })
    const order = orders[i]
    if (order !== undefined && old?.order !== order) changes.push({ key: `${id}.optionOrder.${option.id}`, value: order })
  })
  const kept = new Set(after.map((option) => option.id))
  for (const option of before) if (!kept.has(option.id)) changes.push({ key: `${id}.optionRemoved.${option.id}`, value: true })
  return changes
}

/** Fractional keys for a list whose members have some already: those that stand in order keep theirs, as many as can. */
export function orderedKeys(keys: readonly (string | undefined)[]): readonly string[] {
  const kept = longestRise(keys)
  const made: string[] = []
  for (let i = 0; i < keys.length; i++) {
    const own = keys[i]
    if (own !== undefined && kept.has(i)) made.push(own)
    else made.push(generateKeyBetween(made.at(-1) ?? null, keys.find((key, j) => j > i && kept.has(j) && key !== undefined) ?? null))
  }
  return made
}

/** Places of the longest run of keys that rises. */
function longestRise(keys: readonly (string | undefined)[]): ReadonlySet<number> {
  const best: { length: number; from: number }[] = []
  let last = -1
  keys.forEach((key, i) => {
    let [length, from] = [key === undefined ? 0 : 1, -1]
    for (let j = 0; key !== undefined && j < i; j++) {
      const [other, run] = [keys[j], best[j]]
      if (other !== undefined && run !== undefined && other < key && run.length + 1 > length) [length, from] = [run.length + 1, j]
    }
    best.push({ length, from })
    if (length > 0 && length > (best[last]?.length ?? 0)) last = i
  })
  const places = new Set<number>()
  for (let i = last; i >= 0; i = best[i]?.from ?? -1) places.add(i)
  return places
}

/** Where a new column stands: on one side of another, or behind all. */
export type FieldPlace = { readonly side: 'left' | 'right'; readonly of: FieldId } | 'end'

/** The attributes that make a field, and its id. */
export function newFieldChanges(
  sheet: Sheet,
  draft: FieldDraft,
  place: FieldPlace,
  random: RandomBytes,
): { readonly id: FieldId; readonly changes: readonly AttributeChange[] } {
  const map = bookFields(sheet.docs.book)
  let id = makeFieldId(random)
  while (map.has(`${id}.sheet`)) id = makeFieldId(random)
  const order = orderAt(sheet.fields(), place)
  return {
    id,
    changes: [
      { key: `${id}.sheet`, value: sheet.id satisfies SheetId },
      { key: `${id}.order`, value: order },
      ...draftChanges(id, undefined, draft),
    ],
  }
}

/** The fractional key of a place among fields. Fields that share a key are ordered by id; a new one goes beside them all. */
function orderAt(fields: readonly Field[], place: FieldPlace): string {
  const index = place === 'end' ? fields.length - 1 : fields.findIndex((field) => field.id === place.of) - (place.side === 'left' ? 1 : 0)
  const low = fields[index]?.order ?? null
  const high = fields.slice(index + 1).find((field) => low === null || field.order > low)?.order ?? null
  return generateKeyBetween(low, high)
}

/** A name that no other field of the sheet has. */
export function freeName(fields: readonly Field[], wanted: string): string {
  const taken = new Set(fields.map((field) => field.name.toLowerCase()))
  let name = wanted
  for (let n = 2; taken.has(name.toLowerCase()); n++) name = `${wanted} ${n}`
  return name
}

const OPTION_ID_LENGTH = 8

/** A fresh option id. */
export function makeOptionId(random: RandomBytes): string {
  const letters = 'abcdefghijklmnopqrstuvwxyz'
  return Array.from(random(OPTION_ID_LENGTH), (byte) => letters[byte % letters.length]).join('')
}
