import type { SessionState } from '../collab/session-state.ts'
import { TEXTS } from '../texts.ts'

/** What this window may do in its workbook. */
export interface Access {
  readonly role: 'owner' | 'editor' | 'viewer'
  readonly isGuest: boolean
  /** Why nothing can be typed here; `undefined` where it can. */
  readonly refusal: string | undefined
}

/** Of a guest whose link has ended nothing more is taken: what they typed before is kept and can be saved as a file. */
export function accessOf({ info, session, link }: Pick<SessionState, 'info' | 'session' | 'link'>): Access {
  const role = info?.role ?? 'owner'
  const isGuest = session?.kind === 'guest'
  if (isGuest && link.kind === 'refused') return { role, isGuest, refusal: TEXTS.share.closedForEdits }
  return { role, isGuest, refusal: role === 'viewer' ? TEXTS.share.refusal : undefined }
}
