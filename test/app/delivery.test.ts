import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import * as Y from 'yjs'
import { type DeliveryOptions, type FeedLine, type ShardAnswer, SheetDelivery } from '../../app/collab/delivery.ts'
import type { KeptDocument } from '../../app/collab/device-store.ts'
import { baseEpochs } from '../../workbook/documents.ts'
import type { FeedAsk, FeedNews } from '../../workbook/feed.ts'
import type { SheetId } from '../../workbook/ids.ts'
import { baseName, packBaseRow, SHARD_ROWS } from '../../workbook/schema.ts'
import { Sheet } from '../../workbook/sheet.ts'

const SHEET = 'sheet1' as SheetId

/** A base shard as the server writes it: each call of `set` is one update. */
class ServerShard {
  readonly doc = new Y.Doc()
  readonly updates: Uint8Array[] = []

  readonly number: number

  constructor(number: number) {
    this.number = number
    this.doc.clientID = 1
    this.doc.on('update', (update: Uint8Array) => this.updates.push(update))
  }

  set(row: string, text: string): Uint8Array {
    this.doc.transact(() => {
      const epochs = baseEpochs(this.doc)
      const epoch = epochs.get('0') ?? epochs.set('0', new Y.Map<string>())
      epoch.set(row, packBaseRow({ ord: this.number * 10 + epoch.size, records: {}, values: [text] }))
    })
    const update = this.updates.at(-1)
    if (update === undefined) throw new Error('nothing was written')
    return update
  }
}

const stateOf = (shard: ServerShard): Uint8Array => Y.encodeStateAsUpdate(shard.doc)

class FakeLine implements FeedLine {
  isOpen = false
  readonly asks: FeedAsk[] = []
  #ears: Parameters<FeedLine['listen']>[0] | undefined

  send(ask: FeedAsk): void {
    this.asks.push(ask)
  }

  listen(ears: Parameters<FeedLine['listen']>[0]): () => void {
    this.#ears = ears
    return () => {
      this.#ears = undefined
    }
  }

  open(): void {
    this.isOpen = true
    this.#ears?.onOpen()
  }

  lose(): void {
    this.isOpen = false
    this.#ears?.onLost()
  }

  tell(news: FeedNews): void {
    this.#ears?.onNews(news)
  }

  get lastAsk(): FeedAsk | undefined {
    return this.asks.at(-1)
  }
}

/** The device's store, in memory. */
class FakeStore {
  readonly kept = new Map<string, { snapshot?: Uint8Array; tail: Uint8Array[]; mark?: string }>()
  readonly health = 'kept' as const
  readonly openings = 1
  isFull = false
  readonly writes: string[] = []

  load = async (name: string): Promise<KeptDocument | undefined> => this.kept.get(name)
  takeOver = async (): Promise<void> => undefined
  subscribe = (): (() => void) => () => undefined

  append = async (name: string, update: Uint8Array, mark?: string): Promise<void> => {
    if (this.isFull) throw new Error('full')
    const old = this.kept.get(name)
    this.kept.set(name, { ...old, tail: [...(old?.tail ?? []), update], ...(mark !== undefined && { mark }) })
    this.writes.push(`append ${name} ${mark}`)
  }

  replace = async (name: string, snapshot: Uint8Array, mark?: string): Promise<void> => {
    if (this.isFull) throw new Error('full')
    this.kept.set(name, { snapshot, tail: [], ...(mark !== undefined && { mark }) })
    this.writes.push(`replace ${name} ${mark}`)
  }

  rows(name: string): readonly string[] {
    const doc = new Y.Doc()
    const kept = this.kept.get(name)
    for (const update of [...(kept?.snapshot ? [kept.snapshot] : []), ...(kept?.tail ?? [])]) Y.applyUpdate(doc, update)
    return [...(baseEpochs(doc).get('0')?.keys() ?? [])]
  }
}

interface Question {
  readonly shard: number
  readonly mark: string | undefined
  readonly answer: (answer: ShardAnswer) => Promise<void>
  readonly fail: () => Promise<void>
}

