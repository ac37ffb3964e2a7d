'use client'

import { useCallback, useEffect, useMemo, useState } from 'react'
import type { AnswerOf, ConnectionInfo, Run, RunHead } from '../../server/api/contract.ts'
import { makeValueFormats, showValue } from '../../workbook/field-values.ts'
import { callApi } from '../api-client.ts'
import { appColor } from '../kit/app-colors.ts'
import { Button } from '../kit/button.tsx'
import { Failure } from '../kit/message.tsx'
import { PageFrame } from '../kit/page-frame.tsx'
import { makeTimes, type Times } from '../kit/times.ts'
import { Method } from '../sync-panel/preview-dialog.tsx'
import { balanceText, runLine } from '../sync-panel/run-text.ts'
import { describedAs } from '../sync-panel/survey.ts'
import { creditsText, TEXTS } from '../texts.ts'

const PAGE = 50
/** A run that is under way is asked for again after this long. ms. */
const AGAIN_MS = 2_000

const runOf = (pathname: string): string | undefined => /^\/runs\/([0-9A-Za-z]{1,32})\/?$/u.exec(pathname)?.[1]

export function RunsPage() {
  const run = useMemo(() => runOf(window.location.pathname), [])
  const times = useMemo(() => makeTimes(navigator.language, Intl.DateTimeFormat().resolvedOptions().timeZone, Date.now), [])
  const connections = useConnections()
  return run === undefined ? (
    <RunList times={times} connections={connections} />
  ) : (
    <RunDetail id={run} times={times} connections={connections} />
  )
}

type Connections = ReadonlyMap<string, ConnectionInfo>

function useConnections(): Connections {
  const [connections, setConnections] = useState<Connections>(new Map())
  useEffect(() => {
    callApi('listConnections', { query: {} }).then(
      (answer) => setConnections(new Map(answer.connections.map((c) => [c.id, c]))),
      // Runs are then shown without the names of their connections; the list's own failure says why.
      () => undefined,
    )
  }, [])
  return connections
}

function ConnectionName({ id, connections }: { id: string; connections: Connections }) {
  const connection = connections.get(id)
  if (connection === undefined) return <span className="text-ink-3">{id}</span>
  return (
    <span className="inline-flex items-center gap-1.5">
      <i className="swatch" style={{ background: appColor(connection.integration.app) }} aria-hidden />
      {connection.integration.appName} · {connection.object.name}
    </span>
  )
}

const byText = (run: RunHead): string => (run.trigger === 'person' ? run.byName : TEXTS.run.trigger[run.trigger])
const tookText = (run: RunHead, times: Times): string =>
  run.startedAt === null ? '' : times.span((run.endedAt ?? Date.now()) - run.startedAt)
const stateTone = (run: RunHead): string =>
  run.state === 'failed' ? 'text-bad' : run.state === 'partial' || run.state === 'waiting' ? 'text-warn' : 'text-ink'

