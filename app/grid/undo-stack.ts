import { answeredValues, type Marks } from '../../workbook/annotations.ts'
import {
  type Answered,
  type CellUndo,
  chooseOnMany,
  type Editor,
  type RowMove,
  setRowsDeleted,
  undoCells,
  undoChoices,
  undoMoves,
} from '../../workbook/edit.ts'
import type { FieldId, RowId } from '../../workbook/ids.ts'
import type { Sheet } from '../../workbook/sheet.ts'

/** Steps a person can take back; a paste is one. */
const LONGEST = 200

/** Something that stays, since somebody has changed it since. */
export interface Kept {
  /** The person's id; absent where it was the app, or nobody knows. */
  readonly by?: string
}

export interface Taken {
  /** Does again what was taken back; absent where nothing was. */
  readonly again?: StepPart
  /** How many cells, rows or attributes were taken back. */
  readonly done: number
  readonly kept: readonly Kept[]
}

/** One part of a step that knows how to take itself back. It never takes back what somebody else has set since. */
export interface StepPart {
  takeBack(): Taken
}

export interface Step {
  readonly parts: readonly StepPart[]
  /** Where to go when the step is taken back or done again. */
  readonly at?: { readonly sheet: string; readonly row: RowId; readonly field: FieldId } | undefined
}

export interface UndoStack {
  readonly done: readonly Step[]
  readonly undone: readonly Step[]
}

export const EMPTY_UNDO: UndoStack = { done: [], undone: [] }

/** A new step; what was taken back before it can no longer be done again. An edit that changed nothing is no step. */
export function pushStep(stack: UndoStack, step: Step): UndoStack {
  return step.parts.length === 0 ? stack : { done: [...stack.done, step].slice(-LONGEST), undone: [] }
}

export interface TakenStep {
  readonly stack: UndoStack
  readonly step: Step
  readonly done: number
  readonly kept: readonly Kept[]
}

/** Takes the last step back, its parts in reverse; `undefined` where there is none. */
export function takeBackStep(stack: UndoStack): TakenStep | undefined {
  const step = stack.done.at(-1)
  if (step === undefined) return undefined
  const { again, done, kept } = takeParts(step)
  const undone = again.parts.length === 0 ? stack.undone : [...stack.undone, again]
  return { stack: { done: stack.done.slice(0, -1), undone }, step, done, kept }
}

/** Does the step again that was taken back last. */
export function doStepAgain(stack: UndoStack): TakenStep | undefined {
  const step = stack.undone.at(-1)
  if (step === undefined) return undefined
  const { again, done, kept } = takeParts(step)
  const all = again.parts.length === 0 ? stack.done : [...stack.done, again].slice(-LONGEST)
  return { stack: { done: all, undone: stack.undone.slice(0, -1) }, step, done, kept }
}

function takeParts(step: Step): { again: Step; done: number; kept: readonly Kept[] } {
  const taken = step.parts.toReversed().map((part) => part.takeBack())
  const parts = taken.map(({ again }) => again).filter((part) => part !== undefined)
  return {
    again: { parts, at: step.at },
    done: taken.reduce((sum, { done }) => sum + done, 0),
    kept: taken.flatMap(({ kept }) => kept),
  }
}

/** What parts of a step need of where they were made. */
export interface StepGround {
  readonly sheet: Sheet
  readonly editor: () => Editor
}

/** Edited cells: taken back where the cell still shows what was written, and nobody else has written it since. */
export function cellsPart(ground: StepGround, cells: readonly CellUndo[]): StepPart {
  const { sheet } = ground
  return {
    takeBack: () => {
      const editor = ground.editor()
      const kept: Kept[] = []
      const mine = cells.filter((cell) => {
        const by = sheet.cell(cell.row, cell.field).entry?.by
        if (by !== undefined && by !== editor.by) kept.push({ by })
        return by === undefined || by === editor.by
      })
      const { redo, refused } = undoCells(sheet, mine, editor)
      for (const _ of refused) kept.push({})
      return { done: redo.length, kept, ...(redo.length > 0 && { again: cellsPart(ground, redo) }) }
    },
  }
}

