import type { ConnectionInfo } from '../../server/api/contract.ts'
import { Button } from '../kit/button.tsx'
import { Modal } from '../kit/modal.tsx'
import { TEXTS } from '../texts.ts'

const T = TEXTS.sheets

export interface RemoveSheetProps {
  readonly name: string
  /** Known of a sheet that is open in this window. */
  readonly rows: number | undefined
  readonly staged: number
  readonly connections: readonly ConnectionInfo[]
  readonly onRemove: () => void
  readonly onClose: () => void
}

/** Asks before a sheet goes, and says what goes with it. */
export function RemoveSheet({ name, rows, staged, connections, onRemove, onClose }: RemoveSheetProps) {
  return (
    <Modal
      isOpen
      onClose={onClose}
      title={T.removeTitle(name)}
      width={460}
      foot={
        <>
          <Button
            look="primary"
            autoFocus
            onPress={() => {
              onClose()
              onRemove()
            }}
          >
            {T.removeButton}
          </Button>
          <Button onPress={onClose}>{TEXTS.cancel}</Button>
        </>
      }
    >
      <div className="grid gap-2">
        <p className="m-0">{rows === undefined ? T.removeUnseen : T.removeRows(rows)}</p>
        {connections.map(({ id, integration, object }) => (
          <p key={id} className="m-0">
            {T.removeConnection(`${integration.appName} · ${object.name}`)}
          </p>
        ))}
        {staged > 0 && <p className="m-0">{T.removeStaged(staged)}</p>}
        <p className="m-0 text-ink-2">{T.removeKept}</p>
      </div>
    </Modal>
  )
}
