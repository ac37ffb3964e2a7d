import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Locator, Page } from '@playwright/test'
import { makeBigSheet } from '../support/big-sheet.ts'
import { startServer } from '../support/server-process.ts'
import { test as base, expect } from './support/fixture.ts'
import { Person } from './support/person.ts'

const ROWS = 12_000

/** A window on a sheet of many rows and twenty fields. */
interface BigWindow {
  readonly page: Page
  readonly grid: Locator
}

const test = base.extend<{ readonly big: BigWindow }>({
  big: async ({ browser }, use) => {
    const dataFolder = mkdtempSync(join(tmpdir(), 'tidebook-big-'))
    const { workbook } = await makeBigSheet(dataFolder, ROWS)
    const server = await startServer({ dataFolder, env: { TIDEBOOK_LOG: 'warn' } })
    const person = await Person.enter({ browser, server, name: 'Ana', options: {} })
    const page = await person.newPage()
    await page.goto(`${server.origin}/w/${workbook}`)
    const grid = page.getByRole('grid')
    await expect(grid).toHaveAttribute('aria-rowcount', String(ROWS + 2))
    await expect(cellAt(grid, 0, 0)).toBeVisible()
    await use({ page, grid })
    await person.leave()
    await server.stop()
    rmSync(dataFolder, { recursive: true, force: true })
  },
})

const cellAt = (grid: Locator, row: number, column: number): Locator =>
  grid.locator(`[role=gridcell][data-row="${row}"][data-column="${column}"]`)
const head = (page: Page, name: string): Locator => page.getByRole('columnheader', { name, exact: true })

/** What scrolls: the grid is as tall as all its rows. */
const frameOf = (grid: Locator): Locator => grid.locator('..')

/** Places of the view, from top to bottom, that show no cell of a row in the frame that follows a jump of the scrollbar. */
const blanksAfter = (grid: Locator, top: number): Promise<number> =>
  frameOf(grid).evaluate(async (element, to) => {
    element.scrollTop = to
    const box = element.getBoundingClientRect()
    const countBlank = (): number => {
      let blank = 0
      for (let y = box.top + 70; y < box.bottom - 30; y += 24) {
        const cell = document.elementFromPoint(box.left + 120, y)?.closest('[role=gridcell]')
        if ((cell?.textContent ?? '') === '') blank++
      }
      return blank
    }
    // As the browser would show it before the page hears of the scroll, and as it is once the page has.
    const before = countBlank()
    await new Promise((done) => requestAnimationFrame(done))
    return before + countBlank()
  }, top)

/** The number of the row that is seen at the top, and whether its first cell is the one of that row. */
const topRow = (grid: Locator): Promise<{ number: number; text: string }> =>
  frameOf(grid).evaluate((element) => {
    const box = element.getBoundingClientRect()
    const row = document.elementFromPoint(box.left + 120, box.top + 54 + 20)?.closest('[role=row]')
    return {
      number: Number(row?.querySelector('[role=rowheader]')?.textContent),
      text: row?.querySelector('[role=gridcell]')?.textContent ?? '',
    }
  })

