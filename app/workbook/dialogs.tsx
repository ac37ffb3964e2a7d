import { lazy, Suspense } from 'react'
import { ConflictsDialog } from '../conflicts/conflicts-dialog.tsx'
import { isConnectDialog } from '../connect/dialog-kinds.ts'
import { FieldDialogs } from '../fields/field-dialogs.tsx'
import { ShareDialog } from '../share/share-dialog.tsx'
import { RemoveSheet } from '../sheets/remove-sheet.tsx'
import { PreviewDialog } from '../sync-panel/preview-dialog.tsx'
import { UndoRunDialog, WaitingDialog } from '../sync-panel/run-dialogs.tsx'
import { SyncAllDialog } from '../sync-panel/sync-all-dialog.tsx'
import { KeysDialog } from './keys-dialog.tsx'
import type { DialogsProps } from './open-dialog.ts'
import { StoryDialog } from './story-dialog.tsx'

// Loaded when a file is first imported or exported: the grid's own page stays small.
const FileDialog = lazy(() => import('../files/file-dialog.tsx'))
const ExportDialog = lazy(() => import('../files/export-dialog.tsx'))
const ConnectDialogs = lazy(() => import('../connect/connect-dialogs.tsx'))

/** The dialog that is open, if one is. */
export function Dialogs(props: DialogsProps) {
  const { dialog, connections } = props
  if (dialog === undefined) return null
  if (dialog.kind === 'keys') return <KeysDialog {...props} />
  if (dialog.kind === 'share') return <ShareDialog workbook={props.info} times={props.times} onClose={props.onClose} />
  if (dialog.kind === 'remove-sheet') return <RemoveSheetDialog {...props} sheet={dialog.sheet} />
  if (dialog.kind === 'conflicts') return <ConflictsDialog {...props} connection={dialog.connection} />
  if (dialog.kind === 'sync-all') return <SyncAllDialog {...props} />
  if (dialog.kind === 'story') return <StoryDialog {...props} cell={dialog.cell} />
  if (dialog.kind === 'import-file' || dialog.kind === 'export') {
    return (
      <Suspense fallback={null}>
        {dialog.kind === 'import-file' ? (
          <FileDialog {...props} file={dialog.file} />
        ) : (
          <ExportDialog {...props} rows={dialog.rows} fields={dialog.fields} />
        )}
      </Suspense>
    )
  }
  if (isConnectDialog(dialog)) {
    return (
      <Suspense fallback={null}>
        <ConnectDialogs {...props} asked={dialog} />
      </Suspense>
    )
  }
  if (dialog.kind === 'insert-field' || 'field' in dialog) {
    const { open, fieldWork, painter, say, onClose } = props
    return <FieldDialogs dialog={dialog} sheet={open.sheet} work={fieldWork} formats={painter.formats} say={say} onClose={onClose} />
  }
  const connection = connections.find((c) => c.id === dialog.connection)
  if (connection === undefined) return null
  switch (dialog.kind) {
    case 'preview':
      return <PreviewDialog {...props} connection={connection} />
    case 'waiting':
      return <WaitingDialog {...props} connection={connection} run={dialog.run} />
    case 'undo':
      return <UndoRunDialog {...props} connection={connection} run={dialog.run} />
  }
}

function RemoveSheetDialog({ sheet: id, info, open, survey, sheetWork, onClose }: DialogsProps & { readonly sheet: string }) {
  const sheet = info.sheets.find((one) => one.id === id)
  const isOpen = open.info.id === id
  // Somebody else has deleted it meanwhile.
  if (sheet === undefined) return null
  return (
    <RemoveSheet
      name={sheet.name}
      rows={isOpen ? open.sheet.rows().length : undefined}
      staged={isOpen ? survey.staged : 0}
      connections={info.connections.filter((connection) => connection.sheet === id)}
      onRemove={() => sheetWork.remove(id)}
      onClose={onClose}
    />
  )
}
