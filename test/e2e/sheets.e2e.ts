import type { Locator } from '@playwright/test'
import { findings } from './support/axe.ts'
import { expect, test } from './support/fixture.ts'
import type { WorkbookWindow } from './support/workbook-window.ts'

const tabs = ({ page }: WorkbookWindow): Locator => page.getByRole('tablist', { name: 'Sheets' })
const tab = (window: WorkbookWindow, name: string): Locator => tabs(window).getByRole('tab', { name, exact: true })
const names = (window: WorkbookWindow): Locator => tabs(window).getByRole('tab')
const add = ({ page }: WorkbookWindow): Promise<void> => page.getByRole('button', { name: 'Add a sheet' }).click()

async function addSheet(window: WorkbookWindow, name: string): Promise<void> {
  await add(window)
  await expect(tab(window, name)).toHaveAttribute('aria-selected', 'true')
}

test('[ST1] [ST2] a sheet is added, named, and put elsewhere by keys and by drag; each is one step', async ({ enter }) => {
  const window = await (await enter('Ana')).openWorkbook()
  const { page } = window
  await expect(names(window)).toHaveText(['Sheet 1', 'Customers'])
  await addSheet(window, 'Sheet 2')
  await expect(page.getByRole('grid', { name: /^Sheet 2/ })).toBeVisible()
  await expect(page.getByRole('columnheader', { name: 'Name' })).toBeVisible()

  await tab(window, 'Sheet 2').dblclick()
  await page.getByRole('textbox', { name: 'New name of Sheet 2' }).fill('Budget')
  await window.press('Enter')
  await expect(names(window)).toHaveText(['Sheet 1', 'Budget', 'Customers'])
  await expect(page.getByRole('grid', { name: /^Budget/ })).toBeVisible()
  await expect(tab(window, 'Budget')).toBeFocused()

  await window.press('Alt+Shift+ArrowLeft')
  await expect(names(window)).toHaveText(['Budget', 'Sheet 1', 'Customers'])
  await expect(window.said).toHaveText('Budget is sheet 1 of 3.')
  await window.press('F2')
  await page.getByRole('textbox', { name: 'New name of Budget' }).fill('  ')
  await window.press('Enter')
  await expect(names(window)).toHaveText(['Budget', 'Sheet 1', 'Customers'])

  await window.press('Escape', 'Control+z')
  await expect(names(window)).toHaveText(['Sheet 1', 'Budget', 'Customers'])
  await window.press('Control+z')
  await expect(names(window)).toHaveText(['Sheet 1', 'Sheet 2', 'Customers'])

  const [from, to] = [await tab(window, 'Sheet 2').boundingBox(), await tab(window, 'Sheet 1').boundingBox()]
  if (from === null || to === null) throw new Error('Tabs have no place')
  await page.mouse.move(from.x + 20, from.y + 10)
  await page.mouse.down()
  await page.mouse.move(to.x + 4, to.y + 10, { steps: 4 })
  await page.mouse.up()
  await expect(names(window)).toHaveText(['Sheet 2', 'Sheet 1', 'Customers'])
})

test('[ST6] each sheet keeps its place and selection, is reached by keys, list and palette, and has an address', async ({ enter }) => {
  const ana = await enter('Ana')
  const window = await ana.openWorkbook()
  const { page } = window
  await window.focus('TB-3', 'Status')
  await addSheet(window, 'Sheet 2')
  await expect(page).toHaveURL(/\/w\/[0-9A-Za-z]+\/[0-9A-Za-z]+$/)
  const address = page.url()
  await window.press('Control+PageUp')
  await expect(tab(window, 'Sheet 1')).toHaveAttribute('aria-selected', 'true')
  await expect(window.cell('TB-3', 'Status')).toBeFocused()

  await window.press('Control+End')
  await expect(window.focused).toHaveAttribute('data-row', '59')
  await window.press('Control+PageDown')
  await expect(tab(window, 'Sheet 2')).toHaveAttribute('aria-selected', 'true')
  await page.goBack()
  await expect(tab(window, 'Sheet 1')).toHaveAttribute('aria-selected', 'true')
  await expect(page.locator('[role=gridcell][data-active]')).toHaveAttribute('data-row', '59')
  await expect(page.locator('[role=gridcell][data-active]')).toBeInViewport()

  await window.press('Alt+Shift+k')
  await page.getByRole('menu', { name: 'All sheets' }).getByRole('menuitemradio', { name: 'Sheet 2' }).click()
  await expect(tab(window, 'Sheet 2')).toHaveAttribute('aria-selected', 'true')
  await window.press('Control+k')
  await page.keyboard.type('Sheet 1')
  await window.press('Enter')
  await expect(tab(window, 'Sheet 1')).toHaveAttribute('aria-selected', 'true')

  const other = await ana.newPage()
  await other.goto(address)
  await expect(other.getByRole('tab', { name: 'Sheet 2', selected: true })).toBeVisible()
  const { pathname } = new URL(address)
  const [, , workbook, sheet] = pathname.split('/')
  await other.goto(`/w/${workbook}?sheet=${sheet}`)
  await expect(other.getByRole('tab', { name: 'Sheet 2', selected: true })).toBeVisible()
})

