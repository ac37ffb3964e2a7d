import { useCallback, useEffect, useMemo, useState } from 'react'
import type { RunHead } from '../../server/api/contract.ts'
import { appColor } from '../kit/app-colors.ts'
import { Button } from '../kit/button.tsx'
import { DataTable } from '../kit/facts.tsx'
import { Failure } from '../kit/message.tsx'
import { PageFrame } from '../kit/page-frame.tsx'
import type { Times } from '../kit/times.ts'
import { useNow } from '../kit/use-now.ts'
import { runLine } from '../sync-panel/run-text.ts'
import { TEXTS } from '../texts.ts'
import { ExportMenu } from './export-menu.tsx'
import { addressOf, filtersOf, isFiltered, queryOf, type RunFilters } from './filters.ts'
import { worthALook } from './receipt.ts'
import { Retention } from './retention.tsx'
import { RunFilterBar } from './run-filters.tsx'
import { aboutText, startedBy, stateTone, tookText } from './run-words.ts'
import { useLog } from './use-log.ts'

/** The filters, kept in the address: back goes to the ones before, and a view of the log can be sent. */
function useFilters(): readonly [RunFilters, (filters: RunFilters) => void] {
  const [filters, setFilters] = useState(() => filtersOf(window.location.search))
  useEffect(() => {
    const onPop = (): void => setFilters(filtersOf(window.location.search))
    window.addEventListener('popstate', onPop)
    return () => window.removeEventListener('popstate', onPop)
  }, [])
  const change = useCallback((next: RunFilters): void => {
    setFilters((before) => {
      // Letters of one search are one step back, not ten.
      const isTyping = before.text !== '' && next.text !== '' && before.text !== next.text
      const address = `${window.location.pathname}${addressOf(next)}`
      if (isTyping) window.history.replaceState(null, '', address)
      else window.history.pushState(null, '', address)
      return next
    })
  }, [])
  return [filters, change]
}

/** The sync log: every run of the workspace, newest first. */
export function RunList({ times }: { readonly times: Times }) {
  const [filters, setFilters] = useFilters()
  const log = useLog(filters)
  const { shown, newer, next } = log.pages
  const isBusy = shown.some(({ endedAt, startedAt }) => endedAt === null && startedAt !== null)
  const now = useNow(1_000, isBusy)
  const query = useMemo(() => queryOf(filters), [filters])
  const { column } = TEXTS.runs
  return (
    <PageFrame
      title={TEXTS.runs.title}
      wide
      tools={
        <>
          <Retention />
          <ExportMenu query={query} />
        </>
      }
    >
      <RunFilterBar filters={filters} runs={shown} onChange={setFilters} />
      {log.error !== undefined && shown.length > 0 ? (
        <p role="status" className="m-0 mb-3 text-warn">
          {TEXTS.log.paused}
        </p>
      ) : (
        <Failure error={log.error} />
      )}
      {!log.isLoaded && log.error === undefined && <p className="text-ink-3">{TEXTS.runs.loading}</p>}
      {log.isLoaded && shown.length === 0 && <p className="text-ink-2">{isFiltered(filters) ? TEXTS.log.nothing : TEXTS.runs.empty}</p>}
      {newer.length > 0 && (
        <p className="sticky top-2 z-10 m-0 mb-2 text-center">
          <Button
            look="primary"
            isSmall
            onPress={() => {
              log.showNewer()
              window.scrollTo({ top: 0 })
            }}
          >
            {TEXTS.log.newer(newer.length)}
          </Button>
        </p>
      )}
      {shown.length > 0 && (
        <>
          <DataTable
            caption={TEXTS.log.caption}
            isStacked
            heads={[
              column.started,
              column.connection,
              column.state,
              column.cells,
              column.by,
              { text: column.took, isNumber: true },
              { text: column.credits, isNumber: true },
            ]}
          >
            {shown.map((run) => (
              <RunRow key={run.id} run={run} times={times} now={now} />
            ))}
          </DataTable>
          <div className="mt-3 flex flex-wrap items-center gap-3">
            {next !== null && (
              <Button isDisabled={log.isLoadingMore} onPress={log.more}>
                {TEXTS.runs.older}
              </Button>
            )}
            <span className="hint">
              {TEXTS.log.shown(shown.length, next !== null)} {TEXTS.log.live}
            </span>
          </div>
        </>
      )}
    </PageFrame>
  )
}

/** What the parts of a row are, also where they are drawn as blocks and a browser would forget it. */
const STILL = { row: { role: 'row' }, head: { role: 'rowheader' }, cell: { role: 'cell' } } as const

function RunRow({ run, times, now }: { readonly run: RunHead; readonly times: Times; readonly now: number }) {
  const look = worthALook(run.counts)
  return (
    <tr {...STILL.row}>
      <th scope="row" {...STILL.head} className="whitespace-nowrap">
        <a href={`/runs/${run.id}`}>{times.moment(run.createdAt)}</a>
      </th>
      <td {...STILL.cell} className="whitespace-nowrap">
        <About run={run} />
      </td>
      <td {...STILL.cell} className={`whitespace-nowrap ${stateTone(run)}`}>
        {run.state === 'queued' ? TEXTS.panel.queued(run.queuePlace) : TEXTS.run.state[run.state]}
        {run.progress !== null && run.progress.total > 0 && (
          <span className="block text-xs text-ink-3">{TEXTS.run.progress(run.progress.done, run.progress.total)}</span>
        )}
      </td>
      <td {...STILL.cell} className="min-w-52">
        {runLine(run)}
        {look !== undefined && (
          <>
            {'. '}
            <a className="underline" href={`/runs/${run.id}?cells=${look.part}`}>
              {TEXTS.log.show(look.count)}
            </a>
          </>
        )}
      </td>
      <td {...STILL.cell} className="whitespace-nowrap">
        {startedBy(run)}
      </td>
      <td {...STILL.cell} data-label={TEXTS.runs.column.took} className="whitespace-nowrap sm:text-right">
        {tookText(run, times, now)}
      </td>
      <td {...STILL.cell} data-label={TEXTS.runs.column.credits} className="whitespace-nowrap sm:text-right">
        {run.totalCredits.toLocaleString()}
      </td>
    </tr>
  )
}

/** What a run was about: app and object, and the workbook beside it. */
export function About({ run }: { readonly run: Pick<RunHead, 'about'> }) {
  return (
    <span className="inline-flex items-baseline gap-1.5">
      <i className="swatch" style={{ background: appColor(run.about?.app ?? '') }} aria-hidden />
      <span>
        {aboutText(run)}
        {run.about !== undefined && <span className="block text-xs text-ink-3">{run.about.workbookName}</span>}
      </span>
    </span>
  )
}
