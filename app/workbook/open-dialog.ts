import type { ConnectionInfo } from '../../server/api/contract.ts'
import type { Field } from '../../workbook/fields.ts'
import type { RowId } from '../../workbook/ids.ts'
import type { OpenSheet, SessionState, WorkbookInfo } from '../collab/session-state.ts'
import type { WorkbookSession } from '../collab/workbook-session.ts'
import type { ConnectDialogKind } from '../connect/dialog-kinds.ts'
import type { FieldDialogKind } from '../fields/field-dialogs.tsx'
import type { FieldWork } from '../fields/field-work.ts'
import type { Painter } from '../grid/scene.ts'
import type { CellId } from '../grid/sheet-handle.ts'
import type { SheetEditing } from '../grid/use-sheet-editing.ts'
import type { Times } from '../kit/times.ts'
import type { SheetWork } from '../sheets/use-sheet-work.ts'
import type { Survey } from '../sync-panel/survey.ts'
import type { GoToCell } from './use-go-to-cell.ts'

/** Which dialog is open, and what for. */
export type OpenDialog =
  | { readonly kind: 'preview'; readonly connection: string }
  | ConnectDialogKind
  | { readonly kind: 'story'; readonly cell: CellId }
  | { readonly kind: 'keys' }
  | { readonly kind: 'conflicts'; readonly connection: string | undefined }
  | { readonly kind: 'sync-all' }
  | { readonly kind: 'waiting' | 'undo'; readonly connection: string; readonly run: string }
  | FieldDialogKind
  | { readonly kind: 'share' }
  | { readonly kind: 'remove-sheet'; readonly sheet: string }
  | { readonly kind: 'import-file'; readonly file: File | undefined }
  | { readonly kind: 'export'; readonly rows: readonly RowId[]; readonly fields: readonly Field[] }

/** What every dialog of the workbook is given. */
export interface DialogsProps {
  readonly dialog: OpenDialog | undefined
  readonly onClose: () => void
  readonly onDialog: (dialog: OpenDialog) => void
  readonly session: WorkbookSession
  readonly state: SessionState
  readonly info: WorkbookInfo
  readonly open: OpenSheet
  readonly connections: readonly ConnectionInfo[]
  readonly survey: Survey
  readonly painter: Painter
  readonly editing: SheetEditing
  readonly fieldWork: FieldWork
  readonly say: (text: string) => void
  readonly times: Times
  readonly nameOf: (person: string) => string
  readonly isMac: boolean
  readonly active: CellId | undefined
  readonly onGoTo: (cell: CellId) => void
  /** As `onGoTo`, in whatever sheet the cell is. */
  readonly onGoToCell: GoToCell
  readonly sheetWork: SheetWork
}
