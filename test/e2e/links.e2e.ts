import { readFile } from 'node:fs/promises'
import type { Browser, BrowserContextOptions, Page } from '@playwright/test'
import type { ServerProcess } from '../support/server-process.ts'
import { findings } from './support/axe.ts'
import { expect, test } from './support/fixture.ts'
import type { Person } from './support/person.ts'
import { WorkbookWindow } from './support/workbook-window.ts'

interface NewLink {
  readonly role?: 'viewer' | 'editor'
  readonly expiresAt?: number
}

/** A link as a member makes it, by the API behind the dialog. */
async function makeLink(ana: Person, server: ServerProcess, link: NewLink = {}): Promise<{ id: string; address: string }> {
  const { workbooks } = (await (await ana.context.request.get('/api/workbooks')).json()) as { workbooks: { id: string }[] }
  const made = await ana.context.request.post('/api/links', { data: { workbook: workbooks[0]?.id, ...link } })
  const { link: row, token } = (await made.json()) as { link: { id: string }; token: string }
  return { id: row.id, address: `${server.origin}/l#${token}` }
}

/** Somebody with a browser of their own and nothing but a link. */
async function openLink(browser: Browser, address: string, options: BrowserContextOptions = {}): Promise<Page> {
  const context = await browser.newContext(options)
  const page = await context.newPage()
  await page.goto(address)
  return page
}

/** As whom a guest goes in. */
async function enterAs(page: Page, name: string): Promise<WorkbookWindow> {
  await page.getByRole('textbox', { name: 'Name' }).fill(name)
  await page.getByRole('button', { name: 'Open the workbook' }).click()
  const window = new WorkbookWindow(page)
  await expect(window.row('TB-1')).toBeVisible()
  await window.expectSaved()
  return window
}

