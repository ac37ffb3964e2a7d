import type { Locator, Page } from '@playwright/test'
import { findingsAtAnyWidth } from './support/axe.ts'
import { expect, test } from './support/fixture.ts'
import type { WorkbookWindow } from './support/workbook-window.ts'

const lane = (page: Page, name: string): Locator => page.getByRole('group', { name: new RegExp(`^${name}, \\d+ cards?$`) })
const card = (page: Page, key: string): Locator => page.getByRole('row', { name: new RegExp(`^${key} `) })
const cardIn = (page: Page, name: string, key: string): Locator => lane(page, name).getByRole('row', { name: new RegExp(`^${key} `) })

/** Shows the view as another layout by its menu. */
async function showAs({ page }: WorkbookWindow, layout: string): Promise<void> {
  await page.getByRole('button', { name: /^Layout:/ }).click()
  await page.getByRole('menuitemradio', { name: layout }).click()
}

test('[BD3][BD6][BD9] rows are cards in the lanes of their status, and a card that moves is staged, followed and taken back', async ({
  enter,
}) => {
  const ana = await (await enter('Ana')).openWorkbook()
  const { page } = ana
  await test.step('the board asks for its lanes and proposes the status', async () => {
    await showAs(ana, 'Board')
    await expect(page.getByRole('heading', { name: 'What are the lanes of this board?' })).toBeVisible()
    await page.getByRole('button', { name: /^Status Single select, proposed/ }).click()
    await expect(cardIn(page, 'To Do', 'TB-1')).toBeFocused()
    await expect(lane(page, 'Done')).toContainText('15')
    await page.getByRole('button', { name: 'Save for everybody' }).click()
    expect(await findingsAtAnyWidth(page)).toEqual([])
  })

  const theirs = await (await enter('Ben')).newPage()
  await theirs.goto(page.url())
  await expect(cardIn(theirs, 'To Do', 'TB-1')).toBeVisible()

  await test.step('a card is dragged to another lane: staged, seen by the other window, taken back', async () => {
    await card(page, 'TB-1').dragTo(lane(page, 'In Progress'))
    await expect(cardIn(page, 'In Progress', 'TB-1')).toBeFocused()
    await expect(card(page, 'TB-1')).toHaveAttribute('data-state', 'staged')
    await expect(card(page, 'TB-1')).toHaveAttribute('aria-description', /Status: Staged: To Do → In Progress/)
    await expect(ana.thisCell).toContainText('Staged: To Do → In Progress')
    await expect(cardIn(theirs, 'In Progress', 'TB-1')).toBeVisible()
    await ana.press('Control+z')
    await expect(cardIn(page, 'To Do', 'TB-1')).toBeFocused()
    await expect(card(page, 'TB-1')).not.toHaveAttribute('data-state', 'staged')
    await expect(cardIn(theirs, 'To Do', 'TB-1')).toBeVisible()
  })

  await test.step('by keyboard: to the next lane, within the lane, from the menu, and into the row', async () => {
    await ana.press('Alt+ArrowRight')
    await expect(cardIn(page, 'In Progress', 'TB-1')).toBeFocused()
    await expect(ana.said).toHaveText(/TB-1 moved to In Progress\./)
    await ana.press('ArrowDown', 'ArrowUp')
    await expect(card(page, 'TB-1')).toBeFocused()
    const place = Number(await card(page, 'TB-1').getAttribute('aria-rowindex'))
    await ana.press('Alt+ArrowDown')
    await expect(card(page, 'TB-1')).toHaveAttribute('aria-rowindex', String(place + 1))
    await ana.press('m')
    await page.getByRole('menuitemradio', { name: 'Done' }).click()
    await expect(cardIn(page, 'Done', 'TB-1')).toBeFocused()
    await ana.press('Enter')
    await expect(page.getByRole('button', { name: 'Close the row' })).toBeVisible()
    await ana.press('Escape')
    await expect(card(page, 'TB-1')).toBeFocused()
    await ana.press('Shift+F10')
    await expect(page.getByRole('menu', { name: 'Menu of TB-1' })).toBeVisible()
    await ana.press('Escape')
    await expect(card(page, 'TB-1')).toBeFocused()
  })

  await test.step('back in the grid the row is the one that is selected', async () => {
    await showAs(ana, 'Grid')
    await expect(ana.cell('TB-1', 'Status')).toHaveAttribute('data-active', 'true')
    await expect(ana.value('TB-1', 'Status')).toHaveText('Done')
  })
})

test('[BD10] a board works without a network and on a phone, makes rows in a lane, and tells a viewer why nothing moves', async ({
  enter,
  browser,
}) => {
  const ana = await enter('Ana')
  const window = await ana.openWorkbook()
  const { page } = window
  await showAs(window, 'Board')
  await page.getByRole('button', { name: /proposed/ }).click()
  await page.getByRole('button', { name: 'Save for everybody' }).click()
  await expect(card(page, 'TB-1')).toBeVisible()
  await window.expectSaved()

  await test.step('offline a row is made in a lane, and a lane is closed', async () => {
    await window.workOffline()
    await page.getByRole('button', { name: 'New row in Done' }).click()
    await expect(page.getByRole('button', { name: 'Close the row' })).toBeVisible()
    await window.press('Escape')
    await expect(lane(page, 'Done')).toContainText('16')
    await expect(lane(page, 'Done').getByRole('row').and(page.locator(':focus'))).toBeVisible()
    await page.getByRole('button', { name: 'Close the lane To Do' }).click()
    await expect(card(page, 'TB-1')).toHaveCount(0)
    await page.getByRole('button', { name: 'Open the lane To Do' }).click()
    await expect(card(page, 'TB-1')).toBeVisible()
    await window.goOnline()
  })

  await test.step('a viewer on a phone sees it, and is told why nothing moves', async () => {
    await page.getByRole('button', { name: 'Share', exact: true }).click()
    await window.dialog.getByRole('radio', { name: 'Can view' }).check()
    await window.dialog.getByRole('button', { name: 'Create link' }).click()
    const address = await window.dialog.getByRole('textbox', { name: 'Address of the new link' }).inputValue()
    const context = await browser.newContext({ viewport: { width: 390, height: 844 }, hasTouch: true })
    const guest = await context.newPage()
    await guest.goto(address)
    await guest.getByRole('textbox', { name: 'Your name' }).fill('Gil')
    await guest.getByRole('button', { name: 'Open the workbook' }).click()
    await expect(card(guest, 'TB-1')).toBeVisible()
    await card(guest, 'TB-1').focus()
    await guest.keyboard.press('Alt+ArrowRight')
    await expect(cardIn(guest, 'To Do', 'TB-1')).toBeFocused()
    await expect(guest.getByRole('contentinfo', { name: 'Totals' }).getByRole('status')).toHaveText(/./)
    await expect(guest.getByRole('button', { name: /^New row in/ })).toHaveCount(0)
    await context.close()
  })
})
