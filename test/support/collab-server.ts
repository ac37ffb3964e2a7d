import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Worker } from 'node:worker_threads'
import { Collab, type CollabLimits } from '../../server/collab.ts'
import type { Authorize, DocumentBusiness } from '../../server/collab-ports.ts'
import type { BaseOf } from '../../server/feed.ts'
import { makeLogger } from '../../server/logger.ts'
import { makeBaseShards } from '../../server/storage/base-shards.ts'
import { openReader, type Reader } from '../../server/storage/database.ts'
import { makeDocumentStore } from '../../server/storage/document-store.ts'
import { SqliteUpdateLog } from '../../server/storage/sqlite-log.ts'
import type { WriterOptions } from '../../server/storage/writer-protocol.ts'

export const QUIET_BUSINESS: DocumentBusiness = {
  attachDocument: () => undefined,
  detachDocument: () => undefined,
  onTransaction: () => ({ cellChanges: [], ops: [] }),
}

/** `writer:<name>` may write, `reader:<name>` may look, anything else is nobody. */
export const authorizeByToken: Authorize = async (token) => {
  const [role, name] = token.split(':')
  if (name === undefined || (role !== 'writer' && role !== 'reader')) return { denied: 'nobody' }
  return { actor: { id: name, name: name.toUpperCase(), color: 'teal' }, device: `${name}-laptop`, canWrite: role === 'writer' }
}

export interface CollabServerOptions {
  readonly dataFolder: string
  readonly business?: DocumentBusiness
  readonly authorize?: Authorize
  readonly baseOf?: BaseOf
  readonly limits?: Partial<CollabLimits>
  readonly retryMs?: number
  readonly createWorker?: (options: WriterOptions) => Worker
  readonly clientId?: () => number
  readonly port?: number
}

export interface CollabServer extends AsyncDisposable {
  /** ws://127.0.0.1:<port> */
  readonly url: string
  readonly port: number
  readonly collab: Collab
  readonly log: SqliteUpdateLog
  readonly reader: Reader
  stop(): Promise<void>
}

/** The log and the live documents on a port of their own, without the rest of the server. */
export async function startCollabServer(options: CollabServerOptions): Promise<CollabServer> {
  const log = await SqliteUpdateLog.open({
    dataFolder: options.dataFolder,
    retryMs: options.retryMs ?? 10_000,
    ...(options.createWorker && { createWorker: options.createWorker }),
  })
  const reader = openReader(options.dataFolder)
  let clientId = 1_000
  const collab = new Collab({
    log,
    store: makeDocumentStore(reader),
    shards: makeBaseShards(reader),
    baseOf: options.baseOf ?? (async () => ({ gen: 0, shards: 1 })),
    business: options.business ?? QUIET_BUSINESS,
    authorize: options.authorize ?? authorizeByToken,
    logger: makeLogger({ level: process.env.TEST_LOG ?? 'silent' }),
    now: Date.now,
    randomClientId: options.clientId ?? (() => ++clientId),
    ...(options.limits && { limits: options.limits }),
  })
  collab.start()
  const server = createServer()
  server.on('upgrade', (request, socket, head) => {
    if (!collab.upgrade(request, socket, head)) socket.destroy()
  })
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  let stopped: Promise<void> | undefined
  const stop = async () => {
    await collab.stop()
    collab.terminateSockets()
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
    await log.stop()
    await reader.close()
  }
  const stopOnce = () => {
    stopped ??= stop()
    return stopped
  }
  return { url: `ws://127.0.0.1:${port}`, port, collab, log, reader, stop: stopOnce, [Symbol.asyncDispose]: stopOnce }
}
