import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Locator, Page } from '@playwright/test'
import { makeBigSheet } from '../support/big-sheet.ts'
import { startServer } from '../support/server-process.ts'
import { findingsAtAnyWidth } from './support/axe.ts'
import { expect, test } from './support/fixture.ts'
import { addField } from './support/own-fields.ts'
import { Person } from './support/person.ts'

const ROWS = 12_000
const DAY_MS = 86_400_000
/** Of a day in the scale of weeks, px. */
const DAY_WIDTH = 18

async function showTimeline(page: Page): Promise<void> {
  await page.getByRole('button', { name: /^Layout:/ }).click()
  await page.getByRole('menuitemradio', { name: 'Timeline' }).click()
}

const lane = (page: Page, name: string): Locator => page.getByRole('gridcell', { name: new RegExp(`^${name}[ ,]`) })
const barOf = (line: Locator): Locator => line.locator('.tl-bar')

/** The dates a line says it has, as days. */
async function daysOf(line: Locator): Promise<readonly number[]> {
  const label = (await line.getAttribute('aria-label')) ?? ''
  return [...label.matchAll(/[A-Z][a-z]{2} \d{1,2}, \d{4}/gu)].map(([day]) => Date.parse(`${day} UTC`) / DAY_MS)
}

/** Takes hold of a place of the window and moves it sideways, with a stop on the way, as a hand does. */
async function drag(page: Page, from: { x: number; y: number }, days: number): Promise<void> {
  await page.mouse.move(from.x, from.y)
  await page.mouse.down()
  await page.mouse.move(from.x + (days * DAY_WIDTH) / 2, from.y)
  await page.mouse.move(from.x + days * DAY_WIDTH, from.y)
}

async function middleOf(element: Locator): Promise<{ x: number; y: number }> {
  const box = await element.boundingBox()
  if (box === null) throw new Error('It is not in sight')
  return { x: box.x + box.width / 2, y: box.y + box.height / 2 }
}

test('[TL7][TL9][TL10][TL12] a timeline asks for its dates; bars are drawn, moved and taken back, and others see it', async ({ enter }) => {
  const ana = await (await enter('Ana')).openWorkbook()
  const ben = await (await enter('Ben')).openWorkbook()
  const { page } = ana
  const tip = page.locator('.tl-tip')
  const line = lane(page, 'TB-3')

  await test.step('the dates are proposed by the names of their fields', async () => {
    await addField(ana, 'Start date', 'Date')
    await showTimeline(page)
    await expect(page.getByRole('heading', { name: 'Which dates does the timeline show?' })).toBeVisible()
    await expect(page.getByRole('combobox', { name: 'Start' }).locator('option:checked')).toHaveText('Start date')
    await expect(page.getByRole('combobox', { name: 'End' }).locator('option:checked')).toHaveText('Due date')
    await page.getByRole('button', { name: 'Show the timeline' }).click()
    await expect(line).toHaveAccessibleName(/no dates$/)
    await expect(ana.focused).toHaveAccessibleName(/^TB-1 /)
  })

  await test.step('a drag over an empty line gives both dates, staged like any edit', async () => {
    const { x, y } = await middleOf(line)
    await drag(page, { x, y }, 3)
    await expect(tip).toHaveText(/ · 4 days$/)
    await page.mouse.up()
    await expect(line).toHaveAccessibleName(/ to .*, staged$/)
    await expect(line).toBeFocused()
    const [start = 0, end = 0] = await daysOf(line)
    expect(end - start).toBe(3)
    await expect(ben.cell('TB-3', 'Due date')).toHaveAttribute('data-state', 'staged')
  })

  const before = await daysOf(line)
  const expectMoved = async (by: readonly [number, number]): Promise<void> =>
    expect.poll(async () => (await daysOf(line)).map((day, i) => day - (before[i] ?? 0))).toEqual(by)

  await test.step('keys move the bar and its ends', async () => {
    await ana.press('ArrowRight', 'Shift+ArrowRight')
    await expectMoved([8, 8])
    await ana.press('Alt+ArrowRight', 'Alt+Shift+ArrowLeft')
    await expectMoved([7, 9])
    await ana.press('Control+z', 'Control+z', 'Control+z')
    await expectMoved([1, 1])
    await ana.press('ArrowLeft')
    await expectMoved([0, 0])
  })

  await test.step('the mouse moves the whole and its ends; Escape gives up; both dates come back as one step', async () => {
    await drag(page, await middleOf(barOf(line)), 4)
    await expectMoved([4, 4])
    await ana.press('Escape')
    await page.mouse.up()
    await expectMoved([0, 0])
    await drag(page, await middleOf(barOf(line)), 4)
    await page.mouse.up()
    await expectMoved([4, 4])
    await ana.press('Control+z')
    await expectMoved([0, 0])
    await drag(page, await middleOf(line.locator('.tl-grip.right')), 2)
    await page.mouse.up()
    await expectMoved([0, 2])
    const [, end = 0] = await daysOf(line)
    const due = new Intl.DateTimeFormat('en-US', { day: 'numeric', month: 'short', timeZone: 'UTC' }).format(end * DAY_MS)
    await expect(ben.value('TB-3', 'Due date')).toHaveText(new RegExp(`^${due}`))
  })

  await test.step('the menu of a row is opened by mouse and key, and gives the focus back', async () => {
    const [menu, grid] = [page.getByRole('menu', { name: /^Menu of TB-3/ }), page.getByRole('grid')]
    const rows = Number(await grid.getAttribute('aria-rowcount'))
    await barOf(line).click({ button: 'right' })
    await expect(menu.getByRole('menuitem', { name: 'Open TB-3' })).toBeVisible()
    await expect(menu.getByRole('menuitem').first()).toBeFocused()
    await ana.press('Escape')
    await expect(line).toBeFocused()
    await ana.press('Shift+F10')
    await expect(menu.getByRole('menuitem').first()).toBeFocused()
    await menu.getByRole('menuitem', { name: 'Duplicate' }).click()
    await expect(grid).toHaveAttribute('aria-rowcount', `${rows + 1}`)
    await ana.press('Control+z')
    await expect(grid).toHaveAttribute('aria-rowcount', `${rows}`)
    await line.click()
  })

  await test.step('a bar that is out of sight is found again, and its row is opened and left', async () => {
    for (let i = 0; i < 4; i++) await page.getByRole('button', { name: 'Later', exact: true }).click()
    await expect(barOf(line)).toBeHidden()
    await line.getByRole('button', { name: 'Show the bar of TB-3' }).click()
    await expect(barOf(line)).toBeInViewport()
    await expect(line).toBeFocused()
    await ana.press('Enter')
    await expect(page.getByRole('complementary', { name: 'Row TB-3' })).toBeVisible()
    await ana.press('Escape')
    await expect(line).toBeFocused()
    await ana.press('F6')
    await expect(line).not.toBeFocused()
    await ana.press('Shift+F6')
    await expect(line).toBeFocused()
  })

  expect(await findingsAtAnyWidth(page)).toEqual([])
})

