import type { BrowserContextOptions, Locator, Page } from '@playwright/test'
import { findings, findingsAtAnyWidth } from './support/axe.ts'
import { expect, test } from './support/fixture.ts'
import type { OtherSide } from './support/other-side.ts'
import type { Person } from './support/person.ts'

const PHONE: BrowserContextOptions = { viewport: { width: 390, height: 844 }, hasTouch: true }

/** A window on any workbook: its cells by the record's key and the column's name. */
class Window {
  readonly page: Page

  constructor(page: Page) {
    this.page = page
  }

  get grid(): Locator {
    return this.page.getByRole('grid')
  }

  get dialog(): Locator {
    return this.page.getByRole('dialog')
  }

  get card(): Locator {
    return this.page.getByRole('region', { name: / · / })
  }

  get thisCell(): Locator {
    return this.page.getByRole('region', { name: 'This cell' }).filter({ visible: true })
  }

  row(key: string): Locator {
    return this.grid.getByRole('row').filter({ has: this.page.getByText(key, { exact: true }) })
  }

  async cell(key: string, column: string): Promise<Locator> {
    const header = this.grid.getByRole('columnheader', { name: new RegExp(`^${column}\\b`) })
    const index = await header.first().getAttribute('aria-colindex')
    return this.row(key).locator(`[role=gridcell][aria-colindex="${index}"]`)
  }

  async type(key: string, column: string, text: string): Promise<void> {
    const cell = await this.cell(key, column)
    await cell.click()
    await this.page.keyboard.type(text)
    await this.page.keyboard.press('Enter')
    await expect(cell).toContainText(text)
  }

  async choose(key: string, column: string, option: string): Promise<void> {
    const cell = await this.cell(key, column)
    await cell.click()
    await this.page.keyboard.press('Enter')
    await this.page.getByRole('option', { name: option, exact: true }).click()
    await expect(cell).toContainText(option)
  }

  async saved(): Promise<void> {
    await expect(this.page.getByRole('status', { name: 'Save state' })).toHaveText('Saved')
  }

  async fromMenu(item: string | RegExp): Promise<void> {
    await this.card.getByRole('button', { name: /^More for/ }).click()
    await this.page.getByRole('menuitem', { name: item }).click()
  }

  /** Presses *Sync* and waits until its run is over. */
  async sync(): Promise<void> {
    const runs = this.card.locator('a[href^="/runs/"]')
    const before = await runs.first().getAttribute('href')
    await this.card.getByRole('button', { name: /^Sync\b/ }).click()
    await expect(runs.first()).not.toHaveAttribute('href', before ?? '')
    await expect(this.card.getByRole('progressbar')).toHaveCount(0)
  }
}

async function newWorkbook(person: Person, name: string): Promise<Window> {
  const page = await person.newPage()
  await page.goto('/')
  await page.getByRole('textbox', { name: 'Name of the new workbook' }).fill(name)
  await page.getByRole('button', { name: 'Create' }).click()
  await expect(page.getByRole('heading', { name, level: 1 })).toBeVisible()
  return new Window(page)
}

/** Connects a workbook's first sheet and imports, without the dialogs that other tests walk through. */
async function connectByApi(
  person: Person,
  o: { readonly workbook: string; readonly integration: string; readonly filter: string; readonly fields: readonly string[] },
): Promise<void> {
  const { request } = person.context
  const { sheets } = (await (await request.get(`/api/workbooks/${o.workbook}`)).json()) as { sheets: { id: string }[] }
  const { objects } = (await (await request.get(`/api/integrations/${o.integration}`)).json()) as { objects: { id: string }[] }
  const { workbook, filter, fields } = o
  const made = await request.post('/api/connections', { data: { workbook, sheet: sheets[0]?.id, object: objects[0]?.id, filter, fields } })
  const { id } = (await made.json()) as { id: string }
  expect((await request.post(`/api/connections/${id}/import`, { data: { filter } })).ok()).toBe(true)
}

/** What the flow needs to know of an app. */
interface AppFlow {
  readonly app: string
  readonly object: string
  /** Name of the integration that one press adds. */
  readonly integration: string
  readonly filter: string
  readonly records: number
  /** Fields by the name that the picker shows, beside the one that names a record. */
  readonly fields: readonly RegExp[]
  readonly nameColumn: string
  /** Keys of records that the filter finds. */
  readonly keys: readonly [string, string]
  /** A change that comes back otherwise from a fresh stand-in. */
  readonly rewritten: {
    readonly column: string
    /** What is chosen, or typed. */
    readonly option?: string
    readonly text?: string
    readonly warning: RegExp
    readonly keep: string
  }
  /** Changes the name of the second record on the other side. */
  readonly changeThere: (jira: OtherSide, page: Page, value: string) => Promise<void>
}

