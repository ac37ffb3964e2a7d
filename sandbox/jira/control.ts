import { z } from 'zod'
import { commonControl, commonState, FAULTS_ONCE, setsFaultsOnce } from '../control.ts'
import type { Fault } from '../faults.ts'
import { isOwnMachine } from '../origin.ts'
import { limitsShape } from '../rate-limits.ts'
import { DEFAULT_EDITOR, USERS, withName } from './site.ts'

const editorShape = z.string().refine((name) => withName(USERS, name) !== undefined, {
  error: () => `must be one of ${USERS.map((user) => user.name).join(', ')}`,
})

/** What `/sandbox/control` takes. Everything but `app` may be left out; what is left out stays as it is. */
export const controlShape = z
  .strictObject({
    ...commonControl,
    app: z.literal('jira'),
    /** How long a bulk operation waits before it is carried out. */
    bulkDelayMs: z.int().min(0).max(3_600_000).optional(),
    /** Whether the token's account may change many issues at once. */
    canBulkChange: z.boolean().optional(),
    /** Who edits made on the screen and in the files are by. */
    editor: editorShape.optional(),
    /** How long an access token of a sign-in holds. */
    accessLifeS: z.int().min(1).max(86_400).optional(),
    /** Ends every access token now (`access`), or every sign-in with its refresh token (`grants`). */
    endTokens: z.enum(['access', 'grants']).optional(),
    /** Replaces the webhooks an administrator made; each is signed with its secret. */
    webhooks: z
      .array(
        z.strictObject({
          url: z.url().max(500).refine(isOwnMachine, { error: 'must lead to this machine' }),
          secret: z.string().min(1).max(500),
        }),
      )
      .max(20)
      .optional(),
    /** The limits the site really keeps; `null` for none. */
    limits: limitsShape.nullable().optional(),
  })
  .refine(setsFaultsOnce, FAULTS_ONCE)
export type Control = z.infer<typeof controlShape>

/** What is kept of the control over a restart. */
export const controlStateShape = z.object({
  ...commonState,
  bulkDelayMs: z.int().min(0),
  editor: editorShape,
  limits: limitsShape,
  accessLifeS: z.int().min(1).default(3600),
  /** Whether the account may change many issues at once (the global permission *Bulk Change*). */
  canBulkChange: z.boolean().default(true),
})
export type ControlState = z.infer<typeof controlStateShape>

/** A fresh sandbox writes the next status in capitals, so that the first tour meets a value the app changed. */
export const FRESH_FAULTS: readonly Fault[] = [{ kind: 'quirk-capitals', next: 1, match: { field: 'status' } }]

export function freshControl(indexDelayMs: number): ControlState {
  return {
    faults: [...FRESH_FAULTS],
    indexDelayMs,
    bulkDelayMs: 200,
    clockSkewMs: 0,
    hidden: [],
    editor: DEFAULT_EDITOR,
    limits: {},
    accessLifeS: 3600,
    canBulkChange: true,
  }
}
