import { readFile } from 'node:fs/promises'
import type { Page } from '@playwright/test'
import { startServer } from '../support/server-process.ts'
import { findings, findingsAtAnyWidth } from './support/axe.ts'
import { expect, test } from './support/fixture.ts'
import type { WorkbookWindow } from './support/workbook-window.ts'

const runRows = (page: Page) => page.getByRole('table', { name: 'Runs, newest first' }).getByRole('row')

async function syncOne(window: WorkbookWindow, key: string, text: string): Promise<void> {
  await window.type(key, 'Summary', text)
  await window.expectSaved()
  await window.sync()
}

test('[RL1][RL2] the log is filtered and searched by its address, and follows along while it is open', async ({ enter, jira }) => {
  const ana = await enter('Ana')
  const window = await ana.openWorkbook()
  await syncOne(window, 'TB-1', 'First of all')
  const sandbox = await ana.newPage()
  await jira.setFault(sandbox, { kind: 'partial', field: 'summary', refusedWith: 'The summary is locked today.' })
  await syncOne(window, 'TB-2', 'Refused once')

  const page = await ana.newPage()
  await page.goto('/runs')
  const newest = runRows(page).nth(1)
  await expect(newest).toContainText('0 of 1 cell sent, 1 refused')
  const count = await runRows(page).count()

  await test.step('newer runs come by themselves', async () => {
    await window.onlyPull()
    await expect(newest).toContainText('pull only, 60 records pulled')
    await expect(runRows(page)).toHaveCount(count + 1)
  })

  await test.step('filters stand in the address, and back takes them away', async () => {
    await page.getByRole('combobox', { name: 'Kind', exact: true }).selectOption('Import')
    await expect(page).toHaveURL(/\?kind=import$/)
    await expect(runRows(page).filter({ hasText: 'sent' })).toHaveCount(0)
    await expect(runRows(page).nth(1)).toContainText('Import: ')
    await page.goBack()
    await expect(runRows(page)).toHaveCount(count + 1)
    await page.getByRole('searchbox', { name: 'Search the log' }).fill('locked today')
    await expect(runRows(page)).toHaveCount(2)
    await page.reload()
    await expect(page.getByRole('searchbox', { name: 'Search the log' })).toHaveValue('locked today')
    await expect(runRows(page)).toHaveCount(2)
    await page.getByRole('searchbox', { name: 'Search the log' }).fill('nothing like this')
    await expect(page.getByText('No run fits these filters.')).toBeVisible()
    await page.getByRole('button', { name: 'Clear filters' }).click()
    await expect(runRows(page)).toHaveCount(count + 1)
  })

  await test.step('what was refused leads to exactly that cell, and from there into the workbook', async () => {
    await page.getByRole('link', { name: 'Show the 1' }).first().click()
    await expect(page).toHaveURL(/\/runs\/\w+\?cells=refused$/)
    const cells = page.getByRole('table', { name: 'Cells of this run' }).getByRole('row')
    await expect(cells).toHaveCount(2)
    await expect(cells.nth(1)).toContainText('RefusedThe summary is locked today.')
    await page.getByRole('link', { name: 'Open TB-2 · Summary in its workbook' }).click()
    await expect(page.getByRole('grid')).toBeVisible()
    await expect(page.locator('[role=gridcell]:focus')).toHaveAccessibleDescription(/^Jira refused 'Refused once'/)
    expect(new URL(page.url()).searchParams.has('cell')).toBe(false)
  })
})

