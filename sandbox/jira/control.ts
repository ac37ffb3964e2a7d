import { z } from 'zod'
import { type Fault, faultShape, type SetFault } from '../faults.ts'
import { isOwnMachine } from '../origin.ts'
import { limitsShape } from '../rate-limits.ts'
import { DEFAULT_EDITOR, USERS, withName } from './site.ts'

const editorShape = z.string().refine((name) => withName(USERS, name) !== undefined, {
  error: () => `must be one of ${USERS.map((user) => user.name).join(', ')}`,
})

/** What `/sandbox/control` takes. Everything but `app` may be left out; what is left out stays as it is. */
export const controlShape = z
  .strictObject({
    app: z.literal('jira'),
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
    /** How long a bulk operation waits before it is carried out. */
    bulkDelayMs: z.int().min(0).max(3_600_000).optional(),
    /** How far the site's clock is ahead of the machine's. */
    clockSkewMs: z.int().min(-31_536_000_000).max(31_536_000_000).optional(),
    /** Issues (keys or ids) the token may no longer see. */
    hide: z.array(z.string()).max(10_000).optional(),
    /** Issues it may see again. */
    show: z.array(z.string()).max(10_000).optional(),
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
  .refine((control) => [control.faults, control.add, control.clear].filter((part) => part !== undefined).length <= 1, {
    error: 'give one of faults, add and clear',
  })
export type Control = z.infer<typeof controlShape>

/** What is kept of the control over a restart. */
export const controlStateShape = z.object({
  faults: z.array(faultShape),
  indexDelayMs: z.int().min(0),
  bulkDelayMs: z.int().min(0),
  clockSkewMs: z.int(),
  hidden: z.array(z.string()),
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

/** A fault as it is kept: with what is left of it instead of what was asked for. */
export function keptFault({ id: _id, fired: _fired, left, next: _next, ...fault }: SetFault): Fault {
  return left === null ? fault : { ...fault, next: left }
}
