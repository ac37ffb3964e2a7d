import { findingsAtAnyWidth } from './support/axe.ts'
import { expect, test } from './support/fixture.ts'

test('[WD4] a workbook is deleted from the list, its open window says so and keeps what was typed, and it is brought back', async ({
  enter,
}) => {
  const ana = await enter('Ana')
  const window = await ana.openWorkbook()
  await window.expectSaved()
  const home = await ana.newPage()
  await home.goto('/')
  await home.getByRole('button', { name: 'Delete Launch plan' }).click()
  const question = home.getByRole('dialog', { name: 'Delete “Launch plan”?' })
  await expect(question).toContainText('it can be brought back')
  await question.getByRole('button', { name: 'Delete the workbook' }).click()
  await expect(home.getByRole('link', { name: /^Launch plan/ })).toHaveCount(0)
  await expect(home.getByText(/^Deleted .+ by Ana$/)).toBeVisible()
  expect(await findingsAtAnyWidth(home)).toEqual([])

  await expect(window.page.getByText('This workbook was deleted.').first()).toBeVisible()
  await window.type('TB-2', 'Summary', 'Typed into a deleted workbook')
  const other = await ana.newPage()
  await other.goto(window.page.url())
  await expect(other.getByText('This workbook was deleted.').first()).toBeVisible()

  await home.getByRole('button', { name: 'Bring back Launch plan' }).click()
  await expect(home.getByRole('link', { name: /^Launch plan/ })).toBeVisible()
  await window.page.reload()
  await window.expectSaved()
  await expect(window.cell('TB-2', 'Summary')).toContainText('Typed into a deleted workbook')
})
