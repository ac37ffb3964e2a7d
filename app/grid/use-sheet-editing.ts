import { useMemo, useRef } from 'react'
import type { CellChoice } from '../../workbook/cell-status.ts'
import type { CellValue } from '../../workbook/cell-value.ts'
import type { CellInput } from '../../workbook/edit.ts'
import {
  type Answered,
  chooseOnMany,
  duplicateRows,
  editCells,
  insertRows,
  moveRows,
  putBack,
  type RowPlace,
  setRowsDeleted,
} from '../../workbook/edit.ts'
import { editTextOf, type ValueFormats } from '../../workbook/field-values.ts'
import type { Field } from '../../workbook/fields.ts'
import { cryptoRandomBytes, type FieldId, type RowId } from '../../workbook/ids.ts'
import type { Sheet } from '../../workbook/sheet.ts'
import type { GridLine } from '../../workbook/view-lines.ts'
import type { WorkbookSession } from '../collab/workbook-session.ts'
import { TEXTS } from '../texts.ts'
import { blockOf, EMPTY_CLIP, fitCell, fitsWhole, type PastePlan, type PasteTarget, pastePlan, toTsv } from './clipboard.ts'
import { type Clip, type ReadHtml, readClip, toHtml } from './clipboard-html.ts'
import { fillSeries, fillWay } from './fill.ts'
import type { Range } from './grid-model.ts'
import {
  cellsPart,
  choicesPart,
  doStepAgain,
  EMPTY_UNDO,
  type Kept,
  keptByPerson,
  movesPart,
  pushStep,
  rowsPart,
  type Step,
  type StepPart,
  type TakenStep,
  takeBackStep,
} from './undo-stack.ts'

/** What the places of a selection stand for. */
export interface GridArea {
  readonly lines: readonly GridLine[]
  readonly fields: readonly Field[]
}

/** What a new row begins with. */
export type NewRowValues = readonly { readonly field: FieldId; readonly value: CellValue }[]

/** Everything a person does to cells and rows here: each is one step that can be taken back. */
export interface SheetEditing {
  write(cells: readonly CellInput[]): void
  /** Says why a field takes no typing, where it takes none. */
  refuseEdit(field: Field): boolean
  toggle(row: RowId, field: Field): void
  clear(area: GridArea, ranges: readonly Range[]): void
  /** What to put on the clipboard; says why where the ranges cannot be copied together. */
  copy(area: GridArea, ranges: readonly Range[], isCut: boolean): Clip | undefined
  paste(area: GridArea, ranges: readonly Range[], clip: Clip): void
  /** The cells that are cut and wait to be pasted, if any are; the answer is whether there were. */
  endCut(): boolean
  /** Goes on with what `from` holds over the rest of `to`. */
  fill(area: GridArea, from: Range, to: Range, isCopy: boolean): void
  /** Ctrl+D and Ctrl+R: the first row or column of a range over the rest of it, or the neighbour over it. */
  fillFrom(area: GridArea, range: Range, direction: 'down' | 'right'): void
  replace(cells: readonly { readonly row: RowId; readonly field: Field; readonly text: string }[]): void
  /** `given` is what the view wants of a new row, as far as a person may write it. */
  addRow(given?: NewRowValues): RowId
  insertRows(count: number, place: RowPlace, given?: NewRowValues): readonly RowId[]
  duplicateRows(rows: readonly RowId[]): readonly RowId[]
  deleteRows(rows: readonly RowId[]): void
  /** Puts rows elsewhere, gives them values, or both as one step: a card that goes to another lane. */
  moveRows(rows: readonly RowId[], place: RowPlace | undefined, given?: NewRowValues): void
  /** Takes in a step of any other kind: fields, views. */
  pushStep(step: Step): void
  /** Takes the last step back and answers where it was. */
  undo(): Step['at']
  redo(): Step['at']
  putBack(row: RowId, field: FieldId): void
  choose(row: RowId, field: FieldId, choice: CellChoice): void
  /** Answers many questions and puts cells back, as one step. The answer is how many of them it was. */
  chooseMany(answers: readonly Answered[], putBacks: readonly { readonly row: RowId; readonly field: FieldId }[]): number
}

/** Why a person cannot type into a field; `undefined` where they can. */
export function readOnlyReason(field: Field): string | undefined {
  const { binding } = field
  if (binding !== undefined && !binding.writable) return binding.reason ?? `Only ${binding.appName} sets this field.`
  return field.type === 'record-key' ? 'The record’s key is set by the app. Link another record instead.' : undefined
}