test('[ST3] deleting says what goes along, and undo brings the sheet back; the last one stays', async ({ enter }) => {
  const window = await (await enter('Ana')).openWorkbook()
  const { page } = window
  await tab(window, 'Customers').click({ button: 'right' })
  await page.getByRole('menuitem', { name: 'Delete…' }).click()
  await expect(window.dialog).toContainText('rests: nothing is pulled')
  await window.dialog.getByRole('button', { name: 'Delete sheet' }).click()
  await expect(names(window)).toHaveText(['Sheet 1'])
  await tab(window, 'Sheet 1').focus()
  await window.press('Delete')
  await expect(window.said).toHaveText('A workbook keeps one sheet at least. Add another one first.')

  await addSheet(window, 'Sheet 2')
  await tab(window, 'Sheet 1').click()
  await tab(window, 'Sheet 1').focus()
  await window.press('Delete')
  await expect(window.dialog).toContainText('Its 60 rows go with it')
  await expect(window.dialog).toContainText('Jira · Issues rests')
  await window.dialog.getByRole('button', { name: 'Delete sheet' }).click()
  await expect(names(window)).toHaveText(['Sheet 2'])
  await window.grid.focus()
  await window.press('Control+z')
  await expect(names(window)).toHaveText(['Sheet 1', 'Sheet 2'])
  await expect(window.row('TB-1')).toBeVisible()

  // An empty sheet asks nothing, and comes back from the list, too.
  await tab(window, 'Sheet 2').click()
  await page.getByRole('button', { name: 'Menu of Sheet 2' }).click()
  await page.getByRole('menuitem', { name: 'Delete…' }).click()
  await expect(names(window)).toHaveText(['Sheet 1'])
  await page.getByRole('button', { name: 'All sheets' }).click()
  await page.getByRole('menuitem', { name: 'Bring back Sheet 2' }).click()
  await expect(tab(window, 'Sheet 2')).toHaveAttribute('aria-selected', 'true')
})

test('[ST4] a copy shows the same rows, and what is typed into it stays its own', async ({ enter }) => {
  const window = await (await enter('Ana')).openWorkbook()
  const { page } = window
  await page.getByRole('button', { name: 'Menu of Sheet 1' }).click()
  await page.getByRole('menuitem', { name: 'Duplicate' }).click()
  await expect(tab(window, 'Copy of Sheet 1')).toHaveAttribute('aria-selected', 'true')
  await expect(window.row('TB-60')).toHaveCount(0)
  await expect(window.value('TB-1', 'Summary')).toHaveText('Write the launch announcement')
  await expect(window.value('TB-2', 'Status')).toHaveText('Done')
  await expect(window.said).toContainText('Copy of Sheet 1 has 60 rows.')
  await window.type('TB-1', 'Summary', 'Only here')
  await tab(window, 'Sheet 1').click()
  await expect(window.value('TB-1', 'Summary')).toHaveText('Write the launch announcement')
})

test('[ST7] two people see each other’s sheets at once, and where each of them is', async ({ enter }) => {
  const [ana, ben] = [await enter('Ana'), await enter('Ben')]
  const [window, theirs] = [await ana.openWorkbook(), await ben.openWorkbook()]
  await addSheet(window, 'Sheet 2')
  await expect(names(theirs)).toHaveText(['Sheet 1', 'Sheet 2', 'Customers'])
  await expect(tab(theirs, 'Sheet 2')).toHaveAttribute('aria-description', 'Ana is here.')
  await expect(tab(window, 'Sheet 1')).toHaveAttribute('aria-description', 'Ben is here.')
  await tab(theirs, 'Sheet 2').click()
  await expect(theirs.page.getByRole('grid', { name: /^Sheet 2/ })).toBeVisible()

  await tab(window, 'Sheet 2').focus()
  await window.press('Delete')
  await expect(names(theirs)).toHaveText(['Sheet 1', 'Customers'])
  await expect(theirs.said).toHaveText('Sheet 2 was deleted. It can be brought back from the list of sheets. This is Customers.')
  await expect(tab(theirs, 'Customers')).toHaveAttribute('aria-selected', 'true')
})

