/**
 * How busy the page's main thread is, without any worker: opening 100,000 rows from this device without a network, and 20 people typing
 * five edits a second each: `node test/bench/main-thread.ts [rows]`. Needs built pages.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { type CDPSession, chromium, type Page } from 'playwright-core'
import { findChromium } from '../../tools/chromium.ts'
import { makeRandom } from '../../tools/random.ts'
import { editCellsMap } from '../../workbook/documents.ts'
import { cellKey, type FieldId, type RowId } from '../../workbook/ids.ts'
import { packEntry } from '../../workbook/schema.ts'
import { Person } from '../e2e/support/person.ts'
import { makeBigSheet } from '../support/big-sheet.ts'
import { ProviderClient } from '../support/collab-client.ts'
import { startServer } from '../support/server-process.ts'

const rows = Number(process.argv[2] ?? 100_000)
const PEOPLE = 20
const EDITS_A_SECOND = 5
const SECONDS = 10
/** Two rows a frame. */
const SCROLL_SPEED = 4_000

/** Notes the tasks that hold the main thread longer than 50 ms, and the time between frames. */
const watch = (): void => {
  const seen = { tasks: [] as number[], frames: [] as number[] }
  Object.assign(window, { seen })
  new PerformanceObserver((list) => seen.tasks.push(...list.getEntries().map(({ duration }) => duration))).observe({
    type: 'longtask',
    buffered: true,
  })
  let last = performance.now()
  const frame = (now: number): void => {
    seen.frames.push(now - last)
    last = now
    requestAnimationFrame(frame)
  }
  requestAnimationFrame(frame)
}

type Seen = { seen: { tasks: number[]; frames: number[] } }
const takeSeen = (page: Page) =>
  page.evaluate(() => {
    const { seen } = window as unknown as Seen
    const taken = { tasks: [...seen.tasks], frames: [...seen.frames] }
    seen.tasks.length = 0
    seen.frames.length = 0
    return taken
  })

async function busyMs(cdp: CDPSession): Promise<{ task: number; script: number; heapMb: number }> {
  const { metrics } = await cdp.send('Performance.getMetrics')
  const of = (name: string): number => metrics.find((m) => m.name === name)?.value ?? 0
  return { task: of('TaskDuration') * 1_000, script: of('ScriptDuration') * 1_000, heapMb: of('JSHeapUsedSize') / 1e6 }
}

const quantile = (values: readonly number[], q: number): number =>
  Math.round([...values].sort((a, b) => a - b)[Math.floor(values.length * q)] ?? 0)

const say = (line: string): void => void process.stdout.write(`${line}\n`)
const allRows = `${rows.toLocaleString('en-US')} rows`

async function openPage(person: Person, address: string): Promise<{ page: Page; cdp: CDPSession; firstMs: number; allMs: number }> {
  const page = await person.newPage()
  await page.addInitScript(watch)
  const cdp = await person.context.newCDPSession(page)
  // The processor's time, so that other work on the machine does not count.
  await cdp.send('Performance.enable', { timeDomain: 'threadTicks' })
  const start = performance.now()
  await page.goto(address)
  await page.locator('[role=gridcell]').first().waitFor()
  const firstMs = performance.now() - start
  await page.getByRole('contentinfo').getByText(allRows).waitFor()
  return { page, cdp, firstMs, allMs: performance.now() - start }
}

