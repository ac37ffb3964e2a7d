import { Undo2 } from 'lucide-react'
import { useEffect, useState } from 'react'
import type { ConnectionInfo, Run } from '../../server/api/contract.ts'
import { callApi } from '../api-client.ts'
import { Button } from '../kit/button.tsx'
import { Part } from '../kit/facts.tsx'
import { Failure } from '../kit/message.tsx'
import { PageFrame } from '../kit/page-frame.tsx'
import type { Times } from '../kit/times.ts'
import { useNow } from '../kit/use-now.ts'
import { runLine } from '../sync-panel/run-text.ts'
import { creditsText, TEXTS } from '../texts.ts'
import { CallList } from './call-list.tsx'
import { CellList } from './cell-list.tsx'
import { ExportMenu } from './export-menu.tsx'
import { type CellFilter, isCellFilter } from './receipt.ts'
import { ReceiptView } from './receipt-view.tsx'
import { About } from './run-list.tsx'
import { failureOf, startedBy, stateTone, tookText } from './run-words.ts'
import { UndoDialog } from './undo-dialog.tsx'
import { useShown } from './use-shown.ts'
import { Waiting } from './waiting.tsx'

/** A run that is under way is asked for again after this long, one that waits for somebody more slowly. ms. */
const AGAIN_MS = 1_500
const WAITING_MS = 5_000

function useRun(id: string): { run: Run | undefined; error: unknown; again: () => void } {
  const [run, setRun] = useState<Run>()
  const [error, setError] = useState<unknown>()
  const [tick, setTick] = useState(0)
  // biome-ignore lint/correctness/useExhaustiveDependencies: `tick` asks again while the run is under way
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined
    const leaving = new AbortController()
    const later = (ms: number): void => {
      timer = setTimeout(() => setTick((t) => t + 1), ms)
    }
    callApi('getRun', { params: { id } }, { signal: leaving.signal }).then(
      (answer) => {
        setRun(answer)
        setError(undefined)
        if (answer.endedAt === null) later(answer.state === 'waiting' ? WAITING_MS : AGAIN_MS)
      },
      (failure) => {
        if (leaving.signal.aborted) return
        setError(failure)
        if (run !== undefined && run.endedAt === null) later(WAITING_MS)
      },
    )
    return () => {
      leaving.abort()
      clearTimeout(timer)
    }
  }, [id, tick])
  return { run, error, again: () => setTick((t) => t + 1) }
}

/** The run's connection, for how its values are shown; gone ones are shown as they were written down. */
function useConnection(id: string | undefined): ConnectionInfo | undefined {
  const [connection, setConnection] = useState<ConnectionInfo>()
  useEffect(() => {
    if (id === undefined) return
    const leaving = new AbortController()
    callApi('listConnections', { query: {} }, { signal: leaving.signal }).then(
      ({ connections }) => setConnection(connections.find((c) => c.id === id)),
      () => undefined,
    )
    return () => leaving.abort()
  }, [id])
  return connection
}

