import { useCallback, useEffect, useRef, useState } from 'react'

/** A live region that says at most this often something, so that a screen reader keeps up. ms. */
const QUIET_MS = 2_000
const SHOWN_MS = 8_000

/** The last thing that was said; several within two seconds end as the last of them. It leaves the screen by itself. */
export function useAnnouncer(): { said: string; say: (text: string) => void } {
  const [said, setSaid] = useState('')
  const next = useRef<string>(undefined)
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  const clearing = useRef<ReturnType<typeof setTimeout>>(undefined)
  const say = useCallback((text: string): void => {
    const show = (shown: string): void => {
      setSaid(shown)
      clearTimeout(clearing.current)
      clearing.current = setTimeout(() => setSaid(''), SHOWN_MS)
      timer.current = setTimeout(() => {
        timer.current = undefined
        const waiting = next.current
        next.current = undefined
        if (waiting !== undefined) show(waiting)
      }, QUIET_MS)
    }
    if (timer.current === undefined) show(text)
    else next.current = text
  }, [])
  useEffect(
    () => () => {
      clearTimeout(timer.current)
      clearTimeout(clearing.current)
    },
    [],
  )
  return { said, say }
}
