import { useMemo, useRef } from 'react'
import type { CellChoice } from '../../workbook/cell-status.ts'
import type { CellInput } from '../../workbook/edit.ts'
import { addRow, chooseOn, editCells, putBack, undoCells } from '../../workbook/edit.ts'
import { editTextOf, parseTyped, type ValueFormats } from '../../workbook/field-values.ts'
import type { Field } from '../../workbook/fields.ts'
import { cryptoRandomBytes, type FieldId, type RowId } from '../../workbook/ids.ts'
import type { Sheet } from '../../workbook/sheet.ts'
import type { WorkbookSession } from '../collab/workbook-session.ts'
import { TEXTS } from '../texts.ts'
import { parseTsv, pastePlan, toTsv } from './clipboard.ts'
import { afterRedo, afterUndo, EMPTY_UNDO, pushStep } from './undo-stack.ts'

/** Everything a person does to cells here: each is one step that can be taken back. */
export interface SheetEditing {
  write(cells: readonly CellInput[]): void
  /** Says why a field takes no typing, where it takes none. */
  refuseEdit(field: Field): boolean
  toggle(row: RowId, field: Field): void
  clear(rows: readonly RowId[], fields: readonly Field[]): void
  copy(rows: readonly RowId[], fields: readonly Field[]): string
  paste(text: string, target: { top: number; left: number; rows: number; columns: number }, fields: readonly Field[]): void
  undo(): void
  redo(): void
  putBack(row: RowId, field: FieldId): void
  choose(row: RowId, field: FieldId, choice: CellChoice): void
  addRow(): RowId
}

/** Why a person cannot type into a field; `undefined` where they can. */
export function readOnlyReason(field: Field): string | undefined {
  const { binding } = field
  if (binding !== undefined && !binding.writable) return binding.reason ?? `Only ${binding.appName} sets this field.`
  return field.type === 'record-key' ? 'The record’s key is set by the app. Link another record instead.' : undefined
}

export function useSheetEditing(session: WorkbookSession, sheet: Sheet, formats: ValueFormats, say: (text: string) => void): SheetEditing {
  const undo = useRef(EMPTY_UNDO)
  return useMemo(() => {
    const editor = () => session.editor()
    const write = (cells: readonly CellInput[]): number => {
      const step = editCells(sheet, cells, editor())
      undo.current = pushStep(undo.current, step)
      return step.length
    }
    const writable = (fields: readonly Field[]): readonly Field[] => fields.filter((field) => readOnlyReason(field) === undefined)
    return {
      write: (cells) => {
        write(cells)
      },
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
      clear: (rows, fields) => {
        const allowed = writable(fields)
        write(rows.flatMap((row) => allowed.map((field) => ({ row, field: field.id, value: null }))))
        const skipped = (fields.length - allowed.length) * rows.length
        if (skipped > 0) say(TEXTS.grid.skippedReadOnly(skipped))
      },
      copy: (rows, fields) => {
        const text = toTsv(rows.map((row) => fields.map((field) => editTextOf(field, sheet.cell(row, field.id).value, formats))))
        say(TEXTS.grid.copied(rows.length * fields.length))
        return text
      },
      paste: (text, target, fields) => {
        const plan = pastePlan(parseTsv(text), target, fields.length)
        const rows = [...sheet.rows()]
        // Only as many rows as the pasted text needs are added, and only where it has something for them.
        while (rows.length < plan.rowsNeeded) rows.push(addRow(sheet, rows.at(-1), editor(), cryptoRandomBytes))
        const inputs: CellInput[] = []
        const errors: string[] = []
        let readOnly = 0
        for (const { row, column, text: cellText } of plan.cells) {
          const [rowId, field] = [rows[row], fields[column]]
          if (rowId === undefined || field === undefined) continue
          if (readOnlyReason(field) !== undefined) {
            readOnly++
            continue
          }
          const parsed = parseTyped(field, cellText, formats)
          if (parsed.ok) inputs.push({ row: rowId, field: field.id, value: parsed.value })
          else errors.push(parsed.error)
        }
        write(inputs)
        const said = [TEXTS.grid.pasted(inputs.length, plan.cells.length)]
        if (errors[0] !== undefined) said.push(TEXTS.grid.notPasted(errors.length, errors[0]))
        if (readOnly > 0) said.push(TEXTS.grid.skippedReadOnly(readOnly))
        if (plan.leftOut > 0) said.push(TEXTS.grid.pastedOver(plan.leftOut))
        if (said.length > 1 || inputs.length > 1) say(said.join(' '))
      },
      undo: () => {
        const step = undo.current.done.at(-1)
        if (step === undefined) return say(TEXTS.grid.nothingToUndo)
        const { redo, refused } = undoCells(sheet, step, editor())
        undo.current = afterUndo(undo.current, redo)
        say(refused.length > 0 ? TEXTS.grid.movedOn(refused.length) : TEXTS.grid.undone(redo.length))
      },
      redo: () => {
        const step = undo.current.undone.at(-1)
        if (step === undefined) return say(TEXTS.grid.nothingToUndo)
        const { redo, refused } = undoCells(sheet, step, editor())
        undo.current = afterRedo(undo.current, redo)
        say(refused.length > 0 ? TEXTS.grid.movedOn(refused.length) : TEXTS.grid.redone(redo.length))
      },
      putBack: (row, field) => {
        undo.current = pushStep(undo.current, putBack(sheet, row, field, editor()))
        say(TEXTS.grid.putBack)
      },
      choose: (row, field, choice) => {
        switch (choice.act) {
          case 'choose':
            return chooseOn(sheet, { row, field }, choice.annotation, choice.answer, editor())
          case 'write':
            write([{ row, field, value: choice.value }])
            return
          case 'put-back':
            undo.current = pushStep(undo.current, putBack(sheet, row, field, editor()))
        }
      },
      addRow: () => {
        const row = addRow(sheet, undefined, editor(), cryptoRandomBytes)
        say(TEXTS.grid.addedRow)
        return row
      },
    }
  }, [session, sheet, formats, say])
}
