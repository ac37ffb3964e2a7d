import { lazy, Suspense, useCallback, useMemo } from 'react'
import type { RowId } from '../../workbook/ids.ts'
import type { Sheet } from '../../workbook/sheet.ts'
import { markNote, noteNameIn } from '../../workbook/talk.ts'
import type { WorkbookSession } from '../collab/workbook-session.ts'
import { TEXTS } from '../texts.ts'
import type { Talk } from './use-talk.ts'

// The editor is several times the size of the grid: whoever opens no note never loads it.
const NoteEditor = lazy(() => import('./note-editor.tsx'))

export interface RowNoteProps {
  readonly session: WorkbookSession
  readonly sheet: Sheet
  readonly row: RowId
  readonly talk: Talk
  readonly isReadOnly: boolean
}

/** The row's note, opened with the row. */
export function RowNote({ session, sheet, row, talk, isReadOnly }: RowNoteProps) {
  const name = noteNameIn(sheet.docs.sys, sheet.id, row)
  const { doc } = useMemo(() => session.openDocument(name), [session, name])
  const onWritten = useCallback((hasNote: boolean) => markNote(talk.doc, row, hasNote, session.editor()), [talk.doc, row, session])
  return (
    <section aria-label={TEXTS.drawer.note} className="grid gap-1">
      <h3 className="label m-0">{TEXTS.drawer.note}</h3>
      <Suspense
        fallback={
          <p role="status" className="hint m-0">
            {TEXTS.drawer.noteLoading}
          </p>
        }
      >
        <NoteEditor key={name} doc={doc} isReadOnly={isReadOnly} onWritten={onWritten} />
      </Suspense>
      {isReadOnly && <p className="hint m-0">{TEXTS.drawer.noteReadOnly}</p>}
    </section>
  )
}
