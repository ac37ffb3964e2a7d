import { chmodSync, existsSync, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { LowSync } from 'lowdb'
import { JSONFileSync } from 'lowdb/node'
import { z } from 'zod'

/** Where a small file of the sandbox cannot be read. Says which, why, and what to do. */
export class SandboxFileError extends Error {
  constructor(file: string, reason: string) {
    super(`The sandbox cannot read ${file}: ${reason}. Mend the file, or move it away to have a fresh one made.`)
    this.name = 'SandboxFileError'
  }
}

/** A small settings file over lowdb, checked when read, written whole and at once. */
export class JsonFile<T> {
  readonly #low: LowSync<T>
  readonly #mode: number | undefined

  private constructor(low: LowSync<T>, mode: number | undefined) {
    this.#low = low
    this.#mode = mode
  }

  /** Reads the file, or makes it from `fresh`. With `mode` only those bits are allowed on it (0o600 for credentials). */
  static open<T>(options: {
    readonly path: string
    readonly shape: z.ZodType<T>
    readonly fresh: () => T
    readonly mode?: number
  }): JsonFile<T> {
    mkdirSync(dirname(options.path), { recursive: true })
    const isThere = existsSync(options.path)
    const low = new LowSync<unknown>(new JSONFileSync<unknown>(options.path), {})
    if (isThere) readInto(low, options.path)
    const parsed = options.shape.safeParse(isThere ? low.data : options.fresh())
    if (!parsed.success) throw new SandboxFileError(options.path, z.prettifyError(parsed.error))
    const file = new JsonFile<T>(new LowSync<T>(new JSONFileSync<T>(options.path), parsed.data), options.mode)
    if (!isThere) file.write(parsed.data)
    if (options.mode !== undefined) chmodSync(options.path, options.mode)
    return file
  }

  get data(): T {
    return this.#low.data
  }

  write(data: T): void {
    this.#low.data = data
    // Each write makes the file anew, so each has to keep it private.
    const mask = process.umask(this.#mode === undefined ? process.umask() : 0o777 & ~this.#mode)
    try {
      this.#low.write()
    } finally {
      process.umask(mask)
    }
  }
}

function readInto(low: LowSync<unknown>, path: string): void {
  try {
    low.read()
  } catch (error) {
    throw new SandboxFileError(path, error instanceof Error ? error.message : String(error))
  }
}
