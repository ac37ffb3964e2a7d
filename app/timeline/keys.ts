import { type KeyPress, lookUp } from '../grid/grid-keys.ts'
import { TIMELINE_TEXTS } from '../texts/timeline.ts'
import type { Grip } from './bars.ts'

const T = TIMELINE_TEXTS.keys

/** What a key does while a line of the timeline has the focus. */
export type TimelineKey =
  | { readonly do: 'line' | 'page' | 'scale'; readonly by: -1 | 1 }
  | { readonly do: 'edge'; readonly to: 'first' | 'last' }
  | { readonly do: 'drag'; readonly grip: Grip; readonly days: number }
  | { readonly do: 'show'; readonly side: 'start' | 'end' }
  | { readonly do: 'open' | 'menu' }

/** One line of the list of keys, as in the grid's own table: the list and the handler are the same. */
export interface TimelineKeyLine {
  readonly does: string
  readonly keys: Readonly<Record<string, TimelineKey>>
  /** As the list names the keys, where their names alone would say too little. */
  readonly shown?: string
}

const WEEK = 7

const dragging = (prefix: string, grip: Grip, days: number): Record<string, TimelineKey> => ({
  [`${prefix}ArrowLeft`]: { do: 'drag', grip, days: -days },
  [`${prefix}ArrowRight`]: { do: 'drag', grip, days },
})

export const TIMELINE_KEYS: readonly TimelineKeyLine[] = [
  { does: T.line, keys: { ArrowUp: { do: 'line', by: -1 }, ArrowDown: { do: 'line', by: 1 } } },
  { does: T.page, keys: { PageUp: { do: 'page', by: -1 }, PageDown: { do: 'page', by: 1 } } },
  { does: T.edge, keys: { 'Main+Home': { do: 'edge', to: 'first' }, 'Main+End': { do: 'edge', to: 'last' } } },
  { does: T.show, keys: { Home: { do: 'show', side: 'start' }, End: { do: 'show', side: 'end' } } },
  { does: T.day, keys: dragging('', 'whole', 1) },
  { does: T.week, keys: dragging('Shift+', 'whole', WEEK) },
  { does: T.end, keys: dragging('Alt+', 'end', 1) },
  { does: T.start, keys: dragging('Alt+Shift+', 'start', 1) },
  { does: T.open, keys: { Enter: { do: 'open' }, Space: { do: 'open' } } },
  { does: T.menu, keys: { ContextMenu: { do: 'menu' }, 'Shift+F10': { do: 'menu' } } },
  { does: T.scale, keys: { '+': { do: 'scale', by: -1 }, '-': { do: 'scale', by: 1 } }, shown: T.scaleKeys },
]

const TABLE: ReadonlyMap<string, TimelineKey> = new Map(TIMELINE_KEYS.flatMap(({ keys }) => Object.entries(keys)))

/** What a key does on a line; `undefined` leaves it to the grid's keys and to the screen. */
export function timelineKey(press: KeyPress, isMac: boolean): TimelineKey | undefined {
  const found = lookUp(TABLE, press, isMac)
  if (found !== undefined || press.ctrlKey || press.metaKey || press.altKey) return found
  // Signs go by what is typed, with Shift or without; where plus needs Shift, its key without it is meant, too.
  return press.key === '=' ? TABLE.get('+') : press.key === '+' || press.key === '-' ? TABLE.get(press.key) : undefined
}
