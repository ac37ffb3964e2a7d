import type { Locator } from '@playwright/test'
import { expect, test } from './support/fixture.ts'
import type { WorkbookWindow } from './support/workbook-window.ts'

/** Lines are drawn in any order of elements: the first is known by its index. */
const FIRST_KEY = '[role=row][aria-rowindex="3"] [aria-colindex="2"]'

const tool = (window: WorkbookWindow, name: string): Locator =>
  window.page.getByRole('group', { name: 'View options' }).getByRole('button', { name, exact: true })
const tab = (window: WorkbookWindow, name: string): Locator =>
  window.page.getByRole('tablist', { name: 'Views' }).getByRole('tab', { name })
const count = (window: WorkbookWindow): Locator => window.page.getByRole('contentinfo', { name: 'Totals' })

/** Closes the panel that is open. */
async function close(window: WorkbookWindow): Promise<void> {
  await window.dialog.getByRole('button', { name: 'Close', exact: true }).click()
  await expect(window.dialog).toHaveCount(0)
}

/** Checks an option in the list that is open, and closes the list. */
async function chooseValue(window: WorkbookWindow, name: string): Promise<void> {
  const option = window.page.getByRole('checkbox', { name, exact: true })
  await option.check()
  await window.press('Escape')
  await expect(option).toHaveCount(0)
}

/** Asks for rows of one status. */
async function filterByStatus(window: WorkbookWindow, status: string): Promise<void> {
  const { page } = window
  await tool(window, 'Filter').click()
  await page.getByRole('button', { name: 'Add condition' }).click()
  await page.getByRole('combobox', { name: 'Field' }).selectOption({ label: 'Status' })
  await page.getByRole('button', { name: /^Value/ }).click()
  await chooseValue(window, status)
  await close(window)
}

async function sortBy(window: WorkbookWindow, field: string, direction: string): Promise<void> {
  await tool(window, 'Sort').click()
  await window.page.getByRole('button', { name: 'Add sorting' }).click()
  await window.page.getByRole('combobox', { name: 'Field' }).selectOption({ label: field })
  await window.page.getByRole('combobox', { name: 'Direction' }).selectOption({ label: direction })
  await close(window)
}

test('[VW13] a filter, a sorting and groups show what they ask for, and a reload keeps the view', async ({ enter }) => {
  const window = await (await enter('Ana')).openWorkbook()
  const { page, grid } = window
  await filterByStatus(window, 'Done')
  await expect(count(window)).toContainText('15 of 60 rows')
  await expect(tool(window, 'Filter · 1')).toBeVisible()
  await expect(window.row('TB-1')).toHaveCount(0)
  await expect(window.row('TB-2')).toBeVisible()

  await sortBy(window, 'Key', 'Descending')
  await expect(grid.locator(FIRST_KEY)).toHaveText('TB-55')

  await tool(window, 'Group').click()
  await page.getByRole('button', { name: 'Add grouping' }).click()
  // By the key each row would be a group of its own.
  await expect(page.getByRole('combobox', { name: 'Field' }).locator('option:checked')).toHaveText('Status')
  await page.getByRole('combobox', { name: 'Field' }).selectOption({ label: 'Priority' })
  await page.getByRole('combobox', { name: 'Figure of Story points' }).selectOption({ label: 'Sum' })
  await close(window)
  await expect(page.getByLabel('Figures of all rows that are shown')).toHaveText(/Story points\s*Sum \d/)
  await expect(grid).toHaveAttribute('aria-rowcount', '22')
  await tool(window, 'Group · 1').click()
  await page.getByRole('button', { name: 'Close all groups' }).click()
  await close(window)
  await expect(grid).toHaveAttribute('aria-rowcount', '7')
  await expect(window.row('TB-2')).toHaveCount(0)

  await page.reload()
  await expect(grid).toHaveAttribute('aria-rowcount', '7')
  await expect(tool(window, 'Filter · 1')).toBeVisible()
  await page.getByRole('button', { name: 'Reset', exact: true }).click()
  await expect(window.row('TB-1')).toBeVisible()
})

