import * as Y from 'yjs'
import { answeredValues, type Choice, type Marks } from '../../workbook/annotations.ts'
import { entryForInput } from '../../workbook/cell-rules.ts'
import type { CellValue } from '../../workbook/cell-value.ts'
import { editCellsMap, editResolutionsMap, lastIdOf, readEntry } from '../../workbook/documents.ts'
import { cellKey } from '../../workbook/ids.ts'
import { packEntry } from '../../workbook/schema.ts'
import { type Answer, FIELD, holdOf, makeSchema, ROW, type SavedWorld, World } from '../support/world.ts'

/**
 * Two people and an app around one cell. The documents, the authority, the push and the pull are the real ones; what is modelled is what
 * people know and want (`Ghost`), so that the laws can be asked of every state without a second copy of the rules.
 */
export interface State {
  readonly server: SavedWorld
  readonly people: Readonly<Record<Name, Person>>
  readonly ghost: Ghost
  readonly path: readonly string[]
}

export type Name = 'ann' | 'bob'
const NAMES: readonly Name[] = ['ann', 'bob']
const KEY = cellKey(ROW, FIELD)

/** What one person has in front of them. Online it is what the server has; offline what it was, and what they did since. */
interface Person {
  readonly offline?: { readonly edits: Uint8Array; readonly baseline: CellValue; readonly marks: Marks }
  /** Edits whose effect they have had before them. */
  readonly seen: readonly string[]
  /** Values they saw the app hold. */
  readonly saw: readonly CellValue[]
}

/** One act of a person that wants a value: typed, put back, or chosen. */
interface Wish {
  readonly item: string
  readonly by: Name
  readonly value: CellValue
  readonly isPutBack: boolean
  readonly seen: readonly string[]
  readonly saw: readonly CellValue[]
  /** Of a choice that sends a value on: the edit it was said of. */
  readonly of?: string
}

interface Ghost {
  readonly wishes: readonly Wish[]
  /** Wishes that reached the server. */
  readonly known: readonly string[]
  /** What the app made of a wish that was sent and saved; what it held by itself when it agreed with the wish. */
  readonly landed: readonly (readonly [item: string, as: CellValue, isKnownForm: boolean])[]
  /** The wishes whose value went out with an item. */
  readonly under: readonly (readonly [item: string, wishes: readonly string[]])[]
  /** Pairs of wishes that met at the server as one value. */
  readonly merged: readonly (readonly string[])[]
  /** Wishes that a person answered away. */
  readonly decided: readonly string[]
}

export interface Ids {
  readonly ann: number
  readonly bob: number
  readonly server: number
}

interface Answered {
  readonly mark: Marks[keyof Marks]
  readonly answer: Choice
  /** The entry that was answered, and the item it stands for. */
  readonly carriers: readonly (string | null | undefined)[]
}

export interface Event {
  readonly name: string
  readonly run: (state: State) => State
}

export class LawBroken extends Error {
  readonly law: string
  constructor(law: string, message: string) {
    super(`${law}: ${message}`)
    this.law = law
  }
}

const known = (value: CellValue): CellValue => (value === 'x' ? 'X' : value)

/** The transitions and the laws, for one order of client ids. */
export class CellModel {
  readonly #ids: Ids
  readonly #isPushOnly: boolean
  readonly #schema = makeSchema()
  readonly walked = new Map<string, number>()

  /** `isPushOnly`: the app's own changes are seen by the check alone. */
  constructor(ids: Ids, isPushOnly = false) {
    this.#ids = ids
    this.#isPushOnly = isPushOnly
  }

  start(): State {
    const world = this.#world()
    const server = world.save()
    world.destroy()
    const person: Person = { seen: [], saw: ['a'] }
    return {
      server,
      people: { ann: person, bob: person },
      ghost: { wishes: [], known: [], landed: [], under: [], merged: [], decided: [] },
      path: [],
    }
  }