function RunList({ times, connections }: { times: Times; connections: Connections }) {
  const [runs, setRuns] = useState<readonly RunHead[]>()
  const [error, setError] = useState<unknown>()
  const [hasMore, setMore] = useState(false)
  const filter = useMemo(() => new URLSearchParams(window.location.search).get('connection') ?? undefined, [])
  const load = useCallback(
    async (before?: number): Promise<void> => {
      try {
        const answer = await callApi('listRuns', { query: { limit: PAGE, connection: filter, to: before } })
        setRuns((known) => (before === undefined ? answer.runs : [...(known ?? []), ...answer.runs]))
        setMore(answer.runs.length === PAGE)
        setError(undefined)
      } catch (failure) {
        setError(failure)
      }
    },
    [filter],
  )
  useEffect(() => void load(), [load])
  const isUnderWay = runs?.some((run) => run.endedAt === null) ?? false
  useEffect(() => {
    if (!isUnderWay) return
    const timer = setInterval(() => void load(), AGAIN_MS)
    return () => clearInterval(timer)
  }, [isUnderWay, load])
  const { column } = TEXTS.runs
  return (
    <PageFrame title={TEXTS.runs.title} wide>
      <Failure error={error} />
      {runs === undefined && error === undefined && <p className="text-ink-3">{TEXTS.runs.loading}</p>}
      {runs?.length === 0 && <p className="text-ink-2">{TEXTS.runs.empty}</p>}
      {(runs?.length ?? 0) > 0 && (
        <div className="overflow-x-auto rounded-lg border border-line">
          <table className="w-full border-collapse text-left [&_td]:border-t [&_td]:border-line-2 [&_td]:px-3 [&_td]:py-2 [&_td]:align-top [&_th]:bg-wash [&_th]:px-3 [&_th]:py-2 [&_th]:text-xs [&_th]:font-medium [&_th]:text-ink-2">
            <thead>
              <tr>
                <th>{column.started}</th>
                <th>{column.connection}</th>
                <th>{column.state}</th>
                <th>{column.cells}</th>
                <th>{column.by}</th>
                <th className="text-right">{column.took}</th>
                <th className="text-right">{column.credits}</th>
              </tr>
            </thead>
            <tbody>
              {runs?.map((run) => (
                <tr key={run.id}>
                  <td className="whitespace-nowrap">
                    <a href={`/runs/${run.id}`}>{times.moment(run.createdAt)}</a>
                  </td>
                  <td className="whitespace-nowrap">
                    <ConnectionName id={run.connection} connections={connections} />
                  </td>
                  <td className={`whitespace-nowrap ${stateTone(run)}`}>{TEXTS.run.state[run.state]}</td>
                  <td className="min-w-52">{runLine(run)}</td>
                  <td className="whitespace-nowrap">{byText(run)}</td>
                  <td className="text-right whitespace-nowrap">{tookText(run, times)}</td>
                  <td className="text-right whitespace-nowrap">{run.totalCredits}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {hasMore && (
        <p>
          <Button onPress={() => void load(runs?.at(-1)?.createdAt)}>{TEXTS.runs.older}</Button>
        </p>
      )}
    </PageFrame>
  )
}

function useRun(id: string): { run: Run | undefined; error: unknown } {
  const [run, setRun] = useState<Run>()
  const [error, setError] = useState<unknown>()
  const [tick, setTick] = useState(0)
  // biome-ignore lint/correctness/useExhaustiveDependencies: `tick` asks again while the run is under way
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined
    const leaving = new AbortController()
    callApi('getRun', { params: { id } }, { signal: leaving.signal }).then(
      (answer: AnswerOf<'getRun'>) => {
        setRun(answer)
        if (answer.endedAt === null) timer = setTimeout(() => setTick((t) => t + 1), AGAIN_MS)
      },
      (failure) => !leaving.signal.aborted && setError(failure),
    )
    return () => {
      leaving.abort()
      clearTimeout(timer)
    }
  }, [id, tick])
  return { run, error }
}

type RunCell = Run['cells'][number]

/** A cell's values as a person reads them: people by name, times in their own zone; names of options as the app spelt them. */
function useShown(connection: ConnectionInfo | undefined): (cell: RunCell, value: RunCell['value']) => string {
  const formats = useMemo(
    () => makeValueFormats({ locale: navigator.language, timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone, now: Date.now }),
    [],
  )
  return (cell, value) => {
    if (value === null || value === '') return TEXTS.grid.cellEmpty
    const external = connection?.fields.find((f) => f.field === cell.field)?.external
    const field = connection && describedAs(connection)?.fields.find((f) => f.id === external)
    if (field === undefined || field.type === 'single-select') return String(value)
    return showValue({ type: field.type, options: field.options ?? [] }, value, formats)
  }
}

function RunDetail({ id, times, connections }: { id: string; times: Times; connections: Connections }) {
  const { run, error } = useRun(id)
  const shown = useShown(connections.get(run?.connection ?? ''))
  const { column } = TEXTS.runs
  if (run === undefined) {
    return (
      <PageFrame title={TEXTS.runs.title} wide>
        <Failure error={error} />
        {error === undefined && <p className="text-ink-3">{TEXTS.runs.loading}</p>}
      </PageFrame>
    )
  }
  const facts: readonly (readonly [string, React.ReactNode])[] = [
    [
      column.state,
      <b key="state" className={`font-semibold ${stateTone(run)}`}>
        {TEXTS.run.state[run.state]}
      </b>,
    ],
    [column.connection, <ConnectionName key="connection" id={run.connection} connections={connections} />],
    [column.by, `${byText(run)}${run.mode === 'one-way' ? ` · ${TEXTS.run.oneWay}` : ''}`],
    [column.started, times.moment(run.startedAt ?? run.createdAt)],
    [column.took, tookText(run, times)],
    [column.credits, creditsText(run.totalCredits)],
  ]
  return (
    <PageFrame
      title={`${TEXTS.run.kind[run.kind]} · ${times.moment(run.createdAt)}`}
      wide
      tools={
        <a className="button" href="/runs">
          {TEXTS.runs.title}
        </a>
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
      {run.error !== null && (
        <p role="alert" className="rounded-md border border-line border-l-[3px] border-l-bad px-3 py-2">
          <b className="font-semibold">{run.error.message}</b> {run.error.advice}
        </p>
      )}
      <Part title={TEXTS.runs.receipt}>
        <p className="m-0 text-ink-2">
          {balanceText(run.counts)}. {runLine(run)}.
        </p>
      </Part>
      <Part title={`${TEXTS.runs.cells} · ${run.cells.length}`}>
        {run.cells.length === 0 ? (
          <p className="m-0 text-ink-2">{TEXTS.runs.noCells}</p>
        ) : (
          <Table heads={[column.record, column.field, column.was, column.sent, column.got, column.outcome, column.author]}>
            {run.cells.map((cell) => (
              <tr key={`${cell.row}:${cell.field}:${cell.outcome}`}>
                <td className="font-medium text-tide-ink">{cell.recordKey}</td>
                <td>{cell.fieldName}</td>
                <td>{shown(cell, cell.base)}</td>
                <td>{cell.outcome === 'pulled' ? '' : shown(cell, cell.value)}</td>
                <td>{shown(cell, cell.got)}</td>
                <td>
                  {TEXTS.runs.outcome[cell.outcome]}
                  {cell.note !== null && <span className="block text-xs text-ink-3">{cell.note}</span>}
                </td>
                <td className="whitespace-nowrap">{cell.author}</td>
              </tr>
            ))}
          </Table>
        )}
      </Part>
      <Part title={`${TEXTS.runs.calls} · ${run.calls.length}`}>
        {run.calls.length === 0 && <p className="m-0 text-ink-2">{TEXTS.runs.noCalls}</p>}
        <ol className="m-0 grid list-none gap-1.5 p-0">
          {run.calls.map((call) => (
            <li key={call.seq} className="rounded-lg border border-line">
              <div className="flex flex-wrap items-center gap-x-3 gap-y-1 px-3 py-1.5">
                <span className="w-20 flex-none text-xs text-ink-2">{TEXTS.runs.callKind[call.kind]}</span>
                <Method name={call.method} />
                <code className="min-w-0 flex-1 font-mono text-xs break-all">{call.path}</code>
                {call.attempt > 1 && <span className="hint">{`${column.attempt} ${call.attempt}`}</span>}
                <span className={`font-mono text-xs ${call.status === null || call.status >= 400 ? 'text-bad' : 'text-ink-2'}`}>
                  {call.status ?? TEXTS.runs.noAnswer}
                </span>
                <span className="w-16 text-right text-xs text-ink-3">{times.span(call.ms)}</span>
              </div>
              {call.note !== null && <p className="m-0 px-3 pb-1.5 text-xs text-ink-2">{call.note}</p>}
              {call.requestBody !== null && (
                <details className="border-t border-line-2 px-3 py-1 text-xs">
                  <summary className="text-ink-2">{TEXTS.runs.body}</summary>
                  <pre className="m-0 mt-1 overflow-x-auto font-mono whitespace-pre-wrap text-ink-2">{call.requestBody}</pre>
                </details>
              )}
            </li>
          ))}
        </ol>
      </Part>
      <Part title={TEXTS.runs.steps}>
        <ol className="m-0 grid list-none gap-0.5 p-0 text-ink-2">
          {run.transitions.map((step, i) => (
            <li key={`${step.at}:${step.state}`} className="flex gap-3">
              <span className="w-20 flex-none text-ink-3">
                {i === 0 ? times.clock(step.at) : `+ ${times.span(step.at - (run.transitions[0]?.at ?? step.at))}`}
              </span>
              {TEXTS.run.state[step.state]}
              {step.note !== null && <span className="text-ink-3">{step.note}</span>}
            </li>
          ))}
        </ol>
      </Part>
    </PageFrame>
  )
}

function Part({ title, children }: { title: string; children: React.ReactNode }) {
  return (
    <section className="mb-5">
      <h2 className="m-0 mb-2 text-[13px] font-semibold">{title}</h2>
      {children}
    </section>
  )
}

function Table({ heads, children }: { heads: readonly string[]; children: React.ReactNode }) {
  return (
    <div className="overflow-x-auto rounded-lg border border-line">
      <table className="w-full border-collapse text-left [&_td]:border-t [&_td]:border-line-2 [&_td]:px-3 [&_td]:py-1.5 [&_td]:align-top [&_th]:bg-wash [&_th]:px-3 [&_th]:py-1.5 [&_th]:text-xs [&_th]:font-medium [&_th]:text-ink-2">
        <thead>
          <tr>
            {heads.map((head) => (
              <th key={head}>{head}</th>
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  )
}
