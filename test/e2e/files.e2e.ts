import { readFile } from 'node:fs/promises'
import type { Page } from '@playwright/test'
import { expect, test } from './support/fixture.ts'

// What works without a network works by it.
test.use({ serviceWorkers: 'allow' })

const CSV = `Task;Estimate;Start;State
Write the text;1,20;01/02/2026;Open
Check the numbers;3;03/04/2026;Done
Call =1+1;4,5;05/06/2026;Open
"=HYPERLINK(""x"")";7;07/08/2026;Open
<script>alert(1)</script>;8;09/10/2026;Done
مرحبا 😀;9;11/12/2026;Open
`

async function chooseFile(page: Page, name: string, content: string | Buffer): Promise<void> {
  await page.getByRole('button', { name: 'Files' }).click()
  const [chooser] = await Promise.all([page.waitForEvent('filechooser'), openImport(page)])
  await chooser.setFiles({ name, mimeType: 'text/csv', buffer: Buffer.from(content) })
}

async function openImport(page: Page): Promise<void> {
  await page.getByRole('menuitem', { name: 'Import a file…' }).click()
  await page.getByRole('dialog', { name: 'Import a file' }).getByRole('button', { name: 'Choose a file' }).click()
}

async function dropFile(page: Page, name: string, content: string | readonly number[]): Promise<void> {
  const data = await page.evaluateHandle(
    ({ fileName, text }) => {
      const transfer = new DataTransfer()
      transfer.items.add(new File([typeof text === 'string' ? text : new Uint8Array(text)], fileName, { type: 'text/csv' }))
      return transfer
    },
    { fileName: name, text: content },
  )
  for (const type of ['dragover', 'drop']) await page.locator('main[data-region=grid]').dispatchEvent(type, { dataTransfer: data })
}

test('[CS21] a file is imported with proposed types and a report of what would change, and taken back as one step', async ({ enter }) => {
  const window = await (await enter('Ana')).openWorkbook()
  const { page } = window
  await chooseFile(page, 'tasks.csv', CSV)
  const dialog = page.getByRole('dialog', { name: 'Import tasks.csv' })
  await expect(dialog.getByText('6 rows, 4 columns')).toBeVisible()

  await test.step('the types are proposed, and what can be read in two ways is asked', async () => {
    await expect(dialog.getByLabel('Columns are separated by')).toHaveValue(';')
    await expect(dialog.getByLabel('Type, column Task')).toHaveValue('text')
    await expect(dialog.getByLabel('Type, column Estimate')).toHaveValue('number')
    await expect(dialog.getByLabel('Type, column Start')).toHaveValue('date')
    await expect(dialog.getByLabel('Type, column State')).toHaveValue('single-select')
    await expect(dialog.getByText('01/02/2026: day or month first?')).toBeVisible()
    await dialog.getByLabel('Read as, column Start').selectOption('Day/month/year')
    await expect(dialog.getByRole('cell', { name: '<script>alert(1)</script>' })).toBeVisible()
  })

  await test.step('the report names every value that would change', async () => {
    await dialog.getByRole('button', { name: 'Check the values' }).click()
    const report = dialog.getByRole('region', { name: 'What would change' })
    await expect(report).toContainText('8 values would not be kept as they stand.')
    await expect(report).toContainText('line 21,20→1.2')
    await expect(report).toContainText('line 201/02/2026→2026-02-01')
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      report.getByRole('button', { name: 'Keep the report as a file' }).click(),
    ])
    expect(download.suggestedFilename()).toBe('tasks-changes.csv')
    expect(await readFile(await download.path(), 'utf8')).toContain('2,Estimate,read as,"1,20",1.2,')
  })

  await test.step('the rows are in the sheet for everyone, with their new fields', async () => {
    await dialog.getByRole('button', { name: 'Import 6 rows' }).click()
    await expect(dialog.getByText('6 rows of tasks.csv are in the sheet.')).toBeVisible()
    await expect(page.getByRole('contentinfo')).toContainText('66 rows')
    await expect(window.grid).toHaveAttribute('aria-colcount', '15')
  })

  await test.step('and taken back as one step', async () => {
    await dialog.getByRole('button', { name: 'Undo the import' }).click()
    await expect(page.getByRole('contentinfo')).toContainText('60 rows')
    await expect(window.grid).toHaveAttribute('aria-colcount', '11')
  })
})

