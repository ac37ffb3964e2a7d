import { useRef } from 'react'

/** The same object as before for as long as it holds the same: plain values in a map or a set. */
export function useStable<Value extends ReadonlyMap<unknown, unknown> | ReadonlySet<unknown>>(value: Value): Value {
  const text = JSON.stringify([...value])
  const kept = useRef({ text, value })
  if (kept.current.text !== text) kept.current = { text, value }
  return kept.current.value
}
