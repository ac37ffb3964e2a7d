const FIRST_MS = 1_000
const LONGEST_MS = 15_000

/**
 * How long to wait before connection attempt `attempt` (0 = the first again): doubling, half of it drawn at random, so that clients that
 * lost one server together do not all come back together.
 */
export function backoffMs(attempt: number, random: () => number): number {
  const whole = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempt, 10))
  return Math.round(whole / 2 + (whole / 2) * random())
}
