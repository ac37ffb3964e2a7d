import { expect, type Locator, type Page } from '@playwright/test'

/** The columns of the first workbook, in their order. */
export const FIELDS = [
  'Key',
  'Summary',
  'Status',
  'Assignee',
  'Priority',
  'Due date',
  'Story points',
  'Labels',
  'Updated',
  'Notes',
] as const
export type FieldName = (typeof FIELDS)[number]

/** A window on the workbook, as a person finds their way in it: by roles and texts. */
export class WorkbookWindow {
  readonly page: Page

  constructor(page: Page) {
    this.page = page
  }

  /** Opens an address and waits until its rows are there. */
  async open(url: string): Promise<void> {
    await this.page.goto(url)
    await expect(this.row('TB-1')).toBeVisible()
  }

  get grid(): Locator {
    return this.page.getByRole('grid')
  }

  /** A row by its record's key. */
  row(key: string): Locator {
    return this.grid.getByRole('row').filter({ has: this.page.getByText(key, { exact: true }) })
  }

  cell(key: string, field: FieldName): Locator {
    // Column 1 is the row's number.
    return this.row(key).locator(`[role=gridcell][aria-colindex="${FIELDS.indexOf(field) + 2}"]`)
  }

  /** What a cell shows of its value, without its mark and without the flag of somebody who is there. */
  value(key: string, field: FieldName): Locator {
    return this.cell(key, field).locator('> :first-child')
  }

  /** The cell that has the keyboard's focus. */
  get focused(): Locator {
    return this.page.locator('[role=gridcell]:focus')
  }

  /** The line that says what of the person's work is where. */
  get saveState(): Locator {
    return this.page.getByRole('status', { name: 'Save state' })
  }

  get panel(): Locator {
    return this.page.getByRole('complementary', { name: 'Sync' })
  }

  /** The connection's card in the panel. */
  get card(): Locator {
    return this.page.getByRole('region', { name: 'Jira · Issues' })
  }

  /** The state of the focused cell, with what a person may choose. */
  get thisCell(): Locator {
    return this.page.getByRole('region', { name: 'This cell' }).filter({ visible: true })
  }

  get dialog(): Locator {
    return this.page.getByRole('dialog')
  }

  /** The one polite voice of the screen. */
  get said(): Locator {
    return this.page.getByRole('contentinfo', { name: 'Totals' }).getByRole('status')
  }

  press(...keys: readonly string[]): Promise<void> {
    return keys.reduce((before, key) => before.then(() => this.page.keyboard.press(key)), Promise.resolve())
  }

  async focus(key: string, field: FieldName): Promise<void> {
    const cell = this.cell(key, field)
    if (await cell.isVisible()) await cell.click()
    else {
      // Columns out of sight are not drawn: from the key to the right.
      await this.cell(key, 'Key').click()
      await this.press(...FIELDS.slice(1, FIELDS.indexOf(field) + 1).map(() => 'ArrowRight'))
    }
    await expect(cell).toBeFocused()
  }

  /** Types a text over a cell and confirms it. */
  async type(key: string, field: FieldName, text: string): Promise<void> {
    await this.focus(key, field)
    await this.page.keyboard.type(text)
    await this.press('Enter')
    await expect(this.page.getByRole('textbox', { name: `Edit ${field}` })).toHaveCount(0)
  }

  /** Chooses one of a cell's options from its list. */
  async choose(key: string, field: FieldName, option: string): Promise<void> {
    await this.focus(key, field)
    await this.press('Enter')
    await this.page.getByRole('option', { name: option, exact: true }).click()
    await expect(this.value(key, field)).toHaveText(option)
  }

  /** Pastes a text where the focus is, as if it had been copied elsewhere. */
  async paste(text: string): Promise<void> {
    await this.page.evaluate((pasted) => {
      const clipboardData = new DataTransfer()
      clipboardData.setData('text/plain', pasted)
      document.activeElement?.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }))
    }, text)
  }

  /** Waits until this browser can open the workbook without a network: the worker keeps the page and the files it uses. */
  async expectKept(): Promise<void> {
    await expect.poll(() => this.page.evaluate(async () => (await caches.match('/__uses/w')) !== undefined)).toBe(true)
  }

  async workOffline(): Promise<void> {
    await this.page.getByRole('button', { name: 'Work offline' }).click()
    await expect(this.saveState).toHaveText(/^Offline/)
  }

  async goOnline(): Promise<void> {
    await this.page.getByRole('button', { name: 'Go online' }).click()
    await this.expectSaved()
  }

  async expectSaved(): Promise<void> {
    await expect(this.saveState).toHaveText('Saved')
  }

  /** Chooses something about the focused cell's state. */
  async answer(label: string): Promise<void> {
    await this.thisCell.getByRole('button', { name: label, exact: true }).click()
  }

  /** Presses *Sync* in the panel and waits until the run is among the recent ones. */
  async sync(): Promise<void> {
    const before = await this.latestRun()
    await this.card.getByRole('button', { name: /^Sync ·/ }).click()
    await this.expectRunEnded(before)
  }

  /** Pulls without sending anything. */
  async onlyPull(): Promise<void> {
    const before = await this.latestRun()
    await this.fromMenu(/^Only pull/)
    await this.expectRunEnded(before)
  }

  async fromMenu(item: string | RegExp): Promise<void> {
    await this.card.getByRole('button', { name: 'More for Jira · Issues' }).click()
    await this.page.getByRole('menuitem', { name: item }).click()
  }

  get recentRuns(): Locator {
    return this.card.locator('a[href^="/runs/"]')
  }

  /** Where the latest ended run is read. */
  async latestRun(): Promise<string> {
    return (await this.recentRuns.first().getAttribute('href')) ?? ''
  }

  /** Waits until another run than `before` has ended, and none is under way. */
  async expectRunEnded(before: string): Promise<void> {
    await expect(this.recentRuns.first()).not.toHaveAttribute('href', before)
    await expect(this.card.getByRole('progressbar')).toHaveCount(0)
  }
}
