import { useState } from 'react'
import type { ConnectionInfo } from '../../server/api/contract.ts'
import { appColor } from '../kit/app-colors.ts'
import { Button } from '../kit/button.tsx'
import { Modal } from '../kit/modal.tsx'
import { UndoDialog } from '../runs/undo-dialog.tsx'
import { TEXTS } from '../texts.ts'
import type { DialogsProps } from '../workbook/open-dialog.ts'
import { RunResult } from './run-result.tsx'

type Props = DialogsProps & { readonly connection: ConnectionInfo; readonly run: string }

/** A run that waits for somebody, and what comes of it. */
export function WaitingDialog({ connection, run, state, times, onClose }: Props) {
  return <FollowedRun connection={connection} run={run} state={state} times={times} onClose={onClose} title={TEXTS.log.waiting.title} />
}

/** What undoing a sync would write; once it is started, how it goes, in the same place. */
export function UndoRunDialog(props: Props) {
  const { connection, run, session, state, times, onClose } = props
  const [started, setStarted] = useState<string>()
  const about = state.runs.find(({ id }) => id === run)?.about
  if (started !== undefined) {
    return <FollowedRun connection={connection} run={started} state={state} times={times} onClose={onClose} title={TEXTS.run.kind.undo} />
  }
  return (
    <UndoDialog
      run={{ id: run, about }}
      connection={connection}
      onClose={onClose}
      onStarted={(id) => {
        setStarted(id)
        void session.fetchRuns()
      }}
    />
  )
}

type FollowedProps = Pick<Props, 'connection' | 'run' | 'state' | 'times' | 'onClose'> & { readonly title: string }

function FollowedRun({ connection, run, state, times, onClose, title }: FollowedProps) {
  const name = `${connection.integration.appName} · ${connection.object.name}`
  return (
    <Modal
      isOpen
      onClose={onClose}
      width={1040}
      lead={<i className="swatch" style={{ background: appColor(connection.integration.app) }} aria-hidden />}
      title={`${title}: ${name}`}
      foot={
        <>
          <Button look="primary" onPress={onClose}>
            {TEXTS.close}
          </Button>
          <a className="button ghost" href={`/runs/${run}`}>
            {TEXTS.syncAll.open}
          </a>
        </>
      }
    >
      <RunResult run={run} connection={connection} state={state} times={times} />
    </Modal>
  )
}
