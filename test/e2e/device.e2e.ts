import { readFile } from 'node:fs/promises'
import type { BrowserContext, Page } from '@playwright/test'
import { expect, test } from './support/fixture.ts'
import type { WorkbookWindow } from './support/workbook-window.ts'

// What works without a network works by it.
test.use({ serviceWorkers: 'allow' })

/** Ends the process that draws a page, as a crash does. */
async function crash(context: BrowserContext, page: Page): Promise<void> {
  const cdp = await context.newCDPSession(page)
  const crashed = page.waitForEvent('crash')
  // Never answered: there is nobody left to answer.
  void Promise.allSettled([cdp.send('Page.crash')])
  await crashed
  await page.close()
}

/** All the save line shows: a window that opens without a network may know of none, or try to connect. */
const line = (window: WorkbookWindow) => window.page.locator('[data-save]')

const openDevice = (window: WorkbookWindow) => window.page.getByRole('button', { name: /This device$/ }).click()

test('[OF7] what is shown as kept on this device is there after the page’s process has crashed', async ({ enter }) => {
  const ana = await enter('Ana')
  let window = await ana.openWorkbook()
  await window.expectKept()
  await ana.context.setOffline(true)
  for (let round = 1; round <= 3; round++) {
    await window.type(`TB-${round}`, 'Summary', `Before crash ${round}`)
    await expect(line(window)).toContainText(`${round} change${round === 1 ? '' : 's'} kept on this device`)
    await crash(ana.context, window.page)
    window = await ana.openWorkbook()
    await expect(window.value(`TB-${round}`, 'Summary')).toHaveText(`Before crash ${round}`)
  }
  await expect(line(window)).toContainText('3 changes kept on this device')
  await ana.context.setOffline(false)
  await window.expectSaved()
})

test('[OF8] two windows without a network see each other’s edits, and one sends what the other left', async ({ enter }) => {
  const [ana, ben] = [await enter('Ana'), await enter('Ben')]
  const [left, right] = [await ana.openWorkbook(), await ana.openWorkbook()]
  await left.expectSaved()
  await right.expectSaved()
  await ana.context.setOffline(true)
  for (const window of [left, right]) await expect(window.saveState).toHaveText('Offline: everything is saved')
  await left.type('TB-1', 'Summary', 'From the left')
  await expect(right.value('TB-1', 'Summary')).toHaveText('From the left')
  await right.type('TB-2', 'Summary', 'From the right')
  await expect(left.value('TB-2', 'Summary')).toHaveText('From the right')
  for (const window of [left, right]) await expect(window.saveState).toHaveText('Offline: 2 changes kept on this device')

  await left.page.close()
  await expect(right.saveState).toHaveText('Offline: 2 changes kept on this device')
  await ana.context.setOffline(false)
  await right.expectSaved()
  const theirs = await ben.openWorkbook()
  await expect(theirs.value('TB-1', 'Summary')).toHaveText('From the left')
  await expect(theirs.value('TB-2', 'Summary')).toHaveText('From the right')
  const counts = await right.page.evaluate(() => Object.keys(localStorage).filter((key) => key.startsWith('tidebook.unsent')))
  expect(counts).toEqual([])
})

test('[OF11] after an absence it is said how much others have changed', async ({ enter }) => {
  const [ana, ben] = [await enter('Ana'), await enter('Ben')]
  const [mine, theirs] = [await ana.openWorkbook(), await ben.openWorkbook()]
  await mine.expectSaved()
  await ana.context.setOffline(true)
  await expect(mine.saveState).toHaveText(/^Offline/)
  for (const key of ['TB-1', 'TB-2', 'TB-3']) await theirs.type(key, 'Summary', `Ben was at ${key}`)
  await theirs.expectSaved()
  await ana.context.setOffline(false)
  await expect(mine.page.getByText(/^Caught up \d+ changes$/).first()).toBeVisible()
  await expect(mine.value('TB-3', 'Summary')).toHaveText('Ben was at TB-3')
  await mine.expectSaved()
})