/** One sheet of three shards in a window whose server, socket and device are played by the test. */
function makeWorld(
  o: {
    shards?: number
    visible?: number
    store?: FakeStore
    mayFetch?: () => boolean
    whenDrawn?: () => Promise<void>
    isAllWanted?: boolean
    onChange?: () => void
  } = {},
) {
  const count = o.shards ?? 3
  const questions: Question[] = []
  const asked: number[] = []
  const line = new FakeLine()
  const store = o.store ?? new FakeStore()
  const sheet = new Sheet(SHEET, { book: new Y.Doc(), sys: new Y.Doc(), edits: new Y.Doc(), annotations: new Y.Doc(), base: [] })
  const fetchShard: DeliveryOptions['fetchShard'] = (shard, { mark }) => {
    asked.push(shard)
    return new Promise((resolve, reject) => {
      const settle = async (end: () => void): Promise<void> => {
        questions.splice(questions.indexOf(question), 1)
        end()
        await vi.advanceTimersByTimeAsync(0)
      }
      const question: Question = {
        shard,
        mark,
        answer: (answer) => settle(() => resolve(answer)),
        fail: () => settle(() => reject(new Error('no network'))),
      }
      questions.push(question)
    })
  }
  const refused: string[] = []
  const delivery = new SheetDelivery({
    sheet,
    names: Array.from({ length: count }, (_, shard) => baseName(SHEET, shard, 0)),
    makeDocument: () => new Y.Doc(),
    store,
    deviceName: (name) => name,
    olderDatabase: (name) => `old/${name}`,
    fetchShard,
    line,
    mayFetch: o.mayFetch ?? (() => true),
    ...(o.whenDrawn !== undefined && { whenDrawn: o.whenDrawn }),
    ...(o.isAllWanted !== undefined && { isAllWanted: o.isAllWanted }),
    onChange: o.onChange ?? (() => undefined),
    onRefused: (reason) => refused.push(reason),
  })
  if (o.visible !== undefined) delivery.want(o.visible)
  const next = (): Question => {
    const [question] = questions
    if (question === undefined) throw new Error('nothing was asked')
    return question
  }
  return { delivery, sheet, line, store, questions, asked, refused, next }
}

const server = (): readonly ServerShard[] =>
  Array.from({ length: 3 }, (_, number) => {
    const shard = new ServerShard(number)
    shard.set(`row${number}`, `first ${number}`)
    return shard
  })

const bytes = (shard: ServerShard | undefined, seq: number): ShardAnswer => {
  if (shard === undefined) throw new Error('no such shard')
  return { kind: 'bytes', bytes: stateOf(shard), mark: `0.0.${seq}` }
}

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

/** Everything loaded from the server, at number 10, and subscribed. */
async function loaded(o: Parameters<typeof makeWorld>[0] = {}) {
  const world = makeWorld(o)
  const shards = server()
  world.line.open()
  await world.delivery.start()
  await vi.advanceTimersByTimeAsync(0)
  while (world.questions.length > 0) await world.next().answer(bytes(shards[world.next().shard], 10))
  world.line.tell({ kind: 'current', ask: world.line.asks.length })
  return { ...world, shards }
}

test('[DL16] the shard that is looked at comes first and alone, then its neighbours, three at a time', async () => {
  const { delivery, sheet, asked, next, questions } = makeWorld({ shards: 6, visible: 2 })
  const shards = Array.from({ length: 6 }, (_, number) => {
    const shard = new ServerShard(number)
    shard.set(`row${number}`, 'x')
    return shard
  })
  await delivery.start()
  await vi.advanceTimersByTimeAsync(0)
  expect(asked).toEqual([2])
  expect(delivery.isShown).toBe(false)
  await next().answer(bytes(shards[2], 1))
  expect([delivery.isShown, delivery.progress, sheet.rows()]).toEqual([true, { loaded: 1, all: 6 }, ['row2']])
  expect(asked).toEqual([2, 1, 3, 0])
  while (questions.length > 0) {
    expect(questions.length).toBeLessThanOrEqual(3)
    const last = questions.at(-1)
    if (last) await last.answer(bytes(shards[last.shard], 1))
  }
  expect([delivery.progress, sheet.rows()]).toEqual([{ loaded: 6, all: 6 }, ['row0', 'row1', 'row2', 'row3', 'row4', 'row5']])
})