test('[SL40] a viewer’s link is made in the dialog, shows live edits to whoever opens it, and changes nothing', async ({
  enter,
  browser,
}) => {
  const ana = await (await enter('Ana')).openWorkbook()
  await ana.page.getByRole('button', { name: 'Share' }).click()
  await expect(ana.dialog).toContainText('This server answers this computer only')
  expect(await findings(ana.page, true)).toEqual([])
  await ana.dialog.getByRole('textbox', { name: /^Name/ }).fill('The agency')
  await ana.dialog.getByRole('button', { name: 'Create link' }).click()
  const address = await ana.dialog.getByRole('textbox', { name: 'Address of the new link' }).inputValue()
  expect(address).toMatch(/\/l#[\w-]{43}$/)
  await expect(ana.dialog.getByRole('listitem', { name: 'The agency' })).toContainText('Can view')
  await ana.dialog.getByRole('button', { name: 'Close', exact: true }).click()

  const requests: string[] = []
  const context = await browser.newContext()
  const page = await context.newPage()
  page.on('request', (request) => requests.push(`${request.url()} ${JSON.stringify(request.headers())}`))
  await page.goto(address)
  await expect(page.getByRole('heading', { name: 'Open Launch plan' })).toBeVisible()
  expect([new URL(page.url()).pathname, new URL(page.url()).hash]).toEqual(['/l', ''])
  const token = address.split('#')[1] ?? ''
  expect(requests.filter((request) => request.includes(token))).toEqual([])
  expect(await findings(page)).toEqual([])
  const ben = await enterAs(page, '<img src=x onerror="document.title=1">')

  await expect(page.getByText('View only', { exact: true })).toBeVisible()
  await expect(ben.panel).toHaveCount(0)
  for (const name of ['Share', 'Import', 'Add row', 'Add field'])
    await expect(page.getByRole('button', { name, exact: true })).toHaveCount(0)
  await ana.type('TB-2', 'Summary', 'Seen live')
  await expect(ben.value('TB-2', 'Summary')).toHaveText('Seen live')

  await ben.focus('TB-2', 'Summary')
  await page.keyboard.type('x')
  await expect(ben.said).toContainText('View only')
  await ben.press('F2', 'Delete', 'Control+d')
  await ben.paste('pasted')
  await expect(page.getByRole('textbox', { name: 'Edit Summary' })).toHaveCount(0)
  await ana.type('TB-4', 'Summary', 'After that')
  await expect(ben.value('TB-4', 'Summary')).toHaveText('After that')
  await expect(ben.value('TB-2', 'Summary')).toHaveText('Seen live')
  await expect(ana.value('TB-2', 'Summary')).toHaveText('Seen live')
  // A name is text wherever it is shown.
  await expect(ana.page.getByRole('button', { name: 'Follow <img src=x onerror="document.title=1">' })).toBeVisible()
  await expect(ana.page).toHaveTitle(/Launch plan/)
  await context.close()
})

test('[SL41] a guest with an editor’s link types live with the others, each sees where the other is, and one follows the other', async ({
  enter,
  browser,
  server,
}) => {
  const person = await enter('Ana')
  const ana = await person.openWorkbook()
  const { address } = await makeLink(person, server, { role: 'editor' })
  const page = await openLink(browser, address)
  const ben = await enterAs(page, 'Ben')
  await expect(ana.page.getByRole('button', { name: '2 people here' })).toBeVisible()

  await ben.focus('TB-3', 'Summary')
  await page.keyboard.type('Typed but not yet sav')
  await expect(ana.cell('TB-3', 'Summary')).toContainText('Typed but not yet sav')
  await page.keyboard.type('ed')
  await expect(ana.cell('TB-3', 'Summary')).toContainText('Typed but not yet saved')
  await ben.press('Enter')
  await expect(ana.value('TB-3', 'Summary')).toHaveText('Typed but not yet saved')
  await ana.type('TB-5', 'Summary', 'From Ana')
  await expect(ben.value('TB-5', 'Summary')).toHaveText('From Ana')

  await page.getByRole('button', { name: 'Follow Ana' }).click()
  await expect(page.getByText('Following Ana')).toBeVisible()
  await ana.focus('TB-1', 'Key')
  await ana.press('Control+End')
  await expect(ben.row('TB-60')).toBeVisible()
  await ben.press('ArrowDown')
  await page.mouse.move(400, 400)
  await page.mouse.wheel(0, -50)
  await expect(page.getByText('Following Ana')).toHaveCount(0)

  await page.context().close()
  await expect(ana.page.getByRole('button', { name: 'Only you are here' })).toBeVisible()
  await ana.page.getByRole('button', { name: 'Only you are here' }).click()
  await expect(ana.dialog.getByRole('listitem').filter({ hasText: 'Ben' })).toContainText('by link')
})

test('[SL42] when a link is closed its guest is told by whom, sees what is safe, and takes along what was not sent', async ({
  enter,
  browser,
  server,
}) => {
  const person = await enter('Ana')
  const ana = await person.openWorkbook()
  const { id, address } = await makeLink(person, server, { role: 'editor' })
  const page = await openLink(browser, address)
  const ben = await enterAs(page, 'Ben')
  const cleoPage = await openLink(browser, address)
  const cleo = await enterAs(cleoPage, 'Cleo')

  await ben.workOffline()
  await ben.type('TB-7', 'Summary', 'Typed on the train')
  await expect(ben.saveState).toHaveText('Offline: 1 change kept on this device')

  await ana.page.getByRole('button', { name: 'Share' }).click()
  await ana.dialog.getByRole('button', { name: /^Close Edit link/ }).click()
  await ana.page.getByRole('button', { name: 'Close link', exact: true }).click()
  // Whoever is connected learns it by themselves, whoever is not when they come back.
  await expect(cleoPage.getByRole('alert').filter({ hasText: 'This link was closed by Ana.' })).toContainText(
    'Everything you typed was saved.',
  )
  await cleo.focus('TB-8', 'Summary')
  await cleoPage.keyboard.type('x')
  await expect(cleo.said).toContainText('the link has ended')

  await page.getByRole('button', { name: 'Go online' }).click()
  const notice = page.getByRole('alert').filter({ hasText: 'This link was closed by Ana.' })
  await expect(notice).toContainText('1 change you typed is kept on this device.')
  await expect(ben.value('TB-7', 'Summary')).toHaveText('Typed on the train')
  const download = page.waitForEvent('download')
  await notice.getByRole('button', { name: 'Save my changes as a file' }).click()
  expect(await readFile(await (await download).path(), 'utf8')).toContain('Typed on the train')

  const again = await openLink(browser, address)
  await expect(again.getByText('This link was closed by Ana.')).toBeVisible()
  const links = (await (
    await person.context.request.get(`/api/links?workbook=${new URL(ana.page.url()).pathname.split('/')[2]}`)
  ).json()) as {
    links: { id: string; state: string; uses: number }[]
  }
  expect(links.links).toEqual([expect.objectContaining({ id, state: 'closed', uses: 2 })])
  for (const opened of [page, cleoPage, again]) await opened.context().close()
})

test('[SL43] a link whose time is over ends for whoever is there, and says when to whoever comes late', async ({
  enter,
  browser,
  server,
}) => {
  const person = await enter('Ana')
  const { id, address } = await makeLink(person, server, { expiresAt: Date.now() + 600_000 })
  const page = await openLink(browser, address)
  await enterAs(page, 'Ben')
  await person.context.request.patch(`/api/links/${id}`, { data: { expiresAt: Date.now() + 500 } })
  await expect(page.getByRole('alert').filter({ hasText: 'This link ended on' })).toBeVisible()
  const late = await openLink(browser, address)
  await expect(late.getByText(/This link ended on \d+ \w+\./)).toBeVisible()
  await expect(late.getByText(/Ask Ana for a new link\./)).toBeVisible()
  for (const opened of [page, late]) await opened.context().close()
})

test('[SL44] a member who opens a link comes into the workbook as before, and a guest comes back without being asked again', async ({
  enter,
  browser,
  server,
}) => {
  const person = await enter('Ana')
  const { address } = await makeLink(person, server)
  const page = await person.newPage()
  await page.goto(address)
  const ana = new WorkbookWindow(page)
  await expect(ana.row('TB-1')).toBeVisible()
  await expect(page.getByRole('button', { name: 'Share' })).toBeVisible()
  await expect(page.getByText('View only', { exact: true })).toHaveCount(0)

  const guest = await openLink(browser, address, { viewport: { width: 390, height: 800 } })
  const ben = await enterAs(guest, 'Ben')
  await expect(guest.getByText('View only', { exact: true })).toBeVisible()
  await guest.goto(address)
  await expect(ben.row('TB-1')).toBeVisible()
  expect(new URL(guest.url()).pathname).toMatch(/^\/w\//)
  await guest.goto(`${server.origin}/`)
  await expect(guest.getByRole('heading', { name: 'This is not part of what was shared with you' })).toBeVisible()
  await guest.goto(`${server.origin}/l`)
  await expect(guest.getByRole('heading', { name: 'This address is not whole' })).toBeVisible()
  await guest.context().close()
})
