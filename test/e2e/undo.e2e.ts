import { expect, test } from './support/fixture.ts'

test('[KB20] undo never takes back what somebody else has set since, and names them', async ({ enter }) => {
  const [ana, ben] = [await enter('Ana'), await enter('Ben')]
  const [window, theirs] = [await ana.openWorkbook(), await ben.openWorkbook()]
  await window.focus('TB-1', 'Summary')
  await window.paste('One\nTwo\nThree')
  await expect(theirs.value('TB-2', 'Summary')).toHaveText('Two')
  await expect(theirs.value('TB-3', 'Summary')).toHaveText('Three')
  await theirs.type('TB-2', 'Summary', 'Ben’s')
  await theirs.expectSaved()
  await expect(window.value('TB-2', 'Summary')).toHaveText('Ben’s')

  await window.focus('TB-9', 'Summary')
  await window.press('Control+z')
  await expect(window.value('TB-1', 'Summary')).toHaveText('Write the launch announcement')
  await expect(window.value('TB-2', 'Summary')).toHaveText('Ben’s')
  await expect(window.said).toHaveText('2 changes taken back. Ben changed 1 of these since; that stays.')
  await expect(window.cell('TB-1', 'Summary')).toBeFocused()
  await expect(theirs.value('TB-1', 'Summary')).toHaveText('Write the launch announcement')

  await test.step('doing it again leaves the other’s value, too', async () => {
    await window.press('Control+Shift+z')
    await expect(window.value('TB-1', 'Summary')).toHaveText('One')
    await expect(window.value('TB-3', 'Summary')).toHaveText('Three')
    await expect(window.value('TB-2', 'Summary')).toHaveText('Ben’s')
  })

  await test.step('an added row that somebody has typed into stays', async () => {
    await window.page.getByRole('button', { name: 'Add row' }).first().click()
    await expect(window.grid).toHaveAttribute('aria-rowcount', '63')
    await theirs.press('Control+End', 'Home', 'ArrowRight')
    await expect(theirs.focused).toHaveAttribute('data-row', '60')
    await theirs.page.keyboard.type('Kept')
    await theirs.press('Enter')
    await expect(window.grid.locator('span.text').filter({ hasText: /^Kept$/ })).toBeVisible()
    await window.press('Control+z')
    await expect(window.said).toHaveText('Ben changed 1 of these since; that stays.')
    await expect(window.grid).toHaveAttribute('aria-rowcount', '63')
  })
})
