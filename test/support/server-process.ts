import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

const READY = /^Tidebook is ready at (http:\/\/\S+)$/m
const ROOT = resolve(import.meta.dirname, '..', '..')
/** Node keeps here what it has compiled, as `npm start` has it do: the next start takes half the work. */
const COMPILED = join(ROOT, '.runtime', 'compiled')
/** Both bound a server that hangs; one that is well takes about a second. */
const START_LIMIT_MS = 60_000
const STOP_LIMIT_MS = 15_000

export interface ServerOptions {
  readonly env?: Readonly<Record<string, string>>
  /** Kept at the end; without it the server gets a new folder, which is removed at the end. */
  readonly dataFolder?: string
  /** The port to listen on; a free one by default. */
  readonly port?: number
  /** More arguments of `server/main.ts`. */
  readonly args?: readonly string[]
}

/** A whole Tidebook in a process of its own. */
export interface ServerProcess {
  readonly pid: number
  readonly port: number
  /** `http://127.0.0.1:<port>`, without a slash at its end. */
  readonly origin: string
  /** The printed address: lets one browser in, once. */
  readonly oneTimeUrl: string
  readonly dataFolder: string
  /** All that it printed until now, for the report of a failure. */
  readonly output: () => string
  /** Asks it to end, waits until it has, and answers its exit code; `null` where a signal ended it. */
  readonly stop: () => Promise<number | null>
  /** Ends it as a power cut would, and waits until it is gone; its data folder stays until `stop`. */
  readonly kill: () => Promise<void>
}

/** Starts `server/main.ts` and waits for its ready line; rejects with what it printed if that does not come. */
export async function startServer(options: ServerOptions = {}): Promise<ServerProcess> {
  const dataFolder = options.dataFolder ?? mkdtempSync(join(tmpdir(), 'tidebook-data-'))
  const removeData = () => {
    if (options.dataFolder === undefined) rmSync(dataFolder, { recursive: true, force: true })
  }
  const child = spawn(process.execPath, ['server/main.ts', ...(options.args ?? [])], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      NODE_ENV: 'production',
      NEXT_TELEMETRY_DISABLED: '1',
      NODE_COMPILE_CACHE: COMPILED,
      HOST: '127.0.0.1',
      PORT: String(options.port ?? 0),
      TIDEBOOK_DATA: dataFolder,
      ...options.env,
    },
  })
  const output: string[] = []
  child.stdout.setEncoding('utf8').on('data', (text: string) => output.push(text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => output.push(text))
  // A test runner that ends early leaves no server behind.
  const killWithUs = () => child.kill('SIGKILL')
  process.once('exit', killWithUs)
  child.once('close', () => process.removeListener('exit', killWithUs))

  const kill = async () => {
    if (!hasEnded(child)) {
      child.kill('SIGKILL')
      await once(child, 'close')
    }
  }
  try {
    const oneTimeUrl = await readyUrl(child, output)
    const { port, origin } = new URL(oneTimeUrl)
    return {
      pid: child.pid ?? 0,
      port: Number(port),
      origin,
      oneTimeUrl,
      dataFolder,
      output: () => output.join(''),
      stop: async () => {
        const code = await endGently(child)
        removeData()
        return code
      },
      kill,
    }
  } catch (error) {
    await kill()
    removeData()
    throw error
  }
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null
}

function readyUrl(child: ChildProcess, output: readonly string[]): Promise<string> {
  return new Promise((done, fail) => {
    const refuse = (what: string) => fail(new Error(`The server ${what}. It said:\n${output.join('')}`))
    const limit = setTimeout(() => refuse(`was not ready after ${START_LIMIT_MS / 1000} s`), START_LIMIT_MS)
    child.stdout?.on('data', () => {
      const url = READY.exec(output.join(''))?.[1]
      if (url === undefined) return
      clearTimeout(limit)
      done(url)
    })
    child.once('error', fail)
    child.once('close', (code, signal) => {
      clearTimeout(limit)
      refuse(`ended before it was ready (${code ?? signal})`)
    })
  })
}

async function endGently(child: ChildProcess): Promise<number | null> {
  if (!hasEnded(child)) {
    child.kill('SIGTERM')
    const limit = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS)
    await once(child, 'close')
    clearTimeout(limit)
  }
  return child.exitCode
}
