import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import * as decoding from 'lib0/decoding'
import WebSocket from 'ws'
import * as Y from 'yjs'
import { authFrame, FRAME, readFrame, SYNC, syncFrame } from '../../server/collab-frames.ts'
import { type BaseMark, decodeNews, encodeAsk, parseMark } from '../../workbook/feed.ts'
import type { SheetId } from '../../workbook/ids.ts'
import { annotationsName, baseName, bookName, editsName, SHARD_ROWS, sysName } from '../../workbook/schema.ts'
import { makeBigSheet } from '../support/big-sheet.ts'
import { tempFolder } from '../support/temp-folder.ts'
import { type BenchLine, medianInTurn } from './collab.ts'
import type { Order } from './delivery-server.ts'

/** How a sheet's base reaches a client: by stored files and the feed, or each shard as a document of its own. */
type Kind = 'delivered' | 'attached'
const KINDS = ['delivered', 'attached'] as const

interface World extends AsyncDisposable {
  readonly url: string
  readonly token: string
  readonly workbook: string
  readonly sheet: SheetId
  readonly shards: number
  /** The server's memory, and the processor time it has used; the latter is the same on a busy machine. */
  figures(): Promise<{ readonly rss: number; readonly cpuMs: number }>
  pull(rows: number): Promise<void>
}

/** A server with one sheet of so many rows, in a process of its own. */
async function startWorld(rows: number): Promise<World> {
  const folder = await tempFolder()
  const { workbook, sheet } = await makeBigSheet(folder.path, rows)
  const shards = Math.ceil(rows / SHARD_ROWS)
  const child = fork(join(import.meta.dirname, 'delivery-server.ts'), [folder.path], { execArgv: ['--expose-gc'] })
  const [{ url, token }] = (await once(child, 'message')) as [{ url: string; token: string }]
  const order = async (what: Order): Promise<unknown> => {
    child.send(what)
    const [answer] = (await once(child, 'message')) as [unknown]
    return answer
  }
  return {
    url,
    token,
    workbook,
    sheet,
    shards,
    figures: async () => (await order({ kind: 'figures' })) as { rss: number; cpuMs: number },
    pull: async (count) => {
      await order({ kind: 'pull', sheet, shards, rows: count })
    },
    [Symbol.asyncDispose]: async () => {
      const ended = once(child, 'exit')
      child.kill('SIGKILL')
      await ended
      await folder[Symbol.asyncDispose]()
    },
  }
}

/** One window's socket; counts what comes and keeps none of it, for applying it would measure the clients. */
class Window {
  readonly ws: WebSocket
  readonly #token: string
  bytes = 0
  onFrame: (frame: Uint8Array) => void = () => undefined
  #wake: ((frame: Uint8Array) => boolean)[] = []

  constructor({ url, token }: World) {
    this.#token = token
    this.ws = new WebSocket(`${url.replace('http', 'ws')}/collab`, { perMessageDeflate: false })
    this.ws.on('message', (data: Buffer) => this.#receive(new Uint8Array(data)))
  }

  async connected(): Promise<void> {
    if (this.ws.readyState !== WebSocket.OPEN) await once(this.ws, 'open')
  }

  /** Attaches a document of which this window has `vector`; resolves with what it lacked. */
  async attach(docName: string, vector: Uint8Array = EMPTY_VECTOR): Promise<Uint8Array> {
    this.ws.send(authFrame(docName, this.#token))
    this.ws.send(syncFrame(docName, SYNC.step1, vector))
    let missing = EMPTY_VECTOR
    await this.#until((frame) => {
      const { address, type, decoder } = readFrame(frame)
      if (address !== docName || type !== FRAME.sync || decoding.readVarUint(decoder) !== SYNC.step2) return false
      missing = decoding.readVarUint8Array(decoder)
      return true
    })
    this.ws.send(syncFrame(docName, SYNC.step2, NOTHING))
    return missing
  }

  /** Subscribes to the feed of a sheet; resolves when it has caught up. */
  async subscribe({ sheet }: World, marks: readonly BaseMark[]): Promise<void> {
    this.ws.send(encodeAsk(sheet, { kind: 'subscribe', ask: 1, token: this.#token, known: marks.length, marks }))
    await this.#until((frame) => decodeNews(sheet, frame)?.kind === 'current')
  }

  /** Types into a document until told to stop; the times until each edit was acknowledged. */
  async typeUntil(docName: string, isOver: () => boolean): Promise<readonly number[]> {
    const doc = new Y.Doc()
    const times: number[] = []
    for (let i = 0; !isOver(); i++) {
      const before = Y.encodeStateVector(doc)
      doc.getMap('meta').set('note', i)
      const sentAt = performance.now()
      const acknowledged = this.#until((frame) => {
        const { address, type } = readFrame(frame)
        return address === docName && type === FRAME.syncStatus
      })
      this.ws.send(syncFrame(docName, SYNC.update, Y.encodeStateAsUpdate(doc, before)))
      await acknowledged
      times.push(performance.now() - sentAt)
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    return times
  }

  #until(isIt: (frame: Uint8Array) => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#wake.push((frame) => {
        if (!isIt(frame)) return false
        resolve()
        return true
      })
    })
  }

  #receive(frame: Uint8Array): void {
    this.bytes += frame.byteLength
    if (this.#wake.length > 0) this.#wake = this.#wake.filter((wake) => !wake(frame))
    this.onFrame(frame)
  }
}

