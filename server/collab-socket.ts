import type { Duplex } from 'node:stream'
import type { Connection, Hocuspocus, WebSocketLike } from '@hocuspocus/server'
import * as decoding from 'lib0/decoding'
import type { WebSocket } from 'ws'
import * as Y from 'yjs'
import { decodeAsk, FEED_FRAME, feedOfAddress } from '../workbook/feed.ts'
import {
  authFrame,
  checkAuth,
  checkAwareness,
  documentOfAddress,
  FRAME,
  type Frame,
  isDenial,
  readFrame,
  SYNC,
  statelessFrame,
  syncFrame,
  syncStatusFrame,
  withAddress,
} from './collab-frames.ts'
import type { Principal } from './collab-ports.ts'
import type { FeedLine, SheetFeeds } from './feed.ts'
import type { LiveDocument } from './live-document.ts'
import type { Logger } from './logger.ts'
import type { UpdateLog } from './update-log.ts'

export interface SocketLimits {
  /** Bytes waiting in a socket at which its reader is too slow; above it for two sweeps closes the socket, ten times it at once. */
  readonly slowReaderBytes: number
  /** Bytes and frames kept for documents that are not open yet. */
  readonly waitingBytes: number
  readonly waitingFrames: number
  /** Documents asked for and not open yet, and documents in all, on one socket. */
  readonly pendingDocuments: number
  readonly documents: number
  /** Presence of one person. Bytes. */
  readonly awarenessBytes: number
}

export interface SocketServices {
  readonly log: UpdateLog
  readonly logger: Logger
  readonly limits: SocketLimits
  /** The live document, while it is in memory. */
  readonly live: (docName: string) => LiveDocument | undefined
  readonly feeds: SheetFeeds
}

/** One document on one socket. */
interface Channel {
  readonly address: string
  readonly docName: string
  /** Length of the address before each frame's type. Bytes. */
  readonly prefixLength: number
  waiting: Uint8Array[]
  open: OpenChannel | undefined
}

interface OpenChannel {
  readonly connection: Connection
  readonly live: LiveDocument
  readonly principal: Principal
  /** What the client holds was asked for: only from then on may it see others' updates. */
  hasSentStep1: boolean
  /** The client's answer to that was applied: only now is "everything before is saved" true of it. */
  hasAnsweredStep1: boolean
  readonly barriers: string[]
  readonly savedFrame: Uint8Array
  /** Frames of a client whose edit waits until it can be judged, in their order. */
  blocked: Uint8Array[] | undefined
  /** Sync frames that wait until what the server wrote is on disk, in their order. */
  held: Uint8Array[]
}

interface AckGroup {
  readonly durable: Promise<void>
  readonly counts: Map<Channel, number>
}

/** Hocuspocus's side of one socket. */
type ClientConnection = ReturnType<Hocuspocus['handleConnection']>

const CLOSED = 3
const SLOW_GOODBYE_MS = 5_000
/** How long a client whose right is over may take to close. ms */
const DISMISS_MS = 400
/** Presence of one socket: frames taken at once, and in a second for good. A window sends at most 13. */
const PRESENCE_BURST = 60
const PRESENCE_PER_S = 30
const BARRIER = /^barrier:(\d{1,15})$/u
/** An update without structs and without deletions. */
const EMPTY_UPDATE_BYTES = 2

/**
 * One client's socket, between `ws` and Hocuspocus.
 *
 * The sync frames are answered here, the rest (authentication, presence, closing) by Hocuspocus. Three promises are kept here:
 * an acknowledgement and a `saved:` answer leave only when what they speak of is on disk; a client is asked for its own offline items
 * before it is shown anyone else's, so that a value that loses still arrives with its content; bytes that make no sense end this socket and
 * nothing else.
 */
export class CollabSocket {
  readonly #ws: WebSocket
  readonly #stream: Duplex
  readonly #services: SocketServices
  readonly #bridgedDocument: string | undefined
  readonly #channels = new Map<string, Channel>()
  readonly #feeds = new Map<string, ReturnType<SheetFeeds['open']>>()
  readonly #request: Request
  #client: ClientConnection | undefined
  #blockedChannels = 0
  #waitingBytes = 0
  #waitingFrames = 0
  #acks: AckGroup | undefined
  #isClosed = false
  #isCorked = false
  #wasSlow = false
  #presenceLeft = PRESENCE_BURST
  #presenceAt = 0
  #hasSpoken = true
  /** When the socket opened, by the sweep's count; a socket that never opens a document is closed. */
  #sweepsWithoutDocument = 0

