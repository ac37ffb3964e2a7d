import { type AttributeUndo, undoAttributes } from '../../workbook/field-edits.ts'
import { UserOrigin } from '../../workbook/origin.ts'
import type { StepGround, StepPart } from '../grid/undo-stack.ts'

/** Attributes of fields that were set together: each is taken back where nobody has set it since. */
export function attributesPart(ground: StepGround, done: readonly AttributeUndo[]): StepPart {
  const { book } = ground.sheet.docs
  return {
    takeBack: () => {
      const { redo, refused } = undoAttributes(book, done, new UserOrigin(ground.editor().by))
      return { done: redo.length, kept: refused.map(() => ({})), ...(redo.length > 0 && { again: attributesPart(ground, redo) }) }
    },
  }
}
