import { afterAll, beforeAll, expect, test } from 'vitest'
import { type AnswerOf, contract } from '../../server/api/contract.ts'
import { runHandlers } from '../../server/api/runs.ts'
import { Retention } from '../../server/retention.ts'
import { totalCredits } from '../../sync-engine/credits.ts'
import { EngineWorld, openSharedLog, type SharedLog, TWO_WAY, throttled } from '../support/engine-world.ts'

let shared: SharedLog
beforeAll(async () => {
  shared = await openSharedLog()
})
afterAll(() => shared[Symbol.asyncDispose]())

const people = [{ name: 'ann', client: 10 }]
const records = { 1: { summary: 'a' }, 2: { summary: 'b' }, 3: { summary: 'c' } }
const start = (own = false) => EngineWorld.start({ ...(own ? {} : { shared }), people, records })
const DAY = 86_400_000

/** The endpoints over a world, each part read as the contract reads it, each answer held to it. */
function apiOf(w: EngineWorld) {
  const { catalog, runs, runLog, hub, queue, settings, log } = w.server
  const handlers = runHandlers({ catalog, runs, runLog, hub, queue, settings, log, now: w.now, nameOf: (actor) => `Name of ${actor}` })
  const caller = { kind: 'member', actor: { id: 'ann', name: 'Ann', color: '#000000' }, device: 'd' }
  return async <Name extends keyof typeof handlers & keyof typeof contract>(
    name: Name,
    given: { params?: unknown; query?: unknown; body?: unknown } = {},
  ): Promise<AnswerOf<Name>> => {
    const endpoint = contract[name] as unknown as Record<
      'params' | 'query' | 'body' | 'answer',
      { parse: (x: unknown) => unknown } | undefined
    >
    const asked = {
      params: endpoint.params?.parse(given.params),
      query: endpoint.query?.parse(given.query ?? {}),
      body: endpoint.body?.parse(given.body),
      caller,
    }
    const handler = handlers[name] as unknown as (asked: unknown) => unknown
    const answer = await handler(asked)
    return (answer instanceof Response ? await answer.text() : endpoint.answer?.parse(answer)) as AnswerOf<Name>
  }
}
test('[QU9] the log is narrowed by each of its filters, and searched', async () => {
  await using w = await start()
  const api = apiOf(w)
  const { object, integration, connection } = await w.full()
  const list = async (query: object): Promise<string[]> =>
    (await api('listRuns', { query: { integration: integration.id, ...query } })).runs.map((r: { id: string }) => r.id)
  w.nowMs += 1_000
  w.type('ann', 'x', { record: '2' })
  const pushed = await w.run()
  w.nowMs += 1_000
  w.app.onCall = () => {
    throw throttled()
  }
  const failed = await w.run()
  w.app.onCall = () => undefined
  w.nowMs += 1_000
  const scheduled = await w.scheduled()
  const [a, b, c] = [pushed.run.id, failed.run.id, scheduled.run.id]
  expect((await list({})).slice(0, 3)).toEqual([c, b, a])
  expect(await list({ state: 'failed' })).toEqual([b])
  expect(await list({ state: 'failed,cancelled', kind: 'sync' })).toEqual([b])
  expect(await list({ trigger: 'schedule,nightly' })).toEqual([c])
  expect((await list({ kind: 'import,refresh' })).length).toBeGreaterThan(0)
  expect(await list({ kind: 'sync', connection: connection.id, object: object.id, app: 'jira', workbook: connection.workbook })).toEqual([
    c,
    b,
    a,
  ])
  expect(await list({ connection: 'nobody' })).toEqual([])
  expect(await list({ from: pushed.run.createdAt, to: scheduled.run.createdAt })).toEqual([b, a])
  expect(await list({ person: 'nobody' })).toEqual([])
  expect(await list({ text: 'TB-2', kind: 'sync' })).toEqual([a])
  expect(await list({ text: 'slow down' })).toEqual([b])
  expect((await list({ text: 'name of ANN', kind: 'sync' })).length).toBe(3)
  expect(await list({ text: '100%_\\' })).toEqual([])
  expect(await list({ text: a })).toEqual([a])
})

test('[QU9] pages follow a cursor without gap or repeat, also among runs of one moment', async () => {
  await using w = await start()
  const api = apiOf(w)
  const { connection } = await w.full()
  for (let i = 0; i < 11; i++) await w.oneWay()
  const query = { connection: connection.id, limit: 3 }
  const seen: string[] = []
  let cursor: string | null = null
  do {
    const page: AnswerOf<'listRuns'> = await api('listRuns', { query: { ...query, ...(cursor !== null && { cursor }) } })
    seen.push(...page.runs.map((r: { id: string }) => r.id))
    cursor = page.next
  } while (cursor !== null)
  const all = await api('listRuns', { query: { connection: connection.id, limit: 200 } })
  expect(seen).toEqual(all.runs.map((r: { id: string }) => r.id))
  expect([new Set(seen).size, all.next]).toEqual([seen.length, null])
})