test('[GR8] scrolled by wheel, scrollbar and keys, both ways, the right cells are in sight and none is blank', async ({ big }) => {
  const { page, grid } = big
  await cellAt(grid, 0, 0).click()
  await expect(cellAt(grid, 0, 0)).toBeFocused()

  await test.step('by the scrollbar, in jumps to and fro', async () => {
    for (const top of [100_000, 380_000, 5_000, 240_016, 383_000, 0, 190_000]) {
      expect(await blanksAfter(grid, top)).toBe(0)
      const { number, text } = await topRow(grid)
      expect(number).toBe(Math.floor((Math.min(top, ROWS * 32) + 20) / 32) + 1)
      // The first column's text ends with the number of the row.
      expect(text).toMatch(new RegExp(` ${number}$`))
    }
    await expect(cellAt(grid, 0, 0)).toBeFocused()
    await expect(grid.getByRole('row')).not.toHaveCount(0)
    expect(await grid.getByRole('row').count()).toBeLessThan(60)
  })

  await test.step('by the wheel, down and up and sideways', async () => {
    await frameOf(grid).evaluate((element) => element.scrollTo(0, 0))
    const box = await frameOf(grid).boundingBox()
    await page.mouse.move((box?.x ?? 0) + 300, (box?.y ?? 0) + 300)
    for (let i = 0; i < 5; i++) await page.mouse.wheel(0, 1_000)
    await expect.poll(() => frameOf(grid).evaluate((element) => element.scrollTop)).toBe(5_000)
    await expect.poll(async () => (await topRow(grid)).number).toBe(Math.floor(5_020 / 32) + 1)
    for (let i = 0; i < 4; i++) await page.mouse.wheel(0, -1_000)
    await expect.poll(async () => (await topRow(grid)).number).toBe(Math.floor(1_020 / 32) + 1)
    await page.mouse.wheel(10_000, 0)
    await expect(head(page, 'Comment')).toBeInViewport()
    await expect(head(page, 'Stage')).toHaveCount(0)
    // Names and cells of a column stand above each other.
    const [name, cell] = [await head(page, 'Phone').boundingBox(), await cellAt(grid, 40, 18).boundingBox()]
    expect(name?.x).toBe(cell?.x)
    await page.mouse.wheel(-10_000, 0)
    await expect(head(page, 'Stage')).toBeInViewport()
  })

  await test.step('by keys, to the ends and back', async () => {
    await page.keyboard.press('Control+End')
    await expect(cellAt(grid, ROWS - 1, 19)).toBeFocused()
    await expect(cellAt(grid, ROWS - 1, 19)).toBeInViewport({ ratio: 1 })
    await page.keyboard.press('Home')
    await expect(cellAt(grid, ROWS - 1, 0)).toBeInViewport({ ratio: 1 })
    await page.keyboard.press('PageUp')
    await expect(page.locator('[role=gridcell]:focus')).toBeInViewport({ ratio: 1 })
    await page.keyboard.press('Control+Home')
    await expect(cellAt(grid, 0, 0)).toBeFocused()
    await expect(cellAt(grid, 0, 0)).toBeInViewport({ ratio: 1 })
    await page.keyboard.press('Shift+ArrowDown')
    await expect(grid.locator('[role=gridcell][aria-selected=true]')).toHaveCount(2)
  })
})

test('[GR14] a cell that is written is drawn in the next frame, and other rows are left alone', async ({ big }) => {
  const { page, grid } = big
  await cellAt(grid, 3, 0).click()
  await page.keyboard.type('Written')
  // What is drawn from the key on: which rows, and after how many frames.
  const watch = await grid.evaluateHandle((element) => {
    const touched = new Set<string>()
    const observer = new MutationObserver((records) => {
      for (const { target } of records) {
        const row = (target instanceof Element ? target : target.parentElement)?.closest('[role=row]')
        if (row?.closest('.grid-rows')) touched.add(row.getAttribute('aria-rowindex') ?? '')
      }
    })
    const seen = (): boolean => element.querySelector('[role=gridcell][data-row="3"][data-column="0"]')?.textContent === 'Written'
    const drawn = new Promise<{ frames: number; touched: readonly string[] }>((done) => {
      const onKey = (): void => {
        observer.observe(element, { subtree: true, characterData: true, childList: true })
        let frames = 0
        const look = (): void => {
          frames++
          if (seen() || frames > 20) done({ frames, touched: [...touched].sort() })
          else requestAnimationFrame(look)
        }
        requestAnimationFrame(look)
      }
      element.addEventListener('keydown', onKey, { once: true, capture: true })
    })
    return { drawn }
  })
  await page.keyboard.press('Enter')
  const { frames, touched } = await watch.evaluate(({ drawn }) => drawn)
  // Drawn before the first frame after the key, or within it.
  expect(frames).toBeLessThanOrEqual(2)
  expect(touched.filter((row) => row !== '6' && row !== '7')).toEqual([])
})

