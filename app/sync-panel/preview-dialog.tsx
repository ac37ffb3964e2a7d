import { useEffect, useMemo, useState } from 'react'
import type { ConnectionInfo, Preview } from '../../server/api/contract.ts'
import { needsPerson, shownApart } from '../../workbook/cell-status.ts'
import { showValue } from '../../workbook/field-values.ts'
import type { FieldId, RowId } from '../../workbook/ids.ts'
import { callApi } from '../api-client.ts'
import { appColor } from '../kit/app-colors.ts'
import { Button } from '../kit/button.tsx'
import { copyLabel, copyText } from '../kit/copy-text.ts'
import { Failure } from '../kit/message.tsx'
import { Modal } from '../kit/modal.tsx'
import { Method } from '../runs/call-list.tsx'
import { bodyText } from '../runs/call-text.ts'
import { creditsText, TEXTS } from '../texts.ts'
import type { DialogsProps } from '../workbook/open-dialog.ts'
import { cellsOfCall, creditsOfCall, previewText } from './preview-text.ts'
import { RunResult } from './run-result.tsx'
import { planHere } from './survey.ts'

type Props = DialogsProps & { readonly connection: ConnectionInfo }

const SHOWN_CALLS = 60

/** Every call a sync would make, with its price, before anything is sent. */
export function PreviewDialog(props: Props) {
  const { session, state, info, connection, survey, painter, nameOf, times, onClose } = props
  const [preview, setPreview] = useState<Preview>()
  const [isLocal, setLocal] = useState(false)
  const [error, setError] = useState<unknown>()
  const [isCopied, setCopied] = useState<boolean>()
  const [isStarting, setStarting] = useState(false)
  const [started, setStarted] = useState<string>()
  const isOnline = state.link.kind === 'online'
  const { sheet, formats } = painter
  // A choice or a further edit changes the plan: it is made anew once the staged cells are others.
  const stamp = useMemo(
    () =>
      JSON.stringify([
        survey.deltas.get(connection.id as never)?.map((cell) => [cell.row, cell.field, cell.item, cell.marks]),
        survey.needing.length,
      ]),
    [survey, connection.id],
  )

  // biome-ignore lint/correctness/useExhaustiveDependencies: `stamp` says when the plan must be made anew
  useEffect(() => {
    if (started !== undefined) return
    let isLeft = false
    const load = async (): Promise<void> => {
      if (!isOnline) {
        const plan = planHere(connection, survey, 'two-way')
        if (plan !== undefined) setPreview(asPreview(plan))
        setLocal(true)
        return
      }
      await session.flush()
      const answer = await callApi('previewSync', { params: { id: connection.id }, body: { mode: 'two-way' } })
      if (isLeft) return
      setPreview(answer)
      setLocal(false)
      setError(undefined)
    }
    load().catch((failure) => !isLeft && setError(failure))
    return () => {
      isLeft = true
    }
  }, [session, connection.id, isOnline, stamp, started])

  const fieldOf = (id: string) => sheet.field(id as FieldId)
  const fieldName = (id: string): string => fieldOf(id)?.name ?? id
  const apart = ({ field: id, baseline, sent }: Preview['push'][number]): readonly [string, string] => {
    const field = fieldOf(id)
    return shownApart(baseline, sent, (value) => (field === undefined ? String(value) : showValue(field, value, formats)))
  }
  const title = TEXTS.preview.title(`${connection.integration.appName} · ${connection.object.name}`)
  const me = state.session?.person
  const start = async (mode: 'two-way' | 'one-way'): Promise<void> => {
    setStarting(true)
    setError(undefined)
    try {
      const body = mode === 'two-way' && preview !== undefined ? { mode, planId: preview.planId } : { mode }
      const { run } = await callApi('startSync', { params: { id: connection.id }, body })
      setStarted(run)
      await session.fetchRuns()
    } catch (failure) {
      setError(failure)
    } finally {
      setStarting(false)
    }
  }
  const copy = async (): Promise<void> => {
    if (preview === undefined) return
    setCopied(await copyText(previewText(preview, { title, fieldName, apart })))
  }
  const held = preview?.held ?? []
  const isBlocked = preview?.allowance?.isBlocked === true
  if (started !== undefined) {
    const hasEnded = state.runs.some((run) => run.id === started && run.endedAt !== null)
    return (
      <Modal
        isOpen
        onClose={onClose}
        width={1040}
        lead={<i className="swatch" style={{ background: appColor(connection.integration.app) }} aria-hidden />}
        title={`${TEXTS.syncAll.receipt}: ${connection.integration.appName} · ${connection.object.name}`}
        foot={
          <>
            <Button look="primary" autoFocus onPress={onClose}>
              {TEXTS.close}
            </Button>
            {hasEnded && <Button onPress={() => setStarted(undefined)}>{TEXTS.syncAll.again}</Button>}
            {state.runs.some((run) => run.id === started && run.canUndo === true && run.endedAt !== null) && (
              <Button onPress={() => props.onDialog({ kind: 'undo', connection: connection.id, run: started })}>
                {TEXTS.log.undo.button}
              </Button>
            )}
            <a className="button ghost ml-auto" href={`/runs/${started}`}>
              {TEXTS.syncAll.open}
            </a>
          </>
        }
      >
        <RunResult run={started} connection={connection} state={state} times={times} />
      </Modal>
    )
  }

  return (
    <Modal
      isOpen
      onClose={onClose}
      width={1040}
      lead={<i className="swatch" style={{ background: appColor(connection.integration.app) }} aria-hidden />}
      title={title}
      note={[TEXTS.panel.direction[connection.object.direction], me && TEXTS.preview.as(me.name), TEXTS.preview.nothingSent]
        .filter(Boolean)
        .join(' · ')}
      tools={
        <Button look="ghost" isDisabled={preview === undefined} onPress={() => void copy()}>
          {copyLabel(TEXTS.preview.copy, isCopied)}
        </Button>
      }
      foot={
        <>
          <Button
            look="primary"
            isDisabled={preview === undefined || !isOnline || isLocal || isBlocked || connection.isPaused}
            // Not disabled meanwhile: it would lose the focus, which then stands on the receipt's first button.
            isPending={isStarting}
            onPress={() => void start('two-way')}
          >
            {TEXTS.preview.run}
          </Button>
          <Button isDisabled={!isOnline || isStarting || connection.isPaused} onPress={() => void start('one-way')}>
            {TEXTS.preview.onlyPull(preview?.pull.records ?? connection.linkedRecords)}
          </Button>
          <Button look="ghost" onPress={onClose}>
            {TEXTS.close}
          </Button>
          <span className="hint ml-auto">{isLocal ? TEXTS.preview.offline : preview && TEXTS.preview.stops(preview.planId)}</span>
        </>
      }
    >
      <Failure error={error} />
      {preview === undefined && error === undefined && <p className="m-0 text-ink-3">{TEXTS.preview.loading}</p>}
      {preview !== undefined && (
        <>
          <Tiles preview={preview} creditsSoFar={info.creditsThisMonth} />
          <AllowanceNote preview={preview} />
          {held.length > 0 && (
            <Section title={TEXTS.preview.needsYou}>
              {held.map(({ cell, text }) => (
                <HeldLine key={`${cell.row}:${cell.field}`} {...props} cell={cell} text={text} fieldName={fieldName(cell.field)} />
              ))}
            </Section>
          )}
          <Section title={TEXTS.preview.push}>
            {preview.openReceipts > 0 && <p className="m-0 text-ink-2">{TEXTS.preview.openReceipts(preview.openReceipts)}</p>}
            {preview.check.calls > 0 && (
              <p className="m-0 text-ink-2">{TEXTS.preview.firstCheck(preview.check.calls, preview.check.records)}</p>
            )}
            {preview.calls.length === 0 && <p className="m-0 text-ink-2">{TEXTS.preview.nothingToPush}</p>}
            {preview.calls.slice(0, SHOWN_CALLS).map((call, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: two calls may be alike; a preview is never reordered
              <article key={`${call.method}:${call.path}:${index}`} className="overflow-hidden rounded-lg border border-line">
                <header className="flex flex-wrap items-center gap-x-3 gap-y-1 px-3 py-2">
                  <Method name={call.method} />
                  <code className="min-w-0 flex-1 font-mono text-xs break-all">{call.path}</code>
                  <span className="text-xs text-ink-3">{creditsText(creditsOfCall(call))}</span>
                </header>
                {cellsOfCall(preview, call).map((cell) => (
                  <p key={`${cell.row}:${cell.field}`} className="m-0 flex flex-wrap gap-x-3 border-t border-line-2 px-3 py-1.5">
                    <b className="font-semibold text-tide-ink">{cell.recordKey}</b>
                    <span>{fieldName(cell.field)}</span>
                    <span>
                      <s className="text-ink-3">{apart(cell)[0]}</s> → {apart(cell)[1]}
                    </span>
                    <small className="text-ink-3">
                      {cell.author === me?.id ? TEXTS.you : nameOf(cell.author)}, {times.ago(cell.at, Date.now())}
                    </small>
                  </p>
                ))}
                {call.lookup !== undefined && (
                  <p className="m-0 border-t border-line-2 px-3 py-1.5 text-xs text-ink-2">
                    {TEXTS.preview.lookup}{' '}
                    <code className="font-mono break-all">
                      {call.lookup.method} {call.lookup.path}
                    </code>{' '}
                    {TEXTS.preview.finds(call.lookup.finds)}
                  </p>
                )}
                <pre className="m-0 overflow-x-auto border-t border-line-2 bg-wash px-3 py-2 font-mono text-xs whitespace-pre-wrap text-ink-2">
                  {bodyText(call.body)}
                </pre>
              </article>
            ))}
            {preview.calls.length > SHOWN_CALLS && <p className="hint m-0">{TEXTS.preview.more(preview.calls.length - SHOWN_CALLS)}</p>}
          </Section>
          <Section title={TEXTS.preview.thenPull}>
            <p className="m-0 flex flex-wrap items-center gap-x-3 rounded-lg border border-line px-3 py-2">
              <span className="min-w-0 flex-1">
                {preview.pull.records > 0 ? TEXTS.preview.pullText(preview.pull.records, preview.pull.calls) : TEXTS.preview.noPull}
                {preview.push.length > 0 && <span className="text-ink-2"> · {TEXTS.preview.verifyText}</span>}
              </span>
              <span className="text-xs text-ink-3">{creditsText(preview.credits.pulled)}</span>
            </p>
          </Section>
        </>
      )}
    </Modal>
  )
}