  /** Everything that can happen next. */
  events(state: State): Event[] {
    const world = this.#world(state.server)
    const look = world.look()
    const marks = world.sheet.marks(ROW, FIELD)
    const isSendable = look.isStaged && holdOf(marks, look.shown) === undefined && state.server.receipts.length === 0
    world.destroy()
    const events: Event[] = []
    const add = (name: string, run: (s: State) => State): void => {
      events.push({ name, run })
    }
    for (const name of NAMES) {
      for (const value of name === 'ann' ? ['x', 'a'] : ['x', 'y']) add(`${name} types ${value}`, (s) => this.#type(s, name, value))
      add(`${name} puts back`, (s) => this.#type(s, name, undefined))
      if (state.people[name].offline) add(`${name} online`, (s) => this.#online(s, name))
      else add(`${name} offline`, (s) => this.#offline(s, name))
      for (const [kind, choice] of choicesOf(state.people[name].offline?.marks ?? marks)) {
        add(`${name} chooses ${kind} ${choice.choice}${choice.choice === 'use-line' ? ` ${choice.item}` : ''}`, (s) =>
          this.#choose(s, name, kind, choice),
        )
      }
    }
    for (const value of ['a', 'x', 'c']) {
      if (state.server.app[0]?.[1] !== value) add(`the app sets ${value}`, (s) => this.#server(s, (w) => w.appSets(value)))
    }
    if (isSendable) {
      for (const [outcome, answer] of Object.entries(OUTCOMES)) add(`push, ${outcome}`, (s) => this.#push(s, answer))
    }
    add('pull', (s) => this.#pull(s))
    return events
  }

  /** The state after an event; throws where a law is broken. */
  step(state: State, event: Event): State {
    const kind = event.name.replace(/ \d+:\d+$/, '')
    this.walked.set(kind, (this.walked.get(kind) ?? 0) + 1)
    const next = event.run({ ...state, path: [...state.path, event.name] })
    this.#checkAlways(next)
    return next
  }

  /** Everybody comes online, runs go on until they have nothing to do, and then the laws of a quiet point hold. */
  checkQuiet(state: State): void {
    let quiet = state
    for (const name of NAMES) if (quiet.people[name].offline) quiet = this.#online(quiet, name)
    this.#checkAlways(quiet)
    for (let i = 0; i < 4; i++) quiet = this.#pull(this.#push(quiet, () => ({ kind: 'saved' })))
    this.#checkAlways(quiet)
    const world = this.#world(quiet.server)
    const before = world.save()
    const report = world.sync()
    const after = world.save()
    if (report.sent.length) throw new LawBroken('LAW5', 'a run sends on when nobody acts')
    if (world.updates.length || !sameBytes(before, after))
      throw new LawBroken('LAW4', 'a second pull of the same answers changes something')
    const look = world.look()
    const marks = world.sheet.marks(ROW, FIELD)
    if (!this.#isPushOnly && !look.isStaged && look.shown !== world.appHas())
      throw new LawBroken('LAW5', `quiet, yet shown is not what the app has: ${JSON.stringify(look)}`)
    if (look.isStaged && holdOf(marks, look.shown) === undefined)
      throw new LawBroken('LAW5', `staged, not held, and not sent: ${JSON.stringify(look)}`)
    if (!this.#isPushOnly && look.entry !== null && !look.isStaged)
      throw new LawBroken('LAW4', `an entry that wants nothing stays: ${JSON.stringify(look)}`)
    world.destroy()
  }

  /** A name for everything that may matter later: states with one name go on alike. */
  digest({ server, people, ghost }: State): string {
    const world = this.#world(server)
    const names = {
      look: world.look(),
      settled: [...world.settled],
      app: server.app,
      receipts: server.receipts,
      chain: chainOf(world.edits),
      marks: bare(world.sheet.marks(ROW, FIELD)),
      people: NAMES.map((n) => {
        const { offline, seen, saw } = people[n]
        return [offline && [chainOf(docFrom(offline.edits, 1)), offline.baseline, bare(offline.marks)], [...seen].sort(), [...saw].sort()]
      }),
      ghost: {
        wishes: [...ghost.wishes]
          .sort((a, b) => (a.item < b.item ? -1 : 1))
          .map((w) => [w.item, w.value, [...w.seen].sort(), [...w.saw].sort()]),
        known: [...ghost.known].sort(),
        landed: [...ghost.landed].sort(),
        merged: [...ghost.merged].sort(),
        decided: [...ghost.decided].sort(),
      },
    }
    world.destroy()
    return JSON.stringify(names)
  }

  // Events -------------------------------------------------------------------------------------------------------------------------------

  #world(saved?: SavedWorld): World {
    const owners = new Map<number, string>([
      [this.#ids.ann, 'ann'],
      [this.#ids.bob, 'bob'],
    ])
    return new World(
      {
        peers: [],
        owners,
        serverClient: this.#ids.server,
        schema: this.#schema,
        value: 'a',
        normalise: known,
        isPushOnly: this.#isPushOnly,
      },
      saved,
    )
  }

  /** Something on the server; whoever is online sees what comes of it. */
  #server(state: State, act: (world: World) => void): State {
    const world = this.#world(state.server)
    act(world)
    const next = this.#shown({ ...state, server: world.save() }, world)
    world.destroy()
    return next
  }

  #shown(state: State, world: World): State {
    const marks = world.sheet.marks(ROW, FIELD)
    const baseline = world.sheet.baseline(ROW, FIELD)
    const has = [baseline, ...(marks.conflict ? [marks.conflict.theirs] : [])]
    const agreed = aliveIn(state.ghost).flatMap((w) => (w.value === baseline ? [[w.item, baseline, true] as const] : []))
    const landed = [...state.ghost.landed, ...agreed.filter(([item]) => !state.ghost.landed.some(([l]) => l === item))]
    const people = Object.fromEntries(
      NAMES.map((n) => {
        const person = state.people[n]
        if (person.offline) return [n, person]
        return [n, { seen: union(person.seen, state.ghost.known), saw: union(person.saw, has) }]
      }),
    ) as Record<Name, Person>
    return { ...state, people, ghost: { ...state.ghost, landed, merged: mergedIn(state.ghost) } }
  }

  /** Types a value; `undefined` puts back. */
  #type(state: State, name: Name, typed: CellValue | undefined): State {
    const person = state.people[name]
    const doc = docFrom(person.offline?.edits ?? state.server.edits, this.#ids[name])
    const baseline = person.offline ? person.offline.baseline : this.#baseline(state)
    const entry = readEntry(doc, KEY)?.entry
    const value = typed === undefined ? baseline : typed
    const input = entryForInput(baseline, entry, value)
    if (input === undefined) return state
    editCellsMap(doc).set(KEY, packEntry(KEY, { ...input, at: 0, by: name }))
    const item = itemNow(doc)
    const wish: Wish = { item, by: name, value, isPutBack: input.value === input.base, seen: person.seen, saw: person.saw }
    const ghost = { ...state.ghost, wishes: [...state.ghost.wishes, wish] }
    return this.#wrote({ ...state, ghost }, name, doc, [item])
  }

  #wrote(state: State, name: Name, doc: Y.Doc, items: readonly string[]): State {
    const person = state.people[name]
    const edits = Y.encodeStateAsUpdate(doc)
    const seen = union(person.seen, items)
    if (person.offline) return { ...state, people: { ...state.people, [name]: { ...person, seen, offline: { ...person.offline, edits } } } }
    const reached = { ...state, ghost: { ...state.ghost, known: union(state.ghost.known, seen) } }
    return this.#server(reached, (w) => Y.applyUpdate(w.edits, edits, `connection:${name}`))
  }

  #offline(state: State, name: Name): State {
    const world = this.#world(state.server)
    const offline = { edits: state.server.edits, baseline: world.sheet.baseline(ROW, FIELD), marks: world.sheet.marks(ROW, FIELD) }
    world.destroy()
    return { ...state, people: { ...state.people, [name]: { ...state.people[name], offline } } }
  }

  #online(state: State, name: Name): State {
    const { offline, seen, saw } = state.people[name]
    if (offline === undefined) return state
    const reached = {
      ...state,
      ghost: { ...state.ghost, known: union(state.ghost.known, seen) },
      people: { ...state.people, [name]: { seen, saw } },
    }
    return this.#deliver(reached, name, offline.edits)
  }

  /** Delivers a person's document, and notes what their choices in it did. */
  #deliver(state: State, name: Name, edits: Uint8Array): State {
    const world = this.#world(state.server)
    const open = world.sheet.marks(ROW, FIELD)
    const before = world.authority.live(ROW, FIELD)
    const resolved = new Set(outcomes(world.edits).map((entry) => JSON.stringify(entry)))
    Y.applyUpdate(world.edits, edits, `connection:${name}`)
    let next = state
    for (const entry of outcomes(world.edits)) {
      const { kind, answer, outcome, item } = entry[1]
      if (resolved.has(JSON.stringify(entry)) || outcome !== 'applied') continue
      const carriers = before !== undefined && before.item === item ? [before.item, before.standsFor] : [item]
      next = this.#decided(next, name, { mark: open[kind as keyof Marks], answer, carriers }, world)
    }
    next = this.#shown({ ...next, server: world.save() }, world)
    world.destroy()
    return next
  }

  #choose(state: State, name: Name, kind: keyof Marks, answer: Choice): State {
    const person = state.people[name]
    const doc = docFrom(person.offline?.edits ?? state.server.edits, this.#ids[name])
    const world = this.#world(state.server)
    const mark = (person.offline?.marks ?? world.sheet.marks(ROW, FIELD))[kind]
    world.destroy()
    if (mark === undefined) return state
    const resolution = {
      row: ROW,
      field: FIELD,
      kind,
      answer,
      answered: answeredValues(mark),
      item: readEntry(doc, KEY)?.item ?? null,
      by: name,
      at: 0,
    }
    editResolutionsMap(doc).set(mark.id, resolution)
    const edits = Y.encodeStateAsUpdate(doc)
    if (person.offline) return { ...state, people: { ...state.people, [name]: { ...person, offline: { ...person.offline, edits } } } }
    const next = this.#deliver(state, name, edits)
    const after = this.#world(next.server)
    const outcome = outcomes(after.edits).find(([id]) => id === mark.id)?.[1].outcome
    after.destroy()
    if (outcome !== 'applied' && !(answer.choice === 'send-again'))
      throw new LawBroken('LAW5', `a choice of somebody who saw everything is ${outcome}`)
    return next
  }

  #decided(state: State, name: Name, { mark, answer, carriers }: Answered, world: World): State {
    const lines = mark?.kind === 'concurrent' ? mark.lines.map((l) => l.item) : []
    const live = world.authority.live(ROW, FIELD)
    const of = state.ghost.wishes.findLast((w) => carriers.includes(w.item) || (w.of !== undefined && carriers.includes(w.of)))?.item
    const gone = answer.choice === 'take-theirs' && of ? [of] : []
    const decided = union(state.ghost.decided, [...lines, ...gone])
    const makes = ['send-mine', 'use-line', 'send-again'].includes(answer.choice)
    if (!makes || live === undefined) return { ...state, ghost: { ...state.ghost, decided } }
    const person = state.people[name]
    const has = mark?.kind === 'conflict' ? [mark.theirs] : mark?.kind === 'differs' ? [mark.got] : [world.sheet.baseline(ROW, FIELD)]
    const wish: Wish = {
      item: live.item,
      by: name,
      value: live.value,
      isPutBack: false,
      seen: union(person.seen, [...lines, ...(of ? [of] : [])]),
      saw: union(person.saw, has),
      ...(of !== undefined && answer.choice === 'send-mine' && { of }),
    }
    const ghost = { ...state.ghost, decided, wishes: [...state.ghost.wishes, wish], known: union(state.ghost.known, [wish.item]) }
    return { ...state, ghost }
  }

  #pull(state: State): State {
    return this.#server({ ...state, ghost: readBack(state) }, (w) => w.pull())
  }

  #push(before: State, answer: (value: CellValue) => Answer): State {
    let ghost = readBack(before)
    const state = { ...before, ghost }
    const world = this.#world(state.server)
    const report = world.push((value) => {
      const live = world.authority.live(ROW, FIELD)
      const carriers = [live?.item, live?.standsFor].filter((i) => i !== undefined)
      this.#checkSent(state, value, world.appHas(), carriers)
      const wishes = ghost.wishes.filter(
        (w) => carriers.includes(w.item as never) || (w.of !== undefined && carriers.includes(w.of as never)),
      )
      const items = wishes.map((w) => w.item)
      if (live) ghost = { ...ghost, under: [...ghost.under, [live.item, items]] }
      const given = answer(value)
      const as = given.kind === 'refused' || (given.kind === 'lost' && !given.saved) ? undefined : (given.as ?? value)
      if (as !== undefined) {
        const isKnownForm = as === value || as === known(value)
        ghost = { ...ghost, landed: [...ghost.landed, ...items.map((item) => [item, as, isKnownForm] as const)] }
      }
      return given
    })
    void report
    const next = this.#shown({ ...state, ghost, server: world.save() }, world)
    world.destroy()
    return next
  }

  #baseline(state: State): CellValue {
    const world = this.#world(state.server)
    const baseline = world.sheet.baseline(ROW, FIELD)
    world.destroy()
    return baseline
  }