test('[GR9] columns are resized by pointer, keys and menu, frozen, fitted and hidden', async ({ big }) => {
  const { page, grid } = big
  const widthOf = async (name: string): Promise<number> => Math.round((await head(page, name).boundingBox())?.width ?? 0)
  const menu = async (name: string, item: string): Promise<void> => {
    await head(page, name).click({ button: 'right' })
    await page.getByRole('menuitem', { name: item }).click()
  }
  expect(await widthOf('Stage')).toBe(130)
  const box = await head(page, 'Stage').boundingBox()
  const edge = { x: (box?.x ?? 0) + 130, y: (box?.y ?? 0) + 15 }
  await page.mouse.move(edge.x, edge.y)
  await page.mouse.down()
  await page.mouse.move(edge.x + 60, edge.y, { steps: 4 })
  await page.mouse.up()
  await expect.poll(() => widthOf('Stage')).toBe(190)
  expect((await cellAt(grid, 0, 1).boundingBox())?.width).toBe(190)

  await cellAt(grid, 0, 1).click()
  await page.keyboard.press('Alt+Shift+ArrowRight')
  await expect.poll(() => widthOf('Stage')).toBe(206)
  await page.keyboard.press('Alt+Shift+ArrowLeft')
  await page.keyboard.press('Alt+Shift+ArrowLeft')
  await expect.poll(() => widthOf('Stage')).toBe(174)
  await menu('Stage', 'Wider')
  await expect.poll(() => widthOf('Stage')).toBe(190)
  await menu('Stage', 'Fit to its cells')
  await expect.poll(() => widthOf('Stage')).toBeLessThan(150)

  await test.step('Alt+↓ opens the menu of the cell’s column, and the focus comes back to the cell', async () => {
    await page.keyboard.press('Alt+ArrowDown')
    await expect(page.getByRole('menu', { name: 'Menu of Stage' })).toBeVisible()
    await page.keyboard.press('Escape')
    await expect(page.getByRole('menu')).toHaveCount(0)
    await expect(cellAt(grid, 0, 1)).toBeFocused()
  })

  await test.step('frozen fields stay', async () => {
    await menu('Stage', 'Freeze up to here')
    await frameOf(grid).evaluate((element) => element.scrollTo(2_000, 0))
    await expect(head(page, 'Client')).toBeInViewport({ ratio: 1 })
    await expect(cellAt(grid, 0, 1)).toBeInViewport({ ratio: 1 })
    await expect(cellAt(grid, 0, 3)).toHaveCount(0)
    await menu('Stage', 'Unfreeze')
    // The column of the focused cell stays drawn, out of sight.
    await expect(head(page, 'Stage')).not.toBeInViewport()
    await frameOf(grid).evaluate((element) => element.scrollTo(0, 0))
  })

  await test.step('a hidden field is gone, and its neighbours close up', async () => {
    await menu('Stage', 'Hide')
    await expect(head(page, 'Stage')).toHaveCount(0)
    await expect(grid).toHaveAttribute('aria-colcount', '20')
    await expect(head(page, 'Owner')).toHaveAttribute('aria-colindex', '3')
  })
})

