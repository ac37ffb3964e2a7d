import { type KeyboardEvent, useId, useRef, useState } from 'react'
import { TEXTS } from '../texts.ts'
import { dayName, type Series, scaleOf, totalsOf } from './usage.ts'

export interface ChartProps {
  readonly label: string
  readonly days: readonly string[]
  readonly series: readonly Series[]
  readonly locale: string
}

/** In the chart's own coordinates; it is drawn as wide as there is room. */
const WIDTH = 720
const HEIGHT = 240
const LEFT = 48
const BOTTOM = 22
const TOP = 8

/** Each series has a colour and a pattern, so that nothing hangs on colour alone. */
const PATTERNS = ['solid', 'stripes', 'dots', 'cross', 'lines', 'waves'] as const
const COLORS = ['var(--chart-1)', 'var(--chart-2)', 'var(--chart-3)', 'var(--chart-4)', 'var(--chart-5)', 'var(--chart-6)'] as const

/** Bars a day, stacked; each day can be gone to by keyboard and says its numbers. The table beside it says the same. */
export function Chart({ label, days, series, locale }: ChartProps) {
  const id = useId()
  const bars = useRef<(HTMLAnchorElement | SVGAElement | null)[]>([])
  const [current, setCurrent] = useState(0)
  const totals = totalsOf(series, days)
  const ticks = scaleOf(Math.max(0, ...totals))
  const most = ticks.at(-1) ?? 1
  const room = (WIDTH - LEFT) / days.length
  const height = HEIGHT - TOP - BOTTOM
  const yOf = (value: number): number => TOP + height - (value / most) * height
  const goTo = (index: number): void => {
    const next = Math.max(0, Math.min(days.length - 1, index))
    setCurrent(next)
    bars.current[next]?.focus()
  }
  const onKeyDown = (event: KeyboardEvent): void => {
    const moves: Partial<Record<string, number>> = { ArrowLeft: current - 1, ArrowRight: current + 1, Home: 0, End: days.length - 1 }
    const to = moves[event.key]
    if (to === undefined) return
    event.preventDefault()
    goTo(to)
  }
  const said = (index: number): string => {
    const parts = series.filter((one) => (one.days[index] ?? 0) > 0).map((one) => TEXTS.usage.partOf(one.name, one.days[index] ?? 0))
    return TEXTS.usage.dayLabel(dayName(days[index] ?? '', locale), totals[index] ?? 0, parts.join(', '))
  }
  return (
    <figure className="m-0">
      {/* biome-ignore lint/a11y/useSemanticElements: a drawing of many parts, each of which can be gone to */}
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="group" aria-label={label} className="chart block w-full" onKeyDown={onKeyDown}>
        <defs>
          {series.map((_, i) => (
            <Pattern key={PATTERNS[i % PATTERNS.length]} id={`${id}-${i}`} kind={i} />
          ))}
        </defs>
        <g aria-hidden>
          {ticks.map((tick) => (
            <g key={tick}>
              <line x1={LEFT} x2={WIDTH} y1={yOf(tick)} y2={yOf(tick)} stroke="var(--line)" />
              <text x={LEFT - 6} y={yOf(tick) + 4} textAnchor="end" fontSize={11} fill="var(--ink-2)">
                {tick.toLocaleString(locale)}
              </text>
            </g>
          ))}
          {days.map((day, i) => (
            <text
              key={day}
              x={LEFT + room * (i + 0.5)}
              y={HEIGHT - 6}
              textAnchor="middle"
              fontSize={10}
              fill="var(--ink-2)"
              className="chart-day"
            >
              {Number(day.slice(8))}
            </text>
          ))}
        </g>
        {days.map((day, i) => {
          let below = 0
          return (
            // A day leads to its runs; React knows SVG's own links by no other name.
            <a
              key={day}
              ref={(element: HTMLAnchorElement | SVGAElement | null) => {
                bars.current[i] = element
              }}
              href={`/runs?from=${day}&to=${day}`}
              aria-label={said(i)}
              tabIndex={i === current ? 0 : -1}
              onFocus={() => setCurrent(i)}
              className="chart-bar"
            >
              <title>{said(i)}</title>
              <rect x={LEFT + room * i} y={TOP} width={room} height={height} fill="transparent" className="chart-ground" />
              {series.map((one, s) => {
                const value = one.days[i] ?? 0
                if (value === 0) return null
                const y = yOf(below + value)
                const bar = (
                  <rect
                    key={one.key}
                    x={LEFT + room * i + room * 0.14}
                    width={room * 0.72}
                    y={y}
                    height={Math.max(1, yOf(below) - y)}
                    fill={`url(#${id}-${s})`}
                    stroke={COLORS[s % COLORS.length]}
                  />
                )
                below += value
                return bar
              })}
            </a>
          )
        })}
      </svg>
      <ul aria-label={TEXTS.usage.legend} className="m-0 mt-2 flex list-none flex-wrap gap-x-4 gap-y-1 p-0 text-xs text-ink-2">
        {series.map((one, i) => (
          <li key={one.key} className="inline-flex items-center gap-1.5">
            <Swatch index={i} />
            {one.name}
          </li>
        ))}
      </ul>
    </figure>
  )
}

/** The colour and pattern of a series, before its name. */
export function Swatch({ index }: { readonly index: number }) {
  const id = useId()
  return (
    <svg width={14} height={14} aria-hidden className="chart flex-none">
      <defs>
        <Pattern id={id} kind={index} />
      </defs>
      <rect x={0.5} y={0.5} width={13} height={13} fill={`url(#${id})`} stroke={COLORS[index % COLORS.length]} />
    </svg>
  )
}

function Pattern({ id, kind }: { readonly id: string; readonly kind: number }) {
  const color = COLORS[kind % COLORS.length]
  const ground = <rect width={6} height={6} fill={color} fillOpacity={0.28} />
  const line = { stroke: color, strokeWidth: 1.6, fill: 'none' } as const
  return (
    <pattern id={id} width={6} height={6} patternUnits="userSpaceOnUse">
      {kind % PATTERNS.length === 0 ? <rect width={6} height={6} fill={color} /> : ground}
      {kind % PATTERNS.length === 1 && <path d="M-1 5 L1 7 M-1 1 L5 7 M1 -1 L7 5 M5 -1 L7 1" {...line} />}
      {kind % PATTERNS.length === 2 && <circle cx={3} cy={3} r={1.5} fill={color} />}
      {kind % PATTERNS.length === 3 && <path d="M0 0 L6 6 M6 0 L0 6" {...line} />}
      {kind % PATTERNS.length === 4 && <path d="M0 3 H6" {...line} />}
      {kind % PATTERNS.length === 5 && <path d="M3 0 V6" {...line} />}
    </pattern>
  )
}