  /** `request`: the upgrade request. `bridged`: a plain y-websocket client of one document, whose frames carry no address. */
  constructor(ws: WebSocket, stream: Duplex, services: SocketServices, from: { request: Request; bridged?: { document: string } }) {
    this.#ws = ws
    this.#request = from.request
    this.#stream = stream
    this.#services = services
    this.#bridgedDocument = from.bridged?.document
  }

  /** What Hocuspocus sends through until a document is open. */
  readonly webSocketLike: WebSocketLike = socketLike(
    () => this.#ws.readyState,
    (bytes) => this.#sendEarly(bytes),
    (code, reason) => this.close(code ?? 1000, reason ?? ''),
  )

  start(client: ClientConnection, token: string): void {
    this.#client = client
    // Keeping alive and timing out is the sweep's.
    clearInterval(client.pingInterval)
    this.#ws.on('message', (data, isBinary) => this.#onMessage(data as Buffer, isBinary))
    this.#ws.on('pong', () => {
      this.#hasSpoken = true
    })
    this.#ws.on('error', (error) => this.#services.logger.info({ reason: error.message }, 'a socket failed'))
    this.#ws.on('close', (code, reason) => {
      this.#isClosed = true
      for (const feed of this.#feeds.values()) feed.stop()
      this.#feeds.clear()
      client.handleClose({ code, reason: reason.toString() })
    })
    if (this.#bridgedDocument !== undefined) this.#receive(authFrame(this.#bridgedDocument, token))
  }

  /** Hocuspocus has let the client into a document. */
  onOpened(connection: Connection): void {
    const channel = this.#channels.get(connection.messageAddress)
    const live = this.#services.live(connection.document.name)
    const { principal } = connection.context as { principal?: Principal }
    if (channel === undefined || live === undefined || principal === undefined || live.doc !== connection.document) {
      // The document left memory in this very moment; the client comes back.
      this.close(1012, 'try again')
      return
    }
    connection.webSocket = socketLike(
      () => this.#ws.readyState,
      (bytes) => this.#sendOpen(channel, bytes),
      (code, reason) => this.close(code ?? 1000, reason ?? ''),
    )
    connection.onClose((_document, event) => {
      this.#forget(channel)
      // Hocuspocus closes one document after a fault; its client would wait there for ever without knowing.
      if (event !== undefined && event.code !== 1000) this.close(1011, 'a document had to be closed')
    })
    channel.open = {
      connection,
      live,
      principal,
      hasSentStep1: false,
      hasAnsweredStep1: false,
      barriers: [],
      savedFrame: syncStatusFrame(channel.address, true),
      blocked: undefined,
      held: [],
    }
    const { waiting } = channel
    this.#dropWaiting(channel)
    for (const bytes of waiting) this.#receive(bytes)
  }

  /** Called at a steady pace: pings, and closes a socket that is gone, too slow, or never opened a document. */
  sweep(sweepsToAuthenticate: number): void {
    if (!this.#hasSpoken) {
      this.#ws.terminate()
      return
    }
    const isSlow = this.#ws.bufferedAmount > this.#services.limits.slowReaderBytes
    if (isSlow && this.#wasSlow) this.#closeSlow()
    this.#wasSlow = isSlow
    const hasDocument = [...this.#channels.values()].some((channel) => channel.open !== undefined)
    this.#sweepsWithoutDocument = hasDocument || this.#feeds.size > 0 ? 0 : this.#sweepsWithoutDocument + 1
    if (this.#sweepsWithoutDocument > sweepsToAuthenticate) this.close(4408, 'no document was opened')
    this.#hasSpoken = false
    this.#ws.ping()
  }

  /** Says goodbye; nothing that still arrives is looked at. */
  close(code: number, reason: string): void {
    this.#isClosed = true
    this.#ws.close(code, reason)
  }

  /** Ends a socket whose right is over, whether or not its client says goodbye. */
  dismiss(reason: string): void {
    this.close(4403, reason)
    setTimeout(() => this.#ws.terminate(), DISMISS_MS).unref()
  }

  terminate(): void {
    this.#isClosed = true
    this.#ws.terminate()
  }

  #onMessage(data: Buffer, isBinary: boolean): void {
    this.#hasSpoken = true
    if (!isBinary) {
      this.#reject('text')
      return
    }
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    this.#receive(this.#bridgedDocument === undefined ? bytes : withAddress(this.#bridgedDocument, bytes))
  }

  #receive(bytes: Uint8Array): void {
    if (this.#isClosed) return
    try {
      const frame = readFrame(bytes)
      if (frame.type === FEED_FRAME) {
        this.#receiveFeed(frame)
        return
      }
      const channel = this.#channel(frame.address)
      if (channel === undefined) this.#reject('too many documents')
      else if (channel.open !== undefined) this.#receiveOpen(channel, channel.open, frame, bytes)
      else if (frame.type === FRAME.auth) this.#receiveAuth(frame, bytes)
      else this.#wait(channel, bytes)
    } catch (error) {
      this.#reject(error instanceof Error ? error.message : 'unreadable')
    }
  }

  #channel(address: string): Channel | undefined {
    const known = this.#channels.get(address)
    if (known) return known
    const { documents, pendingDocuments } = this.#services.limits
    const pending = [...this.#channels.values()].reduce((count, channel) => (channel.open === undefined ? count + 1 : count), 0)
    if (this.#channels.size >= documents || pending >= pendingDocuments) return undefined
    const prefixLength = withAddress(address, new Uint8Array()).byteLength
    const made: Channel = { address, docName: documentOfAddress(address), prefixLength, waiting: [], open: undefined }
    this.#channels.set(address, made)
    return made
  }

  #wait(channel: Channel, bytes: Uint8Array): void {
    const { waitingBytes, waitingFrames } = this.#services.limits
    this.#waitingBytes += bytes.byteLength
    this.#waitingFrames++
    // ws hands over a view of its own buffer that nobody writes to again.
    channel.waiting.push(bytes)
    if (this.#waitingBytes > waitingBytes || this.#waitingFrames > waitingFrames) this.#reject('too much before the document is open')
  }

  #dropWaiting(channel: Channel): void {
    for (const bytes of channel.waiting) this.#waitingBytes -= bytes.byteLength
    this.#waitingFrames -= channel.waiting.length
    channel.waiting = []
  }

  #forget(channel: Channel): void {
    this.#dropWaiting(channel)
    channel.open = undefined
    if (this.#channels.get(channel.address) === channel) this.#channels.delete(channel.address)
  }

  #receiveFeed({ address, decoder }: Frame): void {
    const sheet = feedOfAddress(address)
    if (sheet === undefined || this.#bridgedDocument !== undefined) throw new Error('no address of a feed')
    const ask = decodeAsk(decoder)
    const known = this.#feeds.get(address)
    if (ask.kind === 'leave') {
      known?.stop()
      this.#feeds.delete(address)
      return
    }
    if (known === undefined && this.#feeds.size >= this.#services.limits.pendingDocuments) throw new Error('too many feeds')
    const feed = known ?? this.#services.feeds.open(sheet, this.#feedLine())
    this.#feeds.set(address, feed)
    feed.ask(ask)
  }

  #feedLine(): FeedLine {
    return {
      request: this.#request,
      bufferedBytes: () => this.#ws.bufferedAmount,
      send: (frame) => {
        if (this.#ws.readyState === this.#ws.OPEN) this.#write(frame)
      },
      closeSlow: () => this.#closeSlow(),
    }
  }

  #receiveOpen(channel: Channel, open: OpenChannel, frame: Frame, bytes: Uint8Array): void {
    if (open.blocked !== undefined) {
      open.blocked.push(bytes)
      return
    }
    if (!open.live.isReadyToWrite && isEdit(open, frame)) {
      this.#block(channel, open, bytes)
      return
    }
    switch (frame.type) {
      case FRAME.sync:
      case FRAME.syncReply:
        this.#receiveSync(channel, open, frame.decoder)
        return
      case FRAME.awareness:
        this.#receiveAwareness(channel, open, frame, bytes)
        return
      case FRAME.stateless:
        this.#receiveStateless(channel, open, decoding.readVarString(frame.decoder))
        return
      case FRAME.queryAwareness:
        return
      case FRAME.auth:
        this.#receiveAuth(frame, bytes)
        return
      case FRAME.close:
        this.#client?.handleMessage(bytes)
        return
      default:
        throw new Error(`unknown frame ${frame.type}`)
    }
  }

  /** The edit and what comes behind it wait until it can be judged; meanwhile nothing more is read from the socket. */
  #block(channel: Channel, open: OpenChannel, bytes: Uint8Array): void {
    open.blocked = [bytes]
    if (this.#blockedChannels++ === 0) this.#ws.pause()
    open.live
      .prepareToWrite()
      .catch((error: unknown) => {
        this.#services.logger.error({ err: error, document: channel.docName }, 'a sheet could not be opened for an edit')
        this.close(1011, 'the sheet could not be opened')
      })
      .finally(() => {
        if (--this.#blockedChannels === 0) this.#ws.resume()
        const frames = open.blocked ?? []
        open.blocked = undefined
        for (const frame of frames) this.#receive(frame)
      })
  }

  #receiveSync(channel: Channel, open: OpenChannel, decoder: decoding.Decoder): void {
    const step = decoding.readVarUint(decoder)
    const payload = decoding.readVarUint8Array(decoder)
    const { doc } = open.live
    switch (step) {
      case SYNC.step1: {
        const missing = Y.encodeStateAsUpdate(doc, payload)
        this.#sendSync(channel, open, syncFrame(channel.address, SYNC.step1, Y.encodeStateVector(doc)))
        this.#sendSync(channel, open, syncFrame(channel.address, SYNC.step2, missing))
        open.hasSentStep1 = true
        return
      }
      case SYNC.step2:
        this.#receiveUpdate(channel, open, payload)
        if (open.hasSentStep1 && !open.hasAnsweredStep1) {
          open.hasAnsweredStep1 = true
          for (const count of open.barriers.splice(0)) this.#answerBarrier(channel, count)
        }
        return
      case SYNC.update:
        this.#receiveUpdate(channel, open, payload)
        return
      default:
        throw new Error(`unknown sync step ${step}`)
    }
  }

  #receiveUpdate(channel: Channel, open: OpenChannel, update: Uint8Array): void {
    if (open.connection.readOnly) {
      // Nothing new is not a refusal: every client sends what it has at the handshake.
      this.#send(channel, isKnown(open.live, update) ? open.savedFrame : syncStatusFrame(channel.address, false))
      return
    }
    open.live.applyClientUpdate(update, {
      principal: open.principal,
      transactionOrigin: { source: 'connection', connection: open.connection },
    })
    this.#acknowledgeWhenDurable(channel)
  }

  #acknowledgeWhenDurable(channel: Channel): void {
    const durable = this.#services.log.durable()
    let group = this.#acks
    if (group?.durable !== durable) {
      const made: AckGroup = { durable, counts: new Map() }
      group = made
      this.#acks = made
      durable.then(
        () => this.#sendAcks(made),
        // Never acknowledged: the log's failure closes the socket, and the client sends it again.
        () => undefined,
      )
    }
    group.counts.set(channel, (group.counts.get(channel) ?? 0) + 1)
  }

  #sendAcks(group: AckGroup): void {
    if (this.#acks === group) this.#acks = undefined
    for (const [channel, count] of group.counts) {
      const frame = channel.open?.savedFrame
      if (frame) for (let i = 0; i < count; i++) this.#send(channel, frame)
    }
  }

  #receiveStateless(channel: Channel, open: OpenChannel, payload: string): void {
    const count = BARRIER.exec(payload)?.[1]
    if (count === undefined) return
    if (open.hasAnsweredStep1) this.#answerBarrier(channel, count)
    else open.barriers.push(count)
  }

  /** Everything that came before the barrier on this document is applied; it is saved when the log says so. */
  #answerBarrier(channel: Channel, count: string): void {
    this.#services.log.durable().then(
      () => this.#send(channel, statelessFrame(channel.address, `saved:${count}`)),
      () => undefined,
    )
  }

  #receiveAuth(frame: Frame, bytes: Uint8Array): void {
    checkAuth(frame.decoder)
    this.#client?.handleMessage(bytes)
  }

  #receiveAwareness(channel: Channel, open: OpenChannel, frame: Frame, bytes: Uint8Array): void {
    if (bytes.byteLength > this.#services.limits.awarenessBytes || !this.#takesPresence()) return
    checkAwareness(frame.decoder)
    // Presence lives on one document of a workbook. Elsewhere it goes back to its sender alone, who takes it as a sign of life.
    if (open.live.name.kind === 'sys') this.#client?.handleMessage(bytes)
    else this.#send(channel, bytes)
  }

  /** Everybody else is sent what one shows: a client that floods is not passed on. */
  #takesPresence(): boolean {
    const now = performance.now()
    this.#presenceLeft = Math.min(PRESENCE_BURST, this.#presenceLeft + ((now - this.#presenceAt) / 1_000) * PRESENCE_PER_S)
    this.#presenceAt = now
    if (this.#presenceLeft < 1) return false
    this.#presenceLeft--
    return true
  }

  /** From Hocuspocus, before the document is open. */
  #sendEarly(bytes: Uint8Array): void {
    const { address, type, decoder } = readFrame(bytes)
    // Not before it was asked for what it holds; the answer to its step 1 will contain this.
    if (type === FRAME.sync) return
    const channel = this.#channels.get(address)
    if (channel === undefined) return
    const isDenied = type === FRAME.auth && isDenial(decoder)
    this.#send(channel, bytes)
    if (!isDenied) return
    this.#forget(channel)
    if (this.#bridgedDocument !== undefined) this.close(4401, 'not allowed')
  }

  /** From Hocuspocus, for an open document. */
  #sendOpen(channel: Channel, bytes: Uint8Array): void {
    const type = bytes[channel.prefixLength]
    if (type === FRAME.sync) {
      if (channel.open?.hasSentStep1) this.#sendSync(channel, channel.open, bytes)
      return
    }
    this.#send(channel, bytes)
    if (type === FRAME.close && this.#bridgedDocument !== undefined) this.close(1000, 'the document was closed')
  }

  /** What a document shows leaves when everything the server wrote into it is on disk; people's own edits are not waited for. */
  #sendSync(channel: Channel, open: OpenChannel, bytes: Uint8Array): void {
    const { unsavedUntil } = open.live
    if (unsavedUntil === undefined && open.held.length === 0) {
      this.#send(channel, bytes)
      return
    }
    open.held.push(bytes)
    if (open.held.length > 1) return
    const release = (): void => {
      const again = open.live.unsavedUntil
      // The server wrote once more meanwhile, and a frame that waits may hold some of it.
      if (again !== undefined) again.then(release, () => undefined)
      else for (const frame of open.held.splice(0)) this.#send(channel, frame)
    }
    ;(unsavedUntil ?? Promise.resolve()).then(release, () => undefined)
  }

  #send(channel: Channel, bytes: Uint8Array): void {
    if (this.#ws.readyState !== this.#ws.OPEN) return
    if (this.#bridgedDocument === undefined) this.#write(bytes)
    else {
      const plain = bytes.subarray(channel.prefixLength)
      const type = plain[0]
      if (type === FRAME.sync || type === FRAME.awareness || type === FRAME.auth) this.#write(plain)
    }
  }

  /** What is written within one turn leaves in one piece: a window that comes back is answered in a dozen frames. */
  #write(bytes: Uint8Array): void {
    if (!this.#isCorked) {
      this.#isCorked = true
      this.#stream.cork()
      setImmediate(() => this.#flush())
    }
    this.#ws.send(bytes, SEND_OPTIONS)
  }

  #flush(): void {
    this.#isCorked = false
    this.#stream.uncork()
    if (this.#ws.bufferedAmount > this.#services.limits.slowReaderBytes * 10) this.#closeSlow()
  }

  #closeSlow(): void {
    if (this.#isClosed) return
    this.#services.logger.warn({ bufferedBytes: this.#ws.bufferedAmount }, 'a reader is too slow and was closed')
    this.close(1013, 'too slow')
    // The goodbye stands behind what the reader does not read: it is given a moment to read on, then the memory is taken back.
    setTimeout(() => this.#ws.terminate(), SLOW_GOODBYE_MS).unref()
  }

  #reject(reason: string): void {
    if (this.#isClosed) return
    this.#services.logger.info({ reason }, 'a socket sent what makes no sense and was closed')
    this.close(1007, 'not understood')
  }
}

/** Whether a frame brings something new to the document; at each handshake a client sends what it has, which mostly is nothing new. */
function isEdit({ connection, live }: OpenChannel, { type, decoder }: Frame): boolean {
  if ((type !== FRAME.sync && type !== FRAME.syncReply) || connection.readOnly) return false
  const content = decoding.clone(decoder)
  return decoding.readVarUint(content) !== SYNC.step1 && !isKnown(live, decoding.readVarUint8Array(content))
}

const isKnown = ({ doc }: LiveDocument, update: Uint8Array): boolean =>
  update.byteLength <= EMPTY_UPDATE_BYTES || Y.snapshotContainsUpdate(Y.snapshot(doc), update)

const SEND_OPTIONS = { binary: true, compress: false } as const

/** The little that Hocuspocus asks of a WebSocket. */
function socketLike(
  readyState: () => number,
  send: (bytes: Uint8Array) => void,
  close: (code: number | undefined, reason: string | undefined) => void,
): WebSocketLike {
  return {
    get readyState() {
      return readyState()
    },
    send: (data) => {
      if (readyState() < CLOSED && data instanceof Uint8Array) send(data)
    },
    close,
  }
}
