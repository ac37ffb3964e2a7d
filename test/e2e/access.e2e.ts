import { findings } from './support/axe.ts'
import { expect, test } from './support/fixture.ts'
import type { Person } from './support/person.ts'
import type { WorkbookWindow } from './support/workbook-window.ts'

/** Opens something by a press, looks, and closes it again. */
async function lookInto(window: WorkbookWindow, open: () => Promise<void>): Promise<readonly string[]> {
  await open()
  await window.dialog.waitFor()
  const found = await findings(window.page, true)
  await window.press('Escape')
  await expect(window.dialog).toHaveCount(0)
  return found
}

type Findings = Record<string, readonly string[]>

async function lookAtWorkbook(window: WorkbookWindow, found: Findings): Promise<void> {
  const { page } = window
  const press = (name: string | RegExp) => page.getByRole('button', { name }).filter({ visible: true }).first().click()
  await window.expectSaved()
  found.workbook = await findings(page)
  await window.choose('TB-1', 'Status', 'Done')
  found.staged = await findings(page)
  await window.focus('TB-3', 'Summary')
  await window.press('Enter')
  await page.getByRole('textbox', { name: 'Edit Summary' }).waitFor()
  found.editor = await findings(page, true)
  await window.press('Escape')
  await window.focus('TB-3', 'Status')
  await window.press('Enter')
  await page.getByRole('option', { name: 'Done', exact: true }).waitFor()
  found.options = await findings(page, true)
  await window.press('Escape')
  await page.getByRole('option', { name: 'Done', exact: true }).waitFor({ state: 'detached' })
  await window.press('Shift+F10')
  await page.getByRole('menu').waitFor()
  found.menu = await findings(page, true)
  await window.press('Escape')
  await window.press('Control+f')
  await page
    .getByRole('search')
    .or(page.getByRole('region', { name: /find/i }))
    .first()
    .waitFor()
  found.find = await findings(page)
  await window.press('Escape')
  found.keys = await lookInto(window, () => window.press('Control+/'))
  found.palette = await lookInto(window, () => window.press('Control+k'))
  found.preview = await lookInto(window, () => press('Preview'))
  found.link = await lookInto(window, () => window.fromMenu('Link records…'))
  found.import = await lookInto(window, () => window.fromMenu('Import…'))
  found.field = await lookInto(window, () => window.fromMenu('Add a connected field…'))
  found.people = await lookInto(window, () => press('Only you are here'))
  found.share = await lookInto(window, () => press('Share'))
  found.filter = await lookInto(window, () => press(/^Filter/))
  found.group = await lookInto(window, () => press(/^Group/))
  await window.focus('TB-1', 'Status')
  found.story = await lookInto(window, () => window.press('Alt+i'))
  await window.sync()
  await window.focus('TB-1', 'Status')
  found.differs = await findings(page)
}

async function lookAtPages(window: WorkbookWindow, found: Findings): Promise<void> {
  const run = (await window.recentRuns.first().getAttribute('href')) ?? ''
  for (const [name, path, text] of [
    ['home', '/', 'Launch plan'],
    ['runs', '/runs', 'Jira'],
    ['run', run, 'Receipt'],
    ['integrations', '/settings/integrations', 'Jira'],
    ['missing', '/nowhere', 'There is nothing at this address'],
    ['sandbox', '/sandbox', 'TB-1'],
  ] as const) {
    await window.page.goto(path)
    await window.page.getByText(text).filter({ visible: true }).first().waitFor()
    found[name] = await findings(window.page)
  }
}

async function lookEverywhere(person: Person): Promise<Findings> {
  const found: Findings = {}
  const window = await person.openWorkbook()
  await lookAtWorkbook(window, found)
  await lookAtPages(window, found)
  return Object.fromEntries(Object.entries(found).filter(([, lines]) => lines.length > 0))
}

test('[AX1] axe finds nothing on any screen, light and dark', async ({ enter }) => {
  // Some thirty looks of one to three seconds each, on a busy machine more.
  test.setTimeout(300_000)
  expect(await lookEverywhere(await enter('Ana'))).toEqual({})
})