  // Laws ---------------------------------------------------------------------------------------------------------------------------------

  /** Nothing is sent that nobody asked for or that was taken back, and nothing the app holds is overwritten unseen. */
  #checkSent({ ghost }: State, value: CellValue, over: CellValue, carriers: readonly string[]): void {
    const asking = aliveIn(ghost).filter((w) => w.value === value)
    if (asking.length === 0) throw new LawBroken('LAW2', `${value} is sent, and nobody asks for it`)
    const isLanded = (item: string): boolean => ghost.landed.some(([landed]) => landed === item)
    if (!asking.some((w) => !w.isPutBack || w.seen.some(isLanded))) {
      throw new LawBroken('LAW2', `${value} is sent for a put-back of something that was never sent`)
    }
    const sentBy = (item: string): CellValue | undefined => ghost.wishes.find((w) => w.item === item)?.value
    const sees = (wish: Wish): boolean =>
      wish.saw.includes(over) ||
      ghost.landed.some(([item, as, isKnownForm]) => wish.seen.includes(item) && (sentBy(item) === over || (as === over && isKnownForm))) ||
      // A person who saw it said to send this cell's value on; who typed on top of that value types under the same word.
      ghost.wishes.some((w) => w.of !== undefined && w.saw.includes(over) && wish.seen.includes(w.of))
    if (!asking.some(sees))
      throw new LawBroken('LAW3', `${over} is overwritten by ${value} of ${carriers.join()}, whose author never saw it`)
  }

  #checkAlways(state: State): void {
    const world = this.#world(state.server)
    const look = world.look()
    const marks = world.sheet.marks(ROW, FIELD)
    const said = new Set<CellValue>([look.shown, look.baseline])
    if (marks.conflict) said.add(marks.conflict.yours)
    if (marks.differs) said.add(marks.differs.sent)
    if (marks.concurrent?.settled) said.add(marks.concurrent.settled.value)
    for (const line of marks.concurrent?.lines ?? []) said.add(line.value)
    for (const wish of aliveIn(state.ghost, state.ghost.merged)) {
      if (wish.isPutBack || isLanded(state.ghost, wish)) continue
      if (!said.has(wish.value))
        throw new LawBroken('LAW1', `${wish.by}'s ${wish.value} is neither shown nor annotated: ${JSON.stringify(look)}`)
    }
    const edited = world.editedCells()
    if ([...edited].join() !== [...world.unsettled].join())
      throw new LawBroken('LAW6', 'the index of unsettled cells is not what the document holds')
    if (marks.conflict && !look.isStaged) throw new LawBroken('LAW7', `a conflict over nothing staged: ${JSON.stringify(look)}`)
    if (!this.#isPushOnly && look.isStaged && holdOf(marks, look.shown) === undefined && look.entry?.[1] !== look.baseline) {
      throw new LawBroken('LAW7', `free to go, yet its base is not what the app has: ${JSON.stringify(look)}`)
    }
    if (marks.concurrent?.lines.some((l) => l.value === look.shown)) throw new LawBroken('LAW7', 'a shown value is offered again')
    world.destroy()
  }
}

