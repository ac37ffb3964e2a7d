// node test/bench/open-browser.ts [rows]: opens a sheet in Chromium on this machine, over a line of 20 Mbit/s, and again from the device
// without a network. The pages must be built (npm start does it). Times are ms since the address was entered.
import { mkdir } from 'node:fs/promises'
import { type BrowserContext, chromium, type Page } from '@playwright/test'
import { findChromium } from '../../tools/chromium.ts'
import { SHARD_ROWS } from '../../workbook/schema.ts'
import { makeBigSheet } from '../support/big-sheet.ts'
import { type ServerProcess, startServer } from '../support/server-process.ts'
import { tempFolder } from '../support/temp-folder.ts'

const LINE = { downloadThroughput: 20_000_000 / 8, uploadThroughput: 5_000_000 / 8, latency: 20, offline: false }
/** A sheet of more rows than this brings its first and its last part alone. */
const ALL_UP_TO_ROWS = 256_000
/** The longest a sheet may take to come whole, of any size tried here. ms */
const WHOLE_MS = 180_000

interface Opened {
  readonly firstMs: number
  readonly wholeMs: number
  readonly heapMb: number
  readonly longestTaskMs: number
}

/** Notes when the grid first shows a row and when it has all of them, as a person would see it. */
function watchGrid(all: number): void {
  const marks = { first: 0, whole: 0, longest: 0 }
  Object.assign(globalThis, { tidebookMarks: marks })
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) marks.longest = Math.max(marks.longest, entry.duration)
  }).observe({ type: 'longtask', buffered: true })
  const look = (): void => {
    const grid = document.querySelector('[role=grid]')
    if (marks.first === 0 && (grid?.querySelectorAll('[role=gridcell]').length ?? 0) > 20) marks.first = performance.now()
    if (Number(grid?.getAttribute('aria-rowcount') ?? 0) > all) marks.whole = performance.now()
    if (marks.whole === 0) requestAnimationFrame(look)
  }
  requestAnimationFrame(look)
}

/** The parts of a sheet that a visitor's device keeps; of a very large one, those that were looked at. */
const keptParts = (rows: number): number => (rows > ALL_UP_TO_ROWS ? 2 : Math.ceil(rows / SHARD_ROWS))

/** Resolves once so many parts are on this device: each has its mark. */
async function waitUntilKept(parts: number): Promise<void> {
  const database = await new Promise<IDBDatabase>((resolve, reject) => {
    const opening = indexedDB.open('tidebook')
    opening.onsuccess = () => resolve(opening.result)
    opening.onerror = () => reject(opening.error)
  })
  const count = (): Promise<number> =>
    new Promise((resolve, reject) => {
      const asked = database.transaction('marks').objectStore('marks').count(IDBKeyRange.bound('', '\uffff'))
      asked.onsuccess = () => resolve(asked.result)
      asked.onerror = () => reject(asked.error)
    })
  while ((await count()) < parts) await new Promise((resolve) => setTimeout(resolve, 50))
  database.close()
}

async function measure(page: Page, rows: number, go: () => Promise<unknown>): Promise<Opened> {
  await page.addInitScript(watchGrid, rows)
  await go()
  const marks = await page.waitForFunction(
    () => {
      const found = (globalThis as { tidebookMarks?: { first: number; whole: number; longest: number } }).tidebookMarks
      return found !== undefined && found.whole > 0 ? found : undefined
    },
    undefined,
    { timeout: WHOLE_MS, polling: 100 },
  )
  const { first, whole, longest } = (await marks.jsonValue()) ?? { first: 0, whole: 0, longest: 0 }
  const cdp = await page.context().newCDPSession(page)
  await cdp.send('HeapProfiler.collectGarbage')
  const { usedSize } = await cdp.send('Runtime.getHeapUsage')
  return { firstMs: first, wholeMs: whole, heapMb: usedSize / 1e6, longestTaskMs: longest }
}

async function signIn(context: BrowserContext, server: ServerProcess, oneTimeUrl: string): Promise<string> {
  const page = await context.newPage()
  // The page's files are there as after any earlier visit; the sheet is not.
  await page.goto(oneTimeUrl.replace(/\/w\/[^?]*/, '/'))
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined))
  await page.close()
  return new URL(oneTimeUrl).pathname.replace(/^/, server.origin)
}

async function freshUrl(server: ServerProcess, token: string): Promise<string> {
  const answer = await fetch(`${server.origin}/api/session/one-time`, { method: 'POST', headers: { authorization: `Bearer ${token}` } })
  return ((await answer.json()) as { url: string }).url
}

const line = (what: string, o: Opened): string =>
  `${what.padEnd(34)} first rows ${Math.round(o.firstMs)} ms, all ${Math.round(o.wholeMs)} ms, heap ${o.heapMb.toFixed(0)} MB, longest task ${Math.round(o.longestTaskMs)} ms\n`

const rows = Number(process.argv[2] ?? 100_000)
await using folder = await tempFolder()
await mkdir(folder.path, { recursive: true })
await makeBigSheet(folder.path, rows)
const server = await startServer({ dataFolder: folder.path, env: { TIDEBOOK_SANDBOX: 'off' } })
const executablePath = findChromium()
const browser = await chromium.launch({ ...(executablePath !== undefined && { executablePath }), args: ['--no-sandbox', '--disable-gpu'] })
try {
  const { readFile } = await import('node:fs/promises')
  const token = (await readFile(`${folder.path}/token`, 'utf8')).trim()
  for (const [what, conditions] of [
    ['the browser’s first page', undefined],
    ['the next visitor', undefined],
    ['over 20 Mbit/s, 20 ms', LINE],
  ] as const) {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 } })
    const url = await signIn(context, server, await freshUrl(server, token))
    const page = await context.newPage()
    const cdp = await context.newCDPSession(page)
    if (conditions !== undefined) {
      await cdp.send('Network.enable')
      await cdp.send('Network.emulateNetworkConditions', conditions)
    }
    process.stdout.write(line(what, await measure(page, rows, () => page.goto(url))))
    // What the device keeps is written behind the screen; a reading waits for the writings before it.
    await page.evaluate(waitUntilKept, keptParts(rows))
    await page.close()
    await context.setOffline(true)
    const again = await context.newPage()
    process.stdout.write(line('  again, from the device, offline', await measure(again, rows, () => again.goto(url))))
    await context.close()
  }
} finally {
  await browser.close()
  await server.stop()
}
