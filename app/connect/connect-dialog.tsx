import { useEffect, useMemo, useState } from 'react'
import type { AnswerOf, ConnectionInfo } from '../../server/api/contract.ts'
import { callApi } from '../api-client.ts'
import { Radios } from '../files/choices.tsx'
import { appColor } from '../kit/app-colors.ts'
import { Button } from '../kit/button.tsx'
import { Failure } from '../kit/message.tsx'
import { Modal } from '../kit/modal.tsx'
import { TEXTS } from '../texts.ts'
import type { DialogsProps } from '../workbook/open-dialog.ts'
import { type Described, FieldPicker } from './field-picker.tsx'
import { FilterField, freshIn, type Look, LookResult, languageOf, nameOfConnection } from './filter-field.tsx'
import { useAsk } from './use-ask.ts'

const T = TEXTS.connect

type Listed = AnswerOf<'listIntegrations'>
type Integration = Listed['integrations'][number]
interface Chosen {
  readonly integration: Integration
  readonly object: Integration['objects'][number]
}
interface Draft {
  readonly id: string
  readonly description: Described | undefined
  readonly describedAt: number | null
}
/** How rows come once the connection stands. */
type RowsBy = 'import' | 'match' | 'later'

/** Connects an object of an app to the sheet: which one, which fields, which rows. Each price is said before it is asked for. */
export function ConnectDialog({ session, state, info, open, connections, times, say, onClose, onDialog }: DialogsProps) {
  const [step, setStep] = useState(0)
  const [listed, setListed] = useState<Listed>()
  const [chosen, setChosen] = useState<Chosen>()
  const [draft, setDraft] = useState<Draft>()
  const [fields, setFields] = useState<ReadonlySet<string>>(new Set())
  const [name, setName] = useState('')
  const [filter, setFilter] = useState('')
  const [rowsBy, setRowsBy] = useState<RowsBy>('import')
  const [look, setLook] = useState<Look>()
  const [made, setMade] = useState<ConnectionInfo>()
  const { isBusy, error, ask } = useAsk()
  const isOnline = state.link.kind === 'online'
  const place = useMemo(() => ({ workbook: info.id, sheet: open.info.id }), [info.id, open])

  useEffect(() => {
    void ask(() => callApi('listIntegrations', {}), setListed)
  }, [ask])

  const take = ({ id, description, describedAt }: Omit<Draft, 'description'> & { description: Described | null }): void => {
    setDraft({ id, description: description ?? undefined, describedAt })
    if (description === null) return
    setFields((before) => (before.size > 0 ? before : new Set([description.nameField])))
    setName((before) => before || (description.fields.find((f) => f.id === description.keyField)?.name ?? ''))
  }
  const toFields = (): void => {
    if (chosen === undefined) return
    void ask(
      () => callApi('draftConnection', { body: { ...place, object: chosen.object.id } }),
      (answer) => {
        take(answer)
        setStep(1)
      },
    )
  }
  const read = (): void => {
    if (draft === undefined) return
    void ask(
      () => callApi('describeConnection', { params: { id: draft.id } }),
      (answer) => take({ ...answer, id: draft.id }),
    )
  }
  const count = (): void => {
    if (draft === undefined) return
    void ask(() => callApi('lookAtFilter', { params: { id: draft.id }, body: { filter } }), setLook)
  }
  const connect = (): void => {
    if (chosen === undefined || draft?.description === undefined) return
    const order = draft.description.fields.map((f) => f.id)
    const externals = order.filter((id) => fields.has(id))
    void ask(
      async () => {
        const body = { ...place, object: chosen.object.id, filter, fields: externals, ...(name.trim() !== '' && { name: name.trim() }) }
        // A second try after a failed import must not connect twice.
        const connection = made ?? (await callApi('createConnection', { body }))
        setMade(connection)
        await session.refresh()
        if (rowsBy === 'import') await callApi('importRecords', { params: { id: connection.id }, body: { filter } })
        await session.fetchRuns()
        return connection
      },
      (connection) => {
        say(T.rows.done(nameOfConnection(connection)))
        if (rowsBy === 'match') onDialog({ kind: 'match', connection: connection.id })
        else onClose()
      },
    )
  }
  const changeFilter = (value: string): void => {
    setFilter(value)
    setLook(undefined)
  }

  const description = draft?.description
  const pickable = description?.fields.filter((field) => field.id !== description.keyField) ?? []
  const fresh = freshIn(look)
  return (
    <Modal
      isOpen
      onClose={onClose}
      title={T.title}
      note={T.step(step + 1, T.steps[step] ?? '')}
      width={620}
      foot={
        <>
          {step === 0 && (
            <Button look="primary" isDisabled={chosen === undefined || isBusy || !isOnline} onPress={toFields}>
              {T.next}
            </Button>
          )}
          {step === 1 && (
            <Button look="primary" isDisabled={description === undefined || isBusy} onPress={() => setStep(2)}>
              {T.next}
            </Button>
          )}
          {step === 2 && (
            <Button look="primary" isDisabled={isBusy || !isOnline} onPress={connect}>
              {isBusy && look === undefined ? T.rows.connecting : T.rows.button[rowsBy]}
              {rowsBy === 'import' && fresh !== undefined && ` · ${T.credits(fresh)}`}
            </Button>
          )}
          {step > 0 && made === undefined && (
            <Button look="ghost" isDisabled={isBusy} onPress={() => setStep(step - 1)}>
              {T.back}
            </Button>
          )}
          <Button look="ghost" onPress={onClose}>
            {TEXTS.cancel}
          </Button>
          {step === 1 && <span className="hint ml-auto">{T.fields.chosen(fields.size)}</span>}
        </>
      }
    >
      {!isOnline && <p className="m-0 mb-3 text-ink-2">{T.needsServer}</p>}
      {step === 0 && (
        <WhatStep
          listed={listed}
          isLoading={isBusy}
          chosen={chosen}
          connections={connections}
          onChoose={(next) => {
            setChosen(next)
            if (next.object.id !== chosen?.object.id) {
              setFields(new Set())
              setName('')
              changeFilter('')
            }
          }}
        />
      )}
      {step === 1 && (
        <div className="grid gap-3">
          {description === undefined ? (
            <>
              <p className="m-0">{T.fields.never(chosen?.object.name ?? '')}</p>
              <span>
                <Button isDisabled={isBusy || !isOnline} onPress={read}>
                  {isBusy ? T.fields.reading : T.fields.read}
                </Button>
              </span>
            </>
          ) : (
            <>
              <FieldPicker fields={pickable} chosen={fields} onChange={setFields} />
              <span className="flex flex-wrap items-center gap-2 text-xs text-ink-2">
                {draft?.describedAt != null && draft.describedAt > 0 && T.fields.readAt(times.moment(draft.describedAt))}
                <Button look="link" isDisabled={isBusy || !isOnline} onPress={read}>
                  {isBusy ? T.fields.reading : T.fields.readAgain}
                </Button>
              </span>
              <label className="block">
                <span className="label">{T.fields.name}</span>
                <input className="input" value={name} maxLength={120} onChange={(event) => setName(event.target.value)} />
                <span className="hint">{T.fields.nameHint}</span>
              </label>
            </>
          )}
        </div>
      )}
      {step === 2 && (
        <div className="grid gap-4">
          <FilterField
            label={T.rows.filter(languageOf(description))}
            description={description}
            value={filter}
            onChange={changeFilter}
            hint={T.rows.filterHint}
            hasFocus
          />
          <Radios
            label={T.rows.label}
            value={rowsBy}
            options={(['import', 'match', 'later'] as const).map((id) => ({ id, name: T.rows[id] }))}
            onChange={setRowsBy}
          />
          {rowsBy === 'import' && (
            <div className="grid gap-2">
              <p className="m-0 text-ink-2">{T.import.price}</p>
              <span>
                <Button isDisabled={isBusy || !isOnline} onPress={count}>
                  {isBusy ? T.look.looking : T.look.button}
                </Button>
              </span>
              {look !== undefined && <LookResult look={look} />}
            </div>
          )}
          {made !== undefined && error !== undefined && <p className="m-0 text-ink-2">{T.rows.madeButNot}</p>}
        </div>
      )}
      <Failure error={error} />
    </Modal>
  )
}

