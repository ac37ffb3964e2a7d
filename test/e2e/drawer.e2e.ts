import type { Locator, Page } from '@playwright/test'
import { expect, test } from './support/fixture.ts'
import type { WorkbookWindow } from './support/workbook-window.ts'

// What works without a network works by it.
test.use({ serviceWorkers: 'allow' })

// Two windows that are typed into letter by letter take their time on a busy machine.
test.setTimeout(240_000)

async function openRow(window: WorkbookWindow, key: string): Promise<Locator> {
  await window.focus(key, 'Summary')
  await window.page.keyboard.press('Alt+o')
  const drawer = window.page.getByRole('complementary', { name: `Row ${key}` })
  await expect(drawer).toBeVisible()
  return drawer
}

const note = (drawer: Locator): Locator => drawer.getByRole('textbox', { name: 'Note' })

async function comment(drawer: Locator, text: string): Promise<void> {
  await drawer.getByRole('combobox', { name: /^Comment on the row$/ }).fill(text)
  await drawer.getByRole('button', { name: 'Comment', exact: true }).last().click()
}

const panelOf = async (page: Page): Promise<Locator> => {
  await page.getByRole('button', { name: /^Comments/ }).click()
  return page.getByRole('complementary', { name: 'Comments' })
}

test('[CS24] two people write in one note at once; its row is marked, and the address opens it again', async ({ enter }) => {
  const [ana, ben] = [await enter('Ana'), await enter('Ben')]
  const [mine, theirs] = [await ana.openWorkbook(), await ben.openWorkbook()]
  const [left, right] = [await openRow(mine, 'TB-2'), await openRow(theirs, 'TB-2')]
  await note(left).pressSequentially('# Plan')
  await note(left).press('Enter')
  await note(left).pressSequentially('[ ] call Ben')
  await expect(note(right).getByRole('heading', { name: 'Plan' })).toBeVisible()
  await expect(note(right).getByText('call Ben', { exact: true })).toBeVisible()
  await note(right).click()
  await note(right).press('Control+End')
  await note(right).press('Enter')
  await note(right).pressSequentially('done')
  await expect(note(left).getByText('done', { exact: true })).toBeVisible()
  await expect(mine.row('TB-2').getByRole('rowheader')).toHaveAccessibleDescription('has a note')
  await mine.page.reload()
  const again = mine.page.getByRole('complementary', { name: 'Row TB-2' })
  await expect(note(again).getByText('call Ben', { exact: true })).toBeVisible()
})

test('[CS25] what is pasted into a note keeps what a note has, and nothing of it runs', async ({ enter }) => {
  const window = await (await enter('Ana')).openWorkbook()
  const drawer = await openRow(window, 'TB-2')
  await expect(note(drawer)).toBeVisible()
  await note(drawer).evaluate((element) => {
    const data = new DataTransfer()
    data.setData(
      'text/html',
      '<h2>Title</h2><script>window.ran = true</script><img src=x onerror="window.ran = true"><p style="color:red">text <a href="javascript:alert(1)">bad</a> <a href="https://example.com">good</a></p>',
    )
    element.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }))
  })
  await expect(note(drawer).getByRole('heading', { name: 'Title' })).toBeVisible()
  await expect(note(drawer).getByRole('link', { name: 'good' })).toHaveAttribute('href', 'https://example.com')
  await expect(note(drawer).getByRole('link', { name: 'bad' })).toHaveCount(0)
  await expect(note(drawer).locator('img, script, [style]')).toHaveCount(0)
  expect(await window.page.evaluate(() => 'ran' in window)).toBe(false)
})

