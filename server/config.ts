import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import * as z from 'zod'
import { StartError } from './start-error.ts'

/** The project's folder: pages and the default data folder lie in it. */
export const PROJECT_FOLDER = resolve(import.meta.dirname, '..')

export interface Config {
  readonly port: number
  readonly host: string
  /** Further names and addresses by which this server may be called. */
  readonly otherHosts: readonly string[]
  /** Scheme and host at which connected apps reach this server's webhooks; `undefined`: they do not. */
  readonly publicUrl: string | undefined
  readonly dataFolder: string
  readonly mode: 'local'
  readonly hasSandbox: boolean
  /** `undefined`: a key of its own is made and kept in the data folder. */
  readonly secret: string | undefined
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error' | 'silent'
  /** How long a failing commit is tried again. ms */
  readonly commitRetryMs: number
  /** Pages are compiled as they are asked for. */
  readonly isDev: boolean
  /** Off in tests of everything but the pages. */
  readonly hasPages: boolean
}

interface Option {
  readonly name: string
  readonly fallback: string
  readonly unit: string
  readonly about: string
}

/** Every variable the server reads, for `--help`. */
export const OPTIONS: readonly Option[] = [
  { name: 'PORT', fallback: '3000', unit: 'port number', about: 'The port to listen on; 0 takes a free one.' },
  {
    name: 'HOST',
    fallback: '127.0.0.1',
    unit: 'address',
    about: 'The address to listen on; the default is reachable from this machine alone.',
  },
  {
    name: 'TIDEBOOK_HOSTS',
    fallback: 'none',
    unit: 'names or addresses, separated by commas',
    about: 'By which further names other computers may call this server, for shared links; calls by any other name are turned away.',
  },
  {
    name: 'TIDEBOOK_PUBLIC_URL',
    fallback: 'none',
    unit: 'https address without a path',
    about: 'Where connected apps reach this server with their webhooks, through a proxy that speaks https; only /hooks/ is answered there.',
  },
  { name: 'TIDEBOOK_DATA', fallback: './data', unit: 'folder', about: 'Where everything is kept: database, keys, the sandbox apps.' },
  {
    name: 'TIDEBOOK_MODE',
    fallback: 'local',
    unit: 'local',
    about: 'Who gets in: local lets in the browser that opens the printed address.',
  },
  {
    name: 'TIDEBOOK_SANDBOX',
    fallback: 'on',
    unit: 'on or off',
    about: 'Whether the stand-ins of the connected apps run inside the server.',
  },
  {
    name: 'TIDEBOOK_SECRET',
    fallback: 'made and kept in the data folder',
    unit: 'text of 16 characters or more',
    about: 'Encrypts the credentials of connected apps at rest; keep it, or the credentials must be entered again.',
  },
  {
    name: 'TIDEBOOK_LOG',
    fallback: 'info',
    unit: 'debug, info, warn, error or silent',
    about: 'How much is written to stderr, one JSON line an event.',
  },
  {
    name: 'TIDEBOOK_COMMIT_RETRY',
    fallback: '10000',
    unit: 'ms',
    about: 'How long a commit the disk refuses is tried again before open documents are reloaded from what is saved.',
  },
  { name: 'DATABASE_URL', fallback: 'none', unit: 'reserved', about: 'Reserved for a server of several processes; must not be set.' },
  { name: 'REDIS_URL', fallback: 'none', unit: 'reserved', about: 'Reserved for a server of several processes; must not be set.' },
]

const FLAGS: readonly (readonly [string, string])[] = [
  ['--dev', 'Compile pages as they are asked for, and reload them when their source changes.'],
  ['--help', 'Print this and end.'],
]

const environment = z.object({
  PORT: z.coerce.number().int().min(0).max(65_535).default(3000),
  HOST: z.string().min(1).default('127.0.0.1'),
  TIDEBOOK_HOSTS: z
    .string()
    .regex(/^[a-z0-9.[\]:-]+(?: *, *[a-z0-9.[\]:-]+)*$/iu)
    .optional(),
  TIDEBOOK_PUBLIC_URL: z.string().refine(isPublicUrl).optional(),
  TIDEBOOK_DATA: z.string().default(join(PROJECT_FOLDER, 'data')),
  TIDEBOOK_SANDBOX: z.enum(['on', 'off']).default('on'),
  TIDEBOOK_SECRET: z.string().min(16).optional(),
  TIDEBOOK_LOG: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
  TIDEBOOK_COMMIT_RETRY: z.coerce.number().int().min(0).max(600_000).default(10_000),
})

const NOTHING_STARTED = 'Nothing was started or changed.'

export type Command = { readonly kind: 'run'; readonly config: Config } | { readonly kind: 'help'; readonly text: string }

