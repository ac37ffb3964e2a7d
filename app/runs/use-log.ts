import { useCallback, useEffect, useRef, useState } from 'react'
import { callApi } from '../api-client.ts'
import { queryOf, type RunFilters } from './filters.ts'
import { NO_PAGES, type RunPages, showNewer, withNewest, withOlder, withRun } from './run-pages.ts'

const PAGE = 50
/** Between two looks at the newest runs, while one of them is under way and while none is. ms. */
const BUSY_MS = 1_500
const CALM_MS = 5_000
/** This far from the top of the page, what is new pushes nothing away that somebody reads. px. */
const TOP_PX = 160

export interface Log {
  readonly pages: RunPages
  readonly isLoaded: boolean
  readonly isLoadingMore: boolean
  /** Why the last question got no answer; what is shown stays. */
  readonly error: unknown
  readonly more: () => void
  readonly showNewer: () => void
}

const isAtTop = (): boolean => window.scrollY < TOP_PX

/** The log under these filters, kept up to date while the page is looked at. */
export function useLog(filters: RunFilters): Log {
  const [pages, setPages] = useState<RunPages>(NO_PAGES)
  const [isLoaded, setLoaded] = useState(false)
  const [isLoadingMore, setLoadingMore] = useState(false)
  const [error, setError] = useState<unknown>()
  const latest = useRef(pages)
  latest.current = pages

  useEffect(() => {
    const leaving = new AbortController()
    let timer: ReturnType<typeof setTimeout> | undefined
    setPages(NO_PAGES)
    setLoaded(false)
    const look = async (): Promise<void> => {
      try {
        const page = await callApi('listRuns', { query: { ...queryOf(filters), limit: PAGE } }, { signal: leaving.signal })
        const first = new Set(page.runs.map(({ id }) => id))
        setPages((known) => withNewest(known, page, isAtTop()))
        setLoaded(true)
        setError(undefined)
        // A run that waits for somebody may stand far down.
        const open = latest.current.shown.filter(({ endedAt, id }) => endedAt === null && !first.has(id))
        for (const { id } of open) {
          const run = await callApi('getRun', { params: { id } }, { signal: leaving.signal })
          setPages((known) => withRun(known, run))
        }
      } catch (failure) {
        if (!leaving.signal.aborted) setError(failure)
      }
    }
    const next = (): void => {
      const isBusy = latest.current.shown.some(({ endedAt, state }) => endedAt === null && state !== 'waiting')
      timer = setTimeout(() => void again(), isBusy ? BUSY_MS : CALM_MS)
    }
    const again = async (): Promise<void> => {
      if (document.visibilityState === 'visible') await look()
      if (!leaving.signal.aborted) next()
    }
    void look().then(() => !leaving.signal.aborted && next())
    return () => {
      leaving.abort()
      clearTimeout(timer)
    }
  }, [filters])

  const more = useCallback((): void => {
    const { next } = latest.current
    if (next === null) return
    setLoadingMore(true)
    callApi('listRuns', { query: { ...queryOf(filters), limit: PAGE, cursor: next } })
      .then((page) => {
        setPages((known) => withOlder(known, page))
        setError(undefined)
      }, setError)
      .finally(() => setLoadingMore(false))
  }, [filters])
  const reveal = useCallback((): void => setPages(showNewer), [])
  return { pages, isLoaded, isLoadingMore, error, more, showNewer: reveal }
}