function WhatStep({
  listed,
  isLoading,
  chosen,
  connections,
  onChoose,
}: {
  listed: Listed | undefined
  isLoading: boolean
  chosen: Chosen | undefined
  connections: readonly ConnectionInfo[]
  onChoose: (chosen: Chosen) => void
}) {
  if (listed === undefined) return isLoading ? <p className="m-0 text-ink-3">{T.what.loading}</p> : null
  const used = new Set(connections.map((c) => c.object.id))
  const offered = listed.integrations.flatMap((integration) => integration.objects.map((object) => ({ integration, object })))
  return (
    <div className="grid gap-3">
      {offered.length === 0 ? (
        <p className="m-0">{T.what.none}</p>
      ) : (
        <fieldset className="m-0 grid gap-1.5 border-0 p-0">
          <legend className="label">{T.what.label}</legend>
          {offered.map(({ integration, object }, i) => {
            const canSync = integration.isOn && object.direction !== 'disabled'
            const facts = [
              integration.name,
              integration.isOn ? T.what.direction[object.direction] : T.what.off,
              ...(used.has(object.id) ? [T.what.again] : []),
            ]
            return (
              <label
                key={object.id}
                className="flex min-h-10 cursor-pointer items-center gap-2.5 rounded-md border border-line px-3 py-1.5 hover:bg-hover has-[:checked]:border-tide has-[:checked]:bg-tide-wash has-[:disabled]:cursor-default has-[:disabled]:opacity-60 has-[:focus-visible]:outline-2 has-[:focus-visible]:outline-tide"
              >
                <input
                  type="radio"
                  name="object"
                  className="size-4 shrink-0 accent-(--tide)"
                  // biome-ignore lint/a11y/noAutofocus: the dialog is opened to choose here
                  autoFocus={i === 0}
                  disabled={!canSync}
                  checked={chosen?.object.id === object.id}
                  onChange={() => onChoose({ integration, object })}
                />
                <i className="swatch" style={{ background: appColor(integration.app) }} aria-hidden />
                <span className="min-w-0 flex-1">
                  <b className="block font-semibold">
                    {integration.appName} · {object.name}
                  </b>
                  <span className="hint block">{facts.join(' · ')}</span>
                </span>
              </label>
            )
          })}
        </fieldset>
      )}
      <span className="flex flex-wrap items-center gap-x-3 gap-y-1">
        <a className="button" href="/settings/integrations">
          {T.what.add}
        </a>
        {listed.coming.length > 0 && <span className="hint">{T.what.coming(listed.coming)}</span>}
      </span>
    </div>
  )
}