test('[GR7] [GR11] fields are moved by pointer and menu; columns and rows are selected by their names and numbers', async ({ big }) => {
  const { page, grid } = big
  const order = async (): Promise<readonly string[]> => {
    const names = await page
      .locator('[role=columnheader][data-column-head]')
      .evaluateAll((found) =>
        found.map((element) => [Number(element.getAttribute('aria-colindex')), element.getAttribute('aria-label') ?? ''] as const),
      )
    return names.toSorted(([a], [b]) => a - b).map(([, name]) => name)
  }
  const middle = async (locator: Locator): Promise<{ x: number; y: number }> => {
    const box = await locator.boundingBox()
    return { x: (box?.x ?? 0) + (box?.width ?? 0) / 2, y: (box?.y ?? 0) + (box?.height ?? 0) / 2 }
  }
  const drag = async (from: Locator, to: Locator, dx: number, end: () => Promise<void>): Promise<void> => {
    const [start, target] = [await middle(from), await middle(to)]
    await page.mouse.move(start.x, start.y)
    await page.mouse.down()
    await page.mouse.move(target.x + dx, target.y, { steps: 6 })
    await end()
  }
  expect((await order()).slice(0, 4)).toEqual(['Client', 'Stage', 'Owner', 'Value'])
  await drag(head(page, 'Stage'), head(page, 'Value'), 20, () => page.mouse.up())
  await expect.poll(async () => (await order()).slice(0, 4)).toEqual(['Client', 'Owner', 'Value', 'Stage'])
  await drag(head(page, 'Stage'), head(page, 'Client'), 0, async () => {
    await page.keyboard.press('Escape')
    await page.mouse.up()
  })
  expect((await order()).slice(0, 4)).toEqual(['Client', 'Owner', 'Value', 'Stage'])
  await head(page, 'Stage').click({ button: 'right' })
  await page.getByRole('menuitem', { name: 'Move left' }).click()
  await expect.poll(async () => (await order()).slice(0, 4)).toEqual(['Client', 'Owner', 'Stage', 'Value'])

  await head(page, 'Owner').click()
  await expect(cellAt(grid, 0, 1)).toBeFocused()
  await expect(cellAt(grid, 5, 1)).toHaveAttribute('aria-selected', 'true')
  await expect(cellAt(grid, 5, 2)).toHaveAttribute('aria-selected', 'false')
  await expect(head(page, 'Owner')).toHaveAttribute('data-selected', 'true')
  await head(page, 'Stage').click({ modifiers: ['Shift'] })
  await expect(cellAt(grid, 5, 2)).toHaveAttribute('aria-selected', 'true')

  const number = (row: number): Locator => grid.locator(`[role=rowheader][data-row="${row}"]`)
  await number(2).click({ position: { x: 30, y: 15 } })
  await expect(cellAt(grid, 2, 3)).toHaveAttribute('aria-selected', 'true')
  await expect(cellAt(grid, 3, 3)).toHaveAttribute('aria-selected', 'false')
  const [from, to] = [await middle(number(2)), await middle(number(5))]
  await page.mouse.move(from.x + 8, from.y)
  await page.mouse.down()
  await page.mouse.move(to.x + 8, to.y, { steps: 4 })
  await page.mouse.up()
  await expect(cellAt(grid, 5, 0)).toHaveAttribute('aria-selected', 'true')
  await expect(cellAt(grid, 6, 0)).toHaveAttribute('aria-selected', 'false')
})

test('[GR12] heads of groups say what they hold, and are opened and closed by press and keys', async ({ big }) => {
  const { page, grid } = big
  await head(page, 'Stage').click({ button: 'right' })
  await page.getByRole('menuitem', { name: 'Group' }).first().click()
  const first = grid.locator('[role=gridcell].group-head').first()
  await expect(first).toContainText(/^Lead[\d,]+ rows$/)
  await expect(first).toHaveAttribute('aria-expanded', 'true')
  const all = Number(await grid.getAttribute('aria-rowcount'))
  await first.click()
  await expect(first).toHaveAttribute('aria-expanded', 'false')
  await expect(first).toBeFocused()
  expect(Number(await grid.getAttribute('aria-rowcount'))).toBeLessThan(all)
  const states: readonly (readonly [key: string, isOpen: string])[] = [
    ['ArrowRight', 'true'],
    ['ArrowLeft', 'false'],
    ['Enter', 'true'],
    ['Space', 'false'],
  ]
  for (const [key, isOpen] of states) {
    await page.keyboard.press(key)
    await expect(first).toHaveAttribute('aria-expanded', isOpen)
    await expect(first).toBeFocused()
  }
  await page.keyboard.press('ArrowDown')
  await expect(page.locator('[role=gridcell]:focus')).toHaveAttribute('data-row', '1')
})

test('[GR13] cells are legible in forced colours and at 200 % zoom', async ({ big }) => {
  const { page, grid } = big
  await cellAt(grid, 1, 0).click()
  await page.emulateMedia({ forcedColors: 'active' })
  const paint = await cellAt(grid, 2, 0).evaluate((element) => {
    const { color, backgroundColor } = getComputedStyle(element)
    return { color, backgroundColor }
  })
  expect(paint.color).not.toBe(paint.backgroundColor)
  expect(await cellAt(grid, 1, 0).evaluate((element) => getComputedStyle(element).outlineStyle)).toBe('solid')
  await page.emulateMedia({ forcedColors: 'none' })

  // Twice as large on the same screen is half as many pixels of the page.
  await page.setViewportSize({ width: 720, height: 450 })
  await expect(cellAt(grid, 1, 0)).toBeInViewport({ ratio: 1 })
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(720)
  const clipped = await cellAt(grid, 1, 0).evaluate((element) => element.scrollHeight > element.clientHeight + 1)
  expect(clipped).toBe(false)
})
