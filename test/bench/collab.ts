import { fork } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import WebSocket from 'ws'
import * as Y from 'yjs'
import { authFrame, FRAME, SYNC, syncFrame } from '../../server/collab-frames.ts'
import { tempFolder } from '../support/temp-folder.ts'

export type ServerKind = 'tidebook' | 'hocuspocus' | 'relay'

interface BenchServer extends AsyncDisposable {
  readonly url: string
  memory(): Promise<{ readonly used: number; readonly rss: number }>
}

/** The server in a process of its own, so that its clients do not share its event loop. */
async function startBenchServer(kind: ServerKind): Promise<BenchServer> {
  const folder = await tempFolder()
  const child = fork(join(import.meta.dirname, 'collab-server.ts'), [kind, folder.path], { execArgv: ['--expose-gc'] })
  const [{ url }] = (await once(child, 'message')) as [{ url: string }]
  return {
    url,
    memory: async () => {
      child.send('memory')
      const [answer] = (await once(child, 'message')) as [{ used: number; rss: number }]
      return answer
    },
    [Symbol.asyncDispose]: async () => {
      const ended = once(child, 'exit')
      child.kill('SIGKILL')
      await ended
      await folder[Symbol.asyncDispose]()
    },
  }
}

/** A client that does no more than count: decoding updates would measure the clients. */
class CountingClient {
  readonly ws: WebSocket
  readonly #typeAt: number
  readonly #doc: string
  acks = 0
  onAck: () => void = () => undefined
  onUpdate: (bytes: Uint8Array) => void = () => undefined
  #onSynced: () => void = () => undefined

