import { expect, type Page } from '@playwright/test'
import type { WorkbookWindow } from './workbook-window.ts'

/** A cell of a field of this workbook, in the first rows. */
export const cellOf = (page: Page, field: string, row: number) => ({
  head: page.getByRole('columnheader', { name: field, exact: true }),
  async cell() {
    const column = await this.head.getAttribute('aria-colindex')
    return page.locator(`[role=gridcell][aria-colindex="${column}"][data-row="${row}"]`)
  },
})

export const shownIn = async (page: Page, field: string, row: number) => (await cellOf(page, field, row).cell()).locator('> :first-child')

export async function addField(
  { page, dialog }: WorkbookWindow,
  name: string,
  type: string,
  options: readonly string[] = [],
): Promise<void> {
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
export async function goToLast(window: WorkbookWindow): Promise<void> {
  await window.focus('TB-1', 'Key')
  await window.press('End')
  // A dialog that has just closed may still be giving the focus back: keys go where it is.
  const last = (await window.grid.getAttribute('aria-colcount')) ?? ''
  await expect(window.grid.locator('[role=gridcell]:focus')).toHaveAttribute('aria-colindex', last)
}

/** The menu of a column that is in sight. */
export async function openMenu({ page }: WorkbookWindow, field: string, action: string): Promise<void> {
  const head = page.getByRole('columnheader', { name: field, exact: true })
  await expect(head).toBeVisible()
  await head.hover()
  await head.getByRole('button').first().click()
  await page.getByRole('menuitem', { name: action }).click()
}
