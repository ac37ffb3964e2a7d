import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Page } from '@playwright/test'
import type { ServerProcess } from '../support/server-process.ts'
import { findingsAtAnyWidth } from './support/axe.ts'
import { expect, test } from './support/fixture.ts'

const LIST = '/settings/integrations'

/** What an app's stand-in signs in with. */
async function standInOf(server: ServerProcess, app: string): Promise<Readonly<Record<string, string>>> {
  return JSON.parse(await readFile(join(server.dataFolder, 'sandbox', app, 'credentials.json'), 'utf8')) as Record<string, string>
}

const button = (page: Page, name: string | RegExp) => page.getByRole('button', { name, ...(typeof name === 'string' && { exact: true }) })
const dialog = (page: Page) => page.getByRole('dialog')

/** Opens the page of the start workbook's integration. */
async function openSandboxJira(page: Page): Promise<void> {
  await page.goto(LIST)
  await page.getByRole('link', { name: 'Sandbox Jira' }).click()
  await expect(page.getByRole('heading', { name: 'Objects' })).toBeVisible()
}

async function toWorkbook(page: Page): Promise<void> {
  await page.getByRole('link', { name: 'Launch plan · Sheet 1' }).click()
  await expect(page.getByRole('grid')).toBeVisible()
}

test('[CF9][V23] an account is added by a token: a wrong one says why and is not kept, the right one starts as Pull only', async ({
  enter,
  server,
}) => {
  const page = await (await enter('Ana')).newPage()
  const { email = '', apiToken: token = '' } = await standInOf(server, 'jira')
  await page.goto(LIST)
  await expect(page.getByRole('heading', { name: 'Coming' })).toBeVisible()
  await expect(page.getByText('ConnectWise')).toBeVisible()
  await button(page, 'Add an integration').click()
  await button(page, 'Choose Jira').click()
  await expect(dialog(page).getByText('write:jira-work')).toBeVisible()
  await page.getByRole('radio', { name: 'API token' }).check()
  await expect(dialog(page).getByText('It starts as Pull only: nothing is written to Jira')).toBeVisible()
  await page.getByLabel('Name, for you to tell accounts apart').fill('Support Jira')
  await page.getByLabel('Address', { exact: true }).fill(`${server.origin}/sandbox/jira`)
  await page.getByLabel('E-mail address').fill(email)
  await page.getByRole('textbox', { name: 'API token', exact: true }).fill('not-the-token')
  await button(page, 'Try and add').click()
  await expect(dialog(page).getByRole('alert')).toBeVisible()
  // What was entered stays; only the wrong part is entered again.
  await expect(page.getByLabel('E-mail address')).toHaveValue(email)
  await page.getByRole('textbox', { name: 'API token', exact: true }).fill(token)
  await button(page, 'Try and add').click()

  await expect(page.getByRole('heading', { name: 'Support Jira', level: 1 })).toBeVisible()
  await expect(page.getByLabel('Direction of Issues')).toHaveValue('pull')
  await expect(page.getByText(/^by Ana, /)).toBeVisible()
  await expect(page.getByText('none: manual only')).toBeVisible()
  await button(page, 'Try the sign-in').click()
  await expect(page.getByText('It works.')).toBeVisible()
  await page.getByRole('link', { name: 'All integrations' }).click()
  await expect(page.getByRole('list', { name: 'Integrations' }).getByRole('listitem', { name: 'Support Jira' })).toContainText(
    'Pull from Jira',
  )
  expect(await page.content()).not.toContain(token)
})

test('[CF9] a sandbox account is added by one press', async ({ enter }) => {
  const page = await (await enter('Ana')).newPage()
  await page.goto(LIST)
  await button(page, 'Add an integration').click()
  await button(page, 'Add sandbox Jira').click()
  await expect(page.getByRole('heading', { name: 'Sandbox Jira 2', level: 1 })).toBeVisible()
  await expect(page.getByLabel('Direction of Issues')).toHaveValue('pull')
})

/** How each app is signed in to by its own page. */
const SIGN_INS = [
  { app: 'Jira', fields: ['Client ID', 'Client secret'], go: 'Sign in with Atlassian', name: 'Sandbox Jira 2', ends: /^until / },
  {
    app: 'Salesforce',
    fields: ['Consumer key', 'Consumer secret'],
    go: 'Sign in with Salesforce',
    name: 'Sandbox Salesforce',
    ends: /^does not/,
  },
  { app: 'HubSpot', fields: ['Client ID', 'Client secret'], go: 'Sign in with HubSpot', name: 'Sandbox HubSpot 2', ends: /^does not/ },
] as const

