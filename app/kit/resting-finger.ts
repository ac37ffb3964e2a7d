/** A finger that rests so long asks for the menu, ms. */
const LONG_PRESS = 500
/** A finger that moved further than this is scrolling, px. */
const FINGER_SLACK = 10

/** Calls `onRest` once the finger that came down rests; browsers that tell of it themselves, by `contextmenu`, have done so before. */
export function watchFinger({ clientX, clientY }: { readonly clientX: number; readonly clientY: number }, onRest: () => void): void {
  const timer = window.setTimeout(() => {
    onAsked()
    onRest()
  }, LONG_PRESS)
  const onAsked = (): void => {
    end()
    ignoreLift()
  }
  const onMove = (move: PointerEvent): void => {
    if (Math.hypot(move.clientX - clientX, move.clientY - clientY) > FINGER_SLACK) end()
  }
  const end = (): void => {
    clearTimeout(timer)
    window.removeEventListener('pointermove', onMove)
    window.removeEventListener('contextmenu', onAsked, { capture: true })
    for (const kind of ['pointerup', 'pointercancel'] as const) window.removeEventListener(kind, end)
  }
  window.addEventListener('pointermove', onMove)
  window.addEventListener('contextmenu', onAsked, { capture: true })
  for (const kind of ['pointerup', 'pointercancel'] as const) window.addEventListener(kind, end)
}

/** The finger that asked for the menu is lifted: no press, which a browser that was busy would make of it, taking the menu's focus. */
function ignoreLift(): void {
  const ignore = (event: TouchEvent): void => event.preventDefault()
  const stop = (): void => {
    window.removeEventListener('touchend', ignore)
    window.removeEventListener('pointerdown', stop, { capture: true })
  }
  window.addEventListener('touchend', ignore, { passive: false })
  // The next finger is another matter, however this one left.
  window.addEventListener('pointerdown', stop, { capture: true })
}
