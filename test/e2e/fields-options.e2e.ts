import type { Page } from '@playwright/test'
import { expect, test } from './support/fixture.ts'
import type { WorkbookWindow } from './support/workbook-window.ts'

/** A cell of a field of this workbook, in the first rows. */
const cellOf = (page: Page, field: string, row: number) => ({
  head: page.getByRole('columnheader', { name: field, exact: true }),
  async cell() {
    const column = await this.head.getAttribute('aria-colindex')
    return page.locator(`[role=gridcell][aria-colindex="${column}"][data-row="${row}"]`)
  },
})

const shownIn = async (page: Page, field: string, row: number) => (await cellOf(page, field, row).cell()).locator('> :first-child')

async function addField({ page, dialog }: WorkbookWindow, name: string, type: string, options: readonly string[] = []): Promise<void> {
  await page.getByRole('button', { name: 'Add field' }).click()
  await dialog.getByText('A field of this workbook only').click()
  await dialog.getByRole('textbox', { name: 'Name' }).fill(name)
  await dialog.getByRole('option', { name: type, exact: true }).click()
  for (const option of options) {
    await dialog.getByRole('textbox', { name: 'New option' }).fill(option)
    await page.keyboard.press('Enter')
  }
  await dialog.getByRole('button', { name: 'Add field' }).click()
  await expect(dialog).toHaveCount(0)
}

/** Goes to a cell of the last column by the keyboard alone. */
async function goToLast(window: WorkbookWindow): Promise<void> {
  await window.focus('TB-1', 'Key')
  await window.press('End')
}

/** The menu of a column that is in sight. */
async function openMenu({ page }: WorkbookWindow, field: string, action: string): Promise<void> {
  const head = page.getByRole('columnheader', { name: field, exact: true })
  await expect(head).toBeVisible()
  await head.hover()
  await head.getByRole('button').first().click()
  await page.getByRole('menuitem', { name: action }).click()
}

test('[FT14] options are made while choosing, and their colours reach a second window', async ({ enter }) => {
  const ana = await (await enter('Ana')).openWorkbook()
  const ben = await (await enter('Ben')).openWorkbook()
  const { page } = ana
  await addField(ana, 'Tags', 'Multi select', ['Bug', 'Later'])
  await goToLast(ana)
  await page.keyboard.type('bug')
  await expect(page.getByRole('option', { name: 'Bug' })).toBeVisible()
  await ana.press('Enter')
  await page.keyboard.type('Urgent')
  await expect(page.getByRole('option', { name: 'Create “Urgent”' })).toBeVisible()
  await ana.press('Enter')
  await ana.press('Tab')
  await expect((await shownIn(page, 'Tags', 0)).locator('.chip')).toHaveText(['Bug', 'Urgent'])

  await openMenu(ana, 'Tags', 'Edit field…')
  await ana.dialog.getByRole('button', { name: 'Colour of Bug' }).click()
  await page.getByRole('radio', { name: 'Lime' }).dispatchEvent('click')
  await page.getByRole('button', { name: 'Save', exact: true }).click()
  await expect(ana.dialog).toHaveCount(0)

  await ben.focus('TB-1', 'Key')
  await ben.press('End')
  await expect((await shownIn(ben.page, 'Tags', 0)).locator('.chip').first()).toHaveAttribute('data-color', 'lime')

  await test.step('a deleted option says how many cells hold it, and can be taken out of them', async () => {
    await openMenu(ana, 'Tags', 'Edit field…')
    await ana.dialog.getByRole('button', { name: 'Delete Bug' }).click()
    await ana.dialog.getByRole('button', { name: 'Save', exact: true }).click()
    await expect(ana.dialog.getByText('1 cell holds “Bug”.')).toBeVisible()
    await ana.dialog.getByRole('button', { name: 'Take it out of those cells' }).click()
    await expect(ana.dialog).toHaveCount(0)
    await expect(await shownIn(ben.page, 'Tags', 0)).toHaveText('Urgent')
    await goToLast(ana)
    await ana.press('Control+z')
    await expect((await shownIn(page, 'Tags', 0)).locator('.chip')).toHaveText(['Bug', 'Urgent'])
  })
})
