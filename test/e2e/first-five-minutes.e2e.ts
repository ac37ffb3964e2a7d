import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from './support/fixture.ts'
import { FIELDS, WorkbookWindow } from './support/workbook-window.ts'

// What works without a network works by it.
test.use({ serviceWorkers: 'allow' })

test('[T1][HS34] from the printed address to a warning that names both values', async ({ page, server, enter, jira }) => {
  // Five minutes of a person's day, in one go.
  test.slow()
  const mine = new WorkbookWindow(page)

  await test.step('it opens in a workbook with live rows', async () => {
    await mine.open(server.oneTimeUrl)
    await expect(page).toHaveTitle('Launch plan · Tidebook')
    await expect(mine.grid).toHaveAttribute('aria-rowcount', '62')
    await expect(mine.cell('TB-1', 'Summary')).toHaveText('Write the launch announcement')
    const names = mine.grid.getByRole('row').nth(1).getByRole('columnheader')
    await expect(names.nth(1)).toHaveText(FIELDS[0])
    await expect(names.nth(3)).toHaveText(FIELDS[2])
    await mine.expectSaved()
  })

  await test.step('the sheet beside it has live rows of HubSpot', async () => {
    await page.getByRole('tab', { name: 'Customers', exact: true }).click()
    await expect(page.getByRole('grid', { name: /^Customers/ })).toHaveAttribute('aria-rowcount', '62')
    await expect(page.getByRole('gridcell', { name: /Alder & Finch/ })).toBeVisible()
    await expect(page.getByRole('region', { name: 'HubSpot · Companies' })).toBeVisible()
    await page.getByRole('tab', { name: 'Sheet 1', exact: true }).click()
    await expect(mine.row('TB-1')).toBeVisible()
  })

  await test.step('one line says what this is, and leads to the other side', async () => {
    const line = page.getByText('This data lives in a sandbox app inside this server. Edit anything.')
    await expect(line).toBeVisible()
    const [sandbox] = await Promise.all([page.waitForEvent('popup'), page.getByRole('link', { name: 'Open the sandbox app' }).click()])
    await expect(sandbox.getByRole('link', { name: 'TB-1', exact: true })).toBeVisible()
    await sandbox.close()
    await page.getByRole('button', { name: 'Dismiss' }).click()
    await expect(line).toBeHidden()
  })

  const theirs = await (await enter('Ben')).openWorkbook()

  await test.step('an edited status is staged, and counted', async () => {
    await mine.choose('TB-1', 'Status', 'Done')
    await expect(mine.cell('TB-1', 'Status')).toHaveAccessibleDescription('Staged: To Do → Done. Goes out with the next sync.')
    await expect(mine.thisCell).toContainText('Staged: To Do → Done.')
    await expect(mine.card).toContainText('Staged1 cell in 1 record')
    await expect(mine.card.getByRole('heading', { name: 'Staged · 1' })).toBeVisible()
    await expect(theirs.value('TB-1', 'Status')).toHaveText('Done')
    await mine.expectSaved()
    expect(await jira.writes()).toEqual([])
  })

  await test.step('the preview lists the call, its body, the reads and the price', async () => {
    await mine.card.getByRole('button', { name: 'Preview' }).click()
    await expect(mine.dialog.getByRole('heading', { name: 'Preview: Jira · Issues' })).toBeVisible()
    await expect(mine.dialog).toContainText('cell to push1')
    await expect(mine.dialog).toContainText('write call1')
    await expect(mine.dialog.getByRole('article')).toHaveCount(1)
    await expect(mine.dialog.getByRole('article')).toContainText('POST/rest/api/3/issue/10001/transitions1 credit')
    await expect(mine.dialog.getByRole('article')).toContainText('TB-1StatusTo Do → Done')
    await expect(mine.dialog.getByRole('article')).toContainText(
      'Look-up first: GET /rest/api/3/issue/10001/transitions finds the transition to Done',
    )
    await expect(mine.dialog.getByRole('article')).toContainText('{ "transition": { "id": "{transition to Done}" } }')
    await expect(mine.dialog).toContainText('First 1 record is read by id in 1 call')
    await expect(mine.dialog).toContainText('60 records in 1 call')
    await expect(mine.dialog).toContainText('credits · 122 so far61')
    expect(await jira.writes()).toEqual([])
  })

  await test.step('it runs, and what Jira wrote differently is named to everybody', async () => {
    await mine.dialog.getByRole('button', { name: 'Run this plan' }).click()
    await expect(mine.dialog.getByRole('heading', { name: 'Receipt', exact: true })).toBeVisible()
    await mine.dialog.getByRole('button', { name: 'Close' }).first().click()
    await expect(mine.dialog).toBeHidden()
    const warning = "Jira saved 'DONE', you sent 'Done' (capitals)."
    await expect(mine.cell('TB-1', 'Status')).toHaveAccessibleDescription(warning)
    // Shown as the option that Jira means, while the warning compares the text.
    await expect(mine.value('TB-1', 'Status')).toHaveText('Done')
    await expect(mine.card.getByRole('heading', { name: 'Needs you · 1' })).toBeVisible()
    await expect(mine.card).toContainText('StagedNothing')
    await expect(theirs.cell('TB-1', 'Status')).toHaveAccessibleDescription(/^Jira saved 'DONE', .+ sent 'Done' \(capitals\)\./)
    expect((await jira.writes()).map(({ method, body }) => [method, body])).toEqual([['POST', { transition: { id: '13' } }]])
  })

  await test.step('keeping the app’s value closes the warning for everybody', async () => {
    await mine.focus('TB-1', 'Status')
    await mine.thisCell.getByRole('button', { name: 'Keep Jira’s' }).click()
    await expect(mine.cell('TB-1', 'Status')).toHaveAccessibleDescription('')
    await expect(theirs.cell('TB-1', 'Status')).toHaveAccessibleDescription(/^\S+ is here\.$/)
    await expect(theirs.card.getByRole('heading', { name: /^Needs you/ })).toBeHidden()
    expect(await jira.writes()).toHaveLength(1)
  })

  await test.step('both work offline in one cell; online again both values are offered', async () => {
    for (const window of [mine, theirs]) await window.workOffline()
    await mine.type('TB-5', 'Summary', 'Typed here')
    await theirs.type('TB-5', 'Summary', 'Typed there')
    for (const window of [mine, theirs]) await window.goOnline()
    for (const window of [mine, theirs])
      await expect(window.cell('TB-5', 'Summary')).toHaveAccessibleDescription(/^You and .+ set this at the same time\. Showing /)
    await mine.focus('TB-5', 'Summary')
    await mine.thisCell.getByRole('button', { name: /^Use / }).first().click()
    await expect(theirs.card.getByRole('heading', { name: /^Needs you/ })).toBeHidden()
  })

  await test.step('an answer lost after saving is looked for before anything is sent again', async () => {
    const dial = await page.context().newPage()
    await jira.setFault(dial, { kind: 'drop-after', calls: 'true' })
    await dial.close()
    await mine.sync()
    await expect(mine.card).toContainText('StagedNothing')
    await expect(mine.cell('TB-5', 'Summary')).toHaveAccessibleDescription('')
    const writes = (await jira.writes()).slice(1)
    expect(writes.map(({ method, status, fault }) => [method, status, fault])).toEqual([['PUT', null, 'drop-after']])
  })

  await test.step('a real app is connected: what is needed is asked, tried, and starts as Pull only', async () => {
    const kept = await readFile(join(server.dataFolder, 'sandbox', 'jira', 'credentials.json'), 'utf8')
    const { email, apiToken } = JSON.parse(kept) as { email: string; apiToken: string }
    await page.goto(`${server.origin}/settings/integrations`)
    await page.getByRole('button', { name: 'Add an integration' }).click()
    await expect(mine.dialog.getByRole('button', { name: 'Choose HubSpot' })).toBeVisible()
    await page.getByRole('button', { name: 'Choose Jira' }).click()
    await page.getByRole('radio', { name: 'API token' }).check()
    await expect(mine.dialog.getByText('It starts as Pull only: nothing is written to Jira')).toBeVisible()
    await page.getByLabel('Name, for you to tell accounts apart').fill('Our Jira')
    await page.getByLabel('Address', { exact: true }).fill(`${server.origin}/sandbox/jira`)
    await page.getByLabel('E-mail address').fill(email)
    await page.getByRole('textbox', { name: 'API token', exact: true }).fill(apiToken)
    await page.getByRole('button', { name: 'Try and add', exact: true }).click()
    await expect(page.getByRole('heading', { name: 'Our Jira', level: 1 })).toBeVisible()
    await expect(page.getByLabel('Direction of Issues')).toHaveValue('pull')
  })
})

