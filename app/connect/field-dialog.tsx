import { useMemo, useState } from 'react'
import type { ConnectionInfo } from '../../server/api/contract.ts'
import { callApi } from '../api-client.ts'
import { NewField } from '../fields/field-dialogs.tsx'
import { Button } from '../kit/button.tsx'
import { Failure } from '../kit/message.tsx'
import { Modal } from '../kit/modal.tsx'
import { TEXTS } from '../texts.ts'
import type { DialogsProps } from '../workbook/open-dialog.ts'
import { FieldPicker } from './field-picker.tsx'
import { nameOfConnection } from './filter-field.tsx'
import { useAsk } from './use-ask.ts'

type Props = DialogsProps & { readonly connection: ConnectionInfo | undefined }

/** Adds a column: a field of the connected app with its price, or one of this workbook only. */
export function FieldDialog(props: Props) {
  const { connection, onClose } = props
  const [isOwn, setOwn] = useState(connection === undefined)
  const title = connection === undefined || isOwn ? TEXTS.fields.form.addTitle : TEXTS.addField.title(connection.integration.appName)
  return (
    <Modal isOpen onClose={onClose} title={title} width={520}>
      {connection !== undefined && (
        <div role="radiogroup" aria-label={TEXTS.toolbar.addField} className="mb-3 flex flex-wrap gap-1">
          {[false, true].map((option) => (
            <label
              key={String(option)}
              className="rounded-md px-2.5 py-1 has-[:checked]:bg-tide-wash has-[:checked]:font-semibold has-[:checked]:text-tide-ink has-[:focus-visible]:outline-2 has-[:focus-visible]:outline-tide"
            >
              <input type="radio" name="whose" className="sr-only" checked={isOwn === option} onChange={() => setOwn(option)} />
              {option ? TEXTS.addField.own : TEXTS.addField.connected}
            </label>
          ))}
        </div>
      )}
      {connection !== undefined && !isOwn ? (
        <ConnectedField {...props} connection={connection} />
      ) : (
        <NewField sheet={props.open.sheet} work={props.fieldWork} formats={props.painter.formats} place="end" onClose={onClose} />
      )}
    </Modal>
  )
}

/** Fields of the app, each with its type and what may not be written; the price of filling them is on the button. */
function ConnectedField({ session, state, connections, connection: first, onClose }: Props & { readonly connection: ConnectionInfo }) {
  const [id, setId] = useState(first.id)
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set())
  const { isBusy, error, ask } = useAsk()
  const isOnline = state.link.kind === 'online'
  const connection = connections.find((c) => c.id === id) ?? first
  const free = useMemo(() => {
    const used = new Set(connection.fields.map((field) => field.external))
    const { description } = connection
    return (description?.fields ?? []).filter((field) => !used.has(field.id) && field.id !== description?.keyField)
  }, [connection])
  const add = (): void => {
    const externals = free.flatMap((field) => (chosen.has(field.id) ? [field.id] : []))
    void ask(async () => {
      await callApi('addConnectedField', { params: { id: connection.id }, body: { externals } })
      await Promise.all([session.refresh(), session.fetchRuns()])
    }, onClose)
  }
  return (
    <div className="grid gap-3">
      {connections.length > 1 && (
        <label className="block">
          <span className="label">{TEXTS.connect.addField.of}</span>
          <select
            className="input"
            value={id}
            onChange={(event) => {
              setId(event.target.value)
              setChosen(new Set())
            }}
          >
            {connections.map((each) => (
              <option key={each.id} value={each.id}>
                {nameOfConnection(each)}
              </option>
            ))}
          </select>
        </label>
      )}
      {!isOnline && <p className="m-0 text-ink-2">{TEXTS.connect.addField.needsServer}</p>}
      {connection.description === undefined ? (
        <p className="m-0 text-ink-2">{TEXTS.panel.noDescription}</p>
      ) : free.length === 0 ? (
        <p className="m-0 text-ink-2">{TEXTS.addField.none}</p>
      ) : (
        <>
          <FieldPicker key={id} fields={free} chosen={chosen} onChange={setChosen} />
          <p className="m-0 text-ink-2">{TEXTS.addField.price(connection.linkedRecords)}</p>
          <Failure error={error} />
          <span className="flex items-center gap-3">
            <Button look="primary" isDisabled={chosen.size === 0 || isBusy || !isOnline || connection.isPaused} onPress={add}>
              {TEXTS.addField.button(connection.linkedRecords)}
            </Button>
            <span className="hint">{connection.isPaused ? TEXTS.connect.settings.paused : TEXTS.connect.fields.chosen(chosen.size)}</span>
          </span>
        </>
      )}
    </div>
  )
}
