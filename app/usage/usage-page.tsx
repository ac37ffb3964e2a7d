'use client'

import { ChevronLeft, ChevronRight, Download } from 'lucide-react'
import { useCallback, useEffect, useMemo, useState } from 'react'
import { Button as AriaButton, Menu, MenuItem, MenuTrigger, Popover } from 'react-aria-components'
import { callApi } from '../api-client.ts'
import { saveFile } from '../files/save-file.ts'
import { IconButton } from '../kit/button.tsx'
import { DataTable, Part, Switches } from '../kit/facts.tsx'
import { Failure } from '../kit/message.tsx'
import { PageFrame } from '../kit/page-frame.tsx'
import { TEXTS } from '../texts.ts'
import { AllowanceCard } from './allowance.tsx'
import { Chart, Swatch } from './chart.tsx'
import {
  dayName,
  daysOf,
  type Grouping,
  type Month,
  monthAfter,
  monthIn,
  monthName,
  monthOf,
  type Series,
  seriesOf,
  sum,
  totalsOf,
  type Usage,
  usageCsv,
} from './usage.ts'

const GROUPINGS: readonly Grouping[] = ['integration', 'rule', 'person']

/** Asks for a month's ledger; the one before stays shown until the answer is here. */
function useUsage(month: Month): { usage: Usage | undefined; error: unknown; again: () => void } {
  const [usage, setUsage] = useState<Usage>()
  const [error, setError] = useState<unknown>()
  const [tick, setTick] = useState(0)
  // biome-ignore lint/correctness/useExhaustiveDependencies: `tick` asks again after a change of the allowance
  useEffect(() => {
    const days = daysOf(month)
    const leaving = new AbortController()
    callApi('getUsage', { query: { from: days[0], to: days.at(-1) } }, { signal: leaving.signal }).then(
      (answer) => {
        setUsage(answer)
        setError(undefined)
      },
      (failure) => !leaving.signal.aborted && setError(failure),
    )
    return () => leaving.abort()
  }, [month, tick])
  const again = useCallback(() => setTick((t) => t + 1), [])
  return { usage, error, again }
}

/** Credits by day, integration, rule and person: chart, table, allowance, and the same as a file. */
export function UsagePage() {
  const [locale] = useState(() => navigator.language)
  const [month, setMonth] = useState<Month>(() => monthIn(window.location.search) ?? monthOf(Date.now(), undefined))
  const [by, setBy] = useState<Grouping>('integration')
  const [only, setOnly] = useState({ integration: '', person: '' })
  const { usage, error, again } = useUsage(month)
  const days = useMemo(() => daysOf(month), [month])
  const T = TEXTS.usage
  const show = (to: Month): void => {
    window.history.replaceState(null, '', `/usage?month=${to}`)
    setMonth(to)
  }
  const thisMonth = monthOf(Date.now(), usage?.timeZone)
  const all = usage?.lines ?? []
  const lines = all.filter(
    (line) => (only.integration === '' || line.integration === only.integration) && (only.person === '' || line.person === only.person),
  )
  const series = seriesOf(lines, by, days, { rule: TEXTS.log.receipt.rules, others: T.others })
  const total = sum(series.map((one) => one.total))
  const name = monthName(month, locale)
  const save = (format: 'csv' | 'json'): void => {
    const text = format === 'csv' ? usageCsv(lines) : JSON.stringify({ month, timeZone: usage?.timeZone, lines }, null, 2)
    saveFile(new Blob([text], { type: format === 'csv' ? 'text/csv' : 'application/json' }), `usage-${month}.${format}`)
  }
  return (
    <PageFrame
      title={T.title}
      wide
      tools={
        <MenuTrigger>
          <AriaButton className="button" isDisabled={lines.length === 0}>
            <Download size={14} aria-hidden /> {T.export}
          </AriaButton>
          <Popover placement="bottom end" className="popover arrives">
            <Menu className="menu" aria-label={T.export} onAction={(key) => save(key === 'json' ? 'json' : 'csv')}>
              <MenuItem id="csv" className="menu-item">
                {T.exportAs('CSV')}
              </MenuItem>
              <MenuItem id="json" className="menu-item">
                {T.exportAs('JSON')}
              </MenuItem>
            </Menu>
          </Popover>
        </MenuTrigger>
      }
    >
      <Failure error={error} />
      {usage === undefined && error === undefined && <p className="text-ink-3">{T.loading}</p>}
      {usage !== undefined && (
        <>
          <AllowanceCard
            allowance={usage.allowance}
            dayOf={(at) => new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'long', timeZone: usage.timeZone }).format(at)}
            onSaved={again}
          />
          <section aria-label={name}>
            <div className="mb-3 flex flex-wrap items-end gap-x-4 gap-y-2">
              <div className="flex items-center gap-1">
                <IconButton label={T.before} onPress={() => show(monthAfter(month, -1))}>
                  <ChevronLeft size={16} aria-hidden />
                </IconButton>
                <h2 aria-live="polite" className="m-0 min-w-36 text-center text-sm font-semibold">
                  {name}
                </h2>
                <IconButton label={T.after} isDisabled={month >= thisMonth} onPress={() => show(monthAfter(month, 1))}>
                  <ChevronRight size={16} aria-hidden />
                </IconButton>
              </div>
              <Switches label={T.by} value={by} options={GROUPINGS.map((key) => ({ key, text: T.groups[key] }))} onChange={setBy} />
              <Only
                label={T.only.integration}
                all={T.all.integration}
                value={only.integration}
                options={new Map(all.map((line) => [line.integration, line.integrationName]))}
                onChange={(integration) => setOnly({ ...only, integration })}
              />
              <Only
                label={T.only.person}
                all={T.all.person}
                value={only.person}
                options={new Map(all.map((line) => [line.person, line.personName]))}
                onChange={(person) => setOnly({ ...only, person })}
              />
            </div>
            {total === 0 ? (
              <p className="text-ink-2">{T.nothing(name)}</p>
            ) : (
              <div className="grid items-start gap-5 lg:grid-cols-[minmax(0,1fr)_300px]">
                <Chart label={T.chart(name, T.groups[by])} days={days} series={series} locale={locale} />
                <Totals series={series} by={by} total={total} />
              </div>
            )}
            <p className="hint m-0 mt-3 mb-5">
              {T.ledger} <a href={`/runs?from=${days[0]}&to=${days.at(-1)}`}>{T.runs}</a>. {T.zone(usage.timeZone)}
            </p>
          </section>
          {total > 0 && (
            <Part title={T.daysTable}>
              <Days days={days} series={series} total={total} locale={locale} />
            </Part>
          )}
        </>
      )}
    </PageFrame>
  )
}

