import type * as z from 'zod'
import { type AnswerOf, type BodyOf, contract, type EndpointName, type ParamsOf } from '../../server/api/contract.ts'
import type { RunningServer } from '../../server/start.ts'

/** A browser without a screen: it keeps cookies, says where it comes from, and follows redirects one at a time. */
export class Browser {
  readonly origin: string
  readonly #cookies = new Map<string, string>()

  constructor(origin: string) {
    this.origin = origin
  }

  /** A browser that the server's own address let in. */
  static async letIn(server: RunningServer): Promise<Browser> {
    const browser = new Browser(server.origin)
    const asked = await fetch(`${server.origin}/api/session/one-time`, {
      method: 'POST',
      headers: { authorization: `Bearer ${server.bearerToken}` },
    })
    const { url } = (await asked.json()) as { url: string }
    await browser.go(url)
    return browser
  }

  /** Goes to an address as a person does who clicks; redirects are not followed. */
  go(address: string, init: RequestInit = {}): Promise<Response> {
    return this.#fetch(new URL(address, this.origin), {
      ...init,
      headers: { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-site': 'same-origin', ...(init.headers as object) },
    })
  }

  /** Sends the form of a page, with the button that was pressed. */
  async press(page: string, button: { name: string; value: string }): Promise<Response> {
    const [, action = ''] = /<form method="post" action="([^"]+)"/.exec(page) ?? []
    const form = new URLSearchParams({ [button.name]: button.value })
    for (const [, name = '', value = ''] of page.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)">/g))
      form.set(name, plain(value))
    return this.go(plain(action), {
      method: 'POST',
      body: form.toString(),
      headers: { 'content-type': 'application/x-www-form-urlencoded', origin: this.origin },
    })
  }

  async api<Name extends EndpointName>(name: Name, ask: { params?: ParamsOf<Name>; body?: BodyOf<Name> } = {}): Promise<AnswerOf<Name>> {
    const response = await this.send(name, ask)
    const text = await response.text()
    if (!response.ok) throw new Error(`${name} answered ${response.status}: ${text}`)
    return (contract[name].answer as z.ZodType).parse(JSON.parse(text)) as AnswerOf<Name>
  }

  send(name: EndpointName, ask: { params?: unknown; body?: unknown } = {}): Promise<Response> {
    const { path, method } = contract[name]
    const params = (ask.params ?? {}) as Record<string, string>
    const address = path.replaceAll(/\{(\w+)\}/g, (_, key: string) => encodeURIComponent(params[key] ?? ''))
    return this.#fetch(new URL(address, this.origin), {
      method: method.toUpperCase(),
      headers: { origin: this.origin, ...(ask.body !== undefined && { 'content-type': 'application/json' }) },
      ...(ask.body !== undefined && { body: JSON.stringify(ask.body) }),
    })
  }

  async #fetch(url: URL, init: RequestInit): Promise<Response> {
    const cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const response = await fetch(url, { ...init, redirect: 'manual', headers: { ...(init.headers as Record<string, string>), cookie } })
    for (const line of response.headers.getSetCookie()) {
      const [name = '', value = ''] = (line.split(';')[0] ?? '').split('=', 2)
      this.#cookies.set(name, value)
    }
    return response
  }
}

const ENTITIES: Readonly<Record<string, string>> = { '&amp;': '&', '&lt;': '<', '&gt;': '>', '&quot;': '"', '&#39;': "'" }
const plain = (text: string): string => text.replaceAll(/&(?:amp|lt|gt|quot|#39);/g, (entity) => ENTITIES[entity] ?? entity)
