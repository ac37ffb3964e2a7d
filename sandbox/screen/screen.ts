import type { IncomingMessage } from 'node:http'
import { z } from 'zod'
import { type Answer, parseJson, readBody } from '../http.ts'
import { controlShape } from '../jira/control.ts'
import type { JiraApp } from '../jira/jira.ts'
import { isSameOrigin } from '../origin.ts'

export interface ScreenOptions {
  readonly jira: JiraApp
  readonly now: () => number
}

/** What a person and a script see of the sandbox besides the apps' own APIs. */
export class Screen {
  readonly #jira: JiraApp

  constructor(options: ScreenOptions) {
    this.#jira = options.jira
  }

  async answer(req: IncomingMessage, url: URL, _origin: string): Promise<Answer> {
    if (url.pathname === '/sandbox/control') return this.#control(req)
    return { status: 404, json: { error: 'There is no such page in the sandbox.' } }
  }

  async #control(req: IncomingMessage): Promise<Answer> {
    if (req.method === 'GET') return { status: 200, json: this.#jira.controlView() }
    if (req.method !== 'POST') return { status: 405, json: { error: 'GET or POST.' }, headers: { Allow: 'GET, POST' } }
    if (!isSameOrigin(req)) return { status: 403, json: { error: 'Another site may not set the sandbox.' } }
    const body = await readBody(req, 1024 * 1024)
    const control = controlShape.safeParse(body.kind === 'read' ? parseJson(body.text) : undefined)
    if (!control.success) return { status: 400, json: { error: z.prettifyError(control.error) } }
    this.#jira.control(control.data)
    return { status: 200, json: this.#jira.controlView() }
  }
}
