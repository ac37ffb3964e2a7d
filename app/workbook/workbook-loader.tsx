'use client'

import dynamic from 'next/dynamic'
import { TEXTS } from '../texts.ts'

// Documents and the device's storage exist in a browser only.
const WorkbookPage = dynamic(() => import('./workbook-page.tsx').then((module) => module.WorkbookPage), {
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
