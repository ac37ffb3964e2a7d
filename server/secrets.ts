import { createCipheriv, createDecipheriv, randomBytes, scryptSync } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { writePrivateFile } from './private-file.ts'
import { StartError } from './start-error.ts'
import type { Reader } from './storage/database.ts'
import { toSqlOp } from './storage/database.ts'
import type { UpdateLog } from './update-log.ts'

const KEY_FILE = 'secret.key'
const KEY_BYTES = 32
const IV_BYTES = 12
const TAG_BYTES = 16
const SALT_BYTES = 16
/** scrypt's cost: about 60 ms once at each start. */
const SCRYPT = { N: 2 ** 15, r: 8, p: 1, maxmem: 64 * 1024 * 1024 }

/** The name under which a known text is sealed, so that a wrong key is noticed at start and not at the first sync. */
const CHECK_NAME = 'check'
const CHECK_TEXT = 'tidebook'

/** Seals texts with AES-256-GCM. An envelope is `v1.<salt>.<iv>.<cipher and tag>` in base64url, bound to its name. */
export interface Vault {
  seal(name: string, text: string): string
  /** @throws Error where the envelope was sealed with another key or under another name, or was changed */
  open(name: string, envelope: string): string
}

export function makeVault(key: Uint8Array, salt: Uint8Array): Vault {
  return {
    seal: (name, text) => {
      const iv = randomBytes(IV_BYTES)
      const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(name))
      const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()])
      return ['v1', ...[salt, iv, sealed].map((part) => Buffer.from(part).toString('base64url'))].join('.')
    },
    open: (name, envelope) => {
      const [version, , iv, sealed] = envelope.split('.')
      if (version !== 'v1' || iv === undefined || sealed === undefined) throw new Error('The envelope has an unknown form')
      const bytes = Buffer.from(sealed, 'base64url')
      const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(iv, 'base64url'))
        .setAAD(Buffer.from(name))
        .setAuthTag(bytes.subarray(bytes.length - TAG_BYTES))
      return Buffer.concat([decipher.update(bytes.subarray(0, bytes.length - TAG_BYTES)), decipher.final()]).toString('utf8')
    },
  }
}

/** Credentials of connected apps, encrypted at rest. */
export class Secrets {
  readonly #vault: Vault
  readonly #reader: Reader
  readonly #log: UpdateLog
  readonly #now: () => number

  /**
   * @param secret TIDEBOOK_SECRET; without it a random key is kept in the data folder
   * @throws StartError where what is stored was sealed with another key
   */
  static async open(parts: {
    dataFolder: string
    secret: string | undefined
    reader: Reader
    log: UpdateLog
    now: () => number
  }): Promise<Secrets> {
    const { secret, dataFolder, reader, log, now } = parts
    const check = await loadEnvelope(reader, CHECK_NAME)
    const salt = check === undefined ? randomBytes(SALT_BYTES) : Buffer.from(check.split('.')[1] ?? '', 'base64url')
    const key = secret === undefined ? keyOfFolder(dataFolder) : scryptSync(secret, salt, KEY_BYTES, SCRYPT)
    const vault = makeVault(key, salt)
    const secrets = new Secrets(vault, { reader, log, now })
    if (check === undefined) {
      secrets.save(CHECK_NAME, CHECK_TEXT)
      await log.durable()
    } else if (!opens(vault, check)) throw wrongKey(secret !== undefined, dataFolder)
    return secrets
  }

  private constructor(vault: Vault, parts: { reader: Reader; log: UpdateLog; now: () => number }) {
    this.#vault = vault
    this.#reader = parts.reader
    this.#log = parts.log
    this.#now = parts.now
  }

  /** Joins this turn's batch; durable with the log. */
  save(name: string, text: string): void {
    const row = { name, envelope: this.#vault.seal(name, text), at: this.#now() }
    const insert = this.#reader.kysely.insertInto('secrets').values(row)
    this.#log.execute([
      toSqlOp(insert.onConflict((conflict) => conflict.column('name').doUpdateSet({ envelope: row.envelope, at: row.at }))),
    ])
  }

  remove(name: string): void {
    this.#log.execute([toSqlOp(this.#reader.kysely.deleteFrom('secrets').where('name', '=', name))])
  }

  /** `undefined` where there is none of that name. */
  async load(name: string): Promise<string | undefined> {
    const envelope = await loadEnvelope(this.#reader, name)
    return envelope === undefined ? undefined : this.#vault.open(name, envelope)
  }
}

async function loadEnvelope(reader: Reader, name: string): Promise<string | undefined> {
  const row = await reader.kysely.selectFrom('secrets').select('envelope').where('name', '=', name).executeTakeFirst()
  return row?.envelope
}

function opens(vault: Vault, check: string): boolean {
  try {
    return vault.open(CHECK_NAME, check) === CHECK_TEXT
  } catch {
    // Any failure to open means one thing: another key.
    return false
  }
}

function keyOfFolder(dataFolder: string): Uint8Array {
  const path = join(dataFolder, KEY_FILE)
  if (!existsSync(path)) writePrivateFile(path, randomBytes(KEY_BYTES).toString('base64url'))
  const key = Buffer.from(readFileSync(path, 'utf8').trim(), 'base64url')
  if (key.byteLength === KEY_BYTES) return key
  throw new StartError(
    `The key file ${path} is damaged.`,
    'Nothing was changed.',
    'Put the file back from a backup; without it the stored credentials of connected apps cannot be read.',
  )
}

const wrongKey = (isFromEnvironment: boolean, dataFolder: string): StartError =>
  new StartError(
    `The credentials in ${dataFolder} were encrypted with another key than ${isFromEnvironment ? 'this TIDEBOOK_SECRET' : `the one in ${join(dataFolder, KEY_FILE)}`}.`,
    'Nothing was changed; workbooks and edits are not affected.',
    isFromEnvironment
      ? 'Start with the TIDEBOOK_SECRET of before; if it was never set before, unset it.'
      : 'Set TIDEBOOK_SECRET as before, or put the key file back from a backup.',
  )
