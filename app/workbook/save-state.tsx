import { CloudOff, Wifi } from 'lucide-react'
import { saveLine } from '../collab/save-state.ts'
import type { SessionState, WorkbookSession } from '../collab/workbook-session.ts'
import { Button } from '../kit/button.tsx'
import { useNow } from '../kit/use-now.ts'
import { TEXTS } from '../texts.ts'

/** The line that is always there: what of the person's work is where. */
export function SaveState({ session, state }: { session: WorkbookSession; state: SessionState }) {
  const nowMs = useNow(500, state.link.kind === 'waiting')
  const line = saveLine({ ...state, nowMs })
  const Icon = state.isWorkingOffline ? Wifi : CloudOff
  const toggle = state.isWorkingOffline ? TEXTS.save.workOnline : TEXTS.save.workOffline
  return (
    <>
      <span className="pill min-w-0 flex-none" data-save={line.kind} title={line.note || undefined}>
        <span className={`dot ${line.kind}`} aria-hidden />
        <span aria-hidden className="max-w-[34vw] truncate sm:max-w-none">
          {line.text}
        </span>
        {line.note !== '' && <span className="hidden text-ink-3 lg:inline">{line.note}</span>}
        {line.action === 'reconnect' && (
          <Button look="link" className="text-xs" onPress={() => session.reconnect()}>
            {TEXTS.save.now}
          </Button>
        )}
        {/* The countdown is for the eye; the ear is told the state alone. */}
        <span role="status" aria-label={TEXTS.save.label} className="sr-only">
          {line.kind === 'reconnecting' ? TEXTS.save.connecting : line.text}
        </span>
      </span>
      <Button
        look="ghost"
        isSmall
        aria-label={toggle}
        isDisabled={state.link.kind === 'refused'}
        onPress={() => session.setWorkingOffline(!state.isWorkingOffline)}
      >
        <Icon size={14} aria-hidden />
        <span className="hidden lg:inline">{toggle}</span>
      </Button>
    </>
  )
}
