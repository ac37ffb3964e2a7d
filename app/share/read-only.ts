import type { RowId } from '../../workbook/ids.ts'
import type { SheetEditing } from '../grid/use-sheet-editing.ts'

/**
 * Editing of somebody who may not edit: copying works, nothing is written, and each attempt says why. Written out in full, so that whatever
 * is added to editing is decided on here too.
 */
export function readOnlyEditing(editing: SheetEditing, refusal: string, say: (text: string) => void): SheetEditing {
  const refuse = (): void => say(refusal)
  const noRows = (): readonly RowId[] => {
    refuse()
    return []
  }
  const nowhere = (): undefined => refuse() as undefined
  return {
    copy: (area, ranges) => editing.copy(area, ranges, false),
    endCut: () => editing.endCut(),
    refuseEdit: () => {
      refuse()
      return true
    },
    write: refuse,
    toggle: refuse,
    clear: refuse,
    paste: refuse,
    fill: refuse,
    fillFrom: refuse,
    replace: refuse,
    addRow: () => {
      refuse()
      // No row has an empty name: whoever goes there goes nowhere.
      return '' as RowId
    },
    insertRows: noRows,
    duplicateRows: noRows,
    deleteRows: refuse,
    moveRows: refuse,
    pushStep: refuse,
    undo: nowhere,
    redo: nowhere,
    putBack: refuse,
    choose: refuse,
    chooseMany: () => {
      refuse()
      return 0
    },
  }
}