test('[RL3][RL4][RL5] a run is told down to call and cell, and its receipt balances', async ({ enter }) => {
  const ana = await enter('Ana')
  const window = await ana.openWorkbook()
  await syncOne(window, 'TB-1', 'Told in full')
  const { page } = window
  await window.recentRuns.first().click()
  await expect(page.getByText('It balances: every planned cell is in exactly one of these.')).toBeVisible()
  await expect(page.getByRole('table', { name: 'Credits' })).toContainText('Cells changed and pushed1Records pulled60In all61')
  await page.getByRole('button', { name: 'Show the 1: Pushed' }).click()
  const cells = page.getByRole('table', { name: 'Cells of this run' }).getByRole('row')
  await expect(cells).toHaveCount(2)
  await expect(cells.nth(1)).toContainText('TB-1SummaryWrite the launch announcementTold in fullTold in full')

  await test.step('by keyboard into the body of the push', async () => {
    await page.getByRole('button', { name: 'Push · 1' }).focus()
    await page.keyboard.press('Enter')
    const call = page.getByRole('listitem').filter({ hasText: 'returnIssue' })
    await expect(call).toHaveCount(1)
    await call.locator('summary').focus()
    await page.keyboard.press('Enter')
    await expect(call.locator('pre')).toHaveText(/"summary": "Told in full"/)
    await expect(call).not.toContainText(/authorization|Basic |Bearer /i)
  })

  await test.step('exported with the same cells', async () => {
    await page.getByRole('button', { name: 'Export' }).click()
    const download = page.waitForEvent('download')
    await page.getByRole('menuitem', { name: 'Cells as CSV' }).click()
    const text = await readFile(await (await download).path(), 'utf8')
    expect(text).toContain('Told in full')
  })
})

test('[RL10] a preview runs where it stands, and what it wrote is undone as a plan of its own', async ({ enter, jira }) => {
  const ana = await enter('Ana')
  const window = await ana.openWorkbook()
  await window.type('TB-1', 'Summary', 'Written by mistake')
  await window.expectSaved()
  await window.card.getByRole('button', { name: 'Preview' }).click()
  await window.dialog.getByRole('button', { name: 'Run this plan' }).click()
  await expect(window.dialog.getByRole('heading', { name: 'Receipt: Jira · Issues' })).toBeVisible()
  await expect(window.dialog.getByText('It balances: every planned cell is in exactly one of these.')).toBeVisible()

  await window.dialog.getByRole('button', { name: 'Undo this sync…' }).click()
  await expect(window.dialog.getByRole('heading', { name: 'Undo a sync: Jira · Issues' })).toBeVisible()
  await expect(window.dialog).toContainText('TB-1SummaryWritten by mistake → Write the launch announcement')
  await window.dialog.getByRole('button', { name: /^Undo 1 cell · \d+ credits?$/ }).click()
  await expect(window.dialog.getByText('It balances: every planned cell is in exactly one of these.')).toBeVisible()
  await window.press('Escape')
  await expect(window.value('TB-1', 'Summary')).toHaveText('Write the launch announcement')
  expect((await jira.writes()).map(({ body }) => (body as { fields: unknown }).fields)).toEqual([
    { summary: 'Written by mistake' },
    { summary: 'Write the launch announcement' },
  ])
})

test('[RL6][RL7] usage adds up to the receipts, by keyboard and as a file, and an allowance stops what it should', async ({ enter }) => {
  const ana = await enter('Ana')
  const window = await ana.openWorkbook()
  await syncOne(window, 'TB-1', 'Counted')
  const { page } = window
  await page.goto('/runs')
  await expect(runRows(page).nth(1)).toContainText('1 of 1 cell sent')
  const credits = await runRows(page).locator('td:last-child').allTextContents()
  const total = credits.reduce((sum, text) => sum + Number(text), 0)

  await page.goto('/usage')
  const totals = page.getByRole('table', { name: 'This month' }).getByRole('row')
  await expect(totals.last()).toContainText(`In all${total}`)
  await page.getByRole('button', { name: 'Rule', exact: true }).click()
  await expect(totals.filter({ hasText: 'Cells changed and pushed' })).toContainText('1')
  await expect(totals.last()).toContainText(`In all${total}`)

  await test.step('the chart is gone through by keyboard', async () => {
    const chart = page.getByRole('group', { name: /^Credits a day in / })
    await chart.getByRole('link').first().focus()
    await page.keyboard.press('End')
    await page.keyboard.press('Home')
    await expect(chart.getByRole('link').first()).toBeFocused()
    await expect(chart.getByRole('link', { name: new RegExp(`: ${total} credits\\.`) })).toHaveCount(1)
  })

  await test.step('the ledger is saved as a file', async () => {
    await page.getByRole('button', { name: 'Export' }).click()
    const download = page.waitForEvent('download')
    await page.getByRole('menuitem', { name: 'As CSV' }).click()
    const lines = (await readFile(await (await download).path(), 'utf8')).split('\r\n').slice(1)
    expect(lines.reduce((sum, line) => sum + Number(line.split(',').at(-1)), 0)).toBe(total)
  })

  await test.step('an allowance that is used up blocks, and says so before anything is sent', async () => {
    await page.getByRole('button', { name: 'Set an allowance…' }).click()
    await window.dialog.getByLabel('Credits a month').fill('10')
    await window.dialog.getByLabel('Start no run that costs credits').check()
    await expect(window.dialog.getByText('This is less than was used already')).toBeVisible()
    expect(await findings(page, true)).toEqual([])
    await window.dialog.getByRole('button', { name: 'Save' }).click()
    await expect(page.getByRole('status').filter({ hasText: 'It is used up. Runs that would cost credits do not start' })).toBeVisible()
    const again = await ana.openWorkbook()
    await again.card.getByRole('button', { name: 'Preview' }).click()
    await expect(again.dialog.getByText('The monthly allowance is used up')).toBeVisible()
    await expect(again.dialog.getByRole('button', { name: 'Run this plan' })).toBeDisabled()
  })
})

