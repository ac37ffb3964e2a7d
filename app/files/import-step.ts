import { ApiFailure, callApi } from '../api-client.ts'
import type { WorkbookSession } from '../collab/workbook-session.ts'
import type { Step, StepPart } from '../grid/undo-stack.ts'

/** An import as one step: taken back and brought in again by the server, which knows its rows. */
export function importStep(id: string, session: Pick<WorkbookSession, 'refresh'>): Step {
  return { parts: [importPart(id, session, true)] }
}

function importPart(id: string, session: Pick<WorkbookSession, 'refresh'>, isUndone: boolean): StepPart {
  return {
    takeBack: () => {
      callApi('undoImport', { params: { id }, body: { isUndone } }).then(
        () => session.refresh(),
        (error: unknown) => {
          // Not reached: the rows stay as they are, and the step can be taken again.
          if (!(error instanceof ApiFailure)) throw error
        },
      )
      return { done: 1, kept: [], again: importPart(id, session, !isUndone) }
    },
  }
}
