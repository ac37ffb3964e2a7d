import { type BaseChange, type BaseMark, type FeedAsk, type FeedNews, markText, parseMark } from '../../workbook/feed.ts'
import { applyUpdates, isWhole, mergeUpdates, stateOf } from '../../workbook/replica.ts'
import { baseName, parseDocumentName } from '../../workbook/schema.ts'
import type { Sheet } from '../../workbook/sheet.ts'
import type { DeviceStore } from './device-store.ts'
import type { Document } from './document-channel.ts'

/** The answer to a question for a shard's bytes. */
export type ShardAnswer =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array; readonly mark: string }
  /** What the device has is what the server has. */
  | { readonly kind: 'same' }
  /** There is no such shard (any more), or this browser may not read it. */
  | { readonly kind: 'refused'; readonly status: number }

/** Asks the server for a shard; `mark` is what the device has. Rejects where there is no answer. */
export type FetchShard = (shard: number, o: { readonly mark: string | undefined; readonly signal: AbortSignal }) => Promise<ShardAnswer>

/** The feed's side of the window's one socket. */
export interface FeedLine {
  readonly isOpen: boolean
  send(ask: FeedAsk): void
  /** Returns the way to stop listening. */
  listen(o: { readonly onOpen: () => void; readonly onLost: () => void; readonly onNews: (news: FeedNews) => void }): () => void
}

/** How much of a sheet is here. */
export interface Progress {
  readonly loaded: number
  readonly all: number
}

export interface DeliveryOptions {
  readonly sheet: Sheet
  /** The sheet's base documents, in the order of their shards. */
  readonly names: readonly string[]
  readonly makeDocument: () => Document
  readonly store: Pick<DeviceStore, 'load' | 'append' | 'replace' | 'takeOver' | 'subscribe' | 'openings' | 'health'>
  readonly deviceName: (document: string) => string
  /** The database in which an earlier version of the app kept a document. */
  readonly olderDatabase: (document: string) => string
  readonly fetchShard: FetchShard
  readonly line: FeedLine
  /** Whether the server may be asked at all: a person may have chosen to work offline. */
  readonly mayFetch: () => boolean
  /** Resolves once the first rows are on the screen: the other parts are read from this device behind them. */
  readonly whenDrawn?: () => Promise<void>
  /** Everything is wanted, however large the sheet: what is staged is worked out from all rows. */
  readonly isAllWanted?: boolean
  readonly onChange: () => void
  readonly onRefused: (reason: string) => void
}

/** A sheet of more shards than this brings the first and the last, and the others when they are wanted: 256,000 rows take some 120 MB. */
const ALL_UP_TO = 64
/** Shards under way at once, once the one that is looked at is here: two or three fill a line, more would only share it. */
const AT_ONCE = 3
/** What the feed brings is written on this device in one piece after this long. ms. */
const KEEP_MS = 400
/** Files are written on this device when the last of them has come, for writing slows down what is coming; at the latest after this. ms. */
const KEEP_FILES_MS = 2_000
/** As many updates behind a shard's snapshot are folded into it when it is read. */
const LONG_TAIL = 40
/** A question without an answer is asked again after this long, doubling up to the last. ms. */
const RETRY_MS = [500, 2_000, 8_000, 30_000] as const

interface Shard {
  readonly number: number
  readonly name: string
  doc: Document
  /** `unwanted` so far, `reading` the device, `missing` on it, `asked` of the server, `here`. */
  phase: 'unwanted' | 'reading' | 'missing' | 'asked' | 'here'
  /** There is something to show, be it old. */
  isShown: boolean
  /** Somebody came to look at it later: while it comes, what is here is no less up to date. */
  isExtra: boolean
  /** How far the copy goes; absent where that is not known. */
  mark: Omit<BaseMark, 'shard'> | undefined
  /** Was here when the feed opened: what comes now was missed meanwhile. */
  isCatchingUp: boolean
  /** The feed was told how far the copy goes. */
  isSubscribed: boolean
  /** The file as it came, while it is not on this device yet. */
  file: Uint8Array | undefined
  /** Came by the feed and is not on this device yet. */
  unkept: Uint8Array[]
  /** The device lacks something: the whole shard is to be written. */
  isWholeDue: boolean
}

