'use client'

import dynamic from 'next/dynamic'
import { TEXTS } from '../texts.ts'

const RunsPage = dynamic(() => import('./runs-page.tsx').then((module) => module.RunsPage), {
  ssr: false,
  loading: () => <p className="p-6 text-ink-3">{TEXTS.runs.loading}</p>,
})

export function RunsLoader() {
  return <RunsPage />
}