const OUTCOMES: Readonly<Record<string, (value: CellValue) => Answer>> = {
  saved: () => ({ kind: 'saved' }),
  formatted: (value) => ({ kind: 'saved', as: known(value) }),
  rewritten: () => ({ kind: 'saved', as: 'q' }),
  refused: () => ({ kind: 'refused', reason: 'no' }),
  'lost, saved': () => ({ kind: 'lost', saved: true }),
  'lost, not saved': () => ({ kind: 'lost', saved: false }),
}

function choicesOf(marks: Marks): [keyof Marks, Choice][] {
  const choices: [keyof Marks, Choice][] = []
  if (marks.conflict) choices.push(['conflict', { choice: 'send-mine' }], ['conflict', { choice: 'take-theirs' }])
  if (marks.differs) choices.push(['differs', { choice: 'send-again' }])
  if (marks.refused) choices.push(['refused', { choice: 'try-again' }])
  const { concurrent } = marks
  if (concurrent?.settled) choices.push(['concurrent', { choice: 'send-mine' }], ['concurrent', { choice: 'take-theirs' }])
  else if (concurrent) choices.push(['concurrent', { choice: 'keep-shown' }])
  for (const { item } of concurrent?.lines ?? []) choices.push(['concurrent', { choice: 'use-line', item }])
  return choices
}