test('[CF9][AU7] each app is signed in to on its own page, with the workspace’s client: refused, with a wrong secret, and allowed', async ({
  enter,
  server,
}) => {
  const page = await (await enter('Ana')).newPage()
  const accounts = page
    .getByRole('list', { name: 'Integrations' })
    .getByRole('listitem')
    .filter({ has: page.getByRole('heading') })
  const failed = page.getByRole('main').getByRole('alert')
  for (const { app, fields, go, name, ends } of SIGN_INS) {
    const client = await standInOf(server, app.toLowerCase())
    const toConsent = async (secret: string): Promise<void> => {
      await button(page, 'Add an integration').click()
      await button(page, `…or sign in to sandbox ${app} on its own page`).click()
      await expect(page.getByLabel('Name, for you to tell accounts apart')).toHaveValue(name)
      await page.getByRole('textbox', { name: fields[0], exact: true }).fill(client.clientId ?? '')
      // Half a client is none.
      await expect(button(page, go)).toBeDisabled()
      await page.getByLabel(fields[1], { exact: true }).fill(secret)
      await button(page, go).click()
      await expect(page.getByRole('heading', { name: 'Allow access?' })).toBeVisible()
      expect(new URL(page.url()).pathname).toContain(`/sandbox/${app.toLowerCase()}/`)
    }
    await page.goto(LIST)
    await expect(accounts.first()).toBeVisible()
    const before = await accounts.count()

    await test.step(`${app}: refused there, nothing is kept`, async () => {
      await toConsent(client.clientSecret ?? '')
      await button(page, 'Deny').click()
      await expect(failed).toContainText(`The sign-in to ${app} did not work. The sign-in to ${app} was declined there.`)
      await expect(accounts).toHaveCount(before)
    })

    await test.step(`${app}: a wrong secret is said to be one`, async () => {
      await toConsent('not-the-secret-of-this-client')
      await button(page, 'Allow').click()
      await expect(failed).toContainText(`${app} does not accept this client id with this client secret.`)
      await expect(accounts).toHaveCount(before)
    })

    await test.step(`${app}: allowed, the account says whose it is, who let it in and until when`, async () => {
      await toConsent(client.clientSecret ?? '')
      await button(page, 'Allow').click()
      await expect(page.getByRole('heading', { name, level: 1 })).toBeVisible()
      const account = page.getByRole('region', { name: 'Account' })
      await expect(account.getByRole('definition').nth(0)).not.toBeEmpty()
      await expect(account.getByText(/^by Ana, /)).toBeVisible()
      await expect(account.getByText(ends)).toBeVisible()
      await expect(page.getByLabel(/^Direction of /).first()).toHaveValue('pull')
      await button(page, 'Try the sign-in').click()
      await expect(page.getByText('It works.')).toBeVisible()
      expect(await page.content()).not.toContain(client.clientSecret ?? 'nothing')
    })
  }
})

test('[C3][V28] a paused integration and a direction hold cells at once, in the open workbook', async ({ enter }) => {
  const ana = await enter('Ana')
  const window = await ana.openWorkbook()
  await window.type('TB-3', 'Summary', 'Held while paused')
  await window.expectSaved()
  const page = await ana.newPage()
  await openSandboxJira(page)
  await page.getByRole('switch', { name: 'Sync with Sandbox Jira' }).click({ force: true })
  await expect(page.getByText('Paused: no call leaves this server for it.')).toBeVisible()
  await expect(window.cell('TB-3', 'Summary')).toHaveAttribute('data-state', 'held')
  await button(page, 'Import & sync… Issues').click()
  await expect(dialog(page).getByText('Sandbox Jira is paused')).toBeVisible()
  await expect(button(page, 'Import now')).toBeDisabled()
  await page.keyboard.press('Escape')
  await page.getByRole('switch', { name: 'Sync with Sandbox Jira' }).click({ force: true })
  await expect(window.cell('TB-3', 'Summary')).toHaveAttribute('data-state', 'staged')
  await page.getByLabel('Direction of Issues').selectOption('pull')
  await expect(window.cell('TB-3', 'Summary')).toHaveAttribute('data-state', 'held')
  await page.getByLabel('Direction of Issues').selectOption('push-pull')
  await expect(window.cell('TB-3', 'Summary')).toHaveAttribute('data-state', 'staged')
})

