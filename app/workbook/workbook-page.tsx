'use client'

import { useMemo } from 'react'
import * as z from 'zod'
import { parseAddress } from '../sheets/address.ts'
import { TEXTS } from '../texts.ts'
import { useWorkbook } from '../use-workbook.ts'
import { WorkbookScreen } from './workbook-screen.tsx'

// The page's content policy allows no code from text, which zod would otherwise try to make.
z.config({ jitless: true })

export function WorkbookPage() {
  const workbook = useMemo(() => parseAddress(window.location)?.workbook ?? '', [])
  return workbook === '' ? <Message title={TEXTS.missing.title} text={TEXTS.missing.workbook} /> : <OpenWorkbook workbook={workbook} />
}

function OpenWorkbook({ workbook }: { workbook: string }) {
  const { session, state } = useWorkbook(workbook)
  if (state.phase === 'missing') return <Message title={TEXTS.missing.title} text={TEXTS.missing.workbook} />
  if (state.phase === 'forgotten') return <Message title={TEXTS.device.forgotten} text={TEXTS.device.forgottenAdvice} canReload />
  if (state.phase === 'failed') {
    return <Message title={TEXTS.failure.workbook} text={`${state.failure?.message ?? ''} ${state.failure?.advice ?? ''}`} canReload />
  }
  if (session === undefined || state.phase === 'opening' || state.info === undefined || state.open === undefined) {
    return (
      <p role="status" className="p-6 text-ink-3">
        <title>{TEXTS.product}</title>
        {TEXTS.save.opening}
      </p>
    )
  }
  return <WorkbookScreen session={session} state={state} info={state.info} open={state.open} />
}

function Message({ title, text, canReload }: { title: string; text: string; canReload?: boolean }) {
  return (
    <main className="mx-auto grid min-h-full max-w-lg content-center gap-3 p-6">
      <title>{`${title} · ${TEXTS.product}`}</title>
      <h1 className="m-0 text-lg font-semibold">{title}</h1>
      <p className="m-0 text-ink-2">{text}</p>
      <p className="m-0 flex gap-2">
        {canReload && (
          <button type="button" className="button primary" onClick={() => window.location.reload()}>
            {TEXTS.reload}
          </button>
        )}
        <a className="button" href="/">
          {TEXTS.missing.action}
        </a>
      </p>
    </main>
  )
}