/**
 * The base of one open sheet on its way to this window: what this device keeps at once, the rest as stored files, the shard that is looked at
 * first, and from then on by the feed. A shard joins the sheet as soon as it is here, in whatever order.
 */
export class SheetDelivery {
  readonly #options: DeliveryOptions
  /** The generation of the base; another one is another delivery. */
  readonly gen: number
  readonly #shards: Shard[] = []
  readonly #ending = new AbortController()
  /** The shard that is looked at: it comes first. */
  #looked = 0
  #asks = 0
  #answered = 0
  #missed = 0
  #isSubscribeDue = false
  #isOutOfReach = false
  #tries = 0
  #retryTimer: ReturnType<typeof setTimeout> | undefined
  #keepTimer: ReturnType<typeof setTimeout> | undefined
  #leaveLine: (() => void) | undefined
  #leaveStore: (() => void) | undefined
  #opening = 0
  #isStopped = false

  constructor(options: DeliveryOptions) {
    this.#options = options
    this.gen = genOfNames(options.names)
    this.follow(options.names)
    if (this.#shards.length > ALL_UP_TO && options.isAllWanted !== true) this.#leaveForLater()
  }

  /** The shards that can be shown, of all that are wanted. */
  get progress(): Progress {
    return { loaded: this.#shards.filter((shard) => shard.isShown).length, all: this.#wanted().length }
  }

  /** Everything the server had on disk a moment ago is here. */
  get isCurrent(): boolean {
    return (
      this.#wanted().every((shard) => shard.isExtra || shard.phase === 'here') &&
      this.#options.line.isOpen &&
      this.#asks > 0 &&
      this.#answered === this.#asks
    )
  }

  /** There is something to show, or nothing to wait for. */
  get isShown(): boolean {
    return this.#shards.length === 0 || this.#shards.some((shard) => shard.isShown)
  }

  /** How many rows others had changed before the feed had caught up, told once. */
  takeCaughtUp(): number {
    const count = this.#missed
    this.#missed = 0
    return count
  }

  /** Reads the shard that is looked at from this device and asks for the rest; resolves once that first one was read. */
  async start(): Promise<void> {
    const { line, store } = this.#options
    this.#opening = store.openings
    this.#leaveStore = store.subscribe(() => this.#followStore())
    this.#leaveLine = line.listen({
      onOpen: () => this.#whenOpen(),
      onLost: () => this.#whenLost(),
      onNews: (news) => this.#hear(news),
    })
    const [first, ...rest] = this.#inOrder()
    // A sheet that has no rows yet has no part whose reading would ask for what comes.
    if (first === undefined) this.#subscribe()
    else await this.#readDevice(first)
    if (!this.#isStopped) void this.#readRest(rest)
  }

  /** `keeps: false`: what is not written on this device yet stays so. */
  stop({ keeps }: { readonly keeps: boolean }): void {
    if (this.#isStopped) return
    if (keeps) this.#keep()
    this.#isStopped = true
    this.#ending.abort()
    clearTimeout(this.#retryTimer)
    clearTimeout(this.#keepTimer)
    this.#leaveLine?.()
    this.#leaveStore?.()
    if (this.#options.line.isOpen) this.#options.line.send({ kind: 'leave' })
  }

  /** The sheet's base documents as the server names them now: new shards at the end. */
  follow(names: readonly string[]): void {
    for (const name of names.slice(this.#shards.length)) this.#addShard(name)
    if (this.#leaveLine !== undefined) this.#ask()
  }

  /** A person may have gone online again, or looks at another part: asks for what is missing now. */
  hurry(): void {
    this.#tries = 0
    clearTimeout(this.#retryTimer)
    this.#retryTimer = undefined
    this.#isOutOfReach = false
    this.#ask()
  }

  /** Somebody looks at rows of this shard, or at all of them. */
  want(what: number | 'all'): void {
    if (what !== 'all') this.#looked = what
    const woken = this.#shards.filter((shard) => shard.phase === 'unwanted' && (what === 'all' || shard.number === what))
    if (woken.length === 0) return
    for (const shard of woken) {
      shard.phase = 'reading'
      shard.isExtra = this.#leaveLine !== undefined
    }
    if (this.#leaveLine === undefined) return
    void this.#readRest(woken)
    this.#options.onChange()
  }

  #wanted(): readonly Shard[] {
    return this.#shards.filter((shard) => shard.phase !== 'unwanted')
  }

  /** All but the first and the last shard are fetched when they are wanted; their rows have their places at once. */
  #leaveForLater(): void {
    const { sheet } = this.#options
    const later = this.#shards.slice(1, -1)
    for (const shard of later) shard.phase = 'unwanted'
    sheet.keepPlaces(later.map((shard) => shard.number))
    sheet.onWanted = (what) => this.want(what)
  }

  #addShard(name: string): Shard {
    const shard: Shard = {
      number: this.#shards.length,
      name,
      doc: this.#options.makeDocument(),
      phase: this.#leaveLine === undefined ? 'reading' : 'missing',
      isShown: false,
      isExtra: false,
      mark: undefined,
      isCatchingUp: false,
      isSubscribed: false,
      file: undefined,
      unkept: [],
      isWholeDue: false,
    }
    this.#shards.push(shard)
    return shard
  }

  /** The shards, the one that is looked at first, then its neighbours outwards. */
  #inOrder(): readonly Shard[] {
    const seen = this.#looked
    return [...this.#wanted()].sort((a, b) => Math.abs(a.number - seen) - Math.abs(b.number - seen) || a.number - b.number)
  }

  // The device ---------------------------------------------------------------------------------------------------------------------------

  async #readRest(shards: readonly Shard[]): Promise<void> {
    await this.#options.whenDrawn?.()
    const queue = [...shards]
    const read = async (): Promise<void> => {
      for (let shard = queue.shift(); shard !== undefined && !this.#isStopped; shard = queue.shift()) await this.#readDevice(shard)
    }
    await Promise.all(Array.from({ length: AT_ONCE }, read))
  }

  async #readDevice(shard: Shard): Promise<void> {
    const { store, deviceName, olderDatabase } = this.#options
    const name = deviceName(shard.name)
    try {
      await store.takeOver(olderDatabase(shard.name), name)
      const kept = await store.load(name)
      if (this.#isStopped || shard.phase !== 'reading') return
      if (kept === undefined) shard.phase = 'missing'
      else this.#takeKept(shard, kept)
    } catch {
      // The store has said so itself, and the save line shows it; the server has the rows.
      shard.phase = 'missing'
    }
    // Asked first, told then: the question is on its way while the screen is drawn.
    this.#ask()
    this.#subscribe()
    this.#options.onChange()
  }

  #takeKept(shard: Shard, kept: NonNullable<Awaited<ReturnType<DeviceStore['load']>>>): void {
    applyUpdates(shard.doc, [...(kept.snapshot === undefined ? [] : [kept.snapshot]), ...kept.tail], this)
    const mark = kept.mark === undefined ? undefined : parseMark(kept.mark)
    const isUsable = mark !== undefined && mark.gen === this.gen && isWhole(shard.doc)
    shard.mark = isUsable ? mark : undefined
    shard.phase = isUsable ? 'here' : 'missing'
    // The feed may be open by now: what it brings was missed while this window was away.
    shard.isCatchingUp = isUsable
    this.#show(shard)
    if (isUsable && kept.tail.length > LONG_TAIL) {
      shard.isWholeDue = true
      this.#keepSoon()
    }
  }

  #keepSoon(): void {
    this.#keepTimer ??= setTimeout(() => this.#keep(), KEEP_MS)
  }

  /** The files are written once the last one under way has come, at the latest after a while. */
  #keepFiles(): void {
    if (this.#wanted().every((shard) => shard.phase === 'here')) this.#keep()
    else this.#keepTimer ??= setTimeout(() => this.#keep(), KEEP_FILES_MS)
  }

  /** Writes on this device what has come since. */
  #keep(): void {
    clearTimeout(this.#keepTimer)
    this.#keepTimer = undefined
    for (const shard of this.#shards) if (shard.mark !== undefined) this.#keepShard(shard, markText(shard.mark))
  }

  #keepShard(shard: Shard, mark: string): void {
    const { store } = this.#options
    const { file, isWholeDue } = shard
    const [first, ...rest] = file === undefined ? shard.unkept : [file, ...shard.unkept]
    shard.file = undefined
    shard.unkept = []
    shard.isWholeDue = false
    if (isWholeDue) this.#write(shard, (name) => store.replace(name, stateOf(shard.doc), mark))
    else if (first !== undefined) {
      const update = mergeUpdates([first, ...rest])
      this.#write(shard, (name) => (file === undefined ? store.append(name, update, mark) : store.replace(name, update, mark)))
    }
  }

  #write(shard: Shard, write: (name: string) => Promise<void>): void {
    write(this.#options.deviceName(shard.name)).catch(() => {
      // The store has said why. What follows would leave a hole behind its mark, so the next write is the whole shard.
      shard.isWholeDue = true
    })
  }

  /** The storage was opened late, or anew after it was taken away: all that is here is written again. */
  #followStore(): void {
    const { store } = this.#options
    if (store.health !== 'kept') return
    if (store.openings !== this.#opening) {
      this.#opening = store.openings
      for (const shard of this.#shards) shard.isWholeDue ||= shard.phase === 'here'
    }
    if (this.#shards.some((shard) => shard.isWholeDue)) this.#keepSoon()
  }

  // The files ----------------------------------------------------------------------------------------------------------------------------

  /** Asks for what is missing: the first alone, then several at a time. */
  #ask(): void {
    if (this.#isStopped || this.#isOutOfReach || !this.#options.mayFetch()) return
    const order = this.#inOrder()
    const limit = order[0]?.phase === 'here' || order.some((shard) => shard.isShown) ? AT_ONCE : 1
    let underWay = order.filter((shard) => shard.phase === 'asked').length
    for (const shard of order) {
      if (underWay >= limit) return
      if (shard.phase !== 'missing') continue
      underWay++
      shard.phase = 'asked'
      void this.#fetch(shard)
    }
  }

  async #fetch(shard: Shard): Promise<void> {
    const known = shard.mark
    try {
      const answer = await this.#options.fetchShard(shard.number, {
        mark: known === undefined ? undefined : markText(known),
        signal: this.#ending.signal,
      })
      if (this.#isStopped) return
      this.#tries = 0
      this.#takeAnswer(shard, answer)
    } catch {
      if (this.#isStopped) return
      shard.phase = 'missing'
      this.#waitToAsk()
    }
    this.#options.onChange()
    this.#ask()
  }

  #takeAnswer(shard: Shard, answer: ShardAnswer): void {
    if (answer.kind === 'refused') {
      shard.phase = 'missing'
      this.#waitToAsk()
      return
    }
    if (answer.kind === 'bytes') {
      const mark = parseMark(answer.mark)
      if (mark === undefined || mark.gen !== this.gen) {
        shard.phase = 'missing'
        this.#waitToAsk()
        return
      }
      // What was here may belong to a history that the server no longer has: the new copy stands alone.
      if (shard.isShown) shard.doc = this.#options.makeDocument()
      shard.mark = mark
      shard.unkept = []
      shard.file = answer.bytes
      applyUpdates(shard.doc, [answer.bytes], this)
    }
    shard.phase = 'here'
    shard.isSubscribed = false
    this.#show(shard)
    this.#subscribe()
    this.#keepFiles()
  }

  #waitToAsk(): void {
    this.#isOutOfReach = true
    const wait = RETRY_MS[Math.min(this.#tries++, RETRY_MS.length - 1)]
    this.#retryTimer ??= setTimeout(() => {
      this.#retryTimer = undefined
      this.#isOutOfReach = false
      this.#ask()
    }, wait)
  }

  #show(shard: Shard): void {
    shard.isShown = true
    this.#options.sheet.addShard(shard.doc, shard.number)
  }

