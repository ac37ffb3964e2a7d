import { describe, expect, test } from 'vitest'
import { type ApiFailure, callApi, failureText, pathOf } from '../../app/api-client.ts'

/** A server that answers every call alike and remembers what it was asked. */
function serverOf(answer: () => Response) {
  const asked: { url: string; method: string | undefined; body: unknown }[] = []
  const transport = {
    fetch: (async (url: string, init: RequestInit) => {
      asked.push({ url, method: init.method, body: init.body })
      return answer()
    }) as typeof fetch,
  }
  return { asked, transport }
}
const failureOf = (promise: Promise<unknown>): Promise<ApiFailure> =>
  promise.then(
    () => {
      throw new Error('The call succeeded.')
    },
    (failure) => failure as ApiFailure,
  )

describe('calling the server', () => {
  test('[U26] parameters go into the path, the query and the body as the contract says', async () => {
    expect(pathOf('/api/x/{id}', { id: 'a/b' }, { limit: 5, before: undefined })).toBe('/api/x/a%2Fb?limit=5')
    const { asked, transport } = serverOf(() => Response.json({ run: 'r1', joined: false }))
    const answer = await callApi('startSync', { params: { id: 'c1' }, body: { mode: 'two-way', planId: 'p' } }, { transport })
    expect([answer, asked]).toEqual([
      { run: 'r1', joined: false },
      [{ url: '/api/connections/c1/sync', method: 'POST', body: '{"mode":"two-way","planId":"p"}' }],
    ])
  })

  test('[U26] an answer may carry more than the contract names, and keeps it', async () => {
    const { transport } = serverOf(() => Response.json({ workbooks: [], deleted: [], more: 1 }))
    expect(await callApi('listWorkbooks', {}, { transport })).toEqual({ workbooks: [], deleted: [], more: 1 })
  })

  test('[U27] what the server refuses is told in its own words', async () => {
    const error = { code: 'not-found', message: 'There is no such run.', advice: 'Nothing was changed.' }
    const { transport } = serverOf(() => Response.json({ error }, { status: 404 }))
    const failure = await failureOf(callApi('getRun', { params: { id: 'r1' } }, { transport }))
    expect([failure.kind, failure.status, failureText(failure)]).toEqual([
      'refused',
      404,
      { message: 'There is no such run.', advice: 'Nothing was changed.' },
    ])
  })

  test('[U27] no answer, a page instead of one, and one that does not fit say what is safe and what to do', async () => {
    const silent = { fetch: (() => Promise.reject(new TypeError('failed'))) as typeof fetch }
    const none = await failureOf(callApi('listWorkbooks', {}, { transport: silent }))
    const page = await failureOf(
      callApi(
        'listWorkbooks',
        {},
        serverOf(() => new Response('<html>', { status: 502 })),
      ),
    )
    const wrong = await failureOf(
      callApi(
        'listWorkbooks',
        {},
        serverOf(() => Response.json({ workbooks: 'none' })),
      ),
    )
    expect([none, page, wrong].map((f) => [f.kind, f.status])).toEqual([
      ['network', 0],
      ['refused', 502],
      ['answer', 200],
    ])
    for (const { message, advice } of [none, page, wrong].map(failureText)) {
      expect(message.length).toBeGreaterThan(10)
      expect(advice.length).toBeGreaterThan(10)
    }
  })
})