test('[RL8] everything is synced by one action after its price, connection by connection', async ({ enter }) => {
  const ana = await enter('Ana')
  const window = await ana.openWorkbook()
  await window.type('TB-1', 'Summary', 'Goes with all')
  await window.expectSaved()
  const before = await window.latestRun()
  await window.panel.getByRole('button', { name: 'Sync all' }).click()
  const everything = window.dialog.getByRole('button', { name: /^Sync everything · \d+ credits$/ })
  await expect(everything).toBeEnabled()
  const sums = await window.dialog.locator('tfoot td').allTextContents()
  const total = sums.reduce((sum, text) => sum + Number(text), 0)
  await expect(everything).toHaveText(`Sync everything · ${total} credits`)
  await expect(window.dialog.getByRole('table', { name: 'Sandbox Jira' })).toContainText('1 cell to push, 60 records to pull')
  expect(await findings(window.page, true)).toEqual([])
  await everything.click()
  await expect(window.dialog.getByRole('status')).toContainText('in the queue.')
  await window.press('Escape')
  await window.expectRunEnded(before)
  await expect(window.recentRuns.first()).toContainText('1 of 1 cell sent')
})

test('[RL12][PL1][PL2] a pull that would change most of a sheet waits for a person, who drops it, and after a restart writes it', async ({
  enter,
  server,
  jira,
}) => {
  test.setTimeout(240_000)
  const ana = await enter('Ana')
  const window = await ana.openWorkbook()
  const { page, dialog } = window
  const summary = window.value('TB-7', 'Summary')
  const before = (await summary.textContent()) ?? ''
  const rename = (text: string, first: number, last: number) =>
    jira.rename(new Map(Array.from({ length: last - first + 1 }, (_, i) => [`TB-${first + i}`, `${text} ${first + i}`])))
  const asks = (rows: number) => new RegExp(`^Waits for you This pull would change \\d+ cells in ${rows} of 60 linked rows\\.`)
  // A webhook brings the pull ten seconds later.
  const soon = { timeout: 40_000 }

  await test.step('a webhook of Jira brings the next pull of the schedule forward', async () => {
    const settings = await ana.newPage()
    await settings.goto('/settings/integrations')
    await settings.getByRole('link', { name: 'Sandbox Jira' }).click()
    await settings.getByLabel('Pulls of Issues', { exact: true }).selectOption('5')
    await settings.getByRole('button', { name: 'Make a secret' }).click()
    const url = await settings.getByLabel('Address to enter in the app').inputValue()
    const secret = await settings.getByLabel(/^Secret to enter/).inputValue()
    await settings.close()
    const run = await window.latestRun()
    await jira.control({ webhooks: [{ url, secret }] })
    await rename('Told of', 2, 2)
    await expect(window.recentRuns.first()).not.toHaveAttribute('href', run, soon)
    await expect(window.value('TB-2', 'Summary')).toHaveText('Told of 2')
  })

  await test.step('most of the sheet changed there: nothing is written here, and the panel asks', async () => {
    await rename('Rewritten', 1, 55)
    await expect(window.card.getByText(asks(55))).toBeVisible(soon)
    await expect(summary).toHaveText(before)
    await window.card.getByRole('button', { name: 'What would change…' }).click()
    await expect(dialog.getByRole('heading', { name: 'Waits for you: Jira · Issues' })).toBeVisible()
    await expect(dialog.getByRole('row').filter({ hasText: `TB-7Summary${before}Rewritten 7` })).toBeVisible()
    expect(await findingsAtAnyWidth(page, true)).toEqual([])
  })

  await test.step('dropped, nothing is written; the next pull asks again', async () => {
    await dialog.getByRole('button', { name: 'Write nothing' }).click()
    await expect(dialog.getByRole('button', { name: 'Write nothing' })).toHaveCount(0)
    await dialog.getByRole('button', { name: 'Close' }).last().click()
    await expect(window.card.getByText('Waits for you')).toHaveCount(0)
    await expect(window.recentRuns.first()).toContainText('Stopped')
    await expect(summary).toHaveText(before)
    await rename('Rewritten', 56, 56)
    await expect(window.card.getByText(asks(56))).toBeVisible(soon)
  })

  await test.step('it waits in the log as well, also after the server died', async () => {
    await server.kill()
  })
  const again = await startServer({ env: { TIDEBOOK_LOG: 'warn' }, dataFolder: server.dataFolder, port: server.port })
  try {
    await page.goto('/runs')
    const waiting = runRows(page).filter({ hasText: 'Waits for you' })
    await expect(waiting).toHaveCount(1)
    await waiting.getByRole('link').first().click()
    await expect(page.getByRole('heading', { name: 'Waits for you' })).toBeVisible()
    expect(await findingsAtAnyWidth(page)).toEqual([])

    await test.step('written from what was kept, without a call', async () => {
      const calls = (await jira.requests()).length
      await page.getByRole('button', { name: /^Write \d+ cells$/ }).click()
      await expect(page.getByRole('heading', { name: 'Waits for you' })).toHaveCount(0)
      await expect(page.getByRole('definition').first()).toHaveText('Done')
      expect(await jira.requests()).toHaveLength(calls)
      const open = await ana.openWorkbook()
      await expect(open.value('TB-7', 'Summary')).toHaveText('Rewritten 7')
    })

    await test.step('how long the log is kept is said, and set', async () => {
      await page.goto('/runs')
      await page.getByRole('button', { name: 'Kept for ever' }).click()
      await dialog.getByLabel('For so many days').check()
      await dialog.getByLabel('Days', { exact: true }).fill('0')
      await expect(dialog.getByText('A whole number from 1 to 3,650.')).toBeVisible()
      await dialog.getByLabel('Days', { exact: true }).fill('30')
      await expect(dialog.getByRole('status')).toContainText('older than 30 days are deleted for good')
      await dialog.getByRole('button', { name: 'Save' }).click()
      await expect(page.getByRole('button', { name: 'Kept 30 days' })).toBeVisible()
    })
  } finally {
    await again.stop()
  }
})

