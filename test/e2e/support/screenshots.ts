/** Pictures of the screens for people to look at: `node test/e2e/support/screenshots.ts <folder>`, after a build. */
import { mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { type Browser, type BrowserContextOptions, chromium, type Page } from '@playwright/test'
import { findChromium } from '../../../tools/chromium.ts'
import { type ServerProcess, startServer } from '../../support/server-process.ts'
import { OtherSide } from './other-side.ts'
import { Person } from './person.ts'
import type { FieldName, WorkbookWindow } from './workbook-window.ts'

const SIZES = { wide: { width: 1440, height: 900 }, phone: { width: 390, height: 844 } } as const
const COLOURS = ['light', 'dark'] as const
const PLACE = { locale: 'en-US', timezoneId: 'UTC' } as const

class Studio {
  readonly browser: Browser
  readonly server: ServerProcess
  readonly folder: string

  constructor(parts: { browser: Browser; server: ServerProcess; folder: string }) {
    this.browser = parts.browser
    this.server = parts.server
    this.folder = parts.folder
  }

  enter(name: string, options: BrowserContextOptions = {}): Promise<Person> {
    return Person.enter({ browser: this.browser, server: this.server, name, options: { ...PLACE, viewport: SIZES.wide, ...options } })
  }

  /** Shows one state to the same person at every size and in both colours, and takes a picture of each. */
  async shoot(name: string, person: Person, show: (person: Person, isPhone: boolean) => Promise<Page>): Promise<void> {
    const storageState = await person.context.storageState()
    for (const [size, viewport] of Object.entries(SIZES)) {
      for (const colorScheme of COLOURS) {
        const options = { ...PLACE, viewport, colorScheme, storageState }
        const looking = await Person.again({ browser: this.browser, server: this.server, options })
        const page = await show(looking, size === 'phone')
        await page.screenshot({ path: join(this.folder, `${name}-${size}-${colorScheme}.png`), animations: 'disabled' })
        await looking.leave()
      }
    }
  }
}

/** The workbook with one cell in focus. */
const at =
  (key: string, field: FieldName) =>
  async (person: Person): Promise<Page> => {
    const window = await person.openWorkbook()
    await window.expectSaved()
    await window.focus(key, field)
    return window.page
  }

async function openPreview(person: Person, isPhone: boolean): Promise<Page> {
  const window = await person.openWorkbook()
  await window.expectSaved()
  if (isPhone) await window.page.getByRole('button', { name: /^Sync · \d+$/ }).click()
  await window.page.getByRole('button', { name: 'Preview' }).filter({ visible: true }).click()
  await window.dialog.getByRole('button', { name: 'Run this plan' }).waitFor()
  await window.dialog.getByText('Then pull').waitFor()
  return window.page
}

async function openPanel(person: Person): Promise<Page> {
  const window = await person.openWorkbook()
  await window.expectSaved()
  await window.page
    .getByRole('button', { name: /^Sync · \d+$/ })
    .filter({ visible: true })
    .click()
  return window.page
}

async function workOffline(person: Person): Promise<Page> {
  const window = await person.openWorkbook()
  await window.expectSaved()
  await window.workOffline()
  await window.type('TB-9', 'Summary', 'Review the wording, on the train')
  await window.choose('TB-9', 'Priority', 'High')
  await window.focus('TB-9', 'Priority')
  return window.page
}

const pageAt =
  (path: string, ready: (page: Page) => Promise<void>) =>
  async (person: Person): Promise<Page> => {
    const page = await person.newPage()
    await page.goto(path)
    await ready(page)
    return page
  }

async function stage(window: WorkbookWindow): Promise<void> {
  await window.choose('TB-1', 'Status', 'Done')
  await window.type('TB-3', 'Story points', '13')
  await window.type('TB-6', 'Due date', '2026-12-04')
  await window.choose('TB-5', 'Assignee', 'Jo Tran')
  await window.expectSaved()
}

async function makeAll(studio: Studio): Promise<void> {
  const jira = new OtherSide(studio.server)
  const ana = await studio.enter('Ana Keller')
  const ben = await studio.enter('Ben Ortiz')
  const sandbox = await ben.newPage()

  await studio.shoot('agreed', ana, at('TB-4', 'Summary'))
  let mine = await ana.openWorkbook()
  await mine.page.getByRole('button', { name: 'Dismiss' }).click()
  await stage(mine)
  const theirs = await ben.openWorkbook()
  await theirs.focus('TB-8', 'Assignee')
  await mine.page.close()
  await studio.shoot('staged', ana, at('TB-3', 'Story points'))
  await studio.shoot('preview', ana, openPreview)

  mine = await ana.openWorkbook()
  await mine.sync()
  await mine.type('TB-3', 'Summary', 'Move the invoice webhooks')
  await mine.choose('TB-7', 'Status', 'In Progress')
  await mine.type('TB-10', 'Due date', '2026-12-11')
  await mine.expectSaved()
  await mine.page.close()
  await studio.shoot('differs', ana, at('TB-1', 'Status'))

  await jira.change(sandbox, 'TB-3', 'Summary', 'Move invoice webhooks by Friday')
  mine = await ana.openWorkbook()
  await mine.sync()
  await mine.page.close()
  await studio.shoot('conflict', ana, at('TB-3', 'Summary'))

  mine = await ana.openWorkbook()
  for (const window of [mine, theirs]) await window.workOffline()
  await mine.type('TB-12', 'Summary', 'Post incidents automatically')
  await theirs.type('TB-12', 'Summary', 'Post incidents by bot')
  for (const window of [mine, theirs]) await window.goOnline()
  await mine.page.close()
  await theirs.focus('TB-14', 'Priority')
  await studio.shoot('concurrent', ana, at('TB-12', 'Summary'))
  await studio.shoot('offline', ana, workOffline)

  for (const colorScheme of COLOURS) {
    const options = { ...PLACE, viewport: SIZES.phone, colorScheme, storageState: await ana.context.storageState() }
    const looking = await Person.again({ browser: studio.browser, server: studio.server, options })
    const page = await openPanel(looking)
    await page.screenshot({ path: join(studio.folder, `panel-phone-${colorScheme}.png`), animations: 'disabled' })
    await looking.leave()
  }

  mine = await ana.openWorkbook()
  const run = (await mine.recentRuns.nth(1).getAttribute('href')) ?? '/runs'
  await mine.page.close()
  await studio.shoot(
    'run',
    ana,
    pageAt(run, (page) => page.getByText('Receipt').waitFor()),
  )
  await studio.shoot(
    'runs',
    ana,
    pageAt('/runs', (page) => page.getByRole('row').nth(1).waitFor()),
  )
  await studio.shoot(
    'home',
    ana,
    pageAt('/', (page) => page.getByText('Launch plan').waitFor()),
  )
  await studio.shoot(
    'sandbox',
    ana,
    pageAt('/sandbox', (page) => page.getByText('TB-1', { exact: true }).waitFor()),
  )
}

const folder = resolve(process.argv[2] ?? 'test-results/screenshots')
mkdirSync(folder, { recursive: true })
const executablePath = findChromium()
const server = await startServer({ env: { TIDEBOOK_LOG: 'warn' } })
const browser = await chromium.launch({ ...(executablePath !== undefined && { executablePath }), args: ['--no-sandbox', '--disable-gpu'] })
try {
  await makeAll(new Studio({ browser, server, folder }))
} finally {
  await browser.close()
  await server.stop()
}
