import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Browser, BrowserContext, BrowserContextOptions, Page } from '@playwright/test'
import type { ServerProcess } from '../../support/server-process.ts'
import { WorkbookWindow } from './workbook-window.ts'

export interface AgainOptions {
  readonly browser: Browser
  readonly server: ServerProcess
  readonly options: BrowserContextOptions
}

export interface EnterOptions extends AgainOptions {
  readonly name: string
}

/** Somebody at a browser of their own: in local mode a browser is a person. */
export class Person {
  readonly context: BrowserContext
  readonly #server: ServerProcess
  #workbookUrl: string | undefined

  private constructor(context: BrowserContext, server: ServerProcess) {
    this.context = context
    this.#server = server
  }

  /** Lets a new browser in, and says who sits there. */
  static async enter({ name, ...again }: EnterOptions): Promise<Person> {
    const person = await Person.again(again)
    const { request } = person.context
    await request.get(await fetchOneTimeUrl(again.server))
    await request.patch('/api/session', { data: { name } })
    return person
  }

  /** A browser as it is: let in already where the options carry its storage. */
  static async again({ browser, server, options }: AgainOptions): Promise<Person> {
    return new Person(await browser.newContext({ ...options, baseURL: server.origin }), server)
  }

  /** A new page of this browser. */
  newPage(): Promise<Page> {
    return this.context.newPage()
  }

  /** Opens the server's first workbook in a new window, and waits for its rows. */
  async openWorkbook(): Promise<WorkbookWindow> {
    this.#workbookUrl ??= await this.#findWorkbook()
    const window = new WorkbookWindow(await this.newPage())
    await window.open(this.#workbookUrl)
    return window
  }

  async leave(): Promise<void> {
    await this.context.close()
  }

  async #findWorkbook(): Promise<string> {
    const answer = await this.context.request.get('/api/workbooks')
    const { workbooks } = (await answer.json()) as { workbooks: { id: string }[] }
    return `${this.#server.origin}/w/${workbooks[0]?.id}`
  }
}

/** What `npm run url` prints. */
export async function fetchOneTimeUrl(server: ServerProcess): Promise<string> {
  const token = (await readFile(join(server.dataFolder, 'token'), 'utf8')).trim()
  const answer = await fetch(`${server.origin}/api/session/one-time`, { method: 'POST', headers: { authorization: `Bearer ${token}` } })
  return ((await answer.json()) as { url: string }).url
}
