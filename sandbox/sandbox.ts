import type { IncomingMessage, ServerResponse } from 'node:http'
import { join } from 'node:path'
import { ApiServer } from './api-server.ts'
import { sendAnswer } from './http.ts'
import { type Credentials, JiraApp } from './jira/jira.ts'
import { Screen } from './screen/screen.ts'
import { FIRST_ISSUES, seedJira } from './seed.ts'

export interface SandboxOptions {
  /** `<data>/sandbox`; each app has a folder in it. */
  readonly dataFolder: string
  readonly now: () => number
  readonly random: () => number
  /** The address people reach the sandbox at, for links in answers. Absent: as each request names it. */
  readonly publicOrigin?: string
  /** How long searches lag behind writes. Absent: as set before, 1.5 s at first. */
  readonly indexDelayMs?: number
  /** How long changes are gathered before they are written. 0: each answer waits until its changes are on disk. Default: 200. */
  readonly saveDelayMs?: number
  /** How many issues a fresh sandbox has. Default: 60. */
  readonly firstIssueCount?: number
}

/** The stand-ins of the connected apps, behind one HTTP handler. */
export interface Sandbox {
  /** Answers a request under `/sandbox`, also one that is to get no answer; `false` for any other path. Never rejects. */
  handle(req: IncomingMessage, res: ServerResponse): Promise<boolean>
  /** What an integration with the stand-in signs in with. Made at the first start. */
  credentials(app: 'jira'): Credentials
  /** Puts every change on disk. */
  flush(): Promise<void>
  /** Saves, ends held requests, closes the logs. Nothing may be handled after it. */
  stop(): Promise<void>
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** The seed of the first issues: the same in every fresh sandbox. */
const FIRST_SEED = 20_260_201

/** Starts the sandbox on its folder, with 60 issues where that is fresh. */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const folder = join(options.dataFolder, 'jira')
  if (JiraApp.isFresh(folder)) {
    await seedJira(options.dataFolder, options.firstIssueCount ?? FIRST_ISSUES, makeSeededRandom(FIRST_SEED), options.now)
  }
  const jira = await JiraApp.open({
    folder,
    now: options.now,
    random: options.random,
    ...(options.indexDelayMs !== undefined && { indexDelayMs: options.indexDelayMs }),
    saveDelayMs: options.saveDelayMs ?? 200,
  })
  const server = new ApiServer(options.now)
  const screen = new Screen(jira)
  let isStopped = false
  return {
    handle: async (req, res) => {
      const target = req.url ?? '/'
      if (!URL.canParse(target, 'http://sandbox')) return false
      const url = new URL(target, 'http://sandbox')
      if (url.pathname !== '/sandbox' && !url.pathname.startsWith('/sandbox/')) return false
      try {
        const origin = options.publicOrigin ?? `http://${req.headers.host ?? 'localhost'}`
        if (url.pathname.startsWith('/sandbox/jira/rest/')) {
          const path = url.pathname.slice('/sandbox/jira'.length)
          await server.serve(jira, req, res, { path, query: url.searchParams, base: `${origin}/sandbox/jira` })
        } else {
          const answer = await screen.answer(req, url, origin)
          sendAnswer(res, answer, req.method)
        }
      } catch (error) {
        // A fault here, or a client that went away in the middle, must not take the server down.
        sendAnswer(res, { status: 500, text: `The sandbox failed: ${messageOf(error)}\n` })
      }
      return true
    },
    credentials: () => jira.credentials,
    flush: () => jira.flush(),
    stop: async () => {
      if (isStopped) return
      isStopped = true
      server.stop()
      await jira.stop()
    },
  }
}

/** A small seeded generator (mulberry32): the first issues do not depend on the randomness of the running server. */
function makeSeededRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = state
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
