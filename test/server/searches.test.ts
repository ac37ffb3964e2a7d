import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { makeSearches } from '../../server/searches.ts'
import type { Connector } from '../../sync-engine/connectors/connector.ts'
import type { CallReport } from '../../sync-engine/connectors/http-client.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
})
afterEach(() => {
  vi.useRealTimers()
})

/** A question to an app that takes `ms` for each of its answers; what it was charged, if it came to an end. */
function questions() {
  const written: string[] = []
  let report: (call: CallReport) => void = () => undefined
  const { ask } = makeSearches({
    queue: {
      connectorFor: (_full, onCall) => {
        report = onCall
        return {} as Connector
      },
      aboutOf: async () => ({}) as never,
    },
    log: {
      execute: (ops: readonly { sql: string }[]) => written.push(...ops.map(({ sql }) => sql)),
      durable: async () => undefined,
    } as never,
    now: () => 0,
    random: (length) => new Uint8Array(length),
    creditsLeft: () => undefined,
  })
  const isCharged = (): boolean => written.some((sql) => /credits|ledger/u.test(sql))
  const put = (o: { answers: number; gone?: AbortSignal }, onCall: (n: number) => Promise<void>): Promise<number> =>
    ask(
      { connection: { id: 'c' } } as never,
      { kind: 'script', actor: { id: 'a' } } as never,
      { note: null, leastPrice: 1, ...(o.gone && { gone: o.gone }) },
      async (_connector, signal) => {
        for (let n = 1; n <= o.answers; n++) {
          signal.throwIfAborted()
          await onCall(n)
          signal.throwIfAborted()
          report({ status: 200 } as CallReport)
        }
        return { answer: o.answers, credits: o.answers }
      },
    )
  return { put, isCharged }
}

test('[CN25] a question of many calls goes on as long as the app answers them', async () => {
  const { put, isCharged } = questions()
  // Two hundred pages at half a minute each: an hour and two thirds.
  const answer = await put({ answers: 200 }, async () => void (await vi.advanceTimersByTimeAsync(30_000)))
  expect([answer, isCharged()]).toEqual([200, true])
})

test('[CN25] where no answer comes for a minute it ends, says so, and costs nothing', async () => {
  const { put, isCharged } = questions()
  const asked = put({ answers: 3 }, async (n) => void (await vi.advanceTimersByTimeAsync(n === 3 ? 60_000 : 1_000)))
  await expect(asked).rejects.toMatchObject({ code: 'app-unavailable', message: expect.stringContaining('60 s') })
  expect(isCharged()).toBe(false)
})

test('[CN25] where nobody waits for the answer any more, no further call is made, and it costs nothing', async () => {
  const { put, isCharged } = questions()
  const gone = new AbortController()
  let calls = 0
  const asked = put({ answers: 9, gone: gone.signal }, async (n) => {
    calls = n
    if (n === 4) gone.abort()
  })
  await expect(asked).rejects.toThrow()
  expect([calls, isCharged()]).toEqual([4, false])
})
