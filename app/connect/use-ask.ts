import { useCallback, useEffect, useRef, useState } from 'react'

/** One question to the server at a time: whether it is under way, and how it failed. An answer to a dialog that was closed is dropped. */
export function useAsk() {
  const [isBusy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>()
  const open = useRef(new AbortController())
  useEffect(() => {
    const mine = new AbortController()
    open.current = mine
    return () => mine.abort()
  }, [])
  const ask = useCallback(async <T>(question: (signal: AbortSignal) => Promise<T>, onAnswer?: (answer: T) => void): Promise<void> => {
    const { signal } = open.current
    setBusy(true)
    setError(undefined)
    try {
      const answer = await question(signal)
      if (!signal.aborted) onAnswer?.(answer)
    } catch (failure) {
      if (!signal.aborted) setError(failure)
    } finally {
      if (!signal.aborted) setBusy(false)
    }
  }, [])
  return { isBusy, error, ask }
}
