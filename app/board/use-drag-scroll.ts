import { type RefObject, useEffect } from 'react'

/** So near to an edge of what is scrolled a dragged card scrolls it on, px, and so far in a frame at most. */
const EDGE = 56
const FASTEST = 18

/** How far to scroll in this frame for a pointer between two edges: the nearer to one, or the farther beyond it, the faster. */
export function scrollStep(at: number, low: number, high: number): number {
  const into = at < low + EDGE ? at - (low + EDGE) : at > high - EDGE ? at - (high - EDGE) : 0
  return Math.round(Math.max(-1, Math.min(1, into / EDGE)) * FASTEST)
}

/** While a card is dragged: the board scrolls on to lanes at its sides, and a lane to cards above and below. */
export function useDragScroll(board: RefObject<HTMLElement | null>, isDragging: boolean): void {
  useEffect(() => {
    if (!isDragging) return
    let at: { readonly x: number; readonly y: number } | undefined
    let frame = 0
    const onOver = ({ clientX, clientY }: DragEvent): void => {
      at = { x: clientX, y: clientY }
    }
    const scrollOn = (): void => {
      frame = requestAnimationFrame(scrollOn)
      const { current: element } = board
      if (at === undefined || element === null) return
      const box = element.getBoundingClientRect()
      element.scrollLeft += scrollStep(at.x, box.left, box.right)
      const lane = document.elementFromPoint(at.x, at.y)?.closest('.board-lane')?.querySelector('.board-lane-scroll')
      if (lane === undefined || lane === null) return
      const { top, bottom } = lane.getBoundingClientRect()
      lane.scrollTop += scrollStep(at.y, top, bottom)
    }
    document.addEventListener('dragover', onOver, { capture: true })
    frame = requestAnimationFrame(scrollOn)
    return () => {
      document.removeEventListener('dragover', onOver, { capture: true })
      cancelAnimationFrame(frame)
    }
  }, [board, isDragging])
}
