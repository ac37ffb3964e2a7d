import { afterAll, beforeAll, expect, test } from 'vitest'
import { seedSalesforce } from '../../sandbox/salesforce/seed.ts'
import { deltaOf, linkedRows } from '../../server/engine-ports.ts'
import { setupOf } from '../../server/storage/catalog.ts'
import { appName } from '../../server/workbooks.ts'
import { totalCredits } from '../../sync-engine/credits.ts'
import { type Plan, planSync } from '../../sync-engine/plan.ts'
import type { RunOrder } from '../../sync-engine/ports.ts'
import { makeRandom } from '../../tools/random.ts'
import type { CellValue } from '../../workbook/cell-value.ts'
import { editCells, putBack, requestLink } from '../../workbook/edit.ts'
import { type CellKey, type ConnectionId, cellKey, type FieldId, type RowId } from '../../workbook/ids.ts'
import { isEdited } from '../../workbook/schema.ts'
import type { DialFault } from '../support/connector-contract.ts'
import {
  EngineWorld,
  openSharedLog,
  type RunEnd,
  type RunReport,
  ServerWorld,
  type SharedLog,
  TWO_WAY,
  throttled,
} from '../support/engine-world.ts'
import type { SeenCall, WriteFate } from '../support/fake-app.ts'
import { type LogLine, PLAYED_IDS, StandInApp } from '../support/stand-in-app.ts'
import { StandInWorld, seededRandom } from '../support/stand-in-world.ts'
import { previewed } from '../support/undo.ts'

let shared: SharedLog
beforeAll(async () => {
  shared = await openSharedLog()
})
afterAll(() => shared[Symbol.asyncDispose]())

const FIELDS = ['summary', 'environment', 'priority']
const VALUES = {
  summary: ['a', 'b', 'c', 'bad', null],
  environment: ['e', 'f', 'bad', null],
  priority: ['High', 'Low', 'low', 'Hihg'],
} as const
/** `WORLDS=400`: more of them. */
const WORLDS = Number(process.env.WORLDS ?? 15)

/** What the app's own log of calls says a run must have cost, reads of the pull and settled values alike. */
function costOf(w: EngineWorld, { calls, run }: RunReport): { pulled: number; refreshed: number; searched: number } {
  const read = (call: SeenCall): number =>
    call.op === 'read' && call.kind === 'pull' ? call.ids.filter((id) => w.app.records.has(id)).length : 0
  const isFilling = run.kind === 'link' || run.kind === 'create' || run.kind === 'import'
  return {
    pulled: isFilling ? 0 : calls.reduce((sum, call) => sum + read(call), 0),
    refreshed: calls.filter((c) => c.op === 'describe').length,
    searched: calls.filter((c) => c.op === 'search').length,
  }
}

