import { z } from 'zod'
import { type Fault, faultShape, type SetFault } from '../faults.ts'
import { DEFAULT_EDITOR, USERS, userNamed } from './users.ts'

const editorShape = z.string().refine((name) => userNamed(name) !== undefined, {
  error: () => `must be one of ${USERS.map(({ name }) => name).join(', ')}`,
})

/** Calls of a rolling day the smallest paid org has. */
const DAILY_CALLS = 100_000

/** What `/sandbox/control` takes for Salesforce. Everything but `app` may be left out; what is left out stays as it is. */
export const controlShape = z
  .strictObject({
    app: z.literal('salesforce'),
    /** Replaces the set of faults. */
    faults: z.array(faultShape).max(100).optional(),
    /** Adds to the set. */
    add: z.array(faultShape).max(100).optional(),
    /** Empties the set. */
    clear: z.literal(true).optional(),
    /** Takes one fault out, by the id that GET names. */
    remove: z.string().optional(),
    /** How long searches lag behind writes; queries and reads never do. */
    indexDelayMs: z.int().min(0).max(3_600_000).optional(),
    /** How far the org's clock is ahead of the machine's. */
    clockSkewMs: z.int().min(-31_536_000_000).max(31_536_000_000).optional(),
    /** Ids of records the session may no longer see. */
    hide: z.array(z.string()).max(10_000).optional(),
    /** Ids it may see again. */
    show: z.array(z.string()).max(10_000).optional(),
    /** Who edits made on the screen and in the files are by. */
    editor: editorShape.optional(),
    /** How long a session lasts. */
    sessionMinutes: z.int().min(1).max(1440).optional(),
    /** Ends every session that a sign-in gave out. */
    endSessions: z.literal(true).optional(),
    /** Whether each refresh gives a new refresh token and ends the old one. */
    rotateRefreshTokens: z.boolean().optional(),
    /** Calls of a rolling day, and how many of them are used by others. */
    dailyCalls: z.strictObject({ max: z.int().min(1).max(100_000_000), usedElsewhere: z.int().min(0).max(100_000_000) }).optional(),
    /** Whether the org's workflow rules rewrite what was saved. */
    workflow: z.boolean().optional(),
  })
  .refine((control) => [control.faults, control.add, control.clear].filter((part) => part !== undefined).length <= 1, {
    error: 'give one of faults, add and clear',
  })
export type Control = z.infer<typeof controlShape>

/** What is kept of the control over a restart. */
export const controlStateShape = z.object({
  faults: z.array(faultShape),
  indexDelayMs: z.int().min(0),
  clockSkewMs: z.int(),
  hidden: z.array(z.string()),
  editor: editorShape,
  sessionMinutes: z.int().min(1),
  rotateRefreshTokens: z.boolean(),
  dailyCalls: z.object({ max: z.int().min(1), usedElsewhere: z.int().min(0) }),
  workflow: z.boolean(),
})
export type ControlState = z.infer<typeof controlStateShape>

export function freshControl(indexDelayMs: number): ControlState {
  return {
    faults: [],
    indexDelayMs,
    clockSkewMs: 0,
    hidden: [],
    editor: DEFAULT_EDITOR,
    sessionMinutes: 120,
    rotateRefreshTokens: false,
    dailyCalls: { max: DAILY_CALLS, usedElsewhere: 0 },
    workflow: true,
  }
}

/** A fault as it is kept: with what is left of it instead of what was asked for. */
export function keptFault({ id: _id, fired: _fired, left, next: _next, ...fault }: SetFault): Fault {
  return left === null ? fault : { ...fault, next: left }
}