test('[AX2] the tour is walked by the keyboard alone', async ({ enter }) => {
  const window = await (await enter('Ana')).openWorkbook()
  const { page } = window
  /** Presses a key until what is asked for has the focus; a dozen presses are too many. */
  const until = async (key: string, hasFocus: () => Promise<boolean>): Promise<void> => {
    for (let i = 0; i < 12 && !(await hasFocus()); i++) await window.press(key)
    expect(await hasFocus()).toBe(true)
  }
  const isFocused = (selector: string) => page.evaluate((asked) => document.activeElement?.matches(asked) === true, selector)

  await window.expectSaved()
  await window.press('Tab')
  await expect(page.getByRole('button', { name: 'Skip to the grid' })).toBeFocused()
  await window.press('Enter')
  await expect(window.focused).toHaveCount(1)
  await until('F6', () => isFocused('[data-region=toolbar] *'))
  await until('F6', () => isFocused('[role=gridcell]'))
  await window.press('Home', 'ArrowRight', 'ArrowRight')
  await expect(window.cell('TB-1', 'Status')).toBeFocused()
  await window.press('Enter')
  await expect(page.getByRole('option', { name: 'Done', exact: true })).toBeVisible()
  await page.keyboard.type('Done')
  await window.press('Enter')
  await expect(window.value('TB-1', 'Status')).toHaveText('Done')
  await window.expectSaved()

  await window.press('Alt+s')
  await expect(window.dialog.getByRole('button', { name: 'Run this plan' })).toBeVisible()
  const run = window.dialog.getByRole('button', { name: 'Run this plan' })
  await until('Tab', () => run.evaluate((element) => element === document.activeElement))
  await window.press('Enter')
  // The receipt stands where the plan stood.
  await expect(window.dialog.getByRole('heading', { name: 'Receipt', exact: true })).toBeVisible()
  await window.press('Escape')
  await expect(window.dialog).toHaveCount(0)
  await expect(window.card.getByRole('heading', { name: 'Needs you · 1' })).toBeVisible()

  await window.press('Alt+n')
  await expect(window.cell('TB-1', 'Status')).toBeFocused()
  await until('F6', () => isFocused('[data-region=cell] *'))
  const keep = window.thisCell.getByRole('button', { name: 'Keep Jira’s' })
  await until('Tab', () => keep.evaluate((element) => element === document.activeElement))
  await window.press('Enter')
  await expect(window.cell('TB-1', 'Status')).toHaveAccessibleDescription('')
})

test('[AX3] at 200 % and on a phone nothing is cut off, the page never scrolls sideways, and the grid keeps its place', async ({
  enter,
}) => {
  for (const viewport of [
    { width: 720, height: 450 },
    { width: 390, height: 844 },
    { width: 320, height: 640 },
  ]) {
    const window = await (await enter('Ana', { viewport, deviceScaleFactor: 2 })).openWorkbook()
    await window.expectSaved()
    const { page } = window
    expect(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)).toBe(0)
    const frame = await window.grid.locator('..').boundingBox()
    expect(frame?.height ?? 0).toBeGreaterThan(viewport.height / 3)
    const line = await page.locator('[data-save]').filter({ visible: true }).first().boundingBox()
    expect(line?.x ?? -1).toBeGreaterThanOrEqual(0)
    expect((line?.x ?? 0) + (line?.width ?? viewport.width)).toBeLessThanOrEqual(viewport.width)
  }
})

test('[AX4] who asked for less motion gets none', async ({ enter }) => {
  const window = await (await enter('Ana', { reducedMotion: 'reduce' })).openWorkbook()
  await window.card.getByRole('button', { name: 'Preview' }).click()
  await window.dialog.waitFor()
  const moving = await window.page.evaluate(() =>
    [...document.querySelectorAll('*')]
      .filter((element) => {
        const { transitionDuration, animationDuration } = getComputedStyle(element)
        return [transitionDuration, animationDuration].some((text) => text.split(',').some((part) => Number.parseFloat(part) > 0.01))
      })
      .map((element) => element.className),
  )
  expect(moving).toEqual([])
})

test('[AX5] in forced colours a state keeps its mark and the focus its outline', async ({ enter }) => {
  const window = await (await enter('Ana', { forcedColors: 'active' })).openWorkbook()
  await window.choose('TB-1', 'Status', 'Done')
  const staged = window.cell('TB-1', 'Status')
  await expect(staged).toHaveAttribute('data-state', 'staged')
  const mark = await staged.locator('.mark').first().boundingBox()
  expect(mark?.width ?? 0).toBeGreaterThan(3)
  await window.press('ArrowDown')
  await expect(window.focused).toHaveCount(1)
  expect(await window.focused.evaluate((element) => getComputedStyle(element).outlineStyle)).toBe('solid')
})

test('[AX6] dates and numbers follow the language of the browser', async ({ enter }) => {
  const pointsIn = async (locale: string, typed: string): Promise<string> => {
    const window = await (await enter('Ana', { locale })).openWorkbook()
    await window.type('TB-2', 'Story points', typed)
    return window.value('TB-2', 'Story points').innerText()
  }
  expect(await pointsIn('de-DE', '1234,5')).toBe('1.234,5')
  expect(await pointsIn('en-US', '1234.5')).toBe('1,234.5')
  const dueIn = async (locale: string): Promise<string> => {
    const window = await (await enter('Ana', { locale })).openWorkbook()
    await window.type('TB-2', 'Due date', '2031-03-04')
    return window.value('TB-2', 'Due date').innerText()
  }
  expect(await dueIn('de-DE')).toMatch(/^0?4\. ?(März|03\.) ?2031$/u)
  expect(await dueIn('en-US')).toMatch(/^Mar 4, 2031$/u)
})