/** The wishes at the server that nobody who saw them has replaced, taken back or answered. */
function aliveIn(ghost: Ghost, merged: Ghost['merged'] = []): Wish[] {
  const here = ghost.wishes.filter((w) => ghost.known.includes(w.item))
  return here.filter((w) => {
    // A choice sends on what another typed: who goes on from that value, or takes it back, is newer than the choice.
    const one = [w.item, ...(w.of === undefined ? [] : [w.of]), ...merged.flatMap((pair) => (pair.includes(w.item) ? pair : []))]
    const isReplaced = here.some((l) => !one.includes(l.item) && !w.seen.includes(l.item) && l.seen.some((s) => one.includes(s)))
    return !isReplaced && !ghost.decided.some((d) => one.includes(d))
  })
}

/** Sent and saved, itself or an equal value it was made on top of before anybody saw what the app made of that. */
function isLanded(ghost: Ghost, wish: Wish): boolean {
  return ghost.landed.some(([item, as]) => {
    if (item === wish.item) return true
    return wish.seen.includes(item) && !wish.saw.includes(as) && ghost.wishes.some((w) => w.item === item && w.value === wish.value)
  })
}

/** Wishes of one value that stand at the server at one time are one entry (CELLS 20c): who replaces one replaces both. */
function mergedIn(ghost: Ghost): Ghost['merged'] {
  const alive = aliveIn(ghost, ghost.merged)
  const pairs = alive.flatMap((a) => alive.filter((b) => a.item < b.item && a.value === b.value).map((b) => [a.item, b.item]))
  return [...ghost.merged, ...pairs.filter(([a, b]) => !ghost.merged.some(([c, d]) => a === c && b === d))]
}