for (let seed = 1; seed <= WORLDS; seed++) {
  test(`[PL7] [E4] world ${seed}: every receipt balances, every credit is found in what the app was asked, nothing is saved twice`, async () => {
    const random = makeRandom(seed)
    const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T
    const records = Object.fromEntries(
      Array.from({ length: 12 }, (_, i) => [String(i + 1), { summary: 'a', environment: 'e', priority: 'High' }]),
    )
    const people = ['ann', 'bob'].map((name, i) => ({ name, client: 10 * (i + 1) }))
    await using w = await EngineWorld.start({ shared, people, fields: FIELDS, records, seed })
    w.app.answersRecord = random() < 0.5
    w.app.readBatch = pick([3, 5, 100])
    const fate = (changes: readonly { value: unknown; field: string }[]): WriteFate => {
      const bad = changes.filter((c) => c.value === 'bad')
      if (bad.length > 0) return { kind: 'refuse', refusals: bad.map((c) => ({ field: c.field, reason: 'No.' })) }
      const luck = random()
      if (luck < 0.08) return { kind: 'lose', isSaved: random() < 0.5 }
      return luck < 0.11 ? { kind: 'throw', error: throttled() } : { kind: 'save' }
    }
    w.app.fateOf = (delta) => fate(delta.changes)
    w.app.createFate = () => fate([])
    w.app.onSaved = ({ deltas }) => {
      if (random() < 0.03) for (const { recordId } of deltas.slice(0, 1)) w.app.delete(recordId)
    }
    for (let step = 0; step < 10; step++) {
      const acts = Math.floor(random() * 6)
      for (let i = 0; i < acts; i++) {
        const field = pick(FIELDS) as keyof typeof VALUES
        const record = pick([...w.app.records.keys()].filter((id) => w.sheet.rowsOf(w.connection, id).length > 0))
        if (random() < 0.25) w.app.foreignEdit(record, field, pick(VALUES[field].filter((v) => v !== 'Hihg')))
        else w.type(pick(['ann', 'bob']), pick(VALUES[field]), { record, field })
      }
      await w.quiet()
      const report = await w.run(...orderOf(w, random, pick))
      const { run, credits } = report
      const cells = await expectLines(w, report)
      // To the credit: what was pulled, described, searched is what the app was asked; what was pushed is what settled, once a record and field.
      const { pulled, refreshed, searched } = costOf(w, report)
      if (run.state !== 'failed') expect([credits.pulled, credits.refreshed, credits.searched]).toEqual([pulled, refreshed, searched])
      expect(credits.pushed, 'a credit for each change that reached the app').toBe(changesIn(cells))
      const head = await w.server.queue.headOf(run)
      expect(head.totalCredits).toBe(totalCredits(credits))
    }
    await expectLedger(w)
    await w.expectDeltaLaw()
  })
}

type Line = Awaited<ReturnType<ServerWorld['server']['runs']['cells']>>[number]

/** To the cell: the lines of a run's log are its counts (the world has held these to their sum). */
async function expectLines(w: ServerWorld, { run, counts }: RunEnd): Promise<readonly Line[]> {
  const cells = await w.server.runs.cells(run.id)
  if (run.state !== 'settled' && run.state !== 'partial') return cells
  const of = (...outcomes: string[]): number => cells.filter((c) => outcomes.includes(c.outcome)).length
  expect(of('moved-on', 'already-there') <= counts.planned).toBe(true)
  expect(of('pushed', 'created'), 'pushed cells in the log').toBe(counts.pushed)
  expect(of('refused'), 'refused cells in the log').toBe(counts.refused)
  return cells
}

/** What an earlier run had sent, and the newer value of the same cell, are two changes. */
const changesIn = (cells: readonly Line[]): number =>
  new Set(cells.filter((c) => c.outcome === 'pushed' || c.outcome === 'created').map((c) => `${c.record_id}.${c.field}=${c.value}`)).size

/** What the ledger says in all is what the runs say one by one. */
async function expectLedger(w: ServerWorld): Promise<void> {
  for (const { id: connection } of w.connections) {
    const ledger = await w.server.runs.ledger(0, [connection])
    const runs = await w.server.runs.runs({ connections: [connection], limit: 1_000 })
    let sum = 0
    for (const { id } of runs) sum += totalCredits(await w.server.runs.creditsOf(id))
    expect(ledger.reduce((all, entry) => all + totalCredits(entry), 0)).toBe(sum)
  }
}

function orderOf(w: EngineWorld, random: () => number, pick: <T>(from: readonly T[]) => T): [RunOrder, 'person' | 'schedule'] {
  const luck = random()
  if (luck < 0.5) return [TWO_WAY, 'person']
  if (luck < 0.65) return [{ kind: 'sync', mode: 'two-way', trigger: 'schedule' }, 'schedule']
  if (luck < 0.75) return [{ kind: 'sync', mode: 'one-way', trigger: 'person' }, 'person']
  if (luck < 0.8) return [{ kind: 'refresh' }, 'person']
  const rows: RowId[] = Array.from({ length: 1 + Math.floor(random() * 2) }, () => w.addRow('ann'))
  const changes = () => [
    { field: 'summary', value: pick(['new', 'other']) },
    { field: 'priority', value: pick(['High', 'Hihg', 'low']) },
  ]
  return [
    { kind: 'create', rows: rows.map((row) => ({ row, changes: changes() })), duplicates: random() < 0.5 ? 'allow' : 'look-up' },
    'person',
  ]
}