test('[DL17] what the device keeps is shown without a network, and only what came since is asked for', async () => {
  const first = await loaded()
  first.delivery.stop({ keeps: true })
  await vi.advanceTimersByTimeAsync(0)
  const again = makeWorld({ store: first.store })
  await again.delivery.start()
  await vi.advanceTimersByTimeAsync(0)
  expect(again.sheet.rows()).toEqual(['row0', 'row1', 'row2'])
  expect(again.asked).toEqual([])
  again.line.open()
  await vi.advanceTimersByTimeAsync(0)
  const marks = [0, 1, 2].map((shard) => ({ shard, gen: 0, epoch: 0, seq: 10 }))
  expect(again.line.asks).toEqual([{ kind: 'subscribe', ask: 1, token: 'cookie', known: 3, marks }])
  expect(again.delivery.isCurrent).toBe(false)
  again.line.tell({ kind: 'current', ask: 1 })
  expect(again.delivery.isCurrent).toBe(true)
})

test('[DL17] [DL22] the other parts are read from the device behind the first rows, and what they missed is counted', async () => {
  const first = await loaded()
  first.delivery.stop({ keeps: true })
  await vi.advanceTimersByTimeAsync(0)
  const drawn = Promise.withResolvers<void>()
  const { delivery, sheet, line } = makeWorld({ store: first.store, whenDrawn: () => drawn.promise })
  await delivery.start()
  line.open()
  await vi.advanceTimersByTimeAsync(0)
  expect(sheet.rows()).toEqual(['row0'])
  drawn.resolve()
  await vi.advanceTimersByTimeAsync(0)
  expect(sheet.rows()).toEqual(['row0', 'row1', 'row2'])
  const update = first.shards[2]?.set('row2', 'changed') ?? new Uint8Array()
  line.tell({ kind: 'changes', changes: [{ shard: 2, gen: 0, after: 10, seq: 11, update }] })
  line.tell({ kind: 'current', ask: line.asks.length })
  expect(delivery.takeCaughtUp()).toBe(1)
})

test('[DL16] the first part is asked for before the screen is told anything, and the others once its rows are drawn', async () => {
  const drawn = Promise.withResolvers<void>()
  const askedWhenTold: number[][] = []
  const { delivery, asked, next } = makeWorld({ whenDrawn: () => drawn.promise, onChange: () => askedWhenTold.push([...asked]) })
  await delivery.start()
  expect(askedWhenTold[0]).toEqual([0])
  await next().answer(bytes(server()[0], 10))
  expect(asked).toEqual([0])
  drawn.resolve()
  await vi.advanceTimersByTimeAsync(0)
  expect(asked).toEqual([0, 1, 2])
})

test('[DL17] what the feed brings is shown at once and kept with how far it goes', async () => {
  const { delivery, sheet, line, store, shards } = await loaded()
  const update = shards[1]?.set('row1b', 'second') ?? new Uint8Array()
  line.tell({ kind: 'changes', changes: [{ shard: 1, gen: 0, after: 10, seq: 11, update }] })
  expect(sheet.rows()).toContain('row1b')
  await vi.advanceTimersByTimeAsync(1_000)
  expect(store.writes.at(-1)).toBe(`append ${baseName(SHEET, 1, 0)} 0.0.11`)
  expect(store.rows(baseName(SHEET, 1, 0))).toEqual(['row1', 'row1b'])
  expect(delivery.isCurrent).toBe(true)
})

test('[DL24] files are written on the device once the last has come, with what the feed brought meanwhile, or after two seconds', async () => {
  const { delivery, line, store, next } = makeWorld()
  const shards = server()
  line.open()
  await delivery.start()
  await vi.advanceTimersByTimeAsync(0)
  await next().answer(bytes(shards[0], 10))
  const update = shards[0]?.set('late', 'x') ?? new Uint8Array()
  line.tell({ kind: 'changes', changes: [{ shard: 0, gen: 0, after: 10, seq: 11, update }] })
  await next().answer(bytes(shards[1], 10))
  expect(store.writes).toEqual([])
  await vi.advanceTimersByTimeAsync(2_000)
  expect(store.writes).toEqual([`replace ${baseName(SHEET, 0, 0)} 0.0.11`, `replace ${baseName(SHEET, 1, 0)} 0.0.10`])
  expect(store.rows(baseName(SHEET, 0, 0))).toEqual(['row0', 'late'])
  await next().answer(bytes(shards[2], 12))
  expect(store.writes.slice(2)).toEqual([`replace ${baseName(SHEET, 2, 0)} 0.0.12`])
})