test('[QU9] the log is exported whole, as CSV that runs no formula and as JSON', async () => {
  await using w = await start()
  const api = apiOf(w)
  const { connection } = await w.full()
  w.type('ann', '=HYPERLINK("x")')
  const { run } = await w.run()
  const query = { connection: connection.id }
  const runs = (await api('exportRuns', { query })) as string
  expect(runs.split('\r\n')[0]?.split(',').slice(0, 3)).toEqual(['run', 'at', 'started'])
  expect(runs).toContain(run.id)
  const cells = (await api('exportRuns', { query: { ...query, of: 'cells' } })) as string
  expect(cells).toContain(`"'=HYPERLINK(""x"")"`)
  const json = JSON.parse((await api('exportRuns', { query: { ...query, of: 'cells', format: 'json' } })) as string) as Record<
    string,
    unknown
  >[]
  expect(json.find((line) => line.run === run.id && line.outcome === 'pushed')).toMatchObject({ record: 'TB-1', value: '=HYPERLINK("x")' })
  const calls = JSON.parse((await api('exportRuns', { query: { ...query, of: 'calls', format: 'json' } })) as string) as Record<
    string,
    unknown
  >[]
  expect(calls.filter((line) => line.run === run.id).map((line) => line.kind)).toEqual(['check', 'write', 'pull'])
})

test('[QU8] usage by day, integration, rule and person adds up to the ledger, and that to the receipts', async () => {
  await using w = await start(true)
  const api = apiOf(w)
  await w.setSettings({ timeZone: 'America/New_York' })
  // Late in the evening there, the next day in UTC.
  w.nowMs = Date.parse('2026-03-07T23:30:00-05:00')
  w.type('ann', 'x')
  const first = await w.run()
  w.nowMs += 2 * 3_600_000
  const second = await w.run()
  const usage = await api('getUsage', { query: { from: '2026-03-07', to: '2026-03-08' } })
  expect(usage.lines.map((l) => [l.day, l.personName, l.integrationName, l.credits.pushed, l.credits.pulled, l.total])).toEqual([
    ['2026-03-07', 'Name of ann', 'Fake', 1, 3, 4],
    ['2026-03-08', 'Name of ann', 'Fake', 0, 3, 3],
  ])
  expect(usage.total).toBe(totalCredits(first.credits) + totalCredits(second.credits))
  const all = await api('getUsage', { query: { from: '2026-01-01', to: '2026-12-31' } })
  const ledger = await api('getCredits')
  expect([all.total, all.byRule]).toEqual([ledger.total, ledger.byRule])
  for (const { run, credits } of [first, second]) {
    expect(credits.pushed).toBe((await w.server.runs.receiptsOf(run.id)).filter((r) => r.state === 'settled').length)
    expect(credits.pulled).toBe(run.counts.pulled)
  }
  expect((await api('getUsage', { query: { from: '2026-01-01', to: '2026-12-31', person: 'nobody' } })).total).toBe(0)
  await expect(api('getUsage', { query: { from: '2026-02-02', to: '2026-02-01' } })).rejects.toThrow('after the last')
})

test('[QU7] an allowance warns at its percentage and is full again in the next month of the time zone', async () => {
  await using w = await start(true)
  const api = apiOf(w)
  const used = w.server.runs.creditsBetween(0, w.nowMs + 1)
  const set = async (monthly: number | null) => api('patchSettings', { body: { allowance: { monthly, warnAtPercent: 50 } } })
  const state = async () => (await api('getUsage')).allowance
  expect(await state()).toMatchObject({ state: 'none', left: null, used })
  await set(used * 3)
  expect(await state()).toMatchObject({ state: 'fine', left: used * 2, used })
  await set(used * 2)
  expect((await state()).state).toBe('warning')
  await set(used)
  expect(await state()).toMatchObject({ state: 'used-up', left: 0 })
  w.nowMs = (await state()).resetsAt
  expect(await state()).toMatchObject({ state: 'fine', used: 0 })
})