/** What was sent without an answer counts as sent once the app is seen to hold it: nobody can tell who wrote it there. */
function readBack({ server, ghost }: State): Ghost {
  const has = server.app[0]?.[1]
  const found = server.receipts.filter((r) => r.state === 'unknown' && (r.value === has || known(r.value) === has))
  const wishes = found.flatMap((r) => ghost.under.flatMap(([item, items]) => (item === r.item ? items : [])))
  return { ...ghost, landed: [...ghost.landed, ...wishes.map((item) => [item, has ?? null, true] as const)] }
}

const union = <T>(a: readonly T[], b: readonly T[]): readonly T[] => [...new Set([...a, ...b])]

function docFrom(state: Uint8Array, client: number): Y.Doc {
  const doc = new Y.Doc({ gc: false, guid: 'model' })
  Y.applyUpdate(doc, state)
  doc.clientID = client
  return doc
}

function itemNow(doc: Y.Doc): string {
  const item = editCellsMap(doc)._map.get(KEY)
  return item ? lastIdOf(item) : ''
}

type Outcome = { kind: string; answer: Choice; outcome?: string; item: string | null }
const outcomes = (doc: Y.Doc): [string, Outcome][] => [...editResolutionsMap(doc).entries()] as [string, Outcome][]

/** The items of the cell, in their order, with what made each. */
function chainOf(doc: Y.Doc): unknown {
  const chain: unknown[] = []
  for (let item = editCellsMap(doc)._map.get(KEY) ?? null; item !== null; item = item.left) {
    chain.push([
      lastIdOf(item),
      item.length,
      item.origin,
      item.deleted ? 0 : (item.content.getContent().at(-1) as unknown[]).filter((_, i) => i !== 3),
    ])
  }
  const choices = outcomes(doc).filter(([, r]) => r.outcome === undefined)
  return [chain, choices.map(([, r]) => [r.kind, r.answer, r.item])]
}

