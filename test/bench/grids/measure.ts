import type { Browser, CDPSession, Page } from '@playwright/test'
import { TOWN } from './data.ts'

/** What is measured of one grid. Times in ms, heap in MB, shares from 0 to 1; the median where it was measured several times. */
export interface Figures {
  /** From the navigation, with all data on the way, to the first rows on the screen. */
  readonly open: number
  /** To all rows in memory. */
  readonly openAll: number
  readonly heap: number
  readonly slowP50: number
  readonly slowP95: number
  readonly slowRate: number
  readonly slowWork: number
  readonly fastP50: number
  readonly fastP95: number
  readonly fastRate: number
  readonly fastWork: number
  /** Share of the looked-at places that show no row while it is scrolled fast; a canvas cannot be asked. */
  readonly blank: number | undefined
  readonly edit: number
  readonly editWork: number
  readonly sort: number
  readonly filter: number
}

/** What a page says of its grid. */
interface GridPage {
  readonly isCanvas?: boolean
  seen(row: number): string
  scroller(): Element | null
  edit(row: number, text: string): void
  sort(isSorted: boolean): void
  filter(town: string | undefined): void
}
declare global {
  interface Window {
    grid?: GridPage
    isAllLoaded?: boolean
  }
}

const OPENINGS = 5
const SCROLL_MS = 3_000
const SLOW = 2_000
const FAST = 40_000
const EDITS = 30
const ARRANGEMENTS = 5
/** A grid that has not arranged its rows by then is said not to have, ms. */
const ARRANGE_LIMIT = 20_000

export interface MeasureOptions {
  readonly url: string
  readonly first: { readonly plain: string; readonly sorted: string; readonly filtered: string }
  readonly say: (line: string) => void
}

/** Measures one grid in a browser of its own. */
export async function measure(browser: Browser, { url, first, say }: MeasureOptions): Promise<Figures> {
  const openings: { rows: number; all: number }[] = []
  for (let i = 0; i < OPENINGS; i++) {
    const page = await openPage(browser)
    openings.push(await open(page, url, first.plain))
    await page.close()
  }
  const page = await openPage(browser)
  await open(page, url, first.plain)
  const cdp = await page.context().newCDPSession(page)
  // Time of the processor, so that what else runs on the machine does not count.
  await cdp.send('Performance.enable', { timeDomain: 'threadTicks' })
  await cdp.send('HeapProfiler.collectGarbage')
  const { usedSize } = await cdp.send('Runtime.getHeapUsage')
  say(`open ${median(openings.map(({ rows }) => rows)).toFixed(0)} ms, heap ${(usedSize / 1e6).toFixed(0)} MB`)
  const slow = await scroll(page, cdp, SLOW)
  const fast = await scroll(page, cdp, FAST)
  // A grid that stands still has no blank place: else it is the places that are wrong, and no grid may pay for that.
  await page.evaluate(() => window.grid?.scroller()?.scrollTo(0, 0))
  await page.evaluate(() => new Promise((done) => setTimeout(done, 500)))
  const still = await blankShare(page, { speed: 0, ms: 500 })
  if (still !== undefined && still > 0)
    throw new Error(`${url}: ${(still * 100).toFixed(1)} % of the places show no row of a grid at rest.`)
  const blank = await blankShare(page, { speed: FAST, ms: SCROLL_MS })
  say(`fast scroll ${fast.rate.toFixed(1)} frames/s`)
  await page.evaluate(() => window.grid?.scroller()?.scrollTo(0, 0))
  await until(page, first.plain)
  const edit = await edits(page, cdp)
  const sort: number[] = []
  const filter: number[] = []
  for (let i = 0; i < ARRANGEMENTS; i++) {
    sort.push(await arrange(page, 'sort', true, first.sorted))
    await arrange(page, 'sort', false, 'edited')
    filter.push(await arrange(page, 'filter', TOWN, first.filtered))
    await arrange(page, 'filter', undefined, 'edited')
  }
  await page.close()
  return {
    open: median(openings.map(({ rows }) => rows)),
    openAll: median(openings.map(({ all }) => all)),
    heap: usedSize / 1e6,
    slowP50: slow.p50,
    slowP95: slow.p95,
    slowRate: slow.rate,
    slowWork: slow.work,
    fastP50: fast.p50,
    fastP95: fast.p95,
    fastRate: fast.rate,
    fastWork: fast.work,
    blank,
    edit: edit.paint,
    editWork: edit.work,
    sort: median(sort),
    filter: median(filter),
  }
}

async function openPage(browser: Browser): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } })
  return context.newPage()
}

async function open(page: Page, url: string, first: string): Promise<{ rows: number; all: number }> {
  await page.goto(url, { waitUntil: 'commit' })
  return page.evaluate(async (text) => {
    const frame = (): Promise<number> => new Promise((done) => requestAnimationFrame(done))
    const painted = async (isDone: () => boolean): Promise<number> => {
      while (!isDone()) await frame()
      // What was found at the start of a frame is on the screen once the next begins.
      await frame()
      return performance.now()
    }
    const rows = await painted(() => window.grid?.seen(0).includes(text) ?? false)
    const isOurs = location.pathname.endsWith('/ours')
    const all = isOurs ? await painted(() => window.isAllLoaded === true) : rows
    return { rows, all }
  }, first)
}