test('[DL25] of a very large sheet the first and the last shard are fetched, the others when somebody looks at them or needs all', async () => {
  const { delivery, sheet, asked, questions, next } = makeWorld({ shards: 70 })
  const shards = Array.from({ length: 70 }, (_, number) => new ServerShard(number))
  for (const shard of shards) shard.set(`row${shard.number}`, 'x')
  const answerAll = async (): Promise<void> => {
    while (questions.length > 0) await next().answer(bytes(shards[next().shard], 1))
  }
  await delivery.start()
  await vi.advanceTimersByTimeAsync(0)
  await answerAll()
  expect(asked).toEqual([0, 69])
  expect(delivery.progress).toEqual({ loaded: 2, all: 2 })
  expect(sheet.index.awaited).toBe(68 * SHARD_ROWS)
  const away = sheet.index.idOf(sheet.index.order()[30 * SHARD_ROWS] ?? 0)
  sheet.want(away)
  sheet.want(away)
  await vi.advanceTimersByTimeAsync(0)
  await answerAll()
  expect(asked).toEqual([0, 69, 30])
  sheet.wantAll()
  await vi.advanceTimersByTimeAsync(0)
  expect(delivery.progress.all).toBe(70)
  await answerAll()
  expect(asked.length).toBe(70)
  await sheet.whole()
  expect(sheet.rows()).toEqual(shards.map((shard) => `row${shard.number}`))
})

test('[DL25] where what is staged must be known, all of a very large sheet is fetched', async () => {
  const { delivery, sheet } = makeWorld({ shards: 70, isAllWanted: true })
  await delivery.start()
  expect(sheet.index.awaited).toBe(0)
  expect(delivery.progress.all).toBe(70)
})

test('[DL18] a change that was had already is nothing, one behind a gap is asked for again', async () => {
  const { sheet, line, shards } = await loaded()
  const shard = shards[0]
  const missed = shard?.set('missed', 'x') ?? new Uint8Array()
  const later = shard?.set('later', 'x') ?? new Uint8Array()
  line.tell({ kind: 'changes', changes: [{ shard: 0, gen: 0, after: 9, seq: 10, update: missed }] })
  expect(sheet.rows()).not.toContain('missed')
  line.tell({ kind: 'changes', changes: [{ shard: 0, gen: 0, after: 11, seq: 12, update: later }] })
  expect(sheet.rows()).not.toContain('later')
  await vi.advanceTimersByTimeAsync(0)
  expect(line.lastAsk).toMatchObject({ kind: 'subscribe', marks: [{ shard: 0, gen: 0, epoch: 0, seq: 10 }] })
  const changes = [
    { shard: 0, gen: 0, after: 10, seq: 11, update: missed },
    { shard: 0, gen: 0, after: 11, seq: 12, update: later },
  ]
  line.tell({ kind: 'changes', changes })
  expect(sheet.rows()).toEqual(['row0', 'missed', 'later', 'row1', 'row2'])
})

test('[DL18] after a reset the shard stays in sight until it has come whole, and nothing of the old copy is left', async () => {
  const { delivery, sheet, line, store, next } = await loaded()
  line.tell({ kind: 'reset', shards: [1] })
  await vi.advanceTimersByTimeAsync(0)
  expect([sheet.rows(), delivery.isCurrent]).toEqual([['row0', 'row1', 'row2'], false])
  const other = new ServerShard(1)
  other.set('another', 'x')
  expect([next().shard, next().mark]).toEqual([1, undefined])
  await next().answer(bytes(other, 40))
  expect(store.rows(baseName(SHEET, 1, 0))).toEqual(['another'])
  expect(sheet.rows()).toContain('another')
  expect(line.lastAsk).toMatchObject({ marks: [{ shard: 1, gen: 0, epoch: 0, seq: 40 }] })
})

