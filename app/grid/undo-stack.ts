import type { CellUndo } from '../../workbook/edit.ts'

/** Steps a person can take back; a paste is one. */
const LONGEST = 200

export interface UndoStack {
  readonly done: readonly (readonly CellUndo[])[]
  readonly undone: readonly (readonly CellUndo[])[]
}

export const EMPTY_UNDO: UndoStack = { done: [], undone: [] }

/** A new step; what was taken back before it can no longer be done again. An edit that changed nothing is no step. */
export function pushStep(stack: UndoStack, step: readonly CellUndo[]): UndoStack {
  return step.length === 0 ? stack : { done: [...stack.done, step].slice(-LONGEST), undone: [] }
}

/** Takes the last step off; `redo` is what doing it again will need. */
export function afterUndo(stack: UndoStack, redo: readonly CellUndo[]): UndoStack {
  return { done: stack.done.slice(0, -1), undone: redo.length === 0 ? stack.undone : [...stack.undone, redo] }
}

export function afterRedo(stack: UndoStack, step: readonly CellUndo[]): UndoStack {
  return { done: step.length === 0 ? stack.done : [...stack.done, step], undone: stack.undone.slice(0, -1) }
}
