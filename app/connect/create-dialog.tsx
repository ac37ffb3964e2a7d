import { useEffect, useMemo, useState } from 'react'
import type { AnswerOf, ConnectionInfo } from '../../server/api/contract.ts'
import type { CellValue } from '../../workbook/cell-value.ts'
import { editTextOf } from '../../workbook/field-values.ts'
import type { ConnectionId, FieldId, RowId } from '../../workbook/ids.ts'
import { callApi } from '../api-client.ts'
import { Tick } from '../files/choices.tsx'
import { Button } from '../kit/button.tsx'
import { Failure } from '../kit/message.tsx'
import { Modal } from '../kit/modal.tsx'
import { TEXTS } from '../texts.ts'
import type { DialogsProps } from '../workbook/open-dialog.ts'
import { rowNameOf } from '../workbook/row-name.ts'
import type { ExternalField } from './field-picker.tsx'
import { nameOfConnection } from './filter-field.tsx'
import { useAsk } from './use-ask.ts'
import { ValueInput } from './value-input.tsx'

const T = TEXTS.connect.create
/** Most names that one question about duplicates may hold. */
const MOST_NAMES = 50
const SHOWN = 50

type Needs = AnswerOf<'getCreateFields'>
type Preview = AnswerOf<'previewCreate'>
type Alike = AnswerOf<'findDuplicates'>

