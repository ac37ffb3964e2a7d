'use client'

import { TEXTS } from './texts.ts'

/** Shown where a page stopped. Documents are on the device already, so a reload loses nothing. */
export default function ErrorPage({ error, reset }: { error: Error; reset: () => void }) {
  return (
    <main role="alert" className="mx-auto grid min-h-full max-w-md content-center gap-3 p-6">
      <h1 className="m-0 text-lg font-semibold">{TEXTS.failure.title}</h1>
      <p className="m-0 text-ink-2">{TEXTS.failure.body}</p>
      <p className="m-0 flex gap-2">
        <button type="button" className="button primary" onClick={() => window.location.reload()}>
          {TEXTS.reload}
        </button>
        <button type="button" className="button" onClick={reset}>
          {TEXTS.open}
        </button>
      </p>
      <details className="text-ink-2">
        <summary>{TEXTS.failure.details}</summary>
        <pre className="overflow-auto font-mono text-xs whitespace-pre-wrap">{error.message}</pre>
      </details>
    </main>
  )
}
