import { join } from 'node:path'
import { isSandboxApp, isVendorApi, type Sandbox, startSandbox } from '../sandbox/sandbox.ts'
import type { ReadyApp } from '../sync-engine/connectors/app.ts'
import { readyApp } from '../sync-engine/connectors/registry.ts'
import { SyncError } from '../sync-engine/sync-error.ts'
import { cryptoRandomBytes, type SheetId, type WorkbookId } from '../workbook/ids.ts'
import { sysName } from '../workbook/schema.ts'
import type { Sheet } from '../workbook/sheet.ts'
import { allowanceState, blockingLeft } from './allowance.ts'
import { annotationHandlers } from './api/annotations.ts'
import { authorizeHandlers } from './api/authorize.ts'
import { connectionHandlers } from './api/connections.ts'
import type { Contract, StatelessMessage } from './api/contract.ts'
import { deliveryHandlers } from './api/delivery.ts'
import { fileHandlers } from './api/files.ts'
import { makeHandlers } from './api/handlers.ts'
import { integrationHandlers } from './api/integrations.ts'
import type { LinkEndpoint } from './api/links.ts'
import type { Handlers } from './api/router.ts'
import { runHandlers } from './api/runs.ts'
import { sheetHandlers } from './api/sheets.ts'
import { AppClients } from './app-clients.ts'
import type { DocumentBusiness, Documents, Principal } from './collab-ports.ts'
import type { Config } from './config.ts'
import { Connections } from './connections.ts'
import { IntegrationCredentials } from './credentials.ts'
import { writeBindings } from './engine-ports.ts'
import type { BaseOf } from './feed.ts'
import { HookRegistrations } from './hook-registrations.ts'
import type { HttpParts, SandboxPart } from './http.ts'
import { Imports } from './imports.ts'
import { Integrations } from './integrations.ts'
import type { Logger } from './logger.ts'
import { CALLBACK_PATH } from './oauth-flows.ts'
import { makePinnedFetch } from './pinned-fetch.ts'
import { RunQueue } from './queue.ts'
import { Retention } from './retention.ts'
import type { Rights } from './rights.ts'
import { Schedules } from './schedules.ts'
import type { Secrets } from './secrets.ts'
import type { Caller, Sessions } from './session.ts'
import type { SharedLinks } from './shared-links.ts'
import { SheetHub } from './sheets.ts'
import { SignIns } from './sign-ins.ts'
import { makeStartWorkbook } from './start-workbook.ts'
import { appHooksAt } from './storage/app-hooks.ts'
import { makeBaseShards } from './storage/base-shards.ts'
import { Catalog, type FullConnection, isOn, setupOf } from './storage/catalog.ts'
import type { Reader } from './storage/database.ts'
import { RunLog } from './storage/run-log.ts'
import { RunStore } from './storage/runs.ts'
import { ScheduleStore } from './storage/schedules.ts'
import { SettingsStore } from './storage/settings.ts'
import { withTalk } from './talk.ts'
import type { UpdateLog } from './update-log.ts'
import { hookUrlOf, isHook, Webhooks } from './webhooks.ts'
import { WorkbookCopies } from './workbook-copies.ts'
import type { WorkbookPeople } from './workbook-people.ts'
import { WorkbookSheets, withSheetList } from './workbook-sheets.ts'
import { appName, Workbooks } from './workbooks.ts'

/** What the shell gives to the business. */
export interface AppParts {
  readonly config: Config
  readonly logger: Logger
  readonly log: UpdateLog
  readonly reader: Reader
  readonly documents: Documents
  readonly secrets: Secrets
  readonly sessions: Sessions
  readonly links: SharedLinks
  readonly people: WorkbookPeople
  readonly rights: Rights
  /** `http://127.0.0.1:<port>`; known when `start` is called. */
  readonly origin: () => string
  /** ms since 1970 */
  readonly now: () => number
}

/** What the business answers; the rest is the shell's. */
export type BusinessContract = Omit<Contract, 'getSession' | 'patchSession' | LinkEndpoint>

