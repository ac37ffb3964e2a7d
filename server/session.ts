import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { writePrivateFile } from './private-file.ts'
import type { Grant } from './shared-links.ts'
import { type Reader, toSqlOp } from './storage/database.ts'
import type { UpdateLog } from './update-log.ts'

const TOKEN_FILE = 'token'
const TOKEN_BYTES = 32
const ONE_TIME_MS = 15 * 60_000
const SESSION_MS = 90 * 24 * 3_600_000
/** A session's last use is noted at most this often. ms */
const TOUCH_MS = 24 * 3_600_000

/** Somebody as others see them. */
export interface Person {
  readonly id: string
  readonly name: string
  readonly color: string
}

/** The browser profile a person works in; in local mode it is also who they are. */
export type Device = Person

/** A browser with a session, or a script with the data folder's token: every right there is. */
export interface Member {
  readonly kind: 'browser' | 'script'
  readonly actor: Person
  readonly device: string
}

/** A browser that came by a shared link. */
export interface Guest {
  readonly kind: 'guest'
  readonly actor: Person
  readonly device: string
  /** What they may do in the one workbook a request is about; absent where it is about none. */
  readonly grant?: Grant
}

/** Somebody who is not known, and wants to be. */
export interface Nobody {
  readonly kind: 'nobody'
  readonly actor: Person
  readonly device: string
}

/** Who asks. */
export type Caller = Member | Guest | Nobody

export const isMember = (caller: Caller): caller is Member => caller.kind === 'browser' || caller.kind === 'script'

export const NOBODY: Nobody = { kind: 'nobody', actor: { id: '', name: '', color: '' }, device: '' }

const SCRIPT: Member = { kind: 'script', actor: { id: 'script', name: 'Script', color: '#5f6b7a' }, device: 'script' }

const FIRST_NAMES = [
  'Heron',
  'Otter',
  'Tern',
  'Plover',
  'Curlew',
  'Seal',
  'Dunlin',
  'Puffin',
  'Avocet',
  'Eider',
  'Gannet',
  'Sandpiper',
] as const
const COLORS = ['#0b7285', '#5f3dc4', '#a61e4d', '#2b8a3e', '#c2410c', '#1864ab', '#862e9c', '#5c940d'] as const

const hashOf = (token: string): string => createHash('sha256').update(token).digest('base64url')
const makeToken = (): string => randomBytes(TOKEN_BYTES).toString('base64url')

function sameText(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)]
  return left.byteLength === right.byteLength && timingSafeEqual(left, right)
}

interface Session {
  readonly device: string
  usedAt: number
}

/**
 * Local mode: who gets in. A browser gets a session against a one-time token out of a printed address; scripts show the token that lies in
 * the data folder. Tokens are kept as hashes only, but for that file.
 */
export class Sessions {
  /** What scripts show as `Authorization: Bearer …`. */
  readonly bearerToken: string
  readonly #reader: Reader
  readonly #log: UpdateLog
  readonly #now: () => number
  readonly #oneTime = new Map<string, number>()
  readonly #sessions = new Map<string, Session>()
  readonly #devices = new Map<string, Device>()

  static async open(parts: { dataFolder: string; reader: Reader; log: UpdateLog; now: () => number }): Promise<Sessions> {
    const sessions = new Sessions(parts)
    await sessions.#load()
    return sessions
  }

  private constructor(parts: { dataFolder: string; reader: Reader; log: UpdateLog; now: () => number }) {
    const path = join(parts.dataFolder, TOKEN_FILE)
    if (!existsSync(path)) writePrivateFile(path, `${makeToken()}\n`)
    this.bearerToken = readFileSync(path, 'utf8').trim()
    this.#reader = parts.reader
    this.#log = parts.log
    this.#now = parts.now
  }