/** Makes records of rows: what the app needs is asked, the same ones are looked for, and everything is shown before it is sent. */
export function CreateDialog(
  props: DialogsProps & {
    readonly connection: ConnectionInfo
    readonly rows: readonly RowId[]
    /** The rows' records are gone in the app: new ones take their place. */
    readonly isAgain: boolean
  },
) {
  const { session, state, connection, painter, isAgain, say, onClose } = props
  const { description, integration, object } = connection
  const { sheet } = painter
  const id = connection.id
  const free = useMemo(
    () => props.rows.filter((row) => isAgain || sheet.recordOf(row, id as ConnectionId) === undefined),
    [props.rows, isAgain, sheet, id],
  )
  const [needs, setNeeds] = useState<Needs>()
  const [common, setCommon] = useState<ReadonlyMap<string, CellValue>>(new Map())
  const [alike, setAlike] = useState<Alike>()
  const [left, setLeft] = useState<ReadonlySet<string>>(new Set())
  const [preview, setPreview] = useState<Preview>()
  const { isBusy, error, ask } = useAsk()
  const isOnline = state.link.kind === 'online'
  const rows = free.filter((row) => !left.has(row))
  const columnOf = new Map(connection.fields.map((f) => [f.external, sheet.field(f.field as FieldId)]))
  const nameColumn = columnOf.get(description?.nameField ?? '')
  const nameOf = (row: string): string =>
    rowNameOf(sheet.fields(), (field) => sheet.cell(row as RowId, field.id).value, sheet.rows().indexOf(row as RowId))
  const names = rows.flatMap((row) => {
    const name = nameColumn === undefined ? '' : editTextOf(nameColumn, sheet.value(row, nameColumn.id), painter.formats).trim()
    return name === '' ? [] : [{ row, name: name.slice(0, 200) }]
  })
  const searches = new Set(names.map((n) => n.name)).size
  const cannot =
    description?.canCreate === false
      ? T.cannot(integration.appName, object.name)
      : object.direction !== 'push-pull' && object.direction !== 'push'
        ? T.forbidden
        : undefined

  const askNeeds = (chosen: ReadonlyMap<string, CellValue>): void => {
    const context = Object.fromEntries([...chosen].filter(([, value]) => value !== null))
    void ask(() => callApi('getCreateFields', { params: { id }, body: { context } }), setNeeds)
  }
  // biome-ignore lint/correctness/useExhaustiveDependencies: asked once, when the dialog opens
  useEffect(() => {
    if (cannot === undefined && free.length > 0) askNeeds(new Map())
  }, [])

  const choose = (field: ExternalField, value: CellValue): void => {
    const next = new Map(common).set(field.id, value)
    setCommon(next)
    setPreview(undefined)
    // What is needed may depend on what is chosen from a list: Jira's fields on project and issue type.
    if ((field.options?.length ?? 0) > 0) askNeeds(next)
  }
  const commonChanges = [...common].flatMap(([field, value]) => (value === null ? [] : [{ field, value }]))
  const plan = (): void =>
    void ask(async () => {
      await session.flush()
      return callApi('previewCreate', { params: { id }, body: { rows: [...rows], common: commonChanges } })
    }, setPreview)
  const ready = preview?.rows.filter((row) => row.missing.length === 0 && row.problems.length === 0) ?? []
  const create = (): void =>
    void ask(
      async () => {
        const body = { rows: ready.map(({ row, changes }) => ({ row, changes })) }
        await callApi('createRecords', { params: { id }, body })
        await session.fetchRuns()
      },
      () => {
        say(T.started)
        onClose()
      },
    )
  // A field is asked for where no column holds it, or the column is empty in some row.
  const isFilled = (external: string): boolean => {
    const column = columnOf.get(external)
    return column !== undefined && rows.every((row) => (sheet.value(row, column.id) ?? '') !== '')
  }
  const fieldName = (external: string): string =>
    [...(needs?.required ?? []), ...(needs?.optional ?? []), ...(description?.fields ?? [])].find((f) => f.id === external)?.name ??
    external
  const input = (field: ExternalField) => (
    <ValueInput
      key={field.id}
      field={field}
      value={common.get(field.id) ?? null}
      {...(isFilled(field.id) && { hint: T.fromColumn(columnOf.get(field.id)?.name ?? '') })}
      onChange={(value) => choose(field, value)}
    />
  )

  return (
    <Modal
      isOpen
      onClose={onClose}
      title={isAgain ? T.recreateTitle(nameOfConnection(connection)) : T.title(nameOfConnection(connection))}
      width={640}
      foot={
        <>
          {preview !== undefined && (
            <Button look="primary" isDisabled={ready.length === 0 || isBusy || !isOnline} onPress={create}>
              {T.button(ready.length, preview.totalCredits)}
            </Button>
          )}
          <Button
            look={preview === undefined ? 'primary' : 'plain'}
            isDisabled={needs === undefined || rows.length === 0 || isBusy || !isOnline}
            onPress={plan}
          >
            {isBusy && needs !== undefined && preview === undefined ? T.previewing : T.previewButton}
          </Button>
          <Button look="ghost" onPress={onClose}>
            {TEXTS.cancel}
          </Button>
          {preview !== undefined && preview.calls > 0 && <span className="hint ml-auto">{T.calls(preview.calls)}</span>}
        </>
      }
    >
      <div className="grid gap-4">
        {!isOnline && <p className="m-0 text-ink-2">{TEXTS.connect.needsServer}</p>}
        {cannot !== undefined ? (
          <p className="m-0">{cannot}</p>
        ) : free.length === 0 ? (
          <p className="m-0">{T.allLinked}</p>
        ) : (
          <>
            <div>
              <p className="m-0">{isAgain ? T.recreateHint : T.rows(free.length)}</p>
              {free.length < props.rows.length && <p className="hint m-0">{T.linked(props.rows.length - free.length)}</p>}
            </div>
            {needs === undefined ? (
              isBusy && <p className="m-0 text-ink-3">{T.asking}</p>
            ) : (
              <section aria-label={T.common} className="grid gap-2">
                <h3 className="m-0 text-xs font-semibold text-ink-2">
                  {T.common} <span className="font-normal text-ink-3">· {T.commonHint}</span>
                </h3>
                <div className="grid gap-2.5 sm:grid-cols-2">{needs.required.filter((f) => f.writable === true).map(input)}</div>
                {needs.optional.length > 0 && (
                  <details>
                    <summary className="cursor-pointer text-ink-2">{T.more}</summary>
                    <div className="mt-2 grid gap-2.5 sm:grid-cols-2">
                      {needs.optional.filter((f) => f.writable === true && f.type !== 'multi-select').map(input)}
                    </div>
                  </details>
                )}
              </section>
            )}
            {!isAgain && (
              <section aria-label={T.duplicates} className="grid gap-2">
                <h3 className="m-0 text-xs font-semibold text-ink-2">{T.duplicates}</h3>
                {nameColumn === undefined ? (
                  <p className="hint m-0">{T.noName}</p>
                ) : searches === 0 ? (
                  <p className="hint m-0">{T.noNames}</p>
                ) : searches > MOST_NAMES ? (
                  <p className="hint m-0">{T.duplicatesTooMany}</p>
                ) : (
                  <>
                    <p className="hint m-0">{T.duplicatesHint(searches)}</p>
                    <span>
                      <Button
                        isDisabled={searches === 0 || isBusy || !isOnline}
                        onPress={() => void ask(() => callApi('findDuplicates', { params: { id }, body: { names } }), setAlike)}
                      >
                        {T.duplicatesButton(searches)}
                      </Button>
                    </span>
                  </>
                )}
                {alike !== undefined && (
                  <AlikeList
                    alike={alike}
                    left={left}
                    nameOf={nameOf}
                    onLeft={(next) => {
                      setLeft(next)
                      setPreview(undefined)
                    }}
                  />
                )}
              </section>
            )}
            {preview !== undefined && (
              <section aria-label={T.preview} className="grid gap-2" role="status">
                <h3 className="m-0 text-xs font-semibold text-ink-2">{T.preview}</h3>
                <p className="m-0 font-medium">{T.ready(ready.length)}</p>
                {ready.length < preview.rows.length && <p className="m-0 text-warn">{T.left(preview.rows.length - ready.length)}</p>}
                <div className="max-h-72 overflow-auto rounded-md border border-line">
                  <table className="w-full border-collapse text-left text-xs [&_td]:border-t [&_td]:border-line [&_td]:px-2.5 [&_td]:py-1.5 [&_td]:align-top [&_th]:px-2.5 [&_th]:py-1.5">
                    <thead>
                      <tr>
                        <th scope="col">{T.row}</th>
                        <th scope="col">{T.values}</th>
                      </tr>
                    </thead>
                    <tbody>
                      {preview.rows.slice(0, SHOWN).map(({ row, changes, missing, problems }) => (
                        <tr key={row}>
                          <td className="w-36">{nameOf(row)}</td>
                          <td>
                            {changes.map(({ field, value }) => (
                              <span key={field} className="mr-3 inline-block [overflow-wrap:anywhere]">
                                <span className="text-ink-3">{fieldName(field)}</span> {String(value)}
                              </span>
                            ))}
                            {missing.length > 0 && <b className="block font-semibold text-bad">{T.missing(missing.map(fieldName))}</b>}
                            {problems.map(({ field, text }) => (
                              <b key={field} className="block font-semibold text-bad">
                                {text}
                              </b>
                            ))}
                          </td>
                        </tr>
                      ))}
                    </tbody>
                  </table>
                </div>
                {preview.rows.length > SHOWN && <p className="hint m-0">{TEXTS.connect.match.more(preview.rows.length - SHOWN)}</p>}
              </section>
            )}
          </>
        )}
      </div>
      <Failure error={error} />
    </Modal>
  )
}