test('[ST2] [ST1] without a network sheets are named and placed, and a new one says that it needs the server', async ({ enter }) => {
  const window = await (await enter('Ana')).openWorkbook()
  const { page } = window
  await addSheet(window, 'Sheet 2')
  await window.expectSaved()
  await window.workOffline()
  await add(window)
  await expect(window.said).toContainText('A new sheet is made by the server')
  await tab(window, 'Sheet 2').focus()
  await window.press('F2')
  await page.keyboard.type('Offline')
  await window.press('Enter')
  await expect(tab(window, 'Offline')).toBeFocused()
  await expect(names(window)).toHaveText(['Sheet 1', 'Offline', 'Customers'])
  await window.press('Alt+Shift+ArrowLeft')
  await expect(names(window)).toHaveText(['Offline', 'Sheet 1', 'Customers'])
  await window.goOnline()
  await expect
    .poll(async () => {
      const id = new URL(page.url()).pathname.split('/')[2]
      const answer = await page.request.get(`/api/workbooks/${id}`)
      return ((await answer.json()) as { sheets: { name: string }[] }).sheets.map(({ name }) => name)
    })
    .toEqual(['Offline', 'Sheet 1', 'Customers'])
})

/** The middle of something, in pixels of the window. */
async function middleOf(place: Locator): Promise<{ readonly x: number; readonly y: number }> {
  const box = await place.boundingBox()
  if (box === null) throw new Error('It has no place')
  return { x: box.x + box.width / 2, y: box.y + box.height / 2 }
}

/** Presses here, moves there in steps, and lets go; `key` is held at the end. */
async function drag({ page }: WorkbookWindow, from: Locator, to: Locator, key?: string): Promise<void> {
  const [start, end] = [await middleOf(from), await middleOf(to)]
  await page.mouse.move(start.x, start.y)
  await page.mouse.down()
  await page.mouse.move(end.x, end.y, { steps: 6 })
  if (key !== undefined) await page.keyboard.down(key)
  await page.mouse.up()
  if (key !== undefined) await page.keyboard.up(key)
}

test('[ST9] one undo takes back what was cut from one sheet into another, on both of them', async ({ enter }) => {
  const window = await (await enter('Ana')).openWorkbook()
  const { page } = window
  await window.page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
  await window.type('TB-1', 'Notes', 'moves')
  await window.focus('TB-1', 'Notes')
  await window.press('Control+x')
  await addSheet(window, 'Sheet 2')
  await page.getByRole('button', { name: 'Add row' }).first().click()
  await expect(window.focused).toHaveAttribute('data-row', '0')
  await window.press('Control+v')
  await expect(window.focused).toHaveText('moves')
  await window.press('Control+z')
  await expect(window.focused).toHaveText('')
  await tab(window, 'Sheet 1').click()
  await window.press('Control+Home')
  await window.focus('TB-1', 'Notes')
  await expect(window.value('TB-1', 'Notes')).toHaveText('moves')
})

test('[KB7] [GR6] the corner of a selection drags a series on, and with Ctrl a copy', async ({ enter }) => {
  const window = await (await enter('Ana')).openWorkbook()
  const { page } = window
  const points = (key: string) => window.value(key, 'Story points')
  await window.type('TB-1', 'Story points', '1')
  await window.type('TB-2', 'Story points', '2')
  const select = async (): Promise<void> => {
    await window.cell('TB-1', 'Story points').click()
    await window.press('Shift+ArrowDown')
  }
  await select()
  await drag(window, page.locator('.fill-handle'), window.cell('TB-4', 'Story points'))
  await expect(points('TB-4')).toHaveText('4')
  await window.press('Control+z')
  await select()
  await drag(window, page.locator('.fill-handle'), window.cell('TB-4', 'Story points'), 'Control')
  await expect(points('TB-3')).toHaveText('1')
  await expect(points('TB-4')).toHaveText('2')
})

test('[KB21] [KB14] a row is dragged by its grip, and in a sorted view it is said why not', async ({ enter }) => {
  const window = await (await enter('Ana')).openWorkbook()
  const { page } = window
  const rowOf = (key: string) => window.row(key).getByRole('rowheader')
  const placeOf = (key: string) => window.cell(key, 'Key')
  await rowOf('TB-1').hover()
  await drag(window, window.row('TB-1').locator('.row-grip'), rowOf('TB-4'))
  await expect(placeOf('TB-1')).toHaveAttribute('data-row', '3')
  await window.grid.press('Control+z')
  await expect(placeOf('TB-1')).toHaveAttribute('data-row', '0')

  await window.focus('TB-3', 'Priority')
  await window.press('Alt+ArrowDown')
  await page.getByRole('menuitem', { name: 'Sort A to Z' }).click()
  await window.focus('TB-3', 'Key')
  await window.press('Alt+Shift+ArrowDown')
  await expect(window.said).toHaveText('This view sorts its rows: clear the sort to move them by hand.')
})

