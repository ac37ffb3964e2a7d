import { useMemo, useState } from 'react'
import { ListBox, ListBoxItem } from 'react-aria-components'
import type { ConnectionInfo } from '../../server/api/contract.ts'
import type { FieldType } from '../../workbook/fields.ts'
import { callApi } from '../api-client.ts'
import { NewField } from '../fields/field-dialogs.tsx'
import { Button } from '../kit/button.tsx'
import { Failure } from '../kit/message.tsx'
import { Modal } from '../kit/modal.tsx'
import { FIELD_TYPE_NAMES, TEXTS } from '../texts.ts'
import type { DialogsProps } from '../workbook/dialogs.tsx'

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

function ConnectedField({ session, connection, onClose }: Props & { readonly connection: ConnectionInfo }) {
  const [search, setSearch] = useState('')
  const [external, setExternal] = useState<string>()
  const [error, setError] = useState<unknown>()
  const [isBusy, setBusy] = useState(false)
  const free = useMemo(() => {
    const used = new Set(connection.fields.map((field) => field.external))
    const { description } = connection
    return (description?.fields ?? []).filter((field) => !used.has(field.id) && field.id !== description?.keyField)
  }, [connection])
  const matching = free.filter((field) => field.name.toLowerCase().includes(search.trim().toLowerCase()))
  const add = async (): Promise<void> => {
    if (external === undefined) return
    setBusy(true)
    setError(undefined)
    try {
      await callApi('addConnectedField', { params: { id: connection.id }, body: { external } })
      await Promise.all([session.refresh(), session.fetchRuns()])
      onClose()
    } catch (failure) {
      setError(failure)
    } finally {
      setBusy(false)
    }
  }
  if (connection.description === undefined) return <p className="m-0 text-ink-2">{TEXTS.panel.noDescription}</p>
  if (free.length === 0) return <p className="m-0 text-ink-2">{TEXTS.addField.none}</p>
  return (
    <div className="grid gap-3">
      <input
        className="input"
        // biome-ignore lint/a11y/noAutofocus: the dialog is opened to type here
        autoFocus
        aria-label={TEXTS.addField.search}
        placeholder={TEXTS.addField.search}
        value={search}
        onChange={(event) => setSearch(event.target.value)}
      />
      <ListBox
        aria-label={TEXTS.addField.connected}
        className="menu max-h-72 overflow-auto rounded-md border border-line"
        selectionMode="single"
        selectedKeys={external === undefined ? [] : [external]}
        onSelectionChange={(keys) => setExternal(keys === 'all' ? undefined : keys.values().next().value?.toString())}
        renderEmptyState={() => <p className="hint m-0 px-2.5 py-1.5">{TEXTS.editor.none}</p>}
      >
        {matching.map((field) => (
          <ListBoxItem key={field.id} id={field.id} textValue={field.name} className="menu-item">
            <span className="min-w-0 flex-1 truncate">{field.name}</span>
            <span className="hint">
              {FIELD_TYPE_NAMES[field.type as FieldType] ?? field.type}
              {field.writable === true ? '' : ` · ${TEXTS.addField.readOnly}`}
            </span>
          </ListBoxItem>
        ))}
      </ListBox>
      <p className="m-0 text-ink-2">{TEXTS.addField.price(connection.linkedRecords)}</p>
      <Failure error={error} />
      <span>
        <Button look="primary" isDisabled={external === undefined || isBusy} onPress={() => void add()}>
          {TEXTS.addField.button(connection.linkedRecords)}
        </Button>
      </span>
    </div>
  )
}
