import { useEffect, useRef, useState } from 'react'
import type { Watch } from './field-work.ts'

/** Work that takes a while: how far it is, and the way to stop it. It is stopped when the dialog goes. */
export function useBusy() {
  const [share, setShare] = useState<number>()
  const running = useRef<AbortController>(undefined)
  useEffect(() => () => running.current?.abort(), [])
  const run = async (work: (watch: Watch) => Promise<void>): Promise<void> => {
    running.current?.abort()
    const stop = new AbortController()
    running.current = stop
    setShare(0)
    try {
      await work({ onShare: setShare, signal: stop.signal })
    } catch (error) {
      if (!stop.signal.aborted) throw error
    } finally {
      if (running.current === stop) setShare(undefined)
    }
  }
  return { share, isBusy: share !== undefined, run }
}