const EMPTY_VECTOR = Y.encodeStateVector(new Y.Doc())
const NOTHING = Y.encodeStateAsUpdate(new Y.Doc())

const baseNames = ({ sheet, shards }: World): readonly string[] => Array.from({ length: shards }, (_, shard) => baseName(sheet, shard, 0))
const otherNames = ({ workbook, sheet }: World): readonly string[] => [
  `${bookName(workbook as never)}`,
  sysName(workbook as never),
  editsName(sheet, 0),
  annotationsName(sheet, 0),
]

async function fetchShard({ url, token, sheet }: World, shard: number): Promise<{ readonly mark: BaseMark; readonly bytes: Uint8Array }> {
  const answer = await fetch(`${url}/api/sheets/${sheet}/base/${shard}`, { headers: { authorization: `Bearer ${token}` } })
  const mark = parseMark((answer.headers.get('etag') ?? '').replaceAll('"', ''))
  if (mark === undefined) throw new Error(`The shard ${shard} did not come: ${answer.status}`)
  return { mark: { shard, ...mark }, bytes: new Uint8Array(await answer.arrayBuffer()) }
}

interface Opened {
  readonly firstMs: number
  readonly allMs: number
  readonly rssMb: number
  readonly cpuMs: number
}

/** One window opens a sheet that nobody has open, with nothing on its device, and takes all of it into memory. */
export async function measureColdOpen(kind: Kind, rows: number): Promise<Opened> {
  await using world = await startWorld(rows)
  const before = await world.figures()
  const startedAt = performance.now()
  let firstMs = 0
  const docs: Y.Doc[] = []
  const take = (update: Uint8Array): void => {
    const doc = new Y.Doc()
    Y.applyUpdate(doc, update)
    docs.push(doc)
    firstMs ||= performance.now() - startedAt
  }
  const client = new Window(world)
  if (kind === 'attached') {
    await client.connected()
    await Promise.all(baseNames(world).map(async (name) => take(await client.attach(name))))
  } else {
    const marks: BaseMark[] = []
    const load = async (shard: number): Promise<void> => {
      const { mark, bytes } = await fetchShard(world, shard)
      marks.push(mark)
      take(bytes)
    }
    await load(0)
    let next = 1
    const work = async (): Promise<void> => {
      while (next < world.shards) await load(next++)
    }
    await Promise.all([work(), work(), work()])
    await client.connected()
    await client.subscribe(world, marks)
  }
  const allMs = performance.now() - startedAt
  const after = await world.figures()
  client.ws.terminate()
  return { firstMs, allMs, rssMb: (after.rss - before.rss) / 1e6, cpuMs: after.cpuMs - before.cpuMs }
}

interface Storm {
  readonly allMs: number
  readonly worstEditMs: number
  readonly cpuMs: number
}

/** So many windows that have the sheet come back at once, while somebody types. */
export async function measureStorm(kind: Kind, { rows, clients }: { rows: number; clients: number }): Promise<Storm> {
  await using world = await startWorld(rows)
  const [marks, vectors] = await known(world, kind)
  const bystander = new Window(world)
  await bystander.connected()
  const book = bookName(world.workbook as never)
  await bystander.attach(book)
  const before = await world.figures()
  let isOver = false
  const typing = bystander.typeUntil(book, () => isOver)
  const startedAt = performance.now()
  const windows = Array.from({ length: clients }, () => new Window(world))
  await Promise.all(
    windows.map(async (window) => {
      await window.connected()
      const others = otherNames(world).map((name) => window.attach(name))
      const base =
        kind === 'attached' ? baseNames(world).map((name, shard) => window.attach(name, vectors[shard])) : [window.subscribe(world, marks)]
      await Promise.all([...others, ...base])
    }),
  )
  const allMs = performance.now() - startedAt
  isOver = true
  const times = await typing
  const after = await world.figures()
  for (const window of [...windows, bystander]) window.ws.terminate()
  return { allMs, worstEditMs: Math.max(...times), cpuMs: after.cpuMs - before.cpuMs }
}

