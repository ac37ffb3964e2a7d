'use client'

import { useSyncExternalStore } from 'react'
import { TEXTS } from '../texts.ts'
import { WorkbookPage } from './workbook-page.tsx'

const never = (): (() => void) => () => undefined

/**
 * Documents and the device's storage exist in a browser only: what is built beforehand says that it opens. The page's code is imported
 * outright all the same, so that it is named in the page and fetched with the rest.
 */
export function WorkbookLoader() {
  const isInBrowser = useSyncExternalStore(
    never,
    () => true,
    () => false,
  )
  if (isInBrowser) return <WorkbookPage />
  return (
    <p className="p-6 text-ink-3">
      <title>{TEXTS.product}</title>
      {TEXTS.save.opening}
    </p>
  )
}
