/** `npm run seed -- jira 100000`: fills a stand-in app with records before the server is started on the data folder. */
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { seedJira } from '../sandbox/seed.ts'
import { parseEnvironment, runTool, ToolError } from './environment.ts'
import { makeRandom } from './random.ts'

type Seed = (dataFolder: string, count: number, random: () => number) => Promise<void>

const SEEDS: Readonly<Record<string, Seed>> = { jira: seedJira }
const MOST_RECORDS = 1_000_000
/** The same records every time. */
const RANDOM_SEED = 1

function parseCount(text: string | undefined): number {
  const count = Number(text)
  if (Number.isInteger(count) && count > 0 && count <= MOST_RECORDS) return count
  throw new ToolError(`How many records? Usage: npm run seed -- <${Object.keys(SEEDS).join('|')}> <1 to ${MOST_RECORDS}>`)
}

/** The process number of the server that runs on a data folder; `undefined` where none does. */
async function runningServer(dataFolder: string): Promise<number | undefined> {
  let pid: number
  try {
    pid = Number.parseInt(await readFile(join(dataFolder, 'server.pid'), 'utf8'), 10)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
  return Number.isInteger(pid) && isAlive(pid) ? pid : undefined
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

await runTool(async () => {
  const [app = '', countText] = process.argv.slice(2)
  const seed = Object.hasOwn(SEEDS, app) ? SEEDS[app] : undefined
  if (seed === undefined) throw new ToolError(`Which app? Usage: npm run seed -- <${Object.keys(SEEDS).join('|')}> <count>`)
  const count = parseCount(countText)
  const { dataFolder } = parseEnvironment(process.env)
  const pid = await runningServer(dataFolder)
  if (pid !== undefined) {
    throw new ToolError(`A server (process ${pid}) is running on ${dataFolder}. Stop it, then run the same command again.`)
  }

  const startMs = performance.now()
  const sandboxFolder = join(dataFolder, 'sandbox')
  await mkdir(sandboxFolder, { recursive: true })
  process.stdout.write(`Making ${count} records in the stand-in ${app} under ${sandboxFolder} ... `)
  await seed(sandboxFolder, count, makeRandom(RANDOM_SEED))
  process.stdout.write(`${((performance.now() - startMs) / 1000).toFixed(1)} s\n`)
})
