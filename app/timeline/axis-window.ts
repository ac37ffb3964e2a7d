import type { DayNumber } from './days.ts'
import { axisLength, dayWidthOf, placeOf, type Scale } from './scale.ts'

/**
 * The part of the axis that the scrolled element stands for. Eight thousand years of days are longer than what a browser scrolls, and a
 * scrollbar over them would jump by years: the element is some screens long, and is laid elsewhere when the view comes near its end.
 */
export interface AxisWindow {
  /** Pixels of the axis at the element's left edge. */
  readonly offset: number
  readonly width: number
}

/** Screens on both sides of the one that is seen. */
const SCREENS = 10

/** The furthest the axis can be scrolled. */
export const lastLeft = (scale: Scale, viewWidth: number): number => Math.max(0, Math.ceil(axisLength(scale)) - viewWidth)

export const leftWithin = (scale: Scale, left: number, viewWidth: number): number =>
  Math.max(0, Math.min(lastLeft(scale, viewWidth), Math.round(left)))

export function windowAround(scale: Scale, left: number, viewWidth: number): AxisWindow {
  const length = Math.ceil(axisLength(scale))
  const from = Math.max(0, left - SCREENS * viewWidth)
  return { offset: from, width: Math.min(length, left + (SCREENS + 1) * viewWidth) - from }
}

/** The view is within a screen of an end of the window that is no end of the axis. */
export function isNearEnd(scale: Scale, { offset, width }: AxisWindow, left: number, viewWidth: number): boolean {
  const [before, behind] = [left - offset, offset + width - left - viewWidth]
  return (before < viewWidth && offset > 0) || (behind < viewWidth && offset + width < Math.ceil(axisLength(scale)))
}

/** How the axis has to be scrolled for a day to stand at a share of the view: 0 at its left edge, 0.5 in its middle. */
export const leftOfDay = (scale: Scale, day: DayNumber, share: number, viewWidth: number): number =>
  leftWithin(scale, placeOf(scale, day) - share * viewWidth, viewWidth)

/** The same moment stays at the same pixel of the view in another scale. */
export function leftInScale(from: Scale, to: Scale, left: number, at: number, viewWidth: number): number {
  return leftWithin(to, ((left + at) / dayWidthOf(from)) * dayWidthOf(to) - at, viewWidth)
}
