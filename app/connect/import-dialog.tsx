import { type FormEvent, useState } from 'react'
import type { ConnectionInfo } from '../../server/api/contract.ts'
import { callApi } from '../api-client.ts'
import { Button } from '../kit/button.tsx'
import { Failure } from '../kit/message.tsx'
import { Modal } from '../kit/modal.tsx'
import { TEXTS } from '../texts.ts'
import type { DialogsProps } from '../workbook/open-dialog.ts'
import { FilterField, freshIn, type Look, LookResult, languageOf, nameOfConnection } from './filter-field.tsx'
import { useAsk } from './use-ask.ts'

const T = TEXTS.connect

/** Brings records in by the app's own query; how many are new, and what they cost, can be asked first. */
export function ImportDialog({ session, state, connection, onClose }: DialogsProps & { readonly connection: ConnectionInfo }) {
  const { description, integration } = connection
  const [filter, setFilter] = useState(connection.filter)
  const [look, setLook] = useState<Look>()
  const { isBusy, error, ask } = useAsk()
  const isOnline = state.link.kind === 'online'
  const change = (value: string): void => {
    setFilter(value)
    setLook(undefined)
  }
  const start = (event?: FormEvent): void => {
    event?.preventDefault()
    void ask(async () => {
      await callApi('importRecords', { params: { id: connection.id }, body: { filter } })
      await session.fetchRuns()
    }, onClose)
  }
  const count = (): void => void ask(() => callApi('lookAtFilter', { params: { id: connection.id }, body: { filter } }), setLook)
  const starters = integration.app === 'jira' ? TEXTS.import.jira : []
  return (
    <Modal
      isOpen
      onClose={onClose}
      title={TEXTS.import.title(nameOfConnection(connection))}
      width={600}
      foot={
        <>
          <Button look="primary" isDisabled={isBusy || !isOnline} onPress={() => start()}>
            {T.import.button(freshIn(look))}
          </Button>
          <Button look="ghost" onPress={onClose}>
            {TEXTS.cancel}
          </Button>
        </>
      }
    >
      <form onSubmit={start} className="grid gap-3">
        {!isOnline && <p className="m-0 text-ink-2">{T.needsServer}</p>}
        <FilterField
          label={T.import.label(integration.appName, languageOf(description))}
          description={description}
          value={filter}
          onChange={change}
          hasFocus
        />
        {starters.length > 0 && (
          <div>
            <p className="m-0 mb-1 text-xs font-semibold text-ink-2">{TEXTS.import.starters}</p>
            <span className="flex flex-wrap gap-1.5">
              {starters.map(({ name, query }) => (
                <Button key={name} isSmall onPress={() => change(query)}>
                  {name}
                </Button>
              ))}
            </span>
          </div>
        )}
        <p className="m-0 text-ink-2">{T.import.price}</p>
        <span>
          <Button isDisabled={isBusy || !isOnline} onPress={count}>
            {isBusy ? T.look.looking : T.look.button}
          </Button>
        </span>
        {look !== undefined && <LookResult look={look} />}
      </form>
      <Failure error={error} />
    </Modal>
  )
}
