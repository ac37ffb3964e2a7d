'use client'

import dynamic from 'next/dynamic'
import { TEXTS } from '../../texts.ts'

const IntegrationsPages = dynamic(() => import('./integrations-pages.tsx').then((module) => module.IntegrationsPages), {
  ssr: false,
  loading: () => <p className="p-6 text-ink-3">{TEXTS.integrations.loading}</p>,
})

export function IntegrationsLoader() {
  return <IntegrationsPages />
}
