import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, type Locator, type Page } from '@playwright/test'
import type { ServerProcess } from '../../support/server-process.ts'

/** A request as the stand-in logged it. */
export interface Request {
  readonly method: string
  readonly path: string
  readonly body?: unknown
  readonly status: number | null
  readonly saved: boolean
  readonly fault?: string
}

/** The other side: what the stand-in of Jira was asked, and its own screen. */
export class OtherSide {
  readonly #server: ServerProcess

  constructor(server: ServerProcess) {
    this.#server = server
  }

  /** Every request until now, as the stand-in itself wrote them down. */
  async requests(): Promise<readonly Request[]> {
    const text = await readFile(join(this.#server.dataFolder, 'sandbox', 'jira', 'requests.jsonl'), 'utf8')
    return text
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Request)
  }

  /** Requests that changed something. */
  async writes(): Promise<readonly Request[]> {
    return (await this.requests()).filter((request) => request.saved)
  }

  /** What only the control can do: end sign-ins, make an administrator's webhooks. */
  async control(body: Readonly<Record<string, unknown>>): Promise<void> {
    const token = (await readFile(join(this.#server.dataFolder, 'token'), 'utf8')).trim()
    await this.#send('POST', '/sandbox/control', { app: 'jira', ...body }, `Bearer ${token}`)
  }

  /** Gives issues other summaries by Jira's own API, as another app does. */
  async rename(summaries: ReadonlyMap<string, string>): Promise<void> {
    const path = join(this.#server.dataFolder, 'sandbox', 'jira', 'credentials.json')
    const { email = '', apiToken = '' } = JSON.parse(await readFile(path, 'utf8')) as Record<string, string>
    const basic = `Basic ${Buffer.from(`${email}:${apiToken}`).toString('base64')}`
    for (const [key, summary] of summaries) await this.#send('PUT', `/sandbox/jira/rest/api/3/issue/${key}`, { fields: { summary } }, basic)
  }

  async #send(method: string, path: string, body: unknown, authorization: string): Promise<void> {
    const headers = { authorization, 'content-type': 'application/json' }
    const answer = await fetch(`${this.#server.origin}${path}`, { method, headers, body: JSON.stringify(body) })
    if (!answer.ok) throw new Error(`${method} ${path} answered ${answer.status}: ${await answer.text()}`)
  }

  /** Opens the stand-in's screen. */
  async open(page: Page, path = ''): Promise<void> {
    await page.goto(`${this.#server.origin}/sandbox${path}`)
  }

  /** Changes a field of an issue on the stand-in's own screen, as its people do. */
  async change(page: Page, key: string, label: string, value: string): Promise<void> {
    await this.open(page, `/jira/issues/${key}`)
    const field = fieldOf(page, label)
    if ((await field.evaluate((element) => element.tagName)) === 'SELECT') await field.selectOption(value)
    else await field.fill(value)
    await page.getByRole('button', { name: 'Save', exact: true }).click()
    await expect(page.getByRole('status')).toHaveText('Saved. Jira has it now.')
  }

  /** Makes an issue on the stand-in's own screen. */
  async create(page: Page, project: string, summary: string): Promise<void> {
    await this.open(page, '/jira/new')
    await fieldOf(page, 'Project').selectOption(project)
    await fieldOf(page, 'Summary').fill(summary)
    await page.getByRole('button', { name: 'Create', exact: true }).click()
    await expect(page.getByRole('status')).toHaveText('Created.')
  }

  /** Turns the fault dial on the stand-in's own screen. */
  async setFault(page: Page, fault: { kind: string; calls?: string; refusedWith?: string; field?: string }): Promise<void> {
    await this.open(page)
    await fieldOf(page, 'What happens').selectOption(fault.kind)
    if (fault.calls !== undefined) await fieldOf(page, 'Calls').selectOption(fault.calls)
    if (fault.field !== undefined) await fieldOf(page, 'Field').selectOption(fault.field)
    if (fault.refusedWith !== undefined) await fieldOf(page, 'Refused with').fill(fault.refusedWith)
    await page.getByRole('button', { name: 'Set', exact: true }).click()
    await expect(page.getByRole('status')).toHaveText('The dial is set.')
  }

  /** Lets searches see what was written at once. */
  async withoutLag(page: Page): Promise<void> {
    await this.open(page)
    await fieldOf(page, 'Search lags by').fill('0')
    await page.getByRole('button', { name: 'Save settings' }).click()
    await expect(page.getByRole('status')).toHaveText('Settings saved.')
  }

  /** What the stand-in's screen shows in a field of an issue. */
  async valueOf(page: Page, key: string, label: string): Promise<string> {
    await this.open(page, `/jira/issues/${key}`)
    return fieldOf(page, label).inputValue()
  }
}

const fieldOf = (page: Page, label: string): Locator =>
  page
    .locator('label')
    .filter({ hasText: new RegExp(`^${label}`) })
    .locator('input, select, textarea')
