import type { RunHead } from '../../server/api/contract.ts'

/** The runs that are shown, newest first, and newer ones that wait until somebody wants to see them. */
export interface RunPages {
  readonly shown: readonly RunHead[]
  readonly newer: readonly RunHead[]
  /** Where the next page begins; `null` behind the last. */
  readonly next: string | null
}

export const NO_PAGES: RunPages = { shown: [], newer: [], next: null }

const byId = (runs: readonly RunHead[]): ReadonlyMap<string, RunHead> => new Map(runs.map((run) => [run.id, run]))

/** A further page, behind what is shown; a run that moved across the border meanwhile is there once. */
export function withOlder(pages: RunPages, page: { readonly runs: readonly RunHead[]; readonly next: string | null }): RunPages {
  const fresh = byId(page.runs)
  const known = byId(pages.shown)
  return {
    ...pages,
    shown: [...pages.shown.map((run) => fresh.get(run.id) ?? run), ...page.runs.filter((run) => !known.has(run.id))],
    next: page.next,
  }
}

/**
 * The first page asked for again: what is known is renewed where it stands. New runs join at once where nothing would be pushed away under
 * the reader (`isAtTop`), else they wait.
 */
export function withNewest(
  pages: RunPages,
  page: { readonly runs: readonly RunHead[]; readonly next: string | null },
  isAtTop: boolean,
): RunPages {
  const fresh = byId(page.runs)
  const shown = pages.shown.map((run) => fresh.get(run.id) ?? run)
  const known = byId(shown)
  const added = page.runs.filter((run) => !known.has(run.id))
  const [oldest] = shown.toReversed()
  // A run that is older than all that is shown belongs to the next page, not to the top.
  const newer = oldest === undefined ? added : added.filter((run) => run.createdAt >= oldest.createdAt)
  const isFirst = pages.shown.length === 0
  if (isAtTop || isFirst) return { shown: [...newer, ...shown], newer: [], next: isFirst ? page.next : pages.next }
  return { shown, newer, next: pages.next }
}

/** One run asked for by itself. */
export const withRun = (pages: RunPages, run: RunHead): RunPages => ({
  ...pages,
  shown: pages.shown.map((known) => (known.id === run.id ? run : known)),
})

export const showNewer = (pages: RunPages): RunPages => ({ ...pages, shown: [...pages.newer, ...pages.shown], newer: [] })
