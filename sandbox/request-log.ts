import { closeSync, existsSync, fstatSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { parseJson } from './http.ts'

/** One answered (or deliberately unanswered) request, as it stands in `requests.jsonl`. Credentials are never part of it. */
export interface RequestLine {
  readonly at: string
  readonly method: string
  /** The path as the app itself would see it, without `/sandbox/<app>` and without the query. */
  readonly path: string
  readonly query: Readonly<Record<string, string>>
  /** `null`: no answer was sent (a time-out or a dropped connection). */
  readonly status: number | null
  readonly ms: number
  readonly requestBytes: number
  readonly responseBytes: number
  readonly body?: unknown
  /** The kind of the fault that fired. */
  readonly fault?: string
  /** Whether the request changed the app's data, whatever became of its answer. */
  readonly saved: boolean
}

const KEPT_IN_MEMORY = 100
const TAIL_BYTES = 256 * 1024

/**
 * The request log of one app: one JSON line a request, in the order of the answers.
 *
 * A line is in the file before its answer leaves, so whoever has an answer finds its line, and a lost answer loses no line.
 */
export class RequestLog {
  readonly file: string
  readonly #folder: string
  readonly #rotateBytes: number
  #descriptor: number
  #bytes: number
  #latest: RequestLine[]

  constructor(folder: string, rotateBytes = 32 * 1024 * 1024) {
    mkdirSync(folder, { recursive: true })
    this.#folder = folder
    this.#rotateBytes = rotateBytes
    this.file = join(folder, 'requests.jsonl')
    this.#latest = lastLines(this.file)
    this.#descriptor = openSync(this.file, 'a')
    this.#bytes = fstatSync(this.#descriptor).size
  }

  append(line: RequestLine): void {
    this.#latest = [...this.#latest.slice(1 - KEPT_IN_MEMORY), line]
    const text = Buffer.from(`${JSON.stringify(line)}\n`, 'utf8')
    if (this.#bytes > 0 && this.#bytes + text.length > this.#rotateBytes) this.#rotate()
    writeSync(this.#descriptor, text)
    this.#bytes += text.length
  }

  /** The newest lines, newest first. */
  latest(count: number): readonly RequestLine[] {
    return this.#latest.slice(-count).reverse()
  }

  stop(): void {
    closeSync(this.#descriptor)
  }

  /** Keeps three older files: `requests.1.jsonl` is the newest of them. */
  #rotate(): void {
    closeSync(this.#descriptor)
    for (const age of [2, 1]) {
      const from = join(this.#folder, `requests.${age}.jsonl`)
      if (existsSync(from)) renameSync(from, join(this.#folder, `requests.${age + 1}.jsonl`))
    }
    renameSync(this.file, join(this.#folder, 'requests.1.jsonl'))
    this.#descriptor = openSync(this.file, 'a')
    this.#bytes = 0
  }
}

/** The last lines an earlier run left, for the screen; a half-written last line (a killed process) is passed over. */
function lastLines(file: string): RequestLine[] {
  if (!existsSync(file)) return []
  const text = readFileSync(file, 'utf8')
  const lines = text.slice(-TAIL_BYTES).split('\n').slice(-KEPT_IN_MEMORY)
  return lines.map((line) => parseJson(line)).filter(isRequestLine)
}

function isRequestLine(value: unknown): value is RequestLine {
  return typeof value === 'object' && value !== null && 'method' in value && 'path' in value && 'status' in value
}