interface Cut {
  readonly name: string
  readonly cells: readonly { readonly row: RowId; readonly field: FieldId; readonly value: unknown }[]
  readonly sheet: Sheet
}

const readHtml: ReadHtml = (html) => new DOMParser().parseFromString(html, 'text/html')

/** The rows that are shown, and how many of them stand above each line. */
function rowsOf(lines: readonly GridLine[]): { rows: readonly RowId[]; above: (line: number) => number } {
  const rows: RowId[] = []
  const places = new Int32Array(lines.length + 1)
  for (const [i, line] of lines.entries()) {
    places[i] = rows.length
    if (line.kind === 'row') rows.push(line.row)
  }
  places[lines.length] = rows.length
  return { rows, above: (line) => places[Math.max(0, Math.min(line, lines.length))] ?? rows.length }
}

const rowsIn = ({ lines }: GridArea, { top, bottom }: Pick<Range, 'top' | 'bottom'>): readonly RowId[] =>
  lines.slice(top, bottom + 1).flatMap((line) => (line.kind === 'row' ? [line.row] : []))

export function useSheetEditing(session: WorkbookSession, sheet: Sheet, formats: ValueFormats, say: (text: string) => void): SheetEditing {
  const undo = useRef(EMPTY_UNDO)
  const cut = useRef<Cut>(undefined)
  return useMemo(() => {
    const T = TEXTS.commands
    const editor = () => session.editor()
    const ground = { sheet, editor }
    const keep = (parts: readonly StepPart[], at: { row: RowId; field: FieldId } | undefined): void => {
      undo.current = pushStep(undo.current, { parts, at: at && { sheet: sheet.id, ...at } })
    }
    const firstField = (): FieldId | undefined => sheet.fields().find((field) => !field.isHidden)?.id
    const atRow = (row: RowId | undefined): { row: RowId; field: FieldId } | undefined => {
      const field = firstField()
      return row === undefined || field === undefined ? undefined : { row, field }
    }
    const write = (cells: readonly CellInput[]): number => {
      const done = editCells(sheet, cells, editor())
      const [first] = done
      if (first !== undefined) keep([cellsPart(ground, done)], first)
      return done.length
    }
    const isWritable = (field: Field): boolean => readOnlyReason(field) === undefined

    const takeText = (taken: TakenStep | undefined, what: (count: number) => string, nothing: string): Step['at'] => {
      if (taken === undefined) {
        say(nothing)
        return undefined
      }
      undo.current = taken.stack
      const said = taken.done > 0 || taken.kept.length === 0 ? [what(taken.done)] : []
      say([...said, ...keptTexts(taken.kept)].join(' '))
      return taken.step.at
    }
    const keptTexts = (kept: readonly Kept[]): readonly string[] =>
      [...keptByPerson(kept)].map(([by, count]) => T.kept(by === undefined ? T.somebody : nameOf(by), count))
    const nameOf = (person: string): string => {
      const { info } = session.snapshot()
      const peer = session.peers().find(({ id }) => id === person)
      return peer?.name ?? info?.people.find(({ id }) => id === person)?.name ?? TEXTS.someone
    }

    /** Texts into cells, as far as they fit: what could not be written is counted with the first reason. */
    const fit = (cells: readonly { row: RowId; field: Field; parsed: () => ReturnType<typeof fitCell> }[]) => {
      const inputs: CellInput[] = []
      const errors: string[] = []
      let readOnly = 0
      for (const { row, field, parsed } of cells) {
        if (!isWritable(field)) {
          readOnly++
          continue
        }
        const read = parsed()
        if (read.ok) inputs.push({ row, field: field.id, value: read.value })
        else errors.push(read.error)
      }
      return { inputs, errors, readOnly }
    }

    const pasteAll = (area: GridArea, ranges: readonly Range[], clip: Clip) => {
      const { table, cut: cutName } = readClip(clip, readHtml, formats)
      if (table.length === 0) return say(T.nothingToPaste)
      const { rows: shown, above } = rowsOf(area.lines)
      const targets = ranges.map(({ top, bottom, left, right }): PasteTarget => {
        const first = above(top)
        return { top: first, left, rows: Math.max(1, above(bottom + 1) - first), columns: right - left + 1 }
      })
      if (targets.length > 1 && !targets.every((target) => fitsWhole(table, target))) return say(T.doesNotTile)
      const plans = targets.map((target) => pastePlan(table, target, area.fields.length, EMPTY_CLIP))
      const rowsNeeded = Math.max(...plans.map((plan) => plan.rowsNeeded))
      // Only as many rows as the pasted text needs are added, and only where it has something for them.
      const missing = Math.max(0, rowsNeeded - shown.length)
      const added = missing === 0 ? [] : insertRows(sheet, { count: missing, place: 'end' }, editor(), cryptoRandomBytes)
      const rows = added.length === 0 ? shown : [...shown, ...added]
      const placed = plans.flatMap((plan) => placeCells(plan, rows, area.fields))
      const { inputs, errors, readOnly } = fit(
        placed.map(({ row, field, cell }) => ({ row, field, parsed: () => fitCell(field, cell, formats) })),
      )
      const done = editCells(sheet, inputs, editor())
      const moved =
        cutName !== undefined && cut.current?.name === cutName ? clearCut(cut.current, inputs, errors.length + readOnly) : undefined
      const parts = [
        ...(added.length > 0 ? [rowsPart(ground, added, false)] : []),
        ...(moved === undefined ? [] : [cellsPart({ sheet: moved.sheet, editor }, moved.cleared)]),
        cellsPart(ground, done),
      ]
      const [first] = inputs
      if (added.length + done.length + (moved?.cleared.length ?? 0) > 0) keep(parts, first)
      const leftOut = plans.reduce((sum, plan) => sum + plan.leftOut, 0)
      const said = [(moved === undefined ? T.pasted : T.moved)(inputs.length, placed.length)]
      if (errors[0] !== undefined) said.push(T.notPasted(errors.length, errors[0]))
      if (readOnly > 0) said.push(TEXTS.grid.skippedReadOnly(readOnly))
      if (leftOut > 0) said.push(TEXTS.grid.pastedOver(leftOut))
      if (added.length > 0) said.push(T.rowsAdded(added.length))
      if (moved !== undefined && moved.kept > 0) said.push(T.cutKept(moved.kept))
      if (said.length > 1 || inputs.length > 1) say(said.join(' '))
    }

    /** The end of a move: the source is emptied, where it still holds what was cut and all of it was taken in. */
    const clearCut = (source: Cut, inputs: readonly CellInput[], refused: number) => {
      cut.current = undefined
      const written = new Set(source.sheet === sheet ? inputs.map(({ row, field }) => `${row}:${field}`) : [])
      const due = source.cells.filter(({ row, field }) => !written.has(`${row}:${field}`))
      const still = refused > 0 ? [] : due.filter(({ row, field, value }) => source.sheet.cell(row, field).value === value)
      const cleared = editCells(
        source.sheet,
        still.map(({ row, field }) => ({ row, field, value: null })),
        editor(),
      )
      return { sheet: source.sheet, cleared, kept: due.length - still.length }
    }

    const fillCells = (area: GridArea, from: Range, to: Range, isCopy: boolean): void => {
      const way = fillWay(from, to)
      if (way === undefined) return
      const { fields } = area
      const wanted: { row: RowId; field: Field; parsed: () => ReturnType<typeof fitCell> }[] = []
      const valueAt = (row: RowId, field: Field) => sheet.cell(row, field.id).value
      if (way.axis === 'rows') {
        const sources = rowsIn(area, from)
        const span = way.isBackwards ? { top: to.top, bottom: from.top - 1 } : { top: from.bottom + 1, bottom: to.bottom }
        const targets = way.isBackwards ? rowsIn(area, span).toReversed() : rowsIn(area, span)
        for (const field of fields.slice(from.left, from.right + 1)) {
          const values = sources.map((row) => valueAt(row, field))
          const filled = fillSeries({ values, count: targets.length, field, isCopy, isBackwards: way.isBackwards }, formats)
          targets.forEach((row, i) => {
            wanted.push({ row, field, parsed: () => ({ ok: true, value: filled[i] ?? null }) })
          })
        }
      } else {
        const sources = fields.slice(from.left, from.right + 1)
        const step = way.isBackwards ? -1 : 1
        for (const row of rowsIn(area, from)) {
          const values = sources.map((field) => valueAt(row, field))
          const [lead] = sources
          const sameType = lead !== undefined && sources.every((field) => field.type === lead.type) ? lead : { type: 'url' as const }
          const filled = fillSeries({ values, count: way.count, field: sameType, isCopy, isBackwards: way.isBackwards }, formats)
          for (let i = 0; i < way.count; i++) {
            const field = fields[way.start + step * i]
            const source = (way.isBackwards ? sources.toReversed() : sources)[i % sources.length]
            if (field === undefined || source === undefined) continue
            const value = filled[i] ?? null
            const cell = { text: editTextOf(source, value, formats), own: { type: source.type, value } }
            wanted.push({ row, field, parsed: () => fitCell(field, cell, formats) })
          }
        }
      }
      const { inputs, errors, readOnly } = fit(wanted)
      write(inputs)
      const said = [T.filled(inputs.length)]
      if (errors[0] !== undefined) said.push(T.notFilled(errors.length, errors[0]))
      if (readOnly > 0) said.push(TEXTS.grid.skippedReadOnly(readOnly))
      say(said.join(' '))
    }

    /** Taken back, a row takes along what it was given. */
    const makeRows = (count: number, place: RowPlace, given: NewRowValues = []): readonly RowId[] => {
      const rows = insertRows(sheet, { count, place }, editor(), cryptoRandomBytes)
      const writable = given.filter(({ field: id }) => {
        const field = sheet.field(id)
        return field !== undefined && isWritable(field)
      })
      editCells(
        sheet,
        rows.flatMap((row) => writable.map((cell) => ({ row, ...cell }))),
        editor(),
      )
      keep([rowsPart(ground, rows, false)], atRow(rows[0]))
      return rows
    }

    const isLinked = (row: RowId): boolean => {
      const connections = new Set(sheet.fields().flatMap(({ binding }) => (binding === undefined ? [] : [binding.connection])))
      return [...connections].some((connection) => sheet.recordOf(row, connection) !== undefined)
    }

    const chooseMany: SheetEditing['chooseMany'] = (answers, putBacks) => {
      chooseOnMany(sheet, answers, editor())
      const done = editCells(
        sheet,
        putBacks.map(({ row, field }) => ({ row, field, value: sheet.baseline(row, field) })),
        editor(),
      )
      const parts = [...(answers.length > 0 ? [choicesPart(ground, answers)] : []), ...(done.length > 0 ? [cellsPart(ground, done)] : [])]
      if (parts.length > 0) keep(parts, answers[0] ?? done[0])
      return answers.length + done.length
    }

    return {
      write: (cells) => {
        write(cells)
      },
      chooseMany,
      refuseEdit: (field) => {
        const reason = readOnlyReason(field)
        if (reason !== undefined) say(reason)
        return reason !== undefined
      },
      toggle: (row, field) => {
        const reason = readOnlyReason(field)
        if (reason !== undefined) return say(reason)
        write([{ row, field: field.id, value: sheet.cell(row, field.id).value !== true }])
      },
      clear: (area, ranges) => {
        const inputs = new Map<string, CellInput>()
        let skipped = 0
        for (const range of ranges) {
          const fields = area.fields.slice(range.left, range.right + 1)
          const allowed = fields.filter(isWritable)
          const rows = rowsIn(area, range)
          skipped += (fields.length - allowed.length) * rows.length
          for (const row of rows) for (const { id } of allowed) inputs.set(`${row}:${id}`, { row, field: id, value: null })
        }
        write([...inputs.values()])
        if (skipped > 0) say(TEXTS.grid.skippedReadOnly(skipped))
      },
      copy: (area, ranges, isCut) => {
        cut.current = undefined
        const block = blockOf(ranges)
        if (block === undefined) {
          say(T.noBlock)
          return undefined
        }
        const rows = block.rows.flatMap((line) => {
          const found = area.lines[line]
          return found?.kind === 'row' ? [found.row] : []
        })
        const fields = block.columns.map((column) => area.fields[column]).filter((field) => field !== undefined)
        const cells = rows.map((row) =>
          fields.map((field) => {
            const { value } = sheet.cell(row, field.id)
            return { text: editTextOf(field, value, formats), type: field.type, value }
          }),
        )
        // Not randomUUID: a browser has it at secure addresses only, and a server in the next room is none.
        const name = isCut ? Array.from(cryptoRandomBytes(16), (byte) => byte.toString(16).padStart(2, '0')).join('') : undefined
        if (name !== undefined) {
          const kept = rows.flatMap((row) =>
            fields.filter(isWritable).map(({ id }) => ({ row, field: id, value: sheet.cell(row, id).value })),
          )
          cut.current = { name, cells: kept, sheet }
        }
        const count = rows.length * fields.length
        say(isCut ? T.cut(count) : TEXTS.grid.copied(count))
        return { text: toTsv(cells.map((row) => row.map(({ text }) => text))), html: toHtml(cells, name) }
      },
      paste: pasteAll,
      endCut: () => {
        const wasCut = cut.current !== undefined
        cut.current = undefined
        if (wasCut) say(T.cutEnded)
        return wasCut
      },
      fill: fillCells,
      fillFrom: (area, range, direction) => {
        const isDown = direction === 'down'
        const isOne = isDown ? range.top === range.bottom : range.left === range.right
        if (isOne && (isDown ? range.top : range.left) === 0) return say(isDown ? T.nothingAbove : T.nothingLeft)
        const back = isOne ? 1 : 0
        const from = isDown
          ? { ...range, top: range.top - back, bottom: range.top - back }
          : { ...range, left: range.left - back, right: range.left - back }
        fillCells(area, from, range, true)
      },
      replace: (cells) => {
        const { inputs, errors, readOnly } = fit(
          cells.map(({ row, field, text }) => ({ row, field, parsed: () => fitCell(field, { text }, formats) })),
        )
        const count = write(inputs)
        const said = [T.find.replaced(count)]
        if (errors[0] !== undefined) said.push(T.find.notReplaced(errors.length, errors[0]))
        if (readOnly > 0) said.push(TEXTS.grid.skippedReadOnly(readOnly))
        say(said.join(' '))
      },
      addRow: (given) => {
        const [row] = makeRows(1, 'end', given)
        if (row === undefined) throw new Error('No row was made')
        say(TEXTS.grid.addedRow)
        return row
      },
      insertRows: (count, place, given) => {
        const rows = makeRows(count, place, given)
        say(T.rowsInserted(rows.length))
        return rows
      },
      duplicateRows: (rows) => {
        const copies = duplicateRows(sheet, rows, editor(), cryptoRandomBytes)
        keep([rowsPart(ground, copies, false)], atRow(copies[0]))
        say(T.rowsDuplicated(copies.length, rows.filter(isLinked).length))
        return copies
      },
      deleteRows: (rows) => {
        const linked = rows.filter(isLinked).length
        setRowsDeleted(sheet, rows, true, editor())
        keep([rowsPart(ground, rows, true)], atRow(rows[0]))
        say(linked === 0 ? T.rowsDeleted(rows.length) : T.linkedDeleted(rows.length, linked))
      },
      moveRows: (rows, place, given = []) => {
        const moves = place === undefined ? [] : moveRows(sheet, rows, place, editor())
        const cells = rows.flatMap((row) => given.map((value) => ({ row, ...value })))
        const done = editCells(sheet, cells, editor())
        const parts = [...(moves.length > 0 ? [movesPart(ground, moves)] : []), ...(done.length > 0 ? [cellsPart(ground, done)] : [])]
        keep(parts, cells[0] ?? atRow(rows[0]))
        // Where it gives them values, whoever asked for it knows better what it means.
        if (given.length === 0) say(T.rowsMoved(rows.length))
      },
      pushStep: (step) => {
        undo.current = pushStep(undo.current, step)
      },
      undo: () => takeText(takeBackStep(undo.current), T.undone, T.nothingToUndo),
      redo: () => takeText(doStepAgain(undo.current), T.redone, T.nothingToRedo),
      putBack: (row, field) => {
        const done = putBack(sheet, row, field, editor())
        if (done.length > 0) keep([cellsPart(ground, done)], { row, field })
        say(TEXTS.grid.putBack)
      },
      choose: (row, field, choice) => {
        switch (choice.act) {
          case 'choose':
            chooseMany([{ row, field, annotation: choice.annotation, answer: choice.answer }], [])
            return
          case 'write':
            write([{ row, field, value: choice.value }])
            return
          case 'put-back': {
            const done = putBack(sheet, row, field, editor())
            if (done.length > 0) keep([cellsPart(ground, done)], { row, field })
          }
        }
      },
    }
  }, [session, sheet, formats, say])
}

function placeCells<Cell>(
  plan: PastePlan<Cell>,
  rows: readonly RowId[],
  fields: readonly Field[],
): readonly { row: RowId; field: Field; cell: Cell }[] {
  return plan.cells.flatMap(({ row, column, cell }) => {
    const [rowId, field] = [rows[row], fields[column]]
    return rowId === undefined || field === undefined ? [] : [{ row: rowId, field, cell }]
  })
}
