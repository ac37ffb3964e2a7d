import { expect, test } from './support/fixture.ts'
import { addField, cellOf, goToLast, openMenu, shownIn } from './support/own-fields.ts'

const TYPED = [
  { type: 'Currency', text: '1,234.5', shown: /1,234\.50/ },
  { type: 'Percent', text: '7', shown: '7%' },
  { type: 'Duration', text: '90m', shown: '1:30' },
  { type: 'E-mail', text: 'ana@example.com', shown: 'ana@example.com' },
  { type: 'Phone', text: '+49 30 123', shown: '+49 30 123' },
  { type: 'Long text', text: '=1+1 👋', shown: '=1+1 👋' },
] as const

test('[FT11] a field of each type is added and filled by the keyboard alone', async ({ enter }) => {
  const window = await (await enter('Ana')).openWorkbook()
  const { page } = window
  for (const { type, text, shown } of TYPED) {
    await test.step(type, async () => {
      await addField(window, `My ${type}`, type)
      await goToLast(window)
      await page.keyboard.type(text)
      await window.press('Tab')
      await expect(await shownIn(page, `My ${type}`, 0)).toHaveText(shown)
    })
  }
})

test('[FT11] ratings, days in words and people are chosen by the keyboard alone', async ({ enter }) => {
  const window = await (await enter('Ana')).openWorkbook()
  const { page } = window
  await test.step('a rating is one figure', async () => {
    await addField(window, 'My Rating', 'Rating')
    await goToLast(window)
    await page.keyboard.press('4')
    await expect(await shownIn(page, 'My Rating', 0)).toHaveText('★★★★☆')
    await window.press('Enter', 'ArrowLeft', 'Enter')
    await expect(await shownIn(page, 'My Rating', 0)).toHaveText('★★★☆☆')
  })

  await test.step('a day is typed in words, and what is no day is said', async () => {
    await addField(window, 'My Date', 'Date')
    await goToLast(window)
    await page.keyboard.type('soonish')
    await window.press('Enter')
    await expect(page.getByRole('alert').filter({ hasText: '“soonish” is not a date.' })).toBeVisible()
    await window.press('Control+a')
    await page.keyboard.type('9999-12-31')
    await window.press('Enter')
    await expect(await shownIn(page, 'My Date', 0)).toHaveText('Dec 31, 9999')
  })

  await test.step('a person is one this workbook knows', async () => {
    await addField(window, 'My Person', 'Person')
    await goToLast(window)
    await page.keyboard.type('an')
    await expect(page.getByRole('option', { name: 'Ana' })).toBeVisible()
    await window.press('Enter')
    await expect(await shownIn(page, 'My Person', 0)).toHaveText('Ana')
  })
})

test('[FT12] a change of type is shown before it happens, and is one step', async ({ enter }) => {
  const window = await (await enter('Ana')).openWorkbook()
  const { page, dialog } = window
  await addField(window, 'Size', 'Text')
  await goToLast(window)
  await page.keyboard.type('12')
  await window.press('Enter')
  await page.keyboard.type('large')
  await window.press('Enter')

  await openMenu(window, 'Size', 'Change type…')
  await dialog.getByRole('option', { name: 'Number', exact: true }).click()
  await expect(dialog.getByText('1 cell converts, 1 cell cannot be read.')).toBeVisible()
  await expect(dialog.getByText('“large” is not a number.')).toBeVisible()
  await dialog.getByRole('button', { name: 'Change type' }).click()
  await expect(dialog).toHaveCount(0)
  await goToLast(window)
  await expect(page.getByRole('columnheader', { name: 'Size (as text)', exact: true })).toBeVisible()
  await expect(await shownIn(page, 'Size', 0)).toHaveText('12')
  await expect(await shownIn(page, 'Size', 1)).toHaveText('')
  await expect(await shownIn(page, 'Size (as text)', 1)).toHaveText('large')

  await window.press('Control+z')
  await expect(await shownIn(page, 'Size', 1)).toHaveText('large')
  await expect(page.getByRole('columnheader', { name: 'Size (as text)', exact: true })).toHaveCount(0)
})

test('[FT13] a value that breaks a rule is kept, marked and explained', async ({ enter }) => {
  const window = await (await enter('Ana')).openWorkbook()
  const { page, dialog } = window
  await addField(window, 'Count', 'Number')
  await goToLast(window)
  await openMenu(window, 'Count', 'Edit field…')
  await dialog.getByRole('spinbutton', { name: 'Most' }).fill('10')
  await dialog.getByRole('button', { name: 'Save', exact: true }).click()
  await goToLast(window)
  await page.keyboard.type('11')
  await window.press('Enter')
  const cell = await cellOf(page, 'Count', 0).cell()
  await expect(cell.locator('> :first-child')).toHaveText('11')
  await expect(cell).toHaveAttribute('aria-invalid', 'true')
  await expect(cell).toHaveAccessibleDescription('The most allowed here is 10.')
})
