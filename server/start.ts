import { randomInt } from 'node:crypto'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import { contract } from './api/contract.ts'
import { linkHandlers } from './api/links.ts'
import { makeApi } from './api/router.ts'
import { sessionContract, sessionHandlers } from './api/session.ts'
import { type App, type AppParts, buildApp } from './app.ts'
import { Collab } from './collab.ts'
import type { Authorize, Documents } from './collab-ports.ts'
import { type Config, programVersion } from './config.ts'
import { lockFolder } from './folder-lock.ts'
import { type HttpFront, makeHttpFront } from './http.ts'
import { outsideAddresses, ownHosts } from './http-gate.ts'
import { type Logger, makeLogger } from './logger.ts'
import { type Pages, startPages } from './pages.ts'
import { Rights } from './rights.ts'
import { Secrets } from './secrets.ts'
import { type Caller, cookieName, guestCookie, guestCookieName, readCookie, Sessions } from './session.ts'
import { SharedLinks } from './shared-links.ts'
import { StartError } from './start-error.ts'
import { makeBaseShards } from './storage/base-shards.ts'
import { Catalog } from './storage/catalog.ts'
import { openReader } from './storage/database.ts'
import { makeDocumentStore } from './storage/document-store.ts'
import { SqliteUpdateLog } from './storage/sqlite-log.ts'
import { WorkbookPeople } from './workbook-people.ts'

export interface RunningServer {
  /** `http://127.0.0.1:<port>`, without a slash at its end. */
  readonly origin: string
  /** Lets one browser in, once. */
  readonly oneTimeUrl: string
  readonly bearerToken: string
  stop(): Promise<void>
}

export interface StartOptions {
  readonly now?: () => number
  readonly logger?: Logger
  readonly buildApp?: (parts: AppParts) => App
}

const MAX_CLIENT_ID = 2 ** 32
/** How long clients may take to say goodbye. ms */
const GOODBYE_MS = 1_000
/** Longer than a proxy keeps a connection that is not in use (60 s): a request never meets one that is being closed. ms */
const KEEP_ALIVE_MS = 75_000

/**
 * The whole program: each part is built, then started; stopping goes the other way round.
 * @throws StartError where it cannot start; everything begun is ended again
 */
