import type { Endpoint } from '../../server/api/contract.ts'

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly body: unknown
}

/** The code of a refusal. */
export const codeOf = (answer: Answer): string | undefined => (answer.body as { error?: { code?: string } } | undefined)?.error?.code

/** A browser with a jar of its own cookies, without pages: what anybody can send over HTTP. */
export class BareBrowser {
  readonly origin: string
  readonly #jar = new Map<string, string>()

  constructor(origin: string) {
    this.origin = origin
  }

  get cookie(): string {
    return [...this.#jar].map(([name, value]) => `${name}=${value}`).join('; ')
  }

  /** The headers of an upgrade this browser would make. */
  get socketHeaders(): Record<string, string> {
    return { cookie: this.cookie, origin: this.origin }
  }

  async ask(method: string, path: string, body?: unknown): Promise<Answer> {
    const response = await fetch(new URL(path, this.origin), {
      method,
      redirect: 'manual',
      headers: { origin: this.origin, cookie: this.cookie, ...(body !== undefined && { 'content-type': 'application/json' }) },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    for (const cookie of response.headers.getSetCookie()) {
      const [pair = ''] = cookie.split(';')
      const [name = '', value = ''] = pair.split('=')
      this.#jar.set(name, value)
    }
    const text = await response.text()
    return { status: response.status, headers: response.headers, body: text.startsWith('{') ? JSON.parse(text) : text }
  }

  /** Calls an endpoint of the contract, whatever it makes of that. */
  call({ method, path }: Pick<Endpoint, 'method' | 'path'>, parts: CallParts = {}): Promise<Answer> {
    const filled = path.replaceAll(/\{(\w+)\}/g, (_, key: string) => encodeURIComponent(parts.params?.[key] ?? 'x'))
    const query = new URLSearchParams(parts.query).toString()
    return this.ask(method.toUpperCase(), query === '' ? filled : `${filled}?${query}`, parts.body)
  }

  /** Comes in by the token of a shared link. */
  enter(token: string): Promise<Answer> {
    return this.ask('POST', '/api/links/open', { token })
  }
}

export interface CallParts {
  readonly params?: Readonly<Record<string, string>>
  readonly query?: Record<string, string>
  readonly body?: unknown
}
