import { afterAll, expect, test } from 'vitest'
import type { RunOrder } from '../../sync-engine/ports.ts'
import { SyncError } from '../../sync-engine/sync-error.ts'
import { makeRandom } from '../../tools/random.ts'
import type { Annotation, Choice, Marks } from '../../workbook/annotations.ts'
import type { CellValue } from '../../workbook/cell-value.ts'
import { chooseOn, editCells, putBack } from '../../workbook/edit.ts'
import { type CellKey, cellKey, type FieldId, type RowId } from '../../workbook/ids.ts'
import { isEdited } from '../../workbook/schema.ts'
import { Crash, EngineWorld, openSharedLog, type SharedLog, TWO_WAY } from '../support/engine-world.ts'
import { FakeApp, type WriteFate } from '../support/fake-app.ts'
import { previewed } from '../support/undo.ts'

// Many people, one engine and a misbehaving app, from one number. `SEED=…` plays one again with its journal, `SEEDS=n` plays more, from
// `FROM=…` on.

const CI_SEEDS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]
const SEEDS =
  process.env.SEED !== undefined
    ? [Number(process.env.SEED)]
    : process.env.SEEDS !== undefined
      ? Array.from({ length: Number(process.env.SEEDS) }, (_, i) => i + Number(process.env.FROM ?? 1))
      : CI_SEEDS
const STEPS = 70
/** Runs it may take until nothing is left to do once everybody answers. */
const CALM_ROUNDS = 14

