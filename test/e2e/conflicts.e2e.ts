import type { Page } from '@playwright/test'
import { findings } from './support/axe.ts'
import { expect, test } from './support/fixture.ts'
import type { OtherSide } from './support/other-side.ts'
import type { WorkbookWindow } from './support/workbook-window.ts'

/** Two conflicts and a warning: everything a rule is about. */
async function threeQuestions(window: WorkbookWindow, jira: OtherSide, sandbox: Page): Promise<void> {
  await window.type('TB-2', 'Summary', 'Mine of two')
  await window.type('TB-3', 'Summary', 'Mine of three')
  await window.expectSaved()
  await jira.change(sandbox, 'TB-2', 'Summary', 'Theirs of two')
  await jira.change(sandbox, 'TB-3', 'Summary', 'Theirs of three')
  await window.sync()
  await jira.setFault(sandbox, { kind: 'quirk-capitals', field: 'summary' })
  await window.type('TB-4', 'Summary', 'plan the party')
  await window.expectSaved()
  await window.sync()
  await expect(window.card.getByRole('heading', { name: 'Needs you · 3' })).toBeVisible()
}

const questions = (window: WorkbookWindow) => window.dialog.getByRole('article')

test('[CO1][CO2][CO3] questions are answered one by one by keyboard, or by a rule after a dry count, and taken back as one step', async ({
  enter,
  jira,
}) => {
  const ana = await enter('Ana')
  const window = await ana.openWorkbook()
  const sandbox = await ana.newPage()
  await threeQuestions(window, jira, sandbox)

  await window.card.getByRole('button', { name: 'Answer them…' }).click()
  await expect(window.dialog.getByRole('heading', { name: '3 cells need you' })).toBeVisible()
  await expect(questions(window).first()).toContainText('Before')
  await expect(questions(window).first()).toContainText('YoursMine of two')
  await expect(questions(window).first()).toContainText('Jira’sTheirs of two')
  await expect(questions(window).first()).toBeFocused()

  await test.step('a dry count says what each way would do', async () => {
    const dry = window.dialog.getByRole('status')
    await expect(dry).toHaveText('2 conflicts take the app’s value, 1 warning keeps what the app saved. Ctrl+Z takes it back as one step.')
    await window.dialog.getByRole('button', { name: 'Send mine', exact: true }).first().click()
    await expect(dry).toHaveText('2 conflicts send yours, 1 warning sends yours again. Ctrl+Z takes it back as one step.')
    await window.dialog.getByLabel('Which').selectOption('Changed in both · 2')
    await expect(dry).toHaveText('2 conflicts send yours. Ctrl+Z takes it back as one step.')
    await window.dialog.getByRole('button', { name: 'Keep Jira’s', exact: true }).first().click()
    await window.dialog.getByRole('button', { name: 'Answer 2 cells' }).click()
    await expect(window.dialog.getByRole('heading', { name: '1 cell needs you' })).toBeVisible()
    await window.press('Escape')
    await expect(window.value('TB-2', 'Summary')).toHaveText('Theirs of two')
    await expect(window.value('TB-3', 'Summary')).toHaveText('Theirs of three')
  })

  await test.step('one undo opens both again, with the same values', async () => {
    await window.focus('TB-1', 'Summary')
    await window.press('Control+z')
    await expect(window.card.getByRole('heading', { name: 'Needs you · 3' })).toBeVisible()
    await expect(window.cell('TB-2', 'Summary')).toHaveAccessibleDescription(
      /^Changed in both: was .+, yours Mine of two, Jira's Theirs of two/,
    )
    await window.press('Control+Shift+z')
    await expect(window.card.getByRole('heading', { name: 'Needs you · 1' })).toBeVisible()
    await window.press('Control+z')
    await expect(window.card.getByRole('heading', { name: 'Needs you · 3' })).toBeVisible()
  })

  await test.step('by keyboard alone, one after another', async () => {
    await window.card.getByRole('button', { name: 'Answer them…' }).focus()
    await window.press('Enter')
    await expect(questions(window).nth(0)).toBeFocused()
    await window.press('Alt+n')
    await expect(questions(window).nth(1)).toBeFocused()
    await window.press('Alt+Shift+n')
    await expect(questions(window).nth(0)).toBeFocused()
    await questions(window).nth(0).getByRole('button', { name: 'Send mine', exact: true }).focus()
    await window.press('Enter')
    await expect(window.dialog.getByRole('heading', { name: '2 cells need you' })).toBeVisible()
    await expect(questions(window).nth(0)).toBeFocused()
    await window.press('Escape')
    await expect(window.cell('TB-2', 'Summary')).toHaveAccessibleDescription(
      'Staged: Theirs of two → Mine of two. Goes out with the next sync.',
    )
  })
})

