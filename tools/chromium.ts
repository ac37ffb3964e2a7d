import { spawnSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { chromium } from '@playwright/test'

/** Programs that are a Chromium, in the order of preference. */
const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'microsoft-edge'] as const
/** Where a Chromium lies that is on no PATH. */
const PLACES = ['/usr/bin', '/snap/bin', '/usr/local/bin', '/opt/google/chrome'] as const
const MAC_PLACES = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
] as const
/** A download that has not come by then will not come; the distribution's package is tried next. */
const DOWNLOAD_LIMIT_MS = 300_000

export interface ChromiumQuestion {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Where Playwright keeps its own, whether it is there or not. */
  readonly playwrightPath: string
  readonly isProgram: (path: string) => boolean
}

/** The Chromium that the browser tests use: the one named in `CHROMIUM_PATH`, Playwright's own, or the system's. */
export function findChromium({ env, playwrightPath, isProgram }: ChromiumQuestion = thisMachine()): string | undefined {
  const named = env.CHROMIUM_PATH
  // A wrong name is a mistake to be told, not to be passed over in silence.
  if (isNamed(named)) return isProgram(named) ? named : undefined
  const folders = new Set([...(env.PATH ?? '').split(delimiter).filter((folder) => folder !== ''), ...PLACES])
  const candidates = [playwrightPath, ...NAMES.flatMap((name) => [...folders].map((folder) => join(folder, name))), ...MAC_PLACES]
  return candidates.find(isProgram)
}

/** Brings a Chromium to this machine, and answers its path; `undefined` where none of the ways works. */
export function installChromium(say: (line: string) => void): string | undefined {
  if (isNamed(process.env.CHROMIUM_PATH)) return undefined
  say("No Chromium found: trying Playwright's own.")
  const cli = join(import.meta.dirname, '..', 'node_modules', '@playwright', 'test', 'cli.js')
  // Kept quiet: what it says of a network that is not there is pages long.
  if (!run(process.execPath, [cli, 'install', 'chromium'], 'ignore')) say('It cannot be fetched here.')
  const own = findChromium()
  if (own !== undefined && runs(own)) return own

  if (process.getuid?.() === 0 && isProgram('/usr/bin/apt-get')) {
    say("Trying the distribution's package.")
    const install = () => run('apt-get', ['install', '-y', '--no-install-recommends', 'chromium'])
    if (!install() && run('apt-get', ['update'])) install()
    const packaged = findChromium({ ...thisMachine(), playwrightPath: '' })
    if (packaged !== undefined && runs(packaged)) return packaged
  }
  return undefined
}

/** What to say where the browser tests have no browser. */
export function chromiumAdvice(env: ChromiumQuestion['env'] = process.env): string {
  const named = env.CHROMIUM_PATH
  if (isNamed(named)) return `CHROMIUM_PATH=${named} is no program that can be run.`
  return [
    'The browser tests need a Chromium. Run one of these, then the tests again:',
    '  npx playwright install --with-deps chromium',
    '  sudo apt-get update && sudo apt-get install -y chromium',
    'or name one that is installed: CHROMIUM_PATH=/path/to/chromium npm test',
  ].join('\n')
}

function isNamed(path: string | undefined): path is string {
  return path !== undefined && path !== ''
}

function thisMachine(): ChromiumQuestion {
  return { env: process.env, playwrightPath: chromium.executablePath(), isProgram }
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** A browser may be there and lack a system library. */
function runs(path: string): boolean {
  return spawnSync(path, ['--version'], { stdio: 'ignore', timeout: 60_000 }).status === 0
}

function run(command: string, args: readonly string[], output: 'inherit' | 'ignore' = 'inherit'): boolean {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  return spawnSync(command, args, { stdio: ['ignore', output, output], env, timeout: DOWNLOAD_LIMIT_MS }).status === 0
}
