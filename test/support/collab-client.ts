import { HocuspocusProvider, HocuspocusProviderWebsocket } from '@hocuspocus/provider'
import * as decoding from 'lib0/decoding'
import WebSocket from 'ws'
import { WebsocketProvider } from 'y-websocket'
import * as Y from 'yjs'
import { authFrame, FRAME, readFrame, SYNC, statelessFrame, syncFrame } from '../../server/collab-frames.ts'

/** Resolves as soon as the document satisfies `holds`. */
export function documentShows(doc: Y.Doc, holds: (doc: Y.Doc) => boolean): Promise<void> {
  return new Promise((resolve) => {
    const look = () => {
      if (!holds(doc)) return
      doc.off('update', look)
      resolve()
    }
    doc.on('update', look)
    look()
  })
}

/** The product's own kind of client: a HocuspocusProvider on a socket of its own. */
export class ProviderClient implements Disposable {
  readonly doc: Y.Doc
  readonly provider: HocuspocusProvider
  readonly socket: HocuspocusProviderWebsocket
  #barriers = 0

  constructor(url: string, name: string, token: string, options: { doc?: Y.Doc; awareness?: null } = {}) {
    this.doc = options.doc ?? new Y.Doc()
    this.socket = new HocuspocusProviderWebsocket({ url: `${url}/collab`, minDelay: 10, delay: 10, maxDelay: 100 })
    this.provider = new HocuspocusProvider({
      websocketProvider: this.socket,
      name,
      document: this.doc,
      token,
      sessionAwareness: true,
      ...(options.awareness === null && { awareness: null }),
    })
    this.provider.attach()
  }

  synced(): Promise<void> {
    if (this.provider.synced) return Promise.resolve()
    return new Promise((resolve) => {
      const done = () => {
        this.provider.off('synced', done)
        resolve()
      }
      this.provider.on('synced', done)
    })
  }

  /** Resolves when the server says that everything up to now is on its disk; asked again after each reconnect. */
  saved(): Promise<void> {
    const count = ++this.#barriers
    return new Promise((resolve) => {
      const ask = () => this.provider.sendStateless(`barrier:${count}`)
      const listen = ({ payload }: { payload: string }) => {
        if (payload !== `saved:${count}`) return
        this.provider.off('stateless', listen)
        this.provider.off('synced', ask)
        resolve()
      }
      this.provider.on('stateless', listen)
      this.provider.on('synced', ask)
      if (this.provider.synced) ask()
    })
  }

  set(key: string, value: string): void {
    this.doc.getMap('m').set(key, value)
  }

  get(key: string): unknown {
    return this.doc.getMap('m').get(key)
  }

  shows(key: string, value: unknown): Promise<void> {
    return documentShows(this.doc, () => this.get(key) === value)
  }

  [Symbol.dispose](): void {
    this.provider.destroy()
    this.socket.destroy()
  }
}

/** Anybody's y-websocket client. */
export class PlainClient implements Disposable {
  readonly doc = new Y.Doc()
  readonly provider: WebsocketProvider

  constructor(url: string, name: string, token: string) {
    this.provider = new WebsocketProvider(`${url}/yjs`, name, this.doc, { params: { token }, disableBc: true })
  }

  [Symbol.dispose](): void {
    this.provider.destroy()
  }
}

export interface ReceivedFrame {
  readonly address: string
  readonly type: number
  /** The sync step, the stateless text, the status, or the denial's reason. */
  readonly detail: number | string | undefined
  readonly payload: Uint8Array | undefined
}

/** Frame by frame, so that a test can see what came, and in which order. */
export class RawClient implements Disposable {
  readonly ws: WebSocket
  readonly frames: ReceivedFrame[] = []
  readonly closed: Promise<number>
  #wake: (() => void)[] = []

  private constructor(ws: WebSocket) {
    this.ws = ws
    this.closed = new Promise((resolve) => ws.on('close', (code) => resolve(code)))
    ws.on('message', (data: Buffer) => {
      this.frames.push(describe(new Uint8Array(data)))
      for (const wake of this.#wake.splice(0)) wake()
    })
    ws.on('error', () => undefined)
  }

  static async connect(url: string, options: { path?: string; headers?: Record<string, string> } = {}): Promise<RawClient> {
    const ws = new WebSocket(`${url}${options.path ?? '/collab'}`, { headers: options.headers ?? {} })
    const client = new RawClient(ws)
    await new Promise<void>((resolve, reject) => {
      ws.once('open', resolve)
      ws.once('error', reject)
    })
    return client
  }

  /** Opens a document and goes through the handshake with an empty document of its own. */
  static async open(url: string, name: string, token: string): Promise<RawClient> {
    const client = await RawClient.connect(url)
    client.send(authFrame(name, token))
    client.send(syncFrame(name, SYNC.step1, Y.encodeStateVector(new Y.Doc())))
    await client.next((frame) => frame.type === FRAME.sync && frame.detail === SYNC.step2)
    client.send(syncFrame(name, SYNC.step2, Y.encodeStateAsUpdate(new Y.Doc())))
    return client
  }

  send(bytes: Uint8Array): void {
    this.ws.send(bytes)
  }

  sendUpdate(name: string, update: Uint8Array): void {
    this.send(syncFrame(name, SYNC.update, update))
  }

  sendStateless(name: string, payload: string): void {
    this.send(statelessFrame(name, payload))
  }

  /** The first frame from index `from` on that satisfies `matches`, now or later. */
  async next(matches: (frame: ReceivedFrame) => boolean, from = 0): Promise<ReceivedFrame> {
    for (;;) {
      const found = this.frames.slice(from).find(matches)
      if (found) return found
      await new Promise<void>((resolve) => this.#wake.push(resolve))
    }
  }

  acks(): number {
    return this.frames.filter((frame) => frame.type === FRAME.syncStatus && frame.detail === 1).length
  }

  async acked(count: number): Promise<void> {
    while (this.acks() < count) await new Promise<void>((resolve) => this.#wake.push(resolve))
  }

  [Symbol.dispose](): void {
    this.ws.terminate()
  }
}

function describe(bytes: Uint8Array): ReceivedFrame {
  const { address, type, decoder } = readFrame(bytes)
  switch (type) {
    case FRAME.sync:
      return { address, type, detail: decoding.readVarUint(decoder), payload: decoding.readVarUint8Array(decoder) }
    case FRAME.stateless:
      return { address, type, detail: decoding.readVarString(decoder), payload: undefined }
    case FRAME.syncStatus:
      return { address, type, detail: decoding.readVarUint(decoder), payload: undefined }
    case FRAME.auth: {
      const kind = decoding.readVarUint(decoder)
      return { address, type, detail: kind === 1 ? decoding.readVarString(decoder) : kind, payload: undefined }
    }
    default:
      return { address, type, detail: undefined, payload: undefined }
  }
}

/** The update of one edit in a fresh document with a client id of its own. */
export function editUpdate(key: string, value: string, clientId?: number): Uint8Array {
  const doc = new Y.Doc()
  if (clientId !== undefined) doc.clientID = clientId
  doc.getMap('m').set(key, value)
  return Y.encodeStateAsUpdate(doc)
}