/** A plan made here, in the shape of the server's answer. */
function asPreview(plan: NonNullable<ReturnType<typeof planHere>>): Preview {
  const { id, connection: _, ...rest } = plan
  return { ...rest, planId: id, openReceipts: 0 } as unknown as Preview
}

function Tiles({ preview, creditsSoFar }: { preview: Preview; creditsSoFar: number }) {
  const { push, calls, pull, held, totalCredits } = preview
  const tiles = [
    [push.length, TEXTS.preview.cellsToPush(push.length)],
    [calls.length, TEXTS.preview.writeCalls(calls.length)],
    [pull.records, TEXTS.preview.recordsToPull(pull.calls)],
    [held.length, TEXTS.preview.needYou(held.length)],
    [totalCredits, TEXTS.preview.credits(creditsSoFar)],
  ] as const
  return (
    <dl className="-mx-[18px] -mt-4 mb-4 grid grid-cols-2 border-b border-line sm:grid-cols-5">
      {tiles.map(([count, label]) => (
        <div key={label} className="flex flex-col-reverse justify-end border-r border-line-2 px-[18px] py-3 last:border-r-0">
          <dt className="text-xs text-ink-3">{label}</dt>
          <dd className="m-0 text-xl font-semibold">{count.toLocaleString()}</dd>
        </div>
      ))}
    </dl>
  )
}

