import { MenuItem, MenuSection } from 'react-aria-components'
import type { ConnectionInfo } from '../../server/api/contract.ts'
import type { FieldId } from '../../workbook/ids.ts'
import type { Sheet } from '../../workbook/sheet.ts'
import { callApi } from '../api-client.ts'
import type { WorkbookSession } from '../collab/workbook-session.ts'
import { Button } from '../kit/button.tsx'
import { Failure } from '../kit/message.tsx'
import { TEXTS } from '../texts.ts'
import type { OpenDialog } from '../workbook/open-dialog.ts'
import { nameOfConnection } from './filter-field.tsx'
import { useAsk } from './use-ask.ts'

const T = TEXTS.connect

/** What a card is called: app and object, and the connection field where a sheet has two of these. */
export function cardName(connection: ConnectionInfo, all: readonly ConnectionInfo[], sheet: Sheet): string {
  const name = nameOfConnection(connection)
  const isAlone = all.every((other) => other.id === connection.id || nameOfConnection(other) !== name)
  return isAlone ? name : `${name} · ${sheet.field(connection.keyField as FieldId)?.name ?? ''}`
}

/** Lines of the card's menu about the connection itself. Those that ask the app or the server are off without a network. */
export const CONNECTION_ONLINE_KEYS = ['match', 'pause', 'settings', 'remove'] as const

export function ConnectionMenuItems({ connection }: { readonly connection: ConnectionInfo }) {
  const lines = [
    ['match', `${T.match.way}…`],
    ['settings', T.settings.menu],
    ['pause', connection.isPaused ? T.settings.resume : T.settings.pause],
    ['remove', T.remove.connection],
  ] as const
  return (
    <MenuSection aria-label={T.settings.title('')} className="menu-section">
      {lines.map(([id, label]) => (
        <MenuItem key={id} id={id} className="menu-item">
          {label}
        </MenuItem>
      ))}
    </MenuSection>
  )
}

export const setPaused = async (session: WorkbookSession, connection: ConnectionInfo, isPaused: boolean): Promise<void> => {
  await callApi('patchConnection', { params: { id: connection.id }, body: { isPaused } })
  await session.refresh()
}

/** What a line of the menu does; `undefined` where the line is none of these. @throws ApiFailure */
export function runConnectionMenu(
  key: string,
  o: { readonly session: WorkbookSession; readonly connection: ConnectionInfo; readonly onDialog: (dialog: OpenDialog) => void },
): Promise<void> | undefined {
  const { session, connection, onDialog } = o
  const id = connection.id
  switch (key) {
    case 'match':
      onDialog({ kind: 'match', connection: id })
      return Promise.resolve()
    case 'settings':
      onDialog({ kind: 'connection-settings', connection: id })
      return Promise.resolve()
    case 'remove':
      onDialog({ kind: 'remove-connection', connection: id })
      return Promise.resolve()
    case 'pause':
      return setPaused(session, connection, !connection.isPaused)
    default:
      return undefined
  }
}

/** Says that nothing leaves for a connection, and lets a person resume it. */
export function PausedNote({
  session,
  connection,
  isOnline,
}: {
  readonly session: WorkbookSession
  readonly connection: ConnectionInfo
  readonly isOnline: boolean
}) {
  const { isBusy, error, ask } = useAsk()
  if (!connection.isPaused) return null
  return (
    <div className="mt-2 rounded-md border border-line border-l-[3px] border-l-control px-2.5 py-1.5 text-xs text-ink-2">
      <span className="flex items-center gap-2">
        <span className="min-w-0 flex-1">{T.settings.paused}</span>
        <Button isSmall isDisabled={isBusy || !isOnline} onPress={() => void ask(() => setPaused(session, connection, false))}>
          {T.settings.resume}
        </Button>
      </span>
      <Failure error={error} />
    </div>
  )
}
