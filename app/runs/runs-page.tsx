'use client'

import { useMemo } from 'react'
import { makeTimes } from '../kit/times.ts'
import { RunDetail } from './run-detail.tsx'
import { RunList } from './run-list.tsx'

const runOf = (pathname: string): string | undefined => /^\/runs\/([0-9A-Za-z]{1,32})\/?$/u.exec(pathname)?.[1]

/** The sync log, or one run of it, as the address says. */
export function RunsPage() {
  const run = useMemo(() => runOf(window.location.pathname), [])
  const times = useMemo(() => makeTimes(navigator.language, Intl.DateTimeFormat().resolvedOptions().timeZone, Date.now), [])
  return run === undefined ? <RunList times={times} /> : <RunDetail id={run} times={times} />
}