const RECORDS = ['1', '2', '3', '4']
const FIELDS = ['summary', 'environment']
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
  ...['run settled', 'run partial', 'run failed'],
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
  readonly #random: () => number
  readonly #acts = new Map<CellKey, Act[]>()
  /** What was staged at the plans of this run, by `record.field`. */
  #planned: Planned[] = []
  #foreign = 0
  #untold = 0
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
    const record = this.pick(RECORDS)
    const external = this.pick(FIELDS)
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
    const done = editCells(person.sheet, [{ row, field, value }], person.editor)
    if (done.length === 0) return
    this.note(this.#isInRun ? 'typed during a run' : person.isOnline ? 'typed' : 'typed offline', `${person.name} ${name}=${String(value)}`)
    this.#act(key, person, clock, isEdited(person.sheet.cell(row, field).entry) ? { value } : undefined)
  }

  putBack(): void {
    const person = this.person()
    const { row, field, key, name } = this.place()
    const clock = person.clockOfEdits
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
    const { app } = this.w
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
        this.#untold += delta.changes.filter((c) => app.normalise(c.field, c.value) === app.get(delta.recordId, c.field)).length
        // Somebody else may be quicker than the next try.
        if (this.chance(0.3)) this.foreignEdit(delta.recordId, delta.changes[0]?.field)
        return { kind: 'lose', isSaved: false }
      }
      this.note('throttled')
      return { kind: 'throw', error: new SyncError('rate-limited', 'Jira asked us to slow down.') }
    }
    app.onCall = (call) => {
      if (call.kind === 'check' || call.kind === 'read-back') this.#planned.push(...this.#stagedNow())
      if (this.chance(0.25)) this.type()
      if (this.chance(0.05)) this.putBack()
      if (this.chance(0.05)) this.choose()
      if (call.kind === 'pull' && this.chance(0.1)) this.foreignEdit()
      // What did not land is planned anew after it was read back, from what stands by then.
      if (call.kind === 'read-back') this.#planned.push(...this.#stagedNow())
    }
  }

  behave(): void {
    const { app } = this.w
    app.fateOf = () => ({ kind: 'save' })
    app.rewrite = (_field, value) => value
    app.onCall = (call) => {
      if (call.kind === 'check' || call.kind === 'read-back') this.#planned.push(...this.#stagedNow())
    }
    for (const id of RECORDS) app.hide(id, false)
  }

  #stagedNow(): Planned[] {
    const { room, connection, sheet } = this.w
    return [...room.authority.staged(connection)].map(({ row, field, live }) => {
      const external = sheet.field(field)?.binding?.external ?? ''
      return { cell: `${sheet.recordOf(row, connection) ?? ''}.${external}`, value: live.value, base: live.base }
    })
  }

  foreignEdit(record: string = this.pick(RECORDS), field: string = this.pick(FIELDS)): void {
    // A word nobody types: what stands in the app is then known to be theirs.
    const value = `theirs ${++this.#foreign}`
    this.w.app.foreignEdit(record, field, value)
    this.note('foreign edit', `${record}.${field}=${value}`)
  }

  async run(kind: 'two-way' | 'one-way' | 'scheduled' | 'undo', { isCrashing = false } = {}): Promise<void> {
    const { w } = this
    const order = kind === 'undo' ? await this.#undoOfLast() : TWO_WAY
    if (order === undefined) return
    this.note(kind)
    this.#planned = []
    const from = w.app.writes.length
    this.#isInRun = true
    if (isCrashing) w.dieBefore(1 + Math.floor(this.#random() * 22))
    try {
      const { run, counts } = await (kind === 'scheduled' ? w.scheduled() : kind === 'one-way' ? w.oneWay() : w.run(order))
      this.note(`run ${run.state}`, `${JSON.stringify(counts)} ${run.error?.code ?? ''}`)
      if (run.error !== null) expect(run.error.code, 'a run only fails as the app made it').toBe('rate-limited')
    } catch (error) {
      if (!(error instanceof Crash)) throw error
      this.note('crashed')
      await this.restart()
    }
    w.server.fuse.disarm()
    this.#isInRun = false
    this.#lookAtWrites(from)
  }

  /** The undo of the last sync that pushed something, as its preview has it. */
  async #undoOfLast(): Promise<RunOrder | undefined> {
    const { w } = this
    const runs = await w.server.runs.runs({ connections: [w.connection], limit: 20 })
    const last = runs.find((r) => (r.kind === 'sync' || r.kind === 'undo') && r.counts.pushed > 0)
    if (last === undefined) return undefined
    const { frozen } = await previewed(w, last.id)
    return frozen.cells.length === 0 ? undefined : { kind: 'undo', run: last.id, frozen }
  }

  async restart(): Promise<void> {
    this.note('restarted')
    await this.w.restart({ isResuming: this.chance(0.7) })
  }

  /** Nothing is sent that nobody asked for; nothing the app holds is overwritten unseen. */
  #lookAtWrites(from: number): void {
    for (const { record, field, by, asked, over, stored } of this.w.app.writes.slice(from)) {
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
    for (const { state } of w.reader.raw.prepare('SELECT DISTINCT state FROM receipts WHERE connection = ?').all(w.connection) as {
      state: string
    }[])
      seen.add(`receipt ${state}`)
  }

  /** What changed in the server's cells since the last look, for the journal. */
  #noteCells(): void {
    const { w } = this
    for (const record of RECORDS) {
      for (const external of FIELDS) {
        const { shown, baseline, entry, marks } = w.look({ record, field: external })
        const live = w.room.authority.live(w.row(record), w.field(external))
        const who = live === undefined ? '' : ` by ${live.author} as ${live.standsFor ?? live.item}`
        const text = `${JSON.stringify(shown)} over ${JSON.stringify(baseline)} ${JSON.stringify(entry)}${who} ${JSON.stringify(marks)}`
        const name = `${record}.${external}`
        if (this.#noted.get(name) !== text) this.journal.push(`    ${name}: ${text}`)
        this.#noted.set(name, text)
      }
    }
  }

  /** Each person's last value of a cell is shown, annotated, or was pushed and settled; those offline are still to come. */
  #lookAtWishes(): void {
    const { sheet, app, connection } = this.w
    for (const [key, acts] of this.#acts) {
      const alive = this.#standing(acts)
      const [row, field] = key.split(':') as [RowId, FieldId]
      const { value, baseline, marks } = sheet.cell(row, field)
      const record = sheet.recordOf(row, connection) ?? ''
      const external = sheet.field(field)?.binding?.external ?? ''
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
    for (const id of RECORDS) if (!w.app.records.has(id)) w.app.add(id, { summary: 'back', environment: 'back' })
    for (const row of [...w.sheet.baseRowIds()]) if (w.sheet.isDeleted(row)) w.setDeleted('ann', row, false)
    for (let round = 1; ; round++) {
      await this.run('two-way')
      await this.look()
      const open = [...w.sheet.annotations()]
      const staged = [...w.room.authority.staged(w.connection)]
      if (open.length === 0 && staged.length === 0) break
      if (round > CALM_ROUNDS) throw new Error(`It does not come to rest: ${JSON.stringify({ open, staged })}`)
      const person = this.person()
      for (const { row, place, annotation } of person.sheet.annotations()) this.#choose(person, row, place as FieldId, annotation)
      await w.quiet()
    }
    const before = w.updates
    const { sent } = await w.run(TWO_WAY)
    expect([sent, w.updates - before], 'when nobody acts a run writes nothing').toEqual([[], 0])
    for (const record of RECORDS) {
      for (const external of FIELDS) {
        const cell = w.look({ record, field: external })
        expect(cell, `${record}.${external} is what the app holds`).toEqual({
          shown: w.app.get(record, external),
          baseline: w.app.get(record, external),
          entry: null,
          isStaged: false,
          marks: {},
        })
      }
    }
    w.expectOneTruth()
    const receipts = w.server.runs.openReceipts(w.connection)
    expect(receipts, 'every receipt is closed').toEqual([])
    await this.#expectExactlyOnce()
  }

  /** Each entry was saved at most once, and costs at most one credit. */
  async #expectExactlyOnce(): Promise<void> {
    const { w } = this
    const saved = w.app.writes.filter((x) => x.by === 'engine').length
    const { n } = w.reader.raw.prepare('SELECT count(*) AS n FROM receipts WHERE connection = ?').get(w.connection) as { n: number }
    const ledger = await w.server.runs.ledger(0, [w.connection])
    const pushed = ledger.reduce((sum, entry) => sum + entry.pushed, 0)
    expect(saved, 'no entry is saved twice').toBeLessThanOrEqual(n)
    expect(pushed, 'no push is charged twice').toBeLessThanOrEqual(saved + this.#untold)
  }
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
  const app = new FakeApp()
  app.normalise = (field, value) => (field === 'environment' && typeof value === 'string' ? value.toUpperCase() : value)
  const records = Object.fromEntries(RECORDS.map((id) => [id, { summary: 'a', environment: 'A' }]))
  const people = NAMES.slice(0, count).map((name, i) => ({ name, client: clients[i] ?? i + 1 }))
  await using w = await EngineWorld.start({
    seed,
    records,
    fields: FIELDS,
    people,
    app,
    serverClient: 1_009 + 10 * (seed % 800),
    ...(shared && { shared }),
  })
  const sim = new Simulation(w, random)
  try {
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
  if (roll < 0.64) return sim.foreignEdit()
  if (roll < 0.67) {
    const { row } = sim.place()
    const person = sim.person()
    const isDeleted = !person.sheet.isDeleted(row)
    sim.note(isDeleted ? 'row deleted' : 'row restored', row)
    w.setDeleted(person.name, row, isDeleted)
    return
  }
  if (roll < 0.7) {
    const id = sim.pick(RECORDS)
    if (w.app.records.has(id)) {
      sim.note('record deleted', id)
      w.app.delete(id)
    } else {
      sim.note('record restored', id)
      w.app.add(id, { summary: 'again', environment: 'AGAIN' })
    }
    return
  }
  if (roll < 0.73) return sim.restart()
  sim.misbehave()
  w.app.rewrite = (field, value) => (field === 'summary' && typeof value === 'string' && sim.chance(0.15) ? `${value}!` : value)
  const kind = sim.pick(['two-way', 'two-way', 'two-way', 'one-way', 'scheduled', 'undo'] as const)
  await sim.run(kind, { isCrashing: sim.chance(0.3) })
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
