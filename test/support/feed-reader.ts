import WebSocket from 'ws'
import * as Y from 'yjs'
import { type BaseChange, type BaseMark, decodeNews, encodeAsk, type FeedNews } from '../../workbook/feed.ts'
import type { SheetId } from '../../workbook/ids.ts'

/** A reader of one sheet's feed, frame by frame, on a socket of its own; keeps a document of each shard. */
export class FeedReader implements Disposable {
  readonly ws: WebSocket
  readonly news: FeedNews[] = []
  readonly docs = new Map<number, Y.Doc>()
  readonly closed: Promise<number>
  readonly #sheet: SheetId
  readonly #token: string
  #ask = 0
  #wake: (() => void)[] = []

  private constructor(ws: WebSocket, sheet: SheetId, token: string) {
    this.ws = ws
    this.#sheet = sheet
    this.#token = token
    this.closed = new Promise((resolve) => ws.on('close', (code) => resolve(code)))
    ws.on('error', () => undefined)
    ws.on('message', (data: Buffer) => {
      const news = decodeNews(sheet, new Uint8Array(data))
      if (news === undefined) return
      this.news.push(news)
      if (news.kind === 'changes') for (const { shard, update } of news.changes) Y.applyUpdate(this.doc(shard), update)
      for (const wake of this.#wake.splice(0)) wake()
    })
  }

  static async connect(
    url: string,
    sheet: SheetId,
    options: { token?: string; headers?: Record<string, string> } = {},
  ): Promise<FeedReader> {
    const ws = new WebSocket(`${url}/collab`, { perMessageDeflate: false, headers: options.headers ?? {} })
    const reader = new FeedReader(ws, sheet, options.token ?? 'reader:ann')
    await new Promise<void>((resolve, reject) => {
      ws.once('open', resolve)
      ws.once('error', reject)
    })
    return reader
  }

  doc(shard: number): Y.Doc {
    const known = this.docs.get(shard)
    if (known) return known
    const made = new Y.Doc()
    this.docs.set(shard, made)
    return made
  }

  /** Tells how far the copies go; resolves with the number of the question. */
  subscribe(marks: readonly BaseMark[], known = marks.length): number {
    this.#ask++
    this.ws.send(encodeAsk(this.#sheet, { kind: 'subscribe', ask: this.#ask, token: this.#token, known, marks }))
    return this.#ask
  }

  /** Subscribes and waits until everything on disk has been sent. */
  async catchUp(marks: readonly BaseMark[] = [], known = marks.length): Promise<void> {
    const ask = this.subscribe(marks, known)
    await this.next((news) => news.kind === 'current' && news.ask === ask)
  }

  leave(): void {
    this.ws.send(encodeAsk(this.#sheet, { kind: 'leave' }))
  }

  /** The first piece of news from index `from` on that satisfies `matches`, now or later. */
  async next(matches: (news: FeedNews) => boolean, from = 0): Promise<FeedNews> {
    for (;;) {
      const found = this.news.slice(from).find(matches)
      if (found) return found
      await new Promise<void>((resolve) => this.#wake.push(resolve))
    }
  }

  /** Every change that came, in its order. */
  get changes(): readonly BaseChange[] {
    return this.news.flatMap((news) => (news.kind === 'changes' ? news.changes : []))
  }

  /** Resolves once a shard's document satisfies `holds`. */
  async shows(shard: number, holds: (doc: Y.Doc) => boolean): Promise<void> {
    while (!holds(this.doc(shard))) await new Promise<void>((resolve) => this.#wake.push(resolve))
  }

  [Symbol.dispose](): void {
    this.ws.terminate()
  }
}
