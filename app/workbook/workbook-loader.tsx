'use client'

import dynamic from 'next/dynamic'
import { TEXTS } from '../texts.ts'

// Documents and the device's storage exist in a browser only.
const load = () => import('./workbook-page.tsx').then((module) => module.WorkbookPage)
// Fetched beside what React needs to begin; a failure is said where the page is drawn, which asks again.
if (typeof window !== 'undefined') load().catch(() => undefined)

const WorkbookPage = dynamic(load, {
  ssr: false,
  loading: () => (
    <p className="p-6 text-ink-3">
      <title>{TEXTS.product}</title>
      {TEXTS.save.opening}
    </p>
  ),
})

export function WorkbookLoader() {
  return <WorkbookPage />
}
