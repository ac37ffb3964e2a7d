import { Download, Keyboard, Link2, Plus, RefreshCw } from 'lucide-react'
import type { ReactNode } from 'react'
import type { ConnectionInfo } from '../../server/api/contract.ts'
import { Button, IconButton } from '../kit/button.tsx'
import type { Access } from '../share/access.ts'
import { TEXTS } from '../texts.ts'
import type { OpenDialog } from './open-dialog.ts'

export interface ToolbarProps {
  readonly connections: readonly ConnectionInfo[]
  readonly staged: number
  readonly needing: number
  readonly access: Access
  /** Files, the row, comments. */
  readonly more: ReactNode
  readonly onDialog: (dialog: OpenDialog) => void
  readonly onPanel: () => void
  readonly onAddRow: () => void
}

/** What can be done with the sheet that is shown. */
export function Toolbar({ connections, staged, needing, access, more, onDialog, onPanel, onAddRow }: ToolbarProps) {
  // Importing, linking and syncing are for those who may use the connections behind them.
  const [connection] = access.isGuest ? [] : connections
  return (
    <nav
      data-region="toolbar"
      aria-label={TEXTS.toolbar.label}
      className="flex min-w-0 items-center gap-0.5 overflow-x-auto border-b border-line bg-wash px-2.5 text-ink-2"
    >
      <span className="ml-auto flex items-center gap-0.5">
        {connection !== undefined && (
          <>
            <Button look="ghost" className="hidden sm:inline-flex!" onPress={() => onDialog({ kind: 'import', connection: connection.id })}>
              <Download size={14} aria-hidden /> {TEXTS.toolbar.import}
            </Button>
            <Button look="ghost" className="hidden sm:inline-flex!" onPress={() => onDialog({ kind: 'link', connection: connection.id })}>
              <Link2 size={14} aria-hidden /> {TEXTS.toolbar.link}
            </Button>
          </>
        )}
        {access.refusal === undefined && (
          <>
            <Button
              look="ghost"
              className="hidden sm:inline-flex!"
              onPress={() => onDialog({ kind: 'add-field', connection: connection?.id })}
            >
              <Plus size={14} aria-hidden /> {TEXTS.toolbar.addField}
            </Button>
            <IconButton label={TEXTS.toolbar.addRow} className="sm:hidden!" onPress={onAddRow}>
              <Plus size={16} aria-hidden />
            </IconButton>
          </>
        )}
        {more}
        <IconButton label={TEXTS.toolbar.keys} className="hidden sm:inline-flex!" onPress={() => onDialog({ kind: 'keys' })}>
          <Keyboard size={15} aria-hidden />
        </IconButton>
        {!access.isGuest && (
          <Button isSmall look={staged + needing > 0 ? 'primary' : 'plain'} className="md:hidden!" onPress={onPanel}>
            <RefreshCw size={13} aria-hidden /> {TEXTS.toolbar.sync}
            {staged + needing > 0 ? ` · ${staged + needing}` : ''}
          </Button>
        )}
      </span>
    </nav>
  )
}
