'use client'

import dynamic from 'next/dynamic'
import { TEXTS } from '../texts.ts'

const UsagePage = dynamic(() => import('./usage-page.tsx').then((module) => module.UsagePage), {
  ssr: false,
  loading: () => <p className="p-6 text-ink-3">{TEXTS.usage.loading}</p>,
})

export function UsageLoader() {
  return <UsagePage />
}
