import { type RefObject, useEffect, useRef } from 'react'

/** Wheel pixels with Ctrl that make one step. */
const STEP = 60

/** Calls `onTurn` for each step of the wheel with Ctrl or ⌘, also for two fingers on a touchpad; 1 is towards the person. */
export function useCtrlWheel(scroller: RefObject<HTMLElement | null>, onTurn: (by: -1 | 1, clientX: number) => void): void {
  const latest = useRef(onTurn)
  latest.current = onTurn
  useEffect(() => {
    const element = scroller.current
    if (element === null) return
    let turned = 0
    const onWheel = (event: WheelEvent): void => {
      if (!event.ctrlKey && !event.metaKey) return
      event.preventDefault()
      turned += event.deltaY
      if (Math.abs(turned) < STEP) return
      latest.current(turned > 0 ? 1 : -1, event.clientX)
      turned = 0
    }
    // The browser would enlarge the page: only a listener that is not passive can keep it from that.
    element.addEventListener('wheel', onWheel, { passive: false })
    return () => element.removeEventListener('wheel', onWheel)
  }, [scroller])
}