test('[VW14] a shared view is everybody’s, a personal one and unsaved changes are not', async ({ enter }) => {
  const ana = await (await enter('Ana')).openWorkbook()
  const ben = await (await enter('Ben')).openWorkbook()
  const create = async (name: string, who: string): Promise<void> => {
    await ana.page.getByRole('button', { name: 'New view…' }).click()
    await ana.page.getByRole('textbox', { name: 'Name of the view' }).fill(name)
    await ana.page.getByRole('radio', { name: who }).check()
    await ana.page.getByRole('button', { name: 'Create view' }).click()
    await expect(tab(ana, name)).toHaveAttribute('aria-selected', 'true')
  }
  await create('Only mine', 'Only me, on this device')
  await filterByStatus(ana, 'Done')
  await expect(ana.page.getByText('Only you see these changes')).toHaveCount(0)
  await tab(ana, 'All rows').click()
  await create('Triage', 'Everybody in this workbook')
  await expect(tab(ben, 'Triage')).toBeVisible()
  await expect(tab(ben, 'Only mine')).toHaveCount(0)

  await tab(ben, 'Triage').click()
  await filterByStatus(ana, 'Done')
  await expect(count(ana)).toContainText('15 of 60 rows')
  await expect(ana.page.getByText('Only you see these changes of the view.')).toBeVisible()
  await expect(count(ben)).toContainText('60 rows')
  await expect(ben.row('TB-1')).toBeVisible()
  await ana.page.getByRole('button', { name: 'Save for everybody' }).click()
  await expect(count(ben)).toContainText('15 of 60 rows')
  await expect(ana.page.getByText('Only you see these changes of the view.')).toHaveCount(0)

  await ana.page.getByRole('button', { name: 'More for the view Triage' }).click()
  await ana.page.getByRole('menuitem', { name: 'Delete' }).click()
  await expect(tab(ben, 'Triage')).toHaveCount(0)
  await ana.page.getByRole('button', { name: 'Undo', exact: true }).click()
  await expect(tab(ben, 'Triage')).toBeVisible()
})

test('[VW4][VW10] a row that is edited out of its filter stays until it is left, and a new row is made to match', async ({ enter }) => {
  const window = await (await enter('Ana')).openWorkbook()
  await filterByStatus(window, 'Done')
  await expect(count(window)).toContainText('15 of 60 rows')
  await window.choose('TB-8', 'Status', 'In Progress')
  await expect(window.row('TB-8')).toHaveAttribute('data-moving', 'true')
  await window.press('ArrowLeft')
  await expect(window.row('TB-8')).toBeVisible()
  await window.press('ArrowDown')
  await expect(window.row('TB-8')).toHaveCount(0)
  await expect(count(window)).toContainText('14 of 60 rows')

  await window.page.getByRole('button', { name: 'Add row', exact: true }).filter({ visible: true }).click()
  await expect(count(window)).toContainText('15 of 61 rows')
  await expect(window.grid.locator('[role=row][aria-rowindex="17"] [aria-colindex="4"]')).toHaveText(/Done/)
})

test('[VW15] colours follow their rules, and fields are hidden, found and put in another order', async ({ enter }) => {
  const window = await (await enter('Ana')).openWorkbook()
  const { page, grid } = window
  await tool(window, 'Colour').click()
  await page.getByRole('button', { name: 'Add colour rule' }).click()
  await page.getByRole('combobox', { name: 'Field' }).selectOption({ label: 'Status' })
  await page.getByRole('button', { name: /^Value/ }).click()
  await chooseValue(window, 'Done')
  await page.getByRole('radio', { name: 'Green' }).check()
  await close(window)
  await expect(window.row('TB-2')).toHaveAttribute('data-tint', 'green')
  await expect(window.row('TB-1')).not.toHaveAttribute('data-tint')

  await tool(window, 'Hide fields').click()
  await page.getByRole('searchbox', { name: 'Search the fields' }).fill('assig')
  await page.getByRole('checkbox', { name: 'Show Assignee' }).uncheck()
  await close(window)
  await expect(tool(window, 'Hide fields · 1')).toBeVisible()
  await expect(grid.getByRole('columnheader', { name: 'Assignee' })).toHaveCount(0)
  await expect(grid.getByRole('columnheader', { name: 'Status' })).toBeVisible()
})

test('[VW16] a filter that lets nothing through says so and is cleared, all of it by keyboard', async ({ enter }) => {
  const window = await (await enter('Ana')).openWorkbook()
  const { page } = window
  await tool(window, 'Filter').focus()
  await window.press('Enter')
  await page.getByRole('button', { name: 'Add condition' }).focus()
  await window.press('Enter')
  await expect(page.getByRole('combobox', { name: 'Field' })).toBeFocused()
  await page.keyboard.type('Summary')
  await window.press('Tab')
  await expect(page.getByRole('combobox', { name: 'Operator' })).toBeFocused()
  await window.press('Tab')
  await page.keyboard.type('nothing is called this')
  await window.press('Escape')
  await expect(page.getByText('No row matches the filter of this view.')).toBeVisible()
  await expect(count(window)).toContainText('0 of 60 rows')
  await page.getByRole('button', { name: 'Clear filter' }).focus()
  await window.press('Enter')
  await expect(window.row('TB-1')).toBeVisible()
})