const until = (page: Page, text: string): Promise<unknown> =>
  page.waitForFunction((wanted) => window.grid?.seen(0).includes(wanted) ?? false, text, { polling: 'raf' })

/** Time the page's main thread has worked so far, ms. */
async function busy(cdp: CDPSession): Promise<number> {
  const { metrics } = await cdp.send('Performance.getMetrics')
  return (metrics.find(({ name }) => name === 'TaskDuration')?.value ?? 0) * 1000
}

/** Scrolls down at an even speed for a while: how long frames took, and how much work of the main thread each needed. */
async function scroll(page: Page, cdp: CDPSession, speed: number): Promise<{ p50: number; p95: number; rate: number; work: number }> {
  await page.evaluate(() => window.grid?.scroller()?.scrollTo(0, 0))
  await page.evaluate(() => new Promise((done) => setTimeout(done, 300)))
  const before = await busy(cdp)
  const times = await page.evaluate(
    ({ speed, ms }) =>
      new Promise<number[]>((done) => {
        const scroller = window.grid?.scroller()
        const frames: number[] = []
        let start: number | undefined
        let last = 0
        const step = (now: number): void => {
          if (start === undefined) start = now
          else frames.push(now - last)
          last = now
          if (now - start >= ms) {
            done(frames)
            return
          }
          if (scroller) scroller.scrollTop = ((now - start) * speed) / 1000
          requestAnimationFrame(step)
        }
        requestAnimationFrame(step)
      }),
    { speed, ms: SCROLL_MS },
  )
  const work = ((await busy(cdp)) - before) / times.length
  const total = times.reduce((sum, time) => sum + time, 0)
  return { p50: quantile(times, 0.5), p95: quantile(times, 0.95), rate: (times.length / total) * 1000, work }
}

/**
 * Share of places in the view that show no row in a frame as it is put on the screen: looked at right after the scroll, when the browser
 * composes the frame and before the grid hears of it, as it is for a person whose browser scrolls in a thread of its own.
 */
async function blankShare(page: Page, run: { readonly speed: number; readonly ms: number }): Promise<number | undefined> {
  return page.evaluate(
    ({ speed, ms }) =>
      new Promise<number | undefined>((done) => {
        if (window.grid?.isCanvas === true) {
          done(undefined)
          return
        }
        const scroller = window.grid?.scroller()
        const places = Array.from({ length: 16 }, (_, i) => 80 + i * 48)
        let start: number | undefined
        let [blank, looked] = [0, 0]
        const hasCell = (y: number): boolean => {
          const found = document.elementFromPoint(110, y)
          return (found?.closest('[role=gridcell], .rgCell')?.textContent ?? '') !== ''
        }
        const step = (now: number): void => {
          start ??= now
          if (now - start >= ms) {
            done(blank / looked)
            return
          }
          if (scroller) scroller.scrollTop = ((now - start) * speed) / 1000
          for (const y of places) {
            looked++
            if (!hasCell(y)) blank++
          }
          requestAnimationFrame(step)
        }
        requestAnimationFrame(step)
      }),
    run,
  )
}

/** A cell is written right after a frame, as a key press is: how long until its new text is on the screen, and the work it took. */
async function edits(page: Page, cdp: CDPSession): Promise<{ paint: number; work: number }> {
  const before = await busy(cdp)
  const times = await page.evaluate(async (count) => {
    const frame = (): Promise<number> => new Promise((done) => requestAnimationFrame(done))
    const task = (): Promise<void> =>
      new Promise((done) => {
        const { port1, port2 } = new MessageChannel()
        port1.onmessage = () => done()
        port2.postMessage(undefined)
      })
    const found: number[] = []
    for (let i = 0; i < count; i++) {
      const text = i === count - 1 ? 'edited' : `edited ${i}`
      await frame()
      await task()
      const start = performance.now()
      window.grid?.edit(0, text)
      do {
        await frame()
        await task()
      } while (!window.grid?.seen(0).includes(text))
      found.push(performance.now() - start)
    }
    return found
  }, EDITS)
  return { paint: median(times), work: ((await busy(cdp)) - before) / EDITS }
}

/** Sorts or filters; ends when the right row is first on the screen. */
function arrange(page: Page, how: 'sort' | 'filter', value: unknown, first: string): Promise<number> {
  return page.evaluate(
    async ({ how, value, first, limit }) => {
      const frame = (): Promise<number> => new Promise((done) => requestAnimationFrame(done))
      const task = (): Promise<void> =>
        new Promise((done) => {
          const { port1, port2 } = new MessageChannel()
          port1.onmessage = () => done()
          port2.postMessage(undefined)
        })
      await frame()
      await task()
      const start = performance.now()
      if (how === 'sort') window.grid?.sort(value === true)
      else window.grid?.filter(value as string | undefined)
      do {
        await frame()
        await task()
        if (performance.now() - start > limit) return Number.NaN
      } while (!window.grid?.seen(0).includes(first))
      const time = performance.now() - start
      await new Promise((done) => setTimeout(done, 200))
      return time
    },
    { how, value, first, limit: ARRANGE_LIMIT },
  )
}

function quantile(times: readonly number[], share: number): number {
  const sorted = [...times].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}
const median = (times: readonly number[]): number => quantile(times, 0.5)