const APPS: readonly AppFlow[] = [
  {
    app: 'Jira',
    object: 'Issues',
    integration: 'Sandbox Jira 2',
    filter: 'project = TB AND key <= TB-6',
    records: 6,
    fields: [/^Status Single select/, /^Priority Single select/],
    nameColumn: 'Summary',
    keys: ['TB-1', 'TB-2'],
    rewritten: { column: 'Status', option: 'Done', warning: /Jira saved 'DONE', you sent 'Done'/, keep: 'Keep Jira’s' },
    changeThere: (jira, page, value) => jira.change(page, 'TB-2', 'Summary', value),
  },
  {
    app: 'HubSpot',
    object: 'Companies',
    integration: 'Sandbox HubSpot 2',
    filter: 'hs_object_id <= 20100000006 and "Company name" is known',
    records: 6,
    fields: [/^Lifecycle Stage Single select/],
    nameColumn: 'Company name',
    keys: ['20100000001', '20100000002'],
    // HubSpot lets no write take a stage back, and says nothing of it.
    rewritten: {
      column: 'Lifecycle Stage',
      option: 'Subscriber',
      warning: /HubSpot saved 'Sales Qualified Lead', you sent 'Subscriber'/,
      keep: 'Keep HubSpot’s',
    },
    changeThere: async (others, page, value) => {
      await others.open(page, '/hubspot/companies/20100000002')
      await page.getByLabel('Company name').fill(value)
      await page.getByRole('button', { name: 'Save', exact: true }).click()
      await expect(page.getByRole('status')).toHaveText('Saved. HubSpot has it now.')
    },
  },
  {
    app: 'Salesforce',
    object: 'Accounts',
    integration: 'Sandbox Salesforce',
    filter: "Id <= '0015g0000000006AAA'",
    records: 6,
    fields: [/^Account Number Text/],
    nameColumn: 'Account Name',
    keys: ['0015g0000000001AAA', '0015g0000000002AAA'],
    // A flow of the org keeps account numbers in capitals.
    rewritten: {
      column: 'Account Number',
      text: 'ac-17',
      warning: /Salesforce saved 'AC-17', you sent 'ac-17' \(capitals\)/,
      keep: 'Keep Salesforce’s',
    },
    changeThere: async (others, page, value) => {
      await others.open(page, '/salesforce/account/0015g0000000002AAA')
      await page.getByLabel('Account Name').fill(value)
      await page.getByRole('button', { name: 'Save', exact: true }).click()
      await expect(page.getByRole('status')).toHaveText('Saved. Salesforce has it now.')
    },
  },
]