test('[QU7] where it blocks, a run that costs more than is left is refused before any call; one that fits runs to its end', async () => {
  await using w = await start(true)
  const used = w.server.runs.creditsBetween(0, w.nowMs + 1)
  w.type('ann', 'x')
  const allow = (left: number) => w.setSettings({ allowance: { monthly: used + left, warnAtPercent: 80, whenUsed: 'block' } })
  await allow(3)
  const refused = await w.run()
  expect([refused.run.state, refused.run.error?.code, refused.calls]).toEqual(['failed', 'over-allowance', []])
  expect(refused.run.error?.message).toContain('costs at least 4 credits')
  // A one-way run costs its pull alone.
  expect((await w.oneWay()).run.state).toBe('settled')
  await allow(3 + 4)
  expect((await w.run()).sent).toEqual(['1.summary=x'])
  await expect(w.run()).rejects.toThrow('used up')
  const scheduled = await w.scheduled()
  expect([scheduled.run.error?.code, scheduled.calls]).toEqual(['over-allowance', []])
  // Where it only warns, everything goes on.
  await w.setSettings({ allowance: { monthly: 1, warnAtPercent: 80, whenUsed: 'warn' } })
  expect((await w.run()).run.state).toBe('settled')
})

test('[QU10] old details go, what is owed stays, and so do counts, receipts and the ledger', async () => {
  await using w = await start(true)
  const api = apiOf(w)
  w.type('ann', 'x')
  const old = await w.run()
  w.type('ann', 'y', { record: '2' })
  let writes = 0
  w.app.fateOf = () => (++writes === 1 ? { kind: 'lose', isSaved: true } : { kind: 'save' })
  w.app.onCall = (call) => {
    if (call.kind === 'read-back') throw throttled()
  }
  const owed = await w.run()
  expect(owed.counts.unknown).toBe(1)
  w.app.onCall = () => undefined
  w.nowMs += 31 * DAY
  const recent = await w.run({ kind: 'refresh' })
  const { runs, runLog, log, settings } = w.server
  const retention = new Retention({ runLog, settings: () => settings.get(), log, logger: {} as never, now: w.now })
  await retention.prune()
  expect((await runs.calls(old.run.id)).length).toBeGreaterThan(0)
  // A later run has read the answer back by now; make it owed again, as a record that cannot be read leaves it.
  log.execute([{ sql: "UPDATE receipts SET state = 'unknown' WHERE run = ?", params: [owed.run.id] }])
  await log.durable()
  await api('patchSettings', { body: { logRetentionDays: 30 } })
  await retention.prune()
  const kept = await Promise.all([old, owed, recent].map(async ({ run }) => (await runs.calls(run.id)).length > 0))
  expect(kept).toEqual([false, true, true])
  expect([
    (await runs.run(old.run.id))?.counts.pushed,
    (await runs.creditsOf(old.run.id)).pushed,
    runs.receiptsOf(old.run.id).length,
  ]).toEqual([1, 1, 1])
  expect(await api('getRun', { params: { id: old.run.id } })).toMatchObject({ calls: [], cells: [], totalCredits: 4 })
})

test('[QU4] settings are checked and kept: a zone that nobody knows, a time that is none', async () => {
  await using w = await start(true)
  const api = apiOf(w)
  expect(await api('getSettings')).toEqual({
    timeZone: 'UTC',
    nightlyAt: '02:00',
    logRetentionDays: null,
    allowance: { monthly: null, warnAtPercent: 80, whenUsed: 'warn' },
  })
  await expect(api('patchSettings', { body: { timeZone: 'Europe/Nowhere' } })).rejects.toThrow('no time zone')
  for (const body of [
    { nightlyAt: '24:00' },
    { nightlyAt: '2:00' },
    { logRetentionDays: 0 },
    { allowance: { monthly: -1 } },
    { allowance: { warnAtPercent: 101 } },
  ])
    await expect(api('patchSettings', { body })).rejects.toThrow()
  await api('patchSettings', { body: { timeZone: 'America/Santiago', nightlyAt: '00:00', allowance: { monthly: 10 } } })
  expect(await api('getSettings')).toMatchObject({
    timeZone: 'America/Santiago',
    nightlyAt: '00:00',
    allowance: { monthly: 10, warnAtPercent: 80 },
  })
})

test('[PL1][PL2] a waiting run is looked at, confirmed or dropped by the API', async () => {
  await using w = await EngineWorld.start({
    shared,
    people,
    records: Object.fromEntries(Array.from({ length: 60 }, (_, i) => [String(i + 1), { summary: `s${i}` }])),
  })
  const api = apiOf(w)
  await w.scheduled()
  for (let i = 1; i <= 60; i++) w.app.foreignEdit(String(i), 'summary', `t${i}`)
  const { run } = await w.scheduled()
  const params = { id: run.id }
  const waiting = await api('getWaiting', { params })
  expect([waiting.rows, waiting.cells, waiting.linked, waiting.sample.length]).toEqual([60, 60, 60, 60])
  expect(waiting.sample.find((c) => c.recordKey === 'TB-7')).toMatchObject({ fieldName: 'Summary', before: 's6', after: 't7' })
  await api('confirmRun', { params })
  await w.server.queue.ended(run.id)
  await expect(api('confirmRun', { params })).rejects.toThrow('over')
  await expect(api('getWaiting', { params })).rejects.toThrow('over')
})