test('[ST10] hiding and moving a field in a view are steps; a row made in a group is of that group', async ({ enter }) => {
  const window = await (await enter('Ana')).openWorkbook()
  const { page } = window
  const head = (name: string) => page.getByRole('columnheader', { name, exact: true })
  await window.focus('TB-1', 'Summary')
  await window.press('Alt+ArrowDown')
  await page.getByRole('menuitem', { name: 'Hide field' }).click()
  await expect(head('Summary')).toHaveCount(0)
  await window.focus('TB-1', 'Key')
  await window.press('Control+z')
  await expect(head('Summary')).toBeVisible()
  await window.focus('TB-1', 'Status')
  await window.press('Alt+ArrowDown')
  await page.getByRole('menuitem', { name: 'Move left' }).click()
  await expect(head('Status')).toHaveAttribute('aria-colindex', '3')
  await window.cell('TB-1', 'Key').click()
  await window.press('Control+z')
  await expect(head('Status')).toHaveAttribute('aria-colindex', '4')

  await window.focus('TB-2', 'Status')
  await window.press('Alt+ArrowDown')
  await page.getByRole('menuitem', { name: 'Group by this field' }).click()
  await expect(page.getByRole('gridcell', { name: /^Done/ }).first()).toBeVisible()
  await window.focus('TB-2', 'Status')
  await window.press('Shift+F10')
  await page.getByRole('menuitem', { name: 'Insert 1 row below' }).click()
  await expect(window.focused).toHaveText(/^Done/)
})

test.describe('by touch', () => {
  test.use({ hasTouch: true, viewport: { width: 390, height: 844 } })

  test('[ST11][TL12] on a phone a finger that rests opens the menu of a cell and of a row of the timeline, and the tabs are reached', async ({
    enter,
  }) => {
    const ana = await enter('Ana', { hasTouch: true, viewport: { width: 390, height: 844 } })
    const window = await ana.openWorkbook()
    const { page } = window
    const { x, y } = await middleOf(window.cell('TB-2', 'Key'))
    const touch = await page.context().newCDPSession(page)
    await touch.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints: [{ x, y }] })
    await expect(page.getByRole('menuitem').first()).toBeFocused()
    const lift = await page.evaluateHandle(() => ({
      isPress: new Promise<boolean>((tell) => {
        addEventListener('touchend', (event) => tell(!event.defaultPrevented))
        addEventListener('touchcancel', () => tell(false))
      }),
    }))
    await touch.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] })
    expect(await lift.evaluate(({ isPress }) => isPress)).toBe(false)
    await window.press('Escape')
    await expect(page.getByRole('menu')).toBeHidden()
    await addSheet(window, 'Sheet 2')
    const bar = await tabs(window).boundingBox()
    expect((bar?.y ?? 0) + (bar?.height ?? 0)).toBeLessThanOrEqual(844)
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390)
    await tab(window, 'Sheet 1').tap()
    await expect(window.row('TB-1')).toBeVisible()

    await page.getByRole('button', { name: /^Layout:/ }).tap()
    await page.getByRole('menuitemradio', { name: 'Timeline' }).tap()
    await page.getByRole('button', { name: 'Show the timeline' }).tap()
    const line = await middleOf(page.getByRole('rowheader', { name: /^TB-3 / }))
    await touch.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints: [line] })
    await expect(page.getByRole('menu', { name: /^Menu of TB-3/ })).toBeVisible()
    await touch.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] })
    await expect(page.getByRole('menuitem').first()).toBeFocused()
  })
})

test('[AX1] axe finds nothing on the tabs, their menus and dialogs', async ({ enter }) => {
  const window = await (await enter('Ana')).openWorkbook()
  const { page } = window
  await window.expectSaved()
  expect(await findings(page)).toEqual([])
  await page.getByRole('button', { name: 'All sheets' }).click()
  await page.getByRole('menu', { name: 'All sheets' }).waitFor()
  expect(await findings(page, true)).toEqual([])
  await window.press('Escape')
  await page.getByRole('button', { name: 'Menu of Sheet 1' }).click()
  await page.getByRole('menuitem', { name: 'Rename' }).click()
  await page.getByRole('textbox', { name: 'New name of Sheet 1' }).waitFor()
  expect(await findings(page)).toEqual([])
  await window.press('Escape')
  await expect(tab(window, 'Sheet 1')).toBeFocused()
  await window.press('Delete')
  await window.dialog.waitFor()
  expect(await findings(page, true)).toEqual([])
})