function Only(props: {
  readonly label: string
  readonly all: string
  readonly value: string
  readonly options: ReadonlyMap<string, string>
  readonly onChange: (value: string) => void
}) {
  const { label, all, value, options, onChange } = props
  return (
    <label className="flex items-center gap-2">
      <span className="sr-only">{label}</span>
      <select className="input" value={value} onChange={(event) => onChange(event.target.value)}>
        <option value="">{all}</option>
        {[...options].map(([id, name]) => (
          <option key={id} value={id}>
            {name}
          </option>
        ))}
      </select>
    </label>
  )
}

function Totals({ series, by, total }: { readonly series: readonly Series[]; readonly by: Grouping; readonly total: number }) {
  const T = TEXTS.usage
  return (
    <DataTable
      caption={T.totals}
      heads={[T.groups[by], { text: T.credits, isNumber: true }, { text: T.share, isNumber: true }]}
      foot={
        <tr>
          <th scope="row">{T.total}</th>
          <td className="text-right">{total.toLocaleString()}</td>
          <td className="text-right">100 %</td>
        </tr>
      }
    >
      {series.map((one, i) => (
        <tr key={one.key}>
          <th scope="row">
            <span className="inline-flex items-center gap-1.5">
              <Swatch index={i} />
              {one.name}
            </span>
          </th>
          <td className="text-right">{one.total.toLocaleString()}</td>
          <td className="text-right">{Math.round((one.total / total) * 100)} %</td>
        </tr>
      ))}
    </DataTable>
  )
}

function Days(props: {
  readonly days: readonly string[]
  readonly series: readonly Series[]
  readonly total: number
  readonly locale: string
}) {
  const { days, series, total, locale } = props
  const totals = totalsOf(series, days)
  const T = TEXTS.usage
  return (
    <DataTable
      caption={T.daysTable}
      heads={[T.day, ...series.map(({ name }) => ({ text: name, isNumber: true })), { text: T.total, isNumber: true }]}
      foot={
        <tr>
          <th scope="row">{T.total}</th>
          {series.map((one) => (
            <td key={one.key} className="text-right">
              {one.total.toLocaleString()}
            </td>
          ))}
          <td className="text-right">{total.toLocaleString()}</td>
        </tr>
      }
    >
      {days.flatMap((day, i) =>
        totals[i] === 0
          ? []
          : [
              <tr key={day}>
                <th scope="row" className="whitespace-nowrap">
                  {dayName(day, locale)}
                </th>
                {series.map((one) => (
                  <td key={one.key} className="text-right">
                    {one.days[i] === 0 ? '' : one.days[i]?.toLocaleString()}
                  </td>
                ))}
                <td className="text-right font-medium">{totals[i]?.toLocaleString()}</td>
              </tr>,
            ],
      )}
    </DataTable>
  )
}
