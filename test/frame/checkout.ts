import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

const TOOLS = join(import.meta.dirname, '..', '..', 'tools')

/**
 * Stands in for npm. `ci` makes a node_modules with a Next in it that "builds"; `install` makes a Node package, its binary
 * the Node of this test. Every call is a line of calls.log. A file `npm-fails` holds the words to fail with, a file
 * `build-fails` how many builds fail from now on, and a file `npm-waits` makes `ci` wait until that file is gone.
 */
const FAKE_NPM = `
import fs from 'node:fs'
import path from 'node:path'
const [command, ...args] = process.argv.slice(2)
const root = process.env.CHECKOUT
const log = (line) => fs.appendFileSync(path.join(root, 'calls.log'), line + '\\n')
const prefix = args[args.indexOf('--prefix') + 1]
const failure = path.join(root, 'npm-fails')
log(command)
if (command === 'install') {
  const name = args.find((arg) => arg.includes('@')).split('@')[0]
  const bin = path.join(prefix, 'node_modules', name, 'bin')
  fs.mkdirSync(bin, { recursive: true })
  fs.mkdirSync(path.join(bin, '..', 'include'))
  fs.copyFileSync(process.env.REAL_NODE, path.join(bin, 'node'), fs.constants.COPYFILE_FICLONE)
}
if (fs.existsSync(failure)) {
  process.stderr.write(fs.readFileSync(failure))
  process.exit(1)
}
if (command === 'ci') {
  fs.rmSync(path.join(root, 'node_modules'), { recursive: true, force: true })
  const next = path.join(root, 'node_modules', 'next', 'dist', 'bin')
  fs.mkdirSync(next, { recursive: true })
  fs.copyFileSync(path.join(root, 'fake-next.mjs'), path.join(next, 'next'))
  const wait = path.join(root, 'npm-waits')
  const poll = () => fs.existsSync(wait) && setTimeout(poll, 20)
  poll()
}
`

const FAKE_NEXT = `
import fs from 'node:fs'
fs.appendFileSync('calls.log', 'build' + (fs.existsSync('.next/cache') ? ' with cache' : '') + '\\n')
fs.mkdirSync('.next/cache', { recursive: true })
const fails = fs.existsSync('build-fails') ? Number(fs.readFileSync('build-fails', 'utf8')) : 0
if (fails > 0) {
  fs.writeFileSync('build-fails', String(fails - 1))
  process.stderr.write('the page does not compile\\n')
  process.exit(1)
}
`

export interface BootResult {
  readonly code: number | null
  readonly output: string
}

export interface RunningBoot {
  readonly pid: number
  /** Resolves once the boot has said this. */
  readonly said: (words: string) => Promise<void>
  readonly kill: () => void
  readonly ended: Promise<BootResult>
}

/** A small checkout with the real boot script and a stand-in for npm. */
export class Checkout {
  readonly root = mkdtempSync(join(tmpdir(), 'tidebook-boot-'))

  constructor({ oldestMajor }: { readonly oldestMajor?: number } = {}) {
    for (const name of ['boot.mjs', 'boot-lock.mjs']) this.write(`tools/${name}`, readFileSync(join(TOOLS, name), 'utf8'))
    if (oldestMajor !== undefined) {
      const source = this.read('tools/boot.mjs')
      this.write('tools/boot.mjs', source.replace(/const OLDEST_MAJOR = \d+/, `const OLDEST_MAJOR = ${oldestMajor}`))
    }
    this.write('npm-cli.mjs', FAKE_NPM)
    this.write('fake-next.mjs', FAKE_NEXT)
    this.write('package.json', '{ "type": "module" }')
    this.write('package-lock.json', '{}')
    this.write('app/page.tsx', 'page')
    this.write('server/main.ts', 'server')
    this.write('calls.log', '')
  }

  write(path: string, text: string): void {
    mkdirSync(dirname(join(this.root, path)), { recursive: true })
    writeFileSync(join(this.root, path), text)
  }

  append(path: string, text: string): void {
    appendFileSync(join(this.root, path), text)
  }

  read(path: string): string {
    return readFileSync(join(this.root, path), 'utf8')
  }

  has(path: string): boolean {
    return existsSync(join(this.root, path))
  }

  remove(path: string): void {
    rmSync(join(this.root, path), { recursive: true, force: true })
  }

  list(path: string): readonly string[] {
    return readdirSync(join(this.root, path)).sort()
  }

  /** What npm and the builder were called for since the last look. */
  takeCalls(): readonly string[] {
    const calls = this.read('calls.log').split('\n').filter(Boolean)
    this.write('calls.log', '')
    return calls
  }

  start(task: string, { node = process.execPath, env = {} }: { node?: string; env?: Record<string, string> } = {}): RunningBoot {
    const child = spawn(node, ['tools/boot.mjs', task], {
      cwd: this.root,
      env: { ...process.env, CHECKOUT: this.root, REAL_NODE: process.execPath, npm_execpath: join(this.root, 'npm-cli.mjs'), ...env },
    })
    let output = ''
    const keep = (text: string) => {
      output += text
    }
    child.stdout.setEncoding('utf8').on('data', keep)
    child.stderr.setEncoding('utf8').on('data', keep)
    const ended = once(child, 'close').then(([code]) => ({ code: typeof code === 'number' ? code : null, output }))
    const said = async (words: string) => {
      while (!output.includes(words)) {
        const isOver = await Promise.race([once(child.stdout, 'data').then(() => false), ended.then(() => true)])
        if (isOver && !output.includes(words)) throw new Error(`The boot ended without saying "${words}":\n${output}`)
      }
    }
    return { pid: child.pid ?? 0, said, kill: () => child.kill('SIGKILL'), ended }
  }

  boot(task: string, options: Parameters<Checkout['start']>[1] = {}): Promise<BootResult> {
    return this.start(task, options).ended
  }
}