test('[CO4][CO5] “always accept” is shown where it holds, and ended there', async ({ enter, jira }) => {
  const ana = await enter('Ana')
  const window = await ana.openWorkbook()
  const sandbox = await ana.newPage()
  const capitals = async (text: string): Promise<void> => {
    await jira.setFault(sandbox, { kind: 'quirk-capitals', field: 'summary' })
    await window.type('TB-4', 'Summary', text)
    await window.expectSaved()
    await window.sync()
  }
  await capitals('plan the party')
  await window.focus('TB-4', 'Summary')
  await window.answer('Always accept capitals in Summary')
  await expect(window.card.getByRole('heading', { name: 'Always accepted · 1' })).toBeVisible()
  await expect(window.card).toContainText(/Capitals in Summary.*Ana, today/)
  await capitals('plan the dinner')
  await expect(window.value('TB-4', 'Summary')).toHaveText('PLAN THE DINNER')
  await expect(window.cell('TB-4', 'Summary')).toHaveAccessibleDescription('')
  await window.card.getByRole('button', { name: 'Warn again of capitals in Summary' }).click()
  await expect(window.card.getByRole('heading', { name: /^Always accepted/ })).toHaveCount(0)
  await capitals('plan the lunch')
  await expect(window.cell('TB-4', 'Summary')).toHaveAccessibleDescription(/^Jira saved 'PLAN THE LUNCH'/)
})

test('[CO6] a guest with an editor’s link is not offered it', async ({ enter, jira, browser, server }) => {
  const ana = await enter('Ana')
  const window = await ana.openWorkbook()
  const sandbox = await ana.newPage()
  await jira.setFault(sandbox, { kind: 'quirk-capitals', field: 'summary' })
  await window.type('TB-4', 'Summary', 'plan the party')
  await window.expectSaved()
  await window.sync()
  const workbook = new URL(window.page.url()).pathname.split('/')[2]
  const link = await ana.context.request.post('/api/links', { data: { workbook, role: 'editor', name: '', expiresAt: null } })
  const { token } = (await link.json()) as { token: string }
  const guest = await browser.newContext({ baseURL: server.origin })
  const page = await guest.newPage()
  await page.goto(`/l#${token}`)
  await page.getByRole('textbox', { name: 'Name' }).fill('Gwen')
  await page.getByRole('button', { name: 'Open the workbook' }).click()
  await expect(page.getByRole('button', { name: '1 warning' })).toBeVisible()
  await page.keyboard.press('Alt+n')
  const cell = page.getByRole('region', { name: 'This cell' }).filter({ visible: true })
  await expect(cell.getByRole('button', { name: 'Keep Jira’s' })).toBeVisible()
  await expect(cell.getByRole('button', { name: /^Always accept/ })).toHaveCount(0)
  await guest.close()
})

test('[CO7] the next cell that needs a person is found on another sheet', async ({ enter, jira }) => {
  const ana = await enter('Ana')
  const window = await ana.openWorkbook()
  const sandbox = await ana.newPage()
  await jira.setFault(sandbox, { kind: 'quirk-capitals', field: 'summary' })
  await window.type('TB-4', 'Summary', 'plan the party')
  await window.expectSaved()
  await window.sync()
  const url = new URL(window.page.url())
  const workbook = url.pathname.split('/')[2]
  const made = await ana.context.request.post(`/api/workbooks/${workbook}/sheets`, { data: { name: 'Notes' } })
  expect(made.ok()).toBe(true)
  await window.page.getByRole('tab', { name: 'Notes' }).click()
  await expect(window.page.getByRole('grid', { name: /^Notes/ })).toBeVisible()
  await window.press('Alt+n')
  await expect(window.cell('TB-4', 'Summary')).toBeFocused()
  await expect(window.said).toHaveText(/^1 cell needs you in /)
})

test('[CO8] axe finds nothing in the questions, wide and on a phone, light and dark', async ({ enter, jira }) => {
  const ana = await enter('Ana')
  const window = await ana.openWorkbook()
  await threeQuestions(window, jira, await ana.newPage())
  const { page } = window
  const found: Record<string, readonly string[]> = {}
  await window.card.getByRole('button', { name: 'Answer them…' }).click()
  await questions(window).first().waitFor()
  found.questions = await findings(page, true)
  await page.setViewportSize({ width: 390, height: 844 })
  found.phone = await findings(page, true)
  expect(Object.fromEntries(Object.entries(found).filter(([, list]) => list.length > 0))).toEqual({})
})