test('[PL10] a record that is deleted behind a push: what was confirmed costs its credit, what got no answer nothing; the log says both', async () => {
  await using w = await EngineWorld.start({
    shared,
    people: [{ name: 'ann', client: 10 }],
    records: { 1: { summary: 'a' }, 2: { summary: 'a' } },
  })
  w.type('ann', 'x', { record: '1' })
  w.type('ann', 'x', { record: '2' })
  await w.quiet()
  w.app.fateOf = ({ recordId }) => (recordId === '1' ? { kind: 'save' } : { kind: 'lose', isSaved: true })
  w.app.onSaved = ({ deltas }) => {
    for (const { recordId } of deltas) w.app.delete(recordId)
  }
  const report = await w.run()
  const cells = await expectLines(w, report)
  expect([report.counts.planned, report.counts.pushed, report.counts.skipped, report.credits.pushed]).toEqual([2, 1, 1, 1])
  expect(cells.map((c) => [c.record_id, c.outcome, c.note])).toEqual([
    ['2', 'held', 'No answer came, and the record was deleted.'],
    ['1', 'pushed', 'Saved; the record was deleted since.'],
  ])
})

// The three real connectors over their stand-ins: what a run cost is read from the stand-in's own request log and from what it saved.

const APP_WORLDS = Number(process.env.WORLDS ?? 6)
const FROM = Number(process.env.FROM ?? 1)
const STEPS = 20

type AppsWorld = ServerWorld<StandInApp>
type Connected = AppsWorld['connections'][number]

/** What happened in all of them together: worlds that never meet a case say nothing about it. */
const seen = new Set<string>()
const MUST_BE_SEEN = [
  ...PLAYED_IDS.flatMap((app) => ['pushed', 'refused', 'held', 'throttled', 'lost', 'paused'].map((what) => `${app} ${what}`)),
  ...['deleted', 'partial', 'scheduled', 'one-way', 'as planned', 'link', 'import', 'undo'],
]

/** One seed: people, a server and three apps behind real HTTP. */
class AppsPlay {
  readonly w: AppsWorld
  readonly journal: string[] = []
  readonly #random: () => number
  /** Last value somebody typed into a cell, until it is known to have reached the app. */
  readonly #wishes = new Map<CellKey, CellValue>()
  /** Rows that were untied from their records, which may be tied to them again. */
  readonly #untied: { readonly connection: ConnectionId; readonly row: RowId; readonly key: string }[] = []
  #foreign = 0

  constructor(w: AppsWorld, random: () => number) {
    this.w = w
    this.#random = random
  }

