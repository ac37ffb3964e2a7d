import { existsSync } from 'node:fs'
import { createServer, IncomingMessage, type RequestListener, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { announceNodeEnv, PROJECT_FOLDER } from './config.ts'
import { StartError } from './start-error.ts'

export interface Pages {
  readonly handle: RequestListener
  /** Takes the upgrade of a page's hot reload; `false` where it is none. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean
  /** Has the pages' code loaded, so that nobody's first page waits for it. */
  warm(): Promise<void>
  stop(): Promise<void>
}

/** The page that people open first. */
const FIRST_PAGE = '/w'

/** Next, for pages only. @throws StartError where they were never built */
export async function startPages(options: { isDev: boolean; host: string; port: number }): Promise<Pages> {
  const { isDev, host, port } = options
  if (!isDev && !existsSync(join(PROJECT_FOLDER, '.next', 'BUILD_ID'))) {
    throw new StartError(
      `The pages are not built (${join(PROJECT_FOLDER, '.next')} has no build).`,
      'Nothing was changed.',
      'Start with "npm start", which builds them first, or with "npm run dev".',
    )
  }
  announceNodeEnv(isDev)
  const { default: next } = await import('next')
  // Next listens for upgrades on the server it is given. This one never listens itself, so that each upgrade is answered once, by us.
  const decoy = createServer()
  const app = next({ dev: isDev, dir: PROJECT_FOLDER, hostname: host, port, httpServer: decoy })
  await app.prepare()
  const handle = app.getRequestHandler()
  return {
    handle: (request, response) => {
      handle(request, response).catch(() => response.destroy())
    },
    upgrade: (request, socket, head) => {
      if (!isDev || !request.url?.startsWith('/_next/')) return false
      decoy.emit('upgrade', request, socket, head)
      return true
    },
    warm: async () => {
      const request = new IncomingMessage(new Socket())
      Object.assign(request, { url: FIRST_PAGE, method: 'GET', headers: { host } })
      await handle(request, new ServerResponse(request)).catch(() => undefined)
    },
    stop: () => app.close(),
  }
}