test('[CS26] comments are written, answered, resolved and opened again, live for everyone', async ({ enter }) => {
  const [ana, ben] = [await enter('Ana'), await enter('Ben')]
  const [mine, theirs] = [await ana.openWorkbook(), await ben.openWorkbook()]
  const drawer = await openRow(mine, 'TB-3')
  await comment(drawer, 'Is this @Ben yours? <b>')
  await expect(theirs.row('TB-3').getByRole('rowheader')).toHaveAccessibleDescription('1 open comment')
  const panel = await panelOf(theirs.page)
  const thread = panel.getByRole('article', { name: 'Thread begun by Ana' })
  await expect(thread).toContainText('Is this @Ben yours? <b>')
  await expect(thread.getByText('New')).toBeVisible()
  await thread.getByRole('button', { name: 'Reply' }).click()
  await thread.getByRole('combobox', { name: 'Reply to Ana' }).fill('Yes')
  await thread.getByRole('combobox', { name: 'Reply to Ana' }).press('Control+Enter')
  await expect(drawer.getByRole('article')).toContainText('Yes')
  // Only one's own can be edited.
  await expect(drawer.getByRole('article').getByRole('button', { name: 'Edit' })).toHaveCount(1)
  await drawer.getByRole('article').getByRole('button', { name: 'Edit' }).click()
  await drawer.getByRole('article').getByRole('combobox', { name: 'Edit' }).fill('Is this yours?')
  await drawer.getByRole('article').getByRole('button', { name: 'Save' }).click()
  await expect(thread).toContainText('Is this yours?')
  await expect(thread).toContainText('edited')
  await thread.getByRole('button', { name: 'Resolve' }).click()
  await expect(panel.getByText('No open comments. All threads are resolved.')).toBeVisible()
  await expect(drawer.getByRole('article')).toHaveCount(0)
  await drawer.getByRole('button', { name: 'Show 1 resolved thread' }).click()
  await expect(drawer.getByText(/^Resolved by Ben/)).toBeVisible()
  await drawer.getByRole('button', { name: 'Open again' }).click()
  await expect(thread).toBeVisible()

  // What was begun and not sent is there again; deleting asks first.
  const box = drawer.getByRole('combobox', { name: 'Comment on the row' })
  await box.fill('Not sent yet')
  await box.press('Escape')
  await expect(drawer).toBeHidden()
  await expect((await openRow(mine, 'TB-3')).getByRole('combobox', { name: 'Comment on the row' })).toHaveValue('Not sent yet')
  await drawer.getByRole('article').getByRole('button', { name: 'Delete' }).click()
  await expect(thread).toContainText('Is this yours?')
  await drawer.getByRole('alertdialog').getByRole('button', { name: 'Delete' }).click()
  await expect(thread).toContainText('This comment was deleted.')

  await box.press('Escape')
  await mine.focus('TB-5', 'Summary')
  await mine.press('Alt+m')
  await expect(mine.page.getByRole('combobox', { name: 'Comment on Summary' })).toBeFocused()
})

test('[CS27] a note and a comment written offline are kept on this device and join the others', async ({ enter }) => {
  const [ana, ben] = [await enter('Ana'), await enter('Ben')]
  const [mine, theirs] = [await ana.openWorkbook(), await ben.openWorkbook()]
  const drawer = await openRow(mine, 'TB-4')
  await note(drawer).pressSequentially('Before.')
  const other = await openRow(theirs, 'TB-4')
  await expect(note(other).getByText('Before.')).toBeVisible()
  await mine.workOffline()
  await note(drawer).press('Control+End')
  await note(drawer).pressSequentially(' From Ana, offline.')
  await comment(drawer, 'Written offline')
  await note(other).press('Control+Home')
  await note(other).pressSequentially('From Ben. ')
  await expect(mine.saveState).toHaveText(/^Offline: \d+ changes kept on this device$/)
  await mine.page.reload()
  const again = mine.page.getByRole('complementary', { name: 'Row TB-4' })
  await expect(note(again)).toContainText('Before. From Ana, offline.')
  await mine.goOnline()
  for (const one of [again, other]) {
    await expect(note(one)).toContainText('From Ben. Before. From Ana, offline.')
    await expect(one.getByRole('article')).toContainText('Written offline')
  }
})

test('[CS28] the drawer edits every field, goes from row to row, and leads back to the cell', async ({ enter }) => {
  const window = await (await enter('Ana')).openWorkbook()
  const { page } = window
  const drawer = await openRow(window, 'TB-1')
  await drawer.getByRole('button', { name: 'Edit Summary' }).click()
  const editor = drawer.getByRole('textbox', { name: 'Edit Summary' })
  await editor.fill('From the drawer')
  await editor.press('Enter')
  await expect(window.value('TB-1', 'Summary')).toHaveText('From the drawer')
  await expect(drawer.getByText(/^Staged: Write the launch announcement → From the drawer/)).toBeVisible()
  await drawer.getByRole('button', { name: 'Put back' }).click()
  await expect(window.value('TB-1', 'Summary')).toHaveText('Write the launch announcement')
  await drawer.getByRole('button', { name: 'Show what happened to this row' }).click()
  await expect(drawer.getByRole('region', { name: 'History' })).toContainText('Summary: From the drawer')
  await drawer.getByRole('button', { name: 'Next row' }).click()
  await expect(page.getByRole('complementary', { name: 'Row TB-2' })).toBeVisible()
  expect(new URL(page.url()).searchParams.get('row')).not.toBeNull()
  await page.keyboard.press('Escape')
  await expect(page.getByRole('complementary', { name: 'Row TB-2' })).toBeHidden()
  await expect(window.focused).toHaveAttribute(
    'data-row',
    (await window.row('TB-2').locator('[data-row]').first().getAttribute('data-row')) ?? '',
  )
})
