import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import * as Y from 'yjs'
import { SYNC } from '../../server/collab-frames.ts'
import { RawClient } from './collab-client.ts'

export interface KilledServer {
  readonly url: string
  readonly token: string
  readonly kill: () => Promise<void>
}

export interface KillOptions {
  readonly kills: number
  readonly seed: number
  readonly writers: number
  readonly dataFolder: string
  /** Starts a server on the folder; by default the shell alone. */
  readonly startServer?: (dataFolder: string) => Promise<KilledServer>
}

export interface KillReport {
  readonly kills: number
  readonly acknowledged: number
  /** Acknowledged edits that a fresh client did not find, by name. */
  readonly lost: readonly string[]
  /** Edits that were on their way and made it to the disk all the same. */
  readonly unacknowledgedFound: number
  /** Rounds in which nothing was acknowledged before the kill prove nothing. */
  readonly emptyRounds: number
}

/** Rounds that share a document; then a new one, so that no document collects client ids without end. */
const ROUNDS_PER_DOCUMENT = 20
/** The kill falls within this time after the first acknowledgement. ms */
const LONGEST_ROUND_MS = 250

/**
 * Kills server and clients at random moments under load, starts the server again on the same folder, and reads back with a fresh client: an
 * edit that was acknowledged must be there.
 */
export async function runKills(options: KillOptions): Promise<KillReport> {
  const { kills, writers, dataFolder, startServer = startKillServer } = options
  const random = mulberry32(options.seed)
  const report = { kills, acknowledged: 0, lost: [] as string[], unacknowledgedFound: 0, emptyRounds: 0 }
  let server = await startServer(dataFolder)
  try {
    for (let round = 0; round < kills; round++) {
      const doc = `edits.kill${Math.floor(round / ROUNDS_PER_DOCUMENT)}.1`
      const acknowledged = await writeUntilKilled({ server, doc, round, writers, delayMs: random() * LONGEST_ROUND_MS })
      server = await startServer(dataFolder)
      judgeRound(await readBack(server, doc), { round, acknowledged }, report)
    }
  } finally {
    await server.kill()
  }
  return report
}

function judgeRound(
  found: ReadonlyMap<string, number>,
  { round, acknowledged }: { round: number; acknowledged: ReadonlyMap<number, number> },
  report: { acknowledged: number; lost: string[]; unacknowledgedFound: number; emptyRounds: number },
): void {
  let count = 0
  for (const [writer, edits] of acknowledged) {
    count += edits
    for (let edit = 1; edit <= edits; edit++) {
      const name = `${round}.${writer}.${edit}`
      if (found.get(name) !== edit) report.lost.push(name)
    }
  }
  const ofRound = [...found.keys()].filter((name) => name.startsWith(`${round}.`)).length
  report.acknowledged += count
  report.unacknowledgedFound += Math.max(0, ofRound - count)
  if (count === 0) report.emptyRounds++
}

/** Each writer's acknowledged edits at the moment of the kill. */
async function writeUntilKilled(o: {
  server: KilledServer
  doc: string
  round: number
  writers: number
  delayMs: number
}): Promise<Map<number, number>> {
  const { server, doc, round, writers } = o
  const child = spawnScript('kill-writers.ts', [server.url, server.token, doc, String(round), String(writers)])
  const acknowledged = new Map<number, number>()
  const first = Promise.withResolvers<void>()
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })
  lines.on('line', (line) => {
    const [writer, edits] = line.split(' ').map(Number)
    acknowledged.set(writer ?? 0, edits ?? 0)
    first.resolve()
  })
  const ended = once(child, 'close')
  await Promise.race([first.promise, ended])
  // The random moment is what is tested; it is no wait for something to happen.
  await pause(o.delayMs)
  await Promise.all([server.kill(), endNow(child)])
  await ended
  return acknowledged
}

async function readBack(server: KilledServer, doc: string): Promise<Map<string, number>> {
  using client = await RawClient.open(server.url, doc, server.token)
  const { payload } = await client.next((frame) => frame.detail === SYNC.step2)
  const copy = new Y.Doc()
  Y.applyUpdate(copy, payload ?? new Uint8Array([0, 0]))
  return new Map(Object.entries(copy.getMap('m').toJSON() as Record<string, number>))
}

export async function startKillServer(dataFolder: string): Promise<KilledServer> {
  const child = spawnScript('kill-server.ts', [dataFolder])
  const ready = Promise.withResolvers<string>()
  createInterface({ input: child.stdout as NodeJS.ReadableStream }).once('line', ready.resolve)
  child.once('close', () => ready.reject(new Error('The server ended before it was ready')))
  const { url, token } = JSON.parse(await ready.promise) as { url: string; token: string }
  return { url, token, kill: () => endNow(child) }
}

function spawnScript(name: string, args: readonly string[]): ChildProcess {
  const child = spawn(process.execPath, [join(import.meta.dirname, name), ...args], {
    cwd: resolve(import.meta.dirname, '..', '..'),
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  // A runner that ends early leaves nothing behind.
  const endWithUs = () => child.kill('SIGKILL')
  process.once('exit', endWithUs)
  child.once('close', () => process.removeListener('exit', endWithUs))
  return child
}

async function endNow(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGKILL')
  await ended
}

/** A small seeded generator, 0 ≤ x < 1. */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}
