/**
 * Two browsers without a network for a simulated day: 1,000 edits each, one at a time, 50 on the same cells. Then both come back at once, and
 * the time is taken from the opening of the socket until both show everything: `node test/bench/offline-day.ts [edits]`. Needs built pages.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium, type Page } from 'playwright-core'
import { findChromium } from '../../tools/chromium.ts'
import { Person } from '../e2e/support/person.ts'
import { makeBigSheet } from '../support/big-sheet.ts'
import { startServer } from '../support/server-process.ts'

const EDITS = Number(process.argv[2] ?? 1_000)
const SHARED = 50

/** Notes when a socket opens, and from then on at which frame the line says *saved* and each wanted text is in the grid. */
const watch = (): void => {
  const Native = window.WebSocket
  window.WebSocket = class extends Native {
    constructor(url: string | URL, protocols?: string | string[]) {
      super(url, protocols)
      this.addEventListener('open', () => {
        ;(window as unknown as { openedAt: number }).openedAt = performance.now()
      })
    }
  }
}

async function open(person: Person, address: string): Promise<Page> {
  const page = await person.newPage()
  await page.addInitScript(watch)
  await page.goto(address)
  await page.locator('[data-save=saved]').waitFor()
  await page.locator('[role=gridcell]').first().waitFor()
  return page
}

const cellAt = (page: Page, row: number, column: number) =>
  page.locator(`[role=row][aria-rowindex="${row}"] [role=gridcell][aria-colindex="${column}"]`)

/** Enters a text after the other down a column, each as an edit of its own; rows of data begin at 3. */
async function enterDown(page: Page, { row, column }: { row: number; column: number }, texts: readonly string[]): Promise<void> {
  await page.keyboard.press('Control+Home')
  await cellAt(page, row, column).click()
  await page.evaluate(async (wanted) => {
    for (const text of wanted) {
      const here = document.activeElement
      const clipboardData = new DataTransfer()
      clipboardData.setData('text/plain', text)
      here?.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }))
      here?.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowDown', code: 'ArrowDown', bubbles: true, cancelable: true }))
      // The grid moves the focus when it has drawn.
      while (document.activeElement === here && text !== wanted.at(-1)) await new Promise((done) => requestAnimationFrame(done))
    }
  }, texts)
}

async function measure(): Promise<void> {
  const dataFolder = mkdtempSync(join(tmpdir(), 'tidebook-day-'))
  const executablePath = findChromium()
  const browser = await chromium.launch({
    ...(executablePath !== undefined && { executablePath }),
    args: ['--no-sandbox', '--disable-gpu'],
  })
  const { workbook } = await makeBigSheet(dataFolder, 1_200)
  const server = await startServer({ dataFolder, env: { TIDEBOOK_LOG: 'warn', TIDEBOOK_SANDBOX: 'off' } })
  try {
    const options = { locale: 'en-US', viewport: { width: 2000, height: 900 } }
    const people = [
      await Person.enter({ browser, server, name: 'Ana', options }),
      await Person.enter({ browser, server, name: 'Ben', options }),
    ]
    const pages = await Promise.all(people.map((person) => open(person, `${server.origin}/w/${workbook}`)))
    for (const person of people) await person.context.setOffline(true)
    for (const [who, page] of pages.entries()) {
      const name = who === 0 ? 'Ana' : 'Ben'
      // Client and Town are texts, Value and Seats numbers; the last edit of each is in one of the first rows, so that it is in sight.
      await enterDown(
        page,
        { row: 3, column: 2 },
        Array.from({ length: SHARED }, (_, i) => `${name} ${i}`),
      )
      await enterDown(
        page,
        { row: 3, column: 5 + who },
        Array.from({ length: EDITS - SHARED - 1 }, (_, i) => String(1_000_000 + i)),
      )
      await enterDown(page, { row: 3 + who, column: 10 }, [`Last of ${name}`])
      await page.keyboard.press('Control+Home')
      await page.locator('[data-save]', { hasText: `${EDITS.toLocaleString('en')} changes kept on this device` }).waitFor()
    }
    const shown = pages.map((page, who) =>
      page.evaluate(
        (wanted) =>
          new Promise<number>((resolve) => {
            const look = (): void => {
              const isSaved = document.querySelector('[data-save=saved]') !== null
              const isHere = [...document.querySelectorAll('[role=gridcell]')].some((cell) => cell.textContent?.includes(wanted))
              const { openedAt } = window as unknown as { openedAt: number }
              if (isSaved && isHere) resolve(performance.now() - openedAt)
              else requestAnimationFrame(look)
            }
            look()
          }),
        `Last of ${who === 0 ? 'Ben' : 'Ana'}`,
      ),
    )
    await Promise.all(people.map((person) => person.context.setOffline(false)))
    const times = await Promise.all(shown)
    process.stdout.write(
      `both converged ${Math.round(Math.max(...times))} ms after the socket opened (${times.map(Math.round).join(', ')} ms)\n`,
    )
    const { request } = people[0]?.context ?? browser.contexts()[0] ?? (await browser.newContext())
    const info = (await (await request.get(`/api/workbooks/${workbook}`)).json()) as { sheets: { id: string }[] }
    const answer = await request.get(`/api/annotations?sheet=${info.sheets[0]?.id}`)
    const { annotations } = (await answer.json()) as { annotations: { kind: string; annotation: { lines: unknown[] } }[] }
    const pairs = annotations.filter(({ kind, annotation }) => kind === 'concurrent' && annotation.lines.length > 0)
    process.stdout.write(`${pairs.length} of ${SHARED} cells offer the value that is not shown\n`)
  } finally {
    await browser.close()
    await server.stop()
    rmSync(dataFolder, { recursive: true, force: true })
  }
}

await measure()
