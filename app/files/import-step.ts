import { ApiFailure, callApi } from '../api-client.ts'
import type { WorkbookSession } from '../collab/workbook-session.ts'
import type { Step, StepPart } from '../grid/undo-stack.ts'
import type { SheetEditing } from '../grid/use-sheet-editing.ts'
import { TEXTS } from '../texts.ts'

/** An import as one step: taken back and brought in again by the server, which knows its rows. */
export function importStep(id: string, ground: ImportGround): Step {
  return { parts: [importPart(id, ground, true)] }
}

export interface ImportGround {
  readonly session: Pick<WorkbookSession, 'refresh'>
  readonly editing: Pick<SheetEditing, 'pushStep'>
  /** Says what came of it: the server answers later than the step is taken back. */
  readonly say: (text: string) => void
}

function importPart(id: string, ground: ImportGround, isUndone: boolean): StepPart {
  return {
    takeBack: () => {
      callApi('undoImport', { params: { id }, body: { isUndone } }).then(
        () => ground.session.refresh(),
        (error: unknown) => {
          if (!(error instanceof ApiFailure)) throw error
          // The rows stay as they are, and the step can be taken once more.
          ground.editing.pushStep({ parts: [importPart(id, ground, isUndone)] })
          ground.say(TEXTS.files.notUndone(isUndone, error.kind === 'network' ? undefined : error.message))
        },
      )
      return { done: 1, kept: [], again: importPart(id, ground, !isUndone) }
    },
  }
}
