import { cellKey, type RowId } from '../../workbook/ids.ts'
import type { Thread } from '../../workbook/talk.ts'
import type { TalkMarks } from '../grid/scene.ts'

/** What the marks of the grid need of the comments and notes. */
export function talkMarks(threads: readonly Thread[], notes: ReadonlySet<RowId>): TalkMarks {
  const cells = new Map<string, number>()
  const rows = new Map<string, number>()
  for (const { place, resolved } of threads) {
    if (resolved !== undefined) continue
    const [map, key] = place.field === undefined ? [rows, place.row as string] : [cells, cellKey(place.row, place.field) as string]
    map.set(key, (map.get(key) ?? 0) + 1)
  }
  return { cells, rows, notes }
}

/** Thread → how many comments of others were in it when this device last showed it. */
export type Seen = Readonly<Record<string, number>>

const ofOthers = (thread: Thread, me: string): number => thread.comments.filter(({ by, text }) => by !== me && text !== '').length

/** Comments of others that this device has not shown: counted, since clocks of people differ. */
export const unreadIn = (thread: Thread, seen: Seen, me: string): number => Math.max(0, ofOthers(thread, me) - (seen[thread.id] ?? 0))

export const unreadOf = (threads: readonly Thread[], seen: Seen, me: string): number =>
  threads.reduce((sum, thread) => sum + unreadIn(thread, seen, me), 0)

/** What is seen once these threads were shown; threads that are gone are forgotten. */
export function seeThreads(all: readonly Thread[], shown: readonly Thread[], seen: Seen, me: string): Seen {
  const isShown = new Set(shown.map(({ id }) => id))
  return Object.fromEntries(
    all.flatMap((thread) => {
      const count = isShown.has(thread.id) ? ofOthers(thread, me) : (seen[thread.id] ?? 0)
      return count > 0 ? [[thread.id, count]] : []
    }),
  )
}
