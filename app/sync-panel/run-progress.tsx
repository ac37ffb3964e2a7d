import { useState } from 'react'
import type { RunHead } from '../../server/api/contract.ts'
import { callApi } from '../api-client.ts'
import { Button } from '../kit/button.tsx'
import { Failure } from '../kit/message.tsx'
import { useNow } from '../kit/use-now.ts'
import { TEXTS } from '../texts.ts'
import { progressNote, stepText } from './run-text.ts'

/** The run that is queued or under way: its place or step, how far it is, how long it takes, and the way to stop it. */
export function RunProgress({ run }: { readonly run: RunHead }) {
  const now = useNow(1_000)
  const [error, setError] = useState<unknown>()
  const { progress } = run
  const share = progress !== null && progress.total > 0 ? Math.min(1, progress.done / progress.total) : undefined
  const elapsed = Math.max(0, Math.round((now - (run.startedAt ?? run.createdAt)) / 1000))
  const step = stepText(run)
  const note = progressNote(run)
  const count = progress !== null && progress.total > 0 ? ` ${TEXTS.run.progress(progress.done, progress.total)}` : ''
  const stop = (): void => {
    setError(undefined)
    callApi('cancelRun', { params: { id: run.id } }).catch(setError)
  }
  return (
    <div className="mt-2 text-xs text-ink-2">
      <div
        role="progressbar"
        aria-label={step}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={share === undefined ? undefined : Math.round(share * 100)}
        className="bar mb-1.5"
      >
        <div style={{ transform: `scaleX(${share ?? (run.state === 'queued' ? 0 : 0.15)})` }} />
      </div>
      <div className="flex items-center gap-2">
        <span className="min-w-0 flex-1">
          {step}
          {count} · {elapsed} s · {TEXTS.panel.keepWorking}
          {note !== '' && <span className="block text-ink-2">{note}</span>}
        </span>
        <Button isSmall look="ghost" onPress={stop}>
          {TEXTS.panel.stop}
        </Button>
      </div>
      <Failure error={error} />
    </div>
  )
}