  // The feed -----------------------------------------------------------------------------------------------------------------------------

  #whenOpen(): void {
    for (const shard of this.#shards) {
      shard.isSubscribed = false
      shard.isCatchingUp = shard.phase === 'here'
    }
    this.#asks = 0
    this.#answered = 0
    this.hurry()
    this.#subscribe()
  }

  #whenLost(): void {
    this.#asks = 0
    this.#answered = 0
    this.#options.onChange()
  }

  /** Tells the feed how far the copies go, once a turn for all that have come. */
  #subscribe(): void {
    if (this.#isSubscribeDue) return
    this.#isSubscribeDue = true
    queueMicrotask(() => {
      this.#isSubscribeDue = false
      if (this.#isStopped || !this.#options.line.isOpen) return
      const fresh = this.#shards.filter((shard) => shard.phase === 'here' && !shard.isSubscribed)
      if (fresh.length === 0 && (this.#shards.length > 0 || this.#asks > 0)) return
      const marks = fresh.flatMap(({ number, mark }) => (mark === undefined ? [] : [{ shard: number, ...mark }]))
      for (const shard of fresh) shard.isSubscribed = true
      this.#asks++
      this.#options.line.send({ kind: 'subscribe', ask: this.#asks, token: COOKIE_TOKEN, known: this.#shards.length, marks })
    })
  }

  #hear(news: FeedNews): void {
    switch (news.kind) {
      case 'changes':
        for (const change of news.changes) this.#takeChange(change)
        this.#options.onChange()
        return
      case 'reset':
        for (const number of news.shards) this.#lose(this.#shards[number])
        this.#ask()
        return
      case 'current':
        this.#answered = Math.max(this.#answered, news.ask)
        if (this.isCurrent) for (const shard of this.#shards) shard.isCatchingUp = false
        this.#options.onChange()
        return
      case 'denied':
        this.#options.onRefused(news.reason)
    }
  }

  #takeChange({ shard: number, gen, after, seq, update }: BaseChange): void {
    const { sheet } = this.#options
    if (gen !== this.gen) return
    // A shard that began while the sheet is open: its first update comes first.
    while (this.#shards.length <= number) {
      const born = this.#addShard(baseName(sheet.id, this.#shards.length, gen))
      born.mark = { gen, epoch: 0, seq: 0 }
      born.phase = 'here'
      born.isSubscribed = true
      this.#show(born)
    }
    const shard = this.#shards[number]
    if (shard?.phase !== 'here' || shard.mark === undefined || seq <= shard.mark.seq) return
    if (after > shard.mark.seq) {
      shard.isSubscribed = false
      this.#subscribe()
      return
    }
    if (shard.isCatchingUp) shard.doc.once('afterTransaction', (transaction) => this.#countMissed(transaction))
    applyUpdates(shard.doc, [update], this)
    if (!isWhole(shard.doc)) {
      this.#lose(shard)
      this.#ask()
      return
    }
    shard.mark = { ...shard.mark, seq }
    shard.unkept.push(update)
    this.#keepSoon()
  }

  #countMissed({ changed }: { readonly changed: ReadonlyMap<unknown, ReadonlySet<unknown>> }): void {
    for (const keys of changed.values()) this.#missed += keys.size
  }

  /** The copy cannot be brought up to date: it stays in sight until the whole shard has come anew. */
  #lose(shard: Shard | undefined): void {
    if (shard?.phase !== 'here') return
    shard.phase = 'missing'
    shard.mark = undefined
    shard.file = undefined
    shard.unkept = []
  }
}

/** The server reads the session cookie of the upgrade request; the protocol wants some token. */
const COOKIE_TOKEN = 'cookie'

/** The generation that the names of base documents carry; 0 where there is none yet. */
export function genOfNames(names: readonly string[]): number {
  const name = parseDocumentName(names[0] ?? '')
  return name?.kind === 'base' ? name.gen : 0
}
