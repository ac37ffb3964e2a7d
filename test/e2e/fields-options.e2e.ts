import { expect, test } from './support/fixture.ts'
import { addField, goToLast, openMenu, shownIn } from './support/own-fields.ts'

test('[FT14] options are made while choosing, and their colours reach a second window', async ({ enter }) => {
  const ana = await (await enter('Ana')).openWorkbook()
  const ben = await (await enter('Ben')).openWorkbook()
  const { page } = ana
  await addField(ana, 'Tags', 'Multi select', ['Bug', 'Later'])
  await goToLast(ana)
  await page.keyboard.type('bug')
  await expect(page.getByRole('option', { name: 'Bug' })).toBeVisible()
  await ana.press('Enter')
  await page.keyboard.type('Urgent')
  await expect(page.getByRole('option', { name: 'Create “Urgent”' })).toBeVisible()
  await ana.press('Enter')
  await ana.press('Tab')
  await expect((await shownIn(page, 'Tags', 0)).locator('.chip')).toHaveText(['Bug', 'Urgent'])

  await openMenu(ana, 'Tags', 'Edit field…')
  await ana.dialog.getByRole('button', { name: 'Colour of Bug' }).click()
  await page.getByRole('radio', { name: 'Lime' }).dispatchEvent('click')
  await page.getByRole('button', { name: 'Save', exact: true }).click()
  await expect(ana.dialog).toHaveCount(0)

  await ben.focus('TB-1', 'Key')
  await ben.press('End')
  await expect((await shownIn(ben.page, 'Tags', 0)).locator('.chip').first()).toHaveAttribute('data-color', 'lime')

  await test.step('a deleted option says how many cells hold it, and can be taken out of them', async () => {
    await openMenu(ana, 'Tags', 'Edit field…')
    await ana.dialog.getByRole('button', { name: 'Delete Bug' }).click()
    await ana.dialog.getByRole('button', { name: 'Save', exact: true }).click()
    await expect(ana.dialog.getByText('1 cell holds “Bug”.')).toBeVisible()
    await ana.dialog.getByRole('button', { name: 'Take it out of those cells' }).click()
    await expect(ana.dialog).toHaveCount(0)
    await expect(await shownIn(ben.page, 'Tags', 0)).toHaveText('Urgent')
    await goToLast(ana)
    await ana.press('Control+z')
    await expect((await shownIn(page, 'Tags', 0)).locator('.chip')).toHaveText(['Bug', 'Urgent'])
  })
})