for (const flow of APPS) {
  test(`[CN16] ${flow.app} from the sign-in to the deleted connection`, async ({ enter, jira }) => {
    const ana = await enter('Ana')
    const window = await newWorkbook(ana, 'Delivery')
    const { page, dialog } = window
    const [first, second] = flow.keys

    await test.step('authorise', async () => {
      const settings = await ana.newPage()
      await settings.goto('/settings/integrations')
      await settings.getByRole('button', { name: 'Add an integration', exact: true }).click()
      await settings.getByRole('button', { name: `Add sandbox ${flow.app}`, exact: true }).click()
      await expect(settings.getByRole('heading', { name: flow.integration, level: 1 })).toBeVisible()
      await settings.getByLabel(`Direction of ${flow.object}`).selectOption('push-pull')
      await expect(settings.getByLabel(`Direction of ${flow.object}`)).toHaveValue('push-pull')
      await settings.close()
    })

    await test.step('connect, with each price said first', async () => {
      await page.getByRole('main').getByRole('button', { name: 'Connect an app…' }).click()
      await dialog.getByRole('radio', { name: new RegExp(`${flow.object} ${flow.integration}`) }).check()
      await dialog.getByRole('button', { name: 'Next' }).click()
      const read = dialog.getByRole('button', { name: 'Read the fields · 1 credit' })
      await expect(read.or(dialog.getByRole('searchbox'))).toBeVisible()
      if (await read.isVisible()) await read.click()
      for (const field of flow.fields) await dialog.getByRole('checkbox', { name: field }).check()
      await dialog.getByLabel('Name of the connection field').fill('Record')
      await dialog.getByRole('button', { name: 'Next' }).click()
    })

    await test.step('import with a filter, counted before it costs', async () => {
      await dialog.getByLabel(/^Filter/).fill(flow.filter)
      await dialog.getByRole('button', { name: 'Count first · free' }).click()
      await expect(dialog).toContainText(`${flow.records} records match, none is here yet: ${flow.records} credits.`)
      await dialog.getByRole('button', { name: `Connect and import · ${flow.records} credits` }).click()
      await expect(dialog).toBeHidden()
      await expect(window.row(first)).toBeVisible()
      await expect(window.grid.getByRole('columnheader', { name: /^Record\b/ })).toBeVisible()
      await expect(window.card.getByText(`Import: ${flow.records} rows made`)).toBeVisible()
      expect(await jira.writes()).toEqual([])
    })

    await test.step('edit, preview, sync, and the warning about what came back', async () => {
      const { column, option, text = '' } = flow.rewritten
      await (option === undefined ? window.type(first, column, text) : window.choose(first, column, option))
      await window.saved()
      await window.card.getByRole('button', { name: 'Preview' }).click()
      await expect(dialog).toContainText('cell to push1')
      await page.keyboard.press('Escape')
      await window.sync()
      await (await window.cell(first, flow.rewritten.column)).click()
      await expect(window.thisCell).toContainText(flow.rewritten.warning)
      await window.thisCell.getByRole('button', { name: flow.rewritten.keep }).click()
    })

    await test.step('a value changed in both is held and asks', async () => {
      const other = await ana.newPage()
      await flow.changeThere(jira, other, 'Theirs')
      await other.close()
      await window.type(second, flow.nameColumn, 'Ours')
      await window.saved()
      await window.sync()
      await (await window.cell(second, flow.nameColumn)).click()
      await expect(window.thisCell).toContainText(/Changed in both: was .+, yours Ours, .+ Theirs/)
      await window.thisCell.getByRole('button', { name: 'Send mine' }).click()
      await expect(window.card.getByRole('heading', { name: /^Needs you/ })).toHaveCount(0)
      await window.sync()
      await expect(await window.cell(second, flow.nameColumn)).toContainText('Ours')
    })

    await test.step('the sync is undone, as a plan of its own', async () => {
      await window.fromMenu('Undo the latest sync…')
      await expect(dialog).toContainText('Theirs')
      await dialog.getByRole('button', { name: /^Undo/ }).click()
      await expect(await window.cell(second, flow.nameColumn)).toContainText('Theirs')
      await page.keyboard.press('Escape')
    })

    await test.step('paused, nothing goes; resumed, it does', async () => {
      await window.fromMenu('Pause')
      await expect(window.card).toContainText('Paused: nothing is sent or fetched until somebody resumes it.')
      await expect(window.card.getByRole('button', { name: /^Sync\b/ })).toBeDisabled()
      await window.type(first, flow.nameColumn, 'Typed while paused')
      await (await window.cell(first, flow.nameColumn)).click()
      await expect(window.thisCell).toContainText('Staged, held: this connection is paused.')
      await window.card.getByRole('button', { name: 'Resume' }).click()
      await expect(window.card.getByRole('button', { name: /^Sync · 1/ })).toBeEnabled()
    })

    await test.step('removed, the columns stay with what they show; Ctrl+Z brings it back, removed again it stays away', async () => {
      await window.saved()
      await window.fromMenu('Remove the connection…')
      await expect(dialog).toContainText('1 staged cell keeps its value and will not be sent.')
      await dialog.getByRole('button', { name: 'Remove the connection' }).click()
      await expect(window.card).toHaveCount(0)
      await expect(await window.cell(first, flow.nameColumn)).toContainText('Typed while paused')
      await (await window.cell(first, flow.nameColumn)).click()
      await page.keyboard.press('Control+z')
      await expect(window.card).toBeVisible()
      await expect(window.card.getByRole('button', { name: /^Sync · 1/ })).toBeEnabled()
      await page.keyboard.press('Control+Shift+z')
      await expect(window.card).toHaveCount(0)
      await expect(page.getByText('Nothing connected.')).toBeVisible()
    })
  })
}

