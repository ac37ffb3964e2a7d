import { isStaged } from './cell-rules.ts'
import { Column } from './columns.ts'
import { invalidReason } from './field-rules.ts'
import type { ValueFormats } from './field-values.ts'
import type { Field } from './fields.ts'
import type { FieldId, RowId } from './ids.ts'
import { isLinkedPacked, valuesInPacked } from './packed-value.ts'
import type { RowNumber } from './row-index.ts'
import { isEdited } from './schema.ts'
import type { Sheet } from './sheet.ts'
import type { RowState } from './view-filter.ts'

/** What a view asks of the store before it can be worked out. */
export interface Needs {
  readonly fields: ReadonlySet<FieldId>
  /** Fields whose values are sorted by. */
  readonly sorted: ReadonlySet<FieldId>
  readonly hasStates: boolean
  /** `invalid` is asked for: every cell must be looked at. */
  readonly hasInvalid: boolean
}

/** Rows read between two looks at the clock. */
const FILL_STEP = 100
/** Columns kept beside those that are needed, for the next change of a view. */
const SPARE_COLUMNS = 6

const BITS: Record<RowState, number> = {
  staged: 1,
  'needs-person': 2,
  linked: 4,
  unlinked: 0,
  gone: 8,
  invalid: 16,
  'edited-by-me': 32,
}

/**
 * The columns of a sheet that views have asked for, filled a step at a time and kept up to date from then on, and each row's states.
 * Rows that come later are filled when the store is brought up to date.
 */
export class ColumnStore {
  readonly #sheet: Sheet
  readonly #formats: ValueFormats
  readonly #me: string
  readonly #columns = new Map<FieldId, Column>()
  readonly #ready = new Set<FieldId>()
  /** All rows below it are filled. */
  #filled = 0
  #states: Uint8Array | undefined
  #hasInvalid = false
  #statesReady = false

  constructor(sheet: Sheet, formats: ValueFormats, me: string) {
    this.#sheet = sheet
    this.#formats = formats
    this.#me = me
  }

  /** Drops everything: what changed meanwhile is not known. */
  forget(): void {
    this.#columns.clear()
    this.#ready.clear()
    this.#states = undefined
    this.#statesReady = false
    this.#filled = 0
  }

  column(field: FieldId): Column | undefined {
    return this.#ready.has(field) ? this.#columns.get(field) : undefined
  }