function AlikeList({
  alike,
  left,
  nameOf,
  onLeft,
}: {
  alike: Alike
  left: ReadonlySet<string>
  nameOf: (row: string) => string
  onLeft: (left: ReadonlySet<string>) => void
}) {
  const found = alike.found.filter(({ hits }) => hits.length > 0)
  const toggle = (row: string, isOut: boolean): void => {
    const next = new Set(left)
    if (isOut) next.add(row)
    else next.delete(row)
    onLeft(next)
  }
  return (
    <div role="status" className="grid gap-1.5">
      {found.length === 0 && <p className="m-0">{T.noneAlike}</p>}
      {found.map(({ row, hits }) => (
        <div key={row} className="rounded-md border border-line px-2.5 py-1.5">
          <p className="m-0 font-medium">{T.alike(nameOf(row))}</p>
          <ul className="m-0 list-none p-0 text-xs text-ink-2">
            {hits.map((hit) => (
              <li key={hit.id} className="truncate">
                <b className="font-semibold text-tide-ink">{hit.key}</b> {hit.name}
              </li>
            ))}
          </ul>
          <Tick label={T.leaveOut(nameOf(row))} isOn={left.has(row)} onChange={(isOut) => toggle(row, isOut)} />
        </div>
      ))}
      {alike.note !== null && <p className="hint m-0">{alike.note}</p>}
    </div>
  )
}
