import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { type Connection, type Document, Hocuspocus, type onAuthenticatePayload } from '@hocuspocus/server'
import { WebSocketServer } from 'ws'
import { isCollectable } from '../workbook/documents.ts'
import type { SheetId } from '../workbook/ids.ts'
import { isServerWritten, parseDocumentName } from '../workbook/schema.ts'
import { type Authorize, type DocumentBusiness, type Documents, isDenied, type OpenDocument, type Principal } from './collab-ports.ts'
import { CollabSocket, type SocketLimits } from './collab-socket.ts'
import { type BaseOf, FEED_LIMITS, type FeedLimits, SheetFeeds } from './feed.ts'
import { applyStored, LiveDocument, type LoggedUpdate, type Owner, type PrincipalContext, SERVER_OWNER } from './live-document.ts'
import type { Logger } from './logger.ts'
import type { BaseShards } from './storage/base-shards.ts'
import type { DocumentStore } from './storage/document-store.ts'
import type { UpdateLog } from './update-log.ts'
import { UpgradeGate } from './upgrade-gate.ts'

export interface CollabLimits extends SocketLimits, FeedLimits {
  /** Largest message a client may send. Bytes. */
  readonly messageBytes: number
  /** How long a document nobody has open stays in memory. ms */
  readonly idleDocumentMs: number
  /** How often sockets are looked at: ping, slow readers. ms */
  readonly sweepMs: number
  /** Sweeps a socket may live without a document. */
  readonly sweepsToAuthenticate: number
  /** Upgrades let through in one tick. */
  readonly upgradesPerTick: number
  readonly upgradeTickMs: number
  readonly waitingUpgrades: number
}

export const COLLAB_LIMITS: CollabLimits = {
  ...FEED_LIMITS,
  messageBytes: 16 * 1024 * 1024,
  idleDocumentMs: 30_000,
  sweepMs: 30_000,
  sweepsToAuthenticate: 2,
  upgradesPerTick: 4,
  upgradeTickMs: 3,
  waitingUpgrades: 5_000,
  slowReaderBytes: 8 * 1024 * 1024,
  waitingBytes: 5 * 1024 * 1024,
  waitingFrames: 1_000,
  pendingDocuments: 100,
  documents: 2_000,
  awarenessBytes: 16 * 1024,
}

/** A log that can be asked to work again after it failed. */
export interface RecoverableLog extends UpdateLog {
  recover(): Promise<void>
}

export interface CollabParts {
  readonly log: RecoverableLog
  readonly store: DocumentStore
  readonly shards: BaseShards
  readonly baseOf: BaseOf
  readonly business: DocumentBusiness
  readonly authorize: Authorize
  readonly logger: Logger
  /** ms since 1970 */
  readonly now: () => number
  /** A fresh number for the server's own Yjs client id, 1 … 2^32 − 1. */
  readonly randomClientId: () => number
  readonly limits?: Partial<CollabLimits>
  /** Somebody shows where they are in a workbook. */
  readonly onPresence?: (workbook: string, person: string) => void
}

interface SocketContext extends PrincipalContext {
  readonly socket?: CollabSocket
}

const FIRST_RECOVERY_MS = 100
const LONGEST_RECOVERY_MS = 2_000
/** setInterval's longest: Hocuspocus's own time-out is not used. */
const NEVER_MS = 2_147_483_647
/** States one person's tab may announce: its own, and the one it had before a reload. */
const AWARENESS_CLIENTS = 2

const COLLAB_PATH = '/collab'
const BRIDGE_PATH = '/yjs/'

/** Refuses a document to a client with words it may read; no `message`, so that Hocuspocus logs nothing. */
const refusal = (reason: string): { reason: string } => ({ reason })

/**
 * The live documents and the sockets on them.
 *
 * After a failed commit the documents in memory are ahead of the log: all sockets are closed, all documents dropped, and no socket is let in
 * before a commit works again; clients come back and send what the log does not have.
 */
