import { CloudOff, Wifi } from 'lucide-react'
import { useState } from 'react'
import { Button as AriaButton } from 'react-aria-components'
import { saveLine } from '../collab/save-state.ts'
import type { SessionState } from '../collab/session-state.ts'
import type { WorkbookSession } from '../collab/workbook-session.ts'
import { DeviceDialog } from '../device/device-dialog.tsx'
import { Button } from '../kit/button.tsx'
import { useNow } from '../kit/use-now.ts'
import { TEXTS } from '../texts.ts'

/** The line that is always there: what of the person's work is where. Pressed, it tells what this device keeps. */
export function SaveState({ session, state }: { session: WorkbookSession; state: SessionState }) {
  const nowMs = useNow(500, state.link.kind === 'waiting')
  const [isOpen, setOpen] = useState(false)
  const line = saveLine({ ...state, nowMs })
  const Icon = state.isWorkingOffline ? Wifi : CloudOff
  const toggle = state.isWorkingOffline ? TEXTS.save.workOnline : TEXTS.save.workOffline
  const short = line.kind === 'saved' && state.caughtUp > 0 ? TEXTS.device.short.caughtUp(state.caughtUp) : line.short
  return (
    <>
      <span className="pill flex-none" data-save={line.kind}>
        <AriaButton
          className="-my-1 flex min-h-6 cursor-pointer items-center gap-1.5 rounded-full whitespace-nowrap outline-offset-2"
          aria-label={TEXTS.device.open(line.text)}
          onPress={() => setOpen(true)}
        >
          <span className={`dot ${line.kind}`} aria-hidden />
          {short === line.text ? (
            line.text
          ) : (
            <>
              <span className="sm:hidden">{short}</span>
              <span className="hidden sm:inline">{line.text}</span>
            </>
          )}
          {line.note !== '' && <span className="hidden max-w-[30vw] truncate text-ink-3 lg:inline">{line.note}</span>}
        </AriaButton>
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
      {isOpen && state.session !== undefined && state.info !== undefined && (
        <DeviceDialog
          person={state.session.person.id}
          workbook={state.info}
          line={line}
          onClose={() => setOpen(false)}
          onForgotten={() => window.location.assign('/')}
        />
      )}
    </>
  )
}
