import type { IncomingMessage, ServerResponse } from 'node:http'
import { join } from 'node:path'
import { ApiServer } from './api-server.ts'
import { sendAnswer } from './http.ts'
import { HubSpotApp, isHubSpotPath } from './hubspot/hubspot.ts'
import { JiraApp } from './jira/jira.ts'
import { AtlassianOAuth } from './jira/oauth.ts'
import { SalesforceApp } from './salesforce/salesforce.ts'
import { seedPlan, seedSalesforce } from './salesforce/seed.ts'
import { Screen } from './screen/screen.ts'
import { seedJira } from './seed.ts'
import type { StandIn, StandInApp } from './stand-in.ts'

/** The apps of the sandbox, by their place in addresses. The first is the one its screen shows at first. */
const APPS = {
  jira: {
    isVendorPath: (path) => path.startsWith('/rest/') || path.startsWith('/ex/jira/') || AtlassianOAuth.isPath(path),
    open: async (options) => {
      if (JiraApp.isFresh(options.folder))
        await seedJira(join(options.folder, '..'), options.firstRecordCount, options.firstRandom, options.now)
      return JiraApp.open(options)
    },
  } satisfies StandInApp<JiraApp>,
  hubspot: { isVendorPath: isHubSpotPath, open: (options) => HubSpotApp.open(options) } satisfies StandInApp<HubSpotApp>,
  salesforce: {
    isVendorPath: (path) => path.startsWith('/services/') || path.startsWith('/id/'),
    open: async (options) => {
      if (SalesforceApp.isFresh(options.folder))
        await seedSalesforce(options.folder, seedPlan(options.firstRecordCount), options.firstRandom, options.now)
      return SalesforceApp.open(options)
    },
  } satisfies StandInApp<SalesforceApp>,
} satisfies Record<string, StandInApp>

export type SandboxApp = keyof typeof APPS
type Opened<Id extends SandboxApp> = Awaited<ReturnType<(typeof APPS)[Id]['open']>>

/** Whether a path belongs to the API of one of the apps: it is guarded by that app's own credential, not by a session. */
export function isVendorApi(pathname: string): boolean {
  return vendorCall(pathname) !== undefined
}

/** The app whose API a path belongs to, and the path as that app sees it. */
function vendorCall(pathname: string): { readonly app: SandboxApp; readonly path: string } | undefined {
  const [, root, app = '', ...rest] = pathname.split('/')
  const path = `/${rest.join('/')}`
  return root === 'sandbox' && isSandboxApp(app) && APPS[app].isVendorPath(path) ? { app, path } : undefined
}

/** Whether there is a stand-in of this app. */
export function isSandboxApp(id: string): id is SandboxApp {
  return Object.hasOwn(APPS, id)
}

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
  /** How many records each app of a fresh sandbox has. Default: 60. */
  readonly firstRecordCount?: number
}

/** The stand-ins of the connected apps, behind one HTTP handler. */
export interface Sandbox {
  /** Answers a request under `/sandbox`, also one that is to get no answer; `false` for any other path. Never rejects. */
  handle(req: IncomingMessage, res: ServerResponse): Promise<boolean>
  /** What an integration with the stand-in signs in with. Made at the first start. */
  credentials<Id extends SandboxApp>(app: Id): Opened<Id>['credentials']
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

/** How many records of each app a fresh sandbox has. */
const FIRST_RECORDS = 60

/** Starts the sandbox on its folder, with first records where that is fresh. */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const ids = Object.keys(APPS).filter(isSandboxApp)
  const opening = ids.map(async (id): Promise<readonly [SandboxApp, StandIn]> => {
    const app = await APPS[id].open({
      folder: join(options.dataFolder, id),
      now: options.now,
      random: options.random,
      ...(options.indexDelayMs !== undefined && { indexDelayMs: options.indexDelayMs }),
      saveDelayMs: options.saveDelayMs ?? 200,
      firstRecordCount: options.firstRecordCount ?? FIRST_RECORDS,
      firstRandom: makeSeededRandom(FIRST_SEED),
    })
    return [id, app]
  })
  const opened = await Promise.allSettled(opening)
  const failed = opened.find((one) => one.status === 'rejected')
  if (failed) {
    // One that cannot start must not leave the others running.
    await Promise.all(opened.map((one) => (one.status === 'fulfilled' ? one.value[1].stop() : undefined)))
    throw failed.reason
  }
  const apps = new Map(opened.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : [])))
  const server = new ApiServer(options.now)
  const [first, ...others] = apps.values()
  if (first === undefined) throw new Error('The sandbox has no apps.')
  const screen = new Screen([first, ...others])
  let isStopped = false
  return {
    handle: async (req, res) => {
      const target = req.url ?? '/'
      if (!URL.canParse(target, 'http://sandbox')) return false
      const url = new URL(target, 'http://sandbox')
      if (url.pathname !== '/sandbox' && !url.pathname.startsWith('/sandbox/')) return false
      try {
        const origin = options.publicOrigin ?? `http://${req.headers.host ?? 'localhost'}`
        const vendor = vendorCall(url.pathname)
        const app = vendor && apps.get(vendor.app)
        if (vendor && app) {
          await server.serve(app, req, res, { path: vendor.path, query: url.searchParams, base: `${origin}/sandbox/${vendor.app}` })
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
    // The table says which app has which.
    credentials: <Id extends SandboxApp>(id: Id) => apps.get(id)?.credentials as Opened<Id>['credentials'],
    flush: async () => {
      await Promise.all([...apps.values()].map((app) => app.flush()))
    },
    stop: async () => {
      if (isStopped) return
      isStopped = true
      server.stop()
      await Promise.all([...apps.values()].map((app) => app.stop()))
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