  isReady({ fields, sorted, hasStates, hasInvalid }: Needs): boolean {
    for (const field of fields) if (!this.#ready.has(field)) return false
    for (const field of sorted) if (this.#columns.get(field)?.isSorted !== true) return false
    return !hasStates || (this.#statesReady && (!hasInvalid || this.#hasInvalid))
  }

  /** Makes what is needed, a step between two `yield`s; call it again where something else came to be needed meanwhile. */
  *prepare(needs: Needs): Generator<void, void, void> {
    this.#dropSpare(needs.fields)
    const missing = [...needs.fields].flatMap((id) => this.#sheet.field(id) ?? []).filter((field) => !this.#ready.has(field.id))
    for (const field of missing) this.#columns.set(field.id, new Column(field, this.#formats))
    if (missing.length > 0) yield* this.#fill(missing)
    for (const field of missing) this.#ready.add(field.id)
    if (needs.hasStates && (!this.#statesReady || (needs.hasInvalid && !this.#hasInvalid))) yield* this.#fillStates(needs.hasInvalid)
    for (const id of needs.sorted) {
      const column = this.#columns.get(id)
      if (column !== undefined && !column.isSorted) yield* column.sortInSteps()
    }
  }

  /** Forgets columns whose field is gone or means its values otherwise. Answers whether one was. */
  followFields(): boolean {
    let isChanged = false
    for (const [id, column] of this.#columns) {
      const field = this.#sheet.field(id)
      if (field !== undefined && meaningOf(field) === meaningOf(column.field)) continue
      this.#columns.delete(id)
      this.#ready.delete(id)
      isChanged = true
    }
    if (this.#hasInvalid && isChanged) this.#statesReady = false
    return isChanged
  }

  /** Takes in rows that changed, and those that came since the last time. A worn column is dropped, to be made anew. */
  update(rows: Iterable<RowNumber>): { readonly isChanged: boolean; readonly isDropped: boolean } {
    const { index } = this.#sheet
    let isChanged = this.#filled < index.size
    for (const row of rows) isChanged = this.#read(row) || isChanged
    if (this.#columns.size > 0 || this.#states !== undefined) for (let row = this.#filled; row < index.size; row++) this.#read(row)
    this.#filled = index.size
    let isDropped = false
    for (const [id, column] of this.#columns) {
      if (!column.isWorn(index.size)) continue
      this.#columns.delete(id)
      this.#ready.delete(id)
      isDropped = true
    }
    return { isChanged, isDropped }
  }

  hasState(row: RowNumber, state: RowState): boolean {
    if (state === 'unlinked') return !this.hasState(row, 'linked')
    return ((this.#states?.[row] ?? 0) & BITS[state]) !== 0
  }

  #read(row: RowNumber): boolean {
    const id = this.#sheet.index.idOf(row)
    let isChanged = false
    for (const [field, column] of this.#columns) isChanged = column.set(row, this.#sheet.value(id, field)) || isChanged
    if (this.#states === undefined) return isChanged
    const before = this.#states[row]
    this.#setStates(row, statesOf(this.#sheet, id, this.#me, this.#hasInvalid ? this.#formats : undefined))
    return isChanged || before !== this.#states[row]
  }

  *#fill(fields: readonly Field[]): Generator<void, void, void> {
    const slots = fields
      .map((field) => ({ column: this.#columns.get(field.id), slot: this.#sheet.slotOf(field.id) }))
      .filter((place): place is { column: Column; slot: number } => place.slot !== undefined && place.column !== undefined)
      .sort((a, b) => a.slot - b.slot)
    const numbers = slots.map(({ slot }) => slot)
    const { index } = this.#sheet
    for (let row = 0; row < index.size; row++) {
      const packed = this.#sheet.packedRow(index.idOf(row))
      if (packed !== undefined) valuesInPacked(packed, numbers, (at, value) => slots[at]?.column.set(row, value))
      if (row % FILL_STEP === FILL_STEP - 1) yield
    }
    let steps = 0
    const byId = new Map(fields.map((field) => [field.id, this.#columns.get(field.id)]))
    for (const { row, field } of this.#sheet.entries()) {
      const column = byId.get(field)
      const number = column && index.numberOf(row)
      if (column !== undefined && number !== undefined) column.set(number, this.#sheet.value(row, field))
      if (++steps % FILL_STEP === 0) yield
    }
    this.#filled = Math.max(this.#filled, index.size)
  }

  *#fillStates(withInvalid: boolean): Generator<void, void, void> {
    const { index } = this.#sheet
    this.#states = new Uint8Array(index.size)
    this.#hasInvalid = withInvalid
    this.#statesReady = false
    const special = new Set<RowId>()
    for (const { row } of this.#sheet.entries()) special.add(row)
    for (const { row } of this.#sheet.annotations()) special.add(row)
    for (let row = 0; row < index.size; row++) {
      const id = index.idOf(row)
      if (withInvalid || special.has(id)) this.#setStates(row, statesOf(this.#sheet, id, this.#me, withInvalid ? this.#formats : undefined))
      else this.#setStates(row, isLinkedPacked(this.#sheet.packedRow(id) ?? '') ? BITS.linked : 0)
      if (row % 50 === 49) yield
    }
    this.#filled = Math.max(this.#filled, index.size)
    this.#statesReady = true
  }

  #setStates(row: RowNumber, bits: number): void {
    if (this.#states === undefined) return
    if (row >= this.#states.length) {
      const grown = new Uint8Array(Math.max(row + 1, this.#states.length * 2))
      grown.set(this.#states)
      this.#states = grown
    }
    this.#states[row] = bits
  }

  #dropSpare(needed: ReadonlySet<FieldId>): void {
    const spare = [...this.#columns.keys()].filter((id) => !needed.has(id))
    for (const id of spare.slice(0, Math.max(0, spare.length - SPARE_COLUMNS))) {
      this.#columns.delete(id)
      this.#ready.delete(id)
    }
  }
}

/** All of a field that may decide how its values are read, compared and shown. */
function meaningOf({ name: _name, width: _width, order: _order, isHidden: _isHidden, ...meaning }: Field): string {
  return JSON.stringify(meaning)
}

/** The same of one row, without a column. */
export function rowHasState(
  sheet: Sheet,
  row: RowId,
  state: RowState,
  who: { readonly me: string; readonly formats: ValueFormats },
): boolean {
  if (state === 'unlinked') return !rowHasState(sheet, row, 'linked', who)
  return (statesOf(sheet, row, who.me, state === 'invalid' ? who.formats : undefined) & BITS[state]) !== 0
}

/** `formats`: also whether the row holds what does not fit. */
function statesOf(sheet: Sheet, row: RowId, me: string, formats: ValueFormats | undefined): number {
  let bits = isLinkedPacked(sheet.packedRow(row) ?? '') ? BITS.linked : 0
  for (const field of sheet.fields()) {
    const { entry, baseline, marks, value } = sheet.cell(row, field.id)
    const isOut = field.binding !== undefined && isStaged(baseline, entry)
    if (isOut) bits |= BITS.staged
    if (isEdited(entry) && entry.by === me) bits |= BITS['edited-by-me']
    if (marks.differs ?? marks.conflict ?? marks.concurrent ?? (isOut ? marks.refused : undefined)) bits |= BITS['needs-person']
    const { connection } = field.binding ?? {}
    if (connection !== undefined && sheet.recordMark(row, connection)?.kind === 'gone') bits |= BITS.gone
    if (formats !== undefined && invalidReason(field, value, formats) !== undefined) bits |= BITS.invalid
  }
  return bits
}