test('[DL19] a shard that begins while the sheet is open joins it', async () => {
  const { delivery, sheet, line, store } = await loaded()
  const born = new ServerShard(3)
  const update = born.set('row3', 'x')
  line.tell({ kind: 'changes', changes: [{ shard: 3, gen: 0, after: 0, seq: 20, update }] })
  expect([sheet.rows().at(-1), delivery.progress]).toEqual(['row3', { loaded: 4, all: 4 }])
  await vi.advanceTimersByTimeAsync(1_000)
  expect(store.rows(baseName(SHEET, 3, 0))).toEqual(['row3'])
  delivery.follow(Array.from({ length: 4 }, (_, shard) => baseName(SHEET, shard, 0)))
  expect(delivery.progress).toEqual({ loaded: 4, all: 4 })
})

test('[DL19] a sheet without rows that is made while the socket is open is current as soon as the feed says so', async () => {
  const { delivery, line } = makeWorld({ shards: 0 })
  line.isOpen = true
  await delivery.start()
  await vi.advanceTimersByTimeAsync(0)
  expect(line.lastAsk).toMatchObject({ kind: 'subscribe', ask: 1, known: 0, marks: [] })
  line.tell({ kind: 'current', ask: 1 })
  expect(delivery.isCurrent).toBe(true)
})

test('[DL20] where the device did not take a change, it gets the whole shard next, never a copy with a hole', async () => {
  const { line, store, shards } = await loaded()
  store.isFull = true
  const lost = shards[0]?.set('lost', 'x') ?? new Uint8Array()
  line.tell({ kind: 'changes', changes: [{ shard: 0, gen: 0, after: 10, seq: 11, update: lost }] })
  await vi.advanceTimersByTimeAsync(1_000)
  store.isFull = false
  const next = shards[0]?.set('next', 'x') ?? new Uint8Array()
  line.tell({ kind: 'changes', changes: [{ shard: 0, gen: 0, after: 11, seq: 12, update: next }] })
  await vi.advanceTimersByTimeAsync(1_000)
  expect(store.writes.at(-1)).toBe(`replace ${baseName(SHEET, 0, 0)} 0.0.12`)
  expect(store.rows(baseName(SHEET, 0, 0))).toEqual(['row0', 'lost', 'next'])
})

test('[DL20] a copy with a hole on the device is fetched anew', async () => {
  const store = new FakeStore()
  const shard = new ServerShard(0)
  shard.set('row0', 'x')
  shard.set('never kept', 'x')
  const last = shard.set('last', 'x')
  store.kept.set(baseName(SHEET, 0, 0), { tail: [last], mark: '0.0.12' })
  const { delivery, sheet, next } = makeWorld({ shards: 1, store })
  await delivery.start()
  await vi.advanceTimersByTimeAsync(0)
  expect(next().mark).toBeUndefined()
  await next().answer(bytes(shard, 12))
  expect(sheet.rows()).toEqual(['row0', 'never kept', 'last'])
})

test('[DL21] without a network it is tried again by itself and at once when the socket opens; who works offline asks nothing', async () => {
  let isOffline = true
  const { delivery, line, asked, questions, next } = makeWorld({ shards: 1, mayFetch: () => !isOffline })
  await delivery.start()
  await vi.advanceTimersByTimeAsync(60_000)
  expect(asked).toEqual([])
  isOffline = false
  line.open()
  await vi.advanceTimersByTimeAsync(0)
  expect(asked).toEqual([0])
  await next().fail()
  await vi.advanceTimersByTimeAsync(499)
  expect(questions).toEqual([])
  await vi.advanceTimersByTimeAsync(1)
  expect(asked).toEqual([0, 0])
  await next().fail()
  line.lose()
  line.open()
  await vi.advanceTimersByTimeAsync(0)
  expect(asked).toEqual([0, 0, 0])
})

test('[DL21] a refusal of the feed is told', async () => {
  const { line, refused } = await loaded()
  line.tell({ kind: 'denied', reason: 'The link was revoked.' })
  expect(refused).toEqual(['The link was revoked.'])
})

test('[DL22] what was missed is counted once the feed has caught up', async () => {
  const { delivery, line, shards } = await loaded()
  line.lose()
  const update = shards[2]?.set('row2', 'changed') ?? new Uint8Array()
  line.open()
  await vi.advanceTimersByTimeAsync(0)
  line.tell({ kind: 'changes', changes: [{ shard: 2, gen: 0, after: 10, seq: 11, update }] })
  line.tell({ kind: 'current', ask: 1 })
  expect([delivery.takeCaughtUp(), delivery.takeCaughtUp()]).toEqual([1, 0])
})
