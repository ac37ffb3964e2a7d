import { type BaseChange, type BaseMark, encodeNews, type FeedAsk, type FeedNews } from '../workbook/feed.ts'
import type { SheetId } from '../workbook/ids.ts'
import { baseName } from '../workbook/schema.ts'
import { type Authorize, isDenied } from './collab-ports.ts'
import type { LoggedUpdate } from './live-document.ts'
import type { Logger } from './logger.ts'
import type { BaseShards } from './storage/base-shards.ts'
import type { UpdateLog } from './update-log.ts'

/** Where a sheet's base is; `undefined` where there is no such sheet. */
export type BaseOf = (sheet: SheetId) => Promise<{ readonly gen: number; readonly shards: number } | undefined>

export interface FeedLimits {
  /** Bytes waiting in a socket at which its feed pauses; it goes on from the log once half of them are gone. */
  readonly feedBufferBytes: number
  /** How often a paused feed looks whether its reader has read. ms */
  readonly feedLookMs: number
  /** A reader who has read nothing for so long is closed. ms */
  readonly feedStallMs: number
}

export const FEED_LIMITS: FeedLimits = { feedBufferBytes: 256 * 1024, feedLookMs: 20, feedStallMs: 60_000 }

/** The way to one reader: its socket. */
export interface FeedLine {
  readonly request: Request
  /** Bytes that are handed over and not yet on their way. */
  bufferedBytes(): number
  send(frame: Uint8Array): void
  /** The reader has read nothing for too long. */
  closeSlow(): void
}

export interface FeedParts {
  readonly log: Pick<UpdateLog, 'durable'>
  readonly shards: BaseShards
  readonly baseOf: BaseOf
  readonly authorize: Authorize
  readonly logger: Logger
  /** ms since 1970 */
  readonly now: () => number
  readonly limits: FeedLimits
}

type Subscription = Extract<FeedAsk, { kind: 'subscribe' }>

/** Updates in one frame of a replay. Bytes. */
const REPLAY_BYTES = 128 * 1024
const MOST_LAST_SEQS = 10_000

/** One reader of one sheet. */
interface Reader {
  readonly line: FeedLine
  readonly gen: number
  /** Shard → the last sequence number that was sent or that the reader had. */
  readonly sent: Map<number, number>
  /** Shards from here on are sent from their first update. */
  known: number
  /** Questions that wait for everything on disk to be sent. */
  readonly asks: number[]
  /** `live`: gets each commit as it happens. `behind`: is sent what the log has, as fast as it reads. */
  state: 'live' | 'behind'
  timer: NodeJS.Timeout | undefined
  isGone: boolean
}

/** What was written to a sheet's base and is on its way to the disk. */
interface Batch {
  readonly durable: Promise<void>
  readonly changes: BaseChange[]
}

/**
 * The feeds of all sheets: each commit's updates of base shards go to everyone who reads the sheet, in one frame that is encoded once.
 *
 * Only what is on disk is sent. A reader who is behind (it has just come, or reads slowly) is served from the log, where nothing waits in
 * memory for it, until it has caught up; in that same turn it joins the others.
 */
export class SheetFeeds {
  readonly #parts: FeedParts
  readonly #readers = new Map<SheetId, Set<Reader>>()
  readonly #batches = new Map<SheetId, Batch>()
  /** The last number of each shard on disk, as far as it was asked for: when 200 windows come back they ask for the same 25. */
  readonly #lastSeqs = new Map<string, number>()

  constructor(parts: FeedParts) {
    this.#parts = parts
  }