test('[CS22] broken, binary and empty files are answered where they are dropped, and nothing is changed', async ({ enter }) => {
  const window = await (await enter('Ana')).openWorkbook()
  const { page } = window
  await dropFile(page, 'broken.csv', 'Name,Size\n1,"never closed\n2,fine\n')
  const dialog = page.getByRole('dialog')
  await expect(dialog.getByText('1 place where the quoting is broken')).toBeVisible()
  await expect(
    dialog.getByText('Line 2: a quote is opened and never closed. It is read as an ordinary sign, up to the end of the line:'),
  ).toBeVisible()
  await page.keyboard.press('Escape')
  await expect(dialog).toBeHidden()
  const cases: [string, string | number[], string][] = [
    ['empty.csv', '', 'This file is empty. Nothing was imported.'],
    ['book.xlsx', [0x50, 0x4b, 3, 4, 0, 0], 'This workbook is damaged'],
    ['picture.csv', [1, 2, 3, 0, 200, 0, 7, 9], 'This file is not text'],
  ]
  for (const [name, content, message] of cases) {
    await dropFile(page, name, content)
    await expect(dialog.getByRole('alert')).toContainText(message)
    await page.keyboard.press('Escape')
    await expect(dialog).toBeHidden()
  }
  await expect(page.getByRole('contentinfo')).toContainText('60 rows')
})

test('[CS23][CS35] what is shown is exported, also without a network; an import waits for the server, and an Excel file comes back with its types', async ({
  enter,
}) => {
  const person = await enter('Ana')
  const window = await person.openWorkbook()
  const { page } = window
  await window.type('TB-1', 'Summary', '=1+1')
  await window.expectKept()
  await window.workOffline()
  await page.getByRole('button', { name: 'Files' }).click()
  await page.getByRole('menuitem', { name: 'Export…' }).click()
  const dialog = page.getByRole('dialog', { name: 'Export' })
  const [download] = await Promise.all([page.waitForEvent('download'), dialog.getByRole('button', { name: 'Export' }).click()])
  expect(download.suggestedFilename()).toBe('Sheet 1.csv')
  const lines = (await readFile(await download.path(), 'utf8')).split('\r\n')
  expect(lines[0]).toBe('\ufeffKey,Summary,Status,Assignee,Priority,Due date,Story points,Labels,Updated,Notes')
  expect(lines[1]).toMatch(/^TB-1,'=1\+1,/)
  expect(lines.length).toBe(62)
  await dialog.getByText('Excel (.xlsx), with types').click()
  const [excel] = await Promise.all([page.waitForEvent('download'), dialog.getByRole('button', { name: 'Export' }).click()])
  await expect(dialog.getByRole('status')).toContainText('60 rows written to Sheet 1.xlsx.')
  const book = await readFile(await excel.path())
  await page.keyboard.press('Escape')
  await expect(dialog).toBeHidden()
  await dropFile(page, 'later.csv', 'Name\nx\n')
  await expect(page.getByRole('dialog').getByText('An import needs the server, and there is no connection.')).toBeVisible()
  await page.keyboard.press('Escape')
  await window.goOnline()
  await chooseFile(page, 'Sheet 1.xlsx', book)
  const incoming = page.getByRole('dialog', { name: 'Import Sheet 1.xlsx' })
  await expect(incoming.getByText('60 rows, 10 columns')).toBeVisible()
  await expect(incoming.getByLabel('Sheet of the workbook')).toHaveValue('0')
  await incoming.getByText('A new sheet').click()
  await expect(incoming.getByLabel('Type, column Due date')).toHaveValue('date')
  await expect(incoming.getByLabel('Type, column Story points')).toHaveValue('number')
  await expect(incoming.getByLabel('Type, column Updated')).toHaveValue('date-time')
  await expect(incoming.getByRole('cell', { name: '=1+1' })).toBeVisible()
  await incoming.getByRole('button', { name: 'Check the values' }).click()
  await expect(incoming.getByText('Every value is kept as it stands in the file.')).toBeVisible()
  await incoming.getByRole('button', { name: 'Import 60 rows' }).click()
  await expect(incoming.getByText('60 rows of Sheet 1.xlsx are in the sheet.')).toBeVisible()
  await incoming.getByRole('button', { name: 'Show the first row' }).click()
  await expect(page.getByRole('tab', { name: 'Sheet 1 2', selected: true })).toBeVisible()
  await expect(page.getByRole('contentinfo')).toContainText('60 rows')
  await expect(window.grid.getByText('=1+1', { exact: true })).toBeVisible()
})