  pick<T>(from: readonly T[]): T {
    return from[Math.floor(this.#random() * from.length)] as T
  }

  async step(): Promise<void> {
    const { w } = this
    w.nowMs += 60_000 * (1 + Math.floor(this.#random() * 20))
    const c = this.pick(w.connections)
    for (let acts = Math.floor(this.#random() * 8); acts > 0; acts--) await this.#act(c)
    await w.quiet()
    // The apps' indexes are through with it.
    w.nowMs += 10_000
    const isPaused = this.#random() < 0.12
    if (isPaused) await w.configure({ connection: c.id, isOn: false })
    await c.app.setFaults(this.#faults(c))
    await c.app.takeLines()
    await this.#run(c, isPaused)
    await c.app.setFaults([])
    if (isPaused) await w.configure({ connection: c.id, isOn: true })
  }

  async #act(c: Connected): Promise<void> {
    const { sheet } = this.w
    const linked = c.app.records.filter((record) => sheet.rowsOf(c.id, record).length > 0)
    if (linked.length === 0) return
    const record = this.pick(linked)
    const external = this.pick(c.app.fields)
    const played = c.app.played.fields[external]
    const luck = this.#random()
    if (luck < 0.02) {
      this.#note('deleted', `${c.app.id} ${record}`)
      await c.app.delete(record)
    } else if (luck < 0.2) {
      const value = this.#theirs(played?.values ?? [])
      if (value !== undefined) await c.app.foreignEdit(record, external, value)
      this.journal.push(`theirs ${c.app.id} ${record}.${external}=${String(value)}`)
    } else {
      const [row] = sheet.rowsOf(c.id, record)
      const field = this.w.sheet.fields().find((f) => f.binding?.connection === c.id && f.binding.external === external)?.id
      if (row === undefined || field === undefined) throw new Error(`${record}.${external} is not in the sheet`)
      const { values = [], bad = [] } = played ?? {}
      const value = this.pick(bad.length > 0 && this.#random() < 0.12 ? bad : values)
      const { editor, sheet: own } = this.w.person(this.pick(['ann', 'bob']))
      if (this.#random() < 0.1) {
        putBack(own, row, field, editor)
        this.#wishes.delete(cellKey(row, field))
      } else {
        editCells(own, [{ row, field, value }], editor)
        if (isEdited(own.cell(row, field).entry)) this.#wishes.set(cellKey(row, field), value)
        else this.#wishes.delete(cellKey(row, field))
      }
      this.journal.push(`typed ${c.app.id} ${record}.${external}=${String(value).slice(0, 20)}`)
    }
  }

  /** A value nobody types here, of the field's kind; `undefined` where it has a list of its own. */
  #theirs(values: readonly CellValue[]): CellValue | undefined {
    const [first] = values
    this.#foreign++
    if (typeof first === 'number') return 10_000 + this.#foreign
    if (typeof first === 'string' && /^\d{4}-/u.test(first)) return new Date(Date.UTC(2030, 0, this.#foreign)).toISOString().slice(0, 10)
    return first === 'One' ? `Theirs ${this.#foreign}` : undefined
  }

  #faults(c: Connected): readonly DialFault[] {
    if (this.#random() < 0.45) return []
    const writes = { match: { writes: true } }
    const [field = ''] = [this.pick(c.app.fields)]
    return Array.from({ length: this.#random() < 0.3 ? 2 : 1 }, () =>
      this.pick<DialFault>([
        { kind: '429', next: 1, retryAfterS: 3 },
        { kind: '429', next: 2, retryAfterS: 3, ...writes },
        { kind: '503', next: 1 },
        { kind: '503', next: 6, match: { writes: false } },
        { kind: 'drop', next: 1 },
        { kind: 'drop', next: 1, ...writes },
        { kind: 'drop-after', next: 1, ...writes },
        { kind: '500', next: 1, ...writes },
        { kind: '500-after', next: 1, ...writes },
        { kind: 'drop-after', next: 1, ...writes },
        { kind: 'partial', next: 1, match: { writes: true, field }, refuse: { field, message: 'Not now.' } },
        { kind: '401', next: 1 },
      ]),
    )
  }

  async #run(c: Connected, isPaused: boolean): Promise<void> {
    const { w } = this
    const { runs } = w.server
    const [order, trigger, frozen] = await this.#order(c)
    await w.quiet()
    const before = { plan: await this.#plan(c), open: runs.openReceipts(c.id), saves: c.app.saves.length, linked: this.#linked(c) }
    const kind = order.kind === 'sync' ? `${trigger} ${order.mode}` : order.kind
    const report = await w.run(order, trigger, c.id)
    const { run, counts, credits } = report
    const lines = await c.app.takeLines()
    this.journal.push(
      `${c.app.id} ${kind} ${run.state} ${run.error?.code ?? ''} ${JSON.stringify(counts)} ${JSON.stringify(credits)}`,
      ...lines.map((l) => `  ${l.method} ${l.path} ${l.status} ${l.fault ?? ''} ${l.saved ? 'saved' : ''}`),
    )
    const calls = await runs.calls(run.id)
    const seenCalls = calls.map((call) => `${call.method} ${call.path.split('?')[0]} ${call.status}`)
    expect(seenCalls, 'the calls of the run’s log are those the app saw').toEqual(lines.map((l) => `${l.method} ${l.path} ${l.status}`))
    if (isPaused) {
      this.#note(`${c.app.id} paused`)
      expect([lines, totalCredits(credits)], 'nothing leaves while it is paused').toEqual([[], 0])
    }
    if (run.error !== null) expect(['rate-limited', 'app-unavailable', 'auth-expired', 'paused']).toContain(run.error.code)
    const cells = await expectLines(w, report)
    expect(credits.pushed, 'a credit for each change that reached the app').toBe(changesIn(cells))

    // What was written is what was planned; what was saved is what was written.
    const planned = order.kind === 'undo' ? frozen : order.kind === 'sync' && order.mode === 'two-way' ? before.plan.push : []
    const cellsOf = (line: LogLine): readonly string[] => c.app.played.writtenIn(line)
    const written = new Set(lines.flatMap(cellsOf))
    // A wish to tie a row that was left open is answered before the plan.
    const linked = this.#linked(c).filter((id) => !before.linked.includes(id))
    const isOfNew = (cell: string): boolean => linked.some((id) => cell.startsWith(`${id}.`))
    for (const cell of [...written].filter((one) => !isOfNew(one)))
      expect(planned.map(nameOf(w, c)), 'only what was planned is sent').toContain(cell)
    const saved = lines.filter((l) => l.saved).flatMap(cellsOf)
    for (const cell of c.app.saves.slice(before.saves)) expect(saved, 'the log says of each saved cell which call saved it').toContain(cell)
    this.#expectOnce(c)

    // The price of what was read, by the rules and the log alone.
    const read = lines
      .filter((l, i) => calls[i]?.kind === 'pull' && (l.status === 200 || l.status === 207))
      .flatMap((l) => c.app.played.readIn(l) ?? [])
    const answered = new Set(read.filter((id) => c.app.records.includes(id)))
    const alive = this.#linked(c).filter((id) => c.app.records.includes(id))
    if (run.state === 'settled' || run.state === 'partial') {
      const isPull = order.kind === 'sync' || order.kind === 'undo'
      expect(credits, 'credits recomputed from the log').toEqual({
        pushed: credits.pushed,
        pulled: isPull ? answered.size : 0,
        linked: linked.length,
        refreshed: order.kind === 'refresh' ? 1 : 0,
        searched: lines.filter((l, i) => calls[i]?.kind === 'search' && (l.status === 200 || l.status === 207)).length,
      })
      if (order.kind === 'import')
        expect(this.#linked(c), 'an import ties all there is').toEqual(expect.arrayContaining([...c.app.records]))
      if (linked.length > 0) this.#note(order.kind, c.app.id)
      if (order.kind === 'sync' && trigger === 'person') expect(credits.pulled, 'a person’s run pulls what is linked').toBe(alive.length)
    } else expect(credits.pulled <= answered.size, 'no record is charged that was not answered').toBe(true)

    const isDisturbed = lines.some((l) => l.fault !== undefined) || run.error !== null
    if (order.kind === 'sync' && order.mode === 'two-way' && !isDisturbed) {
      const left = (await this.#plan(c)).push
      expect(left.map(nameOf(w, c)), 'nothing stays that could have gone').toEqual([])
      const isPlain =
        before.open.length === 0 &&
        counts.skipped === 0 &&
        counts.refused === 0 &&
        linked.length === 0 &&
        alive.length === before.linked.length
      if (isPlain && trigger === 'person' && !lines.some((l) => l.path.includes('/bulk/'))) {
        const { plan } = before
        const made = (wanted: string): number => calls.filter((call) => call.kind === wanted).length
        const lookups = plan.calls.filter((call) => call.lookup !== undefined).length
        expect(
          { check: made('check'), lookup: made('lookup'), write: made('write'), pull: made('pull'), all: calls.length },
          'the calls made are the calls planned',
        ).toEqual({
          check: plan.check.calls,
          lookup: lookups,
          write: plan.calls.length,
          pull: plan.pull.calls,
          all: plan.check.calls + lookups + plan.calls.length + plan.pull.calls,
        })
        expect(totalCredits(credits), 'the price is the planned one').toBe(plan.totalCredits)
        this.#note('as planned')
      }
    }
    this.#lookAtWishes(c)
    this.#noteRun(c, kind, report, lines)
    await w.expectDeltaLaw()
  }

  async #order(c: Connected): Promise<[RunOrder, 'person' | 'schedule', readonly { row: RowId; field: FieldId }[]]> {
    const { w } = this
    const luck = this.#random()
    const isUntied = this.#untiedOf(c) !== undefined
    if (isUntied && this.#random() < 0.3) return [await this.#linkOrder(c), 'person', []]
    if (luck < 0.5) return [TWO_WAY, 'person', []]
    if (luck < 0.7) return [{ kind: 'sync', mode: 'two-way', trigger: 'schedule' }, 'schedule', []]
    if (luck < 0.78) return [{ kind: 'sync', mode: 'one-way', trigger: 'person' }, 'person', []]
    if (luck < 0.81) return [{ kind: 'refresh' }, 'person', []]
    if (luck < 0.86) return [await this.#linkOrder(c), 'person', []]
    if (luck < 0.9 && !isUntied) {
      if (this.#random() < 0.7) await c.app.add(`Made ${++this.#foreign}`)
      w.nowMs += 10_000
      return [{ kind: 'import', filter: c.app.played.filter }, 'person', []]
    }
    const { runs } = w.server
    const last = (await runs.runs({ connections: [c.id], limit: 20 })).find((r) => r.kind === 'sync' && r.counts.pushed > 0)
    if (last === undefined) return [TWO_WAY, 'person', []]
    const { frozen } = await previewed(w, last.id, c.id)
    return frozen.cells.length === 0 ? [TWO_WAY, 'person', []] : [{ kind: 'undo', run: last.id, frozen }, 'person', frozen.cells]
  }

  #untiedOf(c: Connected) {
    return this.#untied.find((u) => u.connection === c.id && this.w.sheet.recordOf(u.row, c.id) === undefined)
  }

  /** Somebody unties a row, or ties one to its record again, by its key. */
  async #linkOrder(c: Connected): Promise<RunOrder> {
    const { w } = this
    const found = this.#untiedOf(c)
    const key = w.sheet.fields().find((f) => f.binding?.connection === c.id && f.binding.isConnectionField)?.id
    const { row } = found ?? this.pick(linkedRows(w.sheet, c.id))
    const { sheet, editor } = w.person('ann')
    if (found === undefined) this.#untied.push({ connection: c.id, row, key: String(key && w.sheet.baseline(row, key)) })
    requestLink(sheet, row, c.id, found?.key ?? null, editor)
    this.journal.push(`${found === undefined ? 'untied' : 'tied'} ${row} ${found?.key ?? ''}`)
    return { kind: 'link', links: [] }
  }

  /** The plan as a preview makes it now. */
  async #plan(c: Connected): Promise<Plan> {
    const { w } = this
    const full = await w.full(c.id)
    const { description } = full.connection
    if (description === undefined) throw new Error('not described')
    const delta = deltaOf(w.room, c.id, w.server.runs.unsettled(c.id))
    return planSync({ setup: setupOf(full, appName(full)), description, mode: 'two-way', delta, linkedRecords: this.#linked(c).length })
  }

  #linked(c: Connected): readonly string[] {
    return [...new Set(linkedRows(this.w.sheet, c.id).map((l) => l.recordId))]
  }

  /** Each receipt that says saved was saved once; nothing was saved of which no receipt knows. */
  #expectOnce(c: Connected): void {
    const receipts = this.w.reader.raw
      .prepare("SELECT record_id || '.' || external AS cell, state FROM receipts WHERE connection = ?")
      .all(c.id) as { cell: string; state: string }[]
    const count = <T>(list: readonly T[], isIt: (one: T) => boolean): number => list.filter(isIt).length
    for (const cell of new Set([...c.app.saves, ...receipts.map((r) => r.cell)])) {
      const times = count(c.app.saves, (s) => s === cell)
      const settled = count(receipts, (r) => r.cell === cell && r.state === 'settled')
      const unclear = count(receipts, (r) => r.cell === cell && ['sent', 'saved', 'unknown', 'lost', 'gone'].includes(r.state))
      expect(
        settled <= times && times <= settled + unclear,
        `${cell}: saved ${times} times, settled ${settled}, not known of ${unclear}`,
      ).toBe(true)
    }
  }

  /** Each last value is in the app, or still stands in its cell, or a question about it is open. */
  #lookAtWishes(c: Connected): void {
    const { sheet, reader } = this.w
    for (const [key, wish] of this.#wishes) {
      const [row, field] = key.split(':') as [RowId, FieldId]
      if (sheet.field(field)?.binding?.connection !== c.id) continue
      const { value, baseline, marks } = sheet.cell(row, field)
      const sent = reader.raw
        .prepare("SELECT sent FROM receipts WHERE row = ? AND field = ? AND state NOT IN ('refused', 'not-landed')")
        .all(row, field) as { sent: string }[]
      const isSent = sent.some((r) => JSON.parse(r.sent) === wish)
      if (isSent || baseline === wish) this.#wishes.delete(key)
      else if (value !== wish && !JSON.stringify(marks).includes(JSON.stringify(wish))) {
        throw new Error(`The value ${String(wish)} of ${key} is nowhere: ${JSON.stringify({ value, baseline, marks })}`)
      }
    }
  }

  #noteRun(c: Connected, kind: string, { run, counts }: RunEnd, lines: readonly LogLine[]): void {
    if (counts.pushed > 0) this.#note(`${c.app.id} pushed`)
    if (counts.refused > 0) this.#note(`${c.app.id} refused`)
    if (counts.held > 0) this.#note(`${c.app.id} held`)
    if (lines.some((l) => l.fault?.includes('429'))) this.#note(`${c.app.id} throttled`)
    if (lines.some((l) => l.fault?.includes('-after'))) this.#note(`${c.app.id} lost`)
    if (lines.some((l) => l.fault?.includes('partial'))) this.#note('partial')
    if (kind === 'undo' && counts.pushed > 0) this.#note('undo')
    if (kind.startsWith('schedule') && run.state === 'settled') this.#note('scheduled')
    if (kind === 'person one-way') this.#note('one-way')
  }

  #note(what: string, more = ''): void {
    seen.add(what)
    this.journal.push(`${what} ${more}`)
  }
}

/** A planned cell as the app’s log names it. */
const nameOf =
  (w: AppsWorld, c: Connected) =>
  ({ row, field }: { row: RowId; field: FieldId }): string =>
    `${w.sheet.recordOf(row, c.id) ?? ''}.${w.sheet.field(field)?.binding?.external ?? ''}`

for (let seed = FROM; seed < FROM + APP_WORLDS; seed++) {
  test(`[PL7] apps ${seed}: with the real connectors, credits, calls and cells are those of the stand-ins’ own request logs`, async () => {
    const random = makeRandom(seed * 7_919)
    const prepare = (folder: string, now: () => number): Promise<void> => seedSalesforce(folder, { Account: 8 }, seededRandom(11), now)
    const salesforce = await StandInWorld.start({ app: 'salesforce', prepare, options: { firstRecordCount: 8 } })
    try {
      const hubspot = await salesforce.beside('hubspot')
      await hubspot.control({ limits: { burst: null, oauth: null, search: null, daily: null } })
      const worlds = { jira: await salesforce.beside('jira'), salesforce, hubspot }
      const apps: StandInApp[] = []
      for (const id of PLAYED_IDS) apps.push(await StandInApp.open(id, worlds[id]))
      const people = ['ann', 'bob'].map((name, i) => ({ name, client: 10 * (i + 1) }))
      const specs = apps.map((app) => ({ app, object: app.played.object, fields: app.fields, filter: app.played.filter }))
      await using w = new ServerWorld(specs, { people, seed, time: salesforce.time, shared }, shared)
      await w.fill()
      const play = new AppsPlay(w, random)
      try {
        for (let step = 0; step < STEPS; step++) await play.step()
        await expectLedger(w)
      } catch (error) {
        const what = error instanceof Error ? error.message : String(error)
        throw new Error(`FROM=${seed} WORLDS=1: ${what}\n${play.journal.join('\n')}`, { cause: error })
      }
    } finally {
      await salesforce.stop()
    }
  })
}

test.runIf(APP_WORLDS >= 6)('[PL7] the worlds met every case they are there for', () => {
  expect(MUST_BE_SEEN.filter((what) => !seen.has(what))).toEqual([])
})
