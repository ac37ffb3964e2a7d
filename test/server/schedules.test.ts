import { expect, test } from 'vitest'
import { nextNight } from '../../server/schedules.ts'
import { dayIn, monthIn, startOfDay } from '../../server/time-zone.ts'
import { EngineWorld } from '../support/engine-world.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const people = [{ name: 'ann', client: 10 }]
const records = { 1: { summary: 'a' }, 2: { summary: 'b' }, 3: { summary: 'c' } }
const start = () => EngineWorld.start({ people, records })

/** The nights of a zone around a clock change, as the zone's own clock shows them. */
function nights(timeZone: string, time: string, from: string, count: number): string[] {
  const found: string[] = []
  let at = Date.parse(from)
  for (let i = 0; i < count; i++) {
    at = nextNight(timeZone, time, at)
    found.push(new Date(at).toLocaleString('sv', { timeZone }).slice(0, 16))
  }
  return found
}

test.each([
  // The hour that is left out: the sync comes when the clock has jumped, on the same day.
  ['Europe/Berlin', '02:30', '2026-03-27T12:00Z', ['2026-03-28 02:30', '2026-03-29 03:00', '2026-03-30 02:30']],
  ['America/New_York', '02:00', '2026-03-06T12:00Z', ['2026-03-07 02:00', '2026-03-08 03:00', '2026-03-09 02:00']],
  // Midnight itself is left out.
  ['America/Santiago', '00:00', '2026-09-04T12:00Z', ['2026-09-05 00:00', '2026-09-06 01:00', '2026-09-07 00:00']],
  // The hour that comes twice: one sync.
  ['Europe/Berlin', '02:30', '2026-10-23T12:00Z', ['2026-10-24 02:30', '2026-10-25 02:30', '2026-10-26 02:30']],
  ['America/New_York', '01:30', '2026-10-30T12:00Z', ['2026-10-31 01:30', '2026-11-01 01:30', '2026-11-02 01:30']],
  ['America/Santiago', '23:30', '2026-04-03T12:00Z', ['2026-04-03 23:30', '2026-04-04 23:30', '2026-04-05 23:30']],
  // Half an hour is not every zone's step.
  ['Australia/Lord_Howe', '02:15', '2026-10-02T12:00Z', ['2026-10-03 02:15', '2026-10-04 02:30', '2026-10-05 02:15']],
])('[QU4] each night once, whatever the clocks of %s do: %s', (timeZone, time, from, wanted) => {
  expect(nights(timeZone, time, from, 3)).toEqual(wanted)
})

test('[QU4] a year of nights in zones of all kinds: one a day, none left out', () => {
  for (const timeZone of [
    'Europe/Berlin',
    'America/New_York',
    'America/Santiago',
    'Australia/Lord_Howe',
    'Asia/Kathmandu',
    'Africa/Casablanca',
  ]) {
    for (const time of ['00:00', '02:30', '23:30']) {
      const days = nights(timeZone, time, '2026-01-01T12:00Z', 365).map((at) => at.slice(0, 10))
      expect(new Set(days).size, `${timeZone} at ${time}`).toBe(365)
      expect(Date.parse(days.at(-1) ?? '') - Date.parse(days[0] ?? ''), `${timeZone} at ${time}`).toBe(364 * 24 * HOUR)
    }
  }
})

test('[QU4] days and months are the time zone’s own, also those that begin late or last 23 and 25 hours', () => {
  expect(dayIn('America/New_York', Date.parse('2026-03-01T04:59Z'))).toBe('2026-02-28')
  expect(new Date(startOfDay('America/Santiago', '2026-09-06')).toISOString()).toBe('2026-09-06T04:00:00.000Z')
  expect(startOfDay('Europe/Berlin', '2026-03-30') - startOfDay('Europe/Berlin', '2026-03-29')).toBe(23 * HOUR)
  expect(startOfDay('Europe/Berlin', '2026-10-26') - startOfDay('Europe/Berlin', '2026-10-25')).toBe(25 * HOUR)
  const { from, to } = monthIn('Asia/Kathmandu', Date.parse('2026-12-31T18:15Z'))
  expect([new Date(from).toISOString(), new Date(to).toISOString()]).toEqual(['2026-12-31T18:15:00.000Z', '2027-01-31T18:15:00.000Z'])
})

