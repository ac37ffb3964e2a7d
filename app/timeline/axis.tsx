import { type Ref, useImperativeHandle, useMemo, useRef } from 'react'
import type { ValueFormats } from '../../workbook/field-values.ts'
import type { DayNumber } from './days.ts'
import { type AxisTicks, dayWidthOf, placeOf, type Scale, showsDays, type Tick, ticksOf } from './scale.ts'

/** The days that are drawn: more than are in sight, so that a scroll rarely asks for others. */
export interface DrawnDays {
  readonly scale: Scale
  readonly from: DayNumber
  readonly to: DayNumber
}

/** What is moved with the bars, in the same frame. `left` is the pixel of the axis at the left edge. */
export interface AxisHandle {
  follow(left: number): void
  /** Marks the days of a bar among the names; nothing without one. */
  light(days: { readonly from: DayNumber; readonly to: DayNumber } | undefined): void
}

export interface AxisProps {
  readonly ref: Ref<AxisHandle>
  readonly drawn: DrawnDays
  readonly today: DayNumber
  readonly formats: ValueFormats
}

const useTicks = ({ scale, from, to }: DrawnDays, formats: ValueFormats): AxisTicks =>
  useMemo(() => ticksOf(scale, from, to, formats), [scale, from, to, formats])

/** Where something stands among the drawn days. */
const boxOf = ({ scale, from }: DrawnDays, first: DayNumber, end: DayNumber): { readonly left: number; readonly width: number } => ({
  left: placeOf(scale, first) - placeOf(scale, from),
  width: (end - first) * dayWidthOf(scale),
})

/** Two lines of names over the bars. The name of a part stays in sight for as long as the part does. */
export function AxisHead({ ref, drawn, today, formats }: AxisProps) {
  const scroller = useRef<HTMLDivElement>(null)
  const lit = useRef<HTMLDivElement>(null)
  const { upper, lower } = useTicks(drawn, formats)
  // A scrolled element makes the browser lay out what was drawn so far: it is touched only where it has to move.
  const stands = useRef<{ readonly drawn: DrawnDays; readonly left: number }>(undefined)
  const shines = useRef('')
  useImperativeHandle(ref, () => ({
    follow: (left) => {
      if (scroller.current === null || (stands.current?.drawn === drawn && stands.current.left === left)) return
      stands.current = { drawn, left }
      scroller.current.scrollLeft = left - placeOf(drawn.scale, drawn.from)
    },
    light: (days) => {
      const box = days && boxOf(drawn, Math.max(days.from, drawn.from), Math.min(days.to, drawn.to) + 1)
      const shown = box === undefined || box.width <= 0 ? '' : `${box.left} ${box.width}`
      if (lit.current === null || shines.current === shown) return
      shines.current = shown
      lit.current.hidden = shown === ''
      lit.current.style.left = `${box?.left ?? 0}px`
      lit.current.style.width = `${box?.width ?? 0}px`
    },
  }))
  const isNow = (tick: Tick): true | undefined => (today >= tick.from && today < tick.end) || undefined
  return (
    <div ref={scroller} aria-hidden className="tl-axis-view">
      <div className="tl-axis-line" style={{ width: boxOf(drawn, drawn.from, drawn.to + 1).width }}>
        {upper.map((tick) => (
          <div key={tick.from} className="tl-tick upper" style={boxOf(drawn, tick.from, tick.end)}>
            <span>{tick.label}</span>
          </div>
        ))}
      </div>
      <div className="tl-axis-line">
        <div ref={lit} hidden className="tl-lit" />
        {lower.map((tick) => (
          <div key={tick.from} className="tl-tick lower" data-now={isNow(tick)} style={boxOf(drawn, tick.from, tick.end)}>
            <span>{tick.label}</span>
          </div>
        ))}
      </div>
    </div>
  )
}

/** What lies behind the bars: weekends, where parts begin, and today. */
export function AxisGround({ ref, drawn, today, formats }: AxisProps) {
  const moved = useRef<HTMLDivElement>(null)
  const { lower, weekend } = useTicks(drawn, formats)
  useImperativeHandle(ref, () => ({
    follow: (left) => {
      if (moved.current !== null) moved.current.style.transform = `translateX(${placeOf(drawn.scale, drawn.from) - left}px)`
    },
    light: () => undefined,
  }))
  const isDrawn = today >= drawn.from && today <= drawn.to
  return (
    <div aria-hidden className="tl-ground">
      <div ref={moved} className="tl-ground-moved">
        {weekend.map((day) => (
          <div key={day} className="tl-weekend" style={boxOf(drawn, day, day + 1)} />
        ))}
        {lower.map((tick) => (
          <div key={tick.from} className="tl-line" style={{ left: boxOf(drawn, tick.from, tick.end).left }} />
        ))}
        {isDrawn && <div className="tl-today" data-days={showsDays(drawn.scale) || undefined} style={boxOf(drawn, today, today + 1)} />}
      </div>
    </div>
  )
}
