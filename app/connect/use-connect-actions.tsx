import { Link2Off, Plus, Unplug } from 'lucide-react'
import { type RefObject, useMemo } from 'react'
import type { ConnectionInfo } from '../../server/api/contract.ts'
import type { CellChoice } from '../../workbook/cell-status.ts'
import type { Field } from '../../workbook/fields.ts'
import type { ConnectionId, RowId } from '../../workbook/ids.ts'
import type { Sheet } from '../../workbook/sheet.ts'
import { failureText } from '../api-client.ts'
import type { WorkbookSession } from '../collab/workbook-session.ts'
import type { PaletteItem } from '../commands/palette.tsx'
import { selectedRows } from '../grid/grid-commands.ts'
import type { ColumnAction } from '../grid/grid-head.tsx'
import type { SheetHandle } from '../grid/sheet-handle.ts'
import { TEXTS } from '../texts.ts'
import type { OpenDialog } from '../workbook/open-dialog.ts'
import { setPaused } from './card-parts.tsx'
import { nameOfConnection } from './filter-field.tsx'

const T = TEXTS.connect
const NO_ITEMS: readonly PaletteItem[] = []

/** What can be done with the records of selected rows. */
export type RecordCommand = 'link' | 'match' | 'create' | 'unlink'

export interface ConnectActions {
  /** For the palette. */
  readonly items: readonly PaletteItem[]
  /** What a command about records does, with the rows that are selected now. */
  readonly run: (what: RecordCommand) => void
  /** Lines of a connected column's menu. */
  readonly columnActions: (field: Field) => readonly ColumnAction[]
  /** What was chosen beside a cell, where it is about the row's record; `false`: it is not. */
  readonly onChoice: (row: RowId, field: Field, choice: CellChoice) => boolean
}

/** Everything by which connecting, linking, creating and taking it back begins, besides the panel. None of it is a guest's. */
export function useConnectActions(o: {
  readonly session: WorkbookSession
  readonly sheet: Sheet
  readonly connections: readonly ConnectionInfo[]
  readonly grid: RefObject<SheetHandle | null>
  /** The connection of the active cell, else the sheet's first. */
  readonly connectionHere: () => string | undefined
  readonly isGuest: boolean
  readonly onDialog: (dialog: OpenDialog) => void
  readonly say: (text: string) => void
}): ConnectActions {
  const { session, sheet, connections, grid, connectionHere, isGuest, onDialog, say } = o

  const items = useMemo((): readonly PaletteItem[] => {
    if (isGuest) return NO_ITEMS
    const line = (id: string, label: string, run: () => void): PaletteItem => ({
      id: `connect:${id}`,
      kind: 'command',
      label,
      // The palette has to be gone before a dialog can take the focus.
      run: () => requestAnimationFrame(run),
    })
    const ofConnection = (connection: ConnectionInfo): readonly PaletteItem[] => {
      const { id, isPaused } = connection
      const name = nameOfConnection(connection)
      const open = (what: string, label: string, dialog: OpenDialog): PaletteItem =>
        line(`${what}:${id}`, `${name}: ${label}`, () => onDialog(dialog))
      return [
        open('import', TEXTS.panel.import, { kind: 'import', connection: id }),
        open('link', TEXTS.panel.link, { kind: 'link', connection: id }),
        open('match', `${T.match.way}…`, { kind: 'match', connection: id }),
        open('add-field', TEXTS.panel.addField, { kind: 'add-field', connection: id }),
        open('settings', T.settings.menu, { kind: 'connection-settings', connection: id }),
        open('remove', T.remove.connection, { kind: 'remove-connection', connection: id }),
        line(`pause:${id}`, `${name}: ${isPaused ? T.settings.resume : T.settings.pause}`, () => {
          setPaused(session, connection, !isPaused).catch((failure: unknown) => say(failureText(failure).message))
        }),
      ]
    }
    return [
      line('connect', T.open, () => onDialog({ kind: 'connect' })),
      line('duplicate', T.duplicate.menu, () => onDialog({ kind: 'duplicate' })),
      ...connections.flatMap(ofConnection),
    ]
  }, [isGuest, connections, session, onDialog, say])

  const run = (what: RecordCommand): void => {
    if (isGuest) {
      say(TEXTS.share.membersOnly)
      return
    }
    const connection = connectionHere()
    if (connection === undefined) {
      onDialog({ kind: 'connect' })
      return
    }
    const here = grid.current?.ground()
    const rows = here === undefined ? [] : selectedRows(here, here.selection)
    if (what === 'link') onDialog({ kind: 'link', connection })
    else if (what === 'match') onDialog({ kind: 'match', connection, ...(rows.length > 1 && { rows }) })
    else if (rows.length > 0) onDialog({ kind: what, connection, rows })
  }

  const columnActions = (field: Field): readonly ColumnAction[] => {
    const { binding } = field
    if (isGuest || binding === undefined || !connections.some((c) => c.id === binding.connection)) return []
    const { connection } = binding
    const action = (id: string, label: string, icon: ColumnAction['icon'], dialog: OpenDialog): ColumnAction => ({
      id: `connect-${id}`,
      section: 'field',
      label,
      icon,
      run: () => onDialog(dialog),
    })
    const icon = { size: 14, 'aria-hidden': true } as const
    return binding.isConnectionField
      ? [
          action('add', TEXTS.panel.addField, <Plus {...icon} />, { kind: 'add-field', connection }),
          action('remove', T.remove.connection, <Unplug {...icon} />, { kind: 'remove-connection', connection }),
        ]
      : [
          action('stop', T.remove.field, <Link2Off {...icon} />, {
            kind: 'remove-connected-field',
            connection,
            connected: field.id,
          }),
        ]
  }

  const onChoice = (row: RowId, field: Field, choice: CellChoice): boolean => {
    if (choice.act !== 'record') return false
    const connection = field.binding?.connection
    if (isGuest) say(TEXTS.share.membersOnly)
    else if (connection !== undefined && sheet.recordOf(row, connection as ConnectionId) !== undefined)
      onDialog({ kind: choice.what, connection, rows: [row] })
    return true
  }

  return { items, run, columnActions, onChoice }
}