export class Collab implements Documents {
  readonly #parts: CollabParts
  readonly #limits: CollabLimits
  readonly #webSockets: WebSocketServer
  readonly #gate: UpgradeGate
  readonly #feeds: SheetFeeds
  readonly #sockets = new Set<CollabSocket>()
  /** The workbooks and shared links that let a socket into anything: one set, found by the socket and by its upgrade request. */
  readonly #groundsBySocket = new WeakMap<CollabSocket, Set<string>>()
  readonly #groundsByRequest = new WeakMap<Request, Set<string>>()
  /** How many grounds have ended. */
  #endings = 0
  readonly #live = new Map<string, LiveDocument>()
  readonly #idleTimers = new Map<string, NodeJS.Timeout>()
  readonly #mayUnload = new WeakSet<Document>()
  /** Who owned the client ids of documents that were dropped with updates not yet on disk. */
  #earlierOwners = new Map<string, Map<number, Owner>>()
  #hocuspocus: Hocuspocus<SocketContext>
  #clientId: number
  #state: 'up' | 'down' | 'stopped' = 'up'
  #sweepTimer: NodeJS.Timeout | undefined
  #recoveryTimer: NodeJS.Timeout | undefined

  constructor(parts: CollabParts) {
    this.#parts = parts
    this.#limits = { ...COLLAB_LIMITS, ...parts.limits }
    this.#webSockets = new WebSocketServer({
      noServer: true,
      maxPayload: this.#limits.messageBytes,
      perMessageDeflate: false,
      clientTracking: false,
    })
    this.#gate = new UpgradeGate({
      perTick: this.#limits.upgradesPerTick,
      tickMs: this.#limits.upgradeTickMs,
      maxWaiting: this.#limits.waitingUpgrades,
    })
    const { log, shards, baseOf, logger, now } = parts
    this.#feeds = new SheetFeeds({ log, shards, baseOf, authorize: this.#authorize, logger, now, limits: this.#limits })
    this.#clientId = parts.randomClientId()
    this.#hocuspocus = this.#makeHocuspocus()
    parts.log.onFailed((error) => this.#onLogFailed(error))
  }

  start(): void {
    this.#sweepTimer = setInterval(() => {
      for (const socket of this.#sockets) socket.sweep(this.#limits.sweepsToAuthenticate)
    }, this.#limits.sweepMs)
  }

  /** Saves what is there, says goodbye to every client, drops every document. */
  async stop(): Promise<void> {
    if (this.#state === 'stopped') return
    const wasUp = this.#state === 'up'
    this.#state = 'stopped'
    clearInterval(this.#sweepTimer)
    clearTimeout(this.#recoveryTimer)
    this.#gate.stop()
    if (wasUp) {
      for (const live of this.#live.values()) live.keepSnapshotBeforeUnload()
      await this.#parts.log
        .durable()
        .catch((error: unknown) => this.#parts.logger.error({ err: error }, 'the last edits could not be saved'))
    }
    for (const socket of this.#sockets) socket.close(1001, 'the server stops')
    this.#dropDocuments()
  }

  /** The sockets that did not answer the goodbye. */
  terminateSockets(): void {
    for (const socket of this.#sockets) socket.terminate()
  }

  /** Whether every client has gone. */
  get socketCount(): number {
    return this.#sockets.size
  }

  /** Takes the upgrade if its path is ours. Host, origin and the like are the caller's to check first. */
  upgrade(request: IncomingMessage, stream: Duplex, head: Buffer): boolean {
    const url = new URL(request.url ?? '/', 'http://localhost')
    const bridged = bridgedDocument(url.pathname)
    if (url.pathname !== COLLAB_PATH && bridged === undefined) return false
    // Until ws takes over, nobody else listens: an error without a listener would end the process.
    const ignore = () => stream.destroy()
    stream.on('error', ignore)
    const enter = () => {
      if (stream.destroyed) return
      if (this.#state !== 'up') {
        refuseUpgrade(stream)
        return
      }
      this.#webSockets.handleUpgrade(request, stream, head, (ws) => {
        stream.off('error', ignore)
        const upgrade = fetchRequest(request)
        const socket = new CollabSocket(
          ws,
          stream,
          {
            log: this.#parts.log,
            logger: this.#parts.logger,
            limits: this.#limits,
            live: (docName) => this.#live.get(docName),
            feeds: this.#feeds,
          },
          { request: upgrade, ...(bridged !== undefined && { bridged: { document: bridged } }) },
        )
        this.#sockets.add(socket)
        const grounds = new Set<string>()
        this.#groundsBySocket.set(socket, grounds)
        this.#groundsByRequest.set(upgrade, grounds)
        ws.on('close', () => this.#sockets.delete(socket))
        const client = this.#hocuspocus.handleConnection(socket.webSocketLike, upgrade, { socket })
        socket.start(client, url.searchParams.get('token') ?? '')
      })
    }
    if (!this.#gate.pass(enter)) refuseUpgrade(stream)
    return true
  }

  async openDocument(docName: string): Promise<OpenDocument> {
    if (parseDocumentName(docName) === undefined) throw new Error(`${docName} is no document of ours`)
    if (this.#state === 'stopped') throw new Error('The server stops')
    // Rejects, with the reason, until the log works again.
    if (this.#state === 'down') await this.#parts.log.durable()
    const hocuspocus = this.#hocuspocus
    const doc = await hocuspocus.createDocument(docName, new Request('http://localhost'), 'server', {
      readOnly: false,
      isAuthenticated: true,
    })
    // Unloaded in the moment between: load it anew.
    if (doc.isDestroyed) return this.openDocument(docName)
    doc.addDirectConnection()
    let isHeld = true
    return {
      doc,
      release: async () => {
        if (!isHeld) return
        isHeld = false
        doc.removeDirectConnection()
        this.#unloadWhenIdle(doc)
      },
    }
  }

  broadcastStateless(docName: string, payload: string, to: 'members' | 'everyone' = 'everyone'): void {
    const isMeant = (connection: Connection): boolean => (connection.context as PrincipalContext).principal?.link === undefined
    this.#live.get(docName)?.doc.broadcastStateless(payload, to === 'members' ? isMeant : undefined)
  }

  /**
   * Ends every socket that was let into anything on this ground (a workbook, a shared link), with all that travels on it. Whoever asks for
   * a right from now on must find that the ground is gone.
   */
  dismiss(ground: string, reason: string): void {
    this.#endings++
    for (const socket of this.#sockets) if (this.#groundsBySocket.get(socket)?.has(ground)) socket.dismiss(reason)
  }

  /** A device took another name or colour: its presence shows it from the next move on. */
  renameActor(device: string, actor: Pick<Principal['actor'], 'name' | 'color'>): void {
    for (const live of this.#live.values()) {
      for (const connection of live.doc.getConnections()) {
        const context = connection.context as PrincipalContext
        if (context.principal?.device === device) {
          context.principal = { ...context.principal, actor: { ...context.principal.actor, ...actor } }
        }
      }
    }
  }

  /** How many read a sheet's feed, and how many of them are served from the log. */
  feedReaders(sheet: SheetId): { readonly all: number; readonly behind: number } {
    return this.#feeds.readersOf(sheet)
  }

  /** Documents in memory now. */
  get documentNames(): readonly string[] {
    return [...this.#live.keys()]
  }

  #makeHocuspocus(): Hocuspocus<SocketContext> {
    return new Hocuspocus<SocketContext>({
      quiet: true,
      // Set before anything is loaded: what the server's entries stood for must outlive the garbage collection of a restart.
      yDocOptions: { gc: true, gcFilter: isCollectable as () => boolean },
      timeout: NEVER_MS,
      maxPendingDocuments: this.#limits.pendingDocuments,
      onAuthenticate: (payload) => this.#authenticate(payload),
      onLoadDocument: ({ document, instance }) => this.#load(document, instance),
      afterLoadDocument: ({ document, instance }) => this.#afterLoad(document, instance),
      connected: async ({ connection, context }) => {
        context.socket?.onOpened(connection)
        const document = connection.document
        connection.onClose(() => {
          this.#noteSeen(connection)
          this.#unloadWhenIdle(document)
        })
      },
      beforeHandleAwareness: async ({ states, connection, document }) => {
        stampPresence(states, connection, document)
        this.#noteSeen(connection)
      },
      beforeUnloadDocument: async ({ document }) => {
        if (!this.#mayUnload.has(document)) throw undefined
      },
    })
  }

  #noteSeen(connection: Connection | undefined): void {
    const name = connection && parseDocumentName(connection.document.name)
    const principal = (connection?.context as PrincipalContext | undefined)?.principal
    if (name?.kind === 'sys' && principal !== undefined && this.#state === 'up') this.#parts.onPresence?.(name.workbook, principal.actor.id)
  }

  /** Decides on one document for one socket, and remembers on what grounds: with any of them the whole socket ends. */
  readonly #authorize: Authorize = async (token, docName, request) => {
    for (;;) {
      const before = this.#endings
      const answer = await this.#parts.authorize(token, docName, request)
      if (isDenied(answer)) return answer
      // A ground that ended while the right was decided did not find this socket, and may be one of these: it is asked for again.
      if (before !== this.#endings) continue
      const grounds = this.#groundsByRequest.get(request)
      for (const ground of [answer.workbook, answer.link]) if (ground !== undefined) grounds?.add(ground)
      return answer
    }
  }

  async #authenticate(payload: onAuthenticatePayload<SocketContext>): Promise<PrincipalContext> {
    const { token, documentName, request, connectionConfig } = payload
    const name = parseDocumentName(documentName)
    if (name === undefined) throw refusal('This is not the name of a document here.')
    const answer = await this.#authorize(token, documentName, request).catch((error: unknown) => {
      this.#parts.logger.error({ err: error }, 'rights could not be decided')
      return { denied: 'The server could not decide on your rights. Try again.' }
    })
    if (isDenied(answer)) throw refusal(answer.denied)
    connectionConfig.readOnly = !answer.canWrite || isServerWritten(name)
    return { principal: answer }
  }

  async #load(document: Document, instance: Hocuspocus): Promise<void> {
    const name = parseDocumentName(document.name)
    if (name === undefined) throw refusal('This is not the name of a document here.')
    const { log, store, business, logger, now } = this.#parts
    // It may have left memory a moment ago: what it wrote must be readable first.
    await log.durable()
    const stored = await store.load(document.name)
    if (instance !== this.#hocuspocus) throw refusal('The server starts afresh. Try again.')
    applyStored(document, stored)
    // After the stored updates, among which are the server's own: a document that meets its own client id takes another.
    document.clientID = this.#clientId
    const earlierOwners = this.#earlierOwners.get(document.name) ?? new Map<number, Owner>()
    const live = new LiveDocument(document, name, stored, {
      log,
      business,
      logger,
      now,
      earlierOwners,
      ...(name.kind === 'base' && { onLogged: (logged: LoggedUpdate) => this.#feeds.note(name, logged) }),
    })
    live.owners.set(this.#clientId, SERVER_OWNER)
    this.#live.set(document.name, live)
    document.on('destroy', () => {
      if (this.#live.get(document.name) === live) this.#live.delete(document.name)
    })
  }

  async #afterLoad(document: Document, instance: Hocuspocus): Promise<void> {
    // The log has every update as it comes; Hocuspocus's own debounced store has nothing to do.
    document.onUpdate(() => undefined)
    const live = this.#live.get(document.name)
    try {
      await live?.attach()
    } catch (error) {
      this.#parts.logger.error({ err: error, document: document.name }, 'a document could not be attached')
      document.destroy()
      throw refusal('The document could not be opened. Try again.')
    }
    if (live === undefined || live.isDetached || instance !== this.#hocuspocus) throw refusal('The server starts afresh. Try again.')
  }

  #unloadWhenIdle(document: Document): void {
    clearTimeout(this.#idleTimers.get(document.name))
    if (document.getConnectionsCount() > 0 || document.isDestroyed) return
    const timer = setTimeout(() => {
      this.#idleTimers.delete(document.name)
      this.#unload(document).catch((error: unknown) => {
        this.#parts.logger.warn({ err: error, document: document.name }, 'a document stays in memory')
      })
    }, this.#limits.idleDocumentMs)
    timer.unref()
    this.#idleTimers.set(document.name, timer)
  }

  async #unload(document: Document): Promise<void> {
    const live = this.#live.get(document.name)
    if (live === undefined || live.doc !== document || document.getConnectionsCount() > 0) return
    live.keepSnapshotBeforeUnload()
    await this.#parts.log.durable()
    if (document.getConnectionsCount() > 0) return
    this.#mayUnload.add(document)
    await this.#hocuspocus.unloadDocument(document)
    this.#mayUnload.delete(document)
  }

  #onLogFailed(error: Error): void {
    if (this.#state !== 'up') return
    this.#state = 'down'
    this.#parts.logger.error(
      { err: error, documents: this.#live.size, sockets: this.#sockets.size },
      'the log failed: documents are dropped',
    )
    for (const socket of this.#sockets) socket.close(1012, 'the disk does not take changes')
    for (const [docName, live] of this.#live) this.#earlierOwners.set(docName, live.owners)
    this.#dropDocuments()
    // The server's items that were lost were seen by others: their numbers must not be given to new ones.
    this.#clientId = this.#parts.randomClientId()
    this.#hocuspocus = this.#makeHocuspocus()
    this.#recover(FIRST_RECOVERY_MS)
  }

  #dropDocuments(): void {
    for (const timer of this.#idleTimers.values()) clearTimeout(timer)
    this.#idleTimers.clear()
    for (const live of [...this.#live.values()]) {
      try {
        live.detach()
      } catch (error) {
        this.#parts.logger.error({ err: error, document: live.doc.name }, 'a document was not detached well')
      }
      live.doc.destroy()
    }
    this.#live.clear()
  }

  #recover(waitMs: number): void {
    this.#recoveryTimer = setTimeout(() => {
      this.#parts.log.recover().then(
        () => {
          if (this.#state !== 'down') return
          this.#state = 'up'
          this.#parts.logger.warn('the log works again: sockets are let in')
        },
        (error: unknown) => {
          this.#parts.logger.error({ err: error }, 'the disk still does not take changes')
          if (this.#state === 'down') this.#recover(Math.min(LONGEST_RECOVERY_MS, waitMs * 2))
        },
      )
    }, waitMs)
  }
}

/** The document of `/yjs/<document>`. */
function bridgedDocument(pathname: string): string | undefined {
  if (!pathname.startsWith(BRIDGE_PATH)) return undefined
  try {
    return decodeURIComponent(pathname.slice(BRIDGE_PATH.length))
  } catch {
    // Broken percent-encoding names no document; the client is told like for any other unknown name.
    return pathname.slice(BRIDGE_PATH.length)
  }
}

function refuseUpgrade(stream: Duplex): void {
  stream.end('HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nConnection: close\r\nContent-Length: 0\r\n\r\n')
}

function fetchRequest(request: IncomingMessage): Request {
  const headers = new Headers()
  for (const name of ['cookie', 'host', 'origin', 'user-agent']) {
    const value = request.headers[name]
    if (typeof value === 'string') headers.set(name, value)
  }
  return new Request(`http://localhost${request.url ?? '/'}`, { headers })
}

/** Presence says who someone is by what the server knows; nobody speaks for a client that is another's. */
function stampPresence(states: Map<number, Record<string, unknown>>, connection: Connection | undefined, document: Document): void {
  const principal = (connection?.context as PrincipalContext | undefined)?.principal
  if (connection === undefined || principal === undefined) return
  const own = document.getClients(connection)
  let count = own.size
  for (const [client, state] of states) {
    const isOthers = document.getConnections().some((other) => other !== connection && document.getClients(other).has(client))
    const isNew = !own.has(client)
    if (isOthers || (isNew && count >= AWARENESS_CLIENTS)) {
      states.delete(client)
      continue
    }
    if (isNew) count++
    state.user = { ...principal.actor, device: principal.device, ...(principal.link !== undefined && { isGuest: true }) }
    // Whoever may only look has nothing to type into.
    if (principal.role === 'viewer') delete state.typing
  }
}