const bare = (marks: Marks): unknown =>
  Object.values(marks).map(
    (mark) => mark && JSON.stringify(mark, (key, v) => (key === 'id' || key === 'at' || key === 'run' ? undefined : v)),
  )

const sameBytes = (a: SavedWorld, b: SavedWorld): boolean =>
  (['edits', 'annotations', 'base'] as const).every((doc) => Buffer.from(a[doc]).equals(Buffer.from(b[doc])))

export interface Found {
  readonly states: number
  readonly quiet: number
  /** The first ways found to break a law: law → acts. */
  readonly broken: ReadonlyMap<string, readonly string[]>
}

/** Every state up to `depth` acts after those of `start`, each law asked of each. */
export function explore(model: CellModel, depth: number, start: readonly string[] = []): Found {
  const met = new Set<string>()
  const broken = new Map<string, string[]>()
  let quiet = 0
  let frontier = [start.reduce((state, name) => model.step(state, named(model, state, name)), model.start())]
  for (let at = 1; at <= depth; at++) {
    const next: State[] = []
    for (const state of frontier) {
      for (const event of model.events(state)) {
        noting(broken, [...state.path, event.name], () => {
          const reached = model.step(state, event)
          const digest = model.digest(reached)
          if (met.has(digest)) return
          met.add(digest)
          model.checkQuiet(reached)
          quiet++
          next.push(reached)
        })
      }
    }
    frontier = next
  }
  return { states: met.size, quiet, broken }
}

/** Longer ways than can all be walked, drawn from a seed. */
export function wander(model: CellModel, walks: number, random: () => number): Found {
  const broken = new Map<string, string[]>()
  let states = 0
  let quiet = 0
  for (let walk = 0; walk < walks; walk++) {
    let state: State | undefined = model.start()
    for (let left = 5 + Math.floor(random() * 10); left > 0 && state !== undefined; left--) {
      const from: State = state
      const events = model.events(from)
      const event = events[Math.floor(random() * events.length)] as Event
      state = noting(broken, [...from.path, event.name], () => model.step(from, event))
      states++
    }
    const last = state
    if (last === undefined) continue
    noting(broken, last.path, () => model.checkQuiet(last))
    quiet++
  }
  return { states, quiet, broken }
}

function named(model: CellModel, state: State, name: string): Event {
  const event = model.events(state).find((e) => e.name === name)
  if (event === undefined) throw new Error(`No act "${name}" after ${state.path.join(' · ')}`)
  return event
}

/** Notes a broken law with the way to it; any other error is a fault of the program. */
function noting<T>(broken: Map<string, string[]>, path: readonly string[], act: () => T): T | undefined {
  try {
    return act()
  } catch (error) {
    if (!(error instanceof LawBroken)) throw error
    const ways = broken.get(error.law) ?? []
    if (ways.length < 3) broken.set(error.law, [...ways, `${error.message}; after ${path.join(' · ')}`])
    return undefined
  }
}
