import { useState } from 'react'

/**
 * Shows what a person chose at once, until the server has said what it is: `choose` resolves then, and what stands is shown again. The
 * newest choice is the one that is shown.
 */
export function useAhead<T>(stands: T, send: (value: T) => Promise<unknown>): readonly [T, (value: T) => void] {
  const [ahead, setAhead] = useState<{ readonly value: T }>()
  const choose = (value: T): void => {
    const mine = { value }
    setAhead(mine)
    const done = (): void => setAhead((now) => (now === mine ? undefined : now))
    // Whoever sends says what went wrong.
    send(value).then(done, done)
  }
  return [ahead === undefined ? stands : ahead.value, choose]
}