test('[AU9] a sign-in that the app ends stops a sync with nothing lost; signed in again, what was staged goes out', async ({
  enter,
  jira,
}) => {
  const ana = await enter('Ana')
  const settings = await ana.newPage()
  const allow = async (): Promise<void> => {
    await settings.getByRole('button', { name: 'Sign in with Atlassian' }).click()
    await settings.getByRole('button', { name: 'Allow' }).click()
    await expect(settings.getByRole('heading', { name: 'Sandbox Jira 2', level: 1 })).toBeVisible()
  }
  await settings.goto('/settings/integrations')
  await settings.getByRole('button', { name: 'Add an integration', exact: true }).click()
  await settings.getByRole('button', { name: '…or sign in to sandbox Jira on its own page' }).click()
  await allow()
  await expect(settings.getByText('as soon as a sheet is connected')).toBeVisible()
  await settings.getByLabel('Direction of Issues').selectOption('push-pull')
  await expect(settings.getByLabel('Direction of Issues')).toHaveValue('push-pull')

  const window = await newWorkbook(ana, 'Signed out')
  const { page } = window
  await connectByApi(ana, {
    workbook: new URL(page.url()).pathname.split('/').at(-1) ?? '',
    integration: new URL(settings.url()).pathname.split('/').at(-1) ?? '',
    filter: 'project = TB AND key <= TB-3',
    fields: ['summary'],
  })
  await expect(window.row('TB-1')).toBeVisible()
  await settings.reload()
  await expect(settings.getByText('Jira tells Tidebook by itself when a record changes')).toBeVisible()

  await test.step('ended there, a sync stops, says so, and keeps what is staged', async () => {
    await window.type('TB-1', 'Summary', 'Kept through it all')
    await window.saved()
    await jira.control({ endTokens: 'grants' })
    await window.sync()
    await expect(window.card).toContainText('Failed: Jira no longer accepts this sign-in. Staged edits are kept. Sign in again.')
    await expect(await window.cell('TB-1', 'Summary')).toHaveAttribute('data-state', 'staged')
    await expect(window.card.getByRole('button', { name: /^Sync · 1/ })).toBeEnabled()
    expect(await findingsAtAnyWidth(page)).toEqual([])
    expect(await jira.writes()).toEqual([])
  })

  await test.step('the integration says it, and signs in again', async () => {
    await settings.reload()
    await expect(settings.getByText('Signed out by the app')).toBeVisible()
    await expect(settings.getByRole('main').getByRole('alert')).toContainText('Jira no longer accepts this sign-in. Staged edits are kept')
    await expect(settings.getByText('Lasts', { exact: true })).toHaveCount(0)
    await expect(settings.getByText('as soon as this integration is on and signed in')).toBeVisible()
    expect(await findingsAtAnyWidth(settings)).toEqual([])
    await settings.getByRole('button', { name: 'Sign in again' }).click()
    await allow()
    await expect(settings.getByText('Authorised', { exact: true }).first()).toBeVisible()
    await expect(settings.getByLabel('Direction of Issues')).toHaveValue('push-pull')
    // Its webhook went with the old sign-in.
    await settings.reload()
    await expect(settings.getByText('Jira tells Tidebook by itself when a record changes')).toBeVisible()
  })

  await test.step('the next sync sends what was staged', async () => {
    await window.sync()
    await expect(window.card).toContainText('1 of 1 cell sent')
    await expect(await window.cell('TB-1', 'Summary')).not.toHaveAttribute('data-state', 'staged')
    expect((await jira.writes()).map(({ body }) => (body as { fields: unknown }).fields)).toEqual([{ summary: 'Kept through it all' }])
  })
})

test('[CN17] a synced field says what is staged in it before it stops, and comes back by Ctrl+Z', async ({ enter }) => {
  const window = new Window((await (await enter('Ana')).openWorkbook()).page)
  const { page, dialog } = window
  await window.choose('TB-3', 'Priority', 'Highest')
  await window.saved()
  const head = page.getByRole('columnheader', { name: 'Priority', exact: true })
  await head.hover()
  await head.getByRole('button').first().click()
  await page.getByRole('menuitem', { name: 'Stop syncing…' }).click()
  await expect(dialog.getByRole('heading', { name: 'Stop syncing Priority' })).toBeVisible()
  await expect(dialog).toContainText('1 staged cell keeps its value and will not be sent.')
  expect(await findings(page)).toEqual([])
  await dialog.getByRole('button', { name: 'Stop syncing' }).click()
  await expect(await window.cell('TB-3', 'Priority')).not.toHaveAttribute('data-state', 'staged')
  await expect(await window.cell('TB-3', 'Priority')).toContainText('Highest')
  await (await window.cell('TB-3', 'Priority')).click()
  await page.keyboard.press('Control+z')
  await expect(await window.cell('TB-3', 'Priority')).toHaveAttribute('data-state', 'staged')
})

