import type { GridLine } from '../../workbook/view-lines.ts'

/**
 * Where lines stand and which of them are in sight. Lines are of one height, save the heads of groups, which are low in every row height.
 * All in pixels of the whole sheet, however tall: what a browser can scroll is a matter of `ScrollMap` alone.
 */
export interface LineSpace {
  readonly count: number
  readonly total: number
  /** Of a line that is not low. */
  readonly height: number
  /** How many low lines stand above a line. */
  lowAbove(line: number): number
  topOf(line: number): number
  heightOf(line: number): number
  /** The line at a distance from the top; the first above the sheet, the last below it. */
  lineAt(y: number): number
}

/** The heads of groups by their keys, from top to bottom; with their places. */
export function groupPlaces(lines: readonly GridLine[]): ReadonlyMap<string, number> {
  const places = new Map<string, number>()
  // A sheet without groups has none anywhere: its lines need not be walked through.
  if (lines[0]?.kind !== 'group') return places
  lines.forEach((line, i) => {
    if (line.kind === 'group') places.set(line.key, i)
  })
  return places
}

/** `low` are the places of the lines that are `lowHeight` tall, in ascending order. */
export function makeLineSpace(count: number, height: number, low: readonly number[] = [], lowHeight: number = height): LineSpace {
  const less = height - lowHeight
  const lowAbove = (line: number): number => {
    let [first, end] = [0, low.length]
    while (first < end) {
      const middle = (first + end) >>> 1
      if ((low[middle] ?? count) < line) first = middle + 1
      else end = middle
    }
    return first
  }
  const topOf = (line: number): number => line * height - lowAbove(line) * less
  const heightOf = (line: number): number => (low[lowAbove(line)] === line ? lowHeight : height)
  const clampLine = (line: number): number => Math.max(0, Math.min(count - 1, line))
  const lineAt = (y: number): number => {
    if (low.length === 0 || less === 0) return clampLine(Math.floor(y / height))
    let [first, end] = [0, count]
    while (first < end) {
      const middle = (first + end) >>> 1
      if (topOf(middle + 1) <= y) first = middle + 1
      else end = middle
    }
    return clampLine(first)
  }
  return { count, total: topOf(count), height, lowAbove, topOf, heightOf, lineAt }
}

export interface LineWindow {
  readonly first: number
  /** Behind the last one. */
  readonly end: number
}

/**
 * The lines that a view shows, whole or in part, and `overscan` more on both sides. Their number stays the same while a sheet of rows is
 * scrolled, so that no row is made and unmade at every step.
 */
export function lineWindow(space: LineSpace, view: { readonly top: number; readonly height: number }, overscan: number): LineWindow {
  if (space.count === 0) return { first: 0, end: 0 }
  const first = Math.max(0, space.lineAt(view.top) - overscan)
  const last = space.lineAt(view.top + view.height)
  const most = space.lineAt(view.top) + Math.ceil(view.height / space.height)
  return { first, end: Math.min(space.count, Math.max(last, most) + 1 + overscan) }
}

/**
 * The tallest that the scrolled element is made. Browsers end at 17 (Firefox) and 33 million pixels (Chromium, and there of the screen:
 * half of it at 200 % zoom, a quarter on a fine screen).
 */
export const MAX_SCROLL_HEIGHT = 6_000_000
/** So much at both ends is scrolled pixel by pixel in any sheet. */
const TRUE_ENDS = 1_000_000
/** A scroll event that goes further than this is a jump: the scrollbar was dragged, or a place was asked for. */
const JUMP = 4_000

/** How far the view is scrolled: in the browser's element, and in the sheet. */
export interface ScrollPlace {
  readonly scrolled: number
  readonly top: number
}

/** A sheet taller than what a browser can scroll, scrolled in an element that is as tall as may be. */
export interface ScrollMap {
  /** Height of the scrolled element. */
  readonly height: number
  readonly isWhole: boolean
  topOf(scrolled: number): number
  scrolledOf(top: number): number
}

export function makeScrollMap(total: number, viewHeight: number, max = MAX_SCROLL_HEIGHT): ScrollMap {
  if (total <= max) return { height: total, isWhole: true, topOf: (scrolled) => scrolled, scrolledOf: (top) => top }
  const ends = Math.min(TRUE_ENDS, max / 3)
  const [lastScrolled, lastTop] = [max - viewHeight, total - viewHeight]
  const middle = lastScrolled - 2 * ends
  const ratio = (lastTop - 2 * ends) / middle
  const clamp = (n: number, high: number): number => Math.max(0, Math.min(high, n))
  return {
    height: max,
    isWhole: false,
    topOf: (scrolled) => {
      if (scrolled <= ends) return clamp(scrolled, lastTop)
      if (scrolled >= lastScrolled - ends) return clamp(lastTop - (lastScrolled - scrolled), lastTop)
      return ends + (scrolled - ends) * ratio
    },
    scrolledOf: (top) => {
      if (top <= ends) return clamp(top, lastScrolled)
      if (top >= lastTop - ends) return clamp(lastScrolled - (lastTop - top), lastScrolled)
      return ends + (top - ends) / ratio
    },
  }
}

/** The place after the browser has scrolled: pixel by pixel where it went a little way, else where the scrollbar stands for. */
export function scrolledTo(map: ScrollMap, before: ScrollPlace, scrolled: number): ScrollPlace {
  if (map.isWhole) return { scrolled, top: scrolled }
  const by = scrolled - before.scrolled
  const top = Math.abs(by) > JUMP ? map.topOf(scrolled) : before.top + by
  const [lowest, highest] = [map.topOf(0), map.topOf(map.height)]
  return { scrolled, top: Math.max(lowest, Math.min(highest, top)) }
}

/** The scrollbar has come to stand for another place than the one that is shown, so far that it would end too soon. */
export const hasDrifted = (map: ScrollMap, place: ScrollPlace): boolean =>
  !map.isWhole && Math.abs(map.scrolledOf(place.top) - place.scrolled) >= 1
