import { useEffect, useState } from 'react'
import type { ConnectionInfo, Run } from '../../server/api/contract.ts'
import { callApi } from '../api-client.ts'
import type { SessionState } from '../collab/session-state.ts'
import { Failure } from '../kit/message.tsx'
import type { Times } from '../kit/times.ts'
import { CallList } from '../runs/call-list.tsx'
import { CellList } from '../runs/cell-list.tsx'
import type { CellFilter } from '../runs/receipt.ts'
import { ReceiptView } from '../runs/receipt-view.tsx'
import { failureOf } from '../runs/run-words.ts'
import { useShown } from '../runs/use-shown.ts'
import { Waiting } from '../runs/waiting.tsx'
import { TEXTS } from '../texts.ts'
import { RunProgress } from './run-progress.tsx'

export interface RunResultProps {
  readonly run: string
  readonly connection: ConnectionInfo
  readonly state: SessionState
  readonly times: Times
}

/** A run that was started here, in the place of its plan: how far it is, then its receipt with every cell and call. */
export function RunResult({ run: id, connection, state, times }: RunResultProps) {
  const head = state.runs.find((run) => run.id === id)
  const [run, setRun] = useState<Run>()
  const [error, setError] = useState<unknown>()
  const [filter, setFilter] = useState<CellFilter>('all')
  const shown = useShown(connection)
  const isEnded = head !== undefined && head.endedAt !== null
  const isWaiting = head?.state === 'waiting'
  useEffect(() => {
    if (!isEnded) return
    const leaving = new AbortController()
    callApi('getRun', { params: { id } }, { signal: leaving.signal }).then(
      setRun,
      (failure) => !leaving.signal.aborted && setError(failure),
    )
    return () => leaving.abort()
  }, [id, isEnded])
  if (isWaiting) return <Waiting run={head} shown={shown} onDecided={() => undefined} />
  if (head !== undefined && !isEnded) return <RunProgress run={head} />
  if (run === undefined) {
    return (
      <>
        <p role="status" className="m-0 text-ink-3">
          {TEXTS.runs.loading}
        </p>
        <Failure error={error} />
      </>
    )
  }
  const failure = failureOf(run)
  return (
    <div className="grid gap-4">
      {failure !== undefined && (
        <p role="alert" className="m-0 rounded-md border border-line border-l-[3px] border-l-bad px-3 py-2">
          <b className="font-semibold">{failure.message}</b> {failure.advice}
        </p>
      )}
      <section>
        <h3 className="m-0 mb-2 text-xs font-semibold text-ink-2">{TEXTS.runs.receipt}</h3>
        <ReceiptView run={run} cells={run.cells} onShow={setFilter} />
      </section>
      {run.cells.length > 0 && (
        <section>
          <h3 className="m-0 mb-2 text-xs font-semibold text-ink-2">{`${TEXTS.runs.cells} · ${run.cells.length.toLocaleString('en')}`}</h3>
          <CellList run={run} shown={shown} filter={filter} onFilter={setFilter} />
        </section>
      )}
      <section>
        <h3 className="m-0 mb-2 text-xs font-semibold text-ink-2">{`${TEXTS.runs.calls} · ${run.calls.length.toLocaleString('en')}`}</h3>
        <CallList run={run} times={times} />
      </section>
    </div>
  )
}