/** What the business gives to the shell. */
export interface App {
  readonly business: DocumentBusiness
  /** What a caller who is signed in may do with a document whose name is ours; the reason where nothing. */
  readonly mayOpen: (
    caller: Caller,
    docName: string,
  ) => Promise<Pick<Principal, 'canWrite' | 'role' | 'workbook' | 'link'> | { readonly denied: string }>
  /** Where a sheet's base is, for its feed. */
  readonly baseOf: BaseOf
  readonly handlers: Handlers<BusinessContract>
  readonly sandbox?: SandboxPart
  readonly hooks?: HttpParts['hooks']
  readonly signInReturn?: HttpParts['signInReturn']
  /** Where a browser that is let in begins. */
  homePath(): string
  /** Before the first request is answered. */
  start(): Promise<void>
  /** When requests are answered, before anybody is told that the server is ready. */
  open(): Promise<void>
  /** After the last request; the log still takes what is left to write. */
  stop(): Promise<void>
}

/** Asking an app what objects an account has takes no longer than this. ms */
const DISCOVER_MS = 60_000

const DOCUMENTS_CHANGED = JSON.stringify({ type: 'documents' } satisfies StatelessMessage)

/** Workbooks, engine, queue and sandbox, put together. */
export function buildApp(parts: AppParts): App {
  const { config, logger, log, reader, documents, secrets, links, people, rights, origin, now } = parts
  const catalog = new Catalog(reader)
  const runs = new RunStore(reader)
  const runLog = new RunLog(reader, runs)
  const settings = new SettingsStore(reader, Intl.DateTimeFormat().resolvedOptions().timeZone)
  const random = cryptoRandomBytes
  const clock = { now, sleep }
  // Only local mode exists; team mode will refuse private addresses.
  const pinned = makePinnedFetch({ allowPrivate: true })
  const credentials = new IntegrationCredentials({ secrets, reader, log, logger, now, fetch: pinned.fetch, origin })
  const clients = new AppClients({ credentials, origin, clock, random: Math.random, allowPrivate: true, fetch: pinned.fetch })
  const signIns = new SignIns({ catalog, credentials, clients, log, logger, now, random, fetch: pinned.fetch, origin, standIn })
  const webhooks = new Webhooks({
    catalog,
    credentials,
    asked: (path) => appHooksAt(reader, path),
    hints: { onHint: (integration, object) => void schedules.onHint(integration, object) },
    logger,
    now,
  })
  const hookRegistrations = new HookRegistrations({
    catalog,
    credentials,
    clients,
    reader,
    log,
    logger,
    now,
    // A stand-in is in this very server.
    addressFor: ({ isSandbox }) => (isSandbox ? origin() : config.publicUrl),
  })
  const hub = new SheetHub({
    catalog,
    runs,
    log,
    logger,
    now,
    random,
    onLinkRequests: (sheet) => void runLinkRequests(sheet),
    mayLink: (person) => links.guest(person) === undefined,
    mendBindings,
  })
  hub.use(documents)
  const queue = new RunQueue({
    catalog,
    runs,
    hub,
    log,
    logger,
    clock,
    random: Math.random,
    randomBytes: random,
    makeHttp: ({ integration }, onCall, goOn) => clients.clientFor(integration, builtApp(integration.app), onCall, goOn),
    broadcast: (docName, message: StatelessMessage) =>
      documents.broadcastStateless(docName, JSON.stringify(message), message.type === 'documents' ? 'everyone' : 'members'),
    nameOf: nameOfActor,
    settings: () => settings.get(),
  })
  const schedules = new Schedules({
    catalog,
    runs,
    queue,
    states: new ScheduleStore(reader),
    settings: () => settings.get(),
    log,
    logger,
    now,
  })
  const retention = new Retention({ runLog, settings: () => settings.get(), log, logger, now })
  const nextPullOf = (full: FullConnection): number | null => schedules.nextPull(full)
  const workbooks = new Workbooks({ catalog, hub, documents, queue, log, now, random })
  const connections = new Connections({ catalog, hub, queue, runs, workbooks, log, now })
  const copies = new WorkbookCopies({ catalog, documents, hub, workbooks, log, now, random })
  const imports = new Imports({
    reader,
    catalog,
    hub,
    documents,
    log,
    logger,
    now,
    random,
    onDocuments: (workbook) => tellOfDocuments(workbook as WorkbookId),
  })
  const sheets = new WorkbookSheets({ catalog, hub, documents, log, random, onDocuments: tellOfDocuments })
  const integrations = new Integrations({
    catalog,
    runs,
    hub,
    queue,
    workbooks: {
      rewriteBindings: (connections) => workbooks.rewriteBindings(connections),
      removeConnection: async (id) => void (await connections.remove(id)),
    },
    log,
    forgetSecrets: async (id) => {
      const integration = (await catalog.integrations()).find((known) => known.id === id)
      if (integration !== undefined) {
        await hookRegistrations.forget(integration)
        await credentials.forget(integration, readyApp(integration.app))
      }
      clients.forget(id)
    },
    onChanged: tellOfConnection,
    now,
    random,
  })
  let sandbox: Sandbox | undefined
  let home = '/'

  function tellOfConnection({ id, workbook }: { readonly id: string; readonly workbook: WorkbookId }): void {
    const message = { type: 'connection', connection: id } satisfies StatelessMessage
    documents.broadcastStateless(sysName(workbook), JSON.stringify(message), 'members')
  }

  /** As `refreshBindings`, of a sheet that is being opened. */
  async function mendBindings(sheet: Sheet): Promise<void> {
    try {
      await log.durable()
      for (const { id } of await catalog.connections({ sheet: sheet.id })) {
        const full = await catalog.connection(id)
        if (full !== undefined) writeBindings(sheet, full, setupOf(full, appName(full)))
      }
    } catch (error) {
      logger.error({ err: error, sheet: sheet.id }, 'the fields of a sheet may say an older direction')
    }
  }

  function nameOfActor(actor: string): string {
    return people.nameOf(actor) ?? (actor === 'server' ? 'Tidebook' : actor)
  }

  function tellOfDocuments(workbook: WorkbookId): void {
    documents.broadcastStateless(sysName(workbook), DOCUMENTS_CHANGED, 'everyone')
  }

  const refreshing = new Set<SheetId>()
  /** A sheet was deleted, or is back: runs of its connections end, and what its fields say of their direction is written anew. */
  async function refreshBindings(sheet: SheetId): Promise<void> {
    // Whoever may edit may delete a sheet and bring it back as often as they like: one look waits at most, and sees the last of it.
    if (refreshing.has(sheet)) return
    refreshing.add(sheet)
    try {
      await log.durable()
      refreshing.delete(sheet)
      await workbooks.rewriteBindings(await catalog.connections({ sheet }))
    } catch (error) {
      refreshing.delete(sheet)
      logger.error({ err: error, sheet }, 'the fields of a sheet that was deleted or brought back may say an older direction')
    }
  }

  /** What an app's stand-in signs in with. */
  function standIn(app: string): Record<string, string> | undefined {
    return sandbox === undefined || !isSandboxApp(app) ? undefined : { ...sandbox.credentials(app) }
  }

  /** People tied rows to records, perhaps offline: a one-way run fills them. */
  async function runLinkRequests(sheet: SheetId): Promise<void> {
    try {
      for (const { id } of await catalog.connections({ sheet })) {
        const connection = await catalog.connection(id)
        if (connection !== undefined && isOn(connection))
          await queue.enqueue({ connection, order: { kind: 'link', links: [] }, trigger: 'person', actor: 'server' })
      }
    } catch (error) {
      logger.error({ err: error, sheet }, 'link requests wait for the next sync')
    }
  }

  return {
    business: withSheetList(withTalk(hub), { catalog, onRemoval: (sheet) => void refreshBindings(sheet) }),
    baseOf: (sheet) => hub.baseOf(sheet),
    mayOpen: (caller, docName) => rights.ofDocument(caller, docName),
    handlers: {
      ...makeHandlers({
        catalog,
        runs,
        hub,
        documents,
        queue,
        workbooks,
        people,
        log,
        now,
        random,
        settings: () => settings.get(),
        nextPullOf,
      }),
      ...runHandlers({ catalog, runs, runLog, hub, queue, settings, log, now, nameOf: nameOfActor }),
      ...connectionHandlers({
        ...{ catalog, runs, hub, queue, workbooks, connections, duplicates: copies, log, now, random, nextPullOf },
        creditsLeft: () => blockingLeft(allowanceState(settings.get(), runs, now())),
        onConnection: ({ workbook }) => {
          tellOfDocuments(workbook)
          void hookRegistrations.tick()
        },
      }),
      ...fileHandlers({ imports, hub, catalog }),
      ...sheetHandlers(sheets, now),
      ...annotationHandlers({ catalog, hub, documents, log, nameOf: (person) => people.nameOf(person) ?? person, now }),
      ...integrationHandlers({
        catalog,
        integrations,
        queue,
        authOf: ({ id }) => credentials.stateOf(id),
        hooksOf: (integration) => hookRegistrations.stateOf(integration),
        nextPullOf: async (id) => {
          const full = await catalog.connection(id)
          return full === undefined ? null : schedules.nextPull(full)
        },
        discover: async (integration) => {
          const app = builtApp(integration.app)
          if (app.discoverObjects === undefined) return app.objects
          const http = clients.clientFor(integration, app, () => undefined).as('search')
          return [...app.objects, ...(await app.discoverObjects(http, AbortSignal.timeout(DISCOVER_MS)))]
        },
        nameOf: nameOfActor,
        now,
      }),
      ...authorizeHandlers({
        catalog,
        credentials,
        signIns,
        hasStandIn: (app) => standIn(app) !== undefined,
        hookUrlOf: ({ app, id, isSandbox }, origin) => hookUrlOf(app, id, isSandbox ? origin : (config.publicUrl ?? origin)),
      }),
      ...deliveryHandlers({ shards: makeBaseShards(reader), baseOf: (sheet) => hub.baseOf(sheet) }),
    },
    ...(config.hasSandbox && {
      sandbox: {
        handle: (request, response) => void sandbox?.handle(request, response),
        isVendorApi,
      },
    }),
    hooks: {
      isHook,
      ...(config.publicUrl && { host: new URL(config.publicUrl).host }),
      handle: (request, response) => void webhooks.handle(request, response),
    },
    signInReturn: {
      path: CALLBACK_PATH,
      finish: async (answer, caller) => {
        const next = await signIns.flows.finish(answer, caller.device)
        void hookRegistrations.tick()
        return next
      },
    },
    homePath: () => home,
    start: async () => {
      if (config.hasSandbox) sandbox = await startSandbox({ dataFolder: join(config.dataFolder, 'sandbox'), now, random: Math.random })
    },
    open: async () => {
      if (sandbox !== undefined) await makeStartWorkbook({ sandbox, catalog, workbooks, credentials, sheets, queue, logger, random })
      await queue.start()
      await schedules.start()
      retention.start()
      hookRegistrations.start()
      await imports.start()
      const [latest] = await catalog.workbooks()
      if (latest !== undefined) home = `/w/${latest.id}`
    },
    stop: async () => {
      await imports.stop()
      await hookRegistrations.stop()
      await retention.stop()
      await schedules.stop()
      await queue.stop()
      await sandbox?.stop()
      pinned.close()
    },
  }
}

function builtApp(id: string): ReadyApp {
  const app = readyApp(id)
  if (app === undefined) throw new SyncError('not-found', `The app ${id} is not built yet.`)
  return app
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason)
      return
    }
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', onAbort)
      resolve()
    }, ms)
    const onAbort = (): void => {
      clearTimeout(timer)
      reject(signal.reason)
    }
    signal.addEventListener('abort', onAbort, { once: true })
  })
}
