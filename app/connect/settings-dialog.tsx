import { useState } from 'react'
import type { ConnectionInfo } from '../../server/api/contract.ts'
import { callApi } from '../api-client.ts'
import { Radios } from '../files/choices.tsx'
import { Button } from '../kit/button.tsx'
import { Failure } from '../kit/message.tsx'
import { Modal } from '../kit/modal.tsx'
import { TEXTS } from '../texts.ts'
import type { DialogsProps } from '../workbook/open-dialog.ts'
import { FilterField, type Look, LookResult, languageOf, nameOfConnection } from './filter-field.tsx'
import { useAsk } from './use-ask.ts'

const T = TEXTS.connect

/** The filter of a connection, and what a cell that was changed in both does. */
export function SettingsDialog({ session, state, connection, onClose }: DialogsProps & { readonly connection: ConnectionInfo }) {
  const { description } = connection
  const [filter, setFilter] = useState(connection.filter)
  const [onConflict, setOnConflict] = useState(connection.onConflict)
  const [look, setLook] = useState<Look>()
  const { isBusy, error, ask } = useAsk()
  const isOnline = state.link.kind === 'online'
  const save = (): void =>
    void ask(async () => {
      await callApi('patchConnection', { params: { id: connection.id }, body: { filter, onConflict } })
      await session.refresh()
    }, onClose)
  return (
    <Modal
      isOpen
      onClose={onClose}
      title={T.settings.title(nameOfConnection(connection))}
      width={560}
      foot={
        <>
          <Button look="primary" isDisabled={isBusy || !isOnline} onPress={save}>
            {T.settings.save}
          </Button>
          <Button look="ghost" onPress={onClose}>
            {TEXTS.cancel}
          </Button>
        </>
      }
    >
      <div className="grid gap-4">
        {!isOnline && <p className="m-0 text-ink-2">{T.needsServer}</p>}
        <FilterField
          label={T.settings.filter(languageOf(description))}
          description={description}
          value={filter}
          onChange={(value) => {
            setFilter(value)
            setLook(undefined)
          }}
          hint={T.settings.filterHint}
          hasFocus
        />
        <div className="grid gap-2">
          <span>
            <Button
              isDisabled={isBusy || !isOnline || connection.isPaused}
              onPress={() => void ask(() => callApi('lookAtFilter', { params: { id: connection.id }, body: { filter } }), setLook)}
            >
              {isBusy ? T.look.looking : T.look.button}
            </Button>
          </span>
          {look !== undefined && <LookResult look={look} />}
        </div>
        <div className="grid gap-1">
          <Radios
            label={T.settings.conflict}
            value={onConflict}
            options={[
              { id: 'hold', name: T.settings.hold },
              { id: 'workbook-wins', name: T.settings.wins },
            ]}
            onChange={setOnConflict}
          />
          {onConflict === 'workbook-wins' && <span className="hint">{T.settings.winsHint}</span>}
        </div>
      </div>
      <Failure error={error} />
    </Modal>
  )
}