/** What the monthly allowance says to this plan, where it has something to say. */
function AllowanceNote({ preview: { allowance, totalCredits } }: { preview: Preview }) {
  const left = allowance?.left ?? null
  if (allowance === undefined || left === null || (!allowance.isBlocked && left > totalCredits * 4)) return null
  return (
    <p
      role={allowance.isBlocked ? 'alert' : 'status'}
      className={`m-0 mb-4 rounded-md border border-line border-l-[3px] px-3 py-2 ${allowance.isBlocked ? 'border-l-bad' : 'border-l-warn'}`}
    >
      {allowance.isBlocked ? TEXTS.syncAll.blocked(Math.max(0, left)) : TEXTS.syncAll.tight(left)}{' '}
      <a className="underline" href="/usage">
        {TEXTS.nav.usage}
      </a>
    </p>
  )
}

function Section({ title, children }: { title: string; children: React.ReactNode }) {
  return (
    <section className="mb-4 grid gap-2 last:mb-0">
      <h3 className="m-0 text-xs font-semibold text-ink-2">{title}</h3>
      {children}
    </section>
  )
}

type HeldProps = Props & { readonly cell: Preview['held'][number]['cell']; readonly text: string; readonly fieldName: string }

/** A cell that stays here, with what a person can choose about it on the spot. */
function HeldLine({ cell, text, fieldName, painter, editing, onGoTo, onClose }: HeldProps) {
  const [row, fieldId] = [cell.row as RowId, cell.field as FieldId]
  const field = painter.sheet.field(fieldId)
  const status = field && painter.statusOf(row, field, painter.sheet.cell(row, fieldId))
  const isAsked = status !== undefined && (needsPerson(status.kind) || status.kind === 'held')
  return (
    <div
      className={`flex flex-wrap items-center gap-x-3 gap-y-1.5 rounded-lg border border-line border-l-[3px] px-3 py-2 ${status?.kind === 'refused' ? 'border-l-bad' : 'border-l-warn'}`}
    >
      <b className="font-semibold">
        {cell.recordKey} · {fieldName}
      </b>
      <span className="min-w-0">{isAsked && status.text !== '' ? status.text : text}</span>
      <span className="flex flex-wrap gap-1.5">
        {isAsked &&
          status.choices.map((choice) => (
            <Button
              key={choice.label}
              isSmall
              look={choice.act === 'put-back' ? 'ghost' : 'plain'}
              onPress={() => editing.choose(row, fieldId, choice)}
            >
              {choice.label}
            </Button>
          ))}
        <Button
          isSmall
          look="ghost"
          onPress={() => {
            onClose()
            onGoTo({ row, field: fieldId })
          }}
        >
          {TEXTS.open}
        </Button>
      </span>
    </div>
  )
}
