/** Longest that a frame is given to such work, ms. */
const STEP_MS = 6

/** Runs long work a little in each frame, so that typing and scrolling go on. Returns the way to stop. */
export function runInSteps(work: Iterator<unknown>, onStep: (isDone: boolean) => void): () => void {
  let frame = 0
  const step = (): void => {
    const end = performance.now() + STEP_MS
    let isDone = false
    while (!isDone && performance.now() < end) isDone = work.next().done === true
    onStep(isDone)
    if (!isDone) frame = requestAnimationFrame(step)
  }
  frame = requestAnimationFrame(step)
  return () => cancelAnimationFrame(frame)
}