test('[T2] a value sent again is put right by the next sync', async ({ enter, jira }) => {
  const window = await (await enter('Ana')).openWorkbook()
  const status = window.cell('TB-1', 'Status')
  await window.choose('TB-1', 'Status', 'Done')
  await window.sync()
  await expect(status).toHaveAccessibleDescription("Jira saved 'DONE', you sent 'Done' (capitals).")

  await window.focus('TB-1', 'Status')
  await window.thisCell.getByRole('button', { name: 'Send mine again' }).click()
  await expect(status).toHaveAccessibleDescription('Staged: DONE → Done. Goes out with the next sync.')
  await window.sync()
  await expect(status).toHaveAccessibleDescription('')
  await expect(window.card).toContainText('StagedNothing')
  await expect(window.card.getByRole('heading', { name: /^Needs you/ })).toBeHidden()
  expect(await jira.writes()).toHaveLength(2)
  expect(await jira.valueOf(await window.page.context().newPage(), 'TB-1', 'Status')).toBe('Done')
})

test('[T3] people see each other: names, places, and values as they are entered', async ({ enter }) => {
  const [ana, ben] = [await enter('Ana'), await enter('Ben Ortiz')]
  const [mine, theirs] = [await ana.openWorkbook(), await ben.openWorkbook()]
  await theirs.focus('TB-3', 'Summary')
  await expect(mine.cell('TB-3', 'Summary').getByText('Ben Ortiz', { exact: true })).toBeVisible()
  await expect(mine.cell('TB-3', 'Summary')).toHaveAccessibleDescription('Ben Ortiz is here.')
  await theirs.page.keyboard.type('Live')
  await expect(mine.cell('TB-3', 'Summary').getByText('Ben Ortiz …', { exact: true })).toBeVisible()
  await theirs.press('Tab')
  await expect(mine.value('TB-3', 'Summary')).toHaveText('Live')
  await expect(mine.cell('TB-3', 'Status').getByText('Ben Ortiz', { exact: true })).toBeVisible()
  await expect(mine.card).toContainText('Staged1 cell in 1 record')

  await mine.page.getByRole('button', { name: '2 people here' }).click()
  await expect(mine.dialog.getByRole('listitem')).toHaveText([/Ben Ortiz/])
  await mine.press('Escape')
  await theirs.page.close()
  await expect(mine.page.getByRole('button', { name: 'Only you are here' })).toBeVisible()
  await expect(mine.cell('TB-3', 'Status').getByText('Ben Ortiz', { exact: true })).toBeHidden()
  await expect(mine.value('TB-3', 'Summary')).toHaveText('Live')
})
