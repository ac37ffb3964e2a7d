import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { dirname } from 'node:path'

const POLL_MS = 200
const HEARTBEAT_MS = 2_000
/** A lock whose owner gave no sign of life while another waited this long is left over, whatever its process number says. */
const SILENCE_MS = 20_000

/**
 * Lets one process at a time work on a checkout.
 *
 * The lock is a file that names its owner: a process, and the program that process is running, so that the `npm ci` of a
 * killed boot is waited for. It is left over, and removed, where both are gone, or where it was not touched for a while.
 */
export class BootLock {
  #file
  #child
  #heartbeat

  constructor(file) {
    this.#file = file
  }

  /** Waits for its turn; `onWait` is called once with the owner's process number if there is a wait. */
  async take(onWait) {
    mkdirSync(dirname(this.#file), { recursive: true })
    let seen
    let seenSinceMs = 0
    while (!this.#tryTake()) {
      const now = readLock(this.#file)
      if (now === undefined) continue
      if (seen === undefined) onWait(now.owner?.pid)
      if (now.sign !== seen) {
        seen = now.sign
        seenSinceMs = performance.now()
      }
      const isSilent = performance.now() - seenSinceMs > SILENCE_MS
      if (isSilent || isGone(now.owner)) this.#removeLeftOver(now.text)
      else await new Promise((turn) => setTimeout(turn, POLL_MS))
    }
  }

  /** Names the program that the owner is running now, or `undefined`. */
  noteChild(pid) {
    this.#child = pid
    if (this.#heartbeat !== undefined) writeFileSync(this.#file, this.#text())
  }

  release() {
    if (this.#heartbeat === undefined) return
    clearInterval(this.#heartbeat)
    this.#heartbeat = undefined
    rmSync(this.#file, { force: true })
  }

  #text() {
    return JSON.stringify({ pid: process.pid, child: this.#child, host: hostname() })
  }

  #tryTake() {
    try {
      writeFileSync(this.#file, this.#text(), { flag: 'wx' })
    } catch (error) {
      if (error.code === 'EEXIST') return false
      throw error
    }
    this.#heartbeat = setInterval(() => this.#touch(), HEARTBEAT_MS)
    this.#heartbeat.unref()
    return true
  }

  #touch() {
    const now = new Date()
    try {
      utimesSync(this.#file, now, now)
    } catch {
      // Somebody removed the lock by hand: there is nothing to keep fresh.
      clearInterval(this.#heartbeat)
    }
  }

  /** Where another took the lock between our look and our hand, it is given back. */
  #removeLeftOver(text) {
    const aside = `${this.#file}.${process.pid}`
    try {
      renameSync(this.#file, aside)
      if (readFileSync(aside, 'utf8') !== text) linkSync(aside, this.#file)
    } catch (error) {
      if (error.code !== 'ENOENT' && error.code !== 'EEXIST') throw error
    }
    rmSync(aside, { force: true })
  }
}

function readLock(file) {
  try {
    const text = readFileSync(file, 'utf8')
    return { text, sign: `${text} ${statSync(file).mtimeMs}`, owner: JSON.parse(text) }
  } catch (error) {
    if (error.code === 'ENOENT') return undefined
    // Caught in the instant of its writing.
    if (error instanceof SyntaxError) return { text: '', sign: 'unreadable', owner: undefined }
    throw error
  }
}

function isGone(owner) {
  if (owner === undefined || owner.host !== hostname()) return false
  return !isAlive(owner.pid) && !(owner.child !== undefined && isAlive(owner.child))
}

function isAlive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}
