'use client'

import { type ReactNode, useSyncExternalStore } from 'react'
import { TEXTS } from '../texts.ts'
import { ThemeButton } from '../workbook/header.tsx'

const PAGES = [
  ['/', TEXTS.nav.workbooks],
  ['/runs', TEXTS.nav.runs],
  ['/usage', TEXTS.nav.usage],
  ['/settings/integrations', TEXTS.nav.integrations],
] as const

/** The frame of the pages beside the workbook. */
export function PageFrame({ title, tools, wide, children }: { title: string; tools?: ReactNode; wide?: boolean; children: ReactNode }) {
  // Known in the browser alone: one built page stands for many addresses.
  const path = useSyncExternalStore(
    never,
    () => window.location.pathname,
    () => undefined,
  )
  const isHere = (href: string): boolean => path === href || (href !== '/' && path?.startsWith(`${href}/`) === true)
  return (
    <div className="grid min-h-full grid-cols-[minmax(0,1fr)] grid-rows-[48px_1fr]">
      <header className="flex items-center gap-2 border-b sm:gap-3 border-line px-3.5">
        <a href="/" aria-label={TEXTS.nav.workbooks} className="-m-1 rounded-md p-1">
          {/* biome-ignore lint/performance/noImgElement: a drawing of a few bytes */}
          <img src="/icon.svg" alt="" width={22} height={22} className="block" />
        </a>
        <nav aria-label={TEXTS.product} className="flex min-w-0 flex-1 overflow-x-auto sm:gap-1">
          {PAGES.map(([href, name]) => (
            <a key={href} className="button ghost nav" href={href} aria-current={isHere(href) ? 'page' : undefined}>
              {name}
            </a>
          ))}
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

const never = (): (() => void) => () => undefined
