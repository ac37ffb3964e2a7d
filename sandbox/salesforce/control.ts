import { z } from 'zod'
import { commonControl, commonState, FAULTS_ONCE, setsFaultsOnce } from '../control.ts'
import { DEFAULT_EDITOR, USERS, userNamed } from './users.ts'

const editorShape = z.string().refine((name) => userNamed(name) !== undefined, {
  error: () => `must be one of ${USERS.map(({ name }) => name).join(', ')}`,
})

/** Calls of a rolling day the smallest paid org has. */
const DAILY_CALLS = 100_000

/** What `/sandbox/control` takes for Salesforce. Everything but `app` may be left out; what is left out stays as it is. */
export const controlShape = z
  .strictObject({
    ...commonControl,
    app: z.literal('salesforce'),
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
  .refine(setsFaultsOnce, FAULTS_ONCE)
export type Control = z.infer<typeof controlShape>

/** What is kept of the control over a restart. */
export const controlStateShape = z.object({
  ...commonState,
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