  async #load(): Promise<void> {
    const { kysely } = this.#reader
    for (const { id, name, color } of await kysely.selectFrom('devices').selectAll().execute()) this.#devices.set(id, { id, name, color })
    for (const row of await kysely.selectFrom('sessions').selectAll().execute()) {
      this.#sessions.set(row.token_hash, { device: row.device, usedAt: row.used_at })
    }
  }

  /** A token that lets one browser in, once, within a quarter of an hour. */
  makeOneTimeToken(): string {
    const token = makeToken()
    this.#oneTime.set(hashOf(token), this.#now() + ONE_TIME_MS)
    return token
  }

  /**
   * A session token against a one-time token; `undefined` where that is unknown, used or too old. A browser that has a session already keeps
   * its device.
   */
  redeem(oneTimeToken: string, sessionToken: string | undefined): string | undefined {
    const now = this.#now()
    for (const [hash, expiresAt] of this.#oneTime) if (expiresAt <= now) this.#oneTime.delete(hash)
    if (!this.#oneTime.delete(hashOf(oneTimeToken))) return undefined
    if (sessionToken !== undefined && this.bySession(sessionToken) !== undefined) return sessionToken
    const device = this.#makeDevice(now)
    const token = makeToken()
    const { kysely } = this.#reader
    this.#log.execute([
      toSqlOp(kysely.insertInto('devices').values({ ...device, created_at: now })),
      toSqlOp(kysely.insertInto('sessions').values({ token_hash: hashOf(token), device: device.id, created_at: now, used_at: now })),
    ])
    this.#devices.set(device.id, device)
    this.#sessions.set(hashOf(token), { device: device.id, usedAt: now })
    return token
  }

  /** Who a session token stands for, while it is in use. */
  bySession(token: string): Member | undefined {
    const hash = hashOf(token)
    const session = this.#sessions.get(hash)
    const device = session && this.#devices.get(session.device)
    if (session === undefined || device === undefined) return undefined
    const now = this.#now()
    if (session.usedAt + SESSION_MS <= now) {
      this.#sessions.delete(hash)
      this.#log.execute([toSqlOp(this.#reader.kysely.deleteFrom('sessions').where('token_hash', '=', hash))])
      return undefined
    }
    return { kind: 'browser', actor: device, device: device.id }
  }

  /** Notes that a session is used; `true` where its cookie should be given again to last another 90 days. */
  touch(token: string): boolean {
    const hash = hashOf(token)
    const session = this.#sessions.get(hash)
    const now = this.#now()
    if (session === undefined || now - session.usedAt < TOUCH_MS) return false
    session.usedAt = now
    this.#log.execute([toSqlOp(this.#reader.kysely.updateTable('sessions').set({ used_at: now }).where('token_hash', '=', hash))])
    return true
  }

  byBearer(token: string): Member | undefined {
    return sameText(token, this.bearerToken) ? SCRIPT : undefined
  }

  device(id: string): Device | undefined {
    return this.#devices.get(id)
  }

  /** Every browser profile that was ever let in. */
  devices(): readonly Device[] {
    return [...this.#devices.values()]
  }

  /** Gives a device another name or colour; durable with the log. */
  rename(id: string, to: { readonly name?: string | undefined; readonly color?: string | undefined }): Device | undefined {
    const device = this.#devices.get(id)
    if (device === undefined) return undefined
    const renamed = { id, name: to.name ?? device.name, color: to.color ?? device.color }
    this.#log.execute([
      toSqlOp(this.#reader.kysely.updateTable('devices').set({ name: renamed.name, color: renamed.color }).where('id', '=', id)),
    ])
    this.#devices.set(id, renamed)
    return renamed
  }

  #makeDevice(now: number): Device {
    const count = this.#devices.size
    const round = Math.floor(count / FIRST_NAMES.length)
    const name = `${FIRST_NAMES[count % FIRST_NAMES.length]}${round === 0 ? '' : ` ${round + 1}`}`
    const id = `d${now.toString(36)}${randomBytes(4).toString('hex')}`
    return { id, name, color: COLORS[count % COLORS.length] ?? COLORS[0] }
  }
}

/** Cookies do not tell ports apart, so the name does. */
export const cookieName = (port: number): string => `tidebook_session_${port}`

export const sessionCookie = (port: number, token: string): string =>
  `${cookieName(port)}=${token}; Path=/; HttpOnly; SameSite=Lax; Max-Age=${SESSION_MS / 1_000}`

/** A guest's own cookie: who becomes a member later keeps both, and is a member. */
export const guestCookieName = (port: number): string => `tidebook_guest_${port}`

export const guestCookie = (port: number, token: string): string =>
  `${guestCookieName(port)}=${token}; Path=/; HttpOnly; SameSite=Lax; Max-Age=${SESSION_MS / 1_000}`

export function readCookie(header: string | undefined | null, name: string): string | undefined {
  for (const part of (header ?? '').split(';')) {
    const [key, value] = part.trim().split('=', 2)
    if (key === name && value) return value
  }
  return undefined
}

/** The token of `Authorization: Bearer …`. */
export const readBearer = (header: string | undefined | null): string | undefined => /^Bearer (\S+)$/iu.exec(header ?? '')?.[1]
