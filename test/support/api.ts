import type * as z from 'zod'
import {
  type AnswerOf,
  type BodyOf,
  contract,
  type Endpoint,
  type EndpointName,
  type ParamsOf,
  type QueryOf,
} from '../../server/api/contract.ts'

type Ask<Name extends EndpointName> = { params?: ParamsOf<Name>; query?: QueryOf<Name>; body?: BodyOf<Name> }

/** A client of the HTTP API as a script is one; every answer is held to the contract. */
export function apiClient(origin: string, bearerToken: string) {
  const send = (name: EndpointName, ask: { params?: unknown; query?: unknown; body?: unknown }): Promise<Response> => {
    const endpoint: Endpoint = contract[name]
    const params = (ask.params ?? {}) as Record<string, string>
    const path = endpoint.path.replaceAll(/\{(\w+)\}/g, (_, key: string) => encodeURIComponent(params[key] ?? ''))
    const url = new URL(path, origin)
    for (const [key, value] of Object.entries((ask.query ?? {}) as Record<string, unknown>)) url.searchParams.set(key, String(value))
    return fetch(url, {
      method: endpoint.method.toUpperCase(),
      headers: { authorization: `Bearer ${bearerToken}`, ...(ask.body !== undefined && { 'content-type': 'application/json' }) },
      ...(ask.body !== undefined && { body: JSON.stringify(ask.body) }),
    })
  }
  return {
    /** The raw answer, for refusals. */
    send,
    /** @throws Error where the answer is no success, ZodError where it does not fit the contract */
    async call<Name extends EndpointName>(name: Name, ask: Ask<Name> = {}): Promise<AnswerOf<Name>> {
      const response = await send(name, ask)
      const body = await response.text()
      if (!response.ok) throw new Error(`${name} answered ${response.status}: ${body}`)
      return (contract[name].answer as z.ZodType).parse(JSON.parse(body)) as AnswerOf<Name>
    },
    /** A run's end, looked up until it is over. */
    async runEnded(run: string): Promise<AnswerOf<'getRun'>> {
      for (;;) {
        const found = await this.call('getRun', { params: { id: run } })
        if (found.endedAt !== null) return found
        await new Promise((resolve) => setImmediate(resolve))
      }
    },
  }
}