  /** An update of a base shard joined the log's batch; called in the same turn. */
  note({ sheet, shard, gen }: { sheet: SheetId; shard: number; gen: number }, { after, seq, update }: LoggedUpdate): void {
    // Also where nobody reads: whoever comes before it is on disk reads a log without it and must be told.
    this.#lastSeqs.delete(baseName(sheet, shard, gen))
    const durable = this.#parts.log.durable()
    const change: BaseChange = { shard, gen, after, seq, update }
    const batch = this.#batches.get(sheet)
    if (batch?.durable === durable) {
      batch.changes.push(change)
      return
    }
    const made: Batch = { durable, changes: [change] }
    this.#batches.set(sheet, made)
    durable.then(
      () => {
        if (this.#batches.get(sheet) === made) this.#batches.delete(sheet)
        this.#publish(sheet, made.changes)
      },
      // Lost with the log: nobody has seen it, and every socket is closed.
      () => {
        if (this.#batches.get(sheet) === made) this.#batches.delete(sheet)
      },
    )
  }

  /** A new reader of a sheet; `ask` may be called again and again, `stop` ends it. */
  open(sheet: SheetId, line: FeedLine): { ask(subscription: Subscription): void; stop(): void } {
    let reader: Reader | undefined
    let isStopped = false
    // One after the other: a later question finds the reader of the first.
    let turn: Promise<void> = Promise.resolve()
    const stop = (): void => {
      isStopped = true
      if (reader !== undefined) this.#remove(sheet, reader)
    }
    const ask = (subscription: Subscription): void => {
      turn = turn
        .then(async () => {
          if (isStopped) return
          const gen = await this.#genFor(sheet, line, subscription.token)
          if (isStopped || gen === undefined) return
          if (reader === undefined || reader.gen !== gen) {
            if (reader !== undefined) this.#remove(sheet, reader)
            reader = this.#add(sheet, line, { subscription, gen })
          }
          this.#take(sheet, reader, subscription)
        })
        .catch((error: unknown) => {
          this.#parts.logger.error({ err: error, sheet }, 'a feed could not be opened')
          if (!isStopped) line.send(encodeNews(sheet, { kind: 'denied', reason: 'The server could not open this sheet. Try again.' }))
        })
    }
    return { ask, stop }
  }

  /** How many read a sheet, and how many of them are behind. */
  readersOf(sheet: SheetId): { readonly all: number; readonly behind: number } {
    const readers = [...(this.#readers.get(sheet) ?? [])]
    return { all: readers.length, behind: readers.filter((reader) => reader.state === 'behind').length }
  }

  /** The sheet's generation, once it is known that the caller may read it; `undefined` after a refusal was sent. */
  async #genFor(sheet: SheetId, line: FeedLine, token: string): Promise<number | undefined> {
    // The right to one base document is the right to all of them, of every generation.
    const answer = await this.#parts.authorize(token, baseName(sheet, 0, 0), line.request)
    const base = isDenied(answer) ? undefined : await this.#parts.baseOf(sheet)
    if (base !== undefined) return base.gen
    line.send(encodeNews(sheet, { kind: 'denied', reason: isDenied(answer) ? answer.denied : 'There is no such sheet here.' }))
    return undefined
  }

  #add(sheet: SheetId, line: FeedLine, { subscription: { known }, gen }: { subscription: Subscription; gen: number }): Reader {
    const reader: Reader = { line, gen, sent: new Map(), known, asks: [], state: 'behind', timer: undefined, isGone: false }
    const readers = this.#readers.get(sheet) ?? new Set()
    this.#readers.set(sheet, readers.add(reader))
    return reader
  }

  #remove(sheet: SheetId, reader: Reader): void {
    reader.isGone = true
    clearTimeout(reader.timer)
    const readers = this.#readers.get(sheet)
    readers?.delete(reader)
    if (readers?.size === 0) this.#readers.delete(sheet)
  }

  /** Takes in how far a reader's copies go; those the log does not lead on from are to be fetched. */
  #take(sheet: SheetId, reader: Reader, { ask, known, marks }: Subscription): void {
    const reset: number[] = []
    for (const mark of marks) {
      if (this.#isReached(sheet, reader.gen, mark)) reader.sent.set(mark.shard, mark.seq)
      else reset.push(mark.shard)
    }
    for (const shard of reset) reader.sent.delete(shard)
    reader.known = Math.max(reader.known, known)
    if (reset.length > 0) this.#send(sheet, reader, { kind: 'reset', shards: reset })
    reader.asks.push(ask)
    this.#fallBehind(sheet, reader)
  }

  #isReached(sheet: SheetId, gen: number, mark: BaseMark): boolean {
    const docName = baseName(sheet, mark.shard, gen)
    return mark.gen === gen && (mark.seq === this.#lastSeq(docName) || this.#parts.shards.reaches(docName, mark))
  }

  #publish(sheet: SheetId, changes: readonly BaseChange[]): void {
    // What was asked for since the change was made is older than the change.
    for (const { shard, gen } of changes) this.#lastSeqs.delete(baseName(sheet, shard, gen))
    let frame: Uint8Array | undefined
    for (const reader of this.#readers.get(sheet) ?? []) {
      if (reader.state === 'behind') continue
      if (reader.line.bufferedBytes() > this.#parts.limits.feedBufferBytes) {
        this.#fallBehind(sheet, reader)
        continue
      }
      frame ??= encodeNews(sheet, { kind: 'changes', changes })
      reader.line.send(frame)
      for (const { shard, seq } of changes) if (reader.sent.has(shard) || shard >= reader.known) reader.sent.set(shard, seq)
    }
  }