test('[OF4] without room on this device it is said that nothing is kept, and it is kept once there is room', async ({ enter, server }) => {
  const ana = await enter('Ana')
  const first = await ana.openWorkbook()
  await first.expectKept()
  await first.page.close()
  const cdp = await ana.context.newCDPSession(await ana.newPage())
  // Chromium reckons what is left for half a minute, and anew where the storage was emptied.
  await cdp.send('Storage.clearDataForOrigin', { origin: server.origin, storageTypes: 'indexeddb' })
  await cdp.send('Storage.overrideQuotaForOrigin', { origin: server.origin, quotaSize: 1 })
  const window = await ana.openWorkbook()
  await window.workOffline()
  await window.type('TB-1', 'Summary', 'No room for this')
  await expect(window.saveState).toHaveText('Offline: 1 change only in this window. Keep it open.')
  await openDevice(window)
  await expect(window.dialog).toContainText('This browser has no room left.')
  await window.press('Escape')
  await cdp.send('Storage.overrideQuotaForOrigin', { origin: server.origin })
  await window.type('TB-2', 'Summary', 'Room again')
  await expect(window.saveState).toHaveText('Offline: 2 changes kept on this device')
  await window.goOnline()
})

test('[OF5] storage that is cleared under an open window is written again from what the window holds', async ({ enter, server }) => {
  const ana = await enter('Ana')
  let window = await ana.openWorkbook()
  await window.expectKept()
  await ana.context.setOffline(true)
  await window.type('TB-1', 'Summary', 'Older than the clearing')
  await expect(window.saveState).toHaveText('Offline: 1 change kept on this device')
  const cdp = await ana.context.newCDPSession(window.page)
  await cdp.send('Storage.clearDataForOrigin', { origin: server.origin, storageTypes: 'indexeddb' })
  await window.type('TB-2', 'Summary', 'Newer than the clearing')
  await expect(window.saveState).toHaveText('Offline: 2 changes kept on this device')
  await window.page.close()
  window = await ana.openWorkbook()
  await expect(window.value('TB-1', 'Summary')).toHaveText('Older than the clearing')
  await expect(window.value('TB-2', 'Summary')).toHaveText('Newer than the clearing')
})

test('[OF13] a workbook is forgotten on this device only when a person has seen what would be lost', async ({ enter }) => {
  const ana = await enter('Ana')
  const [window, second] = [await ana.openWorkbook(), await ana.openWorkbook()]
  await window.expectKept()
  const keptViews = () => window.page.evaluate(() => Object.keys(localStorage).filter((key) => key.startsWith('tidebook.views|')).length)
  await second.page.getByRole('button', { name: 'Group', exact: true }).click()
  await second.page.getByRole('button', { name: 'Add grouping' }).click()
  await expect.poll(keptViews).toBe(1)
  await ana.context.setOffline(true)
  await window.type('TB-1', 'Summary', 'Never sent')
  await expect(window.saveState).toHaveText('Offline: 1 change kept on this device')
  await openDevice(window)
  await expect(window.dialog).toContainText(/Launch plan.*B/)
  await expect(window.dialog).toContainText('1 change is not on the server yet.')

  await test.step('the change is exported', async () => {
    const downloading = window.page.waitForEvent('download')
    await window.dialog.getByRole('button', { name: 'Export unsent changes' }).click()
    const file = JSON.parse(await readFile(await (await downloading).path(), 'utf8')) as { documents: { cells: { value: unknown }[] }[] }
    expect(file.documents.map(({ cells }) => cells.map(({ value }) => value))).toEqual([['Never sent']])
  })

  await window.dialog.getByRole('button', { name: 'Forget this workbook on this device' }).click()
  await expect(window.dialog.getByRole('alert')).toContainText('1 change not on the server yet would be lost for good.')
  await window.dialog.getByRole('button', { name: 'Forget, and lose 1 change' }).click()
  await expect(window.page.getByText('No connection, and this device keeps no workbook.')).toBeVisible()
  await expect(second.page.getByRole('heading', { name: 'This workbook was forgotten on this device' })).toBeVisible()
  expect(await keptViews()).toBe(0)

  await ana.context.setOffline(false)
  const again = await ana.openWorkbook()
  await again.expectSaved()
  await expect(again.value('TB-1', 'Summary')).not.toHaveText('Never sent')
})