test('[CN18] rows are matched by their values, first shown, then linked', async ({ enter, jira }) => {
  const ana = await enter('Ana')
  const window = new Window((await ana.openWorkbook()).page)
  const { page, dialog } = window
  const other = await ana.newPage()
  await jira.withoutLag(other)
  await jira.create(other, 'OPS', 'Rotate the backups')
  await other.close()
  for (const text of ['write the LAUNCH announcement', 'Rotate the backups', 'Nobody has this']) {
    await page.getByRole('button', { name: 'Add row' }).last().click()
    await expect(page.locator('[role=gridcell]:focus')).toBeVisible()
    await page.keyboard.press('End')
    await page.keyboard.type(text)
    await page.keyboard.press('Enter')
  }
  await window.saved()
  await page.keyboard.press('Control+k')
  await page.keyboard.type('match values')
  await page.keyboard.press('Enter')
  await expect(dialog.getByRole('heading', { name: 'Match rows with Jira · Issues' })).toBeVisible()
  await dialog.getByLabel('Field of this sheet').selectOption('Notes')
  await dialog.getByLabel(/Look only through/).fill('project in (TB, OPS)')
  await dialog.getByRole('button', { name: /^Compare/ }).click()
  await expect(dialog).toContainText('1 matched')
  await expect(dialog).toContainText('1 held by another row')
  await expect(dialog).toContainText('1 without a match')
  await expect(dialog).toContainText('OPS-1 Rotate the backups')
  expect(await findings(page)).toEqual([])
  await dialog.getByRole('button', { name: 'Link 1 row · 1 credit' }).click()
  await expect(dialog).toBeHidden()
  await expect(window.row('OPS-1')).toContainText('Rotate the backups')
})

test('[CN19] a record is made of a row: what it needs is asked, doubles are looked for, and all is shown before it goes', async ({
  enter,
  jira,
}) => {
  const window = new Window((await (await enter('Ana')).openWorkbook()).page)
  const { page, dialog } = window
  await page.getByRole('button', { name: 'Add row' }).last().click()
  await expect(page.locator('[role=gridcell]:focus')).toBeVisible()
  await page.keyboard.press('Home')
  await page.keyboard.press('ArrowRight')
  await page.keyboard.type('Write the release notes')
  await page.keyboard.press('Enter')
  await window.saved()
  await page.keyboard.press('Shift+F10')
  await page.getByRole('menuitem', { name: 'Create a record from the row…' }).click()
  await expect(dialog.getByRole('heading', { name: 'Create in Jira · Issues' })).toBeVisible()
  await dialog.getByLabel('Project').selectOption({ index: 1 })
  await dialog.getByLabel('Issue Type').selectOption('Task')
  await dialog.getByRole('button', { name: 'Look for the same · 1 credit' }).click()
  await expect(dialog.getByRole('region', { name: 'Are they there already?' }).getByRole('status')).toBeVisible()
  await dialog.getByRole('button', { name: 'Preview' }).click()
  await expect(dialog).toContainText('1 record ready')
  expect(await findings(page)).toEqual([])
  expect(await jira.writes()).toEqual([])
  await dialog.getByRole('button', { name: /^Create 1 record · \d+ credits/ }).click()
  await expect(dialog).toBeHidden()
  await expect(window.row('Write the release notes').getByText(/^[A-Z]+-\d+$/)).toBeVisible()
  expect((await jira.writes()).filter((w) => /\/issue(?:\/bulk)?$/u.test(w.path))).toHaveLength(1)
})