test('[RL11] axe finds nothing on log, run and usage, in light, in dark and on a phone, where nothing scrolls sideways', async ({
  enter,
}) => {
  test.setTimeout(180_000)
  const window = await (await enter('Ana')).openWorkbook()
  await syncOne(window, 'TB-1', 'Looked at')
  const { page } = window
  const run = await window.latestRun()
  const found: Record<string, readonly string[]> = {}
  for (const path of ['/runs', run, '/usage']) {
    await page.goto(path)
    await page.getByRole('table').first().waitFor()
    const summary = page.locator('summary').first()
    if ((await summary.count()) > 0) await summary.click()
    found[path === run ? '/runs/<id>' : path] = await findingsAtAnyWidth(page)
  }
  await page.goto('/runs')
  await page.getByRole('button', { name: /^Kept / }).click()
  await window.dialog.waitFor()
  found.retention = await findingsAtAnyWidth(page, true)
  await page.goto(run)
  await page.getByRole('button', { name: 'Undo this sync…' }).click()
  await window.dialog.getByRole('button', { name: /^Undo \d+ cell/ }).waitFor()
  found.undo = await findingsAtAnyWidth(page, true)
  expect(Object.fromEntries(Object.entries(found).filter(([, list]) => list.length > 0))).toEqual({})
})
