import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, type Page, test } from '@playwright/test'
import { makeBigSheet } from '../support/big-sheet.ts'
import { startServer } from '../support/server-process.ts'

// What works without a network works by it.
test.use({ serviceWorkers: 'allow' })

const ROWS = 12_050

/** The grid has all rows, below two rows of headings. */
const expectAll = (page: Page) => expect(page.getByRole('grid')).toHaveAttribute('aria-rowcount', String(ROWS + 2))

/** The first cell of a row, by the name that stands in it; a flag may stand behind that. */
const client = (page: Page, row: number) =>
  page
    .getByRole('gridcell')
    .filter({ hasText: new RegExp(` ${row}(?!\\d)`) })
    .first()

/** To the last cell of the last row, and back to where its name stands. */
const goToEnd = async (page: Page): Promise<void> => {
  await page.keyboard.press('Control+End')
  await page.keyboard.press('Home')
}

test('[DL23] a sheet of 12,050 rows opens, its last row is reached, an edit reaches a second window, and it opens offline', async ({
  browser,
}) => {
  const folder = mkdtempSync(join(tmpdir(), 'tidebook-delivery-'))
  await makeBigSheet(folder, ROWS)
  const server = await startServer({ dataFolder: folder, env: { TIDEBOOK_SANDBOX: 'off' } })
  try {
    const context = await browser.newContext()
    const page = await context.newPage()
    await test.step('it opens with its first rows, then all of them', async () => {
      await page.goto(server.oneTimeUrl)
      await expect(client(page, 1)).toBeVisible()
      await expectAll(page)
    })

    await test.step('Ctrl+End goes to the last row', async () => {
      await client(page, 1).click()
      await goToEnd(page)
      await expect(client(page, ROWS)).toBeVisible()
    })

    const second = await context.newPage()
    await test.step('an edit of the last row reaches a second window, which has come by the same way', async () => {
      await second.goto(page.url())
      await expectAll(second)
      await client(second, 1).click()
      await goToEnd(second)
      await expect(client(second, ROWS)).toBeVisible()
      await client(second, ROWS).click()
      await second.keyboard.type(`Renamed here ${ROWS}`)
      await second.keyboard.press('Enter')
      await expect(page.getByRole('gridcell').filter({ hasText: `Renamed here ${ROWS}` })).toBeVisible()
      await expect(second.getByRole('status', { name: 'Save state' })).toHaveText(/^Saved/)
    })

    await test.step('closed, and opened again without a network, it is all there', async () => {
      await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined))
      const url = page.url()
      await page.close()
      await second.close()
      await context.setOffline(true)
      const again = await context.newPage()
      await again.goto(url)
      await expect(client(again, 1)).toBeVisible()
      await expectAll(again)
      await client(again, 1).click()
      await goToEnd(again)
      await expect(again.getByRole('gridcell').filter({ hasText: `Renamed here ${ROWS}` })).toBeVisible()
    })
    await context.close()
  } finally {
    await server.stop()
    rmSync(folder, { recursive: true, force: true })
  }
})
