import type { ConnectionInfo } from '../../server/api/contract.ts'
import { Button } from '../kit/button.tsx'
import { TEXTS } from '../texts.ts'
import type { OpenDialog } from './open-dialog.ts'

export interface EmptyRowsProps {
  readonly isLoading: boolean
  readonly connections: readonly ConnectionInfo[]
  readonly hasSandbox: boolean
  readonly canAdd: boolean
  /** Connections are members' own. */
  readonly canConnect: boolean
  readonly onDialog: (dialog: OpenDialog) => void
  readonly onAddRow: () => void
}

/** A sheet without rows says how rows come. */
export function EmptyRows({ isLoading, connections, hasSandbox, canAdd, canConnect, onDialog, onAddRow }: EmptyRowsProps) {
  const [connection] = connections
  if (isLoading) return <p className="m-0 px-4 py-6 text-ink-3">{TEXTS.grid.loading}</p>
  return (
    <div className="grid max-w-[92vw] justify-items-start gap-3 px-4 py-6">
      <p className="m-0 text-ink-2">{canAdd ? TEXTS.grid.empty : TEXTS.grid.emptyTitle}</p>
      <span className="flex flex-wrap gap-2">
        {connection !== undefined && (
          <>
            <Button look="primary" onPress={() => onDialog({ kind: 'import', connection: connection.id })}>
              {TEXTS.toolbar.import}
            </Button>
            <Button onPress={() => onDialog({ kind: 'link', connection: connection.id })}>{TEXTS.toolbar.link}</Button>
          </>
        )}
        {canConnect && connection === undefined && (
          <Button look="primary" onPress={() => onDialog({ kind: 'connect' })}>
            {TEXTS.connect.open}
          </Button>
        )}
        {canAdd && <Button onPress={onAddRow}>{TEXTS.grid.addRow}</Button>}
        {hasSandbox && (
          <a className="button" href="/sandbox" target="_blank" rel="noopener">
            {TEXTS.notice.openSandbox}
          </a>
        )}
      </span>
    </div>
  )
}