test('[C20] the window offers six actions with their price, and runs them', async ({ enter, jira }) => {
  const ana = await enter('Ana')
  const window = await ana.openWorkbook()
  await window.type('TB-5', 'Summary', 'Sent from the page')
  await window.expectSaved()
  const page = await ana.newPage()
  await openSandboxJira(page)
  await button(page, 'Import & sync… Issues').click()
  for (const action of ['Import now', 'Import with a filter', 'Choose synced fields', 'Refresh fields', 'Sync preview', 'Sync now']) {
    await expect(page.getByRole('region', { name: action })).toBeVisible()
  }
  await expect(button(page, 'Sync now · 61 credits')).toBeVisible()
  // A look at a filter is free, and says the price of the import.
  await page.getByRole('textbox', { name: /^Filter/ }).fill('project = TB AND key <= TB-10')
  const withFilter = page.getByRole('region', { name: 'Import with a filter' })
  await withFilter.getByRole('button', { name: 'Look first · free' }).click()
  await expect(withFilter.getByText(/0 new records, 10 here already/)).toBeVisible()
  // One field more is priced before it is added.
  await page.getByLabel('Field to add').selectOption('Created')
  await expect(button(page, 'Add Created · 60 credits')).toBeVisible()
  await button(page, 'Preview · free').click()
  await expect(page.getByText('1 write call')).toBeVisible()
  const before = (await jira.writes()).length
  await button(page, 'Run this plan · 61 credits').click()
  await expect(page.getByText(/^Done: 1 of 1 cell sent/)).toBeVisible()
  expect((await jira.writes()).length).toBe(before + 1)
  await button(page, 'Refresh · 1 credit').click()
  await expect(page.getByText(/^Done: .*refresh/i)).toBeVisible()
  await button(page, 'Stop syncing Labels').click()
  await button(page, 'Stop syncing it').click()
  await expect(page.getByText('Labels is a field of the workbook now.')).toBeVisible()
  await button(page, 'Take it back').click()
  await expect(button(page, 'Stop syncing Labels')).toBeVisible()
})

test('[C19][C23] the mapping page sets directions one by one and in bulk, and says what decides', async ({ enter }) => {
  const page = await (await enter('Ana')).newPage()
  await openSandboxJira(page)
  await page.getByRole('link', { name: 'Field mappings of Issues' }).click()
  const row = (name: string) => page.getByRole('row').filter({ has: page.getByRole('rowheader', { name: new RegExp(`^${name}`) }) })
  await expect(row('Summary')).toContainText('Pushes and pulls')
  await page.getByLabel('Direction of Summary', { exact: true }).selectOption('push')
  await expect(row('Summary')).toContainText('Only pushes')
  await expect(row('Summary')).toContainText('decided by the field')
  await page.getByLabel('Search the fields').fill('u')
  await page.getByRole('combobox', { name: 'Show', exact: true }).selectOption('used')
  await page.getByRole('checkbox', { name: 'Select all that are shown' }).check()
  await page.getByLabel('Direction of the selected fields').selectOption('two-way')
  await button(page, 'Set').click()
  await expect(page.getByText(/fields? set\. .* left as before: the app does not take values/)).toBeVisible()
  await expect(row('Summary')).toContainText('Pushes and pulls')
  await expect(row('Updated')).toContainText('decided by the app')

  await page.getByLabel('Search the fields').fill('priority')
  await button(page, /^Values of Priority/).click()
  await page.getByLabel('Name of Low in the workbook').fill('High')
  await expect(dialog(page).getByRole('alert')).toContainText('“High” is an option of its own in the app')
  await page.getByLabel('Name of Low in the workbook').fill('Someday')
  await button(page, 'Save').click()
  await expect(button(page, /^Values of Priority/)).toHaveText(/^1 of \d+ renamed$/)
  await page.getByRole('link', { name: 'Sandbox Jira' }).click()
  await toWorkbook(page)
  await expect(page.getByRole('gridcell', { name: /Someday/ }).first()).toBeVisible()
})

test('[C21] deleting is typed, says what goes and stays, and leaves the rows as they were', async ({ enter }) => {
  const ana = await enter('Ana')
  const window = await ana.openWorkbook()
  const page = await ana.newPage()
  await openSandboxJira(page)
  await button(page, 'Delete this integration…').click()
  await expect(page.getByText('The ties of 60 rows to their records')).toBeVisible()
  await expect(page.getByText(/^Launch plan: 9 connected fields become fields of the workbook/)).toBeVisible()
  const confirm = page.getByRole('textbox', { name: 'Type “Sandbox Jira” to delete it' })
  await confirm.fill('sandbox jira')
  await expect(button(page, 'Delete for good')).toBeDisabled()
  await confirm.fill('Sandbox Jira')
  await button(page, 'Delete for good').click()
  await expect(page.getByRole('heading', { name: 'Integrations', level: 1 })).toBeVisible()
  await expect(page.getByRole('link', { name: 'Sandbox Jira' })).toHaveCount(0)
  // The window that was open shows the same values, and no connection over them.
  await expect(window.card).toHaveCount(0)
  await expect(window.value('TB-2', 'Key')).toHaveText('TB-2')
})

