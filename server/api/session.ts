import * as z from 'zod'
import type { Sessions } from '../session.ts'
import type { SharedLinks } from '../shared-links.ts'
import type { contract, Endpoint } from './contract.ts'
import { ApiProblem } from './problem.ts'
import type { Handler } from './router.ts'

/** Endpoints that scripts on this machine use, beside the contract the app reads. */
export const sessionContract = {
  createOneTimeUrl: {
    method: 'post',
    path: '/api/session/one-time',
    summary: 'A fresh address that lets one browser in, once, within 15 minutes; for the bearer token alone',
    answer: z.object({ url: z.url() }),
  },
} as const satisfies Record<string, Endpoint>

interface SessionHandlers {
  readonly getSession: Handler<typeof contract.getSession>
  readonly patchSession: Handler<typeof contract.patchSession>
  readonly createOneTimeUrl: Handler<typeof sessionContract.createOneTimeUrl>
}

export function sessionHandlers(parts: {
  readonly sessions: Sessions
  readonly links: SharedLinks
  readonly oneTimeUrl: () => string
  readonly hasSandbox: boolean
  /** Resolves when what was changed is on disk. */
  readonly durable: () => Promise<void>
  readonly onRenamed: (device: string, to: { readonly name: string; readonly color: string }) => void
}): SessionHandlers {
  return {
    getSession: ({ caller, query }) => {
      const isGuest = caller.kind === 'guest'
      const role = isGuest ? caller.grant?.role : query.workbook === undefined ? undefined : ('owner' as const)
      return {
        person: { ...caller.actor },
        device: caller.device,
        mode: 'local',
        hasSandbox: parts.hasSandbox && !isGuest,
        kind: isGuest ? 'guest' : 'member',
        ...(role && { role }),
      }
    },
    patchSession: async ({ caller, body }) => {
      const renamed = caller.kind === 'guest' ? parts.links.rename(caller.actor.id, body) : parts.sessions.rename(caller.device, body)
      if (renamed === undefined) {
        throw new ApiProblem({
          status: 409,
          code: 'no-device',
          message: 'A script has no name of its own.',
          advice: 'Nothing was changed. Open the printed address in a browser; each browser profile has a name.',
        })
      }
      await parts.durable()
      parts.onRenamed(renamed.id, renamed)
      return { person: renamed, device: renamed.id }
    },
    createOneTimeUrl: ({ caller }) => {
      if (caller.kind !== 'script') {
        throw new ApiProblem({
          status: 403,
          code: 'not-allowed',
          message: 'Only the token in the data folder lets another browser in.',
          advice: 'Nothing was changed. Run: npm run url',
        })
      }
      return { url: parts.oneTimeUrl() }
    },
  }
}