test('[B8] an undo is previewed with its calls, price and what stays, then run as previewed', async () => {
  await using w = await start()
  const api = apiOf(w)
  w.type('ann', 'x')
  w.type('ann', 'y', { record: '2' })
  const { run } = await w.run()
  w.app.foreignEdit('2', 'summary', 'theirs')
  await w.oneWay()
  const params = { id: run.id }
  expect(await api('getRun', { params })).toMatchObject({ canUndo: true })
  const preview = await api('previewUndo', { params })
  expect(preview.push.map((c) => [c.recordKey, c.sent])).toEqual([['TB-1', 'a']])
  expect(preview.skipped).toMatchObject([{ recordKey: 'TB-2', value: 'y', now: 'theirs', text: 'The app holds another value since.' }])
  expect([preview.calls.length, preview.check, preview.credits.pushed, preview.credits.pulled, preview.totalCredits]).toEqual([
    1,
    { calls: 1, records: 1 },
    1,
    1,
    2,
  ])
  w.app.takeCalls()
  const started = await api('undoRun', { params, body: { planId: preview.planId } })
  const ended = await w.server.queue.ended(started.run)
  expect([ended.state, w.app.get('1', 'summary'), w.app.get('2', 'summary')]).toEqual(['settled', 'a', 'theirs'])
  const credits = await w.server.runs.creditsOf(started.run)
  expect(totalCredits(credits)).toBe(preview.totalCredits)
  expect(await api('getRun', { params: { id: started.run } })).toMatchObject({ undoes: run.id, kind: 'undo' })
  await expect(api('undoRun', { params, body: { planId: 'unknown' } })).rejects.toThrow('no longer known')
})

test('[PL4] a person says that an unknown record is not there; then it may be created again', async () => {
  await using w = await start()
  const api = apiOf(w)
  w.app.createFate = () => ({ kind: 'lose', isSaved: false })
  const row = w.addRow('ann')
  const order = { kind: 'create', rows: [{ row, changes: [{ field: 'summary', value: 'New' }] }], duplicates: 'allow' } as const
  const { run } = await w.run(order)
  const params = { id: run.id }
  expect((await api('getRun', { params })).cells).toMatchObject([{ outcome: 'unknown', canDecide: true }])
  await api('decideCreate', { params: { ...params, row }, body: { choice: 'not-there' } })
  await w.quiet()
  expect(w.marks({ row, field: 'key' }).refused).toBeUndefined()
  await expect(api('decideCreate', { params: { ...params, row }, body: { choice: 'not-there' } })).rejects.toThrow('over')
  w.app.createFate = () => ({ kind: 'save' })
  expect((await w.run(order)).counts.created).toBe(1)
})

test('[V26] one action syncs all connections of an integration; what is paused is named', async () => {
  await using w = await start()
  const api = apiOf(w)
  const { integration, object, connection } = await w.full()
  const sync = async (body: object = {}) => await api('syncIntegration', { params: { id: integration.id }, body })
  const all = await sync()
  expect(all).toMatchObject({ runs: [{ connection: connection.id, joined: false }], skipped: [] })
  await w.server.queue.ended(all.runs[0]?.run ?? '')
  expect((await sync({ workbook: 'nobodys' })).runs).toEqual([])
  await expect(sync({ object: 'nobodys' })).rejects.toThrow('no such integration')
  const one = await sync({ object: object.id, mode: 'one-way' })
  expect((await w.server.queue.ended(one.runs[0]?.run ?? '')).mode).toBe('one-way')
  await w.configure({ isOn: false })
  expect(await sync()).toEqual({ runs: [], skipped: [{ connection: connection.id, reason: 'Jira is switched off.' }] })
  await w.configure({ isOn: true, direction: 'disabled' })
  expect((await sync()).skipped).toEqual([{ connection: connection.id, reason: 'Issues do not sync.' }])
})

test('[P5] a run whose connection is gone is still told, with the names of its time', async () => {
  await using w = await start()
  const api = apiOf(w)
  const { run } = await w.run(TWO_WAY)
  w.server.log.execute([{ sql: "UPDATE connections SET state = 'removed' WHERE id = ?", params: [w.connection] }])
  await w.server.log.durable()
  expect(await api('getRun', { params: { id: run.id } })).toMatchObject({
    about: { workbookName: 'Plan', integrationName: 'Fake', objectName: 'Issues', appName: 'Jira' },
  })
})