/** What a window has that was open before: the marks of its shards, or the vectors of its documents. */
async function known(world: World, kind: Kind): Promise<readonly [readonly BaseMark[], readonly Uint8Array[]]> {
  const marks: BaseMark[] = []
  const vectors: Uint8Array[] = []
  for (let shard = 0; shard < world.shards; shard++) {
    const { mark, bytes } = await fetchShard(world, shard)
    marks.push(mark)
    if (kind === 'attached') vectors.push(Y.encodeStateVectorFromUpdate(bytes))
  }
  if (kind === 'attached') {
    // Somebody has it open: the documents are in the server's memory, as they would be.
    const window = new Window(world)
    await window.connected()
    await Promise.all(baseNames(world).map((name, shard) => window.attach(name, vectors[shard])))
  }
  return [marks, vectors]
}

interface Pulled {
  readonly allMs: number
  readonly kbPerClient: number
}

/** A run changes so many rows of a sheet that so many windows have open: until the last of them has the last change. */
export async function measurePull(kind: Kind, o: { rows: number; clients: number; pulled: number }): Promise<Pulled> {
  await using world = await startWorld(o.rows)
  // A run before this one has brought the shards into the server's memory, whoever reads them.
  await world.pull(o.pulled)
  const [marks, vectors] = await known(world, kind)
  const windows = Array.from({ length: o.clients }, () => new Window(world))
  for (const window of windows) {
    await window.connected()
    if (kind === 'attached') await Promise.all(baseNames(world).map((name, shard) => window.attach(name, vectors[shard])))
    else await window.subscribe(world, marks)
    window.bytes = 0
  }
  // As many updates of shards as the run makes; counted where they come.
  const expected = world.shards * Math.ceil(o.pulled / 100)
  const all = Promise.all(
    windows.map(
      (window) =>
        new Promise<void>((resolve) => {
          let seen = 0
          window.onFrame = (frame) => {
            const news = kind === 'delivered' ? decodeNews(world.sheet, frame) : undefined
            if (news?.kind === 'changes') seen += news.changes.length
            else if (kind === 'attached' && readFrame(frame).type === FRAME.sync) seen++
            if (seen >= expected) resolve()
          }
        }),
    ),
  )
  await world.pull(o.pulled)
  const startedAt = performance.now()
  await all
  const allMs = performance.now() - startedAt
  const bytes = windows.reduce((sum, window) => sum + window.bytes, 0)
  for (const window of windows) window.ws.terminate()
  return { allMs, kbPerClient: bytes / o.clients / 1_024 }
}

/** Every row of the delivery's part, files and feed beside attached documents. */
export async function benchDelivery(rounds = 3, rows = 100_000): Promise<BenchLine[]> {
  const measure = async <T extends object>(
    run: (kind: Kind) => Promise<T>,
    lines: readonly { readonly what: string; readonly key: keyof T & string; readonly unit: string; readonly hold: string }[],
  ): Promise<BenchLine[]> => {
    const results: Record<Kind, T[]> = { delivered: [], attached: [] }
    await medianInTurn(KINDS, rounds, async (kind) => {
      results[kind].push(await run(kind))
      return 0
    })
    const median = (kind: Kind, key: keyof T): number => {
      const sorted = results[kind].map((result) => Number(result[key])).sort((a, b) => a - b)
      return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
    }
    return lines.map(({ what, key, unit, hold }) => {
      const [ours, theirs] = [median('delivered', key), median('attached', key)]
      return { what, value: `${ours.toFixed(0)} ${unit}, attached ${theirs.toFixed(0)} ${unit}`, ratio: (ours / theirs).toFixed(2), hold }
    })
  }
  const size = `${rows.toLocaleString('en')} × 20`
  return [
    ...(await measure(
      (kind) => measureColdOpen(kind, rows),
      [
        { what: `cold open of ${size}: first rows`, key: 'firstMs', unit: 'ms', hold: '≤ 100 ms' },
        { what: `cold open of ${size}: all rows`, key: 'allMs', unit: 'ms', hold: '≤ 600 ms' },
        { what: `cold open of ${size}: the server grows by`, key: 'rssMb', unit: 'MB', hold: '≤ 150 MB' },
        { what: `cold open of ${size}: the server’s processor time`, key: 'cpuMs', unit: 'ms', hold: '< attached' },
      ],
    )),
    ...(await measure(
      (kind) => measureStorm(kind, { rows, clients: 200 }),
      [
        { what: '200 windows come back: all synced', key: 'allMs', unit: 'ms', hold: '≤ 300 ms' },
        { what: '200 windows come back: a bystander’s slowest edit', key: 'worstEditMs', unit: 'ms', hold: '≤ 50 ms' },
        { what: '200 windows come back: the server’s processor time', key: 'cpuMs', unit: 'ms', hold: '< attached' },
      ],
    )),
    ...(await measure(
      (kind) => measurePull(kind, { rows, clients: 50, pulled: rows / 100 }),
      [
        { what: 'a pull of 1 %, 50 windows: all have it', key: 'allMs', unit: 'ms', hold: '< attached' },
        { what: 'a pull of 1 %, 50 windows: sent to each', key: 'kbPerClient', unit: 'KB', hold: '≤ attached' },
      ],
    )),
  ]
}