/** Answers to open questions: each is opened again where the cell is still as the answer left it. */
export function choicesPart(ground: StepGround, answers: readonly Answered[]): StepPart {
  const { sheet } = ground
  return {
    takeBack: () => {
      const { asked, refused } = undoChoices(sheet, answers, ground.editor())
      return { done: asked.length, kept: refused, ...(asked.length > 0 && { again: chooseAgainPart(ground, asked) }) }
    },
  }
}

/** The same answers to the questions that stand in those cells again: under new names, with the same values. */
function chooseAgainPart(ground: StepGround, answers: readonly Answered[]): StepPart {
  const { sheet } = ground
  return {
    takeBack: () => {
      const again = answers.flatMap((one) => {
        const annotation = sheet.marks(one.row, one.field)[one.annotation.kind as keyof Marks]
        return annotation !== undefined && answeredValues(annotation) === answeredValues(one.annotation) ? [{ ...one, annotation }] : []
      })
      chooseOnMany(sheet, again, ground.editor())
      const kept = answers.slice(again.length).map(() => ({}))
      return { done: again.length, kept, ...(again.length > 0 && { again: choicesPart(ground, again) }) }
    },
  }
}

/** Rows that were deleted (`isDeleted`) or came: the reverse is the flag's other value. */
export function rowsPart(ground: StepGround, rows: readonly RowId[], isDeleted: boolean): StepPart {
  const { sheet } = ground
  return {
    takeBack: () => {
      const changed = rows.filter((row) => sheet.isDeleted(row) === isDeleted)
      // A row that came and holds something of somebody else by now stays.
      const kept = isDeleted ? [] : changed.flatMap((row) => keptIn(ground, row))
      const keptRows = new Set(kept.map(({ row }) => row))
      const taken = changed.filter((row) => !keptRows.has(row))
      setRowsDeleted(sheet, taken, !isDeleted, ground.editor())
      return {
        done: taken.length,
        kept: kept.map(({ by }) => ({ by })),
        ...(taken.length > 0 && { again: rowsPart(ground, taken, !isDeleted) }),
      }
    },
  }
}

function keptIn({ sheet, editor }: StepGround, row: RowId): readonly { row: RowId; by: string }[] {
  const me = editor().by
  for (const field of sheet.fields()) {
    const { entry, value } = sheet.cell(row, field.id)
    if (entry !== undefined && entry.by !== me && value !== null) return [{ row, by: entry.by }]
  }
  return []
}

/** Rows that were moved. */
export function movesPart(ground: StepGround, moves: readonly RowMove[]): StepPart {
  return {
    takeBack: () => {
      const { redo, refused } = undoMoves(ground.sheet, moves, ground.editor())
      return { done: redo.length, kept: refused.map(() => ({})), ...(redo.length > 0 && { again: movesPart(ground, redo) }) }
    },
  }
}

/**
 * An attribute that was set, of a field or of anything else: taken back while it still is what was set. For a step of any other kind.
 */
export function valuePart<Value>(place: { read(): Value; write(value: Value): void }, before: Value, after: Value): StepPart {
  return {
    takeBack: () => {
      if (JSON.stringify(place.read()) !== JSON.stringify(after)) return { done: 0, kept: [{}] }
      place.write(before)
      return { done: 1, kept: [], again: valuePart(place, after, before) }
    },
  }
}

/** How many of what stays each person has changed; those that nobody is named for come under `undefined`. */
export function keptByPerson(kept: readonly Kept[]): ReadonlyMap<string | undefined, number> {
  const counts = new Map<string | undefined, number>()
  for (const { by } of kept) counts.set(by, (counts.get(by) ?? 0) + 1)
  return counts
}
