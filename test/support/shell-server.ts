import type { App, AppParts } from '../../server/app.ts'
import type { Config } from '../../server/config.ts'
import { makeLogger } from '../../server/logger.ts'
import { type RunningServer, startServer } from '../../server/start.ts'

/** A business that does nothing, so that the shell is tested alone. */
export const emptyApp = (_parts: AppParts): App => ({
  business: {
    attachDocument: () => undefined,
    detachDocument: () => undefined,
    onTransaction: () => ({ cellChanges: [], ops: [] }),
  },
  baseOf: async () => undefined,
  mayOpen: async () => ({ canWrite: true }),
  handlers: {},
  homePath: () => '/',
  start: async () => undefined,
  open: async () => undefined,
  stop: async () => undefined,
})

export const testConfig = (dataFolder: string, more: Partial<Config> = {}): Config => ({
  port: 0,
  host: '127.0.0.1',
  otherHosts: [],
  publicUrl: undefined,
  dataFolder,
  mode: 'local',
  hasSandbox: false,
  secret: undefined,
  logLevel: 'silent',
  commitRetryMs: 10_000,
  isDev: false,
  hasPages: false,
  ...more,
})

/** The shell in this process: HTTP, sessions, live documents, log; no pages. */
export async function startShell(
  dataFolder: string,
  options: { config?: Partial<Config>; now?: () => number; buildApp?: (parts: AppParts) => App } = {},
): Promise<RunningServer & AsyncDisposable> {
  const server = await startServer(testConfig(dataFolder, options.config), {
    logger: makeLogger({ level: 'silent' }),
    buildApp: options.buildApp ?? emptyApp,
    ...(options.now && { now: options.now }),
  })
  return { ...server, [Symbol.asyncDispose]: () => server.stop() }
}
