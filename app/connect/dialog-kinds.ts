import type { FieldId, RowId } from '../../workbook/ids.ts'

/** The dialogs about connections of this sheet, and about copying the workbook. */
export type ConnectDialogKind =
  | { readonly kind: 'connect' }
  | { readonly kind: 'duplicate' }
  | { readonly kind: 'add-field'; readonly connection: string | undefined }
  | { readonly kind: 'link' | 'import' | 'connection-settings' | 'remove-connection'; readonly connection: string }
  | { readonly kind: 'match'; readonly connection: string; readonly rows?: readonly RowId[] }
  | { readonly kind: 'remove-connected-field'; readonly connection: string; readonly connected: FieldId }
  | { readonly kind: 'unlink' | 'create' | 'recreate'; readonly connection: string; readonly rows: readonly RowId[] }

const KINDS: ReadonlySet<string> = new Set<ConnectDialogKind['kind']>([
  'connect',
  'duplicate',
  'add-field',
  'link',
  'import',
  'connection-settings',
  'remove-connection',
  'match',
  'remove-connected-field',
  'unlink',
  'create',
  'recreate',
])

export const isConnectDialog = (dialog: { readonly kind: string }): dialog is ConnectDialogKind => KINDS.has(dialog.kind)