  constructor(url: string, doc: string) {
    this.#doc = doc
    this.#typeAt = doc.length + 1
    this.ws = new WebSocket(`${url}/collab`, { perMessageDeflate: false })
    this.ws.on('message', (data: Buffer) => this.#onMessage(data))
  }

  async open(kind: ServerKind): Promise<void> {
    await once(this.ws, 'open')
    if (kind === 'relay') return
    const synced = new Promise<void>((resolve) => {
      this.#onSynced = resolve
    })
    this.ws.send(authFrame(this.#doc, 'x'))
    this.ws.send(syncFrame(this.#doc, SYNC.step1, Y.encodeStateVector(new Y.Doc())))
    await synced
  }

  send(frame: Uint8Array): void {
    this.ws.send(frame)
  }

  #onMessage(data: Buffer): void {
    const type = data[this.#typeAt]
    if (type === FRAME.syncStatus) {
      this.acks++
      this.onAck()
    } else if (type === FRAME.sync) {
      if (data[this.#typeAt + 1] === SYNC.update) this.onUpdate(data)
      else if (data[this.#typeAt + 1] === SYNC.step2) this.#onSynced()
    }
  }
}

/** Update frames of one person who types into cells, made before the clock runs. */
function typedFrames(doc: string, count: number): Uint8Array[] {
  const mine = new Y.Doc()
  const frames: Uint8Array[] = []
  mine.on('update', (update) => frames.push(syncFrame(doc, SYNC.update, update)))
  const cells = mine.getMap('cells')
  for (let i = 0; i < count; i++) cells.set(`row${i % 300}:name`, [`row${i % 300}:name`, `value ${i}`, null, i, 'ann'])
  return frames
}

const docName = (index: number): string => `edits.bench${index}.1`

export interface Throughput {
  readonly editsPerSecond: number
}

/** Edits acknowledged in a second, each client with `window` under way. */
export async function measureThroughput(
  kind: ServerKind,
  options: { clients: number; documents: number; editsPerClient: number; window?: number },
): Promise<Throughput> {
  const { clients: count, documents, editsPerClient, window = 20 } = options
  await using server = await startBenchServer(kind)
  const clients = await openClients(server.url, kind, count, documents)
  const frames = clients.map((_client, i) => typedFrames(docName(i % documents), editsPerClient))
  const startedAt = performance.now()
  await Promise.all(clients.map((client, i) => sendAll(client, frames[i] ?? [], window)))
  const seconds = (performance.now() - startedAt) / 1_000
  closeAll(clients)
  return { editsPerSecond: (count * editsPerClient) / seconds }
}

function sendAll(client: CountingClient, frames: readonly Uint8Array[], window: number): Promise<void> {
  const base = client.acks
  return new Promise((resolve) => {
    let sent = 0
    const more = () => {
      while (sent < frames.length && sent - (client.acks - base) < window) {
        const frame = frames[sent++]
        if (frame) client.send(frame)
      }
      if (client.acks - base === frames.length) resolve()
    }
    client.onAck = more
    more()
  })
}

export interface Latency {
  readonly peerP50Ms: number
  readonly peerP99Ms: number
  /** Absent for a relay, which acknowledges nothing. */
  readonly ackP50Ms?: number
}

/** One person types at a steady pace among `clients` who look on: until everyone has it, and until it is acknowledged. */
export async function measureLatency(kind: ServerKind, options: { clients: number; edits: number; paceMs: number }): Promise<Latency> {
  await using server = await startBenchServer(kind)
  const clients = await openClients(server.url, kind, options.clients, 1)
  const [writer, ...readers] = clients
  if (writer === undefined) throw new Error('A writer is needed')
  const frames = typedFrames(docName(0), options.edits)
  const peer: number[] = []
  const acks: number[] = []
  for (const frame of frames) {
    const sentAt = performance.now()
    const all = readers.map(
      (reader) =>
        new Promise<void>((resolve) => {
          reader.onUpdate = () => {
            peer.push(performance.now() - sentAt)
            resolve()
          }
        }),
    )
    if (kind !== 'relay') {
      all.push(
        new Promise<void>((resolve) => {
          writer.onAck = () => {
            acks.push(performance.now() - sentAt)
            resolve()
          }
        }),
      )
    }
    writer.send(frame)
    await Promise.all(all)
    await new Promise((resolve) => setTimeout(resolve, options.paceMs))
  }
  closeAll(clients)
  return { peerP50Ms: quantile(peer, 0.5), peerP99Ms: quantile(peer, 0.99), ...(acks.length > 0 && { ackP50Ms: quantile(acks, 0.5) }) }
}

/** What the disk itself takes for one small write. ms */
export async function measureFdatasync(count = 200): Promise<number> {
  await using folder = await tempFolder()
  const file = openSync(join(folder.path, 'probe'), 'w')
  const bytes = new Uint8Array(4_096)
  const times: number[] = []
  for (let i = 0; i < count; i++) {
    const startedAt = performance.now()
    writeSync(file, bytes)
    fdatasyncSync(file)
    times.push(performance.now() - startedAt)
  }
  closeSync(file)
  return quantile(times, 0.5)
}

/** Server memory for one client that has a document open and does nothing. Bytes. */
export async function measureIdleConnection(kind: ServerKind, options: { clients: number; documents: number }): Promise<number> {
  await using server = await startBenchServer(kind)
  const first = await openClients(server.url, kind, options.documents, options.documents)
  const before = await server.memory()
  const clients = await openClients(server.url, kind, options.clients, options.documents)
  const after = await server.memory()
  closeAll([...first, ...clients])
  return (after.used - before.used) / options.clients
}

async function openClients(url: string, kind: ServerKind, count: number, documents: number): Promise<CountingClient[]> {
  const clients: CountingClient[] = []
  for (let i = 0; i < count; i += 50) {
    const some = Array.from({ length: Math.min(50, count - i) }, (_, k) => new CountingClient(url, docName((i + k) % documents)))
    await Promise.all(some.map((client) => client.open(kind)))
    clients.push(...some)
  }
  return clients
}

function closeAll(clients: readonly CountingClient[]): void {
  for (const client of clients) client.ws.terminate()
}

export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN
}

/** The median of several runs, taken in turn with its baselines so that the machine's mood is shared. */
export async function medianInTurn<K extends string>(
  kinds: readonly K[],
  rounds: number,
  run: (kind: K) => Promise<number>,
): Promise<Record<K, number>> {
  const results = Object.fromEntries(kinds.map((kind) => [kind, [] as number[]])) as Record<K, number[]>
  for (let round = 0; round < rounds; round++) for (const kind of kinds) results[kind].push(await run(kind))
  return Object.fromEntries(kinds.map((kind) => [kind, quantile(results[kind], 0.5)])) as Record<K, number>
}

export interface BenchLine {
  readonly what: string
  readonly value: string
  readonly ratio: string
  readonly hold: string
}

/** Every row of the collaboration part, each beside its baseline. */
export async function benchCollab(rounds = 3): Promise<BenchLine[]> {
  const lines: BenchLine[] = []
  const pair = ['tidebook', 'hocuspocus'] as const
  const perSecond = (value: number) => `${Math.round(value).toLocaleString('en')}/s`
  for (const { what, clients, documents, editsPerClient } of [
    { what: 'edits acknowledged, 50 clients on a document', clients: 50, documents: 1, editsPerClient: 400 },
    { what: 'edits acknowledged, 100 documents', clients: 100, documents: 100, editsPerClient: 400 },
  ]) {
    const rate = await medianInTurn(
      pair,
      rounds,
      async (kind) => (await measureThroughput(kind, { clients, documents, editsPerClient })).editsPerSecond,
    )
    lines.push({
      what,
      value: `${perSecond(rate.tidebook)}, bare ${perSecond(rate.hocuspocus)}`,
      ratio: (rate.tidebook / rate.hocuspocus).toFixed(2),
      hold: '≥ 0.9 × bare',
    })
  }
  const acks: number[] = []
  const p99 = await medianInTurn(['tidebook', 'hocuspocus', 'relay'] as const, rounds, async (kind) => {
    const latency = await measureLatency(kind, { clients: 50, edits: 150, paceMs: 4 })
    if (kind === 'tidebook' && latency.ackP50Ms !== undefined) acks.push(latency.ackP50Ms)
    return latency.peerP99Ms
  })
  lines.push({
    what: 'edit to peer p99, 50 clients',
    value: `${p99.tidebook.toFixed(2)} ms, bare ${p99.hocuspocus.toFixed(2)} ms, relay ${p99.relay.toFixed(2)} ms`,
    ratio: (p99.tidebook / p99.hocuspocus).toFixed(2),
    hold: '≤ 1.2 × bare',
  })
  const disk = await measureFdatasync()
  lines.push({
    what: 'durable acknowledgement p50',
    value: `${quantile(acks, 0.5).toFixed(2)} ms, fdatasync ${disk.toFixed(2)} ms`,
    ratio: `+${(quantile(acks, 0.5) - disk).toFixed(2)} ms`,
    hold: '≤ fdatasync + 2 ms',
  })
  const idle = await medianInTurn(pair, 1, (kind) => measureIdleConnection(kind, { clients: 1_000, documents: 10 }))
  lines.push({
    what: 'idle connection',
    value: `${(idle.tidebook / 1_024).toFixed(1)} KB, bare ${(idle.hocuspocus / 1_024).toFixed(1)} KB`,
    ratio: (idle.tidebook / idle.hocuspocus).toFixed(2),
    hold: '≤ 36 KB',
  })
  return lines
}
