'use client'

import type { ReactNode } from 'react'
import { TEXTS } from '../texts.ts'
import { ThemeButton } from '../workbook/header.tsx'

/** The frame of the pages beside the workbook. */
export function PageFrame({ title, tools, wide, children }: { title: string; tools?: ReactNode; wide?: boolean; children: ReactNode }) {
  return (
    <div className="grid min-h-full grid-cols-[minmax(0,1fr)] grid-rows-[48px_1fr]">
      <header className="flex items-center gap-3 border-b border-line px-3.5">
        <a href="/" aria-label={TEXTS.nav.workbooks}>
          {/* biome-ignore lint/performance/noImgElement: a drawing of a few bytes */}
          <img src="/icon.svg" alt="" width={22} height={22} className="block" />
        </a>
        <nav aria-label={TEXTS.product} className="flex min-w-0 flex-1 gap-1 overflow-x-auto">
          <a className="button ghost" href="/">
            {TEXTS.nav.workbooks}
          </a>
          <a className="button ghost" href="/runs">
            {TEXTS.nav.runs}
          </a>
          <a className="button ghost" href="/usage">
            {TEXTS.nav.usage}
          </a>
          <a className="button ghost" href="/settings/integrations">
            {TEXTS.nav.integrations}
          </a>
        </nav>
        <ThemeButton />
      </header>
      <title>{`${title} · ${TEXTS.product}`}</title>
      <main className={`mx-auto w-full p-5 ${wide ? 'max-w-6xl' : 'max-w-3xl'}`}>
        <div className="mb-4 flex flex-wrap items-center gap-3">
          <h1 className="m-0 flex-1 text-lg font-semibold">{title}</h1>
          {tools}
        </div>
        {children}
      </main>
    </div>
  )
}
