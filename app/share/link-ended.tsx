import { useState } from 'react'
import { openDeviceStore } from '../collab/device-store.ts'
import { exportUnsent } from '../collab/kept-workbooks.ts'
import type { SessionState } from '../collab/session-state.ts'
import { download } from '../device/download.ts'
import { Button } from '../kit/button.tsx'
import { Failure } from '../kit/message.tsx'
import { TEXTS } from '../texts.ts'
import { accessOf } from './access.ts'

const WORDS = TEXTS.share

/** Tells a guest that their link has ended, what of their work is safe, and how to take it with them. */
export function LinkEnded({ state }: { state: SessionState }) {
  const [error, setError] = useState<unknown>()
  const { info, session, link, unsent } = state
  if (link.kind !== 'refused' || info === undefined || session === undefined || !accessOf(state).isGuest) return null
  const save = async (): Promise<void> => {
    try {
      const store = await openDeviceStore()
      try {
        download(
          `${info.name} ${new Date().toISOString().slice(0, 10)} unsent.json`,
          await exportUnsent(store, session.person.id, info, Date.now()),
        )
      } finally {
        store.close()
      }
    } catch (failure) {
      setError(failure)
    }
  }
  return (
    <div role="alert" className="flex flex-wrap items-center gap-x-3 gap-y-1 border-b border-line bg-raised px-3.5 py-2">
      <b className="font-semibold">{link.reason}</b>
      <span className="text-ink-2">
        {WORDS.keptHere(unsent)} {WORDS.askAgain}
      </span>
      {unsent > 0 && (
        <Button isSmall onPress={() => void save()}>
          {WORDS.saveFile}
        </Button>
      )}
      <Failure error={error} />
    </div>
  )
}