/**
 * What the program is asked to do.
 * @throws StartError where a variable or flag is not understood, or asks for what is not there yet
 */
export function parseCommand(args: readonly string[], env: Readonly<Record<string, string | undefined>>): Command {
  const unknown = args.find((arg) => !FLAGS.some(([flag]) => flag === arg))
  if (unknown !== undefined)
    throw new StartError(`${unknown} is no flag of this program.`, NOTHING_STARTED, 'Run it with --help to see what there is.')
  if (args.includes('--help')) return { kind: 'help', text: helpText() }
  return { kind: 'run', config: parseConfig(env, args.includes('--dev')) }
}

/** The command of this very process; the only place that reads its environment. */
export const commandOfProcess = (): Command => parseCommand(process.argv.slice(2), process.env)

/** React and Next choose their production or development form by this variable when they are loaded. */
export function announceNodeEnv(isDev: boolean): void {
  const env: Record<string, string | undefined> = process.env
  env.NODE_ENV = isDev ? 'development' : 'production'
  env.NEXT_TELEMETRY_DISABLED ??= '1'
}

/** The version in package.json. */
export function programVersion(): string {
  const path = join(PROJECT_FOLDER, 'package.json')
  return existsSync(path) ? z.object({ version: z.string() }).parse(JSON.parse(readFileSync(path, 'utf8'))).version : '0'
}

function parseConfig(env: Readonly<Record<string, string | undefined>>, isDev: boolean): Config {
  // An empty variable is an unset one, as in most shells' `PORT= npm start`.
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''))
  for (const name of ['DATABASE_URL', 'REDIS_URL']) {
    if (given[name] !== undefined) {
      throw new StartError(
        `${name} is set, but this version keeps its data in one folder and runs as one process.`,
        NOTHING_STARTED,
        `Unset ${name}; TIDEBOOK_DATA names the folder.`,
      )
    }
  }
  const mode = given.TIDEBOOK_MODE ?? 'local'
  if (mode !== 'local') {
    throw new StartError(
      mode === 'team'
        ? 'Team mode (accounts and invitations) is not in this version yet.'
        : `TIDEBOOK_MODE=${mode} is no mode of this program.`,
      NOTHING_STARTED,
      'Start with TIDEBOOK_MODE=local, or leave it unset.',
    )
  }
  const parsed = environment.safeParse(given)
  if (!parsed.success) throw badVariable(parsed.error.issues[0]?.path[0], given)
  const { data } = parsed
  return {
    port: data.PORT,
    host: data.HOST,
    otherHosts: data.TIDEBOOK_HOSTS?.split(',').map((name) => name.trim().toLowerCase()) ?? [],
    publicUrl: data.TIDEBOOK_PUBLIC_URL === undefined ? undefined : new URL(data.TIDEBOOK_PUBLIC_URL).origin,
    dataFolder: resolve(data.TIDEBOOK_DATA),
    mode: 'local',
    hasSandbox: data.TIDEBOOK_SANDBOX === 'on',
    secret: data.TIDEBOOK_SECRET,
    logLevel: data.TIDEBOOK_LOG,
    commitRetryMs: data.TIDEBOOK_COMMIT_RETRY,
    isDev,
    hasPages: true,
  }
}

/** An address that could leak something, or lead below a path where nothing answers, is none. */
function isPublicUrl(text: string): boolean {
  if (!URL.canParse(text)) return false
  const { protocol, username, password, pathname, search, hash } = new URL(text)
  return protocol === 'https:' && `${username}${password}${search}${hash}` === '' && pathname === '/'
}

function badVariable(name: PropertyKey | undefined, given: Readonly<Record<string, string | undefined>>): StartError {
  const option = OPTIONS.find((known) => known.name === name)
  // A secret is never shown, not even a wrong one.
  const text = given[String(name)] ?? ''
  const value = name === 'TIDEBOOK_SECRET' || /:\/\/[^/]*@/u.test(text) ? '…' : text
  return new StartError(
    `${String(name)}=${value} cannot be used: it takes ${option?.unit ?? 'another value'}.`,
    NOTHING_STARTED,
    `Correct it, or unset it for the default (${option?.fallback ?? ''}).`,
  )
}

function helpText(): string {
  const flags = FLAGS.map(([flag, about]) => `  ${flag.padEnd(8)}${about}`)
  const options = OPTIONS.map(({ name, fallback, unit, about }) => `  ${name}\n      ${about}\n      ${unit}; default: ${fallback}`)
  return ['Tidebook: node server/main.ts [--dev] [--help]', '', ...flags, '', 'Environment', ...options, ''].join('\n')
}