export async function startServer(config: Config, options: StartOptions = {}): Promise<RunningServer> {
  const now = options.now ?? Date.now
  const logger = options.logger ?? makeLogger({ level: config.logLevel })
  const undo: (() => Promise<void> | void)[] = []
  let stopped: Promise<void> | undefined
  const stop = (): Promise<void> => {
    stopped ??= stopAll(undo, logger)
    return stopped
  }
  try {
    const lock = lockFolder(config.dataFolder)
    undo.push(lock.release)
    const log = await SqliteUpdateLog.open({ dataFolder: config.dataFolder, retryMs: config.commitRetryMs })
    undo.push(() => log.stop())
    const reader = openReader(config.dataFolder)
    undo.push(() => reader.close())
    const secrets = await Secrets.open({ dataFolder: config.dataFolder, secret: config.secret, reader, log, now })
    const sessions = await Sessions.open({ dataFolder: config.dataFolder, reader, log, now })

    const links = await SharedLinks.open({ reader, log, now })
    undo.push(() => links.stop())
    const catalog = new Catalog(reader)
    const people = new WorkbookPeople({ reader, log, catalog, sessions, links, now })
    const rights = new Rights({ catalog, links, nameOf: (person) => people.nameOf(person) ?? 'whoever shared it' })

    const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS })
    let front: HttpFront | undefined
    server.on('request', (request, response) => (front?.handle ?? answerNotReady)(request, response))
    const port = await listen(server, config)
    undo.push(() => closeServer(server))
    const origin = `http://${addressOf(config.host)}:${port}`
    const hosts = ownHosts(config.host, port, config.otherHosts)

    const documents: Documents = {
      openDocument: (docName) => collab.openDocument(docName),
      broadcastStateless: (docName, payload, to) => collab.broadcastStateless(docName, payload, to),
      dismiss: (workbook, reason) => collab.dismiss(workbook, reason),
    }
    const app = (options.buildApp ?? buildApp)({
      config,
      logger,
      log,
      reader,
      documents,
      secrets,
      sessions,
      links,
      people,
      rights,
      origin: () => origin,
      now,
    })
    const collab = new Collab({
      log,
      store: makeDocumentStore(reader),
      shards: makeBaseShards(reader),
      baseOf: app.baseOf,
      business: app.business,
      authorize: authorizer({ sessions, links, app, port }),
      onPresence: (workbook, person) => people.note(workbook, person),
      logger,
      now,
      randomClientId: () => randomInt(1, MAX_CLIENT_ID),
    })
    links.onEnded((link) => collab.dismiss(link.id, links.endOf(link)?.why === 'expired' ? 'link-expired' : 'link-closed'))
    collab.start()
    undo.push(() => stopCollab(collab))

    const oneTimeUrl = () => `${origin}${app.homePath()}?once=${sessions.makeOneTimeToken()}`
    const api = makeApi({
      contract: { ...contract, ...sessionContract },
      handlers: {
        ...app.handlers,
        ...sessionHandlers({
          sessions,
          links,
          oneTimeUrl,
          hasSandbox: config.hasSandbox,
          durable: () => log.durable(),
          onRenamed: (device, to) => collab.renameActor(device, to),
        }),
        ...linkHandlers({
          links,
          rights,
          people,
          catalog,
          addresses: () => outsideAddresses(config, port),
          cookie: {
            make: (token) => guestCookie(port, token),
            read: (header) => readCookie(header, guestCookieName(port)),
          },
          durable: () => log.durable(),
          now,
        }),
      },
      callerOf: (request) => front?.callerOf(request),
      admit: (caller, endpoint, parts) => rights.ofRequest(caller, endpoint, parts),
      version: programVersion(),
      logger,
    })
    await app.start()
    undo.push(() => app.stop())
    const pages = config.hasPages ? await startPages({ isDev: config.isDev, host: config.host, port }) : undefined
    if (pages) undo.push(() => pages.stop())
    const readyFront = makeHttpFront({
      sessions,
      links,
      isOpenCall: (method, pathname) => method === OPEN_LINK.method && pathname === OPEN_LINK.path,
      port: () => port,
      hosts: () => hosts,
      api: getRequestListener(api.fetch, { overrideGlobalObjects: false }),
      sandbox: app.sandbox,
      hooks: app.hooks,
      signInReturn: app.signInReturn,
      pages: pages?.handle,
      isDev: config.isDev,
      logger,
    })
    front = readyFront
    listenForUpgrades(server, { front: readyFront, collab, pages })
    undo.push(() => {
      front = undefined
      // No new connection; those that are open are ended when everything behind them has stopped.
      server.close()
    })
    await Promise.all([app.open(), pages?.warm()])
    logger.info({ port, dataFolder: config.dataFolder, sandbox: config.hasSandbox }, 'ready')
    return { origin, oneTimeUrl: oneTimeUrl(), bearerToken: sessions.bearerToken, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

function listenForUpgrades(server: Server, { front, collab, pages }: { front: HttpFront; collab: Collab; pages: Pages | undefined }): void {
  server.on('upgrade', (request, socket, head) => {
    if (front.upgradeRefusal(request) !== undefined) socket.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 0\r\n\r\n')
    else if (!collab.upgrade(request, socket, head) && !pages?.upgrade(request, socket, head)) {
      socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n')
    }
  })
}

/** The one call of the API by which whoever is not known becomes known. */
const OPEN_LINK = { method: contract.openLink.method.toUpperCase(), path: contract.openLink.path }

interface AuthorizerParts {
  readonly sessions: Sessions
  readonly links: SharedLinks
  readonly app: App
  readonly port: number
}

/** A socket's rights: by the token it shows where that is the data folder's, else by its session's cookie, else by a guest's. */
function authorizer({ sessions, links, app, port }: AuthorizerParts): Authorize {
  return async (token, docName, request) => {
    const cookie = readCookie(request.headers.get('cookie'), cookieName(port))
    const member = sessions.byBearer(token) ?? (cookie === undefined ? undefined : sessions.bySession(cookie))
    const guestToken = readCookie(request.headers.get('cookie'), guestCookieName(port))
    const guest = guestToken === undefined ? undefined : links.byCookie(guestToken)
    const caller: Caller | undefined = member ?? (guest && { kind: 'guest', actor: guest, device: guest.id })
    if (caller === undefined) return { denied: 'You are not signed in. Open a fresh address from "npm run url".' }
    const right = await app.mayOpen(caller, docName)
    return 'denied' in right ? right : { ...right, actor: caller.actor, device: caller.device }
  }
}

function listen(server: Server, { host, port }: Config): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(cannotListen(error, host, port)))
    server.listen(port, host, () => {
      server.removeAllListeners('error')
      resolve((server.address() as AddressInfo).port)
    })
  })
}

function cannotListen(error: NodeJS.ErrnoException, host: string, port: number): StartError {
  const what =
    error.code === 'EADDRINUSE'
      ? `Port ${port} on ${host} is in use by another program.`
      : `The server cannot listen on ${host}, port ${port} (${error.message}).`
  return new StartError(what, 'Nothing was changed.', 'Stop the other program, or choose another port: PORT=3001 npm start', {
    cause: error,
  })
}

const addressOf = (host: string): string => {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1'
  return host.includes(':') ? `[${host}]` : host
}

async function stopCollab(collab: Collab): Promise<void> {
  await collab.stop()
  const deadline = setTimeout(() => collab.terminateSockets(), GOODBYE_MS)
  deadline.unref()
}

/** While parts are built or stop: somebody is here, but not for long or not yet. */
const answerNotReady: RequestListener = (_request, response) => {
  response.writeHead(503, { 'Retry-After': '1', Connection: 'close' }).end()
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    // Closed already in an orderly stop; then this only waits for the last connection.
    server.close()
    server.closeIdleConnections()
    const deadline = setTimeout(() => server.closeAllConnections(), GOODBYE_MS)
    server.getConnections((_error, count) => {
      if (count === 0) {
        clearTimeout(deadline)
        resolve()
      } else server.once('close', resolve)
    })
  })
}

async function stopAll(undo: (() => Promise<void> | void)[], logger: Logger): Promise<void> {
  for (const step of undo.splice(0).reverse()) {
    try {
      await step()
    } catch (error) {
      logger.error({ err: error }, 'a part did not stop well')
    }
  }
}
