import { useCallback, useEffect, useRef, useState } from 'react'

/** One question to the server at a time: whether it is under way, and how it failed. An answer to a dialog that was closed is dropped. */
export function useAsk() {
  const [isBusy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>()
  const isOpen = useRef(true)
  useEffect(() => {
    isOpen.current = true
    return () => {
      isOpen.current = false
    }
  }, [])
  const ask = useCallback(async <T>(question: () => Promise<T>, onAnswer?: (answer: T) => void): Promise<void> => {
    setBusy(true)
    setError(undefined)
    try {
      const answer = await question()
      if (isOpen.current) onAnswer?.(answer)
    } catch (failure) {
      if (isOpen.current) setError(failure)
    } finally {
      if (isOpen.current) setBusy(false)
    }
  }, [])
  return { isBusy, error, ask }
}