async function measure(): Promise<void> {
  const dataFolder = mkdtempSync(join(tmpdir(), 'tidebook-thread-'))
  const executablePath = findChromium()
  const { workbook, sheet } = await makeBigSheet(dataFolder, rows)
  const server = await startServer({ dataFolder, env: { TIDEBOOK_LOG: 'warn', TIDEBOOK_SANDBOX: 'off' } })
  const browser = await chromium.launch({
    ...(executablePath !== undefined && { executablePath }),
    args: ['--no-sandbox', '--disable-gpu'],
  })
  try {
    const options = { locale: 'en-US', viewport: { width: 1440, height: 900 } }
    const ana = await Person.enter({ browser, server, name: 'Ana', options })
    const address = `${server.origin}/w/${workbook}`
    const first = await openPage(ana, address)
    say(`from the server: first rows ${Math.round(first.firstMs)} ms, all ${Math.round(first.allMs)} ms`)
    await first.page.locator('[data-save=saved]').waitFor()
    // What others wrote is written on this device within half a second.
    await wait(5_000)
    await first.page.close()

    await ana.context.setOffline(true)
    const second = await openPage(ana, address)
    const { tasks } = await takeSeen(second.page)
    const busy = await busyMs(second.cdp)
    say(
      `from this device: first rows ${Math.round(second.firstMs)} ms, all ${Math.round(second.allMs)} ms; main thread busy ${Math.round(busy.task)} ms ` +
        `(scripts ${Math.round(busy.script)}), longest task ${quantile(tasks, 0.999)} ms, heap ${Math.round(busy.heapMb)} MB`,
    )
    await second.page.close()
    await ana.context.setOffline(false)

    const third = await openPage(ana, address)
    await third.page.locator('[data-save=saved]').waitFor()
    const token = readFileSync(join(dataFolder, 'token'), 'utf8').trim()
    const api = await ana.context.request.get(`/api/workbooks/${workbook}`)
    const info = (await api.json()) as { sheets: { id: string; documents: { edits: string } }[] }
    const name = info.sheets.find(({ id }) => id === sheet)?.documents.edits ?? ''
    const listed = await ana.context.request.get(`/api/workbooks/${workbook}/sheets/${sheet}/rows?limit=1000`)
    const places = placesOf(await listed.json())
    await wait(2_000)
    await takeSeen(third.page)
    const quiet = await busyMs(third.cdp)
    const idleStart = performance.now()
    await wait(SECONDS * 1_000)
    const before = await busyMs(third.cdp)
    const idleMs = performance.now() - idleStart
    const idleFrames = (await takeSeen(third.page)).frames
    const typed = await typeTogether(server.origin.replace('http', 'ws'), name, token, places)
    const after = await busyMs(third.cdp)
    const typingMs = performance.now() - idleStart - idleMs
    const idleShare = (before.task - quiet.task) / idleMs
    const seen = await takeSeen(third.page)
    const perEdit = (after.task - before.task - idleShare * typingMs) / typed
    say(
      `${PEOPLE} people, ${typed} edits in ${(typingMs / 1_000).toFixed(1)} s: main thread busy ${(((after.task - before.task) / typingMs) * 100).toFixed(1)} % ` +
        `(idle ${(idleShare * 100).toFixed(1)} %), ${perEdit.toFixed(2)} ms an edit with its drawing; ` +
        `frames p50 ${quantile(seen.frames, 0.5)}, p99 ${quantile(seen.frames, 0.99)} ms (idle p99 ${quantile(idleFrames, 0.99)}), ` +
        `${seen.tasks.length} tasks over 50 ms, longest ${quantile(seen.tasks, 0.999)} ms`,
    )
    const alone = await whileScrolling(third.page, () => wait(SECONDS * 1_000))
    const together = await whileScrolling(third.page, () => typeTogether(server.origin.replace('http', 'ws'), name, token, places))
    say(`scrolled at ${SCROLL_SPEED.toLocaleString('en-US')} pixels a second: alone ${alone}; while ${PEOPLE} people type: ${together}`)
  } finally {
    await browser.close()
    await server.stop()
    rmSync(dataFolder, { recursive: true, force: true })
  }
}

/** Frames of the page while somebody scrolls down and something else goes on. */
async function whileScrolling(page: Page, run: () => Promise<unknown>): Promise<string> {
  await page.evaluate((speed) => {
    const scroller = document.querySelector('[role=grid]')?.parentElement
    const start = performance.now()
    const step = (now: number): void => {
      if (scroller === undefined || scroller === null || 'isScrollOver' in window) return
      scroller.scrollTop = ((now - start) / 1_000) * speed
      requestAnimationFrame(step)
    }
    requestAnimationFrame(step)
  }, SCROLL_SPEED)
  await takeSeen(page)
  await run()
  const { frames, tasks } = await takeSeen(page)
  await page.evaluate(() => void Object.assign(window, { isScrollOver: true }))
  await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))))
  await page.evaluate(() => void Reflect.deleteProperty(window, 'isScrollOver'))
  const rate = 1_000 / (frames.reduce((sum, ms) => sum + ms, 0) / Math.max(1, frames.length))
  return `${rate.toFixed(1)} frames a second, p50 ${quantile(frames, 0.5)}, p99 ${quantile(frames, 0.99)} ms, ${tasks.length} tasks over 50 ms`
}

/** Text cells of the first rows, in sight and not. */
function placesOf(answer: unknown): readonly { row: RowId; field: FieldId }[] {
  const { fields, rows: found } = answer as { fields: { id: string; type: string }[]; rows: { row: string }[] }
  const texts = fields.filter(({ type }) => type === 'text')
  return found.flatMap(({ row }) => texts.map(({ id: field }) => ({ row: row as RowId, field: field as FieldId })))
}

async function typeTogether(url: string, name: string, token: string, places: readonly { row: RowId; field: FieldId }[]): Promise<number> {
  const random = makeRandom(7)
  const clients = Array.from({ length: PEOPLE }, () => new ProviderClient(url, name, token, { awareness: null }))
  await Promise.all(clients.map((client) => client.synced()))
  let typed = 0
  const start = performance.now()
  for (let round = 0; round < SECONDS * EDITS_A_SECOND; round++) {
    for (const [i, client] of clients.entries()) {
      const place = places[Math.floor(random() * places.length)]
      if (place === undefined) continue
      const key = cellKey(place.row, place.field)
      editCellsMap(client.doc).set(key, packEntry(key, { value: `person ${i}, ${round}`, base: null, at: Date.now(), by: 'someone' }))
      typed++
      await wait(Math.max(0, start + (typed / (PEOPLE * EDITS_A_SECOND)) * 1_000 - performance.now()))
    }
  }
  for (const client of clients) client[Symbol.dispose]()
  return typed
}

await measure()