test.each([5, 10, 15, 30, 60])('[C15][C17][C18] every %i minutes, counted from the latest pull', async (minutes) => {
  await using w = await start()
  await w.configure({ schedule: minutes })
  const at = w.nowMs
  const next = async () => w.server.schedules.nextPull(await w.full())
  await w.run()
  expect([(await w.full()).connection.latestPull, await next()]).toEqual([{ at, records: 3, isFailed: false }, at + minutes * MINUTE])
  expect(await w.passTime(minutes * MINUTE - 1)).toEqual([])
  const [run, ...more] = await w.passTime(1)
  expect([run?.trigger, run?.state, run?.actor, more]).toEqual(['schedule', 'settled', 'server', []])
  expect(await next()).toBe(at + 2 * minutes * MINUTE)
})

test('[C16] manual only: no call by a clock, ever, and no next pull; a hint changes nothing', async () => {
  await using w = await start()
  const full = await w.full()
  await w.server.schedules.onHint(full.integration.id)
  w.app.takeCalls()
  for (let day = 0; day < 3; day++) expect(await w.passTime(24 * HOUR)).toEqual([])
  expect([w.app.takeCalls(), w.server.schedules.nextPull(full)]).toEqual([[], null])
})

test('[C18] there is no next pull where it is paused, disabled, or only pushes; what is due comes when it is on again', async () => {
  await using w = await start()
  await w.configure({ schedule: 5 })
  await w.run()
  const next = async () => w.server.schedules.nextPull(await w.full())
  for (const off of [{ isOn: false }, { direction: 'disabled' as const }, { direction: 'push' as const }]) {
    await w.configure(off)
    expect([await next(), await w.passTime(HOUR)], JSON.stringify(off)).toEqual([null, []])
    await w.configure({ isOn: true, direction: 'push-pull' })
    expect(await next()).toBe(w.nowMs)
    expect(await w.passTime(0)).toHaveLength(1)
  }
})

test('[C17] a pull that failed is marked, and the next one comes after the usual time', async () => {
  await using w = await start()
  await w.configure({ schedule: 5 })
  await w.run()
  w.app.onCall = () => {
    throw new Error('a fault')
  }
  expect((await w.passTime(5 * MINUTE)).map((r) => r.state)).toEqual(['failed'])
  expect((await w.full()).connection.latestPull).toMatchObject({ at: w.nowMs, isFailed: true })
  w.app.onCall = () => undefined
  expect(await w.passTime(4 * MINUTE)).toEqual([])
  expect((await w.passTime(MINUTE)).map((r) => r.state)).toEqual(['settled'])
  expect((await w.full()).connection.latestPull).toMatchObject({ isFailed: false })
})

test('[QU5] a hint brings the next pull near, many hints are one pull, and only a scheduled object hears them', async () => {
  await using w = await start()
  await w.configure({ schedule: 60 })
  await w.run()
  const { integration, object } = await w.full()
  w.app.foreignEdit('2', 'summary', 'theirs')
  for (let i = 0; i < 5; i++) await w.server.schedules.onHint(integration.id, 'issues')
  await w.server.schedules.onHint(integration.id, object.id)
  expect(w.server.schedules.nextPull(await w.full())).toBe(w.nowMs + 10_000)
  expect(await w.passTime(9_000)).toEqual([])
  const [run] = await w.passTime(1_000)
  expect([run?.trigger, w.look({ record: '2' }).shown]).toEqual(['schedule', 'theirs'])
  expect(await w.passTime(10_000)).toEqual([])
})

