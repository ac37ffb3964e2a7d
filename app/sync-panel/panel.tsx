import { Plug, X } from 'lucide-react'
import { memo, useMemo } from 'react'
import { Dialog, ModalOverlay, Modal as RawModal } from 'react-aria-components'
import type { ConnectionInfo } from '../../server/api/contract.ts'
import type { Plan } from '../../sync-engine/plan.ts'
import type { SessionState, WorkbookInfo } from '../collab/session-state.ts'
import type { WorkbookSession } from '../collab/workbook-session.ts'
import type { Painter } from '../grid/scene.ts'
import type { CellId } from '../grid/sheet-handle.ts'
import { Button, IconButton } from '../kit/button.tsx'
import type { Times } from '../kit/times.ts'
import { TEXTS } from '../texts.ts'
import type { OpenDialog } from '../workbook/open-dialog.ts'
import { ConnectionCard } from './connection-card.tsx'
import type { Survey } from './survey.ts'

export interface SyncPanelProps {
  readonly session: WorkbookSession
  readonly state: SessionState
  readonly info: WorkbookInfo
  readonly connections: readonly ConnectionInfo[]
  readonly survey: Survey
  readonly plans: ReadonlyMap<string, Plan | undefined>
  readonly painter: Painter
  readonly times: Times
  readonly nameOf: (person: string) => string
  /** On a narrow screen: the panel is a sheet over the grid. */
  readonly isOpen: boolean
  readonly onClose: () => void
  readonly onDialog: (dialog: OpenDialog) => void
  readonly onGoTo: (cell: CellId) => void
}

/** One card a connection: what is staged, what needs a person, when it pulls, what it does now. */
export const SyncPanel = memo(function SyncPanel(props: SyncPanelProps) {
  return (
    <>
      <aside
        data-region="panel"
        aria-label={TEXTS.panel.title}
        className="hidden min-h-0 overflow-y-auto border-l border-line bg-paper md:block"
      >
        <Cards {...props} />
      </aside>
      <ModalOverlay
        isOpen={props.isOpen}
        onOpenChange={(isOpen) => !isOpen && props.onClose()}
        isDismissable
        className="overlay items-end! p-0! md:hidden!"
      >
        <RawModal className="modal rises max-h-[85dvh]! w-full! self-end rounded-b-none!">
          <Dialog aria-label={TEXTS.panel.title} className="overflow-y-auto outline-none">
            <Cards {...props} hasClose />
          </Dialog>
        </RawModal>
      </ModalOverlay>
    </>
  )
})

function Cards(props: SyncPanelProps & { hasClose?: boolean }) {
  const { info, connections, hasClose, onClose, onDialog } = props
  const byApp = useMemo(() => groupByApp(connections), [connections])
  return (
    <>
      <div className="flex items-center gap-2 px-3.5 pt-3 pb-2">
        <h2 className="m-0 flex-1 text-[13px] font-semibold">{TEXTS.panel.title}</h2>
        {info.connections.length > 1 && (
          <Button isSmall isDisabled={props.state.link.kind !== 'online'} onPress={() => onDialog({ kind: 'sync-all' })}>
            {TEXTS.panel.all}
          </Button>
        )}
        {hasClose && (
          <IconButton label={TEXTS.panel.close} onPress={onClose}>
            <X size={16} aria-hidden />
          </IconButton>
        )}
      </div>
      {connections.length === 0 && <p className="m-0 px-3.5 py-2 text-ink-2">{TEXTS.panel.empty}</p>}
      {byApp.map(([app, group]) =>
        group.map((connection) => <ConnectionCard key={`${app}:${connection.id}`} {...props} connection={connection} />),
      )}
      <div className="border-t border-line px-3.5 py-3">
        <Button
          look={connections.length === 0 ? 'primary' : 'plain'}
          isDisabled={props.state.link.kind !== 'online'}
          onPress={() => onDialog({ kind: 'connect' })}
        >
          <Plug size={14} aria-hidden /> {TEXTS.connect.open}
        </Button>
      </div>
    </>
  )
}

function groupByApp(connections: readonly ConnectionInfo[]): readonly (readonly [string, readonly ConnectionInfo[]])[] {
  const groups = new Map<string, ConnectionInfo[]>()
  for (const connection of connections) {
    const app = connection.integration.app
    groups.set(app, [...(groups.get(app) ?? []), connection])
  }
  return [...groups]
}
