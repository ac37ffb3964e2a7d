import { afterAll, expect, test } from 'vitest'
import { isByClock } from '../../server/fairness.ts'
import { nextNight } from '../../server/schedules.ts'
import { ENDED, type RunState } from '../../server/storage/runs.ts'
import type { RunOrder } from '../../sync-engine/ports.ts'
import { SyncError } from '../../sync-engine/sync-error.ts'
import { makeRandom } from '../../tools/random.ts'
import type { Annotation, Choice, Marks } from '../../workbook/annotations.ts'
import type { CellValue } from '../../workbook/cell-value.ts'
import { chooseOn, editCells, putBack } from '../../workbook/edit.ts'
import { type CellKey, type ConnectionId, cellKey, type FieldId, type RowId } from '../../workbook/ids.ts'
import { isEdited } from '../../workbook/schema.ts'
import { Crash, EngineWorld, openSharedLog, type RunEnd, type SharedLog, TWO_WAY } from '../support/engine-world.ts'
import { FakeApp, type SeenCall, type WriteFate } from '../support/fake-app.ts'
import { previewed } from '../support/undo.ts'

// Many people, one engine, two misbehaving apps on one sheet and a clock, from one number. `SEED=…` plays one again with its journal, `SEEDS=n` plays more, from
// `FROM=…` on.

const CI_SEEDS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
const SEEDS =
  process.env.SEED !== undefined
    ? [Number(process.env.SEED)]
    : process.env.SEEDS !== undefined
      ? Array.from({ length: Number(process.env.SEEDS) }, (_, i) => i + Number(process.env.FROM ?? 1))
      : CI_SEEDS
const STEPS = 70
/** Runs it may take until nothing is left to do once everybody answers. */
const CALM_ROUNDS = 14

/** What one app of the world holds. */
interface Holding {
  readonly records: readonly string[]
  readonly fields: readonly string[]
}
/** Four records of one app, three of another: one of them stands in a row of the first's. */
const HOLDINGS = {
  jira: { records: ['1', '2', '3', '4'], fields: ['summary', 'environment'] },
  hubspot: { records: ['h1', 'h2', 'h3'], fields: ['name', 'city'] },
} as const satisfies Record<string, Holding>
const BESIDE = { h1: '1', h2: '2' }
/** Records that make a mass change possible; people type into the first alone. */
const CROWD = Array.from({ length: 60 }, (_, i) => `c${i + 1}`)
/** As many of them change at once: more than a fifth of all linked rows, and more than fifty. */
const MASS = 55
/** Where people type and others edit. */
const PLACES = [
  ...Object.values<Holding>(HOLDINGS).flatMap(({ records, fields }) =>
    records.flatMap((record) => fields.map((external) => ({ record, external }))),
  ),
  { record: 'c1', external: 'name' },
]
/** A run in one of these states does nothing now. */
const RESTING = ['queued', 'waiting', ...ENDED].map((state) => `'${state}'`).join(', ')
const SCHEDULES = [null, 5, 15, 60] as const
const MINUTE_MS = 60_000
const HINT_MS = 30_000
const NAMES = ['ann', 'bob', 'cem', 'dee', 'eva']
const VALUES: readonly CellValue[] = ['a', 'b', 'c', 'x', 'y', 'z', null, 'bad']

/** What happened in all seeds together: a simulation that never meets a case says nothing about it. */
const seen = new Set<string>()
const MUST_BE_SEEN = [
  ...['typed', 'typed offline', 'put back', 'went offline', 'came back', 'chose', 'row deleted', 'row restored'],
  ...['foreign edit', 'record deleted', 'record restored', 'two-way', 'one-way', 'scheduled', 'undo', 'restarted'],
  ...['crashed', 'lost before', 'lost after', 'refused', 'throttled', 'rewritten', 'typed during a run'],
  ...['mark differs', 'mark conflict', 'mark concurrent', 'mark concurrent over settled', 'mark refused', 'mark gone'],
  ...['receipt settled', 'receipt refused', 'receipt not-landed', 'receipt lost'],
  ...['run settled', 'run partial', 'run failed', 'run cancelled', 'run waiting'],
  ...['together', 'clock', 'hint', 'came by a hint', 'came by schedule', 'night', 'night missed', 'paused', 'paused in a run', 'resumed'],
  ...['mass change', 'confirmed', 'declined', 'crashed by the clock'],
  ...[
    'choice keep-app',
    'choice send-again',
    'choice send-mine',
    'choice take-theirs',
    'choice use-line',
    'choice keep-shown',
    'choice try-again',
  ],
] as const

interface Planned {
  readonly cell: string
  readonly value: CellValue
  /** What its author knew the app to hold, or said may be overwritten. */
  readonly base: CellValue
}

/** One thing somebody did to a cell: a value they wish for, or (put back, answered) only an end to what they had seen. */
interface Act {
  readonly name: string
  readonly client: number
  readonly clock: number
  readonly wish?: { readonly value: CellValue }
  /** What this takes the place of: whatever its author had seen. */
  readonly instead: readonly Act[]
  /** The server has it. */
  hasArrived: boolean
  isMet: boolean
  /** Acts of the same value that stood at the server at one time are one entry (CELLS 20c): who replaces one replaces all. */
  twins: Set<Act>
}

