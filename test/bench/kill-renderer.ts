/**
 * Kills the process that draws the page so many milliseconds after a keystroke that ends an edit, without a network, and counts how many
 * of the edits this device has kept: `node test/bench/kill-renderer.ts [times]`. Needs built pages (`npm start` builds them).
 *
 * "0 ms" is the moment at which the browser reports that the page has handled the key.
 */
import { setTimeout as wait } from 'node:timers/promises'
import { type Browser, type CDPSession, chromium } from 'playwright-core'
import { findChromium } from '../../tools/chromium.ts'
import { Person } from '../e2e/support/person.ts'
import type { WorkbookWindow } from '../e2e/support/workbook-window.ts'
import { startServer } from '../support/server-process.ts'

const DELAYS_MS = [0, 1, 5, 20, 100] as const
const times = Number(process.argv[2] ?? 20)

async function renderersOf(cdp: CDPSession): Promise<readonly number[]> {
  const { processInfo } = await cdp.send('SystemInfo.getProcessInfo')
  return processInfo.filter(({ type }) => type === 'renderer').map(({ id }) => id)
}

/** Types a value and ends every drawing process `delay` ms after the key that confirms it. */
async function typeAndKill(window: WorkbookWindow, browser: CDPSession, text: string, delay: number): Promise<void> {
  const { page } = window
  await window.focus('TB-1', 'Summary')
  await page.keyboard.type(text)
  const renderers = await renderersOf(browser)
  const crashed = page.waitForEvent('crash')
  const key = await page.context().newCDPSession(page)
  const press = { type: 'rawKeyDown', key: 'Enter', code: 'Enter', windowsVirtualKeyCode: 13, text: '\r' } as const
  await key.send('Input.dispatchKeyEvent', press)
  if (delay > 0) await wait(delay)
  for (const pid of renderers) process.kill(pid, 'SIGKILL')
  await crashed
  await page.close()
}

async function measure(browser: Browser): Promise<void> {
  const server = await startServer({ env: { TIDEBOOK_LOG: 'warn' } })
  try {
    const ana = await Person.enter({ browser, server, name: 'Ana', options: { locale: 'en-US', viewport: { width: 1440, height: 900 } } })
    const first = await ana.openWorkbook()
    await first.expectKept()
    await first.page.close()
    await ana.context.setOffline(true)
    const cdp = await browser.newBrowserCDPSession()
    for (const delay of DELAYS_MS) {
      let kept = 0
      for (let i = 0; i < times; i++) {
        const text = `${delay} ms, ${i}`
        await typeAndKill(await ana.openWorkbook(), cdp, text, delay)
        const after = await ana.openWorkbook()
        if ((await after.value('TB-1', 'Summary').textContent()) === text) kept++
        await after.page.close()
      }
      process.stdout.write(`killed ${delay} ms after the key: ${kept} of ${times} edits kept on this device\n`)
    }
  } finally {
    await server.stop()
  }
}

const executablePath = findChromium()
const browser = await chromium.launch({ ...(executablePath !== undefined && { executablePath }), args: ['--no-sandbox', '--disable-gpu'] })
try {
  await measure(browser)
} finally {
  await browser.close()
}