test('[CF10] an object is added, changed and deleted by the keyboard alone', async ({ enter }) => {
  const page = await (await enter('Ana')).newPage()
  await openSandboxJira(page)
  await button(page, 'Add an object').focus()
  await page.keyboard.press('Enter')
  await expect(page.getByRole('textbox', { name: 'What your workspace calls it' })).toBeFocused()
  await page.keyboard.type('Clients')
  // The only external object is chosen already; Enter adds.
  await page.keyboard.press('Enter')
  await expect(dialog(page)).toHaveCount(0)
  await expect(page.getByRole('list', { name: 'Objects' }).getByRole('listitem', { name: 'Clients' })).toBeVisible()
  await button(page, 'More for Clients').focus()
  await page.keyboard.press('Enter')
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('Enter')
  await expect(page.getByRole('textbox', { name: 'Type “Clients” to delete it' })).toBeFocused()
  await page.keyboard.type('Clients')
  // Enter does nothing before the name is whole and drawn.
  await expect(button(page, 'Delete for good')).toBeEnabled()
  await page.keyboard.press('Enter')
  await expect(page.getByRole('listitem', { name: 'Clients' })).toHaveCount(0)
  await expect(dialog(page)).toHaveCount(0)
})

const SCREENS: readonly (readonly [name: string, show: (page: Page) => Promise<void>])[] = [
  ['list', async (page) => page.getByRole('heading', { name: 'Coming' }).waitFor()],
  [
    'add',
    async (page) => {
      await button(page, 'Add an integration').click()
      await button(page, 'Choose Jira').waitFor()
    },
  ],
  [
    'add by OAuth',
    async (page) => {
      await button(page, 'Choose Jira').click()
      await page.getByText('What it asks for').waitFor()
    },
  ],
  [
    'add by token',
    async (page) => {
      await page.getByRole('radio', { name: 'API token' }).check()
      await page.getByLabel('E-mail address').waitFor()
    },
  ],
  ['page', openSandboxJira],
  [
    'window',
    async (page) => {
      await button(page, 'Import & sync… Issues').click()
      await button(page, /^Sync now · /).waitFor()
      await button(page, 'Preview · free').click()
      await button(page, /^Run this plan/).waitFor()
    },
  ],
  [
    'object',
    async (page) => {
      await page.keyboard.press('Escape')
      await button(page, 'Add an object').click()
      await dialog(page).waitFor()
    },
  ],
  [
    'menu',
    async (page) => {
      await page.keyboard.press('Escape')
      await button(page, 'More for Issues').click()
      await page.getByRole('menu').waitFor()
    },
  ],
  [
    'delete',
    async (page) => {
      await page.keyboard.press('Escape')
      await button(page, 'Delete this integration…').click()
      await page.getByText('What stays').waitFor()
    },
  ],
  [
    'fields',
    async (page) => {
      await page.keyboard.press('Escape')
      await page.getByRole('link', { name: 'Field mappings of Issues' }).click()
      await page.getByRole('table').waitFor()
      await page.getByRole('checkbox', { name: 'Select Summary' }).check()
    },
  ],
  [
    'values',
    async (page) => {
      await button(page, /^Values of Priority/).click()
      await page.getByRole('button', { name: 'Suggest' }).waitFor()
    },
  ],
]
/** Those in which something lies over the page. */
const OVERLAYS = ['add', 'add by OAuth', 'add by token', 'window', 'object', 'menu', 'delete', 'values']

test('[AX1][CF10] axe finds nothing on the pages of integrations, in light, in dark and on a phone, where nothing scrolls sideways', async ({
  enter,
}) => {
  test.setTimeout(240_000)
  const page = await (await enter('Ana')).newPage()
  await page.goto(LIST)
  const found: Record<string, readonly string[]> = {}
  for (const [name, show] of SCREENS) {
    await show(page)
    const lines = await findingsAtAnyWidth(page, OVERLAYS.includes(name))
    if (lines.length > 0) found[name] = lines
  }
  expect(found).toEqual({})
})