type Person = ReturnType<EngineWorld['person']>

class Simulation {
  readonly w: EngineWorld
  readonly journal: string[] = []
  /** What the world is found to have done against its laws where nothing can be thrown. */
  readonly wrongs: string[] = []
  readonly #random: () => number
  readonly #acts = new Map<CellKey, Act[]>()
  readonly #paused = new Set<ConnectionId>()
  /** What people do to the configuration while runs are under way. */
  readonly #doing: Promise<void>[] = []
  /** Since when a night counts, and what the app has hinted at. */
  readonly #nights = new Map<ConnectionId, number>()
  readonly #hinted = new Set<ConnectionId>()
  /** What was staged at the plans of this run, by `record.field`. */
  #planned: Planned[] = []
  #foreign = 0
  #untold = new Map<string, number>()
  readonly #noted = new Map<string, string>()
  #isInRun = false

  constructor(w: EngineWorld, random: () => number) {
    this.w = w
    this.#random = random
  }

  note(kind: string, what = ''): void {
    seen.add(kind)
    this.journal.push(what === '' ? kind : `${kind} ${what}`)
  }

  chance(p: number): boolean {
    return this.#random() < p
  }

  pick<T>(list: readonly T[]): T {
    const found = list[Math.floor(this.#random() * list.length)]
    if (found === undefined) throw new Error('Nothing to pick from')
    return found
  }

  place(): { row: RowId; field: FieldId; key: CellKey; name: string } {
    const { record, external } = this.pick(PLACES)
    const [row, field] = [this.w.row(record), this.w.field(external)]
    return { row, field, key: cellKey(row, field), name: `${record}.${external}` }
  }

  // People ---------------------------------------------------------------------------------------------------------------------------------

  person() {
    return this.w.person(this.pick([...this.w.people.keys()]))
  }

  type(): void {
    const person = this.person()
    const { row, field, key, name } = this.place()
    const value = this.pick(VALUES)
    const clock = person.clockOfEdits
    this.#beforeChange()
    const done = editCells(person.sheet, [{ row, field, value }], person.editor)
    if (done.length === 0) return
    this.note(this.#isInRun ? 'typed during a run' : person.isOnline ? 'typed' : 'typed offline', `${person.name} ${name}=${String(value)}`)
    this.#act(key, person, clock, isEdited(person.sheet.cell(row, field).entry) ? { value } : undefined)
  }

  putBack(): void {
    const person = this.person()
    const { row, field, key, name } = this.place()
    const clock = person.clockOfEdits
    this.#beforeChange()
    if (putBack(person.sheet, row, field, person.editor).length === 0) return
    this.note('put back', `${person.name} ${name}`)
    this.#act(key, person, clock, undefined)
  }

  choose(): boolean {
    const person = this.person()
    const open = [...person.sheet.annotations()].filter((a) => a.annotation.kind !== 'gone' && a.annotation.kind !== 'unmatched')
    if (open.length === 0) return false
    const { row, place, annotation } = this.pick(open)
    this.#choose(person, row, place as FieldId, annotation)
    return true
  }

  #choose(person: Person, row: RowId, field: FieldId, annotation: Annotation): void {
    const answer = this.#answerTo(annotation)
    if (answer === undefined) return
    const clock = person.clockOfEdits
    this.#beforeChange()
    chooseOn(person.sheet, { row, field }, annotation, answer, person.editor)
    this.note('chose', `${person.name} ${row}:${field} ${annotation.kind} ${answer.choice}`)
    seen.add(`choice ${answer.choice}`)
    // Whoever answers has seen what was shown; a stale answer leaves it open, which only makes the law weaker for this cell.
    this.#act(cellKey(row, field), person, clock, undefined)
  }

  #answerTo(annotation: Annotation): Choice | undefined {
    switch (annotation.kind) {
      case 'differs':
        return { choice: this.pick(['keep-app', 'send-again'] as const) }
      case 'conflict':
        return { choice: this.pick(['send-mine', 'take-theirs'] as const) }
      case 'concurrent': {
        const line = annotation.lines[0]
        if (annotation.settled !== undefined) return { choice: this.pick(['send-mine', 'take-theirs'] as const) }
        return line !== undefined && this.chance(0.5) ? { choice: 'use-line', item: line.item } : { choice: 'keep-shown' }
      }
      case 'refused':
        return { choice: 'try-again' }
      case 'gone':
      case 'unmatched':
        return undefined
    }
  }

  #act(key: CellKey, person: Person, clock: number, wish: Act['wish']): void {
    const acts = this.#acts.get(key) ?? []
    const instead = acts.filter((act) => person.hasSeen(act))
    const { clientID: client } = person.docOfEdits
    const act: Act = { name: person.name, client, clock, instead, hasArrived: false, isMet: false, twins: new Set(), ...(wish && { wish }) }
    this.#acts.set(key, [...acts, act])
    this.#standing([...acts, act])
  }