test('[OF14] a browser that starts without a network shows the workbooks of this device and opens them', async ({ enter }) => {
  const ana = await enter('Ana')
  const visited = await ana.openWorkbook()
  await visited.type('TB-1', 'Summary', 'Typed at home')
  await visited.expectSaved()
  await visited.expectKept()
  await visited.page.goto('/')
  await expect(visited.page.getByRole('link', { name: /Launch plan.*on this device/ })).toBeVisible()
  await expect.poll(() => visited.page.evaluate(async () => (await caches.match('/__uses/')) !== undefined)).toBe(true)
  await visited.page.request.post('/api/workbooks', { data: { name: 'Never opened here' } })
  await visited.page.reload()
  await expect(visited.page.getByRole('link', { name: /Never opened here/ })).toBeVisible()
  await visited.page.close()

  await ana.context.setOffline(true)
  const page = await ana.newPage()
  await page.goto('/')
  await expect(page.getByRole('status')).toHaveText('No connection. These workbooks open from this device.')
  await expect(page.getByRole('link', { name: /Never opened here/ })).toHaveCount(0)
  await page.getByRole('link', { name: /Launch plan/ }).click()
  await expect(page.getByRole('row').filter({ hasText: 'Typed at home' })).toBeVisible()
  await expect(page.locator('[data-save]')).toHaveAttribute('data-save', /^(?:offline|reconnecting)$/)
})

test('[OF15] edits of an earlier generation that were never sent are offered, written on request, and then gone', async ({ enter }) => {
  const ana = await enter('Ana')
  let window = await ana.openWorkbook()
  await window.expectSaved()
  await ana.context.setOffline(true)
  await expect(window.saveState).toHaveText(/^Offline/)
  await window.type('TB-1', 'Summary', 'From an earlier sheet')
  await expect(window.saveState).toHaveText('Offline: 1 change kept on this device')
  // As if it had been typed before the sheet's document got its present generation.
  await window.page.evaluate(async () => {
    const database = await new Promise<IDBDatabase>((resolve, reject) => {
      const opening = indexedDB.open('tidebook')
      opening.onsuccess = () => resolve(opening.result)
      opening.onerror = () => reject(opening.error)
    })
    const store = database.transaction('unsent', 'readwrite').objectStore('unsent')
    await new Promise<void>((resolve, reject) => {
      const walking = store.openCursor()
      walking.onerror = () => reject(walking.error)
      walking.onsuccess = () => {
        const cursor = walking.result
        const [name, owner, at] = (cursor?.key ?? []) as [string?, string?, number?]
        if (cursor === null || name === undefined || owner === undefined || at === undefined) return resolve()
        if (name.includes('/edits.')) store.put(cursor.value, [name.replace(/\.\d+$/, '.77'), 'older', at])
        cursor.continue()
      }
    })
    database.close()
  })
  await window.type('TB-1', 'Summary', 'Typed since')
  await ana.context.setOffline(false)
  await window.expectSaved()
  await window.page.close()

  window = await ana.openWorkbook()
  await expect(window.page.getByText('1 change from before this sheet was renewed waits for you.')).toBeVisible()
  await window.page.getByRole('button', { name: 'Look' }).click()
  await expect(window.dialog).toContainText('From an earlier sheet')
  await expect(window.dialog).toContainText('Now in the sheet: Typed since')
  await window.dialog.getByRole('button', { name: 'Write 1 value' }).click()
  await expect(window.dialog).toHaveCount(0)
  await expect(window.value('TB-1', 'Summary')).toHaveText('From an earlier sheet')
  await window.expectSaved()
})

test('[OF1] the save line is never cut on a phone', async ({ enter }) => {
  const ana = await enter('Ana', { viewport: { width: 390, height: 844 } })
  const window = await ana.openWorkbook()
  const pill = window.page.locator('[data-save]')
  const expectWhole = async (words: RegExp): Promise<void> => {
    await expect(pill).toContainText(words)
    const { right, isCut } = await pill.evaluate((element) => ({
      right: element.getBoundingClientRect().right,
      isCut: [element, ...element.querySelectorAll('button, button > span:not(.hidden)')].some(
        (e) => e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 0 && getComputedStyle(e).overflow !== 'visible',
      ),
    }))
    expect({ isInside: right <= 390, isCut }).toEqual({ isInside: true, isCut: false })
  }
  await expectWhole(/Saved/)
  await window.workOffline()
  await expectWhole(/Offline/)
  await window.type('TB-1', 'Summary', 'On a phone')
  await expectWhole(/Offline: 1 kept/)
  await window.goOnline()
  await expectWhole(/Saved/)
})
