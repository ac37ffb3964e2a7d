/**
 * Before the server is started on the data folder: `npm run seed -- jira 100000` fills a stand-in app with records (`salesforce`, `hubspot` too),
 * `npm run seed -- sheet 100000` adds a workbook with a sheet of so many rows and 20 fields.
 */
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { STAND_IN_SEEDS } from '../sandbox/seed.ts'
import { seedSheet } from '../server/seed-sheet.ts'
import { parseEnvironment, runTool, ToolError } from './environment.ts'
import { makeRandom } from './random.ts'

interface Seed {
  /** What is being made, for the line that says so. */
  readonly what: (dataFolder: string) => string
  /** Answers where it is to be found, if that is not said already. */
  readonly run: (dataFolder: string, count: number, random: () => number) => Promise<string>
}

const standIns = Object.entries(STAND_IN_SEEDS).map(([app, { what, run }]): readonly [string, Seed] => [
  app,
  {
    what: (dataFolder) => `${what} in the stand-in ${app} under ${join(dataFolder, 'sandbox')}`,
    run: async (dataFolder, count, random) => {
      await mkdir(join(dataFolder, 'sandbox'), { recursive: true })
      await run(join(dataFolder, 'sandbox'), count, random)
      return ''
    },
  },
])

const SEEDS: Readonly<Record<string, Seed>> = {
  ...Object.fromEntries(standIns),
  sheet: {
    what: (dataFolder) => `rows in a new workbook under ${dataFolder}`,
    run: async (dataFolder, rows, random) => {
      const { workbook } = await seedSheet({ dataFolder, rows, now: Date.now(), random })
      return `, at /w/${workbook}`
    },
  },
}
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
  if (seed === undefined) throw new ToolError(`What is to be filled? Usage: npm run seed -- <${Object.keys(SEEDS).join('|')}> <count>`)
  const count = parseCount(countText)
  const { dataFolder } = parseEnvironment(process.env)
  const pid = await runningServer(dataFolder)
  if (pid !== undefined) {
    throw new ToolError(`A server (process ${pid}) is running on ${dataFolder}. Stop it, then run the same command again.`)
  }

  const startMs = performance.now()
  await mkdir(dataFolder, { recursive: true })
  process.stdout.write(`Making ${count} ${seed.what(dataFolder)} ... `)
  const place = await seed.run(dataFolder, count, makeRandom(RANDOM_SEED))
  process.stdout.write(`${((performance.now() - startMs) / 1000).toFixed(1)} s${place}\n`)
})
