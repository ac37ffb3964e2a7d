import { useEffect } from 'react'
import type { DialogsProps } from '../workbook/open-dialog.ts'
import { ConnectDialog } from './connect-dialog.tsx'
import { CreateDialog } from './create-dialog.tsx'
import type { ConnectDialogKind } from './dialog-kinds.ts'
import { DuplicateDialog } from './duplicate-dialog.tsx'
import { FieldDialog } from './field-dialog.tsx'
import { ImportDialog } from './import-dialog.tsx'
import { LinkDialog } from './link-dialog.tsx'
import { MatchDialog } from './match-dialog.tsx'
import { RemoveConnectionDialog, RemoveFieldDialog, UnlinkDialog } from './removal-dialogs.tsx'
import { SettingsDialog } from './settings-dialog.tsx'

/** What the dialog was about is gone: somebody has removed it meanwhile. */
function Gone({ onClose }: { readonly onClose: () => void }) {
  useEffect(() => onClose(), [onClose])
  return null
}

/** The dialog that is open; one whose connection or field is gone meanwhile closes. */
export default function ConnectDialogs({ asked, ...props }: DialogsProps & { readonly asked: ConnectDialogKind }) {
  if (asked.kind === 'connect') return <ConnectDialog {...props} />
  if (asked.kind === 'duplicate') return <DuplicateDialog workbook={props.info} onClose={props.onClose} />
  const connection = props.connections.find((c) => c.id === asked.connection)
  if (asked.kind === 'add-field') return <FieldDialog {...props} connection={connection} />
  if (connection === undefined) return <Gone onClose={props.onClose} />
  switch (asked.kind) {
    case 'link':
      return <LinkDialog {...props} connection={connection} />
    case 'import':
      return <ImportDialog {...props} connection={connection} />
    case 'connection-settings':
      return <SettingsDialog {...props} connection={connection} />
    case 'remove-connection':
      return <RemoveConnectionDialog {...props} connection={connection} />
    case 'match':
      return <MatchDialog {...props} connection={connection} rows={asked.rows} />
    case 'remove-connected-field': {
      const field = props.painter.sheet.field(asked.connected)
      return field === undefined ? <Gone onClose={props.onClose} /> : <RemoveFieldDialog {...props} connection={connection} field={field} />
    }
    case 'unlink':
      return <UnlinkDialog {...props} connection={connection} rows={asked.rows} />
    case 'create':
    case 'recreate':
      return <CreateDialog {...props} connection={connection} rows={asked.rows} isAgain={asked.kind === 'recreate'} />
  }
}