  /** The wishes for a cell that stand at the server now; those of one value become one. */
  #standing(acts: readonly Act[]): readonly Act[] {
    for (const act of acts) act.hasArrived ||= this.w.person(act.name).isOnline
    const alive = standing(acts)
    for (const act of alive) for (const other of alive) if (other.wish?.value === act.wish?.value) act.twins.add(other)
    return alive
  }

  // The app and the engine -------------------------------------------------------------------------------------------------------------------

  misbehave(): void {
    for (const { id, app } of this.w.connections) this.#misbehave(id, app)
  }

  #misbehave(connection: ConnectionId, app: FakeApp): void {
    const bad = this.#random()
    app.fateOf = (delta): WriteFate => {
      if (delta.changes.some((c) => c.value === 'bad')) {
        this.note('refused', delta.recordId)
        const fields = delta.changes.filter((c) => c.value === 'bad').map((c) => c.field)
        return { kind: 'refuse', refusals: fields.map((field) => ({ field, reason: 'The app does not take this.' })) }
      }
      const roll = this.#random() * 4
      if (bad > 0.3 || roll > 3) return { kind: 'save' }
      if (roll > 2) {
        this.note('lost after', delta.recordId)
        return { kind: 'lose', isSaved: true }
      }
      if (roll > 1) {
        this.note('lost before', delta.recordId)
        // Where saving would have changed nothing, nobody can tell whether it was saved: it counts as sent.
        const untold = delta.changes.filter((c) => app.normalise(c.field, c.value) === app.get(delta.recordId, c.field)).length
        this.#untold.set(connection, (this.#untold.get(connection) ?? 0) + untold)
        // Somebody else may be quicker than the next try.
        if (this.chance(0.3)) this.foreignEdit(delta.recordId, delta.changes[0]?.field)
        return { kind: 'lose', isSaved: false }
      }
      this.note('throttled')
      return { kind: 'throw', error: new SyncError('rate-limited', 'Jira asked us to slow down.') }
    }
    app.onCall = (call) => {
      this.#lookAtCall(connection, call)
      if (this.chance(0.25)) this.type()
      if (this.chance(0.05)) this.putBack()
      if (this.chance(0.05)) this.choose()
      // In this app alone: between the check and the write of the other one nobody could see it.
      if (call.kind === 'pull' && this.chance(0.1)) this.foreignEditIn(app)
      if (call.kind === 'pull' && this.chance(0.02)) this.toggleRecord()
      if (this.chance(0.02)) {
        this.note('paused in a run')
        this.#doing.push(this.setOn(connection, false))
      }
      // What did not land is planned anew after it was read back, from what stands by then.
      if (call.kind === 'read-back') this.#planned.push(...this.#stagedNow())
    }
  }

  /** A call leaves: its run is the only one of its connection, and the connection is not paused. */
  #lookAtCall(connection: ConnectionId, call: SeenCall): void {
    if (this.#paused.has(connection)) this.wrongs.push(`${call.kind} ${call.op} left while its connection was paused`)
    const { n } = this.w.reader.raw
      .prepare(`SELECT count(*) AS n FROM runs WHERE connection = ? AND state NOT IN (${RESTING})`)
      .get(connection) as { n: number }
    if (n > 1) this.wrongs.push(`${n} runs of one connection are under way`)
    if (call.kind === 'check' || call.kind === 'read-back') this.#planned.push(...this.#stagedNow())
  }

  behave(): void {
    for (const { id, app } of this.w.connections) {
      app.fateOf = () => ({ kind: 'save' })
      app.rewrite = (_field, value) => value
      app.onCall = (call) => this.#lookAtCall(id, call)
    }
  }

  /** A plan may have been made since the last call: what it saw stands until somebody changes it. */
  #beforeChange(): void {
    if (this.#isInRun) this.#planned.push(...this.#stagedNow())
  }

  #stagedNow(): Planned[] {
    const { room, connections, sheet } = this.w
    return connections.flatMap(({ id }) =>
      [...room.authority.staged(id)].map(({ row, field, live }) => {
        const external = sheet.field(field)?.binding?.external ?? ''
        return { cell: `${sheet.recordOf(row, id) ?? ''}.${external}`, value: live.value, base: live.base }
      }),
    )
  }

  foreignEdit(record?: string, field?: string): void {
    const place = this.pick(PLACES)
    const at = { record: record ?? place.record, external: (record === undefined ? undefined : field) ?? place.external }
    // A word nobody types: what stands in the app is then known to be theirs.
    const value = `theirs ${++this.#foreign}`
    this.#appOf(at.external).foreignEdit(at.record, at.external, value)
    this.note('foreign edit', `${at.record}.${at.external}=${value}`)
  }

  foreignEditIn(app: FakeApp): void {
    const place = this.pick(PLACES.filter(({ record }) => app.records.has(record)))
    this.foreignEdit(place.record, place.external)
  }

  /** Somebody changes most of what an app holds at once; often the clock comes by before anybody else. */
  async massChange(): Promise<void> {
    const { app, id: connection } = this.#crowded
    for (const id of CROWD.slice(0, MASS)) app.foreignEdit(id, 'name', `all ${++this.#foreign}`)
    this.note('mass change')
    if (this.chance(0.7)) await this.run('scheduled', { connection, isCrashing: this.chance(0.3) })
    if (this.chance(0.5)) await this.answerWaiting()
  }

  get #crowded() {
    const found = this.w.connections.find(({ app }) => app.records.has('c2'))
    if (found === undefined) throw new Error('Nobody holds the crowd')
    return found
  }

  #appOf(external: string): FakeApp {
    const found = this.w.connections.find(({ fields }) => fields.includes(external))
    if (found === undefined) throw new Error(`No app has ${external}`)
    return found.app
  }

  async setOn(connection: ConnectionId, isOn: boolean): Promise<void> {
    this.note(isOn ? 'resumed' : 'paused', connection)
    if (isOn) this.#paused.delete(connection)
    await this.w.configure({ connection, isOn }).catch(onlyCrash)
    // Whether it holds after a crash is what is on disk.
    if (!this.w.isDead && !isOn) this.#paused.add(connection)
  }

  async toggle(): Promise<void> {
    const { id } = this.pick(this.w.connections)
    await this.setOn(id, this.#paused.has(id))
  }

  /** What a crash left of the switches. */
  async #readSwitches(): Promise<void> {
    for (const { id } of this.w.connections) {
      const { integration } = await this.w.full(id)
      if (integration.isOn) this.#paused.delete(id)
      else this.#paused.add(id)
    }
  }

  async run(kind: Kind, { isCrashing = false, connection = this.pick(this.w.connections).id } = {}): Promise<void> {
    await this.#inRuns(isCrashing, async () => {
      const order = await this.#orderOf(kind, connection)
      if (order === undefined) return
      this.note(kind, connection)
      this.#noteEnd(await this.w.run(order, kind === 'scheduled' ? 'schedule' : 'person', connection))
    })
  }

  /** Several runs are asked for at once, of any connection. */
  async together({ isCrashing = false } = {}): Promise<void> {
    await this.#inRuns(isCrashing, async () => {
      this.note('together')
      const asked: string[] = []
      for (let count = 2 + Math.floor(this.#random() * 4); count > 0; count--) {
        const { id } = this.pick(this.w.connections)
        const kind = this.pick(['two-way', 'two-way', 'one-way', 'scheduled', 'undo'] as const)
        const order = await this.#orderOf(kind, id)
        if (order !== undefined) asked.push(await this.w.enqueue(order, kind === 'scheduled' ? 'schedule' : 'person', id))
      }
      for (const id of asked) this.#noteEnd(await this.w.endOf(id))
    })
  }

  /** The clock goes on: what it must start, it starts once; what it must not, it does not. */
  async clock({ isCrashing = false } = {}): Promise<void> {
    const { w } = this
    const ms = this.pick([HINT_MS, 6 * MINUTE_MS, 61 * MINUTE_MS, 10 * 60 * MINUTE_MS, 50 * 60 * MINUTE_MS])
    const at = w.nowMs + ms
    const { timeZone, nightlyAt } = w.server.settings.get()
    const nightAfter = (since: number): number => nextNight(timeZone, nightlyAt, since)
    const wanted: { id: ConnectionId; isNight: boolean; wants: 'a run' | 'no run' | 'either' }[] = []
    const counted: ConnectionId[] = []
    const open = new Set((await w.server.runs.open()).map((r) => r.connection))
    for (const { id } of w.connections) {
      const { object } = await w.full(id)
      const isOn = !this.#paused.has(id)
      const since = this.#nights.get(id) ?? at
      const isNight = object.isNightly === true && isOn && nightAfter(since) <= at
      const isDue = isOn && object.schedule !== null && (ms >= object.schedule * MINUTE_MS || this.#hinted.has(id))
      const mayBeDue = isOn && object.schedule !== null
      if (this.#hinted.has(id) && isDue && !open.has(id)) seen.add('came by a hint')
      if (isNight && nightAfter(nightAfter(since)) <= at) seen.add('night missed')
      wanted.push({ id, isNight, wants: open.has(id) || !(isNight || mayBeDue) ? 'no run' : isNight || isDue ? 'a run' : 'either' })
      // The nights of a pause are not made up for; those that find a run open are.
      if (object.isNightly !== true) this.#nights.delete(id)
      else if (!this.#nights.has(id) || (!isOn && nightAfter(since) <= at)) {
        this.#nights.set(id, at)
        counted.push(id)
      }
    }
    this.#hinted.clear()
    const before = new Set((await w.server.runs.runs({ limit: 10_000 })).map((r) => r.id))
    let isWhole = false
    await this.#inRuns(isCrashing, async () => {
      this.note('clock', `${ms / MINUTE_MS} min`)
      for (const run of await w.passTime(ms)) this.#noteEnd({ run, counts: run.counts })
      isWhole = !w.isDead
    })
    if (!isWhole) {
      seen.add('crashed by the clock')
      for (const id of counted) this.#readNight(id)
    }
    const started = (await w.server.runs.runs({ limit: 10_000 })).filter((r) => !before.has(r.id) && isByClock(r))
    for (const { id, isNight, wants } of wanted) {
      const own = started.filter((r) => r.connection === id)
      const text = `${id} by the clock: ${own.map((r) => r.trigger).join(', ') || 'nothing'}; wanted ${isNight ? 'a night' : wants}`
      if (own.length > 1 || (wants === 'no run' && own.length > 0) || (isWhole && wants === 'a run' && own.length === 0))
        this.wrongs.push(text)
      const isNightly = own.some((r) => r.trigger === 'nightly')
      if (isNightly && !isNight) this.wrongs.push(`${text}: no night was due`)
      if (isWhole && isNight && wants === 'a run' && !isNightly) this.wrongs.push(`${text}: the night was not run`)
      if (isNightly) {
        seen.add('night')
        this.#nights.set(id, at)
      } else if (own.length > 0) seen.add('came by schedule')
    }
  }

  /** Since when nights count, where the process may have died before it noted that. */
  #readNight(id: ConnectionId): void {
    const row = this.w.reader.raw.prepare('SELECT nightly_at AS at FROM schedule_state WHERE connection = ?').get(id)
    const { at } = (row ?? { at: null }) as { at: number | null }
    if (at === null) this.#nights.delete(id)
    else this.#nights.set(id, at)
  }

  async hint(): Promise<void> {
    const { id } = this.pick(this.w.connections)
    const { integration, object } = await this.w.full(id)
    this.note('hint', id)
    await this.w.server.schedules.onHint(integration.id, this.chance(0.5) ? object.external : undefined)
    this.#hinted.add(id)
  }

  /** Somebody sets a schedule, or switches the nights. */
  async plan(id = this.pick(this.w.connections).id): Promise<void> {
    await this.w.configure({ connection: id, schedule: this.pick(SCHEDULES), isNightly: this.chance(0.6) })
  }

  /** Somebody answers a run that waits for them. */
  async answerWaiting(): Promise<void> {
    const { w } = this
    const waiting = (await w.server.runs.open()).find((r) => r.state === 'waiting')
    if (waiting === undefined) return
    if (this.chance(0.5)) {
      this.note('declined')
      await w.server.queue.cancel(waiting.id)
    } else {
      await this.#inRuns(this.chance(0.3), async () => {
        this.note('confirmed')
        const { state } = await w.confirm(waiting.id)
        if (!this.#paused.has(waiting.connection as ConnectionId) && state !== 'settled')
          this.wrongs.push(`what was confirmed ended ${state}`)
      })
    }
  }

  /** What happens while runs are under way; the process may die in it. */
  async #inRuns(isCrashing: boolean, work: () => Promise<void>): Promise<void> {
    const { w } = this
    this.#planned = []
    const from = w.connections.map(({ app }) => app.writes.length)
    this.#isInRun = true
    if (isCrashing) w.dieBefore(1 + Math.floor(this.#random() * 22))
    try {
      await work()
      await Promise.all(this.#doing)
    } catch (error) {
      onlyCrash(error)
    }
    if (w.isDead) {
      this.note('crashed')
      await Promise.all(this.#doing)
      this.#countUntold()
      await this.restart()
    }
    this.#doing.splice(0)
    w.server.fuse.disarm()
    this.#isInRun = false
    for (const [i, { app }] of w.connections.entries()) this.#lookAtWrites(app, from[i] ?? 0)
  }

  /** What the dead process was about to send, and would have changed nothing: nobody can tell whether it was saved, so it counts as sent. */
  #countUntold(): void {
    for (const { id, app } of this.w.connections) {
      const open = this.w.server.runs.openReceipts(id)
      const untold = open.filter((r) => r.state === 'sent' && app.normalise(r.external, r.sent) === app.get(r.recordId, r.external)).length
      this.#untold.set(id, (this.#untold.get(id) ?? 0) + untold)
    }
  }

  #noteEnd({ run, counts }: Pick<RunEnd, 'run' | 'counts'>): void {
    this.note(`run ${run.state}`, `${run.connection} ${run.trigger} ${JSON.stringify(counts)} ${run.error?.code ?? ''}`)
    if (run.error !== null) expect(['rate-limited', 'paused'], 'a run only fails as the app or a person made it').toContain(run.error.code)
  }

  async #orderOf(kind: Kind, connection: ConnectionId): Promise<RunOrder | undefined> {
    switch (kind) {
      case 'two-way':
        return TWO_WAY
      case 'one-way':
        return { kind: 'sync', mode: 'one-way', trigger: 'person' }
      case 'scheduled':
        return { kind: 'sync', mode: 'two-way', trigger: 'schedule' }
      case 'undo':
        return this.#undoOfLast(connection)
    }
  }

  /** The undo of the last sync that pushed something, as its preview has it. */
  async #undoOfLast(connection: ConnectionId): Promise<RunOrder | undefined> {
    const { w } = this
    const runs = await w.server.runs.runs({ connections: [connection], limit: 20 })
    const last = runs.find((r) => (r.kind === 'sync' || r.kind === 'undo') && r.counts.pushed > 0)
    if (last === undefined) return undefined
    const { frozen } = await previewed(w, last.id, connection)
    return frozen.cells.length === 0 ? undefined : { kind: 'undo', run: last.id, frozen }
  }

  async restart(): Promise<void> {
    this.note('restarted')
    // Hints are of this process alone.
    this.#hinted.clear()
    await this.#readSwitches()
    await this.w.restart({ isResuming: this.chance(0.7) })
  }

  /** Nothing is sent that nobody asked for; nothing the app holds is overwritten unseen. */
  #lookAtWrites(app: FakeApp, from: number): void {
    for (const { record, field, by, asked, over, stored } of app.writes.slice(from)) {
      if (by !== 'engine') continue
      this.journal.push(`  sent ${record}.${field}=${String(asked)} over ${String(over)}, stored ${String(stored)}`)
      const plans = this.#planned.filter((p) => p.cell === `${record}.${field}` && p.value === asked)
      expect(plans.length, `${record}.${field}=${String(asked)} was staged when it was planned`).toBeGreaterThan(0)
      const isKnown = over === asked || plans.some((p) => p.base === over)
      expect(isKnown, `${record}.${field}: what is overwritten, ${String(over)}, was known: ${JSON.stringify(plans)}`).toBe(true)
      if (stored !== asked) seen.add('rewritten')
    }
  }

  // Laws -------------------------------------------------------------------------------------------------------------------------------------

  async look(): Promise<void> {
    const { w } = this
    await w.quiet()
    await w.expectDeltaLaw()
    this.#noteCells()
    for (const { annotation } of w.sheet.annotations()) {
      seen.add(`mark ${annotation.kind}`)
      if (annotation.kind === 'concurrent' && annotation.settled !== undefined) seen.add('mark concurrent over settled')
    }
    this.#lookAtWishes()
    const receipts = w.reader.raw.prepare('SELECT DISTINCT state FROM receipts').all() as { state: string }[]
    for (const { state } of receipts) seen.add(`receipt ${state}`)
    expect(this.wrongs, 'what happened against the laws').toEqual([])
    expect(queueWrongs(w), 'the order of the queue').toEqual([])
  }

  /** What changed in the server's cells since the last look, for the journal. */
  #noteCells(): void {
    const { w } = this
    for (const { record, external } of PLACES) {
      const { shown, baseline, entry, marks } = w.look({ record, field: external })
      const live = w.room.authority.live(w.row(record), w.field(external))
      const who = live === undefined ? '' : ` by ${live.author} as ${live.standsFor ?? live.item}`
      const text = `${JSON.stringify(shown)} over ${JSON.stringify(baseline)} ${JSON.stringify(entry)}${who} ${JSON.stringify(marks)}`
      const name = `${record}.${external}`
      if (this.#noted.get(name) !== text) this.journal.push(`    ${name}: ${text}`)
      this.#noted.set(name, text)
    }
  }

  /** Each person's last value of a cell is shown, annotated, or was pushed and settled; those offline are still to come. */
  #lookAtWishes(): void {
    const { sheet } = this.w
    for (const [key, acts] of this.#acts) {
      const alive = this.#standing(acts)
      const [row, field] = key.split(':') as [RowId, FieldId]
      const { value, baseline, marks } = sheet.cell(row, field)
      const { external = '', connection } = sheet.field(field)?.binding ?? {}
      const record = (connection && sheet.recordOf(row, connection)) ?? ''
      const app = this.#appOf(external)
      for (const act of alive) {
        const wish = act.wish?.value ?? null
        const isSent = app.writes.some((x) => x.by === 'engine' && x.record === record && x.field === external && x.asked === wish)
        act.isMet ||= isSent || baseline === wish
        if (act.isMet || value === wish || valuesOf(marks).includes(wish)) continue
        throw new Error(
          `${act.name}'s last value ${String(wish)} of ${record}.${external} is nowhere: ${String(value)}, ${JSON.stringify(marks)}`,
        )
      }
    }
  }

  // The end ----------------------------------------------------------------------------------------------------------------------------------

  /** Everybody comes back, every question is answered, the app behaves: it must come to rest. */
  async calm(): Promise<void> {
    const { w } = this
    this.journal.push('— calm —')
    this.behave()
    for (const name of w.people.keys()) {
      await w.online(name)
      await this.look()
    }
    for (const { id } of w.connections) {
      if (this.#paused.has(id)) await this.setOn(id, true)
      await w.configure({ connection: id, schedule: null, isNightly: false })
    }
    for (const [id, { app, back }] of this.#everyRecord()) if (!app.records.has(id)) app.add(id, back)
    for (const row of [...w.sheet.baseRowIds()]) if (w.sheet.isDeleted(row)) w.setDeleted('ann', row, false)
    for (let round = 1; ; round++) {
      for (const { id: connection } of w.connections) {
        await this.run('two-way', { connection })
        await this.look()
      }
      const open = [...w.sheet.annotations()]
      const staged = w.connections.flatMap(({ id }) => [...w.room.authority.staged(id)])
      if (open.length === 0 && staged.length === 0) break
      if (round > CALM_ROUNDS) throw new Error(`It does not come to rest: ${JSON.stringify({ open, staged })}`)
      const person = this.person()
      for (const { row, place, annotation } of person.sheet.annotations()) this.#choose(person, row, place as FieldId, annotation)
      await w.quiet()
    }
    const before = w.updates
    const sent: string[] = []
    for (const { id } of w.connections) sent.push(...(await w.run(TWO_WAY, 'person', id)).sent)
    expect([sent, w.updates - before], 'when nobody acts a run writes nothing').toEqual([[], 0])
    for (const { record, external } of [...PLACES, ...CROWD.map((id) => ({ record: id, external: 'name' }))]) {
      const held = this.#appOf(external).get(record, external)
      const cell = w.look({ record, field: external })
      expect(cell, `${record}.${external} is what the app holds`).toEqual({
        shown: held,
        baseline: held,
        entry: null,
        isStaged: false,
        marks: {},
      })
    }
    w.expectOneTruth()
    for (const { id, app } of w.connections) {
      expect(w.server.runs.openReceipts(id), 'every receipt is closed').toEqual([])
      await this.#expectExactlyOnce(id, app)
    }
    expect(await w.server.runs.open(), 'every run is over').toEqual([])
  }

  /** Every record that may be missing, with what it holds when it comes back. */
  *#everyRecord(): Generator<[id: string, { app: FakeApp; back: Readonly<Record<string, CellValue>> }]> {
    for (const { app } of this.w.connections) {
      const { records, fields } = HOLDINGS[app.id]
      for (const id of records) yield [id, { app, back: Object.fromEntries(fields.map((field) => [field, 'BACK'])) }]
    }
  }

  /** Somebody deletes a record in its app, or brings it back. */
  toggleRecord(): void {
    const [id, { app, back }] = this.pick([...this.#everyRecord()])
    this.note(app.records.has(id) ? 'record deleted' : 'record restored', id)
    if (app.records.has(id)) app.delete(id)
    else app.add(id, back)
  }

  /** Each entry was saved at most once, and costs at most one credit. */
  async #expectExactlyOnce(connection: ConnectionId, app: FakeApp): Promise<void> {
    const { w } = this
    const saved = app.writes.filter((x) => x.by === 'engine').length
    const { n } = w.reader.raw.prepare('SELECT count(*) AS n FROM receipts WHERE connection = ?').get(connection) as { n: number }
    const ledger = await w.server.runs.ledger(0, [connection])
    const pushed = ledger.reduce((sum, entry) => sum + entry.pushed, 0)
    expect(saved, 'no entry is saved twice').toBeLessThanOrEqual(n)
    expect(pushed, 'no push is charged twice').toBeLessThanOrEqual(saved + (this.#untold.get(connection) ?? 0))
  }
}

type Kind = 'two-way' | 'one-way' | 'scheduled' | 'undo'

/** @throws whatever else it is */
function onlyCrash(error: unknown): void {
  if (!(error instanceof Crash)) throw error
}

/** Runs of one connection that were begun before others of it that had waited with them, and that go first. */
function queueWrongs(w: EngineWorld): string[] {
  const rows = w.reader.raw
    .prepare(
      `SELECT t.run, t.state, r.connection, r.priority, r.created_at AS at, r.waiting IS NOT NULL AS isKept
       FROM run_transitions t JOIN runs r ON r.id = t.run ORDER BY t.id`,
    )
    .all() as { run: string; state: string; connection: string; priority: number; at: number; isKept: number }[]
  const wrongs: string[] = []
  const queued = new Map<string, (typeof rows)[number]>()
  /** Those of a connection that waited together when its last run was over. */
  const waited = new Map<string, Set<string>>()
  for (const row of rows) {
    const { run, state, connection } = row
    const mates = waited.get(connection) ?? new Set()
    if (state === 'leased' && mates.has(run) && row.isKept === 0) {
      for (const id of mates) {
        const mate = queued.get(id)
        if (mate === undefined || mate.isKept === 1) continue
        if (mate.priority > row.priority || (mate.priority === row.priority && mate.at < row.at)) wrongs.push(`${run} went before ${id}`)
      }
    }
    if (state === 'queued') queued.set(run, row)
    else queued.delete(run)
    if (ENDED.includes(state as RunState))
      waited.set(connection, new Set([...queued.values()].filter((q) => q.connection === connection).map((q) => q.run)))
  }
  return wrongs
}

/** The wishes at the server that nobody who had seen them has replaced, taken back or answered. */
function standing(acts: readonly Act[]): readonly Act[] {
  const here = acts.filter((act) => act.hasArrived)
  return here.filter((act) => {
    const one = [act, ...act.twins]
    return act.wish !== undefined && !here.some((later) => !one.includes(later) && later.instead.some((seen) => one.includes(seen)))
  })
}

/** Every value an annotation keeps for a person. */
const valuesOf = ({ conflict, concurrent, refused, differs }: Marks): CellValue[] => [
  ...(conflict ? [conflict.yours] : []),
  ...(concurrent ? [...concurrent.lines.map((l) => l.value), ...(concurrent.settled ? [concurrent.settled.value] : [])] : []),
  ...(refused ? [refused.value] : []),
  ...(differs ? [differs.sent] : []),
]

async function play(seed: number, shared: SharedLog | undefined): Promise<void> {
  const random = makeRandom(seed * 1_000_003)
  const count = 3 + Math.floor(random() * 3)
  // Below, between and above the server's own numbers, in any order.
  const clients = NAMES.slice(0, count).map((_, i) => 1 + 10 * Math.floor(random() * 900) + i)
  const jira = new FakeApp('jira')
  const hubspot = new FakeApp('hubspot')
  hubspot.fields = [
    ...jira.fields.filter((f) => f.type === 'record-key'),
    { id: 'name', name: 'Name', type: 'text', writable: true },
    { id: 'city', name: 'City', type: 'text', writable: true },
  ]
  for (const app of [jira, hubspot]) {
    app.normalise = (field, value) =>
      (field === 'environment' || field === 'city') && typeof value === 'string' ? value.toUpperCase() : value
  }
  for (const id of [...HOLDINGS.hubspot.records, ...CROWD]) hubspot.add(id, { name: 'a', city: 'A' }, id)
  const records = Object.fromEntries(HOLDINGS.jira.records.map((id) => [id, { summary: 'a', environment: 'A' }]))
  const people = NAMES.slice(0, count).map((name, i) => ({ name, client: clients[i] ?? i + 1 }))
  await using w = await EngineWorld.start({
    seed,
    records,
    fields: HOLDINGS.jira.fields,
    others: [{ app: hubspot, object: 'issues', fields: HOLDINGS.hubspot.fields, beside: BESIDE }],
    people,
    app: jira,
    serverClient: 1_009 + 10 * (seed % 800),
    ...(shared && { shared }),
  })
  const sim = new Simulation(w, random)
  try {
    sim.behave()
    for (const { id } of w.connections) await sim.plan(id)
    for (let step = 0; step < STEPS; step++) {
      await stepOf(sim, random())
      await sim.look()
    }
    await sim.calm()
  } catch (error) {
    const what = error instanceof Error ? error.message : String(error)
    throw new Error(`SEED=${seed}: ${what}\n${sim.journal.join('\n')}`, { cause: error })
  }
}

async function stepOf(sim: Simulation, roll: number): Promise<void> {
  const { w } = sim
  if (roll < 0.34) return sim.type()
  if (roll < 0.4) return sim.putBack()
  if (roll < 0.47) return void sim.choose()
  if (roll < 0.56) {
    const person = sim.person()
    if (person.isOnline) {
      sim.note('went offline', person.name)
      w.offline(person.name)
    } else {
      sim.note('came back', person.name)
      await w.online(person.name)
    }
    return
  }
  if (roll < 0.61) return sim.foreignEdit()
  if (roll < 0.64) {
    const { row } = sim.place()
    const person = sim.person()
    const isDeleted = !person.sheet.isDeleted(row)
    sim.note(isDeleted ? 'row deleted' : 'row restored', row)
    w.setDeleted(person.name, row, isDeleted)
    return
  }
  if (roll < 0.66) return sim.toggleRecord()
  if (roll < 0.68) return sim.restart()
  if (roll < 0.7) return sim.massChange()
  if (roll < 0.72) return sim.plan()
  if (roll < 0.74) return sim.hint()
  if (roll < 0.755) return sim.toggle()
  if (roll < 0.78) return sim.answerWaiting()
  sim.misbehave()
  for (const { app } of w.connections)
    app.rewrite = (field, value) =>
      (field === 'summary' || field === 'name') && typeof value === 'string' && sim.chance(0.15) ? `${value}!` : value
  const isCrashing = sim.chance(0.3)
  if (roll < 0.83) await sim.clock({ isCrashing })
  else if (roll < 0.88) await sim.together({ isCrashing })
  else await sim.run(sim.pick(['two-way', 'two-way', 'two-way', 'one-way', 'scheduled', 'undo'] as const), { isCrashing })
  sim.behave()
}

/** Seeds that share a data folder. */
const SEEDS_A_FOLDER = 10
let shared: SharedLog | undefined
afterAll(() => shared?.[Symbol.asyncDispose]())

for (const seed of SEEDS) {
  test(`[E20] people, a misbehaving app and crashes come to rest, equal, with nothing lost (seed ${seed})`, async () => {
    if (shared !== undefined && shared.worlds >= SEEDS_A_FOLDER) {
      await shared[Symbol.asyncDispose]()
      shared = undefined
    }
    shared ??= await openSharedLog()
    await play(seed, shared)
  })
}

test.runIf(SEEDS.length >= CI_SEEDS.length)('[E21] the simulation walked every path it is there for', () => {
  expect(MUST_BE_SEEN.filter((kind) => !seen.has(kind))).toEqual([])
})

test('[P1] whatever the process dies before, a night that was due is run, and once', async () => {
  await using log = await openSharedLog()
  for (let effect = 1; effect <= 12; effect++) {
    await using w = await EngineWorld.start({ shared: log, seed: effect })
    await w.configure({ isNightly: true })
    await w.passTime(0)
    w.dieBefore(effect)
    await w.passTime(24 * 60 * MINUTE_MS).catch(onlyCrash)
    if (w.isDead) await w.restart()
    w.server.fuse.disarm()
    await w.passTime(MINUTE_MS)
    await w.passTime(MINUTE_MS)
    const nights = (await w.server.runs.runs({ connections: [w.connection], limit: 100 })).filter((r) => r.trigger === 'nightly')
    expect(
      nights.map((r) => r.state),
      `dead before effect ${effect}`,
    ).toEqual(['settled'])
  }
})
