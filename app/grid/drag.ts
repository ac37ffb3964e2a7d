import type { Place, Range } from './grid-model.ts'

/** Follows a pointer that went down until it is let go, or until Escape gives up. Returns the way to stop. */
export function trackDrag(on: { readonly onMove: (event: PointerEvent) => void; readonly onEnd: (isKept: boolean) => void }): () => void {
  const onUp = (): void => on.onEnd(true)
  const onCancel = (): void => on.onEnd(false)
  const onKey = (event: KeyboardEvent): void => {
    if (event.key !== 'Escape') return
    event.preventDefault()
    event.stopPropagation()
    on.onEnd(false)
  }
  window.addEventListener('pointermove', on.onMove)
  window.addEventListener('pointerup', onUp)
  window.addEventListener('pointercancel', onCancel)
  window.addEventListener('keydown', onKey, { capture: true })
  return () => {
    window.removeEventListener('pointermove', on.onMove)
    window.removeEventListener('pointerup', onUp)
    window.removeEventListener('pointercancel', onCancel)
    window.removeEventListener('keydown', onKey, { capture: true })
  }
}

/** How much of the way a pointer is beyond the edge is scrolled in one frame. */
const SCROLL_SHARE = 0.25

/** What a pointer is followed over: places of one kind, scrolled on where the pointer is beyond their edge. */
export interface Ground<At> {
  placeAt(clientX: number, clientY: number): At | undefined
  outside(clientX: number, clientY: number): { readonly x: number; readonly y: number }
  scrollBy(x: number, y: number): void
}

/** Follows a pointer over the cells. Where it is beyond their edge the sheet scrolls on, faster the farther out it is. */
export function trackOverCells<At>(
  body: Ground<At>,
  on: { readonly onPlace: (place: At) => void; readonly onEnd: (isKept: boolean) => void },
): void {
  let last: { readonly x: number; readonly y: number } | undefined
  let frame = 0
  const tell = (): void => {
    const place = last && body.placeAt(last.x, last.y)
    if (place !== undefined) on.onPlace(place)
  }
  const scrollOn = (): void => {
    frame = 0
    if (last === undefined) return
    const { x, y } = body.outside(last.x, last.y)
    if (x === 0 && y === 0) return
    body.scrollBy(Math.round(x * SCROLL_SHARE), Math.round(y * SCROLL_SHARE))
    tell()
    frame = requestAnimationFrame(scrollOn)
  }
  const stop = trackDrag({
    onMove: (event) => {
      last = { x: event.clientX, y: event.clientY }
      tell()
      frame ||= requestAnimationFrame(scrollOn)
    },
    onEnd: (isKept) => {
      stop()
      cancelAnimationFrame(frame)
      on.onEnd(isKept)
    },
  })
}

/** What a range grows to when its corner is dragged to a place: further down or further to the side, never both. */
export function filledRange(range: Range, to: Place): Range {
  const down = Math.max(0, to.row - range.bottom, range.top - to.row)
  const along = Math.max(0, to.column - range.right, range.left - to.column)
  if (down === 0 && along === 0) return range
  return down >= along
    ? { ...range, top: Math.min(range.top, to.row), bottom: Math.max(range.bottom, to.row) }
    : { ...range, left: Math.min(range.left, to.column), right: Math.max(range.right, to.column) }
}