test('[CN20][CN24] a record that is gone keeps its row, which is recreated or unlinked; Ctrl+Z takes the unlinking back', async ({
  enter,
  jira,
}) => {
  const ana = await enter('Ana')
  const window = new Window((await ana.openWorkbook()).page)
  const { page, dialog } = window
  const other = await ana.newPage()
  await jira.open(other, '/jira/issues/TB-4')
  other.on('dialog', (asked) => void asked.accept())
  await other.getByRole('button', { name: /^Delete/ }).click()
  await expect(other.getByRole('status')).toBeVisible()
  await other.close()
  await window.sync()
  const cell = await window.cell('TB-4', 'Summary')
  await cell.click()
  await expect(window.thisCell).toContainText('Deleted in Jira. The row stays.')
  await window.thisCell.getByRole('button', { name: 'Recreate…' }).click()
  await expect(dialog.getByRole('heading', { name: 'Recreate in Jira · Issues' })).toBeVisible()
  await expect(dialog).toContainText('The record is gone in the app.')
  await page.keyboard.press('Escape')
  await cell.click()
  await window.thisCell.getByRole('button', { name: 'Unlink…' }).click()
  await expect(dialog).toContainText('the row keeps what it shows')
  const text = (await cell.textContent()) ?? ''
  await dialog.getByRole('button', { name: 'Unlink', exact: true }).click()
  await expect(dialog).toBeHidden()
  await expect(window.row('TB-4')).toHaveCount(0)
  await expect(window.grid).toContainText(text)
  await page.keyboard.press('Control+z')
  await expect(window.row('TB-4')).toContainText(text)
  await (await window.cell('TB-4', 'Summary')).click()
  await expect(window.thisCell).toContainText('Deleted in Jira. The row stays.')
})

test('[CN21] a workbook is copied from the list; the copy’s connection waits to be resumed', async ({ enter }) => {
  const ana = await enter('Ana')
  const window = new Window((await ana.openWorkbook()).page)
  await window.type('TB-5', 'Summary', 'Staged in both')
  await window.saved()
  const page = await ana.newPage()
  await page.goto('/')
  await page.getByRole('button', { name: 'Duplicate Launch plan' }).click()
  const dialog = page.getByRole('dialog')
  await expect(dialog).toContainText('Its connections are paused')
  await expect(dialog.getByLabel('Name of the copy')).toHaveValue('Copy of Launch plan')
  await dialog.getByRole('button', { name: 'Duplicate', exact: true }).click()
  await expect(page.getByRole('heading', { name: 'Copy of Launch plan', level: 1 })).toBeVisible()
  const copy = new Window(page)
  await expect(await copy.cell('TB-5', 'Summary')).toContainText('Staged in both')
  await expect(copy.card).toContainText('Paused: nothing is sent or fetched')
  await copy.card.getByRole('button', { name: 'Resume' }).click()
  await expect(copy.card.getByRole('button', { name: /^Sync · 1/ })).toBeEnabled()
})

test('[CN22] connecting works by keys alone, on a phone, and says what is wrong without a network', async ({ enter }) => {
  const phone = await newWorkbook(await enter('Ben', PHONE), 'Pocket')
  await phone.page.getByRole('main').getByRole('button', { name: 'Connect an app…' }).click()
  await phone.dialog.getByRole('radio', { name: /Jira · Issues/ }).check()
  await phone.dialog.getByRole('button', { name: 'Next' }).click()
  await expect(phone.dialog.getByRole('searchbox')).toBeVisible()
  expect(await phone.page.evaluate(() => document.documentElement.scrollWidth <= globalThis.innerWidth)).toBe(true)
  expect(await findings(phone.page)).toEqual([])

  const window = await newWorkbook(await enter('Ana'), 'Keys')
  const { page, dialog } = window
  await page.keyboard.press('Control+k')
  await page.keyboard.type('connect an app')
  await page.keyboard.press('Enter')
  await expect(dialog.getByRole('radio').first()).toBeFocused()
  await page.keyboard.press('Space')
  await page.keyboard.press('Tab')
  while (!(await dialog.getByRole('button', { name: 'Next' }).evaluate((b) => b === document.activeElement)))
    await page.keyboard.press('Tab')
  await page.keyboard.press('Enter')
  await expect(dialog.getByRole('searchbox')).toBeFocused()
  await page.keyboard.type('status')
  await page.keyboard.press('Tab')
  await page.keyboard.press('Space')
  await expect(dialog).toContainText('2 fields chosen')
  await page.keyboard.press('Escape')
  await expect(dialog).toBeHidden()
  await page.getByRole('button', { name: 'Work offline' }).click()
  await expect(page.getByRole('complementary', { name: 'Sync' }).getByRole('button', { name: 'Connect an app…' })).toBeDisabled()
})