/** One run, down to each call and each cell, with its receipt. */
export function RunDetail({ id, times }: { readonly id: string; readonly times: Times }) {
  const { run, error, again } = useRun(id)
  const connection = useConnection(run?.connection)
  const shown = useShown(connection)
  const now = useNow(1_000, run !== undefined && run.endedAt === null)
  const [filter, setFilter] = useState<CellFilter>(() => {
    const wanted = new URLSearchParams(window.location.search).get('cells')
    return isCellFilter(wanted) ? wanted : 'all'
  })
  const [isUndoing, setUndoing] = useState(false)
  const { column } = TEXTS.runs
  if (run === undefined) {
    return (
      <PageFrame title={TEXTS.runs.title} wide>
        <Failure error={error} />
        {error === undefined && <p className="text-ink-3">{TEXTS.runs.loading}</p>}
      </PageFrame>
    )
  }
  const show = (part: CellFilter): void => {
    setFilter(part)
    document.getElementById(CELLS_ID)?.scrollIntoView({ block: 'start' })
  }
  const failure = failureOf(run)
  const facts: readonly (readonly [string, React.ReactNode])[] = [
    [
      column.state,
      <b key="state" className={`font-semibold ${stateTone(run)}`}>
        {run.state === 'queued' ? TEXTS.panel.queued(run.queuePlace) : TEXTS.run.state[run.state]}
      </b>,
    ],
    [column.connection, <About key="about" run={run} />],
    [column.by, `${startedBy(run)}${run.mode === 'one-way' && run.kind === 'sync' ? ` · ${TEXTS.run.oneWay}` : ''}`],
    [column.started, times.exact(run.startedAt ?? run.createdAt)],
    [TEXTS.log.ended, run.endedAt === null ? TEXTS.log.notYet : times.exact(run.endedAt)],
    [column.took, tookText(run, times, now)],
    [column.credits, creditsText(run.totalCredits)],
  ]
  return (
    <PageFrame
      title={`${TEXTS.run.kind[run.kind]} · ${times.moment(run.createdAt)}`}
      wide
      tools={
        <>
          {run.canUndo === true && (
            <Button onPress={() => setUndoing(true)}>
              <Undo2 size={14} aria-hidden /> {TEXTS.log.undo.button}
            </Button>
          )}
          <ExportMenu query={{ text: run.id }} />
          <a className="button" href="/runs">
            {TEXTS.runs.title}
          </a>
        </>
      }
    >
      <dl className="m-0 mb-4 flex flex-wrap gap-x-8 gap-y-2">
        {facts.map(([label, value]) => (
          <div key={label}>
            <dt className="text-xs text-ink-3">{label}</dt>
            <dd className="m-0">{value}</dd>
          </div>
        ))}
      </dl>
      <p className="m-0 mb-4">
        {runLine(run)}.{' '}
        {run.undoes !== undefined && (
          <a className="underline" href={`/runs/${run.undoes}`}>
            {TEXTS.log.undone(run.undoes)}
          </a>
        )}
      </p>
      <Failure error={error} />
      {failure !== undefined && (
        <p role="alert" className="mb-4 rounded-md border border-line border-l-[3px] border-l-bad px-3 py-2">
          <b className="font-semibold">{failure.message}</b> {failure.advice}{' '}
          {run.error?.code === 'auth-expired' && run.about !== undefined && (
            <a className="underline" href={`/settings/integrations/${run.about.integration}`}>
              {TEXTS.log.signIn}
            </a>
          )}
        </p>
      )}
      {run.state === 'waiting' && (
        <Part title={TEXTS.log.waiting.title}>
          <Waiting run={run} shown={shown} onDecided={again} />
        </Part>
      )}
      <Part title={TEXTS.runs.receipt}>
        <ReceiptView run={run} cells={run.cells} onShow={show} />
      </Part>
      <div id={CELLS_ID}>
        <Part title={`${TEXTS.runs.cells} · ${run.cells.length.toLocaleString('en')}`}>
          <CellList run={run} shown={shown} filter={filter} onFilter={setFilter} />
        </Part>
      </div>
      <Part title={`${TEXTS.runs.calls} · ${run.calls.length.toLocaleString('en')}`}>
        <CallList run={run} times={times} />
      </Part>
      <Part title={TEXTS.runs.steps}>
        <Steps run={run} times={times} />
      </Part>
      {isUndoing && (
        <UndoDialog
          run={run}
          connection={connection}
          onClose={() => setUndoing(false)}
          onStarted={(started) => window.location.assign(`/runs/${started}`)}
        />
      )}
    </PageFrame>
  )
}

const CELLS_ID = 'cells'

function Steps({ run, times }: { readonly run: Run; readonly times: Times }) {
  return (
    <ol className="m-0 grid list-none gap-0.5 p-0 text-ink-2">
      {run.transitions.map((step, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a run may be in one state twice in one moment; steps are never reordered
        <li key={`${step.at}:${step.state}:${i}`} className="flex gap-3">
          <span className="w-20 flex-none text-ink-3">
            {i === 0 ? times.clock(step.at) : `+ ${times.span(step.at - (run.transitions[0]?.at ?? step.at))}`}
          </span>
          <span>{TEXTS.run.state[step.state]}</span>
          {step.note !== null && <span className="min-w-0 text-ink-3">{step.note}</span>}
        </li>
      ))}
    </ol>
  )
}
