import { z } from 'zod'
import { type Fault, faultShape, type SetFault } from './faults.ts'

/** What `/sandbox/control` takes for every app beside its own. What is left out stays as it is. */
export const commonControl = {
  /** Replaces the set of faults. */
  faults: z.array(faultShape).max(100).optional(),
  /** Adds to the set. */
  add: z.array(faultShape).max(100).optional(),
  /** Empties the set. */
  clear: z.literal(true).optional(),
  /** Takes one fault out, by the id that GET names. */
  remove: z.string().optional(),
  /** How long searches lag behind writes. */
  indexDelayMs: z.int().min(0).max(3_600_000).optional(),
  /** How far the app's clock is ahead of the machine's. */
  clockSkewMs: z.int().min(-31_536_000_000).max(31_536_000_000).optional(),
  /** Records the credential may no longer see. */
  hide: z.array(z.string()).max(10_000).optional(),
  /** Records it may see again. */
  show: z.array(z.string()).max(10_000).optional(),
} as const

/** One way of setting faults at a time. */
export const setsFaultsOnce = (control: { faults?: unknown; add?: unknown; clear?: unknown }): boolean =>
  [control.faults, control.add, control.clear].filter((part) => part !== undefined).length <= 1
export const FAULTS_ONCE = { error: 'give one of faults, add and clear' }

/** What every app keeps of its control over a restart. */
export const commonState = {
  faults: z.array(faultShape),
  indexDelayMs: z.int().min(0),
  clockSkewMs: z.int(),
  hidden: z.array(z.string()),
} as const

/** A fault as it is kept: with what is left of it instead of what was asked for. */
export function keptFault({ id: _id, fired: _fired, left, next: _next, ...fault }: SetFault): Fault {
  return left === null ? fault : { ...fault, next: left }
}

/** Ids that are hidden after a control body, of those before. */
export function hiddenAfter(before: readonly string[], hide: readonly string[], show: readonly string[]): string[] {
  const shown = new Set(show)
  return [...new Set([...before, ...hide])].filter((id) => !shown.has(id))
}
