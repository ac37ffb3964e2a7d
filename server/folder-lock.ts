import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { StartError } from './start-error.ts'

const LOCK_FILE = 'server.lock'
const PID_FILE = 'server.pid'

/**
 * Holds the data folder for this process. The lock is the operating system's, so that it ends with the process however that ends; `server.pid`
 * only tells people who holds it.
 * @throws StartError where another server holds the folder, or it cannot be used
 */
export function lockFolder(dataFolder: string): { release: () => void } {
  const pidPath = join(dataFolder, PID_FILE)
  let lock: DatabaseSync
  try {
    mkdirSync(dataFolder, { recursive: true, mode: 0o700 })
    lock = new DatabaseSync(join(dataFolder, LOCK_FILE), { timeout: 0 })
  } catch (error) {
    throw new StartError(
      `The data folder ${dataFolder} cannot be used (${error instanceof Error ? error.message : String(error)}).`,
      'Nothing was changed.',
      'Check that it is a folder this user may write to, or point TIDEBOOK_DATA at another one.',
      { cause: error },
    )
  }
  try {
    lock.exec('BEGIN EXCLUSIVE')
  } catch (error) {
    lock.close()
    throw new StartError(
      `Another Tidebook (process ${holderOf(pidPath)}) uses the data folder ${dataFolder}.`,
      'Nothing was changed; the other one goes on.',
      'Use that one, stop it first, or point TIDEBOOK_DATA at another folder.',
      { cause: error },
    )
  }
  writeFileSync(pidPath, `${process.pid}\n`)
  return {
    release: () => {
      rmSync(pidPath, { force: true })
      lock.close()
    },
  }
}

function holderOf(pidPath: string): string {
  try {
    return readFileSync(pidPath, 'utf8').trim()
  } catch {
    // The other one is just starting: its number is not written yet.
    return 'unknown'
  }
}
