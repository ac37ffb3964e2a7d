import { z } from 'zod'
import { commonControl, commonState, FAULTS_ONCE, setsFaultsOnce } from '../control.ts'
import { isOwnMachine } from '../origin.ts'
import { DEFAULT_EDITOR, OWNERS, ownerName } from './site.ts'

export const EDITORS: readonly string[] = OWNERS.filter(({ isArchived }) => !isArchived).map(ownerName)

const editorShape = z.string().refine((name) => EDITORS.includes(name), { error: () => `must be one of ${EDITORS.join(', ')}` })
const limitShape = z.strictObject({ max: z.int().min(1).max(10_000_000), windowMs: z.int().min(1).max(86_400_000) }).nullable()

/** HubSpot's limits: ten seconds for a private app and for OAuth, a second of searches, a day. `null`: none. */
export const limitsShape = z.strictObject({ burst: limitShape, oauth: limitShape, search: limitShape, daily: limitShape })
export type Limits = z.infer<typeof limitsShape>

export const USUAL_LIMITS: Limits = {
  burst: { max: 190, windowMs: 10_000 },
  oauth: { max: 110, windowMs: 10_000 },
  search: { max: 5, windowMs: 1_000 },
  daily: { max: 650_000, windowMs: 86_400_000 },
}

/** What `/sandbox/control` takes. Everything but `app` may be left out; what is left out stays as it is. */
export const controlShape = z
  .strictObject({
    ...commonControl,
    app: z.literal('hubspot'),
    editor: editorShape.optional(),
    /** Some of the limits; `null` for HubSpot's usual ones. */
    limits: limitsShape.partial().nullable().optional(),
    /** Where webhooks go, all kinds of them: an address of this machine. `null`: nowhere. */
    webhooks: z.string().refine(isOwnMachine, { error: 'must lead to this machine' }).nullable().optional(),
    /** Ends every access token, or takes back every consent. */
    tokens: z.enum(['expire', 'revoke']).optional(),
  })
  .refine(setsFaultsOnce, FAULTS_ONCE)
export type Control = z.infer<typeof controlShape>

export const controlStateShape = z.object({
  ...commonState,
  editor: editorShape,
  limits: limitsShape,
})
export type ControlState = z.infer<typeof controlStateShape>

export function freshControl(indexDelayMs: number): ControlState {
  return { faults: [], indexDelayMs, clockSkewMs: 0, hidden: [], editor: DEFAULT_EDITOR, limits: USUAL_LIMITS }
}
