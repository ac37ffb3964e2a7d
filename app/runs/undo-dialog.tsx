import { useEffect, useState } from 'react'
import type { AnswerOf, ConnectionInfo, RunHead } from '../../server/api/contract.ts'
import { callApi } from '../api-client.ts'
import { appColor } from '../kit/app-colors.ts'
import { Button } from '../kit/button.tsx'
import { Failure } from '../kit/message.tsx'
import { Modal } from '../kit/modal.tsx'
import { creditsText, TEXTS } from '../texts.ts'
import { Method } from './call-list.tsx'
import { bodyText } from './call-text.ts'
import { aboutText } from './run-words.ts'
import { externalName, useShown } from './use-shown.ts'

export interface UndoDialogProps {
  readonly run: Pick<RunHead, 'id' | 'about'>
  /** For how values and fields are named. */
  readonly connection: ConnectionInfo | undefined
  readonly onClose: () => void
  /** The undo is queued as this run. */
  readonly onStarted: (run: string) => void
}

/** What undoing a sync would write, before anything is written: a plan with its price, as any other. */
export function UndoDialog({ run, connection, onClose, onStarted }: UndoDialogProps) {
  const [plan, setPlan] = useState<AnswerOf<'previewUndo'>>()
  const [error, setError] = useState<unknown>()
  const [isStarting, setStarting] = useState(false)
  const shown = useShown(connection)
  const T = TEXTS.log.undo
  useEffect(() => {
    const leaving = new AbortController()
    callApi('previewUndo', { params: { id: run.id } }, { signal: leaving.signal }).then(
      setPlan,
      (failure) => !leaving.signal.aborted && setError(failure),
    )
    return () => leaving.abort()
  }, [run.id])
  const start = async (): Promise<void> => {
    if (plan === undefined) return
    setStarting(true)
    setError(undefined)
    try {
      const started = await callApi('undoRun', { params: { id: run.id }, body: { planId: plan.planId } })
      onStarted(started.run)
    } catch (failure) {
      setError(failure)
    } finally {
      setStarting(false)
    }
  }
  const count = plan?.push.length ?? 0
  return (
    <Modal
      isOpen
      onClose={onClose}
      width={880}
      lead={<i className="swatch" style={{ background: appColor(run.about?.app ?? '') }} aria-hidden />}
      title={T.title(aboutText(run))}
      note={T.note}
      foot={
        <>
          <Button look="primary" isDisabled={count === 0 || isStarting} onPress={() => void start()}>
            {T.run(count, creditsText(plan?.totalCredits ?? 0))}
          </Button>
          <Button look="ghost" onPress={onClose}>
            {TEXTS.close}
          </Button>
          <span className="hint ml-auto">{T.started}</span>
        </>
      }
    >
      <Failure error={error} />
      {plan === undefined && error === undefined && <p className="m-0 text-ink-3">{T.loading}</p>}
      {plan !== undefined && (
        <div className="grid gap-4">
          {count === 0 && <p className="m-0">{T.nothing}</p>}
          {count > 0 && (
            <Block title={T.back}>
              <ul className="m-0 grid list-none p-0">
                {plan.push.map((cell) => (
                  <li key={`${cell.row}:${cell.field}`} className="flex flex-wrap gap-x-3 border-t border-line-2 py-1.5 first:border-t-0">
                    <b className="font-semibold text-tide-ink">{cell.recordKey}</b>
                    <span>{externalName(connection, cell.external)}</span>
                    <span>
                      <s className="text-ink-3">{shown(cell.field, cell.baseline)}</s> → {shown(cell.field, cell.sent)}
                    </span>
                  </li>
                ))}
              </ul>
            </Block>
          )}
          {plan.skipped.length > 0 && (
            <Block title={T.stays}>
              <ul className="m-0 grid list-none p-0">
                {plan.skipped.map((cell) => (
                  <li key={`${cell.row}:${cell.field}`} className="border-t border-line-2 py-1.5 first:border-t-0">
                    <b className="font-semibold">
                      {cell.recordKey} · {cell.fieldName}
                    </b>{' '}
                    <span className="text-ink-2">{cell.text}</span>
                  </li>
                ))}
              </ul>
            </Block>
          )}
          {count > 0 && (
            <Block title={T.calls}>
              {plan.check.calls > 0 && <p className="m-0 mb-2 text-ink-2">{T.first(plan.check.calls, plan.check.records)}</p>}
              <div className="grid gap-2">
                {plan.calls.map((call, index) => (
                  // biome-ignore lint/suspicious/noArrayIndexKey: two calls may be alike; a plan is never reordered
                  <article key={`${call.method}:${call.path}:${index}`} className="overflow-hidden rounded-lg border border-line">
                    <header className="flex flex-wrap items-center gap-x-3 gap-y-1 px-3 py-2">
                      <Method name={call.method} />
                      <code className="min-w-0 flex-1 font-mono text-xs break-all">{call.path}</code>
                    </header>
                    <pre className="m-0 overflow-x-auto border-t border-line-2 bg-wash px-3 py-2 font-mono text-xs whitespace-pre-wrap text-ink-2">
                      {bodyText(call.body)}
                    </pre>
                  </article>
                ))}
              </div>
              {plan.pull.calls > 0 && <p className="m-0 mt-2 text-ink-2">{T.after(plan.pull.calls, plan.pull.records)}</p>}
            </Block>
          )}
        </div>
      )}
    </Modal>
  )
}

function Block({ title, children }: { readonly title: string; readonly children: React.ReactNode }) {
  return (
    <section>
      <h3 className="m-0 mb-1.5 text-xs font-semibold text-ink-2">{title}</h3>
      {children}
    </section>
  )
}