  #fallBehind(sheet: SheetId, reader: Reader): void {
    reader.state = 'behind'
    if (reader.timer === undefined) this.#replay(sheet, reader, { leftBytes: Number.POSITIVE_INFINITY, sinceMs: this.#parts.now() })
  }

  /** Sends what the log has beyond what was sent, as long as the socket takes it; then waits, or joins the others. */
  #replay(sheet: SheetId, reader: Reader, stall: { readonly leftBytes: number; readonly sinceMs: number }): void {
    reader.timer = undefined
    const { limits, now, logger } = this.#parts
    try {
      while (!reader.isGone && reader.line.bufferedBytes() <= limits.feedBufferBytes / 2) {
        const changes = this.#nextChanges(sheet, reader)
        if (changes.length === 0) {
          reader.state = 'live'
          for (const ask of reader.asks.splice(0)) this.#send(sheet, reader, { kind: 'current', ask })
          return
        }
        this.#send(sheet, reader, { kind: 'changes', changes })
        for (const { shard, seq } of changes) reader.sent.set(shard, seq)
      }
    } catch (error) {
      // The reader comes back on a new socket and begins from what it has.
      logger.error({ err: error, sheet }, 'a feed could not be read from the log')
      this.#remove(sheet, reader)
      reader.line.closeSlow()
    }
    if (reader.isGone) return
    const leftBytes = reader.line.bufferedBytes()
    const since = leftBytes < stall.leftBytes ? { leftBytes, sinceMs: now() } : stall
    if (now() - since.sinceMs > limits.feedStallMs) {
      this.#remove(sheet, reader)
      reader.line.closeSlow()
      return
    }
    reader.timer = setTimeout(() => this.#replay(sheet, reader, since), limits.feedLookMs)
  }

  /** The next updates that a reader lacks, of one shard after another; at most a frame of them. */
  #nextChanges(sheet: SheetId, reader: Reader): readonly BaseChange[] {
    const { shards } = this.#parts
    const { gen, sent } = reader
    // Shards are filled in their order, so that the first one without an update ends them.
    for (let shard = reader.known; this.#lastSeq(baseName(sheet, shard, gen)) > 0; shard++) if (!sent.has(shard)) sent.set(shard, 0)
    const changes: BaseChange[] = []
    let bytes = 0
    for (const [shard, seq] of sent) {
      const docName = baseName(sheet, shard, gen)
      if (this.#lastSeq(docName) <= seq) continue
      let after = seq
      for (const row of shards.after(docName, seq, REPLAY_BYTES - bytes)) {
        changes.push({ shard, gen, after, seq: row.seq, update: row.update })
        bytes += row.update.byteLength
        after = row.seq
      }
      if (bytes >= REPLAY_BYTES) break
    }
    return changes
  }

  #lastSeq(docName: string): number {
    const known = this.#lastSeqs.get(docName)
    if (known !== undefined) return known
    if (this.#lastSeqs.size >= MOST_LAST_SEQS) this.#lastSeqs.clear()
    const seq = this.#parts.shards.lastSeq(docName)
    this.#lastSeqs.set(docName, seq)
    return seq
  }

  #send(sheet: SheetId, reader: Reader, news: FeedNews): void {
    if (!reader.isGone) reader.line.send(encodeNews(sheet, news))
  }
}