test('[TL10] a timeline of 12,000 rows is scrolled by scrollbar, wheel and keys, and no line in sight is blank', async ({ browser }) => {
  const dataFolder = mkdtempSync(join(tmpdir(), 'tidebook-timeline-'))
  const { workbook } = await makeBigSheet(dataFolder, ROWS)
  const server = await startServer({ dataFolder, env: { TIDEBOOK_LOG: 'warn' } })
  const person = await Person.enter({ browser, server, name: 'Ana', options: {} })
  const page = await person.newPage()
  await page.goto(`${server.origin}/w/${workbook}`)
  const grid = page.getByRole('grid')
  await expect(grid).toHaveAttribute('aria-rowcount', String(ROWS + 2))
  await showTimeline(page)
  await page.getByRole('button', { name: 'Show the timeline' }).click()
  await expect(grid).toHaveAttribute('aria-rowcount', String(ROWS + 1))
  const frame = grid.locator('..')
  /** Lines from top to bottom that are not drawn, in the frame in which the scrollbar has jumped and in the next one. */
  const blanksAt = (top: number): Promise<number> =>
    frame.evaluate(async (element, to) => {
      element.scrollTop = to
      const box = element.getBoundingClientRect()
      const countBlank = (): number => {
        let blank = 0
        for (let y = box.top + 60; y < box.bottom - 30; y += 24) {
          const row = document.elementFromPoint(box.left + 60, y)?.closest('[role=row]')
          if ((row?.querySelector('[role=rowheader]')?.textContent ?? '') === '') blank++
        }
        return blank
      }
      const before = countBlank()
      await new Promise((done) => requestAnimationFrame(done))
      return before + countBlank()
    }, top)

  for (const top of [100_000, 380_000, 5_000, 240_016, 0, 190_000]) expect(await blanksAt(top)).toBe(0)
  expect(await grid.getByRole('row').count()).toBeLessThan(60)
  const axis = page.getByRole('columnheader', { name: 'Time' })
  const names = (): Promise<string> => axis.innerText()
  const shown = await names()
  const { x, y } = await middleOf(frame)
  await page.mouse.move(x, y)
  for (let i = 0; i < 12; i++) await page.mouse.wheel(3_000, 0)
  await expect.poll(names).not.toBe(shown)
  // Five years on, where no bar is: the lines know the way back.
  expect(await page.getByRole('button', { name: /^Show the bar of/ }).count()).toBeGreaterThan(10)
  await page.getByRole('button', { name: 'Today' }).click()
  await page.locator('.tl-name').first().click()
  await page.keyboard.press('Control+End')
  await expect(page.locator('.tl-lane:focus')).toBeInViewport()
  await expect(grid.locator(`[role=row][aria-rowindex="${ROWS + 1}"] .tl-lane`)).toBeFocused()
  await page.keyboard.press('Control+Home')
  await expect(grid.locator('[role=row][aria-rowindex="2"] .tl-lane')).toBeFocused()
  await person.leave()
  await server.stop()
  rmSync(dataFolder, { recursive: true, force: true })
})