test('[P1] a nightly sync runs by itself at its hour of the workspace’s time zone, through both clock changes', async () => {
  for (const [from, days] of [
    ['2026-03-27T12:00:00Z', ['2026-03-28 02:30', '2026-03-29 03:00', '2026-03-30 02:30']],
    ['2026-10-23T12:00:00Z', ['2026-10-24 02:30', '2026-10-25 02:30', '2026-10-26 02:30']],
  ] as const) {
    await using w = await start()
    w.nowMs = Date.parse(from)
    await w.setSettings({ timeZone: 'Europe/Berlin', nightlyAt: '02:30' })
    await w.configure({ isNightly: true })
    const ran: string[] = []
    for (let quarter = 0; quarter < 72 * 4; quarter++) {
      for (const run of await w.passTime(15 * MINUTE)) {
        expect([run.trigger, run.state]).toEqual(['nightly', 'settled'])
        ran.push(new Date(run.createdAt).toLocaleString('sv', { timeZone: 'Europe/Berlin' }).slice(0, 16))
      }
    }
    expect(ran).toEqual(days)
  }
})

test('[P1] nights that were missed while the server was away run once at its start', async () => {
  await using w = await start()
  await w.configure({ isNightly: true })
  await w.passTime(0)
  w.nowMs += 5 * 24 * HOUR
  await w.restart()
  expect((await w.passTime(0)).map((r) => r.trigger)).toEqual(['nightly'])
  expect(await w.passTime(MINUTE)).toEqual([])
})

test('[P1] nights of a pause are not made up for, nor those before it was switched on', async () => {
  await using w = await start()
  expect(await w.passTime(3 * 24 * HOUR)).toEqual([])
  await w.configure({ isNightly: true })
  expect(await w.passTime(0)).toEqual([])
  await w.configure({ isOn: false })
  expect(await w.passTime(3 * 24 * HOUR)).toEqual([])
  await w.configure({ isOn: true })
  expect(await w.passTime(0)).toEqual([])
  expect(await w.passTime(24 * HOUR)).toHaveLength(1)
})

test('[P1] two quiet nights write nothing: no document, no credit, one call each', async () => {
  await using w = await start()
  await w.configure({ isNightly: true })
  await w.passTime(0)
  await w.passTime(24 * HOUR)
  w.app.takeCalls()
  const before = w.updates
  const runs = [...(await w.passTime(24 * HOUR)), ...(await w.passTime(24 * HOUR))]
  expect(runs.map((r) => [r.trigger, r.state, r.counts.pulled, r.counts.changed])).toEqual([
    ['nightly', 'settled', 0, 0],
    ['nightly', 'settled', 0, 0],
  ])
  expect([w.updates - before, w.app.takeCalls().map((c) => c.op)]).toEqual([0, ['changes', 'changes']])
  for (const run of runs) expect(await w.server.runs.creditsOf(run.id)).toMatchObject({ pulled: 0, pushed: 0 })
})

test('[QU11] a clock that is set back stops neither pulls nor nights, and brings no night twice', async () => {
  await using w = await start()
  await w.configure({ schedule: 5, isNightly: true })
  // 09:00 UTC; the night is at 02:00.
  const triggers = async (ms: number) => (await w.passTime(ms)).map((run) => run.trigger)
  expect(await triggers(0)).toEqual([])
  expect(await triggers(17 * HOUR + MINUTE)).toEqual(['nightly'])
  expect([await triggers(-HOUR), await triggers(4 * MINUTE), await triggers(MINUTE)]).toEqual([['schedule'], [], ['schedule']])
  // It is 02:00 once more.
  expect(await triggers(55 * MINUTE)).toEqual(['schedule'])
  expect(await triggers(24 * HOUR)).toEqual(['nightly'])
  // Somebody had set the year wrong.
  expect(await triggers(365 * 24 * HOUR)).toEqual(['nightly'])
  expect(await triggers(-365 * 24 * HOUR)).toEqual(['schedule'])
  expect(await triggers(24 * HOUR)).toEqual(['nightly'])
})
