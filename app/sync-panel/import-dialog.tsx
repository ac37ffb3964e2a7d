import { type FormEvent, useState } from 'react'
import type { ConnectionInfo } from '../../server/api/contract.ts'
import { callApi } from '../api-client.ts'
import { Button } from '../kit/button.tsx'
import { Failure } from '../kit/message.tsx'
import { Modal } from '../kit/modal.tsx'
import { TEXTS } from '../texts.ts'
import type { DialogsProps } from '../workbook/dialogs.tsx'

/** Brings records in by the app's own query. */
export function ImportDialog({ session, connection, onClose }: DialogsProps & { readonly connection: ConnectionInfo }) {
  const [filter, setFilter] = useState(connection.filter)
  const [error, setError] = useState<unknown>()
  const [isBusy, setBusy] = useState(false)
  const start = async (event?: FormEvent): Promise<void> => {
    event?.preventDefault()
    setBusy(true)
    setError(undefined)
    try {
      await callApi('importRecords', { params: { id: connection.id }, body: { filter } })
      await session.fetchRuns()
      onClose()
    } catch (failure) {
      setError(failure)
    } finally {
      setBusy(false)
    }
  }
  return (
    <Modal
      isOpen
      onClose={onClose}
      title={TEXTS.import.title(`${connection.integration.appName} · ${connection.object.name}`)}
      width={600}
      foot={
        <>
          <Button look="primary" isDisabled={isBusy} onPress={() => void start()}>
            {TEXTS.import.button}
          </Button>
          <Button look="ghost" onPress={onClose}>
            {TEXTS.cancel}
          </Button>
        </>
      }
    >
      <form onSubmit={(event) => void start(event)}>
        <label className="block">
          <span className="label">{TEXTS.import.label(connection.integration.appName)}</span>
          <input
            className="input font-mono"
            // biome-ignore lint/a11y/noAutofocus: the dialog is opened to type here
            autoFocus
            spellCheck={false}
            value={filter}
            maxLength={4000}
            onChange={(event) => setFilter(event.target.value)}
          />
        </label>
        <p className="m-0 mt-3 mb-1 text-xs font-semibold text-ink-2">{TEXTS.import.starters}</p>
        <span className="flex flex-wrap gap-1.5">
          {TEXTS.import.jira.map(({ name, query }) => (
            <Button key={name} isSmall onPress={() => setFilter(query)}>
              {name}
            </Button>
          ))}
        </span>
        <p className="hint m-0 mt-3">{TEXTS.import.hint}</p>
        <p className="m-0 mt-1 text-ink-2">{TEXTS.import.price}</p>
      </form>
      <Failure error={error} />
    </Modal>
  )
}
