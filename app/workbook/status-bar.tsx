import type { ReactNode } from 'react'
import { Button } from '../kit/button.tsx'
import { TEXTS } from '../texts.ts'

export interface StatusBarProps {
  readonly rows: number
  /** So many of them a filter lets through; absent where there is none. */
  readonly shown?: number | undefined
  /** How many parts of the sheet are here, while some are on their way. */
  readonly parts: { readonly loaded: number; readonly all: number }
  readonly staged: number
  readonly warnings: number
  /** Absent for a guest. */
  readonly credits: number | undefined
  readonly said: string
  /** Of what is selected. */
  readonly totals: ReactNode
  readonly onWarnings: () => void
  readonly onPanel: () => void
}

/** Totals, and the one polite voice of the screen. */
export function StatusBar({ rows, shown, parts, staged, warnings, credits, said, totals, onWarnings, onPanel }: StatusBarProps) {
  const n = (count: number) => <b className="font-semibold text-ink">{count.toLocaleString()}</b>
  return (
    <footer
      role="contentinfo"
      aria-label={TEXTS.status.label}
      className="flex min-w-0 items-center gap-4 border-t border-line bg-wash px-3.5 text-xs whitespace-nowrap text-ink-2"
    >
      <span>
        {shown === undefined ? (
          <>
            {n(rows)} {TEXTS.status.rows(rows)}
          </>
        ) : (
          TEXTS.views.rows(shown, rows)
        )}
        {parts.loaded < parts.all && ` · ${TEXTS.delivery.parts(parts.loaded, parts.all)}`}
      </span>
      <Button look="ghost" className="min-h-6! border-0! px-0! text-xs" onPress={onPanel}>
        <span>
          {n(staged)} {TEXTS.status.staged}
        </span>
      </Button>
      <Button look="ghost" className="min-h-6! border-0! px-0! text-xs" onPress={onWarnings}>
        <span>
          {n(warnings)} {TEXTS.status.warnings(warnings)}
        </span>
      </Button>
      <span role="status" aria-live="polite" className="min-w-0 flex-1 truncate text-ink" title={said}>
        {said}
      </span>
      {totals}
      {credits !== undefined && (
        <a
          className="hidden min-h-6 items-center gap-1 text-ink-2 no-underline hover:underline sm:inline-flex"
          href="/usage"
          title={TEXTS.status.creditsHint}
        >
          {TEXTS.status.credits} {n(credits)}
        </a>
      )}
    </footer>
  )
}
